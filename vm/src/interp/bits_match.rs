//! Matching bitstrings [bs_instrs.tab, erl_bits.c].
//!
//! A match context is `[header, owner, position, end]`, both absolute bit numbers in the owner's data
//! as tagged small integers. It is changed in place: an instruction that starts a match on a context
//! goes on with that context, as the reference does.
//!
//! Instructions that need heap words and find none collect first and are executed again. The context
//! may be in a register that is not live any more; it is kept all the same ([`Reg::keep`]).

mod commands;
mod fetch;
mod utf;

use super::operand::*;
use super::{Handler, Regs, collect, go, save};
use crate::code::emit::{EmitError, Emitter};
use isa::{BsFlags, Dst, Fail, Op, SegSize, Src as Operand, StartFail};
use term::RawTerm;
use term::append::owner_data;
use term::atom::am;
use term::boxed::copy_bits;
use term::gc::STACK_SLACK;
use term::heap::HEAP_BIN_MAX;
use term::term::Subtag;
use utf::{get_utf8, get_utf16, get_utf32, skip_utf8, skip_utf16, skip_utf32};

pub(super) const LITTLE: u32 = 1;
pub(super) const SIGNED: u32 = 2;

/// A register to read, and what must be kept for it to be read again after a collection.
pub(super) trait Reg: Src {
    /// Number of X registers that include it.
    unsafe fn keep(at: *const u32) -> usize;
}
impl Reg for X {
    unsafe fn keep(at: *const u32) -> usize {
        (*at / 8) as usize + 1
    }
}
impl Reg for Y {
    unsafe fn keep(_: *const u32) -> usize {
        0
    }
}
impl Reg for A {
    unsafe fn keep(at: *const u32) -> usize {
        let w = u64_at(at, 0);
        if w & 7 == ANY_X { (w >> 6) as usize + 1 } else { 0 }
    }
}

#[inline(always)]
pub(super) fn no_room(htop: *mut u64, e: *mut u64, words: usize) -> bool {
    (e as usize).wrapping_sub(htop as usize) < (words + STACK_SLACK) * 8
}

/// Collects for `need` words, with `live` registers and the one that is the last of `keep`.
#[cold]
#[inline(never)]
pub(super) unsafe fn collect_keep(
    r: *mut Regs,
    htop: *mut u64,
    e: *mut u64,
    live: usize,
    keep: usize,
    need: usize,
) {
    let mut n = live;
    if keep > live {
        // What lies between is dead.
        while n < keep - 1 {
            (*r).x[n] = RawTerm::NIL;
            n += 1;
        }
        n = keep;
    }
    collect(r, htop, e, n, need + STACK_SLACK);
}

/// Most words that the result of an instruction below takes, but for large integers: a small binary
/// copied to the heap.
pub(super) const RESULT_WORDS: usize = 2 + HEAP_BIN_MAX / 8;

/// Collects and executes the instruction again. Slots: 4 live, 5 the register to keep.
#[cold]
#[inline(never)]
pub(super) unsafe extern "C" fn again<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    collect_keep(r, htop, e, u32_at(ip, 4) as usize, C::keep(ip.add(5)), RESULT_WORDS);
    let p = (*r).process;
    go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
}

/// A match context.
#[derive(Clone, Copy)]
pub(super) struct Context(*mut u64);

impl Context {
    #[inline(always)]
    pub unsafe fn get<C: Reg>(r: *mut Regs, e: *mut u64, at: *const u32) -> Context {
        let t = C::get(r, e, at);
        debug_assert!(t.is_boxed_of(Subtag::MatchContext));
        Context(t.ptr())
    }
    #[inline(always)]
    pub unsafe fn position(self) -> usize {
        (*self.0.add(2) >> 3) as usize
    }
    #[inline(always)]
    pub unsafe fn end(self) -> usize {
        (*self.0.add(3) >> 3) as usize
    }
    #[inline(always)]
    pub unsafe fn left(self) -> usize {
        (*self.0.add(3)).wrapping_sub(*self.0.add(2)) as usize >> 3
    }
    #[inline(always)]
    pub unsafe fn set_position(self, bit: usize) {
        *self.0.add(2) = (bit << 3) as u64;
    }
    #[inline(always)]
    pub unsafe fn owner(self) -> RawTerm {
        RawTerm(*self.0.add(1))
    }
    #[inline(always)]
    pub unsafe fn data(self) -> *const u8 {
        owner_data(self.owner())
    }
}

