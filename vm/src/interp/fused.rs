//! Instructions that do the work of several: moves before calls, runs of moves, tests with what follows them,
//! and comparisons and accessors as values that need no call of a native.
//!
//! A fused instruction stands where its first part stood and does exactly what its parts would do in
//! turn; `code::fuse` chooses it only if nothing branches in between.

use super::call::{self, enter};
use super::frame;
use super::operand::*;
use super::{Regs, ReturnPoint, go};
use core::marker::PhantomData;
use core::sync::atomic::Ordering;
use term::RawTerm;
use term::boxed::Export;
use term::term::Subtag;

/// An instruction that the handler of the one before it does as well. It stands behind that one all the same, for slow ways and branches.
pub trait Then {
    unsafe fn run(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64);
}
pub struct CallOnly;
pub struct CallLast;
pub struct MoveCallOnly<S>(PhantomData<S>);
pub struct MoveCallLast<S>(PhantomData<S>);
pub struct Frame<const N: usize, const M: usize>;

macro_rules! then {
    ($([$($g:tt)*] $t:ty: $h:expr;)*) => { $(
        impl<$($g)*> Then for $t {
            #[inline(always)]
            unsafe fn run(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
                return $h(r, ip, htop, e, fc);
            }
        }
    )* };
}
then! {
    [] CallOnly: call::call_only_inline;
    [] CallLast: call::call_last_inline;
    [S: Src] MoveCallOnly<S>: move_call_only_inline::<S>;
    [S: Src] MoveCallLast<S>: move_call_last_inline::<S>;
    [const N: usize, const M: usize] Frame<N, M>: frame::allocate_then_move_inline::<N, M>;
}

