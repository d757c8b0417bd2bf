//! `binary:match`, `matches` and `split`: searching in time slices, and their results.
//!
//! The subject is searched window by window; windows overlap by the longest match, so that a match that starts before
//! the overlap is the same as without windows.

use super::pattern::{self, Pattern};
use core::ops::Range;
use std::borrow::Cow;
use term::{Bits, Term, atom};
use vm::bif::{Binary, Held, Kind};
use vm::{BifResult, Cx, Resume};

/// Bytes in which the matches of a window start.
const WINDOW: usize = 1 << 18;

/// Bytes that are looked at between two counts of reductions.
const SCAN: usize = 1 << 19;

/// What the caller wants to know.
#[derive(Clone, Copy, PartialEq, Eq)]
pub enum Want {
    /// Position and length of the first match.
    First,
    /// Of all.
    All,
    Split(Split),
}

/// Options of `binary:split/3`.
#[derive(Clone, Copy, PartialEq, Eq, Default)]
pub struct Split {
    global: bool,
    trim: bool,
    trim_all: bool,
}

impl Want {
    pub const SPLIT: Want = Want::Split(Split { global: false, trim: false, trim_all: false });

    fn all(self) -> bool {
        matches!(self, Want::All | Want::Split(Split { global: true, .. }))
    }
}

/// The part of the subject to search, and options of `split`. `None` if they are not good options; what an improper
/// list ends in does not matter.
fn parse(options: Term<'_>, len: usize, want: &mut Want) -> Option<Range<usize>> {
    if !options.is_list() {
        return None;
    }
    let mut scope = 0..len;
    for option in options.iter_list() {
        if let (Some(name), Want::Split(split)) = (option.as_atom(), &mut *want) {
            match name.name() {
                "global" => split.global = true,
                "trim" => split.trim = true,
                "trim_all" => split.trim_all = true,
                _ => return None,
            }
            continue;
        }
        let [key, range] = option.as_tuple_of::<2>()?;
        let [start, n] = range.as_tuple_of::<2>()?;
        if !key.is_atom_of(atom!("scope")) {
            return None;
        }
        let (start, n) = (start.as_usize()?, n.as_i64()?);
        let other = start.checked_add_signed(isize::try_from(n).ok()?)?;
        scope = start.min(other)..start.max(other);
        if scope.end > len {
            return None;
        }
    }
    Some(scope)
}

pub fn search<'p>(
    cx: &Cx<'p>,
    subject: Binary<'p>,
    pattern: Term<'p>,
    options: Term<'p>,
    asked: Want,
) -> BifResult<'p> {
    let mut want = asked;
    let scope = cx.need(parse(options, subject.0.byte_len(), &mut want))?;
    if scope.end == 0 && cx.vm().release() < 26 {
        // The pattern was not looked at.
        return Ok(result(cx, subject.0, want, &[]));
    }
    let shared = pattern::compiled(pattern);
    if shared.is_none() && pattern::takes_long(cx, pattern) {
        let [subject, pattern, options] = [subject.0.term(), pattern, options].map(|t| cx.hold(t));
        return Err(cx.reschedule(Kind::DirtyCpu, Whole { subject, pattern, options, want: asked }));
    }
    let own = match shared {
        Some(_) => None,
        None => Some(cx.need(pattern::compile(pattern))?),
    };
    let compiled = cx.need(shared.or(own.as_ref()))?;
    let bytes = subject.0.bytes();
    let mut progress = Progress { at: scope.start, end: scope.end, found: Vec::new() };
    if progress.go_on(cx, compiled, &bytes, want.all()) {
        return Ok(result(cx, subject.0, want, &progress.found));
    }
    let copy = match bytes {
        Cow::Owned(copy) => Some(copy),
        Cow::Borrowed(_) => None,
    };
    let (subject, pattern) = (cx.hold(subject.0.term()), cx.hold(pattern));
    Err(cx.yield_to(Rest { progress, want, copy, subject, own, pattern }))
}

/// A search whose pattern takes long to compile.
struct Whole {
    subject: Held,
    pattern: Held,
    options: Held,
    want: Want,
}

impl Resume for Whole {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let subject = cx.need(cx.get(self.subject).as_bits())?;
        search(cx, Binary(subject), cx.get(self.pattern), cx.get(self.options), self.want)
    }
}

/// How far a search is.
struct Progress {
    at: usize,
    end: usize,
    found: Vec<(usize, usize)>,
}

