//! Natives of module `maps`, and those of `erlang` and `erts_internal` that look into maps.

use crate::long;
use term::{Map, Term, atom};
use vm::bif::List;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "maps" {
    Plain "find"/2 => find(0, 1);
    Plain "get"/2 => map_get(0, 1);
    Plain "from_list"/1 => from_list(0);
    Plain "from_keys"/2 => from_keys(0, 1);
    Plain "is_key"/2 => is_map_key(0, 1);
    Plain "keys"/1 => keys(0);
    Plain "merge"/2 => merge(0, 1);
    Plain "put"/3 => put(0, 1, 2);
    Plain "remove"/2 => remove(0, 1);
    Plain "take"/2 => take(0, 1);
    Plain "update"/3 => update(0, 1, 2);
    Plain "values"/1 => values(0);
} }

vm::bifs! { pub ERLANG: "erlang" {
    Guard "map_get"/2 => map_get(0, 1);
    Guard "is_map_key"/2 => is_map_key(0, 1);
    Guard "map_size"/1 => map_size(0);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// The key tuple of a flat map.
    Plain "map_to_tuple_keys"/1 => map_to_tuple_keys(0);
    /// Associations and nodes below a node of a large map.
    Plain "map_hashmap_children"/1 => map_hashmap_children(0);
    /// The next associations of an iterator.
    Plain "map_next"/3 => map_next(0, 1, 2);
} }

/// A map, or `{badmap, Term}`.
pub fn map_of<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, Map<'p>> {
    match t.as_map() {
        Some(map) => Ok(map),
        None => Err(cx.error_term(cx.heap().tuple(&[atom!("badmap").into(), t]))),
    }
}

fn key_of<'p, T>(cx: &Cx<'p>, key: Term<'p>, found: Option<T>) -> BifResult<'p, T> {
    match found {
        Some(found) => Ok(found),
        None => Err(cx.error_term(cx.heap().tuple(&[atom!("badkey").into(), key]))),
    }
}

fn find<'p>(cx: &Cx<'p>, key: Term<'p>, map: Term<'p>) -> BifResult<'p> {
    Ok(match map_of(cx, map)?.get(key) {
        Some(value) => cx.heap().tuple(&[atom!("ok").into(), value]),
        None => atom!("error").into(),
    })
}

fn map_get<'p>(cx: &Cx<'p>, key: Term<'p>, map: Term<'p>) -> BifResult<'p> {
    key_of(cx, key, map_of(cx, map)?.get(key))
}

fn is_map_key<'p>(cx: &Cx<'p>, key: Term<'p>, map: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(map_of(cx, map)?.contains_key(key)))
}

fn map_size<'p>(cx: &Cx<'p>, map: Term<'p>) -> BifResult<'p> {
    Ok(Term::small(map_of(cx, map)?.size() as i64))
}

/// So many associations at once take a millisecond or two.
const MANY: usize = 1 << 13;

fn from_list<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    let mut pairs = Vec::new();
    let mut elements = list.0.iter_list();
    for element in elements.by_ref() {
        let [key, value] = cx.need(element.as_tuple_of::<2>())?;
        pairs.push((key, value));
        if pairs.len() == MANY && cx.scheduler() != 0 {
            return Err(long::elsewhere(cx, [list.0], |cx, [list]| from_list(cx, List(list))));
        }
    }
    if !elements.tail().is_nil() {
        return Err(cx.badarg());
    }
    cx.bump(pairs.len() / 4);
    Ok(cx.heap().map_from_pairs(&pairs))
}

fn from_keys<'p>(cx: &Cx<'p>, keys: Term<'p>, value: Term<'p>) -> BifResult<'p> {
    if cx.scheduler() != 0 && keys.iter_list().nth(MANY).is_some() {
        return Err(long::elsewhere(cx, [keys, value], |cx, [keys, value]| {
            from_keys(cx, keys, value)
        }));
    }
    let keys = cx.need(keys.to_vec())?;
    cx.bump(keys.len() / 4);
    Ok(cx.heap().map_from_iter(keys.into_iter().map(|key| (key, value))))
}

fn keys<'p>(cx: &Cx<'p>, map: Term<'p>) -> BifResult<'p> {
    let map = map_of(cx, map)?;
    cx.bump(map.size() / 20);
    Ok(cx.heap().map_keys(map))
}

fn values<'p>(cx: &Cx<'p>, map: Term<'p>) -> BifResult<'p> {
    let map = map_of(cx, map)?;
    cx.bump(map.size() / 20);
    Ok(cx.heap().map_values(map))
}

