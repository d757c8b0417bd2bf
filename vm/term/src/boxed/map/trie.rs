//! The trie of large maps: insertion, removal, bulk building, merging.
//!
//! Nodes are immutable; a change copies the nodes on the way to the leaf. What recurses natively does
//! so once a level of the trie, and levels are bounded by the hash, not by the user's data.

use super::{Map, slots};
use crate::compare::{compare_exact, eq_exact};
use crate::hash::map_key;
use crate::heap::Heap;
use crate::term::{RawTerm, Subtag, Term};
use core::cmp::Ordering;

/// Levels that one 32-bit hash serves.
const PER_HASH: u32 = 8;

/// The way of one key down the trie.
#[derive(Clone, Copy)]
pub(super) struct Path {
    hash: u32,
    level: u32,
}

impl Path {
    #[inline]
    pub fn new(hash: u32) -> Path {
        Path { hash, level: 0 }
    }
    /// At some level, from the key alone.
    fn at(key: Term<'_>, level: u32) -> Path {
        Path { hash: map_key(key, level / PER_HASH) >> (4 * (level % PER_HASH)), level }
    }
    #[inline]
    pub fn slot(self) -> u32 {
        self.hash & 15
    }
    #[inline]
    pub fn bit(self) -> u16 {
        1 << self.slot()
    }
    #[inline]
    pub fn down(&mut self, key: Term<'_>) {
        self.level += 1;
        self.hash = if self.level.is_multiple_of(PER_HASH) {
            map_key(key, self.level / PER_HASH)
        } else {
            self.hash >> 4
        };
    }
}

/// Position of a slot among those there are.
#[inline]
fn index(bitmap: u16, bit: u16) -> usize {
    (bitmap & (bit - 1)).count_ones() as usize
}

/// One node's place on the way down.
#[derive(Clone, Copy)]
struct Step<'p> {
    node: Term<'p>,
    at: usize,
}

/// What became of a subtree.
enum Sub<'p> {
    Gone,
    /// A leaf or a node.
    Is(Term<'p>),
}

impl Heap {
    /// An inner node of these slots.
    fn hash_node<'h>(&'h self, bitmap: u16, slots: &[&[Term<'h>]]) -> Term<'h> {
        let n = slots.iter().map(|s| s.len()).sum::<usize>();
        let p = self.alloc_raw(n + 1);
        // SAFETY: just allocated, filled to its end.
        unsafe {
            *p = RawTerm::header_with_bitmap(Subtag::HashNode, n, bitmap).0;
            fill(p.add(1), slots);
            RawTerm::boxed_ptr(p).brand()
        }
    }
    /// The root of a map of `size` associations.
    fn hash_root<'h>(&'h self, bitmap: u16, size: usize, slots: &[&[Term<'h>]]) -> Term<'h> {
        let n = slots.iter().map(|s| s.len()).sum::<usize>();
        let p = self.alloc_raw(n + 2);
        // SAFETY: just allocated, filled to its end.
        unsafe {
            *p = RawTerm::header_with_bitmap(Subtag::HashMap, n + 1, bitmap).0;
            *p.add(1) = RawTerm::small(size as i64).0;
            fill(p.add(2), slots);
            RawTerm::boxed_ptr(p).brand()
        }
    }
    /// A copy of `node` with other slots; `size` if it is the root.
    fn like<'h>(
        &'h self,
        node: Term<'h>,
        bitmap: u16,
        size: usize,
        slots: &[&[Term<'h>]],
    ) -> Term<'h> {
        if node.is_box(Subtag::HashMap) {
            self.hash_root(bitmap, size, slots)
        } else {
            self.hash_node(bitmap, slots)
        }
    }
    /// `node` with slot number `at` replaced.
    fn with_slot<'h>(&'h self, node: Term<'h>, at: usize, size: usize, new: Term<'h>) -> Term<'h> {
        let s = slots(node);
        self.like(node, node.hdr().header_bitmap(), size, &[&s[..at], &[new], &s[at + 1..]])
    }

    /// Puts an association into a hash map. `None` if `only_update` and the key is missing.
    pub(super) fn trie_put<'h>(
        &'h self,
        map: Map<'h>,
        key: Term<'h>,
        hash: u32,
        value: Term<'h>,
        only_update: bool,
    ) -> Option<Term<'h>> {
        let mut path = Path::new(hash);
        let mut steps: Steps<'h> = Steps::new();
        let mut node = map.term();
        let mut size = map.size();
        // The changed part, and how many steps lead to it.
        let mut changed = loop {
            let bitmap = node.hdr().header_bitmap();
            let at = index(bitmap, path.bit());
            if bitmap & path.bit() == 0 {
                if only_update {
                    return None;
                }
                size += 1;
                let leaf = self.cons(key, value);
                let s = slots(node);
                break self.like(node, bitmap | path.bit(), size, &[&s[..at], &[leaf], &s[at..]]);
            }
            let slot = slots(node)[at];
            steps.push(Step { node, at });
            if let Some(leaf) = slot.as_cons() {
                if eq_exact(leaf.head(), key) {
                    if leaf.tail().is_same(value) {
                        return Some(map.term());
                    }
                    break self.cons(key, value);
                }
                if only_update {
                    return None;
                }
                size += 1;
                path.down(key);
                break self.pair(slot, Path::at(leaf.head(), path.level), path, key, value);
            }
            node = slot;
            path.down(key);
        };
        for step in steps.iter().rev() {
            changed = self.with_slot(step.node, step.at, size, changed);
        }
        Some(changed)
    }

