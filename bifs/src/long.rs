//! Natives whose arguments turn out to be large go on where they hold up nobody: on a dirty CPU thread.
//!
//! Such a native begins on its scheduler with so many [`steps`]; when they do not suffice it begins again with
//! [`elsewhere`], without a limit. That suits natives that only compute, and whose steps are hard to interrupt.

use term::Term;
use vm::bif::{Held, Kind};
use vm::{BifResult, Cx, Resume, Stop};

/// Steps for a reduction.
pub const PER_REDUCTION: usize = 40;

/// What a step is when bytes are what counts.
pub const BYTES: usize = 64;

/// How many steps may be done here.
pub fn steps(cx: &Cx<'_>) -> usize {
    match cx.scheduler() {
        0 => usize::MAX,
        _ => (cx.reductions_left().max(100) as usize).saturating_mul(PER_REDUCTION),
    }
}

/// Counts the steps that were done, of those allowed.
pub fn count(cx: &Cx<'_>, allowed: usize, left: usize) {
    if cx.scheduler() != 0 {
        cx.bump((allowed - left) / PER_REDUCTION);
    }
}

/// Whether work on so many bytes is to be done elsewhere; else they are counted.
pub fn too_long(cx: &Cx<'_>, bytes: usize) -> bool {
    let (steps, all) = (bytes / BYTES, steps(cx));
    if steps > all {
        return true;
    }
    count(cx, steps, 0);
    false
}

/// The arguments of a native that goes on elsewhere.
struct Elsewhere<const N: usize> {
    args: [Held; N],
    native: for<'q> fn(&Cx<'q>, [Term<'q>; N]) -> BifResult<'q>,
}

impl<const N: usize> Resume for Elsewhere<N> {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        (self.native)(cx, self.args.map(|h| cx.get(h)))
    }
}

/// Runs `native` on a dirty CPU thread.
#[cold]
pub fn elsewhere<'p, const N: usize>(
    cx: &Cx<'p>,
    args: [Term<'p>; N],
    native: for<'q> fn(&Cx<'q>, [Term<'q>; N]) -> BifResult<'q>,
) -> Stop {
    let args = args.map(|t| cx.hold(t));
    cx.reschedule(Kind::DirtyCpu, Elsewhere { args, native })
}

/// Runs `native`, which may block, on a dirty I/O thread.
#[cold]
pub fn blocking<'p, const N: usize>(
    cx: &Cx<'p>,
    args: [Term<'p>; N],
    native: for<'q> fn(&Cx<'q>, [Term<'q>; N]) -> BifResult<'q>,
) -> Stop {
    let args = args.map(|t| cx.hold(t));
    cx.reschedule(Kind::DirtyIo, Elsewhere { args, native })
}
