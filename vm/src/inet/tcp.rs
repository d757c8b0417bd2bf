//! The driver `tcp_inet`: TCP and streams of Unix-domain sockets [inet_drv.c].
//!
//! This file has the operations; what comes in is in `tcp_input`, what goes out in `tcp_output`, listening in `accept`.

use super::accept::Acceptor;
use super::address::{self, Reader};
use super::code::{INFINITY, MAGIC, kind, req};
use super::control::{self, encode};
use super::descriptor::{Fail, Inet, Protocol, Reply, state};
use super::options::{self, After, Own, Stream};
use super::tcp_input::Input;
use super::tcp_output::SendFile;
use super::timers::Timers;
use crate::port::{Control, Driver, DriverEntry, IoQueue, PortCx};
use crate::signal::RefId;
use std::collections::VecDeque;
use std::os::fd::RawFd;
use sys::poll::Interest;
use sys::socket;
use term::atom::am;
use term::{Atom, atom};

/// What a timer of a socket is for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Timer {
    Connect,
    Receive,
    Send,
    /// Output that was held back goes out.
    Delayed,
    /// The accept with this number.
    Accept(u16),
}

/// A part of the connection is to be shut down when the queue is empty.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Pending {
    Write,
    Both,
}

/// One socket.
pub(super) struct Tcp {
    pub inet: Inet,
    pub stream: Stream,
    pub input: Input,
    pub timers: Timers<Timer>,
    pub acceptors: VecDeque<Acceptor>,
    pub busy_on_send: bool,
    pub pending_shutdown: Option<Pending>,
    pub shut_write: bool,
    /// The next send, or receive, is to be told `closed`.
    pub closed_for_send: bool,
    pub closed_for_receive: bool,
    pub send_file: Option<Box<SendFile>>,
}

pub(super) fn entry() -> DriverEntry {
    DriverEntry {
        soft_busy: true,
        vectored: true,
        ..DriverEntry::new("tcp_inet", |p, _, _| {
            let inet = Inet::of_release(Protocol::Tcp, p.vm().config.release);
            Ok(Box::new(Tcp::of(inet, Stream::new())))
        })
    }
}

pub(super) fn closed() -> Atom {
    am::CLOSED
}

