//! Compiling clauses and heads [erl_db_util.c: db_match_compile, dmc_one_term].

use super::functions::{Function, lookup};
use super::{Clause, Dialect, Failure, Op, Program, Slot, is_variable};
use crate::vm::Vm;
use std::collections::HashMap;
use term::atom::am;
use term::copy::Literals;
use term::{Atom, Heap, OwnedTerm, RawTerm, Term, View};

/// An error that [`Compiler::lint`] found.
pub struct Message {
    pub text: String,
}

/// Characters of a message; the reference cuts the rest off.
const LONGEST_MESSAGE: usize = 99;

/// Stops compiling a clause.
pub(super) enum Abort {
    BadArg,
    TooDeep,
}

impl From<Abort> for Failure {
    fn from(a: Abort) -> Failure {
        match a {
            Abort::BadArg => Failure::BadArg,
            Abort::TooDeep => Failure::SystemLimit,
        }
    }
}

/// Compiles specifications of one dialect. One use each.
pub struct Compiler<'t> {
    pub(super) dialect: Dialect,
    /// Do not really change anything: for `match_spec_test`.
    pub(super) fake: bool,
    vm: Option<&'static Vm>,
    /// Collect errors and go on, instead of stopping at the first.
    lint: bool,
    messages: Vec<Message>,
    pub(super) scratch: Heap,
    constants: OwnedConstants,
    pub(super) ops: Vec<Op>,
    /// Bound variables of the clause.
    pub(super) variables: HashMap<Atom, Slot>,
    next_slot: Slot,
    most_slots: Slot,
    pub(super) in_guard: bool,
    pub(super) depth: usize,
    _terms: core::marker::PhantomData<&'t ()>,
}

/// Constants as they are found; copied out of the caller's heap at the end.
type OwnedConstants = Vec<RawTerm>;

/// The parts of one clause.
struct Parts<'t> {
    head: Term<'t>,
    /// The head is a list of patterns, one for each argument (trace).
    arguments: Option<Vec<Term<'t>>>,
    guards: Term<'t>,
    body: Term<'t>,
}

impl<'t> Compiler<'t> {
    pub fn new(vm: &'static Vm, dialect: Dialect) -> Compiler<'t> {
        Compiler { vm: Some(vm), ..Compiler::without_natives(dialect) }
    }
    /// A compiler that knows only the functions that need no native.
    pub fn without_natives(dialect: Dialect) -> Compiler<'t> {
        Compiler {
            dialect,
            fake: false,
            vm: None,
            lint: false,
            messages: Vec::new(),
            scratch: Heap::new(),
            constants: Vec::new(),
            ops: Vec::new(),
            variables: HashMap::new(),
            next_slot: 0,
            most_slots: 0,
            in_guard: false,
            depth: 0,
            _terms: core::marker::PhantomData,
        }
    }
    /// Actions only tell what they would do.
    pub fn fake(mut self) -> Self {
        self.fake = true;
        self
    }

    pub fn compile(mut self, spec: Term<'t>) -> Result<Program, Failure> {
        Ok(self.program(spec)?)
    }
    /// All errors of the specification.
    pub fn lint(mut self, spec: Term<'t>) -> Vec<Message> {
        self.lint = true;
        let _ = self.program(spec);
        self.messages
    }

    fn program(&mut self, spec: Term<'t>) -> Result<Program, Abort> {
        if spec.as_cons().is_none() {
            return Err(self.fatal("Match programs are not in a list."));
        }
        let Some(list) = spec.to_vec() else {
            return Err(self.fatal("Match programs are not in a proper list."));
        };
        let mut parts = Vec::with_capacity(list.len());
        for clause in list {
            parts.push(self.parts(clause)?);
        }
        let mut clauses = Vec::with_capacity(parts.len());
        for p in parts {
            clauses.push(self.clause(p)?);
            if !self.messages.is_empty() {
                return Err(Abort::BadArg);
            }
        }
        let constants = {
            // SAFETY: they are parts of the specification or stand on `scratch`; both outlive this.
            let terms: Vec<Term<'_>> =
                self.constants.iter().map(|t| unsafe { t.brand() }).collect();
            OwnedTerm::build(|heap| {
                let copies: Vec<Term<'_>> =
                    terms.iter().map(|&t| heap.copy_with(t, Literals::Copy)).collect();
                heap.tuple(&copies)
            })
        };
        let raw = match constants.term().as_tuple() {
            Some(t) => t.iter().map(|t| t.raw()).collect(),
            None => Vec::new(),
        };
        Ok(Program {
            clauses,
            constants,
            raw,
            slots: self.most_slots as usize,
            dialect: self.dialect,
        })
    }

