//! The personality: which natives exist in which of the served releases.
//!
//! A native without a row here is in all of them. Elsewhere `undef` is the answer, or Erlang code takes its place
//! (`erlang:list_to_integer/1`, for instance, is Erlang from 26 on). What terms mean is in `term::personality`, items and flags
//! ask for the release where they are listed.

use vm::BifTable;
use vm::bif::Bif;

/// The releases that have a native.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum In {
    /// Gone after 25.
    Only25,
    /// Gone after 27.
    To27,
    /// Since 26 or 27.
    From27,
    /// Since 26 or 27, gone after 27.
    Only27,
    /// Since 28 or 29.
    From29,
}
use In::*;

/// Modules whose natives are all new.
const MODULES: &[(&str, In)] = &[
    ("erl_debugger", From29),
    ("erts_trace_cleaner", From27),
    ("records", From29),
    ("zstd", From29),
];

#[rustfmt::skip]
const NATIVES: &[(&str, &[(&str, usize, In)])] = &[
    ("code", &[
        ("coverage_support", 0, From27),
        ("get_coverage", 2, From27),
        ("get_coverage_mode", 0, From27),
        ("get_coverage_mode", 1, From27),
        ("get_debug_info", 1, From29),
        ("reset_coverage", 1, From27),
        ("set_coverage_mode", 1, From27),
    ]),
    ("erlang", &[
        ("binary_to_integer", 1, Only25),
        ("binary_to_integer", 2, Only25),
        ("display_nl", 0, Only25),
        ("display_string", 1, Only25),
        ("display_string", 2, From27),
        ("exit", 3, From29),
        ("exit_signal", 3, From29),
        ("hibernate", 0, From29),
        ("is_integer", 3, From29),
        ("is_record", 1, From29),
        ("link", 2, From29),
        ("list_to_integer", 1, Only25),
        ("list_to_integer", 2, Only25),
        ("max", 2, From27),
        ("min", 2, From27),
        ("system_monitor", 0, To27),
        ("system_monitor", 1, To27),
        ("system_monitor", 2, To27),
    ]),
    ("erts_debug", &[
        ("display", 1, Only25),
        ("unaligned_bitstring", 2, From29),
    ]),
    ("erts_internal", &[
        ("binary_to_integer", 2, From27),
        ("list_to_integer", 2, From27),
        ("notify_breakpoint_hit", 3, From29),
        ("processes_next", 1, From29),
        ("system_monitor", 1, From29),
        ("system_monitor", 3, From29),
        ("term_to_string", 2, From27),
        ("trace", 4, From27),
        ("trace_info", 3, From27),
        ("trace_pattern", 4, From27),
        ("trace_session_create", 3, From27),
        ("trace_session_destroy", 1, From27),
    ]),
    ("ets", &[
        ("first_lookup", 1, From27),
        ("last_lookup", 1, From27),
        ("lookup_element", 4, From27),
        ("next_lookup", 2, From27),
        ("prev_lookup", 2, From27),
        ("update_element", 4, From27),
    ]),
    ("persistent_term", &[
        ("put_new", 2, From29),
    ]),
    ("prim_net", &[
        ("nif_getservbyname", 2, From27),
        ("nif_getservbyport", 2, From27),
    ]),
    ("prim_socket", &[
        ("nif_bind", 3, From29),
        ("nif_getopt", 4, To27),
        ("nif_getopt", 5, From29),
        ("nif_peeloff", 2, From29),
        ("nif_peernames", 2, From29),
        ("nif_recvmmsg", 6, From29),
        ("nif_sendmmsg", 4, From29),
        ("nif_sendv", 3, From27),
        ("nif_socknames", 2, From29),
    ]),
    ("prim_tty", &[
        ("isatty", 1, From27),
        ("isprint", 1, From27),
        ("read_nif", 2, Only27),
        ("read_nif", 3, From29),
        ("setlocale", 1, From27),
        ("setupterm_nif", 0, From29),
        ("sizeof_wchar", 0, From27),
        ("tgetent_nif", 1, Only27),
        ("tgetflag_nif", 1, Only27),
        ("tgetnum_nif", 1, Only27),
        ("tgetstr_nif", 1, Only27),
        ("tgoto_nif", 1, Only27),
        ("tgoto_nif", 2, Only27),
        ("tgoto_nif", 3, Only27),
        ("tigetflag_nif", 1, From29),
        ("tigetnum_nif", 1, From29),
        ("tigetstr_nif", 1, From29),
        ("tinfo_nif", 0, From29),
        ("tputs_nif", 2, From29),
        ("tty_create", 0, Only27),
        ("tty_create", 1, From29),
        ("tty_encoding", 1, From27),
        ("tty_init", 2, From29),
        ("tty_init", 3, Only27),
        ("tty_is_open", 2, From29),
        ("tty_read_signal", 2, Only27),
        ("tty_select", 2, From29),
        ("tty_select", 3, Only27),
        ("tty_set", 1, Only27),
        ("tty_window_size", 1, From27),
        ("wcswidth", 1, From27),
        ("wcwidth", 1, From27),
        ("write_nif", 2, From27),
    ]),
    ("re", &[
        ("import", 1, From29),
    ]),
    ("string", &[
        ("list_to_integer", 1, Only25),
    ]),
    ("zlib", &[
        ("crc32_nif", 1, Only25),
        ("getBufSize_nif", 1, Only25),
        ("setBufSize_nif", 2, Only25),
    ]),
];

/// Whether `release` has this native.
pub fn has(release: u32, bif: &Bif) -> bool {
    let of_module = MODULES.iter().find(|m| m.0 == bif.module).map(|m| m.1);
    let of_native = || {
        let rows = NATIVES.iter().find(|m| m.0 == bif.module)?.1;
        rows.iter().find(|r| r.0 == bif.function && r.1 == bif.arity).map(|r| r.2)
    };
    match of_module.or_else(of_native) {
        None => true,
        Some(Only25) => release < 26,
        Some(To27) => release < 28,
        Some(From27) => release >= 26,
        Some(Only27) => (26..28).contains(&release),
        Some(From29) => release >= 28,
    }
}

/// The natives of these tables that `release` has.
pub fn of_release(release: u32, tables: Vec<BifTable>) -> Vec<&'static Bif> {
    tables.into_iter().flatten().filter(|b| has(release, b)).collect()
}
