//! Trace points: code that entry cells of traced functions lead to [beam_bp.c: GenericBp].
//!
//! A point belongs to a function of a module version (local calls and all others), or to an export (calls from
//! outside only). It is made when it is first needed and lives as long as what it belongs to. While it is installed the
//! cell leads to it and it knows what the cell led to; what it does is in patterns, one for each session.

use super::session::{Session, Spec};
use super::{Tracer, call};
use crate::code::{ptr_words, words};
use core::sync::atomic::{AtomicBool, AtomicPtr, AtomicU64, Ordering};
use std::collections::HashMap;
use std::sync::{Arc, Mutex};
use term::boxed::Export;

/// Calls counted.
pub(crate) struct Count {
    pub on: AtomicBool,
    pub calls: AtomicU64,
}

/// Calls and time (or words of memory) by process.
pub(crate) struct Spent {
    pub on: AtomicBool,
    /// Words of memory, not nanoseconds.
    pub memory: bool,
    pub by: Mutex<HashMap<u64, (u64, i64)>>,
}

/// Told whatever the flags of the process are.
pub(crate) struct Meta {
    pub spec: Option<Arc<Spec>>,
    /// Nothing: it has ended.
    pub tracer: Mutex<Option<Tracer>>,
}

/// What is set on a function in one session.
#[derive(Clone)]
pub(crate) struct Pattern {
    pub session: Arc<Session>,
    /// Calls are told of, if there is a match specification as it says.
    pub trace: Option<Option<Arc<Spec>>>,
    pub meta: Option<Arc<Meta>>,
    pub count: Option<Arc<Count>>,
    pub time: Option<Arc<Spent>>,
    pub memory: Option<Arc<Spent>>,
}

impl Pattern {
    pub fn new(session: Arc<Session>) -> Pattern {
        Pattern { session, trace: None, meta: None, count: None, time: None, memory: None }
    }
    fn is_empty(&self) -> bool {
        self.trace.is_none()
            && self.meta.is_none()
            && self.count.is_none()
            && self.time.is_none()
            && self.memory.is_none()
    }
}

/// See the module head.
#[repr(C)]
pub(crate) struct Point {
    pub(crate) code: [u32; 4],
    /// Names the function.
    pub entry: *const Export,
    /// Of a function, not of an export.
    pub local: bool,
    /// What the cell led to; null while the point is not installed.
    pub covered: AtomicPtr<u32>,
    /// Calls go to `error_handler:breakpoint/3`.
    pub debug: AtomicBool,
    /// There is something to do whether or not calls of the process are traced.
    pub always: AtomicBool,
    patterns: Mutex<Arc<Vec<Pattern>>>,
}

// SAFETY: `entry` lives as long as the point and is only read.
unsafe impl Sync for Point {}
// SAFETY: as above.
unsafe impl Send for Point {}

impl Point {
    /// The code is made by [`Point::fix`], when the point is where it stays.
    pub fn new(entry: *const Export, local: bool) -> Point {
        Point {
            code: [0; 4],
            entry,
            local,
            covered: AtomicPtr::default(),
            debug: AtomicBool::new(false),
            always: AtomicBool::new(false),
            patterns: Mutex::default(),
        }
    }
    pub fn fix(&mut self) {
        let me = &raw const *self;
        self.code[..2].copy_from_slice(&words(call::point));
        self.code[2..].copy_from_slice(&ptr_words(me));
    }
    pub fn code(&self) -> *mut u32 {
        self.code.as_ptr() as *mut u32
    }
    pub fn is_installed(&self) -> bool {
        !self.covered.load(Ordering::Acquire).is_null()
    }
    pub fn patterns(&self) -> Arc<Vec<Pattern>> {
        self.patterns.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }
    /// What is set in a session.
    pub fn pattern(&self, session: &Session) -> Option<Pattern> {
        self.patterns().iter().find(|p| p.session.id == session.id).cloned()
    }
    /// Changes what is set in a session; whether the point is needed afterwards.
    pub fn update(&self, session: &Arc<Session>, f: impl FnOnce(&mut Pattern)) -> bool {
        let mut guard = self.patterns.lock().unwrap_or_else(|e| e.into_inner());
        let mut all: Vec<Pattern> = (**guard).clone();
        let i = match all.iter().position(|p| p.session.id == session.id) {
            Some(i) => i,
            None => {
                all.push(Pattern::new(session.clone()));
                all.len() - 1
            }
        };
        f(&mut all[i]);
        all.retain(|p| !p.is_empty());
        let debug = self.debug.load(Ordering::Relaxed);
        let always = debug || all.iter().any(|p| p.meta.is_some() || p.count.is_some());
        self.always.store(always, Ordering::Release);
        let needed = debug || !all.is_empty();
        *guard = Arc::new(all);
        needed
    }
    /// Nothing is set any more.
    pub fn clear(&self) {
        *self.patterns.lock().unwrap_or_else(|e| e.into_inner()) = Arc::default();
        let debug = self.debug.load(Ordering::Relaxed);
        self.always.store(debug, Ordering::Release);
    }
    pub fn set_debug(&self, on: bool) -> bool {
        let guard = self.patterns.lock().unwrap_or_else(|e| e.into_inner());
        self.debug.store(on, Ordering::Release);
        let always = on || guard.iter().any(|p| p.meta.is_some() || p.count.is_some());
        self.always.store(always, Ordering::Release);
        on || !guard.is_empty()
    }
}
