//! Raising, unwinding, stack traces.
//!
//! A catch tag in a Y slot holds the handler's address. Unwinding walks the stack from its top:
//! every word is a term, a tag or a continuation, so the nearest tag and the base of its frame are
//! found without any table. A trace is captured as addresses and only spelled out
//! (`build_stacktrace`) when a program looks at it.

use super::operand::*;
use super::{Regs, ReturnPoint, go};
use crate::stop::{Class, Raise};
use term::atom::am;
use term::boxed::Export;
use term::{Atom, Heap, RawTerm, Term};

/// Frames kept in a trace (`system_flag(backtrace_depth)`).
pub const DEPTH: usize = 8;

type Mfa = (Atom, Atom, u32);

fn plain(class: Class, reason: RawTerm) -> Raise {
    Raise {
        class,
        reason,
        stacktrace: RawTerm::NONE,
        cause: RawTerm::NONE,
        args: RawTerm::NONE,
        error_info: RawTerm::NONE,
    }
}

/// Raises `error:Reason` at the instruction `ip`. The tops are saved in the process.
#[cold]
#[inline(never)]
pub(crate) unsafe fn error(r: *mut Regs, ip: *const u32, reason: RawTerm) {
    raise_at(r, plain(Class::Error, reason), ip)
}
/// Raises an error in an operator or guard native called by the instruction `ip`; its arguments
/// are in the first X registers.
#[cold]
#[inline(never)]
pub(crate) unsafe fn error_in(
    r: *mut Regs,
    ip: *const u32,
    reason: RawTerm,
    m: Atom,
    f: Atom,
    arity: usize,
) {
    raise_in_native(r, plain(Class::Error, reason), (m, f, arity as u32), ip)
}

/// Raises at the instruction `ip` itself.
#[cold]
pub(crate) unsafe fn raise_at(r: *mut Regs, raise: Raise, ip: *const u32) {
    let p = (*r).process;
    let mut raise = raise;
    if raise.stacktrace.is_none() {
        let heap = &(*p).heap.heap;
        raise.stacktrace = capture(r, heap, ip, None, &raise);
    }
    unwind(r, raise)
}

/// Raises in a native. `caller`: the calling instruction, or null if its continuation is on the
/// stack.
#[cold]
pub(crate) unsafe fn raise_in_native(r: *mut Regs, raise: Raise, mfa: Mfa, caller: *const u32) {
    let p = (*r).process;
    let mut raise = raise;
    if !raise.stacktrace.is_none() {
        let heap = &(*p).heap.heap;
        raise.stacktrace =
            crate::except::with_class(heap, raise.stacktrace.brand(), raise.class).raw();
    } else {
        let heap = &(*p).heap.heap;
        // error/1,2,3, exit/1 and throw/1 do not show themselves.
        let own = mfa.0 == am::ERLANG
            && (mfa.1 == am::ERROR || mfa.1 == am::EXIT || mfa.1 == am::THROW)
            && raise.cause.is_none()
            && !is_argument_error(&raise, mfa);
        let native = if own { None } else { Some(mfa) };
        raise.stacktrace = capture(r, heap, caller, native, &raise);
    }
    unwind(r, raise)
}

/// `exit/2` and friends raise `badarg` of their own, which does show them.
fn is_argument_error(raise: &Raise, mfa: Mfa) -> bool {
    mfa.1 == am::EXIT && mfa.2 == 2 && raise.class == Class::Error
}

/// The raw trace: `{'$trace', <<addresses>>, {M,F,Args} | [], ArgsOfFirst | 0, ErrorInfo | [], Class}`.
unsafe fn capture(
    r: *mut Regs,
    heap: &Heap,
    ip: *const u32,
    native: Option<Mfa>,
    raise: &Raise,
) -> RawTerm {
    let p = (*r).process;
    // A native is one of the entries.
    let depth = (*r).vm.backtrace_depth().max(1).saturating_sub(native.is_some() as usize);
    let mut frames: Vec<u64> = Vec::with_capacity(DEPTH);
    if !ip.is_null() {
        frames.push(ip as u64);
    }
    let (mut e, end) = ((*p).heap.stack, (*p).heap.stack_end());
    while e < end && frames.len() < depth {
        let w = RawTerm(*e);
        if w.is_cont() {
            let rp = (w.0 & !7) as *const ReturnPoint;
            // Return addresses are marked: the call is just before them.
            let at = (*rp).ip as u64 | 1;
            if frames.last() != Some(&at) && !crate::trace::call::is_frame(w) {
                frames.push(at);
            }
        }
        e = e.add(1);
    }
    let bytes: Vec<u8> = frames.iter().flat_map(|a| a.to_le_bytes()).collect();
    let addresses = heap.binary(&bytes);
    let top = match native {
        Some((m, f, n)) => {
            let args: Vec<Term> = (0..n as usize).map(|i| (*r).x[i].brand()).collect();
            heap.tuple(&[Term::atom(m), Term::atom(f), heap.list(&args)])
        }
        None => Term::nil(),
    };
    let args = if raise.args.is_none() { Term::small(0) } else { raise.args.brand() };
    let info = if !raise.error_info.is_none() {
        raise.error_info.brand()
    } else if let (Some((m, _, _)), Class::Error) = (native, raise.class) {
        crate::except::error_info(heap, m, raise.cause)
    } else {
        Term::nil()
    };
    let class = Term::atom(raise.class.atom());
    heap.tuple(&[Term::atom(term::atom!("$trace")), addresses, top, args, info, class]).raw()
}

