//! What a driver sends to processes, and how its port fails.

use crate::driver::abi::ErlIoVec;
use crate::driver::binary::{DrvBinary, shared, slices};
use crate::driver::with_port;
use crate::env::truth;
use core::ffi::{c_char, c_int, c_void};
use term::{Heap, Term};
use vm::port::PortCx;

/// 0 if there was such a port, else -1.
fn result(done: Option<()>) -> c_int {
    truth(done.is_some()) - 1
}

/// Data with header bytes before them, which are a list in any case.
fn deliver(
    p: &mut PortCx<'_>,
    header: &[u8],
    size: usize,
    data: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
) {
    if p.is_closing() {
        return;
    }
    p.count_input(header.len() + size);
    p.send_owner(|h| {
        let tail = data(h);
        let all = header.iter().rev().fold(tail, |t, b| h.cons(Term::small((*b).into()), t));
        h.tuple(&[term::atom::am::DATA.into(), all])
    });
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_output(port: *mut c_void, buf: *mut c_char, len: usize) -> c_int {
    // SAFETY: C.
    let bytes = unsafe { crate::atom::bytes(buf, len) };
    result(with_port(port, |p, _| p.output(bytes)))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_output2(
    port: *mut c_void,
    hbuf: *mut c_char,
    hlen: usize,
    buf: *mut c_char,
    len: usize,
) -> c_int {
    // SAFETY: C.
    let (header, bytes) = unsafe { (crate::atom::bytes(hbuf, hlen), crate::atom::bytes(buf, len)) };
    result(with_port(port, |p, _| {
        if header.is_empty() {
            return p.output(bytes);
        }
        if p.has_lines() {
            return p.output(&[header, bytes].concat());
        }
        let binary = p.is_binary();
        deliver(p, header, len, |h| if binary { h.binary(bytes) } else { h.byte_list(bytes) });
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_output_binary(
    port: *mut c_void,
    hbuf: *mut c_char,
    hlen: usize,
    b: *mut DrvBinary,
    from: usize,
    len: usize,
) -> c_int {
    // SAFETY: C: the part is within the binary.
    let (header, bin) = unsafe { (crate::atom::bytes(hbuf, hlen), shared(b)) };
    let Some(part) = from.checked_add(len).and_then(|end| bin.bytes().get(from..end)) else {
        return -1;
    };
    result(with_port(port, |p, _| {
        if p.has_lines() {
            return p.output(&[header, part].concat());
        }
        let binary = p.is_binary();
        deliver(p, header, len, |h| match binary {
            false => h.byte_list(part),
            true if len <= term::heap::HEAP_BIN_MAX => h.binary(part),
            true => h.shared_bits(bin.clone(), from * 8, len * 8),
        });
    }))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_outputv(
    port: *mut c_void,
    hbuf: *mut c_char,
    hlen: usize,
    ev: *mut ErlIoVec,
    skip: usize,
) -> c_int {
    // SAFETY: C.
    let (header, parts) = unsafe { (crate::atom::bytes(hbuf, hlen), slices(ev, skip)) };
    result(with_port(port, |p, _| {
        if p.has_lines() {
            return p.output(&[header, &parts.concat()].concat());
        }
        let binary = p.is_binary();
        let size = parts.iter().map(|s| s.len()).sum();
        deliver(p, header, size, |h| {
            // Each part a binary, the last one the tail.
            let Some((last, first)) = parts.split_last() else { return Term::nil() };
            let make = |b: &[u8]| if binary { h.binary(b) } else { h.byte_list(b) };
            if !binary {
                return h.byte_list(&parts.concat());
            }
            first.iter().rev().fold(make(last), |t, b| h.cons(make(b), t))
        });
    }))
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_failure_eof(port: *mut c_void) -> c_int {
    result(with_port(port, |p, _| p.fail_eof()))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_failure_atom(port: *mut c_void, reason: *const c_char) -> c_int {
    // SAFETY: C.
    let Some(reason) = crate::atom::atom_of(unsafe { crate::atom::c_bytes(reason) }) else {
        return -1;
    };
    result(with_port(port, |p, _| p.fail_atom(reason)))
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_failure_posix(port: *mut c_void, errno: c_int) -> c_int {
    result(with_port(port, |p, _| p.fail_errno(errno)))
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_failure(port: *mut c_void, code: c_int) -> c_int {
    // 0 is not a reason: the other side has closed.
    result(with_port(
        port,
        |p, _| if code == 0 { p.fail_eof() } else { p.fail_number(code.into()) },
    ))
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_exit(port: *mut c_void, errno: c_int) -> c_int {
    result(with_port(port, |p, _| p.exit(errno)))
}
