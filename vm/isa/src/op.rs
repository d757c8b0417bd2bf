//! The `Op` enum and its decoder, expanded from the tables.

use std::fmt;

use crate::decode::{DecodeError, Operand, Reader, Visit};
use crate::effects::{Effects, effects};
use crate::{
    AtomIx, BsCmd, BsFlags, BsSeg, Dst, FReg, Fail, FmoveDst, FmoveSrc, FunHint, ImportIx, Label,
    LambdaIx, LineIx, Live, Need, RecordHint, SegSize, Src, StartFail, USrc, YReg,
};

macro_rules! define_op {
    ([] $($(#[doc = $doc:literal])* $number:literal $name:ident $variant:ident
        { $($field:ident : $kind:ty),* } [$($effect:tt)*];)*) => {
        /// A decoded generic op; operands are in the order of the `.beam` format.
        #[derive(Clone, PartialEq, Debug)]
        pub enum Op {
            $($(#[doc = $doc])* $variant { $($field: $kind),* },)*
        }

        impl Op {
            /// The names of all generic ops.
            pub const NAMES: &'static [&'static str] = &[$(stringify!($name)),*];

            /// The opcode number.
            pub fn number(&self) -> u8 {
                match self { $(Op::$variant { .. } => $number,)* }
            }

            /// The generic op's name.
            pub fn name(&self) -> &'static str {
                match self { $(Op::$variant { .. } => stringify!($name),)* }
            }

            /// What the op may do besides writing its destinations.
            pub fn effects(&self) -> Effects {
                match self { $(Op::$variant { .. } => const { effects!($($effect)*) },)* }
            }

            /// Decodes the operands of opcode `number` and appends the op. It is made where it stays:
            /// moving ops about is a good part of what decoding them costs.
            fn decode_operands(
                number: u8,
                r: &mut Reader,
                ops: &mut Vec<Op>,
            ) -> Result<(), DecodeError> {
                match number {
                    $($number => {
                        $(let $field = <$kind>::decode(r)?;)*
                        ops.push(Op::$variant { $($field),* });
                    })*
                    _ => return Err(DecodeError::BadOpcode(number)),
                }
                Ok(())
            }

            /// Shows every operand to `v`, in order.
            pub fn visit<V: Visit>(&self, v: &mut V) {
                match self {
                    $(Op::$variant { $($field),* } => { $(Operand::visit($field, v);)* })*
                }
                let _ = v;
            }

            /// Replaces every label that the op refers to, call targets included; the number
            /// that `Op::Label` defines is not one.
            pub fn retarget(&mut self, to: &mut dyn FnMut(Label) -> Label) {
                match self {
                    $(Op::$variant { $($field),* } => { $(Operand::retarget($field, to);)* })*
                }
                let _ = to;
            }
        }

        impl fmt::Display for Op {
            fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                match self {
                    $(Op::$variant { $($field),* } => {
                        f.write_str(stringify!($name))?;
                        let operands: &[&dyn fmt::Display] = &[$(&Shown($field)),*];
                        show_all(f, operands)
                    })*
                }
            }
        }
    };
}
for_each_op!(define_op);

impl Op {
    /// Reads one op, an opcode byte and its operands, and appends it.
    pub fn decode(r: &mut Reader, ops: &mut Vec<Op>) -> Result<(), DecodeError> {
        let number = r.byte()?;
        Op::decode_operands(number, r, ops)
    }
}

/// An operand as the disassembler writes it.
struct Shown<'a, T>(&'a T);

impl<T: Operand> fmt::Display for Shown<'_, T> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)
    }
}

fn show_all(f: &mut fmt::Formatter<'_>, operands: &[&dyn fmt::Display]) -> fmt::Result {
    for (i, operand) in operands.iter().enumerate() {
        f.write_str(if i == 0 { " " } else { ", " })?;
        operand.fmt(f)?;
    }
    Ok(())
}
