//! The three faces of an integer: `Int` (a view), `Word` (a machine integer's digits on the stack), `Big` (a result).

use std::fmt;

use super::mag;

/// A view of an integer whose digits live elsewhere, on a process heap for example.
#[derive(Clone, Copy, PartialEq, Eq)]
pub struct Int<'a> {
    negative: bool,
    digits: &'a [u64],
}

impl<'a> Int<'a> {
    pub const ZERO: Int<'static> = Int { negative: false, digits: &[] };

    /// Digits are least significant first; leading zeros are dropped.
    #[inline]
    pub fn new(negative: bool, digits: &'a [u64]) -> Int<'a> {
        let digits = mag::trim(digits);
        Int { negative: negative && !digits.is_empty(), digits }
    }

    #[inline]
    pub fn is_negative(self) -> bool {
        self.negative
    }

    #[inline]
    pub fn is_zero(self) -> bool {
        self.digits.is_empty()
    }

    #[inline]
    pub fn digits(self) -> &'a [u64] {
        self.digits
    }

    /// The same magnitude with the opposite sign.
    #[inline]
    pub fn negated(self) -> Int<'a> {
        Int { negative: !self.negative && !self.is_zero(), digits: self.digits }
    }

    #[inline]
    pub fn magnitude(self) -> Int<'a> {
        Int { negative: false, digits: self.digits }
    }

    /// `None` when the value does not fit.
    #[inline]
    pub fn to_i64(self) -> Option<i64> {
        match *self.digits {
            [] => Some(0),
            [d] if self.negative => 0i64.checked_sub_unsigned(d),
            [d] => i64::try_from(d).ok(),
            _ => None,
        }
    }

    /// `None` when the value is negative or does not fit.
    #[inline]
    pub fn to_u64(self) -> Option<u64> {
        match *self.digits {
            [] => Some(0),
            [d] if !self.negative => Some(d),
            _ => None,
        }
    }

    pub fn to_big(self) -> Big {
        Big { negative: self.negative, digits: Digits::copy_of(self.digits) }
    }

    pub fn is_odd(self) -> bool {
        self.digits.first().is_some_and(|d| d & 1 == 1)
    }
}

impl fmt::Debug for Int<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&super::to_text(*self, 10, false))
    }
}

/// The digit of a machine integer, for use where an `Int` is asked for: `Word::from(n).int()`.
#[derive(Clone, Copy, Debug)]
pub struct Word {
    negative: bool,
    digit: [u64; 1],
}

impl Word {
    #[inline]
    pub fn int(&self) -> Int<'_> {
        let digits = if self.digit[0] == 0 { &[][..] } else { &self.digit[..] };
        Int { negative: self.negative, digits }
    }
}

impl From<i64> for Word {
    #[inline]
    fn from(n: i64) -> Word {
        Word { negative: n < 0, digit: [n.unsigned_abs()] }
    }
}

impl From<u64> for Word {
    #[inline]
    fn from(n: u64) -> Word {
        Word { negative: false, digit: [n] }
    }
}

const INLINE: usize = 3;

/// Digits of a result; short ones without an allocation.
#[derive(Clone)]
pub(super) enum Digits {
    Inline { len: u8, digits: [u64; INLINE] },
    Heap(Vec<u64>),
}

impl Digits {
    /// `len` zero digits.
    #[inline]
    pub(super) fn zeros(len: usize) -> Digits {
        if len <= INLINE {
            Digits::Inline { len: len as u8, digits: [0; INLINE] }
        } else {
            Digits::Heap(vec![0; len])
        }
    }

    pub(super) fn copy_of(digits: &[u64]) -> Digits {
        let mut copy = Digits::zeros(digits.len());
        copy.as_mut().copy_from_slice(digits);
        copy
    }

    #[inline]
    pub(super) fn as_ref(&self) -> &[u64] {
        match self {
            Digits::Inline { len, digits } => &digits[..usize::from(*len)],
            Digits::Heap(digits) => digits,
        }
    }

    #[inline]
    pub(super) fn as_mut(&mut self) -> &mut [u64] {
        match self {
            Digits::Inline { len, digits } => &mut digits[..usize::from(*len)],
            Digits::Heap(digits) => digits,
        }
    }

    #[inline]
    fn truncate(&mut self, new_len: usize) {
        match self {
            Digits::Inline { len, .. } => *len = new_len as u8,
            Digits::Heap(digits) => digits.truncate(new_len),
        }
    }
}

/// An integer result that owns its digits.
#[derive(Clone)]
pub struct Big {
    negative: bool,
    digits: Digits,
}

impl Big {
    /// Zero.
    pub fn zero() -> Big {
        Big { negative: false, digits: Digits::zeros(0) }
    }

    /// A result from digits that may have leading zeros.
    #[inline]
    pub(super) fn from_digits(negative: bool, mut digits: Digits) -> Big {
        let len = mag::trim(digits.as_ref()).len();
        digits.truncate(len);
        Big { negative: negative && len != 0, digits }
    }

    /// A result from digits that may have leading zeros.
    pub fn from_vec(negative: bool, digits: Vec<u64>) -> Big {
        Big::from_digits(negative, Digits::Heap(digits))
    }

    #[inline]
    pub fn is_negative(&self) -> bool {
        self.negative
    }

    #[inline]
    pub fn is_zero(&self) -> bool {
        self.digits().is_empty()
    }

    /// The digits, least significant first, without leading zeros.
    #[inline]
    pub fn digits(&self) -> &[u64] {
        self.digits.as_ref()
    }

    #[inline]
    pub fn as_int(&self) -> Int<'_> {
        Int { negative: self.negative, digits: self.digits() }
    }

    /// `None` when the value does not fit.
    #[inline]
    pub fn to_i64(&self) -> Option<i64> {
        self.as_int().to_i64()
    }

    /// `None` when the value is negative or does not fit.
    #[inline]
    pub fn to_u64(&self) -> Option<u64> {
        self.as_int().to_u64()
    }

    pub(super) fn with_sign(mut self, negative: bool) -> Big {
        self.negative = negative && !self.is_zero();
        self
    }
}

impl PartialEq for Big {
    fn eq(&self, other: &Big) -> bool {
        self.as_int() == other.as_int()
    }
}

impl Eq for Big {}

impl fmt::Debug for Big {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.as_int().fmt(f)
    }
}

impl From<i64> for Big {
    #[inline]
    fn from(n: i64) -> Big {
        Big::from(u128::from(n.unsigned_abs())).with_sign(n < 0)
    }
}

impl From<u64> for Big {
    #[inline]
    fn from(n: u64) -> Big {
        Big::from(u128::from(n))
    }
}

impl From<u128> for Big {
    #[inline]
    fn from(n: u128) -> Big {
        let (low, high) = (n as u64, (n >> 64) as u64);
        let len = if high != 0 { 2 } else { u8::from(low != 0) };
        Big { negative: false, digits: Digits::Inline { len, digits: [low, high, 0] } }
    }
}

impl From<i128> for Big {
    #[inline]
    fn from(n: i128) -> Big {
        Big::from(n.unsigned_abs()).with_sign(n < 0)
    }
}
