//! Spawning on other nodes: requests and replies, from both sides [dist.c, erl_proc_sig_queue.c].

use super::connection::Connection;
use super::input::{Encoded, Payload, Use};
use super::op::{self, Op, Target, Watched};
use super::peer::{RemotePid, RemoteRef};
use super::{lock, relation};
use crate::bif::{BifResult, Cx};
use crate::process::Process;
use crate::process::spawn::{self, SpawnOptions, Start};
use crate::process::spawn_options;
use crate::signal::relations::{AliasKind, LinkState, Peer, RemoteWatcher, Watch};
use crate::signal::{Body, Message, RefId, Sender, Signal};
use crate::vm::Vm;
use std::sync::Arc;
use term::atom::am;
use term::quick::QuickMap;
use term::{Atom, Heap, OwnedTerm, Term, View, atom};

/// A request that is not answered yet.
pub struct Pending {
    pub node: Atom,
    /// The connection.
    pub id: u32,
    /// First element of the reply.
    pub tag: OwnedTerm,
    pub link: bool,
    pub monitor: bool,
    pub on_success: bool,
    pub on_error: bool,
    pub abandoned: bool,
    pub alias: Option<AliasKind>,
    pub monitor_tag: Option<OwnedTerm>,
}

/// What is asked for, besides what a [`Pending`] keeps.
pub struct Wanted<'p> {
    pub module: Atom,
    pub function: Atom,
    pub args: Term<'p>,
    /// Options that the other node is to see.
    pub options: Term<'p>,
}

fn reference_of<'h>(h: &'h Heap, (n0, n1): RefId, alias: Option<AliasKind>, me: u64) -> Term<'h> {
    match alias {
        Some(_) => h.pid_reference(n0, n1, me),
        None => h.reference(n0, n1),
    }
}

/// A fresh reference for a request.
pub fn fresh(alias: Option<AliasKind>) -> RefId {
    if alias.is_some() { crate::refs::next_pid() } else { crate::refs::next() }
}

/// The term of such a reference.
pub fn term<'p>(cx: &Cx<'p>, reference: RefId, alias: Option<AliasKind>) -> Term<'p> {
    reference_of(cx.heap(), reference, alias, cx.pid())
}

/// Sends a request; the native returns `result`, now or later.
pub fn request<'p>(
    cx: &Cx<'p>,
    node: Atom,
    reference: RefId,
    mut pending: Pending,
    wanted: Wanted<'p>,
    result: Term<'p>,
) -> BifResult<'p, ()> {
    let me = cx.pid();
    let way = cx.vm().dist.way(cx.vm(), node, true).open();
    let why = match &way {
        Some(c) if !c.may(super::flags::SPAWN) => Some(am::NOTSUP),
        Some(c) if !c.hold(me) => Some(atom!("noconnection")),
        Some(_) => None,
        None => Some(atom!("noconnection")),
    };
    let c = match (way, why) {
        (Some(c), None) => c,
        (_, why) => {
            let why = why.unwrap_or(atom!("noconnection"));
            refuse(cx, reference, pending, why);
            return Ok(());
        }
    };
    pending.id = c.id;
    let h = cx.heap();
    let arity = Term::small(wanted.args.list_len().unwrap_or(0) as i64);
    let mfa = h.tuple(&[wanted.module.into(), wanted.function.into(), arity]);
    let rest = OwnedTerm::whole_copy_of(h.tuple(&[cx.group_leader(), mfa, wanted.options]));
    let alias = pending.alias.is_some();
    let token = match crate::trace::seq::has_token(cx) {
        true => {
            let r = reference_of(h, reference, pending.alias, me);
            let asks = atom!("spawn_request").into();
            let all = [asks, r, cx.self_pid(), cx.group_leader(), mfa, wanted.options];
            // Shown as two messages.
            crate::trace::seq::sending(cx, node.into(), h.tuple(&all));
            crate::trace::seq::sending(cx, node.into(), wanted.args)
        }
        false => None,
    };
    cx.with(|p| p.relations.tables().remote().spawns.insert(reference, pending));
    let op = Op::SpawnRequest { reference, alias, from: me, rest };
    super::job::transmit(cx, c, op.traced(token), wanted.args, result, false)
}

/// Tells the caller that its request failed before it was sent.
pub fn refuse(cx: &Cx<'_>, reference: RefId, pending: Pending, why: Atom) {
    let me = cx.pid();
    if pending.on_error {
        let m = reply(me, reference, &pending, am::ERROR, |_| why.into());
        cx.vm().send_message(Sender::Process(me), me, m);
    }
}

fn reply(
    me: u64,
    reference: RefId,
    s: &Pending,
    what: Atom,
    result: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
) -> OwnedTerm {
    OwnedTerm::build(|h| {
        let r = reference_of(h, reference, s.alias, me);
        h.tuple(&[h.copy(s.tag.term()), r, what.into(), result(h)])
    })
}

