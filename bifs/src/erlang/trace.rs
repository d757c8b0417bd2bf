//! Tracing: `erlang:trace/3`, `trace_pattern/3`, `trace_info/2` and what sessions add [erl_bif_trace.c].

use std::sync::Arc;
use std::sync::atomic::Ordering;
use term::atom::am;
use term::{Atom, Term, atom};
use vm::match_spec::{Dialect, Failure};
use vm::trace::pattern::{self, Kinds, Request, Switch, Which};
use vm::trace::{Session, Traced, Tracer, Who, flag, info, merge, parse_flags, parse_tracer};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// What is traced of a process, port, function or event
    Plain "trace_info"/2 => trace_info(0, 1);
    /// A reference: `{trace_delivered, Tracee, Ref}` comes when what was traced before has come
    Plain "trace_delivered"/1 => trace_delivered(0);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    Plain "trace"/3 => trace(0, 1, 2);
    Plain "trace_pattern"/3 => trace_pattern(0, 1, 2);
} }

/// Every process and port, those there are, those to come, or a kind of these.
struct Many {
    processes: bool,
    ports: bool,
    existing: bool,
    new: bool,
}

fn many(a: Atom) -> Option<Many> {
    let (processes, ports, existing, new) = match a.name() {
        "all" => (true, true, true, true),
        "existing" => (true, true, true, false),
        "new" => (true, true, false, true),
        "processes" => (true, false, true, true),
        "existing_processes" => (true, false, true, false),
        "new_processes" => (true, false, false, true),
        "ports" => (false, true, true, true),
        "existing_ports" => (false, true, true, false),
        "new_ports" => (false, true, false, true),
        _ => return None,
    };
    Some(Many { processes, ports, existing, new })
}

fn trace<'p>(cx: &Cx<'p>, whom: Term<'p>, how: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    let session = cx.vm().tracing.legacy.clone();
    set_flags(cx, &session, whom, how, list)
}

pub(super) fn set_flags<'p>(
    cx: &Cx<'p>,
    session: &Arc<Session>,
    whom: Term<'p>,
    how: Term<'p>,
    list: Term<'p>,
) -> BifResult<'p> {
    let vm = cx.vm();
    let asked = parse_flags(vm, list)
        // The tracer of a session is its only one.
        .filter(|a| a.tracer.is_none() || session.tracer.is_none())
        .ok_or_else(|| cx.bad("badopt"))?;
    let on = cx.need(how.as_bool())?;
    let tracer = match (asked.tracer, on) {
        (Some(t), _) => Some(t),
        (None, true) => session.tracer.clone().or(Some(Tracer::Process(cx.pid()))),
        (None, false) => None,
    };
    let (tracer, flags) = (tracer.as_ref(), asked.flags);
    let already = || {
        let leader = cx.group_leader();
        vm.log_error(None, leader, |h| {
            let text = "** can only have one tracer per process\n";
            (h.string("~s~n"), h.list(&[h.string(text)]))
        });
        cx.badarg()
    };
    if let Some(pid) = whom.as_pid() {
        cx.need((!asked.cpu).then_some(()))?;
        let pid = cx.need(pid.local())?;
        let p = cx.need(vm.processes.lookup(pid))?;
        if !p.trace.set(vm, Who::Process(pid), session, tracer, on, flags) {
            return Err(already());
        }
        return Ok(Term::small(1));
    }
    if let Some(port) = whom.as_port() {
        cx.need((!asked.cpu).then_some(()))?;
        let id = cx.need(port.local())?;
        let p = cx.need(vm.ports.get(id))?;
        if !p.trace.set(vm, Who::Port(id), session, tracer, on, flags) {
            return Err(already());
        }
        return Ok(Term::small(1));
    }
    let name = cx.need(whom.as_atom())?;
    let m = cx.need(many(name))?;
    if asked.cpu {
        cx.need((name == am::ALL).then_some(()))?;
        vm.tracing.cpu_time.store(on, Ordering::Relaxed);
    }
    let mut matched = 0;
    if m.existing {
        let modifiers = flags & flag::MODIFIERS != 0;
        if m.processes && (flags & (flag::OF_PROCESSES & !flag::MODIFIERS) != 0 || modifiers) {
            for pid in vm.processes.pids() {
                let Some(p) = vm.processes.lookup(pid) else { continue };
                let set = p.trace.set(vm, Who::Process(pid), session, tracer, on, flags);
                matched += i64::from(set);
            }
        }
        if m.ports && (flags & (flag::OF_PORTS & !flag::MODIFIERS) != 0 || modifiers) {
            for id in vm.ports.ids() {
                let Some(p) = vm.ports.get(id) else { continue };
                let set = p.trace.set(vm, Who::Port(id), session, tracer, on, flags);
                matched += i64::from(set);
            }
        }
        cx.bump(matched as usize / 4);
    }
    if m.new {
        {
            let mut s = session.settings();
            if m.processes {
                change_default(&mut s.processes, flags & flag::OF_PROCESSES, tracer, on);
            }
            if m.ports {
                change_default(&mut s.ports, flags & flag::OF_PORTS, tracer, on);
            }
        }
        vm.tracing.settings_changed();
    }
    Ok(Term::small(matched))
}

