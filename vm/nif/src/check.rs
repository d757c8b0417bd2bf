//! The checking mode: mistakes of libraries are reported with the NIF's name, instead of corrupting memory.
//!
//! On with `OXBEAM_CHECK_NIFS=1`. Every call then has an environment in memory of its own, which stays (empty, unconnected) for some
//! thousand calls after its end, so that what uses it later does no harm. Arguments are copied into it, terms are built in it, and
//! all become part of the process when the call returns. So a term is good if it lies in an environment that is alive, and one of
//! an earlier call never is. A wrong term is taken for `[]`. A call in which something was wrong ends with
//! `error:{nif_check, Text}`, and the logger is told.
//!
//! Only what happens inside of calls is checked; callbacks and threads of a library are not, but for the environments
//! that they use.

use crate::abi::{NifFunction, Word};
use crate::env::Env;
use crate::library::Library;
use core::cell::RefCell;
use core::ffi::{CStr, c_void};
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::collections::{HashMap, HashSet, VecDeque};
use std::sync::{Mutex, MutexGuard};
use std::thread::ThreadId;
use term::atom::am;
use term::{RawTerm, Term, atom};
use vm::{BifResult, Cx};

static ON: AtomicBool = AtomicBool::new(false);

/// Whether libraries are checked.
#[inline(always)]
pub fn on() -> bool {
    ON.load(Ordering::Relaxed)
}

pub fn start() {
    if std::env::var_os("OXBEAM_CHECK_NIFS").is_some_and(|v| v != "0") {
        ON.store(true, Ordering::Relaxed);
    }
}

/// A call under way on this thread.
struct Call {
    name: String,
    cx: *const Cx<'static>,
    env: *const Env,
    fault: Option<String>,
}

thread_local! {
    static CALLS: RefCell<Vec<Call>> = const { RefCell::new(Vec::new()) };
    /// Locks that this thread holds.
    static LOCKS: RefCell<Vec<(usize, String)>> = const { RefCell::new(Vec::new()) };
}

#[derive(Clone)]
enum State {
    /// Of a call on this thread.
    Call(ThreadId),
    /// Of `enif_alloc_env`.
    Independent,
    /// Over: the call's name, or nothing if it was freed.
    Over(String),
}

#[derive(Default)]
struct Known {
    envs: HashMap<usize, State>,
    /// Environments that are over, oldest first.
    over: VecDeque<usize>,
    /// The library's counts of resources.
    resources: HashMap<usize, usize>,
    /// Binaries that the library owns.
    binaries: HashSet<u64>,
}

/// A NIF that takes longer should be a dirty one, or give way.
const LONG: Duration = Duration::from_millis(20);

/// How many environments that are over are kept.
const KEPT: usize = 4096;

static KNOWN: Mutex<Option<Known>> = Mutex::new(None);

fn known() -> MutexGuard<'static, Option<Known>> {
    KNOWN.lock().unwrap_or_else(|e| e.into_inner())
}

/// Notes a mistake of the call that is under way, or of a thread of a library.
#[cold]
fn report(what: String) {
    let (name, pid) = CALLS.with_borrow_mut(|calls| match calls.last_mut() {
        Some(c) => {
            c.fault.get_or_insert_with(|| what.clone());
            // SAFETY: the call has not returned.
            (c.name.clone(), Some(unsafe { &*c.cx }.pid()))
        }
        None => ("a thread or callback of a library".into(), None),
    });
    log(pid, &name, &what);
}

fn log(pid: Option<u64>, name: &str, what: &str) {
    crate::vm().log_error(pid, Term::nil(), |h| {
        let args = [h.string(name), h.string(what)];
        (h.string("NIF ~ts: ~ts~n"), h.list(&args))
    });
}

