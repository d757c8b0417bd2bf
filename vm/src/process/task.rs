//! System tasks: work on a process's memory or code that others ask for [erl_process.c: system tasks].
//!
//! A task arrives as a signal, so that order holds, but is done between time slices: there nothing
//! lives in registers, so the heap may be collected and the code position is known.

use super::Process;
use crate::code::LoadedModule;
use crate::interp::ReturnPoint;
use crate::signal::{Message, Sender};
use crate::vm::Vm;
use term::atom::am;
use term::copy::size_words;
use term::{Atom, OwnedTerm, RawTerm, Term, atom};

/// What is to be done.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Work {
    Collect {
        major: bool,
    },
    /// Whether the process refers to the old code of a module.
    CheckCode(Atom),
    /// Copy what it uses of the literal area that is about to go.
    CopyLiterals,
    /// Nothing: what a test asks for.
    Test,
}

/// A task and who is told: `{garbage_collect | check_process_code | copy_literals, Id, Result}`.
pub struct Task {
    pub requester: u64,
    pub id: OwnedTerm,
    pub work: Work,
}

impl Task {
    fn reply(self, vm: &'static Vm, result: Term<'static>) {
        let tag = match self.work {
            Work::Collect { .. } => atom!("garbage_collect"),
            Work::CheckCode(_) => atom!("check_process_code"),
            Work::CopyLiterals => atom!("copy_literals"),
            Work::Test => atom!("system_task_test"),
        };
        let m = OwnedTerm::build(|h| h.tuple(&[tag.into(), h.copy(self.id.term()), result]));
        vm.send_message(Sender::System, self.requester, m);
    }
    /// The process is gone.
    pub fn too_late(self, vm: &'static Vm) {
        let result = match self.work {
            Work::Collect { .. } | Work::CheckCode(_) | Work::Test => am::FALSE,
            Work::CopyLiterals => am::OK,
        };
        self.reply(vm, result.into());
    }
}

/// Whether tasks wait.
#[inline]
pub(crate) fn pending(p: &Process) -> bool {
    p.extra.as_ref().is_some_and(|e| !e.tasks.is_empty())
}

/// Does what waits. The process does not run; its state is saved.
pub(crate) fn run_all(p: &mut Process, vm: &'static Vm) {
    let Some(extra) = &mut p.extra else { return };
    for task in core::mem::take(&mut extra.tasks) {
        let result = match task.work {
            Work::Collect { major } => {
                p.collect_told(vm, 0, &mut [], major);
                am::TRUE
            }
            Work::CheckCode(module) => {
                let old = vm.code.old(module);
                let found = old.is_some_and(|m| refers_to_code(p, m, false));
                if found { am::TRUE } else { am::FALSE }
            }
            Work::CopyLiterals => {
                copy_literals(p);
                am::OK
            }
            Work::Test => am::TRUE,
        };
        task.reply(vm, result.into());
    }
}

/// Does what needs no heap while the process runs a native apart.
pub(crate) fn run_apart(p: &mut Process, vm: &'static Vm) {
    let Some(extra) = &mut p.extra else { return };
    let code = |t: &mut Task| matches!(t.work, Work::CheckCode(_));
    for task in extra.tasks.extract_if(.., code).collect::<Vec<_>>() {
        let Work::CheckCode(module) = task.work else { continue };
        let found = vm.code.old(module).is_some_and(|m| refers_to_code(p, m, false));
        task.reply(vm, Term::bool(found));
    }
}

/// Whether the process runs, or returns to, the code of this module version. `own`: it asks in a
/// native of its own.
pub(crate) fn refers_to_code(p: &Process, m: &LoadedModule, own: bool) -> bool {
    if m.owns(if own { p.caller } else { p.ip as u64 }) {
        return true;
    }
    if p.resume.as_ref().and_then(|r| r.resume.code()).is_some_and(|c| core::ptr::eq(c, m)) {
        return true;
    }
    let (mut e, end) = (p.heap.stack, p.heap.stack_end());
    while e < end {
        // SAFETY: the stack's words are initialised.
        let w = RawTerm(unsafe { *e });
        if w.is_cont() && m.contains_return(w.0) {
            return true;
        }
        e = e.wrapping_add(1);
    }
    let native = p.ip as *const ReturnPoint;
    m.contains_return(native as u64)
}

/// The function that a process goes on in.
pub(crate) fn function(vm: &Vm, p: &Process) -> Option<(Atom, Atom, u32)> {
    if p.resume.is_some() {
        return p.current_native;
    }
    if p.ip == crate::interp::builtin::apply() || p.ip == crate::interp::builtin::apply_fun() {
        return Some(p.initial_call);
    }
    let found = vm.code.locate(p.ip as u64).map(|l| (l.module, l.function, l.arity));
    found.or_else(|| crate::trace::call::function_at(p.ip))
}

/// Makes copies of what the process uses of the literal area that is about to go.
fn copy_literals(p: &mut Process) {
    let (base, bytes) = term::literal::leaving();
    if bytes == 0 {
        return;
    }
    p.messages.renew_detached(|m| {
        let old = |t: Term<'_>, words| refers_to(t, words, base, bytes);
        let token = m.token().is_some_and(|t| old(t.term(), t.words()));
        (token || old(m.term(), m.words())).then(|| {
            let token = m.token().map(|t| OwnedTerm::copy_of(t.term()));
            Message::copy_of(m.term()).with_token(token)
        })
    });
    if let Some(t) = p.relations.get_mut() {
        t.tags.values_mut().for_each(|t| renew(t, base, bytes));
    }
    if let Some(e) = &mut p.extra {
        e.label.iter_mut().for_each(|t| renew(t, base, bytes));
        e.replies.iter_mut().for_each(|t| renew(&mut t.1, base, bytes));
    }
    // Roots besides heap and stack are few: they are looked at by the collection alone.
    let in_area = |t: &RawTerm| !t.is_immediate() && (t.ptr() as u64).wrapping_sub(base) < bytes;
    let roots = p.saved.iter().chain(&p.held).any(in_area)
        || in_area(&p.group_leader)
        || in_area(&p.seq_trace_token)
        || p.dict.is_some()
        || p.why.is_some()
        || p.exception.is_some()
        || p.messages.has_opened();
    if roots || p.heap.may_refer_to(base, bytes) {
        p.collect_with(0, &mut [], true, Some((base, bytes)));
    }
}

/// Replaces a term that refers to the area: a copy now takes such literals along.
fn renew(t: &mut OwnedTerm, base: u64, bytes: u64) {
    if refers_to(t.term(), t.words(), base, bytes) {
        *t = OwnedTerm::copy_of(t.term());
    }
}
fn refers_to(term: Term<'_>, words: usize, base: u64, bytes: u64) -> bool {
    let raw = term.raw();
    let itself = !raw.is_immediate() && (raw.ptr() as u64).wrapping_sub(base) < bytes;
    itself || !raw.is_immediate() && size_words(term) != words
}
