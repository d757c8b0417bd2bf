//! The emulator's flags: one table that feeds the parser, the usage text and docs/differences.md.
//!
//! Names are without their sign: `+P` on a command line reaches the emulator as `-P`. Texts of complaints are the
//! reference's, since scripts look for them (`erl_init.c: erl_start`, `early_init`). The order of phases is the
//! reference's too: with several bad values, that of the earliest phase is complained about.

use super::config::*;
use super::parse::Draft;
use super::values::*;
use crate::word::show;

/// How a flag takes its value.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Form {
    /// No value; the word must be this flag exactly.
    Exact,
    /// No value; more letters do no harm.
    Alone,
    /// A value, attached or in the next word.
    Value,
    /// `-B`: a letter, attached or in the next word, or none.
    BreakLetter,
    /// `-c`: a boolean, attached or in the next word, or none.
    OptionalBoolean,
    /// `-M`: a switch of an allocator and its value.
    Memory,
}

/// When a flag is looked at.
#[derive(Debug, Clone, Copy, PartialEq, Eq, PartialOrd, Ord)]
pub enum Phase {
    /// Numbers of threads, before anything else.
    Early,
    /// Memory allocators.
    Memory,
    /// Polling.
    Polling,
    /// The rest, in the order of the command line.
    Main,
}

/// Whether a flag changes anything here.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub enum Effect {
    /// It is part of [`EmuConfig`].
    Used,
    /// It is checked and then ignored, for this reason.
    Ignored(&'static str),
}

/// Why parsing ends, or is worth a remark.
#[derive(Debug, Clone, PartialEq, Eq)]
pub enum Complaint {
    /// This line, if not empty, and the usage; status 1.
    Usage(String),
    /// This line; parsing goes on.
    Remark(String),
    /// `-V`: the version; status 0.
    Version,
}

type Outcome = Result<(), Complaint>;

/// One flag.
pub struct Flag {
    pub name: &'static str,
    pub form: Form,
    /// How the value is called in the usage text.
    pub value: &'static str,
    pub help: &'static str,
    pub effect: Effect,
    /// The first release that knows it.
    pub since: u32,
    pub phase: Phase,
    pub set: fn(&mut Draft, &[u8]) -> Outcome,
}

/// `Err(Usage)` with a text.
fn bad(text: String) -> Outcome {
    Err(Complaint::Usage(text))
}

/// Stores a value, or complains.
fn store<T>(place: &mut T, value: Option<T>, what: &str, text: &[u8]) -> Outcome {
    match value {
        Some(value) => {
            *place = value;
            Ok(())
        }
        None => bad(format!("{what}{}", show(text))),
    }
}

/// A number within bounds, as `atoi` reads it.
fn within(text: &[u8], low: i64, high: i64) -> Option<u32> {
    let n = atoi(text);
    (low..=high).contains(&n).then(|| u32::try_from(n).unwrap_or(u32::MAX))
}

/// A word out of a list.
fn one_of(text: &[u8], list: &[&str], what: &str) -> Outcome {
    store(&mut (), list.iter().any(|w| w.as_bytes() == text).then_some(()), what, text)
}

fn boolean(text: &[u8]) -> Option<bool> {
    match text {
        b"true" => Some(true),
        b"false" => Some(false),
        _ => None,
    }
}

/// A table limit: a number, or `legacy`, which asks for the old table and keeps the default limit.
fn table_limit(text: &[u8], default: u32) -> Option<u32> {
    if text == b"legacy" {
        return Some(default);
    }
    within(text, 1024, MAX_TABLE)
}

/// The most processes or ports that may be asked for.
const MAX_TABLE: i64 = 134_217_727;
/// The most schedulers of a kind.
pub const MAX_SCHEDULERS: i64 = 1024;

