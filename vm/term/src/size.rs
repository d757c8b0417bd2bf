//! Sizes of terms in words, as the reference counts them (`erts_debug:flat_size/1` and friends)
//! [copy.c: size_object, size_shared].
//!
//! These are the figures that Erlang code sees. What a copy really takes here is
//! [`size_words`](crate::copy::size_words): integers and bitstrings are stored differently.

use crate::literal;
use crate::personality;
use crate::term::{RawTerm, Subtag, Term, View};
use crate::work::Work;
use std::collections::HashSet;

/// Largest integer that takes no words in the reference.
const ERTS_SMALL_MAX: i64 = (1 << 59) - 1;

/// The size of a copy of the term: what is shared within it counts each time.
pub fn flat_size(term: Term<'_>) -> usize {
    walk(term, usize::MAX, |_| true).unwrap_or(0)
}

/// Whether more than `steps` terms are in the term. Takes no more steps than that.
pub fn is_larger(term: Term<'_>, steps: usize) -> bool {
    walk(term, steps, |_| true).is_none()
}

/// The size of the term where it is: what is shared within it counts once.
pub fn shared_size(term: Term<'_>) -> usize {
    let mut seen = HashSet::new();
    // Literals are nobody's: they do not count.
    let own = |t: RawTerm| !literal::contains(t.ptr() as u64) && seen.insert(t.0);
    walk(term, usize::MAX, own).unwrap_or(0)
}

/// `erts_debug:same/2`.
pub fn same(a: Term<'_>, b: Term<'_>) -> bool {
    a.is_same(b)
}

/// Adds up the objects for which `count` is true. `None`: that takes more than `most` steps.
#[inline]
fn walk(term: Term<'_>, most: usize, mut count: impl FnMut(RawTerm) -> bool) -> Option<usize> {
    let mut work: Work<&[Term<'_>]> = Work::new();
    let mut run: &[Term<'_>] = &[term];
    let mut sum = 0;
    let mut left = most;
    loop {
        while let [t, rest @ ..] = run {
            run = rest;
            left = left.checked_sub(1)?;
            if t.raw().is_small() {
                sum += integer_words(t.raw().small_value());
                continue;
            }
            if t.is_immediate() || !count(t.raw()) {
                continue;
            }
            let (words, inner) = object(*t);
            sum += words;
            if !rest.is_empty() {
                work.push(rest);
            }
            run = inner;
        }
        match work.pop() {
            Some(r) => run = r,
            None => return Some(sum),
        }
    }
}

fn integer_words(n: i64) -> usize {
    if (-ERTS_SMALL_MAX - 1..=ERTS_SMALL_MAX).contains(&n) { 0 } else { 2 }
}

/// Words of an object alone, and the terms in it.
fn object<'p>(t: Term<'p>) -> (usize, &'p [Term<'p>]) {
    // SAFETY: callers name payload words of a live object that are terms.
    let terms = |from: usize, n: usize| unsafe {
        core::slice::from_raw_parts(t.raw().ptr().add(from) as *const Term<'p>, n)
    };
    match t.view() {
        View::Cons(_) => (2, terms(0, 2)),
        // The empty tuple is one object for all.
        View::Tuple(x) if x.arity() == 0 => (0, &[]),
        View::Tuple(x) => (x.arity() + 1, x.elements()),
        // The reference's definition has a hash and, of several keys, their order.
        View::Record(x) => match x.values() {
            [] => (8, &[]),
            values => (3 * values.len() + 9, values),
        },
        View::Map(m) if m.is_flat() => (3 + m.size(), terms(2, m.size() + 1)),
        View::Map(_) => {
            let n = t.hdr().header_arity();
            (n + 1, terms(2, n - 1))
        }
        View::Fun(_) if t.is_box(Subtag::Fun) => {
            let n = t.hdr().header_arity() - 1;
            (4 + n, terms(2, n))
        }
        View::Fun(_) => (if personality::release() >= 26 { 2 } else { 5 }, &[]),
        View::Bits(b) if personality::release() >= 27 => {
            (if b.is_shared() { 8 } else { 2 + b.bit_len().div_ceil(64) }, &[])
        }
        View::Bits(b) => {
            let odd = b.raw_parts().1 % 8 + b.bit_len() % 8;
            let extra = odd.div_ceil(8);
            let sub = if odd > 0 { 5 } else { 0 };
            let bytes = if b.is_shared() { 6 } else { 2 + (b.byte_len() + extra).div_ceil(8) };
            (sub + bytes, &[])
        }
        View::Float(_) => (2, &[]),
        View::Big(b) => (1 + b.digits().len(), &[]),
        View::Ref(r) if r.is_local() => (if r.process().is_some() { 4 } else { 3 }, &[]),
        // Header, link and node, then the words and their count in pairs.
        View::Ref(r) => (3 + (r.words().1 + 1).div_ceil(2), &[]),
        View::Pid(_) | View::Port(_) => (4, &[]),
        // An inner node of a hash map.
        View::Other if t.is_box(Subtag::HashNode) => {
            let n = t.hdr().header_arity();
            (n + 1, terms(1, n))
        }
        View::Other | View::Small(_) | View::Atom(_) | View::Nil => (0, &[]),
    }
}

/// The kind of a term as the reference stores it (`erts_internal:term_type/1`).
pub fn type_name(t: Term<'_>) -> &'static str {
    match t.view() {
        View::Small(n) if integer_words(n) == 0 => "fixnum",
        View::Small(_) | View::Big(_) => "bignum",
        View::Float(_) => "hfloat",
        View::Atom(_) => "atom",
        View::Nil => "nil",
        View::Cons(_) => "list",
        View::Tuple(_) => "tuple",
        View::Record(_) => "record",
        View::Map(m) if m.is_flat() => "flatmap",
        View::Map(_) => "hashmap",
        View::Bits(b) => {
            let (owner, start) = b.owner();
            let whole = start == 0 && b.is_binary() && b.byte_len() == b.referenced_bytes();
            match (owner == t.raw(), whole) {
                // Only later releases have bitstrings of their own.
                _ if !b.is_binary() && personality::release() < 27 => "sub_binary",
                (true, _) => "heap_binary",
                (false, true) if b.is_shared() => "refc_binary",
                _ => "sub_binary",
            }
        }
        View::Fun(_) if t.is_box(Subtag::ExportFun) => "export",
        View::Fun(_) => "fun",
        View::Pid(p) if p.local().is_some() => "pid",
        View::Pid(_) => "external_pid",
        View::Port(p) if p.local().is_some() => "port",
        View::Port(_) => "external_port",
        View::Ref(r) if r.is_local() => "reference",
        View::Ref(_) => "external_reference",
        View::Other if t.is_box(Subtag::HashNode) => "hashmap_node",
        View::Other if t.is_box(Subtag::MatchContext) => "matchstate",
        View::Other => "catch",
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Heap;
    use crate::testing;

    #[test]
    fn flat_sizes_equal_those_of_the_reference() {
        let h = Heap::new();
        for line in testing::lines("hash.txt") {
            let t = testing::term(&h, &line[0]);
            assert_eq!(flat_size(t).to_string(), line[3], "{}", line[0]);
            assert!(shared_size(t) <= flat_size(t));
        }
    }

    #[test]
    fn shared_parts_count_once() {
        let h = Heap::new();
        let t = (0..60).fold(Term::nil(), |t, _| h.cons(t, t));
        assert_eq!(shared_size(t), 120);
    }
}
