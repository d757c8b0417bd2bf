//! Natives of module `math`. A result that is not finite is `badarith`.

use term::Term;
use vm::arith;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "math" {
    Plain "cos"/1 => cos(0);
    Plain "cosh"/1 => cosh(0);
    Plain "sin"/1 => sin(0);
    Plain "sinh"/1 => sinh(0);
    Plain "tan"/1 => tan(0);
    Plain "tanh"/1 => tanh(0);
    Plain "acos"/1 => acos(0);
    Plain "acosh"/1 => acosh(0);
    Plain "asin"/1 => asin(0);
    Plain "asinh"/1 => asinh(0);
    Plain "atan"/1 => atan(0);
    Plain "atanh"/1 => atanh(0);
    Plain "erf"/1 => erf(0);
    Plain "erfc"/1 => erfc(0);
    Plain "exp"/1 => exp(0);
    Plain "log"/1 => log(0);
    Plain "log2"/1 => log2(0);
    Plain "log10"/1 => log10(0);
    Plain "sqrt"/1 => sqrt(0);
    Plain "ceil"/1 => ceil(0);
    Plain "floor"/1 => floor(0);
    Plain "atan2"/2 => atan2(0, 1);
    Plain "pow"/2 => pow(0, 1);
    Plain "fmod"/2 => fmod(0, 1);
} }

/// The argument as a float: no number is `badarg`, an integer that no float can hold `badarith`.
fn float<'p>(cx: &Cx<'p>, x: Term<'p>) -> BifResult<'p, f64> {
    match arith::to_f64(x) {
        Some(f) => Ok(f),
        None if x.is_integer() => Err(cx.error(arith::ArithError::BadArith.reason())),
        None => Err(cx.badarg()),
    }
}

fn result<'p>(cx: &Cx<'p>, f: f64) -> BifResult<'p> {
    super::erlang::number::done(cx, arith::float_result(cx.heap(), f))
}

macro_rules! unary {
    ($($name:ident = $f:expr;)*) => { $(
        fn $name<'p>(cx: &Cx<'p>, x: Term<'p>) -> BifResult<'p> {
            let f: fn(f64) -> f64 = $f;
            result(cx, f(float(cx, x)?))
        }
    )* };
}
macro_rules! binary {
    ($($name:ident = $f:expr;)*) => { $(
        fn $name<'p>(cx: &Cx<'p>, x: Term<'p>, y: Term<'p>) -> BifResult<'p> {
            let f: fn(f64, f64) -> f64 = $f;
            let x = float(cx, x)?;
            result(cx, f(x, float(cx, y)?))
        }
    )* };
}

unary! {
    cos = f64::cos;
    cosh = f64::cosh;
    sin = f64::sin;
    sinh = f64::sinh;
    tan = f64::tan;
    tanh = f64::tanh;
    acos = f64::acos;
    acosh = |x| sys::math::acosh(x);
    asin = f64::asin;
    asinh = |x| sys::math::asinh(x);
    atan = f64::atan;
    atanh = |x| sys::math::atanh(x);
    erf = |x| sys::math::erf(x);
    erfc = |x| sys::math::erfc(x);
    exp = f64::exp;
    log = f64::ln;
    log2 = f64::log2;
    log10 = f64::log10;
    sqrt = f64::sqrt;
    ceil = f64::ceil;
    floor = f64::floor;
}

binary! {
    atan2 = f64::atan2;
    pow = f64::powf;
    fmod = |x, y| x % y;
}
