//! The hash of 64 bits by which OTP 27 and later keep large maps [erl_term_hashing.c: make_internal_hash]:
//! MurmurHash3 of 128 bits over the parts of a term, folded. The order of large maps shows it, so maps
//! of numbers, strings and binaries are in the order that they have there; atoms, pids and what holds
//! them only by chance.
//!
//! Two halves are mixed, `alpha` and `beta`; an immediate alone takes the finishing step only.

use super::{Todo, erts_immediate, string_words, with_bytes};
use crate::boxed::FunKind;
use crate::personality;
use crate::term::{Subtag, Term, View};
use crate::work::Work;

const C1: u64 = 0x87c3_7b91_1142_53d5;
const C2: u64 = 0x4cf5_ad43_2745_937f;

/// What kind of part follows. From `FLAT_MAP` on only by way of [`Mix::part`].
mod part {
    pub const RECORD: u64 = 7;
    pub const IMMEDIATE: u64 = 1;
    pub const ELEMENT: u64 = 2;
    pub const HEAD: u64 = 3;
    pub const TAIL: u64 = 4;
    pub const STRING: u64 = 5;
    pub const TUPLE: u64 = 6;
    pub const FLAT_MAP: u64 = 7;
    pub const FULL_ROOT: u64 = 8;
    pub const ROOT: u64 = 9;
    pub const NODE: u64 = 10;
    pub const BITS: u64 = 11;
    pub const LOCAL_FUN: u64 = 12;
    pub const EXTERNAL_FUN: u64 = 13;
    pub const NEGATIVE: u64 = 14;
    pub const POSITIVE: u64 = 15;
    pub const LOCAL_REF: u64 = 16;
    pub const EXTERNAL_REF: u64 = 17;
    pub const EXTERNAL_PID: u64 = 18;
    pub const EXTERNAL_PORT: u64 = 19;
    pub const FLOAT: u64 = 20;
}

/// The finishing step: every bit of the input moves every bit of the output.
#[inline]
fn finish(mut h: u64) -> u64 {
    h = (h ^ h >> 33).wrapping_mul(0xff51_afd7_ed55_8ccd);
    h = (h ^ h >> 33).wrapping_mul(0xc4ce_b9fe_1a85_ec53);
    h ^ h >> 33
}

#[inline]
fn spread_alpha(x: u64) -> u64 {
    x.wrapping_mul(C1).rotate_left(31).wrapping_mul(C2)
}

#[inline]
fn spread_beta(x: u64) -> u64 {
    x.wrapping_mul(C2).rotate_left(33).wrapping_mul(C1)
}

fn two(low: u32, high: u32) -> u64 {
    u64::from(low) | u64::from(high) << 32
}

struct Mix {
    alpha: u64,
    beta: u64,
    /// How often was mixed.
    ticks: u64,
    /// Added to kinds of parts that come after native records, which OTP 29 has.
    shift: u64,
}

