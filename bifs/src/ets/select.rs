//! Natives of module `ets`: traversals and compiled match specifications.

use super::find;
use term::shared::Magic;
use term::{Atom, Term, atom};
use vm::bif::List;
use vm::ets::select::{self, Job};
use vm::match_spec::{Action, Actions, Compiler, Dialect, Failure, Machine, Program};
use vm::{BifResult, Cx, Resume, Stop};

vm::bifs! { pub(super) TABLE: "ets" {
    Plain "match"/1 => resume(0);
    Plain "match"/2 => match_2(0, 1);
    Plain "match"/3 => match_3(0, 1, 2);
    Plain "match_object"/1 => resume(0);
    Plain "match_object"/2 => match_object_2(0, 1);
    Plain "match_object"/3 => match_object_3(0, 1, 2);
    Plain "select"/1 => resume(0);
    Plain "select"/2 => select_2(0, 1);
    Plain "select"/3 => select_3(0, 1, 2);
    Plain "select_reverse"/1 => resume(0);
    Plain "select_reverse"/2 => select_reverse_2(0, 1);
    Plain "select_reverse"/3 => select_reverse_3(0, 1, 2);
    Plain "select_count"/2 => select_count(0, 1);
    /// `select_delete/2` but for the case that deletes everything.
    Plain "internal_select_delete"/2 => internal_select_delete(0, 1);
    Plain "select_replace"/2 => select_replace(0, 1);
    Plain "match_spec_compile"/1 => match_spec_compile(0);
    Plain "is_compiled_ms"/1 => is_compiled_ms(0);
    /// Runs a compiled specification over a list, onto a list of results, newest first.
    Plain "match_spec_run_r"/3 => match_spec_run_r(0, 1, 2);
} }

vm::bifs! { pub(super) TEST: "erlang" {
    /// `Type`: `table` or `trace`.
    Plain "match_spec_test"/3 => match_spec_test(0, 1, 2);
} }

fn resume<'p>(cx: &Cx<'p>, continuation: Term<'p>) -> BifResult<'p> {
    select::resume(cx, continuation)
}

fn select<'p>(cx: &Cx<'p>, id: Term<'p>, spec: Term<'p>, reverse: bool) -> BifResult<'p> {
    select::start(cx, id, spec, Job::Select { reverse, chunk: 0 })
}

fn chunk<'p>(
    cx: &Cx<'p>,
    id: Term<'p>,
    spec: Term<'p>,
    limit: Term<'p>,
    reverse: bool,
) -> BifResult<'p> {
    super::find_for(cx, id, vm::ets::Need::Read)?;
    let chunk = limit.as_small().and_then(|n| usize::try_from(n).ok());
    let chunk = cx.need(chunk.filter(|n| *n > 0))?;
    select::start(cx, id, spec, Job::Select { reverse, chunk })
}

/// `[{Pattern, [], [Result]}]`
fn spec<'p>(cx: &Cx<'p>, pattern: Term<'p>, result: Atom) -> Term<'p> {
    let heap = cx.heap();
    let body = heap.list(&[Term::atom(result)]);
    heap.list(&[heap.tuple(&[pattern, Term::nil(), body])])
}

fn match_2<'p>(cx: &Cx<'p>, id: Term<'p>, pattern: Term<'p>) -> BifResult<'p> {
    select(cx, id, spec(cx, pattern, atom!("$$")), false)
}

fn match_3<'p>(cx: &Cx<'p>, id: Term<'p>, pattern: Term<'p>, limit: Term<'p>) -> BifResult<'p> {
    chunk(cx, id, spec(cx, pattern, atom!("$$")), limit, false)
}

fn match_object_2<'p>(cx: &Cx<'p>, id: Term<'p>, pattern: Term<'p>) -> BifResult<'p> {
    select(cx, id, spec(cx, pattern, atom!("$_")), false)
}

fn match_object_3<'p>(
    cx: &Cx<'p>,
    id: Term<'p>,
    pattern: Term<'p>,
    limit: Term<'p>,
) -> BifResult<'p> {
    chunk(cx, id, spec(cx, pattern, atom!("$_")), limit, false)
}

fn select_2<'p>(cx: &Cx<'p>, id: Term<'p>, spec: Term<'p>) -> BifResult<'p> {
    select(cx, id, spec, false)
}

fn select_3<'p>(cx: &Cx<'p>, id: Term<'p>, spec: Term<'p>, limit: Term<'p>) -> BifResult<'p> {
    chunk(cx, id, spec, limit, false)
}

fn select_reverse_2<'p>(cx: &Cx<'p>, id: Term<'p>, spec: Term<'p>) -> BifResult<'p> {
    select(cx, id, spec, true)
}

fn select_reverse_3<'p>(
    cx: &Cx<'p>,
    id: Term<'p>,
    spec: Term<'p>,
    limit: Term<'p>,
) -> BifResult<'p> {
    chunk(cx, id, spec, limit, true)
}

fn select_count<'p>(cx: &Cx<'p>, id: Term<'p>, spec: Term<'p>) -> BifResult<'p> {
    select::start(cx, id, spec, Job::Count)
}

fn internal_select_delete<'p>(cx: &Cx<'p>, id: Term<'p>, spec: Term<'p>) -> BifResult<'p> {
    select::start(cx, id, spec, Job::Delete)
}

