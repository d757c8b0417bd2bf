//! Traversals with match specifications: `match`, `select` and their kin [erl_db_hash.c:
//! match_traverse, erl_db_tree.c: db_select_*].
//!
//! A traversal looks at some thousand objects in one turn at most, then yields. A hash table is fixed
//! meanwhile. Where the specification binds the key, only that key is looked at; where it binds the
//! beginning of the key of an ordered table, only that range.
//!
//! Chunked results have the continuations of ERTS:
//! `{Tid, Bucket, ChunkSize, Program, Rest, RestLength}` for hash tables (`-1`: no bucket is left), and
//! `{Tid, LastKey, KeyPattern, ChunkSize, Program, [], Reverse, 0}` for ordered ones (`[]`: any key).

use super::common::{Error, Need, Verdict};
use super::fix::FixGuard;
use super::object::Object;
use super::table::{Store, Table, Type};
use super::tree::Range;
use crate::bif::{BifResult, Cx, Held};
use crate::match_spec::{self, Failure, Machine, Program};
use crate::stop::{Resume, Stop};
use core::cell::Cell;
use std::sync::Arc;
use term::atom::am;
use term::shared::{Magic, MagicHandle};
use term::{Term, View, atom};

/// What is done with the objects.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Job {
    /// `chunk`: 0 for all at once.
    Select {
        reverse: bool,
        chunk: usize,
    },
    Count,
    Delete,
    Replace,
}

/// Objects looked at in one turn: at least and at most.
const TURN: (i64, i64) = (100, 4000);

/// What is left to look at. `T`: how terms are held.
enum Rest<T> {
    Buckets {
        next: usize,
    },
    /// Only these.
    These(Vec<usize>),
    /// Keys of an ordered table: one key, or those that a pattern could match.
    Key(T),
    Keys {
        beyond: Option<T>,
        pattern: Option<T>,
    },
    Nothing,
}

impl<T: Copy> Rest<T> {
    fn map<U>(&self, f: impl Fn(T) -> U) -> Rest<U> {
        match self {
            Rest::Buckets { next } => Rest::Buckets { next: *next },
            Rest::These(b) => Rest::These(b.clone()),
            Rest::Key(k) => Rest::Key(f(*k)),
            Rest::Keys { beyond, pattern } => {
                Rest::Keys { beyond: beyond.map(&f), pattern: pattern.map(&f) }
            }
            Rest::Nothing => Rest::Nothing,
        }
    }
}

/// A traversal: with `Term<'p>` during a turn, with `Held` between two.
struct Traversal<T> {
    table: Arc<Table>,
    program: MagicHandle,
    /// The program's reference, once there is one.
    program_ref: Option<T>,
    id: T,
    job: Job,
    rest: Rest<T>,
    got: usize,
    /// Results so far, the newest first.
    list: T,
    /// Continued, by the caller or after a yield.
    continued: bool,
    fix: Option<FixGuard>,
}

/// How a turn over the table ended.
enum Turn<'p> {
    /// Everything was seen.
    End,
    /// Go on at this bucket.
    Bucket(usize),
    /// Go on beyond this key.
    Key(Term<'p>),
}

/// Starts a traversal of the table that `id` identifies.
pub fn start<'p>(cx: &Cx<'p>, id: Term<'p>, spec: Term<'p>, job: Job) -> BifResult<'p> {
    let table = cx.vm().ets.find(id).map_err(|e| e.stop(cx))?;
    let need = need(job);
    table.pass(cx.pid(), need).check().map_err(|e| e.stop(cx))?;
    if job == Job::Replace && table.options.kind == Type::Bag {
        return Err(Error::TableType.stop(cx));
    }
    if spec.is_nil() {
        // No clause: nothing matches.
        return Ok(match job {
            Job::Select { chunk: 0, .. } => Term::nil(),
            Job::Select { .. } => atom!("$end_of_table").into(),
            _ => Term::small(0),
        });
    }
    let clauses = clauses(spec).ok_or_else(|| cx.badarg())?;
    if job == Job::Replace && !clauses.iter().all(|c| keeps_key(table.keypos(), *c)) {
        return Err(cx.badarg());
    }
    let program = Program::for_table(cx.vm(), spec).map_err(|e| match e {
        Failure::BadArg => cx.badarg(),
        Failure::SystemLimit => cx.system_limit(),
    })?;
    let rest = plan(&table, &clauses);
    let t = Traversal {
        table: table.clone(),
        program: Magic::handle(program),
        program_ref: None,
        id,
        job,
        rest,
        got: 0,
        list: Term::nil(),
        continued: false,
        fix: None,
    };
    t.go(cx)
}

