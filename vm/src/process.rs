//! Processes [erl_process.h].
//!
//! A process is one allocation with two faces. The *owner's side* belongs to the thread that runs
//! the process, and to nobody when it does not run. The *shared side* ([`Shared`]) is what others
//! may touch at any time through a [`ProcRef`]: atomics and the in-queue of signals.

pub(crate) mod apart;
pub mod ask;
pub mod dict;
pub(crate) mod exit;
pub mod info;
pub(crate) mod limits;
pub(crate) mod monitor;
pub mod registry;
pub mod relation;
pub mod spawn;
pub mod spawn_options;
pub mod state;
pub mod suspend;
pub mod table;
pub mod task;

pub use state::State;
pub use table::{ProcRef, ProcTable};

use crate::interp::{CONTEXT_REDS, SHARED_REDS};
use crate::signal::inner::MessageQueue;
use crate::signal::queue::InQueue;
use crate::signal::relations::Relations;
use crate::stop::{Raise, Resume, Why};
use core::sync::atomic::{AtomicU32, AtomicU64, Ordering};
use dict::Dictionary;
use term::gc::{GcResult, HeapOptions, ProcHeap};
use term::{Atom, OwnedTerm, RawTerm};

/// Scheduling priority, most urgent first.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Debug)]
#[repr(u8)]
pub enum Priority {
    Max = 0,
    High = 1,
    Normal = 2,
    Low = 3,
}

/// What other threads may touch.
#[repr(C)]
pub struct Shared {
    /// Number and serial; see `term::boxed::pid`.
    pub pid: u64,
    pub state: State,
    pub in_queue: InQueue,
    /// Bytes of memory, for `erlang:memory`; written by the owner when it stops running.
    pub memory: AtomicU64,
    /// References of others that keep the allocation alive besides the owner and the table.
    pub(crate) refs: AtomicU32,
    /// The registered name's number and one; 0 for none.
    pub name: AtomicU32,
    /// Scheduler whose queue it goes to (from 1).
    pub home: AtomicU32,
    /// Total reductions, written by the owner when it stops running.
    pub reductions: AtomicU64,
    /// Who wants to be told what of it.
    pub trace: crate::trace::TraceCell,
}

impl Shared {
    pub fn registered_name(&self) -> Option<Atom> {
        match self.name.load(Ordering::Acquire) {
            0 => None,
            n => Some(Atom(n - 1)),
        }
    }
}

/// How messages to this process are kept.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum QueueData {
    OnHeap,
    OffHeap,
}

/// Flags that `process_flag` and `spawn_opt` set.
#[derive(Clone, Copy, Debug)]
pub struct Flags {
    pub trap_exit: bool,
    pub sensitive: bool,
    pub queue_data: QueueData,
    pub max_heap_kill: bool,
    pub max_heap_log: bool,
    pub save_calls: u32,
    pub async_dist: bool,
}

