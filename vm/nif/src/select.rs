//! Descriptors that resources watch: `enif_select`.
//!
//! A descriptor belongs to one resource, which it keeps alive until it is stopped. Readiness is told once, by a
//! message; then it must be selected again. The VM's poll thread finds the descriptor here ([`ready`]).

use crate::abi::{NifPid, Word};
use crate::env::{Env, env, term};
use crate::resource::{block, enif_make_resource, handle_of};
use core::ffi::{c_int, c_void};
use std::collections::HashMap;
use std::os::fd::RawFd;
use std::sync::{Mutex, MutexGuard};
use sys::poll::Interest;
use term::copy::Literals;
use term::shared::MagicHandle;
use term::{Atom, OwnedTerm, RawTerm, Term, atom};
use vm::signal::Sender;

/// Flags of `enif_select`.
const READ: c_int = 1;
const WRITE: c_int = 2;
const STOP: c_int = 4;
const CANCEL: c_int = 8;
const CUSTOM_MESSAGE: c_int = 16;
const ERROR: c_int = 32;

/// What it returns.
const STOP_CALLED: c_int = 1;
const INVALID_EVENT: c_int = i32::MIN | 4;
const FAILED: c_int = i32::MIN | 8;
const READ_CANCELLED: c_int = 16;
const WRITE_CANCELLED: c_int = 32;
const ERROR_CANCELLED: c_int = 64;

/// Who is told, and what.
struct Target {
    pid: u64,
    message: OwnedTerm,
}

struct Selected {
    object: usize,
    /// Keeps the object alive.
    resource: MagicHandle,
    read: Option<Target>,
    write: Option<Target>,
    error: Option<Target>,
}

impl Selected {
    /// The directions that the poller is asked about. Errors come with either.
    fn interest(&self) -> Interest {
        Interest { read: self.read.is_some() || self.error.is_some(), write: self.write.is_some() }
    }
}

static SELECTED: Mutex<Option<HashMap<RawFd, Selected>>> = Mutex::new(None);

fn table() -> MutexGuard<'static, Option<HashMap<RawFd, Selected>>> {
    SELECTED.lock().unwrap_or_else(|e| e.into_inner())
}

/// Tokens of the poller that are no ports.
fn token(fd: RawFd) -> u64 {
    vm::port::NATIVE_TOKEN | fd as u32 as u64
}

/// A descriptor is ready: whoever selected it is told.
pub fn ready(fd: RawFd, interest: Interest) {
    let mut told = Vec::new();
    {
        let mut t = table();
        let Some(s) = t.as_mut().and_then(|t| t.get_mut(&fd)) else { return };
        if interest.read {
            told.extend(s.read.take());
        }
        if interest.write {
            told.extend(s.write.take());
        }
        if s.error.is_some() && has_error(fd) {
            told.extend(s.error.take());
        }
    }
    let vm = crate::vm();
    for t in told {
        vm.send_message(Sender::None, t.pid, t.message);
    }
}

/// Whether the system reports an error for the descriptor.
fn has_error(fd: RawFd) -> bool {
    let mut p = libc::pollfd { fd, events: 0, revents: 0 };
    // SAFETY: one structure, that is written.
    unsafe { libc::poll(&mut p, 1, 0) > 0 && p.revents & libc::POLLERR != 0 }
}

