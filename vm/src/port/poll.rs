//! The poll threads: tell ports that their descriptors are ready.
//!
//! They run the port's callback themselves when the port is not locked. Reports come once and are asked for again after the
//! callback, so that a port is never told twice of the same readiness. A descriptor's number says which set it is in (`+IOp`);
//! each set has at least one thread (`+IOt`).

use super::Task;
use crate::native_watch;
use crate::vm::Vm;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use sys::poll::{PollState, Poller};

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
        let poller = sets[i % count].clone();
        let name = format!("{}_poller", i + 1);
        std::thread::Builder::new().name(name).spawn(move || run(vm, &poller))?;
    }
    Ok(sets)
}

fn run(vm: &'static Vm, poller: &Poller) {
    let mut ready = Vec::new();
    while poller.wait(None, &mut ready).is_ok() {
        let _gate = vm.ports.gate.read().unwrap_or_else(|e| e.into_inner());
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
