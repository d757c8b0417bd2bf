//! Operations that all sockets have [inet_drv.c: inet_ctl].

use super::address::{self, Reader};
use super::code::{kind, req};
use super::descriptor::{Fail, Inet, Reply, state};
use super::interface;
use crate::port::{Control, Few, PortCx};
use std::os::fd::RawFd;
use sys::poll::Interest;
use sys::socket;

const REPLY_ERROR: u8 = 0;
const REPLY_OK: u8 = 1;

/// The number of an operation whose outcome comes as a message, as `prim_inet` reads it.
pub(super) fn encode_id(reply: Result<u16, Fail>) -> Option<Control> {
    match reply {
        Ok(id) => Few::of(&[&[REPLY_OK], &id.to_be_bytes()]).map(Control::Few),
        Err(e) => encode(Err(e)),
    }
}

/// An answer as `prim_inet` reads it.
pub(super) fn encode(reply: Reply) -> Option<Control> {
    let (code, rest) = match reply {
        Ok(bytes) => (REPLY_OK, bytes),
        Err(Fail::Errno(n)) => (REPLY_ERROR, sys::errno::name(n).as_bytes().to_vec()),
        Err(Fail::Name(s)) => (REPLY_ERROR, s.as_bytes().to_vec()),
        Err(Fail::BadArg) => return None,
    };
    if let Some(few) = Few::of(&[&[code], &rest]) {
        return Some(Control::Few(few));
    }
    let mut out = Vec::with_capacity(rest.len() + 1);
    out.push(code);
    out.extend(rest);
    Some(Control::List(out))
}

fn need(ok: bool, otherwise: Fail) -> Result<(), Fail> {
    if ok { Ok(()) } else { Err(otherwise) }
}

/// Family and type of a socket to be opened; `allowed` says which types the driver takes.
pub(super) fn family_and_kind(r: &mut Reader<'_>, allowed: &[u8]) -> Result<(i32, i32), Fail> {
    let (Some(f), Some(k)) = (r.u8(), r.u8()) else { return Err(Fail::EINVAL) };
    let family = address::family(f).ok_or(Fail::Name("eafnosupport"))?;
    need(allowed.contains(&k), Fail::EINVAL)?;
    let kind = match k {
        kind::STREAM => socket::SOCK_STREAM,
        kind::DGRAM => socket::SOCK_DGRAM,
        kind::SEQPACKET => socket::SOCK_SEQPACKET,
        _ => return Err(Fail::EINVAL),
    };
    Ok((family, kind))
}

/// The only protocol that is not the usual one.
const PROTOCOL_MPTCP: u8 = 4;

/// Opens a socket, or takes over a descriptor.
pub(super) fn open(inet: &mut Inet, op: u32, data: &[u8], allowed: &[u8]) -> Reply {
    let mut r = Reader(data);
    if op == req::OPEN {
        // From OTP 28 on a protocol may be named.
        need(matches!(data.len(), 2 | 3), Fail::EINVAL)?;
        let (family, kind) = family_and_kind(&mut r, allowed)?;
        return inet.open(family, kind, r.u8() == Some(PROTOCOL_MPTCP));
    }
    need(data.len() == 6 || data.len() == 10, Fail::EINVAL)?;
    let (family, kind) = family_and_kind(&mut r, allowed)?;
    let fd = r.i32().ok_or(Fail::EINVAL)?;
    let bound = r.u32().is_none_or(|b| b != 0);
    inet.open_fd(family, kind, fd, bound)
}

