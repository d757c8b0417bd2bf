//! Which terms ops rely on, and what is known of terms after an op.
//!
//! Compilers know more than can be proven here (what other functions return, above all). Where the
//! proof fails the op gets a [`Check`], which the emulator runs before it.

use isa::{Dst, Fail, FmoveDst, FmoveSrc, ImportIx, Op, Src};

use super::kinds::{Kind, Kinds};
use crate::module::{Import, Literal, Module, Wanted};

/// What the functions below have to say about ops: most are of no concern, and looking that up is faster than asking.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Concern {
    Nothing,
    /// [`demand`]
    Demands,
    /// [`guard`]
    Tells,
    /// [`learn`]
    Teaches,
    /// [`demand`] and [`learn`]
    Both,
}

/// See [`Concern`].
pub(super) fn concern(op: &Op) -> Concern {
    match op {
        Op::GetList { .. }
        | Op::GetHd { .. }
        | Op::GetTl { .. }
        | Op::GetTupleElement { .. }
        | Op::SetTupleElement { .. }
        | Op::HasMapFields { .. }
        | Op::GetMapElements { .. }
        | Op::BsGetInteger2 { .. }
        | Op::BsGetBinary2 { .. }
        | Op::BsSkipBits2 { .. }
        | Op::BsTestTail2 { .. }
        | Op::BsTestUnit { .. }
        | Op::BsMatchString { .. }
        | Op::BsGetUtf8 { .. }
        | Op::BsSkipUtf8 { .. }
        | Op::BsGetUtf16 { .. }
        | Op::BsSkipUtf16 { .. }
        | Op::BsGetUtf32 { .. }
        | Op::BsSkipUtf32 { .. }
        | Op::BsGetTail { .. }
        | Op::BsGetPosition { .. }
        | Op::BsSetPosition { .. }
        | Op::BsMatch { .. } => Concern::Demands,
        Op::Bif1 { .. } | Op::GcBif1 { .. } | Op::Bif2 { .. } | Op::GcBif2 { .. } => Concern::Tells,
        Op::PutList { .. }
        | Op::PutTuple2 { .. }
        | Op::PutMapAssoc { .. }
        | Op::PutMapExact { .. }
        | Op::BsStartMatch3 { .. }
        | Op::BsStartMatch4 { .. }
        | Op::Fmove { .. }
        | Op::IsNonemptyList { .. }
        | Op::IsList { .. }
        | Op::IsTuple { .. }
        | Op::IsTaggedTuple { .. }
        | Op::IsMap { .. }
        | Op::IsFloat { .. }
        | Op::IsEqExact { .. }
        | Op::IsNeExact { .. } => Concern::Teaches,
        Op::UpdateRecord { .. } | Op::TestArity { .. } | Op::BsGetFloat2 { .. } => Concern::Both,
        _ => Concern::Nothing,
    }
}

/// What `op` relies on, if its operand can be anything.
pub(super) fn demand(module: &Module, at: usize, op: &Op) -> Option<(Src, Kind)> {
    Some(match op {
        Op::GetList { src, .. } | Op::GetHd { src, .. } | Op::GetTl { src, .. } => {
            (*src, Kind::Cons)
        }
        Op::GetTupleElement { src, .. } => (*src, Kind::at_least(elements(module, at, *src))),
        Op::SetTupleElement { tuple, index, .. } => {
            (*tuple, Kind::at_least(index.saturating_add(1)))
        }
        Op::UpdateRecord { src, size, .. } => (*src, Kind::tuple(*size)),
        Op::TestArity { src, .. } => (*src, Kind::at_least(0)),
        Op::HasMapFields { map, .. } | Op::GetMapElements { map, .. } => (*map, Kind::Map),
        Op::BsGetInteger2 { ctx, .. }
        | Op::BsGetFloat2 { ctx, .. }
        | Op::BsGetBinary2 { ctx, .. }
        | Op::BsSkipBits2 { ctx, .. }
        | Op::BsTestTail2 { ctx, .. }
        | Op::BsTestUnit { ctx, .. }
        | Op::BsMatchString { ctx, .. }
        | Op::BsGetUtf8 { ctx, .. }
        | Op::BsSkipUtf8 { ctx, .. }
        | Op::BsGetUtf16 { ctx, .. }
        | Op::BsSkipUtf16 { ctx, .. }
        | Op::BsGetUtf32 { ctx, .. }
        | Op::BsSkipUtf32 { ctx, .. }
        | Op::BsGetTail { ctx, .. }
        | Op::BsGetPosition { ctx, .. }
        | Op::BsSetPosition { ctx, .. }
        | Op::BsMatch { ctx, .. } => (*ctx, Kind::Context),
        _ => return None,
    })
}