/// `size * unit` bits; `None` for what is no size.
#[inline(always)]
pub(super) fn field_bits(size: RawTerm, unit: u32) -> Option<usize> {
    if !size.is_small() || (size.0 as i64) < 0 {
        return None;
    }
    (size.small_value() as usize).checked_mul(unit as usize)
}

/// `n` bits, 1 to 64, from bit `bit`, big-endian.
#[inline]
pub(super) unsafe fn read_be(data: *const u8, bit: usize, n: usize) -> u64 {
    let (p, off) = (data.add(bit / 8), bit % 8);
    let bytes = (off + n).div_ceil(8);
    if bytes > 8 {
        let v = u128::from((p as *const u64).read_unaligned().to_be()) << 8 | u128::from(*p.add(8));
        return (v >> (72 - off - n)) as u64 & (u64::MAX >> (64 - n));
    }
    let v = match bytes {
        1 => u64::from(*p),
        2 => u64::from((p as *const u16).read_unaligned().to_be()),
        3 => u64::from((p as *const u16).read_unaligned().to_be()) << 8 | u64::from(*p.add(2)),
        8 => (p as *const u64).read_unaligned().to_be(),
        _ => {
            let high = u64::from((p as *const u32).read_unaligned().to_be());
            let low = u64::from((p.add(bytes - 4) as *const u32).read_unaligned().to_be());
            let more = (bytes - 4) * 8;
            high << more | low & ((1 << more) - 1)
        }
    };
    v >> (bytes * 8 - off - n) & (u64::MAX >> (64 - n))
}

/// The bits from `bit` on as a term at `htop`, where [`RESULT_WORDS`] are free; gives the new top.
/// Small binaries are copied, as in the reference: so they do not keep large ones alive.
pub(super) unsafe fn extract(owner: RawTerm, bit: usize, n: usize, htop: *mut u64) -> *mut u64 {
    if n <= HEAP_BIN_MAX * 8 && n.is_multiple_of(8) {
        let words = n.div_ceil(64);
        *htop = RawTerm::header(Subtag::HeapBits, words + 1).0;
        *htop.add(1) = n as u64;
        let to = htop.add(2);
        if words > 0 {
            *to.add(words - 1) = 0;
        }
        let data = owner_data(owner);
        if bit.is_multiple_of(8) {
            core::ptr::copy_nonoverlapping(data.add(bit / 8), to as *mut u8, n / 8);
        } else {
            copy_bits(data, bit, to as *mut u8, 0, n);
        }
        return to.add(words);
    }
    *htop = RawTerm::header(Subtag::SubBits, 3).0;
    *htop.add(1) = owner.0;
    *htop.add(2) = RawTerm::small(bit as i64).0;
    *htop.add(3) = RawTerm::small(n as i64).0;
    htop.add(4)
}

/// A context at `htop`, where four words are free; false if `s` is no bitstring.
#[inline(always)]
unsafe fn context_at(htop: *mut u64, s: RawTerm, header: RawTerm) -> bool {
    if header.header_is(Subtag::SubBits) {
        let start = s.word(2);
        *htop.add(1) = s.word(1);
        *htop.add(2) = start;
        *htop.add(3) = start + s.word(3);
    } else if header.header_is(Subtag::HeapBits) {
        *htop.add(1) = s.0;
        *htop.add(2) = RawTerm::small(0).0;
        *htop.add(3) = RawTerm::small(s.word(1) as i64).0;
    } else {
        return false;
    }
    *htop = RawTerm::header(Subtag::MatchContext, 3).0;
    true
}

