//! Carries out what `erlexec` plans: the environment, epmd, the terminal; then the emulator, in this same process.

use crate::emulator;
use crate::erlexec::{Epmd, Plan, Refusal, Request, Start, plan, with_bindir, with_first};
use crate::invocation::Invocation;
use crate::otp::{self, OtpTree};
use crate::word::{self, Word, as_os, from_path, to_path};
use std::io::Write;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, ExitCode};

/// Where a start's files are.
struct Place {
    root: Word,
    bindir: Word,
    release: u32,
    /// Directories to lead PATH with, before what `erlexec` puts there.
    first: Vec<Word>,
}

/// `erl`: finds an OTP tree by itself.
pub fn erl(invocation: &Invocation) -> ExitCode {
    let mut invocation = invocation.clone();
    let asked = take_root(&mut invocation.args).or_else(|| word::env("ERL_ROOTDIR"));
    let progname = invocation.name().to_vec();
    match find_place(&invocation, asked.as_deref()) {
        Ok(place) => launch(&invocation, place, b"beam".to_vec(), progname),
        Err(refusal) => refuse(&refusal),
    }
}

/// `erlexec`: told by ROOTDIR, BINDIR, EMU and PROGNAME, as scripts of releases set them.
pub fn erlexec(invocation: &Invocation) -> ExitCode {
    let bindir = word::env("BINDIR").map(|dir| to_path(&dir)).or_else(|| invocation.directory());
    let Some(bindir) = bindir else {
        return refuse(&Refusal::Error("ROOTDIR and BINDIR must be set".into()));
    };
    let root = word::env("ROOTDIR").map(|dir| to_path(&dir)).or_else(|| {
        let around = bindir.parent().and_then(Path::parent);
        around.filter(|dir| OtpTree::at(dir).is_some()).map(Path::to_path_buf)
    });
    let tree = match &root {
        Some(root) => OtpTree::at(root),
        None => otp::find_default(invocation.exe.as_deref()),
    };
    let Some(root) = root.or_else(|| tree.as_ref().map(|t| t.root.clone())) else {
        return refuse(&Refusal::Error("ROOTDIR and BINDIR must be set".into()));
    };
    // In a tree of the reference `erl` would be the reference's: ours has to be found before it.
    let own = invocation.bindir().filter(|_| !invocation.is_ours(&bindir.join("erl")));
    let ours_starts_from_there =
        ["erlexec", "beam.smp"].iter().any(|name| invocation.is_ours(&bindir.join(name)));
    let place = Place {
        root: from_path(&root),
        bindir: from_path(&bindir),
        release: tree.map_or(otp::OLDEST, |t| t.release),
        // A release's own erl script leads back to its erlexec, so nothing is needed when that is ours.
        first: own.filter(|_| !ours_starts_from_there).iter().map(|dir| from_path(dir)).collect(),
    };
    let emu = word::env("EMU").unwrap_or_else(|| b"beam".to_vec());
    let progname = word::env("PROGNAME").unwrap_or_else(|| b"erl".to_vec());
    launch(invocation, place, emu, progname)
}

/// Takes our own `-root DIR` out of the arguments; the reference knows it only inside the vector.
fn take_root(args: &mut Vec<Word>) -> Option<Word> {
    let end = args.iter().position(|w| w == b"-extra" || w == b"--").unwrap_or(args.len());
    let at = args.iter().take(end).position(|w| w == b"-root")?;
    if at + 1 >= end {
        return None;
    }
    args.drain(at..at + 2).nth(1)
}

/// Finds the tree: as asked, around the path of the call, by ROOTDIR, the project's own, an installed one.
fn find_place(invocation: &Invocation, asked: Option<&[u8]>) -> Result<Place, Refusal> {
    let directory = invocation.directory();
    let tree = match asked {
        Some(root) => OtpTree::at(&to_path(root)).ok_or_else(|| {
            Refusal::Error(format!("There is no Erlang/OTP in '{}'.", word::show(root)))
        })?,
        None => directory
            .as_deref()
            .and_then(|dir| {
                [dir.parent(), dir.parent().and_then(Path::parent)]
                    .into_iter()
                    .flatten()
                    .find_map(OtpTree::at)
            })
            .or_else(|| word::env("ROOTDIR").and_then(|root| OtpTree::at(&to_path(&root))))
            .or_else(|| otp::find_default(invocation.exe.as_deref()))
            .ok_or_else(|| {
                Refusal::Error(
                    "No Erlang/OTP was found; set ERL_ROOTDIR to its root directory.".into(),
                )
            })?,
    };
    let own = invocation.bindir_for(&tree);
    let theirs = tree.bindir();
    let bindir = own
        .clone()
        .or_else(|| theirs.clone())
        .ok_or_else(|| Refusal::Error("The directory of the programs was not found.".into()))?;
    // Helpers such as inet_gethost are the tree's; our own programs come before its.
    let first = [own, theirs].into_iter().flatten().map(|dir| from_path(&dir)).collect();
    Ok(Place {
        root: from_path(&tree.root),
        bindir: from_path(&bindir),
        release: tree.release,
        first,
    })
}

