//! A socket: its descriptor, who waits for it, its counters [prim_socket_nif.c: ESockDescriptor].
//!
//! One process at a time reads, writes or accepts; others wait in line. When the system would block, the native returns
//! `select` and the process gets `{'$socket', Socket, select, Ref}` once the socket is ready. The socket watches its owner and all who wait.
//!
//! A process may end while the socket is locked by the very thread that learns of it; so ends go to `ended` first, and
//! whoever unlocks looks there.

use std::collections::VecDeque;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use std::sync::{Mutex, MutexGuard, PoisonError};
use sys::poll::Interest;
use term::atom::am;
use term::shared::{Magic, MagicHandle};
use term::{Heap, OwnedTerm, Term, atom};
use vm::native_watch::{self, Callbacks};
use vm::signal::{RefId, Sender};
use vm::vm::Vm;
use vm::{Cx, FromTerm};

pub mod flag {
    //! States of a direction.
    pub const BOUND: u32 = 1;
    pub const LISTENING: u32 = 4;
    pub const ACCEPTING: u32 = 8;
    pub const CONNECTING: u32 = 0x10;
    pub const CONNECTED: u32 = 0x20;
    pub const SELECTED: u32 = 0x100;
    pub const CLOSING: u32 = 0x1000;
    pub const CLOSED: u32 = 0x2000;
}

/// Who waits.
pub struct Requestor {
    pub pid: u64,
    monitor: Option<RefId>,
    /// What the message will carry.
    pub reference: OwnedTerm,
}

/// Counts, by the names that `info` shows.
#[derive(Default)]
pub struct Counters {
    pub read_byte: u64,
    pub read_fails: u64,
    pub read_pkg: u64,
    pub read_pkg_max: u64,
    pub read_tries: u64,
    pub read_waits: u64,
    pub write_byte: u64,
    pub write_fails: u64,
    pub write_pkg: u64,
    pub write_pkg_max: u64,
    pub write_tries: u64,
    pub write_waits: u64,
    pub acc_fails: u64,
    pub acc_success: u64,
    pub acc_tries: u64,
    pub acc_waits: u64,
    pub read_now: u64,
    pub write_now: u64,
    /// Of `sendfile`, once it was used.
    pub sendfile: Option<Box<SendfileCounters>>,
}

#[derive(Default)]
pub struct SendfileCounters {
    pub sendfile: u64,
    pub byte: u64,
    pub fails: u64,
    pub max: u64,
    pub pkg: u64,
    pub pkg_max: u64,
    pub tries: u64,
    pub waits: u64,
    pub now: u64,
}

/// Which line a process waits in.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Line {
    Read,
    Write,
    Accept,
}

pub struct State {
    vm: &'static Vm,
    id: (u64, u64),
    pub watch: u64,
    pub fd: Option<RawFd>,
    /// Unless somebody else closes it.
    pub owned: Option<OwnedFd>,
    pub domain: i32,
    pub kind: i32,
    pub protocol: i32,
    pub owner: u64,
    owner_monitor: Option<RefId>,
    pub closer: Option<u64>,
    pub read: u32,
    pub write: u32,
    pub connector: Option<Requestor>,
    /// The first is the one at work.
    pub readers: VecDeque<Requestor>,
    pub writers: VecDeque<Requestor>,
    pub acceptors: VecDeque<Requestor>,
    /// Messages that are owed.
    armed: Interest,
    pub counters: Counters,
    pub buffer: usize,
    pub buffer_count: u32,
    pub buffers_read: u32,
    pub receive_control: usize,
    pub send_control: usize,
    pub iow: bool,
    /// After a read its process waits for the next (OTP 28 on).
    pub select_read: bool,
    pub debug: bool,
    pub meta: OwnedTerm,
    pub registered: bool,
    /// The descriptor that it was made of.
    pub made_of: Option<RawFd>,
    pub file: Option<OwnedFd>,
}

/// See the module head.
pub struct Socket {
    state: Mutex<State>,
    /// Monitors and processes that have ended.
    ended: Mutex<Vec<(RefId, u64)>>,
}

pub const BUFFER: usize = 8192;
pub const CONTROL_BUFFER: usize = 1024;

const CALLS: Callbacks = Callbacks { ready, down };

fn of(object: &MagicHandle) -> Option<&Socket> {
    object.downcast::<Socket>()
}

fn ready(object: &MagicHandle, fd: RawFd, interest: Interest) {
    if let Some(s) = of(object) {
        s.with(|st| st.became_ready(object, fd, interest));
    }
}

fn down(object: &MagicHandle, reference: RefId, pid: u64) {
    if let Some(s) = of(object) {
        s.ended.lock().unwrap_or_else(PoisonError::into_inner).push((reference, pid));
        s.settle();
    }
}

