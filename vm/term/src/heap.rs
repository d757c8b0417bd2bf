//! Where terms are built: a bump area that spills into heap fragments [erl_message, erl_vm.h].
//!
//! Allocation never moves anything, so terms stay good for the whole turn. When the area is full,
//! words come from a heap fragment; the owner's next collection copies fragments in. A `Heap` without an area
//! (messages, ETS objects, literals being decoded) is fragments alone. Objects that hold a
//! reference count (`BinRef`, `MagicRef`) are chained through their last word, so that the collector
//! can drop the counts of those that died.

use crate::atom::Atom;
use crate::boxed::{Export, FunEntry};
use crate::node::Node;
use crate::shared::{BinHandle, MagicHandle};
use crate::term::{RawTerm, SMALL_MAX, SMALL_MIN, Subtag, Term};
use core::alloc::Layout;
use core::cell::Cell;
use core::marker::PhantomData;
use core::ptr::null_mut;
use std::alloc::{alloc, dealloc, handle_alloc_error};
use std::sync::Arc;

/// Binaries up to this many bytes live in the heap.
pub const HEAP_BIN_MAX: usize = 64;

/// Smallest fragment, in words.
const MIN_FRAGMENT: usize = 64;

/// Cells of a list that are asked for at once.
const CELLS: usize = 512;

/// Words of those that large terms are made of: with their head a round number of pages.
const LARGE_FRAGMENT: usize = (4 << 20) / 8 - FRAGMENT_HEADER / 8;

/// A separately allocated piece of heap; its words follow.
#[repr(C)]
pub struct Fragment {
    pub(crate) next: *mut Fragment,
    pub(crate) capacity: usize,
    pub(crate) used: usize,
}

const FRAGMENT_HEADER: usize = size_of::<Fragment>();

impl Fragment {
    fn layout(words: usize) -> Layout {
        Layout::from_size_align(FRAGMENT_HEADER + words * 8, 8).expect("fragment size")
    }
    pub(crate) fn new(words: usize) -> *mut Fragment {
        let l = Fragment::layout(words);
        // SAFETY: the size is not zero.
        unsafe {
            let p = alloc(l) as *mut Fragment;
            if p.is_null() {
                handle_alloc_error(l);
            }
            p.write(Fragment { next: null_mut(), capacity: words, used: 0 });
            p
        }
    }
    /// # Safety
    /// `f` is a live fragment.
    #[inline]
    pub unsafe fn data(f: *mut Fragment) -> *mut u64 {
        // SAFETY: the data follows the header.
        unsafe { (f as *mut u8).add(FRAGMENT_HEADER) as *mut u64 }
    }
    /// Address and bytes of what is in use, of each fragment of a live chain.
    pub(crate) fn pieces(first: *mut Fragment) -> impl Iterator<Item = (usize, usize)> {
        // SAFETY: fragments of a live chain.
        let next = |f: &*mut Fragment| Some(unsafe { (**f).next }).filter(|f| !f.is_null());
        let chain = core::iter::successors(Some(first).filter(|f| !f.is_null()), next);
        // SAFETY: as above.
        chain.map(|f| unsafe { (Fragment::data(f) as usize, (*f).used * 8) })
    }
    /// Where the words of a heap's first fragment are.
    #[cfg(test)]
    pub(crate) fn data_of(heap: &Heap) -> *mut u64 {
        // SAFETY: only asked of heaps with a fragment.
        unsafe { Fragment::data(heap.fragments()) }
    }
    /// # Safety
    /// `f` is a live chain that nothing points into.
    pub(crate) unsafe fn free_chain(mut f: *mut Fragment) {
        while !f.is_null() {
            // SAFETY: by the caller's word.
            unsafe {
                let next = (*f).next;
                dealloc(f as *mut u8, Fragment::layout((*f).capacity));
                f = next;
            }
        }
    }
}

