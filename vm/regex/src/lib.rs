//! Regular expressions as module `re` knows them: a safe face over PCRE2.
//!
//! Releases before OTP 28 have PCRE 8. Where its syntax or its messages differ, [`Options::PCRE8`] asks for them: see
//! [`classic`]. A [`Regex`] is immutable and shared between threads; what a match needs besides is kept by thread. An
//! expression that is used often is translated to machine code.

mod classic;
mod exec;
mod ffi;
mod options;
mod tables;

pub use exec::{Captures, Exec, Limits, MatchOptions, Subject};
pub use options::{Newline, Options};

use core::sync::atomic::AtomicU32;
use std::sync::OnceLock;

/// Why an expression was refused.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct CompileError {
    pub message: String,
    /// Byte offset in the pattern.
    pub offset: usize,
}

/// A compiled expression.
pub struct Regex {
    code: ffi::Code,
    options: Options,
    utf: bool,
    captures: usize,
    names: Vec<Name>,
    newline: Newline,
    runs: AtomicU32,
    fast: OnceLock<Option<ffi::Code>>,
}

/// A named group.
#[derive(Clone, PartialEq, Eq, Debug)]
pub struct Name {
    pub name: Box<[u8]>,
    pub group: usize,
}

impl Regex {
    /// Compiles a pattern of bytes, which is UTF-8 if it says so itself or `options` do.
    pub fn compile(pattern: &[u8], options: Options) -> Result<Regex, CompileError> {
        let classic = options.has(Options::PCRE8);
        if options.has(Options::BSR_ANYCRLF | Options::BSR_UNICODE) || options.newline().is_none() {
            return Err(CompileError { message: classic::BAD_NEWLINE.into(), offset: 0 });
        }
        let (rewritten, moved) = classic::rewrite(pattern, classic);
        let code = match ffi::compile(&rewritten, options, false) {
            // An unknown escape was the letter itself.
            Err(e) if classic && e.code == classic::UNKNOWN_ESCAPE => {
                ffi::compile(&rewritten, options, true)
            }
            other => other,
        };
        let code = code.map_err(|e| {
            let at = moved.original(e.offset);
            if classic {
                classic::error(pattern, e, at)
            } else {
                CompileError { message: e.message(), offset: at }
            }
        })?;
        // For words of UTF-8 by the tables of Latin-1, machine code is not of one mind with the interpreter.
        let words = [&b"\\w"[..], b"\\W", b"\\b", b"\\B"];
        let slow =
            code.is_utf() && !code.is_ucp() && rewritten.windows(2).any(|w| words.contains(&w));
        Ok(Regex {
            utf: code.is_utf(),
            captures: code.capture_count(),
            names: code.names(),
            newline: code.newline(),
            options,
            code,
            runs: AtomicU32::new(0),
            fast: if slow { OnceLock::from(None) } else { OnceLock::new() },
        })
    }
    /// Groups, the whole match not counted.
    pub fn capture_count(&self) -> usize {
        self.captures
    }
    /// Named groups in the order of their names; a name may come more than once if the options allow it.
    pub fn names(&self) -> &[Name] {
        &self.names
    }
    /// The groups of this name.
    pub fn groups_of<'a>(&'a self, name: &'a [u8]) -> impl Iterator<Item = usize> + 'a {
        self.names.iter().filter(move |n| *n.name == *name).map(|n| n.group)
    }
    pub fn options(&self) -> Options {
        self.options
    }
    /// Whether pattern and subjects are UTF-8.
    pub fn is_utf(&self) -> bool {
        self.utf
    }
    /// Whether a line may end in CR and LF together.
    pub fn uses_crlf(&self) -> bool {
        matches!(self.newline, Newline::CrLf | Newline::Any | Newline::AnyCrLf)
    }
}

/// Version of the library and its date.
pub fn version() -> String {
    ffi::version()
}

#[cfg(test)]
mod tests;
