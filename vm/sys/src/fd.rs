//! Raw file descriptors: the reads, writes and flags that std does not offer on bare numbers.
//!
//! Erlang ports name descriptors by number (`open_port({fd, In, Out}, …)`), so these functions take numbers. A number that is not
//! open gives EBADF. Whoever owns a descriptor says when it is closed; [`close`] is for those.

use std::ffi::CStr;
use std::io::{self, IoSlice};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

pub(crate) fn check(result: i32) -> io::Result<i32> {
    if result < 0 { Err(io::Error::last_os_error()) } else { Ok(result) }
}

pub(crate) fn check_size(result: isize) -> io::Result<usize> {
    usize::try_from(result).map_err(|_| io::Error::last_os_error())
}

/// Runs `call` again while it was interrupted by a signal.
pub(crate) fn retry<T>(mut call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    loop {
        match call() {
            Err(e) if e.kind() == io::ErrorKind::Interrupted => {}
            other => return other,
        }
    }
}

/// Calls again as long as signals interrupt it.
pub fn repeat<T>(call: impl FnMut() -> io::Result<T>) -> io::Result<T> {
    retry(call)
}

/// Is this error "would block"?
pub fn would_block(e: &io::Error) -> bool {
    e.kind() == io::ErrorKind::WouldBlock
}

/// Reads once; 0 is the end of the file.
pub fn read(fd: RawFd, buf: &mut [u8]) -> io::Result<usize> {
    // SAFETY: the buffer is valid for its length.
    retry(|| check_size(unsafe { libc::read(fd, buf.as_mut_ptr().cast(), buf.len()) }))
}

/// Reads once up to `max` bytes onto the end of `buf`; 0 is the end of the file.
pub fn read_append(fd: RawFd, buf: &mut Vec<u8>, max: usize) -> io::Result<usize> {
    crate::oom::reserve(buf, max)?;
    let spare = buf.spare_capacity_mut();
    let (p, len) = (spare.as_mut_ptr(), spare.len().min(max));
    // SAFETY: `p` is valid for writes of `len` bytes.
    let n = retry(|| check_size(unsafe { libc::read(fd, p.cast(), len) }))?;
    // SAFETY: the system has written `n <= len` bytes there.
    unsafe { buf.set_len(buf.len() + n) };
    Ok(n)
}

/// Writes once; may write less than asked.
pub fn write(fd: RawFd, buf: &[u8]) -> io::Result<usize> {
    // SAFETY: the buffer is valid for its length.
    retry(|| check_size(unsafe { libc::write(fd, buf.as_ptr().cast(), buf.len()) }))
}

/// The most slices that [`writev`] passes on at once.
pub const MAX_SLICES: usize = 1024;

