//! Links and monitors as tests see them: those of a process, or those that go through the connection with a node
//! [erl_bif_info.c: make_link_list, make_monitor_list].
//!
//! A connection itself has no list: the tables of the processes that it counts are looked through.

use term::atom::am;
use term::{Atom, Heap, Term, atom};
use vm::dist::op::Watched;
use vm::inspect;
use vm::process::{Process, ask};
use vm::signal::relations::{Peer, RemoteWatcher, Tables, Watch};
use vm::{BifResult, Cx};

#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Kind {
    Links,
    Monitors,
}

/// Of a process of this node (`undefined` if it is gone), or of a node that was connected once.
pub fn list<'p>(cx: &Cx<'p>, of: Term<'p>, kind: Kind) -> BifResult<'p> {
    if let Some(node) = of.as_atom() {
        let entry = cx.need(cx.vm().dist.find(node))?;
        let connection = entry.current().map(|c| (node, c.id));
        return inspect::still(
            cx,
            Box::new(move |cx, still| {
                let h = cx.heap();
                let mut rows = Vec::new();
                if let Some(connection) = connection {
                    still.each(|p| through(h, p, kind, connection, &mut rows));
                }
                Ok(h.list(&rows))
            }),
        );
    }
    let pid = cx.need(of.as_pid().and_then(|p| p.local()))?;
    if pid == cx.pid() {
        return Ok(own(cx, cx.heap(), kind));
    }
    Err(ask::ask(cx, pid, am::UNDEFINED, Box::new(move |cx, h| own(cx, h, kind))))
}

/// What the process itself knows.
fn own<'h>(cx: &Cx<'_>, h: &'h Heap, kind: Kind) -> Term<'h> {
    cx.with(|p| {
        let Some(t) = p.relations.get() else { return Term::nil() };
        let mut rows = match kind {
            Kind::Links => links(h, p.pid(), t),
            Kind::Monitors => monitors(h, p.pid(), t),
        };
        if kind == Kind::Monitors {
            for s in p.suspended_by_me() {
                let other = Term::local_pid(s.pid);
                rows.push(monitor(h, atom!("suspend"), ORIGIN, Term::nil(), other, Term::nil()));
            }
        }
        h.list(&rows)
    })
}

fn peer_term<'h>(h: &'h Heap, peer: Peer) -> Term<'h> {
    match peer {
        Peer::Remote(pid) => pid.term(h),
        Peer::RemoteName(node) => node.into(),
        Peer::Process(pid) => Term::local_pid(pid),
        Peer::Port(port) => Term::local_port(port),
        Peer::FormerPort(port) => port.port_term(h),
        Peer::TimeOffset => atom!("clock_service").into(),
        Peer::Nobody | Peer::Native => am::UNDEFINED.into(),
    }
}

fn peer_kind(peer: Peer) -> Atom {
    match peer {
        Peer::Process(_) => am::PROCESS,
        Peer::Port(_) | Peer::FormerPort(_) => am::PORT,
        Peer::TimeOffset => atom!("time_offset"),
        Peer::Remote(_) | Peer::RemoteName(_) | Peer::Nobody => atom!("dist_process"),
        Peer::Native => atom!("resource"),
    }
}

/// A number that both ends of a link have on this node, and no other link of the process.
fn link_id<'h>(h: &'h Heap, pid: u64, peer: Peer) -> Term<'h> {
    match peer {
        Peer::Remote(other) => {
            let node = u64::from(other.node.creation) << 32 | u64::from(other.node.name.0);
            h.big(false, &[other.data, pid, node])
        }
        Peer::Process(n) | Peer::Port(n) => h.uint(n),
        _ => Term::small(0),
    }
}

/// `{erl_link, Kind, Other, linked | unlinking, Id}`
fn link<'h>(h: &'h Heap, kind: Atom, other: Term<'h>, unlinking: u64, id: Term<'h>) -> Term<'h> {
    let state = if unlinking == 0 { atom!("linked") } else { atom!("unlinking") };
    h.tuple(&[atom!("erl_link").into(), kind.into(), other, state.into(), id])
}