/// A place to build terms.
#[repr(C)]
pub struct Heap {
    top: Cell<*mut u64>,
    limit: Cell<*mut u64>,
    fragments: Cell<*mut Fragment>,
    /// First object of the off-heap chain.
    off_heap: Cell<*mut u64>,
    fragment_words: Cell<usize>,
    /// Those of them that were taken over from elsewhere, not built here.
    absorbed_words: Cell<usize>,
    /// Bytes of shared binaries referenced since the last collection (the virtual heap).
    vheap: Cell<usize>,
}

// SAFETY: a heap is owned by one thread at a time; the pointers are its own memory.
unsafe impl Send for Heap {}

impl Default for Heap {
    fn default() -> Heap {
        Heap::new()
    }
}

impl Heap {
    /// A heap of fragments alone.
    pub const fn new() -> Heap {
        Heap {
            top: Cell::new(null_mut()),
            limit: Cell::new(null_mut()),
            fragments: Cell::new(null_mut()),
            off_heap: Cell::new(null_mut()),
            fragment_words: Cell::new(0),
            absorbed_words: Cell::new(0),
            vheap: Cell::new(0),
        }
    }
    /// A heap of fragments whose first one holds `words`.
    pub fn with_capacity(words: usize) -> Heap {
        let h = Heap::new();
        if words > 0 {
            h.push_fragment(words);
        }
        h
    }
    /// Calls `f` with a heap that lasts as long as the call and needs no memory from elsewhere while it is small.
    pub fn scratch<R>(f: impl FnOnce(&Heap) -> R) -> R {
        let mut area = [core::mem::MaybeUninit::<u64>::uninit(); MIN_FRAGMENT];
        let h = Heap::new();
        let top = area.as_mut_ptr().cast::<u64>();
        // SAFETY: the area is the heap's alone, and there until after the heap has gone.
        unsafe { h.set_area(top, top.add(MIN_FRAGMENT)) };
        f(&h)
    }
    fn push_fragment(&self, words: usize) -> *mut Fragment {
        let f = Fragment::new(words);
        // SAFETY: fresh and ours.
        unsafe { (*f).next = self.fragments.get() };
        self.fragments.set(f);
        self.fragment_words.set(self.fragment_words.get() + words);
        f
    }

