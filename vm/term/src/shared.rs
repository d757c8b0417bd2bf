//! What lives outside heaps and is shared by reference counting: binaries and magic objects.

use crate::tally;
use core::alloc::Layout;
use core::any::Any;
use core::mem::MaybeUninit;
use core::ptr::NonNull;
use core::sync::atomic::{AtomicUsize, Ordering, fence};
use std::alloc::{alloc, alloc_zeroed, dealloc, handle_alloc_error, realloc};
use std::sync::Arc;

/// Header of a reference counted binary; its bytes follow, or are at `data` for foreign memory.
///
/// Bytes below `used_bits` are immutable. The tail up to `capacity` belongs to whoever moves
/// `used_bits` forward with a compare-and-swap: so a binary that ends exactly at `used_bits` can be
/// appended to in place, by any holder, without copying and without a writable flag (`bs_append`).
#[repr(C)]
pub struct SharedBin {
    refc: AtomicUsize,
    used_bits: AtomicUsize,
    capacity: usize,
    data: *mut u8,
    /// So many bytes from the start are known to be UTF-8, of whole characters.
    utf8: AtomicUsize,
    release: Option<Release>,
}

/// What keeps foreign memory.
enum Release {
    /// Called when the last reference goes.
    Call(Box<dyn FnOnce() + Send>),
    /// An object that the bytes are part of.
    Object(MagicHandle),
    /// The bytes are in the same block, behind a word with their number: see [`BinHandle::sized`].
    Sized,
}

/// Bytes held by all reference counted binaries (`erlang:memory(binary)`).
pub fn total_bytes() -> usize {
    tally::total()
}

const HEADER: usize = size_of::<SharedBin>();

/// Between the header and the bytes of a binary of [`Release::Sized`].
const SIZE_WORD: usize = size_of::<i64>();

fn layout(capacity: usize) -> Layout {
    try_layout(capacity).expect("size checked by callers")
}

/// That of the block of a binary with room for so many bytes.
fn try_layout(capacity: usize) -> Option<Layout> {
    Layout::from_size_align(capacity.checked_add(HEADER)?, 8).ok()
}

/// A counted reference to a [`SharedBin`].
pub struct BinHandle(NonNull<SharedBin>);

// SAFETY: the count is atomic, published bytes are immutable, the tail is handed out by CAS.
unsafe impl Send for BinHandle {}
// SAFETY: as above.
unsafe impl Sync for BinHandle {}

