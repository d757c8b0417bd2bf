//! Native coverage and the debugger of OTP 27 and later, as in an emulator that was built without them: they say so, and
//! refuse all else [erl_bif_coverage.c, erl_debugger.c].

use term::{Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "code" {
    Plain "coverage_support"/0 => unsupported();
    Plain "get_coverage_mode"/0 => none();
    Plain "get_coverage_mode"/1 => refuse();
    Plain "set_coverage_mode"/1 => refuse();
    Plain "get_coverage"/2 => refuse();
    Plain "reset_coverage"/1 => refuse();
} }

vm::bifs! { pub DEBUGGER: "erl_debugger" {
    Plain "supported"/0 => unsupported();
} }

fn unsupported<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(Term::bool(false))
}
fn none<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(atom!("none").into())
}
fn refuse<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Err(cx.badarg())
}
