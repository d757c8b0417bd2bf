//! Calling natives.
//!
//! A turn starts with the tops stored in the process and ends with them read back. A native that
//! stops has recorded why; [`stopped`] acts on it. While a native waits to go on, the continuation
//! it will return to is on the stack and `ip` is [`builtin`](super::builtin)'s `resume` code.

use super::call::enter;
use super::frame::LONG;
use super::operand::*;
use super::{Outcome, Regs, ReturnPoint, go, leave};
use crate::bif::{Bif, Kind};
use crate::process::{Pending, Process};
use crate::stop::{Stop, Why};
use core::sync::atomic::Ordering;
use term::boxed::{Export, FunEntry};
use term::{RawTerm, Term};

/// Fragment words that are let stand until the next regular collection.
const FRAGMENT_SLACK: usize = 512;
/// Words of room that a collection after a native makes at most: a block that stays in the caches.
const MOST_ROOM: usize = 1 << 13;

/// Runs a native on the first `n` X registers.
#[inline(always)]
unsafe fn invoke(
    r: *mut Regs,
    bif: *const Bif,
    n: usize,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) -> Result<RawTerm, Stop> {
    super::save(r, htop, e, fc);
    let args = core::slice::from_raw_parts((*r).x.as_ptr() as *const Term, n);
    ((*bif).call)(super::turn(r), args).map(|t| t.raw())
}

/// What a native held goes when it has ended, on whatever way.
#[inline(always)]
unsafe fn release(p: *mut Process) {
    if !(*p).held.is_empty() {
        (*p).held.clear();
    }
}

/// After a native returned: collects if it left much behind. `x0` is kept.
#[inline(always)]
pub(super) unsafe fn settle(r: *mut Regs, p: *mut Process) {
    release(p);
    if left_much(p) {
        settle_slow(r, 1);
    }
}
/// Whether a collection may be due after a native.
#[inline(always)]
pub(super) unsafe fn left_much(p: *mut Process) -> bool {
    (*p).heap.heap.has_fragments() || (*p).heap.vheap_full() || (*p).heap.zeal
}
#[cold]
#[inline(never)]
unsafe fn settle_slow(r: *mut Regs, live: usize) {
    let p = (*r).process;
    // What would soon be a long collection comes before it is one: waking another thread costs more.
    let words = (*p).heap.collection_words();
    let enough = match (LONG - MOST_ROOM..=LONG).contains(&words) {
        true => FRAGMENT_SLACK,
        false => FRAGMENT_SLACK.max((*p).heap.block_words() / 2),
    };
    if !(*p).heap.zeal && !(*p).heap.vheap_full() && (*p).heap.heap.spilled_words() < enough {
        return;
    }
    // Room for as much again: who built this much once is likely to go on so.
    let need = (*p).heap.heap.spilled_words().min(MOST_ROOM);
    if super::frame::is_long_collection(r) {
        // Who goes on with the result sees that the slice is over, and leaves for a dirty scheduler.
        (*p).collect_dirty = Some((need as u32, false));
        (*p).next_dirty = Kind::DirtyCpu;
        (*p).end_slice();
        return;
    }
    super::collect(r, (*p).heap.heap.top(), (*p).heap.stack, live, need);
}

/// How a process leaves whose slice is over.
pub(super) unsafe fn end_of_slice(r: *mut Regs) -> Outcome {
    if (*(*r).process).collect_dirty.is_some() { Outcome::Dirty } else { Outcome::Yielded }
}

