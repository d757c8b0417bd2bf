//! The poll thread: tells ports that their descriptors are ready.
//!
//! It runs the port's callback itself when the port is not locked. Reports come once and are asked for again after the
//! callback, so that a port is never told twice of the same readiness.

use super::Task;
use crate::native_watch;
use crate::vm::Vm;
use std::io;
use std::sync::Arc;
use sys::poll::Poller;

/// Tokens with this bit are descriptors of native libraries, not ports.
pub const NATIVE_TOKEN: u64 = 1 << 63;

/// The poller, started at its first use.
pub fn poller(vm: &'static Vm) -> io::Result<&'static Poller> {
    let poller = vm.ports.poller.get_or_init(|| {
        let poller = Arc::new(Poller::new().ok()?);
        let body = {
            let poller = poller.clone();
            move || run(vm, &poller)
        };
        std::thread::Builder::new().name("1_poller".into()).spawn(body).ok()?;
        Some(poller)
    });
    poller.as_deref().ok_or_else(|| io::ErrorKind::OutOfMemory.into())
}

fn run(vm: &'static Vm, poller: &Poller) {
    let mut ready = Vec::new();
    while poller.wait(None, &mut ready).is_ok() {
        let _gate = super::lock(&vm.ports.gate);
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
    vm.ports.poller.get().and_then(|p| p.as_ref()).map_or(0, |p| p.watched())
}

/// What the poller holds.
pub fn poll_state(vm: &'static Vm) -> sys::poll::PollState {
    vm.ports.poller.get().and_then(|p| p.as_ref()).map_or(Default::default(), |p| p.state())
}
