//! What is searched for: one string of bytes, or the longest of several that start first.

use aho_corasick::{AhoCorasick, AhoCorasickKind, MatchKind};
use memchr::memmem::Finder;
use term::shared::Magic;
use term::{Term, atom};
use vm::Cx;

/// Bytes of strings up to which every state has a full table of its next ones. The time to make the tables grows with
/// the square of the states at worst (100 kB of zeros: two minutes), that of the automaton without them does not.
const TABLE: usize = 256;

/// A state is as much work as so many bytes.
const STATE: usize = 100;

/// A compiled pattern. What it looks for is never empty.
pub enum Pattern {
    Byte(u8),
    One(Box<Finder<'static>>),
    /// Also the length of the longest string.
    Many(AhoCorasick, usize),
}

impl Pattern {
    fn one(bytes: &[u8]) -> Option<Pattern> {
        match *bytes {
            [] => None,
            [byte] => Some(Pattern::Byte(byte)),
            _ => Some(Pattern::One(Box::new(Finder::new(bytes).into_owned()))),
        }
    }
    fn many(strings: &[impl AsRef<[u8]>]) -> Option<Pattern> {
        let longest = strings.iter().map(|s| s.as_ref().len()).max()?;
        let mut builder = AhoCorasick::builder();
        builder.match_kind(MatchKind::LeftmostLongest);
        let states: usize = strings.iter().map(|s| s.as_ref().len()).sum();
        if states > TABLE {
            builder.kind(Some(AhoCorasickKind::ContiguousNFA));
        }
        Some(Pattern::Many(builder.build(strings).ok()?, longest))
    }
    /// Length of the longest match.
    pub fn longest(&self) -> usize {
        match self {
            Pattern::Byte(_) => 1,
            Pattern::One(finder) => finder.needle().len(),
            Pattern::Many(_, longest) => *longest,
        }
    }
    /// Position and length of the first match.
    #[inline]
    pub fn find(&self, bytes: &[u8]) -> Option<(usize, usize)> {
        match self {
            Pattern::Byte(byte) => memchr::memchr(*byte, bytes).map(|at| (at, 1)),
            Pattern::One(finder) => finder.find(bytes).map(|at| (at, finder.needle().len())),
            Pattern::Many(automaton, _) => automaton.find(bytes).map(|m| (m.start(), m.len())),
        }
    }
    /// Bytes that are searched during one reduction.
    pub fn bytes_per_reduction(&self) -> usize {
        match self {
            Pattern::Byte(_) | Pattern::One(_) => 1000,
            Pattern::Many(..) => 200,
        }
    }
}

/// Whether compiling takes too long to be done here; see [`crate::long`].
pub fn takes_long(cx: &Cx<'_>, term: Term<'_>) -> bool {
    let size = |t: Term| t.as_binary().map_or(0, |b| b.byte_len());
    let bytes: usize = term.iter_list().map(size).sum();
    bytes > TABLE && crate::long::too_long(cx, bytes * STATE)
}

/// Compiles a binary or a list of them, none empty. `None` if it is something else.
pub fn compile(term: Term<'_>) -> Option<Pattern> {
    if let Some(bin) = term.as_binary() {
        return Pattern::one(&bin.bytes());
    }
    let strings = term.to_vec()?;
    let strings = strings
        .iter()
        .map(|t| t.as_binary().map(|b| b.bytes()).filter(|b| !b.is_empty()))
        .collect::<Option<Vec<_>>>()?;
    match strings.as_slice() {
        [one] => Pattern::one(one),
        many => Pattern::many(many),
    }
}

/// What `binary:compile_pattern/1` returns: the tags are the reference's names of its two methods.
pub fn to_term<'p>(cx: &Cx<'p>, pattern: Pattern) -> Term<'p> {
    let tag = tag(&pattern);
    let (n0, n1) = vm::refs::next_magic();
    let reference = cx.heap().magic_reference(n0, n1, Magic::handle(pattern));
    cx.heap().tuple(&[tag, reference])
}

fn tag(pattern: &Pattern) -> Term<'static> {
    Term::atom(match pattern {
        Pattern::Many(..) => atom!("ac"),
        _ => atom!("bm"),
    })
}

/// The object behind a compiled pattern.
pub fn compiled<'p>(term: Term<'p>) -> Option<&'p Pattern> {
    let [name, reference] = term.as_tuple_of::<2>()?;
    let pattern = reference.as_reference()?.magic_ref()?.downcast::<Pattern>()?;
    tag(pattern).is_same(name).then_some(pattern)
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn the_longest_of_the_first() {
        let p = Pattern::many(&["b", "bc", "abcd", "bcde"]).unwrap();
        assert_eq!(p.find(b"xxbcdf"), Some((2, 2)));
        assert_eq!(p.find(b"xxbcdef"), Some((2, 4)));
        assert_eq!(p.find(b"xabcdef"), Some((1, 4)));
        assert_eq!((p.find(b"xx"), p.longest()), (None, 4));
    }

    #[test]
    fn nothing_is_no_pattern() {
        assert!(Pattern::one(b"").is_none());
        assert!(Pattern::many(&[] as &[&[u8]]).is_none());
        assert_eq!(Pattern::one(b"b").and_then(|p| p.find(b"abb")), Some((1, 1)));
    }
}
