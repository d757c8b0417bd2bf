//! Breakpoints of lines [instrs.tab: i_enabled_line_breakpoint, beam_bp.c].
//!
//! A place for one is an instruction that does nothing until its switch is on. Then it calls `erts_internal:breakpoint/4`, which
//! waits for the debugger. What is in the X registers is kept on the stack meanwhile: two continuations, that of the next
//! instruction and above it that of [`cleanup`], with the registers in between.

use super::operand::*;
use super::{Regs, ReturnPoint, go};
use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::LazyLock;
use term::boxed::Export;
use term::gc::STACK_SLACK;
use term::{RawTerm, atom};

/// Slot of the switch, of the instruction.
const SWITCH: usize = 2;

static CLEANUP: LazyLock<&'static ReturnPoint> = LazyLock::new(|| {
    let ip = super::builtin::one(cleanup).as_ptr();
    Box::leak(Box::new(ReturnPoint { ip, function: core::ptr::null(), line: 0, frame: 0 }))
});

/// Whether a continuation leads to [`cleanup`].
pub(crate) fn is_cleanup(word: RawTerm) -> bool {
    word.0 & !7 == *CLEANUP as *const ReturnPoint as u64
}

/// The switch of the place at `ip`.
///
/// # Safety
/// There is such an instruction, in code that is not freed.
pub(crate) unsafe fn switch<'a>(ip: *const u32) -> &'a AtomicU32 {
    AtomicU32::from_ptr(ip.add(SWITCH).cast_mut())
}

/// Slots: 2 switch, 3 live, 4 continuation.
pub unsafe extern "C" fn line(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    if switch(ip).load(Ordering::Relaxed) != 0 {
        return hit(r, ip, htop, e, fc);
    }
    go!(r, ip.add(6), htop, e, fc)
}

#[cold]
#[inline(never)]
unsafe extern "C" fn hit(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let p = super::save(r, htop, e, fc);
    let handler = prepare(r, ip);
    let (htop, e) = ((*p).heap.heap.top(), (*p).heap.stack);
    if handler.is_null() {
        go!(r, ip.add(6), htop, e, fc)
    }
    super::call::enter!(r, handler, htop, e, fc)
}

/// Keeps the registers and sets the arguments of the handler; null: there is none. SAFETY: of the caller, as all
/// handlers: it runs the process, and the instruction is the one it stands at.
#[inline(never)]
unsafe fn prepare(r: *mut Regs, ip: *const u32) -> *const Export {
    let (p, vm) = ((*r).process, (*r).vm);
    let handler = vm.code.export(atom!("erts_internal"), atom!("breakpoint"), 4);
    let Some(at) = vm.code.locate(ip as u64).filter(|_| vm.code.is_loaded(handler)) else {
        return core::ptr::null();
    };
    let own = (handler.export.module, handler.export.function, handler.export.arity);
    if own == (at.module, at.function, at.arity) {
        return core::ptr::null();
    }
    let live = u32_at(ip, 3) as usize;
    let need = live + 2 + STACK_SLACK;
    let room = ((*p).heap.stack as usize).wrapping_sub((*p).heap.heap.top() as usize) / 8;
    if room < need {
        super::collect(r, (*p).heap.heap.top(), (*p).heap.stack, live, need);
    }
    let mut e = (*p).heap.stack.sub(1);
    *e = u64_at(ip, 4);
    for i in (0..live).rev() {
        e = e.sub(1);
        *e = (*r).x[i].0;
    }
    e = e.sub(1);
    *e = *CLEANUP as *const ReturnPoint as u64 | 7;
    (*p).heap.stack = e;
    (*p).heap.reset_area((*p).heap.heap.top());
    (*r).x[0] = RawTerm::atom(at.module);
    (*r).x[1] = RawTerm::atom(at.function);
    (*r).x[2] = RawTerm::small(i64::from(at.arity));
    (*r).x[3] = RawTerm::small(i64::from(at.line));
    &raw const handler.export
}

/// The handler has returned: the registers come back.
unsafe extern "C" fn cleanup(r: *mut Regs, _: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let (mut e, mut i) = (e, 0);
    while !RawTerm(*e).is_cont() {
        (*r).x[i] = RawTerm(*e);
        e = e.add(1);
        i += 1;
    }
    let rp = (*e & !7) as *const ReturnPoint;
    go!(r, (*rp).ip, htop, e.add(1), fc)
}
