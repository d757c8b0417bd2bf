//! Signals to ports: links, monitors, exits; and the end of the node.

use super::cx::Watcher;
use super::{Core, HALTING, Port, Task};
use crate::signal::handle::peer_of;
use crate::signal::relations::{LinkState, Peer};
use crate::signal::{Body, DownSignal, ExitSignal, Sender};
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::sync::Arc;
use std::time::{Duration, Instant};
use term::atom::am;
use term::{OwnedTerm, Term};

/// Sends a signal to a port; a port that is gone answers as a process that is gone would.
pub fn signal(vm: &'static Vm, port: u64, from: Sender, body: Body) {
    match vm.ports.get(port) {
        Some(p) => {
            // Its owner is gone, and so will be the connection: whoever hears of that must not use it any more.
            if let (Some(c), Body::Exit(x), Sender::Process(pid)) = (p.dist.get(), &body, &from)
                && x.linked
                && *pid == p.owner()
            {
                c.owner_is_gone();
            }
            p.post(vm, Task::Signal(from, body))
        }
        None => too_late(vm, port, from, body),
    }
}

/// Answers for a port that is gone.
fn too_late(vm: &'static Vm, port: u64, from: Sender, body: Body) {
    let me = Sender::Port(port);
    let noproc = || OwnedTerm::immediate(Term::atom(am::NOPROC));
    match (body, peer_of(from)) {
        (Body::Link, Some(peer)) => {
            let x = ExitSignal {
                reason: noproc(),
                linked: true,
                kill: false,
                sender: OwnedTerm::immediate(Term::local_port(port)),
                token: None,
            };
            vm.signal_peer(peer, me, Body::Exit(Box::new(x)));
        }
        (Body::Monitor(m), _) => {
            let d = DownSignal { reference: m.reference, reason: noproc(), afar: false };
            vm.signal(m.watcher, me, Body::Down(Box::new(d)));
        }
        (Body::Unlink { id }, Some(peer)) => vm.signal_peer(peer, me, Body::UnlinkAck { id }),
        (Body::Request(r), _) => r.too_late(vm),
        _ => {}
    }
}

impl Port {
    pub(super) fn handle_signal(
        self: &Arc<Self>,
        vm: &'static Vm,
        core: &mut Core,
        from: Sender,
        body: Body,
    ) {
        let state = &mut core.state;
        if state.dead || self.is(super::CLOSING) {
            return too_late(vm, self.id, from, body);
        }
        let peer = match peer_of(from) {
            Some(Peer::Process(pid)) => Some(pid),
            _ => None,
        };
        match (body, peer) {
            (Body::Link, Some(pid)) => {
                if state.links.get(&pid).is_none() {
                    state.links.insert(pid, LinkState::default());
                    self.link_told(vm, "getting_linked", pid);
                }
            }
            (Body::Unlink { id }, Some(pid)) => {
                if state.links.get(&pid).is_some_and(|l| l.unlinking == 0) {
                    state.links.remove(&pid);
                    self.link_told(vm, "getting_unlinked", pid);
                }
                vm.signal(pid, Sender::Port(self.id), Body::UnlinkAck { id });
            }
            (Body::UnlinkAck { id }, Some(pid)) => {
                if state.links.get(&pid).is_some_and(|l| l.unlinking == id) {
                    state.links.remove(&pid);
                }
            }
            (Body::Monitor(m), _) => {
                state.watchers.insert(m.reference, Watcher { pid: m.watcher });
            }
            (Body::Demonitor { reference }, _) => {
                state.watchers.remove(&reference);
            }
            (Body::Down(d), _) => {
                if state.watches.remove(&d.reference).is_some() {
                    self.callback(vm, core, |driver, p| driver.process_exit(p, d.reference));
                }
            }
            (Body::Exit(x), Some(pid)) => {
                if self.is_forker() {
                    return;
                }
                if x.linked && state.links.remove(&pid).is_none_or(|l| l.unlinking != 0) {
                    return;
                }
                let owner = self.connected.load(Ordering::Acquire);
                if x.linked && x.reason.term().is_atom_of(am::NORMAL) && pid != owner {
                    return;
                }
                self.end(vm, core, &x.reason, false);
            }
            (other @ Body::Request(_), _) => too_late(vm, self.id, from, other),
            _ => {}
        }
    }
}

impl Port {
    pub(super) fn link_told(&self, vm: &'static Vm, what: &str, pid: u64) {
        if self.trace.has(crate::trace::flag::PORTS) {
            let pid = term::Term::local_pid(pid);
            crate::trace::port::event(vm, self.id, &self.trace, what, pid);
        }
    }
    /// It stands for the system and outlives everybody.
    pub(super) fn is_forker(&self) -> bool {
        self.driver.name == super::children::FORKER
    }
}

/// Closes all ports and waits until what they hold is written out, at most for `timeout`. `heart`'s port stays
/// open until the very end, so that the node is not taken for dead meanwhile.
pub fn flush_all(vm: &'static Vm, timeout: Option<Duration>) {
    crate::sched::pay_output(vm);
    super::attend(vm);
    let end = timeout.and_then(|t| Instant::now().checked_add(t));
    let heart = term::atom!("heart_port").0;
    for port in vm.ports.all() {
        if port.registered.load(Ordering::Acquire) != heart {
            port.set_flag(HALTING, true);
            port.post(vm, Task::Halt);
        }
    }
    vm.ports.wait_gone(end, Port::is_halting);
}
