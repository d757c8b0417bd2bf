//! From the bytes of a `.beam` file to a checked [`Module`].
//!
//! `chunk` finds the chunks, `atoms`, `tables`, `lines` and `types` decode them, `code` decodes the
//! instructions with `isa`, `transform` drops what does nothing, and `verify` proves what the
//! emulator relies on. Nothing is trusted: whatever the bytes are, the result is a module that
//! passed every check or a [`LoadError`], and memory stays proportional to the input.
//!
//! Loading knows nothing of a running system: atoms are texts, literals are external terms.
#![forbid(unsafe_code)]

mod atoms;
mod chunk;
mod code;
mod error;
mod lines;
mod literal;
mod md5;
mod module;
mod records;
mod tables;
mod transform;
mod types;
mod verify;

pub use error::{LoadError, Reason};
pub use isa;
pub use module::{
    Check, Export, FrameInfo, Function, Import, Lambda, LineTable, Literal, Location, Module, Type,
    Wanted,
};
pub use verify::{MAX_ARITY, MAX_FREG, MAX_XREG, MAX_YREG};

use chunk::Chunks;

/// How often shared error code is split; splitting one block may show that another must be.
const MAX_SPLITS: usize = 8;

/// Loads a module from the contents of a `.beam` file (not gzip-compressed).
pub fn load(bytes: &[u8]) -> Result<Module, LoadError> {
    let chunks = Chunks::read(bytes)?;
    let atoms = atoms::read(&chunks)?;
    let natoms = atoms.len() as u32;
    let imports = tables::imports(&chunks, natoms)?;
    let exports = tables::exports(&chunks, natoms)?;
    let locals = tables::locals(&chunks, natoms)?;
    let lambdas = tables::lambdas(&chunks, natoms)?;
    let literals = literal::read(&chunks)?;
    let lines = lines::read(&chunks)?;
    let types = types::read(&chunks)?;
    let exits = tables::exits(&imports, &atoms);
    let mut code = code::read(&chunks, &atoms, literals, &types, &exits)?;
    let records = records::read(&chunks, &atoms, &mut code.literals, &types)?;
    let name = atoms.first().cloned().ok_or_else(|| LoadError::bad("corrupt atom table"))?;
    let mut module = Module {
        name,
        atoms,
        imports,
        exports,
        locals,
        lambdas,
        records,
        literals: code.literals,
        strings: chunks.get(b"StrT").unwrap_or_default().into(),
        lines,
        types,
        attributes: chunks.get(b"Attr").map(Into::into),
        compile_info: chunks.get(b"CInf").map(Into::into),
        md5: md5::of_module(&chunks),
        debug_info: chunks.get(b"DbgB").is_some(),
        code: code.ops,
        label_count: code.label_count,
        functions: code.index.functions,
        on_load: code.index.on_load,
        labels: code.index.labels,
        frames: Vec::new(),
        checks: Vec::new(),
    };
    for _ in 0..MAX_SPLITS {
        let verified = verify::verify(&module, &exits)?;
        if verified.mixed.is_empty() {
            module.frames = verified.frames;
            module.checks = verified.checks;
            transform::settle_exits(&mut module, &exits);
            return Ok(module);
        }
        transform::split(&mut module, &verified, &exits)?;
    }
    Err(LoadError::bad("stack frames differ between the ways to an op"))
}
