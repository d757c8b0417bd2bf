//! The line table (`Line`): source locations by index. Optional; other versions are ignored.

use crate::chunk::{Chunks, Fields};
use crate::error::LoadError;
use crate::module::{LineTable, Location};

pub(crate) fn read(chunks: &Chunks) -> Result<Option<LineTable>, LoadError> {
    let Some(data) = chunks.get(b"Line") else { return Ok(None) };
    parse(data).ok_or_else(|| LoadError::bad("corrupt line table"))
}

fn parse(data: &[u8]) -> Option<Option<LineTable>> {
    let mut f = Fields::new(data);
    if f.u32()? != 0 {
        return Some(None);
    }
    let (flags, instructions) = (f.u32()?, f.u32()?);
    let (locations, names) = (f.u32()? as usize, f.u32()? as usize);
    if locations > f.left() || names > f.left() / 2 {
        return None;
    }
    let mut table = LineTable {
        flags,
        instructions,
        locations: Vec::with_capacity(locations + 1),
        files: Vec::with_capacity(names),
    };
    // Index 0 is an unknown location.
    table.locations.push(None);
    let mut file = 0;
    while table.locations.len() <= locations {
        match f.tagged()? {
            (1, line) => {
                // Lines that take more than 24 bits are not told, as the reference packs them so.
                let line = u32::try_from(line).ok().filter(|line| *line < 1 << 24);
                table.locations.push(line.map(|line| Location { file, line }));
            }
            (2, index) => {
                file = u32::try_from(index).ok().filter(|n| *n as usize <= names)?;
            }
            _ => return None,
        }
    }
    for _ in 0..names {
        let len = usize::from(f.u16()?);
        table.files.push(std::str::from_utf8(f.take(len)?).ok()?.into());
    }
    Some(Some(table))
}
