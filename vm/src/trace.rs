//! Tracing [erl_trace.c, erl_bif_trace.c, beam_bp.c]: who is told what of processes, ports and calls.
//!
//! A process (or port) is traced through its [`TraceCell`]: one word of flags that whatever may be of interest tests,
//! and behind a lock who wants to know. A cell can be set by anybody at any time, so nobody has to wait for the process.
//! Calls are traced by entry cells that lead to a trace point ([`point`]); what is not traced costs nothing.
//!
//! Flags and patterns belong to a session; what is set without one belongs to the session `legacy`. A
//! tracer that has ended is found out when there is something to tell it, and its cells are emptied then.

pub(crate) mod action;
pub mod call;
pub mod deliver;
pub mod event;
pub mod info;
pub mod module;
pub mod pattern;
pub(crate) mod point;
pub mod port;
pub mod seq;
pub mod session;

use core::sync::atomic::{AtomicBool, AtomicU32, AtomicU64, Ordering};
pub use deliver::Who;
pub use session::{Session, Sessions};
use std::sync::{Arc, Mutex};
use term::compare::eq_exact;
use term::{Atom, Heap, OwnedTerm, Term};

/// The flags of a traced process or port, with the numbers that `process_info(_, trace)` shows.
pub mod flag {
    pub const NOW: u32 = 1;
    pub const STRICT_MONOTONIC: u32 = 2;
    pub const MONOTONIC: u32 = 4;
    /// In the place of `NOW`, for a whole session: processor time.
    pub const CPU: u32 = 1 << 31;
    const fn n(n: u32) -> u32 {
        1 << (3 + n)
    }
    pub const SEND: u32 = n(1);
    pub const RECEIVE: u32 = n(2);
    pub const SET_ON_SPAWN: u32 = n(3);
    pub const SET_ON_FIRST_SPAWN: u32 = n(4);
    pub const SET_ON_LINK: u32 = n(5);
    pub const SET_ON_FIRST_LINK: u32 = n(6);
    pub const CALL: u32 = n(7);
    pub const PROCS: u32 = n(8);
    pub const RUNNING: u32 = n(10);
    pub const GC: u32 = n(11);
    pub const ARITY: u32 = n(12);
    pub const RETURN_TO: u32 = n(13);
    pub const SILENT: u32 = n(14);
    pub const RUNNING_PORTS: u32 = n(17);
    pub const RUNNING_PROCS: u32 = n(18);
    pub const PORTS: u32 = n(19);
    pub const SCHEDULER_ID: u32 = n(20);
    pub const EXITING: u32 = n(21);

    pub const TIMESTAMPS: u32 = NOW | STRICT_MONOTONIC | MONOTONIC;
    /// Flags that children and linked processes may inherit.
    pub const INHERIT: u32 = SET_ON_SPAWN | SET_ON_FIRST_SPAWN | SET_ON_LINK | SET_ON_FIRST_LINK;
    /// What does not make anything traced by itself, or means something for both processes and ports.
    pub const MODIFIERS: u32 = SILENT | TIMESTAMPS | SCHEDULER_ID | RECEIVE | SEND;
    pub const OF_PORTS: u32 = MODIFIERS | PORTS | RUNNING_PORTS;
    pub const ALL: u32 = TIMESTAMPS
        | SEND
        | RECEIVE
        | INHERIT
        | CALL
        | PROCS
        | RUNNING
        | GC
        | ARITY
        | RETURN_TO
        | SILENT
        | RUNNING_PORTS
        | RUNNING_PROCS
        | PORTS
        | SCHEDULER_ID
        | EXITING;
    pub const OF_PROCESSES: u32 = (ALL & !OF_PORTS) | MODIFIERS;

    /// Names, in the order in which lists of flags are built.
    pub const NAMES: &[(u32, &str)] = &[
        (NOW, "timestamp"),
        (STRICT_MONOTONIC, "strict_monotonic_timestamp"),
        (MONOTONIC, "monotonic_timestamp"),
        (SEND, "send"),
        (RECEIVE, "receive"),
        (SET_ON_SPAWN, "set_on_spawn"),
        (CALL, "call"),
        (PROCS, "procs"),
        (SET_ON_FIRST_SPAWN, "set_on_first_spawn"),
        (SET_ON_LINK, "set_on_link"),
        (SET_ON_FIRST_LINK, "set_on_first_link"),
        (RUNNING, "running"),
        (EXITING, "exiting"),
        (GC, "garbage_collection"),
        (ARITY, "arity"),
        (RETURN_TO, "return_to"),
        (SILENT, "silent"),
        (SCHEDULER_ID, "scheduler_id"),
        (PORTS, "ports"),
        (RUNNING_PORTS, "running_ports"),
        (RUNNING_PROCS, "running_procs"),
    ];

