//! Natives of module `ets`: tables as such.

use super::{OrStop, find, find_for};
use term::atom::am;
use term::{Atom, Heap, OwnedTerm, Pid, Term, atom};
use vm::ets::{
    Error, Found, Heir, Need, Options, Protection, Table, Type, WriteConcurrency, alive,
};
use vm::{BifResult, Cx, Stop};

vm::bifs! { pub(super) TABLE: "ets" {
    Plain "new"/2 => new(0, 1);
    Heavy "delete"/1 => delete(0);
    Plain "rename"/2 => rename(0, 1);
    Plain "setopts"/2 => setopts(0, 1);
    Plain "give_away"/3 => give_away(0, 1, 2);
    Plain "whereis"/1 => whereis(0);
    Plain "safe_fixtable"/2 => safe_fixtable(0, 1);
    Plain "info"/1 => info(0);
    Plain "info"/2 => info_item(0, 1);
    /// A reference under which each scheduler sends its part of all tables.
    Plain "internal_request_all"/0 => internal_request_all();
} }

// For `ets:info(_, binary)`, which is written in Erlang.
vm::bifs! { pub(super) INTERNAL: "erts_internal" {
    /// The shared binaries in the objects of a key.
    Plain "ets_lookup_binary_info"/2 => binary_info(0, 1);
    Plain "ets_raw_first"/1 => raw_first(0);
    Plain "ets_raw_next"/2 => raw_next(0, 1);
    /// Lets the process use every table, or no longer.
    Plain "ets_super_user"/1 => super_user(0);
} }

fn binary_info<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    let heap = cx.heap();
    let all = find(cx, id)?.binaries(cx.pid(), key).or_stop(cx)?;
    let n = |n: usize| heap.uint(n as u64);
    let rows: Vec<Term<'p>> = all
        .into_iter()
        .map(|(id, bytes, refs)| heap.tuple(&[heap.uint(id), n(bytes), n(refs)]))
        .collect();
    Ok(heap.list(&rows))
}

fn raw_first<'p>(cx: &Cx<'p>, id: Term<'p>) -> BifResult<'p> {
    raw(cx, id, None)
}

fn raw_next<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    raw(cx, id, Some(key))
}

/// Objects that were deleted while the table is fixed still hold what they held.
fn raw<'p>(cx: &Cx<'p>, id: Term<'p>, beyond: Option<Term<'p>>) -> BifResult<'p> {
    let table = find(cx, id)?;
    let keypos = table.keypos();
    let key = table.raw(cx.pid(), beyond, |o| cx.heap().copy(o.key(keypos))).or_stop(cx)?;
    Ok(key.unwrap_or(super::end_of_table()))
}

fn super_user<'p>(cx: &Cx<'p>, on: bool) -> BifResult<'p> {
    vm::ets::set_super_user(cx.pid(), on);
    Ok(Term::atom(am::OK))
}

fn new<'p>(cx: &Cx<'p>, name: Atom, list: Term<'p>) -> BifResult<'p> {
    let (options, heir) = options(cx, list)?;
    let heir = heir.and_then(|(pid, data)| make_heir(cx, pid, data));
    let named = options.named;
    let created = cx.vm().ets.create(vm::refs::next(), name, options, cx.pid(), heir);
    let table = created.or_stop(cx)?;
    if named { Ok(Term::atom(name)) } else { Ok(table.reference(cx.heap())) }
}

/// An heir that does not exist is none.
fn make_heir<'p>(cx: &Cx<'p>, pid: u64, data: Term<'p>) -> Option<Heir> {
    if pid != cx.pid() && !alive(cx.vm(), pid) {
        return None;
    }
    Some(Heir { pid, data: OwnedTerm::whole_copy_of(data) })
}

fn local(t: Term<'_>) -> Option<u64> {
    t.as_pid().and_then(Pid::local)
}

/// An heir and what it is told.
type NewHeir<'p> = Option<(u64, Term<'p>)>;

