//! The inner queue: messages in order, and where the current receive looks.
//!
//! A doubly linked list in a slab-free form: nodes are boxes, the cursor is a node pointer. A
//! receive walks it with [`MessageQueue::peek`] and [`MessageQueue::advance`]; a match takes the
//! message out at the cursor.

use super::Message;
use core::ptr::null_mut;
use term::RawTerm;

struct Node {
    next: *mut Node,
    prev: *mut Node,
    message: Message,
}

/// See the module head.
pub struct MessageQueue {
    first: *mut Node,
    last: *mut Node,
    /// The message that the receive looks at next; null: beyond the last.
    cursor: *mut Node,
    len: usize,
    /// Reserved marks: the last message that was there when a reference was made.
    markers: Vec<Marker>,
}

// SAFETY: the queue belongs to its process's runner.
unsafe impl Send for MessageQueue {}

/// Messages up to `after` cannot hold the reference: it was made later.
struct Marker {
    id: Option<(u64, u64)>,
    serial: u64,
    after: *mut Node,
}

impl MessageQueue {
    pub const fn new() -> MessageQueue {
        MessageQueue {
            first: null_mut(),
            last: null_mut(),
            cursor: null_mut(),
            len: 0,
            markers: Vec::new(),
        }
    }
    pub fn len(&self) -> usize {
        self.len
    }
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    pub fn push(&mut self, message: Message) {
        let node = Box::into_raw(Box::new(Node { next: null_mut(), prev: self.last, message }));
        // SAFETY: nodes of the list are live and exclusively ours.
        unsafe {
            if self.last.is_null() {
                self.first = node;
            } else {
                (*self.last).next = node;
            }
        }
        self.last = node;
        if self.cursor.is_null() {
            self.cursor = node;
        }
        self.len += 1;
    }
    /// The message at the cursor.
    #[inline]
    pub fn peek(&self) -> Option<RawTerm> {
        if self.cursor.is_null() {
            return None;
        }
        // SAFETY: the cursor is a node of the list.
        Some(unsafe { (*self.cursor).message.term.term().raw() })
    }
    #[inline]
    pub fn advance(&mut self) {
        if !self.cursor.is_null() {
            // SAFETY: the cursor is a node of the list.
            self.cursor = unsafe { (*self.cursor).next };
        }
    }
    /// Back to the first message: a new receive.
    #[inline]
    pub fn rewind(&mut self) {
        self.cursor = self.first;
    }
    /// Takes the message at the cursor out.
    pub fn take(&mut self) -> Option<Message> {
        let node = self.cursor;
        if node.is_null() {
            return None;
        }
        // SAFETY: the node is of the list; it is unlinked before its box is opened.
        let node = unsafe {
            let (prev, next) = ((*node).prev, (*node).next);
            if prev.is_null() {
                self.first = next;
            } else {
                (*prev).next = next;
            }
            if next.is_null() {
                self.last = prev;
            } else {
                (*next).prev = prev;
            }
            for m in &mut self.markers {
                if m.after == node {
                    m.after = prev;
                }
            }
            self.cursor = self.first;
            Box::from_raw(node)
        };
        self.len -= 1;
        Some(node.message)
    }
    /// Remembers this point in the queue under `serial`.
    pub fn mark(&mut self, serial: u64) {
        const MOST: usize = 4;
        if self.markers.len() >= MOST {
            self.markers.remove(0);
        }
        self.markers.push(Marker { id: None, serial, after: self.last });
    }
    /// Ties a mark to the reference made after it.
    pub fn bind_mark(&mut self, serial: u64, id: (u64, u64)) {
        if let Some(m) = self.markers.iter_mut().find(|m| m.serial == serial) {
            m.id = Some(id);
        }
    }
    pub fn clear_mark(&mut self, id: (u64, u64)) {
        self.markers.retain(|m| m.id != Some(id));
    }
    pub fn clear_mark_serial(&mut self, serial: u64) {
        self.markers.retain(|m| m.serial != serial);
    }
    /// Starts a receive of a message that holds this reference: skips what came before it.
    pub fn use_mark(&mut self, id: (u64, u64)) {
        if let Some(m) = self.markers.iter().find(|m| m.id == Some(id)) {
            self.cursor = if m.after.is_null() {
                self.first
            } else {
                // SAFETY: marks point to nodes of the list (see `take`).
                unsafe { (*m.after).next }
            };
        }
    }
    /// All messages, in order.
    pub fn iter(&self) -> impl Iterator<Item = &Message> {
        let mut node = self.first;
        core::iter::from_fn(move || {
            if node.is_null() {
                return None;
            }
            // SAFETY: nodes of the list live as long as the borrow of the queue.
            let n = unsafe { &*node };
            node = n.next;
            Some(&n.message)
        })
    }
    /// Messages own their memory: nothing in the queue points into the heap.
    pub(crate) fn roots(&mut self, _t: &mut term::gc::Tracer) {}
}

impl Drop for MessageQueue {
    fn drop(&mut self) {
        let mut node = self.first;
        while !node.is_null() {
            // SAFETY: the list is ours and goes away.
            let n = unsafe { Box::from_raw(node) };
            node = n.next;
        }
    }
}
