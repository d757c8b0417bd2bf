//! `run_erl`: runs a command on a terminal of its own, logs what it prints, and lets `to_erl` attach to it.

mod log;
pub mod pipe;
pub mod protocol;

use crate::timestamp;
use crate::word::{self, Word, as_os, show, to_path};
use log::{Log, Settings};
use pipe::Pipe;
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::os::unix::process::CommandExt;
use std::path::Path;
use std::process::{Child, Command, ExitCode};
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use std::time::{Duration, Instant};
use sys::poll::{Interest, Poller};

/// After the command's end, what it left running may print this much longer.
const AFTER_END: Duration = Duration::from_secs(5);
/// As much output is kept for a `to_erl` that does not read; then the oldest goes.
const MOST_OUTPUT: usize = 1 << 20;
const INTERRUPT: u8 = 3;

/// Runs it with the name it was called by and its arguments.
pub fn run(program: &[u8], args: &[Word]) -> ExitCode {
    let daemon = args.first().is_some_and(|a| a == b"-daemon");
    let rest = args.get(usize::from(daemon)..).unwrap_or_default();
    let [pipe, log, command, parameters @ ..] = rest else {
        let _ = writeln!(
            io::stderr(),
            "Usage: {} [-daemon] (PIPE_NAME | PIPE_DIRECTORY/) LOG_DIRECTORY \"COMMAND [PARAMETER ...]\"",
            show(program)
        );
        return ExitCode::FAILURE;
    };
    if daemon {
        crate::epmd::close_inherited();
        if sys::daemon::detach().is_err() {
            return ExitCode::FAILURE;
        }
        if let Some(hang_up) = sys::signal::number("sighup") {
            let _ = sys::signal::set(hang_up, sys::signal::Action::Ignore);
        }
    }
    let mut console = match Console::start(pipe, &to_path(log), command, parameters) {
        Ok(console) => console,
        Err(why) => {
            complain(&why);
            return ExitCode::FAILURE;
        }
    };
    let result = console.serve();
    for fifo in [console.pipe.output(), console.pipe.input()] {
        let _ = std::fs::remove_file(fifo);
    }
    if let Err(error) = result {
        complain(&error.to_string());
    }
    // The reference's status too: a console does not end well.
    ExitCode::FAILURE
}

fn complain(text: &str) {
    let (pid, now) = (std::process::id(), timestamp::now());
    let _ = writeln!(io::stderr(), "run_erl [{pid}] {now}\n{text}");
}

/// A running console.
struct Console {
    pipe: Pipe,
    terminal: File,
    log: Log,
    child: u32,
    /// The command has ended.
    ended: Arc<AtomicBool>,
    poller: Arc<Poller>,
    typed: File,
    /// Somebody is attached.
    reader: Option<File>,
    output: Vec<u8>,
    /// A sequence of the protocol that is not complete yet.
    held: Vec<u8>,
    /// Something has come in this session.
    greeted: bool,
    alive: Duration,
}

impl Console {
    fn start(name: &[u8], log: &Path, command: &[u8], parameters: &[Word]) -> Result<Self, String> {
        let settings = Settings::from_env(&mut |text| complain(&text));
        let alive = settings.alive;
        let pipe = make_pipe(name)?;
        let text = |what: &str, error: io::Error| format!("{what}: {error}");
        let typed = sys::pty::open_fifo(&pipe.input(), false)
            .map_err(|e| text("Could not open the FIFO for reading", e))?;
        let pty = sys::pty::open().map_err(|e| text("Could not open a pseudo-terminal", e))?;
        let log_file = Log::open(log, settings)
            .map_err(|e| text(&format!("Can't open a log in '{}'", log.display()), e))?;
        let mut shell = Command::new("/bin/sh");
        shell.arg0("sh").arg("-c").arg(as_os(command)).args(parameters.iter().map(|p| as_os(p)));
        note_arguments(&log.join("run_erl.log"), command, parameters);
        let flow_control = word::env("RUN_ERL_DISABLE_FLOWCNTRL").is_none();
        let child = sys::pty::spawn(&mut shell, &pty.slave, flow_control)
            .map_err(|e| text("Could not start the command", e))?;
        drop(shell);
        let poller = Arc::new(Poller::new().map_err(|e| text("Could not poll", e))?);
        let ended = Arc::new(AtomicBool::new(false));
        let pid = child.id();
        let waiting = watch(child, Arc::clone(&ended), Arc::clone(&poller));
        waiting.map_err(|e| text("Could not start a thread", e))?;
        Ok(Self {
            pipe,
            terminal: File::from(pty.master),
            log: log_file,
            child: pid,
            ended,
            poller,
            typed,
            reader: None,
            output: Vec::new(),
            held: Vec::new(),
            greeted: false,
            alive,
        })
    }

