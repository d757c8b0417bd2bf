//! Messages of other nodes to a suspended process stay as they came [erl_proc_sig_queue.c: external messages].
//!
//! Whether such a message is well-formed, and its connection may go on, is found out when somebody looks into it: the process when it
//! goes on, or who asks for its messages. Until then it counts as a message. What comes after it is kept too, for the order of
//! messages; other signals are handled as they come.

use super::queue::Item;
use super::{Body, Message, Signal};
use crate::process::Process;
use crate::vm::Vm;

/// Bytes of payloads that are kept; what is more is decoded as it comes.
const MOST: usize = 1 << 20;

/// See the module head.
#[derive(Default)]
pub struct Kept {
    items: Vec<Item>,
    bytes: usize,
}

impl Kept {
    /// How many messages there are.
    pub fn len(&self) -> usize {
        self.items.len()
    }
    pub fn is_empty(&self) -> bool {
        self.items.is_empty()
    }
    /// Replaces messages by what `f` gives, if anything; what came from other nodes refers to nothing here.
    pub fn renew(&mut self, f: impl Fn(&Message) -> Option<Message>) {
        for i in &mut self.items {
            if let Item::Message(m) = i
                && let Some(new) = f(m)
            {
                *m = new;
            }
        }
    }
    pub fn visit(&self, v: &mut dyn term::visit::Visit) {
        for i in &self.items {
            if let Item::Message(m) = i {
                m.visit(v);
            }
        }
    }
}

/// How many messages of a process are kept.
#[inline]
pub fn count(p: &Process) -> usize {
    p.extra.as_ref().map_or(0, |e| e.kept.len())
}

/// Keeps the message of another node, if it may be kept; else gives it back.
pub fn keep(p: &mut Process, vm: &'static Vm, signal: Signal) -> Option<Signal> {
    let Body::Encoded(e) = &signal.body else { return Some(signal) };
    let bytes = e.payload.len();
    let suspended = p.suspend_count > 0 && !p.shared.trace.has(crate::trace::flag::RECEIVE);
    let kept = &mut p.extra().kept;
    if suspended && matches!(e.used, crate::dist::input::Use::Message) && kept.bytes + bytes <= MOST
    {
        kept.bytes += bytes;
        kept.items.push(Item::Signal(Box::new(signal)));
        return None;
    }
    open(p, vm);
    Some(signal)
}

/// Keeps a message that comes after such; else gives it back.
#[inline]
pub fn keep_message(p: &mut Process, m: Message) -> Option<Message> {
    match &mut p.extra {
        Some(e) if !e.kept.is_empty() => {
            e.kept.items.push(Item::Message(m));
            None
        }
        _ => Some(m),
    }
}

/// All of them become messages of the process; what is malformed does not, and ends its connection.
pub fn open(p: &mut Process, vm: &'static Vm) {
    if count(p) == 0 {
        return;
    }
    for item in core::mem::take(&mut p.extra().kept).items {
        match item {
            Item::Message(m) => p.messages.push(m),
            Item::Signal(s) => super::handle::open(p, vm, *s),
        }
    }
}
