//! Sessions: flags, patterns and default tracers that belong together [erl_trace.h: ErtsTraceSession].

use super::deliver::is_alive;
use super::{Tracer, Tracing, Who};
use crate::match_spec::Program;
use core::sync::atomic::{AtomicBool, Ordering};
use std::sync::{Arc, Mutex, MutexGuard, Weak};
use term::{Atom, OwnedTerm};

/// A match specification, and what it was made of.
pub struct Spec {
    pub program: Program,
    pub source: OwnedTerm,
}

/// Which messages that are sent or received are told of.
#[derive(Clone)]
pub struct Event {
    pub on: bool,
    pub spec: Option<Arc<Spec>>,
}

/// What functions of a module get when it is loaded.
#[derive(Clone, Default)]
pub struct OnLoad {
    pub on: bool,
    pub kinds: super::pattern::Kinds,
    pub spec: Option<Arc<Spec>>,
    pub meta_spec: Option<Arc<Spec>>,
    pub meta_tracer: Option<Tracer>,
}

/// What may change in a session.
pub struct Settings {
    /// Flags and tracer of new processes, and of new ports.
    pub processes: Option<(u32, Tracer)>,
    pub ports: Option<(u32, Tracer)>,
    pub send: Event,
    pub receive: Event,
    pub on_load: OnLoad,
}

/// Nobody in particular is traced.
const NOBODY: Who = Who::Process(u64::MAX >> 8);

/// See the module head.
pub struct Session {
    /// 0 is `legacy`.
    pub id: u64,
    pub name: Atom,
    pub tracer: Option<Tracer>,
    settings: Mutex<Settings>,
    /// Destroyed: nothing more is set in it.
    over: AtomicBool,
}

impl Session {
    pub fn new(id: u64, name: Atom, tracer: Option<Tracer>) -> Session {
        let event = || Event { on: true, spec: None };
        let settings = Settings {
            processes: None,
            ports: None,
            send: event(),
            receive: event(),
            on_load: OnLoad::default(),
        };
        Session { id, name, tracer, settings: Mutex::new(settings), over: AtomicBool::new(false) }
    }
    pub fn settings(&self) -> MutexGuard<'_, Settings> {
        self.settings.lock().unwrap_or_else(|e| e.into_inner())
    }
    /// Flags and tracer of new processes, unless that has ended.
    pub fn default_processes(&self, vm: &'static crate::Vm) -> Option<(u32, Tracer)> {
        let mut s = self.settings();
        s.processes.take_if(|(_, t)| !is_alive(vm, t, NOBODY));
        s.processes.clone()
    }
    /// The same of new ports.
    pub fn default_ports(&self, vm: &'static crate::Vm) -> Option<(u32, Tracer)> {
        let mut s = self.settings();
        s.ports.take_if(|(_, t)| !is_alive(vm, t, NOBODY));
        s.ports.clone()
    }
    pub fn is_over(&self) -> bool {
        self.over.load(Ordering::Acquire)
    }
    /// Ends it. `false`: it had ended.
    pub fn end(&self) -> bool {
        !self.over.swap(true, Ordering::AcqRel)
    }
}

/// The sessions that programs made.
#[derive(Default)]
pub struct Sessions(Mutex<Vec<Weak<Session>>>);

impl Sessions {
    pub fn add(&self, s: &Arc<Session>) {
        let mut all = self.0.lock().unwrap_or_else(|e| e.into_inner());
        all.retain(|s| s.strong_count() > 0);
        all.push(Arc::downgrade(s));
    }
    pub fn all(&self) -> Vec<Arc<Session>> {
        let all = self.0.lock().unwrap_or_else(|e| e.into_inner());
        all.iter().filter_map(Weak::upgrade).filter(|s| !s.is_over()).collect()
    }
}

impl Tracing {
    /// Whether new processes and ports are to be looked after, after a change.
    pub fn settings_changed(&self) {
        let all = self.all();
        let processes = all.iter().any(|s| s.settings().processes.is_some());
        let ports = all.iter().any(|s| s.settings().ports.is_some());
        self.new_processes.store(processes, Ordering::Release);
        self.new_ports.store(ports, Ordering::Release);
    }
}
