//! Polling: who waits for descriptors, and tells ports and native libraries that theirs are ready.
//!
//! The first set belongs to the schedulers: one that has nothing to do waits there, and tells ports itself (`sched/polling.rs`,
//! ADR 10). A thread does it once no scheduler will ([`attend`]), or from the start with `+IOs false`. Other sets (`+IOp`: a
//! descriptor's number says which it is in) have threads of their own (`+IOt`). Reports come once and are asked for
//! again after the port's callback, so that a port is never told twice of the same readiness.

use super::Task;
use super::table::Gate;
use crate::native_watch;
use crate::vm::Vm;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use sys::poll::{PollState, Poller, Ready};

/// Tokens with this bit are descriptors of native libraries, not ports.
pub const NATIVE_TOKEN: u64 = 1 << 63;

/// The poller of a descriptor; all are started at the first use.
pub fn poller(vm: &'static Vm, fd: RawFd) -> io::Result<&'static Poller> {
    let sets = vm.ports.pollers.get_or_init(|| start(vm).ok());
    let sets = sets.as_deref().ok_or(io::ErrorKind::OutOfMemory)?;
    let index = fd.unsigned_abs() as usize % sets.len().max(1);
    sets.get(index).map(|p| &**p).ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

fn start(vm: &'static Vm) -> io::Result<Box<[Arc<Poller>]>> {
    let count = vm.config.poll_sets.max(1);
    let sets = (0..count).map(|_| Poller::new().map(Arc::new)).collect::<io::Result<Box<_>>>()?;
    for i in 0..vm.config.poll_threads.max(count) {
        if i % count > 0 || !vm.config.schedulers_poll {
            spawn(vm, i, sets[i % count].clone())?;
        }
    }
    Ok(sets)
}

fn spawn(vm: &'static Vm, index: usize, poller: Arc<Poller>) -> io::Result<()> {
    let name = format!("{}_poller", index + 1);
    std::thread::Builder::new().name(name).spawn(move || run(vm, &poller)).map(drop)
}

fn run(vm: &'static Vm, poller: &Poller) {
    let mut ready = Vec::new();
    while poller.wait(None, &mut ready).is_ok() {
        let gate = vm.ports.polling_goes_on();
        deliver(vm, &mut ready, gate);
    }
}

/// Tells everybody whose descriptors are ready.
pub(crate) fn deliver(vm: &'static Vm, ready: &mut Vec<Ready>, _gate: Gate<'_>) {
    for r in ready.drain(..) {
        if r.token & NATIVE_TOKEN != 0 {
            if let Some(h) = vm.hooks.get() {
                (h.ready)(r.fd, r.interest);
            }
        } else if r.token & native_watch::TOKEN != 0 {
            vm.natives.ready(r.token & !native_watch::TOKEN, r.fd, r.interest);
        } else if let Some(port) = vm.ports.get(r.token) {
            port.post(vm, Task::Ready(r.fd, r.interest));
        }
    }
}

/// Makes the sets before the schedulers start, so that they can sleep there.
pub(crate) fn prepare(vm: &'static Vm) {
    let _ = poller(vm, 0);
}

/// The set that schedulers wait for.
pub(crate) fn of_schedulers(vm: &'static Vm) -> Option<&'static Arc<Poller>> {
    if !vm.config.schedulers_poll {
        return None;
    }
    vm.ports.pollers.get()?.as_ref()?.first()
}

/// Schedulers stop: from here on a thread waits for the first set.
pub(crate) fn attend(vm: &'static Vm) {
    if let Some(poller) = of_schedulers(vm) {
        // Without a thread what is to be written out waits for its time limit.
        let _ = spawn(vm, 0, poller.clone());
    }
}

/// How many descriptors are watched.
pub fn watched(vm: &'static Vm) -> usize {
    poll_states(vm).iter().map(|s| s.watched).sum()
}

/// What each set holds.
pub fn poll_states(vm: &'static Vm) -> Vec<PollState> {
    match vm.ports.pollers.get() {
        Some(Some(sets)) => sets.iter().map(|p| p.state()).collect(),
        _ => vec![PollState::default(); vm.config.poll_sets.max(1)],
    }
}

/// How many threads wait for a set.
pub fn poll_threads(vm: &'static Vm, set: usize) -> usize {
    let sets = vm.config.poll_sets.max(1);
    let threads = vm.config.poll_threads.max(sets);
    threads / sets + usize::from(set < threads % sets)
}