    /// `n` words of fresh memory, uninitialised. They must be filled with one whole object each
    /// before anyone looks at them.
    #[inline]
    pub(crate) fn alloc_raw(&self, n: usize) -> *mut u64 {
        let top = self.top.get();
        if (self.limit.get() as usize).wrapping_sub(top as usize) as isize >= (n * 8) as isize {
            // SAFETY: within the area by the comparison.
            self.top.set(unsafe { top.add(n) });
            return top;
        }
        self.alloc_in_fragment(n)
    }
    /// A cell, if there is room for it without a new fragment: a few instructions for what builds lists cell by cell.
    #[inline(always)]
    pub fn cons_in_place<'h>(&'h self, head: Term<'h>, tail: Term<'h>) -> Option<Term<'h>> {
        let top = self.top.get();
        let p = if (self.limit.get() as usize).wrapping_sub(top as usize) as isize >= 16 {
            // SAFETY: within the area by the comparison.
            self.top.set(unsafe { top.add(2) });
            top
        } else {
            // SAFETY: the chain is live and ours; the used mark stays within the capacity.
            unsafe {
                let f = self.fragments.get().as_mut()?;
                if f.capacity - f.used < 2 {
                    return None;
                }
                let p = Fragment::data(f).add(f.used);
                f.used += 2;
                p
            }
        };
        // SAFETY: just allocated.
        unsafe {
            *p = head.raw().0;
            *p.add(1) = tail.raw().0;
            Some(RawTerm::list_ptr(p).brand())
        }
    }
    /// Not cold: a native that builds much spends its time here.
    #[inline(never)]
    fn alloc_in_fragment(&self, n: usize) -> *mut u64 {
        let f = self.fragments.get();
        // SAFETY: the chain is live and ours; the used mark stays within the capacity.
        unsafe {
            if !f.is_null() && (*f).capacity - (*f).used >= n {
                let p = Fragment::data(f).add((*f).used);
                (*f).used += n;
                return p;
            }
        }
        self.alloc_in_new_fragment(n)
    }
    #[cold]
    #[inline(never)]
    fn alloc_in_new_fragment(&self, n: usize) -> *mut u64 {
        let grow = match self.spilled_words() {
            // What builds as much goes on for long; its memory is to be of the kind that large blocks have.
            n if n >= LARGE_FRAGMENT => LARGE_FRAGMENT,
            n => n.min(1 << 16),
        };
        // SAFETY: fresh and ours, of that many words at least.
        unsafe {
            let f = self.push_fragment(n.max(MIN_FRAGMENT).max(grow));
            (*f).used = n;
            Fragment::data(f)
        }
    }

    // Faces for the owner: interpreter, collector, message passing.

    /// Sets the bump area.
    /// # Safety
    /// The words from `top` to `limit` are exclusively this heap's.
    #[inline]
    pub unsafe fn set_area(&self, top: *mut u64, limit: *mut u64) {
        self.top.set(top);
        self.limit.set(limit);
    }
    #[inline]
    pub fn top(&self) -> *mut u64 {
        self.top.get()
    }
    #[inline]
    pub fn has_fragments(&self) -> bool {
        !self.fragments.get().is_null()
    }
    /// Words held in fragments.
    #[inline]
    pub fn fragment_words(&self) -> usize {
        self.fragment_words.get()
    }
    /// Words of fragments that hold something.
    pub fn fragment_words_used(&self) -> usize {
        let (mut f, mut words) = (self.fragments.get(), 0);
        // SAFETY: the chain is live and ours.
        while let Some(fragment) = unsafe { f.as_ref() } {
            words += fragment.used;
            f = fragment.next;
        }
        words
    }
    /// Words of the fragments that were made because there was no room for what was built here.
    #[inline]
    pub fn spilled_words(&self) -> usize {
        self.fragment_words.get() - self.absorbed_words.get()
    }
    pub(crate) fn fragments(&self) -> *mut Fragment {
        self.fragments.get()
    }
    /// Whether an address lies in one of the fragments.
    pub fn fragment_holds(&self, address: u64) -> bool {
        let mut f = self.fragments.get();
        while !f.is_null() {
            // SAFETY: the chain is live and ours.
            unsafe {
                if address.wrapping_sub(Fragment::data(f) as u64) < (*f).used as u64 * 8 {
                    return true;
                }
                f = (*f).next;
            }
        }
        false
    }
    pub(crate) fn take_fragments(&self) -> *mut Fragment {
        self.fragment_words.set(0);
        self.absorbed_words.set(0);
        self.fragments.replace(null_mut())
    }
    pub(crate) fn off_heap(&self) -> *mut u64 {
        self.off_heap.get()
    }
    pub(crate) fn set_off_heap(&self, p: *mut u64) {
        self.off_heap.set(p);
    }
    /// Bytes of shared binaries charged since the last collection.
    #[inline]
    pub fn vheap_bytes(&self) -> usize {
        self.vheap.get()
    }
    pub fn set_vheap_bytes(&self, n: usize) {
        self.vheap.set(n);
    }
    /// Words free in the bump area.
    #[inline]
    pub fn room(&self) -> usize {
        (self.limit.get() as usize).saturating_sub(self.top.get() as usize) / 8
    }
    /// A heap of these parts.
    /// # Safety
    /// They are live chains that nobody else owns.
    pub(crate) unsafe fn from_raw(
        fragments: *mut Fragment,
        off_heap: *mut u64,
        vheap: usize,
        words: usize,
    ) -> Heap {
        let h = Heap::new();
        h.fragments.set(fragments);
        h.off_heap.set(off_heap);
        h.vheap.set(vheap);
        h.fragment_words.set(words);
        h
    }
    /// Takes over everything that `other` holds: its terms now belong to this heap.
    pub fn absorb(&self, other: Heap) {
        let f = other.fragments.replace(null_mut());
        if !f.is_null() {
            let mut last = f;
            // SAFETY: a live chain that we own now.
            unsafe {
                while !(*last).next.is_null() {
                    last = (*last).next;
                }
                (*last).next = self.fragments.get();
            }
            self.fragments.set(f);
            let words = other.fragment_words.get();
            self.fragment_words.set(self.fragment_words.get() + words);
            self.absorbed_words.set(self.absorbed_words.get() + words);
        }
        let o = other.off_heap.replace(null_mut());
        if !o.is_null() {
            let mut last = o;
            // SAFETY: a live chain; each link is the last word of its object.
            unsafe {
                while !(*off_heap_next(last)).is_null() {
                    last = *off_heap_next(last);
                }
                *off_heap_next(last) = self.off_heap.get();
            }
            self.off_heap.set(o);
        }
        self.vheap.set(self.vheap.get() + other.vheap.get());
    }
    /// Drops every reference count and frees all fragments.
    pub fn clear(&mut self) {
        // SAFETY: `&mut self`: no branded term of this heap is alive.
        unsafe {
            sweep_all(self.off_heap.replace(null_mut()));
            Fragment::free_chain(self.take_fragments());
        }
    }

    #[inline(always)]
    pub(crate) fn boxed<'h>(&'h self, p: *mut u64) -> Term<'h> {
        // SAFETY: `p` was filled by the caller and lives as long as the heap is not collected,
        // which needs exclusive access.
        unsafe { RawTerm::boxed_ptr(p).brand() }
    }
    fn object<'h>(&'h self, subtag: Subtag, words: &[u64]) -> Term<'h> {
        let p = self.alloc_raw(words.len() + 1);
        // SAFETY: just allocated.
        unsafe {
            *p = RawTerm::header(subtag, words.len()).0;
            core::ptr::copy_nonoverlapping(words.as_ptr(), p.add(1), words.len());
        }
        self.boxed(p)
    }
    pub(crate) fn link_off_heap(&self, p: *mut u64) {
        // SAFETY: `p` is a fresh off-heap object of ours.
        unsafe { *off_heap_next(p) = self.off_heap.get() };
        self.off_heap.set(p);
    }

    // Building terms.

    #[inline]
    pub fn cons<'h>(&'h self, head: Term<'h>, tail: Term<'h>) -> Term<'h> {
        let p = self.alloc_raw(2);
        // SAFETY: just allocated; see `boxed` for the brand.
        unsafe {
            *p = head.raw().0;
            *p.add(1) = tail.raw().0;
            RawTerm::list_ptr(p).brand()
        }
    }
    pub fn tuple<'h>(&'h self, elements: &[Term<'h>]) -> Term<'h> {
        let p = self.alloc_raw(elements.len() + 1);
        // SAFETY: just allocated; terms are words.
        unsafe {
            *p = RawTerm::header(Subtag::Tuple, elements.len()).0;
            core::ptr::copy_nonoverlapping(
                elements.as_ptr() as *const u64,
                p.add(1),
                elements.len(),
            );
        }
        self.boxed(p)
    }
    /// A proper list of the elements.
    pub fn list<'h>(&'h self, elements: &[Term<'h>]) -> Term<'h> {
        self.list_onto(elements, Term::nil())
    }
    /// The elements followed by `tail`.
    pub fn list_onto<'h>(&'h self, elements: &[Term<'h>], tail: Term<'h>) -> Term<'h> {
        elements.iter().rev().fold(tail, |t, &h| self.cons(h, t))
    }
    /// A list of the characters of `s`.
    pub fn string<'h>(&'h self, s: &str) -> Term<'h> {
        s.chars().rev().fold(Term::nil(), |t, c| self.cons(Term::small(c as i64), t))
    }
    /// A list of bytes.
    pub fn byte_list<'h>(&'h self, s: &[u8]) -> Term<'h> {
        self.bytes_onto(s, Term::nil())
    }
    /// Bytes followed by `tail`.
    pub fn bytes_onto<'h>(&'h self, s: &[u8], tail: Term<'h>) -> Term<'h> {
        // Cells that lie in order, a piece of memory at a time.
        s.rchunks(CELLS).fold(tail, |tail, piece| {
            let p = self.alloc_raw(2 * piece.len());
            // SAFETY: just allocated, and filled to its end.
            unsafe {
                for (i, &c) in piece.iter().enumerate() {
                    let rest = match i + 1 == piece.len() {
                        true => tail.raw(),
                        false => RawTerm::list_ptr(p.add(2 * i + 2)),
                    };
                    *p.add(2 * i) = Term::small(c as i64).raw().0;
                    *p.add(2 * i + 1) = rest.0;
                }
                RawTerm::list_ptr(p).brand()
            }
        })
    }
    #[inline]
    pub fn int<'h>(&'h self, n: i64) -> Term<'h> {
        if (SMALL_MIN..=SMALL_MAX).contains(&n) {
            Term::small(n)
        } else {
            self.big(n < 0, &[n.unsigned_abs()])
        }
    }
    pub fn uint<'h>(&'h self, n: u64) -> Term<'h> {
        if n <= SMALL_MAX as u64 { Term::small(n as i64) } else { self.big(false, &[n]) }
    }
    pub fn i128<'h>(&'h self, n: i128) -> Term<'h> {
        let m = n.unsigned_abs();
        self.big(n < 0, &[m as u64, (m >> 64) as u64])
    }
    /// An integer from sign and magnitude (least significant digit first, any leading zeros).
    pub fn big<'h>(&'h self, negative: bool, digits: &[u64]) -> Term<'h> {
        let n = digits.iter().rposition(|&d| d != 0).map_or(0, |i| i + 1);
        match digits[..n] {
            [] => return Term::small(0),
            [d] if d <= SMALL_MAX as u64 => {
                return Term::small(if negative { -(d as i64) } else { d as i64 });
            }
            [d] if negative && d == SMALL_MIN.unsigned_abs() => return Term::small(SMALL_MIN),
            _ => {}
        }
        self.object(if negative { Subtag::NegBig } else { Subtag::PosBig }, &digits[..n])
    }
    #[inline]
    pub fn float<'h>(&'h self, f: f64) -> Term<'h> {
        let p = self.alloc_raw(2);
        // SAFETY: just allocated.
        unsafe {
            *p = RawTerm::header(Subtag::Float, 1).0;
            *p.add(1) = f.to_bits();
        }
        self.boxed(p)
    }
    /// A binary of these bytes.
    pub fn binary<'h>(&'h self, bytes: &[u8]) -> Term<'h> {
        if bytes.len() > HEAP_BIN_MAX {
            return self.shared_bits(BinHandle::copy_of(bytes), 0, bytes.len() * 8);
        }
        self.binary_with(bytes.len(), |b| b.copy_from_slice(bytes))
    }
    /// A binary of `len` bytes, which start as zero and are written by `fill`.
    pub fn binary_with<'h>(&'h self, len: usize, fill: impl FnOnce(&mut [u8])) -> Term<'h> {
        self.bits_with(len * 8, fill)
    }
    /// A bitstring of `bits` bits; `fill` gets all its bytes, zeroed.
    pub fn bits_with<'h>(&'h self, bits: usize, fill: impl FnOnce(&mut [u8])) -> Term<'h> {
        let len = bits.div_ceil(8);
        if len > HEAP_BIN_MAX {
            let mut b = BinHandle::with_capacity(len, len);
            fill(b.bytes_mut().expect("fresh"));
            return self.shared_bits(b, 0, bits);
        }
        let words = len.div_ceil(8);
        let p = self.alloc_raw(words + 2);
        // SAFETY: just allocated; the slice covers its zeroed data words.
        unsafe {
            *p = RawTerm::header(Subtag::HeapBits, words + 1).0;
            *p.add(1) = bits as u64;
            core::ptr::write_bytes(p.add(2), 0, words);
            fill(core::slice::from_raw_parts_mut(p.add(2) as *mut u8, len));
        }
        self.boxed(p)
    }
    /// A binary of `len` bytes, and where they are; those of a large one are whatever was there. `None`: there is no memory for it.
    /// # Safety
    /// As for [`BinHandle::try_unwritten`].
    pub unsafe fn binary_unwritten<'h>(&'h self, len: usize) -> Option<(Term<'h>, *mut u8)> {
        if len <= HEAP_BIN_MAX {
            let mut data = null_mut();
            let t = self.bits_with(len * 8, |b| data = b.as_mut_ptr());
            return Some((t, data));
        }
        // SAFETY: by the caller's word.
        let b = unsafe { BinHandle::try_unwritten(len) }?;
        let data = b.data_ptr();
        Some((self.shared_bits(b, 0, len * 8), data))
    }
    /// A bitstring over a shared binary.
    /// # Panics
    /// If the range is not within the binary.
    pub fn shared_bits<'h>(&'h self, bin: BinHandle, start: usize, bits: usize) -> Term<'h> {
        assert!(start.checked_add(bits).is_some_and(|e| e <= bin.bytes().len() * 8));
        self.charge(bin.capacity());
        let r = self.bin_ref(bin);
        self.sub_bits_raw(r.raw(), start, bits)
    }
    pub fn shared_binary<'h>(&'h self, bin: BinHandle) -> Term<'h> {
        let n = bin.bytes().len() * 8;
        self.shared_bits(bin, 0, n)
    }
    /// The `BinRef` object alone (an owner for sub-bitstrings; not a term for Erlang code).
    pub(crate) fn bin_ref<'h>(&'h self, bin: BinHandle) -> Term<'h> {
        let t = self.object(Subtag::BinRef, &[bin.into_raw(), 0]);
        self.link_off_heap(t.raw().ptr());
        t
    }
    /// Charges the virtual heap.
    #[inline]
    pub fn charge(&self, bytes: usize) {
        self.vheap.set(self.vheap.get().saturating_add(bytes));
    }
    pub(crate) fn sub_bits_raw<'h>(
        &'h self,
        owner: RawTerm,
        start: usize,
        bits: usize,
    ) -> Term<'h> {
        let s = |n: usize| RawTerm::small(n as i64).0;
        self.object(Subtag::SubBits, &[owner.0, s(start), s(bits)])
    }
    /// What is left in a match context, as a bitstring.
    /// # Safety
    /// `context` is one, alive.
    pub unsafe fn bits_of_context<'h>(&'h self, context: RawTerm) -> Term<'h> {
        // SAFETY: by the caller's word. Owner, position and end; the latter in bits, as small integers.
        unsafe {
            debug_assert!(context.is_boxed_of(Subtag::MatchContext));
            let at = |i| context.word(i) as usize >> 3;
            self.sub_bits_raw(RawTerm(context.word(1)), at(2), at(3).saturating_sub(at(2)))
        }
    }
    /// Part of a bitstring, sharing its bytes.
    /// # Panics
    /// If the range is not within it.
    pub fn sub_bits<'h>(
        &'h self,
        of: crate::boxed::Bits<'h>,
        start: usize,
        bits: usize,
    ) -> Term<'h> {
        assert!(start.checked_add(bits).is_some_and(|e| e <= of.bit_len()));
        let (owner, base) = of.owner();
        self.sub_bits_raw(owner, base + start, bits)
    }
    /// A local reference of three words.
    pub fn reference<'h>(&'h self, n0: u64, n1: u64) -> Term<'h> {
        self.object(Subtag::Ref, &[n0, n1])
    }
    /// A reference that finds its process.
    pub fn pid_reference<'h>(&'h self, n0: u64, n1: u64, pid: u64) -> Term<'h> {
        self.object(Subtag::PidRef, &[n0, n1, pid])
    }
    pub fn magic_reference<'h>(&'h self, n0: u64, n1: u64, magic: MagicHandle) -> Term<'h> {
        let t = self.object(Subtag::MagicRef, &[n0, n1, Arc::into_raw(magic) as u64, 0]);
        self.link_off_heap(t.raw().ptr());
        t
    }
    pub fn external_pid<'h>(&'h self, node: &'static Node, data: u64) -> Term<'h> {
        self.object(Subtag::ExtPid, &[node as *const Node as u64, data])
    }
    pub fn external_port<'h>(&'h self, node: &'static Node, data: u64) -> Term<'h> {
        self.object(Subtag::ExtPort, &[node as *const Node as u64, data])
    }
    /// `words`: one to five.
    pub fn external_reference<'h>(&'h self, node: &'static Node, words: &[u32]) -> Term<'h> {
        let w = |i: usize| words.get(i).copied().unwrap_or(0) as u64;
        let count = words.len() as u64;
        let node = node as *const Node as u64;
        self.object(
            Subtag::ExtRef,
            &[node, count | w(0) << 32, w(1) | w(2) << 32, w(3) | w(4) << 32],
        )
    }
    pub fn export_fun<'h>(&'h self, export: &'static Export) -> Term<'h> {
        self.object(Subtag::ExportFun, &[export as *const Export as u64])
    }
    pub fn fun<'h>(
        &'h self,
        entry: &'static FunEntry,
        creator: Term<'h>,
        env: &[Term<'h>],
    ) -> Term<'h> {
        let p = self.alloc_raw(3 + env.len());
        // SAFETY: just allocated.
        unsafe {
            *p = RawTerm::header(Subtag::Fun, 2 + env.len()).0;
            *p.add(1) = entry as *const FunEntry as u64;
            *p.add(2) = creator.raw().0;
            core::ptr::copy_nonoverlapping(env.as_ptr() as *const u64, p.add(3), env.len());
        }
        self.boxed(p)
    }
    pub fn atom<'h>(&'h self, a: Atom) -> Term<'h> {
        Term::atom(a)
    }
}

