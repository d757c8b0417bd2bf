//! Addresses of sockets as maps [socket_util.c: esock_decode_sockaddr, esock_encode_sockaddr].

use std::net::{Ipv4Addr, Ipv6Addr};
use sys::socket::{self, Addr, SockAddr};
use term::atom::am;
use term::{Atom, Heap, Map, Term, atom};

/// The family that an atom or number stands for.
pub fn family(t: Term<'_>) -> Option<i32> {
    if let Some(n) = t.as_small() {
        return i32::try_from(n).ok();
    }
    match t.as_atom()?.name() {
        "inet" => Some(socket::AF_INET),
        "inet6" => Some(socket::AF_INET6),
        "local" => Some(socket::AF_UNIX),
        "unspec" => Some(socket::AF_UNSPEC),
        _ => None,
    }
}

pub fn family_term(n: i32) -> Term<'static> {
    match n {
        socket::AF_INET => atom!("inet").into(),
        socket::AF_INET6 => atom!("inet6").into(),
        socket::AF_UNIX => atom!("local").into(),
        socket::AF_UNSPEC => atom!("unspec").into(),
        17 => atom!("packet").into(),
        n => Term::small(n.into()),
    }
}

fn field<'p>(m: Map<'p>, name: Atom) -> Option<Term<'p>> {
    m.get(Term::atom(name))
}

/// An IPv4 address: a tuple, or a name.
pub fn v4(t: Term<'_>) -> Option<Ipv4Addr> {
    if let Some(a) = t.as_atom() {
        return match a.name() {
            "any" => Some(Ipv4Addr::UNSPECIFIED),
            "loopback" => Some(Ipv4Addr::LOCALHOST),
            "broadcast" => Some(Ipv4Addr::BROADCAST),
            _ => None,
        };
    }
    let tuple = t.as_tuple()?;
    let parts: Option<Vec<u8>> =
        tuple.elements().iter().map(|e| u8::try_from(e.as_small()?).ok()).collect();
    Some(Ipv4Addr::from(<[u8; 4]>::try_from(parts?).ok()?))
}

/// An IPv6 address: a tuple, or a name.
pub fn v6(t: Term<'_>) -> Option<Ipv6Addr> {
    if let Some(a) = t.as_atom() {
        return match a.name() {
            "any" => Some(Ipv6Addr::UNSPECIFIED),
            "loopback" => Some(Ipv6Addr::LOCALHOST),
            _ => None,
        };
    }
    let tuple = t.as_tuple()?;
    let parts: Option<Vec<u16>> =
        tuple.elements().iter().map(|e| u16::try_from(e.as_small()?).ok()).collect();
    Some(Ipv6Addr::from(<[u16; 8]>::try_from(parts?).ok()?))
}

pub fn v4_term(h: &Heap, ip: Ipv4Addr) -> Term<'_> {
    h.tuple(&ip.octets().map(|b| Term::small(b.into())))
}
pub fn v6_term(h: &Heap, ip: Ipv6Addr) -> Term<'_> {
    h.tuple(&ip.segments().map(|b| Term::small(b.into())))
}

/// The address that a map describes.
pub fn decode(t: Term<'_>) -> Option<SockAddr> {
    let m = t.as_map()?;
    let family = family(field(m, atom!("family"))?)?;
    // Of a number that is too large the reference takes the low bits.
    let port = || i32::try_from(field(m, atom!("port"))?.as_small()?).ok().map(|n| n as u16);
    let number = |name| u32::try_from(field(m, name)?.as_small()?).ok();
    match family {
        socket::AF_INET => Some(SockAddr::v4(v4(field(m, atom!("addr"))?)?, port()?)),
        socket::AF_INET6 => {
            let ip = v6(field(m, atom!("addr"))?)?;
            let flow = number(atom!("flowinfo"))?;
            Some(SockAddr::v6(ip, port()?, flow, number(atom!("scope_id"))?))
        }
        socket::AF_UNIX => {
            let path = field(m, atom!("path"))?.as_binary()?.bytes();
            // A path needs room for a terminating zero, an abstract name does not.
            if path.first() != Some(&0) && path.len() >= socket::UNIX_PATH_MAX {
                return None;
            }
            SockAddr::unix_terminated(&path)
        }
        other => {
            let data = field(m, atom!("addr"))?.as_binary()?.bytes();
            SockAddr::raw(u16::try_from(other).ok()?, &data)
        }
    }
}

/// The map that describes an address.
pub fn encode<'h>(h: &'h Heap, addr: &SockAddr) -> Term<'h> {
    let family = (Term::atom(atom!("family")), family_term(addr.family()));
    let named = |name, value| (Term::atom(name), value);
    match addr.read() {
        Addr::V4 { ip, port } => h.map_from_pairs(&[
            family,
            named(atom!("addr"), v4_term(h, ip)),
            named(atom!("port"), Term::small(port.into())),
        ]),
        Addr::V6 { ip, port, flow, scope } => h.map_from_pairs(&[
            family,
            named(atom!("addr"), v6_term(h, ip)),
            named(atom!("port"), Term::small(port.into())),
            named(atom!("flowinfo"), Term::small(flow.into())),
            named(atom!("scope_id"), Term::small(scope.into())),
        ]),
        Addr::Unix(path) => h.map_from_pairs(&[family, named(atom!("path"), h.binary(path))]),
        Addr::Packet { protocol, index, hardware, kind, addr } => {
            let of = |table: &[(u16, &str)], n: u16| match table.iter().find(|(v, _)| *v == n) {
                Some((_, name)) => Term::atom(Atom::new(name)),
                None => Term::small(n.into()),
            };
            let kinds = [
                (0, "host"),
                (1, "broadcast"),
                (2, "multicast"),
                (3, "otherhost"),
                (4, "outgoing"),
            ];
            h.map_from_pairs(&[
                family,
                named(atom!("protocol"), Term::small(protocol.into())),
                named(atom!("ifindex"), Term::small(index.into())),
                named(atom!("pkttype"), of(&kinds, kind.into())),
                named(atom!("hatype"), of(&[(1, "ether"), (772, "loopback")], hardware)),
                named(atom!("addr"), h.binary(addr)),
            ])
        }
        Addr::Unspecified | Addr::Other(_) => {
            h.map_from_pairs(&[family, named(atom!("addr"), h.binary(addr.data()))])
        }
    }
}

/// A type of socket.
pub fn kind(t: Term<'_>) -> Option<i32> {
    if let Some(n) = t.as_small() {
        return i32::try_from(n).ok();
    }
    match t.as_atom()?.name() {
        "stream" => Some(socket::SOCK_STREAM),
        "dgram" => Some(socket::SOCK_DGRAM),
        "raw" => Some(socket::SOCK_RAW),
        "rdm" => Some(socket::SOCK_RDM),
        "seqpacket" => Some(socket::SOCK_SEQPACKET),
        _ => None,
    }
}

pub fn kind_term(n: i32) -> Term<'static> {
    match n {
        socket::SOCK_STREAM => atom!("stream").into(),
        socket::SOCK_DGRAM => atom!("dgram").into(),
        socket::SOCK_RAW => atom!("raw").into(),
        socket::SOCK_RDM => atom!("rdm").into(),
        socket::SOCK_SEQPACKET => atom!("seqpacket").into(),
        n => Term::small(n.into()),
    }
}

pub fn bool_of(t: Term<'_>) -> Option<bool> {
    match t.as_atom()? {
        am::TRUE => Some(true),
        am::FALSE => Some(false),
        _ => None,
    }
}
