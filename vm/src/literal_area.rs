//! Literal areas: terms that never move, in one reserved address range [erl_literal_area].
//!
//! An area is filled once, by building terms on a heap whose bump area lies in the range; then it is
//! read-only. Its owner (a module, a persistent term) frees it when no process can refer to it.

use std::collections::BTreeMap;
use std::sync::Mutex;
use sys::mmap::Reservation;
use term::Heap;

/// Bytes of address space for all literals, and how little will do where address space is limited.
const RANGE: usize = 1 << 34;
const LEAST: usize = 1 << 26;

/// See the module head.
pub struct LiteralSpace {
    range: Reservation,
    state: Mutex<State>,
}

struct State {
    /// Bytes handed out so far; below it, `free` lists what came back.
    top: usize,
    /// From the top to here pages are committed; a whole number of them.
    committed: usize,
    /// Free pieces below the top: offset to bytes. Neighbours are joined.
    free: BTreeMap<usize, usize>,
}

impl State {
    /// Takes so many bytes out of the first free piece that has them.
    fn take(&mut self, bytes: usize) -> Option<usize> {
        let (&offset, &size) = self.free.iter().find(|f| *f.1 >= bytes)?;
        self.free.remove(&offset);
        if size > bytes {
            self.free.insert(offset + bytes, size - bytes);
        }
        Some(offset)
    }
    /// Gives a piece back, together with its free neighbours: the whole free piece, unless it was the last.
    fn give(&mut self, offset: usize, bytes: usize) -> Option<(usize, usize)> {
        if bytes == 0 {
            return None;
        }
        let (mut start, mut end) = (offset, offset + bytes);
        if let Some((&o, &n)) = self.free.range(..offset).next_back()
            && o + n == offset
        {
            self.free.remove(&o);
            start = o;
        }
        if let Some(n) = self.free.remove(&end) {
            end += n;
        }
        if end == self.top {
            self.top = start;
            if start < offset {
                // Pages of the pieces joined before may have been given back.
                let page = sys::mmap::page_size();
                self.committed = self.committed.min(start.next_multiple_of(page));
            }
            return None;
        }
        self.free.insert(start, end - start);
        Some((start, end - start))
    }
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
        let mut bytes = RANGE;
        let range = loop {
            match Reservation::new(bytes) {
                Err(_) if bytes > LEAST => bytes /= 4,
                range => break range?,
            }
        };
        term::literal::set_range(range.base().as_ptr() as u64, range.len() as u64);
        let state = Mutex::new(State { top: 0, committed: 0, free: BTreeMap::new() });
        Ok(LiteralSpace { range, state })
    }
    /// Builds an area with what `f` puts on the heap: `words` at the most. The terms are good as long as the
    /// area lives.
    /// # Errors
    /// If there is no address space left, or `f` built more than was said.
    pub fn build<R>(
        &self,
        words: usize,
        f: impl FnOnce(&Heap) -> R,
    ) -> std::io::Result<(LiteralArea, R)> {
        let room = words.checked_mul(8).ok_or(std::io::ErrorKind::OutOfMemory)?;
        let mut s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let hole = s.take(room);
        let offset = match hole {
            Some(offset) => {
                // Pages may have been given back.
                self.range.commit(offset, room)?;
                offset
            }
            None => self.room_at_top(&mut s, room)?,
        };
        let base = self.range.base().as_ptr().wrapping_add(offset) as *mut u64;
        let heap = Heap::new();
        // SAFETY: these words are committed, unused, and ours under the lock.
        unsafe { heap.set_area(base, base.wrapping_add(words)) };
        let r = f(&heap);
        let bytes = heap.top() as usize - base as usize;
        let spilled = heap.has_fragments();
        // SAFETY: nothing more is built here.
        unsafe { heap.set_area(std::ptr::null_mut(), std::ptr::null_mut()) };
        let used = if spilled { 0 } else { bytes };
        match hole {
            Some(_) => drop(s.give(offset + used, room - used)),
            None => s.top = offset + used,
        }
        if spilled {
            return Err(std::io::ErrorKind::OutOfMemory.into());
        }
        Ok((LiteralArea { base: base as u64, bytes: bytes as u64, keep: heap }, r))
    }
    fn room_at_top(&self, s: &mut State, room: usize) -> std::io::Result<usize> {
        const STEP: usize = 1 << 24;
        let end = s.top.checked_add(room).filter(|end| *end <= self.range.len());
        let end = end.ok_or(std::io::ErrorKind::OutOfMemory)?;
        if end > s.committed {
            let to = end.next_multiple_of(STEP).min(self.range.len());
            self.range.commit(s.committed, to - s.committed)?;
            s.committed = to;
        }
        Ok(s.top)
    }
    /// Takes an area back; nothing refers into it any more.
    pub fn free(&self, area: LiteralArea) {
        const LARGE: usize = 1 << 16;
        let mut s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        let offset = (area.base - self.range.base().as_ptr() as u64) as usize;
        let LiteralArea { mut keep, bytes, .. } = area;
        keep.clear();
        let bytes = bytes as usize;
        if let Some((start, size)) = s.give(offset, bytes)
            && bytes >= LARGE
        {
            // The whole pages within the free piece go back to the system.
            let page = sys::mmap::page_size();
            let from = start.next_multiple_of(page).max(offset / page * page);
            let to = ((start + size) / page * page).min((offset + bytes).next_multiple_of(page));
            if from < to {
                // SAFETY: nothing refers into a free piece; it is committed before it is used again.
                let _ = unsafe { self.range.decommit(from, to - from) };
            }
        }
    }
    /// Bytes in use.
    pub fn bytes(&self) -> usize {
        let s = self.state.lock().unwrap_or_else(|e| e.into_inner());
        s.top - s.free.values().sum::<usize>()
    }
}

impl LiteralArea {
    pub(crate) fn visit(&self, v: &mut dyn term::visit::Visit) {
        let from = self.base as *const u64;
        // SAFETY: the area is committed and filled for as long as `self` lives.
        unsafe { term::visit::words(from, from.wrapping_byte_add(self.bytes as usize), v) };
        self.keep.visit(v);
    }
    pub fn contains(&self, addr: u64) -> bool {
        addr.wrapping_sub(self.base) < self.bytes
    }
}

#[cfg(test)]
mod tests {
    use super::State;
    use std::collections::BTreeMap;

    #[test]
    fn neighbours_are_joined_and_the_top_sinks() {
        let mut s = State { top: 100, committed: 100, free: BTreeMap::new() };
        assert_eq!(s.give(10, 10), Some((10, 10)));
        assert_eq!(s.give(30, 10), Some((30, 10)));
        assert_eq!(s.give(20, 10), Some((10, 30)));
        assert_eq!(s.take(8), Some(10));
        assert_eq!(s.take(30), None);
        assert_eq!(s.give(10, 8), Some((10, 30)));
        assert_eq!(s.give(40, 60), None);
        assert_eq!((s.top, s.free.len()), (10, 0));
    }

    #[test]
    fn what_sinks_below_a_piece_given_back_is_committed_anew() {
        let page = sys::mmap::page_size();
        let mut s = State { top: 9 * page + 16, committed: 16 * page, free: BTreeMap::new() };
        assert_eq!(s.give(24, 9 * page - 24), Some((24, 9 * page - 24)));
        assert_eq!(s.give(9 * page, 16), None);
        assert_eq!((s.top, s.committed), (24, page));
        assert_eq!(s.give(8, 16), None);
        assert_eq!((s.top, s.committed), (8, page));
    }
}
