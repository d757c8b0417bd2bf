//! Sockets by descriptor number: calls of the system that std does not offer on bare numbers.
//!
//! A call that a signal interrupted fails with `EINTR`: [`repeat`](crate::fd::repeat) is the caller's, who knows what programs are to be told.
//! All sockets made here are non-blocking and close-on-exec. Addresses are opaque blocks ([`SockAddr`]) with safe readers.

mod many;
pub mod sctp;

pub use many::{MAX_MESSAGES, Outgoing, recv_messages, send_messages};

use crate::fd::{check, check_size, retry};
use std::io::{self, IoSlice};
use std::mem::{MaybeUninit, size_of};
use std::net::{Ipv4Addr, Ipv6Addr};
use std::os::fd::{FromRawFd, OwnedFd, RawFd};
use std::ptr::{null, null_mut};

pub use libc::{
    AF_INET, AF_INET6, AF_UNIX, AF_UNSPEC, IPPROTO_IP, IPPROTO_IPV6, IPPROTO_MPTCP, IPPROTO_SCTP,
    IPPROTO_TCP, IPPROTO_UDP, SHUT_RD, SHUT_RDWR, SHUT_WR, SO_ERROR, SOCK_DGRAM, SOCK_RAW,
    SOCK_RDM, SOCK_SEQPACKET, SOCK_STREAM, SOL_SOCKET,
};

pub mod names {
    //! Levels and options.
    pub use libc::{
        IFNAMSIZ, IP_ADD_MEMBERSHIP, IP_DROP_MEMBERSHIP, IP_MULTICAST_IF, IP_MULTICAST_LOOP,
        IP_MULTICAST_TTL, IP_RECVTOS, IP_RECVTTL, IP_TOS, IP_TTL, IPPROTO_IP, IPPROTO_IPV6,
        IPPROTO_TCP, IPV6_ADD_MEMBERSHIP, IPV6_DROP_MEMBERSHIP, IPV6_MULTICAST_IF, IPV6_RECVTCLASS,
        IPV6_TCLASS, IPV6_V6ONLY, SO_BINDTODEVICE, SO_BROADCAST, SO_DOMAIN, SO_DONTROUTE,
        SO_KEEPALIVE, SO_LINGER, SO_OOBINLINE, SO_PRIORITY, SO_PROTOCOL, SO_RCVBUF, SO_REUSEADDR,
        SO_REUSEPORT, SO_SNDBUF, SO_TYPE, SOL_SOCKET, TCP_CORK, TCP_NODELAY,
    };
    /// Not in every libc.
    pub const IP_PKTOPTIONS: i32 = 9;
    pub const IPV6_PKTOPTIONS: i32 = 6;
}

/// An address as the system has it.
#[derive(Clone, Copy)]
pub struct SockAddr {
    storage: libc::sockaddr_storage,
    len: libc::socklen_t,
}

/// What an address says.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Addr<'a> {
    V4 {
        ip: Ipv4Addr,
        port: u16,
    },
    V6 {
        ip: Ipv6Addr,
        port: u16,
        flow: u32,
        scope: u32,
    },
    /// A path; empty for a socket without a name. A first byte of zero is an abstract name of Linux.
    Unix(&'a [u8]),
    /// Below the network layer.
    Packet {
        protocol: u16,
        index: i32,
        hardware: u16,
        kind: u8,
        addr: &'a [u8],
    },
    Unspecified,
    Other(i32),
}

const UNIX_HEAD: usize = std::mem::offset_of!(libc::sockaddr_un, sun_path);
/// Most bytes of a path in an address.
pub const UNIX_PATH_MAX: usize = size_of::<libc::sockaddr_un>() - UNIX_HEAD;

