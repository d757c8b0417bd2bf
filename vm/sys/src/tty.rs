//! The terminal: modes, window size, and putting everything back at the end.
//!
//! What the line on it shows is the business of `line`, what it can do that of `terminfo`.

use crate::fd::check;
use std::io;
use std::mem::MaybeUninit;
use std::os::fd::RawFd;
use std::sync::Mutex;

/// All the settings of a terminal.
#[derive(Clone, Copy)]
pub struct Mode(libc::termios);

/// How one setting is to change: on, off, or as it is.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub enum Change {
    On,
    Off,
    #[default]
    Keep,
}

/// What the `tty_sl` driver is asked for in its name, as in `tty_sl -c -e`.
#[derive(Clone, Debug, Default, PartialEq, Eq)]
pub struct Settings {
    /// `c`: line at a time, edited by the system; off is character at a time and no output processing.
    pub canonical: Change,
    /// `e`
    pub echo: Change,
    /// `s`: ^C, ^Z, ^S and the like mean something to the system.
    pub signals: Change,
    /// A terminal other than standard input.
    pub device: Option<Vec<u8>>,
}

impl Settings {
    /// Reads the words after the driver's name.
    pub fn parse(command: &[u8]) -> Settings {
        let mut settings = Settings::default();
        for word in command.split(|b| *b == b' ').skip(1) {
            let change = match word.first() {
                Some(b'+') => Change::On,
                Some(b'-') => Change::Off,
                Some(_) => {
                    settings.device = Some(word.to_vec());
                    continue;
                }
                None => continue,
            };
            match word.get(1) {
                Some(b'c') => settings.canonical = change,
                Some(b'e') => settings.echo = change,
                Some(b's') => settings.signals = change,
                _ => {}
            }
        }
        settings
    }
}

fn put(flags: &mut libc::tcflag_t, bits: libc::tcflag_t, change: Change) {
    match change {
        Change::On => *flags |= bits,
        Change::Off => *flags &= !bits,
        Change::Keep => {}
    }
}

impl Mode {
    /// The present mode of a terminal; ENOTTY for anything else.
    pub fn of(fd: RawFd) -> io::Result<Mode> {
        let mut t = MaybeUninit::<libc::termios>::uninit();
        // SAFETY: filled in by a successful call.
        unsafe {
            check(libc::tcgetattr(fd, t.as_mut_ptr()))?;
            Ok(Mode(t.assume_init()))
        }
    }

    /// This mode with changes.
    pub fn with(&self, s: &Settings) -> Mode {
        let mut t = self.0;
        t.c_iflag &= !libc::ISTRIP;
        put(&mut t.c_iflag, libc::ICRNL, s.canonical);
        put(&mut t.c_lflag, libc::ICANON, s.canonical);
        put(&mut t.c_oflag, libc::OPOST, s.canonical);
        if s.canonical == Change::Off {
            t.c_cc[libc::VMIN] = 1;
            t.c_cc[libc::VTIME] = 0;
        }
        put(&mut t.c_lflag, libc::ECHO, s.echo);
        let input = libc::BRKINT | libc::IGNPAR | libc::ICRNL | libc::IXON | libc::IXANY;
        put(&mut t.c_iflag, input, s.signals);
        put(&mut t.c_lflag, libc::ISIG | libc::IEXTEN, s.signals);
        Mode(t)
    }

    /// This mode with every byte passed on as it is typed, without echo or meaning; line ends are still completed on output.
    pub fn transparent(&self) -> Mode {
        let mut t = self.0;
        t.c_iflag = libc::BRKINT | libc::IGNPAR;
        t.c_oflag = libc::OPOST | libc::ONLCR;
        t.c_lflag = 0;
        t.c_cc[libc::VMIN] = 1;
        t.c_cc[libc::VTIME] = 0;
        Mode(t)
    }

    /// This mode with ^S and ^Q as characters like others.
    pub fn without_flow_control(&self) -> Mode {
        let mut t = self.0;
        t.c_iflag &= !(libc::IXON | libc::IXOFF);
        Mode(t)
    }

    /// This mode with ^C as a character like others.
    pub fn without_interrupt(&self) -> Mode {
        let mut t = self.0;
        t.c_cc[libc::VINTR] = 0;
        Mode(t)
    }

    /// Is the system editing lines (`canonical`)?
    pub fn is_canonical(&self) -> bool {
        self.0.c_lflag & libc::ICANON != 0
    }

    /// Does the terminal echo?
    pub fn has_echo(&self) -> bool {
        self.0.c_lflag & libc::ECHO != 0
    }

