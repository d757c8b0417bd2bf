//! The log of a console: a few files in turn, with the time now and then.
//!
//! Files are `erlang.log.N`. The one after the current is always missing, so that the gap in the sequence shows where the
//! log goes on after a restart.

use crate::word::{as_os, env, show};
use std::ffi::CString;
use std::fs::{File, OpenOptions};
use std::io::{self, Write};
use std::os::unix::fs::OpenOptionsExt;
use std::path::{Path, PathBuf};
use std::time::{Duration, Instant};

const STUB: &str = "erlang.log.";
const FORMAT: &[u8] = b"%a %b %e %T %Z %Y";

/// How a console is logged.
#[derive(Debug, Clone)]
pub struct Settings {
    generations: u32,
    max_size: u64,
    /// Minutes of silence after which the time is logged, and before output of which it is.
    pub alive: Duration,
    activity: Duration,
    format: CString,
    universal: bool,
}

impl Settings {
    /// By the variables RUN_ERL_LOG_*; with complaints about those that are out of bounds.
    pub fn from_env(complain: &mut dyn FnMut(String)) -> Self {
        let mut number = |name: &str, least: u64, most: u64| {
            let value = env(name)?;
            let number = show(&value).trim().parse().ok().filter(|n| (least..=most).contains(n));
            if number.is_none() {
                complain(format!(
                    "{name} must be {least} at least and {most} at most (it is {})",
                    show(&value)
                ));
            }
            number
        };
        let minutes = |n: u64| Duration::from_secs(n.saturating_mul(60));
        let alive = number("RUN_ERL_LOG_ALIVE_MINUTES", 1, 1 << 30);
        let activity = number("RUN_ERL_LOG_ACTIVITY_MINUTES", 1, 1 << 30);
        let generations = number("RUN_ERL_LOG_GENERATIONS", 2, 1000).unwrap_or(5);
        let max_size = number("RUN_ERL_LOG_MAXSIZE", 1000, u64::MAX).unwrap_or(100_000);
        let format = env("RUN_ERL_LOG_ALIVE_FORMAT").and_then(|f| CString::new(f).ok());
        Self {
            generations: u32::try_from(generations).unwrap_or(5),
            max_size,
            alive: minutes(alive.unwrap_or(15)),
            activity: minutes(activity.unwrap_or(alive.map_or(5, |n| (n / 3).max(1)))),
            format: format.or_else(|| CString::new(FORMAT).ok()).unwrap_or_default(),
            universal: env("RUN_ERL_LOG_ALIVE_IN_UTC").is_some_and(|v| v != b"0"),
        }
    }

    fn time(&self) -> Vec<u8> {
        let now = sys::clock::system_ns().div_euclid(1_000_000_000);
        sys::localtime::format(&self.format, now, self.universal)
            .unwrap_or_else(|| b"(the time could not be formatted)".to_vec())
    }

    /// The number of the file to go on with: the one before the first gap.
    fn current(&self, existing: &[u32]) -> u32 {
        let present = |n: &u32| existing.contains(n);
        // The gap to continue before is the lowest of the highest run of missing numbers.
        let gap_end = (1..=self.generations).rev().find(|n| !present(n));
        let Some(mut gap) = gap_end else { return 1 };
        while gap > 1 && !present(&(gap - 1)) {
            gap -= 1;
        }
        if gap == 1 {
            // Nothing before the gap: the highest file is the last, if there is any.
            return if existing.is_empty() { 1 } else { self.before(1) };
        }
        self.before(gap)
    }

    fn before(&self, number: u32) -> u32 {
        if number <= 1 { self.generations } else { number - 1 }
    }

    fn after(&self, number: u32) -> u32 {
        if number >= self.generations { 1 } else { number + 1 }
    }
}

/// An open log.
pub struct Log {
    settings: Settings,
    directory: PathBuf,
    number: u32,
    file: File,
    size: u64,
    last: Instant,
}

impl Log {
    /// Goes on with the log in a directory.
    pub fn open(directory: &Path, settings: Settings) -> io::Result<Self> {
        let mut existing = Vec::new();
        for entry in std::fs::read_dir(directory)?.flatten() {
            let name = entry.file_name();
            let number = name.to_str().and_then(|n| n.strip_prefix(STUB)?.parse().ok());
            existing.extend(number.filter(|n| (1..=settings.generations).contains(n)));
        }
        let number = settings.current(&existing);
        let file = open_file(directory, &settings, number, false)?;
        let size = file.metadata()?.len();
        let last = Instant::now();
        let mut log = Self { settings, directory: directory.into(), number, file, size, last };
        log.started()?;
        Ok(log)
    }

