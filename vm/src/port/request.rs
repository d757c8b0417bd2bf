//! What natives call: operations of the running process on ports, by number.
//!
//! An operation is carried out at once if the port is free. Else it is left in the port's in-box and the caller gets a
//! reference with which the answer will come as a message, just as `erlang.erl` expects it.

use super::direct;
use super::ops::{Answer, Op, Request, WhenBusy};
use super::queue::{Output, with_scratch};
use super::recent::Lent;
use super::{BUSY, Data, IoQueue, Port, Task, lock};
use crate::bif::{BifResult, Cx, Held};
use crate::process::registry::Named;
use crate::stop::Resume;
use crate::vm::Vm;
use core::ops::ControlFlow;
use core::sync::atomic::Ordering;
use std::borrow::Cow;
use std::sync::Arc;
use term::atom::am;
use term::{Atom, OwnedTerm, Term, View};

/// What `port_info` is asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Item {
    All,
    One(Atom),
}

/// The port of a term: a local port or the name of one, that takes operations.
pub fn lookup(cx: &Cx<'_>, port: Term<'_>) -> Option<Lent> {
    let id = match port.view() {
        View::Port(p) => p.local()?,
        View::Atom(name) => match cx.vm().registry.lookup(name)? {
            Named::Port(id) => id,
            Named::Process(_) => return None,
        },
        _ => return None,
    };
    super::recent::get(cx.vm(), id)
}

/// The owner of a port, or no process.
pub(crate) fn owner(vm: &'static Vm, port: u64) -> u64 {
    vm.ports.get(port).map_or(u64::MAX, |p| p.owner())
}

/// Whether there is such a port.
pub fn exists(vm: &'static Vm, port: u64) -> bool {
    vm.ports.get(port).is_some_and(|p| !p.is(super::CLOSING))
}

/// Carries out an operation now, or has it answered by a message: the term to return.
fn request<'p>(cx: &Cx<'p>, port: &Arc<Port>, op: Op<'_>) -> Term<'p> {
    request_when(cx, port, op, WhenBusy::Wait)
}

fn request_when<'p>(cx: &Cx<'p>, port: &Arc<Port>, op: Op<'_>, when_busy: WhenBusy) -> Term<'p> {
    let r = Request { op, bang: false, caller: cx.pid(), reply: None, when_busy };
    let answer = now(cx, port, r);
    let result = match answer {
        ControlFlow::Break(answer) => answer.into_heap(cx.heap()),
        ControlFlow::Continue(r) => {
            let mut r = r.kept();
            let (n0, n1) = crate::refs::next();
            r.reply = Some((n0, n1));
            port.post(cx.vm(), Task::Request(r));
            return cx.heap().reference(n0, n1);
        }
    };
    done(cx);
    result
}

/// An operation was carried out at once.
pub(super) fn done(cx: &Cx<'_>) {
    cx.bump(20);
    // What the port has sent comes before its answer.
    crate::signal::handle::fetch_for(cx);
}

/// Carries out an operation now, if the port is free and nothing of the caller waits there. Else it is handed back.
fn now<'a>(cx: &Cx<'_>, port: &Arc<Port>, r: Request<'a>) -> ControlFlow<Answer, Request<'a>> {
    port.now(cx.vm(), r, |port, core, r| {
        if port.must_wait(core, &r) {
            ControlFlow::Continue(r)
        } else {
            ControlFlow::Break(port.execute(cx.vm(), core, Some(cx), r))
        }
    })
}

/// As [`request`], for a message: nobody waits for the answer.
fn send(cx: &Cx<'_>, port: &Arc<Port>, op: Op<'_>) {
    send_when(cx, port, op, WhenBusy::Wait)
}

fn send_when(cx: &Cx<'_>, port: &Arc<Port>, op: Op<'_>, when_busy: WhenBusy) {
    let r = Request { op, bang: true, caller: cx.pid(), reply: None, when_busy };
    if let ControlFlow::Continue(r) = now(cx, port, r) {
        port.post(cx.vm(), Task::Request(r.kept()));
    }
    cx.bump(20);
}

/// Has the caller woken when the port is no longer busy. `false`: it is not busy.
fn wait_for(cx: &Cx<'_>, port: &Port) -> bool {
    let mut suspended = lock(&port.suspended);
    if !port.is(BUSY) {
        return false;
    }
    cx.held_up(true);
    if !suspended.contains(&cx.pid()) {
        suspended.push(cx.pid());
        cx.vm().monitor.busy_port(cx.vm(), cx.pid(), port.id);
    }
    true
}

/// How output meets a busy port.
#[derive(Clone, Copy, Default)]
pub struct Sending {
    pub force: bool,
    pub nosuspend: bool,
}

/// The rest of a `port_command` or `!` that waits for a busy port.
struct Blocked {
    port: u64,
    data: Held,
    /// What to return after a message was sent; a `port_command` otherwise.
    message: Option<Held>,
}

