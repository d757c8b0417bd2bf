//! Sending, of files too [prim_socket_nif.c: esock_send, esock_sendmsg, esock_sendfile].

use super::handle::{Line, SendfileCounters, SocketRef, State};
use super::{Done, Fail, address, answer, control, need_open, ok, range};
use std::io::IoSlice;
use std::os::fd::AsRawFd;
use sys::fd::repeat;
use sys::socket::{self, SockAddr};
use term::atom::am;
use term::{Atom, Bits, Map, Term, View, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_socket" {
    /// `ok`, `{ok, Written}`, `select`, `{select, Written}`
    Plain "nif_send"/4 => send(0, 1, 2, 3);
    Plain "nif_sendto"/5 => sendto(0, 1, 2, 3, 4);
    Plain "nif_sendmsg"/5 => sendmsg(0, 1, 2, 3, 4);
    /// A vector to whom the socket is connected with (OTP 27)
    Plain "nif_sendv"/3 => sendv(0, 1, 2);
    /// Begins to send a file
    DirtyIo "nif_sendfile"/5 => sendfile_start(0, 1, 2, 3, 4);
    /// Goes on with it
    DirtyIo "nif_sendfile"/4 => sendfile_continue(0, 1, 2, 3);
    /// Gives the file up
    DirtyIo "nif_sendfile"/1 => sendfile_close(0);
} }

/// What a send came to.
pub(super) enum Sent {
    All,
    /// A packet that was cut short.
    Cut(usize),
    Wait,
    Part(usize),
    /// All of this, but there is more to send.
    Vector(usize),
    Queued,
}

fn sent_term<'p>(cx: &Cx<'p>, sent: Done<Sent>) -> BifResult<'p> {
    let h = cx.heap();
    let number = |n: usize| h.uint(n as u64);
    answer(
        cx,
        sent.map(|s| match s {
            Sent::All => am::OK.into(),
            Sent::Cut(n) => ok(cx, number(n)),
            Sent::Wait | Sent::Queued => atom!("select").into(),
            Sent::Part(n) => h.tuple(&[atom!("select").into(), number(n)]),
            Sent::Vector(n) => h.tuple(&[atom!("iov").into(), number(n)]),
        }),
    )
}

/// The caller may send now. `false`: it waits in line.
pub(super) fn turn(st: &mut State, pid: u64, reference: Term<'_>) -> Done<bool> {
    need_open(st)?;
    if st.connector.is_some() {
        return Err(Fail::ErrorInvalid("state"));
    }
    if st.writers.front().is_some_and(|w| w.pid != pid) {
        if st.writers.iter().any(|w| w.pid == pid) {
            return Err(Fail::Raise("state"));
        }
        let r = st.requestor(pid, reference);
        st.writers.push_back(r);
        return Ok(false);
    }
    Ok(true)
}

fn count_package(st: &mut State) {
    let c = &mut st.counters;
    c.write_pkg += 1;
    c.write_pkg_max = c.write_pkg_max.max(c.write_now);
    c.write_now = 0;
}

/// What follows a call of the system: `more` data were not even tried.
pub(super) fn outcome(
    st: &mut State,
    pid: u64,
    reference: Term<'_>,
    result: std::io::Result<usize>,
    size: usize,
    more: bool,
) -> Done<Sent> {
    let written = match result {
        Ok(n) => Some(n),
        Err(e) if sys::fd::would_block(&e) => None,
        Err(e) => {
            st.counters.write_fails += 1;
            if e.raw_os_error() != sys::errno::number("einval") {
                st.fail_line(Line::Write, Term::atom(Atom::new(sys::errno::of(&e))));
            }
            return Err(e.into());
        }
    };
    if let Some(n) = written {
        st.counters.write_now += n as u64;
        st.counters.write_byte += n as u64;
        let stream = st.kind == socket::SOCK_STREAM;
        if n >= size && !more {
            count_package(st);
            st.next(Line::Write);
            return Ok(Sent::All);
        }
        if !stream {
            count_package(st);
            st.next(Line::Write);
            return Ok(Sent::Cut(n));
        }
    }
    st.set_current(Line::Write, pid, reference);
    if let (Some(n), true) = (written, more)
        && n >= size
    {
        return Ok(Sent::Vector(n));
    }
    st.select(Line::Write)?;
    st.counters.write_waits += 1;
    Ok(written.map_or(Sent::Wait, Sent::Part))
}

pub(super) fn flags(t: Term<'_>) -> Option<i32> {
    i32::try_from(t.as_small()?).ok()
}

