//! What an emulator start is configured to be: the typed outcome of the flags.

use crate::word::Word;
use std::path::PathBuf;
use sys::cpu::Cpu;
use vm::sched::binding::Order;

/// Logical processors of the machine.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub struct Cpus {
    /// Configured: what `+S` and the percentages relate to.
    pub configured: i64,
    /// Usable by this process: its affinity mask and the container's quota count.
    pub available: i64,
}

impl Cpus {
    /// Asks the system.
    pub fn detect() -> Self {
        let count = |n: Option<usize>| n.and_then(|n| i64::try_from(n).ok()).filter(|n| *n > 0);
        let configured = count(sys::cpu::configured()).unwrap_or(1);
        let available = count(sys::cpu::available()).unwrap_or(configured);
        let available = count(sys::cpu::quota()).map_or(available, |quota| available.min(quota));
        Self { configured, available }
    }
}

/// `+B`: what Ctrl-C does.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum Break {
    /// The break menu.
    #[default]
    Menu,
    /// `+Bi`: nothing.
    Ignore,
    /// `+Bc`: interrupts the shell.
    InterruptShell,
    /// `+B`, `+Bd`: the signal keeps its default effect, which ends the process.
    Disabled,
}

/// `+C`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum TimeWarp {
    #[default]
    No,
    Single,
    Multi,
}

/// `+W`: as what warnings are logged.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum WarningMap {
    Info,
    #[default]
    Warning,
    Error,
}

/// `+fn`: how file names are encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum FileNames {
    /// By the locale: UTF-8 if that says so, else Latin-1.
    #[default]
    Locale,
    Latin1,
    Utf8,
}

/// `+fn`, second letter: what becomes of names that are not rightly encoded.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum BadNames {
    #[default]
    Warn,
    Ignore,
    Error,
}

/// `+n`: how signals reach ports.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum PortSignals {
    #[default]
    OnConflict,
    Synchronous,
    Asynchronous,
}

/// `+hmqd`.
#[derive(Debug, Clone, Copy, PartialEq, Eq, Default)]
pub enum MessageQueueData {
    #[default]
    OnHeap,
    OffHeap,
}

/// Busy waiting of idle schedulers (`+sbwt` and its kin), from none to most.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum BusyWait {
    None,
    VeryShort,
    Short,
    Medium,
    Long,
    VeryLong,
}

/// Everything that the flags decide, and the arguments of `init`.
#[derive(Debug, Clone, PartialEq, Eq)]
pub struct EmuConfig {
    /// The emulator's name as it was started (argv[0]; an escript's name, for instance).
    pub program: Word,
    /// The root directory (`-root`), if it was given.
    pub root: Option<PathBuf>,
    /// The program directory (`-bindir`), if it was given.
    pub bindir: Option<PathBuf>,
    /// The OTP release of the root.
    pub release: u32,
    /// Every word behind the name.
    pub arguments: Vec<Word>,
    /// The arguments for `init`: every word behind the flags' `--`.
    pub init_args: Vec<Word>,

    /// `+S`, `+SP`: schedulers, and how many of them run at first; 1 ≤ online ≤ total ≤ 1024.
    pub schedulers: u32,
    pub schedulers_online: u32,
    /// `+SDcpu`, `+SDPcpu`: the same for dirty CPU schedulers; never more than schedulers.
    pub dirty_cpu_schedulers: u32,
    pub dirty_cpu_schedulers_online: u32,
    /// `+SDio`: 1 to 1024.
    pub dirty_io_schedulers: u32,
    /// `+A`, ERL_THREAD_POOL_SIZE: threads for drivers, 1 to 1024.
    pub async_threads: u32,
    /// `+a`: their stack, in kilowords.
    pub async_stack: u32,
    /// `+sss`, `+sssdcpu`, `+sssdio`: stacks of scheduler threads, in kilowords.
    pub scheduler_stack: u32,
    pub dirty_cpu_stack: u32,
    pub dirty_io_stack: u32,
    /// `+sbwt`, `+sbwtdcpu`, `+sbwtdio`.
    pub busy_wait: BusyWait,
    pub busy_wait_dirty_cpu: BusyWait,
    pub busy_wait_dirty_io: BusyWait,
    /// `+sbt`, `+stbt`.
    pub bind: Order,
    /// `+sct`: how processors lie.
    pub topology: Option<Vec<Cpu>>,
    /// `+ssrct` takes it away: ask the machine how they lie.
    pub detect_topology: bool,
    /// `+scl`: gather load on few schedulers.
    pub compact_load: bool,
    /// `+sub`: balance utilization instead.
    pub balance_utilization: bool,
    /// `+sfwi`: milliseconds between forced wake-ups; 0 is never.
    pub forced_wakeup: u64,
    /// `+spp`: default of port option parallelism.
    pub port_parallelism: bool,
    /// `+IOt`, `+IOp`: threads and sets for polling.
    pub poll_threads: u32,
    pub poll_sets: u32,
    /// `+IOs`: idle schedulers poll.
    pub schedulers_poll: bool,

