//! Bitstrings: a run of bits inside a heap object or a shared binary.

use crate::shared::BinHandle;
use crate::term::{RawTerm, Subtag, Term};
use std::borrow::Cow;

/// Where a bitstring's bits are.
#[derive(Clone, Copy)]
pub struct Bits<'p> {
    term: Term<'p>,
    /// The object that owns the bytes: `HeapBits` or `BinRef`.
    owner: RawTerm,
    data: *const u8,
    offset: usize,
    size: usize,
}

impl<'p> Bits<'p> {
    /// Of a checked term.
    #[inline]
    pub(crate) fn of(term: Term<'p>) -> Bits<'p> {
        if term.is_box(Subtag::HeapBits) {
            let data = term.raw().ptr().wrapping_add(2) as *const u8;
            Bits { term, owner: term.raw(), data, offset: 0, size: term.word(1) as usize }
        } else {
            let owner = term.elem(1);
            let (offset, size) = (
                term.elem(2).raw().small_value() as usize,
                term.elem(3).raw().small_value() as usize,
            );
            Bits { term, owner: owner.raw(), data: owner_data(owner), offset, size }
        }
    }
    /// The remaining bits of a match context.
    /// # Safety
    /// `term` is a live match context.
    #[inline]
    pub unsafe fn of_context(term: Term<'p>) -> Bits<'p> {
        let owner = term.elem(1);
        let (pos, end) =
            (term.elem(2).raw().small_value() as usize, term.elem(3).raw().small_value() as usize);
        Bits { term, owner: owner.raw(), data: owner_data(owner), offset: pos, size: end - pos }
    }
    #[inline(always)]
    pub fn term(self) -> Term<'p> {
        self.term
    }
    /// The owning object, and the bit at which this run starts in it.
    #[inline(always)]
    pub fn owner(self) -> (RawTerm, usize) {
        (self.owner, self.offset)
    }
    /// Whether the bytes are in a shared (reference counted) binary.
    pub fn is_shared(self) -> bool {
        // SAFETY: the owner is alive as long as the term.
        unsafe { self.owner.is_boxed_of(Subtag::BinRef) }
    }
    /// A counted handle, if the bytes are in a shared binary.
    pub fn handle(self) -> Option<BinHandle> {
        if self.is_shared() {
            // SAFETY: the owner is alive as long as the term, and its word 1 is its binary.
            Some(unsafe { BinHandle::clone_raw(self.owner.word(1)) })
        } else {
            None
        }
    }
    /// Size of the underlying binary in bytes (`binary:referenced_byte_size/1`).
    pub fn referenced_bytes(self) -> usize {
        match self.handle() {
            Some(h) => h.bytes().len(),
            // SAFETY: the owner is alive; word 1 of HeapBits is its size.
            None => unsafe { (self.owner.word(1) as usize).div_ceil(8) },
        }
    }
    #[inline(always)]
    pub fn bit_len(self) -> usize {
        self.size
    }
    /// Whole bytes, a trailing partial byte not counted.
    #[inline(always)]
    pub fn byte_len(self) -> usize {
        self.size / 8
    }
    #[inline(always)]
    pub fn is_binary(self) -> bool {
        self.size.is_multiple_of(8)
    }
    /// Base pointer and bit offset from it.
    #[inline(always)]
    pub fn raw_parts(self) -> (*const u8, usize) {
        (self.data, self.offset)
    }
    /// The whole bytes, if they are byte aligned in memory.
    #[inline]
    pub fn aligned_bytes(self) -> Option<&'p [u8]> {
        if !self.offset.is_multiple_of(8) {
            return None;
        }
        // SAFETY: the run lies within live, initialised, immutable bytes.
        Some(unsafe { core::slice::from_raw_parts(self.data.add(self.offset / 8), self.size / 8) })
    }
    /// The whole bytes, copied if they are not aligned.
    pub fn bytes(self) -> Cow<'p, [u8]> {
        match self.aligned_bytes() {
            Some(b) => Cow::Borrowed(b),
            None => {
                let mut v = vec![0; self.size / 8];
                self.copy_to(0, self.size / 8 * 8, &mut v, 0);
                Cow::Owned(v)
            }
        }
    }
    /// The bytes as text, if they are aligned and UTF-8. Of a shared binary this is found out once.
    pub fn text(self) -> Option<&'p str> {
        let bytes = self.aligned_bytes()?;
        if !self.is_shared() {
            return core::str::from_utf8(bytes).ok();
        }
        let from = self.offset / 8;
        // SAFETY: the owner is a `BinRef` that is alive as long as the term, and the run is within its bytes.
        unsafe { BinHandle::text_of_raw(self.owner.word(1), from, from + bytes.len()) }
    }
    /// All bits from the left, the last byte padded with zero bits.
    pub fn padded_bytes(self) -> Vec<u8> {
        let mut v = vec![0; self.size.div_ceil(8)];
        self.copy_to(0, self.size, &mut v, 0);
        v
    }
    /// Byte `i` (bits `8*i ..`).
    /// # Panics
    /// If there is no such whole byte.
    #[inline]
    pub fn byte(self, i: usize) -> u8 {
        assert!(i < self.byte_len());
        self.byte_at_bit(i * 8)
    }
    #[inline]
    fn byte_at_bit(self, bit: usize) -> u8 {
        let at = self.offset + bit;
        // SAFETY: callers ask for 8 bits within the run.
        unsafe {
            let p = self.data.add(at / 8);
            match at % 8 {
                0 => *p,
                s => *p << s | *p.add(1) >> (8 - s),
            }
        }
    }
    /// Up to 64 bits from bit `at`, as a big-endian number.
    /// # Panics
    /// If they are not all within the run.
    pub fn number(self, at: usize, n: usize) -> u64 {
        assert!(n <= 64 && at.checked_add(n).is_some_and(|e| e <= self.size));
        let mut v = 0u64;
        let mut i = 0;
        while i + 8 <= n {
            v = v << 8 | self.byte_at_bit(at + i) as u64;
            i += 8;
        }
        while i < n {
            let b = self.offset + at + i;
            // SAFETY: within the run by the assertion above.
            let bit = unsafe { *self.data.add(b / 8) } >> (7 - b % 8) & 1;
            v = v << 1 | bit as u64;
            i += 1;
        }
        v
    }
    /// Copies `n` bits from bit `at` into `dst` at bit `dst_bit`.
    /// # Panics
    /// If source or destination are too small.
    pub fn copy_to(self, at: usize, n: usize, dst: &mut [u8], dst_bit: usize) {
        assert!(at.checked_add(n).is_some_and(|e| e <= self.size));
        assert!(dst_bit.checked_add(n).is_some_and(|e| e <= dst.len() * 8));
        // SAFETY: both ranges were checked; `dst` is exclusive.
        unsafe { copy_bits(self.data, self.offset + at, dst.as_mut_ptr(), dst_bit, n) }
    }
}

