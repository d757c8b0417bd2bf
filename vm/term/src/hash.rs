//! Hashes of terms [utils.c: make_hash2, make_hash, make_internal_hash].
//!
//! [`phash2`] and [`phash`] are what Erlang code sees: the same on every node and in every release.
//! [`internal`] serves hash maps and ETS tables. It agrees with `=:=` and uses every bit that counts
//! there, so that different terms can be told apart by another salt. Its mixing is that of OTP 25's
//! internal hash, because the order of large maps shows it: maps of integers, floats, strings and
//! binaries iterate here as they do there (atoms and pids only by chance, as between two runs there).
//! From OTP 27 on it is another one, [`wide`].
//!
//! All walk with an explicit stack.

use crate::atom::Atom;
use crate::boxed::{Bits, FunKind, Map, Tuple};
use crate::personality;
use crate::term::{RawTerm, Subtag, TAG_IMM, Term, View};
use crate::work::Work;
use core::hash::{Hash, Hasher};
use num::hash::{
    GOLDEN, block_hash, hash2_big, hash2_bits, hash2_f64, hash2_i64, hash2_word, hash2_words,
    hconst, phash_big, phash_bits, phash_f64, phash_i64, phash_step, phash_word,
};
use std::hash::DefaultHasher;
pub use wide::wide;

mod wide;

/// Work that is left. Numbers are parts of a hash to come back to.
#[derive(Clone, Copy)]
enum Todo<'p> {
    Term(Term<'p>),
    /// Elements still to come.
    Run(&'p [Term<'p>]),
    /// Keys and values of a flat map still to come.
    Pairs(&'p [Term<'p>], &'p [Term<'p>]),
    /// A key and its value are done.
    PairDone,
    /// A map is done: what was before it.
    MapDone {
        hash: u32,
        xor: u32,
    },
    /// The tail of an improper list follows.
    Tail,
    /// A tuple of this arity is done.
    TupleDone(u32),
    /// A cons chain is done.
    ListDone,
    /// The rest of a list.
    Rest(Term<'p>),
}

/// Whole bytes and the last partial byte, right-aligned, of a bitstring.
fn with_bytes<R>(b: Bits<'_>, f: impl FnOnce(&[u8], (u8, u32)) -> R) -> R {
    let odd = b.bit_len() % 8;
    let last = (b.number(b.bit_len() - odd, odd) as u8, odd as u32);
    f(&b.bytes(), last)
}

/// `erlang:phash2/1` before it is reduced to a range: all 32 bits.
pub fn phash2(term: Term<'_>) -> u32 {
    phash2_within(term, &mut usize::MAX.clone()).unwrap_or(0)
}

/// Bytes of a bitstring that count as a step.
const BYTES_PER_STEP: usize = 64;

