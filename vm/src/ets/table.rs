//! A table: what natives do with it, whatever its type.

use super::common::{Common, Error, Need, Pass, Protection};
use super::fix::Fixers;
use super::hash::{Hash, Key, Kind, SHARDS};
use super::object::Object;
use super::tree::{Forced, Range, Tree};
use core::sync::atomic::{AtomicU32, Ordering};
use std::sync::{Arc, Mutex, MutexGuard};
use term::atom::am;
use term::shared::Magic;
use term::{Atom, Heap, OwnedTerm, Term, Tuple};

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Type {
    Set,
    Bag,
    DuplicateBag,
    OrderedSet,
}

impl Type {
    pub fn atom(self) -> Atom {
        match self {
            Type::Set => am::SET,
            Type::Bag => am::BAG,
            Type::DuplicateBag => am::DUPLICATE_BAG,
            Type::OrderedSet => am::ORDERED_SET,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum WriteConcurrency {
    Off,
    On,
    Auto,
    /// As many locks: a power of two, at least [`SHARDS`](super::hash::SHARDS).
    Locks(usize),
}

/// What `ets:new/2` decides.
#[derive(Clone)]
pub struct Options {
    pub kind: Type,
    pub protection: Protection,
    pub named: bool,
    /// From 1.
    pub keypos: usize,
    pub write_concurrency: WriteConcurrency,
    pub read_concurrency: bool,
    pub decentralized_counters: bool,
    /// Elements of objects are stored as bytes.
    pub compressed: bool,
}

/// Who gets the table when its owner ends, and what is told along with it.
pub struct Heir {
    pub pid: u64,
    pub data: OwnedTerm,
}

pub(super) enum Store {
    Hash(Hash),
    Tree(Tree),
}

pub struct Table {
    pub options: Options,
    /// Numbers of its reference.
    pub id: (u64, u64),
    name: AtomicU32,
    pub common: Common,
    pub(super) store: Store,
    pub(super) fixers: Mutex<Fixers>,
    heir: Mutex<Option<Heir>>,
}

/// What a table identifier refers to.
pub struct Tid(pub Arc<Table>);

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(|e| e.into_inner())
}

/// Copies of objects that come newest first, in the order in which they were stored.
fn list_of<'p>(heap: &'p Heap, objects: &mut dyn Iterator<Item = &Object>) -> Term<'p> {
    objects.fold(Term::nil(), |tail, o| heap.cons(o.copy(heap), tail))
}

