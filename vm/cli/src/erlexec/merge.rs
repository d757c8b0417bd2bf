//! One argument list out of the command line, the flag variables and `-args_file` files.
//!
//! Order (`erlexec.c: initial_argv_massage`): `ERL_OTPnn_FLAGS`, `ERL_AFLAGS`, the command line, `ERL_FLAGS`,
//! `ERL_ZFLAGS`. Each source ends with a `--`, so that flags of one cannot swallow words of the next. What follows an
//! `-extra` is moved behind everything else. Up to OTP 25 a command line that stands alone is passed on as it is. Since OTP 26
//! what follows `-S` on the command line is moved too, and a `--` stands where `-extra` and `-S` stood.

use super::Refusal;
use crate::word::{Word, show, to_path};

/// How deep argument files may name each other; the reference only stops when memory ends.
const MAX_NESTING: usize = 256;

/// What merging needs from outside.
pub struct Sources<'a> {
    /// The OTP release, which names one of the variables and changes details.
    pub release: u32,
    /// The program and its arguments.
    pub argv: &'a [Word],
    /// The environment.
    pub env: &'a dyn Fn(&str) -> Option<Word>,
}

/// Where words come from, as far as it matters.
#[derive(Clone, Copy, PartialEq, Eq)]
enum From {
    /// Anywhere, up to OTP 25.
    Older,
    CommandLine,
    Variable,
    File,
}

/// Words in front of and behind `-extra`.
#[derive(Default)]
struct Merged {
    words: Vec<Word>,
    /// `++S` and what followed `-S` on the command line.
    last: Vec<Word>,
    extra: Vec<Word>,
}

/// The merged list without the program's name.
pub fn merge(sources: &Sources<'_>) -> Result<Vec<Word>, Refusal> {
    let own = format!("ERL_OTP{}_FLAGS", sources.release);
    let from_env = |name: &str| (sources.env)(name).map(|v| split(&v, false)).unwrap_or_default();
    let command_line = sources.argv.get(1..).unwrap_or_default().to_vec();
    let first = [from_env(&own), from_env("ERL_AFLAGS")];
    let after = [from_env("ERL_FLAGS"), from_env("ERL_ZFLAGS")];

    let alone = first.iter().chain(&after).all(Vec::is_empty);
    if alone && (command_line.is_empty() || (sources.release <= 25 && !names_file(&command_line))) {
        return Ok(command_line);
    }

    let mut merged = Merged::default();
    let newer = sources.release > 25;
    let variable = if newer { From::Variable } else { From::Older };
    let line = if newer { From::CommandLine } else { From::Older };
    for list in first {
        merged.add(list, variable, 0)?;
    }
    if !command_line.is_empty() {
        merged.add(command_line, line, 0)?;
        merged.words.push(b"--".to_vec());
    }
    for list in after {
        merged.add(list, variable, 0)?;
    }

    let Merged { mut words, last, extra } = merged;
    if !extra.is_empty() {
        words.push(b"-extra".to_vec());
        words.extend(extra);
    }
    words.extend(last);
    Ok(words)
}

/// Whether an `-args_file` stands before any `-extra`.
fn names_file(words: &[Word]) -> bool {
    words.iter().take_while(|w| *w != b"-extra").any(|w| w == b"-args_file")
}

