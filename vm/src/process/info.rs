//! What a process tells about itself (`process_info`), in its own turn.
//!
//! Everything here runs on the thread that runs the process: for another process it is asked through
//! a request signal. Terms are built on a heap that the caller gives, so that an answer can travel.

use super::{Process, QueueData, state};
use crate::bif::Cx;
use crate::code::{ExportEntry, Location};
use crate::interp::ReturnPoint;
use crate::signal::relations::{Peer, Rare};
use core::sync::atomic::Ordering;
use term::atom::am;
use term::{Atom, Heap, RawTerm, Term, atom};

type Mfa = (Atom, Atom, u32);

/// Where a process stands: the function that runs, then where its calls return to.
pub struct Position {
    /// A native or builtin that has no code address.
    pub native: Option<Mfa>,
    /// Addresses as [`CodeServer::locate`](crate::code::CodeServer::locate) takes them, innermost first.
    pub addresses: Vec<u64>,
}

/// Return addresses on the stack, innermost first.
fn continuations(p: &Process, most: usize) -> Vec<u64> {
    let mut all = Vec::new();
    let mut e = p.heap.stack;
    let end = p.heap.stack_end();
    while e < end && all.len() < most {
        // SAFETY: the stack's words are initialised.
        let w = RawTerm(unsafe { *e });
        if w.is_cont() {
            // SAFETY: a continuation points to a return point of loaded code.
            let at = unsafe { (*((w.0 & !7) as *const ReturnPoint)).ip } as u64 | 1;
            if all.last() != Some(&at) && !crate::trace::call::is_frame(w) {
                all.push(at);
            }
        }
        e = e.wrapping_add(1);
    }
    all
}

/// Where the process stands. `own`: it asks for itself, in a native.
pub fn position(cx: &Cx<'_>, own: bool, most: usize) -> Position {
    let code = &cx.vm().code;
    cx.with(|p| {
        let mut rest = continuations(p, most);
        if own {
            let caller = p.caller;
            // A native that was called through its export has its continuation on the stack.
            if rest.first() == Some(&((caller + 4) | 1)) {
                rest.remove(0);
            }
            rest.insert(0, caller);
            rest.truncate(most);
            return Position { native: None, addresses: rest };
        }
        if p.resume.is_some() || p.shared.state.has(state::APART) {
            let returns = p.resume.as_ref().is_some_and(|r| r.resume.only_returns());
            let trap = (am::ERLANG, atom!("bif_return_trap"), 2);
            let native = if returns { Some(trap) } else { p.current_native };
            // `hibernate/0` does not show: its caller stands there.
            let dozes = (am::ERLANG, atom!("hibernate"), 0);
            let native = native.filter(|n| *n != dozes || rest.is_empty());
            return Position { native, addresses: rest };
        }
        if p.shared.state.has(state::HIBERNATING) {
            let native = Some((am::ERLANG, atom!("hibernate"), 3));
            return Position { native, addresses: Vec::new() };
        }
        let ip = p.ip as u64;
        if code.module_at(ip).is_some() {
            rest.insert(0, ip);
            rest.truncate(most);
            return Position { native: None, addresses: rest };
        }
        let native = match code.export_of_stub(ip) {
            Some(e) => Some((e.export.module, e.export.function, e.export.arity)),
            None if rest.iter().all(|a| code.locate(*a).is_none()) => Some(p.initial_call),
            None => None,
        };
        Position { native, addresses: rest }
    })
}

/// The function that runs, with its place if that is known.
pub fn current(cx: &Cx<'_>, own: bool) -> (Option<Mfa>, Option<Location>) {
    let at = position(cx, own, 4);
    if at.native.is_some() {
        return (at.native, None);
    }
    let l = at.addresses.iter().find_map(|a| cx.vm().code.locate(*a));
    (l.as_ref().map(|l| (l.module, l.function, l.arity)), l)
}

