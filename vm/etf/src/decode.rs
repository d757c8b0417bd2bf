//! From bytes to terms [external.c: dec_term].
//!
//! One pass, bottom up: finished subterms stand on a value stack, unfinished containers on a frame
//! stack; a container is built when its last subterm is there. So the native stack does not grow
//! with nesting and nothing is allocated for a count that the bytes do not bear out. Unlike the
//! reference, which measures first, a malformed term may have made atoms before its error is found.

use crate::input::Input;
use crate::resolver::Resolver;
use crate::{id, local, map, tag, zip};
use core::fmt;
use term::atom::{self, Atom};
use term::boxed::{FunEntry, Tuple};
use term::heap::Heap;
use term::shared::BinHandle;
use term::term::Term;

/// How to decode.
#[derive(Clone, Copy)]
pub struct DecodeOptions<'a> {
    pub resolver: &'a dyn Resolver,
    /// Make no new atom and no reference to a function that is not loaded.
    pub safe: bool,
    /// The atoms that the header of a message names by number.
    pub atoms: &'a [Atom],
    /// What the bytes are in: binaries that are most of it refer to it instead of being copied.
    pub source: Option<&'a BinHandle>,
    /// The bytes are those of a sealed term, in which this node has no name.
    pub sealed: bool,
}

impl<'a> DecodeOptions<'a> {
    pub fn new(resolver: &'a dyn Resolver) -> DecodeOptions<'a> {
        DecodeOptions { resolver, safe: false, atoms: &[], source: None, sealed: false }
    }
}

/// Why bytes are not a term. All but `AtomTableFull` are `badarg` to Erlang code.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum DecodeError {
    /// The bytes end within a term, or a count promises more than can follow.
    Truncated,
    /// The first byte is not 131.
    BadVersion,
    /// No term starts with this byte.
    BadTag(u8),
    /// Too long, not UTF-8, or unknown to a safe decoder.
    BadAtom,
    AtomTableFull,
    /// Not a finite float.
    BadFloat,
    /// A number out of its range: bits of a last byte, arity, creation, words of a reference.
    BadValue,
    /// A map with a key that comes twice.
    DuplicateKey,
    /// Not zlib data, or not of the announced size.
    BadCompression,
    /// A `local` term of another node, or a changed one.
    NotLocal,
}

impl fmt::Display for DecodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            DecodeError::Truncated => f.write_str("external term is cut off"),
            DecodeError::BadVersion => f.write_str("external term lacks its version byte"),
            DecodeError::BadTag(t) => write!(f, "no external term starts with byte {t}"),
            DecodeError::BadAtom => f.write_str("bad atom in external term"),
            DecodeError::AtomTableFull => f.write_str("atom table is full"),
            DecodeError::BadFloat => f.write_str("bad float in external term"),
            DecodeError::BadValue => f.write_str("value out of range in external term"),
            DecodeError::DuplicateKey => f.write_str("map key comes twice in external term"),
            DecodeError::BadCompression => f.write_str("bad compressed external term"),
            DecodeError::NotLocal => f.write_str("local external term of another node"),
        }
    }
}

impl std::error::Error for DecodeError {}

/// Longest bignum in bytes (`BIG_ARITY_MAX` words).
const MAX_BIG_BYTES: usize = ((1 << 19) - 1) * 8;
/// Most free variables of a fun.
const MAX_FREE: u32 = 255;

/// Decodes one term with its version byte, compressed or not. Also tells how many bytes it took;
/// what follows is ignored.
pub fn decode<'h>(
    bytes: &[u8],
    heap: &'h Heap,
    opts: &DecodeOptions<'_>,
) -> Result<(Term<'h>, usize), DecodeError> {
    let Some((&tag::VERSION, body)) = bytes.split_first() else {
        return Err(DecodeError::BadVersion);
    };
    match body {
        [tag::COMPRESSED, a, b, c, d, zipped @ ..] => {
            let size = u32::from_be_bytes([*a, *b, *c, *d]) as usize;
            let (plain, used) = zip::inflate(zipped, size)?;
            let (term, _) = decode_body(&plain, heap, opts)?;
            Ok((term, 6 + used))
        }
        _ => decode_body(body, heap, opts).map(|(term, used)| (term, 1 + used)),
    }
}