fn need(job: Job) -> Need {
    match job {
        Job::Select { .. } | Job::Count => Need::Read,
        Job::Delete | Job::Replace => Need::Write,
    }
}

/// Goes on with a continuation that a chunked select returned.
pub fn resume<'p>(cx: &Cx<'p>, continuation: Term<'p>) -> BifResult<'p> {
    let eot = atom!("$end_of_table");
    if continuation.is_atom_of(eot) {
        return Ok(continuation);
    }
    let tuple = cx.need(continuation.as_tuple())?;
    let id = *cx.need(tuple.elements().first())?;
    let table = cx.vm().ets.find(id).map_err(|e| e.stop(cx))?;
    table.pass(cx.pid(), Need::Read).check().map_err(|e| e.stop(cx))?;
    let (chunk, program, list, got, reverse, rest) = match (&table.store, tuple.elements()) {
        (Store::Hash(_), &[_, bucket, chunk, program, list, got]) => {
            let rest = match cx.need(bucket.as_small())? {
                n if n < 0 => Rest::Nothing,
                n => Rest::Buckets { next: n as usize },
            };
            (chunk, program, list, cx.need(got.as_usize())?, false, rest)
        }
        (Store::Tree(_), &[_, key, pattern, chunk, program, list, reverse, got]) => {
            let pattern = if pattern.is_nil() { None } else { Some(pattern) };
            let rest = Rest::Keys { beyond: Some(key), pattern };
            let reverse = cx.need(reverse.as_small())? != 0;
            (chunk, program, list, cx.need(got.as_usize())?, reverse, rest)
        }
        _ => return Err(cx.badarg()),
    };
    let chunk = cx.need(chunk.as_usize())?;
    let handle = cx.need(program.as_reference().and_then(|r| r.magic()))?;
    if handle.downcast::<Program>().is_none() || list.list_len() != Some(got) {
        return Err(cx.badarg());
    }
    let t = Traversal {
        table: table.clone(),
        program: handle,
        program_ref: Some(program),
        id,
        job: Job::Select { reverse, chunk },
        rest,
        got,
        list,
        continued: true,
        fix: None,
    };
    t.go(cx)
}

/// Heads, guards and bodies.
type Clause<'p> = [Term<'p>; 3];

fn clauses(spec: Term<'_>) -> Option<Vec<Clause<'_>>> {
    spec.to_vec()?.into_iter().map(|c| c.as_tuple_of::<3>()).collect()
}

/// Which part of the table can match at all.
fn plan<'p>(table: &Table, clauses: &[Clause<'p>]) -> Rest<Term<'p>> {
    let keypos = table.keypos();
    // Key patterns of the clauses that can match at all; `None`: any key.
    let mut keys: Vec<Option<Term<'p>>> = Vec::new();
    for [head, ..] in clauses {
        if match_spec::is_wildcard(*head) {
            keys.push(None);
        } else if let Some(k) = head.as_tuple().and_then(|t| t.elements().get(keypos - 1)) {
            keys.push(if match_spec::is_wildcard(*k) { None } else { Some(*k) });
        }
    }
    match &table.store {
        Store::Hash(h) => {
            let mut these = Vec::new();
            for k in keys {
                match k {
                    Some(k) if match_spec::is_ground(k) => {
                        let b = h.bucket_of_key(k);
                        if !these.contains(&b) {
                            these.push(b);
                        }
                    }
                    _ => return Rest::Buckets { next: 0 },
                }
            }
            if these.is_empty() { Rest::Nothing } else { Rest::These(these) }
        }
        Store::Tree(_) => match keys[..] {
            [] => Rest::Nothing,
            [Some(k)] if match_spec::is_ground(k) && !match_spec::has_map(k) => Rest::Key(k),
            [Some(k)] => Rest::Keys { beyond: None, pattern: Some(k) },
            _ => Rest::Keys { beyond: None, pattern: None },
        },
    }
}

