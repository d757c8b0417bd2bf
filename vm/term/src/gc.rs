//! The process heap and its generational copying collector [erl_gc.c].
//!
//! One block holds the young heap, growing up, and the Erlang stack, growing down. Objects that
//! survived one collection lie below the *mature* mark; the next minor collection promotes them to
//! the old generation, a list of blocks. A term never points from an older object to a younger one,
//! since terms are immutable; so a minor collection looks at the roots and the young block alone.
//!
//! A major collection copies everything that lives into one fresh young block. One that is due because the old
//! generation has grown makes a fresh old generation instead, so that what it copies is not copied again by the
//! minor collection that follows. Literals are never followed or moved, but for an area given in
//! [`ProcHeap::collect_major`] that is about to go.
//!
//! The collector works on raw words: during a collection no branded term may exist. That is
//! why every entry takes `&mut ProcHeap`.

mod copy;
mod sizes;
mod spare;

pub use sizes::{next_size, size_for};
pub use spare::release as release_spare_blocks;

use crate::heap::{Fragment, Heap, sweep_all};
use crate::term::RawTerm;
use copy::Copier;
use core::alloc::Layout;
use core::ptr::null_mut;
use std::alloc::{alloc, dealloc, handle_alloc_error};

/// Words kept free between heap and stack, so that a frame's continuation always fits.
pub const STACK_SLACK: usize = 4;

/// An old generation of up to twice as many words is not worth a major collection.
const OLD_FLOOR: usize = 1 << 14;
/// A young block of up to so many words does not shrink in minor collections, and never below a half of them:
/// it fits the caches, and a small one is collected often.
const NURSERY: usize = 1 << 13;
/// A young block of fewer words grows where nearly all survives. Larger ones are not worth the first touches of their pages.
const ROOMY: usize = 1 << 15;
/// A young block beside a large old generation has at least so many words.
const OLD_NURSERY: usize = 1 << 15;

/// One block of the old generation.
pub(crate) struct OldBlock {
    pub base: *mut u64,
    pub top: *mut u64,
    pub words: usize,
}

/// The old generation.
#[derive(Default)]
pub(crate) struct OldGen {
    pub blocks: Vec<OldBlock>,
    /// Off-heap objects that live here.
    pub off_heap: *mut u64,
    /// Words in use after the last major collection, and now.
    pub live: usize,
    pub used: usize,
    /// Bytes of the shared binaries that it refers to.
    pub vheap: usize,
}

impl OldGen {
    #[inline]
    pub fn contains(&self, p: *const u64) -> bool {
        self.blocks.iter().any(|b| (p as usize).wrapping_sub(b.base as usize) < b.words * 8)
    }
    fn capacity(&self) -> usize {
        self.blocks.iter().map(|b| b.words).sum()
    }
    /// An empty one with a first block for so many words.
    fn with_room(words: usize) -> OldGen {
        let base = alloc_block(words.max(1));
        OldGen {
            blocks: vec![OldBlock { base, top: base, words: words.max(1) }],
            ..OldGen::default()
        }
    }
    /// Of a generation in which nothing lives.
    fn free_blocks(&mut self) {
        for b in self.blocks.drain(..) {
            // SAFETY: nothing refers to the generation's words.
            unsafe { free_block(b.base, b.words) }
        }
    }
}

impl Drop for OldGen {
    fn drop(&mut self) {
        // SAFETY: the owner drops the generation when nothing refers to it any more.
        unsafe {
            sweep_all(self.off_heap);
        }
        self.free_blocks();
    }
}

pub(crate) fn alloc_block(words: usize) -> *mut u64 {
    if let Some(p) = spare::take(words) {
        return p;
    }
    let l = Layout::array::<u64>(words).expect("block size");
    // SAFETY: blocks are never empty.
    let p = unsafe { alloc(l) } as *mut u64;
    if p.is_null() {
        handle_alloc_error(l);
    }
    p
}

/// # Safety
/// `base` came from `alloc_block(words)` and is not used again.
pub(crate) unsafe fn free_block(base: *mut u64, words: usize) {
    // SAFETY: the block is not used again.
    let Some((base, words)) = (unsafe { spare::keep(base, words) }) else { return };
    // SAFETY: by the caller's word.
    unsafe { give_back(base, words) }
}

/// # Safety
/// As [`free_block`].
unsafe fn give_back(base: *mut u64, words: usize) {
    // SAFETY: by the caller's word.
    unsafe { dealloc(base as *mut u8, Layout::array::<u64>(words).expect("block size")) }
}

