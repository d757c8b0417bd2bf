//! The operations of the distribution protocol as this node sends them (`dist_ops.tsv`).
//!
//! An operation says what is meant; how it is written depends on what the other side can do, which is
//! known when it is encoded.

use super::flags;
use super::peer::{RemotePid, RemoteRef};
use crate::signal::RefId;
use term::{Atom, Heap, OwnedTerm, Term};

pub const LINK: i64 = 1;
pub const SEND: i64 = 2;
pub const EXIT: i64 = 3;
pub const UNLINK: i64 = 4;
pub const REG_SEND: i64 = 6;
pub const GROUP_LEADER: i64 = 7;
pub const EXIT2: i64 = 8;
pub const SEND_TT: i64 = 12;
pub const EXIT_TT: i64 = 13;
pub const REG_SEND_TT: i64 = 16;
pub const EXIT2_TT: i64 = 18;
pub const MONITOR_P: i64 = 19;
pub const DEMONITOR_P: i64 = 20;
pub const MONITOR_P_EXIT: i64 = 21;
pub const SEND_SENDER: i64 = 22;
pub const SEND_SENDER_TT: i64 = 23;
pub const PAYLOAD_EXIT: i64 = 24;
pub const PAYLOAD_EXIT_TT: i64 = 25;
pub const PAYLOAD_EXIT2: i64 = 26;
pub const PAYLOAD_EXIT2_TT: i64 = 27;
pub const PAYLOAD_MONITOR_P_EXIT: i64 = 28;
pub const SPAWN_REQUEST: i64 = 29;
pub const SPAWN_REQUEST_TT: i64 = 30;
pub const SPAWN_REPLY: i64 = 31;
pub const SPAWN_REPLY_TT: i64 = 32;
pub const ALIAS_SEND: i64 = 33;
pub const ALIAS_SEND_TT: i64 = 34;
pub const UNLINK_ID: i64 = 35;
pub const UNLINK_ID_ACK: i64 = 36;
/// What has no place in the older ones; its flags say what it is.
pub const ALTACT_SIG_SEND: i64 = 37;

/// In the flags of [`ALTACT_SIG_SEND`].
pub const ALTACT_PRIORITY: i64 = 1;
pub const ALTACT_TOKEN: i64 = 2;
pub const ALTACT_ALIAS: i64 = 4;
pub const ALTACT_NAME: i64 = 8;
pub const ALTACT_EXIT: i64 = 16;

/// In the flags of a spawn reply.
pub const SPAWNED_LINK: u32 = 1;
pub const SPAWNED_MONITOR: u32 = 2;

/// Who is watched over there.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Target {
    Pid(RemotePid),
    Name(Atom),
}

/// Who is watched here, as the watcher named it.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Watched {
    Pid(u64),
    Name(Atom),
    /// A process of an earlier incarnation of this node.
    Former(RemotePid),
}

/// See the module head. `from` is a local process.
pub enum Op {
    Link {
        from: u64,
        to: RemotePid,
    },
    Unlink {
        id: u64,
        from: u64,
        to: RemotePid,
    },
    UnlinkAck {
        id: u64,
        from: u64,
        to: RemotePid,
    },
    Send {
        from: u64,
        to: RemotePid,
    },
    RegSend {
        from: u64,
        name: Atom,
    },
    AliasSend {
        from: u64,
        to: RemoteRef,
        priority: bool,
    },
    /// An exit signal through an alias.
    AliasExit {
        from: u64,
        to: RemoteRef,
        priority: bool,
    },
    Exit {
        from: u64,
        to: RemotePid,
    },
    /// Through a link with a process of an earlier incarnation of this node.
    ExitFormer {
        from: RemotePid,
        to: RemotePid,
    },
    Exit2 {
        from: u64,
        to: RemotePid,
    },
    /// The payload is the leader.
    GroupLeader {
        to: RemotePid,
    },
    Monitor {
        from: u64,
        target: Target,
        reference: RefId,
        alias: bool,
    },
    Demonitor {
        from: u64,
        target: Target,
        reference: RefId,
    },
    MonitorExit {
        from: Watched,
        to: RemotePid,
        reference: RemoteRef,
    },
    /// `rest` is `{GroupLeader, {M, F, Arity}, Options}`; the payload is the argument list.
    SpawnRequest {
        reference: RefId,
        alias: bool,
        from: u64,
        rest: OwnedTerm,
    },
    SpawnReply {
        reference: RemoteRef,
        to: RemotePid,
        flags: u32,
        result: Result<u64, Atom>,
    },
    /// One that takes a token of sequential tracing along.
    Traced {
        op: Box<Op>,
        token: OwnedTerm,
    },
}