fn merge<'p>(cx: &Cx<'p>, a: Term<'p>, b: Term<'p>) -> BifResult<'p> {
    let (a, b) = (map_of(cx, a)?, map_of(cx, b)?);
    if cx.scheduler() != 0 && a.size().min(b.size()) > MANY {
        return Err(long::elsewhere(cx, [a.term(), b.term()], |cx, [a, b]| merge(cx, a, b)));
    }
    cx.bump(a.size().min(b.size()) / 4);
    Ok(cx.heap().map_merge(a, b))
}

fn put<'p>(cx: &Cx<'p>, key: Term<'p>, value: Term<'p>, map: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().map_put(map_of(cx, map)?, key, value))
}

fn update<'p>(cx: &Cx<'p>, key: Term<'p>, value: Term<'p>, map: Term<'p>) -> BifResult<'p> {
    key_of(cx, key, cx.heap().map_update(map_of(cx, map)?, key, value))
}

fn remove<'p>(cx: &Cx<'p>, key: Term<'p>, map: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().map_remove(map_of(cx, map)?, key))
}

fn take<'p>(cx: &Cx<'p>, key: Term<'p>, map: Term<'p>) -> BifResult<'p> {
    Ok(match cx.heap().map_take(map_of(cx, map)?, key) {
        Some((value, rest)) => cx.heap().tuple(&[value, rest]),
        None => atom!("error").into(),
    })
}

fn map_to_tuple_keys<'p>(cx: &Cx<'p>, map: Term<'p>) -> BifResult<'p> {
    cx.need(map_of(cx, map)?.tuple_keys())
}

fn map_hashmap_children<'p>(cx: &Cx<'p>, node: Term<'p>) -> BifResult<'p> {
    match cx.heap().map_hashmap_children(node) {
        Some(children) => Ok(children),
        None => map_of(cx, node).and_then(|_| Err(cx.badarg())),
    }
}

/// The first call gives few associations, since often no more are wanted.
const FIRST: usize = 32;

/// Associations of one chunk of an ordered iterator.
const CHUNK: usize = 32;

/// The next associations of an ordered iterator, which holds the keys to come.
fn next_of_keys<'p>(cx: &Cx<'p>, keys: Term<'p>, map: Map<'p>, kind: Term<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let mut rest = keys;
    let mut pairs = Vec::new();
    while pairs.len() < CHUNK
        && let Some(cell) = rest.as_cons()
    {
        pairs.push((cell.head(), cx.need(map.get(cell.head()))?));
        rest = cell.tail();
    }
    cx.bump(pairs.len());
    if kind.is_atom_of(atom!("iterator")) {
        let next = match rest.is_nil() {
            true => Term::atom(atom!("none")),
            false => h.cons(rest, map.term()),
        };
        Ok(pairs.into_iter().rev().fold(next, |next, (k, v)| h.tuple(&[k, v, next])))
    } else if kind.is_list() {
        let all = pairs.into_iter().rev().fold(kind, |tail, (k, v)| h.cons(h.tuple(&[k, v]), tail));
        Ok(if rest.is_nil() { all } else { h.cons(rest, h.cons(map.term(), all)) })
    } else {
        Err(cx.badarg())
    }
}

fn map_next<'p>(cx: &Cx<'p>, path: Term<'p>, map: Map<'p>, kind: Term<'p>) -> BifResult<'p> {
    if path.is_list() && cx.vm().release() >= 26 {
        return next_of_keys(cx, path, map, kind);
    }
    // From 29 on the list is in the order of iterators, which it cannot be built in piece by piece.
    let forwards = cx.vm().release() >= 28 && !map.is_flat();
    if forwards && kind.is_nil() && path.as_small() == Some(0) {
        if crate::long::too_long(cx, map.size().saturating_mul(32)) {
            let args = [path, map.term(), kind];
            return Err(crate::long::elsewhere(cx, args, |cx, [_, map, _]| {
                Ok(cx.heap().map_to_list(cx.need(map.as_map())?))
            }));
        }
        return Ok(cx.heap().map_to_list(map));
    }
    let limit = (cx.reductions_left().max(4) / 4) as usize;
    let limit = if path.as_small() == Some(0) { limit.min(FIRST) } else { limit };
    cx.bump(limit.min(map.size()));
    if kind.is_atom_of(atom!("iterator")) {
        cx.need(cx.heap().map_next(path, map, limit))
    } else if kind.is_list() {
        cx.need(cx.heap().map_next_list(path, map, kind, limit))
    } else {
        Err(cx.badarg())
    }
}
