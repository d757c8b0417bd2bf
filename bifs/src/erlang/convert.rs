//! Numbers and identifiers from and to text.

use num::bignum::{self, MAX_DIGITS};
use num::float;
use term::node::Node;
use term::print;
use term::{Fun, Heap, Pid, Port, Reference, Term, View, atom};
use vm::arith;
use vm::bif::{Binary, List};
use vm::{BifResult, Cx};

vm::bifs! { pub TABLE: "erlang" {
    Plain "integer_to_list"/1 => integer_to_list(0);
    Plain "integer_to_list"/2 => integer_to_list_2(0, 1);
    Plain "integer_to_binary"/1 => integer_to_binary(0);
    Plain "integer_to_binary"/2 => integer_to_binary_2(0, 1);
    Plain "list_to_integer"/1 => list_to_integer(0);
    Plain "list_to_integer"/2 => list_to_integer_2(0, 1);
    Plain "binary_to_integer"/1 => binary_to_integer(0);
    Plain "binary_to_integer"/2 => binary_to_integer_2(0, 1);
    Plain "float_to_list"/1 => float_to_list(0);
    /// Options: `{decimals, N}`, `compact`, `{scientific, N}`, `short`; the last way of writing counts.
    Plain "float_to_list"/2 => float_to_list_2(0, 1);
    Plain "float_to_binary"/1 => float_to_binary(0);
    Plain "float_to_binary"/2 => float_to_binary_2(0, 1);
    Plain "list_to_float"/1 => list_to_float(0);
    Plain "binary_to_float"/1 => binary_to_float(0);
    Plain "pid_to_list"/1 => pid_to_list(0);
    Plain "port_to_list"/1 => port_to_list(0);
    Plain "ref_to_list"/1 => ref_to_list(0);
    Plain "fun_to_list"/1 => fun_to_list(0);
    Plain "list_to_pid"/1 => list_to_pid(0);
    Plain "list_to_port"/1 => list_to_port(0);
    Plain "list_to_ref"/1 => list_to_ref(0);
} }

vm::bifs! { pub STRING: "string" {
    Plain "list_to_integer"/1 => string_list_to_integer(0);
    Plain "list_to_float"/1 => string_list_to_float(0);
} }

// Since OTP 27 the natives of `erlang` are Erlang code over these.
vm::bifs! { pub INTERNAL: "erts_internal" {
    Plain "list_to_integer"/2 => internal_list_to_integer(0, 1);
    Plain "binary_to_integer"/2 => internal_binary_to_integer(0, 1);
} }

/// The bytes of a proper list of them.
pub fn bytes_of_list(list: Term<'_>) -> Option<Vec<u8>> {
    let mut elements = list.iter_list();
    let bytes: Option<Vec<u8>> =
        elements.by_ref().map(|c| u8::try_from(c.as_small()?).ok()).collect();
    bytes.filter(|_| elements.tail().is_nil())
}

fn base_of<'p>(cx: &Cx<'p>, base: Term<'p>) -> BifResult<'p, u32> {
    cx.need(base.as_small().and_then(|b| u32::try_from(b).ok()).filter(|b| (2..=36).contains(b)))
}

fn integer_text<'p>(cx: &Cx<'p>, n: Term<'p>, base: u32) -> BifResult<'p, Vec<u8>> {
    let mut out = Vec::new();
    let len = arith::with_int(n, |n| {
        bignum::write_text(n, base, true, &mut out);
        n.digits().len()
    });
    let len = cx.need(len)?;
    // The work is quadratic for a while.
    cx.bump(len.saturating_mul(len) / 64);
    Ok(out)
}

fn integer_to_list<'p>(cx: &Cx<'p>, n: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().byte_list(&integer_text(cx, n, 10)?))
}

fn integer_to_list_2<'p>(cx: &Cx<'p>, n: Term<'p>, base: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().byte_list(&integer_text(cx, n, base_of(cx, base)?)?))
}

fn integer_to_binary<'p>(cx: &Cx<'p>, n: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().binary(&integer_text(cx, n, 10)?))
}

fn integer_to_binary_2<'p>(cx: &Cx<'p>, n: Term<'p>, base: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().binary(&integer_text(cx, n, base_of(cx, base)?)?))
}

