//! Steps of a program's start that change the whole process: its environment, its mask for new files.
//!
//! Setting the environment is sound only while the process has a single thread, since C code on other threads may read it.
//! That is checked. See `daemon` for going into the background.

use std::ffi::OsStr;
use std::io;

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
        drop(sender);
        assert!(other.join().expect("joined").is_err());
    }
}