/// Finds the handler and goes there, or ends the process.
unsafe fn unwind(r: *mut Regs, raise: Raise) {
    let p = (*r).process;
    let (mut at, end) = ((*p).heap.stack, (*p).heap.stack_end());
    let mut base = at;
    // Of a process that is not traced it is the very last that has no function.
    let mut frames_of_traces = false;
    while at < end {
        let w = RawTerm(*at);
        if w.is_cont() {
            frames_of_traces |= (*((w.0 & !7) as *const ReturnPoint)).function.is_null();
            base = at.add(1);
        } else if w.is_catch() {
            if frames_of_traces {
                crate::trace::call::passed(r, at, raise.class.atom(), raise.reason);
            }
            (*p).heap.stack = base;
            (*r).x[0] = RawTerm::NONE;
            (*r).x[1] = RawTerm::atom(raise.class.atom());
            (*r).x[2] = raise.reason;
            (*r).x[3] = raise.stacktrace;
            (*r).ip = w.payload() as *const u32;
            let htop = (*p).heap.heap.top();
            if (*p).heap.heap.spilled_words() > (*p).heap.block_words() || (*p).heap.zeal {
                super::collect(r, htop, base, 4, 0);
            }
            (*r).htop = (*p).heap.heap.top();
            (*r).e = (*p).heap.stack;
            (*r).fc = (*p).reds_left;
            // `run` goes on from here: no handler is called from inside a helper.
            return;
        }
        at = at.add(1);
    }
    // Nobody catches it: the process ends.
    let (mut class, mut reason) = (raise.class, raise.reason);
    if class == Class::Throw {
        let heap = &(*p).heap.heap;
        let pair = heap.tuple(&[Term::atom(am::NOCATCH), reason.brand()]).raw();
        (class, reason) = (Class::Error, pair);
    }
    crate::trace::call::passed(r, end, class.atom(), reason);
    (*r).outcome = crate::process::exit::uncaught(r, raise);
}

/// Of a tail call the caller is not on the stack.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn badarg_apply<const TAIL: bool>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let arity = u32_at(ip, 2) as usize;
    let p = super::save(r, htop, e, fc);
    let (m, f) = ((*r).x[arity], (*r).x[arity + 1]);
    let args: Vec<Term> = (0..arity).map(|i| (*r).x[i].brand()).collect();
    let list = (*p).heap.heap.list(&args).raw();
    drop(args);
    ((*r).x[0], (*r).x[1], (*r).x[2]) = (m, f, list);
    let caller = if TAIL { ip } else { core::ptr::null() };
    error_in(r, caller, RawTerm::atom(am::BADARG), am::ERLANG, term::atom!("apply"), 3)
}
/// `caller`: the instruction that made a tail call, else null.
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn badarg_apply3(
    r: *mut Regs,
    caller: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    super::save(r, htop, e, fc);
    error_in(r, caller, RawTerm::atom(am::BADARG), am::ERLANG, term::atom!("apply"), 3)
}
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn badarg_apply2(
    r: *mut Regs,
    _: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    super::save(r, htop, e, fc);
    error_in(r, core::ptr::null(), RawTerm::atom(am::BADARG), am::ERLANG, term::atom!("apply"), 2)
}
#[cold]
#[inline(never)]
pub(crate) unsafe extern "C" fn system_limit(
    r: *mut Regs,
    _: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    super::save(r, htop, e, fc);
    error(r, core::ptr::null(), RawTerm::atom(am::SYSTEM_LIMIT))
}
/// `undef` for an export; its arguments are in the X registers.
#[cold]
#[inline(never)]
pub(crate) unsafe fn undef(r: *mut Regs, _: *const u32, export: *const Export) {
    let mfa = ((*export).module, (*export).function, (*export).arity);
    let mut raise = plain(Class::Error, RawTerm::atom(am::UNDEF));
    // No error_info for undefined functions.
    raise.error_info = RawTerm::NIL;
    raise_in_native(r, raise, mfa, core::ptr::null())
}

// Instructions.

