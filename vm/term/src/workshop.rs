//! Terms under construction that outlive a turn.
//!
//! A native that builds something large yields in between. What it has so far may not be on its
//! process's heap, which may be collected; it is in a workshop: a heap of fragments that nobody
//! collects, and the unfinished parts. In the end the heap is handed over as a whole, uncopied.

use crate::heap::{Heap, OwnedTerm};
use crate::term::{RawTerm, Term};

#[derive(Default)]
pub struct Workshop {
    heap: Heap,
    parts: Vec<RawTerm>,
}

impl Workshop {
    pub fn new() -> Workshop {
        Workshop::default()
    }
    /// Works for a while on the parts. What `work` leaves in the vector is there the next time. Only
    /// terms of this heap (and immediates) fit the lifetime.
    pub fn work<R>(&mut self, work: impl for<'h> FnOnce(&'h Heap, &mut Vec<Term<'h>>) -> R) -> R {
        let mut parts = brand(std::mem::take(&mut self.parts), &self.heap);
        let result = work(&self.heap, &mut parts);
        self.parts = unbrand(parts);
        result
    }
    /// The last part with all that it needs; nil if there is none.
    pub fn finish(self) -> OwnedTerm {
        let term = self.parts.last().copied().unwrap_or(RawTerm::NIL);
        // SAFETY: parts only ever held terms branded with this heap's lifetime, for every such
        // lifetime: so they point into this heap or to what lives for ever.
        unsafe { OwnedTerm::from_parts(self.heap, term) }
    }
}

/// The same words, as terms of a heap.
fn brand<'h>(raw: Vec<RawTerm>, _heap: &'h Heap) -> Vec<Term<'h>> {
    let mut raw = std::mem::ManuallyDrop::new(raw);
    // SAFETY: `Term` is a transparent `RawTerm`, so the allocation fits; the parts are alive as long
    // as the heap, which is borrowed for `'h` and never collected.
    unsafe { Vec::from_raw_parts(raw.as_mut_ptr().cast(), raw.len(), raw.capacity()) }
}

fn unbrand(terms: Vec<Term<'_>>) -> Vec<RawTerm> {
    let mut terms = std::mem::ManuallyDrop::new(terms);
    // SAFETY: `Term` is a transparent `RawTerm`, so the allocation fits.
    unsafe { Vec::from_raw_parts(terms.as_mut_ptr().cast(), terms.len(), terms.capacity()) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn parts_outlive_a_turn() {
        let mut shop = Workshop::new();
        let n = if cfg!(miri) { 50 } else { 1000 };
        for i in 0..n {
            shop.work(|heap, parts| {
                let tail = parts.pop().unwrap_or(Term::nil());
                parts.push(heap.cons(heap.float(f64::from(i)), tail));
            });
        }
        let list = shop.finish();
        let sum: f64 = list.term().iter_list().filter_map(Term::as_float).sum();
        assert_eq!(sum, f64::from(n * (n - 1) / 2));
    }
}
