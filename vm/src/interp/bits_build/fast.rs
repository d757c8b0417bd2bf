//! `bs_create_bin` where every segment but the one appended to is an integer of constant size (or a
//! code point, when appending): a small binary built on the heap, or room at the end of a binary
//! that nobody else refers to.
//!
//! The fields stand behind the segments once more, in a shorter form. Each is written by a store of
//! eight bytes of which the field is the first; the bytes behind it are written next, or are
//! free. Whatever is not as expected (an integer that is not small, no room) leaves everything
//! as it was and goes the general way.

use super::*;
use crate::bits::to_little;
use term::append::{local_tail, set_end};
use term::term::Subtag;

/// Slots of a field: bits and flags, source (2).
pub(super) const FIELD: usize = 3;

/// Set in a field that is a code point.
const CODE_POINT: u32 = 1 << 16;

/// A field of 1 to 64 bits.
pub(super) struct Field {
    /// Bits, [`LITTLE`] from bit 8 on, or [`CODE_POINT`].
    pub spec: u32,
    /// As [`A`] reads it.
    pub src: u64,
}

pub(super) struct Quick {
    pub handler: Handler,
    pub fields: Vec<Field>,
    pub bits: usize,
}

/// Bytes that a store may touch behind the last bit of its field.
const SPILL: usize = 8;

/// Bits and value of a code point in UTF-8.
#[inline(always)]
fn encoded(t: RawTerm) -> Option<(usize, u64)> {
    let v = t.small_value() as u64;
    if v < 0x80 { Some((8, v)) } else { encoded_long(v) }
}
fn encoded_long(v: u64) -> Option<(usize, u64)> {
    let c = char::from_u32(u32::try_from(v).ok()?)?;
    let mut bytes = [0; 4];
    let n = c.encode_utf8(&mut bytes).len();
    Some((8 * n, u64::from(u32::from_be_bytes(bytes)) >> (32 - 8 * n)))
}

/// Writes the fields from bit `at` on; the bit behind them, or none if one is not small.
#[inline(always)]
unsafe fn write_all(
    r: *mut Regs,
    ip: *const u32,
    e: *mut u64,
    to: *mut u8,
    at: usize,
) -> Option<usize> {
    let mut at = at;
    let mut f = ip.add(HEAD + SEG * u32_at(ip, 8) as usize);
    let end = ip.add(u32_at(ip, 9) as usize);
    while f < end {
        let t = A::get(r, e, f.add(1));
        if !t.is_small() {
            return None;
        }
        let (n, v) = match *f {
            CODE_POINT => encoded(t)?,
            spec if spec >> 8 == 0 => (spec as usize, t.small_value() as u64),
            spec => {
                ((spec & 0xff) as usize, to_little(t.small_value() as u64, (spec & 0xff) as usize))
            }
        };
        let (p, off) = (to.add(at / 8), at % 8);
        let mut word = v << (64 - n) >> off;
        if off != 0 {
            word |= u64::from(*p & !(0xff >> off)) << 56;
        }
        (p as *mut u64).write_unaligned(word.to_be());
        at += n;
        f = f.add(FIELD);
    }
    Some(at)
}

/// A new binary of at most 64 bytes; its bits in slot 5.
unsafe extern "C" fn create_small(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let bits = (u64_at(ip, 5) >> 3) as usize;
    let words = bits.div_ceil(64);
    if no_room(htop, e, 2 + words + SPILL / 8 + u32_at(ip, 7) as usize) {
        return create_bin(r, ip, htop, e, fc);
    }
    if write_all(r, ip, e, htop.add(2) as *mut u8, 0).is_none() {
        return create_bin(r, ip, htop, e, fc);
    }
    *htop = RawTerm::header(Subtag::HeapBits, words + 1).0;
    *htop.add(1) = bits as u64;
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(u32_at(ip, 9) as usize), htop.add(2 + words), e, fc)
}

/// Where a bitstring of whole bytes ends in a binary of this process that has room, and how long
/// it is.
#[inline(always)]
unsafe fn tail_of(t: RawTerm, fields: usize) -> Option<(*mut u8, usize, usize)> {
    if !t.is_boxed_of(Subtag::SubBits) {
        return None;
    }
    let (start, size) = ((t.word(2) >> 3) as usize, (t.word(3) >> 3) as usize);
    let end = start + size;
    if (end | size) % 8 != 0 {
        return None;
    }
    // No field is longer than 64 bits.
    let data = local_tail(t.elem(1), end, (fields + 1) * 64)?;
    Some((data.as_ptr(), end, size))
}

