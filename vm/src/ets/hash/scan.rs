//! Iteration over a hash table.

use super::{Hash, Key, NODE_WORDS, Shard, bucket_of, hash_key, next_link, read, unlink, write};
use crate::ets::common::{Error, Pass, Verdict};
use crate::ets::object::Object;
use core::sync::atomic::Ordering;
use term::Term;

impl Hash {
    /// Runs `f` on the first live object at or after this bucket; `all`: or deleted one.
    fn first_from<R>(
        &self,
        pass: Pass<'_>,
        mut bucket: usize,
        all: bool,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        loop {
            let at = bucket % self.shards.len();
            let shard = read(&self.shards[at]);
            pass.check()?;
            loop {
                if let Some(n) = shard.chain(self.local(bucket)).find(|n| all || !n.spot().deleted)
                {
                    return Ok(Some(f(n)));
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
    /// Runs `f` on the first object. `all`: pseudo-deleted ones count.
    pub fn first<R>(
        &self,
        pass: Pass<'_>,
        all: bool,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        self.first_from(pass, 0, all, f)
    }
    /// Runs `f` on the first object of the key after this one.
    /// # Errors
    /// `BadArg` if the key is not there.
    pub fn next<R>(
        &self,
        pass: Pass<'_>,
        key: Key<'_>,
        all: bool,
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
        if let Some(n) = here.find(|n| !(n.spot().deleted && !all || multi && self.is(n, key))) {
            return Ok(Some(f(n)));
        }
        drop(here);
        drop(shard);
        match self.after(bucket) {
            Some(b) => self.first_from(pass, b, all, f),
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
        let mut it = shard.chain(self.local(bucket)).filter(|n| !n.spot().deleted);
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
                    if !n.spot().deleted {
                        visit(n);
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
            if n.spot().deleted {
                link = next_link(link);
                continue;
            }
            match visit(n) {
                Verdict::Keep => link = next_link(link),
                Verdict::Replace(o) => {
                    pass.add_words(o.words(self.keypos) as i64 - n.words(self.keypos) as i64);
                    n.replace(o);
                    link = next_link(link);
                }
                Verdict::Delete => {
                    deleted += 1;
                    if pass.common.fixations() > mine {
                        n.spot_mut().deleted = true;
                        pseudo = true;
                        link = next_link(link);
                    } else if let Some(n) = unlink(link) {
                        pass.add_words(-(n.words(self.keypos) as i64) - NODE_WORDS);
                    }
                }
            }
        }
        if pseudo {
            self.remember(shard, local);
        }
        deleted
    }

    /// Shows every object, pseudo-deleted ones included.
    pub fn each(&self, pass: Pass<'_>, mut visit: impl FnMut(&Object)) -> Result<(), Error> {
        let shards: Vec<_> = self.shards.iter().map(read).collect();
        pass.check()?;
        for b in 0..self.active() {
            shards[b % shards.len()].chain(self.local(b)).for_each(&mut visit);
        }
        Ok(())
    }

    /// Lengths of all buckets, pseudo-deleted objects included, and how many of those there are.
    pub fn chain_lengths(&self) -> (Vec<usize>, usize) {
        let shards: Vec<_> = self.shards.iter().map(read).collect();
        let mut kept = 0;
        let lengths = (0..self.active())
            .map(|b| {
                shards[b % shards.len()]
                    .chain(self.local(b))
                    .map(|n| kept += n.spot().deleted as usize)
                    .count()
            })
            .collect();
        (lengths, kept)
    }
}