impl BinHandle {
    /// A fresh binary of `len` zero bytes with room for `capacity`.
    pub fn with_capacity(len: usize, capacity: usize) -> BinHandle {
        // SAFETY: `len` bytes are writable.
        BinHandle::fresh(len, capacity, |data| unsafe { core::ptr::write_bytes(data, 0, len) })
    }
    /// A fresh binary with these bytes.
    pub fn copy_of(bytes: &[u8]) -> BinHandle {
        BinHandle::fresh(bytes.len(), bytes.len(), |data| {
            // SAFETY: so many bytes are writable, and fresh.
            unsafe { core::ptr::copy_nonoverlapping(bytes.as_ptr(), data, bytes.len()) }
        })
    }
    /// `fill` writes all `len` bytes.
    fn fresh(len: usize, capacity: usize, fill: impl FnOnce(*mut u8)) -> BinHandle {
        let capacity = capacity.max(len);
        let l = layout(capacity);
        // SAFETY: the layout is never of size zero; every byte below `len` is written by `fill`.
        unsafe {
            let p = alloc(l) as *mut SharedBin;
            if p.is_null() {
                handle_alloc_error(l);
            }
            let data = (p as *mut u8).add(HEADER);
            fill(data);
            p.write(SharedBin {
                refc: AtomicUsize::new(1),
                used_bits: AtomicUsize::new(len * 8),
                capacity,
                data,
                utf8: AtomicUsize::new(0),
                release: None,
            });
            tally::add(capacity as isize);
            BinHandle(NonNull::new_unchecked(p))
        }
    }
    /// A fresh binary of `len` zero bytes, or `None` when there is no memory for it. The system zeroes large ones page by
    /// page when they are first touched, so asking for more than is needed costs little; see [`BinHandle::resize`].
    pub fn try_zeroed(len: usize) -> Option<BinHandle> {
        let l = try_layout(len)?;
        // SAFETY: the layout is not of size zero, and its bytes are zero.
        unsafe {
            let p = alloc_zeroed(l) as *mut SharedBin;
            let bin = NonNull::new(p)?;
            p.write(SharedBin {
                refc: AtomicUsize::new(1),
                used_bits: AtomicUsize::new(len * 8),
                capacity: len,
                data: (p as *mut u8).add(HEADER),
                utf8: AtomicUsize::new(0),
                release: None,
            });
            tally::add(len as isize);
            Some(BinHandle(bin))
        }
    }
    /// A fresh binary of `len` bytes that are whatever was there, or `None` when there is no memory for it.
    /// # Safety
    /// The bytes are written by a native library, which gets their address, before they are read here.
    pub unsafe fn try_unwritten(len: usize) -> Option<BinHandle> {
        let l = try_layout(len)?;
        // SAFETY: the layout is not of size zero; the bytes are the caller's business.
        unsafe {
            let p = alloc(l) as *mut SharedBin;
            let bin = NonNull::new(p)?;
            p.write(SharedBin {
                refc: AtomicUsize::new(1),
                used_bits: AtomicUsize::new(len * 8),
                capacity: len,
                data: (p as *mut u8).add(HEADER),
                utf8: AtomicUsize::new(0),
                release: None,
            });
            tally::add(len as isize);
            Some(BinHandle(bin))
        }
    }
    /// A fresh binary with room for `room` bytes, of which `fill` says how many it wrote from the start; it has that
    /// room for more.
    /// # Safety
    /// `fill` has written as many as it says.
    pub unsafe fn received<E>(
        room: usize,
        fill: impl FnOnce(&mut [MaybeUninit<u8>]) -> Result<usize, E>,
    ) -> Result<BinHandle, E> {
        let mut result = Ok(0);
        let b = BinHandle::fresh(0, room, |data| {
            // SAFETY: so many bytes are ours, and need not have been written.
            result = fill(unsafe { core::slice::from_raw_parts_mut(data.cast(), room) });
        });
        let n = result?;
        b.get().used_bits.store(n.min(room) * 8, Ordering::Relaxed);
        Ok(b)
    }
    pub fn from_slice(bytes: &[u8]) -> BinHandle {
        BinHandle::copy_of(bytes)
    }
    /// A binary of `len` bytes that `fill` writes (they start as zero).
    pub fn build(len: usize, fill: impl FnOnce(&mut [u8])) -> BinHandle {
        let mut b = BinHandle::with_capacity(len, len);
        fill(b.bytes_mut().expect("fresh"));
        b
    }
    /// A binary over foreign memory; `release` runs when the last reference goes.
    /// # Safety
    /// `data` is readable for `len` bytes and unchanged until `release` runs.
    pub unsafe fn foreign(
        data: *mut u8,
        len: usize,
        release: Box<dyn FnOnce() + Send>,
    ) -> BinHandle {
        let b = Box::new(SharedBin {
            refc: AtomicUsize::new(1),
            used_bits: AtomicUsize::new(len * 8),
            capacity: len,
            data,
            utf8: AtomicUsize::new(0),
            release: Some(Release::Call(release)),
        });
        BinHandle(NonNull::from(Box::leak(b)))
    }
    /// A binary over a vector's memory, without copying.
    pub fn from_vec(mut bytes: Vec<u8>) -> BinHandle {
        let (at, len) = (bytes.as_mut_ptr(), bytes.len());
        // SAFETY: the vector's memory stays where it is, unchanged, until the closure drops it.
        unsafe { BinHandle::foreign(at, len, Box::new(move || drop(bytes))) }
    }
    /// A binary over memory of an object, which it keeps alive.
    /// # Safety
    /// `data` is readable for `len` bytes and unchanged as long as the object lives.
    pub unsafe fn of_object(data: *mut u8, len: usize, object: MagicHandle) -> BinHandle {
        // SAFETY: by the caller's word; the closure is replaced by the object below.
        let h = unsafe { BinHandle::foreign(data, len, Box::new(|| ())) };
        // SAFETY: nobody else has the fresh binary.
        unsafe { (*h.0.as_ptr()).release = Some(Release::Object(object)) };
        h
    }
    /// A binary whose number of bytes stands in the word before them, as drivers have them. `None` if there is no memory.
    pub fn sized(len: usize) -> Option<BinHandle> {
        let l = try_layout(len.checked_add(SIZE_WORD)?)?;
        // SAFETY: the layout is not of size zero.
        unsafe {
            let p = alloc(l) as *mut SharedBin;
            let bin = NonNull::new(p)?;
            BinHandle::fill_sized(p, len);
            tally::add(len as isize);
            Some(BinHandle(bin))
        }
    }
    /// # Safety
    /// The block is fresh and has room for so many bytes.
    unsafe fn fill_sized(p: *mut SharedBin, len: usize) {
        // SAFETY: by the caller's word.
        unsafe {
            let size = (p as *mut u8).add(HEADER) as *mut i64;
            size.write(len as i64);
            p.write(SharedBin {
                refc: AtomicUsize::new(1),
                used_bits: AtomicUsize::new(len * 8),
                capacity: len,
                data: size.add(1) as *mut u8,
                utf8: AtomicUsize::new(0),
                release: Some(Release::Sized),
            });
        }
    }
    /// Where the size of a binary of [`BinHandle::sized`] stands; the count moves there.
    pub fn into_size_place(self) -> *mut i64 {
        let p = self.0.as_ptr() as *mut u8;
        core::mem::forget(self);
        p.wrapping_add(HEADER) as *mut i64
    }
    /// # Safety
    /// `place` is that of a live binary of [`BinHandle::sized`], whose count is taken over.
    pub unsafe fn from_size_place(place: *mut i64) -> BinHandle {
        // SAFETY: never null by origin.
        BinHandle(unsafe {
            NonNull::new_unchecked((place as *mut u8).wrapping_sub(HEADER) as *mut SharedBin)
        })
    }
    /// The count of such a binary.
    /// # Safety
    /// `place` is that of a live binary of [`BinHandle::sized`].
    pub unsafe fn count_of_size_place<'a>(place: *mut i64) -> &'a AtomicUsize {
        let p = (place as *mut u8).wrapping_sub(HEADER) as *const SharedBin;
        // SAFETY: by the caller's word.
        unsafe { &(*p).refc }
    }
    /// Makes such a binary larger or smaller; its new place, or null if there is no memory.
    /// # Safety
    /// `place` is that of a live binary of [`BinHandle::sized`] that nobody else has a count of.
    pub unsafe fn resize_size_place(place: *mut i64, len: usize) -> *mut i64 {
        let p = (place as *mut u8).wrapping_sub(HEADER) as *mut SharedBin;
        let Some(l) = len.checked_add(SIZE_WORD).and_then(try_layout) else {
            return core::ptr::null_mut();
        };
        // SAFETY: by the caller's word; the old layout is what it was allocated with.
        unsafe {
            let old = (*p).capacity;
            let p = realloc(p as *mut u8, layout(old + SIZE_WORD), l.size()) as *mut SharedBin;
            if p.is_null() {
                return core::ptr::null_mut();
            }
            BinHandle::fill_sized(p, len);
            tally::add(len as isize - old as isize);
            (p as *mut u8).add(HEADER) as *mut i64
        }
    }
    /// Says that the first `len` bytes are what a binary of [`BinHandle::sized`] that is not shared yet has.
    pub fn cut_sized(&self, len: usize) {
        let b = self.get();
        if len <= b.capacity && b.refc.load(Ordering::Acquire) == 1 {
            b.used_bits.store(len * 8, Ordering::Release);
        }
    }
    /// The object that the bytes are part of.
    pub fn object(&self) -> Option<&MagicHandle> {
        match &self.get().release {
            Some(Release::Object(o)) => Some(o),
            _ => None,
        }
    }
    fn get(&self) -> &SharedBin {
        // SAFETY: a handle keeps its binary alive.
        unsafe { self.0.as_ref() }
    }
    /// The bytes written so far (a last partial byte included).
    pub fn bytes(&self) -> &[u8] {
        let b = self.get();
        let n = b.used_bits.load(Ordering::Acquire).div_ceil(8);
        // SAFETY: bytes below `used_bits` are initialised and immutable.
        unsafe { core::slice::from_raw_parts(b.data, n) }
    }
    /// Write access while this is the only reference.
    pub fn bytes_mut(&mut self) -> Option<&mut [u8]> {
        let b = self.get();
        if b.refc.load(Ordering::Acquire) != 1 || b.release.is_some() {
            return None;
        }
        let n = b.used_bits.load(Ordering::Acquire).div_ceil(8);
        b.utf8.store(0, Ordering::Relaxed);
        // SAFETY: sole owner, through `&mut self`.
        Some(unsafe { core::slice::from_raw_parts_mut(b.data, n) })
    }
    pub fn capacity(&self) -> usize {
        self.get().capacity
    }
    pub fn refc(&self) -> usize {
        self.get().refc.load(Ordering::Relaxed)
    }
    /// Address of the data.
    pub fn data_ptr(&self) -> *mut u8 {
        self.get().data
    }
    /// Claims the bits from `end` to `end + more` for writing, if this binary ends at `end` and has
    /// room. On success the caller alone may write them (other bits of a shared last byte stay).
    pub fn claim_tail(&self, end: usize, more: usize) -> bool {
        let b = self.get();
        let Some(new_end) = end.checked_add(more) else { return false };
        b.release.is_none()
            && new_end <= b.capacity * 8
            && b.used_bits
                .compare_exchange(end, new_end, Ordering::AcqRel, Ordering::Relaxed)
                .is_ok()
    }
    /// Claims as [`BinHandle::claim_tail`] does, in a sole-owned binary that is first made to hold
    /// `capacity` bytes.
    pub(crate) fn grow_tail(&mut self, end: usize, more: usize, capacity: usize) -> bool {
        let used = self.get().used_bits.load(Ordering::Acquire);
        if used != end || !self.resize(end.div_ceil(8), capacity) {
            return false;
        }
        self.set_used_bits(end);
        self.claim_tail(end, more)
    }
    /// Says where a binary that is not shared yet ends, within what was written.
    pub(crate) fn set_used_bits(&mut self, bits: usize) {
        self.get().used_bits.store(bits, Ordering::Release);
    }
    /// Shrinks or grows a sole-owned binary in place.
    pub fn resize(&mut self, len: usize, capacity: usize) -> bool {
        let b = self.get();
        if b.refc.load(Ordering::Acquire) != 1 || b.release.is_some() || capacity < len {
            return false;
        }
        let (old_cap, old_len) = (b.capacity, b.used_bits.load(Ordering::Relaxed).div_ceil(8));
        // SAFETY: sole owner; the old layout is what it was allocated with; new bytes are zeroed.
        unsafe {
            let l = layout(capacity);
            let p =
                realloc(self.0.as_ptr() as *mut u8, layout(old_cap), l.size()) as *mut SharedBin;
            if p.is_null() {
                handle_alloc_error(l);
            }
            (*p).data = (p as *mut u8).add(HEADER);
            (*p).capacity = capacity;
            if len > old_len {
                core::ptr::write_bytes((*p).data.add(old_len), 0, len - old_len);
            }
            *(*p).used_bits.get_mut() = len * 8;
            *(*p).utf8.get_mut() = 0;
            self.0 = NonNull::new_unchecked(p);
        }
        tally::add(capacity as isize - old_cap as isize);
        true
    }
    /// The raw word kept in a `BinRef`; the count moves into it.
    pub fn into_raw(self) -> u64 {
        let p = self.0.as_ptr() as u64;
        core::mem::forget(self);
        p
    }
    /// # Safety
    /// `w` came from `into_raw` and its count is taken over.
    pub unsafe fn from_raw(w: u64) -> BinHandle {
        // SAFETY: never null by origin.
        BinHandle(unsafe { NonNull::new_unchecked(w as *mut SharedBin) })
    }
    /// Another reference through a raw word.
    /// # Safety
    /// `w` is the word of a live `BinRef`.
    pub(crate) unsafe fn clone_raw(w: u64) -> BinHandle {
        // SAFETY: alive by the caller's word; forgetting the temporary keeps its count.
        unsafe {
            let h = core::mem::ManuallyDrop::new(BinHandle::from_raw(w));
            BinHandle::clone(&h)
        }
    }
    /// Data and capacity in bits, if the binary ends at bit `end` and has no other reference.
    /// # Safety
    /// `w` is the word of a live `BinRef`.
    #[inline(always)]
    pub(crate) unsafe fn tail_of_raw(w: u64, end: usize) -> Option<(NonNull<u8>, usize)> {
        // SAFETY: alive by the caller's word.
        let b = unsafe { &*(w as *const SharedBin) };
        if b.used_bits.load(Ordering::Relaxed) != end
            || b.refc.load(Ordering::Relaxed) != 1
            || b.release.is_some()
        {
            return None;
        }
        Some((NonNull::new(b.data)?, b.capacity * 8))
    }
    /// Says that a binary of [`BinHandle::tail_of_raw`] ends at `end` now.
    /// # Safety
    /// As there; the bits up to `end` are written.
    #[inline(always)]
    pub(crate) unsafe fn set_end_of_raw(w: u64, end: usize) {
        // SAFETY: alive by the caller's word.
        unsafe { (*(w as *const SharedBin)).used_bits.store(end, Ordering::Relaxed) }
    }
    /// # Safety
    /// `w` is the word of a live `BinRef`.
    pub(crate) unsafe fn data_of_raw(w: u64) -> *mut u8 {
        // SAFETY: alive by the caller's word.
        unsafe { (*(w as *const SharedBin)).data }
    }
    /// Bytes `from..to` as text, if they are UTF-8. What was found out is remembered, for all that share the bytes.
    /// # Safety
    /// `w` is the word of a `BinRef` that lives for `'a`, and the bytes are below `used_bits`.
    pub(crate) unsafe fn text_of_raw<'a>(w: u64, from: usize, to: usize) -> Option<&'a str> {
        // SAFETY: alive by the caller's word; bytes below `used_bits` do not change while they are shared.
        unsafe {
            let b = &*(w as *const SharedBin);
            let bytes = core::slice::from_raw_parts(b.data.add(from), to - from);
            let known = b.utf8.load(Ordering::Relaxed);
            let inside = |at: usize| at < known && *b.data.add(at) & 0xc0 == 0x80;
            if to <= known && !inside(from) && !inside(to) {
                return Some(core::str::from_utf8_unchecked(bytes));
            }
            let text = core::str::from_utf8(bytes).ok()?;
            if from <= known && !inside(from) {
                b.utf8.fetch_max(to, Ordering::Relaxed);
            }
            Some(text)
        }
    }
    pub(crate) unsafe fn capacity_of_raw(w: u64) -> usize {
        // SAFETY: alive by the caller's word.
        unsafe { (*(w as *const SharedBin)).capacity }
    }
}

