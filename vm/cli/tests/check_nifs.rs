//! The checking mode of native libraries: every mistake that it knows, made by `data/checked.c`, and what it says of it.
//!
//! The reference has no such mode, so what is expected stands in `data/checked.expected`. Needs a C compiler and
//! the OTP tree, which is fetched if it is not there.

use std::path::{Path, PathBuf};
use std::process::{Command, Output};

fn top() -> PathBuf {
    Path::new(env!("CARGO_MANIFEST_DIR")).join("../..").canonicalize().expect("the repository")
}

/// Runs a program of ours with a clean environment of ours.
fn run(command: &mut Command) -> Output {
    command
        .env("OXBEAM_PROGRAM", env!("CARGO_BIN_EXE_oxbeam"))
        .env("OXBEAM_OTP", "25")
        .env("OXBEAM_CHECK_NIFS", "1");
    command.output().expect("started")
}

fn succeeds(command: &mut Command) -> String {
    let out = run(command);
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    assert!(out.status.success(), "{text}{}", String::from_utf8_lossy(&out.stderr));
    text
}

#[test]
fn every_report() {
    let (top, data) = (top(), Path::new(env!("CARGO_MANIFEST_DIR")).join("tests/data"));
    let fetched = Command::new(top.join("otp-stdlib/fetch")).arg("25").output().expect("started");
    if !fetched.status.success() {
        eprintln!("not run: OTP 25 cannot be fetched");
        return;
    }
    let out = PathBuf::from(env!("CARGO_TARGET_TMPDIR")).join("check_nifs");
    std::fs::create_dir_all(&out).expect("a directory");
    succeeds(Command::new(top.join("bin/erlc")).arg("-o").arg(&out).arg(data.join("checked.erl")));
    let include = succeeds(Command::new(top.join("bin/erl")).args([
        "-noshell",
        "-eval",
        "io:put_chars(filename:join([code:root_dir(), usr, include])), halt().",
    ]));
    succeeds(
        Command::new("cc")
            .args(["-O1", "-Wall", "-shared", "-fPIC", "-I", &include, "-o"])
            .args([&out.join("checked.so"), &data.join("checked.c")]),
    );
    let said = succeeds(
        Command::new(top.join("bin/erl"))
            .args(["-noshell", "-noinput", "-pa"])
            .arg(&out)
            .args(["-run", "checked", "main"])
            .arg(&out),
    );
    let expected = std::fs::read_to_string(data.join("checked.expected")).expect("expectations");
    assert_eq!(said, expected);
}
