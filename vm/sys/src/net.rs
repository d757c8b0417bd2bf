//! Interfaces and services of the network, as the system lists them.

use crate::fd::check;
use crate::socket::SockAddr;
use std::ffi::{CStr, CString};
use std::io;
use std::os::fd::RawFd;

/// A bare address of an interface.
#[derive(Clone, PartialEq, Eq, Debug)]
pub enum IfAddr {
    V4([u8; 4]),
    V6([u8; 16]),
    /// Hardware.
    Link(Vec<u8>),
}

/// One entry of the system's list: an interface, and one address of it.
#[derive(Clone)]
pub struct Interface {
    pub name: Vec<u8>,
    /// `IFF_UP` and others.
    pub flags: u32,
    pub addr: Option<IfAddr>,
    pub netmask: Option<IfAddr>,
    /// The broadcast address, or the other end's.
    pub other: Option<IfAddr>,
    /// The same three in full.
    pub full: [Option<SockAddr>; 3],
}

pub mod flag {
    //! Flags of an interface.
    pub const UP: u32 = libc::IFF_UP as u32;
    pub const BROADCAST: u32 = libc::IFF_BROADCAST as u32;
    pub const LOOPBACK: u32 = libc::IFF_LOOPBACK as u32;
    pub const POINT_TO_POINT: u32 = libc::IFF_POINTOPOINT as u32;
    pub const RUNNING: u32 = libc::IFF_RUNNING as u32;
    pub const MULTICAST: u32 = libc::IFF_MULTICAST as u32;
}

/// # Safety
/// `addr` is null, or an address of the system, complete for its family.
unsafe fn read(addr: *const libc::sockaddr) -> Option<IfAddr> {
    if addr.is_null() {
        return None;
    }
    // SAFETY: as the caller promises; reads do not ask for alignment.
    unsafe {
        match i32::from((*addr).sa_family) {
            libc::AF_INET | libc::AF_UNSPEC => {
                let a = addr.cast::<libc::sockaddr_in>().read_unaligned();
                Some(IfAddr::V4(a.sin_addr.s_addr.to_ne_bytes()))
            }
            libc::AF_INET6 => {
                let a = addr.cast::<libc::sockaddr_in6>().read_unaligned();
                Some(IfAddr::V6(a.sin6_addr.s6_addr))
            }
            #[cfg(target_os = "linux")]
            libc::AF_PACKET => {
                let a = addr.cast::<libc::sockaddr_ll>().read_unaligned();
                let n = usize::from(a.sll_halen).min(a.sll_addr.len());
                Some(IfAddr::Link(a.sll_addr[..n].to_vec()))
            }
            _ => None,
        }
    }
}

/// All interfaces with all their addresses.
pub fn interfaces() -> io::Result<Vec<Interface>> {
    let mut list = std::ptr::null_mut();
    // SAFETY: fills in the pointer.
    check(unsafe { libc::getifaddrs(&mut list) })?;
    let mut out = Vec::new();
    let mut at = list;
    while !at.is_null() {
        // SAFETY: the list is intact until it is freed; names end in zero.
        unsafe {
            let i = &*at;
            out.push(Interface {
                name: CStr::from_ptr(i.ifa_name).to_bytes().to_vec(),
                flags: i.ifa_flags,
                addr: read(i.ifa_addr),
                netmask: read(i.ifa_netmask),
                other: read(i.ifa_ifu),
                full: [
                    SockAddr::copy(i.ifa_addr),
                    SockAddr::copy(i.ifa_netmask),
                    SockAddr::copy(i.ifa_ifu),
                ],
            });
            at = i.ifa_next;
        }
    }
    // SAFETY: made above, freed once.
    unsafe { libc::freeifaddrs(list) };
    Ok(out)
}

/// What can be asked of an interface by name.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Query {
    Addr,
    Broadcast,
    Peer,
    Netmask,
}