/// The frames of the stack as a stack trace shows them.
pub fn stacktrace<'h>(cx: &Cx<'_>, own: bool, h: &'h Heap) -> Term<'h> {
    let at = position(cx, own, cx.vm().backtrace_depth().max(1));
    let mut items = Vec::new();
    if cx.vm().backtrace_depth() == 0 {
        return Term::nil();
    }
    if let Some((m, f, a)) = at.native {
        items.push(h.tuple(&[m.into(), f.into(), Term::small(a.into()), Term::nil()]));
    }
    for address in at.addresses {
        if let Some(l) = cx.vm().code.locate(address) {
            let a = Term::small(l.arity.into());
            items.push(h.tuple(&[l.module.into(), l.function.into(), a, place(h, &l)]));
        }
    }
    h.list(&items)
}

/// The stack of a process that is about to enter a function: where that returns to, and so on.
pub(crate) fn call_stacktrace<'h>(cx: &Cx<'_>, most: usize, h: &'h Heap) -> Term<'h> {
    let addresses = cx.with(|p| continuations(p, most));
    let items = addresses.into_iter().filter_map(|a| {
        let l = cx.vm().code.locate(a)?;
        let arity = Term::small(l.arity.into());
        Some(h.tuple(&[l.module.into(), l.function.into(), arity, place(h, &l)]))
    });
    h.list(&items.collect::<Vec<_>>())
}

/// `[{file, F}, {line, L}]`, or nothing when the line is unknown.
pub fn place<'h>(h: &'h Heap, l: &Location) -> Term<'h> {
    if l.line == 0 {
        return Term::nil();
    }
    let file = h.tuple(&[am::FILE.into(), h.string(&l.file)]);
    let line = h.tuple(&[am::LINE.into(), Term::small(l.line.into())]);
    h.list(&[file, line])
}

/// What the process is doing, as others see it.
pub fn status_of(s: u32) -> Atom {
    use state::*;
    if s & FREE != 0 {
        atom!("free")
    } else if s & EXITING != 0 {
        am::EXITING
    } else if s & GC != 0 {
        am::GARBAGE_COLLECTING
    } else if s & APART != 0 {
        am::RUNNING
    } else if s & (SUSPENDED | HELD_UP) != 0 {
        am::SUSPENDED
    } else if s & RUNNING != 0 {
        am::RUNNING
    } else if s & (ACTIVE | QUEUED) != 0 {
        am::RUNNABLE
    } else {
        am::WAITING
    }
}

/// The status in the process's own turn.
pub fn status(cx: &Cx<'_>) -> Atom {
    let s = cx.with(|p| p.shared.state.get());
    // It waited before it was asked.
    let s = if s & state::WAITING != 0 && s & state::LOOKED_AT == 0 {
        s & !(state::RUNNING | state::QUEUED | state::ACTIVE)
    } else {
        s
    };
    status_of(s)
}

/// The messages in order, copied to `h`. None of a sensitive process.
pub fn messages<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    if cx.with(|p| p.flags.sensitive) {
        return Term::nil();
    }
    let all: Vec<RawTerm> = cx.with(|p| p.messages.iter().collect());
    let all: Vec<Term> = all.into_iter().map(|m| h.copy(cx.brand(m))).collect();
    h.list(&all)
}
pub fn message_count(cx: &Cx<'_>) -> usize {
    cx.with(|p| p.messages.len() + crate::signal::kept::count(p))
}
/// Whether there are none that have not been looked into.
pub fn all_messages_open(cx: &Cx<'_>) -> bool {
    cx.with(|p| crate::signal::kept::count(p)) == 0
}
/// Has messages looked into that have not been yet.
pub fn open_messages(cx: &Cx<'_>) {
    let vm = cx.vm();
    cx.with(|p| crate::signal::kept::open(p, vm));
}

fn peer_term<'h>(p: Peer, h: &'h Heap) -> Option<Term<'h>> {
    match p {
        Peer::Remote(pid) => Some(pid.term(h)),
        Peer::Process(pid) => Some(Term::local_pid(pid)),
        Peer::Port(port) => Some(Term::local_port(port)),
        Peer::FormerPort(port) => Some(port.port_term(h)),
        Peer::TimeOffset => Some(atom!("clock_service").into()),
        Peer::RemoteName(_) | Peer::Nobody | Peer::Native => None,
    }
}

