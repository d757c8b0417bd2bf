//! Opening a library of NIFs or of a driver.
//!
//! The reference's executable brings libraries of its own with it, and some NIF libraries lean on that: they use zlib, say, without
//! naming it. One that asks for symbols nobody has is therefore tried again after those have been opened for all.

use libloading::Error;
use libloading::os::unix::{Library, RTLD_GLOBAL, RTLD_NOW};
use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::sync::OnceLock;

/// What the reference's executable is linked with, apart from what every process has.
const BROUGHT: [&str; 4] = ["libz.so.1", "libm.so.6", "libstdc++.so.6", "libtinfo.so.6"];

/// Opens the library of this file name.
///
/// # Safety
/// Code runs while it is opened, which is as good as the functions of the library.
pub unsafe fn open(file: &[u8]) -> Result<Library, Error> {
    // SAFETY: C: as of the caller.
    let attempt = || unsafe { Library::open(Some(OsStr::from_bytes(file)), RTLD_NOW) };
    attempt().or_else(|refused| {
        if refused.to_string().contains("undefined symbol") && bring() > 0 {
            attempt()
        } else {
            Err(refused)
        }
    })
}

/// Opens for all, once, what the reference brings; how many of them are there.
fn bring() -> usize {
    static OPENED: OnceLock<Vec<Library>> = OnceLock::new();
    let open = |name: &&str| {
        // SAFETY: C: libraries of the system; they stay for good.
        unsafe { Library::open(Some(OsStr::new(name)), RTLD_NOW | RTLD_GLOBAL) }.ok()
    };
    OPENED.get_or_init(|| BROUGHT.iter().filter_map(open).collect()).len()
}
