//! What loading gives.

use std::ops::{Range, RangeInclusive};
use std::sync::Arc;

use isa::{AtomIx, BigInt, ImportIx, Label, LineIx, Op, RecordRow, Src, Ty};

/// A decoded and verified module. Every index held by an op is valid in these tables.
#[derive(Debug)]
pub struct Module {
    pub name: Arc<str>,
    /// Atom `n` of an operand is `atoms[n - 1]`; see [`Module::atom`].
    pub atoms: Vec<Arc<str>>,
    pub imports: Vec<Import>,
    /// Labels are entry labels of functions with that arity.
    pub exports: Vec<Export>,
    /// As written in the file; nothing is checked but the atoms.
    pub locals: Vec<Export>,
    pub lambdas: Vec<Lambda>,
    /// The native records that it defines. Defaults are constants.
    pub records: Vec<RecordRow>,
    /// The file's literals, then integers of operands that do not fit 64 bits.
    pub literals: Vec<Literal>,
    /// Bytes that string operands point into.
    pub strings: Box<[u8]>,
    /// `None` when the file has no line table or one of an unknown version.
    pub lines: Option<LineTable>,
    /// What `Ty` operands point at; empty when unknown. Entry 0 is any term.
    pub types: Vec<Type>,
    /// External term, for `module_info(attributes)`.
    pub attributes: Option<Box<[u8]>>,
    /// External term, for `module_info(compile)`.
    pub compile_info: Option<Box<[u8]>>,
    pub md5: [u8; 16],
    /// There is information for a debugger.
    pub debug_info: bool,
    /// The ops in order, with `Op::Label`, `Op::FuncInfo` and `Op::Line` among them; the last is
    /// `Op::IntCodeEnd`.
    pub code: Vec<Op>,
    /// Labels are below this.
    pub label_count: u32,
    /// In order; the ranges are adjacent.
    pub functions: Vec<Function>,
    /// Index into `functions` of the `-on_load` function.
    pub on_load: Option<usize>,
    /// Index into `code` of each label's op, by label number; `u32::MAX` when there is none.
    pub labels: Vec<u32>,
    /// The frame before each op of `code`.
    pub frames: Vec<FrameInfo>,
    /// What must be checked before ops, in the order of ops.
    pub checks: Vec<Check>,
}

/// An op relies on a term that could not be proven to be what it wants.
#[derive(Clone, PartialEq, Debug)]
pub struct Check {
    /// Index into `code`.
    pub op: u32,
    pub src: Src,
    pub wanted: Wanted,
}

/// What an op wants a term to be.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Wanted {
    Cons,
    Map,
    MatchContext,
    /// A tuple with so many elements.
    TupleOf(RangeInclusive<u32>),
    /// Nothing: the register is to be set to `[]`, as code that a failing guard branches to names it.
    Cleared,
}

impl Module {
    /// What must be checked before op `op`.
    pub fn check(&self, op: u32) -> Option<&Check> {
        let i = self.checks.binary_search_by_key(&op, |check| check.op).ok()?;
        self.checks.get(i)
    }

    /// The text of an atom operand; empty for an index that the module has not.
    pub fn atom(&self, atom: AtomIx) -> &str {
        let index = (atom.0 as usize).wrapping_sub(1);
        self.atoms.get(index).map_or("", |text| text)
    }

    /// Index into `code` of a label's op.
    pub fn label_op(&self, label: Label) -> Option<u32> {
        self.labels.get(label.0 as usize).copied().filter(|op| *op != u32::MAX)
    }

    pub fn import(&self, import: ImportIx) -> Option<&Import> {
        self.imports.get(import.0 as usize)
    }

    /// The function whose ops include op `op`.
    pub fn function_of(&self, op: u32) -> Option<&Function> {
        let i = self.functions.partition_point(|f| f.ops.end <= op);
        self.functions.get(i).filter(|f| f.ops.contains(&op))
    }

    /// The source location that holds at op `op`: that of the last `Op::Line` before it in its
    /// function.
    pub fn line_at(&self, op: u32) -> Option<LineIx> {
        let function = self.function_of(op)?;
        let ops = self.code.get(function.ops.start as usize..=op as usize)?;
        ops.iter().rev().find_map(|op| match op {
            Op::Line { line } | Op::ExecutableLine { line, .. } => Some(*line),
            _ => None,
        })
    }

