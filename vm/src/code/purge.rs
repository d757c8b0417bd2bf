//! Purging old code and releasing literals [beam_bif_load.c].
//!
//! `erts_code_purger` asks every process whether it runs old code. Before, the cells of the old version's
//! funs are set to code that suspends who calls them, so that nobody gets into the old code meanwhile.
//! When the code is gone its literals may still be in use: `erts_literal_area_collector` has every process
//! copy what it uses, then the area is freed. Persistent terms that were replaced go the same way.

use super::{CodeServer, LoadedModule, funs};
use crate::bif::{BifResult, Cx};
use crate::literal_area::LiteralArea;
use crate::sched::progress::Waiting;
use crate::signal::{Body, Sender};
use crate::stop::{Resume, Stop};
use crate::timer::Fire;
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::collections::VecDeque;
use std::sync::MutexGuard;
use term::boxed::FunEntry;
use term::{Atom, OwnedTerm, Term, atom};

/// The purge that is under way.
#[derive(Default)]
pub(crate) struct PurgeState {
    module: Option<Atom>,
    /// The old version that waits while a staged one is purged.
    saved_old: Option<&'static LoadedModule>,
    /// Funs of the old version, with the code that they had.
    funs: Vec<(&'static FunEntry, u64)>,
    /// Processes that called one of them.
    suspended: Vec<u64>,
}

fn state(code: &CodeServer) -> MutexGuard<'_, PurgeState> {
    code.purge.lock().unwrap_or_else(|e| e.into_inner())
}

/// What a native does when all threads have passed.
pub type Then = Box<dyn for<'p> FnOnce(&Cx<'p>) -> BifResult<'p> + Send>;

struct AfterProgress {
    waiting: Waiting,
    then: Then,
}

impl Resume for AfterProgress {
    fn resume<'p>(mut self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        if cx.vm().sched.progress.passed(&mut self.waiting) {
            return (self.then)(cx);
        }
        Err(look_again(cx, *self))
    }
}

/// Polls again in a millisecond.
fn look_again(cx: &Cx<'_>, rest: AfterProgress) -> Stop {
    const STEP: i64 = 1_000_000;
    cx.vm().start_timer(cx.vm().monotonic() + STEP, Box::new(Wake(cx.pid())));
    cx.wait(rest)
}

struct Wake(u64);

impl Fire for Wake {
    fn fire(self: Box<Self>, vm: &'static Vm) {
        if let Some(p) = vm.processes.lookup(self.0) {
            vm.wake(&p);
        }
    }
}

/// As [`after_progress`], but what waits for this scheduler when this is called, such as a process that was just spawned,
/// runs before, however urgent the caller is. It is not waited for for long.
pub fn after_others<'p>(cx: &Cx<'p>, then: Then) -> BifResult<'p> {
    let scheduler = cx.scheduler();
    let (switches, waiting) = cx.vm().sched.turn(scheduler);
    let rest = AfterProgress { waiting: cx.vm().sched.progress.now(scheduler, false), then };
    // Each look is a switch of its own.
    Err(AfterOthers { scheduler, until: switches + waiting as u64, looks: 0, rest }.look_again(cx))
}

struct AfterOthers {
    scheduler: usize,
    /// The scheduler's count of switches without the looks.
    until: u64,
    looks: u64,
    rest: AfterProgress,
}

impl AfterOthers {
    fn look_again(mut self, cx: &Cx<'_>) -> Stop {
        const STEP: i64 = 100_000;
        self.looks += 1;
        cx.vm().start_timer(cx.vm().monotonic() + STEP, Box::new(Wake(cx.pid())));
        cx.wait(self)
    }
}

impl Resume for AfterOthers {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        const MOST: u64 = 100;
        let (switches, waiting) = cx.vm().sched.turn(self.scheduler);
        if waiting == 0 || switches >= self.until + self.looks || self.looks >= MOST {
            return Box::new(self.rest).resume(cx);
        }
        Err(self.look_again(cx))
    }
}

