//! Third pass: every way round a loop counts reductions or waits.
//!
//! Loops of Erlang code are calls; inside a function only a receive goes back. Code that goes round
//! without either would hold its scheduler for ever.

use isa::{Effects, Label, Op, Visit};

use super::Fault;
use crate::module::{Function, Module};

/// Where an op leads, but for ways that give the scheduler a chance.
struct Ways<'a> {
    module: &'a Module,
    to: Vec<u32>,
}

impl Visit for Ways<'_> {
    fn label(&mut self, label: Label) {
        self.to.extend(self.module.label_op(label));
    }
}

fn ways(module: &Module, at: u32) -> Vec<u32> {
    let mut ways = Ways { module, to: Vec::new() };
    let Some(op) = module.code.get(at as usize) else { return ways.to };
    match op {
        // The time may be zero.
        Op::WaitTimeout { .. } => ways.to.push(at + 1),
        _ if op.effects().has(Effects::YIELD) => {}
        _ => {
            op.visit(&mut ways);
            if !op.effects().has(Effects::END) {
                ways.to.push(at + 1);
            }
        }
    }
    ways.to
}

/// Looks for a loop that never gives way. Only functions with a way back can have one.
pub(super) fn check(module: &Module, function: &Function) -> Result<(), (usize, Fault)> {
    let (start, end) = (function.ops.start, function.ops.end);
    #[derive(Clone, Copy, PartialEq)]
    enum Seen {
        Not,
        Open,
        Done,
    }
    let mut seen = vec![Seen::Not; (end - start) as usize];
    // Ops on the way here, with the ways from each that are left.
    let mut path: Vec<(u32, Vec<u32>)> = Vec::new();
    for root in start..end {
        if seen[(root - start) as usize] == Seen::Not {
            seen[(root - start) as usize] = Seen::Open;
            path.push((root, ways(module, root)));
        }
        while let Some((at, left)) = path.last_mut() {
            let at = *at;
            let Some(next) = left.pop() else {
                seen[(at - start) as usize] = Seen::Done;
                path.pop();
                continue;
            };
            let Some(state) = seen.get_mut(next.wrapping_sub(start) as usize) else { continue };
            match *state {
                Seen::Open => return Err((at as usize, "a loop never gives way".into())),
                Seen::Done => {}
                Seen::Not => {
                    *state = Seen::Open;
                    path.push((next, ways(module, next)));
                }
            }
        }
    }
    Ok(())
}
