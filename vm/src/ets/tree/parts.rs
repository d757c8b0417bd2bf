//! The parts of an ordered table: its key space in pieces, each with a lock of its own
//! [erl_db_catree.c].
//!
//! A table with `write_concurrency` begins as one part. A part whose writers wait for each other is
//! split in its middle; one that nobody waits for is joined with its neighbour while both are small.
//! The bounds between the parts are behind a lock that every operation reads and only a change of the
//! parts writes. Nobody takes it twice, and nobody takes it while holding a part.

use super::Map;
use super::key::Key;
use core::sync::atomic::{AtomicI32, AtomicU8, Ordering::Relaxed};
use std::sync::{PoisonError, RwLock, RwLockReadGuard, RwLockWriteGuard, TryLockError};
use term::OwnedTerm;

/// What a writer adds to the pressure on its part: if it had to wait, and if not.
const WAITED: i32 = 250;
const AT_ONCE: i32 = -1;
/// Pressure at which a part is split, and at which it is joined.
const HIGH: i32 = 1000;
const LOW: i32 = -1000;
/// Parts that pressure makes at most, and objects that are moved to join two.
const MOST_PARTS: usize = 1024;
const JOINED_AT_MOST: usize = 10_000;

/// What pressure asks for. The number is that of the part at that time; a change in between does
/// no harm.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Change {
    Split(usize),
    Join(usize),
}

/// Tests have parts change without pressure.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
#[repr(u8)]
pub enum Forced {
    Not,
    /// Every writer splits its part.
    Split,
    /// Writers split and join at random.
    Random,
}

impl Forced {
    pub fn of(n: &AtomicU8) -> Forced {
        match n.load(Relaxed) {
            0 => Forced::Not,
            1 => Forced::Split,
            _ => Forced::Random,
        }
    }
}

/// The first key of a part, with memory of its own.
struct From {
    key: Key,
    _term: OwnedTerm,
}

pub struct Part {
    /// `None`: from the beginning.
    from: Option<From>,
    pub map: RwLock<Map>,
    pressure: AtomicI32,
}

impl Part {
    pub fn first() -> Part {
        Part { from: None, map: RwLock::default(), pressure: AtomicI32::new(0) }
    }
    pub fn read(&self) -> RwLockReadGuard<'_, Map> {
        self.map.read().unwrap_or_else(PoisonError::into_inner)
    }
    /// The map for writing, and whether somebody else had it.
    pub fn write(&self) -> (RwLockWriteGuard<'_, Map>, bool) {
        match self.map.try_write() {
            Ok(map) => (map, false),
            Err(TryLockError::Poisoned(e)) => (e.into_inner(), false),
            Err(TryLockError::WouldBlock) => {
                (self.map.write().unwrap_or_else(PoisonError::into_inner), true)
            }
        }
    }
    pub fn map_mut(&mut self) -> &mut Map {
        self.map.get_mut().unwrap_or_else(PoisonError::into_inner)
    }
    /// Counts a writer (while it has the map); what is to be changed because of it. The part is
    /// number `at` of `parts`.
    pub fn count(&self, at: usize, parts: usize, waited: bool, forced: Forced) -> Option<Change> {
        match forced {
            Forced::Not => {}
            Forced::Split => return Some(Change::Split(at)),
            Forced::Random => {
                return match crate::refs::next().1 % 8 {
                    0 => Some(Change::Split(at)),
                    1 => Some(Change::Join(at)),
                    _ => None,
                };
            }
        }
        let pressure = self.pressure.load(Relaxed) + if waited { WAITED } else { AT_ONCE };
        self.pressure.store(pressure.clamp(LOW, HIGH), Relaxed);
        match pressure {
            HIGH.. => Some(Change::Split(at)),
            ..=LOW if parts > 1 => Some(Change::Join(at)),
            _ => None,
        }
    }
}

/// The number of the part that holds a key.
pub fn locate(parts: &[Part], key: &Key) -> usize {
    let rest = parts.get(1..).unwrap_or_default();
    rest.partition_point(|p| p.from.as_ref().is_none_or(|f| f.key <= *key))
}

pub fn change(parts: &mut Vec<Part>, what: Change) {
    match what {
        Change::Split(at) => split(parts, at),
        Change::Join(at) => join(parts, at),
    }
}

fn split(parts: &mut Vec<Part>, at: usize) {
    let full = parts.len() >= MOST_PARTS;
    let Some(part) = parts.get_mut(at) else { return };
    part.pressure.store(0, Relaxed);
    let map = part.map_mut();
    let Some(middle) = map.keys().nth(map.len() / 2).filter(|_| map.len() > 1 && !full) else {
        return;
    };
    let term = OwnedTerm::copy_of(middle.term());
    let key = Key::new(term.term());
    let upper = map.split_off(&key);
    let from = Some(From { key, _term: term });
    let part = Part { from, map: RwLock::new(upper), pressure: AtomicI32::new(0) };
    parts.insert(at + 1, part);
}

fn join(parts: &mut Vec<Part>, at: usize) {
    let Some(part) = parts.get_mut(at) else { return };
    part.pressure.store(0, Relaxed);
    let upper = if at + 1 < parts.len() { at + 1 } else { at };
    if upper == 0 {
        return;
    }
    let both = parts[upper - 1].map_mut().len() + parts[upper].map_mut().len();
    if both <= JOINED_AT_MOST {
        let mut map = core::mem::take(parts.remove(upper).map_mut());
        parts[upper - 1].map_mut().append(&mut map);
    }
}
