//! `ioctl`: what a socket tells of interfaces [prim_socket_nif.c: esock_ioctl*].

use super::handle::SocketRef;
use super::{Done, Fail, address, answer, need_open, ok, table};
use std::os::fd::RawFd;
use sys::net::{self, IfAddr, Query};
use sys::socket::SockAddr;
use term::atom::am;
use term::{Atom, Heap, Term, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_socket" {
    Plain "nif_ioctl"/2 => list(0, 1);
    Plain "nif_ioctl"/3 => get(0, 1, 2);
    Plain "nif_ioctl"/4 => set(0, 1, 2, 3);
} }

fn unsupported() -> Fail {
    Fail::Posix("enotsup")
}

fn v4_address(h: &Heap, ip: [u8; 4]) -> Term<'_> {
    address::encode(h, &SockAddr::v4(ip.into(), 0))
}

/// `gifconf`, the interfaces that have an IPv4 address; from OTP 27 on also what can be read of a socket.
fn list<'p>(cx: &Cx<'p>, s: SocketRef<'p>, number: i64) -> BifResult<'p> {
    let h = cx.heap();
    let done: Done<Term<'p>> = s.0.with(|st| {
        need_open(st)?;
        match table::request(number) {
            "gifconf" => {}
            "nread" => return Ok(Term::small(net::readable(st.fd())?.into())),
            "atmark" => return Ok(Term::bool(net::at_mark(st.fd())?)),
            _ => return Err(unsupported()),
        }
        let all = net::interfaces()?;
        let one = |i: &net::Interface| match &i.addr {
            Some(IfAddr::V4(ip)) => Some(h.map_from_pairs(&[
                (Term::atom(atom!("name")), h.byte_list(&i.name)),
                (Term::atom(atom!("addr")), v4_address(h, *ip)),
            ])),
            _ => None,
        };
        let all: Vec<Term<'p>> = all.iter().filter_map(one).collect();
        Ok(h.list(&all))
    });
    answer(cx, done.map(|t| ok(cx, t)))
}

fn name_of(t: Term<'_>) -> Option<Vec<u8>> {
    t.to_vec()?.into_iter().map(|c| u8::try_from(c.as_small()?).ok()).collect()
}

fn get<'p>(cx: &Cx<'p>, s: SocketRef<'p>, number: i64, arg: Term<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let request = table::request(number);
    if request == "gifname" {
        let index = cx.need(arg.as_small().and_then(|n| u32::try_from(n).ok()))?;
        let done: Done<Term<'p>> = s.0.with(|st| {
            need_open(st)?;
            // The C library has another name for what the system says.
            let name = net::name_of(index).map_err(|e| match Fail::from(e) {
                Fail::Posix("enxio") => Fail::Posix("enodev"),
                other => other,
            });
            Ok(h.byte_list(&name?))
        });
        return answer(cx, done.map(|t| ok(cx, t)));
    }
    let name = cx.need(name_of(arg))?;
    let done: Done<Term<'p>> = s.0.with(|st| {
        need_open(st)?;
        property(h, st.fd(), request, &name)
    });
    answer(cx, done.map(|t| ok(cx, t)))
}

fn property<'h>(h: &'h Heap, fd: RawFd, request: &str, name: &[u8]) -> Done<Term<'h>> {
    let query = match request {
        "gifaddr" => Query::Addr,
        "gifbrdaddr" => Query::Broadcast,
        "gifdstaddr" => Query::Peer,
        "gifnetmask" => Query::Netmask,
        "gifindex" => return Ok(Term::small(net::index_of(fd, name)?.into())),
        "gifmtu" => return Ok(Term::small(net::mtu(fd, name)?.into())),
        "giftxqlen" => return Ok(Term::small(net::queue_length(fd, name)?.into())),
        "gifflags" => return Ok(flag_names(h, net::flags(fd, name)?)),
        "gifhwaddr" => {
            let (family, data) = net::hardware(fd, name)?;
            let family = match family {
                1 => Term::atom(atom!("ether")),
                772 => Term::atom(atom!("loopback")),
                n => Term::small(n.into()),
            };
            return Ok(h.map_from_pairs(&[
                (Term::atom(atom!("family")), family),
                (Term::atom(atom!("addr")), h.binary(&data)),
            ]));
        }
        "gifmap" => {
            let m = net::map(fd, name)?;
            let number = |name: &str, n: u64| (Term::atom(Atom::new(name)), h.uint(n));
            return Ok(h.map_from_pairs(&[
                number("mem_start", m.mem_start),
                number("mem_end", m.mem_end),
                number("base_addr", m.base_addr.into()),
                number("irq", m.irq.into()),
                number("dma", m.dma.into()),
                number("port", m.port.into()),
            ]));
        }
        _ => return Err(unsupported()),
    };
    match net::address(fd, name, query)? {
        IfAddr::V4(ip) => Ok(v4_address(h, ip)),
        _ => Err(unsupported()),
    }
}

fn flag_names(h: &Heap, flags: u32) -> Term<'_> {
    let on = |v: i64| v != 0 && i64::from(flags) & v != 0;
    let all: Vec<Term<'_>> = table::INTERFACE_FLAGS
        .iter()
        .filter(|(_, v)| on(*v))
        .map(|(n, _)| Term::atom(Atom::new(n)))
        .collect();
    h.list(&all)
}

fn set<'p>(
    cx: &Cx<'p>,
    s: SocketRef<'p>,
    number: i64,
    interface: Term<'p>,
    value: Term<'p>,
) -> BifResult<'p> {
    let name = cx.need(name_of(interface))?;
    let request = table::request(number);
    let done: Done<()> = s.0.with(|st| {
        need_open(st)?;
        assign(st.fd(), request, &name, value)
    });
    answer(cx, done.map(|()| am::OK.into()))
}

fn assign(fd: RawFd, request: &str, name: &[u8], value: Term<'_>) -> Done<()> {
    const BAD: Fail = Fail::Posix("einval");
    let query = match request {
        "sifaddr" => Query::Addr,
        "sifbrdaddr" => Query::Broadcast,
        "sifdstaddr" => Query::Peer,
        "sifmtu" | "siftxqlen" => {
            let n = value.as_small().and_then(|n| i32::try_from(n).ok()).ok_or(BAD)?;
            let done = if request == "sifmtu" {
                net::set_mtu(fd, name, n)
            } else {
                net::set_queue_length(fd, name, n)
            };
            return Ok(done?);
        }
        "sifflags" => {
            let mut flags = net::flags(fd, name)?;
            let changes = value.as_map().ok_or(BAD)?;
            for (flag, on) in changes.iter() {
                let bit = flag.as_small().and_then(|n| u32::try_from(n).ok()).ok_or(BAD)?;
                let on = address::bool_of(on).ok_or(BAD)?;
                flags = if on { flags | bit } else { flags & !bit };
            }
            return Ok(net::set_flags(fd, name, flags)?);
        }
        _ => return Err(unsupported()),
    };
    let addr = address::decode(value).ok_or(BAD)?;
    match addr.read() {
        sys::socket::Addr::V4 { ip, .. } => Ok(net::set_address(fd, name, query, ip.octets())?),
        _ => Err(BAD),
    }
}
