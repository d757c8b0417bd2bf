//! Maps as lists and in pieces: what `maps:to_list/1` and iterators rest on.
//!
//! ERTS builds lists from hash maps by consing in the order of slots, so `maps:keys/1` and
//! `maps:values/1` show them backwards, while iterators go forwards; so do we. Since OTP 29 all go forwards.

use super::{Map, slots};
use crate::heap::Heap;
use crate::term::Term;
use crate::work::Work;

/// Bits of an iterator's path that choose a slot of one node.
const PATH_BITS: usize = 4;
const SLOTS_PER_DIGIT: usize = 64 / PATH_BITS;

impl Heap {
    fn map_list<'h>(
        &'h self,
        map: Map<'h>,
        mut element: impl FnMut(Term<'h>, Term<'h>) -> Term<'h>,
    ) -> Term<'h> {
        match map.flat_parts() {
            Some((keys, values)) => keys
                .iter()
                .zip(values)
                .rev()
                .fold(Term::nil(), |list, (k, v)| self.cons(element(*k, *v), list)),
            None if crate::personality::release() >= 28 => {
                let pairs: Vec<_> = map.iter().collect();
                let cons = |list, (k, v): (Term<'h>, Term<'h>)| self.cons(element(k, v), list);
                pairs.into_iter().rev().fold(Term::nil(), cons)
            }
            None => map.iter().fold(Term::nil(), |list, (k, v)| self.cons(element(k, v), list)),
        }
    }
    /// `maps:keys/1`.
    pub fn map_keys<'h>(&'h self, map: Map<'h>) -> Term<'h> {
        self.map_list(map, |k, _| k)
    }
    /// `maps:values/1`.
    pub fn map_values<'h>(&'h self, map: Map<'h>) -> Term<'h> {
        self.map_list(map, |_, v| v)
    }
    /// `maps:to_list/1`.
    pub fn map_to_list<'h>(&'h self, map: Map<'h>) -> Term<'h> {
        self.map_list(map, |k, v| self.tuple(&[k, v]))
    }
    /// Children of a node of a hash map, in reverse (`erts_internal:map_hashmap_children/1`); `None`
    /// for a flat map. An inner node, of which `erts_debug:size/1` takes hold, counts as a map.
    pub fn map_hashmap_children<'h>(&'h self, node: Term<'h>) -> Option<Term<'h>> {
        if !is_trie(node) {
            return None;
        }
        Some(slots(node).iter().fold(Term::nil(), |list, s| self.cons(*s, list)))
    }

    /// `erts_internal:map_next(Path, Map, iterator)`: up to `limit` associations from `path` on as
    /// `{K, V, {K, V, … [Path|Map]}}`, ending in `none` when there are no more. `None`: badarg.
    pub fn map_next<'h>(&'h self, path: Term<'h>, map: Map<'h>, limit: usize) -> Option<Term<'h>> {
        let (pairs, next) = self.map_piece(path, map, limit)?;
        let end = match next {
            Some(next) => self.cons(next, map.term()),
            None => Term::atom(crate::atom::am::NONE),
        };
        Some(pairs.into_iter().rev().fold(end, |rest, (k, v)| self.tuple(&[k, v, rest])))
    }

    /// `erts_internal:map_next(Path, Map, List)`: up to `limit` associations put before `list`,
    /// backwards (those of a flat map forwards), and before them `[Path, Map |` if there are more.
    pub fn map_next_list<'h>(
        &'h self,
        path: Term<'h>,
        map: Map<'h>,
        list: Term<'h>,
        limit: usize,
    ) -> Option<Term<'h>> {
        let (mut pairs, next) = self.map_piece(path, map, limit)?;
        if map.is_flat() {
            pairs.reverse();
        }
        let list = pairs.into_iter().fold(list, |l, (k, v)| self.cons(self.tuple(&[k, v]), l));
        Some(match next {
            Some(next) => self.cons(next, self.cons(map.term(), list)),
            None => list,
        })
    }

    /// Associations from `path` on, and the path after them. A path chooses a slot of each node on
    /// the way, four bits a level, the root's lowest; missing levels are 0.
    #[allow(clippy::type_complexity)]
    fn map_piece<'h>(
        &'h self,
        path: Term<'h>,
        map: Map<'h>,
        limit: usize,
    ) -> Option<(Vec<(Term<'h>, Term<'h>)>, Option<Term<'h>>)> {
        if map.is_flat() {
            // Flat maps are handed out whole, whatever the path.
            usize::try_from(path.as_small()?).ok().filter(|&p| p <= map.size())?;
            return Some((map.iter().collect(), None));
        }
        let small;
        let digits = match path.as_big() {
            Some(b) if b.is_negative() => return None,
            Some(b) => b.digits(),
            None => {
                small = [path.as_u64()?];
                &small[..]
            }
        };
        // One entry a level: slots of the node, and the next one to visit.
        let mut stack: Work<(&[Term<'h>], usize), 8> = Work::new();
        let mut pairs = Vec::new();
        let mut node = map.term();
        for level in 0.. {
            let digit = digits.get(level / SLOTS_PER_DIGIT).copied().unwrap_or(0);
            let at = (digit >> (level % SLOTS_PER_DIGIT * PATH_BITS) & 15) as usize;
            let s = slots(node);
            let slot = *s.get(at)?;
            stack.push((s, at + 1));
            match slot.as_cons() {
                Some(c) => {
                    pairs.push((c.head(), c.tail()));
                    break;
                }
                None => node = slot,
            }
        }
        while let Some((s, at)) = stack.pop() {
            let Some(&slot) = s.get(at) else { continue };
            if pairs.len() >= limit {
                stack.push((s, at));
                break;
            }
            stack.push((s, at + 1));
            match slot.as_cons() {
                Some(c) => pairs.push((c.head(), c.tail())),
                None => stack.push((slots(slot), 0)),
            }
        }
        let mut levels = Vec::new();
        while let Some((_, at)) = stack.pop() {
            levels.push(at as u64);
        }
        if levels.is_empty() {
            return Some((pairs, None));
        }
        // The innermost entry is the next to visit; those above were advanced past the node that
        // is being visited.
        let n = levels.len();
        let mut digits = vec![0u64; n.div_ceil(SLOTS_PER_DIGIT)];
        for (i, at) in levels.iter().rev().enumerate() {
            let at = if i + 1 == n { *at } else { at - 1 };
            digits[i / SLOTS_PER_DIGIT] |= at << (i % SLOTS_PER_DIGIT * PATH_BITS);
        }
        Some((pairs, Some(self.big(false, &digits))))
    }
}

/// The root or an inner node of a hash map.
fn is_trie(t: Term<'_>) -> bool {
    use crate::term::Subtag;
    t.is_box(Subtag::HashMap) || t.is_box(Subtag::HashNode)
}
