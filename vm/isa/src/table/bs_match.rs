//! Binary matching. `ctx` holds a match context; sizes are in units of `unit` bits.

#[macro_export]
#[doc(hidden)]
macro_rules! bs_match_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            /// Start matching; `dst` gets the match context.
            166 bs_start_match3 BsStartMatch3 { fail: Fail, src: Src, live: Live, dst: Dst } [gc];
            /// Start matching where the compiler may know that `src` is a bitstring or already a context.
            170 bs_start_match4 BsStartMatch4 { fail: StartFail, live: Live, src: Src, dst: Dst } [gc];
            /// Match an integer segment.
            117 bs_get_integer2 BsGetInteger2 { fail: Fail, ctx: Src, live: Live, size: Src, unit: u32, flags: BsFlags, dst: Dst } [gc];
            /// Match a float segment.
            118 bs_get_float2 BsGetFloat2 { fail: Fail, ctx: Src, live: Live, size: Src, unit: u32, flags: BsFlags, dst: Dst } [gc];
            /// Match a binary segment.
            119 bs_get_binary2 BsGetBinary2 { fail: Fail, ctx: Src, live: Live, size: SegSize, unit: u32, flags: BsFlags, dst: Dst } [gc];
            /// Skip a segment.
            120 bs_skip_bits2 BsSkipBits2 { fail: Fail, ctx: Src, size: SegSize, unit: u32, flags: BsFlags } [];
            /// Go to `fail` unless exactly `bits` bits remain.
            121 bs_test_tail2 BsTestTail2 { fail: Fail, ctx: Src, bits: u64 } [pure];
            /// Go to `fail` unless the number of remaining bits is a multiple of `unit`.
            131 bs_test_unit BsTestUnit { fail: Fail, ctx: Src, unit: u32 } [pure];
            /// Match `bits` bits of the string table from byte `offset`.
            132 bs_match_string BsMatchString { fail: Fail, ctx: Src, bits: u32, offset: u32 } [];
            /// Match one UTF-8 code point.
            138 bs_get_utf8 BsGetUtf8 { fail: Fail, ctx: Src, live: u32, flags: BsFlags, dst: Dst } [];
            /// Skip one UTF-8 code point.
            139 bs_skip_utf8 BsSkipUtf8 { fail: Fail, ctx: Src, live: u32, flags: BsFlags } [];
            /// Match one UTF-16 code point.
            140 bs_get_utf16 BsGetUtf16 { fail: Fail, ctx: Src, live: u32, flags: BsFlags, dst: Dst } [];
            /// Skip one UTF-16 code point.
            141 bs_skip_utf16 BsSkipUtf16 { fail: Fail, ctx: Src, live: u32, flags: BsFlags } [];
            /// Match one UTF-32 code point.
            142 bs_get_utf32 BsGetUtf32 { fail: Fail, ctx: Src, live: u32, flags: BsFlags, dst: Dst } [];
            /// Skip one UTF-32 code point.
            143 bs_skip_utf32 BsSkipUtf32 { fail: Fail, ctx: Src, live: u32, flags: BsFlags } [];
            /// The rest of the match context as a bitstring.
            165 bs_get_tail BsGetTail { ctx: Src, dst: Dst, live: Live } [gc];
            /// Read the match position.
            167 bs_get_position BsGetPosition { ctx: Src, dst: Dst, live: Live } [gc];
            /// Set the match position.
            168 bs_set_position BsSetPosition { ctx: Src, position: Src } [];
            /// Several matching steps in one.
            182 bs_match BsMatch { fail: Fail, ctx: Src, commands: Vec<BsCmd> } [gc];
        }
    };
}
