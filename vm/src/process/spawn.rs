//! Making processes.

use super::{Priority, ProcRef, Process, QueueData};
use crate::bif::Cx;
use crate::interp::builtin;
use crate::signal::relations::Peer;
use crate::vm::Vm;
use core::sync::atomic::Ordering;
use term::gc::HeapOptions;
use term::{Atom, RawTerm, Term};

/// How to spawn.
#[derive(Clone, Debug)]
pub struct SpawnOptions {
    pub link: bool,
    pub priority: Priority,
    pub heap: HeapOptions,
    pub queue_data: QueueData,
    pub max_heap_kill: bool,
    pub max_heap_log: bool,
    /// Run on this scheduler only (from 1).
    pub scheduler: Option<usize>,
    /// The VM does not go on without it.
    pub system: bool,
    /// Who counts as the parent when no process does the spawning.
    pub parent: Option<u64>,
}

impl SpawnOptions {
    pub fn new(vm: &Vm) -> SpawnOptions {
        let f = &vm.flags;
        SpawnOptions {
            link: false,
            priority: Priority::Normal,
            heap: f.heap(),
            queue_data: vm.config.queue_data,
            max_heap_kill: f.max_heap_kill.load(Ordering::Relaxed),
            max_heap_log: f.max_heap_log.load(Ordering::Relaxed),
            scheduler: None,
            system: false,
            parent: None,
        }
    }
}

/// What a process starts with.
pub enum Start<'p> {
    Call(Atom, Atom, Term<'p>),
    Fun(Term<'p>),
}

/// The smallest heap unless flags say otherwise, in words.
const USUAL_HEAP: usize = 233;
/// Words of a new process's block.
const FIRST_BLOCK: usize = 96;

/// Makes a process that will run `start`, not scheduled yet: [`Vm::schedule`] it. `None`: the table is full.
pub fn create(
    vm: &'static Vm,
    parent: Option<&Cx<'_>>,
    start: Start<'_>,
    leader: Term<'_>,
    options: &SpawnOptions,
) -> Option<ProcRef> {
    let o = options.heap;
    // Room for the arguments from the start.
    let words = match &start {
        Start::Call(_, _, args) => term::copy::size_words(*args),
        Start::Fun(f) => term::copy::size_words(*f),
    };
    // Most processes need little: the first block is smaller than the smallest heap, unless somebody asked
    // for a size.
    let usual = o.min_heap <= vm.flags.heap().min_heap && o.min_heap <= USUAL_HEAP;
    let least = if usual { FIRST_BLOCK } else { term::gc::size_for(o.min_heap) };
    let initial = least.max(words + 16);
    let r = vm.processes.insert(|pid| {
        let mut p = Process::new(pid, o, initial, options.priority);
        let heap = &p.heap.heap;
        p.group_leader = heap.copy(leader).raw();
        match start {
            Start::Call(m, f, args) => {
                let n = args.list_len().unwrap_or(0) as u32;
                p.initial_call = (m, f, n);
                let args = heap.copy(args).raw();
                p.saved = vec![RawTerm::atom(m), RawTerm::atom(f), args];
                p.ip = builtin::apply();
            }
            Start::Fun(f) => {
                if let Some(fun) = f.as_fun() {
                    p.initial_call = match fun.kind() {
                        term::FunKind::Local { entry, .. } => {
                            (entry.module, entry.function, entry.arity + entry.num_free)
                        }
                        term::FunKind::External(e) => (e.module, e.function, e.arity),
                    };
                }
                let f = heap.copy(f).raw();
                p.saved = vec![f, RawTerm::NIL];
                p.ip = builtin::apply_fun();
            }
        }
        // SAFETY: a fresh block has room for one word.
        unsafe {
            p.heap.stack = p.heap.stack.sub(1);
            *p.heap.stack = builtin::exit_continuation();
            p.heap.reset_area(p.heap.heap.top());
        }
        p.heap.zeal = vm.config.gc_zeal;
        p.current = None;
        p.flags.queue_data = options.queue_data;
        p.flags.max_heap_kill = options.max_heap_kill;
        p.flags.max_heap_log = options.max_heap_log;
        p.flags.async_dist = vm.config.async_dist;
        p.parent = parent.map_or(options.parent.unwrap_or(u64::MAX), |cx| cx.pid());
        if options.system {
            p.shared.state.set(super::state::SYSTEM);
        }
        if options.link
            && let Some(cx) = parent
        {
            p.relations.tables().links.insert(Peer::Process(cx.pid()), Default::default());
            cx.with(|me| {
                me.relations.tables().links.insert(Peer::Process(pid), Default::default())
            });
        }
        p
    })?;
    let home = options.scheduler.unwrap_or_else(|| parent.map_or(1, |cx| cx.scheduler().max(1)));
    r.home.store(home as u32, Ordering::Relaxed);
    Some(r)
}
