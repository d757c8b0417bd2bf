//! The lock of a port's core: it is tried, hardly ever waited for.
//!
//! Whoever lets go of it then looks at the port's count of waiting tasks; whoever has counted a task then tries the lock. Both steps
//! of both are sequentially consistent, so one of the two sees the other, and no task stays behind. With a mutex of the standard
//! library a fence would be needed for that, which costs as much as locking.

use core::cell::UnsafeCell;
use core::ops::{Deref, DerefMut};
use core::sync::atomic::{AtomicBool, Ordering};

/// See the module head.
pub(super) struct CoreLock<T> {
    taken: AtomicBool,
    inside: UnsafeCell<T>,
}

// SAFETY: the inside is reached through the one guard there is at a time.
unsafe impl<T: Send> Sync for CoreLock<T> {}

/// Lets go of the lock when dropped, after a panic too.
pub(super) struct CoreGuard<'a, T>(&'a CoreLock<T>);

impl<T> CoreLock<T> {
    pub fn new(inside: T) -> CoreLock<T> {
        CoreLock { taken: AtomicBool::new(false), inside: UnsafeCell::new(inside) }
    }
    #[inline]
    pub fn try_lock(&self) -> Option<CoreGuard<'_, T>> {
        let free = self.taken.compare_exchange(false, true, Ordering::SeqCst, Ordering::SeqCst);
        // Only here: a guard that is made and dropped would let go of somebody else's lock.
        free.is_ok().then(|| CoreGuard(self))
    }
    /// Waits for a port that nobody knows yet but whoever hears of its descriptors.
    pub fn lock(&self) -> CoreGuard<'_, T> {
        loop {
            if let Some(guard) = self.try_lock() {
                return guard;
            }
            std::thread::yield_now();
        }
    }
    pub fn get_mut(&mut self) -> &mut T {
        self.inside.get_mut()
    }
}

impl<T> Deref for CoreGuard<'_, T> {
    type Target = T;
    fn deref(&self) -> &T {
        // SAFETY: the guard is the only one.
        unsafe { &*self.0.inside.get() }
    }
}

impl<T> DerefMut for CoreGuard<'_, T> {
    fn deref_mut(&mut self) -> &mut T {
        // SAFETY: as above.
        unsafe { &mut *self.0.inside.get() }
    }
}

impl<T> Drop for CoreGuard<'_, T> {
    #[inline]
    fn drop(&mut self) {
        self.0.taken.store(false, Ordering::SeqCst);
    }
}

#[cfg(test)]
mod tests {
    use super::CoreLock;

    #[test]
    fn who_fails_to_lock_lets_nothing_go() {
        let lock = CoreLock::new(0u64);
        let held = lock.try_lock();
        assert!(held.is_some() && lock.try_lock().is_none() && lock.try_lock().is_none());
        drop(held);
        assert!(lock.try_lock().is_some());
    }

    #[test]
    fn one_at_a_time() {
        let lock = CoreLock::new(0u64);
        std::thread::scope(|s| {
            for _ in 0..4 {
                s.spawn(|| (0..10_000).for_each(|_| *lock.lock() += 1));
            }
        });
        assert_eq!(*lock.lock(), 40_000);
    }
}
