//! File names between Erlang and the system [erl_unicode.c].
//!
//! In UTF-8 mode a name is a list of characters, in Latin-1 mode a list of bytes; a binary is a raw name and passes as it
//! is. The mode comes from `+fn`, or else from the locale. Names that are not valid UTF-8 in UTF-8 mode have no list
//! form: `native2name` says so with `{error, ignore | warning | error}`, and everything else shows their bytes.

use std::sync::OnceLock;
use std::sync::atomic::{AtomicBool, Ordering};
use term::atom::am;
use term::{Atom, Heap, Term, atom};
use vm::bif::Binary;
use vm::{BifResult, Cx};

vm::bifs! { pub PRIM_FILE: "prim_file" {
    /// A name as the natives of `prim_file` take it: encoded, and ended by a zero byte.
    Plain "internal_name2native"/1 => internal_name2native(0);
    /// A name that the system gave, as a list.
    Plain "internal_native2name"/1 => internal_native2name(0);
    /// A UTF-8 name as a list of composed characters.
    Plain "internal_normalize_utf8"/1 => internal_normalize_utf8(0);
    /// Does this raw name have a list form?
    Plain "is_translatable"/1 => is_translatable(0);
} }

vm::bifs! { pub FILE: "file" {
    Plain "native_name_encoding"/0 => native_name_encoding();
} }

vm::bifs! { pub IO: "io" {
    /// Which characters strings are shown with: `latin1` or `unicode` (`+pc`)
    Plain "printable_range"/0 => printable_range();
} }

/// How the system's file names are encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Encoding {
    Latin1,
    Utf8,
}

/// What becomes of wrongly encoded names in directories (`+fnui`, `+fnuw`, `+fnue`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum BadNames {
    Warn,
    Ignore,
    Error,
}

static SETTINGS: OnceLock<(Encoding, BadNames)> = OnceLock::new();

/// Sets the mode, once, before the first name is looked at. `None` asks the locale.
pub fn configure(encoding: Option<Encoding>, bad: BadNames) {
    let _ = SETTINGS.set((encoding.unwrap_or_else(of_locale), bad));
}

fn of_locale() -> Encoding {
    match sys::host::locale_charset() {
        Some(charset) if charset == "UTF-8" => Encoding::Utf8,
        _ => Encoding::Latin1,
    }
}

fn settings() -> (Encoding, BadNames) {
    *SETTINGS.get_or_init(|| (of_locale(), BadNames::Warn))
}

static PRINTABLE_UNICODE: AtomicBool = AtomicBool::new(false);

/// `+pc`: all of Unicode is printable, not only Latin-1.
pub fn set_printable_unicode(all: bool) {
    PRINTABLE_UNICODE.store(all, Ordering::Relaxed);
}

/// The mode in force.
pub fn encoding() -> Encoding {
    settings().0
}

/// The bytes of a name or value given as a (deep) list of characters, without zero characters; `None` for anything else.
pub fn list_to_native(list: Term<'_>) -> Option<Vec<u8>> {
    encode(list, encoding())
}

/// The bytes of a name given as a list, a binary (taken as it is) or, if `atoms` allows, an atom.
pub fn to_native(name: Term<'_>, atoms: bool) -> Option<Vec<u8>> {
    if let Some(raw) = name.as_binary() {
        return Some(raw.bytes().into_owned());
    }
    match name.as_atom() {
        Some(a) if atoms => {
            let text = a.name();
            let bytes: Option<Vec<u8>> = match encoding() {
                Encoding::Utf8 => Some(text.as_bytes().to_vec()),
                Encoding::Latin1 => text.chars().map(|c| u8::try_from(c as u32).ok()).collect(),
            };
            bytes.filter(|b| !b.contains(&0))
        }
        Some(_) => None,
        None => list_to_native(name),
    }
}

fn encode(list: Term<'_>, encoding: Encoding) -> Option<Vec<u8>> {
    let mut bytes = Vec::new();
    let mut rest = list;
    let mut outer = Vec::new();
    loop {
        while let Some(cell) = rest.as_cons() {
            let (head, tail) = (cell.head(), cell.tail());
            if let Some(c) = head.as_small() {
                put(u32::try_from(c).ok()?, encoding, &mut bytes)?;
                rest = tail;
            } else if head.is_list() {
                // What follows the inner list waits; a plain end need not.
                if !tail.is_nil() {
                    outer.push(tail);
                }
                rest = head;
            } else {
                return None;
            }
        }
        if !rest.is_nil() {
            return None;
        }
        match outer.pop() {
            Some(next) => rest = next,
            None => return Some(bytes),
        }
    }
}

