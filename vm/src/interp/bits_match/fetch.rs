//! Fetching integers, floats and binaries.
//!
//! Slots of all: 2 branch, 3 destination, 4 live, 5 context, then what the kind needs.

use super::*;
use crate::bits;
use crate::interp::operand::Dst as Dst_;
use isa::Live;

/// Context and destination known, 8, 16 or 32 bits big-endian. With `WHOLE`, whole bytes must be left
/// behind them.
macro_rules! get_bytes {
    ($($name:ident: $bits:literal, |$p:ident| $load:expr;)*) => { $(
        unsafe extern "C" fn $name<C: Reg, D: Dst_, const WHOLE: bool>(
            r: *mut Regs,
            ip: *const u32,
            htop: *mut u64,
            e: *mut u64,
            fc: i64,
        ) {
            let c = Context::get::<C>(r, e, ip.add(5));
            let (at, left) = (c.position(), c.left());
            if left < $bits || WHOLE && left % 8 != 0 {
                go!(r, target_at(ip, 2), htop, e, fc)
            }
            if at % 8 != 0 {
                return unaligned::<C, D, $bits>(r, ip, htop, e, fc);
            }
            let $p = c.data().add(at / 8);
            D::put(r, e, ip.add(3), RawTerm::small($load as i64));
            c.set_position(at + $bits);
            go!(r, ip.add(6), htop, e, fc)
        }
    )* };
}
get_bytes! {
    get_8: 8, |p| *p;
    get_16: 16, |p| (p as *const u16).read_unaligned().to_be();
    get_32: 32, |p| (p as *const u32).read_unaligned().to_be();
}
#[inline(never)]
unsafe extern "C" fn unaligned<C: Reg, D: Dst_, const N: usize>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(5));
    let v = read_be(c.data(), c.position(), N);
    D::put(r, e, ip.add(3), RawTerm::small(v as i64));
    c.set_position(c.position() + N);
    go!(r, ip.add(6), htop, e, fc)
}

/// An integer of at most 64 bits, boxed at `htop` if it is not small; two words are free there.
#[inline(always)]
unsafe fn integer_at(v: u64, n: usize, flags: u32, htop: &mut *mut u64) -> RawTerm {
    let v = if flags & LITTLE != 0 { bits::from_little(v, n) } else { v };
    let (negative, digit) = if flags & SIGNED != 0 {
        let s = bits::sign_extend(v, n);
        (s < 0, s.unsigned_abs())
    } else {
        (false, v)
    };
    if digit <= term::term::SMALL_MAX as u64 {
        return RawTerm::small(if negative { -(digit as i64) } else { digit as i64 });
    }
    if negative && digit == term::term::SMALL_MIN.unsigned_abs() {
        return RawTerm::small(term::term::SMALL_MIN);
    }
    let p = *htop;
    *p = RawTerm::header(if negative { Subtag::NegBig } else { Subtag::PosBig }, 1).0;
    *p.add(1) = digit;
    *htop = p.add(2);
    RawTerm::boxed_ptr(p)
}

/// An integer of more than 64 bits. The heap has room. `None`: larger than integers may be.
#[cold]
#[inline(never)]
unsafe fn wide_integer(
    heap: &term::Heap,
    c: Context,
    at: usize,
    n: usize,
    flags: u32,
) -> Option<RawTerm> {
    let mut bytes = vec![0u8; n.div_ceil(8)];
    copy_bits(c.data(), at, bytes.as_mut_ptr(), 0, n);
    let v = bits::big_from_bits(bytes, n, flags & LITTLE != 0, flags & SIGNED != 0);
    if v.digits().len() > num::bignum::MAX_DIGITS {
        return None;
    }
    Some(heap.big(v.is_negative(), v.digits()).raw())
}

/// Words that an integer of `n` bits may take.
fn integer_words(n: usize) -> usize {
    if n <= 60 { 0 } else { 2 + n / 64 }
}

