//! `setopts` and `getopts` [inet_drv.c: inet_set_opts, inet_fill_opts].
//!
//! An option is a byte and its value, mostly four bytes. Options that the system does not take are passed over in silence,
//! but for those that the reference reports; all others take effect one after the other up to the first mistake.

use super::address::Reader;
use super::code::{INFINITY, MULTI, PASSIVE, af, opt};
use super::descriptor::{Fail, Inet, Reply, state};
use super::packet::Kind;
use crate::port::PortCx;
use std::ffi::CString;
use std::io;
use sys::poll::Interest;
use sys::socket;
use term::{Atom, atom};

/// Options and states that only streams have.
pub(super) struct Stream {
    pub low: usize,
    pub high: usize,
    pub send_timeout: u32,
    pub send_timeout_close: bool,
    pub delay_send: bool,
    pub linger_zero: bool,
    pub show_econnreset: bool,
    /// Of a packet's header no more is read than is needed to know its length, so that nothing of what follows is taken.
    pub no_read_ahead: bool,
    /// The next operation is told of a reset that nobody has heard of yet.
    pub delayed_econnreset: bool,
    /// `{tcp_closed, Port}` was sent.
    pub told_closed: bool,
}

impl Stream {
    pub fn new() -> Stream {
        Stream {
            low: 4096,
            high: 8192,
            send_timeout: INFINITY,
            send_timeout_close: false,
            delay_send: false,
            linger_zero: false,
            show_econnreset: false,
            no_read_ahead: false,
            delayed_econnreset: false,
            told_closed: false,
        }
    }
    /// Tells the owner once that the connection is closed.
    pub fn tell_closed(&mut self, inet: &Inet, p: &PortCx<'_>) {
        if !std::mem::replace(&mut self.told_closed, true) {
            inet.tell(p, atom!("tcp_closed"));
        }
    }
}

/// What only one protocol has.
pub(super) enum Own<'a> {
    Tcp(&'a mut Stream),
    /// Option `read_packets`.
    Udp(&'a mut u32),
}

/// What has to follow a `setopts`.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum After {
    Nothing,
    /// Data that was read already may be a message now.
    Deliver,
    /// A read may find data.
    Receive,
}

/// Level and name of the option of the system that has this number, for values of one integer.
fn plain(code: u8) -> Option<(i32, i32)> {
    use libc_names::*;
    Some(match code {
        opt::REUSEADDR => (SOL_SOCKET, SO_REUSEADDR),
        opt::KEEPALIVE => (SOL_SOCKET, SO_KEEPALIVE),
        opt::DONTROUTE => (SOL_SOCKET, SO_DONTROUTE),
        opt::BROADCAST => (SOL_SOCKET, SO_BROADCAST),
        opt::OOBINLINE => (SOL_SOCKET, SO_OOBINLINE),
        opt::SNDBUF => (SOL_SOCKET, SO_SNDBUF),
        opt::RCVBUF => (SOL_SOCKET, SO_RCVBUF),
        opt::PRIORITY => (SOL_SOCKET, SO_PRIORITY),
        opt::REUSEPORT | opt::REUSEPORT_LB => (SOL_SOCKET, SO_REUSEPORT),
        opt::TOS => (IPPROTO_IP, IP_TOS),
        opt::TTL => (IPPROTO_IP, IP_TTL),
        opt::RECVTOS => (IPPROTO_IP, IP_RECVTOS),
        opt::RECVTTL => (IPPROTO_IP, IP_RECVTTL),
        opt::MULTICAST_TTL => (IPPROTO_IP, IP_MULTICAST_TTL),
        opt::MULTICAST_LOOP => (IPPROTO_IP, IP_MULTICAST_LOOP),
        opt::TCLASS => (IPPROTO_IPV6, IPV6_TCLASS),
        opt::RECVTCLASS => (IPPROTO_IPV6, IPV6_RECVTCLASS),
        opt::IPV6_V6ONLY => (IPPROTO_IPV6, IPV6_V6ONLY),
        opt::NODELAY => (IPPROTO_TCP, TCP_NODELAY),
        opt::NOPUSH => (IPPROTO_TCP, TCP_CORK),
        _ => return None,
    })
}

