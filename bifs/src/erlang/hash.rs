//! Hashes of terms and checksums of bytes.

use crate::{iolist, long};
use num::checksum::{self, Md5};
use term::{Term, hash};
use vm::bif::{Binary, FromTerm};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "phash"/2 => phash(0, 1);
    Plain "phash2"/1 => phash2(0);
    Plain "phash2"/2 => phash2_2(0, 1);
    Plain "md5"/1 => md5(0);
    Plain "md5_init"/0 => md5_init();
    Plain "md5_update"/2 => md5_update(0, 1);
    Plain "md5_final"/1 => md5_final(0);
    Plain "crc32"/1 => crc32(0);
    Plain "crc32"/2 => crc32_2(0, 1);
    Plain "crc32_combine"/3 => crc32_combine(0, 1, 2);
    Plain "adler32"/1 => adler32(0);
    Plain "adler32"/2 => adler32_2(0, 1);
    Plain "adler32_combine"/3 => adler32_combine(0, 1, 2);
} }

/// A range of 1 to 2^32.
fn range_of<'p>(cx: &Cx<'p>, range: u64) -> BifResult<'p, u64> {
    cx.need(Some(range).filter(|r| (1..=1 << 32).contains(r)))
}

/// A hash that gives up when it would take too many steps.
type Hash = for<'p> fn(Term<'p>, &mut usize) -> Option<u32>;

/// The hash of `t`, or nothing when it is to be found elsewhere.
fn hash_here(cx: &Cx<'_>, t: Term<'_>, hash: Hash) -> Option<u32> {
    let all = long::steps(cx);
    let mut left = all;
    let hash = hash(t, &mut left);
    long::count(cx, all, left);
    hash
}

fn phash<'p>(cx: &Cx<'p>, t: Term<'p>, range: Term<'p>) -> BifResult<'p> {
    let n = range_of(cx, cx.need(range.as_u64())?)?;
    match hash_here(cx, t, hash::phash_within) {
        Some(h) => Ok(Term::small((u64::from(h) % n + 1) as i64)),
        None => Err(long::elsewhere(cx, [t, range], |cx, [t, range]| phash(cx, t, range))),
    }
}

fn phash2<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    match hash_here(cx, t, hash::phash2_within) {
        Some(h) => Ok(Term::small(i64::from(h & 0x07ff_ffff))),
        None => Err(long::elsewhere(cx, [t], |cx, [t]| phash2(cx, t))),
    }
}

fn phash2_2<'p>(cx: &Cx<'p>, t: Term<'p>, range: Term<'p>) -> BifResult<'p> {
    let n = range_of(cx, cx.need(range.as_u64())?)?;
    match hash_here(cx, t, hash::phash2_within) {
        Some(h) => Ok(Term::small((u64::from(h) % n) as i64)),
        None => Err(long::elsewhere(cx, [t, range], |cx, [t, range]| phash2_2(cx, t, range))),
    }
}

/// Folds the bytes of an I/O list. Nothing: it is long, and to be folded elsewhere.
fn fold<'p, S>(
    cx: &Cx<'p>,
    data: Term<'p>,
    mut state: S,
    f: fn(&mut S, &[u8]),
) -> BifResult<'p, Option<S>> {
    let all = long::steps(cx);
    let mut left = all;
    let ok = iolist::feed(data, |bytes| {
        let enough = left.checked_sub(bytes.len() / long::BYTES + 1);
        left = enough.unwrap_or(0);
        if enough.is_some() {
            f(&mut state, bytes);
        }
        enough.is_some()
    });
    long::count(cx, all, left);
    match ok {
        Some(true) => Ok(Some(state)),
        Some(false) => Ok(None),
        None => Err(cx.badarg()),
    }
}

fn md5<'p>(cx: &Cx<'p>, data: Term<'p>) -> BifResult<'p> {
    match fold(cx, data, Md5::new(), Md5::update)? {
        Some(state) => Ok(cx.heap().binary(&state.finish())),
        None => Err(long::elsewhere(cx, [data], |cx, [data]| md5(cx, data))),
    }
}

fn md5_init<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().binary(&Md5::new().to_context()))
}

fn context<'p>(cx: &Cx<'p>, context: Binary<'p>) -> BifResult<'p, Md5> {
    cx.need(Md5::from_context(&context.0.bytes()))
}

fn md5_update<'p>(cx: &Cx<'p>, state: Term<'p>, data: Term<'p>) -> BifResult<'p> {
    let start = context(cx, cx.need(Binary::from_term(state))?)?;
    match fold(cx, data, start, Md5::update)? {
        Some(end) => Ok(cx.heap().binary(&end.to_context())),
        None => {
            Err(long::elsewhere(cx, [state, data], |cx, [state, data]| md5_update(cx, state, data)))
        }
    }
}

fn md5_final<'p>(cx: &Cx<'p>, state: Binary<'p>) -> BifResult<'p> {
    Ok(cx.heap().binary(&context(cx, state)?.finish()))
}

fn sum<'p>(cx: &Cx<'p>, n: u64) -> BifResult<'p, u32> {
    cx.need(u32::try_from(n).ok())
}

fn add_crc32(crc: &mut u32, bytes: &[u8]) {
    *crc = checksum::crc32(*crc, bytes);
}

fn add_adler32(adler: &mut u32, bytes: &[u8]) {
    *adler = checksum::adler32(*adler, bytes);
}

fn crc32<'p>(cx: &Cx<'p>, data: Term<'p>) -> BifResult<'p> {
    crc32_2(cx, Term::small(0), data)
}

fn crc32_2<'p>(cx: &Cx<'p>, crc: Term<'p>, data: Term<'p>) -> BifResult<'p> {
    let start = sum(cx, cx.need(crc.as_u64())?)?;
    match fold(cx, data, start, add_crc32)? {
        Some(n) => Ok(Term::small(i64::from(n))),
        None => Err(long::elsewhere(cx, [crc, data], |cx, [crc, data]| crc32_2(cx, crc, data))),
    }
}

fn adler32<'p>(cx: &Cx<'p>, data: Term<'p>) -> BifResult<'p> {
    adler32_2(cx, Term::small(1), data)
}

fn adler32_2<'p>(cx: &Cx<'p>, adler: Term<'p>, data: Term<'p>) -> BifResult<'p> {
    let start = sum(cx, cx.need(adler.as_u64())?)?;
    match fold(cx, data, start, add_adler32)? {
        Some(n) => Ok(Term::small(i64::from(n))),
        None => Err(long::elsewhere(cx, [adler, data], |cx, [a, data]| adler32_2(cx, a, data))),
    }
}

fn crc32_combine<'p>(cx: &Cx<'p>, a: u64, b: u64, len: u64) -> BifResult<'p> {
    let (a, b, len) = (sum(cx, a)?, sum(cx, b)?, sum(cx, len)?);
    Ok(Term::small(i64::from(checksum::crc32_combine(a, b, u64::from(len)))))
}

fn adler32_combine<'p>(cx: &Cx<'p>, a: u64, b: u64, len: u64) -> BifResult<'p> {
    let (a, b, len) = (sum(cx, a)?, sum(cx, b)?, sum(cx, len)?);
    Ok(Term::small(i64::from(checksum::adler32_combine(a, b, u64::from(len)))))
}
