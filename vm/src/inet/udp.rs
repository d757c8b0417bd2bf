//! The driver `udp_inet`: UDP and datagrams of Unix-domain sockets [inet_drv.c: packet_inet_ctl and others].

use super::address::{self, Reader};
use super::code::{INFINITY, MAGIC, kind, opt, req};
use super::control::{self, encode};
use super::descriptor::{Fail, Inet, Protocol, Reply, WORDS, data_term, reason, state};
use super::options::{self, Own, control_code, control_value};
use crate::port::{Control, Driver, DriverEntry, IoQueue, PortCx};
use std::cell::RefCell;
use std::io::{self, IoSlice};
use std::os::fd::RawFd;
use sys::poll::Interest;
use sys::socket::{self, Addr, SockAddr, names};
use term::atom::am;
use term::{Heap, Term, atom};

/// Default of option `read_packets`: datagrams received in one go.
const READ_PACKETS: u32 = 5;
/// Room for control messages.
const CONTROL_ROOM: usize = 1024;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

struct Udp {
    inet: Inet,
    read_packets: u32,
    /// The peer, once connected.
    remote: Option<Box<SockAddr>>,
}

pub(super) fn entry() -> DriverEntry {
    entry_of("udp_inet", Protocol::Udp)
}

/// The driver `sctp_inet`: what is asked of a socket before it is open. It opens none, for want of a system to try SCTP
/// on; the reason is the system's own.
pub(super) fn sctp_entry() -> DriverEntry {
    entry_of("sctp_inet", Protocol::Sctp)
}

fn entry_of(name: &'static str, protocol: Protocol) -> DriverEntry {
    DriverEntry::new(name, move |p, _, _| {
        let inet = Inet::of_release(protocol, p.vm().config.release);
        Ok(Box::new(Udp { inet, read_packets: READ_PACKETS, remote: None }))
    })
}

/// A datagram that came in.
struct Datagram {
    len: usize,
    /// Values of options that came with it, if any were asked for.
    extra: Option<Vec<(u8, u32)>>,
}

