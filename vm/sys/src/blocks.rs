//! Small blocks that a thread has freed and will want again.
//!
//! Messages, envelopes, heap fragments, blocks of small processes and shared binaries come and go by the thousand, in
//! few sizes, and each goes through the C library's allocator twice. Its own cache holds seven of a size up to a
//! kilobyte; so bursts, and data that a collection lets go by the hundred, take its long way. A scheduler's thread keeps more: lists by
//! size, the newest first, each block's first word leading to the next. What is kept is bounded, and goes when the
//! allocator is to give memory back ([`release`]): blocks that lie here and there would hold whole pages.
//! Blocks of many megabytes are made in [`large`].

use crate::large;
use std::alloc::{GlobalAlloc, Layout, System};
use std::cell::Cell;
use std::ptr::null_mut;
use std::sync::atomic::{AtomicUsize, Ordering};

/// The C library's blocks have room for so many bytes and a multiple of [`STEP`].
const FIRST: usize = 8;
const STEP: usize = 16;
/// Bytes of the largest blocks that are kept.
const MOST: usize = (10 << 10) + FIRST;
const SIZES: usize = MOST / STEP + 1;
/// Most bytes that a thread keeps.
const KEPT: usize = 384 << 10;

/// Counts the calls of [`release`].
static RELEASED: AtomicUsize = AtomicUsize::new(0);

struct Lists {
    first: [Cell<*mut u8>; SIZES],
    bytes: Cell<usize>,
    /// Most bytes; 0 on threads that keep nothing.
    most: Cell<usize>,
    released: Cell<usize>,
    /// The next size to give back.
    next: Cell<usize>,
}

thread_local! {
    static LISTS: Lists = const {
        Lists {
            first: [const { Cell::new(null_mut()) }; SIZES],
            bytes: Cell::new(0),
            most: Cell::new(0),
            released: Cell::new(0),
            next: Cell::new(0),
        }
    };
}

/// The calling thread keeps blocks from now on. It is to run until the program ends, or to call [`leave`].
pub fn join() {
    LISTS.with(|l| l.most.set(KEPT));
}

/// The calling thread keeps nothing any more.
pub fn leave() {
    LISTS.with(|l| {
        l.most.set(0);
        l.shrink(0);
    });
}

/// Has threads give back what they keep when they next [`look`].
pub fn release() {
    RELEASED.fetch_add(1, Ordering::Relaxed);
}

/// Gives back what this thread keeps, if that was asked for.
#[inline]
pub fn look() {
    let now = RELEASED.load(Ordering::Relaxed);
    LISTS.with(|l| {
        if l.released.replace(now) != now {
            l.shrink(0);
        }
    });
}

/// In which list blocks of this layout are kept, 0 for none.
#[inline(always)]
fn index(layout: &Layout) -> usize {
    let n = layout.size();
    if n <= MOST && layout.align() <= STEP { ((n + STEP - FIRST - 1) / STEP).max(1) } else { 0 }
}

/// The layout by which the system is asked for such a block.
#[inline(always)]
fn rounded(layout: Layout, index: usize) -> Layout {
    if index == 0 {
        return layout;
    }
    // SAFETY: the alignment is one, and the size far from the largest.
    unsafe { Layout::from_size_align_unchecked(index * STEP + FIRST, layout.align()) }
}

/// # Safety
/// As for `GlobalAlloc::alloc`.
#[inline(always)]
pub(crate) unsafe fn alloc(layout: Layout) -> *mut u8 {
    let i = index(&layout);
    if i > 0 {
        let p = LISTS.with(|l| l.take(i));
        if !p.is_null() {
            return p;
        }
    }
    if layout.size() >= large::LEAST {
        return large::alloc(layout.size());
    }
    // SAFETY: by the caller's word.
    unsafe { System.alloc(rounded(layout, i)) }
}

/// # Safety
/// As for `GlobalAlloc::alloc_zeroed`.
pub(crate) unsafe fn alloc_zeroed(layout: Layout) -> *mut u8 {
    if layout.size() >= large::LEAST {
        return large::alloc_zeroed(layout.size());
    }
    // SAFETY: by the caller's word.
    unsafe { System.alloc_zeroed(rounded(layout, index(&layout))) }
}

