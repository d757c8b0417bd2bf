//! Binary construction. All but `bs_create_bin` and `bs_init_writable` are the forms older compilers emit.

#[macro_export]
#[doc(hidden)]
macro_rules! bs_build_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Build a bitstring from segments; `unit` is the granularity of its size.
            177 bs_create_bin BsCreateBin { fail: Fail, need: Need, live: Live, unit: u32, dst: Dst, segments: Vec<BsSeg> } [gc raise];
            /// Create a writable binary; size hint in x0, result in x0.
            133 bs_init_writable BsInitWritable { } [gc];
            /// Start a binary of `size` bytes.
            109 bs_init2 BsInit2 { fail: Fail, size: USrc, need: Need, live: Live, flags: BsFlags, dst: Dst } [gc raise];
            /// Start a bitstring of `size` bits.
            137 bs_init_bits BsInitBits { fail: Fail, size: USrc, need: Need, live: Live, flags: BsFlags, dst: Dst } [gc raise];
            /// `dst = a + b * unit`, with checks, to compute a size.
            111 bs_add BsAdd { fail: Fail, a: Src, b: Src, unit: u32, dst: Dst } [raise];
            /// Start a bitstring that appends `size` bits to `bin`.
            134 bs_append BsAppend { fail: Fail, size: Src, need: Need, live: Live, unit: u32, bin: Src, flags: BsFlags, dst: Dst } [gc raise];
            /// Append in place to a writable binary that nothing else can see.
            135 bs_private_append BsPrivateAppend { fail: Fail, size: Src, unit: u32, bin: Src, flags: BsFlags, dst: Dst } [raise];
            /// Append an integer segment.
            89 bs_put_integer BsPutInteger { fail: Fail, size: Src, unit: u32, flags: BsFlags, src: Src } [raise];
            /// Append a binary segment.
            90 bs_put_binary BsPutBinary { fail: Fail, size: SegSize, unit: u32, flags: BsFlags, src: Src } [raise];
            /// Append a float segment.
            91 bs_put_float BsPutFloat { fail: Fail, size: Src, unit: u32, flags: BsFlags, src: Src } [raise];
            /// Append `len` bytes of the string table from `offset`.
            92 bs_put_string BsPutString { len: u32, offset: u32 } [];
            /// Bytes that a code point takes in UTF-8.
            144 bs_utf8_size BsUtf8Size { fail: Fail, src: Src, dst: Dst } [raise];
            /// Append a code point as UTF-8.
            145 bs_put_utf8 BsPutUtf8 { fail: Fail, flags: BsFlags, src: Src } [raise];
            /// Bytes that a code point takes in UTF-16.
            146 bs_utf16_size BsUtf16Size { fail: Fail, src: Src, dst: Dst } [raise];
            /// Append a code point as UTF-16.
            147 bs_put_utf16 BsPutUtf16 { fail: Fail, flags: BsFlags, src: Src } [raise];
            /// Append a code point as UTF-32.
            148 bs_put_utf32 BsPutUtf32 { fail: Fail, flags: BsFlags, src: Src } [raise];
        }
    };
}
