//! How often processes of each priority were run, and how often a scheduler took one from another
//! (`system_info(scheduling_statistics)`): counted only while somebody asks for it.

use crate::process::Priority;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};

/// Max, high, normal, low; then ports.
const KINDS: usize = 5;

#[derive(Default)]
struct Count {
    total: AtomicU64,
    /// What `total` was when somebody cleared the counts.
    cleared: AtomicU64,
}

/// See the module head.
#[derive(Default)]
pub struct SchedulingCounts {
    on: AtomicBool,
    run: [Count; KINDS],
    moved: [Count; KINDS],
}

impl SchedulingCounts {
    #[inline(always)]
    pub(crate) fn is_on(&self) -> bool {
        self.on.load(Ordering::Relaxed)
    }
    #[cold]
    pub(crate) fn count(&self, priority: Priority, stolen: bool) {
        let kind = priority as usize;
        self.run[kind].total.fetch_add(1, Ordering::Relaxed);
        if stolen {
            self.moved[kind].total.fetch_add(1, Ordering::Relaxed);
        }
    }
    pub fn enable(&self, on: bool) {
        self.on.store(on, Ordering::Relaxed);
    }
    pub fn clear(&self) {
        for c in self.run.iter().chain(&self.moved) {
            c.cleared.store(c.total.load(Ordering::Relaxed), Ordering::Relaxed);
        }
    }
    /// Runs and moves by kind; `total`: since the start, else since they were cleared.
    pub fn get(&self, total: bool) -> [(u64, u64); KINDS] {
        let value = |c: &Count| {
            let cleared = if total { 0 } else { c.cleared.load(Ordering::Relaxed) };
            c.total.load(Ordering::Relaxed).saturating_sub(cleared)
        };
        core::array::from_fn(|i| (value(&self.run[i]), value(&self.moved[i])))
    }
}
