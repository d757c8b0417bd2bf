//! `erlang:system_flag/2` [bif.c]. Flags that are not here are `badarg`.

use super::{process, suspend_all, topology};
use core::sync::atomic::{AtomicBool, Ordering};
use term::atom::am;
use term::{Atom, Term, atom};
use vm::flags::SystemLogger;
use vm::sched::binding::Order;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Heavy "system_flag"/2 => system_flag(0, 1);
} }

/// Longest stack trace that can be asked for.
const MAX_BACKTRACE: usize = 64;

fn system_flag<'p>(cx: &Cx<'p>, flag: Atom, v: Term<'p>) -> BifResult<'p> {
    let vm = cx.vm();
    let f = &vm.flags;
    let h = cx.heap();
    let n = |n: usize| h.uint(n as u64);
    let size = || cx.need(v.as_usize());
    Ok(match flag.name() {
        "min_heap_size" => n(f.set_min_heap(size()?)),
        "min_bin_vheap_size" => n(f.set_min_vheap(size()?)),
        "fullsweep_after" => n(f.set_fullsweep_after(size()?.min(65_535))),
        "max_heap_size" => {
            let m = cx.need(process::max_heap(v))?;
            let words = m.size.unwrap_or(0);
            if words != 0 && words < f.heap().min_heap {
                return Err(cx.badarg());
            }
            let old = max_heap(cx);
            f.set_max_heap(words);
            let set = |f: &AtomicBool, given: Option<bool>| {
                given.into_iter().for_each(|v| f.store(v, Ordering::Relaxed));
            };
            set(&f.max_heap_kill, m.kill);
            set(&f.max_heap_log, m.log);
            set(&f.max_heap_shared, m.shared);
            old
        }
        "backtrace_depth" => n(vm.set_backtrace_depth(size()?.min(MAX_BACKTRACE))),
        "debug_flags" => Term::bool(true),
        "schedulers_online" => {
            let new = cx.need(v.as_usize().filter(|n| (1..=vm.sched.count()).contains(n)))?;
            let old = vm.sched.set_online(new);
            // Dirty schedulers keep their share.
            let dirty = f.dirty_cpu_online.load(Ordering::Relaxed);
            let dirty = (dirty * new / old.max(1)).clamp(1, vm.config.dirty_cpu.max(1));
            f.dirty_cpu_online.store(dirty, Ordering::Relaxed);
            n(old)
        }
        "dirty_cpu_schedulers_online" => {
            let most = vm.config.dirty_cpu.min(vm.sched.online());
            let new = cx.need(v.as_usize().filter(|n| (1..=most).contains(n)))?;
            n(f.dirty_cpu_online.swap(new, Ordering::Relaxed))
        }
        "multi_scheduling" => return suspend_all::multi_scheduling(cx, cx.need(v.as_atom())?),
        "outstanding_system_requests_limit" => {
            let new = cx.need(v.as_usize().filter(|n| (1..=1 << 59).contains(n)))?;
            n(f.system_requests.swap(new, Ordering::Relaxed))
        }
        "scheduler_wall_time" => {
            cx.need(v.as_bool())?;
            return Err(cx.trap(am::ERTS_INTERNAL, atom!("system_flag_scheduler_wall_time"), &[v]));
        }
        "microstate_accounting" => {
            let old = match v.as_atom() {
                Some(a) if a.name() == "reset" => {
                    vm.sched.wall.set(vm, false);
                    let on = f.microstates.load(Ordering::Relaxed);
                    vm.sched.wall.set(vm, on);
                    on
                }
                _ => {
                    let on = cx.need(v.as_bool())?;
                    vm.sched.wall.set(vm, on);
                    f.microstates.swap(on, Ordering::Relaxed)
                }
            };
            Term::bool(old)
        }
        "time_offset" => {
            cx.need(v.as_atom().filter(|a| a.name() == "finalize"))?;
            Atom::new(vm::time::finalize(vm)).into()
        }
        "sequential_tracer" => {
            let to = cx.need(vm::trace::seq::tracer_of(vm, v))?;
            f.set_sequential_tracer(to).map_or(Term::bool(false), |t| t.term(h))
        }
        "reset_seq_trace" => {
            cx.need(v.is_atom_of(am::TRUE).then_some(()))?;
            vm::trace::seq::reset(cx);
            am::TRUE.into()
        }
        "scheduling_statistics" => {
            match v.as_atom().map(|a| a.name()) {
                Some("enable") => vm.sched.counts.enable(true),
                Some("disable") => vm.sched.counts.enable(false),
                Some("clear") => vm.sched.counts.clear(),
                _ => return Err(cx.badarg()),
            }
            am::TRUE.into()
        }
        "scheduler_bind_type" => {
            let order = cx.need(v.as_atom().and_then(|a| Order::of_name(a.name())))?;
            let old = cx.need(vm.sched.binding.set_order(order))?;
            vm.sched.rebind();
            Atom::new(old.name()).into()
        }
        "cpu_topology" => {
            return Err(cx.trap(am::ERLANG, atom!("set_cpu_topology"), &[v]));
        }
        // From there.
        "internal_cpu_topology" => {
            let new = match v.is_atom_of(am::UNDEFINED) {
                true => None,
                false => Some(cx.need(topology::read(v))?),
            };
            let old = topology::term(h, vm.sched.binding.used().as_deref());
            vm.sched.binding.define(new);
            vm.sched.rebind();
            old
        }
        "trace_control_word" => {
            let new = cx.need(v.as_u64().and_then(|n| u32::try_from(n).ok()))?;
            h.uint(u64::from(vm::match_spec::TRACE_CONTROL_WORD.swap(new, Ordering::AcqRel)))
        }
        "system_logger" => {
            let to = match (v.as_atom(), v.as_pid().and_then(|p| p.local())) {
                (Some(am::LOGGER), _) => SystemLogger::Logger,
                (Some(am::UNDEFINED), _) => SystemLogger::Undefined,
                (_, Some(pid)) => SystemLogger::Process(pid),
                _ => return Err(cx.badarg()),
            };
            logger(f.set_logger(to))
        }
        _ => return Err(cx.badarg_cause(atom!("badopt").into())),
    })
}

/// As `system_info(system_logger)` shows it.
pub fn logger<'p>(l: SystemLogger) -> Term<'p> {
    match l {
        SystemLogger::Logger => am::LOGGER.into(),
        SystemLogger::Undefined => am::UNDEFINED.into(),
        SystemLogger::Process(pid) => Term::local_pid(pid),
    }
}

/// The limit that new processes get, as a map.
pub fn max_heap<'p>(cx: &Cx<'p>) -> Term<'p> {
    let f = &cx.vm().flags;
    let flag = |b: &AtomicBool| b.load(Ordering::Relaxed);
    process::max_heap_map(
        cx.heap(),
        f.heap().max_heap,
        flag(&f.max_heap_kill),
        flag(&f.max_heap_log),
        flag(&f.max_heap_shared),
    )
}
