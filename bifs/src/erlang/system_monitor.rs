//! `erlang:system_monitor/0,1,2` and `erlang:system_profile/0,2` [erl_bif_trace.c].

use std::sync::Arc;
use term::atom::am;
use term::{Atom, Term, atom};
use vm::system_monitor::Options;
use vm::system_profile::{Profiler, Settings, what};
use vm::trace::session::Session;
use vm::trace::{Tracer, flag};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "system_monitor"/0 => get();
    Plain "system_monitor"/1 => set1(0);
    Plain "system_monitor"/2 => set(0, 1);
    /// `undefined` or `{Profiler, Options}`
    Plain "system_profile"/0 => profile();
    Plain "system_profile"/2 => set_profile(0, 1);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// `undefined` or `{Pid, Options}`
    Plain "system_monitor"/1 => session_get(0);
    Plain "system_monitor"/3 => session_set(0, 1, 2);
} }

fn session_of<'p>(cx: &Cx<'p>, session: Term<'p>) -> BifResult<'p, Arc<Session>> {
    match session.is_atom_of(atom!("legacy")) {
        true => Ok(cx.vm().tracing.legacy.clone()),
        false => cx.need(super::trace::session_of(cx, session)),
    }
}
fn session_get<'p>(cx: &Cx<'p>, session: Term<'p>) -> BifResult<'p> {
    let s = session_of(cx, session)?;
    Ok(show(cx, cx.vm().monitor.get(s.id)))
}
fn session_set<'p>(
    cx: &Cx<'p>,
    session: Term<'p>,
    pid: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    let s = session_of(cx, session)?;
    let to = match &s.tracer {
        None => return set_in(cx, s.id, pid, options),
        Some(Tracer::Process(to)) => *to,
        Some(_) => return Err(cx.badarg()),
    };
    cx.need(pid.is_atom_of(atom!("session")).then_some(()))?;
    let monitor = &cx.vm().monitor;
    let mut o = monitor.get(s.id).map_or_else(Options::default, |m| m.1);
    for t in cx.need(options.to_vec())? {
        let [k, value] = t.as_tuple_of::<2>().unwrap_or([t, am::TRUE.into()]);
        let least = if k.is_atom_of(atom!("large_heap")) { LEAST_LARGE_HEAP } else { 1 };
        let limit = || match value.as_bool() {
            Some(false) => Ok(0),
            _ => cx.need(value.as_u64()).map(|n| n.max(least)),
        };
        match cx.need(k.as_atom())?.name() {
            "long_gc" => o.long_gc = limit()?,
            "long_schedule" => o.long_schedule = limit()?,
            "large_heap" => o.large_heap = limit()?,
            "busy_port" => o.busy_port = cx.need(value.as_bool())?,
            "busy_dist_port" => o.busy_dist_port = cx.need(value.as_bool())?,
            "long_message_queue" => {
                o.long_queue = match value.as_bool() {
                    Some(false) => None,
                    _ => Some(few_and_many(cx, value)?),
                }
            }
            _ => return Err(cx.badarg()),
        }
    }
    monitor.set(s.id, (!o.is_empty()).then_some((to, o)));
    Ok(am::OK.into())
}

/// `{Disable, Enable}` of `long_message_queue`, which OTP 27 brought.
fn few_and_many<'p>(cx: &Cx<'p>, value: Term<'p>) -> BifResult<'p, (u64, u64)> {
    let limits = value.as_tuple_of::<2>().filter(|_| cx.vm().release() >= 27);
    let [few, many] = cx.need(limits)?.map(Term::as_u64);
    cx.need(few.zip(many).filter(|(few, many)| few < many))
}

/// Smaller heaps are nothing to tell of.
const LEAST_LARGE_HEAP: u64 = 16_384;

fn show<'p>(cx: &Cx<'p>, m: Option<(u64, Options)>) -> Term<'p> {
    let Some((pid, o)) = m else { return am::UNDEFINED.into() };
    cx.heap().tuple(&[Term::local_pid(pid), list(cx, o)])
}

/// `{system, Options}` of a session [`trace:info(Session, system, all)`].
pub(super) fn of_session<'p>(cx: &Cx<'p>, session: &Session) -> Term<'p> {
    let set = cx.vm().monitor.get(session.id).map_or_else(Options::default, |m| m.1);
    cx.heap().tuple(&[atom!("system").into(), list(cx, set)])
}

