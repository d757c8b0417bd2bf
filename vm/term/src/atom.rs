//! The atom table [atom.names, atom.c].
//!
//! Append only: an atom is an index, its name lives for ever, names are read without a lock. The
//! atoms that the VM itself names have fixed indices ([`am`], one table); rarely used ones are
//! interned on first use with [`atom!`].

use std::collections::HashMap;
use std::sync::atomic::{AtomicPtr, AtomicU32, AtomicUsize, Ordering};
use std::sync::{LazyLock, RwLock};

/// An atom: its index in the table.
#[derive(Clone, Copy, PartialEq, Eq, Hash, PartialOrd, Ord, Debug)]
#[repr(transparent)]
pub struct Atom(pub u32);

/// Longest atom, in characters.
pub const MAX_CHARS: usize = 255;

const SEGMENT_BITS: u32 = 12;
const SEGMENT: usize = 1 << SEGMENT_BITS;
const SEGMENTS: usize = 1 << 16;

/// What the table knows about one atom.
struct Entry {
    name: &'static str,
    hash: u32,
    /// First four bytes as a number, to decide most comparisons.
    first: u32,
}

struct Table {
    by_name: RwLock<HashMap<&'static str, u32, std::hash::BuildHasherDefault<FxHasher>>>,
    segments: Box<[AtomicPtr<Entry>]>,
    count: AtomicUsize,
    /// Bytes of all names.
    bytes: AtomicUsize,
    limit: AtomicUsize,
}

/// A small multiplicative hasher for names; the table is not exposed to chosen collisions beyond
/// what the atom limit already allows.
#[derive(Default)]
struct FxHasher(u64);

impl std::hash::Hasher for FxHasher {
    fn finish(&self) -> u64 {
        self.0 ^ self.0 >> 29
    }
    fn write(&mut self, bytes: &[u8]) {
        for chunk in bytes.chunks(8) {
            let mut w = [0u8; 8];
            w[..chunk.len()].copy_from_slice(chunk);
            self.0 =
                (self.0.rotate_left(5) ^ u64::from_le_bytes(w)).wrapping_mul(0x517c_c1b7_2722_0a95);
        }
    }
}

static TABLE: LazyLock<Table> = LazyLock::new(|| {
    let t = Table {
        by_name: RwLock::default(),
        segments: (0..SEGMENTS).map(|_| AtomicPtr::default()).collect(),
        count: AtomicUsize::new(0),
        bytes: AtomicUsize::new(0),
        limit: AtomicUsize::new(1 << 20),
    };
    for name in am::NAMES {
        t.intern(name);
    }
    t
});

impl Table {
    fn lookup(&self, name: &str) -> Option<Atom> {
        self.by_name.read().unwrap_or_else(|e| e.into_inner()).get(name).map(|&i| Atom(i))
    }
    fn intern(&self, name: &str) -> Option<Atom> {
        if let Some(a) = self.lookup(name) {
            return Some(a);
        }
        let mut map = self.by_name.write().unwrap_or_else(|e| e.into_inner());
        if let Some(&i) = map.get(name) {
            return Some(Atom(i));
        }
        let index = self.count.load(Ordering::Relaxed);
        if index >= self.limit.load(Ordering::Relaxed) || index >= SEGMENT * SEGMENTS {
            return None;
        }
        let name: &'static str = Box::leak(name.to_owned().into_boxed_str());
        let slot = &self.segments[index >> SEGMENT_BITS];
        let mut seg = slot.load(Ordering::Acquire);
        if seg.is_null() {
            let fresh: Vec<Entry> =
                (0..SEGMENT).map(|_| Entry { name: "", hash: 0, first: 0 }).collect();
            seg = Box::leak(fresh.into_boxed_slice()).as_mut_ptr();
            slot.store(seg, Ordering::Release);
        }
        // SAFETY: `index` is below `SEGMENT` in this segment, and no reader looks at this entry
        // before the index is published by the count or through the map, both under this lock.
        unsafe {
            seg.add(index & (SEGMENT - 1)).write(Entry {
                name,
                hash: hashpjw(name),
                first: first_bytes(name),
            });
        }
        map.insert(name, index as u32);
        self.bytes.fetch_add(name.len(), Ordering::Relaxed);
        self.count.store(index + 1, Ordering::Release);
        Some(Atom(index as u32))
    }
    fn entry(&self, a: Atom) -> &'static Entry {
        assert!((a.0 as usize) < self.count.load(Ordering::Acquire), "not an atom");
        let seg = self.segments[a.0 as usize >> SEGMENT_BITS].load(Ordering::Acquire);
        // SAFETY: published entries are never moved, changed or freed.
        unsafe { &*seg.add(a.0 as usize & (SEGMENT - 1)) }
    }
}

