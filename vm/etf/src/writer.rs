//! The encoder proper [external.c: enc_term].
//!
//! Containers that are not finished stand on an explicit stack, so that nesting costs no native
//! stack. A frame holds its container as one term and a position in it, never a pointer into it: so
//! a writer can be taken apart into plain data and terms ([`Writer::suspend`]), kept while its
//! process is collected, and put together again.

use crate::encode::{EncodeError, EncodeOptions};
use crate::sink::Sink;
use crate::{map, tag};
use term::atom::Atom;
use term::boxed::{
    Bits, Cons, Fun, FunKind, Pid, Port, Record, Reference, Tuple, pid_number, pid_serial,
};
use term::heap::HEAP_BIN_MAX;
use term::node::Node;
use term::term::{Term, View};

/// Tuples up to this arity are written without a frame as far as their elements have no parts.
const FLAT: usize = 64;
/// Strings up to this length are looked at once only.
const SHORT: usize = 32;
/// Longest list of bytes that is written as a string.
const MAX_STRING: usize = 65535;
/// Ports above this need `V4_PORT_EXT`.
const MAX_V3_PORT: u64 = (1 << 28) - 1;

pub(crate) struct Writer<'p> {
    /// Written before the frames.
    first: Option<Term<'p>>,
    frames: Vec<Frame<'p>>,
    /// Keys and values of maps begun, the next one last.
    pairs: Vec<Term<'p>>,
    /// What `external_size` counts for the numbers of funs beyond what they take.
    pub fun_slack: usize,
}

#[derive(Clone, Copy)]
enum Frame<'p> {
    /// One term: the creator of a fun.
    One(Term<'p>),
    /// From element `at` on.
    Tuple {
        tuple: Tuple<'p>,
        at: usize,
    },
    Record {
        record: Record<'p>,
        at: usize,
    },
    /// The rest of a list of which `count` elements were begun; its length goes to `hole`.
    List {
        rest: Term<'p>,
        count: u32,
        hole: usize,
    },
    /// The next `left` terms of `pairs`.
    Pairs {
        left: usize,
    },
    /// Free variables from `at` on.
    Env {
        fun: Fun<'p>,
        at: usize,
    },
    /// The end of a fun that began at `start`; its size goes to `hole`.
    FunSize {
        hole: usize,
        start: usize,
    },
}

