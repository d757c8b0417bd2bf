//! Byte for byte what the reference writes (tests/golden.txt, made by tests/golden.erl).

mod common;

use common::{TestVm, hex, unhex};
use etf::{
    DEFAULT_LEVEL, DecodeOptions, EncodeOptions, decode, encode, encode_iovec, external_size,
};
use num::checksum::Md5;
use term::heap::Heap;
use term::term::Term;

fn summary(bytes: &[u8]) -> String {
    hex(&if bytes.len() <= 64 { bytes.to_vec() } else { Md5::digest(bytes).to_vec() })
}

fn encoded(term: Term<'_>, opts: &EncodeOptions<'_>) -> String {
    let mut out = Vec::new();
    encode(term, &mut out, opts).unwrap();
    summary(&out)
}

#[test]
fn encodes_as_the_reference() {
    let text = std::fs::read_to_string(concat!(env!("CARGO_MANIFEST_DIR"), "/tests/golden.txt"));
    let vm = TestVm::default();
    let plain = EncodeOptions::new(&vm);
    let (mut wrong, mut lines) = (Vec::new(), text.as_deref().unwrap().lines().enumerate());
    let heap = Heap::new();
    let mut term = Term::nil();
    for (i, line) in lines.by_ref() {
        let (key, value) = line.split_once(' ').unwrap();
        let minor = |n| encoded(term, &plain.minor_version(n).unwrap());
        let zipped = |compress| encoded(term, &EncodeOptions { compress, ..plain });
        let ours = match key {
            "term" => {
                let bytes = unhex(value);
                let (decoded, used) = decode(&bytes, &heap, &DecodeOptions::new(&vm))
                    .unwrap_or_else(|e| panic!("line {}: {e}", i + 1));
                assert_eq!(used, bytes.len());
                term = decoded;
                continue;
            }
            "m0" => minor(0),
            "m1" => minor(1),
            "m2" => minor(2),
            "det" => encoded(term, &EncodeOptions { deterministic: true, ..plain }),
            "z1" => zipped(1),
            "z" => zipped(DEFAULT_LEVEL),
            "z9" => zipped(9),
            "iov" => {
                let list = encode_iovec(term, &plain).unwrap().into_list(&heap);
                let parts = list.to_vec().unwrap();
                let bytes: Vec<u8> =
                    parts.iter().flat_map(|p| p.as_binary().unwrap().bytes().to_vec()).collect();
                summary(&bytes)
            }
            "size" => external_size(term, &plain).unwrap().to_string(),
            "size0" => external_size(term, &plain.minor_version(0).unwrap()).unwrap().to_string(),
            _ => panic!("line {}: what is {key}?", i + 1),
        };
        if ours != value {
            wrong.push(format!("line {}: {key} {ours}, not {value}", i + 1));
        }
    }
    assert!(wrong.is_empty(), "{} wrong:\n{}", wrong.len(), wrong.join("\n"));
}
