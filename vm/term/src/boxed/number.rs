//! Big integers as the heap holds them.

use crate::term::{Subtag, Term};

/// A big integer: outside the range of small ones, no leading zero digit.
#[derive(Clone, Copy)]
pub struct Big<'p>(pub(crate) Term<'p>);

impl<'p> Big<'p> {
    pub fn is_negative(self) -> bool {
        self.0.hdr().header_is(Subtag::NegBig)
    }
    /// Digits of the magnitude, least significant first.
    pub fn digits(self) -> &'p [u64] {
        let n = self.0.hdr().header_arity();
        // SAFETY: the payload of a live bignum is `arity` digits.
        unsafe { core::slice::from_raw_parts(self.0.raw().ptr().add(1), n) }
    }
    pub fn to_i64(self) -> Option<i64> {
        match *self.digits() {
            [d] if self.is_negative() => 0i64.checked_sub_unsigned(d),
            [d] => i64::try_from(d).ok(),
            _ => None,
        }
    }
    pub fn to_u64(self) -> Option<u64> {
        match *self.digits() {
            [d] if !self.is_negative() => Some(d),
            _ => None,
        }
    }
    pub fn term(self) -> Term<'p> {
        self.0
    }
}
