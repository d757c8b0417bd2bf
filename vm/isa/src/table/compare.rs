//! Comparisons and type tests: all fall through when they hold.

#[macro_export]
#[doc(hidden)]
macro_rules! compare_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Go to `fail` unless `a < b` in term order.
            39 is_lt IsLt { fail: Fail, a: Src, b: Src } [pure];
            /// Go to `fail` unless `a >= b` in term order.
            40 is_ge IsGe { fail: Fail, a: Src, b: Src } [pure];
            /// Go to `fail` unless `a == b`.
            41 is_eq IsEq { fail: Fail, a: Src, b: Src } [pure];
            /// Go to `fail` unless `a /= b`.
            42 is_ne IsNe { fail: Fail, a: Src, b: Src } [pure];
            /// Go to `fail` unless `a =:= b`.
            43 is_eq_exact IsEqExact { fail: Fail, a: Src, b: Src } [pure];
            /// Go to `fail` unless `a =/= b`.
            44 is_ne_exact IsNeExact { fail: Fail, a: Src, b: Src } [pure];
            /// Go to `fail` unless `src` is an integer.
            45 is_integer IsInteger { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a float.
            46 is_float IsFloat { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a number.
            47 is_number IsNumber { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is an atom.
            48 is_atom IsAtom { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a pid.
            49 is_pid IsPid { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a reference.
            50 is_reference IsReference { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a port.
            51 is_port IsPort { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is `[]`.
            52 is_nil IsNil { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a binary (whole bytes).
            53 is_binary IsBinary { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a bitstring.
            129 is_bitstr IsBitstr { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is `[]` or a cons cell.
            55 is_list IsList { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a cons cell.
            56 is_nonempty_list IsNonemptyList { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a tuple.
            57 is_tuple IsTuple { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a fun.
            77 is_function IsFunction { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is `true` or `false`.
            114 is_boolean IsBoolean { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a map.
            156 is_map IsMap { fail: Fail, src: Src } [pure];
            /// Go to `fail` unless `src` is a fun of that arity (a term).
            115 is_function2 IsFunction2 { fail: Fail, src: Src, arity: Src } [pure];
            /// Go to `fail` unless the tuple has that many elements.
            58 test_arity TestArity { fail: Fail, src: Src, arity: u32 } [pure];
            /// Go to `fail` unless `src` is a tuple of that many elements whose first is `tag`.
            159 is_tagged_tuple IsTaggedTuple { fail: Fail, src: Src, arity: u32, tag: AtomIx } [pure];
        }
    };
}
