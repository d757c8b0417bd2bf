//! What only SCTP sockets have, from OTP 29 on [unix_socket_syncio.c: essio_bindx, essio_peeloff, essio_socknames].

use super::handle::{New, Socket, SocketRef, flag};
use super::{Done, Fail, address, answer, need_open, ok, plain, range};
use std::os::fd::RawFd;
use sys::socket::{self, SockAddr, sctp};
use term::{Atom, Heap, Map, Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_socket" {
    /// Adds or removes addresses
    Plain "nif_bind"/3 => bind(0, 1, 2);
    /// A socket of its own for one association
    Plain "nif_peeloff"/2 => peeloff(0, 1);
    /// All addresses of an association
    Plain "nif_socknames"/2 => socknames(0, 1);
    Plain "nif_peernames"/2 => peernames(0, 1);
} }

/// Addresses that a socket of this domain may have.
fn addresses(list: &[Term<'_>], domain: i32) -> Option<Vec<SockAddr>> {
    let one = |t: &Term<'_>| {
        let a = address::decode(*t)?;
        let fits = a.family() == socket::AF_INET
            || (a.family() == socket::AF_INET6 && domain == socket::AF_INET6);
        fits.then_some(a)
    };
    if list.is_empty() { None } else { list.iter().map(one).collect() }
}

fn bind<'p>(cx: &Cx<'p>, s: SocketRef<'p>, list: Term<'p>, action: Atom) -> BifResult<'p> {
    let list = cx.need(list.to_vec())?;
    let done = s.0.with(|st| {
        let all = addresses(&list, st.domain).ok_or(Fail::Invalid("sockaddr"))?;
        let add = match action.name() {
            "add" => true,
            "remove" => false,
            _ => return Err(Fail::Invalid("action")),
        };
        need_open(st)?;
        for a in &all {
            sctp::bindx(st.fd(), a, add)?;
        }
        st.read |= flag::BOUND;
        Ok(())
    });
    plain(cx, done)
}

fn association(t: Term<'_>) -> Option<i32> {
    i32::try_from(t.as_small()?).ok()
}

fn peeloff<'p>(cx: &Cx<'p>, s: SocketRef<'p>, id: Term<'p>) -> BifResult<'p> {
    cx.need(s.0.with(|st| (st.protocol == socket::IPPROTO_SCTP).then_some(())))?;
    let Some(id) = association(id) else { return range(cx, id) };
    let done: Done<New> = s.0.with(|st| {
        need_open(st)?;
        let fd = sctp::peel_off(st.fd(), id)?;
        Ok(New { kind: socket::SOCK_STREAM, connected: true, ..New::beside(st, fd) })
    });
    match done {
        Ok(new) => Ok(ok(cx, Socket::term(cx, new))),
        Err(e) => answer(cx, Err(e)),
    }
}

fn names<'p>(cx: &Cx<'p>, s: SocketRef<'p>, id: Term<'p>, peer: bool) -> BifResult<'p> {
    let Some(id) = association(id) else { return range(cx, id) };
    let done: Done<Vec<SockAddr>> = s.0.with(|st| Ok(sctp::addresses(st.fd(), id, peer)?));
    let h = cx.heap();
    answer(
        cx,
        done.map(|all| {
            let all: Vec<Term<'p>> = all.iter().map(|a| address::encode(h, a)).collect();
            ok(cx, h.list(&all))
        }),
    )
}

fn socknames<'p>(cx: &Cx<'p>, s: SocketRef<'p>, id: Term<'p>) -> BifResult<'p> {
    names(cx, s, id, false)
}

fn peernames<'p>(cx: &Cx<'p>, s: SocketRef<'p>, id: Term<'p>) -> BifResult<'p> {
    names(cx, s, id, true)
}

// Options whose values are structures [linux/sctp.h].

fn number(m: Map<'_>, name: Atom) -> Option<u32> {
    u32::try_from(m.get(Term::atom(name))?.as_small()?).ok()
}
fn id_of(m: Map<'_>) -> Option<i32> {
    association(m.get(Term::atom(atom!("assoc_id")))?)
}

/// `associnfo`: of the two counts the low 16 bits are taken.
pub(super) fn association_parameters(t: Term<'_>) -> Option<Vec<u8>> {
    let m = t.as_map()?;
    let mut out = id_of(m)?.to_ne_bytes().to_vec();
    for name in [atom!("asocmaxrxt"), atom!("number_peer_destinations")] {
        out.extend((number(m, name)? as u16).to_ne_bytes());
    }
    for name in [atom!("peer_rwnd"), atom!("local_rwnd"), atom!("cookie_life")] {
        out.extend(number(m, name)?.to_ne_bytes());
    }
    Some(out)
}

pub(super) fn read_association<'h>(h: &'h Heap, fd: RawFd, name: i32) -> Done<Term<'h>> {
    let mut b = [0u8; 20];
    socket::get_option(fd, socket::IPPROTO_SCTP, name, &mut b)?;
    let short = |at: usize| Term::small(u16::from_ne_bytes([b[at], b[at + 1]]).into());
    let word = |at: usize| u32::from_ne_bytes([b[at], b[at + 1], b[at + 2], b[at + 3]]);
    let key = |a: Atom| Term::atom(a);
    Ok(h.map_from_pairs(&[
        (key(atom!("assoc_id")), Term::small((word(0) as i32).into())),
        (key(atom!("asocmaxrxt")), short(4)),
        (key(atom!("number_peer_destinations")), short(6)),
        (key(atom!("peer_rwnd")), Term::small(word(8).into())),
        (key(atom!("local_rwnd")), Term::small(word(12).into())),
        (key(atom!("cookie_life")), Term::small(word(16).into())),
    ]))
}

/// The keys of `initmsg`, as the structure has them.
fn initial_keys() -> [Atom; 4] {
    [
        atom!("num_outstreams"),
        atom!("max_instreams"),
        atom!("max_attempts"),
        atom!("max_init_timeo"),
    ]
}

pub(super) fn initial(t: Term<'_>) -> Option<Vec<u8>> {
    let m = t.as_map()?;
    let mut out = Vec::new();
    for name in initial_keys() {
        out.extend((number(m, name)? as u16).to_ne_bytes());
    }
    Some(out)
}

pub(super) fn read_initial<'h>(h: &'h Heap, fd: RawFd, name: i32) -> Done<Term<'h>> {
    let mut b = [0u8; 8];
    socket::get_option(fd, socket::IPPROTO_SCTP, name, &mut b)?;
    let short = |at: usize| Term::small(u16::from_ne_bytes([b[at], b[at + 1]]).into());
    let pairs: Vec<_> = initial_keys()
        .into_iter()
        .enumerate()
        .map(|(i, name)| (Term::atom(name), short(2 * i)))
        .collect();
    Ok(h.map_from_pairs(&pairs))
}

/// `events`: a byte each. All must be there, unless what is missing is `false` (OTP 29).
pub(super) fn events(t: Term<'_>, lenient: bool) -> Option<Vec<u8>> {
    let m = t.as_map()?;
    let names = [
        atom!("data_io"),
        atom!("association"),
        atom!("address"),
        atom!("send_failure"),
        atom!("peer_error"),
        atom!("shutdown"),
        atom!("partial_delivery"),
        atom!("adaptation_layer"),
        atom!("authentication"),
        atom!("sender_dry"),
    ];
    let one = |name: Atom| match m.get(Term::atom(name)) {
        Some(v) => Some(address::bool_of(v)?.into()),
        None => lenient.then_some(0),
    };
    names.into_iter().map(one).collect()
}