impl Socket {
    /// A reference to a new socket that belongs to the calling process.
    pub fn term<'p>(cx: &Cx<'p>, new: New) -> Term<'p> {
        let vm = cx.vm();
        let id = vm::refs::next();
        let state = State {
            vm,
            id,
            watch: u64::MAX,
            fd: Some(new.fd),
            owned: new.owned,
            domain: new.domain,
            kind: new.kind,
            protocol: new.protocol,
            owner: cx.pid(),
            owner_monitor: None,
            closer: None,
            read: 0,
            write: if new.connected { flag::CONNECTED } else { 0 },
            connector: None,
            readers: VecDeque::new(),
            writers: VecDeque::new(),
            acceptors: VecDeque::new(),
            armed: Interest::default(),
            counters: Counters::default(),
            buffer: new.buffer,
            buffer_count: new.buffer_count,
            buffers_read: 0,
            receive_control: new.receive_control,
            send_control: new.send_control,
            iow: new.iow,
            select_read: false,
            debug: new.debug,
            meta: OwnedTerm::immediate(Term::atom(am::UNDEFINED)),
            registered: new.registered,
            made_of: new.made_of,
            file: None,
        };
        super::info::opened(new.domain, new.kind, new.protocol, 1);
        let magic = Magic::handle(Socket { state: Mutex::new(state), ended: Mutex::default() });
        let watch = vm.natives.add(&magic, CALLS);
        if let Some(s) = of(&magic) {
            s.with(|st| {
                st.watch = watch;
                st.owner_monitor = native_watch::monitor(vm, watch, st.owner);
                if st.registered {
                    st.tell_registry(&magic, atom!("add").into());
                }
            });
        }
        cx.heap().magic_reference(id.0, id.1, magic)
    }
    fn try_state(&self) -> Option<MutexGuard<'_, State>> {
        match self.state.try_lock() {
            Ok(g) => Some(g),
            Err(std::sync::TryLockError::Poisoned(e)) => Some(e.into_inner()),
            Err(std::sync::TryLockError::WouldBlock) => None,
        }
    }
    /// Works on the socket's state.
    pub fn with<T>(&self, f: impl FnOnce(&mut State) -> T) -> T {
        let result = f(&mut self.state.lock().unwrap_or_else(PoisonError::into_inner));
        self.settle();
        result
    }
    /// Takes note of processes that have ended, unless somebody has the socket who will.
    fn settle(&self) {
        loop {
            let any = || self.ended.lock().unwrap_or_else(PoisonError::into_inner).pop();
            let Some(mut state) = self.try_state() else { return };
            let Some((reference, pid)) = any() else {
                drop(state);
                // One may have come between the look and the unlocking.
                if self.ended.lock().unwrap_or_else(PoisonError::into_inner).is_empty() {
                    return;
                }
                continue;
            };
            state.process_ended(reference, pid);
        }
    }
}

/// What a socket begins with.
pub struct New {
    pub fd: RawFd,
    pub owned: Option<OwnedFd>,
    pub domain: i32,
    pub kind: i32,
    pub protocol: i32,
    pub connected: bool,
    pub buffer: usize,
    pub buffer_count: u32,
    pub receive_control: usize,
    pub send_control: usize,
    pub iow: bool,
    pub debug: bool,
    pub registered: bool,
    /// The descriptor that it was made of.
    pub made_of: Option<RawFd>,
}

impl New {
    /// One that comes out of another: accepted or peeled off, with the other's options.
    pub fn beside(st: &State, fd: OwnedFd) -> New {
        New {
            fd: fd.as_raw_fd(),
            owned: Some(fd),
            domain: st.domain,
            kind: st.kind,
            protocol: st.protocol,
            connected: false,
            buffer: st.buffer,
            buffer_count: st.buffer_count,
            receive_control: st.receive_control,
            send_control: st.send_control,
            iow: st.iow,
            debug: st.debug,
            registered: st.registered,
            made_of: None,
        }
    }
}