fn request(name: &[u8]) -> libc::ifreq {
    // SAFETY: a plain C structure, for which zeroes are valid.
    let mut r: libc::ifreq = unsafe { std::mem::zeroed() };
    let most = r.ifr_name.len() - 1;
    for (to, from) in r.ifr_name.iter_mut().zip(&name[..name.len().min(most)]) {
        *to = *from as libc::c_char;
    }
    r
}

fn ask(socket: RawFd, what: libc::c_ulong, r: &mut libc::ifreq) -> io::Result<()> {
    // SAFETY: these requests read and write the structure only.
    check(unsafe { libc::ioctl(socket, what as _, r) }).map(drop)
}

/// An address of an interface, asked for through any socket.
pub fn address(socket: RawFd, name: &[u8], what: Query) -> io::Result<IfAddr> {
    let mut r = request(name);
    let code = match what {
        Query::Addr => libc::SIOCGIFADDR,
        Query::Broadcast => libc::SIOCGIFBRDADDR,
        Query::Peer => libc::SIOCGIFDSTADDR,
        Query::Netmask => libc::SIOCGIFNETMASK,
    };
    ask(socket, code, &mut r)?;
    // SAFETY: the system has filled in an address, all of whose variants begin alike.
    let addr = unsafe { read(&r.ifr_ifru.ifru_addr) };
    addr.ok_or_else(|| io::ErrorKind::InvalidData.into())
}

/// The hardware address of an interface.
pub fn hardware_address(socket: RawFd, name: &[u8]) -> io::Result<[u8; 6]> {
    let mut r = request(name);
    ask(socket, libc::SIOCGIFHWADDR, &mut r)?;
    // SAFETY: the system has filled in this variant.
    let data = unsafe { r.ifr_ifru.ifru_hwaddr.sa_data };
    Ok(std::array::from_fn(|i| data[i] as u8))
}

/// How many bytes can be read.
pub fn readable(socket: RawFd) -> io::Result<i32> {
    number(socket, libc::FIONREAD)
}

/// Whether the next byte is the one after urgent data.
pub fn at_mark(socket: RawFd) -> io::Result<bool> {
    // Not in the libc crate.
    const SIOCATMARK: libc::Ioctl = 0x8905;
    Ok(number(socket, SIOCATMARK)? != 0)
}

fn number(socket: RawFd, request: libc::Ioctl) -> io::Result<i32> {
    let mut n: libc::c_int = 0;
    // SAFETY: these requests write one number.
    crate::fd::check(unsafe { libc::ioctl(socket, request, &mut n) })?;
    Ok(n)
}

pub fn mtu(socket: RawFd, name: &[u8]) -> io::Result<i32> {
    let mut r = request(name);
    ask(socket, libc::SIOCGIFMTU, &mut r)?;
    // SAFETY: the system has filled in this variant.
    Ok(unsafe { r.ifr_ifru.ifru_mtu })
}

pub fn flags(socket: RawFd, name: &[u8]) -> io::Result<u32> {
    let mut r = request(name);
    ask(socket, libc::SIOCGIFFLAGS, &mut r)?;
    // SAFETY: the system has filled in this variant.
    Ok(unsafe { r.ifr_ifru.ifru_flags } as u16 as u32)
}

/// The number of an interface, asked for through any socket.
pub fn index_of(socket: RawFd, name: &[u8]) -> io::Result<i32> {
    let mut r = request(name);
    ask(socket, libc::SIOCGIFINDEX, &mut r)?;
    // SAFETY: the system has filled in this variant.
    Ok(unsafe { r.ifr_ifru.ifru_ifindex })
}

/// The number of an interface by its name.
pub fn number_of(name: &[u8]) -> io::Result<u32> {
    let name = CString::new(name).map_err(|_| io::ErrorKind::InvalidInput)?;
    // SAFETY: the name is terminated.
    match unsafe { libc::if_nametoindex(name.as_ptr()) } {
        0 => Err(io::Error::last_os_error()),
        n => Ok(n),
    }
}

