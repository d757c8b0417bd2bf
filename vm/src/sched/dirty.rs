//! A pool of dirty threads with one queue, in which priorities count as they do in run queues.

use super::Runnable;
use super::idle::look_for;
use super::run_queue::Lists;
use crate::process::Priority;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

/// See the module head.
#[derive(Default)]
pub(super) struct DirtyPool {
    queue: Mutex<Lists>,
    bell: Condvar,
    len: AtomicUsize,
    /// Threads that sleep.
    asleep: AtomicUsize,
}

impl DirtyPool {
    fn queue(&self) -> MutexGuard<'_, Lists> {
        self.queue.lock().unwrap_or_else(|e| e.into_inner())
    }
    pub fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
    }
    pub fn push(&self, priority: Priority, p: Runnable) {
        let mut q = self.queue();
        q.push(priority, p);
        self.len.fetch_add(1, Ordering::SeqCst);
        drop(q);
        // Who sleeps has counted itself under the lock.
        if self.asleep.load(Ordering::SeqCst) > 0 {
            self.bell.notify_one();
        }
    }
    /// The next process; looks for one so many nanoseconds before it sleeps.
    pub fn pop(&self, spin: u64, now: impl Fn() -> i64) -> Runnable {
        if spin > 0 && self.len() == 0 {
            let end = now() + spin as i64;
            look_for(&|| self.len.load(Ordering::Relaxed) > 0, || now() >= end);
        }
        let mut q = self.queue();
        loop {
            if let Some(p) = q.pop() {
                self.len.fetch_sub(1, Ordering::SeqCst);
                return p;
            }
            self.asleep.fetch_add(1, Ordering::SeqCst);
            q = self.bell.wait(q).unwrap_or_else(|e| e.into_inner());
            self.asleep.fetch_sub(1, Ordering::SeqCst);
        }
    }
}