/// Slots: 2, 3 destinations, then sources, one after the other.
pub unsafe extern "C" fn move_two<S1: Src, D1: Dst, S2: Src, D2: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S1::get(r, e, ip.add(4));
    D1::put(r, e, ip.add(2), t);
    let t = S2::get(r, e, ip.add(4 + S1::N));
    D2::put(r, e, ip.add(3), t);
    go!(r, ip.add(4 + S1::N + S2::N), htop, e, fc)
}
/// Slots: 2 entry, 4 continuation, 6 X register, 7 source.
pub unsafe extern "C" fn move_call<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S::get(r, e, ip.add(7));
    X::put(r, e, ip.add(6), t);
    let e = e.sub(1);
    *e = u64_at(ip, 4);
    enter!(r, ptr_at::<Export>(ip, 2), htop, e, fc)
}
/// Slots: 2 entry, 4 X register, 5 source.
pub unsafe extern "C" fn move_call_only<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    return move_call_only_inline::<S>(r, ip, htop, e, fc);
}
#[inline(always)]
pub(super) unsafe fn move_call_only_inline<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S::get(r, e, ip.add(5));
    X::put(r, e, ip.add(4), t);
    enter!(r, ptr_at::<Export>(ip, 2), htop, e, fc)
}
/// Slots: 2 entry, 4 bytes of the frame, 5 X register, 6 source.
pub unsafe extern "C" fn move_call_last<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    return move_call_last_inline::<S>(r, ip, htop, e, fc);
}
#[inline(always)]
pub(super) unsafe fn move_call_last_inline<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S::get(r, e, ip.add(6));
    X::put(r, e, ip.add(5), t);
    let e = (e as *mut u8).add(u32_at(ip, 4) as usize) as *mut u64;
    enter!(r, ptr_at::<Export>(ip, 2), htop, e, fc)
}
/// A result in X 0, and the frame goes: slots 2 bytes of the frame, 3 source.
pub unsafe extern "C" fn move_deallocate_return<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    (*r).x[0] = S::get(r, e, ip.add(3));
    let e = (e as *mut u8).add(u32_at(ip, 2) as usize) as *mut u64;
    let rp = (*e & !7) as *const ReturnPoint;
    go!(r, (*rp).ip, htop, e.add(1), fc)
}
/// Slots: 2 branch, 3 source, 4 head, 5 tail.
pub unsafe extern "C" fn nonempty_get_list<S: Src, H: Dst, T: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S::get(r, e, ip.add(3));
    if t.is_list() {
        let p = t.ptr();
        let (h, t) = (RawTerm(*p), RawTerm(*p.add(1)));
        H::put(r, e, ip.add(4), h);
        T::put(r, e, ip.add(5), t);
        go!(r, ip.add(6), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}

/// Comparisons as values: slots 2 destination, 3 and 5 what to compare (any).
macro_rules! comparisons {
    ($($name:ident, $slow:ident: |$a:ident, $b:ident| $fast:expr => $value:expr; $full:expr;)*) => { $(
        pub unsafe extern "C" fn $name(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let ($a, $b) = (A::get(r, e, ip.add(3)), A::get(r, e, ip.add(5)));
            if $fast {
                put_any(r, e, ip.add(2), RawTerm::bool($value));
                go!(r, ip.add(7), htop, e, fc)
            }
            return $slow(r, ip, htop, e, fc);
        }
        #[cold]
        #[inline(never)]
        unsafe extern "C" fn $slow(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let ($a, $b) = (A::get(r, e, ip.add(3)), A::get(r, e, ip.add(5)));
            let value: bool = $full;
            put_any(r, e, ip.add(2), RawTerm::bool(value));
            go!(r, ip.add(7), htop, e, fc)
        }
    )* };
}

use super::compare::{full_cmp, full_eq, smalls};
use core::cmp::Ordering as Order;

comparisons! {
    equal_exact, slow_equal_exact: |a, b| a == b || a.is_immediate() || b.is_immediate() => a == b; term::compare::raw_eq(a, b);
    differ_exact, slow_differ_exact: |a, b| a == b || a.is_immediate() || b.is_immediate() => a != b; !term::compare::raw_eq(a, b);
    equal, slow_equal: |a, b| smalls(a, b) || a == b => a == b; full_eq(a, b);
    differ, slow_differ: |a, b| smalls(a, b) || a == b => a != b; !full_eq(a, b);
    less, slow_less: |a, b| smalls(a, b) => (a.0 as i64) < (b.0 as i64); full_cmp(a, b) == Order::Less;
    at_most, slow_at_most: |a, b| smalls(a, b) => (a.0 as i64) <= (b.0 as i64); full_cmp(a, b) != Order::Greater;
    greater, slow_greater: |a, b| smalls(a, b) => (a.0 as i64) > (b.0 as i64); full_cmp(a, b) == Order::Greater;
    at_least, slow_at_least: |a, b| smalls(a, b) => (a.0 as i64) >= (b.0 as i64); full_cmp(a, b) != Order::Less;
}

/// Accessors in the layout of [`guard_bif`](super::native::guard_bif), which raises.
macro_rules! accessors {
    ($($name:ident / $n:literal: |$a:ident, $b:ident| $value:expr;)*) => { $(
        pub unsafe extern "C" fn $name(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let $a = A::get(r, e, ip.add(7));
            let $b = if $n > 1 { A::get(r, e, ip.add(9)) } else { RawTerm::NIL };
            let _ = $b;
            let value: Option<RawTerm> = $value;
            if let Some(t) = value {
                put_any(r, e, ip.add(3), t);
                go!(r, ip.add(7 + 2 * $n), htop, e, fc)
            }
            if u32_at(ip, 2) != 0 {
                go!(r, target_at(ip, 2), htop, e, fc)
            }
            return super::native::guard_bif(r, ip, htop, e, fc);
        }
    )* };
}

accessors! {
    hd / 1: |l, _x| if l.is_list() { Some(RawTerm(*l.ptr())) } else { None };
    tl / 1: |l, _x| if l.is_list() { Some(RawTerm(*l.ptr().add(1))) } else { None };
    tuple_size / 1: |t, _x| if t.is_boxed_of(Subtag::Tuple) { Some(RawTerm::small(t.boxed_header().header_arity() as i64)) } else { None };
    element / 2: |i, t| if i.is_small() && t.is_boxed_of(Subtag::Tuple)
        && ((i.small_value() - 1) as u64) < t.boxed_header().header_arity() as u64
        { Some(RawTerm(*t.ptr().add(i.small_value() as usize))) } else { None };
    not / 1: |b, _x| if b == RawTerm::bool(true) { Some(RawTerm::bool(false)) }
        else if b == RawTerm::bool(false) { Some(RawTerm::bool(true)) } else { None };
}
