//! Options of a library (OTP 26): what it does when the node halts and when it is unloaded.

use crate::env::{Env, env};
use crate::library::Library;
use core::ffi::{c_int, c_void};
use std::sync::{Mutex, MutexGuard};

/// `ERL_NIF_OPT_DELAY_HALT`, `_ON_HALT`, `_ON_UNLOAD_THREAD`
const DELAY_HALT: c_int = 1;
const ON_HALT: c_int = 2;
const ON_UNLOAD_THREAD: c_int = 3;

type Callback = unsafe extern "C" fn(*mut c_void);

#[derive(Clone, Copy)]
struct Callbacks {
    /// Address of the library, which takes its entry out before it goes.
    library: usize,
    halt: Option<Callback>,
    unload: Option<Callback>,
}

static ALL: Mutex<Vec<Callbacks>> = Mutex::new(Vec::new());

fn all() -> MutexGuard<'static, Vec<Callbacks>> {
    ALL.lock().unwrap_or_else(|e| e.into_inner())
}

/// The node halts in order: libraries that want to know are told.
pub fn halt() {
    let told = all().clone();
    for c in told {
        if let Some(f) = c.halt {
            // SAFETY: C: the library is loaded while its entry is there.
            unsafe { f((*(c.library as *const Library)).priv_data()) };
        }
    }
}

/// The library goes: it is told, on this thread.
pub fn unload(library: &Library) {
    let address = core::ptr::from_ref(library) as usize;
    let gone: Vec<_> = all().extract_if(.., |c| c.library == address).collect();
    for f in gone.into_iter().filter_map(|c| c.unload) {
        // SAFETY: C: the library is still open.
        unsafe { f(library.priv_data()) };
    }
}

/// 0, or an error number.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn oxbeam_set_option(
    e: *mut Env,
    option: c_int,
    argument: *mut c_void,
) -> c_int {
    // SAFETY: C: an argument is a callback.
    let callback: Option<Callback> = unsafe { core::mem::transmute(argument) };
    // SAFETY: C.
    let library = unsafe { env(e) }.library() as usize;
    if library == 0 || option != DELAY_HALT && callback.is_none() {
        return libc::EINVAL;
    }
    let mut all = all();
    let i = all.iter().position(|c| c.library == library).unwrap_or_else(|| {
        all.push(Callbacks { library, halt: None, unload: None });
        all.len() - 1
    });
    match option {
        // The node does not end while a native runs that began before, as far as output is waited for.
        DELAY_HALT => {}
        ON_HALT => all[i].halt = callback,
        ON_UNLOAD_THREAD => all[i].unload = callback,
        _ => return libc::EINVAL,
    }
    0
}
