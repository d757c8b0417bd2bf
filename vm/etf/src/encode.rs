//! From terms to bytes: options and one-call forms; the work is done in [`crate::writer`].

use crate::atom_cache::AtomTable;
use crate::resolver::Resolver;
use crate::sink::{Count, Iovec, Sink};
use crate::writer::Writer;
use crate::{local, tag, zip};
use core::fmt;
use term::term::Term;

/// How to encode. `new` gives what `term_to_binary/1` of OTP 25 does, `of_release` of any release.
#[derive(Clone, Copy)]
pub struct EncodeOptions<'a> {
    pub resolver: &'a dyn Resolver,
    /// Floats as eight bytes (all but minor version 0), not as text.
    pub new_floats: bool,
    /// Every atom as UTF-8 (minor version 2), not only those beyond Latin-1.
    pub utf8_atoms: bool,
    /// Every port as `V4_PORT_EXT` (from OTP 26), not only those with long numbers.
    pub v4_ports: bool,
    /// Maps in the order of their keys.
    pub deterministic: bool,
    /// zlib level 1 to 9; 0 does not compress.
    pub compress: u32,
    /// Readable by this incarnation of this node only (OTP 26).
    pub local: bool,
    /// Atoms as numbers of this table, as far as they find a place in it.
    pub atoms: Option<&'a AtomTable>,
}

/// The level that `compressed` alone means (`Z_DEFAULT_COMPRESSION`).
pub const DEFAULT_LEVEL: u32 = 6;

impl<'a> EncodeOptions<'a> {
    pub fn new(resolver: &'a dyn Resolver) -> EncodeOptions<'a> {
        EncodeOptions {
            resolver,
            new_floats: true,
            utf8_atoms: false,
            v4_ports: false,
            deterministic: false,
            compress: 0,
            local: false,
            atoms: None,
        }
    }
    /// The defaults of an OTP release.
    pub fn of_release(resolver: &'a dyn Resolver, otp: u32) -> EncodeOptions<'a> {
        let modern = otp >= 26;
        EncodeOptions { utf8_atoms: modern, v4_ports: modern, ..EncodeOptions::new(resolver) }
    }
    /// With `{minor_version, N}`; `None` if there is no such version.
    pub fn minor_version(self, version: i64) -> Option<EncodeOptions<'a>> {
        let (new_floats, utf8_atoms) = match version {
            0 => (false, false),
            1 => (true, false),
            2 => (true, true),
            _ => return None,
        };
        Some(EncodeOptions { new_floats, utf8_atoms, ..self })
    }
}

/// Why a term cannot be encoded.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum EncodeError {
    /// Something in it is longer than 32 bits can say: `system_limit` to Erlang code.
    TooLarge,
    /// Something that has no external form.
    NotATerm,
}

impl fmt::Display for EncodeError {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            EncodeError::TooLarge => f.write_str("term is too large for the external format"),
            EncodeError::NotATerm => f.write_str("term has no external form"),
        }
    }
}

impl std::error::Error for EncodeError {}

/// Appends the term with its version byte, compressed if asked for and if that makes it shorter.
pub fn encode(
    term: Term<'_>,
    out: &mut Vec<u8>,
    opts: &EncodeOptions<'_>,
) -> Result<(), EncodeError> {
    let start = out.len();
    out.reserve(64);
    out.push(tag::VERSION);
    encode_body(term, out, opts)?;
    finish(start, out, opts.compress);
    Ok(())
}

/// Replaces the body after the version byte at `start` by its compressed form, if that is shorter.
pub(crate) fn finish(start: usize, out: &mut Vec<u8>, level: u32) {
    if level == 0 {
        return;
    }
    if let Some(zipped) = out.get(start + 1..).and_then(|body| zip::deflate(body, level)) {
        out.truncate(start + 1);
        out.extend_from_slice(&zipped);
    }
}

/// Appends the term without version byte, never compressed.
pub fn encode_body(
    term: Term<'_>,
    out: &mut Vec<u8>,
    opts: &EncodeOptions<'_>,
) -> Result<(), EncodeError> {
    let seal_at = opts.local.then(|| local::open(out));
    write(term, out, opts)?;
    if let Some(at) = seal_at {
        local::seal(at, out, opts.resolver);
    }
    Ok(())
}

/// Encodes without copying large shared binaries. Compression has no effect here: the reference
/// then makes one plain binary, which is for the caller to do.
pub fn encode_iovec(term: Term<'_>, opts: &EncodeOptions<'_>) -> Result<Iovec, EncodeError> {
    let mut out = Iovec::default();
    out.byte(tag::VERSION);
    if opts.local {
        // The seal is made over plain bytes.
        let mut body = Vec::new();
        encode_body(term, &mut body, opts)?;
        out.bytes(&body);
    } else {
        write(term, &mut out, opts)?;
    }
    Ok(out)
}

/// `erlang:external_size`: an upper bound, for it counts the two numbers in a fun with five bytes
/// each even where they take less.
pub fn external_size(term: Term<'_>, opts: &EncodeOptions<'_>) -> Result<usize, EncodeError> {
    let mut out = Count(1);
    let mut writer = Writer::new(term);
    writer.run(&mut out, opts, &mut { usize::MAX })?;
    Ok(out.0 + writer.fun_slack)
}

fn write<S: Sink>(
    term: Term<'_>,
    out: &mut S,
    opts: &EncodeOptions<'_>,
) -> Result<(), EncodeError> {
    let mut writer = Writer::new(term);
    while !writer.run(out, opts, &mut { usize::MAX })? {}
    Ok(())
}
