//! Functions whose calls are traced, or go to `error_handler:breakpoint/3` instead: what the debugger interprets
//! [beam_bp.c: debug_breakpoint].
//!
//! An entry cell leads to a point ([`crate::trace::point`]). The points of a module version are made with the first
//! and go with it; an export's own point is made for calls from outside alone, and stays.

use super::{ExportEntry, LoadedModule, native};
use crate::trace::point::Point;
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use term::Atom;

/// The points of a module version, one a function.
pub struct Stubs(Box<[Point]>);

impl Stubs {
    fn of(m: &LoadedModule) -> Stubs {
        let mut all: Box<[Point]> =
            m.functions.iter().map(|f| Point::new(&raw const f.entry, true)).collect();
        all.iter_mut().for_each(Point::fix);
        Stubs(all)
    }
    /// Whether the address is one of a point.
    pub fn contains(&self, addr: u64) -> bool {
        let r = self.0.as_ptr_range();
        (r.start as u64..r.end as u64).contains(&addr)
    }
    /// The code that the point at this address hides.
    pub fn covered(&self, addr: u64) -> Option<*mut u32> {
        let point = self.0.iter().find(|s| s.code() as u64 == addr)?;
        Some(point.covered.load(Ordering::Acquire)).filter(|c| !c.is_null())
    }
    pub(crate) fn all(&self) -> &[Point] {
        &self.0
    }
}

/// The point of a function.
pub(crate) fn point(m: &'static LoadedModule, index: usize) -> &'static Point {
    &m.breakpoints.get_or_init(|| Stubs::of(m)).0[index]
}

/// The point of a function, if there is one.
pub(crate) fn existing(m: &'static LoadedModule, index: usize) -> Option<&'static Point> {
    m.breakpoints.get()?.0.get(index)
}

/// Leads calls of a function to its point, or no longer. The caller holds the code permission.
pub(crate) fn install(vm: &'static Vm, m: &'static LoadedModule, index: usize, on: bool) {
    let f = &m.functions[index];
    let point = point(m, index);
    if on && !point.is_installed() {
        point.covered.store(f.entry.cell.load(Ordering::Acquire), Ordering::Release);
        native::lead(vm, m, index, point.code());
    } else if !on && point.is_installed() {
        native::lead(vm, m, index, point.covered.load(Ordering::Acquire));
        point.covered.store(core::ptr::null_mut(), Ordering::Release);
    }
    mark_native(vm, f);
}

/// Calls of natives by instructions of their own look at the export's cell while it leads to a point.
fn mark_native(vm: &Vm, f: &super::Function) {
    if let Some(e) = vm.code.existing_export(f.entry.module, f.entry.function, f.entry.arity)
        && let Some(bif) = e.bif()
    {
        let code = e.export.cell.load(Ordering::Acquire);
        bif.traced.store(code != e.stub_ptr(), Ordering::Release);
    }
}

/// The same for the point of an export.
pub(crate) fn install_export(e: &'static ExportEntry, on: bool) {
    let point = e.point();
    let cell = &e.export.cell;
    if on && !point.is_installed() {
        point.covered.store(cell.load(Ordering::Acquire), Ordering::Release);
        cell.store(point.code(), Ordering::Release);
    } else if !on && point.is_installed() {
        cell.store(point.covered.load(Ordering::Acquire), Ordering::Release);
        point.covered.store(core::ptr::null_mut(), Ordering::Release);
    }
    if let Some(bif) = e.bif() {
        let code = cell.load(Ordering::Acquire);
        bif.traced.store(code != e.stub_ptr(), Ordering::Release);
    }
}

/// Sets or removes breakpoints of the debugger in the current versions of modules. What is not given matches all. How
/// many functions matched.
pub fn set(
    vm: &'static Vm,
    module: Option<Atom>,
    function: Option<Atom>,
    arity: Option<i64>,
    on: bool,
) -> usize {
    let _permission = vm.code.permission.lock().unwrap_or_else(|e| e.into_inner());
    let mut matched = 0;
    for (m, index) in functions(vm, module, function, arity) {
        matched += 1;
        let f = &m.functions[index];
        let export = vm.code.existing_export(m.name, f.entry.function, f.entry.arity);
        if export.is_some_and(|e| e.is_fixed()) || !on && existing(m, index).is_none() {
            continue;
        }
        let needed = point(m, index).set_debug(on);
        install(vm, m, index, needed);
    }
    matched
}

/// Functions of current versions. What is not given matches all.
pub(crate) fn functions(
    vm: &'static Vm,
    module: Option<Atom>,
    function: Option<Atom>,
    arity: Option<i64>,
) -> Vec<(&'static LoadedModule, usize)> {
    let modules: Vec<&'static LoadedModule> = match module {
        Some(name) => vm.code.current(name).into_iter().collect(),
        None => vm.code.loaded().into_iter().filter_map(|(m, _)| vm.code.current(m.name)).collect(),
    };
    let mut found = Vec::new();
    for m in modules {
        for (i, f) in m.functions.iter().enumerate() {
            let fits = function.is_none_or(|name| name == f.entry.function)
                && arity.is_none_or(|n| n == i64::from(f.entry.arity));
            if fits {
                found.push((m, i));
            }
        }
    }
    found
}
