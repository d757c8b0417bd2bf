-module(stacktraces).
-export([main/0, called/2]).
-import(tb, [s/2, p/2, id/1]).

main() ->
    s(badmatch, fun() -> nontail(fun() -> {ok, X} = id(error), X end) end),
    s(badarith, fun() -> nontail(fun() -> id(1) / id(0) + 1 end) end),
    s(bif, fun() -> nontail(fun() -> list_to_integer(id("x")) + 1 end) end),
    s(guard_bif, fun() -> nontail(fun() -> length(id(a)) + 1 end) end),
    s(element, fun() -> nontail(fun() -> {element(id(3), {a}), 1} end) end),
    s(hd, fun() -> nontail(fun() -> {hd(id([])), 1} end) end),
    s(function_clause, fun() -> nontail(fun() -> only_a(id(b), 2) end) end),
    s(case_clause, fun() -> nontail(fun() -> case id(z) of a -> 1 end end) end),
    s(badfun, fun() -> nontail(fun() -> (id(notfun))(1) end) end),
    s(badarity, fun() -> nontail(fun() -> try (id(fun only_a/2))(1) catch error:{badarity, {F, A}} -> erlang:error({arity, is_function(F), A}) end end) end),
    s(undef_module, fun() -> nontail(fun() -> no_such:thing(id(1)), ok end) end),
    s(undef_function, fun() -> nontail(fun() -> lists:no_such(id(1), 2), ok end) end),
    s(apply_undef, fun() -> nontail(fun() -> apply(id(lists), id(nope), [1, 2]), ok end) end),
    s(badmap, fun() -> nontail(fun() -> (id(x))#{a => 1} end) end),
    s(badkey, fun() -> nontail(fun() -> (id(#{}))#{a := 1} end) end),
    s(map_get, fun() -> nontail(fun() -> {map_get(id(k), #{})} end) end),
    s(in_lists, fun() -> lists:foreach(fun(X) -> called(X, id(0)), ok end, [1]) end),
    s(foldl, fun() -> lists:foldl(fun(X, A) -> X + A + id(b) end, 0, [1]) end),
    s(thrown, fun() -> nontail(fun() -> throw(ball), ok end) end),
    s(exit, fun() -> nontail(fun() -> exit(gone), ok end) end),
    s(error2, fun() -> nontail(fun() -> error(custom, [a, b]), ok end) end),
    s(error3, fun() -> nontail(fun() -> error(custom, none, [{error_info, #{cause => x}}]), ok end) end),
    s(tail, fun() -> tail1(id(5)) end),
    s(tail_apply, fun() -> nontail(fun() -> applied(id(lists), id([]), [x]) end) end),
    s(tail_apply_list, fun() -> nontail(fun() -> applied(id(lists), id(x), id(y)) end) end),
    s(tail_apply_args, fun() -> nontail(fun() -> named(id([]), id(x)) end) end),
    s(deep, fun() -> deep(id(12)) end),
    s(binary_construct, fun() -> nontail(fun() -> <<(id(a)):8>> end) end),
    s(binary_size, fun() -> nontail(fun() -> <<1:(id(-1))>> end) end),
    s(raise_raw, fun() -> erlang:raise(error, r, [{stacktraces, f, 1, [{line, 7}]}, {x, y, [1], []}]) end),
    s(try_rethrow, fun() -> nontail(fun() -> try called(1, 0), ok after id(x) end end) end),
    Depth = erlang:system_flag(backtrace_depth, 3),
    s(short, fun() -> deep(id(12)) end),
    erlang:system_flag(backtrace_depth, Depth),
    p(current, [{F, A} || {M, F, A, _} <- element(2, erlang:process_info(self(), current_stacktrace)), M =:= ?MODULE]),
    p(line, [L || {M, F, _, [_, {line, L}]} <- element(2, erlang:process_info(self(), current_stacktrace)), M =:= ?MODULE, F =:= main]).

nontail(F) ->
    R = F(),
    {R}.

only_a(a, X) -> X.

called(X, Y) ->
    X div Y.

applied(M, F, Args) -> apply(M, F, Args).
named(M, F) -> M:F(1, 2).

tail1(N) -> tail2(N, x).
tail2(N, _) -> tail3(N, x, y).
tail3(N, _, _) -> N = 0.

deep(0) -> exit(bottom);
deep(N) ->
    X = deep(N - 1),
    [X].
