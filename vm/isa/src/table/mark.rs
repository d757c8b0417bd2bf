//! Marks in the code: labels, function heads, source locations.

#[macro_export]
#[doc(hidden)]
macro_rules! mark_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// The place that branches to `label` go to.
            1 label Label { label: u32 } [];
            /// Head of a function; executing it raises `function_clause`.
            2 func_info FuncInfo { module: AtomIx, name: AtomIx, arity: u32 } [gc raise end];
            /// End of the code.
            3 int_code_end IntCodeEnd { } [end];
            /// Source location of the code that follows; 0 is unknown.
            153 line Line { line: LineIx } [];
            /// A coverage point.
            183 executable_line ExecutableLine { line: LineIx, index: u32 } [];
            /// A debugger location.
            184 debug_line DebugLine { kind: AtomIx, line: LineIx, index: u32, live: Live } [gc];
        }
    };
}
