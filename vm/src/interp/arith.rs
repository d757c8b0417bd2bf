//! Arithmetic with the small-integer case inline; the rest is `crate::arith`.
//!
//! Slots of the binary forms: 2 branch (0: raise), 3 destination, 4 live, then the operands.

use super::fused::Then;
use super::operand::*;
use super::{Regs, go};
use crate::arith::{self, ArithError};
use term::atom::am;
use term::{Atom, Heap, RawTerm, Term};

type Full = for<'h> fn(&'h Heap, Term<'h>, Term<'h>) -> Result<Term<'h>, ArithError>;

macro_rules! arith2 {
    ($($name:ident, $slow:ident, $full:path, $op:expr, |$a:ident, $b:ident| $fast:expr;)*) => { $(
        pub unsafe extern "C" fn $name<P: Src, Q: Src, D: Dst>(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let ($a, $b) = (P::get(r, e, ip.add(5)), Q::get(r, e, ip.add(5 + P::N)));
            if (tag_bits::<P>($a) | tag_bits::<Q>($b)) & 7 == 0 {
                if let Some(v) = $fast {
                    D::put(r, e, ip.add(3), RawTerm(v));
                    go!(r, ip.add(5 + P::N + Q::N), htop, e, fc)
                }
            }
            return $slow::<P, Q, D>(r, ip, htop, e, fc);
        }
        #[cold]
        #[inline(never)]
        unsafe extern "C" fn $slow<P: Src, Q: Src, D: Dst>(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let ($a, $b) = (P::get(r, e, ip.add(5)), Q::get(r, e, ip.add(5 + P::N)));
            let v = full2(r, ip, htop, e, fc, $full, $op, $a, $b);
            if !v.is_none() {
                D::put(r, e, ip.add(3), v);
                go!(r, ip.add(5 + P::N + Q::N), (*(*r).process).heap.heap.top(), e, fc)
            }
            if u32_at(ip, 2) != 0 {
                go!(r, target_at(ip, 2), htop, e, fc)
            }
        }
    )* };
}

/// The same on the usual way, with the instruction that follows; its slow way and a result that does not fit go on behind it as ever.
macro_rules! arith2_then {
    ($($name:ident, $slow:ident, |$a:ident, $b:ident| $fast:expr;)*) => { $(
        pub unsafe extern "C" fn $name<P: Src, Q: Src, T: Then>(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let ($a, $b) = (P::get(r, e, ip.add(5)), Q::get(r, e, ip.add(5 + P::N)));
            if (tag_bits::<P>($a) | tag_bits::<Q>($b)) & 7 == 0 {
                if let Some(v) = $fast {
                    X::put(r, e, ip.add(3), RawTerm(v as u64));
                    return T::run(r, ip.add(5 + P::N + Q::N), htop, e, fc);
                }
            }
            return $slow::<P, Q, X>(r, ip, htop, e, fc);
        }
    )* };
}
arith2_then! {
    plus_then, slow_plus, |a, b| (a.0 as i64).checked_add(b.0 as i64);
    minus_then, slow_minus, |a, b| (a.0 as i64).checked_sub(b.0 as i64);
}

/// What must have no tag bits for `t` to be a small integer.
#[inline(always)]
pub(super) fn tag_bits<S: Src>(t: RawTerm) -> u64 {
    if S::SMALL { 0 } else { t.0 }
}

/// The value; or none, after raising if there is no branch to take. It has a frame of its own, for its results lie in memory.
#[allow(clippy::too_many_arguments)]
#[inline(never)]
unsafe fn full2(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
    f: Full,
    op: Atom,
    a: RawTerm,
    b: RawTerm,
) -> RawTerm {
    let p = super::save(r, htop, e, fc);
    match f(&(*p).heap.heap, a.brand(), b.brand()) {
        Ok(t) => t.raw(),
        Err(_) if u32_at(ip, 2) != 0 => RawTerm::NONE,
        Err(err) => {
            ((*r).x[0], (*r).x[1]) = (a, b);
            arith_error(r, ip, err, op, 2);
            RawTerm::NONE
        }
    }
}

unsafe fn arith_error(r: *mut Regs, ip: *const u32, err: ArithError, op: Atom, arity: usize) {
    let reason = match err {
        ArithError::BadArith => am::BADARITH,
        ArithError::SystemLimit => am::SYSTEM_LIMIT,
        ArithError::BadArg => am::BADARG,
    };
    super::except::error_in(r, ip, RawTerm::atom(reason), am::ERLANG, op, arity);
}

#[inline(always)]
fn shl(a: RawTerm, b: RawTerm) -> Option<u64> {
    let (a, n) = (a.0 as i64, b.small_value());
    if !(0..60).contains(&n) {
        return None;
    }
    let v = a.wrapping_shl(n as u32);
    if v.wrapping_shr(n as u32) == a { Some(v as u64) } else { None }
}
#[inline(always)]
fn shr(a: RawTerm, b: RawTerm) -> Option<u64> {
    let n = b.small_value();
    if n < 0 {
        return None;
    }
    Some((a.0 as i64 >> n.min(63)) as u64 & !7)
}

