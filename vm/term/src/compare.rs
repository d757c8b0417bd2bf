//! Equality and order of terms [utils.c: eq, erts_cmp_compound].
//!
//! Nothing here recurses: what is still to be compared stands on an explicit stack, as runs of words
//! (the elements of a tuple, the two words of a cons cell, the values of a map).
//!
//! Two orders exist. The *arithmetic* one (`==`, `<`) compares integers and floats by value. The
//! *exact* one (`=:=`, keys of maps and of ordered ETS tables) puts every integer before every float.
//! Keys of maps are always compared exactly, even within an arithmetic comparison.
//!
//! Hash maps of equal size are compared by their smallest key that differs or has differing values.
//! It is found by looking each key up in the other map and keeping the smallest of the candidates,
//! one comparison at a time on the same stack; hash order plays no part in the result.

mod numbers;

use crate::atom::Atom;
use crate::boxed::{Bits, Fun, FunKind, Map, Pid, Port, Record, Reference};
use crate::node::{self, Node};
use crate::personality;
use crate::term::{RawTerm, Subtag, TAG_BOXED, TAG_LIST, Term, View};
use crate::work::Work;
use core::cmp::Ordering;
use numbers::{compare_floats, compare_numbers};

pub use numbers::compare_i64_f64;

/// `=:=`.
#[inline(always)]
pub fn eq_exact(a: Term<'_>, b: Term<'_>) -> bool {
    // SAFETY: branded terms are alive.
    unsafe { raw_eq(a.raw(), b.raw()) }
}

/// `==`.
#[inline(always)]
pub fn eq(a: Term<'_>, b: Term<'_>) -> bool {
    // SAFETY: branded terms are alive.
    unsafe { raw_eq_arith(a.raw(), b.raw()) }
}

/// The order of `<` and `lists:sort/1`.
#[inline(always)]
pub fn compare(a: Term<'_>, b: Term<'_>) -> Ordering {
    // SAFETY: branded terms are alive.
    unsafe { raw_compare(a.raw(), b.raw()) }
}

/// A total order that agrees with `=:=`: integers stand before floats.
#[inline(always)]
pub fn compare_exact(a: Term<'_>, b: Term<'_>) -> Ordering {
    // SAFETY: branded terms are alive.
    unsafe { raw_compare_exact(a.raw(), b.raw()) }
}

/// The order in which a flat map keeps its keys [erts_cmp_flatmap_keys].
#[inline]
pub fn compare_map_keys(a: Term<'_>, b: Term<'_>) -> Ordering {
    match (a.as_atom(), b.as_atom()) {
        (Some(x), Some(y)) if personality::atom_keys_by_index() => x.0.cmp(&y.0),
        _ => compare_exact(a, b),
    }
}

/// `=:=`.
/// # Safety
/// Both terms are alive.
#[inline(always)]
pub unsafe fn raw_eq(a: RawTerm, b: RawTerm) -> bool {
    // Immediates are equal only as words; so are pointers of different kinds.
    a.0 == b.0
        || (a.tag() == b.tag()
            && !a.is_immediate()
            // SAFETY: the caller's obligation.
            && unsafe { eq_flat::<2>(a, b) })
}

