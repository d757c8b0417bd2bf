//! The portable term hashes, `erlang:phash2` and `erlang:phash`, reduced to what they do with bytes and numbers
//! [utils.c: make_hash2, make_hash].
//!
//! Both are part of Erlang's contract with stored data: results are the same in every release and on every machine.
//! Walking the term is the caller's work: it keeps one running hash, starting at zero, and folds each part into it.

/// The golden ratio; `phash2` tells kinds of terms apart by multiples of it.
pub const GOLDEN: u32 = 0x9e37_79b9;

/// `phash2`'s constant number `n`: 2 nil, 3 atom, 4 bytes of a list, 5 pid, 6 port, 7 reference, 9 tuple, 10 negative and 11
/// positive big integer, 12 float, 13 and 15 binary, 14 export, 16 map.
#[inline]
pub const fn hconst(n: u32) -> u32 {
    GOLDEN.wrapping_mul(n)
}

/// Bob Jenkins' 96-bit mixing step (lookup2).
#[inline]
pub fn mix(mut a: u32, mut b: u32, mut c: u32) -> (u32, u32, u32) {
    a = a.wrapping_sub(b).wrapping_sub(c) ^ (c >> 13);
    b = b.wrapping_sub(c).wrapping_sub(a) ^ (a << 8);
    c = c.wrapping_sub(a).wrapping_sub(b) ^ (b >> 13);
    a = a.wrapping_sub(b).wrapping_sub(c) ^ (c >> 12);
    b = b.wrapping_sub(c).wrapping_sub(a) ^ (a << 16);
    c = c.wrapping_sub(a).wrapping_sub(b) ^ (b >> 5);
    a = a.wrapping_sub(b).wrapping_sub(c) ^ (c >> 3);
    b = b.wrapping_sub(c).wrapping_sub(a) ^ (a << 10);
    c = c.wrapping_sub(a).wrapping_sub(b) ^ (b >> 15);
    (a, b, c)
}

/// Folds two words into the hash [UINT32_HASH_2].
#[inline]
pub fn hash2_words(hash: u32, x: u32, y: u32, constant: u32) -> u32 {
    mix(constant.wrapping_add(x), constant.wrapping_add(y), hash).2
}

/// Folds one word into the hash [UINT32_HASH].
#[inline]
pub fn hash2_word(hash: u32, x: u32, constant: u32) -> u32 {
    hash2_words(hash, x, 0, constant)
}

/// Hash of bytes; `init` is the hash so far [block_hash].
pub fn block_hash(bytes: &[u8], init: u32) -> u32 {
    let word = |b: &[u8]| b.iter().rev().fold(0u32, |w, &byte| (w << 8) | u32::from(byte));
    let (mut a, mut b, mut c) = (GOLDEN, GOLDEN, init);
    let (blocks, rest) = bytes.as_chunks::<12>();
    for block in blocks {
        let [a0, a1, a2, a3, b0, b1, b2, b3, c0, c1, c2, c3] = *block;
        a = a.wrapping_add(u32::from_le_bytes([a0, a1, a2, a3]));
        b = b.wrapping_add(u32::from_le_bytes([b0, b1, b2, b3]));
        c = c.wrapping_add(u32::from_le_bytes([c0, c1, c2, c3]));
        (a, b, c) = mix(a, b, c);
    }
    let (first, rest) = rest.split_at(rest.len().min(4));
    let (second, third) = rest.split_at(rest.len().min(4));
    a = a.wrapping_add(word(first));
    b = b.wrapping_add(word(second));
    // The lowest byte of the last word belongs to the length.
    c = c.wrapping_add(bytes.len() as u32).wrapping_add(word(third) << 8);
    mix(a, b, c).2
}

/// Folds a bit string: whole bytes, then `(bits, count)`, the `count` (0 to 7) last bits, right-aligned.
pub fn hash2_bits(hash: u32, bytes: &[u8], last: (u8, u32)) -> u32 {
    let init = hconst(13).wrapping_add(hash);
    let (bits, count) = last;
    if bytes.is_empty() && count == 0 {
        return init;
    }
    let hash = block_hash(bytes, init);
    if count == 0 { hash } else { hash2_words(hash, count, u32::from(bits), hconst(15)) }
}

