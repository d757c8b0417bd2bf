//! `epmd`: tells Erlang nodes the ports of other nodes on this machine.

mod client;
mod log;
mod protocol;
mod registry;
mod server;

use crate::word::{self, Word, show};
use client::Question;
use log::Log;
use server::{NoServer, Server};
use std::io::{self, Write};
use std::process::ExitCode;

/// The port that Erlang nodes expect it on.
const DEFAULT_PORT: u16 = 4369;

/// How a server runs.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Options {
    pub port: u16,
    /// Addresses to listen on besides loopback; none means all of them.
    pub addresses: Vec<String>,
    /// How often `-d` was given.
    pub debug: u8,
    pub daemon: bool,
    pub relaxed: bool,
    /// Seconds until a silent connection is closed.
    pub packet_timeout: u64,
    /// Seconds to wait before accepting and before answering, to act like a busy server.
    pub delay_accept: u64,
    pub delay_write: u64,
}

/// What a command line asks for.
#[derive(Debug, PartialEq, Eq)]
enum Command {
    Serve(Options),
    Ask(u16, Question),
}

const USAGE: &str = "\
usage: epmd [-d|-debug]... [-address LIST] [-port NUMBER] [-daemon]
            [-relaxed_command_check] [-packet_timeout SECONDS]
            [-delay_accept SECONDS] [-delay_write SECONDS]
       epmd [-port NUMBER] -names | -started | -dump | -kill | -stop NAME

  -address LIST           listen on these IP addresses and on loopback only
  -port NUMBER            listen on, or ask, this port (default 4369)
  -d, -debug              report on standard error; more of them, more reports
  -daemon                 run in the background
  -relaxed_command_check  allow -kill with living nodes, and -stop
  -packet_timeout SECONDS close a silent connection after this time (default 60)
  -delay_accept SECONDS, -delay_write SECONDS
                          act like a busy server
  -names                  print the registered names
  -started                say by the exit status whether an epmd runs
  -kill                   end the running epmd
  -stop NAME              take a name off the register";

/// Runs epmd with its arguments.
pub fn run(args: &[Word]) -> ExitCode {
    match parse(args, &word::env) {
        Some(Command::Ask(port, question)) => client::ask(port, &question),
        Some(Command::Serve(options)) => serve(&options),
        None => {
            let _ = writeln!(io::stderr(), "{USAGE}");
            ExitCode::FAILURE
        }
    }
}

/// Reads a command line; nothing if it is wrong.
fn parse(args: &[Word], env: &dyn Fn(&str) -> Option<Word>) -> Option<Command> {
    let port = |text: &[u8]| -> Option<u16> {
        let number: u16 = std::str::from_utf8(text).ok()?.trim().parse().ok()?;
        (number != 0).then_some(number)
    };
    let list = |text: &[u8]| -> Vec<String> {
        let words = text.split(|b| b" ,".contains(b)).filter(|w| !w.is_empty());
        words.map(|w| show(w).into_owned()).collect()
    };
    let mut options = Options {
        port: env("ERL_EPMD_PORT").and_then(|p| port(&p)).unwrap_or(DEFAULT_PORT),
        addresses: env("ERL_EPMD_ADDRESS").map(|a| list(&a)).unwrap_or_default(),
        debug: 0,
        daemon: false,
        relaxed: env("ERL_EPMD_RELAXED_COMMAND_CHECK").is_some(),
        packet_timeout: 60,
        delay_accept: 0,
        delay_write: 0,
    };
    let mut rest = args.iter();
    while let Some(arg) = rest.next() {
        let seconds = |value: Option<&Word>| -> Option<u64> {
            let number: u64 = std::str::from_utf8(value?).ok()?.trim().parse().ok()?;
            (number != 0).then_some(number)
        };
        let question = match arg.as_slice() {
            b"-d" | b"-debug" => {
                options.debug = options.debug.saturating_add(1);
                continue;
            }
            b"-daemon" => {
                options.daemon = true;
                continue;
            }
            b"-relaxed_command_check" => {
                options.relaxed = true;
                continue;
            }
            b"-address" => {
                options.addresses = list(rest.next()?);
                continue;
            }
            b"-port" => {
                options.port = port(rest.next()?)?;
                continue;
            }
            b"-packet_timeout" => {
                options.packet_timeout = seconds(rest.next())?;
                continue;
            }
            b"-delay_accept" => {
                options.delay_accept = seconds(rest.next())?;
                continue;
            }
            b"-delay_write" => {
                options.delay_write = seconds(rest.next())?;
                continue;
            }
            b"-names" => Question::Names,
            b"-started" => Question::Started,
            b"-dump" => Question::Dump,
            b"-kill" => Question::Kill,
            b"-stop" => Question::Stop(rest.next()?.clone()),
            _ => return None,
        };
        return rest.next().is_none().then_some(Command::Ask(options.port, question));
    }
    Some(Command::Serve(options))
}

