//! Names: of the machine, the operating system, the user.

use std::ffi::{CStr, OsStr};
use std::io;
use std::mem::MaybeUninit;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

/// What `uname` says.
#[derive(Clone, Debug, PartialEq, Eq)]
pub struct Uname {
    /// `Linux`; `os:type/0` has it in small letters.
    pub system: String,
    pub node: String,
    /// `6.1.0-13-amd64`
    pub release: String,
    pub version: String,
    pub machine: String,
}

/// Asks the system for its names.
pub fn uname() -> io::Result<Uname> {
    let mut u = MaybeUninit::<libc::utsname>::zeroed();
    // SAFETY: filled in by a successful call; zeroes are valid besides.
    let u = unsafe {
        crate::fd::check(libc::uname(u.as_mut_ptr()))?;
        u.assume_init()
    };
    let text = |field: &[libc::c_char]| {
        let bytes: Vec<u8> = field.iter().take_while(|c| **c != 0).map(|c| *c as u8).collect();
        String::from_utf8_lossy(&bytes).into_owned()
    };
    Ok(Uname {
        system: text(&u.sysname),
        node: text(&u.nodename),
        release: text(&u.release),
        version: text(&u.version),
        machine: text(&u.machine),
    })
}

/// The three numbers at the start of the release, as `os:version/0` gives them.
pub fn os_version() -> (u32, u32, u32) {
    let release = uname().map(|u| u.release).unwrap_or_default();
    version_of(&release)
}

fn version_of(release: &str) -> (u32, u32, u32) {
    let mut rest = release;
    let mut next = || {
        rest = rest.trim_start_matches(|c: char| !c.is_ascii_digit());
        let end = rest.find(|c: char| !c.is_ascii_digit()).unwrap_or(rest.len());
        let (number, tail) = rest.split_at(end);
        rest = tail;
        number.parse().unwrap_or(0)
    };
    (next(), next(), next())
}

/// The host's name, whole as the system has it.
pub fn hostname() -> io::Result<Vec<u8>> {
    let mut buf = [0u8; 256];
    // SAFETY: the buffer is valid for the length given, which leaves the last byte zero.
    crate::fd::check(unsafe { libc::gethostname(buf.as_mut_ptr().cast(), buf.len() - 1) })?;
    let name = CStr::from_bytes_until_nul(&buf).map_err(|_| io::ErrorKind::InvalidData)?;
    Ok(name.to_bytes().to_vec())
}

/// The home directory: HOME if set, otherwise what the user database has.
pub fn home() -> Option<PathBuf> {
    std::env::var_os("HOME").map(PathBuf::from).or_else(home_from_database)
}

fn home_from_database() -> Option<PathBuf> {
    let mut entry = MaybeUninit::<libc::passwd>::uninit();
    let mut buf = vec![0u8; 16 << 10];
    let mut result = std::ptr::null_mut();
    // SAFETY: all places are valid; on success `entry` is filled in, with pointers into `buf`.
    unsafe {
        let (at, len) = (buf.as_mut_ptr().cast(), buf.len());
        let r = libc::getpwuid_r(libc::getuid(), entry.as_mut_ptr(), at, len, &mut result);
        if r != 0 || result.is_null() || (*result).pw_dir.is_null() {
            return None;
        }
        let dir = CStr::from_ptr((*result).pw_dir).to_bytes();
        Some(PathBuf::from(OsStr::from_bytes(dir)))
    }
}

/// Effective user and group.
pub fn effective_ids() -> (u32, u32) {
    // SAFETY: these calls cannot fail.
    unsafe { (libc::geteuid(), libc::getegid()) }
}

/// The character set of the locale that the environment asks for (`UTF-8`, `ISO-8859-1`, …). `None` when that locale is not
/// installed: the C locale, which is ASCII, is in force then.
pub fn locale_charset() -> Option<String> {
    // SAFETY: the locale is made, asked and freed here; the answer is copied before that.
    unsafe {
        let locale = libc::newlocale(libc::LC_CTYPE_MASK, c"".as_ptr(), std::ptr::null_mut());
        if locale.is_null() {
            return None;
        }
        let text = libc::nl_langinfo_l(libc::CODESET, locale);
        let charset =
            (!text.is_null()).then(|| CStr::from_ptr(text).to_string_lossy().into_owned());
        libc::freelocale(locale);
        charset.filter(|c| !c.is_empty())
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn names() {
        let u = uname().unwrap();
        assert!(!u.system.is_empty() && !u.release.is_empty());
        assert!(!hostname().unwrap().is_empty());
        assert_eq!(version_of("6.1.0-13-amd64"), (6, 1, 0));
        assert_eq!(version_of("5.10-rc3"), (5, 10, 3));
        assert_eq!(version_of("7"), (7, 0, 0));
        assert!(home_from_database().is_none_or(|h| h.is_absolute()));
    }

    #[test]
    fn locales() {
        assert!(locale_charset().is_none_or(|c| c.is_ascii() && !c.contains(' ')));
    }
}