/// As [`phash2`], unless it takes more steps than are left.
pub fn phash2_within(term: Term<'_>, left: &mut usize) -> Option<u32> {
    match term.view() {
        View::Atom(a) => return Some(a.hash_value()),
        View::Small(n) => return Some(hash2_i64(0, n)),
        _ => {}
    }
    let mut work: Work<Todo<'_>> = Work::new();
    let mut hash = 0u32;
    let mut xor = 0u32;
    let mut next = Some(term);
    loop {
        *left = left.checked_sub(1)?;
        if let Some(t) = next.take() {
            match t.view() {
                View::Cons(_) => {
                    let mut words = 0;
                    let rest = string_words(t, *left, &mut |n, count| {
                        _ = count;
                        words += 1;
                        hash = hash2_word(hash, n, hconst(4));
                    });
                    *left = left.checked_sub(words)?;
                    match rest.as_cons() {
                        Some(c) => {
                            work.push(Todo::Term(c.tail()));
                            next = Some(c.head());
                        }
                        None => next = Some(rest),
                    }
                    continue;
                }
                View::Tuple(x) => {
                    hash = hash2_word(hash, x.arity() as u32, hconst(9));
                    work.push(Todo::Run(x.elements()));
                }
                View::Record(x) => {
                    // Definitions hold atoms only: this goes no deeper.
                    let definition = phash2(x.definition().term());
                    let pairs = x.by_index();
                    *left = left.checked_sub(pairs.len())?;
                    hash = hash2_words(hash, pairs.len() as u32, definition, hconst(23));
                    pairs.into_iter().rev().for_each(|p| work.push(Todo::Term(p.1)));
                }
                View::Map(m) => {
                    hash = hash2_word(hash, m.size() as u32, hconst(16));
                    if m.size() > 0 {
                        work.push(Todo::MapDone { hash, xor });
                        (hash, xor) = (0, 0);
                        push_children(m, &mut work);
                    }
                }
                View::Fun(f) => match f.kind() {
                    FunKind::External(e) => {
                        hash = hash2_words(hash, e.arity, e.module.hash_value(), GOLDEN);
                        hash = hash2_word(hash, e.function.hash_value(), hconst(14));
                    }
                    FunKind::Local { entry, env, .. } => {
                        hash =
                            hash2_words(hash, env.len() as u32, entry.module.hash_value(), GOLDEN);
                        hash = hash2_words(hash, entry.index, entry.old_uniq, GOLDEN);
                        work.push(Todo::Run(env));
                    }
                },
                View::Bits(b) => {
                    *left = left.checked_sub(b.byte_len() / BYTES_PER_STEP)?;
                    hash = with_bytes(b, |bytes, last| hash2_bits(hash, bytes, last));
                }
                View::Big(b) => hash = hash2_big(hash, b.is_negative(), b.digits()),
                View::Small(n) => hash = hash2_i64(hash, n),
                View::Float(f) => hash = hash2_f64(hash, f),
                View::Ref(r) => hash = hash2_word(hash, r.words().0[0], hconst(7)),
                View::Pid(p) => {
                    hash = hash2_word(hash, p.data() as u32 & 0x0fff_ffff, hconst(5));
                }
                View::Port(p) => {
                    hash = hash2_words(hash, p.data() as u32, (p.data() >> 32) as u32, hconst(6));
                }
                View::Atom(a) if hash == 0 => hash = a.hash_value(),
                View::Atom(a) => hash = hash2_word(hash, a.hash_value(), hconst(3)),
                View::Nil if hash == 0 => hash = 3_468_870_702,
                // 2 is the number of nil among ERTS's types.
                View::Nil => hash = hash2_word(hash, 2, hconst(2)),
                // An inner node of a hash map, pushed by `push_children`.
                View::Other => push_slots(t, 1, &mut work),
            }
        }
        match work.pop() {
            None => return Some(hash),
            Some(Todo::Term(t)) => next = Some(t),
            Some(Todo::Run(mut run)) => {
                while let [first, rest @ ..] = run {
                    run = rest;
                    match scalar2(hash, *first) {
                        Some(h) => {
                            hash = h;
                            *left = left.checked_sub(1)?;
                        }
                        None => {
                            if !run.is_empty() {
                                work.push(Todo::Run(run));
                            }
                            next = Some(*first);
                            break;
                        }
                    }
                }
            }
            Some(Todo::Pairs([k, ks @ ..], [v, vs @ ..])) => {
                work.push(Todo::Pairs(ks, vs));
                // A pair begins with a hash of nothing.
                match scalar2(0, *k) {
                    Some(h) => {
                        *left = left.checked_sub(1)?;
                        match scalar2(h, *v) {
                            Some(h) => xor ^= h,
                            None => {
                                hash = h;
                                work.push(Todo::PairDone);
                                next = Some(*v);
                            }
                        }
                    }
                    None => push_pair(*k, *v, &mut work),
                }
            }
            Some(Todo::PairDone) => {
                xor ^= hash;
                hash = 0;
            }
            Some(Todo::MapDone { hash: h, xor: x }) => {
                hash = hash2_word(h, xor, hconst(19));
                xor = x;
            }
            Some(_) => {}
        }
    }
}

/// The hash with an atom or a small integer mixed in.
#[inline(always)]
fn scalar2(hash: u32, t: Term<'_>) -> Option<u32> {
    match (t.as_small(), t.as_atom()) {
        (Some(n), _) => Some(hash2_i64(hash, n)),
        (_, Some(a)) if hash == 0 => Some(a.hash_value()),
        (_, Some(a)) => Some(hash2_word(hash, a.hash_value(), hconst(3))),
        _ => None,
    }
}

fn push_pair<'p>(k: Term<'p>, v: Term<'p>, work: &mut Work<Todo<'p>>) {
    work.push(Todo::PairDone);
    work.push(Todo::Term(v));
    work.push(Todo::Term(k));
}

