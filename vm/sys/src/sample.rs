//! Samples of what the threads of this process are at, by a signal every so much processor time.
//!
//! A sample is the registers that may hold the place in interpreted code: which of them do is for the reader of
//! the samples to find out. They go into a ring of fixed size, since a signal handler may not do more.

use core::sync::atomic::{AtomicU64, AtomicUsize, Ordering};
use std::io;
use std::time::Duration;

/// Registers of a sample, those that are likeliest to hold the place first.
pub const REGISTERS: usize = 9;
pub type Sample = [u64; REGISTERS];

/// Samples that are kept; later ones overwrite the first.
const KEPT: usize = 1 << 16;

struct Ring {
    next: AtomicUsize,
    words: Box<[AtomicU64]>,
}

static RING: std::sync::OnceLock<Ring> = std::sync::OnceLock::new();

/// Begins to sample, each time that the process has used so much processor time.
/// # Errors
/// `Unsupported` where the registers are not known; what the system says otherwise.
pub fn start(interval: Duration) -> io::Result<()> {
    if !cfg!(all(target_os = "linux", target_arch = "x86_64")) {
        return Err(io::ErrorKind::Unsupported.into());
    }
    let words = (0..KEPT * REGISTERS).map(|_| AtomicU64::new(0)).collect();
    if RING.set(Ring { next: AtomicUsize::new(0), words }).is_err() {
        return Ok(());
    }
    let tv = libc::timeval { tv_sec: 0, tv_usec: interval.subsec_micros().max(100).into() };
    // SAFETY: the action and the timer are valid; the handler only stores to the ring.
    unsafe {
        let mut action: libc::sigaction = core::mem::zeroed();
        action.sa_sigaction = on_signal as *const () as usize;
        action.sa_flags = libc::SA_SIGINFO | libc::SA_RESTART;
        if libc::sigaction(libc::SIGPROF, &action, core::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
        let timer = libc::itimerval { it_interval: tv, it_value: tv };
        if libc::setitimer(libc::ITIMER_PROF, &timer, core::ptr::null_mut()) != 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

extern "C" fn on_signal(_: i32, _: *mut libc::siginfo_t, context: *mut core::ffi::c_void) {
    let Some(ring) = RING.get() else { return };
    let sample = registers(context);
    let at = ring.next.fetch_add(1, Ordering::Relaxed) % KEPT * REGISTERS;
    for (word, value) in ring.words.iter().skip(at).zip(sample) {
        word.store(value, Ordering::Relaxed);
    }
}

#[cfg(all(target_os = "linux", target_arch = "x86_64"))]
fn registers(context: *mut core::ffi::c_void) -> Sample {
    // SAFETY: the system gives a handler with SA_SIGINFO the interrupted context.
    let g = unsafe { &(*(context as *const libc::ucontext_t)).uc_mcontext.gregs };
    [
        libc::REG_RSI,
        libc::REG_RBX,
        libc::REG_R12,
        libc::REG_R13,
        libc::REG_R14,
        libc::REG_R15,
        libc::REG_RBP,
        libc::REG_RAX,
        libc::REG_RDI,
    ]
    .map(|r| g[r as usize] as u64)
}

#[cfg(not(all(target_os = "linux", target_arch = "x86_64")))]
fn registers(_: *mut core::ffi::c_void) -> Sample {
    [0; REGISTERS]
}

/// Ends sampling; the samples.
pub fn stop() -> Vec<Sample> {
    let Some(ring) = RING.get() else { return Vec::new() };
    // SAFETY: zero disarms the timer.
    unsafe {
        let never: libc::itimerval = core::mem::zeroed();
        libc::setitimer(libc::ITIMER_PROF, &never, core::ptr::null_mut());
    }
    let n = ring.next.load(Ordering::Relaxed).min(KEPT);
    let sample =
        |i: usize| core::array::from_fn(|k| ring.words[i * REGISTERS + k].load(Ordering::Relaxed));
    (0..n).map(sample).collect()
}
