//! Ordered tables: `ordered_set` [erl_db_tree.c, erl_db_catree.c].
//!
//! A B-tree under one lock, ordered as `<` orders keys: `1` and `1.0` are one key. With
//! `write_concurrency` there are many, one behind the other, each with its own lock and its part of the
//! keys: see [`parts`]. Operations on one key look at one part; those on a range go through parts one
//! after the other and see each at another time; what must happen at once takes all.

#![allow(
    clippy::mutable_key_type,
    reason = "a key's cell is only set to a term that compares equal"
)]

mod key;
mod parts;

pub use parts::Forced;

use super::common::{Error, Pass, Verdict, discard};
use super::object::Object;
use core::ops::Bound;
use core::sync::atomic::{AtomicU8, Ordering};
use key::{Cut, Key};
use parts::{Part, change, locate};
use std::collections::BTreeMap;
use std::collections::btree_map::Entry;
use std::sync::{PoisonError, RwLock};
use term::Term;

/// Words of an object's place beside the object itself.
const NODE_WORDS: i64 = 5;

type Map = BTreeMap<Key, Object>;

enum Maps {
    One(RwLock<Map>),
    /// Never none, in order.
    Parts {
        parts: RwLock<Vec<Part>>,
        forced: AtomicU8,
    },
}

pub struct Tree {
    keypos: usize,
    maps: Maps,
}

// SAFETY: a `Cell` of a key is written only while the map is locked for writing, and what it points
// to is owned by the map.
unsafe impl Send for Tree {}
// SAFETY: as above.
unsafe impl Sync for Tree {}

/// What was in a tree.
struct Contents(#[allow(dead_code)] Vec<Map>);

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

fn read<T>(lock: &RwLock<T>) -> std::sync::RwLockReadGuard<'_, T> {
    lock.read().unwrap_or_else(PoisonError::into_inner)
}
fn write<T>(lock: &RwLock<T>) -> std::sync::RwLockWriteGuard<'_, T> {
    lock.write().unwrap_or_else(PoisonError::into_inner)
}

/// The key at a bound, if there is one.
fn at(bound: &Bound<Key>) -> Option<&Key> {
    match bound {
        Bound::Included(k) | Bound::Excluded(k) => Some(k),
        Bound::Unbounded => None,
    }
}

impl Tree {
    /// `split`: into parts, where writers meet.
    pub fn new(keypos: usize, split: bool) -> Tree {
        let maps = match split {
            true => Maps::Parts {
                parts: RwLock::new(vec![Part::first()]),
                forced: AtomicU8::new(Forced::Not as u8),
            },
            false => Maps::One(RwLock::default()),
        };
        Tree { keypos, maps }
    }
    /// Has parts split and joined without need. `false`: there are none.
    pub fn force(&self, how: Forced) -> bool {
        match &self.maps {
            Maps::One(_) => false,
            Maps::Parts { forced, .. } => {
                forced.store(how as u8, Ordering::Relaxed);
                true
            }
        }
    }
    /// How many parts there are; `None`: it has none.
    pub fn parts(&self) -> Option<usize> {
        match &self.maps {
            Maps::One(_) => None,
            Maps::Parts { parts, .. } => Some(read(parts).len()),
        }
    }
    pub fn len(&self) -> usize {
        match &self.maps {
            Maps::One(map) => read(map).len(),
            Maps::Parts { parts, .. } => read(parts).iter().map(|p| p.read().len()).sum(),
        }
    }

    /// Runs `f` on the map that a key belongs to.
    fn reading<R>(&self, pass: Pass<'_>, key: &Key, f: impl FnOnce(&Map) -> R) -> Result<R, Error> {
        match &self.maps {
            Maps::One(map) => {
                let map = read(map);
                pass.check()?;
                Ok(f(&map))
            }
            Maps::Parts { parts, .. } => {
                let parts = read(parts);
                let map = parts[locate(&parts, key)].read();
                pass.check()?;
                Ok(f(&map))
            }
        }
    }
    /// As `reading`, for a change. The key is not looked at once `f` has run.
    fn writing<R>(
        &self,
        pass: Pass<'_>,
        key: &Key,
        f: impl FnOnce(&mut Map) -> R,
    ) -> Result<R, Error> {
        match &self.maps {
            Maps::One(map) => {
                let mut map = write(map);
                pass.check()?;
                Ok(f(&mut map))
            }
            Maps::Parts { parts, forced } => {
                let (done, wanted) = {
                    let parts = read(parts);
                    let i = locate(&parts, key);
                    let (mut map, waited) = parts[i].write();
                    pass.check()?;
                    let done = f(&mut map);
                    (done, parts[i].count(i, parts.len(), waited, Forced::of(forced)))
                };
                if let Some(what) = wanted {
                    change(&mut write(parts), what);
                }
                Ok(done)
            }
        }
    }
    /// Runs `f` on one map after the other that may hold keys within these bounds, until it has had
    /// enough.
    fn each(
        &self,
        pass: Pass<'_>,
        (low, high): &(Bound<Key>, Bound<Key>),
        backward: bool,
        mut f: impl FnMut(&Map) -> bool,
    ) -> Result<(), Error> {
        let Maps::Parts { parts, .. } = &self.maps else {
            return self.one(pass, |map| {
                f(map);
            });
        };
        let parts = read(parts);
        for i in within(&parts, low, high, backward) {
            let map = parts[i].read();
            pass.check()?;
            if !f(&map) {
                break;
            }
        }
        Ok(())
    }
    fn each_mut(
        &self,
        pass: Pass<'_>,
        (low, high): &(Bound<Key>, Bound<Key>),
        backward: bool,
        mut f: impl FnMut(&mut Map) -> bool,
    ) -> Result<(), Error> {
        match &self.maps {
            Maps::One(map) => {
                let mut map = write(map);
                pass.check()?;
                f(&mut map);
            }
            Maps::Parts { parts, .. } => {
                let parts = read(parts);
                for i in within(&parts, low, high, backward) {
                    let (mut map, _) = parts[i].write();
                    pass.check()?;
                    if !f(&mut map) {
                        break;
                    }
                }
            }
        }
        Ok(())
    }
    /// The one map of a table without parts.
    fn one(&self, pass: Pass<'_>, f: impl FnOnce(&Map)) -> Result<(), Error> {
        if let Maps::One(map) = &self.maps {
            let map = read(map);
            pass.check()?;
            f(&map);
        }
        Ok(())
    }

