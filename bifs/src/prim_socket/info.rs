//! What is known of one socket and of all [prim_socket_nif.c: esock_global_info, esock_socket_info].

use super::handle::{SocketRef, State, flag};
use super::{address, table};
use std::sync::atomic::{AtomicBool, AtomicI64, Ordering};
use sys::socket;
use term::atom::am;
use term::{Atom, Heap, Map, Term};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_socket" {
    /// Counts of all sockets, and settings
    Plain "nif_info"/0 => info();
    Plain "nif_info"/1 => socket_info(0);
    Plain "nif_supports"/0 => supports();
    Plain "nif_supports"/1 => supports_key(0);
    /// Changes a setting
    Plain "nif_command"/1 => command(0);
} }

static DEBUG: AtomicBool = AtomicBool::new(false);
static SOCKET_DEBUG: AtomicBool = AtomicBool::new(false);
static USE_REGISTRY: AtomicBool = AtomicBool::new(true);

/// How many sockets there are, by what they are.
static COUNTS: [(&str, AtomicI64); 11] = [
    ("num_sockets", AtomicI64::new(0)),
    ("num_tdgrams", AtomicI64::new(0)),
    ("num_tstreams", AtomicI64::new(0)),
    ("num_tseqpkgs", AtomicI64::new(0)),
    ("num_dlocal", AtomicI64::new(0)),
    ("num_dinet", AtomicI64::new(0)),
    ("num_dinet6", AtomicI64::new(0)),
    ("num_ptcp", AtomicI64::new(0)),
    ("num_pudp", AtomicI64::new(0)),
    ("num_psctp", AtomicI64::new(0)),
    ("num_pip", AtomicI64::new(0)),
];

/// A socket was opened (1) or closed (-1).
pub fn opened(domain: i32, kind: i32, protocol: i32, n: i64) {
    let of_kind = match kind {
        socket::SOCK_DGRAM => "num_tdgrams",
        socket::SOCK_STREAM => "num_tstreams",
        socket::SOCK_SEQPACKET => "num_tseqpkgs",
        _ => "",
    };
    let of_domain = match domain {
        socket::AF_UNIX => "num_dlocal",
        socket::AF_INET => "num_dinet",
        socket::AF_INET6 => "num_dinet6",
        _ => "",
    };
    let of_protocol = match protocol {
        socket::IPPROTO_TCP => "num_ptcp",
        socket::IPPROTO_UDP => "num_pudp",
        socket::IPPROTO_SCTP => "num_psctp",
        socket::IPPROTO_IP => "num_pip",
        _ => "",
    };
    for name in ["num_sockets", of_kind, of_domain, of_protocol] {
        if let Some((_, count)) = COUNTS.iter().find(|(c, _)| *c == name) {
            count.fetch_add(n, Ordering::Relaxed);
        }
    }
}

pub fn debugs_sockets() -> bool {
    SOCKET_DEBUG.load(Ordering::Relaxed)
}
pub fn uses_registry() -> bool {
    USE_REGISTRY.load(Ordering::Relaxed)
}

fn name(s: &str) -> Term<'static> {
    Term::atom(Atom::new(s))
}

fn info<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let mut counters = vec![(name("num_cnt_bits"), Term::small(64))];
    let count = |(n, c): &(&str, AtomicI64)| (name(n), Term::small(c.load(Ordering::Relaxed)));
    counters.extend(COUNTS.iter().map(count));
    let mut pairs = vec![
        (name("counters"), h.map_from_pairs(&counters)),
        (name("debug"), Term::bool(DEBUG.load(Ordering::Relaxed))),
        (name("iov_max"), Term::small(socket::MAX_SLICES as i64)),
        (name("iow"), Term::bool(false)),
        (name("socket_debug"), Term::bool(debugs_sockets())),
        (name("use_registry"), Term::bool(uses_registry())),
    ];
    let release = cx.vm().config.release;
    if release >= 27 {
        pairs.push((name("eei"), Term::bool(true)));
        pairs.push((name("io_backend"), backend(h, release)));
    }
    Ok(h.map_from_pairs(&pairs))
}

/// Who does the work; from OTP 29 on also which calls there are for SCTP.
fn backend(h: &Heap, release: u32) -> Term<'_> {
    let mut pairs = vec![(name("name"), name("unix_essio"))];
    if release >= 29 {
        let calls =
            ["bindx", "connectx", "peeloff", "getladdrs", "freeladdrs", "getpaddrs", "freepaddrs"];
        pairs.push((name("sctp"), h.map_from_pairs(&calls.map(|c| (name(c), Term::bool(true))))));
    }
    h.map_from_pairs(&pairs)
}

