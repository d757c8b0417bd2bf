//! Options [prim_socket_nif.c: optLevels, esock_setopt, esock_getopt].
//!
//! The table says which options there are and how their values look; those without a number are known by name only.

use super::address::{self, bool_of};
use super::handle::{SocketRef, State};
use super::{Done, Fail, answer, control, need_open, ok, tos};
use sys::socket::{self, names};
use term::atom::am;
use term::{Atom, Heap, Map, OwnedTerm, Term, View, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_socket" {
    Plain "nif_setopt"/5 => setopt(0, 1, 2, 3, 4);
    Plain "nif_getopt"/3 => getopt(0, 1, 2);
    /// The value as bytes, or read as an integer or a boolean
    Plain "nif_getopt"/4 => getopt_native(0, 1, 2, 3);
    /// As both of these: how, and a value (OTP 29)
    Plain "nif_getopt"/5 => getopt_how(0, 1, 2, 3, 4);
} }

/// How the value of an option looks.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Kind {
    Bool,
    Int,
    /// Cannot be set.
    IntGet,
    Device,
    Domain,
    Linger,
    Protocol,
    Type,
    Membership,
    Membership6,
    Source,
    Filter,
    Discover,
    Interface,
    Controls,
    Tos,
    Hops,
    Form,
    Name,
    /// A number that is not negative.
    Count,
    Association,
    Initial,
    Events,
    /// Is told of, but the reference neither sets nor gets it.
    Hidden,
}

type Row = (&'static str, &'static str, Option<(i32, Kind)>);

