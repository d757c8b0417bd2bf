//! What comes in through a stream: reading, cutting into packets, handing on [inet_drv.c: tcp_recv, tcp_deliver].
//!
//! A socket without unread data has no buffer: reads go to one of the thread, which stays with the socket only if
//! something is left in it. A buffer grows with what really comes, never with what a length promises.

use super::descriptor::{Inet, WORDS, data_term, reason, state};
use super::packet::{self, Kind};
use super::tcp::{Tcp, Timer, closed};
use super::{http, tls};
use crate::port::PortCx;
use std::cell::RefCell;
use sys::fd::would_block;
use sys::poll::Interest;
use sys::socket;
use term::atom::am;
use term::heap::HEAP_BIN_MAX;
use term::shared::BinHandle;
use term::{Atom, Heap, Term, atom};

/// Most bytes of one read, unless more are asked for.
const READ: usize = 64 << 10;
/// The same where the socket carries a connection with another node.
const CONNECTION: usize = 256 << 10;
/// Packets from this size on are handed on without copying.
const TAKE_FROM: usize = 32 << 10;
/// Most that is received right into a binary: sizes whose memory comes back soon.
const WHOLE: usize = 9 << 10;
/// Reads in one go while there is more.
const READS: usize = 16;

thread_local! {
    static BUFFER: RefCell<Vec<u8>> = const { RefCell::new(Vec::new()) };
}

/// Bytes that were read and not handed on.
#[derive(Default)]
pub(super) struct Input {
    data: Vec<u8>,
    /// Bytes of `data` that are gone already.
    start: usize,
    /// As large as the buffer counts, which bounds lines and reads; 0: there is none.
    size: usize,
    /// Bytes that are wanted for certain.
    pub remain: usize,
}

impl Input {
    fn exists(&self) -> bool {
        self.size > 0
    }
    fn bytes(&self) -> &[u8] {
        self.data.get(self.start..).unwrap_or(&[])
    }
    pub fn clear(&mut self) {
        let data = std::mem::take(&mut self.data);
        give_back(data);
        *self = Input::default();
    }
    /// Drops what is gone.
    fn restart(&mut self) {
        self.data.drain(..self.start);
        self.start = 0;
    }
    fn expand(&mut self, len: usize) {
        self.size = self.size.max(self.start + len);
    }
    /// Puts bytes before all others.
    pub fn push_front(&mut self, bytes: &[u8]) {
        self.restart();
        let grown = if self.exists() { self.size + bytes.len() } else { bytes.len() };
        self.size = if bytes.is_empty() { self.size } else { grown };
        self.data.splice(..0, bytes.iter().copied());
        self.remain = 0;
    }
}

/// The thread's buffer, empty.
fn borrow(room: usize) -> Vec<u8> {
    let mut v = BUFFER.with(RefCell::take);
    v.clear();
    // A failure shows at the read.
    let _ = sys::oom::reserve(&mut v, room);
    v
}
fn give_back(mut v: Vec<u8>) {
    if (1..=CONNECTION).contains(&v.capacity()) {
        v.clear();
        BUFFER.with(|b| *b.borrow_mut() = v);
    }
}

/// The socket has failed or closed.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Ended;

/// Whether a read of a stream shows that there is no more.
fn is_dry(got: &std::io::Result<usize>, wanted: usize) -> bool {
    match got {
        Ok(n) => *n < wanted,
        Err(e) => would_block(e),
    }
}

/// What the first packet lacks.
enum Remain {
    /// Nothing: it has this length.
    Packet(usize),
    /// So many bytes.
    Exactly(usize),
    /// Nobody knows; so many may be read.
    UpTo(usize),
}