/// Goes on when every thread has left the slice it is in. `dirty`: also dirty natives.
pub(crate) fn after_progress<'p>(cx: &Cx<'p>, dirty: bool, then: Then) -> BifResult<'p> {
    let waiting = cx.vm().sched.progress.now(cx.scheduler(), dirty);
    Box::new(AfterProgress { waiting, then }).resume(cx)
}

/// Begins to purge the old code of a module, or its staged code. Returns whether there is any; `badarg`
/// if a purge is under way.
pub fn prepare<'p>(cx: &Cx<'p>, name: Atom, staged: bool) -> BifResult<'p> {
    let code = &cx.vm().code;
    {
        let mut s = state(code);
        if s.module.is_some() {
            return Err(cx.badarg());
        }
        let mut modules = code.modules.write().unwrap_or_else(|e| e.into_inner());
        let Some(slot) = modules.get_mut(&name) else { return Ok(Term::bool(false)) };
        if staged && let Some(m) = slot.on_load.take() {
            s.saved_old = slot.old.replace(m);
        }
        let Some(old) = slot.old else { return Ok(Term::bool(false)) };
        s.module = Some(name);
        s.funs.clear();
        for (entry, _) in &old.lambdas {
            let now = entry.cell.load(Ordering::Acquire);
            // A fun that the current version has as well runs in that one.
            if old.owns(now as u64) {
                s.funs.push((*entry, now as u64));
                entry.cell.store(funs::pending_code(entry), Ordering::SeqCst);
            }
        }
    }
    after_progress(cx, false, Box::new(|_| Ok(Term::bool(true))))
}

/// Some process uses the code, so it stays.
pub fn abort<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    let vm = cx.vm();
    {
        let mut s = state(&vm.code);
        if s.module != Some(name) {
            return Err(cx.badarg());
        }
        for (entry, address) in core::mem::take(&mut s.funs) {
            let pending = funs::pending_code(entry);
            // Unless the module was loaded again meanwhile.
            let back = address as *mut u32;
            let _ = entry.cell.compare_exchange(pending, back, Ordering::SeqCst, Ordering::Relaxed);
        }
    }
    let then: Then = Box::new(move |cx| {
        finish(cx.vm(), name);
        Ok(Term::bool(false))
    });
    after_progress(cx, false, then)
}

/// Nobody uses the code: it goes.
pub fn complete<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    let vm = cx.vm();
    let removed = {
        let _permission = vm.code.permission.lock().unwrap_or_else(|e| e.into_inner());
        let mut s = state(&vm.code);
        if s.module != Some(name) {
            return Err(cx.badarg());
        }
        for (entry, _) in core::mem::take(&mut s.funs) {
            let (pending, gone) = (funs::pending_code(entry), funs::unloaded_code(entry));
            let _ = entry.cell.compare_exchange(pending, gone, Ordering::SeqCst, Ordering::Relaxed);
        }
        let mut modules = vm.code.modules.write().unwrap_or_else(|e| e.into_inner());
        let slot = modules.get_mut(&name);
        let old = slot.and_then(|slot| {
            let old = slot.old.take();
            slot.old = s.saved_old.take();
            old
        });
        if let Some(m) = old {
            vm.code.remove_range(m);
        }
        old
    };
    finish(vm, name);
    let Some(m) = removed else { return Ok(Term::bool(false)) };
    if let Some(loaded) = m.loaded.get() {
        // Nobody is in its functions: the library may go, unless it lives on in its resources.
        drop(loaded.take_library());
    }
    // So that its literals are on their way out when the caller goes on, unless a dirty native is in the way.
    let then: Then = Box::new(move |cx| {
        retire(cx.vm(), m, cx.scheduler());
        Ok(Term::bool(true))
    });
    after_progress(cx, false, then)
}

/// The purge is over: who called its funs goes on.
fn finish(vm: &'static Vm, name: Atom) {
    let suspended = {
        let mut s = state(&vm.code);
        debug_assert!(s.module == Some(name));
        s.module = None;
        core::mem::take(&mut s.suspended)
    };
    for pid in suspended {
        vm.signal(pid, Sender::System, Body::Resume);
    }
}

