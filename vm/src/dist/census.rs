//! Who refers to other nodes [erl_node_tables.c: setup_reference_table], and forgetting those that nobody refers to.
//!
//! References are not counted as they come and go (`term/src/node.rs`). When somebody asks, the schedulers stand still and
//! everything that may hold one is looked through: heaps, messages, signals, links and monitors of processes, tables,
//! timers, persistent terms, literals, ports, connections. That is also when nodes are forgotten: until somebody looks, nobody can
//! tell whether one is still known. So a look is only taken if a node was last known to be of use long enough ago.
//!
//! What a process holds that cannot be read just now (it runs a dirty native, or ends) is not seen. Then nothing is forgotten.

use super::op::Op;
use super::{Connection, Controller, DHandle, RemotePid, RemoteRef, Role, lock};
use crate::bif::{BifResult, Cx};
use crate::ets::Table;
use crate::inspect::{self, Look, Still};
use crate::match_spec::Program;
use crate::process::{ProcRef, Process};
use crate::signal::relations::{Peer, Tables};
use crate::signal::{Body, Sender, Signal};
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::collections::{BTreeMap, BTreeSet, HashMap, HashSet};
use std::sync::Arc;
use term::node::{self, Node};
use term::shared::Magic;
use term::visit::Visit;
use term::{Atom, Heap, Term, atom};

/// Who refers.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum Who {
    Process(u64),
    Port(u64),
    /// A place among the tables.
    Ets(usize),
    /// A compiled match specification, by its address.
    Program(u64),
    /// A connection with this node.
    Dist(Atom),
    Node(Atom, u32),
    System(Atom),
}

/// How.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
enum How {
    Heap,
    Link,
    Monitor,
    Ets,
    Binary,
    Timer,
    System,
    Signal,
    Node,
    Control,
}

impl How {
    fn atom(self) -> Atom {
        match self {
            How::Heap => atom!("heap"),
            How::Link => atom!("link"),
            How::Monitor => atom!("monitor"),
            How::Ets => atom!("ets"),
            How::Binary => atom!("binary"),
            How::Timer => atom!("timer"),
            How::System => atom!("system"),
            How::Signal => atom!("signal"),
            How::Node => atom!("node"),
            How::Control => atom!("control"),
        }
    }
}

type Referrers = BTreeMap<Who, BTreeMap<How, usize>>;

/// What was found.
pub struct Census {
    /// Nodes by address.
    nodes: HashMap<u64, (&'static Node, Referrers)>,
    dists: BTreeMap<Atom, Referrers>,
    tables: Vec<Arc<Table>>,
    /// Match specifications that were seen: several terms may refer to one.
    programs: HashSet<u64>,
    who: Who,
    how: How,
    /// Everything could be read.
    whole: bool,
}

impl Visit for Census {
    fn node(&mut self, address: u64) {
        let (who, how) = (self.who, self.how);
        if let Some((_, referrers)) = self.nodes.get_mut(&address) {
            *referrers.entry(who).or_default().entry(how).or_default() += 1;
        }
    }
    fn magic(&mut self, object: &Magic) {
        if let Some(DHandle(c)) = object.downcast::<DHandle>() {
            self.dist(c.name);
        } else if let Some(p) = object.downcast::<Program>() {
            let at = core::ptr::from_ref(p) as u64;
            if self.programs.insert(at) {
                self.apart(Who::Program(at), How::Binary, |v| p.visit(v));
            }
        }
    }
}

impl Census {
    fn new() -> Census {
        let nodes =
            Node::all().into_iter().map(|n| (n as *const Node as u64, (n, Referrers::new())));
        Census {
            nodes: nodes.collect(),
            dists: BTreeMap::new(),
            tables: Vec::new(),
            programs: HashSet::new(),
            who: Who::System(atom!("system")),
            how: How::System,
            whole: true,
        }
    }
    /// The same with another referrer.
    fn apart(&mut self, who: Who, how: How, f: impl FnOnce(&mut Census)) {
        let before = (self.who, self.how);
        (self.who, self.how) = (who, how);
        f(self);
        (self.who, self.how) = before;
    }
    fn of(&mut self, how: How, f: impl FnOnce(&mut Census)) {
        self.apart(self.who, how, f);
    }
    fn dist(&mut self, name: Atom) {
        let referrers = self.dists.entry(name).or_default();
        *referrers.entry(self.who).or_default().entry(self.how).or_default() += 1;
    }
    fn pid(&mut self, pid: RemotePid) {
        self.node(pid.node as *const Node as u64);
    }
    fn reference(&mut self, r: RemoteRef) {
        self.node(r.node as *const Node as u64);
    }
    fn peer(&mut self, peer: Peer) {
        match peer {
            Peer::Remote(p) | Peer::FormerPort(p) => self.pid(p),
            Peer::RemoteName(node) => self.dist(node),
            _ => {}
        }
    }

