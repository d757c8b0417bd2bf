%% Bit syntax to be mutated: every kind of segment, matched and built.
-module(fuzz_bits).
-compile([export_all, nowarn_export_all]).

run() ->
    B = <<1, 2, 3, 4, 5, 6, 7, 8, 9, 10, "text", 16#e2, 16#82, 16#ac, 255, 0:64>>,
    L = <<0:4096>>,
    [catch F() || F <- [
        fun() -> ints(B) end, fun() -> sized(B, 3) end, fun() -> sized(L, 900) end, fun() -> floats(B) end,
        fun() -> code_points(B) end, fun() -> tails(B) end, fun() -> parts(L, 100) end, fun() -> choose(B) end,
        fun() -> sum(B, 0) end, fun() -> words(<<"a bc def ">>, <<>>, []) end, fun() -> frames(B) end,
        fun() -> built(1, 2.5, B, 17) end, fun() -> grown(40, <<>>) end, fun() -> comprehended(B) end,
        fun() -> utf([$a, 16#20ac, 16#1f600]) end, fun() -> quoted(B) end, fun() -> nested(B) end]].

ints(<<A, B:16, C:32/little, D:7/signed, E:1, F:60, G:3/unit:2, Rest/bits>>) ->
    {A + B, C, D, E, F, G, bit_size(Rest)}.

sized(B, N) ->
    <<A:N, C:N/signed-little, D:(N + 1)/binary, _/bits>> = B,
    {A, C, D}.

floats(<<A/float, B:32/float, Rest/binary>>) -> {A, B, Rest};
floats(<<_:16/float, Rest/binary>>) -> Rest;
floats(Other) -> Other.

code_points(<<C/utf8, Rest/bits>>) -> [C | code_points(Rest)];
code_points(<<C/utf16-little, Rest/bits>>) -> [C | code_points(Rest)];
code_points(<<C/utf32, Rest/bits>>) -> [C | code_points(Rest)];
code_points(<<_, Rest/bits>>) -> code_points(Rest);
code_points(<<>>) -> [].

tails(<<1, Rest/binary>>) -> {Rest, tails(Rest)};
tails(<<_:3, Rest/bits>> = All) -> {All, Rest};
tails(All) -> All.

parts(B, N) ->
    <<H:N/binary, M:N/bits, T/binary>> = B,
    {H, M, byte_size(T)}.

choose(<<1, 2, X, _/binary>>) when X > 3 -> one;
choose(<<1, 2, X:4, Y:4, T/binary>>) -> {X, Y, T};
choose(<<"text", T/binary>>) -> T;
choose(<<N, S:N/binary, T/binary>>) -> {S, T}.

sum(<<X, T/binary>>, S) -> sum(T, S + X);
sum(<<X:1, T/bits>>, S) -> sum(T, S + X);
sum(<<>>, S) -> S.

words(<<$\s, T/binary>>, W, Ws) -> words(T, <<>>, [W | Ws]);
words(<<C, T/binary>>, W, Ws) -> words(T, <<W/binary, C>>, Ws);
words(<<>>, W, Ws) -> lists:reverse([W | Ws]).

frames(B) ->
    Size = id(byte_size(B)),
    case B of
        <<A:8, Rest/binary>> when Size > 4 ->
            N = id(A),
            <<C:N/unit:8, _/binary>> = Rest,
            {C, id(Rest), B};
        _ -> none
    end.

built(I, F, B, S) ->
    X = <<I:S, F/float, (id(B))/binary, "lit", I/utf8, F:32/float-little, I:S/little-signed, B:2/binary, 1:3>>,
    {X, <<X/bits, 3:5>>, <<X/bits, X/bits>>, bit_size(X)}.

grown(0, B) -> {B, <<B/binary, 1>>, <<B/binary, 2>>};
grown(N, B) -> grown(N - 1, <<B/binary, N:16, (id(N)):7, 1:1>>).

comprehended(B) ->
    {<< <<(X + 1)>> || <<X>> <= B, X > 2>>, [X || <<X:4>> <= B], << <<X:N>> || {X, N} <- [{1, 3}, {7, 70}, {-1, 64}]>>}.

utf(Cs) ->
    U8 = << <<C/utf8>> || C <- Cs>>,
    U16 = << <<C/utf16>> || C <- Cs>>,
    U32 = << <<C/utf32-little>> || C <- Cs>>,
    {U8, U16, U32, [C || <<C/utf8>> <= U8], [C || <<C/utf16>> <= U16]}.

quoted(B) -> quoted(B, 0).
quoted(B, I) ->
    case B of
        <<H:I/binary, $t, T/binary>> -> {H, T};
        <<_:I/binary, _, _/binary>> -> quoted(B, I + 1);
        _ -> B
    end.

nested(<<A:16/bits, B/bits>>) ->
    <<X, Y>> = A,
    case B of
        <<Y2, X2, _/bits>> when X2 > X -> {Y, Y2};
        <<C:Y/bits, D/bits>> -> {C, nested(D)}
    end;
nested(B) -> B.

id(X) -> X.
