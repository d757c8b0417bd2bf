//! SCTP's own calls, which the system has as options of its level. Without SCTP in the kernel each says so.

use super::SockAddr;
use crate::fd::check;
use std::io;
use std::mem::size_of;
use std::os::fd::{FromRawFd, OwnedFd, RawFd};

// linux/sctp.h
const BINDX_ADD: i32 = 100;
const BINDX_REMOVE: i32 = 101;
const PEELOFF: i32 = 102;
const PEER_ADDRS: i32 = 108;
const LOCAL_ADDRS: i32 = 109;

/// Adds addresses to those a socket is bound to, or takes them away.
pub fn bindx(fd: RawFd, addr: &SockAddr, add: bool) -> io::Result<()> {
    let name = if add { BINDX_ADD } else { BINDX_REMOVE };
    super::set_option(fd, libc::IPPROTO_SCTP, name, addr.bytes())
}

/// A socket of its own for one association.
pub fn peel_off(fd: RawFd, association: i32) -> io::Result<OwnedFd> {
    let mut both = [association, -1];
    let mut len = size_of::<[i32; 2]>() as libc::socklen_t;
    let place = both.as_mut_ptr().cast();
    // SAFETY: two numbers, as the option has it.
    let r = unsafe { libc::getsockopt(fd, libc::IPPROTO_SCTP, PEELOFF, place, &mut len) };
    check(r)?;
    // SAFETY: the call has made a descriptor that nobody else owns.
    let own = unsafe { OwnedFd::from_raw_fd(both[1]) };
    crate::fd::set_nonblocking(both[1], true)?;
    Ok(own)
}

/// Addresses of an association: the peer's, or its own.
pub fn addresses(fd: RawFd, association: i32, peer: bool) -> io::Result<Vec<SockAddr>> {
    let name = if peer { PEER_ADDRS } else { LOCAL_ADDRS };
    let mut size = 4096;
    loop {
        let mut room = vec![0u8; size];
        room[..4].copy_from_slice(&association.to_ne_bytes());
        match super::get_option(fd, libc::IPPROTO_SCTP, name, &mut room) {
            Ok(n) => return Ok(split(&room[..n.min(size)])),
            Err(e) if e.raw_os_error() == Some(libc::ENOMEM) && size < 1 << 20 => size *= 2,
            Err(e) => return Err(e),
        }
    }
}

/// Association, count, addresses one after another.
fn split(bytes: &[u8]) -> Vec<SockAddr> {
    let word = |at: usize| Some(u32::from_ne_bytes(bytes.get(at..at + 4)?.try_into().ok()?));
    let count = word(4).unwrap_or(0);
    let mut rest = bytes.get(8..).unwrap_or(&[]);
    let mut out = Vec::new();
    for _ in 0..count {
        let Some((&[a, b], _)) = rest.split_first_chunk::<2>() else { break };
        let family = u16::from_ne_bytes([a, b]);
        let len = match i32::from(family) {
            libc::AF_INET => size_of::<libc::sockaddr_in>(),
            libc::AF_INET6 => size_of::<libc::sockaddr_in6>(),
            _ => break,
        };
        let Some((addr, more)) = rest.split_at_checked(len) else { break };
        out.extend(SockAddr::raw(family, &addr[2..]));
        rest = more;
    }
    out
}

#[cfg(test)]
mod tests {
    use super::super::{Addr, SockAddr};
    use super::split;
    use std::net::Ipv4Addr;

    #[test]
    fn list_of_addresses() {
        let a = SockAddr::v4(Ipv4Addr::LOCALHOST, 7);
        let all = [&1i32.to_ne_bytes()[..], &3u32.to_ne_bytes(), a.bytes(), a.bytes(), b"\0"];
        let got = split(&all.concat());
        assert_eq!(got.len(), 2);
        assert_eq!(got[1].read(), Addr::V4 { ip: Ipv4Addr::LOCALHOST, port: 7 });
        assert!(split(b"").is_empty());
    }
}