fn send_one<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    data: Bits<'p>,
    to: Option<&SockAddr>,
    flags: i32,
    reference: Term<'p>,
) -> BifResult<'p> {
    let bytes = data.bytes();
    let pid = cx.pid();
    let sent = s.0.with(|st| {
        if !turn(st, pid, reference)? {
            return Ok(Sent::Queued);
        }
        st.counters.write_tries += 1;
        let slices = [IoSlice::new(&bytes)];
        let result = repeat(|| socket::send_message(st.fd(), &slices, to, &[], flags));
        outcome(st, pid, reference, result, bytes.len(), false)
    });
    cx.bump(bytes.len() / 256);
    sent_term(cx, sent)
}

fn binary<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, Bits<'p>> {
    cx.need(t.as_binary())
}

fn send<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    data: Term<'p>,
    bits: Term<'p>,
    reference: Term<'p>,
) -> BifResult<'p> {
    cx.need(reference.as_reference())?;
    let data = binary(cx, data)?;
    let Some(f) = flags(bits) else { return range(cx, bits) };
    send_one(cx, s, data, None, f, reference)
}

fn sendto<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    data: Term<'p>,
    to: Term<'p>,
    bits: Term<'p>,
    reference: Term<'p>,
) -> BifResult<'p> {
    cx.need(reference.as_reference())?;
    let data = binary(cx, data)?;
    let Some(f) = flags(bits) else { return range(cx, bits) };
    let Some(to) = address::decode(to) else {
        return answer(cx, Err(Fail::Invalid("sockaddr")));
    };
    send_one(cx, s, data, Some(&to), f, reference)
}

/// Binaries of a list, at most as many as one call takes, and whether others follow. `None`: it is none of binaries.
pub(super) fn vector(list: Term<'_>) -> Option<(Vec<std::borrow::Cow<'_, [u8]>>, bool)> {
    let mut out = Vec::new();
    let mut at = list;
    while let View::Cons(cell) = at.view() {
        let bytes = cell.head().as_binary()?.bytes();
        if out.len() == socket::MAX_SLICES {
            if !bytes.is_empty() {
                return Some((out, true));
            }
        } else {
            out.push(bytes);
        }
        at = cell.tail();
    }
    at.is_nil().then_some((out, false))
}

fn sendmsg<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    message: Map<'p>,
    bits: Term<'p>,
    reference: Term<'p>,
    iov: Term<'p>,
) -> BifResult<'p> {
    cx.need(reference.as_reference())?;
    let Some(f) = flags(bits) else { return range(cx, bits) };
    let (pid, release) = (cx.pid(), cx.vm().config.release);
    let sent = s.0.with(|st| {
        if !turn(st, pid, reference)? {
            return Ok(Sent::Queued);
        }
        let to = match message.get(Term::atom(atom!("addr"))) {
            Some(a) => Some(address::decode(a).ok_or(Fail::Invalid("addr"))?),
            None => None,
        };
        let (parts, more) = vector(iov).ok_or(Fail::Invalid("iov"))?;
        if more && st.kind != socket::SOCK_STREAM {
            return Err(Fail::Invalid("iov"));
        }
        let control = match message.get(Term::atom(atom!("ctrl"))) {
            Some(c) => control::parse(c, release, st.send_control).ok_or(Fail::Invalid("ctrl"))?,
            None => Vec::new(),
        };
        st.counters.write_tries += 1;
        let slices: Vec<IoSlice<'_>> = parts.iter().map(|p| IoSlice::new(p)).collect();
        let size = parts.iter().map(|p| p.len()).sum();
        let result = repeat(|| socket::send_message(st.fd(), &slices, to.as_ref(), &control, f));
        outcome(st, pid, reference, result, size, more)
    });
    sent_term(cx, sent)
}

fn sendv<'p>(cx: &Cx<'p>, s: SocketRef<'p>, iov: Term<'p>, reference: Term<'p>) -> BifResult<'p> {
    cx.need(reference.as_reference())?;
    let (parts, more) = cx.need(vector(iov))?;
    let pid = cx.pid();
    let sent = s.0.with(|st| {
        if !turn(st, pid, reference)? {
            return Ok(Sent::Queued);
        }
        if more && st.kind != socket::SOCK_STREAM {
            return Err(Fail::Invalid("iov"));
        }
        st.counters.write_tries += 1;
        let slices: Vec<IoSlice<'_>> = parts.iter().map(|p| IoSlice::new(p)).collect();
        let size = parts.iter().map(|p| p.len()).sum();
        let result = repeat(|| socket::send_message(st.fd(), &slices, None, &[], 0));
        outcome(st, pid, reference, result, size, more)
    });
    sent_term(cx, sent)
}

// Files.

/// Most bytes of one call.
const CHUNK: u64 = 0x2000_0000;

fn offsets<'p>(
    cx: &Cx<'p>,
    offset: Term<'p>,
    count: Term<'p>,
) -> BifResult<'p, Result<(i64, u64), Term<'p>>> {
    let Some(o) = offset.as_i64() else { return Ok(Err(range(cx, offset)?)) };
    let Some(c) = count.as_u64() else { return Ok(Err(range(cx, count)?)) };
    Ok(Ok((o, c)))
}