#[rustfmt::skip]
const OPTIONS: &[Row] = &[
    ("ip", "add_membership", Some((35, Kind::Membership))),
    ("ip", "add_source_membership", Some((39, Kind::Source))),
    ("ip", "block_source", Some((38, Kind::Source))),
    ("ip", "dontfrag", None),
    ("ip", "drop_membership", Some((36, Kind::Membership))),
    ("ip", "drop_source_membership", Some((40, Kind::Source))),
    ("ip", "freebind", Some((15, Kind::Bool))),
    ("ip", "hdrincl", Some((3, Kind::Bool))),
    ("ip", "minttl", Some((21, Kind::Int))),
    ("ip", "msfilter", Some((41, Kind::Filter))),
    ("ip", "mtu", Some((14, Kind::IntGet))),
    ("ip", "mtu_discover", Some((10, Kind::Discover))),
    ("ip", "multicast_all", Some((49, Kind::Bool))),
    ("ip", "multicast_if", Some((32, Kind::Interface))),
    ("ip", "multicast_loop", Some((34, Kind::Bool))),
    ("ip", "multicast_ttl", Some((33, Kind::Int))),
    ("ip", "nodefrag", Some((22, Kind::Bool))),
    ("ip", "options", None),
    ("ip", "pktinfo", Some((8, Kind::Bool))),
    ("ip", "pktoptions", Some((9, Kind::Controls))),
    ("ip", "recvdstaddr", None),
    ("ip", "recverr", Some((11, Kind::Bool))),
    ("ip", "recvif", None),
    ("ip", "recvopts", Some((6, Kind::Bool))),
    ("ip", "recvorigdstaddr", Some((20, Kind::Bool))),
    ("ip", "recvtos", Some((13, Kind::Bool))),
    ("ip", "recvttl", Some((12, Kind::Bool))),
    ("ip", "retopts", Some((7, Kind::Bool))),
    ("ip", "router_alert", Some((5, Kind::Int))),
    ("ip", "sendsrcaddr", None),
    ("ip", "tos", Some((1, Kind::Tos))),
    ("ip", "transparent", Some((19, Kind::Bool))),
    ("ip", "ttl", Some((2, Kind::Int))),
    ("ip", "unblock_source", Some((37, Kind::Source))),
    ("ipv6", "add_membership", Some((20, Kind::Membership6))),
    ("ipv6", "addrform", Some((1, Kind::Form))),
    ("ipv6", "auth_level", None),
    ("ipv6", "authhdr", Some((10, Kind::Bool))),
    ("ipv6", "checksum", None),
    ("ipv6", "drop_membership", Some((21, Kind::Membership6))),
    ("ipv6", "dstopts", Some((59, Kind::Bool))),
    ("ipv6", "esp_network_level", None),
    ("ipv6", "esp_trans_level", None),
    ("ipv6", "faith", None),
    ("ipv6", "flowinfo", Some((11, Kind::Bool))),
    ("ipv6", "hoplimit", Some((52, Kind::Bool))),
    ("ipv6", "hopopts", Some((54, Kind::Bool))),
    ("ipv6", "ipcomp_level", None),
    ("ipv6", "join_group", None),
    ("ipv6", "leave_group", None),
    ("ipv6", "mtu", Some((24, Kind::Int))),
    ("ipv6", "mtu_discover", Some((23, Kind::Discover))),
    ("ipv6", "multicast_hops", Some((18, Kind::Hops))),
    ("ipv6", "multicast_if", Some((17, Kind::Int))),
    ("ipv6", "multicast_loop", Some((19, Kind::Bool))),
    ("ipv6", "pktoptions", None),
    ("ipv6", "portrange", None),
    ("ipv6", "recverr", Some((25, Kind::Bool))),
    ("ipv6", "recvhoplimit", Some((51, Kind::Bool))),
    ("ipv6", "recvpktinfo", Some((49, Kind::Bool))),
    ("ipv6", "recvtclass", Some((66, Kind::Bool))),
    ("ipv6", "router_alert", Some((22, Kind::Int))),
    ("ipv6", "rthdr", Some((57, Kind::Bool))),
    ("ipv6", "tclass", Some((67, Kind::Int))),
    ("ipv6", "unicast_hops", Some((16, Kind::Hops))),
    ("ipv6", "use_min_mtu", None),
    ("ipv6", "v6only", Some((26, Kind::Bool))),
    ("sctp", "adaption_layer", None),
    ("sctp", "associnfo", Some((1, Kind::Association))),
    ("sctp", "auth_active_key", None),
    ("sctp", "auth_chunk", None),
    ("sctp", "auth_delete_key", None),
    ("sctp", "auth_key", None),
    ("sctp", "autoclose", Some((4, Kind::Int))),
    ("sctp", "context", None),
    ("sctp", "default_send_params", None),
    ("sctp", "delayed_ack_time", None),
    ("sctp", "disable_fragments", Some((8, Kind::Bool))),
    ("sctp", "events", Some((11, Kind::Events))),
    ("sctp", "explicit_eor", None),
    ("sctp", "fragment_interleave", None),
    ("sctp", "get_peer_addr_info", None),
    ("sctp", "hmac_ident", None),
    ("sctp", "i_want_mapped_v4_addr", None),
    ("sctp", "initmsg", Some((2, Kind::Initial))),
    ("sctp", "local_auth_chunks", None),
    ("sctp", "maxburst", None),
    ("sctp", "maxseg", Some((13, Kind::Int))),
    ("sctp", "nodelay", Some((3, Kind::Bool))),
    ("sctp", "partial_delivery_point", None),
    ("sctp", "peer_addr_params", None),
    ("sctp", "peer_auth_chunks", None),
    ("sctp", "primary_addr", None),
    ("sctp", "reset_streams", None),
    ("sctp", "rtoinfo", Some((0, Kind::Hidden))),
    ("sctp", "set_peer_primary_addr", None),
    ("sctp", "status", None),
    ("sctp", "use_ext_recvinfo", None),
    ("socket", "acceptconn", Some((30, Kind::Bool))),
    ("socket", "acceptfilter", None),
    ("socket", "bindtodevice", Some((25, Kind::Device))),
    ("socket", "broadcast", Some((6, Kind::Bool))),
    ("socket", "busy_poll", None),
    ("socket", "debug", Some((1, Kind::Int))),
    ("socket", "domain", Some((39, Kind::Domain))),
    ("socket", "dontroute", Some((5, Kind::Bool))),
    ("socket", "error", None),
    ("socket", "keepalive", Some((9, Kind::Bool))),
    ("socket", "linger", Some((13, Kind::Linger))),
    ("socket", "mark", None),
    ("socket", "oobinline", Some((10, Kind::Bool))),
    ("socket", "passcred", Some((16, Kind::Bool))),
    ("socket", "peek_off", Some((42, Kind::Int))),
    ("socket", "peercred", None),
    ("socket", "priority", Some((12, Kind::Int))),
    ("socket", "protocol", Some((38, Kind::Protocol))),
    ("socket", "rcvbuf", Some((8, Kind::Int))),
    ("socket", "rcvbufforce", None),
    ("socket", "rcvlowat", Some((18, Kind::Int))),
    ("socket", "rcvtimeo", None),
    ("socket", "reuseaddr", Some((2, Kind::Bool))),
    ("socket", "reuseport", Some((15, Kind::Bool))),
    ("socket", "rxq_ovfl", None),
    ("socket", "setfib", None),
    ("socket", "sndbuf", Some((7, Kind::Int))),
    ("socket", "sndbufforce", None),
    ("socket", "sndlowat", Some((19, Kind::Int))),
    ("socket", "sndtimeo", None),
    ("socket", "timestamp", Some((29, Kind::Bool))),
    ("socket", "type", Some((3, Kind::Type))),
    ("tcp", "congestion", Some((13, Kind::Name))),
    ("tcp", "cork", Some((3, Kind::Bool))),
    ("tcp", "info", None),
    ("tcp", "keepcnt", None),
    ("tcp", "keepidle", None),
    ("tcp", "keepintvl", None),
    ("tcp", "maxseg", Some((2, Kind::Int))),
    ("tcp", "md5sig", None),
    ("tcp", "nodelay", Some((1, Kind::Bool))),
    ("tcp", "noopt", None),
    ("tcp", "nopush", None),
    ("tcp", "syncnt", None),
    ("tcp", "user_timeout", None),
    ("udp", "cork", Some((1, Kind::Bool))),
];

