//! epmd's requests and answers, without the network: bytes in, bytes and what to do with the connection out.
//!
//! A request is a length (16 bits), then one byte that says what it is, then its data. All numbers are big-endian.
//! Requests that change or reveal more than names are for local peers only. A malformed request gets no answer.

use super::registry::{Announcement, Node, Registry};
use std::fmt::Write;

pub const ALIVE2_REQ: u8 = b'x';
pub const ALIVE2_RESP: u8 = b'y';
pub const ALIVE2_X_RESP: u8 = b'v';
pub const PORT2_REQ: u8 = b'z';
pub const PORT2_RESP: u8 = b'w';
pub const NAMES_REQ: u8 = b'n';
pub const DUMP_REQ: u8 = b'd';
pub const KILL_REQ: u8 = b'k';
pub const STOP_REQ: u8 = b's';

/// The longest request: a node announcement with the longest name and extra data, and some room.
pub const MAX_REQUEST: usize = 4096;

/// The creation in an answer that refuses a name.
const NO_CREATION: u16 = 99;

/// Who asks.
#[derive(Debug, Clone, Copy)]
pub struct Peer {
    /// Its connection's descriptor.
    pub connection: i32,
    /// Whether it is on this machine.
    pub local: bool,
}

/// What happens to the connection after the answer is sent.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Then {
    Close,
    /// It stays open for as long as the node lives.
    Keep,
    /// It waits for the peer to close it.
    Linger,
    /// The connection that kept a name goes too.
    CloseAlso(i32),
    /// epmd leaves.
    Exit,
}

/// An answer.
#[derive(Debug, PartialEq, Eq)]
pub struct Answer {
    pub bytes: Vec<u8>,
    pub then: Then,
    /// For the log: what was asked, or why nothing is answered. The number is the debug level it starts at.
    pub note: (u8, String),
}

impl Answer {
    fn new(bytes: Vec<u8>, note: &str) -> Self {
        Self { bytes, then: Then::Close, note: (1, note.to_owned()) }
    }

    fn nothing(why: String) -> Self {
        Self { bytes: Vec::new(), then: Then::Close, note: (0, why) }
    }
}

/// What answers depend on besides the names.
#[derive(Debug, Clone, Copy)]
pub struct Settings {
    /// The port that epmd listens on.
    pub port: u16,
    /// Names may be stopped, and epmd may be killed with living nodes.
    pub relaxed: bool,
}

/// Answers one request, its length not included.
pub fn answer(
    names: &mut Registry,
    settings: Settings,
    peer: Peer,
    request: &[u8],
    now: u32,
) -> Answer {
    let (code, data) = match request.split_first() {
        Some((code, data)) => (*code, data),
        None => return Answer::nothing("got garbage".into()),
    };
    let local_only = match code {
        ALIVE2_REQ => Some("ALIVE2_REQ"),
        DUMP_REQ => Some("DUMP_REQ"),
        KILL_REQ => Some("KILL_REQ"),
        STOP_REQ => Some("STOP_REQ"),
        _ => None,
    };
    if let Some(name) = local_only.filter(|_| !peer.local) {
        return Answer::nothing(format!("{name} from non local address"));
    }
    match code {
        ALIVE2_REQ => alive(names, peer, data, now),
        PORT2_REQ => port(names, data),
        NAMES_REQ => Answer::new(list(names, settings.port), "** got NAMES_REQ"),
        DUMP_REQ => Answer::new(dump(names, settings.port), "** got DUMP_REQ"),
        KILL_REQ if names.live().is_empty() || settings.relaxed => {
            Answer { then: Then::Exit, ..Answer::new(b"OK".to_vec(), "** got KILL_REQ") }
        }
        KILL_REQ => Answer::new(b"NO".to_vec(), "Disallowed KILL_REQ, live nodes"),
        STOP_REQ => stop(names, settings, data),
        _ => Answer::nothing("got garbage".into()),
    }
}

/// Big-endian numbers and byte strings off the front of a request.
struct Reader<'a>(&'a [u8]);

impl<'a> Reader<'a> {
    fn bytes(&mut self, count: usize) -> Option<&'a [u8]> {
        let (head, tail) = self.0.split_at_checked(count)?;
        self.0 = tail;
        Some(head)
    }

    fn u8(&mut self) -> Option<u8> {
        self.bytes(1)?.first().copied()
    }

    fn u16(&mut self) -> Option<u16> {
        Some(u16::from_be_bytes(self.bytes(2)?.try_into().ok()?))
    }

    fn string(&mut self) -> Option<&'a [u8]> {
        let length = self.u16()?;
        self.bytes(usize::from(length))
    }
}

