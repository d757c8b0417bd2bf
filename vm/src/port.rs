//! Ports [io.c, erl_port_task.c]: what processes use to reach the world outside.
//!
//! A port is owned by one process, can be linked, monitored and named like one, and is driven by a [`Driver`]. Everything
//! that happens to it is a [`Task`]. Whoever has a task tries the port's lock: if it is free, the task runs there and then, else it
//! goes to the port's in-box, which the holder of the lock empties before (and after) letting go. So nobody waits for
//! a port, a port may cause signals to itself, and what one process does to a port happens in order.
//!
//! Lock order: a port's core, then its in-box, then anything else. A core is never locked with another core held.

mod children;
mod core_lock;
mod cx;
mod direct;
mod dist;
mod driver;
mod exit;
mod fd;
mod file;
mod frame;
mod line;
mod open;
mod ops;
mod poll;
mod queue;
mod ram_file;
mod recent;
mod request;
mod signal;
mod spawn;
mod table;
mod tty;

pub use cx::PortCx;
pub(crate) use dist::{attach as dist_attach, end as dist_end, output as dist_output};
pub use driver::{
    Control, Driver, DriverEntry, Few, Limits, OpenOptions, PortName, Start, StartError,
};
pub(crate) use open::open_first;
pub use open::{OpenError, open};
pub use poll::{NATIVE_TOKEN, poll_states, poll_threads, poller, watched};
pub(crate) use poll::{attend, deliver, of_schedulers, prepare};
pub use queue::IoQueue;
pub use request::{
    Item, Sending, Sent, call, close, command, connect, control, exists, get_data, info, lookup,
    post_output, register, send_command, set_data, unregister,
};
pub(crate) use request::{owner, visit};
pub use signal::{flush_all, signal};
pub(crate) use table::Gate;
pub use table::Ports;
pub use tty::{line_editor_starts, old_shell, resized};

use crate::bif::Cx;
use crate::dist::Connection;
use crate::interp::CONTEXT_REDS;
use crate::signal::{Body, Sender};
use crate::trace::flag;
use crate::vm::Vm;
use core::ops::ControlFlow;
use core::sync::atomic::{AtomicU32, AtomicU64, AtomicUsize, Ordering};
use core_lock::{CoreGuard, CoreLock};
use cx::State;
use ops::Request;
use std::any::Any;
use std::collections::VecDeque;
use std::os::fd::RawFd;
use std::sync::{Arc, Mutex, MutexGuard, OnceLock};
use sys::poll::Interest;
use term::{Atom, OwnedTerm};

/// Received data are binaries.
const BINARY: u32 = 1;
/// The end of the input does not end the port.
const SOFT_EOF: u32 = 2;
const PARALLELISM: u32 = 4;
/// Closed, but output still waits in its queue.
const CLOSING: u32 = 8;
/// Senders have to wait.
const BUSY: u32 = 16;
/// Ends because the node halts.
const HALTING: u32 = 32;

/// The number of no port.
pub const NO_PORT: u64 = u64::MAX;

/// One port.
pub struct Port {
    pub id: u64,
    pub name: Vec<u8>,
    driver: Arc<DriverEntry>,
    flags: AtomicU32,
    /// The owner's pid data.
    connected: AtomicU64,
    /// Registered name, 0 for none.
    registered: AtomicU32,
    core: CoreLock<Core>,
    inbox: Mutex<VecDeque<Task>>,
    /// Tasks in the in-box.
    waiting: AtomicUsize,
    data: Mutex<Data>,
    /// Its number plus 1 if that is an atom, as sockets have it; 0 otherwise.
    data_atom: AtomicU32,
    /// Processes that wait for it to be no longer busy.
    suspended: Mutex<Vec<u64>>,
    /// Who wants to be told what of it.
    pub trace: crate::trace::TraceCell,
    /// The connection with another node that it carries.
    dist: OnceLock<Arc<Connection>>,
}

/// What `port_set_data` has set.
enum Data {
    Gone,
    Atom(Atom),
    Term(Box<OwnedTerm>),
}

/// What the lock protects.
struct Core {
    driver: Option<Box<dyn Driver>>,
    state: State,
}

/// Something to do in a port.
enum Task {
    Signal(Sender, Body),
    Request(Request<'static>),
    Ready(RawFd, Interest),
    Timeout(u64),
    Event(Box<dyn Any + Send>),
    /// The node halts.
    Halt,
    /// The connection that it carries has packets.
    DistOutput,
    /// The connection that it carries is to end.
    DistEnd(Atom),
}

/// Reaches a port's driver from anywhere.
#[derive(Clone)]
pub struct Poster {
    vm: &'static Vm,
    port: u64,
}

impl Poster {
    /// Whether the port is still there.
    pub fn is_alive(&self) -> bool {
        self.vm.ports.get(self.port).is_some()
    }
    /// Has [`Driver::event`] called with `event`, unless the port is gone.
    pub fn post(&self, event: Box<dyn Any + Send>) {
        if let Some(port) = self.vm.ports.get(self.port) {
            port.post(self.vm, Task::Event(event));
        }
    }
}

/// Runs `f` while no port reads or writes.
pub fn without_input<R>(vm: &Vm, f: impl FnOnce() -> R) -> R {
    let _gate = vm.ports.stop_polling();
    f()
}

fn lock<T>(m: &Mutex<T>) -> MutexGuard<'_, T> {
    m.lock().unwrap_or_else(|e| e.into_inner())
}

