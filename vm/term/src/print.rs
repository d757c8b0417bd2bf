//! Terms as the VM prints them: `erlang:display/1`, crash dumps, error logs of the VM itself
//! [erl_printf_term.c].
//!
//! The output is bytes, not text: strings are Latin-1 and binaries are what they are, while names of
//! atoms are UTF-8. A limit cuts the output after so many parts and ends it with `... `.

use crate::atom::Atom;
use crate::boxed::{Bits, FunKind, Record, pid_number, pid_serial};
use crate::node::{self, Node};
use crate::term::{RawTerm, Subtag, Term, View};
use crate::work::Work;
use core::fmt;
use std::io::Write;

/// Prints the whole term.
pub fn print(out: &mut Vec<u8>, term: Term<'_>) {
    print_limited(out, term, i64::MAX);
}

/// Prints about `limit` parts of the term (elements, and bytes of atoms, strings and binaries).
pub fn print_limited(out: &mut Vec<u8>, term: Term<'_>, limit: i64) {
    let mut p = Printer { out, left: limit };
    p.term(term);
    if p.left <= 0 {
        p.text("... ");
    }
}

/// The printed term as text; bytes that are not UTF-8 are taken for Latin-1.
pub fn to_text(term: Term<'_>) -> String {
    let mut out = Vec::new();
    print(&mut out, term);
    String::from_utf8(out)
        .unwrap_or_else(|e| e.into_bytes().iter().map(|&b| char::from(b)).collect())
}

impl fmt::Display for Term<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&to_text(*self))
    }
}

/// What is still to be printed.
#[derive(Clone, Copy)]
enum Todo<'p> {
    Text(&'static str),
    Term(Term<'p>),
    /// Elements or slots, the first one next.
    Elements(&'p [Term<'p>]),
    Pairs(&'p [Term<'p>], &'p [Term<'p>]),
    /// A cons cell within a list.
    Cell(Term<'p>),
    /// Associations and inner nodes of a hash map.
    Slots(&'p [Term<'p>]),
}

/// Enough was printed.
struct Full;

struct Printer<'o> {
    out: &'o mut Vec<u8>,
    left: i64,
}

/// What a node of a hash map holds, from this payload word on.
fn slots<'p>(node: Term<'p>, skip: usize) -> &'p [Term<'p>] {
    if !(node.is_box(Subtag::HashMap) || node.is_box(Subtag::HashNode)) {
        return &[];
    }
    // SAFETY: a live node has `arity` payload words, which are terms from `skip` on.
    unsafe {
        crate::heap::brand_slice(
            node.raw().ptr().add(skip) as *const RawTerm,
            node.hdr().header_arity() + 1 - skip,
        )
    }
}

