//! Starts through links, scripts' variables and releases: what reaches the emulator, and what its children see.

use std::collections::HashMap;
use std::os::unix::fs::symlink;
use std::os::unix::process::CommandExt;
use std::path::{Path, PathBuf};
use std::process::{Command, Output};

const PROGRAM: &str = env!("CARGO_BIN_EXE_oxbeam");

/// A made-up OTP tree with a directory of our programs beside it.
struct Tree(PathBuf);

impl Tree {
    fn new(name: &str, erts: &str) -> Self {
        let top = std::env::temp_dir().join(format!("oxbeam-launch-{}-{name}", std::process::id()));
        let _ = std::fs::remove_dir_all(&top);
        for dir in ["root/bin", "ours"] {
            std::fs::create_dir_all(top.join(dir)).expect("made");
        }
        std::fs::create_dir_all(top.join(format!("root/erts-{erts}/bin"))).expect("made");
        for program in ["erl", "erlc", "erlexec"] {
            symlink(PROGRAM, top.join("ours").join(program)).expect("linked");
        }
        Self(top.canonicalize().expect("resolved"))
    }

    fn path(&self, part: &str) -> String {
        self.0.join(part).to_str().expect("text").to_owned()
    }
}

impl Drop for Tree {
    fn drop(&mut self) {
        let _ = std::fs::remove_dir_all(&self.0);
    }
}

fn command(program: &str) -> Command {
    let mut command = Command::new(program);
    command.env_clear().env("PATH", "/usr/bin:/bin").env("HOME", "/home");
    command
}

fn lines(out: &Output) -> Vec<String> {
    assert!(out.status.success(), "{out:?}");
    String::from_utf8_lossy(&out.stdout).lines().map(str::to_owned).collect()
}

/// The environment that a start sets, shown by the command that it takes for epmd.
fn environment(mut command: Command) -> HashMap<String, String> {
    let out = command.args(["-sname", "x", "-epmd", "env"]).output().expect("started");
    let text = String::from_utf8_lossy(&out.stdout).into_owned();
    let pairs = text.lines().filter_map(|line| line.split_once('='));
    pairs.map(|(name, value)| (name.to_owned(), value.to_owned())).collect()
}

#[test]
fn erl_by_a_link() {
    let tree = Tree::new("link", "13.9");
    let mut erl = command(&tree.path("ours/erl"));
    erl.env("ERL_ROOTDIR", tree.path("root"));
    let out = erl.args(["+P", "5000", "-x", "-emu_args_exit"]).output().expect("started");
    let (root, ours) = (tree.path("root"), tree.path("ours"));
    let expected = [
        "-P",
        "5000",
        "--",
        "-root",
        &root,
        "-bindir",
        &ours,
        "-progname",
        "erl",
        "--",
        "-home",
        "/home",
        "--",
        "-x",
    ];
    assert_eq!(lines(&out), expected);

    let mut erl = command(&tree.path("ours/erl"));
    erl.env("ERL_ROOTDIR", &root);
    let env = environment(erl);
    assert_eq!((env["ROOTDIR"].as_str(), env["BINDIR"].as_str()), (&*root, &*ours));
    assert_eq!((env["EMU"].as_str(), env["PROGNAME"].as_str()), ("beam", "erl"));
    // Children find our erl before the tree's programs.
    assert_eq!(env["PATH"], format!("{ours}:{root}/erts-13.9/bin:{root}/bin:/usr/bin:/bin"));
}

