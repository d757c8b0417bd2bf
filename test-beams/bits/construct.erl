-module(construct).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    p(sizes, [<<(id(16#123456789abcdef)):S>> || S <- [0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 56, 63, 64, 65, 80, 128]]),
    p(little, [<<(id(16#123456789abcdef)):S/little>> || S <- [0, 1, 3, 7, 8, 9, 15, 16, 17, 31, 32, 33, 56, 63, 64, 65, 80, 128]]),
    p(native, [<<(id(16#1234)):16/native>> =:= <<16#1234:16/little>>, <<1:32/native>> =/= <<1:32/big>>]),
    p(negative, [<<(id(-1234567)):S>> || S <- [1, 5, 8, 13, 24, 32, 64, 70]]),
    p(negative_little, [<<(id(-1234567)):S/little>> || S <- [1, 5, 8, 13, 24, 32, 64, 70]]),
    p(bignums, [<<(id((1 bsl 100) - 12345)):S>> || S <- [8, 50, 64, 99, 100, 101, 128, 200]]),
    p(bignums_neg, [<<(id(-(1 bsl 100) + 12345)):S/little>> || S <- [8, 50, 64, 99, 100, 101, 128, 200]]),
    p(fixed, <<1, 2:16, 3:24/little, 4:4, 5:4, -1:8, 16#ABCDEF:32>>),
    p(unaligned, [<<(id(5)):3, (id(16#ABCD)):16, (id(<<"xyz">>))/binary, (id(1)):5>>, <<1:1, (id(16#ABCD)):16/little, 0:7>>]),
    p(unit, [<<(id(7)):2/unit:8>>, <<(id(7)):3/unit:5>>, <<(id(<<1, 2, 3, 4>>)):1/binary-unit:16>>]),
    p(floats, [<<(id(F)):S/float>> || F <- [1.5, -0.1, 0.0, 1.0e10, 3], S <- [16, 32, 64]]),
    p(floats_little, [<<(id(F)):S/float-little>> || F <- [1.5, -0.1], S <- [16, 32, 64]]),
    p(float_unaligned, [<<1:3, (id(2.5)):64/float, 1:5>>, <<1:1, (id(2.5)):32/float-little>>]),
    t(float_overflow, fun() -> <<(id(1.0e300)):32/float>> end),
    t(float_overflow16, fun() -> <<(id(70000.0)):16/float>> end),
    t(float_big, fun() -> <<(id(1 bsl 2000))/float>> end),
    p(float_int, <<(id(1 bsl 70))/float>>),
    p(binaries, [<<(id(<<1, 2, 3>>))/binary>>, <<(id(<<1, 2, 3>>)):2/binary>>, <<(id(<<>>))/binary>>, <<(id(<<1, 2>>))/binary, (id(<<3>>))/binary>>]),
    p(bitstrings, [<<(id(<<5:3>>))/bits, (id(<<1:2>>))/bits>>, <<(id(<<5:3>>)):2/bits>>, <<0:1, (id(<<255, 3:2>>))/bits, 1:3>>]),
    p(utf8, [<<(id(C))/utf8>> || C <- [0, 127, 128, 2047, 2048, 65535, 65536, 16#10ffff]]),
    p(utf16, [<<(id(C))/utf16>> || C <- [0, 127, 16#d7ff, 16#e000, 65535, 65536, 16#10ffff]]),
    p(utf16l, [<<(id(C))/utf16-little>> || C <- [16#e000, 65535, 65536, 16#10ffff]]),
    p(utf32, [<<(id(C))/utf32>> || C <- [0, 65536, 16#10ffff]]),
    p(utf32l, [<<(id(C))/utf32-little>> || C <- [0, 65536]]),
    [t({utf, C}, fun() -> <<(id(C))/utf8>> end) || C <- [-1, 16#d800, 16#dfff, 16#110000, a]],
    [t({utf16, C}, fun() -> <<(id(C))/utf16>> end) || C <- [16#d800, 16#110000, 1.0]],
    t(utf32_bad, fun() -> <<(id(16#d800))/utf32>> end),
    p(strings, [<<"abc", (id($d))>>, <<"å"/utf8>>, <<"ab":16/little>>, <<"€"/utf16>>, <<"x"/utf32-little>>]),
    t(int_atom, fun() -> <<(id(a))>> end),
    t(int_float, fun() -> <<(id(1.0)):8>> end),
    t(neg_size, fun() -> <<1:(id(-1))>> end),
    t(size_atom, fun() -> <<1:(id(x))>> end),
    t(huge_size, fun() -> <<1:(id(1 bsl 70))>> end),
    t(bin_not, fun() -> <<(id(1))/binary>> end),
    t(bin_short, fun() -> <<(id(<<1>>)):2/binary>> end),
    t(bin_bits, fun() -> <<(id(<<1:3>>))/binary>> end),
    p(zero, [<<1:(id(0))>>, <<(id(<<>>)):0/binary>>, <<0:0, 1:8>>]),
    p(append, tb:h(append(<<>>, 0, 5000))),
    p(append_bits, tb:h(append_bits(<<>>, 0, 3000))),
    p(append_share, share(<<"base">>)),
    p(append_sizes, [byte_size(X) || X <- growing(<<>>, 10)]),
    p(prepend, tb:h(lists:foldl(fun(X, B) -> <<X, B/binary>> end, <<>>, lists:seq(1, 500)))),
    p(copy_big, byte_size(<< <<(id(<<0:8000>>))/binary, 1>> || _ <- lists:seq(1, 100) >>)),
    p(eval_order, begin B = <<(note(1)), (note(2)):16, (note(3)):24>>, {B, erase(order)} end),
    p(inspect_size, begin S = id(12), <<(id(1)):S, (id(2)):S, 0:8>> end),
    p(unit_size, begin Sz = id(3), <<(id(<<1, 2, 3, 4>>)):Sz/binary, 9>> end).

append(B, N, N) -> B;
append(B, I, N) -> append(<<B/binary, I:16, (I band 7):8>>, I + 1, N).

append_bits(B, N, N) -> B;
append_bits(B, I, N) -> append_bits(<<B/bits, I:(I rem 13)>>, I + 1, N).

%% Two appends to the same base must not see each other.
share(B0) ->
    B = <<B0/binary, (binary:copy(<<"x">>, 300))/binary>>,
    B1 = <<B/binary, "one">>,
    B2 = <<B/binary, "two">>,
    B3 = <<B1/binary, "three">>,
    [binary:part(X, byte_size(X), -6) || X <- [B1, B2, B3, B]].

growing(_, 0) -> [];
growing(B, N) -> B1 = <<B/binary, (binary:copy(<<N>>, N * 37))/binary>>, [B1 | growing(B1, N - 1)].

note(X) -> put(order, [X | case get(order) of undefined -> []; L -> L end]), X.
