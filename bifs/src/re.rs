//! Module `re`: regular expressions [erl_bif_re.c].
//!
//! Erlang code of the module turns characters into UTF-8 before, and does `global`: natives go on there (`urun`, `grun`,
//! `ucompile`). A match is one call into the library, which cannot be interrupted; it gets a number of steps that are done
//! quickly, and when these do not suffice it is done again on a dirty scheduler.

mod options;
mod result;
mod store;

use crate::{iolist, long};
use options::Parsed;
use regex::{CompileError, Exec, Limits, Regex, Subject};
use result::Returns;
use std::sync::Arc;
use term::atom::am;
use term::{Term, atom};
use vm::bif::Held;
use vm::{BifResult, Cx, Kind, Resume};

vm::bifs! { pub TABLE: "re" {
    Plain "version"/0 => version();
    Heavy "compile"/1 => compile_1(0);
    Heavy "compile"/2 => compile(0, 1);
    Heavy "run"/2 => run_2(0, 1);
    Heavy "run"/3 => run_3(0, 1, 2);
    /// As `run/3`, for the second and later matches of `global` too.
    Heavy "internal_run"/4 => internal_run(0, 1, 2, 3);
    /// `{namelist, Names}`.
    Plain "inspect"/2 => inspect(0, 1);
    /// What `compile/2` gave with `export`, made ready here
    Heavy "import"/1 => import(0);
} }

/// Steps of backtracking from one place of the subject that a normal scheduler does in one go, if there are not many
/// places; the library counts anew at each.
const QUICK_STEPS: u32 = 100_000;
/// As many as this are always done: what has no loops within loops needs less.
const FEW_STEPS: u32 = 500;
/// Places that count as one.
const PLACES: usize = 16;
/// Longer subjects are searched on a dirty scheduler.
const QUICK_BYTES: usize = 1 << 18;

fn version<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().binary(regex::version().as_bytes()))
}

fn compile_1<'p>(cx: &Cx<'p>, pattern: Term<'p>) -> BifResult<'p> {
    compile(cx, pattern, Term::nil())
}

fn compile<'p>(cx: &Cx<'p>, pattern: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let parsed = match options::parse(options) {
        Some(parsed) if !parsed.exec_only => parsed,
        _ => return Err(bad_option(cx)),
    };
    if parsed.export && cx.vm().config.release < 28 {
        return Err(bad_option(cx));
    }
    if parsed.is_unicode() && pattern.as_bits().is_none() {
        return Err(cx.trap(atom!("re"), atom!("ucompile"), &[pattern, options]));
    }
    let heap = cx.heap();
    let key = store::key(cx, &parsed, &pattern_bytes(cx, pattern)?);
    Ok(match store::regex(cx, &key) {
        Ok(_) if parsed.export => {
            heap.tuple(&[atom!("ok").into(), exported(cx, pattern, options, &parsed)?])
        }
        Ok(regex) => heap.tuple(&[atom!("ok").into(), store::to_term(cx, &regex, &parsed, &key)]),
        Err(e) => heap.tuple(&[atom!("error").into(), error_term(cx, &e)]),
    })
}

/// How exported expressions begin; then come a checksum of the code, its version and whether it is Unicode.
const EXPORT_HEAD: &[u8] = b"re-PCRE2";
/// The version of code that the reference reads, and that of ours: there is none, importing compiles again.
const THEIR_CODE: u8 = 1;
const NO_CODE: u8 = 0;

/// `{re_exported_pattern, Head, Pattern, Options, Code}`.
fn exported<'p>(
    cx: &Cx<'p>,
    pattern: Term<'p>,
    options: Term<'p>,
    parsed: &Parsed<'p>,
) -> BifResult<'p> {
    let heap = cx.heap();
    let head = [EXPORT_HEAD, &[0; 4], &[NO_CODE, parsed.is_unicode().into()]].concat();
    let source = cx.need(iolist::to_binary(heap, pattern))?;
    let tag = atom!("re_exported_pattern").into();
    Ok(heap.tuple(&[tag, heap.binary(&head), source, options, heap.binary(&[])]))
}

/// Code of the reference is checked as it does it, but not used.
fn import<'p>(cx: &Cx<'p>, exported: Term<'p>) -> BifResult<'p> {
    let [tag, head, source, options, code] = cx.need(exported.as_tuple_of::<5>())?;
    let head = cx.need(head.as_binary().map(|b| b.bytes().into_owned()))?;
    let code = cx.need(code.as_binary())?.bytes();
    let parsed = cx.need(options::parse(options).filter(|p| !p.exec_only))?;
    let (sum, version) = match head.strip_prefix(EXPORT_HEAD) {
        Some([a, b, c, d, version, _]) => (u32::from_be_bytes([*a, *b, *c, *d]), *version),
        _ => return Err(cx.badarg()),
    };
    let intact = version != THEIR_CODE || num::checksum::crc32(0, &code) == sum;
    if !tag.is_atom_of(atom!("re_exported_pattern")) || !intact {
        return Err(cx.badarg());
    }
    let key = store::key(cx, &parsed, &pattern_bytes(cx, source)?);
    let regex = cx.need(store::regex(cx, &key).ok())?;
    Ok(store::to_term(cx, &regex, &parsed, &key))
}