fn put(c: u32, encoding: Encoding, bytes: &mut Vec<u8>) -> Option<()> {
    if c == 0 {
        return None;
    }
    match encoding {
        Encoding::Latin1 => bytes.push(u8::try_from(c).ok()?),
        Encoding::Utf8 => {
            let c = char::from_u32(c)?;
            bytes.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
        }
    }
    Some(())
}

/// A name or value that the system gave, as a list: of characters if it is valid in the mode, else of bytes.
pub fn from_native<'h>(heap: &'h Heap, bytes: &[u8]) -> Term<'h> {
    match (encoding(), std::str::from_utf8(bytes)) {
        (Encoding::Utf8, Ok(text)) => heap.string(text),
        _ => heap.byte_list(bytes),
    }
}

fn internal_normalize_utf8<'p>(cx: &Cx<'p>, name: Binary<'p>) -> BifResult<'p> {
    cx.need(core::str::from_utf8(&name.0.bytes()).ok())?;
    let compose = atom!("characters_to_nfc_list");
    Err(cx.trap(atom!("unicode"), compose, &[name.0.term()]))
}

fn internal_name2native<'p>(cx: &Cx<'p>, name: Term<'p>) -> BifResult<'p> {
    let mut bytes = cx.need(to_native(name, false))?;
    if bytes.contains(&0) {
        return Err(cx.badarg());
    }
    bytes.push(0);
    cx.bump(bytes.len() / 64);
    Ok(cx.heap().binary(&bytes))
}

fn internal_native2name<'p>(cx: &Cx<'p>, name: Binary<'p>) -> BifResult<'p> {
    let bytes = name.0.bytes();
    cx.bump(bytes.len() / 64);
    let (encoding, bad) = settings();
    if encoding == Encoding::Latin1 {
        return Ok(cx.heap().byte_list(&bytes));
    }
    match std::str::from_utf8(&bytes) {
        Ok(text) => Ok(cx.heap().string(text)),
        Err(_) => {
            let kind: Atom = match bad {
                BadNames::Warn => am::WARNING,
                BadNames::Ignore => atom!("ignore"),
                BadNames::Error => am::ERROR,
            };
            Ok(cx.heap().tuple(&[am::ERROR.into(), kind.into()]))
        }
    }
}

fn is_translatable<'p>(_: &Cx<'p>, name: Binary<'p>) -> BifResult<'p> {
    let valid = encoding() == Encoding::Latin1 || std::str::from_utf8(&name.0.bytes()).is_ok();
    Ok(Term::bool(valid))
}

fn native_name_encoding<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(Term::atom(match encoding() {
        Encoding::Latin1 => atom!("latin1"),
        Encoding::Utf8 => atom!("utf8"),
    }))
}

fn printable_range<'p>(_: &Cx<'p>) -> BifResult<'p> {
    let all = PRINTABLE_UNICODE.load(Ordering::Relaxed);
    Ok(Term::atom(if all { atom!("unicode") } else { atom!("latin1") }))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lists_to_bytes() {
        let h = Heap::new();
        let utf8 = |t| encode(t, Encoding::Utf8);
        assert_eq!(utf8(h.string("añ")).as_deref(), Some("añ".as_bytes()));
        assert_eq!(encode(h.string("añ"), Encoding::Latin1).as_deref(), Some(&b"a\xf1"[..]));
        assert_eq!(encode(h.string("ā"), Encoding::Latin1), None);
        // ["a", [["b"] | "c"], [] | "d"]
        let inner = h.list_onto(&[h.list(&[h.string("b")])], h.string("c"));
        let deep = h.list_onto(&[h.string("a"), inner, Term::nil()], h.string("d"));
        assert_eq!(utf8(deep).as_deref(), Some(&b"abcd"[..]));
        assert_eq!(utf8(Term::nil()).as_deref(), Some(&b""[..]));
        let wrong = [
            h.list(&[Term::small(0)]),
            h.list(&[Term::small(-1)]),
            h.list(&[Term::small(0xd800)]),
            h.list(&[Term::small(0x110000)]),
            h.list(&[am::OK.into()]),
            h.list(&[h.binary(b"x")]),
            h.list_onto(&[Term::small(97)], Term::small(98)),
            am::OK.into(),
        ];
        for t in wrong {
            assert_eq!(utf8(t), None);
        }
        let improper_inner = h.list(&[h.list_onto(&[Term::small(97)], am::OK.into())]);
        assert_eq!(utf8(improper_inner), None);
    }

    #[test]
    fn a_very_deep_list() {
        let h = Heap::new();
        let mut t = h.string("x");
        for _ in 0..100_000 {
            t = h.list_onto(&[t], h.string("y"));
        }
        assert_eq!(encode(t, Encoding::Utf8).map(|b| b.len()), Some(100_001));
    }
}
