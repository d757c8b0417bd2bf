//! System tasks: work on a process's memory or code that others ask for [erl_process.c: system tasks].
//!
//! A task arrives as a signal, so that order holds, but is done between time slices: there nothing
//! lives in registers, so the heap may be collected and the code position is known.

use super::{Priority, Process, state};
use crate::code::LoadedModule;
use crate::interp::ReturnPoint;
use crate::signal::{Message, Sender};
use crate::vm::Vm;
use std::collections::VecDeque;
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

impl Work {
    /// Whether it may move the heap.
    fn collects(self) -> bool {
        matches!(self, Work::Collect { .. } | Work::CopyLiterals)
    }
}

/// A task and who is told: `{garbage_collect | check_process_code | copy_literals, Id, Result}`.
pub struct Task {
    pub requester: u64,
    /// It is done before others of the process that are less urgent, and as early as a process of this priority runs.
    pub priority: Priority,
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

/// Tasks of normal priority that are done before one of low priority.
const LOW_SKIPS: u8 = 8;

/// Tasks that wait, by priority.
#[derive(Default)]
pub(crate) struct Tasks {
    waiting: [VecDeque<Task>; 4],
    skipped: u8,
}

impl Tasks {
    pub fn push(&mut self, task: Task) {
        self.waiting[task.priority as usize].push_back(task);
    }
    /// Of the most urgent one that can be done.
    fn most_urgent(&self, collects: bool) -> Option<Priority> {
        use Priority::{High, Low, Max, Normal};
        let can = |t: &Task| collects || !t.work.collects();
        [Max, High, Normal, Low].into_iter().find(|p| self.waiting[*p as usize].iter().any(can))
    }
    /// The next task that is at least so urgent; low and normal ones take turns.
    fn next(&mut self, least: Priority) -> Option<Task> {
        let low = Priority::Low as usize;
        let mut at = self.most_urgent(true).filter(|p| *p <= least)?;
        if at == Priority::Normal && least == Priority::Low && !self.waiting[low].is_empty() {
            if self.skipped >= LOW_SKIPS {
                at = Priority::Low;
            } else {
                self.skipped += 1;
            }
        }
        if at == Priority::Low {
            self.skipped = 0;
        }
        self.waiting[at as usize].pop_front()
    }
    pub fn into_iter(self) -> impl Iterator<Item = Task> {
        self.waiting.into_iter().flatten()
    }
}

/// Whether tasks wait that can be done.
#[inline]
pub(crate) fn pending(p: &Process) -> bool {
    p.extra.is_some() && most_urgent(p).is_some()
}

fn most_urgent(p: &Process) -> Option<Priority> {
    p.extra.as_ref()?.tasks.most_urgent(!p.shared.state.has(state::NO_GC))
}

/// Does what waits, if it is at least so urgent. The process does not run; its state is saved.
pub(crate) fn run_all(p: &mut Process, vm: &'static Vm, least: Priority) {
    let mut delayed = Vec::new();
    while let Some(task) = p.extra.as_mut().and_then(|e| e.tasks.next(least)) {
        if task.work.collects() && p.shared.state.has(state::NO_GC) {
            delayed.push(task);
            continue;
        }
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
                copy_literals(p, vm);
                am::OK
            }
            Work::Test => am::TRUE,
        };
        task.reply(vm, result.into());
    }
    delayed.into_iter().for_each(|t| p.extra().tasks.push(t));
    // Somebody waits for what is left as well.
    if let Some(next) = most_urgent(p) {
        p.shared.state.lift(next);
    }
}

/// Does what waits of a process that is held up at its end: it still tells others of its reason, and of what it was sending.
pub(crate) fn run_ending(p: &mut Process, vm: &'static Vm) {
    let Some(extra) = &mut p.extra else { return };
    for task in core::mem::take(&mut extra.tasks).into_iter() {
        if task.work == Work::CopyLiterals {
            copy_literals(p, vm);
        }
        task.too_late(vm);
    }
}

/// Does what needs no heap while the process runs a native apart.
pub(crate) fn run_apart(p: &mut Process, vm: &'static Vm) {
    let Some(extra) = &mut p.extra else { return };
    let (now, later): (Vec<Task>, Vec<Task>) = core::mem::take(&mut extra.tasks)
        .into_iter()
        .partition(|t| matches!(t.work, Work::CheckCode(_)));
    later.into_iter().for_each(|t| extra.tasks.push(t));
    for task in now {
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
    found
        .or_else(|| crate::trace::call::function_at(p.ip))
        .or_else(|| crate::interp::nif::function_at(p.ip))
}

/// Makes copies of what the process uses of the literal area that is about to go.
fn copy_literals(p: &mut Process, vm: &'static Vm) {
    let (base, bytes) = term::literal::leaving();
    if bytes == 0 {
        return;
    }
    let renewed = |m: &Message| {
        let old = |t: Term<'_>, words| refers_to(t, words, base, bytes);
        let token = m.token().is_some_and(|t| old(t.term(), t.words()));
        (token || old(m.term(), m.words())).then(|| {
            let token = m.token().map(|t| OwnedTerm::copy_of(t.term()));
            Message::copy_of(m.term()).with_token(token)
        })
    };
    p.messages.renew_detached(renewed);
    if let Some(e) = &mut p.extra {
        e.kept.renew(renewed);
    }
    p.exit_reason.iter_mut().for_each(|t| renew(t, base, bytes));
    if let Some(t) = p.relations.get_mut().and_then(|t| t.rare.as_mut()) {
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
        let r = p.collect_with(0, &mut [], true, Some((base, bytes)));
        super::limits::after_collect(p, &r, vm);
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
