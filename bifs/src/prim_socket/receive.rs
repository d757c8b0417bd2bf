//! Receiving [prim_socket_nif.c: esock_recv, esock_recvfrom, esock_recvmsg].

use super::handle::{Line, SocketRef, State};
use super::{Done, Fail, address, answer, control, need_open, ok, range};
use sys::socket::{self, Received, SockAddr};
use term::atom::am;
use term::{Atom, Heap, Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_socket" {
    /// `{ok, Data}`, `{more, Data}`, `select`, `{select, Data}`
    Plain "nif_recv"/4 => recv(0, 1, 2, 3);
    Plain "nif_recvfrom"/4 => recvfrom(0, 1, 2, 3);
    Plain "nif_recvmsg"/5 => recvmsg(0, 1, 2, 3, 4);
} }

/// Data as they came, and what is to be said about them.
pub(super) enum Got<T> {
    Data(T),
    /// The same with option `select_read`: a message comes when there is more.
    Next(T),
    /// The buffer was filled: there may be more.
    More(T),
    /// Less than was asked for: the rest comes later.
    Part(T),
    /// The same of a poll, after which nothing comes.
    Short(T),
    Wait,
    /// Polling found nothing.
    Nothing,
}

/// A length: `Err` if it is out of range.
pub(super) fn length(t: Term<'_>) -> Option<usize> {
    usize::try_from(t.as_u64()?).ok().filter(|n| isize::try_from(*n).is_ok())
}
pub(super) fn flags(t: Term<'_>) -> Option<i32> {
    i32::try_from(t.as_small()?).ok()
}

/// The reference of a receive; `None` is `zero`, which only polls.
pub(super) fn reference<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p, Option<Term<'p>>> {
    if t.is_atom_of(atom!("zero")) {
        return Ok(None);
    }
    cx.need(t.as_reference())?;
    Ok(Some(t))
}

/// The caller may receive now. `false`: it waits in line.
pub(super) fn turn(st: &mut State, pid: u64, reference: Option<Term<'_>>) -> Done<bool> {
    need_open(st)?;
    if !st.acceptors.is_empty() {
        return Err(Fail::ErrorInvalid("state"));
    }
    if st.readers.front().is_some_and(|r| r.pid != pid) {
        if st.readers.iter().any(|r| r.pid == pid) {
            return Err(Fail::Raise("state"));
        }
        if let Some(reference) = reference {
            let r = st.requestor(pid, reference);
            st.readers.push_back(r);
            return Ok(false);
        }
    }
    st.counters.read_tries += 1;
    Ok(true)
}

/// A receive that failed.
pub(super) fn failed<T>(
    st: &mut State,
    e: std::io::Error,
    pid: u64,
    reference: Option<Term<'_>>,
) -> Done<Got<T>> {
    if sys::fd::would_block(&e) {
        let Some(reference) = reference else { return Ok(Got::Nothing) };
        st.buffers_read = 0;
        wait(st, pid, reference)?;
        return Ok(Got::Wait);
    }
    st.counters.read_fails += 1;
    st.fail_line(Line::Read, Term::atom(Atom::new(sys::errno::of(&e))));
    Err(e.into())
}

fn wait(st: &mut State, pid: u64, reference: Term<'_>) -> Done<()> {
    st.set_current(Line::Read, pid, reference);
    st.select(Line::Read)?;
    Ok(())
}

/// A receive is complete: the next in line may try, or the caller waits for more as option `select_read` says.
pub(super) fn complete<T>(
    st: &mut State,
    data: T,
    pid: u64,
    reference: Option<Term<'_>>,
) -> Done<Got<T>> {
    if let Some(reference) = reference.filter(|_| st.select_read) {
        wait(st, pid, reference)?;
        return Ok(Got::Next(data));
    }
    st.next(Line::Read);
    Ok(Got::Data(data))
}

fn count_package(st: &mut State) {
    let c = &mut st.counters;
    c.read_pkg += 1;
    c.read_pkg_max = c.read_pkg_max.max(c.read_now);
    c.read_now = 0;
}

fn receive(
    st: &mut State,
    pid: u64,
    asked: usize,
    flags: i32,
    reference: Option<Term<'_>>,
) -> Done<Got<Vec<u8>>> {
    if !turn(st, pid, reference)? {
        return Ok(Got::Wait);
    }
    let size = if asked == 0 { st.buffer } else { asked };
    let mut data = Vec::new();
    let n = match socket::recv_append(st.fd(), &mut data, size, flags) {
        Ok(n) => n,
        Err(e) => return failed(st, e, pid, reference),
    };
    let stream = st.kind == socket::SOCK_STREAM;
    if n == 0 && stream {
        st.counters.read_fails += 1;
        st.fail_line(Line::Read, Term::atom(am::CLOSED));
        return Err(Fail::CLOSED);
    }
    st.counters.read_byte += n as u64;
    st.counters.read_now += n as u64;
    if n == size && asked == 0 && stream {
        st.buffers_read += 1;
        if st.buffers_read < st.buffer_count {
            if let Some(reference) = reference {
                st.set_current(Line::Read, pid, reference);
            }
            return Ok(Got::More(data));
        }
        st.buffers_read = 0;
    } else if n < size
        && asked != 0
        && stream
        && let Some(reference) = reference
    {
        wait(st, pid, reference)?;
        return Ok(Got::Part(data));
    }
    st.buffers_read = 0;
    count_package(st);
    if n < size && asked != 0 && stream {
        st.next(Line::Read);
        return Ok(Got::Short(data));
    }
    complete(st, data, pid, reference)
}

