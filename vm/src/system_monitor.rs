//! `erlang:system_monitor`, `trace:system`: one process of a session is told of long collections, large heaps, long slices,
//! long message queues and busy ports.

use crate::dist::Controller;
use crate::process::Process;
use crate::process::info;
use crate::signal::Sender;
use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use term::{Atom, Heap, OwnedTerm, Term, atom};

/// What the monitoring process asked for; 0 or `false`: not this.
#[derive(Clone, Copy, Debug, Default)]
pub struct Options {
    /// Milliseconds.
    pub long_gc: u64,
    /// Milliseconds.
    pub long_schedule: u64,
    /// Words.
    pub large_heap: u64,
    /// Messages: with so few a queue is no longer long, with so many it is.
    pub long_queue: Option<(u64, u64)>,
    pub busy_port: bool,
    pub busy_dist_port: bool,
}

impl Options {
    pub fn is_empty(&self) -> bool {
        let limits = self.long_gc | self.long_schedule | self.large_heap;
        limits == 0 && self.long_queue.is_none() && !self.busy_port && !self.busy_dist_port
    }
}

/// See the module head.
#[derive(Default)]
pub struct SystemMonitor {
    set: Mutex<Vec<Monitor>>,
    // The least that anybody asks for: for a look without the lock.
    long_gc: AtomicU64,
    long_schedule: AtomicU64,
    large_heap: AtomicU64,
    /// Whether anybody asks for long message queues.
    long_queues: AtomicBool,
    /// Milliseconds that collections are made to take while somebody asks for long ones, for tests.
    pub test_sleep: AtomicU64,
}

/// What is set in a session.
struct Monitor {
    /// 0 is that of `erlang:system_monitor`.
    session: u64,
    /// Who is told.
    pid: u64,
    of: Options,
}

type Mfa = (Atom, Atom, u32);

impl SystemMonitor {
    fn lock(&self) -> MutexGuard<'_, Vec<Monitor>> {
        self.set.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// Who is told what in a session.
    pub fn get(&self, session: u64) -> Option<(u64, Options)> {
        self.lock().iter().find(|m| m.session == session).map(|m| (m.pid, m.of))
    }
    /// Sets who is told what in a session; what was set before.
    pub fn set(&self, session: u64, new: Option<(u64, Options)>) -> Option<(u64, Options)> {
        let mut set = self.lock();
        let old = set.iter().find(|m| m.session == session).map(|m| (m.pid, m.of));
        set.retain(|m| m.session != session);
        set.extend(new.map(|(pid, of)| Monitor { session, pid, of }));
        self.look(&set);
        old
    }
    fn look(&self, set: &[Monitor]) {
        let least = |f: fn(&Options) -> u64| {
            set.iter().map(|m| f(&m.of)).filter(|n| *n != 0).min().unwrap_or(0)
        };
        self.long_gc.store(least(|o| o.long_gc), Ordering::Relaxed);
        self.long_schedule.store(least(|o| o.long_schedule), Ordering::Relaxed);
        self.large_heap.store(least(|o| o.large_heap), Ordering::Relaxed);
        let queues = set.iter().any(|m| m.of.long_queue.is_some());
        self.long_queues.store(queues, Ordering::Relaxed);
    }
    pub(crate) fn process_exits(&self, pid: u64) {
        let mut set = self.lock();
        if set.iter().any(|m| m.pid == pid) {
            set.retain(|m| m.pid != pid);
            self.look(&set);
        }
    }
    pub(crate) fn session_ends(&self, session: u64) {
        self.set(session, None);
    }
    /// When a collection or slice starts; `None` when nobody asks how long it takes.
    #[inline]
    pub(crate) fn collection_starts(&self, vm: &Vm) -> Option<i64> {
        (self.long_gc.load(Ordering::Relaxed) != 0).then(|| vm.monotonic())
    }
    #[inline]
    pub(crate) fn slice_starts(&self, vm: &Vm) -> Option<i64> {
        (self.long_schedule.load(Ordering::Relaxed) != 0).then(|| vm.monotonic())
    }