/// Heap options of a process.
#[derive(Clone, Copy, Debug)]
pub struct HeapOptions {
    pub min_heap: usize,
    /// Minor collections between major ones.
    pub fullsweep_after: usize,
    pub min_vheap: usize,
    /// Words; 0 is no limit.
    pub max_heap: usize,
    /// Whether shared binaries count for the limit.
    pub count_shared: bool,
}

/// A limit under which the shared binaries that are in use (words) leave room, near the last one.
fn vheap_limit(used: usize, limit: u32) -> u32 {
    let limit = limit as usize;
    let next =
        if used > limit / 4 * 3 || used < limit / 4 { used.saturating_mul(2) } else { limit };
    u32::try_from(next).unwrap_or(u32::MAX)
}

/// What a collection is for.
#[derive(Clone, Copy)]
enum Kind {
    /// Empty the young block; what survived before is promoted.
    Minor,
    /// Collect everything, and copy out of a range of literals (address, bytes).
    Major(Option<(u64, u64)>),
    /// Collect everything; what was promoted or would be in a minor collection makes up the new old generation.
    Renew,
    /// Only move the young block into one of this many words.
    Move(usize),
}

/// What a collection did.
#[derive(Clone, Copy, Debug, Default)]
pub struct GcResult {
    /// The live size exceeds `max_heap`.
    pub over_limit: bool,
    pub major: bool,
    /// Words copied: the cost.
    pub copied: usize,
    pub reclaimed: usize,
}

/// The memory of one process.
#[repr(C)]
pub struct ProcHeap {
    /// The bump area between the young top and the stack.
    pub heap: Heap,
    /// Stack pointer: the lowest word of the stack in use.
    pub stack: *mut u64,
    base: *mut u64,
    mature: *mut u64,
    words: u32,
    /// Collections since the last major one.
    minors: u32,
    old: Option<Box<OldGen>>,
    /// Words of shared binaries that young and old objects may refer to before a collection; at least `min_vheap`.
    vheap_limit: u32,
    old_vheap_limit: u32,
    pub options: HeapOptions,
    grow: bool,
    /// Collect at every chance.
    pub zeal: bool,
}

// SAFETY: a process heap is owned by one thread at a time.
unsafe impl Send for ProcHeap {}

/// Gives the collector each root slot.
pub struct Tracer<'a> {
    copier: &'a mut Copier,
}

impl Tracer<'_> {
    #[inline]
    pub fn root(&mut self, slot: &mut RawTerm) {
        // SAFETY: roots are valid words of this process by the contract of `collect`.
        unsafe { self.copier.trace(slot) }
    }
    pub fn roots(&mut self, slots: &mut [RawTerm]) {
        for s in slots {
            self.root(s);
        }
    }
}

impl ProcHeap {
    pub fn new(options: HeapOptions) -> ProcHeap {
        ProcHeap::with_words(options, size_for(options.min_heap))
    }
    /// With a first block of `words`, which may be less than `min_heap`: the first collection makes up for it.
    pub fn with_words(options: HeapOptions, words: usize) -> ProcHeap {
        let words = words.max(12);
        let base = alloc_block(words);
        // SAFETY: the end of the fresh block.
        let end = unsafe { base.add(words) };
        let h = ProcHeap {
            heap: Heap::new(),
            stack: end,
            base,
            mature: base,
            words: words as u32,
            minors: 0,
            old: None,
            vheap_limit: 0,
            old_vheap_limit: 0,
            options,
            grow: false,
            zeal: false,
        };
        // SAFETY: nothing is in use yet.
        unsafe { h.reset_area(base) };
        h
    }
    /// Tells the heap where its top is, and that it may grow up to the stack.
    /// # Safety
    /// `top` is in the block, at or above everything that is in use.
    #[inline]
    pub unsafe fn reset_area(&self, top: *mut u64) {
        let limit = (self.stack as usize).wrapping_sub(STACK_SLACK * 8) as *mut u64;
        let limit = if (limit as usize) < top as usize { top } else { limit };
        // SAFETY: the gap between heap top and stack belongs to this heap.
        unsafe { self.heap.set_area(top, limit) };
    }
    #[inline]
    pub fn stack_end(&self) -> *mut u64 {
        self.base.wrapping_add(self.words as usize)
    }
    /// Stack words in use.
    pub fn stack_words(&self) -> usize {
        (self.stack_end() as usize - self.stack as usize) / 8
    }
    /// Young words in use, without stack and fragments.
    pub fn young_words(&self) -> usize {
        (self.heap.top() as usize - self.base as usize) / 8
    }
    /// Words of the young block.
    pub fn block_words(&self) -> usize {
        self.words as usize
    }
    pub fn old_words(&self) -> usize {
        self.old.as_ref().map_or(0, |o| o.used)
    }
    pub fn old_block_words(&self) -> usize {
        self.old.as_ref().map_or(0, |o| o.capacity())
    }
    pub fn mature_words(&self) -> usize {
        (self.mature as usize - self.base as usize) / 8
    }
    pub fn minor_count(&self) -> u32 {
        self.minors
    }
    /// All memory of the heap, in bytes.
    pub fn bytes(&self) -> usize {
        (self.block_words() + self.old_block_words() + self.heap.fragment_words()) * 8
    }
    /// Whether binaries alone ask for a collection.
    #[inline]
    pub fn vheap_full(&self) -> bool {
        self.heap.vheap_bytes() / 8 > self.vheap_block_words()
    }
    /// How many words of shared binaries young objects may refer to before a collection.
    #[inline]
    pub fn vheap_block_words(&self) -> usize {
        self.options.min_vheap.max(self.vheap_limit as usize)
    }
    /// The same for old objects and a major collection.
    pub fn old_vheap_block_words(&self) -> usize {
        self.options.min_vheap.max(self.old_vheap_limit as usize)
    }
    /// Words of the shared binaries that old objects refer to.
    pub fn old_vheap_words(&self) -> usize {
        self.old.as_ref().map_or(0, |o| o.vheap / 8)
    }
    /// Words free between heap and stack.
    #[inline]
    pub fn free_words(&self) -> usize {
        (self.stack as usize - self.heap.top() as usize) / 8
    }

