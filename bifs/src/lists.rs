//! Natives of module `lists`.

use crate::erlang::list::reverse_onto;
use term::compare;
use term::{Term, Tuple, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "lists" {
    Plain "reverse"/2 => reverse(0, 1);
    Plain "member"/2 => member(0, 1);
    Plain "keyfind"/3 => keyfind(0, 1, 2);
    Plain "keymember"/3 => keymember(0, 1, 2);
    Plain "keysearch"/3 => keysearch(0, 1, 2);
} }

fn reverse<'p>(cx: &Cx<'p>, list: Term<'p>, tail: Term<'p>) -> BifResult<'p> {
    if list.is_nil() {
        return Ok(tail);
    }
    let (out, n) = cx.need(reverse_onto(cx.heap(), list, tail))?;
    cx.bump(n / 40);
    Ok(out)
}

fn member<'p>(cx: &Cx<'p>, x: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    let (mut elements, mut n) = (list.iter_list(), 0);
    // An immediate equals nothing but the same word.
    let found = if x.is_immediate() {
        elements.by_ref().inspect(|_| n += 1).any(|e| e.is_same(x))
    } else {
        elements.by_ref().inspect(|_| n += 1).any(|e| compare::eq_exact(e, x))
    };
    cx.bump(n / 16);
    if !found && !elements.tail().is_nil() {
        return Err(cx.badarg());
    }
    Ok(Term::bool(found))
}

/// The first tuple whose element `n` equals `key`, by `==`.
fn find<'p>(
    cx: &Cx<'p>,
    key: Term<'p>,
    n: Term<'p>,
    list: Term<'p>,
) -> BifResult<'p, Option<Tuple<'p>>> {
    let i = cx.need(n.as_small().and_then(|n| usize::try_from(n).ok()?.checked_sub(1)))?;
    let (mut elements, mut steps) = (list.iter_list(), 0);
    // Numbers aside, an immediate equals nothing but the same word.
    let by_word = key.is_immediate() && key.as_small().is_none();
    let found = elements.by_ref().inspect(|_| steps += 1).find_map(|e| {
        let tuple = e.as_tuple()?;
        let x = *tuple.elements().get(i)?;
        (x.is_same(key) || !by_word && compare::eq(x, key)).then_some(tuple)
    });
    cx.bump(steps / 10);
    if found.is_none() && !elements.tail().is_nil() {
        return Err(cx.badarg());
    }
    Ok(found)
}

fn keyfind<'p>(cx: &Cx<'p>, key: Term<'p>, n: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    Ok(find(cx, key, n, list)?.map_or(Term::bool(false), Tuple::term))
}

fn keymember<'p>(cx: &Cx<'p>, key: Term<'p>, n: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(find(cx, key, n, list)?.is_some()))
}

fn keysearch<'p>(cx: &Cx<'p>, key: Term<'p>, n: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    Ok(match find(cx, key, n, list)? {
        Some(tuple) => cx.heap().tuple(&[atom!("value").into(), tuple.term()]),
        None => Term::bool(false),
    })
}