impl SockAddr {
    fn empty() -> SockAddr {
        // SAFETY: a plain C structure of numbers, for which zeroes are valid.
        let storage = unsafe { std::mem::zeroed() };
        SockAddr { storage, len: 0 }
    }
    fn of<T: Copy>(value: T, len: usize) -> SockAddr {
        assert!(size_of::<T>() <= size_of::<libc::sockaddr_storage>() && len <= size_of::<T>());
        let mut a = SockAddr::empty();
        // SAFETY: it fits, and storage is aligned for every kind of address.
        unsafe { std::ptr::from_mut(&mut a.storage).cast::<T>().write(value) };
        a.len = len as libc::socklen_t;
        a
    }
    pub fn v4(ip: Ipv4Addr, port: u16) -> SockAddr {
        // SAFETY: as in `empty`.
        let mut s: libc::sockaddr_in = unsafe { std::mem::zeroed() };
        s.sin_family = libc::AF_INET as libc::sa_family_t;
        s.sin_port = port.to_be();
        s.sin_addr.s_addr = u32::from(ip).to_be();
        SockAddr::of(s, size_of::<libc::sockaddr_in>())
    }
    pub fn v6(ip: Ipv6Addr, port: u16, flow: u32, scope: u32) -> SockAddr {
        // SAFETY: as in `empty`.
        let mut s: libc::sockaddr_in6 = unsafe { std::mem::zeroed() };
        s.sin6_family = libc::AF_INET6 as libc::sa_family_t;
        s.sin6_port = port.to_be();
        s.sin6_addr.s6_addr = ip.octets();
        s.sin6_flowinfo = flow;
        s.sin6_scope_id = scope;
        SockAddr::of(s, size_of::<libc::sockaddr_in6>())
    }
    /// `None` if the path is too long.
    pub fn unix(path: &[u8]) -> Option<SockAddr> {
        // SAFETY: as in `empty`.
        let mut s: libc::sockaddr_un = unsafe { std::mem::zeroed() };
        s.sun_family = libc::AF_UNIX as libc::sa_family_t;
        let place = s.sun_path.get_mut(..path.len())?;
        for (to, from) in place.iter_mut().zip(path) {
            *to = *from as libc::c_char;
        }
        Some(SockAddr::of(s, UNIX_HEAD + path.len()))
    }
    /// As [`SockAddr::unix`], but a path counts its terminating zero.
    pub fn unix_terminated(path: &[u8]) -> Option<SockAddr> {
        let mut a = SockAddr::unix(path)?;
        if path.first().is_some_and(|b| *b != 0) {
            a.len += 1;
        }
        Some(a)
    }
    /// No address: connecting to it takes a datagram socket's peer away.
    pub fn unspecified() -> SockAddr {
        let mut a = SockAddr::empty();
        a.len = size_of::<libc::sa_family_t>() as libc::socklen_t;
        a
    }
    /// Bytes of any family; `None` if there are too many.
    pub fn raw(family: u16, data: &[u8]) -> Option<SockAddr> {
        let mut a = SockAddr::empty();
        let head = size_of::<libc::sa_family_t>();
        let bytes = a.room();
        bytes.get_mut(head..head + data.len())?.copy_from_slice(data);
        a.storage.ss_family = family;
        a.len = (head + data.len()) as libc::socklen_t;
        Some(a)
    }
    /// A copy of an address of the system.
    /// # Safety
    /// `addr` is null, or complete for its family.
    pub(crate) unsafe fn copy(addr: *const libc::sockaddr) -> Option<SockAddr> {
        if addr.is_null() {
            return None;
        }
        // SAFETY: as the caller promises; reads do not ask for alignment.
        unsafe {
            match i32::from((*addr).sa_family) {
                libc::AF_INET => {
                    let a = addr.cast::<libc::sockaddr_in>().read_unaligned();
                    Some(SockAddr::of(a, size_of::<libc::sockaddr_in>()))
                }
                libc::AF_INET6 => {
                    let a = addr.cast::<libc::sockaddr_in6>().read_unaligned();
                    Some(SockAddr::of(a, size_of::<libc::sockaddr_in6>()))
                }
                libc::AF_PACKET => {
                    let a = addr.cast::<libc::sockaddr_ll>().read_unaligned();
                    Some(SockAddr::of(a, size_of::<libc::sockaddr_ll>()))
                }
                _ => None,
            }
        }
    }
    fn room(&mut self) -> &mut [u8] {
        let p = std::ptr::from_mut(&mut self.storage).cast::<u8>();
        // SAFETY: all bytes of the structure are initialised, and any bytes are valid in it.
        unsafe { std::slice::from_raw_parts_mut(p, size_of::<libc::sockaddr_storage>()) }
    }
    pub fn family(&self) -> i32 {
        if self.len == 0 { libc::AF_UNSPEC } else { self.storage.ss_family.into() }
    }
    /// The bytes after the family.
    pub fn data(&self) -> &[u8] {
        self.bytes().get(size_of::<libc::sa_family_t>()..).unwrap_or(&[])
    }
    pub fn bytes(&self) -> &[u8] {
        let n = (self.len as usize).min(size_of::<libc::sockaddr_storage>());
        // SAFETY: initialised from the beginning, within the structure.
        unsafe { std::slice::from_raw_parts(std::ptr::from_ref(&self.storage).cast(), n) }
    }
    pub fn read(&self) -> Addr<'_> {
        let at = std::ptr::from_ref(&self.storage);
        match self.family() {
            libc::AF_INET if self.len as usize >= size_of::<libc::sockaddr_in>() => {
                // SAFETY: it is one, and storage is aligned for it.
                let s = unsafe { &*at.cast::<libc::sockaddr_in>() };
                let ip = Ipv4Addr::from(u32::from_be(s.sin_addr.s_addr));
                Addr::V4 { ip, port: u16::from_be(s.sin_port) }
            }
            libc::AF_INET6 if self.len as usize >= size_of::<libc::sockaddr_in6>() => {
                // SAFETY: as above.
                let s = unsafe { &*at.cast::<libc::sockaddr_in6>() };
                Addr::V6 {
                    ip: Ipv6Addr::from(s.sin6_addr.s6_addr),
                    port: u16::from_be(s.sin6_port),
                    flow: s.sin6_flowinfo,
                    scope: s.sin6_scope_id,
                }
            }
            libc::AF_UNIX => {
                let path = self.bytes().get(UNIX_HEAD..).unwrap_or(&[]);
                let n = path.iter().position(|b| *b == 0).unwrap_or(path.len());
                // An abstract name begins with zero and may hold more of them.
                Addr::Unix(if n == 0 { path } else { &path[..n] })
            }
            libc::AF_PACKET if self.len as usize >= size_of::<libc::sockaddr_ll>() => {
                // SAFETY: as above.
                let s = unsafe { &*at.cast::<libc::sockaddr_ll>() };
                let n = usize::from(s.sll_halen).min(s.sll_addr.len());
                Addr::Packet {
                    protocol: u16::from_be(s.sll_protocol),
                    index: s.sll_ifindex,
                    hardware: s.sll_hatype,
                    kind: s.sll_pkttype,
                    addr: &s.sll_addr[..n],
                }
            }
            libc::AF_UNSPEC => Addr::Unspecified,
            other => Addr::Other(other),
        }
    }
    fn ptr(&self) -> *const libc::sockaddr {
        std::ptr::from_ref(&self.storage).cast()
    }
    /// Calls `f` with room for an address.
    fn fill<T>(
        f: impl FnOnce(*mut libc::sockaddr, *mut libc::socklen_t) -> io::Result<T>,
    ) -> io::Result<(T, SockAddr)> {
        let mut a = SockAddr::empty();
        let mut len = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        let r = f(std::ptr::from_mut(&mut a.storage).cast(), &mut len)?;
        a.len = len;
        Ok((r, a))
    }
}

