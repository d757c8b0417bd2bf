//! `heart`: watches an emulator and restarts its system when it dies or no longer answers.
//!
//! The emulator runs it as a port and sends a beat now and then. Messages both ways are a length (16 bits), an operation
//! (8 bits) and data. When beats stop, the emulator ends or says that it crashes, heart sees to it that the old process
//! is gone and runs a command: the one set by a message, else HEART_COMMAND's.

use crate::timestamp;
use crate::word::{self, Word, as_os, show};
use std::io::{self, Write};
use std::os::unix::process::ExitStatusExt;
use std::process::{Command, ExitCode};
use std::time::{Duration, Instant};

const ACK: u8 = 1;
const BEAT: u8 = 2;
const SHUT_DOWN: u8 = 3;
const SET_COMMAND: u8 = 4;
const CLEAR_COMMAND: u8 = 5;
const GET_COMMAND: u8 = 6;
const COMMAND: u8 = 7;
const CRASHING: u8 = 8;

/// The longest command that a message can set.
const LONGEST: usize = 2047;
/// How often time-outs are looked for.
const LOOK: Duration = Duration::from_secs(5);
const STDIN: i32 = 0;
const STDOUT: i32 = 1;
const SIGKILL: i32 = 9;

/// Why watching ends.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
enum Reason {
    ShutDown,
    Silent,
    Closed,
    Crashing,
    Error,
}

/// How it watches.
struct Heart {
    program: Word,
    /// Silence that means death.
    timeout: Duration,
    /// The emulator's process, to be killed before a restart.
    pid: Option<i32>,
    /// The command set by a message.
    command: Word,
}

/// Runs heart with the name it was called by and its arguments.
pub fn run(program: &[u8], args: &[Word]) -> ExitCode {
    let mut heart = Heart {
        program: program.to_vec(),
        timeout: Duration::from_secs(60),
        pid: None,
        command: Word::new(),
    };
    heart.arguments(args);
    if word::env("HEART_DEBUG").is_some() {
        let _ = write!(io::stderr(), "heart: debug is ON!\r\n");
    }
    let reason = match heart.send(ACK, b"") {
        Ok(()) => heart.watch(),
        Err(_) => Reason::Error,
    };
    heart.end(reason);
    ExitCode::SUCCESS
}

impl Heart {
    fn arguments(&mut self, args: &[Word]) {
        let mut err = io::stderr();
        for pair in args.windows(2) {
            let [flag, value] = pair else { continue };
            let value = std::str::from_utf8(value).ok();
            match flag.as_slice() {
                b"-ht" => {
                    if let Some(seconds) = value.and_then(|v| v.parse().ok())
                        && (11..=65_535).contains(&seconds)
                    {
                        self.timeout = Duration::from_secs(seconds);
                        let _ = writeln!(err, "heart_beat_timeout = {seconds}");
                    }
                }
                b"-pid" => {
                    if let Some(pid) = value.and_then(|v| v.parse::<i32>().ok())
                        && pid > 0
                    {
                        self.pid = Some(pid);
                        let _ = writeln!(err, "heart_beat_kill_pid = {pid}");
                    }
                }
                _ => {}
            }
        }
    }

    fn complain(&self, text: &str) {
        let now = timestamp::now();
        let _ = write!(io::stderr(), "{}: {now}: {text}\r\n", show(&self.program));
    }

    fn send(&self, operation: u8, data: &[u8]) -> io::Result<()> {
        let length = u16::try_from(data.len().saturating_add(1)).map_err(io::Error::other)?;
        sys::fd::write_all(STDOUT, &[&length.to_be_bytes()[..], &[operation], data].concat())
    }

    /// Waits for messages until there is a reason to stop.
    fn watch(&mut self) -> Reason {
        let mut last = Instant::now();
        let mut input: Vec<u8> = Vec::new();
        loop {
            let ready = match wait_for_input(LOOK) {
                Ok(ready) => ready,
                Err(_) => return Reason::Error,
            };
            if last.elapsed() > self.timeout {
                let seconds = last.elapsed().as_secs();
                self.complain(&format!("heart-beat time-out, no activity for {seconds} seconds"));
                return Reason::Silent;
            }
            if !ready {
                continue;
            }
            let mut chunk = [0; 4096];
            match sys::fd::read(STDIN, &mut chunk) {
                Ok(0) => {
                    self.complain("Erlang has closed.");
                    return Reason::Closed;
                }
                Ok(count) => input.extend_from_slice(chunk.get(..count).unwrap_or_default()),
                Err(error) if sys::fd::would_block(&error) => {}
                Err(_) => {
                    self.complain("error in read_message.");
                    return Reason::Error;
                }
            }
            while let Some(message) = take_message(&mut input) {
                match self.handle(&message, &mut last) {
                    Ok(None) => {}
                    Ok(Some(reason)) => return reason,
                    Err(_) => return Reason::Error,
                }
            }
        }
    }