/// Options of `new/2`; the last of contradicting ones counts.
fn options<'p>(cx: &Cx<'p>, list: Term<'p>) -> Result<(Options, NewHeir<'p>), Stop> {
    let mut o = Options {
        kind: Type::Set,
        protection: Protection::Protected,
        named: false,
        keypos: 1,
        write_concurrency: WriteConcurrency::Off,
        read_concurrency: false,
        decentralized_counters: false,
        compressed: false,
    };
    let mut heir = None;
    let mut counters = None;
    for t in cx.need(list.to_vec())? {
        if let Some(a) = t.as_atom() {
            match a {
                am::SET | am::PROTECTED => {}
                am::BAG => o.kind = Type::Bag,
                am::DUPLICATE_BAG => o.kind = Type::DuplicateBag,
                am::ORDERED_SET => {
                    o.decentralized_counters = true;
                    o.kind = Type::OrderedSet;
                }
                am::PUBLIC => o.protection = Protection::Public,
                am::PRIVATE => o.protection = Protection::Private,
                a if a == atom!("named_table") => o.named = true,
                a if a == atom!("compressed") => o.compressed = true,
                _ => return Err(cx.badarg()),
            }
            continue;
        }
        let elements = cx.need(t.as_tuple())?.elements();
        match *elements {
            [k, v] => {
                let name = cx.need(k.as_atom())?.name();
                cx.need(option(&mut o, &mut counters, &mut heir, name, v))?;
            }
            [k, pid, data] if k.is_atom_of(atom!("heir")) => {
                heir = Some((cx.need(local(pid))?, data));
            }
            _ => return Err(cx.badarg()),
        }
    }
    if let Some(c) = counters {
        o.decentralized_counters = c;
    }
    if o.protection == Protection::Private {
        o.read_concurrency = false;
    }
    if o.protection == Protection::Private || cx.vm().config.schedulers == 1 {
        o.write_concurrency = WriteConcurrency::Off;
    }
    if o.kind == Type::OrderedSet && matches!(o.write_concurrency, WriteConcurrency::Locks(_)) {
        return Err(cx.badarg());
    }
    o.decentralized_counters &= o.write_concurrency != WriteConcurrency::Off;
    Ok((o, heir))
}

fn option<'p>(
    o: &mut Options,
    counters: &mut Option<bool>,
    heir: &mut NewHeir<'p>,
    name: &str,
    value: Term<'p>,
) -> Option<()> {
    match name {
        "keypos" => {
            let n = value.as_small().and_then(|n| usize::try_from(n).ok());
            o.keypos = n.filter(|n| *n > 0)?;
        }
        "write_concurrency" if value.is_atom_of(atom!("auto")) => {
            o.write_concurrency = WriteConcurrency::Auto;
            o.decentralized_counters = true;
        }
        "write_concurrency" if value.as_tuple().is_some() => {
            let [name, n] = value.as_tuple_of::<2>()?;
            let n = n.as_usize().filter(|n| (1..=32_768).contains(n))?;
            if !name.is_atom_of(atom!("debug_hash_fixed_number_of_locks")) {
                return None;
            }
            let locks = 1 << n.ilog2();
            o.write_concurrency = WriteConcurrency::Locks(locks.max(vm::ets::hash::SHARDS));
            o.decentralized_counters = true;
        }
        "write_concurrency" => {
            if value.as_bool()? {
                o.write_concurrency = WriteConcurrency::On;
                if o.kind != Type::OrderedSet {
                    o.decentralized_counters = false;
                }
            } else {
                o.write_concurrency = WriteConcurrency::Off;
            }
        }
        "read_concurrency" => o.read_concurrency = value.as_bool()?,
        "decentralized_counters" => *counters = Some(value.as_bool()?),
        "heir" if value.is_atom_of(am::NONE) => *heir = None,
        _ => return None,
    }
    Some(())
}

fn delete<'p>(cx: &Cx<'p>, id: Term<'p>) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Write)?;
    cx.bump(table.len() / 100);
    cx.vm().ets.delete(cx.vm(), &table).or_stop(cx)?;
    Ok(Term::bool(true))
}

fn rename<'p>(cx: &Cx<'p>, id: Term<'p>, name: Term<'p>) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Write)?;
    let name = cx.need(name.as_atom())?;
    cx.vm().ets.rename(&table, cx.pid(), name).or_stop(cx)?;
    if table.options.named { Ok(Term::atom(name)) } else { Ok(id) }
}