impl<'p> Writer<'p> {
    pub fn new(term: Term<'p>) -> Writer<'p> {
        Writer { first: Some(term), frames: Vec::new(), pairs: Vec::new(), fun_slack: 0 }
    }

    /// Writes until all is written (true) or the budget, in subterms and blocks of bytes, is spent.
    pub fn run<S: Sink>(
        &mut self,
        out: &mut S,
        opts: &EncodeOptions<'_>,
        budget: &mut usize,
    ) -> Result<bool, EncodeError> {
        if let Some(term) = self.first.take() {
            self.term(term, out, opts, budget)?;
        }
        loop {
            let Some(frame) = self.frames.last_mut() else { return Ok(true) };
            if *budget == 0 {
                return Ok(false);
            }
            *budget -= 1;
            match *frame {
                Frame::One(term) => {
                    self.frames.pop();
                    self.term(term, out, opts, budget)?;
                }
                Frame::Tuple { tuple, at } => {
                    if let Some(i) = leaves(&tuple.elements()[at..], out, opts) {
                        let term = tuple.get(at + i);
                        match at + i + 1 {
                            all if all == tuple.arity() => _ = self.frames.pop(),
                            at => *frame = Frame::Tuple { tuple, at },
                        }
                        *budget = budget.saturating_sub(i / 4);
                        self.term(term, out, opts, budget)?;
                    } else {
                        self.frames.pop();
                    }
                }
                Frame::Record { record, at } => match record.values().get(at) {
                    Some(&term) => {
                        *frame = Frame::Record { record, at: at + 1 };
                        self.term(term, out, opts, budget)?;
                    }
                    None => {
                        self.frames.pop();
                    }
                },
                Frame::List { mut rest, mut count, hole } => match rest.as_cons() {
                    Some(mut cell) => loop {
                        count = count.checked_add(1).ok_or(EncodeError::TooLarge)?;
                        rest = cell.tail();
                        if !leaf(cell.head(), out, opts) {
                            *frame = Frame::List { rest, count, hole };
                            self.term(cell.head(), out, opts, budget)?;
                            break;
                        }
                        match rest.as_cons() {
                            Some(next) if *budget > 0 => cell = next,
                            _ => {
                                *frame = Frame::List { rest, count, hole };
                                break;
                            }
                        }
                        *budget -= 1;
                    },
                    None => {
                        out.patch(hole, count);
                        self.frames.pop();
                        self.term(rest, out, opts, budget)?;
                    }
                },
                Frame::Pairs { left: 0 } => {
                    self.frames.pop();
                }
                Frame::Pairs { left } => {
                    *frame = Frame::Pairs { left: left - 1 };
                    // As many terms as the frame says were pushed for it.
                    if let Some(term) = self.pairs.pop() {
                        self.term(term, out, opts, budget)?;
                    }
                }
                Frame::Env { fun, at } => match free_variable(fun, at) {
                    Some(term) => {
                        *frame = Frame::Env { fun, at: at + 1 };
                        self.term(term, out, opts, budget)?;
                    }
                    None => {
                        self.frames.pop();
                    }
                },
                Frame::FunSize { hole, start } => {
                    let size = out.len() - start;
                    out.patch(hole, u32::try_from(size).map_err(|_| EncodeError::TooLarge)?);
                    self.frames.pop();
                }
            }
        }
    }

    /// Writes a scalar, or the head of a container, for whose parts it leaves a frame.
    fn term<S: Sink>(
        &mut self,
        term: Term<'p>,
        out: &mut S,
        opts: &EncodeOptions<'_>,
        budget: &mut usize,
    ) -> Result<(), EncodeError> {
        match term.view() {
            View::Small(n) => small(n, out),
            View::Atom(a) => atom(a, out, opts),
            View::Nil => out.byte(tag::NIL),
            View::Cons(cell) => self.list(cell, out, budget),
            View::Tuple(tuple) => {
                match u8::try_from(tuple.arity()) {
                    Ok(n) => out.bytes(&[tag::SMALL_TUPLE, n]),
                    Err(_) => {
                        out.byte(tag::LARGE_TUPLE);
                        out.u32(length(tuple.arity())?);
                    }
                }
                // Those of large ones are for the loop, which minds the budget.
                let all = if tuple.arity() <= FLAT { tuple.elements() } else { &[] };
                match leaves(all, out, opts) {
                    None if all.len() == tuple.arity() => {}
                    Some(i) => {
                        self.frames.push(Frame::Tuple { tuple, at: i });
                    }
                    None => self.frames.push(Frame::Tuple { tuple, at: 0 }),
                }
            }
            View::Map(m) => {
                out.byte(tag::MAP);
                out.u32(length(m.size())?);
                if !opts.deterministic
                    && let Some((keys, values)) = m.flat_parts()
                {
                    // Associations without parts need no frame.
                    let done = keys.iter().zip(values).try_fold(0, |i, (&k, &v)| {
                        match leaf(k, out, opts) {
                            false => Err((i, false)),
                            true if leaf(v, out, opts) => Ok(i + 1),
                            true => Err((i, true)),
                        }
                    });
                    let Err((i, key)) = done else { return Ok(()) };
                    let before = self.pairs.len();
                    let rest = keys.iter().zip(values).skip(i).rev();
                    self.pairs.extend(rest.flat_map(|(&k, &v)| [v, k]));
                    if key {
                        self.pairs.pop();
                    }
                    self.frames.push(Frame::Pairs { left: self.pairs.len() - before });
                    return Ok(());
                }
                let before = self.pairs.len();
                map::push_reversed(m, opts.deterministic, &mut self.pairs);
                let left = self.pairs.len() - before;
                *budget = budget.saturating_sub(left / 8);
                self.frames.push(Frame::Pairs { left });
            }
            View::Bits(b) => {
                *budget = budget.saturating_sub(b.byte_len() / 64);
                bits(b, out)?;
            }
            View::Big(b) => {
                let digits = b.digits();
                let unused = digits.last().map_or(0, |d| d.leading_zeros() as usize / 8);
                integer(b.is_negative(), digits, digits.len() * 8 - unused, out)?;
            }
            View::Float(f) if opts.new_floats => {
                out.byte(tag::NEW_FLOAT);
                out.bytes(&f.to_be_bytes());
            }
            View::Float(f) => {
                let mut text = Vec::with_capacity(31);
                num::float::write_default(f, &mut text);
                text.resize(31, 0);
                out.byte(tag::FLOAT);
                out.bytes(&text);
            }
            View::Pid(p) => pid(p, out, opts),
            View::Port(p) => port(p, out, opts),
            View::Ref(r) => reference(r, out, opts),
            View::Fun(fun) => self.fun(fun, out, opts)?,
            View::Record(record) => {
                out.byte(tag::RECORD);
                out.u32(length(record.values().len())?);
                out.byte(record.is_exported().into());
                let head = [record.module(), record.name()];
                for a in head.iter().chain(record.keys()).filter_map(|t| t.as_atom()) {
                    atom(a, out, opts);
                }
                if !record.values().is_empty() {
                    self.frames.push(Frame::Record { record, at: 0 });
                }
            }
            View::Other => return Err(EncodeError::NotATerm),
        }
        Ok(())
    }

    fn list<S: Sink>(&mut self, cell: Cons<'p>, out: &mut S, budget: &mut usize) {
        let mut few = [0; SHORT];
        if let Some(n) = few_bytes(cell, &mut few) {
            out.bytes(&[tag::STRING, 0, n as u8]);
            return out.bytes(&few[..n]);
        }
        let (is_string, seen) = byte_list(cell.term());
        *budget = budget.saturating_sub(seen / 8);
        match u16::try_from(seen) {
            Ok(n) if is_string => {
                out.byte(tag::STRING);
                out.u16(n);
                for c in cell.term().iter_list() {
                    out.byte(c.as_small().unwrap_or(0) as u8);
                }
            }
            _ => {
                out.byte(tag::LIST);
                let hole = out.hole();
                self.frames.push(Frame::List { rest: cell.term(), count: 0, hole });
            }
        }
    }

    fn fun<S: Sink>(
        &mut self,
        fun: Fun<'p>,
        out: &mut S,
        opts: &EncodeOptions<'_>,
    ) -> Result<(), EncodeError> {
        match fun.kind() {
            FunKind::External(export) => {
                out.byte(tag::EXPORT);
                atom(export.module, out, opts);
                atom(export.function, out, opts);
                small(export.arity.into(), out);
            }
            FunKind::Local { entry, env, creator } => {
                out.byte(tag::NEW_FUN);
                let start = out.len();
                let hole = out.hole();
                out.byte(u8::try_from(entry.arity).map_err(|_| EncodeError::TooLarge)?);
                out.bytes(&entry.uniq);
                out.u32(entry.index);
                out.u32(length(env.len())?);
                atom(entry.module, out, opts);
                let before = out.len();
                small(entry.index.into(), out);
                small(entry.old_uniq.into(), out);
                self.fun_slack += 10usize.saturating_sub(out.len() - before);
                self.frames.push(Frame::FunSize { hole, start });
                self.frames.push(Frame::Env { fun, at: 0 });
                self.frames.push(Frame::One(creator));
            }
        }
        Ok(())
    }
}

/// A writer taken apart: its frames without their terms.
#[derive(Default)]
pub(crate) struct Kept {
    frames: Vec<KeptFrame>,
    fun_slack: usize,
}

#[derive(Clone, Copy)]
enum KeptFrame {
    One,
    Tuple { at: usize },
    Record { at: usize },
    List { count: u32, hole: usize },
    Pairs { left: usize },
    Env { at: usize },
    FunSize { hole: usize, start: usize },
}

impl Kept {
    /// Before anything is written; the one term needed is the root.
    pub fn start() -> Kept {
        Kept { frames: vec![KeptFrame::One], fun_slack: 0 }
    }
}

impl<'p> Writer<'p> {
    /// Leaves the terms still needed in `terms`: those of the frames, then those of begun maps.
    pub fn suspend(self, kept: &mut Kept, terms: &mut Vec<Term<'p>>) {
        terms.clear();
        kept.fun_slack = self.fun_slack;
        kept.frames.clear();
        kept.frames.extend(self.frames.iter().map(|&frame| match frame {
            Frame::One(term) => {
                terms.push(term);
                KeptFrame::One
            }
            Frame::Tuple { tuple, at } => {
                terms.push(tuple.term());
                KeptFrame::Tuple { at }
            }
            Frame::Record { record, at } => {
                terms.push(record.term());
                KeptFrame::Record { at }
            }
            Frame::List { rest, count, hole } => {
                terms.push(rest);
                KeptFrame::List { count, hole }
            }
            Frame::Pairs { left } => KeptFrame::Pairs { left },
            Frame::Env { fun, at } => {
                terms.push(fun.term());
                KeptFrame::Env { at }
            }
            Frame::FunSize { hole, start } => KeptFrame::FunSize { hole, start },
        }));
        terms.extend(self.pairs);
    }