    /// The bits of a name, `all` included.
    pub fn of_name(name: &str) -> Option<u32> {
        match name {
            "all" => Some(ALL),
            _ => NAMES.iter().find(|n| n.1 == name).map(|n| n.0),
        }
    }
}

/// Who is told.
#[derive(Clone)]
pub enum Tracer {
    Process(u64),
    Port(u64),
    /// A module with natives `enabled` and `trace`, and what they are given.
    Module(Arc<(Atom, OwnedTerm)>),
}

impl Tracer {
    pub fn is_same(&self, other: &Tracer) -> bool {
        match (self, other) {
            (Tracer::Process(a), Tracer::Process(b)) | (Tracer::Port(a), Tracer::Port(b)) => a == b,
            (Tracer::Module(a), Tracer::Module(b)) => {
                a.0 == b.0 && eq_exact(a.1.term(), b.1.term())
            }
            _ => false,
        }
    }
    /// As `trace_info` shows it.
    pub fn term<'h>(&self, h: &'h Heap) -> Term<'h> {
        match self {
            Tracer::Process(pid) => Term::local_pid(*pid),
            Tracer::Port(port) => Term::local_port(*port),
            Tracer::Module(m) => h.tuple(&[m.0.into(), h.copy(m.1.term())]),
        }
    }
    /// The tracer that a term names: a pid, a port, or `{Module, State}`.
    pub fn of(t: Term<'_>) -> Option<Tracer> {
        if let Some(pid) = t.as_pid() {
            return pid.local().map(Tracer::Process);
        }
        if let Some(port) = t.as_port() {
            return port.local().map(Tracer::Port);
        }
        let [module, state] = t.as_tuple_of::<2>()?;
        Some(Tracer::Module(Arc::new((module.as_atom()?, OwnedTerm::whole_copy_of(state)))))
    }
}

/// That a process or port is traced in one session.
#[derive(Clone)]
pub struct Traced {
    pub session: Arc<Session>,
    pub flags: u32,
    pub tracer: Tracer,
}

/// See the module head.
#[derive(Default)]
pub struct TraceCell {
    /// What any session wants; nothing while the process is sensitive.
    flags: AtomicU32,
    sensitive: AtomicBool,
    #[allow(clippy::box_collection, reason = "nearly always nothing")]
    sessions: Mutex<Option<Box<Vec<Traced>>>>,
}

impl TraceCell {
    /// Whether any of these flags is set.
    #[inline(always)]
    pub fn has(&self, flags: u32) -> bool {
        self.flags.load(Ordering::Relaxed) & flags != 0
    }
    /// All flags of all sessions that count now.
    pub fn flags(&self) -> u32 {
        self.flags.load(Ordering::Relaxed)
    }
    /// Changes what is traced; entries without flags go.
    pub fn update<R>(&self, f: impl FnOnce(&mut Vec<Traced>) -> R) -> R {
        let mut guard = self.sessions.lock().unwrap_or_else(|e| e.into_inner());
        let mut list = guard.take().map_or_else(Vec::new, |b| *b);
        let r = f(&mut list);
        list.retain(|t| t.flags & flag::ALL != 0);
        self.store(&list);
        *guard = (!list.is_empty()).then(|| Box::new(list));
        r
    }
    fn store(&self, list: &[Traced]) {
        let all = list.iter().fold(0, |all, t| all | t.flags);
        let all = if self.sensitive.load(Ordering::Relaxed) { 0 } else { all };
        self.flags.store(all, Ordering::Relaxed);
    }
    /// Nothing is told of a sensitive process.
    pub fn set_sensitive(&self, on: bool) {
        let guard = self.sessions.lock().unwrap_or_else(|e| e.into_inner());
        self.sensitive.store(on, Ordering::Relaxed);
        self.store(guard.as_deref().map_or(&[], |v| v));
    }
    /// The sessions that have one of these flags set.
    pub fn of(&self, flags: u32) -> Vec<Traced> {
        if !self.has(flags) {
            return Vec::new();
        }
        let guard = self.sessions.lock().unwrap_or_else(|e| e.into_inner());
        let list = guard.as_deref().map_or(&[][..], |v| v);
        list.iter().filter(|t| t.flags & flags != 0).cloned().collect()
    }
    /// How one session traces it, even if it is sensitive.
    pub fn in_session(&self, session: &Session) -> Option<Traced> {
        let guard = self.sessions.lock().unwrap_or_else(|e| e.into_inner());
        guard.as_deref()?.iter().find(|t| t.session.id == session.id).cloned()
    }
    /// All sessions that trace it.
    pub fn sessions(&self) -> Vec<Arc<Session>> {
        let guard = self.sessions.lock().unwrap_or_else(|e| e.into_inner());
        guard.as_deref().map_or(Vec::new(), |v| v.iter().map(|t| t.session.clone()).collect())
    }
    /// No longer traced in this session.
    pub fn clear(&self, session: &Session) {
        self.update(|list| list.retain(|t| t.session.id != session.id));
    }
    /// Sets or clears flags in a session. `false`: another tracer has it, and lives.
    pub fn set(
        &self,
        vm: &'static crate::Vm,
        who: Who,
        session: &Arc<Session>,
        tracer: Option<&Tracer>,
        on: bool,
        flags: u32,
    ) -> bool {
        self.update(|list| {
            let at = list.iter().position(|t| t.session.id == session.id);
            match (at, tracer) {
                (Some(i), Some(new)) if !list[i].tracer.is_same(new) => {
                    if deliver::is_alive(vm, &list[i].tracer, who) {
                        return false;
                    }
                    list[i].tracer = new.clone();
                }
                _ => {}
            }
            match (at, tracer) {
                (Some(i), _) => {
                    let old = list[i].flags;
                    list[i].flags = if on { merge(old, flags) } else { old & !flags };
                }
                (None, Some(tracer)) if on => {
                    let (session, tracer) = (session.clone(), tracer.clone());
                    list.push(Traced { session, flags, tracer });
                }
                _ => {}
            }
            true
        })
    }
}

