//! Sending by natives: large terms are encoded in time slices, and senders wait for a busy connection.

use super::connection::Connection;
use super::op::Op;
use super::output::{Encoding, Frame};
use super::peer::{RemotePid, RemoteRef};
use super::{Way, flags, relation};
use crate::bif::{BifResult, Cx, Held};
use crate::stop::Resume;
use crate::vm::Vm;
use std::collections::VecDeque;
use std::sync::Arc;
use term::{Atom, OwnedTerm, Term};

/// Units of the encoder that count as one reduction.
const PER_REDUCTION: usize = 32;

/// To whom a message goes.
#[derive(Clone, Copy)]
pub enum To {
    Pid(RemotePid),
    Name { node: Atom, name: Atom },
    Alias(RemoteRef),
}

/// What became of a message.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum Sent {
    /// It is on its way, as far as that can be known.
    Done,
    /// The sender would have to wait, and does not want to.
    Busy,
    /// There is no connection, and none is wanted or possible.
    NotConnected,
}

/// How to send.
#[derive(Clone, Copy, Default)]
pub struct How {
    pub nosuspend: bool,
    pub noconnect: bool,
    /// The message comes before ordinary ones where it goes through an alias that allows that.
    pub priority: bool,
}

/// Sends a message, with a token if there is one; if that takes longer the native returns `result` later.
pub fn send<'p>(
    cx: &Cx<'p>,
    to: To,
    message: Term<'p>,
    result: Term<'p>,
    how: How,
    token: impl FnOnce() -> Option<OwnedTerm>,
) -> BifResult<'p, Sent> {
    let node = match to {
        To::Pid(p) => p.node_name(),
        To::Name { node, .. } => node,
        To::Alias(r) => r.node.name,
    };
    let Way::Open(c) = cx.vm().dist.way(cx.vm(), node, !how.noconnect) else {
        return Ok(Sent::NotConnected);
    };
    if how.nosuspend && c.is_busy() && !cx.with(|p| p.flags.async_dist) {
        return Ok(Sent::Busy);
    }
    let from = cx.pid();
    let op = match to {
        To::Pid(to) => Op::Send { from, to },
        To::Name { name, .. } => Op::RegSend { from, name },
        To::Alias(_) if !c.may(flags::ALIAS) => return Ok(Sent::Done),
        To::Alias(to) => Op::AliasSend { from, to, priority: how.priority },
    };
    transmit(cx, c, op.traced(token()), message, result, how.nosuspend)?;
    Ok(Sent::Done)
}

/// Sends an operation with a payload; waits if the connection is busy afterwards.
pub fn transmit<'p>(
    cx: &Cx<'p>,
    c: Arc<Connection>,
    op: Op,
    payload: Term<'p>,
    result: Term<'p>,
    nosuspend: bool,
) -> BifResult<'p, ()> {
    if c.is_pending() {
        relation::send(cx.vm(), &c, op, Some(payload));
        cx.bump(4);
        return wait(cx, c, result, nosuspend);
    }
    let mut terms = Vec::new();
    let (all, mut budget) = budget(cx);
    let encoding = Encoding::start(cx.vm(), c.flags(), &op, Some(payload), &mut terms, &mut budget);
    let (encoding, done) = encoding.map_err(|_| cx.system_limit())?;
    cx.bump((all - budget) / PER_REDUCTION + 4);
    let job = Job { c, encoding, nosuspend, terms: None, result: None };
    job.after(cx, terms, result, done)
}

/// What the encoder may do now.
fn budget(cx: &Cx<'_>) -> (usize, usize) {
    let all = cx.reductions_left().clamp(64, 1 << 20) as usize * PER_REDUCTION;
    (all, all)
}

/// Waits while the connection is busy; the native then returns `result`.
fn wait<'p>(
    cx: &Cx<'p>,
    c: Arc<Connection>,
    result: Term<'p>,
    nosuspend: bool,
) -> BifResult<'p, ()> {
    let waits = !nosuspend && c.is_busy() && !cx.with(|p| p.flags.async_dist);
    if waits && c.wait_for(cx) {
        cx.held_up(true);
        cx.vm().monitor.busy_dist_port(cx.vm(), cx.pid(), c.controller());
        let result = cx.hold(result);
        return Err(cx.wait(Blocked { c, result }));
    }
    Ok(())
}

/// After a signal to a process of that node: as after a message, the native waits while the connection is busy.
pub fn pace<'p>(cx: &Cx<'p>, node: Atom, result: Term<'p>) -> BifResult<'p> {
    let connection = cx.vm().dist.find(node).and_then(|e| e.current());
    if let Some(c) = connection.filter(|c| c.is_busy() && c.is_connected()) {
        wait(cx, c, result, false)?;
    }
    Ok(result)
}

