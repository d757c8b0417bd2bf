//! Binaries and memory of drivers.
//!
//! A driver sees the size and the bytes; its count stands before them.

use crate::driver::abi::ErlIoVec;
use crate::memory::{enif_alloc, enif_free, enif_realloc};
use core::ffi::{c_char, c_long, c_void};
use core::sync::atomic::{AtomicIsize, Ordering};
use term::shared::BinHandle;

/// `ErlDrvBinary`
#[repr(C)]
pub struct DrvBinary {
    pub size: c_long,
    // The bytes follow.
}

#[repr(C)]
struct Whole {
    refc: AtomicIsize,
    binary: DrvBinary,
}

fn whole(b: *mut DrvBinary) -> *mut Whole {
    b.cast::<u8>().wrapping_sub(core::mem::offset_of!(Whole, binary)).cast()
}

pub fn bytes_of(b: *mut DrvBinary) -> *mut u8 {
    b.wrapping_add(1).cast()
}

/// A part of a driver's binary as one of ours, which holds a count of it.
/// # Safety
/// C: a live binary; the part is within it.
pub unsafe fn shared(b: *mut DrvBinary, from: usize, len: usize) -> BinHandle {
    // SAFETY: C; the count keeps the bytes, which a driver does not change once they are sent.
    unsafe {
        driver_binary_inc_refc(b);
        let at = b as usize;
        let release = Box::new(move || driver_free_binary(at as *mut DrvBinary));
        BinHandle::foreign(bytes_of(b).add(from), len, release)
    }
}

/// A whole binary whose count the driver gives away. A small one is copied: that costs less than to keep account of it.
/// # Safety
/// C: a live binary.
pub unsafe fn handed_over(b: *mut DrvBinary) -> BinHandle {
    const COPIED: usize = 1024;
    // SAFETY: C.
    unsafe {
        let n = (*b).size as usize;
        if n <= COPIED {
            let copy = BinHandle::from_slice(core::slice::from_raw_parts(bytes_of(b), n));
            driver_free_binary(b);
            return copy;
        }
        let handle = shared(b, 0, (*b).size as usize);
        driver_free_binary(b);
        handle
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_alloc(size: usize) -> *mut c_void {
    enif_alloc(size)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_realloc(p: *mut c_void, size: usize) -> *mut c_void {
    // SAFETY: C.
    unsafe { enif_realloc(p, size) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_free(p: *mut c_void) {
    // SAFETY: C.
    unsafe { enif_free(p) }
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_alloc_binary(size: usize) -> *mut DrvBinary {
    let Some(n) = size.checked_add(size_of::<Whole>()) else { return core::ptr::null_mut() };
    let w = enif_alloc(n).cast::<Whole>();
    if w.is_null() {
        return core::ptr::null_mut();
    }
    // SAFETY: fresh memory of that size.
    unsafe {
        w.write(Whole { refc: AtomicIsize::new(1), binary: DrvBinary { size: size as c_long } });
        &raw mut (*w).binary
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_realloc_binary(b: *mut DrvBinary, size: usize) -> *mut DrvBinary {
    if b.is_null() {
        return driver_alloc_binary(size);
    }
    let Some(n) = size.checked_add(size_of::<Whole>()) else { return core::ptr::null_mut() };
    // SAFETY: C: a binary of the driver alone.
    unsafe {
        let w = enif_realloc(whole(b).cast(), n).cast::<Whole>();
        if w.is_null() {
            return core::ptr::null_mut();
        }
        (*w).binary.size = size as c_long;
        &raw mut (*w).binary
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_free_binary(b: *mut DrvBinary) {
    if b.is_null() {
        return;
    }
    // SAFETY: C: a count of the caller.
    unsafe {
        if (*whole(b)).refc.fetch_sub(1, Ordering::AcqRel) == 1 {
            enif_free(whole(b).cast());
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_binary_get_refc(b: *mut DrvBinary) -> isize {
    // SAFETY: C.
    unsafe { (*whole(b)).refc.load(Ordering::Acquire) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_binary_inc_refc(b: *mut DrvBinary) -> isize {
    // SAFETY: C.
    unsafe { (*whole(b)).refc.fetch_add(1, Ordering::AcqRel) + 1 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_binary_dec_refc(b: *mut DrvBinary) -> isize {
    // SAFETY: C: not the last count.
    unsafe { (*whole(b)).refc.fetch_sub(1, Ordering::AcqRel) - 1 }
}

/// The parts of a vector from byte `skip` on, as slices.
/// # Safety
/// C.
pub unsafe fn slices<'a>(ev: *const ErlIoVec, mut skip: usize) -> Vec<&'a [u8]> {
    let mut all = Vec::new();
    // SAFETY: C: as many elements as it says, each of its length.
    unsafe {
        for i in 0..(*ev).count.max(0) as usize {
            let v = *(*ev).iov.add(i);
            let n = skip.min(v.len);
            skip -= n;
            if n < v.len {
                let at = v.base.cast::<c_char>().add(n);
                all.push(crate::atom::bytes(at, v.len - n));
            }
        }
    }
    all
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_vec_to_buf(
    ev: *const ErlIoVec,
    to: *mut c_char,
    len: usize,
) -> usize {
    let mut n = 0;
    // SAFETY: C: `to` has room for `len` bytes.
    unsafe {
        for s in slices(ev, 0) {
            let k = s.len().min(len - n);
            core::ptr::copy_nonoverlapping(s.as_ptr(), to.add(n).cast(), k);
            n += k;
        }
    }
    n
}
