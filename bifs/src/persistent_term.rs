//! Natives of module `persistent_term`. A stored term is read in place, without a copy.

use term::{Term, atom};
use vm::persistent_term::Put;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "persistent_term" {
    Plain "get"/0 => get_all();
    Plain "get"/1 => get(0);
    Plain "get"/2 => get_or(0, 1);
    Plain "put"/2 => put(0, 1);
    /// Fails if there is another value.
    Plain "put_new"/2 => put_new(0, 1);
    Plain "erase"/1 => erase(0);
    Plain "info"/0 => info();
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    Plain "erase_persistent_terms"/0 => erase_persistent_terms();
} }

fn get_all<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let all = cx.vm().persistent.all(cx.heap());
    cx.bump(all.len());
    let heap = cx.heap();
    let list: Vec<Term<'p>> = all.into_iter().map(|pair| heap.tuple(pair.elements())).collect();
    Ok(heap.list(&list))
}

fn get<'p>(cx: &Cx<'p>, key: Term<'p>) -> BifResult<'p> {
    cx.need(cx.vm().persistent.get(cx.heap(), key))
}

fn get_or<'p>(cx: &Cx<'p>, key: Term<'p>, default: Term<'p>) -> BifResult<'p> {
    Ok(cx.vm().persistent.get(cx.heap(), key).unwrap_or(default))
}

fn store<'p>(cx: &Cx<'p>, key: Term<'p>, value: Term<'p>, replace: bool) -> BifResult<'p> {
    match cx.vm().persistent.put(&cx.vm().literals, key, value, replace) {
        Ok(Put::Refused) => Err(cx.badarg()),
        Ok(Put::Replaced) => {
            vm::code::purge::wake_collector(cx.vm());
            Ok(Term::atom(atom!("ok")))
        }
        Ok(_) => {
            vm::persistent_term::sweep(cx.vm());
            Ok(Term::atom(atom!("ok")))
        }
        Err(_) => Err(cx.system_limit()),
    }
}

fn put<'p>(cx: &Cx<'p>, key: Term<'p>, value: Term<'p>) -> BifResult<'p> {
    store(cx, key, value, true)
}

fn put_new<'p>(cx: &Cx<'p>, key: Term<'p>, value: Term<'p>) -> BifResult<'p> {
    store(cx, key, value, false)
}

fn erase<'p>(cx: &Cx<'p>, key: Term<'p>) -> BifResult<'p> {
    let was = cx.vm().persistent.erase(key);
    if was {
        vm::code::purge::wake_collector(cx.vm());
        vm::persistent_term::sweep(cx.vm());
    }
    Ok(Term::bool(was))
}

fn erase_persistent_terms<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    cx.vm().persistent.erase_all();
    vm::persistent_term::sweep(cx.vm());
    vm::code::purge::wake_collector(cx.vm());
    Ok(Term::bool(true))
}

fn info<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let heap = cx.heap();
    let terms = &cx.vm().persistent;
    Ok(heap.map_from_pairs(&[
        (Term::atom(atom!("count")), heap.uint(terms.count() as u64)),
        (Term::atom(atom!("memory")), heap.uint(terms.bytes() as u64)),
    ]))
}
