//! Links and monitors with processes of other nodes, on both sides.
//!
//! A relation belongs to the connection it was made through. The connection knows which local processes
//! have any ([`Connection::hold`]); when it is over it tells them, and each looks through its own tables.

use super::connection::Connection;
use super::flags;
use super::op::{Op, Target, Watched};
use super::output;
use super::peer::RemotePid;
use crate::bif::Cx;
use crate::process::Process;
use crate::signal::relations::{LinkState, Peer, RemoteWatcher, Tables, Watch};
use crate::signal::{
    AliasExit, Body, DownSignal, ExitSignal, Message, RefId, RemoteMonitor, Sender,
};
use crate::vm::Vm;
use std::sync::Arc;
use term::atom::am;
use term::{Atom, OwnedTerm, Term, atom};

/// Sends an operation at once; what the other side cannot do is dropped.
pub fn send(vm: &'static Vm, c: &Arc<Connection>, op: Op, payload: Option<Term<'_>>) {
    let op = match c.keep(vm, op, payload) {
        Ok(()) => return,
        Err(op) => op,
    };
    if !c.is_connected() || !c.has(op.needs()) {
        return;
    }
    if let Op::MonitorExit { from: Watched::Name(_), reference, .. } = op.plain() {
        super::lock(&c.names).remove(reference);
    }
    match output::encode(vm, c.flags(), &op, payload) {
        Ok(frames) if frames.len() > 1 && op.is_last() => c.push_last(vm, frames),
        Ok(frames) => c.push(vm, frames),
        // A reason that is too large for the format: the other side hears at least that something ended.
        Err(_) => c.give_up(vm),
    }
}

/// As [`send`], through this connection if it still is there.
pub fn send_through(vm: &'static Vm, node: Atom, id: u32, op: Op, payload: Option<Term<'_>>) {
    if let Some(c) = vm.dist.connection(node, id) {
        send(vm, &c, op, payload);
    }
}

/// Sends a signal of a local process to one of another node, through the connection that there is now.
pub fn signal(vm: &'static Vm, to: RemotePid, from: Sender, body: Body) {
    let (Sender::Process(from), Some(c)) = (from, vm.dist.way(vm, to.node_name(), false).open())
    else {
        return;
    };
    match body {
        Body::Link => send(vm, &c, Op::Link { from, to }, None),
        Body::Unlink { id } => send(vm, &c, Op::Unlink { id, from, to }, None),
        Body::UnlinkAck { id } => send(vm, &c, Op::UnlinkAck { id, from, to }, None),
        Body::Exit(x) => {
            let op = if x.linked { Op::Exit { from, to } } else { Op::Exit2 { from, to } };
            send(vm, &c, op.traced(x.token), Some(x.reason.term()));
        }
        Body::GroupLeader(leader) => {
            send(vm, &c, Op::GroupLeader { to }, Some(leader.term()));
        }
        _ => {}
    }
}

fn noconnection() -> OwnedTerm {
    OwnedTerm::immediate(Term::atom(atom!("noconnection")))
}

fn linked_exit(peer: RemotePid, reason: OwnedTerm) -> ExitSignal {
    let sender = OwnedTerm::build(|h| peer.term(h));
    ExitSignal { reason, linked: true, kill: false, sender, token: None }
}

// The side that acts.

/// `link/1`
pub fn link(cx: &Cx<'_>, to: RemotePid) {
    let me = cx.pid();
    let peer = Peer::Remote(to);
    let there =
        cx.with(|p| p.relations.tables().links.get(&peer).map(|l| (l.unlinking, l.connection)));
    if let Some((0, _)) = there {
        return;
    }
    let former = to.node_name() == term::node::this().name;
    let way = match former {
        true => None,
        false => cx.vm().dist.way(cx.vm(), to.node_name(), true).open(),
    };
    let c = way.filter(|c| match there {
        Some((_, id)) if id == c.id => true,
        _ => c.hold(me),
    });
    let id = c.as_ref().map_or(0, |c| c.id);
    let state = LinkState { unlinking: 0, connection: id };
    cx.with(|p| p.relations.tables().links.insert(peer, state));
    match c {
        Some(c) => send(cx.vm(), &c, Op::Link { from: me, to }, None),
        None => {
            let noproc = || OwnedTerm::immediate(Term::atom(am::NOPROC));
            let x = Box::new(linked_exit(to, if former { noproc() } else { noconnection() }));
            cx.vm().signal(me, Sender::Remote(to, 0), Body::Exit(x));
        }
    }
}

