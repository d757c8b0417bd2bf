//! Copying one object graph: trace, promote, scan, sweep.

use super::{OldBlock, OldGen, alloc_block};
use crate::heap::{Heap, off_heap_next, release_off_heap, shared_bytes};
use crate::literal;
use crate::term::{RAW_SUBTAGS, RawTerm, Subtag, TAG_BOXED, TAG_HEADER, TAG_LIST};
use core::ptr::null_mut;
use std::collections::HashMap;

/// Smallest block of the old generation, in words.
const MIN_OLD_BLOCK: usize = 256;

/// The state of one collection.
pub(crate) struct Copier {
    /// The young block that is being emptied, and how much of it is in use.
    pub young: *mut u64,
    pub young_bytes: usize,
    /// Objects within this many bytes of its start are promoted.
    pub mature_bytes: usize,
    /// Allocation point in the new young block.
    pub top: *mut u64,
    /// Where promoted objects go.
    pub promote: OldGen,
    /// The free part of its last block; [`Copier::finish`] writes it back.
    old_top: *mut u64,
    old_end: *mut u64,
    /// Objects to copy may also lie outside the young block (fragments, old blocks of a major).
    pub elsewhere: bool,
    /// The largest piece of that: address and bytes.
    pub piece: (usize, usize),
    /// That piece is of the old generation, and so are its objects' copies.
    pub piece_is_old: bool,
    /// All pieces of that kind.
    pub renewed: Vec<(usize, usize)>,
    pub major: bool,
    /// Literals to copy although they are literals: address and bytes.
    pub area: (u64, u64),
    /// Where objects of that area went, and which of the copies are off-heap objects.
    pub taken: HashMap<u64, RawTerm>,
    pub taken_off_heap: Vec<*mut u64>,
    /// How far promoted objects were scanned.
    pub scan_block: usize,
    pub scan: *mut u64,
    pub promoted: usize,
    /// Bytes of the shared binaries that young survivors refer to, and those that were promoted.
    pub kept_bytes: usize,
    pub promoted_bytes: usize,
}

impl Copier {
    /// A collection from this young block (address, bytes, bytes of it that are mature) to `top`.
    pub fn new(young: (*mut u64, usize, usize), top: *mut u64, promote: OldGen) -> Copier {
        let mut c = Copier {
            young: young.0,
            young_bytes: young.1,
            mature_bytes: young.2,
            top,
            promote,
            old_top: null_mut(),
            old_end: null_mut(),
            elsewhere: false,
            piece: (0, 0),
            piece_is_old: false,
            renewed: Vec::new(),
            major: false,
            area: (0, 0),
            taken: HashMap::new(),
            taken_off_heap: Vec::new(),
            scan_block: 0,
            scan: null_mut(),
            promoted: 0,
            kept_bytes: 0,
            promoted_bytes: 0,
        };
        // Where promoted objects will start.
        if let Some(b) = c.promote.blocks.last() {
            c.scan_block = c.promote.blocks.len() - 1;
            c.scan = b.top;
            c.old_top = b.top;
            c.old_end = b.base.wrapping_add(b.words);
        }
        c
    }
    /// Tells the old generation how far its last block is in use.
    pub fn finish(&mut self) {
        if let Some(b) = self.promote.blocks.last_mut() {
            b.top = self.old_top;
        }
    }

    /// Moves what `slot` points to, if it has to move, and updates the slot.
    /// # Safety
    /// `slot` holds a valid word of the process under collection.
    #[inline(always)]
    pub unsafe fn trace(&mut self, slot: &mut RawTerm) {
        let t = *slot;
        let tag = t.tag();
        if tag != TAG_LIST && tag != TAG_BOXED {
            return;
        }
        let off = (t.ptr() as usize).wrapping_sub(self.young as usize);
        let in_piece = (t.ptr() as usize).wrapping_sub(self.piece.0) < self.piece.1;
        // SAFETY: a valid pointer term points to a live object or to a forwarding mark.
        unsafe {
            if off < self.young_bytes || in_piece {
                *slot = self.moved(t, off < self.mature_bytes || in_piece && self.piece_is_old);
            } else if self.elsewhere {
                self.trace_elsewhere(slot);
            }
        }
    }

