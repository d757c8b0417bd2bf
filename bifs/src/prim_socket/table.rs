//! Names and numbers: protocols, flags of messages, requests of `ioctl` [prim_socket_nif.c: esock_supports_*].

use term::{Atom, Heap, Term};

/// Flags of sends and receives.
const MESSAGE_FLAGS: [(&str, i32); 11] = [
    ("cmsg_cloexec", 0x4000_0000),
    ("confirm", 0x800),
    ("ctrunc", 8),
    ("dontroute", 4),
    ("eor", 0x80),
    ("errqueue", 0x2000),
    ("more", 0x8000),
    ("nosignal", 0x4000),
    ("oob", 1),
    ("peek", 2),
    ("trunc", 0x20),
];

/// Requests of `ioctl`.
const REQUESTS: [(&str, i64); 18] = [
    ("gifaddr", 35093),
    ("gifbrdaddr", 35097),
    ("gifconf", 35090),
    ("gifdstaddr", 35095),
    ("gifflags", 35091),
    ("gifhwaddr", 35111),
    ("gifindex", 35123),
    ("gifmap", 35184),
    ("gifmtu", 35105),
    ("gifname", 35088),
    ("gifnetmask", 35099),
    ("giftxqlen", 35138),
    ("sifaddr", 35094),
    ("sifbrdaddr", 35098),
    ("sifdstaddr", 35096),
    ("sifflags", 35092),
    ("sifmtu", 35106),
    ("siftxqlen", 35139),
];

/// Known since OTP 27.
const REQUESTS_27: [(&str, i64); 2] = [("nread", 0x541b), ("atmark", 0x8905)];
const INTERFACE_FLAGS_27: [(&str, i64); 2] = [("dhcprunning", 0), ("private", 0)];
/// Known since OTP 29.
const MESSAGE_FLAGS_29: [(&str, i64); 1] = [("notification", 0x8000)];

/// The name of a request.
pub fn request(number: i64) -> &'static str {
    let mut all = REQUESTS.iter().chain(&REQUESTS_27);
    all.find(|(_, n)| *n == number).map_or("", |(name, _)| name)
}

/// Flags of interfaces; those that are 0 exist elsewhere only.
pub const INTERFACE_FLAGS: [(&str, i64); 32] = [
    ("up", 1),
    ("broadcast", 2),
    ("debug", 4),
    ("loopback", 8),
    ("pointopoint", 0x10),
    ("notrailers", 0x20),
    ("knowsepoch", 0),
    ("running", 0x40),
    ("noarp", 0x80),
    ("promisc", 0x100),
    ("allmulti", 0x200),
    ("master", 0x400),
    ("oactive", 0),
    ("slave", 0x800),
    ("simplex", 0),
    ("link0", 0),
    ("link1", 0),
    ("link2", 0),
    ("multicast", 0x1000),
    ("portsel", 0x2000),
    ("automedia", 0x4000),
    ("cantconfig", 0),
    ("ppromisc", 0),
    ("dynamic", 0x8000),
    ("monitor", 0),
    ("staticarp", 0),
    ("dying", 0),
    ("renaming", 0),
    ("nogroup", 0),
    ("lower_up", 0x1_0000),
    ("dormant", 0x2_0000),
    ("echo", 0x4_0000),
];

fn pairs<'h>(h: &'h Heap, all: impl Iterator<Item = (&'static str, i64)>) -> Term<'h> {
    let all: Vec<Term<'h>> =
        all.map(|(n, v)| h.tuple(&[Term::atom(Atom::new(n)), h.int(v)])).collect();
    h.list(&all)
}

/// What a release adds.
fn since(
    first: u32,
    release: u32,
    rows: &'static [(&'static str, i64)],
) -> impl Iterator<Item = (&'static str, i64)> {
    rows.iter().copied().filter(move |_| release >= first)
}

pub fn message_flag_table(h: &Heap, release: u32) -> Term<'_> {
    let all = MESSAGE_FLAGS.iter().map(|(n, v)| (*n, i64::from(*v)));
    pairs(h, all.chain(since(29, release, &MESSAGE_FLAGS_29)))
}
pub fn ioctl_requests(h: &Heap, release: u32) -> Term<'_> {
    pairs(h, REQUESTS.iter().copied().chain(since(27, release, &REQUESTS_27)))
}
pub fn ioctl_flags(h: &Heap, release: u32) -> Term<'_> {
    pairs(h, INTERFACE_FLAGS.iter().copied().chain(since(27, release, &INTERFACE_FLAGS_27)))
}

/// The names of flags that came with a message; what has no name is a number.
pub fn message_flags(h: &Heap, bits: i32) -> Term<'_> {
    let mut rest = bits;
    let mut out: Vec<Term<'_>> = Vec::new();
    for (name, value) in MESSAGE_FLAGS.iter().rev() {
        if bits & value != 0 {
            rest &= !value;
            out.push(Term::atom(Atom::new(name)));
        }
    }
    if rest != 0 {
        out.push(Term::small(rest.into()));
    }
    h.list(&out)
}

/// What every system has, for those without a list.
const USUAL: &str = "ip 0 IP\nicmp 1 ICMP\ntcp 6 TCP\nudp 17 UDP\nipv6 41 IPv6\nsctp 132 SCTP\n";

/// `[{[Name | Aliases], Number}]`, the system's last first; from OTP 28 on in its order, for then the first
/// name of a number counts.
pub fn protocols(h: &Heap, release: u32) -> Term<'_> {
    let text = std::fs::read_to_string("/etc/protocols").unwrap_or_default();
    let mut all: Vec<(Vec<&str>, i64)> = text.lines().filter_map(protocol).collect();
    for (names, number) in USUAL.lines().filter_map(protocol) {
        if !all.iter().any(|(_, n)| *n == number) {
            all.push((names, number));
        }
    }
    if release < 28 {
        all.reverse();
    }
    let all: Vec<Term<'_>> = all
        .iter()
        .map(|(names, number)| {
            let names: Vec<Term<'_>> = names.iter().map(|n| Term::atom(Atom::new(n))).collect();
            h.tuple(&[h.list(&names), Term::small(*number)])
        })
        .collect();
    h.list(&all)
}

/// A line of the list: name, number, aliases.
fn protocol(line: &str) -> Option<(Vec<&str>, i64)> {
    let mut words = line.split('#').next()?.split_whitespace();
    let name = words.next()?;
    let number = words.next()?.parse().ok()?;
    let names = std::iter::once(name).chain(words).filter(|n| n.len() <= 255);
    Some((names.collect(), number))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn lines() {
        assert_eq!(protocol("tcp\t6\tTCP\t# x"), Some((vec!["tcp", "TCP"], 6)));
        assert_eq!(protocol("# nothing"), None);
        assert_eq!(protocol("manet 138"), Some((vec!["manet"], 138)));
    }
}
