//! Heap limits: `max_heap_size`.

use super::{Process, QueueData};
use crate::vm::Vm;
use term::atom::am;
use term::gc::GcResult;
use term::{OwnedTerm, Term};

/// Whether it is above its limit if messages count that wait, as they do when they are to be kept on the heap.
fn over_with_messages(p: &Process) -> bool {
    let (max, messages) = (p.heap.options.max_heap, p.messages.detached_words());
    if max == 0 || messages == 0 || p.flags.queue_data == QueueData::OffHeap {
        return false;
    }
    p.heap.young_words() + p.heap.old_words() + p.heap.stack_words() + messages > max
}

/// Acts on a collection that found the process above its limit.
pub(crate) fn after_collect(p: &mut Process, r: &GcResult, vm: &'static Vm) {
    if !(r.over_limit || over_with_messages(p)) || p.exit_reason.is_some() {
        return;
    }
    if p.flags.max_heap_log {
        super::exit::log_max_heap(p, vm);
    }
    if p.flags.max_heap_kill {
        p.exit_reason = Some(Box::new(OwnedTerm::immediate(Term::atom(am::KILLED))));
        // It ends when it next gives way: at once.
        p.end_slice();
        p.shared.state.set(super::state::EXITING);
    }
}
