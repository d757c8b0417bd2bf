//! The structures of `erl_nif.h`, as libraries see them.

use core::ffi::{c_char, c_int, c_uint, c_void};

/// A term of the C side.
pub type Word = u64;

pub type NifFunction = unsafe extern "C" fn(*mut crate::env::Env, c_int, *const Word) -> Word;

#[repr(C)]
pub struct NifFunc {
    pub name: *const c_char,
    pub arity: c_uint,
    pub function: Option<NifFunction>,
    /// Since 2.7.
    pub flags: c_uint,
}

/// As it was before 2.7.
#[repr(C)]
pub struct OldNifFunc {
    pub name: *const c_char,
    pub arity: c_uint,
    pub function: Option<NifFunction>,
}

pub type LoadFn = unsafe extern "C" fn(*mut crate::env::Env, *mut *mut c_void, Word) -> c_int;
pub type UpgradeFn =
    unsafe extern "C" fn(*mut crate::env::Env, *mut *mut c_void, *mut *mut c_void, Word) -> c_int;
pub type UnloadFn = unsafe extern "C" fn(*mut crate::env::Env, *mut c_void);

/// What `nif_init` returns. Old libraries have fewer fields: those from `vm_variant` on are read by version only.
#[repr(C)]
pub struct NifEntry {
    pub major: c_int,
    pub minor: c_int,
    pub name: *const c_char,
    pub count: c_int,
    pub functions: *const c_void,
    pub load: Option<LoadFn>,
    pub reload: Option<LoadFn>,
    pub upgrade: Option<UpgradeFn>,
    pub unload: Option<UnloadFn>,
    /// Since 2.1.
    pub vm_variant: *const c_char,
    /// Since 2.7.
    pub options: c_uint,
    /// Since 2.12.
    pub size_of_resource_type_init: usize,
    /// Since 2.14.
    pub min_erts: *const c_char,
}

/// What is ours of `ErlNifBinary`: the library's is longer, by one word before 2.8 and by two since, which we must not write.
#[repr(C)]
pub struct NifBinary {
    pub size: usize,
    pub data: *mut u8,
    /// The count of a shared binary that the library owns, or 0.
    pub handle: u64,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NifPid {
    pub pid: Word,
}

#[repr(C)]
#[derive(Clone, Copy)]
pub struct NifPort {
    pub port: Word,
}

/// A monitor: the numbers of its reference.
#[repr(C)]
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct NifMonitor {
    pub id: (u64, u64),
    pub spare: [u64; 2],
}

pub type Dtor = unsafe extern "C" fn(*mut crate::env::Env, *mut c_void);
pub type StopFn = unsafe extern "C" fn(*mut crate::env::Env, *mut c_void, c_int, c_int);
pub type DownFn =
    unsafe extern "C" fn(*mut crate::env::Env, *mut c_void, *const NifPid, *const NifMonitor);
pub type DynCall = unsafe extern "C" fn(*mut crate::env::Env, *mut c_void, *mut c_void);

#[repr(C)]
#[derive(Clone, Copy)]
pub struct ResourceTypeInit {
    pub dtor: Option<Dtor>,
    pub stop: Option<StopFn>,
    pub down: Option<DownFn>,
    pub members: c_int,
    pub dyncall: Option<DynCall>,
}

#[repr(C)]
pub struct SysInfo {
    pub driver_major: c_int,
    pub driver_minor: c_int,
    pub erts_version: *const c_char,
    pub otp_release: *const c_char,
    pub thread_support: c_int,
    pub smp_support: c_int,
    pub async_threads: c_int,
    pub scheduler_threads: c_int,
    pub nif_major: c_int,
    pub nif_minor: c_int,
    pub dirty_scheduler_support: c_int,
}

#[repr(C)]
pub struct MapIterator {
    pub map: Word,
    pub size: u64,
    /// 0: before the first; `size` + 1: behind the last.
    pub index: u64,
    /// The pairs of a hash map, in a box of ours.
    pub pairs: *mut Vec<(Word, Word)>,
    pub unused: *mut c_void,
    pub spare: [*mut c_void; 2],
}

/// `ERL_NIF_DIRTY_JOB_CPU_BOUND`, `ERL_NIF_DIRTY_JOB_IO_BOUND`
pub const DIRTY_CPU: c_uint = 1;
pub const DIRTY_IO: c_uint = 2;
