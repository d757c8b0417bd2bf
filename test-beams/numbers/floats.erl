-module(floats).
-export([main/0]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Fs = [0.0, -0.0, 1.0, -1.0, 0.1, 0.2, 0.30000000000000004, 1.5, 100.0, 1.0e21, 1.0e22, 1.0e23, 123456789.123456789, 1.0e-5, 1.0e-7,
          5.0e-324, 2.2250738585072014e-308, 1.7976931348623157e308, 4.35, 0.3, 2.0e15, 9007199254740992.0, 9007199254740993.0,
          1.0e16, 12345678901234567890.0, 3.141592653589793, 2.718281828459045, -1.0e-100, 65536.0, 0.1e-2],
    p(print, Fs),
    p(w, [lists:flatten(io_lib:format("~w", [F])) || F <- Fs]),
    p(to_list, [float_to_list(F) || F <- Fs]),
    p(short, [float_to_list(F, [short]) || F <- Fs]),
    p(decimals, [float_to_list(F, [{decimals, D}]) || F <- [0.0, 1.0, -1.5, 0.125, 2.5, 123.456, 0.05, 999.9999, 1.0e15], D <- [0, 1, 2, 4, 10]]),
    p(compact, [float_to_list(F, [{decimals, 6}, compact]) || F <- [0.0, 1.0, -1.5, 0.125, 123.456, 100.0]]),
    p(scientific, [float_to_list(F, [{scientific, D}]) || F <- [0.0, 1.0, -1.5, 123.456, 1.0e-10, 1.0e100], D <- [0, 1, 5, 20]]),
    p(to_binary, [float_to_binary(F, [short]) || F <- lists:sublist(Fs, 8)]),
    p(to_binary2, [float_to_binary(F, [{decimals, 3}]) || F <- lists:sublist(Fs, 8)]),
    t(decimals_big, fun() -> float_to_list(id(1.0e300), [{decimals, 2}]) end),
    p(formats, [lists:flatten(io_lib:format("~f|~.2f|~e|~.3e|~g|~.3g", [F, F, F, F, F, F])) || F <- [0.0, 1.0, -1.5, 123.456, 0.001, 1.0e9, 1.0e-9]]),
    p(widths, [lists:flatten(io_lib:format("[~10.2f][~-10.2f][~10.2.0f]", [F, F, F])) || F <- [3.14159, -2.5]]),
    p(parse, [list_to_float(S) || S <- ["1.0", "-1.5", "+2.5", "1.0e10", "1.0E-5", "0.1e+2", "123456789012345678901234567890.0", "4.9e-324", "2.2250738585072011e-308"]]),
    [t({parse, S}, fun() -> list_to_float(id(S)) end) || S <- ["1", "1.", ".5", "1e5", "1.0e", "1.0e400", "", "abc", "1.0 "]],
    p(parse_bin, [binary_to_float(S) || S <- [<<"1.0">>, <<"-3.25e2">>]]),
    p(arith, [{X + Y, X - Y, X * Y} || X <- [1.5, -0.1], Y <- [2, 0.3, 1 bsl 70]]),
    p(division, [X / Y || X <- [1, 7.0, 1 bsl 100, -3], Y <- [3, 2.0, 1 bsl 99]]),
    t(div_zero, fun() -> id(1) / id(0) end),
    t(div_zero_f, fun() -> id(1.0) / id(0.0) end),
    t(overflow, fun() -> id(1.0e308) * id(10.0) end),
    t(overflow_add, fun() -> id(1.7e308) + id(1.7e308) end),
    t(big_to_float, fun() -> float(id(1 bsl 1024)) end),
    t(big_plus, fun() -> id(1 bsl 1100) + id(1.0) end),
    t(big_div, fun() -> id(1 bsl 1100) / id(1 bsl 1099) end),
    p(underflow, [id(1.0e-300) * id(1.0e-300), id(5.0e-324) / id(2.0)]),
    p(big_float, [float(id(B)) || B <- [1 bsl 53, (1 bsl 53) + 1, (1 bsl 64) - 1, (1 bsl 100) + 1, -(1 bsl 200), (1 bsl 1023)]]),
    p(neg_zero, [id(0.0) * -1, -id(0.0), id(0.0) =:= id(-0.0), id(0.0) == id(-0.0), <<(id(-0.0))/float>>]),
    p(compare, [{id(1.0) == id(1), id(1.0) =:= id(1), id(0.1) + id(0.2) == id(0.3), id(1.0e16) < id(10000000000000001)}]),
    p(math, [rnd(F) || F <- [math:pi(), math:sin(1), math:cos(1.0), math:tan(0.5), math:asin(0.5), math:acos(0.5), math:atan(2), math:atan2(1, -1),
        math:sinh(1), math:cosh(1), math:tanh(0.5), math:exp(1), math:log(10), math:log2(8), math:log10(1000), math:pow(2, 0.5), math:sqrt(2),
        math:erf(0.5), math:erfc(0.5), math:asinh(1), math:acosh(2), math:atanh(0.5)]]),
    p(math_exact, [math:ceil(1.2), math:floor(-1.2), math:fmod(7, 3), math:fmod(-7.5, 2), math:sqrt(16), math:pow(2, 10), math:log2(1 bsl 100)]),
    [t({math, F, As}, fun() -> apply(math, F, As) end) || {F, As} <- [{log, [0]}, {log, [-1]}, {sqrt, [-1.0]}, {acos, [2]}, {pow, [0, -1]}, {fmod, [1, 0]}, {exp, [1000]}, {sin, [a]}, {log, [1 bsl 2000]}]],
    p(sum, lists:foldl(fun(X, A) -> A + 1 / X end, 0.0, lists:seq(1, 10000))),
    p(newton, newton(2.0, 1.0, 20)),
    p(mandel, lists:sum([mandel(X / 20, Y / 20, 0.0, 0.0, 0) || X <- lists:seq(-40, 20), Y <- lists:seq(-20, 20)])),
    p(float_bif, [float(1), float(1.5), abs(id(-1.5)), abs(id(-0.0))]),
    p(specials, [catch_(fun() -> <<F/float>> = <<N:64>>, F end) || N <- [16#7ff0000000000000, 16#fff0000000000000, 16#7ff8000000000000, 16#7fefffffffffffff, 1]]),
    tb:block(random, {2000, tb:seed(5)}, fun(S0) ->
        {A, S1} = tb:next(S0), {B, S2} = tb:next(S1),
        X = (A - 16#7fffffff) / ((B rem 1000) + 1), Y = B * 1.0e-3 + 0.5,
        {{X + Y, X - Y, X * Y, X / Y, X < Y, trunc(X), round(Y * 7), float_to_list(X, [short]), float_to_binary(Y, [{decimals, 5}])}, S2} end),
    tb:block(print_parse, {3000, tb:seed(6)}, fun(S0) ->
        {A, S1} = tb:next(S0), {B, S2} = tb:next(S1),
        case <<A:32, B:32>> of
            <<F/float>> -> L = float_to_list(F, [short]), {{L, list_to_float(L) =:= F, io_lib:format("~w", [F])}, S2};
            _ -> {none, S2}
        end end).

%% The last digit of the C library's functions may differ between machines.
rnd(F) -> list_to_float(float_to_list(F, [{scientific, 12}])).

newton(_, X, 0) -> X;
newton(N, X, K) -> newton(N, (X + N / X) / 2, K - 1).

mandel(_, _, _, _, 50) -> 50;
mandel(Cx, Cy, X, Y, N) when X * X + Y * Y =< 4.0 -> mandel(Cx, Cy, X * X - Y * Y + Cx, 2 * X * Y + Cy, N + 1);
mandel(_, _, _, _, N) -> N.

catch_(F) -> try F() catch error:{badmatch, _} -> nomatch end.
