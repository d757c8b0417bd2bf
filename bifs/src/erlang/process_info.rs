//! `process_info/1,2` [erl_bif_info.c]. A process tells about itself in its own turn: another one is
//! asked by a signal, so that what was sent to it before is seen. If it does not run and no signal is on its way,
//! what takes no time is looked at directly.

use term::atom::am;
use term::{Atom, Heap, Pid, Term, atom};
use vm::process::info;
use vm::process::{Priority, QueueData, ask};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Heavy "process_info"/1 => process_info1(0);
    Heavy "process_info"/2 => process_info(0, 1);
} }

/// What can be asked for.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
enum Item {
    RegisteredName,
    CurrentFunction,
    CurrentLocation,
    CurrentStacktrace,
    InitialCall,
    Status,
    Messages,
    MessageQueueLen,
    Links,
    Monitors,
    MonitoredBy,
    Dictionary,
    TrapExit,
    ErrorHandler,
    HeapSize,
    StackSize,
    TotalHeapSize,
    Memory,
    GarbageCollection,
    GarbageCollectionInfo,
    GroupLeader,
    Reductions,
    Priority,
    Trace,
    Binary,
    TraceToken,
    CatchLevel,
    Backtrace,
    LastCalls,
    Suspending,
    MinHeapSize,
    MinBinVheapSize,
    MaxHeapSize,
    MessageQueueData,
    MagicRef,
    FullsweepAfter,
    Parent,
    AsyncDist,
    PriorityMessages,
    Label,
}

fn item(cx: &Cx<'_>, t: Term<'_>) -> Option<Item> {
    use Item::*;
    let release = cx.vm().release();
    Some(match t.as_atom()?.name() {
        "registered_name" => RegisteredName,
        "current_function" => CurrentFunction,
        "current_location" => CurrentLocation,
        "current_stacktrace" => CurrentStacktrace,
        "initial_call" => InitialCall,
        "status" => Status,
        "messages" => Messages,
        "message_queue_len" => MessageQueueLen,
        "links" => Links,
        "monitors" => Monitors,
        "monitored_by" => MonitoredBy,
        "dictionary" => Dictionary,
        "trap_exit" => TrapExit,
        "error_handler" => ErrorHandler,
        "heap_size" => HeapSize,
        "stack_size" => StackSize,
        "total_heap_size" => TotalHeapSize,
        "memory" => Memory,
        "garbage_collection" => GarbageCollection,
        "garbage_collection_info" => GarbageCollectionInfo,
        "group_leader" => GroupLeader,
        "reductions" => Reductions,
        "priority" => Priority,
        "trace" => Trace,
        "binary" => Binary,
        "sequential_trace_token" => TraceToken,
        "catchlevel" => CatchLevel,
        "backtrace" => Backtrace,
        "last_calls" => LastCalls,
        "suspending" => Suspending,
        "min_heap_size" => MinHeapSize,
        "min_bin_vheap_size" => MinBinVheapSize,
        "max_heap_size" => MaxHeapSize,
        "message_queue_data" => MessageQueueData,
        "magic_ref" => MagicRef,
        "fullsweep_after" => FullsweepAfter,
        "parent" => Parent,
        "async_dist" if release >= 26 => AsyncDist,
        "label" if release >= 27 => Label,
        "priority_messages" if release >= 28 => PriorityMessages,
        _ => return None,
    })
}

