//! Natives of module `records`: native records from outside (OTP 29).

use crate::maps::map_of;
use term::{Atom, Record, Term, atom};
use vm::{BifResult, Cx, Stop};

vm::bifs! { pub TABLE: "records" {
    Plain "create"/4 => create(0, 1, 2, 3);
    Plain "get"/2 => get(0, 1);
    Plain "get_definition"/2 => get_definition(0, 1);
    Plain "get_field_names"/1 => get_field_names(0);
    Plain "get_module"/1 => get_module(0);
    Plain "get_name"/1 => get_name(0);
    Plain "is_exported"/1 => is_exported(0);
    Plain "update"/4 => update(0, 1, 2, 3);
} }

/// `{badrecord, Term}`.
fn bad_record<'p>(cx: &Cx<'p>, t: Term<'p>) -> Stop {
    cx.error_term(cx.heap().tuple(&[atom!("badrecord").into(), t]))
}

/// `{badfield, {{Module, Name}, Field}}`.
fn bad_field<'p>(cx: &Cx<'p>, module: Term<'p>, name: Term<'p>, field: Term<'p>) -> Stop {
    let heap = cx.heap();
    let place = heap.tuple(&[heap.tuple(&[module, name]), field]);
    cx.error_term(heap.tuple(&[atom!("badfield").into(), place]))
}

fn record_of<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, Record<'p>> {
    t.as_record().ok_or_else(|| bad_record(cx, t))
}

fn create<'p>(
    cx: &Cx<'p>,
    module: Term<'p>,
    name: Term<'p>,
    fields: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    let (Some(m), Some(n)) = (module.as_atom(), name.as_atom()) else {
        return Err(bad_record(cx, name));
    };
    let options = map_of(cx, options)?;
    let exported = options.get(atom!("is_exported").into()).filter(|_| options.size() == 1);
    let exported = exported.and_then(|t| t.as_bool()).ok_or_else(|| cx.badarg())?;
    let fields = fields.to_vec().ok_or_else(|| cx.badarg())?;
    let (mut keys, mut values) = (Vec::new(), Vec::new());
    for field in fields {
        let [key, value] = field.as_tuple_of().ok_or_else(|| cx.badarg())?;
        if key.as_atom().is_none() {
            return Err(bad_field(cx, module, name, key));
        }
        keys.push(key);
        values.push(value);
    }
    cx.bump(keys.len() / 16);
    let mut sorted: Vec<Option<Atom>> = keys.iter().map(|k| k.as_atom()).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|w| w[0] == w[1]) {
        return Err(cx.badarg());
    }
    let definition = cx.heap().record_definition(m, n, exported, &keys);
    let known = vm::code::record::defined(cx, m, n).map(|d| d.0);
    let known = known.filter(|d| {
        d.elements().iter().map(|t| t.raw()).eq(definition.elements().iter().map(|t| t.raw()))
    });
    Ok(cx.heap().record(known.unwrap_or(definition), &values))
}

fn update<'p>(
    cx: &Cx<'p>,
    record: Term<'p>,
    module: Term<'p>,
    name: Term<'p>,
    fields: Term<'p>,
) -> BifResult<'p> {
    let r = record_of(cx, record)?;
    let named = r.module().is_same(module) && r.name().is_same(name);
    if !named && !name.is_atom_of(atom!("_")) {
        return Err(bad_record(cx, name));
    }
    let fields = map_of(cx, fields)?;
    let mut values = r.values().to_vec();
    let mut from = 0;
    for (key, value) in fields.iter() {
        match r.position(key, from) {
            Some(i) => {
                values[i] = value;
                from = i + 1;
            }
            None => {
                // Of several the one whose atom came first.
                let missing = fields.iter().map(|f| f.0).filter(|k| r.position(*k, 0).is_none());
                let first = missing.min_by_key(|k| k.raw().0).unwrap_or(key);
                return Err(bad_field(cx, r.module(), r.name(), first));
            }
        }
    }
    cx.bump(values.len() / 16);
    if fields.size() == 0 {
        return Ok(record);
    }
    Ok(cx.heap().record(r.definition(), &values))
}

fn get<'p>(cx: &Cx<'p>, key: Atom, record: Term<'p>) -> BifResult<'p> {
    record.as_record().and_then(|r| r.get(key.into())).ok_or_else(|| cx.badarg())
}

fn get_module<'p>(cx: &Cx<'p>, record: Term<'p>) -> BifResult<'p> {
    record.as_record().map(|r| r.module()).ok_or_else(|| cx.badarg())
}

fn get_name<'p>(cx: &Cx<'p>, record: Term<'p>) -> BifResult<'p> {
    record.as_record().map(|r| r.name()).ok_or_else(|| cx.badarg())
}

fn get_field_names<'p>(cx: &Cx<'p>, record: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().list(record_of(cx, record)?.keys()))
}

fn is_exported<'p>(cx: &Cx<'p>, record: Term<'p>) -> BifResult<'p> {
    Ok(record_of(cx, record)?.exported())
}

/// What the loaded module says of its record.
fn get_definition<'p>(cx: &Cx<'p>, module: Atom, name: Atom) -> BifResult<'p> {
    let heap = cx.heap();
    let (definition, defaults) =
        vm::code::record::defined(cx, module, name).ok_or_else(|| cx.badarg())?;
    let fields = definition.elements().iter().skip(3).zip(defaults);
    let fields: Vec<Term> = fields
        .map(|(&key, &default)| match default {
            d if d.raw().is_none() => key,
            d => heap.tuple(&[key, d]),
        })
        .collect();
    let exported = definition.elements().get(2).copied().unwrap_or(Term::bool(false));
    let options = heap.map_from_pairs(&[(atom!("is_exported").into(), exported)]);
    Ok(heap.tuple(&[options, heap.list(&fields)]))
}
