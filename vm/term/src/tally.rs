//! A sum that many threads add to and few read: the bytes of shared binaries.
//!
//! Each thread has a slot of its own, on its own cache line, which nobody else writes: adding is a load and a store, without a locked
//! operation. Binaries are made and freed so often that a common counter was seen in profiles. A slot outlives its thread and goes to a
//! later one, as what one thread has added another one takes back.

use core::cell::Cell;
use core::ptr::null;
use core::sync::atomic::{AtomicIsize, Ordering};
use std::sync::Mutex;

/// See the module head.
#[repr(align(128))]
struct Slot(AtomicIsize);

struct Slots {
    all: Vec<&'static Slot>,
    free: Vec<&'static Slot>,
}

static SLOTS: Mutex<Slots> = Mutex::new(Slots { all: Vec::new(), free: Vec::new() });

/// What threads add that are ending.
static LATE: AtomicIsize = AtomicIsize::new(0);

thread_local! {
    static MINE: Cell<*const Slot> = const { Cell::new(null()) };
    static KEPT: Kept = const { Kept(Cell::new(None)) };
}

/// Gives the slot back when the thread ends.
struct Kept(Cell<Option<&'static Slot>>);

impl Drop for Kept {
    fn drop(&mut self) {
        MINE.set(null());
        if let Some(slot) = self.0.take() {
            SLOTS.lock().unwrap_or_else(|e| e.into_inner()).free.push(slot);
        }
    }
}

/// Adds to the sum.
#[inline]
pub(crate) fn add(n: isize) {
    // SAFETY: slots are never freed.
    match unsafe { MINE.get().as_ref() } {
        // Only this thread writes it.
        Some(slot) => {
            slot.0.store(slot.0.load(Ordering::Relaxed).wrapping_add(n), Ordering::Relaxed)
        }
        None => add_first(n),
    }
}

#[cold]
fn add_first(n: isize) {
    let kept = KEPT.try_with(|kept| {
        let mut slots = SLOTS.lock().unwrap_or_else(|e| e.into_inner());
        let slot = slots.free.pop().unwrap_or_else(|| {
            let slot: &'static Slot = Box::leak(Box::new(Slot(AtomicIsize::new(0))));
            slots.all.push(slot);
            slot
        });
        kept.0.set(Some(slot));
        MINE.set(slot);
    });
    match kept {
        Ok(()) => add(n),
        Err(_) => {
            LATE.fetch_add(n, Ordering::Relaxed);
        }
    }
}

/// The sum, as exact as can be while others add.
pub(crate) fn total() -> usize {
    let slots = SLOTS.lock().unwrap_or_else(|e| e.into_inner());
    let late = LATE.load(Ordering::Relaxed);
    let sum = slots.all.iter().fold(late, |sum, s| sum.wrapping_add(s.0.load(Ordering::Relaxed)));
    sum.max(0) as usize
}

#[cfg(test)]
mod tests {
    #[test]
    fn what_one_thread_adds_another_takes_back() {
        const MUCH: isize = 1 << 40;
        std::thread::spawn(|| super::add(MUCH)).join().unwrap();
        assert!(super::total() >= MUCH as usize);
        let threads: Vec<_> =
            (0..4).map(|_| std::thread::spawn(|| super::add(-MUCH / 4))).collect();
        threads.into_iter().for_each(|t| t.join().unwrap());
        assert!(super::total() < MUCH as usize / 2);
    }
}
