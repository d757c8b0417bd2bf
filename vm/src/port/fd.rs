//! Ports on descriptors: `{fd, In, Out}`, and what they share with plain files and started programs
//! [sys_drivers.c].
//!
//! Descriptors that others may share (standard output, say) are not made non-blocking, for that would change them
//! for everybody. They are written to only when the system says that they are ready, and then no more than a pipe takes at
//! once for certain.

use super::children::Ended;
use super::cx::Failure;
use super::driver::{Control, Driver, DriverEntry, Limits, OpenOptions, PortName, StartError};
use super::frame::{self, Frames};
use super::{IoQueue, PortCx};
use std::any::Any;
use std::cell::RefCell;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStringExt;
use sys::fd;
use sys::poll::Interest;

/// Most bytes of one read.
const READ: usize = 64 << 10;
/// What a pipe that is ready takes without blocking.
const PIPE_BUF: usize = 4096;
/// `port_control` operations start here for terminals and descriptors.
pub(super) const TTY_CONTROL: u32 = 0x018b_0900;
/// Asks for the window's size.
pub(super) const GET_WINDOW_SIZE: u32 = 100;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// A descriptor of a port.
pub(super) struct End {
    pub fd: RawFd,
    /// Closed with the port.
    pub owned: Option<OwnedFd>,
    /// May block: reads and writes wait for readiness.
    pub blocking: bool,
}

impl End {
    pub fn of(fd: OwnedFd) -> End {
        End { fd: fd.as_raw_fd(), owned: Some(fd), blocking: false }
    }
}

/// Whether the end of the input is to be followed by the program's exit status.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Program {
    /// There is none, or nobody asked for its status.
    None,
    Running,
    Ended(i32),
}

pub(super) struct FdDriver {
    pub input: Option<End>,
    pub output: Option<End>,
    pub packet: u8,
    pub frames: Frames,
    pub program: Program,
    pub limits: Limits,
    /// The input failed, but output is still to be written.
    pub ending: Option<Failure>,
    /// The input is a pipe of ours: a short read has emptied it.
    pub is_pipe: bool,
}

