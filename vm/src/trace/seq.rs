//! Sequential tracing: a token that goes with messages [erl_trace.c: seq_trace_output].
//!
//! A token is `{Flags, Label, Serial, Sender, LastCount}` and a root of its process; it is never changed, only replaced.
//! A message takes a copy along, which becomes the receiver's when the message is taken out of the queue. What the
//! flags ask for is told to the system's sequential tracer.

use super::deliver::{Kind, News};
use super::{Tracer, Who, flag};
use crate::bif::Cx;
use crate::process::Process;
use crate::vm::Vm;
use term::atom::am;
use term::{Atom, Heap, OwnedTerm, RawTerm, Term, atom};

pub const SEND: i64 = 1;
pub const RECEIVE: i64 = 2;
pub const PRINT: i64 = 4;
/// Timestamp flags of traces stand here.
const STAMP_SHIFT: u32 = 3;

/// The bit of a flag's name.
pub fn bit(name: Atom) -> Option<i64> {
    Some(match name.name() {
        "send" => SEND,
        "receive" => RECEIVE,
        "print" => PRINT,
        "timestamp" => i64::from(flag::NOW) << STAMP_SHIFT,
        "strict_monotonic_timestamp" => i64::from(flag::STRICT_MONOTONIC) << STAMP_SHIFT,
        "monotonic_timestamp" => i64::from(flag::MONOTONIC) << STAMP_SHIFT,
        _ => return None,
    })
}

/// Whether this is something that can be set.
pub(crate) fn is_item(name: Atom) -> bool {
    bit(name).is_some()
        || name == atom!("label")
        || name == atom!("serial")
        || name == atom!("sequential_trace_token")
}

/// The parts of a token.
pub struct Token<'t> {
    pub flags: i64,
    pub label: Term<'t>,
    pub serial: i64,
    pub sender: Term<'t>,
    pub last: i64,
}

impl<'t> Token<'t> {
    pub fn of(t: Term<'t>) -> Option<Token<'t>> {
        let [flags, label, serial, sender, last] = t.as_tuple_of::<5>()?;
        let (flags, serial) = (flags.as_small()?, serial.as_small()?);
        Some(Token { flags, label, serial, sender, last: last.as_small()? })
    }
    pub fn build<'h>(&self, h: &'h Heap, copy: impl Fn(Term<'t>) -> Term<'h>) -> Term<'h> {
        h.tuple(&[
            Term::small(self.flags),
            copy(self.label),
            Term::small(self.serial),
            copy(self.sender),
            Term::small(self.last),
        ])
    }
}

/// The token of the process that runs a native.
pub fn own<'p>(cx: &Cx<'p>) -> Option<Token<'p>> {
    let t = cx.with(|p| p.seq_trace_token);
    if t.is_nil() { None } else { Token::of(cx.brand(t)) }
}

fn put<'p>(cx: &Cx<'p>, t: Token<'p>) {
    let t = t.build(cx.heap(), |t| t).raw();
    cx.with(|p| {
        p.seq_trace_token = t;
        p.messages.watch_tokens();
    });
}

/// The token to change, or a new one.
fn fresh<'p>(cx: &Cx<'p>) -> Token<'p> {
    own(cx).unwrap_or_else(|| Token {
        flags: 0,
        label: Term::small(0),
        serial: 0,
        sender: cx.self_pid(),
        last: cx.with(|p| p.extra.as_ref().map_or(0, |e| e.seq_last)),
    })
}

