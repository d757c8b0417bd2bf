//! Traced calls [beam_bp.c: erts_generic_breakpoint, erl_trace.c: erts_call_trace].
//!
//! [`point`] stands at the entry of a traced function: its arguments are in the X registers and the continuation is on
//! the stack. It tells of the call and may push frames of its own, which tell of the return, then goes on in the
//! function. Such a frame is the continuation of one of [`Frames`] and a few slots that are plain terms, so collector and
//! unwinder need to know nothing of them; an exception that passes one is told by [`passed`].
//!
//! Obligation of all that is unsafe here: `r` are the registers of the scheduler that runs the process, `e` is its stack as
//! the loader has verified it, and a word of the stack that is one of [`Frames`] was written by [`push`] with its slots below.
#![allow(unsafe_op_in_unsafe_fn, clippy::missing_safety_doc)]
#![allow(clippy::undocumented_unsafe_blocks, reason = "as in the interpreter: code was verified")]

use super::action::RunningTracee;
use super::deliver::{Kind, News, Who, is_alive, tell};
use super::point::{Meta, Pattern, Point, Spent};
use super::session::{Session, Spec};
use super::{Traced, Tracer, flag};
use crate::bif::Cx;
use crate::interp::operand::ptr_at;
use crate::interp::{Regs, ReturnPoint, builtin, save};
use crate::match_spec::Machine;
use crate::process::Process;
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::sync::{Arc, LazyLock};
use term::atom::am;
use term::boxed::Export;
use term::gc::STACK_SLACK;
use term::term::Subtag;
use term::{Heap, OwnedTerm, RawTerm, Term, atom};

/// Slots of a frame that tells of a return: module, function, arity, session, tracer (nil: that of the process).
const RETURN_SLOTS: usize = 5;
/// Slots of one that tells where a call returned to: session.
const TO_SLOTS: usize = 1;
/// Slots of one that ends the time of a call: what ran before, as a place in the list of its kind.
const TIME_SLOTS: usize = 2;

struct Frames {
    returned: &'static ReturnPoint,
    exception: &'static ReturnPoint,
    returned_to: &'static ReturnPoint,
    time: &'static ReturnPoint,
}

static FRAMES: LazyLock<Frames> = LazyLock::new(|| {
    let make = |h: crate::interp::Handler, frame: usize| -> &'static ReturnPoint {
        let ip = crate::interp::builtin::one(h).as_ptr();
        let frame = frame as u32;
        Box::leak(Box::new(ReturnPoint { ip, function: core::ptr::null(), line: 0, frame }))
    };
    Frames {
        returned: make(returned, RETURN_SLOTS),
        exception: make(returned, RETURN_SLOTS),
        returned_to: make(returned_to, TO_SLOTS),
        time: make(time_ends, TIME_SLOTS),
    }
});

fn word(rp: &'static ReturnPoint) -> u64 {
    rp as *const ReturnPoint as u64 | 7
}
fn is(w: u64, rp: &'static ReturnPoint) -> bool {
    w == word(rp)
}
/// Slots of one of our frames.
fn slots_of(w: u64) -> Option<usize> {
    let f = &*FRAMES;
    let all = [f.returned, f.exception, f.returned_to, f.time];
    all.iter().find(|rp| is(w, rp)).map(|rp| rp.frame as usize)
}
/// Whether a continuation is that of a frame of traces.
pub(crate) fn is_frame(w: RawTerm) -> bool {
    slots_of(w.0).is_some()
}

/// The first words of the stack that are not of traces.
unsafe fn below_frames(mut e: *mut u64) -> *mut u64 {
    while let Some(n) = slots_of(*e) {
        e = e.add(1 + n);
    }
    e
}

/// The code of a traced function: slot 2 its point.
pub(crate) unsafe extern "C" fn point(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let at = ptr_at::<Point>(ip, 2);
    let p = (*r).process;
    if (*at).always.load(Ordering::Relaxed) || (*p).shared.trace.has(flag::CALL) {
        save(r, htop, e, fc);
        called(r, &*at);
        if (*at).debug.load(Ordering::Acquire) {
            (*r).entry = (*at).entry;
            let (htop, e) = ((*p).heap.heap.top(), (*p).heap.stack);
            return crate::interp::native::breakpoint(r, ip, htop, e, (*p).reds_left.max(1));
        }
    } else {
        save(r, htop, e, fc);
    }
    (*r).ip = target(&*at);
    (*r).htop = (*p).heap.heap.top();
    (*r).e = (*p).heap.stack;
    (*r).fc = fc;
    crate::interp::native::continue_(r, ip, htop, e, fc)
}

