//! What the in-queue needs around it.

#[path = "../../src/signal/queue.rs"]
pub mod queue;

pub use term::envelope::Message;

/// What the queue needs of a signal, and a body of which loom knows who touches it when.
pub struct Signal {
    pub(crate) next: *mut (),
    pub body: loom::cell::UnsafeCell<u64>,
}

// SAFETY: `next` is only used by the queue that holds the node, `body` by its owner.
unsafe impl Send for Signal {}
