//! Handling signals in the receiver's context.

use super::queue::Item;
use super::relations::{AliasKind, LinkState, Peer};
use super::{Body, DownSignal, ExitSignal, Message, Sender, Signal, kept};
use crate::bif::Cx;
use crate::process::task::Work;
use crate::process::{Process, state};
use crate::trace::{event, flag};
use crate::vm::Vm;
use term::atom::am;
use term::{Heap, OwnedTerm, Term};

/// Bytes of a payload that a dirty thread decodes.
const LARGE: usize = 256 << 10;
/// Bytes of payloads that are decoded in one go.
const AT_ONCE: usize = 1 << 20;

/// Takes all waiting signals and handles them in order. What takes long stays in the queue for the next time, and
/// what comes after it too; except where no scheduler waits (`scheduler` is 0).
pub(crate) fn fetch(p: &mut Process, vm: &'static Vm, scheduler: usize) {
    let mut taken = p.shared.in_queue.take_all();
    let mut decoded = 0;
    while let Some(item) = taken.next() {
        if let Item::Signal(s) = &item
            && p.exit_reason.is_none()
        {
            let later = match &s.body {
                Body::Encoded(e) if scheduler != 0 => {
                    let n = e.payload.len();
                    p.large_payload = n >= LARGE;
                    decoded += n;
                    n >= LARGE || decoded > AT_ONCE.max(n)
                }
                Body::ConnectionDown(c) => {
                    crate::dist::down::connection_down(p, vm, c.0, c.1) && p.exit_reason.is_none()
                }
                _ => false,
            };
            if later {
                // SAFETY: this thread runs the process, and so is the queue's consumer.
                unsafe { p.shared.in_queue.put_back(item, taken) };
                break;
            }
        }
        match item {
            Item::Message(m) => {
                if p.shared.trace.has(flag::RECEIVE) {
                    let from = Sender::of_number(m.sender());
                    event::receive(p, vm, scheduler, from, &m);
                }
                if let Some(m) = kept::keep_message(p, m) {
                    p.messages.push(m);
                }
                continue;
            }
            // Whether it is gone by then or only held up: what it refers to until its end must stay.
            Item::Signal(s)
                if p.exit_reason.is_some()
                    && matches!(&s.body, Body::Task(t) if t.work == Work::CopyLiterals) =>
            {
                handle(p, vm, scheduler, s.from, s.body);
            }
            Item::Signal(s) if p.exit_reason.is_some() => {
                // It has ended already as far as whoever sent this can tell.
                crate::process::exit::too_late(vm, p.pid(), *s);
                continue;
            }
            Item::Signal(s) => {
                let Some(s) = kept::keep(p, vm, *s) else { continue };
                let Signal { from, body, .. } = s;
                handle(p, vm, scheduler, from, body);
            }
        }
        if p.exit_reason.is_some() {
            p.shared.state.set(state::EXITING);
        }
    }
}

/// Handles a message that was kept.
pub(super) fn open(p: &mut Process, vm: &'static Vm, s: Signal) {
    handle(p, vm, 0, s.from, s.body);
}

/// Decodes the large payload that is next, on a dirty thread.
pub(crate) fn fetch_large(p: &mut Process, vm: &'static Vm) {
    p.large_payload = false;
    let mut taken = p.shared.in_queue.take_all();
    match taken.next() {
        Some(Item::Signal(s)) if matches!(s.body, Body::Encoded(_)) => {
            kept::open(p, vm);
            let Signal { from, body, .. } = *s;
            handle(p, vm, 0, from, body);
        }
        // SAFETY: as above.
        Some(first) => return unsafe { p.shared.in_queue.put_back(first, taken) },
        None => {}
    }
    if let Some(first) = taken.next() {
        // SAFETY: as above.
        unsafe { p.shared.in_queue.put_back(first, taken) };
    }
    if p.exit_reason.is_some() {
        p.shared.state.set(state::EXITING);
    }
}

