//! Where packets end in a stream [packet_parser.c]: one engine for sockets and for `erlang:decode_packet/3`.

/// How a stream is cut into packets (option `packet`).
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Raw,
    /// The length before each packet takes 1, 2 or 4 bytes.
    One,
    Two,
    Four,
    Asn1,
    SunRm,
    Cdr,
    Fcgi,
    Line,
    Tpkt,
    Http,
    HttpHeader,
    SslTls,
    HttpBin,
    HttpHeaderBin,
}

impl Kind {
    /// By its number in the driver's protocol.
    pub fn of(n: i32) -> Option<Kind> {
        use Kind::*;
        let all = [
            Raw,
            One,
            Two,
            Four,
            Asn1,
            SunRm,
            Cdr,
            Fcgi,
            Line,
            Tpkt,
            Http,
            HttpHeader,
            SslTls,
            HttpBin,
            HttpHeaderBin,
        ];
        all.get(usize::try_from(n).ok()?).copied()
    }
    pub fn number(self) -> i32 {
        self as i32
    }
    /// Bytes of the length before a packet that is sent.
    pub fn header_len(self) -> usize {
        match self {
            Kind::One => 1,
            Kind::Two => 2,
            Kind::Four => 4,
            _ => 0,
        }
    }
    /// Bytes from which a length can be told at the earliest; 0: there is no length.
    pub fn least(self) -> usize {
        match self {
            Kind::Raw => 0,
            Kind::Two | Kind::Asn1 => 2,
            Kind::Four | Kind::SunRm | Kind::Tpkt => 4,
            Kind::SslTls => 5,
            Kind::Fcgi => 8,
            Kind::Cdr => 12,
            // Byte after byte.
            _ => 1,
        }
    }
    pub fn is_http(self) -> bool {
        matches!(self, Kind::Http | Kind::HttpHeader | Kind::HttpBin | Kind::HttpHeaderBin)
    }
    /// Strings of HTTP are binaries.
    pub fn is_bin(self) -> bool {
        matches!(self, Kind::HttpBin | Kind::HttpHeaderBin)
    }
    /// The part of a packet that is handed on, as start and end.
    pub fn body(self, packet: &[u8]) -> (usize, usize) {
        let n = packet.len();
        match self {
            Kind::One | Kind::Two | Kind::Four => (self.header_len().min(n), n),
            // Without the padding.
            Kind::Fcgi => (0, n.saturating_sub(packet.get(6).copied().unwrap_or(0).into())),
            _ => (0, n),
        }
    }
}

/// The stream is not of this kind, or a packet is too long.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Malformed;

/// Bounds of packets.
#[derive(Clone, Copy, Debug)]
pub struct Bounds {
    /// Longest packet; 0: any.
    pub most: usize,
    /// Longer lines are cut; 0: never.
    pub cut: usize,
    /// What ends a line.
    pub delimiter: u8,
}

fn be(bytes: &[u8]) -> u64 {
    bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b))
}

fn is_blank(b: u8) -> bool {
    b == b' ' || b == b'\t'
}

/// The length of the first packet, which may reach beyond `bytes`; `None`: it cannot be told yet. `headers` is the state of HTTP: whether
/// header lines follow.
pub fn length(
    kind: Kind,
    bytes: &[u8],
    bounds: Bounds,
    headers: &mut bool,
) -> Result<Option<usize>, Malformed> {
    // A header of so many bytes and a body of so many (which computes as in 32 bits).
    let whole = |head: usize, body: i64| {
        let total = body.saturating_add(head as i64);
        let too_long = bounds.most != 0 && !(0..=bounds.most as i64).contains(&body);
        if too_long || body < 0 || total > i64::from(i32::MAX) {
            Err(Malformed)
        } else {
            Ok(Some(total as usize))
        }
    };
    let n = bytes.len();
    match kind {
        Kind::Raw => Ok((n > 0).then_some(n)),
        Kind::One | Kind::Two | Kind::Four => {
            let head = kind.header_len();
            match bytes.get(..head) {
                Some(h) => whole(head, be(h) as i64),
                None => Ok(None),
            }
        }
        Kind::SunRm => match bytes.get(..4) {
            Some(h) => whole(4, (be(h) & 0x7fff_ffff) as i64),
            None => Ok(None),
        },
        Kind::Line => line(bytes, bounds),
        Kind::Asn1 => match asn1(bytes)? {
            Some((head, body)) => whole(head, body),
            None => Ok(None),
        },
        Kind::Cdr => {
            let Some(h) = bytes.get(..12) else { return Ok(None) };
            if &h[..4] != b"GIOP" {
                return Err(Malformed);
            }
            let size: [u8; 4] = [h[8], h[9], h[10], h[11]];
            let little = h[6] & 1 != 0;
            let body = if little { u32::from_le_bytes(size) } else { u32::from_be_bytes(size) };
            whole(12, body.into())
        }
        Kind::Fcgi => match bytes.get(..8) {
            Some(h) if h[0] != 1 => Err(Malformed),
            Some(h) => whole(8, be(&h[4..6]) as i64 + i64::from(h[6])),
            None => Ok(None),
        },
        Kind::Tpkt => match bytes.get(..4) {
            Some(h) if h[0] != 3 => Err(Malformed),
            Some(h) => whole(4, be(&h[2..4]) as i64 - 4),
            None => Ok(None),
        },
        Kind::SslTls => match bytes.get(..5) {
            Some(h) if h[0] & 0x80 != 0 && h[2] == 1 => whole(5, (be(&h[..2]) & 0x7fff) as i64 - 3),
            Some(h) => whole(5, be(&h[3..5]) as i64),
            None => Ok(None),
        },
        Kind::HttpHeader | Kind::HttpHeaderBin => {
            *headers = true;
            http_line(bytes, bounds, true)
        }
        Kind::Http | Kind::HttpBin => http_line(bytes, bounds, *headers),
    }
}

