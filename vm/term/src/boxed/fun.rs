//! Funs and the entries they call through.
//!
//! An *entry cell* is one atomic word that every call to a function reads: the address of its
//! prepared code. Hot loading, tracing and a compiled tier swap that word. Exports and fun entries
//! each start with theirs; both live for ever once made.

use crate::atom::Atom;
use crate::term::{Subtag, Term};
use core::sync::atomic::AtomicPtr;

/// `Module:Function/Arity` as callers see it.
#[repr(C)]
#[derive(Debug)]
pub struct Export {
    /// The code that a call runs now; never null.
    pub cell: AtomicPtr<u32>,
    pub module: Atom,
    pub function: Atom,
    pub arity: u32,
}

/// A `fun` expression of one version of a module.
#[repr(C)]
#[derive(Debug)]
pub struct FunEntry {
    /// The code that a call runs now; never null (unloaded: a stub that calls `error_handler`).
    pub cell: AtomicPtr<u32>,
    pub module: Atom,
    /// The generated function's name.
    pub function: Atom,
    /// Arity that callers see (free variables not counted).
    pub arity: u32,
    pub num_free: u32,
    pub index: u32,
    pub old_uniq: u32,
    /// MD5 of the module's version.
    pub uniq: [u8; 16],
}

#[derive(Clone, Copy)]
pub struct Fun<'p>(pub(crate) Term<'p>);

/// The two kinds of fun.
pub enum FunKind<'p> {
    Local { entry: &'static FunEntry, env: &'p [Term<'p>], creator: Term<'p> },
    External(&'static Export),
}

impl<'p> Fun<'p> {
    pub fn kind(self) -> FunKind<'p> {
        let w = self.0.word(1);
        if self.0.is_box(Subtag::ExportFun) {
            // SAFETY: word 1 of an external fun is an export, which lives for ever.
            FunKind::External(unsafe { &*(w as *const Export) })
        } else {
            let n = self.0.hdr().header_arity() - 2;
            // SAFETY: word 1 is a fun entry, which lives for ever; `n` terms follow the creator.
            unsafe {
                FunKind::Local {
                    entry: &*(w as *const FunEntry),
                    env: core::slice::from_raw_parts(self.0.raw().ptr().add(3) as *const Term, n),
                    creator: self.0.elem(2),
                }
            }
        }
    }
    pub fn arity(self) -> u32 {
        match self.kind() {
            FunKind::Local { entry, .. } => entry.arity,
            FunKind::External(e) => e.arity,
        }
    }
    pub fn term(self) -> Term<'p> {
        self.0
    }
}