/// Decodes one term without version byte, and tells how many bytes it took.
pub fn decode_body<'h>(
    body: &[u8],
    heap: &'h Heap,
    opts: &DecodeOptions<'_>,
) -> Result<(Term<'h>, usize), DecodeError> {
    if let [tag::LOCAL, a, b, c, d, sealed @ ..] = body
        && opts.resolver.local_seal().is_some()
    {
        // The seal covers exactly the term, whose end is known after decoding only.
        let seal = u32::from_be_bytes([*a, *b, *c, *d]);
        let (term, used) = decode_plain(sealed, heap, &DecodeOptions { sealed: true, ..*opts })?;
        local::check(seal, sealed.get(..used).unwrap_or_default(), opts.resolver)?;
        return Ok((term, 5 + used));
    }
    decode_plain(body, heap, opts)
}

fn decode_plain<'h>(
    body: &[u8],
    heap: &'h Heap,
    opts: &DecodeOptions<'_>,
) -> Result<(Term<'h>, usize), DecodeError> {
    let mut input = Input::new(body);
    let mut values = Vec::with_capacity(body.len().min(32));
    let mut reader = Reader::default();
    let mut budget = usize::MAX;
    loop {
        // The budget bounds one round only; a term of any size takes enough of them.
        if let Some(term) = reader.run(&mut input, &mut values, heap, opts, &mut budget)? {
            return Ok((term, body.len() - input.left()));
        }
        budget = usize::MAX;
    }
}

/// A container that waits for subterms.
#[derive(Clone, Copy)]
struct Frame {
    /// How many are still to come.
    left: usize,
    /// How many it takes in all.
    all: usize,
    kind: Kind,
}

