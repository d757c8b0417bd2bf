//! The process dictionary.

use term::Term;
use term::atom::am;
use vm::process::dict;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "put"/2 => put(0, 1);
    Plain "get"/1 => get(0);
    Plain "get"/0 => get_all();
    Plain "get_keys"/0 => get_keys();
    Plain "get_keys"/1 => get_keys_of(0);
    Plain "erase"/1 => erase(0);
    Plain "erase"/0 => erase_all();
} }

fn or_undefined<'p>(t: Option<Term<'p>>) -> BifResult<'p> {
    Ok(t.unwrap_or(Term::atom(am::UNDEFINED)))
}
fn put<'p>(cx: &Cx<'p>, k: Term<'p>, v: Term<'p>) -> BifResult<'p> {
    or_undefined(dict::put(cx, k, v))
}
fn get<'p>(cx: &Cx<'p>, k: Term<'p>) -> BifResult<'p> {
    or_undefined(dict::get(cx, k))
}
fn erase<'p>(cx: &Cx<'p>, k: Term<'p>) -> BifResult<'p> {
    or_undefined(dict::erase(cx, k))
}
fn pairs<'p>(cx: &Cx<'p>, all: &[(Term<'p>, Term<'p>)]) -> Term<'p> {
    let all: Vec<Term> = all.iter().map(|(k, v)| cx.heap().tuple(&[*k, *v])).collect();
    cx.bump(all.len());
    cx.heap().list(&all)
}
fn get_all<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(pairs(cx, &dict::entries(cx)))
}
fn erase_all<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(pairs(cx, &dict::erase_all(cx)))
}
fn get_keys<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let keys: Vec<Term> = dict::entries(cx).into_iter().map(|(k, _)| k).collect();
    Ok(cx.heap().list(&keys))
}
fn get_keys_of<'p>(cx: &Cx<'p>, value: Term<'p>) -> BifResult<'p> {
    let keys: Vec<Term> = dict::entries(cx)
        .into_iter()
        .filter(|(_, v)| term::compare::eq_exact(*v, value))
        .map(|(k, _)| k)
        .collect();
    Ok(cx.heap().list(&keys))
}
