//! Bytes on their way out of a port [erl_io_queue.c].
//!
//! What a process sends is an I/O list; here it becomes a few chunks. Small pieces are copied together, large
//! binaries are only referred to. The same structure is what a driver keeps of output that the system did not take yet.

use core::cell::Cell;
use std::collections::VecDeque;
use std::io::IoSlice;
use term::iolist::{Piece, walk};
use term::shared::BinHandle;
use term::{Bits, Term};

/// Binaries from this size on are referred to instead of copied.
const SHARE_FROM: usize = 1024;

/// Room of a fresh piece for small ones.
const SMALL: usize = 64;

/// Calls `f` with the pieces of an I/O list; `None` if it is none of whole bytes.
fn each_piece<'a>(list: Term<'a>, mut f: impl FnMut(Piece<'a>)) -> Option<()> {
    let ok = walk(list, |piece| {
        let whole = !matches!(&piece, Piece::Bits(bits) if !bits.is_binary());
        if whole {
            f(piece);
        }
        whole
    });
    ok.then_some(())
}

enum Chunk {
    Own(Vec<u8>),
    /// Start and end within the binary.
    Shared(BinHandle, usize, usize),
}

impl Chunk {
    fn bytes(&self) -> &[u8] {
        match self {
            Chunk::Own(v) => v,
            Chunk::Shared(b, start, end) => b.bytes().get(*start..*end).unwrap_or(&[]),
        }
    }
}

/// What a process sends: few bytes as they are, for the call alone, or chunks that may be kept.
pub enum Output<'a> {
    Bytes(&'a [u8]),
    Chunks(IoQueue),
}

