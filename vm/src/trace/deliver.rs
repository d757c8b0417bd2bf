//! Trace messages: `{trace, Tracee, What, …}` with what the flags ask for behind it [erl_tracer_nif.c].

use super::{TraceCell, Traced, Tracer, flag};
use crate::bif::Cx;
use crate::process::state;
use crate::signal::Sender;
use crate::timer::Fire;
use crate::vm::Vm;
use term::atom::am;
use term::{Atom, Heap, OwnedTerm, Term, atom};

/// Who is traced.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Who {
    Process(u64),
    Port(u64),
}

impl Who {
    pub fn term(self) -> Term<'static> {
        match self {
            Who::Process(pid) => Term::local_pid(pid),
            Who::Port(port) => Term::local_port(port),
        }
    }
    fn sender(self) -> Sender {
        match self {
            Who::Process(pid) => Sender::Process(pid),
            Who::Port(port) => Sender::Port(port),
        }
    }
    fn is(self, t: &Tracer) -> bool {
        match (self, t) {
            (Who::Process(a), Tracer::Process(b)) | (Who::Port(a), Tracer::Port(b)) => a == *b,
            _ => false,
        }
    }
}

/// Which function of a tracer module is told.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Call,
    Send,
    Receive,
    Procs,
    RunningProcs,
    RunningPorts,
    Gc,
    Ports,
    SeqTrace,
    Status,
}

impl Kind {
    /// The end of the function's name: `enabled_call`, `trace_call`.
    pub(super) fn name(self) -> &'static str {
        match self {
            Kind::Call => "call",
            Kind::Send => "send",
            Kind::Receive => "receive",
            Kind::Procs => "procs",
            Kind::RunningProcs => "running_procs",
            Kind::RunningPorts => "running_ports",
            Kind::Gc => "garbage_collection",
            Kind::Ports => "ports",
            Kind::SeqTrace => "seq_trace",
            Kind::Status => "",
        }
    }
}

/// Something to tell of.
#[derive(Clone, Copy)]
pub struct News<'t> {
    pub kind: Kind,
    pub tag: Atom,
    pub what: Term<'t>,
    pub extra: Option<Term<'t>>,
    /// Of a match specification, unless it is `true`.
    pub result: Option<Term<'t>>,
}

