//! What comes in from another node: packets, fragments, control messages.
//!
//! None of it is trusted. Whatever is malformed ends the connection it came through, with a report, and nothing else. Control
//! messages are decoded at once, in order; payloads by the process that they are for, in its own time.

use super::connection::Connection;
use super::op::{self, Watched};
use super::peer::{RemotePid, RemoteRef};
use super::{lock, spawn};
use crate::code::load::VmResolver;
use crate::process::registry::Named;
use crate::signal::{Body, DownSignal, ExitSignal, Message, RefId, RemoteMonitor, Sender};
use crate::trace::seq;
use crate::vm::Vm;
use core::cell::Cell;
use core::sync::atomic::Ordering;
use etf::atom_cache::{self, Atoms, Fragment, Received};
use etf::{DecodeOptions, tag};
use std::borrow::Cow;
use std::collections::HashMap;
use std::sync::Arc;
use term::atom::am;
use term::shared::BinHandle;
use term::{Atom, Heap, OwnedTerm, Term, View};

/// What the input side of a connection remembers.
#[derive(Default)]
pub struct State {
    pub cache: Option<Received>,
    sequences: HashMap<u64, Sequence>,
}

/// Room made beforehand for the rest of a message, whatever it says of its length.
const RESERVE: usize = 1 << 20;
const MOST_RESERVED: usize = 16;

/// A message of which fragments are missing.
struct Sequence {
    atoms: Atoms,
    bytes: Vec<u8>,
    /// Number of the next fragment.
    next: u64,
}

impl State {
    pub fn clear(&mut self) {
        *self = State::default();
    }
}

/// Why input is not good.
pub enum Bad {
    Header,
    /// No term where one should be.
    Term,
    /// A control message that there is not: its text.
    Message(String),
}

/// A payload that is not decoded yet.
pub struct Payload {
    /// It begins at `start` of these.
    bytes: Vec<u8>,
    start: usize,
    atoms: Atoms,
    node: Atom,
    id: u32,
}

/// Messages up to so many bytes are decoded as they come: that is less work than to keep them.
const SMALL: usize = 256;

/// Binaries in payloads of so many bytes refer to them.
const SHARE_FROM: usize = 4096;

/// A payload, or the term in it.
enum Arrived {
    Payload(Payload),
    Term(OwnedTerm),
}

fn now(bytes: &[u8], options: &DecodeOptions<'_>) -> Option<OwnedTerm> {
    let mut good = true;
    let t = OwnedTerm::build(|h| match etf::decode_body(bytes, h, options) {
        Ok((t, _)) => t,
        Err(_) => {
            good = false;
            Term::nil()
        }
    });
    good.then_some(t)
}

/// What becomes of a payload.
#[derive(Clone, Copy)]
pub enum Use {
    Message,
    Alias {
        alias: RefId,
        priority: bool,
    },
    /// An exit signal through an alias.
    AliasExit {
        from: RemotePid,
        alias: RefId,
        priority: bool,
    },
    /// The reason of an exit signal.
    Exit {
        from: RemotePid,
        linked: bool,
    },
    Down(RefId),
}

/// A signal whose payload is still to be decoded.
pub struct Encoded {
    pub payload: Payload,
    pub used: Use,
    pub token: Option<OwnedTerm>,
}

impl Payload {
    /// Decodes. If that fails the connection ends.
    pub fn decode(self, vm: &'static Vm) -> Option<OwnedTerm> {
        let resolver = VmResolver(vm);
        let all = BinHandle::from_vec(self.bytes);
        let bytes = all.bytes().get(self.start..).unwrap_or_default();
        let source = (bytes.len() >= SHARE_FROM).then_some(&all);
        let options = DecodeOptions { atoms: &self.atoms, source, ..DecodeOptions::new(&resolver) };
        let mut bad = false;
        let t = OwnedTerm::build(|h| match etf::decode_body(bytes, h, &options) {
            Ok((t, _)) => t,
            Err(_) => {
                bad = true;
                Term::nil()
            }
        });
        if !bad {
            return Some(t);
        }
        if let Some(c) = vm.dist.connection(self.node, self.id) {
            report(vm, &c, bytes, Bad::Term);
            c.kill(vm);
        }
        None
    }
    /// Bytes that it takes.
    pub fn len(&self) -> usize {
        self.bytes.len() - self.start.min(self.bytes.len())
    }
    pub fn is_empty(&self) -> bool {
        self.len() == 0
    }
}