/// `spawn_request_abandon/1`. Whether there was such a request.
pub fn abandon(cx: &Cx<'_>, reference: RefId) -> bool {
    let gone = cx.with(|p| {
        let t = p.relations.get_mut()?;
        let spawns = &mut t.remote.as_mut()?.spawns;
        let s = spawns.get_mut(&reference).filter(|s| !s.abandoned)?;
        if s.link {
            // The answer is awaited, to send an exit signal there.
            s.abandoned = true;
            return Some(None);
        }
        Some(spawns.remove(&reference))
    });
    match gone {
        None => false,
        Some(None) => true,
        Some(Some(s)) => {
            if let Some(c) = cx.vm().dist.connection(s.node, s.id) {
                c.let_go(cx.pid());
            }
            true
        }
    }
}

/// The answer to a request.
pub struct Reply {
    pub reference: RefId,
    pub flags: u32,
    pub result: Result<RemotePid, Atom>,
    /// The connection.
    pub node: Atom,
    pub id: u32,
    pub token: Option<OwnedTerm>,
}

/// A request that was kept until it was known that the other side does not know requests.
pub(super) fn not_supported(vm: &'static Vm, c: &Connection, op: &Op) {
    if let Op::SpawnRequest { reference, from, .. } = *op.plain() {
        let result = Err(am::NOTSUP);
        let r = Reply { reference, flags: 0, result, id: c.id, node: c.name, token: None };
        vm.signal(from, Sender::None, Body::SpawnReply(Box::new(r)));
    }
}

/// In the process that asked.
pub(crate) fn replied(p: &mut Process, vm: &'static Vm, r: Reply) {
    let me = p.pid();
    let spawns = p.relations.get_mut().and_then(|t| Some(&mut t.remote.as_mut()?.spawns));
    let s = spawns.and_then(|s| s.remove(&r.reference));
    let Some(s) = s.filter(|s| (s.node, s.id) == (r.node, r.id)) else {
        return replied_too_late(vm, me, &r);
    };
    let c = vm.dist.connection(r.node, r.id);
    let let_go = || {
        if let Some(c) = &c {
            c.let_go(me);
        }
    };
    let pid = match r.result {
        Ok(pid) => pid,
        Err(why) => {
            let_go();
            return failed_with(p, vm, r.reference, s, why, r.token);
        }
    };
    if s.abandoned {
        let_go();
        let c = c.filter(|_| s.link);
        if let Some(c) = c {
            let abandoned = Some(Term::atom(atom!("abandoned")));
            relation::send(vm, &c, Op::Exit { from: me, to: pid }, abandoned);
        }
        return;
    }
    if s.link && r.flags & op::SPAWNED_LINK != 0 {
        if let Some(c) = &c {
            c.hold(me);
        }
        let state = LinkState { unlinking: 0, connection: r.id };
        p.relations.tables().links.insert(Peer::Remote(pid), state);
        if crate::trace::event::procs(p) {
            crate::signal::handle::told_of(p, vm, "link", Peer::Remote(pid));
        }
    }
    if s.on_success {
        let m = reply(me, r.reference, &s, am::OK, |h| pid.term(h));
        let m = Message::new(m).with_token(r.token);
        crate::signal::handle::enqueue_message(p, vm, Sender::System, m);
    }
    if !s.monitor {
        return let_go();
    }
    let (target, connection) = (Peer::Remote(pid), r.id);
    let w = Watch { target, name: None, tag: None, alias: s.alias, priority: false, connection };
    let t = p.relations.tables();
    t.watches.insert(r.reference, w);
    if let Some(tag) = s.monitor_tag {
        t.rare().tags.insert(r.reference, tag);
    }
    if let Some(kind) = s.alias {
        t.aliases.insert(r.reference, kind);
    }
}

/// The request came to nothing.
pub(crate) fn failed(p: &mut Process, vm: &'static Vm, reference: RefId, s: Pending, why: Atom) {
    failed_with(p, vm, reference, s, why, None);
}

fn failed_with(
    p: &mut Process,
    vm: &'static Vm,
    reference: RefId,
    s: Pending,
    why: Atom,
    token: Option<OwnedTerm>,
) {
    if s.on_error && !s.abandoned {
        let m = reply(p.pid(), reference, &s, am::ERROR, |_| why.into());
        let m = Message::new(m).with_token(token);
        crate::signal::handle::enqueue_message(p, vm, Sender::System, m);
    }
}

/// The process that asked is gone, or does not care any more.
pub(crate) fn replied_too_late(vm: &'static Vm, me: u64, r: &Reply) {
    let (Ok(pid), Some(c)) = (r.result, vm.dist.connection(r.node, r.id)) else { return };
    if r.flags & op::SPAWNED_MONITOR != 0 {
        let (target, reference) = (Target::Pid(pid), r.reference);
        relation::send(vm, &c, Op::Demonitor { from: me, target, reference }, None);
    }
    let reason = lock(&c.spawn_exits).remove(&r.reference);
    if let Some(reason) = reason.filter(|_| r.flags & op::SPAWNED_LINK != 0) {
        relation::send(vm, &c, Op::Exit { from: me, to: pid }, Some(reason.term()));
    }
}