/// What later releases know besides, or of another kind.
#[rustfmt::skip]
const SINCE_27: &[Row] = &[
    ("socket", "bsp_state", None),
    ("socket", "exclusiveaddruse", None),
    ("socket", "max_msg_size", None),
    ("socket", "maxdg", None),
    ("tcp", "keepcnt", Some((6, Kind::Int))),
    ("tcp", "keepidle", Some((4, Kind::Int))),
    ("tcp", "keepintvl", Some((5, Kind::Int))),
];
#[rustfmt::skip]
const SINCE_29: &[Row] = &[
    ("socket", "timestampns", Some((35, Kind::Bool))),
    ("tcp", "user_timeout", Some((18, Kind::Count))),
    ("sctp", "adaptation_layer", None),
    ("sctp", "default_send_param", None),
    ("sctp", "get_assoc_stats", None),
    ("sctp", "partial_delivery", None),
];
/// Names of SCTP that became others.
const UNTIL_29: [&str; 3] = ["adaption_layer", "default_send_params", "partial_delivery_point"];

/// The options of a release.
fn rows(release: u32) -> impl Iterator<Item = &'static Row> {
    let from_27 = if release >= 27 { SINCE_27 } else { &[] };
    let from_29 = if release >= 29 { SINCE_29 } else { &[] };
    let is = |r: &Row, other: &Row| (r.0, r.1) == (other.0, other.1);
    let stays = move |r: &&Row| {
        let renamed = release >= 29 && r.0 == "sctp" && UNTIL_29.contains(&r.1);
        !renamed && !from_27.iter().chain(from_29).any(|o| is(o, r))
    };
    OPTIONS.iter().filter(stays).chain(from_27).chain(from_29)
}

/// The number of a level; options of sockets themselves have a name instead.
fn level_number(level: &str) -> Option<i32> {
    Some(match level {
        "ip" => names::IPPROTO_IP,
        "ipv6" => names::IPPROTO_IPV6,
        "sctp" => socket::IPPROTO_SCTP,
        "tcp" => names::IPPROTO_TCP,
        "udp" => socket::IPPROTO_UDP,
        _ => return None,
    })
}

/// `[{Level, [{Option, Number} | Option]}]`; from OTP 28 on levels have name and number.
pub fn supported(h: &Heap, release: u32) -> Term<'_> {
    let levels = ["socket", "ip", "ipv6", "sctp", "tcp", "udp"];
    let all: Vec<Term<'_>> = levels
        .iter()
        .map(|level| {
            let of_level = rows(release).filter(|(l, ..)| l == level);
            let options: Vec<Term<'_>> = of_level
                .map(|(_, n, number)| {
                    let name = Term::atom(Atom::new(n));
                    match number {
                        Some((n, _)) => h.tuple(&[name, Term::small((*n).into())]),
                        None => name,
                    }
                })
                .collect();
            let number = level_number(level);
            if release >= 28 {
                let number = Term::small(number.unwrap_or(names::SOL_SOCKET).into());
                return h.tuple(&[Term::atom(Atom::new(level)), number, h.list(&options)]);
            }
            let level = match number {
                Some(n) => Term::small(n.into()),
                None => Term::atom(atom!("socket")),
            };
            h.tuple(&[level, h.list(&options)])
        })
        .collect();
    h.list(&all)
}

