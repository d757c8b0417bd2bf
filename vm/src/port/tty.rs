//! The driver `tty_sl`: the terminal with a line editor [ttsl_drv.c].
//!
//! There is one at most. It takes the editing commands of `user_drv`; how they look on the screen is the business of
//! [`sys::line`]. The terminal's mode is put back when the port ends, and at exit.

use super::driver::{Control, Driver, DriverEntry, OpenOptions, PortName, StartError};
use super::fd::{GET_WINDOW_SIZE, TTY_CONTROL};
use super::{IoQueue, PortCx, Task};
use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, AtomicU64, Ordering};
use std::any::Any;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use sys::fd;
use sys::line::{LineEditor, Reply};
use sys::poll::Interest;
use sys::terminfo::TermInfo;
use sys::tty::{Mode, Settings};
use term::atom::am;

const GET_UNICODE: u32 = 101;
const SET_UNICODE: u32 = 102;
/// With more output waiting than this, `ok` is sent later.
const LITTLE: usize = 1024;
const DEFAULT_SIZE: (u32, u32) = (80, 24);

/// The port's number and 1; 0 for none.
static THE_PORT: AtomicU64 = AtomicU64::new(0);
/// No line editor has been used so far: the break handler need not switch modes.
static OLD_SHELL: AtomicBool = AtomicBool::new(true);

/// Whether the terminal is in its usual mode because no line editor was started.
pub fn old_shell() -> bool {
    OLD_SHELL.load(Ordering::Acquire)
}

/// Somebody edits lines on the terminal from now on.
pub fn line_editor_starts() {
    OLD_SHELL.store(false, Ordering::Release);
}

/// What signals tell the driver.
enum Notice {
    Resized,
    Continued,
}

/// The window has a new size, or (`continued`) the program runs again after it was stopped.
pub fn resized(vm: &'static Vm, continued: bool) {
    let id = THE_PORT.load(Ordering::Acquire);
    if let Some(port) = id.checked_sub(1).and_then(|id| vm.ports.get(id)) {
        let notice = if continued { Notice::Continued } else { Notice::Resized };
        port.post(vm, Task::Event(Box::new(notice)));
    }
}

struct Terminal {
    fd: RawFd,
    _owned: Option<OwnedFd>,
    before: Mode,
    mode: Mode,
    editor: LineEditor,
    owes_ok: bool,
}

/// The driver's entry in the table of drivers.
pub(super) fn entry() -> DriverEntry {
    DriverEntry { driver_lock: true, ..DriverEntry::new("tty_sl", start) }
}

fn start(
    p: &mut PortCx<'_>,
    name: &PortName,
    _: &OpenOptions,
) -> Result<Box<dyn Driver>, StartError> {
    if !fd::is_tty(0) || !fd::is_tty(1) {
        return Err(StartError::General);
    }
    let me = p.id() + 1;
    if THE_PORT.compare_exchange(0, me, Ordering::AcqRel, Ordering::Acquire).is_err() {
        return Err(StartError::General);
    }
    let result = Terminal::open(&name.text()).and_then(|t| {
        fd::set_nonblocking(t.fd, true)?;
        p.select(t.fd, Interest::READ)?;
        Ok(t)
    });
    match result {
        Ok(t) => {
            line_editor_starts();
            crate::os_signal::terminal(true);
            Ok(Box::new(t))
        }
        Err(_) => {
            THE_PORT.store(0, Ordering::Release);
            Err(StartError::General)
        }
    }
}

