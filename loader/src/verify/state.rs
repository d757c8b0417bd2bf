//! What is known before an op.

use std::rc::Rc;

use isa::Need;

use super::kinds::{Kinds, Scratch};

/// Which X registers hold terms. Code rarely names one beyond x63.
#[derive(Clone, PartialEq, Debug, Default)]
pub(super) struct XRegs {
    low: u64,
    /// x64 and up, 64 a word; without trailing zero words, so that equality is plain.
    high: Vec<u64>,
}

impl XRegs {
    /// x0 up to `n`, which is not included.
    pub fn first(n: u32) -> XRegs {
        let mut regs = XRegs::default();
        (0..n).for_each(|x| regs.set(x));
        regs
    }

    pub fn has(&self, x: u32) -> bool {
        if x < 64 {
            return self.low >> x & 1 != 0;
        }
        let word = (x / 64) as usize - 1;
        self.high.get(word).is_some_and(|bits| bits >> (x % 64) & 1 != 0)
    }

    pub fn set(&mut self, x: u32) {
        if x < 64 {
            self.low |= 1 << x;
            return;
        }
        let word = (x / 64) as usize - 1;
        if self.high.len() <= word {
            self.high.resize(word + 1, 0);
        }
        self.high[word] |= 1 << (x % 64);
    }

    /// Whether x0 up to `n` are all set.
    pub fn has_first(&self, n: u32) -> bool {
        if n <= 64 {
            let missing = !self.low;
            return n == 0 || missing << (64 - n) == 0;
        }
        (0..n).all(|x| self.has(x))
    }

    /// Forgets x(`n`) and up.
    pub fn prune(&mut self, n: u32) {
        if n < 64 {
            self.low &= (1 << n) - 1;
            self.high.clear();
            return;
        }
        let words = (n / 64) as usize;
        self.high.truncate(words);
        if let Some(bits) = self.high.get_mut(words - 1) {
            *bits &= (1u64 << (n % 64)) - 1;
        }
        self.trim();
    }

    /// Keeps what is in both; whether that is less than before.
    pub fn intersect(&mut self, other: &XRegs) -> bool {
        let mut changed = self.low & !other.low != 0;
        self.low &= other.low;
        if !self.high.is_empty() {
            let before = self.high.clone();
            self.high.truncate(other.high.len());
            self.high.iter_mut().zip(&other.high).for_each(|(a, b)| *a &= b);
            self.trim();
            changed |= self.high != before;
        }
        changed
    }

    fn trim(&mut self) {
        while self.high.last() == Some(&0) {
            self.high.pop();
        }
    }
}

/// The stack frame.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum Frame {
    None,
    Words(u32),
    /// Differs between the ways here, but there are that many slots at least (none when there
    /// may be no frame). Only ops that do not care may follow.
    Mixed(u32),
}

impl Frame {
    /// Slots that are there on every way.
    pub fn slots(self) -> u32 {
        match self {
            Frame::None => 0,
            Frame::Words(n) | Frame::Mixed(n) => n,
        }
    }
}

#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) enum TagKind {
    Catch,
    Try,
}

/// A Y slot that holds the tag of a `catch` or `try`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub(super) struct Tag {
    pub slot: u32,
    pub kind: TagKind,
}

/// Tags from the innermost out. States share the outer ones, so that deep nesting costs no more
/// memory than it has ops.
#[derive(Clone, Debug, Default)]
pub(super) struct Tags(Option<Rc<Nested>>);

#[derive(Debug)]
struct Nested {
    tag: Tag,
    outer: Tags,
}

impl Tags {
    pub fn is_empty(&self) -> bool {
        self.0.is_none()
    }

    pub fn push(&self, tag: Tag) -> Tags {
        Tags(Some(Rc::new(Nested { tag, outer: self.clone() })))
    }

    /// What is around the innermost tag, when that is `tag`.
    pub fn pop(&self, tag: Tag) -> Option<Tags> {
        let nested = self.0.as_ref().filter(|nested| nested.tag == tag)?;
        Some(nested.outer.clone())
    }

    fn holds(&self, slot: u32) -> bool {
        let mut tags = self;
        while let Some(nested) = &tags.0 {
            if nested.tag.slot == slot {
                return true;
            }
            tags = &nested.outer;
        }
        false
    }
}

impl PartialEq for Tags {
    fn eq(&self, other: &Tags) -> bool {
        let (mut a, mut b) = (self, other);
        loop {
            match (&a.0, &b.0) {
                (None, None) => return true,
                (Some(x), Some(y)) if Rc::ptr_eq(x, y) => return true,
                (Some(x), Some(y)) if x.tag == y.tag => (a, b) = (&x.outer, &y.outer),
                _ => return false,
            }
        }
    }
}

#[derive(Clone, PartialEq, Debug)]
pub(super) struct State {
    pub x: XRegs,
    pub frame: Frame,
    /// Reserved heap space that is left.
    pub need: Need,
    /// The tags in the frame; `None` when the ways here differ.
    pub tags: Option<Tags>,
    /// What is known of the terms in registers.
    pub kinds: Kinds,
}

impl State {
    /// At the entry of a function.
    pub fn entry(arity: u32) -> State {
        State {
            x: XRegs::first(arity),
            frame: Frame::None,
            need: Need::default(),
            tags: Some(Tags::default()),
            kinds: Kinds::default(),
        }
    }

    /// Keeps what holds in both; whether that is less than before.
    pub fn merge(&mut self, other: &State, scratch: &mut Scratch) -> bool {
        let mut changed = self.x.intersect(&other.x);
        if self.frame != other.frame {
            let mixed = Frame::Mixed(self.frame.slots().min(other.frame.slots()));
            changed |= self.frame != mixed;
            self.frame = mixed;
        }
        let need = Need {
            words: self.need.words.min(other.need.words),
            floats: self.need.floats.min(other.need.floats),
            funs: self.need.funs.min(other.need.funs),
        };
        changed |= self.need != need;
        self.need = need;
        if self.tags.is_some() && self.tags != other.tags {
            self.tags = None;
            changed = true;
        }
        changed | self.kinds.merge(&other.kinds, scratch)
    }

    /// After a collection that kept x0 up to `live`.
    pub fn collect(&mut self, live: u32) {
        self.prune(live);
        self.need = Need::default();
    }

    /// Forgets x(`n`) and up.
    pub fn prune(&mut self, n: u32) {
        self.x.prune(n);
        self.kinds.prune(n);
    }

    /// As it is kept at a label.
    pub fn settled(&self, scratch: &mut Scratch) -> State {
        let mut settled = self.clone();
        settled.kinds.number(scratch);
        settled
    }

    pub fn is_tag(&self, slot: u32) -> bool {
        self.tags.as_ref().is_some_and(|tags| tags.holds(slot))
    }
}
