//! The two FIFOs between `run_erl` and `to_erl`: `NAME.r` is what the console prints, `NAME.w` what is typed.

use crate::word::{Word, from_path, to_path};
use std::io;
use std::path::{Path, PathBuf};

/// How pipes are called in a directory, a dot and a number behind.
const STUB: &str = "erlang.pipe";

/// A pair of FIFOs by the name they share.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct Pipe {
    pub name: PathBuf,
}

impl Pipe {
    /// What the console prints: `run_erl` writes, `to_erl` reads.
    pub fn output(&self) -> PathBuf {
        self.with(b".r")
    }

    /// What is typed: `to_erl` writes, `run_erl` reads.
    pub fn input(&self) -> PathBuf {
        self.with(b".w")
    }

    fn with(&self, end: &[u8]) -> PathBuf {
        to_path(&[&from_path(&self.name)[..], end].concat())
    }
}

/// Whether a name is a directory to find or make a pipe in.
pub fn is_directory(name: &[u8]) -> bool {
    name.last() == Some(&b'/')
}

/// The highest number of a pipe in a directory; 0 without any.
pub fn highest(directory: &Path) -> io::Result<u32> {
    let mut highest = 0;
    for entry in std::fs::read_dir(directory)?.flatten() {
        let name = entry.file_name();
        let number = name.to_str().and_then(|n| n.strip_prefix(STUB)?.strip_prefix('.'));
        let digits = number.and_then(|n| n.split('.').next()?.parse().ok());
        highest = highest.max(digits.unwrap_or(0));
    }
    Ok(highest)
}

/// The pipe of that number in a directory; the one without a number for 0.
pub fn numbered(directory: &[u8], number: u32) -> Pipe {
    let file = if number == 0 { STUB.to_owned() } else { format!("{STUB}.{number}") };
    let name: Word = [directory, file.as_bytes()].concat();
    Pipe { name: to_path(&name) }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn numbers() {
        let dir = std::env::temp_dir().join(format!("oxbeam-pipes-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("made");
        assert_eq!(highest(&dir).expect("read"), 0);
        for name in ["erlang.pipe.2.r", "erlang.pipe.10.w", "erlang.pipe.x", "other.99"] {
            std::fs::write(dir.join(name), "").expect("written");
        }
        assert_eq!(highest(&dir).expect("read"), 10);
        std::fs::remove_dir_all(&dir).expect("removed");
        assert_eq!(numbered(b"/t/", 3).output(), Path::new("/t/erlang.pipe.3.r"));
        assert_eq!(numbered(b"/t/", 0).input(), Path::new("/t/erlang.pipe.w"));
    }
}
