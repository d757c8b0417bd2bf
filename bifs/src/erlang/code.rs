//! Loading, deleting and asking about modules [beam_bif_load.c].

use crate::long;
use core::sync::atomic::Ordering;
use term::atom::am;
use term::shared::Magic;
use term::{Atom, Term, atom};
use vm::bif::{Binary, List};
use vm::code::LoadedModule;
use vm::code::load::{self, PrepareError, Prepared};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// Loads prepared modules: `ok` or `{Why, [Module]}`.
    Heavy "finish_loading"/1 => finish_loading(0);
    /// Whether prepared code has an `-on_load` function.
    Plain "has_prepared_code_on_load"/1 => has_on_load(0);
    /// Calls the `-on_load` function of a staged module.
    Heavy "call_on_load_function"/1 => call_on_load(0);
    /// Keeps or drops a staged module.
    Heavy "finish_after_on_load"/2 => finish_after_on_load(0, 1);
    Plain "module_loaded"/1 => module_loaded(0);
    Plain "loaded"/0 => loaded();
    Plain "pre_loaded"/0 => pre_loaded();
    Plain "function_exported"/3 => function_exported(0, 1, 2);
    Guard "is_builtin"/3 => is_builtin(0, 1, 2);
    Plain "get_module_info"/1 => module_info_all(0);
    Plain "get_module_info"/2 => module_info(0, 1);
    Plain "check_old_code"/1 => check_old_code(0);
    Heavy "delete_module"/1 => delete_module(0);
    Plain "nif_error"/1 => nif_error(0);
    Plain "nif_error"/2 => nif_error2(0, 1);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// Decodes and checks a `.beam` file: a reference to the prepared code, or `{error, badfile}`.
    Plain "prepare_loading"/2 => prepare_loading(0, 1);
    /// The data of one chunk of a `.beam` file, or `undefined`.
    Plain "beamfile_chunk"/2 => beamfile_chunk(0, 1);
    /// MD5 of a `.beam` file's code, or `undefined`.
    Plain "beamfile_module_md5"/1 => module_md5(0);
} }

/// Prepared code behind a magic reference, until it is loaded.
struct Held {
    name: Atom,
    on_load: bool,
    code: std::sync::Mutex<Option<Prepared>>,
}

fn held<'p>(t: Term<'p>) -> Option<&'p Held> {
    let magic: &'p Magic = t.as_reference()?.magic_ref()?;
    magic.downcast()
}

/// Files of up to so many bytes are loaded in half a millisecond.
const SHORT: usize = 1 << 16;

fn prepare_loading<'p>(cx: &Cx<'p>, name: Term<'p>, bytes: Term<'p>) -> BifResult<'p> {
    let module = cx.need(name.as_atom())?;
    let short = cx.need(bytes.as_binary())?.bytes().len() <= SHORT;
    // A file after the other comes through here when a system starts: threads that sleep are not woken for each.
    if short && let Some(done) = cx.work_aside(|| prepare(cx, module, bytes)) {
        // Others have waited for long enough.
        return done.and_then(|prepared| Err(cx.yield_return(prepared)));
    }
    Err(long::elsewhere(cx, [name, bytes], |cx, [name, bytes]| {
        prepare(cx, cx.need(name.as_atom())?, bytes)
    }))
}

fn prepare<'p>(cx: &Cx<'p>, name: Atom, bytes: Term<'p>) -> BifResult<'p> {
    let Some(bytes) = bytes.as_binary() else { return Err(cx.badarg()) };
    let error =
        |reason: &str| Ok(cx.heap().tuple(&[Term::atom(am::ERROR), Term::atom(Atom::new(reason))]));
    let prepared = match load::prepare(cx.vm(), &bytes.bytes()) {
        Ok(p) => p,
        Err(e) => {
            let reason = match &e {
                PrepareError::Load(l) => l.reason.atom(),
                _ => "badfile",
            };
            cx.vm().log_loading_error(name, &e.to_string());
            return error(reason);
        }
    };
    if prepared.module.name != name {
        let text = "module name in object code is ".to_owned() + prepared.module.name.name();
        cx.vm().log_loading_error(name, &text);
        return error("badfile");
    }
    let held = Held {
        name,
        on_load: prepared.module.on_load.is_some(),
        code: std::sync::Mutex::new(Some(prepared)),
    };
    let (n0, n1) = vm::refs::next();
    Ok(cx.heap().magic_reference(n0, n1, Magic::handle(held)))
}

fn has_on_load<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    let h = cx.need(held(t))?;
    Ok(Term::bool(h.on_load))
}

/// Stops, to be called again, while a test keeps code from being changed.
fn may_change<'p>(cx: &Cx<'p>) -> BifResult<'p, ()> {
    if cx.vm().code.seized.load(Ordering::Acquire) { Err(cx.again()) } else { Ok(()) }
}