fn line(bytes: &[u8], bounds: Bounds) -> Result<Option<usize>, Malformed> {
    let Bounds { most, cut, delimiter } = bounds;
    let n = bytes.len();
    match bytes.iter().position(|b| *b == delimiter) {
        None if most != 0 && n > most => Err(Malformed),
        None => Ok((cut != 0 && n >= cut).then_some(cut)),
        Some(at) if most != 0 && at + 1 > most => Err(Malformed),
        Some(at) if cut != 0 && at + 1 > cut => Ok(Some(cut)),
        Some(at) => Ok(Some(at + 1)),
    }
}

/// Length of tag and length, and of the contents.
fn asn1(bytes: &[u8]) -> Result<Option<(usize, i64)>, Malformed> {
    if bytes.len() < 2 {
        return Ok(None);
    }
    let mut at = 1;
    if bytes[0] & 0x1f == 0x1f {
        // A tag of many bytes.
        while bytes.get(at).is_some_and(|b| b & 0x80 != 0) {
            at += 1;
        }
        if bytes.len() - at < 2 {
            return Ok(None);
        }
        at += 1;
    }
    let first = bytes[at];
    at += 1;
    if first & 0x80 == 0 {
        return Ok(Some((at, first.into())));
    }
    let long = usize::from(first & 0x7f);
    let Some(digits) = bytes.get(at..at + long) else { return Ok(None) };
    if long > 4 {
        return Err(Malformed);
    }
    Ok(Some((at + long, be(digits) as i64)))
}

fn http_line(bytes: &[u8], bounds: Bounds, headers: bool) -> Result<Option<usize>, Malformed> {
    let n = bytes.len();
    if bytes == b"\n" || bytes == b"\r\n" {
        return Ok(Some(n));
    }
    let most = if bounds.most == 0 { bounds.cut } else { bounds.most };
    let fits = |len: usize| if most != 0 && len > most { Err(Malformed) } else { Ok(()) };
    let mut from = 0;
    loop {
        let Some(at) = bytes[from..].iter().position(|b| *b == b'\n') else {
            return if most != 0 && n >= most { Err(Malformed) } else { Ok(None) };
        };
        let len = from + at + 1;
        if !headers {
            fits(len)?;
            return Ok(Some(len));
        }
        match bytes.get(len) {
            // A header goes on in the next line.
            Some(b) if is_blank(*b) && len > 2 => from = len,
            Some(_) => {
                fits(len)?;
                return Ok(Some(len));
            }
            None => {
                fits(len)?;
                return Ok(None);
            }
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn get(kind: Kind, bytes: &[u8], most: usize, cut: usize) -> Result<Option<usize>, Malformed> {
        length(kind, bytes, Bounds { most, cut, delimiter: b'\n' }, &mut false)
    }

    #[test]
    fn lengths() {
        assert_eq!(get(Kind::Two, &[0], 0, 0), Ok(None));
        assert_eq!(get(Kind::Two, &[1, 0], 0, 0), Ok(Some(258)));
        assert_eq!(get(Kind::Two, &[1, 0], 255, 0), Err(Malformed));
        assert_eq!(get(Kind::Four, &[0xff; 4], 0, 0), Err(Malformed));
        assert_eq!(get(Kind::Line, b"ab\ncd", 0, 0), Ok(Some(3)));
        assert_eq!(get(Kind::Line, b"abcd", 0, 3), Ok(Some(3)));
        assert_eq!(get(Kind::Line, b"abcd", 3, 0), Err(Malformed));
        assert_eq!(get(Kind::Asn1, &[0x30, 0x82, 1, 0], 0, 0), Ok(Some(260)));
        assert_eq!(get(Kind::Asn1, &[0x1f, 0x81, 1], 0, 0), Ok(None));
        assert_eq!(get(Kind::Tpkt, &[3, 0, 0, 3], 0, 0), Err(Malformed));
        assert_eq!(get(Kind::Tpkt, &[3, 0, 0, 7], 0, 0), Ok(Some(7)));
        assert_eq!(get(Kind::Cdr, b"GIOP\x01\0\x01\0\x05\0\0\0", 0, 0), Ok(Some(17)));
        assert_eq!(get(Kind::SslTls, &[22, 3, 1, 0, 9], 0, 0), Ok(Some(14)));
        assert_eq!(get(Kind::Http, b"GET / HTTP/1.0\r\nX", 0, 0), Ok(Some(16)));
        assert_eq!(get(Kind::HttpHeader, b"A: b\r\n c\r\nD", 0, 0), Ok(Some(10)));
        assert_eq!(get(Kind::HttpHeader, b"A: b\r\n", 0, 0), Ok(None));
    }
}
