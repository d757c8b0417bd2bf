//! How the emulator ends: in order, with a crash dump, or at once.

use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use std::io::Write;

/// What `erlang:halt/2` asks for.
pub enum Halt {
    /// Exit with this status.
    Status(i32),
    /// Write a crash dump with this slogan, exit with status 1.
    Dump(String),
    /// The same, when the process that asks may be in pieces.
    NoMemory(String),
    /// Die by a signal that may leave a core dump.
    Abort,
}

/// Ends the operating system process. `flush`: what ports hold is written out first, for so long at most. `asker`:
/// the scheduler that calls (from 1), 0 for another thread.
pub fn halt(vm: &'static Vm, how: Halt, flush: Option<Option<Duration>>, asker: usize) -> ! {
    static HALTING: AtomicBool = AtomicBool::new(false);
    if HALTING.swap(true, Ordering::SeqCst) {
        // Somebody else is at it.
        wait_for_the_end();
    }
    vm.sched.stop();
    if let Some(limit) = flush {
        if let Some(h) = vm.hooks.get() {
            (h.halt)();
        }
        crate::port::flush_all(vm, limit);
    }
    crate::sampling::finish(vm);
    let _ = std::io::stdout().flush();
    sys::tty::restore();
    match how {
        Halt::Status(n) => std::process::exit(n),
        Halt::Dump(slogan) => {
            say(&format!("{slogan}\n"));
            crate::dump::write(vm, &slogan, asker, true);
            std::process::exit(1)
        }
        Halt::NoMemory(slogan) => {
            say(&format!("{slogan}\n"));
            crate::dump::write(vm, &slogan, asker, false);
            std::process::exit(1)
        }
        Halt::Abort => std::process::abort(),
    }
}

/// Lets the thread stand still while another one ends the emulator.
pub(crate) fn wait_for_the_end() -> ! {
    loop {
        std::thread::park();
    }
}

/// Writes to standard error as the reference does when it ends: its terminal may be raw.
pub(crate) fn say(text: &str) {
    let _ = std::io::stderr().write_all(text.replace('\n', "\r\n").as_bytes());
}

/// The atom table is full: nothing goes on.
pub fn no_more_atoms(vm: &'static Vm, asker: usize) -> ! {
    let text = format!("no more index entries in atom_tab (max={})", term::atom::limit());
    halt(vm, Halt::Dump(text), None, asker)
}

/// Makes a failed allocation end the emulator as in the reference.
pub(crate) fn on_no_memory(vm: &'static Vm) {
    static VM: std::sync::OnceLock<&'static Vm> = std::sync::OnceLock::new();
    let _ = VM.set(vm);
    sys::oom::set_hook(|bytes| match VM.get() {
        Some(vm) => no_memory(vm, bytes),
        None => std::process::abort(),
    });
}

/// No memory is left for so many bytes. The thread may be anywhere, in a collection or with a lock held: what its
/// process was at is left out of the dump, and a dump that waits for such a lock ends after a while.
fn no_memory(vm: &'static Vm, bytes: usize) -> ! {
    const PATIENCE: std::time::Duration = std::time::Duration::from_secs(30);
    let watch = std::thread::Builder::new().stack_size(1 << 16).spawn(|| {
        std::thread::sleep(PATIENCE);
        std::process::exit(1)
    });
    let text = format!("eheap_alloc: Cannot allocate {bytes} bytes of memory (of type \"heap\").");
    match watch {
        Ok(_) => halt(vm, Halt::NoMemory(text), None, crate::sched::scheduler()),
        Err(_) => {
            say(&format!("{text}\n"));
            std::process::exit(1)
        }
    }
}
