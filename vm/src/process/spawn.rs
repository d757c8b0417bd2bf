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
    /// It does not wait for busy connections.
    pub async_dist: bool,
    /// Run on this scheduler only (from 1).
    pub scheduler: Option<usize>,
    /// The VM does not go on without it.
    pub system: bool,
    /// Who counts as the parent when no process does the spawning.
    pub parent: Option<u64>,
    /// It was asked for by a request, whose reference is not known yet: see [`pass_token`].
    pub request: bool,
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
            async_dist: vm.config.async_dist,
            scheduler: None,
            system: false,
            parent: None,
            request: false,
        }
    }
}

/// What a process starts with.
#[derive(Clone, Copy)]
pub enum Start<'p> {
    Call(Atom, Atom, Term<'p>),
    Fun(Term<'p>),
}

impl Start<'_> {
    /// As a call.
    fn call<'h>(&self, h: &'h term::Heap) -> (Atom, Atom, Term<'h>) {
        match *self {
            Start::Call(m, f, args) => (m, f, h.copy(args)),
            Start::Fun(fun) => {
                let args = h.list(&[h.copy(fun), Term::nil()]);
                (term::atom::am::ERLANG, term::atom!("apply"), args)
            }
        }
    }
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
    let made = parent.map(|cx| cx.process());
    let usual = o.min_heap <= vm.flags.heap().min_heap && o.min_heap <= USUAL_HEAP;
    let least = if usual { FIRST_BLOCK } else { term::gc::size_for(o.min_heap) };
    let initial = least.max(words + 16);
    let told_start = start;
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
        p.flags.async_dist = options.async_dist;
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
        // SAFETY: this thread runs the parent.
        let by = made.map(|p| unsafe { &*p });
        let inherits = by.is_some_and(|by| by.shared.trace.has(crate::trace::flag::INHERIT));
        if inherits || vm.tracing.new_processes.load(Ordering::Acquire) {
            crate::trace::event::inherit(vm, by, &p, options.link);
        }
        p
    })?;
    let home = options.scheduler.unwrap_or_else(|| parent.map_or(1, |cx| cx.scheduler().max(1)));
    r.home.store(home as u32, Ordering::Relaxed);
    if options.scheduler.is_some() {
        r.state.set(super::state::BOUND);
    }
    let own_token =
        !options.request && parent.is_some_and(|cx| cx.with(|p| !p.seq_trace_token.is_nil()));
    let told = r.trace.has(crate::trace::flag::PROCS)
        || parent.is_some_and(|cx| cx.with(|p| crate::trace::event::procs(p)));
    if told || own_token {
        tell(vm, parent, &r, told_start, options.link, own_token);
    }
    Some(r)
}

/// A request and its answer as sequential tracing shows them.
fn birth<'p>(
    cx: &Cx<'p>,
    pid: u64,
    start: Start<'p>,
    reference: Term<'p>,
    options: Term<'p>,
    tag: Term<'p>,
) -> crate::trace::seq::Birth<'p> {
    let h = cx.heap();
    let (m, f, args) = start.call(h);
    let mfa = h.tuple(&[m.into(), f.into(), Term::small(args.list_len().unwrap_or(0) as i64)]);
    let request = h.tuple(&[
        term::atom!("spawn_request").into(),
        reference,
        cx.self_pid(),
        cx.group_leader(),
        mfa,
        options,
        tag,
        args,
    ]);
    let reply = h.tuple(&[tag, reference, term::atom::am::OK.into(), Term::local_pid(pid)]);
    crate::trace::seq::Birth { request, reply, message: false }
}

/// Passes the caller's token on to a child that was asked for by request and does not run yet; gives the token of the reply.
#[cold]
pub fn pass_token<'p>(
    cx: &Cx<'p>,
    r: &ProcRef,
    start: Start<'p>,
    reference: Term<'p>,
    options: Term<'p>,
    tag: Term<'p>,
) -> Option<term::OwnedTerm> {
    let mut b = birth(cx, r.pid, start, reference, options, tag);
    b.message = true;
    let fresh = r.state.has(super::state::QUEUED | super::state::RUNNING);
    // SAFETY: nobody runs it before it is in a queue.
    let child = (!fresh).then(|| unsafe { &mut *r.as_ptr() })?;
    crate::trace::seq::child(cx, child, &b)
}

/// Tells of a birth whoever wants to know; a token of sequential tracing goes to the child.
#[cold]
fn tell(
    vm: &'static Vm,
    parent: Option<&Cx<'_>>,
    r: &ProcRef,
    start: Start<'_>,
    linked: bool,
    token: bool,
) {
    // SAFETY: nobody runs the child yet; this thread runs the parent.
    let child = unsafe { &mut *r.as_ptr() };
    if let Some(cx) = parent.filter(|_| token) {
        let h = cx.heap();
        let (n0, n1) = crate::refs::next();
        let tag = term::atom!("spawn_reply").into();
        let b = birth(cx, r.pid, start, h.reference(n0, n1), Term::nil(), tag);
        crate::trace::seq::child(cx, child, &b);
    }
    let scratch = term::Heap::new();
    let call = start.call(&scratch);
    // SAFETY: as above.
    let by = parent.map(|cx| unsafe { &*cx.process() });
    crate::trace::event::spawned(vm, by, child, call, linked);
}