use sys::socket::names as libc_names;

/// The reference reports when the system refuses these.
fn is_reported(code: u8) -> bool {
    matches!(
        code,
        opt::PRIORITY
            | opt::TOS
            | opt::TCLASS
            | opt::TTL
            | opt::RECVTOS
            | opt::RECVTCLASS
            | opt::RECVTTL
            | opt::IPV6_V6ONLY
            | opt::BIND_TO_DEVICE
    )
}

/// Sets an option of the system. A type of service also changes the priority, which is put back.
fn set_system(inet: &Inet, level: i32, name: i32, value: &[u8]) -> io::Result<()> {
    use libc_names::*;
    let fd = inet.fd.unwrap_or(-1);
    let before = (level == IPPROTO_IP && name == IP_TOS)
        .then(|| socket::get_int(fd, SOL_SOCKET, SO_PRIORITY).ok())
        .flatten();
    socket::set_option(fd, level, name, value)?;
    if let Some(priority) = before {
        // Some systems set priorities that they do not let us set.
        let _ = socket::set_int(fd, SOL_SOCKET, SO_PRIORITY, priority);
    }
    Ok(())
}

/// Sets options in the order in which they come.
pub(super) fn set(
    inet: &mut Inet,
    own: &mut Own<'_>,
    p: &mut PortCx<'_>,
    data: &[u8],
) -> Result<After, Fail> {
    let mut r = Reader(data);
    let old_active = inet.active;
    let old_packet = inet.packet;
    while r.0.len() >= 5 {
        let (Some(code), Some(value)) = (r.u8(), r.i32()) else { break };
        if set_local(inet, own, p, code, value, &mut r)? {
            if inet.gone {
                return Ok(After::Nothing);
            }
            continue;
        }
        let done = match plain(code) {
            Some((level, name)) => {
                if code == opt::RCVBUF {
                    follow_receive_buffer(inet, value);
                }
                let done = set_system(inet, level, name, &value.to_ne_bytes());
                if done.is_ok() {
                    match code {
                        opt::RECVTOS => inet.receives_tos = value != 0,
                        opt::RECVTCLASS => inet.receives_tclass = value != 0,
                        opt::RECVTTL => inet.receives_ttl = value != 0,
                        _ => {}
                    }
                }
                done
            }
            None => set_other(inet, own, code, value, &mut r)?,
        };
        if done.is_err() && is_reported(code) {
            return Err(Fail::EINVAL);
        }
    }
    let stream = inet.kind == socket::SOCK_STREAM;
    let ready = if stream { inet.is(state::CONNECTED) } else { inet.is(state::OPEN) };
    if !ready {
        return Ok(After::Nothing);
    }
    let was_active = old_active != PASSIVE;
    let counted = inet.is_active() && inet.active != 1;
    if stream && !was_active && counted && inet.packet == old_packet {
        return Ok(After::Receive);
    }
    if inet.active != old_active && inet.ignored.is_none() {
        inet.select(p, Interest::READ, inet.is_active());
    }
    let changed = !was_active || inet.packet != old_packet;
    Ok(if stream && inet.is_active() && changed { After::Deliver } else { After::Nothing })
}

/// What the system may hold is read in one go, unless option `buffer` has been set. No datagram is larger than 64 KB.
fn follow_receive_buffer(inet: &mut Inet, value: i32) {
    let size = usize::try_from(value).unwrap_or(0);
    if !inet.buffer_set {
        let most = if inet.kind == socket::SOCK_DGRAM { 1 << 16 } else { usize::MAX };
        inet.buffer = inet.buffer.max(size.min(most));
    }
}

