//! The structures of `erl_driver.h`.

use crate::abi::NifMonitor;
use crate::driver::binary::DrvBinary;
use crate::ioq::SysIoVec;
use core::ffi::{c_char, c_int, c_uint, c_void};

type Data = *mut c_void;

pub type Control =
    unsafe extern "C" fn(Data, c_uint, *mut c_char, usize, *mut *mut c_char, usize) -> isize;
pub type DriverCall = unsafe extern "C" fn(
    Data,
    c_uint,
    *mut c_char,
    usize,
    *mut *mut c_char,
    usize,
    *mut c_uint,
) -> isize;

/// `ErlDrvEntry`
#[repr(C)]
pub struct DriverEntryC {
    pub init: Option<unsafe extern "C" fn() -> c_int>,
    pub start: Option<unsafe extern "C" fn(*mut c_void, *mut c_char) -> Data>,
    pub stop: Option<unsafe extern "C" fn(Data)>,
    pub output: Option<unsafe extern "C" fn(Data, *mut c_char, usize)>,
    pub ready_input: Option<unsafe extern "C" fn(Data, *mut c_void)>,
    pub ready_output: Option<unsafe extern "C" fn(Data, *mut c_void)>,
    pub driver_name: *const c_char,
    pub finish: Option<unsafe extern "C" fn()>,
    pub handle: *mut c_void,
    pub control: Option<Control>,
    pub timeout: Option<unsafe extern "C" fn(Data)>,
    pub outputv: Option<unsafe extern "C" fn(Data, *mut ErlIoVec)>,
    pub ready_async: Option<unsafe extern "C" fn(Data, *mut c_void)>,
    pub flush: Option<unsafe extern "C" fn(Data)>,
    pub call: Option<DriverCall>,
    pub unused: *const c_void,
    pub extended_marker: c_uint,
    pub major_version: c_int,
    pub minor_version: c_int,
    pub driver_flags: c_int,
    pub handle2: *mut c_void,
    pub process_exit: Option<unsafe extern "C" fn(Data, *mut NifMonitor)>,
    pub stop_select: Option<unsafe extern "C" fn(*mut c_void, *mut c_void)>,
    pub emergency_close: Option<unsafe extern "C" fn(Data)>,
}

pub const MARKER: c_uint = 0xfeee_eeed;

/// `ERL_DRV_FLAG_USE_PORT_LOCKING`, `ERL_DRV_FLAG_SOFT_BUSY`
pub const PORT_LOCKING: c_int = 1;
pub const SOFT_BUSY: c_int = 2;

/// `ErlIOVec`
#[repr(C)]
pub struct ErlIoVec {
    pub count: c_int,
    pub size: usize,
    pub iov: *mut SysIoVec,
    pub binaries: *mut *mut DrvBinary,
}
