//! `bs_create_bin` of integers of constant size, code points and whole binaries: to a small binary built
//! on the heap, or to the room at the end of a binary that nobody else refers to.
//!
//! The fields stand behind the segments once more, in a shorter form. An integer is written by a
//! store of eight bytes of which it is the first; the bytes behind it are written next, or are free.
//! Whatever is not as expected (an integer that is not small, a binary that is not at a byte, no
//! room) leaves everything as it was and goes the general way.

use super::*;
use crate::bits::to_little;
use term::append::{local_tail, owner_data, set_end};
use term::term::Subtag;

/// Slots of a field: bits and flags, source (2).
pub(super) const FIELD: usize = 3;

/// A field that is a code point.
const CODE_POINT: u32 = 1 << 16;
/// A field that is a whole binary.
const BYTES: u32 = 1 << 17;

pub(super) struct Field {
    /// Bits (1 to 64) and [`LITTLE`] from bit 8 on, or one of the above.
    pub spec: u32,
    /// As [`A`] reads it.
    pub src: u64,
}

pub(super) struct Quick {
    pub handler: Handler,
    pub fields: Vec<Field>,
}

/// Bytes that a store may touch from the start of its field on, and behind the last one.
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

/// Where the bytes of a binary are and how many, if they start and end at byte boundaries.
#[inline(always)]
unsafe fn bytes_of(t: RawTerm) -> Option<(*const u8, usize)> {
    if !t.is_boxed() {
        return None;
    }
    let header = t.boxed_header();
    let (data, n) = if header.header_is(Subtag::HeapBits) {
        (t.ptr().add(2) as *const u8, t.word(1) as usize)
    } else if header.header_is(Subtag::SubBits) {
        let start = (t.word(2) >> 3) as usize;
        if !start.is_multiple_of(8) {
            return None;
        }
        (owner_data(t.elem(1)).add(start / 8), (t.word(3) >> 3) as usize)
    } else {
        return None;
    };
    if n % 8 != 0 { None } else { Some((data, n / 8)) }
}

/// Copies bytes, few of them quickly.
#[inline(always)]
unsafe fn copy(from: *const u8, to: *mut u8, n: usize) {
    /// The first and the last `T`, which may overlap.
    #[inline(always)]
    unsafe fn ends<T: Copy>(from: *const u8, to: *mut u8, n: usize) {
        let last = n - size_of::<T>();
        let (a, b) =
            ((from as *const T).read_unaligned(), (from.add(last) as *const T).read_unaligned());
        (to as *mut T).write_unaligned(a);
        (to.add(last) as *mut T).write_unaligned(b);
    }
    match n {
        17.. => core::ptr::copy_nonoverlapping(from, to, n),
        8.. => ends::<u64>(from, to, n),
        4.. => ends::<u32>(from, to, n),
        2.. => ends::<u16>(from, to, n),
        1 => *to = *from,
        _ => {}
    }
}