    pub(crate) fn collected(&self, vm: &'static Vm, p: &Process, start: Option<i64>) {
        let limit = self.large_heap.load(Ordering::Relaxed);
        if start.is_none() && limit == 0 {
            return;
        }
        let s = info::sizes_of(p);
        let sizes = [
            ("old_heap_block_size", s.old_block),
            ("heap_block_size", s.block),
            ("mbuf_size", s.fragments),
            ("stack_size", s.stack),
            ("old_heap_size", s.old),
            ("heap_size", s.young),
        ];
        let sleep = self.test_sleep.load(Ordering::Relaxed);
        if start.is_some() && sleep != 0 {
            std::thread::sleep(core::time::Duration::from_millis(sleep));
        }
        if let Some(ms) = start.and_then(|t| self.too_long(vm, t, &self.long_gc)) {
            self.tell(
                vm,
                p.pid(),
                atom!("long_gc"),
                |o| o.long_gc != 0 && ms > o.long_gc,
                |h| list(h, Some(ms), &sizes),
            );
        }
        let size = (s.block + s.old_block) as u64;
        if limit != 0 && size >= limit {
            let asked = |o: &Options| o.large_heap != 0 && size >= o.large_heap;
            self.tell(vm, p.pid(), atom!("large_heap"), asked, |h| list(h, None, &sizes));
        }
    }
    pub(crate) fn slice_ended(
        &self,
        vm: &'static Vm,
        pid: u64,
        start: Option<i64>,
        (from, to): (Option<Mfa>, Option<Mfa>),
    ) {
        let Some(ms) = start.and_then(|t| self.too_long(vm, t, &self.long_schedule)) else {
            return;
        };
        let asked = |o: &Options| o.long_schedule != 0 && ms > o.long_schedule;
        self.tell(vm, pid, atom!("long_schedule"), asked, |h| {
            let mfa = |m: Option<Mfa>| {
                m.map_or(term::atom::am::UNDEFINED.into(), |(m, f, a)| {
                    h.tuple(&[m.into(), f.into(), Term::small(a.into())])
                })
            };
            let pair = |k: &str, v| h.tuple(&[Atom::new(k).into(), v]);
            h.list(&[pair("timeout", h.uint(ms)), pair("in", mfa(from)), pair("out", mfa(to))])
        });
    }
    /// A process has had its slice: its message queue may have become long, or be so no longer.
    #[inline]
    pub(crate) fn queue_changed(&self, vm: &'static Vm, p: &mut Process) {
        if self.long_queues.load(Ordering::Relaxed) {
            self.look_at_queue(vm, p);
        }
    }
    #[cold]
    fn look_at_queue(&self, vm: &'static Vm, p: &mut Process) {
        let (pid, len) = (p.pid(), p.messages.len() as u64);
        let told = p.extra.as_ref().map_or(&[][..], |e| &e.long_queue_told);
        let (mut now, mut news) = (Vec::new(), Vec::new());
        for m in self.lock().iter() {
            let Some((few, many)) = m.of.long_queue else { continue };
            let was = told.contains(&m.session);
            let long = if was { len > few } else { len >= many };
            if long {
                now.push(m.session);
            }
            if long != was {
                news.push((m.pid, long));
            }
        }
        if now != told {
            p.extra().long_queue_told = now;
        }
        for (to, long) in news {
            let what = atom!("long_message_queue");
            tell_one(vm, to, Term::local_pid(pid), what, |_| Term::bool(long));
        }
    }
    /// A port's driver has returned.
    pub(crate) fn port_ran(&self, vm: &'static Vm, port: u64, start: Option<i64>, what: &str) {
        let Some(ms) = start.and_then(|t| self.too_long(vm, t, &self.long_schedule)) else {
            return;
        };
        let asked = |o: &Options| o.long_schedule != 0 && ms > o.long_schedule;
        self.tell_of(vm, Term::local_port(port), atom!("long_schedule"), asked, |h| {
            let pair = |k: &str, v| h.tuple(&[Atom::new(k).into(), v]);
            h.list(&[pair("timeout", h.uint(ms)), pair("port_op", Atom::new(what).into())])
        });
    }
    /// A process has to wait for a port.
    pub(crate) fn busy_port(&self, vm: &'static Vm, pid: u64, port: u64) {
        self.tell(vm, pid, atom!("busy_port"), |o| o.busy_port, |_| Term::local_port(port));
    }

    /// A process waits for the connection that `carrier` carries.
    pub(crate) fn busy_dist_port(&self, vm: &'static Vm, pid: u64, carrier: Option<Controller>) {
        self.tell(
            vm,
            pid,
            atom!("busy_dist_port"),
            |o| o.busy_dist_port,
            |_| match carrier {
                Some(Controller::Port(port)) => Term::local_port(port),
                Some(Controller::Process(pid)) => Term::local_pid(pid),
                None => term::atom::am::UNDEFINED.into(),
            },
        );
    }

    fn too_long(&self, vm: &Vm, start: i64, limit: &AtomicU64) -> Option<u64> {
        let ms = vm.monotonic().saturating_sub(start).max(0) as u64 / 1_000_000;
        let limit = limit.load(Ordering::Relaxed);
        (limit != 0 && ms > limit).then_some(ms)
    }

    /// Sends `{monitor, Pid, What, Info}` to all who asked for it.
    fn tell(
        &self,
        vm: &'static Vm,
        pid: u64,
        what: Atom,
        asked: impl Fn(&Options) -> bool,
        info: impl for<'h> Fn(&'h Heap) -> Term<'h>,
    ) {
        self.tell_of(vm, Term::local_pid(pid), what, asked, info)
    }
    fn tell_of(
        &self,
        vm: &'static Vm,
        who: Term<'_>,
        what: Atom,
        asked: impl Fn(&Options) -> bool,
        info: impl for<'h> Fn(&'h Heap) -> Term<'h>,
    ) {
        let to: Vec<u64> = self.lock().iter().filter(|m| asked(&m.of)).map(|m| m.pid).collect();
        to.into_iter().for_each(|to| tell_one(vm, to, who, what, &info));
    }
}

/// A monitor is not told of itself.
fn tell_one(
    vm: &'static Vm,
    to: u64,
    who: Term<'_>,
    what: Atom,
    info: impl for<'h> Fn(&'h Heap) -> Term<'h>,
) {
    if !term::compare::eq(Term::local_pid(to), who) {
        let m = OwnedTerm::build(|h| {
            h.tuple(&[atom!("monitor").into(), h.copy(who), what.into(), info(h)])
        });
        vm.send_message(Sender::System, to, m);
    }
}

fn list<'h>(h: &'h Heap, ms: Option<u64>, sizes: &[(&str, usize)]) -> Term<'h> {
    let pair = |k: &str, v: u64| h.tuple(&[Atom::new(k).into(), h.uint(v)]);
    let timeout = ms.map(|ms| pair("timeout", ms));
    let sizes = sizes.iter().map(|(k, v)| pair(k, *v as u64));
    h.list(&timeout.into_iter().chain(sizes).collect::<Vec<_>>())
}
