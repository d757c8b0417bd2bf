//! Construction as compilers before OTP 25 emit it, and `bs_init_writable`.
//!
//! A first instruction makes the bitstring; where its next field goes is kept in [`Regs`] until the
//! last one is written. A collection ends that, so no instruction writes through a stale address.

use super::*;
use crate::interp::except;
use isa::{Dst, Fail, Live, Need};

/// Branches or raises. Slot 2: branch or 0.
unsafe fn fail_with(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
    reason: Atom,
) {
    if u32_at(ip, 2) != 0 {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    save(r, htop, e, fc);
    except::error(r, ip, RawTerm::atom(reason))
}
#[cold]
#[inline(never)]
unsafe extern "C" fn badarg(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    fail_with(r, ip, htop, e, fc, am::BADARG)
}
#[cold]
#[inline(never)]
unsafe extern "C" fn system_limit(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    fail_with(r, ip, htop, e, fc, am::SYSTEM_LIMIT)
}

// Results are numbers: one that lies in memory would keep a handler from ending in a jump.
const DONE: i64 = 0;
const BADARG: i64 = -1;
const SYSTEM_LIMIT: i64 = -2;

/// A size in `unit` bits, or what is wrong with it.
#[inline(never)]
unsafe fn bits_of(size: RawTerm, unit: u64) -> i64 {
    let n = match size.brand().view() {
        View::Small(n) if n >= 0 => n as u64,
        View::Big(b) if !b.is_negative() => return SYSTEM_LIMIT,
        _ => return BADARG,
    };
    match n.checked_mul(unit) {
        Some(n) if n <= MAX_BITS => n as i64,
        _ => SYSTEM_LIMIT,
    }
}

macro_rules! size_or_fail {
    ($size:expr, $r:expr, $ip:expr, $htop:expr, $e:expr, $fc:expr) => {
        match $size {
            SYSTEM_LIMIT => return system_limit($r, $ip, $htop, $e, $fc),
            n if n < 0 => return badarg($r, $ip, $htop, $e, $fc),
            n => n as usize,
        }
    };
}

/// Collects for what an instruction below needs. Slots: 4 live, 5 register to keep, 7 words.
#[cold]
#[inline(never)]
unsafe extern "C" fn again(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let need = 2 + HEAP_BIN_MAX / 8 + u32_at(ip, 7) as usize;
    collect_keep(r, htop, e, u32_at(ip, 4) as usize, A::keep(ip.add(5)), need);
    let p = (*r).process;
    go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
}

/// Slots: 2 branch, 3 destination, 4 live, 5 size, 7 words to leave free, 8 bits of a size.
unsafe extern "C" fn init(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let size = A::get(r, e, ip.add(5));
    let n = size_or_fail!(bits_of(size, u64::from(u32_at(ip, 8))), r, ip, htop, e, fc);
    let p = (*r).process;
    if no_room(htop, e, 2 + HEAP_BIN_MAX / 8 + u32_at(ip, 7) as usize) || (*p).heap.vheap_full() {
        return again(r, ip, htop, e, fc);
    }
    save(r, htop, e, fc);
    make(r, ip, e, n);
    go!(r, ip.add(9), (*p).heap.heap.top(), e, fc)
}
#[inline(never)]
unsafe fn make(r: *mut Regs, ip: *const u32, e: *mut u64, n: usize) {
    let t = (*(*r).process).heap.heap.bits_with(n, |_| ());
    put_any(r, e, ip.add(3), t.raw());
    if let Some(bits) = t.as_bits() {
        (*r).bs_data = bits.raw_parts().0 as *mut u8;
        ((*r).bs_at, (*r).bs_end) = (0, n);
    }
}
/// Slots: 2 branch, 3 destination, 4 live, 5 bitstring, 7 words to leave free, 8 unit, 9 size.
unsafe extern "C" fn append(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let size = A::get(r, e, ip.add(9));
    let n = size_or_fail!(bits_of(size, 1), r, ip, htop, e, fc);
    let p = (*r).process;
    if no_room(htop, e, 2 + HEAP_BIN_MAX / 8 + u32_at(ip, 7) as usize) || (*p).heap.vheap_full() {
        // The size is a small integer, and may be in a register that is not live.
        let keep = A::keep(ip.add(9));
        let need = 2 + HEAP_BIN_MAX / 8 + u32_at(ip, 7) as usize;
        collect_keep(r, htop, e, u32_at(ip, 4) as usize, A::keep(ip.add(5)), need);
        if keep > 0 {
            (*r).x[keep - 1] = size;
        }
        go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
    }
    save(r, htop, e, fc);
    size_or_fail!(extend(r, e, ip, n, false), r, ip, htop, e, fc);
    go!(r, ip.add(11), (*p).heap.heap.top(), e, fc)
}
/// Slots as [`append`]; does not collect.
unsafe extern "C" fn private_append(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let size = A::get(r, e, ip.add(9));
    let n = size_or_fail!(bits_of(size, 1), r, ip, htop, e, fc);
    let p = save(r, htop, e, fc);
    size_or_fail!(extend(r, e, ip, n, true), r, ip, htop, e, fc);
    go!(r, ip.add(11), (*p).heap.heap.top(), e, fc)
}
#[inline(never)]
unsafe fn extend(r: *mut Regs, e: *mut u64, ip: *const u32, n: usize, private: bool) -> i64 {
    match extended(r, e, ip, n, private) {
        Ok(t) => {
            put_any(r, e, ip.add(3), t);
            DONE
        }
        Err(am::SYSTEM_LIMIT) => SYSTEM_LIMIT,
        Err(_) => BADARG,
    }
}
unsafe fn extended(
    r: *mut Regs,
    e: *mut u64,
    ip: *const u32,
    n: usize,
    private: bool,
) -> Result<RawTerm, Atom> {
    let t: Term = A::get(r, e, ip.add(5)).brand();
    let bits = t.as_bits().ok_or(am::BADARG)?;
    check_unit(bits, u32_at(ip, 8) as usize).map_err(|_| am::BADARG)?;
    ((*r).bs_at, (*r).bs_end) = (0, 0);
    if n == 0 {
        return Ok(t.raw());
    }
    if (bits.bit_len() + n) as u64 > MAX_BITS {
        return Err(am::SYSTEM_LIMIT);
    }
    let heap = &(*(*r).process).heap.heap;
    let (t, room) = if private { heap.append_private(bits, n) } else { heap.append_bits(bits, n) };
    (*r).bs_data = room.bytes.as_mut_ptr();
    ((*r).bs_at, (*r).bs_end) = (room.bit, room.bit + n);
    Ok(t.raw())
}

/// Writes the next field.
#[inline]
unsafe fn put(r: *mut Regs, f: impl FnOnce(&mut BitWriter<'_>) -> Result<(), Bad>) -> bool {
    let (at, end) = ((*r).bs_at, (*r).bs_end);
    if end == 0 {
        return f(&mut BitWriter::new(&mut [], 0)).is_ok();
    }
    let bytes = core::slice::from_raw_parts_mut((*r).bs_data, end.div_ceil(8));
    let mut w = BitWriter::new(bytes, at);
    if f(&mut w).is_err() || w.at() > end {
        return false;
    }
    (*r).bs_at = w.at();
    true
}

/// Slots of the fields below: 2 branch, 3 source, 5 unit, 6 flags, 7 size, as far as they have them.
macro_rules! fields {
    ($($name:ident, $slots:literal, |$r:ident, $ip:ident, $e:ident, $w:ident, $src:ident| $put:expr;)*) => { $(
        unsafe extern "C" fn $name($r: *mut Regs, $ip: *const u32, htop: *mut u64, $e: *mut u64, fc: i64) {
            #[inline(never)]
            unsafe fn field($r: *mut Regs, $ip: *const u32, $e: *mut u64) -> bool {
                let $src: Term = A::get($r, $e, $ip.add(3)).brand();
                put($r, |$w| $put)
            }
            if !field($r, $ip, $e) {
                return badarg($r, $ip, htop, $e, fc);
            }
            go!($r, $ip.add($slots), htop, $e, fc)
        }
    )* };
}
unsafe fn sized(r: *mut Regs, ip: *const u32, e: *mut u64) -> Result<usize, Bad> {
    let n = bits_of(A::get(r, e, ip.add(7)), u64::from(u32_at(ip, 5)));
    usize::try_from(n).map_err(|_| Bad::Size)
}
unsafe fn is_little(ip: *const u32) -> bool {
    u32_at(ip, 6) & LITTLE != 0
}
fields! {
    put_integer, 9, |r, ip, e, w, src| w.put_integer(src, sized(r, ip, e)?, is_little(ip));
    put_float, 9, |r, ip, e, w, src| w.put_float(src, sized(r, ip, e)?, is_little(ip));
    put_binary, 9, |r, ip, e, w, src| w.put_bits(src.as_bits().ok_or(Bad::Type)?, sized(r, ip, e)?);
    put_binary_all, 7, |r, ip, e, w, src| {
        let bits = src.as_bits().ok_or(Bad::Type)?;
        check_unit(bits, u32_at(ip, 5) as usize)?;
        w.put_bits(bits, bits.bit_len())
    };
    put_utf8, 7, |r, ip, e, w, src| w.put_utf8(src);
    put_utf16, 7, |r, ip, e, w, src| w.put_utf16(src, is_little(ip));
    put_utf32, 7, |r, ip, e, w, src| w.put_utf32(src, is_little(ip));
}
/// Slots: 2 no branch, 3 address, 5 bytes.
unsafe extern "C" fn put_string(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    #[inline(never)]
    unsafe fn field(r: *mut Regs, ip: *const u32) -> bool {
        let bytes: &[u8] = core::slice::from_raw_parts(ptr_at(ip, 3), u32_at(ip, 5) as usize);
        put(r, |w| w.put_bytes(bytes))
    }
    if !field(r, ip) {
        return badarg(r, ip, htop, e, fc);
    }
    go!(r, ip.add(6), htop, e, fc)
}

/// `a + b * unit`. Slots: 2 branch, 3 destination, 4 unit, 5 a, 7 b.
unsafe extern "C" fn add(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let (a, b) = (A::get(r, e, ip.add(5)), A::get(r, e, ip.add(7)));
    let (a, b) = (bits_of(a, 1), bits_of(b, u64::from(u32_at(ip, 4))));
    if a == BADARG || b == BADARG {
        return badarg(r, ip, htop, e, fc);
    }
    if a < 0 || b < 0 {
        return system_limit(r, ip, htop, e, fc);
    }
    put_any(r, e, ip.add(3), RawTerm::small(a + b));
    go!(r, ip.add(9), htop, e, fc)
}
/// Slots: 2 (unused), 3 destination, 4 source.
unsafe extern "C" fn size_utf8(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    let n = utf8_size(A::get(r, e, ip.add(4)).brand());
    put_any(r, e, ip.add(3), RawTerm::small(n as i64));
    go!(r, ip.add(6), htop, e, fc)
}
/// Slots: 2 (unused), 3 destination, 4 source.
unsafe extern "C" fn size_utf16(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = utf16_size(A::get(r, e, ip.add(4)).brand());
    put_any(r, e, ip.add(3), RawTerm::small(n as i64));
    go!(r, ip.add(6), htop, e, fc)
}

/// Most bytes that are set aside on a hint.
const MAX_HINT: i64 = 1 << 26;
const DEFAULT_HINT: i64 = 1024;

/// The size hint and the result are in x0.
unsafe extern "C" fn init_writable(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let hint = (*r).x[0];
    let p = (*r).process;
    if no_room(htop, e, APPEND_WORDS) || (*p).heap.vheap_full() {
        collect_keep(r, htop, e, 1, 0, APPEND_WORDS);
        go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
    }
    let hint =
        if hint.is_small() && hint.small_value() >= 0 { hint.small_value() } else { DEFAULT_HINT };
    save(r, htop, e, fc);
    (*r).x[0] = (*p).heap.heap.writable(hint.min(MAX_HINT) as usize).raw();
    go!(r, ip.add(2), (*p).heap.heap.top(), e, fc)
}

fn start(e: &mut Emitter<'_>, fail: &Fail, dst: &Dst, live: &Live, keep: &Operand, need: &Need) {
    e.fail(fail).dst_any(dst).u32(live.0).any(keep).u32(crate::code::need_words(need));
}

pub(super) fn emit(e: &mut Emitter<'_>, op: &Op) -> Result<(), EmitError> {
    match op {
        Op::BsInitWritable {} => {
            e.op(init_writable);
        }
        Op::BsInit2 { fail, size, need, live, dst, .. } => {
            start(e.op(init), fail, dst, live, &size.0, need);
            e.u32(8);
        }
        Op::BsInitBits { fail, size, need, live, dst, .. } => {
            start(e.op(init), fail, dst, live, &size.0, need);
            e.u32(1);
        }
        Op::BsAppend { fail, size, need, live, unit, bin, dst, .. } => {
            start(e.op(append), fail, dst, live, bin, need);
            e.u32(*unit).any(size);
        }
        Op::BsPrivateAppend { fail, size, unit, bin, dst, .. } => {
            start(e.op(private_append), fail, dst, &Live(0), bin, &Need::default());
            e.u32(*unit).any(size);
        }
        Op::BsAdd { fail, a, b, unit, dst } => {
            e.op(add).fail(fail).dst_any(dst).u32(*unit).any(a).any(b);
        }
        Op::BsPutInteger { fail, size, unit, flags, src } => {
            e.op(put_integer).fail(fail).any(src).u32(*unit).u32(flag_bits(*flags)).any(size);
        }
        Op::BsPutFloat { fail, size, unit, flags, src } => {
            e.op(put_float).fail(fail).any(src).u32(*unit).u32(flag_bits(*flags)).any(size);
        }
        Op::BsPutBinary { fail, size, unit, src, .. } => match size {
            SegSize::Size(size) => {
                e.op(put_binary).fail(fail).any(src).u32(*unit).u32(0).any(size);
            }
            SegSize::All => {
                e.op(put_binary_all).fail(fail).any(src).u32(*unit).u32(0);
            }
            SegSize::None => return Err(EmitError("a binary without a size".into())),
        },
        Op::BsPutString { len, offset } => {
            let string = e.strings.wrapping_add(*offset as usize) as u64;
            e.op(put_string).u32(0).ptr(string).u32(*len);
        }
        Op::BsUtf8Size { src, dst, .. } => {
            e.op(size_utf8).u32(0).dst_any(dst).any(src);
        }
        Op::BsUtf16Size { src, dst, .. } => {
            e.op(size_utf16).u32(0).dst_any(dst).any(src);
        }
        Op::BsPutUtf8 { fail, flags, src } => {
            e.op(put_utf8).fail(fail).any(src).u32(0).u32(flag_bits(*flags));
        }
        Op::BsPutUtf16 { fail, flags, src } => {
            e.op(put_utf16).fail(fail).any(src).u32(0).u32(flag_bits(*flags));
        }
        Op::BsPutUtf32 { fail, flags, src } => {
            e.op(put_utf32).fail(fail).any(src).u32(0).u32(flag_bits(*flags));
        }
        _ => return Err(EmitError(format!("{} builds no bits", op.name()))),
    }
    Ok(())
}