/// Sets one part of the token; what it was. `None`: no such part, or no such value.
pub fn set<'p>(cx: &Cx<'p>, what: Atom, value: Term<'_>) -> Option<Term<'p>> {
    let h = cx.heap();
    if let Some(bit) = bit(what) {
        let on = value.as_bool()?;
        let t = fresh(cx);
        let old = t.flags & bit == bit;
        let flags = if on { t.flags | bit } else { t.flags & !bit };
        put(cx, Token { flags, ..t });
        return Some(Term::bool(old));
    }
    match what.name() {
        "label" => {
            let t = fresh(cx);
            let old = t.label;
            put(cx, Token { label: h.copy(value), ..t });
            Some(old)
        }
        "serial" => {
            let [last, serial] = value.as_tuple_of::<2>()?;
            let (last, serial) = (last.as_small()?, serial.as_small()?);
            let t = fresh(cx);
            let old = h.tuple(&[Term::small(t.last), Term::small(t.serial)]);
            put(cx, Token { last, serial, ..t });
            cx.with(|p| {
                let e = p.extra();
                (e.seq_clock, e.seq_last) = (serial, last);
            });
            Some(old)
        }
        "sequential_trace_token" if value.is_nil() => {
            let old = cx.with(|p| core::mem::replace(&mut p.seq_trace_token, RawTerm::NIL));
            Some(cx.brand(old))
        }
        _ => None,
    }
}

/// Takes a whole token over, as another process had it.
pub fn take<'p>(cx: &Cx<'p>, t: Token<'p>) {
    let (serial, last) = (t.serial, t.last);
    put(cx, t);
    cx.with(|p| {
        let e = p.extra();
        if serial > e.seq_clock {
            e.seq_clock = serial;
        }
        e.seq_last = last;
    });
}

/// Something is about to leave the process: the token's next serial.
fn step(cx: &Cx<'_>) -> bool {
    let Some(t) = own(cx) else { return false };
    let (serial, last) = cx.with(|p| {
        let e = p.extra();
        e.seq_clock += 1;
        (e.seq_clock, e.seq_last)
    });
    put(cx, Token { serial, last, sender: cx.self_pid(), ..t });
    true
}

/// Whether the process that runs a native has a token.
#[inline(always)]
pub fn has_token(cx: &Cx<'_>) -> bool {
    cx.with(|p| !p.seq_trace_token.is_nil())
}

/// Something is sent: tells of it, and gives the token that goes along. `what` builds what the tracer is shown.
#[cold]
pub fn sending(cx: &Cx<'_>, to: Term<'_>, message: Term<'_>) -> Option<OwnedTerm> {
    if !step(cx) {
        return None;
    }
    let raw = cx.with(|p| p.seq_trace_token);
    let token: Term<'_> = cx.brand(raw);
    let sensitive = cx.with(|p| p.flags.sensitive);
    if !sensitive {
        output(cx.vm(), token, SEND, to, message);
    }
    Some(OwnedTerm::whole_copy_of(token))
}

/// An exit signal is sent: tells of the message that it may become, and gives the token that goes along.
#[cold]
pub fn sending_exit(cx: &Cx<'_>, to: Term<'_>, reason: Term<'_>) -> Option<OwnedTerm> {
    let message = cx.heap().tuple(&[am::EXIT_UPPER.into(), cx.self_pid(), reason]);
    sending(cx, to, message)
}

/// A process with a token that ends: each exit signal that it sends takes the token along.
pub(crate) struct Leaving {
    token: OwnedTerm,
    pid: u64,
    sensitive: bool,
    clock: i64,
    last: i64,
}

impl Leaving {
    pub fn of(p: &mut Process) -> Option<Leaving> {
        if p.seq_trace_token.is_nil() {
            return None;
        }
        // SAFETY: a root of the process; nothing collects here.
        let token = OwnedTerm::whole_copy_of(unsafe { p.seq_trace_token.brand() });
        let (clock, last) = p.extra.as_ref().map_or((0, 0), |e| (e.seq_clock, e.seq_last));
        Some(Leaving { token, pid: p.pid(), sensitive: p.flags.sensitive, clock, last })
    }
    /// The token of the next exit signal.
    pub fn exit(&mut self, vm: &'static Vm, to: Term<'_>, reason: Term<'_>) -> Option<OwnedTerm> {
        self.clock += 1;
        let t = Token::of(self.token.term())?;
        let (serial, last, me) = (self.clock, self.last, Term::local_pid(self.pid));
        let token =
            OwnedTerm::build(|h| Token { serial, last, sender: me, ..t }.build(h, |t| h.copy(t)));
        if !self.sensitive {
            let m = OwnedTerm::build(|h| h.tuple(&[am::EXIT_UPPER.into(), me, h.copy(reason)]));
            output(vm, token.term(), SEND, to, m.term());
        }
        Some(token)
    }
}