    /// The same for a pointer that does not lead into the young block.
    /// # Safety
    /// As `trace`.
    #[inline(never)]
    unsafe fn trace_elsewhere(&mut self, slot: &mut RawTerm) {
        let t = *slot;
        if self.must_copy(t.ptr()) {
            // SAFETY: by the caller's word.
            unsafe {
                let literal = literal::contains(t.ptr() as u64);
                let at = t.ptr() as usize;
                let old = self.renewed.iter().any(|p| at.wrapping_sub(p.0) < p.1);
                *slot = if literal { self.taken(t) } else { self.moved(t, old) };
            }
        }
    }

    /// Copies an object out of the literal area. Others read the area at the same time, so where its
    /// objects went is noted aside.
    /// # Safety
    /// As `trace`; `t` points into the area.
    #[cold]
    unsafe fn taken(&mut self, t: RawTerm) -> RawTerm {
        let p = t.ptr();
        if let Some(new) = self.taken.get(&(p as u64)) {
            return *new;
        }
        // SAFETY: literals are whole; there is room for each of the area once.
        unsafe {
            let header = RawTerm(*p);
            let n = if t.is_list() { 2 } else { header.header_arity() + 1 };
            let q = self.bump(n);
            core::ptr::copy_nonoverlapping(p, q, n);
            let off_heap = header.header_is(Subtag::BinRef) || header.header_is(Subtag::MagicRef);
            if t.is_boxed() && off_heap {
                self.taken_off_heap.push(q);
            }
            let new = if t.is_list() { RawTerm::list_ptr(q) } else { RawTerm::boxed_ptr(q) };
            self.taken.insert(p as u64, new);
            new
        }
    }

    #[inline]
    fn must_copy(&self, p: *const u64) -> bool {
        let a = p as u64;
        if literal::contains(a) {
            return a.wrapping_sub(self.area.0) < self.area.1;
        }
        if self.major {
            // Everything but what was copied already, and nothing refers to that but new words.
            return true;
        }
        !self.promote.contains(p)
    }

    /// # Safety
    /// As `trace`; `t` points into from-space.
    #[inline(always)]
    unsafe fn moved(&mut self, t: RawTerm, promote: bool) -> RawTerm {
        // SAFETY: from-space objects are whole; destinations have room by the size computed before.
        unsafe {
            let p = t.ptr();
            if t.is_list() {
                let head = RawTerm(*p);
                if head.is_none() {
                    return RawTerm(*p.add(1));
                }
                let q = if promote { self.promote_words(2) } else { self.bump(2) };
                *q = head.0;
                *q.add(1) = *p.add(1);
                let new = RawTerm::list_ptr(q);
                *p = RawTerm::NONE.0;
                *p.add(1) = new.0;
                return new;
            }
            let header = RawTerm(*p);
            if !header.is_header() {
                return header;
            }
            let n = header.header_arity() + 1;
            let q = if promote { self.promote_words(n) } else { self.bump(n) };
            if n <= 16 {
                *q = header.0;
                for i in 1..n {
                    *q.add(i) = *p.add(i);
                }
            } else {
                core::ptr::copy_nonoverlapping(p, q, n);
            }
            let new = RawTerm::boxed_ptr(q);
            *p = new.0;
            new
        }
    }

    #[inline(always)]
    fn bump(&mut self, n: usize) -> *mut u64 {
        let q = self.top;
        self.top = q.wrapping_add(n);
        q
    }

