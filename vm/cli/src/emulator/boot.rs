//! From a parsed command line to a running VM.

use super::config::{
    BadNames, Break, BusyWait, EmuConfig, FileNames, MessageQueueData, TimeWarp, WarningMap,
};
use crate::otp::OtpTree;
use crate::word;
use std::io::Write;
use std::path::PathBuf;
use std::process::ExitCode;
use sys::signal::Action;
use term::{Atom, Term};
use vm::{Config, Vm};

/// Loads the preloaded modules and runs `erl_init:start/2`; returns when the node has stopped.
pub fn start(config: EmuConfig, tree: Option<OtpTree>) -> ExitCode {
    match boot(config, tree) {
        Ok(code) => code,
        Err(text) => {
            let _ = writeln!(std::io::stderr(), "{text}");
            ExitCode::FAILURE
        }
    }
}

fn boot(config: EmuConfig, tree: Option<OtpTree>) -> Result<ExitCode, String> {
    let Some(tree) = tree else {
        return Err("no OTP tree: give one with -root or ERL_ROOTDIR".into());
    };
    configure_names(&config);
    sys::mem::keep_freed();
    if let Some(file) = word::env("OXBEAM_PROFILE").filter(|f| !f.is_empty()) {
        let file = PathBuf::from(word::show(&file).into_owned());
        vm::sampling::start(file).map_err(|e| format!("cannot sample: {e}"))?;
    }
    let machine = vm_config(&config, &tree);
    let of_release = |tables| bifs::personality::of_release(machine.release, tables);
    let natives = of_release([bifs::tables(), nif::tables()].concat());
    let nifs = of_release(bifs::nif_tables());
    let vm =
        Vm::new(machine, &natives, &nifs).map_err(|e| format!("cannot reserve memory: {e}"))?;
    nif::start(vm);
    let helpers = (config.schedulers_online as usize).clamp(1, MOST_HELPERS + 1) - 1;
    vm::code::preload::preload(vm, &preloaded(&tree)?, helpers)?;
    start_signals(vm, config.break_handling).map_err(|e| format!("cannot handle signals: {e}"))?;
    let module = Atom::new(&String::from_utf8_lossy(&config.boot_module));
    let words = config.init_args.clone();
    vm.run(Atom::new("erl_init"), Atom::new("start"), |h| {
        let args: Vec<Term> = words.iter().map(|w| h.binary(w)).collect();
        h.list(&[Term::atom(module), h.list(&args)])
    })
    .map_err(|e| format!("cannot start: {e}"))?;
    Ok(ExitCode::SUCCESS)
}

/// What OS signals do.
fn start_signals(vm: &'static Vm, handling: Break) -> std::io::Result<()> {
    sys::tty::remember();
    vm::os_signal::start(vm)?;
    let set: &[(&str, Action)] = match handling {
        Break::Ignore => {
            &[("sigint", Action::Ignore), ("sigquit", Action::Ignore), ("sigtstp", Action::Ignore)]
        }
        Break::Menu => &[("sigint", Action::Handle), ("sigquit", Action::Handle)],
        Break::InterruptShell => {
            // ^C becomes a character like others, which the shell understands.
            if let Ok(mode) = sys::tty::Mode::of(0) {
                let _ = mode.without_interrupt().set(0);
            }
            &[("sigint", Action::Handle), ("sigquit", Action::Handle)]
        }
        _ => &[],
    };
    for (name, action) in set {
        if let Some(number) = sys::signal::number(name) {
            sys::signal::set(number, *action)?;
        }
    }
    Ok(())
}

/// `+fn`, `+pc`
fn configure_names(c: &EmuConfig) {
    use bifs::file_name as names;
    let encoding = match c.file_names {
        FileNames::Locale => None,
        FileNames::Latin1 => Some(names::Encoding::Latin1),
        FileNames::Utf8 => Some(names::Encoding::Utf8),
    };
    let bad = match c.bad_names {
        BadNames::Warn => names::BadNames::Warn,
        BadNames::Ignore => names::BadNames::Ignore,
        BadNames::Error => names::BadNames::Error,
    };
    names::configure(encoding, bad);
    names::set_printable_unicode(c.printable_unicode);
}

/// Bytes of stack that a thread which runs natives gets at least.
const LEAST_STACK: usize = 16 << 20;
/// The limit of ETS tables that `system_info` shows without `+e`.
const LEAST_ETS_LIMIT: usize = 8192;

