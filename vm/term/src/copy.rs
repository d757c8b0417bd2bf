//! Copying terms between heaps [copy.c].
//!
//! Two passes: [`size_words`] adds up what a copy takes, then the copy fills exactly that many words
//! in one piece. Both go depth first with an explicit stack, and deal with objects that hold no terms
//! where they meet them, so that most terms never touch the stack. (Scanning the copy as a copying
//! collector does needs no stack but measured twice as slow.)
//!
//! Literals are shared unless asked otherwise: whoever frees a literal area waits until nobody
//! refers to it. Sharing within a term is not kept, as in the reference. Part of a bitstring that
//! lies in a heap becomes a bitstring of its own; shared binaries are shared.

use crate::boxed::copy_bits;
use crate::heap::{Fragment, Heap, OwnedTerm, off_heap_next};
use crate::literal;
use crate::shared::{BinHandle, Magic};
use crate::term::{RAW_SUBTAGS, RawTerm, Subtag, TAG_BOXED, TAG_HEADER, TAG_LIST, Term};
use crate::work::Work;
use std::sync::Arc;

mod sharing;
pub use sharing::shared_size_words;

/// What to do with literals within a term.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Literals {
    Share,
    Copy,
}

/// The addresses that a copy leaves alone.
#[derive(Clone, Copy)]
struct Fixed {
    base: u64,
    len: u64,
    /// The area that is about to be freed is not left alone.
    leaving: (u64, u64),
}

impl Fixed {
    fn new(literals: Literals) -> Fixed {
        let (base, len) = literal::range();
        let len = if literals == Literals::Share { len } else { 0 };
        Fixed { base, len, leaving: literal::leaving() }
    }
    #[inline(always)]
    fn contains(self, t: RawTerm) -> bool {
        let p = t.ptr() as u64;
        p.wrapping_sub(self.base) < self.len && p.wrapping_sub(self.leaving.0) >= self.leaving.1
    }
}

/// Words that a copy of the term takes; literals take none.
pub fn size_words(term: Term<'_>) -> usize {
    // SAFETY: a branded term is alive.
    unsafe { raw_size(term.raw(), Fixed::new(Literals::Share)) }
}

/// Words that a copy of the term takes, by what happens to literals.
pub fn size_words_with(term: Term<'_>, literals: Literals) -> usize {
    // SAFETY: a branded term is alive.
    unsafe { raw_size(term.raw(), Fixed::new(literals)) }
}

/// Words of a bitstring object of its own.
fn heap_bits_words(bits: usize) -> usize {
    2 + bits.div_ceil(64)
}

/// A pointer to something that a copy takes along.
#[inline(always)]
fn moves(t: RawTerm, fixed: Fixed) -> bool {
    !t.is_immediate() && !fixed.contains(t)
}

/// Words of an object without terms in it; 0 for others.
/// # Safety
/// `t` is a live pointer.
#[inline(always)]
unsafe fn leaf_words(t: RawTerm) -> usize {
    if !t.is_boxed() {
        return 0;
    }
    // SAFETY: the caller's obligation.
    let header = unsafe { t.boxed_header() };
    if header.header_subtag() >= RAW_SUBTAGS { header.header_arity() + 1 } else { 0 }
}

/// A part of a bitstring in the heap that is to be copied alone: start and size in bits.
/// # Safety
/// `t` is a live boxed term with this header.
#[inline(always)]
unsafe fn heap_part(t: RawTerm, header: RawTerm, fixed: Fixed) -> Option<(usize, usize)> {
    if !header.header_is(Subtag::SubBits) {
        return None;
    }
    // SAFETY: the caller's obligation.
    unsafe {
        let owner = t.elem(1);
        if fixed.contains(owner) || !owner.is_boxed_of(Subtag::HeapBits) {
            return None;
        }
        Some((t.elem(2).small_value() as usize, t.elem(3).small_value() as usize))
    }
}