impl Printer<'_> {
    fn text(&mut self, s: &str) {
        self.out.extend_from_slice(s.as_bytes());
    }
    fn args(&mut self, a: fmt::Arguments<'_>) {
        // Writing to a vector does not fail.
        _ = self.out.write_fmt(a);
    }
    /// Counts one part.
    fn count(&mut self) -> Result<(), Full> {
        let left = self.left;
        self.left = left.saturating_sub(1);
        if left <= 0 { Err(Full) } else { Ok(()) }
    }

    fn term(&mut self, term: Term<'_>) {
        let mut work: Work<Todo<'_>> = Work::new();
        work.push(Todo::Term(term));
        while let Some(todo) = work.pop() {
            let next = match todo {
                Todo::Text(s) => {
                    self.text(s);
                    continue;
                }
                Todo::Term(t) => t,
                Todo::Elements([]) | Todo::Pairs([], _) | Todo::Pairs(_, []) => continue,
                Todo::Elements([t, rest @ ..]) => {
                    if !rest.is_empty() {
                        work.push(Todo::Elements(rest));
                        work.push(Todo::Text(","));
                    }
                    *t
                }
                Todo::Pairs([k, ks @ ..], [v, vs @ ..]) => {
                    if !ks.is_empty() {
                        work.push(Todo::Pairs(ks, vs));
                        work.push(Todo::Text(","));
                    }
                    work.push(Todo::Term(*v));
                    work.push(Todo::Text("=>"));
                    *k
                }
                Todo::Slots([]) => continue,
                Todo::Slots([slot, rest @ ..]) => {
                    if !rest.is_empty() {
                        work.push(Todo::Slots(rest));
                        work.push(Todo::Text(","));
                    }
                    let Some(c) = slot.as_cons() else {
                        if self.count().is_err() {
                            return;
                        }
                        work.push(Todo::Slots(slots(*slot, 1)));
                        continue;
                    };
                    work.push(Todo::Term(c.tail()));
                    work.push(Todo::Text("=>"));
                    c.head()
                }
                Todo::Cell(t) => {
                    let Some(c) = t.as_cons() else { continue };
                    let tail = c.tail();
                    if tail.as_cons().is_some() {
                        work.push(Todo::Cell(tail));
                        work.push(Todo::Text(","));
                    } else if !tail.is_nil() {
                        work.push(Todo::Term(tail));
                        work.push(Todo::Text("|"));
                    }
                    c.head()
                }
            };
            if self.one(next, &mut work).is_err() {
                return;
            }
        }
    }

    /// Prints a term up to its first part.
    fn one<'p>(&mut self, t: Term<'p>, work: &mut Work<Todo<'p>>) -> Result<(), Full> {
        self.count()?;
        match t.view() {
            View::Nil => self.text("[]"),
            View::Atom(a) => self.atom(a)?,
            View::Small(n) => self.args(format_args!("{n}")),
            View::Big(b) => {
                let n = num::bignum::Int::new(b.is_negative(), b.digits());
                num::bignum::write_text(n, 10, false, self.out);
            }
            View::Float(f) => self.text(&scientific(f)),
            View::Ref(r) => {
                self.args(format_args!("#Ref<{}", channel(r.node())));
                let (words, n) = r.words();
                // Which process a local one belongs to is not shown.
                let n = if r.is_local() { 3 } else { n };
                for w in words[..n].iter().rev() {
                    self.args(format_args!(".{w}"));
                }
                self.text(">");
            }
            View::Pid(p) => {
                let (number, serial) = (pid_number(p.data()), pid_serial(p.data()));
                self.args(format_args!("<{}.{number}.{serial}>", channel(p.node())));
            }
            View::Port(p) => self.args(format_args!("#Port<{}.{}>", channel(p.node()), p.data())),
            View::Cons(_) if is_printable(t) => self.string(t)?,
            View::Cons(_) => {
                self.text("[");
                work.push(Todo::Text("]"));
                work.push(Todo::Cell(t));
            }
            View::Tuple(x) => {
                self.text("{");
                work.push(Todo::Text("}"));
                work.push(Todo::Elements(x.elements()));
            }
            View::Record(x) => {
                self.text("#");
                self.record_name(x)?;
                self.text("{");
                work.push(Todo::Text("}"));
                for (i, (k, v)) in x.by_index().into_iter().enumerate().rev() {
                    work.push(Todo::Term(v));
                    work.push(Todo::Text("="));
                    work.push(Todo::Term(k));
                    if i > 0 {
                        work.push(Todo::Text(","));
                    }
                }
            }
            View::Bits(b) => self.bits(b)?,
            View::Fun(f) => match f.kind() {
                FunKind::Local { entry, .. } => {
                    let (index, uniq) = (entry.index as i32, entry.old_uniq as i32);
                    self.args(format_args!("#Fun<{}.{index}.{uniq}>", entry.module.name()));
                }
                FunKind::External(e) => {
                    self.text("fun ");
                    self.atom_text(e.module);
                    self.text(":");
                    self.atom_text(e.function);
                    self.args(format_args!("/{}", e.arity));
                    let bytes = e.module.name().len() + e.function.name().len();
                    self.left = self.left.saturating_sub(bytes as i64);
                }
            },
            View::Map(m) => match m.flat_parts() {
                Some((keys, values)) => {
                    self.text("#{");
                    work.push(Todo::Text("}"));
                    work.push(Todo::Pairs(keys, values));
                }
                None if crate::personality::release() >= 27 => {
                    self.text("#{");
                    work.push(Todo::Text("}"));
                    work.push(Todo::Slots(slots(t, 2)));
                }
                None => {
                    self.text("#");
                    self.node(t, 2, work);
                }
            },
            View::Other if t.is_box(Subtag::HashNode) => self.node(t, 1, work),
            View::Other if t.is_none() => {
                self.text("<TNV>");
                return Err(Full);
            }
            View::Other if t.is_box(Subtag::MatchContext) => self.text("#MatchState"),
            View::Other => self.args(format_args!("<unknown:{:#x}>", t.raw().0)),
        }
        Ok(())
    }

    /// A node of a hash map, with its bitmap.
    fn node<'p>(&mut self, t: Term<'p>, skip: usize, work: &mut Work<Todo<'p>>) {
        self.args(format_args!("<{:x}>{{", t.hdr().header_bitmap()));
        work.push(Todo::Text("}"));
        work.push(Todo::Elements(slots(t, skip)));
    }

    fn atom(&mut self, a: Atom) -> Result<(), Full> {
        self.atom_text(a);
        self.left = self.left.saturating_sub(a.name().len() as i64);
        if self.left <= 0 { Err(Full) } else { Ok(()) }
    }

    fn record_name(&mut self, record: Record<'_>) -> Result<(), Full> {
        for (i, part) in [record.module(), record.name()].into_iter().enumerate() {
            if i > 0 {
                self.text(":");
            }
            if let Some(a) = part.as_atom() {
                self.atom(a)?;
            }
        }
        Ok(())
    }

    /// The atom's name, in quotes if need be.
    fn atom_text(&mut self, a: Atom) {
        let name = a.name();
        if name.is_empty() {
            return self.text("''");
        }
        // Letters are those of Latin-1.
        let letter =
            |c: char| matches!(c, 'a'..='z' | 'A'..='Z' | 'À'..='ÿ') && !matches!(c, '×' | '÷');
        let lower = |c: char| matches!(c, 'a'..='z' | 'ß'..='ÿ') && c != '÷';
        let plain = name.starts_with(lower)
            && name.chars().all(|c| letter(c) || c.is_ascii_digit() || c == '_');
        if !plain {
            self.text("'");
        }
        for c in name.chars() {
            match c {
                '\'' => self.text("\\'"),
                '\\' => self.text("\\\\"),
                '\n' => self.text("\\n"),
                '\x0c' => self.text("\\f"),
                '\t' => self.text("\\t"),
                '\r' => self.text("\\r"),
                '\x08' => self.text("\\b"),
                '\x0b' => self.text("\\v"),
                '\0'..=' ' if c != ' ' => self.args(format_args!("\\{:03o}", c as u32)),
                '\u{80}'..='\u{9f}' => self.args(format_args!("\\{:03o}", c as u32)),
                _ => self.args(format_args!("{c}")),
            }
        }
        if !plain {
            self.text("'");
        }
    }

    fn string(&mut self, list: Term<'_>) -> Result<(), Full> {
        self.text("\"");
        for t in list.iter_list() {
            self.count()?;
            match t.as_small().unwrap_or(0) as u8 {
                b'\n' => self.text("\\n"),
                b'"' => self.text("\\\""),
                c => self.out.push(c),
            }
        }
        self.text("\"");
        Ok(())
    }

    fn bits(&mut self, b: Bits<'_>) -> Result<(), Full> {
        let odd = b.bit_len() % 8;
        let n = b.byte_len();
        let text = odd == 0 && n > 0 && (0..n).all(|i| matches!(b.byte(i), b' '..=126));
        if text {
            self.text("<<\"");
            for i in 0..n {
                if b.byte(i) == b'"' {
                    self.text("\\");
                }
                self.out.push(b.byte(i));
                self.count()?;
            }
            self.text("\">>");
            return Ok(());
        }
        self.text("<<");
        for i in 0..n {
            let comma = if i == 0 { "" } else { "," };
            self.args(format_args!("{comma}{}", b.byte(i)));
            self.count()?;
        }
        if odd > 0 {
            let comma = if n == 0 { "" } else { "," };
            self.args(format_args!("{comma}{}:{odd}", b.number(n * 8, odd)));
        }
        self.text(">>");
        Ok(())
    }
}

