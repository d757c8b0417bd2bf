//! The in-queue: many producers, one consumer, no lock.
//!
//! Producers push onto a stack with one compare-and-swap; the consumer takes the whole stack with
//! one swap and reverses it. So each producer's signals keep their order, and a push never waits.

use super::Signal;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

/// See the module head.
#[derive(Debug)]
pub struct InQueue {
    head: AtomicPtr<Signal>,
}

impl InQueue {
    pub const fn new() -> InQueue {
        InQueue { head: AtomicPtr::new(null_mut()) }
    }
    /// Adds a signal.
    pub fn push(&self, signal: Box<Signal>) {
        let node = Box::into_raw(signal);
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: the node is ours until the exchange below publishes it.
            unsafe { (*node).next = head };
            match self.head.compare_exchange_weak(head, node, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(h) => head = h,
            }
        }
    }
    /// Adds several signals, in this order, so that the consumer takes all of them or none.
    pub fn push_all(&self, signals: Vec<Box<Signal>>) {
        let mut nodes = signals.into_iter().map(Box::into_raw);
        let Some(first) = nodes.next() else { return };
        let last = nodes.fold(first, |before, node| {
            // SAFETY: the nodes are ours until they are published below.
            unsafe { (*node).next = before };
            node
        });
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: as above.
            unsafe { (*first).next = head };
            match self.head.compare_exchange_weak(head, last, Ordering::Release, Ordering::Relaxed)
            {
                Ok(_) => return,
                Err(h) => head = h,
            }
        }
    }
    pub fn is_empty(&self) -> bool {
        self.head.load(Ordering::Acquire).is_null()
    }
    /// Whether one of the waiting signals is such.
    /// # Safety
    /// Only the consumer may look, for it alone frees signals.
    pub unsafe fn any(&self, f: impl Fn(&Signal) -> bool) -> bool {
        let mut node = self.head.load(Ordering::Acquire);
        while !node.is_null() {
            // SAFETY: what is in the chain stays until the consumer takes it.
            let s = unsafe { &*node };
            if f(s) {
                return true;
            }
            node = s.next;
        }
        false
    }
    /// Takes all signals, oldest first.
    pub fn take_all(&self) -> Taken {
        let mut node = self.head.swap(null_mut(), Ordering::Acquire);
        let mut first = null_mut();
        while !node.is_null() {
            // SAFETY: the swap made the whole chain ours.
            unsafe {
                let next = (*node).next;
                (*node).next = first;
                first = node;
                node = next;
            }
        }
        Taken(first)
    }
}

impl Default for InQueue {
    fn default() -> InQueue {
        InQueue::new()
    }
}

impl Drop for InQueue {
    fn drop(&mut self) {
        drop(self.take_all());
    }
}

/// A chain of signals that the consumer owns.
pub struct Taken(*mut Signal);

impl Iterator for Taken {
    type Item = Box<Signal>;
    fn next(&mut self) -> Option<Box<Signal>> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: the chain is owned; each node came from a box.
        let mut s = unsafe { Box::from_raw(self.0) };
        self.0 = core::mem::replace(&mut s.next, null_mut());
        Some(s)
    }
}

impl Drop for Taken {
    fn drop(&mut self) {
        for s in self {
            drop(s);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::signal::{Body, Sender};

    #[test]
    fn order_holds_for_each_producer() {
        let q = InQueue::new();
        let mut seen = [0u64; 4];
        std::thread::scope(|s| {
            for t in 0..4u64 {
                let q = &q;
                s.spawn(move || {
                    for i in 1..=2000 {
                        let one = |id| Signal::new(Sender::Process(t), Body::Unlink { id });
                        match i % 4 {
                            0 => q.push_all(vec![one(i - 1), one(i)]),
                            3 => {}
                            _ => q.push(one(i)),
                        }
                    }
                });
            }
            let mut n = 0;
            while n < 8000 {
                for s in q.take_all() {
                    let (Sender::Process(t), Body::Unlink { id }) = (s.from, &s.body) else {
                        panic!("another signal")
                    };
                    seen[t as usize] += 1;
                    assert_eq!(seen[t as usize], *id);
                    n += 1;
                }
            }
        });
    }
}