/// Where to go on.
unsafe fn target(at: &Point) -> *const u32 {
    let covered = at.covered.load(Ordering::Acquire);
    if !covered.is_null() {
        return covered;
    }
    // It was taken away meanwhile.
    (*at.entry).cell.load(Ordering::Acquire)
}

/// The function that the code of a point stands for.
pub(crate) fn function_at(ip: *const u32) -> Option<(term::Atom, term::Atom, u32)> {
    if ip.is_null() {
        return None;
    }
    // SAFETY: every code address leads to the address of a handler, with its operands behind it.
    unsafe {
        if crate::interp::handler_at(ip) as usize != point as *const () as usize {
            return None;
        }
        let entry = &*(*ptr_at::<Point>(ip, 2)).entry;
        Some((entry.module, entry.function, entry.arity))
    }
}

/// What a call asks to be put on the stack.
enum Push {
    Return { session: u64, tracer: Option<Tracer>, exceptions: bool },
    ReturnTo { session: u64 },
    Time { time: Option<usize>, memory: Option<usize> },
}

#[inline(never)]
unsafe fn called(r: *mut Regs, at: &Point) {
    let p = (*r).process;
    let entry = &*at.entry;
    let arity = entry.arity as usize;
    let patterns = at.patterns();
    let mut frames: Vec<Push> = Vec::new();
    {
        let cx = Cx::new(p, (*r).vm, (*r).scheduler);
        let args: Vec<Term> = (0..arity).map(|i| plain(cx.heap(), (*r).x[i])).collect();
        for pattern in patterns.iter() {
            one(&cx, at, entry, pattern, &args, &mut frames);
        }
    }
    if !frames.is_empty() {
        push(r, entry, arity, frames);
    }
}

/// An argument as others may see it: matching passes contexts from function to function.
unsafe fn plain<'h>(h: &'h Heap, t: RawTerm) -> Term<'h> {
    if t.is_boxed_of(Subtag::MatchContext) { h.bits_of_context(t) } else { t.brand() }
}

fn one<'p>(
    cx: &Cx<'p>,
    at: &Point,
    entry: &Export,
    pattern: &Pattern,
    args: &[Term<'p>],
    frames: &mut Vec<Push>,
) {
    let calls = cx.with(|p| p.shared.trace.has(flag::CALL));
    let traced =
        if calls { cx.with(|p| p.shared.trace.in_session(&pattern.session)) } else { None };
    let traced = traced.filter(|t| t.flags & flag::CALL != 0);
    if let (Some(spec), Some(t)) = (&pattern.trace, &traced) {
        plain_trace(cx, at, entry, spec.as_deref(), t, args, frames);
    }
    if let Some(meta) = &pattern.meta {
        meta_trace(cx, entry, meta, &pattern.session, args, frames);
    }
    if let Some(c) = pattern.count.as_ref().filter(|c| c.on.load(Ordering::Relaxed)) {
        c.calls.fetch_add(1, Ordering::Relaxed);
    }
    let spent = |s: &Option<Arc<Spent>>| {
        s.as_ref().filter(|s| traced.is_some() && s.on.load(Ordering::Relaxed)).cloned()
    };
    let (time, memory) = (spent(&pattern.time), spent(&pattern.memory));
    if time.is_some() || memory.is_some() {
        let (time, memory) = cx.with(|p| (time.map(|s| enter(p, s)), memory.map(|s| enter(p, s))));
        frames.push(Push::Time { time: time.flatten(), memory: memory.flatten() });
    }
}

fn mfa<'h>(h: &'h Heap, entry: &Export, args: Term<'h>) -> Term<'h> {
    h.tuple(&[entry.module.into(), entry.function.into(), args])
}

/// Where the call returns to, traces apart.
fn caller(cx: &Cx<'_>) -> Option<u64> {
    cx.with(|p| {
        // SAFETY: the stack ends in a continuation that is none of ours.
        let w = RawTerm(unsafe { *below_frames(p.heap.stack) });
        // SAFETY: continuations lead to return points.
        w.is_cont().then(|| unsafe { (*((w.0 & !7) as *const ReturnPoint)).ip } as u64)
    })
}

