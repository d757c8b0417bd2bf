//! Schedulers: threads that run processes [erl_process.c].
//!
//! One thread per scheduler, each with a run queue of its own ([`run_queue`]); a thread without
//! work steals, then sleeps until it is woken or a timer is due. Dirty pools run natives that block
//! or compute for long. A process is in at most one queue (see `process::state`), and whoever took it
//! from there is the only one to touch its inside.

pub(crate) mod aside;
pub mod binding;
pub mod block;
pub mod counts;
mod dirty;
mod idle;
mod park;
mod polling;
pub mod progress;
pub(crate) mod run_queue;
mod trim;
pub mod wall;

use crate::code::native::CallEnv;
use crate::interp::{self, Outcome, Regs};
use crate::process::{Priority, ProcRef, Process, info, state, task};
use crate::trace;
use crate::vm::Vm;
use core::sync::atomic::{AtomicBool, AtomicI64, AtomicU32, AtomicU64, AtomicUsize, Ordering};
use dirty::DirtyPool;
use idle::{BALANCE, balance, idle, steal};
use park::Parker;
use polling::Polling;
use progress::Progress;
use run_queue::RunQueue;
use std::sync::Mutex;
use std::time::Duration;
use term::RawTerm;
use wall::WallTimes;

/// A process that may be run: whoever holds this has the right to.
pub(crate) struct Runnable(pub *mut Process);

// SAFETY: the right to run moves with the value.
unsafe impl Send for Runnable {}

/// What a thread is to the VM.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum ThreadKind {
    Other,
    Normal,
    DirtyCpu,
    DirtyIo,
}

thread_local! {
    static SCHEDULER: core::cell::Cell<usize> = const { core::cell::Cell::new(0) };
    static KIND: core::cell::Cell<ThreadKind> = const { core::cell::Cell::new(ThreadKind::Other) };
    /// Ports of connections that have packets, to be told when the running process has had its slice.
    static OWED: core::cell::RefCell<Vec<u64>> = const { core::cell::RefCell::new(Vec::new()) };
}

/// Leaves it to the end of the slice to tell a port that it has packets, so that what a process sends in a row leaves
/// together. `false`: the calling thread is no scheduler.
pub(crate) fn owe_output(port: u64) -> bool {
    if thread_kind() != ThreadKind::Normal {
        return false;
    }
    OWED.with_borrow_mut(|owed| {
        if !owed.contains(&port) {
            owed.push(port);
        }
    });
    true
}

/// Tells the ports of [`owe_output`].
pub(crate) fn pay_output(vm: &'static Vm) {
    while let Some(port) = OWED.with_borrow_mut(Vec::pop) {
        crate::port::dist_output(vm, port);
    }
}

/// The scheduler that the calling thread is (from 1), 0 if it is none.
pub fn scheduler() -> usize {
    SCHEDULER.get()
}

/// What the calling thread is.
/// The scheduler (from 1) that this thread is; 0 of others.
pub fn scheduler_id() -> usize {
    SCHEDULER.get()
}
pub fn thread_kind() -> ThreadKind {
    KIND.get()
}

/// Something small to be done by a scheduler between two slices: a function and its argument.
type Chore = (fn(usize), usize);

/// One scheduler as others see it.
pub(crate) struct Scheduler {
    pub queue: RunQueue,
    pub parker: Parker,
    /// Its thread is in the system; see [`aside`].
    pub aside: AtomicBool,
    /// Others may take from its queue; see [`Backlog`].
    pub crowded: AtomicBool,
    /// Reductions that processes have run here.
    pub reductions: AtomicU64,
    /// The same with what they gave up of their slices.
    spent: AtomicU64,
    pub switches: AtomicU64,
    /// Pid of the process that it runs; `u64::MAX`: none.
    pub current: AtomicU64,
    /// When it was without work the last time, on the monotonic clock.
    pub awake_since: AtomicI64,
    /// How many times in a row it has looked for work in vain.
    pub misses: AtomicU32,
}

