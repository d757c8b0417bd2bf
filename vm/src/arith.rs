//! Arithmetic on terms, shared by the interpreter and the natives [erl_arith.c].
//!
//! Each operation has a small inlined path for two small integers and a cold one for the rest.
//! Results equal the reference: an integer of more than `MAX_DIGITS` digits is `system_limit`, a
//! float that is not finite `badarith`; an integer meets a float as a float.

use num::bignum::{self, Big, Int, MAX_DIGITS, Word};
use term::atom::am;
use term::{Atom, Heap, Term, View};

/// What arithmetic may end with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ArithError {
    BadArith,
    /// Conversions and `abs/1` call a wrong operand `badarg`.
    BadArg,
    SystemLimit,
}

impl ArithError {
    /// The reason of the `error` exception.
    pub fn reason(self) -> Atom {
        match self {
            ArithError::BadArith => am::BADARITH,
            ArithError::BadArg => am::BADARG,
            ArithError::SystemLimit => am::SYSTEM_LIMIT,
        }
    }
}

pub type ArithResult<'h> = Result<Term<'h>, ArithError>;

/// A number taken apart; a small integer brings its digit along, so that it can be seen as `Int`.
enum Number<'p> {
    Small(i64, Word),
    Big(Int<'p>),
    Float(f64),
}

impl<'p> Number<'p> {
    fn of(t: Term<'p>) -> Option<Number<'p>> {
        match t.view() {
            View::Small(n) => Some(Number::Small(n, Word::from(n))),
            View::Big(b) => Some(Number::Big(Int::new(b.is_negative(), b.digits()))),
            View::Float(f) => Some(Number::Float(f)),
            _ => None,
        }
    }
    /// `None`: a float.
    fn int(&self) -> Option<Int<'_>> {
        match self {
            Number::Small(_, word) => Some(word.int()),
            Number::Big(int) => Some(*int),
            Number::Float(_) => None,
        }
    }
    /// `None`: an integer beyond the range of floats.
    fn to_f64(&self) -> Option<f64> {
        match *self {
            Number::Small(n, _) => Some(n as f64),
            Number::Big(int) => big_to_f64(int),
            Number::Float(f) => Some(f),
        }
    }
}

fn numbers<'p>(a: Term<'p>, b: Term<'p>) -> Result<(Number<'p>, Number<'p>), ArithError> {
    Number::of(a).zip(Number::of(b)).ok_or(ArithError::BadArith)
}

/// An integer result as a term.
pub fn integer<'h>(heap: &'h Heap, n: &Big) -> ArithResult<'h> {
    if n.digits().len() > MAX_DIGITS {
        return Err(ArithError::SystemLimit);
    }
    Ok(heap.big(n.is_negative(), n.digits()))
}

/// A float result as a term; infinities and NaN are `badarith`.
#[inline]
pub fn float_result<'h>(heap: &'h Heap, f: f64) -> ArithResult<'h> {
    if f.is_finite() { Ok(heap.float(f)) } else { Err(ArithError::BadArith) }
}

/// An integer as `num` sees it, for as long as `f` runs; `None` if it is none.
pub fn with_int<R>(t: Term<'_>, f: impl FnOnce(Int<'_>) -> R) -> Option<R> {
    match t.view() {
        View::Small(n) => Some(f(Word::from(n).int())),
        View::Big(b) => Some(f(Int::new(b.is_negative(), b.digits()))),
        _ => None,
    }
}

/// A large integer as a float, rounded as the release does.
pub fn big_to_f64(n: Int) -> Option<f64> {
    if term::personality::release() >= 28 { bignum::to_nearest_f64(n) } else { bignum::to_f64(n) }
}

/// Any number as a float; `None`: no number, or an integer beyond the range of floats.
pub fn to_f64(t: Term<'_>) -> Option<f64> {
    Number::of(t)?.to_f64()
}

/// A tagged word of value `8 * n` as the small integer `n`.
#[inline(always)]
fn from_tagged<'h>(word: i64) -> Term<'h> {
    Term::small(word >> 3)
}
#[inline(always)]
fn both_small(a: Term<'_>, b: Term<'_>) -> bool {
    (a.raw().0 | b.raw().0) & term::term::TAG_MASK == term::term::TAG_SMALL
}
#[inline(always)]
fn word(t: Term<'_>) -> i64 {
    t.raw().0 as i64
}

