//! The process dictionary [erl_process_dict.c]: part of the roots.
//!
//! Keys are found by hash; `index` maps a hash to entries, which keep their order.

use crate::bif::Cx;
use std::collections::HashMap;
use term::{RawTerm, Term};

#[derive(Default)]
pub struct Dictionary {
    entries: Vec<(RawTerm, RawTerm)>,
    /// Hash of the key to positions in `entries`; only kept above [`SMALL`] entries.
    index: HashMap<u64, Vec<u32>>,
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
        size_of::<Dictionary>() + self.entries.capacity() * entry + self.index.len() * 40
    }
    fn find(&self, key: Term<'_>) -> Option<usize> {
        // SAFETY: entries are roots of the process whose turn it is.
        let same = |t: RawTerm| t == key.raw() || unsafe { term::compare::raw_eq(t, key.raw()) };
        if self.index.is_empty() {
            return self.entries.iter().position(|(k, _)| same(*k));
        }
        let at = self.index.get(&hash(key))?;
        at.iter().map(|&i| i as usize).find(|&i| same(self.entries[i].0))
    }
    fn reindex(&mut self) {
        self.index.clear();
        if self.entries.len() <= SMALL {
            return;
        }
        for (i, (k, _)) in self.entries.iter().enumerate() {
            // SAFETY: as in `find`.
            let k: Term = unsafe { k.brand() };
            self.index.entry(hash(k)).or_default().push(i as u32);
        }
    }
    fn put(&mut self, key: Term<'_>, value: Term<'_>) -> Option<RawTerm> {
        if let Some(i) = self.find(key) {
            return Some(core::mem::replace(&mut self.entries[i].1, value.raw()));
        }
        self.entries.push((key.raw(), value.raw()));
        if self.index.is_empty() {
            self.reindex();
        } else {
            self.index.entry(hash(key)).or_default().push(self.entries.len() as u32 - 1);
        }
        None
    }
    fn erase(&mut self, key: Term<'_>) -> Option<RawTerm> {
        let i = self.find(key)?;
        let last = self.entries.len() - 1;
        let value = self.entries[i].1;
        if !self.index.is_empty() {
            self.drop_position(hash(key), i as u32);
            if i != last {
                // SAFETY: as in `find`.
                let moved: Term = unsafe { self.entries[last].0.brand() };
                let h = hash(moved);
                self.drop_position(h, last as u32);
                self.index.entry(h).or_default().push(i as u32);
            }
        }
        self.entries.swap_remove(i);
        Some(value)
    }
    fn drop_position(&mut self, hash: u64, i: u32) {
        if let Some(v) = self.index.get_mut(&hash) {
            v.retain(|&x| x != i);
            if v.is_empty() {
                self.index.remove(&hash);
            }
        }
    }
}

fn hash(key: Term<'_>) -> u64 {
    u64::from(term::hash::internal(key, 0))
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
