//! Messages: a term on its way from one process to another, in one allocation [erl_message.h].
//!
//! An [`Envelope`] is the node of a queue. It lies in the first words of the fragment that holds the term,
//! so that a message is one block of memory. A receive that looks into a message moves its words into
//! the process's heap if there is room ([`Envelope::open`]) or hands the fragment over to it. In the
//! latter case the envelope's own memory belongs to the heap too: it goes with the next collection, and
//! an envelope that is still in a queue then moves out first ([`Envelope::leave_heap`]).

use crate::copy::{Literals, relocate, size_words_with};
use crate::heap::{Fragment, Heap, OwnedTerm, sweep_all};
use crate::term::{RawTerm, Term};
use core::marker::PhantomData;
use core::ptr::{NonNull, null_mut};

/// Messages of up to so many words are moved into the heap rather than handed over.
const MOVED: usize = 256;

/// See the module head. Queues own the links.
#[repr(C)]
pub struct Envelope {
    /// Link of an in-queue; the next message of an inner queue.
    pub link: *mut (),
    pub prev: *mut Envelope,
    term: RawTerm,
    off_heap: *mut u64,
    vheap: usize,
    /// Words of the term that are not part of a process's heap.
    words: usize,
    shape: u64,
    token: Option<Box<OwnedTerm>>,
    /// Place among the roots of its queue.
    pub index: u32,
    /// The memory belongs to a process's heap.
    in_heap: bool,
    /// It was sent by a process: without a token it takes that of the receiver away.
    from_process: bool,
}

const HEAD: usize = size_of::<Envelope>() / 8;

impl Envelope {
    fn fragment(this: *mut Envelope) -> *mut Fragment {
        // The fragment's head precedes its data.
        (this as *mut Fragment).wrapping_sub(1)
    }
    fn new(words: usize) -> *mut Envelope {
        let f = Fragment::new(HEAD + words);
        // SAFETY: fresh, with room for the envelope.
        unsafe {
            (*f).used = HEAD;
            let e = Fragment::data(f) as *mut Envelope;
            e.write(Envelope {
                link: null_mut(),
                prev: null_mut(),
                term: RawTerm::NIL,
                off_heap: null_mut(),
                vheap: 0,
                words: 0,
                shape: 0,
                token: None,
                index: 0,
                in_heap: false,
                from_process: false,
            });
            e
        }
    }
    /// The term. Once it was opened it is a root of the process.
    #[inline]
    pub fn raw(&self) -> RawTerm {
        self.term
    }
    pub fn root(&mut self) -> &mut RawTerm {
        &mut self.term
    }
    /// What a receive can know of the term without looking into it; see [`shape_of`].
    #[inline]
    pub fn shape(&self) -> u64 {
        self.shape
    }
    /// Words of the term that are not part of a process's heap.
    #[inline]
    pub fn words(&self) -> usize {
        self.words
    }
    pub fn take_token(&mut self) -> Option<OwnedTerm> {
        self.token.take().map(|b| *b)
    }
    pub fn is_from_process(&self) -> bool {
        self.from_process
    }
    /// Makes the term part of `heap`.
    /// # Safety
    /// `this` is live and not shared; the heap's owner frees the envelope with [`Envelope::free`].
    pub unsafe fn open(this: *mut Envelope, heap: &Heap) {
        // SAFETY: by the caller's word; the first fragment is the envelope's own.
        unsafe {
            let e = &mut *this;
            if e.words == 0 {
                return;
            }
            let f = Envelope::fragment(this);
            let next = (*f).next;
            // The one piece that holds the term: behind the envelope, or a fragment of its own.
            let (from, used) = if next.is_null() {
                (Fragment::data(f).add(HEAD), (*f).used - HEAD)
            } else if (*f).used == HEAD && (*next).next.is_null() {
                (Fragment::data(next), (*next).used)
            } else {
                (null_mut(), usize::MAX)
            };
            if used <= MOVED && heap.room() >= used {
                e.term = relocate(from, used, e.term, heap);
                sweep_all(core::mem::replace(&mut e.off_heap, null_mut()));
            } else {
                let off_heap = core::mem::replace(&mut e.off_heap, null_mut());
                heap.absorb(Heap::from_raw(f, off_heap, e.vheap, e.words + HEAD));
                e.in_heap = true;
            }
            e.words = 0;
        }
    }
    /// Moves an envelope whose memory is the heap's into memory of its own; the new place.
    /// # Safety
    /// As for `open`; the links of its neighbours are the caller's to mend.
    pub unsafe fn leave_heap(this: *mut Envelope) -> *mut Envelope {
        // SAFETY: by the caller's word; the old place is not read again.
        unsafe {
            if !(*this).in_heap {
                return this;
            }
            let e = Envelope::new(0);
            e.write(this.read());
            (*e).in_heap = false;
            e
        }
    }
    /// # Safety
    /// `this` is live and not used again.
    pub unsafe fn free(this: *mut Envelope) {
        // SAFETY: by the caller's word.
        unsafe {
            let e = this.read();
            if !e.in_heap {
                sweep_all(e.off_heap);
                Fragment::free_chain(Envelope::fragment(this));
            }
        }
    }
}

