//! Persistent terms [erl_bif_persistent.c]: a table of literals that anyone reads without a lock.
//!
//! Each term is the literal area `{Key, Value}`, in which sharing is kept. Readers go through an array of chains
//! whose nodes are never changed but for the term and the way to the next node, two atomic words. A reader may
//! stand on a node or array that was taken out, so these are freed when every thread has left its slice. There are
//! two to four times as many chains as terms.
//!
//! Replaced and erased terms may still be referred to by any process, so their areas are only freed by
//! the literal collector, once it has made every process copy what it uses ([`PersistentTerms::garbage`]).

use crate::literal_area::{LiteralArea, LiteralSpace};
use crate::sched::progress::Waiting;
use crate::timer::Fire;
use crate::vm::Vm;
use core::sync::atomic::{AtomicPtr, AtomicU64, AtomicUsize, Ordering};
use std::collections::VecDeque;
use std::sync::{Mutex, MutexGuard};
use term::compare::eq_exact;
use term::copy::{Literals, shared_size_words};
use term::{Heap, RawTerm, Term, Tuple};

const FIRST: usize = 64;

struct Node {
    hash: u32,
    /// `{Key, Value}`, or the non-value after the key was erased.
    pair: AtomicU64,
    next: AtomicPtr<Node>,
}

/// Chains; as many as a power of two.
type Chains = Box<[AtomicPtr<Node>]>;

#[derive(Default)]
struct Writer {
    /// Areas of current terms, by address of the pair.
    areas: std::collections::HashMap<u64, LiteralArea>,
    garbage: VecDeque<LiteralArea>,
    retired: Retired,
    /// Somebody waits for threads to let go of what was retired before.
    sweeping: bool,
}

/// What readers may still stand on.
#[derive(Default)]
struct Retired {
    nodes: Vec<*mut Node>,
    chains: Vec<*mut Chains>,
}

// SAFETY: nobody else frees them, and readers only read.
unsafe impl Send for Retired {}

impl Retired {
    fn is_empty(&self) -> bool {
        self.nodes.is_empty() && self.chains.is_empty()
    }
    /// # Safety
    /// Every thread has left the slice in which it could find them.
    unsafe fn free(self) {
        // SAFETY: made from boxes, taken out of the table once; nobody reads them by the caller's word.
        unsafe {
            self.nodes.into_iter().for_each(|n| drop(Box::from_raw(n)));
            self.chains.into_iter().for_each(|c| drop(Box::from_raw(c)));
        }
    }
}

pub struct PersistentTerms {
    chains: AtomicPtr<Chains>,
    writer: Mutex<Writer>,
    count: AtomicUsize,
    bytes: AtomicUsize,
}

impl Default for PersistentTerms {
    fn default() -> PersistentTerms {
        PersistentTerms {
            chains: AtomicPtr::new(new_chains(FIRST)),
            writer: Mutex::default(),
            count: AtomicUsize::new(0),
            bytes: AtomicUsize::new(0),
        }
    }
}

fn new_chains(n: usize) -> *mut Chains {
    Box::into_raw(Box::new((0..n).map(|_| AtomicPtr::default()).collect()))
}

/// What [`PersistentTerms::put`] did.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Put {
    New,
    Replaced,
    /// The value was this already.
    Same,
    /// There is another value, which was not to be replaced.
    Refused,
}

fn pair_of<'p>(raw: u64) -> Option<Tuple<'p>> {
    let raw = RawTerm(raw);
    if raw.is_none() {
        return None;
    }
    // SAFETY: a literal; whoever frees it asks all processes first, so that it outlives this turn.
    unsafe { raw.brand() }.as_tuple()
}

fn key<'p>(pair: Tuple<'p>) -> Option<Term<'p>> {
    pair.elements().first().copied()
}

