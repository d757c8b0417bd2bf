//! Second pass: what is known before each reachable op, by following control flow forward.
//!
//! Each label keeps what holds on every way to it. Ops are looked at in order from labels whose
//! knowledge changed, lowest first, so that code without backward branches is looked at once.
//! What an op may collect is pruned on its failing way, too: it may fail after collecting.

use std::collections::{BTreeMap, BTreeSet};

use isa::{BsCmd, Dst, Effects, Fail, FmoveDst, Label, Live, Need, Op, Src, Visit, YReg};

use super::demand::{
    Concern, Native, concern, demand, failed, guard, kind_of, learn, natives, returned, wanted,
};
use super::kinds::{Kind, Scratch};
use super::state::{Frame, State, Tag, TagKind, XRegs};
use super::{Fault, MAX_VISITS};
use crate::module::{Check, FrameInfo, Function, Module, Wanted};

/// The analysis of one module; the vectors are shared by its functions.
pub(super) struct Flow<'a> {
    module: &'a Module,
    /// By import: whether it never returns.
    exits: &'a [bool],
    /// By import: what it tells.
    natives: Vec<Native>,
    /// What is known at each label, by label number.
    at_label: Vec<Option<State>>,
    /// Ops of labels to go on from.
    pending: BTreeSet<u32>,
    /// What could not be proven, by op.
    checks: BTreeMap<u32, Check>,
    scratch: Scratch,
    /// Results of guards that fail count as initialised. Compilers know of guards that cannot fail, and
    /// name the result behind the branch all the same; then the emulator clears it first.
    clearing: bool,
}

/// What is wrong when a register is named that holds no term.
const NOT_INITIALISED: &str = "x register is not initialised";

/// Whether the next op is reached.
enum Next {
    Falls,
    Ends,
}

type Step = Result<Next, Fault>;

impl<'a> Flow<'a> {
    pub fn new(module: &'a Module, exits: &'a [bool]) -> Self {
        let at_label = vec![None; module.label_count as usize];
        let (pending, checks) = (BTreeSet::new(), BTreeMap::new());
        Flow {
            module,
            exits,
            natives: natives(module),
            at_label,
            pending,
            checks,
            scratch: Scratch::default(),
            clearing: false,
        }
    }

    /// Ops of labels where frames differ.
    pub fn mixed(&self) -> Vec<u32> {
        let known = self.at_label.iter().zip(&self.module.labels);
        known
            .filter(|(state, _)| state.as_ref().is_some_and(|s| matches!(s.frame, Frame::Mixed(_))))
            .map(|(_, op)| *op)
            .collect()
    }

    /// What the emulator must check, in the order of ops.
    pub fn into_checks(self) -> Vec<Check> {
        self.checks.into_values().collect()
    }

    /// Follows `function` and notes the frame before each op that it reaches.
    pub fn run(
        &mut self,
        function: &Function,
        frames: &mut [FrameInfo],
    ) -> Result<(), (usize, Fault)> {
        let result = self.follow(function, frames);
        if !result.as_ref().is_err_and(|(_, fault)| fault == NOT_INITIALISED) {
            return result;
        }
        let ops = function.ops.start..function.ops.end;
        for at in ops.clone() {
            if let Some(Op::Label { label }) = self.module.code.get(at as usize)
                && let Some(state) = self.at_label.get_mut(*label as usize)
            {
                *state = None;
            }
        }
        self.checks.retain(|op, _| !ops.contains(op));
        self.clearing = true;
        let result = self.follow(function, frames);
        self.clearing = false;
        result
    }

    fn follow(
        &mut self,
        function: &Function,
        frames: &mut [FrameInfo],
    ) -> Result<(), (usize, Fault)> {
        self.pending.clear();
        let mut budget = (function.ops.len() + 16) * MAX_VISITS;
        self.branch(function.entry, &State::entry(function.arity));
        while let Some(start) = self.pending.pop_first() {
            let mut state: Option<State> = None;
            for i in start..function.ops.end {
                let at = i as usize;
                let Some(op) = self.module.code.get(at) else { break };
                budget = budget.checked_sub(1).ok_or((at, "too complex".to_string()))?;
                if let Op::Label { label } = op {
                    let first = state.is_none();
                    if let Some(state) = &state {
                        self.branch(Label(*label), state);
                    }
                    // Nothing new: what follows is known.
                    if !first && !self.pending.remove(&i) {
                        state = None;
                        break;
                    }
                    state = self.at_label.get(*label as usize).cloned().flatten();
                }
                let Some(now) = &mut state else { break };
                if let Some(frame) = frames.get_mut(at) {
                    *frame = frame_info(now.frame);
                }
                match self.checked_step(at, op, now).map_err(|fault| (at, fault))? {
                    Next::Falls => {}
                    Next::Ends => {
                        state = None;
                        break;
                    }
                }
            }
            if state.is_some() {
                return Err((function.ops.end as usize - 1, "falls off the function".into()));
            }
        }
        Ok(())
    }