/// Slots: 2 native, 4 export, 6 continuation. `TRACED`: calls of it may be traced (`!` is no call).
pub unsafe extern "C" fn call_bif<const TRACED: bool>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let bif = ptr_at::<Bif>(ip, 2);
    if TRACED && (*bif).traced.load(Ordering::Relaxed) {
        return call_traced(r, ip, htop, e, fc);
    }
    (*(*r).process).caller = ip as u64;
    match invoke(r, bif, (*bif).arity, htop, e, fc - 1) {
        Ok(t) => {
            (*r).x[0] = t;
            let p = (*r).process;
            settle(r, p);
            if (*p).reds_left <= 0 {
                // Give way with the result in hand.
                super::call::save_x(r, 1);
                let outcome = end_of_slice(r);
                leave!(r, outcome, ip.add(8), (*p).heap.heap.top(), (*p).heap.stack, 0)
            }
            go!(r, ip.add(8), (*p).heap.heap.top(), (*p).heap.stack, (*p).reds_left)
        }
        Err(stop) => {
            let p = (*r).process;
            if !matches!((*p).why, Some(Why::Raise(_))) {
                (*p).heap.stack = e.sub(1);
                *(*p).heap.stack = u64_at(ip, 6);
            }
            stopped(r, stop, ip, ptr_at::<Export>(ip, 4), ip)
        }
    }
}
/// In a tail position: slots 2 native, 4 export, 6 bytes of the frame.
pub unsafe extern "C" fn call_bif_last(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let bif = ptr_at::<Bif>(ip, 2);
    if (*bif).traced.load(Ordering::Relaxed) {
        return call_traced_last(r, ip, htop, e, fc);
    }
    (*(*r).process).caller = ip as u64;
    match invoke(r, bif, (*bif).arity, htop, e, fc - 1) {
        Ok(t) => {
            (*r).x[0] = t;
            let p = (*r).process;
            settle(r, p);
            let e = ((*p).heap.stack as *mut u8).add(u32_at(ip, 6) as usize) as *mut u64;
            return return_from_native(r, ip, (*p).heap.heap.top(), e, (*p).reds_left);
        }
        Err(stop) => {
            let p = (*r).process;
            if !matches!((*p).why, Some(Why::Raise(_))) {
                (*p).heap.stack = (e as *mut u8).add(u32_at(ip, 6) as usize) as *mut u64;
            }
            stopped(r, stop, ip, ptr_at::<Export>(ip, 4), ip)
        }
    }
}
/// [`call_bif`] of a native whose calls are traced: through its export, as calls of functions.
#[cold]
#[inline(never)]
unsafe extern "C" fn call_traced(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let e = e.sub(1);
    *e = u64_at(ip, 6);
    (*(*r).process).traced_caller = ip as u64;
    enter!(r, ptr_at::<Export>(ip, 4), htop, e, fc)
}
#[cold]
#[inline(never)]
unsafe extern "C" fn call_traced_last(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    // As the reference has it: the calling function is still there when the native returns.
    let e = match (*r).vm.code.module_at(ip as u64) {
        Some(m) => {
            let e = e.sub(1);
            *e = m.traced_return(ip.add(7), u32_at(ip, 6) / 8) as u64 | 7;
            e
        }
        None => (e as *mut u8).add(u32_at(ip, 6) as usize) as *mut u64,
    };
    (*(*r).process).traced_caller = ip as u64;
    enter!(r, ptr_at::<Export>(ip, 4), htop, e, fc)
}