/// A process.
#[repr(C)]
pub struct Process {
    pub shared: Shared,
    // Below: the owner's side.
    pub heap: ProcHeap,
    /// Where to go on: a position in code, or null when `resume` says how.
    pub(crate) ip: *const u32,
    /// X registers saved while the process does not run.
    pub(crate) saved: Vec<RawTerm>,
    /// Reductions left in this time slice, kept here while a native runs.
    pub reds_left: i64,
    /// Reductions of this time slice that it gave up: they count for its turn, not for what it has done.
    given_up: u32,
    /// Whether the slice is one of `SHARED_REDS`.
    in_short_slice: bool,
    /// Why the last native stopped.
    pub(crate) why: Option<Why>,
    /// The rest of a native that yielded or waits.
    pub(crate) resume: Option<Pending>,
    /// Roots that natives hold across yields.
    pub(crate) held: Vec<RawTerm>,
    /// Catches and tries on the stack.
    pub(crate) catches: u32,
    /// Pending exception while it unwinds.
    pub(crate) exception: Option<Box<Raise>>,
    pub(crate) dict: Option<Box<Dictionary>>,
    pub group_leader: RawTerm,
    pub(crate) messages: MessageQueue,
    pub relations: Relations,
    pub flags: Flags,
    pub error_handler: Atom,
    /// First call: module, function, arity.
    pub initial_call: (Atom, Atom, u32),
    /// The function that runs, when known better than by `ip` (natives, waiting).
    pub(crate) current: Option<(Atom, Atom, u32)>,
    /// The native that a pending `resume` belongs to.
    pub(crate) current_native: Option<(Atom, Atom, u32)>,
    pub parent: u64,
    /// Address of the code that called the native that runs.
    pub(crate) caller: u64,
    /// The instruction that made a tail call to a native, which is not on the stack; 0 for none.
    pub(crate) tail_caller: u64,
    /// The instruction that calls a traced native: what tracing pushes hides it. 0 for none.
    pub(crate) traced_caller: u64,
    /// A native of a tracer module runs in its turn.
    pub(crate) tracer_runs: bool,
    /// Kind of the dirty native that is to be called.
    pub(crate) next_dirty: crate::bif::Kind,
    /// The dirty native that raised or trapped.
    pub(crate) dirty_export: *const term::boxed::Export,
    /// The receive timer: generation, and whether it has fired.
    pub(crate) receive_timer: crate::timer::ReceiveTimer,
    /// Set when the process is to end with this reason at the next chance.
    pub(crate) exit_reason: Option<Box<OwnedTerm>>,
    /// Words that a collection on a dirty scheduler is to make room for.
    pub(crate) collect_dirty: Option<(u32, bool)>,
    /// The next signal has a payload that a dirty thread decodes.
    pub(crate) large_payload: bool,
    pub(crate) suspend_count: u32,
    /// It has ended, but for its memory.
    pub(crate) remains: Option<Box<apart::Remains>>,
    pub(crate) seq_trace_token: RawTerm,
    /// Number of collections, for `process_info`.
    pub gc_minor: u64,
    pub gc_major: u64,
    /// Extra state of rooms that are not always used.
    pub(crate) extra: Option<Box<Extra>>,
}

/// A native that goes on later.
pub(crate) struct Pending {
    pub resume: Box<dyn Resume>,
    /// Where its result goes: return to this code position.
    pub kind: crate::bif::Kind,
}

impl Process {
    /// Goes on with the native that was interrupted. Apart from the handler, which cannot end in a jump with what is
    /// dropped here.
    /// # Safety
    /// The process of the turn.
    #[inline(never)]
    pub(crate) unsafe fn poll_pending(
        p: *mut Process,
        cx: &crate::bif::Cx<'_>,
    ) -> Option<Result<RawTerm, crate::stop::Stop>> {
        // SAFETY: this thread runs it; the reference ends here.
        let pending = unsafe { (*p).resume.take() }?;
        Some(pending.resume.resume(cx).map(|t| t.raw()))
    }
}

/// Rarely used parts of a process.
#[derive(Default)]
pub struct Extra {
    pub label: Option<OwnedTerm>,
    /// Replies to requests this process sent as signals, by reference.
    pub replies: Vec<((u64, u64), OwnedTerm)>,
    /// Whether it may have subscribed to comings and goings of nodes.
    pub monitors_nodes: bool,
    /// What it is for the distribution.
    pub dist: Option<crate::dist::Role>,
    /// It ends, and waits until this is no longer busy.
    pub(crate) exit_waits: Option<std::sync::Arc<crate::dist::Connection>>,
    /// Who had it spawned from another node.
    pub remote_parent: Option<crate::dist::RemotePid>,
    pub suspended_by_me: Vec<suspend::Suspended>,
    /// System tasks that wait until the process does not run.
    pub(crate) tasks: task::Tasks,
    /// What came while it was suspended, from the first message on that is not decoded.
    pub(crate) kept: crate::signal::kept::Kept,
    /// Terms that came while it ran apart, and that become part of the heap afterwards.
    pub(crate) apart: Vec<OwnedTerm>,
    /// Native objects that end with the process, by the number of their reference.
    pub(crate) owned: term::quick::QuickMap<(u64, u64), Owned>,
    /// Sequential tracing: the last serial sent, and the last received.
    pub(crate) seq_clock: i64,
    pub(crate) seq_last: i64,
    /// Time and memory of traced calls.
    pub(crate) spending: Option<Box<crate::trace::call::Spending>>,
    /// In which sessions the system monitor was told that its message queue is long.
    pub(crate) long_queue_told: Vec<u64>,
}

