//! Order of numbers [big.c: big_comp; utils.c: float_comp]. Integers and floats are compared by value, without
//! rounding, or exactly, every integer before every float.

use crate::boxed::Big;
use crate::personality;
use crate::term::View;
use core::cmp::Ordering;

/// Order of floats; exactly, `-0.0` stands before `0.0` where they differ.
pub(super) fn compare_floats(a: f64, b: f64, exact: bool) -> Ordering {
    if exact && personality::signed_zero() {
        return a.total_cmp(&b);
    }
    a.partial_cmp(&b).unwrap_or(Ordering::Equal)
}

pub(super) fn compare_numbers(a: View<'_>, b: View<'_>, exact: bool) -> Option<Ordering> {
    use Ordering::{Greater, Less};
    let sign = |b: Big<'_>| if b.is_negative() { Less } else { Greater };
    Some(match (a, b) {
        (View::Small(_), View::Big(q)) => sign(q).reverse(),
        (View::Big(p), View::Small(_)) => sign(p),
        (View::Big(p), View::Big(q)) => compare_bigs(p, q),
        (View::Small(_) | View::Big(_), View::Float(_)) if exact => Less,
        (View::Float(_), View::Small(_) | View::Big(_)) if exact => Greater,
        (View::Small(n), View::Float(f)) => compare_i64_f64(n, f),
        (View::Float(f), View::Small(n)) => compare_i64_f64(n, f).reverse(),
        (View::Big(p), View::Float(f)) => compare_big_f64(p, f),
        (View::Float(f), View::Big(q)) => compare_big_f64(q, f).reverse(),
        _ => return None,
    })
}

fn compare_bigs(a: Big<'_>, b: Big<'_>) -> Ordering {
    if a.is_negative() != b.is_negative() {
        return if a.is_negative() { Ordering::Less } else { Ordering::Greater };
    }
    let (x, y) = (a.digits(), b.digits());
    let r = x.len().cmp(&y.len()).then_with(|| x.iter().rev().cmp(y.iter().rev()));
    if a.is_negative() { r.reverse() } else { r }
}

/// By value, without rounding.
pub fn compare_i64_f64(n: i64, f: f64) -> Ordering {
    const LIMIT: f64 = 9_223_372_036_854_775_808.0; // 2^63
    if f >= LIMIT {
        return Ordering::Less;
    }
    if f < -LIMIT {
        return Ordering::Greater;
    }
    let whole = f.trunc();
    n.cmp(&(whole as i64)).then_with(|| whole.partial_cmp(&f).unwrap_or(Ordering::Equal))
}

fn compare_big_f64(big: Big<'_>, f: f64) -> Ordering {
    let negative = big.is_negative();
    if negative != f.is_sign_negative() {
        return if negative { Ordering::Less } else { Ordering::Greater };
    }
    let r = compare_magnitude(big.digits(), f.abs());
    if negative { r.reverse() } else { r }
}

/// `f` is finite and not negative; the number is at least 2^60.
fn compare_magnitude(digits: &[u64], f: f64) -> Ordering {
    let Some(&top) = digits.last() else { return Ordering::Less };
    let bits = digits.len() as i64 * 64 - top.leading_zeros() as i64;
    let raw = f.to_bits();
    let exponent = (raw >> 52) as i64 - 1023;
    if bits - 1 != exponent {
        return (bits - 1).cmp(&exponent);
    }
    // Both have `bits` bits, more than 53: the float's stand at the top.
    let mantissa = raw & ((1 << 52) - 1) | 1 << 52;
    let shift = bits - 53;
    let digit_at = |i: i64| digits.get(i as usize).copied().unwrap_or(0);
    let (word, off) = (shift / 64, shift % 64);
    let mut head = digit_at(word) >> off;
    if off != 0 {
        head |= digit_at(word + 1) << (64 - off);
    }
    head.cmp(&mantissa).then_with(|| {
        let below = digits[..word as usize].iter().any(|&d| d != 0)
            || digit_at(word) & ((1u64 << off) - 1) != 0;
        if below { Ordering::Greater } else { Ordering::Equal }
    })
}