    /// Shared binaries that the heap refers to: identity, bytes, references to it.
    pub fn shared_binaries(&self) -> Vec<(u64, usize, usize)> {
        let mut all = crate::heap::shared_binaries(self.heap.off_heap());
        if let Some(old) = &self.old {
            all.extend(crate::heap::shared_binaries(old.off_heap));
        }
        all
    }
    /// Magic references in the heap: identity of the object, references to it.
    pub fn magic_references(&self) -> Vec<(u64, usize)> {
        let mut all = crate::heap::magic_references(self.heap.off_heap());
        if let Some(old) = &self.old {
            all.extend(crate::heap::magic_references(old.off_heap));
        }
        all
    }
    /// What is in use of each block, from and to.
    pub(crate) fn blocks(&self, mut f: impl FnMut(*const u64, *const u64)) {
        f(self.base, self.heap.top());
        if let Some(old) = &self.old {
            old.blocks.iter().for_each(|b| f(b.base, b.top));
        }
    }
    /// The off-heap chain of the old generation.
    pub(crate) fn old_off_heap(&self) -> Option<*mut u64> {
        self.old.as_ref().map(|old| old.off_heap)
    }
    /// Whether a word in the heap or on the stack may point into this address range (bytes).
    pub fn may_refer_to(&self, base: u64, bytes: u64) -> bool {
        let scan = |from: *const u64, to: *const u64| {
            let mut p = from;
            while p < to {
                // SAFETY: words in use are initialised.
                let w = RawTerm(unsafe { *p });
                if !w.is_immediate() && (w.ptr() as u64).wrapping_sub(base) < bytes {
                    return true;
                }
                p = p.wrapping_add(1);
            }
            false
        };
        scan(self.base, self.heap.top())
            || scan(self.stack, self.stack_end())
            || self.heap.has_fragments()
            || self.old.as_ref().is_some_and(|o| o.blocks.iter().any(|b| scan(b.base, b.top)))
    }

    /// The least young block beside the old generation: with less, what dies soon is promoted before it does.
    fn old_nursery(&self) -> usize {
        (self.old_words() / 2).min(OLD_NURSERY)
    }
    fn old_is_full(&self) -> bool {
        let grown = self.old.as_ref().is_some_and(|o| o.used > 2 * o.live.max(OLD_FLOOR));
        grown || self.old_vheap_words() > self.old_vheap_block_words()
    }
    pub fn major_is_due(&self) -> bool {
        self.minors as usize >= self.options.fullsweep_after || self.old_is_full()
    }
    /// Words that the next collection may have to copy.
    pub fn collection_words(&self) -> usize {
        let old = if self.major_is_due() { self.old_words() } else { 0 };
        self.young_words() + self.heap.fragment_words() + old
    }
    /// Collects so that `need` words are free. Kind and size are chosen here.
    ///
    /// `roots` gives every root but the stack. Every root and stack word is a valid word of this
    /// process. On return the stack pointer has moved with the block.
    pub fn collect(&mut self, need: usize, mut roots: impl FnMut(&mut Tracer)) -> GcResult {
        let kind = if self.minors as usize >= self.options.fullsweep_after {
            Kind::Major(None)
        } else if self.old_is_full() {
            Kind::Renew
        } else {
            Kind::Minor
        };
        self.run_and_fit(need, kind, &mut roots)
    }
    /// Collects everything; `area` is a range of literals (address, bytes) to copy out of.
    pub fn collect_major(
        &mut self,
        need: usize,
        area: Option<(u64, u64)>,
        mut roots: impl FnMut(&mut Tracer),
    ) -> GcResult {
        self.run_and_fit(need, Kind::Major(area), &mut roots)
    }

