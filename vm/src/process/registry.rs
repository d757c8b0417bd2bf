//! Registered names [register.c].

use std::sync::RwLock;
use std::sync::atomic::Ordering;
use term::Atom;
use term::quick::QuickMap;

/// What a name stands for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Named {
    Process(u64),
    Port(u64),
}

/// Names to processes and ports.
#[derive(Default)]
pub struct Registry {
    names: RwLock<QuickMap<Atom, Named>>,
}

impl Registry {
    pub fn lookup(&self, name: Atom) -> Option<Named> {
        self.names.read().unwrap_or_else(|e| e.into_inner()).get(&name).copied()
    }
    /// Gives a name to a process. `false` if it is taken, or the process has one.
    pub fn register(&self, name: Atom, shared: &super::Shared) -> bool {
        let mut names = self.names.write().unwrap_or_else(|e| e.into_inner());
        if names.contains_key(&name) || shared.registered_name().is_some() {
            return false;
        }
        if shared.state.has(super::state::EXITING) {
            return false;
        }
        names.insert(name, Named::Process(shared.pid));
        shared.name.store(name.0.wrapping_add(1), Ordering::Release);
        true
    }
    /// Gives a name to a port.
    pub fn register_port(&self, name: Atom, port: u64) -> bool {
        let mut names = self.names.write().unwrap_or_else(|e| e.into_inner());
        if names.contains_key(&name) {
            return false;
        }
        names.insert(name, Named::Port(port));
        true
    }
    /// Takes a name away; what held it.
    pub fn unregister(&self, name: Atom) -> Option<Named> {
        self.names.write().unwrap_or_else(|e| e.into_inner()).remove(&name)
    }
    pub(crate) fn process_exits(&self, name: Atom, pid: u64) {
        let mut names = self.names.write().unwrap_or_else(|e| e.into_inner());
        if names.get(&name) == Some(&Named::Process(pid)) {
            names.remove(&name);
        }
    }
    pub(crate) fn port_exits(&self, name: Atom, port: u64) {
        let mut names = self.names.write().unwrap_or_else(|e| e.into_inner());
        if names.get(&name) == Some(&Named::Port(port)) {
            names.remove(&name);
        }
    }
    pub fn all(&self) -> Vec<Atom> {
        self.names.read().unwrap_or_else(|e| e.into_inner()).keys().copied().collect()
    }
}
