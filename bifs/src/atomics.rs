//! Arrays of atomic integers: module `atomics`, and the scalable counters of `counters`.

use core::sync::atomic::{AtomicU64, Ordering::Relaxed, Ordering::SeqCst};
use term::shared::Magic;
use term::{Heap, Reference, Term, atom};
use vm::refs;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "atomics" {
    Plain "put"/3 => put(0, 1, 2);
    Plain "get"/2 => get(0, 1);
    Plain "add"/3 => add(0, 1, 2);
    Plain "add_get"/3 => add_get(0, 1, 2);
    Plain "exchange"/3 => exchange(0, 1, 2);
    Plain "compare_exchange"/4 => compare_exchange(0, 1, 2, 3);
    Plain "info"/1 => info(0);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    Plain "atomics_new"/2 => atomics_new(0, 1);
    Plain "counters_new"/1 => counters_new(0);
    Plain "counters_get"/2 => counters_get(0, 1);
    Plain "counters_add"/3 => counters_add(0, 1, 2);
    Plain "counters_put"/3 => counters_put(0, 1, 2);
    Plain "counters_info"/1 => counters_info(0);
} }

struct Atomics {
    signed: bool,
    cells: Box<[AtomicU64]>,
}

/// Option bit of `atomics_new/2`.
const SIGNED: u64 = 1;

/// Zeroed cells; `None` if there is not so much memory.
fn cells(n: usize) -> Option<Box<[AtomicU64]>> {
    let mut cells = Vec::new();
    sys::oom::fallible(|| cells.try_reserve_exact(n)).ok()?;
    cells.resize_with(n, AtomicU64::default);
    Some(cells.into_boxed_slice())
}

fn magic<'p, T: Send + Sync + 'static>(cx: &Cx<'p>, object: T) -> Term<'p> {
    let (n0, n1) = refs::next_magic();
    cx.heap().magic_reference(n0, n1, Magic::handle(object))
}

fn object<'p, T: 'static>(cx: &Cx<'p>, reference: Reference<'p>) -> BifResult<'p, &'p T> {
    cx.need(reference.magic_ref().and_then(Magic::downcast))
}

/// A number of cells: no more than the memory could hold.
fn count<'p>(cx: &Cx<'p>, n: Term<'p>) -> BifResult<'p, u64> {
    match n.as_u64() {
        Some(n) => Ok(n),
        None if n.as_big().is_some_and(|b| !b.is_negative()) => Err(cx.system_limit()),
        None => Err(cx.badarg()),
    }
}

fn atomics_new<'p>(cx: &Cx<'p>, n: Term<'p>, options: u64) -> BifResult<'p> {
    let n = count(cx, n)?;
    if n == 0 {
        return Err(cx.badarg());
    }
    let Some(cells) = usize::try_from(n).ok().and_then(cells) else {
        return Err(cx.system_limit());
    };
    Ok(magic(cx, Atomics { signed: options & SIGNED != 0, cells }))
}

impl Atomics {
    fn value(&self, t: Term<'_>) -> Option<u64> {
        if self.signed { t.as_i64().map(|n| n as u64) } else { t.as_u64() }
    }
    fn term<'h>(&self, heap: &'h Heap, n: u64) -> Term<'h> {
        if self.signed { heap.int(n as i64) } else { heap.uint(n) }
    }
}

/// Any 64-bit integer, as its two's complement.
fn increment(t: Term<'_>) -> Option<u64> {
    t.as_i64().map(|n| n as u64).or_else(|| t.as_u64())
}

/// The array and one cell of it, counted from 1.
fn cell<'p>(
    cx: &Cx<'p>,
    reference: Reference<'p>,
    i: usize,
) -> BifResult<'p, (&'p Atomics, &'p AtomicU64)> {
    let atomics: &Atomics = object(cx, reference)?;
    Ok((atomics, cx.need(i.checked_sub(1).and_then(|i| atomics.cells.get(i)))?))
}

fn put<'p>(cx: &Cx<'p>, reference: Reference<'p>, i: usize, value: Term<'p>) -> BifResult<'p> {
    let (atomics, cell) = cell(cx, reference, i)?;
    cell.store(cx.need(atomics.value(value))?, SeqCst);
    Ok(atom!("ok").into())
}

fn get<'p>(cx: &Cx<'p>, reference: Reference<'p>, i: usize) -> BifResult<'p> {
    let (atomics, cell) = cell(cx, reference, i)?;
    Ok(atomics.term(cx.heap(), cell.load(SeqCst)))
}

fn add<'p>(cx: &Cx<'p>, reference: Reference<'p>, i: usize, more: Term<'p>) -> BifResult<'p> {
    let (_, cell) = cell(cx, reference, i)?;
    cell.fetch_add(cx.need(increment(more))?, SeqCst);
    Ok(atom!("ok").into())
}

fn add_get<'p>(cx: &Cx<'p>, reference: Reference<'p>, i: usize, more: Term<'p>) -> BifResult<'p> {
    let (atomics, cell) = cell(cx, reference, i)?;
    let more = cx.need(increment(more))?;
    let sum = cell.fetch_add(more, SeqCst).wrapping_add(more);
    Ok(atomics.term(cx.heap(), sum))
}

