//! Links, monitors, aliases, exit signals.

use term::atom::am;
use term::{Atom, Reference, Term, View, atom};
use vm::bif::List;
use vm::dist::{self, Op, RemotePid, job};
use vm::process::registry::Named;
use vm::process::relation::{self, MonitorOptions};
use vm::signal::relations::{AliasKind, Peer};
use vm::trace::event;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "link"/1 => link(0);
    /// Option: `priority`
    Plain "link"/2 => link_with(0, 1);
    Plain "unlink"/1 => unlink(0);
    Plain "exit"/2 => exit(0, 1);
    /// Option: `priority`
    Plain "exit"/3 => exit_with(0, 1, 2);
    /// `exit/2` without its quirk: the reason `normal` never ends who sends it to itself.
    Plain "exit_signal"/2 => exit_signal(0, 1);
    /// Option: `priority`
    Plain "exit_signal"/3 => exit_signal_with(0, 1, 2);
    Plain "monitor"/2 => monitor(0, 1);
    Plain "monitor"/3 => monitor_with(0, 1, 2);
    Plain "demonitor"/1 => demonitor(0);
    Plain "demonitor"/2 => demonitor_with(0, 1);
    Plain "alias"/1 => alias_with(0);
    Plain "unalias"/1 => unalias(0);
} }

/// A pid or port of this node. `Ok(None)`: of another.
fn peer<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, Option<Peer>> {
    match t.view() {
        View::Pid(p) => Ok(match p.local() {
            Some(pid) => Some(Peer::Process(pid)),
            None => RemotePid::of(t).map(Peer::Remote),
        }),
        // Ports of other nodes cannot be reached; those of this node in an earlier life are gone.
        View::Port(p) if p.node().is_some_and(|n| n.name != term::node::this().name) => {
            Err(cx.badarg())
        }
        View::Port(p) => Ok(p.local().map(Peer::Port)),
        _ => Err(cx.badarg()),
    }
}

fn link<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    link_by(cx, t, false)
}
/// `priority`: whether the link's exit messages come before others, whatever it was before.
fn link_by<'p>(cx: &Cx<'p>, t: Term<'p>, priority: bool) -> BifResult<'p> {
    let Some(peer) = linked(cx, t)? else { return Ok(am::TRUE.into()) };
    relation::set_link_priority(cx, peer, priority);
    pace(cx, peer, am::TRUE.into())
}
fn linked<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, Option<Peer>> {
    if event::own_procs(cx) {
        event::own_event(cx, "link", t);
    }
    let peer = peer(cx, t)?;
    if let Some(peer) = peer {
        let there = match peer {
            Peer::Process(pid) => cx.vm().processes.lookup(pid).is_some(),
            Peer::Port(port) => vm::port::exists(cx.vm(), port),
            _ => true,
        };
        if !there && !cx.with(|p| p.flags.trap_exit) {
            return Err(cx.error(am::NOPROC));
        }
        relation::link(cx, peer);
    }
    Ok(peer)
}
/// What goes to another node waits with its result while the connection is busy.
fn pace<'p>(cx: &Cx<'p>, peer: Peer, result: Term<'p>) -> BifResult<'p> {
    match peer {
        Peer::Remote(to) => job::pace(cx, to.node_name(), result),
        Peer::RemoteName(node) => job::pace(cx, node, result),
        _ => Ok(result),
    }
}
fn link_with<'p>(cx: &Cx<'p>, t: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let priority = priority_of(options).ok_or_else(|| cx.bad("badopt"))?;
    link_by(cx, t, priority)
}
/// Whether a list of options has `priority`, the only one.
fn priority_of(options: Term<'_>) -> Option<bool> {
    let options = options.to_vec()?;
    let priority = atom!("priority");
    options.iter().all(|o| o.is_atom_of(priority)).then_some(!options.is_empty())
}
fn unlink<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    if event::own_procs(cx) {
        event::own_event(cx, "unlink", t);
    }
    if let Some(peer) = peer(cx, t)? {
        relation::unlink(cx, peer);
        return pace(cx, peer, am::TRUE.into());
    }
    Ok(am::TRUE.into())
}
fn exit<'p>(cx: &Cx<'p>, t: Term<'p>, reason: Term<'p>) -> BifResult<'p> {
    send_exit(cx, t, reason, false, true)
}
fn exit_with<'p>(cx: &Cx<'p>, t: Term<'p>, reason: Term<'p>, o: Term<'p>) -> BifResult<'p> {
    let priority = priority_of(o).ok_or_else(|| cx.bad("badopt"))?;
    send_exit(cx, t, reason, priority, true)
}
fn exit_signal<'p>(cx: &Cx<'p>, t: Term<'p>, reason: Term<'p>) -> BifResult<'p> {
    send_exit(cx, t, reason, false, false)
}
fn exit_signal_with<'p>(cx: &Cx<'p>, t: Term<'p>, reason: Term<'p>, o: Term<'p>) -> BifResult<'p> {
    let priority = priority_of(o).ok_or_else(|| cx.bad("badopt"))?;
    send_exit(cx, t, reason, priority, false)
}
fn send_exit<'p>(
    cx: &Cx<'p>,
    t: Term<'p>,
    reason: Term<'p>,
    priority: bool,
    normal_kills: bool,
) -> BifResult<'p> {
    if cx.vm().release() >= 28
        && let View::Ref(r) = t.view()
    {
        // Through an alias.
        if let Some(to) = vm::dist::RemoteRef::of(t) {
            if let Some(c) = cx.vm().dist.way(cx.vm(), to.node.name, true).open() {
                let op = Op::AliasExit { from: cx.pid(), to, priority };
                if c.may(op.needs()) {
                    job::transmit(cx, c, op, reason, am::TRUE.into(), false)?;
                }
            }
            return Ok(am::TRUE.into());
        }
        if let (Some(pid), Some(alias)) = (r.process(), r.local_id()) {
            relation::exit_alias(cx, pid, alias, reason, priority);
            if pid == cx.pid() {
                return Err(cx.yield_return(am::TRUE.into()));
            }
        }
        return Ok(am::TRUE.into());
    }
    if let Some(peer) = peer(cx, t)? {
        if let Peer::Remote(to) = peer {
            if let Some(c) = cx.vm().dist.way(cx.vm(), to.node_name(), true).open() {
                let op = Op::Exit2 { from: cx.pid(), to };
                job::transmit(cx, c, op, reason, am::TRUE.into(), false)?;
            }
            return Ok(am::TRUE.into());
        }
        relation::exit(cx, peer, reason, normal_kills);
        if peer == Peer::Process(cx.pid()) {
            // A signal to oneself is dealt with before the next instruction.
            return Err(cx.yield_return(am::TRUE.into()));
        }
    }
    Ok(am::TRUE.into())
}

