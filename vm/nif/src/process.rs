//! Pids, ports and messages.

use crate::abi::{NifPid, NifPort, Word};
use crate::env::{Env, env, put, term, truth};
use core::ffi::c_int;
use term::{Atom, OwnedTerm, RawTerm, Term};
use vm::process::registry::Named;
use vm::process::{ProcRef, state};
use vm::signal::Sender;

/// Not a pid: `enif_set_pid_undefined`.
const UNDEFINED: Word = RawTerm::atom(term::atom::am::UNDEFINED).0;

fn pid_data(pid: Word) -> Option<u64> {
    RawTerm(pid).is_local_pid().then(|| RawTerm(pid).payload())
}

/// The process, if it is alive.
pub fn process(pid: Word) -> Option<ProcRef> {
    let p = crate::vm().processes.lookup(pid_data(pid)?)?;
    (!p.state.has(state::EXITING | state::FREE)).then_some(p)
}

/// Who sends.
fn sender(e: *mut Env) -> Sender {
    // SAFETY: C.
    match unsafe { e.as_ref() }.and_then(|e| e.cx()) {
        Some(cx) => Sender::Process(cx.pid()),
        None => Sender::None,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_self(e: *mut Env, to: *mut NifPid) -> *mut NifPid {
    // SAFETY: C.
    let Some(cx) = unsafe { env(e) }.cx() else { return core::ptr::null_mut() };
    // SAFETY: C.
    unsafe { put(to, NifPid { pid: RawTerm::local_pid(cx.pid()).0 }) };
    to
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_local_pid(_: *mut Env, t: Word, to: *mut NifPid) -> c_int {
    if !RawTerm(t).is_local_pid() {
        return 0;
    }
    // SAFETY: C.
    unsafe { put(to, NifPid { pid: t }) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_set_pid_undefined(to: *mut NifPid) {
    // SAFETY: C.
    unsafe { put(to, NifPid { pid: UNDEFINED }) };
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_is_pid_undefined(pid: *const NifPid) -> c_int {
    // SAFETY: C.
    truth(unsafe { (*pid).pid } == UNDEFINED)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_get_local_port(_: *mut Env, t: Word, to: *mut NifPort) -> c_int {
    if !RawTerm(t).is_local_port() {
        return 0;
    }
    // SAFETY: C.
    unsafe { put(to, NifPort { port: t }) }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_is_process_alive(_: *mut Env, pid: *const NifPid) -> c_int {
    // SAFETY: C.
    truth(process(unsafe { (*pid).pid }).is_some())
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_is_current_process_alive(e: *mut Env) -> c_int {
    // SAFETY: C.
    match unsafe { env(e) }.cx() {
        Some(cx) => truth(!cx.is_exiting()),
        None => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_is_port_alive(_: *mut Env, port: *const NifPort) -> c_int {
    // SAFETY: C.
    let port = RawTerm(unsafe { (*port).port });
    truth(port.is_local_port() && crate::vm().ports.get(port.payload()).is_some())
}

fn named(t: Word) -> Option<Named> {
    // SAFETY: C.
    let name: Atom = unsafe { term(t) }.as_atom()?;
    crate::vm().registry.lookup(name)
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_whereis_pid(_: *mut Env, name: Word, to: *mut NifPid) -> c_int {
    match named(name) {
        // SAFETY: C.
        Some(Named::Process(pid)) => unsafe { put(to, NifPid { pid: RawTerm::local_pid(pid).0 }) },
        _ => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_whereis_port(_: *mut Env, name: Word, to: *mut NifPort) -> c_int {
    match named(name) {
        // SAFETY: C.
        Some(Named::Port(port)) => unsafe {
            put(to, NifPort { port: RawTerm::local_port(port).0 })
        },
        _ => 0,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_send(
    caller: *mut Env,
    to: *const NifPid,
    message_env: *mut Env,
    message: Word,
) -> c_int {
    // SAFETY: C.
    if let Some(cx) = unsafe { caller.as_ref() }.and_then(|e| e.cx())
        && cx.with(|p| p.shared.state.has(vm::process::state::EXITING))
    {
        // It ended while its dirty native ran.
        return 0;
    }
    // SAFETY: C.
    let Some(p) = process(unsafe { (*to).pid }) else { return 0 };
    // SAFETY: C.
    let m = unsafe { take_message(message_env, message) };
    // SAFETY: C.
    if let Some(cx) = unsafe { caller.as_ref() }.and_then(|e| e.cx())
        && cx.with(|p| p.shared.trace.has(vm::trace::flag::SEND))
    {
        vm::trace::event::send(cx, Term::local_pid(p.pid), m.term());
    }
    crate::vm().send_to(sender(caller), &p, m);
    1
}

/// A message with the heap of its environment, which is empty afterwards; without one a copy.
/// # Safety
/// C.
pub unsafe fn take_message(e: *mut Env, message: Word) -> OwnedTerm {
    // SAFETY: C: the message is of the environment; what else is there goes along.
    unsafe {
        match e.as_mut() {
            Some(e) => {
                let message = crate::check::message(e, message);
                OwnedTerm::from_parts(e.take_heap(), RawTerm(message))
            }
            None => OwnedTerm::copy_of(term(message)),
        }
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_port_command(
    e: *mut Env,
    to: *const NifPort,
    message_env: *mut Env,
    message: Word,
) -> c_int {
    // SAFETY: C.
    let port = RawTerm(unsafe { (*to).port });
    let vm = crate::vm();
    if !port.is_local_port() || vm.ports.get(port.payload()).is_none() {
        return 0;
    }
    // SAFETY: C.
    let m = unsafe { take_message(message_env, message) };
    // SAFETY: C.
    let from = unsafe { e.as_ref() }.and_then(|e| e.cx()).map_or(u64::MAX, |cx| cx.pid());
    truth(vm::port::post_output(vm, port.payload(), from, m.term()))
}