/// Flags with others set.
pub fn merge(old: u32, new: u32) -> u32 {
    old | new
}

/// Everything of the VM that belongs to tracing.
pub struct Tracing {
    pub legacy: Arc<Session>,
    pub sessions: Sessions,
    /// Some session traces processes (ports) from their start.
    pub(crate) new_processes: AtomicBool,
    pub(crate) new_ports: AtomicBool,
    /// Timestamps show processor time.
    pub cpu_time: AtomicBool,
    pub(crate) next_session: AtomicU64,
}

impl Default for Tracing {
    fn default() -> Tracing {
        Tracing {
            legacy: Arc::new(Session::new(0, term::atom!("legacy"), None)),
            sessions: Sessions::default(),
            new_processes: AtomicBool::new(false),
            new_ports: AtomicBool::new(false),
            cpu_time: AtomicBool::new(false),
            next_session: AtomicU64::new(1),
        }
    }
}

impl Tracing {
    /// A new session.
    pub fn create(&self, name: Atom, tracer: Option<Tracer>) -> Arc<Session> {
        let id = self.next_session.fetch_add(1, Ordering::Relaxed);
        let s = Arc::new(Session::new(id, name, tracer));
        self.sessions.add(&s);
        s
    }
    /// All sessions, `legacy` first.
    pub fn all(&self) -> Vec<Arc<Session>> {
        let mut all = vec![self.legacy.clone()];
        all.extend(self.sessions.all());
        all
    }
}

/// A list of flags as `erlang:trace/3` takes it.
pub struct Parsed {
    pub flags: u32,
    pub tracer: Option<Tracer>,
    /// Timestamps are to show processor time.
    pub cpu: bool,
}

/// `None`: it is none.
pub fn parse_flags(vm: &'static crate::Vm, list: Term<'_>) -> Option<Parsed> {
    let mut all = Parsed { flags: 0, tracer: None, cpu: false };
    for t in list.to_vec()? {
        match t.as_atom() {
            Some(a) if a == term::atom!("cpu_timestamp") => all.cpu = true,
            Some(a) => all.flags |= flag::of_name(a.name())?,
            None => all.tracer = Some(parse_tracer(vm, term::atom!("tracer"), t)?),
        }
    }
    Some(all)
}

/// `{Tag, Pid}`, `{Tag, Port}` or `{Tag, Module, State}`.
pub fn parse_tracer(vm: &'static crate::Vm, tag: Atom, t: Term<'_>) -> Option<Tracer> {
    let tracer = match *t.as_tuple()?.elements() {
        [k, who] if k.is_atom_of(tag) && who.as_tuple().is_none() => Tracer::of(who)?,
        [k, m, state] if k.is_atom_of(tag) => {
            Tracer::Module(Arc::new((m.as_atom()?, OwnedTerm::whole_copy_of(state))))
        }
        _ => return None,
    };
    match &tracer {
        Tracer::Module(m) if !module::is_tracer(vm, m.0) => None,
        _ => Some(tracer),
    }
}
