//! Tuples.

use term::{Term, Tuple};
use vm::bif::List;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// The elements of a tuple, as a list.
    Plain "tuple_to_list"/1 => tuple_to_list(0);
    Plain "list_to_tuple"/1 => list_to_tuple(0);
    /// Element `N`, counted from 1.
    Guard "element"/2 => element(0, 1);
    Guard "tuple_size"/1 => tuple_size(0);
    Plain "setelement"/3 => setelement(0, 1, 2);
    Plain "make_tuple"/2 => make_tuple(0, 1);
    Plain "make_tuple"/3 => make_tuple_3(0, 1, 2);
    Plain "append_element"/2 => append_element(0, 1);
    Plain "insert_element"/3 => insert_element(0, 1, 2);
    Plain "delete_element"/2 => delete_element(0, 1);
} }

/// Most elements of a tuple.
pub const MAX_ARITY: usize = (1 << 24) - 1;

fn tuple_to_list<'p>(cx: &Cx<'p>, tuple: Tuple<'p>) -> BifResult<'p> {
    Ok(cx.heap().list(tuple.elements()))
}

fn list_to_tuple<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    let elements = cx.need(list.0.to_vec())?;
    build(cx, &elements)
}

fn build<'p>(cx: &Cx<'p>, elements: &[Term<'p>]) -> BifResult<'p> {
    if elements.len() > MAX_ARITY {
        return Err(cx.badarg());
    }
    cx.bump(elements.len() / 40);
    Ok(cx.heap().tuple(elements))
}

fn element<'p>(cx: &Cx<'p>, n: usize, tuple: Tuple<'p>) -> BifResult<'p> {
    cx.need(n.checked_sub(1).and_then(|i| tuple.elements().get(i).copied()))
}

fn tuple_size<'p>(_: &Cx<'p>, tuple: Tuple<'p>) -> BifResult<'p> {
    Ok(Term::small(tuple.arity() as i64))
}

fn setelement<'p>(cx: &Cx<'p>, n: usize, tuple: Tuple<'p>, value: Term<'p>) -> BifResult<'p> {
    let i = cx.need(n.checked_sub(1).filter(|&i| i < tuple.arity()))?;
    // Records are short, and updated often.
    let mut few = [Term::nil(); 24];
    if let Some(few) = few.get_mut(..tuple.arity()) {
        few.copy_from_slice(tuple.elements());
        few[i] = value;
        return Ok(cx.heap().tuple(few));
    }
    let mut elements = tuple.elements().to_vec();
    elements[i] = value;
    build(cx, &elements)
}

fn make_tuple<'p>(cx: &Cx<'p>, arity: usize, value: Term<'p>) -> BifResult<'p> {
    make_tuple_3(cx, arity, value, List(Term::nil()))
}

fn make_tuple_3<'p>(cx: &Cx<'p>, arity: usize, value: Term<'p>, set: List<'p>) -> BifResult<'p> {
    if arity > MAX_ARITY {
        return Err(cx.badarg());
    }
    let mut elements = vec![value; arity];
    let mut set = set.0.iter_list();
    for item in set.by_ref() {
        let [n, value] = cx.need(item.as_tuple_of::<2>())?;
        let i = n.as_usize().and_then(|n| n.checked_sub(1));
        *cx.need(i.and_then(|i| elements.get_mut(i)))? = value;
    }
    if !set.tail().is_nil() {
        return Err(cx.badarg());
    }
    build(cx, &elements)
}

fn append_element<'p>(cx: &Cx<'p>, tuple: Tuple<'p>, value: Term<'p>) -> BifResult<'p> {
    insert_element(cx, tuple.arity() + 1, tuple, value)
}

fn insert_element<'p>(cx: &Cx<'p>, n: usize, tuple: Tuple<'p>, value: Term<'p>) -> BifResult<'p> {
    let i = cx.need(n.checked_sub(1).filter(|&i| i <= tuple.arity()))?;
    let mut elements = Vec::with_capacity(tuple.arity() + 1);
    elements.extend_from_slice(&tuple.elements()[..i]);
    elements.push(value);
    elements.extend_from_slice(&tuple.elements()[i..]);
    build(cx, &elements)
}

fn delete_element<'p>(cx: &Cx<'p>, n: usize, tuple: Tuple<'p>) -> BifResult<'p> {
    let i = cx.need(n.checked_sub(1).filter(|&i| i < tuple.arity()))?;
    let mut elements = tuple.elements().to_vec();
    elements.remove(i);
    build(cx, &elements)
}
