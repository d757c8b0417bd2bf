//! Terms for tests, from the external format: just enough of it for the files in `testdata`, which
//! `testdata/termgen.erl` writes with the reference.

use crate::atom::Atom;
use crate::boxed::Export;
use crate::heap::Heap;
use crate::node::Node;
use crate::term::Term;
use std::collections::HashMap;
use std::sync::Mutex;

/// Lines of a file, as fields between spaces. `TERM_TESTDATA` may name a directory with longer files.
/// Miri, some thousand times slower, sees the first dozen that are not long.
pub(crate) fn lines(name: &str) -> Vec<Vec<String>> {
    let dir = std::env::var("TERM_TESTDATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/testdata").to_owned());
    let text = std::fs::read_to_string(format!("{dir}/{name}")).unwrap();
    let lines = text.lines().filter(|line| !cfg!(miri) || line.len() < 2000);
    lines
        .take(if cfg!(miri) { 12 } else { usize::MAX })
        .map(|line| line.splitn(4, ' ').map(str::to_owned).collect())
        .collect()
}

/// A term from the hexadecimal digits of its external form.
pub(crate) fn term<'h>(heap: &'h Heap, hex: &str) -> Term<'h> {
    let bytes: Vec<u8> = (0..hex.len() / 2)
        .map(|i| u8::from_str_radix(&hex[2 * i..2 * i + 2], 16).unwrap())
        .collect();
    assert_eq!(bytes[0], 131);
    let mut d = Decoder { heap, bytes: &bytes[1..] };
    let t = d.term();
    assert!(d.bytes.is_empty());
    t
}

/// An export for every module, function and arity, as a code server would keep.
pub(crate) fn export(module: Atom, function: Atom, arity: u32) -> &'static Export {
    type Exports = HashMap<(Atom, Atom, u32), &'static Export>;
    static ALL: Mutex<Option<Exports>> = Mutex::new(None);
    let mut all = ALL.lock().unwrap();
    all.get_or_insert_default().entry((module, function, arity)).or_insert_with(|| {
        Box::leak(Box::new(Export { cell: Default::default(), module, function, arity }))
    })
}

struct Decoder<'a, 'h> {
    heap: &'h Heap,
    bytes: &'a [u8],
}

impl<'h> Decoder<'_, 'h> {
    fn take(&mut self, n: usize) -> Vec<u8> {
        let (head, rest) = self.bytes.split_at(n);
        self.bytes = rest;
        head.to_vec()
    }
    fn uint(&mut self, n: usize) -> u64 {
        self.take(n).iter().fold(0, |v, &b| v << 8 | b as u64)
    }
    fn node(&mut self) -> Atom {
        self.term().as_atom().unwrap()
    }
    fn many(&mut self, n: usize) -> Vec<Term<'h>> {
        (0..n).map(|_| self.term()).collect()
    }
    fn term(&mut self) -> Term<'h> {
        let h = self.heap;
        match self.uint(1) {
            97 => Term::small(self.uint(1) as i64),
            98 => Term::small(self.uint(4) as u32 as i32 as i64),
            70 => h.float(f64::from_bits(self.uint(8))),
            100 | 118 => {
                let n = self.uint(2) as usize;
                // Tag 100 is Latin-1.
                let name = self.take(n);
                let text: String = String::from_utf8(name.clone())
                    .unwrap_or_else(|_| name.iter().map(|&b| b as char).collect());
                Term::atom(Atom::new(&text))
            }
            119 => {
                let n = self.uint(1) as usize;
                Term::atom(Atom::new(&String::from_utf8(self.take(n)).unwrap()))
            }
            104 => {
                let n = self.uint(1) as usize;
                h.tuple(&self.many(n))
            }
            106 => Term::nil(),
            107 => {
                let n = self.uint(2) as usize;
                h.byte_list(&self.take(n))
            }
            108 => {
                let n = self.uint(4) as usize;
                let elements = self.many(n);
                let tail = self.term();
                h.list_onto(&elements, tail)
            }
            109 => {
                let n = self.uint(4) as usize;
                h.binary(&self.take(n))
            }
            77 => {
                let n = self.uint(4) as usize;
                let last = self.uint(1) as usize;
                let bytes = self.take(n);
                h.bits_with((n - 1) * 8 + last, |b| b.copy_from_slice(&bytes))
            }
            tag @ (110 | 111) => {
                let n = self.uint(if tag == 110 { 1 } else { 4 }) as usize;
                let negative = self.uint(1) == 1;
                let mut bytes = self.take(n);
                bytes.resize(n.next_multiple_of(8), 0);
                let digits: Vec<u64> =
                    bytes.chunks(8).map(|c| u64::from_le_bytes(c.try_into().unwrap())).collect();
                h.big(negative, &digits)
            }
            116 => {
                let n = self.uint(4) as usize;
                let pairs: Vec<_> = (0..n).map(|_| (self.term(), self.term())).collect();
                h.map_from_pairs(&pairs)
            }
            113 => {
                let [m, f, a] = self.many(3)[..] else { panic!() };
                let arity = a.as_small().unwrap() as u32;
                h.export_fun(export(m.as_atom().unwrap(), f.as_atom().unwrap(), arity))
            }
            88 => {
                let (node, id, serial) = (self.node(), self.uint(4), self.uint(4));
                let creation = self.uint(4) as u32;
                let data = serial << 28 | id;
                if node.name() == "nonode@nohost" {
                    Term::local_pid(data)
                } else {
                    h.external_pid(Node::intern(node, creation), data)
                }
            }
            tag @ (89 | 120) => {
                let (node, id) = (self.node(), self.uint(if tag == 89 { 4 } else { 8 }));
                let creation = self.uint(4) as u32;
                if node.name() == "nonode@nohost" {
                    Term::local_port(id)
                } else {
                    h.external_port(Node::intern(node, creation), id)
                }
            }
            90 => {
                let n = self.uint(2) as usize;
                let node = self.node();
                let creation = self.uint(4) as u32;
                let words: Vec<u32> = (0..n).map(|_| self.uint(4) as u32).collect();
                if node.name() == "nonode@nohost" {
                    h.reference(words[0] as u64 | (words[1] as u64) << 32, words[2] as u64)
                } else {
                    h.external_reference(Node::intern(node, creation), &words)
                }
            }
            tag => panic!("tag {tag}"),
        }
    }
}
