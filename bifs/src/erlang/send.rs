//! Sending messages.

use term::atom::am;
use term::{Pid, Term, View, atom};
use vm::dist::job::{self, How, Sent, To};
use vm::dist::{RemotePid, RemoteRef};
use vm::process::registry::Named;
use vm::signal::{Body, Message, Sender};
use vm::trace::{event, flag, seq};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "!"/2 => send(0, 1);
    Plain "send"/2 => send(0, 1);
    Plain "send"/3 => send_with(0, 1, 2);
} }

fn send<'p>(cx: &Cx<'p>, to: Term<'p>, message: Term<'p>) -> BifResult<'p> {
    deliver(cx, to, message, message, How::default())?;
    Ok(message)
}

fn send_with<'p>(cx: &Cx<'p>, to: Term<'p>, message: Term<'p>, o: Term<'p>) -> BifResult<'p> {
    let mut how = How::default();
    for o in o.to_vec().ok_or_else(|| cx.bad("badopt"))? {
        match o.as_atom() {
            Some(am::NOSUSPEND) => how.nosuspend = true,
            Some(am::NOCONNECT) => how.noconnect = true,
            Some(a) if a == atom!("priority") && cx.vm().release() >= 28 => how.priority = true,
            _ => return Err(cx.bad("badopt")),
        }
    }
    match deliver(cx, to, message, am::OK.into(), how)? {
        Sent::NotConnected if how.noconnect => Ok(am::NOCONNECT.into()),
        Sent::Busy => Ok(am::NOSUSPEND.into()),
        Sent::Done | Sent::NotConnected => Ok(am::OK.into()),
    }
}

/// Sends to whatever `to` names. A busy port or connection makes the sender wait (unless `nosuspend`), and the native then returns `result`.
pub fn deliver<'p>(
    cx: &Cx<'p>,
    to: Term<'p>,
    message: Term<'p>,
    result: Term<'p>,
    how: How,
) -> BifResult<'p, Sent> {
    let to_named = |named| to_named(cx, to, named, message, result, how);
    let remote = |node| {
        traced(cx, to, message);
        let token = || if seq::has_token(cx) { seq::sending(cx, to, message) } else { None };
        job::send(cx, node, message, result, how, token)
    };
    match to.view() {
        View::Pid(pid) => match RemotePid::of(pid.term()) {
            Some(pid) => return remote(To::Pid(pid)),
            None => to_pid(cx, to, pid, message),
        },
        View::Atom(name) => {
            let Some(named) = cx.vm().registry.lookup(name) else {
                traced(cx, to, message);
                return Err(cx.badarg());
            };
            return to_named(named);
        }
        View::Tuple(t) => match *t.elements() {
            [name, node] => {
                let (Some(name), Some(node)) = (name.as_atom(), node.as_atom()) else {
                    return Err(cx.badarg());
                };
                if node != term::node::this().name {
                    return remote(To::Name { node, name });
                }
                if let Some(named) = cx.vm().registry.lookup(name) {
                    return to_named(named);
                }
                traced(cx, to, message);
            }
            _ => return Err(cx.badarg()),
        },
        View::Port(port) => {
            if let Some(port) = port.local() {
                traced(cx, to, message);
                if seq::has_token(cx) {
                    seq::sending(cx, to, message);
                }
                let sent = vm::port::send_command(cx, port, message, result, how.nosuspend)?;
                return Ok(of_port(sent));
            }
        }
        View::Ref(r) => {
            if let Some(alias) = RemoteRef::of(to) {
                return remote(To::Alias(alias));
            }
            if let (Some(pid), Some(alias)) = (r.process(), r.local_id()) {
                traced(cx, to, message);
                let message = copy(cx, to, message);
                let body = Body::AliasMessage { alias, message, priority: how.priority };
                cx.vm().signal(pid, Sender::Process(cx.pid()), body);
            }
        }
        _ => return Err(cx.badarg()),
    }
    Ok(Sent::Done)
}

/// Tells of the message whoever wants to know of what is sent.
#[inline]
fn traced(cx: &Cx<'_>, to: Term<'_>, message: Term<'_>) {
    if cx.with(|p| p.shared.trace.has(flag::SEND)) {
        event::send(cx, to, message);
    }
}

fn copy(cx: &Cx<'_>, to: Term<'_>, message: Term<'_>) -> Message {
    let mut m = Message::copy_of(message);
    if seq::has_token(cx) {
        m = m.with_token(seq::sending(cx, to, message));
    }
    cx.bump(m.words() / 64 + 4);
    m
}

fn to_pid<'p>(cx: &Cx<'p>, to: Term<'p>, pid: Pid<'p>, message: Term<'p>) {
    match pid.local() {
        Some(pid) => to_process(cx, to, pid, message),
        None => traced(cx, to, message),
    }
}

fn to_process<'p>(cx: &Cx<'p>, to: Term<'p>, pid: u64, message: Term<'p>) {
    traced(cx, to, message);
    if let Some(p) = cx.vm().processes.lookup(pid) {
        cx.vm().send_to(Sender::Process(cx.pid()), &p, copy(cx, Term::local_pid(pid), message));
    }
}

fn to_named<'p>(
    cx: &Cx<'p>,
    to: Term<'p>,
    named: Named,
    message: Term<'p>,
    result: Term<'p>,
    how: How,
) -> BifResult<'p, Sent> {
    match named {
        Named::Process(pid) => {
            to_process(cx, to, pid, message);
            Ok(Sent::Done)
        }
        Named::Port(port) => {
            traced(cx, Term::local_port(port), message);
            if seq::has_token(cx) {
                seq::sending(cx, Term::local_port(port), message);
            }
            vm::port::send_command(cx, port, message, result, how.nosuspend).map(of_port)
        }
    }
}

fn of_port(sent: vm::port::Sent) -> Sent {
    match sent {
        vm::port::Sent::Done => Sent::Done,
        vm::port::Sent::Busy => Sent::Busy,
    }
}