fn plain_trace<'p>(
    cx: &Cx<'p>,
    at: &Point,
    entry: &Export,
    spec: Option<&Spec>,
    t: &Traced,
    args: &[Term<'p>],
    frames: &mut Vec<Push>,
) {
    let (vm, who) = (cx.vm(), Who::Process(cx.pid()));
    if !wanted(cx, &t.tracer, who) {
        if !is_alive(vm, &t.tracer, who) {
            cx.with(|p| p.shared.trace.clear(&t.session));
        }
        return;
    }
    let (result, actions) = run_spec(cx, &t.session, &t.tracer, spec, args);
    let now = cx.with(|p| p.shared.trace.in_session(&t.session));
    let flags = match spec {
        Some(_) => now.as_ref().map_or(0, |t| t.flags),
        None => t.flags,
    };
    if flags & flag::SILENT != 0 {
        return;
    }
    let session = t.session.id;
    if let Some(result) = result {
        if at.local && flags & flag::RETURN_TO != 0 {
            frames.push(Push::ReturnTo { session });
        }
        let h = cx.heap();
        let list = match flags & flag::ARITY {
            0 => h.list(args),
            _ => Term::small(args.len() as i64),
        };
        let news = News::new(Kind::Call, atom!("call"), mfa(h, entry, list)).result(result);
        let told = Traced { flags, ..t.clone() };
        cx.with(|p| tell(vm, who, &p.shared.trace, &told, Some(cx), news));
    }
    if actions.0 || actions.1 {
        frames.push(Push::Return { session, tracer: None, exceptions: actions.1 });
    }
}

/// Whether a tracer wants to be told of calls of this process at all.
fn wanted(cx: &Cx<'_>, tracer: &Tracer, who: Who) -> bool {
    match tracer {
        Tracer::Module(m) => {
            super::module::enabled(cx.vm(), m, who, Kind::Status, atom!("trace_status"), Some(cx))
                && super::module::enabled(cx.vm(), m, who, Kind::Call, atom!("call"), Some(cx))
        }
        Tracer::Process(pid) if *pid == cx.pid() => false,
        _ => is_alive(cx.vm(), tracer, who),
    }
}

/// The result (`None`: nothing is told), and whether returns (and exceptions) are to be told of.
fn run_spec<'p>(
    cx: &Cx<'p>,
    session: &Arc<Session>,
    tracer: &Tracer,
    spec: Option<&Spec>,
    args: &[Term<'p>],
) -> (Option<Term<'p>>, (bool, bool)) {
    let Some(spec) = spec else { return (Some(Term::bool(true)), (false, false)) };
    let mut actions = RunningTracee::new(cx, session.clone(), tracer, caller(cx));
    let r = Machine::new().trace(&spec.program, cx, args, &mut actions);
    let asked = (actions.return_trace, actions.exception_trace);
    (r.filter(|r| !r.is_atom_of(am::FALSE)), asked)
}

fn meta_trace<'p>(
    cx: &Cx<'p>,
    entry: &Export,
    meta: &Meta,
    session: &Arc<Session>,
    args: &[Term<'p>],
    frames: &mut Vec<Push>,
) {
    let (vm, who) = (cx.vm(), Who::Process(cx.pid()));
    if cx.with(|p| p.flags.sensitive) {
        return;
    }
    let lock = || meta.tracer.lock().unwrap_or_else(|e| e.into_inner());
    let Some(tracer) = lock().clone() else { return };
    if !wanted(cx, &tracer, who) {
        if !is_alive(vm, &tracer, who) {
            *lock() = None;
        }
        return;
    }
    let (result, actions) = run_spec(cx, session, &tracer, meta.spec.as_deref(), args);
    let h = cx.heap();
    if let Some(result) = result {
        let news = News::new(Kind::Call, atom!("call"), mfa(h, entry, h.list(args))).result(result);
        super::deliver::send(vm, who, &tracer, flag::NOW, Some(cx), news);
    }
    if actions.0 || actions.1 {
        let session = session.id;
        frames.push(Push::Return { session, tracer: Some(tracer), exceptions: actions.1 });
    }
}

