//! What the break menu shows.

use crate::process::{ProcRef, state};
use crate::signal::relations::Peer;
use crate::signal::{Body, ExitSignal, Sender};
use crate::vm::Vm;
use core::fmt::Write;
use core::sync::atomic::Ordering;
use term::atom::am;
use term::boxed::{pid_number, pid_serial};
use term::{OwnedTerm, Term};

fn pid_text(pid: u64) -> String {
    format!("<0.{}.{}>", pid_number(pid), pid_serial(pid))
}

fn peer_text(peer: Peer) -> Option<String> {
    match peer {
        Peer::Process(pid) => Some(pid_text(pid)),
        Peer::Port(port) => Some(format!("#Port<0.{port}>")),
        _ => None,
    }
}

fn state_text(s: u32) -> &'static str {
    match s {
        s if s & state::EXITING != 0 => "Exiting",
        s if s & state::GC != 0 => "Garbing",
        s if s & state::RUNNING != 0 => "Running",
        s if s & state::SUSPENDED != 0 => "Suspended",
        s if s & state::ACTIVE != 0 => "Scheduled",
        _ => "Waiting",
    }
}

/// One process. What only its runner may look at is left out while something runs it.
pub(super) fn process(vm: &'static Vm, p: &ProcRef) -> String {
    let mut t = String::new();
    let s = p.state.get();
    let _ = writeln!(t, "=proc:{}\nState: {}", pid_text(p.pid), state_text(s));
    if let Some(name) = p.registered_name() {
        let _ = writeln!(t, "Name: {}", term::print::to_text(Term::atom(name)));
    }
    let busy = state::RUNNING | state::DIRTY_CPU | state::DIRTY_IO | state::EXITING | state::FREE;
    if s & busy == 0 {
        // SAFETY: no scheduler runs a process while the menu is open, this one is not on a dirty one either, and the reference keeps it
        // allocated.
        let inside = unsafe { &*p.as_ptr() };
        let (m, f, a) = inside.initial_call;
        let _ = writeln!(t, "Spawned as: {}:{}/{a}", m.name(), f.name());
        let parent = if inside.parent == 0 && p.pid == 0 {
            "[]".to_owned()
        } else {
            pid_text(inside.parent)
        };
        let _ = writeln!(t, "Spawned by: {parent}");
        let _ = writeln!(t, "Message queue length: {}", inside.messages.len());
        relations(&mut t, inside);
        let heap = &inside.heap;
        let _ = writeln!(t, "Reductions: {}", p.reductions.load(Ordering::Relaxed));
        let _ = writeln!(t, "Stack+heap: {}", heap.block_words());
        let _ = writeln!(t, "OldHeap: {}", heap.old_block_words());
        let _ = writeln!(t, "Heap unused: {}", heap.free_words());
        let unused = heap.old_block_words().saturating_sub(heap.old_words());
        let _ = writeln!(t, "OldHeap unused: {unused}");
        let _ = writeln!(t, "Memory: {}", heap.bytes());
        if let Some(l) = vm.code.locate(inside.ip as u64) {
            let (m, f) = (l.module.name(), l.function.name());
            let _ = writeln!(t, "Program counter: {:p} ({m}:{f}/{})", inside.ip, l.arity);
        }
    }
    let priority = ["MAX", "HIGH", "NORMAL", "LOW"][p.state.priority() as usize];
    let _ = writeln!(t, "Internal State: ACT_PRIO_{priority}");
    t
}

fn relations(t: &mut String, p: &crate::Process) {
    let Some(r) = p.relations.get() else { return };
    let live = r.links.iter().filter(|(_, l)| l.unlinking == 0);
    let mut all: Vec<String> = live.filter_map(|(peer, _)| peer_text(*peer)).collect();
    let reference = |(n0, n1): (u64, u64)| OwnedTerm::build(|h| h.reference(n0, n1));
    for (id, w) in &r.watches {
        if let Some(peer) = peer_text(w.target) {
            all.push(format!("{{to,{peer},{}}}", term::print::to_text(reference(*id).term())));
        }
    }
    for (id, w) in &r.watchers {
        if let Some(peer) = peer_text(w.watcher) {
            all.push(format!("{{from,{peer},{}}}", term::print::to_text(reference(*id).term())));
        }
    }
    if !all.is_empty() {
        let _ = writeln!(t, "Link list: [{}]", all.join(", "));
    }
}