fn change_default(old: &mut Option<(u32, Tracer)>, flags: u32, new: Option<&Tracer>, on: bool) {
    if flags == 0 {
        return;
    }
    match old {
        Some((all, tracer)) => {
            *all = if on { merge(*all, flags) } else { *all & !flags };
            if let Some(new) = new {
                *tracer = new.clone();
            }
            if *all & flag::ALL == 0 {
                *old = None;
            }
        }
        None => {
            if let Some(t) = new.filter(|_| on) {
                *old = Some((flags, t.clone()));
            }
        }
    }
}

// Patterns.

fn trace_pattern<'p>(
    cx: &Cx<'p>,
    mfa: Term<'p>,
    spec: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    let session = cx.vm().tracing.legacy.clone();
    set_pattern(cx, &session, mfa, spec, options)
}

pub(super) fn set_pattern<'p>(
    cx: &Cx<'p>,
    session: &Arc<Session>,
    mfa: Term<'p>,
    spec: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    let vm = cx.vm();
    let dialect = match mfa.as_atom().map(|a| a.name()) {
        Some("send") => pattern::MESSAGES,
        Some("receive") => pattern::RECEIVED,
        _ => Dialect::CALL,
    };
    let (switch, spec) = match spec.as_atom().map(|a| a.name()) {
        Some("false") => (Switch::Off, None),
        Some("true") => (Switch::On, None),
        Some("restart") => (Switch::Restart, None),
        Some("pause") => (Switch::Pause, None),
        _ if spec.is_nil() => (Switch::On, None),
        _ => match pattern::compile(vm, spec, dialect) {
            Ok(s) => (Switch::On, Some(s)),
            Err(Failure::BadArg) => return Err(cx.bad("match_spec")),
            Err(Failure::SystemLimit) => return Err(cx.system_limit()),
        },
    };
    let (kinds, meta_tracer, is_global) =
        kinds(cx, session, options).ok_or_else(|| cx.bad("badopt"))?;
    if spec.is_some() && kinds.only_counters() {
        return Err(cx.bad("call_count"));
    }
    let none = || cx.bad("none");
    let request = Request { session: session.clone(), kinds, switch, spec, meta_tracer };
    if let Some(t) = mfa.as_tuple() {
        let [m, f, a] = *t.elements() else { return Err(none()) };
        let which = which(m, f, a).ok_or_else(none)?;
        let matched = pattern::set(vm, which, &request);
        // Others have their turn with the new counters before anyone looks at them.
        match request.kinds.only_counters() {
            true => cx.bump_all(),
            false => _ = cx.bump(matched / 4),
        }
        return Ok(Term::small(matched as i64));
    }
    match mfa.as_atom().map(|a| a.name()) {
        Some("on_load") => {
            pattern::set_on_load(&request);
            Ok(Term::small(0))
        }
        Some(event @ ("send" | "receive")) => {
            if is_global || kinds.any() || matches!(switch, Switch::Restart | Switch::Pause) {
                return Err(none());
            }
            pattern::set_event(session, event == "send", switch, request.spec);
            Ok(Term::small(1))
        }
        _ => Err(none()),
    }
}

