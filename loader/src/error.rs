//! Why a module cannot be loaded.

use std::fmt;

/// The atom that `code:load_binary/3` and its like answer with.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Reason {
    BadFile,
}

impl Reason {
    /// The atom's text.
    pub fn atom(self) -> &'static str {
        match self {
            Reason::BadFile => "badfile",
        }
    }
}

/// A refusal: the reason that Erlang code sees and a text for the log.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct LoadError {
    pub reason: Reason,
    pub message: String,
}

impl LoadError {
    pub(crate) fn bad(message: impl Into<String>) -> LoadError {
        LoadError { reason: Reason::BadFile, message: message.into() }
    }
}

impl fmt::Display for LoadError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        f.write_str(&self.message)
    }
}

impl std::error::Error for LoadError {}
