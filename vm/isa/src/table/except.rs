//! Exceptions. A `catch` or `try` tag lives in a Y slot.

#[macro_export]
#[doc(hidden)]
macro_rules! except_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Start an old-style `catch`: an exception goes on at `handler`.
            62 catch Catch { slot: YReg, handler: Label } [];
            /// End of a `catch`, on both ways out; x0 is the result.
            63 catch_end CatchEnd { slot: YReg } [gc];
            /// Start a `try`: an exception goes on at `handler`.
            104 try Try { slot: YReg, handler: Label } [];
            /// Leave the body of a `try` normally.
            105 try_end TryEnd { slot: YReg } [];
            /// Handler entry: x0 is the class, x1 the reason, x2 the raw stack trace.
            106 try_case TryCase { slot: YReg } [];
            /// Raise `{try_clause, src}`.
            107 try_case_end TryCaseEnd { src: Src } [gc raise end];
            /// Raise `reason` again with a raw stack trace.
            108 raise Raise { trace: Src, reason: Src } [raise end];
            /// Raise with class x0, reason x1, raw trace x2; a wrong class leaves `badarg` in x0 and goes on.
            161 raw_raise RawRaise { } [raise];
            /// Turn the raw stack trace in x0 into a list.
            160 build_stacktrace BuildStacktrace { } [gc];
            /// Raise `{badmatch, src}`.
            72 badmatch Badmatch { src: Src } [gc raise end];
            /// Raise `if_clause`.
            73 if_end IfEnd { } [raise end];
            /// Raise `{case_clause, src}`.
            74 case_end CaseEnd { src: Src } [gc raise end];
            /// Raise `{badrecord, src}`.
            180 badrecord Badrecord { src: Src } [gc raise end];
        }
    };
}
