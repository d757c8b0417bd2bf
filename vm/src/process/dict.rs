//! The process dictionary [erl_process_dict.c]: part of the roots.
//!
//! Keys are found by hash; `index` maps a hash to entries, which keep their order as long as none is erased.

use crate::bif::Cx;
use term::{RawTerm, Term};

#[derive(Default)]
pub struct Dictionary {
    entries: Vec<(RawTerm, RawTerm)>,
    /// Open addressing over the entries: hash of the key, and the position plus one (0: free). As many slots as a power
    /// of two, at most half of them taken; none up to [`SMALL`] entries.
    index: Vec<(u32, u32)>,
}

/// Up to so many entries a walk is faster than the index.
const SMALL: usize = 12;

impl Dictionary {
    pub(crate) fn roots(&mut self, t: &mut term::gc::Tracer) {
        for (k, v) in &mut self.entries {
            t.root(k);
            t.root(v);
        }
    }
    /// Keys and values in order.
    pub(crate) fn raw_entries(&self) -> impl Iterator<Item = (RawTerm, RawTerm)> {
        self.entries.iter().copied()
    }
    /// Memory besides the terms.
    pub(crate) fn bytes(&self) -> usize {
        let entry = size_of::<(RawTerm, RawTerm)>();
        size_of::<Dictionary>() + self.entries.capacity() * entry + self.index.capacity() * 8
    }
    /// The slot of the index, and so the entry, where `same` holds for the position.
    fn slot(&self, hash: u32, same: impl Fn(usize) -> bool) -> Option<usize> {
        let mask = self.index.len() - 1;
        let mut at = hash as usize & mask;
        loop {
            let (h, position) = self.index[at];
            let i = position.checked_sub(1)? as usize;
            if h == hash && same(i) {
                return Some(at);
            }
            at = (at + 1) & mask;
        }
    }
    fn same(&self, i: usize, key: Term<'_>) -> bool {
        let t = self.entries[i].0;
        // SAFETY: entries are roots of the process whose turn it is.
        t == key.raw() || unsafe { term::compare::raw_eq(t, key.raw()) }
    }
    fn find(&self, key: Term<'_>) -> Option<usize> {
        if self.index.is_empty() {
            return (0..self.entries.len()).find(|&i| self.same(i, key));
        }
        let at = self.slot(hash(key), |i| self.same(i, key))?;
        Some(self.index[at].1 as usize - 1)
    }
    /// Notes the entry at `i`, whose key has this hash; there is a free slot.
    fn note(&mut self, hash: u32, i: usize) {
        let mask = self.index.len() - 1;
        let mut at = hash as usize & mask;
        while self.index[at].1 != 0 {
            at = (at + 1) & mask;
        }
        self.index[at] = (hash, i as u32 + 1);
    }
    /// Makes an index with room for twice the entries.
    fn reindex(&mut self) {
        self.index = vec![(0, 0); (self.entries.len() * 4).next_power_of_two()];
        for i in 0..self.entries.len() {
            // SAFETY: as in `same`.
            let k: Term = unsafe { self.entries[i].0.brand() };
            self.note(hash(k), i);
        }
    }
    fn put(&mut self, key: Term<'_>, value: Term<'_>) -> Option<RawTerm> {
        if let Some(i) = self.find(key) {
            return Some(core::mem::replace(&mut self.entries[i].1, value.raw()));
        }
        self.entries.push((key.raw(), value.raw()));
        let n = self.entries.len();
        if n > SMALL && n * 2 > self.index.len() {
            self.reindex();
        } else if !self.index.is_empty() {
            self.note(hash(key), n - 1);
        }
        None
    }
    fn erase(&mut self, key: Term<'_>) -> Option<RawTerm> {
        let last = self.entries.len().checked_sub(1)?;
        if self.index.is_empty() {
            let i = self.find(key)?;
            return Some(self.entries.swap_remove(i).1);
        }
        let at = self.slot(hash(key), |i| self.same(i, key))?;
        let i = self.index[at].1 as usize - 1;
        if i != last {
            // SAFETY: as in `same`.
            let moved: Term = unsafe { self.entries[last].0.brand() };
            let slot = self.slot(hash(moved), |i| i == last)?;
            self.index[slot].1 = i as u32 + 1;
        }
        self.free(at);
        if last == SMALL / 2 {
            self.index = Vec::new();
        }
        Some(self.entries.swap_remove(i).1)
    }
    /// Frees a slot: those after it that were pushed on by it move back.
    fn free(&mut self, mut hole: usize) {
        let mask = self.index.len() - 1;
        let mut at = hole;
        loop {
            at = (at + 1) & mask;
            let (h, position) = self.index[at];
            if position == 0 {
                break;
            }
            // It may stand in the hole if that is not before its own place.
            let home = h as usize & mask;
            if at.wrapping_sub(home) & mask >= at.wrapping_sub(hole) & mask {
                self.index[hole] = self.index[at];
                hole = at;
            }
        }
        self.index[hole] = (0, 0);
    }
}

fn hash(key: Term<'_>) -> u32 {
    term::hash::internal(key, 0)
}

/// `put/2`: the old value or nothing.
pub fn put<'p>(cx: &Cx<'p>, key: Term<'p>, value: Term<'p>) -> Option<Term<'p>> {
    cx.with(|p| p.dict.get_or_insert_default().put(key, value)).map(|t| cx.brand(t))
}
pub fn get<'p>(cx: &Cx<'p>, key: Term<'p>) -> Option<Term<'p>> {
    cx.with(|p| {
        let d = p.dict.as_ref()?;
        d.find(key).map(|i| d.entries[i].1)
    })
    .map(|t| cx.brand(t))
}
pub fn erase<'p>(cx: &Cx<'p>, key: Term<'p>) -> Option<Term<'p>> {
    cx.with(|p| p.dict.as_mut()?.erase(key)).map(|t| cx.brand(t))
}
/// Empties it; what it held.
pub fn erase_all<'p>(cx: &Cx<'p>) -> Vec<(Term<'p>, Term<'p>)> {
    let d = cx.with(|p| p.dict.take());
    d.map_or_else(Vec::new, |d| {
        d.entries.iter().map(|(k, v)| (cx.brand(*k), cx.brand(*v))).collect()
    })
}
pub fn entries<'p>(cx: &Cx<'p>) -> Vec<(Term<'p>, Term<'p>)> {
    let e = cx.with(|p| p.dict.as_ref().map_or_else(Vec::new, |d| d.entries.clone()));
    e.into_iter().map(|(k, v)| (cx.brand(k), cx.brand(v))).collect()
}
