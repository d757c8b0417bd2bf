//! Blocks of words for process heaps and the like.
//!
//! Small blocks come from the global allocator. Large ones are mapped, in size classes of an eighth of a power of two, and freed
//! ones are kept for a while with their pages: a collection frees a to-space as large as the one the next collection
//! asks for, and touching fresh pages costs more than anything else here. [`trim`] gives what is kept back to the system.
//!
//! Contents of a new block are undefined. A block's class follows from the number of words asked for, so freeing takes
//! the same number.

use crate::mmap;
use std::alloc::Layout;
use std::ptr::NonNull;
use std::sync::Mutex;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Blocks of at least this many words (256 KiB) are mapped.
pub const LARGE_WORDS: usize = 1 << 15;
/// Blocks of at least this many bytes ask for huge pages.
const HUGE_BYTES: usize = 4 << 20;
/// Freed blocks are kept up to this many bytes altogether.
const KEEP_BYTES: usize = 32 << 20;
/// Eight classes per power of two.
const CLASSES: usize = 8 * 49;

struct Cache {
    /// Freed blocks by class, the last freed last; each is as large as its class says.
    free: Vec<Vec<NonNull<u8>>>,
    kept: usize,
}

// SAFETY: the blocks in the cache belong to it alone.
unsafe impl Send for Cache {}

static CACHE: Mutex<Cache> = Mutex::new(Cache { free: Vec::new(), kept: 0 });
static MAPPED: AtomicUsize = AtomicUsize::new(0);

/// Bytes that large blocks take from the system at the moment, kept ones included.
pub fn mapped_bytes() -> usize {
    MAPPED.load(Ordering::Relaxed)
}

/// Rounds `words` (at least `LARGE_WORDS`) up to its class; gives class index and bytes.
fn class(words: usize) -> Option<(usize, usize)> {
    let bits = usize::BITS - 1 - (words - 1).leading_zeros();
    let step = 1usize << (bits - 3);
    let rounded = words.checked_add(step - 1)? & !(step - 1);
    let bytes = rounded.checked_mul(8).filter(|b| *b <= isize::MAX as usize)?;
    // An eighth of 2^15 words is 32 KiB: a multiple of every page size up to that; larger pages round once more.
    let page = mmap::page_size();
    let bytes = bytes.checked_add(page - 1)? & !(page - 1);
    let base = (bits as usize).checked_sub(14)?;
    Some((base * 8 + ((rounded - 1) >> (bits - 3) & 7), bytes))
}

/// How many words a block asked for as `words` really has; use them all.
pub fn usable_words(words: usize) -> usize {
    if words < LARGE_WORDS {
        return words.max(1);
    }
    class(words).map_or(words, |(_, bytes)| bytes / 8)
}

fn small_layout(words: usize) -> Option<Layout> {
    Layout::array::<u64>(words.max(1)).ok()
}

/// A block of at least `words` words, aligned to 8, contents undefined. `None` when memory is out.
pub fn alloc_words(words: usize) -> Option<NonNull<u64>> {
    if words < LARGE_WORDS {
        let layout = small_layout(words)?;
        // SAFETY: the layout is not of size zero.
        return NonNull::new(unsafe { std::alloc::alloc(layout) }.cast());
    }
    let (class, bytes) = class(words)?;
    if class < CLASSES {
        let mut cache = CACHE.lock().unwrap_or_else(|e| e.into_inner());
        if let Some(p) = cache.free.get_mut(class).and_then(Vec::pop) {
            cache.kept -= bytes;
            return Some(p.cast());
        }
    }
    let p = match mmap::map(bytes, false) {
        Ok(p) => p,
        Err(_) => {
            trim(0);
            mmap::map(bytes, false).ok()?
        }
    };
    if bytes >= HUGE_BYTES {
        mmap::want_huge_pages(p, bytes);
    }
    MAPPED.fetch_add(bytes, Ordering::Relaxed);
    Some(p.cast())
}