impl Default for Scheduler {
    fn default() -> Scheduler {
        Scheduler {
            queue: RunQueue::default(),
            parker: Parker::default(),
            aside: AtomicBool::new(false),
            crowded: AtomicBool::new(false),
            reductions: AtomicU64::new(0),
            spent: AtomicU64::new(0),
            switches: AtomicU64::new(0),
            current: AtomicU64::new(u64::MAX),
            awake_since: AtomicI64::new(i64::MIN / 2),
            misses: AtomicU32::new(0),
        }
    }
}

/// All schedulers of a VM.
pub struct Schedulers {
    pub progress: Progress,
    pub wall: WallTimes,
    pub counts: counts::SchedulingCounts,
    pub binding: binding::Binding,
    blockers: block::Blockers,
    normal: Vec<Scheduler>,
    online: AtomicUsize,
    dirty_cpu: DirtyPool,
    dirty_io: DirtyPool,
    /// How many normal schedulers sleep.
    sleeping: AtomicUsize,
    aside: aside::Aside,
    trim: trim::Trim,
    stopping: AtomicBool,
    chores: Mutex<Vec<Chore>>,
    /// There may be chores.
    chores_wait: AtomicBool,
    /// Chores that are not done.
    chores_left: AtomicUsize,
    /// Multi-scheduling is blocked: only this scheduler (from 1) runs, 0 for none.
    pub(crate) blocked_by: AtomicUsize,
}