    /// A way to `label` on which `state` holds.
    fn branch(&mut self, label: Label, state: &State) {
        let Some(op) = self.module.label_op(label) else { return };
        let Some(known) = self.at_label.get_mut(label.0 as usize) else { return };
        let changed = match known {
            Some(known) => known.merge(state, &mut self.scratch),
            None => {
                *known = Some(state.settled(&mut self.scratch));
                true
            }
        };
        if changed {
            self.pending.insert(op);
        }
    }

    /// Asks for what `op` relies on, then steps over it.
    fn checked_step(&mut self, at: usize, op: &Op, s: &mut State) -> Step {
        let concern = concern(op);
        let (demands, tells, teaches) = match concern {
            Concern::Nothing => return self.step(at, op, s),
            Concern::Demands => (true, false, false),
            Concern::Tells => (false, true, false),
            Concern::Teaches => (false, false, true),
            Concern::Both => (true, false, true),
        };
        if demands && let Some((src, kind)) = demand(self.module, at, op) {
            read(s, src)?;
            self.want(at, src, kind, s)?;
            if matches!(op, Op::SetTupleElement { .. }) && s.kinds.get(src) != Some(Kind::Fresh) {
                return Err("tuple is not new".into());
            }
        }
        let told = if tells { guard(self.module, &self.natives, &s.kinds, op) } else { None };
        let next = self.step(at, op, s)?;
        if let Some(told) = told {
            // The result may have taken an argument's place.
            let dst = |src: Src| matches!(op, Op::Bif1 { dst, .. } | Op::Bif2 { dst, .. } | Op::GcBif1 { dst, .. } | Op::GcBif2 { dst, .. } if same_register(src, *dst));
            for (src, kind) in told.args.into_iter().flatten().filter(|(src, _)| !dst(*src)) {
                if read(s, src).is_ok() {
                    s.kinds.learn(src, kind);
                }
            }
            if let Some((dst, kind)) = told.result {
                s.kinds.set(dst, Some(kind));
            }
        }
        if teaches {
            learn(self.module, op, &mut s.kinds);
        }
        Ok(next)
    }

    /// Notes a check unless `src` is known to be a `kind`.
    fn want(&mut self, at: usize, src: Src, kind: Kind, s: &mut State) -> Result<(), Fault> {
        if kind_of(self.module, &s.kinds, src).is_some_and(|known| known.is(kind)) {
            return Ok(());
        }
        if let Some(wanted) = wanted(kind) {
            self.checks.insert(at as u32, Check { op: at as u32, src, wanted });
        }
        s.kinds.learn(src, kind);
        Ok(())
    }