/// What was sent before the connection was up.
pub struct Waiting {
    pub op: Op,
    pub payload: Option<OwnedTerm>,
}

impl Op {
    /// With a token, if there is one.
    #[inline]
    pub fn traced(self, token: Option<OwnedTerm>) -> Op {
        match token {
            Some(token) => Op::Traced { op: Box::new(self), token },
            None => self,
        }
    }
    /// Whether it tells of its sender's end.
    pub fn is_last(&self) -> bool {
        matches!(self.plain(), Op::Exit { .. } | Op::MonitorExit { .. })
    }
    /// Itself, without a token.
    pub fn plain(&self) -> &Op {
        match self {
            Op::Traced { op, .. } => op.plain(),
            op => op,
        }
    }
    /// What the other side must be able to do for it.
    pub fn needs(&self) -> u64 {
        match self {
            Op::SpawnRequest { .. } => flags::SPAWN,
            Op::AliasSend { .. } => flags::ALIAS,
            Op::AliasExit { .. } => flags::ALIAS | flags::ALTACT_SIG,
            Op::Traced { op, .. } => op.needs(),
            Op::UnlinkAck { .. } => flags::UNLINK_ID,
            Op::Monitor { .. } | Op::Demonitor { .. } | Op::MonitorExit { .. } => {
                flags::DIST_MONITOR | flags::DIST_MONITOR_NAME
            }
            _ => 0,
        }
    }