impl Schedulers {
    /// `dirty`: how many dirty threads there are.
    pub(crate) fn new(
        n: usize,
        online: usize,
        dirty: usize,
        binding: binding::Binding,
    ) -> Schedulers {
        Schedulers {
            progress: Progress::new(n, dirty),
            wall: WallTimes::new(n + dirty),
            counts: Default::default(),
            binding,
            blockers: Default::default(),
            normal: (0..n).map(|_| Scheduler::default()).collect(),
            online: AtomicUsize::new(online),
            dirty_cpu: DirtyPool::default(),
            dirty_io: DirtyPool::default(),
            sleeping: AtomicUsize::new(0),
            aside: Default::default(),
            trim: trim::Trim::new(),
            stopping: AtomicBool::new(false),
            chores: Mutex::default(),
            chores_wait: AtomicBool::new(false),
            chores_left: AtomicUsize::new(0),
            blocked_by: AtomicUsize::new(0),
        }
    }
    pub fn count(&self) -> usize {
        self.normal.len()
    }
    pub fn online(&self) -> usize {
        self.online.load(Ordering::Relaxed)
    }
    /// Sets how many schedulers run processes; the old number.
    pub fn set_online(&self, n: usize) -> usize {
        let old = self.online.swap(n.clamp(1, self.count()), Ordering::AcqRel);
        self.wake_all();
        old
    }
    /// Reductions run by all, those under way not counted.
    pub fn reductions(&self) -> u64 {
        self.normal.iter().map(|s| s.reductions.load(Ordering::Relaxed)).sum()
    }
    pub fn context_switches(&self) -> u64 {
        self.normal.iter().map(|s| s.switches.load(Ordering::Relaxed)).sum()
    }
    /// How many processes a scheduler (from 1) has begun to run, and how many wait for it.
    pub(crate) fn turn(&self, scheduler: usize) -> (u64, usize) {
        let s = scheduler.checked_sub(1).and_then(|i| self.normal.get(i));
        s.map_or((0, 0), |s| (s.switches.load(Ordering::Relaxed), s.queue.len()))
    }
    /// How often schedulers have compared their queues.
    pub fn balanced(&self) -> u64 {
        self.normal.iter().map(|s| s.switches.load(Ordering::Relaxed) / BALANCE).sum()
    }
    /// By scheduler: whether it is not asleep.
    pub(crate) fn awake(&self) -> Vec<bool> {
        self.normal.iter().map(|s| !s.parker.asleep.load(Ordering::SeqCst)).collect()
    }
    /// The process that a scheduler (from 1) runs.
    pub fn current(&self, scheduler: usize) -> Option<u64> {
        let s = self.normal.get(scheduler.checked_sub(1)?)?;
        Some(s.current.load(Ordering::Relaxed)).filter(|pid| *pid != u64::MAX)
    }
    /// Lengths of one scheduler's queues: max, high, normal, low.
    pub fn lengths_by_priority(&self, index: usize) -> [usize; 4] {
        self.normal.get(index).map_or([0; 4], |s| s.queue.lengths())
    }
    /// Processes that run: on each scheduler, then on all dirty CPU and all dirty I/O threads.
    pub fn running(&self, dirty_cpu: usize) -> Vec<usize> {
        let busy =
            |from: usize, to: usize| (from..to).filter(|i| self.progress.is_busy(*i)).count();
        let n = self.count();
        let mut v: Vec<usize> = (0..n).map(|i| busy(i, i + 1)).collect();
        v.push(busy(n, n + dirty_cpu));
        v.push(busy(n + dirty_cpu, self.wall.threads()));
        v
    }
    /// Lengths of the run queues, then of the dirty CPU and dirty I/O queues.
    pub fn queue_lengths(&self) -> Vec<usize> {
        let mut v: Vec<usize> = self.normal.iter().map(|s| s.queue.len()).collect();
        v.push(self.dirty_cpu.len());
        v.push(self.dirty_io.len());
        v
    }
    /// Wakes one scheduler if all of those online sleep.
    pub(crate) fn wake_one_sleeper(&self) {
        if let Some(s) = self.normal.iter().find(|s| s.parker.asleep.load(Ordering::SeqCst)) {
            s.parker.wake();
        }
    }
    pub(crate) fn wake_all(&self) {
        for s in &self.normal {
            s.parker.wake();
        }
    }
    /// Puts a process that may run into a queue.
    pub(crate) fn enqueue(&self, p: Runnable) {
        // SAFETY: the shared side is alive: the process is runnable.
        let shared = unsafe { &(*p.0).shared };
        let s = shared.state.get();
        if s & (state::DIRTY_CPU | state::DIRTY_IO) != 0 && s & state::EXITING == 0 {
            let pool = if s & state::DIRTY_CPU != 0 { &self.dirty_cpu } else { &self.dirty_io };
            pool.push(shared.state.effective_priority(), p);
            return;
        }
        // Who has just found that a descriptor is ready has nothing else to do.
        let takes = polling::takes();
        let home = if takes > 0 { takes } else { shared.home.load(Ordering::Relaxed) as usize };
        let home = home.max(1) - 1;
        let home = if home >= self.online() { 0 } else { home };
        let own = scheduler().wrapping_sub(1);
        // Waking a thread costs more than most processes have to do. When they are many, `Backlog` sees to it.
        let local = own < self.online()
            && (own == home
                || s & state::BOUND == 0 && self.normal[home].parker.asleep.load(Ordering::SeqCst))
            && thread_kind() == ThreadKind::Normal
            && self.blocked_by.load(Ordering::SeqCst) == 0;
        let sched = &self.normal[if local { own } else { home }];
        let len = sched.queue.push(shared.state.effective_priority(), p);
        if !local && sched.parker.asleep.load(Ordering::SeqCst) {
            sched.parker.wake();
            return;
        }
        let unseen = !local && len > 1 || sched.aside.load(Ordering::SeqCst);
        if unseen && self.sleeping.load(Ordering::SeqCst) > 0 {
            // Somebody idle may steal.
            sched.crowded.store(true, Ordering::SeqCst);
            self.rouse_one();
        }
    }
    /// Whether a scheduler that does not run has work, also what is bound to it.
    fn stands(&self, index: usize) -> bool {
        let blocked = !matches!(self.blocked_by.load(Ordering::SeqCst), 0 | usize::MAX);
        (blocked || index >= self.online())
            && self.normal.get(index).is_some_and(|s| !s.queue.is_empty())
    }
    /// Wakes one of those that are online and sleep.
    fn rouse_one(&self) {
        let mut online = self.normal[..self.online()].iter();
        if let Some(s) = online.find(|s| s.parker.asleep.load(Ordering::SeqCst)) {
            s.parker.wake();
        }
    }