impl PersistentTerms {
    fn chains(&self) -> &'static Chains {
        // SAFETY: not freed before this thread's slice has ended.
        unsafe { &*self.chains.load(Ordering::Acquire) }
    }
    fn writer(&self) -> MutexGuard<'_, Writer> {
        self.writer.lock().unwrap_or_else(|e| e.into_inner())
    }
    fn nodes(chain: &AtomicPtr<Node>) -> impl Iterator<Item = &'static Node> {
        let next = |p: *mut Node| {
            // SAFETY: as above.
            unsafe { p.as_ref() }
        };
        let first = next(chain.load(Ordering::Acquire));
        core::iter::successors(first, move |n| next(n.next.load(Ordering::Acquire)))
    }
    fn find<'p>(&self, wanted: Term<'_>) -> Option<(&'static Node, Tuple<'p>)> {
        let hash = term::hash::internal(wanted, 0);
        let chains = self.chains();
        Self::nodes(&chains[hash as usize & (chains.len() - 1)]).find_map(|n| {
            if n.hash != hash {
                return None;
            }
            let pair = pair_of(n.pair.load(Ordering::Acquire))?;
            key(pair).is_some_and(|k| eq_exact(k, wanted)).then_some((n, pair))
        })
    }

    /// The value of a key, good for the turn of this heap.
    #[inline]
    pub fn get<'p>(&self, _turn: &'p Heap, key: Term<'_>) -> Option<Term<'p>> {
        self.find(key).and_then(|(_, pair)| pair.elements().get(1).copied())
    }
    /// All pairs `{Key, Value}`, good for the turn of this heap.
    pub fn all<'p>(&self, _turn: &'p Heap) -> Vec<Tuple<'p>> {
        let chains = self.chains();
        chains
            .iter()
            .flat_map(Self::nodes)
            .filter_map(|n| pair_of(n.pair.load(Ordering::Acquire)))
            .collect()
    }
    pub fn count(&self) -> usize {
        self.count.load(Ordering::Relaxed)
    }
    /// How many chains the table has.
    pub fn chain_count(&self) -> usize {
        self.chains().len()
    }
    /// Bytes that terms and table take.
    pub fn bytes(&self) -> usize {
        self.bytes.load(Ordering::Relaxed) + self.chains().len() * 8
    }

    /// Stores a copy.
    /// # Errors
    /// If there is no more room for literals.
    pub fn put(
        &self,
        space: &LiteralSpace,
        key: Term<'_>,
        value: Term<'_>,
        replace: bool,
    ) -> std::io::Result<Put> {
        let mut writer = self.writer();
        let old = self.find(key);
        if let Some((_, pair)) = old {
            if pair.elements().get(1).is_some_and(|v| eq_exact(*v, value)) {
                return Ok(Put::Same);
            }
            if !replace {
                return Ok(Put::Refused);
            }
        }
        let size = |t| shared_size_words(t, Literals::Copy);
        let (area, pair) = space.build(size(key) + size(value) + 3, |heap| {
            let key = heap.copy_sharing(key, Literals::Copy);
            let value = heap.copy_sharing(value, Literals::Copy);
            heap.tuple(&[key, value]).raw()
        })?;
        self.bytes.fetch_add(area.bytes as usize, Ordering::Relaxed);
        writer.areas.insert(pair.0, area);
        match old {
            Some((node, pair_before)) => {
                node.pair.store(pair.0, Ordering::Release);
                self.discard(&mut writer, pair_before.term().raw());
                Ok(Put::Replaced)
            }
            None => {
                let n = self.count.fetch_add(1, Ordering::Relaxed) + 1;
                if n > self.chains().len() / 2 {
                    self.resize(&mut writer, self.chains().len() * 2);
                }
                link(self.chains(), term::hash::internal(key, 0), pair.0);
                Ok(Put::New)
            }
        }
    }

    /// Another number of chains, with nodes of their own for the terms there are.
    fn resize(&self, writer: &mut Writer, size: usize) {
        let old = self.chains();
        let fresh = new_chains(size);
        // SAFETY: just made; freed by whoever holds the writer's lock.
        let chains: &'static Chains = unsafe { &*fresh };
        for n in old.iter().flat_map(Self::nodes) {
            link(chains, n.hash, n.pair.load(Ordering::Acquire));
            writer.retired.nodes.push(core::ptr::from_ref(n).cast_mut());
        }
        writer.retired.chains.push(self.chains.swap(fresh, Ordering::AcqRel));
    }

    /// `false`: there was none.
    pub fn erase(&self, key: Term<'_>) -> bool {
        let mut writer = self.writer();
        let Some((node, pair)) = self.find(key) else { return false };
        self.remove(&mut writer, node, pair);
        // As in the reference: not before it is three quarters empty.
        let n = self.chains().len();
        if n > FIRST && self.count() < n / 4 {
            self.resize(&mut writer, n / 2);
        }
        true
    }
    pub fn erase_all(&self) {
        let mut writer = self.writer();
        let chains = self.chains();
        for node in chains.iter().flat_map(Self::nodes) {
            if let Some(pair) = pair_of(node.pair.load(Ordering::Acquire)) {
                self.remove(&mut writer, node, pair);
            }
        }
        self.resize(&mut writer, FIRST);
    }
    /// Takes a node out of its chain. Who stands on it finds the way on.
    fn remove(&self, writer: &mut Writer, node: &'static Node, pair: Tuple<'_>) {
        let chains = self.chains();
        let mut way = &chains[node.hash as usize & (chains.len() - 1)];
        for n in Self::nodes(way) {
            if core::ptr::eq(n, node) {
                way.store(n.next.load(Ordering::Acquire), Ordering::Release);
                writer.retired.nodes.push(core::ptr::from_ref(n).cast_mut());
                break;
            }
            way = &n.next;
        }
        node.pair.store(RawTerm::NONE.0, Ordering::Release);
        self.count.fetch_sub(1, Ordering::Relaxed);
        self.discard(writer, pair.term().raw());
    }
    fn discard(&self, writer: &mut Writer, pair: RawTerm) {
        if let Some(area) = writer.areas.remove(&pair.0) {
            self.bytes.fetch_sub(area.bytes as usize, Ordering::Relaxed);
            writer.garbage.push_back(area);
        }
    }
    /// Shows all terms, those too that processes may still refer to.
    pub(crate) fn visit(&self, v: &mut dyn term::visit::Visit) {
        let w = self.writer();
        w.areas.values().chain(&w.garbage).for_each(|a| a.visit(v));
    }
    /// The next area that nobody finds any more, but that processes may still refer to.
    pub fn garbage(&self) -> Option<LiteralArea> {
        self.writer().garbage.pop_front()
    }
}