/// `fromfd`, with its number if it was duplicated, or `normal`.
fn made_how<'h>(h: &'h Heap, st: &State) -> Term<'h> {
    match st.made_of.filter(|fd| *fd > 0) {
        Some(fd) if st.owned.is_some() => h.tuple(&[name("fromfd"), Term::small(fd.into())]),
        Some(_) => name("fromfd"),
        None => name("normal"),
    }
}

fn states<'h>(h: &'h Heap, bits: u32) -> Term<'h> {
    let all = [
        (flag::BOUND, "bound"),
        (flag::LISTENING, "listening"),
        (flag::ACCEPTING, "accepting"),
        (flag::CONNECTING, "connecting"),
        (flag::CONNECTED, "connected"),
        (flag::SELECTED, "selected"),
        (flag::CLOSING, "closing"),
        (flag::CLOSED, "closed"),
    ];
    let on: Vec<Term<'h>> =
        all.iter().filter(|(b, _)| bits & b != 0).map(|(_, n)| name(n)).collect();
    h.list(&on)
}

fn counters<'h>(h: &'h Heap, st: &State) -> Term<'h> {
    let c = &st.counters;
    let mut all = vec![
        ("read_byte", c.read_byte),
        ("read_fails", c.read_fails),
        ("read_pkg", c.read_pkg),
        ("read_pkg_max", c.read_pkg_max),
        ("read_tries", c.read_tries),
        ("read_waits", c.read_waits),
        ("write_byte", c.write_byte),
        ("write_fails", c.write_fails),
        ("write_pkg", c.write_pkg),
        ("write_pkg_max", c.write_pkg_max),
        ("write_tries", c.write_tries),
        ("write_waits", c.write_waits),
        ("acc_fails", c.acc_fails),
        ("acc_success", c.acc_success),
        ("acc_tries", c.acc_tries),
        ("acc_waits", c.acc_waits),
    ];
    if let Some(f) = &c.sendfile {
        all.extend([
            ("sendfile", f.sendfile),
            ("sendfile_byte", f.byte),
            ("sendfile_fails", f.fails),
            ("sendfile_max", f.max),
            ("sendfile_pkg", f.pkg),
            ("sendfile_pkg_max", f.pkg_max),
            ("sendfile_tries", f.tries),
            ("sendfile_waits", f.waits),
        ]);
    }
    let pairs: Vec<_> = all.into_iter().map(|(n, v)| (name(n), h.uint(v))).collect();
    h.map_from_pairs(&pairs)
}

fn socket_info<'p>(cx: &Cx<'p>, s: SocketRef<'p>) -> BifResult<'p> {
    let h = cx.heap();
    Ok(s.0.with(|st| {
        let size = |n: usize| Term::small(n as i64);
        let owner = if st.owner == 0 { am::UNDEFINED.into() } else { Term::local_pid(st.owner) };
        h.map_from_pairs(&[
            (name("domain"), address::family_term(st.domain)),
            (name("type"), address::kind_term(st.kind)),
            (name("protocol"), Term::small(st.protocol.into())),
            (name("owner"), owner),
            (name("ctype"), made_how(h, st)),
            (name("counters"), counters(h, st)),
            (name("num_readers"), size(st.readers.len())),
            (name("num_writers"), size(st.writers.len())),
            (name("num_acceptors"), size(st.acceptors.len())),
            (name("rstates"), states(h, st.read)),
            (name("wstates"), states(h, st.write)),
        ])
    }))
}

fn supports<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let all = ["sctp", "ipv6", "local", "netns", "sendfile"];
    let pairs: Vec<Term<'p>> = all.iter().map(|n| h.tuple(&[name(n), Term::bool(true)])).collect();
    Ok(h.list(&pairs))
}

fn supports_key<'p>(cx: &Cx<'p>, key: Term<'p>) -> BifResult<'p> {
    let h = cx.heap();
    Ok(match key.as_atom().map(|a| a.name()) {
        Some("msg_flags") => table::message_flag_table(h, cx.vm().config.release),
        Some("protocols") => table::protocols(h, cx.vm().config.release),
        Some("ioctl_requests") => table::ioctl_requests(h, cx.vm().config.release),
        Some("ioctl_flags") => table::ioctl_flags(h, cx.vm().config.release),
        Some("options") => super::option::supported(h, cx.vm().config.release),
        _ => Term::nil(),
    })
}

fn command<'p>(cx: &Cx<'p>, c: Map<'p>) -> BifResult<'p> {
    let get = |n: &str| c.get(name(n));
    let on = cx.need(get("data").and_then(address::bool_of))?;
    let which = match get("command").and_then(|t| t.as_atom()).map(|a| a.name()) {
        Some("debug") => &DEBUG,
        Some("socket_debug") => &SOCKET_DEBUG,
        Some("use_registry") => &USE_REGISTRY,
        _ => return Err(cx.badarg()),
    };
    which.store(on, Ordering::Relaxed);
    Ok(am::OK.into())
}
