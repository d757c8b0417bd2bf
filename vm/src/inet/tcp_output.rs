//! What goes out through a stream: sending, the queue, its watermarks, files [inet_drv.c: tcp_sendv, tcp_inet_output].

use super::address::Reader;
use super::code::INFINITY;
use super::descriptor::{Fail, Reply, reason, state};
use super::tcp::{Pending, Tcp, Timer, closed};
use crate::port::{IoQueue, PortCx};
use std::io::{self, IoSlice};
use std::os::fd::{AsRawFd, OwnedFd};
use sys::fd::{repeat, would_block};
use sys::poll::Interest;
use sys::socket;
use term::atom::am;
use term::{Atom, OwnedTerm, Term, atom};

/// A file that is being sent.
pub(super) struct SendFile {
    file: OwnedFd,
    offset: i64,
    left: u64,
    /// Bytes of the queue that go first.
    skip: usize,
    sent: u64,
}

const ECONNRESET: i32 = 104;
const EPIPE: i32 = 32;

impl Tcp {
    /// `port_command`: sends, or keeps what the system does not take.
    pub fn send(&mut self, p: &mut PortCx<'_>, mut data: IoQueue) {
        self.inet.caller = p.caller();
        self.inet.take_reference(p, &mut data);
        self.put_header(&mut data);
        self.send_framed(p, data);
    }
    /// The same of few bytes: what the system takes at once is not copied.
    pub fn send_bytes(&mut self, p: &mut PortCx<'_>, bytes: &[u8]) {
        let bytes = self.inet.reference_before(p, bytes);
        let idle = self.inet.is(state::CONNECTED)
            && self.pending_shutdown.is_none()
            && self.send_file.is_none()
            && self.inet.ignored.is_none()
            && !self.stream.delay_send
            && p.queue().is_empty();
        self.inet.caller = p.caller();
        let mut left = IoQueue::new();
        let n = self.inet.packet.header_len();
        let header = &(bytes.len() as u32).to_be_bytes()[4 - n..];
        let total = n + bytes.len();
        if !idle || total == 0 {
            left.push_slice(bytes);
            self.put_header(&mut left);
            return self.send_framed(p, left);
        }
        self.inet.statistics.sent(total);
        let Ok(fd) = self.inet.fd() else { return self.inet.reply(p, Ok(())) };
        let slices = [IoSlice::new(header), IoSlice::new(bytes)];
        let slices = if n == 0 { &slices[1..] } else { &slices };
        let sent = match repeat(|| socket::send_message(fd, slices, None, &[], 0)) {
            Ok(sent) if sent == total => return self.inet.reply(p, Ok(())),
            Ok(sent) => sent,
            Err(e) if would_block(&e) => 0,
            Err(e) => return self.send_failed(p, &e),
        };
        left.push_slice(header);
        left.push_slice(bytes);
        left.advance(sent);
        p.queue().append(left);
        self.inet.select(p, Interest::WRITE, true);
        self.inet.reply(p, Ok(()))
    }
    /// Several packets, which leave together.
    pub fn send_all(&mut self, p: &mut PortCx<'_>, packets: Vec<IoQueue>) {
        self.inet.caller = p.caller();
        /// Room for small packets, which are put together.
        const TOGETHER: usize = 16 << 10;
        let mut all = IoQueue::new();
        if packets.len() > 1 {
            let size: usize = packets.iter().map(|d| d.len() + 4).sum();
            all = IoQueue::of_vec(Vec::with_capacity(size.min(TOGETHER)), 0);
        }
        for mut data in packets {
            self.put_header(&mut data);
            all.append(data);
        }
        self.send_framed(p, all);
    }
    /// Puts the length before a packet.
    fn put_header(&mut self, data: &mut IoQueue) {
        let n = self.inet.packet.header_len();
        let len = data.len();
        if self.inet.is(state::CONNECTED) && self.pending_shutdown.is_none() {
            self.inet.statistics.sent(len + n);
        }
        data.push_header(&(len as u32).to_be_bytes()[4 - n..]);
    }
    fn send_framed(&mut self, p: &mut PortCx<'_>, data: IoQueue) {
        if !self.inet.is(state::CONNECTED) {
            let why = if std::mem::take(&mut self.closed_for_send) {
                let reset = self.stream.delayed_econnreset;
                if reset { atom!("econnreset") } else { closed() }
            } else {
                atom!("enotconn")
            };
            return self.inet.reply(p, Err(why));
        }
        if self.pending_shutdown.is_some() {
            return self.output_failed(p, EPIPE);
        }
        if self.send_vector(p, data) {
            self.inet.reply(p, Ok(()));
        }
    }
    /// Whether the caller is to be answered `ok`.
    fn send_vector(&mut self, p: &mut PortCx<'_>, mut data: IoQueue) -> bool {
        if self.send_file.is_some() || !p.queue().is_empty() {
            p.queue().append(data);
            return !self.is_full(p);
        }
        if data.is_empty() {
            return true;
        }
        if let Some(wanted) = &mut self.inet.ignored {
            wanted.write = true;
            p.queue().append(data);
            return true;
        }
        if self.stream.delay_send {
            p.queue().append(data);
            self.timers.add(p, 0, Timer::Delayed);
            return true;
        }
        let Ok(fd) = self.inet.fd() else { return true };
        match repeat(|| socket::send_message(fd, &data.slices(socket::MAX_SLICES), None, &[], 0)) {
            Ok(n) if n == data.len() => return true,
            Ok(n) => data.advance(n),
            Err(e) if would_block(&e) => {}
            Err(e) => {
                self.send_failed(p, &e);
                return false;
            }
        }
        p.queue().append(data);
        self.inet.select(p, Interest::WRITE, true);
        true
    }
    /// The queue has reached the high watermark: the sender waits for its answer.
    fn is_full(&mut self, p: &mut PortCx<'_>) -> bool {
        if p.queue().len() < self.stream.high {
            return false;
        }
        if self.stream.send_timeout == 0 {
            self.inet.reply(p, Err(am::TIMEOUT));
            return true;
        }
        self.inet.state |= state::BUSY;
        self.inet.busy_caller = self.inet.caller;
        self.inet.busy_ref = self.inet.caller_ref.take();
        p.set_busy(true);
        if self.stream.send_timeout != INFINITY {
            self.busy_on_send = true;
            self.timers.add(p, self.stream.send_timeout, Timer::Send);
        }
        true
    }
    pub fn clear_output(&mut self, p: &mut PortCx<'_>) {
        p.queue().clear();
        self.inet.tell_empty(p);
    }
    /// The system takes more.
    pub fn output_ready(&mut self, p: &mut PortCx<'_>) {
        if self.inet.ignored.is_some() || !self.inet.is(state::CONNECTED) {
            return;
        }
        if self.send_file.is_some() {
            return self.continue_file(p);
        }
        loop {
            if p.queue().is_empty() {
                return self.output_empty(p);
            }
            let Ok(fd) = self.inet.fd() else { return };
            let sent = repeat(|| {
                socket::send_message(fd, &p.queue().slices(socket::MAX_SLICES), None, &[], 0)
            });
            match sent {
                Ok(n) => {
                    p.queue().advance(n);
                    self.below_low(p);
                }
                Err(e) if would_block(&e) => {
                    if !self.inet.selected.write {
                        self.inet.select(p, Interest::WRITE, true);
                    }
                    return;
                }
                Err(e) => return self.send_failed(p, &e),
            }
        }
    }
    fn output_empty(&mut self, p: &mut PortCx<'_>) {
        self.inet.select(p, Interest::WRITE, false);
        self.inet.tell_empty(p);
        if let Some(how) = self.pending_shutdown {
            let how = match how {
                Pending::Write => socket::SHUT_WR,
                Pending::Both => socket::SHUT_RDWR,
            };
            match self.inet.fd().map(|fd| socket::shutdown(fd, how)) {
                Ok(Err(e)) => self.output_failed(p, e.raw_os_error().unwrap_or(0)),
                _ => self.shut_write = true,
            }
        }
    }
    /// At the low watermark the sender that waits goes on.
    fn below_low(&mut self, p: &mut PortCx<'_>) {
        if p.queue().len() <= self.stream.low && self.end_busy(p) {
            self.inet.reply(p, Ok(()));
        }
    }
    /// A write failed. A broken pipe that we have not shut down ourselves is a reset by the other side.
    fn send_failed(&mut self, p: &mut PortCx<'_>, e: &io::Error) {
        let errno = e.raw_os_error().unwrap_or(0);
        let reset = errno == EPIPE && !self.shut_write;
        self.output_failed(p, if reset { ECONNRESET } else { errno });
    }
    fn output_failed(&mut self, p: &mut PortCx<'_>, errno: i32) {
        let show = errno == ECONNRESET && self.stream.show_econnreset;
        let why = if show { Atom::new(sys::errno::name(errno)) } else { closed() };
        self.end_busy(p);
        let sending_file = self.send_file.is_some();
        if self.inet.is_active() {
            if show {
                self.inet.tell_error(p, atom!("tcp_error"), why);
            }
            self.stream.tell_closed(&self.inet, p);
            if !sending_file {
                self.inet.reply(p, Err(why));
            }
            if self.inet.exit_on_close {
                self.inet.gone = true;
                p.exit(0);
            } else {
                self.close(p);
            }
            return;
        }
        self.abandon(p);
        if self.inet.caller == 0 {
            self.closed_for_send = true;
        } else if !sending_file {
            self.inet.reply(p, Err(why));
        }
        self.close(p);
        // A receive that comes later is told so too, so that errors of sends may be ignored.
        self.closed_for_receive = true;
        self.stream.delayed_econnreset |= show;
    }