/// Folds a binary.
pub fn hash2_bytes(hash: u32, bytes: &[u8]) -> u32 {
    hash2_bits(hash, bytes, (0, 0))
}

/// Folds a machine integer: one path for 28 bits, which every integer was in the first release that had this hash, and the
/// path of big integers for the others. No matter how the VM stores the integer.
pub fn hash2_i64(hash: u32, n: i64) -> u32 {
    const RANGE: std::ops::Range<i64> = -(1 << 27)..1 << 27;
    if !RANGE.contains(&n) {
        return hash2_big(hash, n < 0, &[n.unsigned_abs()]);
    }
    let n = n as i32;
    let hash = if n < 0 { hash2_word(hash, n.unsigned_abs(), GOLDEN) } else { hash };
    hash2_word(hash, n as u32, GOLDEN)
}

/// Folds an integer outside 28 bits by sign and 64-bit digits, least significant first, no leading zeros.
pub fn hash2_big(hash: u32, negative: bool, digits: &[u64]) -> u32 {
    let constant = hconst(if negative { 10 } else { 11 });
    digits.iter().fold(hash, |hash, &d| hash2_words(hash, d as u32, (d >> 32) as u32, constant))
}

/// Folds a float; both zeros hash alike.
pub fn hash2_f64(hash: u32, f: f64) -> u32 {
    let bits = if f == 0.0 { 0 } else { f.to_bits() };
    hash2_words(hash, (bits >> 32) as u32, bits as u32, hconst(12))
}

/// `erlang:phash`'s primes, number 1 to 14 (index 0 is unused) [FUNNY_NUMBER].
pub const PRIMES: [u32; 15] = [
    1, 268440163, 268439161, 268435459, 268436141, 268438633, 268437017, 268438039, 268437511,
    268439627, 268440479, 268440577, 268440581, 268440593, 268440611,
];

/// `hash * prime + value`, the step of `phash`.
#[inline]
pub fn phash_step(hash: u32, prime: usize, value: u32) -> u32 {
    hash.wrapping_mul(PRIMES.get(prime).copied().unwrap_or(1)).wrapping_add(value)
}

/// Folds the four bytes of a word, lowest first [UINT32_HASH_STEP].
pub fn phash_word(hash: u32, word: u32, prime: usize) -> u32 {
    word.to_le_bytes().iter().fold(hash, |hash, &byte| phash_step(hash, prime, u32::from(byte)))
}

/// Folds an integer by sign and 64-bit digits; zero is one zero digit. The top digit counts four bytes if it fits.
pub fn phash_big(hash: u32, negative: bool, digits: &[u64]) -> u32 {
    let (top, lower) = digits.split_last().unwrap_or((&0, &[]));
    let both = |hash, d: u64| phash_word(phash_word(hash, d as u32, 2), (d >> 32) as u32, 2);
    let hash = lower.iter().fold(hash, |hash, &d| both(hash, d));
    let hash = if *top >> 32 == 0 { phash_word(hash, *top as u32, 2) } else { both(hash, *top) };
    phash_step(hash, if negative { 4 } else { 3 }, 0)
}

pub fn phash_i64(hash: u32, n: i64) -> u32 {
    phash_big(hash, n < 0, &[n.unsigned_abs()])
}

pub fn phash_f64(hash: u32, f: f64) -> u32 {
    let bits = if f == 0.0 { 0 } else { f.to_bits() };
    phash_step(hash, 6, bits as u32 ^ (bits >> 32) as u32)
}

/// Folds a bit string: whole bytes, then `(bits, count)`, the `count` (0 to 7) last bits, right-aligned.
pub fn phash_bits(hash: u32, bytes: &[u8], last: (u8, u32)) -> u32 {
    let (bits, count) = last;
    let mut hash = bytes.iter().fold(hash, |hash, &byte| phash_step(hash, 1, u32::from(byte)));
    if count > 0 {
        hash = phash_step(phash_step(hash, 1, u32::from(bits)), 12, count);
    }
    phash_step(hash, 4, bytes.len() as u32)
}

#[cfg(test)]
mod tests;
