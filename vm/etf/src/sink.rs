//! Where encoded bytes go: a buffer, a buffer beside shared binaries, or only a count.

use core::ops::Range;
use term::boxed::Bits;
use term::heap::{HEAP_BIN_MAX, Heap};
use term::shared::BinHandle;
use term::term::Term;

pub(crate) trait Sink {
    fn byte(&mut self, b: u8);
    fn bytes(&mut self, bytes: &[u8]);
    /// All bits, the last byte padded with zero bits.
    fn bits(&mut self, bits: Bits<'_>);
    /// How many bytes came so far.
    fn len(&self) -> usize;
    /// Reserves four bytes and tells where they are, for [`Sink::patch`].
    fn hole(&mut self) -> usize;
    fn patch(&mut self, at: usize, value: u32);

    fn u16(&mut self, n: u16) {
        self.bytes(&n.to_be_bytes());
    }
    fn u32(&mut self, n: u32) {
        self.bytes(&n.to_be_bytes());
    }
}

impl Sink for Vec<u8> {
    #[inline]
    fn byte(&mut self, b: u8) {
        self.push(b);
    }
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.extend_from_slice(bytes);
    }
    fn bits(&mut self, bits: Bits<'_>) {
        match bits.aligned_bytes() {
            Some(whole) if bits.is_binary() => self.extend_from_slice(whole),
            _ => {
                let at = Vec::len(self);
                self.resize(at + bits.bit_len().div_ceil(8), 0);
                bits.copy_to(0, bits.bit_len(), &mut self[at..], 0);
            }
        }
    }
    #[inline]
    fn len(&self) -> usize {
        Vec::len(self)
    }
    fn hole(&mut self) -> usize {
        self.extend_from_slice(&[0; 4]);
        Vec::len(self) - 4
    }
    fn patch(&mut self, at: usize, value: u32) {
        self[at..at + 4].copy_from_slice(&value.to_be_bytes());
    }
}

/// Counts only.
#[derive(Default)]
pub(crate) struct Count(pub usize);

impl Sink for Count {
    fn byte(&mut self, _: u8) {
        self.0 += 1;
    }
    fn bytes(&mut self, bytes: &[u8]) {
        self.0 += bytes.len();
    }
    fn bits(&mut self, bits: Bits<'_>) {
        self.0 += bits.bit_len().div_ceil(8);
    }
    fn len(&self) -> usize {
        self.0
    }
    fn hole(&mut self) -> usize {
        self.0 += 4;
        0
    }
    fn patch(&mut self, _: usize, _: u32) {}
}

/// What `term_to_iovec` yields: runs of fresh bytes and, between them, shared binaries.
pub struct Iovec {
    bytes: Vec<u8>,
    segments: Vec<Segment>,
    /// Where the run of fresh bytes begins that is no segment yet.
    from: usize,
    shared: usize,
    /// Binaries up to this length are copied.
    copied: usize,
}

impl Default for Iovec {
    fn default() -> Iovec {
        Iovec { bytes: Vec::new(), segments: Vec::new(), from: 0, shared: 0, copied: HEAP_BIN_MAX }
    }
}

/// A piece of an encoded term.
pub enum Part {
    Fresh(Vec<u8>),
    /// Bytes of a shared binary, from where on and how many.
    Shared(BinHandle, usize, usize),
}

enum Segment {
    Fresh(Range<usize>),
    /// Whole bytes of a shared binary, from the byte on.
    Shared(BinHandle, usize, usize),
}

impl Iovec {
    /// One that goes on after these bytes, and refers to binaries of more than `copied` bytes.
    pub(crate) fn after(bytes: Vec<u8>, copied: usize) -> Iovec {
        Iovec { bytes, copied: copied.max(HEAP_BIN_MAX), ..Iovec::default() }
    }
    fn close_run(&mut self) {
        let end = self.bytes.len();
        if self.from < end {
            self.segments.push(Segment::Fresh(self.from..end));
            self.from = end;
        }
    }
    /// Bytes of all segments.
    pub fn total(&self) -> usize {
        self.bytes.len() + self.shared
    }
    /// The segments in order.
    pub fn into_parts(mut self) -> Vec<Part> {
        self.close_run();
        if let [Segment::Fresh(all)] = &self.segments[..]
            && all.len() == self.bytes.len()
        {
            return vec![Part::Fresh(self.bytes)];
        }
        let part = |segment| match segment {
            Segment::Fresh(run) => Part::Fresh(self.bytes.get(run).unwrap_or_default().to_vec()),
            Segment::Shared(bin, at, n) => Part::Shared(bin, at, n),
        };
        let mut parts: Vec<Part> = self.segments.drain(1..).map(part).collect();
        if let Some(first) = self.segments.pop() {
            parts.insert(
                0,
                match first {
                    // The buffer itself, from which all others have been copied.
                    Segment::Fresh(run) if run.start == 0 => {
                        self.bytes.truncate(run.end);
                        Part::Fresh(self.bytes)
                    }
                    first => part(first),
                },
            );
        }
        parts
    }
    /// The segments as a list of binaries. Fresh bytes are put into one shared binary, of which
    /// the runs are parts.
    pub fn into_list(mut self, heap: &Heap) -> Term<'_> {
        self.close_run();
        let fresh = (self.bytes.len() > HEAP_BIN_MAX).then(|| BinHandle::from_slice(&self.bytes));
        let parts: Vec<Term<'_>> = self
            .segments
            .into_iter()
            .map(|segment| match (segment, &fresh) {
                (Segment::Fresh(run), Some(bin)) => {
                    heap.shared_bits(bin.clone(), run.start * 8, run.len() * 8)
                }
                (Segment::Fresh(run), None) => heap.binary(&self.bytes[run]),
                (Segment::Shared(bin, at, n), _) => heap.shared_bits(bin, at * 8, n * 8),
            })
            .collect();
        heap.list(&parts)
    }
}

impl Sink for Iovec {
    #[inline]
    fn byte(&mut self, b: u8) {
        self.bytes.push(b);
    }
    #[inline]
    fn bytes(&mut self, bytes: &[u8]) {
        self.bytes.extend_from_slice(bytes);
    }
    fn bits(&mut self, bits: Bits<'_>) {
        let (n, start) = (bits.byte_len(), bits.owner().1);
        if n <= self.copied || start % 8 != 0 {
            return self.bytes.bits(bits);
        }
        let Some(bin) = bits.handle() else { return self.bytes.bits(bits) };
        self.close_run();
        self.segments.push(Segment::Shared(bin, start / 8, n));
        self.shared += n;
        match bits.bit_len() % 8 {
            0 => {}
            rest => self.bytes.push((bits.number(n * 8, rest) << (8 - rest)) as u8),
        }
    }
    fn len(&self) -> usize {
        self.total()
    }
    fn hole(&mut self) -> usize {
        self.bytes.hole()
    }
    fn patch(&mut self, at: usize, value: u32) {
        self.bytes.patch(at, value);
    }
}
