//! What a driver works with during a callback: its port, its queue, descriptors, timer, and whom to tell.

use super::line::LineBuffer;
use super::ops::Request;
use super::queue::IoQueue;
use super::{Driver, Port, Poster, Task, poll};
use crate::bif::Cx;
use crate::few::Few;
use crate::interp::CONTEXT_REDS;
use crate::signal::queue::Item;
use crate::signal::relations::LinkState;
use crate::signal::{Body, Message, MonitorSignal, RefId, Sender};
use crate::timer::{Fire, TimerKey};
use crate::trace::{self, flag};
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use std::collections::VecDeque;
use std::io;
use std::os::fd::RawFd;
use std::sync::Arc;
use sys::poll::Interest;
use term::atom::am;
use term::shared::BinHandle;
use term::{Atom, Heap, OwnedTerm, Term};

/// How a driver's port fails.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Failure {
    /// The other side closed: `eof`, or the port ends with `normal`.
    Eof,
    Reason(Atom),
    Number(i64),
}

/// A watch that another process keeps on the port.
pub(super) struct Watcher {
    pub pid: u64,
}

/// The side of a port that only the holder of its lock touches.
pub(super) struct State {
    pub links: Few<u64, LinkState>,
    pub watchers: Few<RefId, Watcher>,
    /// Processes that the port watches.
    pub watches: Few<RefId, u64>,
    pub unlink_serial: u64,
    pub queue: IoQueue,
    pub line: Option<Box<LineBuffer>>,
    pub input: u64,
    pub output: u64,
    pub os_pid: Option<i64>,
    /// Process whose operation is being carried out.
    pub caller: u64,
    /// Descriptors and what is asked of them.
    pub selected: Vec<(RawFd, Interest)>,
    pub timer: Option<TimerKey>,
    pub timer_generation: u64,
    pub failing: Option<Failure>,
    /// See [`PortCx::set_dry`].
    pub dry: Interest,
    /// Reductions that the callback has used, if no native's turn counts them.
    pub consumed: i64,
    /// Messages to the owner that are held back until the callback has ended.
    pub outbox: Option<Vec<OwnedTerm>>,
    /// `{Port, closed}` is owed to the owner.
    pub send_closed: bool,
    pub dead: bool,
    /// Nothing was left to write: what the driver says while it stops still goes to the owner.
    pub last_words: bool,
    /// Output that came before the port was seen to be busy, and what its senders have asked since.
    pub held: VecDeque<Request<'static>>,
}

impl State {
    pub fn new() -> State {
        State {
            links: Few::None,
            watchers: Few::None,
            watches: Few::None,
            unlink_serial: 0,
            queue: IoQueue::new(),
            line: None,
            input: 0,
            output: 0,
            os_pid: None,
            caller: 0,
            selected: Vec::new(),
            timer: None,
            timer_generation: 0,
            failing: None,
            dry: Interest::default(),
            consumed: 0,
            outbox: None,
            send_closed: false,
            dead: false,
            last_words: false,
            held: VecDeque::new(),
        }
    }
}

/// See the module head.
pub struct PortCx<'a> {
    pub(super) vm: &'static Vm,
    pub(super) port: &'a Arc<Port>,
    pub(super) state: &'a mut State,
    /// The turn of the native that asks, if one does.
    pub(super) turn: Option<&'a Cx<'a>>,
}

struct PortTimeout {
    port: u64,
    generation: u64,
}

impl Fire for PortTimeout {
    fn fire(self: Box<Self>, vm: &'static Vm) {
        if let Some(port) = vm.ports.get(self.port) {
            port.post(vm, Task::Timeout(self.generation));
        }
    }
}