/// The names of all items that another process may be asked for.
pub(crate) fn names<'p>(cx: &Cx<'p>) -> Vec<Term<'p>> {
    const NAMES: &[&str] = &[
        "registered_name",
        "current_function",
        "current_location",
        "current_stacktrace",
        "initial_call",
        "status",
        "messages",
        "message_queue_len",
        "links",
        "monitors",
        "monitored_by",
        "dictionary",
        "trap_exit",
        "error_handler",
        "heap_size",
        "stack_size",
        "total_heap_size",
        "memory",
        "garbage_collection",
        "garbage_collection_info",
        "group_leader",
        "reductions",
        "priority",
        "trace",
        "binary",
        "sequential_trace_token",
        "catchlevel",
        "backtrace",
        "last_calls",
        "suspending",
        "min_heap_size",
        "min_bin_vheap_size",
        "max_heap_size",
        "message_queue_data",
        "magic_ref",
        "fullsweep_after",
        "parent",
        "async_dist",
        "label",
        "priority_messages",
    ];
    let known = NAMES.iter().map(|n| Term::atom(Atom::new(n)));
    known.filter(|t| item(cx, *t).is_some()).collect()
}

fn name(i: Item) -> Atom {
    use Item::*;
    match i {
        RegisteredName => am::REGISTERED_NAME,
        CurrentFunction => am::CURRENT_FUNCTION,
        CurrentLocation => atom!("current_location"),
        CurrentStacktrace => atom!("current_stacktrace"),
        InitialCall => am::INITIAL_CALL,
        Status => am::STATUS,
        Messages => am::MESSAGES,
        MessageQueueLen => atom!("message_queue_len"),
        Links => am::LINKS,
        Monitors => am::MONITORS,
        MonitoredBy => am::MONITORED_BY,
        Dictionary => am::DICTIONARY,
        TrapExit => am::TRAP_EXIT,
        ErrorHandler => am::ERROR_HANDLER,
        HeapSize => am::HEAP_SIZE,
        StackSize => am::STACK_SIZE,
        TotalHeapSize => am::TOTAL_HEAP_SIZE,
        Memory => am::MEMORY,
        GarbageCollection => atom!("garbage_collection"),
        GarbageCollectionInfo => atom!("garbage_collection_info"),
        GroupLeader => am::GROUP_LEADER,
        Reductions => am::REDUCTIONS,
        Priority => am::PRIORITY,
        Trace => atom!("trace"),
        Binary => am::BINARY,
        TraceToken => atom!("sequential_trace_token"),
        CatchLevel => atom!("catchlevel"),
        Backtrace => atom!("backtrace"),
        LastCalls => atom!("last_calls"),
        Suspending => atom!("suspending"),
        MinHeapSize => am::MIN_HEAP_SIZE,
        MinBinVheapSize => am::MIN_BIN_VHEAP_SIZE,
        MaxHeapSize => am::MAX_HEAP_SIZE,
        MessageQueueData => am::MESSAGE_QUEUE_DATA,
        MagicRef => atom!("magic_ref"),
        FullsweepAfter => am::FULLSWEEP_AFTER,
        Parent => atom!("parent"),
        AsyncDist => atom!("async_dist"),
        PriorityMessages => atom!("priority_messages"),
        Label => atom!("label"),
    }
}

/// The items of `process_info/1`, in order.
const ALL: [Item; 17] = {
    use Item::*;
    [
        RegisteredName,
        CurrentFunction,
        InitialCall,
        Status,
        MessageQueueLen,
        Links,
        Dictionary,
        TrapExit,
        ErrorHandler,
        Priority,
        GroupLeader,
        TotalHeapSize,
        HeapSize,
        StackSize,
        Reductions,
        GarbageCollection,
        Suspending,
    ]
};

/// What is asked, and in which form the answer comes.
enum Asked {
    One(Item),
    /// A list; `true`: unregistered processes show `{registered_name, []}`.
    Many(Vec<Item>, bool),
    /// `{dictionary, Key}`, or a list with such items; terms live in the VM's own memory.
    Keys(term::OwnedTerm),
}

fn process_info1<'p>(cx: &Cx<'p>, pid: Term<'p>) -> BifResult<'p> {
    start(cx, pid, Asked::Many(ALL.to_vec(), false))
}