fn sendfile_start<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    reference: Term<'p>,
    offset: Term<'p>,
    count: Term<'p>,
    file: Term<'p>,
) -> BifResult<'p> {
    cx.need(reference.as_reference())?;
    let (offset, count) = match offsets(cx, offset, count)? {
        Ok(both) => both,
        Err(t) => return Ok(t),
    };
    cx.need(file.as_reference())?;
    let own = crate::prim_file::duplicate(file);
    let pid = cx.pid();
    let sent = s.0.with(|st| {
        if !turn(st, pid, reference)? {
            return Ok(FileSent::Queued);
        }
        if st.file.is_some() {
            return Err(Fail::ErrorInvalid("state"));
        }
        let own = match own {
            Some(Ok(own)) => own,
            Some(Err(e)) => return Err(fail_file(st, Fail::Posix(e))),
            None => return Err(fail_file(st, Fail::ErrorInvalid("efile"))),
        };
        st.file = Some(own);
        let c = st.counters.sendfile.get_or_insert_default();
        c.tries += 1;
        c.now = 0;
        step(st, pid, reference, offset, count)
    });
    file_term(cx, sent)
}

fn sendfile_continue<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    reference: Term<'p>,
    offset: Term<'p>,
    count: Term<'p>,
) -> BifResult<'p> {
    cx.need(reference.as_reference())?;
    let (offset, count) = match offsets(cx, offset, count)? {
        Ok(both) => both,
        Err(t) => return Ok(t),
    };
    let pid = cx.pid();
    let sent = s.0.with(|st| {
        need_open(st)?;
        if st.connector.is_some() {
            return Err(Fail::ErrorInvalid("state"));
        }
        if st.file.is_none() || st.writers.front().is_none_or(|w| w.pid != pid) {
            return Err(Fail::Raise("state"));
        }
        step(st, pid, reference, offset, count)
    });
    file_term(cx, sent)
}

fn sendfile_close<'p>(cx: &Cx<'p>, s: SocketRef<'p>) -> BifResult<'p> {
    let had = s.0.with(|st| st.file.take().is_some());
    let done = if had { Ok(am::OK.into()) } else { Err(Fail::ErrorInvalid("state")) };
    answer(cx, done)
}

enum FileSent {
    Done(u64),
    Wait(u64),
    Queued,
}

fn file_term<'p>(cx: &Cx<'p>, sent: Done<FileSent>) -> BifResult<'p> {
    let h = cx.heap();
    answer(
        cx,
        sent.map(|s| match s {
            FileSent::Done(n) => ok(cx, h.uint(n)),
            FileSent::Wait(0) | FileSent::Queued => atom!("select").into(),
            FileSent::Wait(n) => h.tuple(&[atom!("select").into(), h.uint(n)]),
        }),
    )
}

fn fail_file(st: &mut State, why: Fail) -> Fail {
    st.file = None;
    let reason = match why {
        Fail::Posix(s) => s,
        _ => "einval",
    };
    st.counters.sendfile.get_or_insert_default().fails += 1;
    st.fail_line(Line::Write, Term::atom(Atom::new(reason)));
    why
}

/// Sends what the system takes. A count of 0 is all there is.
fn step(
    st: &mut State,
    pid: u64,
    reference: Term<'_>,
    mut offset: i64,
    count: u64,
) -> Done<FileSent> {
    let mut sent = 0;
    loop {
        let left = count - sent.min(count);
        let chunk = if count == 0 { CHUNK } else { left.min(CHUNK) };
        let Some(file) = st.file.as_ref().map(AsRawFd::as_raw_fd) else {
            return Err(Fail::Raise("state"));
        };
        let result = socket::send_file(st.fd(), file, offset, chunk as usize);
        let c: &mut SendfileCounters = st.counters.sendfile.get_or_insert_default();
        c.sendfile += 1;
        match result {
            Ok(n) => {
                let n = n as u64;
                sent += n;
                offset += n as i64;
                c.pkg += u64::from(n > 0);
                c.byte += n;
                c.pkg_max = c.pkg_max.max(sent);
                c.now += n;
                c.max = c.max.max(c.now);
                if n == 0 || (count != 0 && sent >= count) {
                    st.file = None;
                    st.counters.write_now = 0;
                    st.next(Line::Write);
                    return Ok(FileSent::Done(sent));
                }
            }
            Err(e) if sys::fd::would_block(&e) => {
                c.waits += 1;
                st.set_current(Line::Write, pid, reference);
                st.select(Line::Write)?;
                return Ok(FileSent::Wait(sent));
            }
            Err(e) => return Err(fail_file(st, e.into())),
        }
    }
}
