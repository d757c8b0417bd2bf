//! Node names that terms carry: interned, never freed [erl_node_tables.c].

use crate::atom::Atom;
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
}