/// A process called a fun whose cell says that a purge is under way. Whether it is: then the process must
/// stand still until it is resumed.
pub(crate) fn suspend_caller(vm: &'static Vm, entry: &FunEntry, pid: u64) -> bool {
    let mut s = state(&vm.code);
    let pending = s.module.is_some() && s.funs.iter().any(|f| core::ptr::eq(f.0, entry));
    if pending {
        s.suspended.push(pid);
    }
    pending
}

/// Code that no table leads to any more.
struct Retired {
    module: &'static LoadedModule,
    waiting: Waiting,
}

// SAFETY: modules are shared by all threads anyway.
unsafe impl Send for Retired {}

/// Queues the literals for release, and frees the code once no thread can stand in it. `asker`: the calling scheduler, which
/// does not.
fn retire(vm: &'static Vm, m: &'static LoadedModule, asker: usize) {
    // Natives of a module leave entries behind that name its functions: such code stays.
    if m.loaded.get().is_none() && m.functions.iter().any(|f| m.is_native(f)) {
        return;
    }
    let waiting = vm.sched.progress.now(asker, true);
    Box::new(Retired { module: m, waiting }).fire(vm);
}

impl Fire for Retired {
    fn fire(mut self: Box<Self>, vm: &'static Vm) {
        if !vm.sched.progress.passed(&mut self.waiting) {
            const STEP: i64 = 5_000_000;
            vm.start_timer(vm.monotonic() + STEP, self);
            return;
        }
        // SAFETY: the module was leaked from a box when it was committed. It is in no table, no process
        // runs or returns to its code, and every thread has passed since.
        let mut m = unsafe { Box::from_raw(self.module as *const _ as *mut LoadedModule) };
        if let Some(area) = m.literals.take() {
            release_literals(vm, area);
        }
    }
}

/// Literal areas on their way out.
#[derive(Default)]
pub struct Leaving {
    queue: VecDeque<LiteralArea>,
    /// The area that processes are asked about now.
    now: Option<LiteralArea>,
}

/// Frees an area once no process refers to it.
pub fn release_literals(vm: &'static Vm, area: LiteralArea) {
    if area.bytes == 0 {
        vm.literals.free(area);
        return;
    }
    leaving(vm).queue.push_back(area);
    wake_collector(vm);
}

/// Tells the literal area collector that there is something to do.
pub fn wake_collector(vm: &'static Vm) {
    let m = OwnedTerm::immediate(atom!("copy_literals").into());
    vm.send_message(Sender::System, vm.system.collector.load(Ordering::Relaxed), m);
}

fn leaving(vm: &Vm) -> MutexGuard<'_, Leaving> {
    vm.code.leaving.lock().unwrap_or_else(|e| e.into_inner())
}

/// All processes have answered for the last area, which goes; begins with the next. Returns whether there
/// is one.
pub fn switch_area<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let vm = cx.vm();
    let (old, next) = {
        let mut l = leaving(vm);
        let old = l.now.take();
        l.now = l.queue.pop_front().or_else(|| vm.persistent.garbage());
        let range = l.now.as_ref().map_or((0, 0), |a| (a.base, a.bytes));
        term::literal::set_leaving(range.0, range.1);
        (old, l.now.is_some())
    };
    if old.is_none() && !next {
        return Ok(Term::bool(false));
    }
    let then: Then = Box::new(move |cx| {
        if let Some(area) = old {
            cx.vm().literals.free(area);
        }
        Ok(Term::bool(next))
    });
    after_progress(cx, true, then)
}

/// Whether the calling process runs old code of the module.
pub fn check_caller(cx: &Cx<'_>, name: Atom) -> bool {
    let old = cx.vm().code.old(name);
    old.is_some_and(|m| cx.with(|p| crate::process::task::refers_to_code(p, m, true)))
}
