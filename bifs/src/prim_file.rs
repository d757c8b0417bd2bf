//! The file system for module `prim_file` [prim_file_nif.c, unix_prim_file.c].
//!
//! Answers are as the reference's: `{error, Posix}` for what the system refuses, `badarg` for arguments of a wrong kind.
//! Names arrive as `internal_name2native` made them: binaries ended by zero bytes. Whether the caller may use a
//! file at all (only the process that opened it) is checked by the Erlang side.

mod fs;
mod handle;
mod io;

pub(crate) use io::shortened;

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use term::atom::am;
use term::{Atom, Term};
use vm::{BifTable, Cx};

/// The natives that `load_nif` installs in `prim_file`.
pub fn tables() -> Vec<BifTable> {
    vec![io::TABLE, fs::TABLE]
}

/// A duplicate of the descriptor of an open file, for others; `None` if the term refers to no file.
pub(crate) fn duplicate(t: Term<'_>) -> Option<Result<std::os::fd::OwnedFd, &'static str>> {
    let file = <handle::FileRef as vm::FromTerm>::from_term(t)?;
    Some(file.0.with(|f| Ok(f.try_clone()?.into())).map_err(|e| e.0))
}

/// Why a file operation failed: the name of a system error.
#[derive(Debug)]
struct Posix(&'static str);

impl From<std::io::Error> for Posix {
    fn from(e: std::io::Error) -> Posix {
        Posix(sys::errno::of(&e))
    }
}

type Done<T> = Result<T, Posix>;

impl Posix {
    const EINVAL: Posix = Posix("einval");
    const ENOMEM: Posix = Posix("enomem");
    const ENOTSUP: Posix = Posix("enotsup");

    /// `{error, Posix}`
    fn term<'p>(&self, cx: &Cx<'p>) -> Term<'p> {
        cx.heap().tuple(&[am::ERROR.into(), Atom::new(self.0).into()])
    }
}

/// `ok` or `{error, Posix}`.
fn ok_or_error<'p>(cx: &Cx<'p>, done: Done<()>) -> Term<'p> {
    match done {
        Ok(()) => am::OK.into(),
        Err(e) => e.term(cx),
    }
}

/// `{ok, Value}` or `{error, Posix}`.
fn value_or_error<'p>(cx: &Cx<'p>, done: Done<Term<'p>>) -> Term<'p> {
    match done {
        Ok(value) => cx.heap().tuple(&[am::OK.into(), value]),
        Err(e) => e.term(cx),
    }
}

/// The path in an encoded name.
fn path(name: Term<'_>) -> Done<PathBuf> {
    let name = name.as_binary().ok_or(Posix::EINVAL)?;
    let bytes = name.bytes();
    let end = bytes.iter().position(|&b| b == 0).ok_or(Posix::EINVAL)?;
    // Several zeros may end a name, but nothing else may follow the first.
    if bytes[end..].iter().any(|&b| b != 0) {
        return Err(Posix::EINVAL);
    }
    Ok(PathBuf::from(OsStr::from_bytes(&bytes[..end])))
}

/// An integer of C's `int`.
fn int(t: Term<'_>) -> Option<i32> {
    i32::try_from(t.as_small()?).ok()
}

/// A number that has to be an integer of 64 bits: what is no number is `None`, one that does not fit `einval`.
fn int64(t: Term<'_>) -> Option<Done<i64>> {
    t.is_number().then(|| t.as_i64().ok_or(Posix::EINVAL))
}

/// As [`int64`], and not negative.
fn uint63(t: Term<'_>) -> Option<Done<u64>> {
    let n = int64(t)?;
    Some(n.and_then(|n| u64::try_from(n).map_err(|_| Posix::EINVAL)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use term::Heap;

    #[test]
    fn names_end_with_zero() {
        let h = Heap::new();
        let p = |b: &[u8]| path(h.binary(b)).ok();
        assert_eq!(p(b"/tmp\0"), Some(PathBuf::from("/tmp")));
        assert_eq!(p(b"a\0\0"), Some(PathBuf::from("a")));
        assert_eq!(p(b"\0"), Some(PathBuf::new()));
        assert_eq!(p(b"a"), None);
        assert_eq!(p(b""), None);
        assert_eq!(p(b"a\0b\0"), None);
        assert!(path(am::OK.into()).is_err());
    }

    #[test]
    fn numbers() {
        let h = Heap::new();
        assert!(int64(am::OK.into()).is_none());
        assert!(matches!(int64(h.float(1.0)), Some(Err(_))));
        assert!(matches!(int64(h.uint(u64::MAX)), Some(Err(_))));
        assert!(matches!(uint63(Term::small(-1)), Some(Err(_))));
        assert!(matches!(uint63(Term::small(7)), Some(Ok(7))));
        assert_eq!(int(Term::small(1 << 31)), None);
    }
}