    pub fn with_key<R>(
        &self,
        pass: Pass<'_>,
        key: Term<'_>,
        f: impl FnOnce(Option<&Object>) -> R,
    ) -> Result<R, Error> {
        let key = Key::new(key);
        self.reading(pass, &key, |map| f(map.get(&key)))
    }

    /// `false`: `new_only`, and there is one of its key.
    pub fn insert(&self, pass: Pass<'_>, object: Object, new_only: bool) -> Result<bool, Error> {
        let key = Key::new(object.key(self.keypos));
        self.writing(pass, &key, |map| self.put(pass, map, object, new_only))
    }

    fn put(&self, pass: Pass<'_>, map: &mut Map, object: Object, new_only: bool) -> bool {
        let key = Key::new(object.key(self.keypos));
        let words = object.words(self.keypos) as i64;
        match map.entry(key) {
            Entry::Vacant(v) => {
                pass.add_words(words + NODE_WORDS);
                v.insert(object);
            }
            Entry::Occupied(_) if new_only => return false,
            Entry::Occupied(mut o) => {
                pass.add_words(words - o.get().words(self.keypos) as i64);
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
        let key_of = |o: &Object| Key::new(o.key(self.keypos));
        match &self.maps {
            Maps::One(map) => {
                let mut map = write(map);
                pass.check()?;
                if new_only && objects.iter().any(|o| map.contains_key(&key_of(o))) {
                    return Ok(false);
                }
                for o in objects {
                    self.put(pass, &mut map, o, false);
                }
            }
            Maps::Parts { parts, .. } => {
                let mut parts = write(parts);
                pass.check()?;
                let mut is_there = |o: &Object| {
                    let key = key_of(o);
                    let i = locate(&parts, &key);
                    parts[i].map_mut().contains_key(&key)
                };
                if new_only && objects.iter().any(&mut is_there) {
                    return Ok(false);
                }
                for o in objects {
                    let i = locate(&parts, &key_of(&o));
                    self.put(pass, parts[i].map_mut(), o, false);
                }
            }
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
        self.writing(pass, &Key::new(key), |map| {
            if let Entry::Occupied(mut o) = map.entry(Key::new(key)) {
                let before = o.get().words(self.keypos) as i64;
                let r = f(o.get_mut());
                // Changing an element may have moved the object.
                let now = o.get().key(self.keypos).raw();
                o.key().term.set(now);
                pass.add_words(o.get().words(self.keypos) as i64 - before);
                return r.map(Some);
            }
            let Some(mut object) = default else { return Ok(None) };
            let r = f(&mut object)?;
            self.put(pass, map, object, false);
            Ok(Some(r))
        })?
    }

    /// Deletes the object of a key if `f` holds for it.
    pub fn delete(
        &self,
        pass: Pass<'_>,
        key: Term<'_>,
        f: impl FnOnce(&Object) -> bool,
    ) -> Result<(), Error> {
        let gone = self.writing(pass, &Key::new(key), |map| match map.entry(Key::new(key)) {
            Entry::Occupied(o) if f(o.get()) => {
                pass.add_words(-(o.get().words(self.keypos) as i64) - NODE_WORDS);
                Some(o.remove_entry())
            }
            _ => None,
        })?;
        drop(gone);
        Ok(())
    }
    pub fn delete_object(
        &self,
        pass: Pass<'_>,
        object: Term<'_>,
        key: Term<'_>,
    ) -> Result<(), Error> {
        self.delete(pass, key, |o| o.is(object))
    }

    /// Deletes everything; how many there were.
    pub fn clear(&self, pass: Pass<'_>, last: bool) -> Result<usize, Error> {
        let old = match &self.maps {
            Maps::One(map) => {
                let mut map = write(map);
                if !last {
                    pass.check()?;
                }
                pass.common.reset_words();
                vec![core::mem::take(&mut *map)]
            }
            Maps::Parts { parts, .. } => {
                let mut parts = write(parts);
                if !last {
                    pass.check()?;
                }
                pass.common.reset_words();
                let mut old = core::mem::replace(&mut *parts, vec![Part::first()]);
                old.iter_mut().map(|p| core::mem::take(p.map_mut())).collect()
            }
        };
        let n = old.iter().map(Map::len).sum();
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
        let (mut f, mut found) = (Some(f), None);
        self.each(pass, &(Bound::Unbounded, Bound::Unbounded), last, |map| {
            let e = if last { map.last_key_value() } else { map.first_key_value() };
            found = e.and_then(|(_, o)| f.take().map(|f| f(o)));
            found.is_none()
        })?;
        Ok(found)
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
        let end = key.is_atom_of(term::atom!("$end_of_table"));
        let key = Bound::Excluded(Key::new(key));
        let bounds = if before { (Bound::Unbounded, key) } else { (key, Bound::Unbounded) };
        let (mut f, mut found) = (Some(f), None);
        self.each(pass, &bounds, before, |map| {
            let mut range = map.range((bounds.0.as_ref(), bounds.1.as_ref()));
            let e = if before { range.next_back() } else { range.next() };
            found = e.filter(|_| !end).and_then(|(_, o)| f.take().map(|f| f(o)));
            found.is_none()
        })?;
        if end { Err(Error::BadArg) } else { Ok(found) }
    }
    /// Runs `f` on the object at this place in the order. `None`: just past the end.
    pub fn slot<R>(
        &self,
        pass: Pass<'_>,
        index: usize,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        let (mut f, mut found, mut before) = (Some(f), None, 0);
        self.each(pass, &(Bound::Unbounded, Bound::Unbounded), false, |map| {
            let e = map.values().nth(index - before);
            found = e.and_then(|o| f.take().map(|f| f(o)));
            before += map.len();
            found.is_none() && before <= index
        })?;
        match found {
            Some(r) => Ok(Some(r)),
            None if index == before => Ok(None),
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
        let Some(bounds) = Self::bounds(range) else {
            pass.check()?;
            return Ok(true);
        };
        let mut all = true;
        self.each(pass, &bounds, range.backward, |map| {
            let mut it = map.range((bounds.0.as_ref(), bounds.1.as_ref()));
            while all {
                let e = if range.backward { it.next_back() } else { it.next() };
                let Some((_, o)) = e else { break };
                all = visit(o);
            }
            all
        })?;
        Ok(all)
    }

    /// As [`Tree::scan`], changing objects; `visit` says what to do, and whether to go on.
    pub fn scan_mut(
        &self,
        pass: Pass<'_>,
        range: Range<'_>,
        mut visit: impl FnMut(&Object) -> (Verdict, bool),
    ) -> Result<bool, Error> {
        let Some(bounds) = Self::bounds(range) else {
            pass.check()?;
            return Ok(true);
        };
        let mut all = true;
        self.each_mut(pass, &bounds, range.backward, |map| {
            let mut doomed: Vec<Key> = Vec::new();
            let mut words = 0;
            let mut it = map.range_mut((bounds.0.as_ref(), bounds.1.as_ref()));
            while all {
                let e = if range.backward { it.next_back() } else { it.next() };
                let Some((k, o)) = e else { break };
                let (verdict, go_on) = visit(o);
                match verdict {
                    Verdict::Keep => {}
                    Verdict::Delete => {
                        words -= o.words(self.keypos) as i64 + NODE_WORDS;
                        doomed.push(Key { term: k.term.clone(), cut: Cut::Not });
                    }
                    Verdict::Replace(new) => {
                        words += new.words(self.keypos) as i64 - o.words(self.keypos) as i64;
                        k.term.set(new.key(self.keypos).raw());
                        *o = new;
                    }
                }
                all = go_on;
            }
            pass.add_words(words);
            // The keys to delete point into objects that are alive until their turn comes.
            let gone: Vec<_> = doomed.iter().filter_map(|k| map.remove_entry(k)).collect();
            drop(doomed);
            drop(gone);
            all
        })?;
        Ok(all)
    }
}

/// The numbers of the parts that may hold keys within these bounds.
fn within(
    parts: &[Part],
    low: &Bound<Key>,
    high: &Bound<Key>,
    backward: bool,
) -> impl Iterator<Item = usize> {
    let first = at(low).map_or(0, |k| locate(parts, k));
    let last = at(high).map_or(parts.len() - 1, |k| locate(parts, k)).max(first);
    (first..=last).map(move |i| if backward { last - (i - first) } else { i })
}