/// A process ends that waits for answers.
pub(crate) fn process_exits(
    vm: &'static Vm,
    me: u64,
    spawns: QuickMap<RefId, Pending>,
    reason: Term<'_>,
) {
    for (reference, s) in spawns {
        let Some(c) = vm.dist.connection(s.node, s.id) else { continue };
        if s.link {
            let reason = match s.abandoned {
                true => OwnedTerm::immediate(Term::atom(atom!("abandoned"))),
                false => OwnedTerm::copy_of(reason),
            };
            lock(&c.spawn_exits).insert(reference, reason);
        }
        c.let_go(me);
    }
}

/// A request of another node.
pub struct Request<'a> {
    pub reference: RemoteRef,
    pub from: RemotePid,
    pub leader: Term<'a>,
    pub mfa: [Term<'a>; 3],
    pub options: Term<'a>,
    pub token: Option<OwnedTerm>,
}

/// Serves a request of another node; the payload is the argument list. `None`: it is malformed.
pub fn serve(
    vm: &'static Vm,
    c: &Arc<Connection>,
    mut r: Request<'_>,
    payload: Payload,
) -> Option<()> {
    let [m, f, n] = r.mfa;
    let (m, f, n) = (m.as_atom()?, f.as_atom()?, n.as_small()?);
    let token = r.token.take();
    // Shows that the request was received and is answered; the token of the answer.
    let shown = |by: Term<'_>, result: Result<u64, Atom>| {
        let token = token.as_ref()?.term();
        let heap = Heap::new();
        let h = &heap;
        let (reference, from) = (r.reference.term(h), r.from.term(h));
        let mfa = h.tuple(&r.mfa.map(|t| h.copy(t)));
        let (leader, options) = (h.copy(r.leader), h.copy(r.options));
        let asks = atom!("spawn_request").into();
        let request = h.tuple(&[asks, reference, from, leader, mfa, options]);
        let (outcome, result) = match result {
            Ok(pid) => (am::OK, Term::local_pid(pid)),
            Err(why) => (am::ERROR, why.into()),
        };
        let reply = h.tuple(&[atom!("spawn_reply").into(), reference, outcome.into(), result]);
        crate::trace::seq::served(vm, token, by, from, request, reply)
    };
    let send_answer = |flags, result, token| {
        let op = Op::SpawnReply { reference: r.reference, to: r.from, flags, result };
        relation::send(vm, c, op.traced(token), None);
    };
    let refuse = |why: Atom| {
        let this = Term::atom(term::node::this().name);
        send_answer(0, Err(why), shown(this, Err(why)));
    };
    let mut o = SpawnOptions::new(vm);
    let (mut link, mut monitor) = (false, false);
    let mut good = true;
    let mut options = r.options.iter_list();
    for t in options.by_ref() {
        match t.view() {
            View::Atom(am::LINK) => link = true,
            View::Atom(am::MONITOR) => monitor = true,
            _ => good = spawn_options::parse(vm, &mut o, t) == Some(true),
        }
        if !good {
            break;
        }
    }
    if good && !options.tail().is_nil() {
        return None;
    }
    if !good {
        refuse(atom!("badopt"));
        return Some(());
    }
    let made = Heap::scratch(|heap| {
        let mfa = heap.tuple(&[m.into(), f.into(), Term::small(n)]);
        let init = Start::Call(atom!("erts_internal"), atom!("dist_spawn_init"), heap.list(&[mfa]));
        spawn::create(vm, None, init, r.leader, &o)
    });
    let Some(p) = made else {
        refuse(am::SYSTEM_LIMIT);
        return Some(());
    };
    let pid = p.pid;
    let answer = shown(Term::local_pid(pid), Ok(pid));
    {
        // SAFETY: nobody runs it before it is scheduled below.
        let p = unsafe { &mut *p.as_ptr() };
        if let Some(answer) = &answer {
            crate::trace::seq::served_by(p, answer.term());
        }
        p.initial_call = (m, f, u32::try_from(n).unwrap_or(0));
        p.extra().remote_parent = Some(r.from);
        if link && c.hold(pid) {
            let state = LinkState { unlinking: 0, connection: c.id };
            p.relations.tables().links.insert(Peer::Remote(r.from), state);
        }
        if monitor && c.hold(pid) {
            let shown = Watched::Pid(pid);
            let w = RemoteWatcher { watcher: r.from, shown, node: c.name, id: c.id };
            p.relations.tables().remote().watchers.insert(r.reference, w);
        }
    }
    let e = Encoded { payload, used: Use::Message, token };
    let from = Sender::Remote(r.from, c.id);
    p.in_queue.push(Signal::new(from, Body::Encoded(Box::new(e))));
    if vm.release() >= 27 {
        // Tells of arguments that could not be decoded: then nothing comes before it.
        let m = OwnedTerm::immediate(Term::atom(atom!("dist_spawn_init")));
        p.in_queue.push(Signal::new(Sender::System, Body::Message(Message::new(m))));
    }
    let mut flags = if link { op::SPAWNED_LINK } else { 0 };
    flags |= if monitor { op::SPAWNED_MONITOR } else { 0 };
    send_answer(flags, Ok(pid), answer);
    vm.schedule(&p);
    Some(())
}
