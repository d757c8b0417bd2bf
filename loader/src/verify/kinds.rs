//! What is known of the terms in registers: enough to tell that an op gets what it needs.
//!
//! Registers that hold the same term share a group, so that a test of one tells of the others:
//! compilers test an X register and use the Y slot that it was copied to.

use isa::{Dst, Src};

/// What a term is known to be.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Kind {
    Cons,
    /// A cons cell or `[]`.
    List,
    Map,
    Float,
    Context,
    /// A tuple of at least `min` elements, or just that many.
    Tuple {
        min: u32,
        exact: bool,
    },
    /// A tuple that `setelement/3` has just made: nothing else sees it, and nothing was collected
    /// since.
    Fresh,
}

impl Kind {
    /// A tuple of that many elements.
    pub fn tuple(arity: u32) -> Kind {
        Kind::Tuple { min: arity, exact: true }
    }

    /// A tuple of that many elements or more.
    pub fn at_least(arity: u32) -> Kind {
        Kind::Tuple { min: arity, exact: false }
    }

    /// What holds of both.
    fn join(self, other: Kind) -> Option<Kind> {
        use Kind::{Cons, Fresh, List, Tuple};
        match (self, other) {
            (a, b) if a == b => Some(a),
            (Cons, List) | (List, Cons) => Some(List),
            (Tuple { min: a, exact: x }, Tuple { min: b, exact: y }) => {
                Some(Tuple { min: a.min(b), exact: x && y && a == b })
            }
            (Fresh, Tuple { .. }) | (Tuple { .. }, Fresh) => Some(Kind::at_least(0)),
            _ => None,
        }
    }

    /// What is known when both are said of a term.
    fn meet(self, other: Kind) -> Kind {
        use Kind::{Cons, Fresh, List, Tuple};
        match (self, other) {
            (Cons, List) => Cons,
            (Fresh, Tuple { .. }) => Fresh,
            (Tuple { min: a, exact: x }, Tuple { min: b, exact: y }) => {
                if x && !y && a >= b {
                    self
                } else if y {
                    other
                } else {
                    Kind::at_least(a.max(b))
                }
            }
            _ => other,
        }
    }

    /// Whether every such term is a `want`.
    pub fn is(self, want: Kind) -> bool {
        use Kind::{Cons, Fresh, List, Tuple};
        match (self, want) {
            (a, b) if a == b => true,
            (Cons, List) => true,
            (Tuple { min, .. }, Tuple { min: wanted, exact: false }) => min >= wanted,
            (Fresh, Tuple { min: 0, exact: false }) => true,
            _ => false,
        }
    }
}

/// X registers as they are, Y slots from `Y` on.
type Reg = u16;
const Y: Reg = 1 << 15;

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
struct Known {
    reg: Reg,
    group: u16,
    kind: Option<Kind>,
}

/// By register, in order.
#[derive(Clone, PartialEq, Eq, Debug, Default)]
pub struct Kinds(Vec<Known>);

fn reg(src: Src) -> Option<Reg> {
    match src {
        Src::X(n, _) => Some(n),
        Src::Y(n, _) => Some(Y | n),
        _ => None,
    }
}

impl Kinds {
    fn find(&self, reg: Reg) -> Result<usize, usize> {
        self.0.binary_search_by_key(&reg, |known| known.reg)
    }

    fn put(&mut self, known: Known) {
        match self.find(known.reg) {
            Ok(i) => self.0[i] = known,
            Err(i) => self.0.insert(i, known),
        }
    }

    fn new_group(&self) -> u16 {
        self.0.iter().map(|known| known.group + 1).max().unwrap_or(0)
    }

    /// What a register is known to hold.
    pub fn get(&self, src: Src) -> Option<Kind> {
        self.find(reg(src)?).ok().and_then(|i| self.0[i].kind)
    }

    /// A register gets another term.
    pub fn set(&mut self, dst: Dst, kind: Option<Kind>) {
        let Some(reg) = reg(dst.src()) else { return };
        if kind.is_some() {
            let group = self.new_group();
            self.put(Known { reg, group, kind });
        } else if let Ok(i) = self.find(reg) {
            self.0.remove(i);
        }
    }

