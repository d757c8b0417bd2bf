//! `to_erl`: attaches the terminal to a console that `run_erl` keeps. Ctrl-D leaves it.

use crate::run_erl::pipe::{self, Pipe};
use crate::run_erl::protocol;
use crate::word::{Word, show, to_path};
use std::fs::File;
use std::io::{self, ErrorKind, Read, Write};
use std::os::fd::AsRawFd;
use std::process::ExitCode;
use std::sync::Arc;
use std::sync::atomic::{AtomicBool, Ordering};
use sys::poll::{Interest, Poller};
use sys::signal::{self, Action};

const STDIN: i32 = 0;
const STDOUT: i32 = 1;
const END: u8 = 4;
const INTERRUPT: u8 = 3;

/// Runs it with the name it was called by and its arguments.
pub fn run(program: &[u8], args: &[Word]) -> ExitCode {
    let mut err = io::stderr();
    let mut force = false;
    let mut rest = args;
    if let [option, more @ ..] = args
        && option.starts_with(b"-")
    {
        match option.get(1) {
            Some(b'F') => force = true,
            Some(b'h') => {
                let _ = writeln!(
                    err,
                    "Usage: {} [-h|-F] [PIPE_NAME | PIPE_DIRECTORY/]\n\
                    -h  print this\n-F  attach even if somebody else is attached",
                    show(program)
                );
                return ExitCode::FAILURE;
            }
            _ => {
                let _ = writeln!(err, "Invalid option '{}'", show(option));
                return ExitCode::FAILURE;
            }
        }
        rest = more;
    }
    let name = rest.first().map_or(&b"/tmp/"[..], Vec::as_slice);
    match attach(name, force) {
        Ok(()) => ExitCode::SUCCESS,
        Err(why) => {
            let _ = writeln!(err, "{why}");
            ExitCode::FAILURE
        }
    }
}

/// Opens the FIFOs of a console.
fn open(name: &[u8], force: bool) -> Result<(Pipe, File, File), String> {
    let pipe = if pipe::is_directory(name) {
        let highest = pipe::highest(&to_path(name))
            .map_err(|e| format!("Can't access pipe directory {}: {e}", show(name)))?;
        pipe::numbered(name, highest)
    } else {
        Pipe { name: to_path(name) }
    };
    let shown = pipe.name.display().to_string();
    if sys::pty::open_fifo(&pipe.output(), true).is_ok() {
        let text = format!("Another to_erl process already attached to pipe {shown}.");
        if !force {
            return Err(text);
        }
        let _ = writeln!(io::stderr(), "{text}\nBut we proceed anyway by force (-F).");
    }
    let none = |error: io::Error| format!("No running Erlang on pipe {shown}: {error}");
    let output = sys::pty::open_fifo(&pipe.output(), false).map_err(none)?;
    let input = sys::pty::open_fifo(&pipe.input(), true).map_err(none)?;
    Ok((pipe, output, input))
}

/// Attaches until one side ends.
fn attach(name: &[u8], force: bool) -> Result<(), String> {
    let (pipe, output, input) = open(name, force)?;
    let _ = write!(io::stderr(), "Attaching to {} (^D to exit)\n\n", pipe.name.display());
    let before = sys::tty::Mode::of(STDIN).ok();
    if let Some(mode) = &before {
        mode.transparent()
            .set(STDIN)
            .map_err(|e| format!("Cannot set the terminal's mode: {e}"))?;
    }
    let mut session = match Session::new(output, input) {
        Ok(session) => session,
        Err(error) => return Err(error.to_string()),
    };
    let result = session.run();
    if let Some(mode) = &before {
        let _ = mode.set(STDIN);
    }
    let last = result.unwrap_or_else(|error| format!("[{error}]"));
    let _ = write!(io::stderr(), "{last}\n\r");
    Ok(())
}

struct Session {
    output: File,
    input: File,
    poller: Arc<Poller>,
    interrupted: Arc<AtomicBool>,
    resized: Arc<AtomicBool>,
    /// The beginning of the output, until the greeting is complete or there is none.
    beginning: Option<Vec<u8>>,
    version: u32,
}