impl<'t> News<'t> {
    pub fn new(kind: Kind, tag: Atom, what: Term<'t>) -> News<'t> {
        News { kind, tag, what, extra: None, result: None }
    }
    pub fn with(mut self, extra: Term<'t>) -> News<'t> {
        self.extra = Some(extra);
        self
    }
    pub fn result(mut self, result: Term<'t>) -> News<'t> {
        self.result = (!result.is_atom_of(term::atom::am::TRUE)).then_some(result);
        self
    }
}

/// Whether a tracer can still be told of something.
pub fn is_alive(vm: &'static Vm, tracer: &Tracer, who: Who) -> bool {
    match tracer {
        Tracer::Process(pid) => {
            vm.processes.lookup(*pid).is_some_and(|p| !p.state.has(state::EXITING | state::FREE))
        }
        Tracer::Port(port) => crate::port::exists(vm, *port),
        Tracer::Module(m) => super::module::status(vm, m, who),
    }
}

/// Tells what has happened, and finds out tracers that are gone. `scheduler`: of the thread (from 1; 0 none).
pub fn tell(
    vm: &'static Vm,
    who: Who,
    cell: &TraceCell,
    t: &Traced,
    cx: Option<&Cx<'_>>,
    news: News<'_>,
) {
    if !send(vm, who, &t.tracer, t.flags, cx, news) {
        cell.clear(&t.session);
    }
}

/// Sends a trace message. `false`: the tracer is gone.
pub fn send(
    vm: &'static Vm,
    who: Who,
    tracer: &Tracer,
    flags: u32,
    cx: Option<&Cx<'_>>,
    news: News<'_>,
) -> bool {
    match tracer {
        _ if who.is(tracer) => true,
        Tracer::Process(pid) => {
            let Some(p) = vm.processes.lookup(*pid) else { return false };
            if p.state.has(state::EXITING | state::FREE) {
                return false;
            }
            vm.send_to(who.sender(), &p, message(vm, who, flags, news));
            true
        }
        Tracer::Port(port) => {
            if !crate::port::exists(vm, *port) {
                return false;
            }
            let m = message(vm, who, flags, news);
            to_port(vm, *port, who, &m)
        }
        Tracer::Module(m) => super::module::trace(vm, m, who, flags, cx, news),
    }
}

/// As a tracer that a program calls by name: the tracee is any term, and so is a scheduler's number.
pub fn as_told(
    vm: &'static Vm,
    pid: u64,
    tracer: &Tracer,
    tracee: Term<'_>,
    flags: u32,
    scheduler: Option<Term<'_>>,
    news: News<'_>,
) {
    let m = OwnedTerm::build(|h| {
        let stamp = timestamp(vm, flags, h);
        let mut parts = Vec::with_capacity(8);
        if news.tag == atom!("seq_trace") && news.extra.is_none() {
            parts.extend([news.tag.into(), h.copy(tracee), h.copy(news.what)]);
        } else {
            let tag = if stamp.is_some() { atom!("trace_ts") } else { atom!("trace") };
            parts.extend([tag.into(), h.copy(tracee), news.tag.into(), h.copy(news.what)]);
        }
        parts.extend(news.extra.map(|t| h.copy(t)));
        parts.extend(news.result.map(|t| h.copy(t)));
        parts.extend(scheduler.map(|t| h.copy(t)));
        parts.extend(stamp);
        h.tuple(&parts)
    });
    hand_over(vm, tracer, Who::Process(pid), m);
}

/// The external format of a message as output of a port.
fn to_port(vm: &'static Vm, port: u64, who: Who, m: &OwnedTerm) -> bool {
    let resolver = crate::code::load::VmResolver(vm);
    let mut bytes = Vec::new();
    if etf::encode(m.term(), &mut bytes, &etf::EncodeOptions::new(&resolver)).is_err() {
        return true;
    }
    let data = OwnedTerm::build(|h| h.binary(&bytes));
    let from = match who {
        Who::Process(pid) => pid,
        Who::Port(_) => crate::port::owner(vm, port),
    };
    crate::port::post_output(vm, port, from, data.term());
    true
}

/// Hands a ready message to a process or port.
pub(crate) fn hand_over(vm: &'static Vm, tracer: &Tracer, who: Who, m: OwnedTerm) {
    match tracer {
        Tracer::Process(pid) => vm.send_message(Sender::System, *pid, m),
        Tracer::Port(port) => {
            to_port(vm, *port, who, &m);
        }
        Tracer::Module(_) => {}
    }
}

/// Tells the caller when all that was traced before has been delivered: messages are handed over at once, so it is
/// enough that every thread has left what it is doing.
pub fn delivered(cx: &Cx<'_>, tracee: Option<u64>, reference: (u64, u64)) {
    let vm = cx.vm();
    let waiting = vm.sched.progress.now(cx.scheduler(), false);
    let answer = Box::new(Delivered { to: cx.pid(), tracee, reference, waiting });
    match tracee {
        Some(_) => answer.fire(vm),
        // Who has just been sent a signal gets to handle it, and is traced, as while the reference asks all its schedulers.
        None => _ = vm.start_timer(vm.monotonic() + STEP, answer),
    }
}

/// How long [`Delivered`] waits until it looks (again), in nanoseconds.
const STEP: i64 = 1_000_000;

struct Delivered {
    to: u64,
    tracee: Option<u64>,
    reference: (u64, u64),
    waiting: crate::sched::progress::Waiting,
}

impl Fire for Delivered {
    fn fire(mut self: Box<Self>, vm: &'static Vm) {
        if !vm.sched.progress.passed(&mut self.waiting) {
            vm.start_timer(vm.monotonic() + STEP, self);
            return;
        }
        let (n0, n1) = self.reference;
        let m = OwnedTerm::build(|h| {
            let tracee = self.tracee.map_or(am::ALL.into(), Term::local_pid);
            h.tuple(&[atom!("trace_delivered").into(), tracee, h.reference(n0, n1)])
        });
        vm.send_message(Sender::System, self.to, m);
    }
}

fn message(vm: &Vm, who: Who, flags: u32, news: News<'_>) -> OwnedTerm {
    OwnedTerm::build(|h| {
        let stamp = timestamp(vm, flags, h);
        let tag = if stamp.is_some() { atom!("trace_ts") } else { atom!("trace") };
        let mut parts = Vec::with_capacity(8);
        parts.extend([tag.into(), who.term(), news.tag.into(), h.copy(news.what)]);
        parts.extend(news.extra.map(|t| h.copy(t)));
        parts.extend(news.result.map(|t| h.copy(t)));
        if flags & flag::SCHEDULER_ID != 0 {
            parts.push(Term::small(crate::sched::scheduler_id() as i64));
        }
        parts.extend(stamp);
        h.tuple(&parts)
    })
}

/// What unique integers start with.
const LEAST: i128 = -(1 << 59);

/// Processor time of the emulator in microseconds.
fn process_us() -> i64 {
    let t = sys::clock::process_cpu();
    (t.user_us + t.system_us) as i64
}

/// The time as the flags want it.
pub(crate) fn timestamp<'h>(vm: &Vm, flags: u32, h: &'h Heap) -> Option<Term<'h>> {
    let triple = |us: i64| {
        let part = |n: i64| Term::small(n);
        let (s, us) = (us.div_euclid(1_000_000), us.rem_euclid(1_000_000));
        h.tuple(&[part(s.div_euclid(1_000_000)), part(s.rem_euclid(1_000_000)), part(us)])
    };
    if flags & flag::NOW != 0 {
        if vm.tracing.cpu_time.load(core::sync::atomic::Ordering::Relaxed) {
            return Some(triple(process_us()));
        }
        return Some(triple(crate::time::now_us()));
    }
    if flags & flag::STRICT_MONOTONIC != 0 {
        let unique = crate::refs::monotonic();
        return Some(
            h.tuple(&[h.int(crate::time::monotonic_ns()), h.i128(i128::from(unique) + LEAST)]),
        );
    }
    if flags & flag::MONOTONIC != 0 {
        return Some(h.int(crate::time::monotonic_ns()));
    }
    None
}
