//! Integers and floats.
//!
//! Small integers, which nearly all are, take the short way; all else ends in a call of a cold function.

use crate::abi::Word;
use crate::check;
use crate::env::{Env, env, put, term};
use core::ffi::{c_int, c_long, c_uint, c_ulong};
use term::RawTerm;
use term::term::{SMALL_MAX, SMALL_MIN};

macro_rules! integers {
    ($($get:ident, $make:ident: $c:ty, $as:ident, $wide:ty, $build:ident;)*) => { $(
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $get(_: *mut Env, t: Word, to: *mut $c) -> c_int {
            /// Of what is no small integer.
            #[cold]
            #[inline(never)]
            unsafe extern "C" fn other(t: Word, to: *mut $c) -> c_int {
                // SAFETY: C.
                match unsafe { term(t) }.$as().and_then(|n| <$c>::try_from(n).ok()) {
                    // SAFETY: C.
                    Some(n) => unsafe { put(to, n) },
                    None => 0,
                }
            }
            if RawTerm(t).is_small() {
                return match <$c>::try_from(RawTerm(t).small_value()) {
                    // SAFETY: C.
                    Ok(n) => unsafe { put(to, n) },
                    Err(_) => 0,
                };
            }
            // SAFETY: C.
            unsafe { other(t, to) }
        }
        #[unsafe(no_mangle)]
        pub unsafe extern "C" fn $make(e: *mut Env, n: $c) -> Word {
            /// With checks, or too large.
            #[cold]
            #[inline(never)]
            unsafe extern "C" fn other(e: *mut Env, n: $c) -> Word {
                // SAFETY: C.
                unsafe { env(e) }.heap().$build(n as $wide).raw().0
            }
            if let Ok(n) = i64::try_from(n)
                && (SMALL_MIN..=SMALL_MAX).contains(&n)
                && !check::on()
            {
                return RawTerm::small(n).0;
            }
            // SAFETY: C.
            unsafe { other(e, n) }
        }
    )* };
}

integers! {
    enif_get_int, enif_make_int: c_int, as_i64, i64, int;
    enif_get_uint, enif_make_uint: c_uint, as_u64, u64, uint;
    enif_get_long, enif_make_long: c_long, as_i64, i64, int;
    enif_get_ulong, enif_make_ulong: c_ulong, as_u64, u64, uint;
    enif_get_int64, enif_make_int64: i64, as_i64, i64, int;
    enif_get_uint64, enif_make_uint64: u64, as_u64, u64, uint;
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_double(_: *mut Env, t: Word, to: *mut f64) -> c_int {
    // SAFETY: C.
    match unsafe { term(t) }.as_float() {
        // SAFETY: C.
        Some(f) => unsafe { put(to, f) },
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_double(e: *mut Env, f: f64) -> Word {
    // SAFETY: C.
    let e = unsafe { env(e) };
    if f.is_finite() { e.heap().float(f).raw().0 } else { e.badarg() }
}
