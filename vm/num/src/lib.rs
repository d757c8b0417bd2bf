//! Pure arithmetic that Erlang's terms rest on: big integers, the text of floats, portable hashes and checksums.
//!
//! Nothing here knows terms, heaps or processes: everything is a function of slices and machine words, so that it
//! can be tested on its own and used from any crate. Results equal those of the reference VM, its oddities
//! included; where such an oddity matters the function says so.

#![forbid(unsafe_code)]

pub mod bignum;
pub mod checksum;
pub mod float;
#[cfg(test)]
mod golden;
pub mod hash;

pub use bignum::{Big, Int, Word};
