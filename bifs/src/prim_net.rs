//! Names, addresses and interfaces as the system knows them: module `prim_net` [prim_net_nif.c].

use crate::prim_socket::{INTERFACE_FLAGS, decode, encode, family_term, kind_term};
use sys::net;
use sys::resolve::{self, ResolveError, flag};
use sys::socket::SockAddr;
use term::atom::am;
use term::{Atom, Map, Term, View, atom};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "prim_net" {
    Plain "nif_info"/0 => info();
    Plain "nif_command"/1 => command(0);
    Plain "nif_gethostname"/0 => gethostname();
    /// Host and service of an address
    DirtyIo "nif_getnameinfo"/2 => getnameinfo(0, 1);
    /// Addresses of a host and a service
    DirtyIo "nif_getaddrinfo"/3 => getaddrinfo(0, 1, 2);
    Plain "nif_getifaddrs"/1 => getifaddrs(0);
    Plain "nif_if_name2index"/1 => if_name2index(0);
    Plain "nif_if_index2name"/1 => if_index2name(0);
    Plain "nif_if_names"/0 => if_names();
    /// Of services (OTP 27)
    DirtyIo "nif_getservbyname"/2 => getservbyname(0, 1);
    DirtyIo "nif_getservbyport"/2 => getservbyport(0, 1);
    // What another system has; here each raises, as in the reference.
    DirtyIo "nif_get_adapters_addresses"/1 => other_system(0);
    DirtyIo "nif_get_interface_info"/1 => other_system(0);
    DirtyIo "nif_get_if_entry"/1 => other_system(0);
    DirtyIo "nif_get_ip_address_table"/1 => other_system(0);
} }

fn name(s: &str) -> Term<'static> {
    Term::atom(Atom::new(s))
}
fn ok<'p>(cx: &Cx<'p>, t: Term<'p>) -> Term<'p> {
    cx.heap().tuple(&[am::OK.into(), t])
}
fn error<'p>(cx: &Cx<'p>, reason: &str) -> Term<'p> {
    cx.heap().tuple(&[am::ERROR.into(), name(reason)])
}
fn system_error<'p>(cx: &Cx<'p>, e: &std::io::Error) -> Term<'p> {
    error(cx, sys::errno::of(e))
}
fn resolver_error<'p>(cx: &Cx<'p>, e: ResolveError) -> Term<'p> {
    match e {
        ResolveError::Named(s) => error(cx, s),
        ResolveError::Errno(n) => error(cx, sys::errno::name(n)),
    }
}

static DEBUG: std::sync::atomic::AtomicBool = std::sync::atomic::AtomicBool::new(false);

fn info<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let on = DEBUG.load(std::sync::atomic::Ordering::Relaxed);
    let mut pairs = vec![(name("debug"), Term::bool(on))];
    if cx.vm().config.release >= 29 {
        // Whether names are looked up in another namespace.
        pairs.push((name("netns"), Term::bool(false)));
    }
    Ok(cx.heap().map_from_pairs(&pairs))
}

/// `#{command => debug, data => boolean()}`
fn command<'p>(cx: &Cx<'p>, c: Map<'p>) -> BifResult<'p> {
    let is_debug = c.get(name("command")).is_some_and(|t| t.is_atom_of(atom!("debug")));
    let on = match c.get(name("data")).and_then(|t| t.as_atom()) {
        Some(am::TRUE) if is_debug => true,
        Some(am::FALSE) if is_debug => false,
        _ => return Err(cx.badarg()),
    };
    DEBUG.store(on, std::sync::atomic::Ordering::Relaxed);
    Ok(am::OK.into())
}

fn gethostname<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(match sys::socket::host_name() {
        Ok(n) => ok(cx, cx.heap().byte_list(&n)),
        Err(e) => system_error(cx, &e),
    })
}

fn name_flags(t: Term<'_>) -> Option<i32> {
    if t.is_atom_of(am::UNDEFINED) {
        return Some(0);
    }
    let mut flags = 0;
    for f in t.to_vec()? {
        flags |= match f.as_atom()?.name() {
            "namereqd" => flag::NAME_REQUIRED,
            "dgram" => flag::DGRAM,
            "nofqdn" => flag::NO_FQDN,
            "numerichost" => flag::NUMERIC_HOST,
            "numericserv" => flag::NUMERIC_SERVICE,
            "idn" => flag::IDN,
            _ => return None,
        };
    }
    Some(flags)
}

fn getnameinfo<'p>(cx: &Cx<'p>, addr: Term<'p>, flags: Term<'p>) -> BifResult<'p> {
    let addr = cx.need(decode(addr))?;
    let flags = cx.need(name_flags(flags))?;
    let h = cx.heap();
    Ok(match resolve::names(&addr, flags) {
        Ok((host, service)) => ok(
            cx,
            h.map_from_pairs(&[
                (name("host"), h.byte_list(&host)),
                (name("service"), h.byte_list(&service)),
            ]),
        ),
        Err(e) => resolver_error(cx, e),
    })
}

/// A string, or `undefined` (`None` inside).
fn text(t: Term<'_>) -> Option<Option<Vec<u8>>> {
    if t.is_atom_of(am::UNDEFINED) {
        return Some(None);
    }
    let all = t.to_vec()?;
    let bytes: Option<Vec<u8>> =
        all.into_iter().map(|c| u8::try_from(c.as_small()?).ok()).collect();
    Some(Some(bytes?))
}

