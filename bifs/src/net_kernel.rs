//! Natives of `net_kernel`.

use term::{Pid, Term};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "net_kernel" {
    /// Whether the node of this pid takes Unicode in I/O requests.
    Plain "dflag_unicode_io"/1 => unicode_io(0);
} }

fn unicode_io<'p>(_: &Cx<'p>, pid: Pid<'p>) -> BifResult<'p> {
    // Other nodes are not reached yet, so nothing is known of theirs.
    Ok(Term::bool(pid.local().is_some()))
}
