//! Constructing bitstrings: `bs_create_bin` [bs_instrs.tab].
//!
//! First the sizes of all segments are added up, and checked; then the heap words are made sure of,
//! which may collect and execute the instruction again; then the segments are written. Sizes are
//! limited ([`MAX_BITS`]), so that no sum overflows. Common shapes have a quicker way in front of
//! this (`fast.rs`); what older compilers emit is in `old.rs`.

mod fast;
mod old;

use super::bits_match::{LITTLE, Reg, collect_keep, constant_bits, flag_bits, no_room};
use super::operand::*;
use super::{Handler, Regs, go, save};
use crate::bits::{Bad, BitWriter, MAX_BITS, utf8_size, utf16_size};
use crate::code::emit::{EmitError, Emitter};
use crate::stop::{Class, Raise};
use isa::{BsSeg, Op, SegSize, SegType, Src as Operand};
use term::append::APPEND_WORDS;
use term::atom::am;
use term::heap::HEAP_BIN_MAX;
use term::shared::BinHandle;
use term::{Atom, Bits, Heap, RawTerm, Term, View, atom};

/// Writing so many bits counts as a reduction.
const BITS_PER_RED: usize = 8192;

/// Slots before the segments, and of one segment.
const HEAD: usize = 11;
const SEG: usize = 7;

// Kinds of segments.
const APPEND: u32 = 0;
const PRIVATE_APPEND: u32 = 1;
/// All of the source.
const ALL: u32 = 2;
const BINARY: u32 = 3;
const FLOAT: u32 = 4;
const INTEGER: u32 = 5;
const STRING: u32 = 6;
const UTF8: u32 = 7;
const UTF16: u32 = 8;
const UTF32: u32 = 9;
/// Added to a kind: the size is a number of bits.
const FIXED: u32 = 16;

/// A segment: kind and flags, sequence number, unit, source (2), size (2).
#[derive(Clone, Copy)]
struct Segment(*const u32);

impl Segment {
    unsafe fn kind(self) -> u32 {
        *self.0 & 0xff
    }
    unsafe fn little(self) -> bool {
        *self.0 >> 8 & LITTLE != 0
    }
    unsafe fn unit(self) -> usize {
        u32_at(self.0, 2) as usize
    }
    /// What it is made of; nil for bytes of the string table.
    unsafe fn src<'p>(self, r: *mut Regs, e: *mut u64) -> Term<'p> {
        if self.kind() == STRING {
            return Term::nil();
        }
        A::get(r, e, self.0.add(3)).brand()
    }
    /// The size of a kind that is not fixed.
    unsafe fn size<'p>(self, r: *mut Regs, e: *mut u64) -> Term<'p> {
        A::get(r, e, self.0.add(5)).brand()
    }
    /// The bits of a segment that is no append.
    unsafe fn bits(self, r: *mut Regs, e: *mut u64) -> Result<u64, Bad> {
        match self.kind() {
            kind if kind >= FIXED => Ok(u64_at(self.0, 5)),
            STRING => Ok(u64_at(self.0, 5) * 8),
            ALL => self.src(r, e).as_bits().map(|b| b.bit_len() as u64).ok_or(Bad::Type),
            UTF8 => Ok(8 * utf8_size(self.src(r, e)) as u64),
            UTF16 => Ok(8 * utf16_size(self.src(r, e)) as u64),
            UTF32 => Ok(32),
            _ => match self.size(r, e).as_small() {
                Some(n) if n >= 0 => (n as u64).checked_mul(self.unit() as u64).ok_or(Bad::Size),
                _ => Err(Bad::Size),
            },
        }
    }
    unsafe fn write(self, r: *mut Regs, e: *mut u64, w: &mut BitWriter<'_>) -> Result<(), Bad> {
        if self.kind() == STRING {
            let len = u64_at(self.0, 5) as usize;
            return w.put_bytes(core::slice::from_raw_parts(ptr_at(self.0, 3), len));
        }
        let (src, little) = (self.src(r, e), self.little());
        match self.kind() & !FIXED {
            ALL => {
                let bits = src.as_bits().ok_or(Bad::Type)?;
                check_unit(bits, self.unit())?;
                w.put_bits(bits, bits.bit_len())
            }
            UTF8 => w.put_utf8(src),
            UTF16 => w.put_utf16(src, little),
            UTF32 => w.put_utf32(src, little),
            kind => {
                let n = self.bits(r, e)? as usize;
                match kind {
                    INTEGER => w.put_integer(src, n, little),
                    FLOAT => w.put_float(src, n, little),
                    _ => w.put_bits(src.as_bits().ok_or(Bad::Type)?, n),
                }
            }
        }
    }
}