impl Resume for Traversal<Held> {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let t = Traversal {
            table: self.table,
            program: self.program,
            program_ref: self.program_ref.map(|h| cx.get(h)),
            id: cx.get(self.id),
            job: self.job,
            rest: self.rest.map(|h| cx.get(h)),
            got: self.got,
            list: cx.get(self.list),
            continued: true,
            fix: self.fix,
        };
        cx.release_held();
        t.go(cx)
    }
}

impl<'p> Traversal<Term<'p>> {
    fn go(mut self, cx: &Cx<'p>) -> BifResult<'p> {
        let limit = cx.reductions_left().clamp(TURN.0, TURN.1) as usize;
        let seen = Cell::new(0);
        let end = self.turn(cx, limit, &seen).map_err(|e| e.stop(cx))?;
        cx.bump(seen.get());
        let chunk = match self.job {
            Job::Select { chunk, .. } => chunk,
            _ => 0,
        };
        let full = chunk > 0 && self.got >= chunk;
        self.rest = match end {
            Turn::End => Rest::Nothing,
            Turn::Bucket(next) => Rest::Buckets { next },
            Turn::Key(k) => {
                let pattern = match self.rest {
                    Rest::Keys { pattern, .. } => pattern,
                    _ => None,
                };
                Rest::Keys { beyond: Some(k), pattern }
            }
        };
        if !full && !matches!(self.rest, Rest::Nothing) {
            if self.fix.is_none() && !self.table.is_ordered() {
                self.fix = Some(FixGuard::new(cx.vm(), &self.table, cx.pid()));
            }
            return Err(self.pause(cx));
        }
        match self.job {
            Job::Select { reverse, chunk } => self.result(cx, reverse, chunk),
            _ => Ok(cx.heap().uint(self.got as u64)),
        }
    }

    fn pause(self, cx: &Cx<'p>) -> Stop {
        cx.yield_to(Traversal {
            table: self.table,
            program: self.program,
            program_ref: self.program_ref.map(|t| cx.hold(t)),
            id: cx.hold(self.id),
            job: self.job,
            rest: self.rest.map(|t| cx.hold(t)),
            got: self.got,
            list: cx.hold(self.list),
            continued: true,
            fix: self.fix,
        })
    }

    /// Looks at up to about `limit` objects.
    fn turn(&mut self, cx: &Cx<'p>, limit: usize, seen: &Cell<usize>) -> Result<Turn<'p>, Error> {
        let table = self.table.clone();
        let handle = self.program.clone();
        let program = handle.downcast::<Program>().ok_or(Error::BadArg)?;
        let pass = table.pass(cx.pid(), need(self.job));
        let heap = cx.heap();
        let keypos = table.keypos();
        let mut machine = Machine::new();
        let got = Cell::new(self.got);
        let list = Cell::new(self.list);
        let (reverse, chunk) = match self.job {
            Job::Select { reverse, chunk } => (reverse, chunk),
            _ => (false, 0),
        };
        let full = || chunk > 0 && got.get() >= chunk;
        let enough = || full() || seen.get() >= limit;

        // What is done with one object, for reading and for writing jobs.
        let look = |o: &Object, machine: &mut Machine| {
            seen.set(seen.get() + 1);
            let open = o.open();
            if self.job == Job::Count {
                got.set(got.get() + machine.is_true(program, cx, open.term()) as usize);
            } else if let Some(r) = machine.result(program, cx, open.term()) {
                list.set(heap.cons(r, list.get()));
                got.set(got.get() + 1);
            }
        };
        let change = |o: &Object, machine: &mut Machine| {
            seen.set(seen.get() + 1);
            let open = o.open();
            let verdict = if self.job == Job::Delete {
                match machine.is_true(program, cx, open.term()) {
                    true => Verdict::Delete,
                    false => Verdict::Keep,
                }
            } else {
                let new = machine.look(program, cx, open.term(), |r| {
                    // The check of the specification promises the key; nothing breaks if it errs.
                    let t = r.as_tuple()?;
                    let key = t.elements().get(keypos - 1)?;
                    term::compare::eq_exact(*key, o.key(keypos)).then(|| table.object(t))
                });
                new.flatten().map_or(Verdict::Keep, Verdict::Replace)
            };
            if !matches!(verdict, Verdict::Keep) {
                got.set(got.get() + 1);
            }
            verdict
        };
        let writes = need(self.job) == Need::Write;
        let mine = self.fix.is_some() as usize;

        let end = match (&table.store, &mut self.rest) {
            (_, Rest::Nothing) => Turn::End,
            // A continuation may hold enough results already.
            (Store::Hash(_), Rest::Buckets { next }) if full() => Turn::Bucket(*next),
            (Store::Hash(h), Rest::Buckets { next }) => {
                let next = if writes {
                    h.scan_mut(pass, *next, false, mine, |o| change(o, &mut machine), enough)?
                } else {
                    h.scan(pass, *next, false, |o| look(o, &mut machine), enough)?
                };
                next.map_or(Turn::End, Turn::Bucket)
            }
            (Store::Hash(h), Rest::These(buckets)) => {
                for &b in buckets.iter() {
                    if writes {
                        h.scan_mut(pass, b, true, mine, |o| change(o, &mut machine), enough)?;
                    } else {
                        h.scan(pass, b, true, |o| look(o, &mut machine), enough)?;
                    }
                }
                Turn::End
            }
            (Store::Tree(t), Rest::Key(key)) => {
                let key = *key;
                if writes {
                    // The one key, as a range of its own.
                    let range = Range { beyond: None, pattern: Some(key), backward: false };
                    t.scan_mut(pass, range, |o| (change(o, &mut machine), true))?;
                } else {
                    t.with_key(pass, key, |o| o.map(|o| look(o, &mut machine)))?;
                }
                Turn::End
            }
            (Store::Tree(t), Rest::Keys { beyond, pattern }) => {
                // Lists are built from their end, chunks in the order they are met.
                let backward = match self.job {
                    Job::Select { chunk: 0, .. } => !reverse,
                    Job::Select { .. } => reverse,
                    _ => true,
                };
                let range = Range { beyond: *beyond, pattern: *pattern, backward };
                let mut last = Term::nil();
                let mut stop = |o: &Object| {
                    if enough() {
                        last = heap.copy(o.key(keypos));
                    }
                    !enough()
                };
                let all = if writes {
                    t.scan_mut(pass, range, |o| {
                        let verdict = change(o, &mut machine);
                        (verdict, stop(o))
                    })?
                } else {
                    t.scan(pass, range, |o| {
                        look(o, &mut machine);
                        stop(o)
                    })?
                };
                if all { Turn::End } else { Turn::Key(last) }
            }
            _ => return Err(Error::BadArg),
        };
        self.got = got.get();
        self.list = list.get();
        Ok(end)
    }

    /// The result of a select that has seen enough.
    fn result(self, cx: &Cx<'p>, reverse: bool, chunk: usize) -> BifResult<'p> {
        let heap = cx.heap();
        let mut list = self.list;
        let eot = Term::atom(atom!("$end_of_table"));
        if chunk == 0 {
            return Ok(list);
        }
        let tid = match self.id {
            t if t.as_atom().is_some() => self.table.reference(heap),
            t => t,
        };
        let program = |p: Option<Term<'p>>| match p {
            Some(p) => p,
            None => {
                let (n0, n1) = crate::refs::next();
                heap.magic_reference(n0, n1, self.program.clone())
            }
        };
        let small = |n: usize| heap.uint(n as u64);
        if self.table.is_ordered() {
            if list.is_nil() {
                return Ok(eot);
            }
            let found = list.iter_list().fold(Term::nil(), |t, h| heap.cons(h, t));
            let Rest::Keys { beyond: Some(key), pattern } = self.rest else {
                return Ok(heap.tuple(&[found, eot]));
            };
            let pattern = pattern.unwrap_or(Term::nil());
            let next = heap.tuple(&[
                tid,
                key,
                pattern,
                small(chunk),
                program(self.program_ref),
                Term::nil(),
                small(reverse as usize),
                small(0),
            ]);
            return Ok(heap.tuple(&[found, next]));
        }
        // Buckets are looked at as a whole, so there may be more than one chunk. The surplus is the
        // head of the list; its order follows ERTS.
        let surplus = self.got.saturating_sub(chunk);
        let mut rest: Vec<Term<'p>> = Vec::with_capacity(surplus);
        while rest.len() < surplus {
            let Some(c) = list.as_cons() else { break };
            rest.push(c.head());
            list = c.tail();
        }
        if self.continued {
            rest.reverse();
        }
        let bucket = match self.rest {
            Rest::Buckets { next } => Term::small(next as i64),
            _ => Term::small(-1),
        };
        if !rest.is_empty() || bucket.as_small() != Some(-1) {
            let next = heap.tuple(&[
                tid,
                bucket,
                small(chunk),
                program(self.program_ref),
                heap.list(&rest),
                small(rest.len()),
            ]);
            return Ok(heap.tuple(&[list, next]));
        }
        if list.is_nil() { Ok(eot) } else { Ok(heap.tuple(&[list, eot])) }
    }
}

fn key_of<'p>(keypos: usize, t: Term<'p>) -> Option<Term<'p>> {
    t.as_tuple()?.elements().get(keypos - 1).copied()
}

