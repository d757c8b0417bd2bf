//! What an op may do besides writing its destinations, as the tables declare it.

use std::ops::BitOr;

/// A set of effects. `PURE` ops only write destinations or branch, and cannot raise.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Effects(u8);

impl Effects {
    /// Nothing but destinations and branching.
    pub const PURE: Effects = Effects(1);
    /// May collect: X registers at or above `live` are lost.
    pub const GC: Effects = Effects(2);
    /// May raise an exception.
    pub const RAISE: Effects = Effects(4);
    /// May leave the scheduler.
    pub const YIELD: Effects = Effects(8);
    /// Runs other Erlang code: of the X registers only x0 survives.
    pub const CALL: Effects = Effects(16);
    /// Never goes on to the next op.
    pub const END: Effects = Effects(32);
    /// Makes, drops or changes the stack frame.
    pub const FRAME: Effects = Effects(64);

    /// No effect at all.
    pub const fn none() -> Effects {
        Effects(0)
    }

    pub const fn with(self, other: Effects) -> Effects {
        Effects(self.0 | other.0)
    }

    /// Whether every effect of `other` is in this set.
    pub const fn has(self, other: Effects) -> bool {
        self.0 & other.0 == other.0
    }
}

impl BitOr for Effects {
    type Output = Effects;
    fn bitor(self, other: Effects) -> Effects {
        self.with(other)
    }
}

/// The words that tables use.
macro_rules! effects {
    (@ pure) => { Effects::PURE };
    (@ gc) => { Effects::GC };
    (@ raise) => { Effects::RAISE };
    (@ yield) => { Effects::YIELD };
    (@ call) => { Effects::CALL };
    (@ end) => { Effects::END };
    (@ frame) => { Effects::FRAME };
    ($($name:tt)*) => {
        Effects::none()$(.with(effects!(@ $name)))*
    };
}
pub(crate) use effects;
