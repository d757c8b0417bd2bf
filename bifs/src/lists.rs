//! Natives of module `lists`. They give way to others in long lists.

use crate::erlang::list::{budget, reverse};
use term::compare;
use term::{Term, atom};
use vm::bif::Held;
use vm::{BifResult, Cx, Resume};

vm::bifs! { pub TABLE: "lists" {
    Plain "reverse"/2 => reverse(0, 1);
    Plain "member"/2 => member(0, 1);
    Plain "keyfind"/3 => keyfind(0, 1, 2);
    Plain "keymember"/3 => keymember(0, 1, 2);
    Plain "keysearch"/3 => keysearch(0, 1, 2);
} }

fn member<'p>(cx: &Cx<'p>, x: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    // An immediate equals nothing but the same word.
    let (mut rest, mut n) = (list.iter_list(), 0);
    let mut some = rest.by_ref().take(budget(cx, 16)).inspect(|_| n += 1);
    let found = if x.is_immediate() {
        some.any(|e| e.is_same(x))
    } else {
        some.any(|e| compare::eq_exact(e, x))
    };
    cx.bump(n / 16);
    match rest.tail() {
        _ if found => Ok(Term::bool(true)),
        end if end.is_nil() => Ok(Term::bool(false)),
        end if end.as_cons().is_none() => Err(cx.badarg()),
        end => Err(cx.yield_to(Member { x: cx.hold(x), rest: cx.hold(end) })),
    }
}

struct Member {
    x: Held,
    rest: Held,
}

impl Resume for Member {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        member(cx, cx.get(self.x), cx.get(self.rest))
    }
}

/// What the caller wants to know of the tuple that was found.
#[derive(Clone, Copy)]
enum Want {
    Tuple,
    Whether,
    Value,
}

struct Find {
    key: Held,
    i: usize,
    rest: Held,
    want: Want,
}

impl Resume for Find {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        find(cx, cx.get(self.key), self.i, cx.get(self.rest), self.want)
    }
}

/// Index of a position counted from 1.
fn index<'p>(cx: &Cx<'p>, n: Term<'p>) -> BifResult<'p, usize> {
    cx.need(n.as_small().and_then(|n| usize::try_from(n).ok()?.checked_sub(1)))
}

/// Finds the first tuple whose element `i` equals `key`, by `==`.
fn find<'p>(cx: &Cx<'p>, key: Term<'p>, i: usize, list: Term<'p>, want: Want) -> BifResult<'p> {
    let (mut rest, mut n) = (list.iter_list(), 0);
    // Numbers aside, an immediate equals nothing but the same word.
    let by_word = key.is_immediate() && key.as_small().is_none();
    let found = rest.by_ref().take(budget(cx, 10)).inspect(|_| n += 1).find_map(|e| {
        let tuple = e.as_tuple()?;
        let x = *tuple.elements().get(i)?;
        (x.is_same(key) || !by_word && compare::eq(x, key)).then_some(e)
    });
    cx.bump(n / 10);
    match (found, rest.tail()) {
        (Some(tuple), _) => Ok(match want {
            Want::Tuple => tuple,
            Want::Whether => Term::bool(true),
            Want::Value => cx.heap().tuple(&[atom!("value").into(), tuple]),
        }),
        (None, end) if end.is_nil() => Ok(Term::bool(false)),
        (None, end) if end.as_cons().is_none() => Err(cx.badarg()),
        (None, end) => Err(cx.yield_to(Find { key: cx.hold(key), i, rest: cx.hold(end), want })),
    }
}

fn keyfind<'p>(cx: &Cx<'p>, key: Term<'p>, n: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    find(cx, key, index(cx, n)?, list, Want::Tuple)
}

fn keymember<'p>(cx: &Cx<'p>, key: Term<'p>, n: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    find(cx, key, index(cx, n)?, list, Want::Whether)
}

fn keysearch<'p>(cx: &Cx<'p>, key: Term<'p>, n: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    find(cx, key, index(cx, n)?, list, Want::Value)
}
