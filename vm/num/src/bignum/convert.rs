//! Integers and floats.

use std::cmp::Ordering;

use super::value::{Big, Digits, Int, Word};

/// 2^64.
const BASE: f64 = 18_446_744_073_709_551_616.0;

/// `None` when the value is beyond the range of floats.
///
/// The digits are folded from the top, rounding at every step, as the reference does (big.c: big_to_double). The last bit may
/// thus differ from the nearest float, and values just below 2^1024 may be refused.
pub fn to_f64(a: Int) -> Option<f64> {
    let mut value = 0.0f64;
    for &digit in a.digits().iter().rev() {
        value = value * BASE + digit as f64;
        if !value.is_finite() {
            return None;
        }
    }
    Some(if a.is_negative() { -value } else { value })
}

/// The nearest float, ties to even, as the reference has it since OTP 29; `None` when that is beyond the range of floats.
pub fn to_nearest_f64(a: Int) -> Option<f64> {
    let digits = a.digits();
    let Some((&top, rest)) = digits.split_last() else { return Some(0.0) };
    let shift = top.leading_zeros();
    let second = rest.last().copied().unwrap_or(0);
    // The upper 64 bits; the lowest of them also stands for all that is below.
    let mut upper = ((u128::from(top) << 64 | u128::from(second)) << shift >> 64) as u64;
    let below = second.checked_shl(shift).unwrap_or(0) != 0;
    if below || rest.iter().rev().skip(1).any(|d| *d != 0) {
        upper |= 1;
    }
    let exponent = 64 * rest.len() as i32 - shift as i32;
    if exponent > 1024 - 64 {
        return None;
    }
    // Rounded once, in the first step; the second is exact or overflows.
    let value = upper as f64 * 2f64.powi(exponent);
    let value = value.is_finite().then_some(value)?;
    Some(if a.is_negative() { -value } else { value })
}

/// The integer part, exactly; `None` for infinities and NaN.
pub fn from_f64(value: f64) -> Option<Big> {
    if !value.is_finite() {
        return None;
    }
    let bits = value.to_bits();
    // The exponent of the mantissa's lowest bit.
    let exponent = ((bits >> 52) & 0x7ff) as i32 - 1075;
    if exponent < -52 {
        return Some(Big::zero());
    }
    let mantissa = (bits & ((1 << 52) - 1)) | (1 << 52);
    let negative = value < 0.0;
    if exponent <= 0 {
        return Some(Big::from(mantissa >> -exponent).with_sign(negative));
    }
    let (words, shift) = ((exponent / 64) as usize, exponent % 64);
    let wide = u128::from(mantissa) << shift;
    let mut digits = Digits::zeros(words + 2);
    digits.as_mut()[words] = wide as u64;
    digits.as_mut()[words + 1] = (wide >> 64) as u64;
    Some(Big::from_digits(negative, digits))
}

/// Compares exactly, without rounding the integer, as the reference does; the float is not NaN.
pub fn cmp_f64(a: Int, f: f64) -> Ordering {
    if let Some(n) = a.to_i64() {
        return cmp_i64_f64(n, f);
    }
    let Some(whole) = from_f64(f) else {
        return if f < 0.0 { Ordering::Greater } else { Ordering::Less };
    };
    // Beyond i64 a float has no fraction, and within it the fraction cannot matter.
    super::compare(a, whole.as_int())
}

/// Compares exactly, without rounding the integer; the float is not NaN.
#[inline]
pub fn cmp_i64_f64(n: i64, f: f64) -> Ordering {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0;
    if f >= LIMIT {
        Ordering::Less
    } else if f < -LIMIT {
        Ordering::Greater
    } else {
        let whole = f as i64;
        let fraction = f - whole as f64;
        n.cmp(&whole).then_with(|| 0.0f64.partial_cmp(&fraction).unwrap_or(Ordering::Equal))
    }
}

impl Word {
    /// Exact for integers up to 2^53, nearest beyond.
    pub fn to_f64(self) -> f64 {
        to_f64(self.int()).unwrap_or(0.0)
    }
}