fn monitor<'p>(cx: &Cx<'p>, kind: Term<'p>, target: Term<'p>) -> BifResult<'p> {
    start(cx, kind, target, (None, None, false))
}
fn monitor_with<'p>(cx: &Cx<'p>, kind: Term<'p>, t: Term<'p>, o: Term<'p>) -> BifResult<'p> {
    let options = monitor_options(cx, o).ok_or_else(|| cx.bad("badopt"))?;
    start(cx, kind, t, options)
}
/// Alias, tag, and whether the message has priority.
pub type Options<'p> = (Option<AliasKind>, Option<Term<'p>>, bool);

/// Options of `monitor/3`, which `spawn_opt` takes too.
pub fn monitor_options<'p>(cx: &Cx<'p>, o: Term<'p>) -> Option<Options<'p>> {
    let (mut alias, mut tag, mut priority) = (None, None, false);
    for o in o.to_vec()? {
        if o.is_atom_of(atom!("priority")) && cx.vm().config.release >= 28 {
            priority = true;
            continue;
        }
        match o.as_tuple_of::<2>()? {
            [k, v] if k.is_atom_of(am::ALIAS) => alias = Some(alias_kind(v.as_atom()?)?),
            [k, v] if k.is_atom_of(am::TAG) => tag = Some(v),
            _ => return None,
        }
    }
    Some((alias, tag, priority))
}
fn alias_kind(a: Atom) -> Option<AliasKind> {
    match a {
        am::EXPLICIT_UNALIAS => Some(AliasKind::ExplicitUnalias),
        am::DEMONITOR => Some(AliasKind::Demonitor),
        am::REPLY_DEMONITOR => Some(AliasKind::ReplyDemonitor),
        _ => None,
    }
}