fn exchange<'p>(cx: &Cx<'p>, reference: Reference<'p>, i: usize, value: Term<'p>) -> BifResult<'p> {
    let (atomics, cell) = cell(cx, reference, i)?;
    let old = cell.swap(cx.need(atomics.value(value))?, SeqCst);
    Ok(atomics.term(cx.heap(), old))
}

fn compare_exchange<'p>(
    cx: &Cx<'p>,
    reference: Reference<'p>,
    i: usize,
    expected: Term<'p>,
    desired: Term<'p>,
) -> BifResult<'p> {
    let (atomics, cell) = cell(cx, reference, i)?;
    let (expected, desired) = (cx.need(atomics.value(expected))?, cx.need(atomics.value(desired))?);
    Ok(match cell.compare_exchange(expected, desired, SeqCst, SeqCst) {
        Ok(_) => atom!("ok").into(),
        Err(actual) => atomics.term(cx.heap(), actual),
    })
}

fn info<'p>(cx: &Cx<'p>, reference: Reference<'p>) -> BifResult<'p> {
    let (atomics, heap): (&Atomics, _) = (object(cx, reference)?, cx.heap());
    let (min, max) = if atomics.signed { (i64::MIN, i64::MAX as u64) } else { (0, u64::MAX) };
    let memory = size_of::<Atomics>() + size_of_val(&*atomics.cells);
    Ok(heap.map_from_pairs(&[
        (atom!("max").into(), heap.uint(max)),
        (atom!("min").into(), heap.int(min)),
        (atom!("size").into(), heap.uint(atomics.cells.len() as u64)),
        (atom!("memory").into(), heap.uint(memory as u64)),
    ]))
}

/// A cache line of cells.
#[repr(align(64))]
#[derive(Default)]
struct Line([AtomicU64; LINE]);

const LINE: usize = 8;

/// Counters without a common cell: each scheduler adds to a line of its own, reading sums up.
struct Counters {
    size: usize,
    /// Lines that one counter is spread over: one a scheduler and one for all others.
    spread: usize,
    lines: Box<[Line]>,
}

fn counters_new<'p>(cx: &Cx<'p>, n: Term<'p>) -> BifResult<'p> {
    let n = count(cx, n)?;
    if n == 0 {
        return Err(cx.badarg());
    }
    let spread = cx.vm().config.schedulers + 1;
    let mut lines = Vec::new();
    let reserved = usize::try_from(n).ok().and_then(|size| {
        let count = size.div_ceil(LINE).checked_mul(spread)?;
        sys::oom::fallible(|| lines.try_reserve_exact(count)).ok()?;
        lines.resize_with(count, Line::default);
        Some(size)
    });
    let Some(size) = reserved else {
        return Err(cx.system_limit());
    };
    Ok(magic(cx, Counters { size, spread, lines: lines.into_boxed_slice() }))
}

impl Counters {
    /// The cells of one counter, counted from 1, that of scheduler 0 first.
    fn cells(&self, i: usize) -> Option<impl Iterator<Item = &AtomicU64>> {
        let i = i.checked_sub(1).filter(|&i| i < self.size)?;
        let lines = self.lines.chunks_exact(self.spread).nth(i / LINE)?;
        Some(lines.iter().filter_map(move |line| line.0.get(i % LINE)))
    }
    fn cell(&self, i: usize, scheduler: usize) -> Option<&AtomicU64> {
        self.cells(i)?.nth(scheduler.min(self.spread - 1))
    }
}

fn counters_get<'p>(cx: &Cx<'p>, reference: Reference<'p>, i: usize) -> BifResult<'p> {
    let counters: &Counters = object(cx, reference)?;
    let cells = cx.need(counters.cells(i))?;
    let sum = cells.fold(0, |sum: u64, cell| sum.wrapping_add(cell.load(Relaxed)));
    Ok(cx.heap().int(sum as i64))
}

fn counters_add<'p>(
    cx: &Cx<'p>,
    reference: Reference<'p>,
    i: usize,
    more: Term<'p>,
) -> BifResult<'p> {
    let counters: &Counters = object(cx, reference)?;
    let cell = cx.need(counters.cell(i, cx.scheduler()))?;
    cell.fetch_add(cx.need(increment(more))?, Relaxed);
    Ok(atom!("ok").into())
}

/// Writes one cell and clears the others, which is not atomic, as documented.
fn counters_put<'p>(
    cx: &Cx<'p>,
    reference: Reference<'p>,
    i: usize,
    value: Term<'p>,
) -> BifResult<'p> {
    let counters: &Counters = object(cx, reference)?;
    let mut value = cx.need(value.as_i64())? as u64;
    for cell in cx.need(counters.cells(i))? {
        cell.store(core::mem::take(&mut value), Relaxed);
    }
    Ok(atom!("ok").into())
}

fn counters_info<'p>(cx: &Cx<'p>, reference: Reference<'p>) -> BifResult<'p> {
    let (counters, heap): (&Counters, _) = (object(cx, reference)?, cx.heap());
    let memory = size_of::<Counters>() + size_of_val(&*counters.lines);
    Ok(heap.map_from_pairs(&[
        (atom!("size").into(), heap.uint(counters.size as u64)),
        (atom!("memory").into(), heap.uint(memory as u64)),
    ]))
}
