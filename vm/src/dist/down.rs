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
        Some([tag, why]) if tag.is_atom_of(atom!("shutdown")) => OwnedTerm::whole_copy_of(why),
        _ if reason.term().is_atom_of(am::NORMAL) => {
            OwnedTerm::immediate(Term::atom(atom!("connection_closed")))
        }
        _ => OwnedTerm::whole_copy_of(reason.term()),
    };
    let pids = clean(vm, c);
    go_on(Cleaning { vm, c: c.clone(), pids, reason: Some(reason) });
}

/// Processes that are told in one go that a connection is over.
const TOLD_AT_ONCE: usize = 256;

/// A connection that is over, while processes are told.
struct Cleaning {
    vm: &'static Vm,
    c: Arc<Connection>,
    pids: Vec<u64>,
    /// Why it ended, if it was up.
    reason: Option<OwnedTerm>,
}

fn go_on(mut w: Cleaning) {
    let left = w.pids.len().saturating_sub(TOLD_AT_ONCE);
    let (vm, c) = (w.vm, w.c.clone());
    for pid in w.pids.drain(left..) {
        vm.signal(pid, Sender::System, Body::ConnectionDown(Box::new((c.name, c.id))));
    }
    if left > 0 {
        let go_on = |argument: usize| {
            // SAFETY: made below.
            go_on(*unsafe { Box::from_raw(argument as *mut Cleaning) });
        };
        return vm.sched.later(go_on, Box::into_raw(Box::new(w)) as usize);
    }
    let Some(reason) = w.reason else { return forget(vm, &c) };
    {
        let entry = vm.dist.entry(c.name);
        let _telling = lock(&entry.telling);
        // Who hears of it may connect again at once.
        entry.forget(&c);
        let news = nodes::Event::down(c.name, Some(c.id), c.is_visible(), reason);
        nodes::tell(vm, news);
        entry.kept().into_iter().for_each(|news| nodes::tell(vm, news));
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
    let pids = clean(vm, c);
    go_on(Cleaning { vm, c: c.clone(), pids, reason: None });
    true
}

/// Nothing more comes in. The processes that are to be told.
fn clean(vm: &'static Vm, c: &Arc<Connection>) -> Vec<u64> {
    // Whoever takes input in is done after this.
    lock(&c.input).clear();
    lock(&c.names).clear();
    lock(&c.spawn_exits).clear();
    // Nobody waits for a queue that nobody takes from.
    c.drain(vm);
    c.take_relations()
}

fn forget(vm: &'static Vm, c: &Arc<Connection>) {
    if let Some(e) = vm.dist.find(c.name) {
        let _telling = lock(&e.telling);
        e.forget(c);
        e.kept().into_iter().for_each(|news| nodes::tell(vm, news));
    }
}

fn noconnection() -> OwnedTerm {
    OwnedTerm::immediate(Term::atom(atom!("noconnection")))
}

/// Links and monitors that fire in one go.
const FIRED_AT_ONCE: usize = 500;

/// In a process that had links or monitors through the connection. Whether there are more of them.
pub(crate) fn connection_down(p: &mut Process, vm: &'static Vm, node: Atom, id: u32) -> bool {
    let Some(t) = p.relations.get_mut() else { return false };
    let links: Vec<_> = t
        .links
        .iter()
        .filter_map(|(peer, l)| match *peer {
            Peer::Remote(r) if l.connection == id && r.node_name() == node => Some(r),
            _ => None,
        })
        .take(FIRED_AT_ONCE)
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
        .take(FIRED_AT_ONCE - links.len())
        .collect();
    let more = links.len() + watches.len() == FIRED_AT_ONCE;
    let (mut spawns, mut downs) = (Vec::new(), 0);
    if let Some(remote) = t.remote.as_mut().filter(|_| !more) {
        remote.watchers.retain(|_, w| (w.node, w.id) != (node, id));
        downs = remote.nodes.remove(&(node, id)).unwrap_or(0);
        let lost = |s: &spawn::Pending| (s.node, s.id) == (node, id);
        spawns = remote.spawns.extract_if(|_, s| lost(s)).collect();
    }
    for peer in links {
        let sender = OwnedTerm::build(|h| peer.term(h));
        let x =
            ExitSignal { reason: noconnection(), linked: true, kill: false, sender, token: None };
        exit_signal(p, vm, Sender::Remote(peer, id), x);
    }
    for reference in watches {
        down(p, vm, DownSignal { reference, reason: noconnection(), afar: false });
    }
    for (reference, s) in spawns {
        spawn::failed(p, vm, reference, s, atom!("noconnection"));
    }
    for _ in 0..downs {
        let m = OwnedTerm::build(|h| h.tuple(&[atom!("nodedown").into(), Term::atom(node)]));
        crate::signal::handle::enqueue_own(p, vm, crate::signal::Sender::System, m);
    }
    more
}
