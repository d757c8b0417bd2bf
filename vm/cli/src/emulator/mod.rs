//! The emulator's entry: `beam.smp FLAGS -- ARGUMENTS`, as `erlexec` or a release starts it.

mod boot;
pub mod config;
mod flags;
mod memory;
mod parse;
mod values;

use crate::otp::{self, OtpTree};
use crate::word::{self, Word, basename};
use config::Cpus;
use flags::Complaint;
use std::io::Write;
use std::path::Path;
use std::process::ExitCode;

/// The release whose rules count when the root directory does not tell.
const DEFAULT_RELEASE: u32 = otp::OLDEST;

/// Runs the emulator with an argument vector whose first word is its name.
pub fn run(argv: &[Word]) -> ExitCode {
    let tree = tree_of(argv);
    let release = tree.as_ref().map_or(DEFAULT_RELEASE, |t| t.release);
    let parsed = parse::parse(argv, release, Cpus::detect(), &word::env);
    let mut err = std::io::stderr();
    for remark in &parsed.remarks {
        let _ = writeln!(err, "{remark}");
    }
    match parsed.result {
        Ok(config) => boot::start(config, tree),
        Err(Complaint::Version) => {
            let version = tree.map_or_else(|| "unknown".to_owned(), |t| t.erts);
            let _ = writeln!(err, "Erlang (SMP,ASYNC_THREADS) (BEAM) emulator version {version}");
            ExitCode::SUCCESS
        }
        Err(Complaint::Usage(text) | Complaint::Remark(text)) => {
            if !text.is_empty() {
                let _ = writeln!(err, "{text}");
            }
            let program = argv.first().map_or(&b""[..], |p| basename(p));
            let _ = write!(err, "{}", flags::usage(program, release));
            ExitCode::FAILURE
        }
    }
}

/// The tree that the vector's `-root` names, else ROOTDIR's, else the usual one.
fn tree_of(argv: &[Word]) -> Option<OtpTree> {
    let named = argv.windows(2).find_map(|pair| match pair {
        [flag, root] if flag == b"-root" => Some(root.clone()),
        _ => None,
    });
    named
        .or_else(|| word::env("ROOTDIR"))
        .and_then(|root| OtpTree::at(Path::new(word::as_os(&root))))
        .or_else(|| otp::find_default(std::env::current_exe().ok().as_deref()))
}
