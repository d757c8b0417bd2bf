//! Erlang's clocks [erl_time_sup.c].
//!
//! Monotonic time starts at a number that keeps it a small integer in the reference (60 bits, whole seconds), so that
//! programs see the same values. System time is monotonic time and an offset. What becomes of the offset when somebody
//! sets the system's clock is the time warp mode's business (`+C`): it stays (`no_time_warp`), may be set once
//! (`single_time_warp`), or follows (`multi_time_warp`). Without time correction (`+c false`) monotonic time is what
//! the system's clock says, as long as that does not go back.

use crate::bif::Cx;
use crate::signal::{Body, RefId, Request, Sender};
use crate::vm::Vm;
use std::collections::HashMap;
use std::sync::atomic::{AtomicBool, AtomicI64, AtomicU8, Ordering};
use std::sync::{Mutex, OnceLock};
use term::atom::am;
use term::{OwnedTerm, Term, atom};

/// Native time units in a second.
pub const UNIT: i64 = 1_000_000_000;
/// Monotonic time at the start of the VM.
pub const START: i64 = -576_460_752 * UNIT;

/// `+C`.
#[derive(Clone, Copy, Debug, PartialEq, Eq, Default)]
#[repr(u8)]
pub enum TimeWarp {
    #[default]
    No = 0,
    Single = 1,
    Multi = 2,
}

impl TimeWarp {
    pub fn name(self) -> &'static str {
        match self {
            TimeWarp::No => "no_time_warp",
            TimeWarp::Single => "single_time_warp",
            TimeWarp::Multi => "multi_time_warp",
        }
    }
}

/// The system's monotonic clock when the VM started.
static BASE: OnceLock<i64> = OnceLock::new();
static OFFSET: AtomicI64 = AtomicI64::new(0);
/// Without time correction: what the system's time is ahead of monotonic time, and the last answer.
static UNCORRECTED: AtomicBool = AtomicBool::new(false);
static AHEAD: AtomicI64 = AtomicI64::new(0);
static LAST: AtomicI64 = AtomicI64::new(START);
static WARP: AtomicU8 = AtomicU8::new(0);
/// Whether the offset of `single_time_warp` was finalized.
static FINAL: AtomicBool = AtomicBool::new(false);

/// Starts the clocks; the first question for the time does it otherwise.
pub fn init() {
    base();
}

/// Sets the mode before anything runs.
pub fn configure(correction: bool, warp: TimeWarp) {
    base();
    WARP.store(warp as u8, Ordering::Relaxed);
    AHEAD.store(OFFSET.load(Ordering::Relaxed), Ordering::Relaxed);
    UNCORRECTED.store(!correction, Ordering::Relaxed);
}

fn base() -> i64 {
    *BASE.get_or_init(|| {
        OFFSET.store(sys::clock::system_ns() - START, Ordering::Relaxed);
        sys::clock::monotonic_ns()
    })
}

/// Erlang monotonic time, in nanoseconds: never goes back.
pub fn monotonic_ns() -> i64 {
    let base = base();
    if UNCORRECTED.load(Ordering::Relaxed) {
        return uncorrected();
    }
    START + (sys::clock::monotonic_ns() - base)
}

#[cold]
fn uncorrected() -> i64 {
    let system = sys::clock::system_ns();
    let now = system - AHEAD.load(Ordering::Relaxed);
    let last = LAST.fetch_max(now, Ordering::Relaxed);
    if now < last && warp() == TimeWarp::Multi {
        // The system went back: the offset does, monotonic time goes on from where it was.
        AHEAD.store(system - last, Ordering::Relaxed);
        OFFSET.store(system - last, Ordering::Relaxed);
    }
    now.max(last)
}

pub fn warp() -> TimeWarp {
    match WARP.load(Ordering::Relaxed) {
        1 => TimeWarp::Single,
        2 => TimeWarp::Multi,
        _ => TimeWarp::No,
    }
}

/// What to add to monotonic time to have system time, in nanoseconds.
pub fn time_offset_ns() -> i64 {
    base();
    OFFSET.load(Ordering::Relaxed)
}

/// What may become of the offset, as `system_info(time_offset)` tells.
pub fn offset_state() -> &'static str {
    match warp() {
        TimeWarp::No => "final",
        TimeWarp::Single if FINAL.load(Ordering::Relaxed) => "final",
        TimeWarp::Single => "preliminary",
        TimeWarp::Multi => "volatile",
    }
}

