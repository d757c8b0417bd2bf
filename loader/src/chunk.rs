//! The IFF container and a reader of big-endian fields.

use crate::error::LoadError;

/// The chunks of a file, in order.
pub(crate) struct Chunks<'a> {
    all: Vec<([u8; 4], &'a [u8])>,
}

impl<'a> Chunks<'a> {
    pub fn read(bytes: &'a [u8]) -> Result<Self, LoadError> {
        Self::parse(bytes).ok_or_else(|| LoadError::bad("corrupt file header"))
    }

    fn parse(bytes: &'a [u8]) -> Option<Self> {
        let mut outer = Fields::new(bytes);
        if outer.take(4)? != b"FOR1" {
            return None;
        }
        let size = outer.u32()? as usize;
        let mut form = Fields::new(outer.take(size)?);
        if form.take(4)? != b"BEAM" {
            return None;
        }
        let mut all = Vec::new();
        while !form.at_end() {
            let id = form.take(4)?.try_into().ok()?;
            let size = form.u32()? as usize;
            all.push((id, form.take(size)?));
            // The last chunk may lack its padding.
            let padding = (4 - size % 4) % 4;
            form.take(padding.min(form.left()))?;
        }
        Some(Chunks { all })
    }

    /// The contents of the first chunk with that name.
    pub fn get(&self, id: &[u8; 4]) -> Option<&'a [u8]> {
        self.all.iter().find(|(name, _)| name == id).map(|(_, data)| *data)
    }
}

/// Reads fields from the front of a byte slice; `None` at its end.
pub(crate) struct Fields<'a> {
    bytes: &'a [u8],
}

impl<'a> Fields<'a> {
    pub fn new(bytes: &'a [u8]) -> Self {
        Fields { bytes }
    }

    pub fn at_end(&self) -> bool {
        self.bytes.is_empty()
    }

    pub fn left(&self) -> usize {
        self.bytes.len()
    }

    pub fn take(&mut self, n: usize) -> Option<&'a [u8]> {
        let (taken, rest) = self.bytes.split_at_checked(n)?;
        self.bytes = rest;
        Some(taken)
    }

    pub fn rest(self) -> &'a [u8] {
        self.bytes
    }

    fn array<const N: usize>(&mut self) -> Option<[u8; N]> {
        self.take(N)?.try_into().ok()
    }

    pub fn u8(&mut self) -> Option<u8> {
        self.array().map(u8::from_be_bytes)
    }

    pub fn u16(&mut self) -> Option<u16> {
        self.array().map(u16::from_be_bytes)
    }

    pub fn u32(&mut self) -> Option<u32> {
        self.array().map(u32::from_be_bytes)
    }

    pub fn i32(&mut self) -> Option<i32> {
        self.array().map(i32::from_be_bytes)
    }

    pub fn i64(&mut self) -> Option<i64> {
        self.array().map(i64::from_be_bytes)
    }

    /// A count of things that take `width` bytes each at least.
    pub fn count(&mut self, width: usize) -> Option<usize> {
        let n = self.u32()? as usize;
        (n <= self.left() / width.max(1)).then_some(n)
    }

    /// A compact term without extensions: its tag and a number that is not negative.
    pub fn tagged(&mut self) -> Option<(u8, u64)> {
        let first = self.u8()?;
        let tag = first & 7;
        if first & 8 == 0 {
            return Some((tag, u64::from(first >> 4)));
        }
        if first & 16 == 0 {
            return Some((tag, u64::from(first >> 5) << 8 | u64::from(self.u8()?)));
        }
        let len = usize::from(first >> 5) + 2;
        let bytes = self.take(len)?;
        if len > 8 || bytes[0] & 128 != 0 {
            return None;
        }
        Some((tag, bytes.iter().fold(0, |n, b| n << 8 | u64::from(*b))))
    }
}