    /// Puts a writer together again; an error if the terms do not fit the frames.
    pub fn resume(kept: &mut Kept, terms: &mut Vec<Term<'p>>) -> Result<Writer<'p>, EncodeError> {
        let mut rest = terms.drain(..);
        let mut next = || rest.next().ok_or(EncodeError::NotATerm);
        let mut frames = Vec::with_capacity(kept.frames.len() + 8);
        for &frame in &kept.frames {
            frames.push(match frame {
                KeptFrame::One => Frame::One(next()?),
                KeptFrame::Tuple { at } => {
                    let tuple = next()?.as_tuple().filter(|t| at <= t.arity());
                    Frame::Tuple { tuple: tuple.ok_or(EncodeError::NotATerm)?, at }
                }
                KeptFrame::Record { at } => {
                    let record = next()?.as_record();
                    Frame::Record { record: record.ok_or(EncodeError::NotATerm)?, at }
                }
                KeptFrame::List { count, hole } => Frame::List { rest: next()?, count, hole },
                KeptFrame::Pairs { left } => Frame::Pairs { left },
                KeptFrame::Env { at } => {
                    Frame::Env { fun: next()?.as_fun().ok_or(EncodeError::NotATerm)?, at }
                }
                KeptFrame::FunSize { hole, start } => Frame::FunSize { hole, start },
            });
        }
        Ok(Writer { first: None, frames, pairs: rest.collect(), fun_slack: kept.fun_slack })
    }
}

/// Writes the terms as long as they have no parts; the position of the first other one.
#[inline]
fn leaves<S: Sink>(terms: &[Term<'_>], out: &mut S, opts: &EncodeOptions<'_>) -> Option<usize> {
    terms.iter().position(|&term| !leaf(term, out, opts))
}

/// Writes a term that has no parts and is short. `false`: it is none.
#[inline]
fn leaf<S: Sink>(term: Term<'_>, out: &mut S, opts: &EncodeOptions<'_>) -> bool {
    if let Some(n) = term.as_small() {
        small(n, out);
    } else if let Some(a) = term.as_atom() {
        atom(a, out, opts);
    } else if term.is_nil() {
        out.byte(tag::NIL);
    } else if term.as_cons().is_some() {
        return false;
    } else {
        return boxed_leaf(term, out, opts);
    }
    true
}

fn boxed_leaf<S: Sink>(term: Term<'_>, out: &mut S, opts: &EncodeOptions<'_>) -> bool {
    match term.view() {
        View::Bits(b) if b.byte_len() < HEAP_BIN_MAX => return bits(b, out).is_ok(),
        View::Float(f) if opts.new_floats => {
            let mut all = [tag::NEW_FLOAT; 9];
            all[1..].copy_from_slice(&f.to_be_bytes());
            out.bytes(&all);
        }
        View::Pid(p) => pid(p, out, opts),
        View::Ref(r) => reference(r, out, opts),
        _ => return false,
    }
    true
}

fn free_variable<'p>(fun: Fun<'p>, at: usize) -> Option<Term<'p>> {
    match fun.kind() {
        FunKind::Local { env, .. } => env.get(at).copied(),
        FunKind::External(_) => None,
    }
}

fn length(n: usize) -> Result<u32, EncodeError> {
    u32::try_from(n).map_err(|_| EncodeError::TooLarge)
}

/// A list of at most [`SHORT`] bytes: how many.
fn few_bytes(mut cell: Cons<'_>, to: &mut [u8; SHORT]) -> Option<usize> {
    for (i, to) in to.iter_mut().enumerate() {
        *to = u8::try_from(cell.head().as_small()?).ok()?;
        let rest = cell.tail();
        match rest.as_cons() {
            Some(next) => cell = next,
            None => return rest.is_nil().then_some(i + 1),
        }
    }
    None
}

/// Whether a list is written as a string, and how many cells were looked at to know.
fn byte_list(list: Term<'_>) -> (bool, usize) {
    let mut cells = list.iter_list();
    let mut seen = 0;
    for head in cells.by_ref() {
        seen += 1;
        if seen > MAX_STRING || !matches!(head.as_small(), Some(0..=255)) {
            return (false, seen);
        }
    }
    (cells.tail().is_nil(), seen)
}

#[inline]
fn small<S: Sink>(n: i64, out: &mut S) {
    if let Ok(n) = u8::try_from(n) {
        out.bytes(&[tag::SMALL_INTEGER, n]);
    } else if let Ok(n) = i32::try_from(n) {
        let [a, b, c, d] = n.to_be_bytes();
        out.bytes(&[tag::INTEGER, a, b, c, d]);
    } else {
        let digit = n.unsigned_abs();
        let n_bytes = 8 - digit.leading_zeros() / 8;
        out.bytes(&[tag::SMALL_BIG, n_bytes as u8, (n < 0).into()]);
        out.bytes(&digit.to_le_bytes()[..n_bytes as usize]);
    }
}

/// A big integer of `n` significant bytes.
fn integer<S: Sink>(
    negative: bool,
    digits: &[u64],
    n: usize,
    out: &mut S,
) -> Result<(), EncodeError> {
    match u8::try_from(n) {
        Ok(n) => out.bytes(&[tag::SMALL_BIG, n]),
        Err(_) => {
            out.byte(tag::LARGE_BIG);
            out.u32(length(n)?);
        }
    }
    out.byte(negative.into());
    let mut left = n;
    for digit in digits {
        let bytes = digit.to_le_bytes();
        out.bytes(&bytes[..left.min(8)]);
        left = left.saturating_sub(8);
    }
    Ok(())
}

fn atom<S: Sink>(a: Atom, out: &mut S, opts: &EncodeOptions<'_>) {
    if let Some(i) = opts.atoms.and_then(|table| table.number(a)) {
        return out.bytes(&[tag::ATOM_CACHE_REF, i]);
    }
    let name = a.name();
    if !opts.utf8_atoms {
        if name.is_ascii() {
            out.byte(tag::ATOM);
            out.u16(name.len() as u16);
            return out.bytes(name.as_bytes());
        }
        let latin1: Option<Vec<u8>> = name.chars().map(|c| u8::try_from(c).ok()).collect();
        if let Some(latin1) = latin1 {
            out.byte(tag::ATOM);
            out.u16(latin1.len() as u16);
            return out.bytes(&latin1);
        }
    }
    // At most 255 characters of at most four bytes.
    match u8::try_from(name.len()) {
        Ok(n) => out.bytes(&[tag::SMALL_ATOM_UTF8, n]),
        Err(_) => {
            out.byte(tag::ATOM_UTF8);
            out.u16(name.len() as u16);
        }
    }
    out.bytes(name.as_bytes());
}

fn bits<S: Sink>(b: Bits<'_>, out: &mut S) -> Result<(), EncodeError> {
    let n = length(b.bit_len().div_ceil(8))?;
    match b.bit_len() % 8 {
        0 => {
            out.byte(tag::BINARY);
            out.u32(n);
        }
        rest => {
            out.byte(tag::BIT_BINARY);
            out.u32(n);
            out.byte(rest as u8);
        }
    }
    out.bits(b);
    Ok(())
}

/// Writes the name of a node; its creation. In a sealed term this node has none, so that it may change.
fn node<S: Sink>(node: Option<&Node>, out: &mut S, opts: &EncodeOptions<'_>) -> u32 {
    if node.is_none() && opts.local {
        out.byte(tag::NIL);
        return 0;
    }
    let (name, creation) = node.map_or_else(|| opts.resolver.this_node(), |n| (n.name, n.creation));
    atom(name, out, opts);
    creation
}

fn pid<S: Sink>(p: Pid<'_>, out: &mut S, opts: &EncodeOptions<'_>) {
    out.byte(tag::NEW_PID);
    let creation = node(p.node(), out, opts);
    out.u32(pid_number(p.data()) as u32);
    out.u32(pid_serial(p.data()) as u32);
    out.u32(creation);
}

fn port<S: Sink>(p: Port<'_>, out: &mut S, opts: &EncodeOptions<'_>) {
    let id = p.data();
    let long = opts.v4_ports || id > MAX_V3_PORT;
    out.byte(if long { tag::V4_PORT } else { tag::NEW_PORT });
    let creation = node(p.node(), out, opts);
    match long {
        true => out.bytes(&id.to_be_bytes()),
        false => out.u32(id as u32),
    }
    out.u32(creation);
}

/// Local references have three words on the wire; what stands behind them is found by these again.
fn reference<S: Sink>(r: Reference<'_>, out: &mut S, opts: &EncodeOptions<'_>) {
    let (words, count) = r.words();
    let count = if r.is_local() { 3 } else { count };
    if let Some(magic) = r.magic() {
        opts.resolver.keep_magic([words[0], words[1], words[2]], magic);
    }
    if let Some(pid) = r.process() {
        opts.resolver.keep_alias([words[0], words[1], words[2]], pid);
    }
    out.byte(tag::NEWER_REFERENCE);
    out.u16(count as u16);
    let creation = node(r.node(), out, opts);
    out.u32(creation);
    for &word in &words[..count] {
        out.u32(word);
    }
}
