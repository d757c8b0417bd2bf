//! What `erlang:memory/0,1`, `instrument` and others ask about allocators [erl_alloc.c].
//!
//! This VM has no allocators of its own: each kind of memory is shown under the name of the reference's
//! allocator for it, as one instance with one block.

use term::atom::am;
use term::{Atom, Heap, OwnedTerm, Term, atom};
use vm::memory::{Usage, usage};
use vm::signal::Sender;
use vm::{BifResult, Cx};

vm::bifs! { pub INTERNAL: "erts_internal" {
    Plain "gather_alloc_histograms"/1 => gather(0);
    Plain "gather_carrier_info"/1 => gather(0);
} }

/// `{Allocator, Scheduler, Width, Start, Ref}`, for `instrument`: has the allocator's carriers looked at. The number of
/// messages that will come: none, since memory is not had in carriers, as where the reference runs without
/// allocators of its own.
fn gather<'p>(cx: &Cx<'p>, what: Term<'p>) -> BifResult<'p> {
    let [name, scheduler, width, start, r] = cx.need(what.as_tuple_of::<5>())?;
    let within = |t: Term<'p>, least: usize, most: usize| {
        t.as_usize().is_some_and(|n| (least..=most).contains(&n))
    };
    let known = name.as_atom().is_some_and(|a| NAMES.contains(&a.name()));
    let numbers = within(scheduler, 0, cx.vm().sched.count())
        && within(width, 1, 32)
        && within(start, 1, 1 << 28);
    cx.need((known && numbers && r.as_reference().is_some()).then_some(Term::small(0)))
}

/// Names of the allocators, in the reference's order.
const NAMES: [&str; 11] = [
    "temp_alloc",
    "sl_alloc",
    "std_alloc",
    "ll_alloc",
    "eheap_alloc",
    "ets_alloc",
    "fix_alloc",
    "literal_alloc",
    "binary_alloc",
    "driver_alloc",
    "test_alloc",
];

/// `system_info(alloc_util_allocators)`.
pub fn names<'h>(h: &'h Heap) -> Term<'h> {
    let all: Vec<Term> =
        NAMES.iter().filter(|n| **n != "test_alloc").map(|n| Atom::new(n).into()).collect();
    h.list(&all)
}

/// `system_info(allocator)`.
pub fn summary<'h>(h: &'h Heap) -> Term<'h> {
    let mut all = vec![atom!("sys_alloc").into()];
    all.extend(NAMES.iter().filter(|n| **n != "test_alloc").map(|n| Term::atom(Atom::new(n))));
    let on = h.list(&[h.tuple(&[atom!("e").into(), am::TRUE.into()])]);
    let settings: Vec<Term> = all.iter().map(|n| h.tuple(&[*n, on])).collect();
    h.tuple(&[atom!("glibc").into(), Term::nil(), h.list(&all), h.list(&settings)])
}

fn bytes(u: &Usage, name: &str) -> usize {
    match name {
        "eheap_alloc" => u.heaps,
        "fix_alloc" => u.structs,
        "binary_alloc" => u.binary,
        "ets_alloc" => u.ets,
        "literal_alloc" => u.literals,
        "ll_alloc" => u.rest(),
        _ => 0,
    }
}

fn pair<'h>(h: &'h Heap, k: &str, v: Term<'h>) -> Term<'h> {
    h.tuple(&[Atom::new(k).into(), v])
}

/// Three times the same number: now, largest since last asked, largest ever.
fn three<'h>(h: &'h Heap, k: &str, n: usize) -> Term<'h> {
    let n = h.uint(n as u64);
    h.tuple(&[Atom::new(k).into(), n, n, n])
}

