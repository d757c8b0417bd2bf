//! One other node, over all connections with it.

use super::connection::Connection;
use super::lock;
use std::sync::{Arc, Mutex};
use term::Atom;
use term::node::Touched;

/// Connection numbers have so many bits.
const ID_MASK: u32 = 0x00ff_ffff;

/// See the module head.
pub struct Entry {
    pub name: Atom,
    state: Mutex<State>,
    /// When it was last known to be of use.
    pub(super) touched: Touched,
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
    /// `last`: connections get numbers from there on.
    pub fn new(name: Atom, last: u32) -> Entry {
        Entry {
            name,
            touched: Touched::default(),
            state: Mutex::new(State { current: None, ending: Vec::new(), later: Vec::new(), last }),
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
    /// Whether there is no connection, and the number of the last one.
    pub(super) fn is_idle(&self) -> (bool, u32) {
        let s = lock(&self.state);
        (s.current.is_none() && s.ending.is_empty() && s.later.is_empty(), s.last)
    }
    /// The connection is over, and everybody has been told.
    pub(crate) fn forget(&self, c: &Arc<Connection>) {
        self.touched.touch();
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
