//! The address range of regions that never move: literals and persistent terms.
//!
//! One reserved range holds them all, so that one comparison tells the collector not to follow a
//! pointer. The range is reserved by the VM at start ([`set_range`]); areas in it are freed by their
//! owners after every process has copied what it still used.

use core::sync::atomic::{AtomicU64, Ordering};

static BASE: AtomicU64 = AtomicU64::new(0);
static LEN: AtomicU64 = AtomicU64::new(0);

/// Makes `[base, base + bytes)` the literal range. Called once, before any literal exists.
pub fn set_range(base: u64, bytes: u64) {
    BASE.store(base, Ordering::Relaxed);
    LEN.store(bytes, Ordering::Release);
}

static LEAVING_BASE: AtomicU64 = AtomicU64::new(0);
static LEAVING_LEN: AtomicU64 = AtomicU64::new(0);

/// Announces the one area that is about to be freed (length 0: none). From here on copies of terms take
/// its literals along instead of sharing them.
pub fn set_leaving(base: u64, bytes: u64) {
    LEAVING_LEN.store(0, Ordering::SeqCst);
    LEAVING_BASE.store(base, Ordering::SeqCst);
    LEAVING_LEN.store(bytes, Ordering::SeqCst);
}

/// The area that is about to be freed: base and length in bytes.
#[inline]
pub fn leaving() -> (u64, u64) {
    let len = LEAVING_LEN.load(Ordering::Acquire);
    (LEAVING_BASE.load(Ordering::Relaxed), len)
}

/// Base and length in bytes.
#[inline]
pub fn range() -> (u64, u64) {
    (BASE.load(Ordering::Relaxed), LEN.load(Ordering::Relaxed))
}

/// Whether an address lies in the literal range.
#[inline]
pub fn contains(addr: u64) -> bool {
    let (base, len) = range();
    addr.wrapping_sub(base) < len
}
