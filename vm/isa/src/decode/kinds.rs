//! How each kind of operand is decoded and shown.

use std::fmt;

use super::compact::{EXT_FREG, F, U, Y, Z};
use super::{DecodeError, Operand, Reader, Visit, Word};
use crate::bits::{BsFlags, SegSize};
use crate::operand::*;

impl Reader<'_> {
    pub(super) fn word(&mut self) -> Result<Word, DecodeError> {
        let n = self.atom()?;
        self.cx.word(n).ok_or(DecodeError::BadOperand("an atom"))
    }

    fn fail(&mut self) -> Result<Fail, DecodeError> {
        Ok(Fail(match self.number32(F, "a label")? {
            0 => None,
            n => Some(Label(n)),
        }))
    }

    pub(super) fn seg_size(&mut self) -> Result<SegSize, DecodeError> {
        match self.src()? {
            Src::Atom(n) => match self.cx.word(n) {
                Some(Word::All) => Ok(SegSize::All),
                Some(Word::Undefined) => Ok(SegSize::None),
                _ => Ok(SegSize::Size(Src::Atom(n))),
            },
            src => Ok(SegSize::Size(src)),
        }
    }
}

/// An operand kind: how to decode it, what it shows to a visitor, how it is written.
macro_rules! operand {
    ($kind:ty, |$r:ident| $decode:expr, |$v:pat_param, $this:ident| $visit:expr,
     |$f:ident| $show:expr $(, retarget |$old:ident, $to:ident| $retarget:expr)?) => {
        impl Operand for $kind {
            fn decode($r: &mut Reader) -> Result<Self, DecodeError> {
                $decode
            }
            fn visit<V: Visit>(&self, $v: &mut V) {
                let $this = self;
                let _ = $this;
                $visit
            }
            fn show(&self, $f: &mut fmt::Formatter<'_>) -> fmt::Result {
                let $this = self;
                $show
            }
            $(fn retarget(&mut self, $to: &mut dyn FnMut(Label) -> Label) {
                let $old = self;
                $retarget
            })?
        }
    };
}