fn finish_loading<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    may_change(cx)?;
    let items = cx.need(list.0.to_vec())?;
    let mut all = Vec::new();
    for t in items {
        let h = cx.need(held(t))?;
        if h.code.lock().map(|c| c.is_none()).unwrap_or(true) {
            return Err(cx.badarg());
        }
        all.push(h);
    }
    if all.len() > 1 && all.iter().any(|h| h.on_load) {
        return Err(cx.system_limit());
    }
    let vm = cx.vm();
    let _permission = vm.code.permission.lock().unwrap_or_else(|e| e.into_inner());
    let failure = |why: Atom, names: &[Atom]| {
        let names: Vec<Term> = names.iter().map(|&n| Term::atom(n)).collect();
        Ok(cx.heap().tuple(&[Term::atom(why), cx.heap().list(&names)]))
    };
    let mut seen = std::collections::HashSet::new();
    let twice: Vec<Atom> = all.iter().map(|h| h.name).filter(|n| !seen.insert(*n)).collect();
    if !twice.is_empty() {
        return failure(atom!("duplicated"), &twice);
    }
    let not_purged: Vec<Atom> = {
        let modules = vm.code.modules.read().unwrap_or_else(|e| e.into_inner());
        all.iter()
            .map(|h| h.name)
            .filter(|n| modules.get(n).is_some_and(|s| s.current.is_some() && s.old.is_some()))
            .collect()
    };
    if !not_purged.is_empty() {
        return failure(atom!("not_purged"), &not_purged);
    }
    let mut staged = Vec::new();
    for h in all {
        let code = h.code.lock().unwrap_or_else(|e| e.into_inner()).take();
        let Some(code) = code else { return Err(cx.badarg()) };
        if h.on_load {
            load::stage(vm, code);
            staged.push(h.name);
        } else {
            load::commit(vm, code);
        }
    }
    if staged.is_empty() { Ok(am::OK.into()) } else { failure(atom!("on_load"), &staged) }
}

fn call_on_load<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    let staged = {
        let modules = cx.vm().code.modules.read().unwrap_or_else(|e| e.into_inner());
        modules.get(&name).and_then(|s| s.on_load)
    };
    let m = cx.need(staged)?;
    let index = cx.need(m.on_load)?;
    Err(cx.trap_function(&m.functions[index], &[]))
}

fn finish_after_on_load<'p>(cx: &Cx<'p>, name: Atom, keep: bool) -> BifResult<'p> {
    may_change(cx)?;
    let _permission = cx.vm().code.permission.lock().unwrap_or_else(|e| e.into_inner());
    if load::finish_on_load(cx.vm(), name, keep) { Ok(am::TRUE.into()) } else { Err(cx.badarg()) }
}

fn current(cx: &Cx<'_>, name: Atom) -> Option<&'static LoadedModule> {
    cx.vm().code.current(name)
}

fn module_loaded<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    Ok(Term::bool(current(cx, name).is_some()))
}

fn loaded<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let names: Vec<Term> = {
        let modules = cx.vm().code.modules.read().unwrap_or_else(|e| e.into_inner());
        modules
            .iter()
            .filter(|(_, s)| s.current.is_some() || s.old.is_some())
            .map(|(n, _)| Term::atom(*n))
            .collect()
    };
    Ok(cx.heap().list(&names))
}

fn pre_loaded<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let names: Vec<Term> = cx.vm().preloaded().into_iter().map(Term::atom).collect();
    Ok(cx.heap().list(&names))
}

fn function_exported<'p>(cx: &Cx<'p>, m: Atom, f: Atom, arity: i64) -> BifResult<'p> {
    let arity = cx.need(u32::try_from(arity).ok())?;
    let code = &cx.vm().code;
    Ok(Term::bool(code.existing_export(m, f, arity).is_some_and(|e| code.is_loaded(e))))
}

fn is_builtin<'p>(cx: &Cx<'p>, m: Atom, f: Atom, arity: i64) -> BifResult<'p> {
    // Tools ask for any integer (xref for -1): what cannot be is no native.
    let Ok(arity) = u32::try_from(arity) else {
        return Ok(Term::bool(false));
    };
    let apply = m == am::ERLANG && f == atom!("apply") && (arity == 2 || arity == 3);
    let native = cx.vm().code.existing_export(m, f, arity).is_some_and(|e| e.bif().is_some());
    Ok(Term::bool(apply || native))
}

