//! Binaries and memory of drivers.
//!
//! A driver sees the size and the bytes; before them is the head of a shared binary, so that what a driver hands over becomes part of a
//! term as it is.

use crate::driver::abi::ErlIoVec;
use crate::memory::{enif_alloc, enif_free, enif_realloc};
use core::ffi::{c_char, c_long, c_void};
use core::mem::ManuallyDrop;
use core::ptr::null_mut;
use core::sync::atomic::Ordering;
use term::shared::BinHandle;

/// `ErlDrvBinary`
#[repr(C)]
pub struct DrvBinary {
    pub size: c_long,
    // The bytes follow.
}

fn place(b: *mut DrvBinary) -> *mut i64 {
    b.cast()
}

pub fn bytes_of(b: *mut DrvBinary) -> *mut u8 {
    b.wrapping_add(1).cast()
}

/// Another count of a driver's binary, which does not change its bytes from now on.
/// # Safety
/// C: a live binary.
pub unsafe fn shared(b: *mut DrvBinary) -> BinHandle {
    // SAFETY: C; the driver's own count stays with it.
    unsafe { (*ManuallyDrop::new(BinHandle::from_size_place(place(b)))).clone() }
}

/// A whole binary whose count the driver gives away.
/// # Safety
/// C: a live binary.
pub unsafe fn handed_over(b: *mut DrvBinary) -> BinHandle {
    // SAFETY: C.
    unsafe {
        let size = (*b).size;
        let handle = BinHandle::from_size_place(place(b));
        handle.cut_sized(usize::try_from(size).unwrap_or(0));
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
    BinHandle::sized(size).map_or(null_mut(), |b| b.into_size_place().cast())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_realloc_binary(b: *mut DrvBinary, size: usize) -> *mut DrvBinary {
    if b.is_null() {
        return driver_alloc_binary(size);
    }
    // SAFETY: C: a binary of the driver alone.
    unsafe { BinHandle::resize_size_place(place(b), size).cast() }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_free_binary(b: *mut DrvBinary) {
    if !b.is_null() {
        // SAFETY: C: a count of the caller.
        drop(unsafe { BinHandle::from_size_place(place(b)) });
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_binary_get_refc(b: *mut DrvBinary) -> isize {
    // SAFETY: C.
    unsafe { BinHandle::count_of_size_place(place(b)) }.load(Ordering::Acquire) as isize
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_binary_inc_refc(b: *mut DrvBinary) -> isize {
    // SAFETY: C.
    let count = unsafe { BinHandle::count_of_size_place(place(b)) };
    count.fetch_add(1, Ordering::AcqRel) as isize + 1
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_binary_dec_refc(b: *mut DrvBinary) -> isize {
    // SAFETY: C: not the last count.
    let count = unsafe { BinHandle::count_of_size_place(place(b)) };
    count.fetch_sub(1, Ordering::AcqRel) as isize - 1
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
