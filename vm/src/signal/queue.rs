//! The in-queue: many producers, one consumer, no lock.
//!
//! Producers push onto a stack with one compare-and-swap; the consumer takes the whole stack with
//! one swap and reverses it. So each producer's signals keep their order, and a push never waits.
//! The stack is linked through the signals and messages themselves: a link with the low bit set leads to a
//! message. `vm/loom` tries its interleavings.

use super::{Message, Signal};
use crate::atomic::{AtomicPtr, Ordering};
use core::ptr::null_mut;
use term::envelope::Envelope;

/// See the module head.
#[derive(Debug)]
pub struct InQueue {
    head: AtomicPtr<()>,
}

/// What an in-queue holds.
pub enum Item {
    Signal(Box<Signal>),
    Message(Message),
}

const MESSAGE: usize = 1;

impl Item {
    fn into_link(self) -> *mut () {
        match self {
            Item::Signal(s) => Box::into_raw(s) as *mut (),
            Item::Message(m) => m.into_raw().map_addr(|a| a | MESSAGE) as *mut (),
        }
    }
    /// # Safety
    /// `link` came from `into_link` and is not used again.
    unsafe fn from_link(link: *mut ()) -> Item {
        // SAFETY: by the caller's word; the bit tells which it is.
        unsafe {
            if link.addr() & MESSAGE == 0 {
                Item::Signal(Box::from_raw(link as *mut Signal))
            } else {
                Item::Message(Message::from_raw(link.map_addr(|a| a & !MESSAGE) as *mut Envelope))
            }
        }
    }
}

/// Where an item keeps the link to the next.
/// # Safety
/// `link` leads to an item that this thread owns.
unsafe fn next(link: *mut ()) -> *mut *mut () {
    // SAFETY: by the caller's word.
    unsafe {
        if link.addr() & MESSAGE == 0 {
            &raw mut (*(link as *mut Signal)).next
        } else {
            &raw mut (*(link.map_addr(|a| a & !MESSAGE) as *mut Envelope)).link
        }
    }
}

