//! What a debugger written in Erlang asks of the emulator (`erl_debugger`, OTP 28) [erl_debugger.c].
//!
//! Places for breakpoints are made when a module is loaded, if `+D` asks for it; setting one turns the switches of a line's
//! places. Registers and frames of other processes are looked at while these are suspended and every scheduler stands still.

use crate::code::LoadedModule;
use crate::interp::{ReturnPoint, debug};
use crate::process::{Process, state};
use crate::signal::Sender;
use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Mutex, MutexGuard};
use term::{Atom, Heap, OwnedTerm, RawTerm, Term, atom, size};

/// Who is told, under which number.
#[derive(Default)]
struct Registered {
    pid: Option<u64>,
    session: u32,
}

/// See the module head.
pub struct Debugger {
    supported: AtomicBool,
    line_breakpoints: AtomicBool,
    registered: Mutex<Registered>,
}

/// What a word of a frame is.
pub enum Slot<'h> {
    Value(Term<'h>),
    /// Of so many words.
    TooLarge(usize),
    Catch(u64),
}

/// Where a frame, or a catch, goes on.
pub enum Place {
    /// Module, function, arity, line (0: unknown).
    Code(Atom, Atom, u32, u32),
    Special(&'static str),
}

impl Debugger {
    pub(crate) fn new(supported: bool, line_breakpoints: bool) -> Debugger {
        Debugger {
            supported: AtomicBool::new(supported),
            line_breakpoints: AtomicBool::new(line_breakpoints),
            registered: Mutex::default(),
        }
    }
    pub fn is_supported(&self) -> bool {
        self.supported.load(Ordering::Acquire)
    }
    pub fn support(&self, on: bool) {
        self.supported.store(on, Ordering::Release);
    }
    /// Whether what is loaded gets places for breakpoints.
    pub fn instruments(&self) -> bool {
        self.is_supported() && self.line_breakpoints.load(Ordering::Acquire)
    }
    pub fn instrument(&self, on: bool) {
        self.line_breakpoints.store(on, Ordering::Release);
    }
    fn get(&self) -> MutexGuard<'_, Registered> {
        self.registered.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// The debugger, unless it has ended.
    pub fn pid(&self, vm: &Vm) -> Option<u64> {
        self.get().pid.filter(|pid| is_alive(vm, *pid))
    }
    /// The session of a new debugger; `None`: there is one.
    pub fn register(&self, vm: &Vm, pid: u64) -> Option<u32> {
        let mut r = self.get();
        if r.pid.is_some_and(|pid| is_alive(vm, pid)) {
            return None;
        }
        r.pid = Some(pid);
        // Far enough from the last one that guesses fail.
        r.session = r.session.wrapping_mul(1_103_515_245).wrapping_add(12_345) & 0x7fff_ffff;
        Some(r.session)
    }
    /// `false`: it is registered under another number.
    pub fn unregister(&self, pid: u64, session: i64) -> bool {
        let mut r = self.get();
        if r.pid != Some(pid) {
            return true;
        }
        let own = i64::from(r.session) == session;
        if own {
            r.pid = None;
        }
        own
    }
    /// Tells the debugger of a breakpoint. `false`: there is none.
    pub fn tell(&self, vm: &'static Vm, from: u64, event: Term<'_>) -> bool {
        let (pid, session) = {
            let r = self.get();
            (r.pid, r.session)
        };
        let Some(p) = pid.and_then(|pid| vm.processes.lookup(pid)) else { return false };
        let m = OwnedTerm::build(|h| {
            let session = Term::small(session.into());
            h.tuple(&[atom!("debugger_event").into(), session, h.copy(event)])
        });
        vm.send_to(Sender::Process(from), &p, m);
        true
    }
}

fn is_alive(vm: &Vm, pid: u64) -> bool {
    vm.processes.lookup(pid).is_some_and(|p| !p.state.has(state::EXITING | state::FREE))
}

/// Why no breakpoint was set.
pub enum Refusal {
    NoModule,
    NoPlaces,
    NoLine,
    NoPlaceOnLine,
}

fn line_of(m: &LoadedModule, location: u32) -> Option<u32> {
    Some((*m.locations.get(location as usize)?)?.1)
}

/// Turns the breakpoints of a line on or off.
pub fn set(vm: &Vm, module: Atom, line: u32, on: bool) -> Result<(), Refusal> {
    let _permission = vm.code.permission.lock().unwrap_or_else(|e| e.into_inner());
    let m = vm.code.current(module).ok_or(Refusal::NoModule)?;
    let places = m.debug_lines.as_ref().ok_or(Refusal::NoPlaces)?;
    let mut found = false;
    for (slot, _, _) in places.iter().filter(|p| line_of(m, p.1) == Some(line)) {
        found = true;
        place(m, *slot).store(on.into(), Ordering::Release);
    }
    match found {
        true => Ok(()),
        false if m.lines.iter().any(|l| line_of(m, l.1) == Some(line)) => {
            Err(Refusal::NoPlaceOnLine)
        }
        false => Err(Refusal::NoLine),
    }
}

fn place(m: &LoadedModule, slot: u32) -> &core::sync::atomic::AtomicU32 {
    // SAFETY: the emitter put such an instruction there; the caller has the module. Only this word of it ever changes, and
    // whoever runs it reads it as an atomic.
    unsafe { debug::switch(m.code.as_ptr().wrapping_add(slot as usize)) }
}

/// The functions of a module with the lines that have places, and whether these are on.
#[allow(clippy::type_complexity)]
pub fn breakpoints(vm: &Vm, module: Atom) -> Option<Vec<(Atom, u32, Vec<(u32, bool)>)>> {
    let m = vm.code.current(module)?;
    let lines = |index: usize| {
        let all = m.debug_lines.iter().flatten().filter(|p| p.2 == index);
        all.filter_map(|p| Some((line_of(m, p.1)?, place(m, p.0).load(Ordering::Acquire) != 0)))
            .collect()
    };
    let all = m.functions.iter().enumerate();
    Some(all.map(|(i, f)| (f.entry.function, f.entry.arity, lines(i))).collect())
}

fn located(vm: &Vm, address: u64) -> Place {
    match vm.code.locate(address) {
        Some(l) => Place::Code(l.module, l.function, l.arity, l.line),
        None => Place::Special("unknown function"),
    }
}

/// Where a catch goes on.
pub fn catch_place(vm: &Vm, address: u64) -> Place {
    located(vm, address)
}

/// Where the process goes on.
fn current(vm: &Vm, p: &Process) -> Place {
    let export = vm.code.export_of_stub(p.ip as u64).map(|e| &e.export);
    match (&p.resume, p.current_native, export) {
        (Some(_), Some((m, f, a)), _) => Place::Code(m, f, a, 0),
        (_, _, Some(x)) => Place::Code(x.module, x.function, x.arity, 0),
        _ => located(vm, p.ip as u64),
    }
}

/// The frames of a process, the youngest first: number, where it goes on, that address, and the words.
pub fn frames(vm: &Vm, p: &Process) -> Vec<(Place, u64, Vec<RawTerm>)> {
    let mut all = Vec::new();
    let mut frame = (current(vm, p), p.ip as u64, Vec::new());
    let (mut e, end) = (p.heap.stack, p.heap.stack_end());
    while e < end {
        // SAFETY: the stack's words are initialised, and the process stands still.
        let w = RawTerm(unsafe { *e });
        e = e.wrapping_add(1);
        if !w.is_cont() {
            frame.2.push(w);
            continue;
        }
        // SAFETY: a continuation points to a return point of loaded code, or of our own.
        let at = unsafe { (*((w.0 & !7) as *const ReturnPoint)).ip } as u64;
        let place = match w.0 == crate::interp::builtin::exit_continuation() {
            true => Place::Special("<terminate process normally>"),
            false if debug::is_cleanup(w) => Place::Special("<breakpoint>"),
            false if crate::trace::call::is_frame(w) => Place::Special("return_trace"),
            false => located(vm, at | 1),
        };
        all.push(core::mem::replace(&mut frame, (place, at, Vec::new())));
    }
    all.push(frame);
    all
}

/// A word of a frame, or a register, on another heap.
pub fn slot<'h>(h: &'h Heap, w: RawTerm, most: usize) -> Slot<'h> {
    if w.is_catch() {
        return Slot::Catch(w.payload());
    }
    // SAFETY: what is no mark is a term, or a match context, of the process that stands still.
    let value: Term<'_> = unsafe {
        if w.is_boxed_of(term::term::Subtag::MatchContext) {
            h.bits_of_context(w)
        } else {
            w.brand()
        }
    };
    match size::flat_size(value) {
        n if n > most => Slot::TooLarge(n),
        _ => Slot::Value(h.copy(value)),
    }
}

/// The X registers of a process that does not run: what it was called with.
pub fn registers(p: &Process) -> &[RawTerm] {
    &p.saved
}
