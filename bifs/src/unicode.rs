//! Module `unicode`: characters between lists, Latin-1 and UTF-8 [erl_unicode.c].
//!
//! Input is a list, however deep, of code points and binaries. It is written as UTF-8 into one buffer, from which the
//! resulting binary or list is made. A UTF-8 character may be spread over adjacent binaries, so the bytes of an unfinished
//! one wait in [`Build::open`]. What cannot be converted is given back as a term of the same shape as the input; the same shape serves as the state
//! between two time slices.

use term::atom::am;
use term::{Atom, Bits, Term, View, atom};
use vm::bif::Held;
use vm::{BifResult, Cx, Resume};

vm::bifs! { pub TABLE: "unicode" {
    Heavy "characters_to_binary"/2 => characters_to_binary(0, 1);
    Heavy "characters_to_list"/2 => characters_to_list(0, 1);
    /// Whether it is a binary of ASCII only.
    Plain "bin_is_7bit"/1 => bin_is_7bit(0);
} }

/// Characters, and bytes of binaries, that count as one reduction.
const CHARS_PER_REDUCTION: usize = 10;
const BYTES_PER_REDUCTION: usize = 80;

/// Binaries up to this size are converted in one go.
const SMALL: usize = 1 << 16;

#[derive(Clone, Copy, PartialEq, Eq)]
enum Want {
    Binary,
    List,
}

/// `latin1` (true) or UTF-8; `None` for the encodings that Erlang code handles.
fn is_latin1(encoding: Term<'_>) -> Option<bool> {
    let encoding = encoding.as_atom()?;
    if encoding == atom!("latin1") {
        Some(true)
    } else if encoding == atom!("unicode") || encoding == atom!("utf8") {
        Some(false)
    } else {
        None
    }
}

fn characters_to_binary<'p>(cx: &Cx<'p>, chars: Term<'p>, encoding: Term<'p>) -> BifResult<'p> {
    let Some(latin1) = is_latin1(encoding) else {
        return Err(cx.trap(
            atom!("unicode"),
            atom!("characters_to_binary_int"),
            &[chars, encoding],
        ));
    };
    let subject = match chars.as_cons() {
        Some(c) if c.tail().is_nil() && c.head().as_bits().is_some() => c.head(),
        _ => chars,
    };
    if let Some(bin) = subject.as_binary() {
        let bytes = bin.bytes();
        cx.bump(bytes.len() / (BYTES_PER_REDUCTION * 10));
        if bytes.is_ascii() || !latin1 && std::str::from_utf8(&bytes).is_ok() {
            return Ok(subject);
        }
    } else if !is_chardata(cx, subject) {
        return Err(cx.badarg());
    }
    convert(cx, Build::new(latin1, Want::Binary), subject)
}

fn characters_to_list<'p>(cx: &Cx<'p>, chars: Term<'p>, encoding: Term<'p>) -> BifResult<'p> {
    let Some(latin1) = is_latin1(encoding) else {
        return Err(cx.trap(atom!("unicode"), atom!("characters_to_list_int"), &[chars, encoding]));
    };
    if let Some(bin) = chars.as_binary() {
        if !latin1 && bin.byte_len() <= SMALL {
            let bytes = bin.bytes();
            if let Ok(text) = std::str::from_utf8(&bytes) {
                cx.bump(bytes.len() / CHARS_PER_REDUCTION);
                return Ok(cx.heap().string(text));
            }
        }
    } else if !is_chardata(cx, chars) {
        return Err(cx.badarg());
    }
    convert(cx, Build::new(latin1, Want::List), chars)
}

fn bin_is_7bit<'p>(cx: &Cx<'p>, term: Term<'p>) -> BifResult<'p> {
    let Some(bin) = term.as_binary() else { return Ok(Term::bool(false)) };
    let bytes = bin.bytes();
    cx.bump(bytes.len() / (BYTES_PER_REDUCTION * 10));
    Ok(Term::bool(bytes.is_ascii()))
}

/// Whether the shape is right: deep lists of integers and binaries. Which integers are characters is seen later; after a
/// bignum, which is none, the shape does not matter.
fn is_chardata<'p>(cx: &Cx<'p>, term: Term<'p>) -> bool {
    let (mut stack, mut at, mut cost) = (Vec::new(), term, 0usize);
    let ok = loop {
        cost += 1;
        match at.view() {
            View::Cons(cell) => match cell.head().view() {
                View::Small(_) | View::Nil => at = cell.tail(),
                View::Cons(_) => {
                    stack.push(cell.tail());
                    at = cell.head();
                }
                View::Bits(bits) if bits.is_binary() => at = cell.tail(),
                View::Big(_) => break true,
                _ => break false,
            },
            View::Bits(bits) if !bits.is_binary() => break false,
            View::Nil | View::Bits(_) => match stack.pop() {
                Some(tail) => at = tail,
                None => break true,
            },
            _ => break false,
        }
    };
    cx.bump(cost / (CHARS_PER_REDUCTION * 5));
    ok
}

