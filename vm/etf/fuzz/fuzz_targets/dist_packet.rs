//! Packets of another node, one after the other: headers, atom caches, fragments, control messages, payloads.

#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

use etf::atom_cache::{Received, read};
use etf::{DecodeOptions, decode_body};
use libfuzzer_sys::fuzz_target;
use term::heap::Heap;

fuzz_target!(|bytes: &[u8]| {
    let vm = common::TestVm::default();
    let mut cache = Received::default();
    let mut rest = bytes;
    // Each packet begins with its length in a byte.
    while let Some((&n, tail)) = rest.split_first() {
        let (packet, next) = tail.split_at(usize::from(n).min(tail.len()));
        rest = next;
        let Ok(header) = read(packet, &mut cache) else { continue };
        assert!(header.body <= packet.len());
        let heap = Heap::new();
        let options = DecodeOptions { atoms: &header.atoms, ..DecodeOptions::new(&vm) };
        let body = &packet[header.body..];
        if let Ok((_, used)) = decode_body(body, &heap, &options) {
            let _ = decode_body(&body[used..], &heap, &options);
        }
    }
});
