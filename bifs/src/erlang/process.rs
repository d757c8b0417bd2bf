//! Spawning, names, flags, and other natives about processes.

use core::sync::atomic::{AtomicBool, Ordering};
use term::atom::am;
use term::{Atom, Pid, Term, View, atom};
use vm::bif::List;
use vm::dist::RemotePid;
use vm::process::ask;
use vm::process::registry::Named;
use vm::process::relation;
use vm::process::spawn::{self, SpawnOptions, Start};
pub use vm::process::spawn_options::{max_heap, priority, queue_data, words};
use vm::process::{Priority, QueueData, state};
use vm::signal::relations::Peer;
use vm::trace::{event, flag};
use vm::{BifResult, Cx, Resume};

vm::bifs! { pub TABLE: "erlang" {
    Guard "self"/0 => self_();
    Plain "spawn"/3 => spawn3(0, 1, 2);
    Plain "spawn_link"/3 => spawn_link3(0, 1, 2);
    Plain "spawn_opt"/4 => spawn_opt(0, 1, 2, 3);
    Plain "register"/2 => register(0, 1);
    Plain "unregister"/1 => unregister(0);
    Plain "whereis"/1 => whereis(0);
    Plain "registered"/0 => registered();
    Plain "is_process_alive"/1 => is_process_alive(0);
    Plain "processes"/0 => processes();
    Plain "group_leader"/0 => group_leader();
    Plain "process_flag"/2 => process_flag(0, 1);
    /// Until a message has come, with a heap made small
    Heavy "hibernate"/0 => hibernate_here();
    Heavy "hibernate"/3 => hibernate(0, 1, 2);
    Plain "bump_reductions"/1 => bump_reductions(0);
    Plain "yield"/0 => yield_();
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    Plain "spawn_system_process"/3 => spawn_system(0, 1, 2);
    Plain "group_leader"/2 => set_group_leader(0, 1);
    Plain "is_system_process"/1 => is_system_process(0);
    Plain "no_aux_work_threads"/0 => no_aux_work_threads();
    /// `{Position, Pids}`: some processes from a position in the table on, or `none`
    Plain "processes_next"/1 => processes_next(0);
} }

fn self_<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.self_pid())
}

fn make<'p>(cx: &Cx<'p>, m: Atom, f: Atom, args: Term<'p>, o: &SpawnOptions) -> BifResult<'p> {
    cx.need(args.list_len().filter(|&n| n <= 255))?;
    let leader = group_leader(cx)?;
    match spawn::create(cx.vm(), Some(cx), Start::Call(m, f, args), leader, o) {
        Some(p) => {
            cx.vm().schedule(&p);
            Ok(Term::local_pid(p.pid))
        }
        None => Err(cx.system_limit()),
    }
}

fn spawn3<'p>(cx: &Cx<'p>, m: Atom, f: Atom, args: Term<'p>) -> BifResult<'p> {
    make(cx, m, f, args, &SpawnOptions::new(cx.vm()))
}
fn spawn_link3<'p>(cx: &Cx<'p>, m: Atom, f: Atom, args: Term<'p>) -> BifResult<'p> {
    let mut o = SpawnOptions::new(cx.vm());
    o.link = true;
    make(cx, m, f, args, &o)
}
fn spawn_system<'p>(cx: &Cx<'p>, m: Atom, f: Atom, args: Term<'p>) -> BifResult<'p> {
    let mut o = SpawnOptions::new(cx.vm());
    o.system = true;
    make(cx, m, f, args, &o)
}

fn spawn_opt<'p>(
    cx: &Cx<'p>,
    m: Term<'p>,
    f: Term<'p>,
    args: Term<'p>,
    opts: Term<'p>,
) -> BifResult<'p> {
    let o = super::spawn_request::parse(cx, opts, false).map_err(|_| cx.bad("badopt"))?;
    let (m, f) = (cx.need(m.as_atom())?, cx.need(f.as_atom())?);
    let Some(how) = o.monitor else { return make(cx, m, f, args, &o.spawn) };
    cx.need(args.list_len().filter(|&n| n <= 255))?;
    let leader = group_leader(cx)?;
    let start = Start::Call(m, f, args);
    let Some(p) = spawn::create(cx.vm(), Some(cx), start, leader, &o.spawn) else {
        return Err(cx.system_limit());
    };
    // Watched before it runs, so that its end is never missed.
    let reference = relation::monitor(cx, Peer::Process(p.pid), how);
    cx.vm().schedule(&p);
    Ok(cx.heap().tuple(&[Term::local_pid(p.pid), reference]))
}

