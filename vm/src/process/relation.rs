//! Links, monitors and aliases from the side of the process that makes them.

use super::monitor::drop_watch;
use crate::bif::Cx;
use crate::signal::relations::{AliasKind, LinkState, Peer, Watch};
use crate::signal::{AliasExit, Body, DownSignal, ExitSignal, MonitorSignal, RefId, Sender};
use crate::trace::{event, flag};
use term::atom::am;
use term::{Atom, OwnedTerm, Term};

/// Links to a process or port.
pub fn link(cx: &Cx<'_>, peer: Peer) {
    if peer == Peer::Process(cx.pid()) {
        return;
    }
    if let Peer::Remote(to) = peer {
        return crate::dist::relation::link(cx, to);
    }
    let fresh = cx.with(|p| {
        let links = &mut p.relations.tables().links;
        match links.get_mut(&peer) {
            Some(l) if l.unlinking == 0 => false,
            Some(l) => {
                l.unlinking = 0;
                true
            }
            None => {
                links.insert(peer, LinkState::default());
                true
            }
        }
    });
    if fresh {
        let passed = cx.with(|p| {
            const PASSED: u32 = flag::SET_ON_LINK | flag::SET_ON_FIRST_LINK;
            let may = matches!(peer, Peer::Process(_)) && p.shared.trace.has(PASSED);
            may.then(|| event::pass_on_link(p)).flatten()
        });
        let body = passed.map_or(Body::Link, Body::TracedLink);
        cx.vm().signal_peer(peer, Sender::Process(cx.pid()), body);
    }
}

/// Whether exit messages that come through this link are priority messages.
pub fn set_link_priority(cx: &Cx<'_>, peer: Peer, priority: bool) {
    cx.with(|p| {
        if priority {
            p.relations.tables().rare().priority_links.insert(peer);
        } else if let Some(t) = p.relations.get_mut() {
            t.remove_priority_link(&peer);
        }
    });
}

/// Ends a link: from here on nothing comes through it.
pub fn unlink(cx: &Cx<'_>, peer: Peer) {
    set_link_priority(cx, peer, false);
    if let Peer::Remote(to) = peer {
        return crate::dist::relation::unlink(cx, to);
    }
    let id = cx.with(|p| {
        let t = p.relations.get_mut()?;
        t.unlink_serial += 1;
        let id = t.unlink_serial;
        let l = t.links.get_mut(&peer).filter(|l| l.unlinking == 0)?;
        l.unlinking = id;
        Some(id)
    });
    if let Some(id) = id {
        cx.vm().signal_peer(peer, Sender::Process(cx.pid()), Body::Unlink { id });
    }
}

/// How to watch.
pub struct MonitorOptions<'p> {
    pub name: Option<Atom>,
    pub alias: Option<AliasKind>,
    pub tag: Option<Term<'p>>,
    pub priority: bool,
}

/// Watches `target`; the reference.
pub fn monitor<'p>(cx: &Cx<'p>, target: Peer, o: MonitorOptions<'p>) -> Term<'p> {
    let me = cx.pid();
    let (reference, id) = if o.alias.is_some() {
        let (n0, n1) = crate::refs::next_pid();
        (cx.heap().pid_reference(n0, n1, me), (n0, n1))
    } else {
        let (n0, n1) = crate::refs::next();
        (cx.heap().reference(n0, n1), (n0, n1))
    };
    let tag = o.tag.map(OwnedTerm::copy_of);
    let watch = Watch {
        target,
        name: o.name,
        tag: None,
        alias: o.alias,
        priority: o.priority,
        connection: 0,
    };
    cx.with(|p| {
        let t = p.relations.tables();
        t.watches.insert(id, watch);
        if let Some(tag) = tag {
            t.rare().tags.insert(id, tag);
        }
        if let Some(kind) = o.alias {
            t.aliases.insert(id, kind);
        }
    });
    let from = Sender::Process(me);
    match target {
        Peer::Nobody | Peer::FormerPort(_) => {
            let noproc = OwnedTerm::immediate(Term::atom(am::NOPROC));
            let d = DownSignal { reference: id, reason: noproc, afar: false };
            cx.vm().signal(me, from, Body::Down(Box::new(d)));
        }
        Peer::Process(_) | Peer::Port(_) if target != Peer::Process(me) => {
            let m = MonitorSignal { reference: id, watcher: me, name: o.name };
            cx.vm().signal_peer(target, from, Body::Monitor(Box::new(m)));
        }
        Peer::Remote(_) | Peer::RemoteName(_) => crate::dist::relation::monitor(cx, id, watch),
        Peer::TimeOffset => cx.vm().offset_watchers.add(id, me),
        _ => {}
    }
    reference
}