    /// Checks `op` and makes `s` what holds after it.
    fn step(&mut self, at: usize, op: &Op, s: &mut State) -> Step {
        if matches!(s.frame, Frame::Mixed(_))
            && !may_differ(op)
            && !crate::transform::never_returns(op, self.exits)
        {
            return Err("stack frames differ between the ways here".into());
        }
        match op {
            Op::Label { .. }
            | Op::Line { .. }
            | Op::ExecutableLine { .. }
            | Op::NifStart {}
            | Op::OnLoad {}
            | Op::RecvMark { .. }
            | Op::RecvSet { .. } => {}
            Op::IntCodeEnd {} => return Ok(Next::Ends),
            Op::FuncInfo { arity, .. } => {
                no_frame(s)?;
                first_x(s, *arity)?;
                return Ok(Next::Ends);
            }
            Op::Call { arity, .. } => {
                in_frame(s)?;
                called(s, *arity)?;
            }
            // `transform::settle_exits` looks after the frame.
            Op::CallExt { arity, import } | Op::CallExtOnly { arity, import }
                if self.exits.get(import.0 as usize) == Some(&true) =>
            {
                first_x(s, *arity)?;
                return Ok(Next::Ends);
            }
            Op::CallExt { arity, import } => {
                in_frame(s)?;
                called(s, *arity)?;
                s.kinds.set(Dst::X(0), returned(&self.natives, *import));
            }
            Op::CallFun { arity } => {
                in_frame(s)?;
                called(s, arity + 1)?;
            }
            Op::CallFun2 { arity, fun, .. } => {
                in_frame(s)?;
                read(s, *fun)?;
                called(s, *arity)?;
            }
            Op::Apply { arity } => {
                in_frame(s)?;
                called(s, arity + 2)?;
            }
            Op::Send {} => {
                in_frame(s)?;
                called(s, 2)?;
            }
            Op::CallOnly { arity, .. } | Op::CallExtOnly { arity, .. } => {
                no_frame(s)?;
                first_x(s, *arity)?;
                return Ok(Next::Ends);
            }
            Op::CallLast { arity, words, .. } | Op::CallExtLast { arity, words, .. } => {
                drop_frame(s, *words)?;
                first_x(s, *arity)?;
                return Ok(Next::Ends);
            }
            Op::ApplyLast { arity, words } => {
                drop_frame(s, *words)?;
                first_x(s, arity + 2)?;
                return Ok(Next::Ends);
            }
            Op::Return {} => {
                no_frame(s)?;
                first_x(s, 1)?;
                return Ok(Next::Ends);
            }
            Op::Allocate { .. }
            | Op::AllocateZero { .. }
            | Op::AllocateHeap { .. }
            | Op::AllocateHeapZero { .. }
            | Op::TestHeap { .. }
            | Op::Deallocate { .. }
            | Op::Trim { .. } => frame_op(op, s)?,
            Op::Catch { slot, handler } => self.protect(s, *slot, TagKind::Catch, *handler)?,
            Op::Try { slot, handler } => self.protect(s, *slot, TagKind::Try, *handler)?,
            Op::CatchEnd { slot } => {
                unprotect(s, *slot, TagKind::Catch)?;
                first_x(s, 1)?;
                s.collect(0);
                write(s, Dst::X(0))?;
            }
            Op::TryEnd { slot } => unprotect(s, *slot, TagKind::Try)?,
            Op::TryCase { slot } => {
                unprotect(s, *slot, TagKind::Try)?;
                first_x(s, 4)?;
                s.collect(0);
                (0..3).try_for_each(|x| write(s, Dst::X(x)))?;
            }
            Op::RawRaise {} => {
                first_x(s, 3)?;
                s.prune(1);
                write(s, Dst::X(0))?;
            }
            Op::BuildStacktrace {} | Op::BsInitWritable {} => {
                first_x(s, 1)?;
                s.collect(0);
                write(s, Dst::X(0))?;
            }
            Op::MakeFun2 { lambda } => {
                let free = self.module.lambdas.get(lambda.0 as usize).map_or(0, |l| l.num_free);
                first_x(s, free)?;
                s.collect(free);
                write(s, Dst::X(0))?;
            }
            Op::LoopRec { fail, dst } => {
                s.collect(0);
                self.fails(*fail, s);
                write(s, *dst)?;
            }
            Op::LoopRecEnd { target } | Op::Wait { target } => {
                s.collect(0);
                self.branch(*target, s);
                return Ok(Next::Ends);
            }
            Op::WaitTimeout { target, time } => {
                read(s, *time)?;
                s.collect(0);
                // The time is not read again while the timer runs, so a wait that comes back
                // to itself does not need its register: nothing before the wait looks at it.
                let mut again = s.clone();
                if let Src::X(n, _) = *time
                    && self.waits_at(*target, *time)
                {
                    write(&mut again, Dst::X(n))?;
                }
                self.branch(*target, &again);
            }
            Op::Timeout {} => s.prune(0),
            Op::Swap { a, b } => {
                read(s, a.src())?;
                read(s, b.src())?;
                s.kinds.swap(*a, *b);
            }
            Op::Move { src, dst } => {
                read(s, *src)?;
                let kind = kind_of(self.module, &s.kinds, *src);
                write(s, *dst)?;
                match src {
                    Src::X(..) | Src::Y(..) => s.kinds.copy(*src, *dst),
                    _ => s.kinds.set(*dst, kind),
                }
            }
            Op::SelectTupleArity { src, fail, pairs } => {
                read(s, *src)?;
                self.fails(*fail, s);
                for (arity, label) in pairs {
                    let mut then = s.clone();
                    then.kinds.learn(*src, Kind::tuple(*arity));
                    self.branch(*label, &then);
                }
                return Ok(Next::Ends);
            }
            Op::BsMatch { fail, ctx, commands } => self.bs_match(s, *fail, *ctx, commands)?,
            _ => return self.plain(at, op, s),
        }
        Ok(Next::Falls)
    }