    /// Lets a process in a run queue go as early as one of this priority, at least `High`.
    pub(crate) fn promote(&self, process: *const Process, to: Priority) {
        let _ = self.normal.iter().any(|s| !s.queue.is_empty() && s.queue.promote(process, to));
    }
    /// Whether a scheduler is to run processes.
    fn may_run(&self, index: usize) -> bool {
        match self.blocked_by.load(Ordering::SeqCst) {
            0 | usize::MAX => index < self.online(),
            by => by == index + 1,
        }
    }
    /// A process from the queue of a scheduler that does not run, because others are blocked
    /// or it is not online: who has work of its own must not leave those behind.
    fn stranded(&self, index: usize) -> Option<Runnable> {
        let blocked = !matches!(self.blocked_by.load(Ordering::SeqCst), 0 | usize::MAX);
        let online = self.online();
        if !blocked && online == self.count() && !self.aside.is_used() {
            return None;
        }
        let aside = |i: usize| self.normal[i].aside.load(Ordering::SeqCst);
        let idle = |i: usize| i != index && (blocked || i >= online || aside(i));
        let others = self.normal.iter().enumerate().filter(|(i, _)| idle(*i));
        // Who is only in the system for a moment keeps what is bound to it.
        let mut queues = others
            .map(|(i, s)| if blocked || i >= online { s.queue.pop() } else { s.queue.steal() });
        queues.find_map(|p| p)
    }

    /// Starts all threads but scheduler 1, which the caller becomes with [`Schedulers::run_first`].
    pub(crate) fn start(&'static self, vm: &'static Vm) -> std::io::Result<()> {
        for i in 1..self.normal.len() {
            std::thread::Builder::new()
                .name(format!("{}_scheduler", i + 1))
                .stack_size(vm.config.stacks[0])
                .spawn(move || run_scheduler(vm, i))?;
        }
        let pools = [
            (vm.config.dirty_cpu, &self.dirty_cpu, "dirty_cpu", ThreadKind::DirtyCpu, 1),
            (vm.config.dirty_io, &self.dirty_io, "dirty_io", ThreadKind::DirtyIo, 2),
        ];
        let mut thread = self.progress.dirty(0);
        for (n, pool, name, kind, stack) in pools {
            for i in 0..n {
                let thread_builder = std::thread::Builder::new().name(format!("{}_{name}", i + 1));
                thread_builder.stack_size(vm.config.stacks[stack]).spawn(move || {
                    KIND.set(kind);
                    run_dirty(vm, pool, thread)
                })?;
                thread += 1;
            }
        }
        Ok(())
    }
    /// Runs scheduler 1 on this thread until the emulator ends.
    pub(crate) fn run_first(&'static self, vm: &'static Vm) {
        run_scheduler(vm, 0);
        crate::halt::wait_for_the_end()
    }
    /// Stops the world: returns when no scheduler runs a process. Dirty threads go on.
    pub(crate) fn block_all(&self) {
        /// Not the number of any scheduler.
        const NOBODY: usize = usize::MAX - 1;
        self.blocked_by.store(NOBODY, Ordering::SeqCst);
        self.wake_all();
        // One that is awake from here on sees the block before it picks a process.
        while !self.normal.iter().all(|s| s.parker.asleep.load(Ordering::SeqCst)) {
            std::thread::sleep(Duration::from_millis(1));
        }
    }
    /// Lets the world go on.
    pub(crate) fn unblock_all(&self) {
        self.blocked_by.store(0, Ordering::SeqCst);
        self.wake_all();
    }
    /// Has a scheduler call `f(argument)` soon, between two slices and without locks held.
    pub fn later(&self, f: fn(usize), argument: usize) {
        self.chores_left.fetch_add(1, Ordering::AcqRel);
        self.chores.lock().unwrap_or_else(|e| e.into_inner()).push((f, argument));
        self.chores_wait.store(true, Ordering::SeqCst);
        // A scheduler sees to it itself when its slice is over.
        if thread_kind() != ThreadKind::Normal {
            self.wake_one_sleeper();
        }
    }
    fn do_chores(&self) {
        if self.chores_wait.swap(false, Ordering::SeqCst) {
            let chores =
                core::mem::take(&mut *self.chores.lock().unwrap_or_else(|e| e.into_inner()));
            for (f, argument) in chores {
                f(argument);
                self.chores_left.fetch_sub(1, Ordering::AcqRel);
            }
        }
    }
    /// Whether every chore is done.
    pub fn is_tidy(&self) -> bool {
        self.chores_left.load(Ordering::Acquire) == 0
    }
    /// Makes all schedulers stop picking processes.
    pub fn stop(&self) {
        self.stopping.store(true, Ordering::SeqCst);
        self.wake_all();
    }
}

