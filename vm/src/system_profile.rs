//! `erlang:system_profile`: somebody is told when processes, ports and schedulers begin and cease to have work
//! [erl_trace.c: profile_*].
//!
//! What is told of one process alternates: `SHOWN` in its state word says that its last message was `active`. Who makes a process
//! runnable has it, and tells before it is queued; who lets go of one does so under the lock, so that whoever wakes it then
//! comes later. Nothing is told of the profiler, nor of a scheduler that wakes for the profiler alone: its
//! messages would be a reason for the next ones.

use crate::process::{ProcRef, Process, state, task};
use crate::signal::Sender;
use crate::trace::{self, flag};
use crate::vm::Vm;
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use std::sync::{Mutex, MutexGuard};
use term::{Heap, OwnedTerm, Term, atom};

/// What is told, and how.
pub mod what {
    pub const PROCS: u32 = 1;
    pub const PORTS: u32 = 2;
    pub const SCHEDULER: u32 = 4;
    pub const EXCLUSIVE: u32 = 8;
}

/// Who is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Profiler {
    Process(u64),
    Port(u64),
}

impl Profiler {
    pub fn term(self) -> Term<'static> {
        match self {
            Profiler::Process(pid) => Term::local_pid(pid),
            Profiler::Port(port) => Term::local_port(port),
        }
    }
}

/// The profiler, what it is told (`what`), and with which kind of time (a flag of tracing).
#[derive(Clone, Copy, Debug)]
pub struct Settings {
    pub to: Profiler,
    pub what: u32,
    pub stamp: u32,
}

#[derive(Default)]
struct Inner {
    settings: Option<Settings>,
    /// By scheduler: whether it counts as active.
    active: Vec<bool>,
}

/// See the module head.
#[derive(Default)]
pub struct SystemProfile {
    inner: Mutex<Inner>,
    /// For a look without the lock.
    what: AtomicU32,
    /// Pid of a profiler that is a process.
    profiler: AtomicU64,
}

