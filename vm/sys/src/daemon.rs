//! Going into the background, for `-detached`.

use std::io;
use std::os::fd::AsRawFd;

/// Leaves the terminal: the caller's process ends with status 0, and what returns is its grandchild, in a session of its
/// own, with `/dev/null` at descriptors 0 to 2. To be called before the process has a second thread: EBUSY otherwise.
pub fn detach() -> io::Result<()> {
    if !is_single_threaded() {
        return Err(io::Error::from_raw_os_error(libc::EBUSY));
    }
    fork_and_leave()?;
    // SAFETY: no memory is involved; it cannot fail in a fresh child.
    unsafe { libc::setsid() };
    fork_and_leave()?;
    let null = std::fs::OpenOptions::new().read(true).write(true).open("/dev/null")?;
    for fd in 0..3 {
        crate::fd::dup2(null.as_raw_fd(), fd)?;
    }
    // With 0 to 2 closed before, `null` was one of them and must stay.
    if null.as_raw_fd() < 3 {
        std::mem::forget(null);
    }
    Ok(())
}

fn is_single_threaded() -> bool {
    match std::fs::read_dir("/proc/self/task") {
        Ok(tasks) => tasks.count() == 1,
        Err(_) => true,
    }
}

/// Returns in the child only.
fn fork_and_leave() -> io::Result<()> {
    // SAFETY: there is one thread, so the child finds every lock and every structure in order.
    match crate::fd::check(unsafe { libc::fork() })? {
        0 => Ok(()),
        // SAFETY: ends the process without running handlers that belong to the child now.
        _ => unsafe { libc::_exit(0) },
    }
}

#[cfg(test)]
mod tests {
    #[test]
    #[cfg(target_os = "linux")]
    fn refused_with_threads() {
        // The test harness has more than one thread.
        let t = std::thread::spawn(|| super::detach().unwrap_err().raw_os_error());
        assert_eq!(t.join().unwrap(), Some(libc::EBUSY));
    }
}
