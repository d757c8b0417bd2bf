//! Interfaces and services: `getifaddrs`, `getiflist`, `ifget`, `ifset`, `getservbyname`, `getservbyport`
//! [inet_drv.c: inet_ctl_getifaddrs and others].

use super::address::Reader;
use super::code::{af, ifopt};
use super::descriptor::{Fail, Reply};
use std::ffi::CStr;
use std::os::fd::RawFd;
use sys::net::{self, IfAddr, Query, flag};

/// Flags of the system, and the bits that stand for them in the protocol.
const FLAGS: [(u32, u32); 6] = [
    (flag::UP, 1),
    (flag::BROADCAST, 2),
    (flag::LOOPBACK, 4),
    (flag::POINT_TO_POINT, 8),
    (flag::RUNNING, 16),
    (flag::MULTICAST, 32),
];
const DOWN: u32 = 0x100;
const NO_BROADCAST: u32 = 0x200;
const NO_POINT_TO_POINT: u32 = 0x800;

fn flags_code(flags: u32) -> u32 {
    FLAGS.iter().filter(|(f, _)| flags & f != 0).map(|(_, code)| code).sum()
}

fn put_address(out: &mut Vec<u8>, code: u8, addr: &Option<IfAddr>) {
    match addr {
        Some(IfAddr::V4(ip)) => {
            out.extend([code, af::INET]);
            out.extend(ip);
        }
        Some(IfAddr::V6(ip)) => {
            out.extend([code, af::INET6]);
            out.extend(ip);
        }
        Some(IfAddr::Link(l)) => {
            out.push(code);
            out.extend((l.len() as u16).to_be_bytes());
            out.extend(l);
        }
        None => {}
    }
}

/// All interfaces of the socket's network namespace: name, zero, properties, zero.
pub(super) fn getifaddrs(namespace: Option<&CStr>) -> Reply {
    let mut out = Vec::new();
    let interfaces = match namespace {
        Some(path) => sys::socket::in_namespace(path, net::interfaces)?,
        None => net::interfaces()?,
    };
    for i in interfaces {
        // Bytes count as characters of Latin-1, written in UTF-8.
        for b in &i.name {
            let mut room = [0; 2];
            out.extend(char::from(*b).encode_utf8(&mut room).as_bytes());
        }
        out.extend([0, ifopt::FLAGS]);
        out.extend(flags_code(i.flags).to_be_bytes());
        match &i.addr {
            Some(IfAddr::V4(_) | IfAddr::V6(_)) => {
                put_address(&mut out, ifopt::ADDR, &i.addr);
                put_address(&mut out, ifopt::NETMASK, &i.netmask);
                if i.other.is_some() && i.flags & flag::POINT_TO_POINT != 0 {
                    put_address(&mut out, ifopt::DSTADDR, &i.other);
                } else if i.flags & flag::BROADCAST != 0 {
                    put_address(&mut out, ifopt::BROADADDR, &i.other);
                }
            }
            Some(IfAddr::Link(l)) if !l.is_empty() => {
                put_address(&mut out, ifopt::HWADDR, &i.addr);
            }
            _ => {}
        }
        out.push(0);
    }
    Ok(out)
}

/// Names of the interfaces that have an IPv4 address, each with a zero behind.
pub(super) fn getiflist() -> Reply {
    let mut out = Vec::new();
    for i in net::interfaces()? {
        if matches!(i.addr, Some(IfAddr::V4(_))) {
            out.extend(i.name);
            out.push(0);
        }
    }
    Ok(out)
}

fn name<'a>(r: &mut Reader<'a>) -> Result<&'a [u8], Fail> {
    let n = r.u8().ok_or(Fail::EINVAL)?;
    r.take(n.into()).ok_or(Fail::EINVAL)
}

