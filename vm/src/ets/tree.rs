//! Ordered tables: `ordered_set` [erl_db_tree.c].
//!
//! A B-tree under one lock, ordered as `<` orders keys: `1` and `1.0` are one key. The B-tree's keys
//! are words that point into the objects beside them. A search may also use a *cut*: the place just
//! before or after all keys that a pattern with a bound beginning could match.

#![allow(
    clippy::mutable_key_type,
    reason = "a key's cell is only set to a term that compares equal"
)]

use super::common::{Error, Pass, Verdict, discard};
use super::object::Object;
use crate::match_spec::is_wildcard;
use core::cell::Cell;
use core::cmp::Ordering;
use core::ops::Bound;
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use term::compare::{compare, eq_exact};
use term::{RawTerm, Term, View};

/// Words of an object's place beside the object itself.
const NODE_WORDS: i64 = 5;

#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
enum Cut {
    /// Before everything that the pattern may match.
    Before,
    /// A term, not a pattern.
    Not,
    After,
}

/// A key in the tree, or what is searched for.
struct Key {
    /// Alive: part of the object beside it, or of the searcher's term.
    term: Cell<RawTerm>,
    cut: Cut,
}

impl Key {
    fn new(t: Term<'_>) -> Key {
        Key { term: Cell::new(t.raw()), cut: Cut::Not }
    }
    fn cut(pattern: Term<'_>, cut: Cut) -> Key {
        Key { term: Cell::new(pattern.raw()), cut }
    }
    fn term(&self) -> Term<'_> {
        // SAFETY: see the field.
        unsafe { self.term.get().brand() }
    }
}

impl Ord for Key {
    fn cmp(&self, other: &Key) -> Ordering {
        match (self.cut, other.cut) {
            (Cut::Not, Cut::Not) => compare(self.term(), other.term()),
            (_, Cut::Not) => against_pattern(self.term(), other.term()).then(cut_order(self.cut)),
            (Cut::Not, _) => {
                against_pattern(other.term(), self.term()).then(cut_order(other.cut)).reverse()
            }
            // Both ends of one range.
            (a, b) => a.cmp(&b),
        }
    }
}

fn cut_order(cut: Cut) -> Ordering {
    if cut == Cut::Before { Ordering::Less } else { Ordering::Greater }
}

/// Order of a pattern and a key as far as the beginning of the pattern is bound; `Equal` where a
/// variable decides. (A map in a pattern matches more than itself, so it counts as a variable.)
fn against_pattern(pattern: Term<'_>, key: Term<'_>) -> Ordering {
    let mut work = vec![(pattern, key)];
    while let Some((p, k)) = work.pop() {
        match (p.view(), k.view()) {
            (View::Atom(_), _) if is_wildcard(p) => return Ordering::Equal,
            (View::Map(_), _) => return Ordering::Equal,
            (View::Tuple(a), View::Tuple(b)) => {
                let r = a.arity().cmp(&b.arity());
                if r.is_ne() {
                    return r;
                }
                work.extend(a.iter().zip(b.iter()).rev());
            }
            (View::Cons(a), View::Cons(b)) => {
                work.push((a.tail(), b.tail()));
                work.push((a.head(), b.head()));
            }
            _ => {
                let r = compare(p, k);
                if r.is_ne() {
                    return r;
                }
            }
        }
    }
    Ordering::Equal
}

