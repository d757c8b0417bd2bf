//! Signals: everything that one process does to another [erl_proc_sig_queue.c].
//!
//! A signal is a node in the receiver's in-queue. Order holds between each pair. The receiver
//! takes all of them at once and handles them in order: messages go to its inner queue, the others
//! act on its state.

pub mod handle;
pub mod inner;
pub(crate) mod kept;
pub mod queue;
pub mod relations;

use crate::dist::peer::{RemotePid, RemoteRef};
use core::ptr::null_mut;
pub use term::envelope::Message;
use term::{Atom, OwnedTerm};

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

impl Sender {
    /// A number that messages keep, and whether this is a process.
    #[inline]
    pub fn number(self) -> (u64, bool) {
        match self {
            Sender::Process(pid) => (pid << 2 | 1, true),
            Sender::Port(port) => (port << 2 | 2, false),
            Sender::Remote(pid, _) => (u64::from(pid.node_name().0) << 2 | 3, true),
            Sender::None | Sender::System => (0, false),
        }
    }
    /// The sender of this number; of another node only the name is known.
    pub fn of_number(n: u64) -> Result<Sender, Atom> {
        match n & 3 {
            1 => Ok(Sender::Process(n >> 2)),
            2 => Ok(Sender::Port(n >> 2)),
            3 => Err(Atom((n >> 2) as u32)),
            _ => Ok(Sender::System),
        }
    }
}

/// One signal on its way.
#[repr(C)]
pub struct Signal {
    /// Link of the in-queue that it is in.
    pub(crate) next: *mut (),
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
    /// A link that brings trace flags along.
    TracedLink(Box<crate::trace::event::Passed>),
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
    /// Stand still, and say so.
    Suspend {
        active: std::sync::Arc<core::sync::atomic::AtomicBool>,
    },
    Resume,
    /// A message to an alias of the receiver; dropped if the alias is gone.
    AliasMessage {
        alias: RefId,
        message: Message,
        /// It comes before ordinary messages if the alias allows that.
        priority: bool,
    },
    /// `exit_signal/2` with an alias of the receiver; dropped if the alias is gone.
    AliasExit(Box<AliasExit>),
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

pub struct ExitSignal {
    pub reason: OwnedTerm,
    /// Through a link (and not by `exit/2`).
    pub linked: bool,
    /// `exit(Pid, kill)`.
    pub kill: bool,
    /// The term of the sender as the receiver sees it (`{'EXIT', Sender, Reason}`).
    pub sender: OwnedTerm,
    /// Of sequential tracing.
    pub token: Option<OwnedTerm>,
}

pub struct AliasExit {
    pub alias: RefId,
    /// Its message comes before ordinary ones if the alias allows that.
    pub priority: bool,
    pub exit: ExitSignal,
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
    /// Another node says so.
    pub afar: bool,
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