/// The code of a native's export, for `apply`, funs and calls before it was known:
/// slots 2 native, 4 export. The continuation is on the stack.
pub unsafe extern "C" fn bif_entry(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let bif = ptr_at::<Bif>(ip, 2);
    let dirty = matches!((*bif).kind, Kind::DirtyCpu | Kind::DirtyIo);
    if dirty && (*r).scheduler != 0 {
        (*(*r).process).next_dirty = (*bif).kind;
        super::call::save_x(r, (*bif).arity);
        leave!(r, Outcome::Dirty, ip, htop, e, fc)
    }
    if dirty {
        let export = &*ptr_at::<Export>(ip, 4);
        (*(*r).process).current_native = Some((export.module, export.function, export.arity));
    }
    let tail_caller = core::mem::take(&mut (*(*r).process).tail_caller);
    let traced_caller = core::mem::take(&mut (*(*r).process).traced_caller);
    // The call is just before where it returns to, unless it was a tail call or is traced.
    (*(*r).process).caller = match (tail_caller, traced_caller) {
        (0, 0) => (*((*e & !7) as *const ReturnPoint)).ip as u64 - 4,
        (0, at) | (at, _) => at,
    };
    match invoke(r, bif, (*bif).arity, htop, e, fc) {
        Ok(t) => {
            (*r).x[0] = t;
            let p = (*r).process;
            settle(r, p);
            if dirty {
                // Back to a normal scheduler.
                (*p).end_slice();
            }
            return return_from_native(
                r,
                ip,
                (*p).heap.heap.top(),
                (*p).heap.stack,
                (*p).reds_left,
            );
        }
        Err(stop) => {
            if dirty && matches!((*(*r).process).why, Some(Why::Raise(_) | Why::Trap { .. })) {
                return dirty_stopped(r, stop, (*bif).arity, ptr_at::<Export>(ip, 4));
            }
            // Who made a tail call is only seen where the native does not show itself.
            let export = ptr_at::<Export>(ip, 4);
            let hidden = matches!(
                (*export).function,
                term::atom::am::ERROR | term::atom::am::EXIT | term::atom::am::THROW
            );
            let caller = if hidden { tail_caller } else { 0 };
            stopped(r, stop, ip, export, caller as *const u32)
        }
    }
}

/// A dirty native raised or trapped: a normal scheduler acts on it.
#[cold]
#[inline(never)]
pub(super) unsafe fn dirty_stopped(
    r: *mut Regs,
    _proof: Stop,
    arity: usize,
    export: *const Export,
) {
    let p = (*r).process;
    super::call::save_x(r, arity);
    (*p).dirty_export = export;
    let (htop, e) = ((*p).heap.heap.top(), (*p).heap.stack);
    leave!(r, Outcome::Yielded, super::builtin::after_dirty(), htop, e, (*p).reds_left)
}
/// Acts on what a dirty native left. Its arguments are in the X registers.
pub unsafe extern "C" fn after_dirty(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = super::save(r, htop, e, fc);
    let export = (*p).dirty_export;
    stopped(r, Stop::recorded(), ip, export, core::ptr::null())
}

/// `self/0` as an instruction: slot 2 destination.
pub unsafe extern "C" fn self_(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    put_any(r, e, ip.add(2), RawTerm::local_pid((*(*r).process).shared.pid));
    go!(r, ip.add(3), htop, e, fc)
}

pub(super) unsafe extern "C" fn return_from_native(
    r: *mut Regs,
    _ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let rp = (*e & !7) as *const ReturnPoint;
    if fc <= 0 {
        super::call::save_x(r, 1);
        let outcome = end_of_slice(r);
        leave!(r, outcome, (*rp).ip, htop, e.add(1), 0)
    }
    go!(r, (*rp).ip, htop, e.add(1), fc)
}

