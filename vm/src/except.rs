//! Stack traces as terms [beam_common.c: build_stacktrace].
//!
//! A raw trace is `{'$trace', Addresses, NativeMFA | [], ArgsOfFirst | 0, ErrorInfo | [], Class}`, or
//! `{'$trace', List, Class}` for a trace given to `erlang:raise/3`. Programs only see what
//! [`build_stacktrace`] makes of it. Addresses of code that is gone are left out.

use crate::stop::Class;
use crate::vm::Vm;
use term::atom::am;
use term::{Atom, Heap, RawTerm, Term, atom};

/// The `error_info` map of a native's error, or nil if its module has no formatter.
pub fn error_info<'h>(heap: &'h Heap, module: Atom, cause: RawTerm) -> Term<'h> {
    let format = match module.name() {
        "atomics" | "counters" | "erlang" | "erts_internal" | "persistent_term" => {
            atom!("erl_erts_errors")
        }
        "os" => atom!("erl_kernel_errors"),
        "binary" | "ets" | "lists" | "maps" | "math" | "re" | "unicode" => {
            atom!("erl_stdlib_errors")
        }
        _ => return Term::nil(),
    };
    let mut pairs = vec![(Term::atom(am::MODULE), Term::atom(format))];
    if !cause.is_none() {
        // SAFETY: the cause was built in this turn, on this heap.
        pairs.push((Term::atom(am::CAUSE), unsafe { cause.brand() }));
    }
    heap.map_from_pairs(&pairs)
}

/// Class of the exception that a raw trace belongs to.
pub fn class_of(trace: Term<'_>) -> Class {
    let class = trace.as_tuple().and_then(|t| t.elements().last()?.as_atom());
    class.and_then(Class::from_atom).unwrap_or(Class::Error)
}

/// A raw trace for another class, or for a list.
pub fn with_class<'h>(heap: &'h Heap, trace: Term<'h>, class: Class) -> Term<'h> {
    let marker = Term::atom(atom!("$trace"));
    let class = Term::atom(class.atom());
    match trace.as_tuple() {
        Some(t) if t.elements().first().is_some_and(|m| m.is_same(marker)) => {
            let mut e = t.elements().to_vec();
            if let Some(last) = e.last_mut() {
                *last = class;
            }
            heap.tuple(&e)
        }
        _ => heap.tuple(&[marker, trace, class]),
    }
}

/// The trace as programs see it: `[{M, F, ArityOrArgs, Info}]`.
pub fn build_stacktrace<'h>(vm: &Vm, heap: &'h Heap, raw: Term<'h>) -> Term<'h> {
    let Some(t) = raw.as_tuple() else { return raw };
    let &[marker, addresses, top, args, info, _] = t.elements() else {
        return match t.elements() {
            [m, list, _] if m.is_atom_of(atom!("$trace")) => *list,
            _ => raw,
        };
    };
    let Some(bytes) = addresses.as_binary().filter(|_| marker.is_atom_of(atom!("$trace"))) else {
        return raw;
    };
    let bytes = bytes.bytes();
    let mut items: Vec<Term<'h>> = Vec::new();
    let extra = if info.is_nil() {
        Term::nil()
    } else {
        let pair = heap.tuple(&[Term::atom(am::ERROR_INFO), info]);
        heap.list(&[pair])
    };
    if let Some([m, f, a]) = top.as_tuple_of::<3>() {
        items.push(heap.tuple(&[m, f, a, extra]));
    }
    for chunk in bytes.chunks_exact(8) {
        let mut w = [0u8; 8];
        w.copy_from_slice(chunk);
        let address = u64::from_le_bytes(w);
        let Some(found) = vm.code.locate(address) else { continue };
        let first = items.is_empty();
        let arity =
            if first && !args.is_small_zero() { args } else { Term::small(i64::from(found.arity)) };
        let mut location = if first { extra } else { Term::nil() };
        if found.line != 0 {
            let line = heap.tuple(&[Term::atom(am::LINE), Term::small(i64::from(found.line))]);
            let file = heap.tuple(&[Term::atom(am::FILE), heap.string(&found.file)]);
            location = heap.cons(file, heap.cons(line, location));
        }
        let item = [Term::atom(found.module), Term::atom(found.function), arity, location];
        items.push(heap.tuple(&item));
    }
    heap.list(&items)
}

trait SmallZero {
    fn is_small_zero(&self) -> bool;
}

impl SmallZero for Term<'_> {
    /// The marker for "no arguments kept" (argument lists are never integers).
    fn is_small_zero(&self) -> bool {
        self.as_small() == Some(0)
    }
}
