//! Blocking multi-scheduling: the scheduler of the process that asks goes on alone until every block is
//! taken back or its owner ends. Dirty natives that run already are waited for; `normal` leaves them alone.

use super::Schedulers;
use crate::bif::{BifResult, Cx};
use crate::code::purge::{after_others, after_progress};
use crate::stop::Resume;
use core::sync::atomic::Ordering;
use std::sync::{Mutex, MutexGuard};
use term::atom;

/// What stands still.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Blocked {
    No,
    Normal,
    All,
}

/// Who blocks: pid, whether dirty threads too.
#[derive(Default)]
pub struct Blockers(Mutex<Vec<(u64, bool)>>);

impl Blockers {
    fn get(&self) -> MutexGuard<'_, Vec<(u64, bool)>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
}

impl Schedulers {
    pub fn blocked(&self) -> Blocked {
        let b = self.blockers.get();
        match b.iter().map(|b| b.1).max() {
            None => Blocked::No,
            Some(false) => Blocked::Normal,
            Some(true) => Blocked::All,
        }
    }
    /// Pids of those who block, each once. `normal`: whose block leaves dirty threads alone.
    pub fn blockers(&self, normal: bool) -> Vec<u64> {
        let mut pids: Vec<u64> =
            self.blockers.get().iter().filter(|b| b.1 != normal).map(|b| b.0).collect();
        pids.sort_unstable();
        pids.dedup();
        pids
    }
    /// A process ends: so do its blocks.
    pub(crate) fn blocker_exits(&self, pid: u64) {
        let mut b = self.blockers.get();
        if b.iter().any(|x| x.0 == pid) {
            b.retain(|x| x.0 != pid);
            self.release(&b);
        }
    }
    fn release(&self, left: &[(u64, bool)]) {
        if left.is_empty() {
            self.blocked_by.store(0, Ordering::SeqCst);
            self.wake_all();
        }
    }
}

/// Blocks, and returns when the others stand still.
pub fn block<'p>(cx: &Cx<'p>, dirty: bool) -> BifResult<'p> {
    let s = &cx.vm().sched;
    {
        let mut b = s.blockers.get();
        b.push((cx.pid(), dirty));
        s.blocked_by.store(cx.scheduler(), Ordering::SeqCst);
    }
    let answer = if dirty { atom!("blocked") } else { atom!("blocked_normal") };
    after_progress(cx, dirty, Box::new(move |_| Ok(answer.into())))
}

/// Returns `answer` when every other thread has left the slice it is in, and others could run here.
pub fn quiesce<'p>(cx: &Cx<'p>, answer: term::Atom) -> BifResult<'p> {
    after_others(cx, Box::new(move |_| Ok(answer.into())))
}

/// Waits until no chores are left, then as [`quiesce`].
pub fn tidy_up<'p>(cx: &Cx<'p>, answer: term::Atom) -> BifResult<'p> {
    struct Tidy(term::Atom);
    impl Resume for Tidy {
        fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
            tidy_up(cx, self.0)
        }
    }
    if cx.vm().sched.is_tidy() { quiesce(cx, answer) } else { Err(cx.yield_to(Tidy(answer))) }
}

/// Takes one block of the caller back.
pub fn unblock(cx: &Cx<'_>, dirty: bool) {
    let s = &cx.vm().sched;
    let mut b = s.blockers.get();
    if let Some(i) = b.iter().position(|x| *x == (cx.pid(), dirty)) {
        b.remove(i);
        s.release(&b);
    }
}

/// Runs `f` while no other scheduler runs a process; its text is the result, as a binary.
pub(crate) fn alone<'p>(
    cx: &Cx<'p>,
    f: impl FnOnce(&Cx<'_>) -> String + Send + 'static,
) -> BifResult<'p> {
    alone_then(cx, Box::new(move |cx| Ok(cx.heap().binary(f(cx).as_bytes()))))
}

/// Runs `then` while no other scheduler runs a process.
pub fn alone_then<'p>(cx: &Cx<'p>, then: crate::code::purge::Then) -> BifResult<'p> {
    let s = &cx.vm().sched;
    s.blockers.get().push((cx.pid(), false));
    s.blocked_by.store(cx.scheduler(), Ordering::SeqCst);
    let then: crate::code::purge::Then = Box::new(move |cx| {
        let result = then(cx);
        unblock(cx, false);
        result
    });
    after_progress(cx, false, then)
}
