//! Vectors of binaries, and queues of them.
//!
//! Every element holds a count of its binary; binaries on a process's heap are copied. The elements of a vector made in an
//! environment are kept by it, others by the vector until `enif_free_iovec`.

use crate::abi::{NifBinary, Word};
use crate::binary::enif_release_binary;
use crate::env::{Env, Kept, env, put, term};
use core::ffi::{c_int, c_void};
use std::collections::VecDeque;
use term::shared::BinHandle;
use term::{Bits, Term};

#[repr(C)]
#[derive(Clone, Copy)]
pub struct SysIoVec {
    pub base: *mut c_void,
    pub len: usize,
}

const NOTHING: SysIoVec = SysIoVec { base: core::ptr::null_mut(), len: 0 };
const SMALL: usize = 16;

/// `ErlNifIOVec`
#[repr(C)]
pub struct IoVec {
    count: c_int,
    size: usize,
    iov: *mut SysIoVec,
    handles: *mut u64,
    flags: c_int,
    small_iov: [SysIoVec; SMALL],
    small_handles: [u64; SMALL],
}

/// The structure is the library's own.
const PREALLOCATED: c_int = 1;
/// The environment owns the counts.
const KEPT: c_int = 2;

/// A vector of ours with its elements: freed as a whole.
pub struct Owned {
    vector: Box<IoVec>,
    _iov: Vec<SysIoVec>,
    _handles: Vec<u64>,
}

/// A part of a shared binary.
struct Part {
    bin: BinHandle,
    from: usize,
    len: usize,
}

impl Part {
    fn iov(&self) -> SysIoVec {
        SysIoVec { base: self.bin.data_ptr().wrapping_add(self.from).cast(), len: self.len }
    }
    fn of(b: Bits<'_>) -> Part {
        let len = b.byte_len();
        if let (Some(bin), Some(bytes)) = (b.handle(), b.aligned_bytes()) {
            let from = bytes.as_ptr() as usize - bin.data_ptr() as usize;
            return Part { bin, from, len };
        }
        Part { bin: BinHandle::from_slice(&b.bytes()), from: 0, len }
    }
}