/// How a conversion stopped.
enum Step<'p> {
    Done,
    /// The first thing that cannot be converted, and what follows it.
    Bad(Term<'p>),
    /// Out of reductions with this left to do.
    More(Term<'p>),
}

/// The part of a binary that was not converted.
enum BinaryStep<'p> {
    Done,
    Bad(Term<'p>),
    More(Term<'p>),
}

/// How many bytes the character that starts with this byte has; `None` if none starts so.
fn utf8_len(first: u8) -> Option<usize> {
    match first {
        0..=0x7f => Some(1),
        0xc0..=0xdf => Some(2),
        0xe0..=0xef => Some(3),
        0xf0..=0xf7 => Some(4),
        _ => None,
    }
}

/// Whether bytes that end too early may be the beginning of a character, as far as leading bits tell.
fn may_be_completed(open: &[u8]) -> bool {
    let Some((&first, rest)) = open.split_first() else { return false };
    utf8_len(first).is_some_and(|n| n > open.len()) && rest.iter().all(|b| b & 0xc0 == 0x80)
}

/// Converted characters and what is needed to go on.
struct Build {
    latin1: bool,
    want: Want,
    /// Always whole UTF-8 characters.
    out: Vec<u8>,
    /// An unfinished character at the end of a binary: its first `open_len` bytes.
    open: [u8; 4],
    open_len: usize,
}

impl Build {
    fn new(latin1: bool, want: Want) -> Build {
        Build { latin1, want, out: Vec::new(), open: [0; 4], open_len: 0 }
    }
    fn open(&self) -> &[u8] {
        self.open.get(..self.open_len).unwrap_or_default()
    }

    fn push_char(&mut self, n: i64) -> bool {
        let c =
            u32::try_from(n).ok().filter(|&n| !self.latin1 || n <= 255).and_then(char::from_u32);
        match c {
            Some(c) if self.open_len == 0 => {
                self.out.extend_from_slice(c.encode_utf8(&mut [0; 4]).as_bytes());
                true
            }
            _ => false,
        }
    }

    /// Converts as much of the list as `budget` reductions allow.
    fn step<'p>(&mut self, cx: &Cx<'p>, term: Term<'p>, budget: usize) -> Step<'p> {
        let heap = cx.heap();
        let mut left = budget.max(1) * CHARS_PER_REDUCTION;
        let mut stack: Vec<Term<'p>> = Vec::new();
        let mut at = term;
        let (bad, rest) = loop {
            if left == 0 {
                break (false, at);
            }
            match at.view() {
                View::Cons(cell) => {
                    let (head, tail) = (cell.head(), cell.tail());
                    match head.view() {
                        View::Small(n) => {
                            if !self.push_char(n) {
                                break (true, at);
                            }
                            left -= 1;
                            at = tail;
                        }
                        View::Nil => at = tail,
                        View::Cons(_) => {
                            stack.push(tail);
                            at = head;
                        }
                        View::Bits(bits) => match self.binary(cx, bits, &mut left) {
                            BinaryStep::Done => at = tail,
                            BinaryStep::Bad(rest) => break (true, heap.cons(rest, tail)),
                            BinaryStep::More(rest) => break (false, heap.cons(rest, tail)),
                        },
                        _ => break (true, at),
                    }
                }
                View::Nil => match stack.pop() {
                    Some(tail) => at = tail,
                    None => return Step::Done,
                },
                View::Bits(bits) => match self.binary(cx, bits, &mut left) {
                    BinaryStep::Done => at = Term::nil(),
                    BinaryStep::Bad(rest) => break (true, rest),
                    BinaryStep::More(rest) => break (false, rest),
                },
                _ => break (true, at),
            }
        };
        let rest = stack.into_iter().rev().fold(rest, |rest, outer| heap.cons(rest, outer));
        if bad { Step::Bad(rest) } else { Step::More(rest) }
    }

    fn binary<'p>(&mut self, cx: &Cx<'p>, bits: Bits<'p>, left: &mut usize) -> BinaryStep<'p> {
        let heap = cx.heap();
        let len = bits.byte_len();
        let from = |at: usize| heap.sub_bits(bits, at * 8, (len - at) * 8);
        let room = left.saturating_mul(BYTES_PER_REDUCTION / CHARS_PER_REDUCTION);
        let part = if len > room && bits.aligned_bytes().is_none() {
            heap.sub_bits(bits, 0, (room + 8).min(len) * 8).as_bits().unwrap_or(bits)
        } else {
            bits
        };
        let all = part.bytes();
        let mut end = room.min(len);
        if !self.latin1 {
            // Not within a character.
            while end < len && all.get(end).is_some_and(|b| b & 0xc0 == 0x80) {
                end += 1;
            }
        }
        let part = all.get(..end).unwrap_or(&all);
        let end = part.len();
        *left = left.saturating_sub(end / (BYTES_PER_REDUCTION / CHARS_PER_REDUCTION) + 1);
        if self.latin1 {
            self.latin1(part);
        } else if let Err(at) = self.utf8(part) {
            return BinaryStep::Bad(from(at));
        }
        if end < len { BinaryStep::More(from(end)) } else { BinaryStep::Done }
    }

    fn latin1(&mut self, bytes: &[u8]) {
        self.out.reserve(bytes.len());
        for &b in bytes {
            if b < 0x80 {
                self.out.push(b);
            } else {
                self.out.extend_from_slice(&[b >> 6 | 0xc0, b & 0x3f | 0x80]);
            }
        }
    }

    /// The position of the first byte that is no UTF-8 comes back as an error.
    fn utf8(&mut self, bytes: &[u8]) -> Result<(), usize> {
        let mut start = 0;
        if self.open_len > 0 {
            let need = utf8_len(self.open[0]).unwrap_or(1);
            start = need.saturating_sub(self.open_len);
            let first = bytes.get(..start).unwrap_or(bytes);
            let filled = self.open_len + first.len();
            let mut whole = self.open;
            if let Some(room) = whole.get_mut(self.open_len..filled) {
                room.copy_from_slice(first);
            }
            if first.len() < start {
                self.open = whole;
                self.open_len = filled;
                return Ok(());
            }
            let whole = whole.get(..need).unwrap_or_default();
            if std::str::from_utf8(whole).is_err() {
                return Err(0);
            }
            self.out.extend_from_slice(whole);
            self.open_len = 0;
        }
        let rest = bytes.get(start..).unwrap_or_default();
        let valid = match std::str::from_utf8(rest) {
            Ok(_) => rest.len(),
            Err(e) => e.valid_up_to(),
        };
        let (good, bad) = rest.split_at(valid);
        self.out.extend_from_slice(good);
        match bad.first().map(|&b| utf8_len(b)) {
            None => Ok(()),
            Some(Some(need)) if need > bad.len() => {
                if let Some(room) = self.open.get_mut(..bad.len()) {
                    room.copy_from_slice(bad);
                    self.open_len = bad.len();
                }
                Ok(())
            }
            Some(_) => Err(start + valid),
        }
    }
}

fn convert<'p>(cx: &Cx<'p>, mut build: Build, term: Term<'p>) -> BifResult<'p> {
    match advance(cx, &mut build, term) {
        Step::More(rest) => Err(cx.yield_to(Rest { build, rest: cx.hold(rest) })),
        step => finish(cx, build, step),
    }
}

fn advance<'p>(cx: &Cx<'p>, build: &mut Build, term: Term<'p>) -> Step<'p> {
    let budget = usize::try_from(cx.reductions_left()).unwrap_or(0);
    let budget = crate::limits::UNICODE.get().map_or(budget, |n| n.min(budget));
    let before = build.out.len();
    let step = build.step(cx, term, budget);
    match step {
        Step::More(_) => cx.bump_all(),
        _ => {
            cx.bump((build.out.len() - before) / (BYTES_PER_REDUCTION / 2));
        }
    }
    step
}

/// The rest of a conversion.
struct Rest {
    build: Build,
    rest: Held,
}

impl Resume for Rest {
    fn resume<'p>(mut self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let term = cx.get(self.rest);
        match advance(cx, &mut self.build, term) {
            Step::More(rest) => {
                cx.set(self.rest, rest);
                Err(cx.yield_to(*self))
            }
            step => finish(cx, self.build, step),
        }
    }
}

fn finish<'p>(cx: &Cx<'p>, build: Build, step: Step<'p>) -> BifResult<'p> {
    let heap = cx.heap();
    let open = build.open();
    let problem = match step {
        Step::Bad(rest) if open.is_empty() => Some((am::ERROR, rest)),
        Step::Bad(rest) => Some((am::ERROR, heap.list(&[heap.binary(open), rest]))),
        Step::More(rest) => Some((am::ERROR, rest)),
        Step::Done if open.is_empty() => None,
        Step::Done if may_be_completed(open) => Some((atom!("incomplete"), heap.binary(open))),
        Step::Done => Some((am::ERROR, heap.binary(open))),
    };
    match build.want {
        Want::Binary => Ok(with_problem(cx, heap.binary(&build.out), problem)),
        Want::List => {
            let end = build.out.len();
            let list = ListRest { text: build.out, end, tail: None, tag: None, rest: None };
            list.go_on(cx, Term::nil(), problem)
        }
    }
}

fn with_problem<'p>(cx: &Cx<'p>, done: Term<'p>, problem: Option<(Atom, Term<'p>)>) -> Term<'p> {
    match problem {
        Some((tag, rest)) => cx.heap().tuple(&[tag.into(), done, rest]),
        None => done,
    }
}

