//! Waiting for the terminal: `{select, Tty, Ref, ready_input}` when there is input, or when a signal concerns it.
//!
//! Standard input may be a file or a pipe that others read too, so it is watched by a thread of its own that polls one
//! descriptor, only while a process asks for it.

use std::collections::VecDeque;
use std::sync::{Condvar, Mutex, MutexGuard, Once, PoisonError};
use term::atom::am;
use term::copy::Literals;
use term::{OwnedTerm, Term, atom};
use vm::signal::Sender;
use vm::{Cx, Vm};

/// Who is told, and what.
struct Request {
    pid: u64,
    message: OwnedTerm,
}

impl Request {
    fn new(cx: &Cx<'_>, tty: Term<'_>, r: Term<'_>) -> Request {
        let message = OwnedTerm::build(|h| {
            let tty = h.copy(tty);
            let r = h.copy_with(r, Literals::Copy);
            h.tuple(&[atom!("select").into(), tty, r, atom!("ready_input").into()])
        });
        Request { pid: cx.pid(), message }
    }
    fn send(self, vm: &'static Vm) {
        vm.send_message(Sender::System, self.pid, self.message);
    }
}

/// A signal that a terminal's owner wants to know of.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Signal {
    Resized,
    Continued,
}

#[derive(Default)]
struct State {
    input: Option<Request>,
    signal: Option<Request>,
    signals: VecDeque<Signal>,
}

static STATE: Mutex<Option<State>> = Mutex::new(None);
static ASKED: Condvar = Condvar::new();

fn state() -> MutexGuard<'static, Option<State>> {
    STATE.lock().unwrap_or_else(PoisonError::into_inner)
}

/// The process gets a message when standard input is readable; the last who asks is told.
pub fn input(cx: &Cx<'_>, tty: Term<'_>, r: Term<'_>) -> std::io::Result<()> {
    static THREAD: Once = Once::new();
    let mut started = Ok(());
    let vm = cx.vm();
    THREAD.call_once(|| {
        let thread = std::thread::Builder::new().name("tty_input".into());
        started = thread.spawn(move || watch(vm)).map(drop);
    });
    started?;
    state().get_or_insert_default().input = Some(Request::new(cx, tty, r));
    ASKED.notify_one();
    Ok(())
}

fn watch(vm: &'static Vm) {
    loop {
        let mut s = state();
        while s.as_ref().is_none_or(|s| s.input.is_none()) {
            s = ASKED.wait(s).unwrap_or_else(PoisonError::into_inner);
        }
        drop(s);
        // An error is for the reader to find out.
        let _ = sys::fd::wait_ready(0, true, false, None);
        let request = state().as_mut().and_then(|s| s.input.take());
        if let Some(request) = request {
            request.send(vm);
        }
    }
}

/// The process gets a message when a signal has arrived.
pub fn signals(cx: &Cx<'_>, tty: Term<'_>, r: Term<'_>) {
    let mut s = state();
    let s = s.get_or_insert_default();
    s.signal = Some(Request::new(cx, tty, r));
    tell(cx.vm(), s);
}

fn tell(vm: &'static Vm, s: &mut State) {
    if !s.signals.is_empty()
        && let Some(request) = s.signal.take()
    {
        request.send(vm);
    }
}

/// The oldest signal that was not taken yet.
pub fn next_signal() -> Option<Signal> {
    state().as_mut()?.signals.pop_front()
}

/// Called when a signal arrives.
pub fn arrived(vm: &'static Vm, continued: bool) {
    let mut s = state();
    let Some(s) = s.as_mut() else { return };
    let signal = if continued { Signal::Continued } else { Signal::Resized };
    if !s.signals.contains(&signal) {
        s.signals.push_back(signal);
    }
    tell(vm, s);
}

impl Signal {
    pub fn name(self) -> Term<'static> {
        match self {
            Signal::Resized => atom!("winch").into(),
            Signal::Continued => atom!("cont").into(),
        }
    }
}

/// `{ok, Value}`
pub fn ok<'p>(cx: &Cx<'p>, value: Term<'p>) -> Term<'p> {
    cx.heap().tuple(&[am::OK.into(), value])
}
