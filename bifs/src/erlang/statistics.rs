//! `erlang:statistics/1` and what switches its measuring on [erl_bif_info.c].

use core::sync::atomic::Ordering;
use term::atom::am;
use term::{Atom, Heap, Term};
use vm::statistics::{COLLECTIONS, RECLAIMED_WORDS};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Heavy "statistics"/1 => statistics(0);
} }

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// Begins or stops to measure how long schedulers work; whether it was on.
    Heavy "scheduler_wall_time"/1 => scheduler_wall_time(0);
} }

fn statistics<'p>(cx: &Cx<'p>, item: Atom) -> BifResult<'p> {
    let vm = cx.vm();
    let h = cx.heap();
    let s = &vm.statistics;
    let pair = |(a, b): (i64, i64)| h.tuple(&[h.int(a), h.int(b)]);
    let n = |n: usize| h.uint(n as u64);
    let list = |v: &[usize]| h.list(&v.iter().map(|x| n(*x)).collect::<Vec<_>>());
    let sum = |v: &[usize]| n(v.iter().sum());
    Ok(match item.name() {
        "wall_clock" => pair(s.wall_clock.tell((vm.monotonic() - vm.start_time()) / 1_000_000)),
        "runtime" => pair(s.runtime.tell(sys::clock::process_cpu().user_us / 1000)),
        "reductions" => pair(s.reductions.tell(reductions(cx))),
        "exact_reductions" => pair(s.exact_reductions.tell(reductions(cx))),
        "context_switches" => h.tuple(&[h.uint(vm.sched.context_switches()), Term::small(0)]),
        "garbage_collection" => h.tuple(&[
            h.uint(COLLECTIONS.load(Ordering::Relaxed)),
            h.uint(RECLAIMED_WORDS.load(Ordering::Relaxed)),
            Term::small(0),
        ]),
        "io" => {
            let (i, o) = (&vm.ports.input, &vm.ports.output);
            let one = |k: &str, v: u64| h.tuple(&[Atom::new(k).into(), h.uint(v)]);
            h.tuple(&[
                one("input", i.load(Ordering::Relaxed)),
                one("output", o.load(Ordering::Relaxed)),
            ])
        }
        "run_queue" => {
            let v = vm.sched.queue_lengths();
            sum(&v[..v.len() - 2])
        }
        "run_queues" => {
            let v: Vec<Term> = vm.sched.queue_lengths().into_iter().map(n).collect();
            h.tuple(&v)
        }
        "run_queue_lengths" => list(no_dirty_io(&vm.sched.queue_lengths())),
        "run_queue_lengths_all" => list(&vm.sched.queue_lengths()),
        "total_run_queue_lengths" => sum(no_dirty_io(&vm.sched.queue_lengths())),
        "total_run_queue_lengths_all" => sum(&vm.sched.queue_lengths()),
        "active_tasks" => list(no_dirty_io(&active(cx))),
        "active_tasks_all" => list(&active(cx)),
        "total_active_tasks" => sum(no_dirty_io(&active(cx))),
        "total_active_tasks_all" => sum(&active(cx)),
        "scheduler_wall_time" => wall_times(cx, h, false),
        "scheduler_wall_time_all" => wall_times(cx, h, true),
        "microstate_accounting" => microstates(cx, h),
        _ => return Err(cx.badarg()),
    })
}

fn no_dirty_io(v: &[usize]) -> &[usize] {
    v.split_last().map_or(v, |(_, rest)| rest)
}

/// Reductions of all processes, those of this slice included.
fn reductions(cx: &Cx<'_>) -> i64 {
    let left = cx.reductions_left();
    let now = cx.with(|p| p.reductions_used(left));
    (cx.vm().sched.reductions() as i64).wrapping_add(now as i64)
}

/// Processes that run or are to run, by queue.
fn active(cx: &Cx<'_>) -> Vec<usize> {
    let vm = cx.vm();
    let running = vm.sched.running(vm.config.dirty_cpu);
    vm.sched.queue_lengths().iter().zip(running).map(|(q, r)| q + r).collect()
}

/// `[{Id, Active, Total}]` of the schedulers and the dirty CPU threads, `all`: of the dirty I/O threads too.
fn wall_times<'h>(cx: &Cx<'_>, h: &'h Heap, all: bool) -> Term<'h> {
    let vm = cx.vm();
    let Some((busy, total)) = vm.sched.wall.get(vm) else { return am::UNDEFINED.into() };
    let most = if all { busy.len() } else { vm.sched.count() + vm.config.dirty_cpu };
    let rows: Vec<Term> = busy
        .iter()
        .take(most)
        .enumerate()
        .map(|(i, b)| h.tuple(&[h.uint(i as u64 + 1), h.uint(*b), h.uint(total)]))
        .collect();
    h.list(&rows)
}

fn scheduler_wall_time<'p>(cx: &Cx<'p>, on: bool) -> BifResult<'p> {
    Ok(Term::bool(cx.vm().sched.wall.set(cx.vm(), on)))
}

/// One map for each thread. States are not told apart: work counts as `emulator`, the rest as `sleep`.
fn microstates<'h>(cx: &Cx<'_>, h: &'h Heap) -> Term<'h> {
    let vm = cx.vm();
    let (busy, total) = vm.sched.wall.get(vm).unwrap_or((vec![0; vm.sched.wall.threads()], 0));
    let (normal, cpu) = (vm.sched.count(), vm.config.dirty_cpu);
    let rows: Vec<Term> = busy
        .iter()
        .enumerate()
        .map(|(i, b)| {
            let (kind, id) = match i {
                _ if i < normal => ("scheduler", i + 1),
                _ if i < normal + cpu => ("dirty_cpu_scheduler", i - normal + 1),
                _ => ("dirty_io_scheduler", i - normal - cpu + 1),
            };
            let states = ["aux", "check_io", "emulator", "gc", "other", "port", "sleep"];
            let counters: Vec<(Term, Term)> = states
                .iter()
                .map(|s| {
                    let v = match *s {
                        "emulator" => *b,
                        "sleep" => total.saturating_sub(*b),
                        _ => 0,
                    };
                    (Atom::new(s).into(), h.uint(v))
                })
                .collect();
            let atom = |s: &str| Term::atom(Atom::new(s));
            h.map_from_pairs(&[
                (atom("counters"), h.map_from_pairs(&counters)),
                (atom("id"), h.uint(id as u64)),
                (atom("type"), atom(kind)),
            ])
        })
        .collect();
    h.list(&rows)
}
