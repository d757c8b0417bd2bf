//! Several messages at once, from OTP 29 on [unix_socket_syncio.c: essio_sendmmsg, essio_recvmmsg].

use super::handle::{Line, SocketRef, State};
use super::receive::{self, Got};
use super::send::{self, Sent};
use super::{Done, Fail, address, answer, control, ok, range};
use std::io::IoSlice;
use sys::socket::{self, MAX_MESSAGES, Outgoing, Received};
use term::{Map, Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_socket" {
    /// `ok`, `{ok, [{Index, Written}]}` of those cut short, `select`
    Plain "nif_sendmmsg"/4 => sendmmsg(0, 1, 2, 3);
    /// `{ok, Messages}`, `select`
    Plain "nif_recvmmsg"/6 => recvmmsg(0, 1, 2, 3, 4, 5);
} }

enum SentMany {
    All,
    Cut(Vec<(usize, usize)>),
    Wait,
}

fn sendmmsg<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    messages: Term<'p>,
    bits: Term<'p>,
    reference: Term<'p>,
) -> BifResult<'p> {
    cx.need(reference.as_reference())?;
    let messages = cx.need(messages.to_vec())?;
    let Some(flags) = send::flags(bits) else { return range(cx, bits) };
    let maps: Option<Vec<Map<'p>>> = messages.iter().map(|m| m.as_map()).collect();
    let maps = cx.need(maps)?;
    // What is not data at all is the caller's mistake; the rest are answers.
    let mut parts = Vec::new();
    for m in maps.iter().take(MAX_MESSAGES) {
        let iov = cx.need(m.get(Term::atom(atom!("iov"))))?;
        parts.push(cx.need(send::vector(iov))?);
    }
    let (pid, release) = (cx.pid(), cx.vm().config.release);
    let done = s.0.with(|st| {
        if !send::turn(st, pid, reference)? {
            return Ok(SentMany::Wait);
        }
        let mut all = Vec::with_capacity(parts.len());
        for (m, (slices, more)) in maps.iter().zip(&parts) {
            if *more {
                return Err(Fail::Invalid("iov"));
            }
            let addr = match m.get(Term::atom(atom!("addr"))) {
                Some(a) => Some(address::decode(a).ok_or(Fail::Invalid("addr"))?),
                None => None,
            };
            let control = match m.get(Term::atom(atom!("ctrl"))) {
                Some(c) => {
                    control::parse(c, release, st.send_control).ok_or(Fail::Invalid("ctrl"))?
                }
                None => Vec::new(),
            };
            let data = slices.iter().map(|p| IoSlice::new(p)).collect();
            all.push(Outgoing { data, addr, control });
        }
        if all.is_empty() {
            return Ok(SentMany::All);
        }
        st.counters.write_tries += 1;
        match socket::send_messages(st.fd(), &all, flags) {
            Ok(written) => {
                st.next(Line::Write);
                let size = |i: usize| all[i].data.iter().map(|d| d.len()).sum::<usize>();
                let cut: Vec<(usize, usize)> =
                    written.into_iter().enumerate().filter(|(i, n)| *n != size(*i)).collect();
                Ok(if cut.is_empty() { SentMany::All } else { SentMany::Cut(cut) })
            }
            Err(e) => match send::outcome(st, pid, reference, Err(e), 0, false)? {
                Sent::All => Ok(SentMany::All),
                _ => Ok(SentMany::Wait),
            },
        }
    });
    cx.bump(messages.len());
    let h = cx.heap();
    answer(
        cx,
        done.map(|d| match d {
            SentMany::All => term::atom::am::OK.into(),
            SentMany::Wait => atom!("select").into(),
            SentMany::Cut(cut) => {
                let pair =
                    |(i, n): &(usize, usize)| h.tuple(&[h.uint(*i as u64), h.uint(*n as u64)]);
                let cut: Vec<Term<'p>> = cut.iter().map(pair).collect();
                ok(cx, h.list(&cut))
            }
        }),
    )
}

/// Most bytes of control messages asked for.
const MOST_CONTROL: usize = 1 << 24;

fn recvmmsg<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    count: Term<'p>,
    len: Term<'p>,
    control: Term<'p>,
    flag_bits: Term<'p>,
    handle: Term<'p>,
) -> BifResult<'p> {
    let reference = receive::reference(cx, handle)?;
    if ![count, len, control, flag_bits].iter().all(|t| t.is_integer()) {
        return Err(cx.badarg());
    }
    let whole = receive::length(count).filter(|n| *n > 0 && u32::try_from(*n).is_ok());
    let Some(n) = whole else { return range(cx, count) };
    let Some(size) = receive::length(len) else { return range(cx, len) };
    let room = receive::length(control).filter(|c| *c <= MOST_CONTROL);
    let Some(room) = room else { return range(cx, control) };
    let Some(flags) = receive::flags(flag_bits) else { return range(cx, flag_bits) };
    let pid = cx.pid();
    let got = s.0.with(|st| receive_many(st, pid, n, (size, room), flags, reference));
    if let Ok(Got::Data(all) | Got::Next(all)) = &got {
        cx.bump(all.iter().map(|(_, d)| 1 + d.len() / 256).sum());
    }
    let release = cx.vm().config.release;
    receive::got_term(cx, got, |h, all| {
        let all: Vec<Term<'p>> =
            all.iter().map(|(m, d)| receive::message_term(h, m, d, release)).collect();
        h.list(&all)
    })
}

fn receive_many(
    st: &mut State,
    pid: u64,
    count: usize,
    sizes: (usize, usize),
    flags: i32,
    reference: Option<Term<'_>>,
) -> Done<Got<Vec<(Received, Vec<u8>)>>> {
    if !receive::turn(st, pid, reference)? {
        return Ok(Got::Wait);
    }
    let size = if sizes.0 == 0 { st.buffer } else { sizes.0 };
    let room = if sizes.1 == 0 { st.receive_control } else { sizes.1 };
    let all = match socket::recv_messages(st.fd(), count, size, room, flags) {
        Ok(all) => all,
        Err(e) => return receive::failed(st, e, pid, reference),
    };
    let c = &mut st.counters;
    c.read_pkg += all.len() as u64;
    for (m, _) in &all {
        c.read_byte += m.len as u64;
        c.read_pkg_max = c.read_pkg_max.max(m.len as u64);
    }
    receive::complete(st, all, pid, reference)
}
