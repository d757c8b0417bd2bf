//! Output that bypasses the I/O system, for debugging.
//!
//! Lines end in CR LF, since the terminal may be in raw mode, wherever they go. Failure to write is
//! not noticed, as there is nobody to tell.

use term::{Atom, Term, View, atom, print};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// To standard output.
    Plain "display"/1 => display(0);
    /// To standard error (until OTP 25).
    Plain "display_string"/1 => display_string(0);
    /// To `stdout`, `stderr` or `stdin`, as it is (since OTP 26).
    Plain "display_string"/2 => display_string_2(0, 1);
    Plain "display_nl"/0 => display_nl();
} }

vm::bifs! { pub DEBUG: "erts_debug" {
    /// As `erlang:display/1`, and returns what was written.
    Plain "display"/1 => debug_display(0);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// The bytes that `display/1` would write, about so many parts of the term or all of it.
    Plain "term_to_string"/2 => term_to_string(0, 1);
} }

const STDIN: i32 = 0;
const STDOUT: i32 = 1;
const STDERR: i32 = 2;

fn write(device: i32, bytes: &[u8]) {
    let _ = sys::fd::write_all(device, bytes);
}

/// With CR LF for LF.
fn write_lines(device: i32, text: &[u8]) {
    let mut out = Vec::with_capacity(text.len() + 16);
    for &byte in text {
        if byte == b'\n' {
            out.push(b'\r');
        }
        out.push(byte);
    }
    write(device, &out);
}

fn line(t: Term<'_>) -> Vec<u8> {
    let mut out = Vec::new();
    print::print(&mut out, t);
    out.push(b'\n');
    out
}

fn display<'p>(_: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    write_lines(STDOUT, &line(t));
    Ok(Term::bool(true))
}

fn debug_display<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    let text = line(t);
    write_lines(STDOUT, &text);
    Ok(cx.heap().byte_list(&text))
}

fn term_to_string<'p>(cx: &Cx<'p>, t: Term<'p>, limit: Term<'p>) -> BifResult<'p> {
    let limit = if limit.is_atom_of(atom!("undefined")) {
        i64::MAX
    } else {
        cx.need(limit.as_small().filter(|&n| n > 0))?
    };
    let mut out = Vec::new();
    print::print_limited(&mut out, t, limit);
    Ok(cx.heap().byte_list(&out))
}

/// The characters of a list as UTF-8, or the bytes of a binary as they are.
fn text_of(t: Term<'_>) -> Option<Vec<u8>> {
    match t.view() {
        View::Bits(bits) if bits.is_binary() => Some(bits.bytes().into_owned()),
        View::Nil | View::Cons(_) => {
            let mut elements = t.iter_list();
            let text: Option<String> = elements
                .by_ref()
                .map(|c| char::from_u32(u32::try_from(c.as_small()?).ok()?))
                .collect();
            text.filter(|_| elements.tail().is_nil()).map(String::into_bytes)
        }
        _ => None,
    }
}

fn display_string<'p>(cx: &Cx<'p>, string: Term<'p>) -> BifResult<'p> {
    let string = cx.need(Some(string).filter(|s| s.is_list()))?;
    write_lines(STDERR, &cx.need(text_of(string))?);
    Ok(Term::bool(true))
}

fn display_string_2<'p>(cx: &Cx<'p>, device: Atom, string: Term<'p>) -> BifResult<'p> {
    let device = match device {
        d if d == atom!("stdin") => STDIN,
        d if d == atom!("stdout") => STDOUT,
        d if d == atom!("stderr") => STDERR,
        _ => return Err(cx.badarg()),
    };
    write(device, &cx.need(text_of(string))?);
    Ok(Term::bool(true))
}

fn display_nl<'p>(_: &Cx<'p>) -> BifResult<'p> {
    write_lines(STDERR, b"\n");
    Ok(Term::bool(true))
}
