//! How long threads work (`scheduler_wall_time`): measured only when somebody asked for it.

use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU64, Ordering};

/// One thread.
#[derive(Default)]
#[repr(align(64))]
struct Wall {
    /// Nanoseconds of work since measuring began.
    busy: AtomicU64,
    /// Start of the work under way; 0: none, or not measured.
    since: AtomicI64,
}

/// See the module head. Threads are numbered as in [`Progress`](super::progress::Progress).
pub struct WallTimes {
    on: AtomicBool,
    /// When measuring began.
    start: AtomicI64,
    threads: Box<[Wall]>,
}

impl WallTimes {
    pub(crate) fn new(threads: usize) -> WallTimes {
        WallTimes {
            on: AtomicBool::new(false),
            start: AtomicI64::new(0),
            threads: (0..threads).map(|_| Wall::default()).collect(),
        }
    }
    pub fn threads(&self) -> usize {
        self.threads.len()
    }
    #[inline]
    pub(crate) fn enter(&self, vm: &Vm, thread: usize) {
        if self.on.load(Ordering::Relaxed) {
            self.threads[thread].since.store(now(vm), Ordering::Relaxed);
        }
    }
    #[inline]
    pub(crate) fn leave(&self, vm: &Vm, thread: usize) {
        if self.on.load(Ordering::Relaxed) {
            let t = &self.threads[thread];
            let since = t.since.swap(0, Ordering::Relaxed);
            if since != 0 {
                t.busy.fetch_add(now(vm).saturating_sub(since).max(0) as u64, Ordering::Relaxed);
            }
        }
    }
    /// Begins or stops to measure; whether it was on.
    pub fn set(&self, vm: &Vm, on: bool) -> bool {
        if on && !self.on.load(Ordering::Relaxed) {
            let now = now(vm);
            self.start.store(now, Ordering::Relaxed);
            for (i, t) in self.threads.iter().enumerate() {
                t.busy.store(0, Ordering::Relaxed);
                let since = if vm.sched.progress.is_busy(i) { now } else { 0 };
                t.since.store(since, Ordering::Relaxed);
            }
        }
        self.on.swap(on, Ordering::Relaxed)
    }
    /// Nanoseconds of work of each thread, and how long it was measured; nothing when it is off.
    pub fn get(&self, vm: &Vm) -> Option<(Vec<u64>, u64)> {
        if !self.on.load(Ordering::Relaxed) {
            return None;
        }
        let now = now(vm);
        let total = now.saturating_sub(self.start.load(Ordering::Relaxed)).max(0) as u64;
        let busy = self.threads.iter().map(|t| {
            let since = t.since.load(Ordering::Relaxed);
            let under_way = if since == 0 { 0 } else { now.saturating_sub(since).max(0) as u64 };
            (t.busy.load(Ordering::Relaxed) + under_way).min(total)
        });
        Some((busy.collect(), total))
    }
}

/// Never 0.
fn now(vm: &Vm) -> i64 {
    vm.monotonic() | 1
}
