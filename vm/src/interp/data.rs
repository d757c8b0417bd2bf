//! Moving terms, lists, tuples. Building handlers use space that was reserved before.

use super::operand::*;
use super::{Regs, go};
use term::RawTerm;
use term::term::Subtag;

pub unsafe extern "C" fn move_<S: Src, D: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = S::get(r, e, ip.add(3));
    D::put(r, e, ip.add(2), t);
    go!(r, ip.add(3 + S::N), htop, e, fc)
}

pub unsafe extern "C" fn swap(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let (a, b) = (A::get(r, e, ip.add(4)), A::get(r, e, ip.add(6)));
    put_any(r, e, ip.add(2), b);
    put_any(r, e, ip.add(3), a);
    go!(r, ip.add(8), htop, e, fc)
}

/// Slots: 2 source, 3 head, 4 tail.
pub unsafe extern "C" fn get_list<S: Src, H: Dst, T: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = S::get(r, e, ip.add(2)).ptr();
    let (h, t) = (RawTerm(*p), RawTerm(*p.add(1)));
    H::put(r, e, ip.add(3), h);
    T::put(r, e, ip.add(4), t);
    go!(r, ip.add(5), htop, e, fc)
}
pub unsafe extern "C" fn get_hd<S: Src, D: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = RawTerm(*S::get(r, e, ip.add(2)).ptr());
    D::put(r, e, ip.add(3), t);
    go!(r, ip.add(4), htop, e, fc)
}
pub unsafe extern "C" fn get_tl<S: Src, D: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = RawTerm(*S::get(r, e, ip.add(2)).ptr().add(1));
    D::put(r, e, ip.add(3), t);
    go!(r, ip.add(4), htop, e, fc)
}
/// The general forms, for constants: slot 2 head dst, 3 tail dst, 4 source.
pub unsafe extern "C" fn get_list_any(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = A::get(r, e, ip.add(4)).ptr();
    let (h, t) = (RawTerm(*p), RawTerm(*p.add(1)));
    put_any(r, e, ip.add(2), h);
    put_any(r, e, ip.add(3), t);
    go!(r, ip.add(6), htop, e, fc)
}
/// Slot 2 dst, 3 word index, 4 source: head, tail or element of anything.
pub unsafe extern "C" fn get_word_any(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t = RawTerm(*A::get(r, e, ip.add(4)).ptr().add(u32_at(ip, 3) as usize));
    put_any(r, e, ip.add(2), t);
    go!(r, ip.add(6), htop, e, fc)
}

/// Slots: 2 dst, 3 head, then tail.
pub unsafe extern "C" fn put_list<H: Src, T: Src, D: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    *htop = H::get(r, e, ip.add(3)).0;
    *htop.add(1) = T::get(r, e, ip.add(3 + H::N)).0;
    D::put(r, e, ip.add(2), RawTerm::list_ptr(htop));
    go!(r, ip.add(3 + H::N + T::N), htop.add(2), e, fc)
}

/// Slots: 2 dst, 3 byte offset in the tuple, 4 source.
pub unsafe extern "C" fn get_tuple_element<S: Src, D: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = S::get(r, e, ip.add(4)).ptr() as *const u8;
    let t = *(p.add(u32_at(ip, 3) as usize) as *const RawTerm);
    D::put(r, e, ip.add(2), t);
    go!(r, ip.add(5), htop, e, fc)
}
/// Two neighbouring elements: slots 2, 3 dst, 4 byte offset, 5 source.
pub unsafe extern "C" fn get_two_elements<S: Src, D1: Dst, D2: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let p = S::get(r, e, ip.add(5)).ptr() as *const u8;
    let p = p.add(u32_at(ip, 4) as usize) as *const RawTerm;
    let (a, b) = (*p, *p.add(1));
    D1::put(r, e, ip.add(2), a);
    D2::put(r, e, ip.add(3), b);
    go!(r, ip.add(6), htop, e, fc)
}

/// Slot 2 word index, 3 value, 5 tuple.
pub unsafe extern "C" fn set_tuple_element(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let v = A::get(r, e, ip.add(3));
    *A::get(r, e, ip.add(5)).ptr().add(u32_at(ip, 2) as usize) = v.0;
    go!(r, ip.add(7), htop, e, fc)
}

/// Slot 2 dst, 3 arity, then elements.
pub unsafe extern "C" fn put_tuple<D: Dst>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = u32_at(ip, 3) as usize;
    *htop = RawTerm::header(Subtag::Tuple, n).0;
    let mut i = 0;
    while i < n {
        *htop.add(1 + i) = A::get(r, e, ip.add(4 + 2 * i)).0;
        i += 1;
    }
    D::put(r, e, ip.add(2), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(4 + 2 * n), htop.add(1 + n), e, fc)
}

/// Slot 2 dst, 3 size, 4 number of updates, 5 reuse, 6 source, then (index, value)*.
/// Space for a copy was reserved.
pub unsafe extern "C" fn update_record(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (size, n, reuse) = (u32_at(ip, 3) as usize, u32_at(ip, 4) as usize, u32_at(ip, 5) != 0);
    let src = A::get(r, e, ip.add(6));
    let from = src.ptr();
    let end = ip.add(8 + 3 * n);
    if reuse {
        let same = (0..n).all(|i| {
            let at = ip.add(8 + 3 * i);
            *from.add(u32_at(at, 0) as usize) == A::get(r, e, at.add(1)).0
        });
        if same {
            put_any(r, e, ip.add(2), src);
            go!(r, end, htop, e, fc)
        }
    }
    core::ptr::copy_nonoverlapping(from, htop, size + 1);
    for i in 0..n {
        let at = ip.add(8 + 3 * i);
        *htop.add(u32_at(at, 0) as usize) = A::get(r, e, at.add(1)).0;
    }
    put_any(r, e, ip.add(2), RawTerm::boxed_ptr(htop));
    go!(r, end, htop.add(size + 1), e, fc)
}