/// Two integers of which neither has more than one digit.
#[inline]
fn narrow(a: Term<'_>, b: Term<'_>) -> Option<(i128, i128)> {
    let one = |t: Term<'_>| match t.view() {
        View::Small(n) => Some(i128::from(n)),
        View::Big(b) => match *b.digits() {
            [d] if b.is_negative() => Some(-i128::from(d)),
            [d] => Some(i128::from(d)),
            _ => None,
        },
        _ => None,
    };
    one(a).zip(one(b))
}

#[inline]
pub fn add<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if both_small(a, b)
        && let Some(sum) = word(a).checked_add(word(b))
    {
        return Ok(from_tagged(sum));
    }
    mixed(heap, a, b, i128::checked_add, bignum::add, |x, y| x + y)
}

#[inline]
pub fn sub<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if both_small(a, b)
        && let Some(difference) = word(a).checked_sub(word(b))
    {
        return Ok(from_tagged(difference));
    }
    mixed(heap, a, b, i128::checked_sub, bignum::sub, |x, y| x - y)
}

#[inline]
pub fn mul<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if both_small(a, b)
        && let Some(product) = (word(a) >> 3).checked_mul(word(b))
    {
        return Ok(from_tagged(product));
    }
    mul_mixed(heap, a, b)
}

#[cold]
fn mul_mixed<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if let (Some(x), Some(y)) = (a.as_big(), b.as_big())
        && x.digits().len() + y.digits().len() > MAX_DIGITS + 1
    {
        // The product has at most one digit less than that: do not even try.
        return Err(ArithError::SystemLimit);
    }
    mixed(heap, a, b, i128::checked_mul, bignum::mul, |x, y| x * y)
}

#[cold]
fn mixed<'h>(
    heap: &'h Heap,
    a: Term<'h>,
    b: Term<'h>,
    short: fn(i128, i128) -> Option<i128>,
    ints: fn(Int, Int) -> Big,
    floats: fn(f64, f64) -> f64,
) -> ArithResult<'h> {
    if let Some((x, y)) = narrow(a, b)
        && let Some(n) = short(x, y)
    {
        return Ok(heap.i128(n));
    }
    let (a, b) = numbers(a, b)?;
    if let (Some(x), Some(y)) = (a.int(), b.int()) {
        return integer(heap, &ints(x, y));
    }
    let (x, y) = a.to_f64().zip(b.to_f64()).ok_or(ArithError::BadArith)?;
    float_result(heap, floats(x, y))
}

/// `A / B`: always a float.
pub fn divide<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    let (a, b) = numbers(a, b)?;
    let (x, y) = a.to_f64().zip(b.to_f64()).ok_or(ArithError::BadArith)?;
    float_result(heap, x / y)
}

/// `A div B`, towards zero.
#[inline]
pub fn div<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if both_small(a, b) && word(b) != 0 && word(b) != -8 {
        return Ok(Term::small(word(a) / word(b)));
    }
    ints(heap, a, b, i128::checked_div, |x, y| bignum::div(x, y).ok_or(ArithError::BadArith))
}

/// `A rem B`, with the sign of `A`.
#[inline]
pub fn rem<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if both_small(a, b) && word(b) != 0 && word(b) != -8 {
        return Ok(from_tagged(word(a) % word(b)));
    }
    ints(heap, a, b, i128::checked_rem, |x, y| bignum::rem(x, y).ok_or(ArithError::BadArith))
}

#[inline]
pub fn band<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if both_small(a, b) {
        return Ok(from_tagged(word(a) & word(b)));
    }
    ints(heap, a, b, |x, y| Some(x & y), |x, y| Ok(bignum::band(x, y)))
}

#[inline]
pub fn bor<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if both_small(a, b) {
        return Ok(from_tagged(word(a) | word(b)));
    }
    ints(heap, a, b, |x, y| Some(x | y), |x, y| Ok(bignum::bor(x, y)))
}

#[inline]
pub fn bxor<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if both_small(a, b) {
        return Ok(from_tagged(word(a) ^ word(b)));
    }
    ints(heap, a, b, |x, y| Some(x ^ y), |x, y| Ok(bignum::bxor(x, y)))
}

