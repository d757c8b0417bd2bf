//! Listening sockets: processes that wait for connections [inet_drv.c: tcp_inet_ctl, tcp_inet_input].

use super::code::INFINITY;
use super::descriptor::{AsyncOp, Fail, Reply, reason, send_async, state};
use super::options::Stream;
use super::tcp::{Tcp, Timer, closed};
use crate::port::PortCx;
use crate::signal::RefId;
use std::os::fd::OwnedFd;
use sys::poll::Interest;
use sys::socket;
use term::atom::am;
use term::{Atom, Term};

/// A process that waits for a connection.
pub(super) struct Acceptor {
    op: AsyncOp,
    monitor: RefId,
}

impl Tcp {
    pub fn accept(&mut self, p: &mut PortCx<'_>, data: &[u8]) -> Reply {
        let timeout: [u8; 4] = data.try_into().map_err(|_| Fail::EINVAL)?;
        if !self.inet.is(state::LISTENING) {
            return Err(Fail::EINVAL);
        }
        let timeout = u32::from_be_bytes(timeout);
        let caller = p.caller();
        if self.acceptors.is_empty() {
            match socket::accept(self.inet.fd()?) {
                Ok((fd, _)) => {
                    let port = self.new_port(p, fd, caller).map_err(Fail::Name)?;
                    let id = self.inet.new_id();
                    answer(p, AsyncOp { id, caller }, Ok(port));
                    return Ok(id.to_be_bytes().to_vec());
                }
                Err(e) if sys::fd::would_block(&e) => p.set_dry(Interest::READ, true),
                Err(e) => return Err(e.into()),
            }
        }
        let monitor = p.monitor_process(caller).ok_or(Fail::Name("noproc"))?;
        let id = self.inet.new_id();
        self.acceptors.push_back(Acceptor { op: AsyncOp { id, caller }, monitor });
        if self.acceptors.len() == 1 {
            self.inet.state = state::ACCEPTING;
            self.inet.select(p, Interest::READ, true);
        } else {
            self.inet.state |= state::MULTI;
        }
        if timeout != INFINITY {
            self.timers.add(p, timeout, Timer::Accept(id));
        }
        Ok(id.to_be_bytes().to_vec())
    }
    /// Connections wait: hands them to those who wait for them.
    pub fn accept_ready(&mut self, p: &mut PortCx<'_>) {
        while !self.acceptors.is_empty() {
            let Ok(fd) = self.inet.fd() else { return };
            let got = socket::accept(fd);
            if let Err(e) = &got
                && sys::fd::would_block(e)
            {
                p.set_dry(Interest::READ, true);
                return;
            }
            let Some(a) = self.acceptors.pop_front() else { return };
            self.forget_acceptor(p, &a);
            let result = match got {
                Ok((fd, _)) => self.new_port(p, fd, a.op.caller).map_err(Atom::new),
                Err(e) => Err(reason(&e)),
            };
            let failed = result.is_err();
            answer(p, a.op, result);
            if failed {
                return;
            }
        }
    }
    /// After one has gone from the list.
    fn forget_acceptor(&mut self, p: &mut PortCx<'_>, a: &Acceptor) {
        p.demonitor_process(a.monitor);
        self.timers.cancel(p, Timer::Accept(a.op.id));
        self.still_accepting(p);
    }
    fn still_accepting(&mut self, p: &mut PortCx<'_>) {
        if self.acceptors.is_empty() {
            self.inet.select(p, Interest::READ, false);
            self.inet.state = state::LISTENING;
        }
    }
    /// The port of a new connection.
    fn new_port(
        &mut self,
        p: &mut PortCx<'_>,
        fd: OwnedFd,
        owner: u64,
    ) -> Result<u64, &'static str> {
        let from = &self.stream;
        let stream = Stream {
            low: from.low,
            high: from.high,
            send_timeout: from.send_timeout,
            send_timeout_close: from.send_timeout_close,
            linger_zero: from.linger_zero,
            show_econnreset: from.show_econnreset,
            no_read_ahead: from.no_read_ahead,
            ..Stream::new()
        };
        let driver = Box::new(Tcp::of(self.inet.accepted(fd), stream));
        p.create_port("tcp_inet", owner, driver).ok_or("system_limit")
    }
    pub fn accept_timeout(&mut self, p: &mut PortCx<'_>, id: u16) {
        if let Some(i) = self.acceptors.iter().position(|a| a.op.id == id)
            && let Some(a) = self.acceptors.remove(i)
        {
            self.forget_acceptor(p, &a);
            answer(p, a.op, Err(am::TIMEOUT));
        }
    }
    pub fn acceptor_gone(&mut self, p: &mut PortCx<'_>, monitor: RefId) {
        if let Some(i) = self.acceptors.iter().position(|a| a.monitor == monitor)
            && let Some(a) = self.acceptors.remove(i)
        {
            self.timers.cancel(p, Timer::Accept(a.op.id));
            self.still_accepting(p);
        }
    }
    /// The listener closes.
    pub fn abandon_accepts(&mut self, p: &mut PortCx<'_>) {
        while let Some(a) = self.acceptors.pop_front() {
            self.forget_acceptor(p, &a);
            answer(p, a.op, Err(closed()));
        }
        self.still_accepting(p);
    }
}

fn answer(p: &PortCx<'_>, op: AsyncOp, result: Result<u64, Atom>) {
    send_async(p, op, |h| match result {
        Ok(port) => h.tuple(&[am::OK.into(), Term::local_port(port)]),
        Err(reason) => h.tuple(&[am::ERROR.into(), reason.into()]),
    });
}
