//! Elements of the objects of `compressed` tables, as bytes [erl_db_util.c: copy_to_comp].
//!
//! Immediate elements and the key stay as they are; others become bytes much like those of the external format, but for atoms
//! and pids, which are numbers of this system. What holds something that lives outside of the object (shared binaries, funs,
//! references, what is of other nodes) stays as it is too.
//!
//! The bytes are kept in a big integer, so that an object is a tuple like any other to whoever copies, counts or frees it.
//! Its highest word says how many they are, with a bit that makes it high. Integers that are big themselves always become bytes,
//! so a big integer that is not the key is nothing else.

use term::boxed::MapIter;
use term::{Atom, Heap, Term, View};

const SMALL: u8 = 97;
const INTEGER: u8 = 98;
const WORD: u8 = 99;
const BIG: u8 = 110;
const LARGE_BIG: u8 = 111;
const FLOAT: u8 = 70;
const ATOM: u8 = 73;
const LATE_ATOM: u8 = 75;
const NIL: u8 = 106;
const STRING: u8 = 107;
const LIST: u8 = 108;
const TUPLE: u8 = 104;
const LARGE_TUPLE: u8 = 105;
const MAP: u8 = 116;
const BINARY: u8 = 109;
const BITS: u8 = 77;
const PID: u8 = 103;
const PORT: u8 = 102;

/// Marks the word with the number of bytes.
const MARK: u64 = 1 << 62;

/// The element as bytes in a big integer; `None` if it stays as it is.
pub(super) fn pack<'h>(heap: &'h Heap, element: Term<'_>) -> Option<Term<'h>> {
    if element.is_immediate() {
        return None;
    }
    let mut bytes = Vec::with_capacity(64);
    encode(element, &mut bytes)?;
    let mut words: Vec<u64> = bytes
        .chunks(8)
        .map(|c| c.iter().rev().fold(0, |word, b| word << 8 | u64::from(*b)))
        .collect();
    words.push(MARK | bytes.len() as u64);
    Some(heap.big(false, &words))
}

/// How many bytes an element was made into, if it was.
pub(super) fn packed_bytes(element: Term<'_>) -> Option<usize> {
    let View::Big(big) = element.view() else { return None };
    Some((big.digits().last()? & !MARK) as usize)
}

/// What [`pack`] was given, built on `heap`; other elements are copied.
pub(super) fn unpack<'h>(heap: &'h Heap, element: Term<'_>) -> Term<'h> {
    let bytes = || {
        let n = packed_bytes(element)?;
        let View::Big(big) = element.view() else { return None };
        let mut bytes: Vec<u8> = big.digits().iter().flat_map(|w| w.to_le_bytes()).collect();
        bytes.truncate(n);
        decode(heap, &bytes)
    };
    bytes().unwrap_or_else(|| heap.copy(element))
}