fn process_info<'p>(cx: &Cx<'p>, pid: Term<'p>, what: Term<'p>) -> BifResult<'p> {
    let asked = if what.is_list() {
        let list = cx.need(what.to_vec())?;
        match list.iter().map(|t| item(cx, *t)).collect::<Option<Vec<Item>>>() {
            Some(items) => Asked::Many(items, true),
            None => {
                let known = list.iter().all(|t| item(cx, *t).is_some() || key(cx, *t).is_some());
                cx.need(known.then_some(()))?;
                Asked::Keys(term::OwnedTerm::copy_of(what))
            }
        }
    } else if key(cx, what).is_some() {
        Asked::Keys(term::OwnedTerm::copy_of(what))
    } else {
        Asked::One(cx.need(item(cx, what))?)
    };
    start(cx, pid, asked)
}

/// The key of `{dictionary, Key}`, which OTP 27 added.
fn key<'t>(cx: &Cx<'_>, t: Term<'t>) -> Option<Term<'t>> {
    let [tag, key] = t.as_tuple_of::<2>()?;
    (tag.is_atom_of(am::DICTIONARY) && cx.vm().release() >= 27).then_some(key)
}

fn start<'p>(cx: &Cx<'p>, pid: Term<'p>, asked: Asked) -> BifResult<'p> {
    let pid: Pid = cx.need(pid.as_pid())?;
    let pid = cx.need(pid.local())?;
    if pid == cx.pid() {
        info::fetch_signals(cx);
        return Ok(answer(cx, cx.heap(), true, &asked));
    }
    use vm::process::state::{RUNNING, SUSPENDED};
    let Some(p) = cx.vm().processes.lookup(pid) else { return Ok(am::UNDEFINED.into()) };
    // What anyone can see, unless signals are on their way.
    if let Asked::One(i) = asked
        && p.in_queue.is_empty()
    {
        let value = match i {
            // Who runs it may be about to handle the signal that resumes it.
            Item::Status => Some(p.state.get())
                .filter(|s| s & SUSPENDED == 0 || s & RUNNING == 0)
                .map(|s| Term::atom(info::status_of(s))),
            Item::Priority => Some(Term::atom(priority(p.state.priority()))),
            Item::RegisteredName => match p.registered_name() {
                Some(name) => Some(Term::atom(name)),
                None => return Ok(Term::nil()),
            },
            _ => None,
        };
        let exiting = p.state.has(vm::process::state::EXITING);
        if let (Some(v), false) = (value, exiting) {
            return Ok(cx.heap().tuple(&[name(i).into(), v]));
        }
    }
    let at_once = match &asked {
        Asked::One(i) => is_quick(*i),
        Asked::Many(items, _) => items.len() <= ALL.len() && items.iter().all(|i| is_quick(*i)),
        Asked::Keys(_) => false,
    };
    if at_once
        && let Some(t) = ask::look(cx, &p, |there| {
            info::all_messages_open(there).then(|| answer(there, cx.heap(), false, &asked))
        })
    {
        cx.bump(1);
        return Ok(t);
    }
    drop(p);
    let question: ask::Question = Box::new(move |cx, h| answer(cx, h, false, &asked));
    Err(ask::ask(cx, pid, am::UNDEFINED, question))
}

/// Whether telling it takes no more than a few steps, whatever the process is like.
fn is_quick(i: Item) -> bool {
    use Item::*;
    match i {
        RegisteredName
        | InitialCall
        | Status
        | MessageQueueLen
        | TrapExit
        | ErrorHandler
        | HeapSize
        | StackSize
        | TotalHeapSize
        | Memory
        | GarbageCollection
        | GarbageCollectionInfo
        | GroupLeader
        | Reductions
        | Priority
        | Trace
        | LastCalls
        | MinHeapSize
        | MinBinVheapSize
        | MaxHeapSize
        | MessageQueueData
        | FullsweepAfter
        | Parent
        | AsyncDist => true,
        // What the function is may have to be looked for in a deep stack.
        CurrentFunction | CurrentLocation | CurrentStacktrace | CatchLevel | Backtrace => false,
        Messages | Links | Monitors | MonitoredBy | Dictionary | Binary | TraceToken
        | Suspending | MagicRef | PriorityMessages | Label => false,
    }
}

