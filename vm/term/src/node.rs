//! Node names that terms carry: interned, never freed [erl_node_tables.c].
//!
//! Terms do not count who refers to a node: that would cost something wherever a pid of another node is copied.
//! Instead somebody who wants to know looks through the whole memory (`visit.rs`, `vm/src/dist/census.rs`). A node
//! that nobody was found to refer to is *forgotten*: it is no longer among [`Node::all`]. Its few words stay, as those of its name
//! do, and it is the same node if it turns up again; so it does no harm if a reference was overlooked.

use crate::atom::{Atom, am};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex, MutexGuard};
use std::time::Instant;

/// A node as pids, ports and references name it.
#[derive(Debug)]
pub struct Node {
    pub name: Atom,
    pub creation: u32,
}

/// When something was last known to be in use.
#[derive(Debug)]
pub struct Touched(AtomicU64);

static START: LazyLock<Instant> = LazyLock::new(Instant::now);

impl Default for Touched {
    fn default() -> Touched {
        let t = Touched(AtomicU64::new(0));
        t.touch();
        t
    }
}

impl Touched {
    pub fn touch(&self) {
        self.0.store(START.elapsed().as_millis() as u64, Ordering::Relaxed);
    }
    /// Milliseconds since then.
    pub fn age(&self) -> u64 {
        (START.elapsed().as_millis() as u64).saturating_sub(self.0.load(Ordering::Relaxed))
    }
}

#[derive(Default)]
struct Table {
    known: HashMap<(Atom, u32), (&'static Node, Touched)>,
    forgotten: HashMap<(Atom, u32), &'static Node>,
}

static NODES: LazyLock<Mutex<Table>> = LazyLock::new(Mutex::default);

fn nodes() -> MutexGuard<'static, Table> {
    NODES.lock().unwrap_or_else(|e| e.into_inner())
}

impl Node {
    pub fn intern(name: Atom, creation: u32) -> &'static Node {
        let Table { known, forgotten } = &mut *nodes();
        let fresh = || {
            let node = forgotten.remove(&(name, creation));
            let node = node.unwrap_or_else(|| Box::leak(Box::new(Node { name, creation })));
            (node, Touched::default())
        };
        known.entry((name, creation)).or_insert_with(fresh).0
    }
    /// Every node that was named and is not forgotten.
    pub fn all() -> Vec<&'static Node> {
        nodes().known.values().map(|(node, _)| *node).collect()
    }
    fn with_touched<R>(&self, f: impl FnOnce(&Touched) -> R) -> Option<R> {
        nodes().known.get(&(self.name, self.creation)).map(|(_, touched)| f(touched))
    }
    /// It is of use now.
    pub fn touch(&self) {
        self.with_touched(Touched::touch);
    }
    /// Milliseconds since it was last known to be of use.
    pub fn age(&self) -> u64 {
        self.with_touched(Touched::age).unwrap_or(0)
    }
    /// Nobody refers to it any more.
    pub fn forget(&self) {
        let mut t = nodes();
        if let Some((key, (node, _))) = t.known.remove_entry(&(self.name, self.creation)) {
            t.forgotten.insert(key, node);
        }
    }
}

/// This node, as local pids and references compare with external ones; null until first asked.
static THIS: AtomicPtr<Node> = AtomicPtr::new(null_mut());

/// Names this node. Creation 0 stands for a node that is not distributed.
pub fn set_this(name: Atom, creation: u32) {
    let node: *const Node = Node::intern(name, creation);
    THIS.store(node.cast_mut(), Ordering::Release);
}

/// This node: `nonode@nohost` until named.
pub fn this() -> &'static Node {
    let p = THIS.load(Ordering::Acquire);
    if p.is_null() {
        return Node::intern(am::NONODE_NOHOST, 0);
    }
    // SAFETY: interned nodes live for ever.
    unsafe { &*p }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn what_is_forgotten_comes_back_as_the_same() {
        let node = Node::intern(Atom::new("forgetful@host"), 7);
        let listed = || Node::all().iter().any(|n| core::ptr::eq(*n, node));
        assert!(listed());
        node.forget();
        assert!(!listed());
        assert!(core::ptr::eq(Node::intern(node.name, 7), node));
        assert!(listed());
    }
}