impl Drop for Heap {
    fn drop(&mut self) {
        self.clear();
    }
}

/// The link word of an off-heap object: its last.
/// # Safety
/// `p` points to a live `BinRef` or `MagicRef`.
#[inline]
pub(crate) unsafe fn off_heap_next(p: *mut u64) -> *mut *mut u64 {
    // SAFETY: by the caller's word; the arity is in the header.
    unsafe { p.add(RawTerm(*p).header_arity()) as *mut *mut u64 }
}

/// Drops the count that an off-heap object holds.
/// # Safety
/// `p` is a live off-heap object, not used again.
pub(crate) unsafe fn release_off_heap(p: *mut u64) {
    // SAFETY: by the caller's word each kind holds exactly one count.
    unsafe {
        if RawTerm(*p).header_is(Subtag::BinRef) {
            drop(BinHandle::from_raw(*p.add(1)));
        } else {
            drop(Arc::from_raw(*p.add(3) as *const crate::shared::Magic));
        }
    }
}

/// Bytes of the shared binary that an off-heap object refers to; 0 for other objects.
/// # Safety
/// `p` points to a live `BinRef` or `MagicRef`.
#[inline]
pub(crate) unsafe fn shared_bytes(p: *mut u64) -> usize {
    // SAFETY: a `BinRef`'s first word is a handle whose count it holds.
    unsafe {
        if RawTerm(*p).header_is(Subtag::BinRef) {
            core::mem::ManuallyDrop::new(BinHandle::from_raw(*p.add(1))).capacity()
        } else {
            0
        }
    }
}

