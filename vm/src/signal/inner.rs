//! The inner queue: messages in order, and where the current receive looks.
//!
//! A doubly linked list of [`Envelope`]s; the cursor is a node. A receive walks it with
//! [`MessageQueue::peek`] and [`MessageQueue::advance`]; a match takes the message out at the cursor. What a
//! receive looks into is *opened*: its term is part of the process's heap from then on, and a root.
//!
//! Marks let a receive skip what cannot match: messages older than the reference it waits for, and
//! messages that a receive of the same shape has passed before.

use super::Message;
use core::ptr::null_mut;
use term::envelope::Envelope;
use term::{Heap, RawTerm};

/// What a message in the queue takes besides its term.
pub(crate) const NODE_BYTES: usize = size_of::<Envelope>();

/// See the module head.
pub struct MessageQueue {
    first: *mut Envelope,
    last: *mut Envelope,
    /// The message that the receive looks at next; null: beyond the last.
    cursor: *mut Envelope,
    len: usize,
    /// Words of messages that are not part of the process's heap.
    detached: usize,
    /// Opened messages: their terms are roots. Each knows its place here.
    opened: Vec<*mut Envelope>,
    marks: Option<Box<Marks>>,
    /// The last of the priority messages, which come before all others.
    priority: *mut Envelope,
    /// Messages, or the process, may have a token of sequential tracing.
    tokens: bool,
}

// SAFETY: the queue belongs to its process's runner.
unsafe impl Send for MessageQueue {}

#[derive(Default)]
struct Marks {
    next: u64,
    /// Reserved marks: the last message that was there when a reference was made.
    references: Vec<Marker>,
    /// No message up to `after` has one of these shapes.
    shapes: Vec<(Shapes, *mut Envelope)>,
    shape_at: usize,
}

/// Messages up to `after` cannot hold the reference: it was made later.
struct Marker {
    id: Option<(u64, u64)>,
    serial: u64,
    after: *mut Envelope,
}

/// Shapes that a receive may ask for.
pub(crate) const SHAPES: usize = 4;
/// Those it asks for; fewer are repeated.
pub(crate) type Shapes = [u64; SHAPES];

/// Marks kept of each kind.
const MOST_MARKS: usize = 4;
/// A receive of one shape that has passed so many messages remembers where.
const WORTH_A_MARK: usize = 32;

/// # Safety
/// The node is live.
#[inline(always)]
unsafe fn has_any(node: *mut Envelope, shapes: &Shapes) -> bool {
    // SAFETY: by the caller's word.
    let shape = unsafe { (*node).shape() };
    shapes.iter().fold(false, |found, s| found | (*s == shape))
}

fn following(node: *mut Envelope) -> *mut Envelope {
    // SAFETY: only asked of nodes of the list, which are live.
    unsafe { (*node).link as *mut Envelope }
}

impl Default for MessageQueue {
    fn default() -> Self {
        Self::new()
    }
}

