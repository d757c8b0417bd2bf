//! `escript`: runs a script, an archive or a module by the emulator flags in its head.
//!
//! Called by another name, it is a program of its own: `foo` runs `foo.escript` beside it.

use super::{Launch, Surroundings, words};
use crate::invocation::Invocation;
use crate::word::{Word, basename, from_path, show, to_path};
use std::io::{BufRead, BufReader, Read};
use std::path::{Path, PathBuf};

/// The longest head line that is read.
const LONGEST_LINE: u64 = 1 << 20;

/// Plans a run of a script.
pub fn escript(s: &Surroundings<'_>) -> Result<Launch, String> {
    let mut rest = s.args.iter();
    let mut options: Vec<Word> = Vec::new();
    let script = if basename(s.program) == b"escript" {
        loop {
            let arg = rest.next().ok_or("Missing filename\n")?;
            match arg.strip_prefix(b"-") {
                Some(option) => options.push(option.to_vec()),
                None => break arg.clone(),
            }
        }
    } else {
        let path = std::path::absolute(to_path(s.program)).unwrap_or_default();
        let resolved = path.canonicalize().unwrap_or_else(|_| path.clone());
        let named = if script_of(&resolved).is_file() { &resolved } else { &path };
        from_path(&script_of(named))
    };
    let flags =
        head_flags(&script).map_err(|_| format!("Failed to open file: {}", show(&script)))?;

    // Unlike erlc's, this variable is one program, blanks included.
    let emulator = (s.env)("ESCRIPT_EMULATOR").unwrap_or_else(|| s.erl.clone());
    let mut argv = vec![emulator, b"+B".to_vec()];
    if s.release >= 29 {
        argv.extend(words(&["-noshell", "-boot", "$ROOT/no_dot_erlang"]));
    } else if s.release >= 26 {
        argv.extend(words(&["-noshell", "-boot", "no_dot_erlang"]));
    } else {
        argv.extend(words(&["-boot", "no_dot_erlang", "-noshell"]));
    }
    argv.extend(flags);
    argv.extend(words(&["-run", "escript", "start"]));
    argv.extend(options);
    argv.push(b"-extra".to_vec());
    argv.push(script.clone());
    argv.extend(rest.cloned());
    Ok(Launch { argv, env: vec![("ESCRIPT_NAME", script)], notes: Vec::new() })
}

/// A program of ours under a name of its own whose script lies beside it: the path to call it by.
pub fn script_beside(invocation: &Invocation) -> Option<PathBuf> {
    let path = invocation.directory()?.join(to_path(invocation.name()));
    let resolved = path.canonicalize().unwrap_or_default();
    [resolved, path].into_iter().find(|program| script_of(program).is_file())
}

/// `PROGRAM.escript`.
fn script_of(program: &Path) -> PathBuf {
    to_path(&[&from_path(program)[..], b".escript"].concat())
}

/// The words behind `%%!` in the second or third line of a script. They are parted by blanks; there is no quoting.
fn head_flags(script: &[u8]) -> std::io::Result<Vec<Word>> {
    let mut file = BufReader::new(std::fs::File::open(to_path(script))?);
    for number in 0..3 {
        let mut line = Vec::new();
        file.by_ref().take(LONGEST_LINE).read_until(b'\n', &mut line)?;
        if let (1.., Some(flags)) = (number, line.strip_prefix(b"%%!")) {
            let flags = flags.strip_suffix(b"\n").unwrap_or(flags);
            let words = flags.split(|&b| b == b' ').filter(|word| !word.is_empty());
            return Ok(words.map(<[u8]>::to_vec).collect());
        }
    }
    Ok(Vec::new())
}