fn new_regs(vm: &'static Vm, scheduler: usize) -> Box<Regs> {
    Box::new(Regs {
        x: [RawTerm::NIL; interp::X_REGS],
        f: [0.0; interp::F_REGS],
        process: core::ptr::null_mut(),
        vm,
        scheduler,
        turn: core::mem::MaybeUninit::uninit(),
        env: CallEnv::new(core::ptr::null(), core::ptr::null(), core::ptr::null()),
        entry: core::ptr::null(),
        outcome: Outcome::Yielded,
        ip: core::ptr::null(),
        htop: core::ptr::null_mut(),
        e: core::ptr::null_mut(),
        fc: 0,
        slice: 0,
        bs_data: core::ptr::null_mut(),
        bs_at: 0,
        bs_end: 0,
    })
}

fn run_scheduler(vm: &'static Vm, index: usize) {
    let all = &vm.sched;
    let me = &all.normal[index];
    let mut regs = new_regs(vm, index + 1);
    let mut since_timers = 0u32;
    let mut polling = Polling::default();
    me.parker.adopt(crate::port::of_schedulers(vm));
    let mut bound = 0u32;
    let mut backlog = Backlog(0);
    KIND.set(ThreadKind::Normal);
    SCHEDULER.set(index + 1);
    sys::blocks::join();
    while !all.stopping.load(Ordering::Relaxed) {
        sys::blocks::look();
        all.binding.check(index, &mut bound);
        if all.chores_wait.load(Ordering::Relaxed) {
            all.do_chores();
        }
        if vm.timers.next().is_some() {
            since_timers += 1;
            if since_timers.is_multiple_of(4) || me.queue.is_empty() {
                vm.timers.run(vm, vm.monotonic());
            }
        }
        let may_run = all.may_run(index);
        if may_run && let Some(p) = all.stranded(index) {
            // SAFETY: the shared side is alive: the process is runnable.
            let priority = unsafe { (*p.0).shared.state.effective_priority() };
            me.queue.push(priority, p);
        }
        let own = if may_run { me.queue.pop() } else { None };
        let stolen = own.is_none();
        let next = if may_run { own.or_else(|| steal(all, index)) } else { None };
        match next {
            Some(p) => {
                if (me.switches.fetch_add(1, Ordering::Relaxed) + 1).is_multiple_of(BALANCE) {
                    balance(all, me, index);
                }
                all.trim.ran();
                all.progress.enter(index);
                all.wall.enter(vm, index);
                // SAFETY: whoever holds the runnable may look at it.
                let pid = unsafe { (*p.0).shared.pid };
                me.current.store(pid, Ordering::Relaxed);
                vm.profile.scheduler(vm, index, Some(pid));
                if all.counts.is_on() {
                    // SAFETY: as above.
                    all.counts.count(unsafe { (*p.0).shared.state.priority() }, stolen);
                }
                let before = me.spent.load(Ordering::Relaxed);
                run_process(vm, me, &mut regs, p);
                pay_output(vm);
                let reds = me.spent.load(Ordering::Relaxed) - before;
                backlog.after_slice(all, me, reds);
                me.current.store(u64::MAX, Ordering::Relaxed);
                all.wall.leave(vm, index);
                all.progress.leave(index);
                all.look_while_busy(vm, me, index, &mut polling);
            }
            None => idle(vm, all, me, index, &mut polling),
        }
    }
    sys::blocks::leave();
}

