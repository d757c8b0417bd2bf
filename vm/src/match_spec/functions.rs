//! Functions that guards and bodies may call [erl_db_util.c: guard_tab].
//!
//! The frequent ones that need no memory have a direct form here; all others call the native of module
//! `erlang`.

use crate::bif::Bif;
use crate::vm::Vm;
use core::cmp::Ordering;
use core::fmt;
use core::sync::atomic::AtomicU32;
use term::atom::am;
use term::compare::{compare, eq, eq_exact};
use term::term::{SMALL_MAX, SMALL_MIN};
use term::{Atom, Term, View};

/// The trace control word (`erlang:system_flag(trace_control_word, _)`).
pub static TRACE_CONTROL_WORD: AtomicU32 = AtomicU32::new(0);

pub(super) type DirectFn = for<'t> fn(&[Term<'t>]) -> Option<Term<'t>>;

/// What a call does.
#[derive(Clone, Copy)]
pub(super) enum Function {
    /// Fails with `None`.
    Direct(DirectFn),
    Native(&'static Bif),
    /// The direct form decides the frequent case; where it gives up, the native decides.
    Try(DirectFn, &'static Bif),
    GetTcw,
    SetTcw,
    /// As `SetTcw`, for `match_spec_test`.
    SetTcwFake,
}

impl Function {
    pub fn faked(self) -> Function {
        match self {
            Function::SetTcw => Function::SetTcwFake,
            f => f,
        }
    }
}

impl fmt::Debug for Function {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        match self {
            Function::Native(b) | Function::Try(_, b) => write!(f, "{}/{}", b.function, b.arity),
            _ => f.write_str("direct"),
        }
    }
}

/// Where a function may be called.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Where {
    Everywhere,
    /// In the trace dialect.
    Trace,
    /// In bodies of the trace dialect.
    TraceBody,
}

/// Functions that are natives only.
const NATIVE: &[(&str, usize)] = &[
    ("abs", 1),
    ("node", 0),
    ("node", 1),
    ("round", 1),
    ("size", 1),
    ("map_get", 2),
    ("bit_size", 1),
    ("byte_size", 1),
    ("binary_part", 2),
    ("binary_part", 3),
    ("trunc", 1),
    ("float", 1),
    ("+", 1),
    ("-", 1),
    ("/", 2),
    ("div", 2),
    ("rem", 2),
    ("bor", 2),
    ("bxor", 2),
    ("bnot", 1),
    ("bsl", 2),
    ("bsr", 2),
];

/// Functions from OTP 26 on.
const LATER: &[(&str, usize)] = &[
    ("is_boolean", 1),
    ("is_bitstring", 1),
    ("is_function", 2),
    ("tuple_size", 1),
    ("ceil", 1),
    ("floor", 1),
    ("max", 2),
    ("min", 2),
];

/// The function of this name, and where it may be called.
pub(super) fn lookup(
    name: Atom,
    arity: usize,
    vm: Option<&'static Vm>,
) -> Option<(Function, Where)> {
    let text = name.name();
    match (text, arity) {
        ("get_tcw", 0) => return Some((Function::GetTcw, Where::Trace)),
        ("set_tcw", 1) => return Some((Function::SetTcw, Where::TraceBody)),
        ("set_tcw_fake", 1) => return Some((Function::SetTcwFake, Where::TraceBody)),
        _ => {}
    }
    let native = || vm.and_then(|vm| vm.native(am::ERLANG, name, arity));
    if let Some((f, complete)) = direct(text, arity) {
        let f = match native() {
            Some(b) if !complete => Function::Try(f, b),
            _ => Function::Direct(f),
        };
        return Some((f, Where::Everywhere));
    }
    let later = term::personality::signed_zero() && LATER.contains(&(text, arity));
    if NATIVE.contains(&(text, arity)) || later {
        return native().map(|b| (Function::Native(b), Where::Everywhere));
    }
    None
}