/// A new socket.
pub fn open(domain: i32, kind: i32, protocol: i32) -> io::Result<OwnedFd> {
    let kind = kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: makes a new descriptor.
    let fd = check(unsafe { libc::socket(domain, kind, protocol) })?;
    // SAFETY: just made, owned by nobody else.
    Ok(unsafe { OwnedFd::from_raw_fd(fd) })
}

pub fn bind(fd: RawFd, addr: &SockAddr) -> io::Result<()> {
    // SAFETY: the address is valid for its length.
    check(unsafe { libc::bind(fd, addr.ptr(), addr.len) }).map(drop)
}

pub fn listen(fd: RawFd, backlog: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::listen(fd, backlog) }).map(drop)
}

/// `false`: it goes on in the background.
pub fn connect(fd: RawFd, addr: &SockAddr) -> io::Result<bool> {
    // SAFETY: the address is valid for its length.
    match check(unsafe { libc::connect(fd, addr.ptr(), addr.len) }) {
        Ok(_) => Ok(true),
        Err(e) if e.raw_os_error() == Some(libc::EINPROGRESS) => Ok(false),
        Err(e) => Err(e),
    }
}

/// A waiting connection.
pub fn accept(fd: RawFd) -> io::Result<(OwnedFd, SockAddr)> {
    SockAddr::fill(|addr, len| {
        let flags = libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
        // SAFETY: there is room for an address of `len` bytes.
        let new = check(unsafe { libc::accept4(fd, addr, len, flags) })?;
        // SAFETY: just made, owned by nobody else.
        Ok(unsafe { OwnedFd::from_raw_fd(new) })
    })
}

