//! Natives that act on another process and wait until it has seen that: suspend, group leader, …

use term::atom::am;
use term::{Atom, OwnedTerm, Pid, Reference, Term, atom};
use vm::bif::List;
use vm::process::{ask, info, state, suspend};
use vm::signal::{Body, Sender};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Heavy "resume_process"/1 => resume_process(0);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// `true`, `false` or `badarg`.
    Heavy "suspend_process"/2 => suspend_process(0, 1);
    /// Answers `{Ref, true | badarg}`.
    Heavy "group_leader"/3 => group_leader(0, 1, 2);
    /// Answers `{Ref, boolean()}`.
    Heavy "is_process_alive"/2 => is_process_alive(0, 1);
    Heavy "process_flag"/3 => process_flag(0, 1, 2);
    /// Shows a process's stack on standard error.
    Heavy "process_display"/2 => process_display(0, 1);
    Plain "is_process_executing_dirty"/1 => is_dirty(0);
} }

fn suspend_process<'p>(cx: &Cx<'p>, pid: Term<'p>, options: List<'p>) -> BifResult<'p> {
    let bad = || Ok(am::BADARG.into());
    let Some(pid) = pid.as_pid().and_then(|p| p.local()) else { return bad() };
    let (mut unless, mut wait, mut reply) = (false, true, None);
    let Some(options) = options.0.to_vec() else { return bad() };
    for o in options {
        match (o.as_atom().map(|a| a.name()), o.as_tuple_of::<2>()) {
            (Some("unless_suspending"), _) => unless = true,
            (Some("asynchronous"), _) => wait = false,
            (_, Some([k, v])) if k.is_atom_of(atom!("asynchronous")) => {
                wait = false;
                reply = Some(OwnedTerm::copy_of(v));
            }
            _ => return bad(),
        }
    }
    if pid == cx.pid() || cx.vm().processes.lookup(pid).is_none() {
        return bad();
    }
    let begun = suspend::suspend(cx, pid, unless);
    if wait {
        // What began earlier may not be in effect yet.
        let answer: ask::Question = Box::new(move |_, _| Term::bool(begun));
        return Err(ask::ask(cx, pid, am::BADARG, answer));
    }
    if !begun {
        return Ok(Term::bool(false));
    }
    if let Some(reply) = reply {
        suspend::tell(cx, pid, reply);
    }
    Ok(Term::bool(true))
}

fn resume_process<'p>(cx: &Cx<'p>, pid: Pid<'p>) -> BifResult<'p> {
    let pid = cx.need(pid.local())?;
    if suspend::resume(cx, pid) { Ok(am::TRUE.into()) } else { Err(cx.badarg()) }
}

fn group_leader<'p>(cx: &Cx<'p>, leader: Pid<'p>, pid: Pid<'p>, r: Reference<'p>) -> BifResult<'p> {
    let pid = cx.need(pid.local())?;
    let id = cx.need(r.local_id())?;
    let leader = OwnedTerm::copy_of(leader.term());
    cx.vm().signal(pid, Sender::Process(cx.pid()), Body::GroupLeader(leader));
    ask::ask_by_message(cx, pid, id, am::BADARG, Box::new(|_, _| am::TRUE.into()));
    Ok(am::OK.into())
}

fn is_process_alive<'p>(cx: &Cx<'p>, pid: Pid<'p>, r: Reference<'p>) -> BifResult<'p> {
    let pid = cx.need(pid.local())?;
    let id = cx.need(r.local_id())?;
    let alive: ask::Question =
        Box::new(|cx, _| Term::bool(!cx.with(|p| p.shared.state.has(state::EXITING))));
    ask::ask_by_message(cx, pid, id, am::FALSE, alive);
    Ok(am::OK.into())
}

fn process_flag<'p>(cx: &Cx<'p>, pid: Term<'p>, flag: Atom, v: Term<'p>) -> BifResult<'p> {
    let pid = pid.as_pid().and_then(|p| p.local());
    let n = v.as_small().filter(|n| (0..=10_000).contains(n));
    match (pid, n) {
        (Some(pid), Some(n)) if flag == am::SAVE_CALLS => {
            let set: ask::Question = Box::new(move |cx, _| {
                let old = cx.with(|p| core::mem::replace(&mut p.flags.save_calls, n as u32));
                Term::small(i64::from(old))
            });
            if pid == cx.pid() {
                return Ok(set(cx, cx.heap()));
            }
            Err(ask::ask(cx, pid, atom!("badtype"), set))
        }
        _ => Ok(am::BADARG.into()),
    }
}

fn process_display<'p>(cx: &Cx<'p>, pid: Term<'p>, what: Term<'p>) -> BifResult<'p> {
    let Some(pid) = pid.as_pid().and_then(|p| p.local()) else {
        return Ok(am::BADARG.into());
    };
    if !what.is_atom_of(atom!("backtrace")) {
        return Ok(atom!("badopt").into());
    }
    let show: ask::Question = Box::new(|cx, _| {
        use std::io::Write;
        let _ = std::io::stderr().write_all(&info::backtrace(cx));
        am::TRUE.into()
    });
    if pid == cx.pid() {
        return Ok(show(cx, cx.heap()));
    }
    Err(ask::ask(cx, pid, am::BADARG, show))
}

fn is_dirty<'p>(cx: &Cx<'p>, pid: Pid<'p>) -> BifResult<'p> {
    let pid = cx.need(pid.local())?;
    let dirty = state::DIRTY_CPU | state::DIRTY_IO;
    let p = cx.vm().processes.lookup(pid);
    Ok(Term::bool(p.is_some_and(|p| p.state.has(dirty) && p.state.has(state::RUNNING))))
}