fn start<'p>(
    cx: &Cx<'p>,
    kind: Term<'p>,
    target: Term<'p>,
    (alias, tag, priority): Options<'p>,
) -> BifResult<'p> {
    let is_port = match kind.as_atom() {
        Some(am::PROCESS) => false,
        Some(am::PORT) => true,
        Some(am::TIME_OFFSET) if target.is_atom_of(am::CLOCK_SERVICE) => {
            let o = MonitorOptions { name: None, alias, tag, priority };
            return Ok(relation::monitor(cx, Peer::TimeOffset, o));
        }
        Some(am::TIME_OFFSET) => return Err(cx.badarg()),
        _ => return Err(cx.bad("badtype")),
    };
    let named = |name: Atom| match (cx.vm().registry.lookup(name), is_port) {
        (Some(Named::Process(pid)), false) => Peer::Process(pid),
        (Some(Named::Port(port)), true) => Peer::Port(port),
        // It is a port that is missing: what comes back says so.
        (_, true) => Peer::Port(vm::port::NO_PORT),
        _ => Peer::Nobody,
    };
    let (peer, name) = match target.view() {
        View::Pid(p) if !is_port => match (p.local(), RemotePid::of(target)) {
            (Some(pid), _) => (Peer::Process(pid), None),
            (None, Some(pid)) => (Peer::Remote(pid), None),
            (None, None) => (Peer::Nobody, None),
        },
        View::Port(p) if is_port => match p.local() {
            Some(port) => (Peer::Port(port), None),
            // Of this node as it was called before.
            None if p.node().is_some_and(|n| n.name == term::node::this().name) => {
                (RemotePid::of_port(target).map_or(Peer::Nobody, Peer::FormerPort), None)
            }
            None => return Err(cx.badarg()),
        },
        View::Atom(name) => (named(name), Some(name)),
        View::Tuple(t) => match *t.elements() {
            [name, node] => {
                let name = cx.need(name.as_atom())?;
                let node = cx.need(node.as_atom())?;
                let here = node == term::node::this().name;
                if !here && (is_port || !dist::is_named_or_will_be(cx)) {
                    return Err(cx.badarg());
                }
                (if here { named(name) } else { Peer::RemoteName(node) }, Some(name))
            }
            _ => return Err(cx.badarg()),
        },
        _ => return Err(cx.badarg()),
    };
    let made = relation::monitor(cx, peer, MonitorOptions { name, alias, tag, priority });
    pace(cx, peer, made)
}

/// References of other nodes never were monitors here; of this node under another creation they may have been.
fn foreign<'p>(cx: &Cx<'p>, r: Reference<'p>) -> BifResult<'p> {
    let this = term::node::this().name;
    cx.need((r.node_name(this) == this).then_some(am::TRUE.into()))
}

fn demonitor<'p>(cx: &Cx<'p>, r: Reference<'p>) -> BifResult<'p> {
    let Some(id) = r.local_id() else { return foreign(cx, r) };
    let target = target_of(cx, id);
    relation::demonitor(cx, id);
    pace(cx, target, am::TRUE.into())
}
fn target_of(cx: &Cx<'_>, id: (u64, u64)) -> Peer {
    let watch = cx.with(|p| p.relations.get().and_then(|t| t.watches.get(&id).copied()));
    watch.map_or(Peer::Nobody, |w| w.target)
}
fn demonitor_with<'p>(cx: &Cx<'p>, r: Reference<'p>, o: List<'p>) -> BifResult<'p> {
    let (mut flush, mut info) = (false, false);
    for o in cx.need(o.0.to_vec())? {
        match o.as_atom() {
            Some(am::FLUSH) => flush = true,
            Some(am::INFO) => info = true,
            _ => return Err(cx.badarg()),
        }
    }
    let Some(id) = r.local_id() else { return foreign(cx, r) };
    let target = target_of(cx, id);
    let was = relation::demonitor(cx, id);
    let flushed = if was && target == Peer::TimeOffset {
        // It tells again and again, so there may be messages of one that is still there.
        while flush && relation::flush_down(cx, id) {}
        false
    } else {
        !was && flush && relation::flush_down(cx, id)
    };
    let result = Term::bool(match (flush, info) {
        (_, false) => true,
        (true, true) => !flushed && was,
        (false, true) => was,
    });
    pace(cx, target, result)
}

fn alias_with<'p>(cx: &Cx<'p>, o: List<'p>) -> BifResult<'p> {
    let (mut kind, mut priority) = (AliasKind::ExplicitUnalias, false);
    for o in cx.need(o.0.to_vec())? {
        kind = match o.as_atom() {
            Some(am::REPLY) => AliasKind::Reply,
            Some(am::EXPLICIT_UNALIAS) => AliasKind::ExplicitUnalias,
            Some(a) if a == atom!("priority") && cx.vm().release() >= 28 => {
                priority = true;
                continue;
            }
            _ => return Err(cx.badarg()),
        };
    }
    Ok(relation::alias(cx, kind, priority))
}
fn unalias<'p>(cx: &Cx<'p>, r: Reference<'p>) -> BifResult<'p> {
    Ok(Term::bool(r.local_id().is_some_and(|id| relation::unalias(cx, id))))
}
