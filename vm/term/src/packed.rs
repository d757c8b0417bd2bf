//! Tuples in one allocation each, for tables that hold many.
//!
//! `[words, first off-heap object, tuple, what it points to…]`: a copy in one piece, the tuple first.
//! Literals are copied too, so nothing in it depends on anything else.

use crate::boxed::Tuple;
use crate::copy::{Literals, relocate, size_words_with};
use crate::heap::{Heap, shared_binaries, sweep_all};
use crate::term::{RawTerm, Term};
use core::alloc::Layout;
use core::ptr::NonNull;
use std::alloc::{alloc, dealloc, handle_alloc_error};

/// Words before the tuple.
const HEADER: usize = 2;

pub struct PackedTuple(NonNull<u64>);

// SAFETY: owned memory that only points into itself and to counted objects.
unsafe impl Send for PackedTuple {}
// SAFETY: shared access only reads.
unsafe impl Sync for PackedTuple {}

fn layout(words: usize) -> Layout {
    Layout::array::<u64>(HEADER + words).expect("size of a term")
}

impl PackedTuple {
    pub fn new(tuple: Tuple<'_>) -> PackedTuple {
        let words = size_words_with(tuple.term(), Literals::Copy);
        let l = layout(words);
        // SAFETY: the block holds the header and `words` words, which the copy fills exactly; the
        // temporary heap gives up what it knows of them before it is dropped.
        unsafe {
            let p = alloc(l) as *mut u64;
            if p.is_null() {
                handle_alloc_error(l);
            }
            let data = p.add(HEADER);
            let heap = Heap::new();
            heap.set_area(data, data.add(words));
            let copy = heap.copy_with(tuple.term(), Literals::Copy);
            debug_assert!(copy.raw() == RawTerm::boxed_ptr(data) && !heap.has_fragments());
            *p = words as u64;
            *p.add(1) = heap.off_heap() as u64;
            heap.set_off_heap(core::ptr::null_mut());
            heap.set_area(core::ptr::null_mut(), core::ptr::null_mut());
            PackedTuple(NonNull::new_unchecked(p))
        }
    }
    #[inline]
    fn data(&self) -> *mut u64 {
        // SAFETY: the header precedes the data.
        unsafe { self.0.as_ptr().add(HEADER) }
    }
    #[inline]
    pub fn tuple(&self) -> Tuple<'_> {
        // SAFETY: the data starts with the tuple and lives as long as `self`.
        Tuple(unsafe { RawTerm::boxed_ptr(self.data()).brand() })
    }
    pub fn term(&self) -> Term<'_> {
        self.tuple().term()
    }
    /// Words of the tuple and all it points to.
    #[inline]
    pub fn words(&self) -> usize {
        // SAFETY: word 0 is the size.
        unsafe { *self.0.as_ptr() as usize }
    }
    /// A copy, by moving words and adjusting pointers.
    pub fn copy<'h>(&self, heap: &'h Heap) -> Term<'h> {
        // SAFETY: the words are whole objects that point among themselves or off-heap.
        unsafe { relocate(self.data(), self.words(), self.term().raw(), heap).brand() }
    }
    /// The shared binaries in it: identity, bytes, references to it.
    pub fn shared_binaries(&self) -> Vec<(u64, usize, usize)> {
        // SAFETY: word 1 is the chain of our own off-heap objects.
        shared_binaries(unsafe { *self.0.as_ptr().add(1) as *mut u64 })
    }
    /// Replaces element `i`, from 0, where old and new are immediate. `false`: they are not, or there
    /// is no such element.
    pub fn set_immediate(&mut self, i: usize, value: Term<'_>) -> bool {
        let fits = self.tuple().elements().get(i).is_some_and(|t| t.is_immediate());
        if fits && value.is_immediate() {
            // SAFETY: exclusive, and the tuple has more than `i` elements.
            unsafe { *self.data().add(1 + i) = value.raw().0 };
            return true;
        }
        false
    }
}

impl Drop for PackedTuple {
    fn drop(&mut self) {
        let p = self.0.as_ptr();
        // SAFETY: made by `new`, not used again.
        unsafe {
            sweep_all(*p.add(1) as *mut u64);
            dealloc(p as *mut u8, layout(*p as usize));
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::compare::eq_exact;

    #[test]
    fn copies_stand_alone() {
        let heap = Heap::new();
        let big = heap.binary(&[7; 200]);
        let inner = heap.list(&[big, heap.float(1.5), heap.map_from_pairs(&[(big, big)])]);
        let t = heap.tuple(&[Term::small(1), inner, heap.string("abc")]);
        let mut p = PackedTuple::new(t.as_tuple().expect("a tuple"));
        assert_eq!(p.words(), crate::copy::size_words(t));
        let other = Heap::new();
        let back = {
            let copy = p.copy(&other);
            assert!(eq_exact(copy, t) && eq_exact(p.term(), t));
            copy
        };
        assert!(p.set_immediate(0, Term::small(2)));
        assert!(!p.set_immediate(1, Term::small(2)) && !p.set_immediate(9, Term::small(2)));
        drop(p);
        assert!(eq_exact(back, t));
    }
}