/// # Safety
/// `term` is alive.
unsafe fn raw_size(term: RawTerm, fixed: Fixed) -> usize {
    let mut work: Work<RawTerm> = Work::new();
    let mut sum = 0;
    let mut next = Some(term).filter(|t| moves(*t, fixed));
    // SAFETY: parts of live terms are alive.
    unsafe {
        while let Some(t) = next {
            next = None;
            if t.is_list() {
                let mut cell = t;
                loop {
                    sum += 2;
                    let (head, tail) = (cell.elem(0), cell.elem(1));
                    if moves(head, fixed) {
                        match leaf_words(head) {
                            0 => {
                                if moves(tail, fixed) {
                                    work.push(tail);
                                }
                                next = Some(head);
                                break;
                            }
                            n => sum += n,
                        }
                    }
                    if !moves(tail, fixed) {
                        break;
                    }
                    if !tail.is_list() {
                        next = Some(tail);
                        break;
                    }
                    cell = tail;
                }
            } else {
                let header = t.boxed_header();
                if let Some((_, bits)) = heap_part(t, header, fixed) {
                    sum += heap_bits_words(bits);
                } else {
                    let n = header.header_arity();
                    sum += n + 1;
                    if header.header_subtag() < RAW_SUBTAGS {
                        for i in 1..=n {
                            let part = t.elem(i);
                            if moves(part, fixed) {
                                match leaf_words(part) {
                                    0 => {
                                        if let Some(other) = next.replace(part) {
                                            work.push(other);
                                        }
                                    }
                                    n => sum += n,
                                }
                            }
                        }
                    }
                }
            }
            if next.is_none() {
                next = work.pop();
            }
        }
    }
    sum
}

/// One copy under way.
struct Copier<'a> {
    to: &'a Heap,
    fixed: Fixed,
    top: *mut u64,
}

/// A word of the copy that is still to be filled, and the pointer to the original of what belongs
/// there.
#[derive(Clone, Copy)]
struct Slot(*mut u64, RawTerm);

impl Copier<'_> {
    /// Copies everything below `term` to the top; the copy.
    /// # Safety
    /// `term` is a live pointer that is not fixed; there is room for its copy.
    unsafe fn copy(&mut self, term: RawTerm) -> RawTerm {
        let fixed = self.fixed;
        let mut work: Work<Slot> = Work::new();
        let mut root = term.0;
        let mut next = Some(Slot(&mut root, term));
        // SAFETY: the caller's obligation; slots are words of the copy that stay where they are.
        unsafe {
            while let Some(Slot(slot, t)) = next {
                next = None;
                if t.is_list() {
                    let (mut cell, mut q) = (t, self.top);
                    *slot = RawTerm::list_ptr(q).0;
                    loop {
                        self.top = q.add(2);
                        let (head, tail) = (cell.elem(0), cell.elem(1));
                        if !moves(head, fixed) {
                            *q = head.0;
                        } else {
                            match leaf_words(head) {
                                0 => {
                                    if moves(tail, fixed) {
                                        work.push(Slot(q.add(1), tail));
                                    } else {
                                        *q.add(1) = tail.0;
                                    }
                                    next = Some(Slot(q, head));
                                    break;
                                }
                                n => *q = self.leaf(head, n),
                            }
                        }
                        if !moves(tail, fixed) {
                            *q.add(1) = tail.0;
                            break;
                        }
                        if !tail.is_list() {
                            next = Some(Slot(q.add(1), tail));
                            break;
                        }
                        *q.add(1) = RawTerm::list_ptr(self.top).0;
                        (cell, q) = (tail, self.top);
                    }
                } else {
                    let header = t.boxed_header();
                    if header.header_subtag() >= RAW_SUBTAGS {
                        *slot = self.leaf(t, header.header_arity() + 1);
                    } else if let Some((start, bits)) = heap_part(t, header, fixed) {
                        *slot = self.part_of_heap_bits(t.elem(1), start, bits);
                    } else {
                        let (n, q) = (header.header_arity(), self.top);
                        self.top = q.add(n + 1);
                        *slot = RawTerm::boxed_ptr(q).0;
                        *q = header.0;
                        for i in 1..=n {
                            let part = t.elem(i);
                            if !moves(part, fixed) {
                                *q.add(i) = part.0;
                                continue;
                            }
                            match leaf_words(part) {
                                0 => {
                                    if let Some(other) = next.replace(Slot(q.add(i), part)) {
                                        work.push(other);
                                    }
                                }
                                n => *q.add(i) = self.leaf(part, n),
                            }
                        }
                    }
                }
                if next.is_none() {
                    next = work.pop();
                }
            }
        }
        RawTerm(root)
    }

    /// Copies an object of `n` words without terms in it.
    /// # Safety
    /// As `copy`.
    #[inline(always)]
    unsafe fn leaf(&mut self, t: RawTerm, n: usize) -> u64 {
        // SAFETY: the caller's obligation.
        unsafe {
            let (p, q) = (t.ptr(), self.top);
            if n <= 8 {
                for i in 0..n {
                    *q.add(i) = *p.add(i);
                }
            } else {
                core::ptr::copy_nonoverlapping(p, q, n);
            }
            self.top = q.add(n);
            let header = RawTerm(*q);
            if header.header_is(Subtag::BinRef) || header.header_is(Subtag::MagicRef) {
                hold(self.to, q);
            }
            RawTerm::boxed_ptr(q).0
        }
    }

    /// Copies these bits of heap bits.
    /// # Safety
    /// As `copy`.
    unsafe fn part_of_heap_bits(&mut self, owner: RawTerm, start: usize, bits: usize) -> u64 {
        // SAFETY: the caller's obligation.
        unsafe {
            let q = self.top;
            let n = heap_bits_words(bits);
            *q = RawTerm::header(Subtag::HeapBits, n - 1).0;
            *q.add(1) = bits as u64;
            core::ptr::write_bytes(q.add(2), 0, n - 2);
            copy_bits(owner.ptr().add(2) as *const u8, start, q.add(2) as *mut u8, 0, bits);
            self.top = q.add(n);
            RawTerm::boxed_ptr(q).0
        }
    }
}

