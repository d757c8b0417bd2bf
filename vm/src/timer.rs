//! Timers [erl_hl_timer.c]: one ordered table for receive timeouts and timers of natives.

use crate::process::Process;
use crate::signal::{Body, Sender, Signal};
use crate::vm::Vm;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::{BTreeMap, BTreeSet};
use std::sync::{Mutex, MutexGuard};

/// The `after` of a receive: at most one at a time for each process.
#[derive(Clone, Copy, Default)]
pub struct ReceiveTimer {
    /// Counts the timers that were set; a timeout of an older one is ignored.
    pub generation: u64,
    pub set: bool,
    pub fired: bool,
    key: TimerKey,
    vm: Option<&'static Vm>,
}

/// Deadline in nanoseconds of the VM's monotonic clock, and a serial number.
pub type TimerKey = (i64, u64);

/// What a timer does when its time has come. Runs on a scheduler, without locks held.
pub trait Fire: Send {
    fn fire(self: Box<Self>, vm: &'static Vm);
    /// The process without which it is of no use: the timer goes when that ends.
    fn receiver(&self) -> Option<u64> {
        None
    }
    /// The receiver has ended.
    fn receiver_gone(self: Box<Self>) {}
    /// Shows the terms that it holds.
    fn visit(&self, _: &mut dyn term::visit::Visit) {}
}

#[derive(Default)]
struct Table {
    due: BTreeMap<TimerKey, Box<dyn Fire>>,
    /// Those that go with their receiver.
    receivers: BTreeSet<(u64, TimerKey)>,
}

impl Table {
    fn remove(&mut self, key: TimerKey) -> Option<Box<dyn Fire>> {
        let action = self.due.remove(&key)?;
        if let Some(pid) = action.receiver() {
            self.receivers.remove(&(pid, key));
        }
        Some(action)
    }
}

/// See the module head.
pub struct Timers {
    table: Mutex<Table>,
    /// The nearest deadline, for a look without the lock.
    next: core::sync::atomic::AtomicI64,
    serial: AtomicU64,
}

impl Default for Timers {
    fn default() -> Timers {
        Timers {
            table: Mutex::default(),
            next: core::sync::atomic::AtomicI64::new(i64::MAX),
            serial: AtomicU64::new(0),
        }
    }
}

impl Timers {
    /// Adds a timer; `true`: it is now the first to fire, so that sleepers must look again.
    pub fn add(&self, deadline: i64, action: Box<dyn Fire>) -> (TimerKey, bool) {
        let key = (deadline, self.serial.fetch_add(1, Ordering::Relaxed));
        let mut t = self.table();
        if let Some(pid) = action.receiver() {
            t.receivers.insert((pid, key));
        }
        t.due.insert(key, action);
        let first = self.next.load(Ordering::Relaxed) > deadline;
        if first {
            self.next.store(deadline, Ordering::Release);
        }
        (key, first)
    }
    /// Takes a timer out before it fires.
    pub fn cancel(&self, key: TimerKey) -> Option<Box<dyn Fire>> {
        self.table().remove(key)
    }
    pub fn is_pending(&self, key: TimerKey) -> bool {
        self.table().due.contains_key(&key)
    }
    /// Shows the terms of all timers, with the process that each is for.
    pub(crate) fn each(&self, mut f: impl FnMut(Option<u64>, &dyn Fire)) {
        self.table().due.values().for_each(|t| f(t.receiver(), &**t));
    }
    fn table(&self) -> MutexGuard<'_, Table> {
        self.table.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// Takes out the timers of a process that has ended.
    pub fn receiver_gone(&self, pid: u64) {
        const STEP: usize = 512;
        loop {
            let gone: Vec<Box<dyn Fire>> = {
                let mut t = self.table();
                let range = (pid, (i64::MIN, 0))..=(pid, (i64::MAX, u64::MAX));
                let keys: Vec<TimerKey> =
                    t.receivers.range(range).take(STEP).map(|(_, key)| *key).collect();
                keys.into_iter().filter_map(|key| t.remove(key)).collect()
            };
            let last = gone.len() < STEP;
            gone.into_iter().for_each(|action| action.receiver_gone());
            if last {
                return;
            }
        }
    }
    /// The nearest deadline, if any.
    #[inline]
    pub fn next(&self) -> Option<i64> {
        match self.next.load(Ordering::Acquire) {
            i64::MAX => None,
            n => Some(n),
        }
    }
    /// Fires everything that is due at `now`.
    pub fn run(&self, vm: &'static Vm, now: i64) {
        while self.next.load(Ordering::Acquire) <= now {
            let due = {
                let mut t = self.table();
                let rest = t.due.split_off(&(now.saturating_add(1), 0));
                let due = core::mem::replace(&mut t.due, rest);
                for (key, action) in &due {
                    if let Some(pid) = action.receiver() {
                        t.receivers.remove(&(pid, *key));
                    }
                }
                let next = t.due.first_key_value().map_or(i64::MAX, |(k, _)| k.0);
                self.next.store(next, Ordering::Release);
                due
            };
            for (_, action) in due {
                action.fire(vm);
            }
        }
    }
}

struct ReceiveTimeout {
    pid: u64,
    generation: u64,
}

impl Fire for ReceiveTimeout {
    fn fire(self: Box<Self>, vm: &'static Vm) {
        if let Some(p) = vm.processes.lookup(self.pid) {
            p.in_queue.push(Signal::new(Sender::System, Body::ReceiveTimeout(self.generation)));
            vm.wake(&p);
        }
    }
}

/// Starts the receive timer.
pub(crate) fn set_receive(p: &mut Process, vm: &'static Vm, ms: u64) {
    let t = &mut p.receive_timer;
    t.generation += 1;
    t.set = true;
    t.fired = false;
    t.vm = Some(vm);
    let deadline = vm.monotonic().saturating_add(ms as i64 * 1_000_000);
    let fire = ReceiveTimeout { pid: p.shared.pid, generation: t.generation };
    let (key, first) = vm.timers.add(deadline, Box::new(fire));
    t.key = key;
    if first {
        vm.timers_changed();
    }
}

/// Ends the receive timer, fired or not.
#[inline]
pub(crate) fn cancel_receive(p: &mut Process) {
    let t = &mut p.receive_timer;
    if t.set {
        t.set = false;
        if !t.fired
            && let Some(vm) = t.vm
        {
            vm.timers.cancel(t.key);
        }
        t.fired = false;
    }
}