/// At most 60 bits. Slots: 6 bits, 7 flags.
unsafe extern "C" fn get_small<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(5));
    let (n, flags) = (u32_at(ip, 6) as usize, u32_at(ip, 7));
    if c.left() < n {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    let at = c.position();
    let v = read_be(c.data(), at, n);
    let v = if flags & LITTLE != 0 { bits::from_little(v, n) } else { v };
    let v = if flags & SIGNED != 0 { bits::sign_extend(v, n) } else { v as i64 };
    put_any(r, e, ip.add(3), RawTerm::small(v));
    c.set_position(at + n);
    go!(r, ip.add(8), htop, e, fc)
}
/// Any size. Slots: 6 unit, 7 flags, 8 size.
unsafe extern "C" fn get_integer<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(5));
    let flags = u32_at(ip, 7);
    let n = match field_bits(A::get(r, e, ip.add(8)), u32_at(ip, 6)) {
        Some(0) => {
            put_any(r, e, ip.add(3), RawTerm::small(0));
            go!(r, ip.add(10), htop, e, fc)
        }
        Some(n) if n <= c.left() => n,
        _ => go!(r, target_at(ip, 2), htop, e, fc),
    };
    if n > 64 {
        return get_wide::<C>(r, ip, htop, e, fc);
    }
    if no_room(htop, e, 2) {
        return again_size::<C>(r, ip, htop, e, fc);
    }
    let at = c.position();
    let v = read_be(c.data(), at, n);
    c.set_position(at + n);
    return store_integer(r, ip, htop, e, fc, v, n, flags);
}
#[inline(always)]
#[allow(clippy::too_many_arguments)]
unsafe fn store_integer(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
    v: u64,
    n: usize,
    flags: u32,
) {
    let mut top = htop;
    put_any(r, e, ip.add(3), integer_at(v, n, flags, &mut top));
    go!(r, ip.add(10), top, e, fc)
}
/// As [`again`], but what the size is read from may lie above what is live as well.
#[cold]
#[inline(never)]
unsafe extern "C" fn again_size<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    // A size is small: collecting does not change it, but clearing dead registers would.
    let keep = A::keep(ip.add(8));
    let size = if keep > 0 { (*r).x[keep - 1] } else { RawTerm::NIL };
    let n = field_bits(A::get(r, e, ip.add(8)), u32_at(ip, 6)).unwrap_or(0);
    collect_keep(r, htop, e, u32_at(ip, 4) as usize, C::keep(ip.add(5)), integer_words(n));
    if keep > 0 {
        (*r).x[keep - 1] = size;
    }
    let p = (*r).process;
    go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
}
#[cold]
#[inline(never)]
unsafe extern "C" fn get_wide<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = field_bits(A::get(r, e, ip.add(8)), u32_at(ip, 6)).unwrap_or(0);
    if no_room(htop, e, integer_words(n)) {
        return again_size::<C>(r, ip, htop, e, fc);
    }
    let c = Context::get::<C>(r, e, ip.add(5));
    let p = save(r, htop, e, fc);
    let Some(v) = wide_integer(&(*p).heap.heap, c, c.position(), n, u32_at(ip, 7)) else {
        go!(r, target_at(ip, 2), htop, e, fc)
    };
    put_any(r, e, ip.add(3), v);
    c.set_position(c.position() + n);
    go!(r, ip.add(10), (*p).heap.heap.top(), e, fc)
}

/// Slots: 6 unit, 7 flags, 8 size.
unsafe extern "C" fn get_float<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(5));
    let n = match field_bits(A::get(r, e, ip.add(8)), u32_at(ip, 6)) {
        Some(n @ (0 | 16 | 32 | 64)) if n <= c.left() => n,
        _ => go!(r, target_at(ip, 2), htop, e, fc),
    };
    if no_room(htop, e, 2) {
        return again_size::<C>(r, ip, htop, e, fc);
    }
    let at = c.position();
    let value = if n == 0 {
        Some(0.0)
    } else {
        let v = read_be(c.data(), at, n);
        bits::float_from_bits(
            if u32_at(ip, 7) & LITTLE != 0 { bits::from_little(v, n) } else { v },
            n,
        )
    };
    let Some(f) = value else { go!(r, target_at(ip, 2), htop, e, fc) };
    *htop = RawTerm::header(Subtag::Float, 1).0;
    *htop.add(1) = f.to_bits();
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    c.set_position(at + n);
    go!(r, ip.add(10), htop.add(2), e, fc)
}

