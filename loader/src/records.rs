//! Definitions of native records (`Recs`, OTP 29).

use std::collections::HashSet;
use std::sync::Arc;

use isa::{Reader, RecordRow};

use crate::chunk::{Chunks, Fields};
use crate::code::words;
use crate::error::LoadError;
use crate::module::{Literal, Type};

/// Reads the chunk; large integers among defaults are added to the literals.
pub(crate) fn read(
    chunks: &Chunks,
    atoms: &[Arc<str>],
    literals: &mut Vec<Literal>,
    types: &[Type],
) -> Result<Vec<RecordRow>, LoadError> {
    let Some(data) = chunks.get(b"Recs") else { return Ok(Vec::new()) };
    let corrupt = || LoadError::bad("corrupt table of native records");
    let mut f = Fields::new(data);
    let (version, count, fields) =
        (f.u32(), f.u32().ok_or_else(corrupt)?, f.u32().ok_or_else(corrupt)?);
    if version != Some(0) {
        return Err(LoadError::bad("unknown version of the table of native records"));
    }
    let rest = f.rest();
    let words = words(atoms, literals, types);
    let mut reader = Reader::new(rest, &words);
    let mut records = Vec::new();
    for _ in 0..count {
        let record = reader.record();
        records.push(record.map_err(|e| LoadError::bad(format!("{e} (in a native record)")))?);
    }
    let bigs = reader.into_bigs();
    drop(words);
    literals.extend(bigs.into_iter().map(Literal::from));
    let given: usize = records.iter().map(|r| r.fields.len()).sum();
    let mut names = HashSet::new();
    let unique = |r: &RecordRow| {
        let mut keys = HashSet::new();
        r.fields.iter().all(|f| keys.insert(f.0.0))
    };
    if given != fields as usize || !records.iter().all(|r| names.insert(r.name.0) && unique(r)) {
        return Err(corrupt());
    }
    Ok(records)
}
