//! What changes with the release; a program of its own, since the release is set once.

use core::cmp::Ordering::{Greater, Less};
use term::compare::{compare, compare_exact, eq, eq_exact};
use term::{Atom, Heap, Map, Term, hash, personality};

fn map(t: Term<'_>) -> Map<'_> {
    t.as_map().expect("a map")
}

#[test]
fn from_otp_27_zeros_differ_and_atom_keys_stand_by_index() {
    personality::set_release(27);
    let h = Heap::new();
    let (plus, minus) = (h.float(0.0), h.float(-0.0));
    assert!(!eq_exact(plus, minus) && eq(plus, minus));
    assert_eq!(compare_exact(minus, plus), Less);
    assert_eq!(hash::phash2(plus), hash::phash2(minus));
    let both = h.map_from_pairs(&[(plus, Term::nil()), (minus, Term::nil())]);
    assert_eq!(map(both).size(), 2);

    // Made in this order, so `zz` has the smaller index.
    let (z, a) = (Term::atom(Atom::new("zz first")), Term::atom(Atom::new("aa second")));
    let n = Term::small;
    let build = |x, y| h.map_from_pairs(&[(a, n(x)), (z, n(y))]);
    assert!(map(build(1, 2)).keys().next().is_some_and(|k| k.is_same(z)));
    assert!(eq_exact(h.map_put(map(h.map_from_pairs(&[(z, n(2))])), a, n(1)), build(1, 2)));
    // Maps still compare by their keys in term order.
    assert_eq!(compare(build(1, 9), build(2, 0)), Less);
    assert_eq!(compare(build(2, 1), build(2, 0)), Greater);
    let c = Term::atom(Atom::new("bb third"));
    let other = h.map_from_pairs(&[(c, n(1)), (z, n(1))]);
    assert_eq!(compare(build(1, 1), other), Less);
    assert_eq!(compare(other, build(1, 1)), Greater);
}