/// Constant size. Slot 6: bits (64).
unsafe extern "C" fn get_binary<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (c, n) = (Context::get::<C>(r, e, ip.add(5)), u64_at(ip, 6) as usize);
    if c.left() < n {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    if no_room(htop, e, RESULT_WORDS) {
        return again::<C>(r, ip, htop, e, fc);
    }
    let at = c.position();
    c.set_position(at + n);
    let top = extract(c.owner(), at, n, htop);
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(8), top, e, fc)
}
/// Slots: 6 unit, 7 (unused), 8 size.
unsafe extern "C" fn get_binary_size<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(5));
    let n = match field_bits(A::get(r, e, ip.add(8)), u32_at(ip, 6)) {
        Some(n) if n <= c.left() => n,
        _ => go!(r, target_at(ip, 2), htop, e, fc),
    };
    if no_room(htop, e, RESULT_WORDS) {
        return again_binary::<C>(r, ip, htop, e, fc);
    }
    let at = c.position();
    c.set_position(at + n);
    let top = extract(c.owner(), at, n, htop);
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(10), top, e, fc)
}
#[cold]
#[inline(never)]
unsafe extern "C" fn again_binary<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let keep = A::keep(ip.add(8));
    let size = if keep > 0 { (*r).x[keep - 1] } else { RawTerm::NIL };
    collect_keep(r, htop, e, u32_at(ip, 4) as usize, C::keep(ip.add(5)), RESULT_WORDS);
    if keep > 0 {
        (*r).x[keep - 1] = size;
    }
    let p = (*r).process;
    go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
}
/// All that is left. Slot 6: unit.
unsafe extern "C" fn get_binary_all<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(5));
    let n = c.left();
    if !n.is_multiple_of(u32_at(ip, 6) as usize) {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    if no_room(htop, e, RESULT_WORDS) {
        return again::<C>(r, ip, htop, e, fc);
    }
    let top = extract(c.owner(), c.position(), n, htop);
    c.set_position(c.end());
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(7), top, e, fc)
}
/// All that is left, which stays to be matched. Slot 2: unused.
unsafe extern "C" fn get_tail<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(5));
    if no_room(htop, e, RESULT_WORDS) {
        return again::<C>(r, ip, htop, e, fc);
    }
    let top = extract(c.owner(), c.position(), c.left(), htop);
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(6), top, e, fc)
}

/// The instance for a context and a destination register.
macro_rules! by_ctx_dst {
    ($k:expr, $d:expr, $whole:expr, $f:ident) => {
        match ($k, $d, $whole) {
            (Kind::Y, Kind::Y, false) => $f::<Y, Y, false> as Handler,
            (Kind::Y, _, false) => $f::<Y, X, false> as Handler,
            (_, Kind::Y, false) => $f::<X, Y, false> as Handler,
            (_, _, false) => $f::<X, X, false> as Handler,
            (Kind::Y, Kind::Y, true) => $f::<Y, Y, true> as Handler,
            (Kind::Y, _, true) => $f::<Y, X, true> as Handler,
            (_, Kind::Y, true) => $f::<X, Y, true> as Handler,
            (_, _, true) => $f::<X, X, true> as Handler,
        }
    };
}

