//! The emulator's internal state as tests see it [erl_bif_info.c: erts_debug_get_internal_state_1, …]. Keys
//! that are not here are `badarg`.

use super::related::Kind;
use crate::limits;
use core::sync::atomic::{AtomicBool, Ordering};
use core::time::Duration;
use term::atom::am;
use term::{Atom, Term, atom};
use vm::process::info;
use vm::sched::binding::{self, Order};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erts_debug" {
    Heavy "get_internal_state"/1 => get(0);
    Heavy "set_internal_state"/2 => set(0, 1);
    /// Instructions of the interpreter, as far as they can be told.
    Plain "interpreter_size"/0 => interpreter_size();
    Plain "lcnt_clear"/0 => no_lock_counting();
    Plain "lcnt_collect"/0 => no_lock_counting();
    Plain "lcnt_control"/1 => no_lock_counting();
    Plain "lcnt_control"/2 => no_lock_counting();
    /// Sends calls of functions to the error handler, for the debugger.
    Heavy "breakpoint"/2 => breakpoint(0, 1);
    /// A copy that keeps what is shared within the term.
    Plain "copy_shared"/2 => copy_shared(0, 1);
} }

/// Of a binary that a test asks for.
const MOST_BYTES: usize = 1 << 32;

/// Whether somebody has asked for access.
static AVAILABLE: AtomicBool = AtomicBool::new(false);

fn no_lock_counting<'p>(cx: &Cx<'p>) -> BifResult<'p> {
    Err(cx.error(am::NOTSUP))
}

fn interpreter_size<'p>(_: &Cx<'p>) -> BifResult<'p> {
    Ok(Term::small(0))
}

/// `{Module, Function, Arity}`, whose last parts may be `'_'`.
fn breakpoint<'p>(cx: &Cx<'p>, mfa: Term<'p>, on: bool) -> BifResult<'p> {
    let [m, f, a] = cx.need(mfa.as_tuple_of::<3>())?;
    let any = |t: Term<'p>| t.is_atom_of(atom!("_"));
    let atoms = m.as_atom().is_some() && f.as_atom().is_some();
    let in_order = (!any(m) || any(f)) && (!any(f) || any(a));
    cx.need((atoms && in_order && (any(a) || a.as_small().is_some())).then_some(()))?;
    let named = |t: Term<'p>| t.as_atom().filter(|_| !any(t));
    let n = vm::code::breakpoint::set(cx.vm(), named(m), named(f), a.as_small(), on);
    Ok(Term::small(n as i64))
}

fn copy_shared<'p>(cx: &Cx<'p>, t: Term<'p>, literals: bool) -> BifResult<'p> {
    use term::copy::Literals;
    let how = if literals { Literals::Copy } else { Literals::Share };
    Ok(cx.heap().copy_sharing(t, how))
}

fn available<'p>(cx: &Cx<'p>) -> BifResult<'p, ()> {
    if AVAILABLE.load(Ordering::Relaxed) { Ok(()) } else { Err(cx.error(am::UNDEF)) }
}

fn get<'p>(cx: &Cx<'p>, key: Term<'p>) -> BifResult<'p> {
    if key.is_atom_of(atom!("available_internal_state")) {
        return Ok(Term::bool(AVAILABLE.load(Ordering::Relaxed)));
    }
    available(cx)?;
    let vm = cx.vm();
    let h = cx.heap();
    if let Some(name) = key.as_atom() {
        return match name.name() {
            "reds_left" => Ok(h.int(cx.reductions_left())),
            "memory" => {
                let u = vm::memory::usage(vm);
                let all = [
                    ("total", u.total()),
                    ("processes", u.processes()),
                    ("processes_used", u.processes()),
                    ("system", u.system()),
                    ("atom", u.atoms()),
                    ("atom_used", u.atoms()),
                    ("binary", u.binary),
                    ("code", u.all_code()),
                    ("ets", u.ets),
                ];
                let rows: Vec<Term> = all
                    .iter()
                    .map(|(k, n)| h.tuple(&[Atom::new(k).into(), h.uint(*n as u64)]))
                    .collect();
                Ok(h.list(&rows))
            }
            "processes" => {
                let all: Vec<Term> = vm.processes.pids().into_iter().map(Term::local_pid).collect();
                Ok(h.list(&all))
            }
            "monitoring_nodes" => Ok(monitoring_nodes(cx)),
            "check_io_debug" => {
                // Errors, descriptors in use, those that drivers and those that natives select.
                let watched = h.uint(vm::port::watched(vm) as u64);
                Ok(h.tuple(&[Term::small(0), watched, watched, Term::small(0)]))
            }
            "force_heap_frags" | "hashmap_collision_bonanza" => Ok(am::FALSE.into()),
            name => match super::ets::get(cx, name) {
                Some(t) => Ok(t),
                None => super::keys::get(cx, name),
            },
        };
    }
    if let Some([k, correction, mode]) = key.as_tuple_of::<3>() {
        return super::keys::get3(cx, k, correction, mode);
    }
    let [k, v] = cx.need(key.as_tuple_of::<2>())?;
    match cx.need(k.as_atom())?.name() {
        "process_status" => {
            let pid = cx.need(v.as_pid().and_then(|p| p.local()))?;
            let p = vm.processes.lookup(pid);
            Ok(p.map_or(am::UNDEFINED, |p| info::status_of(p.state.get())).into())
        }
        "native_record_def" => Ok(cx.need(v.as_record())?.definition().term()),
        "internal_hash" => Ok(h.uint(term::hash::internal_bits(v, 0))),
        "atom" => {
            let n = cx.need(v.as_usize().filter(|n| *n < term::atom::count()))?;
            Ok(Term::atom(Atom(n as u32)))
        }
        "fake_scheduler_bindings" => {
            let order = cx.need(v.as_atom().and_then(|a| Order::of_name(a.name())))?;
            match vm.sched.binding.used() {
                Some(cpus) if order != Order::Unbound => {
                    let all = binding::sorted(&cpus, order);
                    let all: Vec<Term> = all.into_iter().map(|n| h.uint(n.into())).collect();
                    Ok(h.tuple(&all))
                }
                _ => Ok(am::FALSE.into()),
            }
        }
        "link_list" => super::related::list(cx, v, Kind::Links),
        "monitor_list" => super::related::list(cx, v, Kind::Monitors),
        key => super::keys::get2(cx, key, v),
    }
}

