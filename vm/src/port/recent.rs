//! The ports that a thread used last, at hand without a lock and without counting: who talks to a socket does so again.

use super::{CLOSING, Port};
use crate::vm::Vm;
use core::cell::Cell;
use core::ops::Deref;
use std::sync::Arc;

/// Places, by the port's number.
const KEPT: usize = 4;

thread_local! {
    /// The address of the VM, and the port.
    static RECENT: [Cell<Option<(usize, Arc<Port>)>>; KEPT] = const { [const { Cell::new(None) }; KEPT] };
}

/// A port for the time of a call. It goes back to its place afterwards.
pub struct Lent(Option<(usize, Arc<Port>)>);

impl Deref for Lent {
    type Target = Arc<Port>;
    fn deref(&self) -> &Arc<Port> {
        match &self.0 {
            Some((_, port)) => port,
            None => unreachable!("taken out only when dropped"),
        }
    }
}

impl Drop for Lent {
    fn drop(&mut self) {
        if let Some(kept) = self.0.take()
            && !kept.1.is(CLOSING)
        {
            // A thread that ends has none.
            let _ = RECENT.try_with(|all| all[kept.1.id as usize % KEPT].set(Some(kept)));
        }
    }
}

/// The port of this number, unless it is gone or about to go.
pub(super) fn get(vm: &'static Vm, id: u64) -> Option<Lent> {
    let here = core::ptr::from_ref(vm).addr();
    let kept = RECENT.try_with(|all| all[id as usize % KEPT].take()).ok().flatten();
    let port = match kept {
        Some((of, port)) if of == here && port.id == id => port,
        _ => vm.ports.get(id)?,
    };
    (!port.is(CLOSING)).then(|| Lent(Some((here, port))))
}