/// # Safety
/// As for `GlobalAlloc::dealloc`, of a block that came from here.
#[inline(always)]
pub(crate) unsafe fn dealloc(p: *mut u8, layout: Layout) {
    let i = index(&layout);
    // SAFETY: by the caller's word.
    unsafe {
        if layout.size() >= large::LEAST {
            large::dealloc(p, layout.size())
        } else if i == 0 || !LISTS.with(|l| l.keep(p, i)) {
            System.dealloc(p, rounded(layout, i))
        }
    }
}

/// # Safety
/// As for `GlobalAlloc::realloc`, of a block that came from here.
pub(crate) unsafe fn realloc(p: *mut u8, layout: Layout, bytes: usize) -> *mut u8 {
    // SAFETY: by the caller's word; a block serves all sizes of its list.
    unsafe {
        let new = Layout::from_size_align_unchecked(bytes, layout.align());
        let (from, to) = (index(&layout), index(&new));
        if from == to && from > 0 {
            return p;
        }
        match (layout.size() >= large::LEAST, bytes >= large::LEAST) {
            (false, false) => {}
            (true, true) => return large::realloc(p, layout.size(), bytes),
            _ => {
                let q = alloc(new);
                if !q.is_null() {
                    q.copy_from_nonoverlapping(p, layout.size().min(bytes));
                    dealloc(p, layout);
                }
                return q;
            }
        }
        System.realloc(p, rounded(layout, from), rounded(new, to).size())
    }
}

impl Lists {
    /// The newest block of a list, or null.
    #[inline(always)]
    fn take(&self, i: usize) -> *mut u8 {
        let Some(first) = self.first.get(i) else { return null_mut() };
        let p = first.get();
        if !p.is_null() {
            // SAFETY: blocks of the list are ours, and begin with the link.
            first.set(unsafe { *p.cast::<*mut u8>() });
            self.bytes.set(self.bytes.get() - i * STEP);
        }
        p
    }
    /// # Safety
    /// The block is of this list's size and not used again.
    #[inline(always)]
    unsafe fn keep(&self, p: *mut u8, i: usize) -> bool {
        let bytes = self.bytes.get() + i * STEP;
        if bytes > self.most.get() {
            return self.is_full();
        }
        let Some(first) = self.first.get(i) else { return false };
        // SAFETY: by the caller's word there is room for the link.
        unsafe { *p.cast::<*mut u8>() = first.get() };
        first.set(p);
        self.bytes.set(bytes);
        true
    }
    /// Makes room for what will be freed next: sizes that nobody asks for are not to stay for good.
    #[cold]
    #[inline(never)]
    fn is_full(&self) -> bool {
        self.shrink(self.most.get() / 8 * 7);
        false
    }
    #[cold]
    fn shrink(&self, to: usize) {
        let mut i = self.next.get();
        while self.bytes.get() > to {
            let p = self.take(i);
            if p.is_null() {
                i = (i + 1) % SIZES;
                continue;
            }
            // SAFETY: out of the list the block is ours; the system knows its size.
            unsafe { System.dealloc(p, Layout::from_size_align_unchecked(i * STEP + FIRST, 8)) };
        }
        self.next.set(i);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn layout(n: usize) -> Layout {
        Layout::from_size_align(n, 8).unwrap()
    }

    #[test]
    fn blocks_come_again() {
        join();
        // SAFETY: blocks are used within their sizes and freed once.
        unsafe {
            for n in [1, 8, 9, 24, 25, 1460, 10_240, 10_248, 10_249, 100_000] {
                let p = alloc(layout(n));
                p.write_bytes(1, n);
                dealloc(p, layout(n));
                let q = alloc(layout(n));
                assert!(n > MOST || p == q);
                let q = realloc(q, layout(n), 3 * n);
                q.write_bytes(2, 3 * n);
                let q = realloc(q, layout(3 * n), n);
                assert_eq!(*q.add(n - 1), 2);
                dealloc(q, layout(n));
                let z = alloc_zeroed(layout(n));
                assert_eq!(*z.add(n - 1), 0);
                dealloc(z, layout(n));
            }
            let many: Vec<_> = (0..100_000).map(|i| (alloc(layout(24 + i % 2000)), i)).collect();
            for (p, i) in many {
                dealloc(p, layout(24 + i % 2000));
            }
            LISTS.with(|l| assert!((KEPT / 2..=KEPT).contains(&l.bytes.get())));
            release();
            look();
            LISTS.with(|l| assert_eq!(l.bytes.get(), 0));
            let p = alloc(layout(50));
            leave();
            dealloc(p, layout(50));
            LISTS.with(|l| assert_eq!(l.bytes.get(), 0));
        }
    }
}
