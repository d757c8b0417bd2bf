//! Comparisons and type tests. Slot 2 is the branch to take when a test fails.

use super::arith::tag_bits;
use super::operand::*;
use super::{Regs, go};
use core::cmp::Ordering;
use term::RawTerm;
use term::term::Subtag;

macro_rules! test1 {
    ($($(#[$m:meta])* $name:ident |$t:ident| $cond:expr;)*) => { $(
        $(#[$m])*
        pub unsafe extern "C" fn $name<S: Src>(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let $t = S::get(r, e, ip.add(3));
            if $cond {
                go!(r, ip.add(3 + S::N), htop, e, fc)
            }
            go!(r, target_at(ip, 2), htop, e, fc)
        }
    )* };
}

#[inline(always)]
unsafe fn boxed_is(t: RawTerm, f: impl Fn(u64) -> bool) -> bool {
    t.is_boxed() && f(t.boxed_header().header_subtag())
}
#[inline(always)]
unsafe fn is_big(t: RawTerm) -> bool {
    boxed_is(t, |s| s == Subtag::PosBig as u64 || s == Subtag::NegBig as u64)
}
/// A match context is one too: compilers since OTP 27 put the test in place of the start of a match.
#[inline(always)]
unsafe fn is_bits(t: RawTerm) -> bool {
    boxed_is(t, |s| {
        s == Subtag::SubBits as u64
            || s == Subtag::HeapBits as u64
            || s == Subtag::MatchContext as u64
    })
}
/// Whether bits that are left are whole bytes.
#[inline(never)]
unsafe fn is_bytes(t: RawTerm) -> bool {
    t.brand().bits_left().is_some_and(|n| n % 8 == 0)
}

test1! {
    is_integer |t| t.is_small() || is_big(t);
    is_float |t| t.is_boxed_of(Subtag::Float);
    is_number |t| t.is_small() || is_big(t) || t.is_boxed_of(Subtag::Float);
    is_atom |t| t.is_atom();
    is_pid |t| t.is_local_pid() || t.is_boxed_of(Subtag::ExtPid);
    is_port |t| t.is_local_port() || t.is_boxed_of(Subtag::ExtPort);
    is_reference |t| boxed_is(t, |s| (Subtag::Ref as u64..=Subtag::MagicRef as u64).contains(&s) || s == Subtag::ExtRef as u64);
    is_nil |t| t.is_nil();
    is_bitstr |t| is_bits(t);
    is_binary |t| is_bits(t) && is_bytes(t);
    is_list |t| t.is_list() || t.is_nil();
    is_nonempty_list |t| t.is_list();
    is_tuple |t| t.is_boxed_of(Subtag::Tuple);
    is_function |t| boxed_is(t, |s| s == Subtag::Fun as u64 || s == Subtag::ExportFun as u64);
    is_boolean |t| t == RawTerm::bool(true) || t == RawTerm::bool(false);
    is_map |t| boxed_is(t, |s| s == Subtag::FlatMap as u64 || s == Subtag::HashMap as u64);
    is_any_native_record |t| boxed_is(t, |s| s == Subtag::Record as u64);
}

/// Slot 3 source, then the header word that the tuple must have.
pub unsafe extern "C" fn test_arity<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S::get(r, e, ip.add(3));
    if *t.ptr() == u64_at(ip, 3 + S::N) {
        go!(r, ip.add(5 + S::N), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
/// `is_tuple` and `test_arity` at once.
pub unsafe extern "C" fn is_tuple_of_arity<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S::get(r, e, ip.add(3));
    if t.is_boxed() && *t.ptr() == u64_at(ip, 3 + S::N) {
        go!(r, ip.add(5 + S::N), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
/// Header word, then the first element.
pub unsafe extern "C" fn is_tagged_tuple<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S::get(r, e, ip.add(3));
    if t.is_boxed() && *t.ptr() == u64_at(ip, 3 + S::N) && *t.ptr().add(1) == u64_at(ip, 5 + S::N) {
        go!(r, ip.add(7 + S::N), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
pub unsafe extern "C" fn is_function2(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (f, n) = (A::get(r, e, ip.add(3)), A::get(r, e, ip.add(5)));
    let ok = match (f.brand().as_fun(), n.brand().as_i64()) {
        (Some(f), Some(n)) => i64::from(f.arity()) == n,
        _ => false,
    };
    if ok {
        go!(r, ip.add(7), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}

macro_rules! test2 {
    ($($name:ident, $slow:ident: |$a:ident, $b:ident| $fast:expr => $value:expr; $full:expr;)*) => { $(
        pub unsafe extern "C" fn $name<P: Src, Q: Src>(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let ($a, $b) = (P::get(r, e, ip.add(3)), Q::get(r, e, ip.add(3 + P::N)));
            if $fast {
                if $value {
                    go!(r, ip.add(3 + P::N + Q::N), htop, e, fc)
                }
                go!(r, target_at(ip, 2), htop, e, fc)
            }
            return $slow::<P, Q>(r, ip, htop, e, fc);
        }
        #[cold]
        #[inline(never)]
        unsafe extern "C" fn $slow<P: Src, Q: Src>(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let ($a, $b) = (P::get(r, e, ip.add(3)), Q::get(r, e, ip.add(3 + P::N)));
            if $full {
                go!(r, ip.add(3 + P::N + Q::N), htop, e, fc)
            }
            go!(r, target_at(ip, 2), htop, e, fc)
        }
    )* };
}

pub(super) unsafe fn full_cmp(a: RawTerm, b: RawTerm) -> Ordering {
    term::compare::compare(a.brand(), b.brand())
}
pub(super) unsafe fn full_eq(a: RawTerm, b: RawTerm) -> bool {
    term::compare::eq(a.brand(), b.brand())
}
#[inline(always)]
pub(super) fn smalls(a: RawTerm, b: RawTerm) -> bool {
    (a.0 | b.0) & 7 == 0
}

test2! {
    is_lt, slow_lt: |a, b| (tag_bits::<P>(a) | tag_bits::<Q>(b)) & 7 == 0 => (a.0 as i64) < (b.0 as i64); full_cmp(a, b) == Ordering::Less;
    is_ge, slow_ge: |a, b| (tag_bits::<P>(a) | tag_bits::<Q>(b)) & 7 == 0 => (a.0 as i64) >= (b.0 as i64); full_cmp(a, b) != Ordering::Less;
    is_eq, slow_eq: |a, b| smalls(a, b) || a == b => a == b; full_eq(a, b);
    is_ne, slow_ne: |a, b| smalls(a, b) || a == b => a != b; !full_eq(a, b);
    is_eq_exact, slow_eq_exact: |a, b| a == b || a.is_immediate() || b.is_immediate() => a == b; term::compare::raw_eq(a, b);
    is_ne_exact, slow_ne_exact: |a, b| a == b || a.is_immediate() || b.is_immediate() => a != b; !term::compare::raw_eq(a, b);
}

/// Against an immediate constant: one comparison of words.
pub unsafe extern "C" fn is_eq_imm<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if S::get(r, e, ip.add(3)).0 == u64_at(ip, 3 + S::N) {
        go!(r, ip.add(5 + S::N), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
pub unsafe extern "C" fn is_ne_imm<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if S::get(r, e, ip.add(3)).0 != u64_at(ip, 3 + S::N) {
        go!(r, ip.add(5 + S::N), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