/// Reads what a node announces; nothing if it does not fit.
fn announcement(data: &[u8]) -> Option<Announcement> {
    let mut data = Reader(data);
    let (port, kind, protocol) = (data.u16()?, data.u8()?, data.u8()?);
    let (high, low) = (data.u16()?, data.u16()?);
    let name = data.string()?.to_vec();
    let extra = data.string()?.to_vec();
    Some(Announcement { name, port, kind, protocol, high, low, extra })
}

fn alive(names: &mut Registry, peer: Peer, data: &[u8], now: u32) -> Answer {
    let Some(node) = announcement(data) else {
        return Answer::nothing("Size error in ALIVE2_REQ".into());
    };
    if node.name.is_empty() {
        return Answer::nothing("packet too small for request ALIVE2_REQ".into());
    }
    if node.name.contains(&0) {
        return Answer::nothing("node name contains ascii 0 in ALIVE2_REQ".into());
    }
    let wide = node.high >= 6;
    let shown = String::from_utf8_lossy(&node.name).into_owned();
    let (status, creation, then, note) = match names.register(node, peer.connection, now) {
        Ok(node) => {
            let creation = node.creation();
            let note = format!("registering '{shown}:{creation}', port {}", node.node.port);
            (0, creation, Then::Keep, (1, note))
        }
        Err(why) => {
            let note = format!("node name refused ({why:?}): {shown}");
            (1, u32::from(NO_CREATION), Then::Linger, (0, note))
        }
    };
    let mut bytes = vec![if wide { ALIVE2_X_RESP } else { ALIVE2_RESP }, status];
    if wide {
        bytes.extend(creation.to_be_bytes());
    } else {
        bytes.extend(u16::try_from(creation).unwrap_or(NO_CREATION).to_be_bytes());
    }
    Answer { bytes, then, note }
}

fn port(names: &Registry, data: &[u8]) -> Answer {
    let name = data.strip_suffix(b"\0").unwrap_or(data);
    let characters = std::str::from_utf8(name).map(|text| text.chars().count()).unwrap_or(0);
    if name.contains(&0) || !(1..=255).contains(&characters) {
        return Answer::nothing("invalid node name in PORT2_REQ".into());
    }
    let Some(Node { node, .. }) = names.find(name) else {
        return Answer::new(vec![PORT2_RESP, 1], "** got PORT2_REQ (no such name)");
    };
    let mut bytes = vec![PORT2_RESP, 0];
    bytes.extend(node.port.to_be_bytes());
    bytes.extend([node.kind, node.protocol]);
    bytes.extend(node.high.to_be_bytes());
    bytes.extend(node.low.to_be_bytes());
    for part in [&node.name, &node.extra] {
        // Lengths were bounded when the node registered.
        bytes.extend(u16::try_from(part.len()).unwrap_or(0).to_be_bytes());
        bytes.extend_from_slice(part);
    }
    Answer::new(bytes, "** got PORT2_REQ")
}

/// epmd's port and a line for each living node. Nodes and tools parse these lines.
fn list(names: &Registry, port: u16) -> Vec<u8> {
    let mut bytes = u32::from(port).to_be_bytes().to_vec();
    for Node { node, .. } in names.live() {
        bytes.extend_from_slice(b"name ");
        bytes.extend_from_slice(&node.name);
        bytes.extend(format!(" at port {}\n", node.port).into_bytes());
    }
    bytes
}

/// epmd's port and everything it knows; each line ends with a NUL as well.
fn dump(names: &Registry, port: u16) -> Vec<u8> {
    let mut text = String::new();
    for Node { node, connection, .. } in names.live() {
        let name = String::from_utf8_lossy(&node.name);
        let _ = writeln!(text, "active name     <{name}> at port {}, fd = {connection}", node.port);
        text.push('\0');
    }
    for Node { node, connection, .. } in names.past() {
        let name = String::from_utf8_lossy(&node.name);
        let _ =
            writeln!(text, "old/unused name <{name}>, port = {}, fd = {connection} ", node.port);
        text.push('\0');
    }
    [&u32::from(port).to_be_bytes(), text.as_bytes()].concat()
}

