//! The VM: everything that lives as long as the emulator.

use crate::bif::Bif;
use crate::code::CodeServer;
use crate::literal_area::LiteralSpace;
use crate::process::registry::Registry;
use crate::process::spawn::{SpawnOptions, Start};
use crate::process::{ProcRef, ProcTable, QueueData};
use crate::sched::binding::Binding;
use crate::sched::{Runnable, Schedulers};
use crate::signal::relations::Peer;
use crate::signal::{Body, Message, Sender, Signal};
use crate::timer::Timers;
use core::sync::atomic::{AtomicI64, AtomicU64, AtomicUsize, Ordering};
use std::collections::HashMap;
use term::atom::am;
use term::{Atom, Heap, OwnedTerm, Term, atom};

/// What the command line decides.
#[derive(Clone, Debug)]
pub struct Config {
    pub schedulers: usize,
    pub schedulers_online: usize,
    pub dirty_cpu: usize,
    pub dirty_io: usize,
    pub max_processes: usize,
    pub max_ports: usize,
    /// Threads that wait for descriptors, and sets of these.
    pub poll_threads: usize,
    pub poll_sets: usize,
    /// Idle schedulers wait for the first set themselves.
    pub schedulers_poll: bool,
    pub max_atoms: usize,
    /// Words.
    pub min_heap: usize,
    pub min_vheap: usize,
    pub max_heap: usize,
    pub max_heap_kill: bool,
    pub max_heap_log: bool,
    pub max_heap_include_shared: bool,
    pub fullsweep_after: usize,
    pub queue_data: QueueData,
    pub dirty_cpu_online: usize,
    /// Stacks of the threads of normal, dirty CPU and dirty I/O schedulers, in bytes.
    pub stacks: [usize; 3],
    /// Nanoseconds that idle threads of these kinds look for work before they sleep.
    pub spin: [u64; 3],
    /// Threads for drivers, as asked for.
    pub async_threads: usize,
    /// Tables of ETS that are expected.
    pub ets_limit: usize,
    /// Every table is compressed.
    pub ets_compressed: bool,
    pub time_correction: bool,
    pub time_warp: crate::time::TimeWarp,
    pub modified_timing: Option<u8>,
    /// How schedulers are bound to processors, how these lie, and whether the machine is asked that otherwise.
    pub bind: crate::sched::binding::Order,
    pub topology: Option<Vec<sys::cpu::Cpu>>,
    pub detect_topology: bool,
    pub compat_release: u32,
    /// Bytes that a channel to another node may queue before senders wait.
    pub dist_busy_limit: u64,
    /// Seconds until an unused node entry goes; nothing is never.
    pub node_gc_delay: Option<u32>,
    pub async_dist: bool,
    pub system_requests: usize,
    pub port_parallelism: bool,
    /// Milliseconds that halting waits for ports; nothing is for ever.
    pub halt_flush_timeout: Option<u64>,
    /// There is support for a debugger, and code that is loaded gets places for breakpoints.
    pub debugger: bool,
    pub line_breakpoints: bool,
    /// Stack traces know lines.
    pub line_info: bool,
    pub gc_zeal: bool,
    /// OTP release of the tree, for instance 25.
    pub release: u32,
    /// ERTS version of the tree.
    pub erts_version: String,
    /// Root of the OTP tree.
    pub root: std::path::PathBuf,
    /// The words that the emulator was started with, behind its name.
    pub emu_args: Vec<Vec<u8>>,
    /// Arguments for `init`: what stands after the emulator's flags.
    pub init_args: Vec<Vec<u8>>,
    /// `argv[0]`.
    pub program: String,
    /// Flags by name that `system_info` and others show, as given.
    pub flags: HashMap<String, String>,
}

