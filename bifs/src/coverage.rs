//! Native coverage of OTP 27 and later, as in an emulator that was built without it: it says so, and refuses all
//! else [erl_bif_coverage.c].

use term::{Atom, Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "code" {
    Plain "coverage_support"/0 => unsupported();
    Plain "get_coverage_mode"/0 => none();
    Plain "get_coverage_mode"/1 => refuse();
    Plain "set_coverage_mode"/1 => refuse();
    Plain "get_coverage"/2 => refuse();
    Plain "reset_coverage"/1 => refuse();
    Plain "get_debug_info"/1 => get_debug_info(0);
} }

fn unsupported<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(Term::bool(false))
}
fn none<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(atom!("none").into())
}
/// What is in the file is not kept, as in the reference without a JIT.
fn get_debug_info<'p>(cx: &Cx<'p>, module: Atom) -> BifResult<'p> {
    let m = cx.need(cx.vm().code.current(module))?;
    cx.need((!m.debug_info).then_some(atom!("none").into()))
}
fn refuse<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Err(cx.badarg())
}
