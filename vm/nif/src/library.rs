//! A loaded library: its entry, its private data, its end.
//!
//! It lives as long as the module version that loaded it, and beyond as long as there are resources with callbacks into
//! it, or calls of it that are still to come: each holds a count. The last one calls `unload` and closes the library.

use crate::abi::{LoadFn, NifEntry, NifFunc, NifFunction, OldNifFunc, UnloadFn, UpgradeFn};
use crate::atom::c_bytes;
use crate::env::Env;
use crate::resource::Opening;
use core::ffi::{c_uint, c_void};
use core::sync::atomic::{AtomicBool, AtomicPtr, Ordering};
use std::sync::Mutex;
use term::Atom;
use vm::code::LoadedModule;

/// A function as every version of the interface can be told.
pub struct Func {
    pub name: Vec<u8>,
    pub arity: c_uint,
    pub function: Option<NifFunction>,
    pub flags: c_uint,
}

/// A library's entry in the newest form.
pub struct Entry {
    pub name: Vec<u8>,
    pub functions: Vec<Func>,
    pub load: Option<LoadFn>,
    pub upgrade: Option<UpgradeFn>,
    pub unload: Option<UnloadFn>,
    pub vm_variant: Option<Vec<u8>>,
}

impl Entry {
    /// Reads what `nif_init` returned.
    /// # Safety
    /// C: an entry of the version that it says.
    pub unsafe fn read(e: *const NifEntry) -> Entry {
        // SAFETY: C: fields are read only if the version has them.
        unsafe {
            let version = ((*e).major, (*e).minor);
            let count = usize::try_from((*e).count).unwrap_or(0);
            let functions = (0..count).map(|i| {
                if version >= (2, 7) {
                    let f = &*(*e).functions.cast::<NifFunc>().add(i);
                    (f.name, f.arity, f.function, f.flags)
                } else {
                    let f = &*(*e).functions.cast::<OldNifFunc>().add(i);
                    (f.name, f.arity, f.function, 0)
                }
            });
            let functions = functions
                .map(|(name, arity, function, flags)| Func {
                    name: c_bytes(name).to_vec(),
                    arity,
                    function,
                    flags,
                })
                .collect();
            Entry {
                name: c_bytes((*e).name).to_vec(),
                functions,
                load: (*e).load,
                upgrade: (*e).upgrade,
                unload: (*e).unload,
                vm_variant: (version >= (2, 1)).then(|| c_bytes((*e).vm_variant).to_vec()),
            }
        }
    }
}

/// See the module head.
pub struct Library {
    pub module: Atom,
    pub code: &'static LoadedModule,
    pub entry: Entry,
    priv_data: AtomicPtr<c_void>,
    /// `load` or `upgrade` has agreed: `unload` is called at the end.
    pub ready: AtomicBool,
    /// Resource types that are opened while `load` or `upgrade` runs.
    pub opening: Mutex<Vec<Opening>>,
    /// Closed last.
    _handle: libloading::Library,
}

impl Library {
    pub fn new(code: &'static LoadedModule, entry: Entry, handle: libloading::Library) -> Library {
        Library {
            module: code.name,
            code,
            entry,
            priv_data: AtomicPtr::new(core::ptr::null_mut()),
            ready: AtomicBool::new(false),
            opening: Mutex::default(),
            _handle: handle,
        }
    }
    pub fn priv_data(&self) -> *mut c_void {
        self.priv_data.load(Ordering::Acquire)
    }
    /// Where `load` and `upgrade` put the private data.
    pub fn priv_data_slot(&self) -> *mut *mut c_void {
        self.priv_data.as_ptr()
    }
}

impl Drop for Library {
    fn drop(&mut self) {
        crate::option::unload(self);
        if let Some(unload) = self.entry.unload
            && self.ready.load(Ordering::Acquire)
        {
            let mut env = Env::independent(self);
            // SAFETY: C: the library is still open; nobody else is in it.
            unsafe { unload(&mut env, self.priv_data()) };
        }
    }
}
