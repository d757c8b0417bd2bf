//! Numbers of references.
//!
//! A reference made here is three 32-bit words, as the external format wants them; the first has 18 significant bits,
//! which is what every release accepts.

use std::sync::atomic::{AtomicU64, Ordering};

static NEXT: AtomicU64 = AtomicU64::new(0);

/// A number that no other reference of this VM has: `(word0 | word1 << 32, word2)`.
pub fn next() -> (u64, u64) {
    let n = NEXT.fetch_add(1, Ordering::Relaxed);
    let (w0, w1, w2) = (n & 0x3ffff, n >> 18 & 0xffff_ffff, n >> 50);
    (w0 | w1 << 32, w2)
}