/// Most terms are told apart, or found equal, without a stack of what is still to be compared: nested ones, but for
/// last elements and tails, up to `DEPTH` levels. Both have the same tag and are not immediate.
/// # Safety
/// Both terms are alive.
unsafe fn eq_flat<const DEPTH: usize>(mut a: RawTerm, mut b: RawTerm) -> bool {
    loop {
        let (p, q, mut n) = if a.is_list() {
            (a.ptr(), b.ptr(), 2)
        } else {
            // SAFETY: parts of live terms are alive.
            let (ha, hb) = unsafe { (a.boxed_header(), b.boxed_header()) };
            if ha.header_subtag() != TUPLE || hb.header_subtag() != TUPLE {
                // SAFETY: the caller's obligation.
                return unsafe { eq_compound(a, b) };
            }
            if ha != hb {
                return false;
            }
            (a.ptr().wrapping_add(1), b.ptr().wrapping_add(1), ha.header_arity())
        };
        let (mut p, mut q) = (p as *const RawTerm, q as *const RawTerm);
        loop {
            if n == 0 {
                return true;
            }
            // SAFETY: within the tuple or cell.
            let (x, y) = unsafe { (*p, *q) };
            n -= 1;
            (p, q) = (p.wrapping_add(1), q.wrapping_add(1));
            if x == y {
                continue;
            }
            if x.tag() != y.tag() || x.is_immediate() {
                return false;
            }
            if n == 0 {
                (a, b) = (x, y);
                break;
            }
            // SAFETY: parts of live terms are alive.
            let same = unsafe {
                match DEPTH {
                    2 => eq_flat::<1>(x, y),
                    1 => eq_flat::<0>(x, y),
                    _ => eq_compound(x, y),
                }
            };
            if !same {
                return false;
            }
        }
    }
}

/// `==`.
/// # Safety
/// Both terms are alive.
#[inline(always)]
pub unsafe fn raw_eq_arith(a: RawTerm, b: RawTerm) -> bool {
    // Of two different immediates none is equal to the other.
    a.0 == b.0
        || (!(a.is_immediate() && b.is_immediate())
            // SAFETY: the caller's obligation.
            && unsafe { compare_compound::<true>(a, b, false) } == Ordering::Equal)
}

/// The arithmetic order.
/// # Safety
/// Both terms are alive.
#[inline(always)]
pub unsafe fn raw_compare(a: RawTerm, b: RawTerm) -> Ordering {
    if a.is_small() && b.is_small() {
        return (a.0 as i64).cmp(&(b.0 as i64));
    }
    if a.0 == b.0 {
        return Ordering::Equal;
    }
    // SAFETY: the caller's obligation.
    unsafe { compare_flat::<2>(a, b, false) }
}

/// The exact order.
/// # Safety
/// Both terms are alive.
#[inline(always)]
pub unsafe fn raw_compare_exact(a: RawTerm, b: RawTerm) -> Ordering {
    if a.is_small() && b.is_small() {
        return (a.0 as i64).cmp(&(b.0 as i64));
    }
    if a.0 == b.0 {
        return Ordering::Equal;
    }
    // SAFETY: the caller's obligation.
    unsafe { compare_flat::<2>(a, b, true) }
}

/// As `eq_flat`, for the order of two different words.
/// # Safety
/// Both terms are alive.
unsafe fn compare_flat<const DEPTH: usize>(
    mut a: RawTerm,
    mut b: RawTerm,
    exact: bool,
) -> Ordering {
    loop {
        let (p, q, mut n) = if a.is_list() && b.is_list() {
            (a.ptr(), b.ptr(), 2)
        } else if a.is_atom() && b.is_atom() {
            return compare_atoms(Atom(a.payload() as u32), Atom(b.payload() as u32));
        // SAFETY: parts of live terms are alive.
        } else if unsafe { a.is_boxed_of(Subtag::Tuple) && b.is_boxed_of(Subtag::Tuple) } {
            // SAFETY: both are tuples.
            let (ha, hb) = unsafe { (a.boxed_header(), b.boxed_header()) };
            if ha != hb {
                return ha.header_arity().cmp(&hb.header_arity());
            }
            (a.ptr().wrapping_add(1), b.ptr().wrapping_add(1), ha.header_arity())
        } else {
            // SAFETY: the caller's obligation.
            return unsafe { compare_compound::<false>(a, b, exact) };
        };
        let (mut p, mut q) = (p as *const RawTerm, q as *const RawTerm);
        loop {
            if n == 0 {
                return Ordering::Equal;
            }
            // SAFETY: within the tuple or cell.
            let (x, y) = unsafe { (*p, *q) };
            n -= 1;
            (p, q) = (p.wrapping_add(1), q.wrapping_add(1));
            if x == y {
                continue;
            }
            if x.is_small() && y.is_small() {
                return (x.0 as i64).cmp(&(y.0 as i64));
            }
            if n == 0 {
                (a, b) = (x, y);
                break;
            }
            // SAFETY: parts of live terms are alive.
            let order = unsafe {
                match DEPTH {
                    2 => compare_flat::<1>(x, y, exact),
                    1 => compare_flat::<0>(x, y, exact),
                    _ => compare_compound::<false>(x, y, exact),
                }
            };
            if order != Ordering::Equal {
                return order;
            }
        }
    }
}

