//! Loops over magnitudes: unsigned digit slices, least significant digit first.
//!
//! Outputs are slices the caller has sized; leading zeros in outputs are allowed and trimmed by the callers.

use std::cmp::Ordering;

use dashu_int::UBig;

/// From this many digits of the shorter factor on, dashu's multiplication wins in spite of its copies.
pub(super) const LONG_MUL: usize = 24;

/// Without leading zero digits.
#[inline]
pub(super) fn trim(digits: &[u64]) -> &[u64] {
    let len = digits.iter().rposition(|&d| d != 0).map_or(0, |last| last + 1);
    &digits[..len]
}

/// Orders two trimmed magnitudes.
pub(super) fn cmp(a: &[u64], b: &[u64]) -> Ordering {
    a.len().cmp(&b.len()).then_with(|| a.iter().rev().cmp(b.iter().rev()))
}

/// `out = a + b`; `out` has one digit more than the longer operand.
pub(super) fn add(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (a, b) = if a.len() < b.len() { (b, a) } else { (a, b) };
    let (low, high) = a.split_at(b.len());
    let (out_low, out_high) = out.split_at_mut(b.len());
    let mut carry = false;
    for ((o, &x), &y) in out_low.iter_mut().zip(low).zip(b) {
        let (sum, c1) = x.overflowing_add(y);
        let (sum, c2) = sum.overflowing_add(u64::from(carry));
        *o = sum;
        carry = c1 | c2;
    }
    for (o, &x) in out_high.iter_mut().zip(high) {
        (*o, carry) = x.overflowing_add(u64::from(carry));
    }
    out_high[high.len()] = u64::from(carry);
}

/// `out = a - b` for `a >= b`; `out` has as many digits as `a`.
pub(super) fn sub(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (low, high) = a.split_at(b.len());
    let (out_low, out_high) = out.split_at_mut(b.len());
    let mut borrow = false;
    for ((o, &x), &y) in out_low.iter_mut().zip(low).zip(b) {
        let (diff, b1) = x.overflowing_sub(y);
        let (diff, b2) = diff.overflowing_sub(u64::from(borrow));
        *o = diff;
        borrow = b1 | b2;
    }
    for (o, &x) in out_high.iter_mut().zip(high) {
        (*o, borrow) = x.overflowing_sub(u64::from(borrow));
    }
    debug_assert!(!borrow);
}

/// Adds one in place and tells whether that overflowed.
pub(super) fn increment(digits: &mut [u64]) -> bool {
    for d in digits {
        *d = d.wrapping_add(1);
        if *d != 0 {
            return false;
        }
    }
    true
}

/// `out += a * m`, with the carry returned; `out` is as long as `a`.
#[inline]
fn add_mul_word(out: &mut [u64], a: &[u64], m: u64) -> u64 {
    let mut carry = 0u64;
    for (o, &x) in out.iter_mut().zip(a) {
        let t = u128::from(x) * u128::from(m) + u128::from(*o) + u128::from(carry);
        *o = t as u64;
        carry = (t >> 64) as u64;
    }
    carry
}

/// `digits = digits * m + add` in place, with the carry returned.
pub(super) fn mul_add_word(digits: &mut [u64], m: u64, add: u64) -> u64 {
    let mut carry = add;
    for d in digits {
        let t = u128::from(*d) * u128::from(m) + u128::from(carry);
        *d = t as u64;
        carry = (t >> 64) as u64;
    }
    carry
}

/// `out = a * b`; `out` has as many digits as both factors together.
pub(super) fn mul(out: &mut [u64], a: &[u64], b: &[u64]) {
    let (a, b) = if a.len() < b.len() { (b, a) } else { (a, b) };
    out.fill(0);
    if b.len() >= LONG_MUL {
        let x = UBig::from_words(a);
        let product = if a == b { x.sqr() } else { x * UBig::from_words(b) };
        let words = product.as_words();
        out[..words.len()].copy_from_slice(words);
        return;
    }
    for (i, &m) in b.iter().enumerate() {
        let carry = add_mul_word(&mut out[i..i + a.len()], a, m);
        out[i + a.len()] = carry;
    }
}

/// `out = a << bits` for `bits < 64`; `out` is as long as `a`, the bits shifted out are returned.
pub(super) fn shl_bits(out: &mut [u64], a: &[u64], bits: u32) -> u64 {
    if bits == 0 {
        out[..a.len()].copy_from_slice(a);
        return 0;
    }
    let mut low = 0;
    for (o, &x) in out.iter_mut().zip(a) {
        *o = (x << bits) | low;
        low = x >> (64 - bits);
    }
    low
}

