//! Hash tables: `set`, `bag`, `duplicate_bag` [erl_db_hash.c].
//!
//! Linear hashing: buckets are split and joined one at a time, so the table never stops to rehash.
//! Growth, hash and order within buckets follow ERTS, so that programs that show the order of a table
//! show the same here.
//!
//! Buckets are dealt to *shards*: bucket `i` is in shard `i % shards`, each with a lock of its own.
//! Tables without `write_concurrency` have one shard, its lock is the table's lock. Bucket and
//! split-off bucket are always in the same shard, since there are never fewer buckets than shards and
//! both are powers of two at every doubling. So holding one shard's lock fixes the home of every key in
//! it, whatever happens to the others. Operations on the whole table lock all shards in order.
//!
//! While a table is fixed nothing moves between buckets, and the first object deleted of a key only
//! becomes *pseudo-deleted*: it keeps its place for whoever stands on it, and is swept when the last
//! fixation ends.

mod resize;
mod scan;

use super::common::{Error, Pass};
use super::object::{Object, Spot};
use core::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use term::Term;
use term::compare::eq_exact;

/// Buckets of the first segment.
const FIRST: usize = 256;
/// Buckets come in segments of this many, which matters for shrinking and for memory.
const SEGMENT: usize = 2048;
/// Shards of a table with `write_concurrency`.
pub const SHARDS: usize = 64;

/// Buckets that are split after an insertion at most.
const AT_ONCE: usize = 5;

/// Words of an object's place beside the object itself.
const NODE_WORDS: i64 = 4;

/// Objects of a bucket, newest first; objects of one key stand together.
type Link = Option<Object>;

/// What of the rules differs between the types.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Set,
    Bag,
    DuplicateBag,
}

/// The buckets of one lock.
#[derive(Default)]
pub struct Shard {
    buckets: Vec<Link>,
    /// Pseudo-deleted objects may be in these buckets (all, if there are too many to name).
    pending: Vec<usize>,
}

pub struct Hash {
    pub kind: Kind,
    keypos: usize,
    shards: Box<[RwLock<Shard>]>,
    /// Buckets of an empty table.
    least: usize,
    /// Buckets in use. Changed only under the lock of the shard that gains or loses one, and `resizing`.
    active: AtomicUsize,
    /// Buckets that segments have been counted for.
    slots: AtomicUsize,
    items: AtomicIsize,
    resizing: AtomicBool,
    /// Some shard has pseudo-deleted objects.
    pending: AtomicBool,
}

/// A place in an iteration: a bucket.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Place(pub usize);

pub fn hash_key(key: Term<'_>) -> u32 {
    match key.as_atom() {
        Some(a) => a.hash_value(),
        None => term::hash::internal(key, 0),
    }
}

/// Bucket of a hash among `active` ones.
fn bucket_of(hash: u32, active: usize) -> usize {
    let mask = active.next_power_of_two() - 1;
    let i = hash as usize & mask;
    if i >= active { i & mask >> 1 } else { i }
}

impl Shard {
    fn link(&mut self, local: usize) -> &mut Link {
        if self.buckets.len() <= local {
            self.buckets.resize_with(local + 1, || None);
        }
        &mut self.buckets[local]
    }
    fn first(&self, local: usize) -> Option<&Object> {
        self.buckets.get(local).and_then(|l| l.as_ref())
    }
    fn chain(&self, local: usize) -> impl Iterator<Item = &Object> {
        core::iter::successors(self.first(local), |n| n.spot().next.as_ref())
    }
}

/// The link that holds the first node for which `f` holds, or the last, empty one.
fn find(mut link: &mut Link, f: impl Fn(&Object) -> bool) -> &mut Link {
    while link.as_ref().is_some_and(|n| !f(n)) {
        let Some(n) = link else { break };
        link = &mut n.spot_mut().next;
    }
    link
}

/// The link after this one; itself if it is empty.
fn next_link(link: &mut Link) -> &mut Link {
    match link {
        Some(n) => &mut n.spot_mut().next,
        None => link,
    }
}

