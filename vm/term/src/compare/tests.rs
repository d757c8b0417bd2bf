use super::*;
use crate::heap::Heap;
use crate::testing;

fn letter(o: Ordering) -> char {
    match o {
        Ordering::Less => '<',
        Ordering::Equal => '=',
        Ordering::Greater => '>',
    }
}

#[test]
fn all_pairs_compare_as_in_the_reference() {
    let h = Heap::new();
    let lines = testing::lines("compare.txt");
    let terms: Vec<Term> = lines.iter().map(|l| testing::term(&h, &l[0])).collect();
    for (i, line) in lines.iter().enumerate() {
        let arith: Vec<char> = line[1].chars().collect();
        let exact: Vec<char> = line[2].chars().collect();
        for (j, &b) in terms.iter().enumerate() {
            let a = terms[i];
            let what = || format!("{} and {}", line[0], lines[j][0]);
            assert_eq!(eq_exact(a, b), arith[j] == 'e', "=:= of {}", what());
            assert_eq!(eq(a, b), matches!(arith[j], 'e' | '='), "== of {}", what());
            let order = if arith[j] == 'e' { '=' } else { arith[j] };
            assert_eq!(letter(compare(a, b)), order, "order of {}", what());
            assert_eq!(letter(compare_exact(a, b)), exact[j], "exact order of {}", what());
        }
    }
}

#[test]
fn deep_terms_do_not_use_the_native_stack() {
    let h = Heap::new();
    let deep = |leaf: i64| {
        (0..(if cfg!(miri) { 100 } else { 1_000_000 })).fold(Term::small(leaf), |t, i| {
            match i % 3 {
                0 => h.tuple(&[t, Term::small(1)]),
                1 => h.list(&[t, Term::small(1)]),
                _ => h.map_from_pairs(&[(Term::small(1), t), (Term::small(2), Term::small(1))]),
            }
        })
    };
    let (a, b, c) = (deep(1), deep(1), deep(2));
    assert!(eq_exact(a, b) && eq(a, b));
    assert!(!eq_exact(a, c));
    assert_eq!(compare(a, b), Ordering::Equal);
    assert_eq!(compare(a, c), Ordering::Less);
    // A large map whose keys are large maps, and so on: no recursion through keys.
    let nested = |leaf: i64| {
        (0..(if cfg!(miri) { 3 } else { 1000 })).fold(Term::small(leaf), |t, _| {
            let mut pairs: Vec<_> =
                (0..40).map(|i| (h.tuple(&[Term::small(i)]), Term::nil())).collect();
            pairs.push((t, Term::nil()));
            h.map_from_pairs(&pairs)
        })
    };
    assert_eq!(compare(nested(1), nested(2)), Ordering::Less);
}

#[test]
fn integers_and_floats_compare_exactly() {
    let h = Heap::new();
    for (n, f) in [(1i64 << 53, 9007199254740992.0), ((1 << 53) + 1, 9007199254740992.0)] {
        assert_eq!(compare_i64_f64(n, f), n.cmp(&(1 << 53)));
    }
    assert_eq!(compare_i64_f64(i64::MAX, 9223372036854775808.0), Ordering::Less);
    assert_eq!(compare_i64_f64(i64::MIN, -9223372036854775808.0), Ordering::Equal);
    let big = h.big(false, &[1, 1]);
    assert_eq!(compare(big, h.float(18446744073709551616.0)), Ordering::Greater);
}
