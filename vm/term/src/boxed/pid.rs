//! Pids, ports and references, local and external.
//!
//! A local pid is an immediate of 58 bits: number in the low 28, serial above. External ones carry
//! their node. References have up to five 32-bit words, the most significant last as on the wire.

use crate::atom::Atom;
use crate::node::Node;
use crate::shared::{Magic, MagicHandle};
use crate::term::{Subtag, Term};
use std::sync::Arc;

pub const MAX_REF_WORDS: usize = 5;

/// The number shown second in `<0.N.S>`. (Pids of other nodes may have 32 bits of it; the upper four
/// stand above the serial.)
pub const fn pid_number(data: u64) -> u64 {
    data & 0x0fff_ffff | data >> 60 << 28
}
/// The serial shown third.
pub const fn pid_serial(data: u64) -> u64 {
    data >> 28 & 0xffff_ffff
}
/// Pid data of number and serial.
pub const fn pid_data(number: u32, serial: u32) -> u64 {
    (number as u64 & 0x0fff_ffff) | (serial as u64) << 28 | (number as u64 >> 28) << 60
}

fn node_of<'p>(t: Term<'p>) -> &'static Node {
    // SAFETY: word 1 of an external object is an interned node, which lives for ever.
    unsafe { &*(t.word(1) as *const Node) }
}

#[derive(Clone, Copy)]
pub struct Pid<'p>(pub(crate) Term<'p>);

impl<'p> Pid<'p> {
    /// Data of a local pid.
    pub fn local(self) -> Option<u64> {
        if self.0.raw().is_local_pid() { Some(self.0.raw().payload()) } else { None }
    }
    /// Number and serial, wherever it lives.
    pub fn data(self) -> u64 {
        self.local().unwrap_or_else(|| self.0.word(2))
    }
    /// The node of an external pid.
    pub fn node(self) -> Option<&'static Node> {
        if self.local().is_some() { None } else { Some(node_of(self.0)) }
    }
    pub fn term(self) -> Term<'p> {
        self.0
    }
}

#[derive(Clone, Copy)]
pub struct Port<'p>(pub(crate) Term<'p>);

impl<'p> Port<'p> {
    pub fn local(self) -> Option<u64> {
        if self.0.raw().is_local_port() { Some(self.0.raw().payload()) } else { None }
    }
    pub fn data(self) -> u64 {
        self.local().unwrap_or_else(|| self.0.word(2))
    }
    pub fn node(self) -> Option<&'static Node> {
        if self.local().is_some() { None } else { Some(node_of(self.0)) }
    }
    pub fn term(self) -> Term<'p> {
        self.0
    }
}

#[derive(Clone, Copy)]
pub struct Reference<'p>(pub(crate) Term<'p>);

impl<'p> Reference<'p> {
    pub fn is_local(self) -> bool {
        !self.0.is_box(Subtag::ExtRef)
    }
    pub fn node(self) -> Option<&'static Node> {
        if self.is_local() { None } else { Some(node_of(self.0)) }
    }
    /// The words, as the external format orders them, and how many there are.
    pub fn words(self) -> ([u32; MAX_REF_WORDS], usize) {
        let lo_hi = |w: u64| (w as u32, (w >> 32) as u32);
        if self.is_local() {
            let (a, b) = lo_hi(self.0.word(1));
            let (c, _) = lo_hi(self.0.word(2));
            match self.process() {
                Some(pid) => ([a, b, c, pid as u32, (pid >> 32) as u32], 5),
                None => ([a, b, c, 0, 0], 3),
            }
        } else {
            let (n, a) = lo_hi(self.0.word(2));
            let (b, c) = lo_hi(self.0.word(3));
            let (d, e) = lo_hi(self.0.word(4));
            ([a, b, c, d, e], n as usize)
        }
    }
    /// The words that tell it from others: without the process of an alias, which a reference that comes back
    /// from another node after the alias has ended does not show.
    pub fn identity(self) -> [u32; MAX_REF_WORDS] {
        let (mut words, _) = self.words();
        if self.is_local() {
            (words[3], words[4]) = (0, 0);
        }
        words
    }
    /// Identity of a local reference.
    pub fn local_id(self) -> Option<(u64, u64)> {
        if self.is_local() { Some((self.0.word(1), self.0.word(2))) } else { None }
    }
    /// Pid data of the process that made it, for references that may be aliases.
    pub fn process(self) -> Option<u64> {
        if self.0.is_box(Subtag::PidRef) { Some(self.0.word(3)) } else { None }
    }
    /// The native object behind a magic reference.
    pub fn magic(self) -> Option<MagicHandle> {
        if !self.0.is_box(Subtag::MagicRef) {
            return None;
        }
        let p = self.0.word(3) as *const Magic;
        // SAFETY: a live magic reference holds one count of its object.
        unsafe {
            Arc::increment_strong_count(p);
            Some(Arc::from_raw(p))
        }
    }
    pub fn magic_ref(self) -> Option<&'p Magic> {
        if !self.0.is_box(Subtag::MagicRef) {
            return None;
        }
        // SAFETY: the live term holds a count for as long as the turn.
        Some(unsafe { &*(self.0.word(3) as *const Magic) })
    }
    pub fn node_name(self, this: Atom) -> Atom {
        self.node().map_or(this, |n| n.name)
    }
    pub fn term(self) -> Term<'p> {
        self.0
    }
}
