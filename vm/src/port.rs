//! Ports [io.c].

use crate::bif::{BifResult, Cx};
use crate::signal::{Body, Sender};
use crate::vm::Vm;
use term::Term;

/// Sends a signal to a port; a port that is gone answers as a process that is gone would.
pub fn signal(vm: &'static Vm, port: u64, from: Sender, body: Body) {
    let s = *crate::signal::Signal::new(from, body);
    crate::process::exit::too_late(vm, port, s);
}

/// `Port ! {Owner, Command}`. Commands to a port that is gone are dropped.
pub fn send_command<'p>(cx: &Cx<'p>, port: u64, message: Term<'p>) -> BifResult<'p, ()> {
    let _ = (cx, port, message);
    Ok(())
}

/// Whether there is such a port.
pub fn exists(_: &'static Vm, _port: u64) -> bool {
    false
}

/// Writes out what ports still hold.
pub fn flush_all(_: &'static Vm) {}
