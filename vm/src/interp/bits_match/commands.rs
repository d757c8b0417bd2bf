//! `bs_match`: several steps in one instruction, as a little program behind it.
//!
//! The heap words that all steps may need are made sure of first, while nothing is written yet; so
//! the instruction can be executed again from its start. The position is stored at the end: a
//! step that fails leaves the context as it was. A step that fetches more than was ensured in the
//! same instruction gets a check of its own.

use super::fetch::{integer_at, integer_words, wide_integer};
use super::*;
use isa::BsCmd;

const END: u32 = 0;
/// Bits, unit.
const AT_LEAST: u32 = 1;
/// Bits.
const EXACTLY: u32 = 2;
/// Destination, bits, flags.
const INTEGER: u32 = 3;
/// Destination.
const BYTE: u32 = 4;
/// Destination, bits.
const BINARY: u32 = 5;
/// Bits.
const SKIP: u32 = 6;
/// Destination.
const TAIL: u32 = 7;
/// Bits, value (64).
const EQUAL: u32 = 8;
/// Destination, bits.
const SMALL: u32 = 9;
/// Bits: at least so many, any unit.
const ROOM: u32 = 10;

/// Slots: 2 branch, 3 heap words, 4 live, 5 context, then the commands.
unsafe extern "C" fn bs_match<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    if no_room(htop, e, u32_at(ip, 3) as usize) {
        return again_commands::<C>(r, ip, htop, e, fc);
    }
    let c = Context::get::<C>(r, e, ip.add(5));
    let (mut at, end) = (c.position(), c.end());
    let mut top = htop;
    let mut pc = ip.add(6);
    loop {
        match *pc {
            END => {
                c.set_position(at);
                go!(r, pc.add(1), top, e, fc)
            }
            AT_LEAST => {
                let (n, unit) = (u32_at(pc, 1) as usize, u32_at(pc, 2) as usize);
                if end - at < n || !(end - at - n).is_multiple_of(unit) {
                    go!(r, target_at(ip, 2), htop, e, fc)
                }
                pc = pc.add(3);
            }
            ROOM => {
                if end - at < u32_at(pc, 1) as usize {
                    go!(r, target_at(ip, 2), htop, e, fc)
                }
                pc = pc.add(2);
            }
            EXACTLY => {
                if end - at != u32_at(pc, 1) as usize {
                    go!(r, target_at(ip, 2), htop, e, fc)
                }
                pc = pc.add(2);
            }
            BYTE => {
                let p = c.data().add(at / 8);
                let v = if at % 8 == 0 { u64::from(*p) } else { read_be(p, at % 8, 8) };
                put_any(r, e, pc.add(1), RawTerm::small(v as i64));
                at += 8;
                pc = pc.add(2);
            }
            SMALL => {
                let n = u32_at(pc, 2) as usize;
                let v = read_be(c.data(), at, n);
                put_any(r, e, pc.add(1), RawTerm::small(v as i64));
                at += n;
                pc = pc.add(3);
            }
            INTEGER => {
                let (n, flags) = (u32_at(pc, 2) as usize, u32_at(pc, 3));
                let v = if n == 0 {
                    RawTerm::small(0)
                } else if n <= 64 {
                    let v = read_be(c.data(), at, n);
                    integer_at(v, n, flags, &mut top)
                } else {
                    let p = save(r, top, e, fc);
                    match wide_integer(&(*p).heap.heap, c, at, n, flags) {
                        Some(v) => {
                            top = (*p).heap.heap.top();
                            v
                        }
                        None => go!(r, target_at(ip, 2), top, e, fc),
                    }
                };
                put_any(r, e, pc.add(1), v);
                at += n;
                pc = pc.add(4);
            }
            BINARY => {
                let n = u32_at(pc, 2) as usize;
                let t = RawTerm::boxed_ptr(top);
                top = extract(c.owner(), at, n, top);
                put_any(r, e, pc.add(1), t);
                at += n;
                pc = pc.add(3);
            }
            SKIP => {
                at += u32_at(pc, 1) as usize;
                pc = pc.add(2);
            }
            TAIL => {
                let t = RawTerm::boxed_ptr(top);
                top = extract(c.owner(), at, end - at, top);
                put_any(r, e, pc.add(1), t);
                pc = pc.add(2);
            }
            // EQUAL
            _ => {
                let n = u32_at(pc, 1) as usize;
                if n != 0 && read_be(c.data(), at, n) != u64_at(pc, 2) {
                    go!(r, target_at(ip, 2), top, e, fc)
                }
                at += n;
                pc = pc.add(4);
            }
        }
    }
}
#[cold]
#[inline(never)]
unsafe extern "C" fn again_commands<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (need, live) = (u32_at(ip, 3) as usize, u32_at(ip, 4) as usize);
    collect_keep(r, htop, e, live, C::keep(ip.add(5)), need);
    let p = (*r).process;
    go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
}