/// One instance of an allocator. `sizes`: sizes alone.
fn instance<'h>(h: &'h Heap, name: &str, n: usize, sizes: bool) -> Term<'h> {
    let used = n > 0;
    let block = if sizes {
        vec![three(h, "size", n)]
    } else {
        vec![three(h, "count", usize::from(used)), three(h, "size", n)]
    };
    let blocks = if used { vec![pair(h, name, h.list(&block))] } else { vec![] };
    let carriers = |blocks: &[Term<'h>], n: usize| {
        let mut all = vec![pair(h, "blocks", h.list(blocks))];
        if !sizes {
            all.push(three(h, "carriers", usize::from(n > 0)));
        }
        all.push(three(h, "carriers_size", n));
        h.list(&all)
    };
    let mut all = Vec::new();
    if !sizes {
        let versions = [atom!("versions").into(), h.string("0.9"), h.string("3.0")];
        all.push(h.tuple(&versions));
        let on = h.tuple(&[atom!("e").into(), am::TRUE.into()]);
        all.push(pair(h, "options", h.list(&[on])));
    }
    if name == "fix_alloc" {
        let n = h.uint(n as u64);
        let proc = h.tuple(&[atom!("proc").into(), n, n]);
        let timers = h.uint(super::timer::held_bytes() as u64);
        let timers = h.tuple(&[atom!("bif_timer").into(), timers, timers]);
        all.push(pair(h, "fix_types", h.list(&[proc, timers])));
    }
    all.push(pair(h, "mbcs", carriers(&blocks, n)));
    all.push(pair(h, "sbcs", carriers(&[], 0)));
    h.list(&all)
}

/// Kinds of requests.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Ask {
    Memory,
    Sizes,
    Info,
}

/// `system_info({memory_internal | allocator_sizes | allocator, Ref, Names})`: sends as many messages `{Ref,
/// Number, [{Name, 0, Info} | {Name, false}]}` as `erts_internal:no_aux_work_threads/0` says, less one.
pub fn request<'p>(cx: &Cx<'p>, ask: Ask, r: Term<'p>, list: Term<'p>) -> BifResult<'p> {
    let wanted: Option<Vec<Atom>> =
        list.to_vec().and_then(|l| l.into_iter().map(|t| t.as_atom()).collect());
    let wanted = cx.need(wanted.filter(|_| r.as_reference().is_some()))?;
    let known =
        |a: &Atom| NAMES.contains(&a.name()) || matches!(a.name(), "sys_alloc" | "mseg_alloc");
    cx.need(wanted.iter().all(known).then_some(()))?;
    let u = usage(cx.vm());
    for i in 0..cx.vm().sched.count() {
        let m = OwnedTerm::build(|h| {
            let rows: Vec<Term> = wanted
                .iter()
                .filter(|_| i == 0)
                .map(|a| match a.name() {
                    "test_alloc" => h.tuple(&[Term::atom(*a), am::FALSE.into()]),
                    "sys_alloc" | "mseg_alloc" => {
                        h.tuple(&[Term::atom(*a), Term::small(0), Term::nil()])
                    }
                    name => {
                        let sizes = ask != Ask::Info;
                        let info = instance(h, name, bytes(&u, name), sizes);
                        h.tuple(&[Term::atom(*a), Term::small(0), info])
                    }
                })
                .collect();
            h.tuple(&[h.copy(r), Term::small(i as i64), h.list(&rows)])
        });
        cx.vm().send_message(Sender::Process(cx.pid()), cx.pid(), m);
    }
    Ok(am::TRUE.into())
}

/// `system_info(allocated_areas)`.
pub fn areas<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let u = usage(cx.vm());
    let n = |n: usize| h.uint(n as u64);
    let names = n(u.atom_names);
    h.list(&[
        pair(h, "sys_misc", n(0)),
        pair(h, "static", n(0)),
        h.tuple(&[atom!("atom_space").into(), names, names]),
        pair(h, "atom_table", n(u.atom_table)),
        pair(h, "module_table", n(u.module_table)),
        pair(h, "export_table", n(u.export_table)),
        pair(h, "export_list", n(0)),
        pair(h, "register_table", n(u.register_table)),
        pair(h, "fun_table", n(u.fun_table)),
        pair(h, "module_refs", n(0)),
        pair(h, "loaded_code", n(u.code)),
        pair(h, "dist_table", n(0)),
        pair(h, "node_table", n(0)),
        pair(h, "bits_bufs_size", n(0)),
        pair(h, "bif_timer", n(0)),
        pair(h, "process_table", n(u.process_table)),
        pair(h, "port_table", n(u.port_table)),
        pair(h, "ets_misc", n(0)),
    ])
}