fn find(release: u32, level: Option<i32>, number: i32) -> Option<Kind> {
    let row = rows(release)
        .find(|(l, _, o)| level_number(l) == level && o.is_some_and(|(n, _)| n == number));
    row.and_then(|(.., o)| o.map(|(_, kind)| kind)).filter(|kind| *kind != Kind::Hidden)
}

mod otp {
    //! Options of our own.
    pub const DEBUG: i32 = 1001;
    pub const IOW: i32 = 1002;
    pub const OWNER: i32 = 1003;
    pub const BUFFER: i32 = 1004;
    pub const RECEIVE_CONTROL: i32 = 1006;
    pub const SEND_CONTROL: i32 = 1007;
    pub const FD: i32 = 1008;
    pub const META: i32 = 1009;
    pub const REGISTRY: i32 = 1010;
    pub const SELECT_READ: i32 = 1011;
    pub const DOMAIN: i32 = 1999;
}

/// The level of a request.
enum Level {
    Otp,
    /// By number; `None` is that of sockets themselves.
    System(Option<i32>),
}

fn level(t: Term<'_>) -> Option<Level> {
    if let Some(n) = t.as_small() {
        return Some(Level::System(Some(i32::try_from(n).ok()?)));
    }
    match t.as_atom()?.name() {
        "otp" => Some(Level::Otp),
        "socket" => Some(Level::System(None)),
        _ => None,
    }
}

const INVALID_VALUE: Fail = Fail::Invalid("value");
const INVALID_OPTION: Fail = Fail::Invalid("socket_option");

fn setopt<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    level_term: Term<'p>,
    number: i32,
    value: Term<'p>,
    native: i32,
) -> BifResult<'p> {
    let level = cx.need(level(level_term))?;
    let (pid, release) = (cx.pid(), cx.vm().config.release);
    let done = s.0.with(|st| match level {
        Level::Otp => set_otp(st, pid, number, value),
        Level::System(level) if native != 0 => {
            need_open(st)?;
            let bytes = native_value(value).ok_or(Fail::ErrorInvalid("value"))?;
            let level = level.unwrap_or(names::SOL_SOCKET);
            Ok(socket::set_option(st.fd(), level, number, &bytes)?)
        }
        Level::System(level) => set_system(st, release, level, number, value),
    });
    answer(cx, done.map(|()| am::OK.into()))
}

pub(super) fn native_value(t: Term<'_>) -> Option<Vec<u8>> {
    if let Some(bytes) = crate::iolist::to_vec(t) {
        return Some(bytes);
    }
    let n = match bool_of(t) {
        Some(b) => i32::from(b),
        None => i32::try_from(t.as_small()?).ok()?,
    };
    Some(n.to_ne_bytes().to_vec())
}

