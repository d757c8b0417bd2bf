//! Running a program on one term [erl_db_util.c: db_prog_match].

use super::functions::{Function, TRACE_CONTROL_WORD};
use super::{Action, Clause, Op, Program};
use crate::bif::Cx;
use core::marker::PhantomData;
use core::sync::atomic::Ordering;
use term::atom::am;
use term::compare::eq_exact;
use term::{Heap, RawTerm, Term};

/// What a program is run on.
#[derive(Clone, Copy)]
pub enum Subject<'t> {
    Object(Term<'t>),
    /// Arguments of a call (trace).
    Arguments(&'t [Term<'t>]),
}

/// What happens to the result.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Outcome {
    /// It is copied to the caller's heap.
    Copy,
    /// It is looked at before the machine runs again, and may share with the object.
    Look,
}

/// The other side of [`Action`]s.
pub trait Actions {
    /// Does it. `None`: the action failed, its value is `'EXIT'`. `Message` and `Silent` give any
    /// value; all others are as documented for match specifications.
    fn act<'t>(&mut self, action: Action, args: &[Term<'t>], heap: &'t Heap) -> Option<Term<'t>>;
}

/// For tables, which have no actions.
pub struct NoActions;

impl Actions for NoActions {
    fn act<'t>(&mut self, _: Action, _: &[Term<'t>], _: &'t Heap) -> Option<Term<'t>> {
        None
    }
}

/// Memory for running, kept from object to object.
pub struct Machine {
    slots: Vec<RawTerm>,
    /// Copies of slots on the caller's heap.
    copies: Vec<RawTerm>,
    stack: Vec<RawTerm>,
    /// What guards build.
    scratch: Heap,
    /// The result of `{message, _}`.
    pub message: Option<RawTerm>,
}

impl Default for Machine {
    fn default() -> Machine {
        Machine::new()
    }
}

impl Machine {
    pub fn new() -> Machine {
        Machine {
            slots: Vec::new(),
            copies: Vec::new(),
            stack: Vec::new(),
            scratch: Heap::new(),
            message: None,
        }
    }

    /// The result for one object on the caller's heap, or `None` if no clause matches.
    pub fn result<'p>(
        &mut self,
        program: &Program,
        cx: &Cx<'p>,
        object: Term<'_>,
    ) -> Option<Term<'p>> {
        let r = self.run(program, cx, Subject::Object(object), Outcome::Copy, &mut NoActions)?;
        // SAFETY: with `Copy` every part of the result stands on the heap of `cx`.
        Some(unsafe { r.brand() })
    }

    /// Whether the result for one object is `true`.
    pub fn is_true(&mut self, program: &Program, cx: &Cx<'_>, object: Term<'_>) -> bool {
        self.run(program, cx, Subject::Object(object), Outcome::Look, &mut NoActions)
            .is_some_and(|r| r.as_atom() == Some(am::TRUE))
    }

    /// Runs `f` on the result for one object, which may share with the object.
    pub fn look<R>(
        &mut self,
        program: &Program,
        cx: &Cx<'_>,
        object: Term<'_>,
        f: impl for<'t> FnOnce(Term<'t>) -> R,
    ) -> Option<R> {
        let r = self.run(program, cx, Subject::Object(object), Outcome::Look, &mut NoActions)?;
        // SAFETY: object, program, machine and the caller's heap all outlive this call.
        Some(f(unsafe { r.brand() }))
    }

    /// Runs a program of the trace dialect: `None` if no clause matches, else the term of
    /// `{message, _}`, or `true`. Everything in it is on the caller's heap.
    pub fn trace<'p>(
        &mut self,
        program: &Program,
        cx: &Cx<'p>,
        arguments: &[Term<'_>],
        actions: &mut dyn Actions,
    ) -> Option<Term<'p>> {
        self.message = None;
        self.run(program, cx, Subject::Arguments(arguments), Outcome::Copy, actions)?;
        // SAFETY: with `Copy` every part of the result stands on the heap of `cx`.
        Some(unsafe { self.message.take().unwrap_or(RawTerm::bool(true)).brand() })
    }

    /// The raw result: alive as long as subject, program, machine and the heap of `cx`.
    fn run<'t>(
        &mut self,
        program: &'t Program,
        cx: &Cx<'t>,
        subject: Subject<'t>,
        outcome: Outcome,
        actions: &mut dyn Actions,
    ) -> Option<RawTerm> {
        if self.scratch.has_fragments() {
            self.scratch.clear();
        }
        self.slots.clear();
        self.slots.resize(program.slots.max(1), RawTerm::NIL);
        program.clauses.iter().find_map(|clause| {
            self.stack.clear();
            if !self.copies.is_empty() {
                self.copies.clear();
            }
            if let Subject::Object(t) = subject {
                self.slots[0] = t.raw();
            }
            let mut run =
                Run { m: self, program, cx, subject, outcome, body: false, _t: PhantomData };
            run.clause(clause, actions)
        })
    }
}

