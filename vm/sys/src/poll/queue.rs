//! Waiting for the system's events.
//!
//! `mio` rounds waits up to milliseconds; timers of schedulers that wait here are more precise. Where the system can wait for
//! nanoseconds it is asked itself, and elsewhere mio is.

use super::Interest;
use mio::{Poll, Token};
use std::io;

/// Most events of one wait: while one thread tells of them another may fetch the next.
const MOST: usize = 64;

/// What the system says of a descriptor.
pub(super) struct Event {
    pub token: Token,
    pub ready: Interest,
    /// An end, an error or urgent data, which is said once, however much is read then.
    pub ended: bool,
}

#[cfg(target_os = "linux")]
pub(super) use linux::Events;

#[cfg(target_os = "linux")]
mod linux {
    use super::{Event, Interest, MOST, Poll, Token, io};
    use std::os::fd::AsRawFd;
    use std::sync::atomic::{AtomicBool, Ordering};

    pub(in crate::poll) struct Events(Vec<libc::epoll_event>);

    /// The kernel has no `epoll_pwait2`.
    static COARSE: AtomicBool = AtomicBool::new(false);

    impl Events {
        pub fn new() -> Events {
            Events(Vec::with_capacity(MOST))
        }
        pub fn wait(&mut self, poll: &mut Poll, timeout_ns: Option<u64>) -> io::Result<()> {
            self.0.clear();
            let fd = poll.as_raw_fd();
            let place = self.0.as_mut_ptr();
            let most = MOST as i32;
            let n = match timeout_ns {
                Some(ns) if ns > 0 && !COARSE.load(Ordering::Relaxed) => {
                    let time = timespec(ns);
                    let mask = std::ptr::null::<libc::sigset_t>();
                    let size = 0usize;
                    // SAFETY: there is room for so many events; the time lives until the call returns.
                    let n = unsafe {
                        libc::syscall(libc::SYS_epoll_pwait2, fd, place, most, &time, mask, size)
                    };
                    n as i32
                }
                _ => {
                    let ms = match timeout_ns {
                        None => -1,
                        Some(ns) => i32::try_from(ns.div_ceil(1_000_000)).unwrap_or(i32::MAX),
                    };
                    // SAFETY: as above.
                    unsafe { libc::epoll_wait(fd, place, most, ms) }
                }
            };
            if n < 0 {
                let e = io::Error::last_os_error();
                if matches!(e.raw_os_error(), Some(libc::ENOSYS | libc::EPERM))
                    && !COARSE.swap(true, Ordering::Relaxed)
                {
                    return self.wait(poll, timeout_ns);
                }
                return Err(e);
            }
            // SAFETY: the system has written `n` events, at most so many as there is room for.
            unsafe { self.0.set_len(n as usize) };
            Ok(())
        }
        pub fn iter(&self) -> impl Iterator<Item = Event> {
            self.0.iter().map(|e| {
                let any = |bits: i32| e.events & bits as u32 != 0;
                let gone = any(libc::EPOLLERR | libc::EPOLLHUP);
                let read = gone || any(libc::EPOLLIN | libc::EPOLLPRI | libc::EPOLLRDHUP);
                let write = gone || any(libc::EPOLLOUT);
                let ended = gone || any(libc::EPOLLRDHUP | libc::EPOLLPRI);
                let token = Token(e.u64 as usize);
                Event { token, ready: Interest { read, write }, ended }
            })
        }
    }

    fn timespec(ns: u64) -> libc::timespec {
        libc::timespec {
            tv_sec: i64::try_from(ns / 1_000_000_000).unwrap_or(i64::MAX),
            tv_nsec: (ns % 1_000_000_000) as i64,
        }
    }
}

#[cfg(not(target_os = "linux"))]
pub(super) struct Events(mio::Events);

#[cfg(not(target_os = "linux"))]
impl Events {
    pub fn new() -> Events {
        Events(mio::Events::with_capacity(MOST))
    }
    pub fn wait(&mut self, poll: &mut Poll, timeout_ns: Option<u64>) -> io::Result<()> {
        poll.poll(&mut self.0, timeout_ns.map(std::time::Duration::from_nanos))
    }
    pub fn iter(&self) -> impl Iterator<Item = Event> {
        self.0.iter().map(|e| {
            let gone = e.is_error() || (e.is_read_closed() && e.is_write_closed());
            let read = gone || e.is_readable() || e.is_read_closed();
            let write = gone || e.is_writable() || e.is_write_closed();
            let ended = gone || e.is_read_closed() || e.is_write_closed();
            Event { token: e.token(), ready: Interest { read, write }, ended }
        })
    }
}