fn push_children<'p>(m: Map<'p>, work: &mut Work<Todo<'p>>) {
    match m.flat_parts() {
        Some((keys, values)) => work.push(Todo::Pairs(keys, values)),
        None => push_slots(m.term(), 2, work),
    }
}

/// The associations and inner nodes of a node of a hash map.
fn push_slots<'p>(node: Term<'p>, skip: usize, work: &mut Work<Todo<'p>>) {
    if !(node.is_box(Subtag::HashMap) || node.is_box(Subtag::HashNode)) {
        return;
    }
    for i in skip..=node.hdr().header_arity() {
        let slot = node.elem(i);
        match slot.as_cons() {
            Some(c) => push_pair(c.head(), c.tail(), work),
            None => work.push(Todo::Term(slot)),
        }
    }
}

/// Takes the leading bytes off a list, four at a time, and the last one to three; what is left.
/// `fold` gets the word and how many bytes it has (0 for four). Stops when it has been called `most` times and once more.
#[inline]
fn string_words<'p>(list: Term<'p>, most: usize, fold: &mut impl FnMut(u32, u32)) -> Term<'p> {
    let mut rest = list;
    let (mut word, mut count, mut calls) = (0u32, 0u32, 0usize);
    while let Some(c) = rest.as_cons() {
        let byte = c.head().raw().0;
        // A small integer below 256: no tag bits, and nothing above the low eleven bits.
        if byte & !(0xff << 3) != 0 {
            break;
        }
        word = word << 8 | (byte >> 3) as u32;
        if count == 3 {
            fold(word, 0);
            (word, count) = (0, 0);
            calls += 1;
            if calls > most {
                return rest;
            }
        } else {
            count += 1;
        }
        rest = c.tail();
    }
    if count > 0 {
        fold(word, count);
    }
    rest
}

/// Mixed into [`internal`], so that it differs from [`phash2`] of the same term.
const INTERNAL_SALT: u32 = 3_432_918_353;

/// The word by which ERTS knows an immediate, if it is one there.
#[inline(always)]
fn erts_immediate(t: RawTerm) -> Option<u64> {
    if t.is_small() {
        let n = t.small_value();
        // Small integers have 60 bits there; the others are big.
        return if n << 4 >> 4 == n { Some((n << 4) as u64 | 0xf) } else { None };
    }
    if t.tag() != TAG_IMM {
        return None;
    }
    Some(if t.is_atom() {
        t.payload() << 6 | 0xb
    } else if t.is_local_pid() {
        t.payload() << 4 | 0x3
    } else if t.is_local_port() {
        t.payload() << 4 | 0x7
    } else {
        0x3b
    })
}

/// Hash for tables of the VM's own: equal for terms that are `=:=`.
#[inline]
pub fn internal(term: Term<'_>, salt: u32) -> u32 {
    if personality::wide_hash() {
        return wide(term, u64::from(salt)) as u32;
    }
    match erts_immediate(term.raw()) {
        Some(w) => hash2_words(salt ^ INTERNAL_SALT, w as u32, (w >> 32) as u32, GOLDEN),
        None => internal_compound(term, salt),
    }
}

/// As [`internal`], with all bits that it has in the release that is served.
pub fn internal_bits(term: Term<'_>, salt: u64) -> u64 {
    if personality::wide_hash() { wide(term, salt) } else { u64::from(internal(term, salt as u32)) }
}

/// Hash of a key at this eighth level of a hash map. The first serves nearly always; since it can be
/// collided at will, whatever the salt, the others are another function (the second is the rest of
/// the first where that has 64 bits).
#[inline]
pub fn map_key(key: Term<'_>, rehash: u32) -> u32 {
    if rehash == 0 { internal(key, 0) } else { rehashed(key, rehash) }
}

#[cold]
fn rehashed(key: Term<'_>, rehash: u32) -> u32 {
    if rehash == 1 && personality::wide_hash() {
        return (wide(key, 0) >> 32) as u32;
    }
    strong(key, rehash) as u32
}

