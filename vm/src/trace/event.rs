//! What happens to processes: sends, receives, births and deaths, time slices, collections.

use super::action::RunningTracee;
use super::deliver::{Kind, News, Who, tell};
use super::session::{Event, Spec};
use super::{TraceCell, Traced, flag};
use crate::bif::Cx;
use crate::match_spec::Machine;
use crate::process::{Process, task};
use crate::signal::{Message, Sender};
use crate::vm::Vm;
use term::atom::am;
use term::{Atom, OwnedTerm, Term, atom};

fn cell(p: &Process) -> &TraceCell {
    &p.shared.trace
}

/// Tells every session that has `of` set.
pub(crate) fn all(vm: &'static Vm, p: &Process, of: u32, cx: Option<&Cx<'_>>, news: News<'_>) {
    let who = Who::Process(p.pid());
    for t in cell(p).of(of) {
        tell(vm, who, cell(p), &t, cx, news);
    }
}

/// The result of an event's match specification: `None` says that nothing is told.
fn filter<'p>(
    cx: &Cx<'p>,
    t: &Traced,
    event: &Event,
    args: impl FnOnce() -> Vec<Term<'p>>,
) -> Option<Term<'p>> {
    if !event.on {
        return None;
    }
    let Some(spec) = &event.spec else { return Some(Term::bool(true)) };
    let r = run_spec(cx, t, spec, &args())?;
    let silent = cx.with(|p| p.shared.trace.in_session(&t.session));
    silent.is_none_or(|t| t.flags & flag::SILENT == 0).then_some(r)
}