/// Sets an option of the driver itself. `false`: it is none.
fn set_local(
    inet: &mut Inet,
    own: &mut Own<'_>,
    p: &mut PortCx<'_>,
    code: u8,
    value: i32,
    r: &mut Reader<'_>,
) -> Result<bool, Fail> {
    let size = usize::try_from(value).unwrap_or(0);
    match code {
        opt::HEADER => inet.header = value as u32 as usize,
        opt::MODE => inet.list_mode = value == 0,
        opt::DELIVER => inet.deliver_port = value == 0,
        opt::BUFFER => {
            inet.buffer = size.max(1);
            inet.buffer_set = true;
        }
        opt::ACTIVE => set_active(inet, own, p, value, r)?,
        opt::PACKET => inet.packet = Kind::of(value).ok_or(Fail::EINVAL)?,
        opt::PACKET_SIZE => inet.packet_size = value as u32 as usize,
        opt::EXIT_ON_CLOSE => inet.exit_on_close = value != 0,
        opt::HIGH_MSGQ | opt::LOW_MSGQ => {
            // Sizes of the machine: negative ones are large, but the largest means none.
            if matches!(value, 0 | -1) {
                return Err(Fail::EINVAL);
            }
            let value = i64::from(value) as u64;
            if code == opt::HIGH_MSGQ {
                inet.msgq_high = value;
                inet.msgq_low = inet.msgq_low.min(value);
            } else {
                inet.msgq_low = value;
                inet.msgq_high = inet.msgq_high.max(value);
            }
        }
        opt::HIGH_WATERMARK
        | opt::LOW_WATERMARK
        | opt::SEND_TIMEOUT
        | opt::SEND_TIMEOUT_CLOSE
        | opt::DELAY_SEND => {
            if let Own::Tcp(s) = own
                && inet.kind == socket::SOCK_STREAM
            {
                match code {
                    opt::HIGH_WATERMARK => {
                        s.high = size;
                        s.low = s.low.min(size);
                    }
                    opt::LOW_WATERMARK => {
                        s.low = size;
                        s.high = s.high.max(size);
                    }
                    opt::SEND_TIMEOUT => s.send_timeout = value as u32,
                    opt::SEND_TIMEOUT_CLOSE => s.send_timeout_close = value != 0,
                    _ => s.delay_send = value != 0,
                }
            }
        }
        opt::SHOW_ECONNRESET => {
            if let Own::Tcp(s) = own {
                s.show_econnreset = value != 0;
            }
        }
        opt::READ_AHEAD => {
            if let Own::Tcp(s) = own {
                s.no_read_ahead = value == 0;
            }
        }
        opt::READ_PACKETS => {
            if let Own::Udp(n) = own
                && inet.kind == socket::SOCK_DGRAM
            {
                if value <= 0 {
                    return Err(Fail::EINVAL);
                }
                **n = value as u32;
            }
        }
        opt::NETNS => {
            let n = usize::try_from(value).map_err(|_| Fail::EINVAL)?;
            let path = r.take(n).ok_or(Fail::EINVAL)?;
            let end = path.iter().position(|b| *b == 0).unwrap_or(n);
            inet.netns = CString::new(&path[..end]).ok();
        }
        opt::LINE_DELIMITER => inet.delimiter = value as u8,
        opt::DEBUG => inet.debug = value != 0,
        _ => return Ok(false),
    }
    Ok(true)
}

fn set_active(
    inet: &mut Inet,
    own: &mut Own<'_>,
    p: &mut PortCx<'_>,
    value: i32,
    r: &mut Reader<'_>,
) -> Result<(), Fail> {
    inet.active = value;
    if value == MULTI {
        let n = i32::from(r.u16().ok_or(Fail::EINVAL)? as i16);
        let count = inet.active_count + n;
        if i16::try_from(count).is_err() {
            return Err(Fail::EINVAL);
        }
        inet.active_count = count.max(0);
        if inet.active_count == 0 {
            inet.active = PASSIVE;
            inet.tell_passive(p);
        }
    } else {
        inet.active_count = 0;
    }
    if let Own::Tcp(s) = own
        && inet.kind == socket::SOCK_STREAM
        && inet.is_active()
        && inet.state == state::CLOSED
    {
        // It is closed, which the owner learns now.
        if std::mem::take(&mut s.delayed_econnreset) {
            inet.tell_error(p, atom!("tcp_error"), Atom::new("econnreset"));
        }
        s.tell_closed(inet, p);
        if inet.exit_on_close {
            inet.gone = true;
            p.exit(0);
        }
    }
    Ok(())
}