    /// Passes bytes on until the terminal's last user is gone.
    fn serve(&mut self) -> io::Result<()> {
        sys::fd::set_nonblocking(self.terminal.as_raw_fd(), true)?;
        let mut ready = Vec::new();
        let mut quiet_since = Instant::now();
        let mut end: Option<Instant> = None;
        loop {
            self.poller.arm(self.terminal.as_raw_fd(), 0, Interest::READ)?;
            self.poller.arm(self.typed.as_raw_fd(), 0, Interest::READ)?;
            if let Some(reader) = self.reader.as_ref().filter(|_| !self.output.is_empty()) {
                self.poller.arm(reader.as_raw_fd(), 0, Interest::WRITE)?;
            }
            let until_alive = self.alive.saturating_sub(quiet_since.elapsed());
            let pause = if end.is_some() { Duration::from_millis(100) } else { until_alive };
            ready.clear();
            self.poller.wait(u64::try_from(pause.as_nanos()).ok(), &mut ready)?;
            if self.ended.load(Ordering::Acquire) && end.is_none() {
                end = Some(Instant::now());
            }
            if ready.is_empty() {
                if end.is_some_and(|at| at.elapsed() > AFTER_END) {
                    return Ok(());
                }
                if quiet_since.elapsed() >= self.alive {
                    self.log.alive()?;
                    quiet_since = Instant::now();
                }
                continue;
            }
            quiet_since = Instant::now();
            for event in &ready {
                if event.fd == self.terminal.as_raw_fd() {
                    if !self.printed()? {
                        return Ok(());
                    }
                } else if event.fd == self.typed.as_raw_fd() {
                    self.typed()?;
                }
            }
            self.send();
        }
    }

    /// Takes what the terminal printed; false at its end.
    fn printed(&mut self) -> io::Result<bool> {
        let mut chunk = [0; 8192];
        let count = match self.terminal.read(&mut chunk) {
            Ok(0) => return Ok(false),
            Ok(count) => count,
            Err(error) if is_temporary(&error) => return Ok(true),
            // Nobody has the terminal open any more.
            Err(error) if sys::errno::of(&error) == "eio" => return Ok(false),
            Err(error) => return Err(error),
        };
        let text = chunk.get(..count).unwrap_or_default();
        // A full disk must not end the program that is logged.
        let _ = self.log.write(text);
        if self.reader.is_some() {
            self.output.extend_from_slice(text);
            let excess = self.output.len().saturating_sub(MOST_OUTPUT);
            self.output.drain(..excess);
        }
        Ok(true)
    }

