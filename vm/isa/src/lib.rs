//! The instruction set: every generic BEAM opcode, declared once.
//!
//! The tables in `table/` are macros that hand their rows to a callback; [`for_each_op!`] chains them. From them
//! expand the typed [`Op`] enum, the decoder ([`Op::decode`]), the disassembler (`Display`) and
//! the opcode metadata ([`OPCODES`]). Rows are in the argument order of the `.beam` format, so one
//! field is one encoded argument and the number of fields is the opcode's arity.
//!
//! Nothing here knows about modules beyond what decoding needs ([`DecodeCx`]); whether registers,
//! labels and frames make sense is the loader's verifier's business.
#![forbid(unsafe_code)]

#[macro_use]
mod table;
mod bits;
mod decode;
mod effects;
mod op;
mod opcode;
mod operand;

#[cfg(test)]
mod tests;

pub use bits::{BsCmd, BsFlags, BsSeg, SegSize, SegType};
pub use decode::{BigInt, DecodeCx, DecodeError, Item, Operand, Reader, RecordRow, Visit, Word};
pub use effects::Effects;
pub use op::Op;
pub use opcode::{MAX_OPCODE, OPCODES, Opcode};
pub use operand::{
    AtomIx, Dst, FReg, Fail, FmoveDst, FmoveSrc, FunHint, ImportIx, Label, LambdaIx, LineIx, Live,
    Need, RecordHint, Src, StartFail, Ty, USrc, YReg,
};
