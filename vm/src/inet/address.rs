//! Addresses as `prim_inet` writes them: a byte for the family, then port and address, or length and path.

use super::code::af;
use std::net::{Ipv4Addr, Ipv6Addr};
use sys::socket::{self, Addr, SockAddr};

/// Reads bytes from the front.
pub(super) struct Reader<'a>(pub &'a [u8]);

impl<'a> Reader<'a> {
    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(n)?;
        self.0 = tail;
        Some(head)
    }
    pub fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }
    pub fn u8(&mut self) -> Option<u8> {
        Some(self.array::<1>()?[0])
    }
    pub fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.array()?))
    }
    pub fn u32(&mut self) -> Option<u32> {
        Some(u32::from_be_bytes(self.array()?))
    }
    pub fn i32(&mut self) -> Option<i32> {
        Some(i32::from_be_bytes(self.array()?))
    }
    pub fn u64(&mut self) -> Option<u64> {
        Some(u64::from_be_bytes(self.array()?))
    }
}

const EINVAL: &str = "einval";
const EAFNOSUPPORT: &str = "eafnosupport";

/// Reads an address. `family` is that of the socket, for addresses that leave it open.
pub(super) fn read(r: &mut Reader<'_>, family: i32) -> Result<SockAddr, &'static str> {
    match r.u8().ok_or(EINVAL)? {
        af::INET => {
            let port = r.u16().ok_or(EINVAL)?;
            let ip: [u8; 4] = r.array().ok_or(EINVAL)?;
            Ok(SockAddr::v4(ip.into(), port))
        }
        af::INET6 => {
            let port = r.u16().ok_or(EINVAL)?;
            let ip: [u8; 16] = r.array().ok_or(EINVAL)?;
            let flow = r.u32().ok_or(EINVAL)?;
            let scope = r.u32().ok_or(EINVAL)?;
            Ok(SockAddr::v6(ip.into(), port, flow, scope))
        }
        af::LOCAL => {
            let n = r.u8().ok_or(EINVAL)?;
            let path = r.take(n.into()).ok_or(EINVAL)?;
            // A path needs room for a terminating zero, an abstract name does not.
            let full = path.first() != Some(&0) && path.len() >= socket::UNIX_PATH_MAX;
            if full {
                return Err(EINVAL);
            }
            SockAddr::unix(path).ok_or(EINVAL)
        }
        tag @ (af::ANY | af::LOOPBACK) => {
            let port = r.u16().ok_or(EINVAL)?;
            let any = tag == af::ANY;
            match family {
                socket::AF_INET => {
                    let ip = if any { Ipv4Addr::UNSPECIFIED } else { Ipv4Addr::LOCALHOST };
                    Ok(SockAddr::v4(ip, port))
                }
                socket::AF_INET6 => {
                    let ip = if any { Ipv6Addr::UNSPECIFIED } else { Ipv6Addr::LOCALHOST };
                    Ok(SockAddr::v6(ip, port, 0, 0))
                }
                _ => Err(EINVAL),
            }
        }
        _ => Err(EAFNOSUPPORT),
    }
}

/// Writes an address; `None` for one that has no place in the protocol.
pub(super) fn write(addr: &SockAddr) -> Option<Vec<u8>> {
    let mut out = Vec::with_capacity(19);
    match addr.read() {
        Addr::V4 { ip, port } => {
            out.push(af::INET);
            out.extend(port.to_be_bytes());
            out.extend(ip.octets());
        }
        Addr::V6 { ip, port, .. } => {
            out.push(af::INET6);
            out.extend(port.to_be_bytes());
            out.extend(ip.octets());
        }
        Addr::Unix(path) => {
            out.push(af::LOCAL);
            out.push(u8::try_from(path.len()).ok()?);
            out.extend(path);
        }
        Addr::Packet { .. } | Addr::Unspecified | Addr::Other(_) => return None,
    }
    Some(out)
}

/// As [`write`]; what has no place is its kind alone.
pub(super) fn write_any(addr: &SockAddr) -> Vec<u8> {
    write(addr).unwrap_or_else(|| {
        let unspecified = matches!(addr.read(), Addr::Unspecified);
        vec![if unspecified { af::UNSPEC } else { af::UNDEFINED }]
    })
}

/// The port of an internet address.
pub(super) fn port(addr: &SockAddr) -> Option<u16> {
    match addr.read() {
        Addr::V4 { port, .. } | Addr::V6 { port, .. } => Some(port),
        _ => None,
    }
}

/// The family that the protocol numbers so.
pub(super) fn family(code: u8) -> Option<i32> {
    match code {
        af::INET => Some(socket::AF_INET),
        af::INET6 => Some(socket::AF_INET6),
        af::LOCAL => Some(socket::AF_UNIX),
        _ => None,
    }
}
