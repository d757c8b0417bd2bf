//! What all sockets have in common: descriptor, state, options, the operation that waits, statistics
//! [inet_drv.c: inet_descriptor].

use super::code::{ONCE, PASSIVE, SUBS_EMPTY_OUT_Q, stat};
use super::packet::{Bounds, Kind};
use crate::code::load::VmResolver;
use crate::port::{IoQueue, PortCx};
use etf::DecodeOptions;
use std::ffi::CString;
use std::io;
use std::os::fd::{AsRawFd, OwnedFd, RawFd};
use sys::poll::Interest;
use sys::socket::{self, SockAddr};
use term::atom::am;
use term::{Atom, Heap, OwnedTerm, Term, atom};

/// Bits of the state, as `getstatus` shows them.
pub(super) mod state {
    pub const OPEN: u32 = 1;
    pub const ACTIVE: u32 = 4;
    pub const LISTEN: u32 = 8;
    pub const CON: u32 = 0x10;
    pub const ACC: u32 = 0x20;
    pub const BUSY: u32 = 0x80;
    pub const MULTI: u32 = 0x100;

    pub const CLOSED: u32 = 0;
    pub const CONNECTED: u32 = OPEN | ACTIVE;
    pub const LISTENING: u32 = OPEN | LISTEN;
    pub const CONNECTING: u32 = OPEN | CON;
    pub const ACCEPTING: u32 = LISTENING | ACC;
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Protocol {
    Tcp,
    Udp,
    /// Can be asked for, but is not spoken: see [`Inet::open`].
    Sctp,
}

/// Why an operation failed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Fail {
    Errno(i32),
    Name(&'static str),
    /// The operation itself makes no sense: `badarg`.
    BadArg,
}

impl Fail {
    pub const EINVAL: Fail = Fail::Name("einval");
    pub const ENOTCONN: Fail = Fail::Name("enotconn");
    pub const BAD_PORT: Fail = Fail::Name("exbadport");
    pub const BAD_SEQUENCE: Fail = Fail::Name("exbadseq");
}

impl From<io::Error> for Fail {
    fn from(e: io::Error) -> Fail {
        match e.raw_os_error() {
            Some(n) => Fail::Errno(n),
            None => Fail::Name(sys::errno::of(&e)),
        }
    }
}

impl From<&'static str> for Fail {
    fn from(name: &'static str) -> Fail {
        Fail::Name(name)
    }
}

/// The bytes that a control operation answers.
pub(super) type Reply = Result<Vec<u8>, Fail>;

/// An operation whose outcome comes as a message.
#[derive(Clone, Copy)]
pub(super) struct AsyncOp {
    pub id: u16,
    pub caller: u64,
}

#[derive(Default)]
pub(super) struct Statistics {
    received: Series,
    deviation: f64,
    sent: Series,
}

#[derive(Default)]
struct Series {
    count: u64,
    most: u64,
    average: f64,
    bytes: u64,
}

impl Series {
    fn add(&mut self, len: usize) {
        let len = len as u64;
        self.bytes = self.bytes.wrapping_add(len);
        self.count = self.count.wrapping_add(1).max(1);
        self.average += (len as f64 - self.average) / self.count as f64;
        self.most = self.most.max(len);
    }
}

impl Statistics {
    pub fn received(&mut self, len: usize) {
        self.received.add(len);
        let s = &self.received;
        self.deviation += ((len as f64 - s.average) - self.deviation) / s.count as f64;
    }
    pub fn sent(&mut self, len: usize) {
        self.sent.add(len);
    }
    fn fill(&self, wanted: &[u8], pending: usize) -> Reply {
        let mut out = Vec::with_capacity(wanted.len() * 9);
        for code in wanted {
            out.push(*code);
            let short = match *code {
                stat::RECV_OCT | stat::SEND_OCT => {
                    let received = *code == stat::RECV_OCT;
                    let s = if received { &self.received } else { &self.sent };
                    out.extend(s.bytes.to_be_bytes());
                    continue;
                }
                stat::RECV_CNT => self.received.count,
                stat::RECV_MAX => self.received.most,
                stat::RECV_AVG => self.received.average as u64,
                stat::RECV_DVI => self.deviation.abs() as u64,
                stat::SEND_CNT => self.sent.count,
                stat::SEND_MAX => self.sent.most,
                stat::SEND_AVG => self.sent.average as u64,
                stat::SEND_PEND => pending as u64,
                _ => return Err(Fail::BadArg),
            };
            out.extend((short as u32).to_be_bytes());
        }
        Ok(out)
    }
}

