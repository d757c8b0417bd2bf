//! First pass: each op on its own.

use std::ops::RangeInclusive;

use isa::{
    AtomIx, BsSeg, Dst, Effects, FReg, Fail, FunHint, ImportIx, Label, LambdaIx, LineIx, Live,
    Need, Op, SegSize, SegType, Src, Visit, YReg,
};

use super::{Fault, MAX_ARITY, MAX_FREG, MAX_NEED, MAX_XREG, MAX_YREG};
use crate::module::{Function, Module};

/// Checks every op of `function`; the error says which op and why. Gives whether some op leads back without giving way.
pub(super) fn check(
    module: &Module,
    function: &Function,
    entries: &[Option<u32>],
) -> Result<bool, (usize, Fault)> {
    if function.arity > MAX_ARITY {
        return Err((function.func_info as usize, "too many arguments".into()));
    }
    let mut back = false;
    for i in function.ops.start as usize..function.ops.end as usize {
        let Some(op) = module.code.get(i) else { break };
        let behind_head = function.func_info..=i as u32;
        let mut ranges =
            Ranges { module, function, behind_head, back: false, missing: false, fault: None };
        if !names_entry(op) {
            op.visit(&mut ranges);
        } else if let Op::Call { arity, target }
        | Op::CallLast { arity, target, .. }
        | Op::CallOnly { arity, target } = op
            && entries.get(target.0 as usize) != Some(&Some(*arity))
        {
            return Err((i, "not a function of that arity".into()));
        }
        if let Some(what) = ranges.fault {
            return Err((i, what.into()));
        }
        // An op that cannot raise must say where to go.
        if ranges.missing && !op.effects().has(Effects::RAISE) {
            return Err((i, "a label is missing".into()));
        }
        back |= ranges.back && !op.effects().has(Effects::YIELD);
        special(module, op).map_err(|what| (i, what.into()))?;
    }
    Ok(back)
}

fn names_entry(op: &Op) -> bool {
    matches!(op, Op::Call { .. } | Op::CallLast { .. } | Op::CallOnly { .. })
}

/// Registers, labels and indexes are in range.
struct Ranges<'a> {
    module: &'a Module,
    function: &'a Function,
    /// Where labels are that lead back.
    behind_head: RangeInclusive<u32>,
    back: bool,
    /// There is a fail label of 0.
    missing: bool,
    fault: Option<&'static str>,
}

impl Ranges<'_> {
    fn want(&mut self, holds: bool, what: &'static str) {
        if !holds {
            self.fault = Some(what);
        }
    }
}

impl Visit for Ranges<'_> {
    fn src(&mut self, src: Src) {
        match src {
            Src::X(n, _) => self.want(u32::from(n) < MAX_XREG, "no such x register"),
            Src::Y(n, _) => self.want(u32::from(n) < MAX_YREG, "no such y register"),
            _ => {}
        }
    }
    fn dst(&mut self, dst: Dst) {
        self.src(dst.src());
    }
    fn yreg(&mut self, y: YReg) {
        self.want(u32::from(y.0) < MAX_YREG, "no such y register");
    }
    fn freg(&mut self, f: FReg) {
        self.want(u32::from(f.0) < MAX_FREG, "no such float register");
    }
    fn label(&mut self, label: Label) {
        let op = self.module.label_op(label).filter(|op| self.function.ops.contains(op));
        self.want(op.is_some(), "label is not in this function");
        self.back |= op.is_some_and(|op| self.behind_head.contains(&op));
    }
    fn fail(&mut self, fail: Fail) {
        match fail.0 {
            Some(label) => self.label(label),
            None => self.missing = true,
        }
    }
    fn live(&mut self, live: Live) {
        self.want(live.0 <= MAX_XREG, "too many live registers");
    }
    fn import(&mut self, import: ImportIx) {
        self.want(self.module.import(import).is_some(), "no such import");
    }
    fn lambda(&mut self, lambda: LambdaIx) {
        self.want((lambda.0 as usize) < self.module.lambdas.len(), "no such lambda");
    }
    fn line(&mut self, line: LineIx) {
        let known =
            self.module.lines.as_ref().is_none_or(|t| (line.0 as usize) < t.locations.len());
        self.want(known, "no such line");
    }
}

