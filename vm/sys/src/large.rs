//! Blocks of many megabytes: heaps of large processes, fragments of long messages, buffers and binaries.
//!
//! What large blocks cost is the first touch of their pages: 144 MB page by page take 50 ms, three times as long as filling
//! them. So they ask for huge pages, whose boundaries they begin at; freed ones are kept for a second or so with
//! their pages, for the next that asks for as much; and one that grows moves by its page tables. The system may take pages of
//! kept blocks if it needs them; [`release`] gives all back.
//!
//! A block's size follows from the number of bytes asked for, so whoever frees it says that again.

use crate::mmap;
use std::ptr::{NonNull, null_mut};
use std::sync::{Mutex, MutexGuard};

/// Blocks of at least so many bytes are made here.
pub(crate) const LEAST: usize = 4 << 20;
/// A huge page, or a multiple of one.
const ALIGN: usize = 2 << 20;
/// Freed blocks are kept up to so many bytes together.
const KEPT: usize = 128 << 20;
const SLOTS: usize = 32;
/// Seconds after which nobody is expected to ask for a block again.
const SOON: i64 = 1;

/// Freed blocks, their sizes and the second they were freed in, the first freed first.
struct Kept {
    blocks: [(*mut u8, usize, i64); SLOTS],
    count: usize,
    bytes: usize,
}

// SAFETY: the blocks belong to nobody else.
unsafe impl Send for Kept {}

static KEPT_BLOCKS: Mutex<Kept> =
    Mutex::new(Kept { blocks: [(null_mut(), 0, 0); SLOTS], count: 0, bytes: 0 });

fn kept() -> MutexGuard<'static, Kept> {
    KEPT_BLOCKS.lock().unwrap_or_else(|e| e.into_inner())
}

impl Kept {
    fn remove(&mut self, i: usize) -> (*mut u8, usize) {
        let (p, bytes, _) = self.blocks[i];
        self.blocks.copy_within(i + 1..self.count, i);
        self.count -= 1;
        self.bytes -= bytes;
        (p, bytes)
    }
    /// The newest of exactly this size.
    fn take(&mut self, bytes: usize) -> Option<*mut u8> {
        let i = self.blocks[..self.count].iter().rposition(|b| b.1 == bytes)?;
        Some(self.remove(i).0)
    }
}

/// What a block of so many bytes takes: an eighth of a power of two more at the most, so that sizes come again.
fn rounded(bytes: usize) -> Option<usize> {
    let step = 1usize << (bytes.ilog2() - 3);
    bytes
        .checked_add(step - 1)
        .map(|n| n & !(step - 1))
        .filter(|n| *n <= isize::MAX as usize - ALIGN)
}

/// So many bytes of addresses, with pages or only reserved, from a boundary of huge pages on.
fn aligned(bytes: usize, reserve_only: bool) -> Option<NonNull<u8>> {
    let raw = mmap::map(bytes + ALIGN, reserve_only).ok()?;
    let skip = raw.as_ptr().align_offset(ALIGN).min(ALIGN);
    // SAFETY: what lies before and after the aligned part is ours and unused; `skip` is at most what was added.
    unsafe {
        let p = raw.add(skip);
        if skip > 0 {
            mmap::unmap(raw, skip);
        }
        if skip < ALIGN {
            mmap::unmap(p.add(bytes), ALIGN - skip);
        }
        Some(p)
    }
}

fn fresh(bytes: usize) -> *mut u8 {
    let p = aligned(bytes, false).or_else(|| {
        release();
        aligned(bytes, false)
    });
    let Some(p) = p else { return null_mut() };
    mmap::want_huge_pages(p, bytes);
    p.as_ptr()
}

/// A block of at least [`LEAST`] bytes; null if there is no memory.
pub(crate) fn alloc(bytes: usize) -> *mut u8 {
    let Some(bytes) = rounded(bytes) else { return null_mut() };
    let again = kept().take(bytes);
    again.unwrap_or_else(|| fresh(bytes))
}

/// The same of zeroes.
pub(crate) fn alloc_zeroed(bytes: usize) -> *mut u8 {
    rounded(bytes).map_or(null_mut(), fresh)
}

