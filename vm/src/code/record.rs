//! Native records as loaded modules define them [erl_record.c].
//!
//! An entry is what instructions name: it lives for ever and points at the definition that the current
//! version of its module gives. The definition lies in that version's memory and its literals; readers
//! look at it within a turn, and purging waits for those.

use super::{CodeServer, LoadedModule};
use crate::bif::Cx;
use core::sync::atomic::{AtomicPtr, Ordering};
use term::boxed::Tuple;
use term::{Atom, RawTerm, Term};

/// One definition.
pub struct RecordDefinition {
    pub name: Atom,
    /// A literal: see [`term::boxed::Record`].
    pub(crate) definition: RawTerm,
    /// By position; the non-value where there is none.
    pub(crate) defaults: Box<[RawTerm]>,
}

impl RecordDefinition {
    pub fn definition(&self) -> Tuple<'_> {
        // SAFETY: a literal of the module that owns this.
        let t: Term = unsafe { self.definition.brand() };
        t.as_tuple().expect("definitions are tuples")
    }
    pub fn is_exported(&self) -> bool {
        self.definition().elements().get(2).is_some_and(|t| t.as_bool() == Some(true))
    }
}

/// A native record by name.
pub struct RecordEntry {
    pub module: Atom,
    pub name: Atom,
    current: AtomicPtr<RecordDefinition>,
}

impl RecordEntry {
    /// What its module defines now.
    /// # Safety
    /// Within a turn, and not used after it.
    #[inline]
    pub(crate) unsafe fn current<'p>(&self) -> Option<&'p RecordDefinition> {
        // SAFETY: what is stored here is freed only after every scheduler has ended its turn.
        unsafe { self.current.load(Ordering::Acquire).as_ref() }
    }
}

/// The definition that a module gives of its record now, and the defaults (the non-value: none).
pub fn defined<'p>(cx: &Cx<'p>, module: Atom, name: Atom) -> Option<(Tuple<'p>, &'p [Term<'p>])> {
    let entry = cx.vm().code.existing_record(module, name)?;
    // SAFETY: within a turn; a literal lives on while a heap refers to it.
    unsafe {
        let current = entry.current()?;
        let definition: Term<'p> = current.definition.brand();
        let defaults = current.defaults.as_ptr() as *const Term<'p>;
        let defaults = core::slice::from_raw_parts(defaults, current.defaults.len());
        Some((definition.as_tuple()?, defaults))
    }
}

impl CodeServer {
    /// The entry of a native record, made if need be.
    pub fn record(&self, module: Atom, name: Atom) -> &'static RecordEntry {
        if let Some(e) = self.existing_record(module, name) {
            return e;
        }
        let mut records = self.records.write().unwrap_or_else(|e| e.into_inner());
        records.entry((module, name)).or_insert_with(|| {
            let current = AtomicPtr::new(core::ptr::null_mut());
            Box::leak(Box::new(RecordEntry { module, name, current }))
        })
    }
    /// The entry if anyone has named it.
    pub fn existing_record(&self, module: Atom, name: Atom) -> Option<&'static RecordEntry> {
        self.records.read().unwrap_or_else(|e| e.into_inner()).get(&(module, name)).copied()
    }
    /// Makes a version's definitions the current ones.
    pub(super) fn publish_records(&self, m: &'static LoadedModule) {
        for r in &m.records {
            let p = r as *const RecordDefinition as *mut RecordDefinition;
            self.record(m.name, r.name).current.store(p, Ordering::Release);
        }
    }
    /// Takes back a version's definitions where they are still the current ones.
    pub(super) fn withdraw_records(&self, m: &LoadedModule) {
        for r in &m.records {
            let p = r as *const RecordDefinition as *mut RecordDefinition;
            let none = core::ptr::null_mut();
            _ = self.record(m.name, r.name).current.compare_exchange(
                p,
                none,
                Ordering::AcqRel,
                Ordering::Relaxed,
            );
        }
    }
}