fn set_otp(st: &mut State, pid: u64, number: i32, value: Term<'_>) -> Done<()> {
    need_open(st)?;
    let on = || bool_of(value).ok_or(INVALID_VALUE);
    match number {
        otp::DEBUG => st.debug = on()?,
        otp::IOW => st.iow = on()?,
        otp::SELECT_READ => st.select_read = on()?,
        otp::OWNER => {
            if st.owner != pid {
                return Err(Fail::ErrorInvalid("not_owner"));
            }
            let to = value.as_pid().and_then(|p| p.local()).ok_or(INVALID_VALUE)?;
            st.set_owner(to);
        }
        otp::BUFFER => {
            let (count, size) = match value.as_tuple() {
                Some(t) => match t.elements() {
                    [n, size] => {
                        let n = n.as_small().and_then(|n| u32::try_from(n).ok());
                        (n.filter(|n| *n > 0).ok_or(INVALID_VALUE)?, *size)
                    }
                    _ => return Err(INVALID_VALUE),
                },
                None => (0, value),
            };
            st.buffer = buffer_size(size, super::handle::BUFFER).ok_or(INVALID_VALUE)?;
            st.buffer_count = count;
        }
        otp::RECEIVE_CONTROL | otp::SEND_CONTROL => {
            let usual = super::handle::CONTROL_BUFFER;
            let n = buffer_size(value, usual).filter(|n| *n <= 1 << 24).ok_or(INVALID_VALUE)?;
            if number == otp::RECEIVE_CONTROL {
                st.receive_control = n;
            } else {
                st.send_control = n;
            }
        }
        otp::META => {
            if st.owner != pid {
                return Err(Fail::ErrorInvalid("not_owner"));
            }
            st.meta = OwnedTerm::whole_copy_of(value);
        }
        otp::REGISTRY => {
            if !on()? {
                return Err(INVALID_VALUE);
            }
            st.register();
        }
        _ => return Err(Fail::NoOption(number)),
    }
    Ok(())
}

/// A size of a buffer, or `default`.
fn buffer_size(t: Term<'_>, usual: usize) -> Option<usize> {
    if t.is_atom_of(atom!("default")) {
        return Some(usual);
    }
    t.as_small().and_then(|n| usize::try_from(n).ok()).filter(|n| *n > 0)
}

pub(super) fn int(t: Term<'_>) -> Option<i32> {
    i32::try_from(t.as_small()?).ok()
}

pub(super) fn get<'p>(m: Map<'p>, name: Atom) -> Option<Term<'p>> {
    m.get(Term::atom(name))
}

const DISCOVER: [(&str, i32); 4] = [("dont", 0), ("want", 1), ("do", 2), ("probe", 3)];

fn named(table: &[(&str, i32)], t: Term<'_>) -> Option<i32> {
    match t.as_atom() {
        Some(a) => table.iter().find(|(n, _)| *n == a.name()).map(|(_, v)| *v),
        None => int(t),
    }
}
fn name_of(table: &[(&str, i32)], n: i32) -> Term<'static> {
    match table.iter().find(|(_, v)| *v == n) {
        Some((name, _)) => Term::atom(Atom::new(name)),
        None => Term::small(n.into()),
    }
}

/// The value of an option as the system wants it.
fn encode(kind: Kind, t: Term<'_>, release: u32) -> Option<Vec<u8>> {
    let word = |n: i32| Some(n.to_ne_bytes().to_vec());
    match kind {
        Kind::Bool => word(i32::from(bool_of(t)?)),
        Kind::Int => word(int(t)?),
        Kind::Device | Kind::Name => {
            let mut bytes = string(t)?;
            bytes.push(0);
            Some(bytes)
        }
        Kind::Linger => {
            let m = t.as_map()?;
            let on = i32::from(bool_of(get(m, atom!("onoff"))?)?);
            let seconds = int(get(m, atom!("linger"))?).filter(|n| *n >= 0)?;
            Some([on.to_ne_bytes(), seconds.to_ne_bytes()].concat())
        }
        Kind::Membership => {
            let m = t.as_map()?;
            let group = address::v4(get(m, atom!("multiaddr"))?)?.octets();
            let interface = address::v4(get(m, atom!("interface"))?)?.octets();
            Some([group, interface].concat())
        }
        Kind::Membership6 => {
            let m = t.as_map()?;
            let mut out = address::v6(get(m, atom!("multiaddr"))?)?.octets().to_vec();
            out.extend(int(get(m, atom!("interface"))?)?.to_ne_bytes());
            Some(out)
        }
        Kind::Source => {
            let m = t.as_map()?;
            let part = |name| Some(address::v4(get(m, name)?)?.octets());
            let all =
                [part(atom!("multiaddr"))?, part(atom!("interface"))?, part(atom!("sourceaddr"))?];
            Some(all.concat())
        }
        Kind::Filter => filter(t),
        Kind::Discover => word(named(&DISCOVER, t)?),
        Kind::Interface => Some(address::v4(t)?.octets().to_vec()),
        Kind::Tos => word(tos::decode(t, release)?),
        Kind::Hops => {
            let n = if t.is_atom_of(atom!("default")) { -1 } else { int(t)? };
            if (-1..=255).contains(&n) { word(n) } else { None }
        }
        Kind::Form => word(address::family(t)?),
        Kind::Count => word(int(t).filter(|n| *n >= 0)?),
        Kind::Association => super::sctp::association_parameters(t),
        Kind::Initial => super::sctp::initial(t),
        Kind::IntGet | Kind::Domain | Kind::Protocol | Kind::Type | Kind::Controls => None,
        Kind::Events | Kind::Hidden => None,
    }
}

