//! Operations on a port that is free, looked at by nobody, and not behind with anything: carried out as calls of its driver.
//!
//! That is how nearly all are found. The general way (`request.rs`, `ops.rs`) makes a request of each, which may wait, be
//! held back or be shown to a tracer; what cannot be done here goes there.

use super::{BUSY, CLOSING, Control, Driver, Port, PortCx};
use crate::bif::Cx;
use crate::trace::flag;
use core::sync::atomic::Ordering;
use std::sync::Arc;
use term::Term;
use term::atom::am;

impl Port {
    /// `None`: nothing was done, and the general way is to be taken, which also sees to what has come meanwhile.
    #[inline]
    fn directly<R>(
        self: &Arc<Self>,
        cx: &Cx<'_>,
        f: impl FnOnce(&mut dyn Driver, &mut PortCx<'_>) -> R,
    ) -> Option<R> {
        let vm = cx.vm();
        let mut core = self.try_core()?;
        let plain = !self.is(BUSY | CLOSING)
            && !self.trace.has(flag::RUNNING_PORTS | flag::RECEIVE | flag::SEND)
            && !cx.with(|p| crate::trace::event::port_calls(p))
            && self.waiting.load(Ordering::Acquire) == 0
            && core.state.held.is_empty();
        if !plain {
            return None;
        }
        vm.profile.port(vm, self.id, true);
        core.state.caller = cx.pid();
        let r = self.callback_of(vm, &mut core, Some(cx), f);
        if self.waiting.load(Ordering::Acquire) != 0 || !core.state.held.is_empty() {
            self.drain(vm, &mut core);
        }
        vm.profile.port(vm, self.id, false);
        drop(core);
        self.settle(vm);
        r
    }
}

/// A control operation: its answer.
#[inline]
pub(super) fn control<'p>(
    cx: &Cx<'p>,
    port: &Arc<Port>,
    op: u32,
    bytes: &[u8],
) -> Option<Term<'p>> {
    let answer = port.directly(cx, |d, p| d.control(p, op, bytes))?;
    let h = cx.heap();
    let result = match answer {
        None => am::BADARG.into(),
        Some(Control::List(v)) => h.byte_list(&v),
        Some(Control::Few(few)) => h.byte_list(few.bytes()),
        Some(Control::Binary(v)) => h.binary(&v),
        Some(Control::Shared(b)) => h.shared_binary(b),
    };
    super::request::done(cx);
    Some(result)
}

/// Output of few bytes by `port_command`.
#[inline]
pub(super) fn command<'p>(cx: &Cx<'p>, port: &Arc<Port>, bytes: &[u8]) -> Option<Term<'p>> {
    let vm = cx.vm();
    port.directly(cx, |d, p| {
        p.state.output += bytes.len() as u64;
        vm.ports.output.fetch_add(bytes.len() as u64, Ordering::Relaxed);
        d.command_bytes(p, bytes);
    })?;
    super::request::done(cx);
    Some(am::TRUE.into())
}