/// `out = a >> bits` for `bits < 64`; `out` is as long as `a`.
pub(super) fn shr_bits(out: &mut [u64], a: &[u64], bits: u32) {
    if bits == 0 {
        out[..a.len()].copy_from_slice(a);
        return;
    }
    let mut high = 0;
    for (o, &x) in out.iter_mut().zip(a).rev() {
        *o = (x >> bits) | high;
        high = x << (64 - bits);
    }
}

/// A divisor of one digit with its reciprocal, so that a division step costs two multiplications
/// (Möller and Granlund, "Improved division by invariant integers").
pub(super) struct Divisor {
    shift: u32,
    norm: u64,
    reciprocal: u64,
}

impl Divisor {
    /// `d` is not zero.
    pub(super) fn new(d: u64) -> Divisor {
        let shift = d.leading_zeros();
        let norm = d << shift;
        let reciprocal = (u128::MAX / u128::from(norm)) as u64;
        Divisor { shift, norm, reciprocal }
    }

    /// Divides `high:low` by the normalised divisor; `high` is less than it.
    #[inline]
    fn step(&self, high: u64, low: u64) -> (u64, u64) {
        let q = u128::from(self.reciprocal) * u128::from(high)
            + ((u128::from(high) << 64) | u128::from(low));
        let mut quotient = ((q >> 64) as u64).wrapping_add(1);
        let mut rest = low.wrapping_sub(quotient.wrapping_mul(self.norm));
        if rest > q as u64 {
            quotient = quotient.wrapping_sub(1);
            rest = rest.wrapping_add(self.norm);
        }
        if rest >= self.norm {
            quotient = quotient.wrapping_add(1);
            rest -= self.norm;
        }
        (quotient, rest)
    }

    /// Divides in place and returns the remainder.
    pub(super) fn divide(&self, digits: &mut [u64]) -> u64 {
        let shift = self.shift;
        let above = |d: u64| if shift == 0 { 0 } else { d >> (64 - shift) };
        let mut rest = digits.last().map_or(0, |&d| above(d));
        for i in (0..digits.len()).rev() {
            let below = if i == 0 { 0 } else { above(digits[i - 1]) };
            (digits[i], rest) = self.step(rest, (digits[i] << shift) | below);
        }
        rest >> shift
    }
}

/// Knuth's algorithm D. `u` has been shifted left so that the divisor `v` (two digits or more) has its top bit
/// set, and has a spare top digit; the remainder stays in `u`, the quotient goes to `q` (`u.len() - v.len()` digits).
pub(super) fn div_schoolbook(q: &mut [u64], u: &mut [u64], v: &[u64]) {
    let n = v.len();
    let (v1, v0) = (v[n - 1], v[n - 2]);
    let top = Divisor::new(v1);
    for j in (0..u.len() - n).rev() {
        let (u2, u1, u0) = (u[j + n], u[j + n - 1], u[j + n - 2]);
        // The estimate is at most two too large; the second digit of the divisor corrects nearly all of it.
        let (mut guess, mut rest) = if u2 >= v1 {
            (u64::MAX, u128::from(u1) + u128::from(v1))
        } else {
            let (guess, rest) = top.step(u2, u1);
            (guess, u128::from(rest))
        };
        while rest >> 64 == 0
            && u128::from(guess) * u128::from(v0) > ((rest << 64) | u128::from(u0))
        {
            guess -= 1;
            rest += u128::from(v1);
        }
        if sub_mul_word(&mut u[j..=j + n], v, guess) {
            guess -= 1;
            add_back(&mut u[j..=j + n], v);
        }
        q[j] = guess;
    }
}

/// `u -= v * m`, and whether that went below zero; `u` is one digit longer than `v`.
fn sub_mul_word(u: &mut [u64], v: &[u64], m: u64) -> bool {
    let (low, top) = u.split_at_mut(v.len());
    let mut carry = 0u64;
    for (x, &y) in low.iter_mut().zip(v) {
        let t = u128::from(y) * u128::from(m) + u128::from(carry);
        let (diff, borrow) = x.overflowing_sub(t as u64);
        *x = diff;
        carry = (t >> 64) as u64 + u64::from(borrow);
    }
    let (diff, borrow) = top[0].overflowing_sub(carry);
    top[0] = diff;
    borrow
}

fn add_back(u: &mut [u64], v: &[u64]) {
    let (low, top) = u.split_at_mut(v.len());
    let mut carry = false;
    for (x, &y) in low.iter_mut().zip(v) {
        let (sum, c1) = x.overflowing_add(y);
        let (sum, c2) = sum.overflowing_add(u64::from(carry));
        *x = sum;
        carry = c1 | c2;
    }
    top[0] = top[0].wrapping_add(u64::from(carry));
}
