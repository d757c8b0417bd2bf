//! Distribution: this node and those that it is connected with [dist.c, erl_node_tables.c].
//!
//! Each other node that we ever tried to reach has an [`Entry`]; each attempt to reach it is a [`Connection`] of its own
//! with a number, so that what belongs to an earlier one is told apart and dropped. What goes to another node is an [`Op`], made
//! by the same code that makes a local signal; what comes in is turned into the same signals that local
//! processes send. `kernel` (Erlang code) does the handshake, then hands a port or a process to a connection as its controller.
//!
//! Lock order: an entry, then a connection's output, then its relations. Nothing is signalled under them.

pub mod census;
pub mod channel;
pub mod connection;
pub mod down;
pub mod entry;
pub mod flags;
pub mod input;
pub mod job;
pub mod nodes;
pub mod op;
pub mod output;
pub mod peer;
pub mod relation;
pub mod spawn;

pub use connection::{Connection, Controller, DHandle};
pub use entry::Entry;
pub use op::Op;
pub use peer::{RemotePid, RemoteRef};

use crate::bif::Cx;
use crate::process::registry::Named;
use crate::signal::Sender;
use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, MutexGuard, RwLock};
use term::{Atom, Heap, OwnedTerm, Term, atom};

pub(crate) fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(|e| e.into_inner())
}

/// What the VM knows of other nodes.
pub struct Dist {
    entries: RwLock<HashMap<Atom, Arc<Entry>>>,
    /// Connections of entries that were forgotten had numbers up to this one.
    last: AtomicU32,
    /// Milliseconds that nodes stay known which nobody refers to; `u64::MAX` is for ever.
    pub forget_after: AtomicU64,
    alive: AtomicBool,
    /// Connections, and one for this node itself while `net_kernel` lives.
    holders: AtomicUsize,
    /// Why `net_kernel` ended, until the node is no longer alive.
    ended: Mutex<Option<OwnedTerm>>,
    pub(crate) monitors: Mutex<Vec<nodes::NodesMonitor>>,
    /// Bytes in the queue of a connection from which on senders wait.
    pub busy_limit: AtomicUsize,
}

/// Whether signals can go to a node.
pub enum Way {
    /// This node is not part of a network.
    NotAlive,
    NotConnected,
    /// Connected, or about to be: signals are kept until then.
    Open(Arc<Connection>),
}

impl Way {
    pub fn open(self) -> Option<Arc<Connection>> {
        match self {
            Way::Open(c) => Some(c),
            Way::NotAlive | Way::NotConnected => None,
        }
    }
}

impl Dist {
    pub fn new(busy_limit: usize, forget_after: u64) -> Dist {
        Dist {
            entries: RwLock::default(),
            last: AtomicU32::new(0),
            forget_after: AtomicU64::new(forget_after),
            alive: AtomicBool::new(false),
            holders: AtomicUsize::new(0),
            ended: Mutex::default(),
            monitors: Mutex::default(),
            busy_limit: AtomicUsize::new(busy_limit),
        }
    }
    pub fn is_alive(&self) -> bool {
        self.alive.load(Ordering::Acquire)
    }
    /// The entry of a node, made if need be.
    pub fn entry(&self, name: Atom) -> Arc<Entry> {
        if let Some(e) = self.find(name) {
            return e;
        }
        let mut t = self.entries.write().unwrap_or_else(|e| e.into_inner());
        t.entry(name)
            .or_insert_with(|| {
                let last = self.last.load(Ordering::Relaxed);
                Arc::new(Entry::new(name, last))
            })
            .clone()
    }
    /// Takes an entry out that has no connection and that nobody holds.
    pub(crate) fn forget(&self, name: Atom) {
        let mut t = self.entries.write().unwrap_or_else(|e| e.into_inner());
        let Some(e) = t.get(&name).filter(|e| Arc::strong_count(e) == 1) else { return };
        let (idle, last) = e.is_idle();
        if idle {
            self.last.fetch_max(last, Ordering::Relaxed);
            t.remove(&name);
        }
    }
    pub fn find(&self, name: Atom) -> Option<Arc<Entry>> {
        self.entries.read().unwrap_or_else(|e| e.into_inner()).get(&name).cloned()
    }
    pub fn entries(&self) -> Vec<Arc<Entry>> {
        let t = self.entries.read().unwrap_or_else(|e| e.into_inner());
        let mut all: Vec<_> = t.values().cloned().collect();
        all.sort_by_key(|e| e.name.0);
        all
    }
    /// The connection of this number to a node, unless it is over.
    pub fn connection(&self, name: Atom, id: u32) -> Option<Arc<Connection>> {
        self.find(name)?.current().filter(|c| c.id == id && c.is_open())
    }