/// Kinds, tracer of meta traces, and whether `global` was among them.
fn kinds<'p>(
    cx: &Cx<'p>,
    session: &Session,
    options: Term<'p>,
) -> Option<(Kinds, Option<Tracer>, bool)> {
    let mut k = Kinds::default();
    let (mut tracer, mut is_global) = (None, false);
    for o in options.to_vec()? {
        let Some(name) = o.as_atom() else {
            tracer = Some(parse_tracer(cx.vm(), atom!("meta"), o)?);
            if session.tracer.is_some() {
                return None;
            }
            k.meta = true;
            continue;
        };
        if name == atom!("global") {
            if k.any() {
                return None;
            }
            is_global = true;
            continue;
        }
        if is_global {
            return None;
        }
        match name.name() {
            "local" => k.local = true,
            "meta" => k.meta = true,
            "call_count" => k.count = true,
            "call_time" => k.time = true,
            "call_memory" if cx.vm().release() >= 26 => k.memory = true,
            _ => return None,
        }
    }
    if k.meta && tracer.is_none() {
        tracer = session.tracer.clone().or(Some(Tracer::Process(cx.pid())));
    }
    Some((k, tracer, is_global))
}

fn which(m: Term<'_>, f: Term<'_>, a: Term<'_>) -> Option<Which> {
    let any = |t: Term<'_>| t.is_atom_of(am::UNDERSCORE);
    let (module, function) = (m.as_atom()?, f.as_atom()?);
    let arity = if any(a) { None } else { Some(a.as_small()?) };
    if any(m) && !(any(f) && any(a)) || any(f) && !any(a) {
        return None;
    }
    let module = (!any(m)).then_some(module);
    Some(Which { module, function: (!any(f)).then_some(function), arity })
}

// Asking.

fn trace_info<'p>(cx: &Cx<'p>, what: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    let session = cx.vm().tracing.legacy.clone();
    tell(cx, &session, what, key)
}

pub(super) fn tell<'p>(
    cx: &Cx<'p>,
    session: &Arc<Session>,
    what: Term<'p>,
    key: Term<'p>,
) -> BifResult<'p> {
    let (vm, h) = (cx.vm(), cx.heap());
    let key_atom = || cx.need(key.as_atom());
    if let Some(t) = what.as_tuple() {
        let [m, f, a] = *t.elements() else { return Err(cx.badarg()) };
        let mfa = (cx.need(m.as_atom())?, cx.need(f.as_atom())?, cx.need(a.as_small())?);
        return cx.need(info::function(vm, session, h, mfa, key_atom()?));
    }
    let of = |traced: Option<Traced>| {
        let key = key_atom()?;
        let value = match key.name() {
            "flags" => info::flags(h, traced.map_or(0, |t| t.flags)),
            "tracer" => traced.map_or(Term::nil(), |t| t.tracer.term(h)),
            _ => return Err(cx.badarg()),
        };
        Ok(h.tuple(&[key.into(), value]))
    };
    if let Some(pid) = what.as_pid() {
        let key = key_atom()?;
        cx.need(matches!(key.name(), "flags" | "tracer").then_some(()))?;
        let Some(p) = pid.local().and_then(|pid| vm.processes.lookup(pid)) else {
            let here = pid.local().is_some() || vm::dist::RemotePid::of(what).is_none();
            return if here { Ok(am::UNDEFINED.into()) } else { Err(cx.bad("badopt")) };
        };
        if p.state.has(vm::process::state::EXITING) {
            return Ok(am::UNDEFINED.into());
        }
        return of(alive(cx, &p.trace, Who::Process(p.pid), session));
    }
    if let Some(port) = what.as_port() {
        let Some(p) = port.local().and_then(|id| vm.ports.get(id)) else {
            return Ok(am::UNDEFINED.into());
        };
        return of(alive(cx, &p.trace, Who::Port(p.id), session));
    }
    let name = what.as_atom().ok_or_else(|| cx.bad("badopt"))?;
    let default = |d: Option<(u32, Tracer)>| {
        d.map(|(flags, tracer)| Traced { session: session.clone(), flags, tracer })
    };
    match name.name() {
        "on_load" => cx.need(info::on_load(session, h, key_atom()?)),
        "send" | "receive" => {
            cx.need((key_atom()? == atom!("match_spec")).then_some(()))?;
            Ok(info::event(session, h, name.name() == "send"))
        }
        "system" if vm.release() >= 28 => {
            cx.need((key_atom()? == am::ALL).then_some(()))?;
            Ok(super::system_monitor::of_session(cx, session))
        }
        "new" | "new_processes" => of(default(session.default_processes(vm))),
        "new_ports" => of(default(session.default_ports(vm))),
        _ => Err(cx.bad("badopt")),
    }
}