/// Makes a copied off-heap object hold its own count and links it in.
/// # Safety
/// `q` is a fresh copy of a live `BinRef` or `MagicRef` in `to`.
pub(crate) unsafe fn hold(to: &Heap, q: *mut u64) {
    // SAFETY: the original keeps what it points to alive meanwhile.
    unsafe {
        if RawTerm(*q).header_is(Subtag::BinRef) {
            core::mem::forget(BinHandle::clone_raw(*q.add(1)));
            to.charge(BinHandle::capacity_of_raw(*q.add(1)));
        } else {
            Arc::increment_strong_count(*q.add(3) as *const Magic);
        }
    }
    to.link_off_heap(q);
}

/// Copies a term into `words` fresh words of `to`.
/// # Safety
/// `term` is alive, and its copy takes exactly `words` words.
unsafe fn copy_sized(term: RawTerm, words: usize, to: &Heap, fixed: Fixed) -> RawTerm {
    // Immediate or a literal.
    if words == 0 {
        return term;
    }
    let start = to.alloc_raw(words);
    // SAFETY: fresh memory of as many words as the copy takes.
    unsafe {
        let end = start.add(words);
        let mut c = Copier { to, fixed, top: start };
        let root = c.copy(term);
        debug_assert!(c.top == end, "a copy differs from its size");
        root
    }
}

impl Heap {
    /// A copy of a term of any heap. Literals are shared.
    pub fn copy<'h>(&'h self, term: Term<'_>) -> Term<'h> {
        self.copy_with(term, Literals::Share)
    }
    pub fn copy_with<'h>(&'h self, term: Term<'_>, literals: Literals) -> Term<'h> {
        if term.is_immediate() {
            // SAFETY: an immediate belongs to no heap.
            return unsafe { term.raw().brand() };
        }
        let fixed = Fixed::new(literals);
        // SAFETY: a branded term is alive; the copy belongs to this heap.
        unsafe {
            let words = raw_size(term.raw(), fixed);
            copy_sized(term.raw(), words, self, fixed).brand()
        }
    }
    /// As [`Heap::copy`], with [`size_words`] of the term at hand.
    /// # Safety
    /// `words` is its size.
    pub unsafe fn copy_of_size<'h>(&'h self, term: Term<'_>, words: usize) -> Term<'h> {
        if term.is_immediate() {
            // SAFETY: an immediate belongs to no heap.
            return unsafe { term.raw().brand() };
        }
        // SAFETY: a branded term is alive; the size by the caller's word.
        unsafe { copy_sized(term.raw(), words, self, Fixed::new(Literals::Share)).brand() }
    }
    /// A copy of a term that has a heap of its own. If that is one piece, as after
    /// [`OwnedTerm::copy_of`], the words are copied as they stand and only pointers adjusted.
    pub fn copy_owned<'h>(&'h self, owned: &OwnedTerm) -> Term<'h> {
        match owned.single_piece() {
            // SAFETY: the piece holds whole objects that point into it, to literals or off-heap.
            Some((from, words)) => unsafe {
                relocate(from, words, owned.term().raw(), self).brand()
            },
            None => self.copy(owned.term()),
        }
    }
}