/// Acts on why a native stopped. For a raise the stack is as at the call, and `caller` is the calling
/// instruction if it has no continuation on the stack; otherwise the continuation has been pushed.
#[cold]
#[inline(never)]
pub(super) unsafe fn stopped(
    r: *mut Regs,
    _proof: Stop,
    ip: *const u32,
    export: *const Export,
    caller: *const u32,
) {
    let p = (*r).process;
    let fc = (*p).reds_left;
    let (htop, e) = ((*p).heap.heap.top(), (*p).heap.stack);
    let mfa = ((*export).module, (*export).function, (*export).arity);
    if !matches!((*p).why, Some(Why::Yield(_) | Why::Wait(_) | Why::Doze(_) | Why::Reschedule(..)))
    {
        release(p);
    }
    match (*p).why.take() {
        Some(Why::Raise(raise)) => {
            super::except::raise_in_native(r, raise, mfa, caller);
        }
        Some(Why::Trap { module, function, args }) => {
            for (i, a) in args.iter().enumerate() {
                (*r).x[i] = *a;
            }
            let target = (*r).vm.code.export(module, function, args.len() as u32);
            drop(args);
            (*r).ip = target.cell.load(Ordering::Acquire);
            (*r).entry = target as *const _ as *const Export;
            let live = (*(*r).entry).arity as usize;
            (*r).htop = htop;
            (*r).e = e;
            (*r).fc = fc;
            if fc <= 0 {
                super::call::save_x(r, live);
                (*r).outcome = Outcome::Yielded;
                return;
            }
        }
        Some(Why::TrapFunction { function, args }) => {
            for (i, a) in args.iter().enumerate() {
                (*r).x[i] = *a;
            }
            drop(args);
            (*r).ip = function.entry.cell.load(Ordering::Acquire);
            (*r).htop = htop;
            (*r).e = e;
            (*r).fc = fc.max(1);
        }
        // While a native waits to go on its arguments stay in their registers: errors show them.
        Some(Why::Yield(rest)) => {
            (*p).current_native = Some(mfa);
            (*p).resume = Some(Pending { resume: rest, kind: Kind::Plain });
            super::call::save_x(r, mfa.2 as usize);
            leave!(r, Outcome::Yielded, super::builtin::resume(), htop, e, fc)
        }
        Some(Why::Wait(rest)) => {
            (*p).current_native = Some(mfa);
            (*p).resume = Some(Pending { resume: rest, kind: Kind::Plain });
            super::call::save_x(r, mfa.2 as usize);
            leave!(r, Outcome::Waiting, super::builtin::resume(), htop, e, fc)
        }
        Some(Why::Doze(rest)) => {
            (*p).current_native = Some(mfa);
            (*p).resume = Some(Pending { resume: rest, kind: Kind::Plain });
            (*p).collect_told((*r).vm, 0, &mut [], true);
            super::call::save_x(r, 0);
            let (htop, e) = ((*p).heap.heap.top(), (*p).heap.stack);
            if !(*p).messages.is_empty() || !(*p).shared.in_queue.is_empty() {
                leave!(r, Outcome::Yielded, super::builtin::resume(), htop, e, fc)
            }
            (*p).shared.state.set(crate::process::state::HIBERNATING);
            leave!(r, Outcome::Waiting, super::builtin::resume(), htop, e, fc)
        }
        Some(Why::Reschedule(kind, rest)) => {
            (*p).current_native = Some(mfa);
            (*p).resume = Some(Pending { resume: rest, kind });
            super::call::save_x(r, mfa.2 as usize);
            let out = if matches!(kind, Kind::DirtyCpu | Kind::DirtyIo) {
                Outcome::Dirty
            } else {
                Outcome::Yielded
            };
            leave!(r, out, super::builtin::resume(), htop, e, fc)
        }
        Some(Why::Collect { major, value }) => {
            let words = (*p).heap.young_words() + if major { (*p).heap.old_words() } else { 0 };
            if super::frame::is_long(r, words) {
                (*p).collect_dirty = Some((0, major));
                (*p).next_dirty = Kind::DirtyCpu;
                (*r).x[0] = value;
                super::call::save_x(r, 1);
                let rp = (*e & !7) as *const ReturnPoint;
                leave!(r, Outcome::Dirty, (*rp).ip, htop, e.add(1), fc)
            }
            let mut x = [value];
            ((*r).bs_at, (*r).bs_end) = (0, 0);
            let vm = (*r).vm;
            (*p).collect_told(vm, 0, &mut x, major);
            (*r).x[0] = x[0];
            let e = (*p).heap.stack;
            let rp = (*e & !7) as *const ReturnPoint;
            (*r).ip = (*rp).ip;
            (*r).htop = (*p).heap.heap.top();
            (*r).e = e.add(1);
            (*r).fc = fc.max(1);
        }
        Some(Why::YieldReturn(v)) => {
            (*r).x[0] = v;
            super::call::save_x(r, 1);
            let rp = (*e & !7) as *const ReturnPoint;
            // What is left of the slice is not used.
            let left = (*(*r).process).reds_left;
            leave!(r, Outcome::Yielded, (*rp).ip, htop, e.add(1), left)
        }
        Some(Why::Hibernate { module, function, args }) => {
            super::receive::hibernate(r, module, function, args)
        }
        Some(Why::Again) | None => {
            // Called again through its export, with the same arguments.
            super::call::save_x(r, mfa.2 as usize);
            let entry = (*export).cell.load(Ordering::Acquire);
            let _ = ip;
            leave!(r, Outcome::Yielded, entry, htop, e, fc)
        }
    }
}

