//! Natives of module `ets`: objects. Tables as such are in [`table`], traversals in [`select`].

mod select;
mod table;
mod update;

use term::{Term, Tuple, atom};
use vm::bif::{Held, Kind};
use vm::ets::{Error, Found, Need, Object, Table};
use vm::{BifResult, BifTable, Cx, Resume, Stop};

pub fn tables() -> Vec<BifTable> {
    vec![TABLE, select::TABLE, select::TEST, table::TABLE, table::INTERNAL, update::TABLE]
}

vm::bifs! { TABLE: "ets" {
    Plain "insert"/2 => insert(0, 1);
    Plain "insert_new"/2 => insert_new(0, 1);
    Plain "lookup"/2 => lookup(0, 1);
    Plain "lookup_element"/3 => lookup_element(0, 1, 2);
    /// With a default for a missing key.
    Plain "lookup_element"/4 => lookup_element_4(0, 1, 2, 3);
    Plain "member"/2 => member(0, 1);
    Plain "delete"/2 => delete(0, 1);
    Plain "delete_object"/2 => delete_object(0, 1);
    Plain "take"/2 => take(0, 1);
    Plain "first"/1 => first(0);
    Plain "last"/1 => last(0);
    Plain "next"/2 => next(0, 1);
    Plain "prev"/2 => prev(0, 1);
    Plain "first_lookup"/1 => first_lookup(0);
    Plain "last_lookup"/1 => last_lookup(0);
    Plain "next_lookup"/2 => next_lookup(0, 1);
    Plain "prev_lookup"/2 => prev_lookup(0, 1);
    Plain "slot"/2 => slot(0, 1);
    /// For `delete_all_objects/1`: how many objects there were.
    Heavy "internal_delete_all"/2 => internal_delete_all(0, 1);
} }

/// Turns an error of a table into an exception.
trait OrStop<T> {
    fn or_stop(self, cx: &Cx<'_>) -> Result<T, Stop>;
}

impl<T> OrStop<T> for Result<T, Error> {
    #[inline]
    fn or_stop(self, cx: &Cx<'_>) -> Result<T, Stop> {
        self.map_err(|e| e.stop(cx))
    }
}

/// The table that a term identifies, whether the process may use it or not.
fn find<'p>(cx: &Cx<'p>, id: Term<'p>) -> Result<Found<'p>, Stop> {
    cx.vm().ets.find(id).or_stop(cx)
}

/// The table that a term identifies, if the process may do this.
fn find_for<'p>(cx: &Cx<'p>, id: Term<'p>, need: Need) -> Result<Found<'p>, Stop> {
    let table = find(cx, id)?;
    table.pass(cx.pid(), need).check().or_stop(cx)?;
    Ok(table)
}

fn end_of_table<'p>() -> Term<'p> {
    Term::atom(atom!("$end_of_table"))
}

/// A tuple that the table can hold.
fn object<'p>(cx: &Cx<'p>, table: &Table, t: Term<'p>) -> Result<Tuple<'p>, Stop> {
    cx.need(t.as_tuple().filter(|t| table.accepts(*t)))
}

fn insert<'p>(cx: &Cx<'p>, id: Term<'p>, what: Term<'p>) -> BifResult<'p> {
    put(cx, id, what, false)
}

fn insert_new<'p>(cx: &Cx<'p>, id: Term<'p>, what: Term<'p>) -> BifResult<'p> {
    put(cx, id, what, true)
}

/// Objects are copied before the table is locked; long lists take several turns.
fn put<'p>(cx: &Cx<'p>, id: Term<'p>, what: Term<'p>, new_only: bool) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Write)?;
    if !what.is_list() {
        let o = table.object(object(cx, &table, what)?);
        return Ok(Term::bool(table.insert(cx.pid(), o, new_only).or_stop(cx)?));
    }
    fill(cx, id, what, Vec::new(), new_only)
}

/// Objects that one turn stores without ado.
const AT_ONCE: usize = 10_000;

/// A list on its way into a table. Until all is copied nothing is stored, so that nobody sees a part of it.
struct Filling {
    id: Held,
    rest: Held,
    objects: Vec<Object>,
    new_only: bool,
}

impl Resume for Filling {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let (id, rest) = (cx.get(self.id), cx.get(self.rest));
        cx.release_held();
        fill(cx, id, rest, self.objects, self.new_only)
    }
}