/// A native object that is told when its process ends.
pub(crate) struct Owned {
    pub object: term::shared::MagicHandle,
    pub on_exit: fn(&term::shared::Magic),
}

// SAFETY: the owner's side is used by one thread at a time, handed over through run queues.
unsafe impl Send for Process {}

impl Process {
    /// `words`: size of its first heap block at least.
    pub(crate) fn new(pid: u64, options: HeapOptions, words: usize, priority: Priority) -> Process {
        Process {
            shared: Shared {
                pid,
                state: State::new(priority),
                in_queue: InQueue::new(),
                memory: AtomicU64::new(0),
                refs: AtomicU32::new(0),
                name: AtomicU32::new(0),
                home: AtomicU32::new(1),
                reductions: AtomicU64::new(0),
                trace: Default::default(),
            },
            heap: ProcHeap::with_words(options, words),
            ip: core::ptr::null(),
            saved: Vec::new(),
            reds_left: 0,
            given_up: 0,
            in_short_slice: false,
            why: None,
            resume: None,
            held: Vec::new(),
            catches: 0,
            exception: None,
            dict: None,
            group_leader: RawTerm::NIL,
            messages: MessageQueue::new(),
            relations: Relations::default(),
            flags: Flags {
                trap_exit: false,
                sensitive: false,
                queue_data: QueueData::OnHeap,
                max_heap_kill: true,
                max_heap_log: true,
                save_calls: 0,
                async_dist: false,
            },
            error_handler: term::atom::am::ERROR_HANDLER,
            initial_call: (term::atom::am::UNDEFINED, term::atom::am::UNDEFINED, 0),
            current: None,
            current_native: None,
            parent: 0,
            caller: 0,
            tail_caller: 0,
            traced_caller: 0,
            tracer_runs: false,
            next_dirty: crate::bif::Kind::DirtyIo,
            dirty_export: core::ptr::null(),
            receive_timer: Default::default(),
            exit_reason: None,
            collect_dirty: None,
            large_payload: false,
            remains: None,
            suspend_count: 0,
            seq_trace_token: RawTerm::NIL,
            gc_minor: 0,
            gc_major: 0,
            extra: None,
        }
    }

    /// Processes that it suspended, and how often.
    pub fn suspended_by_me(&self) -> &[suspend::Suspended] {
        self.extra.as_ref().map_or(&[], |e| &e.suspended_by_me)
    }
    pub fn pid(&self) -> u64 {
        self.shared.pid
    }
    pub fn extra(&mut self) -> &mut Extra {
        self.extra.get_or_insert_default()
    }

    /// A slice of so many reductions; it has given up the rest of a full one.
    pub(crate) fn begin_slice(&mut self, reductions: i64) {
        (self.reds_left, self.given_up) = (reductions, (CONTEXT_REDS - reductions).max(0) as u32);
        self.in_short_slice = reductions == SHARED_REDS;
    }
    /// Counts so many percent of the slice, but no more than is left. `true`: it is over. What a short slice had given up is
    /// used in proportion, so that a percent counts as many reductions of the process as in a full one.
    pub(crate) fn consume_timeslice(&mut self, percent: i32) -> bool {
        let percent = i64::from(percent.clamp(1, 100));
        let full = percent * CONTEXT_REDS / 100;
        let wanted = if self.in_short_slice { percent * SHARED_REDS / 100 } else { full };
        let n = wanted.min(self.reds_left).max(0);
        self.reds_left -= n;
        let more = if wanted == 0 { 0 } else { n * (full - wanted) / wanted };
        self.given_up = self.given_up.saturating_sub(more as u32);
        self.reds_left <= 0
    }
    /// It gives way at the next chance.
    pub(crate) fn end_slice(&mut self) {
        self.given_up += self.reds_left.max(0) as u32;
        self.reds_left = 0;
    }
    /// What it has run of this time slice, of which so many are left.
    pub fn reductions_used(&self, left: i64) -> u64 {
        (CONTEXT_REDS - left - i64::from(self.given_up)).max(0) as u64
    }
    /// State bits of the dirty pool that the pending native asks for.
    pub(crate) fn dirty_kind(&self) -> u32 {
        match self.resume.as_ref().map_or(self.next_dirty, |r| r.kind) {
            crate::bif::Kind::DirtyCpu => state::DIRTY_CPU,
            _ => state::DIRTY_IO,
        }
    }