/// Takes the node out of its link.
fn unlink(link: &mut Link) -> Link {
    let mut node = link.take()?;
    *link = node.spot_mut().next.take();
    Some(node)
}

fn read(shard: &RwLock<Shard>) -> RwLockReadGuard<'_, Shard> {
    shard.read().unwrap_or_else(|e| e.into_inner())
}
fn write(shard: &RwLock<Shard>) -> RwLockWriteGuard<'_, Shard> {
    shard.write().unwrap_or_else(|e| e.into_inner())
}

/// A key with its hash.
#[derive(Clone, Copy)]
pub struct Key<'t> {
    pub term: Term<'t>,
    hash: u32,
}

impl<'t> Key<'t> {
    pub fn new(term: Term<'t>) -> Key<'t> {
        Key { term, hash: hash_key(term) }
    }
}

impl Hash {
    /// `shards`: a power of two.
    pub fn new(kind: Kind, keypos: usize, shards: usize) -> Hash {
        // Never fewer buckets than shards; they come in segments.
        let slots = FIRST + shards.saturating_sub(FIRST).div_ceil(SEGMENT) * SEGMENT;
        Hash {
            kind,
            keypos,
            shards: (0..shards).map(|_| RwLock::default()).collect(),
            least: slots,
            active: AtomicUsize::new(slots),
            slots: AtomicUsize::new(slots),
            items: AtomicIsize::new(0),
            resizing: AtomicBool::new(false),
            pending: AtomicBool::new(false),
        }
    }
    pub fn shards(&self) -> usize {
        self.shards.len()
    }
    pub fn len(&self) -> usize {
        self.items.load(Ordering::Relaxed).max(0) as usize
    }
    pub fn active(&self) -> usize {
        self.active.load(Ordering::Acquire)
    }
    /// Words of the segments beyond the first one, and of the reference's tables of segments.
    pub fn segment_words(&self) -> usize {
        let slots = self.slots.load(Ordering::Relaxed) - FIRST;
        let (mut room, mut next, mut words) = (1, 256, slots);
        while slots / SEGMENT >= room {
            words += next + 6;
            (room, next) = (next, next + 128);
        }
        words
    }
    fn local(&self, bucket: usize) -> usize {
        bucket / self.shards.len()
    }
    fn shard(&self, bucket: usize) -> &RwLock<Shard> {
        &self.shards[bucket % self.shards.len()]
    }
    /// The bucket after this one in iteration order: through a shard, then through the next.
    fn after(&self, bucket: usize) -> Option<usize> {
        let n = self.shards.len();
        if bucket + n < self.active() {
            return Some(bucket + n);
        }
        let next = bucket % n + 1;
        if next < n { Some(next) } else { None }
    }
    fn is(&self, n: &Object, key: Key<'_>) -> bool {
        n.spot().hash == key.hash && eq_exact(n.key(self.keypos), key.term)
    }
    fn is_live(&self, n: &Object, key: Key<'_>) -> bool {
        !n.spot().deleted && self.is(n, key)
    }
    fn is_multi(&self) -> bool {
        self.kind != Kind::Set
    }

    /// Locks for work on one key: runs `f` on the shard and the local bucket.
    fn reading<R>(
        &self,
        pass: Pass<'_>,
        key: Key<'_>,
        f: impl FnOnce(&Shard, usize) -> R,
    ) -> Result<R, Error> {
        let shard = read(self.shard(key.hash as usize));
        pass.check()?;
        let bucket = bucket_of(key.hash, self.active());
        Ok(f(&shard, self.local(bucket)))
    }
    fn writing<R>(
        &self,
        pass: Pass<'_>,
        key: Key<'_>,
        f: impl FnOnce(&mut Shard, usize) -> R,
    ) -> Result<R, Error> {
        let mut shard = write(self.shard(key.hash as usize));
        pass.check()?;
        let bucket = bucket_of(key.hash, self.active());
        Ok(f(&mut shard, self.local(bucket)))
    }

    // One key.

