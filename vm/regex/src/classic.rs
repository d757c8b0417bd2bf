//! PCRE 8 on PCRE2: what releases before OTP 28 expect of patterns and of messages.
//!
//! Patterns are rewritten where PCRE2 reads them in another way: `{,3}` and `{ 1, 2 }` were no quantifiers, the hyphen in `[\w-.]`
//! was one, `\B` or `\R` in a class were letters, and `(*UTF8)` is now `(*UTF)`. Messages are put in the old words, and most
//! offsets where the old compiler had stopped.

use crate::CompileError;
use crate::ffi::RawError;
use std::borrow::Cow;

/// What contradictory line ends are called.
pub const BAD_NEWLINE: &str = "inconsistent NEWLINE options";
/// Most groups within each other, as far as the old compiler's memory went.
pub const NESTING: u32 = 798;
/// An escape that means nothing.
pub const UNKNOWN_ESCAPE: i32 = 103;

/// Which byte of the original pattern each byte of a rewritten one stands for; empty if nothing was rewritten.
pub struct Moved(Vec<usize>);

impl Moved {
    pub fn original(&self, offset: usize) -> usize {
        match self.0.get(offset) {
            Some(&at) => at,
            None => self.0.last().map_or(offset, |last| last + 1),
        }
    }
}

/// The pattern as PCRE2 is to read it.
pub fn rewrite(pattern: &[u8], classic: bool) -> (Cow<'_, [u8]>, Moved) {
    if !classic || !pattern.iter().any(|b| b"{[(\\".contains(b)) {
        return (Cow::Borrowed(pattern), Moved(Vec::new()));
    }
    let mut w = Writer { pattern, at: 0, out: Vec::new(), from: Vec::new() };
    w.verbs();
    w.body();
    if w.out == pattern {
        return (Cow::Borrowed(pattern), Moved(Vec::new()));
    }
    (Cow::Owned(w.out), Moved(w.from))
}

struct Writer<'a> {
    pattern: &'a [u8],
    at: usize,
    out: Vec<u8>,
    from: Vec<usize>,
}

impl Writer<'_> {
    fn rest(&self) -> &[u8] {
        self.pattern.get(self.at..).unwrap_or_default()
    }
    fn put(&mut self, byte: u8) {
        self.out.push(byte);
        self.from.push(self.at);
    }
    fn take(&mut self, n: usize) {
        for _ in 0..n {
            if let Some(&byte) = self.pattern.get(self.at) {
                self.put(byte);
                self.at += 1;
            }
        }
    }
    /// Verbs at the start that say how to read the pattern.
    fn verbs(&mut self) {
        while self.rest().starts_with(b"(*") {
            let Some(end) = self.rest().iter().position(|&b| b == b')') else { return };
            if self.rest().starts_with(b"(*UTF8)") {
                self.take(5);
                self.at += 1;
                self.take(1);
            } else {
                self.take(end + 1);
            }
        }
    }
    fn body(&mut self) {
        while let Some(&byte) = self.pattern.get(self.at) {
            match byte {
                b'\\' => {
                    self.escape();
                }
                b'[' => self.class(),
                b'(' if self.rest().starts_with(b"(?#") => {
                    let rest = self.rest();
                    let end = rest.iter().position(|&b| b == b')');
                    self.take(end.map_or(rest.len(), |n| n + 1));
                }
                b'{' if is_new_quantifier(self.rest()) => {
                    self.put(b'\\');
                    self.take(1);
                }
                _ => self.take(1),
            }
        }
    }
    /// A backslash and what belongs to it; the letter after it, or `Q` for a quotation.
    fn escape(&mut self) -> u8 {
        if self.rest().starts_with(b"\\Q") {
            let rest = self.rest();
            let end = rest.windows(2).position(|w| w == b"\\E");
            self.take(end.map_or(rest.len(), |n| n + 2));
            return b'Q';
        }
        self.take(2);
        let letter = self.out.last().copied().unwrap_or(0);
        if letter == b'x'
            && !self.rest().first().is_some_and(|b| b.is_ascii_hexdigit() || *b == b'{')
        {
            // Without digits it was zero.
            self.put(b'0');
        }
        if b"xopPgkN".contains(&letter) && self.rest().starts_with(b"{") {
            let end = self.rest().iter().position(|&b| b == b'}');
            self.take(end.map_or(1, |n| n + 1));
        }
        letter
    }
    /// `[…]`. A hyphen after a set of characters, as in `[\w-.]`, stands for itself.
    fn class(&mut self) {
        self.take(1);
        if self.rest().starts_with(b"^") {
            self.take(1);
        }
        if self.rest().starts_with(b"]") {
            self.take(1);
        }
        let mut after_set = false;
        while let Some(&byte) = self.pattern.get(self.at) {
            let was_set = std::mem::take(&mut after_set);
            match byte {
                b']' => return self.take(1),
                b'\\' => match self.rest().get(1) {
                    Some(c) if b"ABCFGIJKMORTXYZijmqyz".contains(c) => {
                        self.at += 1;
                        self.take(1);
                    }
                    Some(b'E') => {
                        self.take(2);
                        after_set = was_set;
                    }
                    _ => after_set = b"dDwWsShHvVpP".contains(&self.escape()),
                },
                b'[' => match posix_class(self.rest()) {
                    Some(n) => {
                        self.take(n);
                        after_set = true;
                    }
                    None => self.take(1),
                },
                b'-' if was_set => {
                    self.put(b'\\');
                    self.take(1);
                }
                _ => self.take(1),
            }
        }
    }
}