fn priority_atom(p: Priority) -> Atom {
    match p {
        Priority::Low => am::LOW,
        Priority::Normal => am::NORMAL,
        Priority::High => am::HIGH,
        Priority::Max => am::MAX,
    }
}
fn register<'p>(cx: &Cx<'p>, name: Term<'p>, t: Term<'p>) -> BifResult<'p> {
    let none = || cx.bad("none");
    let name = name.as_atom().ok_or_else(none)?;
    if name == am::UNDEFINED {
        return Err(none());
    }
    let vm = cx.vm();
    let ok = match t.view() {
        View::Pid(p) => {
            let p = p.local().ok_or_else(none)?;
            let p = vm.processes.lookup(p).ok_or_else(|| cx.bad("notalive"))?;
            if p.registered_name().is_some() && vm.registry.lookup(name).is_none() {
                return Err(cx.bad("registered_name"));
            }
            let ok = vm.registry.register(name, &p);
            if ok && p.trace.has(flag::PROCS) {
                event::process_event(cx, &p, "register", name.into());
            }
            ok
        }
        View::Port(p) => {
            let port = p.local().ok_or_else(none)?;
            vm::port::register(vm, name, port)
        }
        _ => false,
    };
    if ok { Ok(am::TRUE.into()) } else { Err(none()) }
}
fn unregister<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    match cx.vm().registry.unregister(name) {
        Some(Named::Process(pid)) => {
            if let Some(p) = cx.vm().processes.lookup(pid) {
                p.name.store(0, std::sync::atomic::Ordering::Release);
                if p.trace.has(flag::PROCS) {
                    event::process_event(cx, &p, "unregister", name.into());
                }
            }
            Ok(am::TRUE.into())
        }
        Some(Named::Port(port)) => {
            vm::port::unregister(cx.vm(), port);
            Ok(am::TRUE.into())
        }
        None => Err(cx.badarg()),
    }
}
fn whereis<'p>(cx: &Cx<'p>, name: Atom) -> BifResult<'p> {
    Ok(match cx.vm().registry.lookup(name) {
        Some(Named::Process(pid)) => Term::local_pid(pid),
        Some(Named::Port(port)) => Term::local_port(port),
        None => am::UNDEFINED.into(),
    })
}
fn registered<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    let all: Vec<Term> = cx.vm().registry.all().into_iter().map(Term::atom).collect();
    Ok(cx.heap().list(&all))
}

fn is_process_alive<'p>(cx: &Cx<'p>, pid: Pid<'p>) -> BifResult<'p> {
    let pid = cx.need(pid.local())?;
    let Some(p) = cx.vm().processes.lookup(pid) else { return Ok(Term::bool(false)) };
    if pid != cx.pid() && p.state.has(state::QUEUED) && !p.state.has(state::EXITING) {
        // What was sent to it before, perhaps by the caller, counts: it answers in signal order.
        let alive: ask::Question =
            Box::new(|cx, _| Term::bool(!cx.with(|p| p.shared.state.has(state::EXITING))));
        return Err(ask::ask(cx, pid, am::FALSE, alive));
    }
    Ok(Term::bool(!p.state.has(state::EXITING)))
}
/// Reductions that must be left when `processes/0` starts: all slots are looked at in one go, so that the list is
/// that of one moment.
pub(crate) const PROCESSES_MIN_REDS: i64 = 64;
/// Slots looked at for a reduction.
pub(crate) const SLOTS_PER_RED: usize = 4096;
/// Pids put into the list for a reduction.
pub(crate) const PIDS_PER_RED: usize = 8;

