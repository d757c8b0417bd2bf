//! List operands: each is checked to hold a whole number of elements.

use std::fmt;

use super::compact::{A, U};
use super::{DecodeError, Item, Operand, Reader, Visit, Word};
use crate::bits::{BsCmd, BsSeg, SegSize, SegType};
use crate::operand::{AtomIx, Dst, Label, Live, Src, YReg};

/// What begins a row of the chunk of native records.
const RECORD_ROW: u8 = 5;

/// The definition of a native record.
#[derive(Clone, PartialEq, Debug)]
pub struct RecordRow {
    pub name: AtomIx,
    pub exported: bool,
    /// Names and defaults, in the order in which they were written.
    pub fields: Vec<(AtomIx, Option<Src>)>,
}

impl<T: Item> Operand for Vec<T> {
    fn decode(r: &mut Reader) -> Result<Self, DecodeError> {
        let terms = r.list()?;
        if terms % T::WIDTH != 0 {
            return Err(DecodeError::BadOperand("a list of whole elements"));
        }
        // `list` has seen that there are so many bytes at least.
        let mut items = Vec::with_capacity((terms / T::WIDTH) as usize);
        for _ in 0..terms / T::WIDTH {
            items.push(T::decode_item(r)?);
        }
        Ok(items)
    }

    fn visit<V: Visit>(&self, v: &mut V) {
        self.iter().for_each(|item| item.visit_item(v));
    }

    fn retarget(&mut self, to: &mut dyn FnMut(Label) -> Label) {
        self.iter_mut().for_each(|item| item.retarget_item(to));
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_list(f, self, Item::show_item)
    }
}

fn show_list<T>(
    f: &mut fmt::Formatter<'_>,
    items: &[T],
    show: impl Fn(&T, &mut fmt::Formatter<'_>) -> fmt::Result,
) -> fmt::Result {
    f.write_str("[")?;
    for (i, item) in items.iter().enumerate() {
        if i > 0 {
            f.write_str(", ")?;
        }
        show(item, f)?;
    }
    f.write_str("]")
}

macro_rules! single_item {
    ($($kind:ty)*) => {$(
        impl Item for $kind {
            const WIDTH: u32 = 1;
            fn decode_item(r: &mut Reader) -> Result<Self, DecodeError> {
                Operand::decode(r)
            }
            fn visit_item<V: Visit>(&self, v: &mut V) {
                Operand::visit(self, v)
            }
            fn show_item(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
                self.show(f)
            }
        }
    )*};
}
single_item!(Src YReg);

impl Reader<'_> {
    /// One row of the chunk of native records: an op's number, name, whether it is exported, and fields
    /// with their defaults.
    pub fn record(&mut self) -> Result<RecordRow, DecodeError> {
        if self.byte()? != RECORD_ROW {
            return Err(DecodeError::BadOperand("a native record"));
        }
        let name = AtomIx::decode(self)?;
        let exported = match self.word()? {
            Word::True => true,
            Word::False => false,
            _ => return Err(DecodeError::BadOperand("a boolean")),
        };
        let terms = self.list()?;
        if terms % 2 != 0 {
            return Err(DecodeError::BadOperand("a list of whole elements"));
        }
        let mut fields = Vec::new();
        for _ in 0..terms / 2 {
            let key = AtomIx::decode(self)?;
            let default = match self.peek()? {
                U => {
                    self.number32(U, "no default")?;
                    None
                }
                _ => match self.src()? {
                    Src::X(..) | Src::Y(..) => {
                        return Err(DecodeError::BadOperand("a constant"));
                    }
                    constant => Some(constant),
                },
            };
            fields.push((key, default));
        }
        Ok(RecordRow { name, exported, fields })
    }
}

impl<A: Operand, B: Operand> Item for (A, B) {
    const WIDTH: u32 = 2;
    fn decode_item(r: &mut Reader) -> Result<Self, DecodeError> {
        Ok((A::decode(r)?, B::decode(r)?))
    }
    fn visit_item<V: Visit>(&self, v: &mut V) {
        self.0.visit(v);
        self.1.visit(v);
    }
    fn retarget_item(&mut self, to: &mut dyn FnMut(Label) -> Label) {
        self.0.retarget(to);
        self.1.retarget(to);
    }
    fn show_item(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        self.0.show(f)?;
        f.write_str("=>")?;
        self.1.show(f)
    }
}

impl Item for BsSeg {
    const WIDTH: u32 = 6;