impl PartialOrd for Key {
    fn partial_cmp(&self, other: &Key) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl PartialEq for Key {
    fn eq(&self, other: &Key) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Key {}

type Map = BTreeMap<Key, Object>;

pub struct Tree {
    keypos: usize,
    map: RwLock<Map>,
}

// SAFETY: a `Cell` of a key is written only while the map is locked for writing, and what it points
// to is owned by the map.
unsafe impl Send for Tree {}
// SAFETY: as above.
unsafe impl Sync for Tree {}

/// What was in a tree.
struct Contents(#[allow(dead_code)] Map);

// SAFETY: the keys point into the objects beside them, which are owned.
unsafe impl Send for Contents {}

/// The part of a table that a search goes through.
#[derive(Clone, Copy)]
pub struct Range<'t> {
    /// Keys beyond this one, in the direction of the search.
    pub beyond: Option<Term<'t>>,
    /// Keys that this pattern could match.
    pub pattern: Option<Term<'t>>,
    pub backward: bool,
}

impl Tree {
    pub fn new(keypos: usize) -> Tree {
        Tree { keypos, map: RwLock::new(BTreeMap::new()) }
    }
    fn read(&self, pass: Pass<'_>) -> Result<RwLockReadGuard<'_, Map>, Error> {
        let map = self.map.read().unwrap_or_else(|e| e.into_inner());
        pass.check()?;
        Ok(map)
    }
    fn write(&self, pass: Pass<'_>) -> Result<RwLockWriteGuard<'_, Map>, Error> {
        let map = self.map.write().unwrap_or_else(|e| e.into_inner());
        pass.check()?;
        Ok(map)
    }
    pub fn len(&self) -> usize {
        self.map.read().unwrap_or_else(|e| e.into_inner()).len()
    }

    pub fn with_key<R>(
        &self,
        pass: Pass<'_>,
        key: Term<'_>,
        f: impl FnOnce(Option<&Object>) -> R,
    ) -> Result<R, Error> {
        Ok(f(self.read(pass)?.get(&Key::new(key))))
    }

    /// `false`: `new_only`, and there is one of its key.
    pub fn insert(&self, pass: Pass<'_>, object: Object, new_only: bool) -> Result<bool, Error> {
        let mut map = self.write(pass)?;
        Ok(self.put(pass, &mut map, object, new_only))
    }

    fn put(&self, pass: Pass<'_>, map: &mut Map, object: Object, new_only: bool) -> bool {
        let key = Key::new(object.key(self.keypos));
        let words = object.words() as i64;
        match map.entry(key) {
            Entry::Vacant(v) => {
                pass.add_words(words + NODE_WORDS);
                v.insert(object);
            }
            Entry::Occupied(_) if new_only => return false,
            Entry::Occupied(mut o) => {
                pass.add_words(words - o.get().words() as i64);
                // The key must point into the new object before the old one goes.
                o.key().term.set(object.key(self.keypos).raw());
                o.insert(object);
            }
        }
        true
    }

    /// Stores all or, if `new_only` and any key is there, none.
    pub fn insert_all(
        &self,
        pass: Pass<'_>,
        objects: Vec<Object>,
        new_only: bool,
    ) -> Result<bool, Error> {
        let mut map = self.write(pass)?;
        if new_only && objects.iter().any(|o| map.contains_key(&Key::new(o.key(self.keypos)))) {
            return Ok(false);
        }
        for o in objects {
            self.put(pass, &mut map, o, false);
        }
        Ok(true)
    }

    /// Runs `f` on the object of a key for writing; if there is none, on `default`, which is stored
    /// if `f` succeeds. `None`: neither.
    pub fn update<R>(
        &self,
        pass: Pass<'_>,
        key: Term<'_>,
        default: Option<Object>,
        f: impl FnOnce(&mut Object) -> Result<R, Error>,
    ) -> Result<Option<R>, Error> {
        let mut map = self.write(pass)?;
        if let Entry::Occupied(mut o) = map.entry(Key::new(key)) {
            let before = o.get().words() as i64;
            let r = f(o.get_mut());
            // Changing an element may have moved the object.
            let now = o.get().key(self.keypos).raw();
            o.key().term.set(now);
            pass.add_words(o.get().words() as i64 - before);
            return r.map(Some);
        }
        let Some(mut object) = default else { return Ok(None) };
        let r = f(&mut object)?;
        self.put(pass, &mut map, object, false);
        Ok(Some(r))
    }

    /// Deletes the object of a key if `f` holds for it.
    pub fn delete(
        &self,
        pass: Pass<'_>,
        key: Term<'_>,
        f: impl FnOnce(&Object) -> bool,
    ) -> Result<(), Error> {
        let mut map = self.write(pass)?;
        let mut gone = None;
        if let Entry::Occupied(o) = map.entry(Key::new(key))
            && f(o.get())
        {
            pass.add_words(-(o.get().words() as i64) - NODE_WORDS);
            gone = Some(o.remove_entry());
        }
        drop(map);
        drop(gone);
        Ok(())
    }
    pub fn delete_object(
        &self,
        pass: Pass<'_>,
        object: Term<'_>,
        key: Term<'_>,
    ) -> Result<(), Error> {
        self.delete(pass, key, |o| eq_exact(o.term(), object))
    }

    /// Deletes everything; how many there were.
    pub fn clear(&self, pass: Pass<'_>, last: bool) -> Result<usize, Error> {
        let mut map = self.map.write().unwrap_or_else(|e| e.into_inner());
        if !last {
            pass.check()?;
        }
        let old = core::mem::take(&mut *map);
        pass.common.reset_words();
        drop(map);
        let n = old.len();
        discard(Contents(old), n);
        Ok(n)
    }

    /// Runs `f` on the first or last object.
    pub fn end<R>(
        &self,
        pass: Pass<'_>,
        last: bool,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        let map = self.read(pass)?;
        let e = if last { map.last_key_value() } else { map.first_key_value() };
        Ok(e.map(|(_, o)| f(o)))
    }
    /// Runs `f` on the object after (or before) a key, which need not be there.
    /// # Errors
    /// `BadArg` for what stands for the end of the table.
    pub fn beside<R>(
        &self,
        pass: Pass<'_>,
        key: Term<'_>,
        before: bool,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        let map = self.read(pass)?;
        if key.is_atom_of(term::atom!("$end_of_table")) {
            return Err(Error::BadArg);
        }
        let key = Bound::Excluded(Key::new(key));
        let e = if before {
            map.range((Bound::Unbounded, key)).next_back()
        } else {
            map.range((key, Bound::Unbounded)).next()
        };
        Ok(e.map(|(_, o)| f(o)))
    }
    /// Runs `f` on the object at this place in the order. `None`: just past the end.
    pub fn slot<R>(
        &self,
        pass: Pass<'_>,
        index: usize,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        let map = self.read(pass)?;
        match map.values().nth(index) {
            Some(o) => Ok(Some(f(o))),
            None if index == map.len() => Ok(None),
            None => Err(Error::BadArg),
        }
    }

    /// Bounds of a range, or `None` if it is empty.
    fn bounds(range: Range<'_>) -> Option<(Bound<Key>, Bound<Key>)> {
        let mut low = match range.pattern {
            Some(p) => Bound::Excluded(Key::cut(p, Cut::Before)),
            None => Bound::Unbounded,
        };
        let mut high = match range.pattern {
            Some(p) => Bound::Excluded(Key::cut(p, Cut::After)),
            None => Bound::Unbounded,
        };
        if let Some(k) = range.beyond {
            let k = Key::new(k);
            let (this, other) = if range.backward { (&mut high, &low) } else { (&mut low, &high) };
            let closer = |b: &Key| if range.backward { k < *b } else { k > *b };
            if let Bound::Excluded(far) = other
                && !(if range.backward { k > *far } else { k < *far })
            {
                return None;
            }
            if !matches!(this, Bound::Excluded(b) if !closer(b)) {
                *this = Bound::Excluded(k);
            }
        }
        Some((low, high))
    }

    /// Visits objects in order until `visit` says that this was enough. `true`: all were seen.
    pub fn scan(
        &self,
        pass: Pass<'_>,
        range: Range<'_>,
        mut visit: impl FnMut(&Object) -> bool,
    ) -> Result<bool, Error> {
        let map = self.read(pass)?;
        let Some(bounds) = Self::bounds(range) else { return Ok(true) };
        let mut it = map.range(bounds);
        loop {
            let e = if range.backward { it.next_back() } else { it.next() };
            match e {
                None => return Ok(true),
                Some((_, o)) if visit(o) => {}
                Some(_) => return Ok(false),
            }
        }
    }

    /// As [`Tree::scan`], changing objects; `visit` says what to do, and whether to go on.
    pub fn scan_mut(
        &self,
        pass: Pass<'_>,
        range: Range<'_>,
        mut visit: impl FnMut(&Object) -> (Verdict, bool),
    ) -> Result<bool, Error> {
        let mut map = self.write(pass)?;
        let Some(bounds) = Self::bounds(range) else { return Ok(true) };
        let mut doomed: Vec<Key> = Vec::new();
        let mut all = true;
        let mut words = 0;
        let mut step = |(k, o): (&Key, &mut Object)| {
            let (verdict, go_on) = visit(o);
            match verdict {
                Verdict::Keep => {}
                Verdict::Delete => {
                    words -= o.words() as i64 + NODE_WORDS;
                    doomed.push(Key { term: k.term.clone(), cut: Cut::Not });
                }
                Verdict::Replace(new) => {
                    words += new.words() as i64 - o.words() as i64;
                    k.term.set(new.key(self.keypos).raw());
                    *o = new;
                }
            }
            go_on
        };
        let mut it = map.range_mut(bounds);
        loop {
            let e = if range.backward { it.next_back() } else { it.next() };
            match e {
                None => break,
                Some(e) => {
                    if !step(e) {
                        all = false;
                        break;
                    }
                }
            }
        }
        pass.add_words(words);
        // The keys to delete point into objects that are alive until their turn comes.
        let gone: Vec<_> = doomed.iter().filter_map(|k| map.remove_entry(k)).collect();
        drop(map);
        drop(doomed);
        drop(gone);
        Ok(all)
    }
}