/// Slots: 2 branch or 0, 3 destination, 4 live, 5 source.
unsafe extern "C" fn start_match<S: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let s = S::get(r, e, ip.add(5));
    if !s.is_boxed() {
        return not_bits(r, ip, htop, e, fc);
    }
    let header = s.boxed_header();
    if header.header_is(Subtag::MatchContext) {
        put_any(r, e, ip.add(3), s);
        go!(r, ip.add(5 + S::N), htop, e, fc)
    }
    if no_room(htop, e, 4) {
        return again::<S>(r, ip, htop, e, fc);
    }
    if !context_at(htop, s, header) {
        return not_bits(r, ip, htop, e, fc);
    }
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    go!(r, ip.add(5 + S::N), htop.add(4), e, fc)
}
/// And saves the position. Slot 6: where to.
unsafe extern "C" fn start_match_saving<S: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let s = S::get(r, e, ip.add(5));
    if !s.is_boxed() {
        return not_bits(r, ip, htop, e, fc);
    }
    let header = s.boxed_header();
    if header.header_is(Subtag::MatchContext) {
        let at = RawTerm(s.word(2));
        put_any(r, e, ip.add(3), s);
        put_any(r, e, ip.add(6), at);
        go!(r, ip.add(7), htop, e, fc)
    }
    if no_room(htop, e, 4) {
        return again::<S>(r, ip, htop, e, fc);
    }
    if !context_at(htop, s, header) {
        return not_bits(r, ip, htop, e, fc);
    }
    put_any(r, e, ip.add(3), RawTerm::boxed_ptr(htop));
    put_any(r, e, ip.add(6), RawTerm(*htop.add(2)));
    go!(r, ip.add(7), htop.add(4), e, fc)
}
#[inline(never)]
unsafe extern "C" fn not_bits(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    if u32_at(ip, 2) != 0 {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    // Compilers promise that this does not happen.
    save(r, htop, e, fc);
    super::except::error(r, ip, RawTerm::atom(am::BADARG))
}

/// Slots: 2 branch, 3 context, 4 bits.
unsafe extern "C" fn test_tail<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if Context::get::<C>(r, e, ip.add(3)).left() as u64 != u64_at(ip, 4) {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    go!(r, ip.add(6), htop, e, fc)
}
/// Slots: 2 branch, 3 context, 4 unit.
unsafe extern "C" fn test_unit<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if !Context::get::<C>(r, e, ip.add(3)).left().is_multiple_of(u32_at(ip, 4).max(1) as usize) {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    go!(r, ip.add(5), htop, e, fc)
}
/// Slots: 2 branch, 3 context, 4 bits (64).
unsafe extern "C" fn skip<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (c, n) = (Context::get::<C>(r, e, ip.add(3)), u64_at(ip, 4) as usize);
    if c.left() < n {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    c.set_position(c.position() + n);
    go!(r, ip.add(6), htop, e, fc)
}
/// Slots: 2 branch, 3 context, 4 unit, 5 size.
unsafe extern "C" fn skip_size<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(3));
    match field_bits(A::get(r, e, ip.add(5)), u32_at(ip, 4)) {
        Some(n) if n <= c.left() => c.set_position(c.position() + n),
        _ => go!(r, target_at(ip, 2), htop, e, fc),
    }
    go!(r, ip.add(7), htop, e, fc)
}
/// Slots: 2 branch, 3 context, 4 unit.
unsafe extern "C" fn skip_all<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(3));
    if !c.left().is_multiple_of(u32_at(ip, 4).max(1) as usize) {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    c.set_position(c.end());
    go!(r, ip.add(5), htop, e, fc)
}
/// Slots: 2 branch, 3 context, 4 bits, 5 address.
unsafe extern "C" fn match_string<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (c, n) = (Context::get::<C>(r, e, ip.add(3)), u32_at(ip, 4) as usize);
    if c.left() < n || !same_bits(c.data(), c.position(), ptr_at(ip, 5), n) {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    c.set_position(c.position() + n);
    go!(r, ip.add(7), htop, e, fc)
}
#[inline(never)]
unsafe fn same_bits(data: *const u8, bit: usize, string: *const u8, n: usize) -> bool {
    let mut i = 0;
    while i + 64 <= n {
        if read_be(data, bit + i, 64) != read_be(string, i, 64) {
            return false;
        }
        i += 64;
    }
    i == n || read_be(data, bit + i, n - i) == read_be(string, i, n - i)
}