    /// `+P`, `+Q`: most processes and ports. Ports are nothing when neither flag nor ERL_MAX_PORTS spoke: then the
    /// limit of open files has a say.
    pub max_processes: u32,
    pub max_ports: Option<u32>,
    /// `+t`: most atoms.
    pub max_atoms: u32,
    /// `+e`, ERL_MAX_ETS_TABLES: tables expected.
    pub ets_tables: u32,
    /// `+ec`: every table is compressed.
    pub ets_compressed: bool,
    /// `+hms`, `+hmbs`: least heap and binary virtual heap of a process, in words.
    pub min_heap_size: u32,
    pub min_bin_vheap_size: u32,
    /// `+hmax` (words; 0 is none) and what happens beyond it.
    pub max_heap_size: u64,
    pub max_heap_kill: bool,
    pub max_heap_log: bool,
    pub max_heap_include_shared_binaries: bool,
    /// `+hmqd`.
    pub message_queue_data: MessageQueueData,
    /// `+hpds`: first size of a process dictionary.
    pub dictionary_size: u32,
    /// ERL_FULLSWEEP_AFTER: minor collections between major ones.
    pub fullsweep_after: u16,
    /// `+pad`: default of flag async_dist (OTP 26 on).
    pub async_dist: bool,

    /// `+c`, `+C`.
    pub time_correction: bool,
    pub time_warp: TimeWarp,
    /// `+T`: modified timing level.
    pub modified_timing: Option<u8>,
    /// `+B`.
    pub break_handling: Break,
    /// `+W`.
    pub warnings: WarningMap,
    /// `+fn`.
    pub file_names: FileNames,
    pub bad_names: BadNames,
    /// `+pc unicode`.
    pub printable_unicode: bool,
    /// Not `+L`: stack traces know lines.
    pub line_info: bool,
    /// `+d`: internal errors make a core dump, not a crash dump.
    pub no_crash_dump: bool,
    /// `+i`: the module whose `boot/1` is run first.
    pub boot_module: Word,
    /// `+n`.
    pub port_signals: PortSignals,
    /// `+R`: the release to be compatible with.
    pub compat_release: u32,
    pub debugger: bool,
    pub line_breakpoints: bool,
    /// `+zdbbl`: bytes that a distribution channel may queue before senders wait.
    pub dist_busy_limit: u64,
    /// `+zdntgc`: seconds until an unused node entry goes; nothing is never.
    pub node_gc_delay: Option<u32>,
    /// `+zosrl`: outstanding requests of system processes.
    pub system_requests: u32,
    /// `+zhft`: milliseconds that halting waits for ports; nothing is for ever (OTP 26 on).
    pub halt_flush_timeout: Option<u64>,
    /// `+JPperf`: write a perf map.
    pub perf_support: bool,
}

impl EmuConfig {
    /// The defaults of `release`, before environment and flags.
    pub fn new(release: u32) -> Self {
        Self {
            program: b"beam.smp".to_vec(),
            root: None,
            bindir: None,
            release,
            arguments: Vec::new(),
            init_args: Vec::new(),
            schedulers: 1,
            schedulers_online: 1,
            dirty_cpu_schedulers: 1,
            dirty_cpu_schedulers_online: 1,
            dirty_io_schedulers: 10,
            async_threads: 1,
            async_stack: 16,
            scheduler_stack: 128,
            dirty_cpu_stack: 40,
            dirty_io_stack: 40,
            busy_wait: BusyWait::Medium,
            busy_wait_dirty_cpu: BusyWait::Short,
            busy_wait_dirty_io: BusyWait::Short,
            bind: Order::Unbound,
            topology: None,
            detect_topology: true,
            compact_load: true,
            balance_utilization: false,
            forced_wakeup: 0,
            port_parallelism: false,
            poll_threads: 1,
            poll_sets: 1,
            schedulers_poll: true,
            max_processes: if release >= 27 { 1_048_576 } else { 262_144 },
            max_ports: None,
            max_atoms: 1_048_576,
            ets_tables: 0,
            ets_compressed: false,
            min_heap_size: 233,
            min_bin_vheap_size: 32_768,
            max_heap_size: 0,
            max_heap_kill: true,
            max_heap_log: true,
            max_heap_include_shared_binaries: false,
            message_queue_data: MessageQueueData::OnHeap,
            dictionary_size: 8,
            fullsweep_after: u16::MAX,
            async_dist: false,
            time_correction: true,
            time_warp: TimeWarp::No,
            modified_timing: None,
            break_handling: Break::Menu,
            warnings: WarningMap::Warning,
            file_names: FileNames::Locale,
            bad_names: BadNames::Warn,
            printable_unicode: false,
            line_info: true,
            no_crash_dump: false,
            boot_module: b"init".to_vec(),
            port_signals: PortSignals::OnConflict,
            compat_release: release,
            debugger: false,
            line_breakpoints: true,
            dist_busy_limit: 1024 * 1024,
            node_gc_delay: Some(60),
            system_requests: 0,
            halt_flush_timeout: None,
            perf_support: false,
        }
    }
}