impl Tcp {
    fn remain(&mut self) -> Result<Remain, packet::Malformed> {
        let have = self.input.data.len() - self.input.start;
        let lacks = self.header_lacks(have);
        let input = &mut self.input;
        let free = input.size.saturating_sub(input.data.len());
        let bounds = self.inet.bounds(input.size);
        let mut headers = self.inet.http_headers.get();
        let length = packet::length(self.inet.packet, input.bytes(), bounds, &mut headers);
        self.inet.http_headers.set(headers);
        match length? {
            Some(n) if n <= have => Ok(Remain::Packet(n)),
            Some(n) => {
                input.expand(n);
                Ok(Remain::Exactly(n - have))
            }
            None if lacks > 0 => {
                input.restart();
                input.expand(have + lacks);
                Ok(Remain::UpTo(lacks))
            }
            None if free > 0 => Ok(Remain::UpTo(free)),
            None if input.start > 0 => {
                input.restart();
                Ok(Remain::UpTo(input.size.saturating_sub(have).max(1)))
            }
            None if self.inet.packet_size > have => {
                input.expand(self.inet.packet_size);
                Ok(Remain::UpTo(self.inet.packet_size - have))
            }
            None => Err(packet::Malformed),
        }
    }
    /// Without option `read_ahead`: what may be read so that a length becomes known, when there are `have` bytes; else 0.
    fn header_lacks(&self, have: usize) -> usize {
        match self.inet.packet.least() {
            least if self.stream.no_read_ahead && least > 0 => least.saturating_sub(have).max(1),
            _ => 0,
        }
    }
    /// The socket is ready: reads while there is more, but leaves others their turn.
    pub fn input_ready(&mut self, p: &mut PortCx<'_>) {
        for _ in 0..READS {
            let Ok((true, _)) = self.receive_once(p, 0) else { return };
            if self.inet.gone || !self.inet.selected.read {
                return;
            }
        }
    }
    /// Reads once; how many packets were handed on. `request` is the length asked for, 0 for a packet.
    pub fn receive(&mut self, p: &mut PortCx<'_>, request: usize) -> Result<usize, Ended> {
        self.receive_once(p, request).map(|(_, count)| count)
    }
    /// As [`Tcp::receive`]; also whether the read got all it asked for, so that there may be more.
    fn receive_once(&mut self, p: &mut PortCx<'_>, request: usize) -> Result<(bool, usize), Ended> {
        if let Some(done) = self.receive_whole(p, request) {
            return done;
        }
        let header = self.header_lacks(0);
        let input = &mut self.input;
        let mut wanted;
        if !input.exists() {
            wanted = if request > 0 { request } else { self.inet.buffer };
            if p.carries_connection() {
                wanted = wanted.max(CONNECTION);
            }
            input.size = wanted;
            if header > 0 && request == 0 {
                wanted = header;
            }
            input.remain = request;
            give_back(std::mem::replace(&mut input.data, borrow(wanted.min(CONNECTION))));
            input.start = 0;
        } else if request > 0 {
            let have = input.data.len() - input.start;
            if have >= request {
                return self.deliver(p, request).map(|n| (false, n));
            }
            input.expand(request);
            wanted = request - have;
            input.remain = wanted;
        } else if input.remain == 0 {
            match self.remain() {
                Err(packet::Malformed) => return self.receive_failed(p, Error::TooLong),
                Ok(Remain::Packet(n)) => return self.deliver(p, n).map(|n| (false, n)),
                Ok(Remain::Exactly(n)) => {
                    self.input.remain = n;
                    wanted = n;
                }
                Ok(Remain::UpTo(n)) => wanted = n,
            }
        } else {
            wanted = input.remain;
        }
        let input = &mut self.input;
        if input.start > 0 {
            input.restart();
        }
        // The room grows as data comes, at most to twice of it.
        let most = if p.carries_connection() { CONNECTION } else { READ };
        wanted = wanted.min(most.max(input.data.len()));
        let Ok(fd) = self.inet.fd() else { return self.keep(Ok((false, 0))) };
        let got = socket::recv_append(fd, &mut input.data, wanted, 0);
        p.set_dry(Interest::READ, is_dry(&got, wanted));
        let result = match got {
            Err(e) if would_block(&e) => Ok((false, 0)),
            Err(e) if e.raw_os_error() == Some(ECONNRESET) && !self.stream.show_econnreset => {
                self.receive_closed(p)
            }
            Err(e) => self.receive_failed(p, Error::System(reason(&e))),
            Ok(0) => self.receive_closed(p),
            Ok(n) => self.took_in(p, n).map(|count| (n == wanted, count)),
        };
        self.keep(result)
    }
    /// Where nothing waits and what comes is all that is asked for, it goes into the binary that is handed on. `None`: not so.
    fn receive_whole(
        &mut self,
        p: &mut PortCx<'_>,
        request: usize,
    ) -> Option<Result<(bool, usize), Ended>> {
        let inet = &self.inet;
        let wanted = if request > 0 { request } else { inet.buffer };
        let plain = inet.packet == Kind::Raw
            && !self.input.exists()
            && (HEAP_BIN_MAX..=WHOLE).contains(&wanted)
            && !inet.list_mode
            && inet.header == 0
            && !inet.deliver_port
            && !p.carries_connection();
        let fd = inet.fd().ok().filter(|_| plain)?;
        // SAFETY: so many bytes were received into it.
        let got = unsafe { BinHandle::received(wanted, |room| socket::recv_into(fd, room, 0)) };
        let bin = match got {
            Ok(bin) if !bin.bytes().is_empty() => bin,
            // The end or an error, which the next call tells again, unless it was for the moment only.
            Err(e) if would_block(&e) => {
                p.set_dry(Interest::READ, true);
                (self.input.size, self.input.remain) =
                    if request > 0 { (wanted, request) } else { (0, 0) };
                return Some(Ok((false, 0)));
            }
            Err(e) if e.raw_os_error() == Some(ECONNRESET) && !self.stream.show_econnreset => {
                return Some(self.receive_closed(p));
            }
            Err(e) => return Some(self.receive_failed(p, Error::System(reason(&e)))),
            Ok(_) => {
                p.set_dry(Interest::READ, false);
                return Some(self.receive_closed(p));
            }
        };
        let n = bin.bytes().len();
        p.set_dry(Interest::READ, n < wanted);
        if n < request {
            self.input.size = wanted;
            self.input.remain = request - n;
            self.input.data = bin.bytes().to_vec();
            self.input.start = 0;
            return Some(Ok((false, 0)));
        }
        self.inet.statistics.received(n);
        p.count_input(n);
        let given = give(&mut self.inet, p, atom!("tcp"), |h| {
            // Few bytes are not to keep much memory.
            if n <= HEAP_BIN_MAX || n < wanted / 2 {
                h.binary(bin.bytes())
            } else {
                h.shared_binary(bin)
            }
        });
        if let Err(e) = given {
            return Some(Err(e));
        }
        if !self.inet.is_active() {
            self.timers.cancel(p, Timer::Receive);
            self.inet.select(p, Interest::READ, false);
        }
        Some(Ok((n == wanted, 1)))
    }
    /// Decides what becomes of the thread's buffer.
    fn keep<T>(&mut self, result: T) -> T {
        let input = &mut self.input;
        let left = input.data.len() - input.start;
        if left == 0 && input.exists() && input.remain == 0 {
            // Nothing was read into a fresh buffer, or nothing is left.
            input.clear();
        } else if input.data.capacity() > 2 * left + 256 {
            let small = input.bytes().to_vec();
            input.start = 0;
            give_back(std::mem::replace(&mut input.data, small));
        }
        result
    }
    fn took_in(&mut self, p: &mut PortCx<'_>, n: usize) -> Result<usize, Ended> {
        let input = &mut self.input;
        if input.remain > 0 {
            input.remain = input.remain.saturating_sub(n);
            if input.remain == 0 {
                let all = input.data.len() - input.start;
                return self.deliver(p, all);
            }
            return Ok(0);
        }
        match self.remain() {
            Err(packet::Malformed) => self.receive_failed(p, Error::TooLong),
            Ok(Remain::Packet(n)) => self.deliver(p, n),
            Ok(Remain::Exactly(n)) => {
                self.input.remain = n;
                Ok(0)
            }
            Ok(Remain::UpTo(_)) => Ok(0),
        }
    }
    /// Hands on the packet of `len` bytes, and those after it as long as the socket is active; how many. With 0 it looks
    /// first whether there is one.
    pub fn deliver(&mut self, p: &mut PortCx<'_>, mut len: usize) -> Result<usize, Ended> {
        let mut count = 0;
        if len == 0 {
            if !self.input.exists() || self.input.remain > 0 {
                return Ok(0);
            }
            match self.remain().map_err(|_| Ended)? {
                Remain::Packet(n) => len = n,
                Remain::Exactly(n) => {
                    self.input.remain = n;
                    return Ok(0);
                }
                Remain::UpTo(_) => return Ok(0),
            }
        }
        while len > 0 {
            self.inet.statistics.received(len);
            self.hand_on(p, len)?;
            self.input.remain = 0;
            if self.input.start >= self.input.data.len() {
                self.input.clear();
            }
            count += 1;
            len = 0;
            if !self.inet.is_active() {
                self.timers.cancel(p, Timer::Receive);
                self.inet.select(p, Interest::READ, false);
            } else if self.input.exists() {
                match self.remain().map_err(|_| Ended)? {
                    Remain::Packet(n) => len = n,
                    Remain::Exactly(n) => self.input.remain = n,
                    Remain::UpTo(_) => {}
                }
            }
        }
        Ok(count)
    }
    /// Hands on one packet and takes it out of the buffer.
    fn hand_on(&mut self, p: &mut PortCx<'_>, len: usize) -> Result<(), Ended> {
        let inet = &mut self.inet;
        let kind = inet.packet;
        let from = self.input.start;
        let end = (from + len).min(self.input.data.len());
        self.input.start = end;
        let packet = self.input.data.get(from..end).unwrap_or(&[]);
        let (a, b) = kind.body(packet);
        let body = packet.get(a..b).unwrap_or(&[]);
        let (list, header) = (inet.list_mode, inet.header);
        if inet.deliver_port {
            p.output_with_header(if list { body.len() } else { header }, body);
            inet.delivered(p);
            return Ok(());
        }
        p.count_input(len);
        let tcp = atom!("tcp");
        if kind.is_http() {
            let headers = inet.http_headers.clone();
            let done =
                give(inet, p, atom!("http"), |h| http::parse(h, packet, kind.is_bin(), &headers));
            inet.http_headers = headers;
            done
        } else if kind == Kind::SslTls {
            let port = p.term();
            give_bare(inet, p, |h| tls::parse(h, port, packet))
        } else if len >= TAKE_FROM && end == self.input.data.len() && !list && header == 0 {
            let data = std::mem::take(&mut self.input.data);
            self.input.start = 0;
            give(inet, p, tcp, |h| shared(h, data, from + a, b - a))
        } else {
            give(inet, p, tcp, |h| data_term(h, list, header, body))
        }
    }

