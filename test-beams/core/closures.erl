-module(closures).
-export([main/0, ext/1, ext/2]).
-import(tb, [p/2, t/2, id/1]).

main() ->
    Adders = [fun(X) -> X + N end || N <- lists:seq(1, 5)],
    p(adders, [F(10) || F <- Adders]),
    p(env, (make(1, 2, 3, 4))(5)),
    p(big_env, begin
        [A, B, C, D, E, F0, G, H, I, J] = [id(K) || K <- lists:seq(1, 10)],
        (fun(X) -> [A, B, C, D, E, F0, G, H, I, J, X] end)(11) end),
    p(curried, (((curry(fun(X, Y, Z) -> {X, Y, Z} end))(1))(2))(3)),
    p(named, (fun Fact(0) -> 1; Fact(N) -> N * Fact(N - 1) end)(25)),
    p(named_mutual, begin
        Even = fun Ev(0, _) -> true; Ev(N, Od) -> Od(N - 1, Ev) end,
        Odd = fun Od(0, _) -> false; Od(N, Ev) -> Ev(N - 1, Od) end,
        [Even(N, Odd) || N <- [0, 1, 10, 11]] end),
    p(y, (y(fun(Self) -> fun(0) -> 0; (N) -> N + Self(N - 1) end end))(100)),
    p(compose, (compose([fun(X) -> X + 1 end, fun(X) -> X * 2 end, fun integer_to_list/1]))(20)),
    p(external, [F(1) || F <- [fun ?MODULE:ext/1, fun closures:ext/1, fun erlang:integer_to_list/1]]),
    p(local_fun, lists:map(fun local/1, [1, 2, 3])),
    p(apply2, [apply(F, As) || {F, As} <- [{fun local/1, [7]}, {fun ?MODULE:ext/2, [1, 2]}, {fun() -> none end, []}]]),
    p(apply3, [apply(?MODULE, ext, As) || As <- [[1], [1, 2]]]),
    p(dynamic, [(id(?MODULE)):(id(ext))(X) || X <- [a, b]]),
    t(badfun, fun() -> (id(3))(1) end),
    t(badfun_tuple, fun() -> (id({closures, ext}))(1) end),
    p(badarity, try (id(fun local/1))(1, 2) catch error:{badarity, {F1, As1}} -> {is_function(F1, 1), As1} end),
    p(badarity_ext, try (id(fun ?MODULE:ext/1))(1, 2) catch error:{badarity, {F2, As2}} -> {F2, As2} end),
    t(undef_ext, fun() -> (id(fun lists:nothing/1))(1) end),
    p(info_ext, [erlang:fun_info(fun lists:map/2, I) || I <- [module, name, arity, type, env]]),
    p(info_local, [erlang:fun_info(make(1, 2, 3, 4), I) || I <- [module, arity, type, env, name]]),
    p(info_named, [erlang:fun_info(fun local/1, I) || I <- [module, arity, type, env]]),
    p(equal, [make(1, 2, 3, 4) =:= make(1, 2, 3, 4), make(1, 2, 3, 4) =:= make(1, 2, 3, 5), fun lists:map/2 =:= fun lists:map/2,
              fun local/1 =:= fun local/1, make(1, 2, 3, 4) == make(1, 2, 3, 4.0)]),
    p(order, [make(1, 2, 3, 4) < make(1, 2, 3, 5), fun lists:map/2 < fun lists:map/3, fun local/1 < {}, fun local/1 > make_ref()]),
    p(in_map, maps:get(make(1, 1, 1, 1), #{make(1, 1, 1, 1) => found})),
    p(hash_same, erlang:phash2(make(1, 2, 3, 4)) =:= erlang:phash2(make(1, 2, 3, 4))),
    p(is_function, [is_function(F) || F <- [fun local/1, fun lists:map/2, local, {a, b}]]),
    p(print_ext, io_lib:format("~w ~p", [fun lists:map/2, fun 'odd name':'f g'/0])),
    p(sent, begin Me = self(), F3 = make(9, 8, 7, 6), P = spawn(fun() -> receive {f, Q, R} -> Me ! {got, Q(R)} end end),
        P ! {f, F3, 5}, receive {got, V} -> V end end),
    p(to_binary, (binary_to_term(term_to_binary(make(1, 2, 3, 4))))(5)),
    p(ext_to_binary, binary_to_term(term_to_binary(fun lists:map/2))),
    p(accumulate, (lists:foldl(fun(N, K) -> fun(X) -> K(X * N) end end, fun(X) -> X end, lists:seq(1, 20)))(1)),
    p(deep_closure, (deep(5000))()),
    p(many_args, (fun(A1, A2, A3, A4, A5, A6, A7, A8, A9, A10, A11, A12) -> [A12, A11, A10, A9, A8, A7, A6, A5, A4, A3, A2, A1] end)
        (1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12)),
    p(fun_in_guard, [case F of G9 when is_function(G9, 0) -> zero; G9 when is_function(G9, 1) -> one; _ -> no end || F <- [fun() -> 1 end, fun(X) -> X end, x]]),
    p(shadow, begin X0 = 1, F6 = fun(Z0) -> Z0 + X0 end, F6(5) end),
    p(loop_closures, sum([fun() -> N * N end || N <- lists:seq(1, 1000)])).

make(A, B, C, D) -> fun(E) -> {A, B, C, D, E} end.
curry(F) -> fun(A) -> fun(B) -> fun(C) -> F(A, B, C) end end end.
y(F) -> (fun(X) -> F(fun(A) -> (X(X))(A) end) end)(fun(X) -> F(fun(A) -> (X(X))(A) end) end).
compose(Fs) -> lists:foldl(fun(F, G) -> fun(X) -> F(G(X)) end end, fun(X) -> X end, Fs).
local(X) -> {local, X}.
ext(X) -> {ext, X}.
ext(X, Y) -> {ext, X, Y}.
deep(0) -> fun() -> 0 end;
deep(N) -> F = deep(N - 1), fun() -> 1 + F() end.
sum(Fs) -> lists:sum([F() || F <- Fs]).
