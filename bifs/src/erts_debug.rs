//! Natives of module `erts_debug` that look at terms.

pub mod dirty;
mod ets;
pub mod state;

use crate::long;
use term::{Term, size};
use vm::{BifResult, Cx};

vm::bifs! { pub TERMS: "erts_debug" {
    /// Words that a copy of the term takes.
    Plain "flat_size"/1 => flat_size(0);
    /// Words that the term takes, what is shared in it counted once.
    Plain "size_shared"/1 => size_shared(0);
    /// Whether two terms are one and the same in memory.
    Plain "same"/2 => same(0, 1);
} }

fn words<'p>(cx: &Cx<'p>, n: usize) -> BifResult<'p> {
    cx.bump(n / 40);
    Ok(Term::small(n as i64))
}

fn flat_size<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    if cx.scheduler() != 0 && size::is_larger(t, long::steps(cx)) {
        return Err(long::elsewhere(cx, [t], |cx, [t]| flat_size(cx, t)));
    }
    words(cx, size::flat_size(t))
}

fn size_shared<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    if cx.scheduler() != 0 && size::is_larger(t, long::steps(cx) / 4) {
        return Err(long::elsewhere(cx, [t], |cx, [t]| size_shared(cx, t)));
    }
    words(cx, size::shared_size(t))
}

fn same<'p>(_: &Cx<'p>, a: Term<'p>, b: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(size::same(a, b)))
}
