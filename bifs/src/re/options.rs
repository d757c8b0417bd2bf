//! The options of `re:compile/2` and `re:run/3`.

use regex::{Limits, MatchOptions, Newline, Options};
use term::{Term, atom};

/// Parsed options.
#[derive(Default)]
pub struct Parsed<'p> {
    pub compile: Options,
    pub match_options: MatchOptions,
    /// There was an option that only `compile` takes, or only `run`.
    pub compile_only: bool,
    pub exec_only: bool,
    /// The result is for any node.
    pub export: bool,
    pub global: bool,
    pub report_errors: bool,
    pub offset: usize,
    /// What to return, and as what.
    pub capture: Option<(Term<'p>, Term<'p>)>,
    match_limit: Option<u32>,
    match_limit_recursion: Option<u32>,
}

impl Parsed<'_> {
    pub fn is_unicode(&self) -> bool {
        self.compile.has(Options::UNICODE)
    }
    pub fn wants_lists(&self) -> bool {
        self.capture.is_some_and(|(_, kind)| kind.is_atom_of(atom!("list")))
    }
    pub fn limits(&self) -> Limits {
        let default = Limits::DEFAULT;
        Limits {
            steps: self.match_limit.unwrap_or(default.steps),
            depth: self.match_limit_recursion.unwrap_or(default.depth),
            exact: self.match_limit.is_some() || self.match_limit_recursion.is_some(),
        }
    }
}

/// A number that fits in the library's `int`.
pub fn small_number(term: Term<'_>) -> Option<u32> {
    term.as_small().and_then(|n| i32::try_from(n).ok()).and_then(|n| u32::try_from(n).ok())
}

fn newline(name: &str) -> Option<Newline> {
    Some(match name {
        "cr" => Newline::Cr,
        "lf" => Newline::Lf,
        "crlf" => Newline::CrLf,
        "any" => Newline::Any,
        "anycrlf" => Newline::AnyCrLf,
        _ => return None,
    })
}

/// Options of the expression alone.
fn compile_option(name: &str) -> Option<Options> {
    Some(match name {
        "unicode" => Options::UNICODE,
        "caseless" => Options::CASELESS,
        "dollar_endonly" => Options::DOLLAR_ENDONLY,
        "dotall" => Options::DOTALL,
        "extended" => Options::EXTENDED,
        "firstline" => Options::FIRSTLINE,
        "multiline" => Options::MULTILINE,
        "no_auto_capture" => Options::NO_AUTO_CAPTURE,
        "dupnames" => Options::DUPNAMES,
        "ungreedy" => Options::UNGREEDY,
        "no_start_optimize" => Options::NO_START_OPTIMIZE,
        "ucp" => Options::UCP,
        "never_utf" => Options::NEVER_UTF,
        _ => return None,
    })
}

impl<'p> Parsed<'p> {
    fn word(&mut self, name: &str) -> Option<()> {
        if let Some(option) = compile_option(name) {
            self.compile.set(option);
            self.compile_only = true;
            return Some(());
        }
        let m = &mut self.match_options;
        match name {
            "export" => {
                self.export = true;
                self.compile_only = true;
                return Some(());
            }
            // Of both.
            "anchored" => {
                self.compile.set(Options::ANCHORED);
                m.anchored = true;
                return Some(());
            }
            "bsr_anycrlf" => {
                self.compile.set(Options::BSR_ANYCRLF);
                return Some(());
            }
            "bsr_unicode" => {
                self.compile.set(Options::BSR_UNICODE);
                return Some(());
            }
            "notempty" => m.notempty = true,
            "notempty_atstart" => m.notempty_atstart = true,
            "notbol" => m.notbol = true,
            "noteol" => m.noteol = true,
            "report_errors" => self.report_errors = true,
            "global" => self.global = true,
            _ => return None,
        }
        self.exec_only = true;
        Some(())
    }

    fn pair(&mut self, name: &str, value: Term<'p>) -> Option<()> {
        match name {
            "newline" => {
                self.compile.add_newline(newline(value.as_atom()?.name())?);
                return Some(());
            }
            "capture" => self.capture = Some((value, atom!("index").into())),
            "offset" => self.offset = small_number(value)? as usize,
            "match_limit" => self.match_limit = Some(small_number(value)?),
            "match_limit_recursion" => self.match_limit_recursion = Some(small_number(value)?),
            _ => return None,
        }
        self.exec_only = true;
        Some(())
    }
}

/// `None` if it is not a list of options.
pub fn parse(options: Term<'_>) -> Option<Parsed<'_>> {
    let mut parsed = Parsed::default();
    let mut options = options.iter_list();
    for option in options.by_ref() {
        if let Some(name) = option.as_atom() {
            parsed.word(name.name())?;
            continue;
        }
        match *option.as_tuple()?.elements() {
            [name, value] => parsed.pair(name.as_atom()?.name(), value)?,
            [name, value, kind] if name.is_atom_of(atom!("capture")) => {
                parsed.capture = Some((value, kind));
                parsed.exec_only = true;
            }
            _ => return None,
        }
    }
    options.tail().is_nil().then_some(parsed)
}
