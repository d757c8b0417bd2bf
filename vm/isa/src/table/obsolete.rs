//! Opcodes that no compiler since OTP 22 emits and no loader since OTP 25 accepts: `number name arity;`.

#[macro_export]
#[doc(hidden)]
macro_rules! obsolete_ops {
    ([[$($next:tt)*] $($rest:tt)*] $($rows:tt)*) => {
        $($next)*! { [$($rest)*] $($rows)*
            27 m_plus 4;
            28 m_minus 4;
            29 m_times 4;
            30 m_div 4;
            31 int_div 4;
            32 int_rem 4;
            33 int_band 4;
            34 int_bor 4;
            35 int_bxor 4;
            36 int_bsl 4;
            37 int_bsr 4;
            38 int_bnot 3;
            54 is_constant 2;
            68 put_string 3;
            70 put_tuple 2;
            71 put 1;
            76 make_fun 3;
            79 bs_start_match 2;
            80 bs_get_integer 5;
            81 bs_get_float 5;
            82 bs_get_binary 5;
            83 bs_skip_bits 4;
            84 bs_test_tail 2;
            85 bs_save 1;
            86 bs_restore 1;
            87 bs_init 2;
            88 bs_final 2;
            93 bs_need_buf 1;
            110 bs_bits_to_bytes 3;
            116 bs_start_match2 5;
            122 bs_save2 2;
            123 bs_restore2 2;
            126 bs_final2 2;
            127 bs_bits_to_bytes2 2;
            128 put_literal 2;
            130 bs_context_to_binary 1;
        }
    };
}
