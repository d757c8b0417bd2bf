//! A scheduler without work: looks for some, polls, sleeps; and what it takes from others [erl_process.c:
//! scheduler_wait, try_steal_task].

use super::polling::Polling;
use super::{Runnable, Scheduler, Schedulers, pay_output};
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::time::Duration;

/// Puts its thread to sleep until there may be something to do, unless it is found before.
pub(super) fn idle(
    vm: &'static Vm,
    all: &'static Schedulers,
    me: &Scheduler,
    index: usize,
    polling: &mut Polling,
) {
    pay_output(vm);
    let may_run = all.may_run(index);
    let now = vm.monotonic();
    me.awake_since.store(now, Ordering::Relaxed);
    if may_run && all.look(vm, index, polling) {
        return;
    }
    let spin = vm.config.spin[0];
    let misses = me.misses.load(Ordering::Relaxed);
    let missed = misses.checked_add(1).unwrap_or(MISSES);
    if may_run && spin > 0 && (misses < MISSES || misses.is_multiple_of(AGAIN)) {
        let end = now + spin as i64;
        let found = || {
            !me.queue.is_empty()
                || has_work(all, index)
                || all.chores_wait.load(Ordering::Relaxed)
                || all.stopping.load(Ordering::Relaxed)
        };
        loop {
            let now = vm.monotonic();
            let pause = (now + LOOK_EVERY).min(end);
            if look_for(&found, || vm.monotonic() >= pause)
                || vm.timers.next().is_some_and(|t| t <= end)
                || all.look(vm, index, polling)
            {
                // What came while others had the processor would have come without looking.
                me.misses.store(if now <= end { 0 } else { missed }, Ordering::Relaxed);
                return;
            }
            if pause == end {
                break;
            }
            // Who waits for this processor, such as the program at the other end, goes first.
            std::thread::yield_now();
        }
    }
    me.misses.store(missed, Ordering::Relaxed);
    vm.profile.scheduler(vm, index, None);
    me.parker.asleep.store(true, Ordering::SeqCst);
    let last = all.sleeping.fetch_add(1, Ordering::SeqCst) + 1 == all.normal.len();
    // What was queued before the flag was seen would not wake us.
    let work = may_run && (!me.queue.is_empty() || call_crowded(all, index))
        || all.chores_wait.load(Ordering::SeqCst);
    if !work && !all.stopping.load(Ordering::SeqCst) {
        let now = vm.monotonic();
        let due =
            vm.timers.next().map(|t| Duration::from_nanos(t.saturating_sub(now).max(0) as u64));
        if due != Some(Duration::ZERO) {
            let wake = || vm.sched.wake_all();
            let look = if last { all.trim.all_sleep(now, vm.there(), wake) } else { None };
            all.falls_asleep(vm, index, last, due.into_iter().chain(look).min(), polling);
        }
    }
    let gate = all.leave_to_tell(vm, polling);
    all.sleeping.fetch_sub(1, Ordering::SeqCst);
    me.parker.asleep.store(false, Ordering::SeqCst);
    all.wakes_up(vm, me, index, polling, gate);
    if vm.timers.next().is_some() {
        vm.timers.run(vm, vm.monotonic());
    }
}

/// Who has looked in vain so many times in a row sleeps at once, and looks only every so many times: what it
/// waits for is not near, and others may need the processor.
pub(super) const MISSES: u32 = 8;
pub(super) const AGAIN: u32 = 16;

/// Between two looks at the poll set while it looks for work, in nanoseconds.
const LOOK_EVERY: i64 = 4_000;

/// Slices after which a scheduler compares its queue with the others': one with work never steals.
pub(super) const BALANCE: u64 = 128;

/// Takes a process from whoever has at least two more of its priority.
pub(super) fn balance(all: &Schedulers, me: &Scheduler, index: usize) {
    if index >= all.online() || all.blocked_by.load(Ordering::SeqCst) != 0 {
        return;
    }
    let own = me.queue.lengths();
    for (i, other) in all.normal[..all.online()].iter().enumerate() {
        if i == index || other.queue.is_empty() {
            continue;
        }
        let theirs = other.queue.lengths();
        let more = (0..4).find(|p| theirs[*p] > own[*p] + 1);
        if let Some(p) = more.and_then(|p| other.queue.take_over(own[p] + 1, p)) {
            // SAFETY: the shared side is alive: the process is runnable.
            let priority = unsafe { (*p.0).shared.state.effective_priority() };
            me.queue.push(priority, p);
            return;
        }
    }
}

/// Looks again and again until `found` or `over`; whether it was found.
pub(super) fn look_for(found: &dyn Fn() -> bool, over: impl Fn() -> bool) -> bool {
    loop {
        for _ in 0..32 {
            if found() {
                return true;
            }
            for _ in 0..8 {
                core::hint::spin_loop();
            }
        }
        if over() {
            return false;
        }
    }
}

fn has_work(all: &Schedulers, index: usize) -> bool {
    all.normal.iter().enumerate().any(|(i, s)| i != index && (may_steal_from(s) || all.stands(i)))
}

/// Who has looked long enough takes what waits, even if it is not much: its scheduler may be in something long.
fn call_crowded(all: &Schedulers, index: usize) -> bool {
    let others = all.normal.iter().enumerate().filter(|(i, _)| *i != index);
    let free = others.filter(|(_, s)| s.queue.has_free());
    let crowded = free.map(|(_, s)| s.crowded.store(true, Ordering::SeqCst)).count() > 0;
    crowded || has_work(all, index)
}

fn may_steal_from(s: &Scheduler) -> bool {
    s.queue.has_free() && (s.crowded.load(Ordering::SeqCst) || s.aside.load(Ordering::SeqCst))
}

pub(super) fn steal(all: &Schedulers, index: usize) -> Option<Runnable> {
    let n = all.normal.len();
    let others = (1..n).map(|k| &all.normal[(index + k) % n]);
    others.filter(|s| may_steal_from(s)).find_map(|s| s.queue.steal())
}
