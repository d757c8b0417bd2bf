//! Counters of the whole VM (`statistics/1`), and what was told the last time.

use core::sync::atomic::{AtomicI64, AtomicU64, Ordering};

/// Collections of all processes, and the words that they gave back.
pub static COLLECTIONS: AtomicU64 = AtomicU64::new(0);
pub static RECLAIMED_WORDS: AtomicU64 = AtomicU64::new(0);

/// A count of which callers learn the total and what was added since the last call.
#[derive(Default)]
pub struct SinceLast(AtomicI64);

impl SinceLast {
    /// `total` and its growth since the last call.
    pub fn tell(&self, total: i64) -> (i64, i64) {
        (total, total.wrapping_sub(self.0.swap(total, Ordering::Relaxed)))
    }
}

/// See the module head.
#[derive(Default)]
pub struct Statistics {
    pub wall_clock: SinceLast,
    pub runtime: SinceLast,
    pub reductions: SinceLast,
    pub exact_reductions: SinceLast,
}