    /// Runs `f` on the live objects of a key, newest first.
    pub fn with_key<R>(
        &self,
        pass: Pass<'_>,
        key: Key<'_>,
        f: impl FnOnce(&mut dyn Iterator<Item = &Object>) -> R,
    ) -> Result<R, Error> {
        self.reading(pass, key, |shard, local| {
            let mut it = shard
                .chain(local)
                .skip_while(|n| !self.is(n, key))
                .take_while(|n| self.is(n, key))
                .filter(|n| !n.spot().deleted);
            f(&mut it)
        })
    }

    /// Runs `f` on the objects of a key, pseudo-deleted ones too, newest first.
    pub fn with_all<R>(
        &self,
        pass: Pass<'_>,
        key: Key<'_>,
        f: impl FnOnce(&mut dyn Iterator<Item = &Object>) -> R,
    ) -> Result<R, Error> {
        self.reading(pass, key, |shard, local| {
            let here = shard.chain(local).skip_while(|n| !self.is(n, key));
            f(&mut here.take_while(|n| self.is(n, key)))
        })
    }

    /// Stores an object. `false`: `new_only`, and there is one of its key.
    pub fn insert(&self, pass: Pass<'_>, object: Object, new_only: bool) -> Result<bool, Error> {
        let hash = hash_key(object.key(self.keypos));
        // The key is read through the object that moves into the table.
        let mut shard = write(self.shard(hash as usize));
        pass.check()?;
        let bucket = bucket_of(hash, self.active());
        let done = self.put(pass, &mut shard, self.local(bucket), object, hash, new_only);
        drop(shard);
        self.grow(pass, AT_ONCE);
        Ok(done)
    }

    fn put(
        &self,
        pass: Pass<'_>,
        shard: &mut Shard,
        local: usize,
        mut object: Object,
        hash: u32,
        new_only: bool,
    ) -> bool {
        let key = Key { term: object.key(self.keypos), hash };
        let link = find(shard.link(local), |n| self.is(n, key));
        if let Some(first) = link.as_mut() {
            match self.kind {
                Kind::Set => {
                    if !first.spot().deleted && new_only {
                        return false;
                    }
                    pass.add_words(
                        object.words(self.keypos) as i64 - first.words(self.keypos) as i64,
                    );
                    if core::mem::replace(&mut first.spot_mut().deleted, false) {
                        self.items.fetch_add(1, Ordering::Relaxed);
                    }
                    first.replace(object);
                    return true;
                }
                _ if new_only => {
                    let mut n = Some(&*first);
                    while let Some(x) = n.filter(|x| self.is(x, key)) {
                        if !x.spot().deleted {
                            return false;
                        }
                        n = x.spot().next.as_ref();
                    }
                }
                Kind::Bag => {
                    if self.put_again(link, &object, key) {
                        return true;
                    }
                }
                Kind::DuplicateBag => {}
            }
        }
        let spot =
            Spot { next: link.take(), hash, deleted: false, compressed: object.spot().compressed };
        *object.spot_mut() = spot;
        pass.add_words(object.words(self.keypos) as i64 + NODE_WORDS);
        self.items.fetch_add(1, Ordering::Relaxed);
        *link = Some(object);
        true
    }

