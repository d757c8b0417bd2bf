//! How a process ends [erl_process.c: erts_do_exit_process].

use super::table::ProcRef;
use super::{Process, state};
use crate::dist::Role;
use crate::interp::{Outcome, Regs};
use crate::sched::{ThreadKind, thread_kind};
use crate::signal::queue::Item;
use crate::signal::relations::Peer;
use crate::signal::{Body, DownSignal, ExitSignal, Sender, Signal};
use crate::stop::{Class, Raise};
use crate::vm::Vm;
use term::atom::am;
use term::copy::{Literals, size_words_with};
use term::{Atom, OwnedTerm, Term};

/// Its first function returned.
pub(crate) unsafe fn normal(r: *mut Regs) -> Outcome {
    // SAFETY: the caller runs the process.
    let (p, vm) = unsafe { ((*r).process, (*r).vm) };
    end(p, vm, OwnedTerm::immediate(Term::atom(am::NORMAL)))
}

/// An exception that nobody caught.
pub(crate) unsafe fn uncaught(r: *mut Regs, raise: Raise) -> Outcome {
    // SAFETY: the caller runs the process; the raise's terms are of its heap.
    let (p, vm) = unsafe { (&mut *(*r).process, (*r).vm) };
    let heap = &p.heap.heap;
    // SAFETY: as above; nothing collects here.
    let (reason, trace) = unsafe { (raise.reason.brand(), raise.stacktrace.brand()) };
    let value = match raise.class {
        Class::Exit => reason,
        Class::Error => {
            let trace = crate::except::build_stacktrace(vm, heap, trace);
            heap.tuple(&[reason, trace])
        }
        Class::Throw => {
            let trace = crate::except::build_stacktrace(vm, heap, trace);
            let nocatch = heap.tuple(&[Term::atom(am::NOCATCH), reason]);
            heap.tuple(&[nocatch, trace])
        }
    };
    let value = OwnedTerm::copy_of(value);
    if raise.class != Class::Exit {
        log_exit(p, vm, &value);
    }
    end(p, vm, value)
}

/// Ends the process at once if nothing holds it up, else when it is its turn again.
fn end(process: *mut Process, vm: &'static Vm, reason: OwnedTerm) -> Outcome {
    // SAFETY: the caller is the runner.
    let p = unsafe { &mut *process };
    let elsewhere = thread_kind() == ThreadKind::Normal && is_long(p, &reason);
    if elsewhere || crate::dist::relation::busy(p, vm).is_some() {
        p.exit_reason = Some(Box::new(reason));
        p.shared.state.set(state::EXITING);
        return Outcome::Yielded;
    }
    terminate(process, vm, reason);
    Outcome::Exited
}

/// Words of a reason that takes long to copy or encode for each who hears of the end.
const LONG_REASON: usize = 1 << 14;

/// Others to tell of the end, and messages to let go, that take some tenths of a millisecond.
const MANY: usize = 2000;

/// Whether a dirty thread ends the process, so that telling others of it holds up no scheduler.
fn is_long(p: &Process, reason: &OwnedTerm) -> bool {
    let related =
        p.relations.get().map_or(0, |t| t.links.len() + t.watchers.len() + t.watches.len());
    if related.max(p.messages.len() / 8) > MANY {
        return true;
    }
    // Literals are not copied, but they are encoded.
    let term = reason.term();
    let literal = !term.is_immediate() && term::literal::contains(term.raw().ptr() as u64);
    let words = if literal { size_words_with(term, Literals::Copy) } else { reason.words() };
    words >= LONG_REASON
        && p.relations.get().is_some_and(|t| {
            let watched = t.remote.as_ref().is_some_and(|r| !r.watchers.is_empty());
            watched || !t.links.is_empty() || !t.watchers.is_empty()
        })
}

/// The same of a process that is to end.
pub(crate) fn ends_elsewhere(p: &Process) -> bool {
    p.exit_reason.as_ref().is_some_and(|reason| is_long(p, reason))
}

/// Whether the end has to wait: the process has not sent yet all that it was sending, or others of other nodes are to hear of its
/// end and the way to them is busy. For the latter it waits once.
pub(crate) fn held_up(p: &mut Process, vm: &'static Vm) -> bool {
    let waits = waits(p, vm);
    let before = p.shared.state.has(state::HELD_UP) && p.shared.state.has(state::EXITING);
    if p.shared.trace.has(crate::trace::flag::EXITING) {
        if before {
            crate::trace::event::exiting(vm, p, "in_exiting");
        }
        if waits {
            crate::trace::event::exiting(vm, p, "out_exiting");
        }
    }
    if waits {
        p.shared.state.set(state::EXITING | state::HELD_UP);
    }
    waits
}

