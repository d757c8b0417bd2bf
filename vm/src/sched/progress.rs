//! Thread progress [erl_thr_progress.c]: when has every thread let go of what it may have seen?
//!
//! A thread that runs a process may hold addresses of code, of process structures or of literals that it
//! just read from a table. It holds none between two slices. So what was taken out of every table may be
//! freed when each thread that was in a slice then has left it. `vm/loom` tries the interleavings.

use crate::atomic::{AtomicU64, Ordering, fence};

/// Slices that each thread has begun and ended: odd while it is in one.
#[derive(Default)]
#[repr(align(64))]
struct Slices(AtomicU64);

/// See the module head.
pub struct Progress {
    normal: usize,
    threads: Box<[Slices]>,
}

/// Threads that were in a slice, and which one it was.
pub struct Waiting(Vec<(usize, u64)>);

impl Progress {
    pub(crate) fn new(normal: usize, dirty: usize) -> Progress {
        Progress { normal, threads: (0..normal + dirty).map(|_| Slices::default()).collect() }
    }
    /// Number of the `n`th dirty thread.
    pub(crate) fn dirty(&self, n: usize) -> usize {
        self.normal + n
    }
    /// Whether a thread is in a slice.
    pub fn is_busy(&self, thread: usize) -> bool {
        self.threads.get(thread).is_some_and(|s| s.0.load(Ordering::Relaxed) % 2 == 1)
    }
    #[inline]
    pub(crate) fn enter(&self, thread: usize) {
        // What this slice reads is read after others can see that it has begun.
        self.threads[thread].0.fetch_add(1, Ordering::Relaxed);
        fence(Ordering::SeqCst);
    }
    #[inline]
    pub(crate) fn leave(&self, thread: usize) {
        self.threads[thread].0.fetch_add(1, Ordering::Release);
    }
    /// The threads that are in a slice now, but for the scheduler that asks (from 1; 0 none). `dirty`:
    /// those that run dirty natives too.
    pub fn now(&self, asker: usize, dirty: bool) -> Waiting {
        fence(Ordering::SeqCst);
        let most = if dirty { self.threads.len() } else { self.normal };
        let threads = self.threads[..most].iter().enumerate();
        Waiting(
            threads
                .filter(|(i, _)| i + 1 != asker)
                .map(|(i, s)| (i, s.0.load(Ordering::Acquire)))
                .filter(|(_, n)| n % 2 == 1)
                .collect(),
        )
    }
    /// Whether all of them have left it.
    pub fn passed(&self, w: &mut Waiting) -> bool {
        w.0.retain(|(i, n)| self.threads[*i].0.load(Ordering::Acquire) == *n);
        w.0.is_empty()
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn only_threads_in_a_slice_are_waited_for() {
        let p = Progress::new(2, 1);
        p.enter(0);
        p.enter(1);
        let dirty = p.dirty(0);
        p.enter(dirty);
        let mut own = p.now(1, false);
        assert!(!p.passed(&mut own));
        let mut all = p.now(0, true);
        p.leave(1);
        assert!(p.passed(&mut own));
        assert!(!p.passed(&mut all));
        p.leave(0);
        p.enter(0);
        p.leave(dirty);
        assert!(p.passed(&mut all));
    }
}
