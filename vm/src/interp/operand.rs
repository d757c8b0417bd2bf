//! Operands as handlers read them: kinds are types, so each specialised instruction is one
//! instance of a generic body.

use super::Regs;
use term::RawTerm;

/// 32-bit slots at an instruction's operand position.
#[inline(always)]
pub unsafe fn u32_at(ip: *const u32, i: usize) -> u32 {
    *ip.add(i)
}
#[inline(always)]
pub unsafe fn u64_at(ip: *const u32, i: usize) -> u64 {
    (ip.add(i) as *const u64).read_unaligned()
}
#[inline(always)]
pub unsafe fn ptr_at<T>(ip: *const u32, i: usize) -> *const T {
    u64_at(ip, i) as *const T
}
/// The branch target in slot `i`: relative to the instruction, in slots.
#[inline(always)]
pub unsafe fn target_at(ip: *const u32, i: usize) -> *const u32 {
    ip.offset(*ip.add(i) as i32 as isize)
}

/// Something to read a term from.
pub trait Src {
    /// Slots it takes.
    const N: usize;
    /// It is always a small integer.
    const SMALL: bool = false;
    unsafe fn get(r: *mut Regs, e: *mut u64, at: *const u32) -> RawTerm;
}

/// Somewhere to put a term.
pub trait Dst {
    unsafe fn put(r: *mut Regs, e: *mut u64, at: *const u32, t: RawTerm);
}

/// An X register: byte offset from the start of `Regs`.
pub struct X;
/// A Y slot: byte offset from the stack top.
pub struct Y;
/// A constant.
pub struct C;
/// A constant that is a small integer.
pub struct K;
/// Any of them, decided at run time: reserved tag 3 marks X offsets, tag 4 Y offsets.
pub struct A;

pub const ANY_X: u64 = 3;
pub const ANY_Y: u64 = 4;

impl Src for X {
    const N: usize = 1;
    #[inline(always)]
    unsafe fn get(r: *mut Regs, _: *mut u64, at: *const u32) -> RawTerm {
        *((r as *const u8).add(*at as usize) as *const RawTerm)
    }
}
impl Src for Y {
    const N: usize = 1;
    #[inline(always)]
    unsafe fn get(_: *mut Regs, e: *mut u64, at: *const u32) -> RawTerm {
        *((e as *const u8).add(*at as usize) as *const RawTerm)
    }
}
impl Src for C {
    const N: usize = 2;
    #[inline(always)]
    unsafe fn get(_: *mut Regs, _: *mut u64, at: *const u32) -> RawTerm {
        RawTerm(u64_at(at, 0))
    }
}
impl Src for K {
    const N: usize = 2;
    const SMALL: bool = true;
    #[inline(always)]
    unsafe fn get(_: *mut Regs, _: *mut u64, at: *const u32) -> RawTerm {
        RawTerm(u64_at(at, 0))
    }
}
impl Src for A {
    const N: usize = 2;
    #[inline(always)]
    unsafe fn get(r: *mut Regs, e: *mut u64, at: *const u32) -> RawTerm {
        let w = u64_at(at, 0);
        match w & 7 {
            ANY_X => *((r as *const u8).add((w >> 3) as usize) as *const RawTerm),
            ANY_Y => *((e as *const u8).add((w >> 3) as usize) as *const RawTerm),
            _ => RawTerm(w),
        }
    }
}
impl Dst for X {
    #[inline(always)]
    unsafe fn put(r: *mut Regs, _: *mut u64, at: *const u32, t: RawTerm) {
        *((r as *mut u8).add(*at as usize) as *mut RawTerm) = t;
    }
}
impl Dst for Y {
    #[inline(always)]
    unsafe fn put(_: *mut Regs, e: *mut u64, at: *const u32, t: RawTerm) {
        *((e as *mut u8).add(*at as usize) as *mut RawTerm) = t;
    }
}

/// A destination decided at run time, in one slot: offset, bit 31 for Y.
#[inline(always)]
pub unsafe fn put_any(r: *mut Regs, e: *mut u64, at: *const u32, t: RawTerm) {
    let w = *at;
    let base = if w & DST_Y != 0 { e as *mut u8 } else { r as *mut u8 };
    *(base.add((w & !DST_Y) as usize) as *mut RawTerm) = t;
}
pub const DST_Y: u32 = 1 << 31;

/// Kind of an operand, for choosing an instance.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    X,
    Y,
    C,
}

/// The instance of a handler for one source.
macro_rules! by_src {
    ($k:expr, $f:ident) => {
        match $k {
            Kind::X => $f::<X> as Handler,
            Kind::Y => $f::<Y> as Handler,
            Kind::C => $f::<C> as Handler,
        }
    };
}
pub(crate) use by_src;