/// The shared binaries of a chain: identity, bytes, references to it.
pub(crate) fn shared_binaries(mut p: *mut u64) -> Vec<(u64, usize, usize)> {
    let mut all = Vec::new();
    while !p.is_null() {
        // SAFETY: a live chain; a `BinRef`'s first word is a handle whose count it holds.
        unsafe {
            if RawTerm(*p).header_is(Subtag::BinRef) {
                let b = core::mem::ManuallyDrop::new(BinHandle::from_raw(*p.add(1)));
                all.push((b.data_ptr() as u64, b.bytes().len(), b.refc()));
            }
            p = *off_heap_next(p);
        }
    }
    all
}

/// The magic objects of a chain: identity, references.
pub(crate) fn magic_references(mut p: *mut u64) -> Vec<(u64, usize)> {
    let mut all = Vec::new();
    while !p.is_null() {
        // SAFETY: a live chain; a magic reference holds a count of its object.
        unsafe {
            if RawTerm(*p).header_is(Subtag::MagicRef) {
                let word = *p.add(3);
                let raw = word as *const crate::shared::Magic;
                let m = core::mem::ManuallyDrop::new(Arc::from_raw(raw));
                all.push((word, Arc::strong_count(&m)));
            }
            p = *off_heap_next(p);
        }
    }
    all
}