    /// File name and line of a location; the file is the module's source when `None`.
    pub fn location(&self, line: LineIx) -> Option<(Option<&str>, u32)> {
        let table = self.lines.as_ref()?;
        let location = table.locations.get(line.0 as usize).copied().flatten()?;
        let file = (location.file as usize).checked_sub(1).and_then(|i| table.files.get(i));
        Some((file.map(|name| &**name), location.line))
    }

    /// What is known of an operand; any term when nothing is.
    pub fn ty(&self, ty: Ty) -> Type {
        self.types.get(usize::from(ty.0)).copied().unwrap_or(Type::ANY)
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Import {
    pub module: AtomIx,
    pub function: AtomIx,
    pub arity: u32,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Export {
    pub function: AtomIx,
    pub arity: u32,
    /// The entry label.
    pub label: Label,
}

/// A fun's code. The label is the entry label of a function of `arity` arguments.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Lambda {
    pub function: AtomIx,
    /// Arguments, free variables included; these come last.
    pub arity: u32,
    pub label: Label,
    pub index: u32,
    pub num_free: u32,
    pub old_uniq: u32,
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub enum Literal {
    /// An external term, version byte included. Whether it is well-formed is not known.
    Term(Box<[u8]>),
    /// Magnitude, big-endian, without leading zeros.
    BigInt { negative: bool, bytes: Box<[u8]> },
}

impl From<BigInt> for Literal {
    fn from(big: BigInt) -> Literal {
        Literal::BigInt { negative: big.negative, bytes: big.bytes.into() }
    }
}

/// The decoded line table.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LineTable {
    /// Bit 0: there are `executable_line` ops; bit 1: line counters are forced.
    pub flags: u32,
    /// Number of line ops that the compiler counted.
    pub instructions: u32,
    /// By `LineIx`; entry 0 is unknown.
    pub locations: Vec<Option<Location>>,
    pub files: Vec<Arc<str>>,
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Location {
    /// 0: `<module>.erl`; otherwise `files[file - 1]`.
    pub file: u32,
    pub line: u32,
}

/// A set of types, with what is known of integers and bitstrings.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Type {
    /// The types that the term may have: the constants below.
    pub bits: u16,
    /// Bounds of integers (of 64 bits, when known).
    pub min: Option<i64>,
    pub max: Option<i64>,
    /// Bits that the size of a bitstring is a multiple of.
    pub unit: u16,
}

impl Type {
    pub const ATOM: u16 = 1;
    pub const BITSTRING: u16 = 1 << 1;
    pub const MATCH_CONTEXT: u16 = 1 << 2;
    pub const CONS: u16 = 1 << 3;
    pub const FLOAT: u16 = 1 << 4;
    pub const FUN: u16 = 1 << 5;
    pub const INTEGER: u16 = 1 << 6;
    pub const MAP: u16 = 1 << 7;
    pub const NIL: u16 = 1 << 8;
    pub const PID: u16 = 1 << 9;
    pub const PORT: u16 = 1 << 10;
    pub const REFERENCE: u16 = 1 << 11;
    pub const TUPLE: u16 = 1 << 12;
    pub const NATIVE_RECORD: u16 = 1 << 13;

    /// Any term.
    pub const ANY: Type = Type { bits: (1 << 14) - 1, min: None, max: None, unit: 1 };

    /// Whether the term has one of these types and no other.
    pub fn is_only(self, bits: u16) -> bool {
        self.bits != 0 && self.bits & !bits == 0
    }
}

#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Function {
    pub name: AtomIx,
    pub arity: u32,
    /// The label after `func_info`.
    pub entry: Label,
    /// Index of the function's `Op::FuncInfo`.
    pub func_info: u32,
    /// The function's ops; the first is the label before `func_info`.
    pub ops: Range<u32>,
    /// Whether the function is marked as one that a NIF may replace.
    pub nif: bool,
}

/// The stack frame before an op.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum FrameInfo {
    /// The op cannot be reached.
    #[default]
    Unreachable,
    /// Nothing is on the stack but the caller's continuation.
    None,
    /// A frame of that many Y slots.
    Words(u16),
}
