//! Atoms from and to text.

use term::atom::MAX_CHARS;
use term::{Atom, Term, atom};
use vm::bif::{Binary, List};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "atom_to_list"/1 => atom_to_list(0);
    Plain "atom_to_binary"/2 => atom_to_binary(0, 1);
    Plain "list_to_atom"/1 => list_to_atom(0);
    Plain "list_to_existing_atom"/1 => list_to_existing_atom(0);
    Plain "binary_to_atom"/2 => binary_to_atom(0, 1);
    Plain "binary_to_existing_atom"/2 => binary_to_existing_atom(0, 1);
} }

/// How a name was written down.
enum Encoding {
    Latin1,
    Utf8,
}

fn encoding<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p, Encoding> {
    match name {
        a if a == atom!("latin1") => Ok(Encoding::Latin1),
        a if a == atom!("utf8") || a == atom!("unicode") => Ok(Encoding::Utf8),
        _ => Err(cx.badarg()),
    }
}

fn atom_to_list<'p>(cx: &Cx<'p>, a: Atom) -> BifResult<'p> {
    Ok(cx.heap().string(a.name()))
}

fn atom_to_binary<'p>(cx: &Cx<'p>, a: Atom, enc: Atom) -> BifResult<'p> {
    match encoding(cx, enc)? {
        Encoding::Utf8 => Ok(cx.heap().binary(a.name().as_bytes())),
        Encoding::Latin1 => {
            let bytes: Result<Vec<u8>, _> = a.name().chars().map(u8::try_from).collect();
            Ok(cx.heap().binary(&cx.need(bytes.ok())?))
        }
    }
}

/// The atom of a name, made if need be; too long is `system_limit`.
fn make<'p>(cx: &Cx<'p>, name: &str) -> BifResult<'p> {
    match Atom::try_new(name) {
        Some(a) => Ok(a.into()),
        None if name.chars().count() <= term::atom::MAX_CHARS => {
            vm::halt::no_more_atoms(cx.vm(), cx.scheduler())
        }
        None => Err(cx.system_limit()),
    }
}

fn existing<'p>(cx: &Cx<'p>, name: &str) -> BifResult<'p> {
    cx.need(Atom::existing(name).map(Term::atom))
}

/// The characters of a list, one more than an atom may have at the most. `None` if some are none, or the list
/// is improper.
fn text_of_list(list: Term<'_>) -> Option<String> {
    let mut text = String::new();
    let mut elements = list.iter_list();
    for c in elements.by_ref().take(MAX_CHARS + 1) {
        text.push(char::from_u32(u32::try_from(c.as_small()?).ok()?)?);
    }
    (elements.tail().is_nil() || elements.tail().as_cons().is_some()).then_some(text)
}

fn list_to_atom<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    make(cx, &cx.need(text_of_list(list.0))?)
}

fn list_to_existing_atom<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    existing(cx, &cx.need(text_of_list(list.0))?)
}

fn text_of_binary<'p>(cx: &Cx<'p>, bin: Binary<'p>, enc: Atom) -> BifResult<'p, String> {
    let bytes = bin.0.bytes();
    match encoding(cx, enc)? {
        Encoding::Latin1 => Ok(bytes.iter().take(MAX_CHARS + 1).copied().map(char::from).collect()),
        Encoding::Utf8 => {
            let valid = match core::str::from_utf8(&bytes) {
                Ok(text) => return Ok(text.to_owned()),
                // Too long is what is wrong, whatever comes after.
                Err(e) => String::from_utf8_lossy(&bytes[..e.valid_up_to()]).into_owned(),
            };
            cx.need((valid.chars().count() > MAX_CHARS).then_some(valid))
        }
    }
}

fn binary_to_atom<'p>(cx: &Cx<'p>, bin: Binary<'p>, enc: Atom) -> BifResult<'p> {
    make(cx, &text_of_binary(cx, bin, enc)?)
}

fn binary_to_existing_atom<'p>(cx: &Cx<'p>, bin: Binary<'p>, enc: Atom) -> BifResult<'p> {
    existing(cx, &text_of_binary(cx, bin, enc)?)
}
