//! Any bytes: decoding answers, and what it accepts can be encoded and decoded again to the same term.

#![no_main]

#[path = "../../tests/common/mod.rs"]
mod common;

use etf::{DecodeOptions, EncodeOptions, decode, encode};
use libfuzzer_sys::fuzz_target;
use term::heap::Heap;

fuzz_target!(|bytes: &[u8]| {
    let vm = common::TestVm::default();
    let heap = Heap::new();
    let options = DecodeOptions::new(&vm);
    if let Ok((t, used)) = decode(bytes, &heap, &options) {
        assert!(used <= bytes.len());
        let mut out = Vec::new();
        if encode(t, &mut out, &EncodeOptions::new(&vm)).is_ok() {
            let (back, _) = decode(&out, &heap, &options).expect("what was encoded");
            assert!(term::compare::eq_exact(t, back));
        }
    }
});