    fn parts(&mut self, clause: Term<'t>) -> Result<Parts<'t>, Abort> {
        let Some([head, guards, body]) = clause.as_tuple_of::<3>() else {
            return Err(self.fatal("Match program part is not a tuple of arity 3."));
        };
        let arguments = match self.dialect {
            Dialect::Trace { .. } if head.is_list() => match head.to_vec() {
                Some(v) => Some(v),
                None => {
                    let text = self.show(head);
                    return Err(
                        self.fatal(&format!("Match expression part {text} is not a proper list."))
                    );
                }
            },
            _ => None,
        };
        Ok(Parts { head, arguments, guards, body })
    }

    fn clause(&mut self, parts: Parts<'t>) -> Result<Clause, Abort> {
        self.ops = Vec::new();
        self.variables.clear();
        self.next_slot = 0;
        self.depth = 0;
        self.head(&parts)?;
        self.in_guard = true;
        self.guards(parts.guards)?;
        self.in_guard = false;
        if self.dialect == Dialect::Table && parts.body.as_cons().is_none() {
            return Err(self.fatal("Body clause does not return anything."));
        }
        self.body(parts.body)?;
        Ok(Clause { ops: core::mem::take(&mut self.ops) })
    }

    fn new_slot(&mut self) -> Slot {
        let s = self.next_slot;
        self.next_slot += 1;
        self.most_slots = self.most_slots.max(self.next_slot);
        s
    }

    pub(super) fn constant(&mut self, t: Term<'_>) -> super::Const {
        self.constants.push(t.raw());
        (self.constants.len() - 1) as super::Const
    }

    // Heads.

    fn head(&mut self, parts: &Parts<'t>) -> Result<(), Abort> {
        let mut work: Vec<(Term<'t>, Slot)> = Vec::new();
        if let Some(arguments) = &parts.arguments {
            self.ops.push(Op::Arguments { count: arguments.len() as u32 });
            for (i, &a) in arguments.iter().enumerate() {
                if a.is_atom_of(am::UNDERSCORE) {
                    continue;
                }
                let to = self.new_slot();
                self.ops.push(Op::Argument { index: i as u32, to });
                work.push((a, to));
            }
        } else if matches!(self.dialect, Dialect::Trace { .. }) {
            match parts.head.as_atom() {
                Some(am::UNDERSCORE) => {}
                Some(a) if is_variable(a) => {
                    let to = self.new_slot();
                    self.ops.push(Op::ArgumentList { to });
                    self.variables.insert(a, to);
                }
                _ => return Err(self.fatal("Match head is invalid in this context.")),
            }
        } else {
            let root = self.new_slot();
            work.push((parts.head, root));
        }
        work.reverse();
        while let Some((pattern, slot)) = work.pop() {
            self.pattern(pattern, slot, &mut work)?;
        }
        Ok(())
    }

    /// One level of a pattern, whose term is in `slot`.
    fn pattern(
        &mut self,
        pattern: Term<'t>,
        slot: Slot,
        work: &mut Vec<(Term<'t>, Slot)>,
    ) -> Result<(), Abort> {
        match pattern.view() {
            View::Atom(am::UNDERSCORE) => {}
            View::Atom(a) if is_variable(a) => match self.variables.get(&a) {
                Some(&bound) => self.ops.push(Op::Same { a: bound, b: slot }),
                None => {
                    self.variables.insert(a, slot);
                }
            },
            View::Tuple(t) => {
                self.ops.push(Op::Tuple { of: slot, arity: t.arity() as u32 });
                let start = work.len();
                for (i, e) in t.iter().enumerate() {
                    let index = i as u32;
                    if e.is_atom_of(am::UNDERSCORE) {
                        continue;
                    }
                    if e.is_immediate() && !super::is_wildcard(e) {
                        self.ops.push(Op::ElementIs { of: slot, index, value: e.raw() });
                        continue;
                    }
                    let to = self.new_slot();
                    self.ops.push(Op::Element { of: slot, index, to });
                    work.push((e, to));
                }
                work[start..].reverse();
            }
            View::Cons(c) => {
                self.ops.push(Op::Cons { of: slot });
                let mut next = Vec::new();
                for (part, is_head) in [(c.head(), true), (c.tail(), false)] {
                    if part.is_atom_of(am::UNDERSCORE) {
                        continue;
                    }
                    let to = self.new_slot();
                    self.ops.push(match is_head {
                        true => Op::Head { of: slot, to },
                        false => Op::Tail { of: slot, to },
                    });
                    next.push((part, to));
                }
                work.extend(next.into_iter().rev());
            }
            View::Map(m) => {
                self.ops.push(Op::Map { of: slot, size: m.size() as u32 });
                for (key, value) in m.iter() {
                    if key.is_atom_of(am::UNDERSCORE) {
                        return Err(self.fatal("Underscore found in map key."));
                    }
                    if super::is_wildcard(key) {
                        return Err(self.fatal("Variable found in map key."));
                    }
                    let to = self.new_slot();
                    let key = self.constant(key);
                    self.ops.push(Op::MapGet { of: slot, key, to });
                    work.push((value, to));
                }
            }
            // By its bits, where equality would take 0.0 for -0.0.
            View::Float(f) => self.ops.push(Op::Float { slot, bits: f.to_bits() }),
            _ if pattern.is_immediate() => {
                self.ops.push(Op::Is { slot, value: pattern.raw() });
            }
            _ => {
                let value = self.constant(pattern);
                self.ops.push(Op::Equals { slot, value });
            }
        }
        Ok(())
    }

    // Help for expressions.

    pub(super) fn function(
        &self,
        name: Atom,
        arity: usize,
    ) -> Option<(Function, super::functions::Where)> {
        lookup(name, arity, self.vm)
    }
    /// The text of a term, where messages are wanted.
    pub(super) fn show(&self, t: Term<'_>) -> String {
        if self.lint { term::print::to_text(t) } else { String::new() }
    }
    /// An error after which nothing more is looked at.
    pub(super) fn fatal(&mut self, text: &str) -> Abort {
        if self.lint {
            self.messages.push(Message { text: text.to_owned() });
        }
        Abort::BadArg
    }
    /// An error in an expression. When linting, compiling goes on as if there were some value.
    pub(super) fn error(&mut self, text: impl FnOnce(&Self) -> String) -> Result<(), Abort> {
        if !self.lint {
            return Err(Abort::BadArg);
        }
        let mut text = text(self);
        if let Some((end, _)) = text.char_indices().nth(LONGEST_MESSAGE) {
            text.truncate(end);
        }
        self.messages.push(Message { text });
        Ok(())
    }
    pub(super) fn too_deep(&mut self, near: Term<'_>) -> Abort {
        let text = self.show(near);
        let _ = self.error(|_| format!("Excessive nesting; system limit reached near: {text}"));
        Abort::TooDeep
    }
}