/// One clause on one subject. `'t`: subject, program and heap are alive.
struct Run<'a, 't> {
    m: &'a mut Machine,
    program: &'t Program,
    cx: &'a Cx<'t>,
    subject: Subject<'t>,
    outcome: Outcome,
    body: bool,
    _t: PhantomData<&'t ()>,
}

impl<'t> Run<'_, 't> {
    #[inline]
    fn slot(&self, s: u32) -> Term<'t> {
        // SAFETY: slots hold parts of the subject, or what was built for it on `scratch`.
        unsafe { self.m.slots[s as usize].brand() }
    }
    #[inline]
    fn set(&mut self, s: u32, t: Term<'_>) {
        self.m.slots[s as usize] = t.raw();
    }
    fn constant(&self, i: u32) -> Term<'t> {
        // SAFETY: constants live as long as the program.
        unsafe { self.program.constant(i).brand() }
    }
    #[inline]
    fn push(&mut self, t: Term<'_>) {
        self.m.stack.push(t.raw());
    }
    #[inline]
    fn pop(&mut self) -> RawTerm {
        self.m.stack.pop().unwrap_or(RawTerm::NIL)
    }
    /// The top `n` values, oldest first.
    fn top(&self, n: usize) -> &[Term<'t>] {
        let start = self.m.stack.len().saturating_sub(n);
        let values = &self.m.stack[start..];
        // SAFETY: values on the stack are alive for `'t`: parts of subject and constants, or built on
        // the caller's heap or on `scratch`, which is cleared only before a run.
        unsafe { term::heap::brand_slice(values.as_ptr(), values.len()) }
    }
    fn drop_top(&mut self, n: usize) {
        let start = self.m.stack.len().saturating_sub(n);
        self.m.stack.truncate(start);
    }
    fn copies(&self) -> bool {
        self.body && self.outcome == Outcome::Copy
    }
    /// Where new terms go.
    fn heap(&self) -> &Heap {
        if self.copies() { self.cx.heap() } else { &self.m.scratch }
    }
    /// A value that is part of the result: copied if the result is.
    fn part(&mut self, t: Term<'t>) -> Term<'t> {
        if self.copies() && !t.is_immediate() { self.cx.heap().copy(t) } else { t }
    }
    /// Replaces the top `n` values by one built from them.
    fn build(&mut self, n: usize, f: impl for<'h> FnOnce(&'h Heap, &[Term<'h>]) -> Term<'h>) {
        let r = f(self.heap(), self.top(n)).raw();
        self.drop_top(n);
        self.m.stack.push(r);
    }
    /// A failing part: ends the clause in the head and in guards; in bodies it is a value.
    fn fail(&mut self) -> Option<()> {
        if !self.body {
            return None;
        }
        self.push(Term::atom(am::EXIT_UPPER));
        Some(())
    }

    fn clause(&mut self, clause: &Clause, actions: &mut dyn Actions) -> Option<RawTerm> {
        let mut result = RawTerm::bool(true);
        let mut at = 0;
        while let Some(&op) = clause.ops.get(at) {
            at += 1;
            match op {
                Op::Tuple { of, arity } => {
                    if self.slot(of).as_tuple()?.arity() != arity as usize {
                        return None;
                    }
                }
                Op::Element { of, index, to } => {
                    let e = *self.slot(of).as_tuple()?.elements().get(index as usize)?;
                    self.set(to, e);
                }
                Op::ElementIs { of, index, value } => {
                    let e = self.slot(of).as_tuple()?.elements().get(index as usize)?;
                    if e.raw() != value {
                        return None;
                    }
                }
                Op::Cons { of } => {
                    self.slot(of).as_cons()?;
                }
                Op::Head { of, to } => {
                    let c = self.slot(of).as_cons()?;
                    self.set(to, c.head());
                }
                Op::Tail { of, to } => {
                    let c = self.slot(of).as_cons()?;
                    self.set(to, c.tail());
                }
                Op::Is { slot, value } => {
                    if self.slot(slot).raw() != value {
                        return None;
                    }
                }
                Op::Equals { slot, value } => {
                    if !eq_exact(self.slot(slot), self.constant(value)) {
                        return None;
                    }
                }
                Op::Float { slot, bits } => {
                    if self.slot(slot).as_float()?.to_bits() != bits {
                        return None;
                    }
                }
                Op::Same { a, b } => {
                    if !eq_exact(self.slot(a), self.slot(b)) {
                        return None;
                    }
                }
                Op::Map { of, size } => {
                    if self.slot(of).as_map()?.size() < size as usize {
                        return None;
                    }
                }
                Op::MapGet { of, key, to } => {
                    let v = self.slot(of).as_map()?.get(self.constant(key))?;
                    self.set(to, v);
                }
                Op::Arguments { count } => {
                    if self.arguments().len() != count as usize {
                        return None;
                    }
                }
                Op::Argument { index, to } => {
                    let a = *self.arguments().get(index as usize)?;
                    self.set(to, a);
                }
                Op::ArgumentList { to } => {
                    let list = self.m.scratch.list(self.arguments()).raw();
                    self.m.slots[to as usize] = list;
                }

                Op::Push(t) => self.m.stack.push(t),
                Op::PushConst(c) => {
                    let t = self.constant(c);
                    let t = self.part(t);
                    self.push(t);
                }
                Op::PushSlot(s) => self.push_slot(s),
                Op::PushWhole => {
                    let t = match self.subject {
                        Subject::Object(t) => self.part(t),
                        Subject::Arguments(a) => {
                            let list = self.m.scratch.list(a).raw();
                            // SAFETY: `scratch` is cleared only before a run.
                            self.part(unsafe { list.brand() })
                        }
                    };
                    self.push(t);
                }
                Op::PushSelf => {
                    let pid = self.cx.self_pid();
                    self.push(pid);
                }
                Op::MakeTuple(n) => self.build(n as usize, |heap, e| heap.tuple(e)),
                Op::MakeList(n) => self.build(n as usize + 1, |heap, e| match e.split_last() {
                    Some((tail, elements)) => heap.list_onto(elements, *tail),
                    None => Term::nil(),
                }),
                Op::MakeMap(n) => self.build(2 * n as usize, map_of),
                Op::Call { function, arity } => self.call(function, arity as usize)?,
                Op::And(n) => self.logic(n as usize, am::FALSE, am::TRUE)?,
                Op::Or(n) => self.logic(n as usize, am::TRUE, am::FALSE)?,
                Op::AndAlso(skip) => self.short(am::FALSE, am::TRUE, skip, &mut at)?,
                Op::OrElse(skip) => self.short(am::TRUE, am::FALSE, skip, &mut at)?,
                Op::Act { action, arity } => self.act(action, arity as usize, actions)?,
                Op::Guard => {
                    if self.pop().as_atom() != Some(am::TRUE) {
                        return None;
                    }
                }
                Op::Body => self.body = true,
                Op::Drop => {
                    self.pop();
                }
                Op::Return => result = self.pop(),
            }
        }
        Some(result)
    }

    fn arguments(&self) -> &'t [Term<'t>] {
        match self.subject {
            Subject::Arguments(a) => a,
            Subject::Object(_) => &[],
        }
    }

    /// A variable is copied once, however often the body uses it.
    fn push_slot(&mut self, s: u32) {
        let t = self.slot(s);
        if t.is_immediate() || !self.copies() {
            return self.push(t);
        }
        if self.m.copies.is_empty() {
            self.m.copies.resize(self.m.slots.len(), RawTerm::NONE);
        }
        let mut c = self.m.copies[s as usize];
        if c.is_none() {
            c = self.cx.heap().copy(t).raw();
            self.m.copies[s as usize] = c;
        }
        self.m.stack.push(c);
    }

    fn call(&mut self, function: Function, arity: usize) -> Option<()> {
        let args = self.top(arity);
        let r = match function {
            Function::Direct(f) => f(args),
            Function::Native(b) => self.native(b, args),
            Function::Try(f, b) => f(args).or_else(|| self.native(b, args)),
            Function::GetTcw => {
                Some(Term::small(TRACE_CONTROL_WORD.load(Ordering::Acquire) as i64))
            }
            Function::SetTcw | Function::SetTcwFake => {
                let new = args.first().and_then(|t| t.as_u64()).and_then(|n| u32::try_from(n).ok());
                new.map(|n| {
                    let old = match function {
                        Function::SetTcw => TRACE_CONTROL_WORD.swap(n, Ordering::AcqRel),
                        _ => TRACE_CONTROL_WORD.load(Ordering::Acquire),
                    };
                    Term::small(old as i64)
                })
            }
        };
        let r = r.map(|t| t.raw());
        self.drop_top(arity);
        match r {
            Some(t) => self.m.stack.push(t),
            None => self.fail()?,
        }
        Some(())
    }

    fn native(&self, b: &'static crate::Bif, args: &[Term<'t>]) -> Option<Term<'t>> {
        match (b.call)(self.cx, args) {
            Ok(t) => Some(t),
            Err(_) => {
                self.cx.with(|p| p.why = None);
                None
            }
        }
    }

    /// `and`, `or`: every argument must be a boolean.
    fn logic(&mut self, n: usize, decides: term::Atom, other: term::Atom) -> Option<()> {
        let args = self.top(n);
        let r = if args.iter().any(|t| t.as_bool().is_none()) {
            None
        } else if args.iter().any(|t| t.is_atom_of(decides)) {
            Some(decides)
        } else {
            Some(other)
        };
        self.drop_top(n);
        match r {
            Some(a) => self.push(Term::atom(a)),
            None => self.fail()?,
        }
        Some(())
    }

    fn short(
        &mut self,
        decides: term::Atom,
        other: term::Atom,
        skip: u32,
        at: &mut usize,
    ) -> Option<()> {
        let value = self.pop().as_atom();
        if value == Some(other) {
            return Some(());
        }
        *at += skip as usize;
        if value == Some(decides) {
            self.push(Term::atom(decides));
            Some(())
        } else {
            self.fail()
        }
    }

    fn act(&mut self, action: Action, arity: usize, actions: &mut dyn Actions) -> Option<()> {
        if action == Action::Message {
            let t = self.pop();
            self.m.message = Some(t);
            self.push(Term::bool(true));
            return Some(());
        }
        let heap: &Heap = self.heap();
        // SAFETY: the caller's heap lives for `'t`, `scratch` until the next run.
        let heap: &'t Heap = unsafe { &*(heap as *const Heap) };
        let r = actions.act(action, self.top(arity), heap).map(|t| t.raw());
        self.drop_top(arity);
        let exit = RawTerm::atom(am::EXIT_UPPER);
        self.m.stack.push(if action == Action::Silent {
            RawTerm::bool(true)
        } else {
            r.unwrap_or(exit)
        });
        Some(())
    }
}

/// A map of alternating keys and values; the last of equal keys counts.
pub(super) fn map_of<'h>(heap: &'h Heap, values: &[Term<'h>]) -> Term<'h> {
    let pairs: Vec<_> = values.chunks_exact(2).map(|c| (c[0], c[1])).collect();
    heap.map_from_pairs(&pairs)
}
