//! Sequential tracing as far as no token is set [erl_bif_trace.c]: messages do not carry tokens, so that none
//! can be set.

use term::atom::am;
use term::{Atom, Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// Takes the token away: `seq_trace(sequential_trace_token, [])`.
    Plain "seq_trace"/2 => seq_trace(0, 1);
    Plain "seq_trace_info"/1 => seq_trace_info(0);
    /// Without a token nothing is printed.
    Plain "seq_trace_print"/1 => print(0);
    Plain "seq_trace_print"/2 => print_labelled(0, 1);
} }

fn seq_trace<'p>(cx: &Cx<'p>, what: Atom, v: Term<'p>) -> BifResult<'p> {
    if what == atom!("sequential_trace_token") && v.is_nil() {
        return Ok(Term::nil());
    }
    Err(cx.badarg())
}

fn seq_trace_info<'p>(cx: &Cx<'p>, what: Atom) -> BifResult<'p> {
    let none: Term = match what.name() {
        "send"
        | "receive"
        | "print"
        | "timestamp"
        | "monotonic_timestamp"
        | "strict_monotonic_timestamp" => am::FALSE.into(),
        "label" | "serial" => return Ok(Term::nil()),
        _ => return Err(cx.badarg()),
    };
    Ok(cx.heap().tuple(&[what.into(), none]))
}

fn print<'p>(_: &Cx<'p>, _what: Term<'p>) -> BifResult<'p> {
    Ok(am::FALSE.into())
}
fn print_labelled<'p>(_: &Cx<'p>, _label: Term<'p>, _what: Term<'p>) -> BifResult<'p> {
    Ok(am::FALSE.into())
}
