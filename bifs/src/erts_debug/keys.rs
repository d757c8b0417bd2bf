//! More keys of the internal state: what tests ask that is seldom asked.
//!
//! Where Oxbeam works in another way than the reference, the answer describes Oxbeam: references to nodes are not counted but
//! looked for; signal queues take signals from many senders at once without buffers; and so on.

use crate::erlang::process::{PIDS_PER_RED, PROCESSES_MIN_REDS, SLOTS_PER_RED};
use crate::erlang::{process_info, unique};
use core::sync::atomic::Ordering;
use core::time::Duration;
use std::sync::Arc;
use term::atom::am;
use term::shared::Magic;
use term::{Heap, OwnedTerm, Term, atom};
use vm::dist::{Controller, census};
use vm::process::{ask, state};
use vm::signal::Sender;
use vm::timer::Fire;
use vm::vm::Vm;
use vm::{BifResult, Cx, refs};

/// What `{make, magic_ref}` refers to.
struct Empty;

pub fn get<'p>(cx: &Cx<'p>, key: &str) -> BifResult<'p> {
    let (vm, h) = (cx.vm(), cx.heap());
    match key {
        "persistent_term" => {
            let chains = h.uint(vm.persistent.chain_count() as u64);
            Ok(h.map_from_pairs(&[(atom!("table").into(), chains)]))
        }
        "processes_bif_info" => Ok(processes_info(cx, h)),
        "node_and_dist_references" => census::references(cx),
        "max_atom_out_cache_index" => Ok(h.uint(etf::atom_cache::PLACES as u64 - 1)),
        "process_info_args" => Ok(h.list(&process_info::names(cx))),
        "next_pid" => Ok(h.uint(vm.processes.next(None))),
        "next_port" => Ok(h.uint(vm.ports.next(None))),
        // Natives do not recurse: all of it is there for foreign code.
        "stack_check" => Ok(h.uint(vm.config.stacks[0] as u64)),
        "scheduler_dump" => Ok(am::FALSE.into()),
        "min_unique_monotonic_integer" => Ok(h.i128(unique::LEAST)),
        "unique_monotonic_integer_state" => Ok(h.uint(refs::monotonic_state(None))),
        "lc_graph" => Ok(am::NOTSUP.into()),
        "nbalance" => Ok(h.uint(vm.sched.balanced())),
        _ => Err(cx.badarg()),
    }
}

pub fn get2<'p>(cx: &Cx<'p>, key: &str, v: Term<'p>) -> BifResult<'p> {
    let h = cx.heap();
    match key {
        "binary_info" => {
            let bits = cx.need(v.as_bits())?;
            let Some(bin) = bits.handle() else { return Ok(atom!("heap_binary").into()) };
            let bytes = h.uint(bits.bit_len().div_ceil(8) as u64);
            let whole = h.tuple(&[atom!("binary").into(), h.uint(bin.capacity() as u64)]);
            Ok(h.tuple(&[atom!("refc_binary").into(), bytes, whole, Term::small(0)]))
        }
        "atom_out_cache_index" => {
            let atom = cx.need(v.as_atom())?;
            Ok(h.uint(etf::atom_cache::place(atom) as u64))
        }
        "dist_ctrl" => {
            let name = cx.need(v.as_atom())?;
            let connection = cx.vm().dist.find(name).and_then(|e| e.current());
            Ok(match connection.filter(|c| c.is_connected()).and_then(|c| c.controller()) {
                Some(Controller::Port(id)) => Term::local_port(id),
                Some(Controller::Process(pid)) => Term::local_pid(pid),
                None => am::UNDEFINED.into(),
            })
        }
        "magic_ref" => {
            let Some(r) = v.as_reference() else { return Ok(am::FALSE.into()) };
            let Some(magic) = r.magic() else {
                let ([a, b, c, ..], _) = r.words();
                return Ok(Term::bool(refs::is_magic([a, b, c])));
            };
            let at = h.uint(Arc::as_ptr(&magic).addr() as u64);
            let ours = Term::bool(magic.downcast::<Empty>().is_some());
            // Not counting the one that looks.
            let count = h.uint(Arc::strong_count(&magic).saturating_sub(1) as u64);
            Ok(h.tuple(&[at, count, ours]))
        }
        _ => Err(cx.badarg()),
    }
}

/// `{check_time_config, Correction, Mode}`: whether the clocks can do that.
pub fn get3<'p>(cx: &Cx<'p>, key: Term<'p>, on: Term<'p>, mode: Term<'p>) -> BifResult<'p> {
    let modes = [atom!("no_time_warp"), atom!("single_time_warp"), atom!("multi_time_warp")];
    let known = key.is_atom_of(atom!("check_time_config"))
        && on.as_bool().is_some()
        && mode.as_atom().is_some_and(|m| modes.contains(&m));
    cx.need(known.then_some(()))?;
    Ok(am::TRUE.into())
}

