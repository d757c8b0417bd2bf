//! `erlang:system_info/1` [erl_bif_info.c]. Items that are not here are `badarg`.

use core::sync::atomic::Ordering;
use term::{Atom, Term, View};
use vm::process::QueueData;
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Heavy "system_info"/1 => system_info(0);
} }

fn system_info<'p>(cx: &Cx<'p>, item: Term<'p>) -> BifResult<'p> {
    let found = match item.view() {
        View::Atom(a) => match super::system_items::by_name(cx, a) {
            Some(done) => return done,
            None => plain(cx, a),
        },
        View::Tuple(t) => match (super::system_items::by_tuple(cx, t.elements()), t.elements()) {
            (Some(done), _) => return done,
            (None, &[k, v]) => by_pair(cx, k, v),
            _ => None,
        },
        _ => None,
    };
    cx.need(found)
}

fn plain<'p>(cx: &Cx<'p>, item: Atom) -> Option<Term<'p>> {
    let vm = cx.vm();
    let h = cx.heap();
    let c = &vm.config;
    let n = |n: usize| h.uint(n as u64);
    let s = |s: &str| h.string(s);
    let a = |s: &str| Term::atom(Atom::new(s));
    let pair = |k: &str, v: Term<'p>| h.tuple(&[a(k), v]);
    Some(match item.name() {
        "otp_release" => s(&vm.release().to_string()),
        "version" => s(&vm.erts_version()),
        "machine" => s("BEAM"),
        "system_version" => s(&vm::dump::info::system_version(vm)),
        "system_architecture" => s(&vm.architecture()),
        "emu_flavor" => a("emu"),
        "emu_type" | "build_type" => a("opt"),
        "wordsize" => Term::small(8),
        "endian" => a(if cfg!(target_endian = "little") { "little" } else { "big" }),
        "smp_support"
        | "threads"
        | "kernel_poll"
        | "eager_check_io"
        | "constant_pool_support"
        | "thread_progress"
        | "port_tasks"
        | "beam_jump_table" => Term::bool(true),
        "debug_compiled"
        | "lock_checking"
        | "lock_counting"
        | "ets_realloc_moves"
        | "dynamic_trace_probes"
        | "io_thread" => Term::bool(false),
        "ets_always_compress" => Term::bool(c.ets_compressed),
        "port_parallelism" => Term::bool(c.port_parallelism),
        "time_correction" => Term::bool(c.time_correction),
        "break_ignored" => Term::bool(c.flags.get("break").is_some_and(|b| b == "ignore")),
        "heap_type" => a("private"),
        "dynamic_trace" => a("none"),
        "hipe_architecture" => a("undefined"),
        "modified_timing_level" => {
            c.modified_timing.map_or(a("undefined"), |n| Term::small(n.into()))
        }
        "literal_test" => a("range"),
        "tolerant_timeofday" => {
            let tolerant = c.time_correction && vm.release() < 26;
            a(if tolerant { "enabled" } else { "disabled" })
        }
        "multi_scheduling" => a(if c.schedulers == 1 { "disabled" } else { "enabled" }),
        "taints" => {
            let taints = vm.taints.lock().unwrap_or_else(|e| e.into_inner());
            h.list(&taints.iter().map(|m| Term::atom(*m)).collect::<Vec<_>>())
        }
        "time_offset" => a(vm::time::offset_state()),
        "time_warp_mode" => a(vm::time::warp().name()),
        "scheduler_bind_type" => a(vm.sched.binding.order().name()),
        "scheduler_bindings" => {
            let bound = vm.sched.binding.bound();
            let all: Vec<Term> = bound.map(|b| b.map_or(a("unbound"), |cpu| h.uint(cpu))).collect();
            h.tuple(&all)
        }
        "update_cpu_info" => {
            let changed = vm.sched.binding.update();
            if changed {
                vm.sched.rebind();
            }
            a(if changed { "changed" } else { "unchanged" })
        }
        "schedulers" | "schedulers_total" => n(c.schedulers),
        "schedulers_online" | "schedulers_active" => n(vm.sched.online()),
        "schedulers_state" => {
            h.tuple(&[n(c.schedulers), n(vm.sched.online()), n(vm.sched.online())])
        }
        "dirty_cpu_schedulers" => n(c.dirty_cpu),
        "dirty_cpu_schedulers_online" => n(vm.flags.dirty_cpu_online.load(Ordering::Relaxed)),
        "dirty_io_schedulers" => n(c.dirty_io),
        "scheduler_id" => n(cx.scheduler()),
        "run_queues" => n(c.schedulers),
        "thread_pool_size" => n(c.async_threads),
        "context_reductions" => Term::small(4000),
        "atom_count" => n(term::atom::count()),
        "atom_limit" => n(term::atom::limit()),
        "process_count" => n(vm.processes.count()),
        "process_limit" => n(vm.processes.limit()),
        "port_limit" => n(c.max_ports),
        "ets_limit" => n(c.ets_limit),
        "compat_rel" => n(c.compat_release as usize),
        "logical_processors" => sys::cpu::configured().map_or(a("unknown"), n),
        "logical_processors_available" if vm.sched.binding.available() > 0 => {
            n(vm.sched.binding.available())
        }
        "logical_processors_available" | "logical_processors_online" => {
            sys::cpu::online().map_or(a("unknown"), n)
        }
        "creation" => h.uint(u64::from(term::node::this().creation)),
        "nif_version" => s(match vm.release() {
            ..26 => "2.16",
            26 | 27 => "2.17",
            _ => "2.18",
        }),
        "driver_version" => s("3.3"),
        "outstanding_system_requests_limit" => n(vm.flags.system_requests.load(Ordering::Relaxed)),
        "delayed_node_table_gc" => c.node_gc_delay.map_or(a("infinity"), |n| Term::small(n.into())),
        "dist_buf_busy_limit" => n(vm.dist.busy_limit.load(Ordering::Relaxed)),
        "async_dist" if vm.release() >= 26 => Term::bool(c.async_dist),
        "embedded_3pps" if vm.release() >= 28 => {
            let included = h.list(&["pcre2", "ryu", "zlib", "zstd"].map(a));
            let excluded = h.list(&["STL", "asmjit"].map(a));
            h.map_from_pairs(&[(a("included"), included), (a("excluded"), excluded)])
        }
        "halt_flush_timeout" if vm.release() >= 27 => {
            c.halt_flush_timeout.map_or(a("infinity"), |ms| h.uint(ms))
        }
        "fullsweep_after" => pair("fullsweep_after", n(vm.flags.heap().fullsweep_after)),
        "min_heap_size" => pair("min_heap_size", n(vm.flags.heap().min_heap)),
        "min_bin_vheap_size" => pair("min_bin_vheap_size", n(vm.flags.heap().min_vheap)),
        "max_heap_size" => super::system_flag::max_heap(cx),
        "message_queue_data" => a(match c.queue_data {
            QueueData::OnHeap => "on_heap",
            QueueData::OffHeap => "off_heap",
        }),
        "start_time" => h.int(vm::time::START),
        "end_time" => h.int(8_646_911_283_000_000_000),
        "os_type" => h.tuple(&[a("unix"), a("linux")]),
        "os_version" => {
            let (x, y, z) = sys::host::os_version();
            h.tuple(&[h.uint(x.into()), h.uint(y.into()), h.uint(z.into())])
        }
        "sequential_tracer" => pair(
            "sequential_tracer",
            vm.flags.sequential_tracer().map_or(Term::bool(false), |t| t.term(h)),
        ),
        "trace_control_word" => {
            h.uint(u64::from(vm::match_spec::TRACE_CONTROL_WORD.load(Ordering::Acquire)))
        }
        "system_logger" => super::system_flag::logger(vm.flags.logger()),
        "heap_sizes" => {
            let mut all = vec![];
            let mut w = 12;
            while w < 1 << 50 {
                all.push(n(w));
                w = term::gc::next_size(w);
            }
            h.list(&all)
        }
        "max_integer" if vm.release() >= 27 => vm::arith::largest(h),
        "emu_args" => {
            let mut all = vec![s(&c.program)];
            all.extend(c.emu_args.iter().map(|w| s(&String::from_utf8_lossy(w))));
            h.list(&all)
        }
        "c_compiler_used" => super::build_info::compiler(h),
        _ => return None,
    })
}

fn by_pair<'p>(_: &Cx<'p>, k: Term<'p>, v: Term<'p>) -> Option<Term<'p>> {
    let (k, v) = (k.as_atom()?, v.as_atom()?);
    match (k.name(), v.name()) {
        ("wordsize", "internal" | "external") => Some(Term::small(8)),
        _ => None,
    }
}