struct Job {
    c: Arc<Connection>,
    encoding: Encoding,
    nosuspend: bool,
    /// A tuple of the terms that the encoder still needs.
    terms: Option<Held>,
    result: Option<Held>,
}

impl Job {
    fn go_on<'p>(
        mut self,
        cx: &Cx<'p>,
        mut terms: Vec<Term<'p>>,
        result: Term<'p>,
    ) -> BifResult<'p, ()> {
        let (all, mut budget) = budget(cx);
        let done = self.encoding.step(cx.vm(), &mut terms, &mut budget);
        let done = done.map_err(|_| cx.system_limit())?;
        cx.bump((all - budget) / PER_REDUCTION + 4);
        self.after(cx, terms, result, done)
    }
    fn after<'p>(
        mut self,
        cx: &Cx<'p>,
        terms: Vec<Term<'p>>,
        result: Term<'p>,
        done: bool,
    ) -> BifResult<'p, ()> {
        match done {
            true => {
                let frames = self.encoding.finish();
                if frames.len() > 1 && !self.nosuspend && !cx.with(|p| p.flags.async_dist) {
                    let frames = VecDeque::from(frames);
                    let all = Pieces { vm: cx.vm(), c: self.c, frames, result: None };
                    return all.go_on(cx, result);
                }
                self.c.push(cx.vm(), frames);
                wait(cx, self.c, result, self.nosuspend)
            }
            false => {
                cx.bump_all();
                cx.keep(&mut self.result, result);
                cx.keep(&mut self.terms, cx.heap().tuple(&terms));
                Err(cx.yield_to(self))
            }
        }
    }
}

impl Resume for Job {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let terms = self.terms.and_then(|held| cx.get(held).as_tuple());
        let terms = cx.need(terms)?.elements().to_vec();
        let held = cx.need(self.result)?;
        let result = cx.get(held);
        self.go_on(cx, terms, result)?;
        Ok(result)
    }
}

/// The fragments of a large message, which are queued as the connection has room, so that nobody else waits for all of them.
struct Pieces {
    vm: &'static Vm,
    c: Arc<Connection>,
    frames: VecDeque<Frame>,
    result: Option<Held>,
}

/// Reductions that a fragment costs.
const FRAGMENT_REDS: usize = 100;

impl Pieces {
    fn go_on<'p>(mut self, cx: &Cx<'p>, result: Term<'p>) -> BifResult<'p, ()> {
        while let Some(frame) = self.frames.pop_front() {
            self.c.push(self.vm, vec![frame]);
            let rest = cx.bump(FRAGMENT_REDS);
            if self.frames.is_empty() {
                break;
            }
            if self.c.is_busy() && self.c.wait_for(cx) {
                cx.held_up(true);
                self.vm.monitor.busy_dist_port(self.vm, cx.pid(), self.c.controller());
                cx.keep(&mut self.result, result);
                return Err(cx.wait(self));
            }
            if !rest {
                cx.keep(&mut self.result, result);
                return Err(cx.yield_to(self));
            }
        }
        wait(cx, self.c.clone(), result, false)
    }
}

impl Resume for Pieces {
    fn only_returns(&self) -> bool {
        true
    }
    fn delays_end(&mut self, pid: u64) -> bool {
        if self.c.has_waiting(pid) {
            return true;
        }
        while let Some(frame) = self.frames.pop_front() {
            self.c.push(self.vm, vec![frame]);
            if !self.frames.is_empty() && self.c.wait_as(pid) {
                return true;
            }
        }
        false
    }
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        if self.c.has_waiting(cx.pid()) {
            return Err(cx.wait(*self));
        }
        cx.held_up(false);
        let held = cx.need(self.result)?;
        let result = cx.get(held);
        self.go_on(cx, result)?;
        Ok(result)
    }
}

/// Whoever ends while he sends has sent it.
impl Drop for Pieces {
    fn drop(&mut self) {
        let rest: Vec<Frame> = self.frames.drain(..).collect();
        if !rest.is_empty() {
            self.c.push(self.vm, rest);
        }
    }
}

struct Blocked {
    c: Arc<Connection>,
    result: Held,
}

impl Resume for Blocked {
    fn only_returns(&self) -> bool {
        true
    }
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        if self.c.has_waiting(cx.pid()) {
            return Err(cx.wait(*self));
        }
        // It had its turn, even if others have filled the queue again: else it might wait for ever.
        cx.held_up(false);
        Ok(cx.get(self.result))
    }
}
