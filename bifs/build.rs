//! Tells the crate how it is built, for `system_info(compile_info)` and `system_info(c_compiler_used)`.

use std::env;
use std::process::Command;

fn main() {
    println!("cargo::rerun-if-changed=build.rs");
    println!("cargo::rerun-if-env-changed=RUSTFLAGS");
    let var = |name: &str| env::var(name).unwrap_or_default();
    let version = Command::new(var("RUSTC")).arg("--version").output().ok();
    let version = version.and_then(|o| String::from_utf8(o.stdout).ok()).unwrap_or_default();
    // "rustc 1.95.0-nightly (…)": the three numbers.
    let number = version.split_whitespace().nth(1).unwrap_or("0.0.0");
    println!("cargo::rustc-env=OXBEAM_RUSTC={}", number.split('-').next().unwrap_or("0.0.0"));
    let extra = var("CARGO_ENCODED_RUSTFLAGS").replace('\x1f', " ");
    let mut flags = format!("--target {} -C opt-level={}", var("TARGET"), var("OPT_LEVEL"));
    if var("DEBUG") != "false" {
        flags.push_str(" -g");
    }
    if !extra.is_empty() {
        flags = format!("{flags} {extra}");
    }
    println!("cargo::rustc-env=OXBEAM_FLAGS={flags}");
    let linker: Vec<&str> = extra.split(' ').filter(|f| f.contains("link-arg")).collect();
    println!("cargo::rustc-env=OXBEAM_LINK_FLAGS={}", linker.join(" "));
}
