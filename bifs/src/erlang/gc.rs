//! Garbage collection on demand.

use term::Term;
use term::atom::am;
use vm::{BifResult, Cx};

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// Collects the calling process: `major` or `minor`.
    Heavy "garbage_collect"/1 => garbage_collect(0);
} }

fn garbage_collect<'p>(cx: &Cx<'p>, kind: Term<'p>) -> BifResult<'p> {
    let major = match kind.as_atom().map(|a| a.name()) {
        Some("major") => true,
        Some("minor") => false,
        _ => return Err(cx.badarg()),
    };
    Err(cx.collect(major, Term::atom(am::TRUE)))
}
