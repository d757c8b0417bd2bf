//! Numbers in bitstrings: fetching and writing at any bit position, without knowing processes
//! [erl_bits.c].
//!
//! A little-endian field of `n` bits holds its low bytes first; when `n` is not a multiple of 8, the
//! last byte holds the highest bits, and holds them at its top.

use num::bignum::{self, Endian, Int, Word};
use term::{Bits, Term, View};

/// Bits of one bitstring beyond which construction is refused (`system_limit`): more could never be
/// allocated, and sums of two such sizes are far from overflow.
pub const MAX_BITS: u64 = 1 << 50;

#[inline(always)]
fn mask(n: usize) -> u64 {
    if n >= 64 { u64::MAX } else { (1 << n) - 1 }
}

/// The value of a little-endian field from the same bits read big-endian, at most 64 of them.
#[inline]
pub fn from_little(v: u64, n: usize) -> u64 {
    let (full, rest) = (n & !7, n & 7);
    if full == 0 {
        return v;
    }
    let low = (v >> rest).swap_bytes() >> (64 - full);
    if rest == 0 { low } else { low | (v & mask(rest)) << full }
}

/// The bits, read big-endian, of a little-endian field of at most 64 bits.
#[inline]
pub fn to_little(v: u64, n: usize) -> u64 {
    let (full, rest) = (n & !7, n & 7);
    if full == 0 {
        return v & mask(n);
    }
    let low = (v & mask(full)).swap_bytes() >> (64 - full);
    if rest == 0 { low } else { low << rest | v >> full & mask(rest) }
}

/// Extends the sign of an `n`-bit number, 1 to 64.
#[inline(always)]
pub fn sign_extend(v: u64, n: usize) -> i64 {
    ((v << (64 - n)) as i64) >> (64 - n)
}

/// An integer of any number of bits, given left-aligned in whole bytes.
pub fn big_from_bits(mut bytes: Vec<u8>, n: usize, little: bool, signed: bool) -> bignum::Big {
    let rest = n % 8;
    if rest != 0 && little {
        if let Some(last) = bytes.last_mut() {
            *last >>= 8 - rest;
            if signed && *last >> (rest - 1) != 0 {
                *last |= 0xff << rest;
            }
        }
    } else if rest != 0 {
        let mut carry = 0u8;
        for b in &mut bytes {
            (*b, carry) = (*b >> (8 - rest) | carry, *b << rest);
        }
        if let Some(first) = bytes.first_mut()
            && signed
            && *first >> (rest - 1) != 0
        {
            *first |= 0xff << rest;
        }
    }
    let endian = if little { Endian::Little } else { Endian::Big };
    bignum::from_bytes(&bytes, endian, signed)
}

/// A float from its 16, 32 or 64 bits; `None`: another size, or not finite.
pub fn float_from_bits(v: u64, n: usize) -> Option<f64> {
    let f = match n {
        16 => f16_to_f64(v as u16),
        32 => f64::from(f32::from_bits(v as u32)),
        64 => f64::from_bits(v),
        _ => return None,
    };
    if f.is_finite() { Some(f) } else { None }
}

fn f16_to_f64(h: u16) -> f64 {
    let (exp, frac) = (i32::from(h >> 10 & 31), f64::from(h & 0x3ff));
    let f = match exp {
        0 => frac * 2f64.powi(-24),
        31 if frac == 0.0 => f64::INFINITY,
        31 => f64::NAN,
        _ => (1024.0 + frac) * 2f64.powi(exp - 25),
    };
    if h >> 15 != 0 { -f } else { f }
}

/// Rounded once, half to even; too large gives infinity.
fn f64_to_f16(d: f64) -> u16 {
    let (sign, a) = ((d.to_bits() >> 48) as u16 & 0x8000, d.abs());
    let magnitude = if a >= 65520.0 {
        0x7c00
    } else if a < 2f64.powi(-14) {
        (a * 2f64.powi(24)).round_ties_even() as u16
    } else {
        let exp = (a.to_bits() >> 52) as i32 - 1023;
        let scaled = (a * 2f64.powi(10 - exp)).round_ties_even() as i32;
        (((exp + 15) << 10) + scaled - 1024) as u16
    };
    sign | magnitude
}

/// Why a value cannot be written; the names are those of `error_info`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Bad {
    Type,
    Size,
    Short,
    Unit,
    NoFloat,
    /// A float of this many bits.
    Invalid(usize),
}

/// Writes fields one after the other.
pub struct BitWriter<'a> {
    out: &'a mut [u8],
    at: usize,
}

