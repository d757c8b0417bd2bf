//! How this emulator was built: `compile_info`, `c_compiler_used`, `ethread_info` of `system_info/1`. The facts come from
//! the build script.

use term::{Atom, Heap, Term};

fn pair<'h>(h: &'h Heap, k: &str, v: Term<'h>) -> Term<'h> {
    h.tuple(&[Atom::new(k).into(), v])
}

/// Compiler and linker flags. There is no `config.h`.
pub fn compile_info<'h>(h: &'h Heap) -> Term<'h> {
    h.list(&[
        pair(h, "ldflags", h.string(env!("OXBEAM_LINK_FLAGS"))),
        pair(h, "cflags", h.string(env!("OXBEAM_FLAGS"))),
        pair(h, "config_h", h.string("")),
    ])
}

/// `{rustc, {Major, Minor, Patch}}`
pub fn compiler<'h>(h: &'h Heap) -> Term<'h> {
    let numbers: Vec<Term> = env!("OXBEAM_RUSTC")
        .split('.')
        .map(|n| Term::small(n.parse::<u32>().unwrap_or(0).into()))
        .collect();
    h.tuple(&[Atom::new("rustc").into(), h.tuple(&numbers)])
}

/// What threads synchronise with: `{Kind, Implementation, Operations}` or `{Kind, Implementation}`.
pub fn threads<'h>(h: &'h Heap) -> Term<'h> {
    let atomics = |name: &str, has: bool| {
        let operations = ["load", "store", "swap", "compare_exchange", "fetch_add", "fetch_sub"];
        if !has {
            return h.tuple(&[h.string(name), h.string("no")]);
        }
        let all: Vec<Term> = operations.iter().map(|o| h.string(o)).collect();
        h.tuple(&[h.string(name), h.string("core::sync::atomic"), h.list(&all)])
    };
    let plain = |name: &str, value: &str| h.tuple(&[h.string(name), h.string(value)]);
    let mut all = vec![
        atomics("32-bit native atomics", cfg!(target_has_atomic = "32")),
        atomics("64-bit native atomics", cfg!(target_has_atomic = "64")),
        plain("Double word native atomics", "no"),
        plain("Native spinlocks", "no"),
        plain("Native rw-spinlocks", "no"),
    ];
    if cfg!(target_arch = "x86_64") {
        all.push(plain("sse2", if cfg!(target_feature = "sse2") { "yes" } else { "no" }));
    }
    h.list(&all)
}
