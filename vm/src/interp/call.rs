//! Calls, returns, funs.
//!
//! Every call goes through an entry cell, and reductions are counted there ([`enter!`]): the one
//! place where a process gives way between instructions.

use super::operand::*;
use super::{Outcome, Regs, ReturnPoint, go, leave};
use core::sync::atomic::Ordering;
use term::boxed::{Export, FunEntry};
use term::term::Subtag;
use term::{RawTerm, Term};

/// Calls through an entry cell: counts a reduction, gives way when none is left.
macro_rules! enter {
    ($r:expr, $entry:expr, $htop:expr, $e:expr, $fc:expr) => {{
        let entry: *const Export = $entry;
        let target = (*entry).cell.load(Ordering::Acquire) as *const u32;
        let fc = $fc - 1;
        if fc <= 0 {
            (*$r).entry = entry;
            return crate::interp::call::yield_at_entry($r, target, $htop, $e, fc);
        }
        go!($r, target, $htop, $e, fc)
    }};
}
pub(crate) use enter;

/// Out of reductions at the entry of a function: its arguments are saved.
#[cold]
#[inline(never)]
pub unsafe extern "C" fn yield_at_entry(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let arity = (*(*r).entry).arity as usize;
    save_x(r, arity);
    leave!(r, Outcome::Yielded, ip, htop, e, fc)
}
/// The same for a fun, whose environment is in registers too. Slot of the count: `r.bs_at`.
#[cold]
#[inline(never)]
unsafe extern "C" fn yield_at_fun(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = (*r).bs_at;
    save_x(r, n);
    leave!(r, Outcome::Yielded, ip, htop, e, fc)
}

/// Keeps the first `n` X registers while the process does not run.
pub(crate) unsafe fn save_x(r: *mut Regs, n: usize) {
    let p = (*r).process;
    let x = core::slice::from_raw_parts((*r).x.as_ptr(), n);
    (*p).saved.clear();
    (*p).saved.extend_from_slice(x);
}

/// Slots: 2 entry, 4 continuation.
pub unsafe extern "C" fn call(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let e = e.sub(1);
    *e = u64_at(ip, 4);
    enter!(r, ptr_at::<Export>(ip, 2), htop, e, fc)
}
/// Slot 2: entry.
pub unsafe extern "C" fn call_only(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    return call_only_inline(r, ip, htop, e, fc);
}
#[inline(always)]
pub(super) unsafe fn call_only_inline(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    enter!(r, ptr_at::<Export>(ip, 2), htop, e, fc)
}
/// Slots: 2 entry, 4 bytes of the frame.
pub unsafe extern "C" fn call_last(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    return call_last_inline(r, ip, htop, e, fc);
}
#[inline(always)]
pub(super) unsafe fn call_last_inline(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let e = (e as *mut u8).add(u32_at(ip, 4) as usize) as *mut u64;
    enter!(r, ptr_at::<Export>(ip, 2), htop, e, fc)
}
pub unsafe extern "C" fn return_(
    r: *mut Regs,
    _ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let rp = (*e & !7) as *const ReturnPoint;
    go!(r, (*rp).ip, htop, e.add(1), fc)
}
/// Slot 2: bytes of the frame.
pub unsafe extern "C" fn deallocate_return(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let e = (e as *mut u8).add(u32_at(ip, 2) as usize) as *mut u64;
    let rp = (*e & !7) as *const ReturnPoint;
    go!(r, (*rp).ip, htop, e.add(1), fc)
}
/// Slots: 2 destination, 3 source (any).
pub unsafe extern "C" fn move_return<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    (*r).x[0] = S::get(r, e, ip.add(2));
    let rp = (*e & !7) as *const ReturnPoint;
    go!(r, (*rp).ip, htop, e.add(1), fc)
}