/// Slots: 2 destination, 3 context.
unsafe extern "C" fn get_position<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(3));
    put_any(r, e, ip.add(2), RawTerm(*c.0.add(2)));
    go!(r, ip.add(4), htop, e, fc)
}
/// Slots: 2 context, 3 position.
unsafe extern "C" fn set_position<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (c, at) = (Context::get::<C>(r, e, ip.add(2)), A::get(r, e, ip.add(3)));
    if at.is_small() && at.0 <= *c.0.add(3) {
        *c.0.add(2) = at.0;
    }
    go!(r, ip.add(5), htop, e, fc)
}

/// Source and flags as handlers want them.
pub(super) fn flag_bits(flags: BsFlags) -> u32 {
    (if flags.little() { LITTLE } else { 0 }) | (if flags.signed() { SIGNED } else { 0 })
}

/// What is constant of a size: its bits, if they may be asked for at all.
pub(super) fn constant_bits(size: &Operand, unit: u32) -> Option<u64> {
    match *size {
        Operand::Int(n) => {
            u64::try_from(n).ok()?.checked_mul(u64::from(unit)).filter(|&n| n < 1 << 60)
        }
        _ => None,
    }
}

/// Emits an instruction, with the one behind it where they are fused; says how many it took.
pub(crate) fn emit(e: &mut Emitter<'_>, op: &Op, next: Option<&Op>) -> Result<usize, EmitError> {
    match op {
        Op::BsStartMatch3 { fail, src, live, dst } => {
            return Ok(start(e, Some(fail), src, live.0, dst, next));
        }
        Op::BsStartMatch4 { fail, live, src, dst } => {
            let fail = match fail {
                StartFail::Fail(f) => Some(f),
                StartFail::NoFail | StartFail::Resume => None,
            };
            return Ok(start(e, fail, src, live.0, dst, next));
        }
        Op::BsTestTail2 { fail, ctx, bits } => {
            e.op(by_reg!(context(e, ctx)?, test_tail)).fail(fail).src(ctx).ptr(*bits);
        }
        Op::BsTestUnit { fail, ctx, unit } => {
            e.op(by_reg!(context(e, ctx)?, test_unit)).fail(fail).src(ctx).u32(*unit);
        }
        Op::BsSkipBits2 { fail, ctx, size, unit, .. } => {
            let k = context(e, ctx)?;
            match size {
                SegSize::All => {
                    e.op(by_reg!(k, skip_all)).fail(fail).src(ctx).u32(*unit);
                }
                SegSize::Size(size) => match constant_bits(size, *unit) {
                    Some(n) => {
                        e.op(by_reg!(k, skip)).fail(fail).src(ctx).ptr(n);
                    }
                    None => {
                        e.op(by_reg!(k, skip_size)).fail(fail).src(ctx).u32(*unit).any(size);
                    }
                },
                SegSize::None => return Err(EmitError("skip without a size".into())),
            }
        }
        Op::BsMatchString { fail, ctx, bits, offset } => {
            let string = e.strings.wrapping_add(*offset as usize) as u64;
            e.op(by_reg!(context(e, ctx)?, match_string))
                .fail(fail)
                .src(ctx)
                .u32(*bits)
                .ptr(string);
        }
        Op::BsGetPosition { ctx, dst, .. } => {
            e.op(by_reg!(context(e, ctx)?, get_position)).dst_any(dst).src(ctx);
        }
        Op::BsSetPosition { ctx, position } => {
            e.op(by_reg!(context(e, ctx)?, set_position)).src(ctx).any(position);
        }
        Op::BsGetInteger2 { .. }
        | Op::BsGetFloat2 { .. }
        | Op::BsGetBinary2 { .. }
        | Op::BsGetTail { .. } => return fetch::emit(e, op, next),
        Op::BsGetUtf8 { fail, ctx, dst, .. } => {
            e.op(by_reg!(context(e, ctx)?, get_utf8)).fail(fail).dst_any(dst).src(ctx);
        }
        Op::BsSkipUtf8 { fail, ctx, .. } => {
            e.op(by_reg!(context(e, ctx)?, skip_utf8)).fail(fail).u32(0).src(ctx);
        }
        Op::BsGetUtf16 { fail, ctx, flags, dst, .. } => {
            let k = context(e, ctx)?;
            e.op(by_reg!(k, get_utf16)).fail(fail).dst_any(dst).src(ctx).u32(flag_bits(*flags));
        }
        Op::BsSkipUtf16 { fail, ctx, flags, .. } => {
            let k = context(e, ctx)?;
            e.op(by_reg!(k, skip_utf16)).fail(fail).u32(0).src(ctx).u32(flag_bits(*flags));
        }
        Op::BsGetUtf32 { fail, ctx, flags, dst, .. } => {
            let k = context(e, ctx)?;
            e.op(by_reg!(k, get_utf32)).fail(fail).dst_any(dst).src(ctx).u32(flag_bits(*flags));
        }
        Op::BsSkipUtf32 { fail, ctx, flags, .. } => {
            let k = context(e, ctx)?;
            e.op(by_reg!(k, skip_utf32)).fail(fail).u32(0).src(ctx).u32(flag_bits(*flags));
        }
        Op::BsMatch { fail, ctx, commands } => {
            let k = context(e, ctx)?;
            commands::emit(e, k, fail, ctx, commands)?;
        }
        _ => return Err(EmitError(format!("{} does not match bits", op.name()))),
    }
    Ok(1)
}

