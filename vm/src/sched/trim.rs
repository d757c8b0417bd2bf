//! Memory goes back to the system while nothing runs.
//!
//! The allocator keeps what was freed. The scheduler that falls asleep last looks, a while after work was done,
//! whether much is resident, and has the allocator return what is free. That takes time in proportion to the free
//! pieces: a thread of its own does it, and a try that gained little makes the next one wait longer.

use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Between two looks, at the least and at the most.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(64);
/// Less than this is not worth it.
const LITTLE: u64 = 48 << 20;

pub(super) struct Trim {
    /// Something ran since the last look.
    ran: AtomicBool,
    /// When the next look is due, on the monotonic clock.
    due: AtomicI64,
    interval: AtomicU64,
}

impl Trim {
    pub fn new() -> Trim {
        let interval = AtomicU64::new(SHORTEST.as_nanos() as u64);
        Trim { ran: AtomicBool::new(false), due: AtomicI64::new(i64::MIN), interval }
    }
    /// A process runs.
    #[inline]
    pub fn ran(&self) {
        if !self.ran.load(Ordering::Relaxed) {
            self.ran.store(true, Ordering::Relaxed);
        }
    }
    /// All schedulers sleep: how long the last one may at the most, so that it looks in time. `now`: nanoseconds.
    pub fn all_sleep(&'static self, now: i64) -> Option<Duration> {
        if !self.ran.load(Ordering::Relaxed) {
            return None;
        }
        let due = self.due.load(Ordering::Relaxed);
        if now < due {
            return Some(Duration::from_nanos(due.abs_diff(now)));
        }
        self.ran.store(false, Ordering::Relaxed);
        let interval = self.interval.load(Ordering::Relaxed);
        self.due.store(now.saturating_add_unsigned(interval), Ordering::Relaxed);
        let before = sys::mem::resident().unwrap_or(0);
        if before > LITTLE {
            // Without a thread it has to wait for another time.
            let thread = std::thread::Builder::new().name("trim".into()).stack_size(1 << 16);
            let _ = thread.spawn(move || self.trim(before));
        } else {
            self.interval.store(SHORTEST.as_nanos() as u64, Ordering::Relaxed);
        }
        None
    }
    fn trim(&self, before: u64) {
        term::gc::release_spare_blocks();
        sys::mem::release();
        let after = sys::mem::resident().unwrap_or(0);
        let interval = if after > before - before / 8 {
            let longer = self.interval.load(Ordering::Relaxed).saturating_mul(2);
            longer.min(LONGEST.as_nanos() as u64)
        } else {
            SHORTEST.as_nanos() as u64
        };
        self.interval.store(interval, Ordering::Relaxed);
    }
}
