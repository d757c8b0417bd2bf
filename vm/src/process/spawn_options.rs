//! Options of spawning that say what the new process is like, as terms.

use super::spawn::SpawnOptions;
use super::{Priority, QueueData};
use crate::vm::Vm;
use term::atom::am;
use term::{Atom, Term, atom};

/// Takes one option in. `Some(false)`: it is none of these; `None`: its value is wrong.
pub fn parse(vm: &Vm, o: &mut SpawnOptions, t: Term<'_>) -> Option<bool> {
    let Some([k, v]) = t.as_tuple_of::<2>() else { return Some(false) };
    match k.as_atom()? {
        am::PRIORITY => o.priority = priority(v.as_atom()?)?,
        am::FULLSWEEP_AFTER => o.heap.fullsweep_after = v.as_usize()?.min(65_535),
        am::MIN_HEAP_SIZE => o.heap.min_heap = term::gc::size_for(words(v)?),
        am::MIN_BIN_VHEAP_SIZE => o.heap.min_vheap = words(v)?,
        am::MAX_HEAP_SIZE => {
            let m = max_heap(v)?;
            o.heap.max_heap = m.size.unwrap_or(o.heap.max_heap);
            o.max_heap_kill = m.kill.unwrap_or(o.max_heap_kill);
            o.max_heap_log = m.log.unwrap_or(o.max_heap_log);
            o.heap.count_shared = m.shared.unwrap_or(o.heap.count_shared);
        }
        am::MESSAGE_QUEUE_DATA => o.queue_data = queue_data(v.as_atom()?)?,
        am::SCHEDULER => {
            let n = v.as_usize().filter(|n| *n <= vm.sched.count())?;
            o.scheduler = Some(n).filter(|&n| n > 0);
        }
        a if vm.release() >= 26 && a == atom!("async_dist") => o.async_dist = v.as_bool()?,
        _ => return Some(false),
    }
    Some(true)
}

pub fn priority(a: Atom) -> Option<Priority> {
    match a {
        am::LOW => Some(Priority::Low),
        am::NORMAL => Some(Priority::Normal),
        am::HIGH => Some(Priority::High),
        am::MAX => Some(Priority::Max),
        _ => None,
    }
}

pub fn queue_data(a: Atom) -> Option<QueueData> {
    match a {
        am::ON_HEAP => Some(QueueData::OnHeap),
        am::OFF_HEAP => Some(QueueData::OffHeap),
        _ => None,
    }
}

/// A number of words: the reference takes its small integers, which have 60 bits.
pub fn words(t: Term<'_>) -> Option<usize> {
    t.as_usize().filter(|n| *n < 1 << 59)
}

/// `max_heap_size` as given: a number or a map.
pub struct MaxHeap {
    pub size: Option<usize>,
    pub kill: Option<bool>,
    pub log: Option<bool>,
    /// Whether shared binaries count (OTP 27).
    pub shared: Option<bool>,
}

pub fn max_heap(t: Term<'_>) -> Option<MaxHeap> {
    if let Some(n) = words(t) {
        return Some(MaxHeap { size: Some(n), kill: None, log: None, shared: None });
    }
    let map = t.as_map()?;
    let get = |k: Atom| map.get(Term::atom(k));
    let flag = |k: Atom| match get(k) {
        Some(v) => v.as_bool().map(Some),
        None => Some(None),
    };
    let size = words(get(am::SIZE)?)?;
    let (kill, log) = (flag(am::KILL)?, flag(am::ERROR_LOGGER)?);
    let shared = match term::personality::release() {
        27.. => flag(am::INCLUDE_SHARED_BINARIES)?,
        _ => None,
    };
    Some(MaxHeap { size: Some(size), kill, log, shared })
}
