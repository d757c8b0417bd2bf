//! A queue of bytes that keeps binaries rather than copying them [erl_io_queue.c].

use std::collections::VecDeque;
use term::shared::BinHandle;
use term::{Bits, Heap, Term};

/// A run of bytes in a shared binary.
struct Piece {
    bin: BinHandle,
    start: usize,
    len: usize,
}

impl Piece {
    fn of(bits: Bits<'_>) -> Piece {
        let (_, offset) = bits.owner();
        match bits.handle() {
            Some(bin) if offset % 8 == 0 => Piece { bin, start: offset / 8, len: bits.byte_len() },
            // Small ones live on a heap, and unaligned ones cannot be shown as bytes: copied.
            _ => Piece::copied(&bits.bytes()),
        }
    }
    fn copied(bytes: &[u8]) -> Piece {
        Piece { bin: BinHandle::from_slice(bytes), start: 0, len: bytes.len() }
    }
    fn bytes(&self) -> &[u8] {
        self.bin.bytes().get(self.start..self.start.saturating_add(self.len)).unwrap_or_default()
    }
}

/// See the module head. Holds no empty pieces.
#[derive(Default)]
pub(crate) struct Queue {
    pieces: VecDeque<Piece>,
    size: usize,
}

impl Queue {
    /// Bytes in the queue.
    pub fn size(&self) -> usize {
        self.size
    }
    pub fn push(&mut self, bits: Bits<'_>) {
        self.add(Piece::of(bits));
    }
    pub fn push_bytes(&mut self, bytes: &[u8]) {
        self.add(Piece::copied(bytes));
    }
    fn add(&mut self, piece: Piece) {
        if piece.len > 0 {
            self.size += piece.len;
            self.pieces.push_back(piece);
        }
    }
    pub fn clear(&mut self) {
        *self = Queue::default();
    }
    /// The runs of bytes, first to last.
    pub fn iter(&self) -> impl Iterator<Item = &[u8]> {
        self.pieces.iter().map(Piece::bytes)
    }
    /// The first run as a binary.
    pub fn head<'h>(&self, heap: &'h Heap) -> Option<Term<'h>> {
        let p = self.pieces.front()?;
        Some(heap.shared_bits(p.bin.clone(), p.start * 8, p.len * 8))
    }
    /// Drops `n` bytes, or all if there are fewer.
    pub fn skip(&mut self, mut n: usize) {
        while let Some(p) = self.pieces.front_mut() {
            if n < p.len {
                p.start += n;
                p.len -= n;
                self.size -= n;
                return;
            }
            n -= p.len;
            self.size -= p.len;
            self.pieces.pop_front();
        }
    }
    /// Moves bytes into `to`, until that is full or the queue empty.
    pub fn read(&mut self, to: &mut [u8]) {
        let mut done = 0;
        for run in self.pieces.iter().map(Piece::bytes) {
            let Some(room) = to.get_mut(done..).filter(|r| !r.is_empty()) else { break };
            let n = run.len().min(room.len());
            room[..n].copy_from_slice(&run[..n]);
            done += n;
        }
        self.skip(done);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn in_and_out() {
        let h = Heap::new();
        let long: Vec<u8> = (0..200).collect();
        let mut q = Queue::default();
        assert!(q.head(&h).is_none());
        let b = h.binary(&long).as_binary().expect("binary");
        q.push(b);
        q.push(h.sub_bits(b, 8, 16).as_binary().expect("binary"));
        q.push(h.sub_bits(b, 4, 16).as_binary().expect("binary"));
        q.push_bytes(b"xyz");
        q.push_bytes(b"");
        assert_eq!(q.size(), 207);
        let all: Vec<u8> = q.iter().flatten().copied().collect();
        assert_eq!(&all[200..], [1, 2, 0, 16, b'x', b'y', b'z']);
        q.skip(198);
        let head = q.head(&h).and_then(|t| t.as_binary()).expect("not empty");
        assert_eq!(*head.bytes(), [198, 199]);
        let mut to = [0; 5];
        q.read(&mut to);
        assert_eq!((to, q.size()), ([198, 199, 1, 2, 0], 4));
        q.skip(100);
        assert_eq!((q.size(), q.iter().count()), (0, 0));
    }
}