impl Table {
    pub(super) fn new(
        options: Options,
        id: (u64, u64),
        name: Atom,
        owner: u64,
        heir: Option<Heir>,
    ) -> Table {
        let shards = match options.write_concurrency {
            WriteConcurrency::Off => 1,
            WriteConcurrency::Locks(n) => n,
            _ => SHARDS,
        };
        let hash = |kind| Store::Hash(Hash::new(kind, options.keypos, shards));
        let store = match options.kind {
            Type::Set => hash(Kind::Set),
            Type::Bag => hash(Kind::Bag),
            Type::DuplicateBag => hash(Kind::DuplicateBag),
            Type::OrderedSet => {
                let split = options.write_concurrency != WriteConcurrency::Off;
                Store::Tree(Tree::new(options.keypos, split))
            }
        };
        Table {
            common: Common::new(options.protection, owner),
            options,
            id,
            name: AtomicU32::new(name.0),
            store,
            fixers: Mutex::default(),
            heir: Mutex::new(heir),
        }
    }
    pub fn name(&self) -> Atom {
        Atom(self.name.load(Ordering::Acquire))
    }
    pub(super) fn set_name(&self, a: Atom) {
        self.name.store(a.0, Ordering::Release);
    }
    pub fn keypos(&self) -> usize {
        self.options.keypos
    }
    pub fn is_ordered(&self) -> bool {
        self.options.kind == Type::OrderedSet
    }
    /// One object for a key.
    pub fn is_set(&self) -> bool {
        matches!(self.options.kind, Type::Set | Type::OrderedSet)
    }
    pub fn pass(&self, pid: u64, need: Need) -> Pass<'_> {
        Pass { common: &self.common, pid, need }
    }
    /// The table's reference.
    pub fn reference<'h>(self: &Arc<Table>, heap: &'h Heap) -> Term<'h> {
        heap.magic_reference(self.id.0, self.id.1, Magic::handle(Tid(self.clone())))
    }
    /// Name or reference, as `ets:new/2` returned it.
    pub fn identifier<'h>(self: &Arc<Table>, heap: &'h Heap) -> Term<'h> {
        if self.options.named { Term::atom(self.name()) } else { self.reference(heap) }
    }
    /// Whether this tuple can be stored here.
    pub fn accepts(&self, t: Tuple<'_>) -> bool {
        t.arity() >= self.keypos()
    }

    pub fn lookup<'p>(&self, pid: u64, key: Term<'_>, heap: &'p Heap) -> Result<Term<'p>, Error> {
        let pass = self.pass(pid, Need::Read);
        match &self.store {
            Store::Hash(h) => h.with_key(pass, Key::new(key), |objects| list_of(heap, objects)),
            Store::Tree(t) => t.with_key(pass, key, |o| list_of(heap, &mut o.into_iter())),
        }
    }
    /// The shared binaries in the objects of a key, pseudo-deleted ones too: identity, bytes, references to it.
    pub fn binaries(&self, pid: u64, key: Term<'_>) -> Result<Vec<(u64, usize, usize)>, Error> {
        let pass = self.pass(pid, Need::Read);
        match &self.store {
            Store::Hash(h) => h.with_all(pass, Key::new(key), |objects| {
                objects.flat_map(|o| o.binaries()).collect()
            }),
            Store::Tree(t) => t.with_key(pass, key, |o| o.map_or(Vec::new(), |o| o.binaries())),
        }
    }
    pub fn member(&self, pid: u64, key: Term<'_>) -> Result<bool, Error> {
        let pass = self.pass(pid, Need::Read);
        match &self.store {
            Store::Hash(h) => h.with_key(pass, Key::new(key), |objects| objects.next().is_some()),
            Store::Tree(t) => t.with_key(pass, key, |o| o.is_some()),
        }
    }
    /// Element `pos`, from 1, of the object of a key, or of all objects of it as a list.
    /// # Errors
    /// `BadKey` if there is none.
    pub fn lookup_element<'p>(
        &self,
        pid: u64,
        key: Term<'_>,
        pos: usize,
        heap: &'p Heap,
    ) -> Result<Term<'p>, Error> {
        let pass = self.pass(pid, Need::Read);
        let set = self.is_set();
        let get = |objects: &mut dyn Iterator<Item = &Object>| {
            let mut list = None;
            for o in objects {
                let Some(e) = pos.checked_sub(1).and_then(|i| o.element(i, heap)) else {
                    return Err(Error::BadArg);
                };
                if set {
                    return Ok(e);
                }
                list = Some(heap.cons(e, list.unwrap_or(Term::nil())));
            }
            list.ok_or(Error::BadKey)
        };
        match &self.store {
            Store::Hash(h) => h.with_key(pass, Key::new(key), get)?,
            Store::Tree(t) => t.with_key(pass, key, |o| get(&mut o.into_iter()))?,
        }
    }

    /// A tuple as this table stores it.
    #[inline]
    pub fn object(&self, tuple: Tuple<'_>) -> Object {
        match self.options.compressed {
            true => Object::compressed(tuple, self.keypos()),
            false => Object::new(tuple),
        }
    }
    /// `false`: `new_only`, and there is one of its key. The caller checked [`Table::accepts`].
    pub fn insert(&self, pid: u64, object: Object, new_only: bool) -> Result<bool, Error> {
        let pass = self.pass(pid, Need::Write);
        match &self.store {
            Store::Hash(h) => h.insert(pass, object, new_only),
            Store::Tree(t) => t.insert(pass, object, new_only),
        }
    }
    pub fn insert_all(
        &self,
        pid: u64,
        objects: Vec<Object>,
        new_only: bool,
    ) -> Result<bool, Error> {
        let pass = self.pass(pid, Need::Write);
        match &self.store {
            Store::Hash(h) => h.insert_all(pass, objects, new_only),
            Store::Tree(t) => t.insert_all(pass, objects, new_only),
        }
    }
    /// Changes the object of a key in place; see [`Hash::update`].
    pub fn update<R>(
        &self,
        pid: u64,
        key: Term<'_>,
        default: Option<Object>,
        f: impl FnOnce(&mut Object) -> Result<R, Error>,
    ) -> Result<Option<R>, Error> {
        let pass = self.pass(pid, Need::Write);
        match &self.store {
            Store::Hash(h) => h.update(pass, Key::new(key), default, f),
            Store::Tree(t) => t.update(pass, key, default, f),
        }
    }
    pub fn delete(&self, pid: u64, key: Term<'_>) -> Result<(), Error> {
        let pass = self.pass(pid, Need::Write);
        match &self.store {
            Store::Hash(h) => h.delete(pass, Key::new(key), false, |_| true),
            Store::Tree(t) => t.delete(pass, key, |_| true),
        }
    }
    /// The caller checked [`Table::accepts`].
    pub fn delete_object(&self, pid: u64, object: Tuple<'_>) -> Result<(), Error> {
        let pass = self.pass(pid, Need::Write);
        let key = object.get(self.keypos() - 1);
        let term = object.term();
        match &self.store {
            Store::Hash(h) => {
                let mut done = false;
                let all = self.options.kind == Type::DuplicateBag;
                h.delete(pass, Key::new(key), false, |o| {
                    let is = (all || !done) && o.is(term);
                    done |= is;
                    is
                })
            }
            Store::Tree(t) => t.delete_object(pass, term, key),
        }
    }
    /// Deletes the objects of a key and returns them.
    pub fn take<'p>(&self, pid: u64, key: Term<'_>, heap: &'p Heap) -> Result<Term<'p>, Error> {
        let pass = self.pass(pid, Need::Write);
        let mut list = Term::nil();
        let mut out = |o: &Object| {
            list = heap.cons(o.copy(heap), list);
            true
        };
        match &self.store {
            Store::Hash(h) => h.delete(pass, Key::new(key), false, out)?,
            Store::Tree(t) => t.delete(pass, key, &mut out)?,
        }
        Ok(list)
    }
    /// Deletes all objects; how many there were.
    pub fn delete_all(&self, pid: u64) -> Result<usize, Error> {
        self.clear(self.pass(pid, Need::Write), false)
    }
    pub(super) fn clear(&self, pass: Pass<'_>, last: bool) -> Result<usize, Error> {
        match &self.store {
            Store::Hash(h) => h.clear(pass, last),
            Store::Tree(t) => t.clear(pass, last),
        }
    }

    /// Runs `f` on the first or last object.
    pub fn end<R>(
        &self,
        pid: u64,
        last: bool,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        let pass = self.pass(pid, Need::Read);
        match &self.store {
            Store::Hash(h) => h.first(pass, false, f),
            Store::Tree(t) => t.end(pass, last, f),
        }
    }
    /// Runs `f` on the first object, or on the first beyond a key; pseudo-deleted ones count.
    pub fn raw<R>(
        &self,
        pid: u64,
        beyond: Option<Term<'_>>,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        let pass = self.pass(pid, Need::Read);
        match (&self.store, beyond) {
            (Store::Hash(h), None) => h.first(pass, true, f),
            (Store::Hash(h), Some(key)) => h.next(pass, Key::new(key), true, f),
            (Store::Tree(t), None) => t.end(pass, false, f),
            (Store::Tree(t), Some(key)) => t.beside(pass, key, false, f),
        }
    }
    /// Runs `f` on the first object of the next (or previous) key.
    pub fn beside<R>(
        &self,
        pid: u64,
        key: Term<'_>,
        before: bool,
        f: impl FnOnce(&Object) -> R,
    ) -> Result<Option<R>, Error> {
        let pass = self.pass(pid, Need::Read);
        match &self.store {
            Store::Hash(h) => h.next(pass, Key::new(key), false, f),
            Store::Tree(t) => t.beside(pass, key, before, f),
        }
    }
    /// Shows all objects, those too that are as good as deleted, and what the heir is to get.
    pub(crate) fn visit(&self, v: &mut dyn term::visit::Visit) {
        let pass = self.pass(0, Need::Info);
        // A table that has gone meanwhile holds nothing.
        let _ = match &self.store {
            Store::Hash(h) => h.each(pass, |o| o.visit(v)),
            Store::Tree(t) => {
                let all = Range { beyond: None, pattern: None, backward: false };
                let visit = |o: &Object| {
                    o.visit(v);
                    true
                };
                t.scan(pass, all, visit).map(|_| ())
            }
        };
        if let Some(heir) = &*lock(&self.heir) {
            heir.data.visit(v);
        }
    }
    /// The objects of one place, or `None` just past the last.
    pub fn slot<'p>(
        &self,
        pid: u64,
        slot: usize,
        heap: &'p Heap,
    ) -> Result<Option<Term<'p>>, Error> {
        let pass = self.pass(pid, Need::Read);
        match &self.store {
            Store::Hash(h) => h.slot(pass, slot, |objects| list_of(heap, objects)),
            Store::Tree(t) => t.slot(pass, slot, |o| list_of(heap, &mut core::iter::once(o))),
        }
    }

    pub fn len(&self) -> usize {
        match &self.store {
            Store::Hash(h) => h.len(),
            Store::Tree(t) => t.len(),
        }
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
    /// Words of memory, as the reference would count them.
    pub fn memory(&self) -> usize {
        let shared = self.options.protection != Protection::Private;
        let concurrent = self.options.write_concurrency;
        let base = match &self.store {
            Store::Hash(h) => {
                let locks = match concurrent {
                    WriteConcurrency::Off => 0,
                    WriteConcurrency::On => 1056,
                    WriteConcurrency::Auto => 1090,
                    WriteConcurrency::Locks(n) => 66 + n * 16,
                };
                305 + locks + h.segment_words()
            }
            Store::Tree(_) if concurrent == WriteConcurrency::Off => 139,
            Store::Tree(_) if self.options.decentralized_counters => 133,
            Store::Tree(_) => 99,
        };
        let many = concurrent != WriteConcurrency::Off && !self.is_ordered();
        let read = if self.options.read_concurrency && shared && !many { 32 } else { 0 };
        base + read + self.common.words().max(0) as usize
    }
    /// For `ets:info(_, stats)`: buckets in use, lengths of their chains, pseudo-deleted objects and
    /// locks. `None` for ordered tables.
    pub fn chains(&self) -> Option<(Vec<usize>, usize, usize)> {
        match &self.store {
            Store::Hash(h) => {
                let (lengths, kept) = h.chain_lengths();
                Some((lengths, kept, h.shards()))
            }
            Store::Tree(_) => None,
        }
    }

    /// Parts of an ordered table that can be split.
    pub fn parts(&self) -> Option<usize> {
        match &self.store {
            Store::Hash(_) => None,
            Store::Tree(t) => t.parts(),
        }
    }
    /// For tests: has an ordered table split and joined without need. `false`: it has no parts.
    pub fn force(&self, how: Forced) -> bool {
        match &self.store {
            Store::Hash(_) => false,
            Store::Tree(t) => t.force(how),
        }
    }

    pub fn heir_pid(&self) -> Option<u64> {
        lock(&self.heir).as_ref().map(|h| h.pid)
    }
    pub fn set_heir(&self, heir: Option<Heir>) {
        let old = core::mem::replace(&mut *lock(&self.heir), heir);
        drop(old);
    }
    pub(super) fn take_heir(&self) -> Option<Heir> {
        lock(&self.heir).take()
    }
}
