//! Typed views of heap objects. Each is a term whose kind was checked once.

mod bits;
mod fun;
mod map;
mod number;
mod pid;
mod record;

pub use bits::{Bits, copy_bits};
pub use fun::{Export, Fun, FunEntry, FunKind};
pub use map::{FLAT_MAX, Map, MapIter, key_hash, raw_map_get, raw_map_get_hashed};
pub use number::Big;
pub use pid::{MAX_REF_WORDS, Pid, Port, Reference, pid_data, pid_number, pid_serial};
pub use record::Record;

use crate::term::Term;

/// A cons cell.
#[derive(Clone, Copy)]
pub struct Cons<'p>(pub(crate) Term<'p>);

impl<'p> Cons<'p> {
    #[inline(always)]
    pub fn head(self) -> Term<'p> {
        self.0.elem(0)
    }
    #[inline(always)]
    pub fn tail(self) -> Term<'p> {
        self.0.elem(1)
    }
    #[inline(always)]
    pub fn term(self) -> Term<'p> {
        self.0
    }
}

/// A tuple.
#[derive(Clone, Copy)]
pub struct Tuple<'p>(pub(crate) Term<'p>);

impl<'p> Tuple<'p> {
    #[inline(always)]
    pub fn arity(self) -> usize {
        self.0.hdr().header_arity()
    }
    /// Element `i`, counted from 0.
    /// # Panics
    /// If `i` is not below the arity.
    #[inline(always)]
    pub fn get(self, i: usize) -> Term<'p> {
        assert!(i < self.arity());
        self.0.elem(1 + i)
    }
    #[inline]
    pub fn elements(self) -> &'p [Term<'p>] {
        // SAFETY: the payload of a live tuple is `arity` terms, alive for `'p`.
        unsafe {
            core::slice::from_raw_parts(self.0.raw().ptr().add(1) as *const Term<'p>, self.arity())
        }
    }
    pub fn iter(self) -> core::iter::Copied<core::slice::Iter<'p, Term<'p>>> {
        self.elements().iter().copied()
    }
    #[inline(always)]
    pub fn term(self) -> Term<'p> {
        self.0
    }
}