/// A direct form, and whether it decides every case.
fn direct(name: &str, arity: usize) -> Option<(DirectFn, bool)> {
    let all: DirectFn = match (name, arity) {
        ("is_atom", 1) => |a| test(a, |t| t.as_atom().is_some()),
        ("is_float", 1) => |a| test(a, |t| t.as_float().is_some()),
        ("is_integer", 1) => |a| test(a, |t| t.is_integer()),
        ("is_list", 1) => |a| test(a, |t| t.is_list()),
        ("is_number", 1) => |a| test(a, |t| t.is_number()),
        ("is_pid", 1) => |a| test(a, |t| t.as_pid().is_some()),
        ("is_port", 1) => |a| test(a, |t| t.as_port().is_some()),
        ("is_reference", 1) => |a| test(a, |t| t.as_reference().is_some()),
        ("is_tuple", 1) => |a| test(a, |t| t.as_tuple().is_some()),
        ("is_map", 1) => |a| test(a, |t| t.as_map().is_some()),
        ("is_binary", 1) => |a| test(a, |t| t.as_binary().is_some()),
        ("is_function", 1) => |a| test(a, |t| t.as_fun().is_some()),
        ("is_record", 3) => is_record,
        ("element", 2) => element,
        ("hd", 1) => |a| a.first()?.as_cons().map(|c| c.head()),
        ("tl", 1) => |a| a.first()?.as_cons().map(|c| c.tail()),
        ("length", 1) => |a| a.first()?.list_len().map(|n| Term::small(n as i64)),
        ("map_size", 1) => |a| a.first()?.as_map().map(|m| Term::small(m.size() as i64)),
        ("is_map_key", 2) => |a| match *a {
            [k, m] => Some(Term::bool(m.as_map()?.contains_key(k))),
            _ => None,
        },
        (">", 2) => |a| relation(a, |a, b| compare(a, b) == Ordering::Greater),
        (">=", 2) => |a| relation(a, |a, b| compare(a, b) != Ordering::Less),
        ("<", 2) => |a| relation(a, |a, b| compare(a, b) == Ordering::Less),
        ("=<", 2) => |a| relation(a, |a, b| compare(a, b) != Ordering::Greater),
        ("==", 2) => |a| relation(a, |a, b| eq(a, b)),
        ("/=", 2) => |a| relation(a, |a, b| !eq(a, b)),
        ("=:=", 2) => |a| relation(a, |a, b| eq_exact(a, b)),
        ("=/=", 2) => |a| relation(a, |a, b| !eq_exact(a, b)),
        ("not", 1) => |a| a.first()?.as_bool().map(|b| Term::bool(!b)),
        ("xor", 2) => |a| match *a {
            [x, y] => Some(Term::bool(x.as_bool()? ^ y.as_bool()?)),
            _ => None,
        },
        _ => {
            let some: DirectFn = match (name, arity) {
                ("+", 2) => |a| small(a, i64::checked_add),
                ("-", 2) => |a| small(a, i64::checked_sub),
                ("*", 2) => |a| small(a, i64::checked_mul),
                ("band", 2) => |a| small(a, |x, y| Some(x & y)),
                _ => return None,
            };
            return Some((some, false));
        }
    };
    Some((all, true))
}

fn test<'t>(args: &[Term<'t>], f: fn(Term<'t>) -> bool) -> Option<Term<'t>> {
    args.first().map(|&t| Term::bool(f(t)))
}

fn relation<'t>(args: &[Term<'t>], f: fn(Term<'t>, Term<'t>) -> bool) -> Option<Term<'t>> {
    match *args {
        [a, b] => Some(Term::bool(f(a, b))),
        _ => None,
    }
}

/// Small integers with a small result.
fn small<'t>(args: &[Term<'t>], f: fn(i64, i64) -> Option<i64>) -> Option<Term<'t>> {
    match *args {
        [a, b] => {
            let n = f(a.as_small()?, b.as_small()?)?;
            if (SMALL_MIN..=SMALL_MAX).contains(&n) { Some(Term::small(n)) } else { None }
        }
        _ => None,
    }
}

fn element<'t>(args: &[Term<'t>]) -> Option<Term<'t>> {
    let [n, tuple] = *args else { return None };
    let i = usize::try_from(n.as_small()?).ok()?.checked_sub(1)?;
    tuple.as_tuple()?.elements().get(i).copied()
}

fn is_record<'t>(args: &[Term<'t>]) -> Option<Term<'t>> {
    let [t, tag, size] = *args else { return None };
    tag.as_atom()?;
    let View::Small(size) = size.view() else {
        return if size.is_integer() { Some(Term::bool(false)) } else { None };
    };
    let is = t.as_tuple().is_some_and(|x| {
        x.arity() as i64 == size && x.elements().first().is_some_and(|e| e.is_same(tag))
    });
    Some(Term::bool(is))
}