fn links<'h>(h: &'h Heap, pid: u64, t: &Tables) -> Vec<Term<'h>> {
    let row = |(peer, l): (&Peer, &vm::signal::relations::LinkState)| {
        link(h, peer_kind(*peer), peer_term(h, *peer), l.unlinking, link_id(h, pid, *peer))
    };
    t.links.iter().map(row).collect()
}

const ORIGIN: bool = true;
const TARGET: bool = false;

/// `{erl_monitor, Kind, origin | target, Reference, Other, Name | Count | []}`
fn monitor<'h>(
    h: &'h Heap,
    kind: Atom,
    origin: bool,
    reference: Term<'h>,
    other: Term<'h>,
    extra: Term<'h>,
) -> Term<'h> {
    let direction = if origin { atom!("origin") } else { atom!("target") };
    h.tuple(&[atom!("erl_monitor").into(), kind.into(), direction.into(), reference, other, extra])
}

fn name<'h>(name: Option<Atom>) -> Term<'h> {
    name.map_or(Term::nil(), Term::atom)
}

fn shown_name(w: &RemoteWatcher) -> Option<Atom> {
    match w.shown {
        Watched::Name(name) => Some(name),
        Watched::Pid(_) | Watched::Former(_) => None,
    }
}

/// Whoever watches himself has a reference, but there is nothing to watch.
fn is_real(w: &Watch, pid: u64) -> bool {
    w.target != Peer::Process(pid)
}

fn monitors<'h>(h: &'h Heap, pid: u64, t: &Tables) -> Vec<Term<'h>> {
    let reference = |(n0, n1): (u64, u64)| h.reference(n0, n1);
    let mut rows = Vec::new();
    for (r, w) in t.watches.iter().filter(|(_, w)| is_real(w, pid)) {
        let (kind, other) = (peer_kind(w.target), peer_term(h, w.target));
        rows.push(monitor(h, kind, ORIGIN, reference(*r), other, name(w.name)));
    }
    for (r, w) in &t.watchers {
        let (kind, other) = (peer_kind(w.watcher), peer_term(h, w.watcher));
        rows.push(monitor(h, kind, TARGET, reference(*r), other, name(w.name)));
    }
    let Some(remote) = &t.remote else { return rows };
    for (r, w) in &remote.watchers {
        let (kind, other) = (atom!("dist_process"), w.watcher.term(h));
        rows.push(monitor(h, kind, TARGET, r.term(h), other, name(shown_name(w))));
    }
    for ((node, _), count) in &remote.nodes {
        let (node, count) = (Term::atom(*node), h.uint(u64::from(*count)));
        rows.push(monitor(h, atom!("node"), ORIGIN, Term::nil(), node, count));
    }
    rows
}

/// What a process has through a connection, from the connection's side.
fn through<'h>(h: &'h Heap, p: &Process, kind: Kind, c: (Atom, u32), rows: &mut Vec<Term<'h>>) {
    let Some(t) = p.relations.get() else { return };
    let (pid, me) = (p.pid(), Term::local_pid(p.pid()));
    let node_of = |peer: Peer| match peer {
        Peer::Remote(other) => Some(other.node_name()),
        Peer::RemoteName(node) => Some(node),
        _ => None,
    };
    let dist_process = atom!("dist_process");
    if kind == Kind::Links {
        for (peer, l) in &t.links {
            if node_of(*peer) == Some(c.0) && l.connection == c.1 {
                rows.push(link(h, dist_process, me, l.unlinking, link_id(h, pid, *peer)));
            }
        }
        return;
    }
    for ((n0, n1), w) in &t.watches {
        if node_of(w.target) == Some(c.0) && w.connection == c.1 {
            let reference = h.reference(*n0, *n1);
            rows.push(monitor(h, dist_process, TARGET, reference, me, name(w.name)));
        }
    }
    let Some(remote) = &t.remote else { return };
    for (r, w) in &remote.watchers {
        if (w.node, w.id) == c {
            let shown = name(shown_name(w));
            rows.push(monitor(h, dist_process, ORIGIN, r.term(h), me, shown));
        }
    }
    if remote.nodes.contains_key(&c) {
        rows.push(monitor(h, atom!("node"), TARGET, Term::nil(), me, Term::nil()));
    }
}