impl Udp {
    fn operate(&mut self, p: &mut PortCx<'_>, op: u32, data: &[u8]) -> Reply {
        let inet = &mut self.inet;
        match op {
            req::OPEN | req::FDOPEN => {
                let kinds = [kind::STREAM, kind::DGRAM, kind::SEQPACKET];
                let reply = control::open(inet, op, data, &kinds)?;
                if inet.is_active() {
                    inet.select(p, Interest::READ, true);
                }
                Ok(reply)
            }
            req::CLOSE => {
                inet.close(p);
                Ok(Vec::new())
            }
            req::CONNECT => self.connect(p, data),
            req::SETOPTS => {
                let was_active = inet.is_active();
                options::set(inet, &mut Own::Udp(&mut self.read_packets), p, data)?;
                if was_active && !inet.is_active() {
                    p.cancel_timer();
                }
                Ok(Vec::new())
            }
            req::GETOPTS => options::get(inet, &Own::Udp(&mut self.read_packets), data),
            _ => control::control(inet, p, op, data),
        }
    }
    /// Only says where datagrams go, and from where they may come.
    fn connect(&mut self, p: &mut PortCx<'_>, data: &[u8]) -> Reply {
        let inet = &mut self.inet;
        if !inet.is(state::OPEN) {
            return Err(Fail::BAD_PORT);
        }
        let fd = inet.fd()?;
        let dissolve = || {
            let _ = socket::connect(fd, &SockAddr::unspecified());
        };
        if data.is_empty() {
            dissolve();
            inet.state &= !state::ACTIVE;
        } else {
            let rest = data.get(4..).filter(|r| r.len() >= 2).ok_or(Fail::EINVAL)?;
            let remote = address::read(&mut Reader(rest), inet.family)?;
            if inet.is(state::CONNECTED) {
                // Else the source address would stay that of the first connect.
                dissolve();
            }
            if let Err(e) = socket::connect(fd, &remote) {
                dissolve();
                inet.state &= !state::ACTIVE;
                return Err(e.into());
            }
            inet.state |= state::ACTIVE;
            self.remote = Some(Box::new(remote));
        }
        let id = inet.enqueue(p).unwrap_or(0);
        inet.answer(p, |_| am::OK.into());
        Ok(id.to_be_bytes().to_vec())
    }
    fn receive_request(&mut self, p: &mut PortCx<'_>, data: &[u8]) -> Result<u16, Fail> {
        if !self.inet.is(state::OPEN) {
            return Err(Fail::BAD_PORT);
        }
        if self.inet.is_active() || data.len() != 8 {
            return Err(Fail::EINVAL);
        }
        let timeout = Reader(data).u32().ok_or(Fail::EINVAL)?;
        let id = self.inet.enqueue(p).ok_or(Fail::Name("ealready"))?;
        self.receive(p);
        if self.inet.op.is_some() && timeout != INFINITY {
            p.set_timer(timeout.into());
        }
        Ok(id)
    }
    /// Receives datagrams: one when passive, some when active.
    fn receive(&mut self, p: &mut PortCx<'_>) {
        let mut from = SockAddr::unspecified();
        for _ in 0..self.read_packets {
            let Ok(fd) = self.inet.fd() else { return };
            let mut buffer = BUFFER.with(RefCell::take);
            buffer.clear();
            let got = self.receive_one(fd, &mut buffer, &mut from);
            p.set_dry(Interest::READ, got.as_ref().is_err_and(sys::fd::would_block));
            let more = self.received(p, got, &from, &buffer);
            BUFFER.with(|b| *b.borrow_mut() = buffer);
            if !more {
                return;
            }
        }
    }
    fn receive_one(
        &self,
        fd: RawFd,
        buffer: &mut Vec<u8>,
        from: &mut SockAddr,
    ) -> io::Result<Datagram> {
        let inet = &self.inet;
        let most = inet.buffer;
        if let (true, Some(remote)) = (inet.state & state::ACTIVE != 0, &self.remote) {
            let len = socket::recv_append(fd, buffer, most, 0)?;
            *from = **remote;
            return Ok(Datagram { len, extra: None });
        }
        if inet.receives_tos || inet.receives_tclass || inet.receives_ttl {
            let m = socket::recv_message(fd, buffer, most, CONTROL_ROOM, 0)?;
            let one = |c: &socket::Control| {
                Some((control_code(c.level, c.kind)?, control_value(&c.data)))
            };
            let extra = m.control.iter().filter_map(one).collect();
            *from = m.addr;
            return Ok(Datagram { len: m.len, extra: Some(extra) });
        }
        let len = socket::recv_append_from(fd, buffer, most, 0, from)?;
        Ok(Datagram { len, extra: None })
    }
    /// Hands a datagram on; whether to look for another.
    fn received(
        &mut self,
        p: &mut PortCx<'_>,
        got: io::Result<Datagram>,
        from: &SockAddr,
        data: &[u8],
    ) -> bool {
        let inet = &mut self.inet;
        let d = match got {
            Ok(d) => d,
            Err(e) if sys::fd::would_block(&e) => {
                if !inet.is_active() {
                    inet.select(p, Interest::READ, true);
                }
                return false;
            }
            Err(e) => {
                let why = reason(&e);
                if inet.is_active() {
                    inet.tell_error(p, atom!("udp_error"), why);
                } else {
                    inet.answer_error(p, why);
                    p.cancel_timer();
                    inet.select(p, Interest::READ, false);
                }
                return false;
            }
        };
        let data = data.get(..d.len).unwrap_or(data);
        inet.statistics.received(d.len);
        let (list, header) = (inet.list_mode, inet.header);
        if !inet.is_active() {
            p.count_input(d.len);
            let from = address::write_any(from);
            inet.answer(p, |h| {
                let t = h.bytes_onto(&from, data_term(h, list, header, data));
                let t = match &d.extra {
                    Some(extra) => h.tuple(&[t, extra_term(h, extra)]),
                    None => t,
                };
                h.tuple(&[am::OK.into(), t])
            });
            p.cancel_timer();
            inet.select(p, Interest::READ, false);
            return false;
        }
        if inet.deliver_port {
            let mut bytes = address::write_any(from);
            bytes.extend(data);
            p.output_with_header(if list { bytes.len() } else { header }, &bytes);
        } else {
            p.count_input(d.len);
            let port = p.term();
            if !p.is_closing() {
                p.tell(p.owner(), WORDS, |h| {
                    let (ip, number) = sender(h, from);
                    let data = data_term(h, list, header, data);
                    let udp = atom!("udp").into();
                    match &d.extra {
                        Some(e) => h.tuple(&[udp, port, ip, number, extra_term(h, e), data]),
                        None => h.tuple(&[udp, port, ip, number, data]),
                    }
                });
            }
        }
        inet.delivered(p);
        if !inet.is_active() {
            inet.select(p, Interest::READ, false);
            return false;
        }
        true
    }
    /// `port_command`: address, options, data.
    fn send(&mut self, data: &[u8]) -> Result<(), Fail> {
        let inet = &mut self.inet;
        if !inet.is(state::OPEN) {
            return Err(Fail::EINVAL);
        }
        let fd = inet.fd()?;
        let mut r = Reader(data);
        let to = address::read(&mut r, inet.family)?;
        let n = r.u32().ok_or(Fail::EINVAL)?;
        let mut extra = Reader(r.take(n as usize).ok_or(Fail::EINVAL)?);
        let mut control = Vec::new();
        while let Some(code) = extra.u8() {
            let value = extra.i32().ok_or(Fail::EINVAL)?;
            let (level, kind) = match code {
                opt::TOS => (names::IPPROTO_IP, names::IP_TOS),
                opt::TTL => (names::IPPROTO_IP, names::IP_TTL),
                opt::TCLASS => (names::IPPROTO_IPV6, names::IPV6_TCLASS),
                _ => return Err(Fail::EINVAL),
            };
            let data = value.to_ne_bytes().to_vec();
            control.push(socket::Control { level, kind, data });
        }
        inet.statistics.sent(r.0.len());
        let to = (inet.state & state::ACTIVE == 0).then_some(&to);
        socket::send_message(fd, &[IoSlice::new(r.0)], to, &control, 0)?;
        Ok(())
    }
}

