//! What `erlexec` does: turns an `erl` command line into the emulator's argument vector.
//!
//! The vector is `PROGRAM +FLAGS-AS-MINUS -- -root R -bindir B -progname P -- -home H -- ARGUMENTS`. Planning has no
//! effects but reading argument files: [`plan`] says what to print, to set, to start; `launch` does it. The exact
//! vectors per release are in `tests/data/erlexec_argv.tsv`, observed from the reference (`erlexec.c: main`).

mod merge;
mod path;

pub use path::{with_bindir, with_first};

use crate::word::{Word, show};
use merge::{Sources, merge};

/// One start of `erlexec`.
pub struct Request<'a> {
    /// The OTP release that is started.
    pub release: u32,
    /// The program and its arguments.
    pub argv: &'a [Word],
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<Word>,
    /// ROOTDIR.
    pub root: Word,
    /// BINDIR.
    pub bindir: Word,
    /// EMU, usually `beam`.
    pub emu: Word,
    /// PROGNAME, usually `erl`.
    pub progname: Word,
}

/// What to do.
#[derive(Debug, PartialEq, Eq)]
pub enum Plan {
    /// Start the emulator.
    Start(Start),
    /// Print this on standard output and leave with status 0.
    Print(Word),
    /// Run `man` with these arguments and this MANPATH.
    Man { args: Vec<Word>, manpath: Word },
}

/// A start of the emulator.
#[derive(Debug, PartialEq, Eq)]
pub struct Start {
    /// The emulator's argument vector, its own name first.
    pub vector: Vec<Word>,
    /// Variables from `-env`, in order.
    pub env: Vec<(Word, Word)>,
    /// To be detached from terminal and session.
    pub detached: bool,
    /// epmd must run: nothing, the default one, or this shell command.
    pub epmd: Epmd,
    /// To be printed first (`-emu_args`).
    pub banner: Option<Word>,
}

/// Which epmd to start.
#[derive(Debug, PartialEq, Eq)]
pub enum Epmd {
    No,
    Default,
    Command(Word),
}

/// Why a command line is refused; the status is 1.
#[derive(Debug, PartialEq, Eq)]
pub enum Refusal {
    /// A text, followed by the usage.
    Usage(String),
    /// A text alone, `erlexec: ` before it.
    Error(String),
}

impl Refusal {
    fn missing(switch: &[u8]) -> Self {
        Self::Usage(format!("Missing argument(s) for '{}'.", show(switch)))
    }

    /// The text for standard error.
    pub fn text(&self) -> String {
        match self {
            Self::Usage(text) => format!("{text}\n{USAGE}\n"),
            Self::Error(text) => format!("erlexec: {text}\n"),
        }
    }
}

const USAGE: &str = "\
Usage: erl [OPTION | +EMULATOR_FLAG | ARGUMENT]...
  -version, -emu_args, -emu_args_exit, -args_file FILE, -env NAME VALUE
  -sname NAME | -name NAME, -start_epmd BOOLEAN, -epmd COMMAND
  -noshell, -noinput, -detached, -compile FILE..., -make, -man PAGE, -extra WORD...
An unknown +FLAG lists the emulator's flags.";

/// Allocators that +M names by one letter, `u` being all of them.
const ALLOCATORS: &[u8] = b"uBIDEFHLRSTXZ";

/// Switches of one allocator, with a value.
const ALLOCATOR_SWITCHES: &[&str] = &[
    "as", "asbcst", "atags", "acul", "acnl", "acfml", "acful", "cp", "e", "t", "lmbcs", "mbcgs",
    "mbsd", "mmbcs", "mmmbc", "mmsbc", "msbclt", "ramv", "rmbcmt", "rsbcmt", "rsbcst", "sbct",
    "smbcs",
];

/// Other +M switches, with a value.
const MEMORY_SWITCHES: &[&str] = &[
    "ea", "ummc", "uycs", "usac", "im", "is", "it", "lpm", "dai", "Mamcbf", "Mrmcbf", "Mmcs",
    "Mscs", "Mscrfsd", "Msco", "Mscrpm", "Ye", "Ym", "Ytp", "Ytt", "Iscs", "Xscs",
];