pub fn set<'p>(cx: &Cx<'p>, key: &str, v: Term<'p>) -> BifResult<'p> {
    match key {
        "next_pid" => {
            let n = cx.need(v.as_u64())?;
            Ok(cx.heap().uint(cx.vm().processes.next(Some(n))))
        }
        "next_port" => {
            let n = cx.need(v.as_u64())?;
            Ok(cx.heap().uint(cx.vm().ports.next(Some(n))))
        }
        // Milliseconds; a negative number is as it was at the start.
        "node_tab_delayed_delete" => {
            let ms = cx.need(v.as_i64())?;
            let ms = u64::try_from(ms).unwrap_or_else(|_| cx.vm().config.forget_nodes_after());
            cx.vm().dist.forget_after.store(ms, Ordering::Relaxed);
            Ok(am::OK.into())
        }
        // Whether it may be collected; off, work that others ask for waits.
        "gc_state" => {
            let on = cx.need(v.as_bool())?;
            Ok(Term::bool(set_collections(cx, on)))
        }
        // A heap that must not be collected: here it is whole, but for the word of whoever asks.
        "inconsistent_heap" => match v.as_tuple_of::<2>() {
            None if v.is_atom_of(atom!("start")) => {
                cx.need(set_collections(cx, false).then_some(()))?;
                Ok(cx.heap().tuple(&[atom!("start").into(), Term::nil()]))
            }
            Some([tag, _]) if tag.is_atom_of(atom!("start")) => {
                cx.need((!set_collections(cx, true)).then_some(()))?;
                Ok(am::OK.into())
            }
            _ => Err(cx.badarg()),
        },
        "block_scheduler" => {
            std::thread::sleep(Duration::from_millis(cx.need(v.as_u64())?));
            Ok(am::TRUE.into())
        }
        "multizero_timeout_in_timeout" => {
            let ms = cx.need(v.as_i64().and_then(|ms| ms.checked_mul(1_000_000)))?;
            let vm = cx.vm();
            let deadline = cx.need(vm.monotonic().checked_add(ms))?;
            vm.start_timer(deadline, Box::new(Zeros { pid: cx.pid(), left: 6 }));
            Ok(am::OK.into())
        }
        // Markers of receives have numbers of 64 bits that do not come to an end.
        "process_uniq_counter" => {
            cx.need(v.as_u64())?;
            Ok(am::TRUE.into())
        }
        "unique_monotonic_integer_state" => {
            let last = v.as_u64().or_else(|| v.as_i64().map(i64::cast_unsigned));
            refs::monotonic_state(Some(cx.need(last)?));
            Ok(am::TRUE.into())
        }
        // Nothing to switch on: senders never wait for each other.
        "proc_sig_buffers" => {
            cx.need(v.is_atom_of(am::TRUE).then_some(()))?;
            Ok(am::TRUE.into())
        }
        "proc_sig_block" => {
            let [pid, ms] = cx.need(v.as_tuple_of::<2>())?;
            let pid = cx.need(pid.as_pid().and_then(|p| p.local()))?;
            let time = Duration::from_millis(cx.need(ms.as_u64())?);
            let there = cx.vm().processes.lookup(pid).is_some();
            ask::run_in(cx, pid, Box::new(move |_| std::thread::sleep(time)));
            Ok(Term::bool(there))
        }
        "make" => {
            cx.need(v.is_atom_of(atom!("magic_ref")).then_some(()))?;
            let magic = Magic::handle(Empty);
            let at = cx.heap().uint(Arc::as_ptr(&magic).addr() as u64);
            let (n0, n1) = refs::next_magic();
            let r = cx.heap().magic_reference(n0, n1, magic);
            Ok(cx.heap().tuple(&[r, at]))
        }
        "broken_halt" => {
            let text: Option<String> = v
                .to_vec()
                .and_then(|v| v.iter().map(|c| char::from_u32(c.as_u64()? as u32)).collect());
            let how = vm::halt::Halt::Dump(cx.need(text)?);
            vm::halt::halt(cx.vm(), how, None, cx.scheduler())
        }
        _ => Err(cx.badarg()),
    }
}

/// A timer that, when it fires, starts one that is due at once; the last one tells a process.
struct Zeros {
    pid: u64,
    left: u32,
}

impl Fire for Zeros {
    fn fire(mut self: Box<Self>, vm: &'static Vm) {
        if self.left == 0 {
            let done = OwnedTerm::immediate(atom!("multizero_timeout_in_timeout_done").into());
            return vm.send_message(Sender::System, self.pid, done);
        }
        self.left -= 1;
        vm.start_timer(vm.monotonic(), self);
    }
}

/// Switches collections of the calling process off or on; whether they were on.
fn set_collections(cx: &Cx<'_>, on: bool) -> bool {
    let state = |p: &vm::process::Process| {
        let s = &p.shared.state;
        if on { s.clear(state::NO_GC) } else { s.set(state::NO_GC) }
    };
    let old = cx.with(|p| state(p));
    if on {
        // What waits is done when it is next scheduled in.
        cx.bump_all();
    }
    old & state::NO_GC == 0
}

/// How `processes/0` works, as the record `ptab_list_bif_info`.
fn processes_info<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let table = &cx.vm().processes;
    let segment = vm::process::ProcTable::SEGMENT;
    let n = |n: usize| h.uint(n as u64);
    h.tuple(&[
        atom!("ptab_list_bif_info").into(),
        n(PROCESSES_MIN_REDS as usize),
        n(table.limit().div_ceil(segment)),
        n(segment),
        n(SLOTS_PER_RED),
        // Nothing is left to do about processes that end meanwhile.
        n(0),
        n(1),
        n(0),
        n(PIDS_PER_RED),
        n(0),
    ])
}
