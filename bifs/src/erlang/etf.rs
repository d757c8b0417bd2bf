//! Terms as bytes: `term_to_binary`, `binary_to_term` and their like [external.c].
//!
//! The work itself is the crate `etf`'s; here are options, errors and time slices. Terms of usual size are done in
//! one go; encoders and decoders of others are kept between slices, with the terms that they still need in a held tuple.

use crate::long;
use etf::{
    DEFAULT_LEVEL, DecodeError, DecodeOptions, Decoder, EncodeError, EncodeOptions, Encoded,
    Encoder,
};
use term::{Bits, Term, atom};
use vm::bif::{Binary, Held};
use vm::code::load::VmResolver;
use vm::{BifResult, Cx, Resume, Stop};

vm::bifs! { pub TABLE: "erlang" {
    Heavy "term_to_binary"/1 => term_to_binary(0);
    Heavy "term_to_binary"/2 => term_to_binary_2(0, 1);
    /// As a list of binaries, of which large ones are shared with the term.
    Heavy "term_to_iovec"/1 => term_to_iovec(0);
    Heavy "term_to_iovec"/2 => term_to_iovec_2(0, 1);
    Heavy "binary_to_term"/1 => binary_to_term(0);
    Heavy "binary_to_term"/2 => binary_to_term_2(0, 1);
    Plain "external_size"/1 => external_size(0);
    Plain "external_size"/2 => external_size_2(0, 1);
} }

/// Units of the encoder and decoder that count as one reduction.
const ENCODED_PER_REDUCTION: usize = 32;
const DECODED_PER_REDUCTION: usize = 128;

/// Uncompressed input up to this size is decoded in one go.
const SMALL: usize = 1 << 15;

/// The options of an encoding, without what only lives for a turn.
#[derive(Clone, Copy)]
struct Choice {
    minor_version: Option<i64>,
    deterministic: bool,
    compress: u32,
    local: bool,
    iovec: bool,
}

impl Choice {
    fn new(iovec: bool) -> Choice {
        Choice { minor_version: None, deterministic: false, compress: 0, local: false, iovec }
    }
    /// `None` if they are not good options.
    fn parse(options: Term<'_>, iovec: bool, release: u32) -> Option<Choice> {
        let mut choice = Choice::new(iovec);
        let mut options = options.iter_list();
        for option in options.by_ref() {
            if option.is_atom_of(atom!("compressed")) {
                choice.compress = DEFAULT_LEVEL;
            } else if option.is_atom_of(atom!("deterministic")) {
                choice.deterministic = true;
            } else if option.is_atom_of(atom!("local")) && release >= 26 {
                choice.local = true;
            } else {
                let [key, value] = option.as_tuple_of::<2>()?;
                let value = value.as_small()?;
                if key.is_atom_of(atom!("minor_version")) && (0..=2).contains(&value) {
                    choice.minor_version = Some(value);
                } else if key.is_atom_of(atom!("compressed")) && (0..=9).contains(&value) {
                    choice.compress = value as u32;
                } else {
                    return None;
                }
            }
        }
        options.tail().is_nil().then_some(choice)
    }
    fn options<'a>(&self, resolver: &'a VmResolver) -> EncodeOptions<'a> {
        let base = EncodeOptions::of_release(resolver, resolver.0.config.release);
        let base = self.minor_version.and_then(|v| base.minor_version(v)).unwrap_or(base);
        EncodeOptions {
            deterministic: self.deterministic,
            compress: self.compress,
            local: self.local,
            ..base
        }
    }
}

fn term_to_binary<'p>(cx: &Cx<'p>, term: Term<'p>) -> BifResult<'p> {
    encode(cx, term, Choice::new(false))
}

fn term_to_binary_2<'p>(cx: &Cx<'p>, term: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let choice = cx.need(Choice::parse(options, false, cx.vm().config.release))?;
    encode(cx, term, choice)
}

fn term_to_iovec<'p>(cx: &Cx<'p>, term: Term<'p>) -> BifResult<'p> {
    encode(cx, term, Choice::new(true))
}

