//! Node names that terms carry: interned, never freed [erl_node_tables.c].

use crate::atom::{Atom, am};
use core::ptr::null_mut;
use core::sync::atomic::{AtomicPtr, Ordering};
use std::collections::HashMap;
use std::sync::{LazyLock, Mutex};

/// A node as pids, ports and references name it.
#[derive(Debug)]
pub struct Node {
    pub name: Atom,
    pub creation: u32,
}

static NODES: LazyLock<Mutex<HashMap<(Atom, u32), &'static Node>>> = LazyLock::new(Mutex::default);

impl Node {
    pub fn intern(name: Atom, creation: u32) -> &'static Node {
        let mut nodes = NODES.lock().unwrap_or_else(|e| e.into_inner());
        nodes
            .entry((name, creation))
            .or_insert_with(|| Box::leak(Box::new(Node { name, creation })))
    }
    /// Every node that was ever named.
    pub fn all() -> Vec<&'static Node> {
        NODES.lock().unwrap_or_else(|e| e.into_inner()).values().copied().collect()
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