/// Words still to be compared pairwise.
#[derive(Clone, Copy)]
struct Run {
    a: *const RawTerm,
    b: *const RawTerm,
    n: usize,
}

const TUPLE: u64 = Subtag::Tuple as u64;
const FUN: u64 = Subtag::Fun as u64;
const EXPORT_FUN: u64 = Subtag::ExportFun as u64;
const FLAT_MAP: u64 = Subtag::FlatMap as u64;
const HASH_MAP: u64 = Subtag::HashMap as u64;
const HASH_NODE: u64 = Subtag::HashNode as u64;
const SUB_BITS: u64 = Subtag::SubBits as u64;
const RECORD: u64 = Subtag::Record as u64;
const FLOAT: u64 = Subtag::Float as u64;
const REF: u64 = Subtag::Ref as u64;
const POS_BIG: u64 = Subtag::PosBig as u64;
const NEG_BIG: u64 = Subtag::NegBig as u64;
const HEAP_BITS: u64 = Subtag::HeapBits as u64;

/// # Safety
/// Both terms are alive.
unsafe fn eq_compound(a: RawTerm, b: RawTerm) -> bool {
    let mut work: Work<Run> = Work::new();
    let mut run = Run { a: &a, b: &b, n: 1 };
    loop {
        while run.n > 0 {
            // SAFETY: a run covers live words.
            let (x, y) = unsafe { (*run.a, *run.b) };
            run.n -= 1;
            // SAFETY: at most one past the end of the run.
            (run.a, run.b) = unsafe { (run.a.add(1), run.b.add(1)) };
            if x == y {
                continue;
            }
            if x.tag() != y.tag() {
                return false;
            }
            let (skip, n) = match x.tag() {
                TAG_LIST => (0, 2),
                TAG_BOXED => {
                    // SAFETY: parts of live terms are alive.
                    let (hx, hy) = unsafe { (x.boxed_header(), y.boxed_header()) };
                    match hx.header_subtag() {
                        // Equal headers mean equal arity and bitmap; maps of equal keys have equal
                        // shape, whatever their history.
                        TUPLE | RECORD | FLAT_MAP | HASH_MAP | HASH_NODE => {
                            if hx != hy {
                                return false;
                            }
                            (1, hx.header_arity())
                        }
                        FUN => {
                            // SAFETY: alive, and both are funs once the headers are equal.
                            if hx != hy || !unsafe { same_fun_entry(x, y) } {
                                return false;
                            }
                            (3, hx.header_arity() - 2)
                        }
                        POS_BIG | NEG_BIG => {
                            // SAFETY: equal headers: both have `arity` digits.
                            if hx != hy || !unsafe { same_words(x, y, hx.header_arity()) } {
                                return false;
                            }
                            continue;
                        }
                        // SAFETY: equal headers: both are floats.
                        FLOAT if hx == hy => match unsafe { eq_floats(x, y) } {
                            true => continue,
                            false => return false,
                        },
                        // SAFETY: equal headers: both have two words of payload.
                        REF if hx == hy => match unsafe { same_words(x, y, 2) } {
                            true => continue,
                            false => return false,
                        },
                        // SAFETY: parts of live terms are alive.
                        _ => match unsafe { eq_leaf(x, y) } {
                            true => continue,
                            false => return false,
                        },
                    }
                }
                _ => return false,
            };
            if run.n > 0 {
                work.push(run);
            }
            run = Run {
                a: x.ptr().wrapping_add(skip) as *const RawTerm,
                b: y.ptr().wrapping_add(skip) as *const RawTerm,
                n,
            };
        }
        match work.pop() {
            Some(r) => run = r,
            None => return true,
        }
    }
}