/// Elements that the tuple in `src` must have for the fetches from `at` on: one check does for
/// all, and the emulator may fetch several at once. Only ops that tell nothing about the tuple
/// lie between.
fn elements(module: &Module, at: usize, src: Src) -> u32 {
    let mut wanted = 0;
    for op in module.code.get(at..).unwrap_or_default() {
        let dst = match op {
            Op::GetTupleElement { src: from, index, dst } => {
                if same(*from, src) {
                    wanted = wanted.max(index.saturating_add(1));
                }
                *dst
            }
            Op::Move { dst, .. } | Op::Fmove { dst: FmoveDst::Reg(dst), .. } => *dst,
            Op::Fmove { dst: FmoveDst::F(_), .. }
            | Op::Fconv { .. }
            | Op::Fadd { fail: Fail(None), .. }
            | Op::Fsub { fail: Fail(None), .. }
            | Op::Fmul { fail: Fail(None), .. }
            | Op::Fdiv { fail: Fail(None), .. }
            | Op::TestHeap { .. }
            | Op::Line { .. } => continue,
            _ => break,
        };
        if same(dst.src(), src) {
            break;
        }
    }
    wanted
}

fn same(a: Src, b: Src) -> bool {
    match (a, b) {
        (Src::X(a, _), Src::X(b, _)) | (Src::Y(a, _), Src::Y(b, _)) => a == b,
        _ => a == b,
    }
}

/// What the emulator is told to check.
pub(super) fn wanted(kind: Kind) -> Option<Wanted> {
    Some(match kind {
        Kind::Cons => Wanted::Cons,
        Kind::Map => Wanted::Map,
        Kind::Context => Wanted::MatchContext,
        Kind::Tuple { min, exact: false } => Wanted::TupleOf(min..=u32::MAX),
        Kind::Tuple { min, exact: true } => Wanted::TupleOf(min..=min),
        Kind::List | Kind::Float | Kind::Fresh => return None,
    })
}

/// What an operand is known to be.
pub(super) fn kind_of(module: &Module, kinds: &Kinds, src: Src) -> Option<Kind> {
    match src {
        Src::X(..) | Src::Y(..) => kinds.get(src),
        Src::Nil => Some(Kind::List),
        Src::Lit(n) => match module.literals.get(n as usize)? {
            Literal::Term(bytes) => literal(bytes),
            Literal::BigInt { .. } => None,
        },
        Src::Int(_) | Src::Atom(_) => None,
    }
}

/// The kind of an external term.
fn literal(bytes: &[u8]) -> Option<Kind> {
    match *bytes {
        [131, 70, ..] => Some(Kind::Float),
        [131, 104, arity, ..] => Some(Kind::tuple(u32::from(arity))),
        [131, 105, a, b, c, d, ..] => Some(Kind::tuple(u32::from_be_bytes([a, b, c, d]))),
        [131, 107, a, b, ..] if (a, b) != (0, 0) => Some(Kind::Cons),
        [131, 108, a, b, c, d, ..] if (a, b, c, d) != (0, 0, 0, 0) => Some(Kind::Cons),
        [131, 116, ..] => Some(Kind::Map),
        _ => None,
    }
}

/// Takes note of what `op` stored and of what holds when it went on behind itself.
pub(super) fn learn(module: &Module, op: &Op, kinds: &mut Kinds) {
    match op {
        // What was read is what was asked for.
        Op::PutList { dst, .. } => kinds.set(*dst, Some(Kind::Cons)),
        Op::PutTuple2 { dst, elements } => {
            let arity = u32::try_from(elements.len()).unwrap_or(u32::MAX);
            kinds.set(*dst, Some(Kind::tuple(arity)));
        }
        Op::UpdateRecord { dst, size, .. } => kinds.set(*dst, Some(Kind::tuple(*size))),
        Op::PutMapAssoc { dst, .. } | Op::PutMapExact { dst, .. } => {
            kinds.set(*dst, Some(Kind::Map));
        }
        Op::BsStartMatch3 { dst, .. } | Op::BsStartMatch4 { dst, .. } => {
            kinds.set(*dst, Some(Kind::Context));
        }
        Op::BsGetFloat2 { dst, .. }
        | Op::Fmove { src: FmoveSrc::F(_), dst: FmoveDst::Reg(dst) } => {
            kinds.set(*dst, Some(Kind::Float));
        }
        Op::IsNonemptyList { src, .. } => kinds.learn(*src, Kind::Cons),
        Op::IsList { src, .. } => kinds.learn(*src, Kind::List),
        Op::IsTuple { src, .. } => kinds.learn(*src, Kind::at_least(0)),
        Op::TestArity { src, arity, .. } | Op::IsTaggedTuple { src, arity, .. } => {
            kinds.learn(*src, Kind::tuple(*arity));
        }
        Op::IsMap { src, .. } => kinds.learn(*src, Kind::Map),
        Op::IsFloat { src, .. } => kinds.learn(*src, Kind::Float),
        Op::IsEqExact { a, b, .. } => {
            for (to, from) in [(a, b), (b, a)] {
                if let Some(kind) = kind_of(module, kinds, *from)
                    && *from != Src::Nil
                {
                    kinds.learn(*to, kind);
                }
            }
        }
        Op::IsNeExact { a, b: Src::Nil, .. } if kinds.get(*a) == Some(Kind::List) => {
            kinds.learn(*a, Kind::Cons);
        }
        _ => {}
    }
}

