%% Every way to call, and arguments in every place.
-module(calling).
-export([main/0, e0/0, e1/1, e2/2, e3/3, loop/2]).
-compile({no_auto_import, [size/1]}).
-import(tb, [p/2, t/2, id/1]).

main() ->
    p(local, {l0(), l1(a), l2(a, b), l3(a, b, c)}),
    p(remote, {?MODULE:e0(), ?MODULE:e1(a), ?MODULE:e2(a, b), calling:e3(a, b, c)}),
    M = id(?MODULE), F = id(e2), Args = id([x, y]),
    p(dynamic, {M:F(x, y), M:e1(q), ?MODULE:F(1, 2), apply(M, F, Args), apply(?MODULE, e0, id([])), erlang:apply(M, e3, [1, 2, 3])}),
    p(fun_apply, {apply(fun l2/2, Args), apply(fun ?MODULE:e2/2, Args), (id(fun l1/1))(z)}),
    p(bif, {erlang:length([1]), (id(erlang)):length([1, 2]), apply(erlang, id(abs), [-5]), (id(fun erlang:tuple_size/1))({a, b})}),
    p(tail_bif, tail_bif([3, 1, 2])),
    p(tail_apply, tail_apply(lists, sort, [[3, 1, 2]])),
    p(tail_fun, tail_fun(fun(X) -> X * 2 end, 21)),
    p(swap, swap3(1, 2, 3, 0)),
    p(rotate, rotate(1, 2, 3, 4, 5, 6, 100)),
    p(many, many(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16, 17, 18, 19, 20)),
    p(nested, l2(l1(l0()), l3(l1(1), l2(2, 3), l0()))),
    p(order, begin put(o, []), l3(note(1), note(2), note(3)), lists:reverse(erase(o)) end),
    p(tuple_order, begin put(o, []), {note(1), note(2)}, lists:reverse(erase(o)) end),
    p(op_order, begin put(o, []), note(1) + note(2) * note(3), lists:reverse(erase(o)) end),
    p(shadow, size({a, b})),
    p(mutual, [even(N) || N <- [0, 7, 10]]),
    p(hot_loop, loop(100000, 0)),
    p(body_rec, sum([1, 2, 3, 4])),
    p(accumulate, rev([1, 2, 3], [])),
    p(vararg, [f(), f(1), f(1, 2)]),
    p(big_frame, big_frame(id(1))),
    p(after_call, after_call(id(5))),
    p(cond_call, [cond_call(X) || X <- [1, 2, 3, 4]]),
    p(return_values, [return_value(X) || X <- [atom, int, big, float, nil, list, tuple, map, bin, func, literal]]),
    t(undef_local, fun() -> M:(id(nope))() end),
    t(undef_arity, fun() -> M:e1() end),
    t(bad_module, fun() -> (id(1)):foo() end),
    t(bad_function, fun() -> apply(M, id("x"), []) end),
    t(bad_args, fun() -> apply(M, e1, id([a | b])) end),
    t(too_many, fun() -> apply(M, e1, lists:seq(1, 300)) end),
    p(exported, [erlang:function_exported(?MODULE, X, Y) || {X, Y} <- [{e0, 0}, {l0, 0}, {e0, 1}, {main, 0}]]),
    p(is_builtin, [erlang:is_builtin(A, B, C) || {A, B, C} <- [{erlang, length, 1}, {lists, map, 2}, {lists, reverse, 2}]]),
    p(module_info, lists:keyfind(e2, 1, ?MODULE:module_info(exports))),
    p(error_handler, begin process_flag(error_handler, ?MODULE), process_flag(error_handler, error_handler) end),
    p(make_fun, begin G = fun M:F/2, G(1, 2) end),
    p(spawn_args, begin Me = self(), spawn(?MODULE, e1, [Me]), spawn(erlang, send, [Me, sent]), receive sent -> ok end end).

l0() -> zero.
l1(A) -> {one, A}.
l2(A, B) -> {two, A, B}.
l3(A, B, C) -> {three, A, B, C}.
e0() -> zero.
e1(A) -> {one, A}.
e2(A, B) -> {two, A, B}.
e3(A, B, C) -> {three, A, B, C}.

tail_bif(L) -> lists:reverse(L, [z]).
tail_apply(M, F, A) -> apply(M, F, A).
tail_fun(F, X) -> F(X).

swap3(A, B, C, 7) -> {A, B, C};
swap3(A, B, C, N) -> swap3(C, A, B, N + 1).

rotate(A, B, C, D, E, F, 0) -> [A, B, C, D, E, F];
rotate(A, B, C, D, E, F, N) -> rotate(F, A, B, C, D, E, N - 1).

many(A, B, C, D, E, F, G, H, I, J, K, L, M, N, O, P, Q, R, S, T) ->
    X = id(A + T), Y = id(B + S),
    {X, Y, [C, D, E, F, G, H, I, J], {K, L, M, N}, O * P * Q * R}.

note(X) -> put(o, [X | get(o)]), X.
size(T) -> {mine, tuple_size(T)}.

even(0) -> true; even(N) -> odd(N - 1).
odd(0) -> false; odd(N) -> even(N - 1).

loop(0, A) -> A;
loop(N, A) -> ?MODULE:loop(N - 1, A + 1).

sum([]) -> 0; sum([H | T]) -> H + sum(T).
rev([], A) -> A; rev([H | T], A) -> rev(T, [H | A]).

f() -> f(0). f(X) -> f(X, x). f(X, Y) -> {X, Y}.

big_frame(A) ->
    B = id({A}), C = id([B]), D = id({B, C}), E = id([D | C]), F = id({E, D}), G = id([F]), H = id({G, A}), I = id([H | G]),
    J = id({I, H, G, F, E, D, C, B, A}),
    K = length(id(I)), L = tuple_size(id(J)),
    {K, L, erlang:phash2({A, B, C, D, E, F, G, H, I, J})}.

after_call(X) ->
    Y = id(X + 1),
    case Y > 5 of true -> Z = id(Y * 2); false -> Z = id(0) end,
    W = id(Z + X),
    {X, Y, Z, W}.

cond_call(X) ->
    R = if X =:= 1 -> l0(); X =:= 2 -> l1(X); X =:= 3 -> id(ok), l2(X, X); true -> none end,
    {X, R}.

return_value(atom) -> a; return_value(int) -> 42; return_value(big) -> 123456789012345678901234567890; return_value(float) -> 2.5;
return_value(nil) -> []; return_value(list) -> [1, 2]; return_value(tuple) -> {a}; return_value(map) -> #{a => 1};
return_value(bin) -> <<"b">>; return_value(func) -> is_function(fun() -> ok end); return_value(literal) -> {"deep", [#{l => <<"x">>}]}.