/// The characters of `text`, which is UTF-8, before `tail`.
fn prepend<'p>(cx: &Cx<'p>, text: &[u8], tail: Term<'p>) -> Term<'p> {
    let heap = cx.heap();
    let text = std::str::from_utf8(text).unwrap_or_default();
    text.chars().rev().fold(tail, |tail, c| heap.cons(Term::small(c as i64), tail))
}

/// A long list that is being made from its end.
struct ListRest {
    text: Vec<u8>,
    end: usize,
    tail: Option<Held>,
    tag: Option<Atom>,
    rest: Option<Held>,
}

impl ListRest {
    fn go_on<'p>(
        mut self,
        cx: &Cx<'p>,
        mut tail: Term<'p>,
        problem: Option<(Atom, Term<'p>)>,
    ) -> BifResult<'p> {
        while self.end > 0 {
            let mut from = self.end.saturating_sub(1 << 12);
            while from > 0 && self.text.get(from).is_some_and(|b| b & 0xc0 == 0x80) {
                from -= 1;
            }
            let part = self.text.get(from..self.end).unwrap_or_default();
            tail = prepend(cx, part, tail);
            let spent = (self.end - from) / CHARS_PER_REDUCTION;
            self.end = from;
            if !cx.bump(spent) && self.end > 0 {
                cx.keep(&mut self.tail, tail);
                if let Some((tag, rest)) = problem {
                    self.tag = Some(tag);
                    cx.keep(&mut self.rest, rest);
                }
                return Err(cx.yield_to(self));
            }
        }
        Ok(with_problem(cx, tail, problem))
    }
}

