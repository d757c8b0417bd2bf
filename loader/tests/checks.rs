//! What the emulator must check of the terms that ops rely on.

mod common;

use common::{Asm, a, f, i, list, lit, u, x, y};
use loader::Wanted::{self, Cons, Map, MatchContext, TupleOf};

const MOVE: u8 = 64;
const GET_LIST: u8 = 65;
const GET_ELEMENT: u8 = 66;
const SET_ELEMENT: u8 = 67;
const RETURN: u8 = 19;

/// A module with one function of `arity` arguments.
fn load(arity: u32, body: impl FnOnce(&mut Asm)) -> Result<loader::Module, String> {
    let mut asm = Asm::new();
    // `[[]]` and `{[]}`.
    asm.literals.push(vec![131, 108, 0, 0, 0, 1, 106, 106]);
    asm.literals.push(vec![131, 104, 1, 106]);
    asm.function(2, arity);
    body(&mut asm);
    asm.load().map_err(|e| e.message)
}

/// What is checked in such a function.
#[track_caller]
fn checks(arity: u32, body: impl FnOnce(&mut Asm)) -> Vec<Wanted> {
    let module = load(arity, body).expect("loads");
    module.checks.iter().map(|check| check.wanted.clone()).collect()
}

#[test]
fn lists() {
    let head = |asm: &mut Asm| {
        asm.op(GET_LIST, &[x(0), x(1), x(2)]).op(RETURN, &[]);
    };
    assert_eq!(checks(1, head), [Cons]);
    let tested = |asm: &mut Asm| {
        asm.op(56, &[f(1), x(0)]);
        head(asm);
    };
    assert_eq!(checks(1, tested), []);
    // Neither `is_list` alone nor `[]`.
    assert_eq!(
        checks(1, |asm| {
            asm.op(55, &[f(1), x(0)]);
            head(asm);
        }),
        [Cons]
    );
    assert_eq!(
        checks(1, |asm| {
            asm.op(MOVE, &[a(0), x(0)]);
            head(asm);
        }),
        [Cons]
    );
    // A literal, and a list that is not empty.
    assert_eq!(
        checks(1, |asm| {
            asm.op(MOVE, &[lit(0), x(0)]);
            head(asm);
        }),
        []
    );
    assert_eq!(
        checks(1, |asm| {
            asm.op(55, &[f(1), x(0)]).op(44, &[f(1), x(0), a(0)]);
            head(asm);
        }),
        []
    );
}

#[test]
fn one_check_does_for_a_run_of_elements() {
    let run = |asm: &mut Asm| {
        asm.op(GET_ELEMENT, &[x(0), u(0), x(1)]).op(GET_ELEMENT, &[x(0), u(4), x(2)]);
        asm.op(GET_ELEMENT, &[x(0), u(1), x(0)]).op(GET_ELEMENT, &[x(0), u(6), x(0)]);
        asm.op(RETURN, &[]);
    };
    assert_eq!(checks(1, run), [TupleOf(5..=u32::MAX), TupleOf(7..=u32::MAX)]);
    let tested = |asm: &mut Asm| {
        asm.op(57, &[f(1), x(0)]).op(58, &[f(1), x(0), u(5)]);
        run(asm);
    };
    assert_eq!(checks(1, tested), [TupleOf(7..=u32::MAX)]);
    // `test_arity` itself wants a tuple.
    let alone = |asm: &mut Asm| {
        asm.op(58, &[f(1), x(0), u(2)]).op(RETURN, &[]);
    };
    assert_eq!(checks(1, alone), [TupleOf(0..=u32::MAX)]);
    let literal = |index| {
        move |asm: &mut Asm| {
            asm.op(GET_ELEMENT, &[lit(1), u(index), x(0)]).op(RETURN, &[]);
        }
    };
    assert_eq!(checks(0, literal(0)), []);
    assert_eq!(checks(0, literal(1)), [TupleOf(2..=u32::MAX)]);
}

#[test]
fn what_is_known_goes_along_with_copies() {
    let load = |overwritten| {
        let mut asm = Asm::new();
        asm.function(2, 1);
        let out = asm.new_label();
        asm.op(12, &[u(1), u(1)]).op(MOVE, &[x(0), y(0)]).op(57, &[f(out), x(0)]);
        if overwritten {
            asm.op(MOVE, &[i(1), y(0)]);
        }
        asm.op(58, &[f(out), x(0), u(1)]).op(4, &[u(1), f(2)]);
        asm.op(GET_ELEMENT, &[y(0), u(0), x(0)]).op(1, &[u(out)]);
        asm.op(18, &[u(1)]).op(RETURN, &[]);
        asm.load()
    };
    assert_eq!(load(false).expect("loads").checks.len(), 0);
    assert_eq!(load(true).expect("loads").checks.len(), 1);
}

#[test]
fn ways_that_meet_keep_what_both_know() {
    let meet = |second: u64| {
        move |asm: &mut Asm| {
            let (other, both) = (asm.new_label(), asm.new_label());
            asm.op(57, &[f(1), x(0)]).op(58, &[f(other), x(0), u(2)]).op(61, &[f(both)]);
            asm.op(1, &[u(other)]).op(58, &[f(1), x(0), u(second)]).op(1, &[u(both)]);
            asm.op(GET_ELEMENT, &[x(0), u(1), x(0)]).op(RETURN, &[]);
        }
    };
    assert_eq!(checks(1, meet(3)), []);
    assert_eq!(checks(1, meet(1)), [TupleOf(2..=u32::MAX)]);
}

#[test]
fn maps_and_match_contexts() {
    assert_eq!(
        checks(1, |asm| {
            asm.op(158, &[f(1), x(0), list(&[a(2), x(1)])]).op(RETURN, &[]);
        }),
        [Map]
    );
    let tail = |asm: &mut Asm| {
        asm.op(121, &[f(1), x(0), u(0)]).op(RETURN, &[]);
    };
    assert_eq!(checks(1, tail), [MatchContext]);
    let started = |asm: &mut Asm| {
        asm.op(166, &[f(1), x(0), u(1), x(0)]);
        tail(asm);
    };
    assert_eq!(checks(1, started), []);
}

#[test]
fn only_new_tuples_are_written() {
    let set = |asm: &mut Asm| {
        asm.op(SET_ELEMENT, &[i(1), x(0), u(0)]).op(RETURN, &[]);
    };
    let message = load(1, set).expect_err("a tuple that others may see");
    assert!(message.contains("not new"), "{message}");
    let message = load(0, |asm| {
        asm.op(16, &[u(2), u(0)]).op(164, &[x(0), list(&[i(1)])]);
        set(asm);
    });
    assert!(message.is_err());
}

#[test]
fn handlers_look_at_what_was_raised_first() {
    let handler = |first: fn(&mut Asm)| {
        move |asm: &mut Asm| {
            let handler = asm.new_label();
            asm.op(12, &[u(1), u(1)]).op(62, &[y(0), f(handler)]).op(4, &[u(1), f(2)]);
            asm.op(1, &[u(handler)]);
            first(asm);
            asm.op(63, &[y(0)]).op(18, &[u(1)]).op(RETURN, &[]);
        }
    };
    assert!(load(1, handler(|_| ())).is_ok());
    let early = handler(|asm| {
        asm.op(MOVE, &[x(0), x(1)]);
    });
    let message = load(1, early).expect_err("x0 is no term there");
    assert!(message.contains("handler does not end"), "{message}");
}
