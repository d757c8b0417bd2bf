//! Native records (OTP 29) as instructions. What they are: `term::boxed::record`.
//!
//! Nothing is known of operands here: each handler looks at what it gets. A field is looked for behind the one
//! before, because compilers and definitions mostly agree on the order.

use super::map::settle;
use super::operand::*;
use super::{Regs, go, save};
use crate::code::record::{RecordDefinition, RecordEntry};
use term::atom::am;
use term::boxed::Record;
use term::{Atom, RawTerm, Term};

/// Slots: 2 branch, 3 module, 4 name, 5 source.
pub unsafe extern "C" fn is_native_record(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let (module, name) = (Atom(u32_at(ip, 3)), Atom(u32_at(ip, 4)));
    let t: Term = A::get(r, e, ip.add(5)).brand();
    match t.as_record() {
        Some(record) if record.is(module, name) => go!(r, ip.add(7), htop, e, fc),
        _ => go!(r, target_at(ip, 2), htop, e, fc),
    }
}

/// Slots: 2 branch, 3 the module that may look at its own or 0, 4 source.
pub unsafe extern "C" fn is_record_accessible(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let own = u32_at(ip, 3);
    let t: Term = A::get(r, e, ip.add(4)).brand();
    match t.as_record() {
        Some(x) if x.is_exported() || own != 0 && x.module().is_atom_of(Atom(own - 1)) => {
            go!(r, ip.add(6), htop, e, fc)
        }
        _ => go!(r, target_at(ip, 2), htop, e, fc),
    }
}

/// Slots: 2 branch, 3 count, 4 record, then (key, destination)*.
pub unsafe extern "C" fn get_record_elements(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let n = u32_at(ip, 3) as usize;
    let t: Term = A::get(r, e, ip.add(4)).brand();
    let Some(record) = t.as_record() else { return no_record(r, ip, htop, e, fc) };
    let mut from = 0;
    for i in 0..n {
        let at = ip.add(6 + 3 * i);
        match record.position(A::get(r, e, at).brand(), from) {
            Some(k) => {
                put_any(r, e, at.add(2), record.values()[k].raw());
                from = k + 1;
            }
            None => return no_record(r, ip, htop, e, fc),
        }
    }
    go!(r, ip.add(6 + 3 * n), htop, e, fc)
}
#[cold]
#[inline(never)]
unsafe extern "C" fn no_record(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    if u32_at(ip, 2) != 0 {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    let p = save(r, htop, e, fc);
    let t: Term = A::get(r, e, ip.add(4)).brand();
    let t = (*p).heap.heap.tuple(&[Term::atom(am::BADRECORD), t]).raw();
    super::except::error(r, ip, t)
}

/// Slots: 2 branch, 3 destination, 4 record, 6 identity, 8 field.
pub unsafe extern "C" fn get_record_field(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let t: Term = A::get(r, e, ip.add(4)).brand();
    let id: Term = A::get(r, e, ip.add(6)).brand();
    let field = A::get(r, e, ip.add(8)).brand();
    if let Some(record) = t.as_record()
        && may_read(record, id)
    {
        match record.get(field) {
            Some(v) => {
                put_any(r, e, ip.add(3), v.raw());
                go!(r, ip.add(10), htop, e, fc)
            }
            None => return no_field(r, ip, htop, e, fc),
        }
    }
    return no_record(r, ip, htop, e, fc);
}
/// An atom names a record of the module itself, a pair one of another; `_` is any.
#[inline(always)]
fn may_read(record: Record<'_>, id: Term<'_>) -> bool {
    match id.as_tuple_of::<2>() {
        Some([module, name]) => {
            record.is_exported()
                && record.module().raw() == module.raw()
                && record.name().raw() == name.raw()
        }
        None if id.is_atom_of(am::UNDERSCORE) => true,
        None => record.name().raw() == id.raw(),
    }
}
#[cold]
#[inline(never)]
unsafe extern "C" fn no_field(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    if u32_at(ip, 2) != 0 {
        go!(r, target_at(ip, 2), htop, e, fc)
    }
    let p = save(r, htop, e, fc);
    let t: Term = A::get(r, e, ip.add(4)).brand();
    let field: Term = A::get(r, e, ip.add(8)).brand();
    let Some(record) = t.as_record() else { return no_record(r, ip, htop, e, fc) };
    let heap = &(*p).heap.heap;
    let id = heap.tuple(&[record.module(), record.name()]);
    let reason = field_error(heap, "badfield", id, field);
    super::except::error(r, ip, reason)
}

/// `{Kind, {{Module, Name}, Field}}`.
fn field_error(heap: &term::Heap, kind: &str, id: Term<'_>, field: Term<'_>) -> RawTerm {
    // SAFETY: both live as long as the heap is not collected.
    let (id, field) = unsafe { (id.raw().brand(), field.raw().brand()) };
    heap.tuple(&[Atom::new(kind).into(), heap.tuple(&[id, field])]).raw()
}

/// How `put_record` goes on.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Put {
    Stored,
    Failed,
    Raised,
}

