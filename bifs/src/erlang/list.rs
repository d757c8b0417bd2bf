//! List operations that the language itself has.

use crate::long;
use core::cmp::Ordering;
use std::collections::BTreeMap;
use term::compare;
use term::{Cons, Term};
use vm::bif::Held;
use vm::{BifResult, Cx, Resume};

vm::bifs! { pub TABLE: "erlang" {
    Guard "hd"/1 => hd(0);
    Guard "tl"/1 => tl(0);
    Guard "length"/1 => length(0);
    Plain "++"/2 => append(0, 1);
    Plain "append"/2 => append(0, 1);
    /// The left list without the first occurrence of each element of the right one.
    Plain "--"/2 => subtract(0, 1);
    Plain "subtract"/2 => subtract(0, 1);
} }

fn hd<'p>(_: &Cx<'p>, list: Cons<'p>) -> BifResult<'p> {
    Ok(list.head())
}

fn tl<'p>(_: &Cx<'p>, list: Cons<'p>) -> BifResult<'p> {
    Ok(list.tail())
}

/// For `apply` and funs: elsewhere it is an instruction.
fn length<'p>(cx: &Cx<'p>, list: Term<'p>) -> BifResult<'p> {
    let (rest, passed) = (cx.hold(list), 0);
    Box::new(Length { rest, passed }).resume(cx)
}

/// A list whose elements are being counted.
struct Length {
    rest: Held,
    passed: i64,
}

impl Resume for Length {
    fn resume<'p>(mut self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let budget = budget(cx, 16);
        let mut rest = cx.get(self.rest).iter_list();
        let n = rest.by_ref().take(budget).count();
        cx.bump(n / 16);
        self.passed += n as i64;
        match rest.tail() {
            end if end.is_nil() => Ok(Term::small(self.passed)),
            end if end.as_cons().is_none() => Err(cx.badarg()),
            more => {
                cx.set(self.rest, more);
                Err(cx.yield_to(*self))
            }
        }
    }
}

fn append<'p>(cx: &Cx<'p>, left: Term<'p>, right: Term<'p>) -> BifResult<'p> {
    if left.is_nil() {
        return Ok(right);
    }
    if !left.is_list() {
        return Err(cx.badarg());
    }
    let budget = budget(cx, 40);
    let mut rest = left.iter_list();
    let elements: Vec<_> = rest.by_ref().take(budget).collect();
    if rest.tail().as_cons().is_some() {
        // Too long for one go: turned round twice, in steps.
        let (rest, out) = (cx.hold(left), cx.hold(Term::nil()));
        return Box::new(Append {
            turn: Reverse { rest, out },
            right: cx.hold(right),
            back: false,
        })
        .resume(cx);
    }
    cx.bump(elements.len() / 40);
    if !rest.tail().is_nil() {
        return Err(cx.badarg());
    }
    if right.is_nil() {
        return Ok(left);
    }
    Ok(cx.heap().list_onto(&elements, right))
}

/// How many elements may be visited before others get their turn, at so many for a reduction.
pub fn budget(cx: &Cx<'_>, per_reduction: usize) -> usize {
    (cx.reductions_left().max(25) as usize).saturating_mul(per_reduction)
}

#[derive(Clone, Copy)]
struct Append {
    turn: Reverse,
    right: Held,
    back: bool,
}

impl Resume for Append {
    fn resume<'p>(mut self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        while let Some(list) = self.turn.step(cx)? {
            if self.back {
                return Ok(list);
            }
            self.back = true;
            cx.set(self.turn.rest, list);
            cx.set(self.turn.out, cx.get(self.right));
        }
        Err(cx.yield_to(*self))
    }
}

/// A list that is being reversed.
#[derive(Clone, Copy)]
pub struct Reverse {
    rest: Held,
    out: Held,
}

impl Reverse {
    /// Goes on; `None` if reductions ended before the list.
    fn step<'p>(&self, cx: &Cx<'p>) -> BifResult<'p, Option<Term<'p>>> {
        let heap = cx.heap();
        let budget = budget(cx, 40);
        let mut rest = cx.get(self.rest).iter_list();
        let mut out = cx.get(self.out);
        let mut n = 0;
        for x in rest.by_ref().take(budget) {
            out = heap.cons(x, out);
            n += 1;
        }
        cx.bump(n / 40);
        match rest.tail() {
            end if end.is_nil() => return Ok(Some(out)),
            end if end.as_cons().is_none() => return Err(cx.badarg()),
            _ => {}
        }
        cx.set(self.rest, rest.tail());
        cx.set(self.out, out);
        Ok(None)
    }
}