/// How a child's birth is told to its parent.
pub struct Birth<'p> {
    /// What asks for the child.
    pub request: Term<'p>,
    /// What answers that.
    pub reply: Term<'p>,
    /// The answer is a message; else it is as good as taken.
    pub message: bool,
}

/// A child is born: it gets the token, as if the call were a message and its value another. Gives the token that goes along with the
/// answer.
#[cold]
pub(crate) fn child(cx: &Cx<'_>, child: &mut Process, b: &Birth<'_>) -> Option<OwnedTerm> {
    if !step(cx) {
        return None;
    }
    let vm = cx.vm();
    let raw = cx.with(|p| p.seq_trace_token);
    let token: Term<'_> = cx.brand(raw);
    let parts = Token::of(token)?;
    let shown = !cx.with(|p| p.flags.sensitive);
    let to = Term::local_pid(child.pid());
    if shown {
        output(vm, token, SEND, to, b.request);
        output(vm, token, RECEIVE, to, b.request);
    }
    let (serial, last) = (parts.serial + 1, parts.serial);
    let h = &child.heap.heap;
    let answer = Token { serial, last, sender: to, ..parts }.build(h, |t| h.copy(t)).raw();
    child.seq_trace_token = answer;
    child.messages.watch_tokens();
    let e = child.extra.get_or_insert_default();
    (e.seq_clock, e.seq_last) = (serial, last);
    // SAFETY: a root of the child, which does not run yet.
    let answer = unsafe { answer.brand() };
    if shown {
        output(vm, answer, SEND, cx.self_pid(), b.reply);
    }
    if b.message {
        return Some(OwnedTerm::whole_copy_of(answer));
    }
    cx.with(|p| {
        let e = p.extra();
        (e.seq_clock, e.seq_last) = (serial, serial);
    });
    if shown {
        output(vm, answer, RECEIVE, cx.self_pid(), b.reply);
    }
    None
}

/// Serials of other nodes beyond this are not believed.
const MOST: i64 = 1 << 50;

/// A token that came from another node.
pub(crate) fn from_afar(t: Term<'_>) -> Option<OwnedTerm> {
    let parts = Token::of(t)?;
    let good = |n: i64| (0..MOST).contains(&n);
    let good = good(parts.serial) && good(parts.last) && good(parts.flags);
    good.then(|| OwnedTerm::whole_copy_of(t))
}

/// A request of another node with this token: shows it as received by `to`, and gives the token of the answer, of which `reply` is shown.
/// The token was stepped twice, for the request and for its arguments. `None`: it is not as it should be.
pub(crate) fn served(
    vm: &'static Vm,
    token: Term<'_>,
    by: Term<'_>,
    asker: Term<'_>,
    request: Term<'_>,
    reply: Term<'_>,
) -> Option<OwnedTerm> {
    let t = Token::of(token)?;
    let (serial, last) = (t.serial, t.serial - 1);
    let asked = OwnedTerm::build(|h| {
        let sender = t.sender;
        Token { serial: last, sender, label: t.label, ..t }.build(h, |t| h.copy(t))
    });
    output(vm, asked.term(), RECEIVE, by, request);
    let t = Token::of(token)?;
    let answer =
        OwnedTerm::build(|h| Token { serial, last, sender: by, ..t }.build(h, |t| h.copy(t)));
    output(vm, answer.term(), SEND, asker, reply);
    Some(answer)
}

/// The child of such a request has the token, which `served` gave.
pub(crate) fn served_by(child: &mut Process, token: Term<'_>) {
    let Some(parts) = Token::of(token) else { return };
    child.seq_trace_token = child.heap.heap.copy(token).raw();
    child.messages.watch_tokens();
    let e = child.extra.get_or_insert_default();
    (e.seq_clock, e.seq_last) = (parts.serial, parts.last);
}