    /// A register gets the term of another.
    pub fn copy(&mut self, from: Src, to: Dst) {
        let (Some(from), Some(to)) = (reg(from), reg(to.src())) else { return };
        let known = match self.find(from) {
            Ok(i) => self.0[i],
            Err(_) => Known { reg: from, group: self.new_group(), kind: None },
        };
        self.put(known);
        self.put(Known { reg: to, ..known });
    }

    pub fn swap(&mut self, a: Dst, b: Dst) {
        let (Some(a), Some(b)) = (reg(a.src()), reg(b.src())) else { return };
        let of = |kinds: &Kinds, reg| kinds.find(reg).ok().map(|i| kinds.0[i]);
        let (in_a, in_b) = (of(self, a), of(self, b));
        self.0.retain(|known| known.reg != a && known.reg != b);
        in_a.into_iter().for_each(|known| self.put(Known { reg: b, ..known }));
        in_b.into_iter().for_each(|known| self.put(Known { reg: a, ..known }));
    }

    /// The term in a register turned out to be a `kind`.
    pub fn learn(&mut self, src: Src, kind: Kind) {
        let Some(reg) = reg(src) else { return };
        let Ok(i) = self.find(reg) else {
            let group = self.new_group();
            return self.put(Known { reg, group, kind: Some(kind) });
        };
        let (group, new) = (self.0[i].group, self.0[i].kind.map_or(kind, |old| old.meet(kind)));
        self.0
            .iter_mut()
            .filter(|known| known.group == group)
            .for_each(|known| known.kind = Some(new));
    }

    /// Forgets x(`n`) and up, and that tuples are new: something may be collected.
    pub fn prune(&mut self, n: u32) {
        self.0.retain(|known| known.reg >= Y || u32::from(known.reg) < n);
        for known in &mut self.0 {
            if known.kind == Some(Kind::Fresh) {
                known.kind = Some(Kind::at_least(0));
            }
        }
    }

    /// The first `words` Y slots go.
    pub fn drop_slots(&mut self, words: u32) {
        let first = u32::from(Y) + words;
        self.0.retain(|known| known.reg < Y || u32::from(known.reg) >= first);
        for known in self.0.iter_mut().filter(|known| known.reg >= Y) {
            known.reg -= words as u16;
        }
    }

    /// Forgets every Y slot.
    pub fn drop_frame(&mut self) {
        self.0.retain(|known| known.reg < Y);
    }

    /// Keeps what holds in both; whether that is less than before. Groups are numbered as they come, so that equal
    /// knowledge is equal.
    pub fn merge(&mut self, other: &Kinds, scratch: &mut Scratch) -> bool {
        if self.0.is_empty() || self.0 == other.0 {
            return false;
        }
        let Scratch { before, groups, .. } = scratch;
        before.clone_from(&self.0);
        groups.clear();
        self.0.retain_mut(|known| {
            let Ok(i) = other.find(known.reg) else { return false };
            let also = other.0[i];
            let group = groups.iter().position(|g| *g == (known.group, also.group));
            let group = group.unwrap_or_else(|| {
                groups.push((known.group, also.group));
                groups.len() - 1
            });
            known.group = group as u16;
            known.kind = known.kind.zip(also.kind).and_then(|(a, b)| a.join(b));
            true
        });
        // A term that is in one register and not known tells nothing.
        let mut i = 0;
        while let Some(known) = self.0.get(i) {
            let alone = |group| self.0.iter().filter(|known| known.group == group).count() == 1;
            if known.kind.is_none() && alone(known.group) {
                self.0.remove(i);
            } else {
                i += 1;
            }
        }
        self.number(scratch);
        self.0 != scratch.before
    }

    /// Numbers groups as they come, as it is kept at a label.
    pub fn number(&mut self, scratch: &mut Scratch) {
        let seen = &mut scratch.seen;
        seen.clear();
        for known in &mut self.0 {
            let new = seen.iter().position(|group| *group == known.group).unwrap_or_else(|| {
                seen.push(known.group);
                seen.len() - 1
            });
            known.group = new as u16;
        }
    }
}

/// Room to merge in: a module's states are merged a hundred thousand times.
#[derive(Default)]
pub struct Scratch {
    before: Vec<Known>,
    groups: Vec<(u16, u16)>,
    seen: Vec<u16>,
}