/// How a session traces this, unless its tracer is gone.
fn alive(cx: &Cx<'_>, cell: &vm::trace::TraceCell, who: Who, session: &Session) -> Option<Traced> {
    let t = cell.in_session(session)?;
    if vm::trace::deliver::is_alive(cx.vm(), &t.tracer, who) {
        return Some(t);
    }
    cell.clear(session);
    None
}

fn trace_delivered<'p>(cx: &Cx<'p>, tracee: Term<'p>) -> BifResult<'p> {
    let pid = tracee.as_pid().and_then(|p| p.local());
    cx.need((pid.is_some() || tracee.is_atom_of(am::ALL)).then_some(()))?;
    let (n0, n1) = vm::refs::next();
    vm::trace::deliver::delivered(cx, pid, (n0, n1));
    Ok(cx.heap().reference(n0, n1))
}

// Sessions.

vm::bifs! { pub SESSIONS: "erts_internal" {
    Plain "trace"/4 => trace_in(0, 1, 2, 3);
    Plain "trace_pattern"/4 => trace_pattern_in(0, 1, 2, 3);
    Plain "trace_info"/3 => trace_info_in(0, 1, 2);
    /// `{Strong, {Name, Weak}}`: the session lives as long as the reference
    Plain "trace_session_create"/3 => create(0, 1, 2);
    Plain "trace_session_destroy"/1 => destroy(0);
} }

vm::bifs! { pub CLEANER: "erts_trace_cleaner" {
    /// Sessions clean up after themselves: there is never anything to do
    Plain "check"/0 => check();
    Plain "send_trace_clean_signal"/1 => clean(0);
} }

/// Keeps a session alive as long as its reference.
struct Strong {
    vm: &'static vm::Vm,
    session: Arc<Session>,
}

impl Drop for Strong {
    fn drop(&mut self) {
        if self.session.end() {
            // Not here: a collection may be what drops it.
            let (vm, session) = (self.vm, self.session.clone());
            vm.start_timer(vm.monotonic(), Box::new(Clear(session)));
        }
    }
}

struct Clear(Arc<Session>);

impl vm::timer::Fire for Clear {
    fn fire(self: Box<Self>, vm: &'static vm::Vm) {
        pattern::clear_session(vm, &self.0);
    }
}

/// The session that a term names, which must not have ended.
pub(super) fn session_of(cx: &Cx<'_>, t: Term<'_>) -> Option<Arc<Session>> {
    let tracing = &cx.vm().tracing;
    let [a, b] = t.as_tuple_of::<2>()?;
    if let Some(magic) = a.as_reference().and_then(|r| r.magic()) {
        let strong = magic.downcast::<Strong>()?;
        return Some(strong.session.clone()).filter(|s| !s.is_over());
    }
    let (name, id) = (a.as_atom()?, b.as_u64()?);
    tracing.all().into_iter().find(|s| s.id == id && s.name == name)
}

fn weak<'p>(cx: &Cx<'p>, s: &Session) -> Term<'p> {
    cx.heap().tuple(&[s.name.into(), cx.heap().uint(s.id)])
}

fn create<'p>(cx: &Cx<'p>, name: Atom, tracer: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let vm = cx.vm();
    cx.need(options.is_nil().then_some(())).map_err(|_| cx.bad("badopt"))?;
    // Without one, as before there were sessions: each call names a tracer, or the caller is it.
    let tracer = match tracer.is_atom_of(am::UNDEFINED) {
        true => None,
        false => Some(cx.need(Tracer::of(tracer).filter(|t| match t {
            Tracer::Process(pid) => vm.processes.lookup(*pid).is_some(),
            Tracer::Port(port) => vm::port::exists(vm, *port),
            Tracer::Module(m) => vm::trace::module::is_tracer(vm, m.0),
        }))?),
    };
    let session = vm.tracing.create(name, tracer);
    let h = cx.heap();
    let (n0, n1) = vm::refs::next_magic();
    let weak = weak(cx, &session);
    let strong = h.magic_reference(n0, n1, term::shared::Magic::handle(Strong { vm, session }));
    Ok(h.tuple(&[strong, weak]))
}

