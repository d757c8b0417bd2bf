//! How a native stops: raise, trap, yield, wait.
//!
//! [`Stop`] is zero-sized and can only be made by methods of [`Cx`](crate::bif::Cx), which record
//! the [`Why`] first. So `?` works in natives, a trap is not an error, and host errors never become
//! Erlang exceptions by accident.

use crate::bif::Cx;
use term::{Atom, RawTerm};

/// Proof that the reason for stopping was recorded.
#[derive(Debug)]
pub struct Stop(());

impl Stop {
    pub(crate) fn recorded() -> Stop {
        Stop(())
    }
}

/// Class of an exception.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Class {
    Error,
    Exit,
    Throw,
}

impl Class {
    pub fn atom(self) -> Atom {
        use term::atom::am;
        match self {
            Class::Error => am::ERROR,
            Class::Exit => am::EXIT,
            Class::Throw => am::THROW,
        }
    }
    pub fn from_atom(a: Atom) -> Option<Class> {
        use term::atom::am;
        match a {
            am::ERROR => Some(Class::Error),
            am::EXIT => Some(Class::Exit),
            am::THROW => Some(Class::Throw),
            _ => None,
        }
    }
}

/// Why a native stopped. Terms in it are roots until the interpreter has acted on it.
pub enum Why {
    Raise(Raise),
    /// Go on in this Erlang function instead of returning.
    Trap {
        module: Atom,
        function: Atom,
        args: Vec<RawTerm>,
    },
    /// Go on in this function of a module version.
    TrapFunction {
        function: &'static crate::code::Function,
        args: Vec<RawTerm>,
    },
    /// Poll `resume` again after others have run.
    Yield(Box<dyn Resume>),
    /// Poll `resume` again when a signal has arrived.
    Wait(Box<dyn Resume>),
    /// Go on in `resume` on a dirty or normal scheduler.
    Reschedule(crate::bif::Kind, Box<dyn Resume>),
    /// The process was suspended, exits, or waits in a way that is recorded in its state: the
    /// native is called again with the same arguments when it runs next.
    Again,
    /// Hibernate with the stack as it is; poll the rest when a signal has arrived.
    Doze(Box<dyn Resume>),
    /// Hibernate into this call.
    Hibernate {
        module: Atom,
        function: Atom,
        args: Vec<RawTerm>,
    },
    /// Collect, then return this term.
    Collect {
        major: bool,
        value: RawTerm,
    },
    /// Return this term, and give up the rest of the time slice.
    YieldReturn(RawTerm),
}

/// An exception on its way.
#[derive(Clone, Copy)]
pub struct Raise {
    pub class: Class,
    pub reason: RawTerm,
    /// `NONE`: take it here. Else the trace given to `erlang:raise/3`.
    pub stacktrace: RawTerm,
    /// Extra information for `error_info` (its `cause`), or `NONE`.
    pub cause: RawTerm,
    /// Arguments to show instead of the arity, from `erlang:error/2,3`, or `NONE`.
    pub args: RawTerm,
    /// The whole `error_info` map of `erlang:error/3`, or `NONE`.
    pub error_info: RawTerm,
}

/// The rest of a native's work.
pub trait Resume: Send {
    /// Polled with fresh reductions; ends with a result or with another [`Stop`].
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> crate::bif::BifResult<'p>;
    /// Whether all is done and only the result is waited with: others see `erlang:bif_return_trap/2`.
    fn only_returns(&self) -> bool {
        false
    }
    /// The process `pid` is to end. `true`: something that was begun goes on until the process is woken, and the end waits.
    fn delays_end(&mut self, _pid: u64) -> bool {
        false
    }
    /// The module version whose library it goes on in.
    fn code(&self) -> Option<&'static crate::code::LoadedModule> {
        None
    }
}
