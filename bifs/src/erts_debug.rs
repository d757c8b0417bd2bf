//! Natives of module `erts_debug` that look at terms.

pub mod dirty;
mod ets;
mod keys;
mod related;
pub mod state;

use crate::long;
use term::{Bits, Term, atom, size};
use vm::{BifResult, Cx};

vm::bifs! { pub TERMS: "erts_debug" {
    /// Words that a copy of the term takes.
    Plain "flat_size"/1 => flat_size(0);
    /// Words that the term takes, what is shared in it counted once.
    Plain "size_shared"/1 => size_shared(0);
    /// Depth of a large map, its nodes by number of slots, its leaves by depth.
    Plain "map_info"/1 => map_info(0);
    /// Names of the instructions of code.
    Plain "instructions"/0 => instructions();
    /// Whether two terms are one and the same in memory.
    Plain "same"/2 => same(0, 1);
    /// The same bits, beginning so many bits after the start of a byte.
    Plain "unaligned_bitstring"/2 => unaligned_bitstring(0, 1);
} }

fn words<'p>(cx: &Cx<'p>, n: usize) -> BifResult<'p> {
    cx.bump(n / 40);
    Ok(Term::small(n as i64))
}

fn flat_size<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    if cx.scheduler() != 0 && size::is_larger(t, long::steps(cx)) {
        return Err(long::elsewhere(cx, [t], |cx, [t]| flat_size(cx, t)));
    }
    words(cx, size::flat_size(t))
}

fn size_shared<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    if cx.scheduler() != 0 && size::is_larger(t, long::steps(cx) / 4) {
        return Err(long::elsewhere(cx, [t], |cx, [t]| size_shared(cx, t)));
    }
    words(cx, size::shared_size(t))
}

fn unaligned_bitstring<'p>(cx: &Cx<'p>, bits: Bits<'p>, offset: usize) -> BifResult<'p> {
    if !(1..8).contains(&offset) {
        return Err(cx.badarg());
    }
    let heap = cx.heap();
    let n = bits.bit_len();
    let owner = heap.bits_with(offset + n, |to| bits.copy_to(0, n, to, offset));
    cx.bump(n / 512);
    let owner = cx.need(owner.as_bits())?;
    Ok(heap.sub_bits(owner, offset, n))
}

fn same<'p>(_: &Cx<'p>, a: Term<'p>, b: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(size::same(a, b)))
}

fn map_info<'p>(cx: &Cx<'p>, map: Term<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let map = crate::maps::map_of(cx, map)?;
    let shape = cx.need(map.shape())?;
    cx.bump(map.size() / 10);
    let number = |n: u32| Term::small(i64::from(n));
    let numbers = |all: &[u32]| h.tuple(&all.iter().map(|n| number(*n)).collect::<Vec<_>>());
    let full = number(shape.nodes[15]);
    let partial = number(shape.nodes[..15].iter().sum());
    let by_slots = [&shape.nodes[..15], &[0]].concat();
    Ok(h.list(&[
        h.tuple(&[atom!("depth").into(), number(shape.depth)]),
        h.tuple(&[atom!("arrays").into(), full, Term::nil()]),
        h.tuple(&[atom!("bitmaps").into(), partial, numbers(&by_slots)]),
        h.tuple(&[atom!("leafs").into(), h.uint(map.size() as u64), numbers(&shape.leaves)]),
    ]))
}

fn instructions<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let names: Vec<Term> = vm::code::op_names().iter().map(|n| h.string(n)).collect();
    Ok(h.list(&names))
}