/// How much others waited on a scheduler for its slices, in reductions. One whose queue never gets empty calls for help
/// after a while: short runs of messages are faster where they began than on two processors [wakeup_other_check].
struct Backlog(u64);

impl Backlog {
    /// About one slice.
    const MUCH: u64 = 3000;
    /// What changing from one process to the next counts.
    const CHANGE: u64 = 20;

    #[inline]
    fn after_slice(&mut self, all: &Schedulers, me: &Scheduler, reds: u64) {
        // One of those that wait goes on at once.
        let left = me.queue.len().saturating_sub(1) as u64;
        if left == 0 {
            self.0 = 0;
            if me.crowded.load(Ordering::Relaxed) {
                me.crowded.store(false, Ordering::Relaxed);
            }
            return;
        }
        self.0 += left * (reds + Self::CHANGE);
        if self.0 < Self::MUCH {
            return;
        }
        self.0 = 0;
        me.crowded.store(true, Ordering::SeqCst);
        if all.sleeping.load(Ordering::SeqCst) > 0 {
            all.rouse_one();
        }
    }
}

/// Gives one time slice to a process.
fn run_process(vm: &'static Vm, me: &Scheduler, regs: &mut Regs, p: Runnable) {
    let process = p.0;
    // SAFETY: holding the runnable makes this thread the only one inside the process; it stays
    // in the table, and so allocated, until it terminates here.
    unsafe {
        let keep = ProcRef::from_owner(process);
        let p = &mut *process;
        keep.state.run();
        keep.state.clear(state::ACTIVE);
        let messages = p.messages.len();
        let told_in = trace::event::slices(p) && !keep.state.has(state::SUSPENDED);
        if told_in {
            trace::event::slice(vm, p, true);
        }
        if !keep.in_queue.is_empty() {
            crate::signal::handle::fetch(p, vm, regs.scheduler);
        }
        // Lifted for somebody's sake: what is less urgent waits for its time.
        let at = keep.state.effective_priority();
        let lifted = keep.state.settle();
        if task::pending(p) && p.exit_reason.is_none() {
            task::run_all(p, vm, if lifted { at } else { Priority::Low });
        }
        if p.exit_reason.is_some() && crate::process::exit::held_up(p, vm) {
            task::run_ending(p, vm);
            return let_go(vm, &keep, process);
        }
        let ends_elsewhere = crate::process::exit::ends_elsewhere(p);
        if !ends_elsewhere && let Some(reason) = p.exit_reason.take() {
            crate::process::exit::terminate(process, vm, *reason);
            return;
        }
        if p.large_payload || ends_elsewhere {
            if told_in {
                trace::event::slice(vm, p, false);
            }
            keep.state.set(state::DIRTY_CPU | state::ACTIVE);
            keep.state.clear(state::RUNNING);
            // Others that end do not go there.
            let priority = keep.state.effective_priority();
            return vm.sched.dirty_cpu.push(priority, Runnable(process));
        }
        let s = keep.state.get();
        let runs =
            s & state::SUSPENDED == 0 && (s & state::HIBERNATING == 0 || !p.messages.is_empty());
        if told_in && !runs {
            trace::event::slice(vm, p, false);
        }
        let news = p.messages.len() != messages || p.receive_timer.fired || p.resume.is_some();
        if s & state::SUSPENDED != 0 {
            // It goes on when a signal that resumes it has been handled, and has what came until then still to look at.
            if news {
                keep.state.clear(state::WAITING);
            }
            return let_go(vm, &keep, process);
        }
        if s & state::HIBERNATING != 0 {
            if p.messages.is_empty() {
                return let_go(vm, &keep, process);
            }
            keep.state.clear(state::HIBERNATING);
        }
        if s & state::WAITING != 0 && !news {
            // Nothing that it waits for.
            if told_in {
                trace::event::slice(vm, p, false);
            }
            return let_go(vm, &keep, process);
        }
        vm.profile.runs(vm, &keep);
        keep.state.clear(state::WAITING);
        if lifted && keep.state.priority() > Priority::High {
            // Those who waited have their answers; now it waits for its turn again.
            if told_in {
                trace::event::slice(vm, p, false);
            }
            return requeue(vm, &keep, process);
        }
        if s & state::BOUND == 0 {
            keep.home.store(regs.scheduler as u32, Ordering::Relaxed);
        }
        let start = vm.monitor.slice_starts(vm);
        let from = start.and_then(|_| task::function(vm, p));
        let pid = p.pid();
        if !told_in && trace::event::slices(p) {
            trace::event::slice(vm, p, true);
        }
        let outcome = slice(me, regs, process);
        if outcome != Outcome::Exited && trace::event::slices(&*process) {
            trace::event::slice(vm, &mut *process, false);
        }
        if start.is_some() {
            // SAFETY: unless it has exited, this thread still has the process.
            let gone = outcome == Outcome::Exited;
            let to = if gone { None } else { task::function(vm, &*process) };
            vm.monitor.slice_ended(vm, pid, start, (from, to));
        }
        if outcome != Outcome::Exited {
            vm.monitor.queue_changed(vm, &mut *process);
        }
        match outcome {
            Outcome::Exited => {}
            Outcome::Waiting => wait(vm, &keep, process),
            Outcome::Yielded | Outcome::Running => requeue(vm, &keep, process),
            Outcome::Dirty => {
                let kind = (*process).dirty_kind();
                keep.state.set(kind | state::ACTIVE);
                keep.state.clear(state::RUNNING);
                vm.sched.enqueue(Runnable(process));
            }
        }
    }
}

