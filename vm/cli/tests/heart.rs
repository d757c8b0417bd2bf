//! heart as a port program.

use std::io::{Read, Write};
use std::process::{Child, Command, Stdio};

fn heart(args: &[&str], env: &[(&str, &str)]) -> Child {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oxbeam"));
    command.args(["--as", "heart"]).args(args).env_remove("HEART_COMMAND");
    command.envs(env.iter().copied());
    command.stdin(Stdio::piped()).stdout(Stdio::piped()).stderr(Stdio::piped());
    command.spawn().expect("heart")
}

/// Sends `input`, closes it, and gives what came on both outputs.
fn converse(mut heart: Child, input: &[u8]) -> (Vec<u8>, String) {
    heart.stdin.take().expect("input").write_all(input).expect("sent");
    let out = heart.wait_with_output().expect("ended");
    assert!(out.status.success());
    (out.stdout, String::from_utf8_lossy(&out.stderr).into_owned())
}

#[test]
fn shut_down_in_order() {
    let (out, err) = converse(heart(&["-ht", "20", "-pid", "1"], &[]), b"\0\x01\x02\0\x01\x03");
    assert_eq!(out, b"\0\x01\x01");
    assert_eq!(err, "heart_beat_timeout = 20\nheart_beat_kill_pid = 1\n");
}

#[test]
fn commands() {
    let (out, err) = converse(
        heart(&[], &[("HEART_COMMAND", "echo hi >&2")]),
        b"\0\x01\x06\0\x06\x04false\0\x01\x06\0\x01\x05\0\x01\x06\0\x01\x09",
    );
    assert_eq!(
        out,
        b"\0\x01\x01\0\x0c\x07echo hi >&2\0\x01\x01\0\x06\x07false\0\x01\x01\0\x0c\x07echo hi >&2"
    );
    assert!(err.contains("Erlang has closed.\r\n"), "{err}");
    assert!(err.contains("hi\n"), "{err}");
    assert!(err.ends_with("Executed \"echo hi >&2\" -> 0. Terminating.\r\n"), "{err}");
}

#[test]
fn a_crash_waits_for_the_dump() {
    let env = [("HEART_COMMAND", "exit 3"), ("ERL_CRASH_DUMP_SECONDS", "5")];
    let (_, err) = converse(heart(&[], &env), b"\0\x01\x08");
    assert!(err.contains("Waiting for dump - timeout set to 5 seconds."), "{err}");
    assert!(err.contains("Executed \"exit 3\" -> 768. Terminating."), "{err}");
}

#[test]
fn the_old_process_is_killed() {
    let mut old = Command::new("sleep").arg("600").spawn().expect("sleep");
    let pid = old.id().to_string();
    let mut heart = heart(&["-pid", &pid], &[("HEART_COMMAND", "echo again >&2")]);
    let mut input = heart.stdin.take().expect("input");
    input.write_all(b"\0\x01\x08").expect("sent");
    assert!(!old.wait().expect("ended").success());
    drop(input);
    let mut err = String::new();
    heart.stderr.take().expect("errors").read_to_string(&mut err).expect("text");
    assert!(heart.wait().expect("ended").success());
    assert!(err.contains("again\n"), "{err}");
}