unsafe extern "C" fn append_small(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = A::get(r, e, ip.add(5));
    if no_room(htop, e, APPEND_WORDS + u32_at(ip, 7) as usize) {
        return create_bin(r, ip, htop, e, fc);
    }
    let Some((data, end, size)) = tail_of(t, u32_at(ip, 10) as usize) else {
        return create_bin(r, ip, htop, e, fc);
    };
    let Some(new_end) = write_all(r, ip, e, data, end) else {
        return create_bin(r, ip, htop, e, fc);
    };
    set_end(t.elem(1), new_end);
    *htop = RawTerm::header(Subtag::SubBits, 3).0;
    *htop.add(1) = t.word(1);
    *htop.add(2) = t.word(2);
    *htop.add(3) = RawTerm::small((size + new_end - end) as i64).0;
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(u32_at(ip, 9) as usize), htop.add(4), e, fc)
}

unsafe extern "C" fn private_append_small(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = A::get(r, e, ip.add(5));
    if no_room(htop, e, u32_at(ip, 7) as usize) {
        return create_bin(r, ip, htop, e, fc);
    }
    let Some((data, end, size)) = tail_of(t, u32_at(ip, 10) as usize) else {
        return create_bin(r, ip, htop, e, fc);
    };
    let Some(new_end) = write_all(r, ip, e, data, end) else {
        return create_bin(r, ip, htop, e, fc);
    };
    set_end(t.elem(1), new_end);
    *t.ptr().add(3) = RawTerm::small((size + new_end - end) as i64).0;
    put_any(r, e, ip.add(3), t);
    go!(r, ip.add(u32_at(ip, 9) as usize), htop, e, fc)
}

/// What the quick way needs, if the segments allow it.
pub(super) fn fields(e: &Emitter<'_>, segments: &[BsSeg]) -> Option<Quick> {
    let (handler, rest): (Handler, _) = match segments.split_first()? {
        // A bitstring that is extended starts and ends at whole bytes.
        (s, rest) if matches!(s.unit, 0 | 1 | 8) => match s.ty {
            SegType::Append => (append_small, rest),
            SegType::PrivateAppend => (private_append_small, rest),
            _ => (create_small, segments),
        },
        _ => (create_small, segments),
    };
    let mut fields = Vec::new();
    for s in rest {
        match (s.ty, &s.src, &s.size) {
            (SegType::Integer, src, SegSize::Size(size)) => {
                let n = u32::try_from(constant_bits(size, s.unit)?).ok().filter(|&n| n <= 64)?;
                let flags = flag_bits(s.flags) & LITTLE;
                if n > 0 {
                    fields.push(Field { spec: n | flags << 8, src: e.any_word(src) });
                } else {
                    return None;
                }
            }
            (SegType::String, Operand::Int(at), SegSize::Size(Operand::Int(len))) => {
                let at = usize::try_from(*at).ok()?;
                let bytes = e.module.strings.get(at..)?.get(..usize::try_from(*len).ok()?)?;
                // Seven bytes are a small integer.
                for chunk in bytes.chunks(7) {
                    let v = chunk.iter().fold(0, |v, &b| v << 8 | i64::from(b));
                    fields.push(Field { spec: 8 * chunk.len() as u32, src: RawTerm::small(v).0 });
                }
            }
            (SegType::Utf8, src, _) if rest.len() < segments.len() => {
                fields.push(Field { spec: CODE_POINT, src: e.any_word(src) });
            }
            _ => return None,
        }
    }
    let mut bits = 0usize;
    for f in &fields {
        // A code point takes at most 32 bits, and whole bytes.
        let n = if f.spec == CODE_POINT { 32 } else { (f.spec & 0xff) as usize };
        // One store holds a field and what precedes it in its byte.
        if bits % 8 + n > 64 {
            return None;
        }
        bits += n;
    }
    if fields.is_empty() || bits > HEAP_BIN_MAX * 8 {
        return None;
    }
    Some(Quick { handler, fields, bits })
}