/// What a text says.
enum Parsed<'p> {
    Integer(Term<'p>),
    NoInteger,
    TooLarge,
}

fn parse<'h>(heap: &'h Heap, text: &[u8], base: u32) -> Parsed<'h> {
    match bignum::parse(text, base) {
        None => Parsed::NoInteger,
        Some(n) if n.digits().len() > MAX_DIGITS => Parsed::TooLarge,
        Some(n) => Parsed::Integer(heap.big(n.is_negative(), n.digits())),
    }
}

fn parse_integer<'p>(cx: &Cx<'p>, text: &[u8], base: u32) -> BifResult<'p> {
    cx.bump(text.len() / 16);
    match parse(cx.heap(), text, base) {
        Parsed::Integer(n) => Ok(n),
        Parsed::NoInteger => Err(cx.badarg()),
        Parsed::TooLarge => Err(cx.system_limit()),
    }
}

fn list_to_integer<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    parse_integer(cx, &cx.need(bytes_of_list(list.0))?, 10)
}

fn list_to_integer_2<'p>(cx: &Cx<'p>, list: List<'p>, base: Term<'p>) -> BifResult<'p> {
    let base = base_of(cx, base)?;
    parse_integer(cx, &cx.need(bytes_of_list(list.0))?, base)
}

fn binary_to_integer<'p>(cx: &Cx<'p>, bin: Binary<'p>) -> BifResult<'p> {
    parse_integer(cx, &bin.0.bytes(), 10)
}

fn binary_to_integer_2<'p>(cx: &Cx<'p>, bin: Binary<'p>, base: Term<'p>) -> BifResult<'p> {
    parse_integer(cx, &bin.0.bytes(), base_of(cx, base)?)
}

/// `{Integer, Rest}` of a list that begins with an integer, else `not_a_list`, `no_integer` or `badarg`.
fn internal_list_to_integer<'p>(cx: &Cx<'p>, list: Term<'p>, base: Term<'p>) -> BifResult<'p> {
    if !list.is_list() {
        return Ok(atom!("not_a_list").into());
    }
    if list.is_nil() {
        return Ok(atom!("no_integer").into());
    }
    let base = base.as_small().and_then(|b| u32::try_from(b).ok());
    let Some(base) = base.filter(|b| (2..=36).contains(b)) else {
        return Ok(atom!("badarg").into());
    };
    Ok(match leading_integer(cx, list, base) {
        None => atom!("no_integer").into(),
        Some((Parsed::Integer(n), rest)) => cx.heap().tuple(&[n, rest]),
        Some(_) => return Err(cx.system_limit()),
    })
}

/// The integer, or `badarg`.
fn internal_binary_to_integer<'p>(cx: &Cx<'p>, bin: Term<'p>, base: Term<'p>) -> BifResult<'p> {
    let base = base.as_small().and_then(|b| u32::try_from(b).ok()).filter(|b| (2..=36).contains(b));
    let (Some(bin), Some(base)) = (bin.as_binary(), base) else {
        return Ok(atom!("badarg").into());
    };
    match parse(cx.heap(), &bin.bytes(), base) {
        Parsed::Integer(n) => Ok(n),
        Parsed::NoInteger => Ok(atom!("badarg").into()),
        Parsed::TooLarge => Err(cx.system_limit()),
    }
}

/// The elements of a list for as long as they are bytes that `wanted` takes, and what follows.
fn leading_bytes<'p>(list: Term<'p>, wanted: fn(u8) -> bool) -> Vec<u8> {
    list.iter_list()
        .map_while(|c| u8::try_from(c.as_small()?).ok())
        .take_while(|&c| wanted(c))
        .collect()
}

fn skip(list: Term<'_>, n: usize) -> Term<'_> {
    let mut elements = list.iter_list();
    for _ in elements.by_ref().take(n) {}
    elements.tail()
}

fn leading_integer<'p>(cx: &Cx<'p>, list: Term<'p>, base: u32) -> Option<(Parsed<'p>, Term<'p>)> {
    let text = leading_bytes(list, |c| c.is_ascii_alphanumeric() || c == b'-' || c == b'+');
    cx.bump(text.len() / 16);
    let (n, len) = bignum::parse_prefix(&text, base)?;
    let parsed = if n.digits().len() > MAX_DIGITS {
        Parsed::TooLarge
    } else {
        Parsed::Integer(cx.heap().big(n.is_negative(), n.digits()))
    };
    Some((parsed, skip(list, len)))
}

