//! Blocks that were just emptied, for the next collection of the same size.
//!
//! A collection frees one block and the next takes one as large: going through the allocator, large blocks
//! would be joined, split and given back to the system each time. A slot holds one block; its size lies in
//! the block's first word, and whoever takes the block out of the slot owns it.

use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};

/// Blocks of fewer words are the allocator's strength, and larger ones are too much to keep.
const LEAST: usize = 1 << 10;
const MOST: usize = 1 << 16;
/// More than there are sizes in the growth series between the two.
const SLOTS: usize = 32;

static SPARE: [AtomicPtr<u64>; SLOTS] = [const { AtomicPtr::new(null_mut()) }; SLOTS];

fn slot(words: usize) -> Option<&'static AtomicPtr<u64>> {
    if !(LEAST..=MOST).contains(&words) {
        return None;
    }
    SPARE.get((words.wrapping_mul(0x9e37_79b9) >> 16) % SLOTS)
}

/// A block of exactly this size.
#[inline]
pub(super) fn take(words: usize) -> Option<*mut u64> {
    let slot = slot(words)?;
    if slot.load(Ordering::Relaxed).is_null() {
        return None;
    }
    let p = slot.swap(null_mut(), Ordering::Acquire);
    if p.is_null() {
        return None;
    }
    // SAFETY: out of the slot the block is ours, and begins with its size.
    unsafe {
        if *p == words as u64 {
            return Some(p);
        }
        super::give_back(p, *p as usize);
    }
    None
}

/// Keeps a block; what is to be freed instead, if anything: pointer and words.
/// # Safety
/// The block is of so many words, came from `alloc_block` and is not used again.
#[inline]
pub(super) unsafe fn keep(p: *mut u64, words: usize) -> Option<(*mut u64, usize)> {
    let Some(slot) = slot(words) else { return Some((p, words)) };
    // SAFETY: the block is ours; one that comes out of the slot as well.
    unsafe {
        *p = words as u64;
        let old = slot.swap(p, Ordering::AcqRel);
        if old.is_null() { None } else { Some((old, *old as usize)) }
    }
}

/// Frees all.
pub fn release() {
    for slot in &SPARE {
        let p = slot.swap(null_mut(), Ordering::Acquire);
        if !p.is_null() {
            // SAFETY: as in `take`.
            unsafe { super::give_back(p, *p as usize) }
        }
    }
}
