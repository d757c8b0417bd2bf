//! The lines of HTTP as terms: requests, responses, headers [packet_parser.c: packet_parse_http].
//!
//! A line that is none of these becomes `{http_error, Line}`. Names of well-known headers and methods are atoms.

use std::cell::Cell;
use term::{Atom, Heap, Term, atom};

/// Longer names of headers are not looked up, and keep their case.
const NAME_MAX: usize = 50;

/// In the order of the numbers that `http_header` shows.
const HEADERS: [&str; 52] = [
    "Cache-Control",
    "Connection",
    "Date",
    "Pragma",
    "Transfer-Encoding",
    "Upgrade",
    "Via",
    "Accept",
    "Accept-Charset",
    "Accept-Encoding",
    "Accept-Language",
    "Authorization",
    "From",
    "Host",
    "If-Modified-Since",
    "If-Match",
    "If-None-Match",
    "If-Range",
    "If-Unmodified-Since",
    "Max-Forwards",
    "Proxy-Authorization",
    "Range",
    "Referer",
    "User-Agent",
    "Age",
    "Location",
    "Proxy-Authenticate",
    "Public",
    "Retry-After",
    "Server",
    "Vary",
    "Warning",
    "Www-Authenticate",
    "Allow",
    "Content-Base",
    "Content-Encoding",
    "Content-Language",
    "Content-Length",
    "Content-Location",
    "Content-Md5",
    "Content-Range",
    "Content-Type",
    "Etag",
    "Expires",
    "Last-Modified",
    "Accept-Ranges",
    "Set-Cookie",
    "Set-Cookie2",
    "X-Forwarded-For",
    "Cookie",
    "Keep-Alive",
    "Proxy-Connection",
];

const METHODS: [&str; 7] = ["OPTIONS", "GET", "HEAD", "POST", "PUT", "DELETE", "TRACE"];

/// Makes the strings of a line: lists, or binaries.
struct Out<'h> {
    heap: &'h Heap,
    binary: bool,
}

impl<'h> Out<'h> {
    fn text(&self, s: &[u8]) -> Term<'h> {
        if self.binary { self.heap.binary(s) } else { self.heap.byte_list(s) }
    }
    fn tuple(&self, elements: &[Term<'h>]) -> Term<'h> {
        self.heap.tuple(elements)
    }
}

/// A line as a term. `headers` is the state of the connection: whether header lines follow.
pub fn parse<'h>(heap: &'h Heap, packet: &[u8], binary: bool, headers: &Cell<bool>) -> Term<'h> {
    let out = Out { heap, binary };
    let line = match packet {
        [line @ .., b'\r', _] | [line @ .., b'\n'] => line,
        line => line,
    };
    let parsed = if headers.get() {
        header(&out, line, headers)
    } else if line.starts_with(b"HTTP/") {
        response(&out, line, headers)
    } else {
        request(&out, line, headers)
    };
    parsed.unwrap_or_else(|| out.tuple(&[atom!("http_error").into(), out.text(packet)]))
}

fn is_blank(b: u8) -> bool {
    b == b' ' || b == b'\t'
}
/// Ends a method or the name of a header.
fn is_special(b: u8) -> bool {
    b <= 32 || b >= 128 || b"()<>@,;:\\\"/[]?={}".contains(&b)
}

fn skip_blanks(s: &[u8]) -> &[u8] {
    &s[s.iter().take_while(|b| is_blank(**b)).count()..]
}

/// Digits at the beginning (`None`: there are none) and what follows. Large numbers wrap, as in the reference.
fn digits(s: &[u8]) -> Option<(i32, &[u8])> {
    let n = s.iter().take_while(|b| b.is_ascii_digit()).count();
    let add = |v: i32, b: &u8| v.wrapping_mul(10).wrapping_add(i32::from(b - b'0'));
    (n > 0).then(|| (s[..n].iter().fold(0, add), &s[n..]))
}
fn version(s: &[u8]) -> Option<((i32, i32), &[u8])> {
    let (major, rest) = digits(s)?;
    let (minor, rest) = digits(rest.strip_prefix(b".")?)?;
    Some(((major, minor), rest))
}
fn version_term<'h>(out: &Out<'h>, (major, minor): (i32, i32)) -> Term<'h> {
    out.tuple(&[Term::small(major.into()), Term::small(minor.into())])
}

fn response<'h>(out: &Out<'h>, line: &[u8], headers: &Cell<bool>) -> Option<Term<'h>> {
    let (v, rest) = version(&line[5..])?;
    if !is_blank(*rest.first()?) {
        return None;
    }
    let rest = skip_blanks(rest);
    let (status, rest) = digits(rest).unwrap_or((0, rest));
    // The phrase may be empty.
    if rest.first().is_some_and(|b| !is_blank(*b)) {
        return None;
    }
    headers.set(true);
    let phrase = out.text(skip_blanks(rest));
    let status = Term::small(status.into());
    Some(out.tuple(&[atom!("http_response").into(), version_term(out, v), status, phrase]))
}

