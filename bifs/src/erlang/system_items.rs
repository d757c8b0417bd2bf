//! Items of `erlang:system_info/1` that take more than a line.

use super::memory;
use core::sync::atomic::Ordering;
use sys::clock::Clock;
use sys::cpu::Cpu;
use term::{Atom, Heap, Term};
use vm::dist::connection::Controller;
use vm::{BifResult, Cx, dump};

fn atom<'h>(s: &str) -> Term<'h> {
    Term::atom(Atom::new(s))
}

fn pair<'h>(h: &'h Heap, k: &str, v: Term<'h>) -> Term<'h> {
    h.tuple(&[atom(k), v])
}

/// Items with a name of their own. `None`: not here.
pub fn by_name<'p>(cx: &Cx<'p>, item: Atom) -> Option<BifResult<'p>> {
    let vm = cx.vm();
    let h = cx.heap();
    let n = |n: usize| h.uint(n as u64);
    let text = |t: String| h.binary(t.as_bytes());
    Some(Ok(match item.name() {
        "info" => text(dump::info::general(vm)),
        "loaded" => text(dump::info::loaded(vm)),
        "dist" => text(dump::info::distribution(vm)),
        "procs" => return Some(dump::process::procs(cx)),
        "alloc_util_allocators" => memory::names(h),
        "allocator" => memory::summary(h),
        "allocated_areas" => memory::areas(cx, h),
        "snifs" => {
            // An instruction to the compiler, and Erlang code in the module.
            let yields = (term::atom::am::ERLANG, term::Atom::new("yield"), 0);
            let all = vm.code.natives().into_iter().filter(|n| *n != yields);
            let all: Vec<Term> =
                all.map(|(m, f, a)| h.tuple(&[m.into(), f.into(), n(a)])).collect();
            h.list(&all)
        }
        "port_count" => n(vm.ports.count()),
        "ets_count" => n(vm.ets.count()),
        "garbage_collection" => {
            let o = vm.flags.heap();
            h.list(&[
                pair(h, "max_heap_size", n(o.max_heap)),
                pair(h, "min_bin_vheap_size", n(o.min_vheap)),
                pair(h, "min_heap_size", n(o.min_heap)),
                pair(h, "fullsweep_after", n(o.fullsweep_after)),
            ])
        }
        "all_schedulers_state" => {
            // Blocked: one scheduler goes on, and dirty ones if they may.
            use vm::sched::block::Blocked;
            let row = |k: &str, total: usize, online: usize, most: usize| {
                h.tuple(&[atom(k), n(total), n(online), n(online.min(most))])
            };
            let c = &vm.config;
            let (normal, dirty) = match vm.sched.blocked() {
                Blocked::No => (usize::MAX, usize::MAX),
                Blocked::Normal => (1, usize::MAX),
                Blocked::All => (1, 0),
            };
            let dirty_online = vm.flags.dirty_cpu_online.load(Ordering::Relaxed);
            h.list(&[
                row("normal", c.schedulers, vm.sched.online(), normal),
                row("dirty_cpu", c.dirty_cpu, dirty_online, dirty),
                row("dirty_io", c.dirty_io, c.dirty_io, dirty),
            ])
        }
        "multi_scheduling" if vm.config.schedulers > 1 => {
            super::suspend_all::name(vm.sched.blocked())
        }
        "multi_scheduling_blockers" | "normal_multi_scheduling_blockers" => {
            let pids = vm.sched.blockers(item.name().starts_with("normal"));
            h.list(&pids.into_iter().map(Term::local_pid).collect::<Vec<_>>())
        }
        "dist_ctrl" => {
            let all = vm.dist.entries().into_iter().filter_map(|e| {
                let c = e.current().filter(|c| c.is_connected())?;
                let by = match c.controller()? {
                    Controller::Port(port) => Term::local_port(port),
                    Controller::Process(pid) => Term::local_pid(pid),
                };
                Some(h.tuple(&[e.name.into(), by]))
            });
            h.list(&all.collect::<Vec<_>>())
        }
        "scheduling_statistics" | "total_scheduling_statistics" => {
            let kinds = ["process_max", "process_high", "process_normal", "process_low", "port"];
            let counts = vm.sched.counts.get(item.name().starts_with("total"));
            let rows: Vec<Term> = kinds
                .iter()
                .zip(counts)
                .map(|(k, (run, moved))| h.tuple(&[atom(k), h.uint(run), h.uint(moved)]))
                .collect();
            h.list(&rows)
        }
        "decentralized_counter_groups_map" | "reader_groups_map" => {
            let rows: Vec<Term> =
                (0..vm.config.schedulers).map(|i| h.tuple(&[n(i), n(i + 1)])).collect();
            h.list(&rows)
        }
        "cpu_topology" => {
            return Some(Err(format_topology(cx, vm.sched.binding.used().as_deref())));
        }
        "cpu_quota" => sys::cpu::quota().map_or(atom("unknown"), n),
        "os_monotonic_time_source" => clock(cx, Clock::Monotonic, true),
        "os_system_time_source" => clock(cx, Clock::System, false),
        "ethread_info" => super::build_info::threads(h),
        // Threads that sleep and are woken by others.
        "ethread_used_tse" => n(vm.sched.wall.threads()),
        "compile_info" => super::build_info::compile_info(h),
        "check_io" => {
            let row = |(i, poll): (usize, sys::poll::PollState)| {
                h.list(&[
                    pair(h, "name", atom("erts_poll")),
                    pair(h, "primary", atom("epoll")),
                    pair(h, "kernel_poll", atom("epoll")),
                    pair(h, "memory_size", n(poll.bytes)),
                    pair(h, "total_poll_set_size", n(poll.watched)),
                    pair(h, "lazy_updates", Term::bool(false)),
                    pair(h, "pending_updates", Term::small(0)),
                    pair(h, "batch_updates", Term::bool(false)),
                    pair(h, "concurrent_updates", Term::bool(true)),
                    pair(h, "fallback", Term::bool(false)),
                    pair(h, "max_fds", h.uint(sys::limits::max_fds())),
                    pair(h, "active_fds", n(poll.active)),
                    pair(h, "poll_threads", n(vm::port::poll_threads(vm, i))),
                ])
            };
            let rows: Vec<Term> =
                vm::port::poll_states(vm).into_iter().enumerate().map(row).collect();
            h.list(&rows)
        }
        _ => return None,
    }))
}