fn answer<'h>(cx: &Cx<'_>, h: &'h Heap, own: bool, asked: &Asked) -> Term<'h> {
    let pair = |i: Item| h.tuple(&[name(i).into(), value(cx, h, own, i)]);
    // Answers that count or show messages agree with each other.
    let looks = |i: &Item| {
        use Item::{GarbageCollectionInfo, Memory, Messages, TotalHeapSize};
        matches!(i, Messages | TotalHeapSize | Memory | GarbageCollectionInfo)
    };
    let opens = match asked {
        Asked::One(i) => looks(i),
        Asked::Many(items, _) => items.iter().any(looks),
        Asked::Keys(t) => {
            let list = t.term().to_vec().unwrap_or_default();
            list.into_iter().filter_map(|t| item(cx, t)).any(|i| looks(&i))
        }
    };
    if opens {
        info::open_messages(cx);
    }
    let unnamed = |i: Item| i == Item::RegisteredName && registered(cx).is_none();
    match asked {
        Asked::One(i) if unnamed(*i) => Term::nil(),
        Asked::One(i) => pair(*i),
        Asked::Many(items, wrap) => {
            let all: Vec<Term> =
                items.iter().filter(|i| *wrap || !unnamed(**i)).map(|i| pair(*i)).collect();
            if own {
                cx.bump(all.len());
            }
            h.list(&all)
        }
        Asked::Keys(t) => {
            let one = |t: Term<'_>| match (item(cx, t), key(cx, t)) {
                (Some(i), _) => pair(i),
                (None, Some(k)) => {
                    let sensitive = cx.with(|p| p.flags.sensitive);
                    let v = vm::process::dict::entries(cx)
                        .into_iter()
                        .find(|(e, _)| term::compare::eq_exact(*e, k) && !sensitive)
                        .map_or(am::UNDEFINED.into(), |(_, v)| h.copy(v));
                    h.tuple(&[h.copy(t), v])
                }
                (None, None) => Term::nil(),
            };
            match t.term().to_vec() {
                Some(list) => h.list(&list.into_iter().map(one).collect::<Vec<_>>()),
                None => one(t.term()),
            }
        }
    }
}

fn registered(cx: &Cx<'_>) -> Option<Atom> {
    cx.with(|p| p.shared.registered_name())
}