fn check_unit(bits: Bits<'_>, unit: usize) -> Result<(), Bad> {
    if unit > 1 && !bits.bit_len().is_multiple_of(unit) { Err(Bad::Unit) } else { Ok(()) }
}

/// What became of a construction.
enum Step {
    /// The result is stored; the process holds the heap top.
    Done,
    /// So many words are to be made free.
    Room(usize),
    Branch,
    Raised,
}

/// Slots: 2 branch or 0, 3 destination, 4 live, 5 source to append to (or nil), 7 words to
/// leave free, 8 number of segments, 9 slots of the whole instruction, 10 number of quick fields.
unsafe extern "C" fn create_bin(
    r: *mut Regs,
    ip: *const u32,
    htop: *mut u64,
    e: *mut u64,
    fc: i64,
) {
    match construct(r, ip, htop, e, fc) {
        Step::Done => {
            let p = (*r).process;
            go!(r, ip.add(u32_at(ip, 9) as usize), (*p).heap.heap.top(), e, (*p).reds_left)
        }
        Step::Room(words) => {
            collect_keep(r, htop, e, u32_at(ip, 4) as usize, A::keep(ip.add(5)), words);
            let p = (*r).process;
            go!(r, ip, (*p).heap.heap.top(), (*p).heap.stack, fc)
        }
        Step::Branch => go!(r, target_at(ip, 2), htop, e, fc),
        Step::Raised => {}
    }
}

#[inline(never)]
unsafe fn construct(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) -> Step {
    let (need, count) = (u32_at(ip, 7) as usize, u32_at(ip, 8) as usize);
    let first = Segment(ip.add(HEAD));
    let appends = count > 0 && matches!(first.kind(), APPEND | PRIVATE_APPEND);
    let p = save(r, htop, e, fc);

    let mut total = 0u64;
    for i in usize::from(appends)..count {
        let s = Segment(ip.add(HEAD + SEG * i));
        match s.bits(r, e) {
            Ok(n) => total = total.saturating_add(n),
            Err(bad) => return failed(r, ip, e, s, bad),
        }
        if s.kind() == UTF32 && !is_code_point(s.src(r, e)) {
            return failed(r, ip, e, s, Bad::Type);
        }
        if total > MAX_BITS {
            return failed(r, ip, e, s, Bad::Size);
        }
    }
    let n = total as usize;

    if appends {
        let Some(to) = first.src(r, e).as_bits() else { return failed(r, ip, e, first, Bad::Type) };
        if let Err(bad) = check_unit(to, first.unit()) {
            return failed(r, ip, e, first, bad);
        }
        if no_room(htop, e, APPEND_WORDS + need) || (*p).heap.vheap_full() {
            return Step::Room(APPEND_WORDS + need);
        }
        if n == 0 {
            // What is nothing may still be of a wrong type.
            let filled = fill(r, ip, e, 1, &mut BitWriter::new(&mut [], 0));
            return finish(r, ip, e, first.src(r, e), filled);
        }
        if to.bit_len() as u64 + total > MAX_BITS {
            return failed(r, ip, e, first, Bad::Size);
        }
        (*p).reds_left -= (n / BITS_PER_RED) as i64;
        let was = to.raw_parts().0;
        let heap = &(*p).heap.heap;
        let (t, room) = match first.kind() {
            APPEND => heap.append_bits(to, n),
            _ => heap.append_private(to, n),
        };
        if t.as_bits().is_some_and(|b| b.raw_parts().0 != was) {
            // What was there has moved.
            (*p).reds_left -= ((t.as_bits().map_or(0, |b| b.bit_len()) - n) / BITS_PER_RED) as i64;
        }
        let mut w = BitWriter::new(room.bytes, room.bit);
        return finish(r, ip, e, t, fill(r, ip, e, 1, &mut w));
    }

    let bytes = n.div_ceil(8);
    if bytes <= HEAP_BIN_MAX {
        let words = 2 + bytes.div_ceil(8) + need;
        if no_room(htop, e, words) {
            return Step::Room(words);
        }
        let mut filled = Ok(());
        let t =
            (*p).heap.heap.bits_with(n, |b| filled = fill(r, ip, e, 0, &mut BitWriter::new(b, 0)));
        return finish(r, ip, e, t, filled);
    }
    if no_room(htop, e, APPEND_WORDS + need) || (*p).heap.vheap_full() {
        return Step::Room(APPEND_WORDS + need);
    }
    (*p).reds_left -= (n / BITS_PER_RED) as i64;
    let mut bin = BinHandle::with_capacity(bytes, bytes);
    let filled = match bin.bytes_mut() {
        Some(b) => fill(r, ip, e, 0, &mut BitWriter::new(b, 0)),
        None => Ok(()),
    };
    let t = (*p).heap.heap.shared_bits(bin, 0, n);
    finish(r, ip, e, t, filled)
}

