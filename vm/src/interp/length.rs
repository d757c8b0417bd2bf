//! `length/1` as an instruction that gives way.
//!
//! It stands in guards too, where a native cannot go on later. So there are two instructions: [`length`] counts as far as
//! the slice suffices, and is all there is to do for most lists; [`length_on`], which follows, goes on from the rest of the list,
//! the number of elements before it and the whole list. They are in the X registers behind the live ones, where collections see them.

use super::operand::*;
use super::{Outcome, Regs, go, leave};
use crate::bif::Bif;
use crate::stop::{Class, Raise};
use term::RawTerm;
use term::atom::am;

/// Elements for a reduction.
const PER_REDUCTION: usize = 16;
/// X registers that [`length_on`] needs.
pub const EXTRA: usize = 3;
/// Slots of [`length`] and of [`length_on`].
const FIRST: usize = 9;
const SECOND: usize = 7;

/// Passes elements, as many as so many reductions allow: the rest, and how many they were.
#[inline(always)]
unsafe fn walk(list: RawTerm, reductions: i64) -> (RawTerm, usize) {
    let most = (reductions.max(1) as usize).saturating_mul(PER_REDUCTION);
    let (mut rest, mut n) = (list, 0);
    while rest.is_list() && n < most {
        rest = RawTerm(*rest.ptr().add(1));
        n += 1;
    }
    (rest, n)
}

/// Slots: 2 fail, 3 destination, 4 live, 5 native, 7 list.
pub unsafe extern "C" fn length(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let list = A::get(r, e, ip.add(7));
    let (rest, n) = walk(list, fc);
    let fc = fc - (n / PER_REDUCTION) as i64;
    if rest.is_nil() {
        put_any(r, e, ip.add(3), RawTerm::small(n as i64));
        go!(r, ip.add(FIRST + SECOND), htop, e, fc)
    }
    let live = u32_at(ip, 4) as usize;
    (*r).x[live] = rest;
    (*r).x[live + 1] = RawTerm::small(n as i64);
    (*r).x[live + 2] = list;
    return length_on(r, ip.add(FIRST), htop, e, fc);
}

/// Slots: 2 fail, 3 destination, 4 live, 5 native.
pub unsafe extern "C" fn length_on(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let live = u32_at(ip, 4) as usize;
    let (rest, n) = walk((*r).x[live], fc);
    let fc = fc - (n / PER_REDUCTION) as i64;
    let n = (*r).x[live + 1].small_value() + n as i64;
    if rest.is_nil() {
        put_any(r, e, ip.add(3), RawTerm::small(n));
        go!(r, ip.add(SECOND), htop, e, fc)
    }
    if !rest.is_list() {
        return not_a_list(r, ip, htop, e, fc);
    }
    (*r).x[live] = rest;
    (*r).x[live + 1] = RawTerm::small(n);
    super::save(r, htop, e, fc);
    super::call::save_x(r, live + EXTRA);
    leave!(r, Outcome::Yielded, ip, htop, e, fc)
}

#[cold]
#[inline(never)]
unsafe extern "C" fn not_a_list(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if u32_at(ip, 2) != 0 {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    super::save(r, htop, e, fc);
    raise(r, ip);
}

unsafe fn raise(r: *mut Regs, ip: *const u32) {
    let live = u32_at(ip, 4) as usize;
    (*r).x[0] = (*r).x[live + 2];
    let raise = Raise {
        class: Class::Error,
        reason: RawTerm::atom(am::BADARG),
        stacktrace: RawTerm::NONE,
        cause: RawTerm::NONE,
        args: RawTerm::NONE,
        error_info: RawTerm::NONE,
    };
    let arity = (*ptr_at::<Bif>(ip, 5)).arity as u32;
    super::except::raise_in_native(r, raise, (am::ERLANG, term::atom!("length"), arity), ip);
}
