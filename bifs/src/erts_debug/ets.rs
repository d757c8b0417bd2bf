//! Internal state of tables as tests see and change it [erl_bif_info.c, erl_db.c].

use crate::limits;
use core::sync::atomic::Ordering;
use term::atom::am;
use term::{Atom, Term};
use vm::ets::Forced;
use vm::{BifResult, Cx};

/// `None`: not a key of tables.
pub fn get<'p>(cx: &Cx<'p>, key: &str) -> Option<Term<'p>> {
    Some(match key {
        // Words of an empty table but for its buckets, and of what a segment of buckets has beside them: as
        // `ets:info(_, memory)` counts them, which follows the reference.
        "DbTable_words" => cx.heap().tuple(&[Term::small(49), Term::small(6)]),
        // Only debug builds of the reference count it.
        "flxctr_memory_usage" => am::NOTSUP.into(),
        _ => return None,
    })
}

/// `None`: not a key of tables.
pub fn set<'p>(cx: &Cx<'p>, key: &str, v: Term<'p>) -> Option<BifResult<'p>> {
    Some(match key {
        "ets_force_trap" => cx.need(v.as_bool()).map(|on| {
            limits::ETS_TRAPS.store(on, Ordering::Relaxed);
            am::OK.into()
        }),
        "ets_force_split" => force(cx, v, Forced::Split),
        "ets_debug_random_split_join" => force(cx, v, Forced::Random),
        "colliding_names" => colliding(cx, v),
        _ => return None,
    })
}

/// `{Table, Whether}`: splits and joins the parts of an ordered table without need.
fn force<'p>(cx: &Cx<'p>, v: Term<'p>, how: Forced) -> BifResult<'p> {
    let [table, on] = cx.need(v.as_tuple_of::<2>())?;
    let how = if on.is_atom_of(am::TRUE) { how } else { Forced::Not };
    let table = cx.vm().ets.find(table).map_err(|_| cx.badarg())?;
    cx.need(table.force(how).then_some(am::OK.into()))
}

/// `{Name, N}`: other names that stand where this one does. Names of tables are all in one map.
fn colliding<'p>(cx: &Cx<'p>, v: Term<'p>) -> BifResult<'p> {
    let [name, n] = cx.need(v.as_tuple_of::<2>())?;
    let name = cx.need(name.as_atom())?;
    let n = cx.need(n.as_usize().filter(|n| *n <= 1000))?;
    let others = (0..).map(|i| Atom::new(&format!("am{i}")));
    let others: Vec<Term<'p>> = others.filter(|a| *a != name).take(n).map(Term::atom).collect();
    Ok(cx.heap().list(&others))
}