/// Whether the body of a clause returns an object with the key of the one that the head matched
/// [db_match_keeps_key].
fn keeps_key(keypos: usize, [head, _, body]: Clause<'_>) -> bool {
    let Some([single]) = body.to_vec().and_then(|v| <[Term<'_>; 1]>::try_from(v).ok()) else {
        return false;
    };
    if single.is_atom_of(atom!("$_")) {
        return true;
    }
    let Some(key) = key_of(keypos, head) else { return false };
    let (made, constant) = match single.as_tuple().map(|t| t.elements()) {
        Some([c, t]) if c.is_atom_of(atom!("const")) => (*t, true),
        Some([t]) => (*t, false),
        _ => return false,
    };
    let Some(new) = key_of(keypos, made) else { return false };
    if builds_same(key, new, constant) {
        return true;
    }
    // `{element, KeyPos, '$_'}`
    !constant
        && new.as_tuple_of::<3>().is_some_and(|[f, n, whole]| {
            f.is_atom_of(atom!("element"))
                && whole.is_atom_of(atom!("$_"))
                && n.as_usize() == Some(keypos)
        })
}

/// Whether an expression always builds the term that the pattern matched [db_match_eq_body].
fn builds_same(pattern: Term<'_>, expr: Term<'_>, constant: bool) -> bool {
    let mut work = vec![(pattern, expr, constant)];
    while let Some((p, e, constant)) = work.pop() {
        match e.view() {
            View::Cons(c) => {
                let Some(pc) = p.as_cons() else { return false };
                work.push((pc.tail(), c.tail(), constant));
                work.push((pc.head(), c.head(), constant));
            }
            View::Tuple(t) => {
                let inner = match t.elements() {
                    _ if constant => t,
                    [x] if x.as_tuple().is_some() => match x.as_tuple() {
                        Some(x) => x,
                        None => return false,
                    },
                    [c, x] if c.is_atom_of(atom!("const")) => {
                        work.push((p, *x, true));
                        continue;
                    }
                    _ => return false,
                };
                let Some(pt) = p.as_tuple().filter(|x| x.arity() == inner.arity()) else {
                    return false;
                };
                work.extend(pt.iter().zip(inner.iter()).map(|(p, e)| (p, e, constant)));
            }
            // A matched map may hold more than its pattern.
            View::Map(_) => return false,
            View::Atom(a) => {
                let special = a == am::UNDERSCORE || a == atom!("$_") || a == atom!("$$");
                if special || !p.is_same(e) || (constant && match_spec::is_variable(a)) {
                    return false;
                }
            }
            _ => {
                if !term::compare::eq_exact(p, e) {
                    return false;
                }
            }
        }
    }
    true
}