impl Progress {
    /// Whether the search has come to its end; else reductions are used up.
    fn go_on(&mut self, cx: &Cx<'_>, pattern: &Pattern, bytes: &[u8], all: bool) -> bool {
        let per_reduction = pattern.bytes_per_reduction();
        let forced = crate::limits::BINARY.get();
        let step = forced.unwrap_or(WINDOW).min(WINDOW);
        loop {
            let from = self.at;
            let whole = self.end - from <= step + pattern.longest();
            let window_end = if whole { self.end } else { from + step + pattern.longest() };
            let limit = if whole { self.end } else { from + step };
            let mut scanned = 0;
            loop {
                let window = bytes.get(self.at..window_end).unwrap_or_default();
                match pattern.find(window) {
                    Some((start, len)) if self.at + start < limit => {
                        self.found.push((self.at + start, len));
                        self.at += start + len;
                        // To know which is longest, more than the match may have been looked at.
                        scanned += start + pattern.longest() + per_reduction / 10;
                        if !all {
                            return true;
                        }
                        if scanned > SCAN && self.at < limit {
                            break;
                        }
                        if self.at >= limit {
                            break;
                        }
                    }
                    _ => {
                        scanned += limit - self.at;
                        self.at = limit;
                        break;
                    }
                }
            }
            let more = cx.bump(scanned / per_reduction);
            if self.at >= self.end {
                return true;
            }
            if !more || forced.is_some() {
                return false;
            }
        }
    }
}

/// The rest of a search.
struct Rest {
    progress: Progress,
    want: Want,
    /// The subject, if its bytes had to be copied to be aligned.
    copy: Option<Vec<u8>>,
    subject: Held,
    /// The pattern, if it was compiled for this search only.
    own: Option<Pattern>,
    pattern: Held,
}

impl Resume for Rest {
    fn resume<'p>(mut self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let subject = cx.need(cx.get(self.subject).as_bits())?;
        let pattern = self.own.as_ref().or_else(|| pattern::compiled(cx.get(self.pattern)));
        let pattern = cx.need(pattern)?;
        let bytes = self.copy.as_deref().or(subject.aligned_bytes()).unwrap_or_default();
        if self.progress.go_on(cx, pattern, bytes, self.want.all()) {
            Ok(result(cx, subject, self.want, &self.progress.found))
        } else {
            Err(cx.yield_to(*self))
        }
    }
}

fn result<'p>(cx: &Cx<'p>, subject: Bits<'p>, want: Want, found: &[(usize, usize)]) -> Term<'p> {
    let heap = cx.heap();
    let pair = |&(at, len): &(usize, usize)| {
        heap.tuple(&[Term::small(at as i64), Term::small(len as i64)])
    };
    match want {
        Want::First => found.first().map_or(atom!("nomatch").into(), pair),
        Want::All => {
            cx.bump(found.len() / 10);
            found.iter().rev().fold(Term::nil(), |list, m| heap.cons(pair(m), list))
        }
        Want::Split(split) => {
            cx.bump(found.len() / 10);
            let parts = parts(subject.byte_len(), split, found);
            if let [(0, n)] = *parts
                && n == subject.byte_len()
            {
                return heap.list(&[subject.term()]);
            }
            let part = |&(from, len): &(usize, usize)| {
                crate::erlang::bits::bytes_part(heap, subject, from, len)
            };
            parts.iter().rev().fold(Term::nil(), |list, p| heap.cons(part(p), list))
        }
    }
}

/// Position and length of what is between the matches, trimmed as asked for.
fn parts(len: usize, split: Split, found: &[(usize, usize)]) -> Vec<(usize, usize)> {
    let mut parts = Vec::with_capacity(found.len() + 1);
    let mut from = 0;
    for &(at, n) in found {
        parts.push((from, at - from));
        from = at + n;
    }
    parts.push((from, len - from));
    if split.trim_all {
        parts.retain(|p| p.1 > 0);
    } else if split.trim {
        let keep = parts.iter().rposition(|p| p.1 > 0).map_or(0, |i| i + 1);
        parts.truncate(keep);
    }
    parts
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn trimming() {
        let found = [(0, 1), (2, 1), (3, 1)];
        let s = |trim, trim_all| parts(4, Split { global: true, trim, trim_all }, &found);
        assert_eq!(s(false, false), [(0, 0), (1, 1), (3, 0), (4, 0)]);
        assert_eq!(s(true, false), [(0, 0), (1, 1)]);
        assert_eq!(s(false, true), [(1, 1)]);
        let trim = Split { trim: true, ..Split::default() };
        assert!(parts(1, trim, &[(0, 1)]).is_empty());
        assert!(parts(0, trim, &[]).is_empty());
        assert_eq!(parts(0, Split::default(), &[]), [(0, 0)]);
    }
}
