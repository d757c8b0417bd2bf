//! Tables of fixed-size rows: imports, exports, locals, lambdas.

use std::sync::Arc;

use isa::{AtomIx, Label};

use crate::chunk::{Chunks, Fields};
use crate::error::LoadError;
use crate::module::{Export, Import, Lambda};
use crate::verify::MAX_ARITY;

pub(crate) fn imports(chunks: &Chunks, natoms: u32) -> Result<Vec<Import>, LoadError> {
    let data = chunks.get(b"ImpT").ok_or_else(|| LoadError::bad("missing import table"))?;
    rows(data, 12, |f| {
        let (module, function) = (atom(f, natoms)?, atom(f, natoms)?);
        Some(Import { module, function, arity: arity(f)? })
    })
    .ok_or_else(|| LoadError::bad("corrupt import table"))
}

pub(crate) fn exports(chunks: &Chunks, natoms: u32) -> Result<Vec<Export>, LoadError> {
    let data = chunks.get(b"ExpT").ok_or_else(|| LoadError::bad("missing export table"))?;
    export_rows(data, natoms).ok_or_else(|| LoadError::bad("corrupt export table"))
}

pub(crate) fn locals(chunks: &Chunks, natoms: u32) -> Result<Vec<Export>, LoadError> {
    let Some(data) = chunks.get(b"LocT") else { return Ok(Vec::new()) };
    export_rows(data, natoms).ok_or_else(|| LoadError::bad("corrupt locals table"))
}

pub(crate) fn lambdas(chunks: &Chunks, natoms: u32) -> Result<Vec<Lambda>, LoadError> {
    let Some(data) = chunks.get(b"FunT") else { return Ok(Vec::new()) };
    rows(data, 24, |f| {
        let (function, arity, label) = (atom(f, natoms)?, arity(f)?, label(f)?);
        let (index, num_free, old_uniq) = (f.u32()?, f.u32()?, f.u32()?);
        (num_free <= arity).then_some(Lambda { function, arity, label, index, num_free, old_uniq })
    })
    .ok_or_else(|| LoadError::bad("corrupt lambda table"))
}

/// Which imports are BIFs that never return. Compilers know them and may leave the code after a
/// call open, or the frame size of a tail call wrong.
pub(crate) fn exits(imports: &[Import], atoms: &[Arc<str>]) -> Vec<bool> {
    let text = |atom: AtomIx| atoms.get((atom.0 as usize).wrapping_sub(1)).map_or("", |t| t);
    imports
        .iter()
        .map(|import| {
            text(import.module) == "erlang"
                && matches!(
                    (text(import.function), import.arity),
                    ("error", 1..=3) | ("exit" | "throw", 1)
                )
        })
        .collect()
}

fn export_rows(data: &[u8], natoms: u32) -> Option<Vec<Export>> {
    rows(data, 12, |f| {
        Some(Export { function: atom(f, natoms)?, arity: arity(f)?, label: label(f)? })
    })
}

fn rows<T>(data: &[u8], width: usize, row: impl Fn(&mut Fields) -> Option<T>) -> Option<Vec<T>> {
    let mut f = Fields::new(data);
    let n = f.count(width)?;
    (0..n).map(|_| row(&mut f)).collect()
}

fn atom(f: &mut Fields, natoms: u32) -> Option<AtomIx> {
    let n = f.u32()?;
    (1..=natoms).contains(&n).then_some(AtomIx(n))
}

fn arity(f: &mut Fields) -> Option<u32> {
    f.u32().filter(|n| *n <= MAX_ARITY)
}

fn label(f: &mut Fields) -> Option<Label> {
    f.u32().filter(|n| *n != 0).map(Label)
}
