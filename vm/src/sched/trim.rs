//! Memory goes back to the system while nothing runs.
//!
//! The allocator keeps what was freed. The scheduler that falls asleep last looks, a while after work was done,
//! whether much is resident, and has the allocator return what is free. That takes time in proportion to the free
//! pieces: a thread of its own does it, and a try that gained little makes the next one wait longer, unless most processes or
//! most of the shared binaries have gone meanwhile. A small system is left alone unless it has grown since; but what starting
//! it has left behind, a fifth of all there is, goes back soon after.

use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};
use std::time::Duration;

/// Between two looks, at the least and at the most.
const SHORTEST: Duration = Duration::from_secs(1);
const LONGEST: Duration = Duration::from_secs(64);
/// From the first sleep to the first look: later than a start needs.
const FIRST: Duration = Duration::from_millis(500);
/// Less than this is not worth it, unless it has grown by so much.
const LITTLE: u64 = 48 << 20;
const GROWN: u64 = 8 << 20;

pub(super) struct Trim {
    /// Something ran since the last look.
    ran: AtomicBool,
    /// When the next look is due, on the monotonic clock; `i64::MIN` before the first sleep.
    due: AtomicI64,
    interval: AtomicU64,
    /// Bytes that were resident after the last try.
    left: AtomicU64,
    /// The most there was since the last look: processes, bytes of shared binaries.
    most: [AtomicU64; 2],
}

/// Fewer processes, and bytes, are nothing to hurry for.
const FEW: [u64; 2] = [1000, LITTLE];

impl Trim {
    pub fn new() -> Trim {
        let interval = AtomicU64::new(SHORTEST.as_nanos() as u64);
        Trim {
            ran: AtomicBool::new(false),
            due: AtomicI64::new(i64::MIN),
            interval,
            left: AtomicU64::new(0),
            most: Default::default(),
        }
    }
    /// A process runs.
    #[inline]
    pub fn ran(&self) {
        if !self.ran.load(Ordering::Relaxed) {
            self.ran.store(true, Ordering::Relaxed);
        }
    }
    /// Whether most of something has gone since the last look.
    fn much_gone(&self, there: [u64; 2]) -> bool {
        let pairs = self.most.iter().zip(there).zip(FEW);
        pairs.fold(false, |gone, ((most, now), few)| {
            let before = most.fetch_max(now, Ordering::Relaxed);
            gone || before > few && now < before / 2
        })
    }
    /// All schedulers sleep: how long the last one may at the most, so that it looks in time. `now`: nanoseconds. `there`: how
    /// many processes, and bytes of shared binaries, there are. `wake` wakes all schedulers.
    pub fn all_sleep(
        &'static self,
        now: i64,
        there: [u64; 2],
        wake: impl Fn() + Send + 'static,
    ) -> Option<Duration> {
        if !self.ran.load(Ordering::Relaxed) {
            return None;
        }
        let mut due = self.due.load(Ordering::Relaxed);
        if due == i64::MIN {
            due = now.saturating_add_unsigned(FIRST.as_nanos() as u64);
            self.due.store(due, Ordering::Relaxed);
        }
        let soon = now.saturating_add_unsigned(SHORTEST.as_nanos() as u64);
        if due > soon && self.much_gone(there) {
            due = soon;
            self.due.store(due, Ordering::Relaxed);
        }
        if now < due {
            return Some(Duration::from_nanos(due.abs_diff(now)));
        }
        self.ran.store(false, Ordering::Relaxed);
        let interval = self.interval.load(Ordering::Relaxed);
        self.due.store(now.saturating_add_unsigned(interval), Ordering::Relaxed);
        self.most.iter().zip(there).for_each(|(m, n)| m.store(n, Ordering::Relaxed));
        let before = sys::mem::resident().unwrap_or(0);
        let grown = self.left.load(Ordering::Relaxed).saturating_add(GROWN);
        if before > LITTLE.min(grown) {
            // Without a thread it has to wait for another time.
            let thread = std::thread::Builder::new().name("trim".into()).stack_size(1 << 16);
            let _ = thread.spawn(move || self.trim(before, wake));
        } else {
            self.interval.store(SHORTEST.as_nanos() as u64, Ordering::Relaxed);
        }
        None
    }
    fn trim(&self, before: u64, wake: impl Fn()) {
        term::gc::release_spare_blocks();
        // Schedulers that sleep have to look what they keep.
        sys::blocks::release();
        wake();
        std::thread::sleep(Duration::from_millis(2));
        sys::mem::release();
        let after = sys::mem::resident().unwrap_or(0);
        self.left.store(after, Ordering::Relaxed);
        let interval = if after > before - before / 8 {
            let longer = self.interval.load(Ordering::Relaxed).saturating_mul(2);
            longer.min(LONGEST.as_nanos() as u64)
        } else {
            SHORTEST.as_nanos() as u64
        };
        self.interval.store(interval, Ordering::Relaxed);
    }
}
