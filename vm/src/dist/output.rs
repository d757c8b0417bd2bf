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
use etf::atom_cache::{AtomTable, Atoms, Fragment, Sent, empty_header};
use etf::{EncodeError, EncodeOptions, Encoder, Part, tag};
use std::collections::VecDeque;
use term::{Heap, Term};

/// Payloads up to this length are not cut.
const WHOLE: usize = 80 << 10;
/// Bytes of the payload in one fragment.
const FRAGMENT: usize = 64 << 10;
/// What a packet counts beyond its bytes.
const OVERHEAD: usize = 64;
/// Room for so many packets stays when the queue is empty.
const KEPT: usize = 32;
/// Room for headers before a packet.
const ROOM: usize = 48;
/// Binaries up to so many bytes are copied.
const COPIED: usize = 1023;

/// One packet without its header.
pub struct Frame {
    atoms: Atoms,
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
    /// For the header of the packet that leaves.
    header: Vec<u8>,
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
        if self.queue.is_empty() && self.queue.capacity() > KEPT {
            self.queue = VecDeque::new();
        }
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
        self.header.clear();
        match (&mut self.cache, fragment) {
            (Some(cache), Fragment::Whole | Fragment::First { .. }) => {
                cache.header(&f.atoms, fragment, &mut self.header);
            }
            _ => empty_header(fragment, &mut self.header),
        }
        body.push_header(&self.header);
        Some((body, size))
    }
}

/// An encoding under way: the control message is done, the payload need not be.
pub struct Encoding {
    atoms: AtomTable,
    flags: u64,
    /// Where the payload begins; what comes before it has room for headers in front.
    payload: usize,
    bytes: Bytes,
}

enum Bytes {
    /// There is no payload beside the control message.
    Control(Vec<u8>),
    Payload(Encoder),
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
    /// Encodes the control message and begins with the payload: what is not done of it is left in `terms`, for
    /// [`Encoding::step`]. Whether all is done.
    pub fn start<'p>(
        vm: &'static Vm,
        flags: u64,
        op: &Op,
        payload: Option<Term<'p>>,
        terms: &mut Vec<Term<'p>>,
        budget: &mut usize,
    ) -> Result<(Encoding, bool), EncodeError> {
        let atoms = AtomTable::new();
        let resolver = VmResolver(vm);
        let plain = flags & (flags::DIST_HDR_ATOM_CACHE | flags::FRAGMENTS) == 0;
        let mut bytes = Vec::with_capacity(4 * ROOM);
        bytes.resize(ROOM, 0);
        if plain {
            bytes.extend_from_slice(&[tag::PASS_THROUGH, tag::VERSION]);
        }
        let options = options(&resolver, flags, &atoms);
        let inside = Heap::scratch(|heap| {
            let (term, inside) = op.control(heap, flags, payload);
            etf::encode_body(term, &mut bytes, &options).map(|()| inside)
        })?;
        let at = bytes.len();
        let Some(p) = payload.filter(|_| !inside) else {
            let bytes = Bytes::Control(bytes);
            return Ok((Encoding { atoms, flags, payload: at, bytes }, true));
        };
        // The version byte goes before terms only where there is no header.
        if plain {
            bytes.push(tag::VERSION);
        }
        let mut encoder = Encoder::after(bytes, COPIED);
        let done = encoder.begin(p, terms, &options, budget)?;
        Ok((Encoding { atoms, flags, payload: at, bytes: Bytes::Payload(encoder) }, done))
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
        match &mut self.bytes {
            Bytes::Payload(e) => e.step(terms, &options, budget),
            Bytes::Control(_) => Ok(true),
        }
    }
    /// The packets.
    pub fn finish(self) -> Vec<Frame> {
        let mut all = match self.bytes {
            Bytes::Control(bytes) => IoQueue::of_vec(bytes, ROOM),
            Bytes::Payload(e) => of_parts(e.finish()),
        };
        let control = self.payload - ROOM;
        let atoms = self.atoms.into_atoms();
        let payload = all.len().saturating_sub(control);
        if payload <= WHOLE || self.flags & flags::FRAGMENTS == 0 {
            return vec![Frame { atoms, part: PartOf::Whole, body: all }];
        }
        all.share();
        let count = payload.div_ceil(FRAGMENT) as u64;
        let body = all.split_front(control + FRAGMENT);
        let sequence = SEQUENCE.fetch_add(1, Ordering::Relaxed);
        let mut frames = vec![Frame { atoms, part: PartOf::First(sequence, count), body }];
        for number in (1..count).rev() {
            let body = all.split_front(FRAGMENT);
            let atoms = Atoms::default();
            frames.push(Frame { atoms, part: PartOf::Next(sequence, number), body });
        }
        frames
    }
}

/// The bytes of an encoder, whose first [`ROOM`] are room for headers.
fn of_parts(encoded: Option<etf::Encoded>) -> IoQueue {
    let parts = match encoded {
        Some(etf::Encoded::Iovec(v)) => v.into_parts(),
        Some(etf::Encoded::Bytes(b)) => vec![Part::Fresh(b)],
        None => Vec::new(),
    };
    let mut parts = parts.into_iter();
    let Some(Part::Fresh(first)) = parts.next() else { return IoQueue::new() };
    let mut all = IoQueue::of_vec(first, ROOM);
    for part in parts {
        match part {
            Part::Fresh(bytes) => all.push_vec(bytes),
            Part::Shared(bin, at, n) => all.push_shared(bin, at, n),
        }
    }
    all
}

/// Encodes at once.
pub fn encode(
    vm: &'static Vm,
    flags: u64,
    op: &Op,
    payload: Option<Term<'_>>,
) -> Result<Vec<Frame>, EncodeError> {
    let mut terms = Vec::new();
    let (mut e, mut done) =
        Encoding::start(vm, flags, op, payload, &mut terms, &mut { usize::MAX })?;
    while !done {
        done = e.step(vm, &mut terms, &mut { usize::MAX })?;
    }
    Ok(e.finish())
}
