//! The inner queue: messages in order, and where the current receive looks.
//!
//! A doubly linked list in a slab-free form: nodes are boxes, the cursor is a node pointer. A
//! receive walks it with [`MessageQueue::peek`] and [`MessageQueue::advance`]; a match takes the
//! message out at the cursor.

use super::Message;
use core::ptr::null_mut;
use term::{Heap, RawTerm};

struct Node {
    next: *mut Node,
    prev: *mut Node,
    /// The message's memory; `None` once it was attached to the process's heap.
    message: Option<Message>,
    /// The term; a root once attached.
    term: RawTerm,
}

/// What a message in the queue takes besides its term.
pub(crate) const NODE_BYTES: usize = size_of::<Node>();

/// See the module head.
pub struct MessageQueue {
    first: *mut Node,
    last: *mut Node,
    /// The message that the receive looks at next; null: beyond the last.
    cursor: *mut Node,
    len: usize,
    /// Words of messages that are not part of the process's heap.
    detached: usize,
    /// Messages whose memory belongs to the process's heap: roots.
    attached: Vec<*mut Node>,
    next_mark: u64,
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
            detached: 0,
            attached: Vec::new(),
            next_mark: 0,
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
        let term = message.term.term().raw();
        self.detached += message.term.words();
        let node = Node { next: null_mut(), prev: self.last, message: Some(message), term };
        let node = Box::into_raw(Box::new(node));
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
    /// The message at the cursor, if its memory is attached already (or it needs none).
    #[inline]
    pub fn peek_attached(&self) -> Option<RawTerm> {
        if self.cursor.is_null() {
            return None;
        }
        // SAFETY: the cursor is a node of the list.
        unsafe {
            let n = &*self.cursor;
            if n.message.is_none() || n.term.is_immediate() { Some(n.term) } else { None }
        }
    }
    /// Moves the memory of the message at the cursor into `heap`, so that a receive may look into
    /// it while the process allocates and collects. `false`: there is no message.
    pub fn attach_next(&mut self, heap: &Heap) -> bool {
        if self.cursor.is_null() {
            return false;
        }
        // SAFETY: the cursor is a node of the list.
        let n = unsafe { &mut *self.cursor };
        if let Some(m) = n.message.take() {
            self.detached -= m.term.words();
            n.term = m.term.into_heap(heap).raw();
            if !n.term.is_immediate() {
                self.attached.push(self.cursor);
            }
        }
        true
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
    /// Takes the message at the cursor out; its term must have been attached.
    pub fn remove_current(&mut self) {
        let node = self.cursor;
        if node.is_null() {
            return;
        }
        self.unlink(node);
        self.cursor = self.first;
    }
    fn unlink(&mut self, node: *mut Node) {
        // SAFETY: the node is of the list; it is unlinked before its box is opened.
        let n = unsafe {
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
            Box::from_raw(node)
        };
        if let Some(m) = &n.message {
            self.detached -= m.term.words();
        } else {
            self.attached.retain(|&a| a != node);
        }
        self.len -= 1;
    }
    /// Remembers this point in the queue; gives its serial.
    pub fn reserve_mark(&mut self) -> u64 {
        const MOST: usize = 4;
        if self.markers.len() >= MOST {
            self.markers.remove(0);
        }
        self.next_mark += 1;
        self.markers.push(Marker { id: None, serial: self.next_mark, after: self.last });
        self.next_mark
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
    /// Takes out the first message for which `f` holds. Whether there was one.
    pub fn remove_first(&mut self, mut f: impl FnMut(RawTerm) -> bool) -> bool {
        let mut node = self.first;
        while !node.is_null() {
            // SAFETY: nodes of the list are live.
            let (next, term) = unsafe { ((*node).next, (*node).term) };
            if f(term) {
                if self.cursor == node {
                    self.cursor = next;
                }
                self.unlink(node);
                return true;
            }
            node = next;
        }
        false
    }
    /// All messages, in order. Good until the next collection.
    pub fn iter(&self) -> impl Iterator<Item = RawTerm> {
        let mut node = self.first;
        core::iter::from_fn(move || {
            if node.is_null() {
                return None;
            }
            // SAFETY: nodes of the list live as long as the borrow of the queue.
            let n = unsafe { &*node };
            node = n.next;
            Some(n.term)
        })
    }
    /// Words of messages that are not part of the process's heap.
    pub fn detached_words(&self) -> usize {
        self.detached
    }
    /// Whether there are messages whose terms are in the process's heap.
    pub(crate) fn has_attached(&self) -> bool {
        !self.attached.is_empty()
    }
    /// Gives each message that is not part of the heap, to be replaced if need be.
    pub(crate) fn each_detached(&mut self, mut f: impl FnMut(&mut Message)) {
        let mut node = self.first;
        while !node.is_null() {
            // SAFETY: nodes of the list are live and exclusively ours.
            let n = unsafe { &mut *node };
            if let Some(m) = &mut n.message {
                self.detached -= m.term.words();
                f(m);
                self.detached += m.term.words();
                n.term = m.term.term().raw();
            }
            node = n.next;
        }
    }
    /// Terms of attached messages point into the heap.
    pub(crate) fn roots(&mut self, t: &mut term::gc::Tracer) {
        for &n in &self.attached {
            // SAFETY: attached nodes are of the list.
            t.root(unsafe { &mut (*n).term });
        }
    }
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
