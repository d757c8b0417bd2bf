//! Schedulers that wait for descriptors themselves (ADR 10).
//!
//! One thread at a time is in the poll set. A scheduler looks there when it runs out of work, and the last one to fall asleep
//! sleeps there. Who finds ready descriptors tells their ports at once and runs the processes that this wakes.
//! Another scheduler that falls asleep leaves the set alone while the one that is awake has only just begun to work:
//! it will be back soon, and with two in turn each event would wake a thread. Who has been busy for long has somebody
//! else look, and looks itself now and then while all are busy.

use super::{Scheduler, Schedulers};
use crate::port;
use crate::vm::Vm;
use core::cell::Cell;
use core::sync::atomic::Ordering;
use std::time::Duration;
use sys::poll::Ready;

/// Whoever has been awake for longer, in nanoseconds, is not expected back soon.
const LONG: i64 = 500_000;
/// Reductions after which a busy scheduler looks.
const BUSY: u64 = 16_000;

thread_local! {
    /// Processes that are woken go to the queue of this scheduler (from 1), 0: to their own.
    static TAKES: Cell<usize> = const { Cell::new(0) };
}

/// The scheduler (from 1) that tells ports of readiness on this thread, 0 if none does.
#[inline]
pub(super) fn takes() -> usize {
    TAKES.get()
}

/// What a scheduler's thread keeps for polling.
#[derive(Default)]
pub(super) struct Polling {
    ready: Vec<Ready>,
    /// Its reductions when it looked last.
    looked: u64,
}

impl Schedulers {
    /// Tells ports what was found; the thread is awake. Whether there was anything.
    fn tell(&self, vm: &'static Vm, index: usize, p: &mut Polling, gate: port::Gate<'_>) -> bool {
        if p.ready.is_empty() {
            return false;
        }
        TAKES.set(if self.may_run(index) { index + 1 } else { 0 });
        port::deliver(vm, &mut p.ready, gate);
        TAKES.set(0);
        super::pay_output(vm);
        true
    }
    /// Looks whether descriptors are ready. Whether there were any.
    pub(super) fn look(&self, vm: &'static Vm, index: usize, p: &mut Polling) -> bool {
        let Some(poller) = port::of_schedulers(vm).filter(|s| !s.is_idle()) else { return false };
        match poller.try_wait(Some(0), &mut p.ready) {
            Some(Ok(())) if !p.ready.is_empty() => {}
            _ => return false,
        }
        let gate = self.gate(vm, index);
        self.tell(vm, index, p, gate)
    }
    /// While the world is to stop, its threads count as asleep.
    fn gate(&self, vm: &'static Vm, index: usize) -> port::Gate<'static> {
        if let Some(gate) = vm.ports.polling_goes_on_now() {
            return gate;
        }
        let me = self.normal.get(index);
        let asleep = |on| me.inspect(|s| s.parker.asleep.store(on, Ordering::SeqCst));
        asleep(true);
        let gate = vm.ports.polling_goes_on();
        asleep(false);
        gate
    }
    /// Looks between two slices, when much has been done since the last time.
    pub(super) fn look_while_busy(
        &self,
        vm: &'static Vm,
        me: &Scheduler,
        index: usize,
        p: &mut Polling,
    ) {
        let done = me.spent.load(Ordering::Relaxed);
        if done.wrapping_sub(p.looked) < BUSY {
            return;
        }
        p.looked = done;
        let Some(poller) = port::of_schedulers(vm).filter(|s| !s.is_idle()) else { return };
        match poller.try_wait(Some(0), &mut p.ready) {
            // Somebody waits there.
            None | Some(Err(_)) => return,
            Some(Ok(())) => {}
        }
        if !p.ready.is_empty() {
            let gate = self.gate(vm, index);
            self.tell(vm, index, p, gate);
        } else if self.sleeping.load(Ordering::SeqCst) > 0
            && vm.monotonic() - me.awake_since.load(Ordering::Relaxed) > LONG
        {
            self.wake_one_sleeper();
        }
    }
    /// Whether a scheduler that falls asleep does so in the poll set. `last`: all others sleep.
    fn belongs_there(&self, vm: &'static Vm, index: usize, last: bool) -> bool {
        last || {
            let now = vm.monotonic();
            let long = |s: &Scheduler| {
                s.parker.asleep.load(Ordering::SeqCst)
                    || now - s.awake_since.load(Ordering::Relaxed) > LONG
            };
            self.normal.iter().enumerate().all(|(i, s)| i == index || long(s))
        }
    }
    /// Sleeps: in the poll set, or else alone. Ready descriptors are told of by [`Schedulers::wakes_up`].
    pub(super) fn falls_asleep(
        &self,
        vm: &'static Vm,
        index: usize,
        last: bool,
        most: Option<Duration>,
        p: &mut Polling,
    ) {
        let Some(me) = self.normal.get(index) else { return };
        if let Some(poller) = port::of_schedulers(vm)
            && self.belongs_there(vm, index, last)
            && me.parker.poll(poller, most, &mut p.ready)
        {
            return;
        }
        me.parker.sleep(most);
    }
    /// To be called when the scheduler counts as awake again.
    pub(super) fn wakes_up(
        &self,
        vm: &'static Vm,
        me: &Scheduler,
        index: usize,
        p: &mut Polling,
        gate: Option<port::Gate<'_>>,
    ) {
        me.awake_since.store(vm.monotonic(), Ordering::Relaxed);
        p.looked = me.spent.load(Ordering::Relaxed);
        if let Some(gate) = gate {
            self.tell(vm, index, p, gate);
        }
    }
    /// Leave to tell ports, if there is anything to tell: waits as long as the world stands still.
    pub(super) fn leave_to_tell(
        &self,
        vm: &'static Vm,
        p: &Polling,
    ) -> Option<port::Gate<'static>> {
        (!p.ready.is_empty()).then(|| vm.ports.polling_goes_on())
    }
}