/// The term of what was received; `f` makes one of the data.
pub(super) fn got_term<'p, T>(
    cx: &Cx<'p>,
    got: Done<Got<T>>,
    f: impl FnOnce(&'p Heap, T) -> Term<'p>,
) -> BifResult<'p> {
    let h = cx.heap();
    // Before OTP 26 a poll that found too little said no more than `ok`.
    let tells = cx.vm().config.release >= 26;
    let pair = |tag: Atom, t: Term<'p>| h.tuple(&[tag.into(), t]);
    answer(
        cx,
        got.map(|g| match g {
            Got::Data(d) => ok(cx, f(h, d)),
            Got::Next(d) => pair(atom!("select_read"), f(h, d)),
            Got::More(d) => pair(atom!("more"), f(h, d)),
            Got::Part(d) => pair(atom!("select"), f(h, d)),
            Got::Wait => atom!("select").into(),
            Got::Short(d) if tells => pair(am::TIMEOUT, f(h, d)),
            Got::Short(d) => ok(cx, f(h, d)),
            Got::Nothing if tells => am::TIMEOUT.into(),
            Got::Nothing => am::OK.into(),
        }),
    )
}

fn recv<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    len: Term<'p>,
    flag_bits: Term<'p>,
    handle: Term<'p>,
) -> BifResult<'p> {
    let reference = reference(cx, handle)?;
    let Some(n) = length(len) else { return range(cx, len) };
    let Some(bits) = flags(flag_bits) else { return range(cx, flag_bits) };
    let pid = cx.pid();
    let got = s.0.with(|st| receive(st, pid, n, bits, reference));
    cx.bump(n / 256);
    got_term(cx, got, |h, d| h.binary(&d))
}

/// A packet of so many bytes has come; nothing on a stream is its end.
fn count(st: &mut State, bytes: usize) -> Done<()> {
    if bytes == 0 && st.kind == socket::SOCK_STREAM {
        st.counters.read_fails += 1;
        return Err(Fail::CLOSED);
    }
    st.counters.read_pkg += 1;
    st.counters.read_byte += bytes as u64;
    Ok(())
}

fn receive_from(
    st: &mut State,
    pid: u64,
    asked: usize,
    flags: i32,
    reference: Option<Term<'_>>,
) -> Done<Got<(SockAddr, Vec<u8>)>> {
    if !turn(st, pid, reference)? {
        return Ok(Got::Wait);
    }
    let size = if asked == 0 { st.buffer } else { asked };
    let mut data = Vec::new();
    let (n, from) = match socket::recv_from(st.fd(), &mut data, size, flags) {
        Ok(got) => got,
        Err(e) => return failed(st, e, pid, reference),
    };
    count(st, n)?;
    complete(st, (from, data), pid, reference)
}

fn recvfrom<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    len: Term<'p>,
    flag_bits: Term<'p>,
    handle: Term<'p>,
) -> BifResult<'p> {
    let reference = reference(cx, handle)?;
    let Some(n) = length(len) else { return range(cx, len) };
    let Some(bits) = flags(flag_bits) else { return range(cx, flag_bits) };
    let pid = cx.pid();
    let got = s.0.with(|st| receive_from(st, pid, n, bits, reference));
    got_term(cx, got, |h, (from, d)| h.tuple(&[address::encode(h, &from), h.binary(&d)]))
}

fn receive_message(
    st: &mut State,
    pid: u64,
    sizes: (usize, usize),
    flags: i32,
    reference: Option<Term<'_>>,
) -> Done<Got<(Received, Vec<u8>)>> {
    if !turn(st, pid, reference)? {
        return Ok(Got::Wait);
    }
    let size = if sizes.0 == 0 { st.buffer } else { sizes.0 };
    let control = if sizes.1 == 0 { st.receive_control } else { sizes.1 };
    let mut data = Vec::new();
    let got = match socket::recv_message(st.fd(), &mut data, size, control, flags) {
        Ok(got) => got,
        Err(e) => return failed(st, e, pid, reference),
    };
    count(st, got.len)?;
    complete(st, (got, data), pid, reference)
}

fn recvmsg<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    len: Term<'p>,
    control: Term<'p>,
    flag_bits: Term<'p>,
    handle: Term<'p>,
) -> BifResult<'p> {
    let reference = reference(cx, handle)?;
    let Some(n) = length(len) else { return range(cx, len) };
    let Some(c) = length(control).filter(|c| *c <= 1 << 24) else { return range(cx, control) };
    let Some(bits) = flags(flag_bits) else { return range(cx, flag_bits) };
    let pid = cx.pid();
    let got = s.0.with(|st| receive_message(st, pid, (n, c), bits, reference));
    let release = cx.vm().config.release;
    got_term(cx, got, |h, (m, d)| message_term(h, &m, &d, release))
}

/// A message as a map.
pub(super) fn message_term<'h>(h: &'h Heap, m: &Received, data: &[u8], release: u32) -> Term<'h> {
    let control: Vec<Term<'h>> = m.control.iter().map(|c| control::term(h, c, release)).collect();
    let iov = h.list(&[h.binary(data)]);
    let mut pairs = vec![
        (Term::atom(atom!("iov")), iov),
        (Term::atom(atom!("ctrl")), h.list(&control)),
        (Term::atom(atom!("flags")), super::table::message_flags(h, m.flags)),
    ];
    if m.addr.family() != socket::AF_UNSPEC {
        pairs.push((Term::atom(atom!("addr")), address::encode(h, &m.addr)));
    }
    h.map_from_pairs(&pairs)
}
