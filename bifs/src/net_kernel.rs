//! Natives of `net_kernel`.

use crate::erlang::dist::unicode_io;

vm::bifs! { pub TABLE: "net_kernel" {
    /// Whether the node of this pid takes Unicode in I/O requests.
    Plain "dflag_unicode_io"/1 => unicode_io(0);
} }