/// Options of the system whose values are not one integer.
fn set_other(
    inet: &mut Inet,
    own: &mut Own<'_>,
    code: u8,
    value: i32,
    r: &mut Reader<'_>,
) -> Result<io::Result<()>, Fail> {
    use libc_names::*;
    let v4 = inet.family == socket::AF_INET;
    Ok(match code {
        opt::LINGER => {
            let seconds = r.i32().ok_or(Fail::EINVAL)?;
            if let Own::Tcp(s) = own {
                s.linger_zero = value != 0 && seconds == 0;
            }
            let both = [value.to_ne_bytes(), seconds.to_ne_bytes()].concat();
            set_system(inet, SOL_SOCKET, SO_LINGER, &both)
        }
        opt::MULTICAST_IF => match inet.family {
            socket::AF_INET => set_system(inet, IPPROTO_IP, IP_MULTICAST_IF, &value.to_be_bytes()),
            socket::AF_INET6 => {
                set_system(inet, IPPROTO_IPV6, IPV6_MULTICAST_IF, &value.to_ne_bytes())
            }
            _ => return Err(Fail::EINVAL),
        },
        opt::ADD_MEMBERSHIP | opt::DROP_MEMBERSHIP => {
            let add = code == opt::ADD_MEMBERSHIP;
            let interface = r.u32().ok_or(Fail::EINVAL)?;
            if value == i32::from(af::INET) && v4 {
                let group: [u8; 4] = r.array().ok_or(Fail::EINVAL)?;
                let local: [u8; 4] = r.array().ok_or(Fail::EINVAL)?;
                let request = [group, local, interface.to_ne_bytes()].concat();
                let name = if add { IP_ADD_MEMBERSHIP } else { IP_DROP_MEMBERSHIP };
                set_system(inet, IPPROTO_IP, name, &request)
            } else if value == i32::from(af::INET6) && inet.family == socket::AF_INET6 {
                let mut request = r.take(16).ok_or(Fail::EINVAL)?.to_vec();
                request.extend(interface.to_ne_bytes());
                let name = if add { IPV6_ADD_MEMBERSHIP } else { IPV6_DROP_MEMBERSHIP };
                set_system(inet, IPPROTO_IPV6, name, &request)
            } else {
                return Err(Fail::EINVAL);
            }
        }
        opt::RAW => {
            let name = r.i32().ok_or(Fail::EINVAL)?;
            let n = r.u32().ok_or(Fail::EINVAL)?;
            let data = r.take(n as usize).ok_or(Fail::EINVAL)?;
            set_system(inet, value, name, data)
        }
        opt::BIND_TO_DEVICE => {
            let n = usize::try_from(value).map_err(|_| Fail::EINVAL)?;
            let name = r.take(n).filter(|n| n.len() < IFNAMSIZ).ok_or(Fail::EINVAL)?;
            let mut room = [0u8; IFNAMSIZ];
            room[..n].copy_from_slice(name);
            set_system(inet, SOL_SOCKET, SO_BINDTODEVICE, &room)
        }
        _ => return Err(Fail::EINVAL),
    })
}

/// Most bytes of a `getopts`.
const MOST: usize = 64 << 10;

