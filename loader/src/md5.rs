//! The module's MD5, as `module_info(md5)` and `code:module_md5/1` give it.

use crate::chunk::Chunks;

/// The chunks that count, in order.
const CHUNKS: [&[u8; 4]; 10] =
    [b"AtU8", b"Code", b"StrT", b"ImpT", b"ExpT", b"FunT", b"LitT", b"Meta", b"Recs", b"DbgB"];

/// MD5 over the chunks that make the module what it is. The `old_uniq` field of lambdas is left
/// out, because it is taken from the MD5 itself.
pub(crate) fn of_module(chunks: &Chunks) -> [u8; 16] {
    let mut md5 = Md5::new();
    for id in CHUNKS {
        match chunks.get(id) {
            Some(data) if id == b"FunT" => {
                let (count, rows) = data.split_at(data.len().min(4));
                md5.update(count);
                for row in rows.chunks(24) {
                    md5.update(&row[..row.len().min(20)]);
                    md5.update(&[0; 4]);
                }
            }
            Some(data) => md5.update(data),
            None => {}
        }
    }
    md5.finish()
}

/// MD5 (RFC 1321).
struct Md5 {
    state: [u32; 4],
    block: [u8; 64],
    len: u64,
}

/// Rotations, by round and step modulo 4.
const ROTATE: [[u32; 4]; 4] = [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// `floor(2^32 * abs(sin(i + 1)))`.
const SINES: [u32; 64] = [
    0xd76aa478, 0xe8c7b756, 0x242070db, 0xc1bdceee, 0xf57c0faf, 0x4787c62a, 0xa8304613, 0xfd469501,
    0x698098d8, 0x8b44f7af, 0xffff5bb1, 0x895cd7be, 0x6b901122, 0xfd987193, 0xa679438e, 0x49b40821,
    0xf61e2562, 0xc040b340, 0x265e5a51, 0xe9b6c7aa, 0xd62f105d, 0x02441453, 0xd8a1e681, 0xe7d3fbc8,
    0x21e1cde6, 0xc33707d6, 0xf4d50d87, 0x455a14ed, 0xa9e3e905, 0xfcefa3f8, 0x676f02d9, 0x8d2a4c8a,
    0xfffa3942, 0x8771f681, 0x6d9d6122, 0xfde5380c, 0xa4beea44, 0x4bdecfa9, 0xf6bb4b60, 0xbebfbc70,
    0x289b7ec6, 0xeaa127fa, 0xd4ef3085, 0x04881d05, 0xd9d4d039, 0xe6db99e5, 0x1fa27cf8, 0xc4ac5665,
    0xf4292244, 0x432aff97, 0xab9423a7, 0xfc93a039, 0x655b59c3, 0x8f0ccc92, 0xffeff47d, 0x85845dd1,
    0x6fa87e4f, 0xfe2ce6e0, 0xa3014314, 0x4e0811a1, 0xf7537e82, 0xbd3af235, 0x2ad7d2bb, 0xeb86d391,
];

impl Md5 {
    fn new() -> Md5 {
        Md5 { state: [0x67452301, 0xefcdab89, 0x98badcfe, 0x10325476], block: [0; 64], len: 0 }
    }

    fn update(&mut self, mut data: &[u8]) {
        let used = (self.len % 64) as usize;
        self.len = self.len.wrapping_add(data.len() as u64);
        if used > 0 {
            let n = data.len().min(64 - used);
            self.block[used..used + n].copy_from_slice(&data[..n]);
            data = &data[n..];
            if used + n < 64 {
                return;
            }
            let block = self.block;
            self.mix(&block);
        }
        let (blocks, rest) = data.as_chunks::<64>();
        for block in blocks {
            self.mix(block);
        }
        self.block[..rest.len()].copy_from_slice(rest);
    }

    fn finish(mut self) -> [u8; 16] {
        let bits = self.len.wrapping_mul(8);
        self.update(&[0x80]);
        while self.len % 64 != 56 {
            self.update(&[0]);
        }
        self.update(&bits.to_le_bytes());
        let mut out = [0; 16];
        for (to, word) in out.chunks_exact_mut(4).zip(self.state) {
            to.copy_from_slice(&word.to_le_bytes());
        }
        out
    }

    fn mix(&mut self, block: &[u8; 64]) {
        let mut m = [0u32; 16];
        for (word, bytes) in m.iter_mut().zip(block.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*bytes);
        }
        let [mut a, mut b, mut c, mut d] = self.state;
        for i in 0..64 {
            let (f, g) = match i / 16 {
                0 => (b & c | !b & d, i),
                1 => (d & b | !d & c, 5 * i + 1),
                2 => (b ^ c ^ d, 3 * i + 5),
                _ => (c ^ (b | !d), 7 * i),
            };
            let sum = a.wrapping_add(f).wrapping_add(SINES[i]).wrapping_add(m[g % 16]);
            (a, d, c) = (d, c, b);
            b = b.wrapping_add(sum.rotate_left(ROTATE[i / 16][i % 4]));
        }
        for (word, add) in self.state.iter_mut().zip([a, b, c, d]) {
            *word = word.wrapping_add(add);
        }
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn hex(parts: &[&[u8]]) -> String {
        let mut md5 = Md5::new();
        parts.iter().for_each(|p| md5.update(p));
        md5.finish().iter().map(|b| format!("{b:02x}")).collect()
    }

    #[test]
    fn known_digests() {
        assert_eq!(hex(&[]), "d41d8cd98f00b204e9800998ecf8427e");
        assert_eq!(hex(&[b"message ", b"digest"]), "f96b697d7cb7938d525a2f31aaf161d0");
        let long: Vec<u8> = b"1234567890".repeat(8);
        assert_eq!(
            hex(&[&long[..3], &long[3..70], &long[70..]]),
            "57edf4a22be3c955ac49da2e2107b67a"
        );
    }
}