/// What is left to encode.
enum Rest<'p> {
    /// The rest of a list, with its end.
    List(Term<'p>),
    Elements(&'p [Term<'p>]),
    Value(Term<'p>),
    Pairs(MapIter<'p>),
}

fn encode(term: Term<'_>, out: &mut Vec<u8>) -> Option<()> {
    let mut stack = Vec::new();
    one(term, out, &mut stack)?;
    while let Some(rest) = stack.pop() {
        let next = match rest {
            Rest::Value(t) => t,
            Rest::List(t) => match t.as_cons() {
                Some(cell) => {
                    stack.push(Rest::List(cell.tail()));
                    cell.head()
                }
                None => t,
            },
            Rest::Elements(all) => {
                let Some((first, more)) = all.split_first() else { continue };
                stack.push(Rest::Elements(more));
                *first
            }
            Rest::Pairs(mut pairs) => {
                let Some((key, value)) = pairs.next() else { continue };
                stack.push(Rest::Pairs(pairs));
                stack.push(Rest::Value(value));
                key
            }
        };
        one(next, out, &mut stack)?;
    }
    Some(())
}

/// The bytes of a proper list of bytes that is not too long.
fn string(list: Term<'_>) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = list;
    while let Some(cell) = rest.as_cons() {
        bytes.push(u8::try_from(cell.head().as_small()?).ok()?);
        if bytes.len() > usize::from(u16::MAX) {
            return None;
        }
        rest = cell.tail();
    }
    rest.is_nil().then_some(bytes)
}

fn count(out: &mut Vec<u8>, n: usize) -> Option<()> {
    out.extend(u32::try_from(n).ok()?.to_le_bytes());
    Some(())
}

/// Encodes a term, or the head of one whose rest goes onto the stack. `None`: it cannot be encoded.
fn one<'p>(term: Term<'p>, out: &mut Vec<u8>, stack: &mut Vec<Rest<'p>>) -> Option<()> {
    match term.view() {
        View::Small(n) => {
            if let Ok(byte) = u8::try_from(n) {
                out.extend([SMALL, byte]);
            } else if let Ok(n) = i32::try_from(n) {
                out.push(INTEGER);
                out.extend(n.to_le_bytes());
            } else {
                out.push(WORD);
                out.extend(n.to_le_bytes());
            }
        }
        View::Big(big) => {
            let mut bytes: Vec<u8> = big.digits().iter().flat_map(|w| w.to_le_bytes()).collect();
            while bytes.last() == Some(&0) {
                bytes.pop();
            }
            match u8::try_from(bytes.len()) {
                Ok(n) => out.extend([BIG, n]),
                Err(_) => {
                    out.push(LARGE_BIG);
                    count(out, bytes.len())?;
                }
            }
            out.push(u8::from(big.is_negative()));
            out.extend(bytes);
        }
        View::Float(f) => {
            out.push(FLOAT);
            out.extend(f.to_bits().to_le_bytes());
        }
        View::Atom(a) => match u16::try_from(a.0) {
            Ok(n) => {
                out.push(ATOM);
                out.extend(n.to_le_bytes());
            }
            Err(_) => {
                out.push(LATE_ATOM);
                out.extend(a.0.to_le_bytes());
            }
        },
        View::Nil => out.push(NIL),
        View::Cons(_) => match string(term) {
            Some(bytes) => {
                out.push(STRING);
                out.extend((bytes.len() as u16).to_le_bytes());
                out.extend(bytes);
            }
            None => {
                out.push(LIST);
                count(out, term.iter_list().count())?;
                stack.push(Rest::List(term));
            }
        },
        View::Tuple(tuple) => {
            match u8::try_from(tuple.arity()) {
                Ok(n) => out.extend([TUPLE, n]),
                Err(_) => {
                    out.push(LARGE_TUPLE);
                    count(out, tuple.arity())?;
                }
            }
            stack.push(Rest::Elements(tuple.elements()));
        }
        View::Map(map) => {
            out.push(MAP);
            count(out, map.size())?;
            stack.push(Rest::Pairs(map.iter()));
        }
        View::Bits(bits) if !bits.is_shared() => {
            let (n, odd) = (bits.bit_len(), bits.bit_len() % 8);
            out.push(if odd == 0 { BINARY } else { BITS });
            count(out, n.div_ceil(8))?;
            if odd != 0 {
                out.push(odd as u8);
            }
            let start = out.len();
            out.resize(start + n.div_ceil(8), 0);
            bits.copy_to(0, n, out.get_mut(start..)?, 0);
        }
        View::Pid(_) if term.raw().is_local_pid() => {
            out.push(PID);
            out.extend(term.raw().payload().to_le_bytes());
        }
        View::Port(_) if term.raw().is_local_port() => {
            out.push(PORT);
            out.extend(term.raw().payload().to_le_bytes());
        }
        _ => return None,
    }
    Some(())
}

/// A term whose parts are not all there: its tag, how many are missing, and where they begin.
struct Open {
    tag: u8,
    missing: usize,
    base: usize,
}

struct Input<'b>(&'b [u8]);

impl Input<'_> {
    fn take<const N: usize>(&mut self) -> Option<[u8; N]> {
        let (first, rest) = self.0.split_first_chunk::<N>()?;
        self.0 = rest;
        Some(*first)
    }
    fn byte(&mut self) -> Option<u8> {
        self.take::<1>().map(|[b]| b)
    }
    fn count(&mut self) -> Option<usize> {
        self.take().map(|b| u32::from_le_bytes(b) as usize)
    }
    fn bytes(&mut self, n: usize) -> Option<&[u8]> {
        let (first, rest) = self.0.split_at_checked(n)?;
        self.0 = rest;
        Some(first)
    }
}

/// `None` for what [`encode`] does not give.
fn decode<'h>(heap: &'h Heap, bytes: &[u8]) -> Option<Term<'h>> {
    let mut input = Input(bytes);
    let mut values: Vec<Term<'h>> = Vec::new();
    let mut open: Vec<Open> = Vec::new();
    loop {
        let tag = input.byte()?;
        let parts = match tag {
            LIST => Some(input.count()?.checked_add(1)?),
            TUPLE => Some(usize::from(input.byte()?)),
            LARGE_TUPLE => Some(input.count()?),
            MAP => Some(input.count()?.checked_mul(2)?),
            _ => None,
        };
        match parts {
            Some(missing) => open.push(Open { tag, missing, base: values.len() }),
            None => {
                let value = leaf(heap, tag, &mut input)?;
                values.push(value);
                if let Some(top) = open.last_mut() {
                    top.missing = top.missing.checked_sub(1)?;
                }
            }
        }
        while let Some(done) = open.pop_if(|o| o.missing == 0) {
            let parts = values.get(done.base..)?;
            let value = match done.tag {
                LIST => {
                    let (end, elements) = parts.split_last()?;
                    heap.list_onto(elements, *end)
                }
                MAP => heap.map_from_iter(parts.chunks_exact(2).map(|p| (p[0], p[1]))),
                _ => heap.tuple(parts),
            };
            values.truncate(done.base);
            values.push(value);
            if let Some(top) = open.last_mut() {
                top.missing = top.missing.checked_sub(1)?;
            }
        }
        if open.is_empty() {
            return values.pop();
        }
    }
}

