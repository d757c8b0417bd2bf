use super::*;
use crate::golden::{bytes, lines};

#[test]
fn checksums_as_the_reference() {
    for line in lines("bytes") {
        let raw = bytes(&line[0]);
        assert_eq!(crc32(line[5].parse().unwrap(), &raw).to_string(), line[6]);
        assert_eq!(crc32(0, &raw).to_string(), line[7]);
        assert_eq!(adler32(1, &raw).to_string(), line[8]);
        assert_eq!(Md5::digest(&raw).as_slice(), bytes(&line[10]));
        let (first, second) = raw.split_at(line[9].parse().unwrap());
        let len = second.len() as u64;
        assert_eq!(crc32_combine(crc32(0, first), crc32(0, second), len), crc32(0, &raw));
        assert_eq!(adler32_combine(adler32(1, first), adler32(1, second), len), adler32(1, &raw));
        assert_eq!(crc32(crc32(0, first), second), crc32(0, &raw));
        assert_eq!(adler32(adler32(1, first), second), adler32(1, &raw));
        let mut md5 = Md5::new();
        md5.update(first);
        let mut md5 = Md5::from_context(&md5.to_context()).unwrap();
        md5.update(second);
        assert_eq!(md5.finish(), Md5::digest(&raw));
    }
    assert_eq!(adler32_combine(u32::MAX, u32::MAX, 10), 10420236);
    assert_eq!(adler32(u32::MAX, &[255; 100_000]), 3957665849);
    assert_eq!(crc32_combine(5, 6, 0xffff_ffff), 3);
    assert!(Md5::from_context(&[0; 87]).is_none());
}