    fn process(&mut self, p: &Process) {
        p.heap.visit(self);
        p.messages.visit(self);
        if let Some(reason) = &p.exit_reason {
            reason.visit(self);
        }
        // SAFETY: whoever consumes the queue stands still, or is the caller.
        unsafe {
            let census = core::cell::RefCell::new(&mut *self);
            let signal = |s: &Signal| census.borrow_mut().signal(s);
            p.shared.in_queue.each(signal, |m| m.visit(*census.borrow_mut()));
        }
        if let Some(t) = p.relations.get() {
            self.relations(t);
        }
        let Some(x) = &p.extra else { return };
        x.replies.iter().for_each(|r| r.1.visit(self));
        x.kept.visit(self);
        x.apart.iter().for_each(|t| t.visit(self));
        x.label.iter().for_each(|t| t.visit(self));
        if let Some(parent) = x.remote_parent {
            self.pid(parent);
        }
        if let Some(Role::Controller(c)) = &x.dist {
            self.of(How::Control, |v| v.dist(c.name));
        }
    }
    fn relations(&mut self, t: &Tables) {
        self.of(How::Link, |v| t.links.iter().for_each(|(peer, _)| v.peer(*peer)));
        self.of(How::Monitor, |v| {
            t.watches.iter().for_each(|(_, w)| v.peer(w.target));
            t.watchers.iter().for_each(|(_, w)| v.peer(w.watcher));
            let tags = t.rare.iter().flat_map(|r| r.tags.values());
            tags.for_each(|tag| tag.visit(v));
            let Some(remote) = &t.remote else { return };
            for (reference, w) in &remote.watchers {
                v.reference(*reference);
                v.pid(w.watcher);
            }
            remote.nodes.iter().for_each(|((name, _), _)| v.dist(*name));
            for s in remote.spawns.values() {
                v.dist(s.node);
                s.tag.visit(v);
                s.monitor_tag.iter().for_each(|t| t.visit(v));
            }
        });
    }
    fn signal(&mut self, s: &Signal) {
        self.of(How::Signal, |v| {
            if let Sender::Remote(from, _) = s.from {
                v.pid(from);
            }
            match &s.body {
                Body::Message(m) | Body::AliasMessage { message: m, .. } => m.visit(v),
                Body::Exit(x) => [&x.reason, &x.sender].iter().for_each(|t| t.visit(v)),
                Body::AliasExit(x) => {
                    [&x.exit.reason, &x.exit.sender].iter().for_each(|t| t.visit(v))
                }
                Body::Down(d) => d.reason.visit(v),
                Body::GroupLeader(t) => t.visit(v),
                Body::RemoteMonitor(m) => {
                    v.reference(m.reference);
                    v.pid(m.watcher);
                }
                Body::RemoteDemonitor(r) => v.reference(**r),
                Body::SpawnReply(r) => {
                    if let Ok(pid) = r.result {
                        v.pid(pid);
                    }
                }
                Body::ConnectionDown(c) => v.dist(c.0),
                _ => {}
            }
        });
    }
    fn connection(&mut self, c: &Connection) {
        match c.controller() {
            Some(Controller::Port(port)) => {
                self.apart(Who::Port(port), How::Control, |v| v.dist(c.name));
            }
            // Counted with the process.
            Some(Controller::Process(_)) => {}
            None => self.dist(c.name),
        }
        self.of(How::Monitor, |v| lock(&c.names).keys().for_each(|r| v.reference(*r)));
        self.of(How::Signal, |v| {
            for w in &lock(&c.out).waiting {
                w.payload.iter().for_each(|p| p.visit(v));
                v.op(&w.op);
            }
            lock(&c.spawn_exits).values().for_each(|t| t.visit(v));
        });
    }
    fn op(&mut self, op: &Op) {
        match op.plain() {
            Op::Link { to, .. }
            | Op::Unlink { to, .. }
            | Op::UnlinkAck { to, .. }
            | Op::Send { to, .. }
            | Op::Exit { to, .. }
            | Op::Exit2 { to, .. }
            | Op::ExitFormer { to, .. }
            | Op::GroupLeader { to } => self.pid(*to),
            Op::AliasSend { to, .. } | Op::AliasExit { to, .. } => self.reference(*to),
            Op::Monitor { target, .. } | Op::Demonitor { target, .. } => {
                if let super::op::Target::Pid(p) = target {
                    self.pid(*p);
                }
            }
            Op::MonitorExit { to, reference, .. } | Op::SpawnReply { to, reference, .. } => {
                self.pid(*to);
                self.reference(*reference);
            }
            Op::SpawnRequest { rest, .. } => rest.visit(self),
            Op::RegSend { .. } | Op::Traced { .. } => {}
        }
    }

