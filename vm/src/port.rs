//! Ports [io.c].

use crate::signal::{Body, Sender};
use crate::vm::Vm;

/// Sends a signal to a port; a port that is gone answers as a process that is gone would.
pub fn signal(vm: &'static Vm, port: u64, from: Sender, body: Body) {
    let s = *crate::signal::Signal::new(from, body);
    crate::process::exit::too_late(vm, port, s);
}