/// The name of an interface by its number.
pub fn name_of(index: u32) -> io::Result<Vec<u8>> {
    let mut room = [0 as libc::c_char; libc::IF_NAMESIZE];
    // SAFETY: the room is as large as names may be, and ends in zero after success.
    unsafe {
        if libc::if_indextoname(index, room.as_mut_ptr()).is_null() {
            return Err(io::Error::last_os_error());
        }
        Ok(CStr::from_ptr(room.as_ptr()).to_bytes().to_vec())
    }
}

/// Kind and bytes of a hardware address.
pub fn hardware(socket: RawFd, name: &[u8]) -> io::Result<(u16, Vec<u8>)> {
    let mut r = request(name);
    ask(socket, libc::SIOCGIFHWADDR, &mut r)?;
    // SAFETY: the system has filled in this variant.
    let a = unsafe { r.ifr_ifru.ifru_hwaddr };
    Ok((a.sa_family, a.sa_data.iter().map(|b| *b as u8).collect()))
}

/// Length of the queue for output.
pub fn queue_length(socket: RawFd, name: &[u8]) -> io::Result<i32> {
    let mut r = request(name);
    ask(socket, libc::SIOCGIFTXQLEN, &mut r)?;
    // SAFETY: the system has filled in this variant, which begins the union as all do.
    Ok(unsafe { r.ifr_ifru.ifru_metric })
}
pub fn set_queue_length(socket: RawFd, name: &[u8], n: i32) -> io::Result<()> {
    let mut r = request(name);
    r.ifr_ifru.ifru_metric = n;
    ask(socket, libc::SIOCSIFTXQLEN, &mut r)
}

/// Where a device is in memory.
#[derive(Clone, Copy, Default, Debug)]
pub struct Map {
    pub mem_start: u64,
    pub mem_end: u64,
    pub base_addr: u16,
    pub irq: u8,
    pub dma: u8,
    pub port: u8,
}

pub fn map(socket: RawFd, name: &[u8]) -> io::Result<Map> {
    let mut r = request(name);
    ask(socket, libc::SIOCGIFMAP, &mut r)?;
    // SAFETY: the system has filled in this variant.
    let m = unsafe { r.ifr_ifru.ifru_map };
    Ok(Map {
        mem_start: m.mem_start,
        mem_end: m.mem_end,
        base_addr: m.base_addr,
        irq: m.irq,
        dma: m.dma,
        port: m.port,
    })
}

pub fn set_address(socket: RawFd, name: &[u8], what: Query, ip: [u8; 4]) -> io::Result<()> {
    let mut r = request(name);
    // SAFETY: as in `request`.
    let mut a: libc::sockaddr_in = unsafe { std::mem::zeroed() };
    a.sin_family = libc::AF_INET as libc::sa_family_t;
    a.sin_addr.s_addr = u32::from_ne_bytes(ip);
    // SAFETY: an internet address has the size of a general one, both are plain numbers.
    r.ifr_ifru.ifru_addr = unsafe { std::mem::transmute::<libc::sockaddr_in, libc::sockaddr>(a) };
    let code = match what {
        Query::Addr => libc::SIOCSIFADDR,
        Query::Broadcast => libc::SIOCSIFBRDADDR,
        Query::Peer => libc::SIOCSIFDSTADDR,
        Query::Netmask => libc::SIOCSIFNETMASK,
    };
    ask(socket, code, &mut r)
}

pub fn set_mtu(socket: RawFd, name: &[u8], mtu: i32) -> io::Result<()> {
    let mut r = request(name);
    r.ifr_ifru.ifru_mtu = mtu;
    ask(socket, libc::SIOCSIFMTU, &mut r)
}

pub fn set_flags(socket: RawFd, name: &[u8], flags: u32) -> io::Result<()> {
    let mut r = request(name);
    r.ifr_ifru.ifru_flags = flags as libc::c_short;
    ask(socket, libc::SIOCSIFFLAGS, &mut r)
}