/// # Safety
/// Both objects are alive and have `n` payload words.
#[inline(always)]
unsafe fn same_words(a: RawTerm, b: RawTerm, n: usize) -> bool {
    // SAFETY: the caller's obligation.
    (1..=n).all(|i| unsafe { a.word(i) == b.word(i) })
}

/// # Safety
/// Both are live floats.
#[inline(always)]
unsafe fn eq_floats(a: RawTerm, b: RawTerm) -> bool {
    // SAFETY: the caller's obligation.
    let (x, y) = unsafe { (a.word(1), b.word(1)) };
    // There are no NaNs, so only zeros can be equal with different bits.
    x == y || (x | y) << 1 == 0 && !personality::signed_zero()
}

/// # Safety
/// Both are live local funs.
unsafe fn same_fun_entry(a: RawTerm, b: RawTerm) -> bool {
    // SAFETY: the caller's obligation.
    unsafe {
        if a.word(1) == b.word(1) {
            return true;
        }
        match (Fun(a.brand()).kind(), Fun(b.brand()).kind()) {
            (FunKind::Local { entry: x, .. }, FunKind::Local { entry: y, .. }) => {
                x.module == y.module && x.index == y.index && x.old_uniq == y.old_uniq
            }
            _ => false,
        }
    }
}

/// Equality of boxed objects without terms inside.
/// # Safety
/// Both are live boxed terms.
#[cold]
unsafe fn eq_leaf(a: RawTerm, b: RawTerm) -> bool {
    // SAFETY: the caller's obligation.
    let (a, b): (Term, Term) = unsafe { (a.brand(), b.brand()) };
    match (a.view(), b.view()) {
        (View::Bits(x), View::Bits(y)) => {
            x.bit_len() == y.bit_len() && compare_bits(x, y) == Ordering::Equal
        }
        (View::Ref(x), View::Ref(y)) => compare_refs(x, y) == Ordering::Equal,
        (View::Pid(x), View::Pid(y)) => compare_pids(x, y) == Ordering::Equal,
        (View::Port(x), View::Port(y)) => compare_ports(x, y) == Ordering::Equal,
        (View::Fun(_), View::Fun(_)) => a.hdr() == b.hdr() && a.word(1) == b.word(1),
        _ => false,
    }
}

/// What is to be done next in a comparison.
#[derive(Clone, Copy)]
enum Todo {
    /// Compare these words, exactly or arithmetically.
    Run(Run, bool),
    /// Take in the result for the newest candidate of the newest map.
    Pick,
}

/// The search for the smallest key in which two maps differ.
struct Pick {
    candidates: Vec<Candidate>,
    best: usize,
    next: usize,
    exact: bool,
}

/// A key with its values; the non-value where the key is missing.
struct Candidate {
    key: RawTerm,
    a: RawTerm,
    b: RawTerm,
}