/// Takes in one packet.
pub fn packet(vm: &'static Vm, c: &Arc<Connection>, bytes: &[u8]) {
    let mut state = lock(&c.input);
    c.received.fetch_add(1, Ordering::Relaxed);
    if bytes.is_empty() || !c.is_connected() || !vm.dist.is_alive() {
        return;
    }
    let done = assemble(vm, c, &mut state, bytes);
    if let Err(bad) = done {
        drop(state);
        report(vm, c, bytes, bad);
        c.kill(vm);
    }
}

fn assemble(
    vm: &'static Vm,
    c: &Arc<Connection>,
    state: &mut State,
    bytes: &[u8],
) -> Result<(), Bad> {
    use super::flags::{DIST_HDR_ATOM_CACHE, FRAGMENTS};
    if c.flags() & (DIST_HDR_ATOM_CACHE | FRAGMENTS) == 0 {
        let body = bytes.get(1..).ok_or(Bad::Header)?;
        return message(vm, c, Atoms::default(), body.into(), true);
    }
    let mut none;
    let cache = match &mut state.cache {
        Some(cache) => cache,
        None => {
            none = Received::default();
            &mut none
        }
    };
    let header = atom_cache::read(bytes, cache).map_err(|_| Bad::Header)?;
    let body = bytes.get(header.body..).ok_or(Bad::Header)?;
    let (sequence, number) = match header.fragment {
        Fragment::Whole => return message(vm, c, header.atoms, body.into(), false),
        _ if !c.has(FRAGMENTS) => return Err(Bad::Header),
        Fragment::First { sequence, number: 1 } if !state.sequences.contains_key(&sequence) => {
            return message(vm, c, header.atoms, body.into(), false);
        }
        Fragment::First { sequence, number } => {
            // The control message is in the first fragment, whole.
            if number == 0 || state.sequences.contains_key(&sequence) {
                return Err(Bad::Header);
            }
            // As much as it says it will be, within bounds.
            let expected = usize::try_from(number).unwrap_or(usize::MAX).min(MOST_RESERVED);
            let mut bytes =
                Vec::with_capacity(body.len().saturating_mul(expected).min(body.len() + RESERVE));
            bytes.extend_from_slice(body);
            let s = Sequence { atoms: header.atoms, bytes, next: number - 1 };
            state.sequences.insert(sequence, s);
            return Ok(());
        }
        Fragment::Next { sequence, number } => (sequence, number),
    };
    let s = state.sequences.get_mut(&sequence).ok_or(Bad::Header)?;
    if s.next != number {
        return Err(Bad::Header);
    }
    s.bytes.extend_from_slice(body);
    s.next -= 1;
    if number > 1 {
        return Ok(());
    }
    match state.sequences.remove(&sequence) {
        Some(s) => message(vm, c, s.atoms, s.bytes.into(), false),
        None => Ok(()),
    }
}

fn message(
    vm: &'static Vm,
    c: &Arc<Connection>,
    atoms: Atoms,
    body: Cow<'_, [u8]>,
    versions: bool,
) -> Result<(), Bad> {
    Heap::scratch(|heap| message_on(heap, vm, c, atoms, body, versions))
}

