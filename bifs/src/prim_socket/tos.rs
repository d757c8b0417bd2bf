//! The type of service of IPv4: a name or a number; from OTP 29 on also precedence, and code points of differentiated
//! services [prim_socket_nif.c: decode_ip_tos, encode_ip_tos].

use term::{Atom, Heap, Term, atom};

/// Names of the four bits above the lowest.
const SERVICE: [(&str, i32); 4] =
    [("lowdelay", 0x10), ("throughput", 8), ("reliability", 4), ("mincost", 2)];
const SERVICE_SHIFT: i32 = 1;
const SERVICE_MASK: i32 = 0x1e;

/// The three highest bits. The reference takes names for eight times what they stand for, so that it sets bits that are not
/// there and shows all but the first as numbers; so here.
const PRECEDENCE: [&str; 8] = [
    "routine",
    "priority",
    "immediate",
    "flash",
    "flashoverride",
    "critical_ecp",
    "internetcontrol",
    "netcontrol",
];
const PRECEDENCE_SHIFT: i32 = 5;

/// Code points, the six highest bits [the registry of IANA].
const CODE_POINTS: [(&str, i32); 24] = [
    ("cs0", 0),
    ("cs1", 8),
    ("cs2", 16),
    ("cs3", 24),
    ("cs4", 32),
    ("cs5", 40),
    ("cs6", 48),
    ("cs7", 56),
    ("af11", 10),
    ("af12", 12),
    ("af13", 14),
    ("af21", 18),
    ("af22", 20),
    ("af23", 22),
    ("af31", 26),
    ("af32", 28),
    ("af33", 30),
    ("af41", 34),
    ("af42", 36),
    ("af43", 38),
    ("ef", 46),
    ("voice_admit", 44),
    ("le", 1),
    ("nqb", 45),
];
const CODE_POINT_SHIFT: i32 = 2;

fn value(table: &[(&str, i32)], name: &str) -> Option<i32> {
    table.iter().find(|(n, _)| *n == name).map(|(_, v)| *v)
}
fn name(table: &[(&'static str, i32)], value: i32) -> Option<Term<'static>> {
    table.iter().find(|(_, v)| *v == value).map(|(n, _)| Term::atom(Atom::new(n)))
}

/// The number of a value.
pub fn decode(t: Term<'_>, release: u32) -> Option<i32> {
    if let Some(a) = t.as_atom() {
        let point = |n| value(&CODE_POINTS, n).filter(|_| release >= 29);
        return value(&SERVICE, a.name()).or_else(|| Some(point(a.name())? << CODE_POINT_SHIFT));
    }
    if release >= 29
        && let Some(m) = t.as_map()
    {
        // Of numbers that are too large the low bits count.
        let byte = |t: Term<'_>| Some(i32::from(u32::try_from(t.as_small()?).ok()? as u8));
        let part = m.get(Term::atom(atom!("precedence")))?;
        let precedence = match part.as_atom() {
            Some(a) => 8 * PRECEDENCE.iter().position(|n| *n == a.name())? as i32,
            None => byte(part)?,
        };
        let part = m.get(Term::atom(atom!("tos")))?;
        let service = match part.as_atom() {
            Some(a) if a.name() == "default" => 0,
            Some(a) => value(&SERVICE, a.name())? >> SERVICE_SHIFT,
            None => byte(part)?,
        };
        return Some(precedence << PRECEDENCE_SHIFT | service << SERVICE_SHIFT);
    }
    i32::try_from(t.as_small()?).ok()
}

/// How a number is shown.
pub fn encode(h: &Heap, n: i32, release: u32) -> Term<'_> {
    let number = |n: i32| Term::small(n.into());
    if release < 29 {
        return name(&SERVICE, n & SERVICE_MASK).unwrap_or(number(n));
    }
    let precedence = match n >> PRECEDENCE_SHIFT & 7 {
        0 => Term::atom(Atom::new(PRECEDENCE[0])),
        bits => number(bits),
    };
    let service = match n & SERVICE_MASK {
        0 => Term::atom(atom!("default")),
        bits => name(&SERVICE, bits).unwrap_or(number(bits >> SERVICE_SHIFT)),
    };
    let point = n >> CODE_POINT_SHIFT & 0x3f;
    let key = |a: Atom| Term::atom(a);
    let tos =
        h.map_from_pairs(&[(key(atom!("precedence")), precedence), (key(atom!("tos")), service)]);
    h.map_from_pairs(&[
        (key(atom!("native")), number(n)),
        (key(atom!("tos")), tos),
        (key(atom!("dscp")), name(&CODE_POINTS, point).unwrap_or(number(point))),
    ])
}
