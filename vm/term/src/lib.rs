//! Words, heap objects, heaps and the collector.
//!
//! Everything that touches raw term memory lives in this crate, behind types that are safe to use:
//! a [`Term<'p>`](term::Term) is good for the turn `'p` in which it was read, and nothing moves or
//! frees memory during a turn (see `docs/adr/0001-turns-and-fragments.md`). The interpreter and the
//! collector work on [`RawTerm`](term::RawTerm), which carries no such promise.

pub mod append;
pub mod atom;
pub mod boxed;
pub mod compare;
pub mod copy;
pub mod envelope;
pub mod gc;
pub mod hash;
pub mod heap;
pub mod iolist;
pub mod literal;
pub mod node;
pub mod packed;
pub mod personality;
pub mod print;
pub mod quick;
pub mod shared;
pub mod size;
mod tally;
pub mod term;
#[cfg(test)]
mod testing;
pub mod visit;
mod work;
pub mod workshop;

pub use atom::Atom;
pub use boxed::{
    Big, Bits, Cons, Export, Fun, FunEntry, FunKind, Map, Pid, Port, Record, Reference, Tuple,
    raw_map_get, raw_map_get_hashed,
};
pub use heap::{Heap, OwnedTerm};
pub use term::{RawTerm, Term, View};