/// Copies a piece of memory that holds a whole term; returns the term [copy_shallow].
/// # Safety
/// The `words` words at `from` are live whole objects, and pointers in them lead into the piece or to
/// literals; `term` is immediate, a literal, or points into the piece.
pub unsafe fn relocate(from: *const u64, words: usize, term: RawTerm, to: &Heap) -> RawTerm {
    if words == 0 {
        return term;
    }
    let start = to.alloc_raw(words);
    let delta = (start as u64).wrapping_sub(from as u64);
    let moved = |t: RawTerm| {
        let pointer = matches!(t.tag(), TAG_LIST | TAG_BOXED);
        if pointer && (t.ptr() as u64).wrapping_sub(from as u64) < (words * 8) as u64 {
            RawTerm(t.0.wrapping_add(delta))
        } else {
            t
        }
    };
    // SAFETY: fresh memory of as many words; headers tell raw data from terms.
    unsafe {
        core::ptr::copy_nonoverlapping(from, start, words);
        let end = start.add(words);
        let mut scan = start;
        while scan < end {
            let t = RawTerm(*scan);
            if t.tag() != TAG_HEADER {
                *scan = moved(t).0;
            } else if t.header_subtag() >= RAW_SUBTAGS {
                if t.header_is(Subtag::BinRef) || t.header_is(Subtag::MagicRef) {
                    hold(to, scan);
                }
                scan = scan.add(t.header_arity());
            }
            scan = scan.add(1);
        }
    }
    moved(term)
}

impl OwnedTerm {
    /// A copy in one piece of exactly its size. Literals are shared.
    ///
    /// For messages and what else a process will hold soon: it is asked for literals that are about to go. What may stay
    /// elsewhere for long is an [`OwnedTerm::whole_copy_of`].
    pub fn copy_of(term: Term<'_>) -> OwnedTerm {
        OwnedTerm::copy_with(term, Literals::Share)
    }
    /// The same with copies of literals: for what is kept where nobody looks for literals that are about to go.
    pub fn whole_copy_of(term: Term<'_>) -> OwnedTerm {
        OwnedTerm::copy_with(term, Literals::Copy)
    }
    pub fn copy_with(term: Term<'_>, literals: Literals) -> OwnedTerm {
        let fixed = Fixed::new(literals);
        let heap;
        // SAFETY: a branded term is alive; the copy points into its heap, to literals, or is
        // immediate.
        unsafe {
            let words = if term.is_immediate() { 0 } else { raw_size(term.raw(), fixed) };
            heap = Heap::with_capacity(words);
            let copy = copy_sized(term.raw(), words, &heap, fixed);
            OwnedTerm::from_parts(heap, copy)
        }
    }
    /// Start and size of the one fragment that holds the term and nothing else.
    fn single_piece(&self) -> Option<(*const u64, usize)> {
        let f: *mut Fragment = self.heap().fragments();
        if f.is_null() {
            return Some((core::ptr::null(), 0));
        }
        // SAFETY: a live fragment of a heap that nobody changes meanwhile.
        unsafe {
            if !(*f).next.is_null() {
                return None;
            }
            Some((Fragment::data(f), (*f).used))
        }
    }
}

impl Clone for OwnedTerm {
    fn clone(&self) -> OwnedTerm {
        let heap = Heap::with_capacity(self.words());
        let term = heap.copy_owned(self).raw();
        // SAFETY: the copy is in `heap`.
        unsafe { OwnedTerm::from_parts(heap, term) }
    }
}

/// Counts the off-heap objects of a heap, for tests and for `process_info(binary)`.
pub fn off_heap_objects(heap: &Heap) -> usize {
    let mut n = 0;
    let mut p = heap.off_heap();
    while !p.is_null() {
        n += 1;
        // SAFETY: a live chain.
        p = unsafe { *off_heap_next(p) };
    }
    n
}

#[cfg(test)]
mod tests;
