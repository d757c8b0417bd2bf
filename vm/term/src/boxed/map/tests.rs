use super::*;
use crate::compare::{compare_map_keys, eq_exact};
use crate::heap::Heap;
use std::collections::BTreeMap;

/// Random numbers, always the same.
struct Rng(u64);

impl Rng {
    fn below(&mut self, n: u64) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0 % n
    }
}

fn key(h: &Heap, n: u64) -> Term<'_> {
    match n % 3 {
        0 => Term::small(n as i64),
        1 => h.binary(&n.to_be_bytes()),
        _ => h.tuple(&[Term::small(n as i64), h.float(n as f64)]),
    }
}

fn map(t: Term<'_>) -> Map<'_> {
    t.as_map().unwrap()
}

/// The map must equal one that is built at once: the same shape, whatever its history.
fn check<'h>(h: &'h Heap, t: Term<'h>, model: &BTreeMap<u64, i64>) {
    let m = map(t);
    assert_eq!(m.size(), model.len());
    assert_eq!(m.is_flat(), model.len() <= FLAT_MAX);
    let built = h.map_from_iter(model.iter().map(|(k, v)| (key(h, *k), Term::small(*v))));
    assert!(eq_exact(t, built));
    assert_eq!(m.iter().count(), model.len());
    if let Some((keys, _)) = m.flat_parts() {
        assert!(keys.is_sorted_by(|a, b| compare_map_keys(*a, *b).is_lt()));
    }
}

#[test]
fn puts_updates_and_removals_agree_with_a_model() {
    for range in [20, 60, 400] {
        let h = Heap::new();
        let mut rng = Rng(range);
        let mut model = BTreeMap::new();
        let mut t = h.map_new();
        for step in 0..(if cfg!(miri) { 60 } else { 1500 }) {
            let (k, v) = (rng.below(range), rng.below(5) as i64);
            let (tk, tv) = (key(&h, k), Term::small(v));
            match rng.below(5) {
                0 | 1 => {
                    t = h.map_put(map(t), tk, tv);
                    model.insert(k, v);
                }
                2 => match (h.map_update(map(t), tk, tv), model.get_mut(&k)) {
                    (Some(new), Some(old)) => (t, *old) = (new, v),
                    (None, None) => {}
                    _ => panic!("update of {k}"),
                },
                3 => match (h.map_take(map(t), tk), model.remove(&k)) {
                    (Some((old, new)), Some(v)) => {
                        assert_eq!(old.as_small(), Some(v));
                        t = new;
                    }
                    (None, None) => {}
                    _ => panic!("removal of {k}"),
                },
                _ => {
                    let n = rng.below(8);
                    let ks: Vec<u64> = (0..n).map(|_| rng.below(range)).collect();
                    let pairs: Vec<_> = ks.iter().map(|&k| (key(&h, k), tv)).collect();
                    t = h.map_put_many(map(t), &pairs);
                    model.extend(ks.iter().map(|&k| (k, v)));
                }
            }
            assert_eq!(map(t).get(tk).and_then(|v| v.as_small()), model.get(&k).copied());
            if step % 50 == 0 {
                check(&h, t, &model);
            }
        }
    }
}

#[test]
fn merges_agree_with_a_model() {
    let h = Heap::new();
    let mut rng = Rng(11);
    for (x, y) in [(0, 5), (10, 10), (20, 20), (31, 40), (40, 7), (300, 300), (50, 2000)]
        .into_iter()
        .filter(|(x, y)| !cfg!(miri) || x + y < 100)
    {
        let mut make = |n: u64, v: i64| -> BTreeMap<u64, i64> {
            (0..n).map(|_| (rng.below(2 * x.max(y) + 1), v)).collect()
        };
        let (mut a, b) = (make(x, 1), make(y, 2));
        let build = |m: &BTreeMap<u64, i64>| {
            h.map_from_iter(m.iter().map(|(k, v)| (key(&h, *k), Term::small(*v))))
        };
        let merged = h.map_merge(map(build(&a)), map(build(&b)));
        a.extend(b);
        check(&h, merged, &a);
    }
}