fn setopts<'p>(cx: &Cx<'p>, id: Term<'p>, opts: Term<'p>) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Write)?;
    let list = if opts.as_tuple().is_some() { vec![opts] } else { cx.need(opts.to_vec())? };
    let mut heir: Option<NewHeir<'p>> = None;
    let mut protection = None;
    for t in list {
        match *cx.need(t.as_tuple())?.elements() {
            [k, v] if k.is_atom_of(atom!("heir")) && heir.is_none() && v.is_atom_of(am::NONE) => {
                heir = Some(None);
            }
            [k, pid, data] if k.is_atom_of(atom!("heir")) && heir.is_none() => {
                heir = Some(Some((cx.need(local(pid))?, data)));
            }
            [k, v] if k.is_atom_of(atom!("protection")) && protection.is_none() => {
                protection = Some(cx.need(v.as_atom().and_then(Protection::from_atom))?);
            }
            _ => return Err(cx.badarg()),
        }
    }
    if table.common.owner() != cx.pid() {
        return Err(cx.badarg());
    }
    if let Some(heir) = heir {
        table.set_heir(heir.and_then(|(pid, data)| make_heir(cx, pid, data)));
    }
    if let Some(p) = protection {
        table.common.set_protection(p);
    }
    Ok(Term::bool(true))
}

fn give_away<'p>(cx: &Cx<'p>, id: Term<'p>, pid: Term<'p>, data: Term<'p>) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Write)?;
    let to = cx.need(local(pid).filter(|p| alive(cx.vm(), *p)))?;
    if table.common.owner() != cx.pid() {
        return Err(Error::NotOwner.stop(cx));
    }
    if to == cx.pid() {
        return Err(Error::Owner.stop(cx));
    }
    if !cx.vm().ets.transfer(cx.vm(), &table, to, &OwnedTerm::copy_of(data)) {
        return Err(cx.badarg());
    }
    Ok(Term::bool(true))
}

fn whereis<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    match cx.vm().ets.find(Term::atom(name)) {
        Ok(table) => Ok(table.reference(cx.heap())),
        Err(_) => Ok(Term::atom(am::UNDEFINED)),
    }
}

fn safe_fixtable<'p>(cx: &Cx<'p>, id: Term<'p>, on: Term<'p>) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Read)?;
    match cx.need(on.as_bool())? {
        true => table.fix(cx.vm(), cx.pid()),
        false => table.unfix(cx.vm(), cx.pid(), false),
    }
    Ok(Term::bool(true))
}

/// Items of `info/1`, as they stand in its result.
const ITEMS: &[&str] = &[
    "id",
    "decentralized_counters",
    "read_concurrency",
    "write_concurrency",
    "compressed",
    "memory",
    "owner",
    "heir",
    "name",
    "size",
    "node",
    "named_table",
    "type",
    "keypos",
    "protection",
];

/// `None`: there is no such table.
fn find_info<'p>(cx: &Cx<'p>, id: Term<'p>) -> Result<Option<Found<'p>>, Stop> {
    match cx.vm().ets.find(id) {
        Ok(t) => Ok(Some(t)),
        Err(Error::Id) => Ok(None),
        Err(_) => find(cx, id).map(Some),
    }
}

fn info<'p>(cx: &Cx<'p>, id: Term<'p>) -> BifResult<'p> {
    let heap = cx.heap();
    let Some(table) = find_info(cx, id)? else { return Ok(Term::atom(am::UNDEFINED)) };
    let items: Vec<Term<'p>> = ITEMS
        .iter()
        .filter_map(|name| {
            let value = item(heap, &table, name)?;
            Some(heap.tuple(&[Term::atom(Atom::new(name)), value]))
        })
        .collect();
    Ok(heap.list(&items))
}

fn info_item<'p>(cx: &Cx<'p>, id: Term<'p>, name: Term<'p>) -> BifResult<'p> {
    if name.is_atom_of(am::BINARY) {
        return Err(cx.trap(am::ERTS_INTERNAL, atom!("ets_info_binary"), &[id]));
    }
    let Some(table) = find_info(cx, id)? else { return Ok(Term::atom(am::UNDEFINED)) };
    let name = cx.need(name.as_atom())?;
    cx.need(item(cx.heap(), &table, name.name()))
}