fn value<'h>(cx: &Cx<'_>, h: &'h Heap, own: bool, i: Item) -> Term<'h> {
    let n = |n: usize| h.uint(n as u64);
    let mfa =
        |(m, f, a): (Atom, Atom, u32)| h.tuple(&[m.into(), f.into(), Term::small(i64::from(a))]);
    match i {
        Item::RegisteredName => registered(cx).map_or(Term::nil(), Term::atom),
        Item::CurrentFunction => info::current(cx, own).0.map_or(am::UNDEFINED.into(), mfa),
        Item::CurrentLocation => match info::current(cx, own) {
            (Some((m, f, a)), l) => {
                let place = l.map_or(Term::nil(), |l| info::place(h, &l));
                h.tuple(&[m.into(), f.into(), Term::small(i64::from(a)), place])
            }
            (None, _) => am::UNDEFINED.into(),
        },
        Item::CurrentStacktrace => info::stacktrace(cx, own, h),
        Item::InitialCall => mfa(cx.with(|p| p.initial_call)),
        Item::Status if own => am::RUNNING.into(),
        Item::Status => info::status(cx).into(),
        Item::Messages => info::messages(cx, h),
        Item::MessageQueueLen => n(info::message_count(cx)),
        Item::Links => info::links(cx, h),
        Item::Monitors => info::monitors(cx, h),
        Item::MonitoredBy => info::monitored_by(cx, h),
        Item::Dictionary => info::dictionary(cx, h),
        Item::TrapExit => Term::bool(cx.with(|p| p.flags.trap_exit)),
        Item::ErrorHandler => Term::atom(cx.with(|p| p.error_handler)),
        Item::HeapSize => n(info::sizes(cx).block),
        Item::StackSize => n(info::sizes(cx).stack),
        Item::TotalHeapSize => n(info::sizes(cx).total()),
        Item::Memory => n(info::memory(cx)),
        Item::GarbageCollection => collection(cx, h),
        Item::GarbageCollectionInfo => info::collection_info(h, info::sizes(cx)),
        Item::GroupLeader => h.copy(cx.group_leader()),
        Item::Reductions => h.uint(info::reductions(cx, own)),
        Item::Priority => Term::atom(priority(cx.with(|p| p.shared.state.priority()))),
        Item::Trace => {
            let legacy = cx.vm().tracing.legacy.clone();
            let traced = cx.with(|p| p.shared.trace.in_session(&legacy));
            Term::small(traced.map_or(0, |t| i64::from(t.flags)))
        }
        Item::Binary => {
            // In an order that a collection does not change.
            let mut all = info::binaries(cx);
            all.sort_unstable();
            let all: Vec<Term> = all
                .into_iter()
                .map(|(id, size, refs)| h.tuple(&[h.uint(id), n(size), n(refs)]))
                .collect();
            h.list(&all)
        }
        Item::TraceToken => info::trace_token(cx, h),
        Item::CatchLevel => n(info::catch_level(cx)),
        Item::Backtrace => h.binary(&info::backtrace(cx)),
        Item::LastCalls => Term::bool(false),
        Item::Suspending => info::suspending(cx, h),
        Item::MinHeapSize => n(cx.with(|p| p.heap.options.min_heap)),
        Item::MinBinVheapSize => n(cx.with(|p| p.heap.options.min_vheap)),
        Item::MaxHeapSize => max_heap(cx, h),
        Item::MessageQueueData => match cx.with(|p| p.flags.queue_data) {
            QueueData::OnHeap => am::ON_HEAP.into(),
            QueueData::OffHeap => am::OFF_HEAP.into(),
        },
        Item::MagicRef => {
            let all: Vec<Term> = info::magic_references(cx)
                .into_iter()
                .map(|(id, refs)| h.tuple(&[h.uint(id), n(0), n(refs)]))
                .collect();
            h.list(&all)
        }
        Item::FullsweepAfter => n(cx.with(|p| p.heap.options.fullsweep_after)),
        Item::Parent => info::parent(cx, h).unwrap_or(am::UNDEFINED.into()),
        Item::AsyncDist => Term::bool(cx.with(|p| p.flags.async_dist)),
        Item::PriorityMessages => Term::bool(info::takes_priority_messages(cx)),
        Item::Label => info::label(cx, h).unwrap_or(am::UNDEFINED.into()),
    }
}

fn priority(p: Priority) -> Atom {
    match p {
        Priority::Low => am::LOW,
        Priority::Normal => am::NORMAL,
        Priority::High => am::HIGH,
        Priority::Max => am::MAX,
    }
}

fn max_heap<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let (o, kill, log) = cx.with(|p| (p.heap.options, p.flags.max_heap_kill, p.flags.max_heap_log));
    super::process::max_heap_map(h, o.max_heap, kill, log, o.count_shared)
}

fn collection<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let o = cx.with(|p| p.heap.options);
    let minors = cx.with(|p| p.heap.minor_count());
    let pair = |k: Atom, v: Term<'h>| h.tuple(&[k.into(), v]);
    h.list(&[
        pair(am::MAX_HEAP_SIZE, max_heap(cx, h)),
        pair(am::MIN_BIN_VHEAP_SIZE, h.uint(o.min_vheap as u64)),
        pair(am::MIN_HEAP_SIZE, h.uint(o.min_heap as u64)),
        pair(am::FULLSWEEP_AFTER, h.uint(o.fullsweep_after as u64)),
        pair(atom!("minor_gcs"), Term::small(i64::from(minors))),
    ])
}
