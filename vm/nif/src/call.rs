//! Calling a library's functions.

use crate::abi::NifFunction;
use crate::check;
use crate::env::Env;
use crate::library::Library;
use term::Term;
use vm::code::native::Nif;
use vm::{BifResult, Cx};

/// Calls a NIF: its target is the C function.
pub fn call<'p>(cx: &Cx<'p>, nif: &Nif, args: &[Term<'p>]) -> BifResult<'p> {
    // SAFETY: targets of the NIFs that `load` makes are functions of this type.
    let f: NifFunction = unsafe { core::mem::transmute(nif.target) };
    if check::on() {
        let library = nif.library.cast();
        return check::call(cx, f, library, check::name_of(library, Some(nif.index)), args);
    }
    call_unchecked(cx, f, nif.library.cast(), args)
}

/// Calls a function that a library gave to go on in.
pub fn call_function<'p>(
    cx: &Cx<'p>,
    f: NifFunction,
    library: *const Library,
    args: &[Term<'p>],
) -> BifResult<'p> {
    if check::on() {
        return check::call(cx, f, library, check::name_of(library, None), args);
    }
    call_unchecked(cx, f, library, args)
}

#[inline(always)]
fn call_unchecked<'p>(
    cx: &Cx<'p>,
    f: NifFunction,
    library: *const Library,
    args: &[Term<'p>],
) -> BifResult<'p> {
    let mut env = Env::of_call(cx, library);
    // SAFETY: C: the library is open while its module version is loaded or it has calls to come.
    let word = unsafe {
        if cx.scheduler() == 0 {
            cx.apart(|| f(&mut env, args.len() as i32, args.as_ptr().cast()))
        } else {
            f(&mut env, args.len() as i32, args.as_ptr().cast())
        }
    };
    env.finish(cx, word)
}
