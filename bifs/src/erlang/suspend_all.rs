//! `system_flag(multi_scheduling, block | unblock)`: one scheduler goes on alone.

use term::{Atom, Term, atom};
use vm::sched::block::Blocked;
use vm::{BifResult, Cx};

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// `ok` when every scheduler has answered.
    Heavy "system_check"/1 => system_check(0);
} }

pub fn multi_scheduling<'p>(cx: &Cx<'p>, what: Atom) -> BifResult<'p> {
    let (on, dirty) = match what.name() {
        "block" => (true, true),
        "unblock" => (false, true),
        "block_normal" => (true, false),
        "unblock_normal" => (false, false),
        _ => return Err(cx.badarg()),
    };
    if on {
        return vm::sched::block::block(cx, dirty);
    }
    vm::sched::block::unblock(cx, dirty);
    Ok(name(cx.vm().sched.blocked()))
}

/// As `system_info(multi_scheduling)` says it.
pub fn name<'p>(b: Blocked) -> Term<'p> {
    match b {
        Blocked::No => atom!("enabled").into(),
        Blocked::Normal => atom!("blocked_normal").into(),
        Blocked::All => atom!("blocked").into(),
    }
}

fn system_check<'p>(cx: &Cx<'p>, what: Atom) -> BifResult<'p> {
    cx.need((what == atom!("schedulers")).then_some(()))?;
    vm::sched::block::quiesce(cx, term::atom::am::OK)
}