const WAKEUP: &[&str] = &["very_low", "low", "medium", "high", "very_high"];
const OWN_ALLOCATORS: Effect = Effect::Ignored("memory is managed differently");
const OWN_POLICY: Effect = Effect::Ignored("the wake-up policy is our own");
const OWN_BALANCE: Effect = Effect::Ignored("idle schedulers steal");
const NO_JIT: Effect = Effect::Ignored("there is no such code generator");

use Effect::{Ignored, Used};
use Form::{Alone, Exact, Value};
use Phase::{Early, Main, Memory, Polling};

/// A row: name, form and value, then help, effect, first release, phase, and what it sets.
macro_rules! flags {
    ($($name:literal $form:ident $value:literal, $help:literal, $effect:expr, $since:literal, $phase:ident,
       |$d:ident, $v:ident| $set:expr;)*) => {
        &[$(Flag {
            name: $name,
            form: Form::$form,
            value: $value,
            help: $help,
            effect: $effect,
            since: $since,
            phase: $phase,
            set: |$d, $v| $set,
        }),*]
    };
}

/// Every flag. A longer name goes before its beginnings only in the reader's mind: the parser takes the longest.
#[rustfmt::skip]
pub const FLAGS: &[Flag] = flags! {
    "a" Value "KILOWORDS", "stack of async threads (16-8192)", Ignored("their size is the system's default"), 25, Main,
        |d, v| store(&mut d.config.async_stack, within(v, 16, 8192), "bad stack size for async threads ", v);
    "A" Value "N", "async threads for drivers (1-1024)", Used, 25, Early,
        |d, v| store(&mut d.config.async_threads, within(v, 0, 1024).map(|n| n.max(1)), "bad number of async threads ", v);
    "B" BreakLetter "[i|c|d]", "Ctrl-C: i ignored, c interrupts the shell, d or nothing ends the emulator", Used, 25, Main,
        |d, v| { d.config.break_handling = match v.first() {
            Some(b'i') => Break::Ignore, Some(b'c') => Break::InterruptShell, _ => Break::Disabled }; Ok(()) };
    "c" OptionalBoolean "[BOOL]", "time correction; without a value: off", Used, 25, Main,
        |d, v| store(&mut d.config.time_correction, if v.is_empty() { Some(false) } else { boolean(v) },
            "Invalid time correnction value: ", v);
    "C" Value "MODE", "no_time_warp, single_time_warp or multi_time_warp", Used, 25, Main,
        |d, v| store(&mut d.config.time_warp, match v {
            b"no_time_warp" => Some(TimeWarp::No), b"single_time_warp" => Some(TimeWarp::Single),
            b"multi_time_warp" => Some(TimeWarp::Multi), _ => None }, "Invalid time warp mode: ", v);
    "d" Alone "", "internal errors leave a core dump instead of a crash dump", Ignored("they leave no crash dump anyway"), 25, Main,
        |d, _v| { d.config.no_crash_dump = true; Ok(()) };
    "dcg" Value "N", "groups of decentralized counters at most", Ignored("counters are grouped by scheduler"), 25, Early,
        |_d, v| store(&mut (), leading(v).filter(|n| *n > 0).map(drop), "bad decentralized counter groups limit: ", v);
    "D" Exact "", "debugger support", Used, 28, Main, |d, _v| { d.config.debugger = true; Ok(()) };
    "Dibpl" Value "BOOL", "code is prepared for line breakpoints", Used, 28, Main,
        |d, v| store(&mut d.config.line_breakpoints, boolean(v), "bad +Dibpl flag ", v);
    "e" Value "N", "ETS tables expected", Used, 25, Main,
        |d, v| store(&mut d.config.ets_tables, within(v, 0, i64::from(i32::MAX)), "bad maximum number of ets tables ", v);
    "ec" Exact "", "compress every ETS table", Used, 25, Main, |d, _v| { d.config.ets_compressed = true; Ok(()) };
    "fn" Value "l|u|a[w|i|e]", "file names: Latin-1, UTF-8 or by locale; warning, silence or error for bad ones", Used, 25, Main,
        |d, v| file_names(d, v);
    "h" Value "WORDS", "same as -hms", Used, 25, Main,
        |d, v| store(&mut d.config.min_heap_size, within(v, 1, i64::from(i32::MAX)), "bad heap size ", v);
    "hms" Value "WORDS", "least heap of a process", Used, 25, Main,
        |d, v| store(&mut d.config.min_heap_size, within(v, 1, i64::from(i32::MAX)), "bad heap size ", v);
    "hmbs" Value "WORDS", "least binary virtual heap of a process", Used, 25, Main,
        |d, v| store(&mut d.config.min_bin_vheap_size, within(v, 1, i64::from(i32::MAX)), "bad heap size ", v);
    "hmax" Value "WORDS", "largest heap of a process; 0 is no limit", Used, 25, Main,
        |d, v| store(&mut d.config.max_heap_size, u64::try_from(atoi(v)).ok(), "bad max heap size ", v);
    "hmaxk" Value "BOOL", "beyond it the process is killed", Used, 25, Main,
        |d, v| store(&mut d.config.max_heap_kill, boolean(v), "bad max heap kill ", v);
    "hmaxel" Value "BOOL", "beyond it an error is logged", Used, 25, Main,
        |d, v| store(&mut d.config.max_heap_log, boolean(v), "bad max heap error logger ", v);
    "hmaxib" Value "BOOL", "shared binaries count as heap", Used, 26, Main,
        |d, v| store(&mut d.config.max_heap_include_shared_binaries, boolean(v), "bad max heap include shared binaries ", v);
    "hpds" Value "N", "first size of a process dictionary", Ignored("a dictionary grows from nothing"), 25, Main,
        |d, v| store(&mut d.config.dictionary_size, within(v, 1, i64::from(i32::MAX)), "bad initial process dictionary size ", v);
    "hmqd" Value "on_heap|off_heap", "where messages wait", Used, 25, Main,
        |d, v| store(&mut d.config.message_queue_data, match v {
            b"on_heap" => Some(MessageQueueData::OnHeap), b"off_heap" => Some(MessageQueueData::OffHeap), _ => None },
            "Invalid message_queue_data flag: ", v);
    "H" Alone "", "gone since R10B-6", Ignored("gone in the reference too"), 25, Main,
        |_d, _v| Err(Complaint::Remark("The undocumented +H option has been removed (R10B-6).\n".into()));
    "i" Value "MODULE", "module whose boot/1 is run first", Used, 25, Main,
        |d, v| { d.config.boot_module = v.to_vec(); Ok(()) };
    "IOp" Value "N", "poll sets", Used, 25, Polling,
        |d, v| store(&mut d.config.poll_sets, within(v, 1, 1024), "bad I/O pollset number: ", v);
    "IOt" Value "N", "poll threads", Used, 25, Polling,
        |d, v| store(&mut d.config.poll_threads, within(v, 1, 1024), "bad I/O poll threads number: ", v);
    "IOPp" Value "PERCENT", "poll sets, of the poll threads", Used, 25, Polling,
        |d, v| store(&mut d.poll_sets_percent, within(v, 1, 100).map(Some), "bad I/O pollset percentage number: ", v);
    "IOPt" Value "PERCENT", "poll threads, of the schedulers", Used, 25, Polling,
        |d, v| store(&mut d.poll_threads_percent, within(v, 1, 100).map(Some), "bad I/O poll thread percentage number: ", v);
    "IOs" Value "BOOL", "idle schedulers poll themselves", Used, 25, Polling,
        |d, v| store(&mut d.config.schedulers_poll, boolean(v), "bad +IOs boolean argument: ", v);
    "J" Alone "", "", NO_JIT, 25, Main,
        |d, v| Err(Complaint::Remark(format!("invalid JIT option -J{}", d.shown(v))));
    "JDdump" Value "BOOL", "dump generated code", NO_JIT, 25, Main,
        |_d, v| one_of(v, &["true", "false"], "bad +JDdump flag ");
    "JPperf" Value "BOOL|map|dump", "tell perf about functions", NO_JIT, 25, Main, |d, v| perf(d, v);
    "JPperfdirectory" Value "DIR", "where files for perf go", NO_JIT, 28, Main, |_d, _v| Ok(());
    "JPcover" Value "BOOL|MODE", "native coverage", NO_JIT, 27, Main,
        |_d, v| one_of(v, &["true", "false", "function", "function_counters", "line", "line_counters"], "bad +JPcover flag ");
    "JMsingle" Value "BOOL", "one mapping for code", NO_JIT, 26, Main,
        |_d, v| one_of(v, &["true", "false"], "bad +JMsingle flag ");
    "K" Value "BOOL", "kernel poll", Ignored("it is always used"), 25, Main, |_d, _v| Ok(());
    "L" Alone "", "stack traces know no lines", Used, 25, Main, |d, _v| { d.config.line_info = false; Ok(()) };
    "M" Memory "SWITCH VALUE", "a switch of a memory allocator", OWN_ALLOCATORS, 25, Memory, |_d, _v| Ok(());
    "n" Value "s|a|d", "signals to ports: synchronous, asynchronous, default", Ignored("a signal is carried out at once if the port is free, else queued"), 25, Main,
        |d, v| store(&mut d.config.port_signals, match v {
            b"s" => Some(PortSignals::Synchronous), b"a" => Some(PortSignals::Asynchronous),
            b"d" => Some(PortSignals::OnConflict), _ => None }, "bad -n option ", v);
    "pc" Value "latin1|unicode", "characters that count as printable", Used, 25, Main,
        |d, v| store(&mut d.config.printable_unicode, match v {
            b"latin1" => Some(false), b"unicode" => Some(true), _ => None }, "bad range of printable characters: ", v);
    "pad" Value "BOOL", "default of flag async_dist", Used, 26, Main,
        |d, v| store(&mut d.config.async_dist, boolean(v), "bad async dist value ", v);
    "P" Value "N|legacy", "processes at most (1024-134217727)", Used, 25, Main,
        |d, v| { let default = d.config.max_processes;
            store(&mut d.config.max_processes, table_limit(v, default), "bad number of processes ", v) };
    "Q" Value "N|legacy", "ports at most (1024-134217727)", Used, 25, Main,
        |d, v| { let default = d.config.max_ports;
            store(&mut d.config.max_ports, if v == b"legacy" { Some(default) } else { table_limit(v, 0).map(Some) },
                "bad number of ports ", v) };
    "R" Value "RELEASE", "be compatible with an older release, two back at most", Ignored("only `system_info` shows it"), 25, Main,
        |d, v| { let this = i64::from(d.config.release);
            store(&mut d.config.compat_release, within(v, this.saturating_sub(2), this), "bad compatibility release number ", v) };
    "r" Alone "", "ETS memory moves whenever it is resized", OWN_ALLOCATORS, 25, Main, |_d, _v| Ok(());
    "rg" Value "N", "reader groups of locks at most", Ignored("locks have no reader groups"), 25, Early,
        |_d, v| store(&mut (), leading(v).filter(|n| *n >= 0).map(drop), "bad reader groups limit: ", v);
    "S" Value "N[:M]", "schedulers, and how many are online (1-1024)", Used, 25, Early, |d, v| d.schedulers(v);
    "SP" Value "PERCENT[:PERCENT]", "the same, of the processors configured and available", Used, 25, Early,
        |d, v| store(&mut d.percent, percentages(v), "bad schedulers percentage specifier ", v);
    "SD" Alone "", "", Used, 25, Early,
        |d, v| bad(format!("bad or missing dirty scheduler specifier: -SD{}", d.shown(v)));
    "SDcpu" Value "N[:M]", "dirty CPU schedulers, and how many are online", Used, 25, Early, |d, v| d.dirty_cpu(v);
    "SDPcpu" Value "PERCENT[:PERCENT]", "the same as percentages", Used, 25, Early,
        |d, v| store(&mut d.dirty_percent, percentages(v), "bad dirty CPU schedulers percentage specifier ", v);
    "SDio" Value "N", "dirty I/O schedulers (1-1024)", Used, 25, Early,
        |d, v| store(&mut d.config.dirty_io_schedulers, within(v, 1, MAX_SCHEDULERS), "bad number of dirty I/O schedulers ", v);
    "s" Alone "", "", Used, 25, Main, |d, v| bad(format!("bad scheduling option -s{}", d.shown(v)));
    "sbt" Value "TYPE", "bind schedulers: u, ns, ts, ps, s, nnts, nnps, tnnps or db", Used, 25, Main, |d, v| bind(d, v);
    "stbt" Value "TYPE", "the same, where it is possible", Used, 25, Main, |d, v| bind(d, v);
    "sbwt" Value "LENGTH", "busy waiting: none, very_short, short, medium, long or very_long", Used, 25, Main,
        |d, v| store(&mut d.config.busy_wait, busy_wait(v), "bad scheduler busy wait threshold: ", v);
    "sbwtdcpu" Value "LENGTH", "the same for dirty CPU schedulers", Used, 25, Main,
        |d, v| store(&mut d.config.busy_wait_dirty_cpu, busy_wait(v), "bad dirty CPU scheduler busy wait threshold: ", v);
    "sbwtdio" Value "LENGTH", "the same for dirty I/O schedulers", Used, 25, Main,
        |d, v| store(&mut d.config.busy_wait_dirty_io, busy_wait(v), "bad dirty IO scheduler busy wait threshold: ", v);
    "scl" Value "BOOL", "gather load on few schedulers", OWN_BALANCE, 25, Main, |d, v| match boolean(v) {
        Some(on) => { d.config.compact_load = on; d.config.balance_utilization &= !on; Ok(()) }
        None => bad(format!("bad scheduler compact load value '{}'", show(v))) };
    "sct" Value "TOPOLOGY", "how processors lie", Used, 25, Main, |d, v| match topology(v) {
        Ok(places) => { d.config.topology.get_or_insert_default().extend(places); Ok(()) }
        Err(why) => bad(format!("bad cpu topology '{}': {why}", show(v))) };
    "secio" Value "BOOL", "eager polling", Ignored("ignored by the reference too"), 25, Main, |_d, _v| Ok(());
    "sfwi" Value "MS", "wake every scheduler this often; 0 is never", Ignored("no wake-up is lost"), 25, Main,
        |d, v| store(&mut d.config.forced_wakeup, u64::try_from(atoi(v)).ok(), "bad scheduler forced wakeup interval ", v);
    "spp" Value "BOOL", "ports are parallel by default", Ignored("ports are always parallel; shown by `system_info`"), 25, Main,
        |d, v| store(&mut d.config.port_parallelism, boolean(v), "bad port parallelism scheduling hint ", v);
    "sss" Value "KILOWORDS", "stack of scheduler threads (20-8192)", Used, 25, Main,
        |d, v| store(&mut d.config.scheduler_stack, within(v, 20, 8192), "bad stack size for scheduler threads ", v);
    "sssdcpu" Value "KILOWORDS", "the same for dirty CPU schedulers", Used, 25, Main,
        |d, v| store(&mut d.config.dirty_cpu_stack, within(v, 20, 8192), "bad stack size for dirty CPU scheduler threads ", v);
    "sssdio" Value "KILOWORDS", "the same for dirty I/O schedulers", Used, 25, Main,
        |d, v| store(&mut d.config.dirty_io_stack, within(v, 20, 8192), "bad stack size for dirty IO scheduler threads ", v);
    "ssrct" Alone "", "do not ask the system how processors lie", Used, 25, Early, |d, _v| {
        d.config.detect_topology = false; Ok(()) };
    "sub" Value "BOOL", "balance the utilization of schedulers", OWN_BALANCE, 25, Main, |d, v| match boolean(v) {
        Some(on) => { d.config.balance_utilization = on; Ok(()) }
        None => bad(format!("bad scheduler utilization balancing  value '{}'", show(v))) };
    "swct" Value "EAGERNESS", "wake-ups for clean-up: very_lazy to very_eager", OWN_POLICY, 25, Main,
        |_d, v| one_of(v, &["very_lazy", "lazy", "medium", "eager", "very_eager"], "scheduler wake cleanup threshold: ");
    "sws" Value "default|legacy", "wake-up strategy", OWN_POLICY, 25, Main,
        |_d, v| one_of(v, &["default", "legacy", "proposal"], "scheduler wakeup strategy: ");
    "swt" Value "THRESHOLD", "wake-ups of schedulers: very_low to very_high", OWN_POLICY, 25, Main,
        |_d, v| one_of(v, WAKEUP, "scheduler wakeup threshold: ");
    "swtdcpu" Value "THRESHOLD", "the same for dirty CPU schedulers", OWN_POLICY, 25, Main,
        |_d, v| one_of(v, WAKEUP, "dirty CPU scheduler wakeup threshold: ");
    "swtdio" Value "THRESHOLD", "the same for dirty I/O schedulers", OWN_POLICY, 25, Main,
        |_d, v| one_of(v, WAKEUP, "dirty IO scheduler wakeup threshold: ");
    "t" Value "N", "atoms at most (8192-2147483647)", Used, 25, Main,
        |d, v| store(&mut d.config.max_atoms, within(v, 8192, i64::from(i32::MAX)), "bad atom table size ", v);
    "T" Value "LEVEL", "modified timing, for tests (0-9)", Ignored("only `system_info` shows it"), 25, Main,
        |d, v| store(&mut d.config.modified_timing, within(v, 0, 9).map(|n| u8::try_from(n).ok()), "bad modified timing level ", v);
    "v" Alone "", "verbose", Ignored("only debug builds of the reference know it"), 25, Main,
        |_d, _v| Err(Complaint::Remark("warning: -v (only in debug compiled code)".into()));
    "V" Alone "", "print the version and leave", Used, 25, Main, |_d, _v| Err(Complaint::Version);
    "W" Value "i|w|e", "warnings are logged as info, warnings or errors", Used, 25, Main,
        |d, v| store(&mut d.config.warnings, match v.first() {
            Some(b'i') => Some(WarningMap::Info), Some(b'w') => Some(WarningMap::Warning),
            Some(b'e') => Some(WarningMap::Error), _ => None }, "unrecognized warning_map option ", v);
    "z" Alone "", "", Used, 25, Main, |d, v| bad(format!("bad -z option -z{}", d.shown(v)));
    "zdbbl" Value "KILOBYTES", "what a distribution channel queues before senders wait (1-2097151)", Used, 25, Main,
        |d, v| match within(v, 1, 2_097_151) {
            Some(kb) => { d.config.dist_busy_limit = u64::from(kb).saturating_mul(1024); Ok(()) }
            None => bad(format!("Invalid dbbl limit: {}", atoi(v))) };
    "zdntgc" Value "SECONDS|infinity", "until an unused node entry goes (0-100000000)", Used, 25, Main,
        |d, v| store(&mut d.config.node_gc_delay, if v == b"infinity" { Some(None) } else {
            exact(v).filter(|n| (0..=100_000_000).contains(n)).map(|n| u32::try_from(n).ok()) },
            "Invalid delayed node table gc: ", v);
    "zebwt" Value "LENGTH", "busy waiting for ETS locks", Ignored("locks of tables do not spin by flag"), 25, Main,
        |_d, v| one_of(v, &["none", "very_short", "short", "medium", "long", "very_long", "extremely_long"],
            "Invalid ets busy wait threshold: ");
    "zosrl" Value "N", "outstanding requests of system processes (1-134217727)", Used, 25, Main,
        |d, v| store(&mut d.config.system_requests, within(v, 1, MAX_TABLE), "Invalid outstanding requests limit ", v);
    "zhft" Value "MS|infinity", "how long halting waits for ports", Used, 26, Main,
        |d, v| store(&mut d.config.halt_flush_timeout, if v == b"infinity" { Some(None) } else {
            exact(v).map(|n| u64::try_from(n).ok()).filter(Option::is_some) }, "invalid halt flush timeout ", v);
};