/// Arity of a tuple and its first element if that is immediate; an immediate itself; 0 for all else.
/// Equal terms have equal shapes.
#[inline]
pub fn shape_of(t: RawTerm) -> u64 {
    if !t.is_boxed() {
        return if t.is_immediate() { t.0 } else { 0 };
    }
    // SAFETY: a term that is sent is alive.
    unsafe {
        let p = t.ptr();
        if !RawTerm(*p).header_is(crate::term::Subtag::Tuple) {
            return 0;
        }
        let arity = RawTerm(*p).header_arity();
        let first = if arity == 0 { RawTerm::NIL } else { RawTerm(*p.add(1)) };
        tuple_shape(arity, first)
    }
}

/// The shape of a tuple of this arity with this first element.
#[inline]
pub fn tuple_shape(arity: usize, first: RawTerm) -> u64 {
    let first = if first.is_immediate() { first.0 } else { 1 };
    (arity as u64) << 56 | first & 0x00ff_ffff_ffff_ffff
}

/// A message that somebody owns.
pub struct Message(NonNull<Envelope>, PhantomData<Envelope>);

// SAFETY: the term only points into its own memory, into literals, or is immediate.
unsafe impl Send for Message {}

impl Message {
    /// A message of a term that has a heap of its own.
    pub fn new(owned: OwnedTerm) -> Message {
        let (heap, term) = owned.into_parts();
        let words = heap.fragment_words();
        let e = Envelope::new(0);
        // SAFETY: fresh and ours; it takes over what the heap holds.
        unsafe {
            (*e).shape = shape_of(term);
            (*e).term = term;
            (*e).words = words;
            (*e).vheap = heap.vheap_bytes();
            (*e).off_heap = heap.off_heap();
            heap.set_off_heap(null_mut());
            (*Envelope::fragment(e)).next = heap.take_fragments();
            Message(NonNull::new_unchecked(e), PhantomData)
        }
    }
    /// A message of a term that `f` builds, of about so many words.
    pub fn build(words: usize, f: impl for<'h> FnOnce(&'h Heap) -> Term<'h>) -> Message {
        let e = Envelope::new(words);
        // SAFETY: fresh and ours; it takes over what the heap holds.
        unsafe {
            let fragment = Envelope::fragment(e);
            let start = Fragment::data(fragment).add(HEAD);
            let heap = Heap::new();
            heap.set_area(start, start.add(words));
            let term = f(&heap).raw();
            let used = heap.top().offset_from_unsigned(start);
            (*fragment).used = HEAD + used;
            (*e).shape = shape_of(term);
            (*e).term = term;
            (*e).words = used + heap.fragment_words();
            (*e).vheap = heap.vheap_bytes();
            (*e).off_heap = heap.off_heap();
            heap.set_off_heap(null_mut());
            (*fragment).next = heap.take_fragments();
            Message(NonNull::new_unchecked(e), PhantomData)
        }
    }
    /// A message whose term is part of the heap of the process that it is for.
    /// # Safety
    /// It goes into that process's inner queue as one that was opened.
    pub unsafe fn of_own(term: RawTerm) -> Message {
        let e = Envelope::new(0);
        // SAFETY: fresh and ours.
        unsafe {
            (*e).shape = shape_of(term);
            (*e).term = term;
            Message(NonNull::new_unchecked(e), PhantomData)
        }
    }
    /// A message of a copy of the term; literals are shared.
    pub fn copy_of(term: Term<'_>) -> Message {
        let words = if term.is_immediate() { 0 } else { size_words_with(term, Literals::Share) };
        let e = Envelope::new(words);
        // SAFETY: fresh and ours; the copy takes exactly `words`.
        unsafe {
            let f = Envelope::fragment(e);
            let start = Fragment::data(f).add(HEAD);
            let heap = Heap::new();
            heap.set_area(start, start.add(words));
            let copy = heap.copy_of_size(term, words).raw();
            (*f).used = HEAD + words;
            (*e).shape = shape_of(copy);
            (*e).term = copy;
            (*e).words = words;
            (*e).vheap = heap.vheap_bytes();
            (*e).off_heap = heap.off_heap();
            heap.set_off_heap(null_mut());
            Message(NonNull::new_unchecked(e), PhantomData)
        }
    }
    /// With a token of sequential tracing.
    pub fn with_token(mut self, token: Option<OwnedTerm>) -> Message {
        // SAFETY: owned.
        unsafe { self.0.as_mut().token = token.map(Box::new) };
        self
    }
    /// Says who sent it: a number that the in-queue keeps for the receiver. `process`: a process of this node or another.
    #[inline]
    pub fn set_sender(&mut self, sender: u64, process: bool) {
        // SAFETY: owned. The link is free until the message is in an inner queue.
        unsafe {
            let e = self.0.as_mut();
            e.prev = core::ptr::without_provenance_mut(sender as usize);
            e.from_process = process;
        }
    }
    /// The number, while it is in no inner queue.
    pub fn sender(&self) -> u64 {
        // SAFETY: owned.
        unsafe { self.0.as_ref().prev.addr() as u64 }
    }
    pub fn has_token(&self) -> bool {
        // SAFETY: owned.
        unsafe { self.0.as_ref().token.is_some() }
    }
    pub fn token(&self) -> Option<&OwnedTerm> {
        // SAFETY: owned.
        unsafe { self.0.as_ref().token.as_deref() }
    }
    /// Memory that is the message's own: fragments, words of the first that are not terms, off-heap chain. `None`: it has become
    /// part of a heap.
    pub(crate) fn own_memory(&self) -> Option<(*mut Fragment, usize, *mut u64)> {
        // SAFETY: owned.
        let e = unsafe { self.0.as_ref() };
        let own = e.words != 0 && !e.in_heap;
        own.then(|| (Envelope::fragment(self.0.as_ptr()), HEAD, e.off_heap))
    }
    pub fn term(&self) -> Term<'_> {
        // SAFETY: alive as long as `self`.
        unsafe { self.0.as_ref().term.brand() }
    }
    pub fn words(&self) -> usize {
        // SAFETY: owned.
        unsafe { self.0.as_ref().words }
    }
    pub fn into_raw(self) -> *mut Envelope {
        let p = self.0.as_ptr();
        core::mem::forget(self);
        p
    }
    /// # Safety
    /// `p` came from `into_raw` and is not used otherwise.
    pub unsafe fn from_raw(p: *mut Envelope) -> Message {
        // SAFETY: by the caller's word.
        Message(unsafe { NonNull::new_unchecked(p) }, PhantomData)
    }
}