impl Session {
    fn new(output: File, input: File) -> io::Result<Self> {
        let poller = Arc::new(Poller::new()?);
        let interrupted = Arc::new(AtomicBool::new(false));
        let resized = Arc::new(AtomicBool::new(true));
        let numbers = [signal::number("sigint"), signal::number("sigwinch")];
        let flags = [Arc::clone(&interrupted), Arc::clone(&resized)];
        let waker = Arc::clone(&poller);
        signal::start(move |number| {
            for (known, flag) in numbers.iter().zip(&flags) {
                if *known == Some(number) {
                    flag.store(true, Ordering::Release);
                }
            }
            let _ = waker.wake();
        })?;
        for number in numbers.into_iter().flatten() {
            signal::set(number, Action::Handle)?;
        }
        let beginning = Some(Vec::new());
        Ok(Self { output, input, poller, interrupted, resized, beginning, version: 0 })
    }

    /// Passes bytes on; what to say at the end.
    fn run(&mut self) -> io::Result<String> {
        self.send(&[protocol::HELLO])?;
        let mut ready = Vec::new();
        loop {
            self.poller.arm(STDIN, 0, Interest::READ)?;
            self.poller.arm(self.output.as_raw_fd(), 0, Interest::READ)?;
            ready.clear();
            self.poller.wait(None, &mut ready)?;
            if self.interrupted.swap(false, Ordering::AcqRel) {
                let _ = write!(io::stderr(), "[Break]\n\r");
                self.send(&[INTERRUPT])?;
            }
            for event in &ready {
                let end = if event.fd == STDIN { self.typed()? } else { self.printed()? };
                if let Some(text) = end {
                    return Ok(text.to_owned());
                }
            }
            if self.version >= 1
                && self.resized.swap(false, Ordering::AcqRel)
                && let Ok((columns, rows)) = sys::tty::window_size(STDIN)
            {
                self.send(&protocol::window_size(columns, rows))?;
            }
        }
    }

    fn send(&mut self, bytes: &[u8]) -> io::Result<()> {
        sys::fd::write_all(self.input.as_raw_fd(), bytes)
    }

    /// Passes on what was typed.
    fn typed(&mut self) -> io::Result<Option<&'static str>> {
        let mut chunk = [0; 4096];
        let count = match sys::fd::read(STDIN, &mut chunk) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            other => other?,
        };
        let typed = chunk.get(..count).unwrap_or_default();
        if typed.is_empty() {
            return Ok(Some("[EOF]"));
        }
        if typed.contains(&END) {
            return Ok(Some("[Quit]"));
        }
        self.send(typed)?;
        Ok(None)
    }

    /// Passes on what was printed.
    fn printed(&mut self) -> io::Result<Option<&'static str>> {
        let mut chunk = [0; 8192];
        let count = match self.output.read(&mut chunk) {
            Err(error) if error.kind() == ErrorKind::WouldBlock => return Ok(None),
            other => other?,
        };
        let printed = chunk.get(..count).unwrap_or_default();
        if printed.is_empty() {
            return Ok(Some("[End]"));
        }
        let Some(mut beginning) = self.beginning.take() else {
            sys::fd::write_all(STDOUT, printed)?;
            return Ok(None);
        };
        beginning.extend_from_slice(printed);
        match protocol::read_greeting(&beginning) {
            Some((_, None)) => return Ok(Some("[Incompatible version of run_erl]")),
            Some((length, Some(version))) => {
                self.version = version;
                self.send(&protocol::version(version))?;
                beginning.drain(..length.min(beginning.len()));
            }
            // A version 0 that prints at once, or the first half of a greeting.
            None if beginning.starts_with(b"[run_erl") && !beginning.contains(&b'\n') => {
                self.beginning = Some(beginning);
                return Ok(None);
            }
            None => {}
        }
        sys::fd::write_all(STDOUT, &beginning)?;
        Ok(None)
    }
}
