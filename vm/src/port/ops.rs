//! What processes ask of a port, carried out in the port [io.c: erts_port_output and others].

use super::cx::State;
use super::driver::Few;
use super::queue::Output;
use super::request::Item;
use super::{Control, Core, PARALLELISM, Port};
use crate::bif::Cx;
use crate::signal::relations::LinkState;
use crate::signal::{Body, ExitSignal, RefId, Sender};
use crate::trace::{self, flag};
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::borrow::Cow;
use std::sync::Arc;
use term::atom::am;
use term::shared::BinHandle;
use term::{Atom, Heap, OwnedTerm, Term, atom};

/// An operation of a process on a port.
pub(super) struct Request<'a> {
    pub op: Op<'a>,
    /// It came as `Port ! {Owner, …}`: mistakes are punished by an exit signal to the owner.
    pub bang: bool,
    pub caller: u64,
    /// The answer goes to the caller as `{Reference, Answer}`.
    pub reply: Option<RefId>,
    /// What becomes of output if the port is busy.
    pub when_busy: WhenBusy,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum WhenBusy {
    Wait,
    Force,
    Refuse,
}

pub(super) enum Op<'a> {
    Command {
        /// The pid named as owner.
        from: u64,
        data: Output<'a>,
    },
    Close {
        from: u64,
    },
    Connect {
        from: u64,
        /// The new owner, if it is a process of this node.
        to: Option<u64>,
    },
    Control(u32, Cow<'a, [u8]>),
    Call(u32, OwnedTerm),
    Info(Item),
    /// A message to the port that is none; or (`true`) output that is no I/O list.
    Bad(bool),
}

impl Request<'_> {
    /// The same with what it borrows copied, so that it can wait.
    pub fn kept(self) -> Request<'static> {
        let op = match self.op {
            Op::Command { from, data } => {
                Op::Command { from, data: Output::Chunks(data.into_queue()) }
            }
            Op::Control(op, data) => Op::Control(op, Cow::Owned(data.into_owned())),
            Op::Close { from } => Op::Close { from },
            Op::Connect { from, to } => Op::Connect { from, to },
            Op::Call(op, data) => Op::Call(op, data),
            Op::Info(item) => Op::Info(item),
            Op::Bad(output) => Op::Bad(output),
        };
        Request {
            op,
            bang: self.bang,
            caller: self.caller,
            reply: self.reply,
            when_busy: self.when_busy,
        }
    }
}

/// The outcome of a [`Request`].
pub(super) enum Answer {
    True,
    BadArg,
    Term(OwnedTerm),
    /// A list of bytes.
    List(Vec<u8>),
    Few(Few),
    Binary(Vec<u8>),
    Shared(BinHandle),
}

impl Answer {
    fn atom(a: Atom) -> Answer {
        Answer::Term(OwnedTerm::immediate(Term::atom(a)))
    }
    pub fn into_heap<'h>(self, h: &'h Heap) -> Term<'h> {
        match self {
            Answer::True => am::TRUE.into(),
            Answer::BadArg => am::BADARG.into(),
            Answer::Term(t) => t.into_heap(h),
            Answer::List(v) => h.byte_list(&v),
            Answer::Few(few) => h.byte_list(few.bytes()),
            Answer::Binary(v) => h.binary(&v),
            Answer::Shared(b) => h.shared_binary(b),
        }
    }
}