impl From<OwnedTerm> for Message {
    fn from(owned: OwnedTerm) -> Message {
        Message::new(owned)
    }
}

impl Drop for Message {
    fn drop(&mut self) {
        // SAFETY: owned, and gone after this.
        unsafe { Envelope::free(self.0.as_ptr()) }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn opened_by_moving_and_by_handing_over() {
        let source = Heap::new();
        let bin = source.binary(&[7; 100]);
        let t = source.tuple(&[Term::small(1), source.list(&[bin, Term::small(3)]), bin]);
        for room in [0, 40] {
            let mut area = vec![0u64; 40];
            let mut heap = Heap::new();
            let m =
                if room == 0 { Message::new(OwnedTerm::copy_of(t)) } else { Message::copy_of(t) };
            assert!(crate::compare::eq(m.term(), t));
            let e = m.into_raw();
            // SAFETY: the area is exclusively the heap's; the envelope is ours.
            unsafe {
                heap.set_area(area.as_mut_ptr(), area.as_mut_ptr().add(room));
                Envelope::open(e, &heap);
                assert_eq!(heap.has_fragments(), room == 0);
                assert_eq!((*e).words(), 0);
                assert!(crate::compare::eq((*e).raw().brand(), t));
                let e = Envelope::leave_heap(e);
                Envelope::free(e);
                heap.clear();
            }
        }
        drop(Message::copy_of(t));
    }
}