fn getaddrinfo<'p>(
    cx: &Cx<'p>,
    host: Term<'p>,
    service: Term<'p>,
    _hints: Term<'p>,
) -> BifResult<'p> {
    let host = cx.need(text(host))?;
    let service = cx.need(text(service))?;
    if host.is_none() && service.is_none() {
        return Err(cx.badarg());
    }
    let h = cx.heap();
    let found = match resolve::addresses(host.as_deref(), service.as_deref()) {
        Ok(all) => all,
        Err(e) => return Ok(resolver_error(cx, e)),
    };
    let all: Vec<Term<'p>> = found
        .iter()
        .map(|i| {
            h.map_from_pairs(&[
                (name("family"), family_term(i.family)),
                (name("type"), kind_term(i.kind)),
                (name("protocol"), Term::small(i.protocol.into())),
                (name("addr"), encode(h, &i.addr)),
            ])
        })
        .collect();
    Ok(ok(cx, h.list(&all)))
}

fn getifaddrs<'p>(cx: &Cx<'p>, extra: Map<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let list = match extra.get(name("netns")).map(Term::view) {
        Some(View::Bits(b)) if b.is_binary() => {
            let path = cx.need(std::ffi::CString::new(b.bytes().into_owned()).ok())?;
            sys::socket::in_namespace(&path, net::interfaces)
        }
        _ => net::interfaces(),
    };
    let list = match list {
        Ok(list) => list,
        Err(e) => return Ok(system_error(cx, &e)),
    };
    let one = |i: &net::Interface| {
        let flags: Vec<Term<'p>> = INTERFACE_FLAGS
            .iter()
            .filter(|(_, v)| *v != 0 && i64::from(i.flags) & v != 0 && *v != LOWER_UP)
            .map(|(n, _)| name(n))
            .collect();
        let mut pairs = vec![(name("name"), h.byte_list(&i.name)), (name("flags"), h.list(&flags))];
        let mut put = |key: &str, a: &Option<SockAddr>| {
            if let Some(a) = a {
                pairs.push((name(key), encode(h, a)));
            }
        };
        let [addr, mask, other] = &i.full;
        put("addr", addr);
        put("netmask", mask);
        if i.flags & net::flag::POINT_TO_POINT != 0 {
            put("dstaddr", other);
        } else if i.flags & net::flag::BROADCAST != 0 {
            put("broadaddr", other);
        }
        h.map_from_pairs(&pairs)
    };
    let all: Vec<Term<'p>> = list.iter().map(one).collect();
    Ok(ok(cx, h.list(&all)))
}

/// Not among the flags that are shown here.
const LOWER_UP: i64 = 0x1_0000;

fn other_system<'p>(cx: &Cx<'p>, _: Term<'p>) -> BifResult<'p> {
    Err(cx.error(atom!("notsup")))
}

/// Longest name of a service or protocol.
const LONGEST_NAME: usize = 255;

fn service_text(t: Term<'_>) -> Option<Vec<u8>> {
    text(t).flatten().filter(|s| s.len() <= LONGEST_NAME)
}
/// The protocol, `None` inside for any.
fn protocol(t: Term<'_>) -> Option<Option<Vec<u8>>> {
    let name = service_text(t)?;
    Some((name != b"any").then_some(name))
}

fn getservbyname<'p>(cx: &Cx<'p>, service: Term<'p>, proto: Term<'p>) -> BifResult<'p> {
    let port = service_text(service)
        .zip(protocol(proto))
        .and_then(|(s, p)| net::service_port(&s, p.as_deref()));
    Ok(match port {
        // The reference reads the number as a signed one.
        Some(n) => ok(cx, Term::small((n as i16).into())),
        None => error(cx, "einval"),
    })
}

fn getservbyport<'p>(cx: &Cx<'p>, port: Term<'p>, proto: Term<'p>) -> BifResult<'p> {
    let port = port.as_small().and_then(|n| u32::try_from(n).ok());
    let service = port.zip(protocol(proto)).and_then(|(port, p)| {
        // Of a number that is too large the low bits count.
        net::service_name(port as u16, p.as_deref())
    });
    Ok(match service {
        Some(s) => ok(cx, cx.heap().byte_list(&s)),
        None => error(cx, "einval"),
    })
}

fn if_name2index<'p>(cx: &Cx<'p>, interface: Term<'p>) -> BifResult<'p> {
    let text = cx.need(text(interface).flatten())?;
    Ok(match net::number_of(&text) {
        Ok(n) => ok(cx, Term::small(n.into())),
        Err(e) => system_error(cx, &e),
    })
}

fn if_index2name<'p>(cx: &Cx<'p>, index: u32) -> BifResult<'p> {
    Ok(match net::name_of(index) {
        Ok(n) => ok(cx, cx.heap().byte_list(&n)),
        Err(e) => system_error(cx, &e),
    })
}

fn if_names<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let list = match net::interfaces() {
        Ok(list) => list,
        Err(e) => return Ok(system_error(cx, &e)),
    };
    let mut numbers: Vec<(u32, Vec<u8>)> =
        list.into_iter().filter_map(|i| Some((net::number_of(&i.name).ok()?, i.name))).collect();
    numbers.sort();
    numbers.dedup();
    let all: Vec<Term<'p>> = numbers
        .iter()
        .map(|(n, name)| h.tuple(&[Term::small((*n).into()), h.byte_list(name)]))
        .collect();
    Ok(ok(cx, h.list(&all)))
}