impl<'a> PortCx<'a> {
    pub(super) fn new(vm: &'static Vm, port: &'a Arc<Port>, state: &'a mut State) -> PortCx<'a> {
        PortCx { vm, port, state, turn: None }
    }
    pub fn vm(&self) -> &'static Vm {
        self.vm
    }
    /// The port's number.
    pub fn id(&self) -> u64 {
        self.port.id
    }
    /// The port as a term.
    pub fn term(&self) -> Term<'static> {
        Term::local_port(self.port.id)
    }
    /// The connected process: its pid data.
    pub fn owner(&self) -> u64 {
        self.port.connected.load(Ordering::Acquire)
    }
    /// The process whose operation is being carried out; at other times the last one.
    pub fn caller(&self) -> u64 {
        self.state.caller
    }
    /// A handle by which other threads can reach the driver later.
    pub fn poster(&self) -> Poster {
        Poster { vm: self.vm, port: self.port.id }
    }
    /// The same for another port.
    pub fn poster_of(&self, port: u64) -> Poster {
        Poster { vm: self.vm, port }
    }
    /// Whether received data are binaries now.
    pub fn is_binary(&self) -> bool {
        self.port.is(super::BINARY)
    }
    /// Whether received data are cut into lines.
    pub fn has_lines(&self) -> bool {
        self.state.line.is_some()
    }
    /// The port was closed and only lives on until its queue is empty.
    pub fn is_closing(&self) -> bool {
        self.port.is(super::CLOSING) && !self.state.last_words
    }

    // To processes.

    /// Sends a message that `f` builds, of about so many words. To the process that asks it goes without detours.
    pub fn tell(&self, pid: u64, words: usize, f: impl for<'h> FnOnce(&'h Heap) -> Term<'h>) {
        if self.port.trace.has(flag::SEND) {
            return self.send(pid, OwnedTerm::build(f));
        }
        if let Some(cx) = self.turn
            && cx.pid() == pid
        {
            let Err(f) = crate::signal::handle::receives_own(cx, f) else { return };
            return self.tell_other(pid, Message::build(words, f));
        }
        self.tell_other(pid, Message::build(words, f))
    }
    fn tell_other(&self, pid: u64, message: Message) {
        if let Some(p) = self.vm.processes.lookup(pid) {
            self.vm.send_to(Sender::Port(self.port.id), &p, message);
        }
    }
    /// Sends a message to a process.
    pub fn send(&self, pid: u64, message: OwnedTerm) {
        if self.port.trace.has(flag::SEND) {
            trace::port::sent(self.vm, self.port.id, &self.port.trace, pid, message.term());
        }
        self.vm.send_message(Sender::Port(self.port.id), pid, message);
    }
    /// Sends `{Port, Term}` to the owner.
    pub fn send_owner(&mut self, f: impl for<'h> FnOnce(&'h Heap) -> Term<'h>) {
        /// A pair around a pair around a binary.
        const WORDS: usize = 24;
        let port = self.term();
        let Some(held) = &mut self.state.outbox else {
            return self.tell(self.owner(), WORDS, |h| h.tuple(&[port, f(h)]));
        };
        let m = OwnedTerm::build(|h| h.tuple(&[port, f(h)]));
        if self.port.trace.has(flag::SEND) {
            let owner = self.port.owner();
            trace::port::sent(self.vm, self.port.id, &self.port.trace, owner, m.term());
        }
        held.push(m)
    }
    /// Sends `{Port, closed}` to the owner; a tracer is shown the atom.
    pub fn send_closed(&mut self) {
        let (port, owner) = (self.term(), self.owner());
        if self.port.trace.has(flag::SEND) {
            let closed = am::CLOSED.into();
            trace::port::sent(self.vm, self.port.id, &self.port.trace, owner, closed);
        }
        let m = OwnedTerm::build(|h| h.tuple(&[port, am::CLOSED.into()]));
        match &mut self.state.outbox {
            Some(held) => held.push(m),
            None => self.vm.send_message(Sender::Port(self.port.id), owner, m),
        }
    }
    /// Hands received bytes to the owner, in the way it asked for (driver_output).
    pub fn output(&mut self, bytes: &[u8]) {
        self.count_input(bytes.len());
        if self.is_closing() {
            return;
        }
        if let Some(c) = self.port.dist.get() {
            return crate::dist::input::packet(self.vm, c, bytes);
        }
        match self.state.line.take() {
            None => self.data(bytes, None),
            Some(mut line) => {
                line.feed(bytes, |text, eol| self.data(text, Some(eol)));
                self.state.line = Some(line);
            }
        }
    }
    /// As [`PortCx::output`]; takes a large buffer over without copying, if the owner gets it as it is.
    pub fn output_buffer(&mut self, buffer: &mut Vec<u8>) {
        /// Smaller ones are copied: a binary keeps the whole buffer.
        const TAKE_FROM: usize = 16 << 10;
        let whole = self.port.is(super::BINARY)
            && self.state.line.is_none()
            && self.port.dist.get().is_none();
        if !whole || buffer.len() < TAKE_FROM || self.is_closing() {
            return self.output(buffer);
        }
        self.count_input(buffer.len());
        let mut bytes = core::mem::take(buffer);
        let (data, len) = (bytes.as_mut_ptr(), bytes.len());
        // SAFETY: the vector's memory stays where it is, unchanged, until the closure drops it.
        let bin = unsafe { BinHandle::foreign(data, len, Box::new(move || drop(bytes))) };
        self.send_owner(|h| h.tuple(&[am::DATA.into(), h.shared_binary(bin)]));
    }
    /// Counts received bytes that the driver hands on by itself.
    pub fn count_input(&mut self, bytes: usize) {
        self.state.input += bytes as u64;
        self.vm.ports.input.fetch_add(bytes as u64, Ordering::Relaxed);
    }
    pub(super) fn flush_line(&mut self) {
        if let Some(mut line) = self.state.line.take() {
            line.flush(|text, eol| self.data(text, Some(eol)));
            self.state.line = Some(line);
        }
    }
    /// Hands received bytes to the owner, the first `header` of them as a list (driver_output2).
    /// Whether its input is that of a connection with another node.
    pub fn carries_connection(&self) -> bool {
        self.port.dist.get().is_some()
    }
    pub fn output_with_header(&mut self, header: usize, bytes: &[u8]) {
        if self.port.dist.get().is_some() {
            return self.output(bytes);
        }
        let binary = self.port.is(super::BINARY);
        match bytes.split_at_checked(header) {
            Some(([], _)) if self.state.line.is_none() => self.output(bytes),
            Some((head, tail)) if binary && header > 0 => {
                self.count_input(bytes.len());
                if !self.is_closing() {
                    self.send_owner(|h| {
                        let head: Vec<Term> =
                            head.iter().map(|b| Term::small((*b).into())).collect();
                        let tail = if tail.is_empty() { Term::nil() } else { h.binary(tail) };
                        h.tuple(&[am::DATA.into(), h.list_onto(&head, tail)])
                    });
                }
            }
            _ => {
                self.count_input(bytes.len());
                if !self.is_closing() {
                    self.send_owner(|h| h.tuple(&[am::DATA.into(), h.byte_list(bytes)]));
                }
            }
        }
    }
    fn data(&mut self, bytes: &[u8], eol: Option<bool>) {
        let binary = self.port.is(super::BINARY);
        self.send_owner(|h| {
            let mut t = if binary { h.binary(bytes) } else { h.byte_list(bytes) };
            if let Some(eol) = eol {
                let tag = if eol { term::atom!("eol") } else { term::atom!("noeol") };
                t = h.tuple(&[tag.into(), t]);
            }
            h.tuple(&[am::DATA.into(), t])
        });
    }
    /// `{Port, {exit_status, Status}}`. It goes out after the callback, at once with what follows it (the rest of a line, `eof`).
    pub fn report_exit_status(&mut self, status: i32) {
        self.state.outbox.get_or_insert_default();
        self.send_owner(|h| h.tuple(&[am::EXIT_STATUS.into(), Term::small(status.into())]));
    }
    /// Sends what was held back.
    pub(super) fn send_held(&mut self) {
        let Some(held) = self.state.outbox.take() else { return };
        let messages = held.into_iter().map(|m| Item::Message(Message::new(m))).collect();
        if let Some(owner) = self.vm.processes.lookup(self.owner()) {
            owner.in_queue.push_all(messages);
            self.vm.wake(&owner);
        }
    }
    /// Watches a process: [`Driver::process_exit`](super::Driver::process_exit) is called when it ends. `None` if there is none.
    pub fn monitor_process(&mut self, pid: u64) -> Option<RefId> {
        self.vm.processes.lookup(pid)?;
        let reference = crate::refs::next();
        self.state.watches.insert(reference, pid);
        let m = MonitorSignal { reference, watcher: 0, name: None };
        self.vm.signal(pid, Sender::Port(self.port.id), Body::Monitor(Box::new(m)));
        Some(reference)
    }
    pub fn demonitor_process(&mut self, reference: RefId) -> bool {
        let Some(pid) = self.state.watches.remove(&reference) else { return false };
        self.vm.signal(pid, Sender::Port(self.port.id), Body::Demonitor { reference });
        true
    }

    /// A further port of this port's driver, linked to `owner` and owned by it: its number, or `None` if there are too many
    /// (driver_create_port).
    pub fn create_port(&self, name: &str, owner: u64, driver: Box<dyn Driver>) -> Option<u64> {
        let of = self.port.driver.clone();
        let port = self.vm.ports.insert(|id| {
            let mut port = super::open::new_port(id, name.into(), of, 0, owner);
            let core = port.core.get_mut();
            core.driver = Some(driver);
            core.state.links.insert(owner, LinkState::default());
            port
        })?;
        self.vm.signal(owner, Sender::Port(port.id), Body::Link);
        Some(port.id)
    }

    /// The callback has used so many percent of a time slice. `true`: the slice is over (erl_drv_consume_timeslice).
    pub fn consume_timeslice(&mut self, percent: i32) -> bool {
        /// With which a callback that no native has asked for begins.
        const BEFORE: i64 = CONTEXT_REDS / 4;
        match self.turn {
            Some(cx) => cx.consume_timeslice(percent),
            None => {
                let reds = i64::from(percent.clamp(1, 100)) * (CONTEXT_REDS / 100);
                self.state.consumed = (self.state.consumed + reds).min(CONTEXT_REDS);
                self.state.consumed + BEFORE >= CONTEXT_REDS
            }
        }
    }

    // Output that waits.

    /// Bytes that the driver keeps until the system takes them. A closed port lives until it is empty.
    pub fn queue(&mut self) -> &mut IoQueue {
        &mut self.state.queue
    }
    /// Makes senders wait, or lets them go on.
    pub fn set_busy(&self, busy: bool) {
        self.port.set_busy(self.vm, busy);
    }
    pub fn is_busy(&self) -> bool {
        self.port.is(super::BUSY)
    }

    // Descriptors.

    /// Asks to be called when `fd` is ready in these directions, until deselected.
    pub fn select(&mut self, fd: RawFd, interest: Interest) -> io::Result<()> {
        match self.state.selected.iter_mut().find(|(f, _)| *f == fd) {
            Some((_, i)) => {
                *i = Interest { read: i.read | interest.read, write: i.write | interest.write };
            }
            None => {
                // Most ports have one.
                self.state.selected.reserve_exact(1);
                self.state.selected.push((fd, interest));
            }
        }
        poll::poller(self.vm, fd)?.arm_dry(fd, self.port.id, interest, self.state.dry)
    }
    /// Says whether the last call in this direction has shown that the next would block. Then asking to be called is cheap. To be
    /// said of one descriptor within one callback.
    pub fn set_dry(&mut self, direction: Interest, dry: bool) {
        let d = self.state.dry;
        self.state.dry = if dry { d.union(direction) } else { d.minus(direction) };
    }
    /// Takes that back for these directions.
    pub fn deselect(&mut self, fd: RawFd, interest: Interest) {
        if let Some((_, i)) = self.state.selected.iter_mut().find(|(f, _)| *f == fd) {
            *i = Interest { read: i.read & !interest.read, write: i.write & !interest.write };
            if let Ok(p) = poll::poller(self.vm, fd) {
                p.disarm_own(fd, self.port.id, interest);
            }
        }
    }
    /// Lets a descriptor go: before it is closed or given away. Another port may have it by now.
    pub fn forget(&mut self, fd: RawFd) {
        let before = self.state.selected.len();
        self.state.selected.retain(|(f, _)| *f != fd);
        if self.state.selected.len() != before
            && let Ok(p) = poll::poller(self.vm, fd)
        {
            p.forget_own(fd, self.port.id);
        }
    }
    pub(super) fn forget_all(&mut self) {
        while let Some(&(fd, _)) = self.state.selected.last() {
            self.forget(fd);
        }
    }
    /// In which directions a descriptor is selected.
    pub fn is_selected(&self, fd: RawFd) -> Interest {
        let none = Interest { read: false, write: false };
        self.state.selected.iter().find(|(f, _)| *f == fd).map_or(none, |(_, i)| *i)
    }

    // Time.

    /// Starts the port's one timer, in place of an earlier one.
    pub fn set_timer(&mut self, ms: u64) {
        let wait = i64::try_from(ms).unwrap_or(i64::MAX).saturating_mul(1_000_000);
        self.set_timer_at(self.vm.monotonic().saturating_add(wait));
    }
    /// As [`PortCx::set_timer`], by the VM's monotonic clock.
    pub fn set_timer_at(&mut self, deadline: i64) {
        self.cancel_timer();
        let fire = PortTimeout { port: self.port.id, generation: self.state.timer_generation };
        let (key, first) = self.vm.timers.add(deadline, Box::new(fire));
        self.state.timer = Some(key);
        if first {
            self.vm.timers_changed();
        }
    }
    pub fn cancel_timer(&mut self) {
        self.state.timer_generation += 1;
        if let Some(key) = self.state.timer.take() {
            self.vm.timers.cancel(key);
        }
    }
    /// Nanoseconds until the timer fires, if it is set.
    pub fn timer_left(&self) -> Option<i64> {
        self.state.timer.map(|(deadline, _)| (deadline - self.vm.monotonic()).max(0))
    }

    // The end.

    /// The other side closed (driver_failure_eof).
    pub fn fail_eof(&mut self) {
        self.fail(Failure::Eof);
    }
    /// The port ends with the name of an error number as its reason.
    pub fn fail_errno(&mut self, errno: i32) {
        self.fail(Failure::Reason(Atom::new(sys::errno::name(errno))));
    }
    pub fn fail_error(&mut self, e: &io::Error) {
        self.fail(Failure::Reason(Atom::new(sys::errno::of(e))));
    }
    pub fn fail_atom(&mut self, reason: Atom) {
        self.fail(Failure::Reason(reason));
    }
    /// The port ends with a number as its reason.
    pub fn fail_number(&mut self, reason: i64) {
        self.fail(Failure::Number(reason));
    }
    pub(super) fn fail(&mut self, f: Failure) {
        self.state.failing.get_or_insert(f);
    }
    /// The port ends after its link to the owner was taken away (driver_exit).
    pub fn exit(&mut self, errno: i32) {
        let owner = self.owner();
        if let Some(l) = self.state.links.get_mut(&owner)
            && l.unlinking == 0
        {
            self.state.unlink_serial += 1;
            let id = self.state.unlink_serial;
            l.unlinking = id;
            self.vm.signal(owner, Sender::Port(self.port.id), Body::Unlink { id });
        }
        let reason = if errno == 0 { am::NORMAL } else { Atom::new(sys::errno::name(errno)) };
        self.fail(Failure::Reason(reason));
    }
    /// What `port_info(os_pid)` shows.
    pub fn set_os_pid(&mut self, pid: Option<i64>) {
        self.state.os_pid = pid;
    }
    /// Changes the form of received data: lists or binaries.
    pub fn set_binary(&self, binary: bool) {
        self.port.set_flag(super::BINARY, binary);
    }
}
