//! Tracer modules: natives `enabled` and `trace` of a loaded library are asked and told [erl_trace.c: lookup_tracer_nif].
//!
//! They run in the turn of the process that is traced, or of one made for the moment where there is none.

use super::deliver::{Kind, News, Who};
use super::flag;
use crate::bif::Cx;
use crate::code::native::Nif;
use crate::process::{Priority, Process};
use crate::vm::Vm;
use term::{Atom, OwnedTerm, Term, atom};

type Module = (Atom, OwnedTerm);

/// The native of this name, if the module has loaded its library.
fn native(vm: &'static Vm, module: Atom, name: &str, arity: u32) -> Option<&'static Nif> {
    let m = vm.code.current(module)?;
    let index = m
        .functions
        .iter()
        .position(|f| f.entry.arity == arity && f.entry.function.name() == name)?;
    m.loaded.get()?.of_function(index)
}

fn special(
    vm: &'static Vm,
    module: Atom,
    base: &str,
    kind: Kind,
    arity: u32,
) -> Option<&'static Nif> {
    let own = (kind != Kind::Status)
        .then(|| native(vm, module, &format!("{base}_{}", kind.name()), arity))
        .flatten();
    own.or_else(|| native(vm, module, base, arity))
}

/// Whether the module can be a tracer.
pub fn is_tracer(vm: &'static Vm, module: Atom) -> bool {
    native(vm, module, "enabled", 3).is_some() && native(vm, module, "trace", 5).is_some()
}

/// Calls a native with these arguments; the atom that it returns.
fn call(
    vm: &'static Vm,
    nif: &'static Nif,
    cx: Option<&Cx<'_>>,
    args: impl for<'p> FnOnce(&Cx<'p>) -> Vec<Term<'p>>,
) -> Option<Atom> {
    fn run(
        cx: &Cx<'_>,
        nif: &Nif,
        args: impl for<'p> FnOnce(&Cx<'p>) -> Vec<Term<'p>>,
    ) -> Option<Atom> {
        let args = args(cx);
        // What the process was about to stop for is not the native's matter.
        let (why, reds) = cx.with(|p| (p.why.take(), p.reds_left));
        // What it sends is its own, not the process's.
        let within = cx.with(|p| core::mem::replace(&mut p.tracer_runs, true));
        let r = (nif.call)(cx, nif, &args).ok().and_then(|t| t.as_atom());
        cx.with(|p| {
            p.why = why;
            p.reds_left = reds;
            p.tracer_runs = within;
        });
        r
    }
    if let Some(cx) = cx {
        return run(cx, nif, args);
    }
    let options = vm.flags.heap();
    let mut p = Process::new(u64::MAX >> 8, options, 64, Priority::Normal);
    let r = {
        // SAFETY: nobody else knows this process, and it outlives the turn.
        let cx = unsafe { Cx::new(&raw mut p, vm, 0) };
        run(&cx, nif, args)
    };
    crate::process::exit::bury(&mut p);
    r
}

/// Whether the tracer goes on (it may say `remove`).
pub(super) fn status(vm: &'static Vm, m: &Module, who: Who) -> bool {
    enabled(vm, m, who, Kind::Status, atom!("trace_status"), None)
}

/// Whether the tracer wants to be told of such a thing.
pub(super) fn enabled(
    vm: &'static Vm,
    m: &Module,
    who: Who,
    kind: Kind,
    tag: Atom,
    cx: Option<&Cx<'_>>,
) -> bool {
    let Some(nif) = special(vm, m.0, "enabled", kind, 3) else { return false };
    let answer = call(vm, nif, cx, |cx| vec![tag.into(), cx.heap().copy(m.1.term()), who.term()]);
    match kind {
        Kind::Status => answer != Some(atom!("remove")),
        _ => answer == Some(atom!("trace")),
    }
}

/// Asks, then tells. `false`: the module is no tracer any more.
pub(super) fn trace(
    vm: &'static Vm,
    m: &Module,
    who: Who,
    flags: u32,
    cx: Option<&Cx<'_>>,
    news: News<'_>,
) -> bool {
    if !is_tracer(vm, m.0) {
        return false;
    }
    // Calls ask before they run a match specification.
    if news.kind != Kind::Call && !enabled(vm, m, who, news.kind, news.tag, cx) {
        return status(vm, m, who);
    }
    told(vm, m, who, flags, cx, news);
    true
}

/// Tells the system's sequential tracer; the token's label stands where the tracee does.
pub(super) fn seq(vm: &'static Vm, m: &Module, label: Term<'_>, flags: u32, news: News<'_>) {
    let nobody = Who::Process(u64::MAX >> 8);
    if enabled(vm, m, nobody, Kind::SeqTrace, news.tag, None) {
        told_of(vm, m, label, flags, None, news);
    }
}

/// Tells without asking.
pub(super) fn told(
    vm: &'static Vm,
    m: &Module,
    who: Who,
    flags: u32,
    cx: Option<&Cx<'_>>,
    news: News<'_>,
) {
    told_of(vm, m, who.term(), flags, cx, news)
}

fn told_of(
    vm: &'static Vm,
    m: &Module,
    who: Term<'_>,
    flags: u32,
    cx: Option<&Cx<'_>>,
    news: News<'_>,
) {
    let Some(nif) = special(vm, m.0, "trace", news.kind, 5) else { return };
    let cpu = vm.tracing.cpu_time.load(core::sync::atomic::Ordering::Relaxed);
    call(vm, nif, cx, |cx| {
        let h = cx.heap();
        let mut options = Vec::new();
        if let Some(t) = news.extra {
            options.push((atom!("extra").into(), h.copy(t)));
        }
        if let Some(t) = news.result {
            options.push((atom!("match_spec_result").into(), h.copy(t)));
        }
        if flags & flag::SCHEDULER_ID != 0 {
            let id = crate::sched::scheduler_id();
            options.push((atom!("scheduler_id").into(), Term::small(id as i64)));
        }
        let stamp = match flags {
            f if f & flag::NOW != 0 && cpu => Some(atom!("cpu_timestamp")),
            f if f & flag::NOW != 0 => Some(atom!("timestamp")),
            f if f & flag::STRICT_MONOTONIC != 0 => Some(atom!("strict_monotonic")),
            f if f & flag::MONOTONIC != 0 => Some(atom!("monotonic")),
            _ => None,
        };
        if let Some(s) = stamp {
            options.push((atom!("timestamp").into(), s.into()));
        }
        let options = h.map_from_pairs(&options);
        vec![news.tag.into(), h.copy(m.1.term()), h.copy(who), h.copy(news.what), options]
    });
}
