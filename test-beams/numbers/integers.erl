-module(integers).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Edges = edges(),
    p(edges, Edges),
    p(plus1, [id(E) + 1 || E <- Edges]),
    p(minus1, [id(E) - 1 || E <- Edges]),
    p(negate, [-id(E) || E <- Edges]),
    p(abs, [abs(id(E)) || E <- Edges]),
    p(double, [id(E) * 2 || E <- Edges]),
    p(squares, [id(E) * id(E) || E <- Edges]),
    p(bnot_, [bnot id(E) || E <- Edges]),
    tb:block(add, {400, {Edges, Edges, Edges}}, pairs(fun(A, B) -> A + B end)),
    tb:block(sub, {400, {Edges, Edges, Edges}}, pairs(fun(A, B) -> A - B end)),
    tb:block(mul, {400, {Edges, Edges, Edges}}, pairs(fun(A, B) -> A * B end)),
    tb:block(divs, {400, {Edges, Edges, Edges}}, pairs(fun(A, B) -> catch_(fun() -> A div B end) end)),
    tb:block(rems, {400, {Edges, Edges, Edges}}, pairs(fun(A, B) -> catch_(fun() -> A rem B end) end)),
    tb:block(bands, {400, {Edges, Edges, Edges}}, pairs(fun(A, B) -> {A band B, A bor B, A bxor B} end)),
    tb:block(cmps, {400, {Edges, Edges, Edges}}, pairs(fun(A, B) -> {A < B, A =:= B, A == B, A >= B} end)),
    p(divrem, [{A div B, A rem B} || A <- [7, -7, 0, 1 bsl 64, -(1 bsl 64)], B <- [2, -2, 3, -3, 1 bsl 32, 1, -1]]),
    p(min_by_minus1, [id(-(1 bsl 59)) div id(-1), id(-(1 bsl 60)) div id(-1), id(-(1 bsl 63)) div id(-1), id(-(1 bsl 59)) rem id(-1)]),
    t(div0, fun() -> id(1) div id(0) end),
    t(rem0, fun() -> id(1) rem id(0) end),
    t(bigdiv0, fun() -> id(1 bsl 80) div id(0) end),
    t(div_float, fun() -> id(1.0) div id(2) end),
    t(plus_atom, fun() -> id(a) + 1 end),
    t(band_float, fun() -> id(1.0) band 1 end),
    t(bnot_atom, fun() -> bnot id(x) end),
    p(bsl_, [id(1) bsl N || N <- [0, 1, 31, 32, 58, 59, 60, 61, 62, 63, 64, 65, 100]]),
    p(bsl_neg, [id(-1) bsl N || N <- [0, 1, 58, 59, 60, 61, 62, 63, 64, 65]]),
    p(bsl_negative_count, [id(1 bsl 70) bsl id(N) || N <- [-1, -69, -70, -71, -1000]]),
    p(bsr_, [id(1 bsl 70) bsr N || N <- [0, 1, 10, 11, 63, 64, 69, 70, 71, 1000]]),
    p(bsr_neg, [id(-(1 bsl 70)) bsr N || N <- [0, 1, 10, 11, 63, 64, 69, 70, 71, 1000]]),
    p(bsr_odd, [id(-(1 bsl 70) - 1) bsr N || N <- [0, 1, 64, 70, 71, 1 bsl 70]]),
    p(bsr_small, [id(N) bsr S || N <- [0, 5, -5, -1], S <- [0, 1, 2, 63, 64, 100]]),
    p(zero_shift, [id(0) bsl id(1 bsl 40), id(0) bsr id(1 bsl 70), id(5) bsr id(1 bsl 70), id(-5) bsr id(1 bsl 70)]),
    t(huge_shift, fun() -> id(1) bsl id(1 bsl 70) end),
    p(to_list, [integer_to_list(E) || E <- Edges]),
    p(bases, [integer_to_list(id(-255), B) || B <- lists:seq(2, 36)]),
    p(bases_big, [integer_to_list(id(1 bsl 100), B) || B <- [2, 3, 8, 10, 16, 36]]),
    p(from_list, [list_to_integer(L) || L <- ["0", "-0", "+5", "007", "-12345678901234567890123", "576460752303423488", "-576460752303423489"]]),
    [t({from, L}, fun() -> list_to_integer(id(L)) end) || L <- ["", "-", "+", " 1", "1 ", "1.0", "a", "--1", "1_000"]],
    p(from_base, [list_to_integer(L, B) || {L, B} <- [{"ff", 16}, {"FF", 16}, {"-zz", 36}, {"1010", 2}, {"777777777777777777777777", 8}]]),
    t(from_base_bad, fun() -> list_to_integer("12", id(2)) end),
    p(binary_round, [binary_to_integer(integer_to_binary(E)) =:= E || E <- Edges]),
    p(binary_base, [{integer_to_binary(E, 16), binary_to_integer(integer_to_binary(E, 7), 7) =:= E} || E <- lists:sublist(Edges, 12)]),
    p(is_int, [is_integer(E) || E <- lists:sublist(Edges, 3)]),
    p(trunc, [trunc(id(F)) || F <- [1.9, -1.9, 0.0, 1.0e15, 1.0e20, -1.0e25, 1.0e300]]),
    p(round, [round(id(F)) || F <- [0.5, 1.5, 2.5, -0.5, -1.5, 0.49999999999999994, 4503599627370497.5, 1.0e20]]),
    p(ceil_floor, [{ceil(id(F)), floor(id(F))} || F <- [0.5, -0.5, 2.0, -2.0, 1.0e18 + 0.5, -7.000001, 1.0e25]]),
    p(factorials, [tb:h(fact(N)) || N <- [20, 21, 30, 100, 500, 1000]]),
    p(fact, fact(60)),
    p(powers, [tb:h(pow(B, E)) || {B, E} <- [{3, 400}, {7, 1000}, {-13, 333}, {(1 bsl 64) - 1, 17}]]),
    p(fib, fib(1000)),
    p(gcds, [gcd(fact(30), pow(6, 50)), gcd(pow(2, 100), pow(4, 40)), gcd(123456789012345678901234567890, 987654321098765432109876543210)]),
    p(isqrt, isqrt(pow(10, 80))),
    p(modpow, modpow(3, pow(10, 40), (1 bsl 127) - 1)),
    p(digits, [length(integer_to_list(pow(N, 2000))) || N <- [2, 3, 9, 99]]),
    p(big_roundtrip, begin N = pow(12345, 600), list_to_integer(integer_to_list(N)) =:= N end),
    p(big_base_roundtrip, begin N2 = pow(-12345, 301), [list_to_integer(integer_to_list(N2, B), B) =:= N2 || B <- [2, 10, 16, 36]] end),
    p(small_result, [id((1 bsl 100) + 5) - id(1 bsl 100), id(1 bsl 100) div id(1 bsl 95), id(1 bsl 64) bxor id((1 bsl 64) + 3)]),
    p(accumulate, lists:foldl(fun(X, A) -> A * 31 + X end, 7, lists:seq(1, 100))).

