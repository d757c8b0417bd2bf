//! How a hash table grows, shrinks, is swept and emptied.

use super::{FIRST, Hash, Link, NODE_WORDS, SEGMENT, Shard, next_link, unlink, write};
use crate::ets::common::{Error, Pass, discard};
use core::sync::atomic::Ordering;

impl Hash {
    fn mask(&self, active: usize) -> usize {
        active.next_power_of_two() - 1
    }

    /// Splits up to `limit` buckets while there are more objects than buckets.
    pub(super) fn grow(&self, pass: Pass<'_>, limit: usize) {
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
        if !pass.is_fixed() {
            self.split_in(pass, &mut shard, to);
        }
    }

    /// As `split`, in the shard of both buckets.
    pub(super) fn split_in(&self, pass: Pass<'_>, shard: &mut Shard, to: usize) {
        let mask = self.mask(to + 1);
        let from = to & mask >> 1;
        if to == self.slots.load(Ordering::Relaxed) {
            self.slots.fetch_add(SEGMENT, Ordering::Relaxed);
        }
        self.active.store(to + 1, Ordering::Release);
        let mut rest = shard.link(self.local(from)).take();
        let (mut stay, mut go): (Link, Link) = (None, None);
        {
            let (mut stay, mut go) = (&mut stay, &mut go);
            while let Some(mut n) = rest {
                rest = n.spot_mut().next.take();
                if n.spot().deleted {
                    pass.add_words(-(n.words(self.keypos) as i64) - NODE_WORDS);
                } else if n.spot().hash as usize & mask == to {
                    go = &mut go.insert(n).spot_mut().next;
                } else {
                    stay = &mut stay.insert(n).spot_mut().next;
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

    pub(super) fn shrink(&self, pass: Pass<'_>) {
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
            while end.as_ref().is_some_and(|n| n.spot().deleted) {
                if let Some(n) = unlink(end) {
                    pass.add_words(-(n.words(self.keypos) as i64) - NODE_WORDS);
                }
            }
            match end {
                Some(n) => end = &mut n.spot_mut().next,
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
                    let deleted = link.as_ref().map(|n| n.spot().deleted);
                    match deleted {
                        None => break,
                        Some(true) => {
                            if let Some(n) = unlink(link) {
                                pass.add_words(-(n.words(self.keypos) as i64) - NODE_WORDS);
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
                        n.spot_mut().deleted = true;
                        link = &mut n.spot_mut().next;
                    }
                }
            }
            self.pending.store(true, Ordering::Release);
            return Ok(n);
        }
        let old: Vec<Shard> = shards.iter_mut().map(|s| core::mem::take(&mut **s)).collect();
        self.active.store(self.least, Ordering::Release);
        self.slots.store(self.least, Ordering::Relaxed);
        self.pending.store(false, Ordering::Release);
        pass.common.reset_words();
        drop(shards);
        discard(old, n);
        Ok(n)
    }
}