/// The first number of a pid, port or reference: the node, 0 for this one.
fn channel(node: Option<&'static Node>) -> u32 {
    match node {
        Some(n) if n.name != node::this().name => n.name.0,
        _ => 0,
    }
}

/// A proper list of Latin-1 characters, none of them a control character.
fn is_printable(list: Term<'_>) -> bool {
    let mut it = list.iter_list();
    let all = it.by_ref().all(|t| matches!(t.as_small(), Some(9 | 10 | 13 | 32..=126 | 160..=255)));
    all && it.tail().is_nil()
}

/// C's `%e`.
fn scientific(f: f64) -> String {
    let s = format!("{f:.6e}");
    match s.split_once('e') {
        Some((digits, exponent)) => {
            let (sign, exponent) = match exponent.strip_prefix('-') {
                Some(e) => ('-', e),
                None => ('+', exponent),
            };
            format!("{digits}e{sign}{exponent:0>2}")
        }
        None => s,
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::heap::Heap;
    use crate::testing;

    #[test]
    fn terms_print_as_in_the_reference() {
        let h = Heap::new();
        for line in testing::lines("display.txt") {
            let t = testing::term(&h, &line[0]);
            let external = match t.view() {
                View::Pid(p) => p.node().is_some(),
                View::Port(p) => p.node().is_some(),
                View::Ref(r) => r.node().is_some(),
                _ => false,
            };
            // These show the number of an atom.
            if external {
                continue;
            }
            let mut out = Vec::new();
            print(&mut out, t);
            let expected: Vec<u8> = (0..line[1].len() / 2)
                .map(|i| u8::from_str_radix(&line[1][2 * i..2 * i + 2], 16).unwrap())
                .collect();
            assert_eq!(out.escape_ascii().to_string(), expected.escape_ascii().to_string());
        }
    }

    #[test]
    fn limits_cut() {
        let h = Heap::new();
        let text = |t, limit| {
            let mut out = Vec::new();
            print_limited(&mut out, t, limit);
            String::from_utf8(out).unwrap()
        };
        let t = h.list(&[Term::small(1000), Term::small(2), Term::small(3)]);
        assert_eq!(text(t, 3), "[1000,2,... ");
        assert_eq!(text(t, 30), "[1000,2,3]");
        assert_eq!(text(h.string("hello"), 3), "\"he... ");
    }
}
