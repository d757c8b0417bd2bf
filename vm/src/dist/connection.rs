//! One connection with another node, from the first attempt to its end.

use super::op::{Op, Waiting};
use super::output::{Frame, Out};
use super::{RemoteRef, lock};
use crate::bif::Cx;
use crate::port::IoQueue;
use crate::signal::{Body, ExitSignal, RefId, Sender};
use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, AtomicU8, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use etf::atom_cache::{Received, Sent};
use std::collections::HashMap;
use std::sync::{Arc, Mutex, OnceLock};
use term::atom::am;
use term::{Atom, OwnedTerm, Term, atom};

/// Signals are kept.
const PENDING: u8 = 0;
const CONNECTED: u8 = 1;
/// Nothing goes in or out any more; the controller is about to end.
const EXITING: u8 = 2;
const CLOSED: u8 = 3;

/// Who carries packets.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Controller {
    Port(u64),
    Process(u64),
}

/// See the module head.
pub struct Connection {
    pub name: Atom,
    pub id: u32,
    /// What its handles are.
    pub(super) reference: RefId,
    phase: AtomicU8,
    flags: AtomicU64,
    creation: AtomicU32,
    controller: OnceLock<Controller>,
    /// The process that may put data in.
    handler: AtomicU64,
    get_size: AtomicBool,
    pub received: AtomicU64,
    pub sent: AtomicU64,
    /// Bytes that wait to be carried.
    queued: AtomicUsize,
    busy: AtomicBool,
    pub(super) out: Mutex<Out>,
    pub(super) input: Mutex<super::input::State>,
    /// How many links, monitors and the like each local process has through this connection; `None` once it is over.
    relations: Mutex<Option<HashMap<u64, u32>>>,
    /// Local processes that are watched by name from over there.
    pub(super) names: Mutex<HashMap<RemoteRef, u64>>,
    /// Why processes ended that had asked for a linked process over there and did not hear of it yet.
    pub(super) spawn_exits: Mutex<HashMap<RefId, OwnedTerm>>,
}

/// What the reference of a connection holds.
pub struct DHandle(pub Arc<Connection>);

/// So many bytes do not wait for the end of a time slice.
const AT_ONCE: usize = 16 << 10;
const NOBODY: u64 = u64::MAX;

impl Connection {
    pub(super) fn new(name: Atom, id: u32) -> Connection {
        Connection {
            name,
            id,
            reference: crate::refs::next_magic(),
            phase: AtomicU8::new(PENDING),
            flags: AtomicU64::new(0),
            creation: AtomicU32::new(0),
            controller: OnceLock::new(),
            handler: AtomicU64::new(NOBODY),
            get_size: AtomicBool::new(false),
            received: AtomicU64::new(0),
            sent: AtomicU64::new(0),
            queued: AtomicUsize::new(0),
            busy: AtomicBool::new(false),
            out: Mutex::default(),
            input: Mutex::default(),
            relations: Mutex::new(Some(HashMap::new())),
            names: Mutex::default(),
            spawn_exits: Mutex::default(),
        }
    }
    fn phase(&self) -> u8 {
        self.phase.load(Ordering::Acquire)
    }
    /// Signals to the node are taken.
    pub fn is_open(&self) -> bool {
        self.phase() <= CONNECTED
    }
    pub fn is_pending(&self) -> bool {
        self.phase() == PENDING
    }
    pub fn is_connected(&self) -> bool {
        self.phase() == CONNECTED
    }
    pub fn is_busy(&self) -> bool {
        self.busy.load(Ordering::Acquire)
    }
    /// What both sides can do; nothing is known while it is pending.
    pub fn flags(&self) -> u64 {
        self.flags.load(Ordering::Relaxed)
    }
    pub fn has(&self, flag: u64) -> bool {
        self.flags() & flag == flag
    }
    /// Whether the other side can do this; assumed while that is not known.
    pub fn may(&self, flag: u64) -> bool {
        self.is_pending() || self.has(flag)
    }
    pub fn is_visible(&self) -> bool {
        self.has(super::flags::PUBLISHED)
    }
    pub fn controller(&self) -> Option<Controller> {
        self.controller.get().copied()
    }
    pub fn queued(&self) -> usize {
        self.queued.load(Ordering::Relaxed)
    }
    pub fn handler(&self) -> u64 {
        self.handler.load(Ordering::Acquire)
    }
    pub fn set_handler(&self, pid: u64) {
        self.handler.store(pid, Ordering::Release);
    }
    pub fn get_size(&self) -> bool {
        self.get_size.load(Ordering::Relaxed)
    }
    pub fn set_get_size(&self, on: bool) {
        self.get_size.store(on, Ordering::Relaxed);
    }