operand!(u32, |r| r.number32(U, "a number"), |_, this| (), |f| write!(f, "{this}"));
// A size that no term has when it does not fit.
operand!(u64, |r| r.number_at_most(U, "a number"), |_, this| (), |f| write!(f, "{this}"));
operand!(Src, |r| r.src(), |v, this| v.src(*this), |f| match this {
    Src::X(n, Ty(0)) => write!(f, "x{n}"),
    Src::X(n, Ty(t)) => write!(f, "x{n}:t{t}"),
    Src::Y(n, Ty(0)) => write!(f, "y{n}"),
    Src::Y(n, Ty(t)) => write!(f, "y{n}:t{t}"),
    Src::Int(n) => write!(f, "{n}"),
    Src::Atom(n) => write!(f, "a{n}"),
    Src::Nil => write!(f, "[]"),
    Src::Lit(n) => write!(f, "lit{n}"),
});
operand!(Dst, |r| r.dst(), |v, this| v.dst(*this), |f| match this {
    Dst::X(n) => write!(f, "x{n}"),
    Dst::Y(n) => write!(f, "y{n}"),
});
operand!(YReg, |r| r.register(Y).map(YReg), |v, this| v.yreg(*this), |f| write!(f, "y{}", this.0));
operand!(
    FReg,
    |r| if r.extended("a float register")? == EXT_FREG {
        r.freg()
    } else {
        Err(DecodeError::BadOperand("a float register"))
    },
    |v, this| v.freg(*this),
    |f| write!(f, "fr{}", this.0)
);
operand!(
    USrc,
    |r| if r.peek()? == U {
        let n = r.number32(U, "a size")?;
        Ok(USrc(Src::Int(i64::from(n))))
    } else {
        r.src().map(USrc)
    },
    |v, this| v.src(this.0),
    |f| this.0.show(f)
);
operand!(
    FmoveSrc,
    |r| if r.is_freg() { FReg::decode(r).map(FmoveSrc::F) } else { r.src().map(FmoveSrc::Term) },
    |v, this| match this {
        FmoveSrc::F(n) => v.freg(*n),
        FmoveSrc::Term(src) => v.src(*src),
    },
    |f| match this {
        FmoveSrc::F(n) => n.show(f),
        FmoveSrc::Term(src) => src.show(f),
    }
);
operand!(
    FmoveDst,
    |r| if r.is_freg() { FReg::decode(r).map(FmoveDst::F) } else { r.dst().map(FmoveDst::Reg) },
    |v, this| match this {
        FmoveDst::F(n) => v.freg(*n),
        FmoveDst::Reg(dst) => v.dst(*dst),
    },
    |f| match this {
        FmoveDst::F(n) => n.show(f),
        FmoveDst::Reg(dst) => dst.show(f),
    }
);
operand!(
    Label,
    |r| r.fail()?.0.ok_or(DecodeError::BadOperand("a label")),
    |v, this| v.label(*this),
    |f| write!(f, "L{}", this.0),
    retarget | old,
    to | *old = to(*old)
);
operand!(
    Fail,
    |r| r.fail(),
    |v, this| v.fail(*this),
    |f| match this.0 {
        Some(label) => label.show(f),
        None => write!(f, "L0"),
    },
    retarget | old,
    to | old.0 = old.0.map(to)
);
operand!(
    StartFail,
    |r| if r.peek()? == F {
        r.fail().map(StartFail::Fail)
    } else {
        match r.word()? {
            Word::NoFail => Ok(StartFail::NoFail),
            Word::Resume => Ok(StartFail::Resume),
            _ => Err(DecodeError::BadOperand("a label")),
        }
    },
    |v, this| if let StartFail::Fail(fail) = this {
        v.fail(*fail)
    },
    |f| match this {
        StartFail::NoFail => write!(f, "no_fail"),
        StartFail::Resume => write!(f, "resume"),
        StartFail::Fail(fail) => fail.show(f),
    },
    retarget | old,
    to | if let StartFail::Fail(fail) = old {
        fail.retarget(to)
    }
);
operand!(Live, |r| r.number32(U, "a live count").map(Live), |v, this| v.live(*this), |f| write!(
    f,
    "live {}",
    this.0
));
operand!(Need, |r| r.need(), |_, this| (), |f| {
    write!(f, "need {}", this.words)?;
    if this.floats != 0 || this.funs != 0 {
        write!(f, "+{}floats+{}funs", this.floats, this.funs)?;
    }
    Ok(())
});
operand!(
    AtomIx,
    |r| match r.atom()? {
        0 => Err(DecodeError::BadOperand("an atom")),
        n => Ok(AtomIx(n)),
    },
    |_, this| (),
    |f| write!(f, "a{}", this.0)
);
operand!(
    ImportIx,
    |r| r.number32(U, "an import").map(ImportIx),
    |v, this| v.import(*this),
    |f| write!(f, "import{}", this.0)
);
operand!(
    LambdaIx,
    |r| r.number32(U, "a lambda").map(LambdaIx),
    |v, this| v.lambda(*this),
    |f| write!(f, "lambda{}", this.0)
);
operand!(LineIx, |r| r.number32(U, "a line").map(LineIx), |v, this| v.line(*this), |f| write!(
    f,
    "line{}",
    this.0
));
operand!(
    FunHint,
    |r| if r.peek()? == U {
        LambdaIx::decode(r).map(FunHint::Lambda)
    } else {
        match r.word()? {
            Word::Safe => Ok(FunHint::Safe),
            Word::Unsafe => Ok(FunHint::Unsafe),
            _ => Err(DecodeError::BadOperand("a fun hint")),
        }
    },
    |v, this| if let FunHint::Lambda(lambda) = this {
        v.lambda(*lambda)
    },
    |f| match this {
        FunHint::Unsafe => write!(f, "unsafe"),
        FunHint::Safe => write!(f, "safe"),
        FunHint::Lambda(lambda) => lambda.show(f),
    }
);
operand!(
    RecordHint,
    |r| match r.word()? {
        Word::Copy => Ok(RecordHint::Copy),
        Word::Reuse => Ok(RecordHint::Reuse),
        Word::Inplace => Ok(RecordHint::Inplace),
        _ => Err(DecodeError::BadOperand("an update hint")),
    },
    |_, this| (),
    |f| write!(
        f,
        "{}",
        match this {
            RecordHint::Copy => "copy",
            RecordHint::Reuse => "reuse",
            RecordHint::Inplace => "inplace",
        }
    )
);
operand!(BsFlags, |r| r.flags(), |_, this| (), |f| write!(f, "flags {}", this.0));
operand!(
    SegSize,
    |r| r.seg_size(),
    |v, this| if let SegSize::Size(src) = this {
        v.src(*src)
    },
    |f| match this {
        SegSize::None => write!(f, "undefined"),
        SegSize::All => write!(f, "all"),
        SegSize::Size(src) => src.show(f),
    }
);

impl Reader<'_> {
    fn is_freg(&self) -> bool {
        self.bytes.get(self.pos) == Some(&((EXT_FREG as u8) << 4 | Z))
    }
}