/// Who is linked.
pub fn links<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let mut all: Vec<Peer> = cx.with(|p| {
        let t = p.relations.get();
        t.map_or_else(Vec::new, |t| {
            t.links.iter().filter(|l| l.1.unlinking == 0).map(|l| *l.0).collect()
        })
    });
    all.sort_by_key(|p| match p {
        Peer::Process(n) => (1, *n),
        Peer::Port(n) => (0, *n),
        _ => (2, 0),
    });
    let all: Vec<Term> = all.into_iter().filter_map(|p| peer_term(p, h)).collect();
    h.list(&all)
}

/// What is watched: `{process | port | time_offset, Id | {Name, Node}}`.
pub fn monitors<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let watches: Vec<_> = cx.with(|p| {
        p.relations.get().map_or_else(Vec::new, |t| t.watches.values().copied().collect())
    });
    let node = Term::atom(term::node::this().name);
    let all: Vec<Term> = watches
        .iter()
        .filter_map(|w| {
            let kind = match w.target {
                Peer::Port(_) | Peer::FormerPort(_) => am::PORT,
                Peer::TimeOffset => am::TIME_OFFSET,
                _ => am::PROCESS,
            };
            let what = match w.name {
                Some(name) => match w.target {
                    Peer::RemoteName(other) => h.tuple(&[name.into(), other.into()]),
                    _ => h.tuple(&[name.into(), node]),
                },
                None => peer_term(w.target, h)?,
            };
            Some(h.tuple(&[kind.into(), what]))
        })
        .collect();
    h.list(&all)
}

/// Who watches the process.
pub fn monitored_by<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let mut all: Vec<((u64, u64), Peer)> = cx.with(|p| {
        p.relations
            .get()
            .map_or_else(Vec::new, |t| t.watchers.iter().map(|w| (*w.0, w.1.watcher)).collect())
    });
    all.sort_by_key(|w| w.0);
    let remote = cx.with(|p| {
        let remote = p.relations.get().and_then(|t| t.remote.as_ref());
        remote.map_or_else(Vec::new, |r| r.watchers.values().map(|w| w.watcher).collect())
    });
    all.extend(remote.into_iter().map(|w| ((0, 0), Peer::Remote(w))));
    let hooks = cx.vm().hooks.get();
    let all: Vec<Term> = all
        .into_iter()
        .filter_map(|(id, w)| match w {
            Peer::Native => (hooks?.watcher)(id, h),
            w => peer_term(w, h),
        })
        .collect();
    h.list(&all)
}

/// Processes that it suspended: `{Pid, Active, Pending}`.
pub fn suspending<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let all: Vec<Term> = cx.with(|p| {
        let row = |s: &super::suspend::Suspended| {
            let (n, none) = (Term::small(s.count.into()), Term::small(0));
            let [active, pending] =
                if s.active.load(Ordering::Acquire) { [n, none] } else { [none, n] };
            h.tuple(&[Term::local_pid(s.pid), active, pending])
        };
        p.suspended_by_me().iter().map(row).collect()
    });
    h.list(&all)
}

/// The dictionary as `[{Key, Value}]`, copied to `h`. Empty for a sensitive process.
pub fn dictionary<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    if cx.with(|p| p.flags.sensitive) {
        return Term::nil();
    }
    let all: Vec<Term> = super::dict::entries(cx)
        .into_iter()
        .map(|(k, v)| h.tuple(&[h.copy(k), h.copy(v)]))
        .collect();
    h.list(&all)
}

/// Sizes in words, for `garbage_collection_info` and others.
#[derive(Clone, Copy, Debug, Default)]
pub struct HeapSizes {
    /// The young block.
    pub block: usize,
    pub old_block: usize,
    /// Heap fragments.
    pub fragments: usize,
    /// Words that survived the last collection.
    pub mature: usize,
    pub stack: usize,
    pub young: usize,
    pub old: usize,
    /// Binary virtual heap: in use and limit.
    pub vheap: usize,
    pub vheap_block: usize,
    pub old_vheap: usize,
    pub old_vheap_block: usize,
    /// Memory of messages that are not part of the heap yet.
    pub messages: usize,
}

