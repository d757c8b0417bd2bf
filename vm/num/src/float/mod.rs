//! Floats from and to text, exactly as the reference writes and reads them [sys_float.c, erl_sys_common_misc.c, ryu].
//!
//! All writers append to a byte buffer. Those that `float_to_list/2` offers return false, having written nothing, where the
//! reference raises badarg because its buffer of 256 bytes would not hold the text.

mod parse;
mod print;
#[cfg(test)]
mod tests;

pub use parse::{parse, parse_prefix};
pub use print::{write_decimals, write_default, write_display, write_scientific, write_short};
