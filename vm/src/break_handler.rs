//! ^C: the menu that stops the world and asks what to do [break.c: do_break].
//!
//! The menu runs on a thread of its own while no scheduler runs a process and no port reads. A second ^C meanwhile ends the
//! node at once.

mod report;

use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, Ordering};
use sys::fd;

const HELP: &str = "BREAK: (a)bort (A)bort with dump (c)ontinue (p)roc info (i)nfo\n       \
                    (l)oaded (v)ersion (k)ill (D)b-tables (d)istribution\n";

static OPEN: AtomicBool = AtomicBool::new(false);

/// SIGINT arrived. Runs on the thread of signals.
pub(crate) fn request(vm: &'static Vm) {
    if OPEN.swap(true, Ordering::AcqRel) {
        leave(0);
    }
    let started = std::thread::Builder::new().name("break".into()).spawn(move || {
        stopped(vm, || menu(vm));
        OPEN.store(false, Ordering::Release);
    });
    if started.is_err() {
        leave(0);
    }
}

/// Ends the node without asking anybody.
fn leave(status: i32) -> ! {
    sys::tty::restore();
    std::process::exit(status)
}

/// Runs `f` with the world stopped and the terminal in its usual mode.
fn stopped(vm: &'static Vm, f: impl FnOnce()) {
    let gate = vm.ports.stop_polling();
    vm.sched.block_all();
    let shell = !crate::port::old_shell();
    if shell && let Some(mode) = sys::tty::initial_mode() {
        let _ = mode.set(0);
    }
    f();
    vm.sched.unblock_all();
    drop(gate);
    if shell {
        // As after a stop: the line editor sets its mode again.
        crate::port::resized(vm, true);
    }
}

/// Writes to standard output; a terminal gets its line ends complete, whatever its mode.
fn say(text: &str) {
    let text = if fd::is_tty(1) { text.replace('\n', "\r\n") } else { text.to_owned() };
    let _ = fd::write_all(1, text.as_bytes());
}

/// The first character of a line; the node ends with the input.
fn key() -> u8 {
    let mut line = [0; 64];
    loop {
        let read = fd::wait_ready(0, true, false, None).and_then(|_| fd::read(0, &mut line));
        match read {
            Ok(0) => leave(0),
            Ok(_) => return line[0],
            Err(e) if fd::would_block(&e) => {}
            Err(_) => leave(0),
        }
    }
}

fn menu(vm: &'static Vm) {
    say(&format!("\n{HELP}"));
    loop {
        match key() {
            b'a' | b'q' | b'*' => leave(0),
            b'A' => {
                let slogan = "Crash dump requested by user";
                let _ = fd::write_all(2, slogan.as_bytes());
                crate::dump::write(vm, slogan, 0, true);
                sys::tty::restore();
                std::process::abort();
            }
            b'c' | b'm' => return,
            b'p' => return say(&report::all_processes(vm)),
            b'o' => return say(&report::ports(vm)),
            b'i' => return say(&report::info(vm)),
            b'l' => return say(&report::loaded(vm)),
            b'v' => {
                let version = vm.erts_version();
                return say(&format!("Erlang (BEAM) emulator version {version}\n"));
            }
            b'd' => return say(&report::distribution()),
            b'D' => return say(&report::tables(vm)),
            b'k' => return kill(vm),
            b'\n' => {}
            other => {
                let other = char::from(other);
                let text = format!("Invalid option '{other}'. Please enter one of the following:");
                say(&format!("{text}\n{HELP}"));
            }
        }
    }
}

/// Shows each process, the newest first, and kills those that are to be.
fn kill(vm: &'static Vm) {
    say("\n\nProcess Information\n\n--------------------------------------------------\n");
    let mut pids = vm.processes.pids();
    pids.sort_by_key(|pid| core::cmp::Reverse(term::boxed::pid_number(*pid)));
    for pid in pids {
        let Some(p) = vm.processes.lookup(pid) else { continue };
        say(&report::process(vm, &p));
        say("(k)ill (n)ext (r)eturn:\n");
        match key() {
            b'k' => report::kill(vm, pid),
            b'n' => {}
            _ => return,
        }
    }
}
