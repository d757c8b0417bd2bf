//! Schedulers bound to processors [erl_cpu_topology.c].
//!
//! A topology says which logical processors share a core, a processor, a memory node: the one that was defined (`+sct`,
//! `system_flag(cpu_topology, _)`), else the one that the machine tells. An order of binding sorts it, and scheduler N
//! goes to the Nth processor that we may use. Every change raises a version; each scheduler compares that between slices
//! and binds its own thread.

use super::Schedulers;
use core::sync::atomic::{AtomicI64, AtomicU32, Ordering};
use std::sync::{Mutex, MutexGuard, OnceLock};
use sys::cpu::Cpu;

/// In which order processors are taken.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Order {
    Unbound,
    NoSpread,
    ThreadSpread,
    ProcessorSpread,
    Spread,
    NoNodeThreadSpread,
    NoNodeProcessorSpread,
    ThreadNoNodeProcessorSpread,
}

impl Order {
    pub const ALL: [(&'static str, Order); 9] = [
        ("unbound", Order::Unbound),
        ("no_spread", Order::NoSpread),
        ("thread_spread", Order::ThreadSpread),
        ("processor_spread", Order::ProcessorSpread),
        ("spread", Order::Spread),
        ("no_node_thread_spread", Order::NoNodeThreadSpread),
        ("no_node_processor_spread", Order::NoNodeProcessorSpread),
        ("thread_no_node_processor_spread", Order::ThreadNoNodeProcessorSpread),
        ("default_bind", Order::ThreadNoNodeProcessorSpread),
    ];
    pub fn of_name(name: &str) -> Option<Order> {
        Order::ALL.iter().find(|(n, _)| *n == name).map(|(_, o)| *o)
    }
    pub fn name(self) -> &'static str {
        Order::ALL.iter().find(|(_, o)| *o == self).map_or("unbound", |(n, _)| n)
    }
}

struct State {
    order: Order,
    defined: Option<Vec<Cpu>>,
    /// Processors that this program may run on.
    available: Vec<usize>,
    /// Where each scheduler is to be; for those beyond its end: anywhere.
    targets: Vec<u32>,
}

/// See the module head.
pub struct Binding {
    state: Mutex<State>,
    /// What the machine tells, if it is asked.
    detected: OnceLock<Option<Vec<Cpu>>>,
    detects: bool,
    version: AtomicU32,
    /// Where each scheduler is; -1: unbound.
    bound: Box<[AtomicI64]>,
}

impl Binding {
    /// `detects`: the machine may be asked how its processors lie.
    pub(crate) fn new(
        schedulers: usize,
        order: Order,
        defined: Option<Vec<Cpu>>,
        detects: bool,
    ) -> Binding {
        let b = Binding {
            detects: detects && defined.is_none(),
            state: Mutex::new(State {
                order: Order::Unbound,
                defined,
                available: sys::cpu::allowed().unwrap_or_default(),
                targets: Vec::new(),
            }),
            detected: OnceLock::new(),
            version: AtomicU32::new(0),
            bound: (0..schedulers).map(|_| AtomicI64::new(-1)).collect(),
        };
        if order != Order::Unbound {
            b.set_order(order);
        }
        b
    }
    fn state(&self) -> MutexGuard<'_, State> {
        self.state.lock().unwrap_or_else(|e| e.into_inner())
    }
    pub fn detected(&self) -> Option<&[Cpu]> {
        let ask = || Some(sys::cpu::topology()).filter(|t| !t.is_empty());
        self.detected.get_or_init(|| if self.detects { ask() } else { None }).as_deref()
    }
    pub fn defined(&self) -> Option<Vec<Cpu>> {
        self.state().defined.clone()
    }
    /// The topology that counts.
    pub fn used(&self) -> Option<Vec<Cpu>> {
        self.defined().or_else(|| self.detected().map(<[Cpu]>::to_vec))
    }
    pub fn order(&self) -> Order {
        self.state().order
    }
    /// Changes the order; the old one. `None`: there is no topology to go by.
    pub fn set_order(&self, order: Order) -> Option<Order> {
        self.used()?;
        let old = core::mem::replace(&mut self.state().order, order);
        self.changed();
        Some(old)
    }
    /// Defines a topology, or takes the definition away.
    pub fn define(&self, topology: Option<Vec<Cpu>>) {
        self.state().defined = topology;
        self.changed();
    }
    /// How many processors this program may run on.
    pub fn available(&self) -> usize {
        self.state().available.len()
    }
    /// Looks again which processors this program may run on; whether that has changed.
    pub fn update(&self) -> bool {
        // The first thread is the program's as far as others can tell. Where we have put it says nothing.
        if self.bound.first().is_some_and(|b| b.load(Ordering::Relaxed) >= 0) {
            return false;
        }
        let Some(now) = sys::cpu::allowed_of_program() else { return false };
        let changed = core::mem::replace(&mut self.state().available, now.clone()) != now;
        if changed {
            self.changed();
        }
        changed
    }
    fn changed(&self) {
        let used = self.used().unwrap_or_default();
        let mut s = self.state();
        let order = s.order;
        s.targets = match order {
            Order::Unbound => Vec::new(),
            _ => sorted(&used, order)
                .into_iter()
                .filter(|logical| s.available.contains(&(*logical as usize)))
                .collect(),
        };
        self.version.fetch_add(1, Ordering::Release);
    }
    /// Where schedulers are.
    pub fn bound(&self) -> impl Iterator<Item = Option<u64>> {
        self.bound.iter().map(|b| u64::try_from(b.load(Ordering::Relaxed)).ok())
    }
    /// Puts the calling scheduler (from 0) where it belongs, if something changed since `seen`.
    #[inline]
    pub(super) fn check(&self, index: usize, seen: &mut u32) {
        let version = self.version.load(Ordering::Acquire);
        if version != *seen {
            *seen = version;
            self.apply(index);
        }
    }
    #[cold]
    fn apply(&self, index: usize) {
        let s = self.state();
        let Some(bound) = self.bound.get(index) else { return };
        let target = s.targets.get(index).map_or(-1, |t| i64::from(*t));
        if bound.load(Ordering::Relaxed) == target {
            return;
        }
        let at = match usize::try_from(target) {
            Ok(cpu) if sys::cpu::bind_thread(cpu).is_ok() => target,
            _ => {
                let _ = sys::cpu::set_affinity(&s.available);
                -1
            }
        };
        bound.store(at, Ordering::Relaxed);
    }
    /// Runs `f` on a thread that is not bound, for threads and programs that it starts: those are not to be.
    pub fn unbound<R>(&self, scheduler: usize, f: impl FnOnce() -> R) -> R {
        let bound = scheduler.checked_sub(1).and_then(|i| self.bound.get(i));
        let cpu = bound.and_then(|b| usize::try_from(b.load(Ordering::Relaxed)).ok());
        let Some(cpu) = cpu else { return f() };
        let _ = sys::cpu::set_affinity(&self.state().available);
        let r = f();
        let _ = sys::cpu::bind_thread(cpu);
        r
    }
}