fn item<'p>(heap: &'p Heap, table: &std::sync::Arc<Table>, name: &str) -> Option<Term<'p>> {
    let o = &table.options;
    Some(match name {
        "id" => table.reference(heap),
        "decentralized_counters" => Term::bool(o.decentralized_counters),
        "read_concurrency" => Term::bool(o.read_concurrency),
        "write_concurrency" => match o.write_concurrency {
            WriteConcurrency::Off => Term::bool(false),
            WriteConcurrency::On => Term::bool(true),
            WriteConcurrency::Auto => Term::atom(atom!("auto")),
            WriteConcurrency::Locks(n) => heap.tuple(&[
                Term::atom(atom!("debug_hash_fixed_number_of_locks")),
                heap.uint(n as u64),
            ]),
        },
        "compressed" => Term::bool(o.compressed),
        "memory" => heap.uint(table.memory() as u64),
        "owner" => Term::local_pid(table.common.owner()),
        "heir" => table.heir_pid().map_or(Term::atom(am::NONE), Term::local_pid),
        "name" => Term::atom(table.name()),
        "size" => heap.uint(table.len() as u64),
        "node" => Term::atom(term::node::this().name),
        "named_table" => Term::bool(o.named),
        "type" => Term::atom(o.kind.atom()),
        "keypos" => heap.uint(o.keypos as u64),
        "protection" => Term::atom(table.common.protection().atom()),
        "fixed" => Term::bool(table.common.is_fixed()),
        "safe_fixed" => fixations(heap, table, |(_, system)| {
            let us = system / 1000;
            heap.tuple(&[
                heap.int(us / 1_000_000_000_000),
                heap.int(us / 1_000_000 % 1_000_000),
                heap.int(us % 1_000_000),
            ])
        }),
        "safe_fixed_monotonic_time" => fixations(heap, table, |(mono, _)| heap.int(mono)),
        "stats" => stats(heap, table),
        _ => return None,
    })
}

fn fixations<'p>(heap: &'p Heap, table: &Table, time: impl Fn((i64, i64)) -> Term<'p>) -> Term<'p> {
    let Some((since, by)) = table.fixations() else { return Term::bool(false) };
    let by: Vec<Term<'p>> = by
        .into_iter()
        .map(|(pid, n)| heap.tuple(&[Term::local_pid(pid), heap.uint(n as u64)]))
        .collect();
    heap.tuple(&[time(since), heap.list(&by)])
}

/// Buckets, average chain, deviation, expected deviation, shortest, longest, kept, locks.
fn stats<'p>(heap: &'p Heap, table: &Table) -> Term<'p> {
    let Some((lengths, kept, locks)) = table.chains() else {
        // Route nodes, base nodes, depth: there is a bound between two parts, found by halving.
        return table.parts().map_or(Term::bool(false), |parts| {
            let depth = parts.next_power_of_two().ilog2();
            heap.tuple(&[
                heap.uint(parts as u64 - 1),
                heap.uint(parts as u64),
                heap.uint(u64::from(depth)),
            ])
        });
    };
    let n = lengths.len().max(1) as f64;
    let sum: usize = lengths.iter().sum();
    let squares: usize = lengths.iter().map(|l| l * l).sum();
    let average = sum as f64 / n;
    let deviation = ((squares as f64 - average * sum as f64) / n).sqrt();
    let expected = (average * (1.0 - 1.0 / n)).sqrt();
    let float = |f: f64| heap.float(f as f32 as f64);
    let int = |n: usize| heap.uint(n as u64);
    heap.tuple(&[
        int(lengths.len()),
        float(average),
        float(deviation),
        float(expected),
        int(lengths.iter().copied().min().unwrap_or(0)),
        int(lengths.iter().copied().max().unwrap_or(0)),
        int(kept),
        int(locks),
    ])
}

fn internal_request_all<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let (n0, n1) = vm::refs::next();
    cx.vm().ets.send_all(cx.vm(), cx.pid(), (n0, n1));
    Ok(cx.heap().reference(n0, n1))
}
