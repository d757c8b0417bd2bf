//! Asking another process for something, in signal order, and waiting for the answer; or looking, if nobody runs it.

use crate::bif::{BifResult, Cx};
use crate::process::table::ProcRef;
use crate::process::{Priority, state};
use crate::signal::{Body, RefId, Request, Sender};
use crate::stop::{Resume, Stop};
use crate::vm::Vm;
use term::{Atom, Heap, OwnedTerm, Term};

/// What is done in the turn of the process that is asked; the answer is built on the heap given.
pub type Question = Box<dyn for<'h> FnOnce(&Cx<'_>, &'h Heap) -> Term<'h> + Send>;

/// Somebody waits for `pid` to handle signals that were just sent: it is not to wait behind those
/// of a lower priority than the caller's.
pub fn hurry(cx: &Cx<'_>, pid: u64) {
    let priority = cx.with(|p| p.shared.state.priority());
    if priority <= Priority::High {
        hurry_at(cx, pid, priority);
    }
}

/// As [`hurry`], for somebody of this priority.
pub fn hurry_at(cx: &Cx<'_>, pid: u64, priority: Priority) {
    if let Some(p) = cx.vm().processes.lookup(pid)
        && p.state.lift(priority)
    {
        cx.vm().sched.promote(p.as_ptr(), priority);
    }
}

/// Looks into a process that nobody runs and that has handled all signals: what `f` gives, which is to be done soon and
/// without locks. `None`: it has to be asked.
pub fn look<R>(cx: &Cx<'_>, p: &ProcRef, f: impl FnOnce(&Cx<'_>) -> Option<R>) -> Option<R> {
    if !p.in_queue.is_empty() || !p.state.look() {
        return None;
    }
    // What the caller has sent it is handled, or still in the queue.
    let seen = p.in_queue.is_empty().then(|| {
        // SAFETY: who wants to run the process waits until the state word says that nobody looks.
        let there = unsafe { Cx::new(p.as_ptr(), cx.vm(), cx.scheduler()) };
        f(&there)
    });
    p.state.clear(state::LOOKED_AT);
    seen.flatten()
}

struct Asked {
    by: u64,
    id: RefId,
    if_gone: Atom,
    question: Question,
}

impl Asked {
    fn answer(by: u64, id: RefId, vm: &'static Vm, answer: OwnedTerm) {
        vm.signal(by, Sender::System, Body::Request(Box::new(Answer { id, answer })));
    }
}

impl Request for Asked {
    fn run(self: Box<Self>, cx: &Cx<'_>) {
        let Asked { by, id, question, .. } = *self;
        let answer = OwnedTerm::build(|h| question(cx, h));
        Asked::answer(by, id, cx.vm(), answer);
    }
    fn too_late(self: Box<Self>, vm: &'static Vm) {
        Asked::answer(self.by, self.id, vm, OwnedTerm::immediate(self.if_gone.into()));
    }
}

struct Answer {
    id: RefId,
    answer: OwnedTerm,
}

impl Request for Answer {
    fn run(self: Box<Self>, cx: &Cx<'_>) {
        cx.with(|p| p.extra().replies.push((self.id, self.answer)));
    }
    fn too_late(self: Box<Self>, _: &'static Vm) {}
}

/// Waits for the answer and returns it.
struct Await(RefId);

impl Resume for Await {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let answer = cx.with(|p| {
            let replies = &mut p.extra.as_mut()?.replies;
            let at = replies.iter().position(|r| r.0 == self.0)?;
            Some(replies.swap_remove(at).1)
        });
        match answer {
            Some(t) => Ok(t.into_heap(cx.heap())),
            None => Err(cx.wait(*self)),
        }
    }
}

/// Has the process `pid` do something in signal order; nobody waits.
pub fn run_in(cx: &Cx<'_>, pid: u64, what: Deed) {
    cx.vm().signal(pid, Sender::Process(cx.pid()), Body::Request(Box::new(Do(what))));
}

/// What [`run_in`] has done.
pub type Deed = Box<dyn FnOnce(&Cx<'_>) + Send>;

struct Do(Deed);

impl Request for Do {
    fn run(self: Box<Self>, cx: &Cx<'_>) {
        (self.0)(cx)
    }
    fn too_late(self: Box<Self>, _: &'static Vm) {}
}

/// Has the process `pid` answer a question; the calling native returns the answer, or `if_gone`.
pub fn ask(cx: &Cx<'_>, pid: u64, if_gone: Atom, question: Question) -> Stop {
    let id = crate::refs::next();
    let asked = Asked { by: cx.pid(), id, if_gone, question };
    cx.vm().signal(pid, Sender::Process(cx.pid()), Body::Request(Box::new(asked)));
    hurry(cx, pid);
    cx.wait(Await(id))
}

/// Has the process `pid` answer a question in a message `{Ref, Answer}` to the caller.
pub fn ask_by_message(cx: &Cx<'_>, pid: u64, reference: RefId, if_gone: Atom, question: Question) {
    let asked = ByMessage { by: cx.pid(), reference, if_gone, question };
    cx.vm().signal(pid, Sender::Process(cx.pid()), Body::Request(Box::new(asked)));
    hurry(cx, pid);
}

struct ByMessage {
    by: u64,
    reference: RefId,
    if_gone: Atom,
    question: Question,
}

impl Request for ByMessage {
    fn run(self: Box<Self>, cx: &Cx<'_>) {
        let ByMessage { by, reference: (n0, n1), question, .. } = *self;
        let m = OwnedTerm::build(|h| h.tuple(&[h.reference(n0, n1), question(cx, h)]));
        cx.vm().send_message(Sender::Process(cx.pid()), by, m);
    }
    fn too_late(self: Box<Self>, vm: &'static Vm) {
        let (n0, n1) = self.reference;
        let m = OwnedTerm::build(|h| h.tuple(&[h.reference(n0, n1), self.if_gone.into()]));
        vm.send_message(Sender::System, self.by, m);
    }
}

/// Sends `{Tag, there}` to the caller when the process has seen it, `{Tag, if_gone}` if it cannot.
pub(crate) fn tell(cx: &Cx<'_>, pid: u64, tag: OwnedTerm, if_gone: Atom, there: Atom) {
    let t = Tell { by: cx.pid(), tag, if_gone, there };
    cx.vm().signal(pid, Sender::Process(cx.pid()), Body::Request(Box::new(t)));
}

struct Tell {
    by: u64,
    tag: OwnedTerm,
    if_gone: Atom,
    there: Atom,
}

impl Tell {
    fn send(self, vm: &'static Vm, from: Sender, what: Atom) {
        let m = OwnedTerm::build(|h| h.tuple(&[h.copy(self.tag.term()), what.into()]));
        vm.send_message(from, self.by, m);
    }
}

impl Request for Tell {
    fn run(self: Box<Self>, cx: &Cx<'_>) {
        let there = self.there;
        self.send(cx.vm(), Sender::Process(cx.pid()), there);
    }
    fn too_late(self: Box<Self>, vm: &'static Vm) {
        let gone = self.if_gone;
        self.send(vm, Sender::System, gone);
    }
}