    /// Takes what was typed at the other side.
    fn typed(&mut self) -> io::Result<()> {
        let mut chunk = [0; 8192];
        let count = match self.typed.read(&mut chunk) {
            Ok(0) => {
                // The session is over; the next one may come.
                self.poller.forget(self.typed.as_raw_fd());
                self.typed = sys::pty::open_fifo(&self.pipe.input(), false)?;
                self.greeted = false;
                self.held.clear();
                self.detach();
                return Ok(());
            }
            Ok(count) => count,
            Err(error) if is_temporary(&error) => return Ok(()),
            Err(error) => return Err(error),
        };
        let typed = chunk.get(..count).unwrap_or_default();
        if self.reader.is_none() {
            // Whoever types reads as well, so this opens at once; a writer alone is heard, too.
            self.reader = sys::pty::open_fifo(&self.pipe.output(), true).ok();
        }
        if !self.greeted && self.reader.is_some() && typed.first() == Some(&protocol::HELLO) {
            self.output.extend(protocol::greeting());
        }
        self.greeted = true;
        let (text, size) = protocol::extract(&mut self.held, typed);
        if let Some((columns, rows)) = size {
            let _ = sys::pty::set_window_size(self.terminal.as_raw_fd(), columns, rows);
        }
        if text == [INTERRUPT] {
            let child = i32::try_from(self.child).unwrap_or(0);
            if let Some(interrupt) = sys::signal::number("sigint").filter(|_| child > 0) {
                let _ = sys::signal::send(child, interrupt);
            }
            return Ok(());
        }
        sys::fd::write_all(self.terminal.as_raw_fd(), &text)
    }

    /// Sends output to whoever is attached.
    fn send(&mut self) {
        let Some(reader) = self.reader.as_mut().filter(|_| !self.output.is_empty()) else { return };
        match reader.write(&self.output) {
            Ok(count) => {
                self.output.drain(..count.min(self.output.len()));
            }
            Err(error) if is_temporary(&error) => {}
            Err(_) => self.detach(),
        }
    }

    fn detach(&mut self) {
        if let Some(reader) = self.reader.take() {
            self.poller.forget(reader.as_raw_fd());
        }
        self.output.clear();
    }
}

fn is_temporary(error: &io::Error) -> bool {
    matches!(error.kind(), ErrorKind::WouldBlock | ErrorKind::Interrupted)
}

/// Waits for the command's end on a thread of its own.
fn watch(mut child: Child, ended: Arc<AtomicBool>, poller: Arc<Poller>) -> io::Result<()> {
    let wait = move || {
        let _ = child.wait();
        ended.store(true, Ordering::Release);
        let _ = poller.wake();
    };
    std::thread::Builder::new().name("wait".into()).spawn(wait).map(drop)
}

/// Makes the FIFOs, in a directory under a number that is not taken.
fn make_pipe(name: &[u8]) -> Result<Pipe, String> {
    let mut number = 0;
    if pipe::is_directory(name) {
        let highest = pipe::highest(&to_path(name));
        number = highest
            .map_err(|e| format!("Can't access pipe directory '{}': {e}", show(name)))?
            .saturating_add(1);
    }
    loop {
        let candidate = match number {
            0 => Pipe { name: to_path(name) },
            _ => pipe::numbered(name, number),
        };
        make_fifo(&candidate.output())?;
        // A FIFO that opens for writing has a reader: another run_erl.
        if sys::pty::open_fifo(&candidate.input(), true).is_err() {
            make_fifo(&candidate.input())?;
            return Ok(candidate);
        }
        if number == 0 {
            return Err(format!("Erlang already running on pipe {}.", show(name)));
        }
        number = number.saturating_add(1);
    }
}

fn make_fifo(path: &Path) -> Result<(), String> {
    match sys::file::make_fifo(path, 0o600) {
        Err(error) if error.kind() != ErrorKind::AlreadyExists => {
            Err(format!("Cannot create FIFO {}: {error}", path.display()))
        }
        _ => Ok(()),
    }
}

/// Notes the command in the status file beside the log.
fn note_arguments(path: &Path, command: &[u8], parameters: &[Word]) {
    let (pid, now) = (std::process::id(), timestamp::now());
    let mut text = format!("run_erl [{pid}] {now}\nArgs before exec of shell:\n");
    let words = [&b"sh"[..], b"-c", command];
    for (at, word) in words.into_iter().chain(parameters.iter().map(Vec::as_slice)).enumerate() {
        text.push_str(&format!("run_erl [{pid}] {now}\nargv[{at}] = {}\n", show(word)));
    }
    let _ = std::fs::write(path, text);
}
