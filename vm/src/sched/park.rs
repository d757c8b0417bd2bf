//! Where a scheduler sleeps: on its own, or in the poll set.
//!
//! A call that comes before the sleep counts. Whoever calls says so first and then looks where to ring; the sleeper says
//! where it is going to be and then looks whether it was called: one of them sees the other.

use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, OnceLock};
use std::thread::Thread;
use std::time::Duration;
use sys::poll::{Poller, Ready};

#[derive(Default)]
pub(crate) struct Parker {
    called: AtomicBool,
    /// It is in the poll set.
    polls: AtomicBool,
    pub asleep: AtomicBool,
    home: OnceLock<(Thread, Option<&'static Arc<Poller>>)>,
}

impl Parker {
    /// The calling thread is the one that sleeps here.
    pub fn adopt(&self, poller: Option<&'static Arc<Poller>>) {
        let _ = self.home.set((std::thread::current(), poller));
    }
    /// Sleeps until [`Parker::wake`] or the time is over, or a little less.
    pub fn sleep(&self, most: Option<Duration>) {
        if !self.called.load(Ordering::SeqCst) {
            match most {
                Some(d) => std::thread::park_timeout(d),
                None => std::thread::park(),
            }
        }
        self.called.store(false, Ordering::SeqCst);
    }
    /// As [`Parker::sleep`], or until descriptors are ready. `false`: another thread is in the set already.
    pub fn poll(&self, poller: &Poller, most: Option<Duration>, ready: &mut Vec<Ready>) -> bool {
        self.polls.store(true, Ordering::SeqCst);
        let most = if self.called.load(Ordering::SeqCst) { Some(Duration::ZERO) } else { most };
        let most = most.map(|d| u64::try_from(d.as_nanos()).unwrap_or(u64::MAX));
        let done = poller.try_wait(most, ready);
        self.polls.store(false, Ordering::SeqCst);
        match done {
            Some(Ok(())) => self.called.store(false, Ordering::SeqCst),
            Some(Err(_)) => return false,
            None => return false,
        }
        true
    }
    pub fn wake(&self) {
        if self.called.swap(true, Ordering::SeqCst) {
            // Who called before has rung.
            return;
        }
        let Some((thread, poller)) = self.home.get() else { return };
        match poller {
            Some(p) if self.polls.load(Ordering::SeqCst) && p.wake().is_ok() => {}
            _ => thread.unpark(),
        }
    }
}
