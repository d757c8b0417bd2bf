//! Names of hosts and services by the system's resolver. These calls may block for long.

use crate::socket::SockAddr;
use std::ffi::{CStr, CString};
use std::io;

/// Why the resolver has no answer.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ResolveError {
    /// By name, as Erlang code sees it.
    Named(&'static str),
    Errno(i32),
}

fn error(code: i32) -> ResolveError {
    ResolveError::Named(match code {
        libc::EAI_AGAIN => "eagain",
        libc::EAI_BADFLAGS => "ebadflags",
        libc::EAI_FAIL => "efail",
        libc::EAI_FAMILY => "efamily",
        libc::EAI_MEMORY => "emem",
        libc::EAI_NONAME => "enoname",
        libc::EAI_SERVICE => "eservice",
        libc::EAI_SOCKTYPE => "esocktype",
        libc::EAI_OVERFLOW => "eoverflow",
        libc::EAI_SYSTEM => {
            return ResolveError::Errno(io::Error::last_os_error().raw_os_error().unwrap_or(0));
        }
        _ => "unknown",
    })
}

/// One address of a host.
pub struct AddrInfo {
    pub family: i32,
    pub kind: i32,
    pub protocol: i32,
    pub addr: SockAddr,
}

/// The addresses of a host, a service or both.
pub fn addresses(
    host: Option<&[u8]>,
    service: Option<&[u8]>,
) -> Result<Vec<AddrInfo>, ResolveError> {
    let text = |s: Option<&[u8]>| match s {
        None => Ok(None),
        Some(s) => CString::new(s).map(Some).map_err(|_| error(libc::EAI_NONAME)),
    };
    let (host, service) = (text(host)?, text(service)?);
    let ptr = |s: &Option<CString>| s.as_ref().map_or(std::ptr::null(), |s| s.as_ptr());
    let mut list = std::ptr::null_mut();
    // SAFETY: names are terminated or null; fills in the list on success.
    let code = unsafe { libc::getaddrinfo(ptr(&host), ptr(&service), std::ptr::null(), &mut list) };
    if code != 0 {
        return Err(error(code));
    }
    let mut out = Vec::new();
    let mut at = list;
    while !at.is_null() {
        // SAFETY: the list is intact until it is freed, its addresses are complete.
        unsafe {
            let i = &*at;
            if let Some(addr) = SockAddr::copy(i.ai_addr) {
                out.push(AddrInfo {
                    family: i.ai_family,
                    kind: i.ai_socktype,
                    protocol: i.ai_protocol,
                    addr,
                });
            }
            at = i.ai_next;
        }
    }
    // SAFETY: made above, freed once.
    unsafe { libc::freeaddrinfo(list) };
    Ok(out)
}

pub mod flag {
    //! How names are to be found.
    pub const NAME_REQUIRED: i32 = libc::NI_NAMEREQD;
    pub const DGRAM: i32 = libc::NI_DGRAM;
    pub const NO_FQDN: i32 = libc::NI_NOFQDN;
    pub const NUMERIC_HOST: i32 = libc::NI_NUMERICHOST;
    pub const NUMERIC_SERVICE: i32 = libc::NI_NUMERICSERV;
    pub const IDN: i32 = 32;
}

/// Host and service of an address.
pub fn names(addr: &SockAddr, flags: i32) -> Result<(Vec<u8>, Vec<u8>), ResolveError> {
    let mut host = [0 as libc::c_char; 1025];
    let mut service = [0 as libc::c_char; 256];
    let bytes = addr.bytes();
    // SAFETY: the address and both rooms are valid for their lengths.
    let code = unsafe {
        libc::getnameinfo(
            bytes.as_ptr().cast(),
            bytes.len() as libc::socklen_t,
            host.as_mut_ptr(),
            host.len() as libc::socklen_t,
            service.as_mut_ptr(),
            service.len() as libc::socklen_t,
            flags,
        )
    };
    if code != 0 {
        return Err(error(code));
    }
    // SAFETY: the system ends both with zero.
    let text = |s: &[libc::c_char]| unsafe { CStr::from_ptr(s.as_ptr()).to_bytes().to_vec() };
    Ok((text(&host), text(&service)))
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::net::Ipv4Addr;

    #[test]
    fn numbers() {
        let a = SockAddr::v4(Ipv4Addr::LOCALHOST, 80);
        let f = flag::NUMERIC_HOST | flag::NUMERIC_SERVICE;
        assert_eq!(names(&a, f).unwrap(), (b"127.0.0.1".to_vec(), b"80".to_vec()));
        let all = addresses(Some(b"127.0.0.1"), None).unwrap();
        assert!(all.iter().any(|i| i.addr.bytes() == SockAddr::v4(Ipv4Addr::LOCALHOST, 0).bytes()));
        assert!(addresses(Some(b"a\0b"), None).is_err());
    }
}