fn message_on(
    heap: &Heap,
    vm: &'static Vm,
    c: &Arc<Connection>,
    atoms: Atoms,
    body: Cow<'_, [u8]>,
    versions: bool,
) -> Result<(), Bad> {
    let term = |bytes: &mut &[u8]| -> Result<(), Bad> {
        if versions {
            match bytes.split_first() {
                Some((&tag::VERSION, rest)) => *bytes = rest,
                _ => return Err(Bad::Term),
            }
        }
        Ok(())
    };
    let mut rest = &*body;
    term(&mut rest)?;
    let resolver = VmResolver(vm);
    let options = DecodeOptions { atoms: &atoms, ..DecodeOptions::new(&resolver) };
    let (control, used) = etf::decode_body(rest, heap, &options).map_err(|_| Bad::Term)?;
    rest = rest.get(used..).unwrap_or_default();
    let bad = || Bad::Message(term::print::to_text(control));
    let elements = control.as_tuple().ok_or_else(bad)?.elements();
    let at = body.len() - rest.len();
    let body = Cell::new(Some(body));
    let payload = |small: bool| -> Result<Arrived, Bad> {
        let body = body.take().ok_or(Bad::Term)?;
        let mut bytes = body.get(at..).unwrap_or_default();
        term(&mut bytes)?;
        if bytes.is_empty() {
            return Err(Bad::Term);
        }
        // What is malformed is so when it is looked into.
        if small
            && bytes.len() <= SMALL
            && let Some(t) = now(bytes, &options)
        {
            return Ok(Arrived::Term(t));
        }
        let at = body.len() - bytes.len();
        let (bytes, start) = match body {
            Cow::Borrowed(body) => (body.get(at..).unwrap_or_default().to_vec(), 0),
            Cow::Owned(body) => (body, at),
        };
        let (atoms, node, id) = (atoms.clone(), c.name, c.id);
        Ok(Arrived::Payload(Payload { bytes, start, atoms, node, id }))
    };
    match dispatch(vm, c, elements, &payload) {
        Some(done) => done,
        None => Err(bad()),
    }
}

type Outcome = Option<Result<(), Bad>>;

