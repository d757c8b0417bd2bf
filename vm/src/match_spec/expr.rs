//! Compiling guards and bodies [erl_db_util.c: dmc_expr].
//!
//! An expression either is a constant, and then nothing is emitted, or code that pushes one value.
//! Constants fold upwards: a tuple or list of constants is one constant.

use super::compile::{Abort, Compiler};
use super::functions::Where;
use super::{Action, Dialect, MAX_NESTING, Op, is_variable};
use term::{RawTerm, Term, View, atom};

/// `Some`: a constant, nothing was emitted.
type Value = Option<RawTerm>;

/// How many arguments an action takes, and where it may stand.
struct Form {
    action: Action,
    arities: &'static [usize],
    in_guard: bool,
    /// Only where tracing may be changed.
    changes: bool,
    /// Only for calls.
    call: bool,
    /// What the messages call it where that is not its name.
    alias: Option<&'static str>,
    wrong: &'static str,
}

impl<'t> Compiler<'t> {
    pub(super) fn guards(&mut self, list: Term<'t>) -> Result<(), Abort> {
        self.expressions(list, |ops, _| ops.push(Op::Guard))
    }

    pub(super) fn body(&mut self, list: Term<'t>) -> Result<(), Abort> {
        if !list.is_nil() {
            self.ops.push(Op::Body);
        }
        let table = self.dialect == Dialect::Table;
        self.expressions(list, |ops, last| {
            ops.push(if last && table { Op::Return } else { Op::Drop });
        })
    }

    fn expressions(
        &mut self,
        list: Term<'t>,
        end: impl Fn(&mut Vec<Op>, bool),
    ) -> Result<(), Abort> {
        if !list.is_list() {
            return self.error(|_| "Match expression is not a list.".into());
        }
        let mut rest = list;
        while let Some(c) = rest.as_cons() {
            self.value(c.head())?;
            rest = c.tail();
            end(&mut self.ops, rest.is_nil());
        }
        if !rest.is_nil() {
            return self.error(|_| "Match expression is not a proper list.".into());
        }
        Ok(())
    }

    /// Emits code for the value even if it is constant.
    fn value(&mut self, t: Term<'t>) -> Result<(), Abort> {
        if let Some(c) = self.expr(t)? {
            self.push_constant(c);
        }
        Ok(())
    }

    fn push_op(&mut self, c: RawTerm) -> Op {
        if c.is_immediate() {
            Op::Push(c)
        } else {
            // SAFETY: constants are parts of the specification or stand on our own heap.
            Op::PushConst(self.constant(unsafe { c.brand() }))
        }
    }
    fn push_constant(&mut self, c: RawTerm) {
        let op = self.push_op(c);
        self.ops.push(op);
    }

    fn expr(&mut self, t: Term<'t>) -> Result<Value, Abort> {
        self.depth += 1;
        if self.depth > MAX_NESTING {
            return Err(self.too_deep(t));
        }
        let r = self.expr_inner(t);
        self.depth -= 1;
        r
    }

    fn expr_inner(&mut self, t: Term<'t>) -> Result<Value, Abort> {
        match t.view() {
            View::Cons(_) => {
                let mut it = t.iter_list();
                let mut parts: Vec<Term<'t>> = it.by_ref().collect();
                let n = parts.len() as u32;
                parts.push(it.tail());
                let Some(values) = self.all(&parts)? else {
                    self.ops.push(Op::MakeList(n));
                    return Ok(None);
                };
                let same = values.iter().zip(&parts).all(|(v, p)| *v == p.raw());
                Ok(Some(if same { t.raw() } else { self.folded(|c| c.list(&values)) }))
            }
            View::Map(m) => {
                let parts: Vec<Term<'t>> = m.iter().flat_map(|(k, v)| [k, v]).collect();
                let Some(values) = self.all(&parts)? else {
                    self.ops.push(Op::MakeMap(m.size() as u32));
                    return Ok(None);
                };
                let same = values.iter().zip(&parts).all(|(v, p)| *v == p.raw());
                Ok(Some(if same { t.raw() } else { self.folded(|c| c.map(&values)) }))
            }
            View::Tuple(x) => match x.elements() {
                [inner] if inner.as_tuple().is_some() => {
                    let parts = inner.as_tuple().map_or(&[][..], |t| t.elements());
                    let Some(values) = self.all(parts)? else {
                        self.ops.push(Op::MakeTuple(parts.len() as u32));
                        return Ok(None);
                    };
                    let same = values.iter().zip(parts).all(|(v, p)| *v == p.raw());
                    Ok(Some(if same { inner.raw() } else { self.folded(|c| c.tuple(&values)) }))
                }
                [name, args @ ..] => match name.as_atom() {
                    Some(a) if !is_variable(a) => self.call(t, a, args),
                    _ => self.not_a_call(t),
                },
                [] => self.not_a_call(t),
            },
            View::Atom(a) if is_variable(a) => match self.variables.get(&a) {
                Some(&slot) => {
                    self.ops.push(Op::PushSlot(slot));
                    Ok(None)
                }
                None => {
                    self.error(|_| format!("Variable {} is unbound.", a.name()))?;
                    Ok(None)
                }
            },
            View::Atom(a) if a == atom!("$_") => {
                self.ops.push(Op::PushWhole);
                Ok(None)
            }
            View::Atom(a) if a == atom!("$$") => {
                // In the order of their numbers: shorter names first.
                let mut bound: Vec<_> =
                    self.variables.iter().map(|(a, s)| (a.name(), *s)).collect();
                bound.sort_by(|a, b| a.0.len().cmp(&b.0.len()).then(a.0.cmp(b.0)));
                let n = bound.len() as u32;
                self.ops.extend(bound.into_iter().map(|(_, s)| Op::PushSlot(s)));
                self.ops.push(Op::Push(RawTerm::NIL));
                self.ops.push(Op::MakeList(n));
                Ok(None)
            }
            _ => Ok(Some(t.raw())),
        }
    }

