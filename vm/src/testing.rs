//! For unit tests: a process to run natives in, terms from and to text.

use crate::bif::Cx;
use crate::process::{Priority, Process};
use crate::vm::{Config, Vm};
use std::sync::LazyLock;
use term::gc::HeapOptions;
use term::{Atom, Heap, Term, View};

static VM: LazyLock<&'static Vm> =
    LazyLock::new(|| Vm::new(Config::new("/".into(), 2), &[], &[]).expect("a VM without natives"));

pub fn vm() -> &'static Vm {
    *VM
}

/// Runs `f` as a native of a fresh process.
pub fn with_cx<R>(f: impl for<'p> FnOnce(&Cx<'p>) -> R) -> R {
    let options = HeapOptions {
        min_heap: 233,
        fullsweep_after: 65_535,
        min_vheap: 46_422,
        max_heap: 0,
        count_shared: false,
    };
    let make = |pid| Process::new(pid, options, 233, Priority::Normal);
    let process = vm().processes.insert(make).expect("room for a process");
    let p = process.as_ptr();
    // SAFETY: nobody else knows this process.
    unsafe {
        (*p).reds_left = 4000;
        f(&Cx::new(p, vm(), 1))
    }
}

/// Reads a term: integers, floats, atoms (quoted or not), tuples, lists, maps, strings.
pub fn read<'h>(heap: &'h Heap, text: &str) -> Term<'h> {
    let mut r = Reader { heap, rest: text.as_bytes() };
    let t = r.term();
    r.space();
    assert!(r.rest.is_empty(), "trailing text in {text}");
    t
}

struct Reader<'h, 't> {
    heap: &'h Heap,
    rest: &'t [u8],
}

impl<'h> Reader<'h, '_> {
    fn space(&mut self) {
        self.rest = self.rest.trim_ascii_start();
    }
    fn take(&mut self, c: &str) -> bool {
        self.space();
        match self.rest.strip_prefix(c.as_bytes()) {
            Some(r) => {
                self.rest = r;
                true
            }
            None => false,
        }
    }
    fn until(&mut self, end: u8) -> String {
        let n = self.rest.iter().position(|&b| b == end).expect("closed");
        let s = String::from_utf8(self.rest[..n].to_vec()).expect("text");
        self.rest = &self.rest[n + 1..];
        s
    }
    fn sequence(&mut self, end: &str) -> Vec<Term<'h>> {
        let mut v = Vec::new();
        while !self.take(end) {
            v.push(self.term());
            let _ = self.take(",");
        }
        v
    }
    fn term(&mut self) -> Term<'h> {
        if self.take("#{") {
            let mut pairs = Vec::new();
            while !self.take("}") {
                let k = self.term();
                assert!(self.take("=>"));
                pairs.push((k, self.term()));
                let _ = self.take(",");
            }
            return self.heap.map_from_pairs(&pairs);
        }
        if self.take("{") {
            let v = self.sequence("}");
            return self.heap.tuple(&v);
        }
        if self.take("[") {
            let mut v = Vec::new();
            while !self.take("]") {
                if self.take("|") {
                    let tail = self.term();
                    assert!(self.take("]"));
                    return self.heap.list_onto(&v, tail);
                }
                v.push(self.term());
                let _ = self.take(",");
            }
            return self.heap.list(&v);
        }
        if self.take("\"") {
            let s = self.until(b'"');
            return self.heap.string(&s);
        }
        if self.take("'") {
            let s = self.until(b'\'');
            return Term::atom(Atom::new(&s));
        }
        self.space();
        let word = |b: &u8| b.is_ascii_alphanumeric() || b"_@.-".contains(b);
        let n = self.rest.iter().position(|b| !word(b)).unwrap_or(self.rest.len());
        let s = std::str::from_utf8(&self.rest[..n]).expect("text");
        self.rest = &self.rest[n..];
        if let Ok(i) = s.parse::<i128>() {
            self.heap.i128(i)
        } else if s.contains('.') {
            self.heap.float(s.parse().expect("a float"))
        } else {
            Term::atom(Atom::new(s))
        }
    }
}

/// The text of a term, as `read` reads it.
pub fn show(t: Term<'_>) -> String {
    let all = |v: Vec<Term<'_>>| v.into_iter().map(show).collect::<Vec<_>>().join(",");
    match t.view() {
        View::Small(n) => n.to_string(),
        View::Big(b) => format!("big{}", b.digits().len()),
        View::Float(f) => format!("{f:?}"),
        View::Atom(a) => a.name().to_owned(),
        View::Nil => "[]".into(),
        View::Cons(_) => {
            let mut it = t.iter_list();
            let v: Vec<_> = it.by_ref().collect();
            let tail = it.tail();
            if tail.is_nil() {
                format!("[{}]", all(v))
            } else {
                format!("[{}|{}]", all(v), show(tail))
            }
        }
        View::Tuple(x) => format!("{{{}}}", all(x.iter().collect())),
        View::Map(m) => {
            let v: Vec<_> = m.iter().map(|(k, v)| format!("{}=>{}", show(k), show(v))).collect();
            format!("#{{{}}}", v.join(","))
        }
        View::Pid(_) => "pid".into(),
        View::Ref(_) => "ref".into(),
        _ => "other".into(),
    }
}
