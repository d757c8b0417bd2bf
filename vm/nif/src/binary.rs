//! Binaries, and terms as bytes.

use crate::abi::{NifBinary, Word};
use crate::env::{Env, Kept, env, put, term};
use core::ffi::{c_int, c_uint, c_void};
use core::ptr::null_mut;
use etf::{DecodeOptions, EncodeOptions};
use term::heap::HEAP_BIN_MAX;
use term::shared::BinHandle;
use term::{Bits, Term};
use vm::code::load::VmResolver;

fn inspected(data: *const u8, size: usize) -> NifBinary {
    NifBinary { size, data: data.cast_mut(), handle: 0 }
}

/// An address for no bytes.
static NOTHING: u8 = 0;

impl Env {
    /// Bytes that the environment keeps.
    fn keep_bytes(&mut self, bytes: Vec<u8>) -> NifBinary {
        let b = inspected(bytes.as_ptr(), bytes.len());
        self.keep(Kept::Bytes(bytes));
        b
    }
    fn inspect(&mut self, b: Bits<'_>) -> NifBinary {
        match b.aligned_bytes() {
            Some([]) => inspected(&raw const NOTHING, 0),
            Some(bytes) => inspected(bytes.as_ptr(), bytes.len()),
            None => self.keep_bytes(b.bytes().into_owned()),
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_inspect_binary(e: *mut Env, t: Word, to: *mut NifBinary) -> c_int {
    // SAFETY: C.
    match unsafe { term(t) }.as_binary() {
        // SAFETY: C.
        Some(b) => unsafe { put(to, env(e).inspect(b)) },
        None => 0,
    }
}

/// The bytes of an iolist.
pub fn flatten(list: Term<'_>) -> Option<Vec<u8>> {
    let mut out = Vec::new();
    let mut rest = vec![list];
    while let Some(t) = rest.pop() {
        if let Some(cell) = t.as_cons() {
            rest.push(cell.tail());
            match cell.head().as_small() {
                Some(n) => out.push(u8::try_from(n).ok()?),
                None => rest.push(cell.head()),
            }
        } else if let Some(b) = t.as_binary() {
            out.extend_from_slice(&b.bytes());
        } else if !t.is_nil() {
            return None;
        }
    }
    Some(out)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_inspect_iolist_as_binary(
    e: *mut Env,
    t: Word,
    to: *mut NifBinary,
) -> c_int {
    // SAFETY: C.
    let (e, t) = unsafe { (env(e), term(t)) };
    let found = if let Some(b) = t.as_binary() {
        e.inspect(b)
    } else if t.is_nil() {
        inspected(&raw const NOTHING, 0)
    } else if !t.is_list() {
        return 0;
    } else if let Some(bytes) = flatten(t) {
        e.keep_bytes(bytes)
    } else {
        return 0;
    };
    // SAFETY: C.
    unsafe { put(to, found) }
}

/// Hands a binary over to the library.
fn owned(b: BinHandle) -> NifBinary {
    let (data, size) = (b.data_ptr(), b.bytes().len());
    let handle = b.into_raw();
    crate::check::binary_made(handle);
    NifBinary { size, data, handle }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_alloc_binary(size: usize, to: *mut NifBinary) -> c_int {
    // SAFETY: C: the library writes the bytes.
    match unsafe { BinHandle::try_unwritten(size) } {
        // SAFETY: C.
        Some(b) => unsafe { put(to, owned(b)) },
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_realloc_binary(b: *mut NifBinary, size: usize) -> c_int {
    // SAFETY: C: the handle is a count of ours if it is not 0; the data are `size` bytes.
    unsafe {
        let old = &mut *b;
        if old.handle != 0 {
            if !crate::check::binary_gone(old.handle) {
                return 0;
            }
            let mut h = BinHandle::from_raw(old.handle);
            if h.resize(size, size) {
                *old = owned(h);
                return 1;
            }
            // Shared, which the library must not do: it gets a copy.
            let handle = h.into_raw();
            crate::check::binary_made(handle);
            *old = NifBinary { handle, ..inspected(old.data, old.size) };
        }
        let Some(mut fresh) = BinHandle::try_zeroed(size) else { return 0 };
        let n = old.size.min(size);
        if let Some(to) = fresh.bytes_mut() {
            to[..n].copy_from_slice(core::slice::from_raw_parts(old.data, n));
        }
        enif_release_binary(b);
        put(b, owned(fresh))
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_release_binary(b: *mut NifBinary) {
    // SAFETY: C: the handle is a count of ours if it is not 0.
    unsafe {
        if (*b).handle != 0 && crate::check::binary_gone((*b).handle) {
            drop(BinHandle::from_raw((*b).handle));
            (*b).handle = 0;
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_binary(e: *mut Env, b: *mut NifBinary) -> Word {
    // SAFETY: C.
    let (e, b) = unsafe { (env(e), &mut *b) };
    let heap = e.heap();
    if b.handle != 0 && !crate::check::binary_gone(b.handle) {
        return e.badarg();
    }
    if b.handle == 0 {
        // SAFETY: C: the data are `size` bytes.
        return heap.binary(unsafe { core::slice::from_raw_parts(b.data, b.size) }).raw().0;
    }
    // SAFETY: C: a count of ours.
    let handle = unsafe { BinHandle::from_raw(b.handle) };
    b.handle = 0;
    // Its size may have been made smaller by hand.
    let size = b.size.min(handle.bytes().len());
    if size > HEAP_BIN_MAX {
        return heap.shared_bits(handle, 0, size * 8).raw().0;
    }
    let t = heap.binary(&handle.bytes()[..size]).raw().0;
    // The library may still read it.
    e.keep(Kept::Binary(handle));
    t
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_new_binary(e: *mut Env, size: usize, to: *mut Word) -> *mut u8 {
    // SAFETY: C: the library writes the bytes, which stay where they are while the environment lives.
    unsafe {
        let Some((t, data)) = env(e).heap().binary_unwritten(size) else { return null_mut() };
        put(to, t.raw().0);
        data
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_sub_binary(
    e: *mut Env,
    t: Word,
    position: usize,
    size: usize,
) -> Word {
    // SAFETY: C.
    let (e, t) = unsafe { (env(e), term(t)) };
    let end = position.checked_add(size);
    match t.as_bits().filter(|b| end.is_some_and(|end| end <= b.byte_len())) {
        Some(b) => e.heap().sub_bits(b, position * 8, size * 8).raw().0,
        None => e.badarg(),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_term_to_binary(_: *mut Env, t: Word, to: *mut NifBinary) -> c_int {
    let vm = crate::vm();
    let resolver = VmResolver(vm);
    let options = EncodeOptions::of_release(&resolver, vm.release());
    // SAFETY: C.
    let mut bytes = Vec::new();
    // SAFETY: C.
    match etf::encode(unsafe { term(t) }, &mut bytes, &options) {
        // SAFETY: C.
        Ok(()) => unsafe { put(to, owned(BinHandle::from_slice(&bytes))) },
        Err(_) => 0,
    }
}

/// `ERL_NIF_BIN2TERM_SAFE`
const SAFE: c_uint = 0x2000_0000;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_binary_to_term(
    e: *mut Env,
    data: *const u8,
    size: usize,
    to: *mut Word,
    flags: c_uint,
) -> usize {
    if flags != 0 && flags != SAFE {
        return 0;
    }
    let resolver = VmResolver(crate::vm());
    let options = DecodeOptions { safe: flags == SAFE, ..DecodeOptions::new(&resolver) };
    // SAFETY: C.
    let bytes = unsafe { crate::atom::bytes(data.cast(), size) };
    // SAFETY: C.
    match etf::decode(bytes, unsafe { env(e) }.heap(), &options) {
        Ok((t, used)) => {
            // SAFETY: C.
            unsafe { put(to, t.raw().0) };
            used
        }
        Err(_) => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_resource_binary(
    e: *mut Env,
    object: *mut c_void,
    data: *const u8,
    size: usize,
) -> Word {
    // SAFETY: C: a resource of ours, which keeps the bytes as long as it lives.
    unsafe {
        let resource = crate::resource::handle_of(object);
        let bin = BinHandle::of_object(data.cast_mut(), size, resource);
        env(e).heap().shared_binary(bin).raw().0
    }
}
