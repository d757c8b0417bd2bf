//! Fixation: a process asks that iteration over a table stays possible while objects are deleted.

use super::common::Need;
use super::table::{Store, Table};
use crate::vm::Vm;
use std::sync::{Arc, PoisonError};

/// Who fixes a table.
#[derive(Default)]
pub struct Fixers {
    /// Process and how often.
    pub by_pid: Vec<(u64, usize)>,
    /// Monotonic and system time, in nanoseconds, of the first of them.
    pub since: (i64, i64),
}

impl Table {
    /// Fixes the table for a process once more.
    pub fn fix(self: &Arc<Table>, vm: &Vm, pid: u64) {
        let mut fixers = self.fixers.lock().unwrap_or_else(PoisonError::into_inner);
        self.common.fix();
        if fixers.by_pid.is_empty() {
            fixers.since = (crate::time::monotonic_ns(), crate::time::system_ns());
        }
        match fixers.by_pid.iter_mut().find(|(p, _)| *p == pid) {
            Some((_, n)) => *n += 1,
            None => {
                fixers.by_pid.push((pid, 1));
                vm.ets.note_fixed(pid, self);
            }
        }
    }
    /// Takes back one fixation of a process, or all of them.
    pub fn unfix(self: &Arc<Table>, vm: &Vm, pid: u64, all: bool) {
        let last = {
            let mut fixers = self.fixers.lock().unwrap_or_else(PoisonError::into_inner);
            let Some(i) = fixers.by_pid.iter().position(|(p, _)| *p == pid) else { return };
            let n = if all { fixers.by_pid[i].1 } else { 1 };
            fixers.by_pid[i].1 -= n;
            if fixers.by_pid[i].1 == 0 {
                fixers.by_pid.remove(i);
                vm.ets.forget_fixed(pid, self);
            }
            self.common.unfix(n)
        };
        if last && let Store::Hash(h) = &self.store {
            h.sweep(self.pass(pid, Need::Info));
        }
    }
    /// All fixations end with the table.
    pub(super) fn drop_fixations(self: &Arc<Table>, vm: &Vm) {
        let mut fixers = self.fixers.lock().unwrap_or_else(PoisonError::into_inner);
        for (pid, n) in fixers.by_pid.drain(..) {
            vm.ets.forget_fixed(pid, self);
            self.common.unfix(n);
        }
    }
    /// Since when the table is fixed (monotonic and system time in nanoseconds), and by whom how often.
    pub fn fixations(&self) -> Option<((i64, i64), Vec<(u64, usize)>)> {
        let fixers = self.fixers.lock().unwrap_or_else(PoisonError::into_inner);
        if fixers.by_pid.is_empty() {
            return None;
        }
        Some((fixers.since, fixers.by_pid.clone()))
    }
}

/// A fixation that ends with this value: for traversals that yield.
pub struct FixGuard {
    vm: &'static Vm,
    table: Arc<Table>,
    pid: u64,
}

impl FixGuard {
    pub fn new(vm: &'static Vm, table: &Arc<Table>, pid: u64) -> FixGuard {
        table.fix(vm, pid);
        FixGuard { vm, table: table.clone(), pid }
    }
}

impl Drop for FixGuard {
    fn drop(&mut self) {
        self.table.unfix(self.vm, self.pid, false);
    }
}