pub fn shutdown(fd: RawFd, how: i32) -> io::Result<()> {
    // SAFETY: takes numbers only.
    check(unsafe { libc::shutdown(fd, how) }).map(drop)
}

/// The socket's own address.
pub fn name(fd: RawFd) -> io::Result<SockAddr> {
    // SAFETY: there is room for an address of `len` bytes.
    Ok(SockAddr::fill(|a, len| check(unsafe { libc::getsockname(fd, a, len) }))?.1)
}

/// The address of the other side.
pub fn peer(fd: RawFd) -> io::Result<SockAddr> {
    // SAFETY: there is room for an address of `len` bytes.
    Ok(SockAddr::fill(|a, len| check(unsafe { libc::getpeername(fd, a, len) }))?.1)
}

/// Reads an option into `value`; how many bytes it has.
pub fn get_option(fd: RawFd, level: i32, name: i32, value: &mut [u8]) -> io::Result<usize> {
    let mut len = libc::socklen_t::try_from(value.len()).unwrap_or(libc::socklen_t::MAX);
    let p = value.as_mut_ptr().cast();
    // SAFETY: `value` is valid for `len` bytes.
    check(unsafe { libc::getsockopt(fd, level, name, p, &mut len) })?;
    Ok((len as usize).min(value.len()))
}

pub fn get_int(fd: RawFd, level: i32, name: i32) -> io::Result<i32> {
    let mut bytes = [0; 4];
    get_option(fd, level, name, &mut bytes)?;
    Ok(i32::from_ne_bytes(bytes))
}

pub fn set_option(fd: RawFd, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    let len = libc::socklen_t::try_from(value.len()).map_err(|_| io::ErrorKind::InvalidInput)?;
    let p = value.as_ptr().cast();
    // SAFETY: `value` is valid for `len` bytes.
    check(unsafe { libc::setsockopt(fd, level, name, p, len) }).map(drop)
}

pub fn set_int(fd: RawFd, level: i32, name: i32, value: i32) -> io::Result<()> {
    set_option(fd, level, name, &value.to_ne_bytes())
}

/// The error that waits in the socket, which is taken away by this.
pub fn take_error(fd: RawFd) -> io::Result<()> {
    match get_int(fd, libc::SOL_SOCKET, libc::SO_ERROR)? {
        0 => Ok(()),
        n => Err(io::Error::from_raw_os_error(n)),
    }
}

/// Receives once up to `max` bytes onto the end of `buf`; 0 is the end of a stream.
pub fn recv_append(fd: RawFd, buf: &mut Vec<u8>, max: usize, flags: i32) -> io::Result<usize> {
    crate::oom::reserve(buf, max)?;
    let spare = buf.spare_capacity_mut();
    let len = spare.len().min(max);
    let n = recv_into(fd, &mut spare[..len], flags)?;
    // SAFETY: the system has written `n <= len` bytes there.
    unsafe { buf.set_len(buf.len() + n) };
    Ok(n)
}

/// Receives into memory that need not have been written; so many bytes have been then.
pub fn recv_into(fd: RawFd, room: &mut [MaybeUninit<u8>], flags: i32) -> io::Result<usize> {
    let (p, len) = (room.as_mut_ptr(), room.len());
    // SAFETY: `p` is valid for writes of `len` bytes.
    let n = unsafe { calls::recvfrom(fd, p.cast(), len, flags, null_mut(), null_mut()) };
    // A truncated datagram may report more than there was room for.
    check_size(n).map(|n| n.min(len))
}

/// The calls by which data move, as they are: those of the C library also look whether the thread is to be cancelled.
#[cfg(all(target_os = "linux", target_pointer_width = "64"))]
mod calls {
    use libc::{c_int, c_void, msghdr, size_t, sockaddr, socklen_t, ssize_t};

