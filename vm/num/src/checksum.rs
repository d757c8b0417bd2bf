//! MD5, CRC-32 and Adler-32, whole and in pieces.
//!
//! CRC-32 and Adler-32 continue from a previous result, as `erlang:crc32/2` and `erlang:adler32/2` do. MD5 is here rather than
//! from a crate because `erlang:md5_init/0` hands its state out as a binary, which needs a state that can be written down.

/// `data` continues what `crc` is the CRC-32 of; start with 0.
pub fn crc32(crc: u32, data: &[u8]) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(crc);
    hasher.update(data);
    hasher.finalize()
}

/// The CRC-32 of two pieces together, the second `second_len` bytes long.
pub fn crc32_combine(first: u32, second: u32, second_len: u64) -> u32 {
    let mut hasher = crc32fast::Hasher::new_with_initial(first);
    hasher.combine(&crc32fast::Hasher::new_with_initial_len(second, second_len));
    hasher.finalize()
}

const ADLER: u32 = 65521;

/// `data` continues what `adler` is the Adler-32 of; start with 1.
pub fn adler32(adler: u32, data: &[u8]) -> u32 {
    let mut state = adler2::Adler32::from_checksum(adler);
    state.write_slice(data);
    state.checksum()
}

/// The Adler-32 of two pieces together, the second `second_len` bytes long.
pub fn adler32_combine(first: u32, second: u32, second_len: u64) -> u32 {
    let len = (second_len % u64::from(ADLER)) as u32;
    let (a1, b1) = (first & 0xffff, first >> 16);
    let (a2, b2) = (second & 0xffff, second >> 16);
    // Both first sums count the initial 1, which must count once.
    let a = a1 + a2 + ADLER - 1;
    let shifted = (u64::from(len) * u64::from(a1) % u64::from(ADLER)) as u32;
    let b = b1 + b2 + shifted + ADLER - len;
    // As zlib reduces: sums that are no Adler-32 sums (65521 and above) stay odd.
    let less = |sum: u32, n: u32| if sum >= n { sum - n } else { sum };
    let a = less(less(a, ADLER), ADLER);
    let b = less(less(b, 2 * ADLER), ADLER);
    (b << 16) | a
}

/// The state of an MD5 computation. As bytes: four state words, the length in bits (two words, lower first), a
/// block's worth of pending input; the same size as the reference's.
#[derive(Clone)]
pub struct Md5 {
    state: [u32; 4],
    bytes: u64,
    pending: [u8; 64],
}

impl Default for Md5 {
    fn default() -> Md5 {
        Md5::new()
    }
}

impl Md5 {
    /// The length of a context as bytes.
    pub const CONTEXT_LEN: usize = 88;

    pub fn new() -> Md5 {
        let state = [0x6745_2301, 0xefcd_ab89, 0x98ba_dcfe, 0x1032_5476];
        Md5 { state, bytes: 0, pending: [0; 64] }
    }

    pub fn digest(data: &[u8]) -> [u8; 16] {
        let mut md5 = Md5::new();
        md5.update(data);
        md5.finish()
    }

    pub fn to_context(&self) -> [u8; Md5::CONTEXT_LEN] {
        let mut context = [0; Md5::CONTEXT_LEN];
        for (chunk, word) in context.chunks_exact_mut(4).zip(self.state) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        context[16..24].copy_from_slice(&self.bytes.wrapping_mul(8).to_le_bytes());
        context[24..].copy_from_slice(&self.pending);
        context
    }

    /// `None` when the length is wrong; any bytes of the right length are a context.
    pub fn from_context(context: &[u8]) -> Option<Md5> {
        let context: &[u8; Md5::CONTEXT_LEN] = context.try_into().ok()?;
        let mut md5 = Md5::new();
        let (words, rest) = context.split_at(16);
        for (word, chunk) in md5.state.iter_mut().zip(words.as_chunks::<4>().0) {
            *word = u32::from_le_bytes(*chunk);
        }
        let (bits, pending) = rest.split_first_chunk::<8>()?;
        md5.bytes = u64::from_le_bytes(*bits) / 8;
        md5.pending.copy_from_slice(pending);
        Some(md5)
    }

    pub fn update(&mut self, mut data: &[u8]) {
        let have = (self.bytes % 64) as usize;
        self.bytes = self.bytes.wrapping_add(data.len() as u64);
        if have > 0 {
            let (now, later) = data.split_at(data.len().min(64 - have));
            self.pending[have..have + now.len()].copy_from_slice(now);
            if have + now.len() < 64 {
                return;
            }
            compress(&mut self.state, &self.pending);
            data = later;
        }
        let (blocks, rest) = data.as_chunks::<64>();
        for block in blocks {
            compress(&mut self.state, block);
        }
        self.pending[..rest.len()].copy_from_slice(rest);
    }

    pub fn finish(mut self) -> [u8; 16] {
        let bits = self.bytes.wrapping_mul(8).to_le_bytes();
        let have = (self.bytes % 64) as usize;
        let mut padding = [0; 64];
        padding[0] = 0x80;
        let len = if have < 56 { 56 - have } else { 120 - have };
        self.update(&padding[..len]);
        self.update(&bits);
        let mut digest = [0; 16];
        for (chunk, word) in digest.chunks_exact_mut(4).zip(self.state) {
            chunk.copy_from_slice(&word.to_le_bytes());
        }
        digest
    }
}

/// Rotations of the four rounds, repeating after four steps.
const ROTATIONS: [[u32; 4]; 4] =
    [[7, 12, 17, 22], [5, 9, 14, 20], [4, 11, 16, 23], [6, 10, 15, 21]];

/// 2^32 times the sine of the step (RFC 1321).
#[rustfmt::skip]
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

fn compress(state: &mut [u32; 4], block: &[u8; 64]) {
    let mut words = [0u32; 16];
    for (word, chunk) in words.iter_mut().zip(block.as_chunks::<4>().0) {
        *word = u32::from_le_bytes(*chunk);
    }
    let [mut a, mut b, mut c, mut d] = *state;
    let step = |f: u32, b: u32, a: u32, word: usize, i: usize| {
        a.wrapping_add(f)
            .wrapping_add(words[word % 16])
            .wrapping_add(SINES[i])
            .rotate_left(ROTATIONS[i / 16][i % 4])
            .wrapping_add(b)
    };
    for i in 0..16 {
        (a, d, c, b) = (d, c, b, step((b & c) | (!b & d), b, a, i, i));
    }
    for i in 16..32 {
        (a, d, c, b) = (d, c, b, step((d & b) | (!d & c), b, a, 5 * i + 1, i));
    }
    for i in 32..48 {
        (a, d, c, b) = (d, c, b, step(b ^ c ^ d, b, a, 3 * i + 5, i));
    }
    for i in 48..64 {
        (a, d, c, b) = (d, c, b, step(c ^ (b | !d), b, a, 7 * i, i));
    }
    for (word, add) in state.iter_mut().zip([a, b, c, d]) {
        *word = word.wrapping_add(add);
    }
}

#[cfg(test)]
mod tests;