/// The first `most` binaries of a list, those without bytes left out, and the rest of the list.
fn parts(list: Term<'_>, most: usize) -> Option<(Vec<Part>, Term<'_>)> {
    let mut all = Vec::new();
    let mut rest = list.iter_list();
    for _ in 0..most.max(1) {
        let Some(t) = rest.next() else { break };
        let b = t.as_binary()?;
        if b.byte_len() > 0 {
            all.push(Part::of(b));
        }
    }
    let tail = rest.tail();
    tail.is_list().then_some((all, tail))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_inspect_iovec(
    e: *mut Env,
    most: usize,
    list: Word,
    tail: *mut Word,
    to: *mut *mut IoVec,
) -> c_int {
    // SAFETY: C.
    let Some((all, rest)) = parts(unsafe { term(list) }, most) else { return 0 };
    let size = all.iter().map(|p| p.len).sum();
    let count = all.len();
    let iov: Vec<SysIoVec> = all.iter().map(Part::iov).collect();
    let in_env = !e.is_null();
    let mut handles = vec![0; count];
    for (p, h) in all.into_iter().zip(&mut handles) {
        if in_env {
            // SAFETY: C.
            unsafe { env(e) }.keep(Kept::Binary(p.bin));
        } else {
            *h = p.bin.into_raw();
        }
    }
    let flags = if in_env { KEPT } else { 0 };
    // SAFETY: C: a vector given by the library is its own; ours is a box.
    unsafe {
        put(tail, rest.raw().0);
        let given = *to;
        if !given.is_null() && count < SMALL {
            let v = &mut *given;
            v.small_iov[..count].copy_from_slice(&iov);
            v.small_handles[..count].copy_from_slice(&handles);
            (v.count, v.size, v.flags) = (count as c_int, size, flags | PREALLOCATED);
            (v.iov, v.handles) = (v.small_iov.as_mut_ptr(), v.small_handles.as_mut_ptr());
            return 1;
        }
        let (mut iov, mut handles) = (iov, handles);
        let vector = Box::new(IoVec {
            count: count as c_int,
            size,
            iov: iov.as_mut_ptr(),
            handles: handles.as_mut_ptr(),
            flags,
            small_iov: [NOTHING; SMALL],
            small_handles: [0; SMALL],
        });
        let mut owned = Box::new(Owned { vector, _iov: iov, _handles: handles });
        let v: *mut IoVec = &mut *owned.vector;
        if in_env {
            env(e).keep(Kept::Vector(owned));
        } else {
            // The last of the small handles leads back to the box.
            (*v).small_handles[SMALL - 1] = Box::into_raw(owned) as u64;
        }
        put(to, v)
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_free_iovec(v: *mut IoVec) {
    // SAFETY: C: made by `enif_inspect_iovec`, freed once.
    unsafe {
        if (*v).flags & KEPT != 0 {
            return;
        }
        for i in 0..(*v).count as usize {
            let h = core::mem::take(&mut *(*v).handles.add(i));
            if h != 0 {
                drop(BinHandle::from_raw(h));
            }
        }
        if (*v).flags & PREALLOCATED == 0 {
            drop(Box::from_raw((*v).small_handles[SMALL - 1] as *mut Owned));
        }
    }
}

/// `ErlNifIOQueue`
#[derive(Default)]
pub struct Queue {
    parts: VecDeque<Part>,
    size: usize,
    /// What `enif_ioq_peek` showed last.
    shown: Vec<SysIoVec>,
}

impl Queue {
    fn push(&mut self, part: Part) {
        if part.len > 0 {
            self.size += part.len;
            self.parts.push_back(part);
        }
    }
}

/// `ERL_NIF_IOQ_NORMAL`
const NORMAL: c_int = 1;

#[unsafe(no_mangle)]
pub extern "C" fn enif_ioq_create(options: c_int) -> *mut Queue {
    if options == NORMAL { Box::into_raw(Box::default()) } else { core::ptr::null_mut() }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_ioq_destroy(q: *mut Queue) {
    if !q.is_null() {
        // SAFETY: C: made above, used no more.
        drop(unsafe { Box::from_raw(q) });
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_ioq_size(q: *mut Queue) -> usize {
    // SAFETY: C.
    unsafe { (*q).size }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_ioq_enq_binary(
    q: *mut Queue,
    b: *mut NifBinary,
    skip: usize,
) -> c_int {
    // SAFETY: C: the binary belongs to the queue from here on.
    unsafe {
        let len = (*b).size;
        if skip > len {
            enif_release_binary(b);
            return 0;
        }
        let bin = match core::mem::take(&mut (*b).handle) {
            0 => BinHandle::from_slice(core::slice::from_raw_parts((*b).data, len)),
            handle => BinHandle::from_raw(handle),
        };
        (*q).push(Part { bin, from: skip, len: len - skip });
    }
    1
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_ioq_enqv(q: *mut Queue, v: *mut IoVec, mut skip: usize) -> c_int {
    // SAFETY: C.
    let (q, v) = unsafe { (&mut *q, &*v) };
    if skip > v.size {
        return 0;
    }
    for i in 0..v.count as usize {
        // SAFETY: C: as many elements as it says.
        let (iov, handle) = unsafe { (*v.iov.add(i), *v.handles.add(i)) };
        let n = skip.min(iov.len);
        skip -= n;
        if n == iov.len {
            continue;
        }
        let part = if handle == 0 {
            // SAFETY: C: the bytes live as long as the environment.
            let bytes = unsafe { core::slice::from_raw_parts(iov.base.cast::<u8>(), iov.len) };
            Part { bin: BinHandle::from_slice(&bytes[n..]), from: 0, len: iov.len - n }
        } else {
            // SAFETY: the vector holds a count.
            let bin = unsafe { core::mem::ManuallyDrop::new(BinHandle::from_raw(handle)) };
            let from = iov.base as usize - bin.data_ptr() as usize + n;
            Part { bin: BinHandle::clone(&bin), from, len: iov.len - n }
        };
        q.push(part);
    }
    1
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_ioq_deq(q: *mut Queue, count: usize, size: *mut usize) -> c_int {
    // SAFETY: C.
    let q = unsafe { &mut *q };
    if count > q.size {
        return 0;
    }
    q.size -= count;
    let mut left = count;
    while let Some(first) = q.parts.front_mut()
        && left > 0
    {
        let n = left.min(first.len);
        (first.from, first.len, left) = (first.from + n, first.len - n, left - n);
        if first.len == 0 {
            q.parts.pop_front();
        }
    }
    if !size.is_null() {
        // SAFETY: C.
        unsafe { put(size, q.size) };
    }
    1
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_ioq_peek(q: *mut Queue, len: *mut c_int) -> *mut SysIoVec {
    // SAFETY: C.
    let q = unsafe { &mut *q };
    q.shown = q.parts.iter().map(Part::iov).collect();
    // SAFETY: C.
    unsafe { put(len, q.shown.len() as c_int) };
    if q.shown.is_empty() { core::ptr::null_mut() } else { q.shown.as_mut_ptr() }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_ioq_peek_head(
    e: *mut Env,
    q: *mut Queue,
    size: *mut usize,
    to: *mut Word,
) -> c_int {
    // SAFETY: C.
    let Some(first) = (unsafe { &*q }).parts.front() else { return 0 };
    if !size.is_null() {
        // SAFETY: C.
        unsafe { put(size, first.len) };
    }
    // SAFETY: C.
    unsafe {
        let t = env(e).heap().shared_bits(first.bin.clone(), first.from * 8, first.len * 8);
        put(to, t.raw().0)
    }
}
