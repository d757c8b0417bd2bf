//! Processes as text: crash dump, `system_info(procs)` [break.c: print_process_info].

use super::info::{atom_text, peer_text, pid_text};
use crate::bif::{BifResult, Cx};
use crate::process::{ProcRef, Process, info, state};
use crate::vm::Vm;
use core::fmt::Write;
use core::sync::atomic::Ordering;
use term::OwnedTerm;

fn state_text(s: u32) -> &'static str {
    match s {
        s if s & state::FREE != 0 => "Non Existing",
        s if s & state::EXITING != 0 => "Exiting",
        s if s & state::GC != 0 => "Garbing",
        s if s & state::SUSPENDED != 0 => "Suspended",
        s if s & state::RUNNING != 0 => "Running",
        s if s & state::ACTIVE != 0 => "Scheduled",
        _ => "Waiting",
    }
}

/// What anyone may know about a process.
pub(crate) fn outside(p: &ProcRef) -> String {
    let mut t = String::new();
    let _ = writeln!(t, "=proc:{}\nState: {}", pid_text(p.pid), state_text(p.state.get()));
    if let Some(name) = p.registered_name() {
        let _ = writeln!(t, "Name: {}", atom_text(name));
    }
    t
}

/// The last line.
pub(crate) fn internal_state(s: u32) -> String {
    let priority = ["MAX", "HIGH", "NORMAL", "LOW"][(s >> 24) as usize & 3];
    let mut t =
        format!("Internal State: ACT_PRIO_{priority} | USR_PRIO_{priority} | PRQ_PRIO_{priority}");
    let flags = [
        (state::OFF_HEAP_MSGQ, "OFF_HEAP_MSGQ"),
        (state::ACTIVE, "ACTIVE"),
        (state::EXITING, "EXITING"),
        (state::SUSPENDED, "SUSPENDED"),
        (state::RUNNING, "RUNNING"),
        (state::DIRTY_CPU, "DIRTY_CPU_PROC"),
        (state::DIRTY_IO, "DIRTY_IO_PROC"),
    ];
    for (bit, name) in flags {
        if s & bit != 0 {
            let _ = write!(t, " | {name}");
        }
    }
    t.push('\n');
    t
}

/// What its runner, or whoever stopped the world, may know. `dump`: for the crash dump; else with messages,
/// dictionary and stack.
pub(crate) fn inside(vm: &Vm, p: &Process, running: bool, dump: bool) -> String {
    let mut t = String::new();
    let mfa =
        |(m, f, a): (term::Atom, term::Atom, u32)| format!("{}:{}/{a}", atom_text(m), atom_text(f));
    let _ = writeln!(t, "Spawned as: {}", mfa(p.initial_call));
    let current = match (&p.resume, p.current_native) {
        (Some(_), Some(native)) => Some(native),
        _ => vm.code.locate(p.ip as u64).map(|l| (l.module, l.function, l.arity)),
    };
    if let Some(current) = current {
        let what = if running { "Last scheduled in for" } else { "Current call" };
        let _ = writeln!(t, "{what}: {}", mfa(current));
    }
    let parent = if p.parent == u64::MAX { "[]".to_owned() } else { pid_text(p.parent) };
    let _ = writeln!(t, "Spawned by: {parent}\nMessage queue length: {}", p.messages.len());
    if !dump && !p.messages.is_empty() {
        // SAFETY: messages are alive while the process does not run.
        let all = p.messages.iter().map(|m| term::print::to_text(unsafe { m.brand() }));
        let _ = writeln!(t, "Message queue: [{}]", all.collect::<Vec<_>>().join(","));
    }
    let s = info::sizes_of(p);
    let _ = writeln!(t, "Number of heap fragments: {}", usize::from(s.fragments > 0));
    let _ = writeln!(t, "Heap fragment data: {}", s.fragments);
    relations(&mut t, p);
    if let (false, Some(d)) = (dump, &p.dict) {
        let all = d.raw_entries().map(|(k, v)| {
            // SAFETY: entries are alive while the process does not run.
            let (k, v) = unsafe { (k.brand(), v.brand()) };
            format!("{{{},{}}}", term::print::to_text(k), term::print::to_text(v))
        });
        let _ = writeln!(t, "Dictionary: [{}]", all.collect::<Vec<_>>().join(","));
    }
    let unused = p.heap.free_words();
    let old_unused = s.old_block.saturating_sub(s.old);
    let vheap_unused = s.vheap_block.saturating_sub(s.vheap);
    let lines = [
        ("Reductions", p.shared.reductions.load(Ordering::Relaxed) as usize),
        ("Stack+heap", s.block),
        ("OldHeap", s.old_block),
        ("Heap unused", unused),
        ("OldHeap unused", old_unused),
        ("BinVHeap", s.vheap),
        ("OldBinVHeap", s.old_vheap),
        ("BinVHeap unused", vheap_unused),
        ("OldBinVHeap unused", s.old_vheap_block.saturating_sub(s.old_vheap)),
        ("Memory", info::memory_of(p)),
    ];
    for (name, n) in lines {
        let _ = writeln!(t, "{name}: {n}");
    }
    let stack = String::from_utf8_lossy(&info::backtrace_of(p, vm)).into_owned();
    if dump {
        // The first line is the program counter.
        let _ = writeln!(t, "{}", stack.lines().next().unwrap_or(""));
    } else {
        let _ = write!(t, "Stack dump:\n{stack}");
    }
    t
}

