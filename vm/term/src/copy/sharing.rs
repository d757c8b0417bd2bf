//! Copies that keep what is shared within a term [copy.c: size_shared, copy_shared_perform].
//!
//! An object that several others refer to is copied once. Both passes remember each object in a table, so this is
//! slower than an ordinary copy and for terms that are kept: persistent terms, `erts_debug:copy_shared/2`.

use super::{Fixed, Literals, heap_bits_words, heap_part, hold, leaf_words, moves};
use crate::boxed::copy_bits;
use crate::heap::Heap;
use crate::quick::QuickMap;
use crate::term::{RAW_SUBTAGS, RawTerm, Subtag, Term};
use crate::work::Work;

/// Words that a copy of the term takes when each object is copied once.
pub fn shared_size_words(term: Term<'_>, literals: Literals) -> usize {
    let fixed = Fixed::new(literals);
    let mut seen: QuickMap<u64, ()> = QuickMap::default();
    let mut work: Work<RawTerm> = Work::new();
    let mut sum = 0;
    work.push(term.raw());
    while let Some(t) = work.pop() {
        if !moves(t, fixed) || seen.insert(t.0, ()).is_some() {
            continue;
        }
        // SAFETY: parts of a live term are alive.
        unsafe {
            let (words, terms) = extent(t, fixed);
            sum += words;
            for i in terms.rev() {
                work.push(t.elem(i));
            }
        }
    }
    sum
}

/// Words of the object's copy, and which of its words are terms.
/// # Safety
/// `t` is a live pointer.
unsafe fn extent(t: RawTerm, fixed: Fixed) -> (usize, core::ops::RangeInclusive<usize>) {
    #[expect(clippy::reversed_empty_ranges, reason = "an object without terms")]
    const NONE: core::ops::RangeInclusive<usize> = 1..=0;
    if t.is_list() {
        return (2, 0..=1);
    }
    // SAFETY: the caller's obligation.
    unsafe {
        let header = t.boxed_header();
        if let Some((_, bits)) = heap_part(t, header, fixed) {
            return (heap_bits_words(bits), NONE);
        }
        let n = header.header_arity();
        (n + 1, if header.header_subtag() >= RAW_SUBTAGS { NONE } else { 1..=n })
    }
}

impl Heap {
    /// A copy of a term of any heap that keeps what is shared within it.
    pub fn copy_sharing<'h>(&'h self, term: Term<'_>, literals: Literals) -> Term<'h> {
        let fixed = Fixed::new(literals);
        let mut copies: QuickMap<u64, u64> = QuickMap::default();
        let mut work: Work<(*mut u64, RawTerm)> = Work::new();
        let mut root = term.raw().0;
        work.push((&mut root, term.raw()));
        while let Some((slot, t)) = work.pop() {
            // SAFETY: slots are words of the copy, which stay where they are; parts of a live term are alive.
            unsafe {
                if !moves(t, fixed) {
                    *slot = t.0;
                    continue;
                }
                if let Some(copy) = copies.get(&t.0) {
                    *slot = *copy;
                    continue;
                }
                let (words, terms) = extent(t, fixed);
                let q = self.alloc_raw(words);
                let copy = if t.is_list() { RawTerm::list_ptr(q) } else { RawTerm::boxed_ptr(q) };
                copies.insert(t.0, copy.0);
                *slot = copy.0;
                if t.is_list() {
                    work.push((q.add(1), t.elem(1)));
                    work.push((q, t.elem(0)));
                    continue;
                }
                let header = t.boxed_header();
                if let Some((start, bits)) = heap_part(t, header, fixed) {
                    *q = RawTerm::header(Subtag::HeapBits, words - 1).0;
                    *q.add(1) = bits as u64;
                    core::ptr::write_bytes(q.add(2), 0, words - 2);
                    let from = t.elem(1).ptr().add(2) as *const u8;
                    copy_bits(from, start, q.add(2) as *mut u8, 0, bits);
                    continue;
                }
                if leaf_words(t) > 0 {
                    core::ptr::copy_nonoverlapping(t.ptr() as *const u64, q, words);
                    if header.header_is(Subtag::BinRef) || header.header_is(Subtag::MagicRef) {
                        hold(self, q);
                    }
                    continue;
                }
                *q = header.0;
                for i in terms.rev() {
                    work.push((q.add(i), t.elem(i)));
                }
            }
        }
        // SAFETY: built on this heap, or fixed.
        unsafe { RawTerm(root).brand() }
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::copy::size_words;

    #[test]
    fn an_object_is_copied_once() {
        let h = Heap::new();
        let mut t = Term::nil();
        for _ in 0..10 {
            t = h.cons(t, t);
        }
        let other = Heap::new();
        assert_eq!(shared_size_words(t, Literals::Share), 20);
        assert_eq!(size_words(t), 2 * 1023);
        let copy = other.copy_sharing(t, Literals::Share);
        assert_eq!(shared_size_words(copy, Literals::Share), 20);
    }

    #[test]
    fn shared_binaries_keep_their_counts() {
        let h = Heap::new();
        let b = h.binary(&[7; 1000]);
        let t = h.tuple(&[b, b, h.binary(b"short"), h.float(1.5)]);
        let other = Heap::new();
        let copy = other.copy_sharing(t, Literals::Share);
        drop(h);
        let e = copy.as_tuple().map(|t| t.elements().to_vec()).unwrap_or_default();
        assert!(e[0].is_same(e[1]));
        assert_eq!(e[0].as_bits().map(|b| b.byte_len()), Some(1000));
        assert_eq!(e[3].as_float(), Some(1.5));
    }
}
