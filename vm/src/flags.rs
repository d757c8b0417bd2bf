//! What `erlang:system_flag/2` may change while the VM runs. The command line gives the first values.

use crate::trace::Tracer;
use crate::vm::Config;
use core::sync::atomic::{AtomicBool, AtomicU64, AtomicUsize, Ordering};
use std::sync::Mutex;
use term::gc::HeapOptions;

/// Where the emulator's own log events go.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum SystemLogger {
    /// The process registered as `logger`.
    Logger,
    /// Nowhere.
    Undefined,
    Process(u64),
}

/// See the module head.
pub struct Flags {
    min_heap: AtomicUsize,
    min_vheap: AtomicUsize,
    max_heap: AtomicUsize,
    pub max_heap_kill: AtomicBool,
    pub max_heap_log: AtomicBool,
    pub max_heap_shared: AtomicBool,
    fullsweep_after: AtomicUsize,
    pub dirty_cpu_online: AtomicUsize,
    pub system_requests: AtomicUsize,
    pub microstates: AtomicBool,
    logger: AtomicU64,
    /// Who gets messages of sequential tracing.
    sequential: Mutex<Option<Tracer>>,
}

const LOGGER: u64 = u64::MAX;
const UNDEFINED: u64 = u64::MAX - 1;

impl Flags {
    pub(crate) fn new(c: &Config) -> Flags {
        Flags {
            min_heap: AtomicUsize::new(c.min_heap),
            min_vheap: AtomicUsize::new(c.min_vheap),
            max_heap: AtomicUsize::new(c.max_heap),
            max_heap_kill: AtomicBool::new(c.max_heap_kill),
            max_heap_log: AtomicBool::new(c.max_heap_log),
            max_heap_shared: AtomicBool::new(c.max_heap_include_shared),
            fullsweep_after: AtomicUsize::new(c.fullsweep_after),
            dirty_cpu_online: AtomicUsize::new(c.dirty_cpu_online),
            system_requests: AtomicUsize::new(c.system_requests),
            microstates: AtomicBool::new(false),
            logger: AtomicU64::new(LOGGER),
            sequential: Mutex::default(),
        }
    }
    /// What new processes start with.
    pub fn heap(&self) -> HeapOptions {
        HeapOptions {
            min_heap: self.min_heap.load(Ordering::Relaxed),
            fullsweep_after: self.fullsweep_after.load(Ordering::Relaxed),
            min_vheap: self.min_vheap.load(Ordering::Relaxed),
            max_heap: self.max_heap.load(Ordering::Relaxed),
            count_shared: self.max_heap_shared.load(Ordering::Relaxed),
        }
    }
    /// Each sets one value (words, or collections) and gives the old one.
    pub fn set_min_heap(&self, n: usize) -> usize {
        self.min_heap.swap(term::gc::size_for(n), Ordering::Relaxed)
    }
    pub fn set_min_vheap(&self, n: usize) -> usize {
        self.min_vheap.swap(term::gc::size_for(n), Ordering::Relaxed)
    }
    pub fn set_max_heap(&self, n: usize) -> usize {
        self.max_heap.swap(n, Ordering::Relaxed)
    }
    pub fn set_fullsweep_after(&self, n: usize) -> usize {
        self.fullsweep_after.swap(n, Ordering::Relaxed)
    }
    pub fn sequential_tracer(&self) -> Option<Tracer> {
        self.sequential.lock().unwrap_or_else(|e| e.into_inner()).clone()
    }
    /// Sets the sequential tracer; the old one.
    pub fn set_sequential_tracer(&self, tracer: Option<Tracer>) -> Option<Tracer> {
        let mut old = self.sequential.lock().unwrap_or_else(|e| e.into_inner());
        core::mem::replace(&mut *old, tracer)
    }
    pub fn logger(&self) -> SystemLogger {
        decode(self.logger.load(Ordering::Relaxed))
    }
    pub fn set_logger(&self, to: SystemLogger) -> SystemLogger {
        let code = match to {
            SystemLogger::Logger => LOGGER,
            SystemLogger::Undefined => UNDEFINED,
            SystemLogger::Process(pid) => pid,
        };
        decode(self.logger.swap(code, Ordering::Relaxed))
    }
}

fn decode(code: u64) -> SystemLogger {
    match code {
        LOGGER => SystemLogger::Logger,
        UNDEFINED => SystemLogger::Undefined,
        pid => SystemLogger::Process(pid),
    }
}