impl Merged {
    /// Adds the words of one source, with files in place of `-args_file NAME`.
    fn add(&mut self, list: Vec<Word>, from: From, depth: usize) -> Result<(), Refusal> {
        let mut rest = list.into_iter();
        while let Some(word) = rest.next() {
            match word.as_slice() {
                b"-args_file" => {
                    let name = rest.next().ok_or_else(|| Refusal::missing(b"-args_file"))?;
                    if depth >= MAX_NESTING {
                        return Err(Refusal::Usage(format!(
                            "Argument files nested too deep at \"{}\"",
                            show(&name)
                        )));
                    }
                    let file = if from == From::Older { from } else { From::File };
                    self.add(read_args_file(&name)?, file, depth + 1)?;
                }
                b"-extra" => {
                    self.extra.extend(rest);
                    if matches!(from, From::Variable | From::File) {
                        // The one that ends a source.
                        self.extra.pop_if(|w| w == b"--");
                    }
                    if matches!(from, From::Variable | From::CommandLine) {
                        self.words.push(b"--".to_vec());
                    }
                    break;
                }
                // It takes everything to the end of the command line; a `--` there is the program's own.
                b"-S" if from == From::CommandLine => {
                    self.last.push(b"++S".to_vec());
                    self.last.extend(rest.map(|w| if w == b"--" { b"\\--".to_vec() } else { w }));
                    self.words.push(b"--".to_vec());
                    break;
                }
                _ => self.words.push(word),
            }
        }
        Ok(())
    }
}

/// The words of an argument file, `--` last; nothing for a file without words.
fn read_args_file(name: &[u8]) -> Result<Vec<Word>, Refusal> {
    let text = std::fs::read(to_path(name)).map_err(|error| {
        let here = std::env::current_dir().unwrap_or_default();
        Refusal::Usage(format!(
            "Failed to open arguments file \"{}\" at \"{}\": {}",
            show(name),
            here.display(),
            os_text(&error)
        ))
    })?;
    Ok(split(&text, true))
}

/// An error's text as C libraries print it, without the number that `std` adds.
pub fn os_text(error: &std::io::Error) -> String {
    let text = error.to_string();
    match text.find(" (os error") {
        Some(at) => text.get(..at).unwrap_or(&text).to_owned(),
        None => text,
    }
}

/// Splits text into words as a shell would, with a `--` behind them.
///
/// Single and double quotes keep blanks, a backslash outside quotes keeps the next byte, and with `comments` a `#`
/// outside quotes hides the rest of its line. The text ends at a NUL.
pub fn split(text: &[u8], comments: bool) -> Vec<Word> {
    let mut words: Vec<Word> = Vec::new();
    let mut bytes = text.iter().copied().take_while(|&b| b != 0).peekable();
    while let Some(&first) = bytes.peek() {
        if is_blank(first) {
            bytes.next();
        } else if comments && first == b'#' {
            while bytes.next_if(|&b| b != b'\n').is_some() {}
        } else {
            let mut word = Word::new();
            while let Some(b) = bytes.next_if(|&b| !(is_blank(b) || comments && b == b'#')) {
                match b {
                    b'"' | b'\'' => {
                        while let Some(inner) = bytes.next_if(|&c| c != b) {
                            word.push(inner);
                        }
                        bytes.next();
                    }
                    b'\\' => word.extend(bytes.next()),
                    _ => word.push(b),
                }
            }
            words.push(word);
        }
    }
    if !words.is_empty() {
        words.push(b"--".to_vec());
    }
    words
}

fn is_blank(b: u8) -> bool {
    matches!(b, b' ' | b'\t' | b'\n' | b'\r' | 0x0b | 0x0c)
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::word::words;

    fn splits(text: &str, comments: bool) -> Vec<Word> {
        split(text.as_bytes(), comments)
    }

    #[test]
    fn splitting() {
        assert_eq!(splits("a \"b c\" d", false), words(&["a", "b c", "d", "--"]));
        assert_eq!(splits("x'y z'w", false), words(&["xy zw", "--"]));
        assert_eq!(splits("a\\ b \"\" c#d # e", false), words(&["a b", "", "c#d", "#", "e", "--"]));
        assert_eq!(splits("zz \"#q\" a#b\nc", true), words(&["zz", "#q", "a", "c", "--"]));
        assert_eq!(splits("  \n ", true), words(&[]));
        assert_eq!(splits("'open", false), words(&["open", "--"]));
        assert_eq!(splits("end\\", false), words(&["end", "--"]));
    }
}
