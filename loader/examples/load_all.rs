//! Loads every `.beam` under the directories given and says which are refused.
//!
//! `load_all [--md5] DIR...` prints a line for each refusal and a summary; `--md5` also prints
//! each module's MD5.

use std::collections::BTreeMap;
use std::io::Write;
use std::path::{Path, PathBuf};
use std::process::ExitCode;
use std::time::Instant;

fn main() -> ExitCode {
    let mut out = std::io::stdout().lock();
    let mut args: Vec<String> = std::env::args().skip(1).collect();
    let md5 = args.first().is_some_and(|arg| arg == "--md5");
    if md5 {
        args.remove(0);
    }
    let mut files = Vec::new();
    args.iter().for_each(|dir| find(Path::new(dir), &mut files));
    files.sort();
    let all: Vec<_> = files.iter().filter_map(|f| Some((f, std::fs::read(f).ok()?))).collect();
    let start = Instant::now();
    let (mut refused, mut ops) = (0, 0);
    let mut checks: BTreeMap<&'static str, usize> = BTreeMap::new();
    for (file, bytes) in &all {
        match loader::load(bytes) {
            Ok(module) => {
                ops += module.code.len();
                for check in &module.checks {
                    let name = module.code.get(check.op as usize).map_or("", |op| op.name());
                    *checks.entry(name).or_default() += 1;
                }
                if md5 {
                    let hex: String = module.md5.iter().map(|b| format!("{b:02x}")).collect();
                    let _ = writeln!(out, "{} {hex}", module.name);
                }
            }
            Err(error) => {
                refused += 1;
                let _ = writeln!(out, "{}: {error}", file.display());
            }
        }
    }
    let took = start.elapsed();
    for (name, n) in checks {
        let _ = writeln!(out, "{n} of {name} are checked at run time");
    }
    let n = all.len();
    let _ = writeln!(out, "{n} files, {refused} refused, {ops} ops, {} ms", took.as_millis());
    if refused == 0 { ExitCode::SUCCESS } else { ExitCode::FAILURE }
}

fn find(path: &Path, files: &mut Vec<PathBuf>) {
    if let Ok(dir) = path.read_dir() {
        dir.flatten().for_each(|entry| find(&entry.path(), files));
    } else if path.extension().is_some_and(|ext| ext == "beam") {
        files.push(path.to_owned());
    }
}
