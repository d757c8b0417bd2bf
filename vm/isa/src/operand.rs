//! Operand kinds. `decode.rs` says how each is encoded.

/// Index into the `Type` chunk; 0 is any term.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug, Default)]
pub struct Ty(pub u16);

/// A term that an op reads.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum Src {
    X(u16, Ty),
    Y(u16, Ty),
    /// Any integer of 64 bits; larger ones are literals.
    Int(i64),
    /// Index into the atom table, from 1.
    Atom(u32),
    Nil,
    /// Index into the literal table.
    Lit(u32),
}

/// A register that an op writes.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub enum Dst {
    X(u16),
    Y(u16),
}

impl Dst {
    /// The register as an operand to read.
    pub fn src(self) -> Src {
        match self {
            Dst::X(n) => Src::X(n, Ty(0)),
            Dst::Y(n) => Src::Y(n, Ty(0)),
        }
    }
}

/// A Y slot: of a `catch` or `try` tag, or to initialise.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct YReg(pub u16);

/// A float register.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct FReg(pub u16);

/// A size written as an untagged number, or a term; old construction ops have it.
#[derive(Clone, Copy, PartialEq, Debug)]
pub struct USrc(pub Src);

/// What `fmove` reads.
#[derive(Clone, Copy, PartialEq, Debug)]
pub enum FmoveSrc {
    F(FReg),
    Term(Src),
}

/// What `fmove` writes.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FmoveDst {
    F(FReg),
    Reg(Dst),
}

/// A label number, from 1.
#[derive(Clone, Copy, PartialEq, Eq, PartialOrd, Ord, Hash, Debug)]
pub struct Label(pub u32);

/// Where a failing test goes; `None` (label 0) raises.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct Fail(pub Option<Label>);

/// The first operand of `bs_start_match4`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum StartFail {
    /// The source is known to be a bitstring or a match context.
    NoFail,
    /// The source is known to be a match context.
    Resume,
    Fail(Fail),
}

/// How many X registers a collection at this op keeps.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub struct Live(pub u32);

/// Heap space to reserve: words, boxed floats and funs.
#[derive(Clone, Copy, PartialEq, Eq, Debug, Default)]
pub struct Need {
    pub words: u32,
    pub floats: u32,
    pub funs: u32,
}

/// Index into the atom table, from 1.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct AtomIx(pub u32);

/// Index into the import table, from 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct ImportIx(pub u32);

/// Index into the lambda (`FunT`) table, from 0.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LambdaIx(pub u32);

/// Index of a location in the `Line` chunk; 0 is none.
#[derive(Clone, Copy, PartialEq, Eq, Hash, Debug)]
pub struct LineIx(pub u32);

/// What the compiler knows about the fun of `call_fun2`.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum FunHint {
    /// Nothing is known.
    Unsafe,
    /// It is a fun of the right arity.
    Safe,
    /// It was made from this lambda.
    Lambda(LambdaIx),
}

/// How `update_record` may work.
#[derive(Clone, Copy, PartialEq, Eq, Debug)]
pub enum RecordHint {
    /// Copy always.
    Copy,
    /// Give back the source when nothing changes.
    Reuse,
    /// Nothing else sees the source: it may be overwritten.
    Inplace,
}