fn info<'p>(cx: &Cx<'p>, m: &'static LoadedModule, item: Atom) -> Option<Term<'p>> {
    let pair = |f: Atom, n: u32| cx.heap().tuple(&[Term::atom(f), Term::small(i64::from(n))]);
    Some(match item.name() {
        "module" => Term::atom(m.name),
        "exports" => {
            // EUnit runs tests in this order: the latest made export first.
            let index = |f, n| cx.vm().code.existing_export(m.name, f, n).map(|e| e.index);
            let mut all: Vec<_> =
                m.exports.iter().map(|(f, n, _)| (index(*f, *n), *f, *n)).collect();
            all.sort_by_key(|e| std::cmp::Reverse(e.0));
            let all: Vec<Term> = all.iter().map(|(_, f, n)| pair(*f, *n)).collect();
            cx.heap().list(&all)
        }
        "functions" => {
            let all: Vec<Term> =
                m.functions.iter().map(|f| pair(f.entry.function, f.entry.arity)).collect();
            cx.heap().list(&all)
        }
        "nifs" => {
            let all: Vec<Term> = m
                .functions
                .iter()
                .filter(|f| m.is_native(f))
                .map(|f| pair(f.entry.function, f.entry.arity))
                .collect();
            cx.heap().list(&all)
        }
        "attributes" => cx.heap().copy(m.attributes()),
        "compile" => cx.heap().copy(m.compile_info()),
        "md5" => cx.heap().binary(&m.md5),
        "native" => Term::bool(false),
        "native_addresses" => Term::nil(),
        _ => return None,
    })
}

fn module_info<'p>(cx: &Cx<'p>, name: Atom, item: Atom) -> BifResult<'p> {
    let m = cx.need(current(cx, name))?;
    cx.need(info(cx, m, item))
}

fn module_info_all<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    let m = cx.need(current(cx, name))?;
    let items = ["module", "exports", "attributes", "compile", "md5"];
    let all: Vec<Term> = items
        .iter()
        .filter_map(|i| {
            let a = Atom::new(i);
            Some(cx.heap().tuple(&[Term::atom(a), info(cx, m, a)?]))
        })
        .collect();
    Ok(cx.heap().list(&all))
}

fn check_old_code<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    let modules = cx.vm().code.modules.read().unwrap_or_else(|e| e.into_inner());
    Ok(Term::bool(modules.get(&name).is_some_and(|s| s.old.is_some())))
}

fn delete_module<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    may_change(cx)?;
    if cx.vm().code.current(name).is_none() {
        return delete_now(cx, name);
    }
    vm::code::purge::after_others(cx, Box::new(move |cx| delete_now(cx, name)))
}

fn delete_now<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    let _permission = cx.vm().code.permission.lock().unwrap_or_else(|e| e.into_inner());
    match load::delete(cx.vm(), name) {
        Some(true) => Ok(am::TRUE.into()),
        Some(false) => Err(cx.badarg()),
        None => Ok(am::UNDEFINED.into()),
    }
}

fn nif_error<'p>(cx: &Cx<'p>, reason: Term<'p>) -> BifResult<'p> {
    Err(cx.error_term(reason))
}

fn nif_error2<'p>(cx: &Cx<'p>, reason: Term<'p>, args: Term<'p>) -> BifResult<'p> {
    Err(cx.error_with_args(reason, args))
}

fn module_md5<'p>(cx: &Cx<'p>, bytes: Binary<'p>) -> BifResult<'p> {
    match loader::load(&bytes.0.bytes()) {
        Ok(m) => Ok(cx.heap().binary(&m.md5)),
        Err(_) => Ok(am::UNDEFINED.into()),
    }
}

fn beamfile_chunk<'p>(cx: &Cx<'p>, bytes: Binary<'p>, name: List<'p>) -> BifResult<'p> {
    let name: Option<Vec<u8>> =
        name.0.iter_list().map(|c| u8::try_from(c.as_u64()?).ok()).collect();
    let name = cx.need(name.filter(|n| n.len() == 4))?;
    let file = bytes.0;
    Ok(match find_chunk(&file.bytes(), &name) {
        Some((at, len)) => cx.heap().sub_bits(file, at * 8, len * 8),
        None => am::UNDEFINED.into(),
    })
}

/// Offset and length of a chunk's data in an IFF file of form BEAM.
fn find_chunk(file: &[u8], name: &[u8]) -> Option<(usize, usize)> {
    let form = file.get(..4)? == b"FOR1" && file.get(8..12)? == b"BEAM";
    let mut at = if form { 12 } else { return None };
    loop {
        let id = file.get(at..at + 4)?;
        let len = u32::from_be_bytes(file.get(at + 4..at + 8)?.try_into().ok()?) as usize;
        file.get(at + 8..)?.get(..len)?;
        if id == name {
            return Some((at + 8, len));
        }
        at += 8 + len.div_ceil(4) * 4;
    }
}
