//! `erts_debug:dirty_cpu/2`, `dirty_io/2`, `dirty/3`: what tests make dirty schedulers do [beam_debug.c].

use core::time::Duration;
use term::atom::am;
use term::{Atom, OwnedTerm, Term, View};
use vm::process::registry::Named;
use vm::process::state;
use vm::signal::Sender;
use vm::{BifResult, Cx, Kind, Resume};

vm::bifs! { pub TABLE: "erts_debug" {
    DirtyCpu "dirty_cpu"/2 => dirty_cpu(0, 1);
    DirtyIo "dirty_io"/2 => dirty_io(0, 1);
    Plain "dirty"/3 => dirty(0, 1, 2);
} }

fn dirty_cpu<'p>(cx: &Cx<'p>, what: Term<'p>, arg: Term<'p>) -> BifResult<'p> {
    run(cx, "dirty_cpu", what, arg)
}
fn dirty_io<'p>(cx: &Cx<'p>, what: Term<'p>, arg: Term<'p>) -> BifResult<'p> {
    run(cx, "dirty_io", what, arg)
}
fn dirty<'p>(cx: &Cx<'p>, kind: Atom, what: Term<'p>, arg: Term<'p>) -> BifResult<'p> {
    match kind.name() {
        "dirty_cpu" | "dirty_io" | "normal" => {
            let (what, arg) = (OwnedTerm::copy_of(what), OwnedTerm::copy_of(arg));
            Err(cx.reschedule(kind_of(kind.name()), Elsewhere { kind, what, arg }))
        }
        _ => Err(cx.badarg()),
    }
}

fn kind_of(name: &str) -> Kind {
    match name {
        "dirty_cpu" => Kind::DirtyCpu,
        "dirty_io" => Kind::DirtyIo,
        _ => Kind::Plain,
    }
}

/// The rest of a call on another kind of scheduler.
struct Elsewhere {
    kind: Atom,
    what: OwnedTerm,
    arg: OwnedTerm,
}

impl Resume for Elsewhere {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let (what, arg) = (self.what.into_heap(cx.heap()), self.arg.into_heap(cx.heap()));
        run(cx, self.kind.name(), what, arg)
    }
}

fn tell(cx: &Cx<'_>, to: Term<'_>, what: &str) {
    let pid = match to.view() {
        View::Pid(p) => p.local(),
        View::Atom(name) => match cx.vm().registry.lookup(name) {
            Some(Named::Process(pid)) => Some(pid),
            _ => None,
        },
        _ => None,
    };
    if let Some(pid) = pid {
        let tag = Atom::new(what);
        let m = OwnedTerm::build(|h| h.tuple(&[tag.into(), Term::local_pid(cx.pid())]));
        cx.vm().send_message(Sender::Process(cx.pid()), pid, m);
    }
}

/// Waits, or computes, for so many milliseconds.
fn pass_time(ms: u64, busy: bool) {
    let end = std::time::Instant::now() + Duration::from_millis(ms);
    if !busy {
        return std::thread::sleep(Duration::from_millis(ms));
    }
    while std::time::Instant::now() < end {
        core::hint::spin_loop();
    }
}

/// On a dirty scheduler signals are handled meanwhile.
fn apart(cx: &Cx<'_>, work: impl FnOnce()) {
    if cx.scheduler() == 0 { cx.apart(work) } else { work() }
}

fn is_exiting(cx: &Cx<'_>) -> bool {
    cx.with(|p| p.shared.state.has(state::EXITING))
}

fn run<'p>(cx: &Cx<'p>, kind: &str, what: Term<'p>, arg: Term<'p>) -> BifResult<'p> {
    match cx.need(what.as_atom())?.name() {
        "scheduler" => {
            cx.need(arg.as_atom().filter(|a| a.name() == "type"))?;
            let here = if cx.scheduler() != 0 { "normal" } else { kind };
            Ok(Atom::new(here).into())
        }
        "error" => match arg.as_atom().map(|a| a.name()) {
            Some("notsup" | "undef" | "badarith" | "noproc" | "system_limit") => {
                Err(cx.error_term(arg))
            }
            _ => Err(cx.badarg()),
        },
        "copy" => {
            let all: Vec<Term> = (0..1000).map(|_| cx.heap().copy(arg)).collect();
            Ok(cx.heap().list(&all))
        }
        "send" => {
            tell(cx, arg, "ok");
            Ok(am::OK.into())
        }
        "wait" => {
            let ms = cx.need(arg.as_u64())?;
            apart(cx, || pass_time(ms, kind == "dirty_cpu"));
            Ok(am::OK.into())
        }
        "reschedule" => {
            let n = cx.need(arg.as_i64().filter(|n| *n >= 0))?;
            if n == 0 {
                return Ok(am::OK.into());
            }
            let next = Atom::new(match kind {
                _ if n % 4 != 0 => kind,
                "dirty_cpu" => "dirty_io",
                "dirty_io" => "normal",
                _ => "dirty_cpu",
            });
            let rest = Elsewhere {
                kind: next,
                what: OwnedTerm::copy_of(what),
                arg: OwnedTerm::copy_of(cx.heap().int(n - 2)),
            };
            Err(cx.reschedule(kind_of(next.name()), rest))
        }
        "ready_wait6_done" => {
            apart(cx, || {
                tell(cx, arg, "ready");
                pass_time(6000, false);
                tell(cx, arg, "done");
            });
            Ok(am::OK.into())
        }
        "alive_waitexiting" => {
            if is_exiting(cx) {
                return Err(cx.badarg());
            }
            apart(cx, || {
                tell(cx, arg, "alive");
                while !is_exiting(cx) {
                    pass_time(if kind == "dirty_io" { 100 } else { 1 }, false);
                }
                pass_time(1000, false);
            });
            Ok(am::OK.into())
        }
        _ => Err(cx.badarg()),
    }
}