pub(super) fn all_processes(vm: &'static Vm) -> String {
    let mut pids = vm.processes.pids();
    pids.sort_by_key(|pid| pid_number(*pid));
    let shown = pids.iter().filter_map(|pid| vm.processes.lookup(*pid)).map(|p| process(vm, &p));
    shown.collect::<String>() + &ports(vm)
}

pub(super) fn ports(vm: &'static Vm) -> String {
    let mut t = String::new();
    for p in vm.ports.all() {
        let _ = writeln!(t, "=port:#Port<0.{}>", p.id);
        let _ = writeln!(t, "Slot: {}", p.id * 8);
        let _ = writeln!(t, "Connected: {}", pid_text(p.owner()));
        let _ = writeln!(t, "Port controls: {}", String::from_utf8_lossy(&p.name));
    }
    t
}

pub(super) fn info(vm: &'static Vm) -> String {
    let binary = term::shared::total_bytes();
    let pids = vm.processes.pids();
    let heaps = pids.iter().filter_map(|p| vm.processes.lookup(*p));
    let processes: u64 = heaps.map(|p| p.memory.load(Ordering::Relaxed)).sum();
    let ets = vm.ets.memory_words() * 8;
    let code = vm.code.code_bytes.load(Ordering::Relaxed);
    let total = processes + (binary + ets + code) as u64;
    let mut t = String::new();
    let _ = writeln!(t, "=memory\ntotal: {total}\nprocesses: {processes}");
    let _ = writeln!(t, "binary: {binary}\ncode: {code}\nets: {ets}");
    let _ = writeln!(t, "=index_table:atom_tab");
    let _ = writeln!(t, "limit: {}\nentries: {}", term::atom::limit(), term::atom::count());
    let _ = writeln!(t, "=index_table:module_code\nentries: {}", modules(vm).len());
    let _ = writeln!(t, "=index_table:export_list\nentries: {}", vm.code.all_exports().len());
    let _ = writeln!(t, "=hash_table:process_reg\nobjs: {}", vm.registry.all().len());
    t
}

fn modules(vm: &'static Vm) -> Vec<&'static crate::code::LoadedModule> {
    let slots = vm.code.modules.read().unwrap_or_else(|e| e.into_inner());
    let mut all: Vec<_> = slots.values().filter_map(|s| s.current).collect();
    all.sort_by_key(|m| m.name.name());
    all
}

pub(super) fn loaded(vm: &'static Vm) -> String {
    let mut t =
        format!("Current code: {}\nOld code: 0\n", vm.code.code_bytes.load(Ordering::Relaxed));
    for m in modules(vm) {
        let _ = writeln!(t, "{} {}", m.name.name(), m.code.len() * 4);
    }
    t
}

pub(super) fn distribution() -> String {
    let this = term::node::this();
    let mut t = format!("=node:{}\n", term::print::to_text(Term::atom(this.name)));
    if this.name == am::NONODE_NOHOST {
        t.push_str("=no_distribution\n");
    }
    t
}

pub(super) fn tables(vm: &'static Vm) -> String {
    let mut t = String::new();
    for table in vm.ets.all() {
        let _ = writeln!(t, "=ets:{}", pid_text(table.common.owner()));
        let id = OwnedTerm::build(|h| table.identifier(h));
        let _ = writeln!(t, "Table: {}", term::print::to_text(id.term()));
        let _ = writeln!(t, "Name: {}", table.name().name());
        let _ = writeln!(t, "Objects: {}\nWords: {}", table.len(), table.memory());
        let kind = if table.is_ordered() { "ordered_set" } else { "hash" };
        let _ = writeln!(t, "Type: {kind}");
    }
    t
}

/// As if `init` had killed it.
pub(super) fn kill(vm: &'static Vm, pid: u64) {
    let x = ExitSignal {
        reason: OwnedTerm::immediate(Term::atom(am::KILL)),
        linked: false,
        kill: true,
        sender: OwnedTerm::immediate(Term::local_pid(0)),
        token: None,
    };
    vm.signal(pid, Sender::Process(0), Body::Exit(Box::new(x)));
}
