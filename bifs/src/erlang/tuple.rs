//! Tuples.

use term::{Term, Tuple};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// The elements of a tuple, as a list.
    Plain "tuple_to_list"/1 => tuple_to_list(0);
    /// Element `N`, counted from 1.
    Guard "element"/2 => element(0, 1);
    Guard "tuple_size"/1 => tuple_size(0);
} }

fn tuple_to_list<'p>(cx: &Cx<'p>, tuple: Tuple<'p>) -> BifResult<'p> {
    Ok(cx.heap().list(tuple.elements()))
}

fn element<'p>(cx: &Cx<'p>, n: usize, tuple: Tuple<'p>) -> BifResult<'p> {
    cx.need(n.checked_sub(1).and_then(|i| tuple.elements().get(i).copied()))
}

fn tuple_size<'p>(_: &Cx<'p>, tuple: Tuple<'p>) -> BifResult<'p> {
    Ok(Term::small(tuple.arity() as i64))
}