#[test]
fn of_equal_keys_the_last_wins() {
    let h = Heap::new();
    for n in [1, 20, 100] {
        let pairs: Vec<_> = (0..3 * n).map(|i| (key(&h, i % n), Term::small(i as i64))).collect();
        let t = h.map_from_pairs(&pairs);
        check(&h, t, &(0..n).map(|k| (k, (2 * n + k) as i64)).collect());
        assert!(h.map_from_unique(&pairs).is_none());
    }
}

#[test]
fn values_change_without_new_keys() {
    let h = Heap::new();
    let a = h.map_from_pairs(&[(Term::small(1), Term::small(1)), (Term::small(2), Term::nil())]);
    let b = h.map_put(map(a), Term::small(2), Term::small(3));
    assert!(map(a).tuple_keys().unwrap().is_same(map(b).tuple_keys().unwrap()));
    let c = h.map_update_many(map(a), &[(Term::small(1), Term::nil())]).unwrap();
    assert!(map(a).tuple_keys().unwrap().is_same(map(c).tuple_keys().unwrap()));
    assert!(h.map_put(map(a), Term::small(1), Term::small(1)).is_same(a));
    let missing = h.map_update_many(map(a), &[(Term::small(7), Term::nil())]);
    assert_eq!(missing.unwrap_err().as_small(), Some(7));
}

#[test]
fn pieces_put_together_are_the_whole() {
    let h = Heap::new();
    for n in [0u64, 5, 33, if cfg!(miri) { 60 } else { 500 }] {
        let t = h.map_from_iter((0..n).map(|i| (key(&h, i), Term::small(i as i64))));
        for limit in [1, 7, 1000] {
            let mut seen = Vec::new();
            let mut at = h.map_next(Term::small(0), map(t), limit).unwrap();
            loop {
                if let Some([k, _, rest]) = at.as_tuple_of::<3>() {
                    seen.push(k);
                    at = rest;
                } else if let Some(c) = at.as_cons() {
                    at = h.map_next(c.head(), map(c.tail()), limit).unwrap();
                } else {
                    break;
                }
            }
            let keys: Vec<_> = map(t).keys().collect();
            assert!(eq_exact(h.list(&seen), h.list(&keys)));
            let mut list = Term::nil();
            let mut path = Term::small(0);
            loop {
                list = h.map_next_list(path, map(t), list, limit).unwrap();
                let more = list.as_cons().filter(|c| c.head().is_integer());
                let Some(c) = more else { break };
                path = c.head();
                list = c.tail().as_cons().unwrap().tail();
            }
            assert!(eq_exact(list, h.map_to_list(map(t))));
        }
    }
}

/// Keys that collide in the first hash whatever the salt (see `hash::map_key`).
#[test]
fn crafted_collisions_end() {
    let h = Heap::new();
    let golden = num::hash::GOLDEN;
    let d = num::hash::hconst(4).wrapping_sub(golden);
    // An integer that is mixed like a word of four bytes of a string.
    let mut made = 0;
    for last in 0..16 {
        let bytes = [1u8, 2, 3, last];
        let low = d.wrapping_add(u32::from_be_bytes(bytes));
        if low & 15 != 15 {
            continue;
        }
        let n = Term::small(((d as u64) << 32 | low as u64) as i64 >> 4);
        let s = h.byte_list(&bytes);
        let a = h.tuple(&[s, n, Term::nil()]);
        let b = h.tuple(&[n, Term::nil(), s]);
        assert_eq!(hash::internal(a, 5), hash::internal(b, 5));
        let filler = (0..40).map(|i| (Term::small(i), Term::nil()));
        let t = h.map_from_iter(filler.clone().chain([(a, Term::small(1)), (b, Term::small(2))]));
        assert_eq!(map(t).get(a).unwrap().as_small(), Some(1));
        assert_eq!(map(t).get(b).unwrap().as_small(), Some(2));
        let put = h.map_put(
            map(h.map_put(map(h.map_from_iter(filler)), b, Term::small(2))),
            a,
            Term::small(1),
        );
        assert!(eq_exact(t, put));
        made += 1;
    }
    assert!(made > 0);
}