impl Resume for Blocked {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        cx.held_up(false);
        let port = super::recent::get(cx.vm(), self.port);
        if let Some(port) = &port
            && wait_for(cx, port)
        {
            return Err(cx.wait(*self));
        }
        let data = cx.get(self.data);
        match (port, self.message) {
            (None, None) => Ok(am::BADARG.into()),
            (None, Some(result)) => Ok(cx.get(result)),
            (Some(port), None) => Ok(output(cx, &port, data, WhenBusy::Wait)),
            (Some(port), Some(result)) => {
                send_output(cx, &port, data, WhenBusy::Wait);
                Ok(cx.get(result))
            }
        }
    }
}

/// What a process sends to a port; in pieces where a trace is to show them.
fn output_of<'a>(port: &Port, data: Term<'a>, scratch: &'a mut Vec<u8>) -> Option<Output<'a>> {
    match port.driver.vectored && port.trace.has(crate::trace::flag::RECEIVE) {
        true => Output::in_pieces(data),
        false => Output::of(data, scratch),
    }
}

fn output<'p>(cx: &Cx<'p>, port: &Arc<Port>, data: Term<'p>, when_busy: WhenBusy) -> Term<'p> {
    if let Some(bytes) = Output::bytes_in_place(data)
        && let Some(result) = direct::command(cx, port, bytes)
    {
        cx.bump(bytes.len() / 64);
        return result;
    }
    with_scratch(|scratch| {
        let op = match output_of(port, data, scratch) {
            Some(data) => {
                cx.bump(data.len() / 64);
                Op::Command { from: cx.pid(), data }
            }
            None => Op::Bad(true),
        };
        request_when(cx, port, op, when_busy)
    })
}

/// `erlang:port_command/3`: `true`, `false` (busy, and `nosuspend`), `badarg`, `notsup`, or a reference.
pub fn command<'p>(cx: &Cx<'p>, port: &Arc<Port>, data: Term<'p>, how: Sending) -> BifResult<'p> {
    if how.force && !port.driver.soft_busy {
        return Ok(am::NOTSUP.into());
    }
    if !how.force && port.is(BUSY) {
        if how.nosuspend {
            return Ok(am::FALSE.into());
        }
        if wait_for(cx, port) {
            let data = cx.hold(data);
            return Err(cx.wait(Blocked { port: port.id, data, message: None }));
        }
    }
    let when_busy = match how {
        Sending { force: true, .. } => WhenBusy::Force,
        Sending { nosuspend: true, .. } => WhenBusy::Refuse,
        _ => WhenBusy::Wait,
    };
    Ok(output(cx, port, data, when_busy))
}

/// `erlang:port_control/3`
pub fn control<'p>(cx: &Cx<'p>, port: &Arc<Port>, op: u32, data: Term<'p>) -> Term<'p> {
    if let Some(bytes) = data.as_binary().and_then(|b| b.aligned_bytes())
        && let Some(result) = direct::control(cx, port, op, bytes)
    {
        return result;
    }
    with_scratch(|scratch| match IoQueue::bytes_of(data, scratch) {
        Some(bytes) => request(cx, port, Op::Control(op, Cow::Borrowed(bytes))),
        None => request(cx, port, Op::Bad(false)),
    })
}
/// `erlang:port_call/3`: `{ok, Term}`
pub fn call<'p>(cx: &Cx<'p>, port: &Arc<Port>, op: u32, data: Term<'p>) -> Term<'p> {
    request(cx, port, Op::Call(op, OwnedTerm::whole_copy_of(data)))
}
/// `erlang:port_close/1`
pub fn close<'p>(cx: &Cx<'p>, port: &Arc<Port>) -> Term<'p> {
    request(cx, port, Op::Close { from: cx.pid() })
}
/// `erlang:port_connect/2`
pub fn connect<'p>(cx: &Cx<'p>, port: &Arc<Port>, to: Term<'p>) -> Term<'p> {
    let to = to.as_pid().and_then(|p| p.local());
    request(cx, port, Op::Connect { from: cx.pid(), to })
}
/// `erlang:port_info/1,2`
pub fn info<'p>(cx: &Cx<'p>, port: &Arc<Port>, item: Item) -> Term<'p> {
    request(cx, port, Op::Info(item))
}
/// `erlang:port_set_data/2`. `false`: the port is gone.
pub fn set_data(port: &Port, data: Term<'_>) -> bool {
    let mut place = lock(&port.data);
    if matches!(*place, Data::Gone) {
        return false;
    }
    *place = match data.as_atom() {
        Some(a) => Data::Atom(a),
        None => Data::Term(Box::new(OwnedTerm::whole_copy_of(data))),
    };
    port.data_atom.store(data.as_atom().map_or(0, |a| a.0 + 1), Ordering::Release);
    true
}
/// Shows what `port_set_data/2` has set.
pub(crate) fn visit(port: &Port, v: &mut dyn term::visit::Visit) {
    if let Data::Term(data) = &*lock(&port.data) {
        data.visit(v);
    }
}
/// `erlang:port_get_data/1`
pub fn get_data<'p>(cx: &Cx<'p>, port: &Port) -> Option<Term<'p>> {
    match port.data_atom.load(Ordering::Acquire) {
        0 => {}
        n => return Some(Atom(n - 1).into()),
    }
    match &*lock(&port.data) {
        Data::Gone => None,
        Data::Atom(a) => Some((*a).into()),
        Data::Term(t) => Some(cx.heap().copy(t.term())),
    }
}

