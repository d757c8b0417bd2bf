//! Environments: where a library builds its terms.
//!
//! The environment of a call is on the native stack and builds on the heap of the process; that of a callback or of
//! `enif_alloc_env` has a heap of its own. What lives as long as an environment without being a term (copies of
//! unaligned binaries, flattened lists) is in `kept`.

use crate::abi::Word;
use crate::check;
use crate::library::Library;
use core::ffi::c_void;
use term::copy::Literals;
use term::heap::brand_slice;
use term::shared::BinHandle;
use term::{Heap, RawTerm, Term};
use vm::code::native::CallEnv;
use vm::{BifResult, Cx};

/// Something that an environment keeps for its library.
pub enum Kept {
    Bytes(#[allow(dead_code, reason = "kept for its memory")] Vec<u8>),
    Binary(#[allow(dead_code, reason = "kept for its memory")] BinHandle),
    Vector(#[allow(dead_code, reason = "kept for its memory")] Box<crate::ioq::Owned>),
}

/// `ErlNifEnv`
///
/// A few words, for every call needs one; what few calls need is behind a pointer, to an [`Extra`].
#[repr(transparent)]
pub struct Env(CallEnv);

#[derive(Default)]
struct Extra {
    scheduled: Option<crate::schedule::Scheduled>,
    kept: Vec<Kept>,
    /// The heap of an environment without a process.
    own: Heap,
}

impl Drop for Env {
    fn drop(&mut self) {
        if !self.0.extra.is_null() {
            // SAFETY: made by `Env::extra`, and this environment's alone.
            drop(unsafe { Box::from_raw(self.0.extra.cast::<Extra>()) });
        }
    }
}

impl Env {
    /// Of a call in a process.
    #[inline(always)]
    pub fn of_call(cx: &Cx<'_>, library: *const Library) -> Env {
        Env(CallEnv::new(cx.heap(), core::ptr::from_ref(cx).cast(), library.cast()))
    }
    /// Of a call in a process, with a heap of its own: for the checking mode.
    pub fn apart(cx: &Cx<'_>, library: *const Library) -> Env {
        let mut env = Env::independent(library);
        env.0.cx = core::ptr::from_ref(cx).cast();
        env
    }
    /// Without a process.
    pub fn independent(library: *const Library) -> Env {
        let mut env = Env(CallEnv::new(core::ptr::null(), core::ptr::null(), library.cast()));
        env.0.heap = &raw const env.extra().own;
        env
    }
    /// What a call has left in its environment, which is as new afterwards.
    pub fn taken(from: &mut CallEnv) -> Env {
        let new = CallEnv::new(from.heap, from.cx, from.library);
        Env(core::mem::replace(from, new))
    }
    #[cold]
    fn extra(&mut self) -> &mut Extra {
        if self.0.extra.is_null() {
            self.0.extra = Box::into_raw(Box::<Extra>::default()).cast();
        }
        // SAFETY: made above, here or earlier.
        unsafe { &mut *self.0.extra.cast() }
    }
    fn existing_extra(&mut self) -> Option<&mut Extra> {
        // SAFETY: null or made by `extra`.
        unsafe { self.0.extra.cast::<Extra>().as_mut() }
    }
    pub fn library(&self) -> *const Library {
        self.0.library.cast()
    }
    /// The turn of the call, in a process.
    #[inline(always)]
    pub fn cx<'e>(&self) -> Option<&'e Cx<'e>> {
        // SAFETY: an environment of a call lives within the call's turn.
        unsafe { self.0.cx.cast::<Cx<'e>>().as_ref() }
    }
    /// Where terms are built.
    #[inline(always)]
    pub fn heap<'e>(&self) -> &'e Heap {
        // SAFETY: C: the environment outlives the terms that are built in it; a call lives within its turn. A heap of
        // its own is in a box that stays where it is.
        unsafe { &*self.0.heap }
    }
    pub fn keep(&mut self, kept: Kept) {
        self.extra().kept.push(kept);
    }
    /// Has the call go on elsewhere when it has returned.
    pub fn schedule(&mut self, call: crate::schedule::Scheduled) {
        self.extra().scheduled = Some(call);
    }
    /// Forgets everything that was built.
    fn clear(&mut self) {
        if let Some(extra) = self.existing_extra() {
            extra.own.clear();
            extra.kept.clear();
        }
        self.0.exception = RawTerm::NONE;
    }
    /// The heap, which leaves the environment.
    pub fn take_heap(&mut self) -> Heap {
        core::mem::take(&mut self.extra().own)
    }
    /// Records an exception: the word that the library returns.
    #[cold]
    pub fn raise(&mut self, reason: RawTerm) -> Word {
        self.0.exception = reason;
        RawTerm::NONE.0
    }
    #[cold]
    pub fn badarg(&mut self) -> Word {
        self.raise(RawTerm::atom(term::atom::am::BADARG))
    }
    /// Whether the call has left nothing but what it returned.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        self.0.is_plain()
    }
    /// What the call comes to, now that the library has returned `word`.
    #[cold]
    #[inline(never)]
    pub fn finish<'p>(mut self, cx: &Cx<'p>, word: Word) -> BifResult<'p> {
        if !self.0.exception.is_none() {
            // SAFETY: built on the heap of the process during this turn.
            let reason = unsafe { self.0.exception.brand() };
            return Err(cx.error_term(reason));
        }
        if let Some(extra) = self.existing_extra()
            && let Some(s) = extra.scheduled.take()
        {
            return Err(crate::schedule::reschedule(cx, s));
        }
        // SAFETY: C: a term of this environment.
        Ok(unsafe { RawTerm(word).brand() })
    }
}

