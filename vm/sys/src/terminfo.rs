//! What the terminal can do, from the compiled terminfo description of `$TERM`.
//!
//! Capabilities go by their two-letter termcap names, as the reference's `tgetent` family has them. Where no description is
//! installed, as in many containers, a built-in one serves terminals that follow ECMA-48.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;
use std::sync::LazyLock;

mod expand;

pub use expand::expand;

/// Names of a capability.
#[derive(Clone, Copy, Debug)]
pub struct Names {
    /// As `cuu1`.
    pub name: &'static str,
    /// As `up`.
    pub code: &'static str,
    /// As `cursor_up`.
    pub variable: &'static str,
}

/// All capabilities, each kind in the order of compiled descriptions.
#[derive(Default)]
pub struct Capabilities {
    pub flags: Vec<Names>,
    pub numbers: Vec<Names>,
    pub strings: Vec<Names>,
}

/// The table of all capabilities.
pub fn capabilities() -> &'static Capabilities {
    static ALL: LazyLock<Capabilities> = LazyLock::new(|| {
        let mut all = Capabilities::default();
        let mut kind = "";
        for line in include_str!("terminfo/names.txt").lines().filter(|l| !l.starts_with('#')) {
            let mut words = line.split(' ');
            let (Some(name), Some(code), Some(variable)) =
                (words.next(), words.next(), words.next())
            else {
                kind = line;
                continue;
            };
            match kind {
                "[flags]" => &mut all.flags,
                "[numbers]" => &mut all.numbers,
                _ => &mut all.strings,
            }
            .push(Names { name, code, variable });
        }
        all
    });
    &ALL
}

const ANSI: &[(&[u8; 2], &[u8])] = &[
    (b"bl", b"\x07"),
    (b"cr", b"\r"),
    (b"cl", b"\x1b[H\x1b[2J"),
    (b"ce", b"\x1b[K"),
    (b"cd", b"\x1b[J"),
    (b"ch", b"\x1b[%i%p1%dG"),
    (b"cm", b"\x1b[%i%p1%d;%p2%dH"),
    (b"do", b"\n"),
    (b"ho", b"\x1b[H"),
    (b"le", b"\x08"),
    (b"nd", b"\x1b[C"),
    (b"up", b"\x1b[A"),
    (b"dc", b"\x1b[P"),
    (b"md", b"\x1b[1m"),
    (b"mr", b"\x1b[7m"),
    (b"us", b"\x1b[4m"),
    (b"me", b"\x1b[m"),
    (b"se", b"\x1b[27m"),
    (b"ue", b"\x1b[24m"),
    (b"DC", b"\x1b[%p1%dP"),
    (b"DO", b"\x1b[%p1%dB"),
    (b"IC", b"\x1b[%p1%d@"),
    (b"LE", b"\x1b[%p1%dD"),
    (b"RI", b"\x1b[%p1%dC"),
    (b"UP", b"\x1b[%p1%dA"),
    (b"sr", b"\x1bM"),
    (b"rc", b"\x1b8"),
    (b"sc", b"\x1b7"),
    (b"u7", b"\x1b[6n"),
];

/// Terminals that the built-in description fits, by the start of their names.
const ANSI_TERMINALS: &[&str] = &[
    "xterm",
    "screen",
    "tmux",
    "linux",
    "vt100",
    "vt102",
    "vt220",
    "rxvt",
    "ansi",
    "konsole",
    "gnome",
    "vte",
    "alacritty",
    "foot",
    "kitty",
    "iterm",
    "putty",
    "st-",
    "cygwin",
    "wezterm",
    "contour",
];

/// A terminal description.
#[derive(Clone, Debug)]
pub struct TermInfo {
    flags: Vec<bool>,
    numbers: Vec<i32>,
    strings: Vec<Option<Vec<u8>>>,
}

/// By termcap code. Codes have two letters; what follows them in `code` does not count.
fn find(table: &[Names], code: &[u8]) -> Option<usize> {
    let code = code.get(..2)?;
    table.iter().position(|n| n.code.as_bytes() == code)
}

