//! Native objects that were written as external terms [erl_bif_unique.c: magic references].
//!
//! On the wire a magic reference is its numbers only. So that it means the same object when it comes back to this node
//! (`ets` tables, atomics, counters that went through `term_to_binary/1` or another node), the object is
//! remembered by these numbers from when it is first encoded, for as long as it lives.

use core::hash::BuildHasher;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::HashMap;
use std::hash::RandomState;
use std::sync::{Mutex, MutexGuard, Weak};
use term::shared::{Magic, MagicHandle};

#[derive(Default)]
struct Table {
    objects: HashMap<[u32; 3], Weak<Magic>>,
    /// The size at which dead entries are looked for.
    sweep_at: usize,
}

/// The objects whose references were encoded, and what marks terms that this VM wrote for itself.
pub struct Written {
    table: Mutex<Table>,
    /// No other VM has this number: it seals `local` terms.
    pub seal: u64,
    pub aliases: Aliases,
}

/// Aliases that were encoded: on the wire they do not show their process.
#[derive(Default)]
pub struct Aliases {
    table: Mutex<HashMap<[u32; 3], u64>>,
    count: AtomicUsize,
}

impl Aliases {
    fn table(&self) -> MutexGuard<'_, HashMap<[u32; 3], u64>> {
        self.table.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// Remembers the process of an alias for as long as the alias is in use.
    pub fn keep(&self, words: [u32; 3], pid: u64) {
        let mut t = self.table();
        t.insert(words, pid);
        self.count.store(t.len(), Ordering::Release);
    }
    pub fn find(&self, words: [u32; 3]) -> Option<u64> {
        self.table().get(&words).copied()
    }
    /// The alias is no longer in use.
    pub fn forget(&self, (n0, n1): (u64, u64)) {
        if self.count.load(Ordering::Acquire) > 0 {
            let mut t = self.table();
            t.remove(&[n0 as u32, (n0 >> 32) as u32, n1 as u32]);
            self.count.store(t.len(), Ordering::Release);
        }
    }
}

impl Default for Written {
    fn default() -> Written {
        Written {
            table: Mutex::default(),
            seal: RandomState::new().hash_one(0),
            aliases: Aliases::default(),
        }
    }
}

const FIRST_SWEEP: usize = 64;

impl Written {
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// Remembers the object of the reference with these numbers.
    pub fn keep(&self, words: [u32; 3], magic: &MagicHandle) {
        let mut t = self.table();
        if t.objects.len() >= t.sweep_at.max(FIRST_SWEEP) {
            t.objects.retain(|_, object| object.strong_count() > 0);
            t.sweep_at = t.objects.len() * 2;
        }
        t.objects.entry(words).or_insert_with(|| MagicHandle::downgrade(magic));
    }
    /// The object behind the reference with these numbers, if it is still there.
    pub fn find(&self, words: [u32; 3]) -> Option<MagicHandle> {
        self.table().objects.get(&words)?.upgrade()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn dead_objects_are_forgotten() {
        let w = Written::default();
        let live = Magic::handle(1u8);
        w.keep([1, 2, 3], &live);
        for i in 0..10_000 {
            w.keep([i, 0, 0], &Magic::handle(i));
        }
        assert!(w.find([1, 2, 3]).is_some_and(|m| m.downcast::<u8>() == Some(&1)));
        assert!(w.find([5, 0, 0]).is_none());
        assert!(w.table().objects.len() <= FIRST_SWEEP + 2);
    }
}
