//! Maps as instructions. The work is in `term::boxed::map`.

use super::operand::*;
use super::{Regs, collect, go, save};
use term::atom::am;
use term::{RawTerm, Term};

/// Slots: 2 branch (unused), 3 destination, 4 live, 5 pairs, 6 map, then (key, value)*.
pub unsafe extern "C" fn put_map_assoc(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = u32_at(ip, 5) as usize;
    let p = save(r, htop, e, fc);
    let map: Term = A::get(r, e, ip.add(6)).brand();
    let Some(map) = map.as_map() else { return bad_map(r, ip, htop, e, fc) };
    let v = {
        let pairs: Vec<(Term, Term)> = (0..n)
            .map(|i| {
                let at = ip.add(8 + 4 * i);
                (A::get(r, e, at).brand(), A::get(r, e, at.add(2)).brand())
            })
            .collect();
        (*p).heap.heap.map_put_many(map, &pairs).raw()
    };
    put_any(r, e, ip.add(3), v);
    return settle(r, ip, ip.add(8 + 4 * n), fc);
}
/// The same, but every key must be there.
pub unsafe extern "C" fn put_map_exact(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = u32_at(ip, 5) as usize;
    let p = save(r, htop, e, fc);
    let map: Term = A::get(r, e, ip.add(6)).brand();
    let Some(map) = map.as_map() else { return bad_map(r, ip, htop, e, fc) };
    let v = {
        let pairs: Vec<(Term, Term)> = (0..n)
            .map(|i| {
                let at = ip.add(8 + 4 * i);
                (A::get(r, e, at).brand(), A::get(r, e, at.add(2)).brand())
            })
            .collect();
        (*p).heap.heap.map_update_many(map, &pairs).map(|t| t.raw()).map_err(|k| k.raw())
    };
    match v {
        Ok(v) => put_any(r, e, ip.add(3), v),
        Err(_) if u32_at(ip, 2) != 0 => go!(r, target_at(ip, 2), htop, e, fc),
        Err(key) => {
            let t = (*p).heap.heap.tuple(&[Term::atom(am::BADKEY), key.brand()]).raw();
            return super::except::error(r, ip, t);
        }
    }
    return settle(r, ip, ip.add(8 + 4 * n), fc);
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
    if (*p).heap.heap.fragment_words() > (*p).heap.block_words() / 2 + 256 || (*p).heap.zeal {
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
