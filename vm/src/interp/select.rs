//! Jumps and multi-way branches.

use super::operand::*;
use super::{Regs, go};
use term::RawTerm;
use term::term::Subtag;

pub unsafe extern "C" fn jump(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    go!(r, target_at(ip, 2), htop, e, fc)
}

/// Immediate values, few: slot 2 default, 3 count, 4 source, then values (u64)*, then targets*.
pub unsafe extern "C" fn select_linear<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let v = S::get(r, e, ip.add(4)).0;
    let n = u32_at(ip, 3) as usize;
    let values = ip.add(4 + S::N);
    let mut i = 0;
    while i < n {
        if u64_at(values, 2 * i) == v {
            let t = *values.add(2 * n + i) as i32;
            go!(r, ip.offset(t as isize), htop, e, fc)
        }
        i += 1;
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
/// Many: the same layout, values in ascending order of words.
pub unsafe extern "C" fn select_binary<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let v = S::get(r, e, ip.add(4)).0;
    let n = u32_at(ip, 3) as usize;
    let values = ip.add(4 + S::N);
    let (mut lo, mut len) = (0usize, n);
    while len > 1 {
        let half = len / 2;
        lo += if u64_at(values, 2 * (lo + half)) <= v { half } else { 0 };
        len -= half;
    }
    if u64_at(values, 2 * lo) == v {
        let t = *values.add(2 * n + lo) as i32;
        go!(r, ip.offset(t as isize), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
/// Dense small integers: slot 2 default, 3 count, 4 source, then the first value (u64), targets*.
pub unsafe extern "C" fn select_table<S: Src>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let v = S::get(r, e, ip.add(4));
    let n = u32_at(ip, 3) as usize;
    let first = u64_at(ip, 4 + S::N);
    let i = (v.0.wrapping_sub(first) >> 3) as usize;
    if v.is_small() && i < n {
        let t = *ip.add(6 + S::N + i) as i32;
        go!(r, ip.offset(t as isize), htop, e, fc)
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
/// Values that need a full comparison (big integers, floats): layout as `select_linear`.
pub unsafe extern "C" fn select_exact(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let v = A::get(r, e, ip.add(4));
    let n = u32_at(ip, 3) as usize;
    let values = ip.add(6);
    for i in 0..n {
        if term::compare::raw_eq(RawTerm(u64_at(values, 2 * i)), v) {
            let t = *values.add(2 * n + i) as i32;
            go!(r, ip.offset(t as isize), htop, e, fc)
        }
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
/// Slot 2 default, 3 count, 4 source (any), then arities*, targets*.
pub unsafe extern "C" fn select_tuple_arity(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let v = A::get(r, e, ip.add(4));
    let n = u32_at(ip, 3) as usize;
    if v.is_boxed_of(Subtag::Tuple) {
        let arity = v.boxed_header().header_arity() as u32;
        let mut i = 0;
        while i < n {
            if u32_at(ip, 6 + i) == arity {
                let t = *ip.add(6 + n + i) as i32;
                go!(r, ip.offset(t as isize), htop, e, fc)
            }
            i += 1;
        }
    }
    go!(r, target_at(ip, 2), htop, e, fc)
}
