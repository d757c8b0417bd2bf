%% Higher-order functions and comprehensions.
-module(lists_funs).
-export([run/0]).

run() ->
    L = lists:seq(1, 20000),
    lists:foldl(fun(I, Acc) ->
        M = lists:map(fun(X) -> X + I end, L),
        F = lists:filter(fun(X) -> X rem 3 =:= 0 end, M),
        Acc + lists:sum([X * 2 || X <- F, X rem 2 =:= 0])
    end, 0, lists:seq(1, 8)).