/// Writes the fields from bit `at` on; the bit behind them. None if one is not as expected, or
/// if less than [`SPILL`] bytes before bit `limit` would be left.
#[inline(always)]
unsafe fn write_all(
    r: *mut Regs,
    ip: *const u32,
    e: *mut u64,
    to: *mut u8,
    at: usize,
    limit: usize,
) -> Option<usize> {
    let mut at = at;
    let mut f = ip.add(HEAD + SEG * u32_at(ip, 8) as usize);
    let end = ip.add(u32_at(ip, 9) as usize);
    while f < end {
        let t = A::get(r, e, f.add(1));
        if *f == BYTES {
            let (from, n) = bytes_of(t)?;
            if !at.is_multiple_of(8) || n > limit || at + 8 * (n + SPILL) > limit {
                return None;
            }
            copy(from, to.add(at / 8), n);
            at += 8 * n;
            f = f.add(FIELD);
            continue;
        }
        if !t.is_small() {
            return None;
        }
        let (n, v) = match *f {
            spec if spec < 256 => (spec as usize, t.small_value() as u64),
            CODE_POINT => encoded(t)?,
            spec => {
                ((spec & 0xff) as usize, to_little(t.small_value() as u64, (spec & 0xff) as usize))
            }
        };
        if at + n + 8 * SPILL > limit {
            return None;
        }
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

/// Words that are made sure of for a new binary.
const NEW_WORDS: usize = 2 + HEAP_BIN_MAX / 8 + SPILL / 8;

/// A new binary of at most 64 bytes.
unsafe extern "C" fn create_small(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if no_room(htop, e, NEW_WORDS + u32_at(ip, 7) as usize) {
        return create_bin(r, ip, htop, e, fc);
    }
    let data = htop.add(2) as *mut u8;
    let Some(bits) = write_all(r, ip, e, data, 0, (HEAP_BIN_MAX + SPILL) * 8) else {
        return create_bin(r, ip, htop, e, fc);
    };
    // What is behind the last bit in its word is zero.
    (data.add(bits.div_ceil(8)) as *mut u64).write_unaligned(0);
    let words = bits.div_ceil(64);
    *htop = RawTerm::header(Subtag::HeapBits, words + 1).0;
    *htop.add(1) = bits as u64;
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(u32_at(ip, 9) as usize), htop.add(2 + words), e, fc)
}

/// Room for more at the end of a bitstring.
struct Tail {
    data: *mut u8,
    /// Bits of the owner: where the bitstring ends, and how far may be written.
    end: usize,
    limit: usize,
    size: usize,
}

/// The end of a bitstring of whole bytes in a binary of this process.
#[inline(always)]
unsafe fn tail_of(t: RawTerm) -> Option<Tail> {
    if !t.is_boxed_of(Subtag::SubBits) {
        return None;
    }
    let (start, size) = ((t.word(2) >> 3) as usize, (t.word(3) >> 3) as usize);
    let end = start + size;
    if (end | size) % 8 != 0 {
        return None;
    }
    let (data, limit) = local_tail(t.elem(1), end)?;
    Some(Tail { data: data.as_ptr(), end, limit, size })
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
    let Some(Tail { data, end, limit, size }) = tail_of(t) else {
        return create_bin(r, ip, htop, e, fc);
    };
    let Some(new_end) = write_all(r, ip, e, data, end, limit) else {
        return create_bin(r, ip, htop, e, fc);
    };
    if new_end == end {
        // Nothing is added: the very same bitstring.
        put_any(r, e, ip.add(3), t);
        go!(r, ip.add(u32_at(ip, 9) as usize), htop, e, fc)
    }
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
    let Some(Tail { data, end, limit, size }) = tail_of(t) else {
        return create_bin(r, ip, htop, e, fc);
    };
    let Some(new_end) = write_all(r, ip, e, data, end, limit) else {
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
    let mut bits = 0u32;
    for s in rest {
        match (s.ty, &s.src, &s.size) {
            (SegType::Integer, src, SegSize::Size(size)) => {
                let n = u32::try_from(constant_bits(size, s.unit)?)
                    .ok()
                    .filter(|n| (1..=64).contains(n))?;
                // One store holds a field and what precedes it in its byte.
                if bits % 8 + n > 64 {
                    return None;
                }
                bits += n;
                let flags = flag_bits(s.flags) & LITTLE;
                fields.push(Field { spec: n | flags << 8, src: e.any_word(src) });
            }
            (SegType::String, Operand::Int(at), SegSize::Size(Operand::Int(len))) => {
                let at = usize::try_from(*at).ok()?;
                let bytes = e.module.strings.get(at..)?.get(..usize::try_from(*len).ok()?)?;
                // Seven bytes are a small integer.
                for chunk in bytes.chunks(7) {
                    let v = chunk.iter().fold(0, |v, &b| v << 8 | i64::from(b));
                    fields.push(Field { spec: 8 * chunk.len() as u32, src: RawTerm::small(v).0 });
                    bits += 8 * chunk.len() as u32;
                }
            }
            (SegType::Utf8, src, _) => {
                fields.push(Field { spec: CODE_POINT, src: e.any_word(src) });
            }
            (SegType::Binary, src, SegSize::All)
                if matches!(s.unit, 1 | 8) && bits.is_multiple_of(8) =>
            {
                fields.push(Field { spec: BYTES, src: e.any_word(src) });
            }
            _ => return None,
        }
        if bits as usize > HEAP_BIN_MAX * 8 {
            return None;
        }
    }
    if fields.is_empty() {
        return None;
    }
    Some(Quick { handler, fields })
}