/// Gives each magic object of a chain to `f`.
pub(crate) fn magic_objects(mut p: *mut u64, mut f: impl FnMut(&crate::shared::Magic)) {
    while !p.is_null() {
        // SAFETY: a live chain; a magic reference holds a count of its object.
        unsafe {
            if RawTerm(*p).header_is(Subtag::MagicRef) {
                f(&*(*p.add(3) as *const crate::shared::Magic));
            }
            p = *off_heap_next(p);
        }
    }
}

/// Drops the counts of a whole chain.
/// # Safety
/// As [`release_off_heap`] for each member.
pub(crate) unsafe fn sweep_all(mut p: *mut u64) {
    while !p.is_null() {
        // SAFETY: by the caller's word.
        unsafe {
            let next = *off_heap_next(p);
            release_off_heap(p);
            p = next;
        }
    }
}

/// A term with the heap that holds it: for messages, ETS objects, values between threads.
pub struct OwnedTerm {
    heap: Heap,
    term: RawTerm,
    _brand: PhantomData<*mut ()>,
}

// SAFETY: the term only points into its own heap, into literals, or is immediate.
unsafe impl Send for OwnedTerm {}
// SAFETY: shared access only reads.
unsafe impl Sync for OwnedTerm {}

impl OwnedTerm {
    /// Builds a term on a heap of its own.
    pub fn build(f: impl for<'h> FnOnce(&'h Heap) -> Term<'h>) -> OwnedTerm {
        let heap = Heap::new();
        let term = f(&heap).raw();
        OwnedTerm { heap, term, _brand: PhantomData }
    }
    /// # Safety
    /// `term` points only into `heap`, into literals, or is immediate.
    pub unsafe fn from_parts(heap: Heap, term: RawTerm) -> OwnedTerm {
        OwnedTerm { heap, term, _brand: PhantomData }
    }
    pub fn immediate(t: Term<'static>) -> OwnedTerm {
        OwnedTerm { heap: Heap::new(), term: t.raw(), _brand: PhantomData }
    }
    pub fn term(&self) -> Term<'_> {
        // SAFETY: alive as long as `self`, which never collects.
        unsafe { self.term.brand() }
    }
    /// Moves the term into `heap` without copying.
    pub fn into_heap<'h>(self, heap: &'h Heap) -> Term<'h> {
        let OwnedTerm { heap: own, term, .. } = self;
        heap.absorb(own);
        // SAFETY: what it points to belongs to `heap` now.
        unsafe { term.brand() }
    }
    /// Words of its fragments.
    pub fn words(&self) -> usize {
        self.heap.fragment_words()
    }
    pub(crate) fn heap(&self) -> &Heap {
        &self.heap
    }
    /// Heap and term.
    pub fn into_parts(self) -> (Heap, RawTerm) {
        (self.heap, self.term)
    }
}

/// An elsewhere-checked raw slice as terms.
/// # Safety
/// Every word is a term good for `'p`.
pub unsafe fn brand_slice<'p>(words: *const RawTerm, n: usize) -> &'p [Term<'p>] {
    // SAFETY: `Term` is a transparent `RawTerm`.
    unsafe { core::slice::from_raw_parts(words as *const Term<'p>, n) }
}
