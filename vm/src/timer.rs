//! Timers [erl_hl_timer.c].

/// The `after` of a receive: at most one at a time for each process.
#[derive(Clone, Copy, Debug, Default)]
pub struct ReceiveTimer {
    /// Counts the timers that were set; a timeout of an older one is ignored.
    pub generation: u64,
    pub set: bool,
    pub fired: bool,
}
