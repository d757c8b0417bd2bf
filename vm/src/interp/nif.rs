//! Calling functions of NIF libraries.
//!
//! As `bif_entry`, for a [`Nif`]: natives that carry data of their own. The code of each is part of it.

use super::native::{dirty_stopped, return_from_native, settle, stopped};
use super::operand::*;
use super::{Outcome, Regs, ReturnPoint, leave};
use crate::bif::{Cx, Kind};
use crate::code::native::Nif;
use crate::stop::Why;
use term::Term;
use term::boxed::Export;

/// Slots 2 NIF, 4 function. The continuation is on the stack.
pub unsafe extern "C" fn nif_entry(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let nif = ptr_at::<Nif>(ip, 2);
    let dirty = matches!((*nif).kind, Kind::DirtyCpu | Kind::DirtyIo);
    if dirty && (*r).scheduler != 0 {
        (*(*r).process).next_dirty = (*nif).kind;
        super::call::save_x(r, (*nif).arity);
        leave!(r, Outcome::Dirty, ip, htop, e, fc)
    }
    if dirty {
        let export = &*ptr_at::<Export>(ip, 4);
        (*(*r).process).current_native = Some((export.module, export.function, export.arity));
    }
    (*(*r).process).caller = (*((*e & !7) as *const ReturnPoint)).ip as u64 - 4;
    let result = {
        let p = super::save(r, htop, e, fc);
        let cx = Cx::new(p, (*r).vm, (*r).scheduler);
        let args = core::slice::from_raw_parts((*r).x.as_ptr() as *const Term, (*nif).arity);
        ((*nif).call)(&cx, &*nif, args).map(|t| t.raw())
    };
    let p = (*r).process;
    match result {
        Ok(t) => {
            (*r).x[0] = t;
            settle(r);
            if dirty {
                // Back to a normal scheduler.
                (*p).reds_left = 0;
            }
            return return_from_native(
                r,
                ip,
                (*p).heap.heap.top(),
                (*p).heap.stack,
                (*p).reds_left,
            );
        }
        Err(stop) => {
            let export = ptr_at::<Export>(ip, 4);
            if dirty && matches!((*p).why, Some(Why::Raise(_) | Why::Trap { .. })) {
                return dirty_stopped(r, stop, (*nif).arity, export);
            }
            stopped(r, stop, ip, export, core::ptr::null())
        }
    }
}
