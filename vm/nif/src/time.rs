//! Time, and what the system is.

use crate::abi::{SysInfo, Word};
use crate::env::{Env, env};
use core::ffi::{CStr, c_char, c_int, c_void};
use std::ffi::CString;
use std::sync::OnceLock;
use term::{Heap, Term};

/// `ERL_NIF_TIME_ERROR`
const ERROR: i64 = i64::MIN;

/// Parts of a second: `ERL_NIF_SEC`, `_MSEC`, `_USEC`, `_NSEC`.
fn parts(unit: c_int) -> Option<i64> {
    match unit {
        0 => Some(1),
        1 => Some(1_000),
        2 => Some(1_000_000),
        3 => Some(1_000_000_000),
        _ => None,
    }
}

fn convert(n: i64, from: c_int, to: c_int) -> i64 {
    let (Some(from), Some(to)) = (parts(from), parts(to)) else { return ERROR };
    let n = i128::from(n) * i128::from(to);
    i64::try_from(n.div_euclid(from.into())).unwrap_or(ERROR)
}

const NANOSECONDS: c_int = 3;

#[unsafe(no_mangle)]
pub extern "C" fn enif_monotonic_time(unit: c_int) -> i64 {
    convert(vm::time::monotonic_ns(), NANOSECONDS, unit)
}

#[unsafe(no_mangle)]
pub extern "C" fn enif_time_offset(unit: c_int) -> i64 {
    convert(vm::time::time_offset_ns(), NANOSECONDS, unit)
}

#[unsafe(no_mangle)]
pub extern "C" fn enif_convert_time_unit(n: i64, from: c_int, to: c_int) -> i64 {
    convert(n, from, to)
}

#[unsafe(no_mangle)]
pub extern "C" fn erl_drv_monotonic_time(unit: c_int) -> i64 {
    enif_monotonic_time(unit)
}

#[unsafe(no_mangle)]
pub extern "C" fn erl_drv_time_offset(unit: c_int) -> i64 {
    enif_time_offset(unit)
}

#[unsafe(no_mangle)]
pub extern "C" fn erl_drv_convert_time_unit(n: i64, from: c_int, to: c_int) -> i64 {
    convert(n, from, to)
}

/// `{MegaSeconds, Seconds, MicroSeconds}`
fn timestamp(heap: &Heap, micros: i64) -> Word {
    let parts = [micros / 1_000_000_000_000, micros / 1_000_000 % 1_000_000, micros % 1_000_000];
    heap.tuple(&parts.map(Term::small)).raw().0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_now_time(e: *mut Env) -> Word {
    // SAFETY: C.
    timestamp(unsafe { env(e) }.heap(), vm::time::now_us())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_cpu_time(e: *mut Env) -> Word {
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: C; the structure is written.
    let error = unsafe { libc::clock_gettime(libc::CLOCK_PROCESS_CPUTIME_ID, &mut t) };
    // SAFETY: C.
    let e = unsafe { env(e) };
    if error != 0 {
        return e.badarg();
    }
    timestamp(e.heap(), t.tv_sec * 1_000_000 + t.tv_nsec / 1000)
}

/// Versions of the two interfaces, by release.
pub fn nif_version(release: u32) -> (c_int, c_int) {
    match release {
        ..=25 => (2, 16),
        26..=28 => (2, 17),
        _ => (2, 18),
    }
}
pub const DRIVER_VERSION: (c_int, c_int) = (3, 3);

/// Texts that live for ever.
fn texts() -> &'static (CString, CString) {
    static TEXTS: OnceLock<(CString, CString)> = OnceLock::new();
    TEXTS.get_or_init(|| {
        let vm = crate::vm();
        let c = |s: String| CString::new(s).unwrap_or_default();
        (c(vm.erts_version()), c(vm.release().to_string()))
    })
}

/// Fills as much of the structure as the library knows of.
unsafe fn system_info(to: *mut SysInfo, size: usize) {
    let vm = crate::vm();
    let (nif_major, nif_minor) = nif_version(vm.release());
    let (erts, otp) = texts();
    let info = SysInfo {
        driver_major: DRIVER_VERSION.0,
        driver_minor: DRIVER_VERSION.1,
        erts_version: erts.as_ptr(),
        otp_release: otp.as_ptr(),
        thread_support: 1,
        smp_support: 1,
        async_threads: 1,
        scheduler_threads: vm.sched.count() as c_int,
        nif_major,
        nif_minor,
        dirty_scheduler_support: 1,
    };
    let n = size.min(size_of::<SysInfo>());
    // SAFETY: C: the structure has `size` bytes.
    unsafe { core::ptr::copy_nonoverlapping((&raw const info).cast::<u8>(), to.cast(), n) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_system_info(to: *mut SysInfo, size: usize) {
    // SAFETY: C.
    unsafe { system_info(to, size) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_system_info(to: *mut SysInfo, size: usize) {
    // SAFETY: C.
    unsafe { system_info(to, size) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_getenv(
    key: *const c_char,
    value: *mut c_char,
    size: *mut usize,
) -> c_int {
    // SAFETY: C: `value` has room for `*size` bytes.
    unsafe {
        let Some(v) = vm::env::get(CStr::from_ptr(key).to_bytes()) else { return -1 };
        let room = *size;
        if v.len() >= room {
            *size = v.len() + 1;
            return 1;
        }
        core::ptr::copy_nonoverlapping(v.as_ptr(), value.cast(), v.len());
        *value.add(v.len()) = 0;
        *size = v.len();
        0
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn erl_drv_getenv(
    key: *const c_char,
    value: *mut c_char,
    size: *mut usize,
) -> c_int {
    // SAFETY: C.
    unsafe { enif_getenv(key, value, size) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn erl_drv_putenv(key: *const c_char, value: *const c_char) -> c_int {
    // SAFETY: C.
    let (key, value) =
        unsafe { (CStr::from_ptr(key).to_bytes(), CStr::from_ptr(value).to_bytes()) };
    vm::env::set(key.to_vec(), value.to_vec());
    0
}

// Libraries that libraries open.

type ErrorHandler = unsafe extern "C" fn(*mut c_void, *const c_char);

unsafe fn tell(handler: Option<ErrorHandler>, arg: *mut c_void) {
    // SAFETY: C; the text is the C library's.
    unsafe {
        let text = libc::dlerror();
        if let Some(f) = handler {
            f(arg, if text.is_null() { c"unknown error".as_ptr() } else { text });
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_dlopen(
    path: *const c_char,
    handler: Option<ErrorHandler>,
    arg: *mut c_void,
) -> *mut c_void {
    // SAFETY: C: the path lacks its ending.
    unsafe {
        let full = [CStr::from_ptr(path).to_bytes(), b".so\0"].concat();
        let handle = libc::dlopen(full.as_ptr().cast(), libc::RTLD_NOW);
        if handle.is_null() {
            tell(handler, arg);
        }
        handle
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_dlsym(
    handle: *mut c_void,
    symbol: *const c_char,
    handler: Option<ErrorHandler>,
    arg: *mut c_void,
) -> *mut c_void {
    // SAFETY: C: a handle of `enif_dlopen`.
    unsafe {
        let found = libc::dlsym(handle, symbol);
        if found.is_null() {
            tell(handler, arg);
        }
        found
    }
}