/// See the module head.
pub(super) struct Inet {
    pub protocol: Protocol,
    pub fd: Option<RawFd>,
    /// Unless it was passed in and belongs to somebody else.
    owned: Option<OwnedFd>,
    pub state: u32,
    pub family: i32,
    /// `SOCK_STREAM` or another; negative before the socket is open.
    pub kind: i32,
    pub selected: Interest,
    /// The descriptor is left alone for a while, and what was wanted of it meanwhile.
    pub ignored: Option<Interest>,
    // Options.
    pub buffer: usize,
    pub buffer_set: bool,
    pub header: usize,
    pub packet: Kind,
    pub packet_size: usize,
    pub delimiter: u8,
    pub list_mode: bool,
    pub deliver_port: bool,
    pub active: i32,
    pub active_count: i32,
    pub exit_on_close: bool,
    pub debug: bool,
    pub msgq_low: u64,
    pub msgq_high: u64,
    pub receives_tos: bool,
    pub receives_tclass: bool,
    pub receives_ttl: bool,
    pub netns: Option<CString>,
    /// HTTP: header lines follow.
    pub http_headers: std::cell::Cell<bool>,
    // Operations.
    pub op: Option<AsyncOp>,
    next_id: u16,
    /// Whom to answer; 0 for nobody.
    pub caller: u64,
    pub busy_caller: u64,
    /// What its answer carries besides (OTP 26 on).
    pub caller_ref: Option<Box<OwnedTerm>>,
    pub busy_ref: Option<Box<OwnedTerm>>,
    /// Wait for the output queue to be empty.
    subscribers: Vec<u64>,
    pub statistics: Box<Statistics>,
    /// Addresses to show instead of the real ones.
    pub shown_name: Option<Box<SockAddr>>,
    pub shown_peer: Option<Box<SockAddr>>,
    /// The port is about to end; nothing more is to be done.
    pub gone: bool,
}

/// Default of option `buffer`.
const BUFFER: usize = 1460;
/// The same, from OTP 28 on.
const BUFFER_28: usize = 9216;

impl Inet {
    fn new(protocol: Protocol) -> Inet {
        Inet {
            protocol,
            fd: None,
            owned: None,
            state: state::CLOSED,
            family: -1,
            kind: -1,
            selected: Interest::default(),
            ignored: None,
            buffer: BUFFER,
            buffer_set: false,
            header: 0,
            packet: Kind::Raw,
            packet_size: 0,
            delimiter: b'\n',
            list_mode: true,
            deliver_port: false,
            active: PASSIVE,
            active_count: 0,
            exit_on_close: true,
            debug: false,
            msgq_low: 4096,
            msgq_high: 8192,
            receives_tos: false,
            receives_tclass: false,
            receives_ttl: false,
            netns: None,
            http_headers: std::cell::Cell::new(false),
            op: None,
            next_id: 0,
            caller: 0,
            busy_caller: 0,
            caller_ref: None,
            busy_ref: None,
            subscribers: Vec::new(),
            statistics: Box::default(),
            shown_name: None,
            shown_peer: None,
            gone: false,
        }
    }
    /// A socket that is to be opened in this release.
    pub fn of_release(protocol: Protocol, release: u32) -> Inet {
        let buffer = if release >= 28 { BUFFER_28 } else { BUFFER };
        Inet { buffer, ..Inet::new(protocol) }
    }
    /// The descriptor of an accepted connection: some options are those of the listener.
    pub fn accepted(&self, fd: OwnedFd) -> Inet {
        Inet {
            fd: Some(fd.as_raw_fd()),
            owned: Some(fd),
            state: state::CONNECTED,
            list_mode: self.list_mode,
            exit_on_close: self.exit_on_close,
            deliver_port: self.deliver_port,
            packet: self.packet,
            packet_size: self.packet_size,
            kind: self.kind,
            family: self.family,
            header: self.header,
            buffer: self.buffer,
            msgq_low: self.msgq_low,
            msgq_high: self.msgq_high,
            ..Inet::new(self.protocol)
        }
    }
    pub fn is(&self, bits: u32) -> bool {
        self.state & bits == bits
    }
    pub fn is_active(&self) -> bool {
        self.active != PASSIVE
    }
    pub fn fd(&self) -> Result<RawFd, Fail> {
        self.fd.ok_or(Fail::Errno(BAD_FD))
    }
    pub fn bounds(&self, cut: usize) -> Bounds {
        Bounds { most: self.packet_size, cut, delimiter: self.delimiter }
    }

    // The descriptor.

