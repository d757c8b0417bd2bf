//! Looking into all processes while no scheduler runs any: for tests that ask for the emulator's internal state.
//!
//! A process that runs a dirty native, or ends, is left out: its inside is not at rest.

use crate::bif::{BifResult, Cx};
use crate::dump::process::readable;
use crate::process::{Process, state};
use crate::sched::block;
use crate::vm::Vm;

/// Proof that the schedulers stand still.
pub struct Still {
    vm: &'static Vm,
    /// The process that looks.
    own: u64,
}

/// What is done while they do.
pub type Look = Box<dyn for<'p> FnOnce(&Cx<'p>, &Still) -> BifResult<'p> + Send>;

/// Has the native go on in `look` when every other scheduler stands still.
pub fn still<'p>(cx: &Cx<'p>, look: Look) -> BifResult<'p> {
    block::alone_then(cx, Box::new(move |cx| look(cx, &Still { vm: cx.vm(), own: cx.pid() })))
}

/// Whether a process has ended, so that it holds nothing any more.
pub(crate) fn is_gone(p: &crate::process::ProcRef) -> bool {
    p.state.get() & state::FREE != 0
}

impl Still {
    /// Looks into a process that is suspended; `None`: there is no such one.
    pub fn suspended<R>(&self, pid: u64, f: impl FnOnce(&Process) -> R) -> Option<R> {
        let p = self.vm.processes.lookup(pid)?;
        let s = p.state.get();
        let rests = s & state::SUSPENDED != 0 && s & state::RUNNING == 0 && readable(&p, None);
        // SAFETY: no other scheduler runs it, and nobody runs it apart.
        rests.then(|| f(unsafe { &*p.as_ptr() }))
    }
    /// Every process that can be read, in the order of their numbers.
    pub fn each(&self, mut f: impl FnMut(&Process)) {
        let mut pids = self.vm.processes.pids();
        pids.sort_unstable();
        for p in pids.into_iter().filter_map(|pid| self.vm.processes.lookup(pid)) {
            if readable(&p, Some(self.own)) {
                // SAFETY: no other scheduler runs it, and nobody runs it apart; the process that looks is in this native.
                f(unsafe { &*p.as_ptr() });
            }
        }
    }
}
