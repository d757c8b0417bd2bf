//! tmp
use term::atom::am;
use term::{Atom, Pid, Term};
use vm::{BifResult, Cx};
vm::bifs! { pub TABLE: "erlang" {
    Plain "process_info"/2 => pi(0, 1);
} }
fn pi<'p>(cx: &Cx<'p>, pid: Pid<'p>, item: Term<'p>) -> BifResult<'p> {
    let h = cx.heap();
    let me = cx.need(pid.local())?;
    let Some(p) = cx.vm().processes.lookup(me) else { return Ok(am::UNDEFINED.into()) };
    let one = |a: Atom| -> Option<Term<'p>> {
        Some(match a.name() {
            "registered_name" => match p.registered_name() {
                Some(n) => h.tuple(&[Term::atom(a), Term::atom(n)]),
                None => Term::nil(),
            },
            "links" => h.tuple(&[Term::atom(a), Term::nil()]),
            "dictionary" => h.tuple(&[Term::atom(a), Term::nil()]),
            "group_leader" => h.tuple(&[Term::atom(a), cx.group_leader()]),
            "message_queue_len" => h.tuple(&[Term::atom(a), Term::small(0)]),
            "messages" => h.tuple(&[Term::atom(a), Term::nil()]),
            "trap_exit" => h.tuple(&[Term::atom(a), Term::bool(cx.with(|p| p.flags.trap_exit))]),
            "current_stacktrace" => h.tuple(&[Term::atom(a), Term::nil()]),
            "initial_call" => {
                h.tuple(&[Term::atom(a), h.tuple(&[Term::atom(a), Term::atom(a), Term::small(0)])])
            }
            "heap_size" | "stack_size" | "reductions" | "total_heap_size" => {
                h.tuple(&[Term::atom(a), Term::small(0)])
            }
            "status" => h.tuple(&[Term::atom(a), Term::atom(a)]),
            _ => return None,
        })
    };
    if let Some(a) = item.as_atom() {
        return cx.need(one(a));
    }
    let v: Option<Vec<Term>> =
        cx.need(item.to_vec())?.into_iter().map(|t| one(t.as_atom()?)).collect();
    Ok(h.list(&cx.need(v)?))
}
vm::bifs! { pub INTERNAL: "erts_internal" {
    Plain "scheduler_wall_time"/1 => swt(0);
} }
fn swt<'p>(_: &Cx<'p>, _x: Term<'p>) -> BifResult<'p> {
    Ok(Term::bool(false))
}
vm::bifs! { pub T2: "erlang" {
    Plain "system_flag"/2 => sf(0, 1);
    Plain "statistics"/1 => st(0);
} }
fn sf<'p>(_: &Cx<'p>, _k: Term<'p>, _x: Term<'p>) -> BifResult<'p> {
    Ok(Term::atom(am::LOGGER))
}
fn st<'p>(cx: &Cx<'p>, _k: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().tuple(&[Term::small(1), Term::small(1)]))
}
