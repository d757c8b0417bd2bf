//! What the reference computed, as written by `testdata/numgen.erl`: lines of fields between spaces.
//!
//! `NUM_TESTDATA` may name a directory with longer files than those that are committed.

use crate::bignum::{self, Big};

pub(crate) fn lines(name: &str) -> Vec<Vec<String>> {
    let dir = std::env::var("NUM_TESTDATA")
        .unwrap_or_else(|_| concat!(env!("CARGO_MANIFEST_DIR"), "/testdata").to_owned());
    let text = std::fs::read_to_string(format!("{dir}/{name}")).unwrap();
    text.lines().map(|line| line.split(' ').map(str::to_owned).collect()).collect()
}

/// An integer in hexadecimal; "x" is none.
pub(crate) fn hex(text: &str) -> Option<Big> {
    bignum::parse(text.as_bytes(), 16)
}

/// The bits of a float in hexadecimal; "x" is none.
pub(crate) fn float(text: &str) -> Option<f64> {
    hex(text).map(|bits| f64::from_bits(bits.to_u64().unwrap()))
}

/// Bytes in hexadecimal, after an "h".
pub(crate) fn bytes(text: &str) -> Vec<u8> {
    let text = text.strip_prefix('h').unwrap_or(text);
    (0..text.len() / 2).map(|i| u8::from_str_radix(&text[2 * i..2 * i + 2], 16).unwrap()).collect()
}

/// Random words for tests, always the same for a seed (xorshift).
pub(crate) struct Rng(pub u64);

impl Rng {
    pub(crate) fn next(&mut self) -> u64 {
        self.0 ^= self.0 << 13;
        self.0 ^= self.0 >> 7;
        self.0 ^= self.0 << 17;
        self.0
    }

    pub(crate) fn below(&mut self, n: u64) -> u64 {
        self.next() % n
    }

    /// An integer of up to `max` digits, with runs of zeros and ones in it.
    pub(crate) fn big(&mut self, max: u64) -> Big {
        let len = self.below(max + 1);
        let digits = (0..len)
            .map(|_| match self.below(4) {
                0 => 0,
                1 => u64::MAX,
                _ => self.next(),
            })
            .collect();
        Big::from_vec(self.below(2) == 0, digits)
    }
}
