//! Monitors from the watcher's side.

use super::Process;
use crate::signal::relations::Peer;
use crate::signal::{Body, RefId, Sender};
use crate::vm::Vm;

/// Ends a watch and tells the watched. Whether there was one.
pub(crate) fn drop_watch(p: &mut Process, vm: &'static Vm, reference: RefId) -> bool {
    let Some(t) = p.relations.get_mut() else { return false };
    t.remove_tag(&reference);
    let Some(w) = t.watches.remove(&reference) else { return false };
    match w.target {
        Peer::Process(_) | Peer::Port(_) => {
            vm.signal_peer(w.target, Sender::Process(p.pid()), Body::Demonitor { reference });
        }
        Peer::Remote(_) | Peer::RemoteName(_) => {
            crate::dist::relation::demonitor(vm, p.pid(), reference, &w);
        }
        Peer::TimeOffset => vm.offset_watchers.remove(reference),
        Peer::FormerPort(_) | Peer::Nobody | Peer::Native => {}
    }
    true
}
