//! Changing objects in place: counters and elements.

use super::{OrStop, find_for};
use num::bignum::{self, Int, Word};
use std::cmp::Ordering;
use term::{Heap, Term, Tuple, View};
use vm::ets::{Error, Need, Object, Table};
use vm::{BifResult, Cx, Stop};

vm::bifs! { pub(super) TABLE: "ets" {
    /// `Incr`, `{Pos, Incr}`, `{Pos, Incr, Threshold, SetValue}` or a list of these.
    Plain "update_counter"/3 => update_counter(0, 1, 2);
    Plain "update_counter"/4 => update_counter_4(0, 1, 2, 3);
    /// `{Pos, Value}` or a list of these.
    Plain "update_element"/3 => update_element(0, 1, 2);
    Plain "update_element"/4 => update_element_4(0, 1, 2, 3);
} }

fn update_counter<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>, op: Term<'p>) -> BifResult<'p> {
    counter(cx, id, key, op, None)
}

fn update_counter_4<'p>(
    cx: &Cx<'p>,
    id: Term<'p>,
    key: Term<'p>,
    op: Term<'p>,
    default: Term<'p>,
) -> BifResult<'p> {
    counter(cx, id, key, op, Some(default))
}

/// One `{Pos, Incr, Threshold, SetValue}`.
struct Count<'p> {
    /// From 1.
    pos: usize,
    increment: Term<'p>,
    warp: Option<(Term<'p>, Term<'p>)>,
}

impl<'p> Count<'p> {
    fn of(t: Term<'p>) -> Result<Count<'p>, Error> {
        let integer = |t: Term<'p>| if t.is_integer() { Ok(t) } else { Err(Error::BadArg) };
        let (pos, increment, warp) = match *t.as_tuple().ok_or(Error::BadArg)?.elements() {
            [p, i] => (p, i, None),
            [p, i, threshold, to] => (p, i, Some((integer(threshold)?, integer(to)?))),
            _ => return Err(Error::BadArg),
        };
        let pos = pos.as_small().ok_or(Error::BadArg)?;
        let increment = integer(increment)?;
        let pos = usize::try_from(pos).map_err(|_| Error::Position)?;
        Ok(Count { pos, increment, warp })
    }
    fn check(&self, o: &Object, keypos: usize, heap: &'p Heap) -> Result<(), Error> {
        if self.pos == keypos {
            return Err(Error::KeyPos);
        }
        match self.pos.checked_sub(1).and_then(|i| o.element(i, heap)) {
            None => Err(Error::Position),
            Some(e) if e.is_integer() => Ok(()),
            Some(_) => Err(Error::BadArg),
        }
    }
    fn apply(&self, o: &mut Object, heap: &'p Heap) -> Result<Term<'p>, Error> {
        let i = self.pos - 1;
        let old = o.element(i, heap).ok_or(Error::Position)?;
        let mut new = add(heap, old, self.increment).ok_or(Error::BadArg)?;
        if let Some((threshold, to)) = self.warp {
            let down = term::compare::compare(self.increment, Term::small(0)).is_lt();
            let beyond = if down { Ordering::Less } else { Ordering::Greater };
            if term::compare::compare(new, threshold) == beyond {
                new = to;
            }
        }
        o.set(i, new);
        Ok(new)
    }
}

/// The sum of two integers.
fn add<'h>(heap: &'h Heap, a: Term<'_>, b: Term<'_>) -> Option<Term<'h>> {
    if let (Some(x), Some(y)) = (a.as_small(), b.as_small()) {
        return Some(heap.int(x + y));
    }
    with_int(a, |x| with_int(b, |y| bignum::add(x, y)))
        .flatten()
        .map(|sum| heap.big(sum.is_negative(), sum.digits()))
}

fn with_int<R>(t: Term<'_>, f: impl FnOnce(Int<'_>) -> R) -> Option<R> {
    match t.view() {
        View::Small(n) => Some(f(Word::from(n).int())),
        View::Big(b) => Some(f(Int::new(b.is_negative(), b.digits()))),
        _ => None,
    }
}