    pub fn open(&mut self, family: i32, kind: i32, multipath: bool) -> Reply {
        if self.state != state::CLOSED {
            return Err(Fail::BAD_SEQUENCE);
        }
        let protocol = match self.protocol {
            _ if family == socket::AF_UNIX => 0,
            Protocol::Tcp if multipath => socket::IPPROTO_MPTCP,
            Protocol::Tcp => socket::IPPROTO_TCP,
            Protocol::Udp => socket::IPPROTO_UDP,
            Protocol::Sctp => socket::IPPROTO_SCTP,
        };
        let make = || socket::open(family, kind, protocol);
        let fd = match &self.netns {
            Some(path) => socket::in_namespace(path, make)?,
            None => make()?,
        };
        if self.protocol == Protocol::Sctp {
            // A system without SCTP has said so above; of one that has it, this driver makes no use.
            return Err(Fail::Name("eprotonosupport"));
        }
        self.fd = Some(fd.as_raw_fd());
        self.owned = Some(fd);
        self.state = state::OPEN;
        self.kind = kind;
        self.family = family;
        Ok(Vec::new())
    }
    /// Takes a descriptor that somebody else has opened and will close.
    pub fn open_fd(&mut self, family: i32, kind: i32, fd: RawFd, bound: bool) -> Reply {
        if bound && socket::name(fd)?.family() != family {
            return Err(Fail::EINVAL);
        }
        self.fd = Some(fd);
        // The reference does not look whether this works.
        let _ = sys::fd::set_nonblocking(fd, true);
        self.state = state::OPEN;
        if kind == socket::SOCK_STREAM && socket::peer(fd).is_ok() {
            self.state = state::CONNECTED;
        }
        self.kind = kind;
        self.family = family;
        Ok(Vec::new())
    }
    /// Asks for readiness, or no longer.
    pub fn select(&mut self, p: &mut PortCx<'_>, what: Interest, on: bool) {
        let Some(fd) = self.fd else { return };
        let s = &mut self.selected;
        if on {
            *s = Interest { read: s.read | what.read, write: s.write | what.write };
            if let Err(e) = p.select(fd, what) {
                p.fail_error(&e);
            }
        } else {
            if s.both(what).is_empty() {
                return;
            }
            *s = s.minus(what);
            p.deselect(fd, what);
        }
    }
    /// Closes the descriptor, unless it belongs to somebody else.
    pub fn close(&mut self, p: &mut PortCx<'_>) {
        self.subscribers.clear();
        if self.owned.is_some() && self.is(state::OPEN) {
            self.drop_fd(p);
            self.state = state::CLOSED;
        } else if self.owned.is_none()
            && let Some(fd) = self.fd
        {
            p.forget(fd);
            self.selected = Interest::default();
        }
    }
    fn drop_fd(&mut self, p: &mut PortCx<'_>) {
        if let Some(fd) = self.fd.take() {
            p.forget(fd);
            self.owned = None;
            self.selected = Interest::default();
        }
    }

    // Operations that are answered by a message.