impl Mix {
    fn part(&self, kind: u64) -> u64 {
        kind + self.shift
    }
    fn kind(&mut self, kind: u64) {
        self.alpha(self.part(kind));
    }
    #[inline]
    fn alpha(&mut self, x: u64) {
        self.alpha = (self.alpha ^ spread_alpha(x)).rotate_left(27).wrapping_add(self.beta);
        self.alpha = self.alpha.wrapping_mul(5).wrapping_add(0x52dc_e729);
        self.ticks += 1;
    }
    #[inline]
    fn beta(&mut self, x: u64) {
        self.beta = (self.beta ^ spread_beta(x)).rotate_left(31).wrapping_add(self.alpha);
        self.beta = self.beta.wrapping_mul(5).wrapping_add(0x3849_5ab5);
        self.ticks += 1;
    }
    #[inline]
    fn immediate(&mut self, word: u64) {
        self.alpha(part::IMMEDIATE);
        self.beta(word);
    }
    /// A part of something: at once if it is an immediate, else later; that it comes later counts.
    fn push<'p>(&mut self, t: Term<'p>, work: &mut Work<Todo<'p>>) {
        match erts_immediate(t.raw()) {
            Some(word) => self.immediate(word),
            None => {
                self.alpha(part::ELEMENT);
                work.push(Todo::Term(t));
            }
        }
    }
    /// All but the last as parts; the last is what comes next.
    fn run<'p>(&mut self, run: &'p [Term<'p>], work: &mut Work<Todo<'p>>) -> Option<Term<'p>> {
        let (last, first) = run.split_last()?;
        first.iter().for_each(|t| self.push(*t, work));
        Some(*last)
    }
    /// Whole bytes of a bitstring.
    fn bytes(&mut self, bytes: &[u8]) {
        let word = |b: &[u8]| b.iter().rev().fold(0, |w, b| w << 8 | u64::from(*b));
        let mut chunks = bytes.chunks_exact(16);
        for chunk in &mut chunks {
            self.alpha(word(&chunk[..8]));
            self.beta(word(&chunk[8..]));
        }
        let rest = chunks.remainder();
        if rest.len() > 8 {
            self.beta ^= spread_beta(word(&rest[8..]));
        }
        if !rest.is_empty() {
            self.alpha ^= spread_alpha(word(&rest[..rest.len().min(8)]));
        }
    }
    fn big(&mut self, negative: bool, digits: &[u64]) {
        let sign = self.part(if negative { part::NEGATIVE } else { part::POSITIVE });
        self.alpha(sign | (digits.len() as u64) << 32);
        let mut pairs = digits.chunks_exact(2);
        for pair in &mut pairs {
            self.alpha(pair[0]);
            self.beta(pair[1]);
        }
        pairs.remainder().iter().for_each(|d| self.beta(*d));
    }
    fn done(self) -> u64 {
        let (mut a, mut b) = (self.alpha ^ self.ticks, self.beta ^ self.ticks);
        a = a.wrapping_add(b);
        b = b.wrapping_add(a);
        (a, b) = (finish(a), finish(b));
        a = a.wrapping_add(b);
        b = b.wrapping_add(a);
        a ^ b
    }
}

/// The hash of a term; equal for terms that are `=:=`.
#[inline]
pub fn wide(term: Term<'_>, salt: u64) -> u64 {
    match erts_immediate(term.raw()) {
        Some(word) => finish(word.wrapping_add(salt)),
        None => compound(term, salt),
    }
}

fn compound(term: Term<'_>, salt: u64) -> u64 {
    let shift = u64::from(personality::release() >= 29);
    let mut mix = Mix { alpha: salt, beta: salt, ticks: 0, shift };
    let mut work: Work<Todo<'_>> = Work::new();
    let mut next = Some(term);
    loop {
        if let Some(t) = next.take() {
            match erts_immediate(t.raw()) {
                Some(word) => mix.immediate(word),
                None => next = of_boxed(&mut mix, t, &mut work),
            }
            continue;
        }
        match work.pop() {
            None => return mix.done(),
            Some(Todo::Term(t)) => next = Some(t),
            Some(Todo::Tail) => mix.beta(part::TAIL),
            Some(_) => {}
        }
    }
}

