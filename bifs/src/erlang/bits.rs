//! Binaries and bitstrings as data: sizes, parts, lists to and from bytes.

use crate::iolist::{self, Piece};
use crate::long;
use term::heap::HEAP_BIN_MAX;
use term::{Bits, Heap, Term, View};
use vm::bif::{Binary, List};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Guard "byte_size"/1 => byte_size(0);
    Guard "bit_size"/1 => bit_size(0);
    Guard "size"/1 => size(0);
    Guard "binary_part"/2 => binary_part_2(0, 1);
    Guard "binary_part"/3 => binary_part(0, 1, 2);
    Plain "split_binary"/2 => split_binary(0, 1);
    Plain "binary_to_list"/1 => binary_to_list(0);
    Plain "binary_to_list"/3 => binary_to_list_3(0, 1, 2);
    Plain "bitstring_to_list"/1 => bitstring_to_list(0);
    Plain "list_to_binary"/1 => list_to_binary(0);
    Plain "list_to_bitstring"/1 => list_to_bitstring(0);
    Plain "iolist_to_binary"/1 => iolist_to_binary(0);
    Plain "iolist_size"/1 => iolist_size(0);
    /// An I/O list as a list of binaries: large ones are shared, small ones joined.
    Plain "iolist_to_iovec"/1 => iolist_to_iovec(0);
} }

// From OTP 26 on, compilers ask match contexts too.
fn byte_size<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    Ok(Term::small(cx.need(t.bits_left())?.div_ceil(8) as i64))
}

fn bit_size<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    Ok(Term::small(cx.need(t.bits_left())? as i64))
}

fn size<'p>(cx: &Cx<'p>, term: Term<'p>) -> BifResult<'p> {
    match term.view() {
        View::Tuple(tuple) => Ok(Term::small(tuple.arity() as i64)),
        View::Bits(bits) => Ok(Term::small(bits.byte_len() as i64)),
        _ => Err(cx.badarg()),
    }
}

/// The bytes at `start`; a negative `len` counts backwards. `None` if they are not all inside.
pub fn part<'h>(heap: &'h Heap, bits: Bits<'h>, start: i64, len: i64) -> Option<Term<'h>> {
    let end = start.checked_add(len)?;
    let (from, to) = (start.min(end), start.max(end));
    let (from, to) = (usize::try_from(from).ok()?, usize::try_from(to).ok()?);
    if to > bits.byte_len() {
        return None;
    }
    Some(bytes_part(heap, bits, from, to - from))
}

/// `len` bytes from byte `from`: a few are copied, so that they do not keep a large binary alive.
/// # Panics
/// If they are not inside.
pub fn bytes_part<'h>(heap: &'h Heap, bits: Bits<'h>, from: usize, len: usize) -> Term<'h> {
    if len > HEAP_BIN_MAX {
        return heap.sub_bits(bits, from * 8, len * 8);
    }
    heap.binary_with(len, |out| bits.copy_to(from * 8, len * 8, out, 0))
}

fn binary_part<'p>(cx: &Cx<'p>, bits: Bits<'p>, start: i64, len: i64) -> BifResult<'p> {
    cx.need(part(cx.heap(), bits, start, len))
}

fn binary_part_2<'p>(cx: &Cx<'p>, bits: Bits<'p>, pos_len: Term<'p>) -> BifResult<'p> {
    let [start, len] = cx.need(pos_len.as_tuple_of::<2>())?;
    binary_part(cx, bits, cx.need(start.as_i64())?, cx.need(len.as_i64())?)
}

fn split_binary<'p>(cx: &Cx<'p>, bits: Bits<'p>, at: usize) -> BifResult<'p> {
    if at > bits.byte_len() {
        return Err(cx.badarg());
    }
    let heap = cx.heap();
    let first = heap.sub_bits(bits, 0, at * 8);
    let second = heap.sub_bits(bits, at * 8, bits.bit_len() - at * 8);
    Ok(heap.tuple(&[first, second]))
}

/// To make a cell of a list takes as long as to copy so many bytes.
const CELL: usize = 64;

fn binary_to_list<'p>(cx: &Cx<'p>, bin: Binary<'p>) -> BifResult<'p> {
    let bytes = bin.0.bytes();
    if long::too_long(cx, bytes.len() * CELL) {
        return Err(long::elsewhere(cx, [bin.0.term()], |cx, [t]| {
            binary_to_list(cx, Binary(cx.need(t.as_binary())?))
        }));
    }
    Ok(cx.heap().byte_list(&bytes))
}

fn binary_to_list_3<'p>(cx: &Cx<'p>, bits: Bits<'p>, start: usize, stop: usize) -> BifResult<'p> {
    if start < 1 || start > stop || stop > bits.byte_len() {
        return Err(cx.badarg());
    }
    if long::too_long(cx, (stop - start) * CELL) {
        let n = |n: usize| Term::small(n as i64);
        let args = [bits.term(), n(start), n(stop)];
        return Err(long::elsewhere(cx, args, |cx, [bits, start, stop]| {
            let (start, stop) = (cx.need(start.as_usize())?, cx.need(stop.as_usize())?);
            binary_to_list_3(cx, cx.need(bits.as_bits())?, start, stop)
        }));
    }
    Ok(cx.heap().byte_list(&bits.bytes()[start - 1..stop]))
}

