//! Timers that send messages [erl_hl_timer.c].

use core::sync::atomic::{AtomicUsize, Ordering};
use std::sync::{LazyLock, Mutex};
use term::atom::am;
use term::quick::QuickMap;
use term::{Atom, OwnedTerm, Reference, Term, View};
use vm::bif::List;
use vm::process::registry::Named;
use vm::signal::{RefId, Sender};
use vm::timer::{Fire, TimerKey};
use vm::vm::Vm;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "send_after"/3 => send_after(0, 1, 2);
    Plain "send_after"/4 => send_after_with(0, 1, 2, 3);
    Plain "start_timer"/3 => start_timer(0, 1, 2);
    Plain "start_timer"/4 => start_timer_with(0, 1, 2, 3);
    Plain "cancel_timer"/1 => cancel_timer(0);
    Plain "cancel_timer"/2 => cancel_timer_with(0, 1);
    Plain "read_timer"/1 => read_timer(0);
    Plain "read_timer"/2 => read_timer_with(0, 1);
} }

/// The end of Erlang's monotonic time, in nanoseconds.
const END: i64 = 8_646_911_283_000_000_000;

/// Pending timers by reference: their place in the VM's timer table, and the process they are for if it
/// was given by pid. Such a timer goes when the process ends, and counts as cancelled from then on.
static PENDING: LazyLock<Mutex<QuickMap<RefId, (TimerKey, Option<u64>)>>> =
    LazyLock::new(Mutex::default);

enum To {
    Process(u64),
    Name(Atom),
}

struct Timer {
    id: RefId,
    to: To,
    message: OwnedTerm,
    _held: Held,
}

/// Bytes that timers hold.
static HELD: AtomicUsize = AtomicUsize::new(0);

/// Bytes in timers of `start_timer` and `send_after`.
pub(super) fn held_bytes() -> usize {
    HELD.load(Ordering::Relaxed)
}

/// Bytes that count until it is dropped.
struct Held(usize);

impl Held {
    fn new(message: &OwnedTerm) -> Held {
        let bytes = size_of::<Timer>() + message.words() * 8;
        HELD.fetch_add(bytes, Ordering::Relaxed);
        Held(bytes)
    }
}

impl Drop for Held {
    fn drop(&mut self) {
        HELD.fetch_sub(self.0, Ordering::Relaxed);
    }
}

impl Fire for Timer {
    fn fire(self: Box<Self>, vm: &'static Vm) {
        PENDING.lock().unwrap_or_else(|e| e.into_inner()).remove(&self.id);
        let to = match self.to {
            To::Process(pid) => pid,
            To::Name(name) => match vm.registry.lookup(name) {
                Some(Named::Process(pid)) => pid,
                _ => return,
            },
        };
        vm.send_message(Sender::System, to, self.message);
    }
    fn receiver(&self) -> Option<u64> {
        match self.to {
            To::Process(pid) => Some(pid),
            To::Name(_) => None,
        }
    }
    fn visit(&self, v: &mut dyn term::visit::Visit) {
        self.message.visit(v);
    }
    fn receiver_gone(self: Box<Self>) {
        PENDING.lock().unwrap_or_else(|e| e.into_inner()).remove(&self.id);
    }
}

fn start<'p>(
    cx: &Cx<'p>,
    time: Term<'p>,
    to: Term<'p>,
    message: Term<'p>,
    tagged: bool,
    absolute: bool,
) -> BifResult<'p> {
    let now = cx.vm().monotonic();
    let deadline = if absolute {
        time.as_i64().and_then(|ms| ms.checked_mul(1_000_000))
    } else {
        let ms = time.as_i64().filter(|&ms| ms >= 0);
        ms.and_then(|ms| ms.checked_mul(1_000_000)?.checked_add(now))
    };
    let deadline = deadline.filter(|t| (vm::time::START..=END).contains(t));
    let deadline = deadline.ok_or_else(|| cx.bad("time"))?;
    let to = match to.view() {
        View::Pid(p) => To::Process(cx.need(p.local())?),
        View::Atom(name) => To::Name(name),
        _ => return Err(cx.badarg()),
    };
    let (n0, n1) = vm::refs::next();
    let reference = cx.heap().reference(n0, n1);
    let message = if tagged {
        let t = [Term::atom(am::TIMEOUT), reference, message];
        OwnedTerm::whole_copy_of(cx.heap().tuple(&t))
    } else {
        OwnedTerm::whole_copy_of(message)
    };
    let id = (n0, n1);
    let receiver = match to {
        To::Process(pid) => match cx.vm().processes.lookup(pid) {
            Some(p) => {
                p.state.set(vm::process::state::TIMERS);
                Some(p)
            }
            // Nobody to tell.
            None => return Ok(reference),
        },
        To::Name(_) => None,
    };
    let mut pending = PENDING.lock().unwrap_or_else(|e| e.into_inner());
    let pid = match to {
        To::Process(pid) => Some(pid),
        To::Name(_) => None,
    };
    let key = cx
        .vm()
        .start_timer(deadline, Box::new(Timer { id, to, _held: Held::new(&message), message }));
    pending.insert(id, (key, pid));
    drop(pending);
    // Did it end before it could see the timer?
    if let (Some(p), Some(pid)) = (receiver, pid)
        && p.state.has(vm::process::state::EXITING)
        && cx.vm().processes.lookup(pid).is_none()
    {
        cx.vm().timers.receiver_gone(pid);
    }
    Ok(reference)
}

