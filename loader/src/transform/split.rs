//! Copies of shared error code, so that the stack frame is known at every op.
//!
//! A compiler may share `label, badmatch x0` between places with different frames. The emulator
//! wants the frame's size wherever it may collect or look for a handler, so each frame gets a
//! copy of its own, at the end of the function.

use std::collections::BTreeMap;

use isa::{Effects, Label, Op, Visit};

use crate::code::Index;
use crate::error::LoadError;
use crate::module::{FrameInfo, Function, Module};
use crate::verify::Verified;

/// Ops that one call may look at; compilers share little.
const MAX_VISITS: usize = 1 << 25;

/// Copies the blocks at `verified.mixed`. The module must be verified again: what is copied may
/// branch to further shared code.
pub(crate) fn split(
    module: &mut Module,
    verified: &Verified,
    exits: &[bool],
) -> Result<(), LoadError> {
    let mut code = std::mem::take(&mut module.code);
    let mut appended: BTreeMap<u32, Vec<Op>> = BTreeMap::new();
    let mut budget = code.len() + 1024;
    let mut visits = MAX_VISITS;
    for &at in &verified.mixed {
        let Some(function) = module.function_of(at).cloned() else { continue };
        visits = visits.checked_sub(function.ops.len()).ok_or_else(refused)?;
        let block = block(&code, &function, at, exits).ok_or_else(refused)?;
        let Some(Op::Label { label }) = block.first() else { continue };
        let label = Label(*label);
        // The first frame keeps the block; if one falls into it, that one.
        let mut copies: Vec<(FrameInfo, Label)> = Vec::new();
        if let Some(frame) = falls_in(&code, verified, at, exits) {
            copies.push((frame, label));
        }
        for i in function.ops.start as usize..function.ops.end as usize {
            let (Some(op), Some(&frame)) = (code.get_mut(i), verified.frames.get(i)) else { break };
            if frame == FrameInfo::Unreachable || !refers(op, label) {
                continue;
            }
            let to = match copies.iter().find(|(of, _)| *of == frame) {
                Some((_, to)) => *to,
                None if copies.is_empty() => label,
                None => {
                    let to = Label(module.label_count);
                    module.label_count = to.0.checked_add(1).ok_or_else(refused)?;
                    budget = budget.checked_sub(block.len()).ok_or_else(refused)?;
                    let copy = appended.entry(function.ops.end).or_default();
                    copy.push(Op::Label { label: to.0 });
                    copy.extend(block.iter().skip(1).cloned());
                    to
                }
            };
            if !copies.contains(&(frame, to)) {
                copies.push((frame, to));
            }
            op.retarget(&mut |old| if old == label { to } else { old });
        }
    }
    module.code = splice(code, appended);
    let index = Index::of(&module.code, module.label_count)?;
    module.labels = index.labels;
    module.functions = index.functions;
    module.on_load = index.on_load;
    Ok(())
}

fn refused() -> LoadError {
    LoadError::bad("stack frames differ between the ways to an op")
}

/// The ops from the label at `at` to the one that raises.
fn block(code: &[Op], function: &Function, at: u32, exits: &[bool]) -> Option<Vec<Op>> {
    let ops = code.get(at as usize..function.ops.end as usize)?;
    let end = ops.iter().position(|op| ends(op, exits))?;
    // Labels inside are other entries, with copies of their own.
    let inside = ops.get(1..=end).unwrap_or_default();
    let inside = inside.iter().filter(|op| !matches!(op, Op::Label { .. }));
    Some(ops.iter().take(1).chain(inside).cloned().collect())
}

/// The frame with which the op before falls into `at`.
fn falls_in(code: &[Op], verified: &Verified, at: u32, exits: &[bool]) -> Option<FrameInfo> {
    let before = (at as usize).checked_sub(1)?;
    let frame = *verified.frames.get(before)?;
    let falls = !ends(code.get(before)?, exits);
    (falls && frame != FrameInfo::Unreachable).then_some(frame)
}

/// Whether nothing follows: a branch, a raise, a call that never returns.
fn ends(op: &Op, exits: &[bool]) -> bool {
    op.effects().has(Effects::END) || never_returns(op, exits)
}

/// A call of `erlang:error/1` and the like.
pub(crate) fn never_returns(op: &Op, exits: &[bool]) -> bool {
    let (Op::CallExt { import, .. } | Op::CallExtOnly { import, .. }) = op else { return false };
    exits.get(import.0 as usize) == Some(&true)
}

fn refers(op: &Op, label: Label) -> bool {
    struct Refers(Label, bool);
    impl Visit for Refers {
        fn label(&mut self, label: Label) {
            self.1 |= label == self.0;
        }
    }
    let mut refers = Refers(label, false);
    op.visit(&mut refers);
    refers.1
}

/// Puts the ops of each entry before the op that it is keyed by.
fn splice(code: Vec<Op>, mut appended: BTreeMap<u32, Vec<Op>>) -> Vec<Op> {
    let more: usize = appended.values().map(Vec::len).sum();
    let mut out = Vec::with_capacity(code.len() + more);
    for (i, op) in code.into_iter().enumerate() {
        if let Some(ops) = appended.remove(&(i as u32)) {
            out.extend(ops);
        }
        out.push(op);
    }
    out
}
