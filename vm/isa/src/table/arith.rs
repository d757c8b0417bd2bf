//! Guard BIFs. Without a fail label an error is raised. The `gc_` forms may collect.

#[macro_export]
#[doc(hidden)]
macro_rules! arith_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Guard BIF without arguments.
            9 bif0 Bif0 { import: ImportIx, dst: Dst } [];
            /// Guard BIF of one argument that needs no heap.
            10 bif1 Bif1 { fail: Fail, import: ImportIx, a: Src, dst: Dst } [raise];
            /// Guard BIF of two arguments that needs no heap.
            11 bif2 Bif2 { fail: Fail, import: ImportIx, a: Src, b: Src, dst: Dst } [raise];
            /// Guard BIF of three arguments that needs no heap.
            185 bif3 Bif3 { fail: Fail, import: ImportIx, a: Src, b: Src, c: Src, dst: Dst } [raise];
            /// Guard BIF of one argument.
            124 gc_bif1 GcBif1 { fail: Fail, live: Live, import: ImportIx, a: Src, dst: Dst } [gc raise];
            /// Guard BIF of two arguments.
            125 gc_bif2 GcBif2 { fail: Fail, live: Live, import: ImportIx, a: Src, b: Src, dst: Dst } [gc raise];
            /// Guard BIF of three arguments.
            152 gc_bif3 GcBif3 { fail: Fail, live: Live, import: ImportIx, a: Src, b: Src, c: Src, dst: Dst } [gc raise];
        }
    };
}
