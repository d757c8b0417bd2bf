//! The process table [erl_ptab.h]: from pid data to process.
//!
//! Numbers are handed out in ascending order, round and round; the serial counts the rounds. A
//! lookup takes a counted reference under the slot's short lock, so a process is freed when the
//! table, its owner and every looker have let go.

use super::{Process, Shared};
use core::ops::Deref;
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering, fence};
use parking_lot_free::SpinLock;
use term::boxed::{pid_number, pid_serial};

mod parking_lot_free {
    //! A one-word lock for sections of a few instructions.
    use core::sync::atomic::{AtomicBool, Ordering};

    #[derive(Default)]
    pub struct SpinLock(AtomicBool);

    impl SpinLock {
        #[inline]
        pub fn with<R>(&self, f: impl FnOnce() -> R) -> R {
            let mut spins = 0u32;
            while self
                .0
                .compare_exchange_weak(false, true, Ordering::Acquire, Ordering::Relaxed)
                .is_err()
            {
                spins += 1;
                if spins.is_multiple_of(64) {
                    std::thread::yield_now();
                } else {
                    core::hint::spin_loop();
                }
            }
            let r = f();
            self.0.store(false, Ordering::Release);
            r
        }
    }
}

#[derive(Default)]
struct Slot {
    lock: SpinLock,
    process: AtomicPtr<Process>,
}

const SEGMENT: usize = 1024;

/// Slots in segments that are made when first used.
pub struct ProcTable {
    segments: Box<[AtomicPtr<Slot>]>,
    limit: usize,
    /// Counts on through the slots: how often it went round is the serial.
    next: AtomicU64,
    count: AtomicUsize,
}

/// Serials that there are.
const SERIALS: u64 = 1 << 30;
/// What the old external format has room for of a pid or port number.
pub(crate) const OLD_NUMBERS: u64 = 1 << 28;

/// A counted reference to a process: its shared side stays valid.
pub struct ProcRef(*mut Process);

// SAFETY: only the shared side is reachable through it.
unsafe impl Send for ProcRef {}
// SAFETY: as above.
unsafe impl Sync for ProcRef {}

impl ProcRef {
    /// The process behind it; only its current runner may touch the owner's side.
    pub(crate) fn as_ptr(&self) -> *mut Process {
        self.0
    }
    /// # Safety
    /// `p` is alive: the caller owns it, or holds a reference.
    pub(crate) unsafe fn from_owner(p: *mut Process) -> ProcRef {
        // SAFETY: by the caller's word.
        unsafe { (*p).shared.refs.fetch_add(1, Ordering::Relaxed) };
        ProcRef(p)
    }
}

impl Deref for ProcRef {
    type Target = Shared;
    fn deref(&self) -> &Shared {
        // SAFETY: the count keeps the allocation alive; the shared side is never `&mut`.
        unsafe { &(*self.0).shared }
    }
}

impl Clone for ProcRef {
    fn clone(&self) -> ProcRef {
        self.refs.fetch_add(1, Ordering::Relaxed);
        ProcRef(self.0)
    }
}

impl Drop for ProcRef {
    fn drop(&mut self) {
        if self.refs.fetch_sub(1, Ordering::Release) == 1 {
            fence(Ordering::Acquire);
            // SAFETY: the last reference; the table let go before.
            drop(unsafe { Box::from_raw(self.0) });
        }
    }
}

/// The low bits of a counter, after they were replaced.
pub(crate) fn replace_low(counter: &AtomicU64, low: Option<u64>) -> u64 {
    if let Some(low) = low {
        let low = low % OLD_NUMBERS;
        let change = |n: u64| Some(n - n % OLD_NUMBERS + low);
        let _ = counter.fetch_update(Ordering::Relaxed, Ordering::Relaxed, change);
    }
    counter.load(Ordering::Relaxed) % OLD_NUMBERS
}

