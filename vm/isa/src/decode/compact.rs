//! The encoding itself: tags, numbers, lists.

use super::{BigInt, DecodeError, Reader};
use crate::bits::BsFlags;
use crate::operand::{Dst, FReg, Need, Src, Ty};

pub(super) const U: u8 = 0;
pub(super) const I: u8 = 1;
pub(super) const A: u8 = 2;
pub(super) const X: u8 = 3;
pub(super) const Y: u8 = 4;
pub(super) const F: u8 = 5;
pub(super) const Z: u8 = 7;

pub(super) const EXT_LIST: u64 = 1;
pub(super) const EXT_FREG: u64 = 2;
pub(super) const EXT_ALLOC: u64 = 3;
pub(super) const EXT_LITERAL: u64 = 4;
pub(super) const EXT_TYPED: u64 = 5;

/// A tag with its number.
pub(super) enum Raw {
    Small(u8, u64),
    /// Two's complement, big-endian, of nine or more bytes, or a negative number.
    Long(u8, i128),
    /// Beyond 128 bits; only integers may be.
    Huge(u8, BigInt),
}

impl Reader<'_> {
    /// Tag of the next term, without reading it.
    pub(super) fn peek(&self) -> Result<u8, DecodeError> {
        self.bytes.get(self.pos).map(|b| b & 7).ok_or(DecodeError::Truncated)
    }

    fn raw(&mut self) -> Result<Raw, DecodeError> {
        let first = self.byte()?;
        let tag = first & 7;
        if first & 8 == 0 {
            return Ok(Raw::Small(tag, u64::from(first >> 4)));
        }
        if first & 16 == 0 {
            let low = self.byte()?;
            return Ok(Raw::Small(tag, u64::from(first >> 5) << 8 | u64::from(low)));
        }
        let len = match first >> 5 {
            7 => {
                let extra = self.number(U, "a length")?;
                usize::try_from(extra).ok().and_then(|n| n.checked_add(9))
            }
            n => Some(usize::from(n) + 2),
        };
        let end = len.and_then(|n| self.pos.checked_add(n)).ok_or(DecodeError::Truncated)?;
        let bytes = self.bytes.get(self.pos..end).ok_or(DecodeError::Truncated)?;
        self.pos = end;
        Ok(long(tag, bytes))
    }

    /// A number that must have `tag`.
    pub(super) fn number(&mut self, tag: u8, what: &'static str) -> Result<u64, DecodeError> {
        // Most operands fit the first byte.
        match self.bytes.get(self.pos) {
            Some(&b) if b & 15 == tag => {
                self.pos += 1;
                return Ok(u64::from(b >> 4));
            }
            Some(_) => {}
            None => return Err(DecodeError::Truncated),
        }
        match self.raw()? {
            Raw::Small(t, n) if t == tag => Ok(n),
            Raw::Long(t, n) if t == tag => {
                u64::try_from(n).map_err(|_| DecodeError::OutOfRange(what))
            }
            Raw::Huge(t, _) if t == tag => Err(DecodeError::OutOfRange(what)),
            _ => Err(DecodeError::BadOperand(what)),
        }
    }

    /// As [`Reader::number`], but what does not fit is the largest number.
    pub(super) fn number_at_most(
        &mut self,
        tag: u8,
        what: &'static str,
    ) -> Result<u64, DecodeError> {
        match self.number(tag, what) {
            Err(DecodeError::OutOfRange(_)) => Ok(u64::MAX),
            n => n,
        }
    }

    pub(super) fn number32(&mut self, tag: u8, what: &'static str) -> Result<u32, DecodeError> {
        u32::try_from(self.number(tag, what)?).map_err(|_| DecodeError::OutOfRange(what))
    }

    pub(super) fn register(&mut self, tag: u8) -> Result<u16, DecodeError> {
        let n = self.number(tag, "a register")?;
        u16::try_from(n).map_err(|_| DecodeError::OutOfRange("register"))
    }

    /// The kind of an extended term, which is read up to its contents.
    pub(super) fn extended(&mut self, what: &'static str) -> Result<u64, DecodeError> {
        self.number(Z, what)
    }

    pub(super) fn atom(&mut self) -> Result<u32, DecodeError> {
        let n = self.number32(A, "an atom")?;
        if n > self.cx.atoms() {
            return Err(DecodeError::OutOfRange("atom"));
        }
        Ok(n)
    }

    fn integer(&mut self) -> Result<Src, DecodeError> {
        match self.raw()? {
            Raw::Small(_, n) => Ok(Src::Int(n as i64)),
            Raw::Long(_, n) => match i64::try_from(n) {
                Ok(n) => Ok(Src::Int(n)),
                Err(_) => {
                    let bytes = strip(&n.unsigned_abs().to_be_bytes()).to_vec();
                    self.big(BigInt { negative: n < 0, bytes })
                }
            },
            Raw::Huge(_, big) => self.big(big),
        }
    }

    fn big(&mut self, big: BigInt) -> Result<Src, DecodeError> {
        let index = u32::try_from(self.bigs.len())
            .ok()
            .and_then(|n| n.checked_add(self.cx.literals()))
            .ok_or(DecodeError::OutOfRange("literal"))?;
        self.bigs.push(big);
        Ok(Src::Lit(index))
    }

    pub(super) fn src(&mut self) -> Result<Src, DecodeError> {
        match self.peek()? {
            X => Ok(Src::X(self.register(X)?, Ty(0))),
            Y => Ok(Src::Y(self.register(Y)?, Ty(0))),
            A => Ok(match self.atom()? {
                0 => Src::Nil,
                n => Src::Atom(n),
            }),
            I => self.integer(),
            Z => match self.extended("a term")? {
                EXT_LITERAL => Ok(Src::Lit(self.literal()?)),
                EXT_TYPED => self.typed(),
                _ => Err(DecodeError::BadOperand("a term")),
            },
            _ => Err(DecodeError::BadOperand("a term")),
        }
    }

    /// A literal index, after its tag.
    pub(super) fn literal(&mut self) -> Result<u32, DecodeError> {
        let n = self.number32(U, "a literal")?;
        if n < self.cx.literals() { Ok(n) } else { Err(DecodeError::OutOfRange("literal")) }
    }

    /// A typed register, after its tag.
    fn typed(&mut self) -> Result<Src, DecodeError> {
        let dst = self.plain_register()?;
        let ty = self.number(U, "a type")?;
        let ty = if self.cx.types() == 0 {
            Ty(0)
        } else if ty < u64::from(self.cx.types()) {
            Ty(u16::try_from(ty).map_err(|_| DecodeError::OutOfRange("type"))?)
        } else {
            return Err(DecodeError::OutOfRange("type"));
        };
        Ok(match dst {
            Dst::X(n) => Src::X(n, ty),
            Dst::Y(n) => Src::Y(n, ty),
        })
    }

    fn plain_register(&mut self) -> Result<Dst, DecodeError> {
        match self.peek()? {
            X => Ok(Dst::X(self.register(X)?)),
            Y => Ok(Dst::Y(self.register(Y)?)),
            _ => Err(DecodeError::BadOperand("a register")),
        }
    }

    pub(super) fn dst(&mut self) -> Result<Dst, DecodeError> {
        if self.peek()? != Z {
            return self.plain_register();
        }
        if self.extended("a register")? != EXT_TYPED {
            return Err(DecodeError::BadOperand("a register"));
        }
        Ok(match self.typed()? {
            Src::Y(n, _) => Dst::Y(n),
            Src::X(n, _) => Dst::X(n),
            _ => return Err(DecodeError::BadOperand("a register")),
        })
    }

    /// A float register, after its tag.
    pub(super) fn freg(&mut self) -> Result<FReg, DecodeError> {
        Ok(FReg(self.register(U)?))
    }

    pub(super) fn need(&mut self) -> Result<Need, DecodeError> {
        let mut need = Need::default();
        if self.peek()? == U {
            need.words = self.number32(U, "a heap need")?;
            return Ok(need);
        }
        if self.extended("a heap need")? != EXT_ALLOC {
            return Err(DecodeError::BadOperand("a heap need"));
        }
        for _ in 0..self.number(U, "a heap need")? {
            let kind = self.number(U, "a heap need")?;
            let amount = self.number32(U, "a heap need")?;
            let sum = match kind {
                0 => &mut need.words,
                1 => &mut need.floats,
                2 => &mut need.funs,
                _ => return Err(DecodeError::BadOperand("a heap need")),
            };
            *sum = sum.checked_add(amount).ok_or(DecodeError::OutOfRange("heap need"))?;
        }
        Ok(need)
    }

    /// Number of elements of a list; they follow. Each takes a byte at least.
    pub(super) fn list(&mut self) -> Result<u32, DecodeError> {
        if self.peek()? != Z || self.extended("a list")? != EXT_LIST {
            return Err(DecodeError::BadOperand("a list"));
        }
        let n = self.number32(U, "a list")?;
        if n as usize > self.left() { Err(DecodeError::Truncated) } else { Ok(n) }
    }

    /// Field flags: untagged, or a list of atoms as a literal or `[]`.
    pub(super) fn flags(&mut self) -> Result<BsFlags, DecodeError> {
        const WHAT: &str = "field flags";
        match self.peek()? {
            U => {
                let n = self.number(U, WHAT)?;
                u8::try_from(n).map(BsFlags).map_err(|_| DecodeError::OutOfRange(WHAT))
            }
            A | Z => match self.src()? {
                Src::Nil => Ok(BsFlags(0)),
                Src::Lit(n) => self.cx.literal_flags(n).ok_or(DecodeError::BadOperand(WHAT)),
                _ => Err(DecodeError::BadOperand(WHAT)),
            },
            _ => Err(DecodeError::BadOperand(WHAT)),
        }
    }
}

/// A number of two or more bytes.
fn long(tag: u8, bytes: &[u8]) -> Raw {
    let negative = bytes.first().is_some_and(|b| b & 128 != 0);
    if bytes.len() <= 16 {
        let start: i128 = if negative { -1 } else { 0 };
        return Raw::Long(tag, bytes.iter().fold(start, |n, b| n << 8 | i128::from(*b)));
    }
    let mut magnitude = bytes.to_vec();
    if negative {
        let mut carry = true;
        for byte in magnitude.iter_mut().rev() {
            let (sum, over) = (!*byte).overflowing_add(u8::from(carry));
            (*byte, carry) = (sum, over);
        }
        // The most negative number of this many bytes is its own complement, which is right
        // for a magnitude.
    }
    let bytes = strip(&magnitude).to_vec();
    Raw::Huge(tag, BigInt { negative, bytes })
}

fn strip(bytes: &[u8]) -> &[u8] {
    let zeros = bytes.iter().take_while(|b| **b == 0).count();
    &bytes[zeros..]
}
