//! ETS: tables of tuples outside of processes [erl_db.c].
//!
//! * [`Registry`]: which tables there are, by reference and by name; which process owns and fixes which.
//! * [`Table`]: one table, over a [hash table](hash) or a [B-tree](tree).
//! * [`select`]: traversals with match specifications, which yield.
//!
//! Objects are exact copies with memory of their own; natives copy them to and from process heaps while
//! they hold the table's lock. Natives cannot collect, so a lock is never held for long on that account.
//!
//! Order of locks: registry, fixers of a table, the registry's lists of processes; the lock of a
//! table's contents is taken alone or before none of them.

mod common;
mod compressed;
mod fix;
pub mod hash;
mod object;
pub mod select;
mod table;
#[cfg(test)]
mod tests;
pub mod tree;

pub use common::{Common, Error, Need, Pass, Protection, Verdict, set_super_user};
pub use fix::{FixGuard, Fixers};
pub use object::Object;
pub use table::{Heir, Options, Table, Tid, Type, WriteConcurrency};
pub use tree::Forced;

use crate::vm::Vm;
use core::ops::Deref;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, PoisonError, RwLock};
use term::quick::QuickMap;
use term::{Atom, OwnedTerm, Term, View, atom};

const SHARDS: usize = 16;

/// Tables of one process.
#[derive(Default)]
struct Tables {
    /// Oldest first.
    owned: Vec<Arc<Table>>,
    fixed: Vec<Arc<Table>>,
}

type ById = QuickMap<(u64, u64), (u64, Arc<Table>)>;

/// All tables of the VM.
pub struct Registry {
    names: RwLock<QuickMap<Atom, Arc<Table>>>,
    /// By reference, with a number that tells the order of creation.
    tables: [Mutex<ById>; SHARDS],
    processes: [Mutex<QuickMap<u64, Tables>>; SHARDS],
    created: AtomicU64,
}

/// A table that was looked up: from a reference, borrowed for as long as the term lives.
pub enum Found<'p> {
    Borrowed(&'p Arc<Table>),
    Counted(Arc<Table>),
}

impl Deref for Found<'_> {
    type Target = Arc<Table>;
    fn deref(&self) -> &Arc<Table> {
        match self {
            Found::Borrowed(t) => t,
            Found::Counted(t) => t,
        }
    }
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(PoisonError::into_inner)
}

impl Default for Registry {
    fn default() -> Registry {
        Registry::new()
    }
}