/// Frees what writers have taken out, once no reader can stand on it.
pub fn sweep(vm: &'static Vm) {
    let mut writer = vm.persistent.writer();
    if writer.sweeping || writer.retired.is_empty() {
        return;
    }
    writer.sweeping = true;
    let retired = core::mem::take(&mut writer.retired);
    drop(writer);
    let waiting = vm.sched.progress.now(0, true);
    vm.start_timer(vm.monotonic() + STEP, Box::new(Sweep { retired, waiting }));
}

/// Nanoseconds between two looks.
const STEP: i64 = 5_000_000;

struct Sweep {
    retired: Retired,
    waiting: Waiting,
}

impl Fire for Sweep {
    fn fire(mut self: Box<Self>, vm: &'static Vm) {
        if !vm.sched.progress.passed(&mut self.waiting) {
            vm.start_timer(vm.monotonic() + STEP, self);
            return;
        }
        // SAFETY: taken out of the table before the threads passed.
        unsafe { self.retired.free() };
        vm.persistent.writer().sweeping = false;
        sweep(vm);
    }
}

fn link(chains: &'static Chains, hash: u32, pair: u64) {
    let chain = &chains[hash as usize & (chains.len() - 1)];
    let next = AtomicPtr::new(chain.load(Ordering::Relaxed));
    let node = Box::new(Node { hash, pair: AtomicU64::new(pair), next });
    chain.store(Box::into_raw(node), Ordering::Release);
}
