//! Integers as sign and magnitude, the magnitude as 64-bit digits, least significant first [big.c].
//!
//! Inputs are borrowed views (`Int`), so digits on a process heap need no copy; a machine integer becomes such a
//! view through a `Word` on the stack. Results are `Big`, which keeps up to three digits inline: arithmetic on machine
//! integers never allocates. `add_into`, `sub_into` and `mul_into` write straight into digits the caller has reserved.
//!
//! Invariant: a `Big` and an `Int` have no leading zero digit, and zero has no digits and is not negative.
//!
//! Short operands are served by the schoolbook loops of `mag`; long ones by dashu-int, whose copying in
//! and out is then noise.

mod bits;
mod bytes;
mod convert;
mod div;
mod mag;
mod sum;
#[cfg(test)]
mod tests;
mod text;
mod value;

pub use bits::{TooBig, band, bit_length, bnot, bor, bxor, shl, shr};
pub use bytes::{Endian, from_bytes, from_magnitude_le, magnitude_len, to_bytes, to_magnitude_le};
pub use convert::{cmp_f64, cmp_i64_f64, from_f64, to_f64, to_nearest_f64};
pub use div::{div, div_rem, rem};
pub use sum::{
    Written, abs, add, add_i64, add_into, add_need, compare, mul, mul_i64, mul_into, mul_need, neg,
    sub, sub_i64, sub_into,
};
pub use text::{parse, parse_prefix, to_text, write_i64, write_text};
pub use value::{Big, Int, Word};

/// The most digits that the reference lets an integer have; anything larger is `system_limit`.
pub const MAX_DIGITS: usize = (1 << 19) - 1;