impl<'a> BitWriter<'a> {
    /// Starts at bit `at`. Bits from there on are zero.
    pub fn new(out: &'a mut [u8], at: usize) -> BitWriter<'a> {
        BitWriter { out, at }
    }
    /// The position, in bits.
    pub fn at(&self) -> usize {
        self.at
    }
    /// Claims `n` bits; their position.
    #[inline]
    fn take(&mut self, n: usize) -> Result<usize, Bad> {
        let at = self.at;
        let end = at.checked_add(n).filter(|&e| e <= self.out.len() * 8).ok_or(Bad::Size)?;
        self.at = end;
        Ok(at)
    }
    /// The low `n` bits of `v`, at most 64, big-endian.
    #[inline]
    pub fn put_uint(&mut self, v: u64, n: usize) -> Result<(), Bad> {
        if n == 0 {
            return Ok(());
        }
        let at = self.take(n)?;
        let (first, off) = (at / 8, at % 8);
        let v = v << (64 - n);
        let out = &mut self.out[first..(at + n).div_ceil(8)];
        if off == 0 {
            let count = out.len();
            if n.is_multiple_of(8) {
                out.copy_from_slice(&v.to_be_bytes()[..count]);
            } else {
                out.iter_mut().zip(v.to_be_bytes()).for_each(|(o, b)| *o |= b);
            }
            return Ok(());
        }
        let wide = u128::from(v) << 64 >> off;
        out.iter_mut().zip(wide.to_be_bytes()).for_each(|(o, b)| *o |= b);
        Ok(())
    }
    /// Whole bytes.
    pub fn put_bytes(&mut self, bytes: &[u8]) -> Result<(), Bad> {
        let at = self.take(bytes.len() * 8)?;
        if at % 8 == 0 {
            self.out[at / 8..][..bytes.len()].copy_from_slice(bytes);
            return Ok(());
        }
        self.put_left_aligned(at, bytes, bytes.len() * 8);
        Ok(())
    }
    /// The first `n` bits of `bytes` at a position that was taken.
    fn put_left_aligned(&mut self, at: usize, bytes: &[u8], n: usize) {
        let s = at % 8;
        let mut left = n;
        for (i, &b) in (at / 8..).zip(bytes) {
            if left == 0 {
                return;
            }
            let b = if left < 8 { b & !(0xff >> left) } else { b };
            self.out[i] |= b >> s;
            if s != 0 && left + s > 8 {
                self.out[i + 1] |= b << (8 - s);
            }
            left = left.saturating_sub(8);
        }
    }
    /// The first `n` bits of a bitstring.
    pub fn put_bits(&mut self, bits: Bits<'_>, n: usize) -> Result<(), Bad> {
        if n > bits.bit_len() {
            return Err(Bad::Short);
        }
        let at = self.take(n)?;
        bits.copy_to(0, n, self.out, at);
        Ok(())
    }
    /// An integer cut off or sign-extended to `n` bits.
    #[inline]
    pub fn put_integer(&mut self, t: Term<'_>, n: usize, little: bool) -> Result<(), Bad> {
        match t.as_small() {
            Some(v) if n <= 64 => {
                self.put_uint(if little { to_little(v as u64, n) } else { v as u64 }, n)
            }
            _ => self.put_wide(t, n, little),
        }
    }
    #[cold]
    fn put_wide(&mut self, t: Term<'_>, n: usize, little: bool) -> Result<(), Bad> {
        let word;
        let int = match t.view() {
            View::Small(v) => {
                word = Word::from(v);
                word.int()
            }
            View::Big(b) => Int::new(b.is_negative(), b.digits()),
            _ => return Err(Bad::Type),
        };
        let at = self.take(n)?;
        let rest = n % 8;
        let endian = if little { Endian::Little } else { Endian::Big };
        if at % 8 == 0 && rest == 0 {
            bignum::to_bytes(int, endian, &mut self.out[at / 8..][..n / 8]);
            return Ok(());
        }
        let mut bytes = vec![0u8; n.div_ceil(8)];
        bignum::to_bytes(int, endian, &mut bytes);
        if rest != 0 && little {
            if let Some(last) = bytes.last_mut() {
                *last <<= 8 - rest;
            }
        } else if rest != 0 {
            // To the left, from the last byte on.
            let mut carry = 0u8;
            for b in bytes.iter_mut().rev() {
                (*b, carry) = (*b << (8 - rest) | carry, *b >> rest);
            }
        }
        self.put_left_aligned(at, &bytes, n);
        Ok(())
    }
    /// A number as a float of 16, 32 or 64 bits.
    pub fn put_float(&mut self, t: Term<'_>, n: usize, little: bool) -> Result<(), Bad> {
        if !matches!(n, 16 | 32 | 64) {
            return Err(Bad::Invalid(n));
        }
        let (f, single) = match t.view() {
            View::Float(f) => (f, f as f32),
            View::Small(v) => (v as f64, v as f32),
            View::Big(b) => {
                let f = crate::arith::big_to_f64(Int::new(b.is_negative(), b.digits()))
                    .ok_or(Bad::NoFloat)?;
                (f, f as f32)
            }
            _ => return Err(Bad::Type),
        };
        let v = match n {
            16 => u64::from(f64_to_f16(f)),
            32 => u64::from(single.to_bits()),
            _ => f.to_bits(),
        };
        self.put_uint(if little { to_little(v, n) } else { v }, n)
    }
    pub fn put_utf8(&mut self, t: Term<'_>) -> Result<(), Bad> {
        let c = code_point(t)?;
        let mut buf = [0; 4];
        self.put_bytes(c.encode_utf8(&mut buf).as_bytes())
    }
    pub fn put_utf16(&mut self, t: Term<'_>, little: bool) -> Result<(), Bad> {
        let c = code_point(t)?;
        let mut buf = [0; 2];
        for &mut w in c.encode_utf16(&mut buf) {
            let w = if little { w.swap_bytes() } else { w };
            self.put_uint(u64::from(w), 16)?;
        }
        Ok(())
    }
    pub fn put_utf32(&mut self, t: Term<'_>, little: bool) -> Result<(), Bad> {
        let c = u32::from(code_point(t)?);
        self.put_uint(u64::from(if little { c.swap_bytes() } else { c }), 32)
    }
}

fn code_point(t: Term<'_>) -> Result<char, Bad> {
    let n = t.as_small().and_then(|n| u32::try_from(n).ok());
    n.and_then(char::from_u32).ok_or(Bad::Type)
}

/// Bytes that a term takes in UTF-8; anything if it is no code point.
pub fn utf8_size(t: Term<'_>) -> usize {
    code_point(t).map_or(4, char::len_utf8)
}

/// Bytes that a term takes in UTF-16; anything if it is no code point.
pub fn utf16_size(t: Term<'_>) -> usize {
    code_point(t).map_or(4, |c| 2 * c.len_utf16())
}

/// A code point from the first bytes, and how many it took.
pub fn utf8_decode(bytes: &[u8]) -> Option<(u32, usize)> {
    let &first = bytes.first()?;
    let n = match first {
        0..=0x7f => return Some((u32::from(first), 1)),
        0xc2..=0xdf => 2,
        0xe0..=0xef => 3,
        0xf0..=0xf4 => 4,
        _ => return None,
    };
    let c = core::str::from_utf8(bytes.get(..n)?).ok()?.chars().next()?;
    Some((u32::from(c), n))
}

/// A code point from one or two 16-bit units, and how many it took.
pub fn utf16_decode(first: u16, second: Option<u16>) -> Option<(u32, usize)> {
    let c = char::decode_utf16(core::iter::once(first).chain(second)).next()?.ok()?;
    Some((u32::from(c), c.len_utf16()))
}

#[cfg(test)]
mod tests {
    use super::*;
    use term::Heap;

