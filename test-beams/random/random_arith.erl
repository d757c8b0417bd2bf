%% Thousands of random expressions; each block prints one hash.
-module(random_arith).
-export([main/0]).

main() ->
    S = lists:foldl(
        fun({Label, Count, F}, S0) -> tb:block(Label, {Count, S0}, F) end,
        tb:seed(42),
        [{small, 3000, op(fun small/1)}, {edge, 3000, op(fun edge/1)}, {big, 3000, op(fun big/1)}, {huge, 200, op(fun huge/1)},
         {mixed, 5000, op(fun mixed/1)}, {nested, 1500, fun nested/1}, {convert, 1500, fun convert/1}, {identities, 1500, fun identities/1}]),
    tb:p(state, S).

op(Gen) ->
    fun(S0) ->
        {A, S1} = Gen(S0),
        {B, S2} = Gen(S1),
        {[try F(A, B) catch error:R -> R end || F <- ops()], S2}
    end.

ops() ->
    [fun(A, B) -> A + B end, fun(A, B) -> A - B end, fun(A, B) -> A * B end, fun(A, B) -> A div B end, fun(A, B) -> A rem B end,
     fun(A, B) -> A band B end, fun(A, B) -> A bor B end, fun(A, B) -> A bxor B end, fun(A, B) -> A bsl (abs(B) rem 100) end,
     fun(A, B) -> A bsr (abs(B) rem 100) end, fun(A, _) -> -A end, fun(A, _) -> bnot A end, fun(A, B) -> {A < B, A == B, A =:= B, A >= B} end,
     fun(A, B) -> max(A, B) - min(A, B) end, fun(A, B) -> A / B end, fun(A, _) -> abs(A) end].

small(S0) -> {X, S} = tb:next(S0), {(X band 2047) - 1024, S}.

edge(S0) ->
    {X, S1} = tb:next(S0),
    {Y, S} = tb:int(7, S1),
    Base = lists:nth(X rem 10 + 1, [1 bsl 27, 1 bsl 31, 1 bsl 32, 1 bsl 58, 1 bsl 59, 1 bsl 60, 1 bsl 62, 1 bsl 63, 1 bsl 64, 0]),
    Sign = if X band 1024 =:= 0 -> 1; true -> -1 end,
    {Sign * Base + Y - 3, S}.

big(S0) ->
    {Words, S1} = tb:int(4, S0),
    {N, S2} = bits(Words + 1, S1, 0),
    {Sign, S} = tb:int(2, S2),
    {if Sign =:= 0 -> N; true -> -N end, S}.

huge(S0) ->
    {Words, S1} = tb:int(80, S0),
    bits(Words + 40, S1, 0).

bits(0, S, N) -> {N, S};
bits(K, S0, N) -> {X, S} = tb:next(S0), bits(K - 1, S, (N bsl 32) bor X).

mixed(S0) ->
    {K, S1} = tb:int(5, S0),
    case K of
        0 -> small(S1);
        1 -> edge(S1);
        2 -> big(S1);
        3 -> {X, S} = tb:next(S1), {(X - 16#80000000) / 1024, S};
        4 -> {X, S} = small(S1), {float(X), S}
    end.

nested(S0) ->
    {E, S} = expr(5, S0),
    {try eval(E) catch error:R -> {R, E} end, S}.

expr(0, S) -> mixed(S);
expr(D, S0) ->
    {Op, S1} = tb:int(9, S0),
    {A, S2} = expr(D - 1, S1),
    {B, S3} = expr(D - 1, S2),
    {{element(Op + 1, {'+', '-', '*', 'div', 'rem', 'band', 'bor', 'bxor', '+'}), A, B}, S3}.

eval({Op, A, B}) -> op(Op, eval(A), eval(B));
eval(N) -> N.

op('+', A, B) -> A + B;
op('-', A, B) -> A - B;
op('*', A, B) -> A * B;
op('div', A, B) -> trunc(A) div trunc(B);
op('rem', A, B) -> trunc(A) rem trunc(B);
op('band', A, B) -> trunc(A) band trunc(B);
op('bor', A, B) -> trunc(A) bor trunc(B);
op('bxor', A, B) -> trunc(A) bxor trunc(B).

convert(S0) ->
    {A, S1} = mixed(S0),
    {Base, S} = tb:int(35, S1),
    I = trunc(A),
    L = integer_to_list(I, Base + 2),
    {{L, list_to_integer(L, Base + 2) =:= I, integer_to_binary(I), catch float(I), round(A), try trunc(float(I)) catch error:badarg -> big end}, S}.

identities(S0) ->
    {A, S1} = big(S0),
    {B, S2} = big(S1),
    {C, S} = edge(S2),
    true = B =:= 0 orelse (A div B) * B + A rem B =:= A,
    true = (A + B) * C =:= A * C + B * C,
    true = (A bxor B) bxor B =:= A,
    true = (A band B) + (A bor B) =:= A + B,
    true = (A bsl 77) bsr 77 =:= A,
    true = A - (A bsr 13 bsl 13) =:= A band 8191,
    true = bnot A =:= -A - 1,
    {{A * B + C, A - B * C}, S}.