/// Gives a port a name. `false`: the name or the port is taken, or the port is gone.
pub fn register(vm: &'static Vm, name: Atom, port: u64) -> bool {
    let Some(p) = vm.ports.get(port).filter(|p| !p.is(super::CLOSING)) else { return false };
    if p.registered.compare_exchange(0, name.0, Ordering::AcqRel, Ordering::Acquire).is_err() {
        return false;
    }
    if vm.registry.register_port(name, port) {
        // It may have ended meanwhile.
        if p.is(super::CLOSING) {
            vm.registry.port_exits(name, port);
        }
        if p.trace.has(crate::trace::flag::PORTS) {
            crate::trace::port::event(vm, port, &p.trace, "register", Term::atom(name));
        }
        true
    } else {
        p.registered.store(0, Ordering::Release);
        false
    }
}
/// The port's name was taken away.
pub fn unregister(vm: &'static Vm, port: u64) {
    if let Some(p) = vm.ports.get(port) {
        let name = p.registered.swap(0, Ordering::AcqRel);
        if name != 0 && p.trace.has(crate::trace::flag::PORTS) {
            let name = Term::atom(Atom(name));
            crate::trace::port::event(vm, port, &p.trace, "unregister", name);
        }
    }
}

/// What became of a message to a port.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It is on its way, or dropped because the port is gone.
    Done,
    /// The port is busy and the caller does not want to wait; nothing was sent.
    Busy,
}

/// `Port ! {Owner, Command}`. Commands to a port that is gone are dropped. While the port is busy the caller waits (unless `nosuspend`), and
/// the native then returns `result`.
pub fn send_command<'p>(
    cx: &Cx<'p>,
    port: u64,
    message: Term<'p>,
    result: Term<'p>,
    nosuspend: bool,
) -> BifResult<'p, Sent> {
    let Some(port) = super::recent::get(cx.vm(), port) else {
        return Ok(Sent::Done);
    };
    let Some((from, what)) =
        message.as_tuple_of::<2>().and_then(|[owner, what]| Some((owner.as_pid()?.local()?, what)))
    else {
        send(cx, &port, Op::Bad(false));
        return Ok(Sent::Done);
    };
    if what.is_atom_of(am::CLOSE) {
        send(cx, &port, Op::Close { from });
        return Ok(Sent::Done);
    }
    match what.as_tuple_of::<2>() {
        Some([tag, _]) if tag.is_atom_of(am::COMMAND) => {
            if port.is(BUSY) {
                if nosuspend {
                    return Ok(Sent::Busy);
                }
                if wait_for(cx, &port) {
                    let (data, message) = (cx.hold(message), Some(cx.hold(result)));
                    return Err(cx.wait(Blocked { port: port.id, data, message }));
                }
            }
            let when_busy = if nosuspend { WhenBusy::Refuse } else { WhenBusy::Wait };
            send_output(cx, &port, message, when_busy);
        }
        Some([tag, to]) if tag.is_atom_of(am::CONNECT) => {
            let to = to.as_pid().and_then(|p| p.local());
            send(cx, &port, Op::Connect { from, to });
        }
        _ => send(cx, &port, Op::Bad(false)),
    }
    Ok(Sent::Done)
}

/// Output to a port that nobody waits for (enif_port_command). `false`: the port is gone, or this is no I/O data.
pub fn post_output(vm: &'static Vm, port: u64, from: u64, data: Term<'_>) -> bool {
    let port = vm.ports.get(port).filter(|p| !p.is(super::CLOSING));
    let (Some(port), Some(data)) = (port, IoQueue::of_iodata(data)) else { return false };
    let op = Op::Command { from, data: Output::Chunks(data) };
    port.post(
        vm,
        Task::Request(Request {
            op,
            bang: false,
            caller: from,
            reply: None,
            when_busy: WhenBusy::Wait,
        }),
    );
    true
}

/// The message is `{Owner, {command, Data}}`.
fn send_output<'p>(cx: &Cx<'p>, port: &Arc<Port>, message: Term<'p>, when_busy: WhenBusy) {
    let parts = message.as_tuple_of::<2>().and_then(|[owner, what]| {
        let [_, data] = what.as_tuple_of::<2>()?;
        Some((owner.as_pid()?.local()?, data))
    });
    let Some((from, data)) = parts else { return };
    with_scratch(|scratch| match output_of(port, data, scratch) {
        Some(data) => {
            cx.bump(data.len() / 64);
            send_when(cx, port, Op::Command { from, data }, when_busy);
        }
        None => send(cx, port, Op::Bad(true)),
    })
}