/// `+fn`.
fn file_names(d: &mut Draft, v: &[u8]) -> Outcome {
    let names = match v.first() {
        Some(b'l') => FileNames::Latin1,
        Some(b'u') => FileNames::Utf8,
        Some(b'a') => FileNames::Locale,
        _ => {
            return bad(format!(
                "bad filename encoding {}, can be (l,u or a, optionally followed by w, i or e)",
                show(v)
            ));
        }
    };
    let second = v.get(1..).unwrap_or_default();
    let bad_names = match second.first() {
        _ if names == FileNames::Latin1 => BadNames::Warn,
        None | Some(b'w') => BadNames::Warn,
        Some(b'i') => BadNames::Ignore,
        Some(b'e') => BadNames::Error,
        Some(_) => {
            let letters = show(second);
            return bad(format!("bad type of warnings for wrongly coded filename: {letters}"));
        }
    };
    d.config.file_names = names;
    d.config.bad_names = bad_names;
    Ok(())
}

/// `+JPperf`.
fn perf(d: &mut Draft, v: &[u8]) -> Outcome {
    d.config.perf_support = match v {
        b"true" | b"map" | b"dump" => true,
        b"fp" | b"no_fp" if d.config.release >= 27 => true,
        b"false" => false,
        _ => return bad(format!("bad +JPperf support flag {}", show(v))),
    };
    Ok(())
}

