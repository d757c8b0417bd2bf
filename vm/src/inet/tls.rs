//! Records of TLS as terms (packet type `ssl_tls`) [packet_parser.c: packet_parse_ssl].

use term::{Heap, Term, atom};

/// `{ssl_tls, Port, ContentType, {Major, Minor}, Data}`. The hello of SSL 2 is shown as one of later versions.
pub fn parse<'h>(h: &'h Heap, port: Term<'h>, packet: &[u8]) -> Term<'h> {
    let byte = |i: usize| packet.get(i).copied().unwrap_or(0);
    let (kind, at, data) = if byte(0) & 0x80 != 0 && byte(2) == 1 {
        let body = packet.get(3..).unwrap_or(&[]);
        let len = (body.len() as u32).to_be_bytes();
        (22, 3, [&[1], &len[1..], body].concat())
    } else {
        (byte(0), 1, packet.get(5..).unwrap_or(&[]).to_vec())
    };
    let small = |b: u8| Term::small(b.into());
    let version = h.tuple(&[small(byte(at)), small(byte(at + 1))]);
    h.tuple(&[atom!("ssl_tls").into(), port, small(kind), version, h.binary(&data)])
}