/// Length of `[:name:]` at the start of the text.
fn posix_class(text: &[u8]) -> Option<usize> {
    let name = text.strip_prefix(b"[:")?;
    let n = name.iter().position(|b| !b.is_ascii_alphabetic() && *b != b'^')?;
    name.get(n..)?.starts_with(b":]").then_some(n + 4)
}

/// Whether PCRE2 takes this as a quantifier and PCRE 8 did not.
fn is_new_quantifier(text: &[u8]) -> bool {
    let Some(end) = text.iter().take(64).position(|&b| b == b'}') else { return false };
    let inside = text.get(1..end).unwrap_or_default();
    let blank = |b: &u8| matches!(b, b' ' | b'\t');
    let is_number = |s: &[u8]| !s.is_empty() && s.iter().all(u8::is_ascii_digit);
    let trimmed = |s: &[u8]| -> Vec<u8> {
        let from = s.iter().position(|b| !blank(b)).unwrap_or(s.len());
        let to = s.iter().rposition(|b| !blank(b)).map_or(from, |i| i + 1);
        s.get(from..to).unwrap_or_default().to_vec()
    };
    let mut parts = inside.splitn(2, |&b| b == b',');
    let low = trimmed(parts.next().unwrap_or_default());
    let quantifier = match parts.next().map(trimmed) {
        None => is_number(&low),
        Some(high) => {
            (is_number(&low) || low.is_empty())
                && (is_number(&high) || high.is_empty())
                && !(low.is_empty() && high.is_empty())
        }
    };
    quantifier && (low.is_empty() || inside.iter().any(blank))
}

/// The old words for an error of PCRE2, where they are others.
fn message(code: i32) -> Option<&'static str> {
    Some(match code {
        ..0 => "invalid UTF-8 string",
        107 => "invalid escape sequence in character class",
        109 => "nothing to repeat",
        114 => "missing )",
        118 => "missing ) after comment",
        119 => "regular expression is too complicated",
        121 => "failed to get memory",
        122 => "unmatched parentheses",
        124 => "malformed number or name after (?(",
        125 | 135 | 187 | 200 => "lookbehind assertion is not fixed length",
        126 => "a numbered reference must not be zero",
        127 => "conditional group contains more than two branches",
        128 => "assertion expected after (?( or (?(?C)",
        129 => "digit expected after (?+",
        134 => "character value in \\x{} or \\o{} is too large",
        136 => "\\C not allowed in lookbehind assertion",
        137 => "PCRE does not support \\L, \\l, \\N{name}, \\U, or \\u",
        138 => "number after (?C is > 255",
        139 => "closing ) for (?C expected",
        142 => "syntax error in subpattern name (missing terminator)",
        143 => "two named subpatterns have the same name",
        144 => "group name must start with a non-digit",
        147 => "unknown property name after \\P or \\p",
        148 => "subpattern name is too long (maximum 32 characters)",
        154 => "DEFINE group contains more than one branch",
        158 => "(?R or (?[+-]digits must be followed by )",
        161 => "number is too big",
        168 => "\\c must be followed by an ASCII character",
        174 => "setting UTF is disabled by the application",
        178 => "digits missing in \\x{} or \\o{}",
        182 => "closing ) for (?C expected",
        193 => "PCRE does not support \\L, \\l, \\N{name}, \\U, or \\u",
        194 => "unrecognized character after (? or (?-",
        195 => "(*VERB) not recognized or malformed",
        _ => return None,
    })
}