/// Puts frames on the stack; collects if there is no room.
unsafe fn push(r: *mut Regs, entry: &Export, arity: usize, frames: Vec<Push>) {
    let p = (*r).process;
    let need = frames.len() * (1 + RETURN_SLOTS) + STACK_SLACK;
    let room = |p: *mut Process| {
        ((*p).heap.stack as usize).wrapping_sub((*p).heap.heap.top() as usize) / 8
    };
    if room(p) < need {
        crate::interp::collect(r, (*p).heap.heap.top(), (*p).heap.stack, arity, need);
    }
    for frame in frames {
        let (rp, slots): (_, Vec<RawTerm>) = match frame {
            Push::Return { session, tracer, exceptions } => {
                let tracer = match &tracer {
                    None => RawTerm::NIL,
                    Some(t) => t.term(&(*p).heap.heap).raw(),
                };
                let rp = if exceptions { FRAMES.exception } else { FRAMES.returned };
                let slots = vec![
                    RawTerm::atom(entry.module),
                    RawTerm::atom(entry.function),
                    RawTerm::small(i64::from(entry.arity)),
                    RawTerm::small(session as i64),
                    tracer,
                ];
                (rp, slots)
            }
            Push::ReturnTo { session } => {
                if has_return_to((*p).heap.stack, session) {
                    continue;
                }
                (FRAMES.returned_to, vec![RawTerm::small(session as i64)])
            }
            Push::Time { time, memory } => {
                // A chain of tail calls has one frame: the time goes back to who made the first of them.
                if slots_of(*(*p).heap.stack).is_some() {
                    continue;
                }
                let place = |n: Option<usize>| n.map_or(RawTerm::NIL, |n| RawTerm::small(n as i64));
                (FRAMES.time, vec![place(time), place(memory)])
            }
        };
        let mut e = (*p).heap.stack;
        for s in slots.iter().rev() {
            e = e.sub(1);
            *e = s.0;
        }
        e = e.sub(1);
        *e = word(rp);
        (*p).heap.stack = e;
        (*p).heap.reset_area((*p).heap.heap.top());
    }
}

/// Whether the frames on top have one that tells where this call returns to.
unsafe fn has_return_to(mut e: *mut u64, session: u64) -> bool {
    while let Some(n) = slots_of(*e) {
        if is(*e, FRAMES.returned_to) && *e.add(1) == RawTerm::small(session as i64).0 {
            return true;
        }
        e = e.add(1 + n);
    }
    false
}

// Returning.

fn session_of(vm: &Vm, w: RawTerm) -> Option<Arc<Session>> {
    match w.small_value() {
        0 => Some(vm.tracing.legacy.clone()),
        id => vm.tracing.sessions.all().into_iter().find(|s| s.id == id as u64),
    }
}

/// What a frame that tells of a return holds.
struct Call {
    mfa: OwnedTerm,
    /// Whose it is, and of what flags.
    told: Traced,
    is_meta: bool,
}

/// # Safety
/// `slots` are those of such a frame, on the stack of the process of `cx`.
unsafe fn call_of(cx: &Cx<'_>, slots: *const u64) -> Option<Call> {
    let slot = |i: usize| RawTerm(*slots.add(i));
    let session = session_of(cx.vm(), slot(3))?;
    let (m, f, a): (Term, Term, Term) = (slot(0).brand(), slot(1).brand(), slot(2).brand());
    let mfa = OwnedTerm::build(|h| h.tuple(&[h.copy(m), h.copy(f), h.copy(a)]));
    let is_meta = !slot(4).is_nil();
    let told = match is_meta {
        true => {
            let tracer = Tracer::of(slot(4).brand())?;
            Traced { session, flags: flag::NOW, tracer }
        }
        false => {
            let all = cx.with(|p| p.shared.trace.of(flag::CALL));
            all.into_iter().find(|t| t.session.id == session.id)?
        }
    };
    Some(Call { mfa, told, is_meta })
}

fn tell_call(cx: &Cx<'_>, call: &Call, tag: &str, extra: Term<'_>) {
    let news = News::new(Kind::Call, term::Atom::new(tag), call.mfa.term()).with(extra);
    let (vm, who) = (cx.vm(), Who::Process(cx.pid()));
    if call.is_meta {
        super::deliver::send(vm, who, &call.told.tracer, call.told.flags, Some(cx), news);
    } else {
        cx.with(|p| tell(vm, who, &p.shared.trace, &call.told, Some(cx), news));
    }
}