/// Acts on a control message. `None`: there is no such message.
fn dispatch(
    vm: &'static Vm,
    c: &Arc<Connection>,
    elements: &[Term<'_>],
    payload: &dyn Fn(bool) -> Result<Arrived, Bad>,
) -> Outcome {
    let (code, rest) = elements.split_first()?;
    let node = c.name;
    // A process at the other end.
    let theirs = |t: Term<'_>| RemotePid::of(t).filter(|p| p.node_name() == node);
    let sender = |t: Term<'_>| RemotePid::of(t).map_or(Sender::None, |p| Sender::Remote(p, c.id));
    let code = code.as_small()?;
    match (code, rest) {
        (op::LINK, &[from, to]) => {
            let from = theirs(from)?;
            match mine(to)? {
                Ok(to) => vm.signal(to, Sender::Remote(from, c.id), Body::Link),
                Err(former) => {
                    let noproc = Term::atom(am::NOPROC);
                    let op = op::Op::ExitFormer { from: former, to: from };
                    super::relation::send(vm, c, op, Some(noproc));
                }
            }
        }
        (op::UNLINK, &[from, to]) => {
            let from = theirs(from)?;
            if let Ok(to) = mine(to)? {
                vm.signal(to, Sender::Remote(from, c.id), Body::Unlink { id: 0 });
            }
        }
        (op::UNLINK_ID, &[id, from, to]) => {
            let (id, from) = (id.as_u64().filter(|id| *id > 0)?, theirs(from)?);
            if let Ok(to) = mine(to)? {
                vm.signal(to, Sender::Remote(from, c.id), Body::Unlink { id });
            }
        }
        (op::UNLINK_ID_ACK, &[id, from, to]) => {
            let (id, from) = (id.as_u64()?, theirs(from)?);
            if let Ok(to) = mine(to)? {
                vm.signal(to, Sender::Remote(from, c.id), Body::UnlinkAck { id });
            }
        }
        (op::SEND | op::SEND_SENDER, &[from, to, ref token @ ..])
        | (op::SEND_TT | op::SEND_SENDER_TT, &[from, to, ref token @ ..]) => {
            let token = token_of(code, token)?;
            let to = to.as_pid()?;
            if let Some(to) = to.local() {
                return Some(deliver(vm, to, sender(from), payload, Use::Message, token));
            }
        }
        (op::REG_SEND | op::REG_SEND_TT, &[from, _, name, ref token @ ..]) => {
            let token = token_of(code, token)?;
            from.as_pid()?;
            if let Some(Named::Process(to)) = vm.registry.lookup(name.as_atom()?) {
                return Some(deliver(vm, to, sender(from), payload, Use::Message, token));
            }
        }
        (op::ALIAS_SEND | op::ALIAS_SEND_TT, &[from, to, ref token @ ..]) => {
            let token = token_of(code, token)?;
            let to = to.as_reference()?;
            if let (Some(pid), Some(alias)) = (to.process(), to.local_id()) {
                let used = Use::Alias { alias, priority: false };
                return Some(deliver(vm, pid, sender(from), payload, used, token));
            }
        }
        (op::ALTACT_SIG_SEND, &[flags, from, to, ref token @ ..]) if vm.release() >= 28 => {
            let flags = flags.as_small().filter(|f| *f >= 0)?;
            let has = |flag| flags & flag != 0;
            let token = match (has(op::ALTACT_TOKEN), token) {
                (false, []) => None,
                (true, &[token]) => Some(seq::from_afar(token)?),
                _ => return None,
            };
            let (from, priority) = (theirs(from)?, has(op::ALTACT_PRIORITY));
            let exit = has(op::ALTACT_EXIT);
            let (to, used) = if has(op::ALTACT_ALIAS) {
                let to = to.as_reference()?;
                let (Some(pid), Some(alias)) = (to.process(), to.local_id()) else {
                    return Some(Ok(()));
                };
                let used = match exit {
                    true => Use::AliasExit { from, alias, priority },
                    false => Use::Alias { alias, priority },
                };
                (Some(pid), used)
            } else {
                let used = if exit { Use::Exit { from, linked: false } } else { Use::Message };
                let to = match has(op::ALTACT_NAME) {
                    true => match vm.registry.lookup(to.as_atom()?) {
                        Some(Named::Process(to)) => Some(to),
                        _ => None,
                    },
                    false => to.as_pid()?.local(),
                };
                (to, used)
            };
            if let Some(to) = to {
                return Some(deliver(vm, to, Sender::Remote(from, c.id), payload, used, token));
            }
        }
        (op::PAYLOAD_MONITOR_P_EXIT, &[watched, watcher, reference]) => {
            watched_over_there(watched)?;
            let id = reference.as_reference()?.local_id();
            if let (Ok(to), Some(id)) = (mine(watcher)?, id) {
                return Some(deliver(vm, to, Sender::None, payload, Use::Down(id), None));
            }
        }
        (op::MONITOR_P_EXIT, &[watched, watcher, reference, reason]) => {
            watched_over_there(watched)?;
            let id = reference.as_reference()?.local_id();
            if let (Ok(to), Some(reference)) = (mine(watcher)?, id) {
                let d = DownSignal { reference, reason: OwnedTerm::copy_of(reason), afar: true };
                vm.signal(to, Sender::None, Body::Down(Box::new(d)));
            }
        }
        (op::PAYLOAD_EXIT | op::PAYLOAD_EXIT_TT, &[from, to, ref token @ ..]) => {
            let token = token_of(code, token)?;
            let (from, to) = (theirs(from)?, to.as_pid()?.local()?);
            let used = Use::Exit { from, linked: true };
            return Some(deliver(vm, to, Sender::Remote(from, c.id), payload, used, token));
        }
        (op::EXIT | op::EXIT_TT, &[from, to, ref token @ .., reason]) => {
            let token = token_of(code, token)?;
            let (from, to) = (theirs(from)?, to.as_pid()?.local()?);
            exit(vm, c, from, to, reason, true, token);
        }
        (op::PAYLOAD_EXIT2 | op::PAYLOAD_EXIT2_TT, &[from, to, ref token @ ..]) => {
            let token = token_of(code, token)?;
            let from = theirs(from)?;
            if let Ok(to) = mine(to)? {
                let used = Use::Exit { from, linked: false };
                return Some(deliver(vm, to, Sender::Remote(from, c.id), payload, used, token));
            }
        }
        (op::EXIT2 | op::EXIT2_TT, &[from, to, ref token @ .., reason]) => {
            let token = token_of(code, token)?;
            let from = theirs(from)?;
            if let Ok(to) = mine(to)? {
                exit(vm, c, from, to, reason, false, token);
            }
        }
        (op::MONITOR_P, &[watcher, watched, reference]) => {
            let watcher = theirs(watcher)?;
            let reference = RemoteRef::of(reference)?;
            monitor(vm, c, watcher, watched, reference)?;
        }
        (op::DEMONITOR_P, &[watcher, watched, reference]) => {
            theirs(watcher)?;
            let reference = RemoteRef::of(reference)?;
            let to = match watched.view() {
                View::Atom(_) => lock(&c.names).remove(&reference),
                _ => mine(watched)?.ok(),
            };
            if let Some(to) = to {
                vm.signal(to, Sender::None, Body::RemoteDemonitor(Box::new(reference)));
            }
        }
        (op::GROUP_LEADER, &[leader, to]) => {
            leader.as_pid()?;
            if let Some(to) = to.as_pid()?.local() {
                let leader = OwnedTerm::copy_of(leader);
                vm.signal(to, Sender::None, Body::GroupLeader(leader));
            }
        }
        (
            op::SPAWN_REQUEST | op::SPAWN_REQUEST_TT,
            &[reference, from, leader, mfa, options, ref token @ ..],
        ) => {
            let request = spawn::Request {
                reference: RemoteRef::of(reference)?,
                from: RemotePid::of(from)?,
                leader: leader.as_pid()?.term(),
                mfa: mfa.as_tuple_of::<3>()?,
                options,
                token: token_of(code, token)?,
            };
            let payload = match payload(false) {
                Ok(Arrived::Payload(p)) => p,
                Ok(Arrived::Term(_)) => return None,
                Err(bad) => return Some(Err(bad)),
            };
            spawn::serve(vm, c, request, payload)?;
        }
        (op::SPAWN_REPLY | op::SPAWN_REPLY_TT, &[reference, to, flags, result, ref token @ ..]) => {
            let token = token_of(code, token)?;
            let flags =
                flags.as_u64().and_then(|f| u32::try_from(f).ok()).filter(|f| *f < 1 << 27)?;
            let result = match result.view() {
                View::Atom(a) => Err(a),
                _ => Ok(RemotePid::of(result)?),
            };
            let id = reference.as_reference()?.local_id();
            if let (Ok(to), Some(reference)) = (mine(to)?, id) {
                let (id, node) = (c.id, c.name);
                let r = spawn::Reply { reference, flags, result, id, node, token };
                vm.signal(to, Sender::None, Body::SpawnReply(Box::new(r)));
            }
        }
        _ => return None,
    }
    Some(Ok(()))
}

/// The token at the end of a control message, if it is of a kind that has one. `None`: it is not as it should be.
fn token_of(code: i64, rest: &[Term<'_>]) -> Option<Option<OwnedTerm>> {
    let traced = matches!(
        code,
        op::SEND_TT
            | op::SEND_SENDER_TT
            | op::REG_SEND_TT
            | op::ALIAS_SEND_TT
            | op::EXIT_TT
            | op::EXIT2_TT
            | op::PAYLOAD_EXIT_TT
            | op::PAYLOAD_EXIT2_TT
            | op::SPAWN_REQUEST_TT
            | op::SPAWN_REPLY_TT
    );
    match (traced, rest) {
        (false, []) => Some(None),
        (true, &[token]) => seq::from_afar(token).map(Some),
        _ => None,
    }
}

/// A process of this node, or of an earlier incarnation of it.
fn mine(t: Term<'_>) -> Option<Result<u64, RemotePid>> {
    let pid = t.as_pid()?;
    match pid.local() {
        Some(pid) => Some(Ok(pid)),
        None => RemotePid::of(t).filter(|p| p.node_name() == term::node::this().name).map(Err),
    }
}

fn watched_over_there(t: Term<'_>) -> Option<()> {
    match t.view() {
        View::Atom(_) => Some(()),
        _ => RemotePid::of(t).map(|_| ()),
    }
}

fn deliver(
    vm: &'static Vm,
    to: u64,
    from: Sender,
    payload: &dyn Fn(bool) -> Result<Arrived, Bad>,
    used: Use,
    token: Option<OwnedTerm>,
) -> Result<(), Bad> {
    let Some(p) = vm.processes.lookup(to) else { return Ok(()) };
    match payload(matches!(used, Use::Message))? {
        // Who traces it may ask who sent it.
        Arrived::Term(t) if p.trace.has(crate::trace::flag::RECEIVE) => {
            vm.signal(to, from, Body::Message(Message::new(t).with_token(token)));
        }
        Arrived::Term(t) => vm.send_to(from, &p, Message::new(t).with_token(token)),
        Arrived::Payload(payload) => {
            vm.signal(to, from, Body::Encoded(Box::new(Encoded { payload, used, token })));
        }
    }
    Ok(())
}

fn exit(
    vm: &'static Vm,
    c: &Connection,
    from: RemotePid,
    to: u64,
    reason: Term<'_>,
    linked: bool,
    token: Option<OwnedTerm>,
) {
    let x = ExitSignal {
        reason: OwnedTerm::copy_of(reason),
        linked,
        kill: !linked && reason.is_atom_of(am::KILL),
        sender: OwnedTerm::build(|h| from.term(h)),
        token,
    };
    vm.signal(to, Sender::Remote(from, c.id), Body::Exit(Box::new(x)));
}

fn monitor(
    vm: &'static Vm,
    c: &Arc<Connection>,
    watcher: RemotePid,
    watched: Term<'_>,
    reference: RemoteRef,
) -> Option<()> {
    let (to, shown) = match watched.view() {
        View::Atom(name) => match vm.registry.lookup(name) {
            Some(Named::Process(pid)) => {
                lock(&c.names).insert(reference, pid);
                (Some(pid), Watched::Name(name))
            }
            _ => (None, Watched::Name(name)),
        },
        _ => match mine(watched)? {
            Ok(pid) => (Some(pid), Watched::Pid(pid)),
            Err(former) => (None, Watched::Former(former)),
        },
    };
    match to {
        Some(pid) => {
            let m = RemoteMonitor { reference, watcher, shown, node: c.name, id: c.id };
            vm.signal(pid, Sender::Remote(watcher, c.id), Body::RemoteMonitor(Box::new(m)));
        }
        None => {
            let op = op::Op::MonitorExit { from: shown, to: watcher, reference };
            super::relation::send(vm, c, op, Some(Term::atom(am::NOPROC)));
        }
    }
    Some(())
}

/// Tells the logger what came in.
fn report(vm: &'static Vm, c: &Connection, bytes: &[u8], bad: Bad) {
    /// Bytes shown.
    const MOST: usize = 1000;
    let this = term::node::this().name;
    let text = match bad {
        Bad::Message(text) => {
            let cut: String = text.chars().take(200).collect();
            format!("Invalid distribution message: {cut}")
        }
        Bad::Header | Bad::Term => {
            let what =
                if matches!(bad, Bad::Header) { "distribution header" } else { "external term" };
            let shown: Vec<String> = bytes.iter().take(MOST).map(|b| b.to_string()).collect();
            let more = if bytes.len() > MOST { ",..." } else { "" };
            let (this, node) = (this.name(), c.name.name());
            let list = shown.join(",");
            let id = c.id;
            format!(
                "{this} got a corrupted {what} from {node} on distribution channel {id}\n<<{list}{more}>>"
            )
        }
    };
    vm.log_error(None, Term::NIL, |h| (h.string("~s~n"), h.list(&[h.string(&text)])));
}
