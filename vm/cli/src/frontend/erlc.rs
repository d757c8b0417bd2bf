//! `erlc`: compiles files by whatever compiler their extension asks for (module `erl_compile`).
//!
//! The reference can also hand files to a server that stays between runs. There is none here: the option and the
//! variable for it are understood, and every file is compiled by an emulator of its own.

use super::{Launch, Surroundings, words};
use crate::word::{Word, from_path, is_executable, show, to_path};

/// Plans a run of the compilers.
pub fn erlc(s: &Surroundings<'_>) -> Result<Launch, String> {
    let mut notes = Vec::new();
    let mut server = match (s.env)("ERLC_USE_SERVER").as_deref() {
        Some(b"yes" | b"true") => true,
        None | Some(b"no" | b"false") => false,
        Some(other) => {
            notes.push(format!(
                "erlc: Warning: Ignoring unrecognized value '{}' for environment value ERLC_USE_SERVER",
                show(other)
            ));
            false
        }
    };

    // What goes in front of the fixed flags, last found first, and what the compilers get.
    let mut front: Vec<Word> = Vec::new();
    let mut passed: Vec<Word> = Vec::new();
    let mut debug = 0u32;
    let mut source: &[u8] = b"<no source>";
    let mut rest = s.args.iter().peekable();
    while let Some(arg) = rest.next() {
        source = b"<no source>";
        match arg.as_slice() {
            b"-d" => debug = debug.saturating_add(1),
            b"-no-server" => server = false,
            b"-server" => server = true,
            b"-smp" => front.insert(0, arg.clone()),
            [b'-', b'p', letter @ (b'a' | b'z'), attached @ ..] => {
                let directory = if attached.is_empty() {
                    rest.next_if(|next| !next.starts_with(b"-"))
                        .ok_or("No value given to -p option")?
                        .clone()
                } else {
                    attached.to_vec()
                };
                front.splice(0..0, [vec![b'-', b'p', *letter], directory]);
            }
            _ => {
                if !arg.starts_with(b"-") && !arg.starts_with(b"+") {
                    source = arg;
                }
                passed.push(arg.clone());
            }
        }
    }

    let mut argv = s.emulator("ERLC_EMULATOR");
    let emulator = full_path(argv.first(), s.env);
    if !server {
        // One scheduler: builds start many of these side by side.
        argv.push(b"+S1".to_vec());
    }
    argv.extend(front);
    argv.extend(words(&["+sbtu", "+A0"]));
    if s.release >= 29 {
        argv.extend(words(&["+P", "65536", "+Q", "1024"]));
    }
    argv.extend(words(&["-noinput", "-mode", "minimal", "-boot", "no_dot_erlang"]));
    argv.extend(words(&["-s", "erl_compile", "compile_cmdline", "-extra"]));
    argv.extend(passed);

    if debug > 0 {
        let mut note = format!("spawning erl for {}", show(source));
        if debug > 1 {
            note.push_str(":\n  ");
            for word in &argv {
                note.push_str(&show(word));
                note.push(' ');
            }
        }
        notes.push(note);
    }
    let mut env = vec![("ESCRIPT_NAME", s.program.to_vec())];
    env.extend(emulator.map(|path| ("ERLC_CONFIGURATION", path)));
    Ok(Launch { argv, env, notes })
}

/// A program's path as PATH finds it; tools compare it to know whether the same OTP is used.
fn full_path(program: Option<&Word>, env: &dyn Fn(&str) -> Option<Word>) -> Option<Word> {
    let program = program?;
    if program.contains(&b'/') {
        return Some(program.clone());
    }
    let path = env("PATH").unwrap_or_default();
    let dirs = path.split(|&b| b == b':').map(to_path);
    let found = dirs.map(|dir| dir.join(to_path(program))).find(|path| is_executable(path));
    Some(found.map_or_else(|| program.clone(), |path| from_path(&path)))
}