impl State {
    pub fn is_open(&self) -> bool {
        self.read & (flag::CLOSING | flag::CLOSED) == 0
    }
    pub fn fd(&self) -> RawFd {
        self.fd.unwrap_or(-1)
    }
    pub fn line(&mut self, line: Line) -> &mut VecDeque<Requestor> {
        match line {
            Line::Read => &mut self.readers,
            Line::Write => &mut self.writers,
            Line::Accept => &mut self.acceptors,
        }
    }
    /// `{'$socket', SocketRef}`
    fn socket_term<'h>(&self, h: &'h Heap, me: &MagicHandle) -> Term<'h> {
        let r = h.magic_reference(self.id.0, self.id.1, me.clone());
        h.tuple(&[atom!("$socket").into(), r])
    }
    fn me(&self) -> Option<MagicHandle> {
        self.vm.natives.object(self.watch)
    }
    /// `{'$socket', Socket, Tag, Info}`
    fn tell(
        &self,
        me: &MagicHandle,
        to: u64,
        tag: Term<'static>,
        info: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
    ) {
        let m = OwnedTerm::build(|h| {
            h.tuple(&[atom!("$socket").into(), self.socket_term(h, me), tag, info(h)])
        });
        self.vm.send_message(Sender::System, to, m);
    }
    fn abort(&self, me: &MagicHandle, who: &Requestor, reason: Term<'static>) {
        self.tell(me, who.pid, atom!("abort").into(), |h| {
            h.tuple(&[h.copy(who.reference.term()), reason])
        });
    }
    /// `{'$socket', add | del, Socket}` to the registry.
    pub fn tell_registry(&self, me: &MagicHandle, what: Term<'static>) {
        if let Some(vm::process::registry::Named::Process(pid)) =
            self.vm.registry.lookup(atom!("socket_registry"))
        {
            let m = OwnedTerm::build(|h| {
                h.tuple(&[atom!("$socket").into(), what, self.socket_term(h, me)])
            });
            self.vm.send_message(Sender::System, pid, m);
        }
    }
    pub fn register(&mut self) {
        if !std::mem::replace(&mut self.registered, true)
            && let Some(me) = self.me()
        {
            self.tell_registry(&me, atom!("add").into());
        }
    }

    // Those who wait.

    pub fn requestor(&self, pid: u64, reference: Term<'_>) -> Requestor {
        let monitor = native_watch::monitor(self.vm, self.watch, pid);
        Requestor { pid, monitor, reference: OwnedTerm::whole_copy_of(reference) }
    }
    pub fn release(&self, r: Requestor) {
        if let Some(m) = r.monitor {
            native_watch::demonitor(self.vm, m, r.pid);
        }
    }
    /// Makes the caller the one at work, or renews its reference.
    pub fn set_current(&mut self, line: Line, pid: u64, reference: Term<'_>) {
        match self.line(line).front_mut() {
            Some(r) => r.reference = OwnedTerm::whole_copy_of(reference),
            None => {
                let r = self.requestor(pid, reference);
                self.line(line).push_back(r);
            }
        }
    }
    /// The one at work is done: the next has its turn, when the socket is ready.
    pub fn next(&mut self, line: Line) {
        let Some(r) = self.line(line).pop_front() else { return };
        self.release(r);
        self.activate(line);
    }
    fn activate(&mut self, line: Line) {
        if self.line(line).is_empty() {
            if line == Line::Accept {
                self.read &= !flag::ACCEPTING;
            }
        } else {
            let _ = self.select(line);
        }
    }
    /// An error ends the work of all in a line: those behind the first are told.
    pub fn fail_line(&mut self, line: Line, reason: Term<'static>) {
        let Some(first) = self.line(line).pop_front() else { return };
        self.release(first);
        let me = self.me();
        while let Some(r) = self.line(line).pop_front() {
            if let Some(me) = &me {
                self.abort(me, &r, reason);
            }
            self.release(r);
        }
    }
    /// Asks for the message to the first in a line.
    pub fn select(&mut self, line: Line) -> std::io::Result<()> {
        let interest = if line == Line::Write { Interest::WRITE } else { Interest::READ };
        self.arm(interest)
    }
    pub fn arm(&mut self, interest: Interest) -> std::io::Result<()> {
        native_watch::arm(self.vm, self.watch, self.fd(), interest)?;
        self.armed.read |= interest.read;
        self.armed.write |= interest.write;
        let selected = flag::SELECTED;
        *(if interest.write { &mut self.write } else { &mut self.read }) |= selected;
        Ok(())
    }
    /// Takes back a message that is owed; `false`: it was sent already.
    pub fn disarm(&mut self, interest: Interest) -> bool {
        let owed = if interest.write { &mut self.armed.write } else { &mut self.armed.read };
        let was = std::mem::replace(owed, false);
        if was {
            native_watch::disarm(self.vm, self.fd(), interest);
        }
        was
    }
    fn became_ready(&mut self, me: &MagicHandle, fd: RawFd, interest: Interest) {
        if self.fd != Some(fd) {
            return;
        }
        let select = Term::atom(atom!("select"));
        if interest.read && std::mem::replace(&mut self.armed.read, false) {
            let line = if self.acceptors.is_empty() { &self.readers } else { &self.acceptors };
            if let Some(r) = line.front() {
                self.tell(me, r.pid, select, |h| h.copy(r.reference.term()));
            }
        }
        if interest.write && std::mem::replace(&mut self.armed.write, false) {
            let who = self.connector.as_ref().or(self.writers.front());
            if let Some(r) = who {
                self.tell(me, r.pid, select, |h| h.copy(r.reference.term()));
            }
        }
    }

    // The end.

    fn process_ended(&mut self, reference: RefId, pid: u64) {
        if self.owner_monitor == Some(reference) {
            self.owner_ended();
            return;
        }
        if self.connector.as_ref().is_some_and(|c| c.monitor == Some(reference)) {
            self.connector = None;
            self.write &= !flag::CONNECTING;
            return;
        }
        for line in [Line::Read, Line::Write, Line::Accept] {
            let all = self.line(line);
            let Some(i) = all.iter().position(|r| r.monitor == Some(reference)) else { continue };
            all.remove(i);
            if i == 0 {
                let interest = if line == Line::Write { Interest::WRITE } else { Interest::READ };
                self.disarm(interest);
                self.activate(line);
            }
            return;
        }
        let _ = pid;
    }
    pub fn owner_ended(&mut self) {
        self.owner_monitor = None;
        self.owner = 0;
        if self.is_open() {
            self.stop();
        }
        if self.closer.is_none() || self.fd.is_some() {
            let _ = self.close_fd();
        }
    }
    /// Begins to close: whoever waits is told.
    pub fn stop(&mut self) {
        self.read |= flag::CLOSING;
        self.write |= flag::CLOSING;
        let closed = Term::atom(am::CLOSED);
        let me = self.me();
        let reads = self.disarm(Interest::READ);
        let writes = self.disarm(Interest::WRITE);
        if let Some(fd) = self.fd {
            native_watch::forget(self.vm, fd);
        }
        if let Some(c) = self.connector.take() {
            if let (Some(me), true) = (&me, writes) {
                self.abort(me, &c, closed);
            }
            self.release(c);
        }
        for (line, owed) in [(Line::Write, writes), (Line::Read, reads), (Line::Accept, reads)] {
            let mut first = true;
            while let Some(r) = self.line(line).pop_front() {
                // The first has its message already, if none is owed.
                if (owed || !first)
                    && let Some(me) = &me
                {
                    self.abort(me, &r, closed);
                }
                first = false;
                self.release(r);
            }
        }
    }
    /// Closes the descriptor for good.
    pub fn close_fd(&mut self) -> std::io::Result<()> {
        self.give_up().map_or(Ok(()), close)
    }
    /// The socket is closed; the descriptor, if it is its own, is the caller's to close.
    pub fn give_up(&mut self) -> Option<OwnedFd> {
        let fd = self.fd.take()?;
        native_watch::forget(self.vm, fd);
        self.read |= flag::CLOSED;
        self.write |= flag::CLOSED;
        self.file = None;
        self.meta = OwnedTerm::immediate(Term::atom(am::UNDEFINED));
        if let Some(m) = self.owner_monitor.take() {
            native_watch::demonitor(self.vm, m, self.owner);
        }
        super::info::opened(self.domain, self.kind, self.protocol, -1);
        if self.registered
            && let Some(me) = self.me()
        {
            self.tell_registry(&me, atom!("del").into());
        }
        self.owned.take()
    }
    pub fn set_owner(&mut self, pid: u64) {
        if let Some(m) = self.owner_monitor.take() {
            native_watch::demonitor(self.vm, m, self.owner);
        }
        self.owner = pid;
        self.owner_monitor = native_watch::monitor(self.vm, self.watch, pid);
        if self.owner_monitor.is_none() {
            self.owner_ended();
        }
    }
}

/// Closes and says what the system said; with option `linger` it may wait.
pub fn close(fd: OwnedFd) -> std::io::Result<()> {
    sys::fd::close(std::os::fd::IntoRawFd::into_raw_fd(fd))
}

impl Drop for State {
    fn drop(&mut self) {
        self.vm.natives.remove(self.watch);
        if let Some(fd) = self.fd.take() {
            native_watch::forget(self.vm, fd);
            super::info::opened(self.domain, self.kind, self.protocol, -1);
        }
    }
}

/// An argument that refers to a socket.
#[derive(Clone, Copy)]
pub struct SocketRef<'p>(pub &'p Socket);

impl<'p> FromTerm<'p> for SocketRef<'p> {
    fn from_term(t: Term<'p>) -> Option<Self> {
        t.as_reference()?.magic_ref()?.downcast().map(SocketRef)
    }
}
