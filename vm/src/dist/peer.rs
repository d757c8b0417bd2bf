//! Processes and references of other nodes, as this one keeps them outside of heaps.

use core::hash::{Hash, Hasher};
use term::boxed::MAX_REF_WORDS;
use term::node::Node;
use term::{Atom, Heap, Term};

/// A process of another node.
#[derive(Clone, Copy, Debug)]
pub struct RemotePid {
    pub node: &'static Node,
    pub data: u64,
}

impl RemotePid {
    /// The process of an external pid.
    pub fn of(t: Term<'_>) -> Option<RemotePid> {
        let pid = t.as_pid()?;
        Some(RemotePid { node: pid.node()?, data: pid.data() })
    }
    pub fn term<'h>(self, h: &'h Heap) -> Term<'h> {
        h.external_pid(self.node, self.data)
    }
    /// What names an external port in the same way.
    pub fn of_port(t: Term<'_>) -> Option<RemotePid> {
        let port = t.as_port()?;
        Some(RemotePid { node: port.node()?, data: port.data() })
    }
    pub fn port_term<'h>(self, h: &'h Heap) -> Term<'h> {
        h.external_port(self.node, self.data)
    }
    pub fn node_name(self) -> Atom {
        self.node.name
    }
}

// Nodes are interned.
impl PartialEq for RemotePid {
    fn eq(&self, other: &RemotePid) -> bool {
        core::ptr::eq(self.node, other.node) && self.data == other.data
    }
}
impl Eq for RemotePid {}
impl Hash for RemotePid {
    fn hash<H: Hasher>(&self, to: &mut H) {
        (self.node as *const Node as usize, self.data).hash(to);
    }
}

/// A reference of another node.
#[derive(Clone, Copy, Debug)]
pub struct RemoteRef {
    pub node: &'static Node,
    words: [u32; MAX_REF_WORDS],
    count: u8,
}

impl RemoteRef {
    /// What an external reference names.
    pub fn of(t: Term<'_>) -> Option<RemoteRef> {
        let r = t.as_reference()?;
        let (words, count) = r.words();
        Some(RemoteRef { node: r.node()?, words, count: count as u8 })
    }
    pub fn term<'h>(self, h: &'h Heap) -> Term<'h> {
        h.external_reference(self.node, &self.words[..usize::from(self.count)])
    }
}

impl PartialEq for RemoteRef {
    fn eq(&self, other: &RemoteRef) -> bool {
        core::ptr::eq(self.node, other.node) && self.words == other.words
    }
}
impl Eq for RemoteRef {}
impl Hash for RemoteRef {
    fn hash<H: Hasher>(&self, to: &mut H) {
        (self.node as *const Node as usize, self.words).hash(to);
    }
}
