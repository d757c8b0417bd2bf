//! What table code of all kinds shares: access rights, counters, errors.

use crate::bif::Cx;
use crate::stop::Stop;
use core::sync::atomic::{AtomicI64, AtomicU8, AtomicU64, AtomicUsize, Ordering};
use std::sync::{Mutex, PoisonError};
use term::atom::am;
use term::{Atom, Term, atom};

/// Why an operation on a table failed. All but `SystemLimit` are `badarg`, with a cause for
/// `error_info`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Error {
    /// Not a table identifier.
    Type,
    /// No such table.
    Id,
    /// The process lacks the right.
    Access,
    /// Another argument is wrong.
    BadArg,
    BadKey,
    /// The position is that of the key.
    KeyPos,
    Default,
    Position,
    TableType,
    Owner,
    NotOwner,
    AlreadyExists,
    SystemLimit,
}

impl Error {
    /// Raises it.
    #[cold]
    pub fn stop(self, cx: &Cx<'_>) -> Stop {
        let cause = match self {
            Error::BadArg => return cx.badarg(),
            Error::SystemLimit => return cx.system_limit(),
            Error::Type => atom!("type"),
            Error::Id => atom!("id"),
            Error::Access => atom!("access"),
            Error::BadKey => am::BADKEY,
            Error::KeyPos => atom!("keypos"),
            Error::Default => atom!("default"),
            Error::Position => atom!("position"),
            Error::TableType => atom!("table_type"),
            Error::Owner => atom!("owner"),
            Error::NotOwner => atom!("not_owner"),
            Error::AlreadyExists => atom!("already_exists"),
        };
        cx.badarg_cause(Term::atom(cause))
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Protection {
    Private = 0,
    Protected = 1,
    Public = 2,
}

impl Protection {
    pub fn atom(self) -> Atom {
        match self {
            Protection::Private => am::PRIVATE,
            Protection::Protected => am::PROTECTED,
            Protection::Public => am::PUBLIC,
        }
    }
    pub fn from_atom(a: Atom) -> Option<Protection> {
        Some(match a {
            am::PRIVATE => Protection::Private,
            am::PROTECTED => Protection::Protected,
            am::PUBLIC => Protection::Public,
            _ => return None,
        })
    }
}

/// What an operation is about to do.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Need {
    Read,
    Write,
    /// Allowed to everybody.
    Info,
}

const DELETED: u8 = 0xff;

/// State of a table outside of its contents.
pub struct Common {
    /// A [`Protection`], or `DELETED`.
    state: AtomicU8,
    owner: AtomicU64,
    /// Fixations of all processes.
    fixed: AtomicUsize,
    /// Words that the objects take.
    words: AtomicI64,
}

impl Common {
    pub fn new(protection: Protection, owner: u64) -> Common {
        Common {
            state: AtomicU8::new(protection as u8),
            owner: AtomicU64::new(owner),
            fixed: AtomicUsize::new(0),
            words: AtomicI64::new(0),
        }
    }
    pub fn owner(&self) -> u64 {
        self.owner.load(Ordering::Acquire)
    }
    pub fn set_owner(&self, pid: u64) {
        self.owner.store(pid, Ordering::Release);
    }
    pub fn protection(&self) -> Protection {
        match self.state.load(Ordering::Acquire) {
            2 => Protection::Public,
            1 => Protection::Protected,
            _ => Protection::Private,
        }
    }
    pub fn set_protection(&self, p: Protection) {
        let _ = self.state.fetch_update(Ordering::AcqRel, Ordering::Acquire, |s| {
            if s == DELETED { None } else { Some(p as u8) }
        });
    }
    pub fn is_deleted(&self) -> bool {
        self.state.load(Ordering::Acquire) == DELETED
    }
    /// `false`: it was deleted already.
    pub fn mark_deleted(&self) -> bool {
        self.state.swap(DELETED, Ordering::AcqRel) != DELETED
    }
    pub fn is_fixed(&self) -> bool {
        self.fixations() > 0
    }
    pub fn fixations(&self) -> usize {
        self.fixed.load(Ordering::SeqCst)
    }
    pub fn fix(&self) {
        self.fixed.fetch_add(1, Ordering::SeqCst);
    }
    /// `true`: that was the last one.
    pub fn unfix(&self, n: usize) -> bool {
        self.fixed.fetch_sub(n, Ordering::SeqCst) == n
    }
    pub fn add_words(&self, n: i64) {
        self.words.fetch_add(n, Ordering::Relaxed);
    }
    pub fn reset_words(&self) {
        self.words.store(0, Ordering::Relaxed);
    }
    pub fn words(&self) -> i64 {
        self.words.load(Ordering::Relaxed)
    }
}

/// Processes that may use every table, for as long as `ets:info(_, binary)` takes.
static SUPER_USERS: Mutex<Vec<u64>> = Mutex::new(Vec::new());

#[cold]
fn is_super_user(pid: u64) -> bool {
    SUPER_USERS.lock().unwrap_or_else(PoisonError::into_inner).contains(&pid)
}

/// Makes a process one that may use every table, or one that may not.
pub fn set_super_user(pid: u64, on: bool) {
    let mut all = SUPER_USERS.lock().unwrap_or_else(PoisonError::into_inner);
    all.retain(|p| *p != pid);
    if on {
        all.push(pid);
    }
}

/// Who does something, to be checked once the lock is held.
#[derive(Clone, Copy)]
pub struct Pass<'a> {
    pub common: &'a Common,
    pub pid: u64,
    pub need: Need,
}

impl Pass<'_> {
    #[inline]
    pub fn check(&self) -> Result<(), Error> {
        let state = self.common.state.load(Ordering::Acquire);
        let enough = match self.need {
            Need::Read => state >= Protection::Protected as u8,
            Need::Write => state >= Protection::Public as u8,
            Need::Info => true,
        };
        if state == DELETED {
            return Err(Error::Id);
        }
        if enough || self.common.owner() == self.pid || is_super_user(self.pid) {
            Ok(())
        } else {
            Err(Error::Access)
        }
    }
    pub fn is_fixed(&self) -> bool {
        self.common.is_fixed()
    }
    pub fn add_words(&self, n: i64) {
        self.common.add_words(n);
    }
}

/// What a visitor wants done with an object.
pub enum Verdict {
    Keep,
    Delete,
    Replace(super::object::Object),
}

/// Frees the contents of a table; large ones on a thread of their own, so that no scheduler waits.
pub fn discard<T: Send + 'static>(contents: T, objects: usize) {
    const LARGE: usize = 100_000;
    if objects >= LARGE {
        let free = move || drop(contents);
        // If there is no thread, the closure is dropped, and the contents with it, here.
        let _ = std::thread::Builder::new().name("ets_free".into()).spawn(free);
    }
}
