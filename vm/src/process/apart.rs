//! Signals to a process while it runs a dirty native [erl_process.c: dirty process signal handler].
//!
//! Such a native may take seconds. One that touches nothing of its process but the heap that it builds on runs *apart*
//! ([`Cx::apart`](crate::Cx::apart)): meanwhile a scheduler handles the signals that come, as a chore. So links, monitors and questions
//! are answered, and the process can end: then all but its memory goes at once, and that when the native has returned.
//! Work on the heap (collections, literals) waits.

use super::table::ProcRef;
use super::{Process, exit, state, task};
use crate::bif::Cx;
use crate::vm::Vm;
use term::OwnedTerm;

/// What is left of a process that ended while it ran apart.
#[expect(dead_code, reason = "kept for what they hold")]
pub(crate) struct Remains {
    pub table_ref: Option<ProcRef>,
    /// Terms that roots refer to.
    pub terms: Vec<OwnedTerm>,
}

/// Runs the native's work.
pub(crate) fn run<R>(cx: &Cx<'_>, work: impl FnOnce() -> R) -> R {
    let vm = cx.vm();
    let pid = cx.pid();
    // SAFETY: this thread runs the process.
    let keep = unsafe { ProcRef::from_owner(cx.process()) };
    keep.state.set(state::APART);
    if !keep.in_queue.is_empty() {
        later(vm, pid);
    }
    let r = work();
    keep.state.clear(state::APART);
    while keep.state.has(state::APART_HANDLED) {
        std::thread::yield_now();
    }
    cx.with(|p| {
        let Some(extra) = &mut p.extra else { return };
        for t in core::mem::take(&mut extra.apart) {
            // The words stay where they are.
            t.into_heap(&p.heap.heap);
        }
    });
    r
}

/// A signal was queued.
pub(crate) fn signalled(vm: &'static Vm, p: &ProcRef) {
    if p.state.has(state::APART) {
        later(vm, p.pid);
    }
}

fn later(vm: &'static Vm, pid: u64) {
    vm.sched.later(handle, Box::into_raw(Box::new((vm, pid))) as usize);
}

fn handle(argument: usize) {
    // SAFETY: made by `later`.
    let (vm, pid) = *unsafe { Box::from_raw(argument as *mut (&'static Vm, u64)) };
    let Some(keep) = vm.processes.lookup(pid) else { return };
    while !keep.in_queue.is_empty() && keep.state.handle_apart() {
        // SAFETY: the native does not touch what is handled here, and waits with its end.
        let p: &mut Process = unsafe { &mut *keep.as_ptr() };
        crate::signal::handle::fetch(p, vm, 0);
        task::run_apart(p, vm);
        if let Some(reason) = p.exit_reason.take() {
            let terms = p.extra.as_mut().map_or_else(Vec::new, |e| core::mem::take(&mut e.apart));
            let table_ref = exit::leave(p, vm, &reason);
            p.remains = Some(Box::new(Remains { table_ref, terms }));
        }
        keep.state.clear(state::APART_HANDLED);
    }
}
