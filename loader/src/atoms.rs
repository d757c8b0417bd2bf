//! The atom table (`AtU8`): atom 1 is the module's name.

use std::sync::Arc;

use crate::chunk::{Chunks, Fields};
use crate::error::LoadError;

/// The most characters that an atom may have.
const MAX_ATOM_CHARS: usize = 255;

pub(crate) fn read(chunks: &Chunks) -> Result<Vec<Arc<str>>, LoadError> {
    let Some(data) = chunks.get(b"AtU8") else {
        let old = chunks.get(b"Atom").is_some();
        return Err(LoadError::bad(if old { "obsolete atom table" } else { "missing atom table" }));
    };
    parse(data).ok_or_else(|| LoadError::bad("corrupt atom table"))
}

/// A negative count announces tagged lengths instead of one-byte ones (OTP 28).
fn parse(data: &[u8]) -> Option<Vec<Arc<str>>> {
    let mut f = Fields::new(data);
    let count = f.i32()?;
    let n = count.unsigned_abs() as usize;
    if n == 0 || n > f.left() {
        return None;
    }
    let mut atoms = Vec::with_capacity(n);
    for _ in 0..n {
        let len = if count > 0 {
            usize::from(f.u8()?)
        } else {
            match f.tagged()? {
                (0, len) => usize::try_from(len).ok()?,
                _ => return None,
            }
        };
        let text = std::str::from_utf8(f.take(len)?).ok()?;
        if len > MAX_ATOM_CHARS && text.chars().count() > MAX_ATOM_CHARS {
            return None;
        }
        atoms.push(Arc::from(text));
    }
    Some(atoms)
}
