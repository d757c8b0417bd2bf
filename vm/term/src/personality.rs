//! What differs between OTP releases in the meaning of terms, chosen once at boot.

use core::sync::atomic::{AtomicBool, AtomicU32, Ordering};

static SIGNED_ZERO: AtomicBool = AtomicBool::new(false);
static ATOM_KEYS_BY_INDEX: AtomicBool = AtomicBool::new(false);
static WIDE_HASH: AtomicBool = AtomicBool::new(false);

static RELEASE: AtomicU32 = AtomicU32::new(25);

/// The OTP release that is served.
pub fn release() -> u32 {
    RELEASE.load(Ordering::Relaxed)
}
/// Whether `0.0` and `-0.0` are different terms for `=:=` (from OTP 27).
#[inline(always)]
pub fn signed_zero() -> bool {
    SIGNED_ZERO.load(Ordering::Relaxed)
}
/// Whether small maps keep atom keys in the order of the atom table (from OTP 26) and not by name.
#[inline(always)]
pub fn atom_keys_by_index() -> bool {
    ATOM_KEYS_BY_INDEX.load(Ordering::Relaxed)
}
/// Whether large maps are kept by a hash of 64 bits (from OTP 27).
#[inline(always)]
pub fn wide_hash() -> bool {
    WIDE_HASH.load(Ordering::Relaxed)
}
/// Sets what follows from the release. Called before the first map or float is built.
pub fn set_release(otp: u32) {
    RELEASE.store(otp, Ordering::Relaxed);
    SIGNED_ZERO.store(otp >= 27, Ordering::Relaxed);
    WIDE_HASH.store(otp >= 27, Ordering::Relaxed);
    ATOM_KEYS_BY_INDEX.store(otp >= 26, Ordering::Relaxed);
}