impl Tcp {
    pub fn of(inet: Inet, stream: Stream) -> Tcp {
        Tcp {
            inet,
            stream,
            input: Input::default(),
            timers: Timers::new(),
            acceptors: VecDeque::new(),
            busy_on_send: false,
            pending_shutdown: None,
            shut_write: false,
            closed_for_send: false,
            closed_for_receive: false,
            send_file: None,
        }
    }
    fn operate(&mut self, p: &mut PortCx<'_>, op: u32, data: &[u8]) -> Reply {
        match op {
            req::OPEN | req::FDOPEN => control::open(&mut self.inet, op, data, &[kind::STREAM]),
            req::LISTEN => self.listen(data),
            req::CONNECT => self.connect(p, data),
            req::ACCEPT => self.accept(p, data),
            req::CLOSE => {
                self.abandon(p);
                self.close(p);
                Ok(Vec::new())
            }
            req::TCP_UNRECV => {
                if !self.inet.is(state::CONNECTED) {
                    return Err(Fail::ENOTCONN);
                }
                self.input.push_front(data);
                if self.inet.is_active() {
                    let _ = self.deliver(p, 0);
                }
                Ok(Vec::new())
            }
            req::TCP_SHUTDOWN => self.shutdown(p, data),
            req::TCP_SENDFILE => self.send_file_request(p, data),
            req::SETOPTS => self.set_options(p, data),
            req::GETOPTS => options::get(&self.inet, &Own::Tcp(&mut self.stream), data),
            _ => control::control(&mut self.inet, p, op, data),
        }
    }
    fn set_options(&mut self, p: &mut PortCx<'_>, data: &[u8]) -> Reply {
        match options::set(&mut self.inet, &mut Own::Tcp(&mut self.stream), p, data)? {
            After::Nothing => {}
            After::Deliver => {
                let _ = self.deliver(p, 0);
            }
            After::Receive if self.inet.ignored.is_some() => {}
            After::Receive => {
                if self.receive(p, 0).is_ok() && self.inet.is_active() {
                    self.inet.select(p, Interest::READ, true);
                }
            }
        }
        Ok(Vec::new())
    }
    fn listen(&mut self, data: &[u8]) -> Reply {
        if !self.inet.is(state::OPEN) {
            return Err(Fail::BAD_PORT);
        }
        let [a, b] = data else { return Err(Fail::EINVAL) };
        socket::listen(self.inet.fd()?, u16::from_be_bytes([*a, *b]).into())?;
        self.inet.state = state::LISTENING;
        Ok(Vec::new())
    }
    fn connect(&mut self, p: &mut PortCx<'_>, data: &[u8]) -> Reply {
        let inet = &mut self.inet;
        if !inet.is(state::OPEN) {
            return Err(Fail::BAD_PORT);
        }
        if inet.is(state::CONNECTED) {
            return Err(Fail::Name("eisconn"));
        }
        if inet.is(state::CONNECTING) || data.len() < 6 {
            return Err(Fail::EINVAL);
        }
        let mut r = Reader(data);
        let timeout = r.u32().ok_or(Fail::EINVAL)?;
        let remote = address::read(&mut r, inet.family)?;
        let fd = inet.fd()?;
        let connected = socket::connect(fd, &remote)?;
        let id = inet.enqueue(p).ok_or(Fail::EINVAL)?;
        if connected {
            self.connected(p);
        } else {
            inet.state = state::CONNECTING;
            inet.select(p, Interest::WRITE, true);
            if timeout != INFINITY {
                self.timers.add(p, timeout, Timer::Connect);
            }
        }
        Ok(id.to_be_bytes().to_vec())
    }
    fn connected(&mut self, p: &mut PortCx<'_>) {
        self.inet.state = state::CONNECTED;
        if self.inet.is_active() {
            self.inet.select(p, Interest::READ, true);
        }
        self.inet.answer(p, |_| am::OK.into());
    }
    fn receive_request(&mut self, p: &mut PortCx<'_>, data: &[u8]) -> Result<u16, Fail> {
        if !self.inet.is(state::CONNECTED) {
            if std::mem::take(&mut self.closed_for_receive) {
                self.closed_for_send = false;
                let reset = std::mem::take(&mut self.stream.delayed_econnreset);
                return Err(Fail::Name(if reset { "econnreset" } else { "closed" }));
            }
            return Err(Fail::ENOTCONN);
        }
        let mut r = Reader(data);
        let (Some(timeout), Some(len)) = (r.u32(), r.i32()) else { return Err(Fail::EINVAL) };
        if self.inet.is_active() || data.len() != 8 {
            return Err(Fail::EINVAL);
        }
        if self.inet.packet != super::packet::Kind::Raw && len != 0 {
            return Err(Fail::EINVAL);
        }
        const MOST: i32 = 0x400_0000;
        if len > MOST {
            return Err(Fail::Name("enomem"));
        }
        let len = usize::try_from(len).unwrap_or(0);
        let id = self.inet.enqueue(p).ok_or(Fail::Name("ealready"))?;
        let ignored = self.inet.ignored.is_some();
        if ignored || self.receive(p, len) == Ok(0) {
            if timeout == 0 {
                self.inet.answer_error(p, am::TIMEOUT);
            } else {
                if timeout != INFINITY {
                    self.timers.add(p, timeout, Timer::Receive);
                }
                match &mut self.inet.ignored {
                    Some(wanted) => wanted.read = true,
                    None => self.inet.select(p, Interest::READ, true),
                }
            }
        }
        Ok(id)
    }
    fn shutdown(&mut self, p: &mut PortCx<'_>, data: &[u8]) -> Reply {
        if !self.inet.is(state::CONNECTED) {
            return Err(Fail::ENOTCONN);
        }
        let [how] = data else { return Err(Fail::EINVAL) };
        let how = i32::from(*how);
        if how != socket::SHUT_RD && !p.queue().is_empty() {
            let both = how == socket::SHUT_RDWR;
            self.pending_shutdown = Some(if both { Pending::Both } else { Pending::Write });
            return Ok(Vec::new());
        }
        if let Err(e) = socket::shutdown(self.inet.fd()?, how) {
            self.shut_write |= how != socket::SHUT_RD;
            return Err(e.into());
        }
        Ok(Vec::new())
    }