    fn started(&mut self) -> io::Result<()> {
        let text = [b"\n=====\n===== LOGGING STARTED ", &self.settings.time()[..], b"\n=====\n"];
        self.append(&text.concat())
    }

    fn append(&mut self, text: &[u8]) -> io::Result<()> {
        self.size = self.size.saturating_add(u64::try_from(text.len()).unwrap_or(u64::MAX));
        self.file.write_all(text)
    }

    /// Logs what the console printed; the time first if it was silent for long.
    pub fn write(&mut self, text: &[u8]) -> io::Result<()> {
        if self.last.elapsed() > self.settings.activity {
            self.stamp("")?;
        }
        self.last = Instant::now();
        self.put(text)
    }

    /// Logs that the program lives.
    pub fn alive(&mut self) -> io::Result<()> {
        self.last = Instant::now();
        self.stamp("ALIVE ")
    }

    fn stamp(&mut self, kind: &str) -> io::Result<()> {
        let time = self.settings.time();
        self.put(&[b"\n===== ", kind.as_bytes(), &time[..], b"\n"].concat())
    }

    fn put(&mut self, text: &[u8]) -> io::Result<()> {
        let length = u64::try_from(text.len()).unwrap_or(u64::MAX);
        if self.size.saturating_add(length) > self.settings.max_size {
            self.number = self.settings.after(self.number);
            self.file = open_file(&self.directory, &self.settings, self.number, true)?;
            self.size = 0;
            self.started()?;
        }
        self.append(text)
    }
}

/// Opens a log file and removes the one after it.
fn open_file(directory: &Path, settings: &Settings, number: u32, fresh: bool) -> io::Result<File> {
    let name = |number: u32| directory.join(as_os(format!("{STUB}{number}").as_bytes()));
    match std::fs::remove_file(name(settings.after(number))) {
        Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
        _ => {}
    }
    if fresh {
        match std::fs::remove_file(name(number)) {
            Err(error) if error.kind() != io::ErrorKind::NotFound => return Err(error),
            _ => {}
        }
    }
    OpenOptions::new().create(true).append(true).mode(0o664).open(name(number))
}

#[cfg(test)]
mod tests {
    use super::*;

    fn settings() -> Settings {
        Settings {
            generations: 3,
            max_size: 1000,
            alive: Duration::from_secs(900),
            activity: Duration::from_secs(300),
            format: CString::new("%Y").expect("no NUL"),
            universal: true,
        }
    }

    #[test]
    fn where_to_go_on() {
        let s = settings();
        assert_eq!(s.current(&[]), 1);
        assert_eq!(s.current(&[1]), 1);
        assert_eq!(s.current(&[1, 2]), 2);
        assert_eq!(s.current(&[2, 3]), 3);
        assert_eq!(s.current(&[1, 3]), 1);
        assert_eq!(s.current(&[1, 2, 3]), 1);
        assert_eq!(s.current(&[3]), 3);
    }

    #[test]
    fn files_take_turns() {
        let dir = std::env::temp_dir().join(format!("oxbeam-log-{}", std::process::id()));
        std::fs::create_dir_all(&dir).expect("made");
        let mut log = Log::open(&dir, settings()).expect("opened");
        for _ in 0..4 {
            log.write(&[b'x'; 400]).expect("written");
        }
        let read = |n: u32| std::fs::read_to_string(dir.join(format!("{STUB}{n}")));
        let (first, second) = (read(1).expect("first"), read(2).expect("second"));
        assert!(first.starts_with("\n=====\n===== LOGGING STARTED 2"), "{first}");
        assert!(first.ends_with(&"x".repeat(800)) && second.ends_with(&"x".repeat(800)));
        for _ in 0..2 {
            log.write(&[b'y'; 400]).expect("written");
        }
        assert!(read(3).expect("third").ends_with(&"y".repeat(800)));
        assert!(read(1).is_err());
        log.alive().expect("written");
        let again = Log::open(&dir, settings()).expect("opened");
        assert_eq!(again.number, 3);
        assert!(read(3).expect("third").contains("\n===== ALIVE 2"));
        std::fs::remove_dir_all(&dir).expect("removed");
    }
}
