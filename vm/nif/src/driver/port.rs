//! What a driver asks of its port: descriptors, time, monitors, whom it belongs to.

use crate::abi::{NifMonitor, Word};
use crate::driver::{handle_of, port_of, with_port};
use crate::env::truth;
use core::ffi::{c_char, c_int, c_uint, c_ulong, c_void};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::os::fd::RawFd;
use sys::poll::Interest;
use term::RawTerm;

/// `ERL_DRV_READ`, `ERL_DRV_WRITE`, `ERL_DRV_USE`, `ERL_DRV_USE_NO_CALLBACK`
const READ: c_int = 1;
const WRITE: c_int = 2;
const USE: c_int = 4;
const NO_CALLBACK: c_int = 8;

#[unsafe(no_mangle)]
pub extern "C" fn driver_select(
    port: *mut c_void,
    event: *mut c_void,
    mode: c_int,
    on: c_int,
) -> c_int {
    let fd = event as isize as RawFd;
    if fd < 0 {
        return -1;
    }
    let interest = Interest { read: mode & READ != 0, write: mode & WRITE != 0 };
    let driver = with_port(port, |p, s| {
        if on == 0 {
            if mode & (USE | NO_CALLBACK) == USE {
                p.forget(fd);
            } else {
                p.deselect(fd, interest);
                // Nobody will be told: it is let go with its last direction.
                if mode & NO_CALLBACK != 0 && p.is_selected(fd).is_empty() {
                    p.forget(fd);
                }
            }
            Ok(s.driver.clone())
        } else if interest.is_empty() {
            Ok(s.driver.clone())
        } else {
            p.select(fd, interest).map(|()| s.driver.clone())
        }
    });
    let Some(Ok(driver)) = driver else { return -1 };
    if on == 0
        && mode & USE != 0
        && mode & NO_CALLBACK == 0
        && let Some(f) = driver.entry().stop_select
    {
        // SAFETY: C: nobody waits for the descriptor any more.
        unsafe { f(event, null_mut()) };
    }
    0
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_set_timer(port: *mut c_void, ms: c_ulong) -> c_int {
    truth(with_port(port, |p, _| p.set_timer(ms)).is_some()) - 1
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_cancel_timer(port: *mut c_void) -> c_int {
    truth(with_port(port, |p, _| p.cancel_timer()).is_some()) - 1
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_read_timer(port: *mut c_void, left: *mut c_ulong) -> c_int {
    let Some(ns) = with_port(port, |p, _| p.timer_left()) else { return -1 };
    // SAFETY: C.
    unsafe { left.write((ns.unwrap_or(0) / 1_000_000) as c_ulong) };
    0
}

#[unsafe(no_mangle)]
pub extern "C" fn set_busy_port(port: *mut c_void, on: c_int) {
    let busy = on != 0;
    // A driver may say it of another of its ports.
    if with_port(port, |p, _| p.set_busy(busy)).is_none()
        && let Some(p) = crate::vm().ports.get(port_of(port))
    {
        p.set_busy(crate::vm(), busy);
    }
}

/// `PORT_CONTROL_FLAG_BINARY`
const CONTROL_BINARY: c_int = 1;

#[unsafe(no_mangle)]
pub extern "C" fn set_port_control_flags(port: *mut c_void, flags: c_int) {
    with_port(port, |_, s| s.binary_control.set(flags & CONTROL_BINARY != 0));
}

#[unsafe(no_mangle)]
pub extern "C" fn get_port_flags(port: *mut c_void) -> c_int {
    with_port(port, |p, _| truth(p.is_binary()) | (truth(p.has_lines()) << 1)).unwrap_or(0)
}

/// Limits of the port's message queue: ports take messages at once here, so that none is ever busy by them.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn erl_drv_busy_msgq_limits(
    _: *mut c_void,
    low: *mut usize,
    high: *mut usize,
) {
    /// What the reference starts with.
    const LOW: usize = 4096;
    const HIGH: usize = 8192;
    // SAFETY: C.
    unsafe {
        if !low.is_null() && *low == 0 {
            low.write(LOW);
        }
        if !high.is_null() && *high == 0 {
            high.write(HIGH);
        }
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn erl_drv_consume_timeslice(port: *mut c_void, percent: c_int) -> c_int {
    with_port(port, |p, _| truth(p.consume_timeslice(percent))).unwrap_or(-1)
}

/// The result of a start that was not finished when the function returned.
#[unsafe(no_mangle)]
pub extern "C" fn erl_drv_init_ack(port: *mut c_void, data: *mut c_void) {
    with_port(port, |p, s| match data as isize {
        -1 => p.fail_atom(term::atom!("einval")),
        -2 => p.fail_errno(std::io::Error::last_os_error().raw_os_error().unwrap_or(0)),
        -3 => p.fail_atom(term::atom::am::BADARG),
        _ => s.data.set(data),
    });
}

#[unsafe(no_mangle)]
pub extern "C" fn erl_drv_set_os_pid(port: *mut c_void, pid: isize) {
    with_port(port, |p, _| p.set_os_pid(Some(pid as i64)));
}

// Who.

#[unsafe(no_mangle)]
pub extern "C" fn driver_mk_port(port: *mut c_void) -> Word {
    RawTerm::local_port(port_of(port)).0
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_connected(port: *mut c_void) -> Word {
    match with_port(port, |p, _| p.owner()) {
        Some(pid) => RawTerm::local_pid(pid).0,
        None => RawTerm::NIL.0,
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_caller(port: *mut c_void) -> Word {
    match with_port(port, |p, _| p.caller()) {
        Some(pid) => RawTerm::local_pid(pid).0,
        None => RawTerm::NIL.0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_mk_atom(name: *const c_char) -> Word {
    // SAFETY: C.
    let name = unsafe { crate::atom::c_bytes(name) };
    crate::atom::atom_of(name).map_or(RawTerm::NIL, RawTerm::atom).0
}

/// The empty list, for drivers that look at it instead of asking.
#[unsafe(no_mangle)]
#[allow(non_upper_case_globals, reason = "its name in the header")]
pub static driver_term_nil: Word = RawTerm::NIL.0;

#[unsafe(no_mangle)]
pub extern "C" fn driver_mk_term_nil() -> Word {
    RawTerm::NIL.0
}

// Monitors.

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_monitor_process(
    port: *mut c_void,
    process: Word,
    to: *mut NifMonitor,
) -> c_int {
    if !RawTerm(process).is_local_pid() {
        return 1;
    }
    let pid = RawTerm(process).payload();
    let made = with_port(port, |p, s| {
        s.driver.entry().process_exit?;
        let id = p.monitor_process(pid);
        if let Some(id) = id {
            s.monitors.lock().unwrap_or_else(|e| e.into_inner()).insert(id, pid);
        }
        Some(id)
    });
    match made {
        Some(Some(Some(id))) => {
            // SAFETY: C.
            unsafe { to.write(NifMonitor { id, spare: [0; 2] }) };
            0
        }
        Some(Some(None)) => 1,
        _ => -1,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_demonitor_process(
    port: *mut c_void,
    monitor: *const NifMonitor,
) -> c_int {
    // SAFETY: C.
    let id = unsafe { (*monitor).id };
    let gone = with_port(port, |p, s| {
        s.monitors.lock().unwrap_or_else(|e| e.into_inner()).remove(&id);
        p.demonitor_process(id)
    });
    match gone {
        Some(true) => 0,
        _ => 1,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_get_monitored_process(
    port: *mut c_void,
    monitor: *const NifMonitor,
) -> Word {
    // SAFETY: C.
    let id = unsafe { (*monitor).id };
    let pid = with_port(port, |_, s| {
        s.monitors.lock().unwrap_or_else(|e| e.into_inner()).get(&id).copied()
    });
    match pid.flatten() {
        Some(pid) => RawTerm::local_pid(pid).0,
        None => RawTerm::atom(term::atom::am::UNDEFINED).0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_compare_monitors(
    a: *const NifMonitor,
    b: *const NifMonitor,
) -> c_int {
    // SAFETY: C.
    unsafe { crate::monitor::enif_compare_monitors(a, b) }
}

// Port data locks.

/// `ErlDrvPDL`
pub struct PortDataLock {
    lock: libc::pthread_mutex_t,
    refc: AtomicIsize,
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_pdl_create(port: *mut c_void) -> *mut PortDataLock {
    with_port(port, |_, s| {
        if !s.pdl.get().is_null() {
            return null_mut();
        }
        // One count is the port's, one the caller's.
        let pdl = Box::into_raw(Box::new(PortDataLock {
            lock: libc::PTHREAD_MUTEX_INITIALIZER,
            refc: AtomicIsize::new(2),
        }));
        s.pdl.set(pdl);
        pdl
    })
    .unwrap_or(null_mut())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_pdl_lock(pdl: *mut PortDataLock) {
    // SAFETY: C.
    unsafe {
        driver_pdl_inc_refc(pdl);
        libc::pthread_mutex_lock(&raw mut (*pdl).lock);
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_pdl_unlock(pdl: *mut PortDataLock) {
    // SAFETY: C.
    unsafe {
        libc::pthread_mutex_unlock(&raw mut (*pdl).lock);
        driver_pdl_dec_refc(pdl);
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_pdl_get_refc(pdl: *mut PortDataLock) -> isize {
    // SAFETY: C.
    unsafe { (*pdl).refc.load(Ordering::Acquire) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_pdl_inc_refc(pdl: *mut PortDataLock) -> isize {
    // SAFETY: C.
    unsafe { (*pdl).refc.fetch_add(1, Ordering::AcqRel) + 1 }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_pdl_dec_refc(pdl: *mut PortDataLock) -> isize {
    // SAFETY: C: a count of the caller; the last frees it.
    unsafe {
        let left = (*pdl).refc.fetch_sub(1, Ordering::AcqRel) - 1;
        if left == 0 {
            libc::pthread_mutex_destroy(&raw mut (*pdl).lock);
            drop(Box::from_raw(pdl));
        }
        left
    }
}

#[unsafe(no_mangle)]
pub extern "C" fn driver_async_port_key(port: *mut c_void) -> c_uint {
    port_of(port) as c_uint
}

/// Makes another port of the same driver.
#[unsafe(no_mangle)]
pub unsafe extern "C" fn driver_create_port(
    creator: *mut c_void,
    owner: Word,
    name: *const c_char,
    data: *mut c_void,
) -> *mut c_void {
    const FAILED: *mut c_void = usize::MAX as *mut c_void;
    if !RawTerm(owner).is_local_pid() {
        return FAILED;
    }
    // SAFETY: C.
    let name = unsafe { crate::atom::c_bytes(name) };
    let name = String::from_utf8_lossy(name).into_owned();
    let made = with_port(creator, |p, s| {
        let driver = super::CDriver::new(&s.driver, data);
        let owner = RawTerm(owner).payload();
        let id = p.create_port(&name, owner, Box::new(driver))?;
        super::ddll::port_opened(&s.driver, p.poster_of(id));
        Some(id)
    });
    made.flatten().map_or(FAILED, handle_of)
}

/// The driver stays loaded for ever.
#[unsafe(no_mangle)]
pub extern "C" fn driver_lock_driver(port: *mut c_void) -> c_int {
    let name: Option<(String, u64)> =
        with_port(port, |_, s| (s.driver.name.clone(), s.driver.serial));
    match name {
        Some((name, serial)) => truth(super::ddll::make_permanent(&name, serial)) - 1,
        None => -1,
    }
}