    /// # Safety
    /// As for `libc::recvfrom`.
    pub unsafe fn recvfrom(
        fd: c_int,
        p: *mut c_void,
        len: size_t,
        flags: c_int,
        addr: *mut sockaddr,
        addr_len: *mut socklen_t,
    ) -> ssize_t {
        // SAFETY: by the caller's word.
        unsafe { libc::syscall(libc::SYS_recvfrom, fd, p, len, flags, addr, addr_len) as ssize_t }
    }
    /// # Safety
    /// As for `libc::sendto`.
    pub unsafe fn sendto(
        fd: c_int,
        p: *const c_void,
        len: size_t,
        flags: c_int,
        addr: *const sockaddr,
        addr_len: socklen_t,
    ) -> ssize_t {
        // SAFETY: by the caller's word.
        unsafe { libc::syscall(libc::SYS_sendto, fd, p, len, flags, addr, addr_len) as ssize_t }
    }
    /// # Safety
    /// As for `libc::sendmsg`.
    pub unsafe fn sendmsg(fd: c_int, m: *const msghdr, flags: c_int) -> ssize_t {
        // SAFETY: by the caller's word.
        unsafe { libc::syscall(libc::SYS_sendmsg, fd, m, flags) as ssize_t }
    }
}
#[cfg(not(all(target_os = "linux", target_pointer_width = "64")))]
use libc as calls;

/// As [`recv_append`], with the sender's address.
pub fn recv_from(
    fd: RawFd,
    buf: &mut Vec<u8>,
    max: usize,
    flags: i32,
) -> io::Result<(usize, SockAddr)> {
    let mut from = SockAddr::empty();
    let n = recv_append_from(fd, buf, max, flags, &mut from)?;
    Ok((n, from))
}

/// The same; `from` becomes the address.
pub fn recv_append_from(
    fd: RawFd,
    buf: &mut Vec<u8>,
    max: usize,
    flags: i32,
    from: &mut SockAddr,
) -> io::Result<usize> {
    crate::oom::reserve(buf, max)?;
    let spare = buf.spare_capacity_mut();
    let (p, room) = (spare.as_mut_ptr(), spare.len().min(max));
    let mut len = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    let a = std::ptr::from_mut(&mut from.storage).cast();
    // SAFETY: `p` is valid for writes of `room` bytes, `a` for `len`.
    let n = check_size(unsafe { calls::recvfrom(fd, p.cast(), room, flags, a, &mut len) })?;
    from.len = len;
    let n = n.min(room);
    // SAFETY: the system has written `n <= room` bytes there.
    unsafe { buf.set_len(buf.len() + n) };
    Ok(n)
}

/// One control message.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Control {
    pub level: i32,
    pub kind: i32,
    pub data: Vec<u8>,
}

/// What [`recv_message`] took in besides the data.
pub struct Received {
    pub len: usize,
    pub addr: SockAddr,
    pub control: Vec<Control>,
    pub flags: i32,
}

/// Receives a message with its control messages, for which there are `control_room` bytes.
pub fn recv_message(
    fd: RawFd,
    buf: &mut Vec<u8>,
    max: usize,
    control_room: usize,
    flags: i32,
) -> io::Result<Received> {
    crate::oom::reserve(buf, max)?;
    // Words, so that it is aligned for the headers in it.
    let mut control = vec![0u64; control_room.div_ceil(8)];
    let spare = buf.spare_capacity_mut();
    let room = spare.len().min(max);
    let mut iov = libc::iovec { iov_base: spare.as_mut_ptr().cast(), iov_len: room };
    let mut addr = SockAddr::empty();
    // SAFETY: a plain C structure, for which zeroes are valid.
    let mut m: libc::msghdr = unsafe { std::mem::zeroed() };
    m.msg_name = std::ptr::from_mut(&mut addr.storage).cast();
    m.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
    m.msg_iov = &mut iov;
    m.msg_iovlen = 1;
    m.msg_control = control.as_mut_ptr().cast();
    m.msg_controllen = control_room as _;
    // SAFETY: everything the header refers to is valid for its length.
    let n = check_size(unsafe { libc::recvmsg(fd, &mut m, flags | libc::MSG_CMSG_CLOEXEC) })?;
    addr.len = m.msg_namelen;
    let len = n.min(room);
    // SAFETY: the system has written `len` bytes there.
    unsafe { buf.set_len(buf.len() + len) };
    Ok(Received { len, addr, control: controls(&m), flags: m.msg_flags & !libc::MSG_CMSG_CLOEXEC })
}

