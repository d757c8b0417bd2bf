//! Literal areas: terms that never move, in one reserved address range [erl_literal_area].
//!
//! An area is filled once, by building terms on a heap whose bump area lies in the range; then it is
//! read-only. Its owner (a module, a persistent term) frees it when no process can refer to it.

use std::sync::Mutex;
use sys::mmap::Reservation;
use term::Heap;

/// Bytes of address space for all literals.
const RANGE: usize = 1 << 34;

/// See the module head.
pub struct LiteralSpace {
    range: Reservation,
    state: Mutex<State>,
}

struct State {
    /// Bytes handed out so far; below it, `free` lists what came back.
    top: usize,
    committed: usize,
    free: Vec<(usize, usize)>,
}

/// One area: address and bytes, with the off-heap references its terms hold.
pub struct LiteralArea {
    pub base: u64,
    pub bytes: u64,
    keep: Heap,
}

// SAFETY: an area is immutable once built.
unsafe impl Sync for LiteralArea {}

impl LiteralSpace {
    pub fn new() -> std::io::Result<LiteralSpace> {
        let range = Reservation::new(RANGE)?;
        term::literal::set_range(range.base().as_ptr() as u64, range.len() as u64);
        let state = Mutex::new(State { top: 0, committed: 0, free: Vec::new() });
        Ok(LiteralSpace { range, state })
    }
    /// Builds an area with what `f` puts on the heap. The heap allocates without end; the terms
    /// are good as long as the area lives.
    pub fn build<R>(&self, f: impl FnOnce(&Heap) -> R) -> std::io::Result<(LiteralArea, R)> {
        const STEP: usize = 1 << 26;
        let mut s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        if s.committed < self.range.len() && s.committed - s.top < STEP {
            let step = STEP.max(s.top + STEP - s.committed).min(self.range.len() - s.committed);
            self.range.commit(s.committed, step)?;
            s.committed += step;
        }
        let base = self.range.base().as_ptr().wrapping_add(s.top) as *mut u64;
        let limit = self.range.base().as_ptr().wrapping_add(s.committed) as *mut u64;
        let heap = Heap::new();
        // SAFETY: the words between `top` and `committed` are committed, unused, and ours under
        // the lock.
        unsafe { heap.set_area(base, limit) };
        let r = f(&heap);
        let bytes = heap.top() as usize - base as usize;
        // SAFETY: nothing more is built here.
        unsafe { heap.set_area(std::ptr::null_mut(), std::ptr::null_mut()) };
        s.top += bytes;
        Ok((LiteralArea { base: base as u64, bytes: bytes as u64, keep: heap }, r))
    }
    /// Takes an area back; nothing refers into it any more.
    pub fn free(&self, area: LiteralArea) {
        let mut s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let offset = (area.base - self.range.base().as_ptr() as u64) as usize;
        let LiteralArea { mut keep, bytes, .. } = area;
        keep.clear();
        if offset + bytes as usize == s.top {
            s.top = offset;
        } else {
            s.free.push((offset, bytes as usize));
        }
    }
    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        let s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        s.top - s.free.iter().map(|f| f.1).sum::<usize>()
    }
}

impl LiteralArea {
    pub fn contains(&self, addr: u64) -> bool {
        addr.wrapping_sub(self.base) < self.bytes
    }
}
