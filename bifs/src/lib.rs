//! Natives by OTP module, in safe Rust.
#![forbid(unsafe_code)]

pub mod atomics;
pub mod binary;
pub mod coverage;
pub mod debugger;
pub mod erl_tracer;
pub mod erlang;
pub mod error_logger;
pub mod erts_debug;
pub mod ets;
pub mod file_name;
pub mod iolist;
pub mod limits;
pub mod lists;
mod long;
pub mod maps;
pub mod math;
pub mod net_kernel;
pub mod os;
pub mod persistent_term;
pub mod personality;
pub mod prim_buffer;
pub mod prim_file;
pub mod prim_net;
pub mod prim_socket;
pub mod prim_tty;
pub mod re;
pub mod records;
pub mod unicode;
pub mod zlib;
pub mod zstd;

use vm::BifTable;

/// Every table of natives.
pub fn tables() -> Vec<BifTable> {
    let others = vec![
        binary::TABLE,
        coverage::TABLE,
        debugger::TABLE,
        debugger::INTERNAL,
        atomics::TABLE,
        atomics::INTERNAL,
        error_logger::TABLE,
        erts_debug::TERMS,
        erts_debug::dirty::TABLE,
        erts_debug::state::TABLE,
        file_name::PRIM_FILE,
        file_name::FILE,
        file_name::IO,
        lists::TABLE,
        maps::TABLE,
        maps::ERLANG,
        maps::INTERNAL,
        math::TABLE,
        net_kernel::TABLE,
        os::TABLE,
        persistent_term::TABLE,
        persistent_term::INTERNAL,
        re::TABLE,
        records::TABLE,
        unicode::TABLE, //
    ];
    [erlang::tables(), ets::tables(), others].concat()
}

/// Natives that `erlang:load_nif/2` installs: OTP's statically linked NIF modules.
pub fn nif_tables() -> Vec<BifTable> {
    [
        vec![prim_buffer::TABLE, prim_tty::TABLE, prim_tty::info::TABLE, zlib::TABLE, zstd::TABLE],
        vec![erl_tracer::TABLE, prim_net::TABLE],
        prim_file::tables(),
        prim_socket::tables(),
    ]
    .concat()
}