fn leaf<'h>(heap: &'h Heap, tag: u8, input: &mut Input<'_>) -> Option<Term<'h>> {
    Some(match tag {
        SMALL => Term::small(i64::from(input.byte()?)),
        INTEGER => Term::small(i64::from(i32::from_le_bytes(input.take()?))),
        WORD => heap.int(i64::from_le_bytes(input.take()?)),
        BIG | LARGE_BIG => {
            let n = if tag == BIG { usize::from(input.byte()?) } else { input.count()? };
            let negative = input.byte()? != 0;
            let word = |c: &[u8]| c.iter().rev().fold(0, |w, b| w << 8 | u64::from(*b));
            let digits: Vec<u64> = input.bytes(n)?.chunks(8).map(word).collect();
            heap.big(negative, &digits)
        }
        FLOAT => heap.float(f64::from_bits(u64::from_le_bytes(input.take()?))),
        ATOM => Term::atom(Atom(u32::from(u16::from_le_bytes(input.take()?)))),
        LATE_ATOM => Term::atom(Atom(u32::from_le_bytes(input.take()?))),
        NIL => Term::nil(),
        STRING => {
            let n = usize::from(u16::from_le_bytes(input.take()?));
            heap.byte_list(input.bytes(n)?)
        }
        BINARY => {
            let n = input.count()?;
            heap.binary(input.bytes(n)?)
        }
        BITS => {
            let (n, odd) = (input.count()?, usize::from(input.byte()?));
            let bytes = input.bytes(n)?;
            heap.bits_with((n.checked_sub(1)?) * 8 + odd, |out| {
                out.iter_mut().zip(bytes).for_each(|(o, b)| *o = *b);
            })
        }
        PID => Term::local_pid(u64::from_le_bytes(input.take()?)),
        PORT => Term::local_port(u64::from_le_bytes(input.take()?)),
        _ => return None,
    })
}

/// Words of an element beside the tuple, unless it was made into bytes.
fn plain_words(element: Term<'_>) -> usize {
    if element.is_immediate() || packed_bytes(element).is_some() {
        return 0;
    }
    term::copy::size_words(element)
}

/// Words of an object as the reference counts them.
pub(super) fn words(elements: &[Term<'_>], keypos: usize) -> usize {
    let key = elements.get(keypos - 1).filter(|k| !k.is_immediate());
    let others = || elements.iter().enumerate().filter(|(i, _)| *i != keypos - 1).map(|(_, e)| *e);
    let bytes: usize = others().filter_map(packed_bytes).sum();
    let plain: usize = others().map(plain_words).sum();
    elements.len() + 2 + key.map_or(0, |k| term::copy::size_words(*k)) + plain + bytes.div_ceil(8)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::testing::{read, show, with_cx};

    #[test]
    fn there_and_back() {
        with_cx(|cx| {
            let long = format!("[{}]", vec!["a"; 3000].join(","));
            for text in [
                "\"abc\"",
                "[1,2,300]",
                "[1|2]",
                "{}",
                "{a,-1,70000,-5000000000,1.5}",
                "[[],[[]]]",
                "#{a => [1], 2 => #{}}",
                "123456789012345678901234567890",
                "-123456789012345678901234567890",
                &long,
            ] {
                let t = read(cx.heap(), text);
                if t.is_immediate() {
                    continue;
                }
                let packed = pack(cx.heap(), t).expect("can be encoded");
                assert!(packed_bytes(packed).is_some());
                assert_eq!(show(unpack(cx.heap(), packed)), show(t));
            }
            let h = cx.heap();
            for t in [h.binary(b"abc"), h.bits_with(11, |b| b.fill(0xa0)), h.list(&[h.binary(&[])])]
            {
                let packed = pack(h, t).expect("can be encoded");
                assert_eq!(show(unpack(h, packed)), show(t));
            }
        })
    }

    #[test]
    fn what_lives_elsewhere_stays() {
        with_cx(|cx| {
            let h = cx.heap();
            let shared = h.list(&[h.binary(&[7; 100])]);
            assert!(pack(h, shared).is_none());
            assert!(pack(h, h.tuple(&[h.reference(1, 2)])).is_none());
            assert_eq!(show(unpack(h, shared)), show(shared));
        })
    }

    #[test]
    fn small_numbers_in_bytes_are_no_numbers() {
        with_cx(|cx| {
            let h = cx.heap();
            let t = h.tuple(&[Term::small(0)]);
            let packed = pack(h, t).expect("a tuple");
            assert_eq!(show(unpack(h, packed)), "{0}");
            assert!(unpack(h, Term::nil()).is_nil());
        })
    }
}
