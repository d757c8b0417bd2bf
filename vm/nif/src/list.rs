//! Lists and tuples.

use crate::abi::Word;
use crate::check;
use crate::env::{Env, env, put, term, terms};
use core::ffi::{c_int, c_uint};
use term::{RawTerm, Term};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_list_cell(e: *mut Env, head: Word, tail: Word) -> Word {
    if !check::on()
        // SAFETY: C.
        && let Some(cell) = unsafe {
            (*e).heap().cons_in_place(RawTerm(head).brand(), RawTerm(tail).brand())
        }
    {
        return cell.raw().0;
    }
    // SAFETY: C.
    unsafe { other_cell(e, head, tail) }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn other_cell(e: *mut Env, head: Word, tail: Word) -> Word {
    check::parts(e, &[head, tail]);
    // SAFETY: C.
    unsafe { env(e).heap().cons(term(head), term(tail)).raw().0 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_list_from_array(
    e: *mut Env,
    elements: *const Word,
    n: c_uint,
) -> Word {
    // SAFETY: C.
    unsafe { check::array(e, elements, n as usize) };
    // SAFETY: C.
    unsafe { env(e).heap().list(terms(elements, n as usize)).raw().0 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_tuple_from_array(
    e: *mut Env,
    elements: *const Word,
    n: c_uint,
) -> Word {
    // SAFETY: C.
    unsafe { check::array(e, elements, n as usize) };
    // SAFETY: C.
    unsafe { env(e).heap().tuple(terms(elements, n as usize)).raw().0 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_list_cell(
    e: *mut Env,
    t: Word,
    head: *mut Word,
    tail: *mut Word,
) -> c_int {
    if check::on() {
        // SAFETY: C.
        return unsafe { checked_get_cell(e, t, head, tail) };
    }
    // SAFETY: C.
    unsafe { get_cell(RawTerm(t).brand(), head, tail) }
}

#[cold]
#[inline(never)]
unsafe extern "C" fn checked_get_cell(
    _: *mut Env,
    t: Word,
    head: *mut Word,
    tail: *mut Word,
) -> c_int {
    // SAFETY: C.
    unsafe { get_cell(term(t), head, tail) }
}

#[inline(always)]
unsafe fn get_cell(t: Term<'_>, head: *mut Word, tail: *mut Word) -> c_int {
    match t.as_cons() {
        // SAFETY: C.
        Some(c) => unsafe {
            put(head, c.head().raw().0);
            put(tail, c.tail().raw().0)
        },
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_list_length(_: *mut Env, t: Word, to: *mut c_uint) -> c_int {
    // SAFETY: C.
    match unsafe { term(t) }.list_len() {
        // SAFETY: C.
        Some(n) => unsafe { put(to, n as c_uint) },
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_reverse_list(e: *mut Env, t: Word, to: *mut Word) -> c_int {
    // SAFETY: C.
    let (heap, mut list) = unsafe { (env(e).heap(), term(t).iter_list()) };
    let reversed = list.by_ref().fold(Term::nil(), |tail, head| heap.cons(head, tail));
    if !list.tail().is_nil() {
        return 0;
    }
    // SAFETY: C.
    unsafe { put(to, reversed.raw().0) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_tuple(
    _: *mut Env,
    t: Word,
    arity: *mut c_int,
    elements: *mut *const Word,
) -> c_int {
    // SAFETY: C.
    match unsafe { term(t) }.as_tuple() {
        // SAFETY: C; a term is a word.
        Some(t) => unsafe {
            put(arity, t.arity() as c_int);
            put(elements, t.elements().as_ptr().cast())
        },
        None => 0,
    }
}