/// # Safety
/// A block of so many bytes from here, which is not used again.
pub(crate) unsafe fn dealloc(p: *mut u8, bytes: usize) {
    let Some(bytes) = rounded(bytes) else { return };
    if bytes > KEPT {
        // SAFETY: by the caller's word.
        return unsafe { unmap(p, bytes) };
    }
    if let Some(p) = NonNull::new(p) {
        // SAFETY: by the caller's word.
        unsafe { mmap::need_not_keep(p, bytes) };
    }
    let now = mmap::seconds();
    // Older ones make room.
    loop {
        let mut kept = kept();
        let old = kept.count > 0 && now - kept.blocks[0].2 > SOON;
        if !old && kept.count < SLOTS && kept.bytes + bytes <= KEPT {
            let i = kept.count;
            kept.blocks[i] = (p, bytes, now);
            kept.count += 1;
            kept.bytes += bytes;
            return;
        }
        let (old, n) = kept.remove(0);
        drop(kept);
        // SAFETY: it was kept, and so is nobody's.
        unsafe { unmap(old, n) };
    }
}

/// # Safety
/// A block of so many bytes, rounded, that is not used again.
unsafe fn unmap(p: *mut u8, bytes: usize) {
    if let Some(p) = NonNull::new(p) {
        // SAFETY: by the caller's word.
        unsafe { mmap::unmap(p, bytes) }
    }
}

/// # Safety
/// A block of `old` bytes from here, which is used at its new place only, unless that is null. Both sizes are at least [`LEAST`].
pub(crate) unsafe fn realloc(p: *mut u8, old: usize, new: usize) -> *mut u8 {
    let (Some(from), Some(to)) = (rounded(old), rounded(new)) else { return null_mut() };
    if from == to {
        return p;
    }
    // SAFETY: by the caller's word the block is ours; a place that was reserved is nobody else's.
    unsafe {
        if to < from {
            unmap(p.add(to), from - to);
            return p;
        }
        let q = mmap::resize(p, from, to, || aligned(to, true));
        if let Some(q) = NonNull::new(q) {
            mmap::want_huge_pages(q, to);
            return q.as_ptr();
        }
        let q = alloc(new);
        if !q.is_null() {
            q.copy_from_nonoverlapping(p, old);
            dealloc(p, old);
        }
        q
    }
}

/// Gives back what is kept.
pub fn release() {
    loop {
        let mut kept = kept();
        if kept.count == 0 {
            return;
        }
        let (p, bytes) = kept.remove(0);
        drop(kept);
        // SAFETY: it was kept, and so is nobody's.
        unsafe { unmap(p, bytes) };
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn blocks_come_again_grow_and_shrink() {
        const MB: usize = 1 << 20;
        // SAFETY: blocks are used within their sizes and freed once.
        unsafe {
            let p = alloc(5 * MB + 1);
            assert_eq!(p as usize % ALIGN, 0);
            p.write_bytes(7, 5 * MB + 1);
            let p = realloc(p, 5 * MB + 1, 5 * MB + 100);
            let p = realloc(p, 5 * MB + 100, 40 * MB);
            assert_eq!((p as usize % ALIGN, *p, *p.add(5 * MB)), (0, 7, 7));
            p.add(40 * MB - 1).write(8);
            let p = realloc(p, 40 * MB, 6 * MB);
            assert_eq!(*p.add(5 * MB), 7);
            dealloc(p, 6 * MB);
            let q = alloc(6 * MB);
            assert_eq!(p, q);
            dealloc(q, 6 * MB);
            let z = alloc_zeroed(6 * MB);
            assert!((0..6 * MB).step_by(1000).all(|i| *z.add(i) == 0));
            dealloc(z, 6 * MB);
            for n in 1..200 {
                let p = alloc(LEAST + n * 300_000);
                p.add(n * 300_000).write(1);
                dealloc(p, LEAST + n * 300_000);
                assert!(kept().bytes <= KEPT);
            }
            assert!(alloc(isize::MAX as usize - 5).is_null());
        }
        release();
        let kept = kept();
        assert_eq!((kept.count, kept.bytes), (0, 0));
    }

    #[test]
    fn sizes_round_little() {
        for n in (LEAST..LEAST * 40).step_by(99_991) {
            let r = rounded(n).unwrap();
            assert!(r >= n && r - n <= n / 8 && r.is_multiple_of(4096) && rounded(r) == Some(r));
        }
    }
}