/// `+sbt`, `+stbt`.
fn bind(d: &mut Draft, v: &[u8]) -> Outcome {
    match bind_type(v) {
        Some(kind) => {
            d.config.bind = kind;
            Ok(())
        }
        None => bad(format!("setting scheduler bind type '{}' failed: invalid type", show(v))),
    }
}

/// `+SP`, `+SDPcpu`: of total and online.
fn percentages(v: &[u8]) -> Option<(i64, i64)> {
    match pair(v)? {
        Pair::First(total) if total >= 0 => Some((total, total.min(100))),
        Pair::Second(online) if online >= 0 => Some((100, online)),
        Pair::Both(total, online) if total >= 0 && online >= 0 => Some((total, online)),
        _ => None,
    }
}

/// The flag that `word` (without its sign) is, and the rest of the word: the longest name it begins with.
pub fn find(word: &[u8], release: u32) -> Option<(&'static Flag, &[u8])> {
    FLAGS
        .iter()
        .filter(|flag| flag.since <= release)
        .filter(|flag| match flag.form {
            Exact => word == flag.name.as_bytes(),
            _ => word.starts_with(flag.name.as_bytes()),
        })
        .max_by_key(|flag| flag.name.len())
        .map(|flag| (flag, word.get(flag.name.len()..).unwrap_or_default()))
}

/// The usage text.
pub fn usage(program: &[u8], release: u32) -> String {
    let mut text = format!("Usage: {} [flags] [ -- [init_args] ]\nThe flags are:\n", show(program));
    for flag in FLAGS.iter().filter(|f| !f.help.is_empty() && f.since <= release) {
        let head = match flag.form {
            Value | Form::Memory => format!("-{} {}", flag.name, flag.value),
            Alone | Exact | Form::BreakLetter | Form::OptionalBoolean => {
                format!("-{}{}", flag.name, flag.value)
            }
        };
        let ignored = if flag.effect == Used { "" } else { " (no effect here)" };
        text.push_str(&format!("{head:<26} {}{ignored}\n", flag.help));
    }
    text.push_str("\nTo erl these flags are given with a + in place of the -.\n");
    text
}