    /// Commands that fetch may collect, and later ones may still fail.
    fn bs_match(
        &mut self,
        s: &mut State,
        fail: Fail,
        ctx: Src,
        commands: &[BsCmd],
    ) -> Result<(), Fault> {
        read(s, ctx)?;
        // What is left when a command fails: registers fetched so far do not count.
        let mut failing = s.clone();
        for command in commands {
            match command {
                BsCmd::EnsureAtLeast { .. } | BsCmd::EnsureExactly { .. } | BsCmd::Equal { .. } => {
                    self.fails(fail, &failing);
                }
                BsCmd::Skip { .. } => {}
                BsCmd::Integer { live, dst, .. }
                | BsCmd::Binary { live, dst, .. }
                | BsCmd::GetTail { live, dst, .. } => {
                    first_x(s, live.0)?;
                    s.collect(live.0);
                    failing.collect(live.0);
                    write(s, *dst)?;
                }
            }
        }
        Ok(())
    }

    /// Ops that read, maybe collect, maybe fail, and write.
    fn plain(&mut self, at: usize, op: &Op, s: &mut State) -> Step {
        let mut reads = Reads { s, live: None, branches: false, writes: false, fault: None };
        op.visit(&mut reads);
        let Reads { live, branches, writes, fault, .. } = reads;
        if let Some(fault) = fault {
            return Err(fault.into());
        }
        let effects = op.effects();
        if let Some(live) = live
            && effects.has(Effects::GC)
            && !effects.has(Effects::END)
        {
            first_x(s, live)?;
            s.collect(live);
        }
        consume(op, s)?;
        if self.clearing
            && let Some(x) = guard_result(op).filter(|x| !s.x.has(u32::from(*x)))
        {
            let src = Src::X(x, Default::default());
            self.checks.insert(at as u32, Check { op: at as u32, src, wanted: Wanted::Cleared });
            write(s, Dst::X(x))?;
        }
        if branches {
            let failed = failed(op, &s.kinds).map(|learnt| {
                let mut failed = s.clone();
                failed.kinds.learn(learnt.0, learnt.1);
                failed
            });
            op.visit(&mut Targets { flow: self, s: failed.as_ref().unwrap_or(s) });
        }
        if effects.has(Effects::END) {
            return Ok(Next::Ends);
        }
        if !writes {
            return Ok(Next::Falls);
        }
        let mut writes = Writes { s, fault: None };
        op.visit(&mut writes);
        match writes.fault {
            Some(fault) => Err(fault.into()),
            None => Ok(Next::Falls),
        }
    }

    fn fails(&mut self, fail: Fail, s: &State) {
        if let Some(label) = fail.0 {
            self.branch(label, s);
        }
    }

    /// A tag is put into `slot`. Any op until it is taken out may raise, with the same frame.
    fn protect(
        &mut self,
        s: &mut State,
        slot: YReg,
        kind: TagKind,
        handler: Label,
    ) -> Result<(), Fault> {
        let slot = u32::from(slot.0);
        y_slot(s, slot)?;
        let tags = s.tags.as_ref().ok_or("tags differ between the ways here")?;
        s.tags = Some(tags.push(Tag { slot, kind }));
        let next = self.module.label_op(handler).and_then(|op| self.handles(op));
        if next != Some((kind, slot)) {
            return Err("handler does not end the catch or try".into());
        }
        // x0 is no term then: only the op at the handler may look at it. Y slots may be written
        // before something is raised.
        let mut raised = State { x: XRegs::first(4), need: Need::default(), ..s.clone() };
        raised.kinds = Default::default();
        self.branch(handler, &raised);
        Ok(())
    }

    /// What the op at a handler ends.
    fn handles(&self, at: u32) -> Option<(TagKind, u32)> {
        let ops = self.module.code.get(at as usize..)?;
        match ops.iter().find(|op| !matches!(op, Op::Label { .. } | Op::Line { .. }))? {
            Op::CatchEnd { slot } => Some((TagKind::Catch, u32::from(slot.0))),
            Op::TryCase { slot } => Some((TagKind::Try, u32::from(slot.0))),
            _ => None,
        }
    }