/// A hash that is hard to collide: SipHash over an unambiguous writing of the term. Equal for terms
/// that are `=:=`.
#[cold]
pub fn strong(term: Term<'_>, salt: u32) -> u64 {
    let mut to = DefaultHasher::new();
    to.write_u32(salt);
    let mut work: Work<Todo<'_>> = Work::new();
    let mut next = Some(term);
    loop {
        if let Some(t) = next.take() {
            match t.view() {
                View::Small(n) => (0u8, n).hash(&mut to),
                View::Big(b) => (1u8, b.is_negative(), b.digits()).hash(&mut to),
                View::Float(f) => {
                    let zero = f == 0.0 && !personality::signed_zero();
                    (2u8, if zero { 0 } else { f.to_bits() }).hash(&mut to);
                }
                View::Atom(a) => (3u8, a).hash(&mut to),
                View::Nil => 4u8.hash(&mut to),
                View::Cons(c) => {
                    5u8.hash(&mut to);
                    work.push(Todo::Term(c.tail()));
                    next = Some(c.head());
                    continue;
                }
                View::Tuple(x) => {
                    (6u8, x.arity()).hash(&mut to);
                    work.push(Todo::Run(x.elements()));
                }
                View::Record(x) => {
                    (15u8, x.values().len()).hash(&mut to);
                    work.push(Todo::Run(x.values()));
                    work.push(Todo::Term(x.definition().term()));
                }
                View::Map(m) => {
                    (7u8, m.size()).hash(&mut to);
                    push_children(m, &mut work);
                }
                View::Bits(b) => {
                    with_bytes(b, |bytes, last| (8u8, b.bit_len(), bytes, last).hash(&mut to));
                }
                View::Fun(f) => match f.kind() {
                    FunKind::External(e) => (9u8, e as *const _ as u64).hash(&mut to),
                    FunKind::Local { entry: e, env, .. } => {
                        (10u8, e.module, e.index, e.old_uniq, env.len()).hash(&mut to);
                        work.push(Todo::Run(env));
                    }
                },
                View::Pid(p) => {
                    (11u8, p.data(), p.node().map(|n| n as *const _ as u64)).hash(&mut to);
                }
                View::Port(p) => {
                    (12u8, p.data(), p.node().map(|n| n as *const _ as u64)).hash(&mut to);
                }
                View::Ref(r) => {
                    let node = r.node().map(|n| n as *const _ as u64);
                    (13u8, r.identity(), node).hash(&mut to);
                }
                View::Other => {
                    (14u8, t.hdr().header_bitmap()).hash(&mut to);
                    push_slots(t, 1, &mut work);
                }
            }
        }
        match work.pop() {
            None => return to.finish(),
            Some(Todo::Term(t)) => next = Some(t),
            Some(Todo::Run([first, rest @ ..])) => {
                work.push(Todo::Run(rest));
                next = Some(*first);
            }
            Some(Todo::Pairs([k, ks @ ..], [v, vs @ ..])) => {
                work.push(Todo::Pairs(ks, vs));
                work.push(Todo::Term(*v));
                next = Some(*k);
            }
            Some(_) => {}
        }
    }
}

fn internal_compound(term: Term<'_>, salt: u32) -> u32 {
    let hash = salt ^ INTERNAL_SALT;
    let Some(tuple) = term.as_tuple() else {
        return internal_walk(hash, Some(term), &[]);
    };
    // Most keys that are tuples hold immediates alone.
    let mut hash = hash2_word(hash, tuple.arity() as u32, hconst(9));
    let mut rest = tuple.elements();
    while let [first, more @ ..] = rest {
        let Some(w) = erts_immediate(first.raw()) else {
            return internal_walk(hash, None, rest);
        };
        hash = hash2_words(hash, w as u32, (w >> 32) as u32, GOLDEN);
        rest = more;
    }
    hash
}

