//! Module `binary`: bytes, parts, numbers and searching [erl_bif_binary.c].

mod pattern;
mod search;

use crate::erlang::bits;
use crate::long;
use term::shared::BinHandle;
use term::{Bits, Term, View, atom};
use vm::bif::{Binary, List};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "binary" {
    Plain "first"/1 => first(0);
    Plain "last"/1 => last(0);
    /// Byte `N`, counted from 0.
    Plain "at"/2 => at(0, 1);
    Plain "part"/2 => part(0, 1);
    Plain "part"/3 => part_3(0, 1, 2);
    Plain "copy"/1 => copy(0);
    Plain "copy"/2 => copy_2(0, 1);
    Plain "list_to_bin"/1 => list_to_bin(0);
    /// Size of the binary whose bytes this one is a part of.
    Plain "referenced_byte_size"/1 => referenced_byte_size(0);
    Plain "encode_unsigned"/1 => encode_unsigned(0);
    Plain "encode_unsigned"/2 => encode_unsigned_2(0, 1);
    Plain "decode_unsigned"/1 => decode_unsigned(0);
    Plain "decode_unsigned"/2 => decode_unsigned_2(0, 1);
    Plain "longest_common_prefix"/1 => longest_common_prefix(0);
    Plain "longest_common_suffix"/1 => longest_common_suffix(0);
    /// `{bm, Ref}` or `{ac, Ref}`, good wherever a pattern is.
    Plain "compile_pattern"/1 => compile_pattern(0);
    Heavy "match"/2 => match_2(0, 1);
    Heavy "match"/3 => match_3(0, 1, 2);
    Heavy "matches"/2 => matches_2(0, 1);
    Heavy "matches"/3 => matches_3(0, 1, 2);
    Heavy "split"/2 => split_2(0, 1);
    Heavy "split"/3 => split_3(0, 1, 2);
} }

fn byte<'p>(cx: &Cx<'p>, bin: Bits<'p>, i: Option<usize>) -> BifResult<'p> {
    let i = cx.need(i.filter(|&i| i < bin.byte_len()))?;
    Ok(Term::small(i64::from(bin.byte(i))))
}

fn first<'p>(cx: &Cx<'p>, bin: Binary<'p>) -> BifResult<'p> {
    byte(cx, bin.0, Some(0))
}

fn last<'p>(cx: &Cx<'p>, bin: Binary<'p>) -> BifResult<'p> {
    byte(cx, bin.0, bin.0.byte_len().checked_sub(1))
}

fn at<'p>(cx: &Cx<'p>, bin: Binary<'p>, i: usize) -> BifResult<'p> {
    byte(cx, bin.0, Some(i))
}

fn part<'p>(cx: &Cx<'p>, bits: Bits<'p>, pos_len: Term<'p>) -> BifResult<'p> {
    let [start, len] = cx.need(pos_len.as_tuple_of::<2>())?;
    part_3(cx, bits, cx.need(start.as_i64())?, cx.need(len.as_i64())?)
}

fn part_3<'p>(cx: &Cx<'p>, bits: Bits<'p>, start: i64, len: i64) -> BifResult<'p> {
    cx.need(bits::part(cx.heap(), bits, start, len))
}

fn copy<'p>(cx: &Cx<'p>, bits: Bits<'p>) -> BifResult<'p> {
    copy_2(cx, bits, 1)
}

fn copy_2<'p>(cx: &Cx<'p>, bits: Bits<'p>, times: usize) -> BifResult<'p> {
    if times == 0 && (bits.is_binary() || cx.vm().release() < 26) {
        return Ok(cx.heap().binary(&[]));
    }
    if !bits.is_binary() {
        return Err(cx.badarg());
    }
    let bytes = bits.bytes();
    let Some(len) = bytes.len().checked_mul(times) else { return Err(cx.system_limit()) };
    // New pages are touched, twice.
    if long::too_long(cx, len.saturating_mul(2)) {
        let args = [bits.term(), cx.heap().uint(times as u64)];
        return Err(long::elsewhere(cx, args, |cx, [bits, times]| {
            copy_2(cx, cx.need(bits.as_bits())?, cx.need(times.as_usize())?)
        }));
    }
    if len <= term::heap::HEAP_BIN_MAX {
        return Ok(cx.heap().binary(&bytes.repeat(times)));
    }
    let Some(mut copy) = BinHandle::try_zeroed(len) else { return Err(cx.system_limit()) };
    if let Some(out) = copy.bytes_mut() {
        out.chunks_exact_mut(bytes.len()).for_each(|c| c.copy_from_slice(&bytes));
    }
    Ok(cx.heap().shared_binary(copy))
}

fn list_to_bin<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    bits::iolist_to_binary(cx, list.0)
}

fn referenced_byte_size<'p>(cx: &Cx<'p>, bits: Bits<'p>) -> BifResult<'p> {
    // OTP 27 tells of binaries on the heap how many bits they have.
    if cx.vm().release() == 27 && !bits.is_shared() {
        return Ok(Term::small(bits.bit_len() as i64));
    }
    Ok(Term::small(bits.referenced_bytes() as i64))
}

/// Whether an endianness is big; `badarg` if it is none.
fn is_big<'p>(cx: &Cx<'p>, endianness: Term<'p>) -> BifResult<'p, bool> {
    if endianness.is_atom_of(atom!("big")) {
        Ok(true)
    } else if endianness.is_atom_of(atom!("little")) {
        Ok(false)
    } else {
        Err(cx.badarg())
    }
}

fn encode_unsigned<'p>(cx: &Cx<'p>, number: Term<'p>) -> BifResult<'p> {
    encode(cx, number, true)
}

