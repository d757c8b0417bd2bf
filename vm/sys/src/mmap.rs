//! Reserved address ranges: literals and other regions that do not move live in one of them.
//!
//! A reservation takes addresses, not memory: pages are committed and decommitted as regions come and go. Because the
//! range never moves and never grows, "is this pointer in it" is one subtraction and one comparison, see [`StaticRange`].

use std::io;
use std::ptr::NonNull;
use std::sync::atomic::{AtomicUsize, Ordering};

/// Bytes of a memory page.
pub fn page_size() -> usize {
    static SIZE: AtomicUsize = AtomicUsize::new(0);
    match SIZE.load(Ordering::Relaxed) {
        0 => {
            // SAFETY: sysconf only reads its argument.
            let n = unsafe { libc::sysconf(libc::_SC_PAGESIZE) };
            let n = if n > 0 { n as usize } else { 4096 };
            SIZE.store(n, Ordering::Relaxed);
            n
        }
        n => n,
    }
}

fn round_up(n: usize, to: usize) -> Option<usize> {
    n.checked_add(to - 1).map(|n| n & !(to - 1))
}

fn out_of_memory() -> io::Error {
    io::Error::from_raw_os_error(libc::ENOMEM)
}

/// Fresh zeroed pages, readable and writable unless `reserve_only`. `bytes` must be a positive multiple of the page size.
pub(crate) fn map(bytes: usize, reserve_only: bool) -> io::Result<NonNull<u8>> {
    let (prot, extra) = if reserve_only {
        (libc::PROT_NONE, libc::MAP_NORESERVE)
    } else {
        (libc::PROT_READ | libc::PROT_WRITE, 0)
    };
    let flags = libc::MAP_PRIVATE | libc::MAP_ANONYMOUS | extra;
    // SAFETY: a new anonymous mapping at an address of the kernel's choice touches no existing memory.
    let p = unsafe { libc::mmap(std::ptr::null_mut(), bytes, prot, flags, -1, 0) };
    if p == libc::MAP_FAILED {
        return Err(io::Error::last_os_error());
    }
    NonNull::new(p.cast()).ok_or_else(out_of_memory)
}

/// Gives a mapping, or a page-aligned part of one, back.
///
/// # Safety
/// `[p, p+bytes)` lies within mappings made by [`map`], and nothing uses it any more.
pub(crate) unsafe fn unmap(p: NonNull<u8>, bytes: usize) {
    // SAFETY: by the caller's promise. It cannot fail for such a range but by the limit on the number of mappings;
    // the addresses then simply stay taken.
    unsafe { libc::munmap(p.as_ptr().cast(), bytes) };
}

/// Lets the kernel take the pages back; they read as zeroes afterwards.
///
/// # Safety
/// `[p, p+bytes)` is page-aligned, lies within a mapping made by [`map`], and its contents are not needed.
pub(crate) unsafe fn discard_pages(p: NonNull<u8>, bytes: usize) {
    // SAFETY: by the caller's promise; a refusal leaves the pages as they are.
    unsafe { libc::madvise(p.as_ptr().cast(), bytes, libc::MADV_DONTNEED) };
}

