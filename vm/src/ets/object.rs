//! Objects: tuples with memory of their own.

use term::copy::Literals;
use term::{Heap, OwnedTerm, Term, Tuple};

/// A stored tuple. Nothing in it points elsewhere, so it may be freed at any time.
pub struct Object(OwnedTerm);

impl Object {
    pub fn new(tuple: Tuple<'_>) -> Object {
        Object(OwnedTerm::copy_with(tuple.term(), Literals::Copy))
    }
    /// A tuple of copies of these elements.
    pub fn of_elements(elements: &[Term<'_>]) -> Object {
        let tuple = OwnedTerm::build(|heap| {
            let copies: Vec<Term<'_>> = elements.iter().map(|&t| heap.copy(t)).collect();
            heap.tuple(&copies)
        });
        // Once more, into one piece of the right size.
        Object(OwnedTerm::copy_with(tuple.term(), Literals::Copy))
    }
    #[inline]
    pub fn term(&self) -> Term<'_> {
        self.0.term()
    }
    #[inline]
    pub fn elements(&self) -> &[Term<'_>] {
        self.term().as_tuple().map_or(&[], |t| t.elements())
    }
    pub fn arity(&self) -> usize {
        self.elements().len()
    }
    /// The key, at `keypos` from 1. Objects are checked to have one before they are stored.
    #[inline]
    pub fn key(&self, keypos: usize) -> Term<'_> {
        self.elements().get(keypos - 1).copied().unwrap_or(Term::NIL)
    }
    #[inline]
    pub fn copy<'h>(&self, heap: &'h Heap) -> Term<'h> {
        heap.copy_owned(&self.0)
    }
    pub fn words(&self) -> usize {
        self.0.words()
    }
    /// Replaces element `i`, from 0.
    pub fn set(&mut self, i: usize, value: Term<'_>) {
        self.set_all(&[(i, value)]);
    }
    /// Replaces elements, numbered from 0, in this order.
    pub fn set_all(&mut self, pairs: &[(usize, Term<'_>)]) {
        let old = self.elements();
        let in_place = |&(i, value): &(usize, Term<'_>)| {
            value.is_immediate() && old.get(i).is_some_and(|t| t.is_immediate())
        };
        if pairs.iter().all(in_place) {
            let tuple = self.term().raw();
            for &(i, value) in pairs {
                // SAFETY: the object is ours alone and exclusive, and has more than `i` elements.
                // Nothing that was counted or allocated for the old element is lost.
                unsafe { *tuple.ptr().add(1 + i) = value.raw().0 };
            }
            return;
        }
        let mut elements = old.to_vec();
        for &(i, value) in pairs {
            if let Some(e) = elements.get_mut(i) {
                *e = value;
            }
        }
        *self = Object::of_elements(&elements);
    }
}