fn waits(p: &mut Process, vm: &'static Vm) -> bool {
    let me = p.pid();
    if let Some(r) = &mut p.resume
        && r.resume.delays_end(me)
    {
        return true;
    }
    if let Some(c) = p.extra.as_ref().and_then(|e| e.exit_waits.as_ref()) {
        return c.has_waiting(me);
    }
    let Some(c) = crate::dist::relation::busy(p, vm) else { return false };
    if !c.wait_to_end(me) {
        return false;
    }
    vm.monitor.busy_dist_port(vm, me, c.controller());
    p.extra().exit_waits = Some(c);
    true
}

/// Tells the logger that a process ended with an error.
fn log_exit(p: &Process, vm: &'static Vm, value: &OwnedTerm) {
    let me = p.pid();
    let node = term::node::this().name;
    let alive = node != am::NONODE_NOHOST;
    // SAFETY: the group leader is a root of the process, which does not run meanwhile.
    let leader = unsafe { p.group_leader.brand() };
    vm.log_error(Some(me), leader, |h| {
        let v = h.copy(value.term());
        let format = if alive {
            "Error in process ~p on node ~p with exit value:~n~p~n"
        } else {
            "Error in process ~p with exit value:~n~p~n"
        };
        let args = if alive {
            h.list(&[Term::local_pid(me), Term::atom(node), v])
        } else {
            h.list(&[Term::local_pid(me), v])
        };
        (h.string(format), args)
    });
}

/// Tells the logger that `max_heap_size` was reached.
pub(crate) fn log_max_heap(p: &Process, vm: &'static Vm) {
    let me = p.pid();
    // SAFETY: the group leader is a root of the process.
    let leader = unsafe { p.group_leader.brand() };
    let heap = p.heap.young_words() + p.heap.old_words() + p.heap.stack_words();
    let on_heap = p.flags.queue_data == super::QueueData::OnHeap;
    let total = heap + if on_heap { p.messages.detached_words() } else { 0 };
    let (max, kill) = (p.heap.options.max_heap, p.flags.max_heap_kill);
    vm.log_error(Some(me), leader, |h| {
        let format = "     Process:          ~p ~n     Context:          maximum heap size reached~n     Max Heap Size:    ~p~n     Total Heap Size:  ~p~n     Kill:             ~p~n     Error Logger:     true~n     GC Info:          []~n";
        let args = [
            Term::local_pid(me),
            Term::small(max as i64),
            Term::small(total as i64),
            Term::bool(kill),
        ];
        (h.string(format), h.list(&args))
    });
}

/// Ends the process with `reason`: it leaves the table, its links and watchers are told, its memory
/// goes. The caller runs it and must not touch it afterwards.
pub(crate) fn terminate(process: *mut Process, vm: &'static Vm, reason: OwnedTerm) {
    // SAFETY: the caller is the runner.
    let p = unsafe { &mut *process };
    // What it was sending goes before what tells of its end.
    p.resume = None;
    let table_ref = leave(p, vm, &reason);
    bury(p);
    drop(table_ref);
}

/// The memory of a process that [`leave`] was called for goes.
pub(crate) fn bury(p: &mut Process) {
    let remains = p.remains.take();
    p.resume = None;
    p.why = None;
    p.held = Vec::new();
    p.saved = Vec::new();
    p.dict = None;
    p.messages = crate::signal::inner::MessageQueue::new();
    p.heap.free();
    // Maybe the last count of the process.
    drop(remains);
}

/// Tells of the end whoever wants to know.
#[cold]
fn traced(p: &mut Process, vm: &'static Vm, reason: &OwnedTerm) {
    use crate::trace::{event, flag};
    if event::procs(p) {
        event::procs_event(vm, p, am::EXIT, reason.term());
    }
    if p.shared.trace.has(flag::CALL) {
        crate::trace::call::scheduled_out(p);
    }
    if p.shared.trace.has(flag::EXITING) {
        event::exiting(vm, p, "out_exited");
    }
}

