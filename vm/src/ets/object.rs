//! Objects: tuples with memory of their own.
//!
//! Those of compressed tables hold most elements as bytes ([`compressed`](super::compressed)): who reads one has it opened.

use super::compressed;
use term::packed::PackedTuple;
use term::{Heap, OwnedTerm, Term, Tuple};

/// A stored tuple. Nothing in it points elsewhere, so it may be freed at any time.
pub struct Object(PackedTuple<Spot>);

/// An object's place in its bucket; unused in trees.
#[derive(Default)]
pub struct Spot {
    pub next: Option<Object>,
    pub hash: u32,
    /// Pseudo-deleted.
    pub deleted: bool,
    /// Elements are bytes.
    pub compressed: bool,
}

/// An object as it was stored.
pub enum Opened<'o> {
    There(Term<'o>),
    Built(OwnedTerm),
}

impl Opened<'_> {
    #[inline]
    pub fn term(&self) -> Term<'_> {
        match self {
            Opened::There(t) => *t,
            Opened::Built(t) => t.term(),
        }
    }
}

impl Drop for Spot {
    fn drop(&mut self) {
        // A long bucket must not recurse.
        let mut next = self.next.take();
        while let Some(mut o) = next {
            next = o.spot_mut().next.take();
        }
    }
}

impl Object {
    pub fn new(tuple: Tuple<'_>) -> Object {
        Object(PackedTuple::new(Spot::default(), tuple))
    }
    /// One of a compressed table whose keys are there.
    pub fn compressed(tuple: Tuple<'_>, keypos: usize) -> Object {
        let heap = Heap::new();
        let mut elements = tuple.elements().to_vec();
        for (i, e) in elements.iter_mut().enumerate() {
            if i + 1 != keypos
                && let Some(packed) = compressed::pack(&heap, *e)
            {
                // SAFETY: read while both heaps are alive.
                *e = unsafe { packed.raw().brand() };
            }
        }
        let mut object = Object::of_elements(&elements);
        object.spot_mut().compressed = true;
        object
    }
    /// A tuple of copies of these elements; there must be one.
    fn of_elements(elements: &[Term<'_>]) -> Object {
        let heap = Heap::with_capacity(elements.len() + 1);
        // SAFETY: the words are only read to be copied, while both are alive.
        let elements: Vec<Term<'_>> = elements.iter().map(|t| unsafe { t.raw().brand() }).collect();
        let tuple = heap.tuple(&elements);
        Object(PackedTuple::new(Spot::default(), tuple.as_tuple().expect("just made")))
    }
    #[inline]
    pub fn spot(&self) -> &Spot {
        self.0.head()
    }
    #[inline]
    pub fn spot_mut(&mut self) -> &mut Spot {
        self.0.head_mut()
    }
    /// Puts another object in the place of this one.
    pub fn replace(&mut self, mut by: Object) {
        core::mem::swap(self.spot_mut(), by.spot_mut());
        *self = by;
    }
    /// The tuple to be read.
    #[inline]
    pub fn open(&self) -> Opened<'_> {
        if self.spot().compressed {
            return Opened::Built(OwnedTerm::build(|h| self.unpack(h)));
        }
        Opened::There(self.0.term())
    }
    #[cold]
    fn unpack<'h>(&self, heap: &'h Heap) -> Term<'h> {
        let elements: Vec<_> =
            self.elements().iter().map(|e| compressed::unpack(heap, *e)).collect();
        heap.tuple(&elements)
    }
    /// Whether it is equal to a tuple.
    #[inline]
    pub fn is(&self, tuple: Term<'_>) -> bool {
        term::compare::eq_exact(self.open().term(), tuple)
    }
    /// A copy of element `i`, from 0.
    #[inline]
    pub fn element<'h>(&self, i: usize, heap: &'h Heap) -> Option<Term<'h>> {
        let e = *self.elements().get(i)?;
        Some(match self.spot().compressed {
            true => compressed::unpack(heap, e),
            false => heap.copy(e),
        })
    }
    /// As they are stored.
    #[inline]
    fn elements(&self) -> &[Term<'_>] {
        self.0.tuple().elements()
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
        if self.spot().compressed {
            return self.unpack(heap);
        }
        self.0.copy(heap)
    }
    /// Words that count for the memory of the table.
    pub fn words(&self, keypos: usize) -> usize {
        if self.spot().compressed {
            return compressed::words(self.elements(), keypos);
        }
        self.0.words()
    }
    /// The shared binaries in it: identity, bytes, references to it.
    pub fn binaries(&self) -> Vec<(u64, usize, usize)> {
        self.0.shared_binaries()
    }
    pub fn visit(&self, v: &mut dyn term::visit::Visit) {
        self.0.visit(v);
    }
    /// Replaces element `i`, from 0.
    pub fn set(&mut self, i: usize, value: Term<'_>) {
        self.set_all(&[(i, value)]);
    }
    /// Replaces elements, numbered from 0, in this order.
    pub fn set_all(&mut self, pairs: &[(usize, Term<'_>)]) {
        // Nothing that was counted or allocated for an old element may be lost: only immediates are
        // replaced in place.
        let done = pairs.iter().take_while(|(i, value)| self.0.set_immediate(*i, *value)).count();
        let Some(rest) = pairs.get(done..).filter(|r| !r.is_empty()) else { return };
        let heap = Heap::new();
        let compressed = self.spot().compressed;
        let mut elements = self.elements().to_vec();
        for &(i, value) in rest {
            if let Some(e) = elements.get_mut(i) {
                let packed = if compressed { compressed::pack(&heap, value) } else { None };
                // SAFETY: read while all heaps are alive.
                *e = unsafe { packed.unwrap_or(value).raw().brand() };
            }
        }
        let mut new = Object::of_elements(&elements);
        new.spot_mut().compressed = compressed;
        self.replace(new);
    }
}