macro_rules! putting {
    ($($(#[$doc:meta])* $name:ident = $make:ident;)*) => { $(
        $(#[$doc])*
        pub unsafe extern "C" fn $name(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            save(r, htop, e, fc);
            match put(r, ip, $make) {
                Put::Stored => return settle(r, ip, ip.add(8 + 4 * u32_at(ip, 5) as usize), fc),
                Put::Failed => go!(r, target_at(ip, 2), htop, e, fc),
                Put::Raised => {}
            }
        }
    )* };
}
putting! {
    /// A new record of the module's own: slots 2 branch, 3 destination, 4 live, 5 fields, 6 definition, then
    /// (key, value)*.
    create_record = create_local;
    /// A new record of another module's: the same, but slot 6 is its entry.
    create_remote_record = create_remote;
    /// An update: slot 6 is the record.
    update_record = update;
}

type Make = unsafe fn(*mut Regs, *const u32, *mut u64) -> Result<RawTerm, RawTerm>;

/// Makes a record and stores it, or fails.
#[inline(never)]
unsafe fn put(r: *mut Regs, ip: *const u32, make: Make) -> Put {
    let e = (*(*r).process).heap.stack;
    match make(r, ip, e) {
        Ok(v) => {
            put_any(r, e, ip.add(3), v);
            Put::Stored
        }
        Err(_) if u32_at(ip, 2) != 0 => Put::Failed,
        Err(reason) => {
            super::except::error(r, ip, reason);
            Put::Raised
        }
    }
}

unsafe fn create_local(r: *mut Regs, ip: *const u32, e: *mut u64) -> Result<RawTerm, RawTerm> {
    create(r, ip, e, &*ptr_at::<RecordDefinition>(ip, 6))
}

unsafe fn create_remote(r: *mut Regs, ip: *const u32, e: *mut u64) -> Result<RawTerm, RawTerm> {
    let entry = &*ptr_at::<RecordEntry>(ip, 6);
    match entry.current().filter(|d| d.is_exported()) {
        Some(definition) => create(r, ip, e, definition),
        None => {
            let heap = &(*(*r).process).heap.heap;
            let id = heap.tuple(&[entry.module.into(), entry.name.into()]);
            Err(heap.tuple(&[Term::atom(am::BADRECORD), id]).raw())
        }
    }
}

unsafe fn create(
    r: *mut Regs,
    ip: *const u32,
    e: *mut u64,
    definition: &RecordDefinition,
) -> Result<RawTerm, RawTerm> {
    let heap = &(*(*r).process).heap.heap;
    let mut values: Vec<Term> = definition.defaults.iter().map(|d| d.brand()).collect();
    let keys = &definition.definition().elements()[3..];
    let id = || {
        let d = definition.definition();
        heap.tuple(&[d.get(0).raw().brand(), d.get(1).raw().brand()])
    };
    fill(r, ip, e, keys, &mut values)
        .map_err(|key| field_error(heap, "badfield", id(), key.brand()))?;
    if let Some(i) = values.iter().position(|v| v.raw().is_none()) {
        return Err(field_error(heap, "novalue", id(), keys[i]));
    }
    let shape: Term = definition.definition.brand();
    let shape = shape.as_tuple().expect("definitions are tuples");
    Ok(heap.record(shape, &values).raw())
}

unsafe fn update(r: *mut Regs, ip: *const u32, e: *mut u64) -> Result<RawTerm, RawTerm> {
    let heap = &(*(*r).process).heap.heap;
    let t: Term = A::get(r, e, ip.add(6)).brand();
    let Some(record) = t.as_record() else {
        return Err(heap.tuple(&[Term::atom(am::BADRECORD), t]).raw());
    };
    let mut values = record.values().to_vec();
    fill(r, ip, e, record.keys(), &mut values).map_err(|key| {
        let id = heap.tuple(&[record.module(), record.name()]);
        field_error(heap, "badfield", id, key.brand())
    })?;
    Ok(heap.record(record.definition(), &values).raw())
}

/// Puts the operands' values in the places of their keys; the key that has none.
unsafe fn fill(
    r: *mut Regs,
    ip: *const u32,
    e: *mut u64,
    keys: &[Term],
    values: &mut [Term],
) -> Result<(), RawTerm> {
    let n = u32_at(ip, 5) as usize;
    let mut from = 0;
    for i in 0..n {
        let at = ip.add(8 + 4 * i);
        let key = A::get(r, e, at);
        let found = keys[from..].iter().position(|k| k.raw() == key).map(|k| k + from);
        let place = found.or_else(|| keys.iter().position(|k| k.raw() == key)).ok_or(key)?;
        values[place] = A::get(r, e, at.add(2)).brand();
        from = place + 1;
    }
    Ok(())
}