fn run_spec<'p>(cx: &Cx<'p>, t: &Traced, spec: &Spec, args: &[Term<'p>]) -> Option<Term<'p>> {
    let mut actions = RunningTracee::new(cx, t.session.clone(), &t.tracer, None);
    let r = Machine::new().trace(&spec.program, cx, args, &mut actions)?;
    (!r.is_atom_of(am::FALSE)).then_some(r)
}

/// The process is about to send a message.
#[cold]
pub fn send(cx: &Cx<'_>, to: Term<'_>, message: Term<'_>) {
    if cx.with(|p| p.tracer_runs) {
        return;
    }
    let vm = cx.vm();
    let who = Who::Process(cx.pid());
    for t in cx.with(|p| p.shared.trace.of(flag::SEND)) {
        let event = t.session.settings().send.clone();
        let args = || vec![cx.heap().copy(to), cx.heap().copy(message)];
        let Some(result) = filter(cx, &t, &event, args) else { continue };
        let gone = to.as_pid().is_some_and(|pid| match pid.local() {
            Some(pid) => vm.processes.lookup(pid).is_none(),
            None => pid.term().as_pid().is_some_and(|p| p.local().is_none()) && is_former(to),
        });
        let tag = if gone { atom!("send_to_non_existing_process") } else { atom!("send") };
        let news = News::new(Kind::Send, tag, message).with(to).result(result);
        cx.with(|p| tell(vm, who, &p.shared.trace, &t, Some(cx), news));
    }
}

/// A pid of this node in an earlier life.
fn is_former(t: Term<'_>) -> bool {
    crate::dist::RemotePid::of(t).is_none()
}

/// A message has come to the process's inner queue.
#[cold]
pub(crate) fn receive(
    p: &mut Process,
    vm: &'static Vm,
    scheduler: usize,
    from: Result<Sender, Atom>,
    message: &Message,
) {
    received(p, vm, scheduler, sender(from), message.term());
}

/// A receive gave up waiting.
#[cold]
pub(crate) fn timeout(p: &mut Process, vm: &'static Vm, scheduler: usize) {
    let clock = [atom!("clock_service").into(), am::UNDEFINED.into()];
    received(p, vm, scheduler, clock, atom!("timeout").into());
}

fn received(
    p: &mut Process,
    vm: &'static Vm,
    scheduler: usize,
    [node, from]: [Term<'_>; 2],
    message: Term<'_>,
) {
    let who = Who::Process(p.pid());
    // SAFETY: this thread runs the process; the turn ends here.
    let cx = unsafe { Cx::new(p, vm, scheduler) };
    for t in p.shared.trace.of(flag::RECEIVE) {
        let event = t.session.settings().receive.clone();
        let args = || {
            let h = cx.heap();
            vec![h.copy(node), h.copy(from), h.copy(message)]
        };
        let Some(result) = filter(&cx, &t, &event, args) else { continue };
        let news = News::new(Kind::Receive, atom!("receive"), message).result(result);
        tell(vm, who, &p.shared.trace, &t, Some(&cx), news);
    }
}

/// Node and pid of a sender, as match specifications of `receive` see them: of other nodes only the node is known.
fn sender(from: Result<Sender, Atom>) -> [Term<'static>; 2] {
    let here = term::node::this().name;
    match from {
        Err(node) => [node.into(), am::UNDEFINED.into()],
        Ok(Sender::Process(pid)) => [here.into(), Term::local_pid(pid)],
        Ok(Sender::Port(port)) => [here.into(), Term::local_port(port)],
        Ok(Sender::Remote(pid, _)) => [pid.node_name().into(), am::UNDEFINED.into()],
        _ => [atom!("system").into(), am::UNDEFINED.into()],
    }
}

// Births and deaths.

/// Whether events of births and deaths are told of.
#[inline(always)]
pub(crate) fn procs(p: &Process) -> bool {
    cell(p).has(flag::PROCS)
}

/// Tells of an event with one term.
#[cold]
pub(crate) fn procs_event(vm: &'static Vm, p: &Process, tag: Atom, what: Term<'_>) {
    all(vm, p, flag::PROCS, None, News::new(Kind::Procs, tag, what));
}

/// The same of the process that runs a native.
#[cold]
pub fn own_event(cx: &Cx<'_>, tag: &str, what: Term<'_>) {
    let news = News::new(Kind::Procs, Atom::new(tag), what);
    for t in cx.with(|p| p.shared.trace.of(flag::PROCS)) {
        let who = Who::Process(cx.pid());
        cx.with(|p| tell(cx.vm(), who, &p.shared.trace, &t, Some(cx), news));
    }
}

/// Something was done to a process by name.
#[cold]
pub fn process_event(cx: &Cx<'_>, p: &crate::process::ProcRef, tag: &str, what: Term<'_>) {
    let news = News::new(Kind::Procs, Atom::new(tag), what);
    for t in p.trace.of(flag::PROCS) {
        tell(cx.vm(), Who::Process(p.pid), &p.trace, &t, Some(cx), news);
    }
}

/// Whether the process that runs a native wants events told.
#[inline]
pub fn own_procs(cx: &Cx<'_>) -> bool {
    cx.with(|p| p.shared.trace.has(flag::PROCS))
}

/// What a new process inherits; `linked`: to its parent.
#[cold]
pub(crate) fn inherit(vm: &'static Vm, parent: Option<&Process>, child: &Process, linked: bool) {
    if vm.tracing.new_processes.load(core::sync::atomic::Ordering::Acquire) {
        for session in vm.tracing.all() {
            let set = session.default_processes(vm);
            if let Some((flags, tracer)) = set {
                child.shared.trace.update(|list| list.push(Traced { session, flags, tracer }));
            }
        }
    }
    let Some(parent) = parent else { return };
    for t in cell(parent).of(flag::INHERIT) {
        let first = t.flags & flag::SET_ON_FIRST_SPAWN != 0;
        let link = linked && t.flags & (flag::SET_ON_LINK | flag::SET_ON_FIRST_LINK) != 0;
        let first_link = link && t.flags & flag::SET_ON_FIRST_LINK != 0;
        if t.flags & flag::SET_ON_SPAWN == 0 && !first && !link {
            continue;
        }
        let mut gone = 0;
        if first {
            gone |= flag::SET_ON_FIRST_SPAWN | flag::SET_ON_SPAWN;
        }
        if first_link {
            gone |= flag::SET_ON_FIRST_LINK | flag::SET_ON_LINK;
        }
        give(child, &t, t.flags & !gone);
        if gone != 0 {
            cell(parent).update(|list| {
                for own in list.iter_mut().filter(|o| o.session.id == t.session.id) {
                    own.flags &= !gone;
                }
            });
        }
    }
}

fn give(to: &Process, t: &Traced, flags: u32) {
    cell(to).update(|list| match list.iter_mut().find(|o| o.session.id == t.session.id) {
        Some(own) => {
            own.flags |= flags;
            own.tracer = t.tracer.clone();
        }
        None => list.push(Traced { flags, ..t.clone() }),
    });
}

/// What a link takes along to the process that is linked to.
pub struct Passed(Vec<Traced>);

/// The flags that go with a link that the process makes, if any do.
pub(crate) fn pass_on_link(p: &Process) -> Option<Box<Passed>> {
    const ANY: u32 = flag::SET_ON_LINK | flag::SET_ON_FIRST_LINK;
    let mut passed = cell(p).of(ANY);
    for t in &mut passed {
        if t.flags & flag::SET_ON_FIRST_LINK != 0 {
            cell(p).update(|list| {
                for own in list.iter_mut().filter(|o| o.session.id == t.session.id) {
                    own.flags &= !ANY;
                }
            });
            t.flags &= !ANY;
        }
    }
    (!passed.is_empty()).then(|| Box::new(Passed(passed)))
}

/// A link brought flags: they count where the process is not traced yet.
pub(crate) fn take_passed(p: &Process, passed: Passed) {
    for t in passed.0 {
        if cell(p).in_session(&t.session).is_none() {
            give(p, &t, t.flags);
        }
    }
}

/// Parent and child tell of each other.
#[cold]
pub(crate) fn spawned(
    vm: &'static Vm,
    parent: Option<&Process>,
    child: &Process,
    (m, f, args): (Atom, Atom, Term<'_>),
    linked: bool,
) {
    let call = OwnedTerm::build(|h| h.tuple(&[m.into(), f.into(), h.copy(args)]));
    let pid = Term::local_pid(child.pid());
    if let Some(parent) = parent.filter(|p| procs(p)) {
        let news = News::new(Kind::Procs, atom!("spawn"), pid).with(call.term());
        all(vm, parent, flag::PROCS, None, news);
        if linked {
            procs_event(vm, parent, am::LINK, pid);
        }
    }
    if procs(child) {
        let by = parent.map_or(am::UNDEFINED.into(), |p| Term::local_pid(p.pid()));
        let news = News::new(Kind::Procs, atom!("spawned"), by).with(call.term());
        all(vm, child, flag::PROCS, None, news);
        if linked {
            procs_event(vm, child, atom!("getting_linked"), by);
        }
    }
}

// Time slices.

const SLICES: u32 = flag::RUNNING | flag::RUNNING_PROCS;

/// Whether beginnings and ends of slices are of interest.
#[inline(always)]
pub(crate) fn slices(p: &Process) -> bool {
    cell(p).has(SLICES | flag::EXITING | flag::CALL)
}

/// The process begins (`in`) or ends (`out`) a slice.
#[cold]
pub(crate) fn slice(vm: &'static Vm, p: &mut Process, begins: bool) {
    if begins {
        forget_the_dead(vm, p);
    }
    if cell(p).has(flag::CALL) {
        if begins {
            super::call::scheduled_in(p);
        } else {
            super::call::scheduled_out(p);
        }
    }
    if !cell(p).has(SLICES) {
        return;
    }
    let tag = if begins { atom!("in") } else { atom!("out") };
    let place = task::function(vm, p);
    tell_place(vm, p, SLICES, tag, place);
}

/// Whether calls of ports by the process show in its slices.
#[inline(always)]
pub(crate) fn port_calls(p: &Process) -> bool {
    cell(p).has(flag::RUNNING_PROCS)
}

/// The process calls a port's driver itself (`out`), or is back (`in`). As on the reference the place is where its slice began.
#[cold]
pub(crate) fn port_call(vm: &'static Vm, p: &Process, back: bool) {
    let tag = if back { atom!("in") } else { atom!("out") };
    tell_place(vm, p, flag::RUNNING_PROCS, tag, task::function(vm, p));
}

/// Traces of tracers that have ended go.
fn forget_the_dead(vm: &'static Vm, p: &Process) {
    use super::Tracer;
    for t in cell(p).of(flag::ALL) {
        let who = Who::Process(p.pid());
        let is_module = matches!(t.tracer, Tracer::Module(_));
        if !is_module && !super::deliver::is_alive(vm, &t.tracer, who) {
            cell(p).clear(&t.session);
        }
    }
}

/// The process that is about to end runs (`in_exiting`), stops (`out_exiting`), has ended (`out_exited`).
#[cold]
pub(crate) fn exiting(vm: &'static Vm, p: &Process, tag: &str) {
    tell_place(vm, p, flag::EXITING, Atom::new(tag), None);
}

fn tell_place(vm: &'static Vm, p: &Process, of: u32, tag: Atom, place: Option<(Atom, Atom, u32)>) {
    let what = OwnedTerm::build(|h| match place {
        Some((m, f, a)) => h.tuple(&[m.into(), f.into(), Term::small(a.into())]),
        None => Term::small(0),
    });
    all(vm, p, of, None, News::new(Kind::RunningProcs, tag, what.term()));
}

// Collections.

/// A collection begins or has ended; `words` is what it was for, or what it gave back.
#[cold]
pub(crate) fn collection(vm: &'static Vm, p: &Process, tag: &str, words: Option<usize>) {
    let sizes = crate::process::info::sizes_of(p);
    let what = OwnedTerm::build(|h| {
        let list = crate::process::info::collection_info(h, sizes);
        match words {
            Some(n) => h.cons(h.tuple(&[atom!("wordsize").into(), h.uint(n as u64)]), list),
            None => list,
        }
    });
    all(vm, p, flag::GC, None, News::new(Kind::Gc, Atom::new(tag), what.term()));
}