/// `{Pid, Options}` for each time that a process has subscribed to nodes.
fn monitoring_nodes<'p>(cx: &Cx<'p>) -> Term<'p> {
    let h = cx.heap();
    let mut all = Vec::new();
    for (pid, o, count) in vm::dist::nodes::subscriptions(cx.vm()) {
        let mut options = Vec::new();
        if o.reason {
            options.push(atom!("nodedown_reason").into());
        }
        let types = match (o.visible, o.hidden) {
            (true, true) => Some(atom!("all")),
            (true, false) => Some(atom!("visible")),
            (false, true) => Some(atom!("hidden")),
            (false, false) => None,
        };
        if let Some(types) = types {
            options.push(h.tuple(&[atom!("node_type").into(), types.into()]));
        }
        let row = h.tuple(&[Term::local_pid(pid), h.list(&options)]);
        all.extend(std::iter::repeat_n(row, count as usize));
    }
    h.list(&all)
}

fn set<'p>(cx: &Cx<'p>, key: Atom, v: Term<'p>) -> BifResult<'p> {
    if key == atom!("available_internal_state") {
        let on = cx.need(v.as_bool())?;
        return Ok(Term::bool(AVAILABLE.swap(on, Ordering::Relaxed)));
    }
    available(cx)?;
    match key.name() {
        "reds_left" => {
            let n = cx.need(v.as_i64())?;
            cx.with(|p| p.reds_left = n.clamp(0, vm::interp::CONTEXT_REDS));
            Ok(am::TRUE.into())
        }
        // Nobody changes code meanwhile.
        "code_write_permission" => {
            let seized = &cx.vm().code.seized;
            if !cx.need(v.as_bool())? {
                return Ok(Term::bool(seized.swap(false, Ordering::AcqRel)));
            }
            if seized.swap(true, Ordering::AcqRel) { Err(cx.again()) } else { Ok(am::TRUE.into()) }
        }
        "test_long_gc_sleep" => {
            let ms = cx.need(v.as_u64())?;
            cx.vm().monitor.test_sleep.store(ms, Ordering::Relaxed);
            Ok(am::TRUE.into())
        }
        // For tests of the debugger.
        "debugger_support" => {
            let on = cx.need(v.as_bool())?;
            cx.vm().debugger.support(on);
            Ok(am::OK.into())
        }
        // Every scheduler stands still, and no port reads.
        "block" => {
            let time = Duration::from_millis(cx.need(v.as_u64())?);
            vm::sched::block::alone_then(
                cx,
                Box::new(move |cx| {
                    vm::port::without_input(cx.vm(), || std::thread::sleep(time));
                    Ok(am::TRUE.into())
                }),
            )
        }
        "sleep" => {
            // The scheduler stands still meanwhile: that is what is asked for.
            std::thread::sleep(Duration::from_millis(cx.need(v.as_u64())?));
            Ok(am::TRUE.into())
        }
        "wait" => match cx.need(v.as_atom())?.name() {
            "deallocations" | "timer_cancellations" | "aux_work" | "thread_progress" => {
                vm::sched::block::tidy_up(cx, am::OK)
            }
            _ => Err(cx.badarg()),
        },
        "force_gc" => {
            let pid = cx.need(v.as_pid().and_then(|p| p.local()))?;
            cx.need((pid == cx.pid()).then_some(()))?;
            Err(cx.collect(true, am::TRUE.into()))
        }
        // A full heap is collected at the next allocation; it may as well be now.
        "fill_heap" => Err(cx.collect(v.is_atom_of(am::TRUE), am::OK.into())),
        // Terms made by natives are in fragments as it is.
        "mbuf" => Ok(cx.heap().copy(v)),
        "binary" => {
            let n = cx.need(v.as_usize().filter(|n| *n <= MOST_BYTES))?;
            Ok(cx.heap().binary_with(n, |bytes| bytes.fill(0)))
        }
        "binary_loop_limit" => loop_limit(cx, &limits::BINARY, v),
        "re_loop_limit" => loop_limit(cx, &limits::RE, v),
        "unicode_loop_limit" => loop_limit(cx, &limits::UNICODE, v),
        "abort" => std::process::abort(),
        name => super::ets::set(cx, name, v).unwrap_or_else(|| super::keys::set(cx, name, v)),
    }
}

/// Sets a limit or, by `default`, takes it away; the old one.
fn loop_limit<'p>(cx: &Cx<'p>, limit: &limits::Limit, v: Term<'p>) -> BifResult<'p> {
    let steps = match v.as_usize() {
        Some(n) if n > 0 => n,
        _ if v.is_atom_of(atom!("default")) => 0,
        _ => return Err(cx.badarg()),
    };
    Ok(match limit.set(steps) {
        0 => Term::small(-1),
        old => Term::small(old as i64),
    })
}