#[cold]
fn bad_option(cx: &Cx<'_>) -> vm::Stop {
    cx.badarg_cause(atom!("badopt").into())
}

/// The bytes of a pattern. The old library took them as a C string.
fn pattern_bytes<'p>(cx: &Cx<'p>, pattern: Term<'p>) -> BifResult<'p, Vec<u8>> {
    let mut bytes = cx.need(iolist::to_vec(pattern))?;
    cx.bump(bytes.len() / 4 + 20);
    if store::is_classic(cx)
        && let Some(end) = bytes.iter().position(|&b| b == 0)
    {
        bytes.truncate(end);
    }
    Ok(bytes)
}

fn error_term<'p>(cx: &Cx<'p>, e: &CompileError) -> Term<'p> {
    let heap = cx.heap();
    heap.tuple(&[heap.string(&e.message), Term::small(e.offset as i64)])
}

fn run_2<'p>(cx: &Cx<'p>, subject: Term<'p>, re: Term<'p>) -> BifResult<'p> {
    run(cx, subject, re, Term::nil(), true)
}

fn run_3<'p>(cx: &Cx<'p>, subject: Term<'p>, re: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    run(cx, subject, re, options, true)
}

fn internal_run<'p>(
    cx: &Cx<'p>,
    subject: Term<'p>,
    re: Term<'p>,
    options: Term<'p>,
    first: bool,
) -> BifResult<'p> {
    run(cx, subject, re, options, first)
}

fn run<'p>(
    cx: &Cx<'p>,
    subject: Term<'p>,
    re: Term<'p>,
    options: Term<'p>,
    first: bool,
) -> BifResult<'p> {
    let Some(parsed) = options::parse(options) else { return Err(bad_option(cx)) };
    // Lists of characters are made of UTF-8 by Erlang code, which also flattens the subject.
    let needs_text =
        |subject: Term<'p>| subject.as_bits().is_none() || parsed.wants_lists() && !parsed.global;
    let trap = |function, last| {
        let args = [subject, re, last];
        Err(cx.trap(atom!("re"), function, &args))
    };
    let heap = cx.heap();
    let regex = match re.as_tuple_of::<5>() {
        None if re.is_list() || re.as_bits().is_some() => {
            if parsed.is_unicode() && (re.as_bits().is_none() || needs_text(subject)) {
                return trap(atom!("urun"), options);
            }
            let key = store::key(cx, &parsed, &pattern_bytes(cx, re)?);
            let regex = match store::regex(cx, &key) {
                Ok(regex) => regex,
                Err(e) if parsed.report_errors => {
                    let e = heap.tuple(&[atom!("compile").into(), error_term(cx, &e)]);
                    return Ok(heap.tuple(&[atom!("error").into(), e]));
                }
                Err(_) => return Err(cx.badarg()),
            };
            if parsed.global {
                // The pattern goes along for the sake of stack traces.
                let compiled = store::to_term(cx, &regex, &parsed, &key);
                let last = heap.tuple(&[options, Term::bool(parsed.compile_only), re]);
                return Err(cx.trap(atom!("re"), atom!("grun"), &[subject, compiled, last]));
            }
            regex
        }
        Some([tag, groups, unicode, crlf, code]) if !parsed.compile_only => {
            let small = |t: Term<'p>| t.as_small().is_some();
            if !tag.is_atom_of(atom!("re_pattern")) || !small(groups) || !small(crlf) {
                return Err(cx.badarg());
            }
            let unicode = cx.need(unicode.as_small())? != 0;
            if unicode && needs_text(subject) {
                return trap(atom!("urun"), options);
            }
            let code = cx.need(code.as_binary())?;
            if parsed.global {
                return trap(atom!("grun"), heap.tuple(&[options, Term::bool(false)]));
            }
            cx.need(store::compiled(cx, &code.bytes(), &parsed))?
        }
        _ => return Err(cx.badarg()),
    };
    let returns = cx.need(Returns::parse(&parsed, &regex))?;
    let bytes = match subject.as_bits() {
        Some(bits) if bits.is_binary() && bits.aligned_bytes().is_some() => None,
        _ if cx.scheduler() != 0 && iolist::is_long(subject, long::steps(cx)) => {
            let args = [subject, re, options, Term::bool(first)];
            return Err(long::elsewhere(cx, args, |cx, [subject, re, options, first]| {
                run(cx, subject, re, options, first.is_atom_of(am::TRUE))
            }));
        }
        _ => Some(cx.need(iolist::to_vec(subject))?),
    };
    let job = Job {
        regex,
        returns,
        bytes,
        subject: None,
        offset: parsed.offset,
        options: parsed.match_options,
        limits: parsed.limits(),
        report_errors: parsed.report_errors,
    };
    job.start(cx, subject, first)
}

