//! Suspending other processes [erl_process.c: suspend_process]. Each suspender counts for itself; the
//! other process stands still as long as anybody's count is above zero.

use crate::bif::Cx;
use crate::process::ask;
use crate::signal::{Body, Sender};
use crate::vm::Vm;
use core::sync::atomic::AtomicBool;
use std::sync::Arc;
use term::{OwnedTerm, atom};

/// What a process knows of another that it suspended.
pub struct Suspended {
    pub pid: u64,
    pub count: u32,
    /// Set by the other one when it stands still.
    pub active: Arc<AtomicBool>,
}

/// Raises this process's count. `false`: `unless` it was above zero already.
pub fn suspend(cx: &Cx<'_>, pid: u64, unless: bool) -> bool {
    let first = cx.with(|p| {
        let mine = &mut p.extra().suspended_by_me;
        mine.retain(|s| s.pid == pid || cx.vm().processes.lookup(s.pid).is_some());
        match mine.iter_mut().find(|s| s.pid == pid) {
            Some(_) if unless => None,
            Some(s) => {
                s.count += 1;
                Some(None)
            }
            None => {
                let active = Arc::new(AtomicBool::new(false));
                mine.push(Suspended { pid, count: 1, active: active.clone() });
                Some(Some(active))
            }
        }
    });
    if let Some(Some(active)) = &first {
        let body = Body::Suspend { active: active.clone() };
        cx.vm().signal(pid, Sender::Process(cx.pid()), body);
    }
    first.is_some()
}

/// Lowers this process's count. `false`: it was zero, or the other process is gone.
pub fn resume(cx: &Cx<'_>, pid: u64) -> bool {
    if cx.vm().processes.lookup(pid).is_none() {
        return false;
    }
    let last = cx.with(|p| {
        let mine = &mut p.extra.as_mut()?.suspended_by_me;
        let at = mine.iter().position(|s| s.pid == pid)?;
        mine[at].count -= 1;
        if mine[at].count == 0 {
            mine.swap_remove(at);
            return Some(true);
        }
        Some(false)
    });
    if last == Some(true) {
        cx.vm().signal(pid, Sender::Process(cx.pid()), Body::Resume);
    }
    last.is_some()
}

/// Sends `{Reply, suspended | exited}` to the caller when the suspension is in effect.
pub fn tell(cx: &Cx<'_>, pid: u64, reply: OwnedTerm) {
    ask::tell(cx, pid, reply, atom!("exited"), atom!("suspended"));
}

/// A suspender ended.
pub(crate) fn suspender_exits(vm: &'static Vm, me: u64, suspended: &[Suspended]) {
    for s in suspended {
        vm.signal(s.pid, Sender::Process(me), Body::Resume);
    }
}
