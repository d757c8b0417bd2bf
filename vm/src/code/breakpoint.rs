//! Functions whose calls go to `error_handler:breakpoint/3` instead: what the debugger interprets [beam_bp.c:
//! debug_breakpoint].
//!
//! A breakpoint is an entry cell that leads to a stub. The stubs of a module version are made with its first
//! breakpoint and go with it; each remembers the code that the cell led to.

use super::{LoadedModule, native, ptr_words, words};
use crate::interp;
use crate::vm::Vm;
use core::sync::atomic::{AtomicPtr, Ordering};
use term::Atom;

/// Code that calls the error handler for a function.
#[repr(C)]
pub struct Stub {
    code: [u32; 4],
    /// What the cell led to; null without a breakpoint.
    covered: AtomicPtr<u32>,
}

/// The stubs of a module version, one a function.
pub struct Stubs(Box<[Stub]>);

impl Stubs {
    fn of(m: &LoadedModule) -> Stubs {
        let stub = |f: &super::Function| {
            let mut code = [0u32; 4];
            code[..2].copy_from_slice(&words(interp::native::breakpoint));
            code[2..].copy_from_slice(&ptr_words(&raw const f.entry));
            Stub { code, covered: AtomicPtr::default() }
        };
        Stubs(m.functions.iter().map(stub).collect())
    }
    /// Whether the address is one of a stub.
    pub fn contains(&self, addr: u64) -> bool {
        let r = self.0.as_ptr_range();
        (r.start as u64..r.end as u64).contains(&addr)
    }
    /// The code that the stub at this address hides.
    pub fn covered(&self, addr: u64) -> Option<*mut u32> {
        let stub = self.0.iter().find(|s| s.code.as_ptr() as u64 == addr)?;
        Some(stub.covered.load(Ordering::Acquire)).filter(|c| !c.is_null())
    }
}

/// Sets or removes breakpoints in the current versions of modules. What is not given matches all. How many functions
/// matched.
pub fn set(
    vm: &'static Vm,
    module: Option<Atom>,
    function: Option<Atom>,
    arity: Option<i64>,
    on: bool,
) -> usize {
    let _permission = vm.code.permission.lock().unwrap_or_else(|e| e.into_inner());
    let modules: Vec<&'static LoadedModule> = match module {
        Some(name) => vm.code.current(name).into_iter().collect(),
        None => vm.code.loaded().into_iter().filter_map(|(m, _)| vm.code.current(m.name)).collect(),
    };
    let mut matched = 0;
    for m in modules {
        for (i, f) in m.functions.iter().enumerate() {
            let fits = function.is_none_or(|name| name == f.entry.function)
                && arity.is_none_or(|n| n == i64::from(f.entry.arity));
            if fits {
                matched += 1;
                set_one(vm, m, i, on);
            }
        }
    }
    matched
}

fn set_one(vm: &'static Vm, m: &'static LoadedModule, index: usize, on: bool) {
    let f = &m.functions[index];
    let export = vm.code.existing_export(m.name, f.entry.function, f.entry.arity);
    if export.is_some_and(|e| e.is_fixed()) {
        return;
    }
    if !on && m.breakpoints.get().is_none() {
        return;
    }
    let stub = &m.breakpoints.get_or_init(|| Stubs::of(m)).0[index];
    let covered = stub.covered.load(Ordering::Acquire);
    if on && covered.is_null() {
        stub.covered.store(f.entry.cell.load(Ordering::Acquire), Ordering::Release);
        native::enter(vm, m, index, stub.code.as_ptr() as *mut u32);
    } else if !on && !covered.is_null() {
        native::enter(vm, m, index, covered);
        stub.covered.store(core::ptr::null_mut(), Ordering::Release);
    }
}
