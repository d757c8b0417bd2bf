//! Command lines as the reference's front ends make them.

use super::*;
use crate::erlexec::{Plan, Request, plan};

type FrontEnd = fn(&Surroundings<'_>) -> Result<Launch, String>;

fn launch(front_end: FrontEnd, program: &str, line: &str, release: u32) -> Result<Launch, String> {
    let args: Vec<Word> = line.split_whitespace().map(|w| w.as_bytes().to_vec()).collect();
    let surroundings = Surroundings {
        program: program.as_bytes(),
        args: &args,
        env: &|_| None,
        erl: b"ERL".to_vec(),
        release,
    };
    front_end(&surroundings)
}

/// The command line behind `ERL`.
fn made(front_end: FrontEnd, program: &str, line: &str) -> String {
    let launch = launch(front_end, program, line, 25).expect(line);
    let text: Vec<_> = launch.argv.iter().map(|w| show(w).into_owned()).collect();
    assert_eq!(text[0], "ERL");
    text[1..].join(" ")
}

fn script(name: &str, text: &str) -> String {
    let path = std::env::temp_dir().join(format!("oxbeam-{}-{name}", std::process::id()));
    std::fs::write(&path, text).expect("written");
    path.to_str().expect("text").to_owned()
}

#[test]
fn erlc_command_lines() {
    const FIXED: &str = "+sbtu +A0 -noinput -mode minimal -boot no_dot_erlang -s erl_compile compile_cmdline -extra";
    for (line, front, passed) in [
        ("", "+S1 ", ""),
        ("a.erl", "+S1 ", " a.erl"),
        ("-pa x -pz y a.erl", "+S1 -pz y -pa x ", " a.erl"),
        ("-pax -smp a.erl -smpx", "+S1 -smp -pa x ", " a.erl -smpx"),
        ("-server a.erl", "", " a.erl"),
        ("-no-server -no-serverx a", "+S1 ", " -no-serverx a"),
        (
            "+x -W0 -Werror -o -pfoo -p -s foo -- +a b",
            "+S1 ",
            " +x -W0 -Werror -o -pfoo -p -s foo -- +a b",
        ),
    ] {
        assert_eq!(made(erlc, "erlc", line), format!("{front}{FIXED}{passed}"));
    }
    for line in ["-pa", "-pa -x a.erl"] {
        assert_eq!(launch(erlc, "erlc", line, 25), Err("No value given to -p option".into()));
    }
    let debug = launch(erlc, "/b/erlc", "-d -d a.erl b.erl", 25).expect("a launch");
    assert_eq!(debug.notes, [format!("spawning erl for b.erl:\n  ERL +S1 {FIXED} a.erl b.erl ")]);
    assert_eq!(debug.env[0], ("ESCRIPT_NAME", b"/b/erlc".to_vec()));
}

#[test]
fn variables_name_the_emulator() {
    let env = |name: &str| match name {
        "ERLC_EMULATOR" | "ESCRIPT_EMULATOR" | "DIALYZER_EMULATOR" => Some(b" x  y ".to_vec()),
        "ERLC_USE_SERVER" => Some(b"z".to_vec()),
        _ => None,
    };
    let file = script("empty.es", "");
    let args = [file.as_bytes().to_vec()];
    let s = Surroundings {
        program: b"escript",
        args: &args,
        env: &env,
        erl: b"ERL".to_vec(),
        release: 25,
    };
    let first = |launch: Launch| launch.argv.iter().take(2).cloned().collect::<Vec<_>>();
    let split = [b"x".to_vec(), b"y".to_vec()];
    let by_erlc = erlc(&s).expect("a launch");
    assert_eq!(
        by_erlc.notes,
        ["erlc: Warning: Ignoring unrecognized value 'z' for environment value ERLC_USE_SERVER"]
    );
    assert_eq!(first(by_erlc), split);
    assert_eq!(first(dialyzer(&s).expect("a launch")), split);
    assert_eq!(first(escript(&s).expect("a launch"))[0], b" x  y ");
    assert_eq!(first(typer(&s).expect("a launch"))[0], b"ERL");
    std::fs::remove_file(file).expect("removed");
}

#[test]
fn escript_heads() {
    for (head, flags) in [
        ("#!/usr/bin/env escript\n%%! -sname  a   +P 5\nmain(_) -> ok.\n", "-sname a +P 5 "),
        ("#!x\n%% -*- erlang -*-\n%%!-x y\n", "-x y "),
        ("#!x\n%%! -a b", "-a b "),
        ("#!x\n\n\n%%! -late\n", ""),
        ("%%! -first\n", ""),
        ("main", ""),
        ("", ""),
    ] {
        let file = script("head.es", head);
        assert_eq!(
            made(escript, "/b/escript", &format!("-c -s {file} 1 -x")),
            format!(
                "+B -boot no_dot_erlang -noshell {flags}-run escript start c s -extra {file} 1 -x"
            )
        );
        std::fs::remove_file(file).expect("removed");
    }
    assert_eq!(launch(escript, "escript", "-c", 25), Err("Missing filename\n".into()));
    assert_eq!(launch(escript, "escript", "nofile", 25), Err("Failed to open file: nofile".into()));
    let named = script("prog.escript", "#!x\n%%! -q\n");
    let program = script("prog", "");
    assert_eq!(
        made(escript, &program, "a"),
        format!("+B -boot no_dot_erlang -noshell -q -run escript start -extra {named} a")
    );
    for file in [named, program] {
        std::fs::remove_file(file).expect("removed");
    }
}

#[test]
fn analyzers() {
    let tail = "+B -boot no_dot_erlang -run";
    for (line, expected) in [
        ("", format!("-noinput +P 1000000 {tail} dialyzer plain_cl -extra")),
        ("--src x --shell", format!("+P 1000000 {tail} dialyzer plain_cl -extra --src x")),
        (
            "-smp +S 3 +P 7 +sbt db x",
            format!("-noinput -smpauto -smp +S 3 +P 7 +sbt db {tail} dialyzer plain_cl -extra x"),
        ),
        ("+P 7 +S 3", format!("-noinput +P 7 {tail} dialyzer plain_cl -extra +S 3")),
    ] {
        assert_eq!(made(dialyzer, "dialyzer", line), expected);
    }
    assert_eq!(made(typer, "typer", "x --shell"), format!("{tail} typer start -extra x"));
    assert_eq!(
        made(typer, "typer", "-smp x"),
        format!("-noinput -smpauto {tail} typer start -extra x")
    );
}

#[test]
fn common_test() {
    for (line, expected) in [
        ("", "-sname ct -s ct_run script_start -s erlang halt"),
        (
            "-sname a -suite x -config c -decrypt_key k -decrypt_file f -erl_args -config z -sname q",
            "-sname q -s ct_run script_start -s erlang halt -suite x -ct_config c -ct_decrypt_key k \
             -ct_decrypt_file f -ct_erl_args -config z",
        ),
        ("-name a@b -shell", "-name a@b -s ct_run script_start -shell"),
        (
            "-vts -browser ff",
            "-sname ct -s ct_webtool script_start vts ff -s ct_run script_start -vts -browser ff",
        ),
        ("-ctmaster", "-sname ct_master -ctmaster"),
        ("-ctname n x", "-sname n -ctname n x"),
        ("-erl_args -vts", "-sname ct -s ct_run script_start -s erlang halt -ct_erl_args -vts"),
    ] {
        assert_eq!(made(ct_run, "ct_run", line), expected);
    }
    assert!(launch(ct_run, "ct_run", "-sname", 25).is_err());
}

/// The rows of front ends in `tests/data/erlexec_argv.tsv`: through the front end and then through `erlexec`.
#[test]
fn observed_vectors() {
    let observed = include_str!("../../tests/data/erlexec_argv.tsv");
    let script =
        script("t.es", "#!/usr/bin/env escript\n%%! -smp auto +P 4000 -x\nmain(_) -> ok.\n");
    let mut checked = 0;
    for row in observed.lines().filter(|row| row.contains("\tescript ") || row.contains("\terlc "))
    {
        let columns: Vec<&str> = row.split('\t').collect();
        let [release, command, vector] = columns[..] else { panic!("{row}") };
        let release: u32 = release.parse().expect("a release");
        let command = command.replace("t.es", &script);
        let (program, line) = command.split_once(' ').expect("arguments");
        let launch = match program {
            "erlc" => launch(erlc, "BINDIR/erlc", line, release),
            _ => launch(escript, "BINDIR/escript", line, release),
        };
        let launch = launch.expect(&command);
        let env = |name: &str| match name {
            "HOME" => Some(b"HOME".to_vec()),
            _ => launch.env.iter().find(|(n, _)| *n == name).map(|(_, value)| value.clone()),
        };
        let request = Request {
            release,
            argv: &launch.argv,
            env: &env,
            root: b"ROOTDIR".to_vec(),
            bindir: b"BINDIR".to_vec(),
            emu: b"beam".to_vec(),
            progname: b"erl".to_vec(),
        };
        let Ok(Plan::Start(start)) = plan(&request) else { panic!("{command}") };
        let made: Vec<String> = start.vector.iter().map(|w| format!("<{}>", show(w))).collect();
        assert_eq!(made.join(" ").replace(&script, "WORK/t.es"), vector, "{release} {command}");
        checked += 1;
    }
    assert_eq!(checked, 9);
    std::fs::remove_file(script).expect("removed");
}