fn vm_config(c: &EmuConfig, tree: &OtpTree) -> Config {
    let mut v = Config::new(tree.root.clone(), c.schedulers as usize);
    v.schedulers_online = c.schedulers_online as usize;
    v.dirty_cpu = c.dirty_cpu_schedulers as usize;
    v.dirty_io = c.dirty_io_schedulers as usize;
    // Tables have sizes of powers of two.
    v.max_processes = (c.max_processes as usize).next_power_of_two();
    v.max_ports = (c.max_ports.unwrap_or(65_536) as usize).next_power_of_two();
    v.poll_threads = c.poll_threads as usize;
    v.poll_sets = c.poll_sets as usize;
    v.schedulers_poll = c.schedulers_poll;
    v.max_atoms = c.max_atoms as usize;
    v.min_heap = term::gc::size_for(c.min_heap_size as usize);
    v.min_vheap = term::gc::size_for(c.min_bin_vheap_size as usize);
    v.max_heap = c.max_heap_size as usize;
    v.fullsweep_after = usize::from(c.fullsweep_after);
    v.dirty_cpu_online = c.dirty_cpu_schedulers_online as usize;
    // Our natives need more stack than the reference's defaults; what is asked for beyond that counts.
    let stack = |kilowords: u32| (kilowords as usize * 8 * 1024).max(LEAST_STACK);
    v.stacks = [stack(c.scheduler_stack), stack(c.dirty_cpu_stack), stack(c.dirty_io_stack)];
    v.spin = [c.busy_wait, c.busy_wait_dirty_cpu, c.busy_wait_dirty_io].map(spin);
    v.async_threads = c.async_threads as usize;
    v.ets_limit = (c.ets_tables as usize).max(LEAST_ETS_LIMIT);
    v.ets_compressed = c.ets_compressed;
    v.max_heap_kill = c.max_heap_kill;
    v.max_heap_log = c.max_heap_log;
    v.max_heap_include_shared = c.max_heap_include_shared_binaries;
    v.queue_data = match c.message_queue_data {
        MessageQueueData::OnHeap => vm::process::QueueData::OnHeap,
        MessageQueueData::OffHeap => vm::process::QueueData::OffHeap,
    };
    v.time_correction = c.time_correction;
    v.time_warp = match c.time_warp {
        TimeWarp::No => vm::time::TimeWarp::No,
        TimeWarp::Single => vm::time::TimeWarp::Single,
        TimeWarp::Multi => vm::time::TimeWarp::Multi,
    };
    v.modified_timing = c.modified_timing;
    v.bind = c.bind;
    v.topology = c.topology.clone();
    v.detect_topology = c.detect_topology;
    v.compat_release = c.compat_release;
    v.debugger = c.debugger;
    v.line_breakpoints = c.line_breakpoints;
    v.dist_busy_limit = c.dist_busy_limit;
    v.node_gc_delay = c.node_gc_delay;
    v.async_dist = c.async_dist;
    v.system_requests = c.system_requests as usize;
    v.port_parallelism = c.port_parallelism;
    v.halt_flush_timeout = c.halt_flush_timeout;
    v.line_info = c.line_info;
    v.emu_args = c.arguments.clone();
    v.gc_zeal = word::env("OXBEAM_GC_ZEAL").is_some_and(|v| v != b"0");
    v.release = tree.release;
    v.erts_version = tree.erts.clone();
    v.program = word::show(&c.program).into_owned();
    v.init_args = c.init_args.clone();
    let warnings = match c.warnings {
        WarningMap::Info => "i",
        WarningMap::Warning => "w",
        WarningMap::Error => "e",
    };
    v.flags.insert("warnings".into(), warnings.into());
    if c.break_handling == Break::Ignore {
        v.flags.insert("break".into(), "ignore".into());
    }
    v
}

/// How long idle threads look for work, in nanoseconds: waking one that sleeps takes some 10,000. Where processor time is
/// rationed or there is one processor, looking would take it from who has work.
fn spin(wait: BusyWait) -> u64 {
    let Some(processors) = sys::cpu::available().filter(|n| *n >= 2) else { return 0 };
    if sys::cpu::quota().is_some_and(|n| n < processors) {
        return 0;
    }
    match wait {
        BusyWait::None => 0,
        BusyWait::VeryShort => 2_000,
        BusyWait::Short => 8_000,
        BusyWait::Medium => 15_000,
        BusyWait::Long => 100_000,
        BusyWait::VeryLong => 400_000,
    }
}

/// Threads that help to load the preloaded modules.
const MOST_HELPERS: usize = 3;

/// The order of preloaded modules in the reference: it shows in `erlang:pre_loaded/0`, and in the order in which small
/// maps since OTP 26 show atoms that no part of the VM names.
const PRELOAD_ORDER: [&str; 22] = [
    "erts_code_purger",
    "erl_init",
    "init",
    "prim_buffer",
    "prim_eval",
    "prim_inet",
    "prim_file",
    "zlib",
    "socket_registry",
    "prim_socket",
    "prim_net",
    "prim_zip",
    "erl_prim_loader",
    "erlang",
    "erts_internal",
    "erl_tracer",
    "erts_literal_area_collector",
    "erts_trace_cleaner",
    "erts_dirty_process_signal_handler",
    "atomics",
    "counters",
    "persistent_term",
];

/// The `.beam` files that are loaded before anything runs.
fn preloaded(tree: &OtpTree) -> Result<Vec<PathBuf>, String> {
    let dirs = [
        tree.root.join(format!("erts-{}/ebin", tree.erts)),
        tree.root.join(format!("lib/erts-{}/ebin", tree.erts)),
    ];
    let dir = dirs
        .iter()
        .find(|d| d.join("erl_init.beam").exists())
        .ok_or_else(|| format!("no preloaded modules below {}", tree.root.display()))?;
    let mut files: Vec<PathBuf> = std::fs::read_dir(dir)
        .map_err(|e| format!("{}: {e}", dir.display()))?
        .filter_map(|e| Some(e.ok()?.path()))
        .filter(|p| p.extension().is_some_and(|x| x == "beam"))
        .collect();
    files.sort_by_cached_key(|f| {
        let name = f.file_stem().unwrap_or_default().to_string_lossy().into_owned();
        (PRELOAD_ORDER.iter().position(|n| *n == name).unwrap_or(PRELOAD_ORDER.len()), name)
    });
    Ok(files)
}