/// +s switches with a value.
const SCHEDULER_SWITCHES: &[&str] = &[
    "bt", "bwtdcpu", "bwtdio", "bwt", "cl", "ct", "ecio", "fwi", "tbt", "wct", "wtdcpu", "wtdio",
    "wt", "ws", "ss", "ssdcpu", "ssdio", "pp", "ub",
];

/// +h switches with a value; `maxib` came with OTP 26.
const HEAP_SWITCHES: &[&str] = &["ms", "mbs", "pds", "max", "maxk", "maxel", "mqd", ""];

/// +z switches with a value; `hft` came with OTP 26.
const MISC_SWITCHES: &[&str] = &["dbbl", "dntgc", "ebwt", "osrl"];

/// How a +flag continues.
enum Shape {
    /// The flag stands alone or has its value attached.
    Alone,
    /// The next word is its value.
    Value,
    /// There is no such flag.
    Bad,
}

/// How the +flag `word` (with its plus) continues, given the word after it.
fn shape(word: &[u8], next: Option<&Word>, release: u32) -> Shape {
    let rest = word.get(2..).unwrap_or_default();
    let value_if = |yes: bool| if yes { Shape::Value } else { Shape::Alone };
    let one_of = |part: &[u8], list: &[&str]| list.iter().any(|s| s.as_bytes() == part);
    match word.get(1) {
        Some(
            b'a' | b'A' | b'C' | b'e' | b'i' | b'n' | b'P' | b'Q' | b't' | b'T' | b'R' | b'W'
            | b'K',
        ) => value_if(rest.is_empty()),
        Some(b'I') => match rest {
            b"Ot" | b"Op" | b"OPt" | b"OPp" | b"Os" => Shape::Value,
            _ if [&b"Ot"[..], b"Op", b"OPt", b"OPp", b"Os"].iter().any(|s| rest.starts_with(s)) => {
                Shape::Alone
            }
            _ => Shape::Bad,
        },
        Some(b'S') => match rest {
            b"" | b"P" | b"Dcpu" | b"DPcpu" | b"Dio" => Shape::Value,
            _ if rest.starts_with(b"D") => {
                let known = [&b"Dcpu"[..], b"DPcpu", b"Dio"].iter().any(|s| rest.starts_with(s));
                if known { Shape::Alone } else { Shape::Bad }
            }
            _ => Shape::Alone,
        },
        Some(b'B') => match rest.first() {
            None => value_if(next.is_some_and(|n| matches!(n.as_slice(), b"i" | b"c" | b"d"))),
            Some(b'i' | b'c' | b'd') => Shape::Alone,
            Some(_) => Shape::Bad,
        },
        Some(b'c') => {
            let boolean = next.is_some_and(|n| n == b"true" || n == b"false");
            value_if(rest.is_empty() && boolean)
        }
        Some(b'M') => {
            let switch = rest.get(1..).unwrap_or_default();
            let of_allocator = rest.first().is_some_and(|a| ALLOCATORS.contains(a))
                && one_of(switch, ALLOCATOR_SWITCHES);
            value_if(of_allocator || one_of(rest, MEMORY_SWITCHES))
        }
        Some(b'h') => value_if(one_of(rest, HEAP_SWITCHES) || (release >= 26 && rest == b"maxib")),
        Some(b'J') => Shape::Value,
        Some(b'r') => value_if(rest == b"g"),
        Some(b's') => value_if(one_of(rest, SCHEDULER_SWITCHES)),
        Some(b'p') => value_if(rest == b"c" || (release >= 26 && rest == b"ad")),
        Some(b'z') => value_if(one_of(rest, MISC_SWITCHES) || (release >= 26 && rest == b"hft")),
        _ => Shape::Alone,
    }
}

/// The emulator's file name: type and flavour are part of it.
fn emulator_name(request: &Request<'_>, words: &[Word]) -> Result<Word, Refusal> {
    let mut kind: Option<&Word> = None;
    let mut flavor: &[u8] = b"smp";
    let mut rest = words.iter();
    while let Some(word) = rest.next() {
        match word.as_slice() {
            b"-extra" => break,
            b"-smpdisable" => return Err(smp_disabled()),
            b"-smp" if rest.as_slice().first().is_some_and(|w| w == b"disable") => {
                return Err(smp_disabled());
            }
            b"-emu_type" => kind = Some(rest.next().ok_or_else(|| Refusal::missing(word))?),
            b"-emu_flavor" => flavor = rest.next().ok_or_else(|| Refusal::missing(word))?,
            _ => {}
        }
    }
    let mut name = request.emu.clone();
    if let Some(kind) = kind.filter(|k| *k != b"opt") {
        name.push(b'.');
        name.extend_from_slice(kind);
    }
    name.push(b'.');
    name.extend_from_slice(flavor);
    Ok(name)
}

