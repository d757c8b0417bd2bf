//! Compiled expressions as Erlang sees them, and the cache behind that.
//!
//! `{re_pattern, Groups, Unicode, CrLf, Key}`: the key is a binary that holds the pattern and its options, with a mark and a
//! checksum. So it may be sent, stored, and come back to another VM; nothing in it is trusted. Expressions that are
//! in use are found by their keys, so that a pattern is compiled once even where it is given as text each time.

use super::options::Parsed;
use regex::{CompileError, Options, Regex};
use std::collections::HashMap;
use std::sync::{Arc, LazyLock, RwLock};
use term::{Term, atom};
use vm::Cx;

const MARK: &[u8] = b"OXRE\x01";
const HEAD: usize = MARK.len() + 8;

/// Expressions and bytes of keys that are kept.
const MOST: usize = 1024;
const MOST_BYTES: usize = 1 << 20;

#[derive(Default)]
struct Cache {
    by_key: HashMap<Box<[u8]>, Arc<Regex>>,
    bytes: usize,
}

static CACHE: LazyLock<RwLock<Cache>> = LazyLock::new(RwLock::default);

/// Whether `re` has PCRE 8.
pub fn is_classic(cx: &Cx<'_>) -> bool {
    cx.vm().config.release < 28
}

/// The key of a pattern.
pub fn key(cx: &Cx<'_>, parsed: &Parsed<'_>, pattern: &[u8]) -> Vec<u8> {
    let mut options = parsed.compile;
    if is_classic(cx) {
        options.set(Options::PCRE8);
    }
    encode(options, pattern)
}

fn encode(options: Options, pattern: &[u8]) -> Vec<u8> {
    let mut key = Vec::with_capacity(HEAD + pattern.len());
    key.extend_from_slice(MARK);
    key.extend_from_slice(&options.bits().to_be_bytes());
    key.extend_from_slice(&checksum(options, pattern).to_be_bytes());
    key.extend_from_slice(pattern);
    key
}

fn decode(key: &[u8]) -> Option<(Options, &[u8])> {
    let (&bits, rest) = key.strip_prefix(MARK)?.split_first_chunk::<4>()?;
    let (&sum, pattern) = rest.split_first_chunk::<4>()?;
    let options = Options::from_bits(u32::from_be_bytes(bits))?;
    (checksum(options, pattern) == u32::from_be_bytes(sum)).then_some((options, pattern))
}

fn checksum(options: Options, pattern: &[u8]) -> u32 {
    // FNV-1a: against accidents; nothing depends on it.
    let bytes = options.bits().to_be_bytes();
    bytes
        .iter()
        .chain(pattern)
        .fold(0x811c_9dc5, |h, &b| (h ^ u32::from(b)).wrapping_mul(0x0100_0193))
}

/// The expression of a key that [`key`] made.
pub fn regex(cx: &Cx<'_>, key: &[u8]) -> Result<Arc<Regex>, CompileError> {
    if let Some(regex) = CACHE.read().unwrap_or_else(|e| e.into_inner()).by_key.get(key) {
        return Ok(regex.clone());
    }
    let malformed = || CompileError { message: "malformed".into(), offset: 0 };
    let (options, pattern) = decode(key).ok_or_else(malformed)?;
    cx.bump(pattern.len() + 50);
    let regex = Arc::new(Regex::compile(pattern, options)?);
    let mut cache = CACHE.write().unwrap_or_else(|e| e.into_inner());
    if cache.by_key.len() >= MOST || cache.bytes >= MOST_BYTES {
        *cache = Cache::default();
    }
    cache.bytes += key.len();
    cache.by_key.insert(key.into(), regex.clone());
    Ok(regex)
}

/// The expression of a key from outside, with the line ends that are asked for. `None` if it is not a key.
pub fn compiled(cx: &Cx<'_>, key: &[u8], parsed: &Parsed<'_>) -> Option<Arc<Regex>> {
    let (options, pattern) = decode(key)?;
    let asked = options.with_lines_of(parsed.compile);
    if asked == options { regex(cx, key).ok() } else { regex(cx, &encode(asked, pattern)).ok() }
}

/// What `re:compile` returns.
pub fn to_term<'p>(cx: &Cx<'p>, regex: &Regex, parsed: &Parsed<'_>, key: &[u8]) -> Term<'p> {
    let heap = cx.heap();
    heap.tuple(&[
        atom!("re_pattern").into(),
        Term::small(regex.capture_count() as i64),
        Term::small(i64::from(parsed.is_unicode())),
        Term::small(i64::from(regex.uses_crlf())),
        heap.binary(key),
    ])
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn keys_are_checked() {
        let key = encode(Options::DOTALL, b"a.b");
        assert_eq!(decode(&key), Some((Options::DOTALL, &b"a.b"[..])));
        for i in 0..key.len() {
            let mut bad = key.clone();
            bad[i] ^= 4;
            assert_eq!(decode(&bad), None);
            assert_eq!(decode(&key[..i]), None);
        }
    }
}