fn error<'p>(cx: &Cx<'p>, reason: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().tuple(&[atom!("error").into(), reason]))
}

fn string_list_to_integer<'p>(cx: &Cx<'p>, list: Term<'p>) -> BifResult<'p> {
    if !list.is_list() {
        return error(cx, atom!("not_a_list").into());
    }
    match leading_integer(cx, list, 10) {
        None => error(cx, atom!("no_integer").into()),
        Some((Parsed::Integer(n), rest)) => Ok(cx.heap().tuple(&[n, rest])),
        Some(_) => Err(cx.system_limit()),
    }
}

fn string_list_to_float<'p>(cx: &Cx<'p>, list: Term<'p>) -> BifResult<'p> {
    if !list.is_list() {
        return error(cx, atom!("not_a_list").into());
    }
    // A comma may stand for the point, as `list_to_float/1` has it.
    let mut text =
        leading_bytes(list, |c| matches!(c, b'0'..=b'9' | b'+' | b'-' | b'.' | b',' | b'e' | b'E'));
    if let Some(c) = text.iter_mut().find(|c| matches!(c, b'.' | b',')) {
        *c = b'.';
    }
    match float::parse_prefix(&text) {
        None => error(cx, atom!("no_float").into()),
        Some((f, len)) => Ok(cx.heap().tuple(&[cx.heap().float(f), skip(list, len)])),
    }
}

fn float_text<'p>(cx: &Cx<'p>, f: f64, options: Term<'p>) -> BifResult<'p, Vec<u8>> {
    enum Way {
        Default,
        Short,
        Decimals(i64),
        Scientific(i64),
    }
    let (mut way, mut compact) = (Way::Default, false);
    for option in cx.need(options.to_vec())? {
        way = match option.view() {
            View::Atom(a) if a == atom!("short") => Way::Short,
            View::Atom(a) if a == atom!("compact") => {
                compact = true;
                way
            }
            View::Tuple(tuple) => match *tuple.elements() {
                [name, n] if name.is_atom_of(atom!("decimals")) => {
                    Way::Decimals(cx.need(n.as_small())?)
                }
                [name, n] if name.is_atom_of(atom!("scientific")) => {
                    Way::Scientific(cx.need(n.as_small())?)
                }
                _ => return Err(cx.badarg()),
            },
            _ => return Err(cx.badarg()),
        };
    }
    let mut out = Vec::new();
    let fits = match way {
        Way::Default => {
            float::write_default(f, &mut out);
            true
        }
        Way::Short => {
            float::write_short(f, &mut out);
            true
        }
        Way::Decimals(n) => float::write_decimals(f, n, compact, &mut out),
        Way::Scientific(n) => float::write_scientific(f, n, &mut out),
    };
    if fits { Ok(out) } else { Err(cx.badarg()) }
}

fn float_to_list<'p>(cx: &Cx<'p>, f: f64) -> BifResult<'p> {
    float_to_list_2(cx, f, Term::nil())
}

fn float_to_list_2<'p>(cx: &Cx<'p>, f: f64, options: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().byte_list(&float_text(cx, f, options)?))
}

fn float_to_binary<'p>(cx: &Cx<'p>, f: f64) -> BifResult<'p> {
    float_to_binary_2(cx, f, Term::nil())
}

fn float_to_binary_2<'p>(cx: &Cx<'p>, f: f64, options: Term<'p>) -> BifResult<'p> {
    Ok(cx.heap().binary(&float_text(cx, f, options)?))
}

fn list_to_float<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    let text = cx.need(bytes_of_list(list.0))?;
    Ok(cx.heap().float(cx.need(float::parse(&text))?))
}

fn binary_to_float<'p>(cx: &Cx<'p>, bin: Binary<'p>) -> BifResult<'p> {
    Ok(cx.heap().float(cx.need(float::parse(&bin.0.bytes()))?))
}

