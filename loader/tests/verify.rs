//! What the verifier accepts and refuses.

mod common;

use common::{Asm, a, f, i, list, lit, term, u, x, y};
use loader::isa::Op;
use loader::{FrameInfo, Literal};

/// Loads a module with one function of `arity` arguments whose body `body` writes.
fn body(arity: u32, body: impl FnOnce(&mut Asm)) -> Result<loader::Module, String> {
    let mut asm = Asm::new();
    asm.literals.push(vec![131, 106]);
    asm.function(2, arity);
    body(&mut asm);
    asm.load().map_err(|e| e.message)
}

#[track_caller]
fn refused(arity: u32, text: &str, code: impl FnOnce(&mut Asm)) {
    match body(arity, code) {
        Ok(_) => panic!("accepted"),
        Err(message) => assert!(message.contains(text), "{message}"),
    }
}

const RETURN: u8 = 19;
const MOVE: u8 = 64;

#[test]
fn simple_functions() {
    let module = body(1, |asm| {
        asm.op(RETURN, &[]);
    })
    .expect("identity");
    assert_eq!(&*module.name, "m");
    assert_eq!(module.functions.len(), 1);
    assert_eq!(module.functions[0].ops, 0..4);
    assert_eq!(module.code.last(), Some(&Op::IntCodeEnd {}));
    assert_eq!(module.labels, [u32::MAX, 0, 2]);
}

#[test]
fn frames_are_known() {
    let module = body(1, |asm| {
        asm.op(12, &[u(2), u(1)]).op(MOVE, &[x(0), y(1)]);
        asm.op(4, &[u(1), f(2)]).op(136, &[u(1), u(1)]).op(MOVE, &[y(0), x(0)]);
        asm.op(18, &[u(1)]).op(RETURN, &[]);
    })
    .expect("frames");
    assert_eq!(module.frames[5], FrameInfo::Words(2));
    assert_eq!(module.frames[7], FrameInfo::Words(1));
    assert_eq!(module.frames[9], FrameInfo::None);
}

#[test]
fn registers() {
    refused(0, "not initialised", |asm| {
        asm.op(RETURN, &[]);
    });
    refused(1, "not initialised", |asm| {
        asm.op(MOVE, &[x(1), x(0)]).op(RETURN, &[]);
    });
    refused(1, "no such x register", |asm| {
        asm.op(MOVE, &[x(0), x(1023)]).op(RETURN, &[]);
    });
    refused(1, "outside of the stack frame", |asm| {
        asm.op(MOVE, &[x(0), y(0)]).op(RETURN, &[]);
    });
    refused(1, "outside of the stack frame", |asm| {
        asm.op(12, &[u(1), u(1)]).op(MOVE, &[y(1), x(0)]).op(18, &[u(1)]).op(RETURN, &[]);
    });
    // A collection loses what is not live; a call all but x0.
    refused(2, "not initialised", |asm| {
        asm.op(16, &[u(1), u(1)]).op(MOVE, &[x(1), x(0)]).op(RETURN, &[]);
    });
    refused(2, "not initialised", |asm| {
        asm.op(12, &[u(0), u(2)]).op(4, &[u(2), f(2)]).op(MOVE, &[x(1), x(0)]);
        asm.op(18, &[u(0)]).op(RETURN, &[]);
    });
    // Known on one way only.
    refused(1, "not initialised", |asm| {
        let label = asm.new_label();
        asm.op(52, &[f(label), x(0)]).op(MOVE, &[i(1), x(1)]).op(1, &[u(label)]);
        asm.op(MOVE, &[x(1), x(0)]).op(RETURN, &[]);
    });
    refused(70, "not initialised", |asm| {
        asm.op(16, &[u(1), u(68)]).op(MOVE, &[x(68), x(0)]).op(RETURN, &[]);
    });
}

#[test]
fn stack_frames() {
    refused(1, "another size", |asm| {
        asm.op(12, &[u(1), u(1)]).op(18, &[u(2)]).op(RETURN, &[]);
    });
    refused(1, "there is a stack frame", |asm| {
        asm.op(12, &[u(1), u(1)]).op(RETURN, &[]);
    });
    refused(1, "no stack frame", |asm| {
        asm.op(4, &[u(1), f(2)]).op(RETURN, &[]);
    });
    refused(1, "another size", |asm| {
        asm.op(12, &[u(1), u(1)]).op(5, &[u(1), f(2), u(0)]);
    });
    refused(1, "falls off", |asm| {
        asm.op(MOVE, &[i(1), x(0)]);
    });
    refused(1, "differ", |asm| {
        let label = asm.new_label();
        asm.op(52, &[f(label), x(0)]).op(12, &[u(1), u(1)]).op(1, &[u(label)]);
        asm.op(18, &[u(1)]).op(RETURN, &[]);
    });
}

#[test]
fn shared_error_code_is_copied() {
    let module = body(1, |asm| {
        let label = asm.new_label();
        asm.op(52, &[f(label), x(0)]).op(12, &[u(1), u(1)]);
        asm.op(52, &[f(label), x(0)]).op(18, &[u(1)]).op(RETURN, &[]);
        asm.op(1, &[u(label)]).op(72, &[x(0)]);
    })
    .expect("shared badmatch");
    let of = |frame| {
        let ops = module.code.iter().zip(&module.frames);
        ops.filter(|(op, f)| matches!(op, Op::Badmatch { .. }) && **f == frame).count()
    };
    assert_eq!((of(FrameInfo::None), of(FrameInfo::Words(1))), (1, 1));
}

