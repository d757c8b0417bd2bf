//! What `kernel` asks for when it has done a handshake, and what controllers that are processes ask for
//! [dist.c: create_dist_channel, dist_ctrl_*].

use super::connection::{Connection, Controller};
use super::{Dist, Op, Role, nodes};
use crate::bif::Cx;
use crate::port::IoQueue;
use crate::process::ask;
use crate::process::registry::Named;
use crate::signal::{Body, RefId, Request, Sender};
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::sync::Arc;
use term::atom::am;
use term::{Atom, OwnedTerm, Term, atom};

/// A connection that is to be brought up.
struct Setup {
    c: Arc<Connection>,
    net_kernel: u64,
    by: u64,
    flags: u64,
    creation: u32,
}

impl Setup {
    /// Commits it; tells `net_kernel` and who listens.
    fn commit(&self, vm: &'static Vm, controller: Controller) -> bool {
        let carrier = match controller {
            Controller::Port(port) => Term::local_port(port),
            Controller::Process(pid) => Term::local_pid(pid),
        };
        if vm.processes.lookup(self.net_kernel).is_none() {
            return false;
        }
        let entry = vm.dist.entry(self.c.name);
        let _telling = super::lock(&entry.telling);
        vm.dist.hold();
        let connected = self.c.connect(vm, controller, self.flags, self.creation);
        let Some(refused) = connected else {
            vm.dist.release(vm);
            return false;
        };
        let name = self.c.name;
        let m = OwnedTerm::build(|h| {
            let what = atom!("dist_ctrlr").into();
            h.tuple(&[what, carrier, name.into(), Term::local_pid(self.by)])
        });
        vm.send_message(Sender::System, self.net_kernel, m);
        let news = nodes::Event::up(name, Some(self.c.id), self.c.is_visible());
        if let Some(news) = entry.after_ending(news) {
            nodes::tell(vm, news);
        }
        if !refused.is_empty() {
            let refusal = Box::new(Refusal { c: self.c.clone(), refused });
            vm.signal(self.by, Sender::System, Body::Request(refusal));
        }
        true
    }
    fn by_process(&self, cx: &Cx<'_>) -> bool {
        if cx.with(|p| p.extra().dist.is_some()) {
            return false;
        }
        let done = self.commit(cx.vm(), Controller::Process(cx.pid()));
        if done {
            cx.with(|p| p.extra().dist = Some(Role::Controller(self.c.clone())));
        }
        done
    }
}

/// Requests of before the connection was up that the other side does not know. Those who asked are told when the process that
/// did the handshake handles its signals: what they do then comes after what it has told `net_kernel`.
struct Refusal {
    c: Arc<Connection>,
    refused: Vec<Op>,
}

impl Refusal {
    fn tell(&self, vm: &'static Vm) {
        for op in &self.refused {
            super::spawn::not_supported(vm, &self.c, op);
        }
    }
}

impl Request for Refusal {
    fn run(self: Box<Self>, cx: &Cx<'_>) {
        self.tell(cx.vm());
    }
    fn too_late(self: Box<Self>, vm: &'static Vm) {
        self.tell(vm);
    }
}

/// How far a channel is.
pub enum Created {
    Up(Arc<Connection>),
    /// The handle, or `badarg`, will come in a message with this reference.
    Later(RefId),
}

impl Dist {
    /// `erts_internal:create_dist_channel/3`; `None` is `badarg`.
    pub fn create_channel(
        &self,
        cx: &Cx<'_>,
        node: Atom,
        controller: Controller,
        flags: u64,
        creation: u32,
    ) -> Option<Created> {
        let vm = cx.vm();
        let Some(Named::Process(net_kernel)) = vm.registry.lookup(atom!("net_kernel")) else {
            return None;
        };
        if !self.is_alive() || !super::is_node_name(node) || node == term::node::this().name {
            return None;
        }
        let mandatory = super::flags::mandatory(vm.release());
        if flags & mandatory != mandatory {
            refuse(cx, node);
            return None;
        }
        let c = self.find(node)?.current().filter(|c| c.is_pending())?;
        let setup = Setup { c: c.clone(), net_kernel, by: cx.pid(), flags, creation };
        match controller {
            Controller::Port(port) => {
                let connect = || setup.commit(vm, controller);
                crate::port::dist_attach(vm, port, &c, connect).then_some(Created::Up(c))
            }
            Controller::Process(pid) if pid == cx.pid() => {
                setup.by_process(cx).then_some(Created::Up(c))
            }
            Controller::Process(pid) => {
                vm.processes.lookup(pid)?;
                let id = crate::refs::next();
                let question: ask::Question = Box::new(move |cx, h| match setup.by_process(cx) {
                    true => super::handle(&setup.c, h),
                    false => am::BADARG.into(),
                });
                ask::ask_by_message(cx, pid, id, am::BADARG, question);
                Some(Created::Later(id))
            }
        }
    }
    /// `erts_internal:new_connection/1`
    pub fn new_connection(&self, node: Atom) -> Option<Arc<Connection>> {
        if !super::is_node_name(node) || node == term::node::this().name {
            return None;
        }
        Some(self.entry(node).begin().0)
    }
}

fn refuse(cx: &Cx<'_>, node: Atom) {
    let leader = cx.group_leader();
    let who = term::print::to_text(cx.self_pid());
    let text = format!(
        "{who} attempted to enable connection to node {} which does not support all mandatory capabilities.\n",
        term::print::to_text(node.into())
    );
    cx.vm().log_error(Some(cx.pid()), leader, |h| (h.string("~s~n"), h.list(&[h.string(&text)])));
}

/// The connection that the running process carries.
pub fn carried(cx: &Cx<'_>) -> Option<Arc<Connection>> {
    cx.with(|p| match &p.extra.as_ref()?.dist {
        Some(Role::Controller(c)) => Some(c.clone()),
        _ => None,
    })
}

impl Connection {
    /// The next packet for a carrier that is a process.
    pub fn get_data(&self, vm: &'static Vm) -> Option<IoQueue> {
        if self.is_connected() { self.next_packet(vm) } else { None }
    }
    /// Has the carrier told when there is something to carry.
    pub fn notify_carrier(&self, vm: &'static Vm) {
        if self.notify()
            && let Some(Controller::Process(pid)) = self.controller()
        {
            let m = OwnedTerm::immediate(Term::atom(atom!("dist_data")));
            vm.send_message(Sender::System, pid, m);
        }
    }
    /// A packet that the input handler received.
    pub fn put_data(self: &Arc<Self>, vm: &'static Vm, bytes: &[u8]) {
        super::input::packet(vm, self, bytes);
    }
    /// Packets received and sent, bytes that wait.
    pub fn statistics(&self) -> (u64, u64, usize) {
        let of = |n: &core::sync::atomic::AtomicU64| n.load(Ordering::Relaxed);
        (of(&self.received), of(&self.sent), self.queued())
    }
    /// `erts_internal:abort_pending_connection/2`. Whether it was not up.
    pub fn abort(self: &Arc<Self>, vm: &'static Vm) -> bool {
        let up = self.is_connected();
        super::down::abort(vm, self);
        !up
    }
}
