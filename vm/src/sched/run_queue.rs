//! A run queue: one list for each priority.
//!
//! `max` and `high` go first; a `low` process is let pass until it has been skipped
//! [`LOW_SKIPS`] times, as the reference does.

use super::Runnable;
use crate::process::state::BOUND;
use crate::process::{Priority, Process};
use core::sync::atomic::{AtomicUsize, Ordering};
use std::collections::VecDeque;
use std::sync::Mutex;

/// Normal processes that run before one of low priority.
const LOW_SKIPS: u32 = 8;

/// The lists alone.
#[derive(Default)]
pub(super) struct Lists {
    max: VecDeque<Runnable>,
    high: VecDeque<Runnable>,
    normal: VecDeque<Runnable>,
    low: VecDeque<Runnable>,
    skipped: u32,
}

impl Lists {
    pub fn push(&mut self, priority: Priority, p: Runnable) {
        match priority {
            Priority::Max => self.max.push_back(p),
            Priority::High => self.high.push_back(p),
            Priority::Normal => self.normal.push_back(p),
            Priority::Low => self.low.push_back(p),
        }
    }
    pub fn pop(&mut self) -> Option<Runnable> {
        if let Some(p) = self.max.pop_front() {
            Some(p)
        } else if let Some(p) = self.high.pop_front() {
            Some(p)
        } else if !self.low.is_empty() && (self.normal.is_empty() || self.skipped >= LOW_SKIPS) {
            self.skipped = 0;
            self.low.pop_front()
        } else {
            if !self.low.is_empty() {
                self.skipped += 1;
            }
            self.normal.pop_front()
        }
    }
}

/// See the module head.
#[derive(Default)]
pub(crate) struct RunQueue {
    lists: Mutex<Lists>,
    len: AtomicUsize,
    /// Those of them that are bound to this queue.
    bound: AtomicUsize,
}

fn is_bound(p: &Runnable) -> bool {
    // SAFETY: a process in a queue is alive; it binds itself only while it runs.
    unsafe { (*p.0).shared.state.has(BOUND) }
}

/// How many bound processes are looked at, from the end, for one that is not.
const LOOK: usize = 64;

/// The last process of a list that is not bound to its scheduler.
fn take_free(list: &mut VecDeque<Runnable>) -> Option<Runnable> {
    let back = list.iter().rev().take(LOOK).position(|p| !is_bound(p))?;
    list.remove(list.len() - 1 - back)
}

impl RunQueue {
    /// Adds a process at the end of its list; the new length.
    pub fn push(&self, priority: Priority, p: Runnable) -> usize {
        if is_bound(&p) {
            self.bound.fetch_add(1, Ordering::SeqCst);
        }
        self.lists.lock().unwrap_or_else(|e| e.into_inner()).push(priority, p);
        self.len.fetch_add(1, Ordering::SeqCst) + 1
    }
    /// The process to run next.
    pub fn pop(&self) -> Option<Runnable> {
        if self.len.load(Ordering::SeqCst) == 0 {
            return None;
        }
        let p = self.lists.lock().unwrap_or_else(|e| e.into_inner()).pop();
        if let Some(p) = &p {
            self.len.fetch_sub(1, Ordering::SeqCst);
            if is_bound(p) {
                self.bound.fetch_sub(1, Ordering::SeqCst);
            }
        }
        p
    }
    /// Whether there are processes that others may take.
    pub fn has_free(&self) -> bool {
        self.len() > self.bound.load(Ordering::SeqCst)
    }
    /// The process another scheduler may take: the one that would wait longest, of those that are not bound.
    pub fn steal(&self) -> Option<Runnable> {
        if !self.has_free() {
            return None;
        }
        let mut l = self.lists.lock().unwrap_or_else(|e| e.into_inner());
        let l = &mut *l;
        let lists = [&mut l.max, &mut l.high, &mut l.normal, &mut l.low];
        let p = lists.into_iter().find_map(take_free);
        if p.is_some() {
            self.len.fetch_sub(1, Ordering::SeqCst);
        }
        p
    }
    /// A process of that priority, if there are more than `n` of them.
    pub fn take_over(&self, n: usize, priority: usize) -> Option<Runnable> {
        let mut l = self.lists.lock().unwrap_or_else(|e| e.into_inner());
        let l = &mut *l;
        let list = match priority {
            0 => &mut l.max,
            1 => &mut l.high,
            2 => &mut l.normal,
            _ => &mut l.low,
        };
        if list.len() <= n {
            return None;
        }
        let p = take_free(list)?;
        self.len.fetch_sub(1, Ordering::SeqCst);
        Some(p)
    }
    /// Moves a process that waits here to the end of the list of a higher priority.
    pub fn promote(&self, process: *const Process, to: Priority) -> bool {
        let mut l = self.lists.lock().unwrap_or_else(|e| e.into_inner());
        let l = &mut *l;
        let found = [&mut l.low, &mut l.normal, &mut l.high]
            .into_iter()
            .find_map(|list| list.remove(list.iter().position(|p| core::ptr::eq(p.0, process))?));
        let Some(p) = found else { return false };
        match to {
            Priority::Max => l.max.push_back(p),
            Priority::High => l.high.push_back(p),
            _ => l.normal.push_back(p),
        }
        true
    }
    /// Lengths: max, high, normal, low.
    pub fn lengths(&self) -> [usize; 4] {
        let l = self.lists.lock().unwrap_or_else(|e| e.into_inner());
        [l.max.len(), l.high.len(), l.normal.len(), l.low.len()]
    }
    pub fn len(&self) -> usize {
        self.len.load(Ordering::SeqCst)
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}