/// Goes on from `hash` with a term and then with elements of a tuple.
fn internal_walk<'p>(mut hash: u32, mut next: Option<Term<'p>>, elements: &'p [Term<'p>]) -> u32 {
    let mut work: Work<Todo<'_>> = Work::new();
    work.push(Todo::Run(elements));
    loop {
        if let Some(t) = next.take() {
            if let Some(w) = erts_immediate(t.raw()) {
                hash = hash2_words(hash, w as u32, (w >> 32) as u32, GOLDEN);
            } else {
                match t.view() {
                    View::Cons(_) => {
                        let rest = string_words(t, usize::MAX, &mut |n, count| {
                            hash = match count {
                                0 => hash2_word(hash, n, hconst(4)),
                                _ => hash2_words(hash, n, count, hconst(22)),
                            };
                        });
                        match rest.as_cons() {
                            Some(c) => {
                                hash = mark(hash, 17);
                                work.push(Todo::Term(c.tail()));
                                if c.tail().as_cons().is_none() {
                                    work.push(Todo::Tail);
                                }
                                next = Some(c.head());
                            }
                            None => next = Some(rest),
                        }
                        continue;
                    }
                    View::Tuple(x) => {
                        hash = hash2_word(hash, x.arity() as u32, hconst(9));
                        work.push(Todo::Run(x.elements()));
                    }
                    View::Record(x) => {
                        hash = hash2_word(hash, x.values().len() as u32, hconst(23));
                        work.push(Todo::Run(x.values()));
                        work.push(Todo::Term(x.definition().term()));
                    }
                    View::Map(m) => {
                        hash = hash2_word(hash, m.size() as u32, hconst(16));
                        push_children(m, &mut work);
                    }
                    View::Fun(f) => match f.kind() {
                        FunKind::External(e) => {
                            hash = hash_address(hash, e as *const _ as u64, 14);
                        }
                        FunKind::Local { entry, env, .. } => {
                            hash = hash2_words(hash, env.len() as u32, entry.module.0, hconst(20));
                            hash = hash2_words(hash, entry.index, entry.old_uniq, hconst(21));
                            work.push(Todo::Run(env));
                        }
                    },
                    View::Bits(b) => {
                        hash = with_bytes(b, |bytes, last| hash2_bits(hash, bytes, last));
                    }
                    // Small here, big in ERTS.
                    View::Small(n) => hash = hash2_big(hash, n < 0, &[n.unsigned_abs()]),
                    View::Big(b) => hash = hash2_big(hash, b.is_negative(), b.digits()),
                    View::Float(f) => {
                        let zero = f == 0.0 && !personality::signed_zero();
                        let w = if zero { 0 } else { f.to_bits() };
                        hash = hash2_words(hash, w as u32, (w >> 32) as u32, hconst(12));
                    }
                    View::Ref(r) => {
                        if let Some(node) = r.node() {
                            hash = hash_address(hash, node as *const _ as u64, 7);
                        }
                        // Words beyond the third are zero in most references, and zero counts as
                        // missing for equality.
                        let [a, b, c, d, e] = r.identity();
                        hash = hash2_word(hash, a, hconst(7));
                        hash = hash2_words(hash, b, c, hconst(8));
                        if d | e != 0 {
                            hash = hash2_words(hash, d, e, hconst(9));
                        }
                    }
                    View::Pid(p) => {
                        if let Some(node) = p.node() {
                            hash = hash_address(hash, node as *const _ as u64, 5);
                        }
                        let d = p.data();
                        hash =
                            hash2_words(hash, d as u32 & 0x0fff_ffff, (d >> 28) as u32, hconst(5));
                    }
                    View::Port(p) => {
                        if let Some(node) = p.node() {
                            hash = hash_address(hash, node as *const _ as u64, 6);
                        }
                        let d = p.data();
                        hash = hash2_words(hash, d as u32, (d >> 32) as u32, hconst(6));
                    }
                    View::Other => push_slots(t, 1, &mut work),
                    View::Atom(_) | View::Nil => {}
                }
            }
        }
        match work.pop() {
            None => return hash,
            Some(Todo::Term(t)) => next = Some(t),
            Some(Todo::Run([])) => {}
            Some(Todo::Run([first, rest @ ..])) => {
                if !rest.is_empty() {
                    work.push(Todo::Run(rest));
                }
                next = Some(*first);
            }
            Some(Todo::Pairs([k, ks @ ..], [v, vs @ ..])) => {
                work.push(Todo::Pairs(ks, vs));
                work.push(Todo::Term(*v));
                next = Some(*k);
            }
            Some(Todo::Tail) => hash = mark(hash, 18),
            Some(_) => {}
        }
    }
}

/// A light mark of what kind of part follows [CONST_HASH].
#[inline]
fn mark(hash: u32, n: u32) -> u32 {
    let h = hash ^ hconst(n);
    h << 17 ^ h >> 15
}

fn hash_address(hash: u32, address: u64, n: u32) -> u32 {
    hash2_words(hash, address as u32, (address >> 32) as u32, hconst(n))
}

/// Hash of bytes as [`internal`] mixes them, for tables keyed by text.
pub fn bytes(bytes: &[u8], salt: u32) -> u32 {
    block_hash(bytes, salt)
}