/// Makes a preliminary offset final, after taking the system's time once more. The state before.
pub fn finalize(vm: &'static Vm) -> &'static str {
    let old = offset_state();
    if old == "preliminary" && !FINAL.swap(true, Ordering::SeqCst) {
        follow(vm);
    }
    old
}

/// Takes the system's time as Erlang system time.
fn follow(vm: &'static Vm) {
    let offset = sys::clock::system_ns() - monotonic_ns();
    if OFFSET.swap(offset, Ordering::Relaxed) != offset {
        AHEAD.store(offset, Ordering::Relaxed);
        vm.offset_watchers.tell(vm, offset);
    }
}

/// How far system times may be apart before the offset follows, and how often that is looked at.
const APART: i64 = UNIT / 50;
const EVERY: i64 = 60 * UNIT;

/// Looks after the offset in `multi_time_warp`.
struct Check;

impl crate::timer::Fire for Check {
    fn fire(self: Box<Self>, vm: &'static Vm) {
        if (sys::clock::system_ns() - system_ns()).abs() > APART {
            follow(vm);
        }
        watch_clock(vm);
    }
}

/// Follows the system's clock from now on, if the mode says so.
pub(crate) fn watch_clock(vm: &'static Vm) {
    if warp() == TimeWarp::Multi {
        vm.start_timer(monotonic_ns().saturating_add(EVERY), Box::new(Check));
    }
}

/// Processes that monitor the offset, by the monitor's reference.
#[derive(Default)]
pub struct OffsetWatchers(Mutex<HashMap<RefId, u64>>);

impl OffsetWatchers {
    pub(crate) fn add(&self, id: RefId, pid: u64) {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).insert(id, pid);
    }
    pub(crate) fn remove(&self, id: RefId) {
        self.0.lock().unwrap_or_else(|e| e.into_inner()).remove(&id);
    }
    fn tell(&self, vm: &'static Vm, offset: i64) {
        let all: Vec<(RefId, u64)> = {
            let mut map = self.0.lock().unwrap_or_else(|e| e.into_inner());
            map.retain(|_, pid| vm.processes.lookup(*pid).is_some());
            map.iter().map(|(id, pid)| (*id, *pid)).collect()
        };
        for (id, pid) in all {
            vm.signal(pid, Sender::System, Body::Request(Box::new(Changed { id, offset })));
        }
    }
}

/// The offset has changed: a message to a process that watches it.
struct Changed {
    id: RefId,
    offset: i64,
}

impl Request for Changed {
    fn run(self: Box<Self>, cx: &Cx<'_>) {
        let me = cx.pid();
        cx.with(|p| {
            let Some(t) = p.relations.get_mut() else { return };
            let Some(w) = t.watches.get(&self.id) else { return };
            let (n0, n1) = self.id;
            let (alias, tag) = (w.alias.is_some(), t.tag(&self.id));
            let m = OwnedTerm::build(|h| {
                let r = if alias { h.pid_reference(n0, n1, me) } else { h.reference(n0, n1) };
                let tag = tag.map_or(atom!("CHANGE").into(), |t| h.copy(t.term()));
                let service: Term = atom!("clock_service").into();
                h.tuple(&[tag, r, am::TIME_OFFSET.into(), service, h.int(self.offset)])
            });
            crate::signal::handle::enqueue_own(p, cx.vm(), crate::signal::Sender::System, m);
        });
    }
    fn too_late(self: Box<Self>, _: &'static Vm) {}
}

/// Erlang system time, in nanoseconds since 1970.
pub fn system_ns() -> i64 {
    monotonic_ns() + time_offset_ns()
}

/// Nanoseconds since the VM started.
pub fn uptime_ns() -> i64 {
    monotonic_ns() - START
}

/// The last answer of [`now_us`].
static LAST_NOW: AtomicI64 = AtomicI64::new(0);

/// Microseconds since 1970, greater with every call (`erlang:now/0`).
pub fn now_us() -> i64 {
    let mut now = system_ns().div_euclid(1000);
    let mut last = LAST_NOW.load(Ordering::Relaxed);
    loop {
        now = now.max(last + 1);
        match LAST_NOW.compare_exchange(last, now, Ordering::SeqCst, Ordering::Relaxed) {
            Ok(_) => return now,
            Err(other) => last = other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_agree() {
        let (a, b) = (now_us(), now_us());
        assert!(b > a);
        assert!(monotonic_ns() >= START && monotonic_ns() < START + 3600 * UNIT);
        assert!((system_ns() - sys::clock::system_ns()).abs() < UNIT);
    }
}
