//! Tuples in one allocation each, for tables that hold many.
//!
//! `[head, words, first off-heap object, tuple, what it points to…]`: a copy in one piece, the tuple first. The head is the
//! table's own, so that an object in its place is still one allocation.
//! Literals are copied too, so nothing in it depends on anything else.

use crate::boxed::Tuple;
use crate::copy::{Literals, relocate, size_words_with};
use crate::heap::{Heap, shared_binaries, sweep_all};
use crate::term::{RawTerm, Term};
use core::alloc::Layout;
use core::ptr::NonNull;
use std::alloc::{alloc, dealloc, handle_alloc_error};

/// What lies before the tuple.
#[repr(C)]
struct Header<H> {
    head: H,
    words: usize,
    off_heap: *mut u64,
}

pub struct PackedTuple<H>(NonNull<Header<H>>);

// SAFETY: owned memory that only points into itself and to counted objects.
unsafe impl<H: Send> Send for PackedTuple<H> {}
// SAFETY: shared access only reads.
unsafe impl<H: Sync> Sync for PackedTuple<H> {}

fn layout<H>(words: usize) -> Layout {
    let data = Layout::array::<u64>(words).expect("size of a term");
    Layout::new::<Header<H>>().extend(data).expect("size of a term").0
}

impl<H> PackedTuple<H> {
    const ALIGNED: () = assert!(align_of::<Header<H>>() == 8);

    pub fn new(head: H, tuple: Tuple<'_>) -> PackedTuple<H> {
        let () = Self::ALIGNED;
        let words = size_words_with(tuple.term(), Literals::Copy);
        let l = layout::<H>(words);
        // SAFETY: the block holds the header and `words` words, which the copy fills exactly; the
        // temporary heap gives up what it knows of them before it is dropped.
        unsafe {
            let p = alloc(l) as *mut Header<H>;
            if p.is_null() {
                handle_alloc_error(l);
            }
            let data = p.add(1) as *mut u64;
            let heap = Heap::new();
            heap.set_area(data, data.add(words));
            let copy = heap.copy_with(tuple.term(), Literals::Copy);
            debug_assert!(copy.raw() == RawTerm::boxed_ptr(data) && !heap.has_fragments());
            p.write(Header { head, words, off_heap: heap.off_heap() });
            heap.set_off_heap(core::ptr::null_mut());
            heap.set_area(core::ptr::null_mut(), core::ptr::null_mut());
            PackedTuple(NonNull::new_unchecked(p))
        }
    }
    #[inline]
    fn data(&self) -> *mut u64 {
        // SAFETY: the header precedes the data.
        unsafe { self.0.as_ptr().add(1) as *mut u64 }
    }
    #[inline]
    fn header(&self) -> &Header<H> {
        // SAFETY: written by `new`.
        unsafe { self.0.as_ref() }
    }
    #[inline]
    pub fn head(&self) -> &H {
        &self.header().head
    }
    #[inline]
    pub fn head_mut(&mut self) -> &mut H {
        // SAFETY: written by `new`, and exclusive.
        unsafe { &mut (*self.0.as_ptr()).head }
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
        self.header().words
    }
    /// A copy, by moving words and adjusting pointers.
    pub fn copy<'h>(&self, heap: &'h Heap) -> Term<'h> {
        // SAFETY: the words are whole objects that point among themselves or off-heap.
        unsafe { relocate(self.data(), self.words(), self.term().raw(), heap).brand() }
    }
    /// Its words, how many, and its off-heap chain.
    pub(crate) fn memory(&self) -> (*const u64, usize, *mut u64) {
        (self.data(), self.words(), self.header().off_heap)
    }
    /// The shared binaries in it: identity, bytes, references to it.
    pub fn shared_binaries(&self) -> Vec<(u64, usize, usize)> {
        shared_binaries(self.header().off_heap)
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

impl<H> Drop for PackedTuple<H> {
    fn drop(&mut self) {
        let p = self.0.as_ptr();
        // SAFETY: made by `new`, not used again.
        unsafe {
            let words = (*p).words;
            sweep_all((*p).off_heap);
            core::ptr::drop_in_place(&raw mut (*p).head);
            dealloc(p as *mut u8, layout::<H>(words));
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
        let mut p = PackedTuple::new((), t.as_tuple().expect("a tuple"));
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
