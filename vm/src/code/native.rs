//! Natives of NIF modules: functions of a loaded module whose entry cells lead to native code.
//!
//! OTP's own NIF modules are natives of ours ([`install`]). Functions of a library are [`Nif`]s, which belong to
//! the module version that loaded it ([`install_library`]) and go with it.

use super::{Function, LoadedModule, ptr_words, words};
use crate::bif::{Bif, BifResult, Cx, Kind};
use crate::interp;
use crate::vm::Vm;
use core::any::Any;
use core::ffi::c_int;
use core::sync::atomic::Ordering;
use std::sync::Mutex;
use term::{Heap, RawTerm, Term};

/// Calls a function of a library.
pub type NifFn = for<'p> fn(&Cx<'p>, &Nif, &[Term<'p>]) -> BifResult<'p>;

/// A function of a library: environment, number of arguments, arguments.
pub type NifTarget = unsafe extern "C" fn(*mut CallEnv, c_int, *const RawTerm) -> RawTerm;

/// What a call comes to that left more in its environment than what it returned; the environment is as new then.
pub type NifFinish = for<'p> fn(&Cx<'p>, &mut CallEnv, RawTerm) -> BifResult<'p>;

/// `ErlNifEnv` as a call has it. What it means is `vm/nif`'s matter; it is here because the interpreter has one of its
/// own for all calls that need no other (`interp/nif.rs`).
#[repr(C)]
pub struct CallEnv {
    /// Where terms are built.
    pub heap: *const Heap,
    /// The turn of the call; null outside a process.
    pub cx: *const Cx<'static>,
    pub library: *const (),
    /// Reason of the pending exception, or `RawTerm::NONE`.
    pub exception: RawTerm,
    /// What few calls need, or null.
    pub extra: *mut (),
}

impl CallEnv {
    pub fn new(heap: *const Heap, cx: *const Cx<'static>, library: *const ()) -> CallEnv {
        CallEnv { heap, cx, library, exception: RawTerm::NONE, extra: core::ptr::null_mut() }
    }
    /// Whether the call has left nothing but what it returned.
    #[inline(always)]
    pub fn is_plain(&self) -> bool {
        (self.exception.0 ^ RawTerm::NONE.0) | self.extra as u64 == 0
    }
}

/// A function of a NIF library, with the code that calls it.
#[repr(C)]
pub struct Nif {
    code: [u32; 6],
    pub arity: usize,
    pub kind: Kind,
    pub call: NifFn,
    /// Of a NIF whose target the interpreter may call itself.
    pub finish: Option<NifFinish>,
    /// A [`NifTarget`], which `call` calls, and the library it is of.
    pub target: *const (),
    pub library: *const (),
    /// The function of the module that it stands for.
    pub index: usize,
}

// SAFETY: written once, before it is shared; what the pointers mean is `call`'s matter.
unsafe impl Sync for Nif {}
// SAFETY: as above.
unsafe impl Send for Nif {}

impl Nif {
    pub fn new(
        call: NifFn,
        finish: Option<NifFinish>,
        kind: Kind,
        index: usize,
        target: *const (),
        library: *const (),
    ) -> Nif {
        Nif { code: [0; 6], arity: 0, kind, call, finish, target, library, index }
    }
}

/// What a module version got by `load_nif`.
pub struct Loaded {
    nifs: Box<[Nif]>,
    /// The library; taken when the version is purged.
    library: Mutex<Option<Box<dyn Any + Send + Sync>>>,
}