    /// The handshake is done: `controller` carries from here on. Requests that the other
    /// side turns out not to know are given back. `None`: there is a controller, or the connection is over.
    pub(super) fn connect(
        self: &Arc<Self>,
        vm: &'static Vm,
        controller: Controller,
        flags: u64,
        creation: u32,
    ) -> Option<Vec<Op>> {
        let mut out = lock(&self.out);
        if !self.is_pending() || self.controller.set(controller).is_err() {
            return None;
        }
        self.creation.store(creation, Ordering::Relaxed);
        self.flags.store(flags, Ordering::Relaxed);
        let cache = flags & super::flags::DIST_HDR_ATOM_CACHE != 0;
        out.cache = cache.then(Sent::default);
        lock(&self.input).cache = cache.then(Received::default);
        // What was sent while nothing was known of the other side.
        let waiting = core::mem::take(&mut out.waiting);
        // It was not known whether senders are shown.
        let hidden = super::flags::SEND_SENDER;
        let (mut size, mut refused) = (0, Vec::new());
        for Waiting { op, payload } in waiting {
            let payload = payload.as_ref().map(|t| t.term());
            if flags & op.needs() != op.needs() {
                refused.push(op);
            } else if let Ok(frames) = super::output::encode(vm, flags & !hidden, &op, payload) {
                size += frames.iter().map(Frame::size).sum::<usize>();
                out.push(frames);
            }
        }
        self.queued.store(size, Ordering::Relaxed);
        self.phase.store(CONNECTED, Ordering::Release);
        Some(refused)
    }
    /// Leads over to the end. Whether it was open, and whether it was connected.
    pub(super) fn exiting(&self) -> (bool, bool) {
        let _out = lock(&self.out);
        match self.phase.swap(EXITING, Ordering::AcqRel) {
            PENDING => (true, false),
            CONNECTED => (true, true),
            phase => {
                self.phase.store(phase, Ordering::Release);
                (false, false)
            }
        }
    }
    /// It will be closed in a moment.
    pub fn owner_is_gone(&self) {
        self.exiting();
    }
    /// Whether it was not closed before.
    pub(super) fn closed(&self) -> bool {
        self.phase.swap(CLOSED, Ordering::AcqRel) != CLOSED
    }

    /// Keeps an operation until the connection is up; gives it back if it is not pending any more.
    pub(super) fn keep(
        &self,
        vm: &'static Vm,
        op: Op,
        payload: Option<Term<'_>>,
    ) -> Result<(), Op> {
        if !self.is_pending() {
            return Err(op);
        }
        let mut out = lock(&self.out);
        if !self.is_pending() {
            return Err(op);
        }
        let payload = payload.map(OwnedTerm::whole_copy_of);
        let size = payload.as_ref().map_or(0, |t| t.words() * 8) + 64;
        out.waiting.push(Waiting { op, payload });
        self.count(vm, size);
        Ok(())
    }
    fn count(&self, vm: &'static Vm, size: usize) {
        let queued = self.queued.fetch_add(size, Ordering::AcqRel) + size;
        if queued >= vm.dist.busy_limit.load(Ordering::Relaxed) {
            self.busy.store(true, Ordering::Release);
        }
    }
    /// Hands packets to the controller, or drops them if the connection is over. Short ones may wait for the end of the
    /// sender's time slice.
    pub(super) fn push(self: &Arc<Self>, vm: &'static Vm, frames: Vec<Frame>) {
        let size = frames.iter().map(Frame::size).sum();
        let wake = {
            let mut out = lock(&self.out);
            if !self.is_connected() {
                return;
            }
            out.push(frames);
            self.count(vm, size);
            core::mem::take(&mut out.notify)
        };
        self.hand_over(vm, wake);
    }
    /// The same for what a process says at its end, if it is long.
    pub(super) fn push_last(self: &Arc<Self>, vm: &'static Vm, frames: Vec<Frame>) {
        let wake = {
            let mut out = lock(&self.out);
            if !self.is_connected() {
                return;
            }
            out.push_last(frames);
            core::mem::take(&mut out.notify)
        };
        self.hand_over(vm, wake);
    }
    fn hand_over(self: &Arc<Self>, vm: &'static Vm, wake: bool) {
        match self.controller() {
            Some(Controller::Port(port))
                if self.queued() < AT_ONCE && crate::sched::owe_output(port) => {}
            _ => self.rouse(vm, wake),
        }
    }
    /// Has the controller look at the queue. `wake`: a process that carries wants to know.
    pub(super) fn rouse(self: &Arc<Self>, vm: &'static Vm, wake: bool) {
        match self.controller() {
            Some(Controller::Port(port)) => crate::port::dist_output(vm, port),
            Some(Controller::Process(pid)) if wake => {
                let m = OwnedTerm::immediate(Term::atom(atom!("dist_data")));
                vm.send_message(Sender::System, pid, m);
            }
            _ => {}
        }
    }
    /// The next packet, header and all.
    pub(crate) fn next_packet(&self, vm: &'static Vm) -> Option<IoQueue> {
        self.next_packets(vm, 1).pop()
    }
    /// The next packets: at least one if there is one, and more up to so many bytes.
    pub(crate) fn next_packets(&self, vm: &'static Vm, most: usize) -> Vec<IoQueue> {
        let mut packets = Vec::new();
        let resumed = {
            let mut out = lock(&self.out);
            let mut size = 0;
            let flags = self.flags();
            let mut taken = 0;
            while taken < most
                && let Some((packet, n)) = out.pop(flags)
            {
                size += n;
                taken += packet.len();
                packets.push(packet);
            }
            self.sent.fetch_add(packets.len() as u64, Ordering::Relaxed);
            let left = self.queued.fetch_sub(size, Ordering::AcqRel) - size;
            let limit = vm.dist.busy_limit.load(Ordering::Relaxed);
            let mut resumed = Vec::new();
            if left < limit / 2 && self.is_busy() {
                self.busy.store(false, Ordering::Release);
                resumed = core::mem::take(&mut out.suspended);
            }
            if !out.has_last_words() {
                resumed.append(&mut out.ending);
            }
            resumed
        };
        wake_all(vm, resumed);
        packets
    }
    /// Asks for a message `dist_data` when there is something to carry; `true`: there is.
    pub(super) fn notify(&self) -> bool {
        let mut out = lock(&self.out);
        out.notify = out.is_empty();
        !out.notify
    }
    /// Has the process woken when the queue has become shorter. `false`: nobody has to wait.
    pub fn wait_for(&self, cx: &Cx<'_>) -> bool {
        self.wait_as(cx.pid())
    }
    pub(crate) fn wait_as(&self, pid: u64) -> bool {
        let mut out = lock(&self.out);
        if !self.is_busy() || !self.is_open() {
            return false;
        }
        if !out.suspended.contains(&pid) {
            out.suspended.push(pid);
        }
        true
    }
    /// Whether a process that waits has not been woken yet.
    pub(crate) fn has_waiting(&self, pid: u64) -> bool {
        let out = lock(&self.out);
        out.suspended.contains(&pid) || out.ending.contains(&pid)
    }
    /// Whether a process that ends had better wait.
    pub(super) fn delays_ends(&self) -> bool {
        self.is_busy() || lock(&self.out).has_last_words()
    }
    /// Has a process that ends woken when it may go on. `false`: it may at once.
    pub(crate) fn wait_to_end(&self, pid: u64) -> bool {
        let mut out = lock(&self.out);
        if !self.is_open() {
            return false;
        }
        if out.has_last_words() {
            out.ending.push(pid);
            return true;
        }
        drop(out);
        self.wait_as(pid)
    }
    /// Drops what is queued, and lets those go on who wait.
    pub(super) fn drain(&self, vm: &'static Vm) {
        let (dropped, suspended) = {
            let mut out = lock(&self.out);
            self.busy.store(false, Ordering::Release);
            self.queued.store(0, Ordering::Relaxed);
            let mut suspended = core::mem::take(&mut out.suspended);
            suspended.append(&mut out.ending);
            (core::mem::take(&mut *out), suspended)
        };
        drop(dropped);
        wake_all(vm, suspended);
    }

