//! `LOCAL_EXT` (OTP 26): a term sealed with a hash that only this emulator can make. What belongs to this node has no name in
//! it: the node may get one meanwhile, and the term stays good.

use crate::decode::DecodeError;
use crate::resolver::Resolver;
use crate::tag;
use core::hash::Hasher;
use std::hash::DefaultHasher;

/// Begins a sealed term; the seal is filled in later.
pub(crate) fn open(out: &mut Vec<u8>) -> usize {
    out.extend_from_slice(&[tag::LOCAL, 0, 0, 0, 0]);
    out.len()
}

/// Seals what stands from `at` on.
pub(crate) fn seal(at: usize, out: &mut [u8], resolver: &dyn Resolver) {
    if let Some((head, body)) = out.split_at_mut_checked(at)
        && let Some(hole) = head.last_chunk_mut::<4>()
    {
        *hole = hash(body, resolver).to_be_bytes();
    }
}

pub(crate) fn check(sealed: u32, body: &[u8], resolver: &dyn Resolver) -> Result<(), DecodeError> {
    if hash(body, resolver) == sealed { Ok(()) } else { Err(DecodeError::NotLocal) }
}

fn hash(body: &[u8], resolver: &dyn Resolver) -> u32 {
    let mut h = DefaultHasher::new();
    h.write_u64(resolver.local_seal().unwrap_or(0));
    h.write(body);
    let h = h.finish();
    (h ^ h >> 32) as u32
}