fn term_to_iovec_2<'p>(cx: &Cx<'p>, term: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let choice = cx.need(Choice::parse(options, true, cx.vm().config.release))?;
    encode(cx, term, choice)
}

fn encode<'p>(cx: &Cx<'p>, term: Term<'p>, choice: Choice) -> BifResult<'p> {
    // What is compressed is one binary even where a list is asked for.
    let encoder =
        if choice.iovec && choice.compress == 0 { Encoder::iovec() } else { Encoder::bytes() };
    Encoding { encoder, choice, terms: None }.go_on(cx, vec![term])
}

/// An encoding under way.
struct Encoding {
    encoder: Encoder,
    choice: Choice,
    /// A tuple of the terms that the encoder still needs.
    terms: Option<Held>,
}

impl Encoding {
    fn go_on<'p>(mut self, cx: &Cx<'p>, mut terms: Vec<Term<'p>>) -> BifResult<'p> {
        let resolver = VmResolver(cx.vm());
        let options = self.choice.options(&resolver);
        let budget = budget(cx, ENCODED_PER_REDUCTION);
        let mut left = budget;
        let done = self.encoder.step(&mut terms, &options, &mut left);
        cx.bump((budget - left) / ENCODED_PER_REDUCTION);
        match done {
            Ok(true) => {}
            Ok(false) => {
                cx.bump_all();
                cx.keep(&mut self.terms, cx.heap().tuple(&terms));
                return Err(cx.yield_to(self));
            }
            Err(e) => return Err(encode_error(cx, e)),
        }
        match self.encoder.finish() {
            Some(Encoded::Bytes(bytes)) => Ok(cx.heap().binary(&bytes)),
            Some(Encoded::Iovec(iovec)) => Ok(iovec.into_list(cx.heap())),
            None => Err(cx.badarg()),
        }
    }
}

impl Resume for Encoding {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let terms = self.terms.and_then(|held| cx.get(held).as_tuple());
        let terms = terms.map_or(Vec::new(), |t| t.elements().to_vec());
        self.go_on(cx, terms)
    }
}

fn budget(cx: &Cx<'_>, per_reduction: usize) -> usize {
    usize::try_from(cx.reductions_left()).unwrap_or(0).max(1).saturating_mul(per_reduction)
}

#[cold]
fn encode_error(cx: &Cx<'_>, error: EncodeError) -> Stop {
    match error {
        EncodeError::TooLarge => cx.system_limit(),
        EncodeError::NotATerm => cx.badarg(),
    }
}

fn external_size<'p>(cx: &Cx<'p>, term: Term<'p>) -> BifResult<'p> {
    size(cx, term, Choice::new(false))
}

/// The only option is `{minor_version, 0 | 1}`.
fn external_size_2<'p>(cx: &Cx<'p>, term: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let mut choice = Choice::new(false);
    let mut options = options.iter_list();
    for option in options.by_ref() {
        let [key, version] = cx.need(option.as_tuple_of::<2>())?;
        if !key.is_atom_of(atom!("minor_version")) {
            return Err(cx.badarg());
        }
        choice.minor_version = Some(cx.need(version.as_small().filter(|v| (0..=1).contains(v)))?);
    }
    if !options.tail().is_nil() {
        return Err(cx.badarg());
    }
    size(cx, term, choice)
}

fn size<'p>(cx: &Cx<'p>, term: Term<'p>, choice: Choice) -> BifResult<'p> {
    if cx.scheduler() != 0 && term::size::is_larger(term, long::steps(cx)) {
        let version = choice.minor_version.map_or(Term::nil(), Term::small);
        return Err(long::elsewhere(cx, [term, version], |cx, [term, version]| {
            size(cx, term, Choice { minor_version: version.as_small(), ..Choice::new(false) })
        }));
    }
    let resolver = VmResolver(cx.vm());
    match etf::external_size(term, &choice.options(&resolver)) {
        Ok(size) => {
            cx.bump(size / (ENCODED_PER_REDUCTION * 8));
            Ok(cx.heap().uint(size as u64))
        }
        Err(e) => Err(encode_error(cx, e)),
    }
}