fn bitstring_to_list<'p>(cx: &Cx<'p>, bits: Bits<'p>) -> BifResult<'p> {
    let heap = cx.heap();
    let whole = bits.byte_len();
    if long::too_long(cx, whole * CELL) {
        return Err(long::elsewhere(cx, [bits.term()], |cx, [bits]| {
            bitstring_to_list(cx, cx.need(bits.as_bits())?)
        }));
    }
    let tail = match bits.bit_len() % 8 {
        0 => Term::nil(),
        rest => heap.cons(heap.sub_bits(bits, whole * 8, rest), Term::nil()),
    };
    Ok(bits.bytes()[..whole]
        .iter()
        .rev()
        .fold(tail, |list, &byte| heap.cons(Term::small(i64::from(byte)), list)))
}

fn list_to_binary<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    iolist_to_binary(cx, list.0)
}

/// Whether an I/O list is better worked on elsewhere; else its walk is counted.
fn is_long(cx: &Cx<'_>, list: Term<'_>) -> bool {
    cx.scheduler() != 0 && !list.is_nil() && iolist::is_long(list, long::steps(cx))
}

fn list_to_bitstring<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    if is_long(cx, list.0) {
        return Err(long::elsewhere(cx, [list.0], |cx, [t]| list_to_bitstring(cx, List(t))));
    }
    let bits = cx.need(iolist::to_bitstring(cx.heap(), list.0))?;
    count(cx, bits);
    Ok(bits)
}

pub fn iolist_to_binary<'p>(cx: &Cx<'p>, list: Term<'p>) -> BifResult<'p> {
    if list.as_bits().is_none() && is_long(cx, list) {
        return Err(long::elsewhere(cx, [list], |cx, [list]| iolist_to_binary(cx, list)));
    }
    let bin = cx.need(iolist::to_binary(cx.heap(), list))?;
    if !bin.is_same(list) {
        count(cx, bin);
    }
    Ok(bin)
}

fn count<'p>(cx: &Cx<'p>, bits: Term<'p>) {
    cx.bump(bits.as_bits().map_or(0, |bits| bits.byte_len() / 100));
}

fn iolist_size<'p>(cx: &Cx<'p>, list: Term<'p>) -> BifResult<'p> {
    if list.as_bits().is_none() && is_long(cx, list) {
        return Err(long::elsewhere(cx, [list], |cx, [list]| iolist_size(cx, list)));
    }
    let size = cx.need(iolist::size_counted(list))?;
    u64::try_from(size).map(|n| cx.heap().uint(n)).map_err(|_| cx.system_limit())
}

/// Pieces shorter than this are joined.
const SMALL: usize = 256;
/// What was joined is not grown beyond this but handed out.
const LARGE: usize = SMALL * 32;

/// An I/O vector in the making.
struct IoVec<'p> {
    heap: &'p Heap,
    done: Vec<Term<'p>>,
    joined: Vec<u8>,
    bytes: usize,
}

impl<'p> IoVec<'p> {
    fn flush(&mut self) {
        if !self.joined.is_empty() {
            self.done.push(self.heap.binary(&self.joined));
            self.joined.clear();
        }
    }
    fn join(&mut self, bytes: &[u8]) {
        if self.joined.len() >= LARGE {
            self.flush();
        }
        self.joined.extend_from_slice(bytes);
    }
    fn binary(&mut self, bits: Bits<'p>) {
        let len = bits.byte_len();
        self.bytes += len;
        if len >= SMALL && (self.joined.is_empty() || self.joined.len() >= SMALL) {
            self.flush();
            self.done.push(bits.term());
        } else if len < SMALL || self.joined.len() + len < SMALL * 2 {
            self.join(&bits.bytes());
        } else {
            // As much as makes what was joined long enough; the rest is shared.
            let more = SMALL - self.joined.len();
            self.join(&bits.bytes()[..more]);
            self.flush();
            self.done.push(self.heap.sub_bits(bits, more * 8, (len - more) * 8));
        }
    }
}

fn iolist_to_iovec<'p>(cx: &Cx<'p>, list: Term<'p>) -> BifResult<'p> {
    let heap = cx.heap();
    if let Some(bin) = list.as_binary() {
        return Ok(if bin.byte_len() == 0 { Term::nil() } else { heap.list(&[list]) });
    }
    if is_long(cx, list) {
        return Err(long::elsewhere(cx, [list], |cx, [list]| iolist_to_iovec(cx, list)));
    }
    let mut vec = IoVec { heap, done: Vec::new(), joined: Vec::new(), bytes: 0 };
    let ok = iolist::walk(list, |piece| match piece {
        Piece::Byte(byte) => {
            vec.bytes += 1;
            vec.join(&[byte]);
            true
        }
        Piece::Bits(bits) if bits.is_binary() => {
            vec.binary(bits);
            true
        }
        Piece::Bits(_) => false,
    });
    if !ok {
        return Err(cx.badarg());
    }
    vec.flush();
    cx.bump(vec.bytes / SMALL + vec.done.len());
    Ok(heap.list(&vec.done))
}
