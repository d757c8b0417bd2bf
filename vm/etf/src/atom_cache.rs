//! The atom cache of a connection, and the headers that carry it [external.c: dist header].
//!
//! Each side of a connection numbers up to 2048 atoms that it has sent. A message names the atoms that it
//! uses in its header, by these numbers or (new ones) by text, and its terms then name them by their place in the header.
//! A message is encoded long before it is known what was sent before it: so terms are written with an [`AtomTable`], and the
//! header is made from it when the message leaves ([`Sent::header`]). [`read`] takes headers in; its input is not trusted.

use crate::decode::DecodeError;
use crate::input::Input;
use crate::tag;
use core::cell::RefCell;
use core::ops::Deref;
use term::atom::Atom;

/// Places of a cache.
pub const PLACES: usize = 2048;
/// Most atoms that a header can name.
const MOST: usize = 255;
/// Tables up to this length are searched in order.
const SHORT: usize = 12;

/// In the flags of an atom: it is new, and its text follows.
const NEW: u8 = 8;
/// After the flags of the last atom: lengths have two bytes.
const LONG: u8 = 1;

/// Where an atom has its place.
pub fn place(a: Atom) -> usize {
    a.0 as usize % PLACES
}

/// So many atoms need no memory of their own: most messages have fewer.
const FEW: usize = 6;

/// The atoms of a message, in their order.
#[derive(Clone, Debug)]
pub struct Atoms {
    few: [Atom; FEW],
    count: u8,
    /// All of them, once they are more.
    many: Vec<Atom>,
}

impl Default for Atoms {
    fn default() -> Atoms {
        Atoms { few: [Atom(0); FEW], count: 0, many: Vec::new() }
    }
}

impl Atoms {
    fn push(&mut self, a: Atom) {
        let n = usize::from(self.count);
        if !self.many.is_empty() {
            self.many.push(a);
        } else if let Some(free) = self.few.get_mut(n) {
            *free = a;
            self.count += 1;
        } else {
            self.many.reserve(4 * FEW);
            self.many.extend_from_slice(&self.few);
            self.many.push(a);
        }
    }
}

impl Deref for Atoms {
    type Target = [Atom];
    #[inline]
    fn deref(&self) -> &[Atom] {
        match self.many.is_empty() {
            true => &self.few[..usize::from(self.count)],
            false => &self.many,
        }
    }
}

/// The atoms of one message.
#[derive(Default)]
pub struct AtomTable(RefCell<Numbers>);

#[derive(Default)]
struct Numbers {
    atoms: Atoms,
    /// Number plus one by place, once the table is long.
    by_place: Vec<u8>,
}

impl AtomTable {
    pub fn new() -> AtomTable {
        AtomTable::default()
    }
    /// The atom's number in the message; `None` if its place is another's or there are too many.
    pub fn number(&self, a: Atom) -> Option<u8> {
        let n = &mut *self.0.borrow_mut();
        let at = place(a);
        let known = if n.by_place.is_empty() {
            n.atoms.iter().position(|b| place(*b) == at)
        } else {
            n.by_place[at].checked_sub(1).map(usize::from)
        };
        if let Some(i) = known {
            return if n.atoms[i] == a { u8::try_from(i).ok() } else { None };
        }
        let i = n.atoms.len();
        if i >= MOST {
            return None;
        }
        n.atoms.push(a);
        if !n.by_place.is_empty() {
            n.by_place[at] = i as u8 + 1;
        } else if n.atoms.len() > SHORT {
            n.by_place = vec![0; PLACES];
            for (i, b) in n.atoms.iter().enumerate() {
                n.by_place[place(*b)] = i as u8 + 1;
            }
        }
        Some(i as u8)
    }
    pub fn into_atoms(self) -> Atoms {
        self.0.into_inner().atoms
    }
}

/// Which part of a message a packet is: sequence and number, the last being 1.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Fragment {
    Whole,
    First { sequence: u64, number: u64 },
    Next { sequence: u64, number: u64 },
}

/// Places of a page.
const PAGE: usize = 32;

/// A cache, in pages that are made when they are used: most connections see few atoms.
#[derive(Default)]
struct Places(Vec<Option<Box<[Option<Atom>; PAGE]>>>);

impl Places {
    fn get(&self, at: usize) -> Option<Atom> {
        self.0.get(at / PAGE)?.as_ref()?[at % PAGE]
    }
    fn set(&mut self, at: usize, a: Atom) {
        if self.0.is_empty() {
            self.0.resize_with(PLACES / PAGE, || None);
        }
        let page = self.0[at / PAGE].get_or_insert_with(|| Box::new([None; PAGE]));
        page[at % PAGE] = Some(a);
    }
}

/// What this side has sent.
#[derive(Default)]
pub struct Sent(Places);

impl Sent {
    /// Writes the header of a message that uses these atoms, which are known to the other side from here on.
    pub fn header(&mut self, atoms: &[Atom], fragment: Fragment, out: &mut Vec<u8>) {
        start(fragment, out);
        let n = atoms.len().min(MOST);
        out.push(n as u8);
        if n == 0 {
            return;
        }
        let long = atoms.iter().any(|a| a.name().len() > 255);
        let flags_at = out.len();
        out.resize(flags_at + n / 2 + 1, 0);
        for (i, &a) in atoms[..n].iter().enumerate() {
            let at = place(a);
            let mut flags = (at >> 8) as u8;
            out.push(at as u8);
            if self.0.get(at) != Some(a) {
                self.0.set(at, a);
                flags |= NEW;
                let text = a.name().as_bytes();
                if long {
                    out.extend_from_slice(&(text.len() as u16).to_be_bytes());
                } else {
                    out.push(text.len() as u8);
                }
                out.extend_from_slice(text);
            }
            out[flags_at + i / 2] |= flags << (i % 2 * 4);
        }
        if long {
            out[flags_at + n / 2] |= LONG << (n % 2 * 4);
        }
    }
}

