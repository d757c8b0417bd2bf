//! Calling functions of NIF libraries.
//!
//! As `bif_entry`, for a [`Nif`]: natives that carry data of their own. The code of each is part of it.
//!
//! Most calls are direct: the interpreter calls the C function with the environment of its registers' block. What most calls do not
//! need (an exception, a call that goes on elsewhere, fragments, a slice that is used up) is behind one test after it.

use super::native::{dirty_stopped, left_much, return_from_native, settle, stopped};
use super::operand::*;
use super::{Outcome, Regs, ReturnPoint, go, leave};
use crate::code::native::{Nif, NifTarget};
use crate::process::Process;
use crate::stop::{Stop, Why};
use term::boxed::Export;
use term::{Atom, RawTerm, Term};

/// The call whose continuation is on the stack: just before where it returns to.
#[inline(always)]
unsafe fn caller(e: *mut u64) -> u64 {
    (*((*e & !7) as *const ReturnPoint)).ip as u64 - 4
}

/// After the call: returns what it came to.
macro_rules! ended {
    ($r:expr, $p:expr, $ip:expr, $result:expr) => {
        match $result {
            Ok(t) => {
                (*$r).x[0] = t;
                settle($r, $p);
                if (*$p).reds_left <= 0 {
                    let (htop, e) = ((*$p).heap.heap.top(), (*$p).heap.stack);
                    return out_of_reductions($r, $ip, htop, e, 0);
                }
                let e = (*$p).heap.stack;
                let rp = (*e & !7) as *const ReturnPoint;
                go!($r, (*rp).ip, (*$p).heap.heap.top(), e.add(1), (*$p).reds_left)
            }
            Err(stop) => {
                return stopped($r, stop, $ip, ptr_at::<Export>($ip, 4), core::ptr::null());
            }
        }
    };
}

/// Calls the function of a NIF on the X registers.
#[inline(always)]
unsafe fn call(
    r: *mut Regs,
    p: *mut Process,
    nif: *const Nif,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) -> Result<RawTerm, Stop> {
    (*p).caller = caller(e);
    super::save(r, htop, e, fc);
    let args = core::slice::from_raw_parts((*r).x.as_ptr() as *const Term, (*nif).arity);
    ((*nif).call)(super::turn(r), &*nif, args).map(|t| t.raw())
}

/// Slots 2 NIF, 4 function. The continuation is on the stack.
pub unsafe extern "C" fn nif_entry(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = (*r).process;
    let result = call(r, p, ptr_at::<Nif>(ip, 2), htop, e, fc);
    ended!(r, p, ip, result)
}

/// The same for a NIF with [`Nif::finish`].
pub unsafe extern "C" fn direct_nif_entry(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let nif = ptr_at::<Nif>(ip, 2);
    let p = super::save(r, htop, e, fc);
    (*p).caller = caller(e);
    // Kept in memory: nearly nobody asks for it again.
    (*r).ip = ip;
    (*r).env.library = (*nif).library;
    let target: NifTarget = core::mem::transmute((*nif).target);
    let word = target(&raw mut (*r).env, (*nif).arity as i32, (*r).x.as_ptr());
    let p = (*r).process;
    let fc = (*p).reds_left;
    if (*r).env.is_plain() && !left_much(p) && fc > 0 {
        (*r).x[0] = word;
        let e = (*p).heap.stack;
        let rp = (*e & !7) as *const ReturnPoint;
        go!(r, (*rp).ip, (*p).heap.heap.top(), e.add(1), fc)
    }
    return direct_nif_ended(r, word.0 as *const u32, htop, e, fc);
}

/// A direct call ended with more than a term, which is passed instead of an address.
#[cold]
#[inline(never)]
unsafe extern "C" fn direct_nif_ended(
    r: *mut Regs,
    word: *const u32,
    _htop: *mut u64,
    _e: *mut u64,
    _fc: i64,
) {
    let (p, ip, word) = ((*r).process, (*r).ip, RawTerm(word as u64));
    let result = match (*ptr_at::<Nif>(ip, 2)).finish {
        Some(finish) if !(*r).env.is_plain() => {
            finish(super::turn(r), &mut (*r).env, word).map(|t| t.raw())
        }
        _ => Ok(word),
    };
    ended!(r, p, ip, result)
}

/// A NIF used up the slice. As on the reference its process gives way when it calls the next function, unless a collection is
/// to come first.
#[cold]
#[inline(never)]
unsafe extern "C" fn out_of_reductions(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if (*(*r).process).collect_dirty.is_some() {
        return return_from_native(r, ip, htop, e, fc);
    }
    let rp = (*e & !7) as *const ReturnPoint;
    go!(r, (*rp).ip, htop, e.add(1), fc)
}

/// The function of a NIF whose code is about to run.
pub(crate) fn function_at(ip: *const u32) -> Option<(Atom, Atom, u32)> {
    if ip.is_null() {
        return None;
    }
    // SAFETY: every code address leads to the address of a handler, with its operands behind it.
    unsafe {
        let handler = super::handler_at(ip) as usize;
        let ours =
            [nif_entry as *const (), direct_nif_entry as *const (), dirty_nif_entry as *const ()];
        if !ours.contains(&(handler as *const ())) {
            return None;
        }
        let function = &*ptr_at::<Export>(ip, 4);
        Some((function.module, function.function, function.arity))
    }
}

/// As [`nif_entry`], for a NIF that runs on a dirty scheduler.
pub unsafe extern "C" fn dirty_nif_entry(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let nif = ptr_at::<Nif>(ip, 2);
    let p = (*r).process;
    if (*r).scheduler != 0 {
        (*p).next_dirty = (*nif).kind;
        super::call::save_x(r, (*nif).arity);
        leave!(r, Outcome::Dirty, ip, htop, e, fc)
    }
    let export = ptr_at::<Export>(ip, 4);
    (*p).current_native = Some(((*export).module, (*export).function, (*export).arity));
    match call(r, p, nif, htop, e, fc) {
        Ok(t) => {
            (*r).x[0] = t;
            settle(r, p);
            // Back to a normal scheduler.
            (*p).end_slice();
            return return_from_native(r, ip, (*p).heap.heap.top(), (*p).heap.stack, 0);
        }
        Err(stop) => {
            if matches!((*p).why, Some(Why::Raise(_) | Why::Trap { .. })) {
                return dirty_stopped(r, stop, (*nif).arity, export);
            }
            stopped(r, stop, ip, export, core::ptr::null())
        }
    }
}
