//! `bs_match`: several steps, as the instructions that older compilers emit for each of them.
//!
//! Every fetch checks again that its bits are there; that costs little, and keeps code that asks for
//! more than it ensured from reading beyond the end. A comparison that fails puts the position back
//! to where the first step started.

use super::fetch;
use super::*;
use isa::{BsCmd, Live};

/// At least so many bits. Slots: 2 branch, 3 context, 4 bits.
unsafe extern "C" fn at_least<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if Context::get::<C>(r, e, ip.add(3)).left() < u32_at(ip, 4) as usize {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    go!(r, ip.add(5), htop, e, fc)
}
/// And whole bytes behind them.
unsafe extern "C" fn at_least_bytes<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (left, n) = (Context::get::<C>(r, e, ip.add(3)).left(), u32_at(ip, 4) as usize);
    if left < n || (left - n) % 8 != 0 {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    go!(r, ip.add(5), htop, e, fc)
}
/// And whole units behind them. Slot 5: unit.
unsafe extern "C" fn at_least_units<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (left, n) = (Context::get::<C>(r, e, ip.add(3)).left(), u32_at(ip, 4) as usize);
    if left < n || !(left - n).is_multiple_of(u32_at(ip, 5) as usize) {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    go!(r, ip.add(6), htop, e, fc)
}
/// The next bits, 1 to 64, have a value. Slots: 2 branch, 3 context, 4 bits, 5 bits to go back when
/// they do not, 6 value.
unsafe extern "C" fn equal<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (c, n) = (Context::get::<C>(r, e, ip.add(3)), u32_at(ip, 4) as usize);
    let at = c.position();
    if c.left() < n || read_be(c.data(), at, n) != u64_at(ip, 6) {
        c.set_position(at.wrapping_sub(u32_at(ip, 5) as usize));
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    c.set_position(at + n);
    go!(r, ip.add(8), htop, e, fc)
}

fn total(size: u32, unit: u32) -> Result<u32, EmitError> {
    size.checked_mul(unit).ok_or_else(|| EmitError("a segment is too large".into()))
}

/// The bits that a step fetches, if it checks for them by itself.
fn fetches(c: Option<&BsCmd>) -> Option<u32> {
    match *c? {
        BsCmd::Integer { size, unit, .. } | BsCmd::Binary { size, unit, .. } => {
            size.checked_mul(unit)
        }
        BsCmd::Skip { stride } => Some(stride),
        BsCmd::Equal { bits, .. } => Some(bits),
        _ => None,
    }
}

/// An integer of so many bits that can check for whole bytes behind it.
fn is_plain(c: Option<&BsCmd>, bits: u32) -> bool {
    match c {
        Some(BsCmd::Integer { flags, .. }) => {
            matches!(bits, 8 | 16 | 32) && flag_bits(*flags) == 0 && fetches(c) == Some(bits)
        }
        _ => false,
    }
}

pub(super) fn emit(
    e: &mut Emitter<'_>,
    k: Kind,
    fail: &Fail,
    ctx: &Operand,
    commands: &[BsCmd],
) -> Result<(), EmitError> {
    // Bits consumed so far.
    let mut back = 0u32;
    let mut whole = false;
    for (i, c) in commands.iter().enumerate() {
        let so_far = back;
        let mut consume = |n: u32| {
            back = so_far.saturating_add(n);
            i64::from(n)
        };
        match *c {
            // Nothing has so many.
            BsCmd::EnsureAtLeast { stride: u32::MAX, .. }
            | BsCmd::EnsureExactly { stride: u32::MAX } => {
                e.op(by_reg!(k, test_tail)).fail(fail).src(ctx).ptr(u64::MAX);
            }
            BsCmd::EnsureAtLeast { stride, unit: 0 | 1 } => {
                if fetches(commands.get(i + 1)) != Some(stride) {
                    e.op(by_reg!(k, at_least)).fail(fail).src(ctx).u32(stride);
                }
            }
            BsCmd::EnsureAtLeast { stride, unit: 8 } if is_plain(commands.get(i + 1), stride) => {
                whole = true;
                continue;
            }
            BsCmd::EnsureAtLeast { stride, unit: 8 } => {
                e.op(by_reg!(k, at_least_bytes)).fail(fail).src(ctx).u32(stride);
            }
            BsCmd::EnsureAtLeast { stride, unit } => {
                e.op(by_reg!(k, at_least_units)).fail(fail).src(ctx).u32(stride).u32(unit);
            }
            BsCmd::EnsureExactly { stride } => {
                e.op(by_reg!(k, test_tail)).fail(fail).src(ctx).ptr(u64::from(stride));
            }
            BsCmd::Integer { live, flags, size, unit, ref dst } => {
                let n = consume(total(size, unit)?);
                fetch::integer(e, k, fail, ctx, live, &Operand::Int(n), 1, flags, dst, whole);
            }
            BsCmd::Binary { live, size, unit, ref dst, .. } => {
                let n = consume(total(size, unit)?);
                fetch::binary(e, k, fail, ctx, live, n as u64, dst);
            }
            BsCmd::Skip { stride } => {
                let n = consume(stride);
                e.op(by_reg!(k, skip)).fail(fail).src(ctx).ptr(n as u64);
            }
            BsCmd::GetTail { live: Live(live), ref dst, .. } => fetch::tail(e, k, ctx, live, dst),
            BsCmd::Equal { bits: 0, .. } => {}
            BsCmd::Equal { bits: bits @ 1..=64, value } => {
                e.op(by_reg!(k, equal)).fail(fail).src(ctx).u32(bits).u32(so_far).ptr(value);
                consume(bits);
            }
            BsCmd::Equal { .. } => return Err(EmitError("too many bits to compare".into())),
        }
        whole = false;
    }
    Ok(())
}
