//! Comparison, logic and type tests as functions.

use term::{Atom, Fun, Term, View, compare, size};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Guard "=:="/2 => eq_exact(0, 1);
    Guard "=/="/2 => ne_exact(0, 1);
    Guard "=="/2 => eq(0, 1);
    Guard "/="/2 => ne(0, 1);
    Guard "<"/2 => lt(0, 1);
    Guard "=<"/2 => le(0, 1);
    Guard ">"/2 => gt(0, 1);
    Guard ">="/2 => ge(0, 1);
    Guard "and"/2 => and_(0, 1);
    Guard "or"/2 => or_(0, 1);
    Guard "xor"/2 => xor(0, 1);
    Guard "not"/1 => not_(0);
    Guard "is_atom"/1 => is_atom(0);
    Guard "is_binary"/1 => is_binary(0);
    Guard "is_bitstring"/1 => is_bitstring(0);
    Guard "is_boolean"/1 => is_boolean(0);
    Guard "is_float"/1 => is_float(0);
    Guard "is_function"/1 => is_function(0);
    Guard "is_function"/2 => is_function_2(0, 1);
    Guard "is_integer"/1 => is_integer(0);
    Guard "is_list"/1 => is_list(0);
    Guard "is_map"/1 => is_map(0);
    Guard "is_number"/1 => is_number(0);
    Guard "is_pid"/1 => is_pid(0);
    Guard "is_port"/1 => is_port(0);
    Guard "is_record"/2 => is_record(0, 1);
    Guard "is_record"/3 => is_record_3(0, 1, 2);
    Guard "is_reference"/1 => is_reference(0);
    Guard "is_tuple"/1 => is_tuple(0);
    // Natives since OTP 26 and 29; Erlang code of equal effect before.
    Guard "max"/2 => max(0, 1);
    Guard "min"/2 => min(0, 1);
    /// A native record
    Guard "is_record"/1 => is_native_record(0);
    Guard "is_integer"/3 => is_integer_3(0, 1, 2);
} }

macro_rules! tests {
    ($($name:ident($($arg:ident: $ty:ty),*) = $e:expr;)*) => { $(
        fn $name<'p>(_: &Cx<'p>, $($arg: $ty),*) -> BifResult<'p> {
            Ok(Term::bool($e))
        }
    )* };
}

tests! {
    eq_exact(a: Term<'p>, b: Term<'p>) = compare::eq_exact(a, b);
    ne_exact(a: Term<'p>, b: Term<'p>) = !compare::eq_exact(a, b);
    eq(a: Term<'p>, b: Term<'p>) = compare::eq(a, b);
    ne(a: Term<'p>, b: Term<'p>) = !compare::eq(a, b);
    lt(a: Term<'p>, b: Term<'p>) = compare::compare(a, b).is_lt();
    le(a: Term<'p>, b: Term<'p>) = compare::compare(a, b).is_le();
    gt(a: Term<'p>, b: Term<'p>) = compare::compare(a, b).is_gt();
    ge(a: Term<'p>, b: Term<'p>) = compare::compare(a, b).is_ge();
    and_(a: bool, b: bool) = a && b;
    or_(a: bool, b: bool) = a || b;
    xor(a: bool, b: bool) = a != b;
    not_(a: bool) = !a;
    is_atom(t: Term<'p>) = t.as_atom().is_some();
    is_binary(t: Term<'p>) = t.as_binary().is_some();
    is_bitstring(t: Term<'p>) = t.as_bits().is_some();
    is_boolean(t: Term<'p>) = t.as_bool().is_some();
    is_float(t: Term<'p>) = t.as_float().is_some();
    is_function(t: Term<'p>) = t.as_fun().is_some();
    is_integer(t: Term<'p>) = t.is_integer();
    is_native_record(t: Term<'p>) = matches!(t.view(), View::Record(_));
    is_list(t: Term<'p>) = t.is_list();
    is_map(t: Term<'p>) = t.as_map().is_some();
    is_number(t: Term<'p>) = t.is_number();
    is_pid(t: Term<'p>) = t.as_pid().is_some();
    is_port(t: Term<'p>) = t.as_port().is_some();
    is_reference(t: Term<'p>) = t.as_reference().is_some();
    is_tuple(t: Term<'p>) = t.as_tuple().is_some();
    is_record(t: Term<'p>, tag: Atom) = has_tag(t, tag) || t.as_record().is_some_and(|r| r.name().is_atom_of(tag));
}

fn has_tag(t: Term<'_>, tag: Atom) -> bool {
    t.as_tuple().and_then(|t| t.elements().first().copied()).is_some_and(|e| e.is_atom_of(tag))
}

fn is_record_3<'p>(cx: &Cx<'p>, t: Term<'p>, tag: Atom, size: Term<'p>) -> BifResult<'p> {
    if let Some(name) = size.as_atom()
        && cx.vm().config.release >= 28
    {
        return Ok(Term::bool(t.as_record().is_some_and(|r| r.is(tag, name))));
    }
    if !size.is_integer() {
        return Err(cx.badarg());
    }
    let fits = t.as_tuple().is_some_and(|t| Some(t.arity()) == size.as_usize());
    Ok(Term::bool(fits && has_tag(t, tag)))
}

/// The first of equal ones.
fn max<'p>(_: &Cx<'p>, a: Term<'p>, b: Term<'p>) -> BifResult<'p> {
    Ok(if compare::compare(a, b).is_lt() { b } else { a })
}

fn min<'p>(_: &Cx<'p>, a: Term<'p>, b: Term<'p>) -> BifResult<'p> {
    Ok(if compare::compare(a, b).is_gt() { b } else { a })
}

/// Whether it is an integer within bounds, which must be integers.
fn is_integer_3<'p>(cx: &Cx<'p>, t: Term<'p>, low: Term<'p>, high: Term<'p>) -> BifResult<'p> {
    if !low.is_integer() || !high.is_integer() {
        return Err(cx.badarg());
    }
    let within = || compare::compare(low, t).is_le() && compare::compare(t, high).is_le();
    Ok(Term::bool(t.is_integer() && within()))
}

fn is_function_2<'p>(cx: &Cx<'p>, t: Term<'p>, arity: Term<'p>) -> BifResult<'p> {
    let negative = match arity.as_small() {
        Some(n) => n < 0,
        None => cx.need(arity.as_big())?.is_negative(),
    };
    if negative {
        return Err(cx.badarg());
    }
    let fits = |f: Fun<'p>| arity.as_small() == Some(i64::from(f.arity()));
    Ok(Term::bool(t.as_fun().is_some_and(fits)))
}

vm::bifs! { pub INTERNAL: "erts_internal" {
    /// Negative, 0 or positive, by exact order.
    Plain "cmp_term"/2 => cmp_term(0, 1);
    /// How the term is represented.
    Plain "term_type"/1 => term_type(0);
} }

fn cmp_term<'p>(_: &Cx<'p>, a: Term<'p>, b: Term<'p>) -> BifResult<'p> {
    Ok(Term::small(compare::compare_exact(a, b) as i64))
}

fn term_type<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    Ok(cx.need(Atom::try_new(size::type_name(t)))?.into())
}
