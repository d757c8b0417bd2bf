//! `decode_packet/3` [erl_bif_port.c]: the packets of sockets, out of a binary.

use std::cell::Cell;
use term::atom::am;
use term::{Term, View, atom};
use vm::inet::packet::{self, Bounds, Kind};
use vm::inet::{http, tls};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    /// `{ok, Packet, Rest}`, `{more, Length}` or `{error, invalid}`
    Plain "decode_packet"/3 => decode_packet(0, 1, 2);
} }

fn kind(t: Term<'_>) -> Option<Kind> {
    if let Some(n) = t.as_small() {
        return match n {
            0 => Some(Kind::Raw),
            1 => Some(Kind::One),
            2 => Some(Kind::Two),
            4 => Some(Kind::Four),
            _ => None,
        };
    }
    Some(match t.as_atom()?.name() {
        "raw" => Kind::Raw,
        "asn1" => Kind::Asn1,
        "sunrm" => Kind::SunRm,
        "cdr" => Kind::Cdr,
        "fcgi" => Kind::Fcgi,
        "line" => Kind::Line,
        "tpkt" => Kind::Tpkt,
        "http" => Kind::Http,
        "httph" => Kind::HttpHeader,
        "http_bin" => Kind::HttpBin,
        "httph_bin" => Kind::HttpHeaderBin,
        "ssl_tls" => Kind::SslTls,
        _ => return None,
    })
}

fn bounds(kind: Kind, options: Term<'_>) -> Option<Bounds> {
    let mut b = Bounds { most: 0, cut: 0, delimiter: b'\n' };
    let mut at = options;
    while let View::Cons(cell) = at.view() {
        let option = cell.head().as_tuple()?;
        let [name, value] = option.elements() else { return None };
        let n = u32::try_from(value.as_small()?).ok()?;
        match name.as_atom()?.name() {
            "packet_size" => b.most = n as usize,
            "line_length" => b.cut = n as usize,
            "line_delimiter" if kind == Kind::Line => b.delimiter = u8::try_from(n).ok()?,
            _ => return None,
        }
        at = cell.tail();
    }
    at.is_nil().then_some(b)
}

fn decode_packet<'p>(
    cx: &Cx<'p>,
    kind_term: Term<'p>,
    bits: Term<'p>,
    options: Term<'p>,
) -> BifResult<'p> {
    let Some(kind) = kind(kind_term) else {
        return Err(cx.badarg_cause(atom!("badopt").into()));
    };
    let View::Bits(bits) = bits.view() else { return Err(cx.badarg()) };
    let bounds = cx.need(bounds(kind, options))?;
    let heap = cx.heap();
    // Bits that are no whole byte stay in the rest.
    let all = bits.bytes();
    let whole = bits.bit_len() / 8;
    let bytes = all.get(..whole).unwrap_or(&all);
    cx.bump(whole / 256);
    let mut headers = false;
    let n = match packet::length(kind, bytes, bounds, &mut headers) {
        Err(packet::Malformed) => {
            return Ok(heap.tuple(&[am::ERROR.into(), atom!("invalid").into()]));
        }
        Ok(Some(n)) if n > 0 && n <= whole => n,
        Ok(n) => {
            let n = n.filter(|n| *n > 0).map_or(am::UNDEFINED.into(), |n| heap.uint(n as u64));
            return Ok(heap.tuple(&[atom!("more").into(), n]));
        }
    };
    let packet = bytes.get(..n).unwrap_or(bytes);
    let body = if kind.is_http() {
        http::parse(heap, packet, kind.is_bin(), &Cell::new(headers))
    } else if kind == Kind::SslTls {
        tls::parse(heap, Term::nil(), packet)
    } else {
        let (a, b) = kind.body(packet);
        heap.sub_bits(bits, a * 8, (b - a) * 8)
    };
    let rest = heap.sub_bits(bits, n * 8, bits.bit_len() - n * 8);
    Ok(heap.tuple(&[am::OK.into(), body, rest]))
}
