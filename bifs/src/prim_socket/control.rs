//! Control messages as maps: which there are, and how their data look [prim_socket_nif.c: cmsgs].

use super::option::{get, int, native_value};
use super::tos;
use super::{address, error_queue};
use sys::socket::{self, Control, names};
use term::{Atom, Heap, Term, atom};

/// How the data of a control message look, by level and type.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Data {
    Bytes,
    Int,
    Byte,
    Tos,
    Time,
    TimeNs,
    PacketInfo,
    PacketInfo6,
    Address,
    Error,
}

/// Level, type, name, data; those with `true` can be sent.
const CONTROLS: [(i32, i32, &str, Data, bool); 16] = [
    (names::SOL_SOCKET, 1, "rights", Data::Bytes, false),
    (names::SOL_SOCKET, 2, "credentials", Data::Bytes, false),
    (names::SOL_SOCKET, 29, "timestamp", Data::Time, true),
    (names::SOL_SOCKET, 35, "timestampns", Data::TimeNs, false),
    (names::IPPROTO_IP, names::IP_TOS, "tos", Data::Tos, true),
    (names::IPPROTO_IP, names::IP_TTL, "ttl", Data::Int, true),
    (names::IPPROTO_IP, names::IP_RECVTTL, "recvttl", Data::Byte, false),
    (names::IPPROTO_IP, 8, "pktinfo", Data::PacketInfo, false),
    (names::IPPROTO_IP, 20, "origdstaddr", Data::Address, false),
    (names::IPPROTO_IP, names::IP_RECVTOS, "recvtos", Data::Tos, false),
    (names::IPPROTO_IP, 11, "recverr", Data::Error, false),
    (names::IPPROTO_IPV6, 25, "recverr", Data::Error, false),
    (names::IPPROTO_IPV6, 50, "pktinfo", Data::PacketInfo6, false),
    (names::IPPROTO_IPV6, 52, "hoplimit", Data::Int, true),
    (names::IPPROTO_IPV6, names::IPV6_TCLASS, "tclass", Data::Int, true),
    (names::IPPROTO_IPV6, names::IPV6_RECVTCLASS, "recvtclass", Data::Int, false),
];

/// A control message as a map.
pub fn term<'h>(h: &'h Heap, c: &Control, release: u32) -> Term<'h> {
    let row = CONTROLS.iter().find(|r| r.0 == c.level && r.1 == c.kind);
    let level = match c.level {
        names::SOL_SOCKET => Term::atom(atom!("socket")),
        n => Term::small(n.into()),
    };
    let kind = match row {
        Some(r) => Term::atom(Atom::new(r.2)),
        None => Term::small(c.kind.into()),
    };
    let mut pairs = vec![
        (Term::atom(atom!("level")), level),
        (Term::atom(atom!("type")), kind),
        (Term::atom(atom!("data")), h.binary(&c.data)),
    ];
    if let Some(v) = row.and_then(|r| data_term(h, r.3, &c.data, release)) {
        pairs.push((Term::atom(atom!("value")), v));
    }
    h.map_from_pairs(&pairs)
}

fn data_term<'h>(h: &'h Heap, kind: Data, data: &[u8], release: u32) -> Option<Term<'h>> {
    let word = |i: usize| {
        let w = data.get(i * 4..i * 4 + 4)?;
        Some(i32::from_ne_bytes(w.try_into().ok()?))
    };
    let long = |i: usize| {
        let w = data.get(i * 8..i * 8 + 8)?;
        Some(i64::from_ne_bytes(w.try_into().ok()?))
    };
    let ip = |at: usize| {
        let b: [u8; 4] = data.get(at..at + 4)?.try_into().ok()?;
        Some(address::v4_term(h, b.into()))
    };
    let key = |a: Atom| Term::atom(a);
    Some(match kind {
        Data::Bytes => return None,
        Data::Error => return error_queue::term(h, data),
        Data::Int => Term::small(word(0)?.into()),
        Data::Byte => Term::small((*data.first()?).into()),
        Data::Tos => tos::encode(h, (*data.first()?).into(), release),
        Data::Time => h.map_from_pairs(&[
            (key(atom!("sec")), h.int(long(0)?)),
            (key(atom!("usec")), h.int(long(1)?)),
        ]),
        Data::TimeNs => h.map_from_pairs(&[
            (key(atom!("sec")), h.int(long(0)?)),
            (key(atom!("nsec")), h.int(long(1)?)),
        ]),
        Data::PacketInfo => h.map_from_pairs(&[
            (key(atom!("ifindex")), Term::small(word(0)?.into())),
            (key(atom!("spec_dst")), ip(4)?),
            (key(atom!("addr")), ip(8)?),
        ]),
        Data::PacketInfo6 => {
            let b: [u8; 16] = data.get(..16)?.try_into().ok()?;
            h.map_from_pairs(&[
                (key(atom!("addr")), address::v6_term(h, b.into())),
                (key(atom!("ifindex")), Term::small(word(4)?.into())),
            ])
        }
        Data::Address => {
            let family = u16::from_ne_bytes(data.get(..2)?.try_into().ok()?);
            address::encode(h, &socket::SockAddr::raw(family, data.get(2..)?)?)
        }
    })
}

/// Control messages to be sent, which have to fit into so many bytes, each with its head and aligned.
pub fn parse(list: Term<'_>, release: u32, room: usize) -> Option<Vec<Control>> {
    const HEAD: usize = 16;
    let mut left = room;
    let mut fits = |c: Option<Control>| {
        left = left.checked_sub(HEAD + c.as_ref()?.data.len().next_multiple_of(8))?;
        c
    };
    list.to_vec()?.into_iter().map(|c| fits(one(c, release))).collect()
}

fn one(t: Term<'_>, release: u32) -> Option<Control> {
    let m = t.as_map()?;
    let level = get(m, atom!("level"))?;
    let level = match level.as_atom() {
        Some(a) if a.name() == "socket" => names::SOL_SOCKET,
        _ => int(level)?,
    };
    let kind = get(m, atom!("type"))?;
    let row = match kind.as_atom() {
        Some(a) => Some(CONTROLS.iter().find(|r| r.0 == level && r.2 == a.name())?),
        None => None,
    };
    let number = match row {
        Some(r) => r.1,
        None => int(kind)?,
    };
    let data = match (get(m, atom!("value")), get(m, atom!("data"))) {
        (Some(v), None) => sent_value(*row?, v, release)?,
        (None, Some(d)) => native_value(d)?,
        _ => return None,
    };
    Some(Control { level, kind: number, data })
}

fn sent_value(row: (i32, i32, &str, Data, bool), v: Term<'_>, release: u32) -> Option<Vec<u8>> {
    if !row.4 {
        return None;
    }
    match row.3 {
        Data::Int => Some(int(v)?.to_ne_bytes().to_vec()),
        Data::Tos => Some(tos::decode(v, release)?.to_ne_bytes().to_vec()),
        Data::Time => {
            let m = v.as_map()?;
            let part = |name| Some(get(m, name)?.as_i64()?.to_ne_bytes());
            Some([part(atom!("sec"))?, part(atom!("usec"))?].concat())
        }
        _ => None,
    }
}
