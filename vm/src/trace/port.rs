//! What happens to ports: their openings and ends, links and names; what they are given and what they send.

use super::deliver::{Kind, News, Who, tell};
use super::{TraceCell, Traced, flag};
use crate::vm::Vm;
use term::{Atom, Heap, OwnedTerm, Term, atom};

fn all(vm: &'static Vm, id: u64, cell: &TraceCell, of: u32, news: News<'_>) {
    for t in cell.of(of) {
        tell(vm, Who::Port(id), cell, &t, None, news);
    }
}

/// What a new port gets.
#[cold]
pub(crate) fn inherit(vm: &'static Vm, cell: &TraceCell) {
    for session in vm.tracing.all() {
        let set = session.default_ports(vm);
        if let Some((flags, tracer)) = set {
            cell.update(|list| list.push(Traced { session, flags, tracer }));
        }
    }
}

/// `open`, with the owner and the driver's name.
#[cold]
pub(crate) fn opened(vm: &'static Vm, id: u64, cell: &TraceCell, owner: u64, driver: &str) {
    let news = News::new(Kind::Ports, atom!("open"), Term::local_pid(owner))
        .with(Atom::new(driver).into());
    all(vm, id, cell, flag::PORTS, news);
}

/// Any other event of ports.
#[cold]
pub(crate) fn event(vm: &'static Vm, id: u64, cell: &TraceCell, tag: &str, what: Term<'_>) {
    all(vm, id, cell, flag::PORTS, News::new(Kind::Ports, Atom::new(tag), what));
}

/// A process asked something of the port: `{Caller, What}`.
#[cold]
pub(crate) fn received(
    vm: &'static Vm,
    id: u64,
    cell: &TraceCell,
    caller: u64,
    what: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
) {
    let what = OwnedTerm::build(|h| h.tuple(&[Term::local_pid(caller), what(h)]));
    all(vm, id, cell, flag::RECEIVE, News::new(Kind::Receive, atom!("receive"), what.term()));
}

/// Its timer has gone off.
#[cold]
pub(crate) fn timeout(vm: &'static Vm, id: u64, cell: &TraceCell) {
    let timeout = atom!("timeout").into();
    all(vm, id, cell, flag::RECEIVE, News::new(Kind::Receive, atom!("receive"), timeout));
}

/// An answer to a request, as if it were a message: `{Port, {What, Answer}}`.
#[cold]
pub(crate) fn answered(
    vm: &'static Vm,
    id: u64,
    cell: &TraceCell,
    to: u64,
    what: &str,
    answer: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
) {
    let m = OwnedTerm::build(|h| {
        let answer = h.tuple(&[Atom::new(what).into(), answer(h)]);
        h.tuple(&[Term::local_port(id), answer])
    });
    sent(vm, id, cell, to, m.term());
}

/// A term as calls of ports are shown: in the external format.
pub(crate) fn external<'h>(vm: &'static Vm, h: &'h Heap, t: Term<'_>) -> Term<'h> {
    let resolver = crate::code::load::VmResolver(vm);
    let mut bytes = Vec::new();
    match etf::encode(t, &mut bytes, &etf::EncodeOptions::new(&resolver)) {
        Ok(_) => h.binary(&bytes),
        Err(_) => Term::atom(term::atom::am::UNDEFINED),
    }
}

/// The port sends a message to a process.
#[cold]
pub fn sent(vm: &'static Vm, id: u64, cell: &TraceCell, to: u64, message: Term<'_>) {
    let gone = vm.processes.lookup(to).is_none();
    let tag = if gone { atom!("send_to_non_existing_process") } else { atom!("send") };
    let news = News::new(Kind::Send, tag, message).with(Term::local_pid(to));
    // Since OTP 27 what is set for messages that are sent counts for ports too, but for match specifications.
    let always = vm.release() < 27;
    for t in cell.of(flag::SEND).into_iter().filter(|t| always || t.session.settings().send.on) {
        tell(vm, Who::Port(id), cell, &t, None, news);
    }
}

/// Slices of a port: what it does for a process begins or ends; no name stands for what it does by itself.
#[cold]
pub(crate) fn slice(vm: &'static Vm, id: u64, cell: &TraceCell, begins: bool, what: Option<&str>) {
    let tag = if begins { atom!("in") } else { atom!("out") };
    let what = what.map_or(Term::small(0), |name| Atom::new(name).into());
    let news = News::new(Kind::RunningPorts, tag, what);
    all(vm, id, cell, flag::RUNNING_PORTS, news);
}