fn relations(t: &mut String, p: &Process) {
    let Some(r) = p.relations.get() else { return };
    let live = r.links.iter().filter(|(_, l)| l.unlinking == 0);
    let mut all: Vec<String> = live.filter_map(|(peer, _)| peer_text(*peer)).collect();
    let reference = |(n0, n1): (u64, u64)| {
        term::print::to_text(OwnedTerm::build(|h| h.reference(n0, n1)).term())
    };
    for (id, w) in &r.watches {
        if let Some(peer) = peer_text(w.target) {
            all.push(format!("{{to,{peer},{}}}", reference(*id)));
        }
    }
    for (id, w) in &r.watchers {
        if let Some(peer) = peer_text(w.watcher) {
            all.push(format!("{{from,{peer},{}}}", reference(*id)));
        }
    }
    if !all.is_empty() {
        let _ = writeln!(t, "Link list: [{}]", all.join(", "));
    }
}

/// Whether the inside of a process may be read now that the schedulers stand still. Dirty threads do not.
pub(crate) fn readable(p: &ProcRef, running: Option<u64>) -> bool {
    const ELSEWHERE: u32 = state::RUNNING | state::DIRTY_CPU | state::DIRTY_IO;
    let s = p.state.get();
    s & (state::EXITING | state::FREE) == 0 && (s & ELSEWHERE == 0 || running == Some(p.pid))
}

/// All processes. `running`: the one that the caller runs.
pub(super) fn each<E>(
    vm: &'static Vm,
    running: Option<u64>,
    mut f: impl FnMut(String) -> Result<(), E>,
) -> Result<(), E> {
    let mut pids = vm.processes.pids();
    pids.sort_unstable();
    for pid in pids {
        let Some(p) = vm.processes.lookup(pid) else { continue };
        let mut t = outside(&p);
        if readable(&p, running) {
            // SAFETY: no thread runs it, or the caller does.
            t += &inside(vm, unsafe { &*p.as_ptr() }, running == Some(pid), true);
        }
        t += &internal_state(p.state.get());
        f(t)?;
    }
    Ok(())
}

/// All processes as text (`system_info(procs)`), with everybody else standing still meanwhile.
pub fn procs<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let then = |cx: &Cx<'_>| {
        let mut text = String::new();
        let mut pids = cx.vm().processes.pids();
        pids.sort_unstable();
        let own = cx.pid();
        for p in pids.into_iter().filter_map(|pid| cx.vm().processes.lookup(pid)) {
            text += &outside(&p);
            if readable(&p, Some(own)) {
                // SAFETY: the other schedulers stand still.
                text += &inside(cx.vm(), unsafe { &*p.as_ptr() }, p.pid == own, false);
            }
            text += &internal_state(p.state.get());
        }
        text + &super::info::ports(cx.vm())
    };
    crate::sched::block::alone(cx, then)
}
