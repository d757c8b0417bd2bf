//! Jumps and multi-way branches.

#[macro_export]
#[doc(hidden)]
macro_rules! select_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Go to `target`.
            61 jump Jump { target: Label } [end];
            /// Branch on a value; `fail` when none of the pairs is exactly equal.
            59 select_val SelectVal { src: Src, fail: Fail, pairs: Vec<(Src, Label)> } [pure end];
            /// Branch on the size of a tuple.
            60 select_tuple_arity SelectTupleArity { src: Src, fail: Fail, pairs: Vec<(u32, Label)> } [pure end];
        }
    };
}
