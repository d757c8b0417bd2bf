//! Erlang's clocks [erl_time_sup.c].
//!
//! Monotonic time starts at a number that keeps it a small integer in the reference (60 bits, whole seconds), so that
//! programs see the same values. System time is monotonic time and an offset, which stays what it was at the start:
//! the VM does not follow a clock that the system sets (`no_time_warp`).

use std::sync::OnceLock;
use std::sync::atomic::{AtomicI64, Ordering};

/// Native time units in a second.
pub const UNIT: i64 = 1_000_000_000;
/// Monotonic time at the start of the VM.
pub const START: i64 = -576_460_752 * UNIT;

/// The system's monotonic clock when the VM started.
static BASE: OnceLock<i64> = OnceLock::new();
static OFFSET: AtomicI64 = AtomicI64::new(0);

/// Starts the clocks; the first question for the time does it otherwise.
pub fn init() {
    base();
}

fn base() -> i64 {
    *BASE.get_or_init(|| {
        OFFSET.store(sys::clock::system_ns() - START, Ordering::Relaxed);
        sys::clock::monotonic_ns()
    })
}

/// Erlang monotonic time, in nanoseconds: never goes back.
pub fn monotonic_ns() -> i64 {
    let base = base();
    START + (sys::clock::monotonic_ns() - base)
}

/// What to add to monotonic time to have system time, in nanoseconds.
pub fn time_offset_ns() -> i64 {
    base();
    OFFSET.load(Ordering::Relaxed)
}

/// Erlang system time, in nanoseconds since 1970.
pub fn system_ns() -> i64 {
    monotonic_ns() + time_offset_ns()
}

/// Nanoseconds since the VM started.
pub fn uptime_ns() -> i64 {
    monotonic_ns() - START
}

/// The last answer of [`now_us`].
static LAST_NOW: AtomicI64 = AtomicI64::new(0);

/// Microseconds since 1970, greater with every call (`erlang:now/0`).
pub fn now_us() -> i64 {
    let mut now = system_ns().div_euclid(1000);
    let mut last = LAST_NOW.load(Ordering::Relaxed);
    loop {
        now = now.max(last + 1);
        match LAST_NOW.compare_exchange(last, now, Ordering::SeqCst, Ordering::Relaxed) {
            Ok(_) => return now,
            Err(other) => last = other,
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn clocks_agree() {
        let (a, b) = (now_us(), now_us());
        assert!(b > a);
        assert!(monotonic_ns() >= START && monotonic_ns() < START + 3600 * UNIT);
        assert!((system_ns() - sys::clock::system_ns()).abs() < UNIT);
    }
}