    /// The subtree of two leaves whose ways part somewhere below.
    fn pair<'h>(
        &'h self,
        leaf: Term<'h>,
        mut other: Path,
        mut path: Path,
        key: Term<'h>,
        value: Term<'h>,
    ) -> Term<'h> {
        let old_key = leaf.as_cons().map_or(leaf, |c| c.head());
        let new = self.cons(key, value);
        // The slots that both share, one a level.
        let mut shared: Vec<u16> = Vec::new();
        while path.slot() == other.slot() {
            shared.push(path.bit());
            path.down(key);
            other.down(old_key);
        }
        let bitmap = path.bit() | other.bit();
        let two = if path.slot() < other.slot() { [new, leaf] } else { [leaf, new] };
        shared
            .iter()
            .rev()
            .fold(self.hash_node(bitmap, &[&two]), |sub, &bit| self.hash_node(bit, &[&[sub]]))
    }

    /// Takes a key out of a hash map: its value, and the new root (of any size).
    pub(super) fn trie_remove<'h>(
        &'h self,
        map: Map<'h>,
        key: Term<'h>,
    ) -> Option<(Term<'h>, Term<'h>)> {
        let mut path = Path::new(map_key(key, 0));
        let mut steps: Steps<'h> = Steps::new();
        let mut node = map.term();
        let value = loop {
            let bitmap = node.hdr().header_bitmap();
            if bitmap & path.bit() == 0 {
                return None;
            }
            let at = index(bitmap, path.bit());
            let slot = slots(node)[at];
            steps.push(Step { node, at });
            if let Some(leaf) = slot.as_cons() {
                if !eq_exact(leaf.head(), key) {
                    return None;
                }
                break leaf.tail();
            }
            node = slot;
            path.down(key);
        };
        let size = map.size() - 1;
        let mut sub = Sub::Gone;
        for step in steps.iter().rev() {
            let s = slots(step.node);
            let is_root = step.node.is_box(Subtag::HashMap);
            sub = match sub {
                Sub::Is(t) if t.raw().is_list() && s.len() == 1 && !is_root => Sub::Is(t),
                Sub::Is(t) => Sub::Is(self.with_slot(step.node, step.at, size, t)),
                Sub::Gone if s.len() == 1 && !is_root => Sub::Gone,
                // A lone leaf moves up.
                Sub::Gone if s.len() == 2 && !is_root && s[1 - step.at].raw().is_list() => {
                    Sub::Is(s[1 - step.at])
                }
                Sub::Gone => {
                    let bitmap = step.node.hdr().header_bitmap();
                    let bit = nth_bit(bitmap, step.at);
                    Sub::Is(self.like(
                        step.node,
                        bitmap & !bit,
                        size,
                        &[&s[..step.at], &s[step.at + 1..]],
                    ))
                }
            };
        }
        match sub {
            Sub::Is(root) => Some((value, root)),
            Sub::Gone => None,
        }
    }

    /// A hash map of more than [`super::FLAT_MAX`] associations. `Err` with the sorted distinct
    /// ones if there are not that many: later ones win.
    pub(super) fn trie_build<'h>(
        &'h self,
        pairs: impl Iterator<Item = (Term<'h>, Term<'h>)>,
    ) -> Result<Term<'h>, Vec<(Term<'h>, Term<'h>)>> {
        let mut leaves: Vec<Leaf<'h>> = pairs
            .map(|(key, value)| Leaf { order: swizzle(map_key(key, 0)), key, value })
            .collect();
        sort_unique(&mut leaves);
        if leaves.len() <= super::FLAT_MAX {
            return Err(leaves.into_iter().map(|l| (l.key, l.value)).collect());
        }
        let size = leaves.len();
        let (bitmap, children) = self.build_children(&mut leaves, 0);
        Ok(self.hash_root(bitmap, size, &[children.as_slice()]))
    }

    /// Slots of the node over these leaves, which are sorted by their ways from `level` on.
    fn build_children<'h>(&'h self, leaves: &mut [Leaf<'h>], level: u32) -> (u16, Children<'h>) {
        if level > 0 && level.is_multiple_of(PER_HASH) {
            for l in leaves.iter_mut() {
                l.order = swizzle(map_key(l.key, level / PER_HASH));
            }
            leaves.sort_unstable_by_key(|l| l.order);
        }
        let shift = 28 - 4 * (level % PER_HASH);
        let mut bitmap = 0;
        let mut children = Children::new();
        let mut rest = leaves;
        while let Some(first) = rest.first() {
            let slot = first.order >> shift & 15;
            let n = rest.iter().take_while(|l| l.order >> shift & 15 == slot).count();
            let (group, others) = rest.split_at_mut(n);
            bitmap |= 1 << slot;
            children.push(match group {
                [l] => self.cons(l.key, l.value),
                _ => {
                    let (bits, inner) = self.build_children(group, level + 1);
                    self.hash_node(bits, &[inner.as_slice()])
                }
            });
            rest = others;
        }
        (bitmap, children)
    }

    /// Both maps in one; `b`'s values win. Shares whatever only one of them has.
    pub(super) fn trie_merge<'h>(&'h self, a: Map<'h>, b: Map<'h>) -> Term<'h> {
        let mut common = 0;
        let merged = self.merge_nodes(a.term(), b.term(), 0, &mut common);
        let size = a.size() + b.size() - common;
        // Inner nodes and roots differ in the size word alone.
        if merged.is_box(Subtag::HashMap) {
            return merged;
        }
        self.hash_root(merged.hdr().header_bitmap(), size, &[slots(merged)])
    }

    fn merge_nodes<'h>(
        &'h self,
        a: Term<'h>,
        b: Term<'h>,
        level: u32,
        common: &mut usize,
    ) -> Term<'h> {
        if a.is_same(b) {
            *common += count_leaves(a);
            return b;
        }
        let (bits_a, bits_b) = (a.hdr().header_bitmap(), b.hdr().header_bitmap());
        let (slots_a, slots_b) = (slots(a), slots(b));
        let bitmap = bits_a | bits_b;
        let mut children = Children::new();
        let mut same_as_b = bitmap == bits_b;
        for bit in (0..16).map(|i| 1u16 << i).filter(|bit| bitmap & bit != 0) {
            let x = (bits_a & bit != 0).then(|| slots_a[index(bits_a, bit)]);
            let y = (bits_b & bit != 0).then(|| slots_b[index(bits_b, bit)]);
            let merged = match (x, y) {
                (Some(x), Some(y)) => self.merge_slots(x, y, level + 1, common),
                (Some(t), None) | (None, Some(t)) => t,
                (None, None) => continue,
            };
            same_as_b &= y.is_some_and(|y| y.is_same(merged));
            children.push(merged);
        }
        if same_as_b {
            return b;
        }
        self.hash_node(bitmap, &[children.as_slice()])
    }

    fn merge_slots<'h>(
        &'h self,
        a: Term<'h>,
        b: Term<'h>,
        level: u32,
        common: &mut usize,
    ) -> Term<'h> {
        match (a.as_cons(), b.as_cons()) {
            (Some(x), Some(y)) if eq_exact(x.head(), y.head()) => {
                *common += 1;
                b
            }
            (Some(x), Some(y)) => {
                let (px, py) = (Path::at(x.head(), level), Path::at(y.head(), level));
                self.pair(a, px, py, y.head(), y.tail())
            }
            (Some(x), None) => self.merge_leaf(b, a, x.head(), level, false, common),
            (None, Some(y)) => self.merge_leaf(a, b, y.head(), level, true, common),
            (None, None) => self.merge_nodes(a, b, level, common),
        }
    }

    /// A node with one more leaf, which replaces one of the same key only if `wins`.
    fn merge_leaf<'h>(
        &'h self,
        node: Term<'h>,
        leaf: Term<'h>,
        key: Term<'h>,
        level: u32,
        wins: bool,
        common: &mut usize,
    ) -> Term<'h> {
        let path = Path::at(key, level);
        let (bitmap, s) = (node.hdr().header_bitmap(), slots(node));
        let at = index(bitmap, path.bit());
        if bitmap & path.bit() == 0 {
            return self.hash_node(bitmap | path.bit(), &[&s[..at], &[leaf], &s[at..]]);
        }
        let new = match (wins, s[at].raw().is_list()) {
            (true, _) => self.merge_slots(s[at], leaf, level + 1, common),
            (false, _) => self.merge_slots(leaf, s[at], level + 1, common),
        };
        if new.is_same(s[at]) {
            return node;
        }
        self.hash_node(bitmap, &[&s[..at], &[new], &s[at + 1..]])
    }
}

