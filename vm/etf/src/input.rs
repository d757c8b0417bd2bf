//! A cursor over untrusted bytes: every read is checked.

use crate::decode::DecodeError;
use term::atom::Atom;

#[derive(Clone, Copy)]
pub(crate) struct Input<'a> {
    rest: &'a [u8],
    /// Atoms that were read before, by what their names look like: the same few come again and again.
    pub recent: [Atom; RECENT],
}

pub(crate) const RECENT: usize = 16;

macro_rules! big_endian {
    ($($name:ident: $type:ty,)*) => {$(
        #[inline]
        pub fn $name(&mut self) -> Result<$type, DecodeError> {
            let (head, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
            self.rest = rest;
            Ok(<$type>::from_be_bytes(*head))
        }
    )*};
}

impl<'a> Input<'a> {
    pub fn new(bytes: &'a [u8]) -> Input<'a> {
        Input { rest: bytes, recent: [Atom(0); RECENT] }
    }
    big_endian! { u8: u8, u16: u16, u32: u32, i32: i32, u64: u64, f64: f64, }

    #[inline]
    pub fn take(&mut self, n: usize) -> Result<&'a [u8], DecodeError> {
        let (head, rest) = self.rest.split_at_checked(n).ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(head)
    }
    #[inline]
    pub fn array<const N: usize>(&mut self) -> Result<[u8; N], DecodeError> {
        let (head, rest) = self.rest.split_first_chunk().ok_or(DecodeError::Truncated)?;
        self.rest = rest;
        Ok(*head)
    }
    /// A count of terms that must still follow, `each` of them a time. No term is shorter than a
    /// byte, so a count beyond the remaining bytes is refused before anything is made for it.
    #[inline]
    pub fn count(&mut self, each: usize) -> Result<usize, DecodeError> {
        let n = self.u32()? as usize;
        match n.checked_mul(each) {
            Some(terms) if terms <= self.rest.len() => Ok(n),
            _ => Err(DecodeError::Truncated),
        }
    }
    /// Bytes not read yet.
    #[inline]
    pub fn left(&self) -> usize {
        self.rest.len()
    }
}
