//! Maps as values: lookup and iteration [erl_map.c]. Building them is in [`build`] and [`trie`].
//!
//! Up to [`FLAT_MAX`] keys: a sorted key tuple and values,
//! `[hdr, size, keys, values…]`. Maps that differ in values only share the tuple. Above: a hash array
//! mapped trie of 16-way nodes. The root is `[hdr, size, slots…]`, inner nodes are `[hdr, slots…]`; the
//! header's bitmap tells which of the 16 slots there are; leaves are cons cells `[Key|Value]`. Each
//! level takes the next four bits of the key's hash, and every eighth level a hash of its own.
//!
//! A map's shape follows from its keys alone (a trie node is never without two leaves below it, a
//! map of at most 32 keys is always flat), so equal maps are equal word by word.

mod build;
mod list;
mod trie;

use crate::compare::raw_eq;
use crate::hash;
use crate::term::{RawTerm, Subtag, Term};
use crate::work::Work;

/// Most keys of a flat map.
pub const FLAT_MAX: usize = 32;

#[derive(Clone, Copy)]
pub struct Map<'p>(pub(crate) Term<'p>);

impl<'p> Map<'p> {
    /// Number of associations.
    #[inline]
    pub fn size(self) -> usize {
        self.0.elem(1).raw().small_value() as usize
    }
    #[inline]
    pub fn is_flat(self) -> bool {
        self.0.is_box(Subtag::FlatMap)
    }
    #[inline]
    pub fn term(self) -> Term<'p> {
        self.0
    }
    /// Keys and values of a flat map, in the order of the keys.
    #[inline]
    pub fn flat_parts(self) -> Option<(&'p [Term<'p>], &'p [Term<'p>])> {
        if !self.is_flat() {
            return None;
        }
        // SAFETY: word 2 of a flat map is a tuple of `size` keys; `size` values follow.
        unsafe {
            let keys = self.keys_tuple().ptr().add(1) as *const Term<'p>;
            let values = self.0.raw().ptr().add(3) as *const Term<'p>;
            let n = self.size();
            Some((core::slice::from_raw_parts(keys, n), core::slice::from_raw_parts(values, n)))
        }
    }
    /// Of a flat map.
    #[inline]
    fn keys_tuple(self) -> RawTerm {
        self.0.elem(2).raw()
    }
    /// The key tuple of a flat map (`erts_internal:map_to_tuple_keys/1`).
    pub fn tuple_keys(self) -> Option<Term<'p>> {
        if self.is_flat() { Some(self.0.elem(2)) } else { None }
    }
    /// The value of a key.
    #[inline]
    pub fn get(self, key: Term<'_>) -> Option<Term<'p>> {
        // SAFETY: branded terms are alive, and so are the parts of live terms.
        unsafe { raw_map_get(self.0.raw(), key.raw()).map(|v| v.brand()) }
    }
    #[inline]
    pub fn contains_key(self, key: Term<'_>) -> bool {
        self.get(key).is_some()
    }
    /// All associations: a flat map's in the order of its keys, a hash map's in the order of slots.
    pub fn iter(self) -> MapIter<'p> {
        let mut it = MapIter { flat: (&[], &[]), nodes: Work::new() };
        match self.flat_parts() {
            Some(parts) => it.flat = parts,
            None => it.nodes.push(slots(self.0)),
        }
        it
    }
    /// How the trie of a large map is made.
    pub fn shape(self) -> Option<Shape> {
        if self.is_flat() {
            return None;
        }
        let mut shape = Shape::default();
        let mut nodes = vec![(slots(self.0), 1usize)];
        while let Some((slots, depth)) = nodes.pop() {
            shape.depth = shape.depth.max(depth as u32);
            shape.nodes[slots.len().clamp(1, 16) - 1] += 1;
            for slot in slots {
                if slot.as_cons().is_some() {
                    shape.leaves[depth.min(15)] += 1;
                } else {
                    nodes.push((self::slots(*slot), depth + 1));
                }
            }
        }
        Some(shape)
    }
    pub fn keys(self) -> impl Iterator<Item = Term<'p>> {
        self.iter().map(|(k, _)| k)
    }
    pub fn values(self) -> impl Iterator<Item = Term<'p>> {
        self.iter().map(|(_, v)| v)
    }
}