impl Clone for BinHandle {
    fn clone(&self) -> BinHandle {
        self.get().refc.fetch_add(1, Ordering::Relaxed);
        BinHandle(self.0)
    }
}

impl Drop for BinHandle {
    fn drop(&mut self) {
        let refc = &self.get().refc;
        // Who has the only reference need not count down: nobody else can count up.
        if refc.load(Ordering::Acquire) != 1 {
            if refc.fetch_sub(1, Ordering::Release) != 1 {
                return;
            }
            fence(Ordering::Acquire);
        }
        let p = self.0.as_ptr();
        // SAFETY: that was the last reference; memory is given back as it was obtained.
        unsafe {
            match (*p).release.take() {
                Some(Release::Sized) => {
                    let cap = (*p).capacity;
                    tally::add(-(cap as isize));
                    dealloc(p as *mut u8, layout(cap + SIZE_WORD));
                }
                Some(release) => {
                    drop(Box::from_raw(p));
                    match release {
                        Release::Call(f) => f(),
                        Release::Object(o) => drop(o),
                        Release::Sized => unreachable!("above"),
                    }
                }
                None => {
                    let cap = (*p).capacity;
                    tally::add(-(cap as isize));
                    dealloc(p as *mut u8, layout(cap));
                }
            }
        }
    }
}

/// A native object that a magic reference keeps alive (ETS tables, atomics, NIF resources, …).
pub struct Magic {
    pub object: Box<dyn Any + Send + Sync>,
}

/// Counted handle to a magic object.
pub type MagicHandle = Arc<Magic>;

impl Magic {
    pub fn handle<T: Any + Send + Sync>(object: T) -> MagicHandle {
        Arc::new(Magic { object: Box::new(object) })
    }
    pub fn downcast<T: Any>(&self) -> Option<&T> {
        self.object.downcast_ref()
    }
}