    // Links and monitors through it.

    /// A process has one more of them. `false`: the connection is over.
    pub fn hold(&self, pid: u64) -> bool {
        match &mut *lock(&self.relations) {
            Some(r) => {
                *r.entry(pid).or_default() += 1;
                true
            }
            None => false,
        }
    }
    pub fn let_go(&self, pid: u64) {
        if let Some(r) = &mut *lock(&self.relations)
            && let Some(n) = r.get_mut(&pid)
        {
            *n -= 1;
            if *n == 0 {
                r.remove(&pid);
            }
        }
    }
    /// The processes that have any; there are none from here on.
    pub(super) fn take_relations(&self) -> Vec<u64> {
        lock(&self.relations).take().map_or_else(Vec::new, |r| r.into_keys().collect())
    }

    // The end.

    /// Ends a connection because of what came through it: the controller is killed, the rest follows from its end.
    pub fn kill(&self, vm: &'static Vm) {
        if self.exiting() == (true, true) {
            self.end(vm, am::KILLED);
        }
    }
    /// Ends a connection because something cannot be sent that must not be missing.
    pub(super) fn give_up(&self, vm: &'static Vm) {
        if self.exiting() == (true, true) {
            self.end(vm, term::atom!("system_limit"));
        }
    }
    /// Ends the controller.
    pub(super) fn end(&self, vm: &'static Vm, reason: Atom) {
        match self.controller() {
            Some(Controller::Port(port)) => crate::port::dist_end(vm, port, reason),
            Some(Controller::Process(pid)) => {
                let x = ExitSignal {
                    reason: OwnedTerm::immediate(Term::atom(am::KILL)),
                    linked: false,
                    kill: true,
                    sender: OwnedTerm::immediate(Term::local_pid(0)),
                    token: None,
                };
                vm.signal(pid, Sender::System, Body::Exit(Box::new(x)));
            }
            None => {}
        }
    }
}

fn wake_all(vm: &'static Vm, pids: Vec<u64>) {
    for p in pids.into_iter().filter_map(|pid| vm.processes.lookup(pid)) {
        vm.wake(&p);
    }
}
