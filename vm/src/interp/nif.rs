//! Calling functions of NIF libraries.
//!
//! As `bif_entry`, for a [`Nif`]: natives that carry data of their own. The code of each is part of it.

use super::native::{dirty_stopped, return_from_native, settle, stopped};
use super::operand::*;
use super::{Outcome, Regs, ReturnPoint, go, leave};
use crate::code::native::Nif;
use crate::process::Process;
use crate::stop::{Stop, Why};
use term::boxed::Export;
use term::{Atom, RawTerm, Term};

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
    (*p).caller = (*((*e & !7) as *const ReturnPoint)).ip as u64 - 4;
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
    match call(r, p, ptr_at::<Nif>(ip, 2), htop, e, fc) {
        Ok(t) => {
            (*r).x[0] = t;
            settle(r, p);
            if (*p).reds_left <= 0 {
                return out_of_reductions(r, ip, (*p).heap.heap.top(), (*p).heap.stack, 0);
            }
            let e = (*p).heap.stack;
            let rp = (*e & !7) as *const ReturnPoint;
            go!(r, (*rp).ip, (*p).heap.heap.top(), e.add(1), (*p).reds_left)
        }
        Err(stop) => return stopped(r, stop, ip, ptr_at::<Export>(ip, 4), core::ptr::null()),
    }
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
        if handler != nif_entry as *const () as usize
            && handler != dirty_nif_entry as *const () as usize
        {
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
