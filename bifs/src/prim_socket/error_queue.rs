//! What the error queue of a socket tells of a message that did not arrive: the control messages `recverr`
//! [linux/errqueue.h: sock_extended_err; prim_socket_nif.c: esock_cmsg_encode_recverr].

use super::address;
use sys::socket::SockAddr;
use term::{Atom, Heap, Term, atom};

/// A number and its name.
type Name = (u8, &'static str);

const ORIGINS: [Name; 7] = [
    (0, "none"),
    (1, "local"),
    (ICMP, "icmp"),
    (ICMP6, "icmp6"),
    (4, "txstatus"),
    (5, "zerocopy"),
    (6, "txtime"),
];
const ICMP: u8 = 2;
const ICMP6: u8 = 3;

/// Types of ICMP messages, and codes of the first one.
const TYPES: [Name; 2] = [(3, "dest_unreach"), (11, "time_exceeded")];
const CODES: [Name; 6] = [
    (0, "net_unreach"),
    (1, "host_unreach"),
    (3, "port_unreach"),
    (4, "frag_needed"),
    (6, "net_unknown"),
    (7, "host_unknown"),
];
/// The same of ICMPv6.
const TYPES6: [Name; 3] = [(1, "dest_unreach"), (2, "pkt_toobig"), (3, "time_exceeded")];
const CODES6: [Name; 7] = [
    (0, "noroute"),
    (1, "adm_prohibited"),
    (2, "not_neighbour"),
    (3, "addr_unreach"),
    (4, "port_unreach"),
    (5, "policy_fail"),
    (6, "reject_route"),
];

fn named(table: &[Name], n: u8) -> Term<'static> {
    match table.iter().find(|row| row.0 == n) {
        Some((_, name)) => Term::atom(Atom::new(name)),
        None => Term::small(n.into()),
    }
}

/// The map for the data of such a message; `None` if they are too short.
pub fn term<'h>(h: &'h Heap, data: &[u8]) -> Option<Term<'h>> {
    let word = |i: usize| {
        let w = data.get(i * 4..i * 4 + 4)?;
        Some(u32::from_ne_bytes(w.try_into().ok()?))
    };
    let (error, info, more) = (word(0)?, word(2)?, word(3)?);
    let &[origin, kind, code, _] = data.get(4..8)? else { return None };
    let (types, codes): (&[Name], &[Name]) = match origin {
        ICMP => (&TYPES, &CODES),
        ICMP6 => (&TYPES6, &CODES6),
        _ => (&[], &[]),
    };
    let unreachable = types.first().is_some_and(|first| first.0 == kind);
    let error = std::io::Error::from_raw_os_error(error.try_into().unwrap_or(0));
    let mut pairs = vec![
        (atom!("error").into(), Term::atom(Atom::new(sys::errno::of(&error)))),
        (atom!("origin").into(), named(&ORIGINS, origin)),
        (atom!("type").into(), named(types, kind)),
        (atom!("code").into(), named(if unreachable { codes } else { &[] }, code)),
        (atom!("info").into(), Term::small(info.into())),
        (atom!("data").into(), Term::small(more.into())),
    ];
    // Who has said so, if anybody has.
    if let Some((family, rest)) = data.get(16..).and_then(|a| a.split_first_chunk::<2>()) {
        let offender = SockAddr::raw(u16::from_ne_bytes(*family), rest)?;
        pairs.push((atom!("offender").into(), address::encode(h, &offender)));
    }
    Some(h.map_from_pairs(&pairs))
}
