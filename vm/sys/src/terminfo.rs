//! What the terminal can do, from the compiled terminfo description of `$TERM`.
//!
//! Capabilities go by their two-letter termcap names, as the reference's `tgetent` family has them. Where no description is
//! installed, as in many containers, a built-in one serves terminals that follow ECMA-48.

use std::ffi::OsStr;
use std::os::unix::ffi::OsStrExt;
use std::path::PathBuf;

const FLAGS: &[(&[u8; 2], usize)] = &[
    (b"bw", 0),
    (b"am", 1),
    (b"xb", 2),
    (b"xs", 3),
    (b"xn", 4),
    (b"eo", 5),
    (b"gn", 6),
    (b"hc", 7),
    (b"km", 8),
    (b"hs", 9),
    (b"in", 10),
    (b"da", 11),
    (b"db", 12),
    (b"mi", 13),
    (b"ms", 14),
    (b"os", 15),
    (b"es", 16),
    (b"xt", 17),
    (b"hz", 18),
    (b"ul", 19),
    (b"xo", 20),
    (b"bs", 37),
];

const NUMBERS: &[(&[u8; 2], usize)] =
    &[(b"co", 0), (b"it", 1), (b"li", 2), (b"lm", 3), (b"sg", 4), (b"Co", 13), (b"pa", 14)];

const STRINGS: &[(&[u8; 2], usize)] = &[
    (b"bt", 0),
    (b"bl", 1),
    (b"cr", 2),
    (b"cs", 3),
    (b"ct", 4),
    (b"cl", 5),
    (b"ce", 6),
    (b"cd", 7),
    (b"ch", 8),
    (b"cm", 10),
    (b"do", 11),
    (b"ho", 12),
    (b"vi", 13),
    (b"le", 14),
    (b"ve", 16),
    (b"nd", 17),
    (b"ll", 18),
    (b"up", 19),
    (b"vs", 20),
    (b"dc", 21),
    (b"dl", 22),
    (b"mb", 26),
    (b"md", 27),
    (b"ti", 28),
    (b"mh", 30),
    (b"im", 31),
    (b"mr", 34),
    (b"so", 35),
    (b"us", 36),
    (b"ec", 37),
    (b"me", 39),
    (b"te", 40),
    (b"ei", 42),
    (b"se", 43),
    (b"ue", 44),
    (b"vb", 45),
    (b"al", 53),
    (b"ke", 88),
    (b"ks", 89),
    (b"DC", 105),
    (b"DL", 106),
    (b"DO", 107),
    (b"IC", 108),
    (b"SF", 109),
    (b"AL", 110),
    (b"LE", 111),
    (b"RI", 112),
    (b"SR", 113),
    (b"UP", 114),
    (b"rc", 126),
    (b"cv", 127),
    (b"sc", 128),
    (b"sf", 129),
    (b"sr", 130),
    (b"ta", 134),
    (b"u6", 293),
    (b"u7", 294),
    (b"u8", 295),
    (b"u9", 296),
];

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

fn find(table: &[(&[u8; 2], usize)], name: &[u8]) -> Option<usize> {
    table.iter().find(|(n, _)| n.as_slice() == name).map(|(_, i)| *i)
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
            if let Some(i) = find(FLAGS, name) {
                info.flags[i] = true;
            }
        }
        for (name, text) in ANSI {
            if let Some(i) = find(STRINGS, *name) {
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
        find(FLAGS, name).and_then(|i| self.flags.get(i).copied()).unwrap_or(false)
    }

    /// The number `name` (as `co`).
    pub fn number(&self, name: &[u8]) -> Option<i32> {
        find(NUMBERS, name).and_then(|i| self.numbers.get(i).copied()).filter(|n| *n >= 0)
    }

    /// The string `name` (as `up`), parameters unexpanded, delays removed.
    pub fn string(&self, name: &[u8]) -> Option<Vec<u8>> {
        find(STRINGS, name).and_then(|i| self.strings.get(i)?.as_deref()).map(without_delays)
    }
}

/// Removes `$<…>`, the pauses for terminals of old.
fn without_delays(text: &[u8]) -> Vec<u8> {
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

/// Fills parameters into a string with terminfo's `%` codes: `%i %p1…%p9 %d %c %s-free arithmetic %{n} %+ %- %* %/ %m`.
/// Conditions are not known here. `None` when the string asks for what is not known.
pub fn expand(text: &[u8], params: &[i32]) -> Option<Vec<u8>> {
    let mut params: Vec<i32> = params.to_vec();
    params.resize(9, 0);
    let (mut out, mut stack) = (Vec::new(), Vec::new());
    let mut it = text.iter().copied();
    while let Some(b) = it.next() {
        if b != b'%' {
            out.push(b);
            continue;
        }
        match it.next()? {
            b'%' => out.push(b'%'),
            b'i' => {
                params[0] = params[0].wrapping_add(1);
                params[1] = params[1].wrapping_add(1);
            }
            b'p' => {
                let n = usize::from(it.next()?.checked_sub(b'1')?);
                stack.push(*params.get(n)?);
            }
            b'd' => out.extend_from_slice(stack.pop()?.to_string().as_bytes()),
            b'c' => out.push(stack.pop()? as u8),
            b'{' => {
                let mut n: i32 = 0;
                loop {
                    match it.next()? {
                        b'}' => break,
                        d => {
                            let d = char::from(d).to_digit(10)?;
                            n = n.checked_mul(10)?.checked_add(d as i32)?;
                        }
                    }
                }
                stack.push(n);
            }
            op @ (b'+' | b'-' | b'*' | b'/' | b'm') => {
                let (y, x) = (stack.pop()?, stack.pop()?);
                stack.push(match op {
                    b'+' => x.wrapping_add(y),
                    b'-' => x.wrapping_sub(y),
                    b'*' => x.wrapping_mul(y),
                    b'/' => x.checked_div(y)?,
                    _ => x.checked_rem(y)?,
                });
            }
            _ => return None,
        }
    }
    Some(out)
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

    #[test]
    fn parameters() {
        assert_eq!(expand(b"\x1b[%i%p1%d;%p2%dH", &[4, 9]), Some(b"\x1b[5;10H".to_vec()));
        assert_eq!(expand(b"%p1%{32}%+%c%%", &[33]), Some(b"A%".to_vec()));
        assert_eq!(expand(b"%p1%{0}%/%d", &[3]), None);
        assert_eq!(expand(b"%?", &[]), None);
        assert_eq!(expand(b"%", &[]), None);
        assert_eq!(expand(b"%d", &[]), None);
    }
}