    fn write(bits: usize, f: impl FnOnce(&mut BitWriter<'_>) -> Result<(), Bad>) -> Vec<u8> {
        let mut out = vec![0; bits.div_ceil(8)];
        let mut w = BitWriter::new(&mut out, 0);
        f(&mut w).unwrap();
        assert_eq!(w.at(), bits);
        out
    }

    #[test]
    fn integers_like_the_reference() {
        let h = Heap::new();
        let big = h.big(false, &[0x1122_3344_5566_7788, 0x99aa]);
        let neg = h.big(true, &[0x1122_3344_5566_7788, 0x99aa]);
        let s = Term::small;
        assert_eq!(write(24, |w| w.put_integer(s(-2), 24, false)), [255, 255, 254]);
        assert_eq!(write(12, |w| w.put_integer(s(0xabc), 12, true)), [0xbc, 0xa0]);
        assert_eq!(write(80, |w| w.put_integer(s(-2), 80, true))[..2], [254, 255]);
        let unaligned = write(15, |w| {
            w.put_integer(s(1), 3, false)?;
            w.put_integer(s(0xabc), 12, true)
        });
        assert_eq!(unaligned, [0x37, 0x94]);
        assert_eq!(write(72, |w| w.put_integer(big, 72, false))[..2], [0xaa, 0x11]);
        assert_eq!(write(16, |w| w.put_integer(neg, 16, false)), [0x88, 0x78]);
        assert_eq!(write(20, |w| w.put_integer(big, 20, false)), [0x67, 0x78, 0x80]);
        assert_eq!(write(20, |w| w.put_integer(big, 20, true)), [0x88, 0x77, 0x60]);
    }

    #[test]
    fn little_endian_is_reversible() {
        for n in 0..=64 {
            for v in [0, 1, 0x1234_5678_9abc_def0, u64::MAX] {
                let v = v & mask(n);
                assert_eq!(from_little(to_little(v, n), n), v, "{n}");
            }
        }
    }

    #[test]
    fn half_floats() {
        for h in 0..=u16::MAX {
            if let Some(f) = float_from_bits(u64::from(h), 16) {
                assert_eq!(f64_to_f16(f), h);
            }
        }
        assert_eq!(f64_to_f16(1.0 + 2f64.powi(-11) + 2f64.powi(-40)), 0x3c01);
        assert_eq!(f64_to_f16(70000.0), 0x7c00);
        assert_eq!(f64_to_f16(1.0e-7), 2);
    }
}
