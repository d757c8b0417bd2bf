//! Atoms, and strings of characters.

use crate::abi::Word;
use crate::env::{Env, env, put, term};
use core::ffi::{c_char, c_int, c_uint};
use std::borrow::Cow;
use term::atom::am;
use term::{Atom, RawTerm, Term};

/// `ErlNifCharEncoding`
const LATIN1: c_int = 1;
const UTF8: c_int = 2;

/// Longest name in characters.
const MOST: usize = 255;

/// Bytes of a C string.
/// # Safety
/// C.
pub unsafe fn c_bytes<'a>(s: *const c_char) -> &'a [u8] {
    // SAFETY: C.
    unsafe { core::ffi::CStr::from_ptr(s) }.to_bytes()
}

/// `n` bytes.
/// # Safety
/// C.
pub unsafe fn bytes<'a>(s: *const c_char, n: usize) -> &'a [u8] {
    if n == 0 {
        return &[];
    }
    // SAFETY: C.
    unsafe { core::slice::from_raw_parts(s.cast(), n) }
}

/// Bytes as text. `None`: not of this encoding, or too long for an atom.
fn name(bytes: &[u8], encoding: c_int) -> Option<Cow<'_, str>> {
    let text: Cow<'_, str> = match encoding {
        LATIN1 if bytes.is_ascii() => core::str::from_utf8(bytes).ok()?.into(),
        LATIN1 => bytes.iter().map(|b| char::from(*b)).collect::<String>().into(),
        UTF8 => core::str::from_utf8(bytes).ok()?.into(),
        _ => return None,
    };
    (text.chars().count() <= MOST).then_some(text)
}

/// The atom of a Latin-1 name, made if need be.
pub fn atom_of(bytes: &[u8]) -> Option<Atom> {
    Atom::try_new(&name(bytes, LATIN1)?)
}

/// A name's bytes in an encoding.
fn encoded(a: Atom, encoding: c_int) -> Option<Cow<'static, [u8]>> {
    let name = a.name();
    match encoding {
        LATIN1 if name.is_ascii() => Some(name.as_bytes().into()),
        LATIN1 => {
            name.chars().map(|c| u8::try_from(c).ok()).collect::<Option<Vec<_>>>().map(Cow::from)
        }
        UTF8 => Some(name.as_bytes().into()),
        _ => None,
    }
}

/// Writes bytes and a zero if there is room.
unsafe fn put_bytes(b: &[u8], to: *mut c_char, len: c_uint) -> c_int {
    if b.len() >= len as usize {
        return 0;
    }
    // SAFETY: C: `to` has room for `len` bytes.
    unsafe {
        core::ptr::copy_nonoverlapping(b.as_ptr(), to.cast(), b.len());
        *to.add(b.len()) = 0;
    }
    b.len() as c_int + 1
}

