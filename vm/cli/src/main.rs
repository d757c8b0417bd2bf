//! Oxbeam: the programs of an Erlang/OTP installation in one file.
//!
//! The name it is called by says which program it is: `erl`, `erlc`, `epmd`, … through links, or
//! `oxbeam --as NAME ARGUMENTS`, where NAME may be a path. See docs/differences.md for what is otherwise than in OTP.
#![forbid(unsafe_code)]

mod emulator;
mod epmd;
mod erlexec;
mod frontend;
mod heart;
mod invocation;
mod launch;
mod otp;
mod run_erl;
mod timestamp;
mod to_erl;
mod word;

use invocation::{Invocation, PROGRAMS};
use std::io::Write;
use std::process::ExitCode;

#[global_allocator]
static ALLOCATOR: sys::oom::Allocator = sys::oom::Allocator;

fn main() -> ExitCode {
    let mut argv = std::env::args_os().map(word::from_os);
    let mut path = argv.next().unwrap_or_else(|| b"oxbeam".to_vec());
    let mut args: Vec<word::Word> = argv.collect();
    let exe = own_file().and_then(|exe| exe.canonicalize().ok());
    if args.len() >= 2 && args.first().is_some_and(|a| a == b"--as") {
        path = args.remove(1);
        args.remove(0);
    }
    let invocation = Invocation { path, args, exe };
    if invocation.is_emulator_vector() {
        return emulator::run(&invocation.argv());
    }
    match invocation.name() {
        b"erl" | b"cerl" => launch::erl(&invocation),
        b"erlexec" => launch::erlexec(&invocation),
        b"erlc" => frontend::start(&invocation, "erlc", frontend::erlc),
        b"escript" => frontend::start(&invocation, "escript", frontend::escript),
        b"dialyzer" => frontend::start(&invocation, "dialyzer", frontend::dialyzer),
        b"typer" => frontend::start(&invocation, "typer", frontend::typer),
        b"ct_run" => frontend::start(&invocation, "ct_run", frontend::ct_run),
        b"run_erl" => run_erl::run(&invocation.path, &invocation.args),
        b"to_erl" => to_erl::run(&invocation.path, &invocation.args),
        b"heart" => heart::run(&invocation.path, &invocation.args),
        b"epmd" => epmd::run(&invocation.args),
        name if name.starts_with(b"beam") => emulator::run(&invocation.argv()),
        _ => named_script(invocation),
    }
}

/// The file of this program. Where a loader was called with it (otp-stdlib/hosted), the system only knows that of the loader.
fn own_file() -> Option<std::path::PathBuf> {
    let exe = std::env::current_exe().ok()?;
    let by_loader = exe.file_name().is_some_and(|n| n.as_encoded_bytes().starts_with(b"ld-linux"));
    if by_loader { std::env::var_os("OXBEAM_HOSTED").map(Into::into) } else { Some(exe) }
}

/// Called by a name of its own: a script of that name lies beside, or it is a mistake.
fn named_script(mut invocation: Invocation) -> ExitCode {
    match frontend::script_beside(&invocation) {
        Some(program) => {
            invocation.path = word::from_path(&program);
            frontend::start(&invocation, "escript", frontend::escript)
        }
        None => usage(),
    }
}

fn usage() -> ExitCode {
    let _ = writeln!(
        std::io::stderr(),
        "Usage: oxbeam --as PROGRAM [ARGUMENT]...\nPROGRAM is one of {}.",
        PROGRAMS.join(", ")
    );
    ExitCode::FAILURE
}
