//! What happens when there is no memory left.
//!
//! [`Allocator`] is the system's allocator behind some spare blocks ([`blocks`]), but a request that fails ends in the hook instead of an abort: the emulator
//! writes its crash dump and leaves with the status that the reference has. Two ways of asking still get their "no": zeroed
//! memory, which is how large binaries ask, and whatever runs within [`fallible`].

use crate::blocks;
use std::alloc::{GlobalAlloc, Layout};
use std::cell::Cell;
use std::sync::OnceLock;

/// To be the `#[global_allocator]` of the program.
pub struct Allocator;

static HOOK: OnceLock<fn(usize) -> !> = OnceLock::new();

thread_local! {
    static FALLIBLE: Cell<bool> = const { Cell::new(false) };
    static FAILED: Cell<bool> = const { Cell::new(false) };
}

/// Says what to do when so many bytes could not be had. The first call wins.
pub fn set_hook(hook: fn(usize) -> !) {
    let _ = HOOK.set(hook);
}

/// Runs `f`, whose failed allocations are reported to it (`try_reserve`).
pub fn fallible<R>(f: impl FnOnce() -> R) -> R {
    FALLIBLE.set(true);
    let r = f();
    FALLIBLE.set(false);
    r
}

/// Room for `more` elements, or an error.
pub fn reserve<T>(v: &mut Vec<T>, more: usize) -> std::io::Result<()> {
    fallible(|| v.try_reserve(more)).map_err(|_| std::io::Error::from_raw_os_error(libc::ENOMEM))
}

#[cold]
fn failed(bytes: usize) {
    if FALLIBLE.get() {
        return;
    }
    match HOOK.get() {
        // The second time on one thread the hook itself found no memory.
        Some(hook) if !FAILED.replace(true) => hook(bytes),
        _ => {
            const TEXT: &[u8] = b"sys_alloc: no memory left\n";
            // SAFETY: the bytes are there; nothing of this process is needed after it ended.
            unsafe {
                libc::write(2, TEXT.as_ptr().cast(), TEXT.len());
                libc::_exit(1)
            }
        }
    }
}

// SAFETY: every request goes to the system's allocator; a hook does not return.
unsafe impl GlobalAlloc for Allocator {
    #[inline]
    unsafe fn alloc(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the caller's word.
        let p = unsafe { blocks::alloc(layout) };
        if p.is_null() {
            failed(layout.size());
        }
        p
    }
    #[inline]
    unsafe fn dealloc(&self, p: *mut u8, layout: Layout) {
        // SAFETY: by the caller's word.
        unsafe { blocks::dealloc(p, layout) }
    }
    unsafe fn alloc_zeroed(&self, layout: Layout) -> *mut u8 {
        // SAFETY: by the caller's word.
        unsafe { blocks::alloc_zeroed(layout) }
    }
    unsafe fn realloc(&self, p: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
        // SAFETY: by the caller's word.
        let p = unsafe { blocks::realloc(p, layout, bytes) };
        if p.is_null() {
            failed(bytes);
        }
        p
    }
}