    /// Obeys one message.
    fn handle(&mut self, message: &[u8], last: &mut Instant) -> io::Result<Option<Reason>> {
        let Some((operation, data)) = message.split_first() else { return Ok(None) };
        match *operation {
            BEAT => *last = Instant::now(),
            SHUT_DOWN => return Ok(Some(Reason::ShutDown)),
            CRASHING => {
                self.complain("Erlang is crashing .. (waiting for crash dump file)");
                return Ok(Some(Reason::Crashing));
            }
            SET_COMMAND => {
                self.command = data.iter().copied().take_while(|&b| b != 0).take(LONGEST).collect();
                self.send(ACK, b"")?;
            }
            CLEAR_COMMAND => {
                self.command.clear();
                self.send(ACK, b"")?;
            }
            GET_COMMAND => self.send(COMMAND, &self.restart_command().unwrap_or_default())?,
            _ => {}
        }
        Ok(None)
    }

    /// The command to run, if there is any.
    fn restart_command(&self) -> Option<Word> {
        if self.command.is_empty() {
            word::env("HEART_COMMAND")
        } else {
            Some(self.command.clone())
        }
    }

    /// Restarts the system, unless it was shut down in order.
    fn end(&self, reason: Reason) {
        if reason == Reason::ShutDown {
            return;
        }
        let limit = word::env("ERL_CRASH_DUMP_SECONDS").filter(|_| reason == Reason::Crashing);
        if let Some(limit) = limit {
            let seconds: i64 = show(&limit).trim().parse().unwrap_or(0);
            self.complain(&format!("Waiting for dump - timeout set to {seconds} seconds."));
            // The emulator's end closes our input; a negative limit waits for that only.
            let limit = u64::try_from(seconds).ok().map(Duration::from_secs);
            let started = Instant::now();
            while limit.is_none_or(|limit| started.elapsed() < limit)
                && !matches!(wait_for_input(Duration::from_millis(100)), Ok(true) | Err(_))
            {
            }
        }
        match self.restart_command() {
            None => self.complain("Would reboot. Terminating."),
            Some(command) => {
                self.kill_old(reason);
                let status = Command::new("/bin/sh").arg("-c").arg(as_os(&command)).status();
                let status = status.map_or(-1, ExitStatusExt::into_raw);
                let command = show(&command);
                self.complain(&format!("Executed \"{command}\" -> {status}. Terminating."));
            }
        }
    }

    /// Makes sure that the watched process is gone.
    fn kill_old(&self, reason: Reason) {
        if word::env("HEART_NO_KILL").as_deref() == Some(b"TRUE") {
            return;
        }
        let Some(pid) = self.pid else { return };
        let second = Duration::from_secs(1);
        if reason == Reason::Closed {
            self.complain("Wait 5 seconds for Erlang to terminate nicely");
            for _ in 0..5 {
                if is_gone(sys::signal::send(pid, 0)) {
                    return;
                }
                std::thread::sleep(second);
            }
            self.complain("Erlang still alive, kill it");
        }
        let signal = match word::env("HEART_KILL_SIGNAL").as_deref() {
            Some(b"SIGABRT") => {
                self.complain("kill signal SIGABRT requested");
                sys::signal::number("sigabrt").unwrap_or(SIGKILL)
            }
            _ => SIGKILL,
        };
        let mut result = sys::signal::send(pid, signal);
        for _ in 0..5 {
            if result.is_err() {
                break;
            }
            std::thread::sleep(second);
            result = sys::signal::send(pid, signal);
        }
        if !is_gone(result) {
            self.complain("Unable to kill old process, kill failed (tried multiple times).");
        }
    }
}

/// Whether a signal found no such process.
fn is_gone(sent: io::Result<()>) -> bool {
    sent.is_err_and(|error| sys::errno::of(&error) == "esrch")
}

/// Whether there is input, or its end, within the time.
fn wait_for_input(time: Duration) -> io::Result<bool> {
    let milliseconds = i32::try_from(time.as_millis()).unwrap_or(i32::MAX);
    sys::fd::wait_ready(STDIN, true, false, Some(milliseconds)).map(|ready| ready.read)
}

/// Takes the first complete message off the input, without its length.
fn take_message(input: &mut Vec<u8>) -> Option<Vec<u8>> {
    let [high, low, ..] = input[..] else { return None };
    let end = usize::from(u16::from_be_bytes([high, low])).checked_add(2)?;
    if input.len() < end {
        return None;
    }
    let rest = input.split_off(end);
    let mut message = std::mem::replace(input, rest);
    message.drain(..2);
    Some(message)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn messages() {
        let mut input = b"\0\x01\x02\0\x03\x04ab\0\0\0\x02x".to_vec();
        assert_eq!(take_message(&mut input), Some(vec![BEAT]));
        assert_eq!(take_message(&mut input), Some(b"\x04ab".to_vec()));
        assert_eq!(take_message(&mut input), Some(Vec::new()));
        assert_eq!(take_message(&mut input), None);
        assert_eq!(input, b"\0\x02x");
    }
}
