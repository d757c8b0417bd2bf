//! Hash maps for keys of the VM's own making: references, pids, addresses, pairs of atoms.
//!
//! A folded multiplication for each word, started with a random number of this run: not meant against
//! an enemy who chooses the keys and sees the order, but such keys nobody chooses.

use std::collections::HashMap;
use std::hash::{BuildHasher, Hasher, RandomState};
use std::sync::LazyLock;

pub type QuickMap<K, V> = HashMap<K, V, Quick>;

static SEED: LazyLock<u64> = LazyLock::new(|| RandomState::new().build_hasher().finish());

/// Makes the hashers.
#[derive(Clone, Copy, Default, Debug)]
pub struct Quick;

impl BuildHasher for Quick {
    type Hasher = QuickHasher;
    #[inline]
    fn build_hasher(&self) -> QuickHasher {
        QuickHasher(*SEED)
    }
}

pub struct QuickHasher(u64);

impl QuickHasher {
    #[inline]
    fn add(&mut self, n: u64) {
        let m = u128::from(self.0 ^ n) * 0x9e37_79b9_7f4a_7c15;
        self.0 = m as u64 ^ (m >> 64) as u64;
    }
}

impl Hasher for QuickHasher {
    #[inline]
    fn finish(&self) -> u64 {
        self.0
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut w = [0u8; 8];
            w[..chunk.len()].copy_from_slice(chunk);
            self.add(u64::from_le_bytes(w) ^ (chunk.len() as u64) << 56);
        }
    }
    #[inline]
    fn write_u8(&mut self, n: u8) {
        self.add(n.into());
    }
    #[inline]
    fn write_u32(&mut self, n: u32) {
        self.add(n.into());
    }
    #[inline]
    fn write_u64(&mut self, n: u64) {
        self.add(n);
    }
    #[inline]
    fn write_usize(&mut self, n: usize) {
        self.add(n as u64);
    }
    #[inline]
    fn write_isize(&mut self, n: isize) {
        self.add(n as u64);
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn spreads() {
        let mut low = [0; 64];
        let mut high = [0; 64];
        for n in 0..6400u64 {
            let h = Quick.hash_one((n, 7u64));
            low[h as usize % 64] += 1;
            high[(h >> 58) as usize] += 1;
        }
        assert!(low.iter().chain(&high).all(|&n| (50..200).contains(&n)));
        assert_eq!(Quick.hash_one("abc"), Quick.hash_one("abc"));
        assert_ne!(Quick.hash_one("abc"), Quick.hash_one("abd"));
    }
}