    /// Makes this node part of a network. `false`: it is already, or the name or `net_kernel` is not as it should be.
    pub fn set_node(&self, cx: &Cx<'_>, name: Atom, creation: u32) -> bool {
        if !is_node_name(name) || name == term::atom::am::NONODE_NOHOST || self.is_alive() {
            return false;
        }
        let Some(Named::Process(net_kernel)) = cx.vm().registry.lookup(atom!("net_kernel")) else {
            return false;
        };
        if net_kernel != cx.pid() && cx.vm().processes.lookup(net_kernel).is_none() {
            return false;
        }
        self.holders.fetch_add(1, Ordering::AcqRel);
        *lock(&self.ended) = None;
        term::node::set_this(name, creation);
        self.alive.store(true, Ordering::Release);
        nodes::tell(cx.vm(), nodes::Event::up(name, None, true));
        if net_kernel == cx.pid() {
            cx.with(|p| p.extra().dist = Some(Role::NetKernel));
        } else {
            let request = Box::new(BecomeNetKernel);
            let body = crate::signal::Body::Request(request);
            cx.vm().signal(net_kernel, Sender::System, body);
        }
        true
    }
    /// A connection is up.
    pub(crate) fn hold(&self) {
        self.holders.fetch_add(1, Ordering::AcqRel);
    }
    /// A connection, or `net_kernel`, is gone: after the last the node is no longer alive.
    pub(crate) fn release(&self, vm: &'static Vm) {
        if self.holders.fetch_sub(1, Ordering::AcqRel) != 1 {
            return;
        }
        let name = term::node::this().name;
        self.alive.store(false, Ordering::Release);
        term::node::set_this(term::atom::am::NONODE_NOHOST, 0);
        let reason = lock(&self.ended).take();
        let reason = reason.unwrap_or_else(|| OwnedTerm::immediate(Term::nil()));
        nodes::tell(vm, nodes::Event::down(name, None, true, reason));
    }
    /// `net_kernel` ended: all connections end.
    pub(crate) fn net_kernel_exits(&self, vm: &'static Vm, reason: &OwnedTerm) {
        let no_network = atom!("no_network");
        let why = match reason.term().is_atom_of(no_network) {
            true => no_network,
            false => atom!("net_kernel_terminated"),
        };
        *lock(&self.ended) = Some(OwnedTerm::immediate(Term::atom(why)));
        for c in self.entries().iter().filter_map(|e| e.current()) {
            if c.is_pending() {
                down::abort(vm, &c);
            } else {
                c.end(vm, why);
            }
        }
        self.release(vm);
    }

    /// Looks for a connection to a node; `connect` asks `net_kernel` for one if there is none.
    pub fn way(&self, vm: &'static Vm, node: Atom, connect: bool) -> Way {
        if !self.is_alive() || node == term::node::this().name {
            return Way::NotAlive;
        }
        let entry = match connect {
            true => self.entry(node),
            false => match self.find(node) {
                Some(e) => e,
                None => return Way::NotConnected,
            },
        };
        if let Some(c) = entry.current().filter(|c| c.is_open()) {
            return Way::Open(c);
        }
        if !connect {
            return Way::NotConnected;
        }
        let (c, fresh) = entry.begin();
        if fresh && !ask_net_kernel(vm, &c) {
            down::abort(vm, &c);
            return Way::NotAlive;
        }
        Way::Open(c)
    }
}

/// As `erlang:is_alive/0`: this node has a name, or gets one from the first node that it connects with.
pub fn is_named_or_will_be(cx: &Cx<'_>) -> bool {
    let named = |h: &Heap| {
        let key = h.tuple(&[atom!("erts_internal").into(), atom!("dynamic_node_name").into()]);
        let value = cx.vm().persistent.get(h, key);
        value.is_some_and(|v| !v.is_atom_of(term::atom::am::FALSE))
    };
    cx.vm().dist.is_alive() || named(&Heap::new())
}

/// What a process is for the distribution.
pub enum Role {
    NetKernel,
    Controller(Arc<Connection>),
}

struct BecomeNetKernel;

impl crate::signal::Request for BecomeNetKernel {
    fn run(self: Box<Self>, cx: &Cx<'_>) {
        cx.with(|p| p.extra().dist = Some(Role::NetKernel));
    }
    fn too_late(self: Box<Self>, vm: &'static Vm) {
        vm.dist.net_kernel_exits(vm, &OwnedTerm::immediate(Term::atom(atom!("noproc"))));
    }
}

/// `{auto_connect, Node, Handle}`; `false` if there is no `net_kernel`.
fn ask_net_kernel(vm: &'static Vm, c: &Arc<Connection>) -> bool {
    let Some(Named::Process(pid)) = vm.registry.lookup(atom!("net_kernel")) else { return false };
    let m =
        OwnedTerm::build(|h| h.tuple(&[atom!("auto_connect").into(), c.name.into(), handle(c, h)]));
    vm.send_message(Sender::System, pid, m);
    true
}

/// The reference by which Erlang code names a connection: `net_kernel` compares it with others.
pub fn handle<'h>(c: &Arc<Connection>, h: &'h Heap) -> Term<'h> {
    let (n0, n1) = c.reference;
    h.magic_reference(n0, n1, term::shared::Magic::handle(DHandle(c.clone())))
}

/// The connection that a handle names.
pub fn of_handle(t: Term<'_>) -> Option<Arc<Connection>> {
    let magic = t.as_reference()?.magic_ref()?;
    magic.downcast::<DHandle>().map(|h| h.0.clone())
}

/// `name@host`: letters, digits, `-`, `_` before the only `@`, something after it.
pub fn is_node_name(name: Atom) -> bool {
    let good = |c: char| c.is_ascii_alphanumeric() || c == '-' || c == '_';
    match name.name().split_once('@') {
        Some((node, host)) => {
            !node.is_empty() && node.chars().all(good) && !host.is_empty() && !host.contains('@')
        }
        None => false,
    }
}
