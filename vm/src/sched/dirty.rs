//! A pool of dirty threads with one queue, in which priorities count as they do in run queues.
//!
//! A thread that has nothing left looks for more for a while before it sleeps. As long as those who look are enough for what
//! waits nobody is woken: so one process that calls one native after the other has them run by one thread. Looking that
//! was in vain for some times is left out, but for a try now and then.

use super::Runnable;
use super::idle::{AGAIN, MISSES, look_for};
use super::run_queue::Lists;
use crate::process::Priority;
use core::sync::atomic::{AtomicU32, AtomicUsize, Ordering};
use std::sync::{Condvar, Mutex, MutexGuard};

/// See the module head.
#[derive(Default)]
pub(super) struct DirtyPool {
    queue: Mutex<Lists>,
    bell: Condvar,
    len: AtomicUsize,
    /// Threads that sleep.
    asleep: AtomicUsize,
    /// Threads that look for work, and will look into the queue when they are done; fewer only under the lock.
    looking: AtomicUsize,
    /// Times in a row that a thread has looked in vain.
    misses: AtomicU32,
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
        let waiting = self.len.fetch_add(1, Ordering::SeqCst) + 1;
        let enough = self.looking.load(Ordering::SeqCst) >= waiting;
        drop(q);
        // Who sleeps has counted itself under the lock.
        if !enough && self.asleep.load(Ordering::SeqCst) > 0 {
            self.bell.notify_one();
        }
    }
    /// The next process; looks for one so many nanoseconds before it sleeps.
    pub fn pop(&self, spin: u64, now: impl Fn() -> i64) -> Runnable {
        let mut q = if self.len() == 0 && self.worth_a_look(spin) {
            self.looking.fetch_add(1, Ordering::SeqCst);
            let end = now() + spin as i64;
            let found = look_for(&|| self.len.load(Ordering::Relaxed) > 0, || now() >= end);
            self.looked(found);
            let q = self.queue();
            self.looking.fetch_sub(1, Ordering::SeqCst);
            q
        } else {
            self.queue()
        };
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
    fn worth_a_look(&self, spin: u64) -> bool {
        let misses = self.misses.load(Ordering::Relaxed);
        if spin > 0 && misses >= MISSES && !misses.is_multiple_of(AGAIN) {
            self.looked(false);
            return false;
        }
        spin > 0
    }
    fn looked(&self, found: bool) {
        let misses = self.misses.load(Ordering::Relaxed);
        let missed = misses.checked_add(1).unwrap_or(MISSES);
        self.misses.store(if found { 0 } else { missed }, Ordering::Relaxed);
    }
}
