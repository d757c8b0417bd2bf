//! Memory of the library's own, and of the C library underneath: `enif_alloc` and its like.

use core::ffi::c_void;

#[unsafe(no_mangle)]
pub extern "C" fn enif_alloc(size: usize) -> *mut c_void {
    // SAFETY: any size may be asked for; one byte at least, so that null means failure.
    unsafe { libc::malloc(size.max(1)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_realloc(p: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: C: from `enif_alloc`, or null.
    unsafe { libc::realloc(p, size.max(1)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_free(p: *mut c_void) {
    // SAFETY: C: from `enif_alloc`, or null.
    unsafe { libc::free(p) }
}