/// The default object, which since OTP 29 must have a place for the key even where it is not needed.
fn default_of<'p>(
    cx: &Cx<'p>,
    default: Option<Term<'p>>,
    keypos: usize,
) -> BifResult<'p, Option<Tuple<'p>>> {
    let Some(t) = default else { return Ok(None) };
    if cx.vm().release() >= 28 && t.as_tuple().is_none_or(|t| t.arity() < keypos) {
        return Err(Error::Default.stop(cx));
    }
    cx.need(t.as_tuple()).map(Some)
}

/// A default object with the key put in.
fn with_key<'p>(cx: &Cx<'p>, table: &Table, t: Tuple<'p>, key: Term<'p>) -> Option<Object> {
    let mut elements = t.elements().to_vec();
    *elements.get_mut(table.keypos() - 1)? = key;
    cx.heap().tuple(&elements).as_tuple().map(|t| table.object(t))
}

fn counter<'p>(
    cx: &Cx<'p>,
    id: Term<'p>,
    key: Term<'p>,
    op: Term<'p>,
    default: Option<Term<'p>>,
) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Write)?;
    let heap = cx.heap();
    let keypos = table.keypos();
    let default = default_of(cx, default, keypos)?;
    if !table.is_set() {
        return Err(Error::TableType.stop(cx));
    }
    let default = default.and_then(|t| with_key(cx, &table, t, key));
    let (ops, single) = match op.view() {
        View::Small(_) | View::Big(_) => {
            (Ok(vec![Ok(Count { pos: keypos + 1, increment: op, warp: None })]), true)
        }
        View::Tuple(_) => (Ok(vec![Count::of(op)]), true),
        _ => {
            let list = op.to_vec().ok_or(Error::BadArg);
            (list.map(|l| l.into_iter().map(Count::of).collect()), false)
        }
    };
    let results = table.update(cx.pid(), key, default, |o| {
        // All are checked before the first is done.
        let mut checked = Vec::new();
        for op in ops? {
            let op = op?;
            op.check(o, keypos, heap)?;
            checked.push(op);
        }
        checked.iter().map(|op| op.apply(o, heap)).collect::<Result<Vec<_>, _>>()
    });
    let results = results.or_stop(cx)?.ok_or_else(|| Error::BadKey.stop(cx))?;
    cx.bump(results.len() / 8);
    match results[..] {
        [one] if single => Ok(one),
        _ => Ok(heap.list(&results)),
    }
}

fn update_element<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>, spec: Term<'p>) -> BifResult<'p> {
    element(cx, id, key, spec, None)
}

fn update_element_4<'p>(
    cx: &Cx<'p>,
    id: Term<'p>,
    key: Term<'p>,
    spec: Term<'p>,
    default: Term<'p>,
) -> BifResult<'p> {
    element(cx, id, key, spec, Some(default))
}

fn element<'p>(
    cx: &Cx<'p>,
    id: Term<'p>,
    key: Term<'p>,
    spec: Term<'p>,
    default: Option<Term<'p>>,
) -> Result<Term<'p>, Stop> {
    let table = find_for(cx, id, Need::Write)?;
    let keypos = table.keypos();
    let default = default_of(cx, default, keypos)?;
    if !table.is_set() {
        return Err(cx.badarg());
    }
    let default = default.and_then(|t| with_key(cx, &table, t, key));
    let done = table.update(cx.pid(), key, default, |o| {
        let specs = if spec.as_tuple().is_some() {
            vec![spec]
        } else {
            spec.to_vec().ok_or(Error::BadArg)?
        };
        let mut pairs = Vec::with_capacity(specs.len());
        for s in specs {
            let [pos, value] = s.as_tuple_of::<2>().ok_or(Error::BadArg)?;
            let pos = pos.as_small().ok_or(Error::BadArg)?;
            if pos == keypos as i64 {
                return Err(Error::KeyPos);
            }
            let i = usize::try_from(pos).ok().and_then(|p| p.checked_sub(1));
            let outside = if cx.vm().release() >= 26 { Error::Position } else { Error::BadArg };
            pairs.push((i.filter(|i| *i < o.arity()).ok_or(outside)?, value));
        }
        o.set_all(&pairs);
        Ok(())
    });
    Ok(Term::bool(done.or_stop(cx)?.is_some()))
}
