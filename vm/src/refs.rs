//! Numbers that no other process of this VM gets: references and unique integers [erl_bif_unique.c].
//!
//! Each thread takes numbers in blocks from a process-wide counter, so that making references does
//! not bounce a cache line between schedulers. Only monotonic integers come one by one.

use crate::vm::Vm;
use core::cell::Cell;
use core::sync::atomic::{AtomicU64, Ordering};
use std::sync::LazyLock;
use std::time::{SystemTime, UNIX_EPOCH};

const BLOCK: u64 = 1 << 12;

/// A counter that threads draw blocks from.
struct Blocks(AtomicU64);

/// What a thread has left of its block.
type Drawn = Cell<(u64, u64)>;

impl Blocks {
    fn next(&self, drawn: &Drawn) -> u64 {
        let (mut at, mut end) = drawn.get();
        if at == end {
            at = self.0.fetch_add(BLOCK, Ordering::Relaxed);
            end = at.wrapping_add(BLOCK);
        }
        drawn.set((at.wrapping_add(1), end));
        at
    }
}

/// References start anywhere, so that those of a former run are not met again.
static REFS: LazyLock<Blocks> = LazyLock::new(|| {
    let now = SystemTime::now().duration_since(UNIX_EPOCH).unwrap_or_default();
    let micros = u64::from(now.subsec_micros());
    let start = (now.as_secs() | micros << 32).wrapping_mul(268_438_039).wrapping_add(micros);
    // Whole blocks: a wrapped counter stays aligned.
    Blocks(AtomicU64::new(start & !(BLOCK - 1)))
});
static UNIQUE: Blocks = Blocks(AtomicU64::new(0));
static MONOTONIC: AtomicU64 = AtomicU64::new(0);

thread_local! {
    static REF_BLOCK: Drawn = const { Cell::new((0, 0)) };
    static UNIQUE_BLOCK: Drawn = const { Cell::new((0, 0)) };
}

/// Bits of the first word.
const WORD0: u64 = (1 << 18) - 1;
const MAGIC: u64 = 1 << 17;
const PID: u64 = 1 << 16;

/// The numbers of a fresh reference: the first two words, the first in the low half; then the third.
///
/// The first word, which alone `phash2` looks at, is the low 18 bits of the number. The low 18 bits of the
/// second mark magic and process references.
pub fn next() -> (u64, u64) {
    let n = REF_BLOCK.with(|drawn| REFS.next(drawn));
    let (low, high) = (n & 0xffff_ffff, n >> 32);
    (low & WORD0 | (low & !WORD0) << 32, high)
}

/// As [`next`], for a magic reference.
pub fn next_magic() -> (u64, u64) {
    let (n0, n1) = next();
    (n0 | MAGIC << 32, n1)
}

/// Whether the words of an external term are those of a magic reference.
pub fn is_magic(words: [u32; 3]) -> bool {
    u64::from(words[1]) & MAGIC != 0
}

/// Whether the words of an external term are those of a reference that finds its process.
pub fn is_pid(words: [u32; 3]) -> bool {
    u64::from(words[1]) & PID != 0
}

/// As [`next`], for a reference that finds its process.
pub fn next_pid() -> (u64, u64) {
    let (n0, n1) = next();
    (n0 | PID << 32, n1)
}

/// The reference with these words is about to leave as text or bytes: its process will be found by them.
pub fn keep(vm: &Vm, words: [u32; 3], pid: u64) {
    vm.written.aliases.keep(words, pid);
}
/// The process that a reference with these words may be an alias of.
pub fn process_of(vm: &Vm, words: [u32; 3]) -> Option<u64> {
    if is_pid(words) { vm.written.aliases.find(words) } else { None }
}

/// A fresh number from 0, in no particular order.
pub fn unique() -> u64 {
    UNIQUE_BLOCK.with(|drawn| UNIQUE.next(drawn))
}

/// A number from 0, larger than all before.
pub fn monotonic() -> u64 {
    MONOTONIC.fetch_add(1, Ordering::Relaxed)
}

/// The last number of [`monotonic`], and the next ones go on from `last` if that is given.
pub fn monotonic_state(last: Option<u64>) -> u64 {
    let old = match last {
        Some(last) => MONOTONIC.swap(last.wrapping_add(1), Ordering::Relaxed),
        None => MONOTONIC.load(Ordering::Relaxed),
    };
    old.wrapping_sub(1)
}

#[cfg(test)]
mod tests {
    use super::*;
    use std::collections::HashSet;

    #[test]
    fn references_differ_between_threads() {
        let threads: Vec<_> = (0..4)
            .map(|_| std::thread::spawn(|| (0..10_000).map(|_| next()).collect::<Vec<_>>()))
            .collect();
        let all: HashSet<_> = threads.into_iter().flat_map(|t| t.join().unwrap()).collect();
        assert_eq!(all.len(), 40_000);
        assert!(all.iter().all(|(n0, n1)| n0 & 0xffff_ffff <= WORD0 && *n1 <= 0xffff_ffff));
    }
}
