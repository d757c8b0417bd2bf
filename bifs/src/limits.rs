//! How much natives do before they give way, as tests set it (`erts_debug:set_internal_state/2`): little, so
//! that short work takes the ways of long work too.

use core::sync::atomic::{AtomicBool, AtomicUsize, Ordering::Relaxed};

/// Steps between two chances to give way; 0: as many as there are reductions for.
pub struct Limit(AtomicUsize);

/// Of searches in `binary`.
pub static BINARY: Limit = Limit(AtomicUsize::new(0));
/// Of a match in `re`, before it goes on elsewhere.
pub static RE: Limit = Limit(AtomicUsize::new(0));
/// Of conversions in `unicode`.
pub static UNICODE: Limit = Limit(AtomicUsize::new(0));
/// Whether natives of `ets` give way at every chance.
pub static ETS_TRAPS: AtomicBool = AtomicBool::new(false);

impl Limit {
    pub fn set(&self, steps: usize) -> usize {
        self.0.swap(steps, Relaxed)
    }
    pub fn get(&self) -> Option<usize> {
        Some(self.0.load(Relaxed)).filter(|n| *n != 0)
    }
}

/// Whether a native of `ets` is to give way though it has reductions left.
pub fn ets_traps() -> bool {
    ETS_TRAPS.load(Relaxed)
}
