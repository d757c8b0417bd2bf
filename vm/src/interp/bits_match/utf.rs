//! Code points.
//!
//! Slots: 2 branch, 3 destination (unused when skipping), 4 context, 5 flags.

use super::*;
use crate::bits::{utf8_decode, utf16_decode};

/// A code point and how many bits it took, in one word: what lies in memory would keep a handler from ending in a jump.
#[derive(Clone, Copy)]
struct Decoded(u64);

impl Decoded {
    const NONE: Decoded = Decoded(0);
    fn new(v: u32, bits: usize) -> Decoded {
        Decoded((bits as u64) << 32 | u64::from(v))
    }
    fn is_none(self) -> bool {
        self.0 == 0
    }
    fn value(self) -> RawTerm {
        RawTerm::small(i64::from(self.0 as u32))
    }
    fn bits(self) -> usize {
        (self.0 >> 32) as usize
    }
}

#[inline(never)]
unsafe fn utf8(c: Context) -> Decoded {
    let n = (c.left() / 8).min(4);
    if n == 0 {
        return Decoded::NONE;
    }
    let raw = (read_be(c.data(), c.position(), n * 8) << (64 - n * 8)).to_be_bytes();
    utf8_decode(&raw[..n]).map_or(Decoded::NONE, |(v, n)| Decoded::new(v, 8 * n))
}
#[inline(never)]
unsafe fn utf16(c: Context, flags: u32) -> Decoded {
    let unit = |at: usize| {
        let v = read_be(c.data(), c.position() + at, 16) as u16;
        if flags & LITTLE != 0 { v.swap_bytes() } else { v }
    };
    let left = c.left();
    if left < 16 {
        return Decoded::NONE;
    }
    let second = if left < 32 { None } else { Some(unit(16)) };
    utf16_decode(unit(0), second).map_or(Decoded::NONE, |(v, n)| Decoded::new(v, 16 * n))
}
#[inline(never)]
unsafe fn utf32(c: Context, flags: u32) -> Decoded {
    if c.left() < 32 {
        return Decoded::NONE;
    }
    let v = read_be(c.data(), c.position(), 32) as u32;
    let v = if flags & LITTLE != 0 { v.swap_bytes() } else { v };
    char::from_u32(v).map_or(Decoded::NONE, |v| Decoded::new(u32::from(v), 32))
}

macro_rules! code_points {
    ($($get:ident, $skip:ident, $size:literal, |$c:ident, $flags:ident| $decode:expr;)*) => { $(
        #[inline(never)]
        pub(super) unsafe extern "C" fn $get<C: Reg>(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let $c = Context::get::<C>(r, e, ip.add(4));
            let $flags = || u32_at(ip, 5);
            let d = $decode;
            if d.is_none() {
                go!(r, target_at(ip, 2), htop, e, fc)
            }
            $c.set_position($c.position() + d.bits());
            put_any(r, e, ip.add(3), d.value());
            go!(r, ip.add($size), htop, e, fc)
        }
        pub(super) unsafe extern "C" fn $skip<C: Reg>(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let $c = Context::get::<C>(r, e, ip.add(4));
            let $flags = || u32_at(ip, 5);
            let d = $decode;
            if d.is_none() {
                go!(r, target_at(ip, 2), htop, e, fc)
            }
            $c.set_position($c.position() + d.bits());
            go!(r, ip.add($size), htop, e, fc)
        }
    )* };
}
code_points! {
    get_any_utf8, skip_utf8, 5, |c, _flags| utf8(c);
    get_utf16, skip_utf16, 6, |c, flags| utf16(c, flags());
    get_utf32, skip_utf32, 6, |c, flags| utf32(c, flags());
}

/// ASCII in whole bytes is quick.
pub(super) unsafe extern "C" fn get_utf8<C: Reg>(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    let c = Context::get::<C>(r, e, ip.add(4));
    let at = c.position();
    if !at.is_multiple_of(8) || c.left() < 8 {
        return get_any_utf8::<C>(r, ip, htop, e, fc);
    }
    let v = *c.data().add(at / 8);
    if v >= 0x80 {
        return get_any_utf8::<C>(r, ip, htop, e, fc);
    }
    c.set_position(at + 8);
    put_any(r, e, ip.add(3), RawTerm::small(i64::from(v)));
    go!(r, ip.add(5), htop, e, fc)
}