/// What single ops ask for beyond ranges.
fn special(module: &Module, op: &Op) -> Result<(), &'static str> {
    let arity = |n: u32| ok(n <= MAX_ARITY, "too many arguments");
    let import = |ix: ImportIx, n: u32| {
        let found = module.import(ix).is_some_and(|import| import.arity == n);
        ok(found, "import has another arity")
    };
    let strings = |offset: u64, len: u64| {
        let end = offset.checked_add(len);
        let size = module.strings.len() as u64;
        ok(end.is_some_and(|end| end <= size), "outside of the string table")
    };
    match op {
        Op::CallExt { arity: n, import: ix }
        | Op::CallExtOnly { arity: n, import: ix }
        | Op::CallExtLast { arity: n, import: ix, .. } => import(*ix, *n),
        Op::Bif0 { import: ix, .. } => import(*ix, 0),
        Op::Bif1 { import: ix, .. } | Op::GcBif1 { import: ix, .. } => import(*ix, 1),
        Op::Bif2 { import: ix, .. } | Op::GcBif2 { import: ix, .. } => import(*ix, 2),
        Op::Bif3 { import: ix, .. } | Op::GcBif3 { import: ix, .. } => import(*ix, 3),
        Op::CallFun { arity: n } | Op::Apply { arity: n } | Op::ApplyLast { arity: n, .. } => {
            arity(*n)
        }
        Op::CallFun2 { arity: n, hint, .. } => {
            if let FunHint::Lambda(ix) = hint {
                let lambda = module.lambdas.get(ix.0 as usize).ok_or("no such lambda")?;
                ok(lambda.arity - lambda.num_free == *n, "lambda has another arity")?;
            }
            arity(*n)
        }
        Op::MakeFun3 { lambda: ix, free, .. } => {
            let lambda = module.lambdas.get(ix.0 as usize).ok_or("no such lambda")?;
            ok(lambda.num_free as usize == free.len(), "wrong number of free variables")
        }
        Op::FuncInfo { module, .. } => ok(*module == AtomIx(1), "another module's name"),
        Op::Allocate { words, .. } | Op::AllocateZero { words, .. } => frame(*words),
        Op::AllocateHeap { words, need, .. } | Op::AllocateHeapZero { words, need, .. } => {
            frame(*words)?;
            reservation(*need)
        }
        Op::TestHeap { need, .. }
        | Op::BsInit2 { need, .. }
        | Op::BsInitBits { need, .. }
        | Op::BsAppend { need, .. } => reservation(*need),
        Op::BsMatchString { bits, offset, .. } => {
            strings(u64::from(*offset), u64::from(*bits).div_ceil(8))
        }
        Op::BsPutString { len, offset } => strings(u64::from(*offset), u64::from(*len)),
        Op::BsCreateBin { need, segments, .. } => {
            reservation(*need)?;
            segments.iter().try_for_each(|segment| match string_range(segment) {
                Some((offset, len)) => strings(offset, len),
                None => Ok(()),
            })
        }
        Op::UpdateRecord { size, updates, .. } => {
            let fits = updates.iter().all(|(index, _)| (1..=*size).contains(index));
            ok(fits, "index outside of the tuple")
        }
        Op::LoopRec { dst, .. } => ok(*dst == Dst::X(0), "message must go to x0"),
        _ => Ok(()),
    }
}

fn ok(holds: bool, what: &'static str) -> Result<(), &'static str> {
    if holds { Ok(()) } else { Err(what) }
}

fn frame(words: u32) -> Result<(), &'static str> {
    ok(words <= MAX_YREG, "frame is too large")
}

/// Floats and funs take a few words each; the limit need not be exact.
fn reservation(need: Need) -> Result<(), &'static str> {
    let words = u64::from(need.words) + 8 * (u64::from(need.floats) + u64::from(need.funs));
    ok(words <= MAX_NEED, "too much heap space")
}

fn string_range(segment: &BsSeg) -> Option<(u64, u64)> {
    match (segment.ty, segment.src, segment.size) {
        (SegType::String, Src::Int(offset), SegSize::Size(Src::Int(len))) => {
            // Negative numbers become ranges that no table has.
            Some((offset as u64, len as u64))
        }
        _ => None,
    }
}
