//! The runtime: processes, schedulers, signals, the interpreter, the code server.

pub mod arith;
/// What lock-free files take their atomics from; `vm/loom` puts loom's in its place.
mod atomic {
    pub(crate) use core::sync::atomic::{AtomicPtr, AtomicU64, Ordering, fence};
}
pub mod bif;
pub mod bits;
pub mod break_handler;
pub mod code;
pub mod debugger;
pub mod dist;
pub mod dump;
pub mod env;
pub mod ets;
pub mod except;
pub mod few;
pub mod flags;
pub mod halt;
pub mod inet;
pub mod inspect;
pub mod interp;
pub mod literal_area;
pub mod magic;
pub mod match_spec;
pub mod memory;
pub mod native_watch;
pub mod os_signal;
pub mod persistent_term;
pub mod port;
pub mod process;
pub mod refs;
pub mod sampling;
pub mod sched;
pub mod signal;
pub mod statistics;
pub mod stop;
pub mod system_monitor;
pub mod system_profile;
#[cfg(test)]
pub(crate) mod testing;
pub mod time;
pub mod timer;
pub mod trace;
pub mod vm;

pub use bif::{Bif, BifResult, BifTable, Cx, FromTerm, Kind};
pub use process::Process;
pub use stop::{Class, Resume, Stop};
pub use vm::{Config, Vm};