impl Config {
    /// Milliseconds that nodes stay known which nobody refers to.
    pub fn forget_nodes_after(&self) -> u64 {
        self.node_gc_delay.map_or(u64::MAX, |s| u64::from(s) * 1000)
    }
    /// The reference's defaults for `cores` cores.
    pub fn new(root: std::path::PathBuf, cores: usize) -> Config {
        Config {
            schedulers: cores,
            schedulers_online: cores,
            dirty_cpu: cores,
            dirty_io: 10,
            max_processes: 262_144,
            max_ports: 65_536,
            poll_threads: 1,
            poll_sets: 1,
            schedulers_poll: true,
            max_atoms: 1 << 20,
            min_heap: 233,
            min_vheap: 46_422,
            max_heap: 0,
            max_heap_kill: true,
            max_heap_log: true,
            max_heap_include_shared: false,
            fullsweep_after: 65_535,
            queue_data: QueueData::OnHeap,
            dirty_cpu_online: cores,
            stacks: [2 << 20; 3],
            spin: [0; 3],
            async_threads: 1,
            ets_limit: 8192,
            ets_compressed: false,
            time_correction: true,
            time_warp: Default::default(),
            modified_timing: None,
            bind: crate::sched::binding::Order::Unbound,
            topology: None,
            detect_topology: true,
            compat_release: 25,
            debugger: false,
            line_breakpoints: true,
            dist_busy_limit: 1 << 20,
            node_gc_delay: Some(60),
            async_dist: false,
            system_requests: 2 * cores,
            port_parallelism: false,
            halt_flush_timeout: None,
            line_info: true,
            gc_zeal: false,
            release: 25,
            erts_version: String::new(),
            root,
            emu_args: Vec::new(),
            init_args: Vec::new(),
            program: "erl".into(),
            flags: HashMap::new(),
        }
    }
}

/// Pids of the processes that the VM starts beside `init`.
pub struct SystemProcesses {
    pub purger: AtomicU64,
    pub collector: AtomicU64,
    /// Of priority normal, high, max.
    pub dirty: [AtomicU64; 3],
}

impl Default for SystemProcesses {
    fn default() -> SystemProcesses {
        let none = || AtomicU64::new(u64::MAX);
        SystemProcesses { purger: none(), collector: none(), dirty: [none(), none(), none()] }
    }
}

/// What the C interface of native libraries does when the VM calls.
pub struct Hooks {
    /// A process that an object of a library watches has ended.
    pub down: fn(crate::signal::RefId, u64),
    /// It had ended before it was watched.
    pub late: fn(crate::signal::RefId, u64),
    /// The object that keeps this monitor.
    pub watcher: for<'h> fn(crate::signal::RefId, &'h Heap) -> Option<Term<'h>>,
    /// The emulator ends in order.
    pub halt: fn(),
    /// A descriptor that an object watches is ready.
    pub ready: fn(i32, sys::poll::Interest),
}

/// See the module head. Made once, never freed: `&'static Vm` goes everywhere.
pub struct Vm {
    pub config: Config,
    pub processes: ProcTable,
    pub registry: Registry,
    pub code: CodeServer,
    pub literals: LiteralSpace,
    pub sched: Schedulers,
    pub timers: Timers,
    pub ports: crate::port::Ports,
    pub ets: crate::ets::Registry,
    pub persistent: crate::persistent_term::PersistentTerms,
    pub written: crate::magic::Written,
    pub dist: crate::dist::Dist,
    pub system: SystemProcesses,
    pub flags: crate::flags::Flags,
    pub monitor: crate::system_monitor::SystemMonitor,
    pub profile: crate::system_profile::SystemProfile,
    pub debugger: crate::debugger::Debugger,
    pub tracing: crate::trace::Tracing,
    pub statistics: crate::statistics::Statistics,
    pub hooks: std::sync::OnceLock<Hooks>,
    /// What native objects of our own watch.
    pub natives: crate::native_watch::NativeWatch,
    /// Modules with a native library, in the order they first loaded one.
    pub taints: std::sync::Mutex<Vec<Atom>>,
    pub offset_watchers: crate::time::OffsetWatchers,
    nif_modules: HashMap<Atom, Vec<&'static Bif>>,
    backtrace_depth: AtomicUsize,
    preloaded: std::sync::Mutex<Vec<Atom>>,
    start: i64,
    live: AtomicI64,
}