/// Frees a block.
///
/// # Safety
/// `p` came from [`alloc_words`] with the same `words`, and is not used afterwards.
pub unsafe fn free_words(p: NonNull<u64>, words: usize) {
    if words < LARGE_WORDS {
        if let Some(layout) = small_layout(words) {
            // SAFETY: allocated with this layout, by the caller's promise.
            unsafe { std::alloc::dealloc(p.as_ptr().cast(), layout) };
        }
        return;
    }
    let Some((class, bytes)) = class(words) else { return };
    if class < CLASSES && bytes <= KEEP_BYTES / 2 {
        let mut cache = CACHE.lock().unwrap_or_else(|e| e.into_inner());
        if cache.kept + bytes <= KEEP_BYTES {
            if cache.free.len() <= class {
                cache.free.resize_with(class + 1, Vec::new);
            }
            cache.free[class].push(p.cast());
            cache.kept += bytes;
            return;
        }
    }
    // SAFETY: a mapping of `bytes` bytes made by `alloc_words`, unused by the caller's promise.
    unsafe { mmap::unmap(p.cast(), bytes) };
    MAPPED.fetch_sub(bytes, Ordering::Relaxed);
}

/// Gives the memory of the whole pages within `words` words at `p` back to the system; the block stays allocated and
/// these words are undefined afterwards.
///
/// # Safety
/// `[p, p+words)` lies in one block of at least [`LARGE_WORDS`] words from [`alloc_words`]; its contents are not needed.
pub unsafe fn discard_words(p: NonNull<u64>, words: usize) {
    let page = mmap::page_size();
    let start = p.as_ptr() as usize;
    let skip = (page - start % page) % page;
    let end = start.saturating_add(words.saturating_mul(8));
    let Some(len) = end.checked_sub(start + skip).map(|n| n & !(page - 1)).filter(|n| *n > 0)
    else {
        return;
    };
    // SAFETY: within the mapped block by the caller's promise, page-aligned by construction.
    unsafe { mmap::discard_pages(p.cast::<u8>().add(skip), len) };
}

/// Gives kept blocks back until at most `keep` bytes of them remain. For idle times and memory pressure.
pub fn trim(keep: usize) {
    let mut cache = CACHE.lock().unwrap_or_else(|e| e.into_inner());
    for class in (0..cache.free.len()).rev() {
        let bytes = class_bytes(class);
        while cache.kept > keep {
            let Some(p) = cache.free[class].pop() else { break };
            cache.kept -= bytes;
            MAPPED.fetch_sub(bytes, Ordering::Relaxed);
            // SAFETY: the cache owned this block of the class's size.
            unsafe { mmap::unmap(p, bytes) };
        }
    }
}

/// Bytes of the blocks of a class.
fn class_bytes(class_index: usize) -> usize {
    let step = 1usize << (class_index / 8 + 14 - 3);
    let words = step * (9 + class_index % 8);
    class(words).map_or(0, |(_, bytes)| bytes)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn classes_are_consistent() {
        let mut last = 0;
        for shift in 15..40 {
            for off in [0usize, 1, 5000, 12345] {
                let words = (1usize << shift) + off;
                let (class, bytes) = class(words).unwrap();
                assert!(bytes >= words * 8 && bytes <= words * 8 + words + 32768);
                assert_eq!(class_bytes(class), bytes, "{words}");
                assert!(class >= last && class < CLASSES);
                last = class;
            }
        }
        assert!(class(usize::MAX).is_none());
    }

    #[test]
    fn alloc_use_free() {
        for words in [0, 1, 233, LARGE_WORDS - 1, LARGE_WORDS, 100_000, 3_000_000] {
            let p = alloc_words(words).unwrap();
            let n = usable_words(words);
            assert!(n >= words);
            // SAFETY: `n` words are usable; freed once with the same count.
            unsafe {
                p.as_ptr().write(1);
                p.add(n - 1).as_ptr().write(2);
                if words >= LARGE_WORDS {
                    discard_words(p.add(3), n - 3);
                    p.add(n - 1).as_ptr().write(2);
                }
                free_words(p, words);
            }
        }
        assert!(alloc_words(usize::MAX / 8).is_none());
        assert!(alloc_words(usize::MAX).is_none());
        trim(0);
    }
}