/// One match with all that it needs.
struct Job {
    regex: Arc<Regex>,
    returns: Returns,
    /// The subject, if it is not an aligned binary.
    bytes: Option<Vec<u8>>,
    subject: Option<Held>,
    offset: usize,
    options: regex::MatchOptions,
    limits: Limits,
    report_errors: bool,
}

impl Job {
    fn start<'p>(mut self, cx: &Cx<'p>, subject: Term<'p>, first: bool) -> BifResult<'p> {
        let len = match (&self.bytes, subject.as_bits()) {
            (Some(bytes), _) => bytes.len(),
            (None, Some(bits)) => bits.byte_len(),
            (None, None) => return Err(cx.badarg()),
        };
        let left = len.saturating_sub(self.offset);
        let forced = crate::limits::RE.get().and_then(|n| u32::try_from(n).ok());
        let places = u32::try_from(left / PLACES).unwrap_or(u32::MAX).saturating_add(1);
        let affordable = (QUICK_STEPS / places).max(FEW_STEPS);
        let steps = self.limits.steps.min(forced.unwrap_or(affordable));
        let quick = Limits { steps, ..self.limits };
        // Later matches of a long subject are mostly near.
        if left <= QUICK_BYTES || !first {
            let found = self.exec(cx, subject, quick)?;
            if found != Exec::StepLimit || quick == self.limits {
                return self.finish(cx, subject, found, left);
            }
        }
        cx.keep(&mut self.subject, subject);
        Err(cx.reschedule(Kind::DirtyCpu, self))
    }

    fn exec<'p>(&self, cx: &Cx<'p>, subject: Term<'p>, limits: Limits) -> BifResult<'p, Exec> {
        let subject = match (&self.bytes, subject.as_bits()) {
            (Some(bytes), _) => Subject::Bytes(bytes),
            (None, Some(bits)) if self.regex.is_utf() => Subject::Text(cx.need(bits.text())?),
            (None, bits) => Subject::Bytes(cx.need(bits.and_then(|b| b.aligned_bytes()))?),
        };
        Ok(self.regex.exec(subject, self.offset, self.options, limits))
    }

    fn finish<'p>(
        &self,
        cx: &Cx<'p>,
        subject: Term<'p>,
        found: Exec,
        left: usize,
    ) -> BifResult<'p> {
        let heap = cx.heap();
        let limit = |name: Term<'p>| {
            if self.report_errors {
                heap.tuple(&[atom!("error").into(), name])
            } else {
                atom!("nomatch").into()
            }
        };
        let scanned = match &found {
            Exec::Match(groups) => groups
                .first()
                .copied()
                .flatten()
                .map_or(0, |(_, end)| end.saturating_sub(self.offset)),
            _ => left,
        };
        cx.bump(scanned / 400 + 5);
        match found {
            Exec::Match(groups) => Ok(self.returns.build(cx, &groups, subject, &self.bytes)),
            Exec::NoMatch | Exec::RecursionLoop => Ok(atom!("nomatch").into()),
            Exec::StepLimit => Ok(limit(atom!("match_limit").into())),
            Exec::DepthLimit => Ok(limit(atom!("match_limit_recursion").into())),
            Exec::BadUtf => Err(cx.badarg()),
            Exec::BadOffset | Exec::Failed => Err(cx.error(atom!("internal_error"))),
        }
    }
}

impl Resume for Job {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let subject = self.subject.map_or(Term::nil(), |held| cx.get(held));
        let found = self.exec(cx, subject, self.limits)?;
        self.finish(cx, subject, found, 0)
    }
}

fn inspect<'p>(cx: &Cx<'p>, re: Term<'p>, item: Term<'p>) -> BifResult<'p> {
    let [tag, groups, unicode, crlf, code] = cx.need(re.as_tuple_of::<5>())?;
    let small = |t: Term<'p>| t.as_small().is_some();
    if !tag.is_atom_of(atom!("re_pattern"))
        || !(small(groups) && small(unicode) && small(crlf))
        || !item.is_atom_of(atom!("namelist"))
    {
        return Err(cx.badarg());
    }
    let code = cx.need(code.as_binary())?;
    let regex = cx.need(store::compiled(cx, &code.bytes(), &Parsed::default()))?;
    let heap = cx.heap();
    let mut names: Vec<&[u8]> = regex.names().iter().map(|n| &*n.name).collect();
    if regex.options().has(regex::Options::DUPNAMES) {
        names.dedup();
    }
    let names: Vec<Term<'p>> = names.into_iter().map(|n| heap.binary(n)).collect();
    Ok(heap.tuple(&[item, heap.list(&names)]))
}
