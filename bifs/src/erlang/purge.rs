//! Natives of the code purger, the literal area collector, and those who ask for system tasks
//! [beam_bif_load.c].

use core::sync::atomic::Ordering;
use term::atom::am;
use term::{Atom, OwnedTerm, Pid, Term, atom};
use vm::code::purge;
use vm::process::task::{Task, Work};
use vm::process::{Priority, state};
use vm::signal::{Body, Sender};
use vm::{BifResult, Cx};

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// `prepare`, `prepare_on_load`, `abort`, `complete`: only for `erts_code_purger`.
    Heavy "purge_module"/2 => purge_module(0, 1);
    /// Whether the caller runs old code of the module.
    Heavy "check_process_code"/1 => check_process_code(0);
    Plain "check_dirty_process_code"/2 => check_dirty(0, 1);
    Plain "dirty_process_handle_signals"/1 => handle_signals(0);
    Heavy "request_system_task"/3 => request(0, 1, 2);
    Heavy "request_system_task"/4 => request_for(0, 1, 2, 3);
} }

vm::bifs! { pub COLLECTOR: "erts_literal_area_collector" {
    Heavy "release_area_switch"/0 => release_area_switch();
    Heavy "send_copy_request"/3 => send_copy_request(0, 1, 2);
} }

fn purge_module<'p>(cx: &Cx<'p>, name: Term<'p>, what: Term<'p>) -> BifResult<'p> {
    if cx.pid() != cx.vm().system.purger.load(Ordering::Relaxed) {
        return Err(cx.error(am::NOTSUP));
    }
    let name = cx.need(name.as_atom())?;
    match cx.need(what.as_atom())?.name() {
        "prepare" => purge::prepare(cx, name, false),
        "prepare_on_load" => purge::prepare(cx, name, true),
        "abort" => purge::abort(cx, name),
        "complete" => purge::complete(cx, name),
        _ => Err(cx.badarg()),
    }
}

fn check_process_code<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    Ok(Term::bool(purge::check_caller(cx, name)))
}

fn is_handler(cx: &Cx<'_>) -> bool {
    cx.vm().system.dirty.iter().any(|p| p.load(Ordering::Relaxed) == cx.pid())
}

/// What the handler is told about a process: it deals with signals itself once its native ends.
fn dirty_state<'p>(cx: &Cx<'p>, pid: Pid<'p>) -> BifResult<'p> {
    if !is_handler(cx) {
        return Err(cx.error(am::NOTSUP));
    }
    let pid = cx.need(pid.local())?;
    let Some(p) = cx.vm().processes.lookup(pid) else { return Ok(am::FALSE.into()) };
    let dirty = p.state.has(state::DIRTY_CPU | state::DIRTY_IO) && p.state.has(state::RUNNING);
    Ok(Term::atom(if dirty { am::BUSY } else { am::NORMAL }))
}
fn check_dirty<'p>(cx: &Cx<'p>, pid: Pid<'p>, _module: Atom) -> BifResult<'p> {
    dirty_state(cx, pid)
}
fn handle_signals<'p>(cx: &Cx<'p>, pid: Pid<'p>) -> BifResult<'p> {
    dirty_state(cx, pid)
}

fn request<'p>(cx: &Cx<'p>, pid: Pid<'p>, prio: Atom, what: Term<'p>) -> BifResult<'p> {
    send(cx, cx.pid(), pid, prio, what)
}
fn request_for<'p>(
    cx: &Cx<'p>,
    requester: Pid<'p>,
    pid: Pid<'p>,
    prio: Atom,
    what: Term<'p>,
) -> BifResult<'p> {
    let requester = cx.need(requester.local())?;
    send(cx, requester, pid, prio, what)
}

fn send<'p>(
    cx: &Cx<'p>,
    requester: u64,
    pid: Pid<'p>,
    prio: Atom,
    what: Term<'p>,
) -> BifResult<'p> {
    let priority = match prio.name() {
        "max" => Some(Priority::Max),
        "high" => Some(Priority::High),
        "normal" => Some(Priority::Normal),
        "low" => Some(Priority::Low),
        "inherit" => Some(own_priority(cx)),
        _ => None,
    };
    let priority = cx.need(priority)?;
    let pid = cx.need(pid.local())?;
    if let Some([op, id]) = what.as_tuple_of::<2>() {
        cx.need(op.is_atom_of(atom!("system_task_test")).then_some(()))?;
        post(cx, pid, Task { requester, priority, id: OwnedTerm::copy_of(id), work: Work::Test });
        return Ok(am::OK.into());
    }
    let [op, id, arg] = cx.need(what.as_tuple_of::<3>())?;
    let work = match cx.need(op.as_atom())?.name() {
        "garbage_collect" => match cx.need(arg.as_atom())?.name() {
            "major" => Work::Collect { major: true },
            "minor" => Work::Collect { major: false },
            _ => return Err(cx.badarg()),
        },
        "check_process_code" => Work::CheckCode(cx.need(arg.as_atom())?),
        "copy_literals" => Work::CopyLiterals,
        _ => return Err(cx.badarg()),
    };
    post(cx, pid, Task { requester, priority, id: OwnedTerm::copy_of(id), work });
    Ok(am::OK.into())
}

fn post(cx: &Cx<'_>, pid: u64, task: Task) {
    let priority = task.priority;
    cx.vm().signal(pid, Sender::Process(cx.pid()), Body::Task(Box::new(task)));
    vm::process::ask::hurry_at(cx, pid, priority);
}

fn own_priority(cx: &Cx<'_>) -> Priority {
    cx.with(|p| p.shared.state.priority())
}

fn is_collector(cx: &Cx<'_>) -> bool {
    cx.pid() == cx.vm().system.collector.load(Ordering::Relaxed)
}

fn release_area_switch<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    if !is_collector(cx) {
        return Err(cx.error(am::NOTSUP));
    }
    purge::switch_area(cx)
}

fn send_copy_request<'p>(cx: &Cx<'p>, pid: Pid<'p>, area: Term<'p>, how: Atom) -> BifResult<'p> {
    if !is_collector(cx) {
        return Err(cx.error(am::NOTSUP));
    }
    let local = cx.need(pid.local())?;
    let known = [atom!("init"), atom!("check_gc"), atom!("need_gc")];
    cx.need(known.contains(&how).then_some(()))?;
    // The whole work is done at the first request.
    let id = OwnedTerm::build(|h| h.tuple(&[h.copy(area), how.into(), h.copy(pid.term())]));
    let priority = own_priority(cx);
    post(cx, local, Task { requester: cx.pid(), priority, id, work: Work::CopyLiterals });
    Ok(am::OK.into())
}