fn select_replace<'p>(cx: &Cx<'p>, id: Term<'p>, spec: Term<'p>) -> BifResult<'p> {
    find(cx, id)?;
    select::start(cx, id, spec, Job::Replace)
}

// Compiled specifications.

fn failed(cx: &Cx<'_>, f: Failure) -> Stop {
    match f {
        Failure::BadArg => cx.badarg(),
        Failure::SystemLimit => cx.system_limit(),
    }
}

fn match_spec_compile<'p>(cx: &Cx<'p>, spec: Term<'p>) -> BifResult<'p> {
    let program = Program::for_table(cx.vm(), spec).map_err(|f| failed(cx, f))?;
    let (n0, n1) = vm::refs::next();
    Ok(cx.heap().magic_reference(n0, n1, Magic::handle(program)))
}

fn program<'p>(t: Term<'p>) -> Option<&'p Program> {
    t.as_reference()?.magic_ref()?.downcast::<Program>()
}

fn is_compiled_ms<'p>(_: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(program(t).is_some()))
}

fn match_spec_run_r<'p>(
    cx: &Cx<'p>,
    list: List<'p>,
    compiled: Term<'p>,
    onto: Term<'p>,
) -> BifResult<'p> {
    run_list(cx, list.0, compiled, onto)
}

fn run_list<'p>(cx: &Cx<'p>, list: Term<'p>, compiled: Term<'p>, onto: Term<'p>) -> BifResult<'p> {
    let program = cx.need(program(compiled))?;
    let mut machine = Machine::new();
    let (mut rest, mut results) = (list, onto);
    while let Some(c) = rest.as_cons() {
        if let Some(r) = machine.result(program, cx, c.head()) {
            results = cx.heap().cons(r, results);
        }
        rest = c.tail();
        if (!cx.bump(1) || crate::limits::ets_traps()) && !rest.is_nil() {
            let (list, compiled) = (cx.hold(rest), cx.hold(compiled));
            return Err(cx.yield_to(RunList { list, compiled, onto: cx.hold(results) }));
        }
    }
    if rest.is_nil() { Ok(results) } else { Err(cx.badarg()) }
}

/// A specification on its way through a list.
struct RunList {
    list: vm::bif::Held,
    compiled: vm::bif::Held,
    onto: vm::bif::Held,
}

impl Resume for RunList {
    fn resume<'p>(self: Box<Self>, cx: &Cx<'p>) -> BifResult<'p> {
        let (list, compiled, onto) = (cx.get(self.list), cx.get(self.compiled), cx.get(self.onto));
        cx.release_held();
        run_list(cx, list, compiled, onto)
    }
}

/// Notes which actions would take place.
#[derive(Default)]
struct Noted {
    return_trace: bool,
    exception_trace: bool,
}

impl Actions for Noted {
    fn act<'t>(
        &mut self,
        action: Action,
        _: &[Term<'t>],
        heap: &'t term::Heap,
    ) -> Option<Term<'t>> {
        Some(match action {
            Action::ReturnTrace => {
                self.return_trace = true;
                Term::bool(true)
            }
            Action::ExceptionTrace => {
                self.exception_trace = true;
                Term::bool(true)
            }
            Action::IsSeqTrace => Term::bool(false),
            Action::GetSeqToken => Term::nil(),
            Action::Display => Term::bool(true),
            Action::ProcessDump => heap.binary(b""),
            Action::Caller | Action::CallerLine | Action::CurrentStacktrace => {
                Term::atom(atom!("undefined"))
            }
            _ => return None,
        })
    }
}

fn match_spec_test<'p>(
    cx: &Cx<'p>,
    against: Term<'p>,
    spec: Term<'p>,
    kind: Atom,
) -> BifResult<'p> {
    let heap = cx.heap();
    let trace = kind == atom!("trace");
    if !trace && kind != atom!("table") || trace && !against.is_list() {
        return Err(cx.badarg());
    }
    let dialect = if trace { Dialect::CALL } else { Dialect::Table };
    let compiler = || Compiler::new(cx.vm(), dialect).fake();
    let messages: Vec<Term<'p>> = compiler()
        .lint(spec)
        .into_iter()
        .map(|m| heap.tuple(&[Term::atom(atom!("error")), heap.string(&m.text)]))
        .collect();
    let messages = heap.list(&messages);
    let Ok(program) = compiler().compile(spec) else {
        return Ok(heap.tuple(&[Term::atom(atom!("error")), messages]));
    };
    let mut machine = Machine::new();
    let mut noted = Noted::default();
    let result = if trace {
        let arguments: Vec<Term<'p>> = against.iter_list().collect();
        machine.trace(&program, cx, &arguments, &mut noted)
    } else {
        machine.result(&program, cx, against)
    };
    let mut flags = Term::nil();
    if result.is_some() {
        if noted.exception_trace {
            flags = heap.cons(Term::atom(atom!("exception_trace")), flags);
        }
        if noted.return_trace {
            flags = heap.cons(Term::atom(atom!("return_trace")), flags);
        }
    }
    let result = result.unwrap_or(Term::bool(false));
    Ok(heap.tuple(&[Term::atom(atom!("ok")), result, flags, messages]))
}