fn refuse(refusal: &Refusal) -> ExitCode {
    let _ = write!(std::io::stderr(), "{}", refusal.text());
    ExitCode::FAILURE
}

fn launch(invocation: &Invocation, place: Place, emu: Word, progname: Word) -> ExitCode {
    let argv = invocation.argv();
    let request = Request {
        release: place.release,
        argv: &argv,
        env: &word::env,
        root: place.root.clone(),
        bindir: place.bindir.clone(),
        emu: emu.clone(),
        progname: progname.clone(),
    };
    let planned = match plan(&request) {
        Ok(planned) => planned,
        Err(refusal) => return refuse(&refusal),
    };
    match planned {
        Plan::Print(text) => match std::io::stdout().write_all(&text) {
            Ok(()) => ExitCode::SUCCESS,
            Err(_) => ExitCode::FAILURE,
        },
        Plan::Man { args, manpath } => {
            let mut man = Command::new("man");
            let _ = man.args(args.iter().map(|a| as_os(a))).env("MANPATH", as_os(&manpath)).exec();
            refuse(&Refusal::Error("Could not execute the 'man' command.".into()))
        }
        Plan::Start(start) => {
            let path = path_of(&place);
            let env = [
                ("ROOTDIR", place.root),
                ("BINDIR", place.bindir.clone()),
                ("EMU", emu),
                ("PROGNAME", progname),
                ("PATH", path),
            ];
            let env = env.into_iter().map(|(name, value)| (name.as_bytes().to_vec(), value));
            carry_out(invocation, start, env.collect(), &to_path(&place.bindir))
        }
    }
}

/// The new PATH.
fn path_of(place: &Place) -> Word {
    let old = word::env("PATH");
    let path = with_bindir(old.as_deref(), &place.bindir, &place.root);
    if place.first.is_empty() { path } else { with_first(&path, &place.first) }
}

/// Sets the environment, starts epmd, detaches, and becomes the emulator.
fn carry_out(
    invocation: &Invocation,
    start: Start,
    mut env: Vec<(Word, Word)>,
    bindir: &Path,
) -> ExitCode {
    env.extend(start.env.into_iter().map(as_putenv));
    if let Err(error) = sys::startup::set_env(env.iter().map(|(n, v)| (as_os(n), as_os(v)))) {
        return refuse(&Refusal::Error(format!("Setting the environment failed: {error}")));
    }
    if let Err(refusal) = start_epmd(invocation, start.epmd, bindir) {
        return refuse(&refusal);
    }
    if let Some(banner) = start.banner {
        let _ = std::io::stdout().write_all(&banner);
        let _ = std::io::stdout().flush();
    }
    if start.detached
        && let Err(error) = sys::daemon::detach()
    {
        return refuse(&Refusal::Error(format!("Detaching failed: {error}")));
    }
    emulator::run(&start.vector)
}

/// A `-env` pair as `putenv` takes it: the name ends at its first `=`.
fn as_putenv((name, value): (Word, Word)) -> (Word, Word) {
    match name.iter().position(|&b| b == b'=') {
        Some(at) => {
            let (short, rest) = name.split_at(at);
            let value = [rest.get(1..).unwrap_or_default(), b"=", &value[..]].concat();
            (short.to_vec(), value)
        }
        None => (name, value),
    }
}

/// Starts epmd through the shell and waits until it is in the background; what it says is its own matter.
fn start_epmd(invocation: &Invocation, epmd: Epmd, bindir: &Path) -> Result<(), Refusal> {
    let mut command = match epmd {
        Epmd::No => return Ok(()),
        Epmd::Command(command) => shell(&command),
        Epmd::Default => {
            let program: PathBuf = bindir.join("epmd");
            match (&invocation.exe, word::is_executable(&program)) {
                (Some(exe), false) => {
                    let mut own = Command::new(exe);
                    own.args(["--as", "epmd", "-daemon"]);
                    own
                }
                _ => {
                    let mut daemon = Command::new(&program);
                    daemon.arg("-daemon");
                    daemon
                }
            }
        }
    };
    match command.status() {
        Ok(_) => Ok(()),
        Err(error) => {
            let number = error.raw_os_error().unwrap_or(0);
            let program = command.get_program().to_string_lossy().into_owned();
            Err(Refusal::Error(format!("Error spawning {program} (error {number})")))
        }
    }
}

fn shell(command: &[u8]) -> Command {
    let mut shell = Command::new("/bin/sh");
    shell.arg("-c").arg(as_os(command));
    shell
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::words;

    #[test]
    fn root_option() {
        let mut args = words(&["-x", "-root", "/r", "-y"]);
        assert_eq!(take_root(&mut args), Some(b"/r".to_vec()));
        assert_eq!(args, words(&["-x", "-y"]));
        let mut args = words(&["-extra", "-root", "/r"]);
        assert_eq!(take_root(&mut args), None);
        assert_eq!(args.len(), 3);
    }

    #[test]
    fn putenv_names() {
        let pair = |n: &str, v: &str| (n.as_bytes().to_vec(), v.as_bytes().to_vec());
        assert_eq!(as_putenv(pair("A", "1")), pair("A", "1"));
        assert_eq!(as_putenv(pair("A=B", "1")), pair("A", "B=1"));
    }
}
