//! Calling a library's functions.

use crate::abi::NifFunction;
use crate::check;
use crate::env::Env;
use crate::library::Library;
use core::mem::ManuallyDrop;
use term::{RawTerm, Term};
use vm::code::native::{CallEnv, Nif};
use vm::{BifResult, Cx};

/// Calls a NIF on a normal scheduler: its target is the C function.
///
/// The environment is a few words of the native stack; a call that raises nothing and keeps nothing drops nothing.
pub fn call<'p>(cx: &Cx<'p>, nif: &Nif, args: &[Term<'p>]) -> BifResult<'p> {
    if check::on() {
        return call_otherwise(cx, nif, args);
    }
    // SAFETY: targets of the NIFs that `load` makes are functions of this type.
    let f: NifFunction = unsafe { core::mem::transmute(nif.target) };
    call_here(cx, f, nif.library.cast(), args)
}

/// What a call comes to that the interpreter made.
#[cold]
pub fn finish<'p>(cx: &Cx<'p>, env: &mut CallEnv, word: RawTerm) -> BifResult<'p> {
    Env::taken(env).finish(cx, word.0)
}

/// Calls a dirty NIF.
pub fn call_dirty<'p>(cx: &Cx<'p>, nif: &Nif, args: &[Term<'p>]) -> BifResult<'p> {
    call_otherwise(cx, nif, args)
}

#[cold]
#[inline(never)]
fn call_otherwise<'p>(cx: &Cx<'p>, nif: &Nif, args: &[Term<'p>]) -> BifResult<'p> {
    // SAFETY: as in `call`.
    let f: NifFunction = unsafe { core::mem::transmute(nif.target) };
    call_any(cx, f, nif.library.cast(), Some(nif.index), args)
}

/// Calls a function that a library gave to go on in.
pub fn call_function<'p>(
    cx: &Cx<'p>,
    f: NifFunction,
    library: *const Library,
    args: &[Term<'p>],
) -> BifResult<'p> {
    call_any(cx, f, library, None, args)
}

fn call_any<'p>(
    cx: &Cx<'p>,
    f: NifFunction,
    library: *const Library,
    index: Option<usize>,
    args: &[Term<'p>],
) -> BifResult<'p> {
    if check::on() {
        return check::call(cx, f, library, check::name_of(library, index), args);
    }
    if cx.scheduler() != 0 {
        return call_here(cx, f, library, args);
    }
    let mut env = Env::of_call(cx, library);
    // SAFETY: as in `call_here`.
    let word = cx.apart(|| unsafe { f(&mut env, args.len() as i32, args.as_ptr().cast()) });
    env.finish(cx, word)
}

#[inline(always)]
fn call_here<'p>(
    cx: &Cx<'p>,
    f: NifFunction,
    library: *const Library,
    args: &[Term<'p>],
) -> BifResult<'p> {
    let mut env = ManuallyDrop::new(Env::of_call(cx, library));
    // SAFETY: C: the library is open while its module version is loaded or it has calls to come.
    let word = unsafe { f(&mut *env, args.len() as i32, args.as_ptr().cast()) };
    if env.is_plain() {
        // SAFETY: C: a term of this environment.
        return Ok(unsafe { RawTerm(word).brand() });
    }
    ManuallyDrop::into_inner(env).finish(cx, word)
}