    /// Makes this the mode of a terminal, at once. In the background it would stop the process, so it is not done there
    /// and says EIO; the mode is to be set again on SIGCONT.
    pub fn set(&self, fd: RawFd) -> io::Result<()> {
        if !in_foreground(fd) {
            return Err(io::Error::from_raw_os_error(libc::EIO));
        }
        // SAFETY: a valid termios.
        check(unsafe { libc::tcsetattr(fd, libc::TCSANOW, &self.0) }).map(drop)
    }
}

/// Does this process belong to the terminal's foreground group? True also where the terminal does not control this session.
fn in_foreground(fd: RawFd) -> bool {
    // SAFETY: asks only.
    unsafe {
        let group = libc::tcgetpgrp(fd);
        group < 0 || group == libc::getpgrp()
    }
}

/// Columns and rows of the window, if the terminal knows; a zero is one it does not know.
pub fn window_size(fd: RawFd) -> io::Result<(u16, u16)> {
    let mut size = libc::winsize { ws_row: 0, ws_col: 0, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the request fills in a winsize.
    check(unsafe { libc::ioctl(fd, libc::TIOCGWINSZ, &mut size) })?;
    Ok((size.ws_col, size.ws_row))
}

/// The state that standard input had when the VM started.
struct Initial {
    mode: Mode,
    nonblocking: bool,
}

static INITIAL: Mutex<Option<Initial>> = Mutex::new(None);

extern "C" fn at_exit() {
    restore();
}

/// Remembers the state of standard input, to be put back when the process exits in an orderly way. Call it first thing.
pub fn remember() {
    let mut initial = INITIAL.lock().unwrap_or_else(|e| e.into_inner());
    if initial.is_none()
        && let Ok(mode) = Mode::of(0)
    {
        let nonblocking = crate::fd::is_nonblocking(0).unwrap_or(false);
        *initial = Some(Initial { mode, nonblocking });
        // SAFETY: the handler takes no argument and does not unwind.
        unsafe { libc::atexit(at_exit) };
    }
}

/// The mode that standard input had at the start, if it is a terminal; for the break handler, which reads whole lines.
pub fn initial_mode() -> Option<Mode> {
    INITIAL.lock().unwrap_or_else(|e| e.into_inner()).as_ref().map(|i| i.mode)
}

/// Puts standard input back as it was. Done at exit by itself; needed before an `_exit` or an abort.
pub fn restore() {
    let Ok(initial) = INITIAL.try_lock() else { return };
    if let Some(initial) = initial.as_ref() {
        let _ = initial.mode.set(0);
        let _ = crate::fd::set_nonblocking(0, initial.nonblocking);
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::{AsRawFd, FromRawFd, OwnedFd};

    fn pty() -> Option<(OwnedFd, OwnedFd)> {
        let (mut a, mut b) = (-1, -1);
        let name = std::ptr::null_mut::<libc::c_char>();
        let (mode, size) = (name.cast(), name.cast());
        // SAFETY: fills in two new descriptors, which are then ours.
        unsafe {
            if libc::openpty(&mut a, &mut b, name, mode, size) != 0 {
                return None;
            }
            Some((OwnedFd::from_raw_fd(a), OwnedFd::from_raw_fd(b)))
        }
    }

    #[test]
    fn settings_from_the_driver_name() {
        let s = Settings::parse(b"tty_sl -c -e");
        assert_eq!((s.canonical, s.echo, s.signals), (Change::Off, Change::Off, Change::Keep));
        let s = Settings::parse(b"tty_sl +s  -x /dev/tty7");
        assert_eq!(s.signals, Change::On);
        assert_eq!(s.device.as_deref(), Some(&b"/dev/tty7"[..]));
        assert_eq!(Settings::parse(b""), Settings::default());
    }

    #[test]
    fn raw_and_back() {
        let Some((_master, slave)) = pty() else { return };
        let fd = slave.as_raw_fd();
        let cooked = Mode::of(fd).unwrap();
        assert!(cooked.is_canonical() && cooked.has_echo());
        cooked.with(&Settings::parse(b"tty_sl -c -e")).set(fd).unwrap();
        let raw = Mode::of(fd).unwrap();
        assert!(!raw.is_canonical() && !raw.has_echo());
        cooked.set(fd).unwrap();
        assert!(Mode::of(fd).unwrap().is_canonical());
        assert_eq!(window_size(fd).unwrap(), (0, 0));
        let (r, _w) = crate::fd::pipe().unwrap();
        assert!(Mode::of(r.as_raw_fd()).is_err() && window_size(r.as_raw_fd()).is_err());
    }
}