/// Properties of an interface; those that the system does not tell are left out.
pub(super) fn ifget(socket: RawFd, data: &[u8]) -> Reply {
    let mut r = Reader(data);
    let name = name(&mut r)?;
    let mut out = Vec::new();
    for code in r.0 {
        let query = match *code {
            ifopt::ADDR => Query::Addr,
            ifopt::BROADADDR => Query::Broadcast,
            ifopt::DSTADDR => Query::Peer,
            ifopt::NETMASK => Query::Netmask,
            ifopt::HWADDR => {
                if let Ok(a) = net::hardware_address(socket, name) {
                    put_address(&mut out, ifopt::HWADDR, &Some(IfAddr::Link(a.to_vec())));
                }
                continue;
            }
            ifopt::MTU => {
                if let Ok(n) = net::mtu(socket, name) {
                    out.push(ifopt::MTU);
                    out.extend(n.to_be_bytes());
                }
                continue;
            }
            ifopt::FLAGS => {
                let flags = net::flags(socket, name).unwrap_or(0);
                out.push(ifopt::FLAGS);
                out.extend(flags_code(flags).to_be_bytes());
                continue;
            }
            _ => return Err(Fail::EINVAL),
        };
        put_address(&mut out, *code, &net::address(socket, name, query).ok());
    }
    Ok(out)
}

/// Sets properties of an interface. What the system refuses is passed over.
pub(super) fn ifset(socket: RawFd, data: &[u8]) -> Reply {
    let mut r = Reader(data);
    let name = name(&mut r)?;
    while let Some(code) = r.u8() {
        let query = match code {
            ifopt::ADDR => Query::Addr,
            ifopt::BROADADDR => Query::Broadcast,
            ifopt::DSTADDR => Query::Peer,
            ifopt::NETMASK => Query::Netmask,
            ifopt::HWADDR => {
                let n = r.u16().ok_or(Fail::EINVAL)?;
                let addr = r.take(n.into()).ok_or(Fail::EINVAL)?;
                let _ = net::set_hardware_address(socket, name, addr);
                continue;
            }
            ifopt::MTU => {
                let _ = net::set_mtu(socket, name, r.i32().ok_or(Fail::EINVAL)?);
                continue;
            }
            ifopt::FLAGS => {
                set_flags(socket, name, r.u32().ok_or(Fail::EINVAL)?);
                continue;
            }
            _ => return Err(Fail::EINVAL),
        };
        match r.u8() {
            Some(af::INET) => {
                let ip = r.array().ok_or(Fail::EINVAL)?;
                let _ = net::set_address(socket, name, query, ip);
            }
            Some(af::INET6) => {
                r.take(16).ok_or(Fail::EINVAL)?;
            }
            _ => return Err(Fail::EINVAL),
        }
    }
    Ok(Vec::new())
}

fn set_flags(socket: RawFd, name: &[u8], wanted: u32) {
    let before = net::flags(socket, name).unwrap_or(0);
    let mut flags = before;
    let on = [(1, flag::UP), (2, flag::BROADCAST), (8, flag::POINT_TO_POINT)];
    let off = [
        (DOWN, flag::UP),
        (NO_BROADCAST, flag::BROADCAST),
        (NO_POINT_TO_POINT, flag::POINT_TO_POINT),
    ];
    for ((set, f), (clear, g)) in on.into_iter().zip(off) {
        flags |= if wanted & set != 0 { f } else { 0 };
        flags &= if wanted & clear != 0 { !g } else { u32::MAX };
    }
    if flags != before {
        let _ = net::set_flags(socket, name, flags);
    }
}

/// The number of a service.
pub(super) fn getservbyname(data: &[u8]) -> Reply {
    let mut r = Reader(data);
    let service = name(&mut r)?;
    let protocol = name(&mut r)?;
    let port = net::service_port(service, Some(protocol)).ok_or(Fail::EINVAL)?;
    Ok(port.to_be_bytes().to_vec())
}

/// The name of a service.
pub(super) fn getservbyport(data: &[u8]) -> Reply {
    let mut r = Reader(data);
    let port = r.u16().ok_or(Fail::EINVAL)?;
    let protocol = name(&mut r)?;
    net::service_name(port, Some(protocol)).ok_or(Fail::EINVAL)
}