/// The values of options. Those that the system does not know are left out.
pub(super) fn get(inet: &Inet, own: &Own<'_>, data: &[u8]) -> Reply {
    let mut r = Reader(data);
    let mut out = Vec::new();
    while let Some(code) = r.u8() {
        let mut put = |value: i32| {
            out.push(code);
            out.extend(value.to_be_bytes());
        };
        match code {
            opt::ACTIVE => {
                put(inet.active);
                if inet.active == MULTI {
                    out.extend((inet.active_count as u16).to_be_bytes());
                }
            }
            opt::RAW => get_raw(inet, &mut r, &mut out)?,
            opt::PKTOPTIONS => get_packet_options(inet, &mut out)?,
            _ => match local(inet, own, code) {
                Some(Some(value)) => put(value),
                Some(None) => {}
                None => get_system(inet, code, &mut out)?,
            },
        }
        if out.len() > MOST {
            return Err(Fail::EINVAL);
        }
    }
    Ok(out)
}

/// The value of an option of the driver; `None` inside: this socket has no such option.
fn local(inet: &Inet, own: &Own<'_>, code: u8) -> Option<Option<i32>> {
    let size = |n: usize| i32::try_from(n).unwrap_or(i32::MAX);
    let limit = |n: u64| i32::try_from(n).unwrap_or(i32::MAX);
    Some(Some(match code {
        opt::BUFFER => size(inet.buffer),
        opt::HEADER => inet.header as u32 as i32,
        opt::MODE => i32::from(!inet.list_mode),
        opt::DELIVER => i32::from(!inet.deliver_port),
        opt::PACKET => inet.packet.number(),
        opt::PACKET_SIZE => inet.packet_size as u32 as i32,
        opt::EXIT_ON_CLOSE => i32::from(inet.exit_on_close),
        opt::HIGH_MSGQ => limit(inet.msgq_high),
        opt::LOW_MSGQ => limit(inet.msgq_low),
        opt::DEBUG => i32::from(inet.debug),
        opt::SHOW_ECONNRESET => match own {
            Own::Tcp(s) => i32::from(s.show_econnreset),
            Own::Udp(_) => return Some(None),
        },
        opt::READ_AHEAD => match own {
            Own::Tcp(s) => i32::from(!s.no_read_ahead),
            Own::Udp(_) => return Some(None),
        },
        opt::READ_PACKETS => match own {
            Own::Udp(n) if inet.kind == socket::SOCK_DGRAM => **n as i32,
            _ => return Some(None),
        },
        opt::HIGH_WATERMARK
        | opt::LOW_WATERMARK
        | opt::SEND_TIMEOUT
        | opt::SEND_TIMEOUT_CLOSE
        | opt::DELAY_SEND => match own {
            Own::Tcp(s) if inet.kind == socket::SOCK_STREAM => match code {
                opt::HIGH_WATERMARK => size(s.high),
                opt::LOW_WATERMARK => size(s.low),
                opt::SEND_TIMEOUT => s.send_timeout as i32,
                opt::SEND_TIMEOUT_CLOSE => i32::from(s.send_timeout_close),
                _ => i32::from(s.delay_send),
            },
            _ => return Some(None),
        },
        _ => return None,
    }))
}