impl Resume for Reverse {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        match self.step(cx)? {
            Some(list) => Ok(list),
            None => Err(cx.yield_to(*self)),
        }
    }
}

/// `lists:reverse/2`.
pub fn reverse<'p>(cx: &Cx<'p>, list: Term<'p>, tail: Term<'p>) -> BifResult<'p> {
    let heap = cx.heap();
    let budget = budget(cx, 40);
    let (mut rest, mut out, mut n) = (list.iter_list(), tail, 0);
    for x in rest.by_ref().take(budget) {
        out = heap.cons(x, out);
        n += 1;
    }
    cx.bump(n / 40);
    match rest.tail() {
        end if end.is_nil() => Ok(out),
        end if end.as_cons().is_none() => Err(cx.badarg()),
        end => Err(cx.yield_to(Reverse { rest: cx.hold(end), out: cx.hold(out) })),
    }
}

/// Up to this many elements on the right each is looked for one by one.
const FEW: usize = 16;

fn subtract<'p>(cx: &Cx<'p>, left: Term<'p>, right: Term<'p>) -> BifResult<'p> {
    // Comparing takes longer than walking.
    let steps = long::steps(cx) / 8;
    let goes_on = |list: Term<'p>| {
        let mut rest = list.iter_list();
        rest.by_ref().take(steps).for_each(drop);
        rest.tail().as_cons().is_some()
    };
    if cx.scheduler() != 0 && (goes_on(left) || goes_on(right)) {
        return Err(long::elsewhere(cx, [left, right], |cx, [l, r]| subtract(cx, l, r)));
    }
    let (Some(left_elements), Some(right)) = (left.to_vec(), right.to_vec()) else {
        return Err(cx.badarg());
    };
    if left_elements.is_empty() || right.is_empty() {
        return Ok(left);
    }
    cx.bump((left_elements.len() + right.len()) / 8);
    let kept = if right.len() <= FEW {
        subtract_few(left_elements, right)
    } else {
        subtract_many(left_elements, right)
    };
    Ok(cx.heap().list(&kept))
}

fn subtract_few<'p>(mut left: Vec<Term<'p>>, mut right: Vec<Term<'p>>) -> Vec<Term<'p>> {
    left.retain(|&x| match right.iter().position(|&y| compare::eq_exact(x, y)) {
        Some(i) => {
            right.swap_remove(i);
            false
        }
        None => true,
    });
    left
}

/// A term as a key, by exact order.
struct Key<'p>(Term<'p>);

impl PartialEq for Key<'_> {
    fn eq(&self, other: &Self) -> bool {
        self.cmp(other).is_eq()
    }
}
impl Eq for Key<'_> {}
impl PartialOrd for Key<'_> {
    fn partial_cmp(&self, other: &Self) -> Option<Ordering> {
        Some(self.cmp(other))
    }
}
impl Ord for Key<'_> {
    fn cmp(&self, other: &Self) -> Ordering {
        compare::compare_exact(self.0, other.0)
    }
}

fn subtract_many<'p>(mut left: Vec<Term<'p>>, right: Vec<Term<'p>>) -> Vec<Term<'p>> {
    let mut count: BTreeMap<Key<'p>, usize> = BTreeMap::new();
    for y in right {
        *count.entry(Key(y)).or_insert(0) += 1;
    }
    left.retain(|&x| match count.get_mut(&Key(x)) {
        Some(n) if *n > 0 => {
            *n -= 1;
            false
        }
        _ => true,
    });
    left
}

#[cfg(test)]
mod tests {
    use super::*;
    use term::Heap;

    #[test]
    fn both_ways_of_subtracting_agree() {
        let h = Heap::new();
        let mut seed = 12345u64;
        let mut next = |n: u64| {
            seed = seed.wrapping_mul(6364136223846793005).wrapping_add(1442695040888963407);
            (seed >> 33) % n
        };
        for _ in 0..50 {
            let mut list = |n| -> Vec<Term> {
                (0..n)
                    .map(|_| match next(12) {
                        0 => h.float(next(3) as f64),
                        1 => h.tuple(&[Term::small(next(3) as i64)]),
                        _ => Term::small(next(6) as i64),
                    })
                    .collect()
            };
            let (a, b) = (list(40), list(30));
            let few = subtract_few(a.clone(), b.clone());
            let many = subtract_many(a, b);
            assert_eq!(few.len(), many.len());
            assert!(few.iter().zip(&many).all(|(x, y)| x.is_same(*y)));
        }
    }
}
