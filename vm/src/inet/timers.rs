//! Several timers of a port, which has only one of its own.

use crate::port::PortCx;

/// Timers by kind, the earliest of which is set in the port.
pub(super) struct Timers<K> {
    /// Deadlines on the VM's monotonic clock.
    waiting: Vec<(i64, K)>,
}

impl<K: Copy + PartialEq> Timers<K> {
    pub fn new() -> Timers<K> {
        Timers { waiting: Vec::new() }
    }
    pub fn add(&mut self, p: &mut PortCx<'_>, ms: u32, kind: K) {
        let wait = i64::from(ms) * 1_000_000;
        self.waiting.push((p.vm().monotonic().saturating_add(wait), kind));
        self.set(p);
    }
    pub fn cancel(&mut self, p: &mut PortCx<'_>, kind: K) {
        let before = self.waiting.len();
        self.waiting.retain(|(_, k)| *k != kind);
        if self.waiting.len() != before {
            self.set(p);
        }
    }
    pub fn clear(&mut self, p: &mut PortCx<'_>) {
        if !self.waiting.is_empty() {
            self.waiting.clear();
            self.set(p);
        }
    }
    /// The earliest that is due, taken out.
    pub fn due(&mut self, p: &PortCx<'_>) -> Option<K> {
        let now = p.vm().monotonic();
        let (i, _) = self.waiting.iter().enumerate().min_by_key(|(_, (when, _))| *when)?;
        (self.waiting[i].0 <= now).then(|| self.waiting.remove(i).1)
    }
    /// Sets the port's timer to the earliest.
    pub fn set(&mut self, p: &mut PortCx<'_>) {
        match self.waiting.iter().map(|(when, _)| *when).min() {
            None => p.cancel_timer(),
            Some(when) => p.set_timer_at(when),
        }
    }
}
