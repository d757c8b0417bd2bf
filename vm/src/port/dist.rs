//! Ports that carry a connection with another node [dist.c: erts_dist_command].
//!
//! Such a port takes packets out of the connection's queue as long as its driver is not busy, and hands what it
//! receives to the connection instead of its owner. When it ends, so does the connection.

use super::{BUSY, CLOSING, Core, Port, Task};
use crate::dist::Connection;
use crate::vm::Vm;
use std::sync::Arc;
use term::{Atom, OwnedTerm, Term};

/// Bytes that a driver gets in one call.
const TOGETHER: usize = 128 << 10;

/// The connection has packets for its port.
pub(crate) fn output(vm: &'static Vm, port: u64) {
    if let Some(p) = vm.ports.get(port) {
        p.post(vm, Task::DistOutput);
    }
}

/// Ends a port because its connection is to end.
pub(crate) fn end(vm: &'static Vm, port: u64, reason: Atom) {
    if let Some(p) = vm.ports.get(port) {
        p.post(vm, Task::DistEnd(reason));
    }
}

/// Makes a port carry the connection that `connect` brings up. `false`: it cannot, or `connect` failed.
pub(crate) fn attach(
    vm: &'static Vm,
    port: u64,
    c: &Arc<Connection>,
    connect: impl FnOnce() -> bool,
) -> bool {
    let Some(p) = vm.ports.get(port).filter(|p| !p.is(CLOSING)) else { return false };
    if !p.driver.soft_busy || p.dist.get().is_some() || !connect() {
        return false;
    }
    let attached = p.dist.set(c.clone()).is_ok();
    if !attached || p.is(CLOSING) {
        // It ended meanwhile and does not know what it carried.
        let normal = OwnedTerm::immediate(Term::atom(term::atom::am::NORMAL));
        crate::dist::down::closed(vm, c, &normal);
    }
    p.post(vm, Task::DistOutput);
    true
}

impl Port {
    pub(super) fn dist_output(self: &Arc<Self>, vm: &'static Vm, core: &mut Core) {
        let Some(c) = self.dist.get() else { return };
        while !core.state.dead && !self.is(CLOSING | BUSY) {
            let packets = c.next_packets(vm, TOGETHER);
            if packets.is_empty() {
                return;
            }
            let size = packets.iter().map(|p| p.len() as u64).sum();
            core.state.output += size;
            vm.ports.output.fetch_add(size, core::sync::atomic::Ordering::Relaxed);
            self.callback(vm, core, |d, p| d.commands(p, packets));
        }
    }
    pub(super) fn dist_end(self: &Arc<Self>, vm: &'static Vm, core: &mut Core, reason: Atom) {
        core.state.queue.clear();
        self.end(vm, core, &OwnedTerm::immediate(Term::atom(reason)), false);
    }
}
