//! What every message must look like that a receive takes (ADR 7).
//!
//! A receive's clauses begin with tests whose failure leads to the next clause, and from the last one to the next
//! message. As long as the tests are of the kind that an envelope's shape decides, the shapes that pass any
//! of them are all that the receive can take.

use super::emit::Emitter;
use super::ops::same_register;
use crate::signal::inner::{SHAPES, Shapes};
use isa::{Dst, Fail, Op, Src};
use term::RawTerm;
use term::envelope::{shape_of, tuple_shape};

impl Emitter<'_> {
    /// The shapes for the receive whose `loop_rec` is at `i`, the last one repeated. `None`: others may match as well, or
    /// there are too many.
    pub(super) fn message_shapes(&self, i: usize, dst: &Dst) -> Option<Shapes> {
        let ops = &self.module.code;
        let message = dst.src();
        let is_message = |src: &Src| same_register(src, &message);
        let tagged = |arity: u32, tag: &Src| {
            Some(tuple_shape(arity as usize, self.constant(tag).filter(|t| t.is_immediate())?))
        };
        let mut shapes: Vec<u64> = Vec::new();
        let mut at = i + 1;
        // Every round goes forward, so there is an end.
        while shapes.len() <= SHAPES {
            let (fail, mut more) = match ops.get(at)? {
                Op::Label { .. } => {
                    at += 1;
                    continue;
                }
                Op::LoopRecEnd { .. } => {
                    let last = *shapes.last()?;
                    shapes.resize(SHAPES, last);
                    return shapes.try_into().ok();
                }
                Op::IsTaggedTuple { fail, src, arity, tag } if is_message(src) => {
                    let tag = RawTerm::atom(self.atom(tag.0));
                    (fail, vec![tuple_shape(*arity as usize, tag)])
                }
                Op::IsEqExact { fail, a, b } if is_message(a) => {
                    // Equal terms have equal shapes.
                    (fail, vec![shape_of(self.constant(b)?)])
                }
                Op::SelectVal { src, fail, pairs } if is_message(src) => {
                    let value = |p: &(Src, _)| {
                        Some(self.constant(&p.0)?.0).filter(|v| RawTerm(*v).is_immediate())
                    };
                    (fail, pairs.iter().map(value).collect::<Option<_>>()?)
                }
                Op::IsTuple { fail, src } if is_message(src) => match ops.get(at + 1..at + 4)? {
                    [
                        Op::TestArity { fail: f2, src: s2, arity },
                        Op::GetTupleElement { src: s3, index: 0, dst: first },
                        Op::SelectVal { src: s4, fail: f4, pairs },
                    ] if f2 == fail
                        && f4 == fail
                        && is_message(s2)
                        && is_message(s3)
                        && same_register(s4, &first.src()) =>
                    {
                        (fail, pairs.iter().map(|p| tagged(*arity, &p.0)).collect::<Option<_>>()?)
                    }
                    _ => return None,
                },
                _ => return None,
            };
            shapes.append(&mut more);
            at = self.place_of(at, fail)?;
        }
        None
    }

    /// Where this label of the same function stands, behind `from`.
    fn place_of(&self, from: usize, fail: &Fail) -> Option<usize> {
        let label = fail.0?;
        let rest = self.module.code.get(from..)?;
        let in_function = |op: &&Op| !matches!(op, Op::FuncInfo { .. });
        let is_it = |op: &Op| matches!(op, Op::Label { label: l } if label.0 == *l);
        Some(from + rest.iter().take_while(in_function).position(is_it)?)
    }
}
