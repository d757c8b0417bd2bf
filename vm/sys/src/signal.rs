//! OS signals.
//!
//! A handler may do next to nothing, so it sets a bit and writes a byte to a pipe; a thread of its own reads the pipe and
//! calls back in ordinary surroundings. Signals of one kind that arrive before the callback are one signal, as the system
//! itself has it.
//!
//! Dispositions found at the first use of this module are remembered: programs that the VM starts get those, not
//! what the VM has set for itself since. SIGPIPE is ignored from the start of every Rust program on, and stays so in children
//! (they see the same under the reference).

use std::io;
use std::os::fd::{AsRawFd, IntoRawFd, OwnedFd};
use std::sync::OnceLock;
use std::sync::atomic::{AtomicI32, AtomicU64, Ordering};

macro_rules! signals {
    ($($(#[$attr:meta])* $constant:ident $name:literal)*) => {
        /// The signals that `os:set_signal/2` and the VM itself deal with.
        pub const ALL: &[i32] = &[$($(#[$attr])* libc::$constant),*];

        /// The number of a signal by its Erlang name (`"sighup"`).
        pub fn number(name: &str) -> Option<i32> {
            match name {
                $($(#[$attr])* $name => Some(libc::$constant),)*
                _ => None,
            }
        }

        /// The Erlang name of a signal number.
        pub fn name(signal: i32) -> Option<&'static str> {
            match signal {
                $($(#[$attr])* libc::$constant => Some($name),)*
                _ => None,
            }
        }
    };
}

signals! {
    SIGHUP "sighup"
    SIGINT "sigint"
    SIGQUIT "sigquit"
    SIGABRT "sigabrt"
    SIGALRM "sigalrm"
    SIGTERM "sigterm"
    SIGUSR1 "sigusr1"
    SIGUSR2 "sigusr2"
    SIGCHLD "sigchld"
    SIGSTOP "sigstop"
    SIGTSTP "sigtstp"
    SIGCONT "sigcont"
    SIGWINCH "sigwinch"
}

/// What is to happen when a signal arrives.
#[derive(Clone, Copy, Debug, PartialEq, Eq)]
pub enum Action {
    /// The system's default: mostly, the process ends.
    Default,
    Ignore,
    /// The callback of [`start`] is called.
    Handle,
}

static PENDING: AtomicU64 = AtomicU64::new(0);
static PIPE: AtomicI32 = AtomicI32::new(-1);
static INITIAL: OnceLock<u64> = OnceLock::new();

fn bit(signal: i32) -> u64 {
    if (1..64).contains(&signal) { 1 << signal } else { 0 }
}

#[cfg(target_os = "linux")]
pub(crate) fn errno_place() -> *mut i32 {
    // SAFETY: gives the address of the thread's own errno.
    unsafe { libc::__errno_location() }
}

#[cfg(not(target_os = "linux"))]
pub(crate) fn errno_place() -> *mut i32 {
    // SAFETY: gives the address of the thread's own errno.
    unsafe { libc::__error() }
}

extern "C" fn on_signal(signal: i32) {
    PENDING.fetch_or(bit(signal), Ordering::SeqCst);
    let fd = PIPE.load(Ordering::SeqCst);
    if fd >= 0 {
        // SAFETY: write is allowed in a handler; the pipe stays open for ever; errno is this thread's and is put back. A full
        // pipe needs no further byte.
        unsafe {
            let errno = *errno_place();
            libc::write(fd, [0u8].as_ptr().cast(), 1);
            *errno_place() = errno;
        }
    }
}

/// Programs that we started, each in the place of its number: they stay until another one takes it, since a signal may be seen
/// after the end was.
static OURS: [AtomicI32; 1024] = [const { AtomicI32::new(0) }; 1024];

fn place(pid: i32) -> Option<&'static AtomicI32> {
    OURS.get(pid.cast_unsigned() as usize % OURS.len())
}

/// A program is started; also called in a child that shares our memory.
pub(crate) fn started(pid: i32) {
    if let Some(p) = place(pid) {
        p.store(pid, Ordering::SeqCst);
    }
}

/// SIGCHLD: the ends of programs that we started ourselves are nobody's business, as they are children of another
/// program in the reference. Those that a native library started are.
extern "C" fn on_child(signal: i32, info: *mut libc::siginfo_t, _: *mut core::ffi::c_void) {
    // SAFETY: the system gives a valid record, whose process is set for these codes.
    let ours = unsafe {
        let end = (libc::CLD_EXITED..=libc::CLD_CONTINUED).contains(&(*info).si_code);
        let pid = (*info).si_pid();
        end && place(pid).is_some_and(|p| p.load(Ordering::SeqCst) == pid)
    };
    if !ours {
        on_signal(signal);
    }
}

/// The bits (1 << number) of the signals in [`ALL`] that were ignored when this module was first used.
pub fn initially_ignored() -> u64 {
    *INITIAL.get_or_init(|| {
        let mut ignored = 0;
        for &signal in ALL {
            // SAFETY: all zeroes is a valid sigaction, and the call only fills it in.
            let handler = unsafe {
                let mut old: libc::sigaction = std::mem::zeroed();
                libc::sigaction(signal, std::ptr::null(), &mut old);
                old.sa_sigaction
            };
            if handler == libc::SIG_IGN {
                ignored |= bit(signal);
            }
        }
        ignored
    })
}

/// Sets what a signal does. EINVAL for what cannot be changed (SIGSTOP).
pub fn set(signal: i32, action: Action) -> io::Result<()> {
    initially_ignored();
    let handler = match action {
        Action::Default => libc::SIG_DFL,
        Action::Ignore => libc::SIG_IGN,
        Action::Handle if signal == libc::SIGCHLD => return set_child(),
        Action::Handle => on_signal as extern "C" fn(i32) as usize,
    };
    set_raw(signal, handler)
}

fn set_child() -> io::Result<()> {
    // SAFETY: all zeroes is a valid sigaction (empty mask); the handler does only what one may.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = on_child as *const () as usize;
        new.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK | libc::SA_SIGINFO;
        libc::sigemptyset(&mut new.sa_mask);
        crate::fd::check(libc::sigaction(libc::SIGCHLD, &new, std::ptr::null_mut())).map(drop)
    }
}

/// Sets a disposition; also called in a child between fork and exec, so it does nothing but system calls.
pub(crate) fn set_raw(signal: i32, handler: usize) -> io::Result<()> {
    // SAFETY: all zeroes is a valid sigaction (empty mask); the handler is one of the constants or `on_signal`, which
    // does only what a handler may.
    unsafe {
        let mut new: libc::sigaction = std::mem::zeroed();
        new.sa_sigaction = handler;
        new.sa_flags = libc::SA_RESTART | libc::SA_ONSTACK;
        libc::sigemptyset(&mut new.sa_mask);
        crate::fd::check(libc::sigaction(signal, &new, std::ptr::null_mut())).map(drop)
    }
}

/// Starts the thread that calls `callback` with the number of each handled signal. Only the first call starts one; later
/// calls fail with EALREADY. Nothing is handled yet: see [`set`].
pub fn start(mut callback: impl FnMut(i32) + Send + 'static) -> io::Result<()> {
    initially_ignored();
    let (r, w) = crate::fd::pipe()?;
    crate::fd::set_nonblocking(w.as_raw_fd(), true)?;
    let old = PIPE.compare_exchange(-1, w.as_raw_fd(), Ordering::SeqCst, Ordering::SeqCst);
    if old.is_err() {
        return Err(io::Error::from_raw_os_error(libc::EALREADY));
    }
    // Open for ever: a handler may run at any time.
    let _ = w.into_raw_fd();
    std::thread::Builder::new()
        .name("erts_sig".into())
        .stack_size(256 << 10)
        .spawn(move || deliver(r, &mut callback))?;
    Ok(())
}

fn deliver(pipe: OwnedFd, callback: &mut dyn FnMut(i32)) {
    let mut buf = [0; 64];
    while matches!(crate::fd::read(pipe.as_raw_fd(), &mut buf), Ok(1..)) {
        let mut pending = PENDING.swap(0, Ordering::SeqCst);
        while pending != 0 {
            callback(pending.trailing_zeros() as i32);
            pending &= pending - 1;
        }
    }
}

/// Sends a signal to a process, or to a group by its negated number.
pub fn send(pid: i32, signal: i32) -> io::Result<()> {
    // SAFETY: kill has no memory effects here; delivering to ourselves runs handlers that expect it.
    crate::fd::check(unsafe { libc::kill(pid, signal) }).map(drop)
}

/// Does to this process what the signal does by default. Returns only if the default is not to end.
pub fn raise_default(signal: i32) -> io::Result<()> {
    set_raw(signal, libc::SIG_DFL)?;
    // SAFETY: unblocks one signal in this thread and raises it.
    unsafe {
        let mut set: libc::sigset_t = std::mem::zeroed();
        libc::sigemptyset(&mut set);
        libc::sigaddset(&mut set, signal);
        libc::pthread_sigmask(libc::SIG_UNBLOCK, &set, std::ptr::null_mut());
        crate::fd::check(libc::raise(signal)).map(drop)
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::sync::mpsc;
    use std::time::Duration;

    #[test]
    fn handled_ignored_default() {
        let (tx, rx) = mpsc::channel();
        start(move |s| tx.send(s).unwrap_or(())).unwrap();
        assert!(start(|_| {}).is_err());
        set(libc::SIGUSR1, Action::Handle).unwrap();
        set(libc::SIGUSR2, Action::Ignore).unwrap();
        send(std::process::id() as i32, libc::SIGUSR2).unwrap();
        send(std::process::id() as i32, libc::SIGUSR1).unwrap();
        assert_eq!(rx.recv_timeout(Duration::from_secs(10)), Ok(libc::SIGUSR1));
        set(libc::SIGUSR1, Action::Default).unwrap();
        set(libc::SIGUSR2, Action::Default).unwrap();
        assert!(set(libc::SIGSTOP, Action::Ignore).is_err());
        assert!(rx.try_recv().is_err());
    }

    #[test]
    fn names() {
        for &s in ALL {
            assert_eq!(number(name(s).unwrap()), Some(s));
        }
        assert_eq!(name(libc::SIGKILL), None);
    }
}