impl Resume for ListRest {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let tail = self.tail.map_or(Term::nil(), |held| cx.get(held));
        let problem = self.tag.zip(self.rest).map(|(tag, held)| (tag, cx.get(held)));
        self.go_on(cx, tail, problem)
    }
}

#[cfg(test)]
mod tests {
    use super::*;

    fn utf8(parts: &[&[u8]]) -> (Vec<u8>, Vec<u8>, Option<(usize, usize)>) {
        let mut b = Build::new(false, Want::Binary);
        let bad = parts.iter().enumerate().find_map(|(i, p)| b.utf8(p).err().map(|at| (i, at)));
        (b.out.clone(), b.open().to_vec(), bad)
    }

    #[test]
    fn characters_may_span_binaries() {
        let euro = "€".as_bytes();
        assert_eq!(utf8(&[b"a", &euro[..1], &euro[1..2], &[], &euro[2..]]).0, "a€".as_bytes());
        assert_eq!(utf8(&[&euro[..2]]), (vec![], euro[..2].to_vec(), None));
        assert_eq!(utf8(&[&euro[..2], b"x"]), (vec![], euro[..2].to_vec(), Some((1, 0))));
        assert_eq!(utf8(&[b"ab\xffcd"]), (b"ab".to_vec(), vec![], Some((0, 2))));
        assert_eq!(utf8(&[b"a\xed\xa0\x80"]), (b"a".to_vec(), vec![], Some((0, 1))));
    }

    #[test]
    fn unfinished_characters() {
        assert!(may_be_completed(b"\xe2\x82"));
        assert!(may_be_completed(b"\xc0"));
        assert!(!may_be_completed(b"\xe2x"));
        assert!(!may_be_completed(b"\x80"));
    }

    #[test]
    fn code_points() {
        let mut b = Build::new(false, Want::Binary);
        for bad in [-1, 0xd800, 0xdfff, 0x11_0000] {
            assert!(!b.push_char(bad));
        }
        assert!(b.push_char(0x10_ffff) && b.push_char(0xfffe));
        assert!(!Build::new(true, Want::Binary).push_char(256));
    }
}
