//! The interpreter: direct-threaded, one handler per specialised instruction [emu/*.tab].
//!
//! An instruction is its handler's address (two 32-bit slots) and its operands. Every handler has
//! one signature — registers, ip, heap top, stack top, reductions — and ends in a tail call to the
//! next handler, which optimised builds compile to a jump. Builds with debug assertions go through
//! a loop in [`run`] instead (macro `go!`). Rules that keep handlers free of prologues: no value
//! with a destructor and no address of a local is alive at a tail call, and everything slow is a
//! `#[cold]` function of the same signature that re-executes or goes on.
//!
//! Frames: the caller pushes a continuation (the address of a [`ReturnPoint`] | 7); `allocate`
//! makes room for Y slots below it. So at function entry `e[0]` is the continuation, and with a frame of `n`
//! slots it is `e[n]`. No native pointer into the process's block survives a call.
//!
//! All code here works on raw words: its obligation is that loaded code passed the loader's
//! verifier, so that registers, frames and branch targets are what the operands say.

#![allow(unsafe_op_in_unsafe_fn, clippy::missing_safety_doc)]
#![allow(clippy::undocumented_unsafe_blocks, reason = "the module head states the one obligation")]
#![allow(clippy::needless_return, reason = "a handler's `return next(…)` marks the tail call")]

pub(crate) mod arith;
pub(crate) mod bits_build;
pub(crate) mod bits_match;
pub(crate) mod builtin;
pub(crate) mod call;
pub(crate) mod check;
pub(crate) mod compare;
pub(crate) mod data;
pub(crate) mod debug;
pub(crate) mod except;
pub(crate) mod frame;
pub(crate) mod fused;
pub(crate) mod length;
pub(crate) mod map;
pub(crate) mod native;
pub(crate) mod nif;
pub(crate) mod operand;
pub(crate) mod receive;
pub(crate) mod record;
pub(crate) mod select;

use crate::bif::Cx;
use crate::code::Function;
use crate::code::native::CallEnv;
use crate::process::Process;
use crate::vm::Vm;
use core::mem::MaybeUninit;
use term::RawTerm;
use term::boxed::Export;

/// X registers, counted as the reference does.
pub const X_REGS: usize = 1024;
/// Float registers.
pub const F_REGS: usize = 1024;
/// Reductions of one time slice.
pub const CONTEXT_REDS: i64 = 4000;
/// Those of a slice while others wait: about as long as a slice of compiled code.
pub const SHARED_REDS: i64 = 2000;

pub(crate) type Handler = unsafe extern "C" fn(*mut Regs, *const u32, *mut u64, *mut u64, i64);

/// Why the interpreter returned to the scheduler.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// Still running (trampoline builds go round the loop).
    Running,
    /// Out of reductions, or gave way: to be queued again.
    Yielded,
    /// Waits for a signal.
    Waiting,
    /// The process has ended: its exit was begun.
    Exited,
    /// Goes on on a dirty scheduler, or back on a normal one.
    Dirty,
}

/// What a scheduler lends to the process that it runs. X registers come first: operands hold
/// offsets from the start.
#[repr(C)]
pub struct Regs {
    pub x: [RawTerm; X_REGS],
    pub f: [f64; F_REGS],
    pub process: *mut Process,
    pub vm: &'static Vm,
    pub scheduler: usize,
    /// What natives work with; made anew when a process goes on. Here and not on the native stack, where its address
    /// would keep handlers from ending in a jump.
    pub(crate) turn: MaybeUninit<Cx<'static>>,
    /// The environment of calls of NIFs on this scheduler; plain between them.
    pub(crate) env: CallEnv,
    /// Operand of slow paths: the entry being called.
    pub(crate) entry: *const Export,
    pub outcome: Outcome,
    pub(crate) ip: *const u32,
    pub(crate) htop: *mut u64,
    pub(crate) e: *mut u64,
    pub(crate) fc: i64,
    /// Reductions of this slice at its start, to charge what was used.
    pub(crate) slice: i64,
    /// Binary under construction by the old `bs_put_*` instructions, and the write position.
    pub(crate) bs_data: *mut u8,
    pub(crate) bs_at: usize,
    pub(crate) bs_end: usize,
}

/// Where a call returns to [design: return points].
#[repr(C)]
#[derive(Debug)]
pub struct ReturnPoint {
    pub ip: *const u32,
    pub function: *const Function,
    /// Index into the module's lines; 0: none.
    pub line: u32,
    /// Y slots of the frame that is returned to.
    pub frame: u32,
}

// SAFETY: points to code that is never changed.
unsafe impl Send for ReturnPoint {}
// SAFETY: as above.
unsafe impl Sync for ReturnPoint {}