fn fill<'p>(
    cx: &Cx<'p>,
    id: Term<'p>,
    mut rest: Term<'p>,
    mut objects: Vec<Object>,
    new_only: bool,
) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Write)?;
    let held = |rest, objects| Filling { id: cx.hold(id), rest: cx.hold(rest), objects, new_only };
    while let Some(cell) = rest.as_cons() {
        objects.push(table.object(object(cx, &table, cell.head())?));
        rest = cell.tail();
        if !rest.is_nil() && (!cx.bump(1) || crate::limits::ets_traps()) {
            return Err(cx.yield_to(held(rest, objects)));
        }
    }
    cx.need(rest.is_nil().then_some(()))?;
    if objects.len() > AT_ONCE && cx.scheduler() != 0 {
        return Err(cx.reschedule(Kind::DirtyCpu, held(rest, objects)));
    }
    let done = match objects.len() {
        0 => true,
        1 => match objects.pop() {
            Some(object) => table.insert(cx.pid(), object, new_only).or_stop(cx)?,
            None => true,
        },
        _ => table.insert_all(cx.pid(), objects, new_only).or_stop(cx)?,
    };
    Ok(Term::bool(done))
}

fn lookup<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    find(cx, id)?.lookup(cx.pid(), key, cx.heap()).or_stop(cx)
}

fn lookup_element<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>, pos: Term<'p>) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Read)?;
    let pos = cx.need(pos.as_usize().filter(|p| *p > 0))?;
    table.lookup_element(cx.pid(), key, pos, cx.heap()).or_stop(cx)
}

fn lookup_element_4<'p>(
    cx: &Cx<'p>,
    id: Term<'p>,
    key: Term<'p>,
    pos: Term<'p>,
    default: Term<'p>,
) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Read)?;
    let pos = cx.need(pos.as_usize().filter(|p| *p > 0))?;
    match table.lookup_element(cx.pid(), key, pos, cx.heap()) {
        Err(Error::BadKey) => Ok(default),
        r => r.or_stop(cx),
    }
}

fn member<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(find(cx, id)?.member(cx.pid(), key).or_stop(cx)?))
}

fn delete<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    find(cx, id)?.delete(cx.pid(), key).or_stop(cx)?;
    Ok(Term::bool(true))
}

fn delete_object<'p>(cx: &Cx<'p>, id: Term<'p>, what: Term<'p>) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Write)?;
    let tuple = object(cx, &table, what)?;
    table.delete_object(cx.pid(), tuple).or_stop(cx)?;
    Ok(Term::bool(true))
}

fn take<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    find(cx, id)?.take(cx.pid(), key, cx.heap()).or_stop(cx)
}

fn first<'p>(cx: &Cx<'p>, id: Term<'p>) -> BifResult<'p> {
    end(cx, id, false)
}

fn last<'p>(cx: &Cx<'p>, id: Term<'p>) -> BifResult<'p> {
    end(cx, id, true)
}

fn end<'p>(cx: &Cx<'p>, id: Term<'p>, last: bool) -> BifResult<'p> {
    let table = find(cx, id)?;
    let keypos = table.keypos();
    let key = table.end(cx.pid(), last, |o| cx.heap().copy(o.key(keypos))).or_stop(cx)?;
    Ok(key.unwrap_or(end_of_table()))
}

fn next<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    beside(cx, id, key, false)
}

fn prev<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    beside(cx, id, key, true)
}

fn beside<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>, before: bool) -> BifResult<'p> {
    let table = find(cx, id)?;
    let keypos = table.keypos();
    let key = table.beside(cx.pid(), key, before, |o| cx.heap().copy(o.key(keypos))).or_stop(cx)?;
    Ok(key.unwrap_or(end_of_table()))
}

fn first_lookup<'p>(cx: &Cx<'p>, id: Term<'p>) -> BifResult<'p> {
    let key = end(cx, id, false)?;
    with_objects(cx, id, key)
}

fn last_lookup<'p>(cx: &Cx<'p>, id: Term<'p>) -> BifResult<'p> {
    let key = end(cx, id, true)?;
    with_objects(cx, id, key)
}

fn next_lookup<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    let key = beside(cx, id, key, false)?;
    with_objects(cx, id, key)
}

fn prev_lookup<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    let key = beside(cx, id, key, true)?;
    with_objects(cx, id, key)
}

/// `{Key, Objects}`
fn with_objects<'p>(cx: &Cx<'p>, id: Term<'p>, key: Term<'p>) -> BifResult<'p> {
    if key.is_same(end_of_table()) {
        return Ok(key);
    }
    let objects = lookup(cx, id, key)?;
    Ok(cx.heap().tuple(&[key, objects]))
}

fn slot<'p>(cx: &Cx<'p>, id: Term<'p>, n: Term<'p>) -> BifResult<'p> {
    let table = find_for(cx, id, Need::Read)?;
    let n = cx.need(n.as_usize())?;
    let objects = table.slot(cx.pid(), n, cx.heap()).or_stop(cx)?;
    Ok(objects.unwrap_or(end_of_table()))
}

fn internal_delete_all<'p>(cx: &Cx<'p>, id: Term<'p>, _: Term<'p>) -> BifResult<'p> {
    let n = find(cx, id)?.delete_all(cx.pid()).or_stop(cx)?;
    cx.bump(n / 100);
    Ok(cx.heap().uint(n as u64))
}