fn abs_option<'p>(cx: &Cx<'p>, o: Term<'p>) -> BifResult<'p, bool> {
    let read = || {
        let mut absolute = false;
        for o in o.to_vec()? {
            let [k, v] = o.as_tuple_of::<2>()?;
            k.is_atom_of(am::ABS).then_some(())?;
            absolute = v.as_bool()?;
        }
        Some(absolute)
    };
    read().ok_or_else(|| cx.bad("badopt"))
}

fn send_after<'p>(cx: &Cx<'p>, t: Term<'p>, to: Term<'p>, m: Term<'p>) -> BifResult<'p> {
    start(cx, t, to, m, false, false)
}
fn send_after_with<'p>(
    cx: &Cx<'p>,
    t: Term<'p>,
    to: Term<'p>,
    m: Term<'p>,
    o: Term<'p>,
) -> BifResult<'p> {
    let absolute = abs_option(cx, o)?;
    start(cx, t, to, m, false, absolute)
}
fn start_timer<'p>(cx: &Cx<'p>, t: Term<'p>, to: Term<'p>, m: Term<'p>) -> BifResult<'p> {
    start(cx, t, to, m, true, false)
}
fn start_timer_with<'p>(
    cx: &Cx<'p>,
    t: Term<'p>,
    to: Term<'p>,
    m: Term<'p>,
    o: Term<'p>,
) -> BifResult<'p> {
    let absolute = abs_option(cx, o)?;
    start(cx, t, to, m, true, absolute)
}

/// Milliseconds left of a pending timer.
fn left(key: TimerKey, now: i64) -> i64 {
    key.0.saturating_sub(now).max(0).div_euclid(1_000_000)
        + i64::from(key.0 > now && (key.0 - now) % 1_000_000 != 0)
}

fn cancel(cx: &Cx<'_>, id: RefId) -> Option<i64> {
    let (key, pid) = PENDING.lock().unwrap_or_else(|e| e.into_inner()).remove(&id)?;
    cx.vm().timers.cancel(key)?;
    is_alive(cx, pid)?;
    Some(left(key, cx.vm().monotonic()))
}

/// Nothing if the timer is for a process that has ended.
fn is_alive(cx: &Cx<'_>, pid: Option<u64>) -> Option<()> {
    match pid {
        Some(pid) => cx.vm().processes.lookup(pid).map(|_| ()),
        None => Some(()),
    }
}

fn result<'p>(cx: &Cx<'p>, ms: Option<i64>) -> Term<'p> {
    ms.map_or(Term::bool(false), |ms| cx.heap().int(ms))
}

fn cancel_timer<'p>(cx: &Cx<'p>, r: Reference<'p>) -> BifResult<'p> {
    let id = cx.need(r.local_id())?;
    Ok(result(cx, cancel(cx, id)))
}
fn cancel_timer_with<'p>(cx: &Cx<'p>, r: Reference<'p>, o: List<'p>) -> BifResult<'p> {
    let (is_async, info) = options(cx, o, true)?;
    let ms = r.local_id().and_then(|id| cancel(cx, id));
    answer(cx, am::CANCEL_TIMER, r, ms, is_async, info)
}
fn read(cx: &Cx<'_>, id: RefId) -> Option<i64> {
    let (key, pid) = *PENDING.lock().unwrap_or_else(|e| e.into_inner()).get(&id)?;
    is_alive(cx, pid)?;
    Some(left(key, cx.vm().monotonic()))
}
fn read_timer<'p>(cx: &Cx<'p>, r: Reference<'p>) -> BifResult<'p> {
    let id = cx.need(r.local_id())?;
    Ok(result(cx, read(cx, id)))
}
fn read_timer_with<'p>(cx: &Cx<'p>, r: Reference<'p>, o: List<'p>) -> BifResult<'p> {
    let (is_async, _) = options(cx, o, false)?;
    let ms = r.local_id().and_then(|id| read(cx, id));
    answer(cx, am::READ_TIMER, r, ms, is_async, true)
}

fn options<'p>(cx: &Cx<'p>, o: List<'p>, with_info: bool) -> BifResult<'p, (bool, bool)> {
    let (mut is_async, mut info) = (false, true);
    for o in cx.need(o.0.to_vec())? {
        match o.as_tuple_of::<2>() {
            Some([k, v]) if k.is_atom_of(am::ASYNC) => is_async = cx.need(v.as_bool())?,
            Some([k, v]) if with_info && k.is_atom_of(am::INFO) => info = cx.need(v.as_bool())?,
            _ => return Err(cx.badarg()),
        }
    }
    Ok((is_async, info))
}

/// The result at once, or as a message `{Tag, Ref, Result}`.
fn answer<'p>(
    cx: &Cx<'p>,
    tag: Atom,
    r: Reference<'p>,
    ms: Option<i64>,
    is_async: bool,
    info: bool,
) -> BifResult<'p> {
    if !info {
        return Ok(am::OK.into());
    }
    let result = result(cx, ms);
    if !is_async {
        return Ok(result);
    }
    let m = cx.heap().tuple(&[Term::atom(tag), r.term(), result]);
    cx.vm().send_message(Sender::Process(cx.pid()), cx.pid(), OwnedTerm::copy_of(m));
    Ok(am::OK.into())
}
