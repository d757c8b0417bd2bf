//! Checks of what the loader could not prove (`loader::Check`), each before the instruction that relies
//! on it. Compilers only leave out a test when they know how it ends, so what fails here is
//! code that no compiler made: it gets `badarg`.

use super::operand::*;
use super::{Handler, Regs, go, save};
use crate::code::emit::Emitter;
use loader::{Check, Wanted};
use term::RawTerm;
use term::atom::am;
use term::term::Subtag;

macro_rules! checks {
    ($($(#[$doc:meta])* $name:ident, $slots:literal, |$t:ident, $at:ident| $holds:expr;)*) => { $(
        $(#[$doc])*
        unsafe extern "C" fn $name<S: Src>(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
            let ($t, $at) = (S::get(r, e, ip.add(2)), ip.add(2 + S::N));
            if $holds {
                let _ = $at;
                go!(r, ip.add(2 + S::N + $slots), htop, e, fc)
            }
            return failed(r, ip, htop, e, fc);
        }
    )* };
}
checks! {
    cons, 0, |t, at| t.is_list();
    map, 0, |t, at| t.is_boxed_of(Subtag::FlatMap) || t.is_boxed_of(Subtag::HashMap);
    context, 0, |t, at| t.is_boxed_of(Subtag::MatchContext);
    /// Then the least and the largest arity.
    tuple, 2, |t, at| t.is_boxed_of(Subtag::Tuple)
        && (*at as usize..=*at.add(1) as usize).contains(&(t.boxed_header().header_arity()));
}

#[cold]
#[inline(never)]
unsafe extern "C" fn failed(r: *mut Regs, ip: *const u32, htop: *mut u64, e: *mut u64, fc: i64) {
    save(r, htop, e, fc);
    super::except::error(r, ip, RawTerm::atom(am::BADARG))
}

pub(crate) fn emit(e: &mut Emitter<'_>, check: &Check) {
    if let (Wanted::Cleared, isa::Src::X(x, _)) = (&check.wanted, check.src) {
        e.move_(&isa::Src::Nil, &isa::Dst::X(x));
        return;
    }
    let k = e.kind(&check.src);
    let handler = match check.wanted {
        Wanted::Cons => by_src!(k, cons),
        Wanted::Map => by_src!(k, map),
        Wanted::MatchContext => by_src!(k, context),
        Wanted::TupleOf(_) => by_src!(k, tuple),
        Wanted::Cleared => return,
    };
    e.op(handler).src(&check.src);
    if let Wanted::TupleOf(arities) = &check.wanted {
        e.u32(*arities.start()).u32(*arities.end());
    }
}