/// Tasks that waited for the port run in one slice until as many reductions as the reference counts are used; who traces the port is told.
#[derive(Default)]
struct TracedSlice {
    /// What is used of the slice, if one has begun.
    used: Option<i64>,
}

impl TracedSlice {
    /// Runs a task.
    #[inline]
    fn of(&mut self, port: &Port, vm: &'static Vm, core: &mut Core, f: impl FnOnce(&mut Core)) {
        /// That a task counts for.
        const TASK: i64 = CONTEXT_REDS / 20;
        if self.used.is_none() && port.trace.has(flag::RUNNING_PORTS) {
            crate::trace::port::slice(vm, port.id, &port.trace, true, None);
            self.used = Some(0);
        }
        core.state.consumed = 0;
        f(core);
        if let Some(used) = &mut self.used {
            *used += TASK + core.state.consumed;
            if *used >= CONTEXT_REDS {
                self.end(port, vm);
            }
        }
    }
    fn end(&mut self, port: &Port, vm: &'static Vm) {
        if self.used.take().is_some() {
            crate::trace::port::slice(vm, port.id, &port.trace, false, None);
        }
    }
}

impl Port {
    /// The connected process: its pid data.
    pub fn owner(&self) -> u64 {
        self.connected.load(Ordering::Acquire)
    }
    fn is(&self, flag: u32) -> bool {
        self.flags.load(Ordering::Acquire) & flag != 0
    }
    /// Sets or clears a flag; whether it was set.
    fn set_flag(&self, flag: u32, on: bool) -> bool {
        let old = if on {
            self.flags.fetch_or(flag, Ordering::AcqRel)
        } else {
            self.flags.fetch_and(!flag, Ordering::AcqRel)
        };
        old & flag != 0
    }
    #[inline]
    fn try_core(&self) -> Option<CoreGuard<'_, Core>> {
        self.core.try_lock()
    }
    /// Does a task now, or leaves it to whoever holds the port.
    fn post(self: &Arc<Self>, vm: &'static Vm, task: Task) {
        let mut task = task;
        if self.waiting.load(Ordering::Acquire) == 0 {
            // Nothing is ahead of it: with the port free it needs no in-box, which has no memory then.
            let run = |port: &Arc<Self>, core: &mut Core, task| {
                port.run_alone(vm, core, task);
                ControlFlow::Break(())
            };
            match self.now(vm, task, run) {
                ControlFlow::Break(()) => return,
                ControlFlow::Continue(back) => task = back,
            }
        }
        {
            let mut inbox = lock(&self.inbox);
            inbox.push_back(task);
            self.waiting.store(inbox.len(), Ordering::SeqCst);
        }
        self.settle(vm);
    }
    /// Empties the in-box unless somebody else does.
    fn settle(self: &Arc<Self>, vm: &'static Vm) {
        loop {
            // After our last write to the in-box, or letting go of the lock: see `core_lock`.
            if self.waiting.load(Ordering::SeqCst) == 0 {
                return;
            }
            let Some(mut core) = self.try_core() else { return };
            vm.profile.port(vm, self.id, true);
            self.drain(vm, &mut core);
            vm.profile.port(vm, self.id, false);
        }
    }
    /// Who adds a task counts it, then calls `settle`: one that is not counted yet is not lost.
    fn drain(self: &Arc<Self>, vm: &'static Vm, core: &mut Core) {
        let mut slice = TracedSlice::default();
        loop {
            if let Some(r) = self.held_request(core) {
                slice.of(self, vm, core, |core| self.serve(vm, core, r));
                continue;
            }
            if self.waiting.load(Ordering::Acquire) == 0 {
                break;
            }
            let task = {
                let mut inbox = lock(&self.inbox);
                let task = inbox.pop_front();
                self.waiting.store(inbox.len(), Ordering::Release);
                task
            };
            let Some(task) = task else { break };
            slice.of(self, vm, core, |core| self.run(vm, core, task));
        }
        slice.end(self, vm);
    }
    /// Runs `f` with `with` in the port if it is free; gives `with` back otherwise, or when `f` does.
    fn now<T, R>(
        self: &Arc<Self>,
        vm: &'static Vm,
        with: T,
        f: impl FnOnce(&Arc<Self>, &mut Core, T) -> ControlFlow<R, T>,
    ) -> ControlFlow<R, T> {
        let Some(mut core) = self.try_core() else { return ControlFlow::Continue(with) };
        vm.profile.port(vm, self.id, true);
        self.drain(vm, &mut core);
        let r = f(self, &mut core, with);
        self.drain(vm, &mut core);
        vm.profile.port(vm, self.id, false);
        drop(core);
        self.settle(vm);
        r
    }
    fn run(self: &Arc<Self>, vm: &'static Vm, core: &mut Core, task: Task) {
        let Some(start) = vm.monitor.slice_starts(vm) else {
            return self.perform(vm, core, task);
        };
        let what = match &task {
            Task::Timeout(_) => "timeout",
            Task::Ready(_, interest) if interest.read => "input",
            Task::Ready(..) => "output",
            Task::DistOutput => "dist_cmd",
            _ => "proc_sig",
        };
        self.perform(vm, core, task);
        vm.monitor.port_ran(vm, self.id, Some(start), what);
    }
    /// A task that waits for no others, in a slice of its own.
    fn run_alone(self: &Arc<Self>, vm: &'static Vm, core: &mut Core, task: Task) {
        let mut slice = TracedSlice::default();
        slice.of(self, vm, core, |core| self.run(vm, core, task));
        slice.end(self, vm);
    }
    fn perform(self: &Arc<Self>, vm: &'static Vm, core: &mut Core, task: Task) {
        match task {
            Task::Signal(from, body) => self.handle_signal(vm, core, from, body),
            Task::Request(r) => self.serve(vm, core, r),
            Task::Ready(fd, interest) => self.ready(vm, core, fd, interest),
            Task::Timeout(generation) => {
                if core.state.timer_generation == generation && core.state.timer.is_some() {
                    core.state.timer = None;
                    if self.trace.has(crate::trace::flag::RECEIVE) {
                        crate::trace::port::timeout(vm, self.id, &self.trace);
                    }
                    self.callback(vm, core, |d, p| d.timeout(p));
                }
            }
            Task::Event(e) => {
                self.callback(vm, core, |d, p| d.event(p, e));
            }
            Task::Halt => self.halt(vm, core),
            Task::DistOutput => self.dist_output(vm, core),
            Task::DistEnd(reason) => self.dist_end(vm, core, reason),
        }
    }
    /// Calls the driver, then acts on what it reported. Nothing happens if the port is gone.
    fn callback<R>(
        self: &Arc<Self>,
        vm: &'static Vm,
        core: &mut Core,
        f: impl FnOnce(&mut dyn Driver, &mut PortCx<'_>) -> R,
    ) -> Option<R> {
        self.callback_of(vm, core, None, f)
    }
    /// The same in the turn of a native, whose process may be told something.
    fn callback_of<R>(
        self: &Arc<Self>,
        vm: &'static Vm,
        core: &mut Core,
        turn: Option<&Cx<'_>>,
        f: impl FnOnce(&mut dyn Driver, &mut PortCx<'_>) -> R,
    ) -> Option<R> {
        let mut driver = core.driver.take()?;
        core.state.dry = Interest::default();
        core.state.consumed = 0;
        let r = f(&mut *driver, &mut PortCx { turn, ..PortCx::new(vm, self, &mut core.state) });
        core.driver = Some(driver);
        if core.state.failing.is_some() || core.state.outbox.is_some() || self.is(CLOSING) {
            self.after_callback(vm, core);
        }
        Some(r)
    }
    /// Descriptors are ready: tells the driver, and asks for the next report of what is still selected.
    fn ready(self: &Arc<Self>, vm: &'static Vm, core: &mut Core, fd: RawFd, interest: Interest) {
        let cx = PortCx::new(vm, self, &mut core.state);
        if interest.read && cx.is_selected(fd).read {
            self.callback(vm, core, |d, p| d.ready_input(p, fd));
        }
        let dry = Interest { write: false, ..core.state.dry };
        let cx = PortCx::new(vm, self, &mut core.state);
        if interest.write && cx.is_selected(fd).write {
            self.callback(vm, core, |d, p| d.ready_output(p, fd));
        }
        let dry = dry.union(Interest { read: false, ..core.state.dry });
        let cx = PortCx::new(vm, self, &mut core.state);
        let still = cx.is_selected(fd);
        let again =
            Interest { read: interest.read && still.read, write: interest.write && still.write };
        if !again.is_empty()
            && let Err(e) = poll::poller(vm, fd).and_then(|p| p.arm_dry(fd, self.id, again, dry))
        {
            PortCx::new(vm, self, &mut core.state).fail_error(&e);
            self.after_callback(vm, core);
        }
    }
    /// Says whether senders have to wait; who waits is woken.
    pub fn set_busy(self: &Arc<Self>, vm: &'static Vm, busy: bool) {
        if self.set_flag(BUSY, busy) && !busy {
            if self.dist.get().is_some() {
                self.post(vm, Task::DistOutput);
            }
            for pid in core::mem::take(&mut *lock(&self.suspended)) {
                if let Some(p) = vm.processes.lookup(pid) {
                    vm.wake(&p);
                }
            }
        }
    }
}

/// The drivers that can be opened by name.
fn built_in() -> Vec<DriverEntry> {
    let mut all = crate::inet::entries();
    all.extend([ram_file::entry(), tty::entry()]);
    all
}
