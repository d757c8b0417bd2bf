//! Facts about opcodes by number, expanded from the tables.

use crate::effects::{Effects, effects};

/// The highest opcode known here (OTP 29).
pub const MAX_OPCODE: u8 = 191;

/// What is known of one generic opcode.
#[derive(Clone, Copy, Debug)]
pub struct Opcode {
    pub number: u8,
    /// The generic op's name; empty for number 0, which no op has.
    pub name: &'static str,
    /// Number of operands.
    pub arity: u8,
    pub effects: Effects,
    /// Whether the loader accepts it; obsolete ones are only named.
    pub loadable: bool,
    /// What it does.
    pub doc: &'static str,
}

/// Every opcode, indexed by number.
pub static OPCODES: [Opcode; MAX_OPCODE as usize + 1] = table();

macro_rules! fill {
    ([] $($(#[doc = $doc:literal])* $number:literal $name:ident $variant:ident
        { $($field:ident : $kind:ty),* } [$($effect:tt)*];)*) => {
        const fn fill_loadable(mut all: [Opcode; MAX_OPCODE as usize + 1])
            -> [Opcode; MAX_OPCODE as usize + 1] {
            $(all[$number] = Opcode {
                number: $number,
                name: stringify!($name),
                arity: <[&str]>::len(&[$(stringify!($field)),*]) as u8,
                effects: effects!($($effect)*),
                loadable: true,
                doc: concat!($($doc),*),
            };)*
            all
        }
    };
}
for_each_op!(fill);

macro_rules! fill_obsolete {
    ([] $($number:literal $name:ident $arity:literal;)*) => {
        const fn fill_obsolete(mut all: [Opcode; MAX_OPCODE as usize + 1])
            -> [Opcode; MAX_OPCODE as usize + 1] {
            $(all[$number] = Opcode {
                number: $number, name: stringify!($name), arity: $arity, ..ABSENT
            };)*
            all
        }
    };
}
obsolete_ops!([[fill_obsolete]]);

const ABSENT: Opcode = Opcode {
    number: 0,
    name: "",
    arity: 0,
    effects: Effects::none(),
    loadable: false,
    doc: " Obsolete.",
};

const fn table() -> [Opcode; MAX_OPCODE as usize + 1] {
    fill_obsolete(fill_loadable([ABSENT; MAX_OPCODE as usize + 1]))
}
