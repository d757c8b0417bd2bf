//! Random bytes from the system.

use std::io;

/// Fills `buf` with unpredictable bytes.
pub fn fill(buf: &mut [u8]) -> io::Result<()> {
    // The system promises up to 256 bytes at once.
    for chunk in buf.chunks_mut(256) {
        // SAFETY: the chunk is valid for its length.
        crate::fd::retry(|| unsafe {
            crate::fd::check(libc::getentropy(chunk.as_mut_ptr().cast(), chunk.len()))
        })?;
    }
    Ok(())
}

/// A random number, for salts and seeds. Falls back on clock and address bits should the system have none.
pub fn seed() -> u64 {
    let mut bytes = [0; 8];
    match fill(&mut bytes) {
        Ok(()) => u64::from_le_bytes(bytes),
        Err(_) => {
            let here = &raw const bytes as u64;
            (crate::clock::monotonic_ns() as u64)
                .wrapping_mul(0x9e37_79b9_7f4a_7c15)
                .rotate_left(32)
                ^ (crate::clock::system_ns() as u64)
                ^ here
        }
    }
}

#[cfg(test)]
mod tests {
    #[test]
    fn differs() {
        let mut a = [0; 1000];
        super::fill(&mut a).unwrap();
        assert!(a[900..].iter().any(|b| *b != 0));
        assert_ne!(super::seed(), super::seed());
    }
}
