//! What leaves this node: encoded operations in packets, and their queue.
//!
//! A packet is encoded by whoever sends it; its header is made when it leaves, in the order of the connection,
//! because the atom cache depends on that. Long payloads are cut into fragments so that ticks and other messages come between.

use super::flags;
use super::op::{Op, Waiting};
use crate::code::load::VmResolver;
use crate::port::IoQueue;
use crate::vm::Vm;
use core::sync::atomic::{AtomicU64, Ordering};
use etf::atom_cache::{AtomTable, Fragment, Sent, empty_header};
use etf::{EncodeError, EncodeOptions, Encoder, Part, tag};
use std::collections::VecDeque;
use term::{Atom, Heap, Term};

/// Payloads up to this length are not cut.
const WHOLE: usize = 80 << 10;
/// Bytes of the payload in one fragment.
const FRAGMENT: usize = 64 << 10;
/// What a packet counts beyond its bytes.
const OVERHEAD: usize = 64;

/// One packet without its header.
pub struct Frame {
    atoms: Vec<Atom>,
    part: PartOf,
    body: IoQueue,
}

/// Fragments of several messages may be mixed: a number tells whose they are.
enum PartOf {
    Whole,
    /// The message's number, and how many fragments it has.
    First(u64, u64),
    Next(u64, u64),
}

/// Of messages that were cut.
static SEQUENCE: AtomicU64 = AtomicU64::new(1);

impl Frame {
    pub fn size(&self) -> usize {
        self.body.len() + OVERHEAD
    }
}

/// The output of a connection.
#[derive(Default)]
pub struct Out {
    queue: VecDeque<Frame>,
    /// What was sent before the connection was up.
    pub waiting: Vec<Waiting>,
    pub cache: Option<Sent>,
    /// The controller wants to know when there is something.
    pub notify: bool,
    pub suspended: Vec<u64>,
    /// The last words of processes that ended, where they are long: others do not wait for them. Each has to follow so
    /// many packets of the queue.
    last_words: VecDeque<(u64, Frame)>,
    /// Processes that wait with their end until those are gone.
    pub ending: Vec<u64>,
    pushed: u64,
    popped: u64,
    /// It is the turn of the last words.
    turn: bool,
}

impl Out {
    pub fn is_empty(&self) -> bool {
        self.queue.is_empty() && self.last_words.is_empty()
    }
    pub fn push(&mut self, frames: impl IntoIterator<Item = Frame>) {
        for f in frames {
            self.pushed += 1;
            self.queue.push_back(f);
        }
    }
    /// What a process that ended has to say goes after all that was sent before, and beside what is sent later.
    pub fn push_last(&mut self, frames: impl IntoIterator<Item = Frame>) {
        let after = self.pushed;
        self.last_words.extend(frames.into_iter().map(|f| (after, f)));
    }
    pub fn has_last_words(&self) -> bool {
        !self.last_words.is_empty()
    }
    fn next(&mut self) -> Option<(Frame, bool)> {
        let popped = self.popped;
        let due = self.last_words.front().is_some_and(|(after, _)| *after <= popped);
        self.turn = !self.turn;
        if due && (self.turn || self.queue.is_empty()) {
            return self.last_words.pop_front().map(|(_, f)| (f, true));
        }
        let f = self.queue.pop_front()?;
        self.popped += 1;
        Some((f, false))
    }
    /// The next packet with its header, and what it counted: last words count nothing.
    pub fn pop(&mut self, flags: u64) -> Option<(IoQueue, usize)> {
        let (f, last) = self.next()?;
        let size = if last { 0 } else { f.size() };
        let mut body = f.body;
        if flags & (flags::DIST_HDR_ATOM_CACHE | flags::FRAGMENTS) == 0 {
            return Some((body, size));
        }
        let fragment = match f.part {
            PartOf::Whole => Fragment::Whole,
            PartOf::First(sequence, number) => Fragment::First { sequence, number },
            PartOf::Next(sequence, number) => Fragment::Next { sequence, number },
        };
        let header = match (&mut self.cache, fragment) {
            (Some(cache), Fragment::Whole | Fragment::First { .. }) => {
                cache.header(&f.atoms, fragment)
            }
            _ => empty_header(fragment),
        };
        body.push_header(&header);
        Some((body, size))
    }
}

