//! `dialyzer`, `typer` and `ct_run`.

use super::{Launch, Surroundings, words};
use crate::word::Word;

/// Plans a run of the discrepancy analyzer. `--shell` keeps standard input open.
pub fn dialyzer(s: &Surroundings<'_>) -> Result<Launch, String> {
    let mut flags: Vec<Word> = Vec::new();
    let mut rest = s.args;
    if let [first, more @ ..] = rest
        && first == b"-smp"
    {
        flags.push(b"-smpauto".to_vec());
        rest = more;
    }
    let mut processes = b"1000000".to_vec();
    let mut bind = None;
    if let [flag, value, more @ ..] = rest
        && flag == b"+S"
    {
        flags.extend([b"-smp".to_vec(), flag.clone(), value.clone()]);
        rest = more;
    }
    if let [flag, value, more @ ..] = rest
        && flag == b"+P"
    {
        processes = value.clone();
        rest = more;
    }
    if let [flag, value, more @ ..] = rest
        && flag == b"+sbt"
    {
        bind = Some([flag.clone(), value.clone()]);
        rest = more;
    }
    flags.extend([b"+P".to_vec(), processes]);
    flags.extend(bind.into_iter().flatten());
    let argv = s.emulator("DIALYZER_EMULATOR");
    Ok(analyzer(s, argv, flags, rest, &["dialyzer", "plain_cl"]))
}

/// Plans a run of the type annotator.
pub fn typer(s: &Surroundings<'_>) -> Result<Launch, String> {
    let mut flags: Vec<Word> = Vec::new();
    let mut rest = s.args;
    if let [first, more @ ..] = rest
        && first == b"-smp"
    {
        flags.push(b"-smpauto".to_vec());
        rest = more;
    }
    Ok(analyzer(s, vec![s.erl.clone()], flags, rest, &["typer", "start"]))
}

/// What the two have in common.
fn analyzer(
    s: &Surroundings<'_>,
    mut argv: Vec<Word>,
    flags: Vec<Word>,
    args: &[Word],
    entry: &[&str],
) -> Launch {
    let is_shell = |arg: &&Word| *arg == b"--shell";
    if !args.iter().any(|arg| is_shell(&arg)) {
        argv.push(b"-noinput".to_vec());
    }
    argv.extend(flags);
    argv.extend(words(&["+B", "-boot", "no_dot_erlang", "-run"]));
    argv.extend(words(entry));
    argv.push(b"-extra".to_vec());
    argv.extend(args.iter().filter(|arg| !is_shell(arg)).cloned());
    Launch { argv, env: vec![("ESCRIPT_NAME", s.program.to_vec())], notes: Vec::new() }
}

/// What `ct_run` does after the start.
#[derive(Clone, Copy, PartialEq, Eq)]
enum Mode {
    Tests,
    Web,
    TestShell,
    Master,
    ErlShell,
}

/// Plans a run of Common Test.
pub fn ct_run(s: &Surroundings<'_>) -> Result<Launch, String> {
    let mut node = b"ct".to_vec();
    let mut kind = "-sname";
    let mut browser = None;
    let mut mode = Mode::Tests;
    // Behind -erl_args everything but node names is for erl.
    let mut ours = true;
    let mut rest = s.args.iter();
    while let Some(arg) = rest.next() {
        match arg.as_slice() {
            b"-erl_args" => ours = false,
            b"-sname" | b"-name" => {
                if arg == b"-name" {
                    kind = "-name";
                }
                node = value(&mut rest, arg)?;
            }
            b"-vts" if ours => mode = Mode::Web,
            b"-browser" if ours => browser = Some(value(&mut rest, arg)?),
            b"-shell" if ours => mode = Mode::TestShell,
            b"-ctmaster" if ours => {
                node = b"ct_master".to_vec();
                mode = Mode::Master;
            }
            b"-ctname" if ours => {
                node = value(&mut rest, arg)?;
                mode = Mode::ErlShell;
            }
            _ => {}
        }
    }

    let mut argv = vec![s.erl.clone(), kind.as_bytes().to_vec(), node];
    if mode == Mode::Web {
        argv.extend(words(&["-s", "ct_webtool", "script_start", "vts"]));
        argv.extend(browser);
    }
    if matches!(mode, Mode::Tests | Mode::Web | Mode::TestShell) {
        argv.extend(words(&["-s", "ct_run", "script_start"]));
    }
    if mode == Mode::Tests {
        argv.extend(words(&["-s", "erlang", "halt"]));
    }
    let mut ours = true;
    let mut rest = s.args.iter();
    while let Some(arg) = rest.next() {
        let renamed = match arg.as_slice() {
            b"-erl_args" => {
                ours = false;
                b"-ct_erl_args"
            }
            b"-sname" | b"-name" => {
                rest.next();
                continue;
            }
            b"-config" if ours => &b"-ct_config"[..],
            b"-decrypt_key" if ours => b"-ct_decrypt_key",
            b"-decrypt_file" if ours => b"-ct_decrypt_file",
            other => other,
        };
        argv.push(renamed.to_vec());
    }
    Ok(Launch { argv, env: vec![("ESCRIPT_NAME", s.program.to_vec())], notes: Vec::new() })
}

fn value<'a>(rest: &mut impl Iterator<Item = &'a Word>, flag: &[u8]) -> Result<Word, String> {
    let missing = || format!("No value given to {}", crate::word::show(flag));
    rest.next().cloned().ok_or_else(missing)
}
