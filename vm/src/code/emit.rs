//! Turning verified generic ops into threaded code.
//!
//! Labels become relative branches, literals their addresses, imports their export entries. What a
//! handler is chosen by: the kinds of its operands (`interp::operand`).

use crate::code::record::RecordDefinition;
use crate::code::{CodeServer, Function};
use crate::interp::operand::{ANY_X, ANY_Y, DST_Y, Kind};
use crate::interp::{Handler, ReturnPoint};
use isa::{Dst, Fail, Label, Src};
use loader::Module;
use term::boxed::FunEntry;
use term::{Atom, RawTerm};

/// What code generation needs to know.
pub(crate) struct Emitter<'a> {
    pub server: &'a CodeServer,
    pub zeal: bool,
    pub module: &'a Module,
    pub atoms: &'a [Atom],
    pub literals: &'a [RawTerm],
    pub lambdas: &'a [&'static FunEntry],
    pub records: &'a [RecordDefinition],
    /// Integers outside the small range that stand as operands: by value.
    pub big: &'a std::collections::HashMap<i64, RawTerm>,
    pub map_keys: &'a super::load::MapKeys,
    pub strings: *const u8,
    pub functions: *const Function,
    pub returns: *mut ReturnPoint,
    pub return_count: usize,
    pub return_slots: Vec<(u32, u32)>,
    /// (index, slot, line, frame, function)
    pub return_points: Vec<(usize, u32, u32, u32, usize)>,
    pub out: Vec<u32>,
    /// Slot of each label; `u32::MAX`: not seen yet.
    pub labels: Vec<u32>,
    /// Branches to fill in: (slot, start of its instruction, label).
    pub branches: Vec<(u32, u32, Label)>,
    /// Catch tags to fill in: (slot, label).
    pub tags: Vec<(u32, Label)>,
    pub lines: Vec<(u32, u32)>,
    /// Whether places for breakpoints of lines are made, and those made: (slot, location, function).
    pub line_breakpoints: bool,
    pub debug_lines: Vec<(u32, u32, usize)>,
    /// Entry label of each function to its index.
    pub entries: std::collections::HashMap<u32, usize>,
    pub function: usize,
    /// Start of the current instruction.
    pub start: u32,
    /// Where the last instruction begins, and the handlers that do it together with certain others.
    pub then: Option<(usize, super::fuse::Thens)>,
}

/// A module that cannot be turned into code.
#[derive(Debug)]
pub struct EmitError(pub String);

impl Emitter<'_> {
    /// Begins an instruction.
    pub fn op(&mut self, h: Handler) -> &mut Self {
        if let Some((at, thens)) = self.then.take()
            && let Some(both) = thens.iter().find(|t| t.0 as usize == h as usize)
        {
            let both = both.1 as usize as u64;
            (self.out[at], self.out[at + 1]) = (both as u32, (both >> 32) as u32);
        }
        self.start = self.out.len() as u32;
        self.ptr(h as usize as u64)
    }
    pub fn u32(&mut self, v: u32) -> &mut Self {
        self.out.push(v);
        self
    }
    pub fn ptr(&mut self, v: u64) -> &mut Self {
        self.out.push(v as u32);
        self.out.push((v >> 32) as u32);
        self
    }
    pub fn atom(&self, index: u32) -> Atom {
        self.atoms[index as usize - 1]
    }
    /// The constant that a source is.
    pub fn constant(&self, s: &Src) -> Option<RawTerm> {
        match *s {
            Src::X(..) | Src::Y(..) => None,
            Src::Int(n) => Some(match self.big.get(&n) {
                Some(t) => *t,
                None => RawTerm::small(n),
            }),
            Src::Atom(a) => Some(RawTerm::atom(self.atom(a))),
            Src::Nil => Some(RawTerm::NIL),
            Src::Lit(l) => Some(self.literals[l as usize]),
        }
    }
    pub fn kind(&self, s: &Src) -> Kind {
        match s {
            Src::X(..) => Kind::X,
            Src::Y(..) => Kind::Y,
            _ => Kind::C,
        }
    }
    pub fn dst_kind(&self, d: &Dst) -> Kind {
        match d {
            Dst::X(_) => Kind::X,
            Dst::Y(_) => Kind::Y,
        }
    }
    /// A source whose kind the handler knows.
    pub fn src(&mut self, s: &Src) -> &mut Self {
        match *s {
            Src::X(n, _) | Src::Y(n, _) => self.u32(u32::from(n) * 8),
            _ => {
                let c = self.constant(s).unwrap_or(RawTerm::NIL);
                self.ptr(c.0)
            }
        }
    }
    /// A source decided at run time.
    pub fn any(&mut self, s: &Src) -> &mut Self {
        self.ptr(self.any_word(s))
    }
    pub fn any_word(&self, s: &Src) -> u64 {
        match *s {
            Src::X(n, _) => (u64::from(n) * 8) << 3 | ANY_X,
            Src::Y(n, _) => (u64::from(n) * 8) << 3 | ANY_Y,
            _ => self.constant(s).unwrap_or(RawTerm::NIL).0,
        }
    }
    /// A destination whose kind the handler knows.
    pub fn dst(&mut self, d: &Dst) -> &mut Self {
        match *d {
            Dst::X(n) | Dst::Y(n) => self.u32(u32::from(n) * 8),
        }
    }
    /// A destination decided at run time.
    pub fn dst_any(&mut self, d: &Dst) -> &mut Self {
        match *d {
            Dst::X(n) => self.u32(u32::from(n) * 8),
            Dst::Y(n) => self.u32((u32::from(n) * 8) | DST_Y),
        }
    }
    pub fn branch(&mut self, l: Label) -> &mut Self {
        self.branches.push((self.out.len() as u32, self.start, l));
        self.u32(0)
    }
    /// A branch, or 0 for none.
    pub fn fail(&mut self, f: &Fail) -> &mut Self {
        match f.0 {
            Some(l) => self.branch(l),
            None => self.u32(0),
        }
    }
    /// A continuation that returns to behind the current instruction; its address is filled in
    /// by [`Emitter::returns_here`].
    pub fn continuation(&mut self) -> &mut Self {
        let at = self.out.len() as u32;
        self.return_slots.push((at, u32::MAX));
        self.ptr(0)
    }
    /// The instruction that was just emitted with a continuation ends here.
    pub fn returns_here(&mut self, frame: u32) {
        let here = self.out.len() as u32;
        let line = self.lines.last().map_or(0, |l| l.1);
        for i in 0..self.return_slots.len() {
            let (at, done) = self.return_slots[i];
            if done != u32::MAX {
                continue;
            }
            let index = self.return_count;
            self.return_count += 1;
            self.return_slots[i].1 = here;
            let w = self.returns.wrapping_add(index) as u64 | 7;
            self.out[at as usize] = w as u32;
            self.out[at as usize + 1] = (w >> 32) as u32;
            self.return_points.push((index, here, line, frame, self.function));
        }
        self.return_slots.clear();
    }
}