/// The code that polls a pending native. The continuation is on the stack.
pub unsafe extern "C" fn resume(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = super::save(r, htop, e, fc);
    let Some(result) = Process::poll_pending(p, super::turn(r)) else {
        leave!(r, Outcome::Waiting, ip, htop, e, fc)
    };
    match result {
        Ok(t) => {
            (*r).x[0] = t;
            (*p).current_native = None;
            settle(r, p);
            return return_from_native(
                r,
                ip,
                (*p).heap.heap.top(),
                (*p).heap.stack,
                (*p).reds_left,
            );
        }
        Err(stop) => {
            let mfa = (*p).current_native.take().unwrap_or((
                term::atom::am::UNDEFINED,
                term::atom::am::UNDEFINED,
                0,
            ));
            let export = (*r).vm.code.export(mfa.0, mfa.1, mfa.2);
            stopped(r, stop, ip, export as *const _ as *const Export, core::ptr::null())
        }
    }
}

/// A guard native as an instruction: slots 2 branch (0: raise), 3 destination, 4 live, 5 native,
/// then its arguments.
pub unsafe extern "C" fn guard_bif(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if call_guard(r, ip, htop, e, fc) {
        return continue_(r, ip, htop, e, fc);
    }
}

/// Calls it; whether to go on from what is stored in `r`. Its arguments have an address, so the
/// handler could not end in a jump with this inside.
#[inline(never)]
unsafe fn call_guard(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) -> bool {
    let bif = ptr_at::<Bif>(ip, 5);
    let n = (*bif).arity;
    let p = super::save(r, htop, e, fc);
    let mut args = [RawTerm::NIL; 3];
    for (i, a) in args.iter_mut().enumerate().take(n) {
        *a = A::get(r, e, ip.add(7 + 2 * i));
    }
    let result = {
        let args = core::slice::from_raw_parts(args.as_ptr() as *const Term, n);
        ((*bif).call)(super::turn(r), args).map(|t| t.raw())
    };
    release(p);
    match result {
        Ok(t) => {
            put_any(r, e, ip.add(3), t);
            (*r).ip = ip.add(7 + 2 * n);
        }
        Err(_) => {
            let why = (*p).why.take();
            if u32_at(ip, 2) != 0 {
                (*r).ip = target_at(ip, 2);
            } else if let Some(Why::Raise(raise)) = why {
                for (i, a) in args.iter().enumerate().take(n) {
                    (*r).x[i] = *a;
                }
                let name = |s: &str| term::Atom::new(s);
                let mfa = (name((*bif).module), name((*bif).function), n as u32);
                super::except::raise_in_native(r, raise, mfa, ip);
                return false;
            }
        }
    }
    (*r).htop = (*p).heap.heap.top();
    (*r).e = e;
    (*r).fc = fc;
    true
}

/// Goes on from what is stored in `r`.
pub unsafe extern "C" fn continue_(r: *mut Regs, _: *const u32, _: *mut u64, _: *mut u64, _: i64) {
    go!(r, (*r).ip, (*r).htop, (*r).e, (*r).fc)
}

/// The code of an export that is not loaded: calls the error handler. Slot 2: export.
pub unsafe extern "C" fn undefined(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    (*r).entry = ptr_at::<Export>(ip, 2);
    return ask_handler(r, ip, htop, e, fc, term::atom!("undefined_function"));
}

/// A function with a breakpoint of the debugger: calls the error handler. `Regs::entry`: the function.
pub unsafe extern "C" fn breakpoint(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    return ask_handler(r, ip, htop, e, fc, term::atom!("breakpoint"));
}