fn smp_disabled() -> Refusal {
    Refusal::Usage("Argument '-smp disable' not supported. Use \"+S 1\" instead.".into())
}

/// What is asked for besides starting.
#[derive(Default)]
struct Wishes {
    emulator: Vec<Word>,
    arguments: Vec<Word>,
    env: Vec<(Word, Word)>,
    detached: bool,
    distributed: bool,
    epmd_command: Option<Word>,
    no_epmd: bool,
    no_epmd_flag: bool,
    proto_dist: bool,
    halt_afterwards: bool,
    verbose: bool,
    print_arguments: bool,
    print_command: bool,
}

/// Plans a start.
pub fn plan(request: &Request<'_>) -> Result<Plan, Refusal> {
    let sources = Sources { release: request.release, argv: request.argv, env: request.env };
    let words = merge(&sources)?;
    let name = emulator_name(request, &words)?;
    let program = [&request.bindir, &b"/"[..], &name].concat();

    let mut wishes = Wishes::default();
    let mut head = words_of(&["--", "-root"]);
    head.push(request.root.clone());
    head.push(b"-bindir".to_vec());
    head.push(request.bindir.clone());
    head.push(b"-progname".to_vec());
    head.push(request.progname.clone());
    head.push(b"--".to_vec());
    if let Some(home) = (request.env)("HOME") {
        head.push(b"-home".to_vec());
        head.push(home);
    }
    if let Some(port) = (request.env)("ERL_EPMD_PORT") {
        head.push(b"-epmd_port".to_vec());
        head.push(port);
    }
    head.push(b"--".to_vec());

    let mut rest = words.into_iter().peekable();
    while let Some(word) = rest.next() {
        match word.first() {
            Some(b'+') if word == b"++S" && request.release > 25 => {
                wishes.arguments.extend(words_of(&["-noshell", "-S"]));
                wishes.arguments.extend(rest);
                break;
            }
            Some(b'+') => plus(&mut wishes, word, &mut rest, request.release)?,
            Some(b'-') => match word.as_slice() {
                b"-extra" => {
                    wishes.arguments.push(word);
                    wishes.arguments.extend(rest);
                    break;
                }
                b"-emu_name_exit" => return Ok(Plan::Print([&name[..], b"\n"].concat())),
                b"-man" => {
                    let manpath = [&request.root, &b"/man"[..]].concat();
                    return Ok(Plan::Man { args: rest.collect(), manpath });
                }
                b"-make" => {
                    wishes.arguments.extend(words_of(&[
                        "-noshell",
                        "-noinput",
                        "-s",
                        "make",
                        "all_or_nothing",
                    ]));
                    wishes.emulator.push(b"-B".to_vec());
                    wishes.halt_afterwards = true;
                    break;
                }
                _ => minus(&mut wishes, word, &mut rest)?,
            },
            _ => wishes.arguments.push(word),
        }
    }
    if wishes.halt_afterwards {
        wishes.arguments.extend(words_of(&["-s", "erlang", "halt"]));
    }
    if wishes.no_epmd_flag && !wishes.proto_dist {
        return Err(Refusal::Error(
            "Missing -proto_dist option, expected when using -no_epmd.".into(),
        ));
    }
    Ok(finish(request, wishes, head, program))
}

fn words_of(list: &[&str]) -> Vec<Word> {
    list.iter().map(|s| s.as_bytes().to_vec()).collect()
}

type Rest = std::iter::Peekable<std::vec::IntoIter<Word>>;