fn destroy<'p>(cx: &Cx<'p>, session: Term<'p>) -> BifResult<'p> {
    let Some(s) = session_of(cx, session) else {
        let [a, b] = cx.need(session.as_tuple_of::<2>())?;
        let known = a.as_reference().is_some() || a.as_atom().is_some() && b.is_integer();
        return cx.need(known.then_some(Term::bool(false)));
    };
    cx.need((s.id != 0).then_some(()))?;
    let first = s.end();
    if first {
        pattern::clear_session(cx.vm(), &s);
    }
    Ok(Term::bool(first))
}

fn trace_in<'p>(
    cx: &Cx<'p>,
    session: Term<'p>,
    whom: Term<'p>,
    how: Term<'p>,
    list: Term<'p>,
) -> BifResult<'p> {
    let s = session_of(cx, session).ok_or_else(|| cx.bad("session"))?;
    set_flags(cx, &s, whom, how, list)
}

fn trace_pattern_in<'p>(
    cx: &Cx<'p>,
    session: Term<'p>,
    mfa: Term<'p>,
    spec: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    let s = session_of(cx, session).ok_or_else(|| cx.bad("session"))?;
    set_pattern(cx, &s, mfa, spec, options)
}

fn trace_info_in<'p>(
    cx: &Cx<'p>,
    session: Term<'p>,
    what: Term<'p>,
    key: Term<'p>,
) -> BifResult<'p> {
    if session.is_atom_of(atom!("any")) {
        cx.need(key.is_atom_of(atom!("session")).then_some(()))?;
        return sessions(cx, what);
    }
    let s = session_of(cx, session).ok_or_else(|| cx.bad("session"))?;
    tell(cx, &s, what, key)
}

/// `{session, Sessions}` that trace something; all if it is `any`.
fn sessions<'p>(cx: &Cx<'p>, what: Term<'p>) -> BifResult<'p> {
    let (vm, h) = (cx.vm(), cx.heap());
    let found: Vec<Arc<Session>> = if let Some(pid) = what.as_pid() {
        let Some(p) = pid.local().and_then(|pid| vm.processes.lookup(pid)) else {
            return Ok(am::UNDEFINED.into());
        };
        p.trace.sessions()
    } else if let Some(port) = what.as_port() {
        let Some(p) = port.local().and_then(|id| vm.ports.get(id)) else {
            return Ok(am::UNDEFINED.into());
        };
        p.trace.sessions()
    } else if let Some(t) = what.as_tuple() {
        let [m, f, a] = *t.elements() else { return Err(cx.badarg()) };
        let mfa = (cx.need(m.as_atom())?, cx.need(f.as_atom())?, cx.need(a.as_small())?);
        let Some(all) = info::sessions_of(vm, mfa) else { return Ok(am::UNDEFINED.into()) };
        all
    } else {
        match cx.need(what.as_atom())?.name() {
            "any" => vm.tracing.all(),
            "new" | "new_processes" => {
                vm.tracing.all().into_iter().filter(|s| s.settings().processes.is_some()).collect()
            }
            "new_ports" => {
                vm.tracing.all().into_iter().filter(|s| s.settings().ports.is_some()).collect()
            }
            "on_load" => vm.tracing.all().into_iter().filter(|s| s.settings().on_load.on).collect(),
            "send" | "receive" => {
                let send = what.is_atom_of(atom!("send"));
                let set = |s: &Arc<Session>| {
                    let s = s.settings();
                    let e = if send { &s.send } else { &s.receive };
                    !e.on || e.spec.is_some()
                };
                vm.tracing.all().into_iter().filter(set).collect()
            }
            _ => return Err(cx.badarg()),
        }
    };
    let named: Vec<Term> = found.iter().filter(|s| !s.is_over()).map(|s| weak(cx, s)).collect();
    Ok(h.tuple(&[atom!("session").into(), h.list(&named)]))
}

fn check<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(Term::bool(false))
}
fn clean<'p>(_: &Cx<'p>, _: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(false))
}