/// Everything of [`terminate`] but the process's memory. Returns the table's count of it.
pub(crate) fn leave(p: &mut Process, vm: &'static Vm, reason: &OwnedTerm) -> Option<ProcRef> {
    let me = p.pid();
    if p.shared.state.has(state::SYSTEM) {
        // The VM does not work without it.
        let pid = crate::dump::info::pid_text(me);
        let text = format!("System process {pid} terminated: {}", print(reason));
        let asker = p.shared.home.load(core::sync::atomic::Ordering::Relaxed) as usize;
        crate::halt::halt(vm, crate::halt::Halt::Dump(text), None, asker);
    }
    p.shared.state.set(state::EXITING);
    if p.shared.trace.flags() != 0 {
        traced(p, vm, reason);
    }
    crate::timer::cancel_receive(p);
    if let Some(name) = p.shared.registered_name() {
        vm.registry.process_exits(name, me);
        if crate::trace::event::procs(p) {
            crate::trace::event::procs_event(vm, p, Atom::new("unregister"), name.into());
        }
    }
    vm.process_exits(me);
    vm.sched.blocker_exits(me);
    vm.monitor.process_exits(me);
    vm.profile.process_exits(vm, me);
    vm.profile.ends(vm, p);
    // From here on nobody finds it.
    let table_ref = vm.processes.remove(me);
    if p.shared.state.has(state::TIMERS) {
        vm.timers.receiver_gone(me);
    }
    let shared_reason = reason;
    // Whoever hears of the end of a connection's process may connect again at once.
    let dist = p.extra.as_mut().and_then(|e| e.dist.take());
    match &dist {
        Some(Role::Controller(c)) => crate::dist::down::closed(vm, c, shared_reason),
        // Before its links: connections end for this reason, not for that of the processes that keep them.
        Some(Role::NetKernel) => vm.dist.net_kernel_exits(vm, shared_reason),
        None => {}
    }
    let mut leaving = crate::trace::seq::Leaving::of(p);
    if let Some(mut tables) = p.relations.take() {
        let leaving = &mut leaving;
        crate::dist::relation::process_exits(vm, me, &mut tables, shared_reason, leaving);
        for alias in tables.aliases.keys() {
            vm.written.aliases.forget(*alias);
        }
        // Ports first: `net_kernel`, told that a controller is gone, lets others connect again at once.
        for ports in [true, false] {
            for (peer, link) in &tables.links {
                let of_this_round = matches!(peer, Peer::Port(_)) == ports;
                if link.unlinking == 0 && of_this_round && !matches!(peer, Peer::Remote(_)) {
                    let token = leaving.as_mut().and_then(|l| {
                        let Peer::Process(pid) = *peer else { return None };
                        l.exit(vm, Term::local_pid(pid), shared_reason.term())
                    });
                    send_linked_exit(vm, *peer, me, shared_reason, token);
                }
            }
        }
        for (reference, w) in &tables.watchers {
            let d = DownSignal { reference: *reference, reason: copy(shared_reason), afar: false };
            vm.signal_peer(w.watcher, Sender::Process(me), Body::Down(Box::new(d)));
        }
        for (reference, w) in &tables.watches {
            if matches!(w.target, Peer::Process(_) | Peer::Port(_) | Peer::TimeOffset) {
                let body = Body::Demonitor { reference: *reference };
                vm.signal_peer(w.target, Sender::Process(me), body);
            }
        }
    }
    p.shared.state.set(state::FREE);
    flush(p, vm, shared_reason);
    if let Some(extra) = p.extra.take() {
        super::suspend::suspender_exits(vm, me, &extra.suspended_by_me);
        if extra.monitors_nodes {
            crate::dist::nodes::process_exits(vm, me);
        }
        extra.tasks.into_iter().for_each(|t| t.too_late(vm));
        extra.owned.into_values().for_each(|o| (o.on_exit)(&o.object));
    }
    vm.process_gone();
    table_ref
}

fn print(t: &OwnedTerm) -> String {
    term::print::to_text(t.term())
}

fn copy(t: &OwnedTerm) -> OwnedTerm {
    OwnedTerm::copy_of(t.term())
}

/// Exit through a link.
pub(crate) fn send_linked_exit(
    vm: &'static Vm,
    peer: Peer,
    from: u64,
    reason: &OwnedTerm,
    token: Option<OwnedTerm>,
) {
    let x = ExitSignal {
        reason: copy(reason),
        linked: true,
        kill: false,
        sender: OwnedTerm::immediate(Term::local_pid(from)),
        token,
    };
    vm.signal_peer(peer, Sender::Process(from), Body::Exit(Box::new(x)));
}

/// Answers what arrived too late.
pub(crate) fn flush(p: &mut Process, vm: &'static Vm, _reason: &OwnedTerm) {
    let me = p.pid();
    for s in p.shared.in_queue.take_all() {
        if let Item::Signal(s) = s {
            too_late(vm, me, *s);
        }
    }
}

/// A signal to a process that is gone: links and monitors get `noproc`.
pub(crate) fn too_late(vm: &'static Vm, target: u64, s: Signal) {
    let noproc = || OwnedTerm::immediate(Term::atom(am::NOPROC));
    let body = crate::dist::relation::too_late(vm, target, s.from, s.body);
    let Some(body) = body else { return };
    match (body, crate::signal::handle::peer_of(s.from)) {
        (Body::Link | Body::TracedLink(_), Some(peer)) => {
            send_linked_exit(vm, peer, target, &noproc(), None)
        }
        (Body::Monitor(m), _) if s.from == Sender::System => {
            if let Some(h) = vm.hooks.get() {
                (h.late)(m.reference, target);
            }
        }
        (Body::Monitor(m), _) => {
            let d = DownSignal { reference: m.reference, reason: noproc(), afar: false };
            let watcher = match s.from {
                Sender::Port(port) => Peer::Port(port),
                _ => Peer::Process(m.watcher),
            };
            vm.signal_peer(watcher, Sender::Process(target), Body::Down(Box::new(d)));
        }
        (Body::Unlink { id }, Some(peer)) => {
            vm.signal_peer(peer, Sender::Process(target), Body::UnlinkAck { id });
        }
        (Body::Request(r), _) => r.too_late(vm),
        (Body::Task(t), _) => t.too_late(vm),
        _ => {}
    }
}