pub fn set_hardware_address(socket: RawFd, name: &[u8], addr: &[u8]) -> io::Result<()> {
    let mut r = request(name);
    // SAFETY: as in `request`.
    let mut a: libc::sockaddr = unsafe { std::mem::zeroed() };
    let room = a.sa_data.get_mut(..addr.len()).ok_or(io::ErrorKind::InvalidInput)?;
    for (to, from) in room.iter_mut().zip(addr) {
        *to = *from as libc::c_char;
    }
    r.ifr_ifru.ifru_hwaddr = a;
    ask(socket, libc::SIOCSIFHWADDR, &mut r)
}

const ROOM: usize = 16 << 10;

/// The port number of a service.
pub fn service_port(name: &[u8], protocol: Option<&[u8]>) -> Option<u16> {
    let name = CString::new(name).ok()?;
    let protocol = protocol.map(CString::new).transpose().ok()?;
    let mut entry = std::mem::MaybeUninit::<libc::servent>::uninit();
    let mut room = vec![0 as libc::c_char; ROOM];
    let mut found = std::ptr::null_mut();
    // SAFETY: the names are terminated, the room is valid for its length; on success `found` is null or points to `entry`.
    unsafe {
        let r = servent::getservbyname_r(
            name.as_ptr(),
            protocol.as_ref().map_or(std::ptr::null(), |p| p.as_ptr()),
            entry.as_mut_ptr(),
            room.as_mut_ptr(),
            room.len(),
            &mut found,
        );
        (r == 0 && !found.is_null()).then(|| u16::from_be((*found).s_port as u16))
    }
}

/// The name of the service of a port number.
pub fn service_name(port: u16, protocol: Option<&[u8]>) -> Option<Vec<u8>> {
    let protocol = protocol.map(CString::new).transpose().ok()?;
    let mut entry = std::mem::MaybeUninit::<libc::servent>::uninit();
    let mut room = vec![0 as libc::c_char; ROOM];
    let mut found = std::ptr::null_mut();
    // SAFETY: as above; the name ends in zero and is copied before the room goes.
    unsafe {
        let r = servent::getservbyport_r(
            i32::from(port.to_be()),
            protocol.as_ref().map_or(std::ptr::null(), |p| p.as_ptr()),
            entry.as_mut_ptr(),
            room.as_mut_ptr(),
            room.len(),
            &mut found,
        );
        (r == 0 && !found.is_null()).then(|| CStr::from_ptr((*found).s_name).to_bytes().to_vec())
    }
}

/// Of glibc; the libc crate does not declare them.
mod servent {
    use libc::{c_char, c_int, servent, size_t};
    unsafe extern "C" {
        pub fn getservbyname_r(
            name: *const c_char,
            protocol: *const c_char,
            entry: *mut servent,
            room: *mut c_char,
            len: size_t,
            found: *mut *mut servent,
        ) -> c_int;
        pub fn getservbyport_r(
            port: c_int,
            protocol: *const c_char,
            entry: *mut servent,
            room: *mut c_char,
            len: size_t,
            found: *mut *mut servent,
        ) -> c_int;
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn loopback() {
        let all = interfaces().unwrap();
        let lo = all.iter().find(|i| i.flags & flag::LOOPBACK != 0).unwrap();
        let s = crate::socket::open(libc::AF_INET, libc::SOCK_DGRAM, 0).unwrap();
        let s = std::os::fd::AsRawFd::as_raw_fd(&s);
        assert_eq!(flags(s, &lo.name).unwrap() & flag::LOOPBACK, flag::LOOPBACK);
        assert_eq!(address(s, &lo.name, Query::Addr).unwrap(), IfAddr::V4([127, 0, 0, 1]));
        assert!(mtu(s, &lo.name).unwrap() > 0);
        assert!(mtu(s, b"no such interface").is_err());
        assert_eq!(service_port(b"no such service", Some(b"tcp")), None);
    }
}
