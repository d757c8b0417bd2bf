//! Bitstrings that grow at their end [erl_bits.c: bs_append].
//!
//! The free tail of a shared binary belongs to whoever claims it, so a bitstring that ends where its
//! binary ends is extended in place and any holder may do so. When the tail is full and nobody else
//! counts a reference, the binary grows by reallocation: everything on the heap that sees it does so
//! through the one `BinRef`, whose word is replaced. Else the bits are copied to a binary with room.

use crate::boxed::Bits;
use crate::heap::Heap;
use crate::literal;
use crate::shared::BinHandle;
use crate::term::{RawTerm, Subtag, Term};
use core::mem::ManuallyDrop;
use core::ptr::NonNull;

/// Smallest binary that is made for appending, in bytes.
const MIN_CAPACITY: usize = 256;

/// Zeroed room at the end of a bitstring that was just made; nobody else sees it.
pub struct Room<'h> {
    /// From the byte in which the room starts to its end.
    pub bytes: &'h mut [u8],
    /// The bit of the first byte at which it starts; bits before it are to be kept.
    pub bit: usize,
}

impl<'h> Room<'h> {
    /// # Safety
    /// The bits from `at` to `at + more` are claimed by the caller, their bytes (but for one that is
    /// already in use) uninitialised.
    unsafe fn new(data: *mut u8, at: usize, more: usize) -> Room<'h> {
        let (first, end) = (at / 8, (at + more).div_ceil(8));
        let fresh = at.div_ceil(8);
        // SAFETY: all within the claimed room.
        unsafe {
            core::ptr::write_bytes(data.add(fresh), 0, end.saturating_sub(fresh));
            let bytes = core::slice::from_raw_parts_mut(data.add(first), end - first);
            Room { bytes, bit: at % 8 }
        }
    }
}

fn roomy(bits: usize) -> usize {
    bits.div_ceil(8).saturating_mul(2).max(MIN_CAPACITY)
}

/// Claims room behind bit `end` of the binary in place, growing it if it may move.
///
/// # Safety
/// `owner` is a live `BinRef`.
unsafe fn extend<'h>(heap: &Heap, owner: RawTerm, end: usize, more: usize) -> Option<Room<'h>> {
    let word = owner.ptr().wrapping_add(1);
    // SAFETY: word 1 of a live `BinRef` is its binary, on which it holds a count.
    unsafe {
        let mut bin = ManuallyDrop::new(BinHandle::from_raw(*word));
        let local = bin.refc() == 1 && !literal::contains(word as u64);
        if (local || end.is_multiple_of(8)) && bin.claim_tail(end, more) {
            return Some(Room::new(bin.data_ptr(), end, more));
        }
        let old = bin.capacity();
        if local && bin.grow_tail(end, more, roomy(end + more)) {
            heap.charge(bin.capacity() - old);
            let data = bin.data_ptr();
            *word = ManuallyDrop::into_inner(bin).into_raw();
            return Some(Room::new(data, end, more));
        }
        None
    }
}

impl Heap {
    /// `of` and `more` bits behind it. Takes at most [`APPEND_WORDS`] words.
    ///
    /// The sum of the sizes is far from overflow: callers limit it.
    pub fn append_bits<'h>(&'h self, of: Bits<'h>, more: usize) -> (Term<'h>, Room<'h>) {
        let (owner, start) = of.owner();
        let size = of.bit_len();
        if of.is_shared() {
            // SAFETY: the owner of a live shared bitstring is a live `BinRef`.
            if let Some(room) = unsafe { extend(self, owner, start + size, more) } {
                return (self.sub_bits_raw(owner, start, size + more), room);
            }
        }
        let (bin, room) = copied(of, more);
        let bits = self.shared_bits(bin, 0, size + more);
        (bits, room)
    }

    /// The same for an accumulator that nobody else has seen: the term itself grows where it can.
    pub fn append_private<'h>(&'h self, of: Bits<'h>, more: usize) -> (Term<'h>, Room<'h>) {
        let (owner, start) = of.owner();
        let (size, t) = (of.bit_len(), of.term());
        if of.is_shared() && !literal::contains(t.raw().ptr() as u64) {
            // SAFETY: as above; a shared bitstring is `SubBits`, whose word 3 is its size.
            unsafe {
                if let Some(room) = extend(self, owner, start + size, more) {
                    *t.raw().ptr().add(3) = RawTerm::small((size + more) as i64).0;
                    return (t, room);
                }
            }
        }
        self.append_bits(of, more)
    }

    /// An empty bitstring with room for `capacity` bytes.
    pub fn writable<'h>(&'h self, capacity: usize) -> Term<'h> {
        self.shared_bits(BinHandle::with_capacity(0, capacity), 0, 0)
    }
}