/// An encoding under way: the control message is done, the payload need not be.
pub struct Encoding {
    atoms: AtomTable,
    flags: u64,
    control: Vec<u8>,
    encoder: Option<Encoder>,
}

fn options<'a>(resolver: &'a VmResolver, flags: u64, atoms: &'a AtomTable) -> EncodeOptions<'a> {
    let cache = flags & flags::DIST_HDR_ATOM_CACHE != 0;
    EncodeOptions {
        utf8_atoms: true,
        v4_ports: flags & flags::V4_NC != 0,
        atoms: cache.then_some(atoms),
        ..EncodeOptions::new(resolver)
    }
}

impl Encoding {
    /// Encodes the control message; the payload is left in `terms`.
    pub fn start<'p>(
        vm: &'static Vm,
        flags: u64,
        op: &Op,
        payload: Option<Term<'p>>,
        terms: &mut Vec<Term<'p>>,
    ) -> Result<Encoding, EncodeError> {
        let atoms = AtomTable::new();
        let resolver = VmResolver(vm);
        let plain = flags & (flags::DIST_HDR_ATOM_CACHE | flags::FRAGMENTS) == 0;
        let mut control = if plain { vec![tag::PASS_THROUGH, tag::VERSION] } else { Vec::new() };
        let heap = Heap::new();
        let (term, inside) = op.control(&heap, flags, payload);
        etf::encode_body(term, &mut control, &options(&resolver, flags, &atoms))?;
        let mut encoder = None;
        if let Some(p) = payload.filter(|_| !inside) {
            terms.push(p);
            encoder = Some(Encoder::iovec());
        }
        Ok(Encoding { atoms, flags, control, encoder })
    }
    /// Goes on as [`Encoder::step`].
    pub fn step<'p>(
        &mut self,
        vm: &'static Vm,
        terms: &mut Vec<Term<'p>>,
        budget: &mut usize,
    ) -> Result<bool, EncodeError> {
        let resolver = VmResolver(vm);
        let options = options(&resolver, self.flags, &self.atoms);
        match &mut self.encoder {
            Some(e) => e.step(terms, &options, budget),
            None => Ok(true),
        }
    }
    /// The packets.
    pub fn finish(self) -> Vec<Frame> {
        let mut body = IoQueue::new();
        body.push_vec(self.control);
        let plain = self.flags & (flags::DIST_HDR_ATOM_CACHE | flags::FRAGMENTS) == 0;
        let parts = match self.encoder.and_then(Encoder::finish) {
            Some(etf::Encoded::Iovec(v)) => v.into_parts(),
            Some(etf::Encoded::Bytes(b)) => vec![Part::Fresh(b)],
            None => Vec::new(),
        };
        let mut payload = IoQueue::new();
        for part in parts {
            match part {
                Part::Fresh(bytes) => payload.push_vec(bytes),
                Part::Shared(bin, at, n) => payload.push_shared(bin, at, n),
            }
        }
        // The version byte goes before terms only where there is no header.
        if !plain {
            payload.advance(1);
        }
        let atoms = self.atoms.into_atoms();
        if payload.len() <= WHOLE || self.flags & flags::FRAGMENTS == 0 {
            body.append(payload);
            return vec![Frame { atoms, part: PartOf::Whole, body }];
        }
        let count = payload.len().div_ceil(FRAGMENT) as u64;
        body.append(payload.split_front(FRAGMENT));
        let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
        let mut frames = vec![Frame { atoms, part: PartOf::First(sequence, count), body }];
        for number in (1..count).rev() {
            let body = payload.split_front(FRAGMENT);
            frames.push(Frame { atoms: Vec::new(), part: PartOf::Next(sequence, number), body });
        }
        frames
    }
}

/// Encodes at once.
pub fn encode(
    vm: &'static Vm,
    flags: u64,
    op: &Op,
    payload: Option<Term<'_>>,
) -> Result<Vec<Frame>, EncodeError> {
    let mut terms = Vec::new();
    let mut e = Encoding::start(vm, flags, op, payload, &mut terms)?;
    while !e.step(vm, &mut terms, &mut { usize::MAX })? {}
    Ok(e.finish())
}
