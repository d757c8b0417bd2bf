//! What is traced, as `trace_info` tells it.

use super::flag;
use super::pattern::find;
use super::point::{Pattern, Spent};
use super::session::{Event, Session, Spec};
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::sync::Arc;
use term::atom::am;
use term::{Atom, Heap, Term, atom};

/// The names of flags.
pub fn flags<'h>(h: &'h Heap, flags: u32) -> Term<'h> {
    let named = flag::NAMES.iter().filter(|n| flags & n.0 != 0);
    let names: Vec<Term> = named.rev().map(|n| Atom::new(n.1).into()).collect();
    h.list(&names)
}

fn source<'h>(h: &'h Heap, spec: &Option<Arc<Spec>>) -> Term<'h> {
    spec.as_ref().map_or(Term::nil(), |s| h.copy(s.source.term()))
}

fn pair<'h>(h: &'h Heap, key: &str, value: Term<'h>) -> Term<'h> {
    h.tuple(&[Atom::new(key).into(), value])
}

fn spent<'h>(h: &'h Heap, s: &Option<Arc<Spent>>) -> Term<'h> {
    let Some(s) = s else { return am::FALSE.into() };
    let by = s.by.lock().unwrap_or_else(|e| e.into_inner());
    let all: Vec<Term> = by
        .iter()
        .filter(|(_, (calls, _))| *calls > 0)
        .map(|(pid, (calls, n))| {
            let (pid, calls) = (Term::local_pid(*pid), h.uint(*calls));
            if s.memory {
                return h.tuple(&[pid, calls, h.int((*n).max(0))]);
            }
            let us = (*n).max(0) / 1000;
            h.tuple(&[pid, calls, h.int(us / 1_000_000), h.int(us % 1_000_000)])
        })
        .collect();
    h.list(&all)
}

/// `{Key, Value}` of a function. `None`: no such key.
pub fn function<'h>(
    vm: &'static Vm,
    session: &Session,
    h: &'h Heap,
    (m, f, arity): (Atom, Atom, i64),
    key: Atom,
) -> Option<Term<'h>> {
    let with = |v: Term<'h>| Some(h.tuple(&[key.into(), v]));
    let points = u32::try_from(arity).ok().and_then(|a| find(vm, m, f, a));
    let Some(points) = points else { return with(am::UNDEFINED.into()) };
    let global = points.iter().find(|p| !p.local).and_then(|p| p.pattern(session));
    let local = points.iter().find(|p| p.local).and_then(|p| p.pattern(session));
    let is_global = global.is_some();
    let Some(p) = global.or(local) else { return with(am::FALSE.into()) };
    match key.name() {
        "all" => {
            let keys =
                ["traced", "match_spec", "meta", "meta_match_spec", "call_time", "call_count"];
            let mut keys: Vec<&str> = keys.to_vec();
            if vm.release() >= 26 {
                keys.insert(4, "call_memory");
            }
            let all: Option<Vec<Term>> = keys
                .into_iter()
                .map(|k| Some(pair(h, k, of_pattern(h, &p, is_global, k, true)?)))
                .collect();
            with(h.list(&all?))
        }
        name => with(of_pattern(h, &p, is_global, name, false)?),
    }
}

fn of_pattern<'h>(
    h: &'h Heap,
    p: &Pattern,
    is_global: bool,
    key: &str,
    all: bool,
) -> Option<Term<'h>> {
    let none: Term = am::FALSE.into();
    Some(match key {
        "traced" => match &p.trace {
            Some(_) if is_global => atom!("global").into(),
            Some(_) => atom!("local").into(),
            None => none,
        },
        "match_spec" => p.trace.as_ref().map_or(none, |s| source(h, s)),
        "meta" => {
            let tracer = p
                .meta
                .as_ref()
                .and_then(|m| m.tracer.lock().unwrap_or_else(|e| e.into_inner()).clone());
            match tracer {
                Some(t) => t.term(h),
                None if all => none,
                None => Term::nil(),
            }
        }
        "meta_match_spec" => p.meta.as_ref().map_or(none, |m| source(h, &m.spec)),
        "call_count" => p.count.as_ref().map_or(none, |c| h.uint(c.calls.load(Ordering::Relaxed))),
        "call_time" => spent(h, &p.time),
        "call_memory" => spent(h, &p.memory),
        _ => return None,
    })
}

/// `{Key, Value}` of what loaded functions get.
pub fn on_load<'h>(session: &Session, h: &'h Heap, key: Atom) -> Option<Term<'h>> {
    let o = session.settings().on_load.clone();
    let with = |v: Term<'h>| Some(h.tuple(&[key.into(), v]));
    if !o.on {
        return with(am::FALSE.into());
    }
    let none: Term = am::FALSE.into();
    let traced = !o.kinds.any() || o.kinds.local;
    let one = |key: &str| {
        Some(match key {
            "traced" if !o.kinds.any() => atom!("global").into(),
            "traced" if o.kinds.local => atom!("local").into(),
            "traced" => none,
            "match_spec" if traced => source(h, &o.spec),
            "match_spec" => none,
            "meta" => match o.meta_tracer.as_ref().filter(|_| o.kinds.meta) {
                Some(t) => t.term(h),
                None => none,
            },
            "meta_match_spec" if o.kinds.meta => source(h, &o.meta_spec),
            "meta_match_spec" => none,
            "call_count" => Term::bool(o.kinds.count),
            "call_time" => Term::bool(o.kinds.time),
            "call_memory" => Term::bool(o.kinds.memory),
            _ => return None,
        })
    };
    if key.name() == "all" {
        let keys = ["traced", "match_spec", "meta", "meta_match_spec", "call_count"];
        let all: Option<Vec<Term>> = keys.into_iter().map(|k| Some(pair(h, k, one(k)?))).collect();
        return with(h.list(&all?));
    }
    with(one(key.name())?)
}

/// `{match_spec, Value}` of `send` or `receive`.
pub fn event<'h>(session: &Session, h: &'h Heap, send: bool) -> Term<'h> {
    let e = {
        let s = session.settings();
        if send { s.send.clone() } else { s.receive.clone() }
    };
    let value = match &e {
        e if !e.on => am::FALSE.into(),
        Event { spec: Some(s), .. } => h.copy(s.source.term()),
        _ => am::TRUE.into(),
    };
    h.tuple(&[atom!("match_spec").into(), value])
}

/// The sessions that trace a function. `None`: there is no such function.
pub fn sessions_of(vm: &'static Vm, (m, f, arity): (Atom, Atom, i64)) -> Option<Vec<Arc<Session>>> {
    let points = find(vm, m, f, u32::try_from(arity).ok()?)?;
    let mut all: Vec<Arc<Session>> = Vec::new();
    for pattern in points.iter().flat_map(|p| p.patterns().to_vec()) {
        if !all.iter().any(|s| s.id == pattern.session.id) {
            all.push(pattern.session);
        }
    }
    Some(all)
}