    /// Everything there is.
    fn all(vm: &'static Vm, still: &Still) -> Census {
        let mut c = Census::new();
        let mut read = 0;
        still.each(|p| {
            read += 1;
            c.apart(Who::Process(p.pid()), How::Heap, |v| v.process(p));
        });
        let there = vm.processes.pids().into_iter().filter_map(|pid| vm.processes.lookup(pid));
        c.whole = there.filter(|p: &ProcRef| !inspect::is_gone(p)).count() == read;
        for port in vm.ports.all() {
            c.apart(Who::Port(port.id), How::Heap, |v| crate::port::visit(&port, v));
        }
        c.tables = vm.ets.all();
        for (i, table) in c.tables.clone().iter().enumerate() {
            c.apart(Who::Ets(i), How::Ets, |v| table.visit(v));
        }
        vm.timers.each(|receiver, timer| {
            let who = receiver.map_or(Who::System(atom!("timer")), Who::Process);
            c.apart(who, How::Timer, |v| timer.visit(v));
        });
        c.apart(Who::System(atom!("persistent_term")), How::System, |v| vm.persistent.visit(v));
        c.apart(Who::System(atom!("literals")), How::System, |v| {
            for (current, old) in vm.code.loaded() {
                let areas = core::iter::once(current).chain(old).map(|m| &m.literals);
                areas.flatten().for_each(|a| a.visit(v));
            }
        });
        for e in vm.dist.entries() {
            let current = e.current();
            current
                .iter()
                .for_each(|x| c.apart(Who::Dist(e.name), How::System, |v| v.connection(x)));
            c.dists.entry(e.name).or_default();
        }
        let this = node::this();
        c.apart(Who::System(atom!("undefined")), How::System, |v| {
            v.node(this as *const Node as u64);
            v.dist(this.name);
        });
        c
    }

    /// Forgets what nobody refers to, then says who refers to each entry's name.
    fn settle(&mut self, vm: &'static Vm) {
        let after = vm.dist.forget_after.load(Ordering::Relaxed);
        let whole = self.whole;
        let due = |age: u64| whole && age >= after;
        self.nodes.retain(|_, (n, referrers)| {
            if referrers.is_empty() && due(n.age()) {
                n.forget();
                return false;
            }
            if !referrers.is_empty() {
                n.touch();
            }
            true
        });
        let named: Vec<(Atom, u32)> =
            self.nodes.values().map(|(n, _)| (n.name, n.creation)).collect();
        for (name, creation) in named {
            self.apart(Who::Node(name, creation), How::Node, |v| v.dist(name));
        }
        let this = node::this().name;
        self.dists.retain(|name, referrers| {
            let entry = vm.dist.find(*name);
            if !referrers.is_empty() || *name == this {
                entry.iter().for_each(|e| e.touched.touch());
                return true;
            }
            let due = entry.is_none_or(|e| due(e.touched.age()));
            if due {
                vm.dist.forget(*name);
            }
            !due || vm.dist.find(*name).is_some()
        });
    }

