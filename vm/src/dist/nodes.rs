//! Who hears that nodes come and go: `net_kernel:monitor_nodes/1,2` [dist.c: send_nodes_mon_msgs].

use super::lock;
use crate::bif::Cx;
use crate::signal::Sender;
use crate::vm::Vm;
use term::atom::am;
use term::{Atom, Heap, OwnedTerm, Term, atom};

/// What a subscriber wants.
#[derive(Clone, Copy, PartialEq, Eq, Default, Debug)]
pub struct Options {
    pub visible: bool,
    pub hidden: bool,
    pub reason: bool,
    pub connection_id: bool,
    /// Information comes as a map, else as a list.
    pub map: bool,
}

/// One subscription: each message comes `count` times.
pub struct NodesMonitor {
    pid: u64,
    options: Options,
    count: u32,
}

/// Subscribes or ends all subscriptions with these options; how many there were.
pub fn subscribe(cx: &Cx<'_>, options: Options, on: bool) -> u32 {
    let pid = cx.pid();
    cx.with(|p| p.extra().monitors_nodes |= on);
    let mut all = lock(&cx.vm().dist.monitors);
    let at = all.iter().position(|m| m.pid == pid && m.options == options);
    match (at, on) {
        (Some(i), true) => {
            all[i].count += 1;
            all[i].count - 1
        }
        (Some(i), false) => all.remove(i).count,
        (None, true) => {
            all.push(NodesMonitor { pid, options, count: 1 });
            0
        }
        (None, false) => 0,
    }
}

/// Subscribers with their options and how often they subscribed, the latest first.
pub fn subscriptions(vm: &'static Vm) -> Vec<(u64, Options, u32)> {
    lock(&vm.dist.monitors).iter().rev().map(|m| (m.pid, m.options, m.count)).collect()
}

pub(crate) fn process_exits(vm: &'static Vm, pid: u64) {
    lock(&vm.dist.monitors).retain(|m| m.pid != pid);
}

/// A node came or went.
pub struct Event {
    up: bool,
    node: Atom,
    id: Option<u32>,
    visible: bool,
    reason: Option<OwnedTerm>,
}

impl Event {
    pub fn up(node: Atom, id: Option<u32>, visible: bool) -> Event {
        Event { up: true, node, id, visible, reason: None }
    }
    pub fn down(node: Atom, id: Option<u32>, visible: bool, reason: OwnedTerm) -> Event {
        Event { up: false, node, id, visible, reason: Some(reason) }
    }
    fn concerns(&self, o: Options) -> bool {
        match (self.visible, o.visible, o.hidden) {
            (true, visible, hidden) => visible || !hidden,
            (false, _, hidden) => hidden,
        }
    }
    fn message<'h>(&self, h: &'h Heap, o: Options) -> Term<'h> {
        let what = if self.up { atom!("nodeup") } else { atom!("nodedown") };
        if o == Options::default() {
            return h.tuple(&[what.into(), self.node.into()]);
        }
        let mut info: Vec<(Term, Term)> = Vec::new();
        if o.visible || o.hidden {
            let kind = if self.visible { atom!("visible") } else { atom!("hidden") };
            info.push((atom!("node_type").into(), kind.into()));
        }
        if let Some(reason) = self.reason.as_ref().filter(|_| o.reason) {
            info.push((atom!("nodedown_reason").into(), h.copy(reason.term())));
        }
        if o.connection_id {
            let id = self.id.map_or(am::UNDEFINED.into(), |id| h.uint(id.into()));
            info.push((atom!("connection_id").into(), id));
        }
        let info = if o.map {
            h.map_from_pairs(&info)
        } else {
            let all: Vec<Term> = info.iter().rev().map(|(k, v)| h.tuple(&[*k, *v])).collect();
            h.list(&all)
        };
        h.tuple(&[what.into(), self.node.into(), info])
    }
}

/// Tells all who want to know.
pub fn tell(vm: &'static Vm, event: Event) {
    let all: Vec<(u64, Options, u32)> =
        lock(&vm.dist.monitors).iter().map(|m| (m.pid, m.options, m.count)).collect();
    for (pid, o, count) in all {
        if event.concerns(o) {
            for _ in 0..count {
                let m = OwnedTerm::build(|h| event.message(h, o));
                vm.send_message(Sender::System, pid, m);
            }
        }
    }
}