/// Mixes a term that is no immediate; what comes next.
fn of_boxed<'p>(mix: &mut Mix, t: Term<'p>, work: &mut Work<Todo<'p>>) -> Option<Term<'p>> {
    match t.view() {
        View::Cons(_) => {
            let rest = string_words(t, usize::MAX, &mut |word, count| {
                let count = if count == 0 { 4 } else { u64::from(count) };
                mix.alpha(part::STRING | count << 8 | u64::from(word) << 32);
            });
            let Some(c) = rest.as_cons() else { return Some(rest) };
            let (head, tail) = (c.head(), c.tail());
            let last = tail.as_cons().is_none();
            return Some(match erts_immediate(head.raw()) {
                Some(word) => {
                    mix.alpha(part::IMMEDIATE | part::HEAD << 32);
                    mix.beta(word);
                    if last {
                        mix.alpha(part::TAIL);
                    }
                    tail
                }
                None => {
                    work.push(Todo::Term(tail));
                    if last {
                        work.push(Todo::Tail);
                    }
                    mix.alpha(part::HEAD);
                    head
                }
            });
        }
        View::Tuple(x) => {
            mix.alpha(part::TUPLE);
            mix.beta(x.arity() as u64);
            return mix.run(x.elements(), work);
        }
        View::Record(x) => {
            mix.alpha(part::RECORD);
            mix.beta(x.values().len() as u64 + 1);
            mix.immediate(u64::from(super::phash2(x.definition().term())) << 4 | 0xf);
            return mix.run(x.values(), work);
        }
        View::Map(m) => match m.flat_parts() {
            Some((keys, values)) => {
                mix.kind(part::FLAT_MAP);
                mix.beta(m.size() as u64);
                let ((key, keys), (value, values)) = (keys.split_last()?, values.split_last()?);
                for (k, v) in keys.iter().zip(values) {
                    mix.push(*v, work);
                    mix.push(*k, work);
                }
                mix.push(*value, work);
                return Some(*key);
            }
            None => {
                let full = t.hdr().header_bitmap() == u16::MAX;
                mix.kind(if full { part::FULL_ROOT } else { part::ROOT });
                mix.beta(m.size() as u64);
                slots(mix, t, 2, work);
            }
        },
        View::Fun(f) => match f.kind() {
            FunKind::External(e) => {
                mix.kind(part::EXTERNAL_FUN);
                mix.beta(e as *const _ as u64);
            }
            FunKind::Local { entry, env, .. } => {
                let kind = mix.part(part::LOCAL_FUN);
                mix.alpha(kind | (env.len() as u64) << 32);
                mix.beta(two(entry.index, entry.old_uniq));
                mix.immediate(u64::from(entry.module.0) << 6 | 0xb);
                return mix.run(env, work);
            }
        },
        View::Bits(b) => {
            mix.kind(part::BITS);
            mix.beta(b.bit_len() as u64);
            with_bytes(b, |bytes, (last, odd)| {
                mix.bytes(bytes);
                if odd != 0 {
                    mix.alpha(u64::from(last));
                }
            });
        }
        // Small here, big in ERTS.
        View::Small(n) => mix.big(n < 0, &[n.unsigned_abs()]),
        View::Big(b) => mix.big(b.is_negative(), b.digits()),
        View::Float(f) => {
            mix.kind(part::FLOAT);
            mix.beta(f.to_bits());
        }
        View::Ref(r) => {
            // Words beyond the third are zero in most references, and zero counts as missing for equality.
            let [a, b, c, d, e] = r.identity();
            match r.node() {
                None => {
                    let kind = mix.part(part::LOCAL_REF);
                    mix.alpha(kind | u64::from(a) << 32);
                    mix.beta(two(b, c));
                }
                Some(node) => {
                    mix.kind(part::EXTERNAL_REF);
                    mix.beta(two(a, b));
                    mix.beta(u64::from(c));
                    mix.alpha(node as *const _ as u64);
                }
            }
            if d | e != 0 {
                mix.alpha(two(d, e));
            }
        }
        View::Pid(p) => {
            mix.kind(part::EXTERNAL_PID);
            mix.beta(p.node().map_or(0, |n| n as *const _ as u64));
            mix.alpha(p.data());
        }
        View::Port(p) => {
            mix.kind(part::EXTERNAL_PORT);
            mix.beta(p.node().map_or(0, |n| n as *const _ as u64));
            mix.alpha(p.data());
        }
        View::Other => {
            mix.kind(part::NODE);
            slots(mix, t, 1, work);
        }
        View::Atom(_) | View::Nil => {}
    }
    None
}

/// The associations and inner nodes of a node of a hash map.
fn slots<'p>(mix: &mut Mix, node: Term<'p>, skip: usize, work: &mut Work<Todo<'p>>) {
    if !(node.is_box(Subtag::HashMap) || node.is_box(Subtag::HashNode)) {
        return;
    }
    for i in skip..=node.hdr().header_arity() {
        let slot = node.elem(i);
        match slot.as_cons() {
            Some(c) => {
                mix.push(c.tail(), work);
                mix.push(c.head(), work);
            }
            None => work.push(Todo::Term(slot)),
        }
    }
}
