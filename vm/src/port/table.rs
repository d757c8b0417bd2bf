//! The ports of a VM and the drivers they may have.

use super::Port;
use super::children::Reaper;
use super::driver::DriverEntry;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::{
    Arc, Condvar, Mutex, OnceLock, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError,
};
use std::time::{Duration, Instant};
use sys::poll::Poller;
use term::quick::QuickMap;

/// See [`Ports::polling_goes_on`].
pub(crate) struct Gate<'a>(#[expect(dead_code, reason = "held")] RwLockReadGuard<'a, ()>);

/// See the module head.
pub struct Ports {
    table: RwLock<QuickMap<u64, Arc<Port>>>,
    next: AtomicU64,
    limit: usize,
    /// In the order in which they came, as `erl_ddll` tells of them.
    drivers: RwLock<Vec<Arc<DriverEntry>>>,
    pub(super) pollers: OnceLock<Option<Box<[Arc<Poller>]>>>,
    pub(super) reaper: OnceLock<Option<Reaper>>,
    /// Held while ports are told of readiness.
    pub(super) gate: RwLock<()>,
    /// Rung when a port has gone.
    gone: (Mutex<()>, Condvar),
    /// Bytes that all ports have received and sent (`statistics(io)`).
    pub input: AtomicU64,
    pub output: AtomicU64,
}

impl Ports {
    pub(crate) fn new(limit: usize) -> Ports {
        let drivers = super::built_in().into_iter().map(Arc::new);
        Ports {
            table: RwLock::default(),
            next: AtomicU64::new(0),
            limit,
            drivers: RwLock::new(drivers.collect()),
            pollers: OnceLock::new(),
            reaper: OnceLock::new(),
            gate: RwLock::default(),
            gone: Default::default(),
            input: AtomicU64::new(0),
            output: AtomicU64::new(0),
        }
    }
    /// Descriptors are not read or written behind the caller's back while it holds the guard.
    pub(crate) fn stop_polling(&self) -> RwLockWriteGuard<'_, ()> {
        self.gate.write().unwrap_or_else(|e| e.into_inner())
    }
    /// To be held while ready descriptors are read and written; waits while [`Ports::stop_polling`] is in force.
    pub(crate) fn polling_goes_on(&self) -> Gate<'_> {
        Gate(self.gate.read().unwrap_or_else(|e| e.into_inner()))
    }
    /// The same, unless it would have to wait.
    pub(crate) fn polling_goes_on_now(&self) -> Option<Gate<'_>> {
        match self.gate.try_read() {
            Ok(guard) => Some(Gate(guard)),
            Err(TryLockError::Poisoned(e)) => Some(Gate(e.into_inner())),
            Err(TryLockError::WouldBlock) => None,
        }
    }
    /// The low bits of the number of the next port; `next` replaces them.
    pub fn next(&self, next: Option<u64>) -> u64 {
        crate::process::table::replace_low(&self.next, next)
    }
    /// How many ports there may be.
    pub fn limit(&self) -> usize {
        self.limit
    }
    pub fn count(&self) -> usize {
        self.table.read().unwrap_or_else(|e| e.into_inner()).len()
    }
    pub fn get(&self, id: u64) -> Option<Arc<Port>> {
        self.table.read().unwrap_or_else(|e| e.into_inner()).get(&id).cloned()
    }
    /// Their numbers.
    pub fn ids(&self) -> Vec<u64> {
        self.table.read().unwrap_or_else(|e| e.into_inner()).keys().copied().collect()
    }
    /// Numbers of the ports that are not ending, as of one moment: while the table is read, none comes and none goes.
    pub fn open_ids(&self) -> Vec<u64> {
        let t = self.table.read().unwrap_or_else(|e| e.into_inner());
        let open = t.values().filter(|p| !p.is(super::CLOSING));
        let mut ids: Vec<u64> = open.map(|p| p.id).collect();
        drop(t);
        ids.sort_unstable();
        ids
    }
    /// All ports, in order of their numbers.
    pub fn all(&self) -> Vec<Arc<Port>> {
        let mut v: Vec<Arc<Port>> = {
            let t = self.table.read().unwrap_or_else(|e| e.into_inner());
            t.values().cloned().collect()
        };
        v.sort_by_key(|p| p.id);
        v
    }
    /// Puts a port made by `make` into the table. `None` if it is full.
    pub(super) fn insert(&self, make: impl FnOnce(u64) -> Port) -> Option<Arc<Port>> {
        let mut t = self.table.write().unwrap_or_else(|e| e.into_inner());
        if t.len() >= self.limit {
            return None;
        }
        let mut id = self.next.fetch_add(1, Ordering::Relaxed);
        while t.get(&id).is_some() {
            // The count was set back.
            id = self.next.fetch_add(1, Ordering::Relaxed);
        }
        let port = Arc::new(make(id));
        t.insert(id, port.clone());
        Some(port)
    }
    pub(super) fn remove(&self, id: u64) {
        self.table.write().unwrap_or_else(|e| e.into_inner()).remove(&id);
        let _guard = self.gone.0.lock().unwrap_or_else(|e| e.into_inner());
        self.gone.1.notify_all();
    }
    /// Waits until every port that `f` selects has gone, at most until `end`.
    pub(super) fn wait_gone(&self, end: Option<Instant>, f: impl Fn(&Port) -> bool) {
        let mut guard = self.gone.0.lock().unwrap_or_else(|e| e.into_inner());
        while self.all().iter().any(|p| f(p)) {
            let most = Duration::from_millis(100);
            let most = match end {
                Some(end) => match end.checked_duration_since(Instant::now()) {
                    Some(left) => left.min(most),
                    None => return,
                },
                None => most,
            };
            guard = self.gone.1.wait_timeout(guard, most).unwrap_or_else(|e| e.into_inner()).0;
        }
    }
    /// Adds a driver; `false` if there is one of this name.
    pub fn add_driver(&self, driver: DriverEntry) -> bool {
        let mut drivers = self.drivers.write().unwrap_or_else(|e| e.into_inner());
        if drivers.iter().any(|d| d.name == driver.name) {
            return false;
        }
        drivers.push(Arc::new(driver));
        true
    }
    /// Takes a driver out; its open ports go on.
    pub fn remove_driver(&self, name: &str) -> bool {
        let mut drivers = self.drivers.write().unwrap_or_else(|e| e.into_inner());
        let before = drivers.len();
        drivers.retain(|d| d.name != name);
        drivers.len() < before
    }
    pub fn driver(&self, name: &str) -> Option<Arc<DriverEntry>> {
        let drivers = self.drivers.read().unwrap_or_else(|e| e.into_inner());
        drivers.iter().find(|d| d.name == name).cloned()
    }
    /// Names of the drivers that can be opened by name.
    pub fn driver_names(&self) -> Vec<String> {
        let drivers = self.drivers.read().unwrap_or_else(|e| e.into_inner());
        drivers.iter().map(|d| d.name.clone()).collect()
    }
}
