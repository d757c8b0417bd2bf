//! The module `erl_tracer`: processes and ports as tracers, for programs that call it by name [erl_tracer_nif.c].
//! The VM itself tells them without it.

use term::{Atom, Term, atom};
use vm::trace::deliver::{self, Kind, News};
use vm::trace::{Tracer, Who, flag};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erl_tracer" {
    /// `trace`, `discard`, or `remove` for a tracer that has ended
    Plain "enabled"/3 => enabled(0, 1, 2);
    Plain "trace"/5 => trace(0, 1, 2, 3, 4);
} }

fn enabled<'p>(cx: &Cx<'p>, tag: Atom, state: Term<'p>, tracee: Term<'p>) -> BifResult<'p> {
    let gone = if tag == atom!("trace_status") { atom!("remove") } else { atom!("discard") };
    let alive = match Tracer::of(state) {
        Some(t @ (Tracer::Process(_) | Tracer::Port(_))) => {
            deliver::is_alive(cx.vm(), &t, Who::Process(cx.pid()))
        }
        _ => false,
    };
    Ok(match alive {
        false => gone.into(),
        true if state.is_same(tracee) => atom!("discard").into(),
        true => atom!("trace").into(),
    })
}

fn trace<'p>(
    cx: &Cx<'p>,
    tag: Term<'p>,
    state: Term<'p>,
    tracee: Term<'p>,
    what: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    let vm = cx.vm();
    let done = Ok(term::atom::am::OK.into());
    let Some(tracer @ (Tracer::Process(_) | Tracer::Port(_))) = Tracer::of(state) else {
        return done;
    };
    let option = |name: &str| options.as_map().and_then(|m| m.get(Atom::new(name).into()));
    let flags = match option("timestamp").and_then(|t| t.as_atom()).map(|a| a.name()) {
        Some("monotonic") => flag::MONOTONIC,
        Some("strict_monotonic") => flag::STRICT_MONOTONIC,
        Some("timestamp" | "cpu_timestamp") => flag::NOW,
        _ => 0,
    };
    let tag = cx.need(tag.as_atom())?;
    let extra = option("extra");
    let mut news = News::new(Kind::Status, tag, what);
    news.extra = extra;
    news.result = option("match_spec_result");
    deliver::as_told(vm, cx.pid(), &tracer, tracee, flags, option("scheduler_id"), news);
    done
}