/// Goes on at `ip`.
macro_rules! go {
    ($r:expr, $ip:expr, $htop:expr, $e:expr, $fc:expr) => {{
        #[cfg(debug_assertions)]
        {
            let (ip, htop, e, fc) = ($ip, $htop, $e, $fc);
            (*$r).ip = ip;
            (*$r).htop = htop;
            (*$r).e = e;
            (*$r).fc = fc;
            return;
        }
        #[cfg(not(debug_assertions))]
        {
            let ip = $ip;
            let h = crate::interp::handler_at(ip);
            return h($r, ip, $htop, $e, $fc);
        }
    }};
}
pub(crate) use go;

/// Returns to the scheduler; the process's state is saved by [`run`].
macro_rules! leave {
    ($r:expr, $outcome:expr, $ip:expr, $htop:expr, $e:expr, $fc:expr) => {{
        (*$r).outcome = $outcome;
        (*$r).ip = $ip;
        (*$r).htop = $htop;
        (*$r).e = $e;
        (*$r).fc = $fc;
        return;
    }};
}
pub(crate) use leave;

#[inline(always)]
pub(crate) unsafe fn handler_at(ip: *const u32) -> Handler {
    core::mem::transmute::<u64, Handler>((ip as *const u64).read_unaligned())
}

/// Stores what the handlers carry in registers into the process, for code that works on it.
#[inline]
pub(crate) unsafe fn save(r: *mut Regs, htop: *mut u64, e: *mut u64, fc: i64) -> *mut Process {
    let p = (*r).process;
    (*p).heap.stack = e;
    (*p).heap.reset_area(htop);
    (*p).reds_left = fc;
    p
}

/// What natives work with during their turn. SAFETY: of the caller: it was set at the turn's beginning, which goes on.
#[inline(always)]
pub(crate) unsafe fn turn<'t>(r: *mut Regs) -> &'t Cx<'t> {
    &*(*r).turn.as_ptr().cast()
}

/// Collects with `live` X registers; on return the process holds the new tops.
#[cold]
#[inline(never)]
pub(crate) unsafe fn collect(r: *mut Regs, htop: *mut u64, e: *mut u64, live: usize, need: usize) {
    let p = save(r, htop, e, (*(*r).process).reds_left);
    // What was under construction may move.
    ((*r).bs_at, (*r).bs_end) = (0, 0);
    let x = core::slice::from_raw_parts_mut((*r).x.as_mut_ptr(), live);
    let vm = (*r).vm;
    (*p).collect_told(vm, need, x, false);
}

/// Collects a process whose state is saved.
pub(crate) fn collect_saved(p: &mut Process, vm: &'static Vm, need: usize, major: bool) {
    p.collect_told(vm, need, &mut [], major);
}

/// Runs the process in `r` from its saved position until it leaves.
pub(crate) unsafe fn run(r: *mut Regs, ip: *const u32, fc: i64) -> Outcome {
    let p = (*r).process;
    (*r).outcome = Outcome::Running;
    (*r).turn.write(Cx::new(p, (*r).vm, (*r).scheduler));
    ((*r).env.heap, (*r).env.cx) = (&raw const (*p).heap.heap, (*r).turn.as_ptr());
    ((*r).bs_at, (*r).bs_end) = (0, 0);
    (*r).ip = ip;
    (*r).e = (*p).heap.stack;
    (*r).htop = (*p).heap.heap.top();
    (*r).fc = fc;
    #[allow(clippy::while_immutable_condition, reason = "handlers change it through `r`")]
    while (*r).outcome == Outcome::Running {
        let ip = (*r).ip;
        #[cfg(debug_assertions)]
        trace_entry(r, ip);
        handler_at(ip)(r, ip, (*r).htop, (*r).e, (*r).fc);
    }
    if (*r).outcome != Outcome::Exited {
        let p = save(r, (*r).htop, (*r).e, (*r).fc);
        (*p).ip = (*r).ip;
    }
    (*r).outcome
}

/// With `OXBEAM_TRACE_CALLS` set, debug builds print every function that is entered.
#[cfg(debug_assertions)]
unsafe fn trace_entry(r: *mut Regs, ip: *const u32) {
    use std::io::Write;
    use std::sync::LazyLock;
    static ON: LazyLock<bool> = LazyLock::new(|| std::env::var_os("OXBEAM_TRACE_CALLS").is_some());
    if !*ON {
        return;
    }
    let Some(m) = (*r).vm.code.module_at(ip as u64) else { return };
    let Some(f) = m
        .functions
        .iter()
        .find(|f| f.entry.cell.load(core::sync::atomic::Ordering::Relaxed).cast_const() == ip)
    else {
        return;
    };
    let args: Vec<String> = (0..f.entry.arity as usize)
        .map(|i| term::print::to_text((*r).x[i].brand()).chars().take(60).collect())
        .collect();
    let pid = (*(*r).process).shared.pid;
    let (m, f) = (f.entry.module.name(), f.entry.function.name());
    let _ = writeln!(std::io::stderr(), "<{pid}> {m}:{f}({})", args.join(", "));
}