/// Writes the header of a message where no atoms are cached.
pub fn empty_header(fragment: Fragment, out: &mut Vec<u8>) {
    start(fragment, out);
    if !matches!(fragment, Fragment::Next { .. }) {
        out.push(0);
    }
}

fn start(fragment: Fragment, out: &mut Vec<u8>) {
    let (tag, numbers) = match fragment {
        Fragment::Whole => (tag::DIST_HEADER, None),
        Fragment::First { sequence, number } => (tag::DIST_FRAG_HEADER, Some((sequence, number))),
        Fragment::Next { sequence, number } => (tag::DIST_FRAG_CONT, Some((sequence, number))),
    };
    out.extend_from_slice(&[tag::VERSION, tag]);
    if let Some((sequence, number)) = numbers {
        out.extend_from_slice(&sequence.to_be_bytes());
        out.extend_from_slice(&number.to_be_bytes());
    }
}

/// What the other side has sent.
#[derive(Default)]
pub struct Received(Places);

/// A header that was read.
pub struct Header {
    pub fragment: Fragment,
    pub atoms: Atoms,
    /// Where the terms begin.
    pub body: usize,
}

/// Reads the header of a packet.
pub fn read(bytes: &[u8], cache: &mut Received) -> Result<Header, DecodeError> {
    let mut input = Input::new(bytes);
    if input.u8()? != tag::VERSION {
        return Err(DecodeError::BadVersion);
    }
    let kind = input.u8()?;
    let fragment = match kind {
        tag::DIST_HEADER => Fragment::Whole,
        tag::DIST_FRAG_HEADER => Fragment::First { sequence: input.u64()?, number: input.u64()? },
        tag::DIST_FRAG_CONT => Fragment::Next { sequence: input.u64()?, number: input.u64()? },
        t => return Err(DecodeError::BadTag(t)),
    };
    let mut atoms = Atoms::default();
    if kind != tag::DIST_FRAG_CONT {
        let n = usize::from(input.u8()?);
        if n > 0 {
            let flags = input.take(n / 2 + 1)?;
            let flags_of = |i: usize| flags[i / 2] >> (i % 2 * 4) & 15;
            let long = flags_of(n) & LONG != 0;
            for i in 0..n {
                let flags = flags_of(i);
                let at = usize::from(flags & 7) << 8 | usize::from(input.u8()?);
                if flags & NEW != 0 {
                    let len = if long { input.u16()?.into() } else { input.u8()?.into() };
                    let text = core::str::from_utf8(input.take(len)?);
                    let text = text.map_err(|_| DecodeError::BadAtom)?;
                    cache.0.set(at, crate::decode::intern(text, false)?);
                }
                atoms.push(cache.0.get(at).ok_or(DecodeError::BadAtom)?);
            }
        }
    }
    Ok(Header { fragment, atoms, body: bytes.len() - input.left() })
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn headers_come_back() {
        let (mut sent, mut received) = (Sent::default(), Received::default());
        for round in 0..40usize {
            let table = AtomTable::new();
            let mut numbers = Vec::new();
            for i in 0..round * 7 {
                let a = Atom::new(&format!("header_{}", i * (round % 3 + 1)));
                numbers.push((a, table.number(a)));
            }
            if round % 5 == 4 {
                let a = Atom::new(&"å".repeat(200));
                numbers.push((a, table.number(a)));
            }
            let atoms = table.into_atoms();
            let fragment = match round % 2 {
                0 => Fragment::Whole,
                _ => Fragment::First { sequence: round as u64, number: 1 << 40 },
            };
            let mut bytes = Vec::new();
            sent.header(&atoms, fragment, &mut bytes);
            let body = bytes.len();
            bytes.extend_from_slice(b"rest");
            let h = read(&bytes, &mut received).unwrap();
            assert_eq!((h.fragment, h.body, &*h.atoms), (fragment, body, &*atoms));
            for (a, n) in numbers {
                assert!(n.is_none_or(|n| atoms[usize::from(n)] == a));
            }
            for cut in 0..body {
                assert!(read(&bytes[..cut], &mut Received::default()).is_err());
            }
        }
    }

    #[test]
    fn nothing_is_taken_on_trust() {
        let mut seed = 1u64;
        let mut bytes = vec![0u8; 64];
        let mut cache = Received::default();
        for _ in 0..200_000 {
            for b in &mut bytes {
                seed = seed.wrapping_mul(6_364_136_223_846_793_005).wrapping_add(1);
                *b = ((seed >> 59) as u8).wrapping_mul((seed >> 40) as u8);
            }
            bytes[0] = tag::VERSION;
            bytes[1] = tag::DIST_HEADER + (seed >> 33) as u8 % 3;
            if let Ok(h) = read(&bytes, &mut cache) {
                assert!(h.body <= bytes.len());
            }
        }
    }
}