/// Fetches in a native's turn: nothing collects, so its terms stay good.
pub(crate) fn fetch_for(cx: &Cx<'_>) {
    if cx.with(|p| p.shared.in_queue.is_empty()) {
        return;
    }
    cx.with(|p| p.ip = p.caller as *const u32);
    // SAFETY: this thread runs the process; the reference ends with the call.
    fetch(unsafe { &mut *cx.process() }, cx.vm(), cx.scheduler());
}

/// Puts a message that a native brings about for its own process into the inner queue, built on the process's heap.
/// `false`: something comes before it, or somebody is to be told of it; then it has to go the usual way.
pub(crate) fn receives_own(
    cx: &Cx<'_>,
    f: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
) -> Result<(), impl for<'h> FnOnce(&'h Heap) -> Term<'h>> {
    let direct = cx.with(|p| {
        let s = &p.shared;
        p.exit_reason.is_none()
            && s.in_queue.is_empty()
            && !s.trace.has(flag::RECEIVE)
            && !s.state.has(state::OFF_HEAP_MSGQ)
    });
    if !direct {
        return Err(f);
    }
    let term = f(cx.heap()).raw();
    cx.with(|p| p.messages.push_own(term));
    Ok(())
}

fn handle(p: &mut Process, vm: &'static Vm, scheduler: usize, from: Sender, body: Body) {
    let Some(body) = crate::dist::relation::receive(p, vm, from, body) else { return };
    match body {
        Body::Message(m) => enqueue(p, vm, from, m, false),
        Body::AliasMessage { alias, message, priority } => {
            let Some(tables) = p.relations.get_mut() else { return };
            let priority = priority && tables.has_priority_alias(&alias);
            match tables.aliases.get(&alias).copied() {
                None => return,
                Some(AliasKind::Reply) => {
                    tables.drop_alias(vm, alias);
                }
                Some(AliasKind::ReplyDemonitor) => {
                    tables.drop_alias(vm, alias);
                    crate::process::monitor::drop_watch(p, vm, alias);
                }
                Some(AliasKind::ExplicitUnalias | AliasKind::Demonitor) => {}
            }
            enqueue(p, vm, from, message, priority);
        }
        Body::AliasExit(a) => {
            let Some(tables) = p.relations.get() else { return };
            if tables.aliases.contains_key(&a.alias) {
                let priority = a.priority && tables.has_priority_alias(&a.alias);
                exit_by(p, vm, from, a.exit, priority);
            }
        }
        Body::Exit(x) => exit_signal(p, vm, from, *x),
        Body::Link => {
            if let Some(peer) = peer_of(from) {
                linked(p, vm, peer);
            }
        }
        Body::TracedLink(passed) => {
            if let Some(peer) = peer_of(from) {
                event::take_passed(p, *passed);
                linked(p, vm, peer);
            }
        }
        Body::Unlink { id } => {
            if let Some(peer) = peer_of(from) {
                if let Some(t) = p.relations.get_mut()
                    && t.links.get(&peer).is_some_and(|l| l.unlinking == 0)
                {
                    t.links.remove(&peer);
                    if event::procs(p) {
                        told_of(p, vm, "getting_unlinked", peer);
                    }
                }
                vm.signal_peer(peer, Sender::Process(p.pid()), Body::UnlinkAck { id });
            }
        }
        Body::UnlinkAck { id } => {
            if let (Some(peer), Some(t)) = (peer_of(from), p.relations.get_mut())
                && t.links.get(&peer).is_some_and(|l| l.unlinking == id)
            {
                t.links.remove(&peer);
            }
        }
        Body::Monitor(m) => {
            let watcher = match from {
                Sender::Port(port) => Peer::Port(port),
                Sender::System => Peer::Native,
                _ => Peer::Process(m.watcher),
            };
            let w = super::relations::Watcher { watcher, name: m.name };
            p.relations.tables().watchers.insert(m.reference, w);
        }
        Body::Demonitor { reference } => {
            if let Some(t) = p.relations.get_mut() {
                t.watchers.remove(&reference);
            }
        }
        Body::Down(d) => down(p, vm, *d),
        Body::GroupLeader(t) => {
            if p.shared.state.has(state::APART_HANDLED) {
                p.group_leader = t.term().raw();
                p.extra().apart.push(t);
            } else {
                p.group_leader = t.into_heap(&p.heap.heap).raw();
            }
        }
        // Dealt with above.
        Body::RemoteMonitor(_)
        | Body::RemoteDemonitor(_)
        | Body::Encoded(_)
        | Body::SpawnReply(_)
        | Body::ConnectionDown(_) => {}
        Body::Request(r) => {
            // SAFETY: this thread runs the process; the turn ends with the request.
            let cx = unsafe { Cx::new(p, vm, scheduler) };
            r.run(&cx);
        }
        Body::Task(task) => p.extra().tasks.push(*task),
        Body::Suspend { active } => {
            p.suspend_count += 1;
            p.shared.state.set(state::SUSPENDED);
            active.store(true, core::sync::atomic::Ordering::Release);
            // It gives way at the next chance.
            if !p.shared.state.has(state::APART_HANDLED) {
                p.end_slice();
            }
        }
        Body::Resume => {
            p.suspend_count = p.suspend_count.saturating_sub(1);
            if p.suspend_count == 0 {
                kept::open(p, vm);
                p.shared.state.clear(state::SUSPENDED);
            }
        }
        Body::ReceiveTimeout(generation) => {
            let t = &mut p.receive_timer;
            if t.set && t.generation == generation {
                t.fired = true;
            }
        }
    }
}