arith2! {
    plus, slow_plus, arith::add, am::PLUS, |a, b| (a.0 as i64).checked_add(b.0 as i64).map(|v| v as u64);
    minus, slow_minus, arith::sub, am::MINUS, |a, b| (a.0 as i64).checked_sub(b.0 as i64).map(|v| v as u64);
    times, slow_times, arith::mul, am::TIMES, |a, b| (a.0 as i64).checked_mul(b.small_value()).map(|v| v as u64);
    div, slow_div, arith::div, term::atom!("div"), |a, b| if b.0 == 0 { None } else { (a.0 as i64).checked_div(b.0 as i64).and_then(|q| if (term::term::SMALL_MIN..=term::term::SMALL_MAX).contains(&q) { Some((q << 3) as u64) } else { None }) };
    rem, slow_rem, arith::rem, term::atom!("rem"), |a, b| if b.0 == 0 { None } else { Some((a.0 as i64).wrapping_rem(b.0 as i64) as u64) };
    band, slow_band, arith::band, term::atom!("band"), |a, b| Some(a.0 & b.0);
    bor, slow_bor, arith::bor, term::atom!("bor"), |a, b| Some(a.0 | b.0);
    bxor, slow_bxor, arith::bxor, term::atom!("bxor"), |a, b| Some(a.0 ^ b.0);
    bsl, slow_bsl, arith::bsl, term::atom!("bsl"), |a, b| shl(a, b);
    bsr, slow_bsr, arith::bsr, term::atom!("bsr"), |a, b| shr(a, b);
}

// Float registers. Slots: 2 a, 3 b, 4 dst as register numbers; results are checked at once.

macro_rules! float2 {
    ($($name:ident, $op:expr, |$a:ident, $b:ident| $f:expr;)*) => { $(
        pub unsafe extern "C" fn $name(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let ($a, $b) = ((*r).f[u32_at(ip, 2) as usize], (*r).f[u32_at(ip, 3) as usize]);
            let v: f64 = $f;
            if !v.is_finite() {
                return float_error(r, ip, htop, e, fc);
            }
            (*r).f[u32_at(ip, 4) as usize] = v;
            go!(r, ip.add(5), htop, e, fc)
        }
    )* };
}
float2! {
    fadd, am::PLUS, |a, b| a + b;
    fsub, am::MINUS, |a, b| a - b;
    fmul, am::TIMES, |a, b| a * b;
    fdiv, am::DIVIDE, |a, b| a / b;
}
#[cold]
#[inline(never)]
unsafe extern "C" fn float_error(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    super::save(r, htop, e, fc);
    super::except::error(r, ip, RawTerm::atom(am::BADARITH))
}
/// Slots: 2 source, 3 destination registers.
pub unsafe extern "C" fn fnegate(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    (*r).f[u32_at(ip, 3) as usize] = -(*r).f[u32_at(ip, 2) as usize];
    go!(r, ip.add(4), htop, e, fc)
}
/// Slots: 2 source, 3 destination registers.
pub unsafe extern "C" fn fmove_ff(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    (*r).f[u32_at(ip, 3) as usize] = (*r).f[u32_at(ip, 2) as usize];
    go!(r, ip.add(4), htop, e, fc)
}
/// Unboxes: slot 2 register, 3 source.
pub unsafe extern "C" fn fload<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S::get(r, e, ip.add(3));
    // Compilers know that it is a float; the loader often does not.
    if !t.is_boxed_of(term::term::Subtag::Float) {
        return float_error(r, ip, htop, e, fc);
    }
    (*r).f[u32_at(ip, 2) as usize] = f64::from_bits(*t.ptr().add(1));
    go!(r, ip.add(3 + S::N), htop, e, fc)
}
/// Boxes: slot 2 register, 3 destination.
pub unsafe extern "C" fn fstore<D: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    *htop = RawTerm::header(term::term::Subtag::Float, 1).0;
    *htop.add(1) = (*r).f[u32_at(ip, 2) as usize].to_bits();
    D::put(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(4), htop.add(2), e, fc)
}
/// Any number to a float register: slot 2 register, 3 source (any).
pub unsafe extern "C" fn fconv(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let t = A::get(r, e, ip.add(3));
    let v = if t.is_small() { Some(t.small_value() as f64) } else { arith::to_f64(t.brand()) };
    match v {
        Some(v) => {
            (*r).f[u32_at(ip, 2) as usize] = v;
            go!(r, ip.add(5), htop, e, fc)
        }
        None => return float_error(r, ip, htop, e, fc),
    }
}
