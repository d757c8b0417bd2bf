//! The state word of a process: why it may run, and who has it.
//!
//! `ACTIVE`: there is a reason to run. `QUEUED`: it is in a run queue or a scheduler has it; who
//! sets this bit must enqueue it. So a process is never in two queues, and a wake-up is never lost:
//! a scheduler that lets go clears `QUEUED` only if `ACTIVE` is clear.

use super::Priority;
use core::sync::atomic::{AtomicU32, Ordering};

pub const ACTIVE: u32 = 1;
pub const QUEUED: u32 = 2;
pub const RUNNING: u32 = 4;
pub const SUSPENDED: u32 = 8;
/// It has begun to end: no new links, signals are dropped.
pub const EXITING: u32 = 16;
/// It is gone from the table.
pub const FREE: u32 = 32;
/// Runs, or is to run, on a dirty scheduler.
pub const DIRTY_CPU: u32 = 64;
pub const DIRTY_IO: u32 = 128;
pub const TRAP_EXIT: u32 = 256;
/// In a collection.
pub const GC: u32 = 512;
/// Waits in a receive (for `process_info(status)`).
pub const WAITING: u32 = 1024;
/// A system task (code purge check, …) waits in the in-queue even though it is suspended.
pub const SIGNALS: u32 = 2048;
pub const OFF_HEAP_MSGQ: u32 = 4096;
pub const SENSITIVE: u32 = 8192;
pub const HIBERNATING: u32 = 16384;
/// The VM ends when it ends.
pub const SYSTEM: u32 = 32768;
/// A dirty native runs that keeps out of the process's inside: others may handle signals meanwhile.
pub const APART: u32 = 1 << 16;
/// Somebody does so now; the native's end waits for it.
pub const APART_HANDLED: u32 = 1 << 17;
/// Waits until a port or connection is no longer busy: it shows as suspended.
pub const HELD_UP: u32 = 1 << 18;
/// Timers may go with it.
pub const TIMERS: u32 = 1 << 19;
/// Its scheduler is the one that was asked for: nobody else takes it.
pub const BOUND: u32 = 1 << 20;
/// It may not be collected: a test has switched that off.
pub const NO_GC: u32 = 1 << 21;
/// The last that the system's profiler was told of it is that it is active.
pub const SHOWN: u32 = 1 << 22;
/// Nobody runs it, and somebody looks into it: who wants to run it waits for the end of that, which is near.
pub const LOOKED_AT: u32 = 1 << 23;
const PRIORITY_SHIFT: u32 = 24;
const PRIORITY_MASK: u32 = 3 << PRIORITY_SHIFT;
/// Somebody of a higher priority waits for an answer: 3 minus that priority, until signals have been
/// handled. So a process that spins at high priority between the two keeps nobody waiting.
const LIFT_SHIFT: u32 = 26;
const LIFT_MASK: u32 = 3 << LIFT_SHIFT;

fn priority_of(bits: u32) -> Priority {
    match bits & 3 {
        0 => Priority::Max,
        1 => Priority::High,
        2 => Priority::Normal,
        _ => Priority::Low,
    }
}

/// See the module head.
#[derive(Debug)]
pub struct State(AtomicU32);

impl State {
    pub fn new(priority: Priority) -> State {
        State(AtomicU32::new((priority as u32) << PRIORITY_SHIFT))
    }
    #[inline]
    pub fn get(&self) -> u32 {
        self.0.load(Ordering::Acquire)
    }
    #[inline]
    pub fn has(&self, bits: u32) -> bool {
        self.get() & bits != 0
    }
    pub fn set(&self, bits: u32) -> u32 {
        self.0.fetch_or(bits, Ordering::AcqRel)
    }
    pub fn clear(&self, bits: u32) -> u32 {
        self.0.fetch_and(!bits, Ordering::AcqRel)
    }
    pub fn priority(&self) -> Priority {
        priority_of(self.get() >> PRIORITY_SHIFT)
    }
    /// Its own priority, or the higher one of somebody who waits for it.
    pub fn effective_priority(&self) -> Priority {
        let s = self.get();
        let lifted = 3 - (s >> LIFT_SHIFT & 3);
        priority_of((s >> PRIORITY_SHIFT & 3).min(lifted))
    }
    /// Lifts it to the priority of somebody who waits. `true`: that is higher than its own.
    pub fn lift(&self, to: Priority) -> bool {
        let lift = 3 - to as u32;
        let changed = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |s| {
            let (own, old) = (s >> PRIORITY_SHIFT & 3, s >> LIFT_SHIFT & 3);
            (own > to as u32 && lift > old).then_some(s & !LIFT_MASK | lift << LIFT_SHIFT)
        });
        changed.is_ok()
    }
    /// Nobody waits any more. `true`: it had been lifted.
    pub fn settle(&self) -> bool {
        self.get() & LIFT_MASK != 0 && self.clear(LIFT_MASK) & LIFT_MASK != 0
    }
    pub fn set_priority(&self, p: Priority) -> Priority {
        let old = self.priority();
        let _ = self.0.fetch_update(Ordering::AcqRel, Ordering::Acquire, |s| {
            Some(s & !PRIORITY_MASK | (p as u32) << PRIORITY_SHIFT)
        });
        old
    }
    /// Marks a reason to run. `true`: the caller must enqueue the process.
    #[inline]
    pub fn activate(&self) -> bool {
        let old = self.0.fetch_or(ACTIVE | QUEUED, Ordering::AcqRel);
        old & QUEUED == 0
    }
    /// Begins to handle signals of a process that runs apart; `APART_HANDLED` is to be cleared afterwards.
    pub fn handle_apart(&self) -> bool {
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |s| {
                (s & (APART | APART_HANDLED) == APART).then_some(s | APART_HANDLED)
            })
            .is_ok()
    }
    /// Begins to run. Whoever looks into the process meanwhile is done when this returns.
    #[inline]
    pub fn run(&self) {
        if self.set(RUNNING) & LOOKED_AT != 0 {
            while self.has(LOOKED_AT) {
                std::thread::yield_now();
            }
        }
    }
    /// Begins to look into the process, unless somebody has it, it is about to end, or is not quite born;
    /// `LOOKED_AT` is to be cleared soon.
    pub fn look(&self) -> bool {
        const BUSY: u32 = RUNNING
            | LOOKED_AT
            | DIRTY_CPU
            | DIRTY_IO
            | APART
            | APART_HANDLED
            | GC
            | EXITING
            | FREE;
        const BORN: u32 = QUEUED | WAITING | HIBERNATING | SUSPENDED;
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |s| {
                (s & BUSY == 0 && s & BORN != 0).then_some(s | LOOKED_AT)
            })
            .is_ok()
    }
    /// A scheduler that found nothing more to do lets go. `false`: a reason to run came
    /// meanwhile, and the caller still has the process.
    pub fn release(&self) -> bool {
        self.0
            .fetch_update(Ordering::AcqRel, Ordering::Acquire, |s| {
                if s & ACTIVE != 0 { None } else { Some(s & !(QUEUED | RUNNING)) }
            })
            .is_ok()
    }
}