/// Calls a function of a library and checks what it does.
#[cold]
#[inline(never)]
pub fn call<'p>(
    cx: &Cx<'p>,
    f: NifFunction,
    library: *const Library,
    name: String,
    args: &[Term<'p>],
) -> BifResult<'p> {
    let e = Box::into_raw(Box::new(Env::apart(cx, library)));
    // SAFETY: ours.
    let args: Vec<Term> = args.iter().map(|t| unsafe { &*e }.heap().copy(*t)).collect();
    let thread = std::thread::current().id();
    known().get_or_insert_default().envs.insert(e as usize, State::Call(thread));
    let locks = LOCKS.with_borrow(Vec::len);
    let (at, name_of_call) = (core::ptr::from_ref(cx).cast(), name.clone());
    let call = Call { name: name_of_call, cx: at, env: e, fault: None };
    CALLS.with_borrow_mut(|c| c.push(call));
    let start = std::time::Instant::now();
    // SAFETY: C: as without checks.
    let word = unsafe { f(e, args.len() as i32, args.as_ptr().cast()) };
    let took = start.elapsed();
    if cx.scheduler() != 0 && took > LONG {
        log(Some(cx.pid()), &name, &format!("held a scheduler for {} ms", took.as_millis()));
    }
    let left: Vec<String> =
        LOCKS.with_borrow(|l| l.iter().skip(locks).map(|l| l.1.clone()).collect());
    for lock in left {
        report(format!("returns with the lock '{lock}' held"));
    }
    LOCKS.with_borrow_mut(|l| l.truncate(locks));
    if !RawTerm(word).is_none() && !belongs(e, word) {
        report("returns a term that is not of its environment".into());
    }
    // SAFETY: ours; what stays there is an environment of its own, which nobody else knows.
    let mut env = unsafe { core::ptr::replace(e, Env::independent(core::ptr::null())) };
    over(e, State::Over(name));
    let fault = CALLS.with_borrow_mut(|c| c.pop()).and_then(|c| c.fault);
    cx.heap().absorb(env.take_heap());
    let Some(fault) = fault else { return env.finish(cx, word) };
    drop(env);
    let h = cx.heap();
    Err(cx.error_term(h.tuple(&[atom!("nif_check").into(), h.string(&fault)])))
}

/// The environment is over, and stays for a while.
fn over(e: *mut Env, state: State) {
    let mut k = known();
    let k = k.get_or_insert_default();
    k.envs.insert(e as usize, state);
    k.over.push_back(e as usize);
    if k.over.len() > KEPT
        && let Some(oldest) = k.over.pop_front()
    {
        k.envs.remove(&oldest);
        // SAFETY: boxes of ours; nobody should know it since thousands of calls.
        drop(unsafe { Box::from_raw(oldest as *mut Env) });
    }
}

/// Something uses an environment.
#[cold]
#[inline(never)]
pub fn env(e: *mut Env) {
    let state = known().as_ref().and_then(|k| k.envs.get(&(e as usize)).cloned());
    match state {
        Some(State::Over(name)) if name.is_empty() => {
            report("uses an environment that was freed".into());
        }
        Some(State::Over(name)) => {
            report(format!("uses the environment of a call that is over, of {name}"));
        }
        Some(State::Call(thread)) if thread != std::thread::current().id() => {
            report("uses the environment of a call of another thread".into());
        }
        _ => {}
    }
}

pub fn env_made(e: *mut Env) {
    if on() {
        known().get_or_insert_default().envs.insert(e as usize, State::Independent);
    }
}

/// `enif_free_env` with checks.
#[cold]
pub fn env_freed(e: *mut Env) {
    let state = known().as_ref().and_then(|k| k.envs.get(&(e as usize)).cloned());
    match state {
        Some(State::Independent) => {
            // SAFETY: alive; what stays there is empty.
            drop(unsafe { core::ptr::replace(e, Env::independent(core::ptr::null())) });
            over(e, State::Over(String::new()));
        }
        Some(State::Call(_)) => report("frees the environment of a call".into()),
        Some(State::Over(_)) => report("frees an environment that was freed".into()),
        None => report("frees what is no environment".into()),
    }
}

fn address_of(w: Word) -> Option<u64> {
    let t = RawTerm(w);
    if t.is_none() || t.is_immediate() {
        return None;
    }
    let at = t.ptr() as u64;
    (!term::literal::contains(at)).then_some(at)
}

