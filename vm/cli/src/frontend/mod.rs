//! Programs that start `erl` with arguments of their own: erlc, escript, dialyzer, typer, ct_run.
//!
//! Each turns its command line into a [`Launch`], without effects but reading a script's head; [`start`] becomes that
//! program. The `erl` is the one that a variable names (`ERLC_EMULATOR` and so on), the one beside the program, or the
//! one on PATH.

mod erlc;
mod escript;
mod others;

pub use others::{ct_run, dialyzer, typer};

use crate::invocation::Invocation;
use crate::otp::{self, OtpTree};
use crate::word::{self, Word, as_os, show, to_path};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::process::{Command, ExitCode};

pub use erlc::erlc;
pub use escript::{escript, script_beside};

/// A program to become.
#[derive(Debug, Default, PartialEq, Eq)]
pub struct Launch {
    /// The program and its arguments.
    pub argv: Vec<Word>,
    /// Variables to set.
    pub env: Vec<(&'static str, Word)>,
    /// Lines for standard error before it starts.
    pub notes: Vec<String>,
}

/// What the front ends take from outside.
pub struct Surroundings<'a> {
    /// The name we were called by.
    pub program: &'a [u8],
    /// The arguments.
    pub args: &'a [Word],
    pub env: &'a dyn Fn(&str) -> Option<Word>,
    /// The `erl` to start when no variable names one.
    pub erl: Word,
    /// The OTP release that will be started.
    pub release: u32,
}

impl Surroundings<'_> {
    /// The words of the variable, or `erl`.
    fn emulator(&self, variable: &str) -> Vec<Word> {
        match (self.env)(variable) {
            Some(command) => command
                .split(u8::is_ascii_whitespace)
                .filter(|word| !word.is_empty())
                .map(<[u8]>::to_vec)
                .collect(),
            None => vec![self.erl.clone()],
        }
    }
}

/// Text words as words.
fn words(list: &[&str]) -> impl Iterator<Item = Word> {
    list.iter().map(|word| word.as_bytes().to_vec()).collect::<Vec<_>>().into_iter()
}

/// Runs a front end: plans with `plan`, then becomes what it says. A refusal is printed with the program's name and
/// leaves with status 1.
pub fn start(
    invocation: &Invocation,
    name: &str,
    plan: fn(&Surroundings<'_>) -> Result<Launch, String>,
) -> ExitCode {
    let root = ["ERL_ROOTDIR", "ROOTDIR"].iter().find_map(|name| word::env(name));
    let tree = match root {
        Some(root) => OtpTree::at(&to_path(&root)),
        None => otp::find_default(invocation.exe.as_deref()),
    };
    let surroundings = Surroundings {
        program: &invocation.path,
        args: &invocation.args,
        env: &word::env,
        erl: invocation.sibling_erl(),
        release: tree.map_or(otp::OLDEST, |tree| tree.release),
    };
    let mut err = std::io::stderr();
    let launch = match plan(&surroundings) {
        Ok(launch) => launch,
        Err(why) => {
            let _ = writeln!(err, "{name}: {why}");
            return ExitCode::FAILURE;
        }
    };
    for note in &launch.notes {
        let _ = writeln!(err, "{note}");
    }
    let Some((program, args)) = launch.argv.split_first() else {
        let _ = writeln!(err, "{name}: The emulator's name is empty.");
        return ExitCode::FAILURE;
    };
    let mut command = Command::new(as_os(program));
    command.args(args.iter().map(|arg| as_os(arg)));
    command.envs(launch.env.iter().map(|(name, value)| (name, as_os(value))));
    let error = command.exec();
    let number = error.raw_os_error().unwrap_or(0);
    let _ = writeln!(err, "{name}: Error {number} executing '{}'.", show(program));
    ExitCode::FAILURE
}

#[cfg(test)]
mod tests;
