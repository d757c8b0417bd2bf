//! Short calls into the system without a dirty thread.
//!
//! Handing a process to a dirty thread and back takes two wake-ups, many times what reading a cached page takes. So
//! a scheduler may make such a call itself as long as another one looks after its queue meanwhile: that one
//! steals as always, is woken if it sleeps, and takes turns with it if it has work of its own
//! (`Schedulers::stranded`). At least one scheduler is never aside. Calls that turn out slow send those of the
//! next while to the dirty threads.

use super::Schedulers;
use crate::bif::Cx;
use core::sync::atomic::{AtomicI64, AtomicUsize, Ordering};

/// A call into the system that took longer is slow, in nanoseconds. After so many in a row, or one that is very slow,
/// nobody steps aside for so many times as long: on a busy machine any one may have waited for a thread that does not run.
pub const SLOW: i64 = 200_000;
const VERY_SLOW: i64 = 20_000_000;
const MANY: usize = 3;
const PAUSE: i64 = 20;

pub(super) struct Aside {
    /// Schedulers that are aside.
    now: AtomicUsize,
    /// Slow calls in a row.
    slow: AtomicUsize,
    /// None steps aside before this time.
    not_before: AtomicI64,
}

impl Default for Aside {
    fn default() -> Aside {
        // The clock begins below zero.
        let not_before = AtomicI64::new(i64::MIN);
        Aside { now: AtomicUsize::new(0), slow: AtomicUsize::new(0), not_before }
    }
}

impl Aside {
    #[inline]
    pub fn is_used(&self) -> bool {
        self.now.load(Ordering::SeqCst) > 0
    }
}

/// A scheduler that is aside, until it is dropped.
struct Stepped<'a> {
    all: &'a Schedulers,
    index: usize,
}

impl Drop for Stepped<'_> {
    fn drop(&mut self) {
        if let Some(me) = self.all.normal.get(self.index) {
            me.aside.store(false, Ordering::SeqCst);
        }
        self.all.aside.now.fetch_sub(1, Ordering::SeqCst);
    }
}

impl Schedulers {
    fn step_aside(&self, index: usize) -> Option<Stepped<'_>> {
        let me = self.normal.get(index)?;
        if self.blocked_by.load(Ordering::SeqCst) != 0 {
            return None;
        }
        if self.aside.now.fetch_add(1, Ordering::SeqCst) + 1 >= self.online() {
            self.aside.now.fetch_sub(1, Ordering::SeqCst);
            return None;
        }
        me.aside.store(true, Ordering::SeqCst);
        if !me.queue.is_empty() {
            self.wake_one_sleeper();
        }
        Some(Stepped { all: self, index })
    }
}

/// Runs `f`, which may block for a moment and is slow beyond so many nanoseconds. `None`: it did not, and belongs on a
/// dirty thread.
pub fn aside<R>(cx: &Cx<'_>, slow: i64, f: impl FnOnce() -> R) -> Option<R> {
    let Some(index) = cx.scheduler().checked_sub(1) else {
        // It is one.
        return Some(f());
    };
    let vm = cx.vm();
    let all = &vm.sched;
    let start = vm.monotonic();
    if start < all.aside.not_before.load(Ordering::Relaxed) {
        return None;
    }
    let stepped = all.step_aside(index)?;
    let waits = sys::clock::thread_waits();
    let result = f();
    drop(stepped);
    let end = vm.monotonic();
    // A thread that lost its processor to others was not slow because of the call.
    let was_slow =
        end - start > slow && waits.is_none_or(|n| sys::clock::thread_waits() != Some(n));
    if !was_slow {
        if all.aside.slow.load(Ordering::Relaxed) != 0 {
            all.aside.slow.store(0, Ordering::Relaxed);
        }
    } else if end - start > VERY_SLOW || all.aside.slow.fetch_add(1, Ordering::Relaxed) + 1 >= MANY
    {
        let pause = (end - start).saturating_mul(PAUSE);
        all.aside.not_before.store(end.saturating_add(pause), Ordering::Relaxed);
    }
    Some(result)
}
