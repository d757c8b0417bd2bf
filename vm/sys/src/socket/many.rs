//! Many messages in one call of the system: `sendmmsg`, `recvmmsg`.

use super::{Control, Received, SockAddr, controls, pack};
use crate::fd::{check, retry};
use std::io::{self, IoSlice};
use std::mem::size_of;
use std::os::fd::RawFd;

/// Most messages of one call.
pub const MAX_MESSAGES: usize = 1024;

/// A message to be sent.
pub struct Outgoing<'a> {
    pub data: Vec<IoSlice<'a>>,
    pub addr: Option<SockAddr>,
    pub control: Vec<Control>,
}

/// Sends messages in order (the first [`MAX_MESSAGES`]) as far as the system takes them: how many bytes of each that it took.
pub fn send_messages(fd: RawFd, all: &[Outgoing<'_>], flags: i32) -> io::Result<Vec<usize>> {
    let all = &all[..all.len().min(MAX_MESSAGES)];
    let mut rooms: Vec<(Vec<u64>, usize)> = all.iter().map(|m| pack(&m.control)).collect();
    let mut headers = empty_headers(all.len());
    for ((m, room), header) in all.iter().zip(&mut rooms).zip(&mut headers) {
        let h = &mut header.msg_hdr;
        if let Some(a) = &m.addr {
            h.msg_name = a.ptr().cast_mut().cast();
            h.msg_namelen = a.len;
        }
        h.msg_iov = m.data.as_ptr().cast_mut().cast();
        h.msg_iovlen = m.data.len().min(super::MAX_SLICES) as _;
        if room.1 != 0 {
            h.msg_control = room.0.as_mut_ptr().cast();
            h.msg_controllen = room.1 as _;
        }
    }
    let n = retry(|| {
        let (first, count) = (headers.as_mut_ptr(), headers.len() as u32);
        // SAFETY: `count` headers are there; what they refer to is valid for its length and only read.
        check(unsafe { libc::sendmmsg(fd, first, count, flags | libc::MSG_NOSIGNAL) })
    })?;
    Ok(headers.iter().take(n as usize).map(|h| h.msg_len as usize).collect())
}

/// Receives as many messages as are there, at most `count`, each of at most `max` bytes.
pub fn recv_messages(
    fd: RawFd,
    count: usize,
    max: usize,
    control_room: usize,
    flags: i32,
) -> io::Result<Vec<(Received, Vec<u8>)>> {
    let count = count.min(MAX_MESSAGES);
    let words = control_room.div_ceil(8);
    let too_large = || io::Error::from_raw_os_error(libc::ENOMEM);
    let mut data: Vec<u8> = Vec::new();
    crate::oom::reserve(&mut data, count.checked_mul(max).ok_or_else(too_large)?)?;
    // Words, so that they are aligned for the headers in them.
    let mut control: Vec<u64> = Vec::new();
    let all_words = count.checked_mul(words).ok_or_else(too_large)?;
    control.try_reserve_exact(all_words).map_err(|_| too_large())?;
    control.resize(all_words, 0);
    let mut addrs = vec![SockAddr::empty(); count];
    let first = data.as_mut_ptr();
    let mut parts: Vec<libc::iovec> = (0..count)
        .map(|i| libc::iovec { iov_base: first.wrapping_add(i * max).cast(), iov_len: max })
        .collect();
    let mut headers = empty_headers(count);
    for (i, header) in headers.iter_mut().enumerate() {
        let h = &mut header.msg_hdr;
        h.msg_name = std::ptr::from_mut(&mut addrs[i].storage).cast();
        h.msg_namelen = size_of::<libc::sockaddr_storage>() as libc::socklen_t;
        h.msg_iov = &mut parts[i];
        h.msg_iovlen = 1;
        h.msg_control = control.as_mut_ptr().wrapping_add(i * words).cast();
        h.msg_controllen = control_room as _;
    }
    let flags = flags | libc::MSG_CMSG_CLOEXEC;
    let n = retry(|| {
        let (first, count) = (headers.as_mut_ptr(), headers.len() as u32);
        // SAFETY: `count` headers are there; what they refer to is valid for its length, and no two share any of it.
        check(unsafe { libc::recvmmsg(fd, first, count, flags, std::ptr::null_mut()) })
    })?;
    let one = |(i, header): (usize, &libc::mmsghdr)| {
        let m = &header.msg_hdr;
        // Of what was cut short the whole length may be told.
        let len = (header.msg_len as usize).min(max);
        // SAFETY: the system has written `len` bytes there, within the reserved room.
        let bytes = unsafe { std::slice::from_raw_parts(first.wrapping_add(i * max), len) };
        let mut addr = addrs[i];
        addr.len = m.msg_namelen;
        let flags = m.msg_flags & !libc::MSG_CMSG_CLOEXEC;
        (Received { len, addr, control: controls(m), flags }, bytes.to_vec())
    };
    Ok(headers.iter().take(n as usize).enumerate().map(one).collect())
}

fn empty_headers(count: usize) -> Vec<libc::mmsghdr> {
    // SAFETY: a plain C structure, for which zeroes are valid.
    (0..count).map(|_| unsafe { std::mem::zeroed() }).collect()
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::os::fd::AsRawFd;

    #[test]
    fn datagrams_both_ways() {
        let (a, b) = super::super::pair(libc::SOCK_DGRAM).unwrap();
        let texts: [&[u8]; 3] = [b"one", b"", b"three"];
        let out: Vec<Outgoing<'_>> = texts
            .iter()
            .map(|t| Outgoing { data: vec![IoSlice::new(t)], addr: None, control: Vec::new() })
            .collect();
        assert_eq!(send_messages(a.as_raw_fd(), &out, 0).unwrap(), [3, 0, 5]);
        let got = recv_messages(b.as_raw_fd(), 8, 4, 64, libc::MSG_DONTWAIT).unwrap();
        let got: Vec<(&[u8], bool)> =
            got.iter().map(|(r, d)| (&d[..], r.flags & libc::MSG_TRUNC != 0)).collect();
        assert_eq!(got, [(&b"one"[..], false), (b"", false), (b"thre", true)]);
        assert!(recv_messages(b.as_raw_fd(), 8, usize::MAX / 2, 0, 0).is_err());
    }
}