    /// Whether the next op at `target` is `wait_timeout` with the same operands.
    fn waits_at(&self, target: Label, time: Src) -> bool {
        let mut to = target;
        // Code that was not optimised jumps back.
        for _ in 0..4 {
            let from = self.module.label_op(to).unwrap_or(u32::MAX) as usize;
            let ops = self.module.code.get(from..).unwrap_or_default();
            let next = ops.iter().find(|op| !matches!(op, Op::Label { .. } | Op::Line { .. }));
            match next {
                Some(Op::Jump { target }) => to = *target,
                next => return next == Some(&Op::WaitTimeout { target, time }),
            }
        }
        false
    }
}

fn frame_info(frame: Frame) -> FrameInfo {
    match frame {
        Frame::None | Frame::Mixed(_) => FrameInfo::None,
        Frame::Words(n) => FrameInfo::Words(n as u16),
    }
}

/// Ops that may follow when frames differ: compilers share the code that raises an error.
/// `transform::split` can copy these.
fn may_differ(op: &Op) -> bool {
    matches!(
        op,
        Op::Label { .. }
            | Op::Line { .. }
            | Op::TestHeap { .. }
            | Op::Move { .. }
            | Op::PutList { .. }
            | Op::PutTuple2 { .. }
            | Op::Badmatch { .. }
            | Op::CaseEnd { .. }
            | Op::Badrecord { .. }
            | Op::IfEnd {}
            | Op::TryCaseEnd { .. }
    )
}

/// The X register that a guard which may fail writes.
fn guard_result(op: &Op) -> Option<u16> {
    match op {
        Op::Bif1 { fail: Fail(Some(_)), dst: Dst::X(x), .. }
        | Op::Bif2 { fail: Fail(Some(_)), dst: Dst::X(x), .. }
        | Op::GcBif1 { fail: Fail(Some(_)), dst: Dst::X(x), .. }
        | Op::GcBif2 { fail: Fail(Some(_)), dst: Dst::X(x), .. }
        | Op::GcBif3 { fail: Fail(Some(_)), dst: Dst::X(x), .. } => Some(*x),
        _ => None,
    }
}

fn no_frame(s: &State) -> Result<(), Fault> {
    if s.frame == Frame::None { Ok(()) } else { Err("there is a stack frame".into()) }
}

fn in_frame(s: &State) -> Result<(), Fault> {
    match s.frame {
        Frame::Words(_) => Ok(()),
        _ => Err("there is no stack frame".into()),
    }
}

fn first_x(s: &State, n: u32) -> Result<(), Fault> {
    if s.x.has_first(n) { Ok(()) } else { Err(NOT_INITIALISED.into()) }
}

fn called(s: &mut State, arity: u32) -> Result<(), Fault> {
    first_x(s, arity)?;
    s.collect(0);
    write(s, Dst::X(0))?;
    Ok(())
}

/// The frame of exactly `words` slots, without tags, goes.
fn drop_frame(s: &mut State, words: u32) -> Result<(), Fault> {
    if s.frame != Frame::Words(words) {
        return Err("stack frame has another size".into());
    }
    if s.tags.as_ref().is_none_or(|tags| !tags.is_empty()) {
        return Err("a catch or try is active".into());
    }
    s.frame = Frame::None;
    s.kinds.drop_slots(words);
    Ok(())
}

fn frame_op(op: &Op, s: &mut State) -> Result<(), Fault> {
    let (words, need, live) = match op {
        Op::Allocate { words, live } | Op::AllocateZero { words, live } => {
            (Some(*words), Need::default(), *live)
        }
        Op::AllocateHeap { words, need, live } | Op::AllocateHeapZero { words, need, live } => {
            (Some(*words), *need, *live)
        }
        Op::TestHeap { need, live } => (None, *need, *live),
        Op::Deallocate { words } => return drop_frame(s, *words),
        Op::Trim { words, remaining } => {
            let all = words.checked_add(*remaining).ok_or("stack frame has another size")?;
            let mut kinds = s.kinds.clone();
            drop_frame(s, all)?;
            kinds.drop_slots(*words);
            s.kinds = kinds;
            s.frame = Frame::Words(*remaining);
            return Ok(());
        }
        _ => return Ok(()),
    };
    first_x(s, live.0)?;
    s.collect(live.0);
    s.need = need;
    if let Some(words) = words {
        no_frame(s)?;
        s.kinds.drop_frame();
        s.frame = Frame::Words(words);
    }
    Ok(())
}

