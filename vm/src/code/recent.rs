//! The exports that a thread found last.
//!
//! `apply` and calls of a module in a variable look their function up by name each time, mostly for the same few: callbacks.
//! Exports are never freed, so a thread may keep them; each is kept where its names fall, and pushes out what was there.

use super::ExportEntry;
use core::cell::Cell;
use term::Atom;

const PLACES: usize = 256;

thread_local! {
    static RECENT: [Cell<Option<&'static ExportEntry>>; PLACES] = const { [const { Cell::new(None) }; PLACES] };
}

fn place(module: Atom, function: Atom, arity: u32) -> usize {
    let mixed =
        (module.0 ^ function.0.rotate_left(16)).wrapping_add(arity).wrapping_mul(0x9E37_79B1);
    (mixed >> 24) as usize % PLACES
}

/// The export, if this thread kept it; several VMs may share a thread, `server` is the number of the one meant.
pub(super) fn find(
    server: u32,
    module: Atom,
    function: Atom,
    arity: u32,
) -> Option<&'static ExportEntry> {
    let kept = RECENT.with(|r| r[place(module, function, arity)].get())?;
    let e = &kept.export;
    let same =
        e.module == module && e.function == function && e.arity == arity && kept.server == server;
    same.then_some(kept)
}

pub(super) fn keep(entry: &'static ExportEntry) {
    let e = &entry.export;
    RECENT.with(|r| r[place(e.module, e.function, e.arity)].set(Some(entry)));
}
