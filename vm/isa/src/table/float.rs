//! Float registers.

#[macro_export]
#[doc(hidden)]
macro_rules! float_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Forget an earlier float error; nothing to do.
            94 fclearerror Fclearerror { } [pure];
            /// Check for a float error; the float ops here raise at once.
            95 fcheckerror Fcheckerror { fail: Fail } [raise];
            /// Move between a float register and a term.
            96 fmove Fmove { src: FmoveSrc, dst: FmoveDst } [];
            /// Convert a number to a float; `badarith` when it is none or too large.
            97 fconv Fconv { src: Src, dst: FReg } [raise];
            /// Float addition; `badarith` when the result is not finite.
            98 fadd Fadd { fail: Fail, a: FReg, b: FReg, dst: FReg } [raise];
            /// Float subtraction.
            99 fsub Fsub { fail: Fail, a: FReg, b: FReg, dst: FReg } [raise];
            /// Float multiplication.
            100 fmul Fmul { fail: Fail, a: FReg, b: FReg, dst: FReg } [raise];
            /// Float division.
            101 fdiv Fdiv { fail: Fail, a: FReg, b: FReg, dst: FReg } [raise];
            /// Float negation.
            102 fnegate Fnegate { fail: Fail, src: FReg, dst: FReg } [raise];
        }
    };
}