/// `erlang:phash/2` before it is reduced to a range: all 32 bits.
pub fn phash(term: Term<'_>) -> u32 {
    phash_within(term, &mut usize::MAX.clone()).unwrap_or(0)
}

/// As [`phash`], unless it takes more steps than are left.
pub fn phash_within(term: Term<'_>, left: &mut usize) -> Option<u32> {
    let mut work: Work<Todo<'_>> = Work::new();
    let mut hash = 0u32;
    let mut next = Some(term);
    let atom = |hash: u32, a: Atom| phash_step(hash, 1, a.hash_value());
    loop {
        *left = left.checked_sub(1)?;
        if let Some(t) = next.take() {
            match t.view() {
                View::Nil => hash = phash_step(hash, 3, 1),
                View::Atom(a) => hash = atom(hash, a),
                View::Small(n) => hash = phash_i64(hash, n),
                View::Big(b) => hash = phash_big(hash, b.is_negative(), b.digits()),
                View::Float(f) => hash = phash_f64(hash, f),
                View::Bits(b) => {
                    *left = left.checked_sub(b.byte_len() / BYTES_PER_STEP)?;
                    hash = with_bytes(b, |bytes, last| phash_bits(hash, bytes, last));
                }
                View::Pid(p) => {
                    hash = phash_word(hash, p.data() as u32 & 0x0fff_ffff, 5);
                    hash = phash_step(hash, 6, 0);
                }
                View::Port(p) => {
                    let high = (p.data() >> 32) as u32;
                    if high != 0 {
                        hash = phash_word(hash, high, 11);
                    }
                    hash = phash_word(hash, p.data() as u32, 9);
                    hash = phash_step(hash, 10, 0);
                }
                View::Ref(r) => {
                    hash = phash_word(hash, r.words().0[0], 9);
                    hash = phash_step(hash, 10, 0);
                }
                View::Fun(f) => match f.kind() {
                    FunKind::External(e) => {
                        hash = phash_step(hash, 11, e.arity);
                        hash = atom(atom(hash, e.module), e.function);
                    }
                    FunKind::Local { entry, env, .. } => {
                        hash = phash_step(hash, 10, env.len() as u32);
                        hash = atom(hash, entry.module);
                        hash = phash_step(hash, 2, entry.index);
                        hash = phash_step(hash, 2, entry.old_uniq);
                        work.push(Todo::Run(env));
                    }
                },
                View::Map(_) => {
                    let sum = num::hash::PRIMES[14].wrapping_add(phash2_within(t, left)?);
                    hash = phash_step(hash, 13, sum);
                }
                View::Tuple(x) => {
                    work.push(Todo::TupleDone(x.arity() as u32));
                    work.push(Todo::Run(x.elements()));
                }
                View::Record(x) => {
                    work.push(Todo::TupleDone(x.values().len() as u32));
                    work.push(Todo::Run(x.values()));
                    work.push(Todo::Term(x.definition().term()));
                }
                View::Cons(_) => work.push(Todo::Rest(t)),
                View::Other => {}
            }
        }
        match work.pop() {
            None => return Some(hash),
            Some(Todo::Term(t)) => next = Some(t),
            Some(Todo::Run([])) => {}
            Some(Todo::Run([first, rest @ ..])) => {
                if !rest.is_empty() {
                    work.push(Todo::Run(rest));
                }
                next = Some(*first);
            }
            Some(Todo::TupleDone(arity)) => hash = phash_step(hash, 9, arity),
            Some(Todo::ListDone) => hash = phash_step(hash, 8, 0),
            Some(Todo::Rest(t)) => match t.as_cons() {
                Some(c) => {
                    let byte = c.head().as_small().filter(|n| (0..256).contains(n));
                    work.push(Todo::Rest(c.tail()));
                    match byte {
                        Some(n) => hash = phash_step(hash, 2, n as u32),
                        None => next = Some(c.head()),
                    }
                }
                None => {
                    work.push(Todo::ListDone);
                    next = Some(t);
                }
            },
            Some(_) => {}
        }
    }
}

/// Hash of the elements of a tuple alone, for tables keyed by several columns.
pub fn elements(tuple: Tuple<'_>, salt: u32) -> u32 {
    tuple.iter().fold(salt, |hash, t| internal(t, hash))
}

#[cfg(test)]
mod tests;