fn stop(names: &mut Registry, settings: Settings, data: &[u8]) -> Answer {
    if !settings.relaxed {
        return Answer::nothing("Disallowed STOP_REQ, no relaxed_command_check".into());
    }
    let name = data.split(|&b| b == 0).next().unwrap_or_default();
    if name.is_empty() {
        return Answer::nothing("packet too small for request STOP_REQ".into());
    }
    match names.end_name(name) {
        Some(connection) => Answer {
            then: Then::CloseAlso(connection),
            ..Answer::new(b"STOPPED".to_vec(), "** got STOP_REQ")
        },
        None => Answer::new(b"NOEXIST".to_vec(), "** got STOP_REQ (no such name)"),
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    const SETTINGS: Settings = Settings { port: 45991, relaxed: false };
    const LOCAL: Peer = Peer { connection: 5, local: true };

    fn ask(names: &mut Registry, request: &[u8]) -> (Vec<u8>, Then) {
        let answer = answer(names, SETTINGS, LOCAL, request, 1_795_384_612);
        (answer.bytes, answer.then)
    }

    fn alive_request(name: &[u8], high: u16, extra: &[u8]) -> Vec<u8> {
        let length = |part: &[u8]| u16::try_from(part.len()).expect("short").to_be_bytes();
        let mut request = vec![ALIVE2_REQ, 0x04, 0xd2, 77, 0];
        request.extend([high.to_be_bytes(), 5u16.to_be_bytes()].concat());
        request.extend([&length(name), name, &length(extra), extra].concat());
        request
    }

    #[test]
    fn as_observed_from_the_reference() {
        let mut names = Registry::new(false);
        let foo = alive_request(b"foo", 6, b"");
        assert_eq!(ask(&mut names, &foo), (b"v\x00k\x03e%".to_vec(), Then::Keep));
        assert_eq!(ask(&mut names, &foo), (b"v\x01\x00\x00\x00c".to_vec(), Then::Linger));
        let (old, _) = ask(&mut names, &alive_request(b"old", 5, b"xyz"));
        assert_eq!(old.get(..3), Some(&b"y\0\0"[..]));
        let closed = |bytes: &[u8]| (bytes.to_vec(), Then::Close);
        let found = closed(b"w\x00\x04\xd2M\x00\x00\x06\x00\x05\x00\x03foo\x00\x00");
        assert_eq!(ask(&mut names, b"zfoo"), found);
        assert_eq!(ask(&mut names, b"zfoo\0"), found);
        assert_eq!(ask(&mut names, b"znope"), closed(b"w\x01"));
        let old = closed(b"w\x00\x04\xd2M\x00\x00\x05\x00\x05\x00\x03old\x00\x03xyz");
        assert_eq!(ask(&mut names, b"zold"), old);
        assert_eq!(
            ask(&mut names, b"n"),
            closed(b"\x00\x00\xb3\xa7name old at port 1234\nname foo at port 1234\n")
        );
        assert_eq!(ask(&mut names, b"k"), closed(b"NO"));
        assert_eq!(names.end_name(b"old"), Some(5));
        assert_eq!(
            ask(&mut names, b"d"),
            closed(
                b"\x00\x00\xb3\xa7active name     <foo> at port 1234, fd = 5\n\0\
                  old/unused name <old>, port = 1234, fd = 5 \n\0"
            )
        );
        assert_eq!(ask(&mut names, &alive_request(&[b'e'; 256], 6, b"")).0, b"v\x01\x00\x00\x00c");
        assert_eq!(ask(&mut names, &alive_request(b"\xff\xfe", 6, b"")).0, b"v\x01\x00\x00\x00c");
        for silent in [&b"z"[..], b"zf\0oo", b"z\xff", b"q", b"", b"x\0\0\0\0\0", b"sfoo"] {
            assert_eq!(ask(&mut names, silent), closed(b""), "{silent:?}");
        }
        assert_eq!(ask(&mut names, &alive_request(b"", 6, b"")), closed(b""));
        assert_eq!(ask(&mut names, &alive_request(b"a\0b", 6, b"")), closed(b""));
        let whole = alive_request(b"cut", 6, b"xyz");
        for cut in 1..whole.len() {
            assert_eq!(ask(&mut names, &whole[..cut]), closed(b""));
        }
    }

    #[test]
    fn relaxed_commands_and_strangers() {
        let relaxed = Settings { relaxed: true, ..SETTINGS };
        let stranger = Peer { connection: 9, local: false };
        let mut names = Registry::new(false);
        let foo = alive_request(b"foo", 6, b"");
        for request in [&foo[..], b"d", b"k", b"sfoo"] {
            assert!(answer(&mut names, relaxed, stranger, request, 0).bytes.is_empty());
        }
        assert_eq!(answer(&mut names, relaxed, stranger, b"n", 0).bytes, b"\0\0\xb3\xa7");
        assert_eq!(answer(&mut names, relaxed, LOCAL, &foo, 0).then, Then::Keep);
        assert_eq!(answer(&mut names, relaxed, LOCAL, b"sbar", 0).bytes, b"NOEXIST");
        let stopped = answer(&mut names, relaxed, LOCAL, b"sfoo", 0);
        assert_eq!((&stopped.bytes[..], stopped.then), (&b"STOPPED"[..], Then::CloseAlso(5)));
        assert_eq!(answer(&mut names, SETTINGS, LOCAL, b"k", 0).then, Then::Exit);
    }
}