/// Sizes of a process whose runner asks.
pub(crate) fn sizes_of(p: &Process) -> HeapSizes {
    let on_heap = p.flags.queue_data == QueueData::OnHeap;
    HeapSizes {
        // A first block is smaller than it counts.
        block: if p.shared.state.has(state::HIBERNATING) {
            p.heap.block_words()
        } else {
            p.heap.block_words().max(p.heap.options.min_heap)
        },
        old_block: p.heap.old_block_words(),
        fragments: p.heap.heap.fragment_words(),
        mature: p.heap.mature_words(),
        stack: p.heap.stack_words(),
        young: p.heap.young_words(),
        old: p.heap.old_words(),
        vheap: p.heap.heap.vheap_bytes() / 8,
        vheap_block: p.heap.vheap_block_words(),
        old_vheap: p.heap.old_vheap_words(),
        old_vheap_block: p.heap.old_vheap_block_words(),
        messages: if on_heap { p.messages.detached_words() } else { 0 },
    }
}
pub fn sizes(cx: &Cx<'_>) -> HeapSizes {
    cx.with(|p| sizes_of(p))
}

impl HeapSizes {
    /// As `total_heap_size` counts.
    pub fn total(&self) -> usize {
        self.block + self.old_block + self.fragments + self.messages
    }
}

/// All memory of the process, in bytes.
pub(crate) fn memory_of(p: &Process) -> usize {
    let s = sizes_of(p);
    let queue = p.messages.len() * crate::signal::inner::NODE_BYTES;
    let relations = p.relations.get().map_or(0, |t| {
        let entries = t.links.len() + t.watches.len() + t.watchers.len() + t.aliases.len();
        size_of::<crate::signal::relations::Tables>() + entries * 64
    });
    let dict = p.dict.as_ref().map_or(0, |d| d.bytes());
    let extra = p.extra.as_ref().map_or(0, |_| size_of::<super::Extra>());
    let saved = p.saved.capacity() * 8 + p.held.capacity() * 8;
    let words = s.total() + if s.messages == 0 { p.messages.detached_words() } else { 0 };
    let words = words + p.heap.block_words() - s.block;
    size_of::<Process>() + words * 8 + queue + relations + dict + extra + saved
}
pub fn memory(cx: &Cx<'_>) -> usize {
    cx.with(|p| memory_of(p))
}

/// Reductions it has run, those of this slice included when it asks itself.
pub fn reductions(cx: &Cx<'_>, own: bool) -> u64 {
    cx.with(|p| {
        let now = if own { p.reductions_used(p.reds_left) } else { 0 };
        p.shared.reductions.load(Ordering::Relaxed) + now
    })
}

/// Whether it has an alias, a monitor or a link whose messages come before others.
pub fn takes_priority_messages(cx: &Cx<'_>) -> bool {
    cx.with(|p| {
        p.relations.get().is_some_and(|t| {
            let of_aliases_or_links =
                |r: &Rare| !r.priority_aliases.is_empty() || !r.priority_links.is_empty();
            t.rare.as_deref().is_some_and(of_aliases_or_links)
                || t.watches.values().any(|w| w.priority)
        })
    })
}

/// Catches and tries that are active.
pub fn catch_level(cx: &Cx<'_>) -> usize {
    cx.with(|p| {
        let (mut e, end) = (p.heap.stack, p.heap.stack_end());
        let mut n = 0;
        while e < end {
            // SAFETY: the stack's words are initialised.
            n += usize::from(RawTerm(unsafe { *e }).is_catch());
            e = e.wrapping_add(1);
        }
        n
    })
}

/// Shared binaries that the heap refers to: identity, bytes, references.
pub fn binaries(cx: &Cx<'_>) -> Vec<(u64, usize, usize)> {
    cx.with(|p| p.heap.shared_binaries())
}

/// Magic references in the heap: identity of the object, references to it.
pub fn magic_references(cx: &Cx<'_>) -> Vec<(u64, usize)> {
    cx.with(|p| p.heap.magic_references())
}