/// An option whose value is control messages.
pub fn get_controls(
    fd: RawFd,
    level: i32,
    name: i32,
    room: &mut [u64],
) -> io::Result<Vec<Control>> {
    let bytes = size_of_val(room);
    let mut len = libc::socklen_t::try_from(bytes).unwrap_or(0);
    // SAFETY: `room` is valid for `len` bytes.
    check(unsafe { libc::getsockopt(fd, level, name, room.as_mut_ptr().cast(), &mut len) })?;
    // SAFETY: a plain C structure, for which zeroes are valid.
    let mut m: libc::msghdr = unsafe { std::mem::zeroed() };
    m.msg_control = room.as_mut_ptr().cast();
    m.msg_controllen = (len as usize).min(bytes) as _;
    Ok(controls(&m))
}

/// The control messages of a header that `recvmsg` filled in.
fn controls(m: &libc::msghdr) -> Vec<Control> {
    let mut out = Vec::new();
    // SAFETY: the header and its control buffer are as the system left them; the macros stay within the buffer.
    unsafe {
        let end = m.msg_control as usize + m.msg_controllen;
        let mut c = libc::CMSG_FIRSTHDR(m);
        while !c.is_null() {
            let data = libc::CMSG_DATA(c);
            let head = data as usize - c as usize;
            let len = ((*c).cmsg_len as usize)
                .saturating_sub(head)
                .min(end.saturating_sub(data as usize));
            out.push(Control {
                level: (*c).cmsg_level,
                kind: (*c).cmsg_type,
                data: std::slice::from_raw_parts(data, len).to_vec(),
            });
            c = libc::CMSG_NXTHDR(m, c);
        }
    }
    out
}

/// Most slices of one [`send_message`].
pub const MAX_SLICES: usize = 1024;

