//! What match specifications of traces do to tracing itself [erl_db_util.c: db_prog_match].

use super::deliver::{Who, is_alive};
use super::session::Session;
use super::{Traced, Tracer, flag, parse_flags};
use crate::bif::Cx;
use crate::match_spec::{Action, Actions};
use crate::process::registry::Named;
use crate::process::{ProcRef, info};
use std::sync::Arc;
use term::atom::am;
use term::{Heap, Term};

/// The process that runs the specification.
pub(crate) struct RunningTracee<'a, 'p> {
    cx: &'a Cx<'p>,
    session: Arc<Session>,
    /// Where the call returns to.
    caller: Option<u64>,
    pub return_trace: bool,
    pub exception_trace: bool,
}

impl<'a, 'p> RunningTracee<'a, 'p> {
    pub fn new(
        cx: &'a Cx<'p>,
        session: Arc<Session>,
        _tracer: &Tracer,
        caller: Option<u64>,
    ) -> RunningTracee<'a, 'p> {
        RunningTracee { cx, session, caller, return_trace: false, exception_trace: false }
    }

    /// The tracer of this process in the session.
    fn own_tracer(&self) -> Option<Tracer> {
        self.cx
            .with(|p| p.shared.trace.in_session(&self.session))
            .map(|t| t.tracer)
            .or_else(|| self.session.tracer.clone())
    }
    fn process(&self, t: Term<'_>) -> Option<ProcRef> {
        let vm = self.cx.vm();
        let pid = match t.as_atom() {
            Some(name) => match vm.registry.lookup(name)? {
                Named::Process(pid) => pid,
                Named::Port(_) => return None,
            },
            None => t.as_pid()?.local()?,
        };
        vm.processes.lookup(pid)
    }
    fn me(&self) -> Option<ProcRef> {
        self.cx.vm().processes.lookup(self.cx.pid())
    }
    /// Changes flags and tracer of a process; whether anything is different then.
    fn change(&self, p: &ProcRef, tracer: Option<Tracer>, off: u32, on: u32) -> bool {
        p.trace.update(|list| {
            let at = list.iter().position(|t| t.session.id == self.session.id);
            let old = at.map_or(0, |i| list[i].flags);
            let Some(tracer) = tracer else {
                list.retain(|t| t.session.id != self.session.id);
                return at.is_some();
            };
            let flags = (old & !off) | on;
            match at {
                Some(i) => {
                    let changed = old != flags || !list[i].tracer.is_same(&tracer);
                    list[i].flags = flags;
                    list[i].tracer = tracer;
                    changed
                }
                None => {
                    list.push(Traced { session: self.session.clone(), flags, tracer });
                    true
                }
            }
        })
    }
    fn one_flag(&self, args: &[Term<'_>], on: bool) -> Option<()> {
        let (p, name) = match *args {
            [name] => (self.me()?, name),
            [pid, name] => (self.process(pid)?, name),
            _ => return None,
        };
        let bits = flag::of_name(name.as_atom()?.name())?;
        let (off, on) = if on { (0, bits) } else { (bits, 0) };
        self.change(&p, self.own_tracer(), off, on);
        Some(())
    }
    fn trace(&self, args: &[Term<'_>]) -> Option<bool> {
        let (p, off, on) = match *args {
            [off, on] => (self.me()?, off, on),
            [pid, off, on] => (self.process(pid)?, off, on),
            _ => return None,
        };
        let vm = self.cx.vm();
        let off = parse_flags(vm, off)?;
        let on = parse_flags(vm, on)?;
        if off.cpu || on.cpu {
            return None;
        }
        let tracer = on.tracer.or(off.tracer).or_else(|| self.own_tracer());
        if tracer.as_ref().is_some_and(|t| !is_alive(vm, t, Who::Process(p.pid))) {
            return None;
        }
        Some(self.change(&p, tracer, off.flags, on.flags))
    }
}

impl Actions for RunningTracee<'_, '_> {
    fn act<'t>(&mut self, action: Action, args: &[Term<'t>], heap: &'t Heap) -> Option<Term<'t>> {
        let cx = self.cx;
        let yes = Some(Term::bool(true));
        match action {
            Action::ReturnTrace => {
                self.return_trace = true;
                yes
            }
            Action::ExceptionTrace => {
                self.exception_trace = true;
                yes
            }
            Action::EnableTrace => self.one_flag(args, true).and(yes),
            Action::DisableTrace => self.one_flag(args, false).and(yes),
            Action::Trace => self.trace(args).map(Term::bool),
            Action::Silent => {
                let on = args.first().and_then(|t| t.as_bool())?;
                cx.with(|p| {
                    p.shared.trace.update(|list| {
                        for t in list.iter_mut().filter(|t| t.session.id == self.session.id) {
                            t.flags = match on {
                                true => t.flags | flag::SILENT,
                                false => t.flags & !flag::SILENT,
                            };
                        }
                    });
                });
                yes
            }
            Action::Caller | Action::CallerLine => {
                let Some(l) = self.caller.and_then(|a| cx.vm().code.locate(a | 1)) else {
                    return Some(am::UNDEFINED.into());
                };
                let (m, f, a) = (l.module.into(), l.function.into(), Term::small(l.arity.into()));
                if action == Action::Caller {
                    return Some(heap.tuple(&[m, f, a]));
                }
                let place = match l.line {
                    0 => am::UNDEFINED.into(),
                    n => heap.tuple(&[heap.string(&l.file), Term::small(n.into())]),
                };
                Some(heap.tuple(&[m, f, a, place]))
            }
            Action::CurrentStacktrace => {
                let most = match args.first() {
                    Some(n) => n.as_usize().filter(|n| *n > 0)?,
                    None => cx.vm().backtrace_depth(),
                };
                Some(info::call_stacktrace(cx, most, heap))
            }
            Action::ProcessDump => Some(heap.binary(&info::backtrace(cx))),
            Action::Display => {
                use std::io::Write;
                let text = args.first().map_or(String::new(), |t| term::print::to_text(*t));
                let _ = writeln!(std::io::stdout(), "{text}");
                yes
            }
            Action::IsSeqTrace => Some(Term::bool(cx.with(|p| !p.seq_trace_token.is_nil()))),
            Action::GetSeqToken => Some(info::trace_token(cx, heap)),
            Action::SetSeqToken => {
                let [what, value] = *args else { return None };
                super::seq::set(cx, what.as_atom()?, value)?;
                yes
            }
            Action::SetSeqTokenFake => {
                let [what, _] = *args else { return None };
                what.as_atom().filter(|a| super::seq::is_item(*a)).and(yes)
            }
            Action::Message => yes,
        }
    }
}