impl<'a> Output<'a> {
    /// The bytes of a small binary.
    pub fn bytes_in_place(data: Term<'a>) -> Option<&'a [u8]> {
        data.as_binary().and_then(|b| b.aligned_bytes()).filter(|bytes| bytes.len() < SHARE_FROM)
    }
    /// The bytes of an I/O list, `None` if it is none. Small ones that do not lie together are put into `scratch`.
    pub fn of(list: Term<'a>, scratch: &'a mut Vec<u8>) -> Option<Output<'a>> {
        if let Some(bytes) = Output::bytes_in_place(list) {
            return Some(Output::Bytes(bytes));
        }
        let mut chunks: Option<IoQueue> = None;
        each_piece(list, |piece| match (&mut chunks, piece) {
            (Some(q), Piece::Byte(b)) => q.push_byte(b),
            (Some(q), Piece::Bits(bits)) => q.push_bits(bits),
            (None, Piece::Byte(b)) => scratch.push(b),
            (None, Piece::Bits(bits)) if bits.byte_len() < SHARE_FROM => {
                scratch.extend_from_slice(&bits.bytes());
            }
            (None, Piece::Bits(bits)) => {
                let mut q = IoQueue::new();
                q.push_slice(scratch);
                q.push_bits(bits);
                chunks = Some(q);
            }
        })?;
        Some(chunks.map_or(Output::Bytes(scratch), Output::Chunks))
    }
    /// The same in the pieces in which the reference's drivers get it, as a trace is to show: binaries that lie off a heap
    /// by themselves, what is between them together.
    pub fn in_pieces(list: Term<'a>) -> Option<Output<'a>> {
        const BY_ITSELF: usize = 65;
        let mut q = IoQueue::new();
        let mut between: Vec<u8> = Vec::new();
        each_piece(list, |piece| match piece {
            Piece::Byte(b) => between.push(b),
            Piece::Bits(bits) if bits.byte_len() < BY_ITSELF => {
                between.extend_from_slice(&bits.bytes());
            }
            Piece::Bits(bits) => {
                q.push_apart(core::mem::take(&mut between));
                q.push_apart(bits.bytes().to_vec());
            }
        })?;
        q.push_apart(between);
        Some(Output::Chunks(q))
    }
    pub fn len(&self) -> usize {
        match self {
            Output::Bytes(b) => b.len(),
            Output::Chunks(q) => q.len(),
        }
    }
    pub fn into_queue(self) -> IoQueue {
        match self {
            Output::Bytes(b) => {
                let mut q = IoQueue::new();
                q.push_slice(b);
                q
            }
            Output::Chunks(q) => q,
        }
    }
}

thread_local! {
    static SCRATCH: Cell<Vec<u8>> = const { Cell::new(Vec::new()) };
}

/// A vector of the thread, empty, for bytes that are needed during a call.
pub(super) fn with_scratch<R>(f: impl FnOnce(&mut Vec<u8>) -> R) -> R {
    /// Larger ones are not kept.
    const KEPT: usize = 64 << 10;
    let mut v = SCRATCH.take();
    v.clear();
    let r = f(&mut v);
    if v.capacity() <= KEPT {
        SCRATCH.set(v);
    }
    r
}

/// Chunks in order. A single one needs no memory of its own.
#[derive(Default)]
struct Chunks {
    first: Option<Chunk>,
    rest: VecDeque<Chunk>,
}

impl Chunks {
    fn front(&self) -> Option<&Chunk> {
        self.first.as_ref()
    }
    fn front_mut(&mut self) -> Option<&mut Chunk> {
        self.first.as_mut()
    }
    fn back_mut(&mut self) -> Option<&mut Chunk> {
        self.rest.back_mut().or(self.first.as_mut())
    }
    fn push_back(&mut self, c: Chunk) {
        match self.first {
            None => self.first = Some(c),
            Some(_) => self.rest.push_back(c),
        }
    }
    fn push_front(&mut self, c: Chunk) {
        if let Some(second) = self.first.replace(c) {
            self.rest.push_front(second);
        }
    }
    fn pop_front(&mut self) -> Option<Chunk> {
        let next = self.rest.pop_front();
        std::mem::replace(&mut self.first, next)
    }
    fn iter(&self) -> impl Iterator<Item = &Chunk> {
        self.first.iter().chain(&self.rest)
    }
    fn into_iter(self) -> impl Iterator<Item = Chunk> {
        self.first.into_iter().chain(self.rest)
    }
}

/// A queue of bytes in chunks.
#[derive(Default)]
pub struct IoQueue {
    chunks: Chunks,
    /// Bytes of the first chunk that are gone already.
    skip: usize,
    size: usize,
}

impl IoQueue {
    pub fn new() -> IoQueue {
        IoQueue::default()
    }
    /// The bytes of an I/O list; `None` if it is none.
    pub fn of_iodata(list: Term<'_>) -> Option<IoQueue> {
        let mut q = IoQueue::new();
        each_piece(list, |piece| match piece {
            Piece::Byte(b) => q.push_byte(b),
            Piece::Bits(bits) => q.push_bits(bits),
        })?;
        Some(q)
    }
    /// The same in one piece: as it lies there, or copied to `scratch`.
    pub(super) fn bytes_of<'a>(list: Term<'a>, scratch: &'a mut Vec<u8>) -> Option<&'a [u8]> {
        if let Some(bytes) = list.as_binary().and_then(|b| b.aligned_bytes()) {
            return Some(bytes);
        }
        each_piece(list, |piece| match piece {
            Piece::Byte(b) => scratch.push(b),
            Piece::Bits(bits) => scratch.extend_from_slice(&bits.bytes()),
        })?;
        Some(scratch)
    }
    /// Bytes in the queue.
    pub fn len(&self) -> usize {
        self.size
    }
    pub fn is_empty(&self) -> bool {
        self.size == 0
    }
    fn own(&mut self) -> &mut Vec<u8> {
        if !matches!(self.chunks.back_mut(), Some(Chunk::Own(_))) {
            self.chunks.push_back(Chunk::Own(Vec::with_capacity(SMALL)));
        }
        match self.chunks.back_mut() {
            Some(Chunk::Own(v)) => v,
            _ => unreachable!("pushed above"),
        }
    }
    fn push_byte(&mut self, byte: u8) {
        self.own().push(byte);
        self.size += 1;
    }
    fn push_bits(&mut self, bits: Bits<'_>) {
        let n = bits.byte_len();
        if n >= SHARE_FROM
            && let (Some(bin), Some(bytes)) = (bits.handle(), bits.aligned_bytes())
        {
            let start = (bytes.as_ptr() as usize).wrapping_sub(bin.bytes().as_ptr() as usize);
            if start.checked_add(n).is_some_and(|end| end <= bin.bytes().len()) {
                self.chunks.push_back(Chunk::Shared(bin, start, start + n));
                self.size += n;
                return;
            }
        }
        self.push_slice(&bits.bytes());
    }
    /// Adds bytes at the end.
    pub fn push_slice(&mut self, bytes: &[u8]) {
        if !bytes.is_empty() {
            self.own().extend_from_slice(bytes);
            self.size += bytes.len();
        }
    }
    /// Adds a whole vector at the end, without copying a large one.
    pub fn push_vec(&mut self, bytes: Vec<u8>) {
        if bytes.len() < SHARE_FROM {
            return self.push_slice(&bytes);
        }
        self.size += bytes.len();
        self.chunks.push_back(Chunk::Own(bytes));
    }
    /// A queue of a vector, whose first `skip` bytes are room for headers.
    pub fn of_vec(bytes: Vec<u8>, skip: usize) -> IoQueue {
        let size = bytes.len().saturating_sub(skip);
        let mut q = IoQueue { size, skip, ..IoQueue::new() };
        q.chunks.push_back(Chunk::Own(bytes));
        q
    }
    /// Makes shared binaries of large vectors, so that to split them copies nothing.
    pub fn share(&mut self) {
        for c in self.chunks.first.iter_mut().chain(&mut self.chunks.rest) {
            if let Chunk::Own(v) = c
                && v.len() >= SHARE_FROM
            {
                let n = v.len();
                *c = Chunk::Shared(BinHandle::from_vec(std::mem::take(v)), 0, n);
            }
        }
    }
    /// Adds a vector at the end that stays apart from what is there.
    fn push_apart(&mut self, bytes: Vec<u8>) {
        if !bytes.is_empty() {
            self.size += bytes.len();
            self.chunks.push_back(Chunk::Own(bytes));
        }
    }
    /// Adds bytes of a shared binary at the end, without copying many.
    pub fn push_shared(&mut self, bin: BinHandle, at: usize, n: usize) {
        if n < SHARE_FROM {
            return self.push_slice(bin.bytes().get(at..at + n).unwrap_or(&[]));
        }
        self.size += n;
        self.chunks.push_back(Chunk::Shared(bin, at, at + n));
    }
    /// Takes off the first `n` bytes as a queue of their own.
    pub fn split_front(&mut self, n: usize) -> IoQueue {
        let mut front = IoQueue::new();
        let mut left = n.min(self.size);
        while left > 0 {
            let Some(chunk) = self.chunks.front() else { break };
            let have = chunk.bytes().len() - self.skip;
            let take = have.min(left);
            match chunk {
                Chunk::Own(v) => {
                    front.push_slice(v.get(self.skip..self.skip + take).unwrap_or(&[]))
                }
                Chunk::Shared(b, start, _) => front.push_shared(b.clone(), start + self.skip, take),
            }
            self.advance(take);
            left -= take;
        }
        front
    }
    /// The chunks as a list of binaries.
    pub fn into_list(self, h: &term::Heap) -> Term<'_> {
        let mut all = Vec::new();
        let mut skip = self.skip;
        for chunk in self.chunks.into_iter() {
            let n = chunk.bytes().len() - skip;
            if n > 0 {
                all.push(match chunk {
                    Chunk::Own(v) => h.binary(v.get(skip..).unwrap_or(&[])),
                    Chunk::Shared(b, start, _) => h.shared_bits(b, (start + skip) * 8, n * 8),
                });
            }
            skip = 0;
        }
        h.list(&all)
    }
    /// Puts a header before the first byte.
    pub fn push_header(&mut self, header: &[u8]) {
        if !header.is_empty() {
            // What was taken from the first chunk is behind the header now.
            let skip = std::mem::take(&mut self.skip);
            if let (Some(at), Some(Chunk::Own(v))) =
                (skip.checked_sub(header.len()), self.chunks.front_mut())
            {
                // There is room for it where nothing is any more.
                v[at..skip].copy_from_slice(header);
                self.skip = at;
                self.size += header.len();
                return;
            }
            match self.chunks.front_mut() {
                Some(Chunk::Own(v)) if skip > 0 => _ = v.drain(..skip),
                Some(Chunk::Shared(_, start, _)) => *start += skip,
                _ => {}
            }
            self.chunks.push_front(Chunk::Own(header.to_vec()));
            self.size += header.len();
        }
    }
    /// Adds everything that `other` holds at the end.
    pub fn append(&mut self, other: IoQueue) {
        if self.is_empty() {
            *self = other;
            return;
        }
        let skip = other.skip;
        for (i, chunk) in other.chunks.into_iter().enumerate() {
            let from = if i == 0 { skip } else { 0 };
            let n = chunk.bytes().len() - from;
            match chunk {
                Chunk::Own(v) if n < SHARE_FROM => {
                    self.push_slice(v.get(from..).unwrap_or(&[]));
                }
                Chunk::Own(v) if from == 0 => self.push_vec(v),
                Chunk::Own(v) => {
                    self.size += n;
                    let end = v.len();
                    self.chunks.push_back(Chunk::Shared(BinHandle::from_vec(v), from, end));
                }
                Chunk::Shared(b, start, end) => {
                    self.size += n;
                    self.chunks.push_back(Chunk::Shared(b, start + from, end));
                }
            }
        }
    }
    /// The first chunks, for a gathering write: at most `most` slices.
    pub fn slices(&self, most: usize) -> Vec<IoSlice<'_>> {
        let parts = self.chunks.iter().enumerate().map(|(i, c)| {
            let from = if i == 0 { self.skip } else { 0 };
            c.bytes().get(from..).unwrap_or(&[])
        });
        parts.filter(|s| !s.is_empty()).take(most).map(IoSlice::new).collect()
    }
    /// The bytes from the first on that lie together, at most `most`.
    pub fn front(&self, most: usize) -> &[u8] {
        let mut from = self.skip;
        for c in self.chunks.iter() {
            let rest = c.bytes().get(from..).unwrap_or(&[]);
            if !rest.is_empty() {
                return &rest[..rest.len().min(most)];
            }
            from = 0;
        }
        &[]
    }
    /// Takes `n` bytes off the front.
    pub fn advance(&mut self, n: usize) {
        let mut left = n.min(self.size);
        self.size -= left;
        while let Some(c) = self.chunks.front() {
            let have = c.bytes().len() - self.skip;
            if have > left {
                self.skip += left;
                return;
            }
            left -= have;
            self.skip = 0;
            self.chunks.pop_front();
        }
    }
    pub fn clear(&mut self) {
        *self = IoQueue::new();
    }
    /// All bytes in one piece; the queue is empty afterwards.
    pub fn take_vec(&mut self) -> Vec<u8> {
        if self.skip == 0 && self.chunks.rest.is_empty() {
            match self.chunks.pop_front() {
                Some(Chunk::Own(v)) => {
                    self.size = 0;
                    return v;
                }
                Some(Chunk::Shared(b, from, to)) => {
                    self.clear();
                    return b.bytes()[from..to].to_vec();
                }
                None => {}
            }
        }
        let all = self.slices(usize::MAX).iter().fold(Vec::with_capacity(self.size), |mut v, s| {
            v.extend_from_slice(s);
            v
        });
        self.clear();
        all
    }
}

