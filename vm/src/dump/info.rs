//! What the VM has, as text: for the crash dump, `system_info(info | loaded | dist)` and the like.

use crate::code::LoadedModule;
use crate::signal::relations::Peer;
use crate::vm::Vm;
use core::fmt::Write;
use core::sync::atomic::Ordering;
use term::atom::am;
use term::boxed::{pid_number, pid_serial};
use term::{Atom, OwnedTerm, Term};

pub fn pid_text(pid: u64) -> String {
    format!("<0.{}.{}>", pid_number(pid), pid_serial(pid))
}

pub(super) fn peer_text(peer: Peer) -> Option<String> {
    match peer {
        Peer::Process(pid) => Some(pid_text(pid)),
        Peer::Port(port) => Some(format!("#Port<0.{port}>")),
        _ => None,
    }
}

pub(super) fn atom_text(a: Atom) -> String {
    term::print::to_text(Term::atom(a))
}

/// The banner's first line.
pub fn system_version(vm: &Vm) -> String {
    let c = &vm.config;
    format!(
        "Erlang/OTP {} [erts-{}] [oxbeam] [64-bit] [smp:{}:{}] [ds:{}:{}:{}] [async-threads:1]\n",
        vm.release(),
        vm.erts_version(),
        c.schedulers,
        vm.sched.online(),
        c.dirty_cpu,
        vm.flags.dirty_cpu_online.load(Ordering::Relaxed),
        c.dirty_io,
    )
}

/// Memory and tables.
pub fn general(vm: &'static Vm) -> String {
    let u = crate::memory::usage(vm);
    let mut t = String::new();
    let memory = [
        ("total", u.total()),
        ("processes", u.processes()),
        ("processes_used", u.processes()),
        ("system", u.system()),
        ("atom", u.atoms()),
        ("atom_used", u.atoms()),
        ("binary", u.binary),
        ("code", u.all_code()),
        ("ets", u.ets),
    ];
    t.push_str("=memory\n");
    for (name, n) in memory {
        let _ = writeln!(t, "{name}: {n}");
    }
    let (atoms, limit) = (term::atom::count(), term::atom::limit());
    let hash = |t: &mut String, name: &str, n: usize| {
        let _ = writeln!(t, "=hash_table:{name}\nsize: {n}\nused: {n}\nobjs: {n}\ndepth: 1");
    };
    let index = |t: &mut String, name: &str, limit: usize, n: usize| {
        let _ = writeln!(t, "=index_table:{name}\nsize: {n}\nlimit: {limit}\nentries: {n}");
    };
    hash(&mut t, "atom_tab", atoms);
    index(&mut t, "atom_tab", limit, atoms);
    let modules = vm.code.loaded().len();
    hash(&mut t, "module_code", modules);
    index(&mut t, "module_code", 65_536, modules);
    let exports = vm.code.all_exports().len();
    hash(&mut t, "export_list", exports);
    index(&mut t, "export_list", 524_288, exports);
    hash(&mut t, "process_reg", vm.registry.all().len());
    hash(&mut t, "fun_table", vm.code.all_funs().len());
    hash(&mut t, "node_table", 1);
    hash(&mut t, "dist_table", 1);
    t.push_str("=allocated_areas\n");
    let areas = [
        ("static", 0),
        ("module_table", u.module_table),
        ("export_table", u.export_table),
        ("register_table", u.register_table),
        ("fun_table", u.fun_table),
        ("loaded_code", u.code),
        ("process_table", u.process_table),
        ("port_table", u.port_table),
    ];
    let _ = writeln!(t, "atom_space: {} {}", u.atom_names, u.atom_names);
    let _ = writeln!(t, "atom_table: {}", u.atom_table);
    for (name, n) in areas {
        let _ = writeln!(t, "{name}: {n}");
    }
    t
}

/// Totals as text, and the modules with their old versions.
#[allow(clippy::type_complexity)]
pub(super) fn code_sizes(
    vm: &Vm,
) -> (String, Vec<(&'static LoadedModule, Option<&'static LoadedModule>)>) {
    let all = vm.code.loaded();
    let current: usize = all.iter().map(|m| m.0.code.len() * 4).sum();
    let old: usize = all.iter().filter_map(|m| m.1).map(|m| m.code.len() * 4).sum();
    (format!("Current code: {current}\nOld code: {old}\n"), all)
}

/// `system_info(loaded)`.
pub fn loaded(vm: &Vm) -> String {
    let (mut t, all) = code_sizes(vm);
    for (m, old) in all {
        let _ = write!(t, "{} {}", atom_text(m.name), m.code.len() * 4);
        if let Some(old) = old {
            let _ = write!(t, " ({} old)", old.code.len() * 4);
        }
        t.push('\n');
    }
    t
}

/// `system_info(dist)`.
pub fn distribution(_: &Vm) -> String {
    let this = term::node::this();
    let mut t = format!("=node:{}\n", atom_text(this.name));
    if this.name == am::NONODE_NOHOST {
        t.push_str("=no_distribution\n");
    }
    t
}

pub fn ports(vm: &'static Vm) -> String {
    let mut t = String::new();
    for p in vm.ports.all() {
        let _ = writeln!(t, "=port:#Port<0.{}>\nState: CONNECTED", p.id);
        let _ = writeln!(t, "Slot: {}\nConnected: {}", p.id * 8, pid_text(p.owner()));
        let _ = writeln!(t, "Port controls: {}", String::from_utf8_lossy(&p.name));
    }
    t
}

fn write_concurrency(table: &crate::ets::Table) -> &'static str {
    use crate::ets::WriteConcurrency;
    match table.options.write_concurrency {
        WriteConcurrency::Off => "false",
        WriteConcurrency::Auto => "auto",
        _ => "true",
    }
}

/// ETS tables.
pub fn tables(vm: &'static Vm) -> String {
    let mut t = String::new();
    for table in vm.ets.all() {
        let _ = writeln!(t, "=ets:{}", pid_text(table.common.owner()));
        let _ = writeln!(t, "Slot: {}", std::sync::Arc::as_ptr(&table) as u64);
        let id = OwnedTerm::build(|h| table.identifier(h));
        let _ = writeln!(t, "Table: {}", term::print::to_text(id.term()));
        let _ = writeln!(t, "Name: {}", atom_text(table.name()));
        if let Some((chains, _, _)) = table.chains() {
            let n = chains.len().max(1);
            let sum: usize = chains.iter().sum();
            let _ = writeln!(t, "Buckets: {n}\nChain Length Avg: {:.6}", sum as f64 / n as f64);
            let (most, least) = (chains.iter().max(), chains.iter().min());
            let _ = writeln!(t, "Chain Length Max: {}", most.unwrap_or(&0));
            let _ = writeln!(t, "Chain Length Min: {}", least.unwrap_or(&0));
        } else {
            t.push_str("Ordered set (AVL tree), Elements: ");
            let _ = writeln!(t, "{}", table.len());
        }
        let _ = writeln!(t, "Fixed: {}", table.common.is_fixed());
        let _ = writeln!(t, "Objects: {}\nWords: {}", table.len(), table.memory());
        let _ = writeln!(t, "Type: {}", table.options.kind.atom().name());
        let _ = writeln!(t, "Protection: {}", table.common.protection().atom().name());
        let _ = writeln!(t, "Compressed: {}", table.options.compressed);
        let _ = writeln!(t, "Write Concurrency: {}", write_concurrency(&table));
        let _ = writeln!(t, "Read Concurrency: {}", table.options.read_concurrency);
    }
    t
}