#[cold]
fn ints<'h>(
    heap: &'h Heap,
    a: Term<'h>,
    b: Term<'h>,
    short: fn(i128, i128) -> Option<i128>,
    f: fn(Int, Int) -> Result<Big, ArithError>,
) -> ArithResult<'h> {
    if let Some((x, y)) = narrow(a, b)
        && let Some(n) = short(x, y)
    {
        return Ok(heap.i128(n));
    }
    let (a, b) = numbers(a, b)?;
    let (x, y) = a.int().zip(b.int()).ok_or(ArithError::BadArith)?;
    integer(heap, &f(x, y)?)
}

#[inline]
pub fn bsl<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if let (Some(n), Some(count @ 0..=59)) = (a.as_small(), b.as_small()) {
        let shifted = n << count;
        if shifted >> count == n && (shifted << 3) >> 3 == shifted {
            return Ok(Term::small(shifted));
        }
    }
    shift(heap, a, b, false)
}

#[inline]
pub fn bsr<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>) -> ArithResult<'h> {
    if let (Some(n), Some(count @ 0..)) = (a.as_small(), b.as_small()) {
        return Ok(Term::small(n >> count.min(63)));
    }
    shift(heap, a, b, true)
}

#[cold]
fn shift<'h>(heap: &'h Heap, a: Term<'h>, b: Term<'h>, right: bool) -> ArithResult<'h> {
    let (a, b) = numbers(a, b)?;
    let (x, count) = a.int().zip(b.int()).ok_or(ArithError::BadArith)?;
    // A count beyond 64 bits shifts everything out, or is too large unless there is nothing to shift.
    let bits = count.magnitude().to_u64().unwrap_or(u64::MAX);
    if right != count.is_negative() {
        return integer(heap, &bignum::shr(x, bits));
    }
    let shifted = bignum::shl(x, bits, MAX_DIGITS).map_err(|_| ArithError::SystemLimit)?;
    integer(heap, &shifted)
}

/// Unary minus.
#[inline]
pub fn neg<'h>(heap: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    match a.as_small() {
        Some(n) => Ok(heap.int(-n)),
        None => neg_mixed(heap, a),
    }
}

#[cold]
fn neg_mixed<'h>(heap: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    match a.view() {
        View::Float(f) => Ok(heap.float(-f)),
        View::Big(b) => Ok(heap.big(!b.is_negative(), b.digits())),
        _ => Err(ArithError::BadArith),
    }
}

/// Unary plus.
pub fn plus<'h>(_: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    if a.is_number() { Ok(a) } else { Err(ArithError::BadArith) }
}

pub fn bnot<'h>(heap: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    match a.view() {
        View::Small(n) => Ok(Term::small(!n)),
        View::Big(b) => integer(heap, &bignum::bnot(Int::new(b.is_negative(), b.digits()))),
        _ => Err(ArithError::BadArith),
    }
}

/// `abs/1`.
/// The largest integer there is.
pub fn largest<'h>(heap: &'h Heap) -> Term<'h> {
    heap.big(false, &vec![u64::MAX; MAX_DIGITS])
}

pub fn abs<'h>(heap: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    match a.view() {
        View::Small(n) => Ok(heap.int(n.abs())),
        View::Big(b) if b.is_negative() => Ok(heap.big(false, b.digits())),
        View::Big(_) => Ok(a),
        View::Float(f) if f < 0.0 || term::personality::signed_zero() => Ok(heap.float(f.abs())),
        View::Float(_) => Ok(a),
        _ => Err(ArithError::BadArg),
    }
}

/// `float/1`.
pub fn float<'h>(heap: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    match Number::of(a) {
        Some(Number::Float(_)) => Ok(a),
        Some(n) => n.to_f64().map(|f| heap.float(f)).ok_or(ArithError::BadArg),
        None => Err(ArithError::BadArg),
    }
}

/// The integer part of a finite float.
pub fn from_f64(heap: &Heap, f: f64) -> Term<'_> {
    const EXACT: f64 = (1u64 << 59) as f64;
    if f.abs() < EXACT {
        return Term::small(f as i64);
    }
    // Floats in terms are finite.
    let n = bignum::from_f64(f).unwrap_or_else(Big::zero);
    heap.big(n.is_negative(), n.digits())
}

