//! Writing floats. Infinities and NaN do not occur in terms; given one, the writers append Rust's text of it.

use std::io::Write;

/// The size of the reference's buffer, which ends in a zero byte.
const LIMIT: usize = 256;

/// Significant digits and the power of ten of the last one: `digits * 10^exponent`.
struct Decimal {
    digits: [u8; 17],
    len: usize,
    exponent: i32,
}

impl Decimal {
    fn digits(&self) -> &[u8] {
        &self.digits[..self.len]
    }
}

/// The shortest digits that read back as `value`, which is finite, positive and not zero.
fn shortest(value: f64) -> Decimal {
    let mut buffer = ryu::Buffer::new();
    let text = buffer.format_finite(value).as_bytes();
    let mut decimal = Decimal { digits: [0; 17], len: 0, exponent: 0 };
    let mut after_point = false;
    let mut zeros = 0;
    let mut bytes = text.iter();
    for &c in bytes.by_ref() {
        match c {
            b'.' => after_point = true,
            b'e' => break,
            c => {
                decimal.exponent -= i32::from(after_point);
                if c == b'0' {
                    zeros += 1;
                    continue;
                }
                if decimal.len > 0 {
                    // The zeros were inner ones; `digits` is zeroed by value, so write them as text.
                    for slot in decimal.digits.iter_mut().skip(decimal.len).take(zeros) {
                        *slot = b'0';
                    }
                    decimal.len += zeros;
                }
                zeros = 0;
                if let Some(slot) = decimal.digits.get_mut(decimal.len) {
                    *slot = c;
                    decimal.len += 1;
                }
            }
        }
    }
    decimal.exponent += zeros as i32;
    let mut power = 0;
    let mut negative = false;
    for &c in bytes {
        match c {
            b'-' => negative = true,
            c => power = power * 10 + i32::from(c - b'0'),
        }
    }
    decimal.exponent += if negative { -power } else { power };
    decimal
}

/// The shortest text that reads back as the same float: `float_to_list(F, [short])`, `io_lib:format("~w", [F])`.
///
/// Fixed notation where it is not longer than scientific, and never for whole numbers from 2^53 on, where printed digits would
/// pretend a precision that floats do not have.
pub fn write_short(value: f64, out: &mut Vec<u8>) {
    if !value.is_finite() {
        // Writing to a Vec does not fail.
        let _ = write!(out, "{value}");
        return;
    }
    if value.is_sign_negative() {
        out.push(b'-');
    }
    let magnitude = value.abs();
    if magnitude == 0.0 {
        out.extend_from_slice(b"0.0");
        return;
    }
    let decimal = shortest(magnitude);
    let digits = decimal.digits();
    let len = digits.len() as i32;
    let exponent = decimal.exponent;
    let scientific = exponent + len - 1;
    let (lowest, highest) = match len {
        1 => (-4, 2),
        _ if scientific >= 10 => (-(len + 2), 2),
        _ => (-(len + 2), 1),
    };
    let whole = exponent >= 0;
    let fixed =
        (lowest..=highest).contains(&exponent) && !(whole && magnitude >= 9_007_199_254_740_992.0);
    if fixed {
        write_fixed(digits, exponent, out);
        return;
    }
    let (first, rest) = digits.split_at(1);
    out.extend_from_slice(first);
    out.push(b'.');
    out.extend_from_slice(if rest.is_empty() { b"0" } else { rest });
    let _ = write!(out, "e{scientific}");
}

fn write_fixed(digits: &[u8], exponent: i32, out: &mut Vec<u8>) {
    if exponent >= 0 {
        out.extend_from_slice(digits);
        out.resize(out.len() + exponent as usize, b'0');
        out.extend_from_slice(b".0");
        return;
    }
    let places = exponent.unsigned_abs() as usize;
    if places < digits.len() {
        let (whole, fraction) = digits.split_at(digits.len() - places);
        out.extend_from_slice(whole);
        out.push(b'.');
        out.extend_from_slice(fraction);
    } else {
        out.extend_from_slice(b"0.");
        out.resize(out.len() + places - digits.len(), b'0');
        out.extend_from_slice(digits);
    }
}

/// `float_to_list(F, [{scientific, Decimals}])`, as C's `%.*e`; a negative count means six. False: badarg.
#[must_use]
pub fn write_scientific(value: f64, decimals: i64, out: &mut Vec<u8>) -> bool {
    let decimals = match usize::try_from(decimals) {
        Ok(n) if n >= LIMIT => return false,
        Ok(n) => n,
        Err(_) => 6,
    };
    let text = format!("{value:.decimals$e}");
    let Some((mantissa, exponent)) = text.split_once('e') else {
        out.extend_from_slice(text.as_bytes());
        return true;
    };
    let (sign, exponent) = match exponent.strip_prefix('-') {
        Some(exponent) => ('-', exponent),
        None => ('+', exponent),
    };
    let exponent_len = exponent.len().max(2);
    if mantissa.len() + 2 + exponent_len >= LIMIT {
        return false;
    }
    let _ = write!(out, "{mantissa}e{sign}{exponent:0>2}");
    true
}

/// `float_to_list(F)`: scientific with twenty decimals.
pub fn write_default(value: f64, out: &mut Vec<u8>) {
    let fits = write_scientific(value, 20, out);
    debug_assert!(fits);
}

/// As `erlang:display/1` and crash dumps write floats: scientific with six decimals.
pub fn write_display(value: f64, out: &mut Vec<u8>) {
    let fits = write_scientific(value, 6, out);
    debug_assert!(fits);
}

/// From 10^0 on; with more decimals than this, or beyond 2^53, the reference leaves the work to C's `%.*f`.
const POWERS: [f64; 19] = [
    1e0, 1e1, 1e2, 1e3, 1e4, 1e5, 1e6, 1e7, 1e8, 1e9, 1e10, 1e11, 1e12, 1e13, 1e14, 1e15, 1e16,
    1e17, 1e18,
];

/// `float_to_list(F, [{decimals, Decimals}])`; `compact` drops trailing zeros. False: badarg.
///
/// Up to 18 decimals the fraction is scaled as a float and rounded half away from zero, so the last digits are not always
/// those of the exact value; beyond, the exact value is rounded half to even.
#[must_use]
pub fn write_decimals(value: f64, decimals: i64, compact: bool, out: &mut Vec<u8>) -> bool {
    let Ok(decimals) = usize::try_from(decimals) else { return false };
    let start = out.len();
    let magnitude = value.abs();
    let power = POWERS.get(decimals).filter(|_| magnitude <= 9_007_199_254_740_992.0);
    if let Some(&power) = power {
        if value.is_sign_negative() {
            out.push(b'-');
        }
        if decimals == 0 {
            let _ = write!(out, "{}", magnitude.round() as u64);
        } else {
            let whole = magnitude.floor();
            let fraction = ((magnitude - whole) * power).round();
            let (whole, fraction) = if fraction >= power {
                (whole as u64 + 1, 0)
            } else {
                (whole as u64, fraction as u64)
            };
            let _ = write!(out, "{whole}.{fraction:0decimals$}");
        }
    } else {
        if decimals >= LIMIT {
            return false;
        }
        let _ = write!(out, "{value:.decimals$}");
        if out.len() - start >= LIMIT {
            out.truncate(start);
            return false;
        }
    }
    // Large numbers lose zeros of the whole part too when there is no point; the reference does so.
    if compact && (decimals > 0 || power.is_none()) {
        while out.len() > start + 1 && out.ends_with(b"0") {
            out.pop();
        }
        if out.ends_with(b".") {
            out.push(b'0');
        }
    }
    true
}