/// Runs the interpreter for one slice.
unsafe fn slice(me: &Scheduler, regs: &mut Regs, process: *mut Process) -> Outcome {
    // SAFETY: by the caller's right to run the process.
    unsafe {
        let p = &mut *process;
        regs.process = process;
        let n = p.saved.len();
        regs.x[..n].copy_from_slice(&p.saved);
        p.saved.clear();
        if p.saved.capacity() > 16 {
            p.saved = Vec::new();
        }
        // Who waits has less patience than the reductions of a slice take in an interpreter.
        let reds = if me.queue.is_empty() { interp::CONTEXT_REDS } else { interp::SHARED_REDS };
        p.begin_slice(reds);
        let ip = p.ip;
        let outcome = interp::run(regs, ip, reds);
        let spent = (reds - regs.fc).clamp(1, 1 << 40) as u64;
        me.spent.fetch_add(spent, Ordering::Relaxed);
        if outcome == Outcome::Exited {
            me.reductions.fetch_add(spent, Ordering::Relaxed);
            return outcome;
        }
        let used = (*process).reductions_used(regs.fc).max(1);
        me.reductions.fetch_add(used, Ordering::Relaxed);
        (*process).shared.reductions.fetch_add(used, Ordering::Relaxed);
        outcome
    }
}