fn encode_unsigned_2<'p>(cx: &Cx<'p>, number: Term<'p>, endianness: Term<'p>) -> BifResult<'p> {
    let big = is_big(cx, endianness)?;
    encode(cx, number, big)
}

fn encode<'p>(cx: &Cx<'p>, number: Term<'p>, big: bool) -> BifResult<'p> {
    let small;
    let digits: &[u64] = match number.view() {
        View::Small(n) if n >= 0 => {
            small = [n as u64];
            &small
        }
        View::Big(n) if !n.is_negative() => n.digits(),
        _ => return Err(cx.badarg()),
    };
    let top = digits.last().map_or(0, |d| d.leading_zeros() as usize / 8);
    let len = (digits.len() * 8 - top).max(1);
    cx.bump(len / 100);
    Ok(cx.heap().binary_with(len, |out| {
        let bytes = digits.iter().flat_map(|d| d.to_le_bytes());
        if big {
            out.iter_mut().rev().zip(bytes).for_each(|(o, b)| *o = b);
        } else {
            out.iter_mut().zip(bytes).for_each(|(o, b)| *o = b);
        }
    }))
}

fn decode_unsigned<'p>(cx: &Cx<'p>, bin: Binary<'p>) -> BifResult<'p> {
    decode(cx, bin, true)
}

fn decode_unsigned_2<'p>(cx: &Cx<'p>, bin: Binary<'p>, endianness: Term<'p>) -> BifResult<'p> {
    let big = is_big(cx, endianness)?;
    decode(cx, bin, big)
}

fn decode<'p>(cx: &Cx<'p>, bin: Binary<'p>, big: bool) -> BifResult<'p> {
    let mut bytes = bin.0.bytes().into_owned();
    if big {
        bytes.reverse();
    }
    cx.bump(bytes.len() / 100);
    let digit = |c: &[u8]| c.iter().rev().fold(0u64, |d, &b| d << 8 | u64::from(b));
    let digits: Vec<u64> = bytes.chunks(8).map(digit).collect();
    Ok(cx.heap().big(false, &digits))
}

fn longest_common_prefix<'p>(cx: &Cx<'p>, list: Term<'p>) -> BifResult<'p> {
    if are_long(cx, list) {
        return Err(long::elsewhere(cx, [list], |cx, [l]| longest_common_prefix(cx, l)));
    }
    longest_common(cx, list, |a, b| a.iter().zip(b).take_while(|(x, y)| x == y).count())
}

fn longest_common_suffix<'p>(cx: &Cx<'p>, list: Term<'p>) -> BifResult<'p> {
    if are_long(cx, list) {
        return Err(long::elsewhere(cx, [list], |cx, [l]| longest_common_suffix(cx, l)));
    }
    longest_common(cx, list, |a, b| {
        a.iter().rev().zip(b.iter().rev()).take_while(|(x, y)| x == y).count()
    })
}

/// Whether comparing these binaries, byte by byte, is to be done elsewhere.
fn are_long(cx: &Cx<'_>, list: Term<'_>) -> bool {
    let bytes = |t: Term<'_>| t.as_binary().map_or(0, |b| b.byte_len());
    let mut rest = list.iter_list();
    let first = rest.next().map_or(0, bytes);
    let most = rest.map(|t| bytes(t).min(first)).fold(0, usize::saturating_add);
    cx.scheduler() != 0 && most / long::BYTES * 4 > long::steps(cx)
}

fn longest_common<'p>(
    cx: &Cx<'p>,
    list: Term<'p>,
    common: impl Fn(&[u8], &[u8]) -> usize,
) -> BifResult<'p> {
    let binaries = cx.need(list.to_vec().filter(|l| !l.is_empty()))?;
    let binaries: Option<Vec<Bits<'p>>> = binaries.iter().map(|t| t.as_binary()).collect();
    let binaries = cx.need(binaries)?;
    let Some((first, rest)) = binaries.split_first() else { return Err(cx.badarg()) };
    let first = first.bytes();
    // All share this many bytes with the first one, so they share them with each other.
    let mut n = first.len();
    for other in rest {
        let k = common(&first, &other.bytes());
        cx.bump(k / 100);
        n = n.min(k);
    }
    Ok(Term::small(n as i64))
}

use search::{Want, search};

fn compile_pattern<'p>(cx: &Cx<'p>, pattern: Term<'p>) -> BifResult<'p> {
    if pattern::takes_long(cx, pattern) {
        return Err(long::elsewhere(cx, [pattern], |cx, [p]| compile_pattern(cx, p)));
    }
    let compiled = cx.need(pattern::compile(pattern))?;
    Ok(pattern::to_term(cx, compiled))
}

fn match_2<'p>(cx: &Cx<'p>, subject: Binary<'p>, pattern: Term<'p>) -> BifResult<'p> {
    search(cx, subject, pattern, Term::nil(), Want::First)
}

fn match_3<'p>(
    cx: &Cx<'p>,
    subject: Binary<'p>,
    pattern: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    search(cx, subject, pattern, options, Want::First)
}

fn matches_2<'p>(cx: &Cx<'p>, subject: Binary<'p>, pattern: Term<'p>) -> BifResult<'p> {
    search(cx, subject, pattern, Term::nil(), Want::All)
}

fn matches_3<'p>(
    cx: &Cx<'p>,
    subject: Binary<'p>,
    pattern: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    search(cx, subject, pattern, options, Want::All)
}

fn split_2<'p>(cx: &Cx<'p>, subject: Binary<'p>, pattern: Term<'p>) -> BifResult<'p> {
    search(cx, subject, pattern, Term::nil(), Want::SPLIT)
}

fn split_3<'p>(
    cx: &Cx<'p>,
    subject: Binary<'p>,
    pattern: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    search(cx, subject, pattern, options, Want::SPLIT)
}
