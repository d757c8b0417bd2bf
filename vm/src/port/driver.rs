//! What a driver is: the trait behind every port [erl_driver.h].
//!
//! A driver instance belongs to one port and is called with the port locked, by one thread at a time, on whichever
//! thread has work for it. A callback must not block. It talks to the world through the [`PortCx`] it is given; a
//! failure that it reports there takes effect when the callback has returned.

use super::cx::PortCx;
use super::queue::IoQueue;
use crate::signal::RefId;
use std::any::Any;
use std::borrow::Cow;
use std::os::fd::RawFd;
use term::OwnedTerm;
use term::shared::BinHandle;

/// One instance of a driver.
pub trait Driver: Send {
    /// Output of a process.
    fn command(&mut self, p: &mut PortCx<'_>, data: IoQueue);
    /// The same of few bytes, which are good for the call only and not to be written to.
    fn command_bytes(&mut self, p: &mut PortCx<'_>, bytes: &[u8]) {
        let mut data = IoQueue::new();
        data.push_slice(bytes);
        self.command(p, data);
    }
    /// Several outputs in a row, which nobody awaits answers for.
    fn commands(&mut self, p: &mut PortCx<'_>, all: Vec<IoQueue>) {
        for data in all {
            self.command(p, data);
        }
    }
    /// `erlang:port_control/3`; `None` is `badarg`.
    fn control(&mut self, _p: &mut PortCx<'_>, _op: u32, _data: &[u8]) -> Option<Control> {
        None
    }
    /// `erlang:port_call/3`; `None` is `badarg`.
    fn call(&mut self, _p: &mut PortCx<'_>, _op: u32, _data: OwnedTerm) -> Option<OwnedTerm> {
        None
    }
    /// A selected descriptor can be read.
    fn ready_input(&mut self, _p: &mut PortCx<'_>, _fd: RawFd) {}
    /// A selected descriptor can be written.
    fn ready_output(&mut self, _p: &mut PortCx<'_>, _fd: RawFd) {}
    /// The port's timer fired.
    fn timeout(&mut self, _p: &mut PortCx<'_>) {}
    /// Something posted through a [`Poster`](super::Poster).
    fn event(&mut self, _p: &mut PortCx<'_>, _event: Box<dyn Any + Send>) {}
    /// A process that the port monitors is gone.
    fn process_exit(&mut self, _p: &mut PortCx<'_>, _monitor: RefId) {}
    /// The port was closed while output waits in its queue: it ends when the queue is empty.
    fn flush(&mut self, _p: &mut PortCx<'_>) {}
    /// The end. Descriptors that are still selected are let go afterwards, then the driver is dropped.
    fn stop(&mut self, _p: &mut PortCx<'_>) {}
}

/// What a control operation answers.
pub enum Control {
    /// A list of bytes.
    List(Vec<u8>),
    /// The same.
    Few(Few),
    Binary(Vec<u8>),
    Shared(BinHandle),
}

/// Some bytes in place.
#[derive(Clone, Copy, Default)]
pub struct Few {
    bytes: [u8; 15],
    len: u8,
}

impl Few {
    /// `None` if there are too many.
    pub fn of(parts: &[&[u8]]) -> Option<Few> {
        let mut few = Few::default();
        for part in parts {
            let at = usize::from(few.len);
            few.bytes.get_mut(at..at + part.len())?.copy_from_slice(part);
            few.len += part.len() as u8;
        }
        Some(few)
    }
    pub fn bytes(&self) -> &[u8] {
        self.bytes.get(..self.len.into()).unwrap_or(&[])
    }
}

/// Why a driver did not start.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartError {
    /// `einval`, without a reason.
    General,
    BadArg,
    Errno(i32),
}

impl From<std::io::Error> for StartError {
    fn from(e: std::io::Error) -> StartError {
        e.raw_os_error().map_or(StartError::General, StartError::Errno)
    }
}

/// What makes an instance: port, name as given to `open_port`, options.
pub type Start = dyn Fn(&mut PortCx<'_>, &PortName, &OpenOptions) -> Result<Box<dyn Driver>, StartError>
    + Send
    + Sync;

/// A driver as the table of drivers knows it.
pub struct DriverEntry {
    pub name: String,
    /// `force` is allowed for output to its busy ports.
    pub soft_busy: bool,
    /// What `port_info(locking)` shows: the reference locks all ports of some drivers together.
    pub driver_lock: bool,
    /// Takes output as a vector, and traces show it so.
    pub vectored: bool,
    /// Takes the options that only `spawn`, `fd` and plain files know.
    pub system: bool,
    pub start: Box<Start>,
}

impl DriverEntry {
    /// An entry with the usual properties.
    pub fn new(
        name: &str,
        start: impl Fn(&mut PortCx<'_>, &PortName, &OpenOptions) -> Result<Box<dyn Driver>, StartError>
        + Send
        + Sync
        + 'static,
    ) -> DriverEntry {
        DriverEntry {
            name: name.into(),
            soft_busy: false,
            driver_lock: false,
            vectored: false,
            system: false,
            start: Box::new(start),
        }
    }
}

/// Sizes of a queue at which a port becomes busy and stops being so.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Limits {
    pub low: usize,
    pub high: usize,
}

impl Limits {
    pub const USUAL: Limits = Limits { low: 4096, high: 8192 };
    pub const DISABLED: Limits = Limits { low: usize::MAX, high: usize::MAX };
}

/// What is to be opened.
pub enum PortName {
    /// A driver of the first word's name, else a command line.
    Spawn(Vec<u8>),
    SpawnDriver(Vec<u8>),
    SpawnExecutable(Vec<u8>),
    Fd(i32, i32),
    /// A plain file.
    File(Vec<u8>),
}

impl PortName {
    /// The name as the driver and `port_info` see it.
    pub fn text(&self) -> Cow<'_, [u8]> {
        match self {
            PortName::Spawn(s)
            | PortName::SpawnDriver(s)
            | PortName::SpawnExecutable(s)
            | PortName::File(s) => Cow::Borrowed(s),
            PortName::Fd(input, output) => Cow::Owned(format!("{input}/{output}").into_bytes()),
        }
    }
}

/// The options of `open_port/2`.
#[derive(Clone, Debug)]
pub struct OpenOptions {
    /// Bytes of the length before each packet: 0 (a stream), 1, 2 or 4.
    pub packet: u8,
    /// Longest line.
    pub line: Option<usize>,
    pub binary: bool,
    pub eof: bool,
    pub exit_status: bool,
    pub use_stdio: bool,
    pub stderr_to_stdout: bool,
    pub read: bool,
    pub write: bool,
    pub cwd: Option<Vec<u8>>,
    /// Variables to set, or (`None`) to remove.
    pub env: Vec<(Vec<u8>, Option<Vec<u8>>)>,
    pub args: Option<Vec<Vec<u8>>>,
    pub arg0: Option<Vec<u8>>,
    pub parallelism: bool,
    pub busy_port: Option<Limits>,
    pub busy_msgq: Option<Limits>,
}

impl Default for OpenOptions {
    fn default() -> OpenOptions {
        OpenOptions {
            packet: 0,
            line: None,
            binary: false,
            eof: false,
            exit_status: false,
            use_stdio: true,
            stderr_to_stdout: false,
            read: true,
            write: true,
            cwd: None,
            env: Vec::new(),
            args: None,
            arg0: None,
            parallelism: false,
            busy_port: None,
            busy_msgq: None,
        }
    }
}