/// Calls a function of the error handler instead of that in `Regs::entry`.
unsafe extern "C" fn ask_handler(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
    function: term::Atom,
) {
    let export = (*r).entry;
    let p = super::save(r, htop, e, fc);
    let handler = (*p).error_handler;
    let target = (*r).vm.code.export(handler, function, 3);
    let n = (*export).arity as usize;
    if !(*r).vm.code.is_loaded(target) {
        return super::except::undef(r, ip, export);
    }
    let list = argument_list(r, n);
    (*r).x[0] = RawTerm::atom((*export).module);
    (*r).x[1] = RawTerm::atom((*export).function);
    (*r).x[2] = list;
    let htop = (*p).heap.heap.top();
    enter!(r, target as *const _ as *const Export, htop, e, fc)
}

/// The first registers as a list.
#[inline(never)]
unsafe fn argument_list(r: *mut Regs, n: usize) -> RawTerm {
    let args: Vec<Term> = (0..n).map(|i| (*r).x[i].brand()).collect();
    (*(*r).process).heap.heap.list(&args).raw()
}

/// Builds the fun and the argument list of a call that came to an entry's own code: its arguments and
/// environment are in the X registers. The fun's creator is lost on the way: it becomes this process.
unsafe fn fun_call<'h>(
    r: *mut Regs,
    heap: &'h term::Heap,
    entry: &'static FunEntry,
) -> (Term<'h>, Term<'h>) {
    let n = entry.arity as usize;
    let args: Vec<Term> = (0..n).map(|i| (*r).x[i].brand()).collect();
    let env: Vec<Term> = (n..n + entry.num_free as usize).map(|i| (*r).x[i].brand()).collect();
    let creator = Term::local_pid((*(*r).process).shared.pid);
    (heap.fun(entry, creator, &env), heap.list(&args))
}

/// The code of a fun whose module version is not loaded: calls the error handler, unless another version
/// is there, which does not have this fun. Slot 2: entry.
pub unsafe extern "C" fn undefined_fun(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let entry: &'static FunEntry = &*ptr_at::<FunEntry>(ip, 2);
    let p = super::save(r, htop, e, fc);
    let heap = &(*p).heap.heap;
    let (fun, args) = fun_call(r, heap, entry);
    let vm = (*r).vm;
    let target = vm.code.export((*p).error_handler, term::atom!("undefined_lambda"), 3);
    if vm.code.current(entry.module).is_some() || !vm.code.is_loaded(target) {
        let reason = heap.tuple(&[term::atom::am::BADFUN.into(), fun]).raw();
        return super::except::error(r, core::ptr::null(), reason);
    }
    (*r).x[0] = RawTerm::atom(entry.module);
    (*r).x[1] = fun.raw();
    (*r).x[2] = args.raw();
    let htop = (*p).heap.heap.top();
    enter!(r, target as *const _ as *const Export, htop, e, fc)
}

/// The code of a fun whose module version is being purged: the process stands still until it is known
/// whether the code stays, then calls the fun again. Slot 2: entry.
pub unsafe extern "C" fn pending_fun(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let entry: &'static FunEntry = &*ptr_at::<FunEntry>(ip, 2);
    let p = super::save(r, htop, e, fc);
    let (fun, args) = fun_call(r, &(*p).heap.heap, entry);
    (*r).x[0] = RawTerm::atom(entry.module);
    (*r).x[1] = fun.raw();
    (*r).x[2] = args.raw();
    super::call::save_x(r, 3);
    let vm = (*r).vm;
    let name = term::atom!("pending_purge_lambda");
    let target = vm.code.export(term::atom::am::ERTS_CODE_PURGER, name, 3);
    // Counted before the purger can see the process in its list.
    (*p).suspend_count += 1;
    (*p).shared.state.set(crate::process::state::SUSPENDED);
    if !crate::code::purge::suspend_caller(vm, entry, (*p).shared.pid) {
        (*p).suspend_count -= 1;
        if (*p).suspend_count == 0 {
            (*p).shared.state.clear(crate::process::state::SUSPENDED);
        }
    }
    let code = target.export.cell.load(Ordering::Acquire);
    leave!(r, Outcome::Yielded, code, (*p).heap.heap.top(), (*p).heap.stack, (*p).reds_left)
}