/// `seq_trace:print/1`
pub fn print(cx: &Cx<'_>, what: Term<'_>) -> bool {
    if !step(cx) {
        return false;
    }
    let raw = cx.with(|p| p.seq_trace_token);
    if !cx.with(|p| p.flags.sensitive) {
        output(cx.vm(), cx.brand(raw), PRINT, Term::nil(), what);
    }
    true
}

/// A message with this token (nil: none) leaves the queue: its token is the process's.
#[cold]
pub(crate) fn received(
    p: &mut Process,
    vm: &'static Vm,
    token: Option<OwnedTerm>,
    message: RawTerm,
) {
    let Some(token) = token else {
        p.seq_trace_token = RawTerm::NIL;
        return;
    };
    let t = token.into_heap(&p.heap.heap);
    p.seq_trace_token = t.raw();
    let Some(parts) = Token::of(t) else { return };
    let (pid, sensitive) = (p.pid(), p.flags.sensitive);
    if !sensitive {
        // SAFETY: the message is still a root of the process; nothing collects here.
        output(vm, t, RECEIVE, Term::local_pid(pid), unsafe { message.brand() });
    }
    let serial = parts.serial;
    let e = p.extra.get_or_insert_default();
    e.seq_last = serial;
    e.seq_clock = e.seq_clock.max(serial);
}

/// Takes all tokens away, those of messages that wait included: of the caller at once, of others in signal order.
pub fn reset(cx: &Cx<'_>) {
    let vm = cx.vm();
    cx.with(forget);
    for pid in vm.processes.pids().into_iter().filter(|pid| *pid != cx.pid()) {
        crate::process::ask::run_in(cx, pid, Box::new(|cx| cx.with(forget)));
    }
}

fn forget(p: &mut Process) {
    p.seq_trace_token = RawTerm::NIL;
    if p.messages.has_tokens() {
        p.messages.clear_tokens();
    }
    if let Some(e) = &mut p.extra {
        (e.seq_clock, e.seq_last) = (0, 0);
    }
}

/// Tells the sequential tracer, if the token's flags ask for it.
pub(crate) fn output(vm: &'static Vm, token: Term<'_>, kind: i64, to: Term<'_>, message: Term<'_>) {
    let Some(t) = Token::of(token) else { return };
    if t.flags & kind == 0 {
        return;
    }
    let Some(tracer) = vm.flags.sequential_tracer() else { return };
    let tag = match kind {
        SEND => atom!("send"),
        RECEIVE => atom!("receive"),
        _ => atom!("print"),
    };
    let what = OwnedTerm::build(|h| {
        let counts = h.tuple(&[Term::small(t.last), Term::small(t.serial)]);
        h.tuple(&[tag.into(), counts, h.copy(t.sender), h.copy(to), h.copy(message)])
    });
    let stamps = (t.flags >> STAMP_SHIFT) as u32 & flag::TIMESTAMPS;
    match &tracer {
        Tracer::Module(m) => {
            let news = News::new(Kind::SeqTrace, atom!("seq_trace"), what.term());
            super::module::seq(vm, m, t.label, stamps, news);
        }
        _ => {
            let m = OwnedTerm::build(|h| {
                let mut parts =
                    vec![atom!("seq_trace").into(), h.copy(t.label), h.copy(what.term())];
                parts.extend(super::deliver::timestamp(vm, stamps, h));
                h.tuple(&parts)
            });
            super::deliver::hand_over(vm, &tracer, Who::Process(u64::MAX >> 8), m);
        }
    }
}

/// The sequential tracer that a term names; `false` is none.
pub fn tracer_of(vm: &'static Vm, t: Term<'_>) -> Option<Option<Tracer>> {
    if t.is_atom_of(am::FALSE) {
        return Some(None);
    }
    let tracer = Tracer::of(t)?;
    let known = match &tracer {
        Tracer::Process(pid) => vm.processes.lookup(*pid).is_some(),
        Tracer::Port(port) => crate::port::exists(vm, *port),
        Tracer::Module(m) => super::module::is_tracer(vm, m.0),
    };
    known.then_some(Some(tracer))
}