impl FdDriver {
    pub fn new(input: Option<End>, output: Option<End>, o: &OpenOptions) -> FdDriver {
        FdDriver {
            is_pipe: false,
            input,
            output,
            packet: o.packet,
            frames: Frames::new(o.packet),
            program: Program::None,
            limits: o.busy_port.unwrap_or(Limits::USUAL),
            ending: None,
        }
    }
    /// Starts to read.
    pub fn begin(&self, p: &mut PortCx<'_>) -> io::Result<()> {
        match &self.input {
            Some(i) => p.select(i.fd, Interest::READ),
            None => Ok(()),
        }
    }
    fn read(&mut self, p: &mut PortCx<'_>, input: RawFd, blocking: bool) -> io::Result<usize> {
        if blocking && !fd::wait_ready(input, true, false, Some(0))?.read {
            return Err(io::ErrorKind::WouldBlock.into());
        }
        BUFFER.with_borrow_mut(|buf| {
            buf.clear();
            let got = fd::read_append(input, buf, READ);
            // A terminal gives lines, even if there are more.
            p.set_dry(Interest::READ, self.is_pipe && matches!(got, Ok(1..READ)));
            let n = got?;
            if n > 0 {
                if self.packet == 0 {
                    p.output_buffer(buf);
                } else {
                    self.frames.feed(buf, |packet| p.output(packet));
                }
            }
            Ok(n)
        })
    }
    /// The input ended (`None`) or failed.
    fn input_failed(&mut self, p: &mut PortCx<'_>, e: Option<io::Error>) {
        if let Some(i) = &self.input {
            p.deselect(i.fd, Interest::READ);
        }
        let failure = match &e {
            None => Failure::Eof,
            Some(e) => Failure::Reason(term::Atom::new(sys::errno::of(e))),
        };
        if self.output.as_ref().is_some_and(|o| o.blocking) && !p.queue().is_empty() {
            self.ending = Some(failure);
            return;
        }
        match (self.program, e) {
            // The status comes later, with the end of the program.
            (Program::Running, None) => {}
            (Program::Ended(status), None) => {
                p.report_exit_status(status);
                p.fail(failure);
            }
            _ => p.fail(failure),
        }
    }
    /// Writes what it can of the queue. `false`: more would block.
    fn write(p: &mut PortCx<'_>, out: &End) -> io::Result<bool> {
        while !p.queue().is_empty() {
            let result = if out.blocking {
                if !fd::wait_ready(out.fd, false, true, Some(0))?.write {
                    return Ok(false);
                }
                fd::write(out.fd, p.queue().front(PIPE_BUF))
            } else {
                fd::writev(out.fd, &p.queue().slices(fd::MAX_SLICES))
            };
            match result {
                Ok(n) => p.queue().advance(n),
                Err(e) if fd::would_block(&e) => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }
}

impl Driver for FdDriver {
    fn command(&mut self, p: &mut PortCx<'_>, mut data: IoQueue) {
        let Some(header) = frame::header(self.packet, data.len()) else {
            return p.fail_errno(sys::errno::number("einval").unwrap_or(22));
        };
        data.push_header(&header);
        let waiting = !p.queue().is_empty();
        p.queue().append(data);
        if !waiting {
            let Some(out) = &self.output else {
                return p.fail_errno(sys::errno::number("ebadf").unwrap_or(9));
            };
            match FdDriver::write(p, out) {
                Ok(true) => return,
                Ok(false) => {
                    if let Err(e) = p.select(out.fd, Interest::WRITE) {
                        return p.fail_error(&e);
                    }
                }
                Err(e) => return p.fail_error(&e),
            }
        }
        if p.queue().len() >= self.limits.high {
            p.set_busy(true);
        }
    }
    fn control(&mut self, _: &mut PortCx<'_>, op: u32, _: &[u8]) -> Option<Control> {
        let shared = |e: &&Option<End>| e.as_ref().is_some_and(|e| e.owned.is_none());
        let ends = [&self.output, &self.input];
        if op.wrapping_sub(TTY_CONTROL) != GET_WINDOW_SIZE || !ends.iter().any(shared) {
            return None;
        }
        let (cols, rows) = ends.iter().find_map(|e| sys::tty::window_size(e.as_ref()?.fd).ok())?;
        let words = [u32::from(cols).to_ne_bytes(), u32::from(rows).to_ne_bytes()];
        Some(Control::List(words.concat()))
    }
    fn ready_input(&mut self, p: &mut PortCx<'_>, fd: RawFd) {
        let Some(blocking) = self.input.as_ref().filter(|i| i.fd == fd).map(|i| i.blocking) else {
            return;
        };
        match self.read(p, fd, blocking) {
            Ok(0) => self.input_failed(p, None),
            Ok(_) => {}
            Err(e) if fd::would_block(&e) => {}
            Err(e) => self.input_failed(p, Some(e)),
        }
    }
    fn ready_output(&mut self, p: &mut PortCx<'_>, fd: RawFd) {
        let Some(out) = self.output.as_ref().filter(|o| o.fd == fd) else { return };
        match FdDriver::write(p, out) {
            Ok(done) => {
                if p.is_busy() && p.queue().len() < self.limits.low {
                    p.set_busy(false);
                }
                if done {
                    p.deselect(fd, Interest::WRITE);
                    if let Some(f) = self.ending.take() {
                        p.fail(f);
                    }
                }
            }
            Err(e) => {
                p.deselect(fd, Interest::WRITE);
                p.fail_error(&e);
            }
        }
    }
    fn event(&mut self, p: &mut PortCx<'_>, event: Box<dyn Any + Send>) {
        let Ok(ended) = event.downcast::<Ended>() else { return };
        if self.program == Program::Running {
            self.program = Program::Ended(ended.0);
            if let Some(i) = &self.input
                && let Err(e) = p.select(i.fd, Interest::READ)
            {
                p.fail_error(&e);
            }
        }
    }
    fn stop(&mut self, p: &mut PortCx<'_>) {
        for end in [&self.input, &self.output].into_iter().flatten() {
            p.forget(end.fd);
            if end.owned.is_none() {
                // As whoever shares it expects it.
                let _ = fd::set_nonblocking(end.fd, false);
            }
        }
    }
}

/// The driver of `{fd, In, Out}`.
pub(super) fn entry() -> DriverEntry {
    DriverEntry { system: true, ..DriverEntry::new("fd", start) }
}

fn start(
    p: &mut PortCx<'_>,
    name: &PortName,
    o: &OpenOptions,
) -> Result<Box<dyn Driver>, StartError> {
    let PortName::Fd(input, output) = *name else { return Err(StartError::General) };
    let most = sys::limits::max_fds();
    let too_large = |n: i32| u64::try_from(n).map_or(true, |n| n >= most);
    if (o.read && too_large(input)) || (o.write && too_large(output)) {
        return Err(StartError::General);
    }
    let nonblocking = o.write && o.read && own_terminal(input, output);
    // A file takes everything at once.
    let blocking = !nonblocking && !fd::is_regular(output);
    let end = |fd, blocking| End { fd, owned: None, blocking };
    let read_blocking = !fd::is_nonblocking(input).unwrap_or(false);
    let driver = FdDriver::new(
        o.read.then(|| end(input, read_blocking)),
        o.write.then(|| end(output, blocking)),
        o,
    );
    driver.begin(p)?;
    Ok(Box::new(driver))
}

/// Makes an output terminal non-blocking if that disturbs nobody: when the input is a terminal too, or when the output can be opened once
/// more, apart from what others share. Whether it was done.
fn own_terminal(input: RawFd, output: RawFd) -> bool {
    if !fd::is_tty(output) {
        return false;
    }
    if !fd::is_tty(input) {
        let reopened = fd::tty_name(output).and_then(|name| {
            let name = CString::new(name.into_os_string().into_vec())?;
            fd::dup2(fd::open(&name, false, true)?.as_raw_fd(), output)
        });
        if reopened.is_err() {
            return false;
        }
    }
    fd::set_nonblocking(output, true).is_ok()
}
