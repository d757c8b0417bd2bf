//! Command-line words as bytes.
//!
//! An argument on Unix is any bytes without NUL; Erlang's `init` gets them as binaries. Everything between `main`
//! and the emulator therefore works on `Vec<u8>`, and only this module converts to and from the types of `std`.

use std::ffi::{OsStr, OsString};
use std::os::unix::ffi::{OsStrExt, OsStringExt};
use std::path::{Path, PathBuf};

/// One command-line word or environment value.
pub type Word = Vec<u8>;

/// The bytes of an OS string.
pub fn from_os(s: OsString) -> Word {
    s.into_vec()
}

/// The bytes of a path.
pub fn from_path(path: &Path) -> Word {
    path.as_os_str().as_bytes().to_vec()
}

/// Bytes as an OS string, without copying.
pub fn as_os(bytes: &[u8]) -> &OsStr {
    OsStr::from_bytes(bytes)
}

/// Bytes as a path.
pub fn to_path(bytes: &[u8]) -> PathBuf {
    PathBuf::from(as_os(bytes))
}

/// Bytes for a message; what is not UTF-8 is replaced.
pub fn show(bytes: &[u8]) -> std::borrow::Cow<'_, str> {
    String::from_utf8_lossy(bytes)
}

/// An environment variable's value; empty values count as set, as with `getenv`.
pub fn env(name: &str) -> Option<Word> {
    std::env::var_os(name).map(from_os)
}

/// The part after the last slash.
pub fn basename(path: &[u8]) -> &[u8] {
    match path.iter().rposition(|&b| b == b'/') {
        Some(slash) => path.get(slash + 1..).unwrap_or_default(),
        None => path,
    }
}

/// Whether the bytes at `path` name something that may be executed.
pub fn is_executable(path: &Path) -> bool {
    use std::os::unix::fs::PermissionsExt;
    std::fs::metadata(path).is_ok_and(|m| m.is_file() && m.permissions().mode() & 0o111 != 0)
}

/// `a`, `b` … as words.
#[cfg(test)]
pub fn words(list: &[&str]) -> Vec<Word> {
    list.iter().map(|s| s.as_bytes().to_vec()).collect()
}
