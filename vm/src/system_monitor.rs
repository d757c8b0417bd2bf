//! `erlang:system_monitor`: one process is told of long collections, large heaps, long slices and busy ports.

use crate::dist::Controller;
use crate::process::Process;
use crate::process::info;
use crate::signal::Sender;
use crate::vm::Vm;
use core::sync::atomic::{AtomicU64, Ordering};
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
    pub busy_port: bool,
    pub busy_dist_port: bool,
}

/// See the module head.
#[derive(Default)]
pub struct SystemMonitor {
    set: Mutex<Option<(u64, Options)>>,
    // For a look without the lock.
    long_gc: AtomicU64,
    long_schedule: AtomicU64,
    large_heap: AtomicU64,
}

type Mfa = (Atom, Atom, u32);

impl SystemMonitor {
    fn lock(&self) -> MutexGuard<'_, Option<(u64, Options)>> {
        self.set.lock().unwrap_or_else(|e| e.into_inner())
    }
    pub fn get(&self) -> Option<(u64, Options)> {
        *self.lock()
    }
    /// Sets who is told what; what was set before.
    pub fn set(&self, new: Option<(u64, Options)>) -> Option<(u64, Options)> {
        let mut set = self.lock();
        let o = new.map_or_else(Options::default, |n| n.1);
        self.long_gc.store(o.long_gc, Ordering::Relaxed);
        self.long_schedule.store(o.long_schedule, Ordering::Relaxed);
        self.large_heap.store(o.large_heap, Ordering::Relaxed);
        core::mem::replace(&mut set, new)
    }
    pub(crate) fn process_exits(&self, pid: u64) {
        if self.get().is_some_and(|(p, _)| p == pid) {
            self.set(None);
        }
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
        if let Some(ms) = start.and_then(|t| self.too_long(vm, t, &self.long_gc)) {
            self.tell(vm, p.pid(), atom!("long_gc"), |h| list(h, Some(ms), &sizes));
        }
        if limit != 0 && (s.block + s.old_block) as u64 >= limit {
            self.tell(vm, p.pid(), atom!("large_heap"), |h| list(h, None, &sizes));
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
        self.tell(vm, pid, atom!("long_schedule"), |h| {
            let mfa = |m: Option<Mfa>| {
                m.map_or(term::atom::am::UNDEFINED.into(), |(m, f, a)| {
                    h.tuple(&[m.into(), f.into(), Term::small(a.into())])
                })
            };
            let pair = |k: &str, v| h.tuple(&[Atom::new(k).into(), v]);
            h.list(&[pair("timeout", h.uint(ms)), pair("in", mfa(from)), pair("out", mfa(to))])
        });
    }
    /// A port's driver has returned.
    pub(crate) fn port_ran(&self, vm: &'static Vm, port: u64, start: Option<i64>, what: &str) {
        let Some(ms) = start.and_then(|t| self.too_long(vm, t, &self.long_schedule)) else {
            return;
        };
        self.tell_of(vm, Term::local_port(port), atom!("long_schedule"), |h| {
            let pair = |k: &str, v| h.tuple(&[Atom::new(k).into(), v]);
            h.list(&[pair("timeout", h.uint(ms)), pair("port_op", Atom::new(what).into())])
        });
    }
    /// A process has to wait for a port.
    pub(crate) fn busy_port(&self, vm: &'static Vm, pid: u64, port: u64) {
        if self.get().is_some_and(|(_, o)| o.busy_port) {
            self.tell(vm, pid, atom!("busy_port"), |_| Term::local_port(port));
        }
    }

    /// A process waits for the connection that `carrier` carries.
    pub(crate) fn busy_dist_port(&self, vm: &'static Vm, pid: u64, carrier: Option<Controller>) {
        if self.get().is_some_and(|(_, o)| o.busy_dist_port) {
            self.tell(vm, pid, atom!("busy_dist_port"), |_| match carrier {
                Some(Controller::Port(port)) => Term::local_port(port),
                Some(Controller::Process(pid)) => Term::local_pid(pid),
                None => term::atom::am::UNDEFINED.into(),
            });
        }
    }

    fn too_long(&self, vm: &Vm, start: i64, limit: &AtomicU64) -> Option<u64> {
        let ms = vm.monotonic().saturating_sub(start).max(0) as u64 / 1_000_000;
        let limit = limit.load(Ordering::Relaxed);
        (limit != 0 && ms > limit).then_some(ms)
    }

    /// Sends `{monitor, Pid, What, Info}`.
    fn tell(
        &self,
        vm: &'static Vm,
        pid: u64,
        what: Atom,
        info: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
    ) {
        self.tell_of(vm, Term::local_pid(pid), what, info)
    }
    fn tell_of(
        &self,
        vm: &'static Vm,
        who: Term<'_>,
        what: Atom,
        info: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
    ) {
        // The monitor is not told of itself.
        let Some((to, _)) = self.get().filter(|m| !term::compare::eq(Term::local_pid(m.0), who))
        else {
            return;
        };
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