/// Reads little-endian numbers off the front.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(head)
    }

    fn short(&mut self) -> Option<i32> {
        self.take(2).map(|b| i32::from(i16::from_le_bytes([b[0], b[1]])))
    }

    fn long(&mut self) -> Option<i32> {
        self.take(4).map(|b| i32::from_le_bytes([b[0], b[1], b[2], b[3]]))
    }
}

impl TermInfo {
    /// The description of terminal `term`. `env` looks variables up (TERMINFO, TERMINFO_DIRS, HOME). `None` when there is none.
    pub fn load(term: &[u8], env: impl Fn(&str) -> Option<Vec<u8>>) -> Option<TermInfo> {
        if term.is_empty() || term.contains(&b'/') || term.contains(&0) {
            return None;
        }
        let path = |b: &[u8]| PathBuf::from(OsStr::from_bytes(b));
        let mut dirs: Vec<PathBuf> = Vec::new();
        dirs.extend(env("TERMINFO").map(|d| path(&d)));
        dirs.extend(env("HOME").map(|d| path(&d).join(".terminfo")));
        for d in env("TERMINFO_DIRS").unwrap_or_default().split(|b| *b == b':') {
            dirs.push(path(if d.is_empty() { b"/usr/share/terminfo" } else { d }));
        }
        let usual = ["/etc/terminfo", "/lib/terminfo", "/usr/share/terminfo", "/usr/lib/terminfo"];
        dirs.extend(usual.map(PathBuf::from));
        let (letter, hex) = (path(&term[..1]), PathBuf::from(format!("{:x}", term[0])));
        let file = path(term);
        dirs.iter()
            .flat_map(|d| [d.join(&letter).join(&file), d.join(&hex).join(&file)])
            .find_map(|p| TermInfo::parse(&std::fs::read(p).ok()?))
            .or_else(|| TermInfo::built_in(term))
    }

    /// Reads a compiled description (the old format, or that with 32-bit numbers).
    pub fn parse(bytes: &[u8]) -> Option<TermInfo> {
        let mut r = Reader(bytes);
        let wide = match r.short()? {
            0o432 => false,
            0o1036 => true,
            _ => return None,
        };
        let mut size = || r.short().and_then(|n| usize::try_from(n).ok());
        let (names, flags, numbers, strings, table) = (size()?, size()?, size()?, size()?, size()?);
        r.take(names)?;
        let flags_read = r.take(flags)?.iter().map(|b| *b == 1).collect();
        if (names + flags) % 2 == 1 {
            r.take(1)?;
        }
        let numbers =
            (0..numbers).map(|_| if wide { r.long() } else { r.short() }).collect::<Option<_>>()?;
        let offsets = (0..strings).map(|_| r.short()).collect::<Option<Vec<_>>>()?;
        let table = r.take(table)?;
        let string = |offset: i32| {
            let text = table.get(usize::try_from(offset).ok()?..)?;
            Some(text.split(|b| *b == 0).next()?.to_vec())
        };
        let strings = offsets.into_iter().map(string).collect();
        Some(TermInfo { flags: flags_read, numbers, strings })
    }

    fn built_in(term: &[u8]) -> Option<TermInfo> {
        if !ANSI_TERMINALS.iter().any(|t| term.starts_with(t.as_bytes())) {
            return None;
        }
        let mut info =
            TermInfo { flags: vec![false; 38], numbers: vec![80, 8, 24], strings: Vec::new() };
        for name in [b"am", b"xn", b"bs"] {
            if let Some(i) = find(&capabilities().flags, name) {
                info.flags[i] = true;
            }
        }
        for (name, text) in ANSI {
            if let Some(i) = find(&capabilities().strings, *name) {
                if info.strings.len() <= i {
                    info.strings.resize(i + 1, None);
                }
                info.strings[i] = Some(text.to_vec());
            }
        }
        Some(info)
    }