    // Files.

    pub fn send_file_request(&mut self, p: &mut PortCx<'_>, data: &[u8]) -> Reply {
        let mut r = Reader(data);
        let (Some(fd), Some(offset), Some(left)) = (r.array(), r.u64(), r.u64()) else {
            return Err(Fail::EINVAL);
        };
        if !r.0.is_empty() {
            return Err(Fail::EINVAL);
        }
        if !self.inet.is(state::CONNECTED) {
            return Err(Fail::ENOTCONN);
        }
        if self.send_file.is_some() {
            return Err(Fail::EINVAL);
        }
        let file = sys::fd::dup(i32::from_ne_bytes(fd))?;
        let offset = i64::try_from(offset).map_err(|_| Fail::EINVAL)?;
        let skip = p.queue().len();
        self.send_file = Some(Box::new(SendFile { file, offset, left, skip, sent: 0 }));
        self.inet.caller = p.caller();
        self.continue_file(p);
        Ok(Vec::new())
    }
    fn continue_file(&mut self, p: &mut PortCx<'_>) {
        match self.file_steps(p) {
            Ok(true) => self.file_done(p),
            Ok(false) => {
                if !self.inet.selected.write {
                    self.inet.select(p, Interest::WRITE, true);
                }
            }
            Err(e) => {
                self.send_file_aborted(p, Some(reason(&e)));
                self.send_failed(p, &e);
                self.send_file = None;
            }
        }
    }
    /// Writes what the system takes, first of the queue as it was when the file came. `true`: all is out.
    fn file_steps(&mut self, p: &mut PortCx<'_>) -> io::Result<bool> {
        /// Most bytes of one call.
        const CHUNK: u64 = (1 << 30) - 1;
        let (Some(f), Ok(fd)) = (&mut self.send_file, self.inet.fd()) else { return Ok(true) };
        while f.skip > 0 {
            let front = io::IoSlice::new(p.queue().front(f.skip));
            match repeat(|| socket::send_message(fd, &[front], None, &[], 0)) {
                Ok(n) => {
                    p.queue().advance(n);
                    f.skip -= n.min(f.skip);
                }
                Err(e) if would_block(&e) => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        while f.left > 0 {
            let n = f.left.min(CHUNK) as usize;
            match socket::send_file(fd, f.file.as_raw_fd(), f.offset, n) {
                Ok(0) => break,
                Ok(n) => {
                    f.sent += n as u64;
                    f.offset += n as i64;
                    f.left -= (n as u64).min(f.left);
                }
                Err(e) if would_block(&e) => return Ok(false),
                Err(e) => return Err(e),
            }
        }
        Ok(true)
    }
    fn file_done(&mut self, p: &mut PortCx<'_>) {
        let Some(f) = self.send_file.take() else { return };
        self.below_low(p);
        if p.queue().is_empty() {
            self.output_empty(p);
        } else if !self.inet.selected.write {
            self.inet.select(p, Interest::WRITE, true);
        }
        let port = p.term();
        let half = |n: u64| Term::small((n & 0xffff_ffff) as i64);
        let m = OwnedTerm::build(|h| {
            let sent = h.tuple(&[am::OK.into(), half(f.sent), half(f.sent >> 32)]);
            h.tuple(&[atom!("sendfile").into(), port, sent])
        });
        p.send(p.owner(), m);
    }
    /// Tells that a file was not sent; `None`: the connection is closed.
    pub fn send_file_aborted(&mut self, p: &mut PortCx<'_>, why: Option<Atom>) {
        let why = match why.map(|a| a.name()) {
            None | Some("econnreset" | "enotconn" | "epipe") => closed(),
            Some(name) => Atom::new(name),
        };
        let port = p.term();
        let m = OwnedTerm::build(|h| {
            let e = h.tuple(&[am::ERROR.into(), why.into()]);
            h.tuple(&[atom!("sendfile").into(), port, e])
        });
        p.send(p.owner(), m);
    }
}