type Filled = Result<(), (Segment, Bad)>;

unsafe fn fill(
    r: *mut Regs,
    ip: *const u32,
    e: *mut u64,
    from: usize,
    w: &mut BitWriter<'_>,
) -> Filled {
    for i in from..u32_at(ip, 8) as usize {
        let s = Segment(ip.add(HEAD + SEG * i));
        s.write(r, e, w).map_err(|bad| (s, bad))?;
    }
    Ok(())
}

unsafe fn finish(r: *mut Regs, ip: *const u32, e: *mut u64, t: Term<'_>, filled: Filled) -> Step {
    match filled {
        Ok(()) => {
            put_any(r, e, ip.add(3), t.raw());
            Step::Done
        }
        Err((s, bad)) => failed(r, ip, e, s, bad),
    }
}

fn is_code_point(t: Term<'_>) -> bool {
    t.as_small().and_then(|n| u32::try_from(n).ok()).and_then(char::from_u32).is_some()
}

/// Branches, or raises with what is wrong about which segment.
#[cold]
#[inline(never)]
unsafe fn failed(r: *mut Regs, ip: *const u32, e: *mut u64, s: Segment, bad: Bad) -> Step {
    if u32_at(ip, 2) != 0 {
        return Step::Branch;
    }
    let (mut reason, mut value) = (am::BADARG, s.src(r, e));
    let what = match bad {
        Bad::Type => atom!("type"),
        Bad::Short => atom!("short"),
        Bad::Unit => atom!("unit"),
        Bad::NoFloat => atom!("no_float"),
        Bad::Invalid(n) => {
            value = Term::small(n as i64);
            atom!("invalid")
        }
        Bad::Size => {
            value = match s.kind() {
                ALL | APPEND | PRIVATE_APPEND | STRING | UTF8 | UTF16 | UTF32 => value,
                kind if kind >= FIXED => Term::small(u64_at(s.0, 5) as i64),
                _ => s.size(r, e),
            };
            if is_too_large(value) {
                reason = am::SYSTEM_LIMIT;
            }
            atom!("size")
        }
    };
    let p = (*r).process;
    let error_info = {
        let heap = &(*p).heap.heap;
        let seq = Term::small(i64::from(u32_at(s.0, 1)));
        let cause = heap.tuple(&[seq, Term::atom(kind_name(s.kind())), Term::atom(what), value]);
        construction_info(heap, cause).raw()
    };
    let raise = Raise {
        class: Class::Error,
        reason: RawTerm::atom(reason),
        stacktrace: RawTerm::NONE,
        cause: RawTerm::NONE,
        args: RawTerm::NONE,
        error_info,
    };
    super::except::raise_at(r, raise, ip);
    Step::Raised
}