/// Enters the fun `f` with `arity` arguments in place; the continuation is on the stack.
macro_rules! enter_fun {
    ($r:expr, $ip:expr, $f:expr, $arity:expr, $htop:expr, $e:expr, $fc:expr) => {{
        let (f, arity): (RawTerm, usize) = ($f, $arity);
        if f.is_boxed_of(Subtag::Fun) {
            let p = f.ptr();
            let entry = *p.add(1) as *const FunEntry;
            if (*entry).arity as usize == arity {
                let n = RawTerm(*p).header_arity() - 2;
                let mut i = 0;
                while i < n {
                    (*$r).x[arity + i] = RawTerm(*p.add(3 + i));
                    i += 1;
                }
                let target = (*entry).cell.load(Ordering::Acquire) as *const u32;
                let fc = $fc - 1;
                if fc <= 0 {
                    (*$r).bs_at = arity + n;
                    return yield_at_fun($r, target, $htop, $e, fc);
                }
                go!($r, target, $htop, $e, fc)
            }
        } else if f.is_boxed_of(Subtag::ExportFun) {
            let export = *f.ptr().add(1) as *const Export;
            if (*export).arity as usize == arity {
                enter!($r, export, $htop, $e, $fc)
            }
        }
        (*$r).x[X_FUN] = f;
        (*$r).bs_at = arity;
        return bad_fun($r, $ip, $htop, $e, $fc);
    }};
}

/// Where the fun stands for [`bad_fun`].
const X_FUN: usize = super::X_REGS - 1;

/// Slots: 2 arity, 3 continuation, 5 fun (any).
pub unsafe extern "C" fn call_fun(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let f = A::get(r, e, ip.add(5));
    let e = e.sub(1);
    *e = u64_at(ip, 3);
    enter_fun!(r, ip, f, u32_at(ip, 2) as usize, htop, e, fc)
}
/// Slots: 2 arity, 3 bytes of the frame, 4 fun (any).
pub unsafe extern "C" fn call_fun_last(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let f = A::get(r, e, ip.add(4));
    let e = (e as *mut u8).add(u32_at(ip, 3) as usize) as *mut u64;
    enter_fun!(r, ip, f, u32_at(ip, 2) as usize, htop, e, fc)
}

/// `badfun` or `badarity`.
#[cold]
#[inline(never)]
unsafe extern "C" fn bad_fun(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let p = super::save(r, htop, e, fc);
    let f: Term = (*r).x[X_FUN].brand();
    let arity = (*r).bs_at;
    let heap = &(*p).heap.heap;
    let reason = if f.as_fun().is_some() {
        let args: Vec<Term> = (0..arity).map(|i| (*r).x[i].brand()).collect();
        let pair = heap.tuple(&[f, heap.list(&args)]);
        heap.tuple(&[Term::atom(term::atom::am::BADARITY), pair])
    } else {
        heap.tuple(&[Term::atom(term::atom::am::BADFUN), f])
    };
    super::except::error(r, ip, reason.raw())
}

/// Slots: 2 destination, 3 entry, 5 count, then the environment.
pub unsafe extern "C" fn make_fun(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = u32_at(ip, 5) as usize;
    *htop = RawTerm::header(Subtag::Fun, 2 + n).0;
    *htop.add(1) = u64_at(ip, 3);
    *htop.add(2) = RawTerm::local_pid((*(*r).process).shared.pid).0;
    let mut i = 0;
    while i < n {
        *htop.add(3 + i) = A::get(r, e, ip.add(6 + 2 * i)).0;
        i += 1;
    }
    put_any(r, e, ip.add(2), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(6 + 2 * n), htop.add(3 + n), e, fc)
}

