//! What a term is, and how terms compare and hash.

use crate::abi::Word;
use crate::env::{Env, env, term, truth};
use core::cmp::Ordering;
use core::ffi::c_int;
use term::compare;
use term::{Term, View};

macro_rules! tests {
    ($($name:ident = $f:expr;)*) => { $(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $name(_: *mut Env, t: Word) -> c_int {
            let f: fn(Term<'_>) -> bool = $f;
            // SAFETY: C.
            truth(f(unsafe { term(t) }))
        }
    )* };
}

tests! {
    enif_is_atom = |t| t.as_atom().is_some();
    enif_is_binary = |t| t.as_binary().is_some();
    enif_is_ref = |t| t.as_reference().is_some();
    enif_is_list = |t| t.is_list();
    enif_is_empty_list = |t| t.is_nil();
    enif_is_tuple = |t| t.as_tuple().is_some();
    enif_is_fun = |t| t.as_fun().is_some();
    enif_is_pid = |t| t.as_pid().is_some();
    enif_is_port = |t| t.as_port().is_some();
    enif_is_map = |t| t.as_map().is_some();
    enif_is_number = |t| t.is_number();
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_term_type(_: *mut Env, t: Word) -> c_int {
    // SAFETY: C.
    match unsafe { term(t) }.view() {
        View::Atom(_) => 1,
        View::Bits(_) => 2,
        View::Float(_) => 3,
        View::Fun(_) => 4,
        View::Small(_) | View::Big(_) => 5,
        View::Nil | View::Cons(_) => 6,
        View::Map(_) => 7,
        View::Pid(_) => 8,
        View::Port(_) => 9,
        View::Ref(_) => 10,
        View::Tuple(_) => 11,
        View::Record(_) => 12,
        View::Other => -1,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_is_identical(a: Word, b: Word) -> c_int {
    // SAFETY: C.
    truth(unsafe { compare::eq_exact(term(a), term(b)) })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_compare(a: Word, b: Word) -> c_int {
    // SAFETY: C.
    match unsafe { compare::compare(term(a), term(b)) } {
        Ordering::Less => -1,
        Ordering::Equal => 0,
        Ordering::Greater => 1,
    }
}

/// `ERL_NIF_INTERNAL_HASH`, `ERL_NIF_PHASH2`
const INTERNAL: c_int = 1;
const PHASH2: c_int = 2;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_hash(kind: c_int, t: Word, salt: u64) -> u64 {
    // SAFETY: C.
    let t = unsafe { term(t) };
    match kind {
        INTERNAL => term::hash::internal_bits(t, salt),
        PHASH2 => u64::from(term::hash::phash2(t) & ((1 << 27) - 1)),
        _ => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_term_size(t: Word) -> usize {
    // SAFETY: C.
    term::copy::size_words(unsafe { term(t) }) * 8
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_ref(e: *mut Env) -> Word {
    let (n0, n1) = vm::refs::next();
    // SAFETY: C.
    unsafe { env(e) }.heap().reference(n0, n1).raw().0
}

/// `ERL_NIF_UNIQUE_POSITIVE`, `ERL_NIF_UNIQUE_MONOTONIC`
const POSITIVE: c_int = 1;
const MONOTONIC: c_int = 2;

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_unique_integer(e: *mut Env, properties: c_int) -> Word {
    let n = if properties & MONOTONIC != 0 { vm::refs::monotonic() } else { vm::refs::unique() };
    let n = i128::from(n);
    // As `erlang:unique_integer/1`: positive ones begin at 1, others far below 0.
    let n = if properties & POSITIVE != 0 { n + 1 } else { n - (1 << 59) };
    // SAFETY: C.
    unsafe { env(e) }.heap().i128(n).raw().0
}
