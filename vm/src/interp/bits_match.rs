//! Bit syntax instructions.
use crate::code::emit::{EmitError, Emitter};
pub(crate) fn emit(_: &mut Emitter<'_>, op: &isa::Op) -> Result<(), EmitError> {
    Err(EmitError(format!("no instruction for {}", op.name())))
}