    /// Is the capability `name` (as `xn`) set?
    pub fn flag(&self, name: &[u8]) -> bool {
        find(&capabilities().flags, name).and_then(|i| self.flags.get(i).copied()).unwrap_or(false)
    }

    /// The number `name` (as `co`).
    pub fn number(&self, name: &[u8]) -> Option<i32> {
        find(&capabilities().numbers, name)
            .and_then(|i| self.numbers.get(i).copied())
            .filter(|n| *n >= 0)
    }

    /// The string `name` (as `up`), parameters unexpanded, delays removed.
    pub fn string(&self, name: &[u8]) -> Option<Vec<u8>> {
        self.raw_string(name).map(without_delays)
    }

    /// The string `name` (as `up`) as it is described.
    pub fn raw_string(&self, name: &[u8]) -> Option<&[u8]> {
        find(&capabilities().strings, name).and_then(|i| self.strings.get(i)?.as_deref())
    }

    /// The string of this terminfo name (as `cuu1`), as it is described. `None`: there is no such capability.
    pub fn named_string(&self, name: &[u8]) -> Option<Option<&[u8]>> {
        let i = capabilities().strings.iter().position(|n| n.name.as_bytes() == name)?;
        Some(self.strings.get(i).and_then(|s| s.as_deref()))
    }
}

/// Removes `$<…>`, the pauses for terminals of old.
pub fn without_delays(text: &[u8]) -> Vec<u8> {
    let mut out = Vec::with_capacity(text.len());
    let mut rest = text;
    while let Some((&b, tail)) = rest.split_first() {
        if let Some(inner) = rest.strip_prefix(b"$<")
            && let Some(end) = inner.iter().position(|b| *b == b'>')
        {
            rest = &inner[end + 1..];
        } else {
            out.push(b);
            rest = tail;
        }
    }
    out
}

#[cfg(test)]
mod tests {
    use super::*;

    /// A description in the old format: two flags, three numbers, eighteen strings of which one exists.
    fn compiled() -> Vec<u8> {
        let mut b = Vec::new();
        let shorts = |b: &mut Vec<u8>, v: &[i16]| v.iter().for_each(|n| b.extend(n.to_le_bytes()));
        shorts(&mut b, &[0o432, 4, 5, 3, 18, 8]);
        b.extend(b"xyz\0");
        b.extend([0, 1, 0, 0, 1]);
        b.push(0);
        shorts(&mut b, &[132, -1, 24]);
        shorts(&mut b, &[-1; 17]);
        shorts(&mut b, &[1]);
        b.extend(b"\0\x1b[C$<5>");
        b
    }

    #[test]
    fn compiled_description() {
        let t = TermInfo::parse(&compiled()).unwrap();
        assert!(t.flag(b"am") && t.flag(b"xn") && !t.flag(b"bs") && !t.flag(b"??"));
        assert_eq!(
            (t.number(b"co"), t.number(b"it"), t.number(b"li")),
            (Some(132), None, Some(24))
        );
        assert_eq!(t.string(b"nd"), Some(b"\x1b[C".to_vec()));
        assert_eq!(t.string(b"up"), None);
    }

    #[test]
    fn broken_descriptions_are_refused_or_harmless() {
        let good = compiled();
        for n in 0..good.len() {
            let _ = TermInfo::parse(&good[..n]);
            for v in [0, 0x7f, 0xff] {
                let mut bad = good.clone();
                bad[n] = v;
                if let Some(t) = TermInfo::parse(&bad) {
                    let _ = (t.string(b"nd"), t.number(b"co"), t.flag(b"xn"));
                }
            }
        }
    }

    #[test]
    fn built_in_or_none() {
        let none = |_: &str| None;
        let t = TermInfo::load(b"xterm-nobody-has-installed-this", none).unwrap();
        assert_eq!(t.string(b"up"), Some(b"\x1b[A".to_vec()));
        assert!(t.flag(b"xn"));
        assert!(TermInfo::load(b"dumbest", none).is_none());
        assert!(TermInfo::load(b"", none).is_none());
        assert!(TermInfo::load(b"../x", none).is_none());
    }
}
