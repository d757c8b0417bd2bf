//! Programs that ports have started: who hears when they end [forker driver].

use super::{Driver, DriverEntry, IoQueue, PortCx};
use crate::vm::Vm;
use std::io;
use sys::child::Children;

/// The driver of the first port, which stands for whoever starts and collects programs. Nobody can close it.
pub(super) const FORKER: &str = "forker";

struct Forker;

impl Driver for Forker {
    fn command(&mut self, _: &mut PortCx<'_>, _: IoQueue) {}
}

pub(super) fn entry() -> DriverEntry {
    DriverEntry { system: true, ..DriverEntry::new(FORKER, |_, _, _| Ok(Box::new(Forker))) }
}

/// A started program ended with this status, as `exit_status` shows it.
pub(super) struct Ended(pub i32);

pub(super) struct Reaper {
    children: Children,
}

/// Has the end of `pid` reported to a port, as an [`Ended`] event. Also collects the child when the port is gone.
pub(super) fn watch(vm: &'static Vm, pid: i32, port: u64) -> io::Result<()> {
    let reaper = vm.ports.reaper.get_or_init(|| {
        let report = move |port, _pid, status| {
            if let Some(port) = vm.ports.get(port) {
                port.post(vm, super::Task::Event(Box::new(Ended(status))));
            }
        };
        Some(Reaper { children: Children::new(report).ok()? })
    });
    match reaper {
        Some(r) => r.children.watch(pid, port),
        None => Err(io::Error::from_raw_os_error(12)),
    }
}