/// The process or port behind a sender.
pub fn peer_of(from: Sender) -> Option<Peer> {
    match from {
        Sender::Process(pid) => Some(Peer::Process(pid)),
        Sender::Port(port) => Some(Peer::Port(port)),
        Sender::Remote(peer, _) => Some(Peer::Remote(peer)),
        Sender::None | Sender::System => None,
    }
}

/// A message that comes with other signals.
fn enqueue(p: &mut Process, vm: &'static Vm, from: Sender, mut m: Message, priority: bool) {
    m.set_sender(0, from.number().1);
    push(p, vm, from, m, priority)
}
/// A message that the system makes of a signal.
pub(crate) fn enqueue_own(p: &mut Process, vm: &'static Vm, from: Sender, m: OwnedTerm) {
    push(p, vm, from, Message::new(m), false)
}
/// The same with a token.
pub(crate) fn enqueue_message(p: &mut Process, vm: &'static Vm, from: Sender, m: Message) {
    push(p, vm, from, m, false)
}
fn push(p: &mut Process, vm: &'static Vm, from: Sender, m: Message, priority: bool) {
    if p.shared.trace.has(flag::RECEIVE) {
        event::receive(p, vm, 0, Ok(from), &m);
    }
    if priority {
        p.messages.push_priority(m);
    } else if let Some(m) = kept::keep_message(p, m) {
        p.messages.push(m);
    }
}

fn linked(p: &mut Process, vm: &'static Vm, peer: Peer) {
    let new = !p.relations.tables().links.contains_key(&peer);
    if new {
        p.relations.tables().links.insert(peer, LinkState::default());
    }
    if new && event::procs(p) {
        told_of(p, vm, "getting_linked", peer);
    }
}

/// Tells of something that happened with a peer.
#[cold]
pub(crate) fn told_of(p: &Process, vm: &'static Vm, what: &str, peer: Peer) {
    let peer = OwnedTerm::build(|h| match peer {
        Peer::Process(pid) => Term::local_pid(pid),
        Peer::Port(port) => Term::local_port(port),
        Peer::Remote(pid) => pid.term(h),
        _ => Term::atom(am::UNDEFINED),
    });
    event::procs_event(vm, p, term::Atom::new(what), peer.term());
}

/// A reason as part of a message. Long ones are not copied, however long they are; short ones are to lie together with the rest.
fn taken(reason: OwnedTerm, h: &Heap) -> Term<'_> {
    const SHORT: usize = 256;
    if reason.words() > SHORT { reason.into_heap(h) } else { h.copy(reason.term()) }
}