    /// `{{node_references, Rows}, {dist_references, Rows}}` of `{Entry, Count, [{Referrer, [{How, Count}]}]}`.
    fn term<'h>(&self, h: &'h Heap) -> Term<'h> {
        let pair = |a: Atom, b: Term<'h>| h.tuple(&[a.into(), b]);
        let count = |n: usize| h.uint(n as u64);
        let who = |w: Who| match w {
            Who::Process(pid) => pair(atom!("process"), Term::local_pid(pid)),
            Who::Port(port) => pair(atom!("port"), Term::local_port(port)),
            Who::Ets(i) => {
                let id = self.tables.get(i).map_or(Term::nil(), |t| t.identifier(h));
                pair(atom!("ets"), id)
            }
            Who::Program(at) => pair(atom!("match_spec"), h.uint(at)),
            Who::Dist(name) => pair(atom!("dist"), name.into()),
            Who::Node(name, creation) => {
                pair(atom!("node"), pair(name, h.uint(u64::from(creation))))
            }
            Who::System(what) => pair(atom!("system"), what.into()),
        };
        let row = |entry: Term<'h>, referrers: &Referrers| {
            let total = referrers.values().flat_map(BTreeMap::values).sum();
            let mut all = Vec::new();
            for (w, hows) in referrers {
                let hows: Vec<Term> =
                    hows.iter().map(|(how, n)| pair(how.atom(), count(*n))).collect();
                all.push(h.tuple(&[who(*w), h.list(&hows)]));
            }
            if all.is_empty() {
                // Nobody: it waits to be forgotten.
                let waits = who(Who::System(atom!("delayed_delete_timer")));
                all.push(h.tuple(&[waits, h.list(&[pair(atom!("system"), count(1))])]));
            }
            h.tuple(&[entry, count(total), h.list(&all)])
        };
        let nodes: Vec<Term> = self
            .nodes
            .values()
            .map(|(n, r)| row(pair(n.name, h.uint(u64::from(n.creation))), r))
            .collect();
        let dists: Vec<Term> = self.dists.iter().map(|(name, r)| row((*name).into(), r)).collect();
        let part = |key: Atom, rows: &[Term<'h>]| pair(key, h.list(rows));
        let nodes = part(atom!("node_references"), &nodes);
        h.tuple(&[nodes, part(atom!("dist_references"), &dists)])
    }
}

/// `erts_debug:get_internal_state(node_and_dist_references)`
pub fn references<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let look: Look = Box::new(|cx, still| {
        let mut census = Census::all(cx.vm(), still);
        census.settle(cx.vm());
        Ok(census.term(cx.heap()))
    });
    inspect::still(cx, look)
}

/// Names of all nodes that are known, without this one.
pub fn known(vm: &'static Vm) -> BTreeSet<Atom> {
    let this = node::this().name;
    let mut all: BTreeSet<Atom> = Node::all().iter().map(|n| n.name).collect();
    all.extend(vm.dist.entries().iter().map(|e| e.name));
    all.remove(&this);
    all
}

/// Whether there may be nodes to forget: some that are not connected have not been of use for long.
pub fn is_due(vm: &'static Vm) -> bool {
    let after = vm.dist.forget_after.load(Ordering::Relaxed);
    let this = node::this();
    let idle = |name: Atom| {
        let e = vm.dist.find(name);
        e.is_none_or(|e| e.current().is_none() && e.touched.age() >= after)
    };
    let entries = vm.dist.entries();
    Node::all().iter().any(|n| !core::ptr::eq(*n, this) && n.age() >= after && idle(n.name))
        || entries.iter().any(|e| e.name != this.name && idle(e.name))
}

/// Forgets the nodes that nobody refers to, then goes on in `then`.
pub fn forget<'p>(
    cx: &Cx<'p>,
    then: impl for<'q> FnOnce(&Cx<'q>) -> BifResult<'q> + Send + 'static,
) -> BifResult<'p> {
    let look: Look = Box::new(move |cx, still| {
        Census::all(cx.vm(), still).settle(cx.vm());
        then(cx)
    });
    inspect::still(cx, look)
}