/// Not wrong as a size, only too much.
fn is_too_large(size: Term<'_>) -> bool {
    match size.view() {
        View::Small(n) => n >= 0,
        View::Big(b) => !b.is_negative(),
        View::Bits(_) => true,
        _ => false,
    }
}

fn construction_info<'h>(heap: &'h Heap, cause: Term<'h>) -> Term<'h> {
    heap.map_from_pairs(&[
        (Term::atom(am::CAUSE), cause),
        (Term::atom(am::FUNCTION), Term::atom(atom!("format_bs_fail"))),
        (Term::atom(am::MODULE), Term::atom(atom!("erl_erts_errors"))),
    ])
}

fn kind_name(kind: u32) -> Atom {
    match kind & !FIXED {
        FLOAT => atom!("float"),
        INTEGER => atom!("integer"),
        STRING => atom!("string"),
        UTF8 => atom!("utf8"),
        UTF16 => atom!("utf16"),
        UTF32 => atom!("utf32"),
        _ => atom!("binary"),
    }
}

pub(crate) fn emit(e: &mut Emitter<'_>, op: &Op) -> Result<(), EmitError> {
    let Op::BsCreateBin { fail, need, live, dst, segments, .. } = op else {
        return old::emit(e, op);
    };
    let quick = fast::fields(e, segments);
    let h = quick.as_ref().map_or(create_bin as Handler, |q| q.handler);
    e.op(h).fail(fail).dst_any(dst).u32(live.0);
    match segments.first() {
        Some(s) if matches!(s.ty, SegType::Append | SegType::PrivateAppend) => e.any(&s.src),
        _ => e.ptr(RawTerm::NIL.0),
    };
    let fields = quick.as_ref().map_or(&[][..], |q| &q.fields);
    let slots = HEAD + SEG * segments.len() + fast::FIELD * fields.len();
    e.u32(crate::code::need_words(need)).u32(segments.len() as u32);
    e.u32(slots as u32).u32(fields.len() as u32);
    for (i, s) in segments.iter().enumerate() {
        segment(e, s, i == 0)?;
    }
    for f in fields {
        e.u32(f.spec).ptr(f.src);
    }
    Ok(())
}

fn segment(e: &mut Emitter<'_>, s: &BsSeg, first: bool) -> Result<(), EmitError> {
    let bad = || EmitError("no such segment".into());
    let (mut kind, mut fixed) = match s.ty {
        SegType::Append if first => (APPEND, None),
        SegType::PrivateAppend if first => (PRIVATE_APPEND, None),
        SegType::Append | SegType::PrivateAppend => return Err(bad()),
        SegType::Binary if s.size == SegSize::All => (ALL, None),
        SegType::Binary => (BINARY, None),
        SegType::Float => (FLOAT, None),
        SegType::Integer => (INTEGER, None),
        SegType::String => (STRING, None),
        SegType::Utf8 => (UTF8, None),
        SegType::Utf16 => (UTF16, None),
        SegType::Utf32 => (UTF32, None),
    };
    if let (BINARY | FLOAT | INTEGER, SegSize::Size(size)) = (kind, &s.size) {
        fixed = constant_bits(size, s.unit).filter(|&n| n <= MAX_BITS);
    }
    if fixed.is_some() {
        kind |= FIXED;
    }
    e.u32(kind | flag_bits(s.flags) << 8).u32(s.seq).u32(s.unit);
    match (kind, &s.src, &s.size) {
        (STRING, Operand::Int(offset), SegSize::Size(Operand::Int(len))) => {
            // The loader has checked the range.
            e.ptr(e.strings.wrapping_add(*offset as usize) as u64).ptr(*len as u64);
        }
        (STRING, ..) => return Err(bad()),
        (_, src, size) => {
            e.any(src);
            match (fixed, size) {
                (Some(n), _) => e.ptr(n),
                (None, SegSize::Size(size)) => e.any(size),
                (None, _) if matches!(kind, BINARY | FLOAT | INTEGER) => return Err(bad()),
                (None, _) => e.ptr(RawTerm::NIL.0),
            };
        }
    }
    Ok(())
}