/// Items that are tuples. `None`: not here.
pub fn by_tuple<'p>(cx: &Cx<'p>, t: &[Term<'p>]) -> Option<BifResult<'p>> {
    let name = t.first()?.as_atom()?;
    Some(match (name.name(), t) {
        ("memory_internal", &[_, r, list]) => memory::request(cx, memory::Ask::Memory, r, list),
        ("allocator_sizes", &[_, r, list]) => memory::request(cx, memory::Ask::Sizes, r, list),
        ("allocator", &[_, r, list]) => memory::request(cx, memory::Ask::Info, r, list),
        ("allocator_sizes", &[_, which]) => Err(trap(cx, "alloc_sizes", which)),
        ("allocator", &[_, which]) => Err(trap(cx, "alloc_info", which)),
        ("cpu_topology", &[_, which]) => {
            let binding = &cx.vm().sched.binding;
            let cpus = match which.as_atom()?.name() {
                "detected" => binding.detected().map(<[Cpu]>::to_vec),
                "used" => binding.used(),
                "defined" => binding.defined(),
                _ => return None,
            };
            Err(format_topology(cx, cpus.as_deref()))
        }
        _ => return None,
    })
}

fn trap<'p>(cx: &Cx<'p>, function: &str, arg: Term<'p>) -> vm::Stop {
    cx.trap(term::atom::am::ERLANG, Atom::new(function), &[arg])
}

fn format_topology(cx: &Cx<'_>, cpus: Option<&[Cpu]>) -> vm::Stop {
    let t = super::topology::term(cx.heap(), cpus);
    cx.trap(term::atom::am::ERLANG, Atom::new("format_cpu_topology"), &[t])
}

fn clock<'p>(cx: &Cx<'p>, clock: Clock, monotonic: bool) -> Term<'p> {
    let h = cx.heap();
    let per_second = 1_000_000_000 / clock.resolution().max(1);
    let mut all = vec![
        pair(h, "function", atom("clock_gettime")),
        pair(h, "clock_id", atom(clock.name())),
        pair(h, "resolution", h.int(per_second)),
    ];
    if monotonic {
        all.push(pair(h, "extended", atom("no")));
    }
    all.push(pair(h, "parallel", atom("yes")));
    all.push(pair(h, "time", h.int(clock.now())));
    h.list(&all)
}
