//! Shifts and bitwise operations; negative integers behave as infinitely long two's complement.

use super::mag;
use super::value::{Big, Digits, Int};

/// The result would have more digits than the caller allows.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct TooBig;

/// How many bits the magnitude has; 0 for zero.
pub fn bit_length(a: Int) -> u64 {
    match a.digits() {
        [] => 0,
        digits @ [.., top] => digits.len() as u64 * 64 - u64::from(top.leading_zeros()),
    }
}

/// `a * 2^count`. Zero may be shifted by any count.
pub fn shl(a: Int, count: u64, max_digits: usize) -> Result<Big, TooBig> {
    if a.is_zero() {
        return Ok(Big::zero());
    }
    let bits = bit_length(a).checked_add(count).ok_or(TooBig)?;
    let len = usize::try_from(bits.div_ceil(64)).map_err(|_| TooBig)?;
    if len > max_digits {
        return Err(TooBig);
    }
    let (words, bits) = ((count / 64) as usize, (count % 64) as u32);
    let mut out = Digits::zeros(len);
    let (shifted, top) = out.as_mut()[words..].split_at_mut(a.digits().len());
    let above = mag::shl_bits(shifted, a.digits(), bits);
    if let Some(top) = top.first_mut() {
        *top = above;
    }
    Ok(Big::from_digits(a.is_negative(), out))
}

/// `a / 2^count` rounded towards negative infinity.
pub fn shr(a: Int, count: u64) -> Big {
    let digits = a.digits();
    let words = usize::try_from(count / 64).unwrap_or(usize::MAX);
    let bits = (count % 64) as u32;
    if words >= digits.len() {
        return if a.is_negative() { Big::from(-1i64) } else { Big::zero() };
    }
    let (lost, kept) = digits.split_at(words);
    // One digit more than is kept, since rounding may carry.
    let mut out = Digits::zeros(kept.len() + 1);
    mag::shr_bits(&mut out.as_mut()[..kept.len()], kept, bits);
    if a.is_negative()
        && (kept[0] & ((1u64 << bits) - 1) != 0 || lost.iter().any(|&digit| digit != 0))
    {
        mag::increment(out.as_mut());
    }
    Big::from_digits(a.is_negative(), out)
}

/// The digits of an integer in two's complement, without end.
fn twos(a: Int<'_>) -> impl Iterator<Item = u64> + '_ {
    let (fill, mut carry) = if a.is_negative() { (u64::MAX, true) } else { (0, false) };
    a.digits().iter().copied().chain(std::iter::repeat(0)).map(move |digit| {
        let (value, overflow) = (digit ^ fill).overflowing_add(u64::from(carry));
        carry = overflow;
        value
    })
}

fn bitwise(a: Int, b: Int, op: impl Fn(u64, u64) -> u64) -> Big {
    let len = a.digits().len().max(b.digits().len()) + 1;
    let mut out = Digits::zeros(len);
    for ((o, x), y) in out.as_mut().iter_mut().zip(twos(a)).zip(twos(b)) {
        *o = op(x, y);
    }
    // The extra digit on top holds nothing but copies of the sign.
    let negative = out.as_ref()[len - 1] != 0;
    if negative {
        for digit in out.as_mut() {
            *digit = !*digit;
        }
        mag::increment(out.as_mut());
    }
    Big::from_digits(negative, out)
}

pub fn band(a: Int, b: Int) -> Big {
    bitwise(a, b, |x, y| x & y)
}

pub fn bor(a: Int, b: Int) -> Big {
    bitwise(a, b, |x, y| x | y)
}

pub fn bxor(a: Int, b: Int) -> Big {
    bitwise(a, b, |x, y| x ^ y)
}

/// `-a - 1`.
pub fn bnot(a: Int) -> Big {
    super::sub(a.negated(), super::Word::from(1u64).int())
}
