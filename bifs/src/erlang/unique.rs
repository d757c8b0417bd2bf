//! References and unique integers.

use term::{Heap, Term, atom};
use vm::refs;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "make_ref"/0 => make_ref();
    Plain "unique_integer"/0 => unique_integer();
    /// Options: `positive`, `monotonic`.
    Plain "unique_integer"/1 => unique_integer_1(0);
} }

/// Where integers that need not be positive start: the least small integer of the reference.
pub(crate) const LEAST: i128 = -(1 << 59);

fn make_ref<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let (n0, n1) = refs::next();
    Ok(cx.heap().reference(n0, n1))
}

fn integer(heap: &Heap, n: u64, positive: bool) -> Term<'_> {
    heap.i128(i128::from(n) + if positive { 1 } else { LEAST })
}

fn unique_integer<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(integer(cx.heap(), refs::unique(), false))
}

fn unique_integer_1<'p>(cx: &Cx<'p>, options: Term<'p>) -> BifResult<'p> {
    let (mut positive, mut monotonic) = (false, false);
    for option in cx.need(options.to_vec())? {
        match option.as_atom() {
            Some(a) if a == atom!("positive") => positive = true,
            Some(a) if a == atom!("monotonic") => monotonic = true,
            _ => return Err(cx.badarg()),
        }
    }
    let n = if monotonic { refs::monotonic() } else { refs::unique() };
    Ok(integer(cx.heap(), n, positive))
}