/// # Safety
/// `p` has room for all slots.
unsafe fn fill(mut p: *mut u64, slots: &[&[Term<'_>]]) {
    for s in slots {
        // SAFETY: the caller's obligation; terms are words.
        unsafe {
            core::ptr::copy_nonoverlapping(s.as_ptr() as *const u64, p, s.len());
            p = p.add(s.len());
        }
    }
}

fn nth_bit(bitmap: u16, n: usize) -> u16 {
    let mut rest = bitmap;
    for _ in 0..n {
        rest &= rest.wrapping_sub(1);
    }
    rest & rest.wrapping_neg()
}

fn count_leaves(node: Term<'_>) -> usize {
    slots(node).iter().map(|s| if s.raw().is_list() { 1 } else { count_leaves(*s) }).sum()
}

struct Leaf<'p> {
    /// The hash with its four-bit groups in the order of levels, the first on top.
    order: u32,
    key: Term<'p>,
    value: Term<'p>,
}

fn swizzle(hash: u32) -> u32 {
    let b = hash.swap_bytes();
    (b & 0x0f0f_0f0f) << 4 | (b >> 4 & 0x0f0f_0f0f)
}

/// Sorts by order of hash; of equal keys the last stays.
fn sort_unique(leaves: &mut Vec<Leaf<'_>>) {
    leaves.sort_by_key(|l| l.order);
    // Only leaves of one hash can be of one key; their sort is stable, so the last one stays last.
    let mut start = 0;
    while start < leaves.len() {
        let order = leaves[start].order;
        let n = leaves[start..].iter().take_while(|l| l.order == order).count();
        if n > 2 {
            leaves[start..start + n].sort_by(|a, b| compare_exact(a.key, b.key));
        }
        start += n;
    }
    leaves.dedup_by(|next, kept| {
        let same = next.order == kept.order && compare_exact(next.key, kept.key) == Ordering::Equal;
        if same {
            (kept.key, kept.value) = (next.key, next.value);
        }
        same
    });
}

/// A small vector without allocation: the slots of one node.
struct Children<'p> {
    terms: [Term<'p>; 16],
    n: usize,
}

impl<'p> Children<'p> {
    fn new() -> Self {
        Children { terms: [Term::nil(); 16], n: 0 }
    }
    fn push(&mut self, t: Term<'p>) {
        self.terms[self.n] = t;
        self.n += 1;
    }
    fn as_slice(&self) -> &[Term<'p>] {
        &self.terms[..self.n]
    }
}

/// The nodes passed on the way down: few, but not bounded by a constant.
struct Steps<'p> {
    near: [Step<'p>; 8],
    n: usize,
    far: Vec<Step<'p>>,
}

impl<'p> Steps<'p> {
    fn new() -> Self {
        Steps { near: [Step { node: Term::nil(), at: 0 }; 8], n: 0, far: Vec::new() }
    }
    fn push(&mut self, s: Step<'p>) {
        if self.n < self.near.len() {
            self.near[self.n] = s;
            self.n += 1;
        } else {
            self.far.push(s);
        }
    }
    fn iter(&self) -> impl DoubleEndedIterator<Item = &Step<'p>> {
        self.near[..self.n].iter().chain(&self.far)
    }
}