/// For one source that is a register.
macro_rules! by_reg {
    ($k:expr, $f:ident) => {
        match $k {
            Kind::Y => $f::<Y> as Handler,
            _ => $f::<X> as Handler,
        }
    };
}
pub(crate) use by_reg;

/// For two sources.
macro_rules! by_src2 {
    ($a:expr, $b:expr, $f:ident) => {
        match ($a, $b) {
            (Kind::X, Kind::X) => $f::<X, X> as Handler,
            (Kind::X, Kind::Y) => $f::<X, Y> as Handler,
            (Kind::X, Kind::C) => $f::<X, C> as Handler,
            (Kind::Y, Kind::X) => $f::<Y, X> as Handler,
            (Kind::Y, Kind::Y) => $f::<Y, Y> as Handler,
            (Kind::Y, Kind::C) => $f::<Y, C> as Handler,
            (Kind::C, Kind::X) => $f::<C, X> as Handler,
            (Kind::C, Kind::Y) => $f::<C, Y> as Handler,
            (Kind::C, Kind::C) => $f::<C, C> as Handler,
        }
    };
}
pub(crate) use by_src2;

/// For a source and a destination (constants have no Y or X destination register).
macro_rules! by_src_dst {
    ($s:expr, $d:expr, $f:ident) => {
        match ($s, $d) {
            (Kind::X, Kind::Y) => $f::<X, Y> as Handler,
            (Kind::X, _) => $f::<X, X> as Handler,
            (Kind::Y, Kind::Y) => $f::<Y, Y> as Handler,
            (Kind::Y, _) => $f::<Y, X> as Handler,
            (Kind::C, Kind::Y) => $f::<C, Y> as Handler,
            (Kind::C, _) => $f::<C, X> as Handler,
        }
    };
}
pub(crate) use by_src_dst;

/// For a register and a small constant.
macro_rules! by_reg_small {
    ($a:expr, $f:ident) => {
        match $a {
            Kind::Y => $f::<Y, K> as Handler,
            _ => $f::<X, K> as Handler,
        }
    };
}
pub(crate) use by_reg_small;

/// For a register, a small constant and a destination.
macro_rules! by_reg_small_dst {
    ($a:expr, $d:expr, $f:ident) => {
        match ($a, $d) {
            (Kind::Y, Kind::Y) => $f::<Y, K, Y> as Handler,
            (Kind::Y, _) => $f::<Y, K, X> as Handler,
            (_, Kind::Y) => $f::<X, K, Y> as Handler,
            (_, _) => $f::<X, K, X> as Handler,
        }
    };
}
pub(crate) use by_reg_small_dst;

/// For two sources and a destination.
macro_rules! by_src2_dst {
    ($a:expr, $b:expr, $d:expr, $f:ident) => {
        match ($a, $b, $d) {
            (Kind::X, Kind::X, Kind::Y) => $f::<X, X, Y> as Handler,
            (Kind::X, Kind::X, _) => $f::<X, X, X> as Handler,
            (Kind::X, Kind::Y, Kind::Y) => $f::<X, Y, Y> as Handler,
            (Kind::X, Kind::Y, _) => $f::<X, Y, X> as Handler,
            (Kind::X, Kind::C, Kind::Y) => $f::<X, C, Y> as Handler,
            (Kind::X, Kind::C, _) => $f::<X, C, X> as Handler,
            (Kind::Y, Kind::X, Kind::Y) => $f::<Y, X, Y> as Handler,
            (Kind::Y, Kind::X, _) => $f::<Y, X, X> as Handler,
            (Kind::Y, Kind::Y, Kind::Y) => $f::<Y, Y, Y> as Handler,
            (Kind::Y, Kind::Y, _) => $f::<Y, Y, X> as Handler,
            (Kind::Y, Kind::C, Kind::Y) => $f::<Y, C, Y> as Handler,
            (Kind::Y, Kind::C, _) => $f::<Y, C, X> as Handler,
            (Kind::C, Kind::X, Kind::Y) => $f::<C, X, Y> as Handler,
            (Kind::C, Kind::X, _) => $f::<C, X, X> as Handler,
            (Kind::C, Kind::Y, Kind::Y) => $f::<C, Y, Y> as Handler,
            (Kind::C, Kind::Y, _) => $f::<C, Y, X> as Handler,
            (Kind::C, Kind::C, Kind::Y) => $f::<C, C, Y> as Handler,
            (Kind::C, Kind::C, _) => $f::<C, C, X> as Handler,
        }
    };
}
pub(crate) use by_src2_dst;