/// See [`Map::shape`].
#[derive(Default)]
pub struct Shape {
    /// Levels of nodes.
    pub depth: u32,
    /// Nodes by their number of slots, less one.
    pub nodes: [u32; 16],
    /// Leaves by the level of the node that holds them, the deepest together.
    pub leaves: [u32; 16],
}

/// Slots of the root or of an inner node of a hash map.
#[inline]
fn slots<'p>(node: Term<'p>) -> &'p [Term<'p>] {
    let skip = if node.is_box(Subtag::HashMap) { 2 } else { 1 };
    // SAFETY: a live node has `arity` payload words; of the root the first is its size.
    unsafe {
        core::slice::from_raw_parts(
            node.raw().ptr().add(skip) as *const Term<'p>,
            node.hdr().header_arity() + 1 - skip,
        )
    }
}

/// Walks a map.
pub struct MapIter<'p> {
    flat: (&'p [Term<'p>], &'p [Term<'p>]),
    /// Slots still to visit, one entry a level.
    nodes: Work<&'p [Term<'p>], 8>,
}

impl<'p> Iterator for MapIter<'p> {
    type Item = (Term<'p>, Term<'p>);
    fn next(&mut self) -> Option<Self::Item> {
        if let ([k, ks @ ..], [v, vs @ ..]) = self.flat {
            self.flat = (ks, vs);
            return Some((*k, *v));
        }
        loop {
            let [slot, rest @ ..] = self.nodes.pop()? else { continue };
            if !rest.is_empty() {
                self.nodes.push(rest);
            }
            match slot.as_cons() {
                Some(c) => return Some((c.head(), c.tail())),
                None => self.nodes.push(slots(*slot)),
            }
        }
    }
}

/// The hash by which hash maps find a key; equal for keys that are `=:=`. Loaders compute it once for
/// literal keys, for [`raw_map_get_hashed`].
#[inline]
pub fn key_hash(key: Term<'_>) -> u32 {
    hash::map_key(key, 0)
}

/// The value of `key` in a map.
/// # Safety
/// `map` is a live map, `key` is alive.
#[inline]
pub unsafe fn raw_map_get(map: RawTerm, key: RawTerm) -> Option<RawTerm> {
    // SAFETY: the caller's obligation.
    unsafe {
        if map.boxed_header().header_is(Subtag::FlatMap) {
            return flat_index(map, key).map(|i| map.elem(3 + i));
        }
        hash_get(map, key, key_hash(key.brand()))
    }
}

/// As [`raw_map_get`], with the key's [`key_hash`] at hand.
/// # Safety
/// As [`raw_map_get`].
#[inline]
pub unsafe fn raw_map_get_hashed(map: RawTerm, key: RawTerm, hash: u32) -> Option<RawTerm> {
    // SAFETY: the caller's obligation.
    unsafe {
        if map.boxed_header().header_is(Subtag::FlatMap) {
            return flat_index(map, key).map(|i| map.elem(3 + i));
        }
        hash_get(map, key, hash)
    }
}

/// Index of a key in a flat map.
/// # Safety
/// `map` is a live flat map, `key` is alive.
#[inline]
unsafe fn flat_index(map: RawTerm, key: RawTerm) -> Option<usize> {
    // SAFETY: the caller's obligation; word 2 is a tuple of `size` keys.
    unsafe {
        let n = map.elem(1).small_value() as usize;
        let keys = core::slice::from_raw_parts(map.elem(2).ptr().add(1) as *const RawTerm, n);
        if key.is_immediate() {
            keys.iter().position(|k| *k == key)
        } else {
            keys.iter().position(|k| raw_eq(*k, key))
        }
    }
}

/// # Safety
/// `map` is a live hash map, `key` is alive and `hash` is its hash.
unsafe fn hash_get(map: RawTerm, key: RawTerm, hash: u32) -> Option<RawTerm> {
    // SAFETY: the caller's obligation; slots are leaves or inner nodes.
    unsafe {
        let mut path = trie::Path::new(hash);
        let (mut node, mut skip) = (map, 2);
        loop {
            let bitmap = node.boxed_header().header_bitmap();
            let bit = path.bit();
            if bitmap & bit == 0 {
                return None;
            }
            let slot = node.elem(skip + (bitmap & (bit - 1)).count_ones() as usize);
            if slot.is_list() {
                return if raw_eq(slot.elem(0), key) { Some(slot.elem(1)) } else { None };
            }
            (node, skip) = (slot, 1);
            path.down(key.brand());
        }
    }
}

#[cfg(test)]
mod tests;