pub(crate) fn exit_signal(p: &mut Process, vm: &'static Vm, from: Sender, x: ExitSignal) {
    exit_by(p, vm, from, x, false);
}

fn exit_by(p: &mut Process, vm: &'static Vm, from: Sender, x: ExitSignal, mut priority: bool) {
    let mut unlinked = None;
    if x.linked {
        let Some(peer) = peer_of(from) else { return };
        let Some(t) = p.relations.get_mut() else { return };
        if let Sender::Remote(_, id) = from
            && t.links.get(&peer).is_some_and(|l| l.connection != id)
        {
            return;
        }
        match t.links.remove(&peer) {
            None => return,
            Some(l) if l.unlinking != 0 => return,
            Some(_) => priority = t.remove_priority_link(&peer),
        }
        unlinked = event::procs(p).then_some(peer);
    }
    if x.kill {
        p.exit_reason.get_or_insert_with(|| Box::new(OwnedTerm::immediate(Term::atom(am::KILLED))));
        return;
    }
    let to_self = from == Sender::Process(p.pid()) && !x.linked;
    let ends = !p.flags.trap_exit && (!x.reason.term().is_atom_of(am::NORMAL) || to_self);
    if let Some(peer) = unlinked.filter(|_| !ends) {
        told_of(p, vm, "getting_unlinked", peer);
    }
    if p.flags.trap_exit {
        let (reason, sender) = (x.reason, &x.sender);
        let m = OwnedTerm::build(|h| {
            let reason = taken(reason, h);
            let sender = h.copy(sender.term());
            h.tuple(&[Term::atom(am::EXIT_UPPER), sender, reason])
        });
        push(p, vm, from, Message::new(m).with_token(x.token), priority);
        return;
    }
    if ends {
        p.exit_reason.get_or_insert_with(|| Box::new(x.reason));
    }
}

pub(crate) fn down(p: &mut Process, vm: &'static Vm, d: DownSignal) {
    let Some(t) = p.relations.get_mut() else { return };
    let Some(w) = t.watches.remove(&d.reference) else { return };
    if w.connection != 0 {
        crate::dist::relation::watch_ended(vm, p.shared.pid, &w);
    }
    let tag = t.remove_tag(&d.reference);
    if matches!(w.alias, Some(AliasKind::Demonitor | AliasKind::ReplyDemonitor)) {
        t.drop_alias(vm, d.reference);
    }
    let me = p.pid();
    // Of these only bare ones leave the receiver its token.
    let takes_token = d.afar || !d.reason.term().is_immediate();
    let m = OwnedTerm::build(|h| {
        let (n0, n1) = d.reference;
        let reference =
            if w.alias.is_some() { h.pid_reference(n0, n1, me) } else { h.reference(n0, n1) };
        let (kind, target) = match (w.target, w.name) {
            (Peer::Port(port), None) => (am::PORT, Term::local_port(port)),
            (Peer::Process(pid), None) => (am::PROCESS, Term::local_pid(pid)),
            (Peer::Remote(pid), None) => (am::PROCESS, pid.term(h)),
            (Peer::FormerPort(port), None) => (am::PORT, port.port_term(h)),
            (peer, name) => {
                let kind = if matches!(peer, Peer::Port(_)) { am::PORT } else { am::PROCESS };
                let name = Term::atom(name.unwrap_or(am::UNDEFINED));
                let node = match peer {
                    Peer::RemoteName(node) => node,
                    _ => term::node::this().name,
                };
                (kind, h.tuple(&[name, Term::atom(node)]))
            }
        };
        let tag = match &tag {
            Some(t) => h.copy(t.term()),
            None => Term::atom(am::DOWN),
        };
        let reason = taken(d.reason, h);
        h.tuple(&[tag, reference, Term::atom(kind), target, reason])
    });
    let mut m = Message::new(m);
    m.set_sender(0, takes_token);
    let from = match w.target {
        Peer::Remote(pid) if d.afar => Sender::Remote(pid, w.connection),
        _ => Sender::System,
    };
    push(p, vm, from, m, w.priority);
}
