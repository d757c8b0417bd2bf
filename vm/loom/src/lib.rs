//! Every interleaving of the lock-free parts of `vm`, tried by loom: the files are those of `vm`
//! itself, with loom's atomics for the processor's.
//!
//! Built with `--cfg loom` (`make loom`); empty otherwise.
#![cfg(loom)]

/// What the files under test take for the processor's.
mod atomic {
    pub use loom::sync::atomic::*;
}

#[allow(dead_code)]
#[path = "../../src/sched/progress.rs"]
mod progress;

#[allow(dead_code)]
mod signal;

pub mod models;
