//! Setting what is traced: patterns of functions and of messages [erl_bif_trace.c: trace_pattern].

use super::point::{Count, Meta, Pattern, Point, Spent};
use super::session::{Event, OnLoad, Session, Spec};
use super::{Tracer, session};
use crate::code::{ExportEntry, LoadedModule, breakpoint};
use crate::match_spec::{Compiler, Dialect, Failure};
use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::sync::{Arc, Mutex};
use term::{Atom, OwnedTerm, Term};

/// What is traced at the entry of a function; nothing of these: calls from outside.
#[derive(Clone, Copy, Default, PartialEq, Eq, Debug)]
pub struct Kinds {
    pub local: bool,
    pub meta: bool,
    pub count: bool,
    pub time: bool,
    pub memory: bool,
}

impl Kinds {
    /// Whether the function itself is meant.
    pub fn any(self) -> bool {
        self != Kinds::default()
    }
    /// Only counters, for which a match specification makes no sense.
    pub fn only_counters(self) -> bool {
        (self.count || self.time || self.memory) && !self.local && !self.meta
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Switch {
    Off,
    On,
    Restart,
    Pause,
}

/// What to set.
pub struct Request {
    pub session: Arc<Session>,
    pub kinds: Kinds,
    pub switch: Switch,
    pub spec: Option<Arc<Spec>>,
    pub meta_tracer: Option<Tracer>,
}

/// Which functions. What is not given matches all.
#[derive(Clone, Copy, Debug)]
pub struct Which {
    pub module: Option<Atom>,
    pub function: Option<Atom>,
    pub arity: Option<i64>,
}

/// Compiles a match specification for calls, or for sends and receives.
pub fn compile(vm: &'static Vm, spec: Term<'_>, dialect: Dialect) -> Result<Arc<Spec>, Failure> {
    let program = Compiler::new(vm, dialect).compile(spec)?;
    Ok(Arc::new(Spec { program, source: OwnedTerm::whole_copy_of(spec) }))
}

/// Sets patterns of loaded functions; how many matched.
pub fn set(vm: &'static Vm, which: Which, r: &Request) -> usize {
    let _permission = vm.code.permission.lock().unwrap_or_else(|e| e.into_inner());
    let exports = exports(vm, which);
    let functions = breakpoint::functions(vm, which.module, which.function, which.arity);
    let functions: Vec<_> = functions.into_iter().filter(|f| may_have_point(vm, f)).collect();
    let on = r.switch != Switch::Off;
    if !r.kinds.any() {
        for e in &exports {
            if on {
                let spec = r.spec.clone();
                let needed = e.point().update(&r.session, |p| p.trace = Some(spec));
                breakpoint::install_export(e, needed);
            } else {
                clear_export(e, &r.session);
            }
        }
        if on {
            for (m, i) in &functions {
                change(vm, m, *i, &r.session, |p| *p = Pattern::new(p.session.clone()));
            }
        }
        // `apply/2,3`, which are instructions, count, but are never told of.
        return exports.len() + fixed(vm, which);
    }
    if on {
        exports.iter().for_each(|e| clear_export(e, &r.session));
    }
    for (m, i) in &functions {
        if !on && breakpoint::existing(m, *i).is_none() {
            continue;
        }
        change(vm, m, *i, &r.session, |p| apply(p, r));
    }
    functions.len()
}

/// `apply/2,3` are instructions.
fn may_have_point(vm: &Vm, (m, i): &(&'static LoadedModule, usize)) -> bool {
    let f = &m.functions[*i].entry;
    vm.code
        .existing_export(m.name, f.function, f.arity)
        .is_none_or(|e| !e.is_fixed() || e.bif().is_some())
}

fn change(
    vm: &'static Vm,
    m: &'static LoadedModule,
    index: usize,
    session: &Arc<Session>,
    f: impl FnOnce(&mut Pattern),
) {
    let Some(point) = breakpoint::existing(m, index).or_else(|| Some(breakpoint::point(m, index)))
    else {
        return;
    };
    let needed = point.update(session, f);
    breakpoint::install(vm, m, index, needed);
}

fn clear_export(e: &'static ExportEntry, session: &Arc<Session>) {
    if let Some(point) = e.existing_point() {
        let needed = point.update(session, |p| *p = Pattern::new(p.session.clone()));
        breakpoint::install_export(e, needed);
    }
}

fn apply(p: &mut Pattern, r: &Request) {
    let k = r.kinds;
    if r.switch == Switch::Off {
        if k.local {
            p.trace = None;
        }
        if k.meta {
            p.meta = None;
        }
        if k.count {
            p.count = None;
        }
        if k.time {
            p.time = None;
        }
        if k.memory {
            p.memory = None;
        }
        return;
    }
    if k.local {
        p.trace = Some(r.spec.clone());
    }
    if k.meta {
        let tracer = Mutex::new(r.meta_tracer.clone());
        p.meta = Some(Arc::new(Meta { spec: r.spec.clone(), tracer }));
    }
    if k.count {
        match (&p.count, r.switch) {
            (Some(c), Switch::Pause) => c.on.store(false, Ordering::Relaxed),
            (None, Switch::Pause | Switch::Restart) => {}
            _ => {
                let on = AtomicBool::new(true);
                p.count = Some(Arc::new(Count { on, calls: AtomicU64::new(0) }));
            }
        }
    }
    let spent = |old: &mut Option<Arc<Spent>>, memory: bool| match (&old, r.switch) {
        (Some(s), Switch::Pause) => {
            let _counts = s.by.lock().unwrap_or_else(|e| e.into_inner());
            s.on.store(false, Ordering::Relaxed)
        }
        (None, Switch::Pause | Switch::Restart) => {}
        _ => {
            let on = AtomicBool::new(true);
            *old = Some(Arc::new(Spent { on, memory, by: Mutex::default() }));
        }
    };
    if k.time {
        spent(&mut p.time, false);
    }
    if k.memory {
        spent(&mut p.memory, true);
    }
}

/// Exports that match and have no code to lead to a point.
fn fixed(vm: &'static Vm, w: Which) -> usize {
    let erlang = term::atom::am::ERLANG;
    let all =
        [2, 3].into_iter().filter_map(|n| vm.code.existing_export(erlang, term::atom!("apply"), n));
    let fits = |e: &&ExportEntry| {
        w.module.is_none_or(|m| m == e.module)
            && w.function.is_none_or(|f| f == e.function)
            && w.arity.is_none_or(|a| a == i64::from(e.arity))
    };
    all.filter(fits).count()
}

/// Loaded exports that match.
fn exports(vm: &'static Vm, w: Which) -> Vec<&'static ExportEntry> {
    let fits = |e: &&'static ExportEntry| {
        w.module.is_none_or(|m| m == e.module)
            && w.function.is_none_or(|f| f == e.function)
            && w.arity.is_none_or(|a| a == i64::from(e.arity))
            && vm.code.is_loaded(e)
            && (e.bif().is_some() || !e.is_fixed())
    };
    if let Which { module: Some(m), function: Some(f), arity: Some(a) } = w {
        let Ok(a) = u32::try_from(a) else { return Vec::new() };
        return vm.code.existing_export(m, f, a).into_iter().filter(fits).collect();
    }
    vm.code.all_exports().into_iter().filter(fits).collect()
}

/// Sets which messages are told of.
pub fn set_event(session: &Session, send: bool, switch: Switch, spec: Option<Arc<Spec>>) {
    let event = Event { on: switch != Switch::Off, spec };
    let mut s = session.settings();
    *(if send { &mut s.send } else { &mut s.receive }) = event;
}

/// The dialect of `send` and `receive`.
pub const MESSAGES: Dialect = Dialect::Trace { call: false, actions: true };
/// Those where the process that is traced is not the one that runs.
pub const RECEIVED: Dialect = Dialect::Trace { call: false, actions: false };

/// Sets what functions get when their module is loaded.
pub fn set_on_load(r: &Request) {
    let mut s = r.session.settings();
    let o = &mut s.on_load;
    let (k, on) = (r.kinds, r.switch != Switch::Off);
    if k.local || !k.any() {
        o.spec = r.spec.clone();
    }
    if k.meta {
        o.meta_spec = r.spec.clone();
        o.meta_tracer = r.meta_tracer.clone();
    } else if !k.any() {
        o.meta_spec = None;
        o.meta_tracer = None;
    }
    let counters = on && r.switch == Switch::On;
    let k = Kinds {
        count: k.count && (counters || !on),
        time: k.time && (counters || !on),
        memory: k.memory && (counters || !on),
        ..k
    };
    match (o.kinds.any(), r.kinds.any()) {
        (true, true) => {
            let old = o.kinds;
            let join = |old: bool, new: bool| if on { old | new } else { old & !new };
            o.kinds = Kinds {
                local: join(old.local, k.local),
                meta: join(old.meta, k.meta),
                count: join(old.count, k.count),
                time: join(old.time, k.time),
                memory: join(old.memory, k.memory),
            };
            if !on && !o.kinds.any() {
                o.on = false;
            }
        }
        (false, false) => o.on = on,
        (true, false) => {
            if on {
                o.kinds = k;
                o.on = true;
            }
        }
        (false, true) => {
            if on {
                o.kinds = k;
                o.on = k.any();
            }
        }
    }
}

/// A version of a module is no longer the current one: nothing of it is traced any more.
pub(crate) fn replaced(vm: &'static Vm, m: &'static LoadedModule) {
    for (f, arity, _) in &m.exports {
        if let Some(e) = vm.code.existing_export(m.name, *f, *arity)
            && let Some(point) = e.existing_point()
        {
            point.clear();
            breakpoint::install_export(e, false);
        }
    }
    let Some(points) = m.breakpoints.get() else { return };
    for (i, point) in points.all().iter().enumerate() {
        point.clear();
        if point.is_installed() && !point.debug.load(Ordering::Relaxed) {
            breakpoint::install(vm, m, i, false);
        }
    }
}

/// A module has been loaded: its functions get what `on_load` says.
pub(crate) fn loaded(vm: &'static Vm, m: &'static LoadedModule) {
    for session in vm.tracing.all() {
        let o: OnLoad = session.settings().on_load.clone();
        if !o.on {
            continue;
        }
        let request = |kinds, spec| Request {
            session: session.clone(),
            kinds,
            switch: Switch::On,
            spec,
            meta_tracer: o.meta_tracer.clone(),
        };
        if !o.kinds.any() {
            for (f, arity, _) in &m.exports {
                if let Some(e) = vm.code.existing_export(m.name, *f, *arity)
                    && !e.is_fixed()
                {
                    let spec = o.spec.clone();
                    let needed = e.point().update(&session, |p| p.trace = Some(spec));
                    breakpoint::install_export(e, needed);
                }
            }
            continue;
        }
        let plain = request(Kinds { meta: false, ..o.kinds }, o.spec.clone());
        let meta = request(Kinds { meta: o.kinds.meta, ..Kinds::default() }, o.meta_spec.clone());
        for i in 0..m.functions.len() {
            if may_have_point(vm, &(m, i)) {
                change(vm, m, i, &session, |p| {
                    apply(p, &plain);
                    apply(p, &meta);
                });
            }
        }
    }
}

/// All of a session goes: patterns, flags, and what new processes would get.
pub fn clear_session(vm: &'static Vm, session: &Arc<session::Session>) {
    vm.monitor.session_ends(session.id);
    {
        let _permission = vm.code.permission.lock().unwrap_or_else(|e| e.into_inner());
        for e in vm.code.all_exports() {
            clear_export(e, session);
        }
        for (m, _) in vm.code.loaded() {
            let Some(m) = vm.code.current(m.name) else { continue };
            let Some(points) = m.breakpoints.get() else { continue };
            for i in 0..points.all().len() {
                let needed =
                    points.all()[i].update(session, |p| *p = Pattern::new(p.session.clone()));
                breakpoint::install(vm, m, i, needed);
            }
        }
    }
    {
        let mut s = session.settings();
        (s.processes, s.ports) = (None, None);
        s.on_load = OnLoad::default();
    }
    vm.tracing.settings_changed();
    for pid in vm.processes.pids() {
        if let Some(p) = vm.processes.lookup(pid) {
            p.trace.clear(session);
        }
    }
    for id in vm.ports.ids() {
        if let Some(p) = vm.ports.get(id) {
            p.trace.clear(session);
        }
    }
}

/// The point of a function as `trace_info` looks for it: that of the export if calls from outside are traced, else
/// that of the function. `None`: there is no such function.
pub(crate) fn find(vm: &'static Vm, m: Atom, f: Atom, arity: u32) -> Option<Vec<&'static Point>> {
    let mut points = Vec::new();
    let export = vm.code.existing_export(m, f, arity).filter(|e| vm.code.is_loaded(e));
    points.extend(export.and_then(|e| e.existing_point()));
    let module = vm.code.current(m);
    let index = module.and_then(|m| {
        m.functions.iter().position(|x| x.entry.function == f && x.entry.arity == arity)
    });
    if let (Some(m), Some(i)) = (module, index) {
        points.extend(breakpoint::existing(m, i));
    }
    (export.is_some() || index.is_some()).then_some(points)
}