/// A traced function has returned: its value is in x0.
unsafe extern "C" fn returned(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let p = save(r, htop, e, fc);
    tell_return(r, e);
    leave_frame(r, ip, (*p).heap.heap.top(), e.add(RETURN_SLOTS), fc)
}
#[inline(never)]
unsafe fn tell_return(r: *mut Regs, e: *mut u64) {
    let cx = Cx::new((*r).process, (*r).vm, (*r).scheduler);
    if let Some(call) = call_of(&cx, e) {
        tell_call(&cx, &call, "return_from", (*r).x[0].brand());
    }
}

/// A traced call returns to where this says.
unsafe extern "C" fn returned_to(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = save(r, htop, e, fc);
    tell_return_to(r, *e, below_frames(e.add(TO_SLOTS)));
    leave_frame(r, ip, (*p).heap.heap.top(), e.add(TO_SLOTS), fc)
}
#[inline(never)]
unsafe fn tell_return_to(r: *mut Regs, session: u64, e: *mut u64) {
    let cx = Cx::new((*r).process, (*r).vm, (*r).scheduler);
    let at = (*((*e & !7) as *const ReturnPoint)).ip as u64;
    return_to(&cx, RawTerm(session), at);
}
fn return_to(cx: &Cx<'_>, session: RawTerm, at: u64) {
    let Some(session) = session_of(cx.vm(), session) else { return };
    let h = cx.heap();
    let what = match cx.vm().code.locate(at | 1) {
        Some(l) => h.tuple(&[l.module.into(), l.function.into(), Term::small(l.arity.into())]),
        None => am::UNDEFINED.into(),
    };
    const NEED: u32 = flag::CALL | flag::RETURN_TO;
    let all = cx.with(|p| p.shared.trace.of(flag::CALL));
    for t in all.iter().filter(|t| t.session.id == session.id && t.flags & NEED == NEED) {
        let news = News::new(Kind::Call, atom!("return_to"), what);
        let who = Who::Process(cx.pid());
        cx.with(|p| tell(cx.vm(), who, &p.shared.trace, t, Some(cx), news));
    }
}

/// The time of a call ends.
unsafe extern "C" fn time_ends(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let p = save(r, htop, e, fc);
    leave_time(&mut *p, e);
    leave_frame(r, ip, htop, e.add(TIME_SLOTS), fc)
}
unsafe fn leave_time(p: &mut Process, slots: *const u64) {
    let place = |i: usize| {
        let w = RawTerm(*slots.add(i));
        w.is_small().then(|| w.small_value() as usize)
    };
    let (time, memory) = (place(0), place(1));
    leave(p, time, memory);
}

/// Returns through the continuation at `e`.
unsafe extern "C" fn leave_frame(
    r: *mut Regs,
    _: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let rp = (*e & !7) as *const ReturnPoint;
    crate::interp::go!(r, (*rp).ip, htop, e.add(1), fc)
}

// Exceptions.

/// Frames that an exception passes on its way from the top of the stack to `until`, the slot that catches it.
#[cold]
pub(crate) unsafe fn passed(r: *mut Regs, until: *mut u64, class: term::Atom, reason: RawTerm) {
    let p = (*r).process;
    let cx = Cx::new(p, (*r).vm, (*r).scheduler);
    let mut at = (*p).heap.stack;
    // Since OTP 27 all who ask where a call that was passed returns to are told where it is caught; before, the one
    // whose call returns there without the exception too.
    let all = cx.vm().release() >= 27;
    let (mut asking, mut last): (Vec<u64>, Option<u64>) = (Vec::new(), None);
    let mut asked: Option<u64> = None;
    let mut candidate: Option<(u64, u64)> = None;
    while at < until {
        let w = *at;
        let Some(n) = slots_of(w) else {
            if RawTerm(w).is_cont() {
                let rp = (w & !7) as *const ReturnPoint;
                last = Some((*rp).ip as u64);
                candidate = asked.take().map(|session| (session, (*rp).ip as u64));
            }
            at = at.add(1);
            continue;
        };
        let slots = at.add(1);
        if is(w, FRAMES.exception) {
            if let Some(call) = call_of(&cx, slots) {
                let h = cx.heap();
                let pair = h.tuple(&[class.into(), cx.brand(reason)]);
                tell_call(&cx, &call, "exception_from", pair);
            }
        } else if is(w, FRAMES.returned_to) {
            asked = Some(*slots);
            candidate = None;
            if all && !asking.contains(&*slots) {
                asking.push(*slots);
            }
        } else if is(w, FRAMES.time) {
            cx.with(|p| leave_time(p, slots));
        }
        at = slots.add(n);
    }
    let caught = until < (*p).heap.stack_end();
    if let Some(ip) = last.filter(|_| all && caught) {
        asking.into_iter().for_each(|session| return_to(&cx, RawTerm(session), ip));
    } else if let Some((session, ip)) = candidate.filter(|_| caught && !all) {
        return_to(&cx, RawTerm(session), ip);
    }
}