impl Loaded {
    /// Whether the address is code of one of the functions.
    pub fn contains(&self, addr: u64) -> bool {
        let r = self.nifs.as_ptr_range();
        (r.start as u64..r.end as u64).contains(&addr)
    }
    /// What a function runs.
    pub(crate) fn of_function(&self, index: usize) -> Option<&Nif> {
        self.nifs.iter().find(|n| n.index == index)
    }
    /// Looks at the library, unless it is gone.
    pub fn with_library<R>(&self, f: impl FnOnce(&(dyn Any + Send + Sync)) -> R) -> Option<R> {
        self.library.lock().unwrap_or_else(|e| e.into_inner()).as_deref().map(f)
    }
    pub(super) fn take_library(&self) -> Option<Box<dyn Any + Send + Sync>> {
        self.library.lock().unwrap_or_else(|e| e.into_inner()).take()
    }
}

/// Makes functions of the module run those of a library. `false`: it has a library already. The caller holds
/// the code permission.
pub fn install_library(
    vm: &'static Vm,
    m: &'static LoadedModule,
    mut nifs: Box<[Nif]>,
    library: Box<dyn Any + Send + Sync>,
) -> bool {
    for nif in &mut nifs {
        let f = &m.functions[nif.index];
        nif.arity = f.entry.arity as usize;
        let entry = match nif.kind {
            Kind::DirtyCpu | Kind::DirtyIo => interp::nif::dirty_nif_entry,
            _ if nif.finish.is_some() => interp::nif::direct_nif_entry,
            _ => interp::nif::nif_entry,
        };
        nif.code[..2].copy_from_slice(&words(entry));
        let me = &raw const *nif;
        nif.code[2..4].copy_from_slice(&ptr_words(me));
        nif.code[4..].copy_from_slice(&ptr_words(&raw const f.entry));
    }
    let loaded = Loaded { nifs, library: Mutex::new(Some(library)) };
    if m.loaded.set(loaded).is_err() {
        return false;
    }
    let Some(loaded) = m.loaded.get() else { return false };
    for nif in &loaded.nifs {
        enter(vm, m, nif.index, nif.code.as_ptr() as *mut u32);
    }
    true
}

/// Makes the module's functions of these names run natives, for callers inside and outside.
pub fn install(vm: &'static Vm, m: &'static LoadedModule, natives: &[&'static Bif]) {
    for bif in natives {
        let found = m.functions.iter().position(|f| {
            f.entry.function.name() == bif.function && f.entry.arity as usize == bif.arity
        });
        let Some(index) = found else { continue };
        enter(vm, m, index, stub(&m.functions[index], bif));
    }
}

/// Sends calls of a function to `code`, from inside the module and outside.
pub(super) fn enter(vm: &'static Vm, m: &'static LoadedModule, index: usize, code: *mut u32) {
    if let Some(point) = super::breakpoint::existing(m, index).filter(|p| p.is_installed()) {
        return point.covered.store(code, Ordering::Release);
    }
    lead(vm, m, index, code)
}

/// The same even if the function has a point, for the point itself.
pub(super) fn lead(vm: &'static Vm, m: &'static LoadedModule, index: usize, code: *mut u32) {
    let f = &m.functions[index];
    f.entry.cell.store(code, Ordering::Release);
    // Exports and funs of code that is still staged are set when it is published.
    if !vm.code.current(m.name).is_some_and(|c| core::ptr::eq(c, m)) {
        return;
    }
    if let Some(e) = vm.code.existing_export(m.name, f.entry.function, f.entry.arity)
        && m.exports.iter().any(|x| x.0 == f.entry.function && x.1 == f.entry.arity)
    {
        e.lead(code);
    }
    // `fun f/1` without free variables is the function itself.
    for (entry, _) in m.lambdas.iter().filter(|l| l.1 == index) {
        entry.cell.store(code, Ordering::Release);
    }
}

/// Code that calls the native; lives for ever, as natives do.
fn stub(f: &'static Function, bif: &'static Bif) -> *mut u32 {
    let mut code = [0u32; 6];
    code[..2].copy_from_slice(&words(interp::native::bif_entry));
    code[2..4].copy_from_slice(&ptr_words(bif));
    code[4..].copy_from_slice(&ptr_words(&raw const f.entry));
    Box::leak(Box::new(code)).as_mut_ptr()
}
