//! epmd's debug output on standard error: lines with a date, ended by CR LF, as its users know them.

use std::fmt::Write as _;
use std::io::Write as _;
use sys::localtime;

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
            let _ = write!(std::io::stderr(), "epmd: {}: {text}\r\n", date());
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

/// Local time as `ctime` prints it, or nothing if it cannot be told.
fn date() -> String {
    const MONTHS: [&str; 12] =
        ["Jan", "Feb", "Mar", "Apr", "May", "Jun", "Jul", "Aug", "Sep", "Oct", "Nov", "Dec"];
    let seconds = sys::clock::system_ns().div_euclid(1_000_000_000);
    let Some(t) = localtime::unix_to_local(seconds) else { return String::new() };
    let month = usize::try_from(t.month).ok().and_then(|m| MONTHS.get(m.checked_sub(1)?));
    let month = month.copied().unwrap_or("???");
    format!("{month} {:>2} {:02}:{:02}:{:02} {}", t.day, t.hour, t.minute, t.second, t.year)
}