    fn not_a_call(&mut self, t: Term<'t>) -> Result<Value, Abort> {
        self.error(|c| {
            let t = c.show(t);
            format!(
                "{t} is neither a function call, nor a tuple (tuples are written {{{{ ... }}}})."
            )
        })?;
        Ok(None)
    }

    /// The values of several expressions: `Some` if all are constant, else code that pushes each.
    fn all(&mut self, parts: &[Term<'t>]) -> Result<Option<Vec<RawTerm>>, Abort> {
        let mut constants = Vec::with_capacity(parts.len());
        let mut emitted = false;
        for &p in parts {
            let mark = self.ops.len();
            match self.expr(p)? {
                Some(c) if !emitted => constants.push(c),
                Some(c) => self.push_constant(c),
                None if !emitted => {
                    // The constants before this one come first after all. Jumps are relative.
                    emitted = true;
                    let code = self.ops.split_off(mark);
                    for c in constants.drain(..) {
                        self.push_constant(c);
                    }
                    self.ops.extend(code);
                }
                None => {}
            }
        }
        Ok(if emitted { None } else { Some(constants) })
    }

    /// Builds a folded constant on the compiler's own heap.
    fn folded(&self, f: impl FnOnce(&Folder<'_>) -> RawTerm) -> RawTerm {
        f(&Folder { heap: &self.scratch })
    }

    fn call(&mut self, t: Term<'t>, name: term::Atom, args: &[Term<'t>]) -> Result<Value, Abort> {
        let n = args.len();
        match name.name() {
            "const" => {
                return match args {
                    [c] => Ok(Some(c.raw())),
                    _ => {
                        self.form_error(t, "const", "called with more than one argument")?;
                        Ok(Some(RawTerm::NIL))
                    }
                };
            }
            f @ ("and" | "or" | "andalso" | "andthen" | "orelse") => {
                if n == 0 {
                    let f = if f == "andthen" { "andalso" } else { f };
                    self.form_error(t, f, "called without arguments")?;
                    return Ok(None);
                }
                match f {
                    "and" | "or" => {
                        for &a in args {
                            self.value(a)?;
                        }
                        let n = n as u32;
                        self.ops.push(if f == "and" { Op::And(n) } else { Op::Or(n) });
                    }
                    _ => self.short_circuit(f == "orelse", args)?,
                }
                return Ok(None);
            }
            "self" => {
                if n != 0 {
                    self.form_error(t, "self", "called with arguments")?;
                } else {
                    self.ops.push(Op::PushSelf);
                }
                return Ok(None);
            }
            _ => {}
        }
        if let Some(form) = form(name.name()) {
            return self.action(t, name.name(), form, args);
        }
        let Some((function, allowed)) = self.function(name, n) else {
            self.error(|c| {
                let f = c.show(Term::atom(name));
                format!("Function {f}/{n} does_not_exist.")
            })?;
            return Ok(None);
        };
        let fits = match (self.dialect, allowed) {
            (_, Where::Everywhere) => true,
            (Dialect::Table, _) => false,
            (_, Where::Trace) => true,
            (_, Where::TraceBody) => !self.in_guard,
        };
        if !fits {
            self.error(|c| {
                let f = c.show(Term::atom(name));
                format!("Function {f}/{n} cannot be called in this context.")
            })?;
            return Ok(None);
        }
        for &a in args {
            self.value(a)?;
        }
        let function = if self.fake { function.faked() } else { function };
        self.ops.push(Op::Call { function, arity: n as u32 });
        Ok(None)
    }

    fn short_circuit(&mut self, or_else: bool, args: &[Term<'t>]) -> Result<(), Abort> {
        let mut jumps = Vec::new();
        for (i, &a) in args.iter().enumerate() {
            self.value(a)?;
            if i + 1 < args.len() {
                jumps.push(self.ops.len());
                self.ops.push(Op::AndAlso(0));
            }
        }
        let end = self.ops.len();
        for at in jumps {
            let skip = (end - at - 1) as u32;
            self.ops[at] = if or_else { Op::OrElse(skip) } else { Op::AndAlso(skip) };
        }
        Ok(())
    }

    fn form_error(&mut self, t: Term<'t>, name: &str, what: &str) -> Result<(), Abort> {
        self.error(|c| {
            let t = c.show(t);
            format!("Special form '{name}' {what} in {t}.")
        })
    }

    fn action(
        &mut self,
        t: Term<'t>,
        name: &str,
        form: Form,
        args: &[Term<'t>],
    ) -> Result<Value, Abort> {
        let shown = form.alias.unwrap_or(name);
        let Dialect::Trace { call, actions } = self.dialect else {
            self.error(|_| format!("Special form '{shown}' used in wrong dialect."))?;
            return Ok(None);
        };
        if (form.changes && !actions) || (form.call && !call) {
            self.error(|_| format!("Special form '{shown}' not allow for this trace event."))?;
            return Ok(None);
        }
        if self.in_guard && !form.in_guard {
            self.error(|_| format!("Special form '{shown}' called in guard context."))?;
            return Ok(None);
        }
        if !form.arities.contains(&args.len()) {
            self.form_error(t, name, form.wrong)?;
            return Ok(None);
        }
        for &a in args {
            self.value(a)?;
        }
        let action = match form.action {
            Action::SetSeqToken if self.fake => Action::SetSeqTokenFake,
            a => a,
        };
        self.ops.push(Op::Act { action, arity: args.len() as u32 });
        Ok(None)
    }
}

struct Folder<'h> {
    heap: &'h term::Heap,
}

impl<'h> Folder<'h> {
    fn terms(&self, values: &[RawTerm]) -> Vec<Term<'h>> {
        // SAFETY: constants are parts of the specification or stand on this heap; what is built here
        // is kept as raw words and copied while both are alive.
        values.iter().map(|v| unsafe { v.brand() }).collect()
    }
    fn tuple(&self, values: &[RawTerm]) -> RawTerm {
        self.heap.tuple(&self.terms(values)).raw()
    }
    /// Elements and then the tail.
    fn list(&self, values: &[RawTerm]) -> RawTerm {
        match self.terms(values).split_last() {
            Some((tail, elements)) => self.heap.list_onto(elements, *tail).raw(),
            None => RawTerm::NIL,
        }
    }
    fn map(&self, values: &[RawTerm]) -> RawTerm {
        super::run::map_of(self.heap, &self.terms(values)).raw()
    }
}

/// The special forms of the trace dialect.
fn form(name: &str) -> Option<Form> {
    const ARGS: &str = "called with arguments";
    const NUMBER: &str = "called with wrong number of arguments";
    let plain = |action, arities, wrong| Form {
        action,
        arities,
        in_guard: false,
        changes: false,
        call: false,
        alias: None,
        wrong,
    };
    let change = |action, arities, wrong| Form { changes: true, ..plain(action, arities, wrong) };
    let call = |action| Form { call: true, ..change(action, &[0], ARGS) };
    Some(match name {
        "message" => plain(Action::Message, &[1], NUMBER),
        "return_trace" => plain(Action::ReturnTrace, &[0], ARGS),
        "exception_trace" => plain(Action::ExceptionTrace, &[0], ARGS),
        "display" => plain(Action::Display, &[1], NUMBER),
        "is_seq_trace" => Form { in_guard: true, ..change(Action::IsSeqTrace, &[0], ARGS) },
        "set_seq_token" => {
            Form { alias: Some("set_seq_trace"), ..change(Action::SetSeqToken, &[2], NUMBER) }
        }
        "get_seq_token" => change(Action::GetSeqToken, &[0], ARGS),
        "process_dump" => change(Action::ProcessDump, &[0], ARGS),
        "enable_trace" => change(Action::EnableTrace, &[1, 2], NUMBER),
        "disable_trace" => change(Action::DisableTrace, &[1, 2], NUMBER),
        "trace" => change(Action::Trace, &[2, 3], NUMBER),
        "silent" => change(Action::Silent, &[1], NUMBER),
        "caller" => call(Action::Caller),
        "caller_line" => call(Action::CallerLine),
        "current_stacktrace" => Form { arities: &[0, 1], ..call(Action::CurrentStacktrace) },
        _ => return None,
    })
}