#[test]
fn the_root_decides_the_release() {
    let (old, new) = (Tree::new("old", "13.0"), Tree::new("new", "15.2"));
    let last = |tree: &Tree| {
        let mut erl = command(&tree.path("ours/erl"));
        let out = erl.args(["-root", &tree.path("root"), "-x", "-emu_args_exit"]).output();
        lines(&out.expect("started")).last().cloned()
    };
    assert_eq!(last(&old).as_deref(), Some("-x"));
    assert_eq!(last(&new).as_deref(), Some("--"));
    let version = command(PROGRAM)
        .args(["--as", "erl", "-root", &new.path("root"), "-version"])
        .output()
        .expect("started");
    assert_eq!(
        String::from_utf8_lossy(&version.stderr),
        "Erlang (SMP,ASYNC_THREADS) (BEAM) emulator version 15.2\n"
    );
    let nowhere = command(PROGRAM).args(["--as", "erl", "-root", "/nonexistent"]).output();
    let nowhere = nowhere.expect("started");
    assert_eq!(nowhere.status.code(), Some(1));
    assert_eq!(nowhere.stderr, b"erlexec: There is no Erlang/OTP in '/nonexistent'.\n");
}

#[test]
fn an_erl_inside_a_tree_takes_that_tree() {
    let tree = Tree::new("inside", "13.9");
    symlink(PROGRAM, tree.0.join("root/bin/erl")).expect("linked");
    let out = command(&tree.path("root/bin/erl"))
        .env("ROOTDIR", "/elsewhere")
        .arg("-emu_args_exit")
        .output()
        .expect("started");
    assert_eq!(lines(&out)[2], tree.path("root"));
}

#[test]
fn erlexec_of_a_release() {
    let tree = Tree::new("release", "13.9");
    let bin = tree.path("root/erts-13.9/bin");
    symlink(PROGRAM, Path::new(&bin).join("erlexec")).expect("linked");
    let start = || {
        let mut erlexec = command(&format!("{bin}/erlexec"));
        erlexec.envs([("ROOTDIR", tree.path("root")), ("BINDIR", bin.clone())]);
        erlexec.envs([("EMU", "beam"), ("PROGNAME", "rel")]);
        erlexec
    };
    let out = start().args(["-emu_qouted_cmd_exit"]).output().expect("started");
    let root = tree.path("root");
    let quoted = format!(
        "\"{bin}/beam.smp\" \"--\" \"-root\" \"{root}\" \"-bindir\" \"{bin}\" \"-progname\" \"rel\" \"--\" \
         \"-home\" \"/home\" \"--\" "
    );
    assert_eq!(lines(&out), [quoted]);
    assert_eq!(environment(start())["PATH"], format!("{bin}:{root}/bin:/usr/bin:/bin"));
}

/// The reference's erlexec starts the emulator by a script's name; then only the vector tells what it is.
#[test]
fn a_vector_is_known_by_its_shape() {
    let tree = Tree::new("vector", "13.9");
    for name in ["/some/script.es", "/some/bin/erlc", "beam.smp"] {
        let out = command(PROGRAM)
            .arg0(name)
            .args([
                "-V",
                "--",
                "-root",
                &tree.path("root"),
                "-progname",
                "erl",
                "--",
                "-home",
                "/",
                "--",
            ])
            .output()
            .expect("started");
        assert_eq!(out.status.code(), Some(0), "{name}");
        assert!(
            String::from_utf8_lossy(&out.stderr).ends_with("emulator version 13.9\n"),
            "{name}"
        );
    }
}

#[test]
fn front_ends_start_the_erl_beside_them() {
    let tree = Tree::new("beside", "13.9");
    let out = command(&tree.path("ours/erlc"))
        .env("ERL_FLAGS", "-emu_args_exit")
        .env("ERL_ROOTDIR", tree.path("root"))
        .arg("x.erl")
        .output()
        .expect("started");
    let lines = lines(&out);
    assert_eq!(lines[..3], ["-S1", "-sbtu", "-A0"]);
    assert!(lines.contains(&tree.path("ours")), "{lines:?}");
    assert_eq!(lines.last().map(String::as_str), Some("x.erl"));
}

#[test]
fn unknown_names() {
    let out = command(PROGRAM).output().expect("started");
    assert_eq!(out.status.code(), Some(1));
    assert!(String::from_utf8_lossy(&out.stderr).starts_with("Usage: oxbeam --as PROGRAM"));
}
