//! Sizes and bytes of I/O lists.

use core::cell::Cell;
use std::collections::HashMap;
pub use term::iolist::{Piece, walk, walk_counting};
use term::{Bits, Heap, Term, View};

/// Size in bits, bitstrings of any length allowed. `None` if it is not an I/O list.
pub fn bit_size(list: Term<'_>) -> Option<usize> {
    let mut size = 0usize;
    let ok = walk(list, |piece| {
        size += match piece {
            Piece::Byte(_) => 8,
            Piece::Bits(bits) => bits.bit_len(),
        };
        true
    });
    ok.then_some(size)
}

/// Size in bytes. `None` if it is not an I/O list of whole bytes.
pub fn size(list: Term<'_>) -> Option<usize> {
    let mut size = 0usize;
    let ok = walk(list, |piece| match piece {
        Piece::Byte(_) => {
            size += 1;
            true
        }
        Piece::Bits(bits) => {
            size += bits.byte_len();
            bits.is_binary()
        }
    });
    ok.then_some(size)
}

/// As [`size`], of lists that may be much larger than the memory they take: what is in a list several times is
/// looked at once. Saturates.
pub fn size_counted(list: Term<'_>) -> Option<u128> {
    // Sizes of the first lists within lists that were met.
    let mut known: HashMap<u64, u128> = HashMap::new();
    let mut outer: Vec<(u64, u128, Term<'_>)> = Vec::new();
    let (mut key, mut sum, mut at) = (list.raw().0, 0u128, list);
    let bytes = |bits: Bits<'_>| bits.is_binary().then(|| bits.byte_len() as u128);
    loop {
        match at.view() {
            View::Cons(cell) => {
                let (head, tail) = (cell.head(), cell.tail());
                at = tail;
                match head.view() {
                    View::Small(n) => {
                        u8::try_from(n).ok()?;
                        sum = sum.saturating_add(1);
                    }
                    View::Bits(bits) => sum = sum.saturating_add(bytes(bits)?),
                    View::Nil => {}
                    View::Cons(_) => match known.get(&head.raw().0) {
                        Some(n) => sum = sum.saturating_add(*n),
                        None => {
                            outer.push((key, sum, tail));
                            (key, sum, at) = (head.raw().0, 0, head);
                        }
                    },
                    _ => return None,
                }
                continue;
            }
            View::Nil => {}
            View::Bits(bits) => sum = sum.saturating_add(bytes(bits)?),
            _ => return None,
        }
        if known.len() < 1 << 16 {
            known.insert(key, sum);
        }
        let Some((of, before, rest)) = outer.pop() else { return Some(sum) };
        (key, sum, at) = (of, before.saturating_add(sum), rest);
    }
}

fn fill(list: Term<'_>, out: &mut [u8]) {
    let mut at = 0usize;
    walk(list, |piece| {
        match piece {
            Piece::Byte(byte) if at.is_multiple_of(8) => {
                out[at / 8] = byte;
                at += 8;
            }
            Piece::Byte(byte) => {
                out[at / 8] |= byte >> (at % 8);
                out[at / 8 + 1] |= byte << (8 - at % 8);
                at += 8;
            }
            Piece::Bits(bits) => {
                bits.copy_to(0, bits.bit_len(), out, at);
                at += bits.bit_len();
            }
        }
        true
    });
}

/// The bytes of an I/O list. `None` if it is none.
pub fn to_vec(list: Term<'_>) -> Option<Vec<u8>> {
    if let Some(bin) = list.as_binary() {
        return Some(bin.bytes().into_owned());
    }
    let mut out = vec![0; size(list)?];
    fill(list, &mut out);
    Some(out)
}

/// The bytes of an I/O list as a binary; a binary is returned as it is.
pub fn to_binary<'h>(heap: &'h Heap, list: Term<'h>) -> Option<Term<'h>> {
    if list.as_binary().is_some() {
        return Some(list);
    }
    let len = size(list)?;
    Some(heap.binary_with(len, |out| fill(list, out)))
}

/// The bits of an I/O list with bitstrings.
pub fn to_bitstring<'h>(heap: &'h Heap, list: Term<'h>) -> Option<Term<'h>> {
    let bits = bit_size(list)?;
    Some(heap.bits_with(bits, |out| fill(list, out)))
}

/// Feeds the bytes of an I/O list to `f` in pieces, as long as that says `true`; what it said at last. `None` if it
/// is no I/O list.
pub fn feed(list: Term<'_>, mut f: impl FnMut(&[u8]) -> bool) -> Option<bool> {
    let mut pending = Vec::with_capacity(64);
    let mut go_on = true;
    let ok = walk(list, |piece| {
        match piece {
            Piece::Byte(byte) => {
                pending.push(byte);
                if pending.len() >= 4096 {
                    go_on = f(&pending);
                    pending.clear();
                }
            }
            Piece::Bits(bits) => {
                if !bits.is_binary() {
                    return false;
                }
                if !pending.is_empty() {
                    go_on = f(&pending);
                    pending.clear();
                }
                go_on = go_on && f(&bits.bytes());
            }
        }
        go_on
    });
    if !go_on {
        return Some(false);
    }
    if !ok {
        return None;
    }
    Some(pending.is_empty() || f(&pending))
}

/// Whether more than `steps` steps lead to the end of an I/O list, or it has more bytes than that many steps copy.
/// What is no I/O list is not long.
pub fn is_long(list: Term<'_>, steps: usize) -> bool {
    let left = Cell::new(Some(steps));
    let spend = |cost: usize| {
        left.set(left.get().and_then(|n| n.checked_sub(cost)));
        left.get().is_some()
    };
    let piece = |piece: Piece<'_>| match piece {
        Piece::Byte(_) => spend(1),
        Piece::Bits(bits) => spend(bits.byte_len() / BYTES_PER_STEP + 1),
    };
    walk_counting(list, || spend(1), piece);
    left.get().is_none()
}

/// Bytes that are copied in the time of a step.
const BYTES_PER_STEP: usize = 64;

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn nested_lists_and_improper_tails() {
        let h = Heap::new();
        let s = |n| Term::small(n);
        let inner = h.cons(s(2), h.binary(b"xy"));
        let list = h.list(&[s(1), inner, Term::nil(), h.binary(&[]), s(255)]);
        assert_eq!(size(list), Some(5));
        assert_eq!(to_vec(list).as_deref(), Some(&[1, 2, b'x', b'y', 255][..]));
        let mut seen = Vec::new();
        let add = |b: &[u8]| {
            seen.extend_from_slice(b);
            true
        };
        assert_eq!(feed(list, add), Some(true));
        assert_eq!(seen, [1, 2, b'x', b'y', 255]);
        assert_eq!(size(h.cons(s(1), s(2))), None);
        assert_eq!(size(h.list(&[s(256)])), None);
        assert_eq!(size(s(1)), None);
    }

    #[test]
    fn bits_are_joined() {
        let h = Heap::new();
        let part = |n, v: u8| h.bits_with(n, |b| b[0] = v);
        let list = h.list(&[part(1, 0x80), Term::small(0xa5), part(3, 0x40)]);
        let joined = to_bitstring(&h, list).and_then(|t| t.as_bits()).unwrap();
        assert_eq!((joined.bit_len(), joined.number(0, 12)), (12, 0b1101_0010_1010));
        assert_eq!(size(list), None);
    }

    #[test]
    fn depth_needs_no_stack() {
        let h = Heap::new();
        let deep = (0..1_000_000).fold(Term::nil(), |t, _| h.list(&[t, Term::small(7)]));
        assert_eq!(size(deep), Some(1_000_000));
    }
}