/// Ends a watch. Whether there was one.
pub fn demonitor(cx: &Cx<'_>, reference: RefId) -> bool {
    cx.with(|p| {
        if let Some(t) = p.relations.get_mut()
            && matches!(
                t.aliases.get(&reference),
                Some(AliasKind::Demonitor | AliasKind::ReplyDemonitor)
            )
        {
            t.drop_alias(cx.vm(), reference);
        }
        drop_watch(p, cx.vm(), reference)
    })
}

/// Makes an alias.
pub fn alias<'p>(cx: &Cx<'p>, kind: AliasKind, priority: bool) -> Term<'p> {
    let (n0, n1) = crate::refs::next_pid();
    cx.with(|p| {
        let tables = p.relations.tables();
        tables.aliases.insert((n0, n1), kind);
        if priority {
            tables.rare().priority_aliases.insert((n0, n1));
        }
    });
    cx.heap().pid_reference(n0, n1, cx.pid())
}
/// Whether there was such an alias.
pub fn unalias(cx: &Cx<'_>, reference: RefId) -> bool {
    cx.with(|p| p.relations.get_mut().is_some_and(|t| t.drop_alias(cx.vm(), reference)))
}

/// Takes the DOWN message of this monitor out of the queue, if it is there. Whether it was.
pub fn flush_down(cx: &Cx<'_>, reference: RefId) -> bool {
    crate::signal::handle::fetch_for(cx);
    cx.with(|p| {
        p.messages.remove_first(|m| {
            // SAFETY: messages in the queue are alive.
            let m: Term = unsafe { m.brand() };
            m.as_tuple().is_some_and(|t| {
                t.arity() == 5
                    && t.get(1).as_reference().and_then(|r| r.local_id()) == Some(reference)
            })
        })
    })
}

/// Sends an exit signal. With `normal_kills` (`exit/2`) the reason `normal` ends a process that sends it to itself.
pub fn exit<'p>(cx: &Cx<'p>, to: Peer, reason: Term<'p>, normal_kills: bool) {
    let from = match to == Peer::Process(cx.pid()) && !normal_kills {
        true => Sender::System,
        false => Sender::Process(cx.pid()),
    };
    let mut x = exit_signal(cx, reason);
    if let Peer::Process(pid) = to
        && crate::trace::seq::has_token(cx)
    {
        x.token = crate::trace::seq::sending_exit(cx, Term::local_pid(pid), reason);
    }
    cx.vm().signal_peer(to, from, Body::Exit(Box::new(x)));
}

/// Sends an exit signal to the process `to` that has, or had, an alias.
pub fn exit_alias<'p>(cx: &Cx<'p>, to: u64, alias: RefId, reason: Term<'p>, priority: bool) {
    let from = match to == cx.pid() {
        true => Sender::System,
        false => Sender::Process(cx.pid()),
    };
    let exit = AliasExit { alias, priority, exit: exit_signal(cx, reason) };
    cx.vm().signal(to, from, Body::AliasExit(Box::new(exit)));
}

fn exit_signal<'p>(cx: &Cx<'p>, reason: Term<'p>) -> ExitSignal {
    ExitSignal {
        reason: OwnedTerm::copy_of(reason),
        linked: false,
        kill: reason.is_atom_of(am::KILL),
        sender: OwnedTerm::immediate(Term::local_pid(cx.pid())),
        token: None,
    }
}