/// What holds on the failing way of `op` beyond what held before.
pub(super) fn failed(op: &Op, kinds: &Kinds) -> Option<(Src, Kind)> {
    match op {
        Op::IsNil { src, .. } | Op::IsEqExact { a: src, b: Src::Nil, .. } => {
            (kinds.get(*src) == Some(Kind::List)).then_some((*src, Kind::Cons))
        }
        _ => None,
    }
}

/// What a guard native tells when it did not fail: `before` its destination is written, and of
/// its result.
pub(super) struct Told {
    pub args: [Option<(Src, Kind)>; 2],
    pub result: Option<(Dst, Kind)>,
}

/// The natives of `erlang` that tell something.
#[derive(Clone, Copy, PartialEq, Eq)]
pub(super) enum Native {
    Other,
    /// `hd/1`, `tl/1`
    Head,
    Length,
    TupleSize,
    MapSize,
    /// `map_get/2`, `is_map_key/2`
    MapKey,
    Element,
    /// `'/'/2`, `float/1`
    MakesFloat,
    /// `'+'/2`, `'-'/2`, `'*'/2`, `'-'/1`: a float if one goes in
    Arithmetic,
    SetElement,
    ListToTuple,
}

/// What each import of the module is.
pub(super) fn natives(module: &Module) -> Vec<Native> {
    let of = |import: &Import| {
        if module.atom(import.module) != "erlang" {
            return Native::Other;
        }
        match (module.atom(import.function), import.arity) {
            ("hd" | "tl", 1) => Native::Head,
            ("length", 1) => Native::Length,
            ("tuple_size", 1) => Native::TupleSize,
            ("map_size", 1) => Native::MapSize,
            ("map_get" | "is_map_key", 2) => Native::MapKey,
            ("element", 2) => Native::Element,
            ("/", 2) | ("float", 1) => Native::MakesFloat,
            ("+" | "-" | "*", 2) | ("-", 1) => Native::Arithmetic,
            ("setelement", 3) => Native::SetElement,
            ("list_to_tuple", 1) => Native::ListToTuple,
            _ => Native::Other,
        }
    };
    module.imports.iter().map(of).collect()
}

/// See [`Told`].
pub(super) fn guard(module: &Module, natives: &[Native], kinds: &Kinds, op: &Op) -> Option<Told> {
    let (import, args, dst) = match op {
        Op::Bif1 { import, a, dst, .. } | Op::GcBif1 { import, a, dst, .. } => {
            (*import, [Some(*a), None], *dst)
        }
        Op::Bif2 { import, a, b, dst, .. } | Op::GcBif2 { import, a, b, dst, .. } => {
            (*import, [Some(*a), Some(*b)], *dst)
        }
        _ => return None,
    };
    let mut told = Told { args: [None; 2], result: None };
    let float =
        |src: Option<Src>| src.is_some_and(|src| kind_of(module, kinds, src) == Some(Kind::Float));
    // The import has the op's arity: that was checked before.
    match (*natives.get(import.0 as usize)?, args) {
        (Native::Head, [Some(list), _]) => told.args[0] = Some((list, Kind::Cons)),
        (Native::Length, [Some(list), _]) => told.args[0] = Some((list, Kind::List)),
        (Native::TupleSize, [Some(tuple), _]) => told.args[0] = Some((tuple, Kind::at_least(0))),
        (Native::MapSize, [Some(map), _]) => told.args[0] = Some((map, Kind::Map)),
        (Native::MapKey, [_, Some(map)]) => told.args[1] = Some((map, Kind::Map)),
        (Native::Element, [Some(Src::Int(n)), Some(tuple)]) => {
            told.args[1] = Some((tuple, Kind::at_least(u32::try_from(n).ok()?)));
        }
        (Native::MakesFloat, _) => told.result = Some((dst, Kind::Float)),
        (Native::Arithmetic, [a, b]) if float(a) || float(b) => {
            told.result = Some((dst, Kind::Float));
        }
        _ => return None,
    }
    Some(told)
}

/// What a call of an import leaves in x0.
pub(super) fn returned(natives: &[Native], import: ImportIx) -> Option<Kind> {
    match natives.get(import.0 as usize)? {
        Native::SetElement => Some(Kind::Fresh),
        Native::ListToTuple => Some(Kind::at_least(0)),
        _ => None,
    }
}