impl Schedulers {
    /// Has every scheduler look where it is to be.
    pub fn rebind(&self) {
        self.wake_all();
    }
}

/// The place of one logical processor in numbers that sort.
#[derive(Clone, Copy)]
struct Place {
    node: i64,
    processor: i64,
    inner: i64,
    core: i64,
    thread: i64,
    logical: u32,
}

/// Logical processors in the order that they are bound in.
pub fn sorted(cpus: &[Cpu], order: Order) -> Vec<u32> {
    use Order::*;
    let no_node =
        matches!(order, NoNodeThreadSpread | NoNodeProcessorSpread | ThreadNoNodeProcessorSpread);
    let mut places = numbered(cpus, no_node);
    places.sort_by_key(|p| match order {
        Unbound | NoSpread => [p.node, p.processor, p.inner, p.core, p.thread],
        ThreadSpread => [p.thread, p.node, p.processor, p.inner, p.core],
        ProcessorSpread => [p.thread, p.inner, p.core, p.node, p.processor],
        Spread => [p.thread, p.core, p.inner, p.processor, p.node],
        NoNodeThreadSpread => [p.node, p.thread, p.processor, p.core, 0],
        NoNodeProcessorSpread => [p.node, p.thread, p.core, p.processor, 0],
        ThreadNoNodeProcessorSpread => [p.thread, p.node, p.core, p.processor, 0],
    });
    places.into_iter().map(|p| p.logical).collect()
}

/// Numbers every level anew within the one above, in the order given. `no_node`: nodes within processors count like
/// those above them, so that each is a group of its own.
fn numbered(cpus: &[Cpu], no_node: bool) -> Vec<Place> {
    let (mut node, mut processor, mut inner, mut core, mut thread) = (-1, -1, -1, -1, -1);
    let mut last: Option<&Cpu> = None;
    let mut places = Vec::with_capacity(cpus.len());
    for c in cpus {
        let new_node = last.is_none_or(|l| l.node != c.node);
        let new_processor = new_node || last.is_none_or(|l| l.processor != c.processor);
        let new_inner = new_processor || last.is_none_or(|l| l.processor_node != c.processor_node);
        let new_core = new_inner || last.is_none_or(|l| l.core != c.core);
        let new_thread = new_core || last.is_none_or(|l| l.thread != c.thread);
        if new_node {
            processor = -1;
            node += i64::from(c.node.is_some());
        }
        if new_processor {
            processor += 1;
            inner = -1;
        }
        if new_inner {
            core = -1;
            if c.processor_node.is_some() {
                node += 1;
                inner += 1;
            }
        }
        if new_core {
            core += 1;
            thread = -1;
        }
        thread += i64::from(new_thread);
        last = Some(c);
        let placed = c.node.is_some() || c.processor_node.is_some();
        places.push(Place {
            node: if placed { node } else { -1 },
            processor,
            inner: match c.processor_node {
                Some(_) if no_node => node,
                Some(_) => inner,
                None => 0,
            },
            core,
            thread,
            logical: c.logical,
        });
    }
    places
}