impl SystemProfile {
    fn lock(&self) -> MutexGuard<'_, Inner> {
        self.inner.lock().unwrap_or_else(|e| e.into_inner())
    }
    #[inline]
    fn tells(&self, of: u32) -> bool {
        self.what.load(Ordering::Relaxed) & of != 0
    }
    pub fn get(&self) -> Option<Settings> {
        self.lock().settings
    }
    /// Sets who is told what; what was set before.
    pub fn set(&self, vm: &'static Vm, new: Option<Settings>) -> Option<Settings> {
        let mut inner = self.lock();
        let what = new.map_or(0, |s| s.what);
        if what & what::PROCS != 0 {
            for p in vm.processes.pids().iter().filter_map(|pid| vm.processes.lookup(*pid)) {
                // Those that have work now are told of when that ends.
                if p.state.has(state::QUEUED) {
                    p.state.set(state::SHOWN);
                } else {
                    p.state.clear(state::SHOWN);
                }
            }
        }
        if what & what::SCHEDULER != 0 {
            inner.active = vm.sched.awake();
        }
        let pid = match new.map(|s| s.to) {
            Some(Profiler::Process(pid)) => pid,
            _ => u64::MAX,
        };
        self.profiler.store(pid, Ordering::Relaxed);
        self.what.store(what, Ordering::Release);
        core::mem::replace(&mut inner.settings, new)
    }
    pub(crate) fn process_exits(&self, vm: &'static Vm, pid: u64) {
        if self.is_profiler(pid) && self.get().is_some() {
            self.set(vm, None);
        }
    }
    fn is_profiler(&self, pid: u64) -> bool {
        self.profiler.load(Ordering::Relaxed) == pid
    }

    // Processes.

    /// The caller has just made the process runnable, and has not queued it yet.
    #[inline]
    pub(crate) fn wakes(&self, vm: &'static Vm, p: &ProcRef) {
        if self.tells(what::PROCS) {
            self.begins(vm, p);
        }
    }
    /// The caller runs the process, which was suspended or not told of.
    #[inline]
    pub(crate) fn runs(&self, vm: &'static Vm, p: &ProcRef) {
        if self.tells(what::PROCS) && !p.state.has(state::SHOWN) {
            self.begins(vm, p);
        }
    }
    #[cold]
    fn begins(&self, vm: &'static Vm, p: &ProcRef) {
        if self.is_profiler(p.pid) || p.state.has(state::SUSPENDED) {
            return;
        }
        // SAFETY: the caller has the process.
        let place = task::function(vm, unsafe { &*p.as_ptr() });
        let inner = self.lock();
        if p.state.set(state::SHOWN) & state::SHOWN == 0 {
            self.tell_of_process(vm, &inner, p.pid, atom!("active"), place);
        }
    }
    /// Lets go of a process that has no reason to run. `false`: one came meanwhile.
    #[inline]
    pub(crate) fn release(&self, vm: &'static Vm, p: &ProcRef) -> bool {
        if self.tells(what::PROCS) { self.release_told(vm, p) } else { p.state.release() }
    }
    #[cold]
    fn release_told(&self, vm: &'static Vm, p: &ProcRef) -> bool {
        // SAFETY: the caller has the process.
        let place = task::function(vm, unsafe { &*p.as_ptr() });
        let inner = self.lock();
        // Whoever has it after us sees what is told.
        let shown = p.state.clear(state::SHOWN) & state::SHOWN != 0;
        let released = p.state.release();
        if !released && shown {
            p.state.set(state::SHOWN);
        } else if shown && !self.is_profiler(p.pid) {
            self.tell_of_process(vm, &inner, p.pid, atom!("inactive"), place);
        }
        released
    }
    /// The process ends.
    #[inline]
    pub(crate) fn ends(&self, vm: &'static Vm, p: &Process) {
        if self.tells(what::PROCS) && !self.is_profiler(p.pid()) {
            let inner = self.lock();
            if p.shared.state.clear(state::SHOWN) & state::SHOWN != 0 {
                self.tell_of_process(vm, &inner, p.pid(), atom!("inactive"), None);
            }
        }
    }
    fn tell_of_process(
        &self,
        vm: &'static Vm,
        inner: &Inner,
        pid: u64,
        tag: term::Atom,
        place: Option<(term::Atom, term::Atom, u32)>,
    ) {
        self.tell(vm, inner, what::PROCS, |h| {
            let place = place.map_or(Term::small(0), |(m, f, a)| {
                h.tuple(&[m.into(), f.into(), Term::small(a.into())])
            });
            vec![atom!("profile").into(), Term::local_pid(pid), tag.into(), place]
        });
    }

    // Ports.

    /// A port begins, or has finished, what it had to do.
    #[inline]
    pub(crate) fn port(&self, vm: &'static Vm, port: u64, begins: bool) {
        if self.tells(what::PORTS) {
            self.tell_of_port(vm, port, begins);
        }
    }
    #[cold]
    fn tell_of_port(&self, vm: &'static Vm, port: u64, begins: bool) {
        let inner = self.lock();
        if inner.settings.is_some_and(|s| s.to == Profiler::Port(port)) {
            return;
        }
        let tag = if begins { atom!("active") } else { atom!("inactive") };
        self.tell(vm, &inner, what::PORTS, |_| {
            vec![atom!("profile").into(), Term::local_port(port), tag.into(), Term::small(0)]
        });
    }

    // Schedulers.

    /// A scheduler (from 0) is about to run a process, or none if it is about to sleep.
    #[inline]
    pub(crate) fn scheduler(&self, vm: &'static Vm, index: usize, runs: Option<u64>) {
        if self.tells(what::SCHEDULER) {
            self.tell_of_scheduler(vm, index, runs);
        }
    }
    #[cold]
    fn tell_of_scheduler(&self, vm: &'static Vm, index: usize, runs: Option<u64>) {
        if runs.is_some_and(|pid| self.is_profiler(pid)) {
            return;
        }
        let mut inner = self.lock();
        let Some(active) = inner.active.get_mut(index) else { return };
        if *active == runs.is_some() {
            return;
        }
        *active = runs.is_some();
        let tag = if runs.is_some() { atom!("active") } else { atom!("inactive") };
        let count = inner.active.iter().filter(|a| **a).count() as i64;
        self.tell(vm, &inner, what::SCHEDULER, |_| {
            let number = Term::small(index as i64 + 1);
            let head = [atom!("profile").into(), atom!("scheduler").into()];
            [&head[..], &[number, tag.into(), Term::small(count)]].concat()
        });
    }

    /// Sends a tuple of these terms and the time. The lock is held, so that messages are in the order of their times.
    fn tell(
        &self,
        vm: &'static Vm,
        inner: &Inner,
        of: u32,
        parts: impl for<'h> FnOnce(&'h Heap) -> Vec<Term<'h>>,
    ) {
        let Some(s) = inner.settings.filter(|s| s.what & of != 0) else { return };
        let stamp = if s.stamp == 0 { flag::NOW } else { s.stamp };
        let m = OwnedTerm::build(|h| {
            let mut all = parts(h);
            all.extend(trace::deliver::timestamp(vm, stamp, h));
            h.tuple(&all)
        });
        match s.to {
            Profiler::Process(pid) => {
                if let Some(p) = vm.processes.lookup(pid) {
                    vm.send_to(Sender::System, &p, m);
                }
            }
            // Its driver may wake others: not under the lock.
            Profiler::Port(port) => {
                let late = Box::new(Late { vm, port, m });
                vm.sched.later(deliver, Box::into_raw(late) as usize);
            }
        }
    }
}

/// A message for a port.
struct Late {
    vm: &'static Vm,
    port: u64,
    m: OwnedTerm,
}

fn deliver(late: usize) {
    // SAFETY: the chore's argument is the box that `tell` let go of; it is done once.
    let late = unsafe { Box::from_raw(late as *mut Late) };
    let port = late.port;
    trace::deliver::hand_over(
        late.vm,
        &trace::Tracer::Port(port),
        trace::deliver::Who::Port(port),
        late.m,
    );
}
