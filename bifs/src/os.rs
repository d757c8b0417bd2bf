//! Module `os`: environment, process number, the system's clocks [erl_bif_os.c].

use crate::erlang::time;
use crate::file_name::{from_native, list_to_native};
use sys::clock;
use sys::signal::Action;
use term::atom::am;
use term::{Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "os" {
    /// `[{Name, Value}]`
    Plain "env"/0 => env();
    /// The value, or `false`
    Plain "getenv"/1 => getenv(0);
    Plain "putenv"/2 => putenv(0, 1);
    Plain "unsetenv"/1 => unsetenv(0);
    /// The process number, as a string
    Plain "getpid"/0 => getpid();
    Plain "perf_counter"/0 => perf_counter();
    /// The system's clock, which may jump
    Plain "system_time"/0 => system_time();
    Plain "system_time"/1 => system_time_in(0);
    Plain "timestamp"/0 => timestamp();
    /// What an OS signal does: `default`, `ignore`, or `handle`: a message to `erl_signal_server`
    Plain "set_signal"/2 => set_signal(0, 1);
} }

fn env<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let all = vm::env::all();
    cx.bump(all.len());
    Ok(all.iter().fold(Term::nil(), |list, (name, value)| {
        h.cons(h.tuple(&[from_native(h, name), from_native(h, value)]), list)
    }))
}

/// A variable's name: a list without `=`.
fn name<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, Vec<u8>> {
    cx.need(list_to_native(t).filter(|n| !n.contains(&b'=')))
}

fn getenv<'p>(cx: &Cx<'p>, variable: Term<'p>) -> BifResult<'p> {
    match vm::env::get(&name(cx, variable)?) {
        Some(value) => Ok(from_native(cx.heap(), &value)),
        None => Ok(am::FALSE.into()),
    }
}

fn putenv<'p>(cx: &Cx<'p>, variable: Term<'p>, value: Term<'p>) -> BifResult<'p> {
    let variable = name(cx, variable)?;
    vm::env::set(variable, cx.need(list_to_native(value))?);
    Ok(am::TRUE.into())
}

fn unsetenv<'p>(cx: &Cx<'p>, variable: Term<'p>) -> BifResult<'p> {
    vm::env::unset(&name(cx, variable)?);
    Ok(am::TRUE.into())
}

fn getpid<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().string(&std::process::id().to_string()))
}

fn perf_counter<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().int(clock::monotonic_ns()))
}

fn system_time<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().int(clock::system_ns()))
}

fn system_time_in<'p>(cx: &Cx<'p>, unit: Term<'p>) -> BifResult<'p> {
    time::convert(cx, clock::system_ns(), unit)
}

fn timestamp<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(time::mega_seconds(cx, clock::system_ns().div_euclid(1000)))
}

/// The signals that Erlang code may set.
const SIGNALS: [&str; 10] = [
    "sighup", "sigquit", "sigabrt", "sigalrm", "sigterm", "sigusr1", "sigusr2", "sigchld",
    "sigstop", "sigtstp",
];
/// Those that OTP 28 adds.
const NEWER_SIGNALS: [&str; 3] = ["sigint", "sigcont", "sigwinch"];

fn set_signal<'p>(cx: &Cx<'p>, signal: Term<'p>, action: Term<'p>) -> BifResult<'p> {
    let action = match action.as_atom().map_or("", |a| a.name()) {
        "default" => Action::Default,
        "ignore" => Action::Ignore,
        "handle" => Action::Handle,
        _ => return Err(cx.badarg_cause(atom!("badopt").into())),
    };
    let name = cx.need(signal.as_atom())?.name();
    let newer = term::personality::release() >= 28 && NEWER_SIGNALS.contains(&name);
    let known = SIGNALS.contains(&name) || newer;
    let number = cx.need(sys::signal::number(name).filter(|_| known))?;
    // Ignored, it would hide how programs end that ports have started; by default it does nothing either.
    let action =
        if (name, action) == ("sigchld", Action::Ignore) { Action::Default } else { action };
    // One that cannot be set (SIGSTOP) stays as it is, without an error in the reference too.
    let _ = sys::signal::set(number, action);
    Ok(am::OK.into())
}