fn filter(t: Term<'_>) -> Option<Vec<u8>> {
    if t.is_atom_of(atom!("null")) {
        return Some(Vec::new());
    }
    let m = t.as_map()?;
    let part = |name| Some(address::v4(get(m, name)?)?.octets());
    let mode: i32 = match get(m, atom!("mode"))?.as_atom()?.name() {
        "include" => 1,
        "exclude" => 0,
        _ => return None,
    };
    let sources = get(m, atom!("slist"))?.to_vec()?;
    let mut out = [part(atom!("multiaddr"))?, part(atom!("interface"))?].concat();
    out.extend(mode.to_ne_bytes());
    out.extend(u32::try_from(sources.len()).ok()?.to_ne_bytes());
    for s in sources {
        out.extend(address::v4(s)?.octets());
    }
    Some(out)
}

/// The bytes of a string.
fn string(t: Term<'_>) -> Option<Vec<u8>> {
    let all = t.to_vec()?;
    all.into_iter().map(|c| u8::try_from(c.as_small()?).ok()).collect()
}

fn set_system(
    st: &mut State,
    release: u32,
    level: Option<i32>,
    number: i32,
    value: Term<'_>,
) -> Done<()> {
    let kind = find(release, level, number).ok_or(INVALID_OPTION)?;
    let read_only =
        matches!(kind, Kind::IntGet | Kind::Domain | Kind::Protocol | Kind::Type | Kind::Controls);
    if read_only {
        return Err(INVALID_OPTION);
    }
    need_open(st)?;
    let bytes = match kind {
        Kind::Events => super::sctp::events(value, release >= 29),
        _ => encode(kind, value, release),
    };
    let bytes = bytes.ok_or(INVALID_VALUE)?;
    let level = level.unwrap_or(names::SOL_SOCKET);
    Ok(socket::set_option(st.fd(), level, number, &bytes)?)
}

fn getopt<'p>(cx: &Cx<'p>, s: SocketRef<'p>, level_term: Term<'p>, number: i32) -> BifResult<'p> {
    let level = cx.need(level(level_term))?;
    let (h, release) = (cx.heap(), cx.vm().config.release);
    let done = s.0.with(|st| {
        let level = match level {
            Level::Otp => return get_otp(h, st, number),
            Level::System(level) => level,
        };
        let kind = find(release, level, number).ok_or(INVALID_OPTION)?;
        need_open(st)?;
        read(h, st, level.unwrap_or(names::SOL_SOCKET), number, kind, release)
    });
    answer(cx, done.map(|t| ok(cx, t)))
}

fn get_otp<'h>(h: &'h Heap, st: &State, number: i32) -> Done<Term<'h>> {
    need_open(st)?;
    let size = |n: usize| h.uint(n as u64);
    Ok(match number {
        otp::DEBUG => Term::bool(st.debug),
        otp::IOW => Term::bool(st.iow),
        otp::SELECT_READ => Term::bool(st.select_read),
        otp::OWNER => Term::local_pid(st.owner),
        otp::BUFFER if st.buffer_count == 0 => size(st.buffer),
        otp::BUFFER => h.tuple(&[size(st.buffer_count as usize), size(st.buffer)]),
        otp::RECEIVE_CONTROL => size(st.receive_control),
        otp::SEND_CONTROL => size(st.send_control),
        otp::FD => Term::small(st.fd().into()),
        otp::META => h.copy(st.meta.term()),
        otp::REGISTRY => Term::bool(st.registered),
        otp::DOMAIN => address::family_term(st.domain),
        _ => return Err(INVALID_OPTION),
    })
}

