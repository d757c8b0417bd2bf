//! Keys of ordered tables: words that point into the objects beside them, in the order of `<`.
//!
//! A search may also use a *cut*: the place just before or after all keys that a pattern with a bound
//! beginning could match.

use crate::match_spec::is_wildcard;
use core::cell::Cell;
use core::cmp::Ordering;
use term::compare::compare;
use term::{RawTerm, Term, View};

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
pub enum Cut {
    /// Before everything that the pattern may match.
    Before,
    /// A term, not a pattern.
    Not,
    After,
}

/// A key in the tree, or what is searched for.
pub struct Key {
    /// Alive: part of the object beside it, or of the searcher's term.
    pub term: Cell<RawTerm>,
    pub cut: Cut,
}

impl Key {
    pub fn new(t: Term<'_>) -> Key {
        Key { term: Cell::new(t.raw()), cut: Cut::Not }
    }
    pub fn cut(pattern: Term<'_>, cut: Cut) -> Key {
        Key { term: Cell::new(pattern.raw()), cut }
    }
    pub fn term(&self) -> Term<'_> {
        // SAFETY: see the field.
        unsafe { self.term.get().brand() }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        match (self.cut, other.cut) {
            (Cut::Not, Cut::Not) => compare(self.term(), other.term()),
            (_, Cut::Not) => against_pattern(self.term(), other.term()).then(cut_order(self.cut)),
            (Cut::Not, _) => {
                against_pattern(other.term(), self.term()).then(cut_order(other.cut)).reverse()
            }
            // Both ends of one range.
            (a, b) => a.cmp(&b),
        }
    }
}

fn cut_order(cut: Cut) -> Ordering {
    if cut == Cut::Before { Ordering::Less } else { Ordering::Greater }
}

/// Order of a pattern and a key as far as the beginning of the pattern is bound; `Equal` where a
/// variable decides. (A map in a pattern matches more than itself, so it counts as a variable.)
fn against_pattern(pattern: Term<'_>, key: Term<'_>) -> Ordering {
    let mut work = vec![(pattern, key)];
    while let Some((p, k)) = work.pop() {
        match (p.view(), k.view()) {
            (View::Atom(_), _) if is_wildcard(p) => return Ordering::Equal,
            (View::Map(_), _) => return Ordering::Equal,
            (View::Tuple(a), View::Tuple(b)) => {
                let r = a.arity().cmp(&b.arity());
                if r.is_ne() {
                    return r;
                }
                work.extend(a.iter().zip(b.iter()).rev());
            }
            (View::Cons(a), View::Cons(b)) => {
                work.push((a.tail(), b.tail()));
                work.push((a.head(), b.head()));
            }
            _ => {
                let r = compare(p, k);
                if r.is_ne() {
                    return r;
                }
            }
        }
    }
    Ordering::Equal
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Key {}