impl Terminal {
    fn open(command: &[u8]) -> io::Result<Terminal> {
        let settings = Settings::parse(command);
        let owned = match &settings.device {
            Some(name) => Some(fd::open(&CString::new(name.clone())?, true, true)?),
            None => None,
        };
        let fd = owned.as_ref().map_or(0, AsRawFd::as_raw_fd);
        let kind = crate::env::get(b"TERM").unwrap_or_default();
        let none = || io::Error::from(io::ErrorKind::Unsupported);
        let info = TermInfo::load(&kind, |v| crate::env::get(v.as_bytes())).ok_or_else(none)?;
        let utf8 = sys::host::locale_charset().is_some_and(|c| c == "UTF-8");
        let mut editor = LineEditor::new(&info, utf8, !utf8).ok_or_else(none)?;
        let before = Mode::of(fd)?;
        let mode = before.with(&settings);
        mode.set(fd)?;
        if let Ok((cols, _)) = sys::tty::window_size(fd) {
            editor.set_cols(cols);
        }
        Ok(Terminal { fd, _owned: owned, before, mode, editor, owes_ok: false })
    }
    /// Writes what it can; `true`: the queue is empty.
    fn write(&self, p: &mut PortCx<'_>) -> io::Result<bool> {
        while !p.queue().is_empty() {
            match fd::writev(self.fd, &p.queue().slices(fd::MAX_SLICES)) {
                Ok(n) => p.queue().advance(n),
                Err(e) if fd::would_block(&e) => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }
}

fn say_ok(p: &mut PortCx<'_>) {
    p.send_owner(|_| am::OK.into());
}

impl Driver for Terminal {
    fn command(&mut self, p: &mut PortCx<'_>, mut data: IoQueue) {
        let mut out = Vec::new();
        let reply = self.editor.command(&data.take_vec(), &mut out);
        let waiting = !p.queue().is_empty();
        p.queue().push_vec(out);
        if !waiting {
            let result = match self.write(p) {
                Ok(true) => Ok(()),
                Ok(false) => p.select(self.fd, Interest::WRITE),
                Err(e) => Err(e),
            };
            if let Err(e) = result {
                return p.fail_error(&e);
            }
        }
        if reply == Reply::Ok {
            if p.queue().len() > LITTLE && !p.is_closing() {
                self.owes_ok = true;
            } else {
                say_ok(p);
            }
        }
    }
    fn control(&mut self, _: &mut PortCx<'_>, op: u32, data: &[u8]) -> Option<Control> {
        match op.wrapping_sub(TTY_CONTROL) {
            GET_WINDOW_SIZE => {
                let (w, h) = sys::tty::window_size(self.fd).unwrap_or((0, 0));
                let or = |n: u16, usual| if n == 0 { usual } else { u32::from(n) };
                let (w, h) = (or(w, DEFAULT_SIZE.0), or(h, DEFAULT_SIZE.1));
                Some(Control::List([w.to_ne_bytes(), h.to_ne_bytes()].concat()))
            }
            GET_UNICODE => Some(Control::List(vec![self.editor.utf8().into()])),
            SET_UNICODE => Some(Control::List(match data.first() {
                Some(on) => vec![self.editor.set_utf8(*on != 0).into()],
                None => Vec::new(),
            })),
            _ => None,
        }
    }
    fn ready_input(&mut self, p: &mut PortCx<'_>, fd: RawFd) {
        let mut buf = [0; 1024];
        match fd::read(fd, &mut buf) {
            Ok(n) => p.output(&self.editor.input(&buf[..n])),
            Err(e) if fd::would_block(&e) => {}
            Err(_) => p.fail_number(-1),
        }
    }
    fn ready_output(&mut self, p: &mut PortCx<'_>, fd: RawFd) {
        match self.write(p) {
            Ok(done) => {
                if self.owes_ok && p.queue().len() < LITTLE {
                    self.owes_ok = false;
                    say_ok(p);
                }
                if done {
                    p.deselect(fd, Interest::WRITE);
                }
            }
            Err(e) => p.fail_error(&e),
        }
    }
    fn event(&mut self, _: &mut PortCx<'_>, event: Box<dyn Any + Send>) {
        match event.downcast_ref::<Notice>() {
            Some(Notice::Resized) => {
                if let Ok((cols, _)) = sys::tty::window_size(self.fd) {
                    self.editor.set_cols(cols);
                }
            }
            Some(Notice::Continued) => {
                let _ = self.mode.set(self.fd);
                let _ = fd::set_nonblocking(self.fd, true);
            }
            None => {}
        }
    }
    fn stop(&mut self, p: &mut PortCx<'_>) {
        p.forget(self.fd);
        let _ = self.before.set(self.fd);
        crate::os_signal::terminal(false);
        THE_PORT.store(0, Ordering::Release);
    }
}