/// The term, or `[]` if it lies in no memory that the call may use.
#[cold]
#[inline(never)]
pub fn term(w: Word) -> Word {
    let Some(at) = address_of(w) else { return w };
    let good = CALLS.with_borrow(|calls| {
        calls.is_empty()
            // SAFETY: of calls under way on this thread.
            || calls.iter().any(|c| unsafe { &*c.env }.heap().fragment_holds(at))
    });
    if good || RawTerm(w).is_none() || in_any(at) {
        return w;
    }
    report("uses a term whose environment is over".into());
    RawTerm::NIL.0
}

/// Whether an environment that is alive holds the address.
fn in_any(at: u64) -> bool {
    let k = known();
    k.as_ref().is_some_and(|k| {
        k.envs.iter().any(|(e, s)| {
            // SAFETY: alive, as the table says, which is locked.
            matches!(s, State::Independent)
                && unsafe { &*(*e as *const Env) }.heap().fragment_holds(at)
        })
    })
}

/// Whether a term is of this environment.
fn belongs(e: *mut Env, w: Word) -> bool {
    let Some(at) = address_of(w) else { return true };
    // SAFETY: C: alive, or kept by this mode.
    unsafe { &*e }.heap().fragment_holds(at)
}

/// Terms that are to become part of others in an environment.
#[inline]
pub fn parts(e: *mut Env, words: &[Word]) {
    if !on() || CALLS.with_borrow(Vec::is_empty) {
        return;
    }
    if !words.iter().all(|w| belongs(e, *w)) {
        report("builds a term of one environment with a term of another".into());
    }
}

/// As [`parts`], for an array.
/// # Safety
/// C.
pub unsafe fn array(e: *mut Env, words: *const Word, n: usize) {
    if on() && n > 0 {
        // SAFETY: C.
        parts(e, unsafe { core::slice::from_raw_parts(words, n) });
    }
}

// Counts.

pub fn resource_made(object: *mut c_void) {
    if on() {
        known().get_or_insert_default().resources.insert(object as usize, 1);
    }
}
pub fn resource_kept(object: *mut c_void) {
    if on() {
        *known().get_or_insert_default().resources.entry(object as usize).or_default() += 1;
    }
}
/// Whether the library has a count that it can release.
pub fn resource_released(object: *mut c_void) -> bool {
    if !on() {
        return true;
    }
    let good = {
        let mut k = known();
        match k.get_or_insert_default().resources.get_mut(&(object as usize)) {
            Some(n) if *n > 0 => {
                *n -= 1;
                true
            }
            _ => false,
        }
    };
    if !good {
        report("releases a resource more often than it has it".into());
    }
    good
}
pub fn resource_gone(object: *mut c_void) {
    if on() {
        known().get_or_insert_default().resources.remove(&(object as usize));
    }
}
pub fn binary_made(handle: u64) {
    if on() {
        known().get_or_insert_default().binaries.insert(handle);
    }
}
/// Whether the library has the binary that it releases or hands over.
pub fn binary_gone(handle: u64) -> bool {
    let good = !on() || known().get_or_insert_default().binaries.remove(&handle);
    if !good {
        report("releases a binary that it does not have any more".into());
    }
    good
}

// Locks.

pub fn locked(lock: *const c_void, name: &CStr) {
    if on() {
        LOCKS.with_borrow_mut(|l| l.push((lock as usize, name.to_string_lossy().into_owned())));
    }
}
pub fn unlocked(lock: *const c_void) {
    if on() {
        LOCKS.with_borrow_mut(|l| {
            if let Some(i) = l.iter().rposition(|l| l.0 == lock as usize) {
                l.remove(i);
            }
        });
    }
}

/// How a function of a library is called in reports.
pub fn name_of(library: *const Library, index: Option<usize>) -> String {
    // SAFETY: C: open while it has calls.
    let Some(l) = (unsafe { library.as_ref() }) else { return String::new() };
    match index.and_then(|i| l.code.functions.get(i)) {
        Some(f) => format!("{}:{}/{}", l.module.name(), f.entry.function.name(), f.entry.arity),
        None => format!("{} (scheduled)", l.module.name()),
    }
}

/// A message is sent: its term is of its environment.
pub fn message(e: *mut Env, w: Word) -> Word {
    if !e.is_null() && on() && !belongs(e, w) {
        report("sends a term that is not of the message's environment".into());
        return RawTerm::atom(am::UNDEFINED).0;
    }
    w
}
