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

use super::common::{Error, Pass, Verdict};
use super::object::Object;
use core::sync::atomic::{AtomicBool, AtomicIsize, AtomicUsize, Ordering};
use std::sync::{RwLock, RwLockReadGuard, RwLockWriteGuard};
use term::Term;
use term::compare::eq_exact;

/// Buckets of an empty table.
const FIRST: usize = 256;
/// Buckets come in segments of this many, which matters for shrinking and for memory.
const SEGMENT: usize = 2048;
/// Shards of a table with `write_concurrency`.
pub const SHARDS: usize = 64;

/// Words of an object's place beside the object itself.
const NODE_WORDS: i64 = 4;

type Link = Option<Box<Node>>;

/// One object in its bucket, newest first; objects of one key stand together.
pub struct Node {
    next: Link,
    hash: u32,
    /// Pseudo-deleted.
    deleted: bool,
    pub object: Object,
}

impl Drop for Node {
    fn drop(&mut self) {
        // A long bucket must not recurse.
        let mut next = self.next.take();
        while let Some(mut n) = next {
            next = n.next.take();
        }
    }
}

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
    fn first(&self, local: usize) -> Option<&Node> {
        self.buckets.get(local).and_then(|l| l.as_deref())
    }
    fn chain(&self, local: usize) -> impl Iterator<Item = &Node> {
        core::iter::successors(self.first(local), |n| n.next.as_deref())
    }
}

/// The link that holds the first node for which `f` holds, or the last, empty one.
fn find(mut link: &mut Link, f: impl Fn(&Node) -> bool) -> &mut Link {
    while link.as_ref().is_some_and(|n| !f(n)) {
        let Some(n) = link else { break };
        link = &mut n.next;
    }
    link
}

/// The link after this one; itself if it is empty.
fn next_link(link: &mut Link) -> &mut Link {
    match link {
        Some(n) => &mut n.next,
        None => link,
    }
}

