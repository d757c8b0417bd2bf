//! One other node, over all connections with it.

use super::connection::Connection;
use super::lock;
use std::sync::{Arc, Mutex};
use term::Atom;

/// Connection numbers have so many bits.
const ID_MASK: u32 = 0x00ff_ffff;

/// See the module head.
pub struct Entry {
    pub name: Atom,
    state: Mutex<State>,
    /// Held while others are told that the node came or went, so that they hear it in order.
    pub(super) telling: Mutex<()>,
}

struct State {
    current: Option<Arc<Connection>>,
    /// Connections that end while there is another one already.
    ending: Vec<Arc<Connection>>,
    /// What is told when those are gone.
    later: Vec<super::nodes::Event>,
    last: u32,
}

impl Entry {
    pub fn new(name: Atom) -> Entry {
        Entry {
            name,
            state: Mutex::new(State {
                current: None,
                ending: Vec::new(),
                later: Vec::new(),
                last: 0,
            }),
            telling: Mutex::default(),
        }
    }
    /// The connection, whether it is pending, up or ending.
    pub fn current(&self) -> Option<Arc<Connection>> {
        lock(&self.state).current.clone()
    }
    /// The connection, or a fresh pending one (`true`). One that ends does not count, though it may take time to be gone.
    pub fn begin(&self) -> (Arc<Connection>, bool) {
        let mut s = lock(&self.state);
        if let Some(c) = &s.current {
            if c.is_open() {
                return (c.clone(), false);
            }
            let c = c.clone();
            s.ending.push(c);
        }
        s.last = (s.last + 1) & ID_MASK;
        let c = Arc::new(Connection::new(self.name, s.last));
        s.current = Some(c.clone());
        (c, true)
    }
    /// The connection is over, and everybody has been told.
    pub(crate) fn forget(&self, c: &Arc<Connection>) {
        let mut s = lock(&self.state);
        s.ending.retain(|d| !Arc::ptr_eq(c, d));
        if s.current.as_ref().is_some_and(|d| Arc::ptr_eq(c, d)) {
            s.current = None;
        }
    }
    /// Keeps news of the present connection until those before it are gone. Gives it back if there are none.
    pub(super) fn after_ending(&self, news: super::nodes::Event) -> Option<super::nodes::Event> {
        let mut s = lock(&self.state);
        if s.ending.is_empty() {
            return Some(news);
        }
        s.later.push(news);
        None
    }
    /// What was kept, if it is time for it.
    pub(super) fn kept(&self) -> Vec<super::nodes::Event> {
        let mut s = lock(&self.state);
        if s.ending.is_empty() { core::mem::take(&mut s.later) } else { Vec::new() }
    }
}
