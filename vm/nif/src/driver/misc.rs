//! Odds and ends of `erl_driver.h`: entries without a library, error names, the old clock.

use crate::driver::NativeDriver;
use crate::driver::abi::DriverEntryC;
use crate::env::truth;
use core::ffi::{CStr, c_char, c_int, c_ulong, c_void};
use std::collections::HashMap;
use std::ffi::CString;
use std::sync::{Arc, Mutex};

#[unsafe(no_mangle)]
pub unsafe extern "C" fn add_driver_entry(entry: *const DriverEntryC) {
    // SAFETY: C: the entry is good for ever.
    unsafe {
        let name = CStr::from_ptr((*entry).driver_name).to_string_lossy().into_owned();
        let driver = Arc::new(NativeDriver::new(name, entry, 0));
        if let Some(init) = driver.entry().init {
            init();
        }
        crate::vm().ports.add_driver(driver.port_driver());
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn remove_driver_entry(entry: *const DriverEntryC) -> c_int {
    // SAFETY: C.
    let name = unsafe { CStr::from_ptr((*entry).driver_name) }.to_string_lossy().into_owned();
    // One that was loaded goes by `erl_ddll` only.
    if super::ddll::is_loaded(&name) {
        return -1;
    }
    truth(crate::vm().ports.remove_driver(&name))
}

#[unsafe(no_mangle)]
pub extern "C" fn null_func() -> c_int {
    0
}

/// Names as C strings, which live for ever.
static NAMES: Mutex<Option<HashMap<c_int, CString>>> = Mutex::new(None);

#[unsafe(no_mangle)]
pub extern "C" fn erl_errno_id(errno: c_int) -> *const c_char {
    let mut names = NAMES.lock().unwrap_or_else(|e| e.into_inner());
    let name = names
        .get_or_insert_default()
        .entry(errno)
        .or_insert_with(|| CString::new(sys::errno::name(errno)).unwrap_or_default());
    name.as_ptr()
}

/// `ErlDrvNowData`
#[repr(C)]
pub struct NowData {
    megasecs: c_ulong,
    secs: c_ulong,
    microsecs: c_ulong,
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_get_now(to: *mut NowData) -> c_int {
    if to.is_null() {
        return -1;
    }
    let us = vm::time::now_us() as c_ulong;
    let now = NowData {
        megasecs: us / 1_000_000_000_000,
        secs: us / 1_000_000 % 1_000_000,
        microsecs: us % 1_000_000,
    };
    // SAFETY: C.
    unsafe { to.write(now) };
    0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_dl_open(path: *const c_char) -> *mut c_void {
    // SAFETY: C.
    unsafe { libc::dlopen(path, libc::RTLD_NOW) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_dl_sym(handle: *mut c_void, name: *const c_char) -> *mut c_void {
    // SAFETY: C.
    unsafe { libc::dlsym(handle, name) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_dl_close(handle: *mut c_void) -> c_int {
    // SAFETY: C.
    unsafe { libc::dlclose(handle) }
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_dl_error() -> *mut c_char {
    // SAFETY: has no condition.
    unsafe { libc::dlerror() }
}