/// `function_clause`: slot 2 the function's entry. Also the target of every function's head.
pub unsafe extern "C" fn func_info(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = super::save(r, htop, e, fc);
    let entry = ptr_at::<Export>(ip, 2);
    let n = (*entry).arity as usize;
    let args: Vec<Term> = (0..n).map(|i| (*r).x[i].brand()).collect();
    let list = (*p).heap.heap.list(&args).raw();
    drop(args);
    let mut raise = plain(Class::Error, RawTerm::atom(am::FUNCTION_CLAUSE));
    raise.args = list;
    raise_at(r, raise, ip)
}
macro_rules! raising {
    ($($name:ident = $atom:expr;)*) => { $(
        /// Slot 2: the value.
        pub unsafe extern "C" fn $name(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let v = A::get(r, e, ip.add(2));
            let p = super::save(r, htop, e, fc);
            let t = (*p).heap.heap.tuple(&[Term::atom($atom), v.brand()]).raw();
            error(r, ip, t)
        }
    )* };
}
raising! {
    badmatch = am::BADMATCH;
    case_end = am::CASE_CLAUSE;
    try_case_end = am::TRY_CLAUSE;
    badrecord = am::BADRECORD;
}
pub unsafe extern "C" fn if_end(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    super::save(r, htop, e, fc);
    error(r, ip, RawTerm::atom(am::IF_CLAUSE))
}
/// `catch` and `try`: slot 2 byte offset of the Y slot, 3 the tag.
pub unsafe extern "C" fn catch(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    *((e as *mut u8).add(u32_at(ip, 2) as usize) as *mut u64) = u64_at(ip, 3);
    go!(r, ip.add(5), htop, e, fc)
}
/// Slot 2: byte offset of the Y slot.
pub unsafe extern "C" fn try_end(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    *((e as *mut u8).add(u32_at(ip, 2) as usize) as *mut u64) = RawTerm::NIL.0;
    go!(r, ip.add(3), htop, e, fc)
}
pub unsafe extern "C" fn try_case(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    *((e as *mut u8).add(u32_at(ip, 2) as usize) as *mut u64) = RawTerm::NIL.0;
    (*r).x[0] = (*r).x[1];
    (*r).x[1] = (*r).x[2];
    (*r).x[2] = (*r).x[3];
    go!(r, ip.add(3), htop, e, fc)
}
pub unsafe extern "C" fn catch_end(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    *((e as *mut u8).add(u32_at(ip, 2) as usize) as *mut u64) = RawTerm::NIL.0;
    if (*r).x[0].is_none() {
        return caught(r, ip, htop, e, fc);
    }
    go!(r, ip.add(3), htop, e, fc)
}
#[cold]
#[inline(never)]
unsafe extern "C" fn caught(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let p = super::save(r, htop, e, fc);
    (*r).x[0] = caught_value(r);
    if (*p).heap.heap.spilled_words() > (*p).heap.block_words() {
        super::collect(r, (*p).heap.heap.top(), (*p).heap.stack, 1, 0);
    }
    go!(r, ip.add(3), (*p).heap.heap.top(), (*p).heap.stack, fc)
}
/// What `catch` gives for the exception in x1..x3.
#[inline(never)]
unsafe fn caught_value(r: *mut Regs) -> RawTerm {
    let heap = &(*(*r).process).heap.heap;
    let reason: Term = (*r).x[2].brand();
    let value = match (*r).x[1].as_atom() {
        Some(am::THROW) => reason,
        Some(am::EXIT) => heap.tuple(&[Term::atom(am::EXIT_UPPER), reason]),
        _ => {
            let trace = crate::except::build_stacktrace((*r).vm, heap, (*r).x[3].brand());
            heap.tuple(&[Term::atom(am::EXIT_UPPER), heap.tuple(&[reason, trace])])
        }
    };
    value.raw()
}
pub unsafe extern "C" fn build_stacktrace(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = super::save(r, htop, e, fc);
    let t = crate::except::build_stacktrace((*r).vm, &(*p).heap.heap, (*r).x[0].brand());
    (*r).x[0] = t.raw();
    go!(r, ip.add(2), (*p).heap.heap.top(), e, fc)
}
/// Slots 2 trace, 4 reason. The class is in the trace.
pub unsafe extern "C" fn raise(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let (trace, reason) = (A::get(r, e, ip.add(2)), A::get(r, e, ip.add(4)));
    super::save(r, htop, e, fc);
    let mut x = plain(crate::except::class_of(trace.brand()), reason);
    x.stacktrace = trace;
    unwind(r, x)
}
/// Class, reason and raw trace in x0..x2. A class that is none gives `badarg` in x0 and goes on.
pub unsafe extern "C" fn raw_raise(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    match (*r).x[0].as_atom().and_then(Class::from_atom) {
        Some(class) => {
            let p = super::save(r, htop, e, fc);
            let mut x = plain(class, (*r).x[1]);
            x.stacktrace =
                crate::except::with_class(&(*p).heap.heap, (*r).x[2].brand(), class).raw();
            unwind(r, x)
        }
        None => {
            (*r).x[0] = RawTerm::atom(am::BADARG);
            go!(r, ip.add(2), htop, e, fc)
        }
    }
}