fn read<'h>(
    h: &'h Heap,
    st: &State,
    level: i32,
    number: i32,
    kind: Kind,
    release: u32,
) -> Done<Term<'h>> {
    let fd = st.fd();
    let number_of = || socket::get_int(fd, level, number);
    Ok(match kind {
        Kind::Bool => Term::bool(number_of()? != 0),
        Kind::Int | Kind::Count | Kind::IntGet | Kind::Hops => Term::small(number_of()?.into()),
        Kind::Domain => address::family_term(number_of()?),
        Kind::Type => address::kind_term(number_of()?),
        Kind::Protocol => match number_of()? {
            // Number 0 has the name of a protocol that these sockets do not speak.
            0 if st.domain == socket::AF_UNIX => atom!("default").into(),
            n => Term::small(n.into()),
        },
        Kind::Discover => name_of(&DISCOVER, number_of()?),
        Kind::Tos => tos::encode(h, number_of()?, release),
        Kind::Interface => {
            let ip = number_of()?.to_ne_bytes();
            address::v4_term(h, ip.into())
        }
        Kind::Linger => {
            let mut both = [0; 8];
            socket::get_option(fd, level, number, &mut both)?;
            let [a, b, c, d, e, f, g, i] = both;
            let on = i32::from_ne_bytes([a, b, c, d]) != 0;
            let seconds = i32::from_ne_bytes([e, f, g, i]);
            h.map_from_pairs(&[
                (Term::atom(atom!("onoff")), Term::bool(on)),
                (Term::atom(atom!("linger")), Term::small(seconds.into())),
            ])
        }
        Kind::Device => {
            let mut name = [0u8; names::IFNAMSIZ];
            // With the zero that ends it, as in the reference.
            let n = socket::get_option(fd, level, number, &mut name)?;
            h.byte_list(name.get(..n).unwrap_or(&name))
        }
        Kind::Name => {
            // Of fixed length: the rest is zeros, as in the reference.
            let mut name = [0u8; 16];
            let n = socket::get_option(fd, level, number, &mut name)?;
            h.byte_list(&name[..n.saturating_sub(1)])
        }
        Kind::Controls => {
            let mut room = [0u64; 64];
            let all = socket::get_controls(fd, level, number, &mut room)?;
            let all: Vec<Term<'h>> = all.iter().map(|c| control::term(h, c, release)).collect();
            h.list(&all)
        }
        Kind::Association => super::sctp::read_association(h, fd, number)?,
        Kind::Initial => super::sctp::read_initial(h, fd, number)?,
        Kind::Membership | Kind::Membership6 | Kind::Source | Kind::Filter | Kind::Form => {
            return Err(INVALID_OPTION);
        }
        Kind::Events | Kind::Hidden => return Err(INVALID_OPTION),
    })
}

fn getopt_how<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    level: Term<'p>,
    number: i32,
    how: Atom,
    value: Term<'p>,
) -> BifResult<'p> {
    match how.name() {
        "native" => getopt_native(cx, s, level, number, value),
        "value" => getopt(cx, s, level, number),
        _ => Err(cx.badarg()),
    }
}

fn getopt_native<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    level_term: Term<'p>,
    number: i32,
    spec: Term<'p>,
) -> BifResult<'p> {
    let Level::System(level) = cx.need(level(level_term))? else { return Err(cx.badarg()) };
    let level = level.unwrap_or(names::SOL_SOCKET);
    let h = cx.heap();
    let done = s.0.with(|st| {
        need_open(st)?;
        let mut room = match spec.view() {
            View::Atom(a) if matches!(a.name(), "integer" | "boolean") => {
                let n = socket::get_int(st.fd(), level, number)?;
                let is_bool = a.name() == "boolean";
                return Ok(if is_bool { Term::bool(n != 0) } else { Term::small(n.into()) });
            }
            View::Bits(b) if b.is_binary() => b.bytes().into_owned(),
            _ => {
                let n = spec.as_small().and_then(|n| i32::try_from(n).ok()).ok_or(INVALID_VALUE)?;
                // Nowhere to put it.
                if n == 0 {
                    return Err(Fail::Posix("efault"));
                }
                let n = usize::try_from(n).map_err(|_| Fail::Posix("einval"))?;
                vec![0; Some(n).filter(|n| *n <= 1 << 24).ok_or(INVALID_VALUE)?]
            }
        };
        let n = socket::get_option(st.fd(), level, number, &mut room)?;
        Ok(h.binary(&room[..n]))
    });
    answer(cx, done.map(|t| ok(cx, t)))
}
