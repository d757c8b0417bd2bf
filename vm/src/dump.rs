//! The crash dump (`erl_crash.dump`) [break.c: erl_crash_dump_v].

use crate::vm::Vm;
use std::io::Write;

/// Writes the dump to `ERL_CRASH_DUMP`, or `erl_crash.dump` in the working directory.
pub fn write(vm: &'static Vm, slogan: &str) {
    let path = std::env::var_os("ERL_CRASH_DUMP").unwrap_or_else(|| "erl_crash.dump".into());
    if std::env::var("ERL_CRASH_DUMP_SECONDS").is_ok_and(|s| s == "0") {
        return;
    }
    let _ = write!(
        std::io::stderr(),
        "\r\nCrash dump is being written to: {}...",
        path.to_string_lossy()
    );
    let done = std::fs::File::create(&path).and_then(|f| {
        let mut f = std::io::BufWriter::new(f);
        header(vm, slogan, &mut f)?;
        f.flush()
    });
    let _ = writeln!(std::io::stderr(), "{}", if done.is_ok() { "done" } else { "failed" });
}

fn header(vm: &'static Vm, slogan: &str, f: &mut impl Write) -> std::io::Result<()> {
    writeln!(f, "=erl_crash_dump:0.5")?;
    writeln!(f, "Slogan: {slogan}")?;
    writeln!(f, "Atoms: {}", term::atom::count())?;
    writeln!(f, "=memory")?;
    let binary = term::shared::TOTAL_BYTES.load(std::sync::atomic::Ordering::Relaxed);
    writeln!(f, "binary: {binary}")?;
    writeln!(f, "=processes\n{}", vm.processes.count())?;
    writeln!(f, "=end")
}
