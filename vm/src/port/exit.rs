//! How a port ends [io.c: erts_deliver_port_exit, terminate_port].

use super::cx::Failure;
use super::{BUSY, CLOSING, Core, HALTING, Port, PortCx, SOFT_EOF};
use crate::signal::relations::Peer;
use crate::signal::{Body, DownSignal, ExitSignal, Sender};
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::sync::Arc;
use term::atom::am;
use term::{Atom, OwnedTerm, Term};

fn reason_of(f: Failure) -> OwnedTerm {
    OwnedTerm::immediate(match f {
        Failure::Eof => Term::atom(am::NORMAL),
        Failure::Reason(a) => Term::atom(a),
        Failure::Number(n) => Term::small(n),
    })
}

impl Port {
    /// Acts on what a callback left behind: a failure, an empty queue of a closed port.
    pub(super) fn after_callback(self: &Arc<Self>, vm: &'static Vm, core: &mut Core) {
        if core.state.dead {
            return;
        }
        let failing = core.state.failing.take();
        let soft_end = failing == Some(Failure::Eof) && self.is(SOFT_EOF) && !self.is(CLOSING);
        let mut cx = PortCx::new(vm, self, &mut core.state);
        if failing == Some(Failure::Eof) {
            cx.flush_line();
        }
        if soft_end {
            cx.send_owner(|_| am::EOF.into());
        }
        cx.send_held();
        if let Some(f) = failing {
            if self.is(CLOSING) {
                self.terminate(vm, core);
            } else if !soft_end {
                core.state.queue.clear();
                self.end(vm, core, &reason_of(f), false);
            }
        } else if self.is(CLOSING) && core.state.queue.is_empty() {
            self.terminate(vm, core);
        }
    }
    /// Ends the port: links and watchers are told now; the driver goes when its queue is empty, or at once if the
    /// reason is `kill`. `false` if it is ending already.
    pub(super) fn end(
        self: &Arc<Self>,
        vm: &'static Vm,
        core: &mut Core,
        reason: &OwnedTerm,
        send_closed: bool,
    ) -> bool {
        if core.state.dead || self.is(CLOSING) {
            return false;
        }
        core.state.send_closed = send_closed;
        let kill = reason.term().is_atom_of(am::KILL);
        let killed = OwnedTerm::immediate(Term::atom(am::KILLED));
        let shown = if kill { &killed } else { reason };
        self.set_flag(CLOSING, true);
        self.set_busy(vm, false);
        if self.trace.has(crate::trace::flag::PORTS) {
            crate::trace::port::event(vm, self.id, &self.trace, "closed", shown.term());
        }
        self.drop_name(vm);
        // Whoever hears of the end, `net_kernel` above all, may connect again at once.
        if let Some(c) = self.dist.get() {
            crate::dist::down::closed(vm, c, shown);
        }
        let me = Sender::Port(self.id);
        for (pid, link) in core.state.links.take() {
            if link.unlinking == 0 {
                let x = ExitSignal {
                    reason: OwnedTerm::copy_of(shown.term()),
                    linked: true,
                    kill: false,
                    sender: OwnedTerm::immediate(Term::local_port(self.id)),
                    token: None,
                };
                vm.signal(pid, me, Body::Exit(Box::new(x)));
            }
        }
        for (reference, w) in core.state.watchers.take() {
            let d = DownSignal { reference, reason: OwnedTerm::copy_of(shown.term()), afar: false };
            vm.signal_peer(Peer::Process(w.pid), me, Body::Down(Box::new(d)));
        }
        for (reference, pid) in core.state.watches.take() {
            vm.signal(pid, me, Body::Demonitor { reference });
        }
        if !kill && !core.state.queue.is_empty() {
            self.callback(vm, core, |d, p| d.flush(p));
        } else {
            core.state.last_words = true;
            self.terminate(vm, core);
        }
        true
    }
    fn terminate(self: &Arc<Self>, vm: &'static Vm, core: &mut Core) {
        if core.state.dead {
            return;
        }
        core.state.dead = true;
        self.set_flag(CLOSING, true);
        let mut driver = core.driver.take();
        let mut cx = PortCx::new(vm, self, &mut core.state);
        cx.cancel_timer();
        if let Some(d) = &mut driver {
            d.stop(&mut cx);
        }
        cx.forget_all();
        drop(driver);
        core.state.queue.clear();
        core.state.line = None;
        let mut data = super::lock(&self.data);
        *data = super::Data::Gone;
        self.data_atom.store(0, Ordering::Release);
        drop(data);
        self.set_flag(BUSY, false);
        vm.ports.remove(self.id);
        if core.state.send_closed {
            let mut cx = PortCx::new(vm, self, &mut core.state);
            cx.send_closed();
        }
    }
    /// The node halts: the port ends as soon as its output is out.
    pub(super) fn halt(self: &Arc<Self>, vm: &'static Vm, core: &mut Core) {
        let killed = OwnedTerm::immediate(Term::atom(am::KILLED));
        self.end(vm, core, &killed, false);
    }
    pub(super) fn is_halting(&self) -> bool {
        self.is(HALTING)
    }
    fn drop_name(&self, vm: &'static Vm) {
        match self.registered.swap(0, Ordering::AcqRel) {
            0 => {}
            name => {
                vm.registry.port_exits(Atom(name), self.id);
                if self.trace.has(crate::trace::flag::PORTS) {
                    let name = Term::atom(Atom(name));
                    crate::trace::port::event(vm, self.id, &self.trace, "unregister", name);
                }
            }
        }
    }
}