impl Registry {
    pub fn new() -> Registry {
        Registry {
            names: RwLock::default(),
            tables: Default::default(),
            processes: Default::default(),
            created: AtomicU64::new(0),
        }
    }
    fn by_id(&self, id: (u64, u64)) -> MutexGuard<'_, ById> {
        lock(&self.tables[(id.0 ^ id.0 >> 32) as usize % SHARDS])
    }
    fn process(&self, pid: u64) -> MutexGuard<'_, QuickMap<u64, Tables>> {
        lock(&self.processes[pid as usize % SHARDS])
    }

    /// The table that a term identifies.
    /// # Errors
    /// `Type` if it cannot, `Id` if there is none.
    pub fn find<'p>(&self, id: Term<'p>) -> Result<Found<'p>, Error> {
        match id.view() {
            View::Atom(name) => {
                let names = self.names.read().unwrap_or_else(PoisonError::into_inner);
                names.get(&name).cloned().map(Found::Counted).ok_or(Error::Id)
            }
            View::Ref(r) => {
                if let Some(magic) = r.magic_ref() {
                    let Tid(table) = magic.downcast::<Tid>().ok_or(Error::Type)?;
                    return match table.common.is_deleted() {
                        true => Err(Error::Id),
                        false => Ok(Found::Borrowed(table)),
                    };
                }
                // A reference that went through the external format.
                let id = r.local_id().ok_or(Error::Type)?;
                match self.by_id(id).get(&id) {
                    Some((_, t)) => Ok(Found::Counted(t.clone())),
                    None => Err(Error::Type),
                }
            }
            _ => Err(Error::Type),
        }
    }

    /// Makes a table, whose reference has these numbers.
    /// # Errors
    /// `AlreadyExists` if it is to have a name that is taken.
    pub fn create(
        &self,
        id: (u64, u64),
        name: Atom,
        options: Options,
        owner: u64,
        heir: Option<Heir>,
    ) -> Result<Arc<Table>, Error> {
        let table = Arc::new(Table::new(options, id, name, owner, heir));
        if table.options.named {
            let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
            if names.contains_key(&name) {
                return Err(Error::AlreadyExists);
            }
            names.insert(name, table.clone());
        }
        let n = self.created.fetch_add(1, Ordering::Relaxed);
        self.by_id(id).insert(id, (n, table.clone()));
        self.process(owner).entry(owner).or_default().owned.push(table.clone());
        Ok(table)
    }

    /// Gives a table a name; for a named one instead of its name.
    /// # Errors
    /// `BadArg` if the name is taken.
    pub fn rename(&self, table: &Table, pid: u64, name: Atom) -> Result<(), Error> {
        let mut names = self.names.write().unwrap_or_else(PoisonError::into_inner);
        table.pass(pid, Need::Write).check()?;
        if table.options.named {
            if names.contains_key(&name) {
                return Err(Error::BadArg);
            }
            if let Some(t) = names.remove(&table.name()) {
                names.insert(name, t);
            }
        }
        table.set_name(name);
        Ok(())
    }

    /// Deletes a table.
    /// # Errors
    /// `Id` if it was deleted already.
    pub fn delete(&self, vm: &Vm, table: &Arc<Table>) -> Result<(), Error> {
        {
            // Both at once: who is told that the table is gone finds no name of it.
            let named = table.options.named;
            let names = named.then(|| self.names.write().unwrap_or_else(PoisonError::into_inner));
            if !table.common.mark_deleted() {
                return Err(Error::Id);
            }
            if let Some(mut names) = names {
                names.remove(&table.name());
            }
        }
        self.by_id(table.id).remove(&table.id);
        let owner = table.common.owner();
        self.disown(owner, table);
        table.set_heir(None);
        table.drop_fixations(vm);
        let pass = table.pass(owner, Need::Info);
        table.clear(pass, true)?;
        Ok(())
    }

    fn disown(&self, pid: u64, table: &Arc<Table>) {
        let mut processes = self.process(pid);
        if let Some(t) = processes.get_mut(&pid) {
            t.owned.retain(|t| !Arc::ptr_eq(t, table));
            if t.owned.is_empty() && t.fixed.is_empty() {
                processes.remove(&pid);
            }
        }
    }
    fn note_fixed(&self, pid: u64, table: &Arc<Table>) {
        self.process(pid).entry(pid).or_default().fixed.push(table.clone());
    }
    fn forget_fixed(&self, pid: u64, table: &Arc<Table>) {
        let mut processes = self.process(pid);
        if let Some(t) = processes.get_mut(&pid) {
            t.fixed.retain(|t| !Arc::ptr_eq(t, table));
            if t.owned.is_empty() && t.fixed.is_empty() {
                processes.remove(&pid);
            }
        }
    }

    /// Makes another process the owner and tells it. `false`: there is no such process.
    pub fn transfer(&self, vm: &'static Vm, table: &Arc<Table>, to: u64, data: &OwnedTerm) -> bool {
        if !alive(vm, to) {
            return false;
        }
        let from = table.common.owner();
        self.disown(from, table);
        table.common.set_owner(to);
        self.process(to).entry(to).or_default().owned.push(table.clone());
        let message = OwnedTerm::build(|heap| {
            let data = heap.copy(data.term());
            let id = table.identifier(heap);
            heap.tuple(&[Term::atom(atom!("ETS-TRANSFER")), id, Term::local_pid(from), data])
        });
        send(vm, from, to, message);
        if !alive(vm, to) {
            // It ended meanwhile, perhaps without having seen this table.
            self.process_exits(vm, to);
        }
        true
    }

    /// A process ends: its tables go to their heirs or end too, its fixations end. To be called once
    /// the process is marked as exiting.
    pub fn process_exits(&self, vm: &'static Vm, pid: u64) {
        let Some(tables) = self.process(pid).remove(&pid) else { return };
        set_super_user(pid, false);
        for table in tables.fixed {
            table.unfix(vm, pid, true);
        }
        for table in tables.owned {
            if table.common.owner() != pid || table.common.is_deleted() {
                continue;
            }
            let inherited = match table.take_heir() {
                Some(heir) if heir.pid != pid => {
                    let ok = self.transfer(vm, &table, heir.pid, &heir.data);
                    if ok {
                        // The heir stays set, as in the reference.
                        table.set_heir(Some(heir));
                    }
                    ok
                }
                _ => false,
            };
            if !inherited {
                let _ = self.delete(vm, &table);
            }
        }
    }

    /// All tables, oldest first.
    pub fn all(&self) -> Vec<Arc<Table>> {
        let mut all: Vec<(u64, Arc<Table>)> = self
            .tables
            .iter()
            .flat_map(|m| lock(m).values().cloned().collect::<Vec<_>>())
            .collect();
        all.sort_by_key(|(n, _)| *n);
        all.into_iter().map(|(_, t)| t).collect()
    }
    /// Sends a process as many messages `{Ref, Tables}` as there are schedulers, as ERTS does, where
    /// each tells its own. `reference`: the numbers of `Ref`.
    pub fn send_all(&self, vm: &'static Vm, to: u64, reference: (u64, u64)) {
        for i in 0..vm.config.schedulers.max(1) {
            let message = OwnedTerm::build(|heap| {
                let tables = if i == 0 { self.all() } else { Vec::new() };
                let ids: Vec<Term<'_>> = tables.iter().map(|t| t.identifier(heap)).collect();
                heap.tuple(&[heap.reference(reference.0, reference.1), heap.list(&ids)])
            });
            send(vm, to, to, message);
        }
    }
    /// How many tables there are.
    pub fn count(&self) -> usize {
        self.tables.iter().map(|m| lock(m).len()).sum()
    }
    /// Words that all tables take (`erlang:memory(ets)`).
    pub fn memory_words(&self) -> usize {
        self.all().iter().map(|t| t.memory()).sum()
    }
}

/// Sends a message, from whoever gives a table away.
fn send(vm: &'static Vm, from: u64, to: u64, message: OwnedTerm) {
    vm.send_message(crate::signal::Sender::Process(from), to, message);
}

/// Whether a process can own a table.
pub fn alive(vm: &Vm, pid: u64) -> bool {
    vm.processes.lookup(pid).is_some_and(|p| !p.state.has(crate::process::state::EXITING))
}
