//! Heap limits: `max_heap_size`.

use super::Process;
use crate::vm::Vm;
use term::atom::am;
use term::gc::GcResult;
use term::{OwnedTerm, Term};

/// Acts on a collection that found the process above its limit.
pub(crate) fn after_collect(p: &mut Process, r: &GcResult, vm: &'static Vm) {
    if !r.over_limit || p.exit_reason.is_some() {
        return;
    }
    if p.flags.max_heap_log {
        super::exit::log_max_heap(p, vm);
    }
    if p.flags.max_heap_kill {
        p.exit_reason = Some(Box::new(OwnedTerm::immediate(Term::atom(am::KILLED))));
        // It ends when it next gives way: at once.
        p.reds_left = 0;
        p.shared.state.set(super::state::EXITING);
    }
}