/// Takes the node out of its link.
fn unlink(link: &mut Link) -> Link {
    let mut node = link.take()?;
    *link = node.next.take();
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
    pub fn new(kind: Kind, keypos: usize, sharded: bool) -> Hash {
        let n = if sharded { SHARDS } else { 1 };
        Hash {
            kind,
            keypos,
            shards: (0..n).map(|_| RwLock::default()).collect(),
            active: AtomicUsize::new(FIRST),
            slots: AtomicUsize::new(FIRST),
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
    /// Buckets beyond the first segment that memory was taken for.
    pub fn extra_slots(&self) -> usize {
        self.slots.load(Ordering::Relaxed) - FIRST
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
    fn is(&self, n: &Node, key: Key<'_>) -> bool {
        n.hash == key.hash && eq_exact(n.object.key(self.keypos), key.term)
    }
    fn is_live(&self, n: &Node, key: Key<'_>) -> bool {
        !n.deleted && self.is(n, key)
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
                .filter(|n| !n.deleted)
                .map(|n| &n.object);
            f(&mut it)
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
        self.grow(pass, 5);
        Ok(done)
    }

    fn put(
        &self,
        pass: Pass<'_>,
        shard: &mut Shard,
        local: usize,
        object: Object,
        hash: u32,
        new_only: bool,
    ) -> bool {
        let key = Key { term: object.key(self.keypos), hash };
        let link = find(shard.link(local), |n| self.is(n, key));
        if let Some(first) = link.as_mut() {
            match self.kind {
                Kind::Set => {
                    if !first.deleted && new_only {
                        return false;
                    }
                    pass.add_words(object.words() as i64 - first.object.words() as i64);
                    if core::mem::replace(&mut first.deleted, false) {
                        self.items.fetch_add(1, Ordering::Relaxed);
                    }
                    first.object = object;
                    return true;
                }
                _ if new_only => {
                    let mut n = Some(&**first);
                    while let Some(x) = n.filter(|x| self.is(x, key)) {
                        if !x.deleted {
                            return false;
                        }
                        n = x.next.as_deref();
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
        let next = link.take();
        pass.add_words(object.words() as i64 + NODE_WORDS);
        self.items.fetch_add(1, Ordering::Relaxed);
        *link = Some(Box::new(Node { next, hash, deleted: false, object }));
        true
    }

    /// Whether the object is in a bag already; a pseudo-deleted one comes back, as the newest.
    fn put_again(&self, first: &mut Link, object: &Object, key: Key<'_>) -> bool {
        let same = find(first, |n| !self.is(n, key) || eq_exact(n.object.term(), object.term()));
        let Some(n) = same.as_mut().filter(|n| self.is(n, key)) else { return false };
        if n.deleted {
            n.deleted = false;
            self.items.fetch_add(1, Ordering::Relaxed);
            if let Some(mut n) = unlink(same) {
                n.next = first.take();
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
        let n = objects.len();
        let mut shards: Vec<_> = self.shards.iter().map(write).collect();
        pass.check()?;
        let hashes: Vec<u32> = objects.iter().map(|o| hash_key(o.key(self.keypos))).collect();
        let active = self.active();
        if new_only {
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
            let shard = &mut shards[hash as usize % self.shards.len()];
            self.put(pass, shard, self.local(bucket_of(hash, active)), o, hash, false);
        }
        drop(shards);
        self.grow(pass, n.saturating_mul(5));
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
            if let Some(n) = link.as_mut().filter(|n| !n.deleted) {
                let before = n.object.words() as i64;
                let r = f(&mut n.object);
                pass.add_words(n.object.words() as i64 - before);
                return r.map(Some);
            }
            let Some(mut object) = default else { return Ok(None) };
            let r = f(&mut object)?;
            self.put(pass, shard, local, object, key.hash, false);
            Ok(Some(r))
        })?;
        self.grow(pass, 5);
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
            loop {
                let Some(n) = link.as_mut().filter(|n| self.is(n, key)) else { break };
                let wanted = !n.deleted && {
                    live += 1;
                    f(&n.object)
                };
                if !wanted {
                    link = next_link(link);
                    continue;
                }
                count += 1;
                if live == 1 && pass.is_fixed() {
                    // Others of the key may go for good: this one keeps its place.
                    n.deleted = true;
                    pseudo = true;
                    link = next_link(link);
                } else if let Some(mut n) = unlink(link) {
                    pass.add_words(-(n.object.words() as i64) - NODE_WORDS);
                    n.next = gone.take();
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

    // Size.

    fn mask(&self, active: usize) -> usize {
        active.next_power_of_two() - 1
    }

    /// Splits up to `limit` buckets while there are more objects than buckets.
    fn grow(&self, pass: Pass<'_>, limit: usize) {
        for _ in 0..limit {
            if self.len() <= self.active() || pass.is_fixed() {
                return;
            }
            if self.resizing.swap(true, Ordering::Acquire) {
                return;
            }
            let active = self.active();
            if self.len() > active {
                self.split(pass, active);
            }
            self.resizing.store(false, Ordering::Release);
        }
    }

    /// Moves what belongs there into the new bucket `to`, keeping the order.
    fn split(&self, pass: Pass<'_>, to: usize) {
        let mask = self.mask(to + 1);
        let from = to & mask >> 1;
        let mut shard = write(self.shard(from));
        if pass.is_fixed() {
            return;
        }
        if to == self.slots.load(Ordering::Relaxed) {
            self.slots.fetch_add(SEGMENT, Ordering::Relaxed);
        }
        self.active.store(to + 1, Ordering::Release);
        let mut rest = shard.link(self.local(from)).take();
        let (mut stay, mut go): (Link, Link) = (None, None);
        {
            let (mut stay, mut go) = (&mut stay, &mut go);
            while let Some(mut n) = rest {
                rest = n.next.take();
                if n.deleted {
                    pass.add_words(-(n.object.words() as i64) - NODE_WORDS);
                } else if n.hash as usize & mask == to {
                    go = &mut go.insert(n).next;
                } else {
                    stay = &mut stay.insert(n).next;
                }
            }
        }
        *shard.link(self.local(from)) = stay;
        *shard.link(self.local(to)) = go;
    }

    /// Fewest objects that the table is kept this large for.
    fn shrink_limit(&self) -> usize {
        let slots = self.slots.load(Ordering::Relaxed);
        if slots >= (self.shards.len() + SEGMENT).max(FIRST + 2 * SEGMENT) {
            (slots - SEGMENT) / 2
        } else {
            0
        }
    }

    fn shrink(&self, pass: Pass<'_>) {
        for _ in 0..5 {
            if self.len() >= self.shrink_limit() || pass.is_fixed() {
                return;
            }
            if self.resizing.swap(true, Ordering::Acquire) {
                return;
            }
            if self.len() < self.shrink_limit() {
                self.join(pass, self.active() - 1);
            }
            self.resizing.store(false, Ordering::Release);
        }
    }

    /// Puts the last bucket in front of the one it was split from.
    fn join(&self, pass: Pass<'_>, from: usize) {
        let to = from & self.mask(from + 1) >> 1;
        let mut shard = write(self.shard(to));
        if pass.is_fixed() {
            return;
        }
        self.active.store(from, Ordering::Release);
        if self.slots.load(Ordering::Relaxed) - from >= SEGMENT {
            self.slots.fetch_sub(SEGMENT, Ordering::Relaxed);
        }
        let mut src = shard.link(self.local(from)).take();
        let dst = shard.link(self.local(to)).take();
        let mut end = &mut src;
        loop {
            while end.as_ref().is_some_and(|n| n.deleted) {
                if let Some(n) = unlink(end) {
                    pass.add_words(-(n.object.words() as i64) - NODE_WORDS);
                }
            }
            match end {
                Some(n) => end = &mut n.next,
                None => break,
            }
        }
        *end = dst;
        *shard.link(self.local(to)) = src;
        if self.local(from) + 1 == shard.buckets.len() {
            shard.buckets.pop();
        }
    }

    /// Sweeps pseudo-deleted objects, after the last fixation ended.
    pub fn sweep(&self, pass: Pass<'_>) {
        if !self.pending.swap(false, Ordering::AcqRel) {
            return;
        }
        for lock in &self.shards {
            let mut shard = write(lock);
            while let Some(local) = shard.pending.pop() {
                if pass.is_fixed() {
                    self.remember(&mut shard, local);
                    return;
                }
                let mut link = shard.link(local);
                loop {
                    let deleted = link.as_ref().map(|n| n.deleted);
                    match deleted {
                        None => break,
                        Some(true) => {
                            if let Some(n) = unlink(link) {
                                pass.add_words(-(n.object.words() as i64) - NODE_WORDS);
                            }
                        }
                        Some(false) => link = next_link(link),
                    }
                }
            }
        }
    }

    /// Deletes everything; how many there were. `last`: the table goes too, fixed or not.
    pub fn clear(&self, pass: Pass<'_>, last: bool) -> Result<usize, Error> {
        let mut shards: Vec<_> = self.shards.iter().map(write).collect();
        if !last {
            pass.check()?;
        }
        let n = self.items.swap(0, Ordering::Relaxed).max(0) as usize;
        if pass.is_fixed() && !last {
            for shard in &mut shards {
                shard.pending = (0..shard.buckets.len()).collect();
                for link in &mut shard.buckets {
                    let mut link = link;
                    while let Some(n) = link {
                        n.deleted = true;
                        link = &mut n.next;
                    }
                }
            }
            self.pending.store(true, Ordering::Release);
            return Ok(n);
        }
        let old: Vec<Shard> = shards.iter_mut().map(|s| core::mem::take(&mut **s)).collect();
        self.active.store(FIRST, Ordering::Release);
        self.slots.store(FIRST, Ordering::Relaxed);
        self.pending.store(false, Ordering::Release);
        pass.common.reset_words();
        drop(shards);
        drop(old);
        Ok(n)
    }

    // Iteration.

    /// Runs `f` on the first live object at or after this bucket.
    fn first_from<R>(
        &self,
        pass: Pass<'_>,
        mut bucket: usize,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        loop {
            let at = bucket % self.shards.len();
            let shard = read(&self.shards[at]);
            pass.check()?;
            loop {
                if let Some(n) = shard.chain(self.local(bucket)).find(|n| !n.deleted) {
                    return Ok(Some(f(&n.object)));
                }
                match self.after(bucket) {
                    Some(b) => bucket = b,
                    None => return Ok(None),
                }
                if bucket % self.shards.len() != at {
                    break;
                }
            }
        }
    }
    pub fn first<R>(
        &self,
        pass: Pass<'_>,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        self.first_from(pass, 0, f)
    }
    /// Runs `f` on the first object of the key after this one.
    /// # Errors
    /// `BadArg` if the key is not there.
    pub fn next<R>(
        &self,
        pass: Pass<'_>,
        key: Key<'_>,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        let shard = read(self.shard(key.hash as usize));
        pass.check()?;
        let bucket = bucket_of(key.hash, self.active());
        let mut here = shard.chain(self.local(bucket)).skip_while(|n| !self.is(n, key));
        if here.next().is_none() {
            return Err(Error::BadArg);
        }
        let multi = self.is_multi();
        if let Some(n) = here.find(|n| !n.deleted && !(multi && self.is(n, key))) {
            return Ok(Some(f(&n.object)));
        }
        drop(here);
        drop(shard);
        match self.after(bucket) {
            Some(b) => self.first_from(pass, b, f),
            None => Ok(None),
        }
    }

    /// Runs `f` on the live objects of one bucket, newest first. `None`: just past the last bucket.
    pub fn slot<R>(
        &self,
        pass: Pass<'_>,
        bucket: usize,
        f: impl FnOnce(&mut dyn Iterator<Item = &Object>) -> R,
    ) -> Result<Option<R>, Error> {
        let shard = read(self.shard(bucket));
        pass.check()?;
        let active = self.active();
        if bucket >= active {
            return if bucket == active { Ok(None) } else { Err(Error::BadArg) };
        }
        let mut it = shard.chain(self.local(bucket)).filter(|n| !n.deleted).map(|n| &n.object);
        Ok(Some(f(&mut it)))
    }

    /// The bucket of a key, and whether it is worth looking there.
    pub fn bucket_of_key(&self, key: Term<'_>) -> usize {
        bucket_of(hash_key(key), self.active())
    }

    /// Visits live objects from a bucket on, bucket by bucket, until `enough` says so between two of
    /// them: then the next bucket is the result. `only`: not beyond this bucket.
    /// # Errors
    /// `BadArg` if there is no such bucket.
    pub fn scan(
        &self,
        pass: Pass<'_>,
        mut bucket: usize,
        only: bool,
        mut visit: impl FnMut(&Object),
        mut enough: impl FnMut() -> bool,
    ) -> Result<Option<usize>, Error> {
        loop {
            let at = bucket % self.shards.len();
            let shard = read(&self.shards[at]);
            pass.check()?;
            if bucket >= self.active() {
                return Err(Error::BadArg);
            }
            loop {
                for n in shard.chain(self.local(bucket)) {
                    if !n.deleted {
                        visit(&n.object);
                    }
                }
                if only {
                    return Ok(None);
                }
                match self.after(bucket) {
                    Some(b) => bucket = b,
                    None => return Ok(None),
                }
                if enough() {
                    return Ok(Some(bucket));
                }
                if bucket % self.shards.len() != at {
                    break;
                }
            }
        }
    }

    /// As [`Hash::scan`], changing objects. `mine`: fixations of the caller's own, which do not ask
    /// for places to be kept.
    pub fn scan_mut(
        &self,
        pass: Pass<'_>,
        mut bucket: usize,
        only: bool,
        mine: usize,
        mut visit: impl FnMut(&Object) -> Verdict,
        mut enough: impl FnMut() -> bool,
    ) -> Result<Option<usize>, Error> {
        let mut deleted = 0;
        let end = 'all: loop {
            let at = bucket % self.shards.len();
            let mut shard = write(&self.shards[at]);
            pass.check()?;
            if bucket >= self.active() {
                return Err(Error::BadArg);
            }
            loop {
                let local = self.local(bucket);
                let n = self.change_bucket(pass, &mut shard, local, mine, &mut visit);
                self.items.fetch_sub(n as isize, Ordering::Relaxed);
                deleted += n;
                if only {
                    break 'all None;
                }
                match self.after(bucket) {
                    Some(b) => bucket = b,
                    None => break 'all None,
                }
                if enough() {
                    break 'all Some(bucket);
                }
                if bucket % self.shards.len() != at {
                    break;
                }
            }
        };
        if deleted > 0 && end.is_none() {
            self.shrink(pass);
        }
        Ok(end)
    }

    /// How many were deleted.
    fn change_bucket(
        &self,
        pass: Pass<'_>,
        shard: &mut Shard,
        local: usize,
        mine: usize,
        visit: &mut impl FnMut(&Object) -> Verdict,
    ) -> usize {
        if shard.first(local).is_none() {
            return 0;
        }
        let mut deleted = 0;
        let mut pseudo = false;
        let mut link = shard.link(local);
        while let Some(n) = link.as_mut() {
            if n.deleted {
                link = next_link(link);
                continue;
            }
            match visit(&n.object) {
                Verdict::Keep => link = next_link(link),
                Verdict::Replace(o) => {
                    pass.add_words(o.words() as i64 - n.object.words() as i64);
                    n.object = o;
                    link = next_link(link);
                }
                Verdict::Delete => {
                    deleted += 1;
                    if pass.common.fixations() > mine {
                        n.deleted = true;
                        pseudo = true;
                        link = next_link(link);
                    } else if let Some(n) = unlink(link) {
                        pass.add_words(-(n.object.words() as i64) - NODE_WORDS);
                    }
                }
            }
        }
        if pseudo {
            self.remember(shard, local);
        }
        deleted
    }

    /// Lengths of all buckets, pseudo-deleted objects included, and how many of those there are.
    pub fn chain_lengths(&self) -> (Vec<usize>, usize) {
        let shards: Vec<_> = self.shards.iter().map(read).collect();
        let mut kept = 0;
        let lengths = (0..self.active())
            .map(|b| {
                shards[b % shards.len()]
                    .chain(self.local(b))
                    .map(|n| kept += n.deleted as usize)
                    .count()
            })
            .collect();
        (lengths, kept)
    }
}
