//! Calls that go on later or elsewhere: `enif_schedule_nif`, time slices, and which thread this is.

use crate::abi::{DIRTY_CPU, DIRTY_IO, NifFunction, Word};
use crate::atom::{atom_of, c_bytes};
use crate::env::{Env, env, truth};
use crate::library::Library;
use core::ffi::{c_char, c_int};
use term::RawTerm;
use vm::bif::Held;
use vm::code::LoadedModule;
use vm::{BifResult, Cx, Kind, Resume, Stop};

/// Most arguments of a function.
const MOST: c_int = 255;

/// The call that was asked for.
pub struct Scheduled {
    kind: Kind,
    function: NifFunction,
    library: *const Library,
    args: Vec<RawTerm>,
}

/// A call that is to come.
struct Later {
    function: NifFunction,
    library: *const Library,
    code: &'static LoadedModule,
    args: Vec<Held>,
}

// SAFETY: the library stays while the process may still call it (`Resume::code`).
unsafe impl Send for Later {}

impl Resume for Later {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let args: Vec<_> = self.args.iter().map(|h| cx.get(*h)).collect();
        cx.release_held();
        crate::call::call_function(cx, self.function, self.library, &args)
    }
    fn code(&self) -> Option<&'static LoadedModule> {
        Some(self.code)
    }
}

/// Goes on in the call that was asked for.
#[cold]
pub fn reschedule(cx: &Cx<'_>, s: Scheduled) -> Stop {
    // SAFETY: the terms are of the environment of this turn.
    let args = s.args.iter().map(|t| cx.hold(unsafe { t.brand() })).collect();
    // SAFETY: only the environments of calls, which have a library, schedule.
    let code = unsafe { (*s.library).code };
    cx.reschedule(s.kind, Later { function: s.function, library: s.library, code, args })
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_schedule_nif(
    e: *mut Env,
    name: *const c_char,
    flags: c_int,
    function: Option<NifFunction>,
    argc: c_int,
    argv: *const Word,
) -> Word {
    // SAFETY: C.
    let (e, name) = unsafe { (env(e), c_bytes(name)) };
    let kind = match flags as u32 {
        0 => Kind::Plain,
        DIRTY_CPU => Kind::DirtyCpu,
        DIRTY_IO => Kind::DirtyIo,
        _ => return e.badarg(),
    };
    let Some(function) = function else { return e.badarg() };
    if atom_of(name).is_none() || !(0..=MOST).contains(&argc) || e.cx().is_none() {
        return e.badarg();
    }
    // SAFETY: C.
    let args = unsafe { crate::env::terms(argv, argc as usize) };
    let args = args.iter().map(|t| t.raw()).collect();
    let library = e.library();
    e.schedule(Scheduled { kind, function, library, args });
    RawTerm::NONE.0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_consume_timeslice(e: *mut Env, percent: c_int) -> c_int {
    // SAFETY: C.
    let Some(cx) = unsafe { env(e) }.cx() else { return 0 };
    truth(cx.scheduler() != 0 && cx.consume_timeslice(percent))
}

#[unsafe(no_mangle)]
pub extern "C" fn enif_thread_type() -> c_int {
    use vm::sched::ThreadKind;
    match vm::sched::thread_kind() {
        ThreadKind::Other => 0,
        ThreadKind::Normal => 1,
        ThreadKind::DirtyCpu => 2,
        ThreadKind::DirtyIo => 3,
    }
}
