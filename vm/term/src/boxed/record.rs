//! Native records (OTP 29) [erl_record.c].
//!
//! A record is `[hdr, definition, values…]`. Its definition is a tuple that users never see,
//! `{Module, Name, IsExported, Key…}`, with the keys in the order in which they were written down; the
//! values have the same order. Records of one definition normally share one literal. (The reference
//! keeps keys in the order of the atom table; that order shows in `erlang:display/1` and `phash2` only,
//! and is made there.)

use super::Tuple;
use crate::atom::Atom;
use crate::heap::Heap;
use crate::term::{RawTerm, Subtag, Term};

/// Elements of a definition before its keys.
const HEAD: usize = 3;

#[derive(Clone, Copy)]
pub struct Record<'p>(pub(crate) Term<'p>);

impl<'p> Record<'p> {
    pub fn term(self) -> Term<'p> {
        self.0
    }
    /// The tuple described in the module's head.
    #[inline]
    pub fn definition(self) -> Tuple<'p> {
        Tuple(self.0.elem(1))
    }
    pub fn module(self) -> Term<'p> {
        self.definition().get(0)
    }
    pub fn name(self) -> Term<'p> {
        self.definition().get(1)
    }
    pub fn exported(self) -> Term<'p> {
        self.definition().get(2)
    }
    pub fn is_exported(self) -> bool {
        self.exported().as_bool() == Some(true)
    }
    #[inline]
    pub fn keys(self) -> &'p [Term<'p>] {
        self.definition().elements().get(HEAD..).unwrap_or_default()
    }
    #[inline]
    pub fn values(self) -> &'p [Term<'p>] {
        let n = self.0.hdr().header_arity() - 1;
        // SAFETY: the payload of a live record is its definition and the values.
        unsafe { core::slice::from_raw_parts(self.0.raw().ptr().add(2) as *const Term<'p>, n) }
    }
    /// Whether it is the record of that module and name.
    #[inline]
    pub fn is(self, module: Atom, name: Atom) -> bool {
        self.module().is_atom_of(module) && self.name().is_atom_of(name)
    }
    /// The position of a key; looks from `from` on first.
    #[inline]
    pub fn position(self, key: Term<'_>, from: usize) -> Option<usize> {
        let keys = self.keys();
        let raw = key.raw();
        let from = from.min(keys.len());
        let found = keys[from..].iter().position(|k| k.raw() == raw);
        found.map(|i| i + from).or_else(|| keys[..from].iter().position(|k| k.raw() == raw))
    }
    pub fn get(self, key: Term<'_>) -> Option<Term<'p>> {
        self.values().get(self.position(key, 0)?).copied()
    }
    /// Keys and values in the order of the atom table.
    pub fn by_index(self) -> Vec<(Term<'p>, Term<'p>)> {
        let pairs = self.keys().iter().copied().zip(self.values().iter().copied());
        let mut pairs: Vec<_> = pairs.collect();
        pairs.sort_by_key(|p| p.0.raw().payload());
        pairs
    }
}

impl Heap {
    /// A definition; the keys are atoms, each but once.
    pub fn record_definition<'h>(
        &'h self,
        module: Atom,
        name: Atom,
        exported: bool,
        keys: &[Term<'h>],
    ) -> Tuple<'h> {
        let mut elements = vec![module.into(), name.into(), Term::bool(exported)];
        elements.extend_from_slice(keys);
        Tuple(self.tuple(&elements))
    }
    /// A record of this definition.
    /// # Panics
    /// If there are not as many values as keys.
    pub fn record<'h>(&'h self, definition: Tuple<'h>, values: &[Term<'h>]) -> Term<'h> {
        assert_eq!(definition.arity(), HEAD + values.len());
        let p = self.alloc_raw(values.len() + 2);
        // SAFETY: just allocated; terms are words.
        unsafe {
            *p = RawTerm::header(Subtag::Record, values.len() + 1).0;
            *p.add(1) = definition.term().raw().0;
            core::ptr::copy_nonoverlapping(values.as_ptr() as *const u64, p.add(2), values.len());
        }
        self.boxed(p)
    }
}