/// Sends once, gathered from `data` (the first [`MAX_SLICES`]); may take less than all. A stream that is closed is EPIPE, without a
/// signal.
pub fn send_message(
    fd: RawFd,
    data: &[IoSlice<'_>],
    addr: Option<&SockAddr>,
    control: &[Control],
    flags: i32,
) -> io::Result<usize> {
    if let ([one], []) = (data, control) {
        let (to, len) = addr.map_or((null(), 0), |a| (a.ptr(), a.len));
        let flags = flags | libc::MSG_NOSIGNAL;
        // SAFETY: data and address are valid for their lengths and only read.
        return check_size(unsafe {
            calls::sendto(fd, one.as_ptr().cast(), one.len(), flags, to, len)
        });
    }
    let mut room = pack(control);
    // SAFETY: a plain C structure, for which zeroes are valid.
    let mut m: libc::msghdr = unsafe { std::mem::zeroed() };
    if let Some(a) = addr {
        m.msg_name = a.ptr().cast_mut().cast();
        m.msg_namelen = a.len;
    }
    m.msg_iov = data.as_ptr().cast_mut().cast();
    m.msg_iovlen = data.len().min(MAX_SLICES) as _;
    if !control.is_empty() {
        m.msg_control = room.0.as_mut_ptr().cast();
        m.msg_controllen = room.1 as _;
    }
    // SAFETY: IoSlice has the layout of iovec; everything the header refers to is valid for its length and only read.
    check_size(unsafe { calls::sendmsg(fd, &m, flags | libc::MSG_NOSIGNAL) })
}

/// Control messages as the system wants them: aligned room, and its length in bytes.
fn pack(control: &[Control]) -> (Vec<u64>, usize) {
    // SAFETY: these compute with numbers only.
    let space = |n: usize| unsafe { libc::CMSG_SPACE(n as u32) as usize };
    let total: usize = control.iter().map(|c| space(c.data.len())).sum();
    let mut room = vec![0u64; total.div_ceil(8)];
    let mut at = 0;
    for c in control {
        // SAFETY: `total` counts this message's space, so header and data are within `room`, aligned as CMSG_SPACE rounds.
        unsafe {
            let h = room.as_mut_ptr().cast::<u8>().add(at).cast::<libc::cmsghdr>();
            (*h).cmsg_level = c.level;
            (*h).cmsg_type = c.kind;
            (*h).cmsg_len = libc::CMSG_LEN(c.data.len() as u32) as _;
            std::ptr::copy_nonoverlapping(c.data.as_ptr(), libc::CMSG_DATA(h), c.data.len());
        }
        at += space(c.data.len());
    }
    (room, total)
}

/// Sends a part of a file.
pub fn send_file(fd: RawFd, file: RawFd, offset: i64, count: usize) -> io::Result<usize> {
    let mut at = offset;
    // SAFETY: takes numbers, and a place for the offset.
    retry(|| check_size(unsafe { libc::sendfile(fd, file, &mut at, count) }))
}

/// A name of the machine.
pub fn host_name() -> io::Result<Vec<u8>> {
    let mut buf = [0u8; 256];
    // SAFETY: the buffer is valid for its length.
    check(unsafe { libc::gethostname(buf.as_mut_ptr().cast(), buf.len()) })?;
    let n = buf.iter().position(|b| *b == 0).unwrap_or(buf.len());
    Ok(buf[..n].to_vec())
}

/// A pair of connected Unix-domain sockets.
pub fn pair(kind: i32) -> io::Result<(OwnedFd, OwnedFd)> {
    let mut fds = MaybeUninit::<[i32; 2]>::uninit();
    let kind = kind | libc::SOCK_CLOEXEC | libc::SOCK_NONBLOCK;
    // SAFETY: there is room for two numbers; a successful call fills both with new descriptors that nobody else owns.
    unsafe {
        check(libc::socketpair(libc::AF_UNIX, kind, 0, fds.as_mut_ptr().cast()))?;
        let [a, b] = fds.assume_init();
        Ok((OwnedFd::from_raw_fd(a), OwnedFd::from_raw_fd(b)))
    }
}

/// Runs `f` with this thread in the network namespace that `path` names, and comes back.
pub fn in_namespace<T>(path: &std::ffi::CStr, f: impl FnOnce() -> io::Result<T>) -> io::Result<T> {
    use std::os::fd::AsRawFd;
    // Not /proc/self: that is the first thread's namespace, and it may be visiting another one just now.
    let here = crate::fd::open(c"/proc/thread-self/ns/net", true, false)?;
    let there = crate::fd::open(path, true, false)?;
    // SAFETY: changes this thread's namespace only.
    let enter = |fd: RawFd| check(unsafe { libc::setns(fd, libc::CLONE_NEWNET) });
    enter(there.as_raw_fd())?;
    let result = f();
    enter(here.as_raw_fd())?;
    result
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn addresses_both_ways() {
        let a = SockAddr::v4(Ipv4Addr::new(127, 0, 0, 1), 80);
        assert_eq!(a.read(), Addr::V4 { ip: Ipv4Addr::LOCALHOST, port: 80 });
        let a = SockAddr::v6(Ipv6Addr::LOCALHOST, 81, 1, 2);
        assert_eq!(a.read(), Addr::V6 { ip: Ipv6Addr::LOCALHOST, port: 81, flow: 1, scope: 2 });
        assert_eq!(SockAddr::unix(b"/tmp/x").unwrap().read(), Addr::Unix(b"/tmp/x"));
        assert_eq!(SockAddr::unix(b"\0ab").unwrap().read(), Addr::Unix(b"\0ab"));
        assert!(SockAddr::unix(&[b'x'; 109]).is_none());
        assert_eq!(SockAddr::unspecified().read(), Addr::Unspecified);
    }

    #[test]
    fn stream_and_control() {
        let (a, b) = pair(SOCK_STREAM).unwrap();
        let (a, b) = (a.as_raw_fd(), b.as_raw_fd());
        let mut v = Vec::new();
        assert!(crate::fd::would_block(&recv_append(a, &mut v, 9, 0).unwrap_err()));
        let data = [IoSlice::new(b"ab"), IoSlice::new(b"cde")];
        let (r, _w) = crate::fd::pipe().unwrap();
        let fd = r.as_raw_fd().to_ne_bytes().to_vec();
        let rights = Control { level: SOL_SOCKET, kind: libc::SCM_RIGHTS, data: fd };
        assert_eq!(send_message(b, &data, None, &[rights], 0).unwrap(), 5);
        let got = recv_message(a, &mut v, 3, 64, 0).unwrap();
        assert_eq!((got.len, v.as_slice()), (3, b"abc".as_slice()));
        assert_eq!(got.control.len(), 1);
        let fd = i32::from_ne_bytes(got.control[0].data.as_slice().try_into().unwrap());
        crate::fd::close(fd).unwrap();
        shutdown(b, SHUT_WR).unwrap();
        assert_eq!(recv_append(a, &mut v, 9, 0).unwrap(), 2);
        assert_eq!(recv_append(a, &mut v, 9, 0).unwrap(), 0);
        let e = send_message(b, &data, None, &[], 0).unwrap_err();
        assert_eq!(e.raw_os_error(), Some(libc::EPIPE));
        assert!(take_error(b).is_ok());
    }
}