/// Carries out an operation.
pub(super) fn control(inet: &mut Inet, p: &mut PortCx<'_>, op: u32, data: &[u8]) -> Reply {
    let is_open = inet.is(state::OPEN);
    match op {
        req::GETSTAT => inet.fill_statistics(p, data),
        req::SUBSCRIBE => inet.subscribe(p, data),
        req::GETIFLIST => {
            need(is_open, Fail::BAD_PORT)?;
            interface::getiflist()
        }
        req::GETIFADDRS => {
            need(is_open, Fail::BAD_PORT)?;
            interface::getifaddrs(inet.netns.as_deref())
        }
        req::IFGET => {
            need(is_open, Fail::BAD_PORT)?;
            interface::ifget(inet.fd()?, data)
        }
        req::IFSET => {
            need(is_open, Fail::BAD_PORT)?;
            interface::ifset(inet.fd()?, data)
        }
        req::GETSTATUS => Ok((inet.state & 0xffff).to_be_bytes().to_vec()),
        req::GETTYPE => get_type(inet),
        req::GETFD => {
            need(is_open, Fail::EINVAL)?;
            Ok(inet.fd()?.to_be_bytes().to_vec())
        }
        req::GETHOSTNAME => {
            need(data.is_empty(), Fail::EINVAL)?;
            Ok(socket::host_name()?)
        }
        req::PEER => {
            need(inet.state & state::ACTIVE != 0, Fail::ENOTCONN)?;
            let addr = match &inet.shown_peer {
                Some(a) => **a,
                None => socket::peer(inet.fd()?)?,
            };
            address::write(&addr).ok_or(Fail::EINVAL)
        }
        req::NAME => {
            let addr = match &inet.shown_name {
                Some(a) => **a,
                None => socket::name(inet.fd()?)?,
            };
            address::write(&addr).ok_or(Fail::EINVAL)
        }
        req::SETPEER | req::SETNAME => {
            let shown = match data.len() {
                0 => None,
                1 => return Err(Fail::EINVAL),
                _ => Some(Box::new(address::read(&mut Reader(data), inet.family)?)),
            };
            if op == req::SETPEER {
                inet.shown_peer = shown;
            } else {
                inet.shown_name = shown;
            }
            Ok(Vec::new())
        }
        req::GETPADDRS | req::GETLADDRS => {
            need(data.len() == 4, Fail::EINVAL)?;
            need(is_open, Fail::BAD_PORT)?;
            let fd = inet.fd()?;
            let addr = if op == req::GETPADDRS { socket::peer(fd)? } else { socket::name(fd)? };
            Ok(address::write(&addr).unwrap_or_default())
        }
        req::BIND => bind(inet, data),
        req::IGNOREFD => ignore_fd(inet, p, data),
        req::GETSERVBYNAME => interface::getservbyname(data),
        req::GETSERVBYPORT => interface::getservbyport(data),
        _ => Err(Fail::BAD_PORT),
    }
}

fn get_type(inet: &Inet) -> Reply {
    let family = match inet.family {
        socket::AF_INET => super::code::af::INET,
        socket::AF_INET6 => super::code::af::INET6,
        socket::AF_UNIX => super::code::af::LOCAL,
        _ => return Err(Fail::EINVAL),
    };
    let kind = match inet.kind {
        socket::SOCK_STREAM => kind::STREAM,
        socket::SOCK_DGRAM => kind::DGRAM,
        _ => return Err(Fail::EINVAL),
    };
    Ok([u32::from(family).to_be_bytes(), u32::from(kind).to_be_bytes()].concat())
}

fn bind(inet: &mut Inet, data: &[u8]) -> Reply {
    need(data.len() >= 2, Fail::EINVAL)?;
    need(inet.state == state::OPEN, Fail::BAD_PORT)?;
    let local = address::read(&mut Reader(data), inet.family)?;
    let fd: RawFd = inet.fd()?;
    socket::bind(fd, &local)?;
    let port = match address::port(&local) {
        Some(0) => socket::name(fd).ok().and_then(|a| address::port(&a)),
        port => port,
    };
    Ok(port.unwrap_or(0).to_be_bytes().to_vec())
}

/// Leaves the descriptor to somebody else, or takes it back.
fn ignore_fd(inet: &mut Inet, p: &mut PortCx<'_>, data: &[u8]) -> Reply {
    need(inet.is(state::CONNECTED), Fail::ENOTCONN)?;
    need(inet.kind == socket::SOCK_STREAM, Fail::EINVAL)?;
    match (data.first(), inet.ignored) {
        (Some(1), None) => {
            inet.select(p, Interest::BOTH, false);
            let wanted = Interest { read: inet.is_active(), write: false };
            inet.ignored = Some(wanted);
        }
        (Some(0), Some(wanted)) => {
            inet.ignored = None;
            if !wanted.is_empty() {
                inet.select(p, wanted, true);
            }
        }
        _ => return Err(Fail::EINVAL),
    }
    Ok(Vec::new())
}
