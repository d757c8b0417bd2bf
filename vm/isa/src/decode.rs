//! Compact terms: how operands are encoded in the `Code` chunk, and the reader that turns them
//! into typed operands.
//!
//! The reader trusts nothing: every index into a table of the module is checked against the
//! counts in [`DecodeCx`], every list length against the bytes that are left. Registers, labels,
//! imports and lambdas are checked later, by the loader's verifier.

use std::fmt;

mod compact;
mod kinds;
mod lists;

pub use lists::RecordRow;

use crate::bits::BsFlags;
use crate::operand::{Dst, FReg, Fail, ImportIx, Label, LambdaIx, LineIx, Live, Src, YReg};

/// The atoms that mean something as operands.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub enum Word {
    /// Any other atom.
    #[default]
    Other,
    All,
    Append,
    Binary,
    Copy,
    EnsureAtLeast,
    EnsureExactly,
    Equal,
    False,
    Float,
    GetTail,
    Inplace,
    Integer,
    NoFail,
    PrivateAppend,
    Resume,
    Reuse,
    Safe,
    Skip,
    String,
    True,
    Undefined,
    Unsafe,
    Utf16,
    Utf32,
    Utf8,
}

impl Word {
    /// The word that an atom's text is.
    pub fn of(text: &str) -> Word {
        match text {
            "all" => Word::All,
            "append" => Word::Append,
            "binary" => Word::Binary,
            "copy" => Word::Copy,
            "ensure_at_least" => Word::EnsureAtLeast,
            "ensure_exactly" => Word::EnsureExactly,
            "=:=" => Word::Equal,
            "false" => Word::False,
            "float" => Word::Float,
            "get_tail" => Word::GetTail,
            "inplace" => Word::Inplace,
            "integer" => Word::Integer,
            "no_fail" => Word::NoFail,
            "private_append" => Word::PrivateAppend,
            "resume" => Word::Resume,
            "reuse" => Word::Reuse,
            "safe" => Word::Safe,
            "skip" => Word::Skip,
            "string" => Word::String,
            "true" => Word::True,
            "undefined" => Word::Undefined,
            "unsafe" => Word::Unsafe,
            "utf16" => Word::Utf16,
            "utf32" => Word::Utf32,
            "utf8" => Word::Utf8,
            _ => Word::Other,
        }
    }
}

/// What decoding needs to know about the module.
pub trait DecodeCx {
    /// Number of atoms.
    fn atoms(&self) -> u32;
    /// The atom with that index (from 1) as a word; `None` when there is no such atom.
    fn word(&self, atom: u32) -> Option<Word>;
    /// Number of literals.
    fn literals(&self) -> u32;
    /// Field flags that a literal (a list of atoms) stands for; `None` when it does not.
    fn literal_flags(&self, literal: u32) -> Option<BsFlags>;
    /// Number of types; 0 when the module has no types that are understood.
    fn types(&self) -> u32;
}

/// An integer that does not fit 64 bits: sign and big-endian magnitude without leading zeros.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct BigInt {
    pub negative: bool,
    pub bytes: Vec<u8>,
}

/// Why bytes are not an op.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// The code ends inside an op.
    Truncated,
    /// No such opcode, or one that is not loaded any more.
    BadOpcode(u8),
    /// An operand is not of the kind that the op wants; says which.
    BadOperand(&'static str),
    /// An index or number is out of range; says which.
    OutOfRange(&'static str),
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Truncated => f.write_str("the code ends inside an instruction"),
            DecodeError::BadOpcode(n) => match crate::OPCODES.get(usize::from(*n)) {
                Some(op) if !op.name.is_empty() => write!(f, "obsolete opcode {n} ({})", op.name),
                _ => write!(f, "invalid opcode {n}"),
            },
            DecodeError::BadOperand(what) => write!(f, "operand is not {what}"),
            DecodeError::OutOfRange(what) => write!(f, "{what} out of range"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Reads ops from the bytes of a `Code` chunk.
pub struct Reader<'a> {
    bytes: &'a [u8],
    pos: usize,
    cx: &'a dyn DecodeCx,
    bigs: Vec<BigInt>,
}

impl<'a> Reader<'a> {
    /// A reader at the first instruction.
    pub fn new(bytes: &'a [u8], cx: &'a dyn DecodeCx) -> Self {
        Reader { bytes, pos: 0, cx, bigs: Vec::new() }
    }

    /// Offset of the next byte.
    pub fn position(&self) -> usize {
        self.pos
    }

    pub fn at_end(&self) -> bool {
        self.pos >= self.bytes.len()
    }

    /// Large integers met so far; the operands are `Src::Lit` with indexes after the module's
    /// own literals.
    pub fn into_bigs(self) -> Vec<BigInt> {
        self.bigs
    }

    pub(crate) fn byte(&mut self) -> Result<u8, DecodeError> {
        let byte = *self.bytes.get(self.pos).ok_or(DecodeError::Truncated)?;
        self.pos += 1;
        Ok(byte)
    }

    fn left(&self) -> usize {
        self.bytes.len() - self.pos
    }
}

/// A kind of operand.
pub trait Operand: Sized {
    fn decode(r: &mut Reader) -> Result<Self, DecodeError>;
    /// Shows what it refers to.
    fn visit<V: Visit>(&self, v: &mut V);
    /// Replaces the labels that it refers to.
    fn retarget(&mut self, _: &mut dyn FnMut(Label) -> Label) {}
    /// Writes it as the disassembler does.
    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// An element of a list operand; it takes `WIDTH` encoded terms.
pub trait Item: Sized {
    const WIDTH: u32;
    fn decode_item(r: &mut Reader) -> Result<Self, DecodeError>;
    fn visit_item<V: Visit>(&self, v: &mut V);
    fn retarget_item(&mut self, _: &mut dyn FnMut(Label) -> Label) {}
    fn show_item(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result;
}

/// Sees the operands of an op; what is not wanted need not be implemented.
pub trait Visit {
    fn src(&mut self, _: Src) {}
    fn dst(&mut self, _: Dst) {}
    fn yreg(&mut self, _: YReg) {}
    fn freg(&mut self, _: FReg) {}
    fn label(&mut self, _: Label) {}
    /// A fail label, 0 included; shows the label unless this is overridden.
    fn fail(&mut self, fail: Fail) {
        if let Some(label) = fail.0 {
            self.label(label);
        }
    }
    fn live(&mut self, _: Live) {}
    fn import(&mut self, _: ImportIx) {}
    fn lambda(&mut self, _: LambdaIx) {}
    fn line(&mut self, _: LineIx) {}
}