#[test]
fn heap_space() {
    let pair = |asm: &mut Asm| {
        asm.op(69, &[x(0), a(0), x(0)]);
    };
    body(1, |asm| {
        asm.op(16, &[u(4), u(1)]);
        pair(asm);
        pair(asm);
        asm.op(RETURN, &[]);
    })
    .expect("two pairs");
    refused(1, "not reserved", |asm| {
        asm.op(16, &[u(3), u(1)]);
        pair(asm);
        pair(asm);
        asm.op(RETURN, &[]);
    });
    refused(1, "too much heap", |asm| {
        asm.op(16, &[u(1 << 30), u(1)]).op(RETURN, &[]);
    });
}

#[test]
fn labels_and_calls() {
    refused(1, "label is not in this function", |asm| {
        asm.op(61, &[f(77)]);
    });
    refused(1, "not a function", |asm| {
        asm.op(6, &[u(1), f(1)]);
    });
    refused(1, "not a function", |asm| {
        asm.op(6, &[u(2), f(2)]);
    });
    refused(1, "no such import", |asm| {
        asm.op(78, &[u(1), u(2)]);
    });
    refused(1, "another arity", |asm| {
        asm.op(78, &[u(1), u(0)]);
    });
    refused(1, "no such lambda", |asm| {
        asm.op(171, &[u(0), x(0), list(&[])]).op(RETURN, &[]);
    });
    refused(1, "label is missing", |asm| {
        asm.op(52, &[f(0), x(0)]).op(RETURN, &[]);
    });
    let mut asm = Asm::new();
    asm.function(2, 1);
    let other = asm.labels;
    asm.op(61, &[f(u64::from(other))]);
    asm.function(6, 1);
    asm.op(RETURN, &[]);
    let message = asm.load().expect_err("jump into another function").message;
    assert!(message.contains("label is not in this function"), "{message}");
}

#[test]
fn exceptions() {
    let wrong = |end: u8| {
        move |asm: &mut Asm| {
            let handler = asm.new_label();
            asm.op(12, &[u(1), u(1)]).op(104, &[y(0), f(handler)]).op(4, &[u(1), f(2)]);
            asm.op(end, &[y(0)]).op(18, &[u(1)]).op(RETURN, &[]);
            asm.op(1, &[u(handler)]).op(106, &[y(0)]).op(18, &[u(1)]).op(RETURN, &[]);
        }
    };
    body(1, wrong(105)).expect("try");
    refused(1, "no such catch or try", wrong(63));
    refused(1, "catch or try is active", |asm| {
        let handler = asm.new_label();
        asm.op(12, &[u(1), u(1)]).op(62, &[y(0), f(handler)]).op(18, &[u(1)]).op(RETURN, &[]);
        asm.op(1, &[u(handler)]).op(63, &[y(0)]).op(18, &[u(1)]).op(RETURN, &[]);
    });
    refused(1, "holds a tag", |asm| {
        let handler = asm.new_label();
        asm.op(12, &[u(1), u(1)]).op(62, &[y(0), f(handler)]).op(MOVE, &[y(0), x(0)]);
        asm.op(1, &[u(handler)]).op(63, &[y(0)]).op(18, &[u(1)]).op(RETURN, &[]);
    });
}

#[test]
fn a_call_that_may_return_does_not_run_into_a_handler() {
    let module = body(1, |asm| {
        let handler = asm.new_label();
        asm.op(12, &[u(1), u(1)]).op(104, &[y(0), f(handler)]).op(4, &[u(1), f(2)]);
        asm.op(1, &[u(handler)]).op(106, &[y(0)]).op(18, &[u(1)]).op(RETURN, &[]);
    })
    .expect("call before a handler");
    assert!(module.code.contains(&Op::IfEnd {}));
}

#[test]
fn indexes() {
    refused(1, "literal out of range", |asm| {
        asm.op(MOVE, &[lit(1), x(0)]).op(RETURN, &[]);
    });
    refused(1, "atom out of range", |asm| {
        asm.op(MOVE, &[a(7), x(0)]).op(RETURN, &[]);
    });
    refused(1, "outside of the string table", |asm| {
        asm.op(132, &[f(1), x(0), u(8), u(0)]).op(RETURN, &[]);
    });
    let module = body(1, |asm| {
        let big = [vec![0xf9], u(0), vec![1, 0, 0, 0, 0, 0, 0, 0, 0]].concat();
        asm.op(MOVE, &[big, x(0)]).op(RETURN, &[]);
    })
    .expect("large integer");
    let bytes = [1, 0, 0, 0, 0, 0, 0, 0, 0].into();
    assert_eq!(module.literals[1], Literal::BigInt { negative: false, bytes });
    assert_eq!(term(1, 5000).len(), 3);
}

#[test]
fn loops_give_way() {
    refused(1, "never gives way", |asm| {
        let label = asm.new_label();
        asm.op(1, &[u(label)]).op(16, &[u(1), u(1)]).op(61, &[f(label)]);
    });
    // Through a handler, and past a wait that may take no time.
    refused(1, "never gives way", |asm| {
        let (label, handler) = (asm.new_label(), asm.new_label());
        asm.op(12, &[u(1), u(1)]).op(1, &[u(label)]).op(104, &[y(0), f(handler)]).op(74, &[i(1)]);
        asm.op(1, &[u(handler)]).op(106, &[y(0)]).op(61, &[f(label)]);
    });
    refused(0, "never gives way", |asm| {
        let label = asm.new_label();
        asm.op(1, &[u(label)]).op(26, &[f(label), i(0)]).op(61, &[f(label)]);
    });
    body(0, |asm| {
        let (label, wait) = (asm.new_label(), asm.new_label());
        asm.op(1, &[u(label)]).op(23, &[f(wait), x(0)]).op(24, &[f(label)]);
        asm.op(1, &[u(wait)]).op(25, &[f(label)]);
    })
    .expect("a receive");
}
