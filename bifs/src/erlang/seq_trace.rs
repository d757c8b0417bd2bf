//! Sequential tracing [erl_bif_trace.c]: the token of the process, and what is printed with it.

use term::atom::am;
use term::compare::eq;
use term::{Atom, Term};
use vm::trace::seq;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// Sets a part of the token; what it was
    Plain "seq_trace"/2 => seq_trace(0, 1);
    Plain "seq_trace_info"/1 => seq_trace_info(0);
    /// Whether there is a token to print with
    Plain "seq_trace_print"/1 => print(0);
    /// The same if the token has this label
    Plain "seq_trace_print"/2 => print_labelled(0, 1);
} }

fn seq_trace<'p>(cx: &Cx<'p>, what: Atom, v: Term<'p>) -> BifResult<'p> {
    cx.need(seq::set(cx, what, v))
}

fn seq_trace_info<'p>(cx: &Cx<'p>, what: Atom) -> BifResult<'p> {
    let token = seq::own(cx);
    let value: Term = match (seq::bit(what), what.name(), &token) {
        (Some(bit), _, Some(t)) => Term::bool(t.flags & bit == bit),
        (Some(_), _, None) => am::FALSE.into(),
        (None, "spawn", None) => am::FALSE.into(),
        (None, "label" | "serial", None) => return Ok(Term::nil()),
        (None, "label", Some(t)) => t.label,
        (None, "serial", Some(t)) => cx.heap().tuple(&[Term::small(t.last), Term::small(t.serial)]),
        _ => return Err(cx.badarg()),
    };
    Ok(cx.heap().tuple(&[what.into(), value]))
}

fn print<'p>(cx: &Cx<'p>, what: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(seq::print(cx, what)))
}

fn print_labelled<'p>(cx: &Cx<'p>, label: Term<'p>, what: Term<'p>) -> BifResult<'p> {
    let fits = seq::own(cx).is_some_and(|t| eq(t.label, label));
    Ok(Term::bool(fits && seq::print(cx, what)))
}
