//! OS signals become messages to `erl_signal_server` [sys.c: signal_notify_requested].

use crate::process::registry::Named;
use crate::signal::Sender;
use crate::vm::Vm;
use sys::signal::{self, Action};
use term::{Atom, OwnedTerm, atom};

/// Starts to listen: SIGTERM and SIGUSR1 are messages from now on; others when `os:set_signal/2` says so.
pub fn start(vm: &'static Vm) -> std::io::Result<()> {
    signal::start(move |number| {
        let Some(name) = signal::name(number) else { return };
        match name {
            "sigint" => crate::break_handler::request(vm),
            "sigwinch" => crate::port::resized(vm, false),
            "sigcont" => crate::port::resized(vm, true),
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