/// Hints that huge pages are welcome.
pub(crate) fn want_huge_pages(p: NonNull<u8>, bytes: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: a hint; it changes no contents and an unsuitable range is refused.
    unsafe {
        libc::madvise(p.as_ptr().cast(), bytes, libc::MADV_HUGEPAGE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (p, bytes);
}

/// Lets the kernel take the pages if it needs them; their contents are undefined afterwards.
///
/// # Safety
/// As for [`discard_pages`].
pub(crate) unsafe fn need_not_keep(p: NonNull<u8>, bytes: usize) {
    #[cfg(target_os = "linux")]
    // SAFETY: by the caller's promise; a refusal leaves the pages as they are.
    unsafe {
        libc::madvise(p.as_ptr().cast(), bytes, libc::MADV_FREE);
    }
    #[cfg(not(target_os = "linux"))]
    let _ = (p, bytes);
}

/// Seconds of a clock that costs nothing to ask and never goes back.
pub(crate) fn seconds() -> i64 {
    #[cfg(target_os = "linux")]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC_COARSE;
    #[cfg(not(target_os = "linux"))]
    const CLOCK: libc::clockid_t = libc::CLOCK_MONOTONIC;
    let mut t = libc::timespec { tv_sec: 0, tv_nsec: 0 };
    // SAFETY: it writes the time to `t`.
    unsafe { libc::clock_gettime(CLOCK, &mut t) };
    t.tv_sec
}

/// Makes a mapping larger, where it is or at a place that `reserve` gives; null if that cannot be.
///
/// # Safety
/// `[p, p+from)` is a mapping made by [`map`], of which nothing else is used any more if it moves; the place is reserved for it.
#[cfg(target_os = "linux")]
pub(crate) unsafe fn resize(
    p: *mut u8,
    from: usize,
    to: usize,
    reserve: impl FnOnce() -> Option<NonNull<u8>>,
) -> *mut u8 {
    // SAFETY: by the caller's promise; what lies behind is touched only if it is free.
    let same = unsafe { libc::mremap(p.cast(), from, to, 0) };
    if same != libc::MAP_FAILED {
        return same.cast();
    }
    let Some(place) = reserve() else { return std::ptr::null_mut() };
    let flags = libc::MREMAP_MAYMOVE | libc::MREMAP_FIXED;
    // SAFETY: by the caller's promise; the place is ours.
    match unsafe { libc::mremap(p.cast(), from, to, flags, place.as_ptr()) } {
        libc::MAP_FAILED => {
            // SAFETY: it was reserved for this alone.
            unsafe { unmap(place, to) };
            std::ptr::null_mut()
        }
        moved => moved.cast(),
    }
}

/// # Safety
/// None: mappings keep their size here.
#[cfg(not(target_os = "linux"))]
pub(crate) unsafe fn resize(
    _: *mut u8,
    _: usize,
    _: usize,
    _: impl FnOnce() -> Option<NonNull<u8>>,
) -> *mut u8 {
    std::ptr::null_mut()
}

/// A range of addresses that is ours; unmapped on drop.
#[derive(Debug)]
pub struct Reservation {
    base: NonNull<u8>,
    len: usize,
}

// SAFETY: the reservation only owns addresses; every method is a system call that is safe from any thread.
unsafe impl Send for Reservation {}
// SAFETY: as above; overlapping commits and decommits are the caller's to order.
unsafe impl Sync for Reservation {}

impl Reservation {
    /// Reserves `bytes` (rounded up to pages) of address space without memory behind it. A power of two of at least
    /// 1 MiB comes aligned to its own size. Fails with ENOMEM under a limit on address space (`ulimit -v`); ask for less.
    pub fn new(bytes: usize) -> io::Result<Reservation> {
        let page = page_size();
        let len = round_up(bytes.max(1), page).ok_or_else(out_of_memory)?;
        if !len.is_power_of_two() || len < (1 << 20) {
            return Ok(Reservation { base: map(len, true)?, len });
        }
        let twice = len.checked_mul(2).ok_or_else(out_of_memory)?;
        let Ok(raw) = map(twice, true) else {
            return Ok(Reservation { base: map(len, true)?, len });
        };
        let skip = raw.as_ptr().align_offset(len).min(len);
        // SAFETY: `skip <= len`, so the aligned part stays inside the mapping of `2 * len` bytes, and what lies before
        // and after it is ours and unused.
        let base = unsafe {
            let base = raw.add(skip);
            if skip > 0 {
                unmap(raw, skip);
            }
            if skip < len {
                unmap(base.add(len), len - skip);
            }
            base
        };
        Ok(Reservation { base, len })
    }

    /// First address.
    pub fn base(&self) -> NonNull<u8> {
        self.base
    }

    /// Bytes reserved.
    pub fn len(&self) -> usize {
        self.len
    }

    /// Never true: a reservation has at least one page.
    pub fn is_empty(&self) -> bool {
        self.len == 0
    }

    /// Does `addr` point into the range?
    #[inline]
    pub fn contains(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base.as_ptr() as usize) < self.len
    }

    /// The page-aligned range that covers `[offset, offset+bytes)`, or EINVAL when it leaves the reservation.
    fn pages(&self, offset: usize, bytes: usize) -> io::Result<(NonNull<u8>, usize)> {
        let page = page_size();
        let invalid = || io::Error::from_raw_os_error(libc::EINVAL);
        let end = offset.checked_add(bytes).and_then(|n| round_up(n, page)).ok_or_else(invalid)?;
        if end > self.len {
            return Err(invalid());
        }
        let start = offset & !(page - 1);
        // SAFETY: `start <= end <= len`.
        Ok((unsafe { self.base.add(start) }, end - start))
    }

    /// Makes `[offset, offset+bytes)`, widened to whole pages, readable and writable. Pages not committed before are zero.
    pub fn commit(&self, offset: usize, bytes: usize) -> io::Result<NonNull<u8>> {
        let (p, len) = self.pages(offset, bytes)?;
        self.protect(p, len, libc::PROT_READ | libc::PROT_WRITE)?;
        // SAFETY: `offset` is within the range, as `pages` has checked.
        Ok(unsafe { self.base.add(offset) })
    }

    /// Makes committed pages read-only, so that a stray write is caught.
    ///
    /// # Safety
    /// Nobody holds a mutable reference into the pages that cover the range, nor writes to them afterwards.
    pub unsafe fn seal(&self, offset: usize, bytes: usize) -> io::Result<()> {
        let (p, len) = self.pages(offset, bytes)?;
        self.protect(p, len, libc::PROT_READ)
    }

    /// Gives the memory of the pages that cover `[offset, offset+bytes)` back; the addresses stay reserved.
    ///
    /// # Safety
    /// Nothing refers into these pages any more.
    pub unsafe fn decommit(&self, offset: usize, bytes: usize) -> io::Result<()> {
        let (p, len) = self.pages(offset, bytes)?;
        // SAFETY: the range lies in our mapping and the caller has given it up.
        unsafe { discard_pages(p, len) };
        self.protect(p, len, libc::PROT_NONE)
    }

    fn protect(&self, p: NonNull<u8>, len: usize, prot: i32) -> io::Result<()> {
        if len == 0 {
            return Ok(());
        }
        // SAFETY: the range lies in our own mapping; making pages accessible harms nobody, and callers that take access
        // away are unsafe functions with that promise.
        match unsafe { libc::mprotect(p.as_ptr().cast(), len, prot) } {
            0 => Ok(()),
            _ => Err(io::Error::last_os_error()),
        }
    }
}

impl Drop for Reservation {
    fn drop(&mut self) {
        // SAFETY: the mapping is ours; whoever took pointers out of it promised by `decommit`'s contract or by holding
        // the reservation for the life of the VM.
        unsafe { unmap(self.base, self.len) }
    }
}

/// A range test on statics: two relaxed loads, a subtraction, a comparison. Empty until [`StaticRange::set`].
#[derive(Debug, Default)]
pub struct StaticRange {
    base: AtomicUsize,
    len: AtomicUsize,
}

impl StaticRange {
    /// An empty range, for a `static`.
    pub const fn new() -> StaticRange {
        StaticRange { base: AtomicUsize::new(0), len: AtomicUsize::new(0) }
    }

    /// Takes over the bounds of `r`. To be called before other threads test.
    pub fn set(&self, r: &Reservation) {
        self.base.store(r.base.as_ptr() as usize, Ordering::Relaxed);
        self.len.store(r.len, Ordering::Relaxed);
    }

    /// Does `addr` point into the range?
    #[inline(always)]
    pub fn contains(&self, addr: usize) -> bool {
        addr.wrapping_sub(self.base.load(Ordering::Relaxed)) < self.len.load(Ordering::Relaxed)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn reserve_commit_decommit() {
        let r = Reservation::new(1 << 34).unwrap();
        assert_eq!(r.base().as_ptr() as usize % (1 << 34), 0);
        let p = r.commit(12345, 100_000).unwrap();
        assert_eq!(p.as_ptr() as usize, r.base().as_ptr() as usize + 12345);
        // SAFETY: just committed.
        unsafe {
            p.as_ptr().write(7);
            p.add(99_999).as_ptr().write(8);
            r.decommit(12345, 100_000).unwrap();
        }
        let p = r.commit(12345, 1).unwrap();
        // SAFETY: just committed.
        assert_eq!(unsafe { p.as_ptr().read() }, 0);
        assert!(r.commit(r.len() - 1, 2).is_err());
        assert!(r.commit(usize::MAX, 2).is_err());
    }

    #[test]
    fn range_test() {
        static RANGE: StaticRange = StaticRange::new();
        assert!(!RANGE.contains(0));
        let r = Reservation::new(3 * page_size()).unwrap();
        RANGE.set(&r);
        let base = r.base().as_ptr() as usize;
        assert!(RANGE.contains(base) && RANGE.contains(base + r.len() - 1));
        assert!(!RANGE.contains(base - 1) && !RANGE.contains(base + r.len()));
    }
}