    /// The other side has closed.
    fn receive_closed<T>(&mut self, p: &mut PortCx<'_>) -> Result<T, Ended> {
        let mut sending = false;
        if self.inet.is(state::BUSY) {
            self.clear_output(p);
            self.end_busy(p);
            self.inet.reply(p, Err(closed()));
            sending = true;
        }
        if self.send_file.is_some() {
            self.send_file_aborted(p, None);
            sending = true;
        }
        // The next send is told that it is closed, not that it is not connected.
        self.closed_for_send |= !sending;
        self.input.clear();
        if self.inet.is_active() {
            self.stream.tell_closed(&self.inet, p);
            if self.inet.exit_on_close {
                self.inet.gone = true;
                p.exit(0);
            } else {
                self.inet.select(p, Interest::READ, false);
            }
        } else {
            self.timers.clear(p);
            self.close_or_stop_reading(p);
            self.inet.answer_error(p, closed());
        }
        Err(Ended)
    }
    fn close_or_stop_reading(&mut self, p: &mut PortCx<'_>) {
        if self.inet.exit_on_close {
            self.close(p);
        } else {
            self.inet.select(p, Interest::READ, false);
        }
    }
    fn receive_failed<T>(&mut self, p: &mut PortCx<'_>, e: Error) -> Result<T, Ended> {
        let why = match e {
            Error::System(a) => a,
            Error::TooLong => atom!("emsgsize"),
        };
        if self.inet.is(state::BUSY) {
            self.clear_output(p);
            self.end_busy(p);
            self.inet.reply(p, Err(closed()));
        }
        if self.send_file.is_some() {
            self.send_file_aborted(p, Some(why));
        }
        self.input.clear();
        if self.inet.is_active() {
            self.inet.tell_error(p, atom!("tcp_error"), why);
            self.stream.tell_closed(&self.inet, p);
            if self.inet.exit_on_close {
                self.inet.gone = true;
                p.exit(sys::errno::number(why.name()).unwrap_or(0));
            } else {
                self.inet.select(p, Interest::READ, false);
            }
        } else {
            self.timers.clear(p);
            self.close_or_stop_reading(p);
            self.inet.answer_error(p, why);
        }
        Err(Ended)
    }
}