fn make(e: &mut Env, bytes: &[u8]) -> Word {
    match atom_of(bytes) {
        Some(a) => RawTerm::atom(a).0,
        None if name(bytes, LATIN1).is_some() => e.raise(RawTerm::atom(am::SYSTEM_LIMIT)),
        None => e.badarg(),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_atom(e: *mut Env, s: *const c_char) -> Word {
    // SAFETY: C.
    unsafe { make(env(e), c_bytes(s)) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_atom_len(e: *mut Env, s: *const c_char, n: usize) -> Word {
    // SAFETY: C.
    unsafe { make(env(e), bytes(s, n)) }
}

unsafe fn put_atom(a: Option<Atom>, to: *mut Word) -> c_int {
    match a {
        // SAFETY: C.
        Some(a) => unsafe { put(to, RawTerm::atom(a).0) },
        None => 0,
    }
}

fn existing(bytes: &[u8], encoding: c_int) -> Option<Atom> {
    Atom::existing(&name(bytes, encoding)?)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_existing_atom(
    _: *mut Env,
    s: *const c_char,
    to: *mut Word,
    encoding: c_int,
) -> c_int {
    // SAFETY: C.
    unsafe { put_atom(existing(c_bytes(s), encoding), to) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_existing_atom_len(
    _: *mut Env,
    s: *const c_char,
    n: usize,
    to: *mut Word,
    encoding: c_int,
) -> c_int {
    // SAFETY: C.
    unsafe { put_atom(existing(bytes(s, n), encoding), to) }
}

fn new_atom(bytes: &[u8], encoding: c_int) -> Option<Atom> {
    Atom::try_new(&name(bytes, encoding)?)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_new_atom(
    _: *mut Env,
    s: *const c_char,
    to: *mut Word,
    encoding: c_int,
) -> c_int {
    // SAFETY: C.
    unsafe { put_atom(new_atom(c_bytes(s), encoding), to) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_new_atom_len(
    _: *mut Env,
    s: *const c_char,
    n: usize,
    to: *mut Word,
    encoding: c_int,
) -> c_int {
    // SAFETY: C.
    unsafe { put_atom(new_atom(bytes(s, n), encoding), to) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_atom(
    _: *mut Env,
    t: Word,
    to: *mut c_char,
    len: c_uint,
    encoding: c_int,
) -> c_int {
    // SAFETY: C.
    match unsafe { term(t) }.as_atom().and_then(|a| encoded(a, encoding)) {
        // SAFETY: C.
        Some(b) => unsafe { put_bytes(&b, to, len) },
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_atom_length(
    _: *mut Env,
    t: Word,
    to: *mut c_uint,
    encoding: c_int,
) -> c_int {
    // SAFETY: C.
    match unsafe { term(t) }.as_atom().and_then(|a| encoded(a, encoding)) {
        // SAFETY: C.
        Some(b) => unsafe { put(to, b.len() as c_uint) },
        None => 0,
    }
}

/// Bytes of one character.
fn character(c: Term<'_>, encoding: c_int, buffer: &mut [u8; 4]) -> Option<usize> {
    let n = u32::try_from(c.as_small()?).ok()?;
    match encoding {
        LATIN1 => {
            buffer[0] = u8::try_from(n).ok()?;
            Some(1)
        }
        UTF8 => Some(char::from_u32(n)?.encode_utf8(buffer).len()),
        _ => None,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_string(
    _: *mut Env,
    t: Word,
    to: *mut c_char,
    len: c_uint,
    encoding: c_int,
) -> c_int {
    if len == 0 {
        return 0;
    }
    // SAFETY: C.
    let mut list = unsafe { term(t) }.iter_list();
    let (mut n, room) = (0, len as usize - 1);
    let mut buffer = [0; 4];
    // SAFETY: C: `to` has room for `len` bytes; no more than `room` and a zero are written.
    unsafe {
        for c in list.by_ref() {
            let Some(k) = character(c, encoding, &mut buffer) else {
                *to.add(n) = 0;
                return 0;
            };
            if n + k > room {
                *to.add(n) = 0;
                return -(n as c_int + 1);
            }
            core::ptr::copy_nonoverlapping(buffer.as_ptr(), to.add(n).cast(), k);
            n += k;
        }
        *to.add(n) = 0;
    }
    if list.tail().is_nil() { n as c_int + 1 } else { 0 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_string_length(
    _: *mut Env,
    t: Word,
    to: *mut c_uint,
    encoding: c_int,
) -> c_int {
    // SAFETY: C.
    let mut list = unsafe { term(t) }.iter_list();
    let mut n = 0;
    let mut buffer = [0; 4];
    for c in list.by_ref() {
        let Some(k) = character(c, encoding, &mut buffer) else { return 0 };
        n += k;
    }
    // SAFETY: C.
    if list.tail().is_nil() { unsafe { put(to, n as c_uint) } } else { 0 }
}

fn make_string(e: &mut Env, bytes: &[u8], encoding: c_int) -> Word {
    match encoding {
        LATIN1 => e.heap().byte_list(bytes).raw().0,
        UTF8 => match core::str::from_utf8(bytes) {
            Ok(s) => e.heap().string(s).raw().0,
            Err(_) => e.badarg(),
        },
        _ => e.badarg(),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_string(e: *mut Env, s: *const c_char, encoding: c_int) -> Word {
    // SAFETY: C.
    unsafe { make_string(env(e), c_bytes(s), encoding) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_string_len(
    e: *mut Env,
    s: *const c_char,
    n: usize,
    encoding: c_int,
) -> Word {
    // SAFETY: C.
    unsafe { make_string(env(e), bytes(s, n), encoding) }
}

/// Indices of atoms in caches: what a library may keep in an array of its own, a slot for each, comparing the atom.
const ATOM_CACHE: u32 = 2048;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_atom_cache_index(
    _: *mut Env,
    atom: Word,
    index: *mut c_uint,
) -> c_int {
    // SAFETY: C.
    match unsafe { term(atom) }.as_atom() {
        // SAFETY: C.
        Some(a) => unsafe { put(index, a.0 % ATOM_CACHE) },
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn enif_max_atom_cache_index() -> c_uint {
    ATOM_CACHE - 1
}