/// An error in the old words. `at` is its offset in the original pattern.
pub fn error(pattern: &[u8], error: RawError, at: usize) -> CompileError {
    let text = match error.code {
        114 if at >= pattern.len() => open_group(pattern),
        162 => unnamed(pattern.get(..at).unwrap_or(pattern)),
        142 if pattern.get(..at).is_some_and(|p| p.ends_with(b"(?(x")) => message(124),
        178 if pattern.ends_with(b"\\x{") => {
            Some("non-hex character in \\x{} (closing brace missing?)")
        }
        _ => None,
    };
    let text = text.or_else(|| message(error.code));
    let message = text.map_or_else(|| error.message(), str::to_owned);
    CompileError { message, offset: offset(pattern, error.code, at).unwrap_or(at) }
}

/// What was said of a group that ends with the pattern before it is clear what it is.
fn open_group(pattern: &[u8]) -> Option<&'static str> {
    let start = pattern.iter().rposition(|&b| b == b'(')?;
    let inside = pattern.get(start + 1..)?;
    match inside.strip_prefix(b"?") {
        None if inside.is_empty() && pattern.ends_with(b"(?(") => message(128),
        None => None,
        Some(b"P") => Some("unrecognized character after (?P"),
        Some(b"C") => message(139),
        Some(b"0") => message(158),
        Some(rest) if rest.iter().all(|b| b"-imsxJUX".contains(b)) => message(194),
        Some(_) => None,
    }
}

/// What was said where a name is missing, after this.
fn unnamed(before: &[u8]) -> Option<&'static str> {
    if before.ends_with(b"(?<") {
        Some("unrecognized character after (?<")
    } else if before.ends_with(b"(?'") {
        message(142)
    } else if before.ends_with(b"(?(") {
        message(128)
    } else if before.ends_with(b"\\g{") {
        Some(
            "\\g is not followed by a braced, angle-bracketed, or quoted name/number or by a plain number",
        )
    } else {
        None
    }
}

fn find_back(pattern: &[u8], what: &[u8], at: usize) -> Option<usize> {
    pattern.get(..at)?.windows(what.len()).rposition(|w| w == what)
}

/// Where the old compiler had stopped, if that is not `at`.
fn offset(pattern: &[u8], code: i32, at: usize) -> Option<usize> {
    Some(match code {
        113 => pattern.get(..at)?.iter().rposition(|&b| b == b'[')?,
        115 => reference_end(pattern, at)?,
        125 | 127 | 135 | 136 | 187 | 200 => group_end(pattern, at)?,
        128 => find_back(pattern, b"(?(", at).map(|i| i + 2).filter(|i| i + 1 < at)?,
        129 => at + 1,
        130 => {
            let name = find_back(pattern, b"[:", at)? + 2;
            name + usize::from(pattern.get(name) == Some(&b'^'))
        }
        137 | 143 | 147 | 151 | 165 | 169 | 171 | 193 => at.checked_sub(1)?,
        150 if pattern.get(..at)?.ends_with(b":]") => find_back(pattern, b"[:", at)?,
        150 if !pattern.get(..at)?.ends_with(b"]") => at.checked_sub(1)?,
        154 => group_end(pattern, find_back(pattern, b"(?(", at)?)?,
        174 => 0,
        178 if find_back(pattern, b"\\o{", at).is_some() => at.checked_sub(2)?,
        _ => return None,
    })
}

/// The end of a reference that starts at or before `at`.
fn reference_end(pattern: &[u8], at: usize) -> Option<usize> {
    let rest = pattern.get(at..)?;
    let in_condition = rest.starts_with(b"(")
        || [&b"(?("[..], b"(?(<", b"(?('", b"(?(R&"]
            .iter()
            .any(|c| pattern.get(..at).is_some_and(|p| p.ends_with(c)));
    if in_condition {
        return Some(at + rest.iter().position(|&b| b == b')')? + 1);
    }
    let word = rest.iter().take_while(|b| b.is_ascii_alphanumeric() || **b == b'_').count();
    Some(if word == 0 && rest.starts_with(b"}") { at + 1 } else { at + word })
}

/// The parenthesis that closes the group at `at`.
fn group_end(pattern: &[u8], at: usize) -> Option<usize> {
    let (mut depth, mut i, mut in_class) = (0usize, at, false);
    while let Some(&byte) = pattern.get(i) {
        match byte {
            b'\\' => i += 1,
            b'[' => in_class = true,
            b']' => in_class = false,
            b'(' if !in_class => depth += 1,
            b')' if !in_class => {
                depth = depth.checked_sub(1)?;
                if depth == 0 {
                    return Some(i);
                }
            }
            _ => {}
        }
        i += 1;
    }
    None
}
