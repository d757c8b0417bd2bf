//! How the emulator ends: in order, with a crash dump, or at once.

use crate::vm::Vm;
use std::io::Write;

/// What `erlang:halt/2` asks for.
pub enum Halt {
    /// Exit with this status.
    Status(i32),
    /// Write a crash dump with this slogan, exit with status 1.
    Dump(String),
    /// Die by a signal that may leave a core dump.
    Abort,
}

/// Ends the operating system process. `flush`: what ports hold is written out first.
pub fn halt(vm: &'static Vm, how: Halt, flush: bool) -> ! {
    vm.sched.stop();
    if flush {
        crate::port::flush_all(vm, None);
    }
    let _ = std::io::stdout().flush();
    sys::tty::restore();
    match how {
        Halt::Status(n) => std::process::exit(n),
        Halt::Dump(slogan) => {
            // The reference says where it writes its dump in the same words.
            let _ = writeln!(std::io::stderr(), "\n{slogan}");
            crate::dump::write(vm, &slogan);
            std::process::exit(1)
        }
        Halt::Abort => std::process::abort(),
    }
}