#[derive(Clone, Copy)]
enum Kind {
    /// Elements and the tail.
    List,
    Tuple,
    /// Keys and values in turn.
    Map,
    /// The creator and the free variables.
    Fun(&'static FunEntry),
    /// The definition and the fields.
    Record,
}

/// The decoder proper: containers begun.
#[derive(Default)]
pub(crate) struct Reader {
    frames: Vec<Frame>,
}

impl Reader {
    /// Reads until the outermost term is complete (`Some`) or the budget, in subterms and blocks of
    /// bytes, is used up.
    pub fn run<'h>(
        &mut self,
        input: &mut Input<'_>,
        values: &mut Vec<Term<'h>>,
        heap: &'h Heap,
        opts: &DecodeOptions<'_>,
        budget: &mut usize,
    ) -> Result<Option<Term<'h>>, DecodeError> {
        while *budget > 0 {
            *budget -= 1;
            let mut value = match input.u8()? {
                tag::SMALL_INTEGER => Term::small(input.u8()?.into()),
                tag::INTEGER => Term::small(input.i32()?.into()),
                tag::NIL => Term::nil(),
                t @ (tag::ATOM_CACHE_REF
                | tag::ATOM
                | tag::SMALL_ATOM
                | tag::ATOM_UTF8
                | tag::SMALL_ATOM_UTF8) => Term::atom(atom_of(t, input, opts)?),
                tag::STRING => {
                    let n = input.u16()?.into();
                    heap.byte_list(spend(input.take(n)?, budget))
                }
                tag::BINARY => {
                    let n = input.u32()? as usize;
                    binary(input.take(n)?, heap, opts, budget)
                }
                tag::BIT_BINARY => bits(input, heap, budget)?,
                tag::SMALL_TUPLE => match usize::from(input.u8()?) {
                    0 => heap.tuple(&[]),
                    n if n > input.left() => return Err(DecodeError::Truncated),
                    n => {
                        self.frames.push(Frame { left: n, all: n, kind: Kind::Tuple });
                        continue;
                    }
                },
                tag::LARGE_TUPLE => match input.count(1)? {
                    0 => heap.tuple(&[]),
                    n => {
                        self.frames.push(Frame { left: n, all: n, kind: Kind::Tuple });
                        continue;
                    }
                },
                tag::LIST => {
                    let n = input.count(1)? + 1;
                    self.frames.push(Frame { left: n, all: n, kind: Kind::List });
                    continue;
                }
                tag::MAP => match input.count(2)? * 2 {
                    0 => map::build(heap, &[])?,
                    n => {
                        self.frames.push(Frame { left: n, all: n, kind: Kind::Map });
                        continue;
                    }
                },
                tag::NEW_FLOAT => float(input.f64()?, heap)?,
                tag::FLOAT => {
                    let text = input.array::<31>()?;
                    float(num::float::parse(&text).ok_or(DecodeError::BadFloat)?, heap)?
                }
                tag::SMALL_BIG => {
                    let n = input.u8()?.into();
                    big(input, n, heap)?
                }
                tag::LARGE_BIG => {
                    let n = input.u32()? as usize;
                    if n > MAX_BIG_BYTES {
                        return Err(DecodeError::BadValue);
                    }
                    big(input, n, heap)?
                }
                t @ (tag::NEW_PID | tag::PID) => id::pid(t, input, heap, opts)?,
                t @ (tag::V4_PORT | tag::NEW_PORT | tag::PORT) => id::port(t, input, heap, opts)?,
                t @ (tag::NEWER_REFERENCE | tag::NEW_REFERENCE | tag::REFERENCE) => {
                    id::reference(t, input, heap, opts)?
                }
                tag::EXPORT => {
                    let (module, function) = (atom(input, opts)?, atom(input, opts)?);
                    let arity = small_u32(input, heap)?;
                    let export = if opts.safe {
                        let known = opts.resolver.active_export(module, function, arity);
                        known.ok_or(DecodeError::BadValue)?
                    } else {
                        opts.resolver.export(module, function, arity)
                    };
                    heap.export_fun(export)
                }
                tag::NEW_FUN => {
                    let frame = fun_head(input, heap, opts)?;
                    self.frames.push(frame);
                    continue;
                }
                tag::RECORD if opts.resolver.has_records() => {
                    let (definition, n) = record_head(input, heap, opts)?;
                    values.push(definition.term());
                    match n {
                        0 => record(heap, values.len() - 1, values)?,
                        n => {
                            self.frames.push(Frame { left: n, all: n + 1, kind: Kind::Record });
                            continue;
                        }
                    }
                }
                t => return Err(DecodeError::BadTag(t)),
            };
            loop {
                let Some(frame) = self.frames.last_mut() else { return Ok(Some(value)) };
                values.push(value);
                frame.left -= 1;
                if frame.left > 0 {
                    break;
                }
                let base = values.len() - frame.all;
                let parts = &values[base..];
                value = match (frame.kind, parts) {
                    (Kind::Record, _) => record(heap, base, values)?,
                    (Kind::Tuple, _) => heap.tuple(parts),
                    (Kind::List, [elements @ .., tail]) => heap.list_onto(elements, *tail),
                    (Kind::Fun(entry), [creator, env @ ..]) => heap.fun(entry, *creator, env),
                    (Kind::Map, _) => map::build(heap, parts)?,
                    // A list frame has its tail, a fun frame its creator.
                    (_, []) => return Err(DecodeError::BadValue),
                };
                values.truncate(base);
                self.frames.pop();
            }
        }
        Ok(None)
    }
}

/// A binary with these bytes: a part of the source if that would not keep much else alive.
fn binary<'h>(
    bytes: &[u8],
    heap: &'h Heap,
    opts: &DecodeOptions<'_>,
    budget: &mut usize,
) -> Term<'h> {
    if let Some(source) = opts.source.filter(|s| bytes.len() >= s.bytes().len() / 4) {
        let at = (bytes.as_ptr() as usize).wrapping_sub(source.bytes().as_ptr() as usize);
        let end = at.checked_add(bytes.len());
        if end.is_some_and(|end| end <= source.bytes().len()) {
            return heap.shared_bits(source.clone(), at * 8, bytes.len() * 8);
        }
    }
    heap.binary(spend(bytes, budget))
}