/// Writes once from several slices (the first [`MAX_SLICES`]); may write less than asked.
pub fn writev(fd: RawFd, bufs: &[IoSlice<'_>]) -> io::Result<usize> {
    let count = bufs.len().min(MAX_SLICES) as i32;
    // SAFETY: IoSlice has the layout of iovec, and each slice is valid for its length.
    retry(|| check_size(unsafe { libc::writev(fd, bufs.as_ptr().cast(), count) }))
}

/// Writes everything, waiting when the descriptor is non-blocking and full.
pub fn write_all(fd: RawFd, mut buf: &[u8]) -> io::Result<()> {
    while !buf.is_empty() {
        match write(fd, buf) {
            Ok(0) => return Err(io::ErrorKind::WriteZero.into()),
            Ok(n) => buf = &buf[n..],
            Err(e) if would_block(&e) => {
                wait_ready(fd, false, true, None)?;
            }
            Err(e) => return Err(e),
        }
    }
    Ok(())
}

/// What a descriptor is ready for.
#[derive(Clone, Copy, Debug, Default, PartialEq, Eq)]
pub struct Readiness {
    pub read: bool,
    pub write: bool,
}

/// Blocks this thread until `fd` is readable (writable), or `timeout_ms` has passed. An error or hang-up counts as ready.
pub fn wait_ready(
    fd: RawFd,
    read: bool,
    write: bool,
    timeout_ms: Option<i32>,
) -> io::Result<Readiness> {
    let events = if read { libc::POLLIN } else { 0 } | if write { libc::POLLOUT } else { 0 };
    let mut p = libc::pollfd { fd, events, revents: 0 };
    // SAFETY: one valid pollfd.
    retry(|| check(unsafe { libc::poll(&mut p, 1, timeout_ms.unwrap_or(-1)) }))?;
    let other = p.revents & (libc::POLLERR | libc::POLLHUP | libc::POLLNVAL) != 0;
    Ok(Readiness {
        read: read && (other || p.revents & libc::POLLIN != 0),
        write: write && (other || p.revents & libc::POLLOUT != 0),
    })
}

/// Whether the other end has gone. An error, when the descriptor is not open.
pub fn is_hung_up(fd: RawFd) -> io::Result<bool> {
    let mut p = libc::pollfd { fd, events: 0, revents: 0 };
    // SAFETY: one valid pollfd.
    retry(|| check(unsafe { libc::poll(&mut p, 1, 0) }))?;
    match p.revents & libc::POLLNVAL {
        0 => Ok(p.revents & libc::POLLHUP != 0),
        _ => Err(io::Error::from_raw_os_error(libc::EBADF)),
    }
}

/// Closes a descriptor that the caller owns.
pub fn close(fd: RawFd) -> io::Result<()> {
    // SAFETY: closing is the owner's right; the descriptor is gone even when this reports an error.
    check(unsafe { libc::close(fd) }).map(drop)
}

/// Is the number an open descriptor?
pub fn is_open(fd: RawFd) -> bool {
    // SAFETY: reads flags only.
    unsafe { libc::fcntl(fd, libc::F_GETFD) >= 0 }
}

/// Turns O_NONBLOCK on or off. It belongs to the open file: whoever shares that file sees it too.
pub fn set_nonblocking(fd: RawFd, on: bool) -> io::Result<()> {
    // SAFETY: reads flags only.
    let old = check(unsafe { libc::fcntl(fd, libc::F_GETFL) })?;
    let new = if on { old | libc::O_NONBLOCK } else { old & !libc::O_NONBLOCK };
    if new != old {
        // SAFETY: sets flags only.
        check(unsafe { libc::fcntl(fd, libc::F_SETFL, new) })?;
    }
    Ok(())
}

/// Is O_NONBLOCK set?
pub fn is_nonblocking(fd: RawFd) -> io::Result<bool> {
    // SAFETY: reads flags only.
    Ok(check(unsafe { libc::fcntl(fd, libc::F_GETFL) })? & libc::O_NONBLOCK != 0)
}

/// Says whether programs started later inherit the descriptor (`on` = they do not).
pub fn set_cloexec(fd: RawFd, on: bool) -> io::Result<()> {
    // SAFETY: sets a flag only.
    check(unsafe { libc::fcntl(fd, libc::F_SETFD, if on { libc::FD_CLOEXEC } else { 0 }) })?;
    Ok(())
}

/// Is it a regular file?
pub fn is_regular(fd: RawFd) -> bool {
    let mut st = std::mem::MaybeUninit::<libc::stat>::uninit();
    // SAFETY: filled in by a successful call.
    unsafe {
        libc::fstat(fd, st.as_mut_ptr()) == 0
            && st.assume_init().st_mode & libc::S_IFMT == libc::S_IFREG
    }
}

/// Is it a terminal?
pub fn is_tty(fd: RawFd) -> bool {
    // SAFETY: asks only.
    unsafe { libc::isatty(fd) == 1 }
}

/// The path of the terminal device, as `/dev/pts/3`.
pub fn tty_name(fd: RawFd) -> io::Result<std::path::PathBuf> {
    use std::os::unix::ffi::OsStringExt;
    let mut buf = [0u8; 256];
    // SAFETY: the buffer is valid for its length.
    match unsafe { libc::ttyname_r(fd, buf.as_mut_ptr().cast(), buf.len()) } {
        0 => {
            let name = CStr::from_bytes_until_nul(&buf).map_err(|_| io::ErrorKind::InvalidData)?;
            Ok(std::ffi::OsString::from_vec(name.to_bytes().to_vec()).into())
        }
        e => Err(io::Error::from_raw_os_error(e)),
    }
}

/// Opens a file by name for reading, writing or both, without creating it, close-on-exec and not as controlling terminal.
pub fn open(path: &CStr, read: bool, write: bool) -> io::Result<OwnedFd> {
    let mode = match (read, write) {
        (true, true) => libc::O_RDWR,
        (false, true) => libc::O_WRONLY,
        _ => libc::O_RDONLY,
    };
    let fd = retry(|| {
        // SAFETY: the path is terminated.
        check(unsafe { libc::open(path.as_ptr(), mode | libc::O_CLOEXEC | libc::O_NOCTTY) })
    })?;
    // SAFETY: just opened, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

/// A pipe: (read end, write end), both close-on-exec.
pub fn pipe() -> io::Result<(OwnedFd, OwnedFd)> {
    let (r, w) = io::pipe()?;
    Ok((r.into(), w.into()))
}

/// A duplicate, close-on-exec, numbered at least `min`.
pub fn dup_from(fd: RawFd, min: RawFd) -> io::Result<OwnedFd> {
    // SAFETY: makes a new descriptor.
    let new = check(unsafe { libc::fcntl(fd, libc::F_DUPFD_CLOEXEC, min) })?;
    // SAFETY: just made, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(new) })
}

/// A duplicate, close-on-exec.
pub fn dup(fd: RawFd) -> io::Result<OwnedFd> {
    dup_from(fd, 0)
}

/// Makes `to` refer to what `from` refers to; inherited by programs started later. `to` is the caller's to replace.
pub fn dup2(from: RawFd, to: RawFd) -> io::Result<()> {
    // SAFETY: replaces a descriptor that the caller owns.
    retry(|| check(unsafe { libc::dup2(from, to) })).map(drop)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn pipe_nonblocking() {
        let (r, w) = pipe().unwrap();
        let (r, w) = (r.as_raw_fd(), w.as_raw_fd());
        set_nonblocking(r, true).unwrap();
        assert!(is_nonblocking(r).unwrap() && !is_nonblocking(w).unwrap());
        let mut buf = [0; 8];
        assert!(would_block(&read(r, &mut buf).unwrap_err()));
        assert!(!wait_ready(r, true, false, Some(0)).unwrap().read);
        assert_eq!(writev(w, &[IoSlice::new(b"ab"), IoSlice::new(b"cde")]).unwrap(), 5);
        assert!(wait_ready(r, true, false, None).unwrap().read);
        let mut v = b"x".to_vec();
        assert_eq!(read_append(r, &mut v, 4).unwrap(), 4);
        assert_eq!(v, b"xabcd");
        assert_eq!(read(r, &mut buf).unwrap(), 1);
        assert!(!is_tty(r) && is_open(r));
    }

    #[test]
    fn closed_is_ebadf() {
        let e = read(-1, &mut [0; 1]).unwrap_err();
        assert_eq!(e.raw_os_error(), Some(libc::EBADF));
        assert!(!is_open(-1));
        assert!(tty_name(-1).is_err());
    }
}