fn processes<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    if cx.reductions_left() < PROCESSES_MIN_REDS {
        cx.bump_all();
        return Err(cx.again());
    }
    let table = &cx.vm().processes;
    let all: Vec<Term> = table.pids().into_iter().map(Term::local_pid).collect();
    cx.bump(table.limit() / SLOTS_PER_RED + all.len() / PIDS_PER_RED);
    Ok(cx.heap().list(&all))
}
fn processes_next<'p>(cx: &Cx<'p>, from: usize) -> BifResult<'p> {
    let Some((next, pids)) = cx.vm().processes.pids_from(from) else {
        return Ok(am::NONE.into());
    };
    cx.bump(pids.len() / 8);
    let h = cx.heap();
    let pids: Vec<Term> = pids.into_iter().map(Term::local_pid).collect();
    Ok(h.tuple(&[h.uint(next as u64), h.list(&pids)]))
}
fn group_leader<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.group_leader())
}
fn set_group_leader<'p>(cx: &Cx<'p>, leader: Term<'p>, pid: Term<'p>) -> BifResult<'p> {
    let (Some(leader), Some(whose)) = (leader.as_pid(), pid.as_pid()) else {
        return Ok(am::BADARG.into());
    };
    if let Some(to) = RemotePid::of(pid) {
        if let Some(c) = cx.vm().dist.way(cx.vm(), to.node_name(), true).open() {
            let op = vm::dist::Op::GroupLeader { to };
            vm::dist::relation::send(cx.vm(), &c, op, Some(leader.term()));
        }
        return vm::dist::job::pace(cx, to.node_name(), am::TRUE.into());
    }
    let Some(pid) = whose.local() else { return Ok(am::BADARG.into()) };
    if pid == cx.pid() {
        cx.set_group_leader(leader.term());
        return Ok(am::TRUE.into());
    }
    if cx.vm().processes.lookup(pid).is_none() {
        return Ok(am::BADARG.into());
    }
    // Done when it returns; a process that is about to exit has none any more.
    let t = term::OwnedTerm::copy_of(leader.term());
    let set: ask::Question = Box::new(move |cx, _| {
        cx.set_group_leader(t.into_heap(cx.heap()));
        am::TRUE.into()
    });
    Err(ask::ask(cx, pid, am::BADARG, set))
}

fn process_flag<'p>(cx: &Cx<'p>, flag: Term<'p>, v: Term<'p>) -> BifResult<'p> {
    if let Some(options) = node_monitor(flag) {
        return super::dist::monitor_nodes(cx, options, v);
    }
    let Some(flag) = flag.as_atom() else { return Err(cx.bad("badopt")) };
    let size = || cx.need(v.as_usize());
    let small = |n: usize| Term::small(n as i64);
    Ok(match flag {
        am::TRAP_EXIT => {
            let on = cx.need(v.as_bool())?;
            Term::bool(cx.with(|p| std::mem::replace(&mut p.flags.trap_exit, on)))
        }
        am::ERROR_HANDLER => {
            let m = cx.need(v.as_atom())?;
            Term::atom(cx.with(|p| std::mem::replace(&mut p.error_handler, m)))
        }
        am::PRIORITY => {
            let new = cx.need(v.as_atom().and_then(priority))?;
            Term::atom(priority_atom(cx.with(|p| p.shared.state.set_priority(new))))
        }
        am::MIN_HEAP_SIZE => {
            let n = term::gc::size_for(cx.need(words(v))?);
            small(cx.with(|p| std::mem::replace(&mut p.heap.options.min_heap, n)))
        }
        am::MIN_BIN_VHEAP_SIZE => {
            let n = cx.need(words(v))?;
            small(cx.with(|p| std::mem::replace(&mut p.heap.options.min_vheap, n)))
        }
        am::FULLSWEEP_AFTER => {
            let n = size()?.min(65_535);
            small(cx.with(|p| std::mem::replace(&mut p.heap.options.fullsweep_after, n)))
        }
        am::MAX_HEAP_SIZE => {
            let m = cx.need(max_heap(v))?;
            let least = cx.with(|p| p.heap.options.min_heap);
            cx.need(m.size.is_none_or(|n| n == 0 || n >= least).then_some(()))?;
            let (size, kill, log, shared) = cx.with(|p| {
                let f = &p.flags;
                let old = (
                    p.heap.options.max_heap,
                    f.max_heap_kill,
                    f.max_heap_log,
                    p.heap.options.count_shared,
                );
                p.heap.options.max_heap = m.size.unwrap_or(old.0);
                // What is not given is as for new processes.
                let new = |given: Option<bool>, f: &AtomicBool| {
                    given.unwrap_or_else(|| f.load(Ordering::Relaxed))
                };
                let f = &cx.vm().flags;
                p.flags.max_heap_kill = new(m.kill, &f.max_heap_kill);
                p.flags.max_heap_log = new(m.log, &f.max_heap_log);
                p.heap.options.count_shared = new(m.shared, &f.max_heap_shared);
                old
            });
            max_heap_map(cx.heap(), size, kill, log, shared)
        }
        am::MESSAGE_QUEUE_DATA => {
            let new = cx.need(v.as_atom().and_then(queue_data))?;
            let old = cx.with(|p| std::mem::replace(&mut p.flags.queue_data, new));
            Term::atom(if old == QueueData::OnHeap { am::ON_HEAP } else { am::OFF_HEAP })
        }
        am::SENSITIVE => {
            let on = cx.need(v.as_bool())?;
            Term::bool(cx.with(|p| {
                p.shared.trace.set_sensitive(on);
                std::mem::replace(&mut p.flags.sensitive, on)
            }))
        }
        am::SAVE_CALLS => {
            let n = v.as_small().filter(|n| (0..=10_000).contains(n));
            let n = n.ok_or_else(|| cx.bad("none"))? as u32;
            let old = cx.with(|p| std::mem::replace(&mut p.flags.save_calls, n));
            Term::small(i64::from(old))
        }
        am::SCHEDULER => {
            let n = size()?;
            if n > cx.vm().sched.count() {
                return Err(cx.badarg());
            }
            let old = cx.with(|p| bind(&p.shared, n as u32));
            let old = Term::small(i64::from(old));
            if n > 0 && n != cx.scheduler() {
                // It goes on there.
                return Err(cx.yield_return(old));
            }
            old
        }
        a if a == atom!("async_dist") && cx.vm().release() >= 26 => {
            let on = cx.need(v.as_bool())?;
            Term::bool(cx.with(|p| std::mem::replace(&mut p.flags.async_dist, on)))
        }
        _ => return Err(cx.bad("badopt")),
    })
}

