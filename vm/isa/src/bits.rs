//! Operands of binary matching and construction.

use crate::operand::{Dst, Live, Src};

/// Field flags of a segment.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct BsFlags(pub u8);

impl BsFlags {
    pub const LITTLE: u8 = 2;
    pub const SIGNED: u8 = 4;
    pub const NATIVE: u8 = 16;

    /// Little-endian on this host.
    pub fn little(self) -> bool {
        if self.0 & Self::NATIVE != 0 {
            cfg!(target_endian = "little")
        } else {
            self.0 & Self::LITTLE != 0
        }
    }

    pub fn signed(self) -> bool {
        self.0 & Self::SIGNED != 0
    }
}

/// The size of a segment, in units.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum SegSize {
    /// The segment's type has no size (`undefined`).
    None,
    /// All of the source, or all that remains.
    All,
    Size(Src),
}

/// Segment types of `bs_create_bin`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SegType {
    Append,
    PrivateAppend,
    Binary,
    Float,
    Integer,
    /// Bytes of the string table: the source is their offset, the size their number,
    /// both `Src::Int`.
    String,
    Utf8,
    Utf16,
    Utf32,
}

/// One segment of `bs_create_bin`.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct BsSeg {
    pub ty: SegType,
    /// Number of the segment in the source, from 1; 0 is unknown. For error messages.
    pub seq: u32,
    /// Bits per unit of size; 0 for types without a size.
    pub unit: u32,
    pub flags: BsFlags,
    pub src: Src,
    pub size: SegSize,
}

/// One command of `bs_match`. Sizes and strides are in bits.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum BsCmd {
    /// At least `stride` bits remain, and what is beyond them is a multiple of `unit`.
    EnsureAtLeast {
        stride: u32,
        unit: u32,
    },
    /// Exactly `stride` bits remain.
    EnsureExactly {
        stride: u32,
    },
    /// Fetch an integer of `size * unit` bits.
    Integer {
        live: Live,
        flags: BsFlags,
        size: u32,
        unit: u32,
        dst: Dst,
    },
    /// Fetch a binary of `size * unit` bits.
    Binary {
        live: Live,
        flags: BsFlags,
        size: u32,
        unit: u32,
        dst: Dst,
    },
    Skip {
        stride: u32,
    },
    /// Fetch all that remains.
    GetTail {
        live: Live,
        unit: u32,
        dst: Dst,
    },
    /// The next `bits` bits (at most 64) are `value`, big-endian.
    Equal {
        bits: u32,
        value: u64,
    },
}
