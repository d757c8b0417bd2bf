//! Option `{packet, N}`: received bytes cut into packets.

/// Cuts a stream into packets that begin with their length in 1, 2 or 4 bytes, most significant first.
pub(super) struct Frames {
    /// Bytes of the length.
    head: usize,
    partial: Vec<u8>,
}

impl Frames {
    pub fn new(head: u8) -> Frames {
        Frames { head: head.into(), partial: Vec::new() }
    }
    /// Takes in bytes; calls `out` with each packet that is complete. Without a length each call's bytes are one packet.
    pub fn feed(&mut self, mut bytes: &[u8], mut out: impl FnMut(&[u8])) {
        if self.head == 0 {
            return out(bytes);
        }
        while !bytes.is_empty() {
            if self.partial.is_empty()
                && let Some(n) = self.length(bytes)
                && let Some(packet) = bytes.get(self.head..self.head + n)
            {
                out(packet);
                bytes = &bytes[self.head + n..];
                continue;
            }
            let wanted = match self.length(&self.partial) {
                Some(n) => self.head + n,
                None => self.head,
            };
            let n = (wanted - self.partial.len()).min(bytes.len());
            self.partial.extend_from_slice(&bytes[..n]);
            bytes = &bytes[n..];
            if self.length(&self.partial).is_some_and(|n| self.partial.len() == self.head + n) {
                out(&self.partial[self.head..]);
                self.partial.clear();
            }
        }
    }
    fn length(&self, bytes: &[u8]) -> Option<usize> {
        let head = bytes.get(..self.head)?;
        Some(head.iter().fold(0, |n, b| n << 8 | usize::from(*b)))
    }
}

/// The length that goes before a packet; `None` if it does not fit.
pub(super) fn header(head: u8, len: usize) -> Option<Vec<u8>> {
    let n = usize::from(head);
    let len = u64::try_from(len).ok()?.to_be_bytes();
    if head > 0 && len[..8 - n].iter().any(|b| *b != 0) {
        return None;
    }
    Some(len[8 - n..].to_vec())
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn packets_however_cut() {
        let mut stream = Vec::new();
        let texts: [&[u8]; 4] = [b"hello", b"", b"a somewhat longer packet", b"x"];
        for head in [1, 2, 4] {
            stream.clear();
            for t in texts {
                stream.extend(header(head, t.len()).unwrap());
                stream.extend(t);
            }
            for step in 1..stream.len() {
                let mut f = Frames::new(head);
                let mut got = Vec::new();
                for part in stream.chunks(step) {
                    f.feed(part, |p| got.push(p.to_vec()));
                }
                assert_eq!(got, texts);
            }
        }
        assert_eq!(header(1, 256), None);
        assert_eq!(header(2, 0x1_0000), None);
        assert_eq!(header(0, 77), Some(Vec::new()));
    }
}