/// The order of two terms. `EQ`: only whether the result is `Equal` counts.
/// # Safety
/// Both terms are alive.
unsafe fn compare_compound<const EQ: bool>(a: RawTerm, b: RawTerm, exact: bool) -> Ordering {
    let mut work: Work<Todo> = Work::new();
    let mut picks: Vec<Pick> = Vec::new();
    let mut exact = exact;
    let mut run = Run { a: &a, b: &b, n: 1 };
    // The words that a map hands over live here while they are the run.
    let mut pair;
    loop {
        let mut result = Ordering::Equal;
        while run.n > 0 {
            // SAFETY: a run covers live words.
            let (x, y) = unsafe { (*run.a, *run.b) };
            run.n -= 1;
            // SAFETY: at most one past the end of the run.
            (run.a, run.b) = unsafe { (run.a.add(1), run.b.add(1)) };
            if x == y {
                continue;
            }
            // SAFETY: parts of live terms are alive.
            match unsafe { step::<EQ>(x, y, exact) } {
                Step::Done(Ordering::Equal) => {}
                Step::Done(r) => {
                    result = r;
                    break;
                }
                Step::Inner(r) => {
                    if run.n > 0 {
                        work.push(Todo::Run(run, exact));
                    }
                    run = r;
                }
                Step::FlatMaps { keys, values } => {
                    if run.n > 0 {
                        work.push(Todo::Run(run, exact));
                    }
                    work.push(Todo::Run(values, exact));
                    (run, exact) = (keys, true);
                }
                Step::Maps => {
                    // SAFETY: both are live maps of equal size.
                    let (ma, mb) = unsafe { (Map(x.brand()), Map(y.brand())) };
                    let mut candidates = differing_keys(ma, mb, exact);
                    if EQ && !candidates.is_empty() {
                        return Ordering::Less;
                    }
                    if candidates.len() == 1 {
                        // One candidate needs no search, and may lead on into deep values.
                        if let Some(c) = candidates.pop() {
                            if run.n > 0 {
                                work.push(Todo::Run(run, exact));
                            }
                            pair = [c.a, c.b];
                            run = Run { a: &pair[0], b: &pair[1], n: 1 };
                        }
                    } else if candidates.len() > 1 {
                        if run.n > 0 {
                            work.push(Todo::Run(run, exact));
                        }
                        work.push(Todo::Pick);
                        pair = [candidates[1].key, candidates[0].key];
                        picks.push(Pick { candidates, best: 0, next: 1, exact });
                        run = Run { a: &pair[0], b: &pair[1], n: 1 };
                        exact = true;
                    }
                }
            }
        }
        // One run is done. A difference ends everything, except a comparison of two candidates.
        loop {
            match work.pop() {
                None => return result,
                Some(Todo::Run(..)) if result != Ordering::Equal => continue,
                Some(Todo::Run(r, e)) => {
                    (run, exact) = (r, e);
                    break;
                }
                Some(Todo::Pick) => {
                    let Some(pick) = picks.last_mut() else { return result };
                    if result == Ordering::Less {
                        pick.best = pick.next;
                    }
                    pick.next += 1;
                    let best = &pick.candidates[pick.best];
                    if let Some(c) = pick.candidates.get(pick.next) {
                        work.push(Todo::Pick);
                        pair = [c.key, best.key];
                        exact = true;
                    } else {
                        pair = [best.a, best.b];
                        exact = pick.exact;
                        picks.pop();
                    }
                    run = Run { a: &pair[0], b: &pair[1], n: 1 };
                    break;
                }
            }
        }
    }
}

/// The keys that only one of two maps of equal size has; if there are none, those whose values
/// differ.
fn differing_keys<'p>(a: Map<'p>, b: Map<'p>, exact: bool) -> Vec<Candidate> {
    let mut missing = Vec::new();
    let mut differing = Vec::new();
    for (k, va) in a.iter() {
        match b.get(k) {
            None => missing.push(Candidate { key: k.raw(), a: va.raw(), b: RawTerm::NONE }),
            Some(vb) if !missing.is_empty() => _ = vb,
            Some(vb) => {
                if !(if exact { eq_exact(va, vb) } else { eq(va, vb) }) {
                    differing.push(Candidate { key: k.raw(), a: va.raw(), b: vb.raw() });
                }
            }
        }
    }
    if missing.is_empty() {
        return differing;
    }
    for (k, vb) in b.iter() {
        if a.get(k).is_none() {
            missing.push(Candidate { key: k.raw(), a: RawTerm::NONE, b: vb.raw() });
        }
    }
    missing
}

enum Step {
    Done(Ordering),
    /// Go on with these words.
    Inner(Run),
    /// First the keys, exactly, then the values.
    FlatMaps {
        keys: Run,
        values: Run,
    },
    Maps,
}

