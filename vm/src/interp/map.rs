//! Maps as instructions. The work is in `term::boxed::map`.

use super::operand::*;
use super::{Outcome, Regs, collect, go, leave, save};
use term::atom::am;
use term::gc::STACK_SLACK;
use term::term::Subtag;
use term::{RawTerm, Term};

/// A small map in which all keys, immediate ones, are there already: its successor at `htop` and the words that
/// takes, or the map itself when nothing changes. Slots as in `put_map_assoc`.
#[inline(always)]
unsafe fn update_flat(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
) -> Option<(RawTerm, usize)> {
    let map = A::get(r, e, ip.add(6));
    if !map.is_boxed_of(Subtag::FlatMap) {
        return None;
    }
    let from = map.ptr();
    let words = RawTerm(*from).header_arity() + 1;
    if (e as usize).wrapping_sub(htop as usize) < (words + STACK_SLACK) * 8 {
        return None;
    }
    let mut i = 0;
    while i < words {
        *htop.add(i) = *from.add(i);
        i += 1;
    }
    let keys = RawTerm(*from.add(2)).ptr().add(1);
    let (n, size) = (u32_at(ip, 5) as usize, words - 3);
    let mut changed = false;
    let mut i = 0;
    while i < n {
        let at = ip.add(8 + 4 * i);
        let key = A::get(r, e, at);
        if !key.is_immediate() {
            return None;
        }
        let mut k = 0;
        while k < size && *keys.add(k) != key.0 {
            k += 1;
        }
        if k == size {
            return None;
        }
        let value = A::get(r, e, at.add(2)).0;
        changed |= *htop.add(3 + k) != value;
        *htop.add(3 + k) = value;
        i += 1;
    }
    Some(if changed { (RawTerm::boxed_ptr(htop), words) } else { (map, 0) })
}
/// A small map of known keys. Slots: 2 nothing, 3 destination, 4 live, 5 keys, 6 key tuple, then values.
pub unsafe extern "C" fn new_map(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = u32_at(ip, 5) as usize;
    if (e as usize).wrapping_sub(htop as usize) < (n + 3 + STACK_SLACK) * 8 {
        return new_map_collected(r, ip, htop, e, fc);
    }
    *htop = RawTerm::header(Subtag::FlatMap, n + 2).0;
    *htop.add(1) = RawTerm::small(n as i64).0;
    *htop.add(2) = u64_at(ip, 6);
    let mut i = 0;
    while i < n {
        *htop.add(3 + i) = A::get(r, e, ip.add(8 + 2 * i)).0;
        i += 1;
    }
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(8 + 2 * n), htop.add(n + 3), e, fc)
}
/// The same after a collection.
#[cold]
#[inline(never)]
pub unsafe extern "C" fn new_map_collected(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (live, need) = (u32_at(ip, 4) as usize, u32_at(ip, 5) as usize + 3 + STACK_SLACK);
    let p = save(r, htop, e, fc);
    if super::frame::is_long_collection(r) && !(*p).heap.zeal {
        (*p).collect_dirty = Some((need as u32, false));
        (*p).next_dirty = crate::bif::Kind::DirtyCpu;
        super::call::save_x(r, live);
        leave!(r, Outcome::Dirty, ip, htop, e, fc)
    }
    collect(r, htop, e, live, need);
    return new_map(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc);
}
/// Slots: 2 branch (unused), 3 destination, 4 live, 5 pairs, 6 map, then (key, value)*.
pub unsafe extern "C" fn put_map_assoc(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if let Some((map, words)) = update_flat(r, ip, htop, e) {
        put_any(r, e, ip.add(3), map);
        go!(r, ip.add(8 + 4 * u32_at(ip, 5) as usize), htop.add(words), e, fc)
    }
    return put_map_assoc_any(r, ip, htop, e, fc);
}
/// The same, but every key must be there.
pub unsafe extern "C" fn put_map_exact(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if let Some((map, words)) = update_flat(r, ip, htop, e) {
        put_any(r, e, ip.add(3), map);
        go!(r, ip.add(8 + 4 * u32_at(ip, 5) as usize), htop.add(words), e, fc)
    }
    return put_map_exact_any(r, ip, htop, e, fc);
}
/// Keys and values of an instruction.
unsafe fn pairs<'p>(r: *mut Regs, ip: *const u32, e: *mut u64) -> Vec<(Term<'p>, Term<'p>)> {
    (0..u32_at(ip, 5) as usize)
        .map(|i| {
            let at = ip.add(8 + 4 * i);
            (A::get(r, e, at).brand(), A::get(r, e, at.add(2)).brand())
        })
        .collect()
}
/// The map with all pairs, or none if it is no map. As below: what lies in memory has a frame of its own, so that the
/// handler can end in a jump.
#[inline(never)]
unsafe fn with_pairs(r: *mut Regs, ip: *const u32, e: *mut u64) -> RawTerm {
    let map: Term = A::get(r, e, ip.add(6)).brand();
    let Some(map) = map.as_map() else { return RawTerm::NONE };
    (*(*r).process).heap.heap.map_put_many(map, &pairs(r, ip, e)).raw()
}
#[derive(Clone, Copy)]
enum Put {
    Done,
    NoMap,
    /// It has been raised if there is no branch.
    NoKey,
}
#[inline(never)]
unsafe fn put_known_pairs(r: *mut Regs, ip: *const u32, e: *mut u64) -> Put {
    let map: Term = A::get(r, e, ip.add(6)).brand();
    let Some(map) = map.as_map() else { return Put::NoMap };
    let heap = &(*(*r).process).heap.heap;
    match heap.map_update_many(map, &pairs(r, ip, e)) {
        Ok(v) => {
            put_any(r, e, ip.add(3), v.raw());
            return Put::Done;
        }
        Err(key) if u32_at(ip, 2) == 0 => {
            let t = heap.tuple(&[Term::atom(am::BADKEY), key]).raw();
            super::except::error(r, ip, t);
        }
        Err(_) => {}
    }
    Put::NoKey
}
#[inline(never)]
unsafe extern "C" fn put_map_assoc_any(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    save(r, htop, e, fc);
    let v = with_pairs(r, ip, e);
    if v.is_none() {
        return bad_map(r, ip, htop, e, fc);
    }
    put_any(r, e, ip.add(3), v);
    return settle(r, ip, ip.add(8 + 4 * u32_at(ip, 5) as usize), fc);
}
#[inline(never)]
unsafe extern "C" fn put_map_exact_any(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    save(r, htop, e, fc);
    match put_known_pairs(r, ip, e) {
        Put::Done => {}
        Put::NoMap => return bad_map(r, ip, htop, e, fc),
        Put::NoKey if u32_at(ip, 2) != 0 => go!(r, target_at(ip, 2), htop, e, fc),
        Put::NoKey => return,
    }
    return settle(r, ip, ip.add(8 + 4 * u32_at(ip, 5) as usize), fc);
}
#[cold]
#[inline(never)]
unsafe extern "C" fn bad_map(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let p = save(r, htop, e, fc);
    let map: Term = A::get(r, e, ip.add(6)).brand();
    if u32_at(ip, 2) != 0 {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    let t = (*p).heap.heap.tuple(&[Term::atom(am::BADMAP), map]).raw();
    super::except::error(r, ip, t)
}

/// Goes on at `next` after a result was stored: collects if much was put into fragments. The
/// destination may be the first register that is not live: it is kept.
#[inline]
pub(super) unsafe fn settle(r: *mut Regs, ip: *const u32, next: *const u32, fc: i64) {
    let p = (*r).process;
    if (*p).heap.heap.spilled_words() > (*p).heap.block_words() / 2 + 256 || (*p).heap.zeal {
        // A destination above `live` is kept as well; what lies between is dead and cleared.
        let (live, dst) = (u32_at(ip, 4) as usize, *ip.add(3));
        let mut n = live;
        if dst & DST_Y == 0 {
            let x = (dst / 8) as usize;
            while n < x {
                (*r).x[n] = RawTerm::NIL;
                n += 1;
            }
            n = n.max(x + 1);
        }
        collect(r, (*p).heap.heap.top(), (*p).heap.stack, n, 0);
    }
    go!(r, next, (*p).heap.heap.top(), (*p).heap.stack, fc)
}

/// Slots: 2 branch, 3 count, 4 map, then keys.
pub unsafe extern "C" fn has_map_fields(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = u32_at(ip, 3) as usize;
    let map = A::get(r, e, ip.add(4));
    for i in 0..n {
        if term::boxed::raw_map_get(map, A::get(r, e, ip.add(6 + 2 * i))).is_none() {
            go!(r, target_at(ip, 2), htop, e, fc)
        }
    }
    go!(r, ip.add(6 + 2 * n), htop, e, fc)
}
/// Slots: 2 branch, 3 count, 4 map, then (key, destination)*.
pub unsafe extern "C" fn get_map_elements(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = u32_at(ip, 3) as usize;
    let map = A::get(r, e, ip.add(4));
    for i in 0..n {
        let at = ip.add(6 + 3 * i);
        match term::boxed::raw_map_get(map, A::get(r, e, at)) {
            Some(v) => put_any(r, e, at.add(2), v),
            None => go!(r, target_at(ip, 2), htop, e, fc),
        }
    }
    go!(r, ip.add(6 + 3 * n), htop, e, fc)
}