/// The innermost tag is in `slot` and of that kind; it goes.
fn unprotect(s: &mut State, slot: YReg, kind: TagKind) -> Result<(), Fault> {
    let tag = Tag { slot: u32::from(slot.0), kind };
    let outer = s.tags.as_ref().and_then(|tags| tags.pop(tag));
    s.tags = Some(outer.ok_or("no such catch or try is active")?);
    Ok(())
}

/// A Y slot that may be read or written.
fn y_slot(s: &State, slot: u32) -> Result<(), &'static str> {
    if slot >= s.frame.slots() {
        return Err("y register is outside of the stack frame");
    }
    if s.tags.is_none() || s.is_tag(slot) { Err("y register holds a tag") } else { Ok(()) }
}

fn read(s: &State, src: Src) -> Result<(), &'static str> {
    match src {
        Src::X(n, _) if !s.x.has(u32::from(n)) => Err(NOT_INITIALISED),
        Src::Y(n, _) => y_slot(s, u32::from(n)),
        _ => Ok(()),
    }
}

fn same_register(src: Src, dst: Dst) -> bool {
    match (src, dst) {
        (Src::X(a, _), Dst::X(b)) | (Src::Y(a, _), Dst::Y(b)) => a == b,
        _ => false,
    }
}

fn write(s: &mut State, dst: Dst) -> Result<(), &'static str> {
    s.kinds.set(dst, None);
    match dst {
        Dst::X(n) => {
            s.x.set(u32::from(n));
            Ok(())
        }
        Dst::Y(n) => y_slot(s, u32::from(n)),
    }
}

/// Takes heap space that was reserved before; ops that reserve by themselves set what is left.
fn consume(op: &Op, s: &mut State) -> Result<(), Fault> {
    let len = |n: usize| u32::try_from(n).unwrap_or(u32::MAX);
    let (words, floats, funs) = match op {
        Op::PutList { .. } => (2, 0, 0),
        Op::PutTuple2 { elements, .. } => (len(elements.len()).saturating_add(1), 0, 0),
        Op::UpdateRecord { size, .. } => (size.saturating_add(1), 0, 0),
        Op::MakeFun3 { free, .. } => (len(free.len()), 0, 1),
        Op::Fmove { dst: FmoveDst::Reg(_), src: isa::FmoveSrc::F(_) } => (0, 1, 0),
        Op::BsCreateBin { need, .. }
        | Op::BsInit2 { need, .. }
        | Op::BsInitBits { need, .. }
        | Op::BsAppend { need, .. } => {
            s.need = *need;
            return Ok(());
        }
        _ => return Ok(()),
    };
    let need = &mut s.need;
    let left = (
        need.words.checked_sub(words),
        need.floats.checked_sub(floats),
        need.funs.checked_sub(funs),
    );
    let (Some(words), Some(floats), Some(funs)) = left else {
        return Err("heap space was not reserved".into());
    };
    *need = Need { words, floats, funs };
    Ok(())
}

/// What is read must be a term; and which other operands there are.
struct Reads<'a> {
    s: &'a State,
    live: Option<u32>,
    branches: bool,
    writes: bool,
    fault: Option<&'static str>,
}

impl Visit for Reads<'_> {
    fn src(&mut self, src: Src) {
        if let Err(fault) = read(self.s, src) {
            self.fault = Some(fault);
        }
    }
    fn dst(&mut self, _: Dst) {
        self.writes = true;
    }
    fn yreg(&mut self, _: YReg) {
        self.writes = true;
    }
    fn label(&mut self, _: Label) {
        self.branches = true;
    }
    fn live(&mut self, live: Live) {
        self.live = Some(live.0);
    }
}

struct Writes<'a> {
    s: &'a mut State,
    fault: Option<&'static str>,
}

impl Visit for Writes<'_> {
    fn dst(&mut self, dst: Dst) {
        if let Err(fault) = write(self.s, dst) {
            self.fault = Some(fault);
        }
    }
    fn yreg(&mut self, y: YReg) {
        self.dst(Dst::Y(y.0));
    }
}

struct Targets<'f, 'm, 's> {
    flow: &'f mut Flow<'m>,
    s: &'s State,
}

impl Visit for Targets<'_, '_, '_> {
    fn label(&mut self, label: Label) {
        self.flow.branch(label, self.s);
    }
}