impl Port {
    /// Whether a request has to wait until the port is no longer busy: output, and what its sender asks after it.
    pub(super) fn must_wait(&self, core: &Core, r: &Request<'_>) -> bool {
        if core.state.dead || !self.is(super::BUSY) || self.is(super::CLOSING) {
            return false;
        }
        let output = matches!(r.op, Op::Command { .. }) && r.when_busy == WhenBusy::Wait;
        output || core.state.held.iter().any(|h| h.caller == r.caller)
    }
    /// What waited and need not any longer.
    pub(super) fn held_request(&self, core: &mut Core) -> Option<Request<'static>> {
        if self.is(super::BUSY) && !self.is(super::CLOSING) {
            return None;
        }
        core.state.held.pop_front()
    }
    /// Carries out a request that waited in the in-box.
    pub(super) fn serve(
        self: &Arc<Self>,
        vm: &'static Vm,
        core: &mut Core,
        mut r: Request<'static>,
    ) {
        if self.must_wait(core, &r) {
            return core.state.held.push_back(r);
        }
        let reply = r.reply.take();
        let caller = r.caller;
        let refused = r.when_busy == WhenBusy::Refuse && self.is(super::BUSY);
        let answer = match r.op {
            Op::Command { .. } if refused => Answer::atom(am::FALSE),
            _ => self.execute(vm, core, None, r),
        };
        if let Some((n0, n1)) = reply {
            let m = OwnedTerm::build(|h| {
                let answer = answer.into_heap(h);
                h.tuple(&[h.reference(n0, n1), answer])
            });
            vm.send_message(Sender::Port(self.id), caller, m);
        }
    }

    /// `turn`: that of the native that asks, if it waits for the outcome.
    pub(super) fn execute(
        self: &Arc<Self>,
        vm: &'static Vm,
        core: &mut Core,
        turn: Option<&Cx<'_>>,
        r: Request<'_>,
    ) -> Answer {
        if let Some(cx) = turn
            && !matches!(r.op, Op::Bad(_))
            && cx.with(|p| trace::event::port_calls(p))
        {
            cx.with(|p| trace::event::port_call(vm, p, false));
            let answer = self.execute_in_slice(vm, core, turn, r);
            cx.with(|p| trace::event::port_call(vm, p, true));
            return answer;
        }
        self.execute_in_slice(vm, core, turn, r)
    }
    fn execute_in_slice(
        self: &Arc<Self>,
        vm: &'static Vm,
        core: &mut Core,
        turn: Option<&Cx<'_>>,
        r: Request<'_>,
    ) -> Answer {
        // What had to wait runs in a slice of the port's own.
        if turn.is_none() || !self.trace.has(flag::RUNNING_PORTS) {
            return self.carry_out(vm, core, turn, r);
        }
        let what = match r.op {
            Op::Command { .. } => "command",
            Op::Close { .. } => "close",
            Op::Connect { .. } => "connect",
            Op::Control(..) => "control",
            Op::Call(..) => "call",
            Op::Info(_) => "info",
            Op::Bad(_) => "badsig",
        };
        trace::port::slice(vm, self.id, &self.trace, true, Some(what));
        let answer = self.carry_out(vm, core, turn, r);
        trace::port::slice(vm, self.id, &self.trace, false, Some(what));
        answer
    }
    fn carry_out(
        self: &Arc<Self>,
        vm: &'static Vm,
        core: &mut Core,
        turn: Option<&Cx<'_>>,
        r: Request<'_>,
    ) -> Answer {
        if core.state.dead || self.is(super::CLOSING) {
            return match r.op {
                Op::Info(_) => Answer::atom(am::UNDEFINED),
                _ => Answer::BadArg,
            };
        }
        core.state.caller = r.caller;
        // Of a new owner it tells after the link.
        let connects = matches!(r.op, Op::Connect { .. }) && !r.bang;
        if self.trace.has(flag::RECEIVE) && !connects {
            self.told_of(vm, &r);
        }
        let owner = self.connected.load(Ordering::Acquire);
        match r.op {
            Op::Command { from, data } => {
                if r.bang && from != owner {
                    return self.bad_signal(vm);
                }
                let size = data.len() as u64;
                core.state.output += size;
                vm.ports.output.fetch_add(size, Ordering::Relaxed);
                self.callback_of(vm, core, turn, |d, p| match data {
                    Output::Bytes(bytes) => d.command_bytes(p, bytes),
                    Output::Chunks(chunks) => d.command(p, chunks),
                });
                Answer::True
            }
            Op::Close { from } => {
                if r.bang && from != owner {
                    return self.bad_signal(vm);
                }
                if self.is_forker() {
                    return Answer::BadArg;
                }
                let normal = OwnedTerm::immediate(Term::atom(am::NORMAL));
                self.end(vm, core, &normal, r.bang);
                Answer::True
            }
            Op::Connect { from, to } => self.reconnect(vm, core, r.bang, from, to),
            Op::Control(op, data) => {
                let answer = self.callback_of(vm, core, turn, |d, p| d.control(p, op, &data));
                let answer = answer.flatten();
                if self.trace.has(flag::SEND)
                    && let Some(c) = &answer
                {
                    let bytes = match c {
                        Control::List(v) | Control::Binary(v) => &v[..],
                        Control::Few(few) => few.bytes(),
                        Control::Shared(b) => b.bytes(),
                    };
                    trace::port::answered(vm, self.id, &self.trace, r.caller, "control", |h| {
                        h.binary(bytes)
                    });
                }
                match answer {
                    None => Answer::BadArg,
                    Some(Control::List(v)) => Answer::List(v),
                    Some(Control::Few(few)) => Answer::Few(few),
                    Some(Control::Binary(v)) => Answer::Binary(v),
                    Some(Control::Shared(b)) => Answer::Shared(b),
                }
            }
            Op::Call(op, data) => {
                let answer = self.callback(vm, core, |d, p| d.call(p, op, data)).flatten();
                if self.trace.has(flag::SEND)
                    && let Some(t) = &answer
                {
                    trace::port::answered(vm, self.id, &self.trace, r.caller, "call", |h| {
                        trace::port::external(vm, h, t.term())
                    });
                }
                match answer {
                    None => Answer::BadArg,
                    Some(t) => Answer::Term(OwnedTerm::build(|h| {
                        let t = t.into_heap(h);
                        h.tuple(&[am::OK.into(), t])
                    })),
                }
            }
            Op::Info(item) => match self.info(core, item) {
                Some(t) => Answer::Term(t),
                None => Answer::BadArg,
            },
            Op::Bad(output) => {
                if output {
                    let name = String::from_utf8_lossy(&self.name).into_owned();
                    vm.log_error(Some(r.caller), Term::NIL, |h| {
                        let text = format!("Bad value on output port '{name}'\n");
                        (h.string("~s~n"), h.list(&[h.string(&text)]))
                    });
                }
                if r.bang { self.bad_signal(vm) } else { Answer::BadArg }
            }
        }
    }
    /// Tells of a request whoever wants to know.
    #[cold]
    fn told_of(&self, vm: &'static Vm, r: &Request<'_>) {
        let what = OwnedTerm::build(|h| match &r.op {
            Op::Command { data, .. } => {
                let data = match data {
                    Output::Bytes(bytes) => h.binary(bytes),
                    Output::Chunks(q) if self.driver.vectored => {
                        let pieces = q.slices(usize::MAX);
                        let pieces: Vec<Term<'_>> = pieces.iter().map(|s| h.binary(s)).collect();
                        h.list(&pieces)
                    }
                    Output::Chunks(q) => {
                        let slices = q.slices(usize::MAX);
                        let bytes: Vec<u8> = slices.iter().flat_map(|s| s.to_vec()).collect();
                        h.binary(&bytes)
                    }
                };
                h.tuple(&[am::COMMAND.into(), data])
            }
            Op::Close { .. } => am::CLOSE.into(),
            Op::Connect { to, .. } => {
                let to = to.map_or(am::UNDEFINED.into(), Term::local_pid);
                h.tuple(&[am::CONNECT.into(), to])
            }
            Op::Control(n, data) => {
                let pair = h.tuple(&[Term::small((*n).into()), h.binary(data)]);
                h.tuple(&[atom!("control").into(), pair])
            }
            Op::Call(n, data) => {
                let data = trace::port::external(vm, h, data.term());
                let pair = h.tuple(&[Term::small((*n).into()), data]);
                h.tuple(&[atom!("call").into(), pair])
            }
            Op::Info(_) | Op::Bad(_) => am::UNDEFINED.into(),
        });
        if !matches!(r.op, Op::Info(_) | Op::Bad(_)) {
            trace::port::received(vm, self.id, &self.trace, r.caller, |h| h.copy(what.term()));
        }
    }
    /// The owner gets an exit signal for a message that should not have been sent.
    fn bad_signal(&self, vm: &'static Vm) -> Answer {
        let x = ExitSignal {
            reason: OwnedTerm::immediate(Term::atom(atom!("badsig"))),
            linked: false,
            kill: false,
            sender: OwnedTerm::immediate(Term::local_port(self.id)),
            token: None,
        };
        let owner = self.connected.load(Ordering::Acquire);
        vm.signal(owner, Sender::Port(self.id), Body::Exit(Box::new(x)));
        Answer::BadArg
    }
    fn reconnect(
        &self,
        vm: &'static Vm,
        core: &mut Core,
        bang: bool,
        from: u64,
        to: Option<u64>,
    ) -> Answer {
        let owner = self.connected.load(Ordering::Acquire);
        if bang {
            let Some(to) = to.filter(|_| from == owner) else { return self.bad_signal(vm) };
            self.connected.store(to, Ordering::Release);
            let m =
                OwnedTerm::build(|h| h.tuple(&[Term::local_port(self.id), am::CONNECTED.into()]));
            if self.trace.has(flag::SEND) {
                trace::port::sent(vm, self.id, &self.trace, from, m.term());
            }
            vm.send_message(Sender::Port(self.id), from, m);
            return Answer::True;
        }
        let Some(to) = to.filter(|to| vm.processes.lookup(*to).is_some()) else {
            return Answer::BadArg;
        };
        let fresh = match core.state.links.get_mut(&to) {
            Some(l) => core::mem::take(&mut l.unlinking) != 0,
            None => core.state.links.insert(to, LinkState::default()).is_none(),
        };
        if fresh {
            vm.signal(to, Sender::Port(self.id), Body::Link);
            self.link_told(vm, "getting_linked", to);
        }
        if self.trace.has(flag::RECEIVE) {
            trace::port::received(vm, self.id, &self.trace, from, |h| {
                h.tuple(&[am::CONNECT.into(), Term::local_pid(to)])
            });
        }
        if self.trace.has(flag::SEND) {
            let m =
                OwnedTerm::build(|h| h.tuple(&[Term::local_port(self.id), am::CONNECTED.into()]));
            trace::port::sent(vm, self.id, &self.trace, from, m.term());
        }
        self.connected.store(to, Ordering::Release);
        Answer::True
    }
    fn info(&self, core: &Core, item: Item) -> Option<OwnedTerm> {
        let s = &core.state;
        match item {
            Item::All => {
                let name = self.registered.load(Ordering::Acquire);
                let named = (name != 0).then_some(am::REGISTERED_NAME);
                let usual = [
                    am::NAME,
                    am::LINKS,
                    atom!("id"),
                    am::CONNECTED,
                    atom!("input"),
                    atom!("output"),
                    atom!("os_pid"),
                ];
                Some(OwnedTerm::build(|h| {
                    let all: Vec<Term> = named
                        .into_iter()
                        .chain(usual)
                        .filter_map(|a| Some(h.tuple(&[a.into(), self.value(s, h, a)?])))
                        .collect();
                    h.list(&all)
                }))
            }
            Item::One(a) => {
                if a == am::REGISTERED_NAME && self.registered.load(Ordering::Acquire) == 0 {
                    return Some(OwnedTerm::immediate(Term::nil()));
                }
                let mut known = true;
                let t = OwnedTerm::build(|h| match self.value(s, h, a) {
                    Some(v) => h.tuple(&[a.into(), v]),
                    None => {
                        known = false;
                        Term::nil()
                    }
                });
                known.then_some(t)
            }
        }
    }
    fn value<'h>(&self, s: &State, h: &'h Heap, item: Atom) -> Option<Term<'h>> {
        let pids = |it: &mut dyn Iterator<Item = u64>| {
            let all: Vec<Term> = it.map(Term::local_pid).collect();
            h.list(&all)
        };
        Some(match item {
            am::NAME => h.byte_list(&self.name),
            am::LINKS => {
                let live = s.links.iter().filter(|(_, l)| l.unlinking == 0);
                pids(&mut live.map(|(p, _)| *p))
            }
            am::MONITORS => {
                let one = |p: &u64| h.tuple(&[am::PROCESS.into(), Term::local_pid(*p)]);
                let all: Vec<Term> = s.watches.values().map(one).collect();
                h.list(&all)
            }
            am::MONITORED_BY => pids(&mut s.watchers.values().map(|w| w.pid)),
            am::CONNECTED => Term::local_pid(self.connected.load(Ordering::Acquire)),
            am::MEMORY => {
                let relations = s.links.len() + s.watchers.len() + s.watches.len();
                let data = match &*super::lock(&self.data) {
                    super::Data::Term(t) => t.words() * 8,
                    _ => 0,
                };
                let line = s.line.as_ref().map_or(0, |l| l.len() + 24);
                h.uint((relations * 40 + data + line) as u64)
            }
            am::REGISTERED_NAME => match self.registered.load(Ordering::Acquire) {
                0 => return None,
                n => Atom(n).into(),
            },
            a => match a.name() {
                "id" => h.uint(self.id * 8),
                "input" => h.uint(s.input),
                "output" => h.uint(s.output),
                "os_pid" => s.os_pid.map_or(am::UNDEFINED.into(), |n| h.int(n)),
                "queue_size" => h.uint(s.queue.len() as u64),
                "parallelism" => Term::bool(self.is(PARALLELISM)),
                "locking" if self.driver.driver_lock => atom!("driver_level").into(),
                "locking" => atom!("port_level").into(),
                _ => return None,
            },
        })
    }
}