    fn decode_item(r: &mut Reader) -> Result<Self, DecodeError> {
        let ty = match r.word()? {
            Word::Append => SegType::Append,
            Word::PrivateAppend => SegType::PrivateAppend,
            Word::Binary => SegType::Binary,
            Word::Float => SegType::Float,
            Word::Integer => SegType::Integer,
            Word::String => SegType::String,
            Word::Utf8 => SegType::Utf8,
            Word::Utf16 => SegType::Utf16,
            Word::Utf32 => SegType::Utf32,
            _ => return Err(DecodeError::BadOperand("a segment type")),
        };
        let seq = r.number32(U, "a segment number")?;
        let unit = r.number32(U, "a unit")?;
        let flags = r.flags()?;
        let src = if r.peek()? == U {
            Src::Int(i64::from(r.number32(U, "a string offset")?))
        } else {
            r.src()?
        };
        let size = r.seg_size()?;
        let sized = |n: Src| matches!(n, Src::Int(n) if n >= 0);
        let string_size = matches!(size, SegSize::Size(n) if sized(n));
        if ty == SegType::String && !(sized(src) && string_size) {
            return Err(DecodeError::BadOperand("a string segment"));
        }
        Ok(BsSeg { ty, seq, unit, flags, src, size })
    }

    fn visit_item<V: Visit>(&self, v: &mut V) {
        v.src(self.src);
        Operand::visit(&self.size, v);
    }

    fn show_item(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        write!(f, "{:?} #{} unit {} flags {} ", self.ty, self.seq, self.unit, self.flags.0)?;
        self.src.show(f)?;
        f.write_str(" size ")?;
        self.size.show(f)
    }
}

impl Operand for Vec<BsCmd> {
    fn decode(r: &mut Reader) -> Result<Self, DecodeError> {
        let mut terms = r.list()?;
        let mut commands = Vec::new();
        while terms > 0 {
            let (command, used) = command(r)?;
            terms = terms.checked_sub(used).ok_or(DecodeError::BadOperand("match commands"))?;
            commands.push(command);
        }
        Ok(commands)
    }

    fn visit<V: Visit>(&self, v: &mut V) {
        for command in self {
            if let BsCmd::Integer { live, dst, .. }
            | BsCmd::Binary { live, dst, .. }
            | BsCmd::GetTail { live, dst, .. } = command
            {
                v.live(*live);
                v.dst(*dst);
            }
        }
    }

    fn show(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        show_list(f, self, |command, f| write!(f, "{command:?}"))
    }
}

/// A match command and the number of terms that it takes.
fn command(r: &mut Reader) -> Result<(BsCmd, u32), DecodeError> {
    let number = |r: &mut Reader| r.number32(U, "a number of bits");
    // More than 512 MB: no bitstring is taken to have so much.
    let stride = |r: &mut Reader| {
        Ok(r.number_at_most(U, "a number of bits")?.min(u64::from(u32::MAX)) as u32)
    };
    Ok(match r.word()? {
        Word::EnsureAtLeast => (BsCmd::EnsureAtLeast { stride: stride(r)?, unit: number(r)? }, 3),
        Word::EnsureExactly => (BsCmd::EnsureExactly { stride: stride(r)? }, 2),
        Word::Skip => (BsCmd::Skip { stride: stride(r)? }, 2),
        Word::Integer => {
            let (live, flags) = (Live::decode(r)?, r.flags()?);
            let (size, unit, dst) = (number(r)?, number(r)?, Dst::decode(r)?);
            (BsCmd::Integer { live, flags, size, unit, dst }, 6)
        }
        Word::Binary => {
            let (live, flags) = (Live::decode(r)?, r.flags()?);
            let (size, unit, dst) = (number(r)?, number(r)?, Dst::decode(r)?);
            (BsCmd::Binary { live, flags, size, unit, dst }, 6)
        }
        Word::GetTail => {
            let (live, unit, dst) = (Live::decode(r)?, number(r)?, Dst::decode(r)?);
            (BsCmd::GetTail { live, unit, dst }, 4)
        }
        Word::Equal => {
            // The live count is `[]`: nothing is allocated.
            if r.peek()? != A || r.src()? != Src::Nil {
                return Err(DecodeError::BadOperand("[]"));
            }
            let bits = number(r)?;
            if bits > 64 {
                return Err(DecodeError::OutOfRange("number of bits"));
            }
            (BsCmd::Equal { bits, value: r.number(U, "a value")? }, 4)
        }
        _ => return Err(DecodeError::BadOperand("a match command")),
    })
}
