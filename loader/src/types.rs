//! The type table (`Type`): what the compiler knows of registers.
//!
//! The versions number the type bits differently; they are turned into the bits of [`Type`].
//! An unknown version means no types.

use crate::chunk::{Chunks, Fields};
use crate::error::LoadError;
use crate::module::Type;

pub(crate) fn read(chunks: &Chunks) -> Result<Vec<Type>, LoadError> {
    let Some(data) = chunks.get(b"Type") else { return Ok(Vec::new()) };
    parse(data).ok_or_else(|| LoadError::bad("corrupt type table"))
}

fn parse(data: &[u8]) -> Option<Vec<Type>> {
    let mut f = Fields::new(data);
    let version = f.u32()?;
    let row = match version {
        1 => version1,
        2 => version2,
        3 => version3,
        4 => version4,
        _ => return Some(Vec::new()),
    };
    let n = f.count(if version == 1 { 18 } else { 2 })?;
    (0..n).map(|_| row(&mut f)).collect()
}

/// OTP 25: bounds always present, none when they are the wrong way round.
fn version1(f: &mut Fields) -> Option<Type> {
    let (bits, min, max) = (f.u16()?, f.i64()?, f.i64()?);
    let known = min <= max;
    Some(Type {
        bits: bits & Type::ANY.bits,
        min: known.then_some(min),
        max: known.then_some(max),
        unit: 1,
    })
}

/// OTP 26: the same bits; bounds and unit as flagged.
fn version2(f: &mut Fields) -> Option<Type> {
    let word = f.u16()?;
    bounds(f, word & 0x1fff, word >> 13)
}

/// OTP 27: the match context bit is gone.
fn version3(f: &mut Fields) -> Option<Type> {
    let word = f.u16()?;
    let bits = word & 3 | (word & 0xffc) << 1;
    // A bitstring may be held by a match context.
    let context = if bits & Type::BITSTRING != 0 { Type::MATCH_CONTEXT } else { 0 };
    bounds(f, bits | context, word >> 12)
}

/// OTP 29: one more type, for native records; only the size of an entry is relied on.
fn version4(f: &mut Fields) -> Option<Type> {
    let word = f.u16()?;
    bounds(f, 0, word >> 13)?;
    Some(Type::ANY)
}

fn bounds(f: &mut Fields, bits: u16, flags: u16) -> Option<Type> {
    let min = if flags & 1 != 0 { Some(f.i64()?) } else { None };
    let max = if flags & 2 != 0 { Some(f.i64()?) } else { None };
    let unit = if flags & 4 != 0 { u16::from(f.u8()?) + 1 } else { 1 };
    Some(Type { bits, min, max, unit })
}