    /// Collects; a block that turned out much too large for what lives is left for a smaller one.
    fn run_and_fit(
        &mut self,
        need: usize,
        kind: Kind,
        roots: &mut dyn FnMut(&mut Tracer),
    ) -> GcResult {
        let result = self.run(need, kind, roots);
        // What a minor collection promoted needed the room as well.
        let small = !result.major && self.block_words() <= ROOMY * 2;
        let survived = if small { result.copied } else { self.young_words() };
        if let Some(words) = self.fitting(survived + need, matches!(kind, Kind::Major(_))) {
            self.run(need, Kind::Move(words), roots);
            self.grow = false;
        }
        result
    }

    /// Moves what lives into a block that has just room for it: of a process that will sleep for long.
    pub fn shrink(&mut self, mut roots: impl FnMut(&mut Tracer)) {
        // A size of nothing is the least that will do.
        self.run(0, Kind::Move(0), &mut roots);
        self.grow = false;
    }

    /// The size to shrink to after a collection that left so many words of use, by the reference's rule, if it is worth it.
    fn fitting(&self, used: usize, major: bool) -> Option<usize> {
        let after = used + self.stack_words() + STACK_SLACK;
        let words = self.words as usize;
        if 4 * after >= words {
            return None;
        }
        let wanted = if major {
            2 * after
        } else {
            let old = self.old_block_words();
            if words <= NURSERY {
                return None;
            }
            // Not too small beside the old generation.
            let wanted = if 27 * after < old { (3 * after).max(old / 8) } else { 3 * after };
            wanted.max(NURSERY / 2).max(self.old_nursery())
        };
        let wanted = size_for(wanted.max(self.options.min_heap));
        (wanted < words).then_some(wanted)
    }

