//! A port's queue, as its driver uses it.

use crate::driver::abi::ErlIoVec;
use crate::driver::binary::{DrvBinary, bytes_of, slices};
use crate::driver::with_port;
use crate::ioq::SysIoVec;
use core::ffi::{c_char, c_int, c_void};
use core::ptr::null_mut;
use vm::port::IoQueue;

/// Adds bytes at one end. 0: done; -1: no port.
fn add(port: *mut c_void, parts: &[&[u8]], front: bool) -> c_int {
    let done = with_port(port, |p, _| {
        let q = p.queue();
        if front {
            let mut fresh = IoQueue::new();
            parts.iter().for_each(|s| fresh.push_slice(s));
            fresh.append(core::mem::take(q));
            *q = fresh;
        } else {
            parts.iter().for_each(|s| q.push_slice(s));
        }
    });
    if done.is_some() { 0 } else { -1 }
}

unsafe fn part<'a>(b: *mut DrvBinary, from: usize, len: usize) -> &'a [u8] {
    // SAFETY: C: the part is within the binary.
    unsafe { crate::atom::bytes(bytes_of(b).add(from).cast(), len) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_enq(port: *mut c_void, buf: *mut c_char, len: usize) -> c_int {
    // SAFETY: C.
    add(port, &[unsafe { crate::atom::bytes(buf, len) }], false)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_pushq(port: *mut c_void, buf: *mut c_char, len: usize) -> c_int {
    // SAFETY: C.
    add(port, &[unsafe { crate::atom::bytes(buf, len) }], true)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_enq_bin(
    port: *mut c_void,
    b: *mut DrvBinary,
    from: usize,
    len: usize,
) -> c_int {
    // SAFETY: C.
    add(port, &[unsafe { part(b, from, len) }], false)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_pushq_bin(
    port: *mut c_void,
    b: *mut DrvBinary,
    from: usize,
    len: usize,
) -> c_int {
    // SAFETY: C.
    add(port, &[unsafe { part(b, from, len) }], true)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_enqv(port: *mut c_void, ev: *mut ErlIoVec, skip: usize) -> c_int {
    // SAFETY: C.
    add(port, &unsafe { slices(ev, skip) }, false)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_pushqv(port: *mut c_void, ev: *mut ErlIoVec, skip: usize) -> c_int {
    // SAFETY: C.
    add(port, &unsafe { slices(ev, skip) }, true)
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_sizeq(port: *mut c_void) -> usize {
    with_port(port, |p, _| p.queue().len()).unwrap_or(usize::MAX)
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_deq(port: *mut c_void, size: usize) -> usize {
    with_port(port, |p, _| {
        let q = p.queue();
        if size > q.len() {
            return usize::MAX;
        }
        q.advance(size);
        q.len()
    })
    .unwrap_or(usize::MAX)
}

/// The queue's bytes, good until it is changed: address and number of parts.
fn peek(port: *mut c_void) -> (*mut SysIoVec, usize) {
    with_port(port, |p, shared| {
        let parts = p.queue().slices(usize::MAX);
        let mut shown: Vec<SysIoVec> = parts
            .iter()
            .map(|s| SysIoVec { base: s.as_ptr().cast_mut().cast(), len: s.len() })
            .collect();
        let found = (shown.as_mut_ptr(), shown.len());
        shared.shown.set(shown);
        found
    })
    .unwrap_or((null_mut(), 0))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_peekq(port: *mut c_void, n: *mut c_int) -> *mut SysIoVec {
    // Without such a port the length is -1.
    let known = driver_sizeq(port) != usize::MAX;
    let (iov, count) = if known { peek(port) } else { (null_mut(), 0) };
    // SAFETY: C.
    unsafe { n.write(if known { count as c_int } else { -1 }) };
    if count == 0 { null_mut() } else { iov }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_peekqv(port: *mut c_void, ev: *mut ErlIoVec) -> usize {
    let size = driver_sizeq(port);
    if size == usize::MAX {
        return size;
    }
    let (iov, count) = peek(port);
    // SAFETY: C. The parts are in no binaries of the driver.
    unsafe { ev.write(ErlIoVec { count: count as c_int, size, iov, binaries: null_mut() }) };
    size
}
