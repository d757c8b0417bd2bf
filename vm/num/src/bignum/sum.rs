//! Order, sign, sums and products.

use std::cmp::Ordering;

use super::mag;
use super::value::{Big, Digits, Int};

/// What an `_into` function has written: the sign, and how many digits of the output belong to the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Written {
    pub negative: bool,
    pub len: usize,
}

impl Written {
    fn trimmed(negative: bool, out: &[u64]) -> Written {
        let len = mag::trim(out).len();
        Written { negative: negative && len != 0, len }
    }
}

pub fn compare(a: Int, b: Int) -> Ordering {
    match (a.is_negative(), b.is_negative()) {
        (false, false) => mag::cmp(a.digits(), b.digits()),
        (true, true) => mag::cmp(b.digits(), a.digits()),
        (false, true) => Ordering::Greater,
        (true, false) => Ordering::Less,
    }
}

pub fn neg(a: Int) -> Big {
    a.negated().to_big()
}

pub fn abs(a: Int) -> Big {
    a.magnitude().to_big()
}

/// How many digits `add_into` and `sub_into` want.
#[inline]
pub fn add_need(a: Int, b: Int) -> usize {
    a.digits().len().max(b.digits().len()) + 1
}

/// How many digits `mul_into` wants.
#[inline]
pub fn mul_need(a: Int, b: Int) -> usize {
    a.digits().len() + b.digits().len()
}

/// `a + b` into the first `add_need(a, b)` digits of `out`; fewer digits than that are a caller's mistake and panic.
pub fn add_into(a: Int, b: Int, out: &mut [u64]) -> Written {
    let out = &mut out[..add_need(a, b)];
    let (x, y) = (a.digits(), b.digits());
    if a.is_negative() == b.is_negative() {
        mag::add(out, x, y);
        return Written::trimmed(a.is_negative(), out);
    }
    let (negative, x, y) = match mag::cmp(x, y) {
        Ordering::Less => (b.is_negative(), y, x),
        _ => (a.is_negative(), x, y),
    };
    let out = &mut out[..x.len()];
    mag::sub(out, x, y);
    Written::trimmed(negative, out)
}

/// `a - b`, as `add_into`.
pub fn sub_into(a: Int, b: Int, out: &mut [u64]) -> Written {
    add_into(a, b.negated(), out)
}

/// `a * b` into the first `mul_need(a, b)` digits of `out`; fewer digits than that are a caller's mistake and panic.
pub fn mul_into(a: Int, b: Int, out: &mut [u64]) -> Written {
    let out = &mut out[..mul_need(a, b)];
    mag::mul(out, a.digits(), b.digits());
    Written::trimmed(a.is_negative() != b.is_negative(), out)
}

fn owned(need: usize, fill: impl FnOnce(&mut [u64]) -> Written) -> Big {
    let mut digits = Digits::zeros(need);
    let negative = fill(digits.as_mut()).negative;
    // Subtraction may leave the spare top digit untouched; it is zero from the start.
    Big::from_digits(negative, digits)
}

pub fn add(a: Int, b: Int) -> Big {
    owned(add_need(a, b), |out| add_into(a, b, out))
}

pub fn sub(a: Int, b: Int) -> Big {
    owned(add_need(a, b), |out| sub_into(a, b, out))
}

/// The product may have more than `MAX_DIGITS` digits; the caller checks `mul_need` first where that matters.
pub fn mul(a: Int, b: Int) -> Big {
    owned(mul_need(a, b), |out| mul_into(a, b, out))
}

#[inline]
pub fn add_i64(a: i64, b: i64) -> Big {
    Big::from(i128::from(a) + i128::from(b))
}

#[inline]
pub fn sub_i64(a: i64, b: i64) -> Big {
    Big::from(i128::from(a) - i128::from(b))
}

#[inline]
pub fn mul_i64(a: i64, b: i64) -> Big {
    Big::from(i128::from(a) * i128::from(b))
}