fn get_system(inet: &Inet, code: u8, out: &mut Vec<u8>) -> Result<(), Fail> {
    use libc_names::*;
    let fd = inet.fd.unwrap_or(-1);
    let mut put = |parts: &[i32]| {
        out.push(code);
        parts.iter().for_each(|n| out.extend(n.to_be_bytes()));
    };
    if let Some((level, name)) = plain(code) {
        if let Ok(value) = socket::get_int(fd, level, name) {
            put(&[value]);
        }
        return Ok(());
    }
    match code {
        opt::LINGER => {
            let mut both = [0; 8];
            if socket::get_option(fd, SOL_SOCKET, SO_LINGER, &mut both).is_ok() {
                let [a, b, c, d, e, f, g, h] = both;
                put(&[i32::from_ne_bytes([a, b, c, d]), i32::from_ne_bytes([e, f, g, h])]);
            }
        }
        opt::MULTICAST_IF => {
            let (domain, level, name) = match inet.family {
                socket::AF_INET => (af::INET, IPPROTO_IP, IP_MULTICAST_IF),
                socket::AF_INET6 => (af::INET6, IPPROTO_IPV6, IPV6_MULTICAST_IF),
                _ => return Err(Fail::EINVAL),
            };
            if let Ok(value) = socket::get_int(fd, level, name) {
                // The address comes first here, as `prim_inet` takes it apart.
                let value = if domain == af::INET { i32::from_be(value) } else { value };
                put(&[value, domain.into()]);
            }
        }
        opt::NETNS => {
            if let Some(path) = &inet.netns {
                put(&[path.as_bytes().len() as i32]);
                out.extend(path.as_bytes());
            }
        }
        opt::BIND_TO_DEVICE => {
            let mut name = [0u8; IFNAMSIZ];
            if let Ok(n) = socket::get_option(fd, SOL_SOCKET, SO_BINDTODEVICE, &mut name) {
                let n = name[..n].iter().position(|b| *b == 0).unwrap_or(n);
                put(&[n as i32]);
                out.extend(&name[..n]);
            }
        }
        _ => return Err(Fail::EINVAL),
    }
    Ok(())
}

fn get_raw(inet: &Inet, r: &mut Reader<'_>, out: &mut Vec<u8>) -> Result<(), Fail> {
    let (Some(level), Some(name), Some(given), Some(size)) = (r.i32(), r.i32(), r.u8(), r.u32())
    else {
        return Err(Fail::EINVAL);
    };
    let size = size as usize;
    // With its head of 13 bytes.
    if size > MOST - 13 {
        return Err(Fail::EINVAL);
    }
    let mut value = vec![0; size];
    if given != 0 {
        value.copy_from_slice(r.take(size).ok_or(Fail::EINVAL)?);
    }
    if let Ok(n) = socket::get_option(inet.fd.unwrap_or(-1), level, name, &mut value) {
        out.push(opt::RAW);
        for number in [level, name, n as i32] {
            out.extend(number.to_be_bytes());
        }
        out.extend(&value[..n]);
    }
    Ok(())
}

/// Type of service and time to live as the last packet brought them.
fn get_packet_options(inet: &Inet, out: &mut Vec<u8>) -> Result<(), Fail> {
    use libc_names::*;
    let (level, name) = match inet.family {
        socket::AF_INET => (IPPROTO_IP, IP_PKTOPTIONS),
        socket::AF_INET6 => (IPPROTO_IPV6, IPV6_PKTOPTIONS),
        _ => return Err(Fail::EINVAL),
    };
    let mut room = [0u64; 6];
    let fd = inet.fd.unwrap_or(-1);
    let Ok(controls) = socket::get_controls(fd, level, name, &mut room) else {
        return Ok(());
    };
    let mut values = Vec::new();
    for c in &controls {
        if let Some(code) = control_code(c.level, c.kind) {
            values.push(code);
            values.extend(control_value(&c.data).to_be_bytes());
        }
    }
    out.push(opt::PKTOPTIONS);
    out.extend((values.len() as u32).to_be_bytes());
    out.extend(values);
    Ok(())
}

/// The option that a control message brings the value of.
pub(super) fn control_code(level: i32, kind: i32) -> Option<u8> {
    use libc_names::*;
    match (level, kind) {
        (IPPROTO_IP, IP_TOS | IP_RECVTOS) => Some(opt::TOS),
        (IPPROTO_IPV6, IPV6_TCLASS) => Some(opt::TCLASS),
        (IPPROTO_IP, IP_TTL | IP_RECVTTL) => Some(opt::TTL),
        _ => None,
    }
}

/// The integer in a control message, which may have several sizes.
pub(super) fn control_value(data: &[u8]) -> u32 {
    match data {
        [a] => u32::from(*a),
        [a, b] => u16::from_ne_bytes([*a, *b]).into(),
        [a, b, c, d] => u32::from_ne_bytes([*a, *b, *c, *d]),
        _ => 0,
    }
}