/// `unlink/1`
pub fn unlink(cx: &Cx<'_>, to: RemotePid) {
    let peer = Peer::Remote(to);
    let found = cx.with(|p| {
        let t = p.relations.get_mut()?;
        t.unlink_serial += 1;
        let id = t.unlink_serial;
        let l = t.links.get_mut(&peer).filter(|l| l.unlinking == 0)?;
        l.unlinking = id;
        Some((id, l.connection))
    });
    let Some((id, connection)) = found else { return };
    let c = cx.vm().dist.connection(to.node_name(), connection);
    match &c {
        Some(c) if c.may(flags::UNLINK_ID) => {}
        // Nobody will acknowledge it.
        _ => {
            cx.with(|p| p.relations.tables().links.remove(&peer));
            if let Some(c) = &c {
                c.let_go(cx.pid());
            }
        }
    }
    if let Some(c) = c {
        send(cx.vm(), &c, Op::Unlink { id, from: cx.pid(), to }, None);
    }
}

/// The node and what is watched there.
fn target_of(w: &Watch) -> Option<(Atom, Target)> {
    match w.target {
        Peer::Remote(pid) => Some((pid.node_name(), Target::Pid(pid))),
        Peer::RemoteName(node) => Some((node, Target::Name(w.name?))),
        _ => None,
    }
}

/// Begins a watch that is in the tables already, and notes the connection there.
pub fn monitor(cx: &Cx<'_>, reference: RefId, w: Watch) {
    let Some((node, target)) = target_of(&w) else { return };
    let me = cx.pid();
    let down = |reason| {
        let d = Box::new(DownSignal { reference, reason, afar: false });
        cx.vm().signal(me, Sender::None, Body::Down(d));
    };
    if node == term::node::this().name {
        // An earlier incarnation of this node.
        return down(OwnedTerm::immediate(Term::atom(am::NOPROC)));
    }
    // Where the other side knows no monitors (C nodes) they watch the connection only.
    let c = cx.vm().dist.way(cx.vm(), node, true).open().filter(|c| c.hold(me));
    let Some(c) = c else {
        return down(noconnection());
    };
    cx.with(|p| {
        if let Some(w) = p.relations.tables().watches.get_mut(&reference) {
            w.connection = c.id;
        }
    });
    let alias = w.alias.is_some();
    send(cx.vm(), &c, Op::Monitor { from: me, target, reference, alias }, None);
}

/// A watch was taken out of the tables: tells the other side.
pub fn demonitor(vm: &'static Vm, me: u64, reference: RefId, w: &Watch) {
    let Some((node, target)) = target_of(w) else { return };
    if let Some(c) = vm.dist.connection(node, w.connection) {
        c.let_go(me);
        send(vm, &c, Op::Demonitor { from: me, target, reference }, None);
    }
}

/// `monitor_node/2` with `true`. `false`: there is no connection.
pub fn monitor_node(cx: &Cx<'_>, node: Atom, connect: bool) -> bool {
    let way = cx.vm().dist.way(cx.vm(), node, connect);
    let Some(c) = way.open().filter(|c| connect || !c.is_pending()) else { return false };
    let key = (node, c.id);
    let known = cx.with(|p| match p.relations.tables().remote().nodes.get_mut(&key) {
        Some(n) => {
            *n += 1;
            true
        }
        None => false,
    });
    if known {
        return true;
    }
    if !c.hold(cx.pid()) {
        return false;
    }
    cx.with(|p| p.relations.tables().remote().nodes.insert(key, 1));
    true
}

/// `monitor_node/2` with `false`.
pub fn demonitor_node(cx: &Cx<'_>, node: Atom) {
    let ended = cx.with(|p| {
        let nodes = &mut p.relations.get_mut()?.remote.as_mut()?.nodes;
        let key = *nodes.keys().filter(|k| k.0 == node).max_by_key(|k| k.1)?;
        let n = nodes.get_mut(&key)?;
        *n -= 1;
        if *n > 0 {
            return None;
        }
        nodes.remove(&key);
        Some(key.1)
    });
    if let Some(c) = ended.and_then(|id| cx.vm().dist.connection(node, id)) {
        c.let_go(cx.pid());
    }
}

