//! Memory of shared binaries that were just freed, for the next ones of the same size.
//!
//! Data that comes in from outside makes one binary after the other, all alike, and a collection frees hundreds of them at
//! a time: in sizes that the allocator joins and splits again at each turn. So a thread keeps some, and takes the
//! one that was freed last. Each block's first word leads to the next.

use core::alloc::Layout;
use core::cell::Cell;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicUsize, Ordering};
use std::alloc::dealloc;

/// Bytes of the smallest and largest blocks that are kept; smaller ones are the allocator's strength.
const LEAST: usize = 1 << 10;
const MOST: usize = 10 << 10;
/// Between one size and the next.
const STEP: usize = 128;
/// Most bytes that a thread keeps.
const KEPT: usize = 512 << 10;

/// Counts the calls of [`release`]: what threads have kept since before is to go.
static RELEASED: AtomicUsize = AtomicUsize::new(0);

struct Lists {
    first: [Cell<*mut u8>; (MOST - LEAST) / STEP + 1],
    bytes: Cell<usize>,
    released: Cell<usize>,
}

thread_local! {
    static LISTS: Lists = const {
        Lists {
            first: [const { Cell::new(null_mut()) }; (MOST - LEAST) / STEP + 1],
            bytes: Cell::new(0),
            released: Cell::new(0),
        }
    };
}

/// The size in which blocks of so many bytes are allocated.
#[inline]
pub(super) fn round(bytes: usize) -> usize {
    if is_kept(bytes) { bytes.next_multiple_of(STEP) } else { bytes }
}

#[inline]
fn is_kept(bytes: usize) -> bool {
    (LEAST..=MOST).contains(&bytes)
}

/// A block of this size, which [`round`] gave.
#[inline]
pub(super) fn take(size: usize) -> Option<*mut u8> {
    if !is_kept(size) {
        return None;
    }
    LISTS.try_with(|l| l.take(size)).ok().flatten()
}

/// Keeps a block of this size. `false`: it is to be freed.
/// # Safety
/// It was allocated in this size, aligned to 8 bytes, and is not used again.
#[inline]
pub(super) unsafe fn keep(p: *mut u8, size: usize) -> bool {
    // SAFETY: by the caller's word.
    is_kept(size) && LISTS.try_with(|l| unsafe { l.keep(p, size) }).unwrap_or(false)
}

/// Frees what this thread keeps, and has others do so when they next need or free a block.
pub fn release() {
    RELEASED.fetch_add(1, Ordering::Relaxed);
    let _ = LISTS.try_with(Lists::look);
}

impl Lists {
    #[inline]
    fn take(&self, size: usize) -> Option<*mut u8> {
        let first = &self.first[(size - LEAST) / STEP];
        let p = first.get();
        if p.is_null() {
            return None;
        }
        // SAFETY: blocks of the list are ours, and begin with the link.
        first.set(unsafe { *p.cast::<*mut u8>() });
        self.bytes.set(self.bytes.get() - size);
        Some(p)
    }
    /// # Safety
    /// As for the function of this name.
    #[inline]
    unsafe fn keep(&self, p: *mut u8, size: usize) -> bool {
        self.look();
        if self.bytes.get() + size > KEPT {
            return false;
        }
        let first = &self.first[(size - LEAST) / STEP];
        // SAFETY: by the caller's word there is room for the link.
        unsafe { *p.cast::<*mut u8>() = first.get() };
        first.set(p);
        self.bytes.set(self.bytes.get() + size);
        true
    }
    /// Frees all if that was asked for.
    #[inline]
    fn look(&self) {
        let now = RELEASED.load(Ordering::Relaxed);
        if self.released.replace(now) != now {
            self.clear();
        }
    }
    #[cold]
    fn clear(&self) {
        for i in 0..self.first.len() {
            let size = LEAST + i * STEP;
            while let Some(p) = self.take(size) {
                // SAFETY: out of the list the block is ours; it was allocated in this size.
                unsafe { dealloc(p, Layout::from_size_align_unchecked(size, 8)) };
            }
        }
    }
}

impl Drop for Lists {
    fn drop(&mut self) {
        self.clear();
    }
}

#[cfg(test)]
mod tests {
    use crate::shared::BinHandle;

    #[test]
    fn blocks_come_again() {
        for n in [900, 1000, 1460, 5000, 10_100, 10_200, 100_000] {
            let one = BinHandle::copy_of(&vec![1; n]);
            let at = one.bytes().as_ptr();
            drop(one);
            let mut two = BinHandle::copy_of(&vec![2; n - 10]);
            if (1000..10_200).contains(&n) {
                assert_eq!(two.bytes().as_ptr(), at);
            }
            assert!(two.resize(n - 10, 3 * n) && two.resize(n - 10, n));
            assert_eq!(two.bytes(), vec![2; n - 10]);
            let sized = BinHandle::sized(n);
            drop((two, sized));
        }
        let many: Vec<_> = (0..1000).map(|_| BinHandle::copy_of(&[3; 2000])).collect();
        drop(many);
        super::release();
    }
}
