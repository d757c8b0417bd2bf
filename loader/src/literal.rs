//! The literal table (`LitT`): external terms, kept as bytes.

use std::io::Read;

use flate2::read::ZlibDecoder;
use isa::BsFlags;

use crate::chunk::{Chunks, Fields};
use crate::error::LoadError;
use crate::module::Literal;

/// The most that a literal table may grow to when inflated.
const MAX_INFLATED: usize = 1 << 30;
/// Deflate cannot compress better than this.
const MAX_RATIO: usize = 1100;

pub(crate) fn read(chunks: &Chunks) -> Result<Vec<Literal>, LoadError> {
    let Some(data) = chunks.get(b"LitT") else { return Ok(Vec::new()) };
    parse(data).ok_or_else(|| LoadError::bad("corrupt literal table"))
}

fn parse(data: &[u8]) -> Option<Vec<Literal>> {
    let mut f = Fields::new(data);
    match f.u32()? as usize {
        0 => terms(f.rest()),
        size => terms(&inflate(f.rest(), size)?),
    }
}

/// Exactly `size` bytes. A claim that no deflate stream of this length can meet is refused before
/// anything is reserved.
fn inflate(data: &[u8], size: usize) -> Option<Vec<u8>> {
    if size > MAX_INFLATED || size > data.len().saturating_mul(MAX_RATIO) {
        return None;
    }
    let mut out = Vec::with_capacity(size);
    ZlibDecoder::new(data).take(size as u64 + 1).read_to_end(&mut out).ok()?;
    (out.len() == size).then_some(out)
}

fn terms(data: &[u8]) -> Option<Vec<Literal>> {
    let mut f = Fields::new(data);
    let n = f.count(4)?;
    (0..n)
        .map(|_| {
            let size = f.u32()? as usize;
            let bytes = f.take(size)?;
            // At least a version byte and a tag.
            (size >= 2 && bytes[0] == 131).then(|| Literal::Term(bytes.into()))
        })
        .collect()
}

/// Field flags written as a list of atoms.
pub(crate) fn flags(literal: &Literal) -> Option<BsFlags> {
    let Literal::Term(bytes) = literal else { return None };
    let mut f = Fields::new(bytes);
    if f.u8()? != 131 {
        return None;
    }
    let n = match f.u8()? {
        106 => 0,
        108 => f.u32()?,
        _ => return None,
    };
    let mut flags = 0;
    for _ in 0..n {
        let len = match f.u8()? {
            119 | 115 => usize::from(f.u8()?),
            118 | 100 => usize::from(f.u16()?),
            _ => return None,
        };
        flags |= match f.take(len)? {
            b"little" => BsFlags::LITTLE,
            b"signed" => BsFlags::SIGNED,
            b"native" => BsFlags::NATIVE,
            b"big" | b"unsigned" | b"aligned" | b"exact" => 0,
            _ => return None,
        };
    }
    if n > 0 && f.u8()? != 106 {
        return None;
    }
    Some(BsFlags(flags))
}