    fn run(&mut self, need: usize, kind: Kind, roots: &mut dyn FnMut(&mut Tracer)) -> GcResult {
        let (major, area) = match kind {
            Kind::Major(area) => (true, area),
            Kind::Renew => (true, None),
            _ => (false, None),
        };
        let renew = matches!(kind, Kind::Renew);
        let mature = match kind {
            Kind::Minor | Kind::Renew => self.mature_words(),
            _ => 0,
        };
        let stack = self.stack_words();
        let young = self.young_words();
        let frags = self.heap.fragment_words();
        let before = young + frags + if major { self.old_words() } else { 0 };
        let area_words = area.map_or(0, |(_, len)| len as usize / 8);
        let to_young = if renew { young + frags } else { before };
        let worst = to_young + area_words - mature + stack + need + STACK_SLACK * 2;
        let least = self.options.min_heap;
        let words = match kind {
            Kind::Move(0) => before + stack + STACK_SLACK,
            Kind::Move(words) => words.max(worst),
            _ if self.grow => size_for(worst.max(next_size(self.words as usize)).max(least)),
            Kind::Minor | Kind::Renew => {
                // About a half of what was promoted goes when that is renewed.
                let beside = if renew { self.old_nursery() / 2 } else { self.old_nursery() };
                size_for(worst.max(self.words as usize).max(least).max(beside))
            }
            Kind::Major(_) => size_for(worst.max(least)),
        };
        // A first block is smaller than it counts: that it grows to the least size is nobody's business.
        let unseen = (self.words as usize) < least && words <= least;
        let to = alloc_block(words);
        let gone = if major { self.old.take() } else { None };
        let old = match &gone {
            Some(gone) if renew => OldGen::with_room(gone.live.max(gone.used / 2)),
            _ => self.old.take().map_or_else(OldGen::default, |b| *b),
        };
        let fragments = self.heap.take_fragments();
        let mut c = Copier::new((self.base, young * 8, mature * 8), to, old);
        c.elsewhere = major || !fragments.is_null();
        c.major = major;
        if c.elsewhere {
            let blocks = gone.as_ref().map_or(&[][..], |g| &g.blocks).iter();
            let pieces = blocks.map(|b| (b.base as usize, b.top as usize - b.base as usize));
            if renew {
                c.renewed = pieces.collect();
                c.piece = c.renewed.iter().copied().max_by_key(|p| p.1).unwrap_or((0, 0));
            } else {
                c.piece =
                    pieces.chain(Fragment::pieces(fragments)).max_by_key(|p| p.1).unwrap_or((0, 0));
            }
            c.piece_is_old = renew;
        }
        c.area = area.unwrap_or((0, 0));
        let mut t = Tracer { copier: &mut c };
        roots(&mut t);
        // SAFETY: the stack's words are valid words of this process (terms and continuations); the
        // new block has room for the stack and everything that may be copied (`worst`).
        unsafe {
            for i in 0..stack {
                let slot = self.stack.add(i) as *mut RawTerm;
                c.trace(&mut *slot);
            }
            c.scan_all(to);
            c.finish();
            let end = to.add(words);
            let new_stack = end.sub(stack);
            core::ptr::copy_nonoverlapping(self.stack, new_stack, stack);
            let young_chain = self.heap.off_heap();
            self.heap.set_off_heap(null_mut());
            c.sweep(young_chain, &self.heap);
            if let Some(mut g) = gone {
                let chain = core::mem::replace(&mut g.off_heap, null_mut());
                c.sweep(chain, &self.heap);
                drop(g);
            }
            for &p in &c.taken_off_heap {
                crate::copy::hold(&self.heap, p);
            }
            if self.zeal {
                core::ptr::write_bytes(self.base as *mut u8, 0xdb, self.words as usize * 8);
            }
            free_block(self.base, self.words as usize);
            Fragment::free_chain(fragments);
            self.stack = new_stack;
        }
        let live = (c.top as usize - to as usize) / 8;
        let copied = live + c.promoted;
        self.base = to;
        self.words = words as u32;
        self.mature = c.top;
        let promoted = c.promoted;
        let mut old = c.promote;
        old.used += promoted;
        old.vheap += c.promoted_bytes;
        match kind {
            Kind::Major(_) => {
                self.minors = 0;
                old.live = live;
                self.old_vheap_limit = vheap_limit(c.kept_bytes / 8, self.old_vheap_limit);
            }
            Kind::Renew => {
                self.minors = 0;
                old.live = c.promoted;
                self.old_vheap_limit = vheap_limit(c.promoted_bytes / 8, self.old_vheap_limit);
            }
            Kind::Minor => self.minors += u32::from(!unseen),
            Kind::Move(_) => (),
        }
        if old.used == 0 {
            old.free_blocks();
        }
        // How much lived at the last major collection is kept where it decides when the next one is due.
        let keep = !old.blocks.is_empty() || old.live > OLD_FLOOR;
        self.old = keep.then(|| Box::new(old));
        // Where nearly all survives, a small block would be copied again and again, however little of it is young.
        let small = matches!(kind, Kind::Minor) && words < ROOMY;
        let survived = live + if small { promoted } else { 0 };
        self.grow = (survived + stack + need) * 4 > words * 3;
        self.heap.set_vheap_bytes(c.kept_bytes);
        self.vheap_limit = vheap_limit(c.kept_bytes / 8, self.vheap_limit);
        // SAFETY: all that lives was copied below the copier's top.
        unsafe { self.reset_area(c.top) };
        let mut total = live + stack + self.old_words();
        if self.options.count_shared {
            let old = self.old.as_ref().map_or(0, |o| o.vheap);
            total = total.saturating_add(c.kept_bytes.saturating_add(old) / 8);
        }
        GcResult {
            over_limit: self.options.max_heap != 0 && total > self.options.max_heap,
            major,
            copied,
            reclaimed: before.saturating_sub(copied),
        }
    }

    /// Frees everything at exit of the process.
    pub fn free(&mut self) {
        self.heap.clear();
        self.old = None;
        if !self.base.is_null() {
            // SAFETY: the block is ours; the process has ended.
            unsafe { free_block(self.base, self.words as usize) };
            self.base = null_mut();
            self.mature = null_mut();
            self.stack = null_mut();
            self.words = 0;
            // SAFETY: an empty area.
            unsafe { self.heap.set_area(null_mut(), null_mut()) };
        }
    }
}

impl Drop for ProcHeap {
    fn drop(&mut self) {
        self.free();
    }
}

#[cfg(test)]
mod tests;