    /// Tells everybody who waits that the socket is closed.
    pub fn abandon(&mut self, p: &mut PortCx<'_>) {
        if self.inet.is(state::ACCEPTING) {
            self.abandon_accepts(p);
        } else if self.inet.is(state::CONNECTING) || self.inet.is(state::CONNECTED) {
            self.inet.answer_error(p, closed());
        }
        self.timers.clear(p);
    }
    /// Closes the socket; what was in its queues is lost.
    pub fn close(&mut self, p: &mut PortCx<'_>) {
        self.input.clear();
        self.clear_output(p);
        self.inet.close(p);
    }
    /// Takes back what the socket waits for, if it waits as one that is busy.
    pub fn end_busy(&mut self, p: &mut PortCx<'_>) -> bool {
        if !self.inet.is(state::BUSY) {
            return false;
        }
        self.inet.caller = self.inet.busy_caller;
        self.inet.caller_ref = self.inet.busy_ref.take();
        if std::mem::take(&mut self.busy_on_send) {
            self.timers.cancel(p, Timer::Send);
        }
        self.inet.state &= !state::BUSY;
        p.set_busy(false);
        true
    }
    fn fire(&mut self, p: &mut PortCx<'_>, timer: Timer) {
        match timer {
            Timer::Receive => {
                self.inet.select(p, Interest::READ, false);
                self.input.remain = 0;
                self.inet.answer_error(p, am::TIMEOUT);
            }
            Timer::Connect => {
                self.close(p);
                self.inet.answer_error(p, am::TIMEOUT);
            }
            Timer::Send => {
                self.busy_on_send = false;
                self.end_busy(p);
                self.inet.reply(p, Err(am::TIMEOUT));
                if self.stream.send_timeout_close {
                    self.close(p);
                }
            }
            Timer::Delayed => self.output_ready(p),
            Timer::Accept(id) => self.accept_timeout(p, id),
        }
    }
}

impl Driver for Tcp {
    fn command(&mut self, p: &mut PortCx<'_>, data: IoQueue) {
        self.send(p, data);
    }
    fn command_bytes(&mut self, p: &mut PortCx<'_>, bytes: &[u8]) {
        self.send_bytes(p, bytes);
    }
    fn commands(&mut self, p: &mut PortCx<'_>, all: Vec<IoQueue>) {
        self.send_all(p, all);
    }
    fn control(&mut self, p: &mut PortCx<'_>, op: u32, data: &[u8]) -> Option<Control> {
        match op.wrapping_sub(MAGIC) {
            req::TCP_RECV => control::encode_id(self.receive_request(p, data)),
            op => encode(self.operate(p, op, data)),
        }
    }
    fn ready_input(&mut self, p: &mut PortCx<'_>, _: RawFd) {
        if self.inet.is(state::ACCEPTING) {
            self.accept_ready(p);
        } else if self.inet.is(state::CONNECTED) {
            self.input_ready(p);
        } else {
            self.inet.select(p, Interest::READ, false);
        }
    }
    fn ready_output(&mut self, p: &mut PortCx<'_>, _: RawFd) {
        if self.inet.is(state::CONNECTING) {
            self.inet.select(p, Interest::WRITE, false);
            self.timers.cancel(p, Timer::Connect);
            match self.inet.fd().map(socket::take_error) {
                Ok(Ok(())) => self.connected(p),
                Ok(Err(e)) => {
                    self.inet.state = state::OPEN;
                    self.inet.answer_error(p, super::descriptor::reason(&e));
                }
                Err(_) => {
                    self.inet.answer_error(p, atom!("ebadf"));
                }
            }
        } else if self.inet.is(state::CONNECTED) {
            self.output_ready(p);
        } else {
            self.inet.select(p, Interest::WRITE, false);
        }
    }
    fn timeout(&mut self, p: &mut PortCx<'_>) {
        while !self.inet.gone
            && let Some(timer) = self.timers.due(p)
        {
            self.fire(p, timer);
        }
        if !self.inet.gone {
            self.timers.set(p);
        }
    }
    fn process_exit(&mut self, p: &mut PortCx<'_>, monitor: RefId) {
        self.acceptor_gone(p, monitor);
    }
    fn flush(&mut self, p: &mut PortCx<'_>) {
        // What nobody would ever write is dropped, so that the port can end.
        let discard = !self.inet.selected.write || self.stream.linger_zero;
        if discard || self.send_file.is_some() {
            self.clear_output(p);
        }
    }
    fn stop(&mut self, p: &mut PortCx<'_>) {
        self.abandon(p);
        self.input.clear();
        self.send_file = None;
        self.inet.close(p);
    }
}
