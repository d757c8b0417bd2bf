//! Arithmetic as functions, and what rounds and converts numbers.

use term::Term;
use vm::arith::{self, ArithResult};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Guard "+"/1 => plus(0);
    Guard "-"/1 => neg(0);
    Guard "+"/2 => add(0, 1);
    Guard "-"/2 => sub(0, 1);
    Guard "*"/2 => mul(0, 1);
    Guard "/"/2 => divide(0, 1);
    Guard "div"/2 => div(0, 1);
    Guard "rem"/2 => rem(0, 1);
    Guard "band"/2 => band(0, 1);
    Guard "bor"/2 => bor(0, 1);
    Guard "bxor"/2 => bxor(0, 1);
    Guard "bsl"/2 => bsl(0, 1);
    Guard "bsr"/2 => bsr(0, 1);
    Guard "bnot"/1 => bnot(0);
    Guard "abs"/1 => abs(0);
    Guard "float"/1 => float(0);
    Guard "trunc"/1 => trunc(0);
    Guard "round"/1 => round(0);
    Guard "floor"/1 => floor(0);
    Guard "ceil"/1 => ceil(0);
} }

/// The result of arithmetic as that of a native.
pub fn done<'p>(cx: &Cx<'p>, result: ArithResult<'p>) -> BifResult<'p> {
    result.map_err(|e| cx.error(e.reason()))
}

macro_rules! unary {
    ($($name:ident)*) => { $(
        fn $name<'p>(cx: &Cx<'p>, a: Term<'p>) -> BifResult<'p> {
            done(cx, arith::$name(cx.heap(), a))
        }
    )* };
}
macro_rules! binary {
    ($($name:ident)*) => { $(
        fn $name<'p>(cx: &Cx<'p>, a: Term<'p>, b: Term<'p>) -> BifResult<'p> {
            done(cx, arith::$name(cx.heap(), a, b))
        }
    )* };
}

unary!(plus neg bnot abs float trunc round floor ceil);
binary!(add sub mul divide div rem band bor bxor bsl bsr);