#[cfg(test)]
mod tests {
    use super::*;
    use term::Heap;

    #[test]
    fn from_io_lists() {
        let h = Heap::new();
        let big = h.binary(&[7; 5000]);
        let inner = h.list_onto(&[Term::small(1), h.binary(b"ab")], h.binary(b"tail"));
        let list = h.list_onto(&[inner, big, Term::small(2)], Term::nil());
        let mut q = IoQueue::of_iodata(list).unwrap();
        assert_eq!(q.len(), 1 + 2 + 4 + 5000 + 1);
        assert_eq!(q.slices(9).len(), 3);
        q.push_header(&[0, 9]);
        q.advance(3);
        q.push_header(&[7, 7]);
        let slices: Vec<Vec<u8>> = q.slices(2).iter().map(|s| s.to_vec()).collect();
        assert_eq!(slices, [b"\x07\x07".to_vec(), b"abtail".to_vec()]);
        q.advance(3);
        assert_eq!(q.front(100), b"btail");
        let mut other = IoQueue::new();
        other.push_slice(b"xyz");
        other.advance(1);
        other.append(q);
        let all = other.take_vec();
        assert_eq!(&all[..7], b"yzbtail");
        assert_eq!(all.len(), 2 + 5 + 5000 + 1);
        assert!(other.is_empty());
        for bad in [Term::small(1), h.list(&[Term::small(256)]), h.bits_with(3, |_| {})] {
            assert!(IoQueue::of_iodata(bad).is_none());
        }
    }
}