/// `{select, Object, Reference, Ready}`
unsafe fn usual_message(object: *mut c_void, reference: Word, what: Atom) -> OwnedTerm {
    let mut e = Env::independent(core::ptr::null());
    // SAFETY: C.
    unsafe {
        let resource = term(enif_make_resource(&mut e, object));
        let h = e.heap();
        let reference = h.copy_with(term(reference), Literals::Copy);
        let parts = [atom!("select").into(), resource, reference, what.into()];
        let message: Term<'_> = h.tuple(&parts);
        let raw = message.raw();
        OwnedTerm::from_parts(e.take_heap(), raw)
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_select(
    e: *mut Env,
    fd: c_int,
    mode: c_int,
    object: *mut c_void,
    pid: *const NifPid,
    reference: Word,
) -> c_int {
    // SAFETY: C.
    unsafe { select(e, fd, mode & !CUSTOM_MESSAGE, object, pid, reference, core::ptr::null_mut()) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_select_x(
    e: *mut Env,
    fd: c_int,
    mode: c_int,
    object: *mut c_void,
    pid: *const NifPid,
    message: Word,
    message_env: *mut Env,
) -> c_int {
    // SAFETY: C.
    unsafe { select(e, fd, mode, object, pid, message, message_env) }
}

unsafe fn select(
    e: *mut Env,
    fd: RawFd,
    mode: c_int,
    object: *mut c_void,
    pid: *const NifPid,
    message: Word,
    mut message_env: *mut Env,
) -> c_int {
    if fd < 0 {
        return INVALID_EVENT;
    }
    let Ok(poller) = vm::port::poller(crate::vm(), fd) else { return FAILED };
    if mode & STOP != 0 {
        // SAFETY: C.
        return unsafe { stop(fd, object) };
    }
    let mut t = table();
    let all = t.get_or_insert_default();
    if mode & CANCEL != 0 {
        let Some(s) = all.get_mut(&fd) else { return 0 };
        let mut gone = 0;
        if mode & READ != 0 && s.read.take().is_some() {
            gone |= READ_CANCELLED;
        }
        if mode & WRITE != 0 && s.write.take().is_some() {
            gone |= WRITE_CANCELLED;
        }
        if mode & ERROR != 0 && s.error.take().is_some() {
            gone |= ERROR_CANCELLED;
        }
        let left = s.interest();
        poller.disarm(fd, Interest { read: !left.read, write: !left.write });
        return gone;
    }
    // SAFETY: C: without a pid the caller itself.
    let to = match unsafe { pid.as_ref() } {
        Some(p) => RawTerm(p.pid).payload(),
        // SAFETY: C.
        None => match unsafe { env(e) }.cx() {
            Some(cx) => cx.pid(),
            None => return FAILED,
        },
    };
    if all.get(&fd).is_some_and(|s| s.object != object as usize) {
        // Another object takes it over.
        let old = all.remove(&fd);
        poller.forget(fd);
        drop(t);
        drop(old);
        // SAFETY: C.
        return unsafe { select(e, fd, mode, object, pid, message, message_env) };
    }
    let fresh = !all.contains_key(&fd);
    let s = all.entry(fd).or_insert_with(|| Selected {
        object: object as usize,
        // SAFETY: C.
        resource: unsafe { handle_of(object) },
        read: None,
        write: None,
        error: None,
    });
    let mut replaced = Vec::new();
    for (flag, what) in [
        (READ, atom!("ready_input")),
        (WRITE, atom!("ready_output")),
        (ERROR, atom!("ready_error")),
    ] {
        if mode & flag == 0 {
            continue;
        }
        // SAFETY: C: the environment's heap goes with the first message.
        let message = unsafe {
            if mode & CUSTOM_MESSAGE == 0 {
                usual_message(object, message, what)
            } else {
                let e = core::mem::replace(&mut message_env, core::ptr::null_mut());
                crate::process::take_message(e, message)
            }
        };
        let place = match flag {
            READ => &mut s.read,
            WRITE => &mut s.write,
            _ => &mut s.error,
        };
        replaced.push(place.replace(Target { pid: to, message }));
    }
    let interest = s.interest();
    if poller.arm(fd, token(fd), interest).is_err() {
        let gone = if fresh { all.remove(&fd) } else { None };
        drop(t);
        drop((gone, replaced));
        return FAILED;
    }
    drop(t);
    // May be the last reference of a resource: dropped without the lock.
    drop(replaced);
    0
}

/// Lets the descriptor go and calls the object's `stop`.
unsafe fn stop(fd: RawFd, object: *mut c_void) -> c_int {
    let gone = table().as_mut().and_then(|t| t.remove(&fd));
    let mut result = STOP_CALLED;
    if let Some(s) = &gone {
        if let Ok(p) = vm::port::poller(crate::vm(), fd) {
            p.forget(fd);
        }
        for (there, flag) in [
            (s.read.is_some(), READ_CANCELLED),
            (s.write.is_some(), WRITE_CANCELLED),
            (s.error.is_some(), ERROR_CANCELLED),
        ] {
            if there {
                result |= flag;
            }
        }
    }
    // SAFETY: C.
    let c = unsafe { block(object) }.resource_type.callbacks();
    if let Some(f) = c.init.stop {
        let mut e = c.env();
        // SAFETY: C.
        unsafe { f(&mut e, object, fd, 1) };
    }
    drop(gone.map(|s| s.resource));
    result
}
