//! Signals: everything that one process does to another [erl_proc_sig_queue.c].
//!
//! A signal is a node in the receiver's in-queue. Order holds between each pair. The receiver
//! takes all of them at once and handles them in order: messages go to its inner queue, the others
//! act on its state.

pub mod handle;
pub mod inner;
pub mod queue;
pub mod relations;

use crate::dist::peer::{RemotePid, RemoteRef};
use core::ptr::null_mut;
use term::{Atom, OwnedTerm, Term};

/// Who sent a signal: pid data, port data, or nobody in particular.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sender {
    None,
    Process(u64),
    Port(u64),
    /// A process of another node, through the connection of this number.
    Remote(RemotePid, u32),
    /// The system itself (timers, the code purger, …).
    System,
}

/// One signal on its way.
pub struct Signal {
    pub(crate) next: *mut Signal,
    pub from: Sender,
    pub body: Body,
}

// SAFETY: `next` is only used by the queue that holds the node.
unsafe impl Send for Signal {}

/// Identity of a local reference.
pub type RefId = (u64, u64);

/// What a signal does.
pub enum Body {
    Message(Message),
    Exit(Box<ExitSignal>),
    Link,
    Unlink {
        id: u64,
    },
    UnlinkAck {
        id: u64,
    },
    /// Watch the receiver; `reference` identifies it.
    Monitor(Box<MonitorSignal>),
    Demonitor {
        reference: RefId,
    },
    /// A monitored entity ended (or is not there).
    Down(Box<DownSignal>),
    GroupLeader(OwnedTerm),
    /// Run this in the receiver's context, in signal order.
    Request(Box<dyn Request>),
    Suspend {
        by: u64,
    },
    Resume,
    /// A message to an alias of the receiver; dropped if the alias is gone.
    AliasMessage {
        alias: RefId,
        message: Message,
    },
    /// Work on the process's memory or code, done between its time slices.
    Task(Box<crate::process::task::Task>),
    /// The receive timer of this generation fired.
    ReceiveTimeout(u64),
    /// A process of another node watches the receiver.
    RemoteMonitor(Box<RemoteMonitor>),
    RemoteDemonitor(Box<RemoteRef>),
    /// A message, exit or down signal of another node, not decoded yet.
    Encoded(Box<crate::dist::input::Encoded>),
    SpawnReply(Box<crate::dist::spawn::Reply>),
    /// A connection that the receiver has links or monitors through is over.
    ConnectionDown(Box<(Atom, u32)>),
}

/// A message with the memory it lives in.
pub struct Message {
    pub term: OwnedTerm,
    /// seq_trace token, if any.
    pub token: Option<OwnedTerm>,
    pub shape: Shape,
}

/// What a receive can know about a message without looking into it.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Shape(pub u64);

impl Message {
    pub fn new(term: OwnedTerm) -> Message {
        let shape = Shape::of(term.term());
        Message { term, token: None, shape }
    }
    pub(crate) fn with_token(mut self, token: Option<OwnedTerm>) -> Message {
        self.token = token;
        self
    }
}

impl Shape {
    /// Arity and first atom of a tuple, mixed with the identity of a reference in the first two
    /// elements.
    pub fn of(t: Term<'_>) -> Shape {
        let Some(tuple) = t.as_tuple() else {
            return Shape(if t.is_immediate() { t.raw().0 } else { 0 });
        };
        let first =
            tuple.elements().first().map_or(0, |e| if e.is_immediate() { e.raw().0 } else { 1 });
        Shape((tuple.arity() as u64) << 56 | first & 0x00ff_ffff_ffff_ffff)
    }
}

pub struct ExitSignal {
    pub reason: OwnedTerm,
    /// Through a link (and not by `exit/2`).
    pub linked: bool,
    /// `exit(Pid, kill)`.
    pub kill: bool,
    /// The term of the sender as the receiver sees it (`{'EXIT', Sender, Reason}`).
    pub sender: OwnedTerm,
}

pub struct MonitorSignal {
    pub reference: RefId,
    pub watcher: u64,
    /// The name through which the receiver is watched.
    pub name: Option<Atom>,
}

pub struct RemoteMonitor {
    pub reference: RemoteRef,
    pub watcher: RemotePid,
    /// The receiver as the watcher named it.
    pub shown: crate::dist::op::Watched,
    /// The connection.
    pub node: Atom,
    pub id: u32,
}

pub struct DownSignal {
    pub reference: RefId,
    pub reason: OwnedTerm,
}

/// A request that runs in the receiver's context.
pub trait Request: Send {
    fn run(self: Box<Self>, cx: &crate::bif::Cx<'_>);
    /// The receiver is gone.
    fn too_late(self: Box<Self>, vm: &'static crate::vm::Vm);
}

impl Signal {
    pub fn new(from: Sender, body: Body) -> Box<Signal> {
        Box::new(Signal { next: null_mut(), from, body })
    }
}