fn binary_to_term<'p>(cx: &Cx<'p>, bin: Binary<'p>) -> BifResult<'p> {
    decode(cx, bin.0, false, false)
}

fn binary_to_term_2<'p>(cx: &Cx<'p>, bin: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let (mut safe, mut used) = (false, false);
    let mut options = options.iter_list();
    for option in options.by_ref() {
        if option.is_atom_of(atom!("safe")) {
            safe = true;
        } else if option.is_atom_of(atom!("used")) {
            used = true;
        } else {
            return Err(bad_option(cx));
        }
    }
    if !options.tail().is_nil() {
        return Err(bad_option(cx));
    }
    decode(cx, cx.need(bin.as_binary())?, safe, used)
}

#[cold]
fn bad_option(cx: &Cx<'_>) -> Stop {
    cx.badarg_cause(Term::atom(atom!("badopt")))
}

fn decode<'p>(cx: &Cx<'p>, bin: Bits<'p>, safe: bool, used: bool) -> BifResult<'p> {
    let bytes = bin.bytes();
    let compressed = bytes.get(1) == Some(&etf::tag::COMPRESSED);
    if bytes.len() <= SMALL && !compressed {
        cx.bump(bytes.len() / DECODED_PER_REDUCTION);
        let resolver = VmResolver(cx.vm());
        let options = DecodeOptions { safe, ..DecodeOptions::new(&resolver) };
        return match etf::decode(&bytes, cx.heap(), &options) {
            Ok((term, n)) => Ok(with_used(cx, term, used.then_some(n))),
            Err(e) => Err(decode_error(cx, e)),
        };
    }
    // Bytes that had to be copied to be aligned are kept.
    let copy = match &bytes {
        std::borrow::Cow::Owned(copy) => Some(copy.clone()),
        std::borrow::Cow::Borrowed(_) => None,
    };
    Decoding { decoder: Decoder::new(), input: None, copy, safe, used }.go_on(cx, bin)
}

/// A decoding under way.
struct Decoding {
    decoder: Decoder,
    input: Option<Held>,
    copy: Option<Vec<u8>>,
    safe: bool,
    used: bool,
}

impl Decoding {
    fn go_on<'p>(mut self, cx: &Cx<'p>, bin: Bits<'p>) -> BifResult<'p> {
        let resolver = VmResolver(cx.vm());
        let options = DecodeOptions { safe: self.safe, ..DecodeOptions::new(&resolver) };
        let bytes = self.copy.as_deref().or(bin.aligned_bytes()).unwrap_or_default();
        let budget = budget(cx, DECODED_PER_REDUCTION);
        let mut left = budget;
        let done = self.decoder.step(bytes, &options, &mut left);
        cx.bump((budget - left) / DECODED_PER_REDUCTION);
        match done {
            Ok(true) => {
                let used = self.used.then(|| self.decoder.used());
                Ok(with_used(cx, self.decoder.finish().into_heap(cx.heap()), used))
            }
            Ok(false) => {
                cx.bump_all();
                cx.keep(&mut self.input, bin.term());
                Err(cx.yield_to(self))
            }
            Err(e) => Err(decode_error(cx, e)),
        }
    }
}

impl Resume for Decoding {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let bin = self.input.and_then(|held| cx.get(held).as_bits());
        let bin = cx.need(bin)?;
        self.go_on(cx, bin)
    }
}

fn with_used<'p>(cx: &Cx<'p>, term: Term<'p>, used: Option<usize>) -> Term<'p> {
    match used {
        Some(n) => cx.heap().tuple(&[term, cx.heap().uint(n as u64)]),
        None => term,
    }
}

#[cold]
fn decode_error(cx: &Cx<'_>, error: DecodeError) -> Stop {
    match error {
        DecodeError::AtomTableFull => vm::halt::no_more_atoms(cx.vm(), cx.scheduler()),
        _ => cx.badarg(),
    }
}