impl Vm {
    /// A VM with these natives; `nif_modules` are installed by `erlang:load_nif/2`.
    pub fn new(
        config: Config,
        natives: &[&'static Bif],
        nif_modules: &[&'static Bif],
    ) -> std::io::Result<&'static Vm> {
        term::atom::set_limit(config.max_atoms);
        term::personality::set_release(config.release);
        crate::time::configure(config.time_correction, config.time_warp);
        let mut map = HashMap::new();
        for &bif in natives {
            map.insert((Atom::new(bif.module), Atom::new(bif.function), bif.arity), bif);
        }
        let mut nifs: HashMap<Atom, Vec<&'static Bif>> = HashMap::new();
        for &bif in nif_modules {
            nifs.entry(Atom::new(bif.module)).or_default().push(bif);
        }
        let vm: &'static Vm = Box::leak(Box::new(Vm {
            processes: ProcTable::new(config.max_processes),
            registry: Registry::default(),
            code: CodeServer::new(map),
            literals: LiteralSpace::new()?,
            sched: Schedulers::new(
                config.schedulers,
                config.schedulers_online,
                config.dirty_cpu + config.dirty_io,
                Binding::new(
                    config.schedulers,
                    config.bind,
                    config.topology.clone(),
                    config.detect_topology,
                ),
            ),
            timers: Timers::default(),
            ports: crate::port::Ports::new(config.max_ports),
            ets: crate::ets::Registry::new(),
            persistent: Default::default(),
            written: Default::default(),
            dist: crate::dist::Dist::new(
                config.dist_busy_limit as usize,
                config.forget_nodes_after(),
            ),
            system: SystemProcesses::default(),
            flags: crate::flags::Flags::new(&config),
            monitor: Default::default(),
            profile: Default::default(),
            debugger: crate::debugger::Debugger::new(config.debugger, config.line_breakpoints),
            tracing: Default::default(),
            statistics: Default::default(),
            offset_watchers: Default::default(),
            config,
            hooks: Default::default(),
            natives: Default::default(),
            taints: Default::default(),
            nif_modules: nifs,
            backtrace_depth: AtomicUsize::new(8),
            preloaded: Default::default(),
            start: crate::time::monotonic_ns(),
            live: AtomicI64::new(0),
        }));
        crate::halt::on_no_memory(vm);
        Ok(vm)
    }
    /// The native of this name, if we have it.
    pub fn native(&self, module: Atom, function: Atom, arity: usize) -> Option<&'static Bif> {
        self.code.native(module, function, arity as u32)
    }
    /// The natives that `load_nif` installs in this module.
    pub fn nifs_of(&self, module: Atom) -> &[&'static Bif] {
        self.nif_modules.get(&module).map_or(&[], |v| v)
    }
    /// The OTP release that this VM serves.
    pub fn release(&self) -> u32 {
        self.config.release
    }
    pub fn erts_version(&self) -> String {
        self.config.erts_version.clone()
    }
    /// As `system_info(system_architecture)` names this machine.
    pub fn architecture(&self) -> String {
        format!("{}-pc-linux-gnu", std::env::consts::ARCH)
    }
    pub fn backtrace_depth(&self) -> usize {
        self.backtrace_depth.load(Ordering::Relaxed)
    }
    /// Sets the depth of stack traces; the old one.
    pub fn set_backtrace_depth(&self, n: usize) -> usize {
        self.backtrace_depth.swap(n, Ordering::Relaxed)
    }
    /// Erlang monotonic time in nanoseconds: the clock of timers.
    #[inline]
    pub fn monotonic(&self) -> i64 {
        crate::time::monotonic_ns()
    }
    /// When the VM was made, on that clock.
    pub fn start_time(&self) -> i64 {
        self.start
    }

    /// Loads a module before anything runs (`erlang:pre_loaded/0`).
    pub(crate) fn preload(
        &'static self,
        module: &loader::Module,
    ) -> Result<(), crate::code::load::PrepareError> {
        let mut prepared = crate::code::load::translate(self, module)?;
        // The reference builds these modules in without their lines.
        prepared.module.lines = Vec::new();
        let m = crate::code::load::commit(self, prepared);
        self.preloaded.lock().unwrap_or_else(|e| e.into_inner()).push(m.name);
        Ok(())
    }
    pub fn preloaded(&self) -> Vec<Atom> {
        self.preloaded.lock().unwrap_or_else(|e| e.into_inner()).iter().rev().copied().collect()
    }
    /// Tells the logger why a module was refused.
    pub fn log_loading_error(&'static self, module: Atom, text: &str) {
        let text = format!("Loading of {} failed: {text}", module.name());
        self.log_error(None, Term::NIL, |h| (h.string("~s~n"), h.list(&[h.string(&text)])));
    }

    // Running.

    /// Makes a process runnable.
    #[inline]
    pub fn wake(&'static self, p: &ProcRef) {
        if p.state.activate() {
            self.profile.wakes(self, p);
            self.sched.enqueue(Runnable(p.as_ptr()));
        }
    }
    /// Schedules a process that was just created.
    pub fn schedule(&'static self, p: &ProcRef) {
        self.live.fetch_add(1, Ordering::Relaxed);
        self.wake(p);
    }
    /// Processes, and bytes of shared binaries.
    pub(crate) fn there(&self) -> [u64; 2] {
        let binaries = term::shared::total_bytes();
        [self.live.load(Ordering::Relaxed) as u64, binaries as u64]
    }
    pub(crate) fn process_gone(&self) {
        self.live.fetch_sub(1, Ordering::Relaxed);
    }
    /// Starts a timer; wakes a scheduler if it is the next one to fire.
    pub fn start_timer(
        &self,
        deadline: i64,
        action: Box<dyn crate::timer::Fire>,
    ) -> crate::timer::TimerKey {
        let (key, first) = self.timers.add(deadline, action);
        if first {
            self.timers_changed();
        }
        key
    }
    /// A timer became the first to fire: sleepers look again.
    pub(crate) fn timers_changed(&self) {
        self.sched.wake_one_sleeper();
    }
    /// Loads the preloaded modules given and runs `module:function(Args)` as the first process;
    /// returns when the VM stops.
    pub fn run(
        &'static self,
        module: Atom,
        function: Atom,
        args: impl for<'h> FnOnce(&'h Heap) -> Term<'h>,
    ) -> std::io::Result<()> {
        let heap = Heap::new();
        let args = args(&heap);
        let mut o = SpawnOptions::new(self);
        o.priority = crate::process::Priority::Normal;
        o.system = true;
        let start = Start::Call(module, function, args);
        let first = crate::process::spawn::create(self, None, start, Term::NIL, &o)
            .ok_or_else(|| std::io::Error::other("no room for the first process"))?;
        // It is its own group leader.
        // SAFETY: nobody runs it yet.
        unsafe { (*first.as_ptr()).group_leader = Term::local_pid(first.pid).raw() };
        self.start_system_processes(first.pid)?;
        crate::port::open_first(self);
        crate::time::watch_clock(self);
        self.schedule(&first);
        drop(first);
        crate::port::prepare(self);
        self.sched.start(self)?;
        self.sched.run_first(self);
        Ok(())
    }

    /// Starts the processes that work for the VM itself, as far as their modules are loaded.
    fn start_system_processes(&'static self, init: u64) -> std::io::Result<()> {
        use crate::process::Priority;
        let s = &self.system;
        let all = [
            ("erts_code_purger", Priority::High, &s.purger),
            ("erts_literal_area_collector", Priority::High, &s.collector),
            ("erts_dirty_process_signal_handler", Priority::Normal, &s.dirty[0]),
            ("erts_dirty_process_signal_handler", Priority::High, &s.dirty[1]),
            ("erts_dirty_process_signal_handler", Priority::Max, &s.dirty[2]),
        ];
        for (module, priority, pid) in all {
            let module = Atom::new(module);
            if self.code.current(module).is_none() {
                continue;
            }
            let mut o = SpawnOptions::new(self);
            o.priority = priority;
            o.queue_data = QueueData::OffHeap;
            o.system = true;
            o.parent = Some(init);
            let start = Start::Call(module, am::START, Term::NIL);
            let leader = Term::local_pid(init);
            let p = crate::process::spawn::create(self, None, start, leader, &o)
                .ok_or_else(|| std::io::Error::other("no room for the system processes"))?;
            pid.store(p.pid, Ordering::Relaxed);
            self.schedule(&p);
        }
        Ok(())
    }

    // Signals.

    /// Sends a signal to a process; signals to those that are gone are answered as the signal asks.
    pub fn signal(&'static self, to: u64, from: Sender, body: Body) {
        let s = Signal::new(from, body);
        match self.processes.lookup(to) {
            Some(p) if !p.state.has(crate::process::state::FREE) => {
                p.in_queue.push(s);
                self.wake(&p);
                crate::process::apart::signalled(self, &p);
                if p.state.has(crate::process::state::FREE) {
                    // It ended meanwhile: what it did not see is answered here.
                    for s in p.in_queue.take_all() {
                        if let crate::signal::queue::Item::Signal(s) = s {
                            crate::process::exit::too_late(self, to, *s);
                        }
                    }
                }
            }
            _ => crate::process::exit::too_late(self, to, *s),
        }
    }
    /// Sends a signal to a process or port.
    pub fn signal_peer(&'static self, to: Peer, from: Sender, body: Body) {
        match to {
            Peer::Process(pid) => self.signal(pid, from, body),
            Peer::Port(port) => crate::port::signal(self, port, from, body),
            Peer::Native => {
                if let (Body::Down(d), Sender::Process(pid)) = (body, from)
                    && !self.natives.down(d.reference, pid)
                    && let Some(h) = self.hooks.get()
                {
                    (h.down)(d.reference, pid);
                }
            }
            Peer::Remote(to) => crate::dist::relation::signal(self, to, from, body),
            Peer::TimeOffset => {
                if let Body::Demonitor { reference } = body {
                    self.offset_watchers.remove(reference);
                }
            }
            Peer::RemoteName(_) | Peer::FormerPort(_) | Peer::Nobody => {}
        }
    }
    /// Sends a message to a process; to nobody if it is gone.
    pub fn send_message(&'static self, from: Sender, to: u64, message: OwnedTerm) {
        if let Some(p) = self.processes.lookup(to) {
            self.send_to(from, &p, message);
        }
    }
    /// Sends a message to a process at hand.
    #[inline]
    pub fn send_to(&'static self, from: Sender, p: &ProcRef, message: impl Into<Message>) {
        let mut message = message.into();
        let (sender, process) = from.number();
        message.set_sender(sender, process);
        p.in_queue.push_message(message);
        self.wake(p);
    }
    /// Sends a log event to the `logger` process: what `erlang` calls the emulator's errors. `pid` is the process that it is about or that
    /// caused it, `leader` its group leader or nil. Without a logger the event goes to standard error.
    pub fn log_error(
        &'static self,
        pid: Option<u64>,
        leader: Term<'_>,
        f: impl for<'h> FnOnce(&'h Heap) -> (Term<'h>, Term<'h>),
    ) {
        use crate::flags::SystemLogger;
        use crate::process::registry::Named;
        let to = match self.flags.logger() {
            SystemLogger::Process(pid) if self.processes.lookup(pid).is_some() => {
                Some(Named::Process(pid))
            }
            logger @ (SystemLogger::Process(_) | SystemLogger::Logger) => {
                if logger != SystemLogger::Logger {
                    // It has ended.
                    self.flags.set_logger(SystemLogger::Logger);
                }
                self.registry.lookup(am::LOGGER)
            }
            SystemLogger::Undefined => return,
        };
        let m = OwnedTerm::build(|h| {
            let (format, args) = f(h);
            let tag = h.map_from_pairs(&[
                (atom!("tag").into(), am::ERROR.into()),
                (atom!("emulator").into(), am::TRUE.into()),
            ]);
            let time = h.int(sys::clock::system_ns() as i64 / 1000);
            let mut meta = vec![(am::ERROR_LOGGER.into(), tag), (atom!("time").into(), time)];
            if let Some(pid) = pid {
                meta.push((atom!("pid").into(), Term::local_pid(pid)));
            }
            if !leader.is_nil() {
                meta.push((atom!("gl").into(), h.copy(leader)));
            }
            let meta = h.map_from_pairs(&meta);
            h.tuple(&[atom!("log").into(), am::ERROR.into(), format, args, meta])
        });
        match to {
            Some(Named::Process(to)) => self.send_message(Sender::System, to, m),
            _ => {
                use std::io::Write;
                let text = term::print::to_text(m.term());
                let lost = "(no logger present) unexpected logger message:";
                let _ = writeln!(std::io::stderr(), "{lost} {text}");
            }
        }
    }

    /// A process ended: rooms that keep things for it let them go.
    pub(crate) fn process_exits(&'static self, pid: u64) {
        self.ets.process_exits(self, pid);
    }
}
