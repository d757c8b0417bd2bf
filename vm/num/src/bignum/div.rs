//! Division that truncates towards zero; the remainder has the dividend's sign.

use std::cmp::Ordering;

use dashu_int::UBig;
use dashu_int::ops::DivRem;

use super::mag::{self, Divisor};
use super::value::{Big, Digits, Int};

/// From this many digits of both divisor and quotient on, dashu's division wins.
const LONG_DIV: usize = 32;

/// Quotient and remainder; `None` when `b` is zero.
pub fn div_rem(a: Int, b: Int) -> Option<(Big, Big)> {
    let (quotient, rest) = div_rem_magnitude(a.digits(), b.digits())?;
    let negative = a.is_negative() != b.is_negative();
    Some((Big::from_digits(negative, quotient), Big::from_digits(a.is_negative(), rest)))
}

/// `None` when `b` is zero.
pub fn div(a: Int, b: Int) -> Option<Big> {
    div_rem(a, b).map(|(quotient, _)| quotient)
}

/// `None` when `b` is zero.
pub fn rem(a: Int, b: Int) -> Option<Big> {
    div_rem(a, b).map(|(_, rest)| rest)
}

fn one_digit(d: u64) -> Digits {
    Digits::copy_of(&[d])
}

fn div_rem_magnitude(a: &[u64], b: &[u64]) -> Option<(Digits, Digits)> {
    match mag::cmp(a, b) {
        _ if b.is_empty() => return None,
        Ordering::Less => return Some((Digits::zeros(0), Digits::copy_of(a))),
        Ordering::Equal => return Some((one_digit(1), Digits::zeros(0))),
        Ordering::Greater => {}
    }
    if let (&[x], &[y]) = (a, b) {
        return Some((one_digit(x / y), one_digit(x % y)));
    }
    if let &[d] = b {
        let mut quotient = Digits::copy_of(a);
        let rest = Divisor::new(d).divide(quotient.as_mut());
        return Some((quotient, one_digit(rest)));
    }
    if let (&[a0, a1], &[b0, b1]) = (a, b) {
        let wide = |low: u64, high: u64| (u128::from(high) << 64) | u128::from(low);
        let (x, y) = (wide(a0, a1), wide(b0, b1));
        let rest = x % y;
        return Some((
            one_digit((x / y) as u64),
            Digits::copy_of(&[rest as u64, (rest >> 64) as u64]),
        ));
    }
    if b.len() >= LONG_DIV && a.len() - b.len() >= LONG_DIV {
        let (quotient, rest) = UBig::from_words(a).div_rem(UBig::from_words(b));
        return Some((Digits::copy_of(quotient.as_words()), Digits::copy_of(rest.as_words())));
    }
    let shift = b[b.len() - 1].leading_zeros();
    let mut v = Digits::zeros(b.len());
    mag::shl_bits(v.as_mut(), b, shift);
    let mut u = Digits::zeros(a.len() + 1);
    let top = mag::shl_bits(&mut u.as_mut()[..a.len()], a, shift);
    u.as_mut()[a.len()] = top;
    let mut quotient = Digits::zeros(a.len() + 1 - b.len());
    mag::div_schoolbook(quotient.as_mut(), u.as_mut(), v.as_ref());
    let mut rest = Digits::zeros(b.len());
    mag::shr_bits(rest.as_mut(), &u.as_ref()[..b.len()], shift);
    Some((quotient, rest))
}
