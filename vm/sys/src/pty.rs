//! Pseudo-terminals, programs on them, and the FIFOs by which others reach those.

use crate::fd::check;
use std::ffi::CStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::{AsRawFd, FromRawFd, OwnedFd, RawFd};
use std::os::unix::ffi::OsStrExt;
use std::os::unix::fs::OpenOptionsExt;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Child, Command};

/// A new pseudo-terminal.
pub struct Pty {
    /// The side that plays the user: what is written here is typed, what is read was printed.
    pub master: OwnedFd,
    /// The name of the terminal itself.
    pub slave: PathBuf,
}

/// Makes a pseudo-terminal.
pub fn open() -> io::Result<Pty> {
    // SAFETY: no memory is involved; the result is a new descriptor or an error.
    let fd = check(unsafe { libc::posix_openpt(libc::O_RDWR | libc::O_NOCTTY) })?;
    // SAFETY: just opened, owned by nobody else.
    let master = unsafe { OwnedFd::from_raw_fd(fd) };
    crate::fd::set_cloexec(fd, true)?;
    // SAFETY: both act on our own descriptor only.
    unsafe {
        check(libc::grantpt(fd))?;
        check(libc::unlockpt(fd))?;
    }
    Ok(Pty { slave: slave_name(fd)?, master })
}

/// The name of the other side of a master.
#[cfg(target_os = "linux")]
fn slave_name(master: RawFd) -> io::Result<PathBuf> {
    let mut name = [0; 256];
    // SAFETY: at most the given length is written, a NUL included.
    let result = unsafe { libc::ptsname_r(master, name.as_mut_ptr(), name.len()) };
    if result != 0 {
        return Err(io::Error::from_raw_os_error(result));
    }
    // SAFETY: the call has put a terminated string there.
    let name = unsafe { CStr::from_ptr(name.as_ptr()) };
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name.to_bytes())))
}

/// The name of the other side of a master.
#[cfg(not(target_os = "linux"))]
fn slave_name(master: RawFd) -> io::Result<PathBuf> {
    static ONE_AT_A_TIME: std::sync::Mutex<()> = std::sync::Mutex::new(());
    let _guard = ONE_AT_A_TIME.lock().unwrap_or_else(|e| e.into_inner());
    // SAFETY: the static buffer behind the result is used by one thread at a time.
    let name = unsafe {
        let name = libc::ptsname(master);
        if name.is_null() {
            return Err(io::Error::last_os_error());
        }
        CStr::from_ptr(name)
    };
    Ok(PathBuf::from(std::ffi::OsStr::from_bytes(name.to_bytes())))
}

/// Tells a terminal how large its window is.
pub fn set_window_size(fd: RawFd, columns: u16, rows: u16) -> io::Result<()> {
    let size = libc::winsize { ws_row: rows, ws_col: columns, ws_xpixel: 0, ws_ypixel: 0 };
    // SAFETY: the request reads a winsize.
    check(unsafe { libc::ioctl(fd, libc::TIOCSWINSZ, &size) }).map(drop)
}

/// Starts a program in a session of its own that `slave` controls, as its standard input, output and error. Without
/// `flow_control`, ^S and ^Q are characters like others.
pub fn spawn(command: &mut Command, slave: &Path, flow_control: bool) -> io::Result<Child> {
    let terminal =
        OpenOptions::new().read(true).write(true).custom_flags(libc::O_NOCTTY).open(slave)?;
    if !flow_control {
        crate::tty::Mode::of(terminal.as_raw_fd())?
            .without_flow_control()
            .set(terminal.as_raw_fd())?;
    }
    command.stdin(terminal.try_clone()?).stdout(terminal.try_clone()?).stderr(terminal);
    // SAFETY: the closure does system calls only.
    unsafe {
        command.pre_exec(|| {
            check(libc::setsid())?;
            check(libc::ioctl(0, libc::TIOCSCTTY as _, 0)).map(drop)
        });
    }
    command.spawn()
}

/// Opens a FIFO without waiting for its other side; the descriptor does not block. For writing it is ENXIO when nobody
/// reads.
pub fn open_fifo(path: &Path, write: bool) -> io::Result<File> {
    OpenOptions::new().read(!write).write(write).custom_flags(libc::O_NONBLOCK).open(path)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::io::{Read, Write};

    #[test]
    fn a_program_on_a_terminal() {
        let pty = open().expect("pty");
        set_window_size(pty.master.as_raw_fd(), 100, 30).expect("size");
        let mut command = Command::new("/bin/sh");
        command.args(["-c", "stty size; read x; echo got:$x; tty >/dev/null && echo tty"]);
        let mut child = spawn(&mut command, &pty.slave, false).expect("started");
        drop(command);
        let mut master = File::from(pty.master);
        master.write_all(b"hello\n").expect("typed");
        let mut out = Vec::new();
        let mut chunk = [0; 256];
        // The end of a terminal's last user is EIO here.
        while let Ok(n @ 1..) = master.read(&mut chunk) {
            out.extend_from_slice(&chunk[..n]);
        }
        assert!(child.wait().expect("ended").success());
        let out = String::from_utf8_lossy(&out).into_owned();
        assert!(out.contains("30 100"), "{out}");
        assert!(out.contains("got:hello\r\ntty\r\n"), "{out}");
    }
}
