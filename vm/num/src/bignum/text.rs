//! Integers from and to text in bases 2 to 36.

use std::fmt::Write;

use dashu_int::UBig;

use super::mag::{self, Divisor, LONG_MUL};
use super::value::{Big, Digits, Int, Word};

/// The highest power of the base that fits in a digit, and its exponent.
fn chunk(base: u32) -> (u64, usize) {
    let (mut power, mut exponent) = (u64::from(base), 1);
    while let Some(next) = power.checked_mul(u64::from(base)) {
        (power, exponent) = (next, exponent + 1);
    }
    (power, exponent)
}

fn digit_char(value: u64, upper: bool) -> u8 {
    match value as u8 {
        d @ 0..=9 => b'0' + d,
        d if upper => b'A' + d - 10,
        d => b'a' + d - 10,
    }
}

/// Writes `n` at the end of `buf` in reverse and returns what was written.
fn digits_of(mut n: u64, base: u32, upper: bool, buf: &mut [u8; 64]) -> &[u8] {
    let base = u64::from(base);
    let mut at = buf.len();
    loop {
        at -= 1;
        buf[at] = digit_char(n % base, upper);
        n /= base;
        if n == 0 {
            return &buf[at..];
        }
    }
}

/// Appends the text of a machine integer. `base` is within 2..=36, else nothing is written.
pub fn write_i64(n: i64, base: u32, upper: bool, out: &mut Vec<u8>) {
    write_text(Word::from(n).int(), base, upper, out);
}

/// Appends the text of an integer, without a prefix. `base` is within 2..=36, else nothing is written.
pub fn write_text(a: Int, base: u32, upper: bool, out: &mut Vec<u8>) {
    if !(2..=36).contains(&base) {
        return;
    }
    if a.is_negative() {
        out.push(b'-');
    }
    let mut buf = [0; 64];
    match a.digits() {
        [] => out.push(b'0'),
        &[n] => out.extend_from_slice(digits_of(n, base, upper, &mut buf)),
        digits if digits.len() <= LONG_MUL => short_text(digits, base, upper, out),
        digits => {
            let n = UBig::from_words(digits);
            let mut sink = Sink(out);
            // The sink does not fail.
            let _ = if upper {
                write!(sink, "{:#}", n.in_radix(base as u8))
            } else {
                write!(sink, "{}", n.in_radix(base as u8))
            };
        }
    }
}

struct Sink<'a>(&'a mut Vec<u8>);

impl Write for Sink<'_> {
    fn write_str(&mut self, s: &str) -> std::fmt::Result {
        self.0.extend_from_slice(s.as_bytes());
        Ok(())
    }
}

/// Repeated division by the largest power of the base that fits in a digit.
fn short_text(digits: &[u64], base: u32, upper: bool, out: &mut Vec<u8>) {
    let (power, width) = chunk(base);
    let divisor = Divisor::new(power);
    let mut rest = [0u64; LONG_MUL];
    let rest = &mut rest[..digits.len()];
    rest.copy_from_slice(digits);
    let mut parts = Vec::with_capacity(digits.len() * 2);
    let mut len = rest.len();
    while len > 0 {
        parts.push(divisor.divide(&mut rest[..len]));
        len = mag::trim(&rest[..len]).len();
    }
    let mut buf = [0; 64];
    for (i, &part) in parts.iter().rev().enumerate() {
        let text = digits_of(part, base, upper, &mut buf);
        if i > 0 {
            out.resize(out.len() + width - text.len(), b'0');
        }
        out.extend_from_slice(text);
    }
}

/// The text of an integer, without a prefix. `base` is within 2..=36, else the text is empty.
pub fn to_text(a: Int, base: u32, upper: bool) -> String {
    let mut out = Vec::new();
    write_text(a, base, upper, &mut out);
    String::from_utf8(out).unwrap_or_default()
}

#[inline]
fn digit_value(c: u8, base: u32) -> Option<u64> {
    char::from(c).to_digit(base).map(u64::from)
}

/// An integer with an optional sign and nothing else around it; either case. `None` for anything else, and for a base
/// outside 2..=36. The result may have more than `MAX_DIGITS` digits.
pub fn parse(text: &[u8], base: u32) -> Option<Big> {
    parse_prefix(text, base).filter(|&(_, len)| len == text.len()).map(|(value, _)| value)
}

/// The integer that `text` begins with, and how many bytes it takes.
pub fn parse_prefix(text: &[u8], base: u32) -> Option<(Big, usize)> {
    if !(2..=36).contains(&base) {
        return None;
    }
    let (negative, sign) = match text.first()? {
        b'-' => (true, 1),
        b'+' => (false, 1),
        _ => (false, 0),
    };
    let digits = &text[sign..];
    let len = digits.iter().position(|&c| digit_value(c, base).is_none()).unwrap_or(digits.len());
    if len == 0 {
        return None;
    }
    Some((magnitude(&digits[..len], base)?.with_sign(negative), sign + len))
}

/// `text` is one or more valid digits.
fn magnitude(text: &[u8], base: u32) -> Option<Big> {
    let (power, width) = chunk(base);
    let value = |part: &[u8]| {
        part.iter().try_fold(0u64, |n, &c| Some(n * u64::from(base) + digit_value(c, base)?))
    };
    if text.len() <= width {
        return value(text).map(Big::from);
    }
    if text.len() > width * LONG_MUL * 2 {
        let text = std::str::from_utf8(text).ok()?;
        let n = UBig::from_str_radix(text, base).ok()?;
        return Some(Big::from_digits(false, Digits::copy_of(n.as_words())));
    }
    let (first, rest) = text.split_at(text.len() % width);
    let mut digits = vec![value(first)?];
    for part in rest.chunks(width) {
        let carry = mag::mul_add_word(&mut digits, power, value(part)?);
        if carry != 0 {
            digits.push(carry);
        }
    }
    Some(Big::from_vec(false, digits))
}
