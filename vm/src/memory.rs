//! How much memory the VM uses, by kind [erl_alloc.c: erts_memory]. All numbers are bytes.

use crate::process::Process;
use crate::vm::Vm;
use core::sync::atomic::Ordering;

/// See the module head.
#[derive(Clone, Copy, Debug, Default)]
pub struct Usage {
    /// Process structures, and what else belongs to processes.
    pub structs: usize,
    pub heaps: usize,
    /// Reference counted binaries.
    pub binary: usize,
    /// Code of loaded modules.
    pub code: usize,
    /// Literals and persistent terms.
    pub literals: usize,
    pub ets: usize,
    pub atom_names: usize,
    pub atom_table: usize,
    pub module_table: usize,
    pub export_table: usize,
    pub fun_table: usize,
    pub register_table: usize,
    pub process_table: usize,
    pub port_table: usize,
}

/// What is in use now. Processes count as they were when they last stopped running.
pub fn usage(vm: &Vm) -> Usage {
    let pids = vm.processes.pids();
    let all: usize = pids
        .iter()
        .filter_map(|pid| vm.processes.lookup(*pid))
        .map(|p| p.memory.load(Ordering::Relaxed) as usize)
        .sum();
    let structs = (pids.len() * size_of::<Process>()).min(all);
    let (atom_names, atom_table) = term::atom::memory();
    let code = vm.code.sizes();
    Usage {
        structs,
        heaps: all - structs,
        binary: term::shared::total_bytes(),
        code: code.code,
        literals: vm.literals.bytes(),
        ets: vm.ets.memory_words() * 8,
        atom_names,
        atom_table,
        module_table: code.module_table,
        export_table: code.export_table,
        fun_table: code.fun_table,
        register_table: vm.registry.all().len() * 24,
        process_table: vm.processes.bytes(),
        port_table: vm.ports.count() * size_of::<usize>() * 2,
    }
}

impl Usage {
    pub fn processes(&self) -> usize {
        self.structs + self.heaps + self.process_table
    }
    /// As `erlang:memory(code)` counts.
    pub fn all_code(&self) -> usize {
        self.code + self.module_table + self.export_table + self.fun_table
    }
    pub fn atoms(&self) -> usize {
        self.atom_names + self.atom_table
    }
    /// What does not belong to processes, binaries, tables or literals.
    pub fn rest(&self) -> usize {
        self.all_code() + self.atoms() + self.register_table + self.port_table + self.process_table
    }
    pub fn total(&self) -> usize {
        self.structs + self.heaps + self.binary + self.literals + self.ets + self.rest()
    }
    pub fn system(&self) -> usize {
        self.total().saturating_sub(self.processes())
    }
}