/// Serves, in the background if asked to. A daemon's parents leave only once it listens.
fn serve(options: &Options) -> ExitCode {
    let mut log = Log { level: options.debug, silent: false };
    let daemon = i32::from(options.daemon);
    log.note(1, &format!("epmd running - daemon = {daemon}"));
    log.note(2, &format!("try to initiate listening port {}", options.port));
    if options.daemon {
        close_inherited();
    }
    let listeners = match server::listen(&options.addresses, options.port) {
        Ok(listeners) => listeners,
        Err(NoServer::Running) => {
            log.note(1, &format!("there is already a epmd running at port {}", options.port));
            return ExitCode::SUCCESS;
        }
        Err(NoServer::Address(text)) => {
            log.note(0, &format!("cannot parse IP address \"{text}\""));
            return ExitCode::FAILURE;
        }
        Err(NoServer::Failed(error)) => {
            log.note(0, &format!("failed to bind socket: {error}"));
            return ExitCode::FAILURE;
        }
    };
    if options.daemon {
        if let Err(error) = sys::daemon::detach() {
            log.note(0, &format!("cannot become a daemon: {error}"));
            return ExitCode::FAILURE;
        }
        // Not to hold a file system.
        let _ = std::env::set_current_dir("/");
        sys::startup::clear_umask();
        log.silent = true;
    }
    match Server::new(options, listeners, log).and_then(|mut server| server.run()) {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => {
            log.note(0, &format!("error in poll: {error}"));
            ExitCode::FAILURE
        }
    }
}

/// Closes descriptors that whoever started us left open: a daemon must not hold another program's pipes.
pub fn close_inherited() {
    let Ok(entries) = std::fs::read_dir("/proc/self/fd") else { return };
    let open: Vec<i32> =
        entries.flatten().filter_map(|e| e.file_name().to_str()?.parse().ok()).collect();
    for fd in open.into_iter().filter(|fd| *fd > 2) {
        // The directory's own descriptor is among them and closed by now.
        let _ = sys::fd::close(fd);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::words;

    fn parsed(args: &[&str]) -> Option<Command> {
        parse(&words(args), &|_| None)
    }

    #[test]
    fn options() {
        let Some(Command::Serve(all)) = parsed(&[
            "-d",
            "-debug",
            "-port",
            "5000",
            "-address",
            "127.0.0.1, ::1",
            "-daemon",
            "-relaxed_command_check",
            "-packet_timeout",
            "3",
            "-delay_accept",
            "1",
            "-delay_write",
            "2",
        ]) else {
            panic!("refused")
        };
        assert_eq!((all.debug, all.port, all.daemon, all.relaxed), (2, 5000, true, true));
        assert_eq!(all.addresses, ["127.0.0.1", "::1"]);
        assert_eq!((all.packet_timeout, all.delay_accept, all.delay_write), (3, 1, 2));
        assert_eq!(parsed(&["-port", "1", "-names"]), Some(Command::Ask(1, Question::Names)));
        let stop = Question::Stop(b"x".to_vec());
        assert_eq!(parsed(&["-stop", "x"]), Some(Command::Ask(DEFAULT_PORT, stop)));
        for wrong in
            [&["-names", "x"][..], &["-stop"], &["-port"], &["-port", "0"], &["-h"], &["x"]]
        {
            assert_eq!(parsed(wrong), None, "{wrong:?}");
        }
        let env = |name: &str| match name {
            "ERL_EPMD_PORT" => Some(b"77".to_vec()),
            "ERL_EPMD_RELAXED_COMMAND_CHECK" => Some(Vec::new()),
            _ => None,
        };
        let Some(Command::Serve(by_env)) = parse(&[], &env) else { panic!("refused") };
        assert_eq!((by_env.port, by_env.relaxed), (77, true));
    }
}
