//! Match specifications [erl_db_util.c].
//!
//! A specification is a list of clauses `{Head, Guards, Body}`. Each clause is compiled to one run of
//! [`Op`]s: first those that take the object apart, then the guards, then the body. A machine runs the
//! clauses in turn until one matches ([`Machine`]).
//!
//! Parts of the object live in *slots*. A variable is a name for a slot, so binding costs nothing and
//! parts that nobody looks at are never read. Guards and body are code for a stack machine, so that
//! running never recurses; compiling recurses over nested expressions, to a limit ([`MAX_NESTING`]).
//!
//! Two dialects exist: *table* (ETS, one result per object) and *trace* (function arguments, with
//! [`Action`]s).

mod compile;
mod expr;
mod functions;
mod run;
#[cfg(test)]
mod tests;

pub use compile::{Compiler, Message};
pub use functions::TRACE_CONTROL_WORD;
pub use run::{Actions, Machine, NoActions, Outcome, Subject};

use functions::Function;
use term::{Atom, OwnedTerm, RawTerm, Term};

/// Deepest nesting of expressions that compiles; more is `system_limit`.
pub const MAX_NESTING: usize = 1500;

/// Which kind of specification is compiled.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Dialect {
    Table,
    Trace {
        /// For calls, not for sends and receives.
        call: bool,
        /// Actions that change tracing are allowed.
        actions: bool,
    },
}

impl Dialect {
    /// For `erlang:match_spec_test(_, _, trace)` and call tracing.
    pub const CALL: Dialect = Dialect::Trace { call: true, actions: true };
}

/// Why there is no program.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Failure {
    BadArg,
    SystemLimit,
}

/// A compiled specification. Lives behind a magic reference or for the length of one call.
pub struct Program {
    clauses: Vec<Clause>,
    /// A tuple of all constants, which the operands index.
    constants: OwnedTerm,
    /// The same, ready for use: they point into `constants`.
    raw: Vec<RawTerm>,
    /// Most slots that a clause uses.
    slots: usize,
    dialect: Dialect,
}

// SAFETY: `raw` points into `constants`, which never changes; natives are static.
unsafe impl Send for Program {}
// SAFETY: as above.
unsafe impl Sync for Program {}

impl Program {
    /// Shows its constants.
    pub(crate) fn visit(&self, v: &mut dyn term::visit::Visit) {
        self.constants.visit(v);
    }
}

struct Clause {
    ops: Vec<Op>,
}

/// A slot that holds part of the object.
type Slot = u32;
/// An index into the constants.
type Const = u32;

#[derive(Clone, Copy, Debug)]
enum Op {
    // Taking apart: fails the clause if it does not fit.
    Tuple {
        of: Slot,
        arity: u32,
    },
    Element {
        of: Slot,
        index: u32,
        to: Slot,
    },
    /// The element is this immediate.
    ElementIs {
        of: Slot,
        index: u32,
        value: RawTerm,
    },
    Cons {
        of: Slot,
    },
    Head {
        of: Slot,
        to: Slot,
    },
    Tail {
        of: Slot,
        to: Slot,
    },
    Is {
        slot: Slot,
        value: RawTerm,
    },
    Equals {
        slot: Slot,
        value: Const,
    },
    /// The float of these bits.
    Float {
        slot: Slot,
        bits: u64,
    },
    Same {
        a: Slot,
        b: Slot,
    },
    /// A map of at least this size.
    Map {
        of: Slot,
        size: u32,
    },
    MapGet {
        of: Slot,
        key: Const,
        to: Slot,
    },
    /// There are this many arguments (trace).
    Arguments {
        count: u32,
    },
    Argument {
        index: u32,
        to: Slot,
    },
    /// The arguments as a list (trace).
    ArgumentList {
        to: Slot,
    },

    // Guards and body: a stack machine.
    Push(RawTerm),
    PushConst(Const),
    PushSlot(Slot),
    /// `'$_'`
    PushWhole,
    PushSelf,
    MakeTuple(u32),
    /// Elements and then the tail are on the stack.
    MakeList(u32),
    /// Keys and values alternate on the stack.
    MakeMap(u32),
    Call {
        function: Function,
        arity: u32,
    },
    And(u32),
    Or(u32),
    /// Decides if the top is `false`: skips that many ops and keeps it. Else drops `true`.
    AndAlso(u32),
    OrElse(u32),
    Act {
        action: Action,
        arity: u32,
    },
    /// Ends a guard: the value must be `true`.
    Guard,
    /// The body starts: failing calls give `'EXIT'`, values are copied for the caller.
    Body,
    Drop,
    Return,
}

/// Actions of the trace dialect.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Action {
    Message,
    ReturnTrace,
    ExceptionTrace,
    IsSeqTrace,
    SetSeqToken,
    GetSeqToken,
    Display,
    ProcessDump,
    EnableTrace,
    DisableTrace,
    Trace,
    Caller,
    CallerLine,
    CurrentStacktrace,
    Silent,
    /// As `SetSeqToken`, for `match_spec_test`: only tells what would happen.
    SetSeqTokenFake,
}

impl Program {
    /// Compiles for tables.
    pub fn for_table(vm: &'static crate::Vm, spec: Term<'_>) -> Result<Program, Failure> {
        Compiler::new(vm, Dialect::Table).compile(spec)
    }
    fn constant(&self, i: Const) -> RawTerm {
        self.raw[i as usize]
    }
    /// Words that the program's constants take.
    pub fn words(&self) -> usize {
        self.constants.words()
    }
    pub fn dialect(&self) -> Dialect {
        self.dialect
    }
}

/// The number of a match variable: an atom `'$N'` without leading zeros.
pub fn is_variable(a: Atom) -> bool {
    let name = a.name().as_bytes();
    match name {
        [b'$', b'0'] => true,
        [b'$', b'1'..=b'9', rest @ ..] => rest.iter().all(|b| b.is_ascii_digit()),
        _ => false,
    }
}

/// Whether a pattern is `'_'` or a variable.
pub fn is_wildcard(t: Term<'_>) -> bool {
    t.as_atom().is_some_and(|a| a == term::atom::am::UNDERSCORE || is_variable(a))
}

/// Whether a pattern matches one term only: no variable, no `'_'`. (Maps match more than themselves,
/// but as keys they count by equality, as in the reference.)
pub fn is_ground(t: Term<'_>) -> bool {
    let mut work = vec![t];
    while let Some(t) = work.pop() {
        match t.view() {
            term::View::Atom(_) if is_wildcard(t) => return false,
            term::View::Tuple(x) => work.extend(x.iter()),
            term::View::Cons(c) => work.extend([c.tail(), c.head()]),
            term::View::Map(m) => m.iter().for_each(|(k, v)| work.extend([k, v])),
            _ => {}
        }
    }
    true
}

/// Whether a pattern contains a map.
pub fn has_map(t: Term<'_>) -> bool {
    let mut work = vec![t];
    while let Some(t) = work.pop() {
        match t.view() {
            term::View::Tuple(x) => work.extend(x.iter()),
            term::View::Cons(c) => work.extend([c.tail(), c.head()]),
            term::View::Map(_) => return true,
            _ => {}
        }
    }
    false
}
