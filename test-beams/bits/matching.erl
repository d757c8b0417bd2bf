-module(matching).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    B = id(<<16#12, 16#34, 16#56, 16#78, 16#9a, 16#bc, 16#de, 16#f0, 16#11, 16#22, 16#33, 16#44, 16#55, 16#66, 16#77, 16#88, 16#ff>>),
    p(unsigned, [begin <<X:S, _/bits>> = B, X end || S <- [0, 1, 4, 7, 8, 9, 12, 16, 24, 31, 32, 33, 59, 60, 61, 64, 65, 100, 128, 136]]),
    p(little, [begin <<X:S/little, _/bits>> = B, X end || S <- [0, 1, 4, 7, 8, 9, 12, 16, 24, 31, 32, 33, 59, 60, 61, 64, 65, 100, 128, 136]]),
    p(signed, [begin <<_:136, X:S/signed, _/bits>> = <<B/binary, 255, 254, 253, 252, 251, 250, 249, 248, 247>>, X end || S <- [1, 7, 8, 15, 16, 32, 59, 60, 64, 65, 72]]),
    p(signed_little, [begin <<X:S/signed-little, _/bits>> = <<16#80, 16#ff, 0, 16#90, 16#ff, 16#ff, 16#ff, 16#81, 16#ff>>, X end || S <- [1, 7, 8, 15, 16, 32, 59, 60, 64, 65, 72]]),
    p(unaligned, [begin <<_:O, X:S, _/bits>> = B, X end || O <- [1, 3, 7, 9], S <- [5, 8, 16, 33, 64, 70]]),
    p(unaligned_little, [begin <<_:O, X:S/little, _/bits>> = B, X end || O <- [1, 3, 7], S <- [5, 8, 16, 33, 64, 70]]),
    p(unaligned_signed, [begin <<_:O, X:S/signed, _/bits>> = B, X end || O <- [1, 3, 7], S <- [5, 8, 16, 33, 64, 70]]),
    p(sub_binaries, [begin <<_:O, X:S/binary, R/bits>> = B, {X, bit_size(R)} end || O <- [0, 1, 4, 8], S <- [0, 1, 3, 15]]),
    p(sub_bits, [begin <<_:O, X:S/bits, _/bits>> = B, X end || O <- [0, 3, 8], S <- [0, 1, 8, 13, 64]]),
    p(float64, [begin <<F/float, _/bits>> = id(<<X/float, 0>>), F end || X <- [1.0, -2.5, 0.0, 1.0e300]]),
    p(float32, [begin <<F:32/float>> = <<X:32/float>>, F end || X <- [1.0, -2.5, 0.1, 1.0e30]]),
    p(float16, [begin <<F:16/float>> = <<X:16/float>>, F end || X <- [1.0, -2.5, 0.1, 65504.0, 6.0e-8]]),
    p(float_little, [begin <<F:S/float-little>> = <<X:S/float-little>>, F end || X <- [1.5, -0.1], S <- [16, 32, 64]]),
    p(float_unaligned, begin <<_:3, F1:64/float, _:5>> = <<0:3, 2.5:64/float, 0:5>>, F1 end),
    p(float_nan, [case X of <<F:64/float>> -> F; _ -> no end || X <- [<<16#7ff0000000000000:64>>, <<16#7ff8000000000001:64>>, <<16#fff0000000000000:64>>, <<1:64>>]]),
    p(float_nan32, [case X of <<F:32/float>> -> F; _ -> no end || X <- [<<16#7f800000:32>>, <<16#7fc00000:32>>, <<1:32>>]]),
    p(float_size, [case {S, <<0:S>>} of {_, <<F:S/float>>} -> F; _ -> no end || S <- [8, 16, 32, 64, 65]]),
    p(utf8, [utf8(X) || X <- [<<"a">>, <<"å"/utf8>>, <<"€"/utf8>>, <<"😀"/utf8>>, <<16#80>>, <<16#c0, 16#80>>, <<16#c3>>, <<16#ed, 16#a0, 16#80>>, <<16#f4, 16#90, 16#80, 16#80>>, <<16#e0, 16#80, 16#80>>, <<16#ff>>, <<>>]]),
    p(utf16, [utf16(X) || X <- [<<"a"/utf16>>, <<"😀"/utf16>>, <<16#d800:16>>, <<16#dc00:16>>, <<16#d800:16, 16#d800:16>>, <<0>>]]),
    p(utf16l, [case X of <<C/utf16-little, R/bits>> -> {C, R}; _ -> no end || X <- [<<"aé"/utf16-little>>, <<"😀"/utf16-little>>]]),
    p(utf32, [case X of <<C/utf32, R/bits>> -> {C, R}; _ -> no end || X <- [<<"a"/utf32>>, <<16#d800:32>>, <<16#110000:32>>, <<0, 0, 0>>]]),
    p(utf_unaligned, begin <<_:3, C2/utf8, _:5>> = <<1:3, "€"/utf8, 1:5>>, C2 end),
    p(skip_utf8, [skip_utf8(X) || X <- [<<"€x"/utf8>>, <<255, 1>>]]),
    p(literal, [literal(X) || X <- [<<"GET /">>, <<"POST x">>, <<1, 2, 3>>, <<1:1, 2:2>>, <<>>, <<"GE">>]]),
    p(select, [select(<<X, 7>>) || X <- lists:seq(0, 6)]),
    p(tlv, tlv(<<1, 3, "abc", 2, 0, 7, 2, 1, 2, 99>>)),
    p(size_expr, begin <<L, D:(L * 2 + 1)/binary, R1/binary>> = <<2, "abcde", "rest">>, {D, R1} end),
    p(size_var, begin <<L2:4, X2:L2, _/bits>> = <<5:4, 21:5, 0:7>>, X2 end),
    p(bound, begin V = id(5), [case X of <<V, _/bits>> -> same; _ -> other end || X <- [<<5, 1>>, <<6>>]] end),
    p(same_var, [case X of <<A, A, R2/bits>> -> {A, R2}; _ -> no end || X <- [<<1, 1, 2>>, <<1, 2, 1>>]]),
    p(tail, [case X of <<_, R3/binary>> -> R3; <<R3/bits>> -> {bits, R3} end || X <- [<<1, 2>>, <<1, 2, 3:2>>, <<3:2>>, <<>>]]),
    p(not_binary, [case X of <<>> -> empty; <<_/binary>> -> bin; <<_/bits>> -> bits; _ -> no end || X <- [<<>>, <<1>>, <<1:1>>, "a", 1, {}]]),
    t(badmatch, fun() -> <<X3:16>> = id(<<1>>), X3 end),
    t(badmatch2, fun() -> <<1, _/binary>> = id(a) end),
    t(neg_size, fun() -> S3 = id(-1), case <<1>> of <<_:S3, _/bits>> -> match; _ -> nomatch end end),
    t(huge_size, fun() -> S4 = id(1 bsl 70), case <<1>> of <<_:S4, _/bits>> -> match; _ -> nomatch end end),
    t(atom_size, fun() -> S5 = id(x), case <<1>> of <<_:S5, _/bits>> -> match; _ -> nomatch end end),
    p(count, count(binary:copy(<<"a,b,,c\n">>, 1000), 0, 0)),
    p(words, words(<<"the quick  brown fox">>, <<>>, [])),
    p(checksum, sum16(<< <<X:16>> || X <- lists:seq(1, 9999) >>, 0)),
    p(context_reuse, two(<<1, 2, 3, 4>>)),
    p(backtrack, [back(X) || X <- [<<1, 2, 3>>, <<1, 2, 4>>, <<1, 5>>, <<9>>]]),
    p(keep, begin Big = binary:copy(<<"0123456789">>, 100), <<_:500/binary, Sub:20/binary, _/binary>> = Big, {Sub, byte_size(Sub), binary:referenced_byte_size(Sub)} end),
    p(ip, ip(<<4:4, 5:4, 0, 84:16, 1:16, 2:3, 0:13, 64, 1, 0:16, 10, 0, 0, 1, 10, 0, 0, 2, "payload">>)),
    p(nibbles, [N || <<N:4>> <= B]).

utf8(<<C/utf8, R/binary>>) -> {C, R};
utf8(_) -> no.
utf16(<<C/utf16, R/binary>>) -> {C, R};
utf16(_) -> no.
skip_utf8(<<_/utf8, R/binary>>) -> R;
skip_utf8(<<_, _/utf8>>) -> second;
skip_utf8(_) -> no.

literal(<<"GET ", R/binary>>) -> {get, R};
literal(<<"POST ", R/binary>>) -> {post, R};
literal(<<1, 2, 3>>) -> bytes;
literal(<<1:1, 2:2>>) -> bits;
literal(<<>>) -> empty;
literal(_) -> other.

select(<<0, _/bits>>) -> zero; select(<<1, X>>) -> {one, X}; select(<<2, 7>>) -> two; select(<<3, 8>>) -> never;
select(<<X, Y>>) when X > 4 -> {X, Y}; select(<<_:12, X:4>>) -> {low, X}.

tlv(<<T, L, V:L/binary, R/binary>>) -> [{T, V} | tlv(R)];
tlv(Rest) -> [{rest, Rest}].

count(<<$\n, R/binary>>, L, C) -> count(R, L + 1, C);
count(<<$,, R/binary>>, L, C) -> count(R, L, C + 1);
count(<<_, R/binary>>, L, C) -> count(R, L, C);
count(<<>>, L, C) -> {L, C}.

words(<<$\s, R/binary>>, <<>>, Acc) -> words(R, <<>>, Acc);
words(<<$\s, R/binary>>, W, Acc) -> words(R, <<>>, [W | Acc]);
words(<<C, R/binary>>, W, Acc) -> words(R, <<W/binary, C>>, Acc);
words(<<>>, W, Acc) -> lists:reverse([W | Acc]).

sum16(<<X:16, R/binary>>, S) -> sum16(R, (S + X) rem 65521);
sum16(<<>>, S) -> S.

two(<<A, R/binary>> = Whole) -> {A, one(R), one(Whole), Whole}.
one(<<A, _/binary>>) -> A.

back(<<1, 2, 3, R/binary>>) -> {a, R};
back(<<1, 2, R/binary>>) -> {b, R};
back(<<1, R/binary>>) -> {c, R};
back(B) -> {d, B}.

ip(<<4:4, IHL:4, _TOS, Len:16, Id:16, Flags:3, Frag:13, TTL, Proto, _Sum:16, Src:4/binary, Dst:32, Rest/binary>>) when IHL >= 5 ->
    Opt = (IHL - 5) * 4,
    <<_:Opt/binary, Payload/binary>> = Rest,
    {Len, Id, Flags, Frag, TTL, Proto, binary_to_list(Src), Dst, Payload}.
