%% Random segments are built and taken apart again.
-module(random_bits).
-export([main/0]).

main() ->
    S1 = tb:block(build, {2000, tb:seed(7)}, fun build/1),
    S2 = tb:block(take, {2000, S1}, fun take/1),
    S3 = tb:block(slices, {1500, S2}, fun slices/1),
    S4 = tb:block(append, {300, S3}, fun append/1),
    S5 = tb:block(compare, {1500, S4}, fun compare/1),
    S6 = tb:block(utf, {600, S5}, fun utf/1),
    tb:p(state, S6).

%% A random bitstring, made of random segments.
bits(S0) ->
    {K, S1} = tb:int(8, S0),
    bits(K, S1, <<>>).

bits(0, S, B) -> {B, S};
bits(K, S0, B) ->
    {V, Size, Kind, S} = segment(S0),
    bits(K - 1, S, add(B, V, Size, Kind)).

segment(S0) ->
    {Kind, S1} = tb:int(7, S0),
    {Size, S2} = tb:int(90, S1),
    {A, S3} = tb:next(S2),
    {C, S4} = tb:next(S3),
    {D, S} = tb:int(3, S4),
    V = case D of 0 -> A; 1 -> -A; 2 -> (A bsl 40) bor C end,
    {V, Size, Kind, S}.

add(B, V, Size, 0) -> <<B/bits, V:Size>>;
add(B, V, Size, 1) -> <<B/bits, V:Size/little>>;
add(B, V, Size, 2) -> <<V:Size, B/bits>>;
add(B, V, _, 3) -> <<B/bits, (V * 0.5):64/float>>;
add(B, V, _, 4) -> <<B/bits, (V rem 1000 * 0.25):32/float-little>>;
add(B, V, Size, 5) -> <<B/bits, V:(Size div 8)/unit:8, 1:1>>;
add(B, V, _, 6) -> <<B/bits, (integer_to_binary(V))/binary>>.

build(S0) -> bits(S0).

take(S0) ->
    {B, S1} = bits(S0),
    take(B, S1, []).

take(B, S0, Acc) ->
    {Kind, S1} = tb:int(8, S0),
    {Size, S2} = tb:int(70, S1),
    R = case {Kind, B} of
        {0, <<X:Size, T/bits>>} -> {X, T};
        {1, <<X:Size/little, T/bits>>} -> {X, T};
        {2, <<X:Size/signed, T/bits>>} -> {X, T};
        {3, <<X:Size/signed-little, T/bits>>} -> {X, T};
        {4, <<X/float, T/bits>>} -> {X, T};
        {5, <<X:32/float-little, T/bits>>} -> {X, T};
        {6, <<X:Size/bits, T/bits>>} -> {X, T};
        {7, <<X:(Size div 9)/binary, T/bits>>} -> {X, T};
        _ -> stop
    end,
    case R of
        stop -> {{lists:reverse(Acc), B}, S2};
        {Y, Tail} when bit_size(Tail) < bit_size(B) -> take(Tail, S2, [Y | Acc]);
        {Y, Tail} -> {{lists:reverse([Y | Acc]), Tail}, S2}
    end.

slices(S0) ->
    {B, S1} = bits(S0),
    Bits = bit_size(B),
    {O, S2} = tb:int(Bits + 1, S1),
    {N, S3} = tb:int(Bits - O + 1, S2),
    <<_:O, Mid:N/bits, _/bits>> = B,
    <<Head:O/bits, Tail/bits>> = B,
    true = <<Head/bits, Tail/bits>> =:= B,
    <<Int:N>> = Mid,
    true = <<Int:N>> =:= Mid,
    true = N rem 8 =/= 0 orelse binary:list_to_bin(binary_to_list(Mid)) =:= Mid,
    true = bitstring_to_list(Mid) =:= bitstring_to_list(<<Int:N>>),
    true = erlang:phash2(Mid) =:= erlang:phash2(<<Int:N>>),
    {{Mid, Int, bitstring_to_list(Mid), erlang:phash2(Mid), byte_size(Mid), Mid < Tail}, S3}.

append(S0) ->
    {K, S1} = tb:int(60, S0),
    grow(K, S1, <<>>, []).

grow(0, S, B, Olds) -> {{B, [bit_size(O) || O <- Olds]}, S};
grow(K, S0, B, Olds) ->
    {X, S1} = tb:next(S0),
    {N, S} = tb:int(30, S1),
    B1 = <<B/bits, X:N>>,
    %% Sometimes an older value is appended to again: it must be copied, not changed.
    case Olds of
        [O | _] when N > 24 -> grow(K - 1, S, <<O/bits, 0:N>>, [B1 | Olds]);
        _ -> grow(K - 1, S, B1, [B | Olds])
    end.

compare(S0) ->
    {A, S1} = bits(S0),
    {B, S2} = bits(S1),
    {N, S3} = tb:int(20, S2),
    Size = min(bit_size(A), N),
    <<P:Size/bits, _/bits>> = A,
    {[A < B, A == B, P < A, P =:= A, <<1:3, A/bits>> < <<1:3, B/bits>>, lists:sort([A, B, P])], S3}.

utf(S0) ->
    {K, S1} = tb:int(12, S0),
    {Cs, S2} = chars(K, S1, []),
    B8 = << <<C/utf8>> || C <- Cs >>,
    B16 = << <<C/utf16>> || C <- Cs >>,
    B32 = << <<C/utf32-little>> || C <- Cs >>,
    Cs = [C || <<C/utf8>> <= B8],
    Cs = [C || <<C/utf16>> <= B16],
    Cs = [C || <<C/utf32-little>> <= B32],
    Cs = unicode:characters_to_list(B16, utf16),
    {X, S3} = tb:int(byte_size(B8) + 1, S2),
    <<Part:X/binary, _/binary>> = B8,
    {{B8, B16, B32, unicode:characters_to_list(Part), unicode:characters_to_binary(Cs, unicode, {utf16, little})}, S3}.

chars(0, S, Acc) -> {Acc, S};
chars(K, S0, Acc) ->
    {Range, S1} = tb:int(4, S0),
    {X, S} = tb:next(S1),
    C = case Range of 0 -> X rem 128; 1 -> X rem 2048; 2 -> X rem 16#d800; 3 -> 16#e000 + X rem (16#110000 - 16#e000) end,
    chars(K - 1, S, [C | Acc]).