/// Charges the budget for bytes that are copied.
fn spend<'a>(bytes: &'a [u8], budget: &mut usize) -> &'a [u8] {
    *budget = budget.saturating_sub(bytes.len() / 8);
    bytes
}

fn bits<'h>(
    input: &mut Input<'_>,
    heap: &'h Heap,
    budget: &mut usize,
) -> Result<Term<'h>, DecodeError> {
    let n = input.u32()? as usize;
    let last = input.u8()?;
    if (last == 0) != (n == 0) || last > 8 {
        return Err(DecodeError::BadValue);
    }
    let bytes = spend(input.take(n)?, budget);
    if n == 0 || last == 8 {
        return Ok(heap.binary(bytes));
    }
    Ok(heap.bits_with((n - 1) * 8 + usize::from(last), |to| {
        to.copy_from_slice(bytes);
        // Unused bits are zero whatever came.
        if let Some(b) = to.last_mut() {
            *b &= 0xffu8 << (8 - last);
        }
    }))
}

fn float(f: f64, heap: &Heap) -> Result<Term<'_>, DecodeError> {
    if f.is_finite() { Ok(heap.float(f)) } else { Err(DecodeError::BadFloat) }
}

/// An integer of `n` bytes after its sign byte, least significant first; leading zeros may be there.
fn big<'h>(input: &mut Input<'_>, n: usize, heap: &'h Heap) -> Result<Term<'h>, DecodeError> {
    let negative = input.u8()? != 0;
    let bytes = input.take(n)?;
    if let Some(whole) = bytes.first_chunk::<8>().filter(|_| n == 8) {
        return Ok(heap.big(negative, &[u64::from_le_bytes(*whole)]));
    }
    let digits: Vec<u64> = bytes
        .chunks(8)
        .map(|chunk| chunk.iter().rev().fold(0, |d, &b| d << 8 | u64::from(b)))
        .collect();
    Ok(heap.big(negative, &digits))
}

/// An integer term that must be a small not below 0.
fn small_u32(input: &mut Input<'_>, heap: &Heap) -> Result<u32, DecodeError> {
    let term = match input.u8()? {
        tag::SMALL_INTEGER => return Ok(input.u8()?.into()),
        tag::INTEGER => Term::small(input.i32()?.into()),
        tag::SMALL_BIG => {
            let n = input.u8()?.into();
            big(input, n, heap)?
        }
        _ => return Err(DecodeError::BadValue),
    };
    term.as_small().and_then(|n| u32::try_from(n).ok()).ok_or(DecodeError::BadValue)
}

/// A fun up to its creator. The announced size is not looked at: releases from 23 on may write it
/// too large.
fn fun_head(
    input: &mut Input<'_>,
    heap: &Heap,
    opts: &DecodeOptions<'_>,
) -> Result<Frame, DecodeError> {
    input.u32()?;
    let arity = input.u8()?.into();
    let uniq = input.array::<16>()?;
    let index = input.u32()?;
    let num_free = input.u32()?;
    if num_free > MAX_FREE {
        return Err(DecodeError::BadValue);
    }
    let module = atom(input, opts)?;
    small_u32(input, heap)?; // the old index, which nothing uses
    let old_uniq = small_u32(input, heap)?;
    let all = num_free as usize + 1;
    if all > input.left() {
        return Err(DecodeError::Truncated);
    }
    let entry = opts.resolver.fun_entry(module, index, uniq, old_uniq, arity, num_free);
    Ok(Frame { left: all, all, kind: Kind::Fun(entry) })
}