/// A busy connection through which others will hear of the process's end.
pub(crate) fn busy(p: &Process, vm: &'static Vm) -> Option<Arc<Connection>> {
    if !vm.dist.is_alive() || p.flags.async_dist {
        return None;
    }
    let t = p.relations.get()?;
    let links = t.links.iter().filter_map(|(peer, l)| match peer {
        Peer::Remote(to) => Some((to.node_name(), l.connection)),
        _ => None,
    });
    let remote = t.remote.as_ref();
    let watchers = remote.into_iter().flat_map(|r| r.watchers.values().map(|w| (w.node, w.id)));
    let busy = |(node, id)| vm.dist.connection(node, id).filter(|c| c.delays_ends());
    links.chain(watchers).find_map(busy)
}

/// What a process that ends leaves behind at other nodes.
pub(crate) fn process_exits(
    vm: &'static Vm,
    me: u64,
    t: &mut Tables,
    reason: &OwnedTerm,
    leaving: &mut Option<crate::trace::seq::Leaving>,
) {
    let reason = Some(reason.term());
    for (peer, l) in &t.links {
        if let Peer::Remote(to) = *peer
            && let Some(c) = vm.dist.connection(to.node_name(), l.connection)
        {
            c.let_go(me);
            if l.unlinking == 0 {
                let token = leaving.as_mut().and_then(|l| {
                    let peer = OwnedTerm::build(|h| to.term(h));
                    l.exit(vm, peer.term(), reason?)
                });
                send(vm, &c, Op::Exit { from: me, to }.traced(token), reason);
            }
        }
    }
    for (reference, w) in &t.watches {
        demonitor(vm, me, *reference, w);
    }
    let Some(remote) = t.remote.take() else { return };
    for (reference, w) in remote.watchers {
        if let Some(c) = vm.dist.connection(w.node, w.id) {
            c.let_go(me);
            let op = Op::MonitorExit { from: w.shown, to: w.watcher, reference };
            send(vm, &c, op, reason);
        }
    }
    for (node, id) in remote.nodes.into_keys() {
        if let Some(c) = vm.dist.connection(node, id) {
            c.let_go(me);
        }
    }
    if let Some(reason) = reason {
        super::spawn::process_exits(vm, me, remote.spawns, reason);
    }
}

// The side that is acted on.

/// Handles what only comes from other nodes; the rest is given back.
pub(crate) fn receive(p: &mut Process, vm: &'static Vm, from: Sender, body: Body) -> Option<Body> {
    match (body, from) {
        (Body::Link, Sender::Remote(peer, id)) => linked(p, vm, peer, id),
        (Body::Unlink { id }, Sender::Remote(peer, connection)) => {
            let key = Peer::Remote(peer);
            let t = p.relations.tables();
            if t.links.get(&key).is_some_and(|l| l.unlinking == 0 && l.connection == connection) {
                t.links.remove(&key);
                release(vm, peer.node_name(), connection, p.pid());
                if crate::trace::event::procs(p) {
                    crate::signal::handle::told_of(p, vm, "getting_unlinked", key);
                }
            }
            if id != 0 {
                let op = Op::UnlinkAck { id, from: p.pid(), to: peer };
                send_through(vm, peer.node_name(), connection, op, None);
            }
        }
        (Body::UnlinkAck { id }, Sender::Remote(peer, connection)) => {
            let key = Peer::Remote(peer);
            if let Some(t) = p.relations.get_mut()
                && t.links
                    .get(&key)
                    .is_some_and(|l| l.unlinking == id && l.connection == connection)
            {
                t.links.remove(&key);
                release(vm, peer.node_name(), connection, p.pid());
            }
        }
        (Body::Exit(x), Sender::Remote(peer, id)) => {
            if x.linked && holds_link(p, peer, id) {
                release(vm, peer.node_name(), id, p.pid());
            }
            return Some(Body::Exit(x));
        }
        (Body::RemoteMonitor(m), _) => watched(p, vm, *m),
        (Body::RemoteDemonitor(r), _) => {
            let w = p.relations.get_mut().and_then(|t| t.remote.as_mut()?.watchers.remove(&r));
            if let Some(w) = w {
                release(vm, w.node, w.id, p.pid());
            }
        }
        (Body::Encoded(e), from) => {
            p.reds_left -= (e.payload.len() / 256) as i64;
            let t = e.payload.decode(vm)?;
            return receive(p, vm, from, decoded(t, e.used, e.token));
        }
        (Body::SpawnReply(r), _) => super::spawn::replied(p, vm, *r),
        (body, _) => return Some(body),
    }
    None
}

