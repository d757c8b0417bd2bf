//! Frames and heap reservation.
//!
//! `allocate` fills its Y slots with nil, so that every word of the stack is always valid: the
//! collector and the unwinder need no map of live slots, and `init_yregs` is dropped at load.

use super::operand::*;
use super::{Outcome, Regs, collect, go, leave};
use term::RawTerm;
use term::gc::STACK_SLACK;

const SLACK: usize = STACK_SLACK;
/// A collection that may copy more words than this runs on a dirty scheduler: some tenths of a millisecond.
pub(super) const LONG: usize = 1 << 16;

/// Slots: 2 frame words, 3 heap words, 4 live.
pub unsafe extern "C" fn allocate(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (words, need) = (u32_at(ip, 2) as usize, u32_at(ip, 3) as usize);
    if (e as usize).wrapping_sub(htop as usize) < (words + need + SLACK) * 8 {
        return slow_allocate(r, ip, htop, e, fc);
    }
    let new = e.sub(words);
    let mut i = 0;
    while i < words {
        *new.add(i) = RawTerm::NIL.0;
        i += 1;
    }
    go!(r, ip.add(5), htop, new, fc)
}

/// A frame of `N` words (0: as slot 2 says) with `M` X registers kept in it: slots as [`allocate`], then source and Y slot of each.
/// As many as the frame has words go to different slots, so none needs a nil.
pub unsafe extern "C" fn allocate_then_move<const N: usize, const M: usize>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    return allocate_then_move_inline::<N, M>(r, ip, htop, e, fc);
}
#[inline(always)]
pub(super) unsafe fn allocate_then_move_inline<const N: usize, const M: usize>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let words = if N == 0 { u32_at(ip, 2) as usize } else { N };
    let need = u32_at(ip, 3) as usize;
    if (e as usize).wrapping_sub(htop as usize) < (words + need + SLACK) * 8 {
        return slow_allocate(r, ip, htop, e, fc);
    }
    let new = e.sub(words);
    if N == 0 || M < N {
        let mut i = 0;
        while i < words {
            *new.add(i) = RawTerm::NIL.0;
            i += 1;
        }
    }
    let mut i = 0;
    while i < M {
        let t = X::get(r, new, ip.add(5 + 2 * i));
        Y::put(r, new, ip.add(6 + 2 * i), t);
        i += 1;
    }
    go!(r, ip.add(5 + 2 * M), htop, new, fc)
}

/// Whether a collection would hold up the others of this scheduler.
pub(super) unsafe fn is_long_collection(r: *mut Regs) -> bool {
    is_long(r, (*(*r).process).heap.collection_words())
}
/// Whether one that may copy so many words would.
pub(super) unsafe fn is_long(r: *mut Regs, words: usize) -> bool {
    words > LONG && (*r).scheduler != 0 && (*r).vm.config.dirty_cpu > 0
}

#[cold]
#[inline(never)]
unsafe extern "C" fn slow_allocate(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (words, need, live) =
        (u32_at(ip, 2) as usize, u32_at(ip, 3) as usize, u32_at(ip, 4) as usize);
    let need = words + need + SLACK;
    let p = super::save(r, htop, e, fc);
    if is_long_collection(r) {
        (*p).collect_dirty = Some((need as u32, false));
        (*p).next_dirty = crate::bif::Kind::DirtyCpu;
        super::call::save_x(r, live);
        leave!(r, Outcome::Dirty, ip, htop, e, fc)
    }
    collect(r, htop, e, live, need);
    go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
}

/// Slots: 2 zero, 3 heap words, 4 live.
pub unsafe extern "C" fn test_heap(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let need = u32_at(ip, 3) as usize;
    if (e as usize).wrapping_sub(htop as usize) < (need + SLACK) * 8 {
        return slow_allocate(r, ip, htop, e, fc);
    }
    go!(r, ip.add(5), htop, e, fc)
}

/// Slot 2: bytes.
pub unsafe extern "C" fn deallocate(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let e = (e as *mut u8).add(u32_at(ip, 2) as usize) as *mut u64;
    go!(r, ip.add(3), htop, e, fc)
}

pub unsafe extern "C" fn init_yregs(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = u32_at(ip, 2) as usize;
    for i in 0..n {
        *e.add(u32_at(ip, 3 + i) as usize) = RawTerm::NIL.0;
    }
    go!(r, ip.add(3 + n), htop, e, fc)
}

/// `allocate` and `test_heap` in gc_zeal mode: they always collect first. Slot 2 is 0 for `test_heap`.
pub unsafe extern "C" fn allocate_zeal(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (words, need, live) =
        (u32_at(ip, 2) as usize, u32_at(ip, 3) as usize, u32_at(ip, 4) as usize);
    collect(r, htop, e, live, words + need + SLACK);
    let p = (*r).process;
    let new = (*p).heap.stack.sub(words);
    for i in 0..words {
        *new.add(i) = RawTerm::NIL.0;
    }
    go!(r, ip.add(5), (*p).heap.heap.top(), new, fc)
}
