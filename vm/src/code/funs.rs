//! Entries of funs [erl_fun.c], with the code that a call runs while the fun's version is not loaded.

use super::{ptr_words, words};
use crate::interp;
use core::sync::atomic::{AtomicPtr, Ordering};
use term::boxed::FunEntry;

/// An entry and its two pieces of code, each a handler and the entry.
#[repr(C)]
struct Slot {
    entry: FunEntry,
    unloaded: [u32; 4],
    pending: [u32; 4],
}

/// Makes an entry that lives for ever; its cell calls the error handler.
pub(super) fn make(entry: FunEntry) -> &'static FunEntry {
    let slot = Box::leak(Box::new(Slot { entry, unloaded: [0; 4], pending: [0; 4] }));
    let me = &raw const slot.entry;
    slot.unloaded[..2].copy_from_slice(&words(interp::native::undefined_fun));
    slot.unloaded[2..].copy_from_slice(&ptr_words(me));
    slot.pending[..2].copy_from_slice(&words(interp::native::pending_fun));
    slot.pending[2..].copy_from_slice(&ptr_words(me));
    let slot: &'static Slot = slot;
    slot.entry.cell.store(unloaded_code(&slot.entry), Ordering::Release);
    &slot.entry
}

/// A cell for an entry that is not made yet.
pub(super) fn no_code() -> AtomicPtr<u32> {
    AtomicPtr::new(core::ptr::null_mut())
}

fn slot(e: &'static FunEntry) -> &'static Slot {
    // SAFETY: every entry of the VM is made above, as the first part of its slot.
    unsafe { &*(e as *const FunEntry as *const Slot) }
}

/// Code that calls `error_handler:undefined_lambda/3`.
pub(super) fn unloaded_code(e: &'static FunEntry) -> *mut u32 {
    slot(e).unloaded.as_ptr() as *mut u32
}

/// Whether the code of the fun's version is there, and not about to go.
pub fn is_loaded(e: &'static FunEntry) -> bool {
    let code = e.cell.load(Ordering::Acquire);
    code != unloaded_code(e) && code != pending_code(e)
}

/// Code that waits until the purge of the fun's module is over.
pub(super) fn pending_code(e: &'static FunEntry) -> *mut u32 {
    slot(e).pending.as_ptr() as *mut u32
}