/// The classic PJW string hash over UTF-8 bytes, as `erlang:phash2/1` and friends use for atoms.
fn hashpjw(name: &str) -> u32 {
    // Characters of two UTF-8 bytes in Latin-1 hash as one character (atom.c: atom_hash).
    let bytes = name.as_bytes();
    let mut h: u32 = 0;
    let mut i = 0;
    while i < bytes.len() {
        let mut v = bytes[i];
        i += 1;
        if v & 0xfe == 0xc2 && i < bytes.len() && bytes[i] & 0xc0 == 0x80 {
            v = (v << 6) | (bytes[i] & 0x3f);
            i += 1;
        }
        h = (h << 4).wrapping_add(v as u32);
        let g = h & 0xf000_0000;
        if g != 0 {
            h ^= g >> 24;
            h ^= g;
        }
    }
    h
}

/// The first four bytes, as a number that is ordered as they are.
fn first_bytes(name: &str) -> u32 {
    let bytes = name.as_bytes();
    u32::from_be_bytes(core::array::from_fn(|i| bytes.get(i).copied().unwrap_or(0)))
}

impl Atom {
    /// The order of the names.
    pub fn cmp_names(self, other: Atom) -> core::cmp::Ordering {
        let (a, b) = (TABLE.entry(self), TABLE.entry(other));
        a.first.cmp(&b.first).then_with(|| a.name.as_bytes().cmp(b.name.as_bytes()))
    }
    /// The atom of this name, made if need be. `None` if the table is full or the name too long.
    pub fn try_new(name: &str) -> Option<Atom> {
        if name.len() > MAX_CHARS && name.chars().count() > MAX_CHARS {
            return None;
        }
        TABLE.intern(name)
    }
    /// For names that the VM itself writes.
    /// # Panics
    /// If the table is full.
    pub fn new(name: &str) -> Atom {
        Atom::try_new(name).expect("atom table is full")
    }
    /// The atom of this name if it exists already.
    pub fn existing(name: &str) -> Option<Atom> {
        TABLE.lookup(name)
    }
    pub fn name(self) -> &'static str {
        TABLE.entry(self).name
    }
    /// `atom.c`'s hash of the name: stable between nodes and releases.
    pub fn hash_value(self) -> u32 {
        TABLE.entry(self).hash
    }
}

/// How many atoms exist.
pub fn count() -> usize {
    TABLE.count.load(Ordering::Acquire)
}
/// Bytes of all names, and of the table besides them.
pub fn memory() -> (usize, usize) {
    let entry = size_of::<Entry>();
    let segments = count().div_ceil(SEGMENT);
    let map = count() * (size_of::<(&str, u32)>() + 1) * 8 / 7;
    (TABLE.bytes.load(Ordering::Relaxed), segments * SEGMENT * entry + map + SEGMENTS * 8)
}
/// How many atoms may exist (`+t`).
pub fn limit() -> usize {
    TABLE.limit.load(Ordering::Relaxed)
}
pub fn set_limit(n: usize) {
    TABLE.limit.store(n, Ordering::Relaxed);
}

/// A place that remembers an interned atom; see [`atom!`].
pub struct LazyAtom {
    name: &'static str,
    index: AtomicU32,
}

impl LazyAtom {
    pub const fn new(name: &'static str) -> LazyAtom {
        LazyAtom { name, index: AtomicU32::new(u32::MAX) }
    }
    #[inline]
    pub fn get(&self) -> Atom {
        match self.index.load(Ordering::Relaxed) {
            u32::MAX => {
                let a = Atom::new(self.name);
                self.index.store(a.0, Ordering::Relaxed);
                a
            }
            i => Atom(i),
        }
    }
}

/// `atom!("name")`: the atom, interned once per place.
#[macro_export]
macro_rules! atom {
    ($name:literal) => {{
        static A: $crate::atom::LazyAtom = $crate::atom::LazyAtom::new($name);
        A.get()
    }};
}

macro_rules! atoms {
    ($($id:ident = $name:literal,)*) => {
        /// The atoms with fixed indices: constants, good for patterns.
        pub mod am {
            use super::Atom;
            #[allow(non_camel_case_types, clippy::upper_case_acronyms)]
            #[repr(u32)]
            enum Ix { $($id,)* }
            $(pub const $id: Atom = Atom(Ix::$id as u32);)*
            pub(super) const NAMES: &[&str] = &[$($name,)*];
        }
    };
}
include!("atom_names.rs");

#[cfg(test)]
mod tests {
    use super::*;
    #[test]
    fn fixed_and_lazy_atoms_agree() {
        assert_eq!(am::OK, Atom::new("ok"));
        assert_eq!(atom!("ok"), am::OK);
        assert_eq!(am::TRUE.name(), "true");
        assert_eq!(Atom::existing("surely_not_there"), None);
    }
    #[test]
    fn names_are_unique() {
        for (i, n) in am::NAMES.iter().enumerate() {
            assert_eq!(Atom::new(n).0 as usize, i, "{n} stands twice");
        }
    }
}
