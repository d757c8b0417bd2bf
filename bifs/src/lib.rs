//! Natives by OTP module, in safe Rust.
#![forbid(unsafe_code)]

pub mod erlang;

use vm::BifTable;

/// Every table of natives.
pub fn tables() -> Vec<BifTable> {
    [erlang::tables()].concat()
}

/// Natives that `erlang:load_nif/2` installs: OTP's statically linked NIF modules.
pub fn nif_tables() -> Vec<BifTable> {
    vec![]
}
