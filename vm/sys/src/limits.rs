//! Limits on descriptors.

use std::io;
use std::mem::MaybeUninit;
use std::sync::atomic::{AtomicU64, Ordering};

/// The limit as it was before [`raise_fd_limit`]; `u64::MAX` when it was not raised.
static BEFORE: AtomicU64 = AtomicU64::new(u64::MAX);

fn get() -> io::Result<libc::rlimit> {
    let mut limit = MaybeUninit::<libc::rlimit>::uninit();
    // SAFETY: filled in by a successful call.
    unsafe {
        crate::fd::check(libc::getrlimit(libc::RLIMIT_NOFILE, limit.as_mut_ptr()))?;
        Ok(limit.assume_init())
    }
}

/// How many descriptors this process may have (`check_io`'s `max_fds`).
pub fn max_fds() -> u64 {
    get().map_or(1024, |l| l.rlim_cur)
}

/// Raises the limit to what the system allows, at most `wanted`; gives the new limit. Programs started later get the old one back,
/// since some (those using `select`) cannot live with more.
pub fn raise_fd_limit(wanted: u64) -> io::Result<u64> {
    let mut limit = get()?;
    let new = wanted.min(limit.rlim_max);
    if new > limit.rlim_cur {
        let _ =
            BEFORE.compare_exchange(u64::MAX, limit.rlim_cur, Ordering::SeqCst, Ordering::SeqCst);
        limit.rlim_cur = new;
        // SAFETY: a valid limit.
        crate::fd::check(unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) })?;
    }
    Ok(limit.rlim_cur)
}

/// In a child before exec: puts the limit back. System calls only.
pub(crate) fn restore_fd_limit() {
    let before = BEFORE.load(Ordering::SeqCst);
    if before != u64::MAX
        && let Ok(mut limit) = get()
    {
        limit.rlim_cur = before;
        // SAFETY: a valid limit, lower than the present one.
        unsafe { libc::setrlimit(libc::RLIMIT_NOFILE, &limit) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn limits() {
        let now = max_fds();
        assert!(now >= 64);
        assert_eq!(raise_fd_limit(1).unwrap(), now, "never lowered");
        assert!(raise_fd_limit(now + 1).unwrap() >= now);
    }
}