/// Words that an append may take on the heap.
pub const APPEND_WORDS: usize = 7;

fn copied<'h>(of: Bits<'h>, more: usize) -> (BinHandle, Room<'h>) {
    let size = of.bit_len();
    let mut bin = BinHandle::with_capacity(size.div_ceil(8), roomy(size + more));
    if let Some(bytes) = bin.bytes_mut() {
        of.copy_to(0, size, bytes, 0);
    }
    bin.set_used_bits(size);
    let claimed = bin.claim_tail(size, more);
    debug_assert!(claimed);
    // SAFETY: claimed from a fresh binary that has the capacity.
    let room = unsafe { Room::new(bin.data_ptr(), size, more) };
    (bin, room)
}

/// Data and capacity in bits of a binary that ends at bit `end` and that only this process's heap
/// refers to: what is behind may be written, and counts once [`set_end`] was called.
///
/// # Safety
/// `owner` is a live object of the running process that owns bits.
#[inline(always)]
pub unsafe fn local_tail(owner: RawTerm, end: usize) -> Option<(NonNull<u8>, usize)> {
    // SAFETY: by the caller's word; word 1 of a `BinRef` is its binary.
    unsafe {
        if !owner.boxed_header().header_is(Subtag::BinRef) || literal::contains(owner.0) {
            return None;
        }
        BinHandle::tail_of_raw(owner.word(1), end)
    }
}

/// # Safety
/// [`local_tail`] gave room of the same `owner`, and the bits up to `end` were written.
#[inline(always)]
pub unsafe fn set_end(owner: RawTerm, end: usize) {
    // SAFETY: by the caller's word.
    unsafe { BinHandle::set_end_of_raw(owner.word(1), end) }
}

/// The data of a `HeapBits` or `BinRef`.
///
/// # Safety
/// `owner` is a live object of one of these kinds.
#[inline(always)]
pub unsafe fn owner_data(owner: RawTerm) -> *const u8 {
    // One bit tells the two apart.
    const BIT: u64 = RawTerm::header(Subtag::HeapBits, 0).0 & !RawTerm::header(Subtag::BinRef, 0).0;
    const { assert!(BIT != 0) };
    // SAFETY: by the caller's word.
    unsafe {
        if owner.boxed_header().0 & BIT != 0 {
            owner.ptr().add(2) as *const u8
        } else {
            BinHandle::data_of_raw(owner.word(1))
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn push<'h>(heap: &'h Heap, t: Term<'h>, byte: u8) -> Term<'h> {
        let (t, room) = heap.append_bits(t.as_bits().unwrap(), 8);
        let (end, bit) = (room.bytes.len(), room.bit);
        if bit == 0 {
            room.bytes[end - 1] = byte;
        } else {
            room.bytes[0] |= byte >> bit;
            room.bytes[1] = byte << (8 - bit);
        }
        t
    }

    #[test]
    fn appending_shares_and_grows() {
        let heap = Heap::new();
        let mut all = vec![heap.binary(b"")];
        for i in 0..(if cfg!(miri) { 100 } else { 2000u32 }) {
            all.push(push(&heap, all[i as usize], i as u8));
        }
        for (n, t) in all.iter().enumerate() {
            let bytes = t.as_binary().unwrap().bytes();
            assert_eq!(bytes.len(), n);
            assert!(bytes.iter().enumerate().all(|(i, &b)| b == i as u8));
        }
        // Two extensions of the same bitstring do not see each other.
        let (a, b) = (push(&heap, all[5], 100), push(&heap, all[5], 200));
        assert_eq!(a.as_binary().unwrap().bytes()[..], [0, 1, 2, 3, 4, 100]);
        assert_eq!(b.as_binary().unwrap().bytes()[..], [0, 1, 2, 3, 4, 200]);
    }

    #[test]
    fn unaligned_and_private() {
        let heap = Heap::new();
        let t = heap.writable(0);
        let (t1, room) = heap.append_private(t.as_bits().unwrap(), 3);
        assert!(t1.is_same(t));
        room.bytes[0] = 0b1010_0000;
        let t2 = push(&heap, t1, 0xff);
        assert_eq!(t2.as_bits().unwrap().padded_bytes(), [0b1011_1111, 0b1110_0000]);
        assert_eq!(t1.as_bits().unwrap().bit_len(), 3);
        let other = t2.as_bits().unwrap().handle();
        let t3 = push(&heap, t2, 0);
        assert_eq!(t3.as_bits().unwrap().bit_len(), 19);
        drop(other);
    }
}