fn to_integer<'h>(heap: &'h Heap, a: Term<'h>, round: fn(f64) -> f64) -> ArithResult<'h> {
    match a.as_float() {
        Some(f) => Ok(from_f64(heap, round(f))),
        None if a.is_integer() => Ok(a),
        None => Err(ArithError::BadArg),
    }
}

/// `trunc/1`.
pub fn trunc<'h>(heap: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    to_integer(heap, a, f64::trunc)
}
/// `round/1`: halves away from zero.
pub fn round<'h>(heap: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    to_integer(heap, a, f64::round)
}
/// `floor/1`.
pub fn floor<'h>(heap: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    to_integer(heap, a, f64::floor)
}
/// `ceil/1`.
pub fn ceil<'h>(heap: &'h Heap, a: Term<'h>) -> ArithResult<'h> {
    to_integer(heap, a, f64::ceil)
}

#[cfg(test)]
mod tests {
    use super::*;
    use term::term::{SMALL_MAX, SMALL_MIN};

    fn text(t: Term<'_>) -> String {
        with_int(t, |n| bignum::to_text(n, 10, false))
            .unwrap_or_else(|| format!("{:?}", t.as_float()))
    }

    #[test]
    fn small_operations_agree_with_wide_ones() {
        let h = Heap::new();
        let samples = [0, 1, -1, 7, -8, 1 << 30, -(1 << 31), SMALL_MAX, SMALL_MIN, SMALL_MAX - 1];
        for &x in &samples {
            for &y in &samples {
                let (a, b) = (Term::small(x), Term::small(y));
                let (w, v) = (x as i128, y as i128);
                let check = |r: ArithResult, n: i128| {
                    assert_eq!(text(r.unwrap()), n.to_string(), "{x} {y}");
                };
                check(add(&h, a, b), w + v);
                check(sub(&h, a, b), w - v);
                check(mul(&h, a, b), w * v);
                check(band(&h, a, b), w & v);
                check(bor(&h, a, b), w | v);
                check(bxor(&h, a, b), w ^ v);
                if y != 0 {
                    check(div(&h, a, b), w / v);
                    check(rem(&h, a, b), w % v);
                }
                if (0..=60).contains(&y) {
                    check(bsl(&h, a, b), w << y);
                    check(bsr(&h, a, b), w >> y);
                    check(bsr(&h, a, Term::small(-y)), w << y);
                    check(bsl(&h, a, Term::small(-y)), w >> y);
                }
            }
            let (a, w) = (Term::small(x), x as i128);
            assert_eq!(text(neg(&h, a).unwrap()), (-w).to_string());
            assert_eq!(text(bnot(&h, a).unwrap()), (!w).to_string());
            assert_eq!(text(abs(&h, a).unwrap()), w.abs().to_string());
        }
    }

    #[test]
    fn errors_are_those_of_the_reference() {
        let h = Heap::new();
        let (zero, one, ok) = (Term::small(0), Term::small(1), Term::atom(am::OK));
        let huge = bsl(&h, one, Term::small(1 << 20)).unwrap();
        assert_eq!(div(&h, one, zero).err(), Some(ArithError::BadArith));
        assert_eq!(divide(&h, one, zero).err(), Some(ArithError::BadArith));
        assert_eq!(add(&h, one, ok).err(), Some(ArithError::BadArith));
        assert_eq!(add(&h, huge, h.float(1.0)).err(), Some(ArithError::BadArith));
        assert_eq!(float(&h, huge).err(), Some(ArithError::BadArg));
        assert_eq!(abs(&h, ok).err(), Some(ArithError::BadArg));
        assert_eq!(bsl(&h, one, huge).err(), Some(ArithError::SystemLimit));
        assert_eq!(text(bsl(&h, zero, huge).unwrap()), "0");
        assert_eq!(text(bsr(&h, Term::small(-5), huge).unwrap()), "-1");
        assert_eq!(mul(&h, h.float(1e300), h.float(1e300)).err(), Some(ArithError::BadArith));
        assert_eq!(text(round(&h, h.float(-2.5)).unwrap()), "-3");
        assert_eq!(text(trunc(&h, h.float(1e20)).unwrap()), "100000000000000000000");
    }
}
