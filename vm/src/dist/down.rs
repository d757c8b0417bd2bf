//! The end of a connection.

use super::connection::Connection;
use super::{lock, nodes, spawn};
use crate::process::Process;
use crate::signal::handle::{down, exit_signal};
use crate::signal::relations::Peer;
use crate::signal::{Body, DownSignal, ExitSignal, RefId, Sender};
use crate::vm::Vm;
use std::sync::Arc;
use term::atom::am;
use term::{Atom, OwnedTerm, Term, atom};

/// The controller ended.
pub(crate) fn closed(vm: &'static Vm, c: &Arc<Connection>, reason: &OwnedTerm) {
    c.exiting();
    if !c.closed() {
        return;
    }
    // A normal end, and `{shutdown, Reason}` of a supervised controller, are told otherwise.
    let reason = match reason.term().as_tuple_of::<2>() {
        Some([tag, why]) if tag.is_atom_of(atom!("shutdown")) => OwnedTerm::copy_of(why),
        _ if reason.term().is_atom_of(am::NORMAL) => {
            OwnedTerm::immediate(Term::atom(atom!("connection_closed")))
        }
        _ => OwnedTerm::copy_of(reason.term()),
    };
    clean(vm, c);
    {
        let entry = vm.dist.entry(c.name);
        let _telling = lock(&entry.telling);
        // Who hears of it may connect again at once.
        entry.forget(c);
        nodes::tell(vm, nodes::Event::down(c.name, Some(c.id), c.is_visible(), reason));
    }
    vm.dist.release(vm);
}

/// Gives up a connection that was never up. Whether it was pending.
pub fn abort(vm: &'static Vm, c: &Arc<Connection>) -> bool {
    if !c.is_pending() {
        return false;
    }
    if c.exiting() != (true, false) {
        return false;
    }
    c.closed();
    clean(vm, c);
    forget(vm, c);
    true
}

fn clean(vm: &'static Vm, c: &Arc<Connection>) {
    // Whoever takes input in is done after this.
    lock(&c.input).clear();
    lock(&c.names).clear();
    lock(&c.spawn_exits).clear();
    for pid in c.take_relations() {
        vm.signal(pid, Sender::System, Body::ConnectionDown(Box::new((c.name, c.id))));
    }
    c.drain(vm);
}

fn forget(vm: &'static Vm, c: &Arc<Connection>) {
    if let Some(e) = vm.dist.find(c.name) {
        e.forget(c);
    }
}

fn noconnection() -> OwnedTerm {
    OwnedTerm::immediate(Term::atom(atom!("noconnection")))
}

/// In a process that had links or monitors through the connection.
pub(crate) fn connection_down(p: &mut Process, vm: &'static Vm, node: Atom, id: u32) {
    let Some(t) = p.relations.get_mut() else { return };
    let links: Vec<_> = t
        .links
        .iter()
        .filter_map(|(peer, l)| match *peer {
            Peer::Remote(r) if l.connection == id && r.node_name() == node => Some(r),
            _ => None,
        })
        .collect();
    let watches: Vec<RefId> = t
        .watches
        .iter()
        .filter(|(_, w)| {
            let of = match w.target {
                Peer::Remote(r) => r.node_name(),
                Peer::RemoteName(n) => n,
                _ => return false,
            };
            w.connection == id && of == node
        })
        .map(|(r, _)| *r)
        .collect();
    let (mut spawns, mut downs) = (Vec::new(), 0);
    if let Some(remote) = &mut t.remote {
        remote.watchers.retain(|_, w| (w.node, w.id) != (node, id));
        downs = remote.nodes.remove(&(node, id)).unwrap_or(0);
        let lost = |s: &spawn::Pending| (s.node, s.id) == (node, id);
        spawns = remote.spawns.extract_if(|_, s| lost(s)).collect();
    }
    for peer in links {
        let sender = OwnedTerm::build(|h| peer.term(h));
        let x = ExitSignal { reason: noconnection(), linked: true, kill: false, sender };
        exit_signal(p, vm, Sender::Remote(peer, id), x);
    }
    for reference in watches {
        down(p, vm, DownSignal { reference, reason: noconnection() });
    }
    for (reference, s) in spawns {
        spawn::failed(p, vm, reference, s, atom!("noconnection"));
    }
    for _ in 0..downs {
        let m = OwnedTerm::build(|h| h.tuple(&[atom!("nodedown").into(), Term::atom(node)]));
        crate::signal::handle::enqueue_own(p, vm, crate::signal::Sender::System, m);
    }
}