/// `apply`: slots 2 arity, 3 continuation; module and function follow the arguments.
pub unsafe extern "C" fn apply(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let e = e.sub(1);
    *e = u64_at(ip, 3);
    return apply_args::<false>(r, ip, htop, e, fc);
}
/// Slots 2 arity, 3 bytes of the frame.
pub unsafe extern "C" fn apply_last(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let e = (e as *mut u8).add(u32_at(ip, 3) as usize) as *mut u64;
    return apply_args::<true>(r, ip, htop, e, fc);
}
#[inline(never)]
unsafe extern "C" fn apply_args<const TAIL: bool>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let arity = u32_at(ip, 2) as usize;
    let (m, f) = ((*r).x[arity], (*r).x[arity + 1]);
    match (m.as_atom(), f.as_atom()) {
        (Some(m), Some(f)) => {
            let export = (*r).vm.code.export(m, f, arity as u32);
            if TAIL && leads_to_native(export as *const _ as *const Export) {
                (*(*r).process).tail_caller = ip as u64;
            }
            enter!(r, export as *const _ as *const Export, htop, e, fc)
        }
        _ => return super::except::badarg_apply::<TAIL>(r, ip, htop, e, fc),
    }
}

/// Whether calls, traced or not, get to a native's entry or to [`apply_list`], which know what to do with a tail caller.
/// SAFETY: of the caller: entry cells live for ever and lead to code.
unsafe fn leads_to_native(entry: *const Export) -> bool {
    let mut code = (*entry).cell.load(Ordering::Acquire) as *const u32;
    if u64_at(code, 0) == crate::trace::call::point as *const () as u64 {
        code = (*ptr_at::<crate::trace::point::Point>(code, 2)).covered.load(Ordering::Acquire);
        if code.is_null() {
            return false;
        }
    }
    let handler = u64_at(code, 0);
    handler == super::native::bif_entry as *const () as u64
        || handler == apply_list as *const () as u64
}

/// A tail call of `erlang:apply/3`. Slots: 2 entry, 4 bytes of the frame.
pub unsafe extern "C" fn apply_list_last(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    (*(*r).process).tail_caller = ip as u64;
    let e = (e as *mut u8).add(u32_at(ip, 4) as usize) as *mut u64;
    enter!(r, ptr_at::<Export>(ip, 2), htop, e, fc)
}

/// `erlang:apply/3` as code: module, function and argument list in x0..x2; the continuation is on
/// the stack. Also the first instruction of every process.
pub unsafe extern "C" fn apply_list(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let tail_caller = core::mem::take(&mut (*(*r).process).tail_caller);
    let [m, f, args] = [(*r).x[0], (*r).x[1], (*r).x[2]];
    let mut n = 0;
    let mut l = args;
    while l.is_list() {
        if n >= X_FUN {
            return super::except::system_limit(r, ip, htop, e, fc);
        }
        (*r).x[n] = RawTerm(*l.ptr());
        l = RawTerm(*l.ptr().add(1));
        n += 1;
    }
    if !l.is_nil() || !m.is_atom() || !f.is_atom() {
        ((*r).x[0], (*r).x[1], (*r).x[2]) = (m, f, args);
        return super::except::badarg_apply3(r, tail_caller as *const u32, htop, e, fc);
    }
    let (Some(m), Some(f)) = (m.as_atom(), f.as_atom()) else { return };
    let export = (*r).vm.code.export(m, f, n as u32);
    if tail_caller != 0 && leads_to_native(export as *const _ as *const Export) {
        (*(*r).process).tail_caller = tail_caller;
    }
    enter!(r, export as *const _ as *const Export, htop, e, fc)
}
/// `erlang:apply/2`: fun and argument list in x0, x1.
pub unsafe extern "C" fn apply_fun_list(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let [f, args] = [(*r).x[0], (*r).x[1]];
    let mut n = 0;
    let mut l = args;
    while l.is_list() && n < X_FUN {
        (*r).x[n] = RawTerm(*l.ptr());
        l = RawTerm(*l.ptr().add(1));
        n += 1;
    }
    if !l.is_nil() {
        ((*r).x[0], (*r).x[1]) = (f, args);
        return super::except::badarg_apply2(r, ip, htop, e, fc);
    }
    enter_fun!(r, ip, f, n, htop, e, fc)
}