    #[inline(always)]
    fn promote_words(&mut self, n: usize) -> *mut u64 {
        self.promoted += n;
        let q = self.old_top;
        if (self.old_end as usize - q as usize) / 8 >= n {
            self.old_top = q.wrapping_add(n);
            return q;
        }
        self.promote_to_new_block(n)
    }

    #[cold]
    #[inline(never)]
    fn promote_to_new_block(&mut self, n: usize) -> *mut u64 {
        self.finish();
        let words = n
            .max(MIN_OLD_BLOCK)
            .max(self.promote.capacity().min(1 << 20))
            .max(self.mature_bytes / 8);
        let base = alloc_block(words);
        self.old_top = base.wrapping_add(n);
        self.old_end = base.wrapping_add(words);
        self.promote.blocks.push(OldBlock { base, top: self.old_top, words });
        base
    }

    /// Scans everything copied so far, until nothing is left.
    /// # Safety
    /// `from` is where this collection's copies in the new young block start.
    pub unsafe fn scan_all(&mut self, from: *mut u64) {
        let mut young = from;
        // SAFETY: copied objects are whole and contiguous between the scan pointers and the tops.
        unsafe {
            loop {
                while young < self.top {
                    young = self.scan_object(young);
                }
                if !self.scan_promoted() {
                    return;
                }
            }
        }
    }

    /// Scans one word or raw object at `p`; returns where the next one starts.
    #[inline(always)]
    unsafe fn scan_object(&mut self, p: *mut u64) -> *mut u64 {
        // SAFETY: see `scan_all`.
        unsafe {
            let w = RawTerm(*p);
            match w.tag() {
                TAG_HEADER if w.header_subtag() >= RAW_SUBTAGS => p.add(w.header_arity() + 1),
                TAG_LIST | TAG_BOXED => {
                    self.trace(&mut *(p as *mut RawTerm));
                    p.add(1)
                }
                _ => p.add(1),
            }
        }
    }

    /// Scans promoted objects; whether there were any.
    unsafe fn scan_promoted(&mut self) -> bool {
        let mut any = false;
        while self.scan_block < self.promote.blocks.len() {
            let b = &self.promote.blocks[self.scan_block];
            if self.scan.is_null() {
                self.scan = b.base;
            }
            let last = self.scan_block + 1 == self.promote.blocks.len();
            let top = if last { self.old_top } else { b.top };
            let mut scan = self.scan;
            while scan < top {
                any = true;
                // SAFETY: see `scan_all`.
                scan = unsafe { self.scan_object(scan) };
            }
            self.scan = scan;
            if last {
                if self.scan_block + 1 == self.promote.blocks.len() && self.old_top == scan {
                    return any;
                }
                // More was promoted meanwhile, here or to a block after this one.
                continue;
            }
            self.scan_block += 1;
            self.scan = null_mut();
        }
        any
    }

    /// Walks an off-heap chain of from-space: survivors go to the chain of the generation where
    /// they live now, the others drop their count.
    /// # Safety
    /// Everything reachable was copied; `chain` is of from-space.
    pub unsafe fn sweep(&mut self, mut chain: *mut u64, young: &Heap) {
        // SAFETY: a chain object is either forwarded (its link is intact, only the header changed)
        // or dead and whole. The link is read through the copy, whose header tells the arity.
        unsafe {
            while !chain.is_null() {
                let w = RawTerm(*chain);
                if w.is_header() {
                    let next = *off_heap_next(chain);
                    release_off_heap(chain);
                    chain = next;
                } else {
                    let copy = w.ptr();
                    let next = *off_heap_next(copy);
                    let bytes = shared_bytes(copy);
                    if self.promote.contains(copy) {
                        *off_heap_next(copy) = self.promote.off_heap;
                        self.promote.off_heap = copy;
                        self.promoted_bytes += bytes;
                    } else {
                        *off_heap_next(copy) = young.off_heap();
                        young.set_off_heap(copy);
                        self.kept_bytes += bytes;
                    }
                    chain = next;
                }
            }
        }
    }
}