fn sender<'h>(h: &'h Heap, from: &SockAddr) -> (Term<'h>, Term<'h>) {
    let named = |tag: Term<'h>, path: &[u8]| (h.tuple(&[tag, h.binary(path)]), Term::small(0));
    match from.read() {
        Addr::V4 { ip, port } => {
            let ip = ip.octets().map(|b| Term::small(b.into()));
            (h.tuple(&ip), Term::small(port.into()))
        }
        Addr::V6 { ip, port, .. } => {
            let ip = ip.segments().map(|b| Term::small(b.into()));
            (h.tuple(&ip), Term::small(port.into()))
        }
        Addr::Unix(path) => named(atom!("local").into(), path),
        Addr::Unspecified => named(atom!("unspec").into(), b""),
        Addr::Packet { .. } | Addr::Other(_) => named(am::UNDEFINED.into(), b""),
    }
}

fn extra_term<'h>(h: &'h Heap, extra: &[(u8, u32)]) -> Term<'h> {
    let one = |(code, value): &(u8, u32)| {
        let name = match *code {
            opt::TOS => atom!("tos"),
            opt::TCLASS => atom!("tclass"),
            _ => atom!("ttl"),
        };
        h.tuple(&[name.into(), Term::small((*value).into())])
    };
    let all: Vec<Term<'h>> = extra.iter().map(one).collect();
    h.list(&all)
}

impl Driver for Udp {
    fn command(&mut self, p: &mut PortCx<'_>, mut data: IoQueue) {
        self.command_bytes(p, &data.take_vec());
    }
    fn command_bytes(&mut self, p: &mut PortCx<'_>, bytes: &[u8]) {
        self.inet.caller = p.caller();
        let data = self.inet.reference_before(p, bytes);
        let status = self.send(data).map_err(|e| match e {
            Fail::Errno(n) => term::Atom::new(sys::errno::name(n)),
            Fail::Name(s) => term::Atom::new(s),
            Fail::BadArg => atom!("einval"),
        });
        self.inet.reply(p, status);
    }
    fn control(&mut self, p: &mut PortCx<'_>, op: u32, data: &[u8]) -> Option<Control> {
        match op.wrapping_sub(MAGIC) {
            req::PACKET_RECV => control::encode_id(self.receive_request(p, data)),
            op => encode(self.operate(p, op, data)),
        }
    }
    fn ready_input(&mut self, p: &mut PortCx<'_>, _: RawFd) {
        self.receive(p);
    }
    fn timeout(&mut self, p: &mut PortCx<'_>) {
        if !self.inet.is_active() {
            self.inet.select(p, Interest::READ, false);
            self.inet.answer_error(p, am::TIMEOUT);
        }
    }
    fn stop(&mut self, p: &mut PortCx<'_>) {
        self.inet.answer_error(p, am::CLOSED);
        self.inet.close(p);
    }
}
