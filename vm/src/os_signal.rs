//! OS signals become messages to `erl_signal_server` [sys.c: signal_notify_requested].

use crate::process::registry::Named;
use crate::signal::Sender;
use crate::vm::Vm;
use std::sync::Mutex;
use sys::signal::{self, Action};
use term::{Atom, OwnedTerm, atom};

/// Starts to listen: SIGTERM and SIGUSR1 are messages from now on; others when `os:set_signal/2` says so.
pub fn start(vm: &'static Vm) -> std::io::Result<()> {
    signal::start(move |number| {
        let Some(name) = signal::name(number) else { return };
        match name {
            "sigint" => crate::break_handler::request(vm),
            "sigwinch" => terminal_signal(vm, false),
            "sigcont" => terminal_signal(vm, true),
            _ => {}
        }
        notify(vm, Atom::new(name));
    })?;
    for name in ["sigterm", "sigusr1"] {
        if let Some(number) = signal::number(name) {
            signal::set(number, Action::Handle)?;
        }
    }
    Ok(())
}

/// Told of terminal signals beside the terminal's driver.
type Watcher = fn(&'static Vm, bool);
static WATCHER: Mutex<Option<Watcher>> = Mutex::new(None);

/// Calls `watcher` from now on when the window has a new size, or (`true`) the program runs again after it was stopped.
pub fn watch_terminal(watcher: Watcher) {
    *WATCHER.lock().unwrap_or_else(|e| e.into_inner()) = Some(watcher);
    terminal(true);
}

fn terminal_signal(vm: &'static Vm, continued: bool) {
    crate::port::resized(vm, continued);
    let watcher = *WATCHER.lock().unwrap_or_else(|e| e.into_inner());
    if let Some(watcher) = watcher {
        watcher(vm, continued);
    }
}

/// Listens to what concerns a terminal with a line editor, or stops to.
pub(crate) fn terminal(on: bool) {
    let action = if on { Action::Handle } else { Action::Default };
    for name in ["sigwinch", "sigcont"] {
        if let Some(n) = signal::number(name) {
            let _ = signal::set(n, action);
        }
    }
}

/// Sends `{notify, Signal}`; nobody listens before the kernel application has started.
fn notify(vm: &'static Vm, name: Atom) {
    if let Some(Named::Process(server)) = vm.registry.lookup(atom!("erl_signal_server")) {
        let message = OwnedTerm::build(|h| h.tuple(&[atom!("notify").into(), name.into()]));
        vm.send_message(Sender::System, server, message);
    }
}
