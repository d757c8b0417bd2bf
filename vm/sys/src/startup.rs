//! Steps of a program's start that change the whole process: its environment, its session, its mask for new files.
//!
//! They are sound only while the process has a single thread, since C code on other threads may read the environment
//! and a fork copies only the calling thread. Each function checks that and fails once other threads run.

use std::ffi::OsStr;
use std::fs::{File, OpenOptions};
use std::io;
use std::os::fd::AsRawFd;

/// Fails unless the calling thread is the only one. Nothing can change that afterwards but the caller.
fn require_single_thread() -> io::Result<()> {
    let threads = std::fs::read_dir("/proc/self/task")?.count();
    if threads == 1 {
        Ok(())
    } else {
        Err(io::Error::other(format!("{threads} threads run already")))
    }
}

/// Sets environment variables of this process, in order.
///
/// A name that is empty or holds `=` or NUL, or a value with NUL, is `InvalidInput`.
pub fn set_env<N: AsRef<OsStr>, V: AsRef<OsStr>>(
    pairs: impl IntoIterator<Item = (N, V)>,
) -> io::Result<()> {
    require_single_thread()?;
    for (name, value) in pairs {
        let (name, value) = (name.as_ref(), value.as_ref());
        let name_bytes = name.as_encoded_bytes();
        let bad_name = name_bytes.is_empty() || name_bytes.iter().any(|&b| b == b'=' || b == 0);
        if bad_name || value.as_encoded_bytes().contains(&0) {
            return Err(io::ErrorKind::InvalidInput.into());
        }
        // SAFETY: this is the only thread, so nobody reads or writes the environment meanwhile.
        unsafe { std::env::set_var(name, value) };
    }
    Ok(())
}

/// Makes the process a background one: forks twice with a new session in between, the parents leaving with status 0,
/// and puts /dev/null in place of the standard descriptors. Returns in the grandchild only.
pub fn detach() -> io::Result<()> {
    require_single_thread()?;
    leave_parent()?;
    // SAFETY: setsid has no requirements; it fails only for a process group's leader, which a forked child is not.
    if unsafe { libc::setsid() } < 0 {
        return Err(io::Error::last_os_error());
    }
    leave_parent()?;
    let null_in = File::open("/dev/null")?;
    let null_out = OpenOptions::new().write(true).open("/dev/null")?;
    for (null, standard) in [(&null_in, 0), (&null_out, 1), (&null_out, 2)] {
        // SAFETY: both are descriptors; the standard ones are owned by nobody in particular and may be replaced.
        if unsafe { libc::dup2(null.as_raw_fd(), standard) } < 0 {
            return Err(io::Error::last_os_error());
        }
    }
    Ok(())
}

/// Forks; the parent leaves with status 0.
fn leave_parent() -> io::Result<()> {
    // SAFETY: the process has a single thread (checked by the caller), so the child is a complete copy of it.
    match unsafe { libc::fork() } {
        -1 => Err(io::Error::last_os_error()),
        0 => Ok(()),
        // SAFETY: leaves at once, without running what was registered for exit: the child will do that.
        _ => unsafe { libc::_exit(0) },
    }
}

/// Lets new files have all the rights that their makers ask for; the former mask is returned.
pub fn clear_umask() -> u32 {
    // SAFETY: umask always succeeds and only changes the mask.
    unsafe { libc::umask(0) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn refused_with_threads() {
        let (sender, receiver) = std::sync::mpsc::channel::<()>();
        let other = std::thread::spawn(move || receiver.recv());
        assert!(set_env([("OXBEAM_TEST", "1")]).is_err());
        assert!(detach().is_err());
        drop(sender);
        assert!(other.join().expect("joined").is_err());
    }
}