#[inline]
fn owner_data(owner: Term<'_>) -> *const u8 {
    if owner.is_box(Subtag::HeapBits) {
        owner.raw().ptr().wrapping_add(2) as *const u8
    } else {
        // SAFETY: word 1 of a live BinRef is its binary.
        unsafe { BinHandle::data_of_raw(owner.word(1)) }
    }
}

/// Copies `n` bits; bits of `dst` outside the range stay.
/// # Safety
/// Both ranges are within live memory and do not overlap; the destination is exclusive.
pub unsafe fn copy_bits(src: *const u8, src_bit: usize, dst: *mut u8, dst_bit: usize, n: usize) {
    if n == 0 {
        return;
    }
    // SAFETY: every access below stays within the bytes that the two bit ranges touch.
    unsafe {
        let (mut s, so) = (src.add(src_bit / 8), src_bit % 8);
        let (mut d, dof) = (dst.add(dst_bit / 8), dst_bit % 8);
        let mut left = n;
        if so == dof {
            if dof != 0 {
                let take = left.min(8 - dof);
                let mask = (0xffu8 >> dof) & (0xffu16 << (8 - dof - take)) as u8;
                *d = (*d & !mask) | (*s & mask);
                left -= take;
                s = s.add(1);
                d = d.add(1);
            }
            core::ptr::copy_nonoverlapping(s, d, left / 8);
            let (i, rest) = (left / 8, left % 8);
            if rest != 0 {
                let mask = !(0xffu8 >> rest);
                *d.add(i) = (*d.add(i) & !mask) | (*s.add(i) & mask);
            }
            return;
        }
        // Different alignment: gather source bytes, store whole destination bytes where possible.
        let end = src_bit + n;
        let last = src.add((end - 1) / 8);
        let mut bit = src_bit;
        let read8 = |bit: usize| -> u8 {
            let p = src.add(bit / 8);
            let o = bit % 8;
            let hi = *p << o;
            if o != 0 && p < last { hi | *p.add(1) >> (8 - o) } else { hi }
        };
        if dof != 0 {
            let take = left.min(8 - dof);
            let mask = (0xffu8 >> dof) & (0xffu16 << (8 - dof - take)) as u8;
            *d = (*d & !mask) | (read8(bit) >> dof & mask);
            left -= take;
            bit += take;
            d = d.add(1);
        }
        while left >= 8 {
            *d = read8(bit);
            bit += 8;
            left -= 8;
            d = d.add(1);
        }
        if left > 0 {
            let mask = !(0xffu8 >> left);
            *d = (*d & !mask) | (read8(bit) & mask);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::copy_bits;
    use crate::Heap;

    #[test]
    fn text_is_remembered() {
        let h = Heap::new();
        let text = "aé".repeat(100);
        let t = h.binary(text.as_bytes());
        let b = t.as_bits().unwrap();
        let part = |from: usize, n: usize| h.sub_bits(b, from * 8, n * 8).as_bits().unwrap();
        for _ in 0..2 {
            assert_eq!(part(0, 3).text(), Some("aé"));
            assert_eq!(part(3, 4).text(), Some("aéa"));
            assert_eq!(part(2, 4).text(), None);
            assert_eq!(part(0, 2).text(), None);
            assert_eq!(b.text(), Some(&text[..]));
        }
        assert_eq!(h.binary(&[b'a'; 99]).as_bits().unwrap().text(), Some(&"a".repeat(99)[..]));
        let mut bad = text.into_bytes();
        bad.push(0xff);
        let t = h.binary(&bad);
        assert_eq!(t.as_bits().unwrap().text(), None);
    }

    #[test]
    fn copy_bits_matches_a_bit_by_bit_copy() {
        let src: Vec<u8> = (0..24u32).map(|i| (i * 37 + 11) as u8).collect();
        for so in 0..9 {
            for dof in 0..9 {
                for n in (0..70).step_by(if cfg!(miri) { 23 } else { 1 }) {
                    let mut a = vec![0xa5u8; 24];
                    let mut b = a.clone();
                    // SAFETY: both ranges are within the vectors.
                    unsafe { copy_bits(src.as_ptr(), so, a.as_mut_ptr(), dof, n) };
                    for i in 0..n {
                        let bit = src[(so + i) / 8] >> (7 - (so + i) % 8) & 1;
                        let (p, m) = ((dof + i) / 8, 0x80u8 >> ((dof + i) % 8));
                        b[p] = if bit == 1 { b[p] | m } else { b[p] & !m };
                    }
                    assert_eq!(a, b, "so {so} dof {dof} n {n}");
                }
            }
        }
    }
}