fn request<'h>(out: &Out<'h>, line: &[u8], headers: &Cell<bool>) -> Option<Term<'h>> {
    let n = line.iter().take_while(|b| !is_special(**b)).count();
    let (method, rest) = line.split_at(n);
    if method.is_empty() || !is_blank(*rest.first()?) {
        return None;
    }
    let rest = skip_blanks(rest);
    let n = rest.iter().take_while(|b| !is_blank(**b)).count();
    let (target, rest) = rest.split_at(n);
    if target.is_empty() {
        return None;
    }
    let rest = skip_blanks(rest);
    let v = if rest.is_empty() {
        (0, 9)
    } else if rest.len() < 8 {
        return None;
    } else {
        version(rest.strip_prefix(b"HTTP/")?)?.0
    };
    headers.set(true);
    let known = METHODS.iter().find(|m| m.as_bytes() == method);
    let method = known.map_or_else(|| out.text(method), |m| Term::atom(Atom::new(m)));
    let target = uri(out, target);
    Some(out.tuple(&[atom!("http_request").into(), method, target, version_term(out, v)]))
}

fn uri<'h>(out: &Out<'h>, s: &[u8]) -> Term<'h> {
    let scheme = |name: &[u8]| s.len() >= name.len() && s[..name.len()].eq_ignore_ascii_case(name);
    if s == b"*" {
        return Term::atom(atom!("*"));
    }
    if s.len() <= 1 || s[0] == b'/' {
        return out.tuple(&[atom!("abs_path").into(), out.text(s)]);
    }
    if scheme(b"http://") {
        return absolute(out, atom!("http"), &s[7..]);
    }
    if scheme(b"https://") {
        return absolute(out, atom!("https"), &s[8..]);
    }
    match s.iter().position(|b| *b == b':') {
        None => out.text(s),
        Some(at) => {
            out.tuple(&[atom!("scheme").into(), out.text(&s[..at]), out.text(&s[at + 1..])])
        }
    }
}

fn absolute<'h>(out: &Out<'h>, scheme: Atom, s: &[u8]) -> Term<'h> {
    let slash = s.iter().position(|b| *b == b'/');
    let (host, path) = slash.map_or((s, &b"/"[..]), |at| s.split_at(at));
    let (host, port) = match host.iter().position(|b| *b == b':') {
        None => (host, None),
        Some(at) => {
            let port = match digits(&host[at + 1..]) {
                Some((n, [])) if n != 0 => Some(n),
                _ => None,
            };
            (&host[..at], port)
        }
    };
    let port = port.map_or(Term::atom(term::atom::am::UNDEFINED), |n| Term::small(n.into()));
    let name = atom!("absoluteURI").into();
    out.tuple(&[name, scheme.into(), out.text(host), port, out.text(path)])
}

fn header<'h>(out: &Out<'h>, line: &[u8], headers: &Cell<bool>) -> Option<Term<'h>> {
    if line.is_empty() {
        headers.set(false);
        return Some(Term::atom(atom!("http_eoh")));
    }
    let n = line.iter().take_while(|b| !is_special(**b)).count();
    let (original, rest) = line.split_at(n);
    let value = skip_blanks(rest.strip_prefix(b":")?);
    let (number, name) = if n <= NAME_MAX {
        let name = in_title_case(original);
        match HEADERS.iter().position(|h| h.as_bytes() == name) {
            Some(i) => (i + 1, Term::atom(Atom::new(HEADERS[i]))),
            None => (0, out.text(&name)),
        }
    } else {
        (0, out.text(original))
    };
    let number = Term::small(number as i64);
    let name_of = atom!("http_header").into();
    Some(out.tuple(&[name_of, number, name, out.text(original), out.text(value)]))
}

/// The first letter and those after a hyphen large, all others small.
fn in_title_case(name: &[u8]) -> Vec<u8> {
    let mut large = true;
    let one = |b: &u8| {
        let c = if large { b.to_ascii_uppercase() } else { b.to_ascii_lowercase() };
        large = !large && *b == b'-';
        c
    };
    name.iter().map(one).collect()
}

#[cfg(test)]
mod tests {
    use super::*;

    fn text(line: &[u8], state: &Cell<bool>) -> String {
        let h = Heap::new();
        term::print::to_text(parse(&h, line, false, state))
    }

    #[test]
    fn a_request() {
        let s = Cell::new(false);
        assert_eq!(
            text(b"GET http://host:80/x HTTP/1.1\r\n", &s),
            "{http_request,'GET',{absoluteURI,http,\"host\",80,\"/x\"},{1,1}}"
        );
        assert!(s.get());
        assert_eq!(
            text(b"content-LENGTH:  3\r\n", &s),
            "{http_header,38,'Content-Length',\"content-LENGTH\",\"3\"}"
        );
        assert_eq!(text(b"bad header\r\n", &s), "{http_error,\"bad header\r\\n\"}");
        assert_eq!(text(b"\r\n", &s), "http_eoh");
        assert!(!s.get());
        assert_eq!(text(b"HTTP/1.0 200\r\n", &s), "{http_response,{1,0},200,[]}");
    }
}
