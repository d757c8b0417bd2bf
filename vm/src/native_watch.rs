//! What native objects watch: descriptors and processes [erl_nif.c: enif_select, enif_monitor_process].
//!
//! An object (behind a magic reference) is entered once and has a number from then on. The poll thread calls `ready` when
//! a descriptor that was armed with this number is ready; whoever ends a process calls `down`. Objects are held weakly.

use crate::refs;
use crate::signal::{Body, MonitorSignal, RefId, Sender};
use crate::vm::Vm;
use core::sync::atomic::{AtomicU64, Ordering};
use std::collections::HashMap;
use std::io;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, RwLock, Weak};
use sys::poll::Interest;
use term::shared::{Magic, MagicHandle};

/// What is called on an object.
#[derive(Clone, Copy)]
pub struct Callbacks {
    /// A descriptor is ready; it is not watched any longer.
    pub ready: fn(&MagicHandle, RawFd, Interest),
    /// A process that was watched has ended.
    pub down: fn(&MagicHandle, RefId, u64),
}

/// See the module head.
#[derive(Default)]
pub struct NativeWatch {
    objects: RwLock<HashMap<u64, (Weak<Magic>, Callbacks)>>,
    monitors: Mutex<HashMap<RefId, u64>>,
    next: AtomicU64,
}

/// Tokens with this bit are numbers of such objects.
pub(crate) const TOKEN: u64 = 1 << 62;

impl NativeWatch {
    fn monitors(&self) -> MutexGuard<'_, HashMap<RefId, u64>> {
        self.monitors.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// Enters an object; its number.
    pub fn add(&self, object: &MagicHandle, calls: Callbacks) -> u64 {
        let id = self.next.fetch_add(1, Ordering::Relaxed);
        let mut all = self.objects.write().unwrap_or_else(|e| e.into_inner());
        all.insert(id, (Arc::downgrade(object), calls));
        id
    }
    /// The object is gone.
    pub fn remove(&self, id: u64) {
        self.objects.write().unwrap_or_else(|e| e.into_inner()).remove(&id);
    }
    /// The object of a number.
    pub fn object(&self, id: u64) -> Option<MagicHandle> {
        Some(self.get(id)?.0)
    }
    fn get(&self, id: u64) -> Option<(MagicHandle, Callbacks)> {
        let all = self.objects.read().unwrap_or_else(|e| e.into_inner());
        let (object, calls) = all.get(&id)?;
        Some((object.upgrade()?, *calls))
    }
    pub(crate) fn ready(&self, id: u64, fd: RawFd, interest: Interest) {
        if let Some((object, calls)) = self.get(id) {
            (calls.ready)(&object, fd, interest);
        }
    }
    /// A process has ended. `false`: the monitor is none of ours.
    pub(crate) fn down(&self, reference: RefId, pid: u64) -> bool {
        let Some(id) = self.monitors().remove(&reference) else { return false };
        if let Some((object, calls)) = self.get(id) {
            (calls.down)(&object, reference, pid);
        }
        true
    }
}

/// Has an object told when a process ends; `None` if it has ended already.
pub fn monitor(vm: &'static Vm, id: u64, pid: u64) -> Option<RefId> {
    vm.processes.lookup(pid)?;
    let reference = refs::next();
    vm.natives.monitors().insert(reference, id);
    let m = MonitorSignal { reference, watcher: 0, name: None };
    vm.signal(pid, Sender::System, Body::Monitor(Box::new(m)));
    Some(reference)
}

/// Takes that back.
pub fn demonitor(vm: &'static Vm, reference: RefId, pid: u64) {
    if vm.natives.monitors().remove(&reference).is_some() {
        vm.signal(pid, Sender::System, Body::Demonitor { reference });
    }
}

/// Has an object told once for each direction when a descriptor is ready.
pub fn arm(vm: &'static Vm, id: u64, fd: RawFd, interest: Interest) -> io::Result<()> {
    crate::port::poller(vm, fd)?.arm(fd, id | TOKEN, interest)
}
/// Takes that back.
pub fn disarm(vm: &'static Vm, fd: RawFd, interest: Interest) {
    if let Ok(p) = crate::port::poller(vm, fd) {
        p.disarm(fd, interest);
    }
}
/// Before a descriptor is closed.
pub fn forget(vm: &'static Vm, fd: RawFd) {
    if let Ok(p) = crate::port::poller(vm, fd) {
        p.forget(fd);
    }
}
