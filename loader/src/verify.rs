//! Proof that the emulator may run a module without checking again.
//!
//! Three passes a function. The first looks at every op, reachable or not: registers, labels,
//! indexes, arities and string ranges are valid, branches stay inside the function, calls go to
//! function entries. Another sees that every loop gives way (`verify/loops.rs`). The last follows
//! control flow forward and knows before each reachable op: which X registers hold terms, the size
//! of the stack frame, the `catch` and `try` tags in it and what is left of the heap space that
//! was reserved. See `verify/flow.rs`.
//!
//! It also knows of some terms what they are (`verify/kinds.rs`). Where an op relies on a tuple, a
//! match context or the like and that is not known, the module says what the emulator must check
//! before the op ([`crate::Check`]; ADR 5). Y slots count as initialised as soon as there is a
//! frame, because the emulator fills new frames with `[]`; float registers likewise.

mod demand;
mod flow;
mod kinds;
mod loops;
mod operands;
mod state;

use crate::error::LoadError;
use crate::module::{Check, FrameInfo, Function, Module};

/// The most arguments that a function may have.
pub const MAX_ARITY: u32 = 255;
/// X registers that code may name: x0 to x1022.
pub const MAX_XREG: u32 = 1023;
/// Y slots that a frame may have.
pub const MAX_YREG: u32 = 1023;
/// Float registers.
pub const MAX_FREG: u32 = 1023;
/// Heap words that one reservation may ask for.
const MAX_NEED: u64 = 1 << 26;
/// How many ops the second pass may look at, per op of the function: labels are looked at again
/// only when something becomes less known, and compilers make code where that is rare.
const MAX_VISITS: usize = 64;

/// What is wrong with an op.
type Fault = String;

/// What a module that passed is known to be.
pub(crate) struct Verified {
    /// The frame before each op; of no meaning where frames differ.
    pub frames: Vec<FrameInfo>,
    /// Ops of labels where ways with different frames meet; only code that raises follows.
    pub mixed: Vec<u32>,
    /// What the emulator must check.
    pub checks: Vec<Check>,
}

/// Checks the module. `exits` says which imports never return.
pub(crate) fn verify(module: &Module, exits: &[bool]) -> Result<Verified, LoadError> {
    tables(module)?;
    let entries = entries(module);
    let mut frames = vec![FrameInfo::Unreachable; module.code.len()];
    let mut flow = flow::Flow::new(module, exits);
    for function in &module.functions {
        operands::check(module, function, &entries)
            .and_then(|back| if back { loops::check(module, function) } else { Ok(()) })
            .and_then(|()| flow.run(function, &mut frames))
            .map_err(|(op, fault)| located(module, function, op, &fault))?;
    }
    Ok(Verified { frames, mixed: flow.mixed(), checks: flow.into_checks() })
}

fn located(module: &Module, function: &Function, op: usize, fault: &str) -> LoadError {
    let (name, arity) = (module.atom(function.name), function.arity);
    let shown = module.code.get(op).map(ToString::to_string).unwrap_or_default();
    let offset = op.saturating_sub(function.ops.start as usize);
    LoadError::bad(format!("{name}/{arity}, op {offset} ({shown}): {fault}"))
}

/// The arity of the function that each label is the entry of.
fn entries(module: &Module) -> Vec<Option<u32>> {
    let mut entries = vec![None; module.label_count as usize];
    for function in &module.functions {
        if let Some(entry) = entries.get_mut(function.entry.0 as usize) {
            *entry = Some(function.arity);
        }
    }
    entries
}

/// Exports and lambdas name functions of their arity.
fn tables(module: &Module) -> Result<(), LoadError> {
    let entries = entries(module);
    let is_entry = |label: isa::Label, arity| entries.get(label.0 as usize) == Some(&Some(arity));
    for export in &module.exports {
        if !is_entry(export.label, export.arity) {
            let name = module.atom(export.function);
            return Err(LoadError::bad(format!("export {name}/{} has no code", export.arity)));
        }
    }
    for (i, lambda) in module.lambdas.iter().enumerate() {
        if !is_entry(lambda.label, lambda.arity) {
            return Err(LoadError::bad(format!("lambda {i} has no code")));
        }
    }
    Ok(())
}