/// The kind of register that a context is in.
pub(super) fn context(e: &Emitter<'_>, ctx: &Operand) -> Result<Kind, EmitError> {
    match e.kind(ctx) {
        Kind::C => Err(EmitError("a constant is no match context".into())),
        k => Ok(k),
    }
}

fn start(
    e: &mut Emitter<'_>,
    fail: Option<&Fail>,
    src: &Operand,
    live: u32,
    dst: &Dst,
    next: Option<&Op>,
) -> usize {
    let k = e.kind(src);
    // The position is often saved right away.
    let position = match next {
        Some(Op::BsGetPosition { ctx, dst: to, .. }) if same_register(ctx, dst) && k != Kind::C => {
            Some(to)
        }
        _ => None,
    };
    let h: Handler = match (k, position) {
        (Kind::X, None) => start_match::<X>,
        (Kind::Y, None) => start_match::<Y>,
        (Kind::C, _) => start_match::<A>,
        (Kind::X, Some(_)) => start_match_saving::<X>,
        (Kind::Y, Some(_)) => start_match_saving::<Y>,
    };
    e.op(h);
    match fail {
        Some(f) => e.fail(f),
        None => e.u32(0),
    };
    e.dst_any(dst).u32(live);
    if k == Kind::C {
        e.any(src);
    } else {
        e.src(src);
    }
    match position {
        Some(to) => {
            e.dst_any(to);
            2
        }
        None => 1,
    }
}

/// Whether a source is the register that a destination is.
pub(super) fn same_register(src: &Operand, dst: &Dst) -> bool {
    match (src, dst) {
        (Operand::X(a, _), Dst::X(b)) | (Operand::Y(a, _), Dst::Y(b)) => a == b,
        _ => false,
    }
}
