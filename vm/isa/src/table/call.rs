//! Calls, returns and fun creation.

#[macro_export]
#[doc(hidden)]
macro_rules! call_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Local call: the return point is saved in the current frame.
            4 call Call { arity: u32, target: Label } [call yield];
            /// Local tail call; drops the frame of `words` slots first.
            5 call_last CallLast { arity: u32, target: Label, words: u32 } [call yield end];
            /// Local tail call without a frame.
            6 call_only CallOnly { arity: u32, target: Label } [call yield end];
            /// Call of an imported function or BIF.
            7 call_ext CallExt { arity: u32, import: ImportIx } [call gc raise yield];
            /// Tail call of an imported function; drops the frame of `words` slots first.
            8 call_ext_last CallExtLast { arity: u32, import: ImportIx, words: u32 } [call gc raise yield end];
            /// Tail call of an imported function without a frame.
            78 call_ext_only CallExtOnly { arity: u32, import: ImportIx } [call gc raise yield end];
            /// Back to the caller; the value is in x0.
            19 return Return { } [yield end];
            /// Call a fun: arguments in x0.., the fun in x(arity).
            75 call_fun CallFun { arity: u32 } [call gc raise yield];
            /// Call a fun held in `fun`, with what the compiler knows about it.
            178 call_fun2 CallFun2 { hint: FunHint, arity: u32, fun: Src } [call gc raise yield];
            /// Call `x(arity):x(arity+1)` with `arity` arguments.
            112 apply Apply { arity: u32 } [call gc raise yield];
            /// Tail form of `apply`; drops the frame of `words` slots first.
            113 apply_last ApplyLast { arity: u32, words: u32 } [call gc raise yield end];
            /// Build a fun; its free variables are in x0.., the result goes to x0.
            103 make_fun2 MakeFun2 { lambda: LambdaIx } [gc];
            /// Build a fun from a lambda and its free variables.
            171 make_fun3 MakeFun3 { lambda: LambdaIx, dst: Dst, free: Vec<Src> } [];
            /// Marks a function that a NIF may replace.
            179 nif_start NifStart { } [];
            /// The enclosing function is the module's `-on_load` function.
            149 on_load OnLoad { } [];
        }
    };
}