/// Rank of a type in the standard order. Integers and floats share theirs.
/// # Safety
/// `t` is alive.
unsafe fn rank(t: RawTerm) -> u8 {
    // SAFETY: the caller's obligation.
    match unsafe { t.brand() }.view() {
        View::Small(_) | View::Big(_) | View::Float(_) => 0,
        View::Atom(_) => 1,
        View::Ref(_) => 2,
        // SAFETY: as above.
        View::Fun(_) if !unsafe { t.is_boxed_of(Subtag::ExportFun) } => 3,
        View::Fun(_) => 4,
        View::Port(_) => 5,
        View::Pid(_) => 6,
        View::Tuple(_) => 7,
        View::Record(_) => 8,
        View::Map(_) => 9,
        View::Nil => 10,
        View::Cons(_) => 11,
        View::Bits(_) => 12,
        View::Other => 13,
    }
}

/// Compares two different words as far as possible without looking at parts.
/// # Safety
/// Both terms are alive.
#[inline]
unsafe fn step<const EQ: bool>(x: RawTerm, y: RawTerm, exact: bool) -> Step {
    use Ordering::{Greater, Less};
    if x.is_small() && y.is_small() {
        return Step::Done((x.0 as i64).cmp(&(y.0 as i64)));
    }
    if let (Some(p), Some(q)) = (x.as_atom(), y.as_atom()) {
        return Step::Done(if EQ { Less } else { compare_atoms(p, q) });
    }
    let run = |skip: usize, n: usize| Run {
        a: x.ptr().wrapping_add(skip) as *const RawTerm,
        b: y.ptr().wrapping_add(skip) as *const RawTerm,
        n,
    };
    if x.is_list() && y.is_list() {
        return Step::Inner(run(0, 2));
    }
    if x.is_none() || y.is_none() {
        // Keys of maps that one side lacks: the side that has the smallest such key is less.
        return Step::Done(if y.is_none() { Less } else { Greater });
    }
    // SAFETY: the caller's obligation.
    let (tx, ty): (Term, Term) = unsafe { (x.brand(), y.brand()) };
    if x.is_boxed() && y.is_boxed() {
        let (hx, hy) = (tx.hdr(), ty.hdr());
        match (hx.header_subtag(), hy.header_subtag()) {
            (RECORD, RECORD) if hx != hy => {
                // Who defined it counts more than how many fields there are.
                let (p, q) = (Record(tx).definition(), Record(ty).definition());
                let atoms = p.iter().zip(q.iter()).take(3);
                for (a, b) in atoms.map(|(a, b)| (a.as_atom(), b.as_atom())) {
                    if let (Some(a), Some(b)) = (a, b)
                        && a != b
                    {
                        return Step::Done(compare_atoms(a, b));
                    }
                }
                return Step::Done(hx.header_arity().cmp(&hy.header_arity()));
            }
            (TUPLE, TUPLE) | (RECORD, RECORD) => {
                let n = hx.header_arity();
                return match n.cmp(&hy.header_arity()) {
                    Ordering::Equal => Step::Inner(run(1, n)),
                    r => Step::Done(r),
                };
            }
            (FLOAT, FLOAT) => {
                let (p, q) = (f64::from_bits(tx.word(1)), f64::from_bits(ty.word(1)));
                return Step::Done(compare_floats(p, q, exact));
            }
            (HEAP_BITS | SUB_BITS, HEAP_BITS | SUB_BITS) => {
                let (p, q) = (Bits::of(tx), Bits::of(ty));
                if EQ && p.bit_len() != q.bit_len() {
                    return Step::Done(Less);
                }
                return Step::Done(compare_bits(p, q));
            }
            (FLAT_MAP | HASH_MAP, FLAT_MAP | HASH_MAP) => {
                let (ma, mb) = (Map(tx), Map(ty));
                let n = ma.size();
                if n != mb.size() {
                    return Step::Done(n.cmp(&mb.size()));
                }
                if ma.is_flat() && mb.is_flat() && !personality::atom_keys_by_index() {
                    return Step::FlatMaps { keys: run(2, 1), values: run(3, n) };
                }
                return Step::Maps;
            }
            (FUN, FUN) => {
                let r = compare_local_funs(Fun(tx), Fun(ty));
                if r.is_ne() {
                    return Step::Done(r);
                }
                return Step::Inner(run(3, hx.header_arity() - 2));
            }
            (EXPORT_FUN, EXPORT_FUN) => return Step::Done(compare_exports(Fun(tx), Fun(ty))),
            _ => {}
        }
    }
    Step::Done(match (tx.view(), ty.view()) {
        (View::Pid(p), View::Pid(q)) => compare_pids(p, q),
        (View::Port(p), View::Port(q)) => compare_ports(p, q),
        (View::Ref(p), View::Ref(q)) => compare_refs(p, q),
        (p, q) => match compare_numbers(p, q, exact) {
            Some(r) => r,
            // SAFETY: the caller's obligation.
            None => unsafe { rank(x).cmp(&rank(y)) },
        },
    })
}