    /// Whether the object is in a bag already; a pseudo-deleted one comes back, as the newest.
    fn put_again(&self, first: &mut Link, object: &Object, key: Key<'_>) -> bool {
        let new = object.open();
        let same = find(first, |n| !self.is(n, key) || n.is(new.term()));
        let Some(n) = same.as_mut().filter(|n| self.is(n, key)) else { return false };
        if n.spot().deleted {
            n.spot_mut().deleted = false;
            self.items.fetch_add(1, Ordering::Relaxed);
            if let Some(mut n) = unlink(same) {
                n.spot_mut().next = first.take();
                *first = Some(n);
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
        // The right to resize comes first: who has it may wait for a shard.
        while self.resizing.swap(true, Ordering::Acquire) {
            std::thread::yield_now();
        }
        let done = self.insert_locked(pass, objects, new_only);
        self.resizing.store(false, Ordering::Release);
        done
    }

    /// As `insert_all`, with the right to resize: the table grows with what comes in.
    fn insert_locked(
        &self,
        pass: Pass<'_>,
        objects: Vec<Object>,
        new_only: bool,
    ) -> Result<bool, Error> {
        let mut shards: Vec<_> = self.shards.iter().map(write).collect();
        pass.check()?;
        let hashes: Vec<u32> = objects.iter().map(|o| hash_key(o.key(self.keypos))).collect();
        if new_only {
            let active = self.active();
            let found = objects.iter().zip(&hashes).any(|(o, &hash)| {
                let key = Key { term: o.key(self.keypos), hash };
                let local = self.local(bucket_of(hash, active));
                shards[hash as usize % self.shards.len()].chain(local).any(|n| self.is_live(n, key))
            });
            if found {
                return Ok(false);
            }
        }
        for (o, hash) in objects.into_iter().zip(hashes) {
            let bucket = bucket_of(hash, self.active());
            let shard = &mut shards[bucket % self.shards.len()];
            self.put(pass, shard, self.local(bucket), o, hash, false);
            for _ in 0..AT_ONCE {
                let to = self.active();
                if self.len() <= to || pass.is_fixed() {
                    break;
                }
                self.split_in(pass, &mut shards[to % self.shards.len()], to);
            }
        }
        Ok(true)
    }

    /// Runs `f` on the object of a key for writing; if there is none, on `default`, which is stored
    /// if `f` succeeds. `None`: neither.
    pub fn update<R>(
        &self,
        pass: Pass<'_>,
        key: Key<'_>,
        default: Option<Object>,
        f: impl FnOnce(&mut Object) -> Result<R, Error>,
    ) -> Result<Option<R>, Error> {
        let r = self.writing(pass, key, |shard, local| {
            let link = find(shard.link(local), |n| self.is(n, key));
            if let Some(n) = link.as_mut().filter(|n| !n.spot().deleted) {
                let before = n.words(self.keypos) as i64;
                let r = f(n);
                pass.add_words(n.words(self.keypos) as i64 - before);
                return r.map(Some);
            }
            let Some(mut object) = default else { return Ok(None) };
            let r = f(&mut object)?;
            self.put(pass, shard, local, object, key.hash, false);
            Ok(Some(r))
        })?;
        self.grow(pass, AT_ONCE);
        r
    }

    /// Deletes the objects of a key for which `f` holds, up to the first if `one`; what was deleted is
    /// seen by `f`, newest first.
    pub fn delete(
        &self,
        pass: Pass<'_>,
        key: Key<'_>,
        one: bool,
        mut f: impl FnMut(&Object) -> bool,
    ) -> Result<(), Error> {
        let gone = self.writing(pass, key, |shard, local| {
            let mut gone: Link = None;
            let mut count = 0;
            let mut live = 0;
            let mut pseudo = false;
            let mut link = find(shard.link(local), |n| self.is(n, key));
            while let Some(n) = link.as_mut().filter(|n| self.is(n, key)) {
                let wanted = !n.spot().deleted && {
                    live += 1;
                    f(n)
                };
                if !wanted {
                    link = next_link(link);
                    continue;
                }
                count += 1;
                if live == 1 && pass.is_fixed() {
                    // Others of the key may go for good: this one keeps its place.
                    n.spot_mut().deleted = true;
                    pseudo = true;
                    link = next_link(link);
                } else if let Some(mut n) = unlink(link) {
                    pass.add_words(-(n.words(self.keypos) as i64) - NODE_WORDS);
                    n.spot_mut().next = gone.take();
                    gone = Some(n);
                }
                if one {
                    break;
                }
            }
            if pseudo {
                self.remember(shard, local);
            }
            self.items.fetch_sub(count, Ordering::Relaxed);
            (gone, count)
        })?;
        if gone.1 > 0 {
            self.shrink(pass);
        }
        Ok(())
    }

    /// Notes that a bucket has pseudo-deleted objects.
    fn remember(&self, shard: &mut Shard, local: usize) {
        if shard.pending.last() != Some(&local) {
            shard.pending.push(local);
        }
        self.pending.store(true, Ordering::Release);
    }
}
