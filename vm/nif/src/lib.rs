//! The C interface of native libraries: `erl_nif.h` and `erl_driver.h`.
//!
//! Libraries are opened at run time and find these functions in the program itself, which exports them (`vm/cli/build.rs`).
//! A term is an opaque word to them. Inside a call it is our own word: natives do not collect, so terms stay where they are until
//! the call has returned. Environments that outlive a call own a heap of fragments.
//!
//! What every function here takes for granted, because C cannot promise it otherwise:
//! - an environment pointer was given to the library by us and is used by one thread at a time, not after it was freed and,
//!   for that of a call, not after the call returned;
//! - a term word came from us, belongs to an environment that is still alive, and is not used after that was cleared;
//! - other pointers mean what the header says: arrays have their lengths, output arguments can be written, strings end in zero.
//!
//! `// SAFETY: C` below stands for this contract. The interface has no argument for the VM, so there is one
//! per program ([`vm`]).

mod abi;
mod anchor;
mod atom;
mod binary;
mod call;
mod check;
mod compare;
mod driver;
mod env;
mod ioq;
mod library;
mod list;
mod load;
mod map;
mod memory;
mod monitor;
mod number;
mod open;
mod option;
mod print;
mod process;
mod resource;
mod schedule;
mod select;
mod thread;
mod time;

pub use anchor::keep;

use std::sync::OnceLock;
use vm::vm::Hooks;
use vm::{BifTable, Vm};

static VM: OnceLock<&'static Vm> = OnceLock::new();

/// Says which VM the libraries of this program belong to.
pub fn start(vm: &'static Vm) {
    let _ = VM.set(vm);
    check::start();
    let _ = vm.hooks.set(Hooks {
        down: monitor::down,
        late: monitor::late,
        watcher: monitor::watcher,
        ready: select::ready,
        halt: option::halt,
    });
    keep();
}

/// The VM. Nothing of a library runs before [`start`].
fn vm() -> &'static Vm {
    VM.get().expect("libraries are loaded by a running VM")
}

/// The natives that load libraries.
pub fn tables() -> Vec<BifTable> {
    vec![load::TABLE, driver::ddll::TABLE]
}
