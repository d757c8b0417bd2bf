//! The `Code` chunk: ops, labels and functions.

use std::sync::Arc;

use isa::{BsFlags, DecodeCx, Label, MAX_OPCODE, OPCODES, Op, Reader, Word};

use crate::chunk::{Chunks, Fields};
use crate::error::LoadError;
use crate::literal;
use crate::module::{Function, Literal, Type};
use crate::transform::Window;

/// Labels that small hand-written code may skip.
const SPARE_LABELS: usize = 1 << 16;

pub(crate) struct Code {
    pub ops: Vec<Op>,
    pub label_count: u32,
    pub index: Index,
    pub literals: Vec<Literal>,
}

/// The module's tables as the decoder wants them.
struct Cx<'a> {
    atoms: &'a [Arc<str>],
    literals: &'a [Literal],
    types: u32,
}

impl DecodeCx for Cx<'_> {
    fn atoms(&self) -> u32 {
        self.atoms.len() as u32
    }
    fn word(&self, atom: u32) -> Option<Word> {
        self.atoms.get((atom as usize).wrapping_sub(1)).map(|text| Word::of(text))
    }
    fn literals(&self) -> u32 {
        self.literals.len() as u32
    }
    fn literal_flags(&self, literal: u32) -> Option<BsFlags> {
        literal::flags(self.literals.get(literal as usize)?)
    }
    fn types(&self) -> u32 {
        self.types
    }
}

/// The module's tables for the decoder.
pub(crate) fn words<'a>(
    atoms: &'a [Arc<str>],
    literals: &'a [Literal],
    types: &[Type],
) -> impl DecodeCx + use<'a> {
    Cx { atoms, literals, types: types.len() as u32 }
}

pub(crate) fn read(
    chunks: &Chunks,
    atoms: &[Arc<str>],
    literals: Vec<Literal>,
    types: &[Type],
    exits: &[bool],
) -> Result<Code, LoadError> {
    let data = chunks.get(b"Code").ok_or_else(|| LoadError::bad("missing code chunk"))?;
    let header = Header::read(data).ok_or_else(|| LoadError::bad("corrupt code chunk"))?;
    header.check()?;
    let cx = words(atoms, &literals, types);
    let mut reader = Reader::new(header.code, &cx);
    // An op takes three bytes or more on average.
    let mut window = Window::new(header.code.len() / 4, exits);
    loop {
        let start = reader.position();
        Op::decode(&mut reader, &mut window.ops).map_err(|e| {
            let number = header.code.get(start).copied().unwrap_or(0);
            let name = OPCODES.get(usize::from(number)).map_or("", |op| op.name);
            LoadError::bad(format!("{e} ({name} at byte {start} of the code)"))
        })?;
        if matches!(window.ops.last(), Some(Op::IntCodeEnd {})) {
            break;
        }
        window.settle();
    }
    let bigs = reader.into_bigs();
    drop(cx);
    let ops = window.ops;
    let index = Index::of(&ops, header.label_count)?;
    if index.functions.len() != header.function_count as usize {
        return Err(LoadError::bad("wrong number of functions"));
    }
    let mut literals = literals;
    literals.extend(bigs.into_iter().map(Literal::from));
    Ok(Code { ops, label_count: header.label_count, index, literals })
}

struct Header<'a> {
    version: u32,
    highest: u32,
    label_count: u32,
    function_count: u32,
    code: &'a [u8],
}

impl<'a> Header<'a> {
    fn read(data: &'a [u8]) -> Option<Self> {
        let mut f = Fields::new(data);
        let size = f.u32()? as usize;
        let mut head = Fields::new(f.take(size)?);
        let (version, highest) = (head.u32()?, head.u32()?);
        let (label_count, function_count) = (head.u32()?, head.u32()?);
        Some(Header { version, highest, label_count, function_count, code: f.rest() })
    }

    fn check(&self) -> Result<(), LoadError> {
        if self.version != 0 {
            return Err(LoadError::bad("wrong instruction set"));
        }
        if self.highest > u32::from(MAX_OPCODE) {
            return Err(LoadError::bad(format!(
                "use of opcode {}; this emulator supports only up to {MAX_OPCODE}",
                self.highest
            )));
        }
        if self.label_count as usize > self.code.len() + SPARE_LABELS {
            return Err(LoadError::bad("corrupt code chunk"));
        }
        Ok(())
    }
}

/// Where labels and functions are.
pub(crate) struct Index {
    pub labels: Vec<u32>,
    pub functions: Vec<Function>,
    pub on_load: Option<usize>,
}

impl Index {
    /// Finds labels and functions.
    pub fn of(ops: &[Op], label_count: u32) -> Result<Index, LoadError> {
        let mut index = Index {
            labels: vec![u32::MAX; label_count as usize],
            functions: Vec::new(),
            on_load: None,
        };
        // Where the labels and locations that precede the next op start.
        let mut marks = 0;
        for (i, op) in ops.iter().enumerate() {
            let at = i as u32;
            match op {
                Op::Label { label } => {
                    index.define(*label, at)?;
                    continue;
                }
                Op::Line { .. } => continue,
                Op::FuncInfo { name, arity, .. } => {
                    index.close(marks)?;
                    let entry = match ops.get(i + 1) {
                        Some(Op::Label { label }) => Label(*label),
                        _ => return Err(LoadError::bad("no label after func_info")),
                    };
                    index.functions.push(Function {
                        name: *name,
                        arity: *arity,
                        entry,
                        func_info: at,
                        ops: marks..at + 1,
                        nif: false,
                    });
                }
                Op::IntCodeEnd {} => index.close(at)?,
                Op::OnLoad {} => {
                    let function = index.functions.len().checked_sub(1);
                    if index.on_load.is_some() || function.is_none() {
                        return Err(LoadError::bad("on_load is misplaced"));
                    }
                    index.on_load = function;
                }
                Op::NifStart {} => match index.functions.last_mut() {
                    Some(function) => function.nif = true,
                    None => return Err(LoadError::bad("nif_start is misplaced")),
                },
                _ => {}
            }
            marks = at + 1;
        }
        Ok(index)
    }

    /// The last function ends before op `at`; without one there are no ops yet.
    fn close(&mut self, at: u32) -> Result<(), LoadError> {
        match self.functions.last_mut() {
            Some(last) => last.ops.end = at,
            None if at != 0 => return Err(LoadError::bad("code before the first function")),
            None => {}
        }
        Ok(())
    }

    fn define(&mut self, label: u32, at: u32) -> Result<(), LoadError> {
        match self.labels.get_mut(label as usize) {
            Some(op) if *op == u32::MAX && label != 0 => *op = at,
            Some(_) => return Err(LoadError::bad(format!("label {label} is defined twice"))),
            None => return Err(LoadError::bad(format!("invalid label {label}"))),
        }
        Ok(())
    }
}
