//! Acceptance and refusal of flags, as `tests/data/flags_25.tsv` records them from the reference.

use super::*;
use crate::emulator::config::{BusyWait, TimeWarp};
use crate::emulator::flags::{Effect, FLAGS, usage};
use crate::word::words;

/// Flags, exit status and first line of standard error of the reference (OTP 25, two processors), with `-V` behind.
const OBSERVED: &str = include_str!("../../../tests/data/flags_25.tsv");
const INVENTORY: &str = include_str!("../../../tests/data/emulator_flags.tsv");
const TWO: Cpus = Cpus { configured: 2, available: 2 };

fn parsed(flags: &str, more: &[&str], release: u32) -> Parsed {
    let mut argv = words(&["PROGRAM"]);
    argv.extend(flags.split(' ').filter(|w| !w.is_empty()).map(|w| w.as_bytes().to_vec()));
    argv.extend(words(more));
    parse(&argv, release, TWO, &|_| None)
}

fn config(flags: &str) -> EmuConfig {
    parsed(flags, &["--"], 25).result.expect(flags)
}

#[test]
fn as_the_reference_answers() {
    let mut wrong = Vec::new();
    for line in OBSERVED.lines() {
        let mut columns = line.split('\t');
        let mut column = || columns.next().unwrap_or_default();
        let (flags, status, text) = (column(), column(), column());
        let parsed = parsed(flags, &["-V", "--"], 25);
        let (own_status, own_text) = match &parsed.result {
            Err(Complaint::Version) => {
                ("0", "Erlang (SMP,ASYNC_THREADS) (BEAM) emulator version 13.1.5".into())
            }
            Err(Complaint::Usage(text)) if text.is_empty() => {
                ("1", "Usage: beam.smp [flags] [ -- [init_args] ]".into())
            }
            Err(Complaint::Usage(text)) => ("1", text.clone()),
            other => ("?", format!("{other:?}")),
        };
        let own_text = parsed.remarks.first().cloned().unwrap_or(own_text);
        let own_line = own_text.lines().next().unwrap_or_default();
        if (own_status, own_line) != (status, text) {
            wrong.push(format!("{flags}: {status} {text}\n    we: {own_status} {own_line}"));
        }
    }
    assert!(wrong.is_empty(), "{}", wrong.join("\n"));
}

#[test]
fn inventory_is_covered() {
    for line in INVENTORY.lines().filter(|l| l.starts_with("emu\t+")) {
        let mut columns = line.split('\t').skip(1);
        let flag = columns.next().expect("a flag").trim_start_matches('+');
        if flag.starts_with('M') {
            continue; // `flags_25.tsv` has the allocators' switches
        }
        let (found, rest) = find(flag.as_bytes(), 29).expect(flag);
        assert!(rest.is_empty() && found.name == flag, "{flag} is taken for {}", found.name);
    }
}

#[test]
fn names_are_unique_and_explained() {
    for (at, flag) in FLAGS.iter().enumerate() {
        assert!(FLAGS.iter().skip(at + 1).all(|other| other.name != flag.name), "{}", flag.name);
        if let Effect::Ignored(why) = flag.effect {
            assert!(!why.is_empty(), "{}", flag.name);
        }
    }
    let text = usage(b"beam.smp", 25);
    assert!(text.starts_with("Usage: beam.smp [flags] [ -- [init_args] ]\nThe flags are:\n"));
    assert!(!text.contains("-zhft") && usage(b"beam.smp", 27).contains("-zhft"));
}

#[test]
fn numbers_of_schedulers() {
    let counts = |flags: &str| {
        let c = config(flags);
        (
            (c.schedulers, c.schedulers_online),
            (c.dirty_cpu_schedulers, c.dirty_cpu_schedulers_online),
            c.dirty_io_schedulers,
        )
    };
    assert_eq!(counts(""), ((2, 2), (2, 2), 10));
    assert_eq!(counts("-S1"), ((1, 1), (1, 1), 10));
    assert_eq!(counts("-S 8:4 -SDcpu 6:3 -SDio 4"), ((8, 4), (6, 3), 4));
    assert_eq!(counts("-S 8 -SDcpu 6"), ((8, 2), (6, 2), 10));
    assert_eq!(counts("-S 8:8 -SP 50:25"), ((4, 2), (2, 2), 10));
    assert_eq!(counts("-SDPcpu 50"), ((2, 2), (1, 1), 10));
    assert_eq!(counts("-S 0:-1"), ((2, 1), (2, 1), 10));
}

#[test]
fn configuration() {
    let argv = words(&[
        "x.es",
        "-P",
        "5000",
        "-Q",
        "2048",
        "-hmqd",
        "off_heap",
        "-C",
        "multi_time_warp",
        "-c",
        "false",
        "-sbwt",
        "none",
        "-zdbbl",
        "2",
        "-e",
        "9",
        "--",
        "-root",
        "/r",
        "-bindir",
        "/b",
        "--",
        "-home",
        "/h",
        "--",
        "-x",
        "-extra",
        "-root",
        "no",
    ]);
    let env = |name: &str| match name {
        "ERL_MAX_ETS_TABLES" => Some(b"77".to_vec()),
        "ERL_THREAD_POOL_SIZE" => Some(b"5000".to_vec()),
        "ERL_FULLSWEEP_AFTER" => Some(b"3".to_vec()),
        _ => None,
    };
    let c = parse(&argv, 25, TWO, &env).result.expect("accepted");
    assert_eq!((c.max_processes, c.max_ports), (5000, Some(2048)));
    assert_eq!((c.time_warp, c.time_correction), (TimeWarp::Multi, false));
    assert_eq!((c.busy_wait, c.dist_busy_limit), (BusyWait::None, 2048));
    assert_eq!((c.ets_tables, c.async_threads, c.fullsweep_after), (9, 1024, 3));
    assert_eq!(c.root.as_deref(), Some(std::path::Path::new("/r")));
    assert_eq!(c.bindir.as_deref(), Some(std::path::Path::new("/b")));
    assert_eq!(c.program, b"x.es");
    assert_eq!(c.init_args, argv[18..]);
}

/// The part of docs/differences.md that is generated.
fn documented() -> String {
    let mut text = String::from("\n| flag | value | why it has no effect |\n| --- | --- | --- |\n");
    for flag in FLAGS.iter().filter(|f| !f.help.is_empty()) {
        if let Effect::Ignored(why) = flag.effect {
            let value = flag.value.replace('|', "\\|");
            let help = flag.help;
            text.push_str(&format!("| `+{}` | {value} | {why} ({help}) |\n", flag.name));
        }
    }
    text
}

/// Set OXBEAM_BLESS to write the table.
#[test]
fn differences_list_what_has_no_effect() {
    let path = std::path::Path::new(env!("CARGO_MANIFEST_DIR")).join("../../docs/differences.md");
    let page = std::fs::read_to_string(&path).expect("docs/differences.md");
    let (before, rest) = page.split_once("<!-- flags -->").expect("begin mark");
    let (table, after) = rest.split_once("<!-- end of flags -->").expect("end mark");
    if std::env::var_os("OXBEAM_BLESS").is_some() {
        let page = format!("{before}<!-- flags -->{}<!-- end of flags -->{after}", documented());
        std::fs::write(&path, page).expect("written");
    } else {
        assert_eq!(table, documented(), "run with OXBEAM_BLESS=1");
    }
}