edges() ->
    [0, 1, -1, 2, -2, 255, 65536] ++
    lists:append([[P - 1, P, P + 1, -P, -P - 1] || S <- [27, 31, 32, 58, 59, 60, 62, 63, 64, 127, 128, 200], P <- [1 bsl S]]).

pairs(F) ->
    fun Next({[_ | As], [], All}) -> Next({As, All, All});
        Next({[], _, All}) -> Next({All, All, All});
        Next({[A | _] = As, [B | Bs], All}) -> {F(A, B), {As, Bs, All}}
    end.

catch_(F) -> try F() catch error:R -> R end.

fact(0) -> 1;
fact(N) -> N * fact(N - 1).

pow(_, 0) -> 1;
pow(B, E) when E band 1 =:= 1 -> B * pow(B, E - 1);
pow(B, E) -> H = pow(B, E bsr 1), H * H.

fib(N) -> fib(N, 0, 1).
fib(0, A, _) -> A;
fib(N, A, B) -> fib(N - 1, B, A + B).

gcd(A, 0) -> A;
gcd(A, B) -> gcd(B, A rem B).

isqrt(N) -> isqrt(N, N).
isqrt(N, X) ->
    Y = (X + N div X) div 2,
    if Y >= X -> X; true -> isqrt(N, Y) end.

modpow(_, 0, _) -> 1;
modpow(B, E, M) when E band 1 =:= 1 -> B * modpow(B, E - 1, M) rem M;
modpow(B, E, M) -> modpow(B * B rem M, E bsr 1, M).