/// Order of atoms: by their text.
pub fn compare_atoms(a: Atom, b: Atom) -> Ordering {
    if a == b { Ordering::Equal } else { a.cmp_names(b) }
}

fn compare_nodes(a: Option<&'static Node>, b: Option<&'static Node>) -> Ordering {
    if a.is_none() && b.is_none() {
        return Ordering::Equal;
    }
    let (a, b) = (a.unwrap_or_else(node::this), b.unwrap_or_else(node::this));
    compare_atoms(a.name, b.name).then(a.creation.cmp(&b.creation))
}

fn compare_pids(a: Pid<'_>, b: Pid<'_>) -> Ordering {
    a.data().cmp(&b.data()).then_with(|| compare_nodes(a.node(), b.node()))
}

fn compare_ports(a: Port<'_>, b: Port<'_>) -> Ordering {
    compare_nodes(a.node(), b.node()).then_with(|| a.data().cmp(&b.data()))
}

fn compare_refs(a: Reference<'_>, b: Reference<'_>) -> Ordering {
    // Missing words count as zero, and the last word is the most significant.
    let (x, y) = (a.identity(), b.identity());
    compare_nodes(a.node(), b.node()).then_with(|| x.iter().rev().cmp(y.iter().rev()))
}

fn compare_local_funs(a: Fun<'_>, b: Fun<'_>) -> Ordering {
    match (a.kind(), b.kind()) {
        (
            FunKind::Local { entry: x, env: free_x, .. },
            FunKind::Local { entry: y, env: free_y, .. },
        ) => compare_atoms(x.module, y.module)
            .then((x.index as i32).cmp(&(y.index as i32)))
            .then((x.old_uniq as i32).cmp(&(y.old_uniq as i32)))
            .then(free_x.len().cmp(&free_y.len())),
        _ => Ordering::Equal,
    }
}

fn compare_exports(a: Fun<'_>, b: Fun<'_>) -> Ordering {
    match (a.kind(), b.kind()) {
        (FunKind::External(x), FunKind::External(y)) => compare_atoms(x.module, y.module)
            .then_with(|| compare_atoms(x.function, y.function))
            .then(x.arity.cmp(&y.arity)),
        _ => Ordering::Equal,
    }
}

/// Order of bitstrings: bit by bit, a prefix before what it is a prefix of.
pub fn compare_bits(a: Bits<'_>, b: Bits<'_>) -> Ordering {
    if a.is_binary()
        && b.is_binary()
        && let (Some(x), Some(y)) = (a.aligned_bytes(), b.aligned_bytes())
    {
        return x.cmp(y);
    }
    let common = a.bit_len().min(b.bit_len());
    let mut at = 0;
    while at < common {
        let n = (common - at).min(64);
        match a.number(at, n).cmp(&b.number(at, n)) {
            Ordering::Equal => at += n,
            r => return r,
        }
    }
    a.bit_len().cmp(&b.bit_len())
}

#[cfg(test)]
mod tests;
