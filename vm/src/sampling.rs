//! A sampling profiler of Erlang functions (`OXBEAM_PROFILE=FILE`).
//!
//! Interpreted code keeps its place in a register, which `perf` does not understand. So a signal takes the registers
//! at every tick of processor time, of one to ten milliseconds (`sys::sample`), and at the end of the emulator those that point into code
//! are turned into functions. Natives keep the place of their call in a register that calls preserve, so most of their time
//! is told as their caller's.

use crate::vm::Vm;
use std::collections::HashMap;
use std::fmt::Write;
use std::path::PathBuf;
use std::sync::OnceLock;
use std::time::Duration;

static FILE: OnceLock<PathBuf> = OnceLock::new();

/// Samples until the emulator ends, then writes to this file how often each function was met.
/// # Errors
/// Where the system cannot.
pub fn start(file: PathBuf) -> std::io::Result<()> {
    let _ = FILE.set(file);
    sys::sample::start(Duration::from_millis(1))
}

/// The emulator ends: writes what was seen.
pub(crate) fn finish(vm: &Vm) {
    let Some(file) = FILE.get() else { return };
    let samples = sys::sample::stop();
    let mut seen: HashMap<String, usize> = HashMap::new();
    for sample in &samples {
        let place = sample.iter().find_map(|r| vm.code.locate(*r & !1));
        let name = match place {
            Some(l) => format!("{}:{}/{}", l.module.name(), l.function.name(), l.arity),
            None => "-".into(),
        };
        *seen.entry(name).or_default() += 1;
    }
    let mut rows: Vec<(String, usize)> = seen.into_iter().collect();
    rows.sort_by(|a, b| b.1.cmp(&a.1).then_with(|| a.0.cmp(&b.0)));
    let mut text = format!("# {} samples; -: not in Erlang code\n", samples.len());
    for (name, n) in rows {
        let percent = n as f64 * 100.0 / samples.len().max(1) as f64;
        let _ = writeln!(text, "{percent:6.2} % {n:7} {name}");
    }
    if let Err(e) = std::fs::write(file, text) {
        crate::halt::say(&format!("{}: {e}\n", file.display()));
    }
}