/// A native record up to its fields: its definition and how many fields follow.
fn record_head<'h>(
    input: &mut Input<'_>,
    heap: &'h Heap,
    opts: &DecodeOptions<'_>,
) -> Result<(Tuple<'h>, usize), DecodeError> {
    let n = input.count(2)?;
    let exported = match input.u8()? {
        0 => false,
        1 => true,
        _ => return Err(DecodeError::BadValue),
    };
    let (module, name) = (atom(input, opts)?, atom(input, opts)?);
    let keys: Vec<Term> =
        (0..n).map(|_| atom(input, opts).map(Term::atom)).collect::<Result<_, _>>()?;
    let mut sorted: Vec<u64> = keys.iter().map(|k| k.raw().payload()).collect();
    sorted.sort_unstable();
    if sorted.windows(2).any(|w| w[0] == w[1]) {
        return Err(DecodeError::DuplicateKey);
    }
    let known = opts.resolver.record_definition(heap, module, name);
    let known = known.filter(|d| {
        let d = d.elements();
        d.get(2).is_some_and(|e| e.as_bool() == Some(exported))
            && d.get(3..)
                .is_some_and(|k| k.iter().map(|k| k.raw()).eq(keys.iter().map(|k| k.raw())))
    });
    Ok((known.unwrap_or_else(|| heap.record_definition(module, name, exported, &keys)), n))
}

/// The record whose definition and fields are the values from `base` on; removes the definition.
fn record<'h>(
    heap: &'h Heap,
    base: usize,
    values: &mut Vec<Term<'h>>,
) -> Result<Term<'h>, DecodeError> {
    let definition = values.get(base).and_then(|d| d.as_tuple());
    match (definition, values.get(base + 1..)) {
        (Some(definition), Some(fields)) if definition.arity() == fields.len() + 3 => {
            let record = heap.record(definition, fields);
            values.truncate(base);
            Ok(record)
        }
        _ => Err(DecodeError::BadValue),
    }
}

/// An atom with its tag.
pub(crate) fn atom(input: &mut Input<'_>, opts: &DecodeOptions<'_>) -> Result<Atom, DecodeError> {
    let tag = input.u8()?;
    atom_of(tag, input, opts)
}

pub(crate) fn atom_of(
    tag: u8,
    input: &mut Input<'_>,
    opts: &DecodeOptions<'_>,
) -> Result<Atom, DecodeError> {
    let n = match tag {
        tag::ATOM_CACHE_REF => {
            let i = usize::from(input.u8()?);
            return opts.atoms.get(i).copied().ok_or(DecodeError::BadAtom);
        }
        tag::ATOM | tag::ATOM_UTF8 => input.u16()?.into(),
        tag::SMALL_ATOM | tag::SMALL_ATOM_UTF8 => input.u8()?.into(),
        _ => return Err(DecodeError::BadAtom),
    };
    let bytes = input.take(n)?;
    let look = match *bytes {
        [first, .., last] => n + usize::from(first) + 5 * usize::from(last),
        [only] => usize::from(only),
        [] => n,
    } % crate::input::RECENT;
    let known = input.recent[look];
    // Latin-1 and UTF-8 agree on these bytes if both are ASCII.
    if known.name().as_bytes() == bytes
        && (matches!(tag, tag::ATOM_UTF8 | tag::SMALL_ATOM_UTF8) || bytes.is_ascii())
    {
        return Ok(known);
    }
    let a = atom_named(tag, bytes, opts)?;
    input.recent[look] = a;
    Ok(a)
}

fn atom_named(tag: u8, bytes: &[u8], opts: &DecodeOptions<'_>) -> Result<Atom, DecodeError> {
    if matches!(tag, tag::ATOM | tag::SMALL_ATOM) && !bytes.is_ascii() {
        let name: String = bytes.iter().map(|&b| char::from(b)).collect();
        return intern(&name, opts.safe);
    }
    intern(core::str::from_utf8(bytes).map_err(|_| DecodeError::BadAtom)?, opts.safe)
}

pub(crate) fn intern(name: &str, safe: bool) -> Result<Atom, DecodeError> {
    if safe {
        return Atom::existing(name).ok_or(DecodeError::BadAtom);
    }
    Atom::try_new(name).ok_or_else(|| match name.chars().count() {
        n if n > atom::MAX_CHARS => DecodeError::BadAtom,
        _ => DecodeError::AtomTableFull,
    })
}