/// The stack as text, innermost frame first [erts_stack_dump].
pub fn backtrace(cx: &Cx<'_>) -> Vec<u8> {
    cx.with(|p| if p.flags.sensitive { Vec::new() } else { backtrace_of(p, cx.vm()) })
}
pub(crate) fn backtrace_of(p: &Process, vm: &crate::vm::Vm) -> Vec<u8> {
    use std::io::Write;
    let mut out = Vec::new();
    let function = |address: u64| match vm.code.locate(address) {
        Some(l) => format!("{}:{}/{}", l.module.name(), l.function.name(), l.arity),
        None => "<terminate process normally>".to_owned(),
    };
    let ip = p.ip as u64;
    let current = match (&p.resume, p.current_native) {
        (Some(_), Some((m, f, a))) => format!("{}:{}/{a}", m.name(), f.name()),
        _ => match (vm.code.module_at(ip), vm.code.export_of_stub(ip)) {
            (None, Some(e)) => export_name(e),
            (None, None) => "unknown function".to_owned(),
            _ => function(ip),
        },
    };
    let _ = writeln!(out, "Program counter: {ip:#018x} ({current})");
    let (mut e, end) = (p.heap.stack, p.heap.stack_end());
    let mut y = 0;
    while e < end {
        // SAFETY: the stack's words are initialised.
        let w = RawTerm(unsafe { *e });
        if w.is_cont() {
            // SAFETY: a continuation points to a return point of loaded code.
            let at = unsafe { (*((w.0 & !7) as *const ReturnPoint)).ip } as u64;
            let _ =
                writeln!(out, "\n{:#018x} Return addr {at:#018x} ({})", e as u64, function(at | 1));
            y = 0;
        } else {
            let _ = write!(out, "y({y})     ");
            if w.is_catch() {
                let _ = write!(out, "Catch {:#018x} ({})", w.payload(), function(w.payload()));
            } else {
                // SAFETY: stack slots that are no marks are terms of the process, whose runner asks.
                term::print::print_limited(&mut out, unsafe { w.brand() }, 1000);
            }
            out.push(b'\n');
            y += 1;
        }
        e = e.wrapping_add(1);
    }
    out
}

fn export_name(e: &ExportEntry) -> String {
    let x = &e.export;
    format!("{}:{}/{}", x.module.name(), x.function.name(), x.arity)
}

/// Handles the signals that have arrived, so that an answer takes them into account.
pub fn fetch_signals(cx: &Cx<'_>) {
    crate::signal::handle::fetch_for(cx);
}
/// Who spawned it: a pid, or nobody.
pub fn parent<'h>(cx: &Cx<'_>, h: &'h Heap) -> Option<Term<'h>> {
    if let Some(remote) = cx.with(|p| p.extra.as_ref()?.remote_parent) {
        return Some(remote.term(h));
    }
    cx.with(|p| Some(p.parent).filter(|n| *n != u64::MAX)).map(Term::local_pid)
}
/// The trace token of sequential tracing, copied to `h`.
pub fn trace_token<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let t = cx.with(|p| p.seq_trace_token);
    h.copy(cx.brand(t))
}
/// The label set by `proc_lib`, copied to `h`.
pub fn label<'h>(cx: &Cx<'_>, h: &'h Heap) -> Option<Term<'h>> {
    cx.with(|p| p.extra.as_ref()?.label.as_ref().map(|l| h.copy(l.term())))
}

/// The list of `garbage_collection_info`, which trace messages use too.
pub fn collection_info<'h>(h: &'h Heap, s: HeapSizes) -> Term<'h> {
    let pair = |k: &str, v: usize| h.tuple(&[Atom::new(k).into(), h.uint(v as u64)]);
    h.list(&[
        pair("old_heap_block_size", s.old_block),
        pair("heap_block_size", s.block),
        pair("mbuf_size", s.fragments),
        pair("recent_size", s.mature),
        pair("stack_size", s.stack),
        pair("old_heap_size", s.old),
        pair("heap_size", s.young),
        pair("bin_vheap_size", s.vheap),
        pair("bin_vheap_block_size", s.vheap_block),
        pair("bin_old_vheap_size", s.old_vheap),
        pair("bin_old_vheap_block_size", s.old_vheap_block),
    ])
}
