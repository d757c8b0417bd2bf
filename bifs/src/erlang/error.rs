//! Raising exceptions.

use term::atom::am;
use term::{RawTerm, Term};
use vm::stop::{Class, Raise};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "error"/1 => error1(0);
    Plain "error"/2 => error2(0, 1);
    Plain "error"/3 => error3(0, 1, 2);
    Plain "exit"/1 => exit1(0);
    Plain "throw"/1 => throw1(0);
    /// Raises with a given trace; returns `badarg` if the arguments are wrong.
    Plain "raise"/3 => raise(0, 1, 2);
} }

fn error1<'p>(cx: &Cx<'p>, reason: Term<'p>) -> BifResult<'p> {
    Err(cx.error_term(reason))
}
fn error2<'p>(cx: &Cx<'p>, reason: Term<'p>, args: Term<'p>) -> BifResult<'p> {
    Err(cx.error_with_args(reason, args))
}
fn exit1<'p>(cx: &Cx<'p>, reason: Term<'p>) -> BifResult<'p> {
    Err(cx.throw_class(Class::Exit, reason))
}
fn throw1<'p>(cx: &Cx<'p>, reason: Term<'p>) -> BifResult<'p> {
    Err(cx.throw_class(Class::Throw, reason))
}

/// What is no argument list or no option is passed over: an error is raised in any case, and it is that of the caller.
fn error3<'p>(cx: &Cx<'p>, reason: Term<'p>, args: Term<'p>, options: Term<'p>) -> BifResult<'p> {
    let mut info = RawTerm::NONE;
    let mut rest = options.iter_list();
    for o in rest.by_ref() {
        match o.as_tuple_of::<2>() {
            Some([k, v]) if k.is_atom_of(am::ERROR_INFO) && v.as_map().is_some() => info = v.raw(),
            _ => {
                info = RawTerm::NONE;
                break;
            }
        }
    }
    if !rest.tail().is_nil() {
        info = RawTerm::NONE;
    }
    Err(cx.raise(Raise {
        class: Class::Error,
        reason: reason.raw(),
        stacktrace: RawTerm::NONE,
        cause: RawTerm::NONE,
        args: if args.is_list() { args.raw() } else { RawTerm::NONE },
        error_info: info,
    }))
}

fn raise<'p>(cx: &Cx<'p>, class: Term<'p>, reason: Term<'p>, trace: Term<'p>) -> BifResult<'p> {
    let class = match class.as_atom().and_then(Class::from_atom) {
        Some(c) if is_trace(trace) => c,
        _ => return Ok(am::BADARG.into()),
    };
    let trace = truncate(cx, trace);
    Err(cx.raise(Raise {
        class,
        reason: reason.raw(),
        stacktrace: trace.raw(),
        cause: RawTerm::NONE,
        args: RawTerm::NONE,
        error_info: RawTerm::NONE,
    }))
}

/// A list of `{M, F, Args | Arity}`, `{Fun, Args}` and the same with locations.
fn is_trace(trace: Term<'_>) -> bool {
    let mut it = trace.iter_list();
    for item in it.by_ref() {
        let Some(t) = item.as_tuple() else { return false };
        let e = t.elements();
        let args = |a: Term| a.is_list() || a.as_small().is_some();
        let ok = match *e {
            [f, a] if f.as_fun().is_some() => args(a),
            [f, a, l] if f.as_fun().is_some() => args(a) && l.is_list(),
            [m, f, a] => m.as_atom().is_some() && f.as_atom().is_some() && args(a),
            [m, f, a, l] => {
                m.as_atom().is_some() && f.as_atom().is_some() && args(a) && l.is_list()
            }
            _ => false,
        };
        if !ok {
            return false;
        }
    }
    it.tail().is_nil()
}

/// Items in their full form, no more than the depth of traces.
fn truncate<'p>(cx: &Cx<'p>, trace: Term<'p>) -> Term<'p> {
    let depth = cx.vm().backtrace_depth().max(1);
    let items: Vec<Term> = trace
        .iter_list()
        .take(depth)
        .map(|item| match item.as_tuple().map(|t| t.elements()) {
            Some([m, f, a]) if m.as_atom().is_some() => cx.heap().tuple(&[*m, *f, *a, Term::nil()]),
            Some([f, a]) => cx.heap().tuple(&[*f, *a, Term::nil()]),
            _ => item,
        })
        .collect();
    cx.heap().list(&items)
}
