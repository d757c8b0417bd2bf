use super::*;
use crate::golden::{bytes, float, hex, lines};

#[test]
fn hashes_as_the_reference() {
    for line in lines("ints") {
        let a = hex(&line[0]).unwrap();
        let (hash2, hash) = match a.to_i64() {
            Some(n) => (hash2_i64(0, n), phash_i64(0, n)),
            None => (
                hash2_big(0, a.is_negative(), a.digits()),
                phash_big(0, a.is_negative(), a.digits()),
            ),
        };
        assert_eq!(hash2.to_string(), line[23], "{a:?}");
        assert_eq!(hash.to_string(), line[24], "{a:?}");
    }
    for line in lines("mixed") {
        let f = float(&line[0]).unwrap();
        assert_eq!(hash2_f64(0, f).to_string(), line[4], "{f}");
        assert_eq!(phash_f64(0, f).to_string(), line[5], "{f}");
    }
    for line in lines("bytes") {
        let raw = bytes(&line[0]);
        let last = (line[2].parse().unwrap(), line[1].parse().unwrap());
        assert_eq!(hash2_bits(0, &raw, last).to_string(), line[3]);
        assert_eq!(phash_bits(0, &raw, last).to_string(), line[4]);
    }
    assert_eq!(hash2_f64(0, -0.0), hash2_f64(0, 0.0));
}
