//! Monitors that resources keep on processes.
//!
//! The reference of each is in the table of the process that is watched, as that of any watcher; who it belongs to is in
//! one table here. Whoever takes the entry out acts on it: the end of the process, `enif_demonitor_process` or the end of the resource.

use crate::abi::{NifMonitor, NifPid, Word};
use crate::env::{Env, env};
use crate::resource::{block, handle_of};
use core::cell::Cell;
use core::ffi::{c_int, c_void};
use std::collections::HashMap;
use std::sync::{Mutex, MutexGuard, Weak};
use term::shared::Magic;
use term::{Heap, RawTerm, Term};
use vm::signal::{Body, MonitorSignal, RefId, Sender};

/// Who keeps a monitor, and on whom.
struct Watch {
    object: usize,
    /// The resource, unless it is being destroyed.
    resource: Weak<Magic>,
    pid: u64,
}

static WATCHES: Mutex<Option<HashMap<RefId, Watch>>> = Mutex::new(None);

fn watches() -> MutexGuard<'static, Option<HashMap<RefId, Watch>>> {
    WATCHES.lock().unwrap_or_else(|e| e.into_inner())
}

fn take(id: RefId) -> Option<Watch> {
    watches().as_mut()?.remove(&id)
}

/// The monitors of one resource.
#[derive(Default)]
pub struct Monitors(Mutex<Vec<RefId>>);

impl Monitors {
    fn get(&self) -> MutexGuard<'_, Vec<RefId>> {
        self.0.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// The resource goes: so do its monitors.
    pub fn clear(&self) {
        for id in core::mem::take(&mut *self.get()) {
            if let Some(w) = take(id) {
                crate::vm().signal(w.pid, Sender::System, Body::Demonitor { reference: id });
            }
        }
    }
    fn remove(&self, id: RefId) {
        self.get().retain(|i| *i != id);
    }
}

const NONE: RefId = (0, 0);

thread_local! {
    /// The monitor that this thread is making; none any more when it was told that the process is gone.
    static MAKING: Cell<RefId> = const { Cell::new(NONE) };
}

/// The process was gone before it saw that it is watched. Whoever makes the monitor is told so; to others it is an end like any, but the
/// callback must not run here: this thread may hold a library's locks.
pub fn late(id: RefId, pid: u64) {
    if MAKING.get() == id {
        MAKING.set(NONE);
        drop(take(id));
        return;
    }
    fn run(at: usize) {
        // SAFETY: a box of ours, made below.
        let (id, pid) = *unsafe { Box::from_raw(at as *mut (RefId, u64)) };
        down(id, pid);
    }
    crate::vm().sched.later(run, Box::into_raw(Box::new((id, pid))) as usize);
}

/// The resource that keeps a monitor, as a term.
pub fn watcher<'h>(id: RefId, h: &'h Heap) -> Option<Term<'h>> {
    let resource = watches().as_ref()?.get(&id)?.resource.upgrade()?;
    crate::resource::reference(h, resource)
}

/// A process that a resource watches has ended.
pub fn down(id: RefId, pid: u64) {
    // Taken together with a count: who finds the entry gone may rely on the callback.
    let taken = watches().as_mut().and_then(|all| {
        let w = all.remove(&id)?;
        Some((w.resource.upgrade()?, w))
    });
    let Some((keep, w)) = taken else { return };
    let object = w.object as *mut c_void;
    // SAFETY: `keep` is a count of the resource.
    let b = unsafe { block(object) };
    b.monitors.remove(id);
    let c = b.resource_type.callbacks();
    if let Some(f) = c.init.down {
        let mut e = c.env();
        let pid = NifPid { pid: RawTerm::local_pid(pid).0 };
        let monitor = NifMonitor { id, spare: [0; 2] };
        // SAFETY: C.
        unsafe { f(&mut e, object, &pid, &monitor) };
    }
    drop(keep);
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_monitor_process(
    _: *mut Env,
    object: *mut c_void,
    to: *const NifPid,
    monitor: *mut NifMonitor,
) -> c_int {
    // SAFETY: C.
    let (b, pid) = unsafe { (block(object), (*to).pid) };
    if b.resource_type.callbacks().init.down.is_none() {
        return -1;
    }
    let Some(p) = crate::process::process(pid) else { return 1 };
    let id = vm::refs::next();
    // SAFETY: C.
    let resource = std::sync::Arc::downgrade(&unsafe { handle_of(object) });
    let watch = Watch { object: object as usize, resource, pid: p.pid };
    watches().get_or_insert_default().insert(id, watch);
    b.monitors.get().push(id);
    if !monitor.is_null() {
        // SAFETY: C.
        unsafe { monitor.write(NifMonitor { id, spare: [0; 2] }) };
    }
    let m = MonitorSignal { reference: id, watcher: 0, name: None };
    MAKING.set(id);
    crate::vm().signal(p.pid, Sender::System, Body::Monitor(Box::new(m)));
    // Only what this thread was told counts. If the process has ended after, another thread calls the callback or has done so: that is
    // no failure, whatever the tables say meanwhile.
    if MAKING.replace(NONE) != id {
        b.monitors.remove(id);
        return 1;
    }
    0
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_demonitor_process(
    _: *mut Env,
    object: *mut c_void,
    monitor: *const NifMonitor,
) -> c_int {
    // SAFETY: C.
    let (b, id) = unsafe { (block(object), (*monitor).id) };
    if !b.monitors.get().contains(&id) {
        return 1;
    }
    b.monitors.remove(id);
    match take(id) {
        Some(w) => {
            crate::vm().signal(w.pid, Sender::System, Body::Demonitor { reference: id });
            0
        }
        None => 1,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_compare_monitors(
    a: *const NifMonitor,
    b: *const NifMonitor,
) -> c_int {
    // SAFETY: C.
    match unsafe { (*a).id.cmp(&(*b).id) } {
        core::cmp::Ordering::Less => -1,
        core::cmp::Ordering::Equal => 0,
        core::cmp::Ordering::Greater => 1,
    }
}

#[unsafe(no_mangle)]
pub unsafe extern "C" fn enif_make_monitor_term(e: *mut Env, monitor: *const NifMonitor) -> Word {
    // SAFETY: C.
    unsafe {
        let (n0, n1) = (*monitor).id;
        env(e).heap().reference(n0, n1).raw().0
    }
}