fn total(size: u32, unit: u32) -> Result<u32, EmitError> {
    size.checked_mul(unit).ok_or_else(|| EmitError("a segment is too large".into()))
}

/// Heap words, live registers at the first step that may collect, and bits.
fn cost(commands: &[BsCmd]) -> Result<(usize, u32), EmitError> {
    let (mut words, mut first_live) = (0usize, None);
    for c in commands {
        let (live, n) = match *c {
            BsCmd::Integer { live, size, unit, .. } => {
                (live, integer_words(total(size, unit)? as usize))
            }
            BsCmd::Binary { live, .. } | BsCmd::GetTail { live, .. } => (live, RESULT_WORDS),
            _ => continue,
        };
        first_live.get_or_insert(live.0);
        words += n;
    }
    Ok((words, first_live.unwrap_or(0)))
}

pub(super) fn emit(
    e: &mut Emitter<'_>,
    k: Kind,
    fail: &Fail,
    ctx: &Operand,
    commands: &[BsCmd],
) -> Result<(), EmitError> {
    let (words, live) = cost(commands)?;
    let words = u32::try_from(words).map_err(|_| EmitError("a segment is too large".into()))?;
    e.op(by_reg!(k, bs_match)).fail(fail).u32(words).u32(live).src(ctx);
    // Bits that are known to be left.
    let mut known = 0u32;
    for c in commands {
        match *c {
            BsCmd::EnsureAtLeast { stride, unit } => {
                e.u32(AT_LEAST).u32(stride).u32(unit.max(1));
                known = stride;
            }
            BsCmd::EnsureExactly { stride } => {
                e.u32(EXACTLY).u32(stride);
                known = stride;
            }
            BsCmd::Integer { flags, size, unit, ref dst, .. } => {
                let (n, flags) = (total(size, unit)?, flag_bits(flags));
                take(e, &mut known, n);
                match (n, flags) {
                    (8, 0 | LITTLE) => e.u32(BYTE).dst_any(dst),
                    (1..=60, 0) => e.u32(SMALL).dst_any(dst).u32(n),
                    _ => e.u32(INTEGER).dst_any(dst).u32(n).u32(flags),
                };
            }
            BsCmd::Binary { size, unit, ref dst, .. } => {
                let n = total(size, unit)?;
                take(e, &mut known, n);
                e.u32(BINARY).dst_any(dst).u32(n);
            }
            BsCmd::Skip { stride } => {
                take(e, &mut known, stride);
                e.u32(SKIP).u32(stride);
            }
            BsCmd::GetTail { ref dst, .. } => {
                e.u32(TAIL).dst_any(dst);
            }
            BsCmd::Equal { bits, value } => {
                take(e, &mut known, bits);
                e.u32(EQUAL).u32(bits).ptr(value);
            }
        }
    }
    e.u32(END);
    Ok(())
}

/// Takes `n` bits of what is known to be left, and checks when that is not enough.
fn take(e: &mut Emitter<'_>, known: &mut u32, n: u32) {
    match known.checked_sub(n) {
        Some(left) => *known = left,
        None => {
            e.u32(ROOM).u32(n);
            *known = 0;
        }
    }
}