fn list<'p>(cx: &Cx<'p>, o: Options) -> Term<'p> {
    let h = cx.heap();
    let mut all = Vec::new();
    for (on, name) in [(o.busy_dist_port, "busy_dist_port"), (o.busy_port, "busy_port")] {
        if on {
            all.push(Term::atom(Atom::new(name)));
        }
    }
    let limits =
        [(o.large_heap, "large_heap"), (o.long_schedule, "long_schedule"), (o.long_gc, "long_gc")];
    for (n, name) in limits {
        if n != 0 {
            all.push(h.tuple(&[Term::atom(Atom::new(name)), h.uint(n)]));
        }
    }
    if let Some((few, many)) = o.long_queue {
        let limits = h.tuple(&[h.uint(few), h.uint(many)]);
        all.push(h.tuple(&[atom!("long_message_queue").into(), limits]));
    }
    h.list(&all)
}

fn get<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(show(cx, cx.vm().monitor.get(0)))
}

fn set1<'p>(cx: &Cx<'p>, what: Term<'p>) -> BifResult<'p> {
    if what.is_atom_of(am::UNDEFINED) {
        return set(cx, what, Term::nil());
    }
    let [pid, options] = cx.need(what.as_tuple_of::<2>())?;
    set(cx, pid, options)
}

fn set<'p>(cx: &Cx<'p>, pid: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    set_in(cx, 0, pid, options)
}
fn set_in<'p>(cx: &Cx<'p>, session: u64, pid: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let monitor = &cx.vm().monitor;
    if pid.is_atom_of(am::UNDEFINED) || options.is_nil() {
        return Ok(show(cx, monitor.set(session, None)));
    }
    let pid = cx.need(pid.as_pid().and_then(|p| p.local()))?;
    cx.need(cx.vm().processes.lookup(pid).map(drop))?;
    let mut o = Options::default();
    for t in cx.need(options.to_vec())? {
        match (t.as_atom(), t.as_tuple_of::<2>()) {
            (Some(a), _) if a == atom!("busy_port") => o.busy_port = true,
            (Some(a), _) if a == atom!("busy_dist_port") => o.busy_dist_port = true,
            (_, Some([k, limits])) if k.is_atom_of(atom!("long_message_queue")) => {
                o.long_queue = Some(few_and_many(cx, limits)?);
            }
            (_, Some([k, n])) => {
                let n = cx.need(n.as_u64())?;
                match cx.need(k.as_atom())?.name() {
                    "long_gc" => o.long_gc = n.max(1),
                    "long_schedule" => o.long_schedule = n.max(1),
                    "large_heap" => o.large_heap = n.max(LEAST_LARGE_HEAP),
                    _ => return Err(cx.badarg()),
                }
            }
            _ => return Err(cx.badarg()),
        }
    }
    Ok(show(cx, monitor.set(session, Some((pid, o)))))
}

fn show_profile<'p>(cx: &Cx<'p>, s: Option<Settings>) -> Term<'p> {
    let Some(s) = s else { return am::UNDEFINED.into() };
    let names = [
        (what::EXCLUSIVE, "exclusive"),
        (what::SCHEDULER, "scheduler"),
        (what::PROCS, "runnable_procs"),
        (what::PORTS, "runnable_ports"),
    ];
    let on = names.iter().filter(|n| s.what & n.0 != 0);
    let on: Vec<Term<'_>> = on.map(|n| Atom::new(n.1).into()).collect();
    cx.heap().tuple(&[s.to.term(), cx.heap().list(&on)])
}

fn profile<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(show_profile(cx, cx.vm().profile.get()))
}

fn set_profile<'p>(cx: &Cx<'p>, to: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let vm = cx.vm();
    if to.is_atom_of(am::UNDEFINED) || options.is_nil() {
        return Ok(show_profile(cx, vm.profile.set(vm, None)));
    }
    let profiler = if let Some(pid) = to.as_pid().and_then(|p| p.local()) {
        cx.need(vm.processes.lookup(pid).map(|_| Profiler::Process(pid)))?
    } else {
        let port = cx.need(to.as_port().and_then(|p| p.local()))?;
        cx.need(vm::port::exists(vm, port).then_some(Profiler::Port(port)))?
    };
    let mut new = Settings { to: profiler, what: 0, stamp: flag::NOW };
    for t in cx.need(options.to_vec())? {
        match cx.need(t.as_atom())?.name() {
            "runnable_procs" => new.what |= what::PROCS,
            "runnable_ports" => new.what |= what::PORTS,
            "scheduler" => new.what |= what::SCHEDULER,
            "exclusive" => new.what |= what::EXCLUSIVE,
            "timestamp" => new.stamp = flag::NOW,
            "monotonic_timestamp" => new.stamp = flag::MONOTONIC,
            "strict_monotonic_timestamp" => new.stamp = flag::STRICT_MONOTONIC,
            _ => return Err(cx.badarg()),
        }
    }
    Ok(show_profile(cx, vm.profile.set(vm, Some(new))))
}