    /// The control message, and whether the payload is in it.
    pub fn control<'h>(
        &self,
        h: &'h Heap,
        able: u64,
        payload: Option<Term<'_>>,
    ) -> (Term<'h>, bool) {
        let n = Term::small;
        let pid = Term::local_pid;
        let reference = |(n0, n1): RefId, alias: Option<u64>| match alias {
            Some(pid) => h.pid_reference(n0, n1, pid),
            None => h.reference(n0, n1),
        };
        let target = |t: &Target| match t {
            Target::Pid(p) => p.term(h),
            Target::Name(a) => Term::atom(*a),
        };
        let reason = || payload.map_or(Term::nil(), |r| h.copy(r));
        let beside = able & flags::EXIT_PAYLOAD != 0;
        let exit = |with: i64, without: i64, from: Term<'h>, to: &RemotePid| match beside {
            true => (h.tuple(&[n(with), from, to.term(h)]), false),
            false => (h.tuple(&[n(without), from, to.term(h), reason()]), true),
        };
        let control = match self {
            Op::Link { from, to } => h.tuple(&[n(LINK), pid(*from), to.term(h)]),
            Op::Unlink { id, from, to } if able & flags::UNLINK_ID != 0 => {
                h.tuple(&[n(UNLINK_ID), h.uint(*id), pid(*from), to.term(h)])
            }
            Op::Unlink { from, to, .. } => h.tuple(&[n(UNLINK), pid(*from), to.term(h)]),
            Op::UnlinkAck { id, from, to } => {
                h.tuple(&[n(UNLINK_ID_ACK), h.uint(*id), pid(*from), to.term(h)])
            }
            Op::Send { from, to } if able & flags::SEND_SENDER != 0 => {
                h.tuple(&[n(SEND_SENDER), pid(*from), to.term(h)])
            }
            Op::Send { to, .. } => h.tuple(&[n(SEND), empty(), to.term(h)]),
            Op::RegSend { from, name } => {
                h.tuple(&[n(REG_SEND), pid(*from), empty(), Term::atom(*name)])
            }
            Op::AliasSend { from, to, priority: true } if able & flags::ALTACT_SIG != 0 => {
                let flags = n(ALTACT_ALIAS | ALTACT_PRIORITY);
                h.tuple(&[n(ALTACT_SIG_SEND), flags, pid(*from), to.term(h)])
            }
            Op::AliasSend { from, to, .. } => h.tuple(&[n(ALIAS_SEND), pid(*from), to.term(h)]),
            Op::AliasExit { from, to, priority } => {
                let priority = if *priority { ALTACT_PRIORITY } else { 0 };
                let flags = n(ALTACT_ALIAS | ALTACT_EXIT | priority);
                h.tuple(&[n(ALTACT_SIG_SEND), flags, pid(*from), to.term(h)])
            }
            Op::Exit { from, to } => return exit(PAYLOAD_EXIT, EXIT, pid(*from), to),
            Op::ExitFormer { from, to } => return exit(PAYLOAD_EXIT, EXIT, from.term(h), to),
            Op::Exit2 { from, to } => return exit(PAYLOAD_EXIT2, EXIT2, pid(*from), to),
            Op::GroupLeader { to } => {
                return (h.tuple(&[n(GROUP_LEADER), reason(), to.term(h)]), true);
            }
            Op::Monitor { from, target: t, reference: r, alias } => {
                let r = reference(*r, alias.then_some(*from));
                h.tuple(&[n(MONITOR_P), pid(*from), target(t), r])
            }
            Op::Demonitor { from, target: t, reference: r } => {
                h.tuple(&[n(DEMONITOR_P), pid(*from), target(t), reference(*r, None)])
            }
            Op::MonitorExit { from, to, reference } => {
                let from = match from {
                    Watched::Pid(p) => pid(*p),
                    Watched::Name(a) => Term::atom(*a),
                    Watched::Former(p) => p.term(h),
                };
                let (to, r) = (to.term(h), reference.term(h));
                return match beside {
                    true => (h.tuple(&[n(PAYLOAD_MONITOR_P_EXIT), from, to, r]), false),
                    false => (h.tuple(&[n(MONITOR_P_EXIT), from, to, r, reason()]), true),
                };
            }
            Op::SpawnRequest { reference: r, alias, from, rest } => {
                let r = reference(*r, alias.then_some(*from));
                let nil = Term::nil();
                let [leader, mfa, options] =
                    h.copy(rest.term()).as_tuple_of::<3>().unwrap_or([nil, nil, nil]);
                h.tuple(&[n(SPAWN_REQUEST), r, pid(*from), leader, mfa, options])
            }
            Op::SpawnReply { reference, to, flags, result } => {
                let result = match result {
                    Ok(p) => pid(*p),
                    Err(a) => Term::atom(*a),
                };
                let flags = n(i64::from(*flags));
                h.tuple(&[n(SPAWN_REPLY), reference.term(h), to.term(h), flags, result])
            }
            Op::Traced { op, token } => {
                let (control, inside) = op.control(h, able, payload);
                return (with_token(h, control, token.term(), able).unwrap_or(control), inside);
            }
        };
        (control, false)
    }
}

/// The form of an operation that has a token; `None`: there is none, or the other side does not understand the token.
fn with_token<'h>(h: &'h Heap, control: Term<'h>, token: Term<'_>, able: u64) -> Option<Term<'h>> {
    let label = crate::trace::seq::Token::of(token)?.label;
    let narrow = label.as_small().is_some_and(|n| (-(1 << 27)..1 << 27).contains(&n));
    if able & flags::BIG_SEQTRACE_LABELS == 0 && !narrow {
        return None;
    }
    let mut all = control.as_tuple()?.elements().to_vec();
    let code = all.first()?.as_small()?;
    let traced = match code {
        SEND => SEND_TT,
        SEND_SENDER => SEND_SENDER_TT,
        REG_SEND => REG_SEND_TT,
        ALIAS_SEND => ALIAS_SEND_TT,
        EXIT => EXIT_TT,
        PAYLOAD_EXIT => PAYLOAD_EXIT_TT,
        SPAWN_REQUEST => SPAWN_REQUEST_TT,
        SPAWN_REPLY => SPAWN_REPLY_TT,
        ALTACT_SIG_SEND => {
            let flags = all.get_mut(1)?;
            *flags = Term::small(flags.as_small()? | ALTACT_TOKEN);
            code
        }
        _ => return None,
    };
    *all.first_mut()? = Term::small(traced);
    let at = if code == EXIT { 3 } else { all.len() };
    all.insert(at, h.copy(token));
    Some(h.tuple(&all))
}

fn empty() -> Term<'static> {
    Term::atom(term::atom!(""))
}