impl ProcTable {
    /// A table for at most `limit` processes (rounded up to a power of two by the caller).
    pub fn new(limit: usize) -> ProcTable {
        let n = limit.div_ceil(SEGMENT);
        ProcTable {
            segments: (0..n).map(|_| AtomicPtr::new(null_mut())).collect(),
            limit: n * SEGMENT,
            next: AtomicU64::new(0),
            count: AtomicUsize::new(0),
        }
    }
    pub fn limit(&self) -> usize {
        self.limit
    }
    /// Memory of the table itself.
    pub fn bytes(&self) -> usize {
        let used = self.segments.iter().filter(|s| !s.load(Ordering::Relaxed).is_null()).count();
        self.segments.len() * 8 + used * SEGMENT * size_of::<Slot>()
    }
    /// Slots that are made, and looked through, at a time.
    pub const SEGMENT: usize = SEGMENT;
    /// The low bits of the count of the next process, if its slot is free; `next` replaces them. Those above go on when they wrap.
    pub fn next(&self, next: Option<u64>) -> u64 {
        replace_low(&self.next, next)
    }
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
    fn slot(&self, index: usize) -> Option<&Slot> {
        let seg = self.segments.get(index / SEGMENT)?.load(Ordering::Acquire);
        if seg.is_null() {
            return None;
        }
        // SAFETY: segments are published whole and never freed.
        Some(unsafe { &*seg.add(index % SEGMENT) })
    }
    fn slot_or_new(&self, index: usize) -> &Slot {
        if let Some(s) = self.slot(index) {
            return s;
        }
        let fresh: Box<[Slot]> = (0..SEGMENT).map(|_| Slot::default()).collect();
        let fresh = Box::into_raw(fresh) as *mut Slot;
        let seg = &self.segments[index / SEGMENT];
        if seg.compare_exchange(null_mut(), fresh, Ordering::AcqRel, Ordering::Acquire).is_err() {
            // SAFETY: never published.
            drop(unsafe { Box::from_raw(core::ptr::slice_from_raw_parts_mut(fresh, SEGMENT)) });
        }
        self.slot(index).expect("just made")
    }
    /// Puts a process made by `make` (given its pid data) into the table. `None` if it is full.
    pub(crate) fn insert(&self, make: impl FnOnce(u64) -> Process) -> Option<ProcRef> {
        if self.count.fetch_add(1, Ordering::Relaxed) >= self.limit {
            self.count.fetch_sub(1, Ordering::Relaxed);
            return None;
        }
        let mut make = Some(make);
        loop {
            let next = self.next.fetch_add(1, Ordering::Relaxed);
            let n = (next % self.limit as u64) as usize;
            let serial = next / self.limit as u64 % SERIALS;
            let slot = self.slot_or_new(n);
            let done = slot.lock.with(|| {
                if !slot.process.load(Ordering::Relaxed).is_null() {
                    return None;
                }
                let make = make.take()?;
                let p = Box::into_raw(Box::new(make(n as u64 | serial << 28)));
                // One count for the table, one for the caller.
                // SAFETY: fresh.
                unsafe { (*p).shared.refs.store(2, Ordering::Relaxed) };
                slot.process.store(p, Ordering::Release);
                Some(ProcRef(p))
            });
            if done.is_some() {
                return done;
            }
        }
    }
    /// The process of this pid, if it is still in the table.
    pub fn lookup(&self, pid: u64) -> Option<ProcRef> {
        let slot = self.slot(pid_number(pid) as usize)?;
        slot.lock.with(|| {
            let p = slot.process.load(Ordering::Acquire);
            // SAFETY: while in the table, the table's count keeps it alive; the lock keeps it there.
            unsafe {
                if p.is_null() || (*p).shared.pid != pid {
                    return None;
                }
                Some(ProcRef::from_owner(p))
            }
        })
    }
    /// Takes a process out of the table. Returns the table's reference.
    pub(crate) fn remove(&self, pid: u64) -> Option<ProcRef> {
        let slot = self.slot(pid_number(pid) as usize)?;
        let r = slot.lock.with(|| {
            let p = slot.process.load(Ordering::Acquire);
            // SAFETY: as in `lookup`.
            if p.is_null() || unsafe { (*p).shared.pid } != pid {
                return None;
            }
            slot.process.store(null_mut(), Ordering::Release);
            Some(ProcRef(p))
        });
        if r.is_some() {
            self.count.fetch_sub(1, Ordering::Relaxed);
        }
        r
    }
    /// Pids in the table, in table order. A snapshot that may miss what comes and goes meanwhile.
    pub fn pids(&self) -> Vec<u64> {
        let mut v = Vec::with_capacity(self.count());
        self.segments.iter().for_each(|seg| Self::pids_of(seg, &mut v));
        v
    }
    /// Pids of the first segment that has any, from segment `from` on, and where to go on. `None` at the end.
    pub fn pids_from(&self, from: usize) -> Option<(usize, Vec<u64>)> {
        let mut v = Vec::new();
        for (i, seg) in self.segments.iter().enumerate().skip(from) {
            Self::pids_of(seg, &mut v);
            if !v.is_empty() {
                return Some((i + 1, v));
            }
        }
        None
    }
    fn pids_of(seg: &AtomicPtr<Slot>, v: &mut Vec<u64>) {
        let seg = seg.load(Ordering::Acquire);
        if seg.is_null() {
            return;
        }
        for i in 0..SEGMENT {
            // SAFETY: a published segment has `SEGMENT` slots.
            let slot = unsafe { &*seg.add(i) };
            slot.lock.with(|| {
                let p = slot.process.load(Ordering::Acquire);
                if !p.is_null() {
                    // SAFETY: alive while in the table.
                    v.push(unsafe { (*p).shared.pid });
                }
            });
        }
    }
    /// The serial part of a pid, for printing.
    pub fn serial(pid: u64) -> u64 {
        pid_serial(pid)
    }
}
