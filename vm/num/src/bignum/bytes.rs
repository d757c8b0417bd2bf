//! Integers from and to bytes: two's complement for the bit syntax, sign and magnitude for external terms.

use super::mag;
use super::value::{Big, Digits, Int};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Endian {
    Big,
    Little,
}

fn magnitude(bytes: &[u8], endian: Endian) -> Digits {
    let mut digits = Digits::zeros(bytes.len().div_ceil(8));
    let fill = |digit: &mut u64, chunk: &[u8]| {
        let mut raw = [0; 8];
        match endian {
            Endian::Little => {
                raw[..chunk.len()].copy_from_slice(chunk);
                *digit = u64::from_le_bytes(raw);
            }
            Endian::Big => {
                raw[8 - chunk.len()..].copy_from_slice(chunk);
                *digit = u64::from_be_bytes(raw);
            }
        }
    };
    match endian {
        Endian::Little => {
            digits.as_mut().iter_mut().zip(bytes.chunks(8)).for_each(|(d, c)| fill(d, c));
        }
        Endian::Big => {
            digits.as_mut().iter_mut().zip(bytes.rchunks(8)).for_each(|(d, c)| fill(d, c));
        }
    }
    digits
}

/// Whole bytes as an integer, two's complement when `signed`. No bytes are zero.
pub fn from_bytes(bytes: &[u8], endian: Endian, signed: bool) -> Big {
    let mut digits = magnitude(bytes, endian);
    let top = match endian {
        Endian::Big => bytes.first(),
        Endian::Little => bytes.last(),
    };
    let negative = signed && top.is_some_and(|b| b & 0x80 != 0);
    if negative {
        let spare = (8 - bytes.len() % 8) % 8 * 8;
        for digit in digits.as_mut() {
            *digit = !*digit;
        }
        if let Some(top) = digits.as_mut().last_mut() {
            *top &= u64::MAX >> spare;
        }
        // The magnitude of -2^n fits in the same bytes, so this cannot overflow.
        mag::increment(digits.as_mut());
    }
    Big::from_digits(negative, digits)
}

/// The low bytes of the integer in two's complement fill `out`; higher ones are cut off, missing ones extend the sign.
pub fn to_bytes(a: Int, endian: Endian, out: &mut [u8]) {
    let (fill, mut carry) = if a.is_negative() { (u64::MAX, true) } else { (0, false) };
    let mut next = a.digits().iter().copied().chain(std::iter::repeat(0)).map(|digit| {
        let (value, overflow) = (digit ^ fill).overflowing_add(u64::from(carry));
        carry = overflow;
        value
    });
    let mut digit = || next.next().unwrap_or(0);
    match endian {
        Endian::Little => {
            for chunk in out.chunks_mut(8) {
                let raw = digit().to_le_bytes();
                chunk.copy_from_slice(&raw[..chunk.len()]);
            }
        }
        Endian::Big => {
            for chunk in out.rchunks_mut(8) {
                let raw = digit().to_be_bytes();
                chunk.copy_from_slice(&raw[8 - chunk.len()..]);
            }
        }
    }
}

/// How many bytes the magnitude takes; 0 for zero.
pub fn magnitude_len(a: Int) -> usize {
    super::bit_length(a).div_ceil(8) as usize
}

/// The magnitude fills `out`, little end first, padded with zeros or cut off.
pub fn to_magnitude_le(a: Int, out: &mut [u8]) {
    to_bytes(a.magnitude(), Endian::Little, out);
}

/// An integer from its sign and its magnitude, little end first; leading zeros are allowed.
pub fn from_magnitude_le(negative: bool, bytes: &[u8]) -> Big {
    Big::from_digits(negative, magnitude(bytes, Endian::Little))
}