fn decoded(t: OwnedTerm, used: super::input::Use, token: Option<OwnedTerm>) -> Body {
    use super::input::Use;
    match used {
        Use::Message => Body::Message(Message::new(t).with_token(token)),
        Use::Alias { alias, priority } => {
            let message = Message::new(t).with_token(token);
            Body::AliasMessage { alias, message, priority }
        }
        Use::AliasExit { from, alias, priority } => {
            let kill = t.term().is_atom_of(am::KILL);
            let exit = ExitSignal { kill, linked: false, token, ..linked_exit(from, t) };
            Body::AliasExit(Box::new(AliasExit { alias, priority, exit }))
        }
        Use::Down(reference) => {
            Body::Down(Box::new(DownSignal { reference, reason: t, afar: true }))
        }
        Use::Exit { from, linked } => {
            let kill = !linked && t.term().is_atom_of(am::KILL);
            Body::Exit(Box::new(ExitSignal { kill, linked, token, ..linked_exit(from, t) }))
        }
    }
}

/// The watch of a local process has fired.
pub(crate) fn watch_ended(vm: &'static Vm, me: u64, w: &Watch) {
    if let Some((node, _)) = target_of(w) {
        release(vm, node, w.connection, me);
    }
}

fn release(vm: &'static Vm, node: Atom, id: u32, pid: u64) {
    if let Some(c) = vm.dist.connection(node, id) {
        c.let_go(pid);
    }
}

fn holds_link(p: &Process, peer: RemotePid, id: u32) -> bool {
    let link = p.relations.get().and_then(|t| t.links.get(&Peer::Remote(peer)));
    link.is_some_and(|l| l.connection == id)
}

fn linked(p: &mut Process, vm: &'static Vm, peer: RemotePid, id: u32) {
    if holds_link(p, peer, id) {
        return;
    }
    let held = vm.dist.connection(peer.node_name(), id).is_some_and(|c| c.hold(p.pid()));
    let state = LinkState { unlinking: 0, connection: id };
    p.relations.tables().links.insert(Peer::Remote(peer), state);
    if crate::trace::event::procs(p) {
        crate::signal::handle::told_of(p, vm, "getting_linked", Peer::Remote(peer));
    }
    if !held {
        let x = linked_exit(peer, noconnection());
        crate::signal::handle::exit_signal(p, vm, Sender::Remote(peer, id), x);
    }
}

fn watched(p: &mut Process, vm: &'static Vm, m: RemoteMonitor) {
    let w = RemoteWatcher { watcher: m.watcher, shown: m.shown, node: m.node, id: m.id };
    let Some(c) = vm.dist.connection(m.node, m.id) else { return };
    let watchers = &mut p.relations.tables().remote().watchers;
    if watchers.contains_key(&m.reference) {
        return;
    }
    watchers.insert(m.reference, w);
    if !c.hold(p.pid()) {
        p.relations.tables().remote().watchers.remove(&m.reference);
    }
}

/// A signal of another node to a process that is gone. Gives back what is not its business.
pub(crate) fn too_late(vm: &'static Vm, me: u64, from: Sender, body: Body) -> Option<Body> {
    let noproc = Some(Term::atom(am::NOPROC));
    match (body, from) {
        (Body::Link, Sender::Remote(to, id)) => {
            send_through(vm, to.node_name(), id, Op::Exit { from: me, to }, noproc);
        }
        (Body::Unlink { id }, Sender::Remote(to, connection)) => {
            if id != 0 {
                let op = Op::UnlinkAck { id, from: me, to };
                send_through(vm, to.node_name(), connection, op, None);
            }
        }
        (Body::RemoteMonitor(m), _) => {
            let op = Op::MonitorExit { from: m.shown, to: m.watcher, reference: m.reference };
            send_through(vm, m.node, m.id, op, noproc);
        }
        (Body::SpawnReply(r), _) => super::spawn::replied_too_late(vm, me, &r),
        (_, Sender::Remote(..)) => {}
        (Body::RemoteDemonitor(_) | Body::Encoded(_) | Body::ConnectionDown(_), _) => {}
        (body, _) => return Some(body),
    }
    None
}
