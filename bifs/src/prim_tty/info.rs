//! What the terminal can do: termcap's names in OTP 26 and 27, terminfo's later.

use super::select::ok;
use std::sync::{Mutex, PoisonError};
use sys::terminfo::{self, Names, TermInfo};
use term::atom::am;
use term::{Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_tty" {
    Plain "tgetent_nif"/1 => tgetent(0);
    Plain "tgetnum_nif"/1 => number(0);
    Plain "tgetflag_nif"/1 => flag(0);
    /// `{ok, String}` or `false`
    Plain "tgetstr_nif"/1 => tgetstr(0);
    Plain "tgoto_nif"/1 => tgoto(0);
    Plain "tgoto_nif"/2 => tgoto1(0, 1);
    Plain "tgoto_nif"/3 => tgoto2(0, 1, 2);
    /// Loads the description of `$TERM`
    Plain "setupterm_nif"/0 => setupterm();
    Plain "tigetnum_nif"/1 => number(0);
    Plain "tigetflag_nif"/1 => flag(0);
    Plain "tigetstr_nif"/1 => tigetstr(0);
    /// The string with its parameters filled in
    Plain "tputs_nif"/2 => tputs(0, 1);
    /// The names of all capabilities
    Plain "tinfo_nif"/0 => tinfo();
} }

static INFO: Mutex<Option<TermInfo>> = Mutex::new(None);

/// Bytes up to the first zero.
fn name<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, Vec<u8>> {
    let mut bytes = cx.need(crate::iolist::to_vec(t))?;
    if let Some(end) = bytes.iter().position(|&b| b == 0) {
        bytes.truncate(end);
    }
    Ok(bytes)
}

fn with<T>(f: impl FnOnce(&TermInfo) -> T) -> Option<T> {
    INFO.lock().unwrap_or_else(PoisonError::into_inner).as_ref().map(f)
}

fn load(term: &[u8]) -> bool {
    let info = TermInfo::load(term, |v| vm::env::get(v.as_bytes()));
    let found = info.is_some();
    if found {
        *INFO.lock().unwrap_or_else(PoisonError::into_inner) = info;
    }
    found
}

fn not_found<'p>(cx: &Cx<'p>, function: &str) -> Term<'p> {
    let why = cx.heap().tuple(&[term::Atom::new(function).into(), atom!("enoent").into()]);
    cx.heap().tuple(&[am::ERROR.into(), why])
}

fn tgetent<'p>(cx: &Cx<'p>, term: Term<'p>) -> BifResult<'p> {
    let term = name(cx, term)?;
    Ok(if load(&term) { am::OK.into() } else { not_found(cx, "tgetent") })
}
fn setupterm<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let term = vm::env::get(b"TERM").unwrap_or_default();
    Ok(if load(&term) { am::OK.into() } else { not_found(cx, "setupterm") })
}
fn number<'p>(cx: &Cx<'p>, cap: Term<'p>) -> BifResult<'p> {
    let cap = name(cx, cap)?;
    Ok(Term::small(with(|i| i.number(&cap)).flatten().unwrap_or(-1).into()))
}
fn flag<'p>(cx: &Cx<'p>, cap: Term<'p>) -> BifResult<'p> {
    let cap = name(cx, cap)?;
    Ok(Term::bool(with(|i| i.flag(&cap)).unwrap_or(false)))
}

fn string_or_false<'p>(cx: &Cx<'p>, text: Option<Vec<u8>>) -> Term<'p> {
    match text {
        Some(text) => ok(cx, cx.heap().binary(&text)),
        None => Term::bool(false),
    }
}
fn tgetstr<'p>(cx: &Cx<'p>, cap: Term<'p>) -> BifResult<'p> {
    let cap = name(cx, cap)?;
    Ok(string_or_false(cx, with(|i| i.raw_string(&cap).map(<[u8]>::to_vec)).flatten()))
}
fn tigetstr<'p>(cx: &Cx<'p>, cap: Term<'p>) -> BifResult<'p> {
    let cap = name(cx, cap)?;
    let found = with(|i| i.named_string(&cap).map(|s| s.map(<[u8]>::to_vec)));
    match found {
        Some(None) => Err(cx.badarg()),
        found => Ok(string_or_false(cx, found.flatten().flatten())),
    }
}

/// `{ok, Binary}` of an expanded string, pauses left out.
fn expanded<'p>(cx: &Cx<'p>, text: &[u8], params: &[i32]) -> Term<'p> {
    let text = if params.is_empty() { Some(text.to_vec()) } else { terminfo::expand(text, params) };
    match text {
        Some(text) => ok(cx, cx.heap().binary(&terminfo::without_delays(&text))),
        None => {
            let why = cx.heap().tuple(&[atom!("tparm").into(), atom!("einval").into()]);
            cx.heap().tuple(&[am::ERROR.into(), why])
        }
    }
}
fn tgoto<'p>(cx: &Cx<'p>, text: Term<'p>) -> BifResult<'p> {
    Ok(expanded(cx, &name(cx, text)?, &[]))
}
fn int<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, i32> {
    cx.need(t.as_small().and_then(|n| i32::try_from(n).ok()))
}
fn tgoto1<'p>(cx: &Cx<'p>, text: Term<'p>, x: Term<'p>) -> BifResult<'p> {
    Ok(expanded(cx, &name(cx, text)?, &[int(cx, x)?]))
}
fn tgoto2<'p>(cx: &Cx<'p>, text: Term<'p>, x: Term<'p>, y: Term<'p>) -> BifResult<'p> {
    Ok(expanded(cx, &name(cx, text)?, &[int(cx, x)?, int(cx, y)?]))
}
fn tputs<'p>(cx: &Cx<'p>, text: Term<'p>, args: Term<'p>) -> BifResult<'p> {
    let args = cx.need(args.to_vec().filter(|a| a.len() <= 9))?;
    let args: Vec<i32> = args.into_iter().map(|t| int(cx, t)).collect::<Result<_, _>>()?;
    Ok(expanded(cx, &name(cx, text)?, &args))
}

fn tinfo<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let list = |names: &[Names]| {
        let maps: Vec<Term> = names
            .iter()
            .rev()
            .map(|n| {
                h.map_from_pairs(&[
                    (atom!("name").into(), h.string(n.name)),
                    (atom!("code").into(), h.string(n.code)),
                    (atom!("full_name").into(), h.string(n.variable)),
                ])
            })
            .collect();
        h.list(&maps)
    };
    let all = terminfo::capabilities();
    Ok(h.map_from_pairs(&[
        (atom!("bool").into(), list(&all.flags)),
        (atom!("num").into(), list(&all.numbers)),
        (atom!("str").into(), list(&all.strings)),
    ]))
}
