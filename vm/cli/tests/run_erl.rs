//! run_erl and to_erl, with each other and with the reference's where they are installed.

use std::io::{Read, Write};
use std::path::{Path, PathBuf};
use std::process::{Child, Command, Stdio};
use std::time::{Duration, Instant};

fn own(program: &str) -> Command {
    let mut command = Command::new(env!("CARGO_BIN_EXE_oxbeam"));
    command.args(["--as", program]);
    command
}

fn reference(program: &str) -> Option<Command> {
    let path = Path::new("/usr/lib/erlang/bin").join(program);
    path.is_file().then(|| Command::new(path))
}

fn directory(name: &str) -> PathBuf {
    let dir = std::env::temp_dir().join(format!("oxbeam-run-{}-{name}", std::process::id()));
    std::fs::create_dir_all(dir.join("log")).expect("made");
    dir
}

/// A console whose command answers each line with itself, twice.
fn console(mut run_erl: Command, dir: &Path) -> Child {
    let script = "echo ready; while read line; do echo \"<$line><$line>\"; done";
    let pipe = format!("{}/", dir.display());
    let child = run_erl
        .args([&pipe, &format!("{pipe}log"), script])
        .stdin(Stdio::null())
        .stderr(Stdio::null())
        .spawn()
        .expect("run_erl");
    wait_for(|| dir.join("log/erlang.log.1").metadata().is_ok_and(|m| m.len() > 60));
    child
}

fn wait_for(mut done: impl FnMut() -> bool) {
    let start = Instant::now();
    while !done() {
        assert!(start.elapsed() < Duration::from_secs(20), "waited too long");
        std::thread::sleep(Duration::from_millis(20));
    }
}

/// Ends a process unless it is dropped in time.
struct Watchdog(Option<std::sync::mpsc::Sender<()>>);

impl Watchdog {
    fn start(pid: u32) -> Self {
        let (sender, receiver) = std::sync::mpsc::channel();
        std::thread::spawn(move || {
            if receiver.recv_timeout(Duration::from_secs(20))
                == Err(std::sync::mpsc::RecvTimeoutError::Timeout)
            {
                let _ = Command::new("kill").arg(pid.to_string()).status();
            }
        });
        Self(Some(sender))
    }
}

impl Drop for Watchdog {
    fn drop(&mut self) {
        self.0.take();
    }
}

/// Types through a to_erl; what it printed until `last` came, and on standard error.
fn session(mut to_erl: Command, dir: &Path, typed: &str, last: &str) -> (String, String) {
    let mut child = to_erl
        .arg(format!("{}/", dir.display()))
        .stdin(Stdio::piped())
        .stdout(Stdio::piped())
        .stderr(Stdio::piped())
        .spawn()
        .expect("to_erl");
    let mut input = child.stdin.take().expect("input");
    let mut output = child.stdout.take().expect("output");
    input.write_all(typed.as_bytes()).expect("typed");
    // Should nothing come, the end of the child ends the reading below.
    let watchdog = Watchdog::start(child.id());
    let mut text = Vec::new();
    let mut chunk = [0; 1024];
    while !String::from_utf8_lossy(&text).contains(last) {
        let count = output.read(&mut chunk).expect("printed");
        assert!(count > 0, "{}", String::from_utf8_lossy(&text));
        text.extend_from_slice(&chunk[..count]);
    }
    input.write_all(b"\x04").expect("typed");
    let mut errors = String::new();
    child.stderr.take().expect("errors").read_to_string(&mut errors).expect("text");
    child.wait().expect("ended");
    drop(watchdog);
    (String::from_utf8_lossy(&text).into_owned(), errors)
}

fn converse(name: &str, run_erl: Command, to_erl: impl Fn() -> Command) {
    let dir = directory(name);
    let mut running = console(run_erl, &dir);
    for round in ["one", "two"] {
        let (text, errors) = session(to_erl(), &dir, &format!("{round}\n"), &format!("{round}><"));
        assert!(!text.contains("run_erl"), "{text}");
        assert!(errors.contains("Attaching to "), "{errors}");
        assert!(errors.contains("[Quit]"), "{errors}");
    }
    let log = std::fs::read_to_string(dir.join("log/erlang.log.1")).expect("log");
    assert!(log.contains("LOGGING STARTED") && log.contains("two><"), "{log}");
    let status = std::fs::read_to_string(dir.join("log/run_erl.log")).expect("status");
    assert!(status.contains("argv[1] = -c"), "{status}");
    running.kill().expect("killed");
    running.wait().expect("ended");
    std::fs::remove_dir_all(&dir).expect("removed");
}

#[test]
fn our_own_two() {
    converse("own", own("run_erl"), || own("to_erl"));
}

#[test]
fn with_the_reference() {
    if let (Some(run_erl), Some(_)) = (reference("run_erl"), reference("to_erl")) {
        converse("theirs", run_erl, || own("to_erl"));
        converse("ours", own("run_erl"), || reference("to_erl").expect("installed"));
    }
}

#[test]
fn the_end_of_the_command() {
    let dir = directory("end");
    let pipe = format!("{}/", dir.display());
    let mut run_erl = own("run_erl");
    let out = run_erl
        .args([&pipe, &format!("{pipe}log"), "echo done; sleep 0.2"])
        .output()
        .expect("run_erl");
    assert_eq!(out.status.code(), Some(1));
    assert!(!dir.join("erlang.pipe.1.r").exists() && !dir.join("erlang.pipe.1.w").exists());
    let log = std::fs::read_to_string(dir.join("log/erlang.log.1")).expect("log");
    assert!(log.ends_with("done\r\n"), "{log}");
    let nobody = own("to_erl").arg(&pipe).stdin(Stdio::null()).output().expect("to_erl");
    assert_eq!(nobody.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&nobody.stderr).contains("No running Erlang on pipe"));
    std::fs::remove_dir_all(&dir).expect("removed");
}

#[test]
fn daemon_and_window() {
    let dir = directory("daemon");
    let pipe = format!("{}/", dir.display());
    let script = "while read line; do stty size; done";
    let started = own("run_erl").args(["-daemon", &pipe, &format!("{pipe}log"), script]).status();
    assert!(started.expect("run_erl").success());
    wait_for(|| dir.join("erlang.pipe.1.w").exists() && dir.join("log/erlang.log.1").exists());
    let typed = "\x1b_version=1\x1b\\\x1b_winsize=77,33\x1b\\go\n";
    let (text, _) = session(own("to_erl"), &dir, typed, "33 77");
    assert!(text.contains("33 77"), "{text}");
    // The end of the shell's input ends the command and with it the daemon.
    std::fs::OpenOptions::new()
        .write(true)
        .open(dir.join("erlang.pipe.1.w"))
        .and_then(|mut fifo| fifo.write_all(b"\x04"))
        .expect("typed");
    wait_for(|| !dir.join("erlang.pipe.1.w").exists());
    std::fs::remove_dir_all(&dir).expect("removed");
}
