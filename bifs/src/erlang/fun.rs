//! Funs: what is known about them, external ones made at run time.

use term::{Atom, Fun, FunKind, Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// One `{Item, Value}`.
    Plain "fun_info"/2 => fun_info(0, 1);
    /// `{Module, Function, Arity}` of the code that the fun runs.
    Plain "fun_info_mfa"/1 => fun_info_mfa(0);
    Plain "make_fun"/3 => make_fun(0, 1, 2);
} }

fn fun_info<'p>(cx: &Cx<'p>, fun: Fun<'p>, item: Atom) -> BifResult<'p> {
    let heap = cx.heap();
    let number = |n: u32| Term::small(i64::from(n));
    let value = match (item.name(), fun.kind()) {
        ("type", FunKind::Local { .. }) => atom!("local").into(),
        ("type", FunKind::External(_)) => atom!("external").into(),
        ("module", FunKind::Local { entry, .. }) => entry.module.into(),
        ("module", FunKind::External(export)) => export.module.into(),
        // Known only while the code is loaded.
        ("name", FunKind::Local { entry, .. }) if !vm::code::funs::is_loaded(entry) => Term::nil(),
        ("name", FunKind::Local { entry, .. }) => entry.function.into(),
        ("name", FunKind::External(export)) => export.function.into(),
        ("arity", _) => number(fun.arity()),
        ("env", FunKind::Local { env, .. }) => heap.list(env),
        ("env", FunKind::External(_)) => Term::nil(),
        ("pid", FunKind::Local { creator, .. }) => creator,
        ("index" | "new_index", FunKind::Local { entry, .. }) => number(entry.index),
        ("uniq", FunKind::Local { entry, .. }) => number(entry.old_uniq),
        ("new_uniq", FunKind::Local { entry, .. }) => heap.binary(&entry.uniq),
        ("pid" | "index" | "new_index" | "uniq" | "new_uniq" | "refc", FunKind::External(_)) => {
            atom!("undefined").into()
        }
        _ => return Err(cx.badarg()),
    };
    Ok(heap.tuple(&[item.into(), value]))
}

fn fun_info_mfa<'p>(cx: &Cx<'p>, fun: Fun<'p>) -> BifResult<'p> {
    let (module, function) = match fun.kind() {
        FunKind::Local { entry, .. } => (entry.module, entry.function),
        FunKind::External(export) => (export.module, export.function),
    };
    let arity = Term::small(i64::from(fun.arity()));
    Ok(cx.heap().tuple(&[module.into(), function.into(), arity]))
}

fn make_fun<'p>(cx: &Cx<'p>, module: Atom, function: Atom, arity: Term<'p>) -> BifResult<'p> {
    let arity = cx.need(arity.as_small().and_then(|n| u8::try_from(n).ok()))?;
    let entry = cx.vm().code.export(module, function, u32::from(arity));
    Ok(cx.heap().export_fun(&entry.export))
}