/// `{Tag, Port, Term}` to the owner, or `{ok, Term}` as the answer of the receive that waits.
fn give(
    inet: &mut Inet,
    p: &PortCx<'_>,
    tag: Atom,
    f: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
) -> Result<(), Ended> {
    let port = p.term();
    if inet.is_active() {
        give_bare(inet, p, |h| h.tuple(&[tag.into(), port, f(h)]))
    } else {
        give_bare(inet, p, f)
    }
}

/// A message to the owner as it is, or as the answer of the receive that waits.
fn give_bare(
    inet: &mut Inet,
    p: &PortCx<'_>,
    f: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
) -> Result<(), Ended> {
    if inet.is_active() {
        if !p.is_closing() {
            p.tell(p.owner(), WORDS, f);
        }
        inet.delivered(p);
        return Ok(());
    }
    let there = inet.answer(p, |h| h.tuple(&[am::OK.into(), f(h)]));
    if there { Ok(()) } else { Err(Ended) }
}

enum Error {
    System(Atom),
    TooLong,
}

const ECONNRESET: i32 = 104;

/// Part of a vector as a binary, without copying.
fn shared(h: &Heap, data: Vec<u8>, start: usize, len: usize) -> Term<'_> {
    h.shared_bits(BinHandle::from_vec(data), start * 8, len * 8)
}
