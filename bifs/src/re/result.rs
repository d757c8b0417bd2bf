//! What a match returns: the `capture` option.

use super::options::{Parsed, small_number};
use crate::erlang::bits;
use crate::iolist;
use regex::{Options, Regex};
use term::{Bits, Term, atom};
use vm::Cx;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Form {
    Index,
    List,
    Binary,
}

/// One element of the result.
enum Pick {
    Group(usize),
    /// Of several groups of one name: the first that took part.
    FirstOf(Vec<usize>),
    /// A name that there is not.
    Missing,
}

enum Which {
    /// From this group on, up to the last that took part.
    From(usize),
    These(Vec<Pick>),
    /// Only that there is a match.
    None,
}

/// What to return.
pub struct Returns {
    form: Form,
    which: Which,
}

impl Returns {
    /// `None` if the `capture` option is bad.
    pub fn parse(parsed: &Parsed<'_>, regex: &Regex) -> Option<Returns> {
        let Some((values, form)) = parsed.capture else {
            return Some(Returns { form: Form::Index, which: Which::From(0) });
        };
        let form = match form.as_atom()?.name() {
            "index" => Form::Index,
            "list" => Form::List,
            "binary" => Form::Binary,
            _ => return None,
        };
        let which = match values.as_atom().map(|a| a.name()) {
            Some("all") => Which::From(0),
            Some("all_but_first") => Which::From(1),
            Some("first") => Which::These(vec![Pick::Group(0)]),
            Some("none") => Which::None,
            Some("all_names") => all_names(regex),
            Some(_) => return None,
            None if values.is_nil() => Which::None,
            None if values.is_list() => {
                let picks = values.to_vec()?;
                Which::These(picks.into_iter().map(|v| pick(v, regex)).collect::<Option<_>>()?)
            }
            None => return None,
        };
        Some(Returns { form, which })
    }

    pub fn build<'p>(
        &self,
        cx: &Cx<'p>,
        groups: &[Option<(usize, usize)>],
        subject: Term<'p>,
        bytes: &Option<Vec<u8>>,
    ) -> Term<'p> {
        let heap = cx.heap();
        let whole = match bytes {
            Some(bytes) => Source::Bytes(bytes),
            None => subject.as_bits().map_or(Source::Bytes(&[]), Source::Bits),
        };
        let group = |i: usize| groups.get(i).copied().flatten();
        let build = |found| self.form.build(cx, whole, found);
        let elements: Vec<Term<'p>> = match &self.which {
            Which::None => return atom!("match").into(),
            Which::From(first) => (*first..groups.len()).map(|i| build(group(i))).collect(),
            Which::These(picks) => picks
                .iter()
                .map(|pick| {
                    build(match pick {
                        Pick::Group(i) => group(*i),
                        Pick::FirstOf(several) => several.iter().find_map(|&i| group(i)),
                        Pick::Missing => None,
                    })
                })
                .collect(),
        };
        heap.tuple(&[atom!("match").into(), heap.list(&elements)])
    }
}

fn all_names(regex: &Regex) -> Which {
    let mut picks = Vec::new();
    if !regex.options().has(Options::DUPNAMES) {
        picks.extend(regex.names().iter().map(|n| Pick::Group(n.group)));
    } else {
        for same in regex.names().chunk_by(|a, b| a.name == b.name) {
            picks.push(one_of(same.iter().map(|n| n.group).collect()));
        }
    }
    if picks.is_empty() { Which::None } else { Which::These(picks) }
}

fn one_of(groups: Vec<usize>) -> Pick {
    match *groups {
        [] => Pick::Missing,
        [group] => Pick::Group(group),
        _ => Pick::FirstOf(groups),
    }
}

/// A number, or a name as an atom or text.
fn pick(value: Term<'_>, regex: &Regex) -> Option<Pick> {
    if let Some(n) = small_number(value) {
        return Some(Pick::Group(n as usize));
    }
    let name = match value.as_atom() {
        Some(name) => name.name().as_bytes().to_vec(),
        None if value.is_list() || value.as_bits().is_some() => iolist::to_vec(value)?,
        None => return None,
    };
    let name = name.split(|&b| b == 0).next().unwrap_or_default();
    let mut groups: Vec<usize> = regex.groups_of(name).collect();
    if !regex.options().has(Options::DUPNAMES) {
        groups.truncate(1);
    }
    Some(one_of(groups))
}

/// The subject.
#[derive(Clone, Copy)]
enum Source<'a, 'p> {
    Bytes(&'a [u8]),
    /// An aligned binary, whose parts can be shared.
    Bits(Bits<'p>),
}

impl Form {
    fn build<'p>(
        self,
        cx: &Cx<'p>,
        source: Source<'_, 'p>,
        found: Option<(usize, usize)>,
    ) -> Term<'p> {
        let heap = cx.heap();
        if self == Form::Index {
            let (start, len) = match found {
                Some((start, end)) => (start as i64, end as i64 - start as i64),
                None => (-1, 0),
            };
            return heap.tuple(&[Term::small(start), Term::small(len)]);
        }
        let (start, end) = found.unwrap_or((0, 0));
        // With \K in an assertion the end may lie before the start.
        let end = end.max(start);
        let bytes = match source {
            Source::Bytes(bytes) => bytes.get(start..end),
            Source::Bits(whole) if self == Form::Binary && end <= whole.byte_len() => {
                return bits::bytes_part(heap, whole, start, end - start);
            }
            Source::Bits(whole) => whole.aligned_bytes().and_then(|b| b.get(start..end)),
        };
        let bytes = bytes.unwrap_or_default();
        if self == Form::Binary { heap.binary(bytes) } else { heap.byte_list(bytes) }
    }
}
