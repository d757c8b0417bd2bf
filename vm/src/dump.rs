//! The crash dump (`erl_crash.dump`) [break.c: erl_crash_dump_v, erl_process_dump.c].
//!
//! The format is the reference's, version 0.5, so that its crash dump viewer reads it. Before anything is
//! read every scheduler is made to stand still; what a thread that does not stop is at is left out.

pub mod info;
pub mod process;
mod terms;

use crate::halt::say;
use crate::process::registry::Named;
use crate::vm::Vm;
use std::ffi::OsString;
use std::io::{self, Write};
use std::os::unix::ffi::OsStringExt;
use std::time::{Duration, Instant};

/// How long threads are given to stand still.
const PATIENCE: Duration = Duration::from_secs(10);

/// A writer that stops after so many bytes (`ERL_CRASH_DUMP_BYTES`).
struct Limited<W> {
    to: W,
    left: u64,
}

impl<W: Write> Write for Limited<W> {
    fn write(&mut self, b: &[u8]) -> io::Result<usize> {
        let n = usize::try_from(self.left).unwrap_or(usize::MAX).min(b.len());
        if n == 0 && !b.is_empty() {
            return Err(io::ErrorKind::StorageFull.into());
        }
        let n = self.to.write(&b[..n])?;
        self.left -= n as u64;
        Ok(n)
    }
    fn flush(&mut self) -> io::Result<()> {
        self.to.flush()
    }
}

fn env_number(name: &str) -> Option<i64> {
    String::from_utf8(crate::env::get(name.as_bytes())?).ok()?.trim().parse().ok()
}

/// Writes the dump to `ERL_CRASH_DUMP`, or `erl_crash.dump` in the working directory. `asker`: the scheduler
/// whose process ends the emulator (from 1), 0 for another thread. `whole`: that process may be read.
pub fn write(vm: &'static Vm, slogan: &str, asker: usize, whole: bool) {
    let seconds = env_number("ERL_CRASH_DUMP_SECONDS");
    let bytes = env_number("ERL_CRASH_DUMP_BYTES");
    // Whoever has heart restart the node does not want it to wait for a dump, unless he says how long.
    let heart = vm.registry.lookup(term::atom!("heart_port"));
    let in_haste = matches!(heart, Some(Named::Port(_))) && seconds.is_none();
    if seconds == Some(0) || bytes == Some(0) || in_haste {
        return;
    }
    let path =
        crate::env::get(b"ERL_CRASH_DUMP").map_or("erl_crash.dump".into(), OsString::from_vec);
    say(&format!("\nCrash dump is being written to: {}...", path.to_string_lossy()));
    let Ok(file) = create(&path) else { return };
    if let Some(s) = seconds.filter(|s| *s > 0) {
        // No longer than that, finished or not.
        std::thread::spawn(move || {
            std::thread::sleep(Duration::from_secs(s.unsigned_abs()));
            std::process::exit(1);
        });
    }
    let left = bytes.filter(|b| *b > 0).map_or(u64::MAX, i64::unsigned_abs);
    let mut out = io::BufWriter::new(Limited { to: file, left });
    // What did not fit, or could not be written, is missing at the end.
    let _ = all(vm, slogan, asker, whole, &mut out).and_then(|()| out.flush());
    say("done\n");
}

fn create(path: &std::ffi::OsStr) -> io::Result<std::fs::File> {
    use std::os::unix::fs::OpenOptionsExt;
    std::fs::OpenOptions::new().write(true).create(true).truncate(true).mode(0o640).open(path)
}

fn stand_still(vm: &'static Vm, asker: usize) {
    let end = Instant::now() + PATIENCE;
    let mut waiting = vm.sched.progress.now(asker, false);
    while !vm.sched.progress.passed(&mut waiting) && Instant::now() < end {
        std::thread::sleep(Duration::from_millis(1));
    }
}