impl MessageQueue {
    pub const fn new() -> MessageQueue {
        MessageQueue {
            first: null_mut(),
            last: null_mut(),
            cursor: null_mut(),
            len: 0,
            detached: 0,
            opened: Vec::new(),
            marks: None,
            priority: null_mut(),
            tokens: false,
        }
    }
    /// Puts a priority message behind those of its kind and before all others. The receive starts anew, and marks
    /// no longer say what came when.
    #[cold]
    pub fn push_priority(&mut self, message: Message) {
        self.push(message);
        let node = self.last;
        // SAFETY: nodes of the queue are alive and belong to it; the new one is the last.
        unsafe {
            let before = (*node).prev;
            if before != self.priority {
                (*before).link = null_mut();
                self.last = before;
                let next = match self.priority.is_null() {
                    true => self.first,
                    false => following(self.priority),
                };
                (*node).link = next as *mut ();
                (*node).prev = self.priority;
                (*next).prev = node;
                match self.priority.is_null() {
                    true => self.first = node,
                    false => (*self.priority).link = node as *mut (),
                }
            }
        }
        self.priority = node;
        self.cursor = self.first;
        if let Some(m) = &mut self.marks {
            m.references.clear();
            m.shapes.clear();
            m.shape_at = 0;
        }
    }
    #[inline]
    pub fn len(&self) -> usize {
        self.len
    }
    #[inline]
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }
    #[inline]
    pub fn push(&mut self, message: Message) {
        self.detached += message.words();
        self.tokens |= message.has_token();
        let node = message.into_raw();
        // SAFETY: nodes of the list are live and exclusively ours.
        unsafe {
            (*node).link = null_mut();
            (*node).prev = self.last;
            (*node).index = NOT_OPENED;
            if self.last.is_null() {
                self.first = node;
            } else {
                (*self.last).link = node as *mut ();
            }
        }
        self.last = node;
        if self.cursor.is_null() {
            self.cursor = node;
        }
        self.len += 1;
    }
    /// Adds a message whose term, which may lie in the process's heap, is `term`.
    pub fn push_own(&mut self, term: RawTerm) {
        // SAFETY: it counts as opened from here on.
        let m = unsafe { Message::of_own(term) };
        self.push(m);
        let node = self.last;
        // SAFETY: just pushed.
        unsafe { (*node).index = self.opened.len() as u32 };
        self.opened.push(node);
    }
    /// The message at the cursor, if it is opened (or has nothing to open).
    #[inline]
    pub fn peek_opened(&self) -> Option<RawTerm> {
        if self.cursor.is_null() {
            return None;
        }
        // SAFETY: the cursor is a node of the list.
        unsafe {
            let n = &*self.cursor;
            if n.words() == 0 { Some(n.raw()) } else { None }
        }
    }
    /// The same if it has this shape.
    #[inline]
    pub fn peek_opened_of(&self, shape: u64) -> Option<RawTerm> {
        // SAFETY: the cursor is a node of the list.
        self.peek_opened().filter(|_| unsafe { (*self.cursor).shape() == shape })
    }
    /// The same with its shape.
    #[inline]
    pub fn peek_opened_shape(&self) -> Option<(RawTerm, u64)> {
        // SAFETY: as above.
        self.peek_opened().map(|t| (t, unsafe { (*self.cursor).shape() }))
    }
    /// Makes the message at the cursor part of `heap`, so that a receive may look into it while the
    /// process allocates and collects. `false`: there is no message.
    pub fn open_next(&mut self, heap: &Heap) -> bool {
        let node = self.cursor;
        if node.is_null() {
            return false;
        }
        // SAFETY: the cursor is a node of the list.
        unsafe {
            let words = (*node).words();
            if words != 0 {
                self.detached -= words;
                Envelope::open(node, heap);
                (*node).index = self.opened.len() as u32;
                self.opened.push(node);
            }
        }
        true
    }
    #[inline]
    pub fn advance(&mut self) {
        if !self.cursor.is_null() {
            self.cursor = following(self.cursor);
        }
    }
    /// Moves the cursor to the next message that may have one of these shapes, at most `most` further; how many it passed.
    pub fn skip_to_shape(&mut self, shape: &Shapes, most: usize) -> usize {
        let mark = self.marks.as_ref().and_then(|m| m.shapes.iter().find(|m| m.0 == *shape));
        // What lies before the cursor is known to have another shape.
        let mut all_passed = self.cursor == self.first;
        if let Some((_, after)) = mark {
            if all_passed {
                self.cursor = following(*after);
            } else {
                all_passed = self.before_cursor() == *after;
            }
        }
        let mut passed = 0;
        let mut node = self.cursor;
        // SAFETY: nodes of the list are live.
        while !node.is_null() && passed < most && !unsafe { has_any(node, shape) } {
            node = following(node);
            passed += 1;
        }
        self.cursor = node;
        if all_passed && passed >= WORTH_A_MARK {
            let after = self.before_cursor();
            let m = self.marks.get_or_insert_default();
            if let Some(mark) = m.shapes.iter_mut().find(|m| m.0 == *shape) {
                mark.1 = after;
            } else if m.shapes.len() < MOST_MARKS {
                m.shapes.push((*shape, after));
            } else {
                m.shape_at = (m.shape_at + 1) % MOST_MARKS;
                m.shapes[m.shape_at] = (*shape, after);
            }
        }
        passed
    }
    fn before_cursor(&self) -> *mut Envelope {
        if self.cursor.is_null() {
            return self.last;
        }
        // SAFETY: the cursor is a node of the list.
        unsafe { (*self.cursor).prev }
    }
    /// Back to the first message: a new receive.
    #[inline]
    pub fn rewind(&mut self) {
        self.cursor = self.first;
    }
    /// Whether tokens of sequential tracing have to be looked after.
    #[inline(always)]
    pub fn has_tokens(&self) -> bool {
        self.tokens
    }
    pub fn watch_tokens(&mut self) {
        self.tokens = true;
    }
    /// The message at the cursor and its token, if that is to become the process's. `own`: it has one now.
    pub fn take_token(&mut self, own: bool) -> Option<(RawTerm, Option<term::OwnedTerm>)> {
        let node = self.cursor;
        if node.is_null() {
            return None;
        }
        if !own && self.len == 1 {
            self.tokens = false;
        }
        // SAFETY: the cursor is a node of the list, which is ours.
        unsafe {
            let token = (*node).take_token();
            if token.is_none() && (!own || !(*node).is_from_process()) {
                return None;
            }
            self.tokens = true;
            Some(((*node).raw(), token))
        }
    }
    /// No message has a token any more.
    pub fn clear_tokens(&mut self) {
        let mut node = self.first;
        while !node.is_null() {
            // SAFETY: nodes of the list are live and ours.
            unsafe { (*node).take_token() };
            node = following(node);
        }
    }
    /// Takes the message at the cursor out; it must have been opened.
    #[inline]
    pub fn remove_current(&mut self) {
        let node = self.cursor;
        if node.is_null() {
            return;
        }
        self.unlink(node);
        self.cursor = self.first;
    }
    fn unlink(&mut self, node: *mut Envelope) {
        // SAFETY: the node is of the list; it is unlinked before it is freed.
        unsafe {
            let (prev, next) = ((*node).prev, following(node));
            if prev.is_null() {
                self.first = next;
            } else {
                (*prev).link = next as *mut ();
            }
            if next.is_null() {
                self.last = prev;
            } else {
                (*next).prev = prev;
            }
            if self.priority == node {
                self.priority = prev;
            }
            if let Some(m) = &mut self.marks {
                m.unlinked(node, prev);
            }
            if (*node).index == NOT_OPENED {
                self.detached -= (*node).words();
            } else {
                let at = (*node).index as usize;
                self.opened.swap_remove(at);
                if let Some(&moved) = self.opened.get(at) {
                    (*moved).index = at as u32;
                }
            }
            Envelope::free(node);
        }
        self.len -= 1;
    }
    /// Remembers this point in the queue; gives its serial.
    pub fn reserve_mark(&mut self) -> u64 {
        let m = self.marks.get_or_insert_default();
        if m.references.len() >= MOST_MARKS {
            m.references.remove(0);
        }
        m.next += 1;
        m.references.push(Marker { id: None, serial: m.next, after: self.last });
        m.next
    }
    fn references(&mut self) -> Option<&mut Vec<Marker>> {
        self.marks.as_mut().map(|m| &mut m.references)
    }
    /// Ties a mark to the reference made after it.
    pub fn bind_mark(&mut self, serial: u64, id: (u64, u64)) {
        if let Some(m) = self.references().and_then(|m| m.iter_mut().find(|m| m.serial == serial)) {
            m.id = Some(id);
        }
    }
    pub fn clear_mark(&mut self, id: (u64, u64)) {
        if let Some(m) = self.references() {
            m.retain(|m| m.id != Some(id));
        }
    }
    pub fn clear_mark_serial(&mut self, serial: u64) {
        if let Some(m) = self.references() {
            m.retain(|m| m.serial != serial);
        }
    }
    /// Starts a receive of a message that holds this reference: skips what came before it.
    pub fn use_mark(&mut self, id: (u64, u64)) {
        let Some(m) = &self.marks else { return };
        if let Some(m) = m.references.iter().find(|m| m.id == Some(id)) {
            self.cursor = if m.after.is_null() { self.first } else { following(m.after) };
        }
    }
    /// Takes out the first message for which `f` holds. Whether there was one.
    pub fn remove_first(&mut self, mut f: impl FnMut(RawTerm) -> bool) -> bool {
        let mut node = self.first;
        while !node.is_null() {
            let next = following(node);
            // SAFETY: nodes of the list are live.
            if f(unsafe { (*node).raw() }) {
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
    fn nodes(&self) -> impl Iterator<Item = *mut Envelope> {
        let mut node = self.first;
        core::iter::from_fn(move || {
            if node.is_null() {
                return None;
            }
            let this = node;
            node = following(node);
            Some(this)
        })
    }
    /// All messages, in order. Good until the next collection.
    pub fn iter(&self) -> impl Iterator<Item = RawTerm> {
        // SAFETY: nodes of the list live as long as the borrow of the queue.
        self.nodes().map(|n| unsafe { (*n).raw() })
    }
    /// Shows what messages hold that are not part of the process's heap.
    pub(crate) fn visit(&self, v: &mut dyn term::visit::Visit) {
        for node in self.nodes() {
            // SAFETY: nodes of the list live as long as the borrow of the queue; the borrowed message is not dropped.
            core::mem::ManuallyDrop::new(unsafe { Message::from_raw(node) }).visit(v);
        }
    }
    /// Words of messages that are not part of the process's heap.
    pub fn detached_words(&self) -> usize {
        self.detached
    }
    /// Whether there are messages whose terms are in the process's heap.
    pub(crate) fn has_opened(&self) -> bool {
        !self.opened.is_empty()
    }
    /// Replaces messages that are not part of the heap: `f` gives another one, or nothing.
    pub(crate) fn renew_detached(&mut self, mut f: impl FnMut(&Message) -> Option<Message>) {
        let mut node = self.first;
        while !node.is_null() {
            let next = following(node);
            // SAFETY: nodes of the list are live and exclusively ours; the borrowed message is not dropped.
            unsafe {
                if (*node).index == NOT_OPENED {
                    let m = core::mem::ManuallyDrop::new(Message::from_raw(node));
                    if let Some(new) = f(&m) {
                        self.detached = self.detached - m.words() + new.words();
                        let new = new.into_raw();
                        (*new).index = NOT_OPENED;
                        self.replace(node, new);
                        Envelope::free(node);
                    }
                }
            }
            node = next;
        }
    }
    /// Puts `new` in the place of `old`.
    unsafe fn replace(&mut self, old: *mut Envelope, new: *mut Envelope) {
        // SAFETY: both are live, `old` is of the list.
        unsafe {
            let (prev, next) = ((*old).prev, following(old));
            ((*new).prev, (*new).link) = (prev, next as *mut ());
            if prev.is_null() {
                self.first = new;
            } else {
                (*prev).link = new as *mut ();
            }
            if next.is_null() {
                self.last = new;
            } else {
                (*next).prev = new;
            }
        }
        if self.cursor == old {
            self.cursor = new;
        }
        if let Some(m) = &mut self.marks {
            m.moved(old, new);
        }
    }
    /// Terms of opened messages point into the heap. Envelopes that lie in it move out.
    pub(crate) fn roots(&mut self, t: &mut term::gc::Tracer) {
        for i in 0..self.opened.len() {
            let node = self.opened[i];
            // SAFETY: opened nodes are of the list; the old place stays readable during the collection.
            unsafe {
                let new = Envelope::leave_heap(node);
                if new != node {
                    self.opened[i] = new;
                    self.replace(node, new);
                }
                t.root((*new).root());
            }
        }
    }
}

impl Marks {
    /// A message that a mark may point at is gone; so is the mark if it was the first.
    fn unlinked(&mut self, node: *mut Envelope, prev: *mut Envelope) {
        self.moved(node, prev);
        self.shapes.retain(|m| !m.1.is_null());
        self.shape_at = 0;
    }
    fn moved(&mut self, old: *mut Envelope, new: *mut Envelope) {
        for m in &mut self.references {
            if m.after == old {
                m.after = new;
            }
        }
        for m in &mut self.shapes {
            if m.1 == old {
                m.1 = new;
            }
        }
    }
}

/// The place of a message that is no root.
const NOT_OPENED: u32 = u32::MAX;

impl Drop for MessageQueue {
    fn drop(&mut self) {
        let mut node = self.first;
        while !node.is_null() {
            let next = following(node);
            // SAFETY: the list is ours and goes away.
            unsafe { Envelope::free(node) };
            node = next;
        }
    }
}
