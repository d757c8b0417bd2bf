//! Natives of NIF modules: functions of a loaded module whose entry cells lead to native code.

use super::{Function, LoadedModule, ptr_words, words};
use crate::bif::Bif;
use crate::interp;
use crate::vm::Vm;
use core::sync::atomic::Ordering;

/// Makes the module's functions of these names run natives, for callers inside and outside.
pub fn install(vm: &'static Vm, m: &'static LoadedModule, natives: &[&'static Bif]) {
    // Exports and funs of code that is still staged are set when it is published.
    let current = vm.code.current(m.name).is_some_and(|c| core::ptr::eq(c, m));
    for bif in natives {
        let found = m.functions.iter().position(|f| {
            f.entry.function.name() == bif.function && f.entry.arity as usize == bif.arity
        });
        let Some(index) = found else { continue };
        let f = &m.functions[index];
        let stub = stub(f, bif);
        f.entry.cell.store(stub, Ordering::Release);
        if !current {
            continue;
        }
        if let Some(e) = vm.code.existing_export(m.name, f.entry.function, f.entry.arity)
            && m.exports.iter().any(|x| x.0 == f.entry.function && x.1 == f.entry.arity)
        {
            e.export.cell.store(stub, Ordering::Release);
        }
        // `fun f/1` without free variables is the function itself.
        for (entry, _) in m.lambdas.iter().filter(|l| l.1 == index) {
            entry.cell.store(stub, Ordering::Release);
        }
    }
}

/// Code that calls the native; lives for ever, as natives do.
fn stub(f: &'static Function, bif: &'static Bif) -> *mut u32 {
    let mut code = [0u32; 6];
    code[..2].copy_from_slice(&words(interp::native::bif_entry));
    code[2..4].copy_from_slice(&ptr_words(bif));
    code[4..].copy_from_slice(&ptr_words(&raw const f.entry));
    Box::leak(Box::new(code)).as_mut_ptr()
}
