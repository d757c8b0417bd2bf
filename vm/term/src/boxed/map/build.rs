//! Making maps from maps: put, update, remove, merge, from associations.

use super::{FLAT_MAX, Map, flat_index, key_hash};
use crate::compare::{compare_map_keys, eq_exact};
use crate::heap::Heap;
use crate::term::{RawTerm, Subtag, Term};
use core::cmp::Ordering;

/// Associations of a map that is or becomes small, sorted by key.
struct Flat<'p> {
    keys: [Term<'p>; FLAT_MAX],
    values: [Term<'p>; FLAT_MAX],
    n: usize,
}

impl<'p> Flat<'p> {
    fn new() -> Self {
        Flat { keys: [Term::nil(); FLAT_MAX], values: [Term::nil(); FLAT_MAX], n: 0 }
    }
    fn of(keys: &[Term<'p>], values: &[Term<'p>]) -> Self {
        let mut f = Flat::new();
        f.n = keys.len().min(FLAT_MAX);
        f.keys[..f.n].copy_from_slice(&keys[..f.n]);
        f.values[..f.n].copy_from_slice(&values[..f.n]);
        f
    }
    /// Puts one more; false if that is one too many.
    fn put(&mut self, key: Term<'p>, value: Term<'p>) -> bool {
        let mut at = self.n;
        while at > 0 {
            match compare_map_keys(key, self.keys[at - 1]) {
                Ordering::Greater => break,
                Ordering::Equal => {
                    (self.keys[at - 1], self.values[at - 1]) = (key, value);
                    return true;
                }
                Ordering::Less => at -= 1,
            }
        }
        if self.n == FLAT_MAX {
            return false;
        }
        self.keys.copy_within(at..self.n, at + 1);
        self.values.copy_within(at..self.n, at + 1);
        (self.keys[at], self.values[at]) = (key, value);
        self.n += 1;
        true
    }
    fn parts(&self) -> (&[Term<'p>], &[Term<'p>]) {
        (&self.keys[..self.n], &self.values[..self.n])
    }
}

impl Heap {
    pub fn map_new(&self) -> Term<'_> {
        self.flat_map(self.tuple(&[]), &[])
    }

    /// A flat map over an existing key tuple.
    fn flat_map<'h>(&'h self, keys: Term<'h>, values: &[Term<'h>]) -> Term<'h> {
        let p = self.alloc_raw(3 + values.len());
        // SAFETY: just allocated, filled to its end.
        unsafe {
            *p = RawTerm::header(Subtag::FlatMap, 2 + values.len()).0;
            *p.add(1) = RawTerm::small(values.len() as i64).0;
            *p.add(2) = keys.raw().0;
            core::ptr::copy_nonoverlapping(values.as_ptr() as *const u64, p.add(3), values.len());
            RawTerm::boxed_ptr(p).brand()
        }
    }
    /// A flat map with one value replaced, sharing the keys.
    fn with_value<'h>(&'h self, map: Map<'h>, at: usize, value: Term<'h>) -> Term<'h> {
        let n = map.0.hdr().header_arity();
        let from = map.0.raw().ptr();
        let p = self.alloc_raw(n + 1);
        // SAFETY: just allocated; a copy of a live map of `n` payload words, `at` below its size.
        unsafe {
            core::ptr::copy_nonoverlapping(from, p, n + 1);
            *p.add(3 + at) = value.raw().0;
            RawTerm::boxed_ptr(p).brand()
        }
    }
    fn flat_from<'h>(&'h self, flat: &Flat<'h>) -> Term<'h> {
        let (keys, values) = flat.parts();
        self.flat_map(self.tuple(keys), values)
    }

    /// `Map#{Key => Value}`.
    pub fn map_put<'h>(&'h self, map: Map<'h>, key: Term<'h>, value: Term<'h>) -> Term<'h> {
        let Some((keys, values)) = map.flat_parts() else {
            // Only an update can fail.
            return self.trie_put(map, key, key_hash(key), value, false).unwrap_or(map.term());
        };
        // SAFETY: branded terms are alive; the map is flat.
        if let Some(at) = unsafe { flat_index(map.0.raw(), key.raw()) } {
            if values[at].is_same(value) {
                return map.term();
            }
            return self.with_value(map, at, value);
        }
        let n = keys.len();
        if n == FLAT_MAX {
            let pairs = keys.iter().copied().zip(values.iter().copied());
            return self.map_from_iter(pairs.chain([(key, value)]));
        }
        // The key is new; most often it goes where its order says without further comparing.
        let at = keys.partition_point(|k| compare_map_keys(*k, key) == Ordering::Less);
        let p = self.alloc_raw(n + 2 + n + 4);
        // SAFETY: just allocated: a tuple of `n + 1` keys, then a map of as many values.
        unsafe {
            *p = RawTerm::header(Subtag::Tuple, n + 1).0;
            insert(p.add(1), keys, at, key);
            let m = p.add(n + 2);
            *m = RawTerm::header(Subtag::FlatMap, n + 3).0;
            *m.add(1) = RawTerm::small(n as i64 + 1).0;
            *m.add(2) = RawTerm::boxed_ptr(p).0;
            insert(m.add(3), values, at, value);
            RawTerm::boxed_ptr(m).brand()
        }
    }

    /// `Map#{Key := Value}`; `None` if the key is missing.
    pub fn map_update<'h>(
        &'h self,
        map: Map<'h>,
        key: Term<'h>,
        value: Term<'h>,
    ) -> Option<Term<'h>> {
        let Some((_, values)) = map.flat_parts() else {
            return self.trie_put(map, key, key_hash(key), value, true);
        };
        // SAFETY: branded terms are alive; the map is flat.
        let at = unsafe { flat_index(map.0.raw(), key.raw()) }?;
        if values[at].is_same(value) {
            return Some(map.term());
        }
        Some(self.with_value(map, at, value))
    }

    /// Several `=>` at once; later ones win.
    pub fn map_put_many<'h>(&'h self, map: Map<'h>, pairs: &[(Term<'h>, Term<'h>)]) -> Term<'h> {
        if let [(k, v)] = *pairs {
            return self.map_put(map, k, v);
        }
        let Some((keys, values)) = map.flat_parts() else {
            return pairs.iter().fold(map.term(), |m, &(k, v)| self.map_put(Map(m), k, v));
        };
        let mut flat = Flat::of(keys, values);
        for &(k, v) in pairs {
            // SAFETY: branded terms are alive; the map is flat.
            if let Some(at) = unsafe { flat_index(map.0.raw(), k.raw()) }
                && flat.n == keys.len()
            {
                flat.values[at] = v;
            } else if !flat.put(k, v) {
                let old = keys.iter().copied().zip(values.iter().copied());
                return self.map_from_iter(old.chain(pairs.iter().copied()));
            }
        }
        if flat.n == keys.len() {
            return self.flat_map(map.0.elem(2), &flat.values[..flat.n]);
        }
        self.flat_from(&flat)
    }

    /// Several `:=` at once. `Err`: the first key that is missing.
    pub fn map_update_many<'h>(
        &'h self,
        map: Map<'h>,
        pairs: &[(Term<'h>, Term<'h>)],
    ) -> Result<Term<'h>, Term<'h>> {
        if let [(k, v)] = *pairs {
            return self.map_update(map, k, v).ok_or(k);
        }
        let Some((keys, values)) = map.flat_parts() else {
            return pairs
                .iter()
                .try_fold(map.term(), |m, &(k, v)| self.map_update(Map(m), k, v).ok_or(k));
        };
        let mut flat = Flat::of(keys, values);
        let mut changed = false;
        for &(k, v) in pairs {
            // SAFETY: branded terms are alive; the map is flat.
            let at = unsafe { flat_index(map.0.raw(), k.raw()) }.ok_or(k)?;
            changed |= !flat.values[at].is_same(v);
            flat.values[at] = v;
        }
        if !changed {
            return Ok(map.term());
        }
        Ok(self.flat_map(map.0.elem(2), &flat.values[..flat.n]))
    }

    /// `maps:take/2`: the value and the rest.
    pub fn map_take<'h>(&'h self, map: Map<'h>, key: Term<'h>) -> Option<(Term<'h>, Term<'h>)> {
        let Some((keys, values)) = map.flat_parts() else {
            let (value, root) = self.trie_remove(map, key)?;
            let rest = Map(root);
            if rest.size() > FLAT_MAX {
                return Some((value, root));
            }
            return Some((value, self.map_from_iter(rest.iter())));
        };
        // SAFETY: branded terms are alive; the map is flat.
        let at = unsafe { flat_index(map.0.raw(), key.raw()) }?;
        let mut flat = Flat::of(keys, values);
        flat.keys.copy_within(at + 1..flat.n, at);
        flat.values.copy_within(at + 1..flat.n, at);
        flat.n -= 1;
        Some((values[at], self.flat_from(&flat)))
    }

    /// The map without a key; the same map if it has none.
    pub fn map_remove<'h>(&'h self, map: Map<'h>, key: Term<'h>) -> Term<'h> {
        self.map_take(map, key).map_or(map.term(), |(_, rest)| rest)
    }

    /// A map of these associations; the last of equal keys wins.
    pub fn map_from_pairs<'h>(&'h self, pairs: &[(Term<'h>, Term<'h>)]) -> Term<'h> {
        self.map_from_iter(pairs.iter().copied())
    }

    /// As [`Heap::map_from_pairs`].
    pub fn map_from_iter<'h>(
        &'h self,
        pairs: impl IntoIterator<Item = (Term<'h>, Term<'h>)>,
    ) -> Term<'h> {
        let mut pairs = pairs.into_iter();
        let mut flat = Flat::new();
        while let Some((k, v)) = pairs.next() {
            if !flat.put(k, v) {
                let (keys, values) = flat.parts();
                let first = keys.iter().copied().zip(values.iter().copied());
                return match self.trie_build(first.chain([(k, v)]).chain(pairs)) {
                    Ok(map) => map,
                    // Cannot be: there were 33 different keys. Harmless if it were.
                    Err(few) => self.map_from_pairs(&few),
                };
            }
        }
        self.flat_from(&flat)
    }

    /// A flat map of pairs whose keys are in its order.
    fn flat_from_ordered<'h>(&'h self, pairs: &[(Term<'h>, Term<'h>)]) -> Term<'h> {
        self.flat_of(pairs.len(), pairs.iter().copied())
    }
    /// A small map of associations that come in the order of their keys; `None` if they do not.
    pub fn map_from_ordered<'h>(&'h self, pairs: &[[Term<'h>; 2]]) -> Option<Term<'h>> {
        let ordered = |w: &[[Term<'h>; 2]]| compare_map_keys(w[0][0], w[1][0]) == Ordering::Less;
        let few = pairs.len() <= FLAT_MAX && pairs.windows(2).all(ordered);
        few.then(|| self.flat_of(pairs.len(), pairs.iter().map(|&[k, v]| (k, v))))
    }
    /// Of `n` associations in the order of their keys.
    fn flat_of<'h>(
        &'h self,
        n: usize,
        pairs: impl Iterator<Item = (Term<'h>, Term<'h>)>,
    ) -> Term<'h> {
        let p = self.alloc_raw(n + 1 + n + 3);
        let m = p.wrapping_add(n + 1);
        // SAFETY: just allocated: a tuple of the keys, then a map of as many values.
        unsafe {
            *p = RawTerm::header(Subtag::Tuple, n).0;
            *m = RawTerm::header(Subtag::FlatMap, n + 2).0;
            *m.add(1) = RawTerm::small(n as i64).0;
            *m.add(2) = RawTerm::boxed_ptr(p).0;
            for (i, (k, v)) in pairs.take(n).enumerate() {
                *p.add(1 + i) = k.raw().0;
                *m.add(3 + i) = v.raw().0;
            }
            RawTerm::boxed_ptr(m).brand()
        }
    }

    /// A map of keys that are all different; `None` if two are equal (external terms, NIFs).
    pub fn map_from_unique<'h>(&'h self, pairs: &[(Term<'h>, Term<'h>)]) -> Option<Term<'h>> {
        let ordered =
            |w: &[(Term<'h>, Term<'h>)]| compare_map_keys(w[0].0, w[1].0) == Ordering::Less;
        if pairs.len() <= FLAT_MAX && pairs.windows(2).all(ordered) {
            return Some(self.flat_from_ordered(pairs));
        }
        let map = self.map_from_pairs(pairs);
        if Map(map).size() == pairs.len() { Some(map) } else { None }
    }

    /// `maps:merge/2`: the second map's values win.
    pub fn map_merge<'h>(&'h self, a: Map<'h>, b: Map<'h>) -> Term<'h> {
        if a.term().is_same(b.term()) {
            return a.term();
        }
        match (a.flat_parts(), b.flat_parts()) {
            (None, None) => self.trie_merge(a, b),
            (None, Some(_)) => b.iter().fold(a.term(), |m, (k, v)| self.map_put(Map(m), k, v)),
            (Some(_), None) => a.iter().fold(b.term(), |m, (k, v)| {
                if b.contains_key(k) { m } else { self.map_put(Map(m), k, v) }
            }),
            (Some((old, values)), Some((keys, new))) => {
                if keys.is_empty() {
                    return a.term();
                }
                if values.is_empty() {
                    return b.term();
                }
                if a.keys_tuple() == b.keys_tuple() {
                    return self.flat_map(a.0.elem(2), new);
                }
                // Where one has all keys of the other, its keys are shared (from OTP 27 on).
                let shares = crate::personality::release() >= 27;
                if shares && is_subset(old, keys) {
                    return b.term();
                }
                if shares && is_subset(keys, old) {
                    let mut rest = keys.iter().zip(new).peekable();
                    let values = old.iter().zip(values).map(|(k, v)| {
                        rest.next_if(|(key, _)| eq_exact(**key, *k)).map_or(*v, |(_, new)| *new)
                    });
                    let values: Vec<_> = values.collect();
                    return self.flat_map(a.0.elem(2), &values);
                }
                self.map_from_iter(a.iter().chain(b.iter()))
            }
        }
    }
}

/// Whether all of some keys are among others, both in the order of flat maps.
fn is_subset(keys: &[Term<'_>], others: &[Term<'_>]) -> bool {
    let mut rest = others.iter();
    keys.len() <= others.len() && keys.iter().all(|k| rest.any(|other| eq_exact(*other, *k)))
}

/// Writes `old` with `new` put in at `at`.
/// # Safety
/// `p` has room for one word more than `old`.
unsafe fn insert(p: *mut u64, old: &[Term<'_>], at: usize, new: Term<'_>) {
    // SAFETY: the caller's obligation; `at` is at most the length of `old`.
    unsafe {
        let from = old.as_ptr() as *const u64;
        core::ptr::copy_nonoverlapping(from, p, at);
        *p.add(at) = new.raw().0;
        core::ptr::copy_nonoverlapping(from.add(at), p.add(at + 1), old.len() - at);
    }
}