fn all(
    vm: &'static Vm,
    slogan: &str,
    asker: usize,
    whole: bool,
    f: &mut impl Write,
) -> io::Result<()> {
    stand_still(vm, asker);
    let now = (sys::clock::system_ns() / 1_000_000_000) as i64;
    let now = sys::localtime::format(c"%a %b %e %H:%M:%S %Y", now, false).unwrap_or_default();
    writeln!(f, "=erl_crash_dump:0.5\n{}", String::from_utf8_lossy(&now))?;
    writeln!(f, "Slogan: {slogan}")?;
    write!(f, "System version: {}", info::system_version(vm))?;
    writeln!(f, "Taints: ")?;
    writeln!(f, "Atoms: {}", term::atom::count())?;
    match asker {
        0 => writeln!(f, "Calling Thread: {}", std::thread::current().name().unwrap_or(""))?,
        n => writeln!(f, "Calling Thread: scheduler:{n}")?,
    }
    schedulers(vm, f)?;
    f.write_all(info::general(vm).as_bytes())?;
    let running = vm.sched.current(asker).filter(|_| whole);
    process::each(vm, running, |t| f.write_all(t.as_bytes()))?;
    f.write_all(info::ports(vm).as_bytes())?;
    f.write_all(info::tables(vm).as_bytes())?;
    f.write_all(info::distribution(vm).as_bytes())?;
    writeln!(f, "=loaded_modules")?;
    modules(vm, f)?;
    funs(vm, f)?;
    terms::processes(vm, running, f)?;
    writeln!(f, "=atoms")?;
    for i in (0..term::atom::count()).rev() {
        let mut name = Vec::new();
        term::print::print(&mut name, term::Term::atom(term::Atom(i as u32)));
        f.write_all(&name)?;
        writeln!(f)?;
    }
    writeln!(f, "=end")
}

fn queues(f: &mut impl Write, lengths: [usize; 4]) -> io::Result<()> {
    for (name, n) in ["Max", "High", "Normal", "Low"].iter().zip(lengths) {
        writeln!(f, "Run Queue {name} Length: {n}")?;
    }
    writeln!(f, "Run Queue Port Length: 0\nRun Queue Flags: ")
}

fn schedulers(vm: &'static Vm, f: &mut impl Write) -> io::Result<()> {
    let (normal, cpu) = (vm.sched.count(), vm.config.dirty_cpu);
    let threads = vm.sched.wall.threads();
    for i in 0..threads {
        let kind = match i {
            _ if i < normal => "scheduler",
            _ if i < normal + cpu => "dirty_cpu_scheduler",
            _ => "dirty_io_scheduler",
        };
        writeln!(f, "={kind}:{}", i + 1)?;
        let asleep = if vm.sched.progress.is_busy(i) { "" } else { "SLEEPING | WAITING" };
        writeln!(f, "Scheduler Sleep Info Flags: {asleep}\nScheduler Sleep Info Aux Work: ")?;
        if i < normal {
            writeln!(f, "Current Port: ")?;
            queues(f, vm.sched.lengths_by_priority(i))?;
            let current = vm.sched.current(i + 1).map_or(String::new(), info::pid_text);
            writeln!(f, "Current Process: {current}")?;
        } else {
            writeln!(f, "Current Process: ")?;
        }
        let lengths = vm.sched.queue_lengths();
        if i + 1 == normal + cpu {
            writeln!(f, "=dirty_cpu_run_queue")?;
            queues(f, [0, 0, lengths.get(normal).copied().unwrap_or(0), 0])?;
        } else if i + 1 == threads {
            writeln!(f, "=dirty_io_run_queue")?;
            queues(f, [0, 0, lengths.get(normal + 1).copied().unwrap_or(0), 0])?;
        }
    }
    Ok(())
}

fn modules(vm: &'static Vm, f: &mut impl Write) -> io::Result<()> {
    let (text, all) = info::code_sizes(vm);
    f.write_all(text.as_bytes())?;
    let resolver = crate::code::load::VmResolver(vm);
    for (m, old) in all {
        writeln!(f, "=mod:{}", term::print::to_text(term::Term::atom(m.name)))?;
        writeln!(f, "Current size: {}", m.code.len() * 4)?;
        for (name, t) in [("attributes", m.attributes()), ("compilation info", m.compile_info())] {
            if !t.is_nil() {
                writeln!(f, "Current {name}: {}", terms::external(&resolver, t))?;
            }
        }
        if let Some(old) = old {
            writeln!(f, "Old size: {}", old.code.len() * 4)?;
        }
    }
    Ok(())
}

fn funs(vm: &'static Vm, f: &mut impl Write) -> io::Result<()> {
    for e in vm.code.all_funs() {
        let module = term::print::to_text(term::Term::atom(e.module));
        writeln!(f, "=fun\nModule: {module}\nUniq: {}\nIndex: {}", e.old_uniq, e.index)?;
        let address = e.cell.load(core::sync::atomic::Ordering::Relaxed) as u64;
        writeln!(f, "Address: {address:#018x}\nRefc: 1")?;
    }
    Ok(())
}