/// It waits for a signal.
fn wait(vm: &'static Vm, keep: &ProcRef, process: *mut Process) {
    if keep.in_queue.is_empty() {
        keep.state.set(state::WAITING);
    }
    let_go(vm, keep, process)
}

/// There is no reason to run: nobody has the process, unless something came meanwhile.
fn let_go(vm: &'static Vm, keep: &ProcRef, process: *mut Process) {
    // SAFETY: the caller still has the process.
    let p = unsafe { &*process };
    let tasks = task::pending(p);
    keep.memory.store(info::memory_of(p) as u64, Ordering::Relaxed);
    if !tasks && keep.in_queue.is_empty() && vm.profile.release(vm, keep) {
        return;
    }
    requeue(vm, keep, process)
}

/// The slice is over: back into a queue.
fn requeue(vm: &'static Vm, keep: &ProcRef, process: *mut Process) {
    // SAFETY: the caller still has the process.
    keep.memory.store(info::memory_of(unsafe { &*process }) as u64, Ordering::Relaxed);
    keep.state.set(state::ACTIVE);
    keep.state.clear(state::RUNNING);
    vm.sched.enqueue(Runnable(process));
}

/// A dirty thread: runs natives to their end, then hands the process back.
/// `thread`: its number among all threads.
fn run_dirty(vm: &'static Vm, pool: &'static DirtyPool, thread: usize) {
    let mut regs = new_regs(vm, 0);
    let idle = Scheduler::default();
    let spin = vm.config.spin[if thread_kind() == ThreadKind::DirtyCpu { 1 } else { 2 }];
    loop {
        let p = pool.pop(spin, || vm.monotonic());
        let process = p.0;
        vm.sched.progress.enter(thread);
        vm.sched.wall.enter(vm, thread);
        // SAFETY: as in `run_process`.
        unsafe {
            let keep = ProcRef::from_owner(process);
            let exiting = (*process).exit_reason.is_some();
            if !exiting && trace::event::slices(&*process) {
                trace::event::slice(vm, &mut *process, true);
            }
            let outcome = if crate::process::exit::ends_elsewhere(&*process)
                && let Some(reason) = (*process).exit_reason.take()
            {
                crate::process::exit::terminate(process, vm, *reason);
                Outcome::Exited
            } else if exiting {
                Outcome::Yielded
            } else if (*process).large_payload {
                crate::signal::handle::fetch_large(&mut *process, vm);
                // It may be what the process waits for.
                keep.state.clear(state::WAITING);
                Outcome::Yielded
            } else if let Some((need, major)) = (*process).collect_dirty.take() {
                interp::collect_saved(&mut *process, vm, need as usize, major);
                Outcome::Yielded
            } else {
                slice(&idle, &mut regs, process)
            };
            let gone = outcome == Outcome::Exited || keep.state.has(state::FREE);
            if !exiting && !gone && trace::event::slices(&*process) {
                trace::event::slice(vm, &mut *process, false);
            }
            // Nobody is to look into it before this thread lets go.
            keep.state.set(state::RUNNING);
            keep.state.clear(state::DIRTY_CPU | state::DIRTY_IO);
            match outcome {
                Outcome::Exited => {}
                _ if keep.state.has(state::FREE) => crate::process::exit::bury(&mut *process),
                Outcome::Dirty => {
                    keep.state.set((*process).dirty_kind() | state::ACTIVE);
                    keep.state.clear(state::RUNNING);
                    vm.sched.enqueue(Runnable(process));
                }
                Outcome::Waiting => wait(vm, &keep, process),
                _ => requeue(vm, &keep, process),
            }
        }
        vm.sched.wall.leave(vm, thread);
        vm.sched.progress.leave(thread);
    }
}
