//! Walking I/O lists: lists of bytes, binaries and I/O lists, however deep, without recursion.

use crate::{Bits, Term};

/// A run of an I/O list.
pub enum Piece<'p> {
    Byte(u8),
    Bits(Bits<'p>),
}

/// Calls `f` for every byte and bitstring, in order; `false` if it is not an I/O list, or when `f` says so.
pub fn walk<'p>(list: Term<'p>, f: impl FnMut(Piece<'p>) -> bool) -> bool {
    walk_counting(list, || true, f)
}

/// The same; also calls `nested` for every element that is no byte, and ends when that says `false`.
pub fn walk_counting<'p>(
    list: Term<'p>,
    mut nested: impl FnMut() -> bool,
    mut f: impl FnMut(Piece<'p>) -> bool,
) -> bool {
    // Tails to go on with after the head that is being walked: few in place, more in a vector.
    let mut few = [Term::nil(); 4];
    let mut depth = 0;
    let mut stack: Vec<Term<'p>> = Vec::new();
    let mut at = list;
    loop {
        if let Some(cell) = at.as_cons() {
            let (head, tail) = (cell.head(), cell.tail());
            match head.as_small() {
                Some(n) => match u8::try_from(n) {
                    Ok(byte) if f(Piece::Byte(byte)) => at = tail,
                    _ => return false,
                },
                None => {
                    if !nested() {
                        return false;
                    }
                    if !tail.is_nil() {
                        match few.get_mut(depth) {
                            Some(place) => *place = tail,
                            None => stack.push(tail),
                        }
                        depth += 1;
                    }
                    // Only lists and bitstrings may stand there, which the next turn of the loop checks.
                    at = head;
                }
            }
            continue;
        }
        if !at.is_nil() {
            match at.as_bits() {
                Some(bits) if f(Piece::Bits(bits)) => {}
                _ => return false,
            }
        }
        if depth == 0 {
            return true;
        }
        depth -= 1;
        at = match few.get(depth) {
            Some(tail) => *tail,
            None => stack.pop().expect("one for each beyond the few"),
        };
    }
}