/// The environment behind a pointer.
/// # Safety
/// C.
#[inline(always)]
pub unsafe fn env<'e>(e: *mut Env) -> &'e mut Env {
    if check::on() {
        check::env(e);
    }
    // SAFETY: C.
    unsafe { &mut *e }
}

/// A term of the library, good while its environment is.
/// # Safety
/// C.
#[inline(always)]
pub unsafe fn term<'e>(w: Word) -> Term<'e> {
    let w = if check::on() { check::term(w) } else { w };
    // SAFETY: C.
    unsafe { RawTerm(w).brand() }
}

/// An array of terms.
/// # Safety
/// C.
pub unsafe fn terms<'e>(words: *const Word, n: usize) -> &'e [Term<'e>] {
    if n == 0 {
        return &[];
    }
    // SAFETY: C.
    unsafe { brand_slice(words.cast(), n) }
}

/// Truth as C knows it.
#[inline(always)]
pub fn truth(b: bool) -> i32 {
    i32::from(b)
}

/// Writes through an output argument.
/// # Safety
/// C.
#[inline(always)]
pub unsafe fn put<T>(to: *mut T, value: T) -> i32 {
    // SAFETY: C.
    unsafe { to.write(value) };
    1
}

#[unsafe(no_mangle)]
pub extern "C" fn enif_alloc_env() -> *mut Env {
    let e = Box::into_raw(Box::new(Env::independent(core::ptr::null())));
    check::env_made(e);
    e
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_free_env(e: *mut Env) {
    if check::on() {
        return check::env_freed(e);
    }
    // SAFETY: C: made by `enif_alloc_env`, and not used any more.
    drop(unsafe { Box::from_raw(e) });
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_clear_env(e: *mut Env) {
    // SAFETY: C.
    unsafe { env(e) }.clear();
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_priv_data(e: *mut Env) -> *mut c_void {
    // SAFETY: C; the library lives as long as anything of it is called.
    match unsafe { env(e).library().as_ref() } {
        Some(l) => l.priv_data(),
        None => core::ptr::null_mut(),
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_copy(to: *mut Env, t: Word) -> Word {
    // SAFETY: C.
    unsafe {
        let to = env(to);
        // Nobody asks an environment without a process for literals that are about to go.
        let literals = if to.cx().is_some() { Literals::Share } else { Literals::Copy };
        to.heap().copy_with(term(t), literals).raw().0
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_raise_exception(e: *mut Env, reason: Word) -> Word {
    check::parts(e, &[reason]);
    // SAFETY: C.
    unsafe { env(e) }.raise(RawTerm(reason))
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_badarg(e: *mut Env) -> Word {
    // SAFETY: C.
    unsafe { env(e) }.badarg()
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_has_pending_exception(e: *mut Env, reason: *mut Word) -> i32 {
    // SAFETY: C.
    let e = unsafe { env(e) };
    if e.0.exception.is_none() {
        return 0;
    }
    if !reason.is_null() {
        // SAFETY: C.
        unsafe { put(reason, e.0.exception.0) };
    }
    1
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_is_exception(e: *mut Env, t: Word) -> i32 {
    // SAFETY: C.
    truth(!unsafe { env(e) }.0.exception.is_none() && RawTerm(t).is_none())
}