/// Whether `whole` was heeded: that whole bytes must be left behind the integer.
#[allow(clippy::too_many_arguments)]
pub(super) fn integer(
    e: &mut Emitter<'_>,
    k: Kind,
    fail: &Fail,
    ctx: &Operand,
    live: Live,
    size: &Operand,
    unit: u32,
    flags: BsFlags,
    dst: &Dst,
    whole: bool,
) -> bool {
    let (d, flags) = (e.dst_kind(dst), flag_bits(flags));
    match (constant_bits(size, unit), flags) {
        (Some(n @ (8 | 16 | 32)), 0) => {
            let h = match n {
                8 => by_ctx_dst!(k, d, whole, get_8),
                16 => by_ctx_dst!(k, d, whole, get_16),
                _ => by_ctx_dst!(k, d, whole, get_32),
            };
            e.op(h).fail(fail).dst(dst).u32(live.0).src(ctx);
            return whole;
        }
        (Some(n @ 1..=60), _) => {
            e.op(by_reg!(k, get_small)).fail(fail).dst_any(dst).u32(live.0).src(ctx);
            e.u32(n as u32).u32(flags);
        }
        _ => {
            e.op(by_reg!(k, get_integer)).fail(fail).dst_any(dst).u32(live.0).src(ctx);
            e.u32(unit).u32(flags).any(size);
        }
    }
    false
}

/// A register, without what is known of its contents.
trait Register {
    fn register(&self) -> Option<(bool, u16)>;
}
impl Register for Operand {
    fn register(&self) -> Option<(bool, u16)> {
        match *self {
            Operand::X(n, _) => Some((false, n)),
            Operand::Y(n, _) => Some((true, n)),
            _ => None,
        }
    }
}

pub(super) fn binary(
    e: &mut Emitter<'_>,
    k: Kind,
    fail: &Fail,
    ctx: &Operand,
    live: Live,
    bits: u64,
    dst: &Dst,
) {
    e.op(by_reg!(k, get_binary)).fail(fail).dst_any(dst).u32(live.0).src(ctx).ptr(bits);
}
pub(super) fn tail(e: &mut Emitter<'_>, k: Kind, ctx: &Operand, live: u32, dst: &Dst) {
    e.op(by_reg!(k, get_tail)).u32(0).dst_any(dst).u32(live).src(ctx);
}

pub(super) fn emit(e: &mut Emitter<'_>, op: &Op, next: Option<&Op>) -> Result<usize, EmitError> {
    match op {
        Op::BsGetInteger2 { fail, ctx, live, size, unit, flags, dst } => {
            let k = context(e, ctx)?;
            // Both branches go to the same place, so a single check will do.
            let whole = match next {
                Some(Op::BsTestUnit { fail: f, ctx: c, unit: 8 }) => {
                    f == fail && c.register() == ctx.register() && !same_register(ctx, dst)
                }
                _ => false,
            };
            let fused = integer(e, k, fail, ctx, *live, size, *unit, *flags, dst, whole);
            return Ok(1 + usize::from(fused));
        }
        Op::BsGetFloat2 { fail, ctx, live, size, unit, flags, dst } => {
            let k = context(e, ctx)?;
            e.op(by_reg!(k, get_float)).fail(fail).dst_any(dst).u32(live.0).src(ctx);
            e.u32(*unit).u32(flag_bits(*flags)).any(size);
        }
        Op::BsGetBinary2 { fail, ctx, live, size, unit, dst, .. } => {
            let k = context(e, ctx)?;
            match size {
                SegSize::All if *unit == 0 => return Err(EmitError("a unit is zero".into())),
                SegSize::All => {
                    e.op(by_reg!(k, get_binary_all)).fail(fail).dst_any(dst).u32(live.0).src(ctx);
                    e.u32(*unit);
                }
                SegSize::Size(size) => match constant_bits(size, *unit) {
                    Some(n) => binary(e, k, fail, ctx, *live, n, dst),
                    None => {
                        let h = by_reg!(k, get_binary_size);
                        e.op(h).fail(fail).dst_any(dst).u32(live.0).src(ctx);
                        e.u32(*unit).u32(0).any(size);
                    }
                },
                SegSize::None => return Err(EmitError("a binary without a size".into())),
            }
        }
        Op::BsGetTail { ctx, dst, live } => {
            let k = context(e, ctx)?;
            tail(e, k, ctx, live.0, dst);
        }
        _ => return Err(EmitError(format!("{} fetches no bits", op.name()))),
    }
    Ok(1)
}