    /// Collects so that `need` words are free between heap and stack. `live` are X registers to
    /// keep. No branded term of the process may be alive.
    pub(crate) fn collect_with(
        &mut self,
        need: usize,
        live: &mut [RawTerm],
        major: bool,
        area: Option<(u64, u64)>,
    ) -> GcResult {
        let counts = self.extra.as_ref().is_some_and(|e| e.spending.is_some());
        let before = if counts { crate::trace::call::allocated(self) } else { 0 };
        let r = self.with_roots(live, |heap, roots| {
            if major || area.is_some() {
                heap.collect_major(need, area, roots)
            } else {
                heap.collect(need, roots)
            }
        });
        use crate::statistics::{COLLECTIONS, RECLAIMED_WORDS};
        COLLECTIONS.fetch_add(1, Ordering::Relaxed);
        RECLAIMED_WORDS.fetch_add(r.reclaimed as u64, Ordering::Relaxed);
        let after = if counts { crate::trace::call::allocated(self) } else { 0 };
        if let Some(s) = self.extra.as_mut().and_then(|e| e.spending.as_mut()) {
            s.collected(before - after);
        }
        if r.major {
            self.gc_major += 1;
        } else {
            self.gc_minor += 1;
        }
        r
    }

    /// Collects, and tells whoever wants to know of it. Acts on limits.
    pub(crate) fn collect_told(
        &mut self,
        vm: &'static crate::Vm,
        need: usize,
        live: &mut [RawTerm],
        major: bool,
    ) {
        let start = vm.monitor.collection_starts(vm);
        let traced = self.shared.trace.has(crate::trace::flag::GC);
        let major = major || traced && self.heap.major_is_due();
        if traced {
            let tag = if major { "gc_major_start" } else { "gc_minor_start" };
            crate::trace::event::collection(vm, self, tag, Some(need));
        }
        let r = self.collect_with(need, live, major, None);
        if traced {
            let tag = if r.major { "gc_major_end" } else { "gc_minor_end" };
            crate::trace::event::collection(vm, self, tag, Some(r.reclaimed));
        }
        vm.monitor.collected(vm, self, start);
        limits::after_collect(self, &r, vm);
    }

    /// Collects all, and leaves the heap no larger than what lives.
    pub(crate) fn collect_and_shrink(&mut self, vm: &'static crate::Vm, live: &mut [RawTerm]) {
        self.collect_told(vm, 0, live, true);
        self.with_roots(live, |heap, roots| heap.shrink(roots));
    }

    /// The heap, and what shows all roots.
    fn with_roots<R>(
        &mut self,
        live: &mut [RawTerm],
        f: impl FnOnce(&mut ProcHeap, &mut dyn FnMut(&mut term::gc::Tracer)) -> R,
    ) -> R {
        let Process {
            heap,
            saved,
            held,
            why,
            exception,
            dict,
            group_leader,
            messages,
            seq_trace_token,
            ..
        } = self;
        let mut roots = |t: &mut term::gc::Tracer| {
            t.roots(live);
            t.roots(saved);
            t.roots(held);
            t.root(group_leader);
            t.root(seq_trace_token);
            if let Some(d) = dict {
                d.roots(t);
            }
            if let Some(r) = exception {
                raise_roots(r, t);
            }
            messages.roots(t);
            match why {
                Some(Why::Raise(r)) => raise_roots(r, t),
                Some(
                    Why::Trap { args, .. }
                    | Why::TrapFunction { args, .. }
                    | Why::Hibernate { args, .. },
                ) => t.roots(args),
                Some(Why::YieldReturn(v) | Why::Collect { value: v, .. }) => t.root(v),
                _ => {}
            }
        };
        f(heap, &mut roots)
    }
}

fn raise_roots(r: &mut Raise, t: &mut term::gc::Tracer) {
    for slot in [&mut r.reason, &mut r.stacktrace, &mut r.cause, &mut r.args, &mut r.error_info] {
        t.root(slot);
    }
}