    pub fn new_id(&mut self) -> u16 {
        let id = self.next_id;
        self.next_id = id.wrapping_add(1);
        id
    }
    /// Keeps an operation; `None` if one waits already.
    pub fn enqueue(&mut self, p: &PortCx<'_>) -> Option<u16> {
        let id = self.new_id();
        if self.op.is_some() {
            return None;
        }
        self.op = Some(AsyncOp { id, caller: p.caller() });
        Some(id)
    }
    /// Answers the operation that waits; `false` if there is none.
    pub fn answer(&mut self, p: &PortCx<'_>, f: impl for<'h> FnOnce(&'h Heap) -> Term<'h>) -> bool {
        let Some(op) = self.op.take() else { return false };
        send_async(p, op, f);
        true
    }
    pub fn answer_error(&mut self, p: &PortCx<'_>, reason: Atom) -> bool {
        self.answer(p, |h| h.tuple(&[am::ERROR.into(), reason.into()]))
    }
    /// From OTP 26 on what a process sends begins with a reference for the answer: its size in two bytes, an external term.
    pub fn take_reference(&mut self, p: &PortCx<'_>, data: &mut IoQueue) {
        self.caller_ref = None;
        if p.vm().release() < 26 || p.caller() == 0 {
            return;
        }
        let front = |data: &IoQueue, n: usize| {
            let mut bytes = Vec::with_capacity(n);
            for slice in data.slices(sys::fd::MAX_SLICES) {
                bytes.extend_from_slice(&slice[..slice.len().min(n - bytes.len())]);
            }
            (bytes.len() == n).then_some(bytes)
        };
        let Some(size) = front(data, 2) else { return };
        let size = 2 + usize::from(u16::from_be_bytes([size[0], size[1]]));
        let Some(bytes) = front(data, size) else { return };
        data.advance(size);
        self.caller_ref = Some(Box::new(decoded(p, &bytes[2..])));
    }
    /// The same where it lies in one piece; what comes after it.
    pub fn reference_before<'b>(&mut self, p: &PortCx<'_>, bytes: &'b [u8]) -> &'b [u8] {
        self.caller_ref = None;
        if p.vm().release() < 26 || p.caller() == 0 {
            return bytes;
        }
        let Some((size, rest)) = bytes.split_first_chunk() else { return bytes };
        let Some((term, rest)) = rest.split_at_checked(u16::from_be_bytes(*size).into()) else {
            return bytes;
        };
        self.caller_ref = Some(Box::new(decoded(p, term)));
        rest
    }
    /// `{inet_reply, Port, Status}` to whom it is owed, and the reference that came with the request.
    pub fn reply(&mut self, p: &PortCx<'_>, status: Result<(), Atom>) {
        let to = std::mem::take(&mut self.caller);
        let reference = self.caller_ref.take();
        if to == 0 {
            return;
        }
        let port = p.term();
        p.tell(to, WORDS, |h| {
            let status = match status {
                Ok(()) => am::OK.into(),
                Err(reason) => h.tuple(&[am::ERROR.into(), reason.into()]),
            };
            match &reference {
                Some(r) => h.tuple(&[atom!("inet_reply").into(), port, status, h.copy(r.term())]),
                None => h.tuple(&[atom!("inet_reply").into(), port, status]),
            }
        });
    }
    /// `{Tag, Port}` to the owner.
    pub fn tell(&self, p: &PortCx<'_>, tag: Atom) {
        let port = p.term();
        p.send(p.owner(), OwnedTerm::build(|h| h.tuple(&[tag.into(), port])));
    }
    /// `{Tag, Port, Reason}` to the owner.
    pub fn tell_error(&self, p: &PortCx<'_>, tag: Atom, reason: Atom) {
        let port = p.term();
        p.send(p.owner(), OwnedTerm::build(|h| h.tuple(&[tag.into(), port, reason.into()])));
    }
    /// A message was delivered: what that means for option `active`.
    pub fn delivered(&mut self, p: &PortCx<'_>) {
        if self.active == ONCE {
            self.active = PASSIVE;
        } else if self.active == super::code::MULTI {
            self.active_count -= 1;
            if self.active_count == 0 {
                self.active = PASSIVE;
                self.tell_passive(p);
            }
        }
    }
    pub fn tell_passive(&self, p: &PortCx<'_>) {
        let tag = match self.protocol {
            Protocol::Tcp => atom!("tcp_passive"),
            Protocol::Udp => atom!("udp_passive"),
            Protocol::Sctp => atom!("sctp_passive"),
        };
        self.tell(p, tag);
    }

    // The output queue.

    pub fn subscribe(&mut self, p: &mut PortCx<'_>, what: &[u8]) -> Reply {
        let mut out = Vec::new();
        for code in what {
            if *code != SUBS_EMPTY_OUT_Q {
                return Err(Fail::BadArg);
            }
            let n = p.queue().len();
            if n > 0 {
                self.subscribers.push(p.caller());
            }
            out.push(*code);
            out.extend((n as u32).to_be_bytes());
        }
        Ok(out)
    }
    pub fn tell_empty(&mut self, p: &PortCx<'_>) {
        let port = p.term();
        for to in std::mem::take(&mut self.subscribers) {
            p.send(to, OwnedTerm::build(|h| h.tuple(&[atom!("empty_out_q").into(), port])));
        }
    }
    pub fn fill_statistics(&self, p: &mut PortCx<'_>, wanted: &[u8]) -> Reply {
        self.statistics.fill(wanted, p.queue().len())
    }
}

const BAD_FD: i32 = 9;

/// Words of the messages that sockets send, as a rule.
pub(super) const WORDS: usize = 24;

/// `{inet_async, Port, Id, Result}` to the caller.
pub(super) fn send_async(
    p: &PortCx<'_>,
    op: AsyncOp,
    f: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
) {
    let port = p.term();
    p.tell(op.caller, WORDS, |h| {
        let id = Term::small(op.id.into());
        h.tuple(&[atom!("inet_async").into(), port, id, f(h)])
    });
}

/// A term in the external format; nil if it is none.
fn decoded(p: &PortCx<'_>, bytes: &[u8]) -> OwnedTerm {
    let resolver = VmResolver(p.vm());
    OwnedTerm::build(|h| {
        let found = etf::decode(bytes, h, &DecodeOptions::new(&resolver));
        found.map_or(Term::nil(), |(t, _)| t)
    })
}

/// The atom of an error.
pub(super) fn reason(e: &io::Error) -> Atom {
    Atom::new(sys::errno::of(e))
}

/// Data as options `mode` and `header` want them.
pub(super) fn data_term<'h>(h: &'h Heap, list: bool, header: usize, data: &[u8]) -> Term<'h> {
    match data.split_at_checked(header) {
        Some((head, tail)) if !list => h.bytes_onto(head, h.binary(tail)),
        _ => h.byte_list(data),
    }
}