/// Binds a process to a scheduler, or to none by 0; the one it was bound to.
fn bind(p: &vm::process::Shared, to: u32) -> u32 {
    let relaxed = std::sync::atomic::Ordering::Relaxed;
    let old = if p.state.has(state::BOUND) { p.home.load(relaxed) } else { 0 };
    if to == 0 {
        p.state.clear(state::BOUND);
    } else {
        p.home.store(to, relaxed);
        p.state.set(state::BOUND);
    }
    old
}

/// The options of `monitor_nodes` or `{monitor_nodes, Options}`.
fn node_monitor(flag: Term<'_>) -> Option<Term<'_>> {
    let name = "monitor_nodes";
    match flag.as_tuple_of::<2>() {
        Some([k, v]) if k.as_atom()?.name() == name => Some(v),
        None if flag.as_atom()?.name() == name => Some(Term::nil()),
        _ => None,
    }
}
fn hibernate<'p>(cx: &Cx<'p>, m: Atom, f: Atom, args: List<'p>) -> BifResult<'p> {
    let args = cx.need(args.0.to_vec())?;
    if args.len() > 255 {
        return Err(cx.system_limit());
    }
    Err(cx.hibernate(m, f, &args))
}
fn hibernate_here<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Err(cx.doze(Doze))
}
struct Doze;
impl Resume for Doze {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        match vm::process::info::message_count(cx) {
            0 => Err(cx.wait(Doze)),
            _ => Ok(am::OK.into()),
        }
    }
}
fn bump_reductions<'p>(cx: &Cx<'p>, n: u64) -> BifResult<'p> {
    // The reference takes its small integers.
    cx.need((n < 1 << 59).then_some(()))?;
    cx.bump(n.min(4000) as usize);
    Ok(am::TRUE.into())
}
fn yield_<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Err(cx.yield_return(am::TRUE.into()))
}

fn is_system_process<'p>(cx: &Cx<'p>, pid: Pid<'p>) -> BifResult<'p> {
    let p = pid.local().and_then(|pid| cx.vm().processes.lookup(pid));
    Ok(Term::bool(p.is_some_and(|p| p.state.has(state::SYSTEM))))
}
fn no_aux_work_threads<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(Term::small(cx.vm().sched.count() as i64 + 1))
}

/// `max_heap_size` as shown.
pub fn max_heap_map<'h>(
    h: &'h term::Heap,
    size: usize,
    kill: bool,
    log: bool,
    shared: bool,
) -> Term<'h> {
    let mut pairs = vec![
        (am::SIZE.into(), h.uint(size as u64)),
        (am::KILL.into(), Term::bool(kill)),
        (am::ERROR_LOGGER.into(), Term::bool(log)),
    ];
    if term::personality::release() >= 27 {
        pairs.push((am::INCLUDE_SHARED_BINARIES.into(), Term::bool(shared)));
    }
    h.map_from_pairs(&pairs)
}