// Time and memory.

/// What a process spends time and memory on.
#[derive(Default)]
pub(crate) struct Spending {
    /// Whatever it has entered, to be named by a number.
    known: Vec<Arc<Spent>>,
    time: Option<usize>,
    memory: Option<usize>,
    since: i64,
    words: i64,
}

/// Words that the process has allocated so far.
pub(crate) fn allocated(p: &Process) -> i64 {
    (p.heap.young_words() + p.heap.old_words() + p.heap.heap.fragment_words_used()) as i64
}

impl Spending {
    /// A collection has given words back.
    pub fn collected(&mut self, reclaimed: i64) {
        self.words -= reclaimed;
    }
    fn place(&mut self, s: &Arc<Spent>) -> usize {
        match self.known.iter().position(|k| Arc::ptr_eq(k, s)) {
            Some(i) => i,
            None => {
                self.known.push(s.clone());
                self.known.len() - 1
            }
        }
    }
    /// Books what was spent since it was last looked at.
    fn book(&mut self, pid: u64, now: i64, words: i64) {
        let add = |i: Option<usize>, n: i64| {
            if let Some(s) = i.and_then(|i| self.known.get(i)) {
                let mut by = s.by.lock().unwrap_or_else(|e| e.into_inner());
                by.entry(pid).or_default().1 += n;
            }
        };
        add(self.time, now - self.since);
        add(self.memory, words - self.words);
        (self.since, self.words) = (now, words);
    }
}

/// A function is entered: what ran before, as a place.
fn enter(p: &mut Process, s: Arc<Spent>) -> Option<usize> {
    let (pid, words, now) = (p.pid(), allocated(p), crate::time::monotonic_ns());
    // SAFETY: the stack ends in a continuation that is none of ours.
    let begins = unsafe { *below_frames(p.heap.stack) } == builtin::exit_continuation();
    let sp = &mut **p.extra().spending.get_or_insert_default();
    sp.book(pid, now, words);
    if begins && s.memory && !sp.known.iter().any(|k| k.memory) {
        // What a process begins with is that of its first function.
        sp.words = 0;
    }
    let mut by = s.by.lock().unwrap_or_else(|e| e.into_inner());
    // It may have been paused meanwhile; then nothing counts any more.
    if s.on.load(Ordering::Relaxed) {
        by.entry(pid).or_default().0 += 1;
    }
    drop(by);
    let place = sp.place(&s);
    let current = if s.memory { &mut sp.memory } else { &mut sp.time };
    current.replace(place)
}
fn leave(p: &mut Process, time: Option<usize>, memory: Option<usize>) {
    let (pid, words, now) = (p.pid(), allocated(p), crate::time::monotonic_ns());
    let Some(sp) = p.extra.as_mut().and_then(|e| e.spending.as_mut()) else { return };
    sp.book(pid, now, words);
    (sp.time, sp.memory) = (time, memory);
}
pub(crate) fn scheduled_in(p: &mut Process) {
    let words = allocated(p);
    if let Some(sp) = p.extra.as_mut().and_then(|e| e.spending.as_mut()) {
        (sp.since, sp.words) = (crate::time::monotonic_ns(), words);
    }
}
pub(crate) fn scheduled_out(p: &mut Process) {
    leave_as_is(p);
}
fn leave_as_is(p: &mut Process) {
    let (pid, words, now) = (p.pid(), allocated(p), crate::time::monotonic_ns());
    if let Some(sp) = p.extra.as_mut().and_then(|e| e.spending.as_mut()) {
        sp.book(pid, now, words);
    }
}
