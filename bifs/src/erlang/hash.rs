//! Hashes of terms and checksums of bytes.

use crate::iolist;
use num::checksum::{self, Md5};
use term::{Term, hash};
use vm::bif::Binary;
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

fn phash<'p>(cx: &Cx<'p>, t: Term<'p>, range: u64) -> BifResult<'p> {
    let range = range_of(cx, range)?;
    Ok(Term::small((u64::from(hash::phash(t)) % range + 1) as i64))
}

fn phash2<'p>(_: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    Ok(Term::small(i64::from(hash::phash2(t) & 0x07ff_ffff)))
}

fn phash2_2<'p>(cx: &Cx<'p>, t: Term<'p>, range: u64) -> BifResult<'p> {
    let range = range_of(cx, range)?;
    Ok(Term::small((u64::from(hash::phash2(t)) % range) as i64))
}

/// Folds the bytes of an I/O list.
fn fold<'p, S>(
    cx: &Cx<'p>,
    data: Term<'p>,
    mut state: S,
    f: fn(&mut S, &[u8]),
) -> BifResult<'p, S> {
    let mut len = 0;
    let ok = iolist::feed(data, |bytes| {
        len += bytes.len();
        f(&mut state, bytes);
    });
    cx.bump(len / 500);
    if ok { Ok(state) } else { Err(cx.badarg()) }
}

fn md5<'p>(cx: &Cx<'p>, data: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().binary(&fold(cx, data, Md5::new(), Md5::update)?.finish()))
}

fn md5_init<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Ok(cx.heap().binary(&Md5::new().to_context()))
}

fn context<'p>(cx: &Cx<'p>, context: Binary<'p>) -> BifResult<'p, Md5> {
    cx.need(Md5::from_context(&context.0.bytes()))
}

fn md5_update<'p>(cx: &Cx<'p>, state: Binary<'p>, data: Term<'p>) -> BifResult<'p> {
    let state = context(cx, state)?;
    Ok(cx.heap().binary(&fold(cx, data, state, Md5::update)?.to_context()))
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
    crc32_2(cx, 0, data)
}

fn crc32_2<'p>(cx: &Cx<'p>, crc: u64, data: Term<'p>) -> BifResult<'p> {
    let crc = sum(cx, crc)?;
    Ok(Term::small(i64::from(fold(cx, data, crc, add_crc32)?)))
}

fn adler32<'p>(cx: &Cx<'p>, data: Term<'p>) -> BifResult<'p> {
    adler32_2(cx, 1, data)
}

fn adler32_2<'p>(cx: &Cx<'p>, adler: u64, data: Term<'p>) -> BifResult<'p> {
    let adler = sum(cx, adler)?;
    Ok(Term::small(i64::from(fold(cx, data, adler, add_adler32)?)))
}

fn crc32_combine<'p>(cx: &Cx<'p>, a: u64, b: u64, len: u64) -> BifResult<'p> {
    let (a, b, len) = (sum(cx, a)?, sum(cx, b)?, sum(cx, len)?);
    Ok(Term::small(i64::from(checksum::crc32_combine(a, b, u64::from(len)))))
}

fn adler32_combine<'p>(cx: &Cx<'p>, a: u64, b: u64, len: u64) -> BifResult<'p> {
    let (a, b, len) = (sum(cx, a)?, sum(cx, b)?, sum(cx, len)?);
    Ok(Term::small(i64::from(checksum::adler32_combine(a, b, u64::from(len)))))
}