fn identifier<'p>(cx: &Cx<'p>, t: Term<'p>) -> BifResult<'p> {
    let mut out = Vec::new();
    print::print(&mut out, t);
    Ok(cx.heap().byte_list(&out))
}

fn pid_to_list<'p>(cx: &Cx<'p>, pid: Pid<'p>) -> BifResult<'p> {
    identifier(cx, pid.term())
}

fn port_to_list<'p>(cx: &Cx<'p>, port: Port<'p>) -> BifResult<'p> {
    identifier(cx, port.term())
}

fn ref_to_list<'p>(cx: &Cx<'p>, reference: Reference<'p>) -> BifResult<'p> {
    if let (Some(pid), ([a, b, c, ..], _)) = (reference.process(), reference.words()) {
        vm::refs::keep(cx.vm(), [a, b, c], pid);
    }
    identifier(cx, reference.term())
}

fn fun_to_list<'p>(cx: &Cx<'p>, fun: Fun<'p>) -> BifResult<'p> {
    let mut out = Vec::new();
    print::print(&mut out, fun.term());
    // Names are characters, not bytes.
    Ok(cx.heap().string(&String::from_utf8_lossy(&out)))
}

/// The numbers between `<` and `>` after `prefix`, which points stand between.
fn numbers_in(list: Term<'_>, prefix: &[u8]) -> Option<Vec<u64>> {
    let text = bytes_of_list(list)?;
    let inner = text.strip_prefix(prefix)?.strip_prefix(b"<")?.strip_suffix(b">")?;
    inner
        .split(|&c| c == b'.')
        .map(|part| match part {
            [] => None,
            digits if digits.iter().all(u8::is_ascii_digit) => {
                std::str::from_utf8(digits).ok()?.parse().ok()
            }
            _ => None,
        })
        .collect()
}

/// Numbers and serials of local pids have 28 and 30 bits.
fn list_to_pid<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    match numbers_in(list.0, b"").as_deref() {
        Some(&[0, number, serial]) if number < 1 << 28 && serial < 1 << 30 => {
            Ok(Term::local_pid(term::boxed::pid_data(number as u32, serial as u32)))
        }
        Some(&[index, number, serial]) if number < 1 << 28 && serial < 1 << 30 => {
            let data = term::boxed::pid_data(number as u32, serial as u32);
            Ok(cx.heap().external_pid(other_node(cx, index)?, data))
        }
        _ => Err(cx.badarg()),
    }
}

/// The node that identifiers show by this number: its name's.
fn other_node<'p>(cx: &Cx<'p>, index: u64) -> BifResult<'p, &'static Node> {
    let named = Node::all().into_iter().filter(|n| u64::from(n.name.0) == index);
    cx.need(named.max_by_key(|n| n.creation))
}

fn list_to_port<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    match numbers_in(list.0, b"#Port").as_deref() {
        Some(&[0, number]) if number < 1 << 28 => Ok(Term::local_port(number)),
        Some(&[index, number]) => Ok(cx.heap().external_port(other_node(cx, index)?, number)),
        _ => Err(cx.badarg()),
    }
}

fn list_to_ref<'p>(cx: &Cx<'p>, list: List<'p>) -> BifResult<'p> {
    match numbers_in(list.0, b"#Ref").as_deref() {
        Some(&[0, w2, w1, w0]) if w0 < 1 << 18 && w1 < 1 << 32 && w2 < 1 << 32 => {
            let (n0, n1) = (w0 | w1 << 32, w2);
            let words = [w0 as u32, w1 as u32, w2 as u32];
            Ok(match vm::refs::process_of(cx.vm(), words) {
                Some(pid) => cx.heap().pid_reference(n0, n1, pid),
                None => cx.heap().reference(n0, n1),
            })
        }
        Some(&[index, ref words @ ..]) if (1..=5).contains(&words.len()) => {
            let words: Option<Vec<u32>> =
                words.iter().rev().map(|w| u32::try_from(*w).ok()).collect();
            let words = cx.need(words)?;
            Ok(cx.heap().external_reference(other_node(cx, index)?, &words))
        }
        _ => Err(cx.badarg()),
    }
}
