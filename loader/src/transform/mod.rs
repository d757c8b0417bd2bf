//! Rewrites of the op sequence: [`Window`] while it is decoded, before labels are resolved, and
//! [`split`] when verification finds frames that differ. Specialisation is
//! the emulator's business; here goes what does nothing, and what compilers may leave odd
//! because they know that it is never reached is made plain.

mod split;

use std::collections::HashSet;

use isa::{Effects, Op};

use crate::module::{FrameInfo, Module};

pub(crate) use split::{never_returns, split};

/// The ops decoded so far.
pub(crate) struct Window<'a> {
    pub ops: Vec<Op>,
    /// By import: whether it never returns.
    exits: &'a [bool],
    /// Handler labels of the `try` ops of this function. They are reached by exceptions only, but
    /// after a call that does not return compilers may leave a jump to one, or nothing.
    /// Should the call return, the handler must not run without its three registers.
    handlers: HashSet<u32>,
}

impl<'a> Window<'a> {
    pub fn new(capacity: usize, exits: &'a [bool]) -> Self {
        Window { ops: Vec::with_capacity(capacity), exits, handlers: HashSet::new() }
    }

    /// The last op becomes what it is to be.
    pub fn settle(&mut self) {
        let Some((last, before)) = self.ops.split_last_mut() else { return };
        match *last {
            // Float errors are raised by the op that makes them.
            Op::Fclearerror {} | Op::Fcheckerror { .. } => {
                self.ops.pop();
            }
            // Only the last of adjacent locations counts.
            Op::Line { line } => {
                if let Some(Op::Line { line: superseded }) = before.last_mut() {
                    *superseded = line;
                    self.ops.pop();
                }
            }
            // The frame size of a call that never returns may be anything.
            Op::CallExtLast { arity, import, .. }
                if self.exits.get(import.0 as usize) == Some(&true) =>
            {
                *last = Op::CallExt { arity, import };
            }
            Op::Try { handler, .. } => {
                self.handlers.insert(handler.0);
            }
            Op::Jump { target } if self.handlers.contains(&target.0) => *last = Op::IfEnd {},
            Op::Label { label } if self.handlers.contains(&label) && falls(before) => {
                *last = Op::IfEnd {};
                self.ops.push(Op::Label { label });
            }
            Op::FuncInfo { .. } => self.handlers.clear(),
            _ => {}
        }
    }
}

/// Whether what follows is reached from the last of `ops`.
fn falls(ops: &[Op]) -> bool {
    let last = ops.iter().rev().find(|op| !matches!(op, Op::Line { .. }));
    last.is_some_and(|op| !op.effects().has(Effects::END))
}

/// A call that never returns becomes `call_ext` in a frame and `call_ext_only` without one,
/// whatever it was: compilers may write either.
pub(crate) fn settle_exits(module: &mut Module, exits: &[bool]) {
    for (op, frame) in module.code.iter_mut().zip(&module.frames) {
        let (Op::CallExt { arity, import } | Op::CallExtOnly { arity, import }) = *op else {
            continue;
        };
        if exits.get(import.0 as usize) == Some(&true) {
            *op = match frame {
                FrameInfo::Words(_) => Op::CallExt { arity, import },
                FrameInfo::None => Op::CallExtOnly { arity, import },
                FrameInfo::Unreachable => continue,
            };
        }
    }
}