impl InQueue {
    pub fn new() -> InQueue {
        InQueue { head: AtomicPtr::new(null_mut()) }
    }
    /// Adds a signal.
    pub fn push(&self, signal: Box<Signal>) {
        let node = Item::Signal(signal).into_link();
        self.push_chain(node, node);
    }
    /// Adds a message.
    #[inline]
    pub fn push_message(&self, message: Message) {
        let node = Item::Message(message).into_link();
        self.push_chain(node, node);
    }
    /// Adds several, in this order, so that the consumer takes all of them or none.
    pub fn push_all(&self, items: Vec<Item>) {
        let mut nodes = items.into_iter().map(Item::into_link);
        let Some(first) = nodes.next() else { return };
        let last = nodes.fold(first, |before, node| {
            // SAFETY: the nodes are ours until they are published below.
            unsafe { *next(node) = before };
            node
        });
        self.push_chain(first, last);
    }
    /// `oldest` is linked to what is there, `newest` becomes the head.
    #[inline]
    fn push_chain(&self, oldest: *mut (), newest: *mut ()) {
        let mut head = self.head.load(Ordering::Relaxed);
        loop {
            // SAFETY: the nodes are ours until the exchange below publishes them.
            unsafe { *next(oldest) = head };
            let swapped =
                self.head.compare_exchange_weak(head, newest, Ordering::Release, Ordering::Relaxed);
            match swapped {
                Ok(_) => return,
                Err(h) => head = h,
            }
        }
    }
    #[inline]
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
            unsafe {
                if node.addr() & MESSAGE == 0 && f(&*(node as *const Signal)) {
                    return true;
                }
                node = *next(node);
            }
        }
        false
    }
    /// Shows what waits, the newest first: signals and messages.
    /// # Safety
    /// As for [`InQueue::any`], or the consumer stands still meanwhile.
    pub unsafe fn each(&self, mut signal: impl FnMut(&Signal), mut message: impl FnMut(&Message)) {
        let mut node = self.head.load(Ordering::Acquire);
        while !node.is_null() {
            // SAFETY: what is in the chain stays until the consumer takes it; the borrowed message is not dropped.
            unsafe {
                if node.addr() & MESSAGE == 0 {
                    signal(&*(node as *const Signal));
                } else {
                    let envelope = node.map_addr(|a| a & !MESSAGE) as *mut Envelope;
                    message(&core::mem::ManuallyDrop::new(Message::from_raw(envelope)));
                }
                node = *next(node);
            }
        }
    }
    /// Takes all, oldest first.
    pub fn take_all(&self) -> Taken {
        let mut node = self.head.swap(null_mut(), Ordering::Acquire);
        let mut first = null_mut();
        while !node.is_null() {
            // SAFETY: the swap made the whole chain ours.
            unsafe {
                let link = next(node);
                let following = *link;
                *link = first;
                first = node;
                node = following;
            }
        }
        Taken(first)
    }
    /// Puts back what was taken and is not handled yet, before what has come since.
    /// # Safety
    /// Only the consumer may.
    pub unsafe fn put_back(&self, first: Item, rest: Taken) {
        let rest = core::mem::ManuallyDrop::new(rest);
        let mut newest = first.into_link();
        // SAFETY: taken items are ours until they are published below. What is in the chain stays until the
        // consumer takes it, and producers look at the head only.
        unsafe {
            *next(newest) = null_mut();
            let mut node = rest.0;
            while !node.is_null() {
                let following = core::mem::replace(&mut *next(node), newest);
                newest = node;
                node = following;
            }
            let empty = null_mut();
            let put =
                self.head.compare_exchange(empty, newest, Ordering::Release, Ordering::Acquire);
            if let Err(mut oldest) = put {
                while !(*next(oldest)).is_null() {
                    oldest = *next(oldest);
                }
                *next(oldest) = newest;
            }
        }
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

/// A chain that the consumer owns.
pub struct Taken(*mut ());

impl Iterator for Taken {
    type Item = Item;
    fn next(&mut self) -> Option<Item> {
        if self.0.is_null() {
            return None;
        }
        // SAFETY: the chain is owned; each link came from an item.
        unsafe {
            let node = self.0;
            self.0 = core::mem::replace(&mut *next(node), null_mut());
            Some(Item::from_link(node))
        }
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
    use term::{OwnedTerm, Term};

    #[test]
    fn what_is_put_back_comes_first() {
        let q = InQueue::new();
        let push = |id| q.push(Signal::new(Sender::System, Body::Unlink { id }));
        let id = |i: Item| match i {
            Item::Signal(s) => match s.body {
                Body::Unlink { id } => id,
                _ => 0,
            },
            Item::Message(_) => 0,
        };
        for late in [false, true] {
            (1..=4).for_each(push);
            let mut taken = q.take_all();
            assert_eq!(taken.next().map(id), Some(1));
            if late {
                (5..=6).for_each(push);
            }
            let Some(second) = taken.next() else { panic!("lost") };
            // SAFETY: nobody else takes.
            unsafe { q.put_back(second, taken) };
            if !late {
                (5..=6).for_each(push);
            }
            assert_eq!(q.take_all().map(id).collect::<Vec<_>>(), [2, 3, 4, 5, 6]);
        }
    }

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
                        let message = |id: u64| {
                            Message::new(OwnedTerm::build(|h| {
                                h.tuple(&[Term::small(t as i64), Term::small(id as i64)])
                            }))
                        };
                        match i % 4 {
                            0 => q.push_all(vec![
                                Item::Signal(one(i - 1)),
                                Item::Message(message(i)),
                            ]),
                            1 => q.push_message(message(i)),
                            2 => q.push(one(i)),
                            _ => {}
                        }
                    }
                });
            }
            let mut n = 0;
            while n < 8000 {
                for s in q.take_all() {
                    let (t, id) = match s {
                        Item::Signal(s) => {
                            let (Sender::Process(t), Body::Unlink { id }) = (s.from, &s.body)
                            else {
                                panic!("another signal")
                            };
                            (t, *id)
                        }
                        Item::Message(m) => {
                            let t = m.term().as_tuple().expect("a tuple");
                            let n = |i: usize| t.elements()[i].as_u64().expect("a number");
                            (n(0), n(1))
                        }
                    };
                    seen[t as usize] += 1;
                    assert_eq!(seen[t as usize], id);
                    n += 1;
                }
            }
        });
    }
}
