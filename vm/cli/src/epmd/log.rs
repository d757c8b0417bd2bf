//! epmd's debug output on standard error: lines with a date, ended by CR LF, as its users know them.

use crate::timestamp;
use std::fmt::Write as _;
use std::io::Write as _;

/// Where notes go, and from which level on they are left out.
#[derive(Debug, Clone, Copy)]
pub struct Log {
    /// How often `-d` was given.
    pub level: u8,
    /// A daemon has nobody to tell.
    pub silent: bool,
}

impl Log {
    /// Prints a note if the debug level is at least `level`.
    pub fn note(&self, level: u8, text: &str) {
        if !self.silent && self.level >= level {
            let _ = write!(std::io::stderr(), "epmd: {}: {text}\r\n", timestamp::now());
        }
    }

    /// Prints bytes in hexadecimal, from level 2 on.
    pub fn dump(&self, what: &str, bytes: &[u8]) {
        if self.silent || self.level < 2 {
            return;
        }
        self.note(2, &format!("{what} {} bytes", bytes.len()));
        let mut text = String::new();
        for (row, line) in bytes.chunks(16).take(64).enumerate() {
            let _ = write!(text, "***** {:08x} ", row.saturating_mul(16));
            for byte in line {
                let _ = write!(text, " {byte:02x}");
            }
            let shown =
                line.iter().map(|&b| if (32..127).contains(&b) { char::from(b) } else { '.' });
            let _ = write!(text, "  |{}|\r\n", shown.collect::<String>());
        }
        let _ = std::io::stderr().write_all(text.as_bytes());
    }
}