/// A +flag goes to the emulator, with a minus.
fn plus(wishes: &mut Wishes, mut word: Word, rest: &mut Rest, release: u32) -> Result<(), Refusal> {
    let shape = shape(&word, rest.peek(), release);
    // The reference has changed the sign already when it complains about these two.
    let complaint = if matches!(word.get(1), Some(b'B')) {
        [b"-", word.get(1..).unwrap_or_default()].concat()
    } else {
        word.clone()
    };
    if let Some(sign) = word.first_mut() {
        *sign = b'-';
    }
    match shape {
        Shape::Bad => return Err(Refusal::missing(&complaint)),
        Shape::Alone => wishes.emulator.push(word),
        Shape::Value => {
            let value = rest.next().ok_or_else(|| Refusal::missing(&complaint))?;
            wishes.emulator.push(word);
            wishes.emulator.push(value);
        }
    }
    Ok(())
}

/// A -flag is ours, or goes to `init`.
fn minus(wishes: &mut Wishes, word: Word, rest: &mut Rest) -> Result<(), Refusal> {
    let args = &mut wishes.arguments;
    match word.as_slice() {
        b"-compile" => {
            args.extend(words_of(&["-noshell", "-noinput", "-s", "c", "lc_batch"]));
            wishes.emulator.push(b"-B".to_vec());
        }
        b"-configfd" => {
            if rest.peek().is_some_and(|fd| fd == b"0") {
                args.extend(words_of(&["-noshell", "-noinput"]));
            }
            args.push(word);
        }
        b"-detached" => {
            wishes.detached = true;
            args.extend(words_of(&["-noshell", "-noinput"]));
        }
        b"-emu_args" => wishes.verbose = true,
        b"-emu_args_exit" => wishes.print_arguments = true,
        // Spelt like this in the reference.
        b"-emu_qouted_cmd_exit" => wishes.print_command = true,
        b"-env" => match (rest.next(), rest.next()) {
            (Some(name), Some(value)) => wishes.env.push((name, value)),
            _ => return Err(Refusal::missing(b"-env")),
        },
        b"-epmd" => {
            wishes.epmd_command = Some(rest.next().ok_or_else(|| Refusal::missing(&word))?);
        }
        b"-keep_window" => {}
        b"-name" | b"-sname" => {
            let name = rest.next().ok_or_else(|| Refusal::missing(&word))?;
            args.extend([word, name]);
            wishes.distributed = true;
        }
        b"-noinput" => args.extend(words_of(&["-noshell", "-noinput"])),
        b"-no_epmd" => {
            args.push(word);
            wishes.no_epmd = true;
            wishes.no_epmd_flag = true;
        }
        b"-proto_dist" => {
            args.push(word);
            wishes.proto_dist = true;
        }
        b"-start_epmd" => {
            let value = rest.next().ok_or_else(|| Refusal::missing(&word))?;
            wishes.no_epmd = match value.as_slice() {
                b"true" => false,
                b"false" => true,
                _ => {
                    return Err(Refusal::Usage(
                        "Expected boolean argument for '-start_epmd'.".into(),
                    ));
                }
            };
            args.extend([word, value]);
        }
        b"-version" => wishes.emulator.push(b"-V".to_vec()),
        _ => args.push(word),
    }
    Ok(())
}

/// Puts the vector together.
fn finish(request: &Request<'_>, wishes: Wishes, head: Vec<Word>, program: Word) -> Plan {
    let own_name = (request.env)("ESCRIPT_NAME").unwrap_or_else(|| program.clone());
    let mut vector = vec![own_name];
    vector.extend(wishes.emulator);
    vector.extend(head);
    vector.extend(wishes.arguments);
    let arguments = vector.get(1..).unwrap_or_default();

    if wishes.print_command {
        let mut out = [b"\"", &program[..], b"\" "].concat();
        for word in arguments {
            out.extend([b"\"", &word[..], b"\" "].concat());
        }
        out.push(b'\n');
        return Plan::Print(out);
    }
    if wishes.print_arguments {
        return Plan::Print(arguments.iter().flat_map(|w| [w, &b"\n"[..]].concat()).collect());
    }
    let banner = wishes.verbose.then(|| {
        let mut out = [b"Executing: ", &program[..]].concat();
        for word in &vector {
            out.extend([b" ", &word[..]].concat());
        }
        out.extend_from_slice(b"\n\n");
        out
    });
    let epmd = match wishes.epmd_command {
        _ if !wishes.distributed || wishes.no_epmd => Epmd::No,
        Some(command) => Epmd::Command(command),
        None => Epmd::Default,
    };
    Plan::Start(Start { vector, env: wishes.env, detached: wishes.detached, epmd, banner })
}

#[cfg(test)]
mod tests;
